//! Certification requests, against OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::csr::{CertificateRequest, RequestError, prepare};
use smime::issue::{IssueError, LeafPurpose, Subject};
use smime::{KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime, oid};
use support::{ED25519, Openssl, OsRandom, P256, P384, RSA2048, corpus};

fn subject(address: &str) -> Subject {
    let name = "Alice 爱丽丝".to_owned();
    let (not_before, not_after) = (UnixTime::from_secs(0), UnixTime::from_secs(1));
    Subject { address: address.parse().unwrap(), name, not_before, not_after }
}

#[test]
fn openssl_verifies_the_requests_that_are_written() {
    let openssl = Openssl::new();
    for algorithm in [KeyAlgorithm::Rsa(2048), KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519]
    {
        let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
        let signing = key.default_signature_algorithm().unwrap();
        let public = key.public_key_der();
        let prepared =
            prepare(&public, signing, LeafPurpose::Approval, &subject("alice@example.org")).unwrap();
        // In two steps, as hardware does it.
        let signature = key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        let request = prepared.finish(&signature).unwrap();
        openssl.write("csr.pem", request.to_pem().as_bytes());
        let shown = openssl.try_run("req -in csr.pem -verify -text -noout -nameopt utf8");
        let text =
            format!("{}{}", String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(shown.status.success() && text.contains("verify OK"), "{algorithm:?}: {text}");
        for part in [
            "CN=Alice 爱丽丝",
            "Digital Signature, Non Repudiation",
            "E-mail Protection, 1.3.6.1.5.5.7.3.36",
            "email:alice@example.org",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert_eq!(request.public_key_der(), public);
        assert_eq!(request.emails(), ["alice@example.org".parse().unwrap()]);
        assert_eq!(request.extended_key_usages(), [oid::EMAIL_PROTECTION, oid::DOCUMENT_SIGNING]);
        // Somebody else's signature is refused when it is put in.
        let other = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
        let forged = other.sign(signing, prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        assert_eq!(prepared.finish(&forged).unwrap_err(), RequestError::BadSignature);
    }
}

#[test]
fn addresses_beyond_ascii_and_encryption_keys_are_requested() {
    let openssl = Openssl::new();
    let key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let signing = SignatureAlgorithm::EcdsaP256Sha256;
    let prepared =
        prepare(&key.public_key_der(), signing, LeafPurpose::Encryption, &subject("爱丽丝@example.org"));
    let request = prepared.unwrap().sign(&key, &mut OsRandom).unwrap();
    assert_eq!(request.emails(), ["爱丽丝@example.org".parse().unwrap()]);
    openssl.write("csr.der", request.der());
    let text = openssl.text("req -inform DER -in csr.der -text -noout");
    assert!(text.contains("Key Agreement") && text.contains("othername"), "{text}");

    let x25519 = PrivateKey::generate(KeyAlgorithm::X25519, &mut OsRandom).unwrap();
    let unable =
        prepare(&x25519.public_key_der(), signing, LeafPurpose::Encryption, &subject("a@example.org"));
    assert_eq!(unable.unwrap_err(), IssueError::WrongKey);
}

#[test]
fn requests_of_openssl_are_read() {
    let openssl = Openssl::new();
    for (kind, algorithm) in [
        (RSA2048, KeyAlgorithm::Rsa(2048)),
        (P256, KeyAlgorithm::P256),
        (P384, KeyAlgorithm::P384),
        (ED25519, KeyAlgorithm::Ed25519),
    ] {
        openssl.run(&("genpkey -out key", kind));
        openssl.run(
            "req -new -key key -subj /O=Office/CN=Alice -out csr \
             -addext subjectAltName=email:alice@example.org -addext extendedKeyUsage=emailProtection",
        );
        let request = CertificateRequest::read(&openssl.read("csr")).unwrap();
        assert_eq!(request.subject(), "CN=Alice,O=Office");
        assert_eq!(request.emails(), ["alice@example.org".parse().unwrap()]);
        assert_eq!(request.extended_key_usages(), [oid::EMAIL_PROTECTION]);
        let key = PrivateKey::from_pem(&openssl.read("key")).unwrap();
        assert_eq!((request.public_key_der(), key.algorithm()), (key.public_key_der().as_slice(), algorithm));
        // Without extensions.
        openssl.run("req -new -key key -subj /CN=Alice -out bare -outform DER");
        let bare = CertificateRequest::read(&openssl.read("bare")).unwrap();
        assert!(bare.emails().is_empty() && bare.extensions_der().is_none());
    }
    if let Some(folder) = corpus("rustcrypto-x509") {
        for file in ["rsa2048-csr.der", "rsa2048-csr.pem"] {
            let request = CertificateRequest::read(&std::fs::read(folder.join(file)).unwrap()).unwrap();
            assert!(request.subject().contains("CN=example.com"), "{}", request.subject());
        }
    }
}

#[test]
fn damaged_requests_are_refused_and_never_panic() {
    let key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let signing = SignatureAlgorithm::EcdsaP256Sha256;
    let prepared =
        prepare(&key.public_key_der(), signing, LeafPurpose::Mail, &subject("a@example.org")).unwrap();
    let request = prepared.sign(&key, &mut OsRandom).unwrap();
    for length in 0..request.der().len() {
        assert!(CertificateRequest::read(&request.der()[..length]).is_err(), "cut at {length}");
    }
    let mut changed = request.der().to_vec();
    for position in 0..changed.len() {
        for bit in 0..8 {
            changed[position] ^= 1 << bit;
            assert!(CertificateRequest::read(&changed).is_err(), "bit {bit} of {position}");
            changed[position] ^= 1 << bit;
        }
    }
    let mut longer = request.der().to_vec();
    longer.push(0);
    assert_eq!(CertificateRequest::read(&longer).unwrap_err(), RequestError::Malformed);
    assert_eq!(CertificateRequest::read(b"junk").unwrap_err(), RequestError::Malformed);
}
