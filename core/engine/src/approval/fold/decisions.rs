//! Which decision of each person stands (rules 7, 8, 13).

use std::collections::{BTreeMap, BTreeSet};

use super::Part;
use crate::approval::event::Word;
use crate::approval::ids::EventId;
use crate::approval::verify::{Fact, VerifiedEvent};
use crate::approval::view::{Fork, NotCounted};

/// Most decisions of one person that are weighed; the rest is over the limit.
const MAX_DECISIONS_EACH: usize = 64;

/// A decision, or an event that contradicts every decision (`None`): the other branch of a forked key.
#[derive(Clone, Copy)]
struct Candidate {
    id: EventId,
    word: Option<Word>,
}

/// The standing decision of each person; the reasons of all others are added.
pub(super) fn resolve(
    part: &Part<'_>,
    forks: &[Fork],
    receipts: &BTreeMap<EventId, EventId>,
    reasons: &mut BTreeMap<EventId, NotCounted>,
) -> BTreeMap<u32, EventId> {
    let mut people: BTreeMap<u32, Vec<Candidate>> = BTreeMap::new();
    for event in part.events() {
        match admit(part, event, receipts) {
            Some(Ok(word)) => {
                let candidates = people.entry(event.author).or_default();
                if candidates.len() < MAX_DECISIONS_EACH {
                    candidates.push(Candidate { id: event.id, word: Some(word) });
                } else {
                    reasons.insert(event.id, NotCounted::OverLimit);
                }
            }
            Some(Err(reason)) => {
                reasons.entry(event.id).or_insert(reason);
            }
            None => {}
        }
    }
    let mut standing = BTreeMap::new();
    for (person, mut candidates) in people {
        add_branches(forks, &mut candidates);
        if let Some(id) = first_of(part, candidates, reasons) {
            standing.insert(person, id);
        }
    }
    standing
}

/// A decision for the author's own stage, or why not; `None` for events that decide nothing.
fn admit(
    part: &Part<'_>,
    event: &VerifiedEvent,
    receipts: &BTreeMap<EventId, EventId>,
) -> Option<Result<Word, NotCounted>> {
    let stage = part.case.stage_of(event.author);
    let (word, stage_right) = match &event.fact {
        Fact::Decision { word, stage: named } => {
            let right = stage
                .is_some_and(|index| u32::try_from(index).is_ok_and(|i| i.checked_add(1) == Some(*named)));
            (*word, right)
        }
        Fact::Reply { word, automatic } => {
            let Some(word) = word else { return Some(Err(NotCounted::NoAgreedWord)) };
            if !receipts.contains_key(&event.id) {
                let reason = if *automatic { NotCounted::AutoSubmitted } else { NotCounted::AwaitingReceipt };
                return Some(Err(part.defect(event).unwrap_or(reason)));
            }
            (*word, stage.is_some())
        }
        Fact::Request | Fact::Relay { .. } | Fact::Result(_) | Fact::Other => return None,
    };
    Some(match part.defect(event) {
        Some(defect) => Err(defect),
        None if !stage_right => Err(NotCounted::NotOnRoute),
        None => Ok(word),
    })
}

/// Adds the other branches of forks in which a decision stands.
fn add_branches(forks: &[Fork], candidates: &mut Vec<Candidate>) {
    let decided: BTreeSet<EventId> = candidates.iter().map(|c| c.id).collect();
    for fork in forks.iter().filter(|fork| fork.events.iter().any(|id| decided.contains(id))) {
        for id in fork.events.iter().filter(|id| !decided.contains(*id)) {
            if candidates.len() < 2 * MAX_DECISIONS_EACH {
                candidates.push(Candidate { id: *id, word: None });
            }
        }
    }
}

/// The first decision of one person. Those that have seen no other must agree; if they don't, none of them counts, and
/// only decisions that have seen all of them go on.
fn first_of(
    part: &Part<'_>,
    mut candidates: Vec<Candidate>,
    reasons: &mut BTreeMap<EventId, NotCounted>,
) -> Option<EventId> {
    loop {
        let (first, later): (Vec<Candidate>, Vec<Candidate>) = candidates.iter().partition(|c| {
            !candidates.iter().any(|other| other.id != c.id && has_seen(part, c.id, other.id))
        });
        let word = first.first()?.word;
        if word.is_some() && first.iter().all(|c| c.word == word) {
            // Candidates are in the order of rule 5, branches of forks excepted, which have no word.
            let standing = first.first()?.id;
            note(reasons, first.iter().skip(1), NotCounted::Repeated);
            note(reasons, later.iter(), NotCounted::AlreadyDecided);
            return Some(standing);
        }
        note(reasons, first.iter(), NotCounted::Contradicting);
        let (resolving, stuck): (Vec<Candidate>, Vec<Candidate>) =
            later.into_iter().partition(|c| first.iter().all(|f| has_seen(part, c.id, f.id)));
        note(reasons, stuck.iter(), NotCounted::Contradicting);
        candidates = resolving;
    }
}

fn note<'c>(
    reasons: &mut BTreeMap<EventId, NotCounted>,
    candidates: impl Iterator<Item = &'c Candidate>,
    reason: NotCounted,
) {
    for candidate in candidates.filter(|c| c.word.is_some()) {
        reasons.insert(candidate.id, reason);
    }
}

/// Two branches of a fork count as unseen by each other, whatever they say.
fn has_seen(part: &Part<'_>, later: EventId, earlier: EventId) -> bool {
    let event = |id| part.case.events.get(&id);
    let forked = match (event(later), event(earlier)) {
        (Some(a), Some(b)) => {
            let chained = |e: &VerifiedEvent| !matches!(e.fact, Fact::Reply { .. });
            chained(a) && chained(b) && a.key == b.key && a.prev == b.prev
        }
        _ => false,
    };
    !forked && part.ancestry.has_seen(later, earlier)
}
