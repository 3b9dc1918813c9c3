//! Private key files: those of other programs are read, ours are read by OpenSSL; wrong keys are refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::ber::{self, write as der};
use smime::key::{KeyError, PublicKey};
use smime::pkcs8::{self, KeyFileError, PbeError, encrypt, read_all};
use smime::{KeyAlgorithm, PrivateKey, oid};
use support::{ED25519, Openssl, OsRandom, P256, P384, P521, RSA2048, X25519, corpus, expected};

/// The octets of a PEM block, or the file as it is.
fn unarmoured(file: &[u8]) -> Vec<u8> {
    let Some((_, body)) = std::str::from_utf8(file).ok().and_then(|text| text.split_once("-----BEGIN "))
    else {
        return file.to_vec();
    };
    let body = body.split_once("-----").unwrap().1.split_once("-----END").unwrap().0;
    data_encoding::BASE64.decode(body.replace(char::is_whitespace, "").as_bytes()).unwrap()
}

#[test]
fn keys_of_the_rustcrypto_tests_are_read() {
    let Some(folder) = corpus("rustcrypto-pkcs8") else { return };
    let reference = std::fs::read(folder.join("pkcs5/rsa_sk.pkcs8.der")).unwrap();
    let reference = PrivateKey::from_der(&reference).unwrap().to_pkcs8_der();
    let mut counts = std::collections::BTreeMap::new();
    for (file, outcome, details) in expected(&folder) {
        let octets = std::fs::read(folder.join(&file)).unwrap();
        let password = if file.starts_with("pkcs5/") { "hunter2" } else { "hunter42" };
        match outcome.as_str() {
            "PRIVATE" => {
                let keys =
                    read_all(&octets, Some(password)).unwrap_or_else(|error| panic!("{file}: {error}"));
                let [key] = keys.as_slice() else { panic!("{file}") };
                let named = match key.algorithm() {
                    KeyAlgorithm::Ed25519 => "Ed25519PrivateKey",
                    KeyAlgorithm::X25519 => "X25519PrivateKey",
                    KeyAlgorithm::P256 => "ECPrivateKey",
                    _ => "RSAPrivateKey",
                };
                if file.starts_with("pkcs5/") {
                    assert_eq!(key.to_pkcs8_der(), reference, "{file}");
                } else {
                    assert!(details.starts_with(named), "{file}: {details}");
                }
                if details.contains("password=") {
                    assert_eq!(
                        read_all(&octets, Some("wrong")).unwrap_err(),
                        KeyFileError::WrongPassword,
                        "{file}"
                    );
                    assert_eq!(read_all(&octets, None).unwrap_err(), KeyFileError::PasswordNeeded, "{file}");
                }
            }
            "PRIVATE-UNVERIFIED" => match read_all(&octets, Some(password)) {
                Ok(keys) => assert!(file.contains("pkcs8v2") && keys.len() == 1, "{file}"),
                Err(KeyFileError::Key(KeyError::Unsupported)) => assert!(file.starts_with("bign"), "{file}"),
                Err(KeyFileError::Encryption(PbeError::Unsupported(_))) => {
                    assert!(file.contains("gcm") || file.contains("-des-"), "{file}");
                }
                Err(error) => panic!("{file}: {error}"),
            },
            "PUBLIC" => {
                assert!(PublicKey::from_spki(&unarmoured(&octets)).is_ok(), "{file}");
                assert!(read_all(&octets, None).is_err(), "{file}");
            }
            "PBES2-DECRYPT" => {
                let algorithm =
                    std::fs::read(folder.join(file.replace("_ciphertext.bin", "_algid.der"))).unwrap();
                let info = der::sequence(&[&algorithm, &der::octet_string(&octets)]);
                assert_eq!(pkcs8::decrypt(&info, password).unwrap().to_pkcs8_der(), reference, "{file}");
            }
            "ALGID" => {
                // The reader has no use for parameters alone; that they are understood shows in the error.
                let info = der::sequence(&[&octets, &der::octet_string(&[0; 16])]);
                assert_eq!(
                    pkcs8::decrypt(&info, password).unwrap_err(),
                    KeyFileError::WrongPassword,
                    "{file}"
                );
            }
            other => panic!("{file}: {other}"),
        }
        *counts.entry(outcome).or_insert(0) += 1;
    }
    assert_eq!(counts.values().sum::<i32>(), 75, "{counts:?}");
}

