//! What is kept of requests, and looking them up.

use std::collections::BTreeSet;

use engine::approval::{self, Code, EventId, EventSet, RawEvent, RequestDigest, RequestView};
use engine::outbox::Kind;
use engine::people::{People, anchor_of};
use engine::ports::{Batch, RecordKey, Tree};
use serde::{Deserialize, Serialize};
use smime::path::Trust;
use smime::{Certificate, Fingerprint};

use super::{Grounds, view};
use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::record::{decode, encode};
use crate::view::ApprovalCase;

/// What is kept of a request besides its events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) digest: RequestDigest,
    pub(super) subject: Option<String>,
    pub(super) message_ids: BTreeSet<String>,
    /// Addresses of everybody in the request, folded; empty while it is not here.
    #[serde(default)]
    pub(super) participants: BTreeSet<String>,
    /// Every copy of the request came encrypted, or it is one's own.
    #[serde(default)]
    pub(super) is_encrypted: bool,
}

impl AccountInner {
    fn request_group(&self, digest: &Fingerprint) -> Vec<u8> {
        format!("{}\0{}", self.group(), digest).into_bytes()
    }

    fn list_group(&self) -> Vec<u8> {
        format!("{}\0requests", self.group()).into_bytes()
    }

    /// Every copy of every event of a request, as received.
    pub(crate) fn raw_events(&self, digest: &Fingerprint) -> Result<Vec<RawEvent>, CoreError> {
        let records = self.store()?.scan(Tree::Approvals, &self.request_group(digest))?;
        records.into_iter().map(|(_, octets)| decode(&octets)).collect()
    }

    pub(crate) fn put_event(
        &self,
        batch: &mut Batch,
        digest: &Fingerprint,
        raw: &RawEvent,
    ) -> Result<(), CoreError> {
        let content = raw.detached_content.as_deref().unwrap_or_default();
        let name =
            [Fingerprint::of(&raw.signed), Fingerprint::of(content)].map(|part| part.to_hex()).concat();
        let key = RecordKey::named(Tree::Approvals, self.request_group(digest), name);
        let mut merged = raw.clone();
        if let Some(octets) = self.store()?.read(&key)? {
            // Outer fields are not signed: automatic if any copy says so, whatever order the copies came in.
            let known: RawEvent = decode(&octets)?;
            merged.auto_submitted |= known.auto_submitted;
            merged.outer_from = known.outer_from.or(merged.outer_from);
        }
        batch.put(key, encode(&merged)?);
        Ok(())
    }

