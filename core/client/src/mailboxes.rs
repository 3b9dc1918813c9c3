//! Stored mail: lists, reading, attachments, export. Works without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use engine::approval::RequestDigest;
use engine::secure::{EncryptionState, Summary, Verdict};
use engine::sync::Flag;
use mail::part::{Html, Remote};
use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;
use smime::verdict::SignatureState;

use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::people::{ContactView, shown_contacts};
use crate::record::decode;
use crate::reports::Undelivered;
use crate::sync::{Content, Folder, MailRecord, ShownMail, parse_id};
use crate::system::now;
use crate::task::Task;
use crate::view::{
    Clock, Connection, InboxMail, InboxScreen, MessageMail, MessageScreen, MessageStatus, Who, inbox_screen,
    message_screen, message_status, shown_name,
};

/// The stored mail of one account.
#[derive(Clone)]
pub struct Mailboxes {
    pub(crate) inner: Arc<AccountInner>,
}

/// How much lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FolderSummary {
    /// Which.
    pub folder: Folder,
    /// Mails that are listed in it.
    pub mails: usize,
    /// Those that were not read.
    pub unread: usize,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailSummary {
    /// `inbox.12` or `sent.3`.
    pub id: String,
    /// Who wrote it: address that is believed, else the one that the servers showed.
    pub from: String,
    /// Display name; show it only with the address.
    pub name: Option<String>,
    /// To.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Date field.
    pub date: Option<UnixTime>,
    /// Which layers lie at the root.
    pub summary: Summary,
    /// State of the signature.
    pub signature: SignatureState,
    /// Why its signer is trusted.
    pub trust: Trust,
    /// It could be opened.
    pub encryption: EncryptionState,
    /// Read already.
    pub seen: bool,
    /// Marked with a star.
    pub flagged: bool,
    /// Octets on the server.
    pub octets: u64,
    /// Why there is no content.
    pub problem: Option<MailProblem>,
    /// To whom mail servers say that they could not deliver it.
    pub undelivered: Vec<Undelivered>,
}

/// Why a mail's content is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailProblem {
    /// Larger than this version fetches.
    TooLarge,
    /// Over a limit of the MIME reader.
    Unreadable,
}

impl MailProblem {
    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            MailProblem::TooLarge => "too_large",
            MailProblem::Unreadable => "unreadable",
        }
    }
}

/// One mail, opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailView {
    /// Its id.
    pub id: String,
    /// The verdict, as computed when it came in.
    pub verdict: Verdict,
    /// What stands under the sender.
    pub status: MessageStatus,
    /// Display name of From.
    pub name: Option<String>,
    /// Text to be shown; none when it could not be opened.
    pub text: Option<String>,
    /// What an answer may quote: nothing of what anybody may have changed on the way.
    #[serde(skip)]
    pub quote: Option<String>,
    /// The same as HTML, nothing loaded from elsewhere; none where `quote` is none.
    #[serde(skip)]
    pub html: Option<Html>,
    /// Attachments.
    pub attachments: Vec<AttachmentView>,
    /// To whom mail servers say that they could not deliver it.
    pub undelivered: Vec<Undelivered>,
    /// Id of the approval that an event in it is about, as the mail claims.
    #[serde(skip)]
    pub approval: Option<String>,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentView {
    /// Names it in this mail.
    pub part: String,
    /// File name.
    pub name: Option<String>,
    /// `type/subtype`.
    #[serde(rename = "type")]
    pub content_type: String,
    /// Decoded size in octets.
    pub bytes: usize,
}

impl Mailboxes {
    /// Mail of one folder, or of inbox and sent mail; oldest first. What was done to mail is seen at once.
    pub fn list(&self, only: Option<Folder>) -> Result<Vec<MailSummary>, CoreError> {
        let mut list = Vec::new();
        for folder in only.map_or(Folder::USUAL.to_vec(), |only| vec![only]) {
            for mail in self.inner.shown_mails(folder)? {
                list.push(self.inner.whole_summary(&mail)?);
            }
        }
        Ok(list)
    }

