//! Content keys that are bound to their cipher (RFC 9709).

use smime::ber::{self, write};
use smime::enveloped::{ContentCipher, ContentEncryption, DecryptError, RsaTransport, decrypt, encrypt};
use smime::oid;

use crate::support::{Openssl, OsRandom, P256, RSA2048};
use crate::{CIPHERS, CONTENT, decryption_key, enveloped, recipient};

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
        let printed = openssl.text("asn1parse -inform DER -in bound");
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
    openssl.run("pkeyutl -decrypt -inkey bob.key -in wrapped -out cek");
    let mut content = fields.sequence().unwrap();
    content.any().unwrap();
    let mut algorithm = content.sequence().unwrap();
    assert_eq!(algorithm.oid().unwrap().to_string(), "1.2.840.113549.1.9.16.3.31");
    let cipher = algorithm.any().unwrap();
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    let (key, salt) = (hex(&openssl.read("cek")), hex(b"The Cryptographic Message Syntax"));
    let info = hex(cipher.raw());
    let key = openssl.run(&format!(
        "kdf -keylen 32 -binary -kdfopt digest:SHA256 -kdfopt hexkey:{key} -kdfopt hexsalt:{salt} \
         -kdfopt hexinfo:{info} HKDF"
    ));
    let mut cipher = cipher.reader().unwrap();
    cipher.any().unwrap();
    let iv = hex(cipher.any().unwrap().content());
    openssl.write("ciphertext", content.any().unwrap().content());
    let key = hex(&key);
    assert_eq!(openssl.run(&format!("enc -d -aes-256-cbc -K {key} -iv {iv} -in ciphertext")), CONTENT);
}
