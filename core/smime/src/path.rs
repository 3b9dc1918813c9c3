//! Path building and validation (RFC 5280 section 6, RFC 8550).
//!
//! The search is bounded in every direction, so that hostile certificates (loops, a hundred cross-signed CAs of one
//! name, thousands of name constraints) end quickly, as "no path".

mod check;
mod names;
mod policy;
mod profile;
mod search;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::certificate::Certificate;
use crate::revocation::{CertificateStatus, Need, Sources, Target, Work};
use crate::time::UnixTime;
use crate::verdict::Reason;

/// Longest path, leaf and anchor included.
pub const MAX_PATH_LENGTH: usize = 16;
/// At most this many of the untrusted certificates are looked at, in the order given.
pub const MAX_UNTRUSTED: usize = 1024;
/// At most this many signatures of certificates are checked for one leaf.
pub const MAX_SIGNATURE_CHECKS: usize = 256;
/// At most this many signatures of certificates are checked for all signers of one message.
pub const MAX_MESSAGE_CHECKS: usize = 4 * MAX_SIGNATURE_CHECKS;
/// At most this many complete paths are judged for one leaf and one strength of trust.
pub const MAX_CANDIDATES: usize = 64;
/// At most this many steps from a certificate to a possible issuer are tried for one leaf and one strength of trust.
pub const MAX_STEPS: usize = 4096;
/// At most this many comparisons of a name with a name constraint are made for one leaf.
pub const MAX_NAME_COMPARISONS: usize = 250_000;

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
    /// No trust: such an anchor ends no path.
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
    /// Mail: signing or encrypting.
    Email,
    /// RFC 3161 section 2.3: critical timeStamping as the only extended key usage.
    TimeStamping,
    /// No check of key usage and extended key usage.
    Any,
}

/// Against what a leaf is validated.
#[derive(Clone, Copy, Debug)]
pub struct PathInputs<'a> {
    /// Certificates that help building the path, and signers of lists and OCSP answers.
    pub untrusted: &'a [Certificate],
    /// Certificates that may end it.
    pub anchors: &'a [TrustAnchor],
    /// The judged time.
    pub at: UnixTime,
    /// The time of judging: lists and answers that begin later are not from here. The same as `at`, or later when `at`
    /// was proven by a timestamp.
    pub now: UnixTime,
    /// What the leaf is for.
    pub purpose: Purpose,
    /// Policies and strictness.
    pub options: &'a PathOptions,
    /// Revocation lists and OCSP answers.
    pub sources: Sources<'a>,
}

/// The inputs of RFC 5280 section 6.1.1 that have defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathOptions {
    /// user-initial-policy-set; empty stands for any-policy.
    pub policies: Vec<ObjectIdentifier>,
    /// initial-explicit-policy: the path must be valid for one of `policies`.
    pub require_explicit_policy: bool,
    /// initial-any-policy-inhibit.
    pub inhibit_any_policy: bool,
    /// initial-policy-mapping-inhibit.
    pub inhibit_policy_mapping: bool,
    /// At most this many intermediates that are not self-issued.
    pub max_intermediates: Option<u32>,
    /// Also refuse certificates and lists that break what RFC 5280 sections 4 and 5 ask of CAs, like a missing authority
    /// key identifier. Section 6 does not ask this of the reader, and real mail does not keep it.
    pub strict_profile: bool,
}

/// A path that was validated; only [`validate`] and [`validate_with`] make one.
#[derive(Clone, Debug)]
pub struct TrustedPath {
    certificates: Vec<Certificate>,
    anchor: TrustAnchor,
    at: UnixTime,
    statuses: Vec<CertificateStatus>,
    needs: Vec<Need>,
}

impl TrustedPath {
    /// Leaf first, anchor last; one certificate when the leaf itself is the anchor.
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
    /// The revocation status of each certificate, in the same order. None is revoked.
    pub fn statuses(&self) -> &[CertificateStatus] {
        &self.statuses
    }
    /// Where a status that is not known could be asked for.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }
}

