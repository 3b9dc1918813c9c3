//! What mail servers report of own mail. Nobody signs that: it is shown with a mail that was really sent, for people to whom it
//! really went, and moves nothing else.
//!
//! It is kept by mail *and* address, and looked up for each address that the mail went to. What is claimed of other addresses, by
//! whomever, earlier or later, lies beside and is never asked for: it crowds nothing out. Sorting it out on arrival would not do: a
//! report may be here before the copy in Sent is, and the mail may come from another device. Forged reports take room in the store in
//! proportion to the mails that they came in, as those mails do.
//!
//! A mail went to those whom its signed copy in Sent names in To and Cc, and to those who got a blind copy from this device. The latter
//! are named in no mail; they are noted when the copy leaves. Blind copies that another device sent are not known here.

use std::collections::{BTreeMap, BTreeSet};

use engine::outbox::{Kind, OutboxItem};
use engine::ports::{Batch, RecordKey, Tree};
use mail::part::Message;
use mail::report::{Action, RecipientReport, delivery_report};
use serde::{Deserialize, Serialize};

use crate::account::AccountInner;
use crate::error::CoreError;
use crate::record::{decode, encode};
use crate::sync::{Content, Folder, MailRecord};

/// A mail server says that it could not deliver a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// To whom, in lower case.
    pub address: String,
    /// It goes on trying; else it gave up.
    pub delayed: bool,
    /// Why (RFC 3463), like `5.1.1`.
    pub status: Option<String>,
}

impl AccountInner {
    fn report_key(&self, message_id: &str, address: &str) -> RecordKey {
        let name = format!("{message_id}\0{}", address.to_lowercase());
        RecordKey::named(Tree::Sync, format!("{}\0reports", self.group()), name)
    }

    /// Can't be fetched again, as what is in [`Tree::Sync`] can.
    fn blind_key(&self, message_id: &str) -> RecordKey {
        RecordKey::named(Tree::Outbox, format!("{}\0blind", self.group()), message_id)
    }

    fn report(&self, key: &RecordKey) -> Result<Option<Undelivered>, CoreError> {
        self.store()?.read(key)?.map(|octets| decode(&octets)).transpose()
    }

    /// Who got a blind copy, in lower case.
    fn blind(&self, message_id: &str) -> Result<BTreeSet<String>, CoreError> {
        let noted = self.store()?.read(&self.blind_key(message_id))?;
        Ok(noted.map(|octets| decode(&octets)).transpose()?.unwrap_or_default())
    }

    /// Notes to whom a blind copy goes, in the step in which it leaves. One flush at a time calls it.
    pub(crate) fn note_blind(&self, batch: &mut Batch, item: &OutboxItem) -> Result<(), CoreError> {
        // The open mail, of the same Message-ID, has the copy in Sent; a meeting has none that could be shown.
        if item.wants_copy || item.kind != Kind::Ordinary {
            return Ok(());
        }
        let mut blind = self.blind(&item.message_id)?;
        blind.extend(item.recipients.iter().map(|address| address.as_str().to_lowercase()));
        batch.put(self.blind_key(&item.message_id), encode(&blind)?);
        Ok(())
    }

    /// Keeps what a report says, when it may be about a mail of this account.
    pub(crate) fn receive_report(&self, outer: &Message) -> Result<(), CoreError> {
        let Some(report) = delivery_report(outer) else { return Ok(()) };
        // Our Message-IDs end so; others would only fill the store.
        if !report.message_id.ends_with(&format!("@{}", self.settings.address.domain())) {
            return Ok(());
        }
        let mut reports: BTreeMap<RecordKey, Option<Undelivered>> = BTreeMap::new();
        for recipient in report.recipients {
            let key = self.report_key(&report.message_id, &recipient.address);
            let known = match reports.remove(&key) {
                Some(known) => known,
                None => self.report(&key)?,
            };
            reports.insert(key, after(known, recipient));
        }
        let mut batch = Batch::default();
        for (key, report) in reports {
            if report == self.report(&key)? {
                continue;
            }
            match report {
                Some(report) => batch.put(key, encode(&report)?),
                None => batch.remove(key),
            };
        }
        Ok(self.store()?.apply(batch)?)
    }

    /// What servers report of a mail, when it is one that this account signed and sent. In the order of the addresses.
    pub(crate) fn undelivered(
        &self,
        folder: Folder,
        record: &MailRecord,
    ) -> Result<Vec<Undelivered>, CoreError> {
        let (Folder::Sent, Some(place), Content::Judged(verdict)) = (folder, &record.place, &record.content)
        else {
            return Ok(Vec::new());
        };
        let Some(message_id) = place.message_id.as_ref().filter(|_| place.is_protected) else {
            return Ok(Vec::new());
        };
        let headers = &verdict.headers;
        let mut went_to = self.blind(message_id)?;
        went_to.extend(headers.to.iter().chain(&headers.cc).map(|address| address.to_lowercase()));
        let report = |address: &String| self.report(&self.report_key(message_id, address)).transpose();
        went_to.iter().filter_map(report).collect()
    }
}

/// What is known of a mail to somebody after one more report.
fn after(known: Option<Undelivered>, recipient: RecipientReport) -> Option<Undelivered> {
    let delayed = recipient.action == Action::Delayed;
    match (known, recipient.action) {
        // A server that gave up does not begin again: "delayed" that comes after "failed" is the older news.
        (Some(known), _) if !known.delayed => Some(known),
        (_, Action::Failed | Action::Delayed) => {
            Some(Undelivered { address: recipient.address.to_lowercase(), delayed, status: recipient.status })
        }
        // It arrived after all.
        (_, Action::Delivered | Action::Relayed | Action::Expanded) => None,
    }
}
