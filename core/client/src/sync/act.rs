//! What a user does to mail: kept until the server has it, and shown at once.

use std::collections::BTreeMap;

use engine::ports::{Batch, Item, RecordKey, Tree};
use engine::sync::{self, Action, ActionFailure, ActionKind, Flag, Flags, Seen, Target, arriving, shown};
use serde::{Deserialize, Serialize};

use super::local::SyncedMail;
use super::{Folder, FolderNames, MailRecord, parse_id};
use crate::account::AccountInner;
use crate::core::Event;
use crate::error::{CoreError, Thing};
use crate::mailboxes::Mailboxes;
use crate::record::{decode, encode};

/// Something done to mails. Each works offline; the server hears of it with the next synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailAction {
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

/// Why something that was done to mail could not be done on the server. The mail is shown as the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndoneReason {
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

impl From<ActionFailure> for UndoneReason {
    fn from(failure: ActionFailure) -> Self {
        match failure {
            ActionFailure::Refused | ActionFailure::TooManyAttempts => UndoneReason::Refused,
            ActionFailure::NoSuchFolder => UndoneReason::NoSuchFolder,
            ActionFailure::OverQuota => UndoneReason::OverQuota,
            ActionFailure::ReadOnly | ActionFailure::FlagsNotKept => UndoneReason::ReadOnly,
            ActionFailure::Gone => UndoneReason::Gone,
            ActionFailure::NotFoundAgain | ActionFailure::Unknown => UndoneReason::Unknown,
        }
    }
}

/// A mail as it is shown: with what was done to it since the server was asked.
pub(crate) struct ShownMail {
    pub(crate) folder: Folder,
    pub(crate) record: MailRecord,
    pub(crate) flags: Flags,
}

impl ShownMail {
    pub(crate) fn is_seen(&self) -> bool {
        self.flags.has(&Flag::Seen)
    }

    pub(crate) fn id(&self) -> String {
        format!("{}.{}", self.folder.name(), self.record.uid)
    }
}

impl Mailboxes {
    /// Does something to mails, named by their ids. It is kept when this returns.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] when one of them is not there; then nothing is done to any.
    pub fn act(&self, ids: &[String], action: MailAction) -> Result<(), CoreError> {
        self.inner.act_on(ids, action)
    }
}

impl AccountInner {
    pub(super) fn action_key(&self, id: u64) -> RecordKey {
        RecordKey::numbered(Tree::Actions, self.group(), id)
    }

    /// All that the server does not have yet, oldest first.
    pub(crate) fn actions(&self) -> Result<Vec<Action>, CoreError> {
        let mut actions = Vec::new();
        for (item, octets) in self.store()?.scan(Tree::Actions, self.group().as_bytes())? {
            if let Item::Number(_) = item {
                actions.push(decode(&octets)?);
            }
        }
        Ok(actions)
    }

    /// Ends what was to be done in folders that are none of ours any more: another program renamed or removed them. What lay
    /// there is shown where the server has it now.
    pub(super) fn end_homeless_actions(&self, names: &FolderNames) -> Result<(), CoreError> {
        let mut batch = Batch::default();
        for action in self.actions()? {
            if names.folder(&action.folder).is_none_or(|folder| !names.has(folder)) {
                batch.remove(self.action_key(action.id));
                self.core.emit(Event::Undone { ids: Vec::new(), why: UndoneReason::NoSuchFolder });
            }
        }
        Ok(self.store()?.apply(batch)?)
    }

    fn act_on(&self, ids: &[String], action: MailAction) -> Result<(), CoreError> {
        let names = self.folder_names()?;
        let kind = match action {
            MailAction::MarkRead => ActionKind::AddFlags(Flags::from_iter([Flag::Seen])),
            MailAction::MarkUnread => ActionKind::RemoveFlags(Flags::from_iter([Flag::Seen])),
            MailAction::Star => ActionKind::AddFlags(Flags::from_iter([Flag::Flagged])),
            MailAction::Unstar => ActionKind::RemoveFlags(Flags::from_iter([Flag::Flagged])),
            MailAction::Archive => ActionKind::Archive,
            MailAction::Junk => ActionKind::MarkSpam,
            MailAction::ToInbox => ActionKind::Move { to: names.of(Folder::Inbox).to_owned() },
            MailAction::Delete => ActionKind::Delete,
        };
        let _commit = self.committing();
        let mut targets: BTreeMap<Folder, Vec<Target>> = BTreeMap::new();
        for id in ids {
            let (folder, uid) = parse_id(id)?;
            let missing = CoreError::NotFound(Thing::Mail);
            let record = self.store()?.read(&self.mail_key(folder, uid))?.ok_or(missing.clone())?;
            let record: MailRecord = decode(&record)?;
            let synced = self.synced_mail(folder, uid)?.ok_or(missing)?;
            let target = Target::new(uid, record.message_id, synced.mail.octets);
            let known = targets.entry(folder).or_default();
            if known.iter().all(|known| known.uid != Some(uid)) {
                known.push(target);
            }
        }
        let counter = RecordKey::named(Tree::Actions, self.group(), "next");
        let mut next: u64 =
            self.store()?.read(&counter)?.map(|octets| decode(&octets)).transpose()?.unwrap_or(1);
        let mut batch = Batch::default();
        for (folder, targets) in targets {
            let Some(state) = self.folder_state(folder)? else {
                return Err(CoreError::NotFound(Thing::Mail));
            };
            let action = Action::new(next, names.of(folder), state.uid_validity, targets, kind.clone());
            batch.put(self.action_key(next), encode(&action)?);
            next += 1;
        }
        batch.put(counter, encode(&next)?);
        self.store()?.apply(batch)?;
        self.acted.notify_waiters();
        Ok(())
    }