    /// How much lies in each folder, as it is shown.
    pub fn folders(&self) -> Result<Vec<FolderSummary>, CoreError> {
        let count = |folder| {
            let mails = self.inner.shown_mails(folder)?;
            let unread = mails.iter().filter(|mail| !mail.is_seen()).count();
            Ok(FolderSummary { folder, mails: mails.len(), unread })
        };
        Folder::ALL.into_iter().map(count).collect()
    }

    /// One line of a list.
    pub fn summary(&self, id: &str) -> Result<MailSummary, CoreError> {
        let (folder, uid) = parse_id(id)?;
        let mail = self.inner.shown_mail(folder, uid)?.ok_or(CoreError::NotFound(Thing::Mail))?;
        self.inner.whole_summary(&mail)
    }

    /// Screen 04. How many decisions wait is known here: what `connection` says of that is not looked at.
    pub fn screen(&self, connection: Connection, clock: Clock) -> Result<InboxScreen, CoreError> {
        let connection = match connection {
            Connection::Offline { .. } => Connection::Offline { queued: self.inner.waiting_decisions()? },
            other => other,
        };
        Ok(inbox_screen(&self.inner.inbox_mails()?, &self.inner.cases()?, connection, clock))
    }

    /// Screen 05: one mail, opened with the account's keys.
    pub fn read_screen(&self, id: &str) -> Task<MessageScreen> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move {
            let mail = inner.read_mail(&id).await?;
            Ok(message_screen(&inner.message_mail(mail)?))
        })
    }

    /// One mail, opened with the account's keys.
    pub fn read(&self, id: &str) -> Task<MailView> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move { inner.read_mail(&id).await })
    }

    /// Octets of a part of the opened mail.
    pub fn attachment(&self, id: &str, part: &str) -> Task<Vec<u8>> {
        let inner = Arc::clone(&self.inner);
        let (id, path) = (id.to_owned(), part.to_owned());
        Task::spawn(&self.inner.core.handle, async move {
            let (_, raw) = inner.stored(&id)?;
            let keys = inner.decryption_keys().await?;
            let opened = inner.open_mail(&raw, &keys, &inner.people()?)?;
            let parts = opened.payload.parts();
            let part = parts.into_iter().find(|part| part.path == path && part.children.is_empty());
            let part = part.ok_or(CoreError::NotFound(Thing::Part))?;
            Ok(opened.payload.decoded(part).into_owned())
        })
    }

    /// The mail as received, still encrypted.
    pub fn export(&self, id: &str) -> Result<Vec<u8>, CoreError> {
        Ok(self.inner.stored(id)?.1)
    }
}

impl AccountInner {
    pub(crate) fn stored(&self, id: &str) -> Result<(MailRecord, Vec<u8>), CoreError> {
        let missing = CoreError::NotFound(Thing::Mail);
        let (folder, uid) = parse_id(id)?;
        let key = self.mail_key(folder, uid);
        let record = self.store()?.read(&key)?.ok_or(missing.clone())?;
        let raw = self.store()?.body(&key)?.ok_or(CoreError::NotFound(Thing::Content))?;
        Ok((decode(&record)?, raw))
    }