    /// Takes every copy of an own event out again that was never sent.
    pub(crate) fn remove_event(&self, digest: &Fingerprint, event: &Fingerprint) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        for (item, octets) in self.store()?.scan(Tree::Approvals, &self.request_group(digest))? {
            let raw: RawEvent = decode(&octets)?;
            if raw.id() == Some(EventId(*event)) {
                batch.remove(RecordKey { tree: Tree::Approvals, group: self.request_group(digest), item });
            }
        }
        Ok(self.store()?.apply(batch)?)
    }

    pub(super) fn event_set(&self, digest: RequestDigest) -> Result<EventSet, CoreError> {
        let mut set = EventSet::new(digest);
        for raw in self.raw_events(&digest.0)? {
            set.insert(raw);
        }
        Ok(set)
    }

    pub(super) fn view(&self, digest: RequestDigest) -> Result<RequestView, CoreError> {
        Ok(approval::evaluate(&self.event_set(digest)?, &self.grounds()?.context()))
    }

    /// A request with what its screens need besides.
    pub(super) fn case(&self, digest: RequestDigest) -> Result<ApprovalCase, CoreError> {
        let view = self.view(digest)?;
        let waiting = self.outbox_items()?.iter().any(|item| {
            matches!(&item.kind, Kind::Event { request, is_decision: true, .. } if *request == digest.0)
        });
        let is_encrypted = self.known_request(digest)?.is_encrypted;
        let held = self.held_requests()?;
        Ok(view::case(&view, &self.settings, &*self.people()?, &held, waiting, is_encrypted))
    }

    /// All requests that are listed.
    pub(crate) fn cases(&self) -> Result<Vec<ApprovalCase>, CoreError> {
        let people = self.people()?;
        let mut cases = Vec::new();
        for known in self.known_requests()? {
            let view = self.view(known.digest)?;
            if view.request.is_some() && self.is_listed(&view, &people)? {
                cases.push(self.case(known.digest)?);
            }
        }
        Ok(cases)
    }

    /// The id of a request that is here and listed.
    pub(crate) fn listed_request(&self, id: &str) -> Result<Option<String>, CoreError> {
        let Ok(digest) = self.find_request(id) else { return Ok(None) };
        let view = self.view(digest)?;
        let is_shown = view.request.is_some() && self.is_listed(&view, &*self.people()?)?;
        Ok(is_shown.then(|| digest.to_string()))
    }

    /// Own decisions that wait to be sent.
    pub(crate) fn waiting_decisions(&self) -> Result<usize, CoreError> {
        let is_decision = |item: &engine::outbox::OutboxItem| {
            matches!(item.kind, Kind::Event { is_decision: true, .. }) && !item.is_done()
        };
        Ok(self.outbox_items()?.iter().filter(|item| is_decision(item)).count())
    }

    /// Requests that this device holds, not merely events that name them.
    pub(super) fn held_requests(&self) -> Result<BTreeSet<RequestDigest>, CoreError> {
        let known = self.known_requests()?;
        Ok(known.into_iter().filter(|known| known.subject.is_some()).map(|known| known.digest).collect())
    }

    pub(crate) fn grounds(&self) -> Result<Grounds, CoreError> {
        Ok(Grounds { anchors: self.timestamp_anchors()? })
    }

    pub(super) fn known_requests(&self) -> Result<Vec<Known>, CoreError> {
        let records = self.store()?.scan(Tree::Approvals, &self.list_group())?;
        records.into_iter().map(|(_, octets)| decode(&octets)).collect()
    }

    pub(super) fn known_request(&self, digest: RequestDigest) -> Result<Known, CoreError> {
        let key = RecordKey::named(Tree::Approvals, self.list_group(), digest.to_string());
        match self.store()?.read(&key)? {
            Some(octets) => decode(&octets),
            None => Ok(Known {
                digest,
                subject: None,
                message_ids: BTreeSet::new(),
                participants: BTreeSet::new(),
                is_encrypted: false,
            }),
        }
    }

    pub(super) fn put_known(&self, batch: &mut Batch, known: &Known) -> Result<(), CoreError> {
        batch.put(
            RecordKey::named(Tree::Approvals, self.list_group(), known.digest.to_string()),
            encode(known)?,
        );
        Ok(())
    }

    pub(super) fn find_request(&self, id: &str) -> Result<RequestDigest, CoreError> {
        let known = self.known_requests()?;
        let wanted = id.trim().to_lowercase();
        let code: Option<Code> = id.parse().ok();
        let mut found = known.iter().filter(|known| match &code {
            Some(code) => known.digest.code() == *code,
            None => !wanted.is_empty() && known.digest.to_string().starts_with(&wanted),
        });
        match (found.next(), found.next()) {
            (Some(known), None) => Ok(known.digest),
            _ => Err(CoreError::NotFound(Thing::Approval)),
        }
    }

    /// The requester's anchor is the one pinned here, and more than merely first seen (rule 14).
    pub(super) fn is_listed(&self, view: &RequestView, people: &People) -> Result<bool, CoreError> {
        let Some(requester) = view.people.iter().find(|person| person.number == view.requester) else {
            return Ok(false);
        };
        if requester.address == self.settings.address {
            let root = self.own.root()?;
            return Ok(requester.anchor_certificates.contains(&root));
        }
        let Some(contact) = people.get(requester.address.folded()) else { return Ok(false) };
        let is_pinned = |anchor: &Certificate| contact.anchor == Some(anchor_of(anchor, &contact.address));
        Ok(contact.trust <= Trust::PublicCa && requester.anchor_certificates.iter().any(is_pinned))
    }
}
