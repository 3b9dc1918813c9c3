//! Results, recomputed (rule 12).

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Part, ResultPast, named};
use crate::approval::event::ResultBody;
use crate::approval::ids::EventId;
use crate::approval::verify::{Fact, VerifiedEvent};
use crate::approval::view::NotCounted;

/// Most results that are recomputed: each costs a fold of its past.
const MAX_RESULTS: usize = 32;

/// The first right result with its past, the wrong ones, and the reasons of all that don't count.
pub(super) type Judged = (Option<(EventId, ResultPast)>, BTreeSet<EventId>, BTreeMap<EventId, NotCounted>);

enum Judgement {
    Right(ResultPast),
    Wrong,
    /// Something that it rests on is absent.
    Incomplete,
}

pub(super) fn judge(case: &Case<'_>, whole: &Part<'_>) -> Judged {
    let mut right = None;
    let mut wrong = BTreeSet::new();
    let mut reasons = BTreeMap::new();
    let mut judged = 0usize;
    for event in whole.events() {
        let Fact::Result(result) = &event.fact else { continue };
        if whole.defect(event).is_some() {
            continue;
        }
        if event.author != case.requester {
            reasons.insert(event.id, NotCounted::NotRequester);
            continue;
        }
        if right.is_some() {
            reasons.insert(event.id, NotCounted::AfterTheEnd);
            continue;
        }
        judged = judged.saturating_add(1);
        if judged > MAX_RESULTS {
            reasons.insert(event.id, NotCounted::OverLimit);
            continue;
        }
        match recompute(case, whole, event, result) {
            Judgement::Right(past) => right = Some((event.id, past)),
            Judgement::Wrong => {
                wrong.insert(event.id);
                reasons.insert(event.id, NotCounted::WrongResult);
            }
            Judgement::Incomplete => {}
        }
    }
    (right, wrong, reasons)
}

/// Folds exactly what the requester's app had seen, with the tokens it names, and compares.
fn recompute(case: &Case<'_>, whole: &Part<'_>, event: &VerifiedEvent, result: &ResultBody) -> Judgement {
    let mut past = whole.ancestry.of(event.id);
    for id in &result.counted {
        past.insert(*id);
        past.extend(whole.ancestry.of(*id));
    }
    past.remove(&event.id);
    let rests_on = past.iter().filter_map(|id| case.events.get(id)).chain(std::iter::once(event));
    if rests_on.flat_map(named).any(|id| !case.present.contains(&id)) {
        return Judgement::Incomplete;
    }
    let valid: BTreeSet<_> = past
        .iter()
        .filter_map(|id| case.events.get(id))
        .flat_map(|e| e.tokens.iter().map(|t| t.id))
        .collect();
    if !result.tokens.is_subset(&valid) {
        return Judgement::Wrong;
    }
    let recomputed = Part::new(case, &past, Some(&result.tokens)).decide();
    if recomputed.standing.word() == Some(result.outcome) && recomputed.counted == result.counted {
        Judgement::Right(ResultPast { past, tokens: result.tokens.clone() })
    } else {
        Judgement::Wrong
    }
}
