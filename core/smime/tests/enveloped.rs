//! EnvelopedData and AuthEnvelopedData: OpenSSL decrypts what is encrypted here and the other way round; attacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::ber::{self, write};
use smime::enveloped::{
    ContentCipher, ContentEncryption, DecryptError, DecryptionKey, EncryptError, MAX_RECIPIENTS, Recipient,
    RsaTransport, SharedSecret, decrypt, decrypt_shared, encrypt,
};
use smime::key::KeyAlgorithm;
use smime::{Certificate, PrivateKey, oid};
use support::{ED25519, Identity, Openssl, OsRandom, P256, P384, P521, RSA2048};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nFor your eyes only.\r\n";

const CIPHERS: [(ContentCipher, &str); 4] = [
    (ContentCipher::Aes256Gcm, "aes-256-gcm"),
    (ContentCipher::Aes128Gcm, "aes-128-gcm"),
    (ContentCipher::Aes256Cbc, "aes-256-cbc"),
    (ContentCipher::Aes128Cbc, "aes-128-cbc"),
];

fn recipient(identity: &Identity, rsa: RsaTransport) -> Recipient {
    Recipient::Certificate { certificate: identity.certificate.clone(), rsa }
}

fn decryption_key(identity: &Identity) -> DecryptionKey {
    let key = PrivateKey::from_der(&identity.key.to_pkcs8_der()).unwrap();
    DecryptionKey { key, certificates: vec![identity.certificate.clone()] }
}

#[test]
fn openssl_decrypts_what_is_encrypted_here() {
    let openssl = Openssl::new();
    for (key, rsa) in [
        (RSA2048, RsaTransport::Pkcs1),
        (RSA2048, RsaTransport::OaepSha256),
        (P256, RsaTransport::Pkcs1),
        (P384, RsaTransport::Pkcs1),
        (P521, RsaTransport::Pkcs1),
    ] {
        let bob = openssl.identity("bob", key);
        for (cipher, name) in CIPHERS {
            for content in [CONTENT, b"", &[7; 16], &[0; 100_000]] {
                let output = openssl.cms_decrypt(
                    &encrypt(content, &[recipient(&bob, rsa)], cipher, &mut OsRandom).unwrap(),
                    "bob.crt",
                    "bob.key",
                );
                assert!(output == content, "{name} {rsa:?} {} octets", content.len());
            }
        }
    }
}

#[test]
fn what_openssl_encrypts_is_decrypted_here() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let oaep = ["-keyopt", "rsa_padding_mode:oaep"];
    let oaep_sha512 = [
        "-keyopt",
        "rsa_padding_mode:oaep",
        "-keyopt",
        "rsa_oaep_md:sha512",
        "-keyopt",
        "rsa_mgf1_md:sha224",
        "-keyopt",
        "rsa_oaep_label:0102",
    ];
    for (key, options, method) in [
        (RSA2048, &[][..], "rsa-pkcs1"),
        (RSA2048, &oaep, "rsa-oaep"),
        (RSA2048, &oaep_sha512, "rsa-oaep"),
        (P256, &[], "ecdh-p256"),
        (P256, &["-keyopt", "ecdh_kdf_md:sha256"], "ecdh-p256"),
        (P384, &["-keyopt", "ecdh_kdf_md:sha384"], "ecdh-p384"),
        (P521, &["-keyopt", "ecdh_kdf_md:sha512"], "ecdh-p521"),
    ] {
        let bob = openssl.identity("bob", key);
        for cipher in [
            "aes-256-gcm",
            "aes-192-gcm",
            "aes-128-gcm",
            "aes-256-cbc",
            "aes-192-cbc",
            "aes-128-cbc",
            "des-ede3-cbc",
        ] {
            for form in [&[][..], &["-stream"], &["-keyid"]] {
                let cipher_option = format!("-{cipher}");
                let arguments =
                    ["cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", "-out", "encrypted"];
                let recipient = [cipher_option.as_str(), "-recip", "bob.crt"];
                openssl.run(&[&arguments[..], form, &recipient, options].concat());
                let decrypted = decrypt(&openssl.read("encrypted"), &[decryption_key(&bob)], &mut OsRandom)
                    .unwrap_or_else(|error| panic!("{method} {cipher} {form:?}: {error}"));
                assert_eq!(decrypted.content.as_slice(), CONTENT);
                assert_eq!(decrypted.key_method, method);
                assert_eq!(decrypted.cipher, cipher.replace("des-ede3", "3des"));
                assert_eq!(decrypted.integrity, cipher.ends_with("gcm"));
                assert_eq!(decrypted.weak, cipher.starts_with("des"));
                assert_eq!(decrypted.content_type, oid::DATA);
            }
        }
    }
}