/// No valid path. The reasons are those of the best candidate (the one with the fewest), never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFailure {
    /// At least one; `Reason::NoTrustedPath` alone means that no anchor was reached. `UnsupportedAlgorithm` alone
    /// can mean that a certificate's signature could not be checked.
    pub reasons: Vec<Reason>,
    /// The best candidate: leaf first, anchor last; empty when no anchor was reached.
    pub path: Vec<Certificate>,
    /// The revocation status of each certificate of `path`.
    pub statuses: Vec<CertificateStatus>,
    /// Where a missing issuer or an unknown status could be asked for.
    pub needs: Vec<Need>,
}

/// Finds and validates a path from `leaf` over `untrusted` to one of `anchors` at `at`. Of several valid paths, one to
/// an anchor with the strongest [`Trust`] is returned.
///
/// `emails` of the leaf are not compared with anything here, but an anchor with [`AnchorScope::Address`] is only
/// used for a leaf that carries that address and no other.
///
/// Checked: signatures, validity of every certificate (the anchor's too), basic constraints and path length, key
/// usage, name constraints (directoryName, rfc822Name, SmtpUTF8Mailbox, dNSName, URI, iPAddress), policies, unknown
/// critical extensions, SHA-1 and MD5 in signatures, RSA keys below
/// [`MIN_RSA_BITS`](crate::key::MIN_RSA_BITS), `purpose`. Revocation is checked by [`validate_inputs`].
pub fn validate(
    leaf: &Certificate,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    at: UnixTime,
    purpose: Purpose,
) -> Result<TrustedPath, PathFailure> {
    validate_with(leaf, untrusted, anchors, at, purpose, &PathOptions::default())
}

/// [`validate`] with the further inputs of RFC 5280 section 6.1.1.
pub fn validate_with(
    leaf: &Certificate,
    untrusted: &[Certificate],
    anchors: &[TrustAnchor],
    at: UnixTime,
    purpose: Purpose,
    options: &PathOptions,
) -> Result<TrustedPath, PathFailure> {
    let sources = Sources::default();
    validate_inputs(leaf, &PathInputs { untrusted, anchors, at, now: at, purpose, options, sources })
}

/// [`validate`] with everything that can be said about it, revocation included: a revoked certificate makes a path
/// fail (`revoked`), and as [`Sources::demand`] says also an unknown status (`revocation_unknown`). Another path, over
/// certificates that are not revoked, is sought first; what an issuer's key revoked is revoked on every path.
pub fn validate_inputs(leaf: &Certificate, inputs: &PathInputs<'_>) -> Result<TrustedPath, PathFailure> {
    validate_sharing(leaf, inputs, &mut Work::new(inputs.sources, inputs.now))
}

/// [`validate_inputs`] for one of several leaves, which share the limits of `work`.
pub(crate) fn validate_sharing(
    leaf: &Certificate,
    inputs: &PathInputs<'_>,
    work: &mut Work<'_>,
) -> Result<TrustedPath, PathFailure> {
    search::Search::new(leaf, *inputs, work).run()
}

/// The path of a certificate that signed a list: to one of these anchors, at `at`, with nobody revoked on it.
pub(crate) fn search_signer(
    signer: &Certificate,
    target: &Target<'_, '_>,
    anchors: &[TrustAnchor],
    at: UnixTime,
    work: &mut Work<'_>,
) -> Option<Vec<Certificate>> {
    let inputs = PathInputs {
        untrusted: target.untrusted,
        anchors,
        at,
        now: work.now,
        purpose: Purpose::Any,
        options: &PathOptions { strict_profile: target.strict, ..PathOptions::default() },
        sources: work.sources,
    };
    search::Search::new(signer, inputs, work).run().ok().map(|path| path.certificates)
}
