//! Who signed a list, and whether he may (RFC 5280 section 6.3.3 (f) and (g)).

use super::{MAX_SIGNER_CANDIDATES, MAX_SIGNER_DEPTH, StatusReason, Target, Work};
use crate::certificate::Certificate;
use crate::certificate::extensions::KeyUsage;
use crate::crl::CertificateList;
use crate::fingerprint::Fingerprint;
use crate::issued::IssuerSignature;
use crate::path::search_signer;
use crate::time::UnixTime;

/// How far above a certificate the CA may stand that certified another key for lists in the name of its issuer: the
/// issuer itself, or who certified the issuer. RFC 5280 asks only for the same anchor; then any CA below it could take
/// the name.
const MAX_CERTIFIER_DISTANCE: usize = 2;

/// The certificate under which a list verifies.
pub(super) struct Signer {
    pub(super) certificate: Certificate,
    pub(super) is_on_path: bool,
    /// It may revoke, and clears nobody.
    pub(super) only_revokes: Option<StatusReason>,
}

impl Work<'_> {
    /// The signature of list `index` under the key of `signer`, within the limits; each pair is computed once. The keys
    /// of the path have a limit of their own, which other certificates can't use up.
    pub(super) fn check_list_signature(
        &mut self,
        index: usize,
        list: &CertificateList,
        signer: &Certificate,
        is_on_path: bool,
    ) -> Result<(), StatusReason> {
        let key = (index, Fingerprint::of(signer.public_key_der()));
        let outcome = match self.list_signatures.get(&key) {
            Some(outcome) => *outcome,
            None => {
                if !self.take_signature(is_on_path) {
                    return Err(StatusReason::LimitExceeded);
                }
                let outcome = list.issuer_signature(signer);
                self.list_signatures.insert(key, outcome);
                outcome
            }
        };
        match outcome {
            IssuerSignature::Right => Ok(()),
            IssuerSignature::Wrong => Err(StatusReason::CrlSignature),
            IssuerSignature::Unsupported => Err(StatusReason::CrlUnsupported),
        }
    }
}

/// The error of the candidate that came farthest.
struct Farthest {
    outcome: StatusReason,
    is_right: bool,
}

impl Farthest {
    fn is_signed(&mut self, checked: Result<(), StatusReason>) -> bool {
        match checked {
            Ok(()) => (self.is_right, self.outcome) = (true, StatusReason::CrlIssuer),
            Err(reason) if !self.is_right => self.outcome = reason,
            Err(_) => {}
        }
        checked.is_ok()
    }
}

/// Finds the signer of a list among the issuers on the path, and then among the other certificates of that name; one
/// that clears before one that only revokes.
pub(super) fn find_signer(
    index: usize,
    list: &CertificateList,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> Result<Signer, StatusReason> {
    let mut farthest = Farthest { outcome: StatusReason::CrlIssuer, is_right: false };
    let mut revoking = None;
    let signer = |certificate: &Certificate, is_on_path, only_revokes| Signer {
        certificate: certificate.clone(),
        is_on_path,
        only_revokes,
    };
    for candidate in target.issuers.iter().copied().filter(|one| has_name(one, list)) {
        if !farthest.is_signed(work.check_list_signature(index, list, candidate, true)) {
            continue;
        }
        if may_sign(candidate, list, target) {
            return Ok(signer(candidate, true, None));
        }
        // Whoever issued the certificate is believed when he takes it back, whatever another says of his key.
        if target.issuers.first().is_some_and(|issuer| is_same_authority(candidate, issuer)) {
            revoking = Some(signer(candidate, true, Some(StatusReason::CrlIssuer)));
        }
    }
    let (others, is_cut) = others(list, target);
    for candidate in others {
        let is_signed = farthest.is_signed(work.check_list_signature(index, list, candidate, false));
        let says_so = candidate.extensions().key_usage.is_some();
        if !is_signed || !says_so || !may_sign(candidate, list, target) {
            continue;
        }
        match standing(index, list, candidate, target, work) {
            Standing::Clears => return Ok(signer(candidate, false, None)),
            Standing::Revokes if revoking.is_none() => {
                revoking = Some(signer(candidate, false, Some(StatusReason::CrlIssuer)));
            }
            Standing::Revokes | Standing::Nothing => {}
        }
    }
    work.limit_reached |= is_cut && revoking.is_none();
    revoking.ok_or(farthest.outcome)
}

fn has_name(certificate: &Certificate, list: &CertificateList) -> bool {
    certificate.subject_comparable() == list.issuer_comparable()
}

fn is_same_authority(one: &Certificate, other: &Certificate) -> bool {
    one.subject_comparable() == other.subject_comparable() && one.public_key_der() == other.public_key_der()
}

/// Certificates beside the path with the name of the list's issuer, those first that fit its authority key identifier;
/// and whether there are more.
fn others<'t>(list: &CertificateList, target: &Target<'t, 't>) -> (Vec<&'t Certificate>, bool) {
    let mut others: Vec<&Certificate> =
        target.untrusted.iter().filter(|one| has_name(one, list) && !target.issuers.contains(one)).collect();
    let wanted = list.authority_key_identifier();
    others.sort_by_key(|one| {
        let identifier = one.subject_key_identifier();
        wanted.is_some() && identifier.is_some() && wanted != identifier
    });
    let is_cut = others.len() > MAX_SIGNER_CANDIDATES;
    others.truncate(MAX_SIGNER_CANDIDATES);
    (others, is_cut)
}

