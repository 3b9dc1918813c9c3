//! What is sent: JSON and text of each event. Nothing is signed here.

use std::collections::BTreeSet;

use smime::{Certificate, EmailAddress, Fingerprint};

use super::event::{
    Body, Common, Deadline, Document, Event, EventError, Kind, Participant, Program, Relay, RelayItem,
    Request, ResultBody, Rule, Stage, TimestampAuthority, Word, is_http_url,
};
use super::ids::{Code, EventId, KeyName, RequestDigest};
use super::ijson::is_media_type;
use super::text::{self, Language};
use super::view::{NotCounted, Outcome, RequestView};
use super::{MAX_DOCUMENTS, MAX_JSON_OCTETS, MAX_PARTICIPANTS, MAX_STAGES};
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
    /// Whose tokens count; without any, no event gets a trusted time.
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
    /// A timestamp authority's URL is not http(s).
    #[error("the timestamp authority's address is not an http or https address")]
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

/// The JSON and text of a request (rule 2). Signed by the mail key.
pub fn build_request(new: &NewRequest) -> Result<Built, BuildError> {
    let request = request_of(new)?;
    let attachments = as_octets(new.documents.clone());
    let documents = list(&attachments)?;
    let event = with_text(
        Common {
            kind: Kind::Request,
            request: None,
            rev: 1,
            author: REQUESTER,
            prev: None,
            seen: BTreeSet::new(),
            critical: Vec::new(),
            documents,
            text: Fingerprint::of(b""),
            language: new.language,
        },
        Body::Request(Box::new(request.clone())),
        &request,
    );
    let json = event.to_json();
    match Event::parse(&json) {
        Ok(read) if read == event => {}
        Err(EventError::Limit(of)) => return Err(BuildError::Limit(of)),
        Ok(_) | Err(_) => return Err(BuildError::Route),
    }
    let digest = RequestDigest::of(&json);
    Ok(built(&event, json, digest, &request, request.subject.clone(), attachments))
}

/// A decision by the person whose turn it is (rules 7 and 15). Signed by the approval key.
pub fn build_decision(
    view: &RequestView,
    me: Signer,
    word: Word,
    comment: &str,
) -> Result<Built, BuildError> {
    let person = view.people.iter().find(|p| p.number == me.number).ok_or(BuildError::NotNow)?;
    let stage = person.stage.filter(|_| view.may_decide(&person.address)).ok_or(BuildError::NotNow)?;
    let stage = u32::try_from(stage.saturating_add(1)).map_err(|_| BuildError::NotNow)?;
    let kind = match word {
        Word::Approve => Kind::Approve,
        Word::Reject => Kind::Reject,
    };
    follow_up(view, me, kind, Body::Decision { word, stage, comment: free_text(comment)? }, Vec::new())
}

/// A remark by any participant. Signed by the mail key.
pub fn build_comment(
    view: &RequestView,
    me: Signer,
    comment: &str,
    documents: Vec<Attached>,
) -> Result<Built, BuildError> {
    follow_up(view, me, Kind::Comment, Body::Comment { comment: free_text(comment)? }, documents)
}

/// The outcome, by the requester's app, when it is decided and nothing is missing (rule 12). Signed by the mail key.
pub fn build_result(view: &RequestView, me: Signer) -> Result<Built, BuildError> {
    let outcome = match view.outcome {
        Outcome::Approved { closed: false } => Word::Approve,
        Outcome::Rejected { closed: false, .. } => Word::Reject,
        Outcome::Open
        | Outcome::Approved { .. }
        | Outcome::Rejected { .. }
        | Outcome::Undecidable { .. }
        | Outcome::Incomplete => return Err(BuildError::NotNow),
    };
    if me.number != view.requester {
        return Err(BuildError::NotNow);
    }
    // A reply that was not relayed is not in the result's past: its token may not be there for others.
    let unrelayed: BTreeSet<EventId> = view
        .not_counted
        .iter()
        .filter(|event| matches!(event.reason, NotCounted::AwaitingReceipt | NotCounted::AutoSubmitted))
        .filter_map(|event| event.id)
        .collect();
    let past = view.events.iter().filter(|event| event.kind.is_some() || !unrelayed.contains(&event.id));
    let result = ResultBody {
        outcome,
        counted: view.counted.clone(),
        tokens: past.filter_map(|event| event.token.as_ref()).map(|token| token.id).collect(),
    };
    follow_up(view, me, Kind::Result, Body::Result(result), Vec::new())
}

