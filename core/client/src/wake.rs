//! Looking for new mail in a process that does not own the home: what a phone does when it is woken.
//!
//! The owner leaves a snapshot (accounts, people, where the inbox ends). A woken process logs in, reads what is new, and
//! writes the mail to a journal; it changes nothing on the server. The owner merges the journal when it opens the home and
//! before each synchronisation: the mail is there then, judged and indexed, without being fetched again. What is told of a
//! mail here is computed as for the inbox, and nothing is learned from it.

use std::sync::Arc;

use engine::imap::MailboxName;
use engine::people::People;
use engine::ports::{Batch, Item, RecordKey, StoreError, Tree};
use engine::sync::{self, Answer, BodyState, Command, Effect, Flag, LocalMail, UidSet};
use serde::{Deserialize, Serialize};
use smime::enveloped::DecryptionKey;
use smime::path::Trust;
use store::{TakenJournal, WakeEntry};

use crate::account::{Account, AccountInner};
use crate::core::CoreInner;
use crate::credential::merge_login;
use crate::error::{CoreError, ServerProblem};
use crate::imap::Imap;
use crate::mailboxes::{MailSummary, summary};
use crate::record::{decode, encode};
use crate::search::Unindexed;
use crate::sync::{Content, Counter, Folder, LocalFolder, MailRecord, ShownMail};
use crate::task::Task;

/// Mails that one waking tells of, the newest.
const MAX_NEWS: u64 = 20;
/// Largest mail that a woken process opens, in octets: it may use 24 MiB in all, and holds a mail several times.
const MAX_OCTETS: u64 = 1024 * 1024;
/// What a listing may take, in octets.
const LISTING_OCTETS: u64 = 256 * 1024;

/// What a woken process found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WakeReport {
    /// Mail that nobody was told of yet, the oldest first.
    pub news: Vec<MailSummary>,
    /// There is more, of which only the owner of the home can tell.
    pub more: bool,
}

/// A mail that a woken process fetched.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Woken {
    mail: LocalMail,
}

impl Account {
    /// Looks for new mail with a core that was opened by [`Core::unlock_woken`](crate::Core::unlock_woken). Each mail is told
    /// once, whichever process was woken.
    pub fn wake(&self) -> Task<WakeReport> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.wake().await })
    }
}

impl AccountInner {
    /// Mails that woken processes fetched from the inbox while it had this UIDVALIDITY.
    fn woken_group(&self, uid_validity: u32) -> Vec<u8> {
        format!("{}\0woken {uid_validity}", self.group()).into_bytes()
    }

    async fn wake(&self) -> Result<WakeReport, CoreError> {
        let mut report = WakeReport::default();
        let Some(state) = self.folder_state(Folder::Inbox)? else {
            report.more = true;
            return Ok(report);
        };
        let mut imap = match self.imap().await {
            // The login is over, and whoever owns the home renews it.
            Err(CoreError::Store(StoreError::InUse)) => {
                report.more = true;
                return Ok(report);
            }
            connected => connected?,
        };
        let selected = imap.examine(&MailboxName::inbox()).await?;
        if selected.uid_validity != state.uid_validity {
            report.more = true;
        } else {
            let group = self.woken_group(state.uid_validity);
            let told = self.store()?.scan(Tree::Sync, &group)?;
            let last = told.iter().filter_map(|(item, _)| match item {
                Item::Number(uid) => u32::try_from(*uid).ok(),
                Item::Name(_) => None,
            });
            let from = last.max().map_or(0, |uid| uid.saturating_add(1)).max(state.uid_next);
            if selected.uid_next.is_none_or(|next| next > from) {
                self.tell_news(&mut imap, from, &group, &mut report).await?;
            }
        }
        imap.logout().await;
        Ok(report)
    }

