//! S/MIME files in their framing: what is taken off, what is refused, and mutations that release nothing wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::sync::LazyLock;

use engine::secure::{self, Opening, SignedPayload};
use engine::stream::{
    Encrypting, Form, FrameError, OpenError, Signed, Signing, VerifyError, encrypt, open, sign, sign_detached,
};
use mail::protect::wrap_signed;
use proptest::collection::vec;
use proptest::prelude::*;
use rand_core::{Infallible, TryCryptoRng, TryRng};
use smime::enveloped::{ContentCipher, DecryptError, DecryptionKey, Recipient, RsaTransport};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::revocation::Sources;
use smime::signed::{SignRequest, prepare};
use smime::stream::{Replay, StreamError};
use smime::verdict::{Policy, Reason, SignatureState, SignatureVerdict};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime};

const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);
const BOUNDARY: &str = "=_parts";

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

/// Alice, who signs and reads.
struct Alice {
    address: EmailAddress,
    root: Certificate,
    key: PrivateKey,
    certificate: Certificate,
    keys: [DecryptionKey; 1],
}

impl Alice {
    fn new() -> Self {
        let address: EmailAddress = "alice@example.org".parse().unwrap();
        let subject = Subject {
            address: address.clone(),
            name: "Alice".to_owned(),
            not_before: NOW.minus(3600),
            not_after: NOW.plus(86_400),
        };
        let new_key = || PrivateKey::generate(KeyAlgorithm::P256, &mut Rng).unwrap();
        let (root_key, key, encryption) = (new_key(), new_key(), new_key());
        let root = personal_root(&root_key, &subject, &mut Rng).unwrap();
        let issue = |key: &PrivateKey, purpose| {
            leaf(&root, &root_key, &key.public_key_der(), purpose, &subject, &mut Rng).unwrap()
        };
        let certificate = issue(&key, LeafPurpose::Mail);
        let certificates = vec![issue(&encryption, LeafPurpose::Encryption)];
        Alice { address, certificate, keys: [DecryptionKey { key: encryption, certificates }], root, key }
    }

    fn request(&self) -> SignRequest<'_> {
        SignRequest {
            content: b"",
            detached: false,
            signer: &self.certificate,
            certificates: std::slice::from_ref(&self.root),
            algorithm: SignatureAlgorithm::EcdsaP256Sha256,
            signing_time: NOW,
            encryption_certificate: None,
            proof_of_approval: false,
        }
    }

    fn signing(&self) -> [Signing<'_>; 1] {
        [Signing { request: self.request(), key: &self.key }]
    }

    fn sign(&self, mut content: &[u8], form: Form) -> Vec<u8> {
        sign(&mut content, Vec::new(), form, &self.signing(), &mut Rng).unwrap()
    }

    fn sign_clear(&self, mut content: &[u8]) -> Vec<u8> {
        sign_detached(&mut content, Vec::new(), Form::Mime, BOUNDARY, &self.signing(), &mut Rng).unwrap()
    }

    fn encrypt(&self, mut content: &[u8], form: Form) -> Vec<u8> {
        let certificate = self.keys[0].certificates[0].clone();
        let recipients = [Recipient::Certificate { certificate, rsa: RsaTransport::OaepSha256 }];
        let encrypting = Encrypting { recipients: &recipients, encryption: ContentCipher::Aes256Gcm.into() };
        encrypt(&mut content, None, Vec::new(), form, &encrypting, &mut Rng).unwrap()
    }

    /// The verdict, and what is released under it.
    fn verify(&self, message: &[u8]) -> Result<(SignatureVerdict, Option<Vec<u8>>), VerifyError> {
        let scope = AnchorScope::Address(self.address.clone());
        let anchors = [TrustAnchor { certificate: self.root.clone(), trust: Trust::Met, scope }];
        let policy = Policy {
            at: NOW,
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &[],
            sources: Sources::default(),
        };
        let mut signed = match Signed::read(message) {
            Ok(signed) => signed,
            Err(StreamError::Refused(error)) => return Err(error),
            // A damaged base64 is an input that can't be read.
            Err(_) => return Err(VerifyError::Frame(FrameError::NotSmime)),
        };
        let judgement = signed.judge(Some(std::slice::from_ref(&self.address)), &policy).unwrap();
        let released = judgement.valid_signers.first().map(|proof| {
            let mut out = Vec::new();
            assert_eq!(signed.release(proof, &mut out).unwrap(), out.len() as u64);
            out
        });
        Ok((judgement.signature, released))
    }

    fn open(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut opened = open(message, &self.keys, &mut Rng).ok()?;
        let mut content = Vec::new();
        opened.replay().unwrap().read_to_end(&mut content).unwrap();
        Some(content)
    }
}

