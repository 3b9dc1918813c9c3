//! Wycheproof vectors inside whole messages: what the CMS layer makes of them (corpora/wycheproof). Each file of the
//! archive is bound here, or its test says why CMS has no place for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeMap;

use aes_gcm::aead::{AeadInOut, KeyInit};
use const_oid::ObjectIdentifier;
use serde_json::Value;
use sha2::{Digest, Sha256};
use smime::ber::write;
use smime::enveloped::{DecryptError, DecryptionKey, SharedSecret, decrypt, decrypt_shared};
use smime::key::{DigestAlgorithm, PrivateKey, PublicKey};
use smime::signed::{SignedData, VerifiedSigner, verify_signer};
use smime::verdict::Reason;
use smime::{Certificate, SignatureAlgorithm, oid};
use support::{OsRandom, corpus, expected};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nFor your eyes only.\r\n";
const NONCE: [u8; 12] = [0x17; 12];

/// The vectors; `None` after saying so when the corpus is absent.
struct Vectors {
    folder: tempfile::TempDir,
    counts: BTreeMap<String, usize>,
}

impl Vectors {
    fn open() -> Option<Self> {
        let corpus = corpus("wycheproof")?;
        let folder = tempfile::tempdir().unwrap();
        let archive = corpus.join("wycheproof-share.tar.gz");
        let unpacked =
            std::process::Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(folder.path()).status();
        assert!(unpacked.unwrap().success());
        let count = |details: &str| details.split(['=', ' ']).nth(1).unwrap().parse().unwrap();
        let counts =
            expected(&corpus).into_iter().map(|(file, _, details)| (file, count(&details))).collect();
        Some(Vectors { folder, counts })
    }

    /// Runs every test of a file, with its group; all that the table counts.
    fn run(&self, file: &str, mut run: impl FnMut(&Value, &Value)) {
        let json = std::fs::read(self.folder.path().join("wycheproof").join(file)).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        let mut seen = 0;
        for group in json["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                run(group, test);
                seen += 1;
            }
        }
        assert_eq!(seen, self.counts[file], "{file}");
    }
}

fn hex(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

/// `acceptable` allows both.
fn judge(test: &Value, right: bool) {
    match test["result"].as_str().unwrap() {
        "valid" => assert!(right, "{}: {}", test["tcId"], test["comment"]),
        "invalid" => assert!(!right, "{}: {}", test["tcId"], test["comment"]),
        _ => {}
    }
}

/// A certificate around any SubjectPublicKeyInfo; nobody signed it.
fn certificate(spki: &[u8]) -> Certificate {
    let ecdsa = write::algorithm(&oid::ECDSA_SHA256, &[]);
    let name = write::sequence(&[&write::set_of(vec![write::sequence(&[
        &write::oid(&oid::COMMON_NAME),
        &write::utf8_string("vector"),
    ])])]);
    let validity =
        [0, 4_000_000_000].map(|seconds| write::time(smime::UnixTime::from_secs(seconds))).concat();
    let version = write::context(0, &[&write::small(2)]);
    let fields = [&version[..], &write::small(7), &ecdsa, &name, &write::tlv(0x30, &validity), &name, spki];
    let tbs = write::sequence(&fields);
    Certificate::from_der(&write::sequence(&[&tbs, &ecdsa, &write::bit_string(&[0; 8])])).unwrap()
}

fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    write::sequence(&[certificate.issuer_der(), &write::integer(certificate.serial())])
}

fn content_info(kind: &ObjectIdentifier, fields: &[&[u8]]) -> Vec<u8> {
    write::sequence(&[&write::oid(kind), &write::context(0, &[&write::sequence(fields)])])
}

