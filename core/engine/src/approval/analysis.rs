//! The whole set, verified: events as received, those that relays carry, and the tokens for them.

use std::collections::{BTreeMap, BTreeSet};

use smime::{EmailAddress, Fingerprint};

use super::MAX_EVENTS;
use super::event::{Body, Common, Event, Kind, RelayItem, Request};
use super::ids::{EventId, RequestDigest, TokenId};
use super::payload;
use super::raw::{EventSet, RawEvent};
use super::verify::{Bench, Opened, Refused, RelayedTokens, VerifiedEvent, What, is_here, open};
use super::view::{Alarm, Context, NotCounted, NotCountedEvent, Undecidable};

/// Most copies that are opened: an event may come in several, with and without tokens.
const MAX_COPIES: usize = 4 * MAX_EVENTS;
/// Most relayed tokens that are tried for one event.
const MAX_TOKENS_EACH: usize = 32;

/// What a request is, as its own JSON says.
#[derive(Clone)]
pub(super) struct Case {
    pub common: Common,
    pub request: Request,
}

/// What was found in a set.
pub(super) struct Analysis {
    /// The request; `None` when its event is absent or its machine-readable part can't be read.
    pub case: Option<Case>,
    /// Why nobody can decide it.
    pub undecidable: Option<Undecidable>,
    /// What participants signed.
    pub events: BTreeMap<EventId, VerifiedEvent>,
    /// The copy of each that is shown and exported.
    pub copies: BTreeMap<EventId, Opened>,
    /// Tokens as received.
    pub tokens: BTreeMap<TokenId, Vec<u8>>,
    /// Ids of events and tokens whose octets are here.
    pub present: BTreeSet<Fingerprint>,
    pub refused: Vec<NotCountedEvent>,
    pub alarms: BTreeSet<Alarm>,
}

impl Analysis {
    /// The JSON event, for those that are not replies.
    pub fn event(&self, id: EventId) -> Option<&Event> {
        match &self.copies.get(&id)?.what {
            What::Event { event: Ok(event), .. } => Some(event),
            What::Event { event: Err(_), .. } | What::Reply(_) | What::Misplaced => None,
        }
    }

    /// The kind of a JSON event.
    pub fn kind(&self, id: EventId) -> Option<&Kind> {
        self.event(id).map(|event| &event.common.kind)
    }
}

/// Verifies everything. A function of the set and of `context`; the order of insertion can't be seen.
pub(super) fn analyse(set: &EventSet, context: &Context<'_>) -> Analysis {
    let mut refused = Vec::new();
    let mut opened = BTreeMap::new();
    for raw in set.events() {
        match open(raw) {
            Some(copy) if opened.len() < MAX_COPIES => drop(opened.insert(raw.copy_name(), copy)),
            Some(copy) => refused.push(not_counted(Some(copy.id), &copy.raw, NotCounted::OverLimit.into())),
            None => refused.push(not_counted(None, raw, NotCounted::Unreadable.into())),
        }
    }
    bring_request(&mut opened, set.request());
    let Some(case) = find_request(&opened, set.request()) else {
        return without_request(set.request(), opened, refused);
    };
    let bench = Bench::new(set.request(), case.common.rev, &case.request, context);
    let mut work = Work {
        bench: &bench,
        opened,
        tokens: BTreeMap::new(),
        verified: BTreeMap::new(),
        refusals: BTreeMap::new(),
    };
    work.run();
    work.finish(&case, refused)
}

type Copies = BTreeMap<Fingerprint, Opened>;

/// A request that came only inside a relay: its digest is proof enough of what it is.
fn bring_request(opened: &mut Copies, digest: RequestDigest) {
    if opened.values().any(|copy| matches!(&copy.what, What::Event { digest: d, .. } if *d == digest)) {
        return;
    }
    let carried: Vec<(Fingerprint, Opened)> = opened
        .values()
        .flat_map(carried_events)
        .filter_map(|raw| Some((raw.copy_name(), open(&raw)?)))
        .filter(|(_, copy)| matches!(&copy.what, What::Event { digest: d, .. } if *d == digest))
        .collect();
    opened.extend(carried);
}

fn find_request(opened: &Copies, digest: RequestDigest) -> Option<Case> {
    opened.values().find_map(|copy| match &copy.what {
        What::Event { digest: found, event: Ok(event) } if *found == digest => match &event.body {
            Body::Request(request) => {
                Some(Case { common: event.common.clone(), request: (**request).clone() })
            }
            _ => None,
        },
        _ => None,
    })
}