/// Cofactor agreement, and 3DES and AES wraps whatever the content cipher is.
#[test]
fn every_key_agreement_of_openssl_is_understood() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    for (key, method) in [(P256, "ecdh-p256"), (P384, "ecdh-p384"), (P521, "ecdh-p521")] {
        let bob = openssl.identity("bob", key);
        for digest in ["sha1", "sha224", "sha256", "sha384", "sha512"] {
            for cofactor in ["0", "1"] {
                let (digest, cofactor) =
                    (format!("ecdh_kdf_md:{digest}"), format!("ecdh_cofactor_mode:{cofactor}"));
                for wrap in ["-aes128-wrap", "-aes192-wrap", "-aes256-wrap", "-des3-wrap"] {
                    let arguments = [
                        "cms",
                        "-encrypt",
                        "-binary",
                        "-in",
                        "content",
                        "-outform",
                        "DER",
                        "-out",
                        "encrypted",
                        "-aes-256-cbc",
                        wrap,
                        "-recip",
                        "bob.crt",
                        "-keyopt",
                        &digest,
                        "-keyopt",
                        &cofactor,
                    ];
                    openssl.run(&arguments);
                    let message = openssl.read("encrypted");
                    let decrypted = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom)
                        .unwrap_or_else(|error| panic!("{method} {digest} {cofactor} {wrap}: {error}"));
                    assert_eq!(decrypted.content.as_slice(), CONTENT);
                    assert_eq!(decrypted.key_method, method);
                }
            }
        }
    }
}

/// Key-encryption keys, passwords and content keys, beside a recipient with a certificate.
#[test]
fn shared_secrets_of_openssl_open_its_messages() {
    let openssl = Openssl::new();
    openssl.write("content", CONTENT);
    let bob = openssl.identity("bob", RSA2048);
    let (kek, other) = ([0x3A; 32], [0x3B; 32]);
    let hex = data_encoding::HEXLOWER.encode(&kek);
    let by_key = |key| SharedSecret::KeyEncryptionKey { identifier: &[0xC0, 0xFF, 0xEE], key };
    for cipher in ["aes-256-cbc", "aes-128-gcm", "des-ede3-cbc"] {
        let option = format!("-{cipher}");
        let integrity = cipher.ends_with("gcm");
        let arguments =
            ["cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", "-out", "encrypted", &option];
        let secrets = ["-secretkey", &hex, "-secretkeyid", "C0FFEE", "-recip", "bob.crt"];
        // OpenSSL wraps under a password with the content's cipher, which GCM can't.
        let password: &[&str] = if integrity { &[] } else { &["-pwri_password", "p\u{e4}ssword"] };
        openssl.run(&[&arguments[..], &secrets, password].concat());
        let message = openssl.read("encrypted");
        let password = SharedSecret::Password("p\u{e4}ssword");
        let methods = [(by_key(&kek), "kek"), (password, "password")];
        for (secret, method) in &methods[..if integrity { 1 } else { 2 }] {
            let opened = decrypt_shared(&message, secret).unwrap();
            assert_eq!((opened.content.as_slice(), opened.key_method.as_str()), (CONTENT, *method));
            assert_eq!((opened.integrity, opened.weak), (integrity, cipher.starts_with("des")));
        }
        // Bob's private key still opens it, and wrong secrets give one answer.
        assert!(decrypt(&message, &[decryption_key(&bob)], &mut OsRandom).is_ok());
        let wrong = [by_key(&other), by_key(&kek[..16]), by_key(b""), SharedSecret::Password("")];
        for secret in wrong {
            let opened = || decrypt_shared(&message, &secret).map(|opened| opened.content.to_vec());
            assert_ne!(opened(), Ok(CONTENT.to_vec()));
            assert_eq!(opened(), opened());
            let expected = match secret {
                SharedSecret::Password(_) => DecryptError::NoKey,
                _ => DecryptError::Failed,
            };
            assert!(!integrity || opened() == Err(expected), "{secret:?}");
        }
        openssl.run(&[
            "cms",
            "-EncryptedData_encrypt",
            "-binary",
            "-in",
            "content",
            "-outform",
            "DER",
            "-out",
            "data",
            "-aes-256-cbc",
            "-secretkey",
            &hex,
        ]);
        let message = openssl.read("data");
        let opened = decrypt_shared(&message, &SharedSecret::ContentKey(&kek)).unwrap();
        assert_eq!((opened.content.as_slice(), opened.key_method.as_str()), (CONTENT, "content-key"));
        let wrong = decrypt_shared(&message, &SharedSecret::ContentKey(&other));
        assert_ne!(wrong.map(|opened| opened.content.to_vec()), Ok(CONTENT.to_vec()));
        assert_eq!(decrypt_shared(&message, &by_key(&kek)).unwrap_err(), DecryptError::NotEncrypted);
    }
}

