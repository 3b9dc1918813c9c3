//! Keys of OpenSSL are read here, and signatures are checked in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::key::{KeyAlgorithm, KeyError, PrivateKey, PublicKey, SignatureAlgorithm, SignatureScheme};
use support::{ED25519, Openssl, OsRandom, P256, P384, P521, RSA1024, RSA2048, X25519};

const GENERATED: [(&str, KeyAlgorithm); 6] = [
    (RSA2048, KeyAlgorithm::Rsa(2048)),
    (P256, KeyAlgorithm::P256),
    (P384, KeyAlgorithm::P384),
    (P521, KeyAlgorithm::P521),
    (ED25519, KeyAlgorithm::Ed25519),
    (X25519, KeyAlgorithm::X25519),
];

#[test]
fn keys_of_openssl_are_read_in_every_form() {
    let openssl = Openssl::new();
    for (arguments, algorithm) in GENERATED {
        openssl.run(&("genpkey -out key.pem", arguments));
        let key = PrivateKey::from_pem(&openssl.read("key.pem")).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        openssl.run("pkey -in key.pem -pubout -outform DER -out public.der");
        assert_eq!(key.public_key_der(), openssl.read("public.der"), "{algorithm:?}");
        let public = PublicKey::from_spki(&openssl.read("public.der")).unwrap();
        assert_eq!((public.algorithm(), public.to_spki()), (algorithm, openssl.read("public.der")));
        // The traditional forms: SEC1 and PKCS#1.
        if !matches!(algorithm, KeyAlgorithm::Ed25519 | KeyAlgorithm::X25519) {
            openssl.run("pkey -in key.pem -traditional -out traditional.pem");
            let again = PrivateKey::from_pem(&openssl.read("traditional.pem")).unwrap();
            assert_eq!(again.to_pkcs8_der(), key.to_pkcs8_der());
        }
    }
}

#[test]
fn openssl_reads_the_keys_that_are_generated() {
    let openssl = Openssl::new();
    for (_, algorithm) in GENERATED {
        let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        openssl.write("key.der", &key.to_pkcs8_der());
        openssl.run("pkey -inform DER -in key.der -pubout -outform DER -out public.der");
        assert_eq!(openssl.read("public.der"), key.public_key_der());
    }
}

#[test]
fn openssl_verifies_signatures_made_here() {
    let openssl = Openssl::new();
    openssl.write("message", b"Stand by");
    for (algorithm, signature_algorithm, arguments) in [
        (KeyAlgorithm::P256, SignatureAlgorithm::EcdsaP256Sha256, "-digest sha256"),
        (KeyAlgorithm::P384, SignatureAlgorithm::EcdsaP384Sha384, "-digest sha384"),
        (KeyAlgorithm::Rsa(2048), SignatureAlgorithm::RsaPkcs1Sha256, "-digest sha256"),
        (KeyAlgorithm::Rsa(2048), SignatureAlgorithm::RsaPkcs1Sha384, "-digest sha384"),
        (KeyAlgorithm::Rsa(2048), SignatureAlgorithm::RsaPkcs1Sha512, "-digest sha512"),
        (
            KeyAlgorithm::Rsa(2048),
            SignatureAlgorithm::RsaPssSha256,
            "-digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32",
        ),
        (KeyAlgorithm::Ed25519, SignatureAlgorithm::Ed25519, ""),
    ] {
        let key = PrivateKey::generate(algorithm, &mut OsRandom).unwrap();
        openssl.write("public.der", &key.public_key_der());
        openssl.write("signature", &key.sign(signature_algorithm, b"Stand by", &mut OsRandom).unwrap());
        let verify =
            "pkeyutl -verify -pubin -keyform DER -inkey public.der -in message -sigfile signature -rawin";
        openssl.run(&(verify, arguments));
    }
}