/// Nothing can be verified: nobody says whose signatures to expect.
fn without_request(digest: RequestDigest, opened: Copies, mut refused: Vec<NotCountedEvent>) -> Analysis {
    let is_request = |copy: &Opened| matches!(&copy.what, What::Event { digest: d, .. } if *d == digest);
    let undecidable = opened.values().any(is_request).then_some(Undecidable::Malformed);
    for copy in opened.values() {
        let reason = match &copy.what {
            What::Event { event: Err(error), .. } => super::verify::reason_of(*error),
            What::Event { event: Ok(_), .. } | What::Reply(_) | What::Misplaced => {
                NotCounted::RequestUndecidable
            }
        };
        refused.push(not_counted(Some(copy.id), &copy.raw, reason.into()));
    }
    refused.sort();
    refused.dedup();
    Analysis {
        case: None,
        undecidable,
        events: BTreeMap::new(),
        copies: BTreeMap::new(),
        tokens: BTreeMap::new(),
        present: BTreeSet::new(),
        refused,
        alarms: BTreeSet::new(),
    }
}

/// Copies wait to be verified; a verified relay brings further copies and tokens, which wait in turn.
struct Work<'a> {
    bench: &'a Bench<'a>,
    opened: Copies,
    tokens: BTreeMap<EventId, RelayedTokens>,
    verified: BTreeMap<Fingerprint, VerifiedEvent>,
    refusals: BTreeMap<Fingerprint, Refused>,
}

impl Work<'_> {
    fn run(&mut self) {
        let mut waiting: BTreeSet<Fingerprint> = self.opened.keys().copied().collect();
        let mut unpacked = BTreeSet::new();
        let none = RelayedTokens::new();
        while let Some(name) = waiting.pop_first() {
            let Some(copy) = self.opened.get(&name) else { continue };
            match self.bench.verify(copy, self.tokens.get(&copy.id).unwrap_or(&none)) {
                Ok(event) => {
                    self.refusals.remove(&name);
                    let unpack = event.defect.is_none() && unpacked.insert(name);
                    self.verified.insert(name, event);
                    if unpack {
                        waiting.append(&mut self.unpack(name));
                    }
                }
                Err(refused) => {
                    self.verified.remove(&name);
                    self.refusals.insert(name, refused);
                }
            }
        }
    }

    /// Takes out what a verified relay carries; the copies that must be verified (again).
    fn unpack(&mut self, name: Fingerprint) -> BTreeSet<Fingerprint> {
        let Some(copy) = self.opened.get(&name) else { return BTreeSet::new() };
        let events = carried_events(copy);
        let tokens = carried_tokens(copy);
        let mut waiting = BTreeSet::new();
        for raw in events {
            let name = raw.copy_name();
            if self.opened.len() >= MAX_COPIES || self.opened.contains_key(&name) {
                continue;
            }
            if let Some(copy) = open(&raw) {
                self.opened.insert(name, copy);
                waiting.insert(name);
            }
        }
        for (id, token) in tokens {
            let known = self.tokens.entry(id).or_default();
            if known.len() < MAX_TOKENS_EACH && known.insert(TokenId::of(&token), token).is_none() {
                waiting.extend(self.opened.iter().filter(|(_, copy)| copy.id == id).map(|(name, _)| *name));
            }
        }
        waiting
    }

    fn finish(self, case: &Case, mut refused: Vec<NotCountedEvent>) -> Analysis {
        let mut opened = self.opened;
        let mut present: BTreeSet<Fingerprint> = BTreeSet::new();
        let mut tokens: BTreeMap<TokenId, Vec<u8>> = self.tokens.into_values().flatten().collect();
        let mut alarms = BTreeSet::new();
        let verified_ids: BTreeSet<EventId> = self.verified.values().map(|event| event.id).collect();
        for (name, refusal) in self.refusals {
            let Some(copy) = opened.get(&name) else { continue };
            if is_here(&refusal) {
                present.insert(copy.id.0);
            }
            if let Some((author, digest)) = refusal.elsewhere {
                alarms.insert(Alarm::TwoFacedRequester { author, digest });
            }
            // A bad copy of a good event: the good one is shown.
            if !verified_ids.contains(&copy.id) {
                refused.push(not_counted(Some(copy.id), &copy.raw, refusal));
            }
        }
        let mut undecidable = Some(Undecidable::NotVerified);
        let mut events: BTreeMap<EventId, VerifiedEvent> = BTreeMap::new();
        let mut copies: BTreeMap<EventId, Opened> = BTreeMap::new();
        let mut disagreement = None;
        for (name, event) in self.verified {
            let Some(copy) = opened.remove(&name) else { continue };
            if let Some(token) = copy.signer().and_then(|signer| signer.timestamp_token()) {
                tokens.insert(TokenId::of(token), token.to_vec());
            }
            if let (super::verify::Fact::Request, None, What::Event { event: Ok(json), .. }) =
                (&event.fact, event.defect, &copy.what)
            {
                undecidable = None;
                let agrees = payload::request_agrees(&copy.payload, json, &self.bench.code);
                disagreement = disagreement.or(agrees.err());
            }
            merge(&mut events, &mut copies, event, copy);
        }
        present.extend(events.keys().map(|id| id.0));
        present.extend(tokens.keys().map(|id| id.0));
        if case.request.supersedes.is_some() {
            disagreement = disagreement.or(Some(Undecidable::UnsupportedRevision));
        }
        refused.sort();
        refused.dedup();
        let case = Some(case.clone());
        Analysis {
            case,
            undecidable: undecidable.or(disagreement),
            events,
            copies,
            tokens,
            present,
            refused,
            alarms,
        }
    }
}