/// Ciphertext and tag under AES-GCM with a key of 16, 24 or 32 octets.
fn seal(key: &[u8]) -> (ObjectIdentifier, Vec<u8>, Vec<u8>) {
    type Aes192Gcm = aes_gcm::AesGcm<aes::Aes192, aes_gcm::aead::consts::U12>;
    let mut content = CONTENT.to_vec();
    let buffer = content.as_mut_slice().into();
    let (kind, tag) = match key.len() {
        16 => (
            oid::AES128_GCM,
            aes_gcm::Aes128Gcm::new_from_slice(key).unwrap().encrypt_inout_detached(
                &NONCE.into(),
                &[],
                buffer,
            ),
        ),
        24 => (
            oid::AES192_GCM,
            Aes192Gcm::new_from_slice(key).unwrap().encrypt_inout_detached(&NONCE.into(), &[], buffer),
        ),
        _ => (
            oid::AES256_GCM,
            aes_gcm::Aes256Gcm::new_from_slice(key).unwrap().encrypt_inout_detached(
                &NONCE.into(),
                &[],
                buffer,
            ),
        ),
    };
    (kind, content, tag.unwrap().to_vec())
}

/// An AuthEnvelopedData for one recipient; `nonce`, ciphertext and tag as given.
fn auth_enveloped(
    recipient: &[u8],
    cipher: &ObjectIdentifier,
    nonce: &[u8],
    sealed: &[u8],
    tag: &[u8],
) -> Vec<u8> {
    let parameters = write::sequence(&[&write::octet_string(nonce), &write::small(16)]);
    let algorithm = write::algorithm(cipher, &parameters);
    let content =
        write::sequence(&[&write::oid(&oid::DATA), &algorithm, &write::context_primitive(0, sealed)]);
    let recipients = write::tlv(0x31, recipient);
    let fields = [&write::small(0)[..], &recipients, &content, &write::octet_string(tag)];
    content_info(&oid::AUTH_ENVELOPED_DATA, &fields)
}

/// The content key that a vector speaks of, when AES takes it; else another one.
fn content_key(message: &[u8]) -> (Vec<u8>, bool) {
    let fits = matches!(message.len(), 16 | 24 | 32);
    (if fits { message.to_vec() } else { vec![0xA5; 32] }, fits)
}

/// Opens a message for an RSA key: whether the content came out. Everything else is the one error.
fn opens(key: &DecryptionKey, algorithm: &[u8], encrypted: &[u8], message: &[u8]) -> bool {
    let (content_key, _) = content_key(message);
    let (cipher, sealed, tag) = seal(&content_key);
    let recipient = write::sequence(&[
        &write::small(0),
        &issuer_and_serial(&key.certificates[0]),
        algorithm,
        &write::octet_string(encrypted),
    ]);
    let sealed = auth_enveloped(&recipient, &cipher, &NONCE, &sealed, &tag);
    match decrypt(&sealed, std::slice::from_ref(key), &mut OsRandom) {
        Ok(decrypted) => decrypted.content.as_slice() == CONTENT,
        Err(error) => {
            assert_eq!(error, DecryptError::Failed);
            false
        }
    }
}

fn decryption_key(group: &Value) -> DecryptionKey {
    let key = PrivateKey::from_der(&hex(&group["privateKeyPkcs8"])).unwrap();
    DecryptionKey { certificates: vec![certificate(&key.public_key_der())], key }
}

#[test]
fn rsa_pkcs1_contents_open_or_fail_in_one_way() {
    let Some(vectors) = Vectors::open() else { return };
    let algorithm = write::algorithm(&oid::RSA, &write::null());
    let (mut opened, mut failed) = (0, 0);
    vectors.run("rsa_pkcs1_2048_test.json", |group, test| {
        let message = hex(&test["msg"]);
        let right = opens(&decryption_key(group), &algorithm, &hex(&test["ct"]), &message);
        // A key of another length is as wrong as a wrong padding.
        assert_eq!(right, test["result"] == "valid" && content_key(&message).1, "{}", test["tcId"]);
        if right { opened += 1 } else { failed += 1 }
    });
    println!("RSA PKCS#1: {opened} opened, {failed} failed in the same way");
}

