//! A second, slow reading of the rules, written from docs/protocols/approval.md without the code under test: lists
//! instead of indexes, recursion instead of tables.

use std::collections::BTreeSet;

use smime::{Fingerprint, UnixTime};

use crate::approval::event::{Rule, Stage, Word};
use crate::approval::ids::{EventId, KeyName, TokenId};
use crate::approval::verify::{Fact, VerifiedEvent};

pub(super) struct Model<'a> {
    pub requester: u32,
    pub route: &'a [Stage],
    pub present: &'a BTreeSet<Fingerprint>,
    pub events: Vec<&'a VerifiedEvent>,
}

/// What both must agree on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub outcome: Option<(Word, Option<u32>)>,
    pub counted: BTreeSet<EventId>,
    pub result: Option<EventId>,
    pub wrong: BTreeSet<EventId>,
}

type Tokens<'t> = Option<&'t BTreeSet<TokenId>>;

impl Model<'_> {
    pub fn expected(&self) -> Expected {
        let (outcome, counted) = self.decided(None);
        let mut expected = Expected { outcome, counted, result: None, wrong: BTreeSet::new() };
        for event in self.ordered(None) {
            let Fact::Result(stated) = &event.fact else { continue };
            if expected.result.is_some() || event.author != self.requester || self.wrong_prev(event) {
                continue;
            }
            let mut past: Vec<&VerifiedEvent> =
                self.events.iter().copied().filter(|e| self.saw(event, e.id)).collect();
            for id in &stated.counted {
                let counted: Vec<&VerifiedEvent> =
                    self.events.iter().copied().filter(|e| e.id == *id).collect();
                for root in counted {
                    past.extend(
                        self.events.iter().copied().filter(|e| e.id == root.id || self.saw(root, e.id)),
                    );
                }
            }
            past.sort_by_key(|e| e.id);
            past.dedup_by_key(|e| e.id);
            past.retain(|e| e.id != event.id);
            let names = |e: &VerifiedEvent| -> Vec<Fingerprint> {
                let mut names: Vec<Fingerprint> = e.seen.iter().map(|id| id.0).collect();
                names.extend(e.prev.map(|id| id.0));
                if let Fact::Result(r) = &e.fact {
                    names.extend(r.counted.iter().map(|id| id.0));
                    names.extend(r.tokens.iter().map(|id| id.0));
                }
                names
            };
            if past.iter().copied().chain([event]).flat_map(names).any(|id| !self.present.contains(&id)) {
                continue;
            }
            let known = |t: &TokenId| past.iter().any(|e| e.tokens.iter().any(|own| own.id == *t));
            let tokens_right = stated.tokens.iter().all(known);
            let inner =
                Model { requester: self.requester, route: self.route, present: self.present, events: past };
            let (outcome, counted) = inner.decided(Some(&stated.tokens));
            if tokens_right && outcome.map(|o| o.0) == Some(stated.outcome) && counted == stated.counted {
                expected.outcome = outcome;
                expected.counted = counted;
                expected.counted.insert(event.id);
                expected.result = Some(event.id);
            } else {
                expected.wrong.insert(event.id);
            }
        }
        expected
    }

    fn find(&self, id: EventId) -> Option<&VerifiedEvent> {
        self.events.iter().copied().find(|e| e.id == id)
    }

    /// Walks back from `later`.
    fn saw(&self, later: &VerifiedEvent, earlier: EventId) -> bool {
        let mut open: Vec<EventId> = later.prev.into_iter().chain(later.seen.iter().copied()).collect();
        let mut done = BTreeSet::new();
        while let Some(id) = open.pop() {
            let Some(event) = self.find(id) else { continue };
            if id == earlier {
                return true;
            }
            if done.insert(id) {
                open.extend(event.prev.into_iter().chain(event.seen.iter().copied()));
            }
        }
        false
    }

    fn time(&self, event: &VerifiedEvent, tokens: Tokens<'_>) -> Option<UnixTime> {
        event
            .tokens
            .iter()
            .filter(|t| tokens.is_none_or(|allowed| allowed.contains(&t.id)))
            .map(|t| t.time)
            .min()
    }

    /// Takes, again and again, the best of those whose links are all placed.
    fn ordered(&self, tokens: Tokens<'_>) -> Vec<&VerifiedEvent> {
        let mut placed: Vec<&VerifiedEvent> = Vec::new();
        loop {
            let is_placed = |id: EventId| placed.iter().any(|p| p.id == id);
            let free = self.events.iter().copied().filter(|e| {
                let mut links = e.prev.into_iter().chain(e.seen.iter().copied());
                !is_placed(e.id) && links.all(|l| self.find(l).is_none() || is_placed(l))
            });
            let best = free.min_by_key(|e| {
                let time = self.time(e, tokens).map_or(u64::MAX, UnixTime::secs);
                (u8::from(!matches!(e.fact, Fact::Request)), time, e.id)
            });
            match best {
                Some(event) => placed.push(event),
                None => return placed,
            }
        }
    }

    fn wrong_prev(&self, event: &VerifiedEvent) -> bool {
        event.prev.and_then(|p| self.find(p)).is_some_and(|p| p.key != event.key)
    }

    fn receipt<'e>(&self, ordered: &[&'e VerifiedEvent], id: EventId) -> Option<&'e VerifiedEvent> {
        ordered.iter().copied().find(|e| {
            e.author == self.requester
                && !self.wrong_prev(e)
                && matches!(&e.fact, Fact::Relay { carries } if carries.contains(&id))
        })
    }

    /// The word of an event that may count as a decision of its author.
    fn word(&self, ordered: &[&VerifiedEvent], event: &VerifiedEvent) -> Option<Word> {
        let stage = self.route.iter().position(|s| s.approvers.contains(&event.author))?;
        match &event.fact {
            Fact::Decision { word, stage: named }
                if *named as usize == stage + 1 && !self.wrong_prev(event) =>
            {
                Some(*word)
            }
            Fact::Reply { word, .. } if self.receipt(ordered, event.id).is_some() => *word,
            _ => None,
        }
    }

    /// The one decision of a person that stands: rules 7 and 8, generation by generation.
    fn standing<'e>(&self, ordered: &[&'e VerifiedEvent], person: u32) -> Option<&'e VerifiedEvent> {
        let chain = |e: &VerifiedEvent| -> Option<(KeyName, Option<EventId>)> {
            if matches!(e.fact, Fact::Reply { .. }) { None } else { Some((e.key, e.prev)) }
        };
        let own: Vec<&VerifiedEvent> = ordered.iter().copied().filter(|e| e.author == person).collect();
        let mut pool: Vec<&VerifiedEvent> = own
            .iter()
            .copied()
            .filter(|e| {
                let branch_of_a_decision = own
                    .iter()
                    .any(|d| self.word(ordered, d).is_some() && chain(d).is_some() && chain(d) == chain(e));
                self.word(ordered, e).is_some() || branch_of_a_decision
            })
            .collect();
        let knows = |a: &VerifiedEvent, b: &VerifiedEvent| {
            a.id != b.id && self.saw(a, b.id) && (chain(a).is_none() || chain(a) != chain(b))
        };
        while !pool.is_empty() {
            let oldest: Vec<&VerifiedEvent> =
                pool.iter().copied().filter(|a| pool.iter().all(|b| !knows(a, b))).collect();
            let words: BTreeSet<Option<Word>> = oldest.iter().map(|e| self.word(ordered, e)).collect();
            if words.len() == 1 && !words.contains(&None) {
                return oldest.first().copied();
            }
            pool.retain(|a| oldest.iter().all(|b| knows(a, b)));
            if oldest.is_empty() {
                return None;
            }
        }
        None
    }

    fn decided(&self, tokens: Tokens<'_>) -> (Option<(Word, Option<u32>)>, BTreeSet<EventId>) {
        let ordered = self.ordered(tokens);
        let mut counted: BTreeSet<EventId> =
            ordered.iter().filter(|e| matches!(e.fact, Fact::Request)).map(|e| e.id).collect();
        let mut outcome = Some((Word::Approve, None));
        for stage in self.route {
            if outcome != Some((Word::Approve, None)) {
                break;
            }
            outcome = None;
            let (mut yes, mut no) = (0, 0);
            for event in &ordered {
                let standing = stage.approvers.iter().filter_map(|p| self.standing(&ordered, *p));
                if outcome.is_some() || !standing.into_iter().any(|s| s.id == event.id) {
                    continue;
                }
                counted.insert(event.id);
                if matches!(event.fact, Fact::Reply { .. }) {
                    counted.extend(self.receipt(&ordered, event.id).map(|relay| relay.id));
                }
                match self.word(&ordered, event) {
                    Some(Word::Approve) => yes += 1,
                    _ => no += 1,
                }
                let all = stage.approvers.len();
                let (passes, ends) = match stage.rule {
                    Rule::All => (yes == all, no == 1),
                    Rule::Any => (yes == 1, no == 1),
                    Rule::AtLeast { n } => (yes == n as usize, all - no < n as usize),
                };
                if passes {
                    outcome = Some((Word::Approve, None));
                } else if ends {
                    outcome = Some((Word::Reject, Some(event.author)));
                }
            }
        }
        (outcome, counted)
    }
}
