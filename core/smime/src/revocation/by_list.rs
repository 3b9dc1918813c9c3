//! Status from revocation lists (RFC 5280 section 6.3.3).

use super::signer::{Signer, find_signer};
use super::statement::{Says, Statement, add_counting};
use super::{Findings, MAX_SOURCES, Revoked, StatusReason, Target, Window, Work, counts, is_stale};
use crate::certificate::{Certificate, name};
use crate::crl::scope::{DistributionPoint, ReasonFlags};
use crate::crl::{CertificateList, CrlReason, Entry};
use crate::fingerprint::Fingerprint;

/// A list that may be used for the target.
struct Usable<'a> {
    list: &'a CertificateList,
    reasons: ReasonFlags,
    signer: Signer,
}

/// Lists of one key, issuer and scope take each other's place.
type Series<'a> = (Fingerprint, &'a [u8], &'a [u8]);

/// Adds what the lists say about the target.
pub(super) fn look_up(target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) {
    let points = points_of(target.certificate);
    let mut statements: Vec<Statement<'_, Series<'_>>> = Vec::new();
    let mut has_relevant_delta = false;
    let mut relevant = 0;
    for (index, list) in work.sources.lists.iter().enumerate() {
        let reasons = match reasons_for(list, target.certificate, &points) {
            Relation::None => continue,
            Relation::OutOfScope => {
                findings.note(StatusReason::CrlScope);
                continue;
            }
            Relation::Covers(reasons) => reasons,
        };
        relevant += 1;
        if relevant > MAX_SOURCES {
            work.limit_reached = true;
            break;
        }
        if list.is_delta() {
            has_relevant_delta = true;
            continue;
        }
        match admit(index, list, target, work) {
            Ok(signer) => {
                statements.push(Usable { list, reasons, signer }.statement(target, work, findings));
            }
            Err(reason) => findings.note(reason),
        }
    }
    if statements.is_empty() {
        if has_relevant_delta {
            findings.note(StatusReason::CrlBaseMissing);
        }
        return;
    }
    let cleared = add_counting(&statements, findings);
    if cleared == ReasonFlags::ALL {
        findings.good = true;
    } else if cleared != ReasonFlags::NONE {
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

/// Why a list may revoke and clears nobody.
fn only_revokes(list: &CertificateList, target: &Target<'_, '_>, work: &Work<'_>) -> Option<StatusReason> {
    if list.has_weak_signature_digest() {
        return Some(StatusReason::CrlWeak);
    }
    is_stale(target, list.this_update(), list.next_update(), work.now).then_some(StatusReason::CrlExpired)
}

impl<'a> Usable<'a> {
    fn statement(
        &self,
        target: &Target<'_, '_>,
        work: &mut Work<'_>,
        findings: &mut Findings,
    ) -> Statement<'a, Series<'a>> {
        let says = self.evaluate(target, work, findings);
        let key = Fingerprint::of(self.signer.certificate.public_key_der());
        let series = (key, self.list.issuer_comparable(), self.list.scope().der());
        let only_revokes = self.signer.only_revokes.or_else(|| only_revokes(self.list, target, work));
        Statement::new(says, only_revokes, self.list.age(), series)
    }

    /// Steps (i) to (l): what the list and its deltas say.
    fn evaluate(&self, target: &Target<'_, '_>, work: &mut Work<'_>, findings: &mut Findings) -> Says {
        let ended = target.certificate.not_after();
        let deltas = self.deltas(target, work, findings);
        let mut from_deltas = deltas.iter().map(|delta| (*delta, entry_of(delta, target.certificate)));
        // Section 3.3: a line may be taken out once the certificate has ended; such a delta hides no other.
        let speaking = from_deltas.find(|(delta, line)| line.is_some() || delta.this_update() <= ended);
        let line = match speaking {
            Some((_, Some(line))) => Some(line),
            _ => match entry_of(self.list, target.certificate) {
                Some(line) if line.reason == Some(CrlReason::RemoveFromCrl) => {
                    return Says::Nothing(StatusReason::CrlUnsupported);
                }
                line => line,
            },
        };
        let revoked = line.and_then(|line| revocation(line, target));
        let since = speaking.map_or(self.list, |(delta, _)| delta);
        let added = self.added(since, target, work, findings);
        if let Some(revoked) = revoked.or(added) {
            return Says::Revoked(revoked);
        }
        let newest = deltas.first().copied().unwrap_or(self.list);
        if newest.this_update() > ended && line.is_none() {
            return Says::Nothing(StatusReason::CrlAfterExpiry);
        }
        Says::Clear(self.reasons)
    }

    /// Steps (c) and (h): the deltas that fit, are current, signed by the same key, and may lift; the newest first.
    fn deltas<'w>(
        &self,
        target: &Target<'_, '_>,
        work: &mut Work<'w>,
        findings: &mut Findings,
    ) -> Vec<&'w CertificateList> {
        let mut deltas = Vec::new();
        for (index, delta) in self.fitting(work) {
            match self.admit_delta(index, delta, target, work) {
                Ok(()) if only_revokes(delta, target, work).is_none() => deltas.push(delta),
                Ok(()) => {}
                Err(reason) => findings.note(reason),
            }
        }
        deltas.sort_by(|one, other| other.age().cmp(&one.age()));
        deltas
    }

    /// What deltas newer than `since` add that lift nothing.
    fn added(
        &self,
        since: &CertificateList,
        target: &Target<'_, '_>,
        work: &mut Work<'_>,
        findings: &mut Findings,
    ) -> Option<Revoked> {
        let mut added: Option<Revoked> = None;
        for (index, delta) in self.fitting(work) {
            if delta.age() <= since.age() || self.admit_delta(index, delta, target, work).is_err() {
                continue;
            }
            let Some(reason) = only_revokes(delta, target, work) else { continue };
            match entry_of(delta, target.certificate).and_then(|line| revocation(line, target)) {
                Some(revoked) if added.is_none_or(|known| revoked.at < known.at) => added = Some(revoked),
                Some(_) => {}
                None => findings.note(reason),
            }
        }
        added
    }

    fn fitting<'w>(&self, work: &Work<'w>) -> Vec<(usize, &'w CertificateList)> {
        let lists = work.sources.lists.iter().enumerate();
        lists.filter(|(_, delta)| delta.is_delta() && delta.updates(self.list)).take(MAX_SOURCES).collect()
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
        work.check_list_signature(index, delta, &self.signer.certificate, self.signer.is_on_path)
    }
}

/// The line about a certificate; of several the one that revokes earliest.
fn entry_of<'l>(list: &'l CertificateList, certificate: &'l Certificate) -> Option<&'l Entry> {
    list.find(certificate.issuer_comparable(), certificate.serial())
        .min_by_key(|line| (line.reason == Some(CrlReason::RemoveFromCrl), line.invalid_since))
}

/// What a line means for the judged time.
fn revocation(line: &Entry, target: &Target<'_, '_>) -> Option<Revoked> {
    let counts = line.reason != Some(CrlReason::RemoveFromCrl)
        && counts(target.purpose, target.at, line.invalid_since, line.reason);
    counts.then_some(Revoked { at: line.revoked_at, reason: line.reason })
}
