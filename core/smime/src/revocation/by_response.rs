//! Status from OCSP answers (RFC 6960 section 3.2).

use super::{Demand, Findings, MAX_SOURCES, Revoked, StatusReason, Target, Window, Work, by_list, counts};
use crate::certificate::extensions::KeyUsage;
use crate::certificate::{Certificate, IssuerSignature};
use crate::crl::CrlReason;
use crate::ocsp::{OcspResponse, OcspStatus, SingleResponse};
use crate::oid;
use crate::time::UnixTime;

/// Adds what the answers say about the target; of several usable ones the newest counts.
pub(super) fn look_up(target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) {
    let Some(&issuer) = target.issuers.first() else { return };
    let mut newest: Option<(&SingleResponse, &OcspResponse)> = None;
    let responses = work.sources.responses;
    for response in responses.iter().take(MAX_SOURCES) {
        for single in response.responses() {
            // Nobody knows whom it is about.
            if single.digest().is_none() && single.serial() == target.certificate.serial() {
                findings.note(StatusReason::OcspUnsupported);
            }
            if !single.is_about(target.certificate, issuer) {
                continue;
            }
            match admit(response, single, issuer, target, work) {
                Ok(()) if newest.is_none_or(|(known, _)| is_newer(single, known)) => {
                    newest = Some((single, response));
                }
                Ok(()) => {}
                Err(reason) => findings.note(reason),
            }
        }
    }
    if let Some((single, response)) = newest {
        evaluate(single, response, target, findings);
    }
}

/// Of two of the same second the one that revokes counts.
fn is_newer(one: &SingleResponse, known: &SingleResponse) -> bool {
    let revokes = |single: &SingleResponse| matches!(single.status, OcspStatus::Revoked { .. });
    (one.this_update, revokes(one)) > (known.this_update, revokes(known))
}

fn evaluate(
    single: &SingleResponse,
    response: &OcspResponse,
    target: &Target<'_, '_>,
    findings: &mut Findings,
) {
    match single.status {
        OcspStatus::Unknown => findings.note(StatusReason::OcspUnknown),
        OcspStatus::Revoked { at, reason }
            if reason != Some(CrlReason::RemoveFromCrl) && counts(target.purpose, target.at, at, reason) =>
        {
            findings.revoke(Revoked { at, reason });
        }
        OcspStatus::Good | OcspStatus::Revoked { .. } if response.has_weak_signature_digest() => {
            findings.note(StatusReason::OcspWeak);
        }
        OcspStatus::Good if is_after_expiry(single, target.certificate) => {
            findings.note(StatusReason::OcspAfterExpiry);
        }
        OcspStatus::Good | OcspStatus::Revoked { .. } => findings.good = true,
    }
}

/// A responder may forget certificates that have ended, unless it says for how long it remembers (section 4.4.4).
fn is_after_expiry(single: &SingleResponse, certificate: &Certificate) -> bool {
    let remembered = single.archive_cutoff.is_some_and(|cutoff| cutoff <= certificate.not_after());
    single.this_update > certificate.not_after() && !remembered
}

fn admit(
    response: &OcspResponse,
    single: &SingleResponse,
    issuer: &Certificate,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> Result<(), StatusReason> {
    if !response.is_usable() || single.unsupported {
        return Err(StatusReason::OcspUnsupported);
    }
    match Window::of(single.this_update, single.next_update, target.at, work.now) {
        Window::Expired => return Err(StatusReason::OcspExpired),
        Window::NotYetValid => return Err(StatusReason::OcspNotYetValid),
        Window::Current => {}
    }
    let used_at = single.this_update.max(target.at);
    let mut outcome = StatusReason::OcspResponder;
    let named = std::iter::once(issuer)
        .chain(response.certificates())
        .chain(target.untrusted)
        .filter(|certificate| response.names_responder(certificate));
    for responder in named {
        if !is_authorised(responder, issuer, used_at, target, work) {
            continue;
        }
        if work.signatures_left == 0 {
            return Err(StatusReason::LimitExceeded);
        }
        work.signatures_left -= 1;
        match response.responder_signature(responder) {
            IssuerSignature::Right => return Ok(()),
            IssuerSignature::Wrong => outcome = StatusReason::OcspSignature,
            IssuerSignature::Unsupported => outcome = StatusReason::OcspUnsupported,
        }
    }
    Err(outcome)
}

/// Section 4.2.2.2: the issuer itself, or who has a certificate for OCSPSigning directly from the issuer.
fn is_authorised(
    responder: &Certificate,
    issuer: &Certificate,
    used_at: UnixTime,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> bool {
    if responder == issuer {
        return true;
    }
    let extensions = responder.extensions();
    let usages = extensions.extended_key_usage.as_deref().unwrap_or_default();
    let signs = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION;
    let is_fit = usages.contains(&oid::OCSP_SIGNING)
        && extensions.key_usage.is_none_or(|usage| usage.any(signs))
        && !extensions.malformed
        && !extensions.unknown_critical
        && responder.algorithms_agree()
        && !responder.has_weak_signature_digest()
        && !responder.key_algorithm().is_some_and(crate::key::KeyAlgorithm::is_weak)
        && responder.not_before() <= used_at
        && used_at <= responder.not_after()
        && responder.issuer_comparable() == issuer.subject_comparable();
    if !is_fit || work.signatures_left == 0 {
        return false;
    }
    work.signatures_left -= 1;
    responder.is_signed_by(issuer) && (extensions.ocsp_no_check || is_not_revoked(responder, target, work))
}

/// By lists only: an answer must not vouch for its own signer.
fn is_not_revoked(responder: &Certificate, target: &Target<'_, '_>, work: &mut Work<'_>) -> bool {
    let mut findings = Findings::default();
    let about_responder = Target { certificate: responder, ..*target };
    by_list::look_up(&about_responder, work, &mut findings);
    findings.revoked.is_none() && (findings.good || work.sources.demand != Demand::Everywhere)
}