/// Joins copies of one event. Tokens of equal signers add up; the better copy is shown: one without defect, then the
/// one with the earliest token (a reply that somebody else signed again can't take its place), then by author and key.
fn merge(
    events: &mut BTreeMap<EventId, VerifiedEvent>,
    copies: &mut BTreeMap<EventId, Opened>,
    event: VerifiedEvent,
    copy: Opened,
) {
    let rank = |event: &VerifiedEvent| {
        let time = event.tokens.iter().map(|token| token.time).min();
        (event.defect.is_some(), time.is_none(), time, event.author, event.key)
    };
    let id = event.id;
    match events.get_mut(&id) {
        None => {
            events.insert(id, event);
            copies.insert(id, copy);
        }
        Some(known) if (known.author, known.key) == (event.author, event.key) => {
            let better = rank(&event) < rank(known);
            for token in &event.tokens {
                if !known.tokens.iter().any(|k| k.id == token.id) {
                    known.tokens.push(token.clone());
                }
            }
            known.tokens.sort_by_key(|token| (token.time, token.id));
            known.defect = if better { event.defect } else { known.defect };
            if let (
                super::verify::Fact::Reply { automatic, .. },
                super::verify::Fact::Reply { automatic: also, .. },
            ) = (&mut known.fact, &event.fact)
            {
                *automatic |= *also;
            }
            if better {
                copies.insert(id, copy);
            }
        }
        Some(known) if rank(&event) < rank(known) => {
            *known = event;
            copies.insert(id, copy);
        }
        Some(_) => {}
    }
}

/// What a relay carries, as its receivers get it; nothing for other events.
fn carried_events(copy: &Opened) -> Vec<RawEvent> {
    relay_items(copy).iter().filter_map(|item| payload::carried_event(&copy.payload, item)).collect()
}

/// The tokens that a relay carries, with their events; nothing for other events.
pub(super) fn carried_tokens(copy: &Opened) -> Vec<(EventId, Vec<u8>)> {
    let token = |item: &RelayItem| match item {
        RelayItem::Token { id, document } => Some((*id, payload::document(&copy.payload, *document)?)),
        RelayItem::Event { .. } | RelayItem::Crl { .. } | RelayItem::Ocsp { .. } => None,
    };
    relay_items(copy).iter().filter_map(token).collect()
}

fn relay_items(copy: &Opened) -> &[RelayItem] {
    match &copy.what {
        What::Event { event: Ok(event), .. } => match &event.body {
            Body::Relay(relay) => &relay.items,
            _ => &[],
        },
        _ => &[],
    }
}

fn not_counted(id: Option<EventId>, raw: &RawEvent, refused: Refused) -> NotCountedEvent {
    let sender: Option<EmailAddress> = raw.outer_from.clone();
    NotCountedEvent { id, sender, reason: refused.reason, signature: refused.signature }
}
