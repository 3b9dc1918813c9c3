//! From an event as received to a verified one (rules 3, 4, 13, 15).

use std::collections::{BTreeMap, BTreeSet};

use mail::part::Message;
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::revocation::Sources;
use smime::signed::{SignedData, SignerInfo, verify_signer};
use smime::verdict::{Policy, Reason, judge};
use smime::{Certificate, EmailAddress, UnixTime, tsp};

use super::event::{
    Body, Event, EventError, Kind, Participant, Program, Relay, RelayItem, Request, ResultBody, Word,
};
use super::ids::{Code, EventId, KeyName, RequestDigest, TokenId};
use super::payload::{self, JsonPart, Reply};
use super::raw::RawEvent;
use super::view::{Context, NotCounted};

/// Proof that a participant whom the request names signed an event: only [`verify`] makes one.
#[derive(Clone, Debug)]
pub(super) struct VerifiedEvent {
    pub id: EventId,
    pub author: u32,
    pub key: KeyName,
    pub prev: Option<EventId>,
    pub seen: BTreeSet<EventId>,
    /// Every valid token on its signature.
    pub tokens: Vec<ValidToken>,
    pub fact: Fact,
    /// Why it can't count, whatever the other events are.
    pub defect: Option<NotCounted>,
    _proof: Proof,
}

#[derive(Clone, Debug)]
struct Proof;

/// What an event means to the state.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    Request,
    Decision {
        word: Word,
        stage: u32,
    },
    /// A foreign reply; `automatic`: the mail that brought it says Auto-Submitted.
    Reply {
        word: Option<Word>,
        automatic: bool,
    },
    Relay {
        carries: BTreeSet<EventId>,
    },
    Result(ResultBody),
    Other,
}

/// A token from an authority that the request lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidToken {
    pub id: TokenId,
    pub time: UnixTime,
    pub authority: String,
    /// The authority's anchor is trusted locally.
    pub trusted: bool,
    /// It came by relay.
    pub receipt: bool,
}

/// An event that was read, not yet believed.
pub(super) struct Opened {
    pub id: EventId,
    pub raw: RawEvent,
    pub signed: SignedData,
    pub content: Vec<u8>,
    pub payload: Message,
    pub what: What,
}

/// What stands in the payload.
pub(super) enum What {
    Event { digest: RequestDigest, event: Result<Box<Event>, EventError> },
    Reply(Reply),
    Misplaced,
}

/// Reads the octets; `None` when they are not a signed message with content.
pub(super) fn open(raw: &RawEvent) -> Option<Opened> {
    let signed = SignedData::parse(&raw.signed).ok()?;
    let content = raw.content_of(&signed)?;
    let payload = payload::read(&content)?;
    let what = match payload::json_part(&payload) {
        JsonPart::One(json) => {
            What::Event { digest: RequestDigest::of(&json), event: Event::parse(&json).map(Box::new) }
        }
        JsonPart::Misplaced => What::Misplaced,
        JsonPart::None => What::Reply(payload::reply(&payload)),
    };
    Some(Opened { id: EventId::of(&content), raw: raw.clone(), signed, content, payload, what })
}

impl Opened {
    /// The one signer.
    pub fn signer(&self) -> Option<&SignerInfo> {
        match self.signed.signers() {
            [signer] => Some(signer),
            _ => None,
        }
    }

    pub fn claimed_time(&self) -> Option<UnixTime> {
        self.signer().and_then(SignerInfo::signing_time)
    }
}

/// Against what events of one request are verified: only what the request itself names, and time.
pub(super) struct Bench<'a> {
    pub digest: RequestDigest,
    pub code: Code,
    pub request: &'a Request,
    pub rev: u64,
    timestamp_anchors: Vec<TrustAnchor>,
    untrusted: Vec<Certificate>,
    context: &'a Context<'a>,
}

/// Why an event was refused.
pub(super) struct Refused {
    pub reason: NotCounted,
    pub signature: Vec<Reason>,
    /// A participant decided on this other request.
    pub elsewhere: Option<(u32, RequestDigest)>,
}

