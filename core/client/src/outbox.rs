//! Drives the outbox: timestamp, sealing, SMTP, copy to Sent; each step is stored before the next one begins.
//!
//! A flush takes one mail up after the other. The one that it has in hand can't be taken back; each of the others can, until
//! a server took it, also while the flush goes on: what is taken up is read then, and not before.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use engine::approval::{EventId, RawEvent, evaluate};
use engine::imap::{MailboxName, Role};
use engine::outbox::{Delivery, Failure, Kind, OutboxItem, SealTo, Stage, Step};
use engine::ports::{Batch, Item, RecordKey, Store, Tree};
use engine::secure;
use engine::sync::{Flag, Flags};
use mail::protect::wrap_signed;
use serde::Serialize;
use smime::enveloped::{Recipient, RsaTransport};
use smime::signed::{SignedData, add_timestamp};
use smime::{Certificate, UnixTime};

use crate::account::AccountInner;
use crate::authority;
use crate::core::{Event, ProgressStep};
use crate::error::{CoreError, NetworkProblem, ServerProblem, Thing, WrongUse};
use crate::imap::Imap;
use crate::record::{decode, encode};
use crate::smtp::Smtp;
use crate::system::{OsRandom, now, random_array};

/// Attempts for which an event waits for its timestamp; then it goes out visibly without.
const EVENT_TIMESTAMP_ATTEMPTS: u32 = 3;

/// Key of the record that holds the next number.
const NEXT: &str = "next";

/// One mail in the outbox, as shown to its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutboxEntry {
    /// Its number.
    pub number: u64,
    /// Subject.
    pub subject: String,
    /// To whom.
    pub recipients: Vec<String>,
    /// Where it stands.
    pub state: OutboxState,
    /// It is not handed over before that time, so that it can be taken back.
    pub held_until: Option<UnixTime>,
}

/// Where a mail in the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxState {
    /// To be sent by the next flush.
    Waiting,
    /// Handed over when the connection was cut: it may have arrived.
    Uncertain,
    /// Refused for good by the server.
    Refused,
    /// Its request ended before it was sent.
    Superseded,
    /// Given up.
    TooManyAttempts,
    /// A recipient's key can't be encrypted to, or its content is gone.
    Unsealable,
    /// Larger than the server takes.
    TooLarge,
    /// A server took it.
    Sent,
}

impl OutboxState {
    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            OutboxState::Waiting => "waiting",
            OutboxState::Uncertain => "uncertain",
            OutboxState::Refused => "refused",
            OutboxState::Superseded => "superseded",
            OutboxState::Unsealable => "unsealable",
            OutboxState::TooManyAttempts => "too_many_attempts",
            OutboxState::TooLarge => "too_large",
            OutboxState::Sent => "sent",
        }
    }
}

/// What a flush did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flushed {
    /// Mails that a server took.
    pub sent: u64,
    /// Mails that wait for a later attempt.
    pub waiting: u64,
    /// Mails that need their owner (uncertain, refused).
    pub stuck: u64,
}

/// What is stored with an item.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// The ContentInfo.
    Signed,
    /// The signed entity of a mail that is only signed.
    Payload,
    /// The message as it is sent.
    Message,
    /// What its owner wrote, so that it can be taken back.
    Written,
}

impl Body {
    const ALL: [Body; 4] = [Body::Signed, Body::Payload, Body::Message, Body::Written];
}

pub(crate) fn body_key(account: &str, number: u64, body: Body) -> RecordKey {
    let part = match body {
        Body::Signed => "signed",
        Body::Payload => "payload",
        Body::Message => "message",
        Body::Written => "written",
    };
    RecordKey::named(Tree::Outbox, account, format!("{number}/{part}"))
}

/// All that may be stored of a mail beside its record.
pub(crate) fn bodies(account: &str, number: u64) -> [RecordKey; 4] {
    Body::ALL.map(|body| body_key(account, number, body))
}

/// The same of all mails that an account ever had, by the record of the next number: whatever was broken off left some of them
/// without a record.
pub(crate) fn bodies_before(account: &str, record: &[u8], octets: &[u8]) -> Vec<RecordKey> {
    let next = if record == NEXT.as_bytes() { decode(octets).unwrap_or(1) } else { 1 };
    (1..next).flat_map(|number| bodies(account, number)).collect()
}

