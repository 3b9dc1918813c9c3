//! The machine-readable part of an event: JSON in, JSON out (docs/protocols/approval.md, section "Fields").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime};

use super::ids::{EventId, RequestDigest, TokenId};
use super::text::{self, Language};

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Asks for approval; defines everybody and everything.
    Request,
    /// A decision.
    Approve,
    /// A decision.
    Reject,
    /// A remark; changes nothing.
    Comment,
    /// Carries other events, tokens or revocation answers, or asks for missing ones.
    Relay,
    /// The outcome, by the requester's app.
    Result,
    /// Ends the revision. Known, not supported yet.
    Return,
    /// Somebody else decides. Known, not supported yet.
    Delegate,
    /// One more approver. Known, not supported yet.
    AddApprover,
    /// Ends the request. Known, not supported yet.
    Withdraw,
    /// Asks again. Known, not supported yet.
    Remind,
    /// Publishes. Known, not supported yet.
    Release,
    /// Of a later version or another program.
    #[serde(untagged)]
    Unknown(String),
}

/// One event as its author wrote it. Says nothing about who the author really is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The fields that every event has.
    pub common: Common,
    /// The fields of its kind.
    pub body: Body,
}

/// The fields that every event has (rule 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Common {
    /// What it does.
    pub kind: Kind,
    /// The revision of the request that it is about; `None` only in a request.
    pub request: Option<RequestDigest>,
    /// Number of that revision, from 1.
    pub rev: u64,
    /// The author's number in the request.
    pub author: u32,
    /// The event that the same key signed before, for this request.
    pub prev: Option<EventId>,
    /// The newest events known to the author.
    pub seen: BTreeSet<EventId>,
    /// Names of fields that a reader must understand.
    pub critical: Vec<String>,
    /// The attached parts, in order.
    pub documents: Vec<Document>,
    /// SHA-256 of the human text without the code line.
    pub text: Fingerprint,
    /// Language of the human text.
    pub language: Language,
}

/// The fields of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Of a request.
    Request(Box<Request>),
    /// Of approve and reject.
    Decision {
        /// The decision.
        word: Word,
        /// Number of the stage it is for, from 1.
        stage: u32,
        /// The person's words; may be empty.
        comment: String,
    },
    /// Of a comment.
    Comment {
        /// The person's words.
        comment: String,
    },
    /// Of a relay.
    Relay(Relay),
    /// Of a result.
    Result(ResultBody),
    /// Of kinds that are known but not supported, and of unknown kinds: shown, never counted.
    Unsupported,
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Approved.
    Approve,
    /// Rejected.
    Reject,
}

/// An attached part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Document {
    /// File name: one line, without `/` and `\`.
    pub name: String,
    /// `type/subtype`, lower case.
    #[serde(rename = "type")]
    pub content_type: String,
    /// Octets after transfer decoding.
    pub size: u64,
    /// SHA-256 of these octets.
    pub sha256: Fingerprint,
}

/// What a request adds (rule 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Random; makes each request's digest its own.
    pub nonce: [u8; 16],
    /// One line.
    pub subject: String,
    /// The requester's words; may be empty.
    pub message: String,
    /// Everybody, by ascending number.
    pub participants: Vec<Participant>,
    /// Who decides, in order. Numbers of participants.
    pub route: Vec<Stage>,
    /// Who is informed: may comment only.
    pub informed: Vec<u32>,
    /// What approvers may do besides deciding: `delegate`, `add`.
    pub allow: BTreeSet<String>,
    /// The authorities whose tokens count.
    pub timestamps: Vec<TimestampAuthority>,
    /// Shown; never changes the state.
    pub deadline: Option<Deadline>,
    /// The revision before this one.
    pub supersedes: Option<RequestDigest>,
    /// Certificates that the request carries although nobody is named by them: they help building paths.
    pub further_certificates: Vec<Certificate>,
}

