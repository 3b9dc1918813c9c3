//! People: certificates, pins and trust (DESIGN section 5, "Key exchange without people").
//!
//! A person is an address with an *anchor*: the personal root, or an organisation's or public CA. What comes in by
//! mail can add a first-seen person and refresh certificates under the same anchor; it never replaces an anchor.

use std::collections::BTreeMap;

use crate::meeting::{ca_anchor, personal_anchor};
use serde::{Deserialize, Serialize};
use smime::capabilities::{self, Capability, content_encryption, rsa_transport};
use smime::enveloped::{ContentEncryption, Recipient, RsaTransport};
use smime::path::{AnchorScope, Purpose, Trust, TrustAnchor, validate};
use smime::signed::{SignedData, SignerInfo};
use smime::verdict::ValidSigner;
use smime::{Certificate, EmailAddress, Fingerprint, KeyAlgorithm, UnixTime};

/// Most encryption certificates that are kept of one person.
pub const MAX_ENCRYPTION_CERTIFICATES: usize = 4;

/// What identifies a person across renewals: the SHA-256 of the personal root, or of the organisation's or public CA
/// together with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Anchor(pub Fingerprint);

/// What we know of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub address: EmailAddress,
    /// Display name, as the person gave it.
    pub name: Option<String>,
    /// SHA-256 of the pinned anchor certificate.
    pub anchor: Option<Anchor>,
    /// DER of the pinned anchor certificate (personal root or CA), once received.
    pub anchor_certificate: Option<Vec<u8>>,
    /// How the anchor was learnt.
    pub trust: Trust,
    /// DER of the encryption certificates in use, newest first.
    pub encryption_certificates: Vec<Vec<u8>>,
    /// Public key from a QR code (DER SubjectPublicKeyInfo), until a certificate arrives.
    pub encryption_key: Option<Vec<u8>>,
    /// What the newest validly signed capabilities say.
    pub capabilities: Capabilities,
    /// Signing time of the newest message whose certificates were taken over.
    #[serde(default)]
    pub certificates_as_of: Option<UnixTime>,
    /// When the person was met, or first seen.
    pub since: UnixTime,
    /// A different anchor was seen; DER of its certificate. The old one stays in use until the user decides.
    pub changed_anchor: Option<Vec<u8>>,
}

/// What a person's program can read, from the newest validly signed set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The set; `None` when none was seen.
    #[serde(default)]
    pub set: Option<capabilities::Capabilities>,
    /// Signing time of the set.
    pub as_of: Option<UnixTime>,
    /// Writes RFC 9788 header protection, so reads it too.
    pub header_protection: bool,
}

impl Capabilities {
    /// With what every program reads that speaks our protocols; what more it reads stands in its signed mail.
    #[must_use]
    pub fn of_countersign(self) -> Self {
        let set = self.set.unwrap_or_default();
        let set = set.with(Capability::Aes256Gcm).with(Capability::Aes256Cbc).with(Capability::RsaOaepSha256);
        Capabilities { set: Some(set), header_protection: true, ..self }
    }
}

/// The anchor that a certificate is for a person: a personal root or a pinned certificate by itself, a CA together with
/// the address.
pub fn anchor_of(certificate: &Certificate, address: &EmailAddress) -> Anchor {
    if certificate.is_ca() && certificate.emails() != std::slice::from_ref(address) {
        ca_anchor(certificate, address)
    } else {
        personal_anchor(certificate)
    }
}

/// All people of an account, by folded address.
pub type People = BTreeMap<String, Contact>;

impl Contact {
    /// A person of whom only the address and the anchor are known.
    pub fn new(address: EmailAddress, anchor: Anchor, trust: Trust, since: UnixTime) -> Self {
        Contact {
            address,
            name: None,
            anchor: Some(anchor),
            anchor_certificate: None,
            trust,
            encryption_certificates: Vec::new(),
            encryption_key: None,
            capabilities: Capabilities::default(),
            certificates_as_of: None,
            since,
            changed_anchor: None,
        }
    }

    /// The pinned anchor, as it is used in path validation: it speaks for this address only.
    pub fn trust_anchor(&self) -> Option<TrustAnchor> {
        let certificate = Certificate::from_der(self.anchor_certificate.as_deref()?).ok()?;
        if self.anchor != Some(anchor_of(&certificate, &self.address)) || self.trust == Trust::None {
            return None;
        }
        Some(TrustAnchor {
            certificate,
            trust: self.trust,
            scope: AnchorScope::Address(self.address.clone()),
        })
    }