    pub(crate) async fn read_mail(&self, id: &str) -> Result<MailView, CoreError> {
        let (record, raw) = self.stored(id)?;
        let keys = self.decryption_keys().await?;
        let people = self.people()?;
        let opened = self.open_mail(&raw, &keys, &people)?;
        let attachment = |part: &mail::part::Part| AttachmentView {
            part: part.path.clone(),
            // The apps save under the name that they show.
            name: part.name.as_deref().map(mail::part::safe_file_name),
            content_type: part.content_type.clone(),
            bytes: opened.payload.decoded(part).len(),
        };
        let attachments = opened.shown_attachments().into_iter().map(attachment).collect();
        let (text, quote, html) = (opened.shown_text(), opened.quotable_text(), opened.html(Remote::Blocked));
        let undelivered = self.undelivered(parse_id(id)?.0, &record)?;
        let verdict = match record.content {
            Content::Judged(verdict) if record.policy == crate::sync::POLICY_VERSION => *verdict,
            _ => opened.verdict,
        };
        let from = verdict.headers.from.first().map(|address| address.to_lowercase());
        let contact = from.and_then(|address| shown_contacts(&people).remove(&address));
        let status = message_status(&verdict, contact.as_ref());
        Ok(MailView {
            id: id.to_owned(),
            verdict,
            status,
            name: record.from_name,
            text,
            quote,
            html,
            attachments,
            undelivered,
            approval: request_of(&opened.payload),
        })
    }
}

impl AccountInner {
    fn whole_summary(&self, mail: &ShownMail) -> Result<MailSummary, CoreError> {
        Ok(MailSummary { undelivered: self.undelivered(mail.folder, &mail.record)?, ..summary(mail) })
    }

    fn inbox_mails(&self) -> Result<Vec<InboxMail>, CoreError> {
        let people = shown_contacts(&*self.people()?);
        let mut mails = Vec::new();
        for mail in self.shown_mails(Folder::Inbox)? {
            mails.extend(inbox_mail(mail, &people));
        }
        Ok(mails)
    }

    /// Id of a stored mail that has one of these Message-IDs.
    pub(crate) fn mail_with_one_of(
        &self,
        message_ids: &BTreeSet<String>,
    ) -> Result<Option<String>, CoreError> {
        for folder in Folder::ALL.into_iter().filter(|folder| folder.is_kept()) {
            for (_, octets) in self.mail_records(folder)? {
                let record: MailRecord = decode(&octets)?;
                if record.message_id.is_some_and(|id| message_ids.contains(&id)) {
                    return Ok(Some(format!("{}.{}", folder.name(), record.uid)));
                }
            }
        }
        Ok(None)
    }

    fn message_mail(&self, mail: MailView) -> Result<MessageMail, CoreError> {
        let people = self.people()?;
        let shown = shown_contacts(&people);
        let contact = |address: &str| shown.get(&address.to_lowercase());
        let who = |address: &String| match contact(address).and_then(|one| shown_name(one.name.as_deref())) {
            _ if address.eq_ignore_ascii_case(self.settings.address.as_str()) => Who::Me,
            Some(name) => Who::Name(name),
            None => Who::Name(address.clone()),
        };
        let headers = &mail.verdict.headers;
        let from = headers.from.first().map(|address| address.to_lowercase());
        let stored = from.as_ref().and_then(|address| people.get(address));
        let approval = mail.approval.as_deref().map(|id| self.listed_request(id)).transpose()?.flatten();
        Ok(MessageMail {
            to: headers.to.iter().chain(&headers.cc).map(who).collect(),
            can_encrypt_reply: stored.is_some_and(|contact| contact.recipient(now()).is_some()),
            contact: from.as_ref().and_then(|address| shown.get(address)).cloned(),
            id: mail.id,
            verdict: mail.verdict,
            status: mail.status,
            name: mail.name,
            text: mail.text,
            attachments: mail.attachments,
            approval,
        })
    }
}

/// Letters of text that a row shows, a last word more or less.
const PREVIEW_LETTERS: usize = 120;

/// One line of a text.
pub(crate) fn preview(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if line.chars().count() >= PREVIEW_LETTERS {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()).take(PREVIEW_LETTERS));
    }
    line
}