const TEXT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";

/// In a mail, behind header fields of the mail and with lone LF as some servers keep them.
fn as_mail(entity: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(entity).unwrap().replace("\r\n", "\n");
    format!("From: alice@example.org\nSubject: plan\n{text}").into_bytes()
}

#[test]
fn every_form_is_taken_off_again() {
    let alice = Alice::new();
    for form in [Form::Der, Form::Pem, Form::Mime] {
        let signed = alice.sign(TEXT, form);
        assert_eq!(alice.verify(&signed).unwrap().1.unwrap(), TEXT, "{form:?}");
        let encrypted = alice.encrypt(TEXT, form);
        assert_eq!(alice.open(&encrypted).unwrap(), TEXT, "{form:?}");
        if form == Form::Mime {
            assert_eq!(alice.verify(&as_mail(&signed)).unwrap().1.unwrap(), TEXT);
            assert_eq!(alice.open(&as_mail(&encrypted)).unwrap(), TEXT);
        }
        // One is not the other.
        let refused = open(&*signed, &alice.keys, &mut Rng).unwrap_err();
        let expected = OpenError::Decrypt(DecryptError::NotEncrypted);
        assert!(matches!(refused, StreamError::Refused(error) if error == expected));
        alice.verify(&encrypted).unwrap_err();
    }
    // The body in binary.
    let der = alice.sign(TEXT, Form::Der);
    let head = b"Content-Type: application/x-pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    assert_eq!(alice.verify(&[&head[..], &der].concat()).unwrap().1.unwrap(), TEXT);
}

#[test]
fn a_clear_signature_covers_canonical_lines() {
    let alice = Alice::new();
    let message = alice.sign_clear(b"Content-Type: text/plain\n\nPlease approve.\n");
    assert_eq!(alice.verify(&message).unwrap().1.unwrap(), TEXT);
    assert_eq!(alice.verify(&as_mail(&message)).unwrap().1.unwrap(), TEXT);
    let forged = String::from_utf8(message).unwrap().replace("approve", "decline");
    let (signature, released) = alice.verify(forged.as_bytes()).unwrap();
    assert_eq!((signature.reasons.as_slice(), released), (&[Reason::DigestMismatch][..], None));
}

/// Whatever line ends were signed and whatever came: files and mails are judged alike, and only signed octets come out.
#[test]
fn a_clear_signature_is_about_the_octets_as_received_or_in_canonical_form() {
    let alice = Alice::new();
    let (lf, mixed) =
        (String::from_utf8_lossy(TEXT).replace("\r\n", "\n"), "Content-Type: text/plain\r\n\r\na\nb\r\n");
    let canonical = mixed.replace("\r\n", "\n").replace('\n', "\r\n");
    for (signed, received, released) in [
        (TEXT, TEXT, Some(TEXT)),
        (TEXT, lf.as_bytes(), Some(TEXT)),
        (lf.as_bytes(), lf.as_bytes(), Some(lf.as_bytes())),
        (lf.as_bytes(), TEXT, None),
        (mixed.as_bytes(), mixed.as_bytes(), Some(mixed.as_bytes())),
        (mixed.as_bytes(), canonical.as_bytes(), None),
        (canonical.as_bytes(), mixed.as_bytes(), Some(canonical.as_bytes())),
        (canonical.as_bytes(), lf.as_bytes(), None),
    ] {
        let request = SignRequest { content: signed, detached: true, ..alice.request() };
        let prepared = prepare(&request).unwrap();
        let signature = alice.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut Rng).unwrap();
        let signature = prepared.finish(&signature).unwrap();
        let entity = wrap_signed(&[], received, &signature, "sha-256", &mut || [7; 16]);
        let message = [b"From: alice@example.org\r\n".as_slice(), &entity].concat();
        let (verdict, out) = alice.verify(&message).unwrap();
        assert_eq!(out.as_deref(), released, "{signed:?} came as {received:?}");
        let scope = AnchorScope::Address(alice.address.clone());
        let anchors = [TrustAnchor { certificate: alice.root.clone(), trust: Trust::Met, scope }];
        let opening = Opening {
            keys: &[],
            at: NOW,
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &[],
            own: &[],
            known: &[],
            sources: Sources::default(),
        };
        let opened = secure::open(&message, &opening, &mut Rng).unwrap();
        assert_eq!(opened.verdict.signature, verdict, "{signed:?} came as {received:?}");
        let shown = opened.signature.as_ref().map(SignedPayload::content);
        assert!(released.is_none() || shown == released, "{signed:?} came as {received:?}");
    }
}

