//! The state machine (rules 5 to 9, 12, 13): verified events in, stages and outcome out. Knows no octets, no clock.

mod decisions;
mod results;
mod stages;

use std::collections::{BTreeMap, BTreeSet};

use smime::Fingerprint;

use super::MAX_EVENTS;
use super::event::{Stage, Word};
use super::ids::{EventId, TokenId};
use super::order::{Ancestry, Node, order};
use super::verify::{Fact, ValidToken, VerifiedEvent};
use super::view::{Fork, NotCounted, StageState};

/// One request with its verified events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub requester: u32,
    pub route: &'a [Stage],
    pub events: &'a BTreeMap<EventId, VerifiedEvent>,
    /// Ids of events and tokens whose octets are here, verified or not.
    pub present: &'a BTreeSet<Fingerprint>,
}

impl Case<'_> {
    fn stage_of(&self, person: u32) -> Option<usize> {
        self.route.iter().position(|stage| stage.approvers.contains(&person))
    }
}

/// How the decisions stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    Approved,
    Rejected { by: u32 },
}

impl Standing {
    pub fn word(self) -> Option<Word> {
        match self {
            Standing::Open => None,
            Standing::Approved => Some(Word::Approve),
            Standing::Rejected { .. } => Some(Word::Reject),
        }
    }
}

/// The state of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub standing: Standing,
    pub stages: Vec<StageState>,
    pub open_stage: Option<usize>,
    /// Each person's decision that counts, or waits for its stage.
    pub decisions: BTreeMap<u32, EventId>,
    /// The events that made the standing.
    pub counted: BTreeSet<EventId>,
    pub reasons: BTreeMap<EventId, NotCounted>,
    /// The right result.
    pub result: Option<EventId>,
    pub wrong_results: BTreeSet<EventId>,
    pub after_the_end: BTreeSet<EventId>,
    pub forks: Vec<Fork>,
    pub missing: BTreeMap<Fingerprint, BTreeSet<u32>>,
    pub order: Vec<EventId>,
    pub heads: BTreeSet<EventId>,
    /// The token that gives each event its time.
    pub times: BTreeMap<EventId, ValidToken>,
}

/// The state, from the set.
pub(super) fn fold(case: &Case<'_>) -> State {
    let everything: BTreeSet<EventId> = case.events.keys().copied().collect();
    let whole = Part::new(case, &everything, None);
    let (result, wrong_results, mut result_reasons) = results::judge(case, &whole);
    let mut state = whole.decide();
    if let Some((end, past)) = &result {
        // After a right result nothing changes the outcome: the state is that of the result's own past.
        let ResultPast { past, tokens } = past;
        let closed = Part::new(case, past, Some(tokens)).decide();
        let mut reasons = closed.reasons;
        for event in case.events.values().filter(|e| !past.contains(&e.id) && e.id != *end) {
            match state.reasons.get(&event.id) {
                // What is wrong with the event itself says more than that it came late.
                Some(reason) if !depends_on_state(*reason) => {
                    reasons.insert(event.id, *reason);
                }
                _ => {
                    state.after_the_end.insert(event.id);
                    if matches!(event.fact, Fact::Decision { .. } | Fact::Reply { .. }) {
                        reasons.insert(event.id, NotCounted::AfterTheEnd);
                    }
                }
            }
        }
        state.standing = closed.standing;
        state.stages = closed.stages;
        state.open_stage = closed.open_stage;
        state.decisions = closed.decisions;
        state.counted = closed.counted;
        state.counted.insert(*end);
        state.reasons = reasons;
        state.result = Some(*end);
    }
    state.reasons.append(&mut result_reasons);
    state.wrong_results = wrong_results;
    state.missing = whole.missing();
    state.heads = whole.heads();
    state
}

/// The reason comes from other events, not from the event itself.
fn depends_on_state(reason: NotCounted) -> bool {
    matches!(
        reason,
        NotCounted::WaitsForStage
            | NotCounted::AlreadyDecided
            | NotCounted::Repeated
            | NotCounted::Contradicting
            | NotCounted::NotNeeded
            | NotCounted::AwaitingReceipt
    )
}

/// What a right result rests on.
#[derive(Clone, Debug)]
struct ResultPast {
    past: BTreeSet<EventId>,
    tokens: BTreeSet<TokenId>,
}

/// Some of the events, in order. `tokens` limits which tokens give times: a result is recomputed with those it names.
struct Part<'a> {
    case: &'a Case<'a>,
    order: Vec<EventId>,
    over_limit: Vec<EventId>,
    ancestry: Ancestry,
    times: BTreeMap<EventId, ValidToken>,
}

impl<'a> Part<'a> {
    fn new(case: &'a Case<'a>, ids: &BTreeSet<EventId>, tokens: Option<&BTreeSet<TokenId>>) -> Self {
        let chosen = || ids.iter().filter_map(|id| case.events.get(id));
        let times: BTreeMap<EventId, ValidToken> = chosen()
            .filter_map(|event| {
                let allowed =
                    event.tokens.iter().filter(|token| tokens.is_none_or(|t| t.contains(&token.id)));
                allowed.min_by_key(|token| (token.time, token.id)).map(|token| (event.id, token.clone()))
            })
            .collect();
        let nodes: BTreeMap<EventId, Node<'_>> = chosen()
            .map(|event| {
                let time = times.get(&event.id).map(|token| token.time);
                let first = matches!(event.fact, Fact::Request);
                (event.id, Node { prev: event.prev, seen: &event.seen, time, first })
            })
            .collect();
        let mut ordered = order(&nodes);
        let over_limit = ordered.split_off(MAX_EVENTS.min(ordered.len()));
        let ancestry = Ancestry::new(&ordered, &nodes);
        Part { case, order: ordered, over_limit, ancestry, times }
    }