/// A password recipient that asks for years of work, or whose numbers make no sense, is refused before any work.
#[test]
fn a_password_recipient_cannot_ask_for_endless_work() {
    let kdf = |iterations: &[u8], octets: u32| {
        let parameters = [
            write::octet_string(&[1; 16]),
            write::unsigned(iterations),
            write::small(octets),
            write::algorithm(&"1.2.840.113549.2.9".parse().unwrap(), &write::null()),
        ];
        let parameters = write::sequence(&parameters.each_ref().map(Vec::as_slice));
        let algorithm = write::algorithm(&"1.2.840.113549.1.5.12".parse().unwrap(), &parameters);
        [&[0xA0], &algorithm[1..]].concat()
    };
    let wrapped_by = |cipher: &[u8], kdf: &[u8], encrypted: &[u8]| {
        let wrap = write::algorithm(&oid::PWRI_KEK, cipher);
        let recipient = write::context(3, &[&write::small(0), kdf, &wrap, &write::octet_string(encrypted)]);
        let content = write::sequence(&[
            &write::oid(&oid::DATA),
            &write::algorithm(&oid::AES256_CBC, &write::octet_string(&[0; 16])),
            &write::context_primitive(0, &[0x55; 48]),
        ]);
        let fields = [&write::small(3)[..], &write::set_of(vec![recipient]), &content];
        decrypt_shared(&enveloped(&oid::ENVELOPED_DATA, &fields), &SharedSecret::Password("x"))
            .map(|opened| opened.content.to_vec())
    };
    let message = |kdf: &[u8], iv: &[u8], encrypted: &[u8]| {
        wrapped_by(&write::algorithm(&oid::AES256_CBC, &write::octet_string(iv)), kdf, encrypted)
    };
    let iv = [9; 16];
    // RC2 with 128 effective bits unwraps nothing here: the answer is not that of a wrong password.
    let rc2 = write::algorithm(
        &oid::RC2_CBC,
        &write::sequence(&[&write::small(58), &write::octet_string(&[9; 8])]),
    );
    assert_eq!(wrapped_by(&rc2, &kdf(&[1], 16), &[1; 48]), Err(DecryptError::Unsupported));
    for costly in [&[0xFF; 4][..], &[0xFF; 40], &[0x7F, 0xFF, 0xFF, 0xFF]] {
        assert_eq!(message(&kdf(costly, 32), &iv, &[1; 48]), Err(DecryptError::Unsupported));
    }
    assert_eq!(message(&kdf(&[0], 32), &iv, &[1; 48]), Err(DecryptError::Malformed));
    assert_eq!(message(&kdf(&[1], 16), &iv, &[1; 48]), Err(DecryptError::Malformed));
    assert_eq!(message(&[], &iv, &[1; 48]), Err(DecryptError::Unsupported));
    // Encrypted keys of impossible lengths, and an impossible initialisation vector: a key like any wrong one.
    for (iv, encrypted) in [
        (&iv[..], &[1; 48][..]),
        (&iv, &[1; 16]),
        (&iv, &[1; 33]),
        (&iv, &[]),
        (&iv[..8], &[1; 48]),
        (&[], &[1; 48]),
    ] {
        let first = message(&kdf(&[1], 32), iv, encrypted);
        assert_eq!(first, message(&kdf(&[1], 32), iv, encrypted));
        assert!(!matches!(first, Err(error) if error != DecryptError::Failed), "{first:?}");
    }
}

#[test]
fn everybody_reads_a_message_to_mixed_recipients() {
    let openssl = Openssl::new();
    let identities = [
        openssl.identity("rsa", RSA2048),
        openssl.identity("p256", P256),
        openssl.identity("p384", P384),
        openssl.identity("p521", P521),
        openssl.x25519_identity("x25519"),
    ];
    let bare = PrivateKey::generate(KeyAlgorithm::P256, &mut OsRandom).unwrap();
    let mut recipients: Vec<Recipient> =
        identities.iter().map(|identity| recipient(identity, RsaTransport::OaepSha256)).collect();
    recipients.push(Recipient::Key { public_key: bare.public_key_der() });
    for (cipher, name) in CIPHERS {
        let message = encrypt(CONTENT, &recipients, cipher, &mut OsRandom).unwrap();
        for (identity, method) in
            identities.iter().zip(["rsa-oaep", "ecdh-p256", "ecdh-p384", "ecdh-p521", "x25519"])
        {
            let decrypted = decrypt(&message, &[decryption_key(identity)], &mut OsRandom).unwrap();
            assert_eq!(decrypted.content.as_slice(), CONTENT);
            assert_eq!((decrypted.cipher, decrypted.key_method.as_str()), (name, method));
        }
        let bare = PrivateKey::from_der(&bare.to_pkcs8_der()).unwrap();
        let keys = [DecryptionKey { key: bare, certificates: vec![] }];
        assert_eq!(decrypt(&message, &keys, &mut OsRandom).unwrap().content.as_slice(), CONTENT);
        // OpenSSL finds its recipient among the others.
        for name in ["rsa", "p256", "p384", "p521"] {
            let (certificate, key) = (format!("{name}.crt"), format!("{name}.key"));
            let output = openssl.cms_decrypt(&message, &certificate, &key);
            assert_eq!(output, CONTENT);
        }
        let stranger = openssl.identity("stranger", P256);
        assert_eq!(
            decrypt(&message, &[decryption_key(&stranger)], &mut OsRandom).unwrap_err(),
            DecryptError::NoKey
        );
        assert_eq!(decrypt(&message, &[], &mut OsRandom).unwrap_err(), DecryptError::NoKey);
    }
}

/// Moves the ciphertext of an AuthEnvelopedData into an EnvelopedData with CBC: what an attacker does who wants the tag
/// out of the way.
fn relabelled(message: &[u8], algorithm: &[u8], take: usize) -> Vec<u8> {
    let mut content_info = ber::single(message).unwrap().reader().unwrap();
    content_info.any().unwrap();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    fields.any().unwrap();
    let recipients = fields.any().unwrap().raw();
    let mut content = fields.sequence().unwrap();
    let content_type = content.any().unwrap().raw();
    content.any().unwrap();
    let ciphertext = content.any().unwrap().content();
    let content =
        write::sequence(&[content_type, algorithm, &write::context_primitive(0, &ciphertext[..take])]);
    enveloped(&oid::ENVELOPED_DATA, &[&write::small(2), recipients, &content])
}

