//! Writing mail: recipients, composition, signature, outbox.

use std::sync::Arc;
use std::time::Duration;

use engine::outbox::{Kind, MAX_HOLD, OutboxItem, SealTo, Stage};
use engine::people::{Capabilities, encryption_for};
use engine::ports::{Batch, KeyRole, RecordKey, SignPurpose, Tree};
use mail::Mailbox;
use mail::compose::{Attachment, ComposeError, Draft, random_message_id};
use mail::protect::{Protection, protect};
use mail::thread::answering;
use serde::{Deserialize, Serialize};
use smime::enveloped::{Recipient, RsaTransport};
use smime::path::Trust;
use smime::signed::{self, SignRequest};
use smime::{Certificate, EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::approvals::Deciding;
use crate::error::{CoreError, Thing, Unreadable, WrongUse};
use crate::outbox::{Body, Flushed, OutboxEntry, body_key};
use crate::people::shown_contacts;
use crate::record::{decode, encode};
use crate::system::{now, random_array};
use crate::task::Task;
use crate::view::{Clock, ComposeDraft, ComposeScreen, HeldMail, compose_screen, held_mail};
use crate::written::Written;

/// Largest mail before it is sealed, in octets. Base64 makes it a third larger, and nobody fetches more than 64 MiB.
pub(crate) const MAX_PAYLOAD_OCTETS: usize = 44 * 1024 * 1024;

/// Writes mail for one account.
#[derive(Clone)]
pub struct Composer {
    pub(crate) inner: Arc<AccountInner>,
}

/// A mail as its writer gives it.
#[derive(Clone, Debug, Default)]
pub struct NewMail {
    /// To.
    pub to: Vec<EmailAddress>,
    /// Cc.
    pub cc: Vec<EmailAddress>,
    /// Bcc: each gets a message of its own, encrypted to nobody else. An encrypted message names its recipients, so one for all would
    /// tell the others of them.
    pub bcc: Vec<EmailAddress>,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Files.
    pub files: Vec<FileToSend>,
    /// Id of the mail that this answers; it joins that mail's conversation. What came encrypted is answered encrypted.
    pub answers: Option<String>,
    /// Send signed but not encrypted, for people without certificates.
    pub signed_only: bool,
}

/// How a mail to somebody would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientView {
    /// Address.
    pub address: EmailAddress,
    /// Display name, when the person is known.
    pub name: Option<String>,
    /// Why the person's certificates are trusted.
    pub trust: Trust,
    /// Mail can be encrypted.
    pub can_encrypt: bool,
}

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileToSend {
    /// Name as the recipient sees it.
    pub name: String,
    /// `type/subtype`.
    pub content_type: String,
    /// Octets.
    pub bytes: Vec<u8>,
}

/// What is being written, as far as its screen depends on it.
#[derive(Debug, Clone)]
pub struct WrittenMail {
    /// It asks for an approval.
    pub asks_approval: bool,
    /// To, or the route in order.
    pub to: Vec<EmailAddress>,
    /// Cc, or who is informed.
    pub cc: Vec<EmailAddress>,
    /// Subject.
    pub subject: String,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// Deadline.
    pub deadline: Option<UnixTime>,
    /// Sending without encryption is allowed here.
    pub allows_plain: bool,
}

impl Composer {
    /// How a mail to these people would go, in the given order.
    pub fn recipients(&self, addresses: &[EmailAddress]) -> Result<Vec<RecipientView>, CoreError> {
        let people = self.inner.people()?;
        let shown = shown_contacts(&people);
        let at = now();
        let view = |address: &EmailAddress| {
            let contact = people.get(address.folded());
            let is_own = *address == self.inner.settings.address;
            RecipientView {
                address: address.clone(),
                name: shown.get(address.folded()).and_then(|contact| contact.name.clone()),
                trust: contact.map_or(Trust::None, |contact| contact.trust),
                can_encrypt: is_own || contact.is_some_and(|contact| contact.recipient(at).is_some()),
            }
        };
        Ok(addresses.iter().map(view).collect())
    }

