//! What is sent: JSON and text of each event. Nothing is signed here.

use std::collections::{BTreeMap, BTreeSet};

use smime::{Certificate, EmailAddress};

use super::event::{Deadline, Document, Program, Rule, Word};
use super::ids::{Code, EventId, KeyName, RequestDigest};
use super::text::Language;
use super::view::RequestView;
use crate::ports::KeyRole;

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// 16 random octets.
    pub nonce: [u8; 16],
    /// One line.
    pub subject: String,
    /// The requester's words; may be empty.
    pub message: String,
    /// Of the human text.
    pub language: Language,
    /// The requester; becomes participant 1. May stand in `route` too.
    pub requester: NewParticipant,
    /// Stages in order, each with its rule and approvers. An address stands in one stage only.
    pub route: Vec<(Rule, Vec<NewParticipant>)>,
    /// Who is informed (Cc).
    pub informed: Vec<NewParticipant>,
    /// What approvers may do besides deciding: `delegate`, `add`.
    pub allow: BTreeSet<String>,
    /// At least one, so that decisions can have a trusted time.
    pub timestamps: Vec<NewTimestampAuthority>,
    /// Shown only.
    pub deadline: Option<Deadline>,
    /// The documents.
    pub documents: Vec<Attached>,
}

/// Somebody who is to take part.
#[derive(Clone, Debug)]
pub struct NewParticipant {
    /// Address.
    pub address: EmailAddress,
    /// Name; may be empty.
    pub name: String,
    /// Which program he answers with.
    pub program: Program,
    /// Pinned personal root or CA; at least one.
    pub anchors: Vec<Certificate>,
    /// At least one, so that everybody can answer him.
    pub encryption: Vec<Certificate>,
}

/// An authority whose tokens are to count.
#[derive(Clone, Debug)]
pub struct NewTimestampAuthority {
    /// `http:` or `https:`.
    pub url: String,
    /// What its certificates lead to.
    pub anchor: Certificate,
}

/// A part that goes with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// File name: one line, without `/` and `\`.
    pub name: String,
    /// `type/subtype`.
    pub content_type: String,
    /// The octets.
    pub bytes: Vec<u8>,
}

/// An event ready to be composed: text, then `attachments` in order, then `json` as inline part of type
/// [`CONTENT_TYPE`](super::CONTENT_TYPE) named [`PART_NAME`](super::PART_NAME); no HTML. All under one signature by
/// the key of `key`, with the commitment type when `proof_of_approval`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The machine-readable part.
    pub json: Vec<u8>,
    /// The human text with the code line; LF line ends.
    pub text: String,
    /// Subject of the mail.
    pub subject: String,
    /// The documents, or what a relay carries.
    pub attachments: Vec<Attached>,
    /// The request it is about.
    pub digest: RequestDigest,
    /// That request's code.
    pub code: Code,
    /// Which key signs (rule 15).
    pub key: KeyRole,
    /// Carry the signed attribute commitment-type proofOfApproval.
    pub proof_of_approval: bool,
}

/// Who writes an event: his number in the request and the key that will sign it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Number in the request.
    pub number: u32,
    /// The key that will sign: the approval key for decisions, else the mail key.
    pub key: KeyName,
}

/// What a relay carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// An event, as received.
    Event(super::RawEvent),
    /// A token over an event's signature.
    Token {
        /// The event.
        id: EventId,
        /// The token, as received.
        token: Vec<u8>,
    },
    /// A CRL (DER).
    Crl(Vec<u8>),
    /// An OCSP answer (DER).
    Ocsp(Vec<u8>),
}

/// The event can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// An empty stage, an address in two stages, `at_least` of none or of more than there are.
    #[error("the route can't be decided: each stage needs approvers, and nobody may stand in two stages")]
    Route,
    /// A participant without anchor or encryption certificate.
    #[error("participant {0} has no certificate to check or to answer him")]
    NoCertificate(usize),
    /// No authority for timestamps, or an URL that is not http(s).
    #[error("a request needs a timestamp authority with an http or https address")]
    TimestampAuthority,
    /// A name, subject or file name has line breaks or other control characters, or is too long.
    #[error("a name, subject or file name holds characters that are not allowed, or is too long")]
    Line,
    /// A free text has control characters or the code of a request, or is too long.
    #[error("a text holds control characters or the code of a request, or is too long")]
    Text,
    /// More than the limits of rule 18.
    #[error("more than the limit of {0}")]
    Limit(&'static str),
    /// The request is not in a state for this event: not known, undecidable, not this person's turn, or incomplete.
    #[error("the request does not allow this now")]
    NotNow,
    /// What is to be relayed is not a signed event.
    #[error("what is to be relayed is not a signed event")]
    NotAnEvent,
}

/// The JSON and text of a request (rule 2).
pub fn build_request(new: &NewRequest) -> Result<Built, BuildError> {
    let _ = new;
    todo!()
}

/// A decision by the person whose turn it is (rules 7 and 15). Signed by the approval key.
pub fn build_decision(
    view: &RequestView,
    me: Signer,
    word: Word,
    comment: &str,
) -> Result<Built, BuildError> {
    let _ = (view, me, word, comment);
    todo!()
}

/// A remark by any participant. Signed by the mail key.
pub fn build_comment(
    view: &RequestView,
    me: Signer,
    comment: &str,
    documents: Vec<Attached>,
) -> Result<Built, BuildError> {
    let _ = (view, me, comment, documents);
    todo!()
}

/// The outcome, by the requester's app, when it is decided and nothing is missing (rule 12). Signed by the mail key.
pub fn build_result(view: &RequestView, me: Signer) -> Result<Built, BuildError> {
    let _ = (view, me);
    todo!()
}

/// Carries `items` unchanged and asks for `wants` (rule 6). Signed by the mail key.
pub fn build_relay(
    view: &RequestView,
    me: Signer,
    items: &[Carried],
    wants: &BTreeSet<EventId>,
) -> Result<Built, BuildError> {
    let _ = (view, me, items, wants, BTreeMap::<u8, u8>::new(), None::<Document>);
    todo!()
}
