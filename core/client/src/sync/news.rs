//! Waiting for new mail.

use std::sync::Arc;
use std::time::Duration;

use engine::imap::MailboxName;
use engine::sync::IDLE_RENEWAL_SECONDS;

use super::Folder;
use crate::account::{Account, AccountInner};
use crate::error::CoreError;
use crate::imap::Imap;
use crate::system::now;
use crate::task::Task;

impl Account {
    /// Listens to the inbox (IDLE; a server without it is asked every two minutes) until there is something to
    /// synchronise, on the server or here. At most `patience`; [`Task::cancel`] ends it at once.
    ///
    /// What came between the last synchronisation and this call is noticed, too.
    pub fn wait_for_news(&self, patience: Duration) -> Task<()> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move {
            let acted = inner.acted.notified();
            inner.wait_for_news(patience, acted).await
        })
    }
}

impl AccountInner {
    /// Ends also when something is `acted` here.
    pub(super) async fn wait_for_news(
        &self,
        patience: Duration,
        acted: impl Future<Output = ()>,
    ) -> Result<(), CoreError> {
        if self.actions()?.iter().any(|action| action.is_due(now())) {
            // Done since the round began: heard, so that it is not taken for news that are none.
            tokio::select! {
                biased;
                () = acted => {}
                () = std::future::ready(()) => {}
            }
            return Ok(());
        }
        let mut imap = self.imap().await?;
        let listening =
            self.listen(&mut imap, patience.min(Duration::from_secs(IDLE_RENEWAL_SECONDS)), acted);
        let listened = listening.await;
        imap.logout().await;
        listened
    }

    async fn listen(
        &self,
        imap: &mut Imap,
        patience: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<(), CoreError> {
        let selected = imap.examine(&MailboxName::inbox()).await?;
        let known = self.folder_state(Folder::Inbox)?;
        let is_known = known.is_some_and(|known| {
            known.uid_validity == selected.uid_validity
                && selected.uid_next.is_none_or(|next| next == known.uid_next)
                && selected.highest_modseq.is_none_or(|modseq| known.highest_modseq == Some(modseq))
                && u64::from(selected.exists) == self.synced_count(Folder::Inbox)
        });
        if is_known {
            imap.idle(patience, stop).await?;
        }
        Ok(())
    }

    fn synced_count(&self, folder: Folder) -> u64 {
        self.synced_mails(folder).map_or(0, |mails| u64::try_from(mails.len()).unwrap_or(u64::MAX))
    }
}
