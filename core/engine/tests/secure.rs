//! Opening and sealing: layers at the root, EFAIL-type and covert-content attacks, From under a signature.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use engine::secure::{
    Credit, EVENT_PADDING, EncryptionState, MAX_LAYERS, Opened, Opening, Summary, Warning, open, seal,
};
use mail::Mailbox;
use mail::compose::{Attachment, Draft};
use mail::protect::{Protected, Protection, protect, wrap_pkcs7, wrap_signed};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use smime::enveloped::{ContentCipher, DecryptionKey, Recipient, RsaTransport, encrypt};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::signed::{SignRequest, prepare};
use smime::verdict::{Reason, SignatureState};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

struct Rng;

impl TryRng for Rng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random()))
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        fill(dst);
        Ok(())
    }
}
impl TryCryptoRng for Rng {}

#[allow(clippy::disallowed_methods, reason = "tests may use the system's randomness")]
fn fill(dst: &mut [u8]) {
    getrandom::fill(dst).unwrap();
}

fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    fill(&mut octets);
    octets
}

struct Person {
    address: EmailAddress,
    root: Certificate,
    key: PrivateKey,
    certificate: Certificate,
    encryption: Certificate,
    encryption_key: PrivateKey,
}

impl Person {
    fn new(address: &str) -> Self {
        let address: EmailAddress = address.parse().unwrap();
        let subject = Subject {
            address: address.clone(),
            name: address.local_part().to_owned(),
            not_before: NOW.minus(3600),
            not_after: NOW.plus(86_400 * 365),
        };
        let new_key = || PrivateKey::generate(KeyAlgorithm::P256, &mut Rng).unwrap();
        let (root_key, key, encryption_key) = (new_key(), new_key(), new_key());
        let root = personal_root(&root_key, &subject, &mut Rng).unwrap();
        let issue = |key: &PrivateKey, purpose| {
            leaf(&root, &root_key, &key.public_key_der(), purpose, &subject, &mut Rng).unwrap()
        };
        let certificate = issue(&key, LeafPurpose::Mail);
        let encryption = issue(&encryption_key, LeafPurpose::Encryption);
        Person { address, root, key, certificate, encryption, encryption_key }
    }

    fn anchor(&self) -> TrustAnchor {
        TrustAnchor {
            certificate: self.root.clone(),
            trust: Trust::Met,
            scope: AnchorScope::Address(self.address.clone()),
        }
    }

    fn sign(&self, content: &[u8], detached: bool) -> Vec<u8> {
        let carried = [self.root.clone(), self.encryption.clone()];
        let prepared = prepare(&SignRequest {
            content,
            detached,
            signer: &self.certificate,
            certificates: &carried,
            algorithm: SignatureAlgorithm::EcdsaP256Sha256,
            signing_time: NOW,
            encryption_certificate: Some(&self.encryption),
            proof_of_approval: false,
        })
        .unwrap();
        let signature = self.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut Rng).unwrap();
        prepared.finish(&signature).unwrap()
    }

    fn recipient(&self) -> Recipient {
        Recipient::Certificate { certificate: self.encryption.clone(), rsa: RsaTransport::Pkcs1 }
    }

    fn decryption_key(&self) -> DecryptionKey {
        DecryptionKey {
            key: PrivateKey::from_der(&self.encryption_key.to_pkcs8_der()).unwrap(),
            certificates: vec![self.encryption.clone()],
        }
    }

    fn draft(&self, to: &Person, subject: &str, text: &str) -> Draft {
        let mailbox = |address: &EmailAddress| Mailbox { name: None, address: address.to_string() };
        Draft {
            from: mailbox(&self.address),
            to: vec![mailbox(&to.address)],
            cc: vec![],
            subject: subject.into(),
            date: i64::try_from(NOW.secs()).unwrap(),
            message_id: "id@example.org".into(),
            in_reply_to: None,
            references: vec![],
            auto_submitted: None,
            text: text.into(),
            html: None,
            attachments: vec![],
        }
    }
}

