//! SignedData: OpenSSL verifies what is signed here, and what OpenSSL signs is verified here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod attacks;
mod attributes;
mod carried;
mod openssl;
mod several;
#[path = "../support/mod.rs"]
mod support;

use smime::UnixTime;
use smime::key::SignatureAlgorithm;
use smime::signed::{SignRequest, SignedData, prepare, verify_signer};
use smime::verdict::Reason;
use support::{ED25519, Identity, OsRandom, P256, P384, P521, RSA2048};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nWe stand by it.\r\n";

/// 2026-11-25T08:00:00Z.
const SIGNING_TIME: UnixTime = UnixTime::from_secs(1_795_593_600);

const ALGORITHMS: [(&str, SignatureAlgorithm, &str); 10] = [
    (P256, SignatureAlgorithm::EcdsaP256Sha256, "ecdsa-p256-sha256"),
    (P384, SignatureAlgorithm::EcdsaP384Sha384, "ecdsa-p384-sha384"),
    (P521, SignatureAlgorithm::EcdsaP521Sha512, "ecdsa-p521-sha512"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha256, "rsa-pkcs1-sha256"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha384, "rsa-pkcs1-sha384"),
    (RSA2048, SignatureAlgorithm::RsaPkcs1Sha512, "rsa-pkcs1-sha512"),
    (RSA2048, SignatureAlgorithm::RsaPssSha256, "rsa-pss-sha256"),
    (RSA2048, SignatureAlgorithm::RsaPssSha384, "rsa-pss-sha384"),
    (RSA2048, SignatureAlgorithm::RsaPssSha512, "rsa-pss-sha512"),
    (ED25519, SignatureAlgorithm::Ed25519, "ed25519"),
];

fn request<'a>(alice: &'a Identity, algorithm: SignatureAlgorithm, detached: bool) -> SignRequest<'a> {
    SignRequest {
        content: CONTENT,
        detached,
        signer: &alice.certificate,
        certificates: &[],
        algorithm,
        signing_time: SIGNING_TIME,
        encryption_certificate: None,
        proof_of_approval: false,
    }
}

fn sign(alice: &Identity, request: &SignRequest<'_>) -> Vec<u8> {
    let prepared = prepare(request).unwrap();
    let signature = alice.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
    prepared.finish(&signature).unwrap()
}

/// The verdict of the first signer over the encapsulated content.
fn verify(message: &[u8]) -> Result<smime::signed::VerifiedSigner, Reason> {
    let signed = SignedData::parse(message).unwrap();
    let content = signed.content().unwrap().to_vec();
    verify_signer(&signed, 0, &content, &[])
}