/// Key usage, and validity when the list was used: at the judged time, or when the list was made if that was later.
fn may_sign(signer: &Certificate, list: &CertificateList, target: &Target<'_, '_>) -> bool {
    let extensions = signer.extensions();
    let time = used_at(list, target);
    extensions.key_usage.is_none_or(|usage| usage.any(KeyUsage::CRL_SIGN))
        && !extensions.malformed
        && !extensions.unknown_critical
        && signer.not_before() <= time
        && time <= signer.not_after()
}

fn used_at(list: &CertificateList, target: &Target<'_, '_>) -> UnixTime {
    list.this_update().max(target.at)
}

/// What a signer beside the path may do.
enum Standing {
    Nothing,
    Revokes,
    Clears,
}

/// It needs a path of its own on which nobody is revoked: to the same anchor, or to another one and then only to revoke.
fn standing(
    index: usize,
    list: &CertificateList,
    signer: &Certificate,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> Standing {
    let key = (index, signer.fingerprint());
    // The list speaks of its own signer (a rolled-over key, or an issuer of lists that names itself): it counts while
    // it is asked about that, and revokes its signer when it says so.
    if work.in_progress.contains(&key) {
        return Standing::Clears;
    }
    if work.searches_left == 0 || work.in_progress.len() >= MAX_SIGNER_DEPTH {
        work.limit_reached = true;
        return Standing::Nothing;
    }
    work.searches_left -= 1;
    work.in_progress.push(key);
    let at = used_at(list, target);
    let same_anchor = search_signer(signer, target, std::slice::from_ref(target.anchor), at, work);
    let is_same_anchor = same_anchor.is_some();
    let path = same_anchor.or_else(|| {
        let anchors = target.anchors.get(1..).map(|_| target.anchors)?;
        search_signer(signer, target, anchors, at, work)
    });
    work.in_progress.pop();
    let Some(path) = path else { return Standing::Nothing };
    if list.issuer_comparable() != target.certificate.issuer_comparable() {
        return if is_same_anchor { Standing::Clears } else { Standing::Revokes };
    }
    let (Some(certifier), Some(issuer)) = (path.get(1), target.issuers.first()) else {
        return Standing::Nothing;
    };
    let is_near =
        target.issuers.iter().take(MAX_CERTIFIER_DISTANCE).any(|issuer| is_same_authority(issuer, certifier));
    if !is_near {
        return Standing::Nothing;
    }
    // A CA with several keys may have lists for each: another one's clears only when this key signs none itself, or
    // certified the other.
    let signs_lists = issuer.extensions().key_usage.is_none_or(|usage| usage.any(KeyUsage::CRL_SIGN));
    let speaks_for_issuer =
        !signs_lists || is_same_authority(issuer, certifier) || is_same_authority(issuer, signer);
    if is_same_anchor && speaks_for_issuer { Standing::Clears } else { Standing::Revokes }
}
