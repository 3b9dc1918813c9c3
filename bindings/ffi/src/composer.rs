//! Writing mail and the outbox.

use std::sync::Arc;
use std::time::Duration;

use crate::calls::{Calls, Cancel};
use crate::error::{CoreError, addresses};
use crate::mirror::{Convert, all, mirror, optional_seconds, seconds};
use crate::people::Trust;
use crate::view::{Clock, ComposeScreen, HeldMail, WrittenMail};

mirror! {
    /// Where a mail in the outbox stands.
    OutboxState = client::OutboxState {
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
}

/// A mail as its writer gives it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewMail {
    /// To.
    pub to: Vec<String>,
    /// Cc.
    #[uniffi(default = [])]
    pub cc: Vec<String>,
    /// Bcc: each gets a message of its own, of which the others see nothing.
    #[uniffi(default = [])]
    pub bcc: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Files.
    #[uniffi(default = [])]
    pub files: Vec<FileToSend>,
    /// Id of the mail that this answers; it joins that mail's conversation.
    #[uniffi(default = None)]
    pub answers: Option<String>,
    /// Send signed but not encrypted, for people without certificates.
    #[uniffi(default = false)]
    pub signed_only: bool,
}

/// A file to be sent.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FileToSend {
    /// Name as the recipient sees it.
    pub name: String,
    /// `type/subtype`.
    pub content_type: String,
    /// Octets.
    pub bytes: Vec<u8>,
}

/// How a mail to somebody would go.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecipientView {
    /// Address.
    pub address: String,
    /// Display name, when the person is known; show it only with the address.
    pub name: Option<String>,
    /// Why the person's certificates are trusted.
    pub trust: Trust,
    /// Mail can be encrypted.
    pub can_encrypt: bool,
}

/// A mail in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OutboxEntry {
    /// Its number.
    pub number: u64,
    /// Subject.
    pub subject: String,
    /// To whom.
    pub recipients: Vec<String>,
    /// Where it stands.
    pub state: OutboxState,
    /// It is not handed over before that time, so that it can be taken back: seconds since 1970.
    pub held_until: Option<i64>,
}

/// One draft, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DraftSummary {
    /// Its number.
    pub number: u64,
    /// To whom, so far.
    pub to: Vec<String>,
    /// Subject, so far.
    pub subject: String,
    /// When it was changed last: seconds since 1970.
    pub changed: i64,
    /// The server has a copy of it as it is.
    pub on_server: bool,
    /// It is sent as soon as all its recipients are known.
    pub waits: bool,
}

/// What a flush did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Flushed {
    /// Mails that a server took.
    pub sent: u64,
    /// Mails that wait for a later attempt.
    pub waiting: u64,
    /// Mails that need their owner (uncertain, refused).
    pub stuck: u64,
}

/// Writes mail for one account.
#[derive(uniffi::Object)]
pub struct Composer {
    calls: Arc<Calls>,
    composer: client::Composer,
}

#[uniffi::export]
impl Composer {
    /// How a mail to these people would go, in the given order.
    #[uniffi::method(default(cancel = None))]
    pub async fn recipients(
        &self,
        people: Vec<String>,
        cancel: Cancel,
    ) -> Result<Vec<RecipientView>, CoreError> {
        let composer = self.composer.clone();
        let start = |people: Vec<client::EmailAddress>| {
            self.calls.core().spawn_blocking(move || composer.recipients(&people))
        };
        self.calls.run_with("composer.recipients", cancel, addresses(&people), start).await.map(all)
    }

    /// Screen 09, at every change of what it is made from.
    #[uniffi::method(default(cancel = None))]
    pub async fn screen(&self, mail: WrittenMail, cancel: Cancel) -> Result<ComposeScreen, CoreError> {
        let composer = self.composer.clone();
        let start = |mail| self.calls.core().spawn_blocking(move || composer.screen(mail));
        self.calls.run_with("composer.screen", cancel, mail.try_into(), start).await.map(Convert::convert)
    }