fn cipher_protected(draft: &Draft) -> Protected {
    protect(draft, Protection::Cipher { legacy_display: false }, &mut random).unwrap()
}

fn opened(raw: &[u8], reader: &Person, trusted: &[&Person]) -> Opened {
    let anchors: Vec<TrustAnchor> = trusted.iter().map(|person| person.anchor()).collect();
    let keys = [reader.decryption_key()];
    let opening = Opening {
        keys: &keys,
        at: NOW,
        anchors: &anchors,
        timestamp_anchors: &[],
        untrusted: &[],
        sources: Default::default(),
    };
    open(raw, &opening, &mut Rng).unwrap()
}

fn outer(from: &str) -> Vec<(String, String)> {
    [("From", from), ("To", "bob@example.org"), ("Subject", "[...]"), ("Message-ID", "<o@example.org>")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

#[test]
fn a_signed_and_encrypted_mail_is_read_with_everything_credited() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let mut draft = alice.draft(&bob, "Quarterly figures", "See the file.\n");
    draft.attachments.push(Attachment {
        name: Some("figures.pdf".into()),
        content_type: "application/pdf".into(),
        inline: false,
        bytes: b"%PDF-1.4 figures".to_vec(),
    });
    let protected = cipher_protected(&draft);
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let text = String::from_utf8(raw.clone()).unwrap();
    assert!(!text.contains("Quarterly") && text.contains("[...]"));

    let mail = opened(&raw, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{:?}", mail.verdict.signature);
    assert_eq!(mail.verdict.summary, Summary::SignedAndEncrypted);
    assert_eq!(mail.verdict.encryption.content.as_deref(), Some("aes-256-gcm"));
    assert!(mail.verdict.encryption.integrity);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("Quarterly figures"));
    assert!(mail.verdict.headers.protected);
    assert_eq!(mail.verdict.parts.len(), 2);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::SignedAndEncrypted));
    assert_eq!(mail.verdict.parts[1].name.as_deref(), Some("figures.pdf"));
    assert_eq!(mail.verdict.parts[1].bytes, 16);
    assert_eq!(mail.verdict.warnings, []);
    assert_eq!(mail.believed_from(), Some(alice.address.clone()));
    assert_eq!(mail.signature.unwrap().content(), protected.payload);
}

#[test]
fn a_mail_for_another_key_says_so_and_shows_nothing() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    let protected = cipher_protected(&alice.draft(&bob, "Secret", "For Bob only.\n"));
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let mail = opened(&raw, &eve, &[&alice]);
    assert_eq!(mail.verdict.encryption.state, EncryptionState::NoKey);
    assert_eq!(mail.verdict.signature.state, SignatureState::None);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("[...]"));
    assert_eq!(mail.verdict.parts[0].credit, Credit::None);
}

#[test]
fn event_mails_of_different_length_have_the_same_size() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let size = |text: &str| {
        let protected = cipher_protected(&alice.draft(&bob, "x", text));
        let signed = alice.sign(&protected.payload, false);
        let recipients = [bob.recipient()];
        let raw =
            seal(&signed, &[], &recipients, ContentCipher::Aes256Gcm, Some(EVENT_PADDING), &mut Rng).unwrap();
        let mail = opened(&raw, &bob, &[&alice]);
        assert_eq!(mail.verdict.signature.state, SignatureState::Valid);
        // DER lengths of signatures and ephemeral keys may differ by a few octets.
        raw.len() / 64
    };
    assert_eq!(size("yes\n"), size(&"no, because of a number of reasons. ".repeat(20)));
}

