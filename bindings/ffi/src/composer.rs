//! Writing mail and the outbox.

use std::sync::Arc;

use crate::calls::{Calls, Cancel};
use crate::error::{CoreError, addresses};
use crate::mirror::{Convert, all, mirror};
use crate::people::Trust;
use crate::view::{ComposeScreen, WrittenMail};

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
        }
    }
}

impl From<client::Flushed> for Flushed {
    fn from(flushed: client::Flushed) -> Self {
        Flushed { sent: flushed.sent, waiting: flushed.waiting, stuck: flushed.stuck }
    }
}