/// RFC 9709: the cipher's key depends on the cipher, so that a relabelled message is noise.
#[test]
fn a_bound_content_key_opens_no_other_cipher() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let content = [7u8; 64];
    let cbc = write::algorithm(&oid::AES256_CBC, &write::octet_string(&[0; 16]));
    for (cipher, name) in CIPHERS {
        let encryption = ContentEncryption { cipher, key_is_bound: true };
        let recipients = [recipient(&bob, RsaTransport::Pkcs1)];
        let message = encrypt(&content, &recipients, encryption, &mut OsRandom).unwrap();
        let decrypted = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom).unwrap();
        assert_eq!((decrypted.content.as_slice(), decrypted.cipher), (&content[..], name));
        openssl.write("bound", &message);
        let printed = openssl.run(&["asn1parse", "-inform", "DER", "-in", "bound"]);
        let printed = String::from_utf8(printed).unwrap();
        // The outer algorithm stands before the cipher, which is its parameter.
        assert!(printed.contains("1.2.840.113549.1.9.16.3.31") && printed.contains(name));
        if !name.ends_with("gcm") || !name.contains("256") {
            continue;
        }
        // Once without binding: the other cipher gets the very key, which is the attack. CBC ends in noise that has a
        // right padding once in 256 times, so that only what comes out is compared.
        let key = |message: &[u8]| {
            let relabelled = relabelled(message, &cbc, 64);
            decrypt(&relabelled, &[decryption_key(&bob)], &mut OsRandom).map(|found| found.content.to_vec())
        };
        assert_eq!(key(&message), key(&message));
        let bound_to_cbc = relabelled(&message, &write::algorithm(&oid::CEK_HKDF_SHA256, &cbc), 64);
        let opened = decrypt(&bound_to_cbc, &[decryption_key(&bob)], &mut OsRandom);
        assert_ne!(opened.map(|found| found.content.to_vec()), Ok(content.to_vec()));
        // Bound to nothing, to itself, or to what is no cipher.
        let twice = write::algorithm(&oid::CEK_HKDF_SHA256, &write::algorithm(&oid::CEK_HKDF_SHA256, &cbc));
        for odd in [
            write::algorithm(&oid::CEK_HKDF_SHA256, &[]),
            write::algorithm(&oid::CEK_HKDF_SHA256, &write::null()),
            write::algorithm(&oid::CEK_HKDF_SHA256, &write::algorithm(&oid::SHA256, &[])),
            twice,
        ] {
            let error = decrypt(&relabelled(&message, &odd, 64), &[decryption_key(&bob)], &mut OsRandom);
            assert_eq!(error.unwrap_err(), DecryptError::Unsupported);
        }
    }
}

/// Decrypts a bound content by hand, with `openssl kdf` and `openssl enc`.
#[test]
fn openssl_derives_the_key_of_a_bound_content() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", RSA2048);
    let encryption = ContentEncryption { cipher: ContentCipher::Aes256Cbc, key_is_bound: true };
    let recipients = [recipient(&bob, RsaTransport::Pkcs1)];
    let message = encrypt(CONTENT, &recipients, encryption, &mut OsRandom).unwrap();
    let mut content_info = ber::single(&message).unwrap().reader().unwrap();
    content_info.any().unwrap();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    fields.any().unwrap();
    let mut recipient = fields.set().unwrap().sequence().unwrap();
    (0..3).for_each(|_| assert!(recipient.any().is_ok()));
    openssl.write("wrapped", recipient.any().unwrap().content());
    openssl.run(&["pkeyutl", "-decrypt", "-inkey", "bob.key", "-in", "wrapped", "-out", "cek"]);
    let mut content = fields.sequence().unwrap();
    content.any().unwrap();
    let mut algorithm = content.sequence().unwrap();
    assert_eq!(algorithm.oid().unwrap().to_string(), "1.2.840.113549.1.9.16.3.31");
    let cipher = algorithm.any().unwrap();
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    let (key, salt, info) = (
        format!("hexkey:{}", hex(&openssl.read("cek"))),
        format!("hexsalt:{}", hex(b"The Cryptographic Message Syntax")),
        format!("hexinfo:{}", hex(cipher.raw())),
    );
    let options = ["-kdfopt", "digest:SHA256", "-kdfopt", &key, "-kdfopt", &salt, "-kdfopt", &info];
    let key = openssl.run(&[&["kdf", "-keylen", "32", "-binary"], &options[..], &["HKDF"]].concat());
    let mut cipher = cipher.reader().unwrap();
    cipher.any().unwrap();
    let iv = hex(cipher.any().unwrap().content());
    openssl.write("ciphertext", content.any().unwrap().content());
    let arguments = ["enc", "-d", "-aes-256-cbc", "-K", &hex(&key), "-iv", &iv, "-in", "ciphertext"];
    assert_eq!(openssl.run(&arguments), CONTENT);
}

#[test]
fn openssl_decrypts_for_a_key_without_certificate() {
    let openssl = Openssl::new();
    openssl.identity("bob", P256);
    // A certificate whose SubjectKeyIdentifier is the one computed here (RFC 7093), for OpenSSL to match.
    let key = PrivateKey::from_pem(&openssl.read("bob.key")).unwrap();
    let identifier = data_encoding::HEXUPPER.encode(&smime::key::key_identifier(&key.public_key_der()));
    openssl.run(&[
        "req",
        "-x509",
        "-new",
        "-key",
        "bob.key",
        "-out",
        "bob.crt",
        "-subj",
        "/CN=bob",
        "-addext",
        &format!("subjectKeyIdentifier={identifier}"),
    ]);
    let recipients = [Recipient::Key { public_key: key.public_key_der() }];
    for (cipher, _) in CIPHERS {
        let output = openssl.cms_decrypt(
            &encrypt(CONTENT, &recipients, cipher, &mut OsRandom).unwrap(),
            "bob.crt",
            "bob.key",
        );
        assert_eq!(output, CONTENT);
    }
}

