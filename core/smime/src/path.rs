//! Path validation (RFC 5280 section 6, RFC 8550).

use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::certificate::Certificate;
use crate::time::UnixTime;
use crate::verdict::Reason;

/// Why an anchor is trusted, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Met in person, phone to phone.
    Met,
    /// The organisation's CA.
    Organisation,
    /// A public CA (Mozilla's e-mail roots).
    PublicCa,
    /// A card or first-seen mail, pinned.
    Pinned,
    /// No trust.
    None,
}

/// For which addresses an anchor speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnchorScope {
    /// Any address (a CA).
    Any,
    /// Exactly one address (a pinned personal root or certificate).
    Address(EmailAddress),
}

/// A certificate that ends a path. A pinned end-entity certificate is an anchor for itself only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    /// The anchor.
    pub certificate: Certificate,
    /// Why it is trusted.
    pub trust: Trust,
    /// For whom it speaks.
    pub scope: AnchorScope,
}

/// What the leaf is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing mail: RFC 8550 section 4.4.2, emailProtection.
    EmailSigning,
    /// Encrypting mail to it.
    EmailEncryption,
    /// RFC 3161 section 2.3: critical timeStamping as the only extended key usage.
    TimeStamping,
    /// No check of key usage and extended key usage.
    Any,
}

/// A path that was validated; only [`validate`] makes one.
#[derive(Clone, Debug)]
pub struct TrustedPath {
    certificates: Vec<Certificate>,
    anchor: TrustAnchor,
    at: UnixTime,
}

impl TrustedPath {
    /// Leaf first, anchor last.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
    /// The anchor that it ends in.
    pub fn anchor(&self) -> &TrustAnchor {
        &self.anchor
    }
    /// The time it was judged at.
    pub fn at(&self) -> UnixTime {
        self.at
    }
}

/// No valid path. The reasons are those of the best candidate, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFailure {
    /// At least one; `Reason::NoTrustedPath` alone means that no anchor was reached.
    pub reasons: Vec<Reason>,
}

/// Finds and validates a path from `leaf` over `untrusted` to one of `anchors` at `at`.
///
/// `emails` of the leaf are not compared with anything here, but an anchor with [`AnchorScope::Address`] is only
/// used for a leaf that carries that address and no other.
pub fn validate(
    leaf: &Certificate,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    at: UnixTime,
    purpose: Purpose,
) -> Result<TrustedPath, PathFailure> {
    let _ = (leaf, untrusted, anchors, at, purpose);
    let _ = TrustedPath { certificates: vec![], anchor: anchors[0].clone(), at };
    todo!()
}
