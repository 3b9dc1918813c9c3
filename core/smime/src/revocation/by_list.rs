//! Status from revocation lists (RFC 5280 section 6.3.3).

use super::MAX_SOURCES;
use super::signer::{Signer, find_signer};
use super::{Findings, Revoked, StatusReason, Target, Window, Work, counts};
use crate::certificate::{Certificate, name};
use crate::crl::scope::{DistributionPoint, ReasonFlags};
use crate::crl::{CertificateList, CrlReason, Entry};

/// A list that may be used for the target.
struct Usable<'a> {
    index: usize,
    list: &'a CertificateList,
    reasons: ReasonFlags,
    signer: Signer,
}

/// Adds what the lists say about the target.
pub(super) fn look_up(target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) {
    let points = points_of(target.certificate);
    let lists = work.sources.lists;
    let mut usable: Vec<Usable<'_>> = Vec::new();
    let mut has_relevant_delta = false;
    for (index, list) in lists.iter().enumerate().take(MAX_SOURCES) {
        let reasons = match reasons_for(list, target.certificate, &points) {
            Relation::None => continue,
            Relation::OutOfScope => {
                findings.note(StatusReason::CrlScope);
                continue;
            }
            Relation::Covers(reasons) => reasons,
        };
        if list.is_delta() {
            has_relevant_delta = true;
            continue;
        }
        match admit(index, list, target, work) {
            Ok(signer) => usable.push(Usable { index, list, reasons, signer }),
            Err(reason) => findings.note(reason),
        }
    }
    if usable.is_empty() {
        if has_relevant_delta {
            findings.note(StatusReason::CrlBaseMissing);
        }
        return;
    }
    keep_newest(&mut usable);
    let mut covered = ReasonFlags::NONE;
    for one in &usable {
        covered = covered.or(one.evaluate(target, work, findings));
    }
    if covered == ReasonFlags::ALL {
        findings.good = true;
    } else if covered != ReasonFlags::NONE {
        findings.note(StatusReason::CrlReasonsIncomplete);
    }
}

/// The distribution points of a certificate, and the one that stands for lists that none of them names.
fn points_of(certificate: &Certificate) -> Vec<DistributionPoint> {
    let stated = certificate.extensions().crl_distribution_points.as_deref();
    let mut points = stated
        .and_then(|value| DistributionPoint::read_all(value, certificate.issuer_der()))
        .unwrap_or_default();
    points.push(DistributionPoint::of_issuer(certificate.issuer_comparable()));
    points
}

/// What a list has to do with a certificate.
enum Relation {
    /// It is another issuer's.
    None,
    /// Its issuer could speak of the certificate, but this list is for others.
    OutOfScope,
    /// It speaks of the certificate, for these reasons.
    Covers(ReasonFlags),
}

/// Steps (b) and (d) for all distribution points.
fn reasons_for(list: &CertificateList, certificate: &Certificate, points: &[DistributionPoint]) -> Relation {
    let mut relation = Relation::None;
    for point in points.iter().filter(|point| is_issuer(list, certificate, point)) {
        let fits = is_for(list, certificate, point);
        relation = match relation {
            Relation::Covers(known) if fits => Relation::Covers(known.or(interim(list, point))),
            Relation::Covers(known) => Relation::Covers(known),
            _ if fits => Relation::Covers(interim(list, point)),
            _ => Relation::OutOfScope,
        };
    }
    relation
}

fn interim(list: &CertificateList, point: &DistributionPoint) -> ReasonFlags {
    list.scope().reasons().and(point.reasons())
}

/// Step (b) (1), without the question whether the list is indirect.
fn is_issuer(list: &CertificateList, certificate: &Certificate, point: &DistributionPoint) -> bool {
    match &point.crl_issuers {
        Some(issuers) => issuers.contains(&name::directory_comparable(list.issuer_comparable())),
        None => list.issuer_comparable() == certificate.issuer_comparable(),
    }
}

/// The rest of step (b).
fn is_for(list: &CertificateList, certificate: &Certificate, point: &DistributionPoint) -> bool {
    let scope = list.scope();
    if scope.only_attribute_certificates
        || (scope.only_user_certificates && certificate.is_ca())
        || (scope.only_ca_certificates && !certificate.is_ca())
        || (point.crl_issuers.is_some() && !scope.indirect)
    {
        return false;
    }
    let Some(scope_names) = &scope.names else { return true };
    let names = point.names.as_ref().or(point.crl_issuers.as_ref());
    names.is_some_and(|names| names.iter().any(|name| scope_names.contains(name)))
}