#[test]
fn encrypted_keys_of_openssl_are_read() {
    let openssl = Openssl::new();
    openssl.identity("alice", P256);
    let plain = PrivateKey::from_pem(&openssl.read("alice.key")).unwrap().to_pkcs8_der();
    let legacy = "-provider legacy -provider default";
    let mut variants = vec![
        "-v1 PBE-SHA1-3DES".to_owned(),
        "-v1 PBE-SHA1-2DES".to_owned(),
        format!("{legacy} -v1 PBE-SHA1-RC2-128"),
        format!("{legacy} -v1 PBE-SHA1-RC2-40"),
        format!("{legacy} -v2 rc2-64-cbc"),
        "-v2 des3".to_owned(),
        "-scrypt".to_owned(),
        "-scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 3".to_owned(),
        "-v2 aes256 -iter 600000".to_owned(),
    ];
    for cipher in ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc"] {
        for prf in ["hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA256", "hmacWithSHA384", "hmacWithSHA512"] {
            variants.push(format!("-v2 {cipher} -v2prf {prf}"));
        }
    }
    for options in variants {
        for form in ["PEM", "DER"] {
            let command = format!("pkcs8 -topk8 -in alice.key -out out -outform {form} {options}");
            openssl.run(&(&command, ["-passout", "pass:密码 \u{1f511}"]));
            let octets = openssl.read("out");
            let keys = read_all(&octets, Some("密码 \u{1f511}"))
                .unwrap_or_else(|error| panic!("{options:?}: {error}"));
            assert_eq!(keys[0].to_pkcs8_der(), plain, "{options:?}");
            assert_eq!(
                read_all(&octets, Some("密码")).unwrap_err(),
                KeyFileError::WrongPassword,
                "{options:?}"
            );
        }
    }
    openssl.run(&format!("pkcs8 -topk8 -in alice.key -out out -passout pass:x {legacy} -v1 PBE-MD5-DES"));
    let refused = read_all(&openssl.read("out"), Some("x")).unwrap_err();
    assert!(matches!(refused, KeyFileError::Encryption(PbeError::Unsupported(_))), "{refused}");
}

#[test]
fn openssl_reads_the_keys_that_are_encrypted_here() {
    let openssl = Openssl::new();
    for kind in [RSA2048, P256, P384, P521, ED25519, X25519] {
        openssl.run(&("genpkey -out plain.pem", kind));
        let key = PrivateKey::from_pem(&openssl.read("plain.pem")).unwrap();
        openssl.write("plain.pem", pkcs8::to_pem(&key).as_bytes());
        let encrypted = encrypt(&key, "密码", 1000, &mut OsRandom).unwrap();
        openssl.write("ours.pem", pkcs8::encrypted_to_pem(&encrypted).as_bytes());
        let public = |file: &str| openssl.run(&format!("pkey -in {file} -passin pass:密码 -pubout"));
        assert_eq!(public("ours.pem"), public("plain.pem"));
        assert_eq!(read_all(&encrypted, Some("密码")).unwrap()[0].to_pkcs8_der(), key.to_pkcs8_der());
    }
    let shown = openssl.text("asn1parse -in ours.pem");
    for part in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":03E8"] {
        assert!(shown.contains(part), "{shown}");
    }
}

#[test]
fn files_with_several_keys_and_other_blocks_are_read() {
    let openssl = Openssl::new();
    for (name, kind) in [("alice", RSA2048), ("bob", P256)] {
        openssl.identity(name, kind);
    }
    let traditional = openssl.run("pkey -in bob.key -traditional");
    let file =
        [openssl.read("alice.crt"), openssl.read("alice.key"), b"\nB\xfcb:\n".to_vec(), traditional].concat();
    let kinds: Vec<_> = read_all(&file, None).unwrap().iter().map(PrivateKey::algorithm).collect();
    assert_eq!(kinds, [KeyAlgorithm::Rsa(2048), KeyAlgorithm::P256]);
    assert_eq!(read_all(&openssl.read("alice.crt"), None).unwrap_err(), KeyFileError::NoKey);
    for junk in [&b""[..], b"junk", b"\x00\x01"] {
        assert_eq!(read_all(junk, None).unwrap_err(), KeyFileError::NoKey);
    }
    openssl.run("rsa -in alice.key -traditional -aes128 -passout pass:x -out old.pem");
    let refused = read_all(&openssl.read("old.pem"), Some("x")).unwrap_err();
    assert_eq!(refused, KeyFileError::TraditionalEncryption);
    assert!(refused.to_string().contains("openssl pkcs8 -topk8"));
}

