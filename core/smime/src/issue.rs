//! The personal root and the certificates under it.
//!
//! A personal root is a P-256 CA with pathlen 0 and a critical name constraint to its own address, so that
//! pinning it gives nobody power over other addresses.

use rand_core::CryptoRng;

use crate::address::EmailAddress;
use crate::certificate::Certificate;
use crate::key::PrivateKey;
use crate::time::UnixTime;

/// What a certificate under a personal root is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafPurpose {
    /// digitalSignature + nonRepudiation; emailProtection + documentSigning (RFC 9336).
    Approval,
    /// digitalSignature; emailProtection.
    Mail,
    /// keyAgreement or keyEncipherment; emailProtection.
    Encryption,
}

/// Who and how long.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Becomes the rfc822Name (SmtpUTF8Mailbox when the local part is not ASCII).
    pub address: EmailAddress,
    /// Common name; the address when empty.
    pub name: String,
    /// Start of validity.
    pub not_before: UnixTime,
    /// End of validity.
    pub not_after: UnixTime,
}

/// The certificate could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The key cannot sign certificates, or cannot be certified for this purpose.
    #[error("this key can't be used for this certificate")]
    WrongKey,
    /// A field does not fit into a certificate (for example a name of more than 64 characters is cut, but an address is not).
    #[error("the name or address does not fit into a certificate")]
    Unencodable,
}

/// A self-signed personal root for `subject`; serial numbers have 126 random bits.
pub fn personal_root(
    key: &PrivateKey,
    subject: &Subject,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    let _ = (key, subject, rng);
    todo!()
}

/// A certificate for `public_key` (DER SubjectPublicKeyInfo) under `root`.
pub fn leaf(
    root: &Certificate,
    root_key: &PrivateKey,
    public_key: &[u8],
    purpose: LeafPurpose,
    subject: &Subject,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    let _ = (root, root_key, public_key, purpose, subject, rng);
    todo!()
}
