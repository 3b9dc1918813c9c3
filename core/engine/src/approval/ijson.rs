//! I-JSON (RFC 7493), read strictly: no duplicate member names, no surrogates or noncharacters, nothing after the value.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smime::{Certificate, EmailAddress, Fingerprint};

use super::event::{
    Body, Common, Deadline, Document, Event, EventError, Kind, Participant, Program, Relay, RelayItem,
    Request, ResultBody, Stage, TimestampAuthority, Word,
};
use super::ids::{EventId, RequestDigest, TokenId};
use super::text::{self, Language};
use super::{
    MAX_DOCUMENTS, MAX_EVENTS, MAX_JSON_OCTETS, MAX_PARTICIPANTS, MAX_REVISIONS, MAX_STAGES, VERSION,
};

/// Deepest nesting of arrays and objects; version 1 needs 4.
const MAX_DEPTH: usize = 16;
/// Most certificates of one participant, of each sort.
const MAX_CERTIFICATES_EACH: usize = 8;
/// Most authorities of a request.
const MAX_AUTHORITIES: usize = 16;

/// The members that a reader of version 1 understands, for `critical`.
const UNDERSTOOD: &[&str] = &[
    "v",
    "kind",
    "request",
    "rev",
    "author",
    "prev",
    "seen",
    "critical",
    "documents",
    "text",
    "language",
    "nonce",
    "subject",
    "message",
    "participants",
    "certificates",
    "route",
    "informed",
    "allow",
    "timestamps",
    "deadline",
    "supersedes",
    "stage",
    "comment",
    "items",
    "wants",
    "outcome",
    "counted",
    "tokens",
];

/// Every field that `critical` names is understood here.
pub(super) fn understands(critical: &[String]) -> bool {
    critical.iter().all(|name| UNDERSTOOD.contains(&name.as_str()))
}

/// Reads an event.
pub(super) fn event(json: &[u8]) -> Result<Event, EventError> {
    let value = value(json)?;
    match value.get("v").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(_) => return Err(EventError::UnknownVersion),
        None => return Err(EventError::Malformed),
    }
    let wire: WireCommon = read(&value)?;
    let common = wire.check()?;
    let body = match &common.kind {
        _ if !understands(&common.critical) => Body::Unsupported,
        Kind::Request => Body::Request(Box::new(read::<WireRequest>(&value)?.check(&common)?)),
        Kind::Approve => read::<WireDecision>(&value)?.check(Word::Approve)?,
        Kind::Reject => read::<WireDecision>(&value)?.check(Word::Reject)?,
        Kind::Comment => {
            let comment = read::<WireComment>(&value)?.comment;
            text::check_text(&comment).map_err(|()| EventError::Malformed)?;
            Body::Comment { comment }
        }
        Kind::Relay => Body::Relay(read::<WireRelay>(&value)?.check(common.documents.len())?),
        Kind::Result => {
            let wire: WireResult = read(&value)?;
            limit(wire.counted.len().max(wire.tokens.len()), MAX_EVENTS, "events")?;
            Body::Result(ResultBody {
                outcome: wire.outcome,
                counted: wire.counted.into_iter().collect(),
                tokens: wire.tokens.into_iter().collect(),
            })
        }
        Kind::Return | Kind::Delegate | Kind::AddApprover | Kind::Withdraw | Kind::Remind | Kind::Release => {
            Body::Unsupported
        }
        Kind::Unknown(_) => Body::Unsupported,
    };
    Ok(Event { common, body })
}

