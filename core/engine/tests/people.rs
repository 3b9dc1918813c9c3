//! What signed mail teaches about a person: the newest set of capabilities, the right encryption certificate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use engine::people::{Contact, Learned, People, encryption_for, learn};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use smime::ber::write;
use smime::capabilities::{Capabilities, Capability};
use smime::enveloped::{ContentCipher, Recipient, RsaTransport};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::key::DigestAlgorithm;
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::signed::SignedData;
use smime::verdict::{Policy, judge};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime, oid};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nHello\r\n";

struct Rng;

impl TryRng for Rng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_le_bytes(octets))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_le_bytes(octets))
    }
    #[allow(clippy::disallowed_methods, reason = "tests may use the system's randomness")]
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        getrandom::fill(dst).unwrap();
        Ok(())
    }
}
impl TryCryptoRng for Rng {}

/// Bob, who writes signed mail with whatever attributes.
struct Bob {
    address: EmailAddress,
    root: Certificate,
    root_key: PrivateKey,
    key: PrivateKey,
    certificate: Certificate,
}

/// What stands in one mail.
#[derive(Default)]
struct Said<'a> {
    time: Option<UnixTime>,
    capabilities: Option<Capabilities>,
    /// SMIMEEncryptionKeyPreference.
    preferred: Option<&'a Certificate>,
    carried: &'a [Certificate],
    /// Somebody put a SignerInfo in front: Bob's, with an unknown algorithm and no signature.
    is_shadowed: bool,
}

impl Bob {
    fn new() -> Self {
        let address: EmailAddress = "bob@example.org".parse().unwrap();
        let root_key = PrivateKey::generate(KeyAlgorithm::P256, &mut Rng).unwrap();
        let key = PrivateKey::generate(KeyAlgorithm::P256, &mut Rng).unwrap();
        let root = personal_root(&root_key, &subject(&address, 86_400), &mut Rng).unwrap();
        let certificate = leaf(
            &root,
            &root_key,
            &key.public_key_der(),
            LeafPurpose::Mail,
            &subject(&address, 86_400),
            &mut Rng,
        );
        Bob { certificate: certificate.unwrap(), address, root, root_key, key }
    }

    /// A certificate of a new key; `days` since it began.
    fn issue(&self, algorithm: KeyAlgorithm, purpose: LeafPurpose, days: u64) -> Certificate {
        let key = PrivateKey::generate(algorithm, &mut Rng).unwrap();
        let subject = subject(&self.address, 86_400 * days);
        leaf(&self.root, &self.root_key, &key.public_key_der(), purpose, &subject, &mut Rng).unwrap()
    }

    fn sign(&self, said: &Said<'_>) -> SignedData {
        let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
        let attribute =
            |kind, value: Vec<u8>| write::sequence(&[&write::oid(kind), &write::set_of(vec![value])]);
        let digest = DigestAlgorithm::Sha256.digest(CONTENT);
        let mut attributes = vec![
            attribute(&oid::CONTENT_TYPE, write::oid(&oid::DATA)),
            attribute(&oid::MESSAGE_DIGEST, write::octet_string(&digest)),
        ];
        let names = |certificate: &Certificate| {
            [certificate.issuer_der().to_vec(), write::integer(certificate.serial())].concat()
        };
        if let Some(time) = said.time {
            attributes.push(attribute(&oid::SIGNING_TIME, write::time(time)));
        }
        if let Some(set) = said.capabilities {
            attributes.push(attribute(&oid::SMIME_CAPABILITIES, set.to_der()));
        }
        if let Some(preferred) = said.preferred {
            let value = write::tlv(0xA0, &names(preferred));
            attributes.push(attribute(&oid::ENCRYPTION_KEY_PREFERENCE, value));
        }
        let to_sign = write::set_of(attributes);
        let signature = self.key.sign(algorithm, &to_sign, &mut Rng).unwrap();
        let mut signed_attributes = to_sign;
        signed_attributes[0] = 0xA0;
        let digest_algorithm = DigestAlgorithm::Sha256.algorithm_identifier_der();
        let info = write::sequence(&[
            &write::small(1),
            &write::tlv(0x30, &names(&self.certificate)),
            &digest_algorithm,
            &signed_attributes,
            &algorithm.algorithm_identifier_der(),
            &write::octet_string(&signature),
        ]);
        let fake = write::sequence(&[
            &write::small(1),
            &write::tlv(0x30, &names(&self.certificate)),
            &digest_algorithm,
            &signed_attributes,
            &write::sequence(&[&[0x06, 0x06, 0x2b, 0x06, 0x01, 0x02, 0x03, 0x04]]),
            &write::octet_string(b"no signature"),
        ]);
        let infos = if said.is_shadowed { [fake, info].concat() } else { info };
        let mut certificates = [self.root.der(), self.certificate.der()].concat();
        said.carried.iter().for_each(|certificate| certificates.extend_from_slice(certificate.der()));
        let structure = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![digest_algorithm]),
            &write::sequence(&[
                &write::oid(&oid::DATA),
                &write::context(0, &[&write::octet_string(CONTENT)]),
            ]),
            &write::tlv(0xA0, &certificates),
            &write::tlv(0x31, &infos),
        ]);
        let message = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&structure])]);
        SignedData::parse(&message).unwrap()
    }

    /// Learns from one mail; what is known of Bob afterwards.
    fn learn(&self, people: &mut People, said: &Said<'_>) -> (Learned, Contact) {
        let signed = self.sign(said);
        let scope = AnchorScope::Address(self.address.clone());
        let anchors = [TrustAnchor { certificate: self.root.clone(), trust: Trust::Pinned, scope }];
        let policy = Policy {
            at: NOW,
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &[],
            sources: Default::default(),
        };
        let judgement = judge(&signed, CONTENT, Some(std::slice::from_ref(&self.address)), &policy);
        let [signer] = &judgement.valid_signers[..] else { panic!("{:?}", judgement.signature.reasons) };
        let learned = learn(people, &self.address, None, signer, &signed, false, NOW);
        (learned, people[self.address.folded()].clone())
    }
}

