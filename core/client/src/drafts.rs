//! Drafts: kept here, sealed, and on the server as signed mail that is encrypted to oneself.
//!
//! Here is the draft; what lies on the server is a copy of it for other programs and devices that have the keys, and is
//! brought in line with each synchronisation. A copy has no Bcc. It is found again by its Message-ID, which is new with
//! each change: the new copy is there before the old one goes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::imap::{MailboxName, Role};
use engine::outbox::Kind;
use engine::people::encryption_for;
use engine::ports::{Batch, Item, KeyRole, RecordKey, SignPurpose, Store, Tree};
use engine::secure;
use engine::sync::{Flag, Flags};
use mail::Mailbox;
use mail::compose::{Attachment, random_message_id};
use mail::protect::{Protection, protect};
use serde::{Deserialize, Serialize};
use smime::enveloped::{Recipient, RsaTransport};
use smime::path::Trust;
use smime::{EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::composer::{Composer, NewMail, Outgoing, Thread};
use crate::error::{CoreError, ServerProblem, Thing, Unreadable};
use crate::imap::Imap;
use crate::record::{decode, encode};
use crate::sync::parse_id;
use crate::system::{OsRandom, now, random_array};
use crate::task::Task;
use crate::written::Written;

/// Key of the record that holds the next number.
const NEXT: &str = "next";

/// One draft, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DraftSummary {
    /// Its number.
    pub number: u64,
    /// To whom, so far.
    pub to: Vec<String>,
    /// Subject, so far.
    pub subject: String,
    /// When it was changed last.
    pub changed: UnixTime,
    /// The server has a copy of it as it is.
    pub on_server: bool,
    /// It is sent as soon as all its recipients are known.
    pub waits: bool,
}

/// What is known of a draft without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DraftRecord {
    to: Vec<String>,
    subject: String,
    changed: UnixTime,
    /// Of the copy on the server, and the name of the content here.
    message_id: String,
    is_uploaded: bool,
    /// Copies on the server that are of no use any more.
    stale: Vec<String>,
    /// It is sent or thrown away; only its copies are left.
    is_over: bool,
    /// It is sent as soon as all its recipients are known.
    #[serde(default)]
    waits: bool,
}

/// A draft as it stands at one moment.
struct Standing {
    record: DraftRecord,
    mail: NewMail,
    thread: Option<Thread>,
}

/// Who wants a draft to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Asked,
    /// It waited for people who may be known now.
    Waited,
}

impl Composer {
    /// Keeps what is written so far, as a new draft or in the place of `number`. Its number.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] when there is no such draft, or no mail that it answers.
    pub fn save_draft(&self, number: Option<u64>, mail: NewMail) -> Task<u64> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.save_draft(number, &mail).await })
    }

    /// All drafts, the oldest first.
    pub fn drafts(&self) -> Result<Vec<DraftSummary>, CoreError> {
        let line = |(number, record): (u64, DraftRecord)| DraftSummary {
            number,
            to: record.to,
            subject: record.subject,
            changed: record.changed,
            on_server: record.is_uploaded,
            waits: record.waits,
        };
        let all = self.inner.draft_records()?.into_iter();
        Ok(all.filter(|(_, record)| !record.is_over).map(line).collect())
    }

    /// A draft as it was written. Whose answer it is can't be told any more when that mail is gone.
    pub fn draft(&self, number: u64) -> Result<NewMail, CoreError> {
        Ok(self.inner.read_draft(number)?.mail)
    }

    /// Throws a draft away.
    pub fn discard_draft(&self, number: u64) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        let _commit = self.inner.committing();
        let record = self.inner.draft_record(number)?;
        self.inner.end_draft(&mut batch, number, &record)?;
        self.inner.store()?.apply(batch)?;
        self.inner.acted.notify_waiters();
        Ok(self.inner.store()?.remove_body(&self.inner.content_key(&record))?)
    }

    /// Signs a draft and puts it into the outbox, whose number is returned: then it is no draft any more.
    pub fn send_draft(&self, number: u64) -> Task<u64> {
        self.send_draft_after(number, Duration::ZERO)
    }

    /// As [`send_draft`](Self::send_draft), and holds the mail back as [`send_after`](Self::send_after) does.
    pub fn send_draft_after(&self, number: u64, pause: Duration) -> Task<u64> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            loop {
                // Whoever changes it meanwhile has it sent as it is then.
                if let Some(sent) = inner.send_draft(number, Why::Asked, pause).await? {
                    return Ok(sent);
                }
            }
        })
    }

    /// Has a draft sent by the first synchronisation that finds all its recipients known: met, or certified by the organisation or
    /// a public CA. A certificate that merely came with some mail is not enough, since nobody looks before it is used. Changing
    /// the draft takes this back.
    pub fn send_draft_when_known(&self, number: u64) -> Result<(), CoreError> {
        let _commit = self.inner.committing();
        let record = DraftRecord { waits: true, ..self.inner.draft_record(number)? };
        let mut batch = Batch::default();
        batch.put(self.inner.draft_key(number), encode(&record)?);
        self.inner.store()?.apply(batch)?;
        self.inner.acted.notify_waiters();
        Ok(())
    }
}

