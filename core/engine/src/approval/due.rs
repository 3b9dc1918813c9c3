//! What the app does on its own.

use std::collections::{BTreeMap, BTreeSet};

use smime::Fingerprint;

use super::analysis::{Analysis, analyse, carried_tokens};
use super::event::{Body, Relay, RelayItem};
use super::ids::{EventId, TokenId};
use super::order::{Ancestry, Node, order};
use super::raw::{EventSet, RawEvent};
use super::verify::{Fact, Opened};
use super::view::{Context, NotCounted, Outcome, RequestView};

/// Something to be done without asking the person. Each is due until its event is in the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// The outcome stands and nothing is missing: send `result` ([`build_result`](super::build_result)).
    Result,
    /// A foreign reply arrived at the requester's app: fetch a token over `signature`, then send `relay` with the
    /// event and the token (with the event alone, when no authority answers).
    RelayReply {
        /// The reply.
        event: EventId,
        /// What the token stamps.
        signature: Vec<u8>,
        /// The reply as received.
        raw: Box<RawEvent>,
    },
    /// Ids are missing and were not asked for during the last day: send `relay` with `wants`.
    Ask {
        /// The ids.
        wants: BTreeSet<Fingerprint>,
    },
    /// Somebody asks for events or tokens that are here: send `relay` with these events.
    Answer {
        /// As received; for a token the copy that has it inside, or the relay that brought it.
        events: Vec<RawEvent>,
    },
}

/// What is due for participant `me`. Pure: the client acts and inserts the events that it sent.
pub fn automatic(set: &EventSet, view: &RequestView, context: &Context<'_>, me: u32) -> Vec<Due> {
    let analysis = analyse(set, context);
    if analysis.undecidable.is_some() || view.request.is_none() || !view.people.iter().any(|p| p.number == me)
    {
        return Vec::new();
    }
    let mut due = Vec::new();
    if me == view.requester {
        due.extend(replies(&analysis, view));
    }
    let relays = Relays::new(&analysis);
    due.extend(relays.answer(view, me));
    due.extend(relays.ask(view, context, me));
    let decided =
        matches!(view.outcome, Outcome::Approved { closed: false } | Outcome::Rejected { closed: false, .. });
    if me == view.requester && decided {
        due.push(Due::Result);
    }
    due
}

/// Foreign replies that wait for the requester's app.
fn replies(analysis: &Analysis, view: &RequestView) -> Vec<Due> {
    let waiting = view.not_counted.iter().filter(|event| event.reason == NotCounted::AwaitingReceipt);
    waiting
        .filter_map(|event| {
            let id = event.id?;
            let copy = analysis.copies.get(&id)?;
            let signature = copy.signer()?.signature().to_vec();
            Some(Due::RelayReply { event: id, signature, raw: Box::new(copy.raw.clone()) })
        })
        .collect()
}

/// How long an app waits before it asks again for the same id, in seconds.
const ASK_AGAIN_AFTER: u64 = 24 * 60 * 60;
/// Most things in one answer.
const MAX_ANSWER: usize = 64;

/// What was asked for and what was carried.
struct Relays<'a> {
    analysis: &'a Analysis,
    ancestry: Ancestry,
    /// Each relay with its author and content.
    relays: Vec<(EventId, u32, &'a Relay)>,
}

impl<'a> Relays<'a> {
    fn new(analysis: &'a Analysis) -> Self {
        let nodes: BTreeMap<EventId, Node<'_>> = analysis
            .events
            .values()
            .map(|e| {
                let first = matches!(e.fact, Fact::Request);
                (e.id, Node { prev: e.prev, seen: &e.seen, time: None, first })
            })
            .collect();
        let ancestry = Ancestry::new(&order(&nodes), &nodes);
        let relays = analysis
            .events
            .values()
            .filter(|e| e.defect.is_none())
            .filter_map(|e| match &analysis.event(e.id)?.body {
                Body::Relay(relay) => Some((e.id, e.author, relay)),
                _ => None,
            })
            .collect();
        Relays { analysis, ancestry, relays }
    }

    /// What others ask for and is here, unless somebody who saw the question has answered it. The requester answers, and
    /// whoever wrote the event or named it: the others would only repeat them.
    fn answer(&self, view: &RequestView, me: u32) -> Option<Due> {
        let mut wanted = BTreeSet::new();
        for (ask, author, relay) in &self.relays {
            let open = relay.wants.iter().filter(|id| *author != me && !self.answered(*ask, **id));
            wanted.extend(open.filter(|id| me == view.requester || self.concerns(me, **id)).copied());
        }
        let found: BTreeMap<EventId, RawEvent> = wanted.into_iter().filter_map(|id| self.find(id)).collect();
        let events: Vec<RawEvent> = found.into_values().take(MAX_ANSWER).collect();
        if events.is_empty() { None } else { Some(Due::Answer { events }) }
    }

    /// Somebody who had seen the question relayed the event that holds the id.
    fn answered(&self, ask: EventId, id: Fingerprint) -> bool {
        let Some((holder, _)) = self.find(id) else { return false };
        self.relays.iter().any(|(answer, _, relay)| {
            self.ancestry.has_seen(*answer, ask)
                && relay.items.iter().any(|item| matches!(item, RelayItem::Event { id, .. } if *id == holder))
        })
    }

    fn concerns(&self, me: u32, id: Fingerprint) -> bool {
        self.analysis
            .events
            .values()
            .filter(|e| e.author == me)
            .any(|e| e.id.0 == id || e.prev.is_some_and(|p| p.0 == id) || e.seen.contains(&EventId(id)))
    }

    /// The event with this id, or one that holds the token with this id.
    fn find(&self, id: Fingerprint) -> Option<(EventId, RawEvent)> {
        let copies = &self.analysis.copies;
        if let Some(copy) = copies.get(&EventId(id)) {
            return Some((copy.id, copy.raw.clone()));
        }
        let holds = |copy: &&Opened| {
            let inside = copy.signer().and_then(|signer| signer.timestamp_token());
            inside.is_some_and(|token| TokenId::of(token).0 == id)
                || carried_tokens(copy).iter().any(|(_, token)| TokenId::of(token).0 == id)
        };
        copies.values().find(holds).map(|copy| (copy.id, copy.raw.clone()))
    }

    /// What is missing and was not asked for during the last day, by the claimed times of the own questions.
    fn ask(&self, view: &RequestView, context: &Context<'_>, me: u32) -> Option<Due> {
        let asked_lately = |id: &Fingerprint| {
            self.relays.iter().any(|(ask, author, relay)| {
                let time = self.analysis.copies.get(ask).and_then(Opened::claimed_time);
                *author == me
                    && relay.wants.contains(id)
                    && time.is_some_and(|time| time.plus(ASK_AGAIN_AFTER) > context.at)
            })
        };
        let missing = view.missing.iter().map(|missing| missing.id);
        let wants: BTreeSet<Fingerprint> = missing.filter(|id| !asked_lately(id)).collect();
        if wants.is_empty() { None } else { Some(Due::Ask { wants }) }
    }
}
