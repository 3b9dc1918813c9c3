//! Content types and CMS types in each other's places.

use engine::secure::{Credit, EncryptionState, Summary};
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::enveloped::ContentCipher;
use smime::verdict::{Reason, SignatureState};

use crate::support::{alice_and_bob, as_bob, openssl, outer, random};

const PAYLOAD: &[u8] = b"Content-Type: text/plain\r\n\r\nPay.\r\n";

/// A signature over another type of content (a time-stamp token, a receipt, anything) is no signature of a mail, even when
/// its octets read as one.
#[test]
fn signed_content_of_another_type_is_no_mail() {
    let (alice, bob) = alice_and_bob();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets).unwrap();
    write("payload", PAYLOAD);
    write("key.der", &alice.key.to_pkcs8_der());
    write("cert.pem", alice.certificate.to_pem().as_bytes());
    write("root.pem", alice.root.to_pem().as_bytes());
    for (oid, is_mail) in [
        ("1.2.840.113549.1.7.1", true),
        ("1.2.840.113549.1.9.16.1.1", false),
        ("1.2.840.113549.1.9.16.1.4", false),
        ("1.2.840.113549.1.7.2", false),
        ("1.2.3.4", false),
    ] {
        let arguments = [
            "cms",
            "-sign",
            "-binary",
            "-nodetach",
            "-econtent_type",
            oid,
            "-in",
            "payload",
            "-outform",
            "DER",
            "-signer",
            "cert.pem",
            "-certfile",
            "root.pem",
            "-inkey",
            "key.der",
            "-keyform",
            "DER",
            "-md",
            "sha256",
        ];
        let Some(der) = openssl(folder.path(), &arguments) else { return };
        let raw = wrap_pkcs7(&outer("alice@example.org"), "signed-data", &der);
        // openssl's signing time is now: judged at that time the certificate of the tests is valid as well.
        let mail = as_bob(&raw, (&alice, &bob));
        if is_mail {
            assert_eq!(
                mail.verdict.signature.state,
                SignatureState::Valid,
                "{oid}: {:?}",
                mail.verdict.signature
            );
        } else {
            assert_eq!(mail.verdict.signature.state, SignatureState::Invalid, "{oid}");
            assert_eq!(mail.verdict.signature.reasons, [Reason::AttributesInvalid], "{oid}");
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{oid}");
            assert!(!mail.payload.body_text().unwrap_or_default().contains("Pay"), "{oid}");
        }
    }
}

#[test]
fn an_encrypted_object_in_the_place_of_a_signature_is_none() {
    let (alice, bob) = alice_and_bob();
    let encrypted = smime::enveloped::encrypt(
        PAYLOAD,
        &[bob.recipient()],
        ContentCipher::Aes256Cbc,
        &mut crate::support::Rng,
    )
    .unwrap();
    for der in [encrypted.as_slice(), b"", b"\x30\x00", b"\x30\x80", b"no DER at all"] {
        let raw = wrap_signed(&outer("alice@example.org"), PAYLOAD, der, "sha-256", &mut random);
        let mail = as_bob(&raw, (&alice, &bob));
        assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
        assert_eq!(mail.verdict.signature.reasons, [Reason::Malformed]);
        assert_eq!(mail.verdict.encryption.state, EncryptionState::None, "nothing is decrypted from there");
    }
}

#[test]
fn a_signature_without_content_is_no_opaque_mail() {
    let (alice, bob) = alice_and_bob();
    let raw = wrap_pkcs7(&outer("alice@example.org"), "signed-data", &alice.sign(PAYLOAD, true));
    let mail = as_bob(&raw, (&alice, &bob));
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.signature.reasons, [Reason::Malformed]);
    assert_eq!(mail.verdict.summary, Summary::Signed);
}

/// A multipart/signed of another protocol whose second part is named as ours.
#[test]
fn a_signature_of_another_protocol_is_not_ours() {
    let (alice, bob) = alice_and_bob();
    let raw =
        wrap_signed(&outer("alice@example.org"), PAYLOAD, &alice.sign(PAYLOAD, true), "sha-256", &mut random);
    let text = String::from_utf8(raw).unwrap();
    assert_eq!(as_bob(text.as_bytes(), (&alice, &bob)).verdict.signature.state, SignatureState::Valid);
    let pgp =
        text.replace("protocol=\"application/pkcs7-signature\"", "protocol=\"application/pgp-signature\"");
    assert_ne!(pgp, text);
    let mail = as_bob(pgp.as_bytes(), (&alice, &bob));
    assert_eq!(mail.verdict.signature.reasons, [Reason::StructureAmbiguous]);
    let other =
        text.replace("Content-Type: application/pkcs7-signature", "Content-Type: application/pgp-signature");
    assert_eq!(as_bob(other.as_bytes(), (&alice, &bob)).verdict.signature.state, SignatureState::None);
}