/// Where the octets of a meeting mail are that a crash may have left without a record, by the item that was sent.
pub(crate) fn body_of_meeting(account: &str, item: &[u8]) -> Option<RecordKey> {
    match decode::<OutboxItem>(item).ok()?.kind {
        Kind::Meeting { send_id } => Some(meeting_key(account, &send_id)),
        _ => None,
    }
}

/// How many mails of an account are nowhere but here.
pub(crate) fn unsent(store: &dyn Store, account: &str) -> Result<u64, CoreError> {
    let mut count = 0;
    for (item, octets) in store.scan(Tree::Outbox, account.as_bytes())? {
        if matches!(item, Item::Number(_)) && decode::<OutboxItem>(&octets)?.is_unsent() {
            count += 1;
        }
    }
    Ok(count)
}

/// Where the finally sent octets of a meeting mail are kept for repetition. A record under the same key says that they are there.
pub(crate) fn meeting_key(account: &str, send_id: &str) -> RecordKey {
    RecordKey::named(Tree::Meetings, account, format!("sent/{send_id}"))
}

/// After a restart: marks items uncertain whose fate is unknown; their numbers.
pub(crate) fn recover(store: &dyn Store, account: &[u8]) -> Result<Vec<u64>, CoreError> {
    let mut numbers = Vec::new();
    let mut batch = Batch::default();
    for (item, octets) in store.scan(Tree::Outbox, account)? {
        if !matches!(item, Item::Number(_)) {
            continue;
        }
        let mut record: OutboxItem = decode(&octets)?;
        if record.recover() {
            numbers.push(record.number);
            batch.put(RecordKey { tree: Tree::Outbox, group: account.to_vec(), item }, encode(&record)?);
        }
    }
    if !numbers.is_empty() {
        store.apply(batch)?;
    }
    Ok(numbers)
}

/// Connections that are opened when the first item needs them.
#[derive(Default)]
struct Lines {
    smtp: Option<Smtp>,
    imap: Option<(Imap, MailboxName)>,
    /// Not asked again in this flush.
    smtp_is_down: bool,
    imap_is_down: bool,
    authority_is_down: bool,
}

/// A mail that a flush has in hand: as long as this lives, nobody takes it back.
struct InHand<'a>(&'a AccountInner);

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        *self.0.in_hand() = None;
    }
}

impl AccountInner {
    /// The number for a new item; reserved durably, so that a crash never gives it twice.
    pub(crate) fn next_number(&self) -> Result<u64, CoreError> {
        let _commit = self.committing();
        let key = RecordKey::named(Tree::Outbox, self.group(), NEXT);
        let number: u64 = self.store()?.read(&key)?.map(|octets| decode(&octets)).transpose()?.unwrap_or(1);
        let mut batch = Batch::default();
        batch.put(key, encode(&number.saturating_add(1))?);
        self.store()?.apply(batch)?;
        Ok(number)
    }

    pub(crate) fn outbox_items(&self) -> Result<Vec<OutboxItem>, CoreError> {
        let records = self.store()?.scan(Tree::Outbox, self.group().as_bytes())?;
        records
            .into_iter()
            .filter(|(item, _)| matches!(item, Item::Number(_)))
            .map(|(_, octets)| decode(&octets))
            .collect()
    }

    pub(crate) fn put_item(&self, batch: &mut Batch, item: &OutboxItem) -> Result<(), CoreError> {
        batch.put(RecordKey::numbered(Tree::Outbox, self.group(), item.number), encode(item)?);
        Ok(())
    }