/// Decrypts X25519 with HKDF by hand: the key agreement with `openssl pkeyutl -derive`, HKDF with `openssl kdf`.
#[test]
fn openssl_agrees_on_the_x25519_key() {
    let openssl = Openssl::new();
    let carlos = openssl.x25519_identity("carlos");
    let recipients = [recipient(&carlos, RsaTransport::Pkcs1)];
    let message = encrypt(CONTENT, &recipients, ContentCipher::Aes256Gcm, &mut OsRandom).unwrap();
    // ContentInfo, AuthEnvelopedData, RecipientInfos, KeyAgreeRecipientInfo.
    let auth = ber::single(&message).unwrap().reader().unwrap();
    let mut auth = {
        let mut fields = auth;
        assert_eq!(fields.oid().unwrap().to_string(), "1.2.840.113549.1.9.16.1.23");
        fields.any().unwrap().explicit().unwrap().reader().unwrap()
    };
    auth.any().unwrap();
    let mut agreement = auth.set().unwrap().any().unwrap().reader().unwrap();
    let mut content_info = auth.sequence().unwrap();
    let tag = auth.any().unwrap().content();
    agreement.any().unwrap();
    let mut originator = agreement.any().unwrap().explicit().unwrap().reader().unwrap();
    assert_eq!(originator.any().unwrap().raw(), [0x30, 5, 6, 3, 0x2B, 0x65, 0x6E]);
    let ephemeral = originator.any().unwrap().bits().unwrap();
    let mut algorithm = agreement.sequence().unwrap();
    // dhSinglePass-stdDH-hkdf-sha256-scheme with id-aes256-wrap.
    assert_eq!(algorithm.oid().unwrap().to_string(), "1.2.840.113549.1.9.16.3.19");
    let wrap = algorithm.any().unwrap().raw();
    assert_eq!(data_encoding::HEXLOWER.encode(wrap), "300b060960864801650304012d");
    let mut keys = agreement.sequence().unwrap().sequence().unwrap();
    keys.any().unwrap();
    let wrapped = keys.any().unwrap().content();

    let spki = [&[0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x6E, 3, 0x21, 0][..], ephemeral].concat();
    openssl.write("ephemeral.der", &spki);
    openssl.run(&["pkey", "-pubin", "-inform", "DER", "-in", "ephemeral.der", "-out", "ephemeral.pem"]);
    openssl.run(&[
        "pkeyutl",
        "-derive",
        "-inkey",
        "carlos.key",
        "-peerkey",
        "ephemeral.pem",
        "-out",
        "secret",
    ]);
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    // ECC-CMS-SharedInfo of RFC 5753 section 7.2 without ukm: keyInfo and suppPubInfo 256.
    let shared_info = format!("3015{}a206040400000100", hex(wrap));
    let (secret, info) =
        (format!("hexkey:{}", hex(&openssl.read("secret"))), format!("hexinfo:{shared_info}"));
    let derive =
        ["kdf", "-keylen", "32", "-kdfopt", "digest:SHA256", "-kdfopt", &secret, "-kdfopt", &info, "-binary"];
    let kek = openssl.run(&[&derive[..], &["HKDF"]].concat());
    openssl.write("wrapped", wrapped);
    let content_key = openssl.run(&[
        "enc",
        "-d",
        "-id-aes256-wrap",
        "-K",
        &hex(&kek),
        "-iv",
        "A6A6A6A6A6A6A6A6",
        "-in",
        "wrapped",
    ]);
    assert_eq!(content_key.len(), 32);
    // The content, with an independent implementation of the same cipher in CTR form: GCM starts at counter 2.
    content_info.any().unwrap();
    let mut parameters = content_info.sequence().unwrap();
    parameters.any().unwrap();
    let nonce = parameters.sequence().unwrap().any().unwrap().content();
    openssl.write("ciphertext", content_info.any().unwrap().content());
    let counter = format!("{}00000002", hex(nonce));
    let content = openssl.run(&[
        "enc",
        "-d",
        "-aes-256-ctr",
        "-K",
        &hex(&content_key),
        "-iv",
        &counter,
        "-in",
        "ciphertext",
    ]);
    assert_eq!(content, CONTENT);
    assert_eq!(tag.len(), 16);
}

