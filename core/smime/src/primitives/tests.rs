//! Every vector through both backends: the same octets, and the same refusals.

use serde_json::Value;

use super::Backend;
use crate::key::{DigestAlgorithm, KeyAlgorithm, PrivateKey, PublicKey, SignatureAlgorithm, SignatureScheme};
use crate::vectors::{Counter, Wycheproof, hex, octets};

/// The backends of this build and machine; says which one is missing.
fn backends() -> Vec<Backend> {
    let (there, missing): (Vec<_>, Vec<_>) =
        [Backend::Pure, Backend::Accelerated].into_iter().partition(|backend| backend.is_available());
    for backend in missing {
        println!("SKIPPED: the {} backend is not compiled in, or not for this processor", backend.name());
    }
    there
}

#[test]
fn the_pure_backend_can_be_chosen_and_the_other_again() {
    assert!(Backend::Pure.choose());
    assert_eq!(Backend::chosen(), Backend::Pure);
    assert_eq!(Backend::Accelerated.choose(), Backend::Accelerated.is_available());
    if Backend::Accelerated.is_available() {
        assert_eq!(Backend::chosen(), Backend::Accelerated);
    }
    for backend in [Backend::Pure, Backend::Accelerated] {
        assert_eq!(Backend::from_name(backend.name()), Some(backend));
    }
    assert_eq!(Backend::from_name("fast"), None);
}

/// RFC 6979 appendix A.2.5: SHA-256 over "sample" and "test".
#[test]
fn p256_signatures_are_those_of_rfc_6979() {
    let scalar = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let key = p256::SecretKey::from_slice(&scalar).unwrap();
    for (message, r, s) in [
        (
            "sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            "test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ),
    ] {
        let hash = DigestAlgorithm::Sha256.digest(message.as_bytes()).try_into().unwrap();
        for backend in backends() {
            let signature = backend.p256_sign(&key, &hash).unwrap();
            let fixed = p256::ecdsa::Signature::from_der(&signature).unwrap().to_bytes();
            assert_eq!(fixed.as_slice(), [hex(r), hex(s)].concat(), "{}", backend.name());
        }
    }
}