fn oaep(group: &Value, label: &[u8]) -> Option<Vec<u8>> {
    let digest = |field: &str| {
        Some(match group[field].as_str().unwrap() {
            "SHA-1" => oid::SHA1,
            "SHA-224" => oid::SHA224,
            "SHA-256" => oid::SHA256,
            "SHA-384" => oid::SHA384,
            "SHA-512" => oid::SHA512,
            _ => return None,
        })
    };
    let identifier = |digest: ObjectIdentifier| write::algorithm(&digest, &write::null());
    let source = write::algorithm(&oid::P_SPECIFIED, &write::octet_string(label));
    let parameters = write::sequence(&[
        &write::context(0, &[&identifier(digest("sha")?)]),
        &write::context(1, &[&write::algorithm(&oid::MGF1, &identifier(digest("mgfSha")?))]),
        &write::context(2, &[&source]),
    ]);
    Some(write::algorithm(&oid::RSA_OAEP, &parameters))
}

#[test]
fn rsa_oaep_contents_open_or_fail_in_one_way() {
    let Some(vectors) = Vectors::open() else { return };
    let files: Vec<&String> = vectors.counts.keys().filter(|file| file.contains("oaep")).collect();
    assert_eq!(files.len(), 12);
    let (mut opened, mut failed) = (0, 0);
    for file in files {
        vectors.run(file, |group, test| {
            let Some(algorithm) = oaep(group, &hex(&test["label"])) else {
                // SHA-512/224: nobody writes it into mail, and it is not known here.
                assert!(file.contains("512_224"));
                return;
            };
            let Ok(_) = PrivateKey::from_der(&hex(&group["privateKeyPkcs8"])) else {
                // A key of three primes is not imported.
                assert!(file.contains("three_primes"));
                return;
            };
            let message = hex(&test["msg"]);
            let right = opens(&decryption_key(group), &algorithm, &hex(&test["ct"]), &message);
            assert_eq!(
                right,
                test["result"] == "valid" && content_key(&message).1,
                "{file} {}",
                test["tcId"]
            );
            if right { opened += 1 } else { failed += 1 }
        });
    }
    println!("RSA OAEP: {opened} opened, {failed} failed in the same way");
    assert!(opened > 0 && failed > 100);
}

/// A message whose content key is wrapped under what the shared secret gives.
fn agreed(key: &DecryptionKey, originator: &[u8], kek: &[u8], scheme: &ObjectIdentifier) -> Vec<u8> {
    let content_key = [0x33; 32];
    let mut wrapped = vec![0; 40];
    aes_kw::KwAes256::new_from_slice(kek).unwrap().wrap_key(&content_key, &mut wrapped).unwrap();
    let (cipher, sealed, tag) = seal(&content_key);
    let wrap = write::algorithm(&oid::AES256_WRAP, &[]);
    let encrypted =
        write::sequence(&[&issuer_and_serial(&key.certificates[0]), &write::octet_string(&wrapped)]);
    let fields = [
        write::small(3),
        write::context(0, &[originator]),
        write::algorithm(scheme, &wrap),
        write::sequence(&[&encrypted]),
    ];
    let recipient = write::context(1, &fields.each_ref().map(Vec::as_slice));
    auth_enveloped(&recipient, &cipher, &NONCE, &sealed, &tag)
}

/// ECC-CMS-SharedInfo for AES-256 key wrap without user keying material (RFC 5753 section 7.2).
fn shared_info() -> Vec<u8> {
    let wrap = write::algorithm(&oid::AES256_WRAP, &[]);
    write::sequence(&[&wrap, &write::context(2, &[&write::octet_string(&[0, 0, 1, 0])])])
}

