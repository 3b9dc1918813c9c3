//! Against OpenSSL, in both directions.

use std::io::Write;

use smime::enveloped::{DecryptionKey, EncryptingWriter, open_stream};
use smime::signed::{SignedData, SigningWriter};
use smime::stream::Seekable;
use smime::verdict::{SignatureState, judge};
use smime::{ber, oid};

use crate::support::{Openssl, OsRandom, P256, RSA2048};
use crate::{CBC, GCM, World, octets, open};

/// Lengths around blocks and segments.
const LENGTHS: [usize; 9] = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 300_000];

#[test]
fn openssl_decrypts_what_streams_out() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    for cipher in [GCM, CBC] {
        for length in LENGTHS {
            let content = octets(length);
            for announced in [None, Some(length as u64)] {
                let output =
                    openssl.cms_decrypt(&world.encrypt(&content, cipher, announced), "bob.pem", "bob.key");
                assert!(output == content, "{cipher:?} {length} {announced:?}");
            }
        }
    }
}

#[test]
fn a_known_length_gives_der() {
    let world = World::new();
    for cipher in [GCM, CBC] {
        for length in LENGTHS {
            let message = world.encrypt(&octets(length), cipher, Some(length as u64));
            // Every length down to the content, read under the rules of DER.
            let mut content_info = ber::Reader::der(&message).sequence().unwrap();
            content_info.oid().unwrap();
            let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
            content_info.finish().unwrap();
            fields.expect(ber::INTEGER).unwrap();
            fields.expect(ber::SET).unwrap();
            let mut encrypted = fields.sequence().unwrap();
            encrypted.oid().unwrap();
            encrypted.expect(ber::SEQUENCE).unwrap();
            let ciphertext = encrypted.any().unwrap();
            encrypted.finish().unwrap();
            if cipher == GCM {
                assert_eq!(fields.expect(ber::OCTET_STRING).unwrap().content().len(), 16);
            }
            fields.finish().unwrap();
            let padded = if cipher == CBC { length / 16 * 16 + 16 } else { length };
            assert_eq!((ciphertext.is_constructed(), ciphertext.content().len()), (false, padded));
        }
    }
}

#[test]
fn what_openssl_encrypts_streams_in() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    let rsa = openssl.identity("rsa", RSA2048);
    let rsa = [DecryptionKey { key: rsa.key, certificates: vec![rsa.certificate] }];
    for cipher in ["-aes-256-gcm", "-aes-192-gcm", "-aes-128-gcm", "-aes-256-cbc", "-aes-128-cbc", "-des3"] {
        for (certificate, keys) in [("bob.pem", &world.keys), ("rsa.crt", &rsa)] {
            for length in LENGTHS {
                let content = octets(length);
                openssl.write("content", &content);
                for form in ["", "-stream"] {
                    if length == 0 && form == "-stream" {
                        // OpenSSL 3.0 can't write this.
                        continue;
                    }
                    let message = openssl.cms_encrypt(&format!("{cipher} -recip {certificate} {form}"));
                    assert!(open(&message, keys) == Ok(content.clone()), "{cipher} {length} {form}");
                }
            }
        }
    }
}

#[test]
fn openssl_verifies_what_was_signed_as_it_streamed() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    for length in LENGTHS {
        let content = octets(length);
        let message = world.sign(&content);
        let output = openssl.cms_verify(&message, "-CAfile root.pem -purpose any");
        assert!(output == content, "{length}");
        // In memory, and as a stream again.
        let signed = SignedData::parse(&message).unwrap();
        let judgement = world.judge(|from, policy| judge(&signed, &content, from, policy));
        assert_eq!(judgement.signature.state, SignatureState::Valid);
        assert!(world.release(&*message) == Ok(content), "{length}");
    }
}

#[test]
fn what_openssl_signs_streams_in() {
    let world = World::new();
    for length in LENGTHS {
        let content = octets(length);
        for options in ["", "-stream", "-md sha512", "-noattr", "-keyid", "-md sha384 -noattr"] {
            if length == 0 && options == "-stream" {
                // OpenSSL 3.0 can't write this.
                continue;
            }
            let message = world.pki.cms_sign(&content, &["alice"], options);
            assert!(world.release(&*message) == Ok(content.clone()), "{length} {options}");
        }
    }
}

#[test]
fn signed_and_encrypted_in_one_pass_and_read_by_openssl() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    let content = octets(1_000_000);
    for cipher in [GCM, CBC] {
        let encrypting =
            EncryptingWriter::new(Vec::new(), &world.recipients(), cipher, None, &mut OsRandom).unwrap();
        let mut signing = SigningWriter::new(encrypting, vec![world.request()]).unwrap();
        signing.write_all(&content).unwrap();
        let signing = signing.prepare().unwrap();
        let [prepared] = signing.signers() else { panic!("one signer") };
        let signature =
            world.alice_key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        let message = signing.finish(&[signature]).unwrap().finish().unwrap();
        let inner = openssl.cms_decrypt(&message, "bob.pem", "bob.key");
        let output = openssl.cms_verify(&inner, "-CAfile root.pem -purpose any");
        assert!(output == content);
        // Layer in layer, from a file.
        let file = std::fs::File::open(openssl.path("encrypted")).unwrap();
        let opened = open_stream(Seekable(file), &world.keys, &mut OsRandom).unwrap();
        assert_eq!(
            (opened.cipher(), opened.has_integrity()),
            match cipher {
                GCM => ("aes-256-gcm", true),
                _ => ("aes-256-cbc", false),
            }
        );
        assert_eq!((opened.key_method(), opened.content_type()), ("ecdh-p256", oid::DATA));
        assert!(world.release(opened) == Ok(content.clone()));
    }
}

#[test]
fn openssl_is_the_one_that_wrote_indefinite_lengths() {
    // What the tests above call `-stream` really is BER.
    let openssl = Openssl::new();
    openssl.identity("alice", P256);
    openssl.write("content", &octets(10));
    let message = openssl.cms_sign("-nodetach -stream -signer alice.crt -inkey alice.key");
    assert_eq!(message[..2], [0x30, 0x80]);
}