/// Everything that a list must fulfil whatever it says: understood, current, signed by one who may.
fn admit(
    index: usize,
    list: &CertificateList,
    target: &Target<'_, '_>,
    work: &mut Work<'_>,
) -> Result<Signer, StatusReason> {
    if !list.is_usable() || list.is_contradictory() || (target.strict && !list.has_conforming_number()) {
        return Err(StatusReason::CrlUnsupported);
    }
    match Window::of(list.this_update(), list.next_update(), target.at, work.now) {
        Window::Current => find_signer(index, list, target, work),
        Window::Expired => Err(StatusReason::CrlExpired),
        Window::NotYetValid => Err(StatusReason::CrlNotYetValid),
    }
}

/// Of lists of one issuer and scope only the newest counts: an older one, replayed, would bring back what was lifted or
/// hide what was revoked since. Two of the same age both count.
fn keep_newest(usable: &mut Vec<Usable<'_>>) {
    let same = |one: &CertificateList, other: &CertificateList| {
        one.issuer_comparable() == other.issuer_comparable() && one.scope().is_same(other.scope())
    };
    usable.sort_by(|one, other| other.list.age().cmp(&one.list.age()));
    let mut kept: Vec<Usable<'_>> = Vec::new();
    for one in usable.drain(..) {
        if !kept.iter().any(|newer| same(newer.list, one.list) && newer.list.age() > one.list.age()) {
            kept.push(one);
        }
    }
    *usable = kept;
}

impl Usable<'_> {
    /// Steps (i) to (l): what the list and its newest delta say; the reasons that are settled by it.
    fn evaluate(&self, target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) -> ReasonFlags {
        let delta = self.newest_delta(target, work, findings);
        let newest = delta.unwrap_or(self.list);
        let from_delta = delta.and_then(|delta| entry_of(delta, target.certificate));
        let line = from_delta.or_else(|| entry_of(self.list, target.certificate));
        let revoked = line.filter(|line| {
            line.reason != Some(CrlReason::RemoveFromCrl)
                && counts(target.purpose, target.at, line.invalid_since, line.reason)
        });
        if let Some(line) = revoked {
            findings.revoke(Revoked { at: line.revoked_at, reason: line.reason });
            return ReasonFlags::NONE;
        }
        if self.list.has_weak_signature_digest() {
            findings.note(StatusReason::CrlWeak);
            return ReasonFlags::NONE;
        }
        // Section 3.3: a line may be taken out once the certificate has ended.
        if newest.this_update() > target.certificate.not_after() && line.is_none() {
            findings.note(StatusReason::CrlAfterExpiry);
            return ReasonFlags::NONE;
        }
        self.reasons
    }

    /// Steps (c) and (h): the newest delta that fits, is current, and is signed by the same key.
    fn newest_delta<'w>(
        &self,
        target: &Target<'_, '_>,
        work: &mut Work<'w>,
        findings: &mut Findings,
    ) -> Option<&'w CertificateList> {
        let lists = work.sources.lists;
        let mut newest: Option<&'w CertificateList> = None;
        let fitting =
            lists.iter().enumerate().take(MAX_SOURCES).filter(|(index, delta)| {
                *index != self.index && delta.is_delta() && delta.updates(self.list)
            });
        for (index, delta) in fitting {
            match self.admit_delta(index, delta, target, work) {
                Ok(()) if newest.is_none_or(|known| known.age() < delta.age()) => newest = Some(delta),
                Ok(()) => {}
                Err(reason) => findings.note(reason),
            }
        }
        newest
    }

    fn admit_delta(
        &self,
        index: usize,
        delta: &CertificateList,
        target: &Target<'_, '_>,
        work: &mut Work<'_>,
    ) -> Result<(), StatusReason> {
        if !delta.is_usable() || delta.is_contradictory() {
            return Err(StatusReason::CrlUnsupported);
        }
        match Window::of(delta.this_update(), delta.next_update(), target.at, work.now) {
            Window::Expired => return Err(StatusReason::CrlExpired),
            Window::NotYetValid => return Err(StatusReason::CrlNotYetValid),
            Window::Current => {}
        }
        work.check_list_signature(index, delta, &self.signer.certificate)
    }
}

/// The line about a certificate; of several the one that revokes earliest.
fn entry_of<'l>(list: &'l CertificateList, certificate: &'l Certificate) -> Option<&'l Entry> {
    list.find(certificate.issuer_comparable(), certificate.serial())
        .min_by_key(|line| (line.reason == Some(CrlReason::RemoveFromCrl), line.invalid_since))
}