/// Nothing for mail that phones write to each other.
fn inbox_mail(mail: ShownMail, people: &BTreeMap<String, ContactView>) -> Option<InboxMail> {
    let (id, is_seen) = (mail.id(), mail.is_seen());
    let record = mail.record;
    let closed = |problem| InboxMail {
        id: id.clone(),
        from: String::new(),
        contact_name: None,
        subject: None,
        preview: None,
        has_files: false,
        is_seen,
        date: Some(record.received),
        status: None,
        problem: Some(problem),
    };
    let verdict = match record.content {
        Content::Judged(verdict) => verdict,
        Content::TooLarge => return Some(closed(MailProblem::TooLarge)),
        Content::Unreadable => return Some(closed(MailProblem::Unreadable)),
    };
    if is_machine_mail(&verdict) {
        return None;
    }
    let from = verdict.headers.from.first().cloned().unwrap_or_default();
    let contact = people.get(&from.to_lowercase());
    let is_closed = verdict.encryption.state.is_closed();
    let is_file = |part: &engine::secure::PartRecord| {
        part.name.is_some() && part.content_type != engine::approval::CONTENT_TYPE
    };
    Some(InboxMail {
        status: Some(message_status(&verdict, contact)),
        contact_name: contact.and_then(|contact| contact.name.clone()),
        subject: verdict.headers.subject.clone(),
        preview: record.preview.filter(|text| !is_closed && !text.is_empty()),
        has_files: !is_closed && verdict.parts.iter().any(is_file),
        is_seen,
        date: verdict.headers.date.or(Some(record.received)),
        problem: None,
        from,
        id,
    })
}

impl ShownMail {
    /// Phones wrote it to each other.
    pub(crate) fn is_of_machines(&self) -> bool {
        matches!(&self.record.content, Content::Judged(verdict) if is_machine_mail(verdict))
    }
}

/// Relays, results and meeting mails of a signer whom this account trusts.
fn is_machine_mail(verdict: &Verdict) -> bool {
    let kind = verdict.approval.as_ref().and_then(|event| event.get("kind")).and_then(|kind| kind.as_str());
    let is_meeting = |part: &engine::secure::PartRecord| part.content_type == engine::meeting::CONTENT_TYPE;
    verdict.signature.state == SignatureState::Valid
        && (matches!(kind, Some("relay" | "result")) || verdict.parts.iter().any(is_meeting))
}

fn request_of(payload: &mail::part::Message) -> Option<String> {
    let event = engine::approval::event_of(payload)?.ok()?;
    let digest = event.common.request.unwrap_or_else(|| RequestDigest::of(&event.to_json()));
    Some(digest.to_string())
}

pub(crate) fn summary(mail: &ShownMail) -> MailSummary {
    let record = &mail.record;
    let mut line = MailSummary {
        id: mail.id(),
        from: String::new(),
        name: record.from_name.clone(),
        to: Vec::new(),
        subject: String::new(),
        date: None,
        summary: Summary::None,
        signature: SignatureState::None,
        trust: Trust::None,
        encryption: EncryptionState::None,
        seen: mail.is_seen(),
        flagged: mail.flags.has(&Flag::Flagged),
        octets: record.octets,
        problem: None,
        undelivered: Vec::new(),
    };
    match &record.content {
        Content::Judged(verdict) => {
            line.from = verdict.headers.from.join(", ");
            line.to = verdict.headers.to.clone();
            line.subject = verdict.headers.subject.clone().unwrap_or_default();
            line.date = verdict.headers.date;
            line.summary = verdict.summary;
            line.signature = verdict.signature.state;
            line.trust = verdict.signature.signers.first().map_or(Trust::None, |signer| signer.trust);
            line.encryption = verdict.encryption.state;
        }
        Content::TooLarge => line.problem = Some(MailProblem::TooLarge),
        Content::Unreadable => line.problem = Some(MailProblem::Unreadable),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::preview;

    #[test]
    fn a_preview_is_one_short_line() {
        assert_eq!(preview("Dear Chen Yu,\r\n\r\n  here\tis\u{7} it.\n"), "Dear Chen Yu, here is it.");
        assert_eq!(preview(" \n"), "");
        assert!(preview(&"long ".repeat(100_000)).chars().count() < 2 * super::PREVIEW_LETTERS + 2);
        assert_eq!(preview(&"x".repeat(100_000)).len(), super::PREVIEW_LETTERS);
    }
}