/// Writes an event; bodies of unsupported kinds have no fields.
pub(super) fn write(event: &Event) -> Vec<u8> {
    let common = WireCommon::of(&event.common);
    let joined = match &event.body {
        Body::Request(request) => join(&common, WireRequest::of(request)),
        Body::Decision { stage, comment, .. } => {
            join(&common, WireDecision { stage: *stage, comment: comment.clone() })
        }
        Body::Comment { comment } => join(&common, WireComment { comment: comment.clone() }),
        Body::Relay(relay) => join(
            &common,
            WireRelay { items: relay.items.clone(), wants: relay.wants.iter().copied().collect() },
        ),
        Body::Result(result) => join(
            &common,
            WireResult {
                outcome: result.outcome,
                counted: result.counted.iter().copied().collect(),
                tokens: result.tokens.iter().copied().collect(),
            },
        ),
        Body::Unsupported => serde_json::to_vec(&common),
    };
    // Maps with text keys and plain values: serialising them can't fail.
    joined.unwrap_or_default()
}

#[derive(Serialize)]
struct Joined<'a, B> {
    #[serde(flatten)]
    common: &'a WireCommon,
    #[serde(flatten)]
    body: B,
}

fn join<B: Serialize>(common: &WireCommon, body: B) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Joined { common, body })
}

fn read<'de, T: Deserialize<'de>>(value: &'de Value) -> Result<T, EventError> {
    T::deserialize(value).map_err(|_| EventError::Malformed)
}

fn limit(count: usize, most: usize, of: &'static str) -> Result<(), EventError> {
    if count > most { Err(EventError::Limit(of)) } else { Ok(()) }
}

#[derive(Serialize, Deserialize)]
struct WireCommon {
    v: u64,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<RequestDigest>,
    rev: u64,
    author: u32,
    prev: Option<EventId>,
    seen: Vec<EventId>,
    critical: Vec<String>,
    documents: Vec<Document>,
    text: Fingerprint,
    language: Language,
}

impl WireCommon {
    fn of(common: &Common) -> Self {
        WireCommon {
            v: VERSION,
            kind: common.kind.clone(),
            request: common.request,
            rev: common.rev,
            author: common.author,
            prev: common.prev,
            seen: common.seen.iter().copied().collect(),
            critical: common.critical.clone(),
            documents: common.documents.clone(),
            text: common.text,
            language: common.language,
        }
    }

    fn check(self) -> Result<Common, EventError> {
        limit(self.seen.len(), MAX_EVENTS, "events")?;
        limit(self.documents.len(), MAX_DOCUMENTS, "documents")?;
        if self.rev > MAX_REVISIONS {
            return Err(EventError::Limit("revisions"));
        }
        let is_request = self.kind == Kind::Request;
        let documents_right = self
            .documents
            .iter()
            .all(|d| text::check_file_name(&d.name).is_ok() && is_media_type(&d.content_type));
        // Nothing comes before a request's first revision.
        let first = is_request && self.rev == 1;
        let starts_right = !first || (self.prev.is_none() && self.seen.is_empty());
        if !starts_right
            || self.rev == 0
            || self.author == 0
            || is_request == self.request.is_some()
            || !documents_right
        {
            return Err(EventError::Malformed);
        }
        Ok(Common {
            kind: self.kind,
            request: self.request,
            rev: self.rev,
            author: self.author,
            prev: self.prev,
            seen: self.seen.into_iter().collect(),
            critical: self.critical,
            documents: self.documents,
            text: self.text,
            language: self.language,
        })
    }
}

/// `type/subtype` of RFC 6838 section 4.2, lower case.
pub(super) fn is_media_type(text: &str) -> bool {
    let plain = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '!' | '#' | '$' | '&' | '-' | '^' | '_' | '.' | '+')
    };
    text.len() <= 255
        && text.split_once('/').is_some_and(|(kind, sub)| {
            !kind.is_empty() && !sub.is_empty() && kind.chars().all(plain) && sub.chars().all(plain)
        })
}

#[derive(Serialize, Deserialize)]
struct WireDecision {
    stage: u32,
    comment: String,
}

impl WireDecision {
    fn check(self, word: Word) -> Result<Body, EventError> {
        text::check_text(&self.comment).map_err(|()| EventError::Malformed)?;
        Ok(Body::Decision { word, stage: self.stage, comment: self.comment })
    }
}