    /// Screen 09.
    pub fn screen(&self, draft: WrittenMail) -> Result<ComposeScreen, CoreError> {
        Ok(compose_screen(&ComposeDraft {
            to: self.recipients(&draft.to)?,
            cc: self.recipients(&draft.cc)?,
            asks_approval: draft.asks_approval,
            subject: draft.subject,
            deciding: draft.deciding,
            deadline: draft.deadline,
            allows_plain: draft.allows_plain,
        }))
    }

    /// Signs the mail and puts it into the outbox, whose number is returned; [`flush`](Self::flush) sends it.
    pub fn send(&self, mail: NewMail) -> Task<u64> {
        self.send_after(mail, Duration::ZERO)
    }

    /// As [`send`](Self::send), and holds the mail back for so long, at least, an hour at most: until then no flush hands it over,
    /// so that its owner can still [take it back](Self::take_back). The next flush or synchronisation after that sends it;
    /// [`Account::watch`](crate::Account::watch) is there in time.
    pub fn send_after(&self, mail: NewMail, pause: Duration) -> Task<u64> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            let thread = match &mail.answers {
                Some(id) => Some(inner.thread(id).await?),
                None => None,
            };
            let sent = inner.send_mail(mail, thread, pause, |_| Ok(true)).await?;
            sent.ok_or(CoreError::Cancelled)
        })
    }

    /// Takes a mail back that no server took, with its blind copies: what was written is a draft again, whose number is returned.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] when it is not in the outbox (any more). [`WrongUse::NothingToRetry`] when it is being sent, may
    /// have arrived, went to somebody already, or was not written by a person.
    pub fn take_back(&self, number: u64) -> Task<u64> {
        let inner = Arc::clone(&self.inner);
        Task::spawn_blocking(&self.inner.core.handle, move || inner.take_back(number))
    }

    /// What is in the outbox.
    pub fn outbox(&self) -> Result<Vec<OutboxEntry>, CoreError> {
        self.inner.outbox_entries()
    }

    /// What is said of a mail that is held back; nothing when none is.
    pub fn held(&self, clock: Clock) -> Result<Option<HeldMail>, CoreError> {
        Ok(held_mail(&self.outbox()?, clock.now))
    }

    /// Sends what is due now.
    pub fn flush(&self) -> Task<Flushed> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.flush(true).await })
    }

    /// Throws a mail away that is not sent.
    pub fn discard(&self, number: u64) -> Task<()> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            let _sending = inner.sending.lock().await;
            inner.discard(number)
        })
    }

    /// Lets a stuck mail be sent (again) by the next flush, at its owner's word.
    pub fn retry(&self, number: u64) -> Result<(), CoreError> {
        self.inner.retry(number)
    }
}

/// Somebody a mail goes to.
#[derive(Clone, Debug)]
pub(crate) struct Addressee {
    pub(crate) mailbox: Mailbox,
    pub(crate) address: EmailAddress,
    pub(crate) seal_to: Vec<SealTo>,
    pub(crate) capabilities: Capabilities,
}

/// A mail that is ready to be signed.
pub(crate) struct Outgoing {
    pub(crate) kind: Kind,
    pub(crate) draft: Draft,
    pub(crate) addressees: Vec<Addressee>,
    pub(crate) encrypt: bool,
    /// Also for oneself, so that the copy in Sent can be read.
    pub(crate) to_self: bool,
    pub(crate) signer: KeyRole,
    pub(crate) purpose: SignPurpose,
    pub(crate) proof_of_approval: bool,
    pub(crate) wants_timestamp: bool,
    pub(crate) wants_copy: bool,
}

/// What an answer takes from the mail that it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Thread {
    in_reply_to: Option<String>,
    references: Vec<String>,
    /// It quotes what only its recipients could read.
    pub(crate) must_encrypt: bool,
}

impl Thread {
    /// What had to be encrypted has to be.
    pub(crate) fn no_laxer_than(mut self, before: Option<&Thread>) -> Self {
        self.must_encrypt |= before.is_some_and(|before| before.must_encrypt);
        self
    }
}

