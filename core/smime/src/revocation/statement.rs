//! Which of several sources counts.

use super::{Findings, Revoked, StatusReason};
use crate::crl::scope::ReasonFlags;
use crate::time::UnixTime;

/// What one list or answer says of a certificate.
#[derive(Clone, Copy)]
pub(super) enum Says {
    Revoked(Revoked),
    /// Not revoked, for these reasons.
    Clear(ReasonFlags),
    /// Nothing that counts, and why.
    Nothing(StatusReason),
}

pub(super) struct Statement<'a, G> {
    says: Says,
    only_revokes: bool,
    /// Newer ones are greater.
    age: (UnixTime, usize, &'a [u8]),
    /// Only those of one group take each other's place.
    group: G,
}

impl<'a, G: PartialEq> Statement<'a, G> {
    /// `only_revokes`: why the source clears nobody.
    pub(super) fn new(
        says: Says,
        only_revokes: Option<StatusReason>,
        age: (UnixTime, usize, &'a [u8]),
        group: G,
    ) -> Self {
        let says = match (says, only_revokes) {
            (Says::Clear(_), Some(reason)) => Says::Nothing(reason),
            (says, _) => says,
        };
        Statement { says, only_revokes: only_revokes.is_some(), age, group }
    }

    /// An older one, replayed, would bring back what was lifted or hide what was revoked since. A newer one that clears
    /// nobody hides nothing. Two of the same age both count.
    fn takes_the_place_of(&self, other: &Self) -> bool {
        !self.only_revokes
            && !matches!(self.says, Says::Nothing(_))
            && self.age > other.age
            && self.group == other.group
    }
}

/// Adds what counts of `statements`; for which reasons the certificate is cleared.
pub(super) fn add_counting<G: PartialEq>(
    statements: &[Statement<'_, G>],
    findings: &mut Findings,
) -> ReasonFlags {
    let mut cleared = ReasonFlags::NONE;
    for one in statements {
        if statements.iter().any(|newer| newer.takes_the_place_of(one)) {
            continue;
        }
        match one.says {
            Says::Revoked(revoked) => findings.revoke(revoked),
            Says::Clear(reasons) => cleared = cleared.or(reasons),
            Says::Nothing(reason) => findings.note(reason),
        }
    }
    cleared
}
