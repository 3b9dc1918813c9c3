//! What the app does on its own.

use std::collections::BTreeSet;

use super::ids::EventId;
use super::raw::EventSet;
use super::view::{Context, RequestView};

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
        raw: Box<super::RawEvent>,
    },
    /// Ids are missing and were not asked for during the last day: send `relay` with `wants`.
    Ask {
        /// The ids.
        wants: BTreeSet<EventId>,
    },
    /// Somebody asks for events that are here: send `relay` with them.
    Answer {
        /// The events as received.
        events: Vec<super::RawEvent>,
    },
}

/// What is due for participant `me`. Pure: the client acts and inserts the events that it sent.
pub fn automatic(set: &EventSet, view: &RequestView, context: &Context<'_>, me: u32) -> Vec<Due> {
    let _ = (set, view, context, me);
    todo!()
}
