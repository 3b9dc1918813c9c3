//! Wrong keys, confusions, broken octets, limits.

use smime::ber::write;
use smime::key::SignatureAlgorithm;
use smime::oid;
use smime::signed::{SignError, SignRequest, SignedData, SignedDataError, prepare, verify_signer};
use smime::verdict::Reason;

use crate::support::{ED25519, Openssl, OsRandom, P256};
use crate::{CONTENT, request, sign, verify};

#[test]
fn a_key_is_asked_for_what_it_does_only() {
    use smime::key::DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    use smime::key::{KeyAlgorithm, KeyError};
    let rsa = KeyAlgorithm::Rsa(2048);
    for (key, digest, pss, expected) in [
        (rsa, None, false, Ok(SignatureAlgorithm::RsaPkcs1Sha256)),
        (rsa, Some(Sha384), false, Ok(SignatureAlgorithm::RsaPkcs1Sha384)),
        (rsa, Some(Sha512), false, Ok(SignatureAlgorithm::RsaPkcs1Sha512)),
        (rsa, None, true, Ok(SignatureAlgorithm::RsaPssSha256)),
        (rsa, Some(Sha384), true, Ok(SignatureAlgorithm::RsaPssSha384)),
        (rsa, Some(Sha512), true, Ok(SignatureAlgorithm::RsaPssSha512)),
        (KeyAlgorithm::P256, None, false, Ok(SignatureAlgorithm::EcdsaP256Sha256)),
        (KeyAlgorithm::P384, Some(Sha384), false, Ok(SignatureAlgorithm::EcdsaP384Sha384)),
        (KeyAlgorithm::P521, None, false, Ok(SignatureAlgorithm::EcdsaP521Sha512)),
        (KeyAlgorithm::Ed25519, Some(Sha512), false, Ok(SignatureAlgorithm::Ed25519)),
        (rsa, Some(Sha1), false, Err(KeyError::Unsupported)),
        (rsa, Some(Sha224), true, Err(KeyError::Unsupported)),
        (KeyAlgorithm::P256, Some(Sha512), false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::P256, None, true, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Ed25519, Some(Sha256), false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::X25519, None, false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Rsa(1024), None, false, Err(KeyError::WrongAlgorithm)),
        (KeyAlgorithm::Rsa(16_384), None, true, Err(KeyError::WrongAlgorithm)),
    ] {
        assert_eq!(SignatureAlgorithm::choose(key, digest, pss), expected, "{key:?} {digest:?} {pss}");
    }
}

#[test]
fn another_key_cannot_finish_a_signature() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let mallory = openssl.identity("mallory", P256);
    let request = request(&alice, SignatureAlgorithm::EcdsaP256Sha256, true);
    let prepared = prepare(&request).unwrap();
    let forged = mallory.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
    assert_eq!(prepared.finish(&forged).unwrap_err(), SignError::WrongKey);
    let wrong = SignRequest { algorithm: SignatureAlgorithm::Ed25519, ..request };
    assert_eq!(prepare(&wrong).unwrap_err(), SignError::WrongAlgorithm);
}

#[test]
fn signed_attributes_are_not_taken_for_content() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", P256);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::EcdsaP256Sha256, false));
    let original = SignedData::parse(&message).unwrap();
    let (attributes, signature) =
        (original.signers()[0].signed_attributes_der().unwrap(), original.signers()[0].signature());
    // The attributes as content, without attributes: mathematically the signature is right.
    let sha256 = write::algorithm(&oid::SHA256, &[]);
    let info = write::sequence(&[
        &write::small(1),
        &write::sequence(&[alice.certificate.issuer_der(), &write::integer(alice.certificate.serial())]),
        &sha256,
        &SignatureAlgorithm::EcdsaP256Sha256.algorithm_identifier_der(),
        &write::octet_string(signature),
    ]);
    let signed_data = write::sequence(&[
        &write::small(1),
        &write::set_of(vec![sha256]),
        &write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(attributes)])]),
        &write::tlv(0xA0, alice.certificate.der()),
        &write::tlv(0x31, &info),
    ]);
    let forged = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]);
    openssl.cms_verify(&forged, "-CAfile alice.crt -purpose any");
    assert_eq!(verify(&forged).unwrap_err(), Reason::AttributesInvalid);
}

#[test]
fn truncation_at_every_octet_is_an_error() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", ED25519);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::Ed25519, false));
    for length in 0..message.len() {
        assert_eq!(
            SignedData::parse(&message[..length]).unwrap_err(),
            SignedDataError::Malformed,
            "cut after {length} octets"
        );
    }
    assert_eq!(SignedData::parse(&[&message[..], &[0]].concat()).unwrap_err(), SignedDataError::Malformed);
}

#[test]
fn a_flipped_bit_never_verifies_over_other_content() {
    let openssl = Openssl::new();
    let alice = openssl.identity("alice", ED25519);
    let message = sign(&alice, &request(&alice, SignatureAlgorithm::Ed25519, false));
    for index in 0..message.len() {
        let mut altered = message.clone();
        altered[index] ^= 0x01;
        let Ok(signed) = SignedData::parse(&altered) else { continue };
        let content = signed.content().unwrap_or_default().to_vec();
        for signer in 0..signed.signers().len() {
            if let Ok(verified) =
                verify_signer(&signed, signer, &content, std::slice::from_ref(&alice.certificate))
            {
                assert_eq!(content, CONTENT, "octet {index}");
                assert_eq!(verified.certificate(), &alice.certificate);
            }
        }
    }
}

#[test]
fn limits_are_named() {
    let message = |certificates: usize, signers: usize| {
        let certificates = write::tlv(0xA0, &write::null().repeat(certificates));
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &certificates,
            &write::tlv(0x31, &write::sequence(&[]).repeat(signers)),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])])
    };
    assert!(SignedData::parse(&message(256, 0)).unwrap().certificates().is_empty());
    assert_eq!(SignedData::parse(&message(257, 0)).unwrap_err(), SignedDataError::Limit("256 certificates"));
    assert_eq!(SignedData::parse(&message(0, 1)).unwrap_err(), SignedDataError::Malformed);
    let mut nested = b"x".to_vec();
    for _ in 0..60 {
        nested = write::tlv(0x24, &nested);
    }
    let signed_data = write::sequence(&[
        &write::small(1),
        &write::set_of(vec![]),
        &write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&nested])]),
        &write::set_of(vec![]),
    ]);
    let deep = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]);
    assert_eq!(SignedData::parse(&deep).unwrap_err(), SignedDataError::Limit("48 levels of nesting"));
    let other = write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(b"")])]);
    assert_eq!(SignedData::parse(&other).unwrap_err(), SignedDataError::NotSignedData);
}