impl AccountInner {
    /// Nothing when it is not to be sent, or was changed meanwhile.
    async fn send_draft(&self, number: u64, why: Why, pause: Duration) -> Result<Option<u64>, CoreError> {
        let Standing { record, mail, thread } = self.read_draft(number)?;
        if why == Why::Waited && !(record.waits && self.all_are_known(&mail)?) {
            return Ok(None);
        }
        let thread = match (&mail.answers, thread) {
            (Some(id), None) => Some(self.thread(id).await?),
            (_, thread) => thread,
        };
        let last = |batch: &mut Batch| {
            let is_same = self.draft_record(number)? == record;
            if is_same {
                self.end_draft(batch, number, &record)?;
            }
            Ok(is_same)
        };
        let sent = self.send_mail(mail, thread, pause, last).await?;
        if sent.is_some() {
            // It is in the outbox: an error now would have it sent again.
            self.store()?.remove_body(&self.content_key(&record)).ok();
        }
        Ok(sent)
    }

    /// Queues the drafts that waited for people who are known now. One that can't be sent goes on waiting.
    pub(crate) async fn send_waiting_drafts(&self) -> Result<(), CoreError> {
        for (number, record) in self.draft_records()? {
            if !record.waits || record.is_over {
                continue;
            }
            let sent = self.send_draft(number, Why::Waited, Duration::ZERO).await;
            if let Err(error @ (CoreError::Store(_) | CoreError::Vault(_))) = sent {
                return Err(error);
            }
        }
        Ok(())
    }

    fn all_are_known(&self, mail: &NewMail) -> Result<bool, CoreError> {
        let (people, at) = (self.people()?, now());
        let is_known = |address: &EmailAddress| {
            *address == self.settings.address
                || people.get(address.folded()).is_some_and(|contact| {
                    contact.trust <= Trust::PublicCa && contact.recipient(at).is_some()
                })
        };
        Ok(mail.to.iter().chain(&mail.cc).chain(&mail.bcc).all(is_known))
    }

    fn draft_key(&self, number: u64) -> RecordKey {
        RecordKey::numbered(Tree::Drafts, self.group(), number)
    }

    fn content_key(&self, record: &DraftRecord) -> RecordKey {
        RecordKey::named(Tree::Drafts, self.group(), record.message_id.clone())
    }

    fn draft_records(&self) -> Result<Vec<(u64, DraftRecord)>, CoreError> {
        let mut records = Vec::new();
        for (item, octets) in self.store()?.scan(Tree::Drafts, self.group().as_bytes())? {
            if let Item::Number(number) = item {
                records.push((number, decode(&octets)?));
            }
        }
        Ok(records)
    }

    fn draft_record(&self, number: u64) -> Result<DraftRecord, CoreError> {
        let missing = CoreError::NotFound(Thing::Mail);
        let record: DraftRecord =
            decode(&self.store()?.read(&self.draft_key(number))?.ok_or(missing.clone())?)?;
        if record.is_over { Err(missing) } else { Ok(record) }
    }

    async fn save_draft(&self, number: Option<u64>, mail: &NewMail) -> Result<u64, CoreError> {
        let thread = match &mail.answers {
            Some(id) => Some(self.thread(id).await?),
            None => None,
        };
        let answers = mail.answers.as_ref().map(|id| self.message_id_of(id)).transpose()?.flatten();
        self.put_draft(number, mail, answers, thread)
    }

    fn put_draft(
        &self,
        number: Option<u64>,
        mail: &NewMail,
        answers: Option<String>,
        thread: Option<Thread>,
    ) -> Result<u64, CoreError> {
        let _commit = self.committing();
        let old = number.map(|number| self.draft_record(number)).transpose()?;
        let before = old.as_ref().map(|old| self.draft_content(old)).transpose()?;
        let (answers, thread) = match before {
            // Saying nothing of it leaves it the answer that it is.
            Some(before) if answers.is_none() => (before.answers, before.thread.map(Cow::into_owned)),
            // Other mail may claim to be the one that was answered.
            Some(before) if before.answers == answers => {
                (answers, thread.map(|new| new.no_laxer_than(before.thread.as_deref())))
            }
            _ => (answers, thread),
        };
        let mut batch = Batch::default();
        let number = match number {
            Some(number) => number,
            None => self.next_draft(&mut batch)?,
        };
        let stale = old.iter().flat_map(|old| {
            // Nobody knows whether an upload that broke left a copy.
            old.stale.iter().cloned().chain([old.message_id.clone()])
        });
        let content = self.put_content(&mut batch, number, stale.collect(), mail, (answers, thread))?;
        if let Err(error) = self.store()?.apply(batch) {
            // Nobody would find it again.
            self.store()?.remove_body(&content).ok();
            return Err(error.into());
        }
        if let Some(old) = old {
            self.store()?.remove_body(&self.content_key(&old))?;
        }
        self.acted.notify_waiters();
        Ok(number)
    }

