//! Who signed a list, and whether he may (RFC 5280 section 6.3.3 (f) and (g)).

use super::{MAX_SIGNER_DEPTH, StatusReason, Target, Work};
use crate::certificate::extensions::KeyUsage;
use crate::certificate::{Certificate, IssuerSignature};
use crate::crl::CertificateList;
use crate::path::search_signer;
use crate::time::UnixTime;

/// The certificate under which a list verifies, and which may sign lists.
pub(super) struct Signer {
    pub(super) certificate: Certificate,
}

impl Work<'_> {
    /// The signature of list `index` under `signer`, within the limit; each pair is computed once.
    pub(super) fn check_list_signature(
        &mut self,
        index: usize,
        list: &CertificateList,
        signer: &Certificate,
    ) -> Result<(), StatusReason> {
        let key = (index, signer.fingerprint());
        let outcome = match self.list_signatures.get(&key) {
            Some(outcome) => *outcome,
            None if self.signatures_left == 0 => return Err(StatusReason::LimitExceeded),
            None => {
                self.signatures_left -= 1;
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

/// Finds the signer of a list among the issuers on the path, and then among the other certificates of that name. The
/// error is that of the candidate that came farthest.
pub(super) fn find_signer(
    index: usize,
    list: &CertificateList,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> Result<Signer, StatusReason> {
    let mut outcome = StatusReason::CrlIssuer;
    let mut is_right = false;
    for candidate in candidates(list, target) {
        match work.check_list_signature(index, list, candidate) {
            Ok(()) => {}
            Err(reason) => {
                outcome = if is_right { outcome } else { reason };
                continue;
            }
        }
        (is_right, outcome) = (true, StatusReason::CrlIssuer);
        if may_sign(candidate, list, target) && is_trusted(index, list, candidate, target, work) {
            return Ok(Signer { certificate: candidate.clone() });
        }
    }
    Err(outcome)
}

/// Certificates with the name of the list's issuer: those of the path first, then those that fit the list's authority
/// key identifier.
fn candidates<'t>(list: &CertificateList, target: &Target<'t, 't>) -> Vec<&'t Certificate> {
    let has_name = |certificate: &Certificate| certificate.subject_comparable() == list.issuer_comparable();
    let mut found: Vec<&Certificate> =
        target.issuers.iter().copied().filter(|certificate| has_name(certificate)).collect();
    let mut others: Vec<&Certificate> = target.untrusted.iter().filter(|one| has_name(one)).collect();
    let wanted = list.authority_key_identifier();
    others.sort_by_key(|one| {
        let identifier = one.subject_key_identifier();
        wanted.is_some() && identifier.is_some() && wanted != identifier
    });
    found.extend(others);
    found
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

/// The signer stands on the path, or has a path of its own to the same anchor on which nobody is revoked.
fn is_trusted(
    index: usize,
    list: &CertificateList,
    signer: &Certificate,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> bool {
    if target.issuers.contains(&signer) {
        return true;
    }
    let key = (index, signer.fingerprint());
    // The list speaks of its own signer (a rolled-over key, or an issuer of lists that names itself): it counts while
    // it is asked about that, and revokes its signer when it says so.
    if work.in_progress.contains(&key) {
        return true;
    }
    if work.searches_left == 0 || work.in_progress.len() >= MAX_SIGNER_DEPTH {
        return false;
    }
    work.searches_left -= 1;
    work.in_progress.push(key);
    let path = search_signer(signer, target, used_at(list, target), work);
    work.in_progress.pop();
    path.is_some_and(|path| is_of_the_same_authority(list, &path, target))
}

/// A list of the certificate's own issuer, signed with another key: that key must be certified by the issuer itself or
/// by who certified the issuer. RFC 5280 asks only for the same anchor; then any CA below it could take the name.
fn is_of_the_same_authority(list: &CertificateList, path: &[Certificate], target: &Target<'_, '_>) -> bool {
    if list.issuer_comparable() != target.certificate.issuer_comparable() {
        return true;
    }
    let same = |one: &Certificate, other: &Certificate| {
        one.subject_comparable() == other.subject_comparable()
            && one.public_key_der() == other.public_key_der()
    };
    let Some(certifier) = path.get(1) else { return false };
    target.issuers.iter().take(2).any(|issuer| same(issuer, certifier))
}