    /// The mail that a flush has in hand. Set under [`committing`](Self::committing).
    pub(crate) fn in_hand(&self) -> MutexGuard<'_, Option<u64>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a mail up, if it is still there; what is due of it is to be done while the second part lives.
    fn take_up(
        &self,
        number: u64,
        now_please: bool,
    ) -> Result<Option<(OutboxItem, Option<InHand<'_>>)>, CoreError> {
        let _commit = self.committing();
        let key = RecordKey::numbered(Tree::Outbox, self.group(), number);
        let Some(octets) = self.store()?.read(&key)? else { return Ok(None) };
        let mut item: OutboxItem = decode(&octets)?;
        if now_please {
            // What is held back stays so.
            item.not_before = item.not_before.min(now());
        }
        let is_due = !matches!(item.next(now()), Step::Wait(_) | Step::Rest);
        if is_due || item.is_done() {
            *self.in_hand() = Some(number);
            return Ok(Some((item, Some(InHand(self)))));
        }
        Ok(Some((item, None)))
    }

    /// How long it takes until the next mail can leave that was held back, and was not tried yet.
    pub(crate) fn hold_ends_in(&self) -> Result<Option<Duration>, CoreError> {
        let at = now();
        let left = |item: OutboxItem| {
            let is_next = matches!(item.stage, Stage::Signed | Stage::Sealed) && item.attempts == 0;
            item.held_until.filter(|_| is_next)?;
            // Its time may be over since a flush has passed it.
            Some(item.held(at).map_or(0, |until| until.secs().saturating_sub(at.secs())))
        };
        Ok(self.outbox_items()?.into_iter().filter_map(left).min().map(Duration::from_secs))
    }