    /// How to encrypt to this person at `at`: the newest usable certificate, else the key of the QR code.
    pub fn recipient(&self, at: UnixTime) -> Option<Recipient> {
        let certificate = self
            .encryption_certificates
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .find(|certificate| certificate.not_before() <= at && at <= certificate.not_after());
        match (certificate, &self.encryption_key) {
            (Some(certificate), _) => Some(Recipient::Certificate { certificate, rsa: self.rsa_transport() }),
            (None, Some(public_key)) => Some(Recipient::Key { public_key: public_key.clone() }),
            (None, None) => None,
        }
    }

    /// OAEP only for those who say that they read it.
    pub fn rsa_transport(&self) -> RsaTransport {
        rsa_transport(self.capabilities.set)
    }
}

/// The anchors of an account: those of people first (they carry the stronger, narrower trust), then CAs.
pub fn anchors(people: &People, authorities: &[TrustAnchor]) -> Vec<TrustAnchor> {
    let mut anchors: Vec<_> = people.values().filter_map(Contact::trust_anchor).collect();
    anchors.sort_by_key(|anchor| anchor.trust);
    anchors.extend(authorities.iter().cloned());
    anchors
}

/// How a content for these people is encrypted: one cipher per message, that everybody reads. Oneself is left out.
pub fn encryption_for<'a>(recipients: impl IntoIterator<Item = &'a Capabilities>) -> ContentEncryption {
    content_encryption(recipients.into_iter().map(|one| one.set))
}

/// What a signed mail taught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Nothing new.
    Nothing,
    /// A person seen for the first time; the anchor was pinned.
    FirstSeen,
    /// New certificates or capabilities under the same anchor.
    Refreshed,
    /// Another anchor than the pinned one: nothing was replaced, the user must decide.
    ChangedAnchor,
}

/// Learns from a mail with a valid signature: first-seen people are pinned, certificates under the same anchor refreshed.
///
/// `from` must be the believed From, `signed` what `signer` was judged in. The encryption certificate counts only if it carries the same address and its
/// path ends in the same anchor as the signer's.
pub fn learn(
    people: &mut People,
    from: &EmailAddress,
    name: Option<&str>,
    signer: &ValidSigner,
    signed: &SignedData,
    header_protection: bool,
    now: UnixTime,
) -> Learned {
    let anchor = anchor_of(signer.anchor(), from);
    let (contact, mut learned) = match people.get_mut(from.folded()) {
        None => {
            let contact = Contact::new(from.clone(), anchor, signer.trust(), now);
            (people.entry(from.folded().to_owned()).or_insert(contact), Learned::FirstSeen)
        }
        Some(contact) if contact.anchor.is_none_or(|pinned| pinned == anchor) => (contact, Learned::Nothing),
        Some(contact) if contact.trust == Trust::None => (contact, Learned::FirstSeen),
        // The organisation's CA, which the user configured, outranks what was merely first seen. A public CA does not:
        // whoever reads a mailbox gets a public certificate for it in minutes.
        Some(contact) if signer.trust() == Trust::Organisation && contact.trust > Trust::Organisation => {
            (contact, Learned::Refreshed)
        }
        Some(contact) => {
            let other = signer.anchor().der();
            if contact.changed_anchor.as_deref() == Some(other) {
                return Learned::Nothing;
            }
            contact.changed_anchor = Some(other.to_vec());
            return Learned::ChangedAnchor;
        }
    };
    if contact.anchor != Some(anchor) {
        contact.encryption_certificates.clear();
        contact.encryption_key = None;
    }
    contact.anchor = Some(anchor);
    contact.trust = contact.trust.min(signer.trust());
    if contact.anchor_certificate.is_none() || learned != Learned::Nothing {
        contact.anchor_certificate = Some(signer.anchor().der().to_vec());
    }
    if contact.name.is_none() {
        contact.name = name.map(str::to_owned);
    }
    if refresh(contact, signer, signed, header_protection, now) && learned == Learned::Nothing {
        learned = Learned::Refreshed;
    }
    learned
}