/// The numbers of an RSA key in PKCS#8.
fn rsa_numbers(pkcs8: &[u8]) -> Vec<Vec<u8>> {
    let mut fields = ber::sequence(pkcs8).unwrap();
    fields.any().unwrap();
    fields.any().unwrap();
    let mut numbers = ber::sequence(fields.any().unwrap().content()).unwrap();
    let mut all = Vec::new();
    while !numbers.is_empty() {
        all.push(numbers.any().unwrap().integer().unwrap().to_vec());
    }
    all
}

fn rsa_key(numbers: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = numbers.iter().map(|number| der::integer(number)).collect();
    der::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn an_rsa_key_whose_numbers_do_not_fit_is_refused() {
    let openssl = Openssl::new();
    let key = openssl.identity("alice", RSA2048).key;
    let numbers = rsa_numbers(&key.to_pkcs8_der());
    assert_eq!(numbers.len(), 9);
    assert!(PrivateKey::from_der(&rsa_key(&numbers)).is_ok());
    // n, e, d, p, q, dp, dq, qinv: each changed in one bit that leaves it odd. The last three follow from the others
    // and are computed anew: gpgsm has written wrong ones, which OpenSSL's `rsa -check` finds in notmuch's test key.
    for position in 1..9 {
        let mut wrong = numbers.clone();
        let octet = wrong[position].len() / 2;
        wrong[position][octet] ^= 0x10;
        match PrivateKey::from_der(&rsa_key(&wrong)) {
            Ok(read) => {
                assert!(position > 5, "number {position}");
                assert_eq!(rsa_numbers(&read.to_pkcs8_der()), numbers);
            }
            Err(_) => assert!(position <= 5, "number {position}"),
        }
    }
    // A modulus that is one of the primes, and primes of one.
    let mut trivial = numbers.clone();
    trivial[4] = numbers[1].clone();
    trivial[5] = vec![1];
    assert!(PrivateKey::from_der(&rsa_key(&trivial)).is_err());
    for bits in [512, 768] {
        openssl.run(&format!("genrsa -out short.pem {bits}"));
        assert_eq!(PrivateKey::from_pem(&openssl.read("short.pem")).unwrap_err(), KeyError::TooShort);
    }
}

#[test]
fn a_foreign_public_key_beside_a_private_key_is_refused() {
    let openssl = Openssl::new();
    for kind in [P256, P384, P521, ED25519, X25519] {
        for name in ["alice", "bob"] {
            openssl.run(&format!("genpkey -out {name} {kind}"));
        }
        let alice = PrivateKey::from_pem(&openssl.read("alice")).unwrap();
        let bob = PrivateKey::from_pem(&openssl.read("bob")).unwrap();
        let bits = |key: &PrivateKey| {
            let spki = key.public_key_der();
            let mut fields = ber::sequence(&spki).unwrap();
            fields.any().unwrap();
            fields.any().unwrap().bits().unwrap().to_vec()
        };
        // PKCS#8 version 2 (RFC 5958): [1] IMPLICIT BIT STRING.
        let version_2 = |public: &[u8]| {
            let pkcs8 = alice.to_pkcs8_der();
            let mut fields = ber::sequence(&pkcs8).unwrap();
            fields.any().unwrap();
            let (algorithm, key) = (fields.any().unwrap().raw(), fields.any().unwrap().raw());
            let public = der::context_primitive(1, &[&[0], public].concat());
            der::sequence(&[&der::small(1), algorithm, key, &public])
        };
        assert!(PrivateKey::from_der(&version_2(&bits(&alice))).is_ok(), "{kind:?}");
        assert!(PrivateKey::from_der(&version_2(&bits(&bob))).is_err(), "{kind:?}");
    }
}

#[test]
fn costly_parameters_are_refused_at_once() {
    let encrypted = |derivation: &[u8]| {
        let cipher = der::algorithm(&oid::AES256_CBC, &der::octet_string(&[0; 16]));
        let algorithm = der::algorithm(&oid::PBES2, &der::sequence(&[derivation, &cipher]));
        der::sequence(&[&algorithm, &der::octet_string(&[0; 32])])
    };
    let scrypt = |n: u32, r: u32, p: u32| {
        let parameters =
            der::sequence(&[&der::octet_string(b"salt"), &der::small(n), &der::small(r), &der::small(p)]);
        encrypted(&der::algorithm(&oid::SCRYPT, &parameters))
    };
    let refused = |file: &[u8]| pkcs8::decrypt(file, "x").unwrap_err();
    for (n, r, p) in [(1 << 30, 8, 1), (1 << 20, 8, 1), (1 << 14, 8, 1 << 20), (2, u32::MAX, u32::MAX)] {
        assert_eq!(refused(&scrypt(n, r, p)), KeyFileError::Encryption(PbeError::TooCostly), "{n} {r} {p}");
    }
    // The lanes take memory as well: 128 MiB, and one block more than the 64 MiB that are allowed.
    for (n, r, p) in [(2, 1, 1 << 20), (2, 1, (1 << 19) - 1), (1 << 18, 2, 1), (4, 1 << 16, 5)] {
        assert_eq!(refused(&scrypt(n, r, p)), KeyFileError::Encryption(PbeError::TooCostly), "{n} {r} {p}");
    }
    for (n, r, p) in [(1000, 8, 1), (0, 8, 1), (1, 8, 1), (16, 0, 1), (16, 8, 0)] {
        assert_eq!(refused(&scrypt(n, r, p)), KeyFileError::Encryption(PbeError::Malformed), "{n} {r} {p}");
    }
    assert_eq!(refused(&scrypt(1 << 14, 8, 1)), KeyFileError::WrongPassword);
    let pbkdf2 = |rest: &[&[u8]]| {
        let parameters = der::sequence(&[&[&der::octet_string(b"salt")[..]], rest].concat());
        encrypted(&der::algorithm(&oid::PBKDF2, &parameters))
    };
    assert_eq!(refused(&pbkdf2(&[&der::small(1 << 31)])), KeyFileError::Encryption(PbeError::TooCostly));
    let key_length = |length| pbkdf2(&[&der::small(1), &der::small(length)]);
    assert_eq!(refused(&key_length(31)), KeyFileError::Encryption(PbeError::Malformed));
    assert_eq!(refused(&key_length(1 << 30)), KeyFileError::Encryption(PbeError::Malformed));
    assert_eq!(refused(&key_length(32)), KeyFileError::WrongPassword);
    let key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    assert_eq!(encrypt(&key, "x", 0, &mut OsRandom).unwrap_err(), PbeError::TooCostly);
}

#[test]
fn damaged_key_files_are_refused_and_never_panic() {
    let key = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let encrypted = encrypt(&key, "x", 1, &mut OsRandom).unwrap();
    let plain = key.to_pkcs8_der().to_vec();
    for file in [&encrypted, &plain] {
        for length in 0..file.len() {
            assert!(read_all(&file[..length], Some("x")).is_err(), "cut at {length}");
        }
        for position in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[position] ^= 1 << bit;
                // The version and an unused bit count may differ; never is it another key.
                if let Ok(keys) = read_all(&changed, Some("x")) {
                    assert_eq!(keys[0].public_key_der(), key.public_key_der(), "bit {bit} of {position}");
                }
            }
        }
    }
}