#[test]
fn recipients_that_cannot_be_encrypted_to_are_named() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let signer = openssl.identity("signer", ED25519);
    let short = openssl.identity("short", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    openssl.run(&[
        "req",
        "-x509",
        "-new",
        "-key",
        "bob.key",
        "-out",
        "signonly.crt",
        "-subj",
        "/CN=bob",
        "-addext",
        "keyUsage=critical,digitalSignature",
    ]);
    let sign_only = Certificate::read_all(&openssl.read("signonly.crt")).unwrap().remove(0);
    let good = recipient(&bob, RsaTransport::Pkcs1);
    for bad in [
        recipient(&signer, RsaTransport::Pkcs1),
        recipient(&short, RsaTransport::Pkcs1),
        Recipient::Certificate { certificate: sign_only, rsa: RsaTransport::Pkcs1 },
        Recipient::Key { public_key: b"nonsense".to_vec() },
    ] {
        let result = encrypt(CONTENT, &[good.clone(), bad], ContentCipher::Aes256Gcm, &mut OsRandom);
        assert_eq!(result.unwrap_err(), EncryptError::UnusableKey(1));
    }
    let cipher = ContentCipher::Aes256Gcm;
    assert_eq!(encrypt(CONTENT, &[], cipher, &mut OsRandom).unwrap_err(), EncryptError::NoRecipient);
    let many = vec![good; MAX_RECIPIENTS + 1];
    assert_eq!(encrypt(CONTENT, &many, cipher, &mut OsRandom).unwrap_err(), EncryptError::TooManyRecipients);
}

#[test]
fn truncation_at_every_octet_is_an_error() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let keys = [decryption_key(&bob)];
    for (cipher, _) in CIPHERS {
        let message =
            encrypt(CONTENT, &[recipient(&bob, RsaTransport::Pkcs1)], cipher, &mut OsRandom).unwrap();
        for length in 0..message.len() {
            let error = decrypt(&message[..length], &keys, &mut OsRandom).unwrap_err();
            assert_eq!(error, DecryptError::Malformed, "cut after {length} octets");
        }
    }
    // A message without indefinite lengths can't show an end that is missing inside.
    openssl.write("content", CONTENT);
    openssl.run(&[
        "cms",
        "-encrypt",
        "-binary",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "encrypted",
        "-aes-256-cbc",
        "-stream",
        "-recip",
        "bob.crt",
    ]);
    let message = openssl.read("encrypted");
    for length in 0..message.len() {
        assert_eq!(decrypt(&message[..length], &keys, &mut OsRandom).unwrap_err(), DecryptError::Malformed);
    }
}

/// Where `part` stands in `whole`.
fn range_of(whole: &[u8], part: &[u8]) -> std::ops::Range<usize> {
    let start = whole.windows(part.len()).position(|window| window == part).unwrap();
    start..start + part.len()
}

/// Ciphertext and tag of an AuthEnvelopedData, and the encrypted key of its only recipient, as ranges.
fn secret_ranges(message: &[u8]) -> [std::ops::Range<usize>; 3] {
    let mut content_info = ber::single(message).unwrap().reader().unwrap();
    content_info.any().unwrap();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    fields.any().unwrap();
    let mut recipient = fields.set().unwrap().any().unwrap().reader().unwrap();
    let mut last = recipient.any().unwrap();
    while let Ok(next) = recipient.any() {
        last = next;
    }
    let encrypted_key = if last.is_constructed() {
        let mut key = last.explicit().unwrap().reader().unwrap();
        key.any().unwrap();
        key.any().unwrap().content()
    } else {
        last.content()
    };
    let mut content = fields.sequence().unwrap();
    content.any().unwrap();
    content.any().unwrap();
    let ciphertext = content.any().unwrap().content();
    let tag = fields.any().unwrap().content();
    [range_of(message, encrypted_key), range_of(message, ciphertext), range_of(message, tag)]
}

#[test]
fn a_flipped_bit_in_auth_enveloped_data_gives_no_other_plaintext_and_one_error() {
    let openssl = Openssl::new();
    for (key, rsa) in
        [(P256, RsaTransport::Pkcs1), (RSA2048, RsaTransport::Pkcs1), (RSA2048, RsaTransport::OaepSha256)]
    {
        let bob = openssl.identity("bob", key);
        let keys = [decryption_key(&bob)];
        let message =
            encrypt(CONTENT, &[recipient(&bob, rsa)], ContentCipher::Aes256Gcm, &mut OsRandom).unwrap();
        let ranges = secret_ranges(&message);
        let mut outlived = Vec::new();
        for index in 0..message.len() {
            // Every bit of one octet in four, one bit of the others.
            let bits: &[u8] =
                if index % 4 == 0 && key == P256 { &[1, 2, 4, 8, 16, 32, 64, 128] } else { &[1] };
            for bit in bits {
                let mut altered = message.clone();
                altered[index] ^= bit;
                match decrypt(&altered, &keys, &mut OsRandom) {
                    Ok(decrypted) => {
                        assert_eq!(decrypted.content.as_slice(), CONTENT, "octet {index}");
                        outlived.push(index);
                    }
                    Err(error) if ranges.iter().any(|range| range.contains(&index)) => {
                        assert_eq!(error, DecryptError::Failed, "octet {index}");
                    }
                    Err(_) => {}
                }
            }
        }
        // Only the two version numbers may change without an error: nothing depends on them.
        outlived.dedup();
        let versions = outlived.iter().filter(|index| message[**index - 2..**index] == [0x02, 0x01]);
        assert_eq!(versions.count(), outlived.len(), "{outlived:?}");
    }
}