/// Carries `items` unchanged and asks for `wants` (rule 6). Signed by the mail key.
pub fn build_relay(
    view: &RequestView,
    me: Signer,
    items: &[Carried],
    wants: &BTreeSet<Fingerprint>,
) -> Result<Built, BuildError> {
    let mut parts = Parts::default();
    for item in items {
        parts.add(item)?;
    }
    let relay = Relay { items: parts.items, wants: wants.clone() };
    follow_up(view, me, Kind::Relay, Body::Relay(relay), parts.attached)
}

/// The requester's number.
const REQUESTER: u32 = 1;

fn request_of(new: &NewRequest) -> Result<Request, BuildError> {
    let mut participants: Vec<Participant> = Vec::new();
    enrol(&mut participants, &new.requester)?;
    let mut route = Vec::new();
    for (rule, approvers) in &new.route {
        let approvers =
            approvers.iter().map(|p| enrol(&mut participants, p)).collect::<Result<Vec<_>, _>>()?;
        route.push(Stage { rule: *rule, approvers });
    }
    let mut informed = Vec::new();
    for person in &new.informed {
        let number = enrol(&mut participants, person)?;
        // Who decides or asks is informed anyway.
        let takes_part = number == REQUESTER || route.iter().any(|stage| stage.approvers.contains(&number));
        if !takes_part && !informed.contains(&number) {
            informed.push(number);
        }
    }
    if participants.len() > MAX_PARTICIPANTS {
        return Err(BuildError::Limit("participants"));
    }
    if route.len() > MAX_STAGES {
        return Err(BuildError::Limit("stages"));
    }
    if !new.timestamps.iter().all(|t| is_http_url(&t.url)) {
        return Err(BuildError::TimestampAuthority);
    }
    text::check_line(&new.subject).map_err(|()| BuildError::Line)?;
    let request = Request {
        nonce: new.nonce,
        subject: new.subject.clone(),
        message: free_text(&new.message)?,
        participants,
        route,
        informed,
        allow: new.allow.clone(),
        timestamps: new
            .timestamps
            .iter()
            .map(|t| TimestampAuthority { url: t.url.clone(), anchor: t.anchor.clone() })
            .collect(),
        deadline: new.deadline.clone(),
        supersedes: None,
        further_certificates: Vec::new(),
    };
    if request.is_coherent() { Ok(request) } else { Err(BuildError::Route) }
}

/// The person's number; a new one if the address is new.
fn enrol(participants: &mut Vec<Participant>, new: &NewParticipant) -> Result<u32, BuildError> {
    if let Some(known) = participants.iter().find(|p| p.address == new.address) {
        return Ok(known.number);
    }
    let next = participants.len().saturating_add(1);
    if new.anchors.is_empty() || new.encryption.is_empty() {
        return Err(BuildError::NoCertificate(next));
    }
    text::check_optional_line(&new.name).map_err(|()| BuildError::Line)?;
    let number = u32::try_from(next).map_err(|_| BuildError::Limit("participants"))?;
    participants.push(Participant {
        number,
        address: new.address.clone(),
        name: new.name.clone(),
        program: new.program,
        anchors: new.anchors.clone(),
        encryption: new.encryption.clone(),
    });
    Ok(number)
}

fn free_text(text: &str) -> Result<String, BuildError> {
    let text = text::canonical(text);
    text::check_text(&text).map_err(|()| BuildError::Text)?;
    Ok(text)
}

/// What is listed of the attached parts.
fn list(attached: &[Attached]) -> Result<Vec<Document>, BuildError> {
    if attached.len() > MAX_DOCUMENTS {
        return Err(BuildError::Limit("documents"));
    }
    attached
        .iter()
        .map(|part| {
            if text::check_file_name(&part.name).is_err() || !is_media_type(&part.content_type) {
                return Err(BuildError::Line);
            }
            Ok(Document {
                name: part.name.clone(),
                content_type: part.content_type.clone(),
                size: u64::try_from(part.bytes.len()).map_err(|_| BuildError::Limit("document octets"))?,
                sha256: Fingerprint::of(&part.bytes),
            })
        })
        .collect()
}

/// Types in lower case. A document that is itself a message or multipart travels as plain octets: its parts are not
/// parts of the event, and nothing on the way may rewrite it.
fn as_octets(mut attached: Vec<Attached>) -> Vec<Attached> {
    for part in &mut attached {
        part.content_type.make_ascii_lowercase();
        if part.content_type.starts_with("message/") || part.content_type.starts_with("multipart/") {
            OCTETS.clone_into(&mut part.content_type);
        }
    }
    attached
}