    fn save(&self, item: &OutboxItem) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        self.put_item(&mut batch, item)?;
        Ok(self.store()?.apply(batch)?)
    }

    pub(crate) fn body(&self, number: u64, body: Body) -> Result<Option<Vec<u8>>, CoreError> {
        Ok(self.store()?.body(&body_key(self.group(), number, body))?)
    }

    pub(crate) fn outbox_entries(&self) -> Result<Vec<OutboxEntry>, CoreError> {
        let at = now();
        let entry = |item: OutboxItem| OutboxEntry {
            number: item.number,
            subject: item.subject.clone(),
            recipients: item.recipients.iter().map(ToString::to_string).collect(),
            state: state(&item.stage),
            held_until: item.held(at),
        };
        Ok(self.outbox_items()?.into_iter().map(entry).collect())
    }

    /// The owner wants a stuck mail to be sent (again).
    pub(crate) fn retry(&self, number: u64) -> Result<(), CoreError> {
        let _commit = self.committing();
        let mut item = self
            .outbox_items()?
            .into_iter()
            .find(|item| item.number == number)
            .ok_or(CoreError::NotFound(Thing::Mail))?;
        if !item.retry(now()) {
            return Err(CoreError::WrongUse(WrongUse::NothingToRetry));
        }
        self.save(&item)
    }

    /// The owner throws a mail away that is not sent. A decision leaves the set of events with it: nobody else has it.
    pub(crate) fn discard(&self, number: u64) -> Result<(), CoreError> {
        let _commit = self.committing();
        let mut items = self.outbox_items()?.into_iter();
        let item = items.find(|item| item.number == number).ok_or(CoreError::NotFound(Thing::Mail))?;
        if !item.may_discard() {
            return Err(CoreError::WrongUse(WrongUse::NothingToRetry));
        }
        // An uncertain event may have arrived; it stays among the events, as it may at the others'.
        if let (Kind::Event { request, event, .. }, false) = (&item.kind, item.stage == Stage::Uncertain) {
            self.remove_event(request, event)?;
        }
        self.forget(number)
    }

    /// Sends what is due, or with `now_please` also what waits for a later attempt, but not what is held back. A failure stops
    /// its own mail; a server that can't be reached is not asked again for the others. The first failure is returned after all
    /// were tried.
    pub(crate) async fn flush(&self, now_please: bool) -> Result<Flushed, CoreError> {
        let _sending = self.sending.lock().await;
        let mut lines = Lines::default();
        let mut flushed = Flushed::default();
        let mut failure = None;
        let numbers: Vec<u64> = self.outbox_items()?.iter().map(|item| item.number).collect();
        let total = u64::try_from(numbers.len()).ok();
        for (index, number) in numbers.into_iter().enumerate() {
            let Some((mut item, in_hand)) = self.take_up(number, now_please)? else { continue };
            // A cancelled call left it between data and answer; nobody else sends while this lock is held.
            if item.recover() {
                self.save(&item)?;
            }
            if !self.core.config.offline && in_hand.is_some() {
                let done = u64::try_from(index).unwrap_or(u64::MAX);
                self.core.emit(Event::Progress { step: ProgressStep::Sending, done, total });
                match self.drive(&mut item, &mut lines, &mut flushed).await {
                    Ok(()) => {}
                    // Without the store or the vault nothing more can be done.
                    Err(error @ (CoreError::Store(_) | CoreError::Vault(_))) => return Err(error),
                    Err(error) => {
                        failure.get_or_insert(error);
                    }
                }
            }
            match item.stage {
                Stage::Done => {}
                Stage::Signed | Stage::Sealed | Stage::Sending | Stage::Accepted => flushed.waiting += 1,
                Stage::Failed(Failure::Superseded) => {}
                Stage::Failed(_) | Stage::Uncertain => {
                    flushed.stuck += 1;
                    self.core.emit(Event::OutboxStuck { number: item.number });
                }
            }
        }
        if let Some(smtp) = lines.smtp {
            smtp.quit().await;
        }
        if let Some((imap, _)) = lines.imap {
            imap.logout().await;
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(flushed),
        }
    }

    async fn drive(
        &self,
        item: &mut OutboxItem,
        lines: &mut Lines,
        flushed: &mut Flushed,
    ) -> Result<(), CoreError> {
        loop {
            match item.next(now()) {
                Step::Seal => {
                    self.seal(item, lines).await?;
                    if item.stage == Stage::Signed {
                        return Ok(());
                    }
                }
                Step::Send if lines.smtp_is_down => return Ok(()),
                Step::Send => {
                    self.send(item, lines).await?;
                    if matches!(item.stage, Stage::Accepted | Stage::Done) {
                        flushed.sent += 1;
                    }
                }
                Step::Copy if lines.imap_is_down => return Ok(()),
                Step::Copy => self.copy(item, lines).await?,
                Step::Wait(_) => return Ok(()),
                Step::Rest if item.is_done() => return self.forget(item.number),
                Step::Rest => return Ok(()),
            }
        }
    }

    /// Timestamp, then the message as it will be sent.
    async fn seal(&self, item: &mut OutboxItem, lines: &mut Lines) -> Result<(), CoreError> {
        if self.supersede(item)? {
            return Ok(());
        }
        let Some(mut signed) = self.body(item.number, Body::Signed)? else { return self.unsealable(item) };
        if item.wants_timestamp && !item.has_timestamp {
            let stamped = if lines.authority_is_down {
                Err(CoreError::Network { host: String::new(), problem: NetworkProblem::Timeout })
            } else {
                self.timestamp(&signed).await
            };
            match stamped {
                Ok(stamped) => {
                    signed = stamped;
                    item.has_timestamp = true;
                    self.store()?.put_body(&body_key(self.group(), item.number, Body::Signed), &signed)?;
                    self.update_own_event(item, &signed)?;
                }
                Err(error) => {
                    let was_down = std::mem::replace(&mut lines.authority_is_down, true);
                    self.core.emit(Event::NoTimestamp { number: item.number });
                    let waits =
                        matches!(item.kind, Kind::Event { .. }) && item.attempts < EVENT_TIMESTAMP_ATTEMPTS;
                    if waits {
                        item.postpone(now());
                        self.save(item)?;
                        return if was_down { Ok(()) } else { Err(error) };
                    }
                }
            }
        }
        let message = if item.seal_to.is_empty() {
            let Some(payload) = self.body(item.number, Body::Payload)? else { return self.unsealable(item) };
            wrap_signed(&item.outer, &payload, &signed, "sha-256", &mut random_array)
        } else {
            let padding = matches!(item.kind, Kind::Event { .. }).then_some(secure::EVENT_PADDING);
            let Some(recipients) = recipients(&item.seal_to) else { return self.unsealable(item) };
            match secure::seal(&signed, &item.outer, &recipients, item.encryption, padding, &mut OsRandom) {
                Ok(message) => message,
                Err(_) => return self.unsealable(item),
            }
        };
        self.store()?.put_body(&body_key(self.group(), item.number, Body::Message), &message)?;
        if let Kind::Meeting { send_id } = &item.kind {
            self.store()?.put_body(&meeting_key(self.group(), send_id), &message)?;
        }
        item.sealed(item.has_timestamp);
        let mut batch = Batch::default();
        self.put_item(&mut batch, item)?;
        if let Kind::Meeting { send_id } = &item.kind {
            batch.put(meeting_key(self.group(), send_id), Vec::new());
        }
        Ok(self.store()?.apply(batch)?)
    }

    /// A key that can't be encrypted to, or a content that is gone: its owner must know, the others go on.
    fn unsealable(&self, item: &mut OutboxItem) -> Result<(), CoreError> {
        item.unsealable();
        self.save(item)
    }

    async fn timestamp(&self, signed: &[u8]) -> Result<Vec<u8>, CoreError> {
        let parsed = SignedData::parse(signed).map_err(|_| CoreError::NotFound(Thing::Mail))?;
        // What goes out has one signer, its author.
        let [signer] = parsed.signers() else { return Err(CoreError::NotFound(Thing::Mail)) };
        let token = self.token(signer.signature()).await?;
        add_timestamp(signed, 0, &token).map_err(|_| CoreError::NotFound(Thing::Mail))
    }

    /// A token over a signature from the account's authority.
    pub(crate) async fn token(&self, signature: &[u8]) -> Result<Vec<u8>, CoreError> {
        let Some(authority) = &self.settings.authority else {
            return Err(CoreError::Network { host: String::new(), problem: NetworkProblem::Offline });
        };
        self.core.emit(Event::Progress { step: ProgressStep::Timestamping, done: 0, total: None });
        authority::fetch(authority, &self.timestamp_anchors()?, signature).await
    }

    async fn send(&self, item: &mut OutboxItem, lines: &mut Lines) -> Result<(), CoreError> {
        if self.supersede(item)? {
            return Ok(());
        }
        let Some(message) = self.body(item.number, Body::Message)? else { return self.unsealable(item) };
        let smtp = match &mut lines.smtp {
            Some(smtp) => smtp,
            none => match self.smtp().await {
                Ok(smtp) => none.insert(smtp),
                Err(error) => {
                    lines.smtp_is_down = true;
                    item.postpone(now());
                    self.save(item)?;
                    return Err(error);
                }
            },
        };
        match smtp.begin(&self.settings.address, &item.recipients, message.len()).await {
            Ok(None) => {}
            Ok(Some(delivery)) => {
                item.delivered(delivery, now());
                // The session may be in the middle of a transaction that was refused: begin the next one afresh.
                lines.smtp = None;
                return self.save(item);
            }
            Err(error) => {
                lines.smtp = None;
                item.delivered(Delivery::NotNow, now());
                self.save(item)?;
                return Err(error);
            }
        }
        // From here on the mail may have arrived, whatever happens to this process.
        item.sending();
        let mut batch = Batch::default();
        self.put_item(&mut batch, item)?;
        self.note_blind(&mut batch, item)?;
        self.store()?.apply(batch)?;
        let delivery = smtp.hand_over(&message).await;
        item.delivered(delivery, now());
        self.save(item)?;
        if matches!(delivery, Delivery::NotNow | Delivery::Unknown) {
            lines.smtp = None;
        }
        Ok(())
    }

    /// Appends the copy to Sent unless it is there: after a crash between the two it isn't added twice.
    async fn copy(&self, item: &mut OutboxItem, lines: &mut Lines) -> Result<(), CoreError> {
        let copied = self.append_copy(item, lines).await;
        match &copied {
            Ok(()) => item.copied(),
            // The folder takes no more (quota, read-only): the mail is sent, only its copy is missing.
            Err(CoreError::Server {
                problem: ServerProblem::Refused | ServerProblem::TooMuch | ServerProblem::OverQuota,
                ..
            }) => {
                lines.imap = None;
                item.copied();
                self.core.emit(Event::NoCopy { number: item.number });
            }
            Err(_) => {
                lines.imap = None;
                lines.imap_is_down = true;
                item.postpone(now());
            }
        }
        self.save(item)?;
        if item.is_done() { Ok(()) } else { copied }
    }

    async fn append_copy(&self, item: &OutboxItem, lines: &mut Lines) -> Result<(), CoreError> {
        let Some(message) = self.body(item.number, Body::Message)? else { return Ok(()) };
        let (imap, folder) = match &mut lines.imap {
            Some(line) => line,
            none => {
                let mut imap = self.imap().await?;
                let folder = imap.folder_for(Role::Sent, "Sent").await?;
                none.insert((imap, folder))
            }
        };
        imap.examine(folder).await?;
        if imap.search_message_id(&item.message_id).await?.is_empty() {
            imap.append(folder, &Flags::from_iter([Flag::Seen]), &message).await?;
        }
        Ok(())
    }

    fn forget(&self, number: u64) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        batch.remove(RecordKey::numbered(Tree::Outbox, self.group(), number));
        self.store()?.apply(batch)?;
        self.remove_bodies(number)
    }

    /// Removes what was stored for a mail that has no record (any more).
    pub(crate) fn remove_bodies(&self, number: u64) -> Result<(), CoreError> {
        Ok(self.store()?.remove_bodies(&bodies(self.group(), number))?)
    }

    /// Stops a decision whose request has ended meanwhile, and takes it out of the set: nobody else has it.
    fn supersede(&self, item: &mut OutboxItem) -> Result<bool, CoreError> {
        if !self.is_superseded(item)? {
            return Ok(false);
        }
        item.supersede();
        self.save(item)?;
        if let Kind::Event { request, event, .. } = &item.kind {
            self.remove_event(request, event)?;
            self.core.emit(Event::Superseded { id: request.to_hex() });
        }
        Ok(true)
    }

    /// A decision whose request has ended meanwhile (rule 16). The own decision is left out of the judgement.
    fn is_superseded(&self, item: &OutboxItem) -> Result<bool, CoreError> {
        let Kind::Event { request, event, is_decision: true } = &item.kind else { return Ok(false) };
        let mut set = engine::approval::EventSet::new(engine::approval::RequestDigest(*request));
        for raw in self.raw_events(request)? {
            if raw.id() != Some(EventId(*event)) {
                set.insert(raw);
            }
        }
        let view = evaluate(&set, &self.grounds()?.context());
        Ok(!view.may_decide(&self.settings.address))
    }

    /// The own event in the set gets its token.
    fn update_own_event(&self, item: &OutboxItem, signed: &[u8]) -> Result<(), CoreError> {
        let Kind::Event { request, .. } = &item.kind else { return Ok(()) };
        let raw = RawEvent {
            signed: signed.to_vec(),
            detached_content: None,
            outer_from: Some(self.settings.address.clone()),
            auto_submitted: false,
        };
        let mut batch = Batch::default();
        self.put_event(&mut batch, request, &raw)?;
        Ok(self.store()?.apply(batch)?)
    }
}

