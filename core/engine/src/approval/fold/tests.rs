//! The rules of docs/protocols/approval.md that are about state: one test each, and a random walk against a model.

mod model;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use smime::{Fingerprint, UnixTime};

use super::{Case, Standing, State, fold};
use crate::approval::event::{ResultBody, Rule, Stage, Word};
use crate::approval::ids::{EventId, KeyName, TokenId};
use crate::approval::verify::{Fact, ValidToken, VerifiedEvent};
use crate::approval::view::{NotCounted, StageState};

const ALICE: u32 = 1;
const BOB: u32 = 2;
const CAROL: u32 = 3;
const DAVE: u32 = 4;

pub(super) fn id(name: &str) -> EventId {
    EventId::of(name.as_bytes())
}

pub(super) fn key(name: &str) -> KeyName {
    KeyName(Fingerprint::of(name.as_bytes()))
}

pub(super) fn stage(rule: Rule, approvers: &[u32]) -> Stage {
    Stage { rule, approvers: approvers.to_vec() }
}

/// A set of verified events, told as a story.
struct Story {
    route: Vec<Stage>,
    events: BTreeMap<EventId, VerifiedEvent>,
}

impl Story {
    fn new(route: Vec<Stage>) -> Self {
        let mut story = Story { route, events: BTreeMap::new() };
        story.add("request", ALICE, "alice", None, &[], Fact::Request, Some(100));
        story
    }

    #[allow(clippy::too_many_arguments, reason = "each argument is one field of an event")]
    fn add(
        &mut self,
        name: &str,
        author: u32,
        k: &str,
        prev: Option<&str>,
        seen: &[&str],
        fact: Fact,
        time: Option<u64>,
    ) {
        let mut event = VerifiedEvent::assumed(id(name), author, key(k), fact);
        event.prev = prev.map(id);
        event.seen = seen.iter().map(|name| id(name)).collect();
        event.tokens = time.into_iter().map(|secs| token(name, secs)).collect();
        self.events.insert(event.id, event);
    }

    fn decide(&mut self, name: &str, author: u32, word: Word, seen: &[&str], time: u64) {
        let own_stage = self.route.iter().position(|s| s.approvers.contains(&author)).unwrap_or(0);
        let fact = Fact::Decision { word, stage: u32::try_from(own_stage + 1).unwrap() };
        self.add(name, author, name, None, seen, fact, Some(time));
    }

    fn reply(&mut self, name: &str, author: u32, word: Word, time: u64) {
        self.add(
            name,
            author,
            "one certificate",
            None,
            &[],
            Fact::Reply { word: Some(word), automatic: false },
            Some(time),
        );
    }

    fn relay(&mut self, name: &str, author: u32, carries: &[&str], seen: &[&str]) {
        let carries = carries.iter().map(|name| id(name)).collect();
        self.add(name, author, name, None, seen, Fact::Relay { carries }, None);
    }

    fn result(
        &mut self,
        name: &str,
        author: u32,
        outcome: Word,
        counted: &[&str],
        tokens: &[&str],
        seen: &[&str],
    ) {
        let result = ResultBody {
            outcome,
            counted: counted.iter().map(|name| id(name)).collect(),
            tokens: tokens.iter().map(|name| token_id(name)).collect(),
        };
        self.add(name, author, name, None, seen, Fact::Result(result), Some(9000));
    }

    fn state(&self) -> State {
        let present = present(&self.events);
        fold(&Case { requester: ALICE, route: &self.route, events: &self.events, present: &present })
    }

    fn reason(&self, name: &str) -> Option<NotCounted> {
        self.state().reasons.get(&id(name)).copied()
    }
}

fn token_id(event: &str) -> TokenId {
    TokenId::of(format!("token of {event}").as_bytes())
}

pub(super) fn token(event: &str, secs: u64) -> ValidToken {
    ValidToken {
        id: token_id(event),
        time: UnixTime::from_secs(secs),
        authority: String::new(),
        trusted: true,
        receipt: false,
    }
}