#[test]
fn a_second_content_inside_a_clear_signature_is_ambiguous() {
    let alice = Alice::new();
    // The very same content, so that both verify.
    let request = SignRequest { content: TEXT, ..alice.request() };
    let prepared = prepare(&request).unwrap();
    let signature = alice.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut Rng).unwrap();
    let opaque = prepared.finish(&signature).unwrap();
    let mut boundaries = || [7; 16];
    let message = wrap_signed(&[], TEXT, &opaque, "sha-256", &mut boundaries);
    let (signature, released) = alice.verify(&message).unwrap();
    assert_eq!(signature.state, SignatureState::Invalid);
    assert_eq!(signature.reasons, [Reason::ContentAmbiguous]);
    assert_eq!(released, None);
}

#[test]
fn structures_that_readers_may_take_differently_are_refused() {
    let alice = Alice::new();
    let clear = String::from_utf8(alice.sign_clear(TEXT)).unwrap();
    let opaque = String::from_utf8(alice.sign(TEXT, Form::Mime)).unwrap();
    let first = format!("--{BOUNDARY}\r\n");
    let closing = format!("--{BOUNDARY}--");
    let part = format!("{first}Content-Type: text/plain\r\n\r\nmore\r\n");
    for (what, message) in [
        ("two types", format!("Content-Type: text/plain\r\n{opaque}")),
        ("two encodings", format!("Content-Transfer-Encoding: 7bit\r\n{opaque}")),
        ("quoted-printable", opaque.replace("base64", "quoted-printable")),
        ("another type", opaque.replace("application/pkcs7-mime", "application/octet-stream")),
        ("no base64", opaque.replace("\r\nMI", "\r\n*MI")),
        ("no boundary", clear.replace("boundary=", "other=")),
        ("another boundary", clear.replacen(BOUNDARY, "another", 1)),
        ("three parts", clear.replacen(&first, &format!("{part}{first}"), 1)),
        (
            "one part",
            clear.replace("\r\n--=_parts\r\nContent-Type: application", "\r\nContent-Type: application"),
        ),
        ("not closed", clear.replace(&closing, "")),
        ("closed early", clear.replacen(&first, &format!("{closing}\r\n{first}"), 1)),
        ("no signature part", clear.replace("application/pkcs7-signature; name", "text/plain; name")),
        ("no header", "hello\r\n".to_owned()),
        ("empty", String::new()),
        ("another PEM", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".to_owned()),
    ] {
        assert!(alice.verify(message.as_bytes()).is_err(), "{what}");
    }
    alice.verify(clear.as_bytes()).unwrap();
    // A preamble and an epilogue are nobody's content.
    let around = clear.replacen(&first, &format!("preamble\r\n{first}"), 1) + "epilogue";
    assert_eq!(alice.verify(around.as_bytes()).unwrap().1.unwrap(), TEXT);
}

struct Seeds {
    alice: Alice,
    signed: Vec<Vec<u8>>,
    encrypted: Vec<Vec<u8>>,
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let alice = Alice::new();
    let forms = [Form::Der, Form::Pem, Form::Mime];
    let mut signed: Vec<Vec<u8>> = forms.iter().map(|form| alice.sign(TEXT, *form)).collect();
    signed.push(alice.sign_clear(TEXT));
    Seeds { signed, encrypted: forms.iter().map(|form| alice.encrypt(TEXT, *form)).collect(), alice }
});

fn mutate(seed: &[u8], changes: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let mut octets = seed.to_vec();
    for (position, length, replacement) in changes {
        let start = position % octets.len().max(1);
        let end = (start + length).min(octets.len());
        octets.splice(start..end, replacement.iter().copied());
    }
    octets
}

fn changes() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    vec((any::<usize>(), 0..4usize, vec(any::<u8>(), 0..4)), 1..3)
}

/// `cargo xtask prove` asks for the full count.
fn cases() -> u32 {
    if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 40_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_release_what_was_signed_or_nothing(which in 0..4usize, changes in changes()) {
        let seeds = &*SEEDS;
        if let Ok((_, Some(released))) = seeds.alice.verify(&mutate(&seeds.signed[which], &changes)) {
            prop_assert_eq!(released, TEXT);
        }
    }

    #[test]
    fn mutated_files_give_what_was_encrypted_or_nothing(which in 0..3usize, changes in changes()) {
        let seeds = &*SEEDS;
        if let Some(content) = seeds.alice.open(&mutate(&seeds.encrypted[which], &changes)) {
            prop_assert_eq!(content, TEXT);
        }
    }
}
