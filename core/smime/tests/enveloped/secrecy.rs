//! Altered messages and wrong keys: no other plaintext, and one error.

use smime::ber::{self, write};
use smime::enveloped::{ContentCipher, DecryptError, DecryptionKey, RsaTransport, decrypt, encrypt};
use smime::{PrivateKey, oid};

use crate::support::{Openssl, OsRandom, P256, RSA2048};
use crate::{CIPHERS, CONTENT, decryption_key, enveloped, recipient};

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
    let message = openssl.cms_encrypt("-aes-256-cbc -stream -recip bob.crt");
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
