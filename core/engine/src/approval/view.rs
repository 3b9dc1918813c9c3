//! What a screen shows of a request: a record, computed from the set of events.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use smime::path::TrustAnchor;
use smime::verdict::Reason;
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime};

use super::event::{Deadline, Document, Kind, Program, Rule, Word};
use super::ids::{Code, EventId, KeyName, RequestDigest, TokenId};
use super::raw::EventSet;
use super::text::Language;

/// What [`evaluate`] needs besides the set.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Now. Judges certificates of signatures without a token, and refuses tokens from the future.
    pub at: UnixTime,
    /// Authorities that are trusted locally. Only colours [`TokenView::trusted`]: which tokens count is said by the request.
    pub timestamp_anchors: &'a [TrustAnchor],
    /// Certificates that help building paths, besides those in the signatures and in the request. Devices that pass
    /// different ones here may see different states: leave it empty where devices must agree.
    pub untrusted: &'a [Certificate],
}

/// The state of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestView {
    /// Names the request.
    pub digest: RequestDigest,
    /// What a foreign reply quotes.
    pub code: Code,
    /// The request's own event; `None` while it is absent or not verified.
    pub request: Option<EventId>,
    /// Revision, from 1; 0 without a request.
    pub rev: u64,
    /// One line.
    pub subject: String,
    /// The requester's words.
    pub message: String,
    /// The human text of the request as signed, without the code line; LF line ends.
    pub text: String,
    /// Language of the request.
    pub language: Language,
    /// Shown only.
    pub deadline: Option<Deadline>,
    /// The requester's number.
    pub requester: u32,
    /// Everybody, by number.
    pub people: Vec<PersonView>,
    /// The route, in order.
    pub stages: Vec<StageView>,
    /// Index of the open stage.
    pub open_stage: Option<usize>,
    /// The request's documents.
    pub documents: Vec<Document>,
    /// Where to ask for tokens (URLs), in the order to try.
    pub timestamp_urls: Vec<String>,
    /// How it stands.
    pub outcome: Outcome,
    /// The stages' outcome if nothing were missing; equals `outcome` otherwise.
    pub so_far: Outcome,
    /// The right result, when there is one.
    pub result: Option<EventId>,
    /// Every verified event, in the order of rule 5.
    pub events: Vec<EventView>,
    /// Ids of the events that made the outcome.
    pub counted: BTreeSet<EventId>,
    /// Everything that does not count, with the reason; unverified ones last.
    pub not_counted: Vec<NotCountedEvent>,
    /// Ids that are named but absent.
    pub missing: Vec<Missing>,
    /// Forked keys; always shown.
    pub forks: Vec<Fork>,
    /// What a person must be told at once; see [`alarms_without`](Self::alarms_without).
    pub alarms: Vec<Alarm>,
    /// The newest verified events: `seen` of the next event.
    pub heads: BTreeSet<EventId>,
    /// The newest event of each key: `prev` of its next event.
    pub last_of_key: BTreeMap<KeyName, EventId>,
}

/// How a request stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Waits for decisions.
    Open,
    /// Every stage passed.
    Approved {
        /// A right result closed it: nothing changes it any more.
        closed: bool,
    },
    /// A stage ended it.
    Rejected {
        /// Whose decision ended it.
        by: u32,
        /// A right result closed it.
        closed: bool,
    },
    /// Nobody can decide it.
    Undecidable {
        /// Why.
        reason: Undecidable,
    },
    /// Events are named that are absent; see [`RequestView::missing`] and [`RequestView::so_far`].
    Incomplete,
}

/// Why nobody can decide a request. Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Undecidable {
    /// Its machine-readable part is malformed, needs a newer program, or exceeds a limit.
    Malformed,
    /// The request's signature does not lead to the anchor that it names for its author.
    NotVerified,
    /// The human text differs from the fields.
    TextDiffers,
    /// The attached parts differ from the listed documents.
    DocumentsDiffer,
    /// The protected subject differs from the field.
    SubjectDiffers,
    /// It is a revision of another request; revisions are not supported yet.
    UnsupportedRevision,
}

/// One participant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonView {
    /// Number in the request.
    pub number: u32,
    /// Address.
    pub address: EmailAddress,
    /// As the requester wrote it.
    pub name: String,
    /// Which program he answers with.
    pub program: Program,
    /// SHA-256 of the anchors that the request names: compare with the pinned one.
    pub anchors: Vec<Fingerprint>,
    /// The anchors, DER.
    #[serde(skip)]
    pub anchor_certificates: Vec<Certificate>,
    /// Encryption certificates for this request only.
    #[serde(skip)]
    pub encryption: Vec<Certificate>,
    /// Index of his stage.
    pub stage: Option<usize>,
    /// He only gets to know.
    pub informed: bool,
    /// The decision that counts.
    pub decision: Option<DecisionView>,
}

/// A decision that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecisionView {
    /// The event.
    pub event: EventId,
    /// What was decided.
    pub word: Word,
    /// When, by a token.
    pub token: Option<TokenView>,
    /// When, as the signer claims.
    pub claimed: Option<UnixTime>,
    /// The person's words.
    pub comment: String,
    /// A signed reply from another program.
    pub foreign: bool,
}

/// A token that gives an event its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// SHA-256 of the token.
    pub id: TokenId,
    /// genTime.
    pub time: UnixTime,
    /// Subject of the authority's certificate, RFC 4514.
    pub authority: String,
    /// The authority is trusted locally too.
    pub trusted: bool,
    /// It was fetched by another app and relayed: says when the event was received, not when it was sent.
    pub receipt: bool,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageView {
    /// When it passes.
    pub rule: Rule,
    /// Numbers of its approvers.
    pub approvers: Vec<u32>,
    /// How it stands.
    pub state: StageState,
}

