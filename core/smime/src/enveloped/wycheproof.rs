//! Wycheproof vectors against the primitives as they are used here (corpora/wycheproof).

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use serde_json::Value;

use super::agreement::{Kdf, Wrap, wrap_aes256};
use super::content::{self, Cipher};
use super::recipient::Recovery;
use crate::key::{DigestAlgorithm, KeyAlgorithm, PrivateKey, PublicKey};
use crate::oid;
use crate::vectors::{Counter, Wycheproof, octets, tests};

/// Compares what was found with the verdict of a test; `acceptable` allows both.
fn judge(file: &str, test: &Value, right: bool) {
    let case = &test["tcId"];
    match test["result"].as_str().unwrap() {
        "valid" => assert!(right, "{file} {case}: {}", test["comment"]),
        "invalid" => assert!(!right, "{file} {case}: {}", test["comment"]),
        _ => {}
    }
}

#[test]
fn aes_gcm() {
    let Some(vectors) = Wycheproof::open() else { return };
    let mut run = 0;
    for group in vectors.groups("aes_gcm_test.json") {
        // Nonces of other lengths are refused before this function (RFC 5084 section 3.2).
        if group["ivSize"] != 96 {
            continue;
        }
        let cipher = match group["keySize"].as_u64().unwrap() {
            128 => Cipher::Aes128Gcm,
            192 => Cipher::Aes192Gcm,
            _ => Cipher::Aes256Gcm,
        };
        for test in tests(&group) {
            let opened = content::open(
                cipher,
                &octets(&test["key"]),
                &octets(&test["iv"]),
                &octets(&test["aad"]),
                &octets(&test["ct"]),
                &octets(&test["tag"]),
            );
            judge("aes_gcm", test, opened.is_some_and(|opened| *opened == octets(&test["msg"])));
            run += 1;
        }
    }
    assert_eq!(run, 197);
}

#[test]
fn aes_cbc() {
    let Some(vectors) = Wycheproof::open() else { return };
    for group in vectors.groups("aes_cbc_pkcs5_test.json") {
        let cipher = match group["keySize"].as_u64().unwrap() {
            128 => Cipher::Aes128Cbc,
            192 => Cipher::Aes192Cbc,
            _ => Cipher::Aes256Cbc,
        };
        for test in tests(&group) {
            let content = content::open(
                cipher,
                &octets(&test["key"]),
                &octets(&test["iv"]),
                b"",
                &octets(&test["ct"]),
                b"",
            );
            judge("aes_cbc", test, content.is_some_and(|content| *content == octets(&test["msg"])));
        }
    }
}

#[test]
fn aes_wrap() {
    let Some(vectors) = Wycheproof::open() else { return };
    for group in vectors.groups("aes_wrap_test.json") {
        let wrap = match group["keySize"].as_u64().unwrap() {
            128 => Wrap::Aes128,
            192 => Wrap::Aes192,
            _ => Wrap::Aes256,
        };
        for test in tests(&group) {
            let (kek, key, wrapped) = (octets(&test["key"]), octets(&test["msg"]), octets(&test["ct"]));
            // RFC 3394 wraps at least two blocks; no content key is shorter.
            if key.len() < 16 && test["result"] == "invalid" {
                continue;
            }
            let unwrapped = wrap.unwrap(&kek, &wrapped);
            judge("aes_wrap", test, unwrapped.is_some_and(|unwrapped| *unwrapped == key));
            if wrap == Wrap::Aes256 && test["result"] == "valid" {
                assert_eq!(wrap_aes256(&kek, &key).unwrap(), wrapped);
            }
        }
    }
}

#[test]
fn hkdf() {
    let Some(vectors) = Wycheproof::open() else { return };
    for (file, digest) in [
        ("hkdf_sha256_test.json", DigestAlgorithm::Sha256),
        ("hkdf_sha384_test.json", DigestAlgorithm::Sha384),
        ("hkdf_sha512_test.json", DigestAlgorithm::Sha512),
    ] {
        let mut run = 0;
        for test in vectors.groups(file).iter().flat_map(tests) {
            // Key agreement uses no salt (RFC 8418 section 2.2).
            if test["salt"] != "" {
                continue;
            }
            let length = usize::try_from(test["size"].as_u64().unwrap()).unwrap();
            let derived = Kdf::Hkdf(digest).derive(&octets(&test["ikm"]), &octets(&test["info"]), length);
            judge(file, test, derived.is_some_and(|derived| *derived == octets(&test["okm"])));
            run += 1;
        }
        assert!(run > 5, "{file}: {run}");
    }
}

/// PKCS#8 of a P-256 scalar.
fn p256_key(scalar: &[u8]) -> Option<PrivateKey> {
    use crate::ber::write;
    let inner = write::sequence(&[&write::small(1), &write::octet_string(scalar)]);
    let algorithm = write::algorithm(&oid::EC_PUBLIC_KEY, &write::oid(&oid::P256));
    let pkcs8 = write::sequence(&[&write::small(0), &algorithm, &write::octet_string(&inner)]);
    PrivateKey::from_der(&pkcs8).ok()
}