fn state(stage: &Stage) -> OutboxState {
    match stage {
        Stage::Signed | Stage::Sealed | Stage::Sending => OutboxState::Waiting,
        Stage::Accepted | Stage::Done => OutboxState::Sent,
        Stage::Uncertain => OutboxState::Uncertain,
        Stage::Failed(Failure::Refused) => OutboxState::Refused,
        Stage::Failed(Failure::Superseded) => OutboxState::Superseded,
        Stage::Failed(Failure::TooManyAttempts) => OutboxState::TooManyAttempts,
        Stage::Failed(Failure::Unsealable) => OutboxState::Unsealable,
        Stage::Failed(Failure::TooLarge) => OutboxState::TooLarge,
    }
}

/// All of them or nothing: a mail is never sealed for fewer people than it was written to.
fn recipients(seal_to: &[SealTo]) -> Option<Vec<Recipient>> {
    let recipient = |seal_to: &SealTo| match seal_to {
        SealTo::Certificate { der, oaep } => {
            Certificate::from_der(der).ok().map(|certificate| Recipient::Certificate {
                certificate,
                rsa: if *oaep { RsaTransport::OaepSha256 } else { RsaTransport::Pkcs1 },
            })
        }
        SealTo::Key { spki } => Some(Recipient::Key { public_key: spki.clone() }),
    };
    seal_to.iter().map(recipient).collect()
}