#[cfg(test)]
impl Thread {
    /// Of a mail that came in the clear.
    pub(crate) fn in_clear() -> Self {
        Thread { must_encrypt: false, ..Thread::of_encrypted("<a@example.test>") }
    }

    /// Of a mail with this Message-ID that came encrypted.
    pub(crate) fn of_encrypted(message_id: &str) -> Self {
        let message_id = message_id.to_owned();
        Thread { in_reply_to: Some(message_id.clone()), references: vec![message_id], must_encrypt: true }
    }
}

impl AccountInner {
    pub(crate) fn own_mailbox(&self) -> Mailbox {
        let name = Some(self.settings.name.clone()).filter(|name| !name.is_empty());
        Mailbox { name, address: self.settings.address.to_string() }
    }

    /// Signs a mail and puts it into the outbox, where it is held back for `pause`: its number. `last` adds what else is to be
    /// stored in the same step; when it says `false`, what was built on has changed meanwhile, and nothing is sent.
    pub(crate) async fn send_mail(
        &self,
        mail: NewMail,
        thread: Option<Thread>,
        pause: Duration,
        last: impl FnOnce(&mut Batch) -> Result<bool, CoreError>,
    ) -> Result<Option<u64>, CoreError> {
        if mail.to.is_empty() && mail.cc.is_empty() {
            return Err(CoreError::WrongUse(WrongUse::NoRecipient));
        }
        if mail.signed_only && thread.as_ref().is_some_and(|thread| thread.must_encrypt) {
            return Err(CoreError::WrongUse(WrongUse::AnswerInClear));
        }
        let [to, cc, bcc] = self.three_kinds(&mail)?;
        let written = self.written(&mail, thread.as_ref())?;
        let attachment = |file: FileToSend| Attachment {
            name: Some(file.name),
            content_type: file.content_type,
            inline: false,
            bytes: file.bytes,
        };
        let mut draft = self.draft(mail.subject, mail.text);
        draft.to = to.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.cc = cc.iter().map(|addressee| addressee.mailbox.clone()).collect();
        draft.attachments = mail.files.into_iter().map(attachment).collect();
        if let Some(thread) = thread {
            (draft.in_reply_to, draft.references) = (thread.in_reply_to, thread.references);
        }
        let outgoing = Outgoing {
            kind: Kind::Ordinary,
            draft,
            addressees: [to, cc].concat(),
            encrypt: !mail.signed_only,
            to_self: true,
            signer: KeyRole::Mail,
            purpose: SignPurpose::Mail,
            proof_of_approval: false,
            wants_timestamp: self.settings.authority.is_some(),
            wants_copy: true,
        };
        let mut batch = Batch::default();
        let mut enqueued = self.enqueue(outgoing, &mut batch).await?;
        enqueued.item.held_until = held_until(pause);
        self.put_item(&mut batch, &enqueued.item)?;
        self.store()?.put_body(&body_key(self.group(), enqueued.item.number, Body::Written), &written)?;
        let mut numbers = vec![enqueued.item.number];
        for blind in &bcc {
            numbers.push(self.enqueue_blind(&enqueued, blind, &mut batch)?);
        }
        let ended = {
            let _commit = self.committing();
            match last(&mut batch) {
                Ok(true) => self.store()?.apply(batch).map(|()| true).map_err(CoreError::from),
                ended => ended,
            }
        };
        if !matches!(ended, Ok(true)) {
            numbers.into_iter().try_for_each(|number| self.remove_bodies(number))?;
            return ended.map(|_| None);
        }
        self.acted.notify_waiters();
        Ok(Some(enqueued.item.number))
    }

    /// What an answer to a stored mail takes from it.
    pub(crate) async fn thread(&self, id: &str) -> Result<Thread, CoreError> {
        let (_, raw) = self.stored(id)?;
        let opened = self.open_mail(&raw, &self.decryption_keys().await?, &self.people()?)?;
        let (in_reply_to, references) = answering(&opened.headers.headers);
        Ok(Thread { in_reply_to, references, must_encrypt: opened.must_encrypt_answer() })
    }