/// An event about a request that is known.
fn follow_up(
    view: &RequestView,
    me: Signer,
    kind: Kind,
    body: Body,
    attachments: Vec<Attached>,
) -> Result<Built, BuildError> {
    let takes_part = view.people.iter().any(|p| p.number == me.number);
    if view.request.is_none() || !takes_part {
        return Err(BuildError::NotNow);
    }
    let request = shown_request(view);
    let attachments = as_octets(attachments);
    let mut seen = view.heads.clone();
    if let Body::Relay(relay) = &body {
        // Who relays an event has seen it; replies are nobody's heads before that.
        seen.extend(relay.items.iter().filter_map(|item| match item {
            RelayItem::Event { id, .. } => Some(*id),
            RelayItem::Token { .. } | RelayItem::Crl { .. } | RelayItem::Ocsp { .. } => None,
        }));
    }
    let event = with_text(
        Common {
            kind,
            request: Some(view.digest),
            rev: view.rev,
            author: me.number,
            prev: view.last_of_key.get(&me.key).copied(),
            seen,
            critical: Vec::new(),
            documents: list(&attachments)?,
            text: Fingerprint::of(b""),
            language: view.language,
        },
        body,
        &request,
    );
    let json = event.to_json();
    if json.len() > MAX_JSON_OCTETS {
        return Err(BuildError::Limit("JSON octets"));
    }
    let subject = text::title(&event.common, &event.body, &request);
    Ok(built(&event, json, view.digest, &request, subject, attachments))
}

/// As much of the request as the texts need.
fn shown_request(view: &RequestView) -> Request {
    let people = view.people.iter().map(|p| Participant {
        number: p.number,
        address: p.address.clone(),
        name: p.name.clone(),
        program: p.program,
        anchors: Vec::new(),
        encryption: Vec::new(),
    });
    Request {
        nonce: [0; 16],
        subject: view.subject.clone(),
        message: String::new(),
        participants: people.collect(),
        route: Vec::new(),
        informed: Vec::new(),
        allow: BTreeSet::new(),
        timestamps: Vec::new(),
        deadline: None,
        supersedes: None,
        further_certificates: Vec::new(),
    }
}

fn with_text(mut common: Common, body: Body, request: &Request) -> Event {
    common.text = Fingerprint::of(text::of_event(&common, &body, request).as_bytes());
    Event { common, body }
}

fn built(
    event: &Event,
    json: Vec<u8>,
    digest: RequestDigest,
    request: &Request,
    subject: String,
    attachments: Vec<Attached>,
) -> Built {
    let code = digest.code();
    let language = event.common.language;
    let text = text::of_event(&event.common, &event.body, request);
    let decides = matches!(event.body, Body::Decision { .. });
    Built {
        json,
        text: format!("{text}\n\n{}\n", text::code_line(language, &code)),
        subject,
        attachments,
        digest,
        code,
        key: if decides { KeyRole::Approval } else { KeyRole::Mail },
        proof_of_approval: event.common.kind == Kind::Approve,
    }
}

/// The parts of a relay and what they are.
#[derive(Default)]
struct Parts {
    attached: Vec<Attached>,
    items: Vec<RelayItem>,
}

impl Parts {
    fn add(&mut self, item: &Carried) -> Result<(), BuildError> {
        let number = self.items.len().saturating_add(1);
        let item = match item {
            Carried::Event(raw) => {
                let id = raw.id().ok_or(BuildError::NotAnEvent)?;
                let document = self.attach(format!("event-{number}.p7m"), CMS, &raw.signed)?;
                let content = match &raw.detached_content {
                    Some(octets) => Some(self.attach(format!("event-{number}.eml"), OCTETS, octets)?),
                    None => None,
                };
                RelayItem::Event { id, document, content }
            }
            Carried::Token { id, token } => {
                let document = self.attach(format!("token-{number}.tst"), CMS, token)?;
                RelayItem::Token { id: *id, document }
            }
            Carried::Crl(crl) => RelayItem::Crl {
                document: self.attach(format!("revoked-{number}.crl"), "application/pkix-crl", crl)?,
            },
            Carried::Ocsp(answer) => RelayItem::Ocsp {
                document: self.attach(format!("status-{number}.ors"), "application/ocsp-response", answer)?,
            },
        };
        self.items.push(item);
        Ok(())
    }

    fn attach(&mut self, name: String, content_type: &str, octets: &[u8]) -> Result<u32, BuildError> {
        let index = u32::try_from(self.attached.len()).map_err(|_| BuildError::Limit("documents"))?;
        self.attached.push(Attached { name, content_type: content_type.to_owned(), bytes: octets.to_vec() });
        Ok(index)
    }
}

/// RFC 7193: ContentInfo; not application/pkcs7-mime, which mail programs would try to open.
const CMS: &str = "application/cms";
const OCTETS: &str = "application/octet-stream";
