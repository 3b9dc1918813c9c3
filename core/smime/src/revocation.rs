//! The status of the certificates of a path: RFC 5280 section 6.3 over lists, RFC 6960 over OCSP answers.
//!
//! Nothing is fetched: lists and answers are inputs, and what is missing is an output ([`Need`]). What can't be used
//! is named by a [`StatusReason`], never silently left out. The rules that the RFCs leave open (a signature with a
//! timestamp, a revocation after it, missing data) stand in docs/protocols/verdict.md.

mod by_list;
mod by_response;
mod needs;
mod signer;
mod statement;
mod work;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::certificate::Certificate;
use crate::crl::{CertificateList, CrlReason};
use crate::fingerprint::Fingerprint;
use crate::ocsp::OcspResponse;
use crate::path::{MAX_PATH_LENGTH, MAX_UNTRUSTED, PathInputs, Purpose, TrustAnchor};
use crate::time::UnixTime;
use crate::verdict::Revocation;
pub use needs::{MAX_NEEDS, Need, NeedKind};
pub(crate) use needs::{missing_issuer, needs_of};
pub(crate) use work::Work;

/// At most this many lists, and this many answers, about one certificate are looked at, in the order given.
pub const MAX_SOURCES: usize = 1024;
/// At most this many signatures of lists, answers, and certificates of their signers are checked for one leaf, or for
/// all leaves of one message.
pub const MAX_STATUS_SIGNATURES: usize = 256;
/// At most this many signatures of lists under keys of the path are checked beside them.
pub const MAX_PATH_STATUS_SIGNATURES: usize = MAX_SOURCES * MAX_PATH_LENGTH;
/// At most this many certificates beside the path are tried as the signer of one list or answer.
pub const MAX_SIGNER_CANDIDATES: usize = 8;
/// At most this many paths to signers of lists that do not stand on the path are sought for one leaf.
pub const MAX_SIGNER_SEARCHES: usize = 64;
/// The status of a list's signer may depend on another list, and so on; at most this deep.
pub const MAX_SIGNER_DEPTH: usize = 4;
/// A list or answer without nextUpdate is current for this many seconds.
pub const MAX_AGE_WITHOUT_NEXT_UPDATE: u64 = 24 * 60 * 60;
/// How far the clock of an issuer may be ahead of ours, in seconds.
pub const MAX_CLOCK_SKEW: u64 = 5 * 60;

/// Where a status may come from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// Revocation lists of all kinds.
    pub lists: &'a [CertificateList],
    /// OCSP answers.
    pub responses: &'a [OcspResponse],
    /// A responder was asked and refused to answer.
    pub refused: bool,
    /// Whether an unknown status makes a path fail.
    pub demand: Demand,
}

/// When a status that can't be determined makes a path fail (`revocation_unknown`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// Never: it is only shown. What exceeds a limit fails all the same.
    #[default]
    Nowhere,
    /// For the leaf, and for every other certificate about which something was given that can't be used.
    WhereGiven,
    /// For every certificate below the anchor (RFC 5280 section 6.1.3 (a) (3)).
    Everywhere,
}

impl Sources<'_> {
    /// Nothing was given and nothing is asked for.
    pub(crate) fn is_off(&self) -> bool {
        self.lists.is_empty() && self.responses.is_empty() && !self.refused && self.demand == Demand::Nowhere
    }

    /// Who hands over lists or answers wants to know: [`Demand::WhereGiven`] at least, when there are any.
    #[must_use]
    pub fn demanding_where_given(self) -> Self {
        let is_given = !self.lists.is_empty() || !self.responses.is_empty() || self.refused;
        match self.demand {
            Demand::Nowhere if is_given => Sources { demand: Demand::WhereGiven, ..self },
            _ => self,
        }
    }

    /// This status makes a path fail.
    pub(crate) fn forbids(&self, status: &CertificateStatus, is_leaf: bool) -> bool {
        // Whoever can exceed a limit, like the sender with certificates in his message, must gain nothing by it.
        let is_cut = status.reasons.contains(&StatusReason::LimitExceeded);
        status.state == Revocation::Unknown
            && match self.demand {
                _ if is_cut => true,
                Demand::Nowhere => false,
                Demand::WhereGiven => is_leaf || status.reasons != [StatusReason::StatusMissing],
                Demand::Everywhere => true,
            }
    }
}

