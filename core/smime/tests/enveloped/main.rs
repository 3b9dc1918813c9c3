//! EnvelopedData and AuthEnvelopedData: OpenSSL decrypts what is encrypted here and the other way round; attacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod bound;
mod openssl;
mod refusals;
mod secrecy;
mod secrets;
#[path = "../support/mod.rs"]
mod support;

use smime::PrivateKey;
use smime::ber::write;
use smime::enveloped::{ContentCipher, DecryptionKey, Recipient, RsaTransport};
use support::Identity;

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

/// A message with every choice in the attacker's hand.
fn enveloped(content_type: &const_oid::ObjectIdentifier, fields: &[&[u8]]) -> Vec<u8> {
    let structure = write::sequence(fields);
    write::sequence(&[&write::oid(content_type), &write::context(0, &[&structure])])
}