fn subject(address: &EmailAddress, seconds_ago: u64) -> Subject {
    Subject {
        address: address.clone(),
        name: "Bob".to_owned(),
        not_before: NOW.minus(seconds_ago),
        not_after: NOW.plus(86_400),
    }
}

fn at(seconds_ago: u64) -> Option<UnixTime> {
    Some(NOW.minus(seconds_ago))
}

fn set(capabilities: &[Capability]) -> Option<Capabilities> {
    Some(capabilities.iter().copied().collect())
}

#[test]
fn the_newest_signed_set_of_capabilities_wins_in_every_order() {
    let bob = Bob::new();
    let old = set(&[Capability::TdesCbc]);
    let new = set(&[Capability::Aes256Gcm, Capability::RsaOaepSha256, Capability::ContentKeyHkdf]);
    let said = |time, capabilities| Said { time, capabilities, ..Said::default() };
    let mut people = People::new();
    let (learned, contact) = bob.learn(&mut people, &said(at(500), old));
    assert_eq!((learned, contact.capabilities.set), (Learned::FirstSeen, old));
    assert_eq!(encryption_for([&contact.capabilities]).cipher, ContentCipher::Aes128Cbc);
    let (learned, contact) = bob.learn(&mut people, &said(at(100), new));
    assert_eq!((learned, contact.capabilities.set), (Learned::Refreshed, new));
    let encryption = encryption_for([&contact.capabilities]);
    assert_eq!((encryption.cipher, encryption.key_is_bound), (ContentCipher::Aes256Gcm, true));
    assert_eq!(contact.rsa_transport(), RsaTransport::OaepSha256);
    // Sent again, by Bob's server or by somebody else: the old mail, one of the same second, one without a time.
    for time in [at(500), at(101), at(100), None] {
        let (learned, contact) = bob.learn(&mut people, &said(time, old));
        assert_eq!((learned, contact.capabilities.set), (Learned::Nothing, new), "{time:?}");
        assert_eq!(contact.capabilities.as_of, at(100));
    }
    // A mail without a set says nothing about it.
    let (_, contact) = bob.learn(&mut people, &said(at(50), None));
    assert_eq!((contact.capabilities.set, contact.capabilities.as_of), (new, at(100)));
    // From the future: it counts, as of now, and keeps nothing away afterwards.
    let later = set(&[Capability::Aes256Cbc]);
    let (_, contact) = bob.learn(&mut people, &said(Some(NOW.plus(1_000_000)), later));
    assert_eq!((contact.capabilities.set, contact.capabilities.as_of), (later, Some(NOW)));
}

#[test]
fn a_set_without_a_time_is_better_than_nothing_and_worse_than_any() {
    let bob = Bob::new();
    let mut people = People::new();
    let said = |time, capabilities| Said { time, capabilities, ..Said::default() };
    let first = set(&[Capability::Aes256Gcm]);
    let (_, contact) = bob.learn(&mut people, &said(None, first));
    assert_eq!((contact.capabilities.set, contact.capabilities.as_of), (first, None));
    let (_, contact) = bob.learn(&mut people, &said(None, set(&[Capability::TdesCbc])));
    assert_eq!(contact.capabilities.set, first);
    let second = set(&[Capability::Aes256Cbc]);
    let (_, contact) = bob.learn(&mut people, &said(at(100_000), second));
    assert_eq!(contact.capabilities.set, second);
}

#[test]
fn nothing_known_means_aes_256_cbc_and_pkcs_1() {
    let bob = Bob::new();
    let mut people = People::new();
    let (_, contact) = bob.learn(&mut people, &Said { time: at(5), ..Said::default() });
    assert_eq!(contact.capabilities.set, None);
    let encryption = encryption_for([&contact.capabilities]);
    assert_eq!((encryption.cipher, encryption.key_is_bound), (ContentCipher::Aes256Cbc, false));
    assert_eq!(contact.rsa_transport(), RsaTransport::Pkcs1);
    let ours = contact.capabilities.of_countersign();
    assert_eq!(encryption_for([&ours]).cipher, ContentCipher::Aes256Gcm);
    assert_eq!(encryption_for([&ours, &contact.capabilities]).cipher, ContentCipher::Aes256Cbc);
}

