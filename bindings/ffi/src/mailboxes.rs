//! Stored mail.

use std::sync::Arc;

use crate::calls::{Calls, Cancel};
use crate::error::CoreError;
use crate::mirror::{Convert, all, mirror, octets, optional_seconds};
use crate::people::Trust;
use crate::verdict::{EncryptionState, SignatureState, Summary, Verdict};
use crate::view::{Clock, Connection, InboxScreen, MessageScreen};

mirror! {
    both
    /// The folders that are kept on the device.
    Folder = client::Folder {
        /// INBOX.
        Inbox,
        /// Sent mail.
        Sent,
        /// Mail that is done with.
        Archive,
        /// Spam.
        Junk,
        /// Deleted mail.
        Trash,
    }
}

mirror! {
    both
    /// Something done to mails. Each works offline; the server hears of it with the next synchronisation.
    MailAction = client::MailAction {
        /// Mark as read.
        MarkRead,
        /// Mark as unread.
        MarkUnread,
        /// Set the star.
        Star,
        /// Take the star away.
        Unstar,
        /// Move to the archive.
        Archive,
        /// Mark as spam and move there.
        Junk,
        /// Move back to the inbox.
        ToInbox,
        /// Move to the trash; what lies there already is removed for good.
        Delete,
    }
}

mirror! {
    /// Why something that was done to mail could not be done on the server.
    UndoneReason = client::UndoneReason {
        /// The server refused, or is too busy for too long.
        Refused,
        /// There is no such folder.
        NoSuchFolder,
        /// No space left on the server.
        OverQuota,
        /// The folder may only be read, or keeps no such marks.
        ReadOnly,
        /// The mail was moved or deleted elsewhere before.
        Gone,
        /// It can't be seen any more whether it was done. Nothing was deleted.
        Unknown,
    }
}

mirror! {
    /// Why a mail's content is not here.
    MailProblem = client::MailProblem {
        /// Larger than this version fetches.
        TooLarge,
        /// Over a limit of the MIME reader.
        Unreadable,
    }
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MailSummary {
    /// Its id.
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
    pub date: Option<i64>,
    /// Which layers lie at the root, whatever they are worth.
    pub summary: Summary,
    /// State of the signature.
    pub signature: SignatureState,
    /// Why its signer is trusted.
    pub trust: Trust,
    /// Whether it could be opened.
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

/// A mail server says that it could not deliver a mail. Anybody may claim that.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Undelivered {
    /// To whom, in lower case.
    pub address: String,
    /// It goes on trying; else it gave up.
    pub delayed: bool,
    /// Why (RFC 3463), like `5.1.1`.
    pub status: Option<String>,
}

/// One mail, opened.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MailView {
    /// Its id.
    pub id: String,
    /// The verdict, as computed when it came in.
    pub verdict: Verdict,
    /// What stands under the sender.
    pub status: crate::view::MessageStatus,
    /// Display name of From; show it only with the address.
    pub name: Option<String>,
    /// Text to be shown; none when it could not be opened.
    pub text: Option<String>,
    /// What an answer may quote: nothing of what anybody may have changed on the way.
    pub quote: Option<String>,
    /// The same as HTML, nothing loaded from elsewhere; none where `quote` is none.
    pub html: Option<Html>,
    /// Attachments.
    pub attachments: Vec<AttachmentView>,
    /// Id of the approval that it is about, as it claims: ask [`Approvals`](crate::Approvals) for it.
    pub approval: Option<String>,
    /// To whom mail servers say that they could not deliver it.
    pub undelivered: Vec<Undelivered>,
}

/// HTML that can be shown: without scripts, styles, forms and whatever is loaded from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Html {
    /// The body's content.
    pub source: String,
    /// How many pictures were left out because they are loaded from elsewhere.
    pub blocked: u64,
    /// Links that name another place than the one they lead to.
    pub deceptive: Vec<Link>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Link {
    /// The place that its text names.
    pub shown: String,
    /// Where it leads.
    pub target: String,
}

/// One attachment.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AttachmentView {
    /// Names it in this mail.
    pub part: String,
    /// File name, as the sender wrote it.
    pub name: Option<String>,
    /// `type/subtype`.
    pub content_type: String,
    /// Decoded size.
    pub octets: u64,
}

/// The stored mail of one account. Works without a network.
#[derive(uniffi::Object)]
pub struct Mailboxes {
    calls: Arc<Calls>,
    mailboxes: client::Mailboxes,
}

