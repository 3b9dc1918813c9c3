//! Status from OCSP answers (RFC 6960 section 3.2).

use super::statement::{Says, Statement, add_counting};
use super::{
    Demand, Findings, MAX_SIGNER_CANDIDATES, MAX_SOURCES, Revoked, StatusReason, Target, Window, Work,
    by_list, counts, is_stale,
};
use crate::certificate::Certificate;
use crate::certificate::extensions::KeyUsage;
use crate::crl::CrlReason;
use crate::crl::scope::ReasonFlags;
use crate::issued::IssuerSignature;
use crate::ocsp::{OcspResponse, OcspStatus, SingleResponse};
use crate::oid;
use crate::time::UnixTime;

/// Adds what the answers say about the target; of several usable ones the newest counts.
pub(super) fn look_up(target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) {
    let Some(&issuer) = target.issuers.first() else { return };
    let mut statements: Vec<Statement<'_, ()>> = Vec::new();
    let mut relevant = 0;
    let responses = work.sources.responses.iter();
    for (response, single) in
        responses.flat_map(|one| one.responses().iter().map(move |single| (one, single)))
    {
        // Nobody knows whom it is about.
        if single.digest().is_none() && single.serial() == target.certificate.serial() {
            findings.note(StatusReason::OcspUnsupported);
        }
        if !single.is_about(target.certificate, issuer) {
            continue;
        }
        relevant += 1;
        if relevant > MAX_SOURCES {
            work.limit_reached = true;
            break;
        }
        match admit(response, single, issuer, target, work) {
            Ok(()) => statements.push(statement(single, response, target, work)),
            Err(reason) => findings.note(reason),
        }
    }
    findings.good |= add_counting(&statements, findings) == ReasonFlags::ALL;
}

fn statement<'a>(
    single: &SingleResponse,
    response: &OcspResponse,
    target: &Target<'_, '_>,
    work: &Work<'_>,
) -> Statement<'a, ()> {
    let only_revokes = if response.has_weak_signature_digest() {
        Some(StatusReason::OcspWeak)
    } else {
        is_stale(target, single.this_update, single.next_update, work.now)
            .then_some(StatusReason::OcspExpired)
    };
    let says = match single.status {
        OcspStatus::Unknown => Says::Nothing(StatusReason::OcspUnknown),
        // RFC 5280 section 5.3.1: a reason of delta lists.
        OcspStatus::Revoked { reason: Some(CrlReason::RemoveFromCrl), .. } => {
            Says::Nothing(StatusReason::OcspUnsupported)
        }
        OcspStatus::Revoked { at, reason } if counts(target.purpose, target.at, at, reason) => {
            Says::Revoked(Revoked { at, reason })
        }
        OcspStatus::Good if is_after_expiry(single, target.certificate) => {
            Says::Nothing(StatusReason::OcspAfterExpiry)
        }
        OcspStatus::Good | OcspStatus::Revoked { .. } => Says::Clear(ReasonFlags::ALL),
    };
    Statement::new(says, only_revokes, (single.this_update, 0, &[]), ())
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
    let is_named = |certificate: &&Certificate| response.names_responder(certificate);
    let own = std::iter::once(issuer).chain(response.certificates()).filter(is_named);
    let mut others: Vec<&Certificate> = target.untrusted.iter().filter(is_named).collect();
    let is_cut = others.len() > MAX_SIGNER_CANDIDATES;
    others.truncate(MAX_SIGNER_CANDIDATES);
    for responder in own.chain(others) {
        if !is_authorised(responder, issuer, used_at, target, work) {
            continue;
        }
        if !work.take_signature(false) {
            return Err(StatusReason::LimitExceeded);
        }
        match response.responder_signature(responder) {
            IssuerSignature::Right => return Ok(()),
            IssuerSignature::Wrong => outcome = StatusReason::OcspSignature,
            IssuerSignature::Unsupported => outcome = StatusReason::OcspUnsupported,
        }
    }
    work.limit_reached |= is_cut;
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
    let is_issuer = responder.subject_comparable() == issuer.subject_comparable()
        && responder.public_key_der() == issuer.public_key_der();
    if is_issuer {
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
    is_fit
        && work.take_signature(false)
        && responder.is_signed_by(issuer)
        && (extensions.ocsp_no_check || is_not_revoked(responder, target, work))
}

/// By lists only: an answer must not vouch for its own signer.
fn is_not_revoked(responder: &Certificate, target: &Target<'_, '_>, work: &mut Work<'_>) -> bool {
    let mut findings = Findings::default();
    let about_responder = Target { certificate: responder, ..*target };
    by_list::look_up(&about_responder, work, &mut findings);
    findings.revoked.is_none() && (findings.good || work.sources.demand != Demand::Everywhere)
}
