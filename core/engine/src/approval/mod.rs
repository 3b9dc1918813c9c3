//! Approvals by mail (docs/protocols/approval.md): event format, verification, state machine.
//!
//! State is a pure function of the *set* of events of a request: equal sets give equal states, whatever the order or
//! repetition in which mail brought them. Three steps, each in its own module:
//!
//! 1. [`payload`]: the octets that were signed → an [`Event`] or a foreign reply. Nothing is believed yet.
//! 2. `verify`: a [`RawEvent`] → a `VerifiedEvent`, the proof that a participant whom the request names signed it.
//! 3. `fold`: verified events → the stages and the outcome.
//!
//! [`evaluate`] joins them. What is sent is made by the `build_*` functions: they return JSON and text; the client
//! composes, signs, stamps, encrypts and sends the mail.

mod analysis;
mod assemble;
mod build;
mod due;
mod event;
mod evidence;
mod fold;
mod ids;
mod ijson;
mod order;
pub mod payload;
mod raw;
#[cfg(test)]
mod tests;
mod text;
mod verify;
mod view;
mod words;

pub use build::{
    Attached, BuildError, Built, Carried, NewParticipant, NewRequest, NewTimestampAuthority, Signer,
    build_comment, build_decision, build_relay, build_request, build_result,
};
pub use due::{Due, automatic};
pub use event::{
    Body, Common, Deadline, Document, Event, EventError, Kind, Participant, Program, Relay, RelayItem,
    Request, ResultBody, Rule, Stage, TimestampAuthority, Word,
};
pub use evidence::{EvidenceItem, EvidenceKind, evidence_order, request_document};
pub use ids::{Code, EventId, KeyName, NotACode, RequestDigest, TokenId};
pub use payload::{event_of, foreign_codes};
pub use raw::{EventSet, RawEvent, Route};
pub use text::Language;
pub use view::{
    Alarm, Context, DecisionView, EventView, Fork, Missing, NotCounted, NotCountedEvent, Outcome, PersonView,
    RequestView, StageState, StageView, TokenView, Undecidable, evaluate,
};
pub use words::check_words;

/// Content type of the machine-readable part.
pub const CONTENT_TYPE: &str = "application/vnd.countersign.approval+json";
/// File name of that part.
pub const PART_NAME: &str = "approval.json";
/// The version that this crate writes and reads.
pub const VERSION: u64 = 1;
/// Most participants of a request (rule 18).
pub const MAX_PARTICIPANTS: usize = 64;
/// Most stages of a route (rule 18).
pub const MAX_STAGES: usize = 16;
/// Most events of a request that can count (rule 18).
pub const MAX_EVENTS: usize = 2000;
/// Most revisions of a request (rule 18).
pub const MAX_REVISIONS: u64 = 32;
/// Most documents of one event.
pub const MAX_DOCUMENTS: usize = 256;
/// Longest approval JSON that is read, in octets.
pub const MAX_JSON_OCTETS: usize = 1 << 20;
/// Longest free text (message, comment), in octets of UTF-8.
pub const MAX_TEXT_OCTETS: usize = 64 * 1024;
/// Longest subject, name, file name or URL, in octets of UTF-8.
pub const MAX_LINE_OCTETS: usize = 1024;