#[test]
fn an_encrypted_part_that_is_not_at_the_root_is_not_opened() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let secret = cipher_protected(&alice.draft(&bob, "Secret", "the stolen text\n"));
    let encrypted = encrypt(&secret.payload, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    let part = String::from_utf8(wrap_pkcs7(&[], "enveloped-data", &encrypted)).unwrap();
    for container in ["mixed", "alternative", "related"] {
        let raw = format!(
            "From: eve@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/{container}; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://eve/?\r\n--b\r\n{part}\r\n--b\r\n{part}\r\n--b--\r\n"
        );
        let mail = opened(raw.as_bytes(), &bob, &[&alice]);
        assert_eq!(mail.verdict.encryption.state, EncryptionState::None, "{container}");
        assert_eq!(mail.verdict.summary, Summary::None);
        assert!(!mail.payload.body_text().unwrap_or_default().contains("stolen"));
    }
    let nested = format!(
        "From: eve@example.org\r\nContent-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n{part}"
    );
    assert_eq!(opened(nested.as_bytes(), &bob, &[&alice]).verdict.encryption.state, EncryptionState::None);
}

#[test]
fn a_signed_part_that_is_not_at_the_root_earns_nothing() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let signature = alice.sign(&protected.payload, true);
    let inner = wrap_signed(&[], &protected.payload, &signature, "sha-256", &mut random);
    let inner = String::from_utf8(inner).unwrap();
    let raw = format!(
        "From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\n\r\nPay 1000 EUR to Eve.\r\n--b\r\n{inner}\r\n--b--\r\n"
    );
    let mail = opened(raw.as_bytes(), &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::None);
    assert_eq!(mail.verdict.headers.subject, None);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));
}

#[test]
fn cbc_without_a_signature_has_no_integrity_and_with_one_has() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let encrypted =
        encrypt(&protected.payload, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    let raw = wrap_pkcs7(&protected.outer, "enveloped-data", &encrypted);
    let mail = opened(&raw, &bob, &[]);
    assert_eq!(mail.verdict.encryption.state, EncryptionState::Decrypted);
    assert!(!mail.verdict.encryption.integrity);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));

    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Cbc, None, &mut Rng)
        .unwrap();
    assert!(
        opened(&raw, &bob, &[]).verdict.encryption.integrity,
        "a right signature by anybody gives integrity"
    );
}

#[test]
fn efail_malleation_of_cbc_never_gives_integrity() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let signed = alice.sign(&protected.payload, false);
    let entity = wrap_pkcs7(&[], "signed-data", &signed);
    let good = encrypt(&entity, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    // The IV stands in front of the ciphertext; flips anywhere in the last part change IV or blocks.
    let start = good.len() - entity.len() - 64;
    for at in (start..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let mail = opened(&wrap_pkcs7(&protected.outer, "enveloped-data", &bad), &bob, &[&alice]);
        let state = mail.verdict.signature.state;
        let is_whole = mail.verdict.encryption.integrity && state == SignatureState::Valid;
        // A flip may hit a place that base64 or the header section does not show; then the signature still covers all.
        if is_whole {
            assert_eq!(mail.signature.unwrap().content(), protected.payload, "octet {at}");
        } else {
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "octet {at}");
        }
    }
}

#[test]
fn from_inside_is_believed_only_under_a_signature_bound_to_it() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    // Eve encrypts (unsigned) a payload that says it is from Alice.
    let protected = cipher_protected(&alice.draft(&bob, "Pay", "Pay Eve.\n"));
    let encrypted =
        encrypt(&protected.payload, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let raw = wrap_pkcs7(&outer("eve@example.org"), "authEnveloped-data", &encrypted);
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.headers.from, ["eve@example.org"]);
    assert!(mail.verdict.warnings.contains(&Warning::FromNotBelieved));
    assert_eq!(mail.believed_from(), None);

    // Eve signs it with her own, trusted key: the signature is right but not Alice's.
    let signed = eve.sign(&protected.payload, false);
    let recipients = [bob.recipient()];
    let raw = seal(&signed, &outer("eve@example.org"), &recipients, ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert!(mail.verdict.signature.reasons.contains(&Reason::AddressMismatch));
    assert_eq!(mail.verdict.headers.from, ["eve@example.org"]);
}

