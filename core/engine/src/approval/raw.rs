//! What is stored of a request: its events exactly as received.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smime::signed::SignedData;
use smime::{EmailAddress, Fingerprint};

use super::event::{Event, Kind};
use super::ids::{Code, EventId, RequestDigest};
use super::{MAX_JSON_OCTETS, payload};

/// One signed mail part as received. Nothing in it is believed before [`evaluate`](super::evaluate) has checked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawEvent {
    /// The ContentInfo with the SignedData, octet for octet, unsigned attributes included.
    #[serde(with = "octets")]
    pub signed: Vec<u8>,
    /// The first part of multipart/signed in canonical CRLF form, when the content is not inside `signed`.
    #[serde(with = "optional_octets", default)]
    pub detached_content: Option<Vec<u8>>,
    /// From of the mail that brought it; shown only.
    pub outer_from: Option<EmailAddress>,
    /// The mail that brought it says Auto-Submitted other than `no` (RFC 3834).
    pub auto_submitted: bool,
}

/// To which request an event belongs, before anything is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// A request with this digest (a new set, or a copy).
    Request(RequestDigest),
    /// An event that names this request. Of a malformed one, which belongs into the set to be shown there, the kind is
    /// unknown (and empty).
    Event(RequestDigest, Kind),
    /// A foreign reply that quotes these codes; more than one: it counts for none.
    Foreign(Vec<Code>),
    /// Not about any request.
    None,
}

impl RawEvent {
    /// eContent: inside the SignedData, or detached. `None` when there is none, or both.
    pub fn content(&self) -> Option<Vec<u8>> {
        let signed = SignedData::parse(&self.signed).ok()?;
        self.content_of(&signed)
    }

    pub(super) fn content_of(&self, signed: &SignedData) -> Option<Vec<u8>> {
        match (signed.content(), &self.detached_content) {
            (Some(inside), None) => Some(inside.to_vec()),
            (None, Some(outside)) => Some(outside.clone()),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    /// SHA-256 of the eContent.
    pub fn id(&self) -> Option<EventId> {
        self.content().map(|content| EventId::of(&content))
    }

    /// To which request it belongs.
    pub fn route(&self) -> Route {
        let Some(message) = self.content().and_then(|content| payload::read(&content)) else {
            return Route::None;
        };
        match payload::json_part(&message) {
            payload::JsonPart::One(json) => match Event::parse(&json) {
                Ok(event) => match event.common.request {
                    Some(digest) => Route::Event(digest, event.common.kind),
                    None => Route::Request(RequestDigest::of(&json)),
                },
                Err(_) => claimed_request(&json)
                    .map_or(Route::None, |digest| Route::Event(digest, Kind::Unknown(String::new()))),
            },
            payload::JsonPart::Misplaced => Route::None,
            payload::JsonPart::None => match payload::foreign_codes(&message) {
                codes if codes.is_empty() => Route::None,
                codes => Route::Foreign(codes),
            },
        }
    }

    /// SHA-256 over everything that was received.
    pub(super) fn copy_name(&self) -> Fingerprint {
        let content = self.detached_content.as_deref().unwrap_or_default();
        let mut octets =
            Vec::with_capacity(self.signed.len().saturating_add(content.len()).saturating_add(8));
        octets.extend_from_slice(&u64::try_from(self.signed.len()).unwrap_or(u64::MAX).to_be_bytes());
        octets.extend_from_slice(&self.signed);
        octets.extend_from_slice(content);
        Fingerprint::of(&octets)
    }
}

/// The request that a malformed machine-readable part names; only for showing it in its place.
fn claimed_request(json: &[u8]) -> Option<RequestDigest> {
    let value: serde_json::Value =
        serde_json::from_slice(json.get(..MAX_JSON_OCTETS.min(json.len()))?).ok()?;
    value.get("request")?.as_str()?.parse().ok()
}

/// All events of one request, as received. A set: inserting twice changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSet {
    request: RequestDigest,
    copies: BTreeMap<Fingerprint, RawEvent>,
}

impl EventSet {
    /// An empty set for the request with this digest.
    pub fn new(request: RequestDigest) -> Self {
        EventSet { request, copies: BTreeMap::new() }
    }

    /// The digest of the request (its first revision).
    pub fn request(&self) -> RequestDigest {
        self.request
    }

    /// Adds an event; `false` when the same octets were there already. Copies of one event that differ in unsigned
    /// attributes are all kept: one may carry a token that the other lacks.
    pub fn insert(&mut self, event: RawEvent) -> bool {
        let name = event.copy_name();
        match self.copies.get_mut(&name) {
            Some(known) => {
                // Outer fields are not signed. Automatic if any copy says so.
                known.auto_submitted |= event.auto_submitted;
                known.outer_from = known.outer_from.take().or(event.outer_from);
                false
            }
            None => {
                self.copies.insert(name, event);
                true
            }
        }
    }

    /// Takes out every copy of an event: a queued one that is not sent after all (rule 16), so that no later event names
    /// it. `false` when there was none. Received events are evidence and stay.
    pub fn remove(&mut self, id: EventId) -> bool {
        let before = self.copies.len();
        self.copies.retain(|_, raw| raw.id() != Some(id));
        self.copies.len() != before
    }

    /// Every copy, in the order of their digests.
    pub fn events(&self) -> impl Iterator<Item = &RawEvent> {
        self.copies.values()
    }

    /// How many copies there are.
    pub fn len(&self) -> usize {
        self.copies.len()
    }

    /// No event is there.
    pub fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }
}

/// Byte strings as CBOR byte strings, and as base64 in human-readable formats.
mod octets {
    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&data_encoding::BASE64.encode(octets))
        } else {
            serializer.serialize_bytes(octets)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Octets)
        } else {
            deserializer.deserialize_byte_buf(Octets)
        }
    }

    struct Octets;

    impl<'de> Visitor<'de> for Octets {
        type Value = Vec<u8>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("octets")
        }
        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
            data_encoding::BASE64.decode(text.as_bytes()).map_err(|_| E::custom("not base64"))
        }
        fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Vec<u8>, E> {
            Ok(octets.to_vec())
        }
        fn visit_byte_buf<E: Error>(self, octets: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(octets)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
            let mut octets = Vec::new();
            while let Some(octet) = seq.next_element()? {
                octets.push(octet);
            }
            Ok(octets)
        }
    }
}

mod optional_octets {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Wrapped(#[serde(with = "super::octets")] Vec<u8>);

    pub fn serialize<S: Serializer>(octets: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        octets.as_ref().map(|octets| Wrapped(octets.clone())).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Wrapped>::deserialize(deserializer)?.map(|wrapped| wrapped.0))
    }
}
