//! The folders of an account.

use engine::imap::{Command, FolderEntry, MailboxName, Response, Role, assign_roles};
use engine::sync::Capability;
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use crate::error::{CoreError, ServerProblem};

/// Most folders that are taken from a list.
const MAX_FOLDERS: usize = 10_000;

/// A list of folders.
#[derive(Clone, Debug)]
pub(crate) struct FolderList {
    /// In the order of the server, each name once.
    pub(crate) folders: Vec<FolderEntry>,
    /// Nothing was left out: one that is not here is not on the server.
    pub(crate) is_complete: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// All folders, with what they are for.
    pub(crate) async fn folders(&mut self) -> Result<FolderList, CoreError> {
        let can_say_more = self.capabilities.has(Capability::ListExtended);
        let command = Command::new("LIST \"\" \"*\"");
        let command = match (can_say_more, self.capabilities.has(Capability::SpecialUse)) {
            (true, true) => command.words("RETURN (SUBSCRIBED SPECIAL-USE)"),
            (true, false) => command.words("RETURN (SUBSCRIBED)"),
            (false, _) => command,
        };
        let is_utf8 = self.is_utf8;
        let mut list = FolderList { folders: Vec::new(), is_complete: true };
        let outcome = self
            .run_ok(&command, |response| match response {
                Response::List { attributes, delimiter, name } => {
                    match MailboxName::from_wire(&name, is_utf8) {
                        Some(name) if list.folders.len() < MAX_FOLDERS => {
                            list.folders.push(FolderEntry::listed(name, delimiter, &attributes));
                        }
                        _ => list.is_complete = false,
                    }
                    None
                }
                other => Some(other),
            })
            .await?;
        list.is_complete &= !outcome.is_garbled;
        if !can_say_more {
            self.subscriptions(&mut list.folders).await?;
        }
        list.folders.sort_by(|a, b| a.name.wire().cmp(b.name.wire()));
        list.folders.dedup_by(|a, b| a.name.wire() == b.name.wire());
        let is_odd =
            |name: &MailboxName| MailboxName::from_text(name.shown(), is_utf8).as_ref() != Some(name);
        let names = list.folders.iter().map(|folder| &folder.name);
        self.odd_names = names.filter(|name| is_odd(name)).cloned().collect();
        assign_roles(&mut list.folders);
        Ok(list)
    }

    async fn subscriptions(&mut self, folders: &mut [FolderEntry]) -> Result<(), CoreError> {
        let mut names = std::collections::BTreeSet::new();
        self.run(&Command::new("LSUB \"\" \"*\""), |response| match response {
            Response::Subscribed(name) => {
                if names.len() < MAX_FOLDERS {
                    names.insert(name);
                }
                None
            }
            other => Some(other),
        })
        .await?;
        for folder in folders {
            folder.is_subscribed |= names.contains(folder.name.wire());
        }
        Ok(())
    }

    /// The folder of this role; one that is missing is made with this name.
    pub(crate) async fn folder_for(&mut self, role: Role, name: &str) -> Result<MailboxName, CoreError> {
        let list = self.folders().await?;
        if let Some(folder) = list.folders.into_iter().find(|folder| folder.role == Some(role)) {
            return Ok(folder.name);
        }
        self.create(name).await
    }

    /// Makes a folder.
    pub(crate) async fn create(&mut self, name: &str) -> Result<MailboxName, CoreError> {
        let protocol = self.place.server(ServerProblem::Protocol);
        let name = MailboxName::from_text(name, self.is_utf8).ok_or(protocol)?;
        self.run_ok(&Command::new("CREATE").string(name.wire()), Some).await?;
        Ok(name)
    }
}
