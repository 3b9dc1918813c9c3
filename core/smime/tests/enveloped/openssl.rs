//! Certificates and keys, in both directions.

use smime::ber::write;
use smime::enveloped::{
    ContentCipher, DecryptError, DecryptionKey, Recipient, RsaTransport, decrypt, encrypt,
};
use smime::key::KeyAlgorithm;
use smime::{PrivateKey, ber, oid};

use crate::support::{Openssl, OsRandom, P256, P384, P521, RSA2048};
use crate::{CIPHERS, CONTENT, decryption_key, enveloped, recipient};

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
    let oaep = "-keyopt rsa_padding_mode:oaep";
    let oaep_sha512 =
        format!("{oaep} -keyopt rsa_oaep_md:sha512 -keyopt rsa_mgf1_md:sha224 -keyopt rsa_oaep_label:0102");
    for (key, options, method) in [
        (RSA2048, "", "rsa-pkcs1"),
        (RSA2048, oaep, "rsa-oaep"),
        (RSA2048, &oaep_sha512, "rsa-oaep"),
        (P256, "", "ecdh-p256"),
        (P256, "-keyopt ecdh_kdf_md:sha256", "ecdh-p256"),
        (P384, "-keyopt ecdh_kdf_md:sha384", "ecdh-p384"),
        (P521, "-keyopt ecdh_kdf_md:sha512", "ecdh-p521"),
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
            for form in ["", "-stream", "-keyid"] {
                let message = openssl.cms_encrypt(&format!("{form} -{cipher} -recip bob.crt {options}"));
                let decrypted = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom)
                    .unwrap_or_else(|error| panic!("{method} {cipher} {form}: {error}"));
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
                for wrap in ["-aes128-wrap", "-aes192-wrap", "-aes256-wrap", "-des3-wrap"] {
                    let message = openssl.cms_encrypt(&format!(
                        "-aes-256-cbc {wrap} -recip bob.crt \
                         -keyopt ecdh_kdf_md:{digest} -keyopt ecdh_cofactor_mode:{cofactor}"
                    ));
                    let decrypted = decrypt(&message, &[decryption_key(&bob)], &mut OsRandom)
                        .unwrap_or_else(|error| panic!("{method} {digest} {cofactor} {wrap}: {error}"));
                    assert_eq!(decrypted.content.as_slice(), CONTENT);
                    assert_eq!(decrypted.key_method, method);
                }
            }
        }
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

#[test]
fn openssl_decrypts_for_a_key_without_certificate() {
    let openssl = Openssl::new();
    openssl.identity("bob", P256);
    // A certificate whose SubjectKeyIdentifier is the one computed here (RFC 7093), for OpenSSL to match.
    let key = PrivateKey::from_pem(&openssl.read("bob.key")).unwrap();
    let identifier = data_encoding::HEXUPPER.encode(&smime::key::key_identifier(&key.public_key_der()));
    openssl.run(&format!(
        "req -x509 -new -key bob.key -out bob.crt -subj /CN=bob \
         -addext subjectKeyIdentifier={identifier}"
    ));
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
    openssl.run("pkey -pubin -inform DER -in ephemeral.der -out ephemeral.pem");
    openssl.run("pkeyutl -derive -inkey carlos.key -peerkey ephemeral.pem -out secret");
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    // ECC-CMS-SharedInfo of RFC 5753 section 7.2 without ukm: keyInfo and suppPubInfo 256.
    let shared_info = format!("3015{}a206040400000100", hex(wrap));
    let secret = hex(&openssl.read("secret"));
    let kek = hex(&openssl.run(&format!(
        "kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:{secret} -kdfopt hexinfo:{shared_info} -binary HKDF"
    )));
    openssl.write("wrapped", wrapped);
    let content_key =
        openssl.run(&format!("enc -d -id-aes256-wrap -K {kek} -iv A6A6A6A6A6A6A6A6 -in wrapped"));
    assert_eq!(content_key.len(), 32);
    // The content, with an independent implementation of the same cipher in CTR form: GCM starts at counter 2.
    content_info.any().unwrap();
    let mut parameters = content_info.sequence().unwrap();
    parameters.any().unwrap();
    let nonce = parameters.sequence().unwrap().any().unwrap().content();
    openssl.write("ciphertext", content_info.any().unwrap().content());
    let (key, nonce) = (hex(&content_key), hex(nonce));
    let content = openssl.run(&format!("enc -d -aes-256-ctr -K {key} -iv {nonce}00000002 -in ciphertext"));
    assert_eq!(content, CONTENT);
    assert_eq!(tag.len(), 16);
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
    openssl.run("pkeyutl -encrypt -certin -inkey bob.crt -in cek -out wrapped");
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