pub(super) fn present(events: &BTreeMap<EventId, VerifiedEvent>) -> BTreeSet<Fingerprint> {
    let tokens = events.values().flat_map(|e| e.tokens.iter().map(|t| t.id.0));
    events.keys().map(|id| id.0).chain(tokens).collect()
}

use Word::{Approve, Reject};

#[test]
fn rule_5_order_is_topological_then_by_time_then_by_id() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB, CAROL, DAVE])]);
    story.decide("late", BOB, Approve, &["request"], 300);
    story.decide("early", CAROL, Approve, &["request"], 200);
    story.add("no time", DAVE, "dave", None, &["request"], Fact::Other, None);
    // Seen outranks time: this one claims an earlier token than what it has seen.
    story.add("after late", DAVE, "dave 2", None, &["late"], Fact::Other, Some(150));
    let order = story.state().order;
    assert_eq!(order, ["request", "early", "late", "after late", "no time"].map(id).to_vec());
}

#[test]
fn rule_6_an_absent_id_makes_the_request_incomplete() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.decide("yes", BOB, Approve, &["request", "lost"], 200);
    let state = story.state();
    assert_eq!(state.missing, BTreeMap::from([(id("lost").0, BTreeSet::from([BOB]))]));
}

#[test]
fn rule_7_the_first_decision_counts_and_later_ones_that_have_seen_it_dont() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.decide("yes", BOB, Approve, &["request"], 200);
    story.decide("no", BOB, Reject, &["yes"], 300);
    assert_eq!(story.state().standing, Standing::Approved);
    assert_eq!(story.reason("no"), Some(NotCounted::AlreadyDecided));
}

#[test]
fn rule_7_a_decision_for_a_later_stage_waits_for_it() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB]), stage(Rule::All, &[CAROL])]);
    story.decide("carol", CAROL, Approve, &["request"], 150);
    let state = story.state();
    assert_eq!(state.stages, [StageState::Open, StageState::Waiting]);
    assert_eq!(story.reason("carol"), Some(NotCounted::WaitsForStage));
    story.decide("bob", BOB, Approve, &["request"], 200);
    let state = story.state();
    assert_eq!(state.standing, Standing::Approved);
    assert_eq!(state.counted, ["request", "bob", "carol"].map(id).into());
}

#[test]
fn rule_8_contradicting_decisions_wait_for_one_that_has_seen_both() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.decide("phone", BOB, Approve, &["request"], 200);
    story.decide("tablet", BOB, Reject, &["request"], 300);
    assert_eq!(story.state().standing, Standing::Open);
    assert_eq!(story.reason("phone"), Some(NotCounted::Contradicting));
    assert_eq!(story.reason("tablet"), Some(NotCounted::Contradicting));
    story.decide("half", BOB, Approve, &["phone"], 400);
    assert_eq!(story.state().standing, Standing::Open, "it has seen one of both only");
    story.decide("word of power", BOB, Reject, &["phone", "tablet"], 500);
    assert_eq!(story.state().standing, Standing::Rejected { by: BOB });
}

#[test]
fn rule_8_equal_decisions_that_have_not_seen_each_other_count_once() {
    let mut story = Story::new(vec![stage(Rule::AtLeast { n: 2 }, &[BOB, CAROL, DAVE])]);
    story.decide("phone", BOB, Approve, &["request"], 200);
    story.decide("tablet", BOB, Approve, &["request"], 300);
    assert_eq!(story.state().standing, Standing::Open, "one person, one vote");
    assert_eq!(story.reason("tablet"), Some(NotCounted::Repeated));
}

#[test]
fn rule_8_a_forked_key_is_shown_and_its_branches_dont_count() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    let approve = Fact::Decision { word: Approve, stage: 1 };
    let reject = Fact::Decision { word: Reject, stage: 1 };
    story.add("one", BOB, "stolen", None, &["request"], approve, Some(200));
    // The copy of the key pretends to have seen the other branch: a fork all the same.
    story.add("other", BOB, "stolen", None, &["one"], reject, Some(300));
    let state = story.state();
    assert_eq!(state.forks.len(), 1);
    assert_eq!(state.forks[0].events, ["one", "other"].map(id).into());
    assert_eq!(state.standing, Standing::Open);
}