#[derive(Serialize, Deserialize)]
struct WireComment {
    comment: String,
}

#[derive(Serialize, Deserialize)]
struct WireRelay {
    items: Vec<RelayItem>,
    wants: Vec<Fingerprint>,
}

impl WireRelay {
    fn check(self, documents: usize) -> Result<Relay, EventError> {
        limit(self.wants.len(), MAX_EVENTS, "events")?;
        let inside = |index: u32| usize::try_from(index).is_ok_and(|index| index < documents);
        let right = self.items.iter().all(|item| match item {
            RelayItem::Event { document, content, .. } => inside(*document) && content.is_none_or(inside),
            RelayItem::Token { document, .. }
            | RelayItem::Crl { document }
            | RelayItem::Ocsp { document } => inside(*document),
        });
        if !right {
            return Err(EventError::Malformed);
        }
        limit(self.items.len(), MAX_DOCUMENTS, "documents")?;
        Ok(Relay { items: self.items, wants: self.wants.into_iter().collect() })
    }
}

#[derive(Serialize, Deserialize)]
struct WireResult {
    outcome: Word,
    counted: Vec<EventId>,
    tokens: Vec<TokenId>,
}

#[derive(Serialize, Deserialize)]
struct WireRequest {
    nonce: String,
    subject: String,
    message: String,
    participants: Vec<WireParticipant>,
    /// DER in base64, each once; named by SHA-256.
    certificates: Vec<String>,
    route: Vec<Stage>,
    informed: Vec<u32>,
    allow: Vec<String>,
    timestamps: Vec<WireAuthority>,
    deadline: Option<Deadline>,
    supersedes: Option<RequestDigest>,
}

#[derive(Serialize, Deserialize)]
struct WireParticipant {
    number: u32,
    address: EmailAddress,
    name: String,
    program: Program,
    anchors: Vec<Fingerprint>,
    encryption: Vec<Fingerprint>,
}

#[derive(Serialize, Deserialize)]
struct WireAuthority {
    url: String,
    anchor: Fingerprint,
}

impl WireRequest {
    fn of(request: &Request) -> Self {
        let mut named = BTreeSet::new();
        let mut certificates = Vec::new();
        let people = request.participants.iter().flat_map(|p| p.anchors.iter().chain(&p.encryption));
        let authorities = request.timestamps.iter().map(|t| &t.anchor);
        for certificate in people.chain(authorities).chain(&request.further_certificates) {
            if named.insert(certificate.fingerprint()) {
                certificates.push(data_encoding::BASE64.encode(certificate.der()));
            }
        }
        let names = |list: &[Certificate]| list.iter().map(Certificate::fingerprint).collect();
        WireRequest {
            nonce: data_encoding::HEXLOWER.encode(&request.nonce),
            subject: request.subject.clone(),
            message: request.message.clone(),
            participants: request
                .participants
                .iter()
                .map(|p| WireParticipant {
                    number: p.number,
                    address: p.address.clone(),
                    name: p.name.clone(),
                    program: p.program,
                    anchors: names(&p.anchors),
                    encryption: names(&p.encryption),
                })
                .collect(),
            certificates,
            route: request.route.clone(),
            informed: request.informed.clone(),
            allow: request.allow.iter().cloned().collect(),
            timestamps: request
                .timestamps
                .iter()
                .map(|t| WireAuthority { url: t.url.clone(), anchor: t.anchor.fingerprint() })
                .collect(),
            deadline: request.deadline.clone(),
            supersedes: request.supersedes,
        }
    }