/// A derivation with scrypt counts as 5 of the 20 million iterations that a file may ask for.
#[test]
fn the_keys_of_one_file_share_its_work() {
    let openssl = Openssl::new();
    openssl.identity("alice", P256);
    openssl.run(
        "pkcs8 -topk8 -in alice.key -out key.pem -passout pass:x \
         -scrypt -scrypt_N 16 -scrypt_r 1 -scrypt_p 1",
    );
    let key = openssl.read("key.pem");
    assert_eq!(read_all(&key.repeat(4), Some("x")).unwrap().len(), 4);
    let too_costly = KeyFileError::Encryption(PbeError::TooCostly);
    assert_eq!(read_all(&key.repeat(5), Some("x")).unwrap_err(), too_costly);
    // Plain keys cost nothing, and the limit is a file's.
    let plain = openssl.read("alice.key");
    assert_eq!(read_all(&[key.repeat(4), plain.repeat(60)].concat(), Some("x")).unwrap().len(), 64);
    assert_eq!(read_all(&key.repeat(4), Some("x")).unwrap().len(), 4);
}

#[test]
fn more_keys_than_the_limit_are_refused() {
    let key = pkcs8::to_pem(&PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap());
    let file = |count: usize| key.repeat(count);
    assert_eq!(read_all(file(pkcs8::MAX_KEYS).as_bytes(), None).unwrap().len(), pkcs8::MAX_KEYS);
    let refused = read_all(file(pkcs8::MAX_KEYS + 1).as_bytes(), None).unwrap_err();
    assert_eq!(refused, KeyFileError::TooManyKeys);
}