/// The message opens when our private key and the originator's key agree on the vector's shared secret.
fn ecdh_opens(key: &PrivateKey, originator: &[u8], shared: &[u8]) -> bool {
    let key = PrivateKey::from_der(&key.to_pkcs8_der()).unwrap();
    let key = DecryptionKey { certificates: vec![certificate(&key.public_key_der())], key };
    let kek = Sha256::digest([shared, &[0, 0, 0, 1], &shared_info()].concat());
    let message = agreed(&key, originator, &kek, &oid::ECDH_SHA256KDF);
    match decrypt(&message, &[key], &mut OsRandom) {
        Ok(decrypted) => decrypted.content.as_slice() == CONTENT,
        Err(_) => false,
    }
}

fn ec_key(inner: &[u8]) -> Option<PrivateKey> {
    let inner = write::sequence(&[&write::small(1), &write::octet_string(inner)]);
    let algorithm = write::algorithm(&oid::EC_PUBLIC_KEY, &write::oid(&oid::P256));
    PrivateKey::from_der(&write::sequence(&[&write::small(0), &algorithm, &write::octet_string(&inner)])).ok()
}

/// OriginatorPublicKey from a SubjectPublicKeyInfo: the same fields under `[1]`.
fn originator(spki: &[u8]) -> Option<Vec<u8>> {
    (spki.first() == Some(&0x30)).then(|| [&[0xA1], &spki[1..]].concat())
}

fn point_originator(point: &[u8]) -> Vec<u8> {
    let algorithm = write::algorithm(&oid::EC_PUBLIC_KEY, &[]);
    write::context(1, &[&algorithm, &write::bit_string(point)])
}

fn pem(text: &Value) -> Option<Vec<u8>> {
    let body = text.as_str().unwrap().split_once("-----\n")?.1.split_once("\n-----END")?.0;
    data_encoding::BASE64.decode(body.replace('\n', "").as_bytes()).ok()
}

#[test]
fn ecdh_contents_open_under_the_shared_secret_only() {
    let Some(vectors) = Vectors::open() else { return };
    vectors.run("ecdh_secp256r1_ecpoint_test.json", |_, test| {
        let key = ec_key(&hex(&test["private"])).unwrap();
        judge(test, ecdh_opens(&key, &point_originator(&hex(&test["public"])), &hex(&test["shared"])));
    });
    vectors.run("ecdh_secp256r1_test.json", |_, test| {
        let key = ec_key(&hex(&test["private"])).unwrap();
        let found = originator(&hex(&test["public"]));
        judge(test, found.is_some_and(|found| ecdh_opens(&key, &found, &hex(&test["shared"]))));
    });
    vectors.run("ecdh_secp256r1_pem_test.json", |_, test| {
        let key = PrivateKey::from_pem(test["private"].as_str().unwrap().as_bytes()).unwrap();
        let found = pem(&test["public"]).and_then(|spki| originator(&spki));
        judge(test, found.is_some_and(|found| ecdh_opens(&key, &found, &hex(&test["shared"]))));
    });
    // JSON Web Keys are no form of CMS: their numbers are.
    let number =
        |value: &Value| data_encoding::BASE64URL_NOPAD.decode(value.as_str().unwrap_or("!").as_bytes()).ok();
    vectors.run("ecdh_secp256r1_webcrypto_test.json", |_, test| {
        let (public, private) = (&test["public"], &test["private"]);
        let is_p256 = public["crv"] == "P-256" && private["crv"] == "P-256";
        let found = || {
            let (x, y, d) = (number(&public["x"])?, number(&public["y"])?, number(&private["d"])?);
            let point = [&[4], &x[..], &y].concat();
            Some(ecdh_opens(&ec_key(&d)?, &point_originator(&point), &hex(&test["shared"])))
        };
        judge(test, is_p256 && found() == Some(true));
    });
}