/// RFC 6979 appendix A.2.5 names the public key; RFC 5903 section 8.1 has an exchange.
#[test]
fn p256_points_are_those_of_the_rfcs() {
    let key = |scalar| p256::SecretKey::from_slice(&hex(scalar)).unwrap();
    let i = key("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433");
    let r = key("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53");
    let shared = hex("d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de");
    for backend in backends() {
        let (public_i, public_r) = (backend.p256_public_key(&i), backend.p256_public_key(&r));
        assert_eq!(*backend.p256_agree(&i, &public_r), shared);
        assert_eq!(*backend.p256_agree(&r, &public_i), shared);
        let scalar = key("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
        let point = backend.p256_public_key(&scalar).to_sec1_bytes();
        assert_eq!(point[1..33], hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"));
    }
}

/// Keys, messages and digests of many kinds: both give the same signature, accept it, and refuse changed ones.
#[test]
fn p256_backends_agree_on_signatures_and_on_refusals() {
    let mut rng = Counter(5);
    for round in 0..40u8 {
        let key = p256_key(&mut rng);
        let public = key.public_key();
        let message = vec![round; usize::from(round) * 7];
        let hash = DigestAlgorithm::Sha256.digest(&message).try_into().unwrap();
        let signatures: Vec<_> = backends().iter().map(|backend| backend.p256_sign(&key, &hash)).collect();
        assert!(signatures.windows(2).all(|pair| pair[0] == pair[1]));
        let signature = signatures[0].clone().unwrap();
        let mut changed = signature.clone();
        *changed.last_mut().unwrap() ^= 1;
        for backend in backends() {
            let verify =
                |digest, message: &[u8], octets: &[u8]| backend.p256_verify(&public, digest, message, octets);
            assert!(verify(DigestAlgorithm::Sha256, &message, &signature));
            assert!(!verify(DigestAlgorithm::Sha256, &message, &changed));
            assert!(!verify(DigestAlgorithm::Sha256, b"another", &signature));
            assert!(!verify(DigestAlgorithm::Sha512, &message, &signature));
            assert!(!verify(DigestAlgorithm::Sha256, &message, &signature[..signature.len() - 1]));
        }
    }
}

/// The other digests: signed by the pure backend over the truncated digest, verified by both.
#[test]
fn p256_signatures_over_other_digests_verify_in_both() {
    use signature::hazmat::PrehashSigner;
    let key = p256_key(&mut Counter(9));
    for digest in [DigestAlgorithm::Sha224, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        let hash = digest.digest(b"sample");
        let signature: p256::ecdsa::Signature =
            p256::ecdsa::SigningKey::from(&key).sign_prehash(&hash).unwrap();
        for backend in backends() {
            let der = signature.to_der();
            assert!(backend.p256_verify(&key.public_key(), digest, b"sample", der.as_bytes()));
            assert!(!backend.p256_verify(&key.public_key(), digest, b"Sample", der.as_bytes()));
        }
    }
}

fn p256_key(rng: &mut Counter) -> p256::SecretKey {
    use p256::elliptic_curve::Generate;
    p256::SecretKey::generate_from_rng(rng)
}

/// SP 800-38D test case 16 of the GCM specification (AES-256, 60 octets, 20 octets of associated data), short tags, and
/// lengths around the blocks.
#[test]
fn aes_gcm_is_that_of_the_specification() {
    let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    let nonce = hex("cafebabefacedbaddecaf888").try_into().unwrap();
    let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let plain = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    let cipher = hex(concat!(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    ));
    let tag = hex("76fc6ece0f4e1768cddf8853bb2d551b");
    for backend in backends() {
        let mut content = plain.clone();
        assert_eq!(backend.aes_gcm_seal(&key, &nonce, &associated, &mut content).unwrap().to_vec(), tag);
        assert_eq!(content, cipher);
        for octets in 0..=17 {
            let mut content = cipher.clone();
            let mut tag = tag.clone();
            tag.resize(octets, 0);
            let opened = backend.aes_gcm_open(&key, &nonce, &associated, &mut content, &tag);
            assert_eq!(opened.is_some(), (12..=16).contains(&octets), "{} {octets}", backend.name());
            assert!(opened.is_none() || content == plain);
        }
        let mut content = cipher.clone();
        assert!(backend.aes_gcm_open(&key, &nonce, &associated[1..], &mut content, &tag).is_none());
        for length in [0, 1, 15, 17, 20, 31, 33] {
            assert!(backend.aes_gcm_seal(&vec![0; length], &nonce, b"", &mut []).is_none());
        }
    }
    for length in 0..200usize {
        for key in [&key[..16], &key[..24], &key[..]] {
            let sealed: Vec<_> = backends()
                .iter()
                .map(|backend| {
                    let mut content = vec![7; length];
                    let tag = backend.aes_gcm_seal(key, &nonce, &associated[..length % 20], &mut content);
                    (content, tag)
                })
                .collect();
            assert!(sealed.windows(2).all(|pair| pair[0] == pair[1]), "{length}");
        }
    }
}

#[test]
fn rsa_signatures_are_the_same_and_other_algorithms_are_refused() {
    let mut rng = Counter(3);
    let key = PrivateKey::generate(KeyAlgorithm::Rsa(2048), &mut rng).unwrap();
    let pkcs8 = key.to_pkcs8_der();
    let message = b"the message";
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPkcs1Sha384,
        SignatureAlgorithm::RsaPkcs1Sha512,
        SignatureAlgorithm::RsaPssSha256,
        SignatureAlgorithm::RsaPssSha384,
        SignatureAlgorithm::RsaPssSha512,
    ] {
        let signatures: Vec<_> = backends()
            .iter()
            .map(|backend| {
                let rsa = key.rsa().unwrap();
                backend.rsa_sign(rsa, &pkcs8, algorithm, message, &mut Counter(8)).unwrap()
            })
            .collect();
        // The salt of PSS and the blinding come from the same counter.
        assert!(signatures.windows(2).all(|pair| pair[0] == pair[1]));
        key.public_key().verify(&algorithm.scheme(), message, &signatures[0]).unwrap();
    }
    for backend in backends() {
        let rsa = key.rsa().unwrap();
        let signed = backend.rsa_sign(rsa, &pkcs8, SignatureAlgorithm::Ed25519, message, &mut rng);
        assert!(signed.is_none());
    }
}

fn judge(backend: Backend, test: &Value, right: bool) {
    let result = test["result"].as_str().unwrap();
    let said = format!("{} {}: {}", backend.name(), test["tcId"], test["comment"]);
    assert!(result == "acceptable" || (result == "valid") == right, "{said}");
}

#[test]
fn wycheproof_ecdsa_through_both_backends() {
    let Some(vectors) = Wycheproof::open() else { return };
    let cases = vectors.cases("ecdsa_secp256r1_sha256_test.json");
    assert_eq!(cases.len(), 484);
    for backend in backends() {
        for (group, test) in &cases {
            let key = PublicKey::from_spki(&octets(&group["publicKeyDer"])).unwrap();
            let (message, signature) = (octets(&test["msg"]), octets(&test["sig"]));
            let key = key.p256().unwrap();
            let hash = DigestAlgorithm::Sha256.digest(&message);
            let right = backend.p256_verify(key, DigestAlgorithm::Sha256, &message, &signature);
            judge(backend, test, right);
            assert_eq!(backend.p256_verify_digest(key, &hash, &signature), right);
        }
    }
}

#[test]
fn wycheproof_ecdh_through_both_backends() {
    let Some(vectors) = Wycheproof::open() else { return };
    let cases = vectors.cases("ecdh_secp256r1_test.json");
    assert!(cases.len() > 300);
    for backend in backends() {
        for (_, test) in &cases {
            // A leading zero octet, or missing ones: what key import evens out.
            let scalar = octets(&test["private"]);
            let padded = [vec![0; 33], scalar].concat();
            let key = p256::SecretKey::from_slice(&padded[padded.len() - 32..]).unwrap();
            let shared = PublicKey::from_spki(&octets(&test["public"]))
                .ok()
                .and_then(|public| public.p256().map(|public| backend.p256_agree(&key, public)));
            judge(backend, test, shared.is_some_and(|shared| *shared == octets(&test["shared"])));
        }
    }
}

#[test]
fn wycheproof_aes_gcm_through_both_backends() {
    let Some(vectors) = Wycheproof::open() else { return };
    let mut run = 0;
    for (group, test) in vectors.cases("aes_gcm_test.json") {
        let Ok(nonce) = octets(&test["iv"]).try_into() else { continue };
        assert_eq!(group["ivSize"], 96);
        let (key, associated) = (octets(&test["key"]), octets(&test["aad"]));
        for backend in backends() {
            let mut content = octets(&test["ct"]);
            let opened = backend.aes_gcm_open(&key, &nonce, &associated, &mut content, &octets(&test["tag"]));
            judge(backend, &test, opened.is_some() && content == octets(&test["msg"]));
            if test["result"] == "valid" {
                let tag = backend.aes_gcm_seal(&key, &nonce, &associated, &mut content).unwrap();
                assert_eq!((content, tag.to_vec()), (octets(&test["ct"]), octets(&test["tag"])));
            }
        }
        run += 1;
    }
    assert_eq!(run, 197);
}

#[test]
fn wycheproof_rsa_signatures_through_both_backends() {
    let Some(vectors) = Wycheproof::open() else { return };
    let cases = vectors.cases("rsa_pkcs1_2048_sig_gen_test.json");
    let mut run = 0;
    for (group, test) in &cases {
        let algorithm = match group["sha"].as_str().unwrap() {
            "SHA-256" => SignatureAlgorithm::RsaPkcs1Sha256,
            "SHA-384" => SignatureAlgorithm::RsaPkcs1Sha384,
            "SHA-512" => SignatureAlgorithm::RsaPkcs1Sha512,
            _ => continue,
        };
        let Ok(key) = PrivateKey::from_der(&octets(&group["privateKeyPkcs8"])) else {
            // The public exponent 3 is not imported.
            assert_eq!(test["result"], "acceptable");
            continue;
        };
        let message = octets(&test["msg"]);
        for backend in backends() {
            let rsa = key.rsa().unwrap();
            let signed =
                backend.rsa_sign(rsa, &key.to_pkcs8_der(), algorithm, &message, &mut Counter(1)).unwrap();
            judge(backend, test, signed == octets(&test["sig"]));
        }
        let scheme = SignatureScheme::RsaPkcs1(algorithm.digest());
        key.public_key().verify(&scheme, &message, &octets(&test["sig"])).unwrap();
        run += 1;
    }
    assert_eq!(run, 24);
}