#[test]
fn a_stranger_who_signs_a_stolen_ciphertext_is_not_its_author() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    let payload = b"Content-Type: text/plain\r\n\r\nAlice's idea.\r\n";
    let encrypted = encrypt(payload, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let entity = wrap_pkcs7(&[], "authEnveloped-data", &encrypted);
    let signed = eve.sign(&entity, false);
    let raw = wrap_pkcs7(&outer("eve@example.org"), "signed-data", &signed);
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert!(mail.verdict.warnings.contains(&Warning::SignedOutsideEncryption));
    assert!(mail.valid_signer().is_none());
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::Encrypted));
}

#[test]
fn a_second_content_in_a_clear_signature_is_ambiguous() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let attached = alice.sign(&protected.payload, false);
    let raw = wrap_signed(&protected.outer, &protected.payload, &attached, "sha-256", &mut random);
    let mail = opened(&raw, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.signature.reasons, [Reason::ContentAmbiguous]);
}

#[test]
fn a_changed_octet_in_a_clear_signed_mail_is_a_digest_mismatch() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let signature = alice.sign(&protected.payload, true);
    let raw = wrap_signed(&protected.outer, &protected.payload, &signature, "sha-256", &mut random);
    assert_eq!(opened(&raw, &bob, &[&alice]).verdict.signature.state, SignatureState::Valid);
    let text = String::from_utf8(raw).unwrap().replace("Pay 1 EUR", "Pay 9 EUR");
    let mail = opened(text.as_bytes(), &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.signature.reasons, [Reason::DigestMismatch]);
}

#[test]
fn triple_wrapping_is_opened_and_endless_wrapping_is_not() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "Deep", "text\n"));
    let inner = wrap_pkcs7(&[], "signed-data", &alice.sign(&protected.payload, false));
    let encrypted = encrypt(&inner, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let middle = wrap_pkcs7(&[], "authEnveloped-data", &encrypted);
    let triple = wrap_pkcs7(&protected.outer, "signed-data", &alice.sign(&middle, false));
    let mail = opened(&triple, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("Deep"));
    assert!(mail.verdict.warnings.contains(&Warning::SeveralSignatureLayers));
    assert!(mail.valid_signer().is_some());

    let mut entity = protected.payload;
    for _ in 0..MAX_LAYERS + 2 {
        entity = wrap_pkcs7(&[], "signed-data", &alice.sign(&entity, false));
    }
    let mail = opened(&entity, &bob, &[&alice]);
    assert!(mail.verdict.warnings.contains(&Warning::TooManyLayers));
    assert!(mail.payload.body_text().is_none_or(|text| !text.contains("text")));
}

#[test]
fn from_tricks_are_named() {
    let bob = Person::new("bob@example.org");
    let warnings =
        |fields: &str| opened(format!("{fields}\r\n\r\nHello\r\n").as_bytes(), &bob, &[]).verdict.warnings;
    assert!(warnings("From: a@example.org\r\nFrom: b@example.org").contains(&Warning::FromMultiple));
    assert!(warnings("From: a@example.org, b@example.org").contains(&Warning::FromMultiple));
    assert!(warnings("Subject: x").contains(&Warning::FromMissing));
    assert!(
        warnings("From: \"boss@example.org\" <eve@example.net>")
            .contains(&Warning::DisplayNameImitatesAddress)
    );
    assert!(warnings("From: a@example.org\r\nSender: c@example.org").contains(&Warning::SenderDiffers));
    assert!(warnings("From: a@example.org\r\nReply-To: c@example.org").contains(&Warning::ReplyToDiffers));
    assert_eq!(warnings("From: A <a@example.org>\r\nReply-To: A@EXAMPLE.org"), []);
}

#[test]
fn truncated_at_any_octet_nothing_panics_and_nothing_is_credited() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let body_end = raw.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n' | b'=')).unwrap();
    for length in (0..body_end - 4).step_by(13) {
        let mail = opened(&raw[..length], &bob, &[&alice]);
        assert_ne!(mail.verdict.signature.state, SignatureState::Valid, "{length} octets");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{length} octets");
    }
}
