//! Adding mail, and finding it again.

use engine::imap::{Code, Command, MailboxName, Response};
use engine::sync::{Capability, Flags, UidSet};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use crate::error::{CoreError, ServerProblem};

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Adds a mail to a folder. Gives UIDVALIDITY and UID where the server tells them (RFC 4315).
    pub(crate) async fn append(
        &mut self,
        folder: &MailboxName,
        flags: &Flags,
        message: &[u8],
    ) -> Result<Option<(u32, u32)>, CoreError> {
        // Refused before it is sent: RFC 7889.
        let octets = u64::try_from(message.len()).unwrap_or(u64::MAX);
        if self.capabilities.append_limit().is_some_and(|limit| octets > limit) {
            return Err(self.place.server(ServerProblem::TooMuch));
        }
        let command = Command::new("APPEND").string(folder.wire()).flags(flags).literal(message);
        let outcome = self.run_ok(&command, Some).await?;
        Ok(match outcome.status.code {
            Some(Code::AppendUid(validity, uid)) => Some((validity, uid)),
            _ => None,
        })
    }

    /// Removes mails from the folder, which must be [selected](Self::select). Without UIDPLUS they are only marked as deleted: to
    /// expunge would remove what others marked, too.
    pub(crate) async fn remove(&mut self, uids: &UidSet) -> Result<(), CoreError> {
        if uids.is_empty() {
            return Ok(());
        }
        let mark = Command::line(&format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)"));
        self.run_ok(&mark, Some).await?;
        if self.capabilities.has(Capability::UidPlus) {
            self.run_ok(&Command::line(&format!("UID EXPUNGE {uids}")), Some).await?;
        }
        Ok(())
    }

    /// Mails of the open folder with this Message-ID. Servers look for a part of it, so there may be more than one.
    pub(crate) async fn search_message_id(&mut self, message_id: &str) -> Result<UidSet, CoreError> {
        let id: String =
            message_id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
        let command = Command::new("UID SEARCH HEADER Message-ID").string(id.as_bytes());
        let mut found = UidSet::new();
        let outcome = self
            .run_ok(&command, |response| match response {
                Response::Found(uids) => {
                    found = found.union(&uids);
                    None
                }
                other => Some(other),
            })
            .await?;
        // "Not found" that is not sure would add a mail twice.
        if outcome.is_garbled { Err(self.place.server(ServerProblem::Protocol)) } else { Ok(found) }
    }
}
