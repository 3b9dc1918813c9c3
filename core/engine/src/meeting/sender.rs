//! Anchors of people, and the proof that a mail came from one.

use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::revocation::Sources;
use smime::verdict::{Policy, SignatureState, judge};
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime};

use crate::people::Anchor;

use super::SignedMail;

/// The anchor of a person with a personal root: SHA-256 of its DER.
pub fn personal_anchor(root: &Certificate) -> Anchor {
    Anchor(root.fingerprint())
}

/// The anchor of a person whose keys a CA certifies: SHA-256 of the CA certificate's DER followed by the address in
/// lower case (ASCII letters). DER tells its own length, so the two can't be confused.
pub fn ca_anchor(ca: &Certificate, address: &EmailAddress) -> Anchor {
    Anchor(Fingerprint::of(&[ca.der(), address.folded().as_bytes()].concat()))
}

/// Proof that a mail is validly signed under an anchor, with From equal to an address; only [`prove`] makes one.
#[derive(Clone, Debug)]
pub(super) struct ProvenSender {
    anchor_certificate: Vec<u8>,
}

impl ProvenSender {
    /// DER of the certificate that the anchor names.
    pub(super) fn into_anchor_certificate(self) -> Vec<u8> {
        self.anchor_certificate
    }

    /// For tests of the state machine that leave out real signatures.
    #[cfg(test)]
    pub(super) fn assumed(anchor_certificate: Vec<u8>) -> Self {
        ProvenSender { anchor_certificate }
    }
}

/// Judges `mail` with the certificate that `anchor` names, among those carried, as the only anchor, and only for
/// `address`. A message by somebody else's anchor proves nothing, whoever may trust it otherwise.
pub(super) fn prove(
    mail: &SignedMail<'_>,
    anchor: Anchor,
    address: &EmailAddress,
    now: UnixTime,
) -> Option<ProvenSender> {
    if mail.from != address {
        return None;
    }
    let named = |certificate: &&Certificate| {
        personal_anchor(certificate) == anchor || ca_anchor(certificate, address) == anchor
    };
    let certificate =
        mail.signed.certificates().iter().find(named).filter(|certificate| certificate.is_ca())?;
    let anchors = [TrustAnchor {
        certificate: certificate.clone(),
        trust: Trust::Pinned,
        scope: AnchorScope::Address(address.clone()),
    }];
    let policy = Policy {
        at: now,
        anchors: &anchors,
        timestamp_anchors: &[],
        untrusted: mail.signed.certificates(),
        sources: Sources::default(),
    };
    let judgement = judge(mail.signed, mail.content, Some(std::slice::from_ref(mail.from)), &policy);
    let proven = judgement.signature.state == SignatureState::Valid
        && !judgement.valid_signers.is_empty()
        && judgement.valid_signers.iter().all(|signer| signer.anchor() == certificate);
    proven.then(|| ProvenSender { anchor_certificate: certificate.der().to_vec() })
}
