//! Random histories: honest and dishonest devices write events about what they know; mail is lost, late and doubled.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use smime::Fingerprint;

use super::model::{Expected, Model};
use super::{ALICE, id, key, present, stage, token};
use crate::approval::event::{ResultBody, Rule, Stage, Word};
use crate::approval::fold::{Case, Standing, State, fold};
use crate::approval::ids::EventId;
use crate::approval::verify::{Fact, VerifiedEvent};

/// Person of each device; the person of device 2 and 3 is the same. Person 5 has another program.
const DEVICES: [u32; 6] = [ALICE, 2, 3, 3, 4, 5];
const FOREIGN: u32 = 5;

type Step = (u8, u8, u8, u8);

struct World {
    route: Vec<Stage>,
    all: BTreeMap<EventId, VerifiedEvent>,
    known: Vec<BTreeSet<EventId>>,
    last: BTreeMap<usize, EventId>,
    closed: bool,
}

impl World {
    fn new(route: Vec<Stage>) -> Self {
        let mut request = VerifiedEvent::assumed(id("request"), ALICE, key("device 0"), Fact::Request);
        request.tokens = vec![token("request", 10)];
        let known = vec![BTreeSet::from([request.id]); DEVICES.len()];
        let last = BTreeMap::from([(0, request.id)]);
        World { route, all: BTreeMap::from([(request.id, request)]), known, last, closed: false }
    }

    fn fold_known(&self, known: &BTreeSet<EventId>) -> State {
        let events: BTreeMap<_, _> =
            self.all.iter().filter(|(id, _)| known.contains(id)).map(|(id, e)| (*id, e.clone())).collect();
        state(&self.route, &events)
    }

    fn step(&mut self, number: usize, (device, action, x, y): Step) {
        // The requester's app catches up often: else few requests would ever be closed.
        let closing = action % 12 == 6;
        if closing {
            self.known[0] = self.all.keys().copied().collect();
        }
        let device = if closing { 0 } else { usize::from(device) % DEVICES.len() };
        let name = format!("event {number}");
        let foreign = DEVICES[device] == FOREIGN;
        let own_stage = self.route.iter().position(|s| s.approvers.contains(&DEVICES[device])).unwrap_or(0);
        let stage = u32::try_from(own_stage + 1 + usize::from(x > 240)).unwrap();
        let word = if x % 3 == 0 { Word::Reject } else { Word::Approve };
        let fact = match action % 12 {
            0..=2 if foreign => Fact::Reply { word: (y < 220).then_some(word), automatic: y > 200 },
            0..=2 => Fact::Decision { word, stage },
            _ if foreign => return self.deliver(x, y),
            3 => Fact::Other,
            4 => Fact::Relay { carries: self.known[device].clone() },
            5 | 6 if device == 0 => match self.result(word, y) {
                Some(fact) => fact,
                None => return,
            },
            5 => Fact::Result(ResultBody {
                outcome: word,
                counted: self.known[device].clone(),
                tokens: BTreeSet::new(),
            }),
            _ => return self.deliver(x, y),
        };
        let mut event =
            VerifiedEvent::assumed(id(&name), DEVICES[device], key(&format!("device {device}")), fact);
        if !foreign {
            let known = self.fold_known(&self.known[device]);
            event.seen = known.heads;
            event.prev = self.last.get(&device).copied();
            match y {
                // A fork: the key was copied before its last event.
                230..=239 => event.prev = None,
                // Somebody names an event that nobody has, or another key's event as his own.
                240..=244 => drop(event.seen.insert(id("never sent"))),
                245..=249 => event.prev = self.known[device].iter().next().copied(),
                _ => {}
            }
            self.last.insert(device, event.id);
        }
        if x % 4 != 0 {
            event.tokens = vec![token(&name, u64::from(y % 16) + 11)];
        }
        self.known[device].insert(event.id);
        self.all.insert(event.id, event);
    }

    /// One mail reaches one device.
    fn deliver(&mut self, x: u8, y: u8) {
        let event = self.all.keys().nth(usize::from(x) % self.all.len()).copied();
        self.known[usize::from(y) % DEVICES.len()].extend(event);
    }