#[test]
fn signatures_of_openssl_verify_and_altered_ones_do_not() {
    use smime::key::DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    let openssl = Openssl::new();
    openssl.write("message", b"Stand by");
    for (arguments, algorithm) in GENERATED {
        openssl.run(&("genpkey -out key.pem", arguments));
        let key = PrivateKey::from_pem(&openssl.read("key.pem")).unwrap();
        let public = key.public_key();
        for digest in [Sha1, Sha224, Sha256, Sha384, Sha512] {
            let with_digest = format!("-digest {}", digest.name());
            let (scheme, options) = match algorithm {
                KeyAlgorithm::Rsa(_) => (SignatureScheme::RsaPkcs1(digest), with_digest.as_str()),
                KeyAlgorithm::Ed25519 => (SignatureScheme::Ed25519, ""),
                KeyAlgorithm::X25519 => continue,
                _ => (SignatureScheme::Ecdsa(digest), with_digest.as_str()),
            };
            openssl.run(&("pkeyutl -sign -rawin -inkey key.pem -in message -out signature", options));
            let signature = openssl.read("signature");
            assert_eq!(public.verify(&scheme, b"Stand by", &signature), Ok(()), "{algorithm:?} {digest:?}");
            assert_eq!(public.verify(&scheme, b"stand by", &signature), Err(KeyError::BadSignature));
            assert_eq!(public.verify(&scheme, b"Stand by", &[]), Err(KeyError::BadSignature));
            let mut altered = signature.clone();
            *altered.last_mut().unwrap() ^= 1;
            assert_eq!(public.verify(&scheme, b"Stand by", &altered), Err(KeyError::BadSignature));
        }
    }
}

#[test]
fn short_and_huge_rsa_keys_do_not_sign() {
    assert!(PrivateKey::generate(KeyAlgorithm::Rsa(1024), &mut OsRandom).is_err());
    assert!(PrivateKey::generate(KeyAlgorithm::Rsa(16384), &mut OsRandom).is_err());
    let openssl = Openssl::new();
    openssl.run(&("genpkey -out key.pem", RSA1024));
    let key = PrivateKey::from_pem(&openssl.read("key.pem")).unwrap();
    assert!(key.algorithm().is_weak());
    assert_eq!(
        key.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"", &mut OsRandom).unwrap_err(),
        KeyError::WrongAlgorithm
    );
}

/// 1017 bits fill as many octets as 1024.
#[test]
fn the_length_of_a_modulus_is_counted_in_bits() {
    let openssl = Openssl::new();
    for bits in [1017, 1023, 1024, 1025] {
        openssl.run(&format!("genpkey -out key.pem -algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"));
        let key = PrivateKey::from_pem(&openssl.read("key.pem")).map(|key| key.algorithm());
        let expected = if bits < 1024 { Err(KeyError::TooShort) } else { Ok(KeyAlgorithm::Rsa(bits)) };
        assert_eq!(key, expected, "{bits}");
    }
}

#[test]
fn truncated_and_altered_keys_are_refused_without_panic() {
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Ed25519] {
        let der = PrivateKey::generate(algorithm, &mut OsRandom).unwrap().to_pkcs8_der();
        for length in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..length]).is_err(), "{algorithm:?} {length}");
        }
        for index in 0..der.len() {
            let mut altered = der.clone();
            altered[index] ^= 0x10;
            let _ = PrivateKey::from_der(&altered);
        }
    }
    // A public key that is not the private key's.
    let one = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let other = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let (mut mixed, foreign) = (one.to_pkcs8_der(), other.public_key_der());
    let point = mixed.len() - 65;
    mixed[point..].copy_from_slice(&foreign[foreign.len() - 65..]);
    assert_eq!(PrivateKey::from_der(&mixed).unwrap_err(), KeyError::Malformed);
}

#[test]
fn encrypted_keys_in_a_pem_file_are_passed_over() {
    let openssl = Openssl::new();
    openssl.run("genpkey -out key.pem -algorithm ED25519");
    openssl.run("pkey -in key.pem -aes256 -passout pass:x -out encrypted.pem");
    let both = [openssl.read("encrypted.pem"), openssl.read("key.pem")].concat();
    assert_eq!(PrivateKey::from_pem(&both).unwrap().algorithm(), KeyAlgorithm::Ed25519);
    assert_eq!(PrivateKey::from_pem(&openssl.read("encrypted.pem")).unwrap_err(), KeyError::Malformed);
    assert!(!format!("{:?}", PrivateKey::from_pem(&both)).contains("secret"));
}