#[test]
fn rule_8_a_decision_forked_with_something_else_does_not_count() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    let approve = Fact::Decision { word: Approve, stage: 1 };
    story.add("one", BOB, "stolen", None, &["request"], approve, Some(200));
    story.add("other", BOB, "stolen", None, &["request"], Fact::Other, Some(300));
    assert_eq!(story.state().standing, Standing::Open);
    assert_eq!(story.reason("one"), Some(NotCounted::Contradicting));
}

#[test]
fn rule_9_all_ends_with_one_reject() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB, CAROL])]);
    story.decide("bob", BOB, Approve, &["request"], 200);
    assert_eq!(story.state().standing, Standing::Open);
    story.decide("carol", CAROL, Reject, &["request"], 300);
    assert_eq!(story.state().standing, Standing::Rejected { by: CAROL });
}

#[test]
fn rule_9_any_is_decided_by_the_first_decision() {
    let mut story = Story::new(vec![stage(Rule::Any, &[BOB, CAROL])]);
    story.decide("carol", CAROL, Reject, &["request"], 300);
    story.decide("bob", BOB, Approve, &["request"], 200);
    assert_eq!(story.state().standing, Standing::Approved);
    assert_eq!(story.reason("carol"), Some(NotCounted::NotNeeded));
}

#[test]
fn rule_9_at_least_n_passes_with_n_and_ends_out_of_reach() {
    let mut story = Story::new(vec![stage(Rule::AtLeast { n: 2 }, &[BOB, CAROL, DAVE])]);
    story.decide("bob", BOB, Reject, &["request"], 200);
    assert_eq!(story.state().standing, Standing::Open);
    let mut out_of_reach = Story { route: story.route.clone(), events: story.events.clone() };
    out_of_reach.decide("carol", CAROL, Reject, &["request"], 300);
    assert_eq!(out_of_reach.state().standing, Standing::Rejected { by: CAROL });
    story.decide("carol", CAROL, Approve, &["request"], 300);
    story.decide("dave", DAVE, Approve, &["request"], 400);
    assert_eq!(story.state().standing, Standing::Approved);
}

#[test]
fn rule_9_the_requester_and_strangers_to_the_route_decide_nothing() {
    let mut story = Story::new(vec![stage(Rule::Any, &[BOB])]);
    story.decide("alice", ALICE, Approve, &["request"], 150);
    story.decide("dave", DAVE, Approve, &["request"], 160);
    assert_eq!(story.state().standing, Standing::Open);
    assert_eq!(story.reason("alice"), Some(NotCounted::NotOnRoute));
    assert_eq!(story.reason("dave"), Some(NotCounted::NotOnRoute));
}

#[test]
fn rule_12_a_right_result_closes_and_nothing_changes_it() {
    let mut story = Story::new(vec![stage(Rule::Any, &[BOB, CAROL])]);
    story.decide("bob", BOB, Approve, &["request"], 300);
    story.result("end", ALICE, Approve, &["request", "bob"], &["request", "bob"], &["bob"]);
    assert_eq!(story.state().result, Some(id("end")));
    // Earlier by its token, but the requester's app had not seen it.
    story.decide("carol", CAROL, Reject, &["request"], 200);
    let state = story.state();
    assert_eq!(state.standing, Standing::Approved);
    assert_eq!(state.after_the_end, BTreeSet::from([id("carol")]));
    assert_eq!(story.reason("carol"), Some(NotCounted::AfterTheEnd));
}