    /// The requester's app states the outcome when it is decided; a dishonest one states something at any time.
    fn result(&mut self, word: Word, y: u8) -> Option<Fact> {
        let state = self.fold_known(&self.known[0]);
        let tokens = state.times.values().map(|t| t.id).collect();
        if y > 230 {
            let outcome = if state.standing.word() == Some(word) { other(word) } else { word };
            return Some(Fact::Result(ResultBody { outcome, counted: state.counted, tokens }));
        }
        let outcome = state.standing.word().filter(|_| !self.closed && state.missing.is_empty())?;
        self.closed = true;
        Some(Fact::Result(ResultBody { outcome, counted: state.counted, tokens }))
    }
}

fn other(word: Word) -> Word {
    match word {
        Word::Approve => Word::Reject,
        Word::Reject => Word::Approve,
    }
}

fn state(route: &[Stage], events: &BTreeMap<EventId, VerifiedEvent>) -> State {
    fold(&Case { requester: ALICE, route, events, present: &present(events) })
}

fn expected(route: &[Stage], events: &BTreeMap<EventId, VerifiedEvent>) -> Expected {
    let present: BTreeSet<Fingerprint> = present(events);
    Model { requester: ALICE, route, present: &present, events: events.values().collect() }.expected()
}

fn agreed(state: &State) -> Expected {
    Expected {
        outcome: match state.standing {
            Standing::Open => None,
            Standing::Approved => Some((Word::Approve, None)),
            Standing::Rejected { by } => Some((Word::Reject, Some(by))),
        },
        counted: state.counted.clone(),
        result: state.result,
        wrong: state.wrong_results.clone(),
    }
}

fn routes() -> impl Strategy<Value = Vec<Stage>> {
    let rule = |size: usize| {
        prop_oneof![
            Just(Rule::All),
            Just(Rule::Any),
            (1..=u32::try_from(size).unwrap()).prop_map(|n| Rule::AtLeast { n })
        ]
    };
    let people = Just(vec![ALICE, 2, 3, 4, 5]).prop_shuffle();
    (people, prop::collection::vec(1..=3usize, 1..=3)).prop_flat_map(move |(people, sizes)| {
        let mut rest = people;
        let mut stages = Vec::new();
        for size in sizes {
            let approvers: Vec<u32> = rest.drain(..size.min(rest.len())).collect();
            if !approvers.is_empty() {
                stages.push(rule(approvers.len()).prop_map(move |rule| stage(rule, &approvers)));
            }
        }
        stages
    })
}

/// At every approved stage, distinct people approved, each with a decision of his own for it.
fn every_stage_was_met(route: &[Stage], state: &State, events: &BTreeMap<EventId, VerifiedEvent>) -> bool {
    route.iter().enumerate().all(|(index, stage)| {
        let approved: BTreeSet<u32> = events
            .values()
            .filter(|e| state.counted.contains(&e.id) && stage.approvers.contains(&e.author))
            .filter(|e| match &e.fact {
                Fact::Decision { word, stage } => *word == Word::Approve && *stage as usize == index + 1,
                Fact::Reply { word, .. } => *word == Some(Word::Approve),
                _ => false,
            })
            .map(|e| e.author)
            .collect();
        match stage.rule {
            Rule::All => approved.len() == stage.approvers.len(),
            Rule::Any => approved.len() == 1,
            Rule::AtLeast { n } => approved.len() == n as usize,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_is_that_of_the_model(
        route in routes(),
        steps in prop::collection::vec(any::<Step>(), 0..40),
        withheld in any::<u64>(),
    ) {
        let mut world = World::new(route.clone());
        for (number, step) in steps.into_iter().enumerate() {
            world.step(number, step);
        }
        let full = state(&route, &world.all);
        prop_assert_eq!(agreed(&full), expected(&route, &world.all));
        if full.standing == Standing::Approved {
            prop_assert!(every_stage_was_met(&route, &full, &world.all));
        }

        // A device from which some mails are withheld shows the same result, or none; never another.
        let part: BTreeMap<EventId, VerifiedEvent> = world
            .all
            .iter()
            .enumerate()
            .filter(|(n, (id, _))| **id == super::id("request") || withheld >> (n % 64) & 1 == 0)
            .map(|(_, (id, event))| (*id, event.clone()))
            .collect();
        let partial = state(&route, &part);
        prop_assert_eq!(agreed(&partial), expected(&route, &part));
        if partial.result.is_some() {
            prop_assert_eq!(agreed(&partial), agreed(&full));
        }
    }
}