#[test]
fn x25519_contents_open_under_the_shared_secret_only() {
    let Some(vectors) = Vectors::open() else { return };
    let mut of_small_order = 0;
    vectors.run("x25519_test.json", |_, test| {
        let prefix = [0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 4, 0x22, 4, 0x20];
        let key = PrivateKey::from_der(&[&prefix[..], &hex(&test["private"])].concat()).unwrap();
        let key = DecryptionKey { certificates: vec![certificate(&key.public_key_der())], key };
        let shared = hex(&test["shared"]);
        let mut kek = [0; 32];
        hkdf::Hkdf::<Sha256>::new(None, &shared).expand(&shared_info(), &mut kek).unwrap();
        let public = write::bit_string(&hex(&test["public"]));
        let found = write::context(1, &[&write::algorithm(&oid::X25519, &[]), &public]);
        let message = agreed(&key, &found, &kek, &oid::ECDH_HKDF_SHA256);
        let opened = decrypt(&message, &[key], &mut OsRandom).map(|decrypted| decrypted.content.to_vec());
        // A secret of zero is refused (RFC 8418 section 4): anybody could compute it.
        if shared.iter().all(|octet| *octet == 0) {
            assert_eq!(opened, Err(DecryptError::Failed));
            of_small_order += 1;
        } else {
            assert_eq!(opened, Ok(CONTENT.to_vec()), "{}", test["tcId"]);
        }
    });
    assert!(of_small_order > 0);
}

/// KEKRecipientInfo with the vector's key and wrapped key.
fn kek_message(wrap: &ObjectIdentifier, wrapped: &[u8], content_key: &[u8]) -> Vec<u8> {
    let (cipher, sealed, tag) = seal(content_key);
    let fields = [
        write::small(4),
        write::sequence(&[&write::octet_string(b"kek")]),
        write::algorithm(wrap, &[]),
        write::octet_string(wrapped),
    ];
    let recipient = write::context(2, &fields.each_ref().map(Vec::as_slice));
    auth_enveloped(&recipient, &cipher, &NONCE, &sealed, &tag)
}

#[test]
fn wrapped_content_keys_open_or_fail_in_one_way() {
    let Some(vectors) = Vectors::open() else { return };
    let mut opened = 0;
    vectors.run("aes_wrap_test.json", |group, test| {
        let wrap = match group["keySize"].as_u64().unwrap() {
            128 => oid::AES128_WRAP,
            192 => oid::AES192_WRAP,
            _ => oid::AES256_WRAP,
        };
        let (kek, message) = (hex(&test["key"]), hex(&test["msg"]));
        let (content_key, fits) = content_key(&message);
        let secret = SharedSecret::KeyEncryptionKey { identifier: b"kek", key: &kek };
        let found = decrypt_shared(&kek_message(&wrap, &hex(&test["ct"]), &content_key), &secret);
        match found {
            Ok(decrypted) => {
                assert_eq!(decrypted.content.as_slice(), CONTENT);
                judge(test, true);
                opened += 1;
            }
            Err(error) => {
                assert_eq!(error, DecryptError::Failed);
                assert!(test["result"] != "valid" || !fits, "{}", test["tcId"]);
            }
        }
    });
    assert!(opened > 10, "{opened}");
    // Wrapping with padding (RFC 5649) is for keys whose length is no multiple of eight: no content cipher has one,
    // and S/MIME doesn't name it. It is not known here.
    let padded: ObjectIdentifier = "2.16.840.1.101.3.4.1.48".parse().unwrap();
    vectors.run("aes_kwp_test.json", |_, test| {
        let kek = hex(&test["key"]);
        let secret = SharedSecret::KeyEncryptionKey { identifier: b"kek", key: &kek };
        let found = decrypt_shared(&kek_message(&padded, &hex(&test["ct"]), &[1; 32]), &secret);
        assert_eq!(found.unwrap_err(), DecryptError::Unsupported);
    });
}

