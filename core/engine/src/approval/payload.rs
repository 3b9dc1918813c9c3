//! From a signed payload (a MIME entity) to an event or a foreign reply.

use mail::part::Message;

use super::CONTENT_TYPE;
use super::event::{Event, EventError};
use super::ids::Code;

/// The machine-readable part of a payload.
pub(super) enum JsonPart {
    /// There is none anywhere.
    None,
    /// One, at its place: a direct child of the root multipart/mixed.
    One(Vec<u8>),
    /// Several, or elsewhere.
    Misplaced,
}

pub(super) fn json_part(payload: &Message) -> JsonPart {
    let _ = (payload, CONTENT_TYPE);
    todo!()
}

/// The event in a signed payload; `None` when it has no machine-readable part.
pub fn event_of(payload: &Message) -> Option<Result<Event, EventError>> {
    match json_part(payload) {
        JsonPart::None => None,
        JsonPart::One(json) => Some(Event::parse(&json)),
        JsonPart::Misplaced => Some(Err(EventError::Structure)),
    }
}

/// The different codes that a signed reply quotes; routes it to its request.
pub fn foreign_codes(payload: &Message) -> Vec<Code> {
    let _ = payload;
    todo!()
}