    fn check(self, common: &Common) -> Result<Request, EventError> {
        limit(self.participants.len(), MAX_PARTICIPANTS, "participants")?;
        limit(self.route.len(), MAX_STAGES, "stages")?;
        limit(self.timestamps.len(), MAX_AUTHORITIES, "authorities")?;
        let nonce =
            data_encoding::HEXLOWER.decode(self.nonce.as_bytes()).ok().and_then(|n| n.try_into().ok());
        let table = self.table()?;
        let resolve = |names: &[Fingerprint]| -> Result<Vec<Certificate>, EventError> {
            limit(names.len(), MAX_CERTIFICATES_EACH, "certificates")?;
            names.iter().map(|name| table.get(name).cloned().ok_or(EventError::Malformed)).collect()
        };
        let participants = self
            .participants
            .into_iter()
            .map(|p| {
                Ok(Participant {
                    number: p.number,
                    address: p.address,
                    name: p.name,
                    program: p.program,
                    anchors: resolve(&p.anchors)?,
                    encryption: resolve(&p.encryption)?,
                })
            })
            .collect::<Result<Vec<_>, EventError>>()?;
        let timestamps = self
            .timestamps
            .into_iter()
            .map(|t| {
                let anchor = table.get(&t.anchor).cloned().ok_or(EventError::Malformed)?;
                Ok(TimestampAuthority { url: t.url, anchor })
            })
            .collect::<Result<Vec<_>, EventError>>()?;
        let request = Request {
            nonce: nonce.ok_or(EventError::Malformed)?,
            subject: self.subject,
            message: self.message,
            participants,
            route: self.route,
            informed: self.informed,
            allow: self.allow.into_iter().collect(),
            timestamps,
            deadline: self.deadline,
            supersedes: self.supersedes,
            further_certificates: Vec::new(),
        };
        let request = Request { further_certificates: request.not_named(table), ..request };
        // Exactly the first revision supersedes nothing.
        let revision_right = (common.rev == 1) == request.supersedes.is_none();
        if revision_right && request.is_coherent() && request.participant(common.author).is_some() {
            Ok(request)
        } else {
            Err(EventError::Malformed)
        }
    }

    fn table(&self) -> Result<std::collections::BTreeMap<Fingerprint, Certificate>, EventError> {
        let most = MAX_PARTICIPANTS.saturating_mul(2 * MAX_CERTIFICATES_EACH).saturating_add(MAX_AUTHORITIES);
        limit(self.certificates.len(), most, "certificates")?;
        self.certificates
            .iter()
            .map(|text| {
                let der = data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| EventError::Malformed)?;
                let certificate = Certificate::from_der(&der).map_err(|_| EventError::Malformed)?;
                Ok((certificate.fingerprint(), certificate))
            })
            .collect()
    }
}

/// Reads one JSON object.
fn value(json: &[u8]) -> Result<Value, EventError> {
    limit(json.len(), MAX_JSON_OCTETS, "JSON octets")?;
    let duplicate = Cell::new(false);
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = Strict { duplicate: &duplicate, depth: 0 }.deserialize(&mut reader);
    if duplicate.get() {
        return Err(EventError::DuplicateKey);
    }
    let value = value.map_err(|_| EventError::Malformed)?;
    reader.end().map_err(|_| EventError::Malformed)?;
    if value.is_object() { Ok(value) } else { Err(EventError::Malformed) }
}

/// serde_json keeps the last of several equal members; this refuses them.
#[derive(Clone, Copy)]
struct Strict<'a> {
    duplicate: &'a Cell<bool>,
    depth: usize,
}

impl Strict<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.saturating_add(1);
        if depth > MAX_DEPTH { Err(E::custom("nested too deep")) } else { Ok(Strict { depth, ..self }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("I-JSON")
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        // RFC 7493 section 2.2: integers beyond 2^53 - 1 do not survive every program.
        if value < 1 << 53 { Ok(value.into()) } else { Err(E::custom("number too large")) }
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if value > -(1 << 53) { Ok(value.into()) } else { Err(E::custom("number too large")) }
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        // RFC 7493 section 2.1; serde_json has refused surrogates.
        let noncharacter =
            |c: char| matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) & 0xFFFE == 0xFFFE;
        if text.chars().any(noncharacter) { Err(E::custom("noncharacter")) } else { Ok(text.into()) }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                self.duplicate.set(true);
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(members))
    }
}
