//! The verdict on one message: data, not an error (docs/protocols/verdict.md).

mod judge;

use serde::{Deserialize, Serialize};

use crate::address::EmailAddress;
use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::path::{Trust, TrustAnchor};
use crate::revocation::{Need, Sources};
use crate::signed::{SignedContent, SignedData};
use crate::time::UnixTime;

/// Why a signature, a timestamp or a path is not valid. Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The message digest does not fit the content.
    DigestMismatch,
    /// The signature does not verify.
    BadSignature,
    /// The certificate (or one of its path) has ended.
    Expired,
    /// It is not valid yet.
    NotYetValid,
    /// It was revoked.
    Revoked,
    /// Key usage forbids it.
    WrongKeyUsage,
    /// Extended key usage forbids it.
    WrongExtendedKeyUsage,
    /// The sender's address is not in the certificate.
    AddressMismatch,
    /// MD5 or SHA-1.
    WeakDigest,
    /// RSA below 2048 bits.
    WeakKey,
    /// No certificate fits the signer.
    NoSignerCertificate,
    /// Content inside multipart/signed.
    ContentAmbiguous,
    /// Programs may see other parts of the mail than were signed, or show another text.
    StructureAmbiguous,
    /// Signed attributes are missing, double or contradict each other.
    AttributesInvalid,
    /// The algorithm is unknown here.
    UnsupportedAlgorithm,
    /// No path to an anchor.
    NoTrustedPath,
    /// Name constraints forbid the certificate's names.
    NameConstraints,
    /// A basic constraint or path length is violated.
    PathConstraints,
    /// No certificate policy of the path is acceptable.
    PolicyConstraints,
    /// A critical extension is unknown, or the certificate is malformed.
    InvalidCertificate,
    /// The structure can't be read.
    Malformed,
    /// The token stamps other data.
    ImprintMismatch,
    /// The time lies in the future.
    FutureTime,
    /// The status of a certificate of the path could not be determined, and the policy asks for it.
    RevocationUnknown,
}

/// State of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// Not signed at the root, or without SignerInfo.
    None,
    /// Everything holds.
    Valid,
    /// Something is wrong; see the reasons.
    Invalid,
    /// Mathematically right, but no path to an anchor.
    Untrusted,
    /// Algorithm or certificate missing.
    Unverifiable,
}

/// Revocation status of a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// Good at the judged time.
    Good,
    /// Revoked.
    Revoked,
    /// No usable answer.
    Unknown,
    /// Not asked.
    NotChecked,
}

/// One signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerVerdict {
    /// Addresses of the certificate.
    pub emails: Vec<EmailAddress>,
    /// Subject, RFC 4514.
    pub subject: String,
    /// Issuer, RFC 4514.
    pub issuer: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate.
    pub sha256: Fingerprint,
    /// Like `ecdsa-p256-sha256`; `unknown` when the signature could not be verified.
    pub algorithm: String,
    /// End of the certificate's validity.
    pub not_after: UnixTime,
    /// Claimed.
    pub signing_time: Option<UnixTime>,
    /// The one From address is an address of the certificate; false when no From was given.
    pub address_matches: bool,
    /// Leaf first, anchor last; SHA-256 of each. Empty without a path.
    pub chain: Vec<Fingerprint>,
    /// Why the anchor is trusted.
    pub trust: Trust,
    /// Revocation status.
    pub revocation: Revocation,
}

/// The signature part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureVerdict {
    /// Overall.
    pub state: SignatureState,
    /// Why not valid.
    pub reasons: Vec<Reason>,
    /// Those whose certificate was found.
    pub signers: Vec<SignerVerdict>,
}

/// State of a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestampState {
    /// There is none.
    None,
    /// Token, authority and path are right.
    Valid,
    /// See the reasons.
    Invalid,
}

/// The timestamp part of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampVerdict {
    /// Overall.
    pub state: TimestampState,
    /// genTime.
    pub time: Option<UnixTime>,
    /// Subject of the authority's certificate.
    pub authority: Option<String>,
    /// Why not valid.
    pub reasons: Vec<Reason>,
}