    /// A new draft in a batch that is to be applied under [`committing`](Self::committing), taken before this is called: its number.
    /// Its content is stored at once. It answers the mail of this Message-ID, and takes this from it.
    pub(crate) fn new_draft(
        &self,
        batch: &mut Batch,
        mail: &NewMail,
        answers: Option<String>,
        thread: Option<Thread>,
    ) -> Result<(u64, RecordKey), CoreError> {
        let number = self.next_draft(batch)?;
        let content = self.put_content(batch, number, Vec::new(), mail, (answers, thread))?;
        Ok((number, content))
    }

    fn next_draft(&self, batch: &mut Batch) -> Result<u64, CoreError> {
        let key = RecordKey::named(Tree::Drafts, self.group(), NEXT);
        let next: u64 = self.store()?.read(&key)?.map(|octets| decode(&octets)).transpose()?.unwrap_or(1);
        batch.put(key, encode(&(next + 1))?);
        Ok(next)
    }

    fn put_content(
        &self,
        batch: &mut Batch,
        number: u64,
        stale: Vec<String>,
        mail: &NewMail,
        (answers, thread): (Option<String>, Option<Thread>),
    ) -> Result<RecordKey, CoreError> {
        let record = DraftRecord {
            to: texts(&mail.to),
            subject: mail.subject.clone(),
            changed: now(),
            message_id: random_message_id(&random_array(), self.settings.address.domain()),
            is_uploaded: false,
            stale,
            is_over: false,
            waits: false,
        };
        batch.put(self.draft_key(number), encode(&record)?);
        let key = self.content_key(&record);
        let content = encode(&Written::of(mail, answers, thread.as_ref()))?;
        self.store()?.put_body(&key, &content)?;
        Ok(key)
    }

    pub(crate) fn message_id_of(&self, id: &str) -> Result<Option<String>, CoreError> {
        let (folder, uid) = parse_id(id)?;
        let mail = self.shown_mail(folder, uid)?.ok_or(CoreError::NotFound(Thing::Mail))?;
        Ok(mail.record.message_id)
    }

