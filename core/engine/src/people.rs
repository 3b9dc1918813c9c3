//! People: certificates, pins and trust.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smime::path::Trust;
use smime::{EmailAddress, Fingerprint, UnixTime};

/// What identifies a person across renewals: the SHA-256 of the personal root, or of the organisation's or public CA
/// together with the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Anchor(pub Fingerprint);

/// What we know of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address.
    pub address: EmailAddress,
    /// Display name, as the person gave it.
    pub name: Option<String>,
    /// SHA-256 of the pinned anchor certificate.
    pub anchor: Option<Anchor>,
    /// DER of the pinned anchor certificate (personal root or CA), once received.
    pub anchor_certificate: Option<Vec<u8>>,
    /// How the anchor was learnt.
    pub trust: Trust,
    /// DER of the encryption certificates in use, newest first.
    pub encryption_certificates: Vec<Vec<u8>>,
    /// Public key from a QR code (DER SubjectPublicKeyInfo), until a certificate arrives.
    pub encryption_key: Option<Vec<u8>>,
    /// What the newest validly signed capabilities say.
    pub capabilities: Capabilities,
    /// When the person was met, or first seen.
    pub since: UnixTime,
    /// A different anchor was seen; DER of its certificate. The old one stays in use until the user decides.
    pub changed_anchor: Option<Vec<u8>>,
}

/// What a person's program can read, from the newest validly signed set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// AES-GCM in AuthEnvelopedData.
    pub gcm: bool,
    /// RSAES-OAEP.
    pub oaep: bool,
    /// Signing time of the set.
    pub as_of: Option<UnixTime>,
    /// Writes RFC 9788 header protection, so reads it too.
    pub header_protection: bool,
}

/// All people of an account, by folded address.
pub type People = BTreeMap<String, Contact>;
