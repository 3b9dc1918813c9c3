//! The folders that are kept on the device.

use std::collections::BTreeMap;

use engine::imap::{MailboxName, Role};
use engine::ports::{Batch, RecordKey, Tree};
use engine::sync::SpecialFolders;
use serde::{Deserialize, Serialize};

use crate::account::AccountInner;
use crate::error::{CoreError, Thing};
use crate::imap::Imap;
use crate::record::{decode, encode};

/// The folders that are kept on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
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

impl Folder {
    /// All.
    pub const ALL: [Folder; 5] = [Folder::Inbox, Folder::Sent, Folder::Archive, Folder::Junk, Folder::Trash];
    /// What is listed when no folder is named.
    pub(crate) const USUAL: [Folder; 2] = [Folder::Inbox, Folder::Sent];

    /// As in the ids of mails.
    pub fn name(self) -> &'static str {
        match self {
            Folder::Inbox => "inbox",
            Folder::Sent => "sent",
            Folder::Archive => "archive",
            Folder::Junk => "junk",
            Folder::Trash => "trash",
        }
    }

    /// By its name in the ids of mails.
    pub fn named(name: &str) -> Option<Folder> {
        Folder::ALL.into_iter().find(|folder| folder.name() == name)
    }

    fn role(self) -> Role {
        match self {
            Folder::Inbox => Role::Inbox,
            Folder::Sent => Role::Sent,
            Folder::Archive => Role::Archive,
            Folder::Junk => Role::Junk,
            Folder::Trash => Role::Trash,
        }
    }

    /// What it is called where it has to be made.
    fn default_name(self) -> &'static str {
        match self {
            Folder::Inbox => "INBOX",
            Folder::Sent => "Sent",
            Folder::Archive => "Archive",
            Folder::Junk => "Junk",
            Folder::Trash => "Trash",
        }
    }

    /// Its mail is searched, and counts for approvals. What lies in the others was thrown away by somebody.
    pub(crate) fn is_kept(self) -> bool {
        matches!(self, Folder::Inbox | Folder::Sent | Folder::Archive)
    }

    /// Of so many of the newest mails the whole is fetched.
    pub(super) fn newest(self) -> u64 {
        if self.is_kept() { 10_000 } else { 200 }
    }
}

/// Folder and UID of a mail's id, like `inbox.12`.
pub(crate) fn parse_id(id: &str) -> Result<(Folder, u32), CoreError> {
    let parts = id.split_once('.').and_then(|(folder, uid)| {
        let is_number = !uid.is_empty() && uid.bytes().all(|octet| octet.is_ascii_digit());
        Some((Folder::named(folder)?, uid.parse().ok().filter(|_| is_number)?))
    });
    parts.ok_or(CoreError::NotFound(Thing::Mail))
}

/// What the server calls them, as it said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FolderNames(BTreeMap<Folder, String>);

impl FolderNames {
    /// The server's name; the usual one where it has none yet.
    pub(crate) fn of(&self, folder: Folder) -> &str {
        self.0.get(&folder).map_or(folder.default_name(), String::as_str)
    }

    /// The server has it.
    pub(super) fn has(&self, folder: Folder) -> bool {
        self.0.contains_key(&folder)
    }

    /// Which of ours has this name.
    pub(crate) fn folder(&self, name: &str) -> Option<Folder> {
        Folder::ALL.into_iter().find(|folder| self.of(*folder) == name)
    }

    /// What actions need to know of them.
    pub(crate) fn special(&self) -> SpecialFolders {
        let name = |folder| Some(self.of(folder).to_owned());
        SpecialFolders {
            trash: name(Folder::Trash),
            junk: name(Folder::Junk),
            archive: name(Folder::Archive),
        }
    }
}

impl AccountInner {
    pub(crate) fn folder_group(&self, folder: Folder) -> Vec<u8> {
        format!("{}\0{}", self.group(), folder.name()).into_bytes()
    }

    pub(crate) fn mail_key(&self, folder: Folder, uid: u32) -> RecordKey {
        RecordKey::numbered(Tree::Mail, self.folder_group(folder), u64::from(uid))
    }

    fn names_key(&self) -> RecordKey {
        RecordKey::named(Tree::Sync, self.group(), "folder names")
    }

    pub(crate) fn folder_names(&self) -> Result<FolderNames, CoreError> {
        let stored = self.store()?.read(&self.names_key())?;
        Ok(stored.map(|octets| decode(&octets)).transpose()?.unwrap_or_default())
    }

    /// Asks the server for its folders, and makes those that are needed and missing.
    pub(super) async fn find_folders(
        &self,
        imap: &mut Imap,
        needed: &[Folder],
    ) -> Result<FolderNames, CoreError> {
        let listed = imap.folders().await?;
        let list = listed.folders;
        let mut names = FolderNames::default();
        names.0.insert(Folder::Inbox, MailboxName::inbox().shown().to_owned());
        for folder in Folder::ALL.into_iter().filter(|folder| *folder != Folder::Inbox) {
            let found = list.iter().find(|entry| entry.role == Some(folder.role()) && entry.is_selectable);
            let name = match found {
                Some(entry) => entry.name.clone(),
                None if needed.contains(&folder) => imap.create(folder.default_name()).await?,
                None => continue,
            };
            names.0.insert(folder, name.shown().to_owned());
        }
        if self.folder_names()? != names {
            let mut batch = Batch::default();
            batch.put(self.names_key(), encode(&names)?);
            self.store()?.apply(batch)?;
        }
        if listed.is_complete {
            self.end_homeless_actions(&names)?;
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_mails_name_a_folder_and_a_uid() {
        assert_eq!(parse_id("inbox.12").unwrap(), (Folder::Inbox, 12));
        assert_eq!(parse_id("trash.4294967295").unwrap(), (Folder::Trash, u32::MAX));
        for wrong in ["", "inbox", "inbox.", "inbox.-1", "inbox.+1", "inbox.4294967296", "INBOX.1", "x.1"] {
            assert!(parse_id(wrong).is_err(), "{wrong}");
        }
    }
}