#[test]
fn ecdh_p256() {
    let Some(vectors) = Wycheproof::open() else { return };
    for (file, point) in [("ecdh_secp256r1_test.json", false), ("ecdh_secp256r1_ecpoint_test.json", true)] {
        for test in vectors.groups(file).iter().flat_map(tests) {
            let key = p256_key(&octets(&test["private"])).unwrap();
            let public = if point {
                PublicKey::from_point(&oid::P256, &octets(&test["public"]))
            } else {
                PublicKey::from_spki(&octets(&test["public"]))
            };
            let shared = public.ok().and_then(|public| key.agree(&public));
            judge(file, test, shared.is_some_and(|shared| *shared == octets(&test["shared"])));
        }
    }
}

#[test]
fn x25519() {
    let Some(vectors) = Wycheproof::open() else { return };
    for test in vectors.groups("x25519_test.json").iter().flat_map(tests) {
        let prefix = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 4, 0x22, 4, 0x20];
        let key = PrivateKey::from_der(&[&prefix[..], &octets(&test["private"])].concat()).unwrap();
        let public = PublicKey::from_x25519(octets(&test["public"]).try_into().unwrap());
        let shared = key.agree(&public);
        let zero = octets(&test["shared"]).iter().all(|octet| *octet == 0);
        assert_eq!(shared.is_none(), zero, "a shared secret of zero is refused (RFC 8418 section 4)");
        if let Some(shared) = shared {
            assert_eq!(*shared, octets(&test["shared"]), "{}", test["tcId"]);
        }
    }
}

fn rsa_key(group: &Value) -> PrivateKey {
    PrivateKey::from_der(&octets(&group["privateKeyPkcs8"])).unwrap()
}

#[test]
fn rsa_oaep() {
    use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
    let Some(vectors) = Wycheproof::open() else { return };
    let digests: BTreeMap<&str, DigestAlgorithm> =
        [("SHA-1", Sha1), ("SHA-224", Sha224), ("SHA-256", Sha256), ("SHA-384", Sha384), ("SHA-512", Sha512)]
            .into();
    let rng: &mut dyn CryptoRng = &mut Counter(1);
    let mut run = 0;
    for (hash, mgf) in [
        ("sha1", "sha1"),
        ("sha224", "sha1"),
        ("sha224", "sha224"),
        ("sha256", "sha1"),
        ("sha256", "sha256"),
        ("sha384", "sha1"),
        ("sha384", "sha384"),
        ("sha512", "sha1"),
        ("sha512", "sha512"),
    ] {
        let file = format!("rsa_oaep_2048_{hash}_mgf1{mgf}_test.json");
        for group in vectors.groups(&file) {
            let key = rsa_key(&group);
            for test in tests(&group) {
                let recovery = Recovery::Oaep {
                    digest: digests[group["sha"].as_str().unwrap()],
                    mgf_digest: digests[group["mgfSha"].as_str().unwrap()],
                    label: octets(&test["label"]),
                };
                let message = recovery.content_key(&key, &octets(&test["ct"]), rng);
                judge(&file, test, message.is_some_and(|message| *message == octets(&test["msg"])));
                run += 1;
            }
        }
    }
    assert_eq!(run, 36 + 31 + 35 + 31 + 37 + 31 + 34 + 31 + 33);
}

#[test]
fn rsa_pkcs1_with_implicit_rejection() {
    let Some(vectors) = Wycheproof::open() else { return };
    let rng: &mut dyn CryptoRng = &mut Counter(1);
    for group in vectors.groups("rsa_pkcs1_2048_test.json") {
        let key = rsa_key(&group);
        for test in tests(&group) {
            let ciphertext = octets(&test["ct"]);
            let found = Recovery::Pkcs1.content_key(&key, &ciphertext, rng);
            let expected = octets(&test["msg"]);
            let right = found.as_ref().is_some_and(|found| **found == expected);
            // An invalid padding has a message too, the same each time, and never the one that stands in the file.
            let again = Recovery::Pkcs1.content_key(&key, &ciphertext, rng);
            assert_eq!(found, again, "{}", test["tcId"]);
            if test["result"] == "valid" {
                assert!(right, "{}", test["comment"]);
            } else if !expected.is_empty() {
                assert!(!right, "{}", test["comment"]);
            }
        }
    }
}

#[test]
fn signatures() {
    use crate::key::SignatureScheme;
    let Some(vectors) = Wycheproof::open() else { return };
    let mut run = 0;
    for (file, key_field) in [
        ("ecdsa_secp256r1_sha256_test.json", "publicKeyDer"),
        ("ed25519_test.json", "publicKeyDer"),
        ("rsa_signature_2048_sha256_test.json", "publicKeyDer"),
    ] {
        for group in vectors.groups(file) {
            let key = PublicKey::from_spki(&octets(&group[key_field])).unwrap();
            let scheme = match key.algorithm() {
                KeyAlgorithm::P256 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
                KeyAlgorithm::Ed25519 => SignatureScheme::Ed25519,
                _ => SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256),
            };
            for test in tests(&group) {
                let verified = key.verify(&scheme, &octets(&test["msg"]), &octets(&test["sig"]));
                judge(file, test, verified.is_ok());
                run += 1;
            }
        }
    }
    assert_eq!(run, 484 + 151 + 259);
}