    /// Signs the mail and puts it into the outbox, whose number is returned; [`flush`](Self::flush) sends it.
    #[uniffi::method(default(cancel = None))]
    pub async fn send(&self, mail: NewMail, cancel: Cancel) -> Result<u64, CoreError> {
        let start = |mail| self.composer.send(mail);
        self.calls.run_with("composer.send", cancel, mail.try_into(), start).await
    }

    /// As [`send`](Self::send), and holds the mail back for so many seconds, at least, an hour at most: until then no flush hands
    /// it over, so that its owner can still [take it back](Self::take_back).
    #[uniffi::method(default(cancel = None))]
    pub async fn send_after(&self, mail: NewMail, seconds: u64, cancel: Cancel) -> Result<u64, CoreError> {
        let start = |mail| self.composer.send_after(mail, Duration::from_secs(seconds));
        self.calls.run_with("composer.send_after", cancel, mail.try_into(), start).await
    }

    /// Takes a mail back that no server took, with its blind copies: what was written is a [draft](Self::draft) again, whose
    /// number is returned. [`Misuse::NothingToRetry`](crate::Misuse::NothingToRetry) when it is too late.
    #[uniffi::method(default(cancel = None))]
    pub async fn take_back(&self, number: u64, cancel: Cancel) -> Result<u64, CoreError> {
        self.calls.run("composer.take_back", cancel, || self.composer.take_back(number)).await
    }

    /// What is said of a mail that is held back; nothing when none is.
    #[uniffi::method(default(cancel = None))]
    pub async fn held(&self, clock: Clock, cancel: Cancel) -> Result<Option<HeldMail>, CoreError> {
        let composer = self.composer.clone();
        self.calls
            .read("composer.held", cancel, move || composer.held(clock.into()))
            .await
            .map(Convert::convert)
    }

    /// Keeps what is written so far, as a new draft or in the place of `number`. Its number.
    #[uniffi::method(default(cancel = None))]
    pub async fn save_draft(
        &self,
        number: Option<u64>,
        mail: NewMail,
        cancel: Cancel,
    ) -> Result<u64, CoreError> {
        let start = |mail| self.composer.save_draft(number, mail);
        self.calls.run_with("composer.save_draft", cancel, mail.try_into(), start).await
    }

    /// All drafts, the oldest first.
    #[uniffi::method(default(cancel = None))]
    pub async fn drafts(&self, cancel: Cancel) -> Result<Vec<DraftSummary>, CoreError> {
        let composer = self.composer.clone();
        self.calls.read("composer.drafts", cancel, move || composer.drafts()).await.map(all)
    }

    /// A draft as it was written. Whose answer it is can't be told any more when that mail is gone; it stays that answer.
    #[uniffi::method(default(cancel = None))]
    pub async fn draft(&self, number: u64, cancel: Cancel) -> Result<NewMail, CoreError> {
        let composer = self.composer.clone();
        self.calls.read("composer.draft", cancel, move || composer.draft(number)).await.map(Into::into)
    }

    /// Throws a draft away.
    #[uniffi::method(default(cancel = None))]
    pub async fn discard_draft(&self, number: u64, cancel: Cancel) -> Result<(), CoreError> {
        let composer = self.composer.clone();
        self.calls.read("composer.discard_draft", cancel, move || composer.discard_draft(number)).await
    }

    /// Signs a draft and puts it into the outbox, whose number is returned: then it is no draft any more. It is held back as by
    /// [`send_after`](Self::send_after).
    #[uniffi::method(default(cancel = None))]
    pub async fn send_draft_after(
        &self,
        number: u64,
        seconds: u64,
        cancel: Cancel,
    ) -> Result<u64, CoreError> {
        let start = || self.composer.send_draft_after(number, Duration::from_secs(seconds));
        self.calls.run("composer.send_draft_after", cancel, start).await
    }