    fn events(&self) -> impl Iterator<Item = &'a VerifiedEvent> + '_ {
        self.order.iter().filter_map(|id| self.case.events.get(id))
    }

    fn contains(&self, id: EventId) -> bool {
        self.ancestry.contains(id)
    }

    /// What is wrong with an event whatever the others decide.
    fn defect(&self, event: &VerifiedEvent) -> Option<NotCounted> {
        let foreign_previous = event
            .prev
            .and_then(|prev| self.case.events.get(&prev))
            .is_some_and(|prev| self.contains(prev.id) && prev.key != event.key);
        event.defect.or(foreign_previous.then_some(NotCounted::WrongPrevious))
    }

    /// Events of one key with one predecessor (rule 8). Replies have no predecessors.
    fn forks(&self) -> Vec<Fork> {
        let mut groups: BTreeMap<_, BTreeSet<EventId>> = BTreeMap::new();
        for event in self.events().filter(|event| !matches!(event.fact, Fact::Reply { .. })) {
            groups.entry((event.author, event.key, event.prev)).or_default().insert(event.id);
        }
        let forked = groups.into_iter().filter(|(_, events)| events.len() > 1);
        forked.map(|((author, key, _), events)| Fork { author, key, events }).collect()
    }

    /// Replies that the requester's app has relayed, each with the first such relay (rule 13).
    fn receipts(&self) -> BTreeMap<EventId, EventId> {
        let mut receipts = BTreeMap::new();
        for relay in self.events().filter(|e| e.author == self.case.requester && self.defect(e).is_none()) {
            if let Fact::Relay { carries } = &relay.fact {
                let is_reply = |id: &&EventId| {
                    self.case.events.get(*id).is_some_and(|e| matches!(e.fact, Fact::Reply { .. }))
                };
                for id in carries.iter().filter(is_reply) {
                    receipts.entry(*id).or_insert(relay.id);
                }
            }
        }
        receipts
    }

    fn decide(&self) -> State {
        let receipts = self.receipts();
        let forks = self.forks();
        let mut reasons: BTreeMap<EventId, NotCounted> =
            self.events().filter_map(|event| Some((event.id, self.defect(event)?))).collect();
        reasons.extend(self.over_limit.iter().map(|id| (*id, NotCounted::OverLimit)));
        let decisions = decisions::resolve(self, &forks, &receipts, &mut reasons);
        let passed = stages::pass(self, &decisions, &mut reasons);
        let mut counted = passed.counted;
        let relays: Vec<EventId> = counted.iter().filter_map(|id| receipts.get(id).copied()).collect();
        counted.extend(relays);
        counted.extend(self.events().filter(|e| matches!(e.fact, Fact::Request)).map(|e| e.id).next());
        State {
            standing: passed.standing,
            stages: passed.stages,
            open_stage: passed.open_stage,
            decisions,
            counted,
            reasons,
            result: None,
            wrong_results: BTreeSet::new(),
            after_the_end: BTreeSet::new(),
            forks,
            missing: BTreeMap::new(),
            order: self.order.clone(),
            heads: BTreeSet::new(),
            times: self.times.clone(),
        }
    }

    /// Ids that are named but absent, with who names them (rule 6).
    fn missing(&self) -> BTreeMap<Fingerprint, BTreeSet<u32>> {
        let mut missing: BTreeMap<Fingerprint, BTreeSet<u32>> = BTreeMap::new();
        for event in self.events() {
            for id in named(event).filter(|id| !self.case.present.contains(id)) {
                missing.entry(id).or_default().insert(event.author);
            }
        }
        missing
    }

    /// The newest events: nobody has seen them. Replies count as seen only when the requester's app has relayed them,
    /// since others may not have them.
    fn heads(&self) -> BTreeSet<EventId> {
        let receipts = self.receipts();
        let seen: BTreeSet<EventId> =
            self.events().flat_map(|e| e.prev.into_iter().chain(e.seen.iter().copied())).collect();
        self.events()
            .filter(|e| !seen.contains(&e.id))
            .filter(|e| !matches!(e.fact, Fact::Reply { .. }) || receipts.contains_key(&e.id))
            .map(|e| e.id)
            .collect()
    }
}

/// Every id that an event names as something its author holds.
fn named(event: &VerifiedEvent) -> impl Iterator<Item = Fingerprint> + '_ {
    let links = event.prev.into_iter().chain(event.seen.iter().copied()).map(|id| id.0);
    let result = match &event.fact {
        Fact::Result(result) => Some(result),
        Fact::Request | Fact::Decision { .. } | Fact::Reply { .. } | Fact::Relay { .. } | Fact::Other => None,
    };
    let stated = result
        .into_iter()
        .flat_map(|r| r.counted.iter().map(|id| id.0).chain(r.tokens.iter().map(|id| id.0)));
    links.chain(stated)
}

#[cfg(test)]
mod tests;