/// How a stage stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StageState {
    /// An earlier stage is open, or ended the request.
    Waiting,
    /// Its approvers are asked.
    Open,
    /// Passed.
    Approved,
    /// Ended the request.
    Rejected,
}

/// One verified event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// What it does; `None`: a signed reply from another program.
    pub kind: Option<Kind>,
    /// Who signed it.
    pub author: u32,
    /// When, by a token.
    pub token: Option<TokenView>,
    /// When, as the signer claims.
    pub claimed: Option<UnixTime>,
    /// The person's words.
    pub comment: String,
    /// Its documents.
    pub documents: Vec<Document>,
    /// It counts; else the reason stands in [`RequestView::not_counted`] (or it is of a kind that never counts).
    pub counted: bool,
    /// It came after the end.
    pub after_the_end: bool,
}

/// An event that does not count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotCountedEvent {
    /// Its id; `None` when its octets are not a signed message.
    pub id: Option<EventId>,
    /// Whom the mail that brought it names as sender, or who signed it.
    pub sender: Option<EmailAddress>,
    /// Why.
    pub reason: NotCounted,
    /// What is wrong with the signature, for the reasons that are about it.
    pub signature: Vec<Reason>,
}

/// Why an event does not count. Stable codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotCounted {
    /// Not a signed message, or its content is missing.
    Unreadable,
    /// The machine-readable part is malformed.
    Malformed,
    /// It names a field twice.
    DuplicateKey,
    /// Of another version.
    UnknownVersion,
    /// It needs a newer program.
    UnknownCritical,
    /// Of an unknown kind.
    UnknownKind,
    /// Of a known kind that this version does not handle.
    UnsupportedHere,
    /// Beyond the limits of rule 18.
    OverLimit,
    /// The author's number is not in the request, or a foreign signer is nobody of it.
    UnknownAuthor,
    /// The signature is not valid under the anchors that the request names for the author.
    NotVerified,
    /// The signer's certificate was revoked.
    Revoked,
    /// Signed by a key that may not sign this kind (rule 15).
    WrongKey,
    /// The signed commitment does not fit the decision (rule 15).
    WrongCommitment,
    /// `prev` names an event of another key.
    WrongPrevious,
    /// The human text differs from the fields.
    TextDiffers,
    /// The attached parts differ from the listed documents.
    DocumentsDiffer,
    /// It is about a request that is not this one.
    OtherRequest,
    /// It names the wrong stage, or the author decides nothing in this request.
    NotOnRoute,
    /// Its stage is not open yet.
    WaitsForStage,
    /// The same person decided before.
    AlreadyDecided,
    /// The same decision of the same person stands already.
    Repeated,
    /// The person's decisions contradict each other, or his key forked.
    Contradicting,
    /// The stage was decided without it.
    NotNeeded,
    /// The request had ended.
    AfterTheEnd,
    /// A result that is not right.
    WrongResult,
    /// Only the requester's app may do this.
    NotRequester,
    /// A reply without the request's code.
    CodeAbsent,
    /// A reply that quotes the codes of several requests.
    CodeAmbiguous,
    /// The first line of the reply is not an agreed word.
    NoAgreedWord,
    /// A program answered by itself.
    AutoSubmitted,
    /// A foreign reply that the requester's app has not relayed yet.
    AwaitingReceipt,
    /// The program of this participant answers by events, not by plain replies.
    NotForeign,
    /// The request can't be decided.
    RequestUndecidable,
}

/// An id that is named but absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The event's or token's id.
    pub id: Fingerprint,
    /// The participants whose events name it.
    pub named_by: BTreeSet<u32>,
}

/// Two events of one key with one predecessor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fork {
    /// Whose key.
    pub author: u32,
    /// Which.
    pub key: KeyName,
    /// The events.
    pub events: BTreeSet<EventId>,
}

/// What a person must be told at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
pub enum Alarm {
    /// A participant decided on a request that is not this one: the requester may have sent different requests.
    TwoFacedRequester {
        /// Who decided.
        author: u32,
        /// On what.
        digest: RequestDigest,
    },
    /// The requester's app stated a result that the events do not give.
    WrongResult {
        /// The result.
        event: EventId,
    },
}

impl RequestView {
    /// The participant with this address.
    pub fn person(&self, address: &EmailAddress) -> Option<&PersonView> {
        self.people.iter().find(|person| person.address == *address)
    }

    /// The alarms, without those about requests that this device holds (rule 7: "a digest that I don't hold").
    pub fn alarms_without(&self, held: &BTreeSet<RequestDigest>) -> Vec<Alarm> {
        let known = |alarm: &&Alarm| match alarm {
            Alarm::TwoFacedRequester { digest, .. } => held.contains(digest),
            Alarm::WrongResult { .. } => false,
        };
        self.alarms.iter().filter(|alarm| !known(alarm)).cloned().collect()
    }

    /// It is this person's turn: the request can be decided, is open, and he sits in the open stage without a decision.
    pub fn may_decide(&self, address: &EmailAddress) -> bool {
        self.so_far == Outcome::Open
            && self
                .person(address)
                .is_some_and(|p| p.stage.is_some() && p.stage == self.open_stage && p.decision.is_none())
    }
}

/// The state of the request, from the set of its events.
pub fn evaluate(set: &EventSet, context: &Context<'_>) -> RequestView {
    super::assemble::view(set, context)
}