impl From<NotCounted> for Refused {
    fn from(reason: NotCounted) -> Self {
        Refused { reason, signature: Vec::new(), elsewhere: None }
    }
}

/// Tokens that were relayed for an event, as received.
pub(super) type RelayedTokens = BTreeMap<TokenId, Vec<u8>>;

/// A signature that leads to an anchor that the request names for its author, address included.
struct Authentic {
    certificate: Certificate,
    /// Where the path ends.
    anchor: Certificate,
    tokens: Vec<ValidToken>,
}

impl<'a> Bench<'a> {
    pub fn new(digest: RequestDigest, rev: u64, request: &'a Request, context: &'a Context<'a>) -> Self {
        let untrusted = request
            .participants
            .iter()
            .flat_map(|p| p.anchors.iter().chain(&p.encryption))
            .chain(&request.further_certificates)
            .chain(context.untrusted)
            .cloned()
            .collect();
        let timestamp_anchors = request.timestamps.iter().map(|t| anchor(&t.anchor)).collect();
        Bench { digest, code: digest.code(), request, rev, timestamp_anchors, untrusted, context }
    }

    /// The proof, or why not. `tokens` came by relay.
    pub fn verify(&self, opened: &Opened, tokens: &RelayedTokens) -> Result<VerifiedEvent, Refused> {
        match &opened.what {
            What::Misplaced => Err(NotCounted::Malformed.into()),
            What::Event { event: Err(error), .. } => Err(reason_of(*error).into()),
            What::Event { digest, event: Ok(event) } => self.event(opened, *digest, event, tokens),
            What::Reply(reply) => self.reply(opened, reply, tokens),
        }
    }

    fn event(
        &self,
        opened: &Opened,
        digest: RequestDigest,
        event: &Event,
        tokens: &RelayedTokens,
    ) -> Result<VerifiedEvent, Refused> {
        let named = event.common.request.unwrap_or(digest);
        if named != self.digest {
            return Err(self.elsewhere(opened, named, event));
        }
        let person = self.request.participant(event.common.author).ok_or(NotCounted::UnknownAuthor)?;
        let authentic = self.authenticate(opened, person, tokens).map_err(not_verified)?;
        if !inner_from_is(opened, &person.address) {
            return Err(not_verified(vec![Reason::AddressMismatch]));
        }
        let fact = match &event.body {
            Body::Request(_) => Fact::Request,
            Body::Decision { word, stage, .. } => Fact::Decision { word: *word, stage: *stage },
            Body::Relay(relay) => Fact::Relay { carries: carried_ids(relay) },
            Body::Result(result) => Fact::Result(result.clone()),
            Body::Comment { .. } | Body::Unsupported => Fact::Other,
        };
        Ok(VerifiedEvent {
            id: opened.id,
            author: person.number,
            key: KeyName::of(&authentic.certificate),
            prev: event.common.prev,
            seen: event.common.seen.clone(),
            defect: self.defect(opened, event, &authentic.certificate),
            tokens: authentic.tokens,
            fact,
            _proof: Proof,
        })
    }

    /// What is wrong with an authentic event.
    fn defect(&self, opened: &Opened, event: &Event, certificate: &Certificate) -> Option<NotCounted> {
        let common = &event.common;
        if !super::ijson::understands(&common.critical) {
            return Some(NotCounted::UnknownCritical);
        }
        let by_approval_key = match &common.kind {
            Kind::Approve | Kind::Reject => true,
            Kind::Request | Kind::Comment | Kind::Relay | Kind::Result => false,
            Kind::Return
            | Kind::Delegate
            | Kind::AddApprover
            | Kind::Withdraw
            | Kind::Remind
            | Kind::Release => return Some(NotCounted::UnsupportedHere),
            Kind::Unknown(_) => return Some(NotCounted::UnknownKind),
        };
        if common.rev != self.rev {
            return Some(NotCounted::OtherRequest);
        }
        if certificate.is_for_approvals() != by_approval_key {
            return Some(NotCounted::WrongKey);
        }
        let commits = opened.signer().is_some_and(SignerInfo::is_proof_of_approval);
        if commits != (common.kind == Kind::Approve) {
            return Some(NotCounted::WrongCommitment);
        }
        if common.kind == Kind::Request {
            // Its own disagreements make the request undecidable instead.
            return None;
        }
        payload::event_agrees(&opened.payload, event, self.request, &self.code)
            .err()
            .or_else(|| carries_what_it_says(opened, event).err())
    }