#[uniffi::export]
impl Mailboxes {
    /// Mail of one folder, or of inbox and sent mail; oldest first.
    #[uniffi::method(default(folder = None, cancel = None))]
    pub async fn list(&self, folder: Option<Folder>, cancel: Cancel) -> Result<Vec<MailSummary>, CoreError> {
        let mailboxes = self.mailboxes.clone();
        let work = move || mailboxes.list(folder.map(Into::into));
        self.calls.read("mailboxes.list", cancel, work).await.map(all)
    }

    /// One mail, opened with the account's keys.
    #[uniffi::method(default(cancel = None))]
    pub async fn read(&self, id: String, cancel: Cancel) -> Result<MailView, CoreError> {
        self.calls.run("mailboxes.read", cancel, || self.mailboxes.read(&id)).await.map(Into::into)
    }

    /// Screen 04.
    #[uniffi::method(default(cancel = None))]
    pub async fn screen(
        &self,
        connection: Connection,
        clock: Clock,
        cancel: Cancel,
    ) -> Result<InboxScreen, CoreError> {
        let mailboxes = self.mailboxes.clone();
        let work = move || mailboxes.screen(connection.into(), clock.into());
        self.calls.read("mailboxes.screen", cancel, work).await.map(Convert::convert)
    }

    /// Screen 05: one mail, opened with the account's keys.
    #[uniffi::method(default(cancel = None))]
    pub async fn read_screen(&self, id: String, cancel: Cancel) -> Result<MessageScreen, CoreError> {
        let start = || self.mailboxes.read_screen(&id);
        self.calls.run("mailboxes.read_screen", cancel, start).await.map(Convert::convert)
    }

    /// Octets of an attachment.
    #[uniffi::method(default(cancel = None))]
    pub async fn attachment(&self, id: String, part: String, cancel: Cancel) -> Result<Vec<u8>, CoreError> {
        self.calls.run("mailboxes.attachment", cancel, || self.mailboxes.attachment(&id, &part)).await
    }

    /// Does something to mails, named by their ids. It is kept when this returns, and seen in lists at once.
    #[uniffi::method(default(cancel = None))]
    pub async fn act(&self, ids: Vec<String>, action: MailAction, cancel: Cancel) -> Result<(), CoreError> {
        let mailboxes = self.mailboxes.clone();
        self.calls.read("mailboxes.act", cancel, move || mailboxes.act(&ids, action.into())).await
    }

    /// The mail as received, still encrypted.
    #[uniffi::method(default(cancel = None))]
    pub async fn export(&self, id: String, cancel: Cancel) -> Result<Vec<u8>, CoreError> {
        let mailboxes = self.mailboxes.clone();
        self.calls.read("mailboxes.export", cancel, move || mailboxes.export(&id)).await
    }
}

impl Mailboxes {
    pub(crate) fn new(calls: &Arc<Calls>, mailboxes: client::Mailboxes) -> Arc<Self> {
        Arc::new(Mailboxes { calls: Arc::clone(calls), mailboxes })
    }
}

impl From<client::MailSummary> for MailSummary {
    fn from(mail: client::MailSummary) -> Self {
        MailSummary {
            id: mail.id,
            from: mail.from,
            name: mail.name,
            to: mail.to,
            subject: mail.subject,
            date: optional_seconds(mail.date),
            summary: mail.summary.into(),
            signature: mail.signature.into(),
            trust: mail.trust.into(),
            encryption: mail.encryption.into(),
            seen: mail.seen,
            flagged: mail.flagged,
            octets: mail.octets,
            problem: mail.problem.map(Into::into),
            undelivered: all(mail.undelivered),
        }
    }
}

impl From<client::MailView> for MailView {
    fn from(mail: client::MailView) -> Self {
        MailView {
            id: mail.id,
            verdict: mail.verdict.into(),
            status: mail.status.convert(),
            name: mail.name,
            text: mail.text,
            quote: mail.quote,
            html: mail.html.map(Into::into),
            attachments: all(mail.attachments),
            approval: mail.approval,
            undelivered: all(mail.undelivered),
        }
    }
}

impl From<client::Undelivered> for Undelivered {
    fn from(report: client::Undelivered) -> Self {
        Undelivered { address: report.address, delayed: report.delayed, status: report.status }
    }
}

impl From<client::Html> for Html {
    fn from(html: client::Html) -> Self {
        Html { source: html.source, blocked: octets(html.blocked), deceptive: all(html.deceptive) }
    }
}

impl From<client::Link> for Link {
    fn from(link: client::Link) -> Self {
        Link { shown: link.shown, target: link.target }
    }
}

impl From<client::AttachmentView> for AttachmentView {
    fn from(attachment: client::AttachmentView) -> Self {
        AttachmentView {
            part: attachment.part,
            name: attachment.name,
            content_type: attachment.content_type,
            octets: octets(attachment.bytes),
        }
    }
}