/// Somebody who takes part, with what is needed to check and to answer him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// From 1; at most [`MAX_PARTICIPANTS`](super::MAX_PARTICIPANTS).
    pub number: u32,
    /// Where he is reached; his certificates carry it.
    pub address: EmailAddress,
    /// As the requester writes it; may be empty.
    pub name: String,
    /// Which program he answers with: decides which key counts (rule 15).
    pub program: Program,
    /// Certificates that his signatures must lead to, carried whole in the request.
    pub anchors: Vec<Certificate>,
    /// Used to answer in this request only; never pinned.
    pub encryption: Vec<Certificate>,
}

/// Which program a participant answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Events only; decisions under the approval key.
    Countersign,
    /// Any S/MIME program: signed replies with the code, under the one certificate.
    Other,
}

/// One stage of the route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stage {
    /// When it passes.
    #[serde(flatten)]
    pub rule: Rule,
    /// Numbers of participants.
    pub approvers: Vec<u32>,
}

/// When a stage passes (rule 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// Everybody approves; one reject ends the request.
    All,
    /// The first decision decides.
    Any,
    /// So many approve; ends when that is out of reach.
    AtLeast {
        /// How many.
        n: u32,
    },
}

/// An authority whose tokens count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampAuthority {
    /// Where tokens are asked for.
    pub url: String,
    /// What its certificates lead to.
    pub anchor: Certificate,
}

/// A local time with its offset and, if known, its zone: `2026-12-01T18:00:00+08:00[Asia/Shanghai]` (RFC 9557).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Deadline(String);

/// What a relay carries or asks for (rule 6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relay {
    /// What the attached parts are.
    pub items: Vec<RelayItem>,
    /// Ids of events and tokens that are named but absent: please relay them.
    pub wants: BTreeSet<Fingerprint>,
}

/// One carried thing; the numbers are indexes into the event's documents, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "carries", rename_all = "snake_case")]
pub enum RelayItem {
    /// Another event's SignedData, unchanged.
    Event {
        /// Its id.
        id: EventId,
        /// The SignedData.
        document: u32,
        /// The first part of multipart/signed, when the signature is detached.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<u32>,
    },
    /// A time-stamp token over the signature of an event.
    Token {
        /// The event.
        id: EventId,
        /// The token.
        document: u32,
    },
    /// A CRL (DER).
    Crl {
        /// The CRL.
        document: u32,
    },
    /// An OCSP answer (DER).
    Ocsp {
        /// The answer.
        document: u32,
    },
}

/// The outcome as the requester's app states it (rule 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultBody {
    /// How it ended.
    pub outcome: Word,
    /// Every event that counted.
    pub counted: BTreeSet<EventId>,
    /// Every token that gave an event in the result's past its time.
    pub tokens: BTreeSet<TokenId>,
}

/// Why a machine-readable part is not an event. Shown, never counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not I-JSON, or a field is missing, of another type or out of its range.
    #[error("the approval data is malformed")]
    Malformed,
    /// A member name occurs twice in one object.
    #[error("the approval data names a field twice")]
    DuplicateKey,
    /// Another version.
    #[error("the approval data is of another version")]
    UnknownVersion,
    /// More than the limits of rule 18.
    #[error("the approval data exceeds the limit of {0}")]
    Limit(&'static str),
    /// The mail does not have the form of an event: text, documents, one machine-readable part.
    #[error("the mail does not have the form of an approval event")]
    Structure,
}

impl Event {
    /// Reads the JSON strictly (RFC 7493).
    pub fn parse(json: &[u8]) -> Result<Self, EventError> {
        super::ijson::event(json)
    }

    /// Writes the JSON: members in a fixed order, no white space.
    pub fn to_json(&self) -> Vec<u8> {
        super::ijson::write(self)
    }
}

impl Request {
    /// The participant with this number.
    pub fn participant(&self, number: u32) -> Option<&Participant> {
        self.participants.iter().find(|p| p.number == number)
    }