    /// An event about another request. A participant's decision on it is an alarm, unless that request is held too.
    fn elsewhere(&self, opened: &Opened, named: RequestDigest, event: &Event) -> Refused {
        let decision = matches!(event.body, Body::Decision { .. });
        let author =
            self.author_by_certificate(opened, &RelayedTokens::new()).map(|(person, _)| person.number);
        let elsewhere = author.ok().filter(|_| decision).map(|a| (a, named));
        Refused { elsewhere, ..NotCounted::OtherRequest.into() }
    }

    fn reply(
        &self,
        opened: &Opened,
        reply: &Reply,
        tokens: &RelayedTokens,
    ) -> Result<VerifiedEvent, Refused> {
        let (person, authentic) = self.author_by_certificate(opened, tokens)?;
        let defect = if person.program != Program::Other || is_personal_root(&authentic.anchor) {
            Some(NotCounted::NotForeign)
        } else if reply.codes.len() > 1 {
            Some(NotCounted::CodeAmbiguous)
        } else if reply.codes.first() != Some(&self.code) {
            Some(NotCounted::CodeAbsent)
        } else if reply.automatic {
            Some(NotCounted::AutoSubmitted)
        } else {
            None
        };
        Ok(VerifiedEvent {
            id: opened.id,
            author: person.number,
            key: KeyName::of(&authentic.certificate),
            prev: None,
            seen: BTreeSet::new(),
            tokens: authentic.tokens,
            fact: Fact::Reply { word: reply.word, automatic: opened.raw.auto_submitted },
            defect,
            _proof: Proof,
        })
    }

    /// The participant whose address the signing certificate carries and under whose anchors it is valid.
    fn author_by_certificate(
        &self,
        opened: &Opened,
        tokens: &RelayedTokens,
    ) -> Result<(&'a Participant, Authentic), Refused> {
        let signer = verify_signer(&opened.signed, 0, &opened.content, &self.untrusted)
            .map_err(|reason| not_verified(vec![reason]))?;
        let mut reasons = None;
        for address in signer.certificate().emails() {
            let Some(person) = self.request.by_address(address) else { continue };
            match self.authenticate(opened, person, tokens) {
                Ok(authentic) => return Ok((person, authentic)),
                Err(found) => reasons = reasons.or(Some(found)),
            }
        }
        Err(reasons.map_or_else(|| NotCounted::UnknownAuthor.into(), not_verified))
    }

    fn authenticate(
        &self,
        opened: &Opened,
        person: &Participant,
        relayed: &RelayedTokens,
    ) -> Result<Authentic, Vec<Reason>> {
        let signer = opened.signer().ok_or_else(|| vec![Reason::AttributesInvalid])?;
        let tokens = self.valid_tokens(signer, relayed);
        let at = tokens.iter().map(|token| token.time).min().unwrap_or(self.context.at);
        let anchors: Vec<TrustAnchor> = person.anchors.iter().map(anchor).collect();
        let policy = Policy {
            at,
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &self.untrusted,
            sources: Sources::default(),
        };
        let from = std::slice::from_ref(&person.address);
        let judgement = judge(&opened.signed, &opened.content, Some(from), &policy);
        match judgement.valid_signers.as_slice() {
            [valid] if valid.content_sha256() == opened.id.0 => {
                let (certificate, anchor) = (valid.certificate().clone(), valid.anchor().clone());
                Ok(Authentic { certificate, anchor, tokens })
            }
            _ => Err(judgement.signature.reasons),
        }
    }