#[test]
fn contents_under_gcm_and_cbc_open_as_listed() {
    let Some(vectors) = Vectors::open() else { return };
    let (mut run, mut long_nonces, mut associated) = (0, 0, 0);
    vectors.run("aes_gcm_test.json", |group, test| {
        let key = hex(&test["key"]);
        let kek = [9; 32];
        let mut wrapped = vec![0; key.len() + 8];
        aes_kw::KwAes256::new_from_slice(&kek).unwrap().wrap_key(&key, &mut wrapped).unwrap();
        let fields = [
            write::small(4),
            write::sequence(&[&write::octet_string(b"kek")]),
            write::algorithm(&oid::AES256_WRAP, &[]),
            write::octet_string(&wrapped),
        ];
        let recipient = write::context(2, &fields.each_ref().map(Vec::as_slice));
        let cipher = match key.len() {
            16 => oid::AES128_GCM,
            24 => oid::AES192_GCM,
            _ => oid::AES256_GCM,
        };
        let message =
            auth_enveloped(&recipient, &cipher, &hex(&test["iv"]), &hex(&test["ct"]), &hex(&test["tag"]));
        let secret = SharedSecret::KeyEncryptionKey { identifier: b"kek", key: &kek };
        let opened = decrypt_shared(&message, &secret).map(|decrypted| decrypted.content.to_vec());
        if group["ivSize"] != 96 {
            // Nonces have 12 octets (RFC 5084 section 3.2 recommends them, nobody writes others).
            assert_eq!(opened, Err(DecryptError::Unsupported));
            long_nonces += 1;
        } else if test["aad"] != "" {
            // Authenticated attributes are what CMS associates, nothing free: without them the tag is wrong.
            assert_eq!(opened, Err(DecryptError::Failed));
            associated += 1;
        } else {
            judge(test, opened == Ok(hex(&test["msg"])));
            run += 1;
        }
    });
    println!("AES-GCM: {run} run, {long_nonces} with other nonces, {associated} with associated data");
    vectors.run("aes_cbc_pkcs5_test.json", |_, test| {
        let key = hex(&test["key"]);
        let cipher = match key.len() {
            16 => oid::AES128_CBC,
            24 => oid::AES192_CBC,
            _ => oid::AES256_CBC,
        };
        let algorithm = write::algorithm(&cipher, &write::octet_string(&hex(&test["iv"])));
        let ciphertext = write::context_primitive(0, &hex(&test["ct"]));
        let content = write::sequence(&[&write::oid(&oid::DATA), &algorithm, &ciphertext]);
        let message = content_info(&oid::ENCRYPTED_DATA, &[&write::small(0), &content]);
        let opened = decrypt_shared(&message, &SharedSecret::ContentKey(&key));
        let opened = opened.map(|decrypted| decrypted.content.to_vec());
        judge(test, opened == Ok(hex(&test["msg"])));
        assert!(opened.is_ok() || opened == Err(DecryptError::Failed));
    });
}

/// A SignedData without signed attributes: the signature is over the content itself.
fn verify(
    spki: &[u8],
    digest: DigestAlgorithm,
    algorithm: &[u8],
    content: &[u8],
    signature: &[u8],
) -> Result<VerifiedSigner, Reason> {
    let certificate = certificate(spki);
    let digest = digest.algorithm_identifier_der();
    let info = write::sequence(&[
        &write::small(1),
        &issuer_and_serial(&certificate),
        &digest,
        algorithm,
        &write::octet_string(signature),
    ]);
    let inside =
        write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(content)])]);
    let message = content_info(
        &oid::SIGNED_DATA,
        &[
            &write::small(1),
            &write::set_of(vec![digest]),
            &inside,
            &write::tlv(0xA0, certificate.der()),
            &write::set_of(vec![info]),
        ],
    );
    verify_signer(&SignedData::parse(&message).unwrap(), 0, content, &[])
}