    async fn tell_news(
        &self,
        imap: &mut Imap,
        from: u32,
        group: &[u8],
        report: &mut WakeReport,
    ) -> Result<(), CoreError> {
        let mut listed = self.list_new(imap, from).await?;
        // Somebody has seen it already, on another device.
        listed.retain(|(_, mail)| !mail.flags.has(&Flag::Seen) && !mail.flags.has(&Flag::Deleted));
        let skipped = listed.len().saturating_sub(usize::try_from(MAX_NEWS).unwrap_or(usize::MAX));
        report.more |= skipped > 0;
        let keys = self.decryption_keys().await?;
        let people = self.people()?;
        for (uid, mail) in listed.into_iter().skip(skipped) {
            let told = self.tell(imap, &keys, &people, group, uid, mail).await;
            match told {
                Ok(news) => report.news.extend(news),
                // What was noted must be told now: it is not told again.
                Err(_) if !report.news.is_empty() => {
                    report.more = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Looks into a mail, and notes that it is told; nothing for mail that phones write to each other.
    async fn tell(
        &self,
        imap: &mut Imap,
        keys: &[DecryptionKey],
        people: &Arc<People>,
        group: &[u8],
        uid: u32,
        mut mail: LocalMail,
    ) -> Result<Option<MailSummary>, CoreError> {
        let mut record = MailRecord::without_content(uid, mail.octets, Content::TooLarge);
        let fetched = match mail.octets <= MAX_OCTETS {
            true => self.fetch_one(imap, uid).await,
            false => Ok(None),
        };
        let (body, failed) = match fetched {
            Ok(body) => (body, None),
            // It is larger than the server said: told all the same, or every waking would end at it.
            Err(error @ CoreError::Server { problem: ServerProblem::TooMuch, .. }) => (None, Some(error)),
            Err(error) => return Err(error),
        };
        if let Some(raw) = &body {
            record.content = Content::Unreadable;
            if let Ok(opened) = self.open_mail(raw, keys, people) {
                record.describe(opened);
            }
            mail.body = BodyState::Whole;
        }
        let flags = mail.flags.clone();
        self.note_woken(group, uid, mail, body)?;
        if let Some(error) = failed {
            return Err(error);
        }
        let shown = ShownMail { folder: Folder::Inbox, record, flags };
        Ok((!shown.is_of_machines()).then(|| summary(&shown)))
    }

    /// So that it is told once, and need not be fetched again.
    fn note_woken(
        &self,
        group: &[u8],
        uid: u32,
        mut mail: LocalMail,
        body: Option<Vec<u8>>,
    ) -> Result<(), CoreError> {
        let key = RecordKey::numbered(Tree::Sync, group, u64::from(uid));
        if let Some(body) = body {
            match self.store()?.put_body(&key, &body) {
                // The journal takes no more: the owner fetches it.
                Err(StoreError::DiskFull) => mail.body = BodyState::None,
                done => done?,
            }
        }
        let mut batch = Batch::default();
        batch.put(key, encode(&Woken { mail })?);
        Ok(self.store()?.apply(batch)?)
    }

    /// Mails of the open folder from a UID on, ascending.
    async fn list_new(&self, imap: &mut Imap, from: u32) -> Result<Vec<(u32, LocalMail)>, CoreError> {
        let refused = imap.fault(ServerProblem::Refused);
        let mut listed = Vec::new();
        let mut performance = imap.perform(&Command::ListNew { from }, LISTING_OCTETS).await?;
        while let Some((event, _)) = performance.next().await? {
            match event {
                // `n:*` names the last mail also where it is older.
                sync::Event::Fetched { uid: Some(uid), flags, octets: Some(octets) } if uid >= from => {
                    listed.push((uid, LocalMail { flags, octets, body: BodyState::None }));
                }
                sync::Event::Done(answer, _) if answer != Answer::Ok => return Err(refused),
                _ => {}
            }
        }
        listed.sort_by_key(|(uid, _)| *uid);
        listed.dedup_by_key(|(uid, _)| *uid);
        Ok(listed)
    }

    /// `None` when it is gone, or does not come whole.
    async fn fetch_one(&self, imap: &mut Imap, uid: u32) -> Result<Option<Vec<u8>>, CoreError> {
        let mut fetched = None;
        let command = Command::FetchBodies { uids: UidSet::range(uid, uid) };
        let mut performance = imap.perform(&command, MAX_OCTETS.saturating_mul(2)).await?;
        while let Some((event, body)) = performance.next().await? {
            if matches!(event, sync::Event::Body { uid: of, .. } if of == uid) {
                fetched = Some(body);
            }
        }
        Ok(fetched)
    }

    /// What a woken process needs of this account.
    fn snapshot(&self, with: With, records: &mut Vec<(RecordKey, Vec<u8>)>) -> Result<(), CoreError> {
        let store = self.store()?;
        let group = self.group().as_bytes();
        for tree in [Tree::Accounts, Tree::Keys] {
            for (item, value) in store.scan(tree, group)? {
                records.push((RecordKey { tree, group: group.to_vec(), item }, value));
            }
        }
        for contact in self.people()?.values() {
            if with == With::Everybody || (with == With::Known && contact.trust <= Trust::PublicCa) {
                let mut batch = Batch::default();
                self.put_contact(&mut batch, contact)?;
                records.extend(batch.changes.into_iter().filter_map(|(key, value)| Some((key, value?))));
            }
        }
        let key = self.state_key(Folder::Inbox);
        let (Some(value), Some(state)) = (store.read(&key)?, self.folder_state(Folder::Inbox)?) else {
            return Ok(());
        };
        records.push((key, value));
        // Told, and not counted by the state yet: the last of them tells it of all.
        if let Some((uid, synced)) = self.synced_mails(Folder::Inbox)?.split_off(&state.uid_next).pop_last() {
            let mail = LocalMail { body: BodyState::None, ..synced.mail };
            let key = RecordKey::numbered(Tree::Sync, self.woken_group(state.uid_validity), u64::from(uid));
            records.push((key, encode(&Woken { mail })?));
        }
        Ok(())
    }

    /// Takes the mails in that woken processes fetched; `false` when a synchronisation is under way.
    async fn merge(&self, entries: &[WakeEntry]) -> Result<bool, CoreError> {
        let Ok(_busy) = self.busy.try_lock() else { return Ok(false) };
        let Some(state) = self.folder_state(Folder::Inbox)? else { return Ok(true) };
        let group = self.woken_group(state.uid_validity);
        let is_ours = |key: &RecordKey| key.tree == Tree::Sync && key.group == group;
        let names = self.folder_names()?;
        let mut local = LocalFolder::open(self, Folder::Inbox, names.of(Folder::Inbox))?;
        for entry in entries {
            let WakeEntry::Record(key, Some(value)) = entry else { continue };
            let (true, Item::Number(uid)) = (is_ours(key), &key.item) else { continue };
            // One that another version wrote is fetched again.
            let (Ok(uid), Ok(Woken { mail })) = (u32::try_from(*uid), decode(value)) else { continue };
            let body = entries.iter().find_map(|entry| match entry {
                WakeEntry::Body(of, Some(body)) if of == key => Some(body),
                _ => None,
            });
            // What the owner has seen since is known better by him.
            if uid < state.uid_next || local.has(uid) {
                continue;
            }
            let LocalMail { flags, octets, body: came } = mail;
            local.carry_out(Effect::PutMail { uid, flags, octets }, &mut Vec::new())?;
            let (Some(body), BodyState::Whole) = (body, came) else { continue };
            let whole = Effect::PutBody { uid, from: 0, state: BodyState::Whole };
            local.carry_out(whole, &mut body.clone())?;
        }
        local.flush()?;
        let mut unindexed = Unindexed::default();
        self.judge(&mut local, &mut unindexed, &mut Counter::default()).await?;
        self.index(&mut unindexed).await?;
        Ok(true)
    }
}

/// Which people a snapshot holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum With {
    Everybody,
    /// Those who are met or certified.
    Known,
    Nobody,
}

impl CoreInner {
    /// Merges what woken processes did, unless an account is busy here, and leaves the next ones what they need. Stands in
    /// nobody's way: when it fails, mail is fetched as ever, and a woken process tells less or something twice.
    pub(crate) async fn attend_woken(self: &Arc<Self>) {
        let _one = self.attending.lock().await;
        let _ = self.try_attend_woken().await;
    }

    async fn try_attend_woken(self: &Arc<Self>) -> Result<(), CoreError> {
        let store = self.sealed_store()?;
        // One that could not be merged to the end is taken again.
        while let Some(taken) = store.take_wake_journal()? {
            let accounts = self.all_accounts()?;
            merge_logins(&accounts, &taken)?;
            for account in &accounts {
                if !account.merge(&taken.entries).await? {
                    // What logs in must be right meanwhile; the journal stays.
                    return self.put_snapshot(None);
                }
            }
            self.put_snapshot(Some(taken))?;
        }
        self.put_snapshot(None)
    }

    /// Takes the logins that woken processes renewed: the ones here are spent.
    pub(crate) async fn attend_logins(self: &Arc<Self>) {
        let _one = self.attending.lock().await;
        let merge = || -> Result<(), CoreError> {
            match self.sealed_store()?.take_wake_journal()? {
                Some(taken) => merge_logins(&self.all_accounts()?, &taken),
                None => Ok(()),
            }
        };
        let _ = merge();
    }

    /// In a process that was woken: somebody owns the home, and renews logins himself.
    pub(crate) fn is_beside_an_owner(&self) -> bool {
        self.woken_store().is_some_and(|woken| woken.has_owner())
    }

    fn put_snapshot(self: &Arc<Self>, merged: Option<TakenJournal>) -> Result<(), CoreError> {
        let mut merged = merged;
        let mut written = Ok(());
        for with in [With::Everybody, With::Known, With::Nobody] {
            let mut records = Vec::new();
            for account in self.all_accounts()? {
                account.snapshot(with, &mut records)?;
            }
            written = self.sealed_store()?.put_wake_snapshot(&records, &mut merged);
            // There may be more people than a woken process can hold.
            if written != Err(StoreError::DiskFull) {
                break;
            }
        }
        Ok(written?)
    }

    fn all_accounts(self: &Arc<Self>) -> Result<Vec<Arc<AccountInner>>, CoreError> {
        let names = self.store()?.groups(Tree::Accounts)?;
        names.iter().map(|name| self.open_account(&String::from_utf8_lossy(name))).collect()
    }
}

fn merge_logins(accounts: &[Arc<AccountInner>], taken: &TakenJournal) -> Result<(), CoreError> {
    for account in accounts {
        for entry in &taken.entries {
            if let WakeEntry::Record(key, Some(login)) = entry {
                merge_login(account.store()?.as_ref(), account.group(), key, login)?;
            }
        }
    }
    Ok(())
}