    fn own_seals(&self) -> Result<Vec<SealTo>, CoreError> {
        let own = self.own.encryption_certificates()?;
        Ok(own.iter().map(|own| SealTo::Certificate { der: own.der().to_vec(), oaep: true }).collect())
    }

    /// What is kept of a mail until it is sent: what its owner wrote.
    fn written(&self, mail: &NewMail, thread: Option<&Thread>) -> Result<Vec<u8>, CoreError> {
        let answers = match mail.answers.as_ref().map(|id| self.message_id_of(id)) {
            // It only tells what to show.
            None | Some(Err(CoreError::NotFound(_))) => None,
            Some(answers) => answers?,
        };
        encode(&Written::of(mail, answers, thread))
    }

    /// The mail leaves the outbox, and the draft is there, in one step.
    fn take_back(&self, number: u64) -> Result<u64, CoreError> {
        let commit = self.committing();
        let items = self.outbox_items()?;
        let missing = CoreError::NotFound(Thing::Mail);
        let item = items.iter().find(|item| item.number == number).ok_or(missing)?;
        let too_late = CoreError::WrongUse(WrongUse::NothingToRetry);
        // The open mail, and a mail for each blind copy.
        let is_part = |one: &&OutboxItem| one.kind == Kind::Ordinary && one.message_id == item.message_id;
        let parts: Vec<&OutboxItem> = items.iter().filter(is_part).collect();
        let in_hand = *self.in_hand();
        let is_here = |one: &&OutboxItem| one.may_take_back() && in_hand != Some(one.number);
        if !item.may_take_back() || !parts.iter().all(is_here) {
            return Err(too_late);
        }
        let open = parts.iter().find(|one| one.wants_copy).ok_or(too_late.clone())?;
        // A mail of an older version has none.
        let written = self.body(open.number, Body::Written)?.ok_or(too_late.clone())?;
        let (mail, answers, thread) = decode::<Written<'_>>(&written)?.into_mail();
        // One that is not here any more has arrived.
        if parts.len() != 1 + blind(&mail).len() {
            return Err(too_late);
        }
        let mut batch = Batch::default();
        let (draft, content) = self.new_draft(&mut batch, &mail, answers, thread)?;
        for part in &parts {
            batch.remove(RecordKey::numbered(Tree::Outbox, self.group(), part.number));
        }
        if let Err(error) = self.store()?.apply(batch) {
            // Nobody would find it again.
            self.store()?.remove_body(&content).ok();
            return Err(error.into());
        }
        drop(commit);
        for part in &parts {
            // It is taken back already; what is left of it lies sealed under a number that is not given again.
            self.remove_bodies(part.number).ok();
        }
        self.acted.notify_waiters();
        Ok(draft)
    }

    /// To, Cc and Bcc.
    fn three_kinds(&self, mail: &NewMail) -> Result<[Vec<Addressee>; 3], CoreError> {
        let bcc = blind(mail);
        let all = [mail.to.as_slice(), &mail.cc, &bcc].concat();
        let mut to = self.addressees(&all, !mail.signed_only)?;
        let mut cc = to.split_off(mail.to.len());
        let bcc = cc.split_off(mail.cc.len());
        Ok([to, cc, bcc])
    }

    /// The same signed mail once more, for one person of whom nobody else is to know.
    fn enqueue_blind(&self, open: &Enqueued, blind: &Addressee, batch: &mut Batch) -> Result<u64, CoreError> {
        let number = self.next_number()?;
        let is_encrypted = !open.item.seal_to.is_empty();
        // One's own address is no contact.
        let is_own = blind.address == self.settings.address;
        let seal_to = if is_own { self.own_seals()? } else { blind.seal_to.clone() };
        let item = OutboxItem {
            number,
            recipients: vec![blind.address.clone()],
            seal_to: if is_encrypted { seal_to } else { Vec::new() },
            encryption: encryption_for(std::iter::once(&blind.capabilities)),
            wants_copy: false,
            ..open.item.clone()
        };
        self.store()?.put_body(&body_key(self.group(), number, Body::Signed), &open.signed)?;
        if let Some(payload) = &open.payload {
            self.store()?.put_body(&body_key(self.group(), number, Body::Payload), payload)?;
        }
        self.put_item(batch, &item)?;
        Ok(number)
    }

