//! Whole mails of others, judged as their tables say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use engine::secure::{Credit, EncryptionState, Opened, Opening, Summary, Warning, open};
use mail::protect::wrap_pkcs7;
use smime::enveloped::DecryptionKey;
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::verdict::{Reason, SignatureState};
use smime::{Certificate, Fingerprint, PrivateKey, UnixTime};
use support::{Person, Rng, corpus, expected, pkcs12_keys};

fn anchor(certificate: Certificate) -> TrustAnchor {
    TrustAnchor { certificate, trust: Trust::Organisation, scope: AnchorScope::Any }
}

fn judged(raw: &[u8], keys: &[DecryptionKey], anchors: &[TrustAnchor], at: &str) -> Opened {
    let at: UnixTime = at.parse().unwrap();
    let opening = Opening {
        keys,
        at,
        anchors,
        timestamp_anchors: &[],
        untrusted: &[],
        own: &[],
        known: &[],
        sources: Default::default(),
    };
    open(raw, &opening, &mut Rng).unwrap()
}

const FOO: &str = "The FooCorp contract";
const BAR: &str = "BarCorp contract signed, let's go!";

/// The twenty rows of the notmuch corpus: three verify, three decrypt (two of them verify inside); of the OpenPGP mails the
/// fields outside are shown.
#[test]
fn notmuch_mails_are_judged_as_listed() {
    let Some(folder) = corpus("notmuch") else { return };
    let Some(keys) = pkcs12_keys(&folder.join("smime/bob.p12"), "") else { return };
    let root = Certificate::read_all(&std::fs::read(folder.join("smime/ca.crt")).unwrap()).unwrap().remove(0);
    let anchors = [anchor(root)];
    let rows = expected(&folder);
    assert_eq!(rows.len(), 20);
    for (file, expected, _) in rows {
        let raw = std::fs::read(folder.join(&file)).unwrap();
        let mail = judged(&raw, &keys, &anchors, "2020-01-01T00:00:00Z");
        let verdict = &mail.verdict;
        let outer = mail::part::Message::parse(&raw).unwrap().root().headers.subject.clone();
        let subject = verdict.headers.subject.as_deref();
        let text = mail.payload.body_text().unwrap_or_default();
        match expected.as_str() {
            "VALID" => {
                assert_eq!(verdict.signature.state, SignatureState::Valid, "{file}: {:?}", verdict.signature);
                assert_eq!(verdict.summary, Summary::Signed, "{file}");
                assert!(verdict.signature.signers[0].subject.contains("Alice Lovelace"), "{file}");
                assert!(verdict.parts.iter().all(|part| part.credit == Credit::Signed), "{file}");
                let is_protected = file.starts_with("protected-headers");
                assert_eq!(verdict.headers.protected, is_protected, "{file}");
                assert!(!is_protected || subject == Some(FOO), "{file}");
                assert_eq!(verdict.warnings, [], "{file}");
            }
            "DECRYPT+VALID" => {
                assert_eq!(verdict.signature.state, SignatureState::Valid, "{file}: {:?}", verdict.signature);
                assert_eq!(verdict.summary, Summary::SignedAndEncrypted, "{file}");
                assert!(
                    verdict.encryption.integrity && verdict.encryption.weak,
                    "{file}: 3DES under a signature"
                );
                assert_eq!(subject, Some(BAR), "{file}");
                assert_eq!(mail.headers.confidential, ["subject"], "{file}");
            }
            "DECRYPT+UNSIGNED" => {
                assert_eq!(verdict.encryption.state, EncryptionState::Decrypted, "{file}");
                assert_eq!(verdict.signature.state, SignatureState::None, "{file}");
                assert!(!verdict.encryption.integrity, "{file}");
                assert!(verdict.warnings.contains(&Warning::NoIntegrity), "{file}");
                assert!(verdict.parts.iter().all(|part| part.credit == Credit::None), "{file}");
                assert_eq!(subject, Some(BAR), "{file}");
                assert_eq!(mail.quotable_text(), None, "{file}");
            }
            "PGP-STRUCTURE" => {
                assert_eq!(verdict.summary, Summary::None, "{file}");
                assert!(!verdict.headers.protected, "{file}");
                assert_eq!(verdict.headers.subject, outer, "{file}");
                assert!(verdict.parts.iter().all(|part| part.credit == Credit::None), "{file}");
            }
            other => panic!("{file}: {other} is no word of this table"),
        }
        if file.contains("smime-") {
            // A part that only repeats fields for old programs is not the text.
            assert!(!text.contains("Subject:"), "{file}: {text}");
            assert!(text.contains("Alice Lovelace"), "{file}: {text}");
        }
    }
}