#[test]
fn signatures_hold_or_are_bad_in_whole_messages() {
    let Some(vectors) = Vectors::open() else { return };
    for (file, algorithm, digest) in [
        ("ecdsa_secp256r1_sha256_test.json", SignatureAlgorithm::EcdsaP256Sha256, DigestAlgorithm::Sha256),
        ("rsa_signature_2048_sha256_test.json", SignatureAlgorithm::RsaPkcs1Sha256, DigestAlgorithm::Sha256),
        ("ed25519_test.json", SignatureAlgorithm::Ed25519, DigestAlgorithm::Sha512),
    ] {
        let identifier = algorithm.algorithm_identifier_der();
        vectors.run(file, |group, test| {
            let spki = hex(&group["publicKeyDer"]);
            let found = verify(&spki, digest, &identifier, &hex(&test["msg"]), &hex(&test["sig"]));
            judge(test, found.is_ok());
            assert!(found.is_ok() || found.unwrap_err() == Reason::BadSignature, "{file} {}", test["tcId"]);
        });
    }
}

#[test]
fn rsa_signatures_are_made_as_listed() {
    let Some(vectors) = Vectors::open() else { return };
    let (mut made, mut refused) = (0, 0);
    for bits in [1024, 1536, 2048, 3072, 4096] {
        vectors.run(&format!("rsa_pkcs1_{bits}_sig_gen_test.json"), |group, test| {
            let (digest, algorithm) = match group["sha"].as_str().unwrap() {
                "SHA-1" => (DigestAlgorithm::Sha1, None),
                "SHA-224" => (DigestAlgorithm::Sha224, None),
                "SHA-256" => (DigestAlgorithm::Sha256, Some(SignatureAlgorithm::RsaPkcs1Sha256)),
                "SHA-384" => (DigestAlgorithm::Sha384, Some(SignatureAlgorithm::RsaPkcs1Sha384)),
                "SHA-512" => (DigestAlgorithm::Sha512, Some(SignatureAlgorithm::RsaPkcs1Sha512)),
                // SHA-512/224, SHA-512/256 and SHA-3 are no digests of S/MIME.
                _ => return,
            };
            let (message, signature) = (hex(&test["msg"]), hex(&test["sig"]));
            let spki = hex(&group["keyDer"]);
            let identifier = write::algorithm(&oid::RSA, &write::null());
            // Odd exponents and keys that are not read make no certificate that verifies.
            if PublicKey::from_spki(&spki).is_ok() {
                let verified = verify(&spki, digest, &identifier, &message, &signature).unwrap();
                assert_eq!(verified.weakness().is_some(), bits < 2048 || digest == DigestAlgorithm::Sha1);
            }
            let key = PrivateKey::from_der(&hex(&group["privateKeyPkcs8"]));
            let ours = key.ok().zip(algorithm);
            match ours.and_then(|(key, algorithm)| key.sign(algorithm, &message, &mut OsRandom).ok()) {
                Some(ours) => {
                    assert_eq!(ours, signature, "{bits} {}", test["tcId"]);
                    made += 1;
                }
                None => {
                    // Short keys and weak digests are for reading.
                    assert!(bits < 2048 || algorithm.is_none() || test["result"] == "acceptable");
                    refused += 1;
                }
            }
        });
    }
    assert!(made >= 60, "{made} made, {refused} refused");
}

/// HKDF stands in CMS with fixed salts and a key agreement before it, so that its free vectors run against the
/// function itself (`enveloped::wycheproof`), and those with SHA-1, which no scheme names, not at all.
#[test]
fn every_file_of_the_archive_is_bound_somewhere() {
    let Some(vectors) = Vectors::open() else { return };
    let sources = [include_str!("wycheproof.rs"), include_str!("../src/enveloped/wycheproof.rs")].concat();
    let is_bound = |file: &str| {
        sources.contains(file)
            || file.contains("_oaep_")
            || file.starts_with("rsa_pkcs1_") && file.ends_with("_sig_gen_test.json")
            || file == "hkdf_sha1_test.json"
    };
    assert!(vectors.counts.keys().all(|file| is_bound(file)));
    assert_eq!((vectors.counts.len(), vectors.counts.values().sum::<usize>()), (34, 5261));
}
