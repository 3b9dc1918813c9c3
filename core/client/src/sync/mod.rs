//! Synchronising with the server, and what a received mail leads to.

mod act;
mod drive;
mod folder;
mod judge;
mod local;
mod news;
mod watch;

use std::pin::pin;
use std::time::Duration;

use engine::secure::Verdict;
use serde::{Deserialize, Serialize};
use smime::UnixTime;

use crate::account::AccountInner;
use crate::core::Event;
use crate::error::CoreError;
use crate::outbox::Flushed;
use crate::search::Unindexed;
pub(crate) use act::ShownMail;
pub use act::{MailAction, UndoneReason};
pub use folder::Folder;
pub(crate) use folder::{FolderNames, parse_id};
pub(crate) use judge::Counter;
pub(crate) use local::{LocalFolder, bodies};
pub use watch::Stop;

/// The rules by which stored verdicts were made; a newer version judges again. Whoever changes what a reader says of a
/// mail, in `mail`, `smime` or `engine`, raises it. 2: ambiguous structure, look-alikes, revocation.
pub(crate) const POLICY_VERSION: u32 = 2;

/// How long fetching may take before what waits in the outbox is sent meanwhile, and how long until it is looked at again. What
/// comes first may say that a decision which waits there is of no use any more.
const HEAD_START: Duration = Duration::from_secs(30);

/// What a synchronisation did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// New mails in the inbox and among sent mail.
    pub new: u64,
    /// Mails that are gone from their folders on the server.
    pub removed: u64,
    /// Mails that were sent.
    pub sent: u64,
    /// Mails that wait in the outbox.
    pub waiting: u64,
    /// Mails in the outbox that need their owner.
    pub stuck: u64,
}

/// A stored mail without its octets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MailRecord {
    pub(crate) uid: u32,
    pub(crate) octets: u64,
    pub(crate) received: UnixTime,
    pub(crate) from_name: Option<String>,
    pub(crate) message_id: Option<String>,
    pub(crate) content: Content,
    pub(crate) policy: u32,
    /// Begin of the text, one line.
    #[serde(default)]
    pub(crate) preview: Option<String>,
    /// Its place among others; none in records of an older version.
    #[serde(default)]
    pub(crate) place: Option<Place>,
}

/// What a mail says of its place among others; see [`mail::thread`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) message_id: Option<String>,
    pub(crate) references: Vec<String>,
    pub(crate) is_protected: bool,
}

/// What is known of a mail's content.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Content {
    /// Judged.
    Judged(Box<Verdict>),
    /// Not fetched: larger than this version takes.
    TooLarge,
    /// Over a limit of the MIME reader; the octets are kept.
    Unreadable,
}

impl AccountInner {
    /// Everything: mail in, meetings, approvals, outbox; with `now_please` also mail there that waits for a later attempt.
    pub(crate) async fn sync(&self, now_please: bool) -> Result<SyncReport, CoreError> {
        self.sync_with(now_please, HEAD_START).await
    }

    /// As [`sync`](Self::sync), with another [`HEAD_START`].
    async fn sync_with(&self, now_please: bool, head_start: Duration) -> Result<SyncReport, CoreError> {
        self.core.attend_woken().await;
        let synced = self.sync_alone(now_please, head_start).await;
        self.core.attend_woken().await;
        synced
    }

    async fn sync_alone(&self, now_please: bool, head_start: Duration) -> Result<SyncReport, CoreError> {
        let _busy = self.busy.lock().await;
        match self.sync_once(now_please, head_start).await {
            // The mail cache can be fetched again; keys, people, approvals and the outbox are not in it.
            Err(CoreError::Store(error)) if error == store::CACHE_DAMAGED => {
                self.core.sealed_store()?.clear_cache()?;
                self.core.emit(Event::CacheRebuilt);
                self.sync_once(now_please, head_start).await
            }
            done => done,
        }
    }

    /// As if no mail had ever been fetched.
    pub(crate) async fn forget_mail(&self) -> Result<(), CoreError> {
        let _busy = self.busy.lock().await;
        let names = self.folder_names()?;
        for folder in Folder::ALL {
            LocalFolder::open(self, folder, names.of(folder))?.forget()?;
        }
        Ok(())
    }

    /// Sends what waits again and again, with a pause between, until the fetch ends; how much was sent.
    async fn send_beside<T>(
        &self,
        fetching: impl Future<Output = T>,
        now_please: bool,
        pause: Duration,
    ) -> (T, u64) {
        let ended = tokio::sync::Notify::new();
        let fetching = async {
            let fetched = fetching.await;
            ended.notify_one();
            fetched
        };
        let sending = async {
            let (mut sent, mut now_please) = (0, now_please);
            loop {
                sent += self.flush(now_please).await.map_or(0, |flushed| flushed.sent);
                // Asked for once: whoever said "later" is not asked every half minute, nor are attempts used up.
                now_please = false;
                tokio::select! {
                    () = ended.notified() => return sent,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        };
        tokio::join!(fetching, sending)
    }

    async fn sync_once(&self, now_please: bool, head_start: Duration) -> Result<SyncReport, CoreError> {
        let mut report = SyncReport::default();
        let mut unindexed = Unindexed::default();
        let fetched = match self.imap().await {
            Ok(mut imap) => {
                let (fetched, sent) = {
                    let mut fetching = pin!(self.fetch_all(&mut imap, &mut report, &mut unindexed));
                    match tokio::time::timeout(head_start, &mut fetching).await {
                        Ok(fetched) => (fetched, 0),
                        Err(_) => self.send_beside(fetching, now_please, head_start).await,
                    }
                };
                report.sent = sent;
                imap.logout().await;
                fetched
            }
            Err(error) => Err(error),
        };
        if let Err(error @ (CoreError::Store(_) | CoreError::Vault(_))) = fetched {
            return Err(error);
        }
        // An index that can't be written keeps nothing from being sent, either.
        let indexed = self.index(&mut unindexed).await;
        // A mailbox that can't be read now keeps nothing from being sent.
        self.repeat_meetings().await?;
        self.automatic_approvals().await?;
        self.send_waiting_drafts().await?;
        let flushed = self.flush(now_please).await;
        fetched?;
        indexed?;
        let Flushed { sent, waiting, stuck } = flushed?;
        report.sent += sent;
        report.waiting = waiting;
        report.stuck = stuck;
        Ok(report)
    }
}