/// The three mails of RFC 4134 at its time: DSA is not known here, SHA-1 is never valid, 5.3 decrypts.
#[test]
fn mails_of_rfc_4134_are_judged_as_listed() {
    let Some(folder) = corpus("rfc4134") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let carl = |name: &str| anchor(Certificate::from_der(&read(name)).unwrap());
    let anchors = [carl("CarlRSASelf.cer"), carl("CarlDSSSelf.cer")];
    let keys = [DecryptionKey {
        key: PrivateKey::from_der(&read("BobPrivRSAEncrypt.pri")).unwrap(),
        certificates: vec![Certificate::from_der(&read("BobRSASignByCarl.cer")).unwrap()],
    }];
    let content = read("ExContent.bin");
    let at = "2001-09-09T01:46:40Z";
    for name in ["4.8.eml", "4.9.eml"] {
        let mail = judged(&read(name), &keys, &anchors, at);
        assert_eq!(mail.verdict.signature.state, SignatureState::Unverifiable, "{name}");
        assert_eq!(mail.verdict.signature.reasons, [Reason::UnsupportedAlgorithm], "{name}");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
    }
    let mail = judged(&read("5.3.eml"), &keys, &anchors, at);
    assert_eq!(mail.verdict.encryption.state, EncryptionState::Decrypted);
    assert!(mail.verdict.encryption.weak && !mail.verdict.encryption.integrity);
    assert_eq!(mail.payload.raw(), content);
    // The bare signatures, each as a mail.
    for (name, expected, _) in expected(&folder) {
        if !name.starts_with('4') || name.ends_with(".eml") {
            continue;
        }
        let raw = wrap_pkcs7(&support::outer("aliceDss@examples.com"), "signed-data", &read(&name));
        let mail = judged(&raw, &[], &anchors, at);
        assert_ne!(mail.verdict.signature.state, SignatureState::Valid, "{name}: {expected}");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
        if expected == "SIG-OK/DISALLOWED" {
            assert!(mail.verdict.signature.reasons.contains(&Reason::WeakDigest), "{name}");
        }
        if expected == "NO-SIGNER" {
            assert_eq!(mail.verdict.signature.state, SignatureState::None, "{name}");
        }
    }
}

/// A content key of 24 octets under another cipher's name is the ordinary failure.
#[test]
fn bouncy_castle_cbc_mails_decrypt_or_fail_as_listed() {
    let Some(folder) = corpus("bc-cbc") else { return };
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let keys = [DecryptionKey {
        key: PrivateKey::from_pem(&read("key.pem")).unwrap(),
        certificates: Certificate::read_all(&read("cert.pem")).unwrap(),
    }];
    for (name, expected, detail) in expected(&folder) {
        let mail = judged(&read(&name), &keys, &[], "2012-11-15T00:00:00Z");
        match expected.as_str() {
            "DECRYPT" => {
                assert_eq!(mail.verdict.encryption.state, EncryptionState::Decrypted, "{name}");
                let sha256 = Fingerprint::of(mail.payload.raw()).to_hex();
                assert!(detail.contains(&sha256), "{name}: {sha256}");
                assert!(!mail.verdict.encryption.integrity, "{name}");
            }
            "REJECT-GENERIC" => {
                assert_eq!(mail.verdict.encryption.state, EncryptionState::Failed, "{name}");
                assert_eq!(mail.payload.raw(), read(&name), "{name}: only what was received is shown");
            }
            other => panic!("{name}: {other} is no word of this table"),
        }
    }
}

/// Mails that gateways broke: readable, and nothing of them is shown as protected.
#[test]
fn broken_mails_of_notmuch_are_readable_and_credited_with_nothing() {
    let Some(folder) = corpus("notmuch-broken") else { return };
    for (name, ..) in expected(&folder) {
        let mail = judged(&std::fs::read(folder.join(&name)).unwrap(), &[], &[], "2020-01-01T00:00:00Z");
        assert_eq!(mail.verdict.summary, Summary::None, "{name}");
        assert!(mail.verdict.headers.from.len() == 1 && !mail.verdict.parts.is_empty(), "{name}");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
    }
}

/// Every mailbox that a row names signs the mail of that row, with a right key that the reader trusts: none is credited,
/// but for the two rows that name one mailbox in an old or unusual form.
#[test]
fn ambiguous_senders_are_credited_with_no_signature() {
    let Some(folder) = corpus("address-spoofing") else { return };
    let reader = Person::new("victim@victim.com");
    let names = [
        "first@attack.com",
        "second@attack.com",
        "any@attack.com",
        "attacker@example.com",
        "admin@legitimate.com",
        "admin@example.com",
        "s@sender.legitimate.com",
    ];
    let signers: Vec<Person> = names.iter().map(|name| Person::new(name)).collect();
    let mut rows = 0;
    for (file, expected, _) in expected(&folder) {
        let raw = std::fs::read(folder.join(&file)).unwrap();
        let head = String::from_utf8(raw).unwrap();
        let head = head.split("MIME-Version").next().unwrap().to_owned();
        for signer in &signers {
            let payload = b"Content-Type: text/plain\r\n\r\nPay.\r\n";
            let signature = signer.sign(payload, true);
            let signed =
                mail::protect::wrap_signed(&[], payload, &signature, "sha-256", &mut support::random);
            let raw = [head.as_bytes(), signed.as_slice()].concat();
            let mail = support::opened(&raw, &reader, &[signer]);
            let is_credited = mail.verdict.signature.state == SignatureState::Valid;
            let may_be = match expected.as_str() {
                "NO-IDENTITY" => None,
                "ROUTE" => Some("admin@legitimate.com"),
                "SINGLE-FROM" => Some("admin@example.com"),
                other => panic!("{file}: {other} is no word of this table"),
            };
            assert!(!is_credited || may_be == Some(signer.address.as_str()), "{file} by {}", signer.address);
            assert!(!is_credited || mail.verdict.headers.from == [signer.address.as_str()], "{file}");
            if expected == "SINGLE-FROM" && may_be == Some(signer.address.as_str()) {
                assert!(is_credited, "{file}");
            }
            if expected == "NO-IDENTITY" {
                let named = [
                    Warning::FromMultiple,
                    Warning::FromAmbiguous,
                    Warning::FromMissing,
                    Warning::FromMalformed,
                ];
                assert!(
                    named.iter().any(|one| mail.verdict.warnings.contains(one)),
                    "{file}: {:?}",
                    mail.verdict.warnings
                );
            }
        }
        rows += 1;
    }
    assert_eq!(rows, 15);
}