    /// What is in the outbox.
    #[uniffi::method(default(cancel = None))]
    pub async fn outbox(&self, cancel: Cancel) -> Result<Vec<OutboxEntry>, CoreError> {
        let composer = self.composer.clone();
        self.calls.read("composer.outbox", cancel, move || composer.outbox()).await.map(all)
    }

    /// Sends what is due now.
    #[uniffi::method(default(cancel = None))]
    pub async fn flush(&self, cancel: Cancel) -> Result<Flushed, CoreError> {
        self.calls.run("composer.flush", cancel, || self.composer.flush()).await.map(Into::into)
    }

    /// Throws a mail away that is not sent.
    #[uniffi::method(default(cancel = None))]
    pub async fn discard(&self, number: u64, cancel: Cancel) -> Result<(), CoreError> {
        self.calls.run("composer.discard", cancel, || self.composer.discard(number)).await
    }

    /// Lets a stuck mail be sent (again) by the next flush, at its owner's word.
    #[uniffi::method(default(cancel = None))]
    pub async fn retry(&self, number: u64, cancel: Cancel) -> Result<(), CoreError> {
        let composer = self.composer.clone();
        self.calls.read("composer.retry", cancel, move || composer.retry(number)).await
    }
}

impl Composer {
    pub(crate) fn new(calls: &Arc<Calls>, composer: client::Composer) -> Arc<Self> {
        Arc::new(Composer { calls: Arc::clone(calls), composer })
    }
}

impl TryFrom<NewMail> for client::NewMail {
    type Error = CoreError;

    fn try_from(mail: NewMail) -> Result<Self, CoreError> {
        Ok(client::NewMail {
            to: addresses(&mail.to)?,
            cc: addresses(&mail.cc)?,
            bcc: addresses(&mail.bcc)?,
            subject: mail.subject,
            text: mail.text,
            files: all(mail.files),
            answers: mail.answers,
            signed_only: mail.signed_only,
        })
    }
}

impl From<client::NewMail> for NewMail {
    fn from(mail: client::NewMail) -> Self {
        let texts = |people: Vec<client::EmailAddress>| people.iter().map(ToString::to_string).collect();
        NewMail {
            to: texts(mail.to),
            cc: texts(mail.cc),
            bcc: texts(mail.bcc),
            subject: mail.subject,
            text: mail.text,
            files: all(mail.files),
            answers: mail.answers,
            signed_only: mail.signed_only,
        }
    }
}

impl From<client::FileToSend> for FileToSend {
    fn from(file: client::FileToSend) -> Self {
        FileToSend { name: file.name, content_type: file.content_type, bytes: file.bytes }
    }
}

impl From<FileToSend> for client::FileToSend {
    fn from(file: FileToSend) -> Self {
        client::FileToSend { name: file.name, content_type: file.content_type, bytes: file.bytes }
    }
}

impl From<client::RecipientView> for RecipientView {
    fn from(recipient: client::RecipientView) -> Self {
        RecipientView {
            address: recipient.address.to_string(),
            name: recipient.name,
            trust: recipient.trust.into(),
            can_encrypt: recipient.can_encrypt,
        }
    }
}

impl From<client::OutboxEntry> for OutboxEntry {
    fn from(entry: client::OutboxEntry) -> Self {
        OutboxEntry {
            number: entry.number,
            subject: entry.subject,
            recipients: entry.recipients,
            state: entry.state.into(),
            held_until: optional_seconds(entry.held_until),
        }
    }
}

impl From<client::DraftSummary> for DraftSummary {
    fn from(draft: client::DraftSummary) -> Self {
        DraftSummary {
            number: draft.number,
            to: draft.to,
            subject: draft.subject,
            changed: seconds(draft.changed),
            on_server: draft.on_server,
            waits: draft.waits,
        }
    }
}

impl From<client::Flushed> for Flushed {
    fn from(flushed: client::Flushed) -> Self {
        Flushed { sent: flushed.sent, waiting: flushed.waiting, stuck: flushed.stuck }
    }
}