/// Against what a signature is judged.
#[derive(Clone, Copy, Debug)]
pub struct Policy<'a> {
    /// The time of judging; a valid timestamp's time takes its place for the signer's certificate.
    pub at: UnixTime,
    /// For signers.
    pub anchors: &'a [TrustAnchor],
    /// For timestamp authorities.
    pub timestamp_anchors: &'a [TrustAnchor],
    /// Certificates that help building paths.
    pub untrusted: &'a [Certificate],
    /// Revocation lists and OCSP answers, for signers and for timestamp authorities.
    pub sources: Sources<'a>,
}

/// What [`judge`] found.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The signature.
    pub signature: SignatureVerdict,
    /// The timestamp: the weakest of the signers that count, so that what is valid holds for all of them.
    pub timestamp: TimestampVerdict,
    /// Proof for each signer, in the order of the SignerInfos; empty unless the signature is valid as a whole.
    pub valid_signers: Vec<ValidSigner>,
    /// Where missing issuers and unknown statuses could be asked for.
    pub needs: Vec<Need>,
    /// A further signature of a signer uses an unknown algorithm; another one of the same signer is right.
    pub has_unknown_second_signature: bool,
}

/// A signer for whom everything holds; only [`judge`] makes one.
#[derive(Clone, Debug)]
pub struct ValidSigner {
    index: usize,
    certificate: Certificate,
    chain: Vec<Certificate>,
    trust: Trust,
    content_sha256: Fingerprint,
    timestamp: Option<UnixTime>,
    judged_at: UnixTime,
}

impl ValidSigner {
    /// Place of the SignerInfo in [`SignedData::signers`].
    pub fn signer_index(&self) -> usize {
        self.index
    }
    /// The signing certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
    /// Leaf first, anchor last.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }
    /// The anchor's certificate.
    pub fn anchor(&self) -> &Certificate {
        self.chain.last().unwrap_or(&self.certificate)
    }
    /// Why the anchor is trusted.
    pub fn trust(&self) -> Trust {
        self.trust
    }
    /// SHA-256 of the signed content.
    pub fn content_sha256(&self) -> Fingerprint {
        self.content_sha256
    }
    /// genTime of the valid token on this signature.
    pub fn timestamp(&self) -> Option<UnixTime> {
        self.timestamp
    }
    /// The time the certificate was judged at.
    pub fn judged_at(&self) -> UnixTime {
        self.judged_at
    }
}

/// Judges all signers of `signed` over `content`; `from` are the addresses of the From field that is believed
/// (one in a proper mail; several or none mean `address_mismatch`). `None` leaves the address out of the judgement.
///
/// The caller knows whether the content came from outside: a SignedData of multipart/signed must not hold a content
/// itself (`content_ambiguous`). Here it is noticed only when the two contents differ.
pub fn judge(
    signed: &SignedData,
    content: &[u8],
    from: Option<&[EmailAddress]>,
    policy: &Policy<'_>,
) -> Judgement {
    judge_content(signed, SignedContent::Octets(content), from, policy)
}

/// As [`judge`], also over a content that went by as a stream.
pub fn judge_content(
    signed: &SignedData,
    content: SignedContent<'_>,
    from: Option<&[EmailAddress]>,
    policy: &Policy<'_>,
) -> Judgement {
    judge::judge(signed, content, from, policy)
}

/// As [`judge_content`], over a content that came from outside: another one inside the message would leave open which
/// one was signed (`content_ambiguous`).
pub fn judge_detached(
    signed: &SignedData,
    content: SignedContent<'_>,
    from: Option<&[EmailAddress]>,
    policy: &Policy<'_>,
) -> Judgement {
    let mut judgement = judge_content(signed, content, from, policy);
    if signed.encapsulated().is_some() {
        judgement.signature.state = SignatureState::Invalid;
        if !judgement.signature.reasons.contains(&Reason::ContentAmbiguous) {
            judgement.signature.reasons.push(Reason::ContentAmbiguous);
        }
        judgement.valid_signers.clear();
    }
    judgement
}