/// Takes over certificates and capabilities of a signer under the contact's anchor, unless they are older than those
/// that are known: a message that is sent again, by whomever, brings nothing old back.
fn refresh(
    contact: &mut Contact,
    signer: &ValidSigner,
    signed: &SignedData,
    header_protection: bool,
    now: UnixTime,
) -> bool {
    // His own SignerInfo: whoever likes puts others beside it, which are not counted.
    let Some(info) = signed.signers().get(signer.signer_index()) else { return false };
    // A time in the future would keep every later set away.
    let claimed = info.signing_time().map(|time| time.min(now));
    let mut is_refreshed = false;
    // Contacts were stored without a time of their certificates once: then that of the set, which came with them.
    let certificates_as_of = contact.certificates_as_of.or(contact.capabilities.as_of);
    let known = &mut contact.capabilities;
    // Without a time nothing can be told to be newer: it is only better than nothing.
    if let Some(set) = info.capabilities().filter(|_| claimed > known.as_of || known.set.is_none()) {
        known.set = Some(set);
        known.as_of = claimed.max(known.as_of);
        is_refreshed = true;
    }
    if header_protection && !known.header_protection {
        known.header_protection = true;
        is_refreshed = true;
    }
    if claimed <= certificates_as_of && !contact.encryption_certificates.is_empty() {
        return is_refreshed;
    }
    let certificate = encryption_certificate(&contact.address, signer, info, signed.certificates())
        .filter(|certificate| may_replace(contact, signer, certificate));
    if let Some(certificate) = certificate {
        contact.certificates_as_of = claimed.max(certificates_as_of);
        contact.encryption_certificates.retain(|der| der.as_slice() != certificate.der());
        contact.encryption_certificates.insert(0, certificate.der().to_vec());
        contact.encryption_certificates.truncate(MAX_ENCRYPTION_CERTIFICATES);
        is_refreshed = true;
    }
    is_refreshed
}

/// A new key certified by a public CA waits for the user; the same key, the personal root and the organisation's CA do not.
fn may_replace(contact: &Contact, signer: &ValidSigner, new: &Certificate) -> bool {
    let same_key = |der: &Vec<u8>| {
        Certificate::from_der(der).is_ok_and(|old| old.public_key_der() == new.public_key_der())
    };
    signer.trust() != Trust::PublicCa
        || contact.encryption_certificates.is_empty()
        || contact.encryption_certificates.iter().any(same_key)
}

/// The certificate to encrypt to: the preferred one, else the newest that fits; same address, same anchor.
fn encryption_certificate(
    address: &EmailAddress,
    signer: &ValidSigner,
    info: &SignerInfo,
    carried: &[Certificate],
) -> Option<Certificate> {
    let trusted = TrustAnchor {
        certificate: signer.anchor().clone(),
        trust: signer.trust(),
        scope: AnchorScope::Address(address.clone()),
    };
    let is_usable = |certificate: &Certificate| {
        let is_same_address = certificate.emails() == std::slice::from_ref(address);
        let path = |anchors: &[TrustAnchor]| {
            validate(certificate, carried, anchors, signer.judged_at(), Purpose::EmailEncryption).is_ok()
        };
        is_same_address && path(std::slice::from_ref(&trusted))
    };
    let preferred = info.encryption_certificate(carried).filter(|certificate| is_usable(certificate));
    preferred.or_else(|| carried.iter().filter(|c| is_usable(c)).max_by_key(|c| c.not_before())).cloned()
}

/// Candidates for pinning a first-seen person: a carried personal root for exactly this address, else the signer's own
/// certificate. A CA that could speak for others is never learnt from mail.
pub fn first_seen_anchors(
    from: &EmailAddress,
    signer: &Certificate,
    carried: &[Certificate],
) -> Vec<TrustAnchor> {
    let pinned = |certificate: &Certificate| TrustAnchor {
        certificate: certificate.clone(),
        trust: Trust::Pinned,
        scope: AnchorScope::Address(from.clone()),
    };
    let is_own = |certificate: &&Certificate| {
        certificate.is_ca()
            && certificate.is_signed_by(certificate)
            && certificate.emails() == std::slice::from_ref(from)
            && certificate.key_algorithm() == Some(KeyAlgorithm::P256)
    };
    let mut anchors: Vec<_> = carried.iter().filter(is_own).map(pinned).collect();
    if anchors.is_empty() && signer.emails() == std::slice::from_ref(from) {
        anchors.push(pinned(signer));
    }
    anchors
}