    /// The folders that pending actions move mail to, from one folder or all.
    pub(super) fn targets_of_actions(&self, from: Option<Folder>) -> Result<Vec<Folder>, CoreError> {
        let names = self.folder_names()?;
        let folder = |action: &Action| match &action.kind {
            ActionKind::Archive => Some(Folder::Archive),
            ActionKind::MarkSpam => Some(Folder::Junk),
            ActionKind::Delete => Some(Folder::Trash),
            ActionKind::Move { to } | ActionKind::Copy { to } => names.folder(to),
            ActionKind::AddFlags(_) | ActionKind::RemoveFlags(_) => None,
        };
        let is_from = |action: &&Action| from.is_none_or(|from| names.of(from) == action.folder);
        Ok(self.actions()?.iter().filter(is_from).filter_map(folder).collect())
    }

    /// The mails of a folder as they are shown, oldest first; mail on its way to it comes last.
    pub(crate) fn shown_mails(&self, folder: Folder) -> Result<Vec<ShownMail>, CoreError> {
        let (names, actions) = (self.folder_names()?, self.actions()?);
        let special = names.special();
        let name = names.of(folder);
        let mut mails = self.shown_here(folder, &actions, &names)?;
        for (from, uid) in arriving(name, &actions, &special) {
            let Some(from) = names.folder(from).filter(|from| *from != folder) else { continue };
            let Some(synced) = self.synced_mail(from, uid)? else { continue };
            if let Some(record) = self.store()?.read(&self.mail_key(from, uid))? {
                mails.push(ShownMail { folder: from, record: decode(&record)?, flags: synced.mail.flags });
            }
        }
        Ok(mails)
    }

    fn shown_here(
        &self,
        folder: Folder,
        actions: &[Action],
        names: &super::FolderNames,
    ) -> Result<Vec<ShownMail>, CoreError> {
        let special = names.special();
        let here: Vec<Action> =
            actions.iter().filter(|action| action.folder == names.of(folder)).cloned().collect();
        let uid_validity = self.folder_state(folder)?.map_or(0, |state| state.uid_validity);
        let synced = self.synced_mails(folder)?;
        let mut mails = Vec::new();
        for (uid, octets) in self.mail_records(folder)? {
            let record: MailRecord = decode(&octets)?;
            let Some(SyncedMail { mail, .. }) = synced.get(&uid) else { continue };
            let seen = Seen {
                folder: names.of(folder),
                uid_validity,
                uid,
                message_id: record.message_id.as_deref(),
                octets: mail.octets,
                flags: &mail.flags,
            };
            let sync::Shown { flags, is_leaving } = shown(&seen, &here, &special);
            if !is_leaving {
                mails.push(ShownMail { folder, record, flags });
            }
        }
        Ok(mails)
    }

    fn synced_mail(&self, folder: Folder, uid: u32) -> Result<Option<SyncedMail>, CoreError> {
        let stored = self.store()?.read(&self.synced_key(folder, uid))?;
        stored.map(|octets| decode(&octets)).transpose()
    }

    /// One mail as it is shown, also while it is on its way elsewhere.
    pub(crate) fn shown_mail(&self, folder: Folder, uid: u32) -> Result<Option<ShownMail>, CoreError> {
        let Some(record) = self.store()?.read(&self.mail_key(folder, uid))? else { return Ok(None) };
        let record: MailRecord = decode(&record)?;
        let names = self.folder_names()?;
        let Some(synced) = self.synced_mail(folder, uid)? else { return Ok(None) };
        let seen = Seen {
            folder: names.of(folder),
            uid_validity: self.folder_state(folder)?.map_or(0, |state| state.uid_validity),
            uid,
            message_id: record.message_id.as_deref(),
            octets: synced.mail.octets,
            flags: &synced.mail.flags,
        };
        let mut actions = self.actions()?;
        actions.retain(|action| action.folder == names.of(folder));
        let flags = shown(&seen, &actions, &names.special()).flags;
        Ok(Some(ShownMail { folder, record, flags }))
    }
}