#[test]
fn wrong_key_wrong_padding_and_wrong_tag_give_the_same_error() {
    let openssl = Openssl::new();
    for (key, rsa) in
        [(P256, RsaTransport::Pkcs1), (RSA2048, RsaTransport::Pkcs1), (RSA2048, RsaTransport::OaepSha256)]
    {
        let bob = openssl.identity("bob", key);
        let mallory = openssl.identity("mallory", key);
        let message =
            encrypt(CONTENT, &[recipient(&bob, rsa)], ContentCipher::Aes256Gcm, &mut OsRandom).unwrap();
        // Mallory's key under Bob's name.
        let wrong_key = DecryptionKey {
            key: PrivateKey::from_der(&mallory.key.to_pkcs8_der()).unwrap(),
            certificates: vec![bob.certificate.clone()],
        };
        assert_eq!(decrypt(&message, &[wrong_key], &mut OsRandom).unwrap_err(), DecryptError::Failed);
        let [encrypted_key, _, tag] = secret_ranges(&message);
        let keys = [decryption_key(&bob)];
        for range in [encrypted_key, tag] {
            let mut altered = message.clone();
            altered[range].fill(0);
            assert_eq!(decrypt(&altered, &keys, &mut OsRandom).unwrap_err(), DecryptError::Failed);
        }
    }
}

/// A message with every choice in the attacker's hand.
fn enveloped(content_type: &const_oid::ObjectIdentifier, fields: &[&[u8]]) -> Vec<u8> {
    let structure = write::sequence(fields);
    write::sequence(&[&write::oid(content_type), &write::context(0, &[&structure])])
}

#[test]
fn a_content_key_of_another_length_fails_like_a_wrong_key() {
    use rsa::pkcs8::DecodePublicKey;
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", RSA2048);
    let key = rsa::PublicKey::from_public_key_der(&bob.key.public_key_der()).unwrap();
    let issuer_and_serial =
        write::sequence(&[bob.certificate.issuer_der(), &write::integer(bob.certificate.serial())]);
    let rsa_algorithm = write::algorithm(&oid::RSA, &write::null());
    let cbc = write::algorithm(&oid::AES256_CBC, &write::octet_string(&[0; 16]));
    let mut outcomes = Vec::new();
    for length in [0, 1, 8, 16, 24, 31, 33, 64, 200] {
        let encrypted = key.encrypt(&mut OsRandom, rsa::Pkcs1v15Encrypt, &vec![1; length]).unwrap();
        let recipient = write::sequence(&[
            &write::small(0),
            &issuer_and_serial,
            &rsa_algorithm,
            &write::octet_string(&encrypted),
        ]);
        let content =
            write::sequence(&[&write::oid(&oid::DATA), &cbc, &write::context_primitive(0, &[0x55; 64])]);
        let message =
            enveloped(&oid::ENVELOPED_DATA, &[&write::small(0), &write::set_of(vec![recipient]), &content]);
        // A CBC message decrypted with a wrong key has right padding once in 256 times: then it is garbage.
        let first = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom);
        let again = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom);
        let outcome = |result: Result<smime::enveloped::Decrypted, DecryptError>| match result {
            Ok(decrypted) => Ok(decrypted.content.to_vec()),
            Err(error) => Err(error),
        };
        let (first, again) = (outcome(first), outcome(again));
        assert_eq!(first, again, "the same question has the same answer");
        outcomes.push(first);
    }
    assert!(outcomes.iter().filter(|outcome| **outcome == Err(DecryptError::Failed)).count() >= 7);
}

#[test]
fn structures_that_contradict_themselves_are_refused() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let keys = [decryption_key(&bob)];
    let gcm = |nonce: usize, tag: u32| {
        let parameters = write::sequence(&[&write::octet_string(&vec![0; nonce]), &write::small(tag)]);
        write::algorithm(&oid::AES256_GCM, &parameters)
    };
    let cbc = write::algorithm(&oid::AES256_CBC, &write::octet_string(&[0; 16]));
    let content = |kind, algorithm: &[u8]| {
        write::sequence(&[&write::oid(kind), algorithm, &write::context_primitive(0, &[0; 32])])
    };
    let auth = |kind, algorithm: &[u8], attributes: &[u8], tag: usize| {
        let fields = [
            write::small(0),
            write::set_of(vec![]),
            content(kind, algorithm),
            attributes.to_vec(),
            write::octet_string(&vec![0; tag]),
        ];
        let message = enveloped(&oid::AUTH_ENVELOPED_DATA, &[&fields.concat()]);
        decrypt(&message, &keys, &mut OsRandom).unwrap_err()
    };
    let content_type =
        |kind| write::sequence(&[&write::oid(&oid::CONTENT_TYPE), &write::set_of(vec![write::oid(kind)])]);
    let attributes = |attributes: &[&[u8]]| write::tlv(0xA1, &attributes.concat());
    // Well-formed, but for nobody.
    assert_eq!(auth(&oid::DATA, &gcm(12, 16), &[], 16), DecryptError::NoKey);
    assert_eq!(auth(&oid::DATA, &gcm(12, 12), &[], 12), DecryptError::NoKey);
    assert_eq!(
        auth(&oid::DATA, &gcm(12, 16), &attributes(&[&content_type(&oid::DATA)]), 16),
        DecryptError::NoKey
    );
    let signed = attributes(&[&content_type(&oid::SIGNED_DATA)]);
    assert_eq!(auth(&oid::SIGNED_DATA, &gcm(12, 16), &signed, 16), DecryptError::NoKey);
    // Short tags, tags of another length than stated, long nonces, CBC in the clothes of an AEAD.
    assert_eq!(auth(&oid::DATA, &gcm(12, 16), &[], 4), DecryptError::Malformed);
    assert_eq!(auth(&oid::DATA, &gcm(12, 4), &[], 4), DecryptError::Malformed);
    assert_eq!(auth(&oid::DATA, &gcm(12, 17), &[], 17), DecryptError::Malformed);
    assert_eq!(auth(&oid::DATA, &gcm(16, 16), &[], 16), DecryptError::Unsupported);
    assert_eq!(auth(&oid::DATA, &cbc, &[], 16), DecryptError::Malformed);
    // A content type that the tag doesn't cover.
    assert_eq!(auth(&oid::SIGNED_DATA, &gcm(12, 16), &[], 16), DecryptError::Malformed);
    assert_eq!(auth(&oid::DATA, &gcm(12, 16), &signed, 16), DecryptError::Malformed);
    let twice = attributes(&[&content_type(&oid::DATA), &content_type(&oid::DATA)]);
    assert_eq!(auth(&oid::DATA, &gcm(12, 16), &twice, 16), DecryptError::Malformed);
    let plain = |algorithm: &[u8]| {
        let fields = [&write::small(0)[..], &write::set_of(vec![]), &content(&oid::DATA, algorithm)];
        decrypt(&enveloped(&oid::ENVELOPED_DATA, &fields), &keys, &mut OsRandom).unwrap_err()
    };
    assert_eq!(plain(&cbc), DecryptError::NoKey);
    assert_eq!(plain(&gcm(12, 16)), DecryptError::Malformed);
    assert_eq!(plain(&write::algorithm(&oid::SHA256, &[])), DecryptError::Unsupported);
    assert_eq!(
        decrypt(&enveloped(&oid::DATA, &[]), &keys, &mut OsRandom).unwrap_err(),
        DecryptError::NotEncrypted
    );
}