    /// A draft by this account, now.
    pub(crate) fn draft(&self, subject: String, text: String) -> Draft {
        Draft {
            from: self.own_mailbox(),
            to: Vec::new(),
            cc: Vec::new(),
            subject,
            date: i64::try_from(now().secs()).unwrap_or(i64::MAX),
            message_id: random_message_id(&random_array(), self.settings.address.domain()),
            in_reply_to: None,
            references: Vec::new(),
            auto_submitted: None,
            text,
            html: None,
            attachments: Vec::new(),
        }
    }

    /// People with what is needed to encrypt to them. All who lack it are named at once.
    pub(crate) fn addressees(
        &self,
        addresses: &[EmailAddress],
        encrypt: bool,
    ) -> Result<Vec<Addressee>, CoreError> {
        let people = self.people()?;
        let at = now();
        let mut missing = Vec::new();
        let mut addressees = Vec::new();
        for address in addresses {
            let contact = people.get(address.folded());
            let recipient = contact.and_then(|contact| contact.recipient(at));
            if encrypt && recipient.is_none() && *address != self.settings.address {
                missing.push(address.to_string());
            }
            addressees.push(Addressee {
                mailbox: Mailbox {
                    name: contact.and_then(|contact| contact.name.clone()),
                    address: address.to_string(),
                },
                address: address.clone(),
                seal_to: recipient.iter().map(seal_to).collect(),
                capabilities: contact.map(|contact| contact.capabilities).unwrap_or_default(),
            });
        }
        if missing.is_empty() {
            Ok(addressees)
        } else {
            Err(CoreError::WrongUse(WrongUse::NoCertificate(missing)))
        }
    }

    /// Signs and puts into the outbox: bodies are stored at once, records with the caller's batch.
    pub(crate) async fn enqueue(&self, outgoing: Outgoing, batch: &mut Batch) -> Result<Enqueued, CoreError> {
        let kind = outgoing.kind.clone();
        self.enqueue_as(outgoing, |_| kind, batch).await
    }

    /// As [`enqueue`](Self::enqueue), when the kind depends on the octets that are signed.
    pub(crate) async fn enqueue_as(
        &self,
        outgoing: Outgoing,
        kind: impl FnOnce(&[u8]) -> Kind,
        batch: &mut Batch,
    ) -> Result<Enqueued, CoreError> {
        let unsafe_header = |_: ComposeError| CoreError::Unreadable(Unreadable::HeaderValue);
        let protection = if outgoing.encrypt {
            let legacy_display = !outgoing.addressees.iter().all(|one| one.capabilities.header_protection);
            Protection::Cipher { legacy_display }
        } else {
            Protection::Clear
        };
        let protected = protect(&outgoing.draft, protection, &mut random_array).map_err(unsafe_header)?;
        if protected.payload.len() > MAX_PAYLOAD_OCTETS {
            return Err(CoreError::WrongUse(WrongUse::TooLarge));
        }
        let signed = self.sign(&outgoing, &protected.payload).await?;

        let mut seal_to: Vec<SealTo> =
            outgoing.addressees.iter().flat_map(|one| one.seal_to.clone()).collect();
        if outgoing.to_self {
            seal_to.extend(self.own_seals()?);
        }
        seal_to.dedup();
        let others = outgoing.addressees.iter().filter(|one| one.address != self.settings.address);
        let encryption = encryption_for(others.map(|one| &one.capabilities));
        let number = self.next_number()?;
        let created = now();
        let item = OutboxItem {
            number,
            kind: kind(&protected.payload),
            subject: outgoing.draft.subject.clone(),
            recipients: self.envelope(&outgoing.addressees),
            outer: protected.outer,
            message_id: outgoing.draft.message_id.clone(),
            seal_to: if outgoing.encrypt { seal_to } else { Vec::new() },
            encryption,
            wants_timestamp: outgoing.wants_timestamp,
            is_sealed: false,
            has_timestamp: false,
            may_have_arrived: false,
            wants_copy: outgoing.wants_copy,
            created,
            attempts: 0,
            not_before: created,
            held_until: None,
            stage: Stage::Signed,
        };
        self.store()?.put_body(&body_key(self.group(), number, Body::Signed), &signed)?;
        if !outgoing.encrypt {
            self.store()?.put_body(&body_key(self.group(), number, Body::Payload), &protected.payload)?;
        }
        self.put_item(batch, &item)?;
        Ok(Enqueued { item, signed, payload: (!outgoing.encrypt).then_some(protected.payload) })
    }

