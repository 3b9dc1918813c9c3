//! Recipients and structures that are refused.

use smime::ber::{self, write};
use smime::enveloped::{
    ContentCipher, DecryptError, EncryptError, MAX_RECIPIENTS, Recipient, RsaTransport, decrypt, encrypt,
};
use smime::{Certificate, oid};

use crate::support::{ED25519, Openssl, OsRandom, P256, RSA1024};
use crate::{CONTENT, decryption_key, enveloped, recipient};

#[test]
fn recipients_that_cannot_be_encrypted_to_are_named() {
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", P256);
    let signer = openssl.identity("signer", ED25519);
    let short = openssl.identity("short", RSA1024);
    openssl.run(
        "req -x509 -new -key bob.key -out signonly.crt -subj /CN=bob \
         -addext keyUsage=critical,digitalSignature",
    );
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