    fn draft_content(&self, record: &DraftRecord) -> Result<Written<'static>, CoreError> {
        let body = self.store()?.body(&self.content_key(record))?;
        decode(&body.ok_or(CoreError::NotFound(Thing::Mail))?)
    }

    fn read_draft(&self, number: u64) -> Result<Standing, CoreError> {
        let (record, content) = {
            let _commit = self.committing();
            let record = self.draft_record(number)?;
            let content = self.draft_content(&record)?;
            (record, content)
        };
        let (mut mail, answers, thread) = content.into_mail();
        if let Some(id) = answers {
            mail.answers = self.mail_with_one_of(&BTreeSet::from([id]))?;
        }
        Ok(Standing { record, mail, thread })
    }

    /// It is no draft any more with this batch; its copies go with the next synchronisation.
    fn end_draft(&self, batch: &mut Batch, number: u64, record: &DraftRecord) -> Result<(), CoreError> {
        let mut record = record.clone();
        record.is_over = true;
        record.stale.push(record.message_id.clone());
        record.subject.clear();
        record.to.clear();
        batch.put(self.draft_key(number), encode(&record)?);
        Ok(())
    }

    /// Brings the copies on the server in line. A server that takes no drafts is no failure: here they are.
    pub(crate) async fn sync_drafts(&self, imap: &mut Imap) -> Result<(), CoreError> {
        let todo = |(_, record): &(u64, DraftRecord)| !record.is_uploaded || !record.stale.is_empty();
        let records: Vec<(u64, DraftRecord)> = self.draft_records()?.into_iter().filter(todo).collect();
        if records.is_empty() {
            return Ok(());
        }
        let folder = imap.folder_for(Role::Drafts, "Drafts").await;
        let Some(folder) = unless_refused(folder)? else { return Ok(()) };
        let selected = imap.select(&folder).await;
        if unless_refused(selected)?.is_none() {
            return Ok(());
        }
        for (number, record) in records {
            let done = self.sync_copy(imap, &folder, number, &record).await;
            if unless_refused(done)?.is_some() {
                self.copies_are_in_line(number, &record)?;
            }
        }
        Ok(())
    }

    async fn sync_copy(
        &self,
        imap: &mut Imap,
        folder: &MailboxName,
        number: u64,
        record: &DraftRecord,
    ) -> Result<(), CoreError> {
        if !record.is_over && !record.is_uploaded {
            let copy = self.draft_copy(number, record).await?;
            // An upload may have broken after the server had it.
            if imap.search_message_id(&record.message_id).await?.is_empty() {
                imap.append(folder, &Flags::from_iter([Flag::Draft, Flag::Seen]), &copy).await?;
            }
        }
        for stale in &record.stale {
            let copies = imap.search_message_id(stale).await?;
            imap.remove(&copies).await?;
        }
        Ok(())
    }

    /// What was done is noted, unless the draft was changed meanwhile.
    fn copies_are_in_line(&self, number: u64, done: &DraftRecord) -> Result<(), CoreError> {
        let _commit = self.committing();
        let key = self.draft_key(number);
        let Some(octets) = self.store()?.read(&key)? else { return Ok(()) };
        let mut record: DraftRecord = decode(&octets)?;
        record.stale.retain(|stale| !done.stale.contains(stale));
        if record.message_id == done.message_id && !record.is_over {
            record.is_uploaded = true;
        }
        let mut batch = Batch::default();
        if record.is_over && record.stale.is_empty() {
            batch.remove(key);
        } else {
            batch.put(key, encode(&record)?);
        }
        Ok(self.store()?.apply(batch)?)
    }

    /// The draft as mail to nobody but oneself.
    async fn draft_copy(&self, number: u64, record: &DraftRecord) -> Result<Vec<u8>, CoreError> {
        let Standing { mail, .. } = self.read_draft(number)?;
        let mailbox = |address: &EmailAddress| Mailbox { name: None, address: address.to_string() };
        let mut draft = self.draft(mail.subject.clone(), mail.text);
        draft.message_id = record.message_id.clone();
        draft.to = mail.to.iter().map(mailbox).collect();
        draft.cc = mail.cc.iter().map(mailbox).collect();
        draft.attachments = mail
            .files
            .into_iter()
            .map(|file| Attachment {
                name: Some(file.name),
                content_type: file.content_type,
                inline: false,
                bytes: file.bytes,
            })
            .collect();
        let unsafe_header = |_| CoreError::Unreadable(Unreadable::HeaderValue);
        let protection = Protection::Cipher { legacy_display: false };
        let protected = protect(&draft, protection, &mut random_array).map_err(unsafe_header)?;
        let outgoing = Outgoing {
            kind: Kind::Ordinary,
            draft,
            addressees: Vec::new(),
            encrypt: true,
            to_self: true,
            signer: KeyRole::Mail,
            purpose: SignPurpose::Mail,
            proof_of_approval: false,
            wants_timestamp: false,
            wants_copy: false,
        };
        let signed = self.sign(&outgoing, &protected.payload).await?;
        let own = self.own.encryption_certificates()?.into_iter();
        let recipients: Vec<Recipient> = own
            .map(|certificate| Recipient::Certificate { certificate, rsa: RsaTransport::OaepSha256 })
            .collect();
        let encryption = encryption_for(std::iter::empty());
        secure::seal(&signed, &protected.outer, &recipients, encryption, None, &mut OsRandom)
            .map_err(|_| CoreError::Vault(engine::ports::VaultError::NoSuchKey))
    }
}

/// Nothing where the server does not want it, or where no mail can be made of what is written so far.
fn unless_refused<T>(done: Result<T, CoreError>) -> Result<Option<T>, CoreError> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(
            CoreError::Server {
                problem: ServerProblem::Refused | ServerProblem::TooMuch | ServerProblem::OverQuota,
                ..
            }
            | CoreError::Unreadable(_)
            | CoreError::NotFound(_),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How many drafts an account has.
pub(crate) fn count(store: &dyn Store, account: &str) -> Result<u64, CoreError> {
    let mut count = 0;
    for (item, octets) in store.scan(Tree::Drafts, account.as_bytes())? {
        if matches!(item, Item::Number(_)) && !decode::<DraftRecord>(&octets)?.is_over {
            count += 1;
        }
    }
    Ok(count)
}

/// Where the content of a draft is stored, and where a crash may have left an older one, by its record.
pub(crate) fn bodies(account: &str, record: &[u8]) -> Vec<RecordKey> {
    let Ok(record) = decode::<DraftRecord>(record) else { return Vec::new() };
    let names = record.stale.into_iter().chain([record.message_id]);
    names.map(|name| RecordKey::named(Tree::Drafts, account, name)).collect()
}

fn texts(addresses: &[EmailAddress]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