#[test]
fn rule_12_a_wrong_result_is_void_and_named() {
    let counted = ["request", "bob"];
    for (outcome, counted, tokens) in [
        (Reject, &counted[..], &counted[..]),
        (Approve, &counted[..1], &counted[..]),
        (Approve, &counted[..], &["nobody's"][..]),
    ] {
        let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
        story.decide("bob", BOB, Approve, &["request"], 300);
        story.add("nobody's", DAVE, "dave", None, &["bob"], Fact::Other, Some(400));
        story.result("end", ALICE, outcome, counted, tokens, &["bob"]);
        let state = story.state();
        assert_eq!((state.result, state.standing), (None, Standing::Approved));
        assert_eq!(state.wrong_results, BTreeSet::from([id("end")]));
    }
}

#[test]
fn rule_12_only_the_requesters_result_closes() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.decide("bob", BOB, Approve, &["request"], 300);
    story.result("end", BOB, Approve, &["request", "bob"], &["request", "bob"], &["bob"]);
    assert_eq!(story.state().result, None);
    assert_eq!(story.reason("end"), Some(NotCounted::NotRequester));
}

#[test]
fn rule_12_a_result_that_rests_on_absent_events_closes_nothing() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.result("end", ALICE, Approve, &["request", "bob"], &["request", "bob"], &["bob"]);
    let state = story.state();
    assert_eq!((state.result, state.standing), (None, Standing::Open));
    assert!(state.wrong_results.is_empty() && !state.missing.is_empty());
}

#[test]
fn rule_13_a_reply_counts_once_the_requesters_app_relayed_it() {
    let mut story = Story::new(vec![stage(Rule::All, &[CAROL])]);
    story.reply("carol", CAROL, Approve, 300);
    assert_eq!(story.reason("carol"), Some(NotCounted::AwaitingReceipt));
    story.relay("not the requester", BOB, &["carol"], &["carol"]);
    assert_eq!(story.state().standing, Standing::Open);
    story.relay("receipt", ALICE, &["carol"], &["carol"]);
    let state = story.state();
    assert_eq!(state.standing, Standing::Approved);
    assert_eq!(state.counted, ["request", "carol", "receipt"].map(id).into());
}

#[test]
fn rule_13_a_repeated_word_counts_once_and_contradicting_ones_dont() {
    let mut story = Story::new(vec![stage(Rule::All, &[CAROL, BOB])]);
    story.reply("carol", CAROL, Approve, 300);
    story.reply("again", CAROL, Approve, 400);
    story.relay("receipt", ALICE, &["carol", "again"], &["carol", "again"]);
    assert_eq!(story.reason("again"), Some(NotCounted::Repeated));
    story.reply("no", CAROL, Reject, 500);
    story.relay("second receipt", ALICE, &["no"], &["no"]);
    for name in ["carol", "again", "no"] {
        assert_eq!(story.reason(name), Some(NotCounted::Contradicting), "{name}");
    }
}

#[test]
fn rule_1_prev_must_be_an_event_of_the_same_key() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    let approve = Fact::Decision { word: Approve, stage: 1 };
    story.add("yes", BOB, "bob", Some("request"), &[], approve, Some(200));
    assert_eq!(story.state().standing, Standing::Open);
    assert_eq!(story.reason("yes"), Some(NotCounted::WrongPrevious));
}

#[test]
fn rule_18_events_beyond_the_limit_dont_count() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    for n in 0..super::MAX_EVENTS {
        story.add(&format!("flood {n}"), DAVE, &format!("key {n}"), None, &[], Fact::Other, Some(200));
    }
    story.decide("after the flood", BOB, Approve, &["request"], 300);
    assert_eq!(story.reason("after the flood"), Some(NotCounted::OverLimit));
    // A flood can't displace what was stamped before it.
    story.decide("before the flood", BOB, Approve, &["request"], 150);
    assert_eq!(story.state().standing, Standing::Approved);
}

#[test]
fn events_in_a_circle_are_left_out() {
    let mut story = Story::new(vec![stage(Rule::All, &[BOB])]);
    story.add("a", DAVE, "a", None, &["b"], Fact::Other, None);
    story.add("b", DAVE, "b", None, &["a"], Fact::Other, None);
    story.decide("after", BOB, Approve, &["b"], 300);
    assert_eq!(story.state().order, [id("request")]);
}