    /// The participant's stage: its index in the route.
    pub fn stage_of(&self, number: u32) -> Option<usize> {
        self.route.iter().position(|stage| stage.approvers.contains(&number))
    }

    /// The certificates of `table` that are nobody's anchor or encryption certificate, by fingerprint.
    pub(super) fn not_named(&self, mut table: BTreeMap<Fingerprint, Certificate>) -> Vec<Certificate> {
        let people = self.participants.iter().flat_map(|p| p.anchors.iter().chain(&p.encryption));
        for named in people.chain(self.timestamps.iter().map(|t| &t.anchor)) {
            table.remove(&named.fingerprint());
        }
        table.into_values().collect()
    }

    /// It can be decided: numbers and addresses are distinct, everybody can be checked, the route names participants,
    /// each once, and every stage can pass; texts hold no control characters and no code of another request.
    pub(super) fn is_coherent(&self) -> bool {
        let numbers: BTreeSet<u32> = self.participants.iter().map(|p| p.number).collect();
        let addresses: BTreeSet<&EmailAddress> = self.participants.iter().map(|p| &p.address).collect();
        let approvers: Vec<u32> =
            self.route.iter().flat_map(|stage| stage.approvers.iter().copied()).collect();
        let distinct_approvers: BTreeSet<u32> = approvers.iter().copied().collect();
        let in_range = |n: &u32| (1..=u32::try_from(super::MAX_PARTICIPANTS).unwrap_or(u32::MAX)).contains(n);
        numbers.len() == self.participants.len()
            && addresses.len() == self.participants.len()
            && numbers.iter().all(in_range)
            && self
                .participants
                .iter()
                .all(|p| !p.anchors.is_empty() && text::check_optional_line(&p.name).is_ok())
            && !self.route.is_empty()
            && self.route.iter().all(Stage::can_pass)
            && distinct_approvers.len() == approvers.len()
            && distinct_approvers.is_subset(&numbers)
            && self.informed.iter().all(|n| numbers.contains(n))
            && text::check_line(&self.subject).is_ok()
            && text::check_text(&self.message).is_ok()
            && self.timestamps.iter().all(|t| is_http_url(&t.url))
    }

    /// The participant with this address.
    pub fn by_address(&self, address: &EmailAddress) -> Option<&Participant> {
        self.participants.iter().find(|p| p.address == *address)
    }
}

impl Stage {
    fn can_pass(&self) -> bool {
        match self.rule {
            Rule::All | Rule::Any => !self.approvers.is_empty(),
            Rule::AtLeast { n } => n > 0 && usize::try_from(n).is_ok_and(|n| n <= self.approvers.len()),
        }
    }
}

pub(super) fn is_http_url(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && url.len() <= super::MAX_LINE_OCTETS
        && url.chars().all(|c| c.is_ascii_graphic())
}

impl Deadline {
    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The instant.
    pub fn instant(&self) -> Option<UnixTime> {
        self.0.split('[').next().and_then(|stamp| stamp.parse().ok())
    }
}

impl std::str::FromStr for Deadline {
    type Err = smime::time::NotATime;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (stamp, zone) = text.split_once('[').map_or((text, None), |(stamp, zone)| (stamp, Some(zone)));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-');
        let zone_right = zone.is_none_or(|zone| {
            zone.strip_suffix(']')
                .is_some_and(|name| !name.is_empty() && name.len() <= 64 && name.chars().all(plain))
        });
        if !zone_right || !stamp.is_ascii() || stamp.len() > 40 {
            return Err(smime::time::NotATime);
        }
        let _: UnixTime = stamp.parse()?;
        Ok(Deadline(text.to_owned()))
    }
}

impl TryFrom<String> for Deadline {
    type Error = smime::time::NotATime;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Deadline> for String {
    fn from(deadline: Deadline) -> String {
        deadline.0
    }
}
