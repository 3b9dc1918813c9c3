//! What mail servers report of own mail. Nobody signs that: it is shown with a mail that was really sent, for people to whom it
//! really went, and moves nothing else.

use engine::ports::{Batch, RecordKey, Tree};
use mail::part::Message;
use mail::report::{Action, delivery_report};
use serde::{Deserialize, Serialize};

use crate::account::AccountInner;
use crate::error::CoreError;
use crate::record::{decode, encode};
use crate::sync::{Content, Folder, MailRecord};

/// Reports that are kept of one mail, at most.
const MAX_KEPT: usize = 200;

/// A mail server says that it could not deliver a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undelivered {
    /// To whom.
    pub address: String,
    /// It goes on trying; else it gave up.
    pub delayed: bool,
    /// Why (RFC 3463), like `5.1.1`.
    pub status: Option<String>,
}

impl AccountInner {
    fn reports_key(&self, message_id: &str) -> RecordKey {
        RecordKey::named(Tree::Sync, format!("{}\0reports", self.group()), message_id)
    }

    /// Keeps what a report says, when it may be about a mail of this account.
    pub(crate) fn receive_report(&self, outer: &Message) -> Result<(), CoreError> {
        let Some(report) = delivery_report(outer) else { return Ok(()) };
        // Our Message-IDs end so; others would only fill the store.
        if !report.message_id.ends_with(&format!("@{}", self.settings.address.domain())) {
            return Ok(());
        }
        let key = self.reports_key(&report.message_id);
        let mut kept: Vec<Undelivered> =
            self.store()?.read(&key)?.map(|octets| decode(&octets)).transpose()?.unwrap_or_default();
        let before = kept.clone();
        for recipient in report.recipients {
            let address = recipient.address.to_lowercase();
            let old = kept.iter().position(|known| known.address == address);
            match recipient.action {
                Action::Failed | Action::Delayed => {
                    let delayed = recipient.action == Action::Delayed;
                    let new = Undelivered { address, delayed, status: recipient.status };
                    let has_room = kept.len() < MAX_KEPT;
                    match old.and_then(|index| kept.get_mut(index)) {
                        // "Delayed" that comes after "failed" is the older news.
                        Some(known) if !known.delayed => {}
                        Some(known) => *known = new,
                        None if has_room => kept.push(new),
                        None => {}
                    }
                }
                // It arrived after all.
                Action::Delivered | Action::Relayed | Action::Expanded => {
                    kept.retain(|known| known.address != address || !known.delayed);
                }
            }
        }
        if kept == before {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.put(key, encode(&kept)?);
        Ok(self.store()?.apply(batch)?)
    }

    /// What servers report of a mail, when it is one that this account signed and sent.
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
        let Some(octets) = self.store()?.read(&self.reports_key(message_id))? else { return Ok(Vec::new()) };
        let mut reports: Vec<Undelivered> = decode(&octets)?;
        let headers = &verdict.headers;
        let went_to =
            |address: &str| headers.to.iter().chain(&headers.cc).any(|to| to.eq_ignore_ascii_case(address));
        reports.retain(|report| went_to(&report.address));
        Ok(reports)
    }
}
