//! EnvelopedData and AuthEnvelopedData (RFC 5652 section 6, RFC 5083, RFC 5084), written and read.
//!
//! No oracle: once a private key is used, everything that can go wrong is [`DecryptError::Failed`], after the same
//! work. When the content key can't be recovered, the content is decrypted with another key, derived from the
//! private key and the encrypted content key, so that asking twice gives the same answer.
//!
//! A content in memory and one that streams share everything but the way octets come and go: [`encrypt`] writes through
//! [`EncryptingWriter`]; [`decrypt`] and [`open_stream`] read the same heads and tails and use the same ciphers.

mod agreement;
mod binding;
mod content;
mod decrypt;
mod encrypt;
mod kem;
mod oaep;
mod recipient;
mod shared;
mod stream;
#[cfg(test)]
mod wycheproof;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

pub use decrypt::decrypt;
pub use encrypt::encrypt;
pub use shared::{SharedSecret, decrypt_shared};
pub use stream::{EncryptingWriter, OpenedStream, open_signed_stream, open_stream};

use crate::certificate::Certificate;
use crate::key::PrivateKey;

/// The content cipher of a message that we write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentCipher {
    /// AuthEnvelopedData with AES-256-GCM, 12-octet nonce, 16-octet tag.
    Aes256Gcm,
    /// AuthEnvelopedData with AES-128-GCM.
    Aes128Gcm,
    /// EnvelopedData with AES-256-CBC.
    Aes256Cbc,
    /// EnvelopedData with AES-128-CBC.
    Aes128Cbc,
}

/// How a content is encrypted; a [`ContentCipher`] alone stands for a content key that is not bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentEncryption {
    /// The cipher.
    pub cipher: ContentCipher,
    /// The cipher's key is derived from the content key and the cipher's name and parameters with HKDF (RFC 9709), so
    /// that nobody can have the content decrypted by another cipher.
    pub key_is_bound: bool,
}

impl Default for ContentEncryption {
    /// What a program of which nothing is known reads: AES-256-CBC.
    fn default() -> Self {
        ContentCipher::Aes256Cbc.into()
    }
}

impl From<ContentCipher> for ContentEncryption {
    fn from(cipher: ContentCipher) -> Self {
        ContentEncryption { cipher, key_is_bound: false }
    }
}

/// How the content key travels to an RSA recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RsaTransport {
    /// RSAES-OAEP with SHA-256 and MGF1-SHA-256 (RFC 8551, RFC 4056).
    OaepSha256,
    /// RSAES-PKCS1-v1_5.
    Pkcs1,
}

/// One recipient.
///
/// NIST curves use ephemeral-static ECDH with the X9.63 KDF of the curve's digest (RFC 5753), X25519 uses HKDF with
/// SHA-256 (RFC 8418); both wrap the content key with AES-256. ML-KEM travels
/// as KEMRecipientInfo with HKDF-SHA-256 and AES-256 key wrap (RFC 9629, RFC 9936).
#[derive(Clone, Debug)]
pub enum Recipient {
    /// Named by IssuerAndSerialNumber.
    Certificate {
        /// The encryption certificate.
        certificate: Certificate,
        /// Used when its key is RSA.
        rsa: RsaTransport,
    },
    /// Named by SubjectKeyIdentifier; no certificate is known (QR meetings).
    Key {
        /// DER SubjectPublicKeyInfo; named by [`key_identifier`](crate::key::key_identifier). RSA uses OAEP.
        public_key: Vec<u8>,
    },
}

/// The message could not be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    /// No recipient was given.
    #[error("no recipient")]
    NoRecipient,
    /// The recipient at this index has a key that can't be encrypted to.
    #[error("recipient {0} has no usable encryption key")]
    UnusableKey(usize),
    /// More than [`MAX_RECIPIENTS`].
    #[error("more than {MAX_RECIPIENTS} recipients")]
    TooManyRecipients,
    /// More than the cipher may encrypt under one key (64 GiB).
    #[error("the content is too long")]
    ContentTooLong,
    /// A content that streams has another length than was announced.
    #[error("the content has another length than announced")]
    WrongLength,
}

/// Limit of recipients, when writing and when reading.
pub const MAX_RECIPIENTS: usize = 1024;

/// A private key with the certificates it belongs to (none for one-time keys).
#[derive(Debug)]
pub struct DecryptionKey {
    /// The key.
    pub key: PrivateKey,
    /// Certificates whose issuer and serial number or key identifier may name it.
    pub certificates: Vec<Certificate>,
}

/// A decrypted content; wiped when dropped. `Debug` doesn't show it.
pub struct Decrypted {
    /// The plaintext octets.
    pub content: Zeroizing<Vec<u8>>,
    /// Its content type.
    pub content_type: ObjectIdentifier,
    /// `aes-256-gcm`, `aes-128-cbc`, `3des-cbc`, …
    pub cipher: &'static str,
    /// How our key was reached: `ecdh-p256`, `rsa-oaep`, `rsa-pkcs1`, `x25519`.
    pub key_method: String,
    /// Authenticated encryption: the octets are what was encrypted.
    pub integrity: bool,
    /// 3DES or worse.
    pub weak: bool,
}

impl std::fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decrypted")
            .field("octets", &self.content.len())
            .field("cipher", &self.cipher)
            .field("key_method", &self.key_method)
            .finish_non_exhaustive()
    }
}

/// Why nothing was decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecryptError {
    /// Not EnvelopedData or AuthEnvelopedData.
    #[error("not an encrypted message")]
    NotEncrypted,
    /// The structure is broken before any key is used, or names more than [`MAX_RECIPIENTS`].
    #[error("the encrypted message is malformed")]
    Malformed,
    /// No recipient names one of the keys.
    #[error("the message is encrypted for another key")]
    NoKey,
    /// Wrong key, wrong padding, wrong tag, malformed content: one answer for all.
    #[error("the message can't be decrypted")]
    Failed,
    /// The content cipher or key method is not known here.
    #[error("the message uses an unsupported algorithm")]
    Unsupported,
}