    /// Every token over the signature from an authority that the request lists (rule 4).
    fn valid_tokens(&self, signer: &SignerInfo, relayed: &RelayedTokens) -> Vec<ValidToken> {
        let inside = signer.timestamp_token().map(|token| (token, false));
        let by_relay = relayed.values().map(|token| (token.as_slice(), true));
        let mut valid: BTreeMap<TokenId, ValidToken> = BTreeMap::new();
        for (token, receipt) in inside.into_iter().chain(by_relay) {
            let found = tsp::verify(token, signer.signature(), &self.timestamp_anchors, self.context.at);
            let Ok(stamp) = found else { continue };
            let ends_in = stamp.path().last().map(Certificate::fingerprint);
            let trusted =
                self.context.timestamp_anchors.iter().any(|a| Some(a.certificate.fingerprint()) == ends_in);
            let id = TokenId::of(token);
            let authority = stamp.authority().subject();
            valid.entry(id).or_insert(ValidToken { id, time: stamp.time(), authority, trusted, receipt });
        }
        valid.into_values().collect()
    }
}

/// A CA that speaks for an address of its own. Under it a person has an approval key, and only that decides (rule 15),
/// whatever the request says about his program.
fn is_personal_root(certificate: &Certificate) -> bool {
    certificate.is_ca() && !certificate.emails().is_empty()
}

/// The request names this certificate for one participant; the address is compared by [`judge`].
fn anchor(certificate: &Certificate) -> TrustAnchor {
    TrustAnchor { certificate: certificate.clone(), trust: Trust::Pinned, scope: AnchorScope::Any }
}

fn not_verified(signature: Vec<Reason>) -> Refused {
    let revoked = signature.contains(&Reason::Revoked);
    let reason = if revoked { NotCounted::Revoked } else { NotCounted::NotVerified };
    Refused { reason, signature, elsewhere: None }
}

pub(super) fn reason_of(error: EventError) -> NotCounted {
    match error {
        EventError::Malformed | EventError::Structure => NotCounted::Malformed,
        EventError::DuplicateKey => NotCounted::DuplicateKey,
        EventError::UnknownVersion => NotCounted::UnknownVersion,
        EventError::Limit(_) => NotCounted::OverLimit,
    }
}

/// The protected From, where there is one, is the author's address.
fn inner_from_is(opened: &Opened, address: &EmailAddress) -> bool {
    let from = &opened.payload.root().headers.from;
    from.is_empty() || matches!(from.as_slice(), [one] if one.address.parse().as_ref() == Ok(address))
}

fn carried_ids(relay: &Relay) -> BTreeSet<EventId> {
    let of_event = |item: &RelayItem| match item {
        RelayItem::Event { id, .. } => Some(*id),
        RelayItem::Token { .. } | RelayItem::Crl { .. } | RelayItem::Ocsp { .. } => None,
    };
    relay.items.iter().filter_map(of_event).collect()
}

/// Every event that a relay carries has the id that the relay gives it.
fn carries_what_it_says(opened: &Opened, event: &Event) -> Result<(), NotCounted> {
    let Body::Relay(relay) = &event.body else { return Ok(()) };
    let right = relay.items.iter().all(|item| match item {
        RelayItem::Event { id, .. } => {
            payload::carried_event(&opened.payload, item).is_some_and(|raw| raw.id() == Some(*id))
        }
        RelayItem::Token { .. } | RelayItem::Crl { .. } | RelayItem::Ocsp { .. } => true,
    });
    if right { Ok(()) } else { Err(NotCounted::DocumentsDiffer) }
}

/// Ids whose octets are here although nothing proves their author: unreadable machine-readable parts.
pub(super) fn is_here(refused: &Refused) -> bool {
    matches!(
        refused.reason,
        NotCounted::Malformed | NotCounted::DuplicateKey | NotCounted::UnknownVersion | NotCounted::OverLimit
    )
}

#[cfg(test)]
impl VerifiedEvent {
    /// For tests of the state machine: as if [`Bench::verify`] had proved it.
    pub fn assumed(id: EventId, author: u32, key: KeyName, fact: Fact) -> Self {
        VerifiedEvent {
            id,
            author,
            key,
            prev: None,
            seen: BTreeSet::new(),
            tokens: Vec::new(),
            fact,
            defect: None,
            _proof: Proof,
        }
    }
}
