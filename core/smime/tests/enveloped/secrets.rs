//! Messages for a shared secret: key-encryption keys, passwords, content keys.

use smime::ber::write;
use smime::enveloped::{DecryptError, SharedSecret, decrypt, decrypt_shared};
use smime::oid;

use crate::support::{Openssl, OsRandom, RSA2048};
use crate::{CONTENT, decryption_key, enveloped};

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
        let integrity = cipher.ends_with("gcm");
        // OpenSSL wraps under a password with the content's cipher, which GCM can't.
        let password = if integrity { "" } else { "-pwri_password p\u{e4}ssword" };
        let message = openssl.cms_encrypt(&format!(
            "-{cipher} -secretkey {hex} -secretkeyid C0FFEE -recip bob.crt {password}"
        ));
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
        openssl.run(&format!(
            "cms -EncryptedData_encrypt -binary -in content -outform DER -out data -aes-256-cbc -secretkey {hex}"
        ));
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