/// An AuthEnvelopedData made with OpenSSL's primitives: authAttrs as associated data, and shorter tags.
#[test]
fn authenticated_attributes_and_short_tags_are_understood() {
    use aes_gcm::aead::consts::{U12, U14};
    use aes_gcm::aead::{AeadInOut, KeyInit};
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", RSA2048);
    let (key, nonce) = ([0x42; 16], [0x17; 12]);
    openssl.write("cek", &key);
    openssl.run(&["pkeyutl", "-encrypt", "-certin", "-inkey", "bob.crt", "-in", "cek", "-out", "wrapped"]);
    let attribute =
        write::sequence(&[&write::oid(&oid::CONTENT_TYPE), &write::set_of(vec![write::oid(&oid::DATA)])]);
    let cipher = aes_gcm::AesGcm::<aes::Aes128, U12, U14>::new(&key.into());
    let mut ciphertext = CONTENT.to_vec();
    let associated = write::tlv(0x31, &attribute);
    let tag =
        cipher.encrypt_inout_detached(&nonce.into(), &associated, ciphertext.as_mut_slice().into()).unwrap();
    let issuer_and_serial =
        write::sequence(&[bob.certificate.issuer_der(), &write::integer(bob.certificate.serial())]);
    let recipient = write::sequence(&[
        &write::small(0),
        &issuer_and_serial,
        &write::algorithm(&oid::RSA, &write::null()),
        &write::octet_string(&openssl.read("wrapped")),
    ]);
    let parameters = write::sequence(&[&write::octet_string(&nonce), &write::small(14)]);
    let algorithm = write::algorithm(&oid::AES128_GCM, &parameters);
    let build = |attributes: &[u8]| {
        let content = write::sequence(&[
            &write::oid(&oid::DATA),
            &algorithm,
            &write::context_primitive(0, &ciphertext),
        ]);
        let recipients = write::set_of(vec![recipient.clone()]);
        let fields = [&write::small(0)[..], &recipients, &content, attributes, &write::octet_string(&tag)];
        enveloped(&oid::AUTH_ENVELOPED_DATA, &fields)
    };
    let keys = [decryption_key(&bob)];
    let decrypted = decrypt(&build(&write::tlv(0xA1, &attribute)), &keys, &mut OsRandom).unwrap();
    assert_eq!(decrypted.content.as_slice(), CONTENT);
    assert_eq!(decrypt(&build(&[]), &keys, &mut OsRandom).unwrap_err(), DecryptError::Failed);
}

#[test]
fn more_recipients_than_the_limit_are_refused_before_any_key_is_used() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let message =
        encrypt(CONTENT, &[recipient(&bob, RsaTransport::Pkcs1)], ContentCipher::Aes256Cbc, &mut OsRandom)
            .unwrap();
    let mut content_info = ber::single(&message).unwrap().reader().unwrap();
    content_info.any().unwrap();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    let version = fields.any().unwrap().raw();
    let recipients = fields.any().unwrap().content();
    let content = fields.any().unwrap().raw();
    let with = |count: usize| {
        let set = write::tlv(0x31, &recipients.repeat(count));
        let message = enveloped(&oid::ENVELOPED_DATA, &[version, &set, content]);
        decrypt(&message, &[decryption_key(&bob)], &mut OsRandom).map(|decrypted| decrypted.content.to_vec())
    };
    assert_eq!(with(MAX_RECIPIENTS), Ok(CONTENT.to_vec()));
    assert_eq!(with(MAX_RECIPIENTS + 1), Err(DecryptError::Malformed));
}