#[test]
fn the_preferred_certificate_is_used_and_one_for_signing_never_is() {
    let bob = Bob::new();
    let rsa = bob.issue(KeyAlgorithm::Rsa(2048), LeafPurpose::Encryption, 3);
    let curve = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 2);
    let x25519 = bob.issue(KeyAlgorithm::X25519, LeafPurpose::Encryption, 1);
    let carried = [rsa.clone(), curve.clone(), x25519.clone()];
    let recipient = |contact: &Contact| match contact.recipient(NOW) {
        Some(Recipient::Certificate { certificate, .. }) => Some(certificate),
        _ => None,
    };
    for preferred in &carried {
        let said = Said { time: at(9), preferred: Some(preferred), carried: &carried, ..Said::default() };
        let (_, contact) = bob.learn(&mut People::new(), &said);
        assert_eq!(recipient(&contact).as_ref(), Some(preferred));
    }
    // Named, but for signing: the newest that may be encrypted to is used.
    for preferred in [&bob.certificate, &bob.root] {
        let said = Said { time: at(9), preferred: Some(preferred), carried: &carried, ..Said::default() };
        let (_, contact) = bob.learn(&mut People::new(), &said);
        assert_eq!(recipient(&contact).as_ref(), Some(&x25519));
    }
    // Nothing but certificates for signing.
    let said = Said { time: at(9), preferred: Some(&bob.certificate), ..Said::default() };
    let (_, contact) = bob.learn(&mut People::new(), &said);
    assert_eq!(recipient(&contact), None);
}

#[test]
fn an_old_mail_brings_no_old_certificate_back() {
    let bob = Bob::new();
    let old = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 3);
    let new = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 1);
    let said = |time, certificate| Said {
        time,
        preferred: Some(certificate),
        carried: std::slice::from_ref(certificate),
        ..Said::default()
    };
    let mut people = People::new();
    bob.learn(&mut people, &said(at(500), &old));
    let (_, contact) = bob.learn(&mut people, &said(at(100), &new));
    assert_eq!(contact.encryption_certificates, [new.der(), old.der()]);
    for time in [at(500), at(100), None] {
        let (learned, contact) = bob.learn(&mut people, &said(time, &old));
        assert_eq!(learned, Learned::Nothing);
        assert_eq!(contact.encryption_certificates[0], new.der());
    }
}

#[test]
fn a_strange_signer_info_in_front_keeps_nothing_new_away() {
    let bob = Bob::new();
    let old = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 3);
    let new = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 1);
    let said = |time, certificate, capability, is_shadowed| Said {
        time,
        capabilities: set(&[capability]),
        preferred: Some(certificate),
        carried: std::slice::from_ref(certificate),
        is_shadowed,
    };
    let mut people = People::new();
    bob.learn(&mut people, &said(at(500), &old, Capability::TdesCbc, false));
    let (learned, contact) = bob.learn(&mut people, &said(at(100), &new, Capability::Aes256Gcm, true));
    assert_eq!(learned, Learned::Refreshed);
    assert_eq!(contact.encryption_certificates, [new.der(), old.der()]);
    assert_eq!(contact.capabilities.set, set(&[Capability::Aes256Gcm]));
}

/// Contacts were stored without the time of their certificates once.
#[test]
fn an_old_mail_brings_nothing_back_to_a_contact_of_an_older_version() {
    let bob = Bob::new();
    let old = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 3);
    let new = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 1);
    let said = |time, certificate| Said {
        time,
        capabilities: set(&[Capability::Aes256Gcm]),
        preferred: Some(certificate),
        carried: std::slice::from_ref(certificate),
        ..Said::default()
    };
    let mut people = People::new();
    bob.learn(&mut people, &said(at(500), &old));
    bob.learn(&mut people, &said(at(100), &new));
    let stored = |people: &mut People| {
        people.get_mut(bob.address.folded()).unwrap().certificates_as_of = None;
    };
    for time in [at(500), at(100), None] {
        stored(&mut people);
        let (learned, contact) = bob.learn(&mut people, &said(time, &old));
        assert_eq!((learned, contact.encryption_certificates[0].as_slice()), (Learned::Nothing, new.der()));
    }
    // What is newer still counts, though its set of capabilities is as new.
    let newest = bob.issue(KeyAlgorithm::P256, LeafPurpose::Encryption, 0);
    stored(&mut people);
    let (learned, contact) = bob.learn(&mut people, &said(at(50), &newest));
    assert_eq!((learned, contact.encryption_certificates[0].as_slice()), (Learned::Refreshed, newest.der()));
    assert_eq!(contact.certificates_as_of, at(50));
}
