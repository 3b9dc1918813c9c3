//! Opening folders.

use engine::imap::{Code, Command, MailboxName, Response, StatusKind};
use engine::sync::Flags;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use crate::error::{CoreError, ServerProblem};

/// What SELECT or EXAMINE said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selected {
    pub(crate) uid_validity: u32,
    pub(crate) exists: u32,
    /// Some servers leave it out.
    pub(crate) uid_next: Option<u32>,
    /// `None` also for NOMODSEQ.
    pub(crate) highest_modseq: Option<u64>,
    /// `None`: not said, so all (RFC 9051 section 7.1).
    pub(crate) permanent_flags: Option<Flags>,
    /// New keywords can be made.
    pub(crate) new_keywords: bool,
    pub(crate) is_read_only: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Opens a folder read-only (EXAMINE): nothing is marked as read or recent by looking. News of the one that was open end here.
    pub(crate) async fn examine(&mut self, folder: &MailboxName) -> Result<Selected, CoreError> {
        self.open_folder("EXAMINE", folder, Selected { is_read_only: true, ..Selected::default() }).await
    }

    /// Opens a folder to change it (SELECT).
    pub(crate) async fn select(&mut self, folder: &MailboxName) -> Result<Selected, CoreError> {
        self.open_folder("SELECT", folder, Selected::default()).await
    }

    async fn open_folder(
        &mut self,
        how: &'static str,
        folder: &MailboxName,
        mut selected: Selected,
    ) -> Result<Selected, CoreError> {
        let outcome = self
            .run_ok(&Command::new(how).string(folder.wire()), |response| {
                selected.take(response);
                None
            })
            .await?;
        if let Some(code) = outcome.status.code {
            selected.read(code);
        }
        self.news.take();
        self.exists = selected.exists;
        if selected.uid_validity == 0 {
            return Err(self.place.server(ServerProblem::Protocol));
        }
        Ok(selected)
    }
}

impl Selected {
    pub(super) fn take(&mut self, response: Response) {
        match response {
            // What came before belongs to the folder that was open (RFC 7162 section 3.2.11).
            Response::Untagged(status) if status.says("CLOSED") => {
                *self = Selected { is_read_only: self.is_read_only, ..Selected::default() };
            }
            Response::Untagged(status) if status.kind == StatusKind::Ok => {
                if let Some(code) = status.code {
                    self.read(code);
                }
            }
            Response::Exists(count) => self.exists = count,
            Response::Expunge(_) => self.exists = self.exists.saturating_sub(1),
            _ => {}
        }
    }

    pub(super) fn read(&mut self, code: Code) {
        match code {
            Code::UidValidity(validity) => self.uid_validity = validity,
            Code::UidNext(uid) => self.uid_next = Some(uid),
            Code::HighestModSeq(modseq) => self.highest_modseq = Some(modseq).filter(|modseq| *modseq > 0),
            Code::NoModSeq => self.highest_modseq = None,
            Code::PermanentFlags(words) => {
                self.new_keywords = words.iter().any(|word| word == "\\*");
                self.permanent_flags = Some(Flags::parse(words.iter().map(String::as_str)));
            }
            Code::ReadOnly => self.is_read_only = true,
            Code::ReadWrite => self.is_read_only = false,
            _ => {}
        }
    }
}