/// Why a status is what it is, or why something that was given does not count. Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusReason {
    /// Nothing that was given speaks of this certificate.
    StatusMissing,
    /// The list ended (nextUpdate) before the judged time.
    CrlExpired,
    /// The list begins (thisUpdate) after the time of judging.
    CrlNotYetValid,
    /// The list's signature does not verify under any certificate of its issuer.
    CrlSignature,
    /// The list's issuer is not there, may not sign lists, is revoked, or has no path to the same anchor.
    CrlIssuer,
    /// The list is for another distribution point or other kinds of certificates.
    CrlScope,
    /// Lists for some reasons are there, and not for all.
    CrlReasonsIncomplete,
    /// A critical extension is unknown, something in it is malformed, or the signature algorithm is unknown.
    CrlUnsupported,
    /// The list is signed with SHA-1: it can revoke, and says nothing good.
    CrlWeak,
    /// A delta list without a complete list that it fits.
    CrlBaseMissing,
    /// The list was made after the certificate ended, when revoked ones are left out.
    CrlAfterExpiry,
    /// The answer ended (nextUpdate) before the judged time.
    OcspExpired,
    /// The answer begins (thisUpdate) after the time of judging.
    OcspNotYetValid,
    /// The answer's signature does not verify under the named responder.
    OcspSignature,
    /// The responder's certificate is not there, or may not answer for this issuer.
    OcspResponder,
    /// The responder says that it does not know the certificate.
    OcspUnknown,
    /// The responder was asked and refused to answer.
    OcspUnsuccessful,
    /// Another version, a critical extension, or an algorithm is unknown.
    OcspUnsupported,
    /// The answer is signed with SHA-1: it can revoke, and says nothing good.
    OcspWeak,
    /// The answer was made after the certificate ended, when revoked ones are forgotten.
    OcspAfterExpiry,
    /// A limit of this module was reached: what was left out could revoke.
    LimitExceeded,
    /// Revoked; its reason was not said.
    Unspecified,
    /// Revoked: the key is in wrong hands.
    KeyCompromise,
    /// Revoked: the issuer's key is in wrong hands.
    CaCompromise,
    /// Revoked: the person's name or place changed.
    AffiliationChanged,
    /// Revoked: another certificate takes its place.
    Superseded,
    /// Revoked: it is no longer needed.
    CessationOfOperation,
    /// Revoked for the time being.
    CertificateHold,
    /// Revoked: a privilege ended.
    PrivilegeWithdrawn,
    /// Revoked: the attribute authority's key is in wrong hands.
    AaCompromise,
}

impl From<Option<CrlReason>> for StatusReason {
    fn from(reason: Option<CrlReason>) -> Self {
        match reason {
            None | Some(CrlReason::Unspecified | CrlReason::RemoveFromCrl) => Self::Unspecified,
            Some(CrlReason::KeyCompromise) => Self::KeyCompromise,
            Some(CrlReason::CaCompromise) => Self::CaCompromise,
            Some(CrlReason::AffiliationChanged) => Self::AffiliationChanged,
            Some(CrlReason::Superseded) => Self::Superseded,
            Some(CrlReason::CessationOfOperation) => Self::CessationOfOperation,
            Some(CrlReason::CertificateHold) => Self::CertificateHold,
            Some(CrlReason::PrivilegeWithdrawn) => Self::PrivilegeWithdrawn,
            Some(CrlReason::AaCompromise) => Self::AaCompromise,
        }
    }
}

/// The status of one certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateStatus {
    /// SHA-256 of the certificate.
    pub sha256: Fingerprint,
    /// Its status at the judged time. An anchor is not checked.
    pub state: Revocation,
    /// For a revoked one why; else what was given and does not count. Sorted, each once.
    pub reasons: Vec<StatusReason>,
    /// When it was revoked; `None` for every other state.
    pub revoked_at: Option<UnixTime>,
}

impl CertificateStatus {
    /// It was revoked on another path.
    pub(crate) fn revoke(&mut self, revoked: Revoked) {
        (self.state, self.revoked_at) = (Revocation::Revoked, Some(revoked.at));
        self.add(revoked.reason.into());
    }

    pub(crate) fn add(&mut self, reason: StatusReason) {
        if let Err(place) = self.reasons.binary_search(&reason) {
            self.reasons.insert(place, reason);
        }
    }
}

/// The worst state of a path below its anchor: revoked, unknown, not checked, good.
pub fn worst(path: &[CertificateStatus]) -> Revocation {
    let below = path.split_last().map_or(path, |(_, below)| below);
    [Revocation::Revoked, Revocation::Unknown, Revocation::NotChecked]
        .into_iter()
        .find(|worst| below.iter().any(|status| status.state == *worst))
        .unwrap_or(if below.is_empty() { Revocation::NotChecked } else { Revocation::Good })
}

/// Whose status is sought, and among whom.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a, 'p> {
    pub(crate) certificate: &'p Certificate,
    /// From its issuer to the anchor.
    pub(crate) issuers: &'p [&'p Certificate],
    pub(crate) anchor: &'a TrustAnchor,
    /// All that were given.
    pub(crate) anchors: &'a [TrustAnchor],
    /// Certificates among which signers of lists and answers are sought.
    pub(crate) untrusted: &'a [Certificate],
    /// The judged time.
    pub(crate) at: UnixTime,
    pub(crate) purpose: Purpose,
    /// [`PathOptions::strict_profile`](crate::path::PathOptions).
    pub(crate) strict: bool,
}

/// What was found out about one certificate.
#[derive(Default)]
pub(crate) struct Findings {
    good: bool,
    revoked: Option<Revoked>,
    notes: BTreeSet<StatusReason>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked {
    at: UnixTime,
    reason: Option<CrlReason>,
}

impl Findings {
    fn note(&mut self, reason: StatusReason) {
        self.notes.insert(reason);
    }