    /// Whom the server hands it to. What concerns nobody else goes to oneself: a server takes no mail without a recipient.
    fn envelope(&self, addressees: &[Addressee]) -> Vec<EmailAddress> {
        match addressees {
            [] => vec![self.settings.address.clone()],
            others => others.iter().map(|one| one.address.clone()).collect(),
        }
    }

    pub(crate) async fn sign(&self, outgoing: &Outgoing, payload: &[u8]) -> Result<Vec<u8>, CoreError> {
        let signer = self.own.signer(outgoing.signer)?;
        let carried = self.carried_certificates()?;
        let encryption = self.own.encryption_certificates()?;
        let request = SignRequest {
            content: payload,
            detached: !outgoing.encrypt,
            signer: &signer.certificate,
            certificates: &carried,
            algorithm: smime::SignatureAlgorithm::EcdsaP256Sha256,
            signing_time: now(),
            encryption_certificate: encryption.first(),
            proof_of_approval: outgoing.proof_of_approval,
        };
        let invalid = |_| CoreError::Vault(engine::ports::VaultError::KeyInvalidated);
        let prepared = signed::prepare(&request).map_err(invalid)?;
        let signature = self.vault_sign(&signer, &prepared, &outgoing.purpose).await?;
        prepared.finish(&signature).map_err(invalid)
    }
}

/// Who gets a blind copy. Who is named openly needs none.
fn blind(mail: &NewMail) -> Vec<EmailAddress> {
    let mut blind: Vec<EmailAddress> = Vec::new();
    for address in &mail.bcc {
        if !mail.to.contains(address) && !mail.cc.contains(address) && !blind.contains(address) {
            blind.push(address.clone());
        }
    }
    blind
}

/// Until when a mail is held back that is written now.
fn held_until(pause: Duration) -> Option<UnixTime> {
    if pause.is_zero() {
        return None;
    }
    // The clock is in whole seconds, and may be about to turn: never less than was asked for.
    let seconds = pause.as_secs().saturating_add(u64::from(pause.subsec_nanos() > 0)).saturating_add(1);
    Some(now().plus(seconds.min(MAX_HOLD)))
}

/// What [`AccountInner::enqueue`] made.
pub(crate) struct Enqueued {
    pub(crate) item: OutboxItem,
    /// The ContentInfo.
    pub(crate) signed: Vec<u8>,
    /// What was signed, where it is not in the ContentInfo.
    payload: Option<Vec<u8>>,
}

fn seal_to(recipient: &Recipient) -> SealTo {
    match recipient {
        Recipient::Certificate { certificate, rsa } => seal_to_certificate(certificate, *rsa),
        Recipient::Key { public_key } => SealTo::Key { spki: public_key.clone() },
    }
}

/// For the request's own certificates of a participant.
pub(crate) fn seal_to_certificate(certificate: &Certificate, rsa: RsaTransport) -> SealTo {
    SealTo::Certificate { der: certificate.der().to_vec(), oaep: rsa == RsaTransport::OaepSha256 }
}

#[cfg(test)]
mod tests;