    /// Of several revocations the earliest counts.
    fn revoke(&mut self, revoked: Revoked) {
        if self.revoked.is_none_or(|known| revoked.at < known.at) {
            self.revoked = Some(revoked);
        }
    }
}

/// The statuses of a path (leaf first, anchor last), the anchor's included as not checked.
pub(crate) fn statuses_of_path<'a>(
    path: &[&Certificate],
    anchor: &'a TrustAnchor,
    inputs: &PathInputs<'a>,
    work: &mut Work<'_>,
) -> Vec<CertificateStatus> {
    let mut statuses = Vec::with_capacity(path.len());
    let untrusted = inputs.untrusted.get(..MAX_UNTRUSTED).unwrap_or(inputs.untrusted);
    for (index, &certificate) in path.iter().enumerate() {
        let issuers = path.get(index + 1..).unwrap_or_default();
        if issuers.is_empty() || work.sources.is_off() {
            statuses.push(not_checked(certificate));
            continue;
        }
        let target = Target {
            certificate,
            issuers,
            anchor,
            anchors: inputs.anchors,
            untrusted,
            at: inputs.at,
            purpose: inputs.purpose,
            strict: inputs.options.strict_profile,
        };
        let mut findings = Findings::default();
        by_list::look_up(&target, work, &mut findings);
        by_response::look_up(&target, work, &mut findings);
        work.share_revocation(&target, &mut findings);
        if work.limit_reached {
            findings.note(StatusReason::LimitExceeded);
            findings.good = false;
            work.limit_reached = work.is_for_signer();
        }
        statuses.push(findings.status(certificate, work.sources.refused));
    }
    statuses
}

fn not_checked(certificate: &Certificate) -> CertificateStatus {
    CertificateStatus {
        sha256: certificate.fingerprint(),
        state: Revocation::NotChecked,
        reasons: Vec::new(),
        revoked_at: None,
    }
}

impl Findings {
    /// Revoked by anyone who may say so is revoked, whoever else says good.
    fn status(mut self, certificate: &Certificate, refused: bool) -> CertificateStatus {
        let state = match (self.revoked, self.good) {
            (Some(_), _) => Revocation::Revoked,
            (None, true) => Revocation::Good,
            (None, false) => Revocation::Unknown,
        };
        if state != Revocation::Unknown {
            // Lists for other certificates or some reasons are nothing wrong once the others settle it.
            self.notes
                .retain(|note| !matches!(note, StatusReason::CrlScope | StatusReason::CrlReasonsIncomplete));
        }
        if state == Revocation::Unknown && refused {
            self.note(StatusReason::OcspUnsuccessful);
        }
        if let Some(revoked) = self.revoked {
            self.note(revoked.reason.into());
        } else if !self.good && self.notes.is_empty() {
            self.note(StatusReason::StatusMissing);
        }
        CertificateStatus {
            sha256: certificate.fingerprint(),
            state,
            reasons: self.notes.into_iter().collect(),
            revoked_at: self.revoked.map(|revoked| revoked.at),
        }
    }
}

/// A revocation counts at the judged time when it, or the invalidity it states, lies not after it.
///
/// A timestamp authority loses more (RFC 3161 section 4): unless the stated reason excludes a stolen key, all its
/// tokens fall, because whoever has the key can make tokens with any time.
fn counts(purpose: Purpose, at: UnixTime, since: UnixTime, reason: Option<CrlReason>) -> bool {
    let key_is_safe = matches!(
        reason,
        Some(
            CrlReason::Unspecified
                | CrlReason::AffiliationChanged
                | CrlReason::Superseded
                | CrlReason::CessationOfOperation
        )
    );
    since <= at || (purpose == Purpose::TimeStamping && !key_is_safe)
}

fn end_of(this_update: UnixTime, next_update: Option<UnixTime>) -> UnixTime {
    next_update.unwrap_or(this_update.plus(MAX_AGE_WITHOUT_NEXT_UPDATE))
}

/// It has ended by now. A timestamp authority is not cleared by that, though it was current at the time of the token:
/// whoever has stolen its key makes tokens of any time, so also of one before the theft was known.
fn is_stale(
    target: &Target<'_, '_>,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    now: UnixTime,
) -> bool {
    target.purpose == Purpose::TimeStamping && end_of(this_update, next_update) < now
}

/// Whether something from `this_update` to `next_update` says something about `at`.
enum Window {
    Current,
    Expired,
    NotYetValid,
}

impl Window {
    fn of(this_update: UnixTime, next_update: Option<UnixTime>, at: UnixTime, now: UnixTime) -> Self {
        let end = end_of(this_update, next_update);
        if this_update > now.plus(MAX_CLOCK_SKEW) {
            Window::NotYetValid
        } else if end < at {
            Window::Expired
        } else {
            // One that was made after the judged time is as good: it states when the revocation took place.
            Window::Current
        }
    }
}
