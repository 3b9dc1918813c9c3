//! What is stored of a folder, as the sync machine sees it.
//!
//! Two records of each mail: a small one of what the server says of it, which is read for the whole folder, and
//! [`MailRecord`] of what is in it. Changes are collected and written together; everything that was collected is
//! written before the next command leaves.

use std::collections::BTreeMap;

use engine::ports::{Batch, Item, RecordKey, Store, Tree};
use engine::sync::{Action, BodyState, Effect, Flag, Flags, FolderState, Local, LocalMail, UidSet};
use serde::{Deserialize, Serialize};

use super::{Content, Folder, MailRecord};
use crate::account::AccountInner;
use crate::core::Event;
use crate::error::CoreError;
use crate::imap::MAX_MAIL_OCTETS;
use crate::record::{decode, encode};
use crate::system::now;

/// Changes that are collected at most before they are written.
const BATCH_CHANGES: usize = 2_000;

/// What the server says of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SyncedMail {
    pub(crate) mail: LocalMail,
    /// It was looked into, and did what it is to do here.
    is_judged: bool,
}

/// State of a folder before version 2 of these records: its mails had no records of their own.
#[derive(Deserialize)]
struct OldState {
    uid_validity: u32,
}

/// A mail record of that time.
#[derive(Deserialize)]
struct OldMail {
    octets: u64,
    is_seen: bool,
}

/// One folder's records.
pub(crate) struct LocalFolder<'a> {
    account: &'a AccountInner,
    pub(super) folder: Folder,
    /// What the server calls it.
    name: String,
    state: Option<FolderState>,
    mails: BTreeMap<u32, SyncedMail>,
    actions: Vec<Action>,
    batch: Batch,
    /// Bodies that are written before the batch.
    bodies: Vec<(RecordKey, Vec<u8>)>,
    /// Bodies that go when the batch is written.
    leftovers: Vec<RecordKey>,
    /// Whole mails that came, not looked into yet.
    pub(super) unjudged: BTreeMap<u32, Option<Vec<u8>>>,
    /// Mails that are gone from the server.
    pub(super) removed: u64,
}

impl Local for LocalFolder<'_> {
    fn state(&self) -> Option<FolderState> {
        self.state
    }

    fn uids(&self) -> UidSet {
        self.mails.keys().copied().collect()
    }

    fn mail(&self, uid: u32) -> Option<LocalMail> {
        self.mails.get(&uid).map(|synced| synced.mail.clone())
    }

    fn without_body(&self) -> UidSet {
        let lacks = |synced: &SyncedMail| synced.mail.body != BodyState::Whole;
        self.mails.iter().filter(|(_, synced)| lacks(synced)).map(|(uid, _)| *uid).collect()
    }

    fn actions(&self) -> Vec<Action> {
        self.actions.clone()
    }
}

impl<'a> LocalFolder<'a> {
    pub(crate) fn open(account: &'a AccountInner, folder: Folder, name: &str) -> Result<Self, CoreError> {
        account.take_over(folder)?;
        let mut local = LocalFolder {
            account,
            folder,
            name: name.to_owned(),
            state: account.folder_state(folder)?,
            mails: account.synced_mails(folder)?,
            actions: Vec::new(),
            batch: Batch::default(),
            bodies: Vec::new(),
            leftovers: Vec::new(),
            unjudged: BTreeMap::new(),
            removed: 0,
        };
        // What a crash left.
        let is_left = |synced: &SyncedMail| !synced.is_judged && synced.mail.body == BodyState::Whole;
        local.unjudged =
            local.mails.iter().filter(|(_, synced)| is_left(synced)).map(|(uid, _)| (*uid, None)).collect();
        local.look_for_actions()?;
        Ok(local)
    }

    /// Takes what the user did meanwhile.
    pub(super) fn look_for_actions(&mut self) -> Result<(), CoreError> {
        let mut actions = self.account.actions()?;
        actions.retain(|action| action.folder == self.name);
        self.actions = actions;
        Ok(())
    }

    /// How many mails are to be fetched, at most.
    pub(super) fn lacking(&self) -> u64 {
        self.without_body().len().min(self.folder.newest())
    }

    pub(crate) fn has(&self, uid: u32) -> bool {
        self.mails.contains_key(&uid)
    }

    fn put(&mut self, uid: u32, synced: SyncedMail) -> Result<(), CoreError> {
        self.batch.put(self.account.synced_key(self.folder, uid), encode(&synced)?);
        self.mails.insert(uid, synced);
        Ok(())
    }

    /// A mail was looked into: what is known of it now.
    pub(super) fn judged(&mut self, uid: u32, record: &MailRecord) -> Result<(), CoreError> {
        let Some(synced) = self.mails.get(&uid) else { return Ok(()) };
        let synced = SyncedMail { is_judged: true, ..synced.clone() };
        self.put(uid, synced)?;
        self.put_record(record)
    }

    fn put_record(&mut self, record: &MailRecord) -> Result<(), CoreError> {
        self.batch.put(self.account.mail_key(self.folder, record.uid), encode(record)?);
        self.account.note_unindexed(&mut self.batch, self.folder, record.uid);
        Ok(())
    }

    /// What can be said of a mail that is not here.
    fn put_without_content(&mut self, uid: u32, octets: u64, content: Content) -> Result<(), CoreError> {
        self.put_record(&MailRecord::without_content(uid, octets, content))
    }

    /// One change, with the octets of the body that just came.
    pub(crate) fn carry_out(&mut self, effect: Effect, body: &mut Vec<u8>) -> Result<(), CoreError> {
        match effect {
            Effect::SaveState(state) => {
                self.state = Some(state);
                self.batch.put(self.account.state_key(self.folder), encode(&state)?);
            }
            Effect::PutMail { uid, flags, octets } => self.put_mail(uid, flags, octets)?,
            Effect::PutBody { uid, from, state } => self.put_body(uid, from, state, std::mem::take(body))?,
            Effect::FailBody { uid, state } => {
                self.drop_parts(uid);
                if let Some(synced) = self.mails.get(&uid).cloned() {
                    let octets = synced.mail.octets;
                    self.put(uid, SyncedMail { mail: LocalMail { body: state, ..synced.mail }, ..synced })?;
                    self.put_without_content(uid, octets, Content::Unreadable)?;
                }
            }
            Effect::RemoveMails(uids) => {
                let gone: Vec<u32> = self.mails.keys().filter(|uid| uids.contains(**uid)).copied().collect();
                self.remove(&gone)?;
            }
            Effect::ResetFolder => {
                let gone: Vec<u32> = self.mails.keys().copied().collect();
                self.remove(&gone)?;
                self.state = None;
                self.batch.remove(self.account.state_key(self.folder));
            }
            Effect::SaveAction(action) => {
                self.batch.put(self.account.action_key(action.id), encode(&action)?);
                self.actions.iter_mut().filter(|known| known.id == action.id).for_each(|known| {
                    *known = action.clone();
                });
            }
            Effect::ActionDone(id) => self.end_action(id),
            Effect::ActionFailed(id, failure) => {
                if let Some(action) = self.actions.iter().find(|action| action.id == id) {
                    let uids = action.targets.iter().filter_map(|target| target.uid);
                    let ids = uids.map(|uid| format!("{}.{uid}", self.folder.name())).collect();
                    self.account.core.emit(Event::Undone { ids, why: failure.into() });
                }
                self.end_action(id);
            }
        }
        if self.batch.changes.len() >= BATCH_CHANGES { self.flush() } else { Ok(()) }
    }

    fn end_action(&mut self, id: u64) {
        self.batch.remove(self.account.action_key(id));
        self.actions.retain(|action| action.id != id);
    }

    fn put_mail(&mut self, uid: u32, flags: Flags, octets: u64) -> Result<(), CoreError> {
        let synced = match self.mails.get(&uid).cloned() {
            Some(known) => SyncedMail { mail: LocalMail { flags, octets, ..known.mail }, ..known },
            None => {
                if octets > MAX_MAIL_OCTETS {
                    self.put_without_content(uid, octets, Content::TooLarge)?;
                }
                let mail = LocalMail { flags, octets, body: BodyState::None };
                SyncedMail { mail, is_judged: false }
            }
        };
        self.put(uid, synced)
    }

    /// The octets are on the disk before the record says so.
    fn put_body(&mut self, uid: u32, from: u64, state: BodyState, octets: Vec<u8>) -> Result<(), CoreError> {
        let Some(synced) = self.mails.get(&uid).cloned() else { return Ok(()) };
        let store = self.account.store()?;
        let mut state = state;
        if from == 0 && state == BodyState::Whole {
            self.bodies.push((self.account.mail_key(self.folder, uid), octets.clone()));
            self.unjudged.insert(uid, Some(octets));
        } else {
            store.put_body(&self.part_key(uid, from), &octets)?;
            if state == BodyState::Whole {
                let total = from.saturating_add(u64::try_from(octets.len()).unwrap_or(u64::MAX));
                let (parts, whole) = self.parts(uid)?;
                if u64::try_from(whole.len()) == Ok(total) {
                    store.put_body(&self.account.mail_key(self.folder, uid), &whole)?;
                    self.unjudged.insert(uid, None);
                } else {
                    // A part was lost here: all of it once more, next time.
                    state = BodyState::None;
                }
                self.leftovers.extend(parts);
            }
        }
        self.put(uid, SyncedMail { mail: LocalMail { body: state, ..synced.mail }, is_judged: false })
    }

    fn part_key(&self, uid: u32, from: u64) -> RecordKey {
        part_key(&self.account.folder_group(self.folder), uid, from)
    }

    fn parts(&self, uid: u32) -> Result<(Vec<RecordKey>, Vec<u8>), CoreError> {
        parts(self.account.store()?.as_ref(), &self.account.folder_group(self.folder), uid)
    }

    fn drop_parts(&mut self, uid: u32) {
        // Damaged ones are overwritten when they come again.
        if let Ok((parts, _)) = self.parts(uid) {
            self.leftovers.extend(parts);
        }
    }

    fn remove(&mut self, uids: &[u32]) -> Result<(), CoreError> {
        for uid in uids {
            let Some(synced) = self.mails.remove(uid) else { continue };
            if matches!(synced.mail.body, BodyState::Partial(_)) {
                self.drop_parts(*uid);
            }
            self.unjudged.remove(uid);
            self.removed += 1;
            let key = self.account.mail_key(self.folder, *uid);
            self.batch.remove(self.account.synced_key(self.folder, *uid));
            self.batch.remove(key.clone());
            self.account.note_unindexed(&mut self.batch, self.folder, *uid);
            self.leftovers.push(key);
        }
        Ok(())
    }

    /// Everything of it goes.
    pub(super) fn forget(mut self) -> Result<(), CoreError> {
        self.carry_out(Effect::ResetFolder, &mut Vec::new())?;
        self.flush()
    }

    /// Writes what was collected.
    pub(crate) fn flush(&mut self) -> Result<(), CoreError> {
        let store = self.account.store()?;
        if !self.bodies.is_empty() {
            store.put_bodies(&self.bodies)?;
            self.bodies.clear();
        }
        if !self.batch.changes.is_empty() {
            let _commit = self.account.committing();
            store.apply(std::mem::take(&mut self.batch))?;
        }
        if !self.leftovers.is_empty() {
            store.remove_bodies(&std::mem::take(&mut self.leftovers))?;
        }
        Ok(())
    }
}

fn part_key(folder_group: &[u8], uid: u32, from: u64) -> RecordKey {
    RecordKey::named(Tree::Sync, folder_group, format!("{uid}.{from}"))
}

/// The parts of a mail that are here without a gap, and their octets.
fn parts(store: &dyn Store, folder_group: &[u8], uid: u32) -> Result<(Vec<RecordKey>, Vec<u8>), CoreError> {
    let (mut keys, mut whole) = (Vec::new(), Vec::new());
    loop {
        let key = part_key(folder_group, uid, u64::try_from(whole.len()).unwrap_or(u64::MAX));
        let part = store.body(&key)?.unwrap_or_default();
        keys.push(key);
        if part.is_empty() {
            return Ok((keys, whole));
        }
        whole.extend_from_slice(&part);
    }
}

/// Where the octets of a mail may be stored, whole or in parts.
pub(crate) fn bodies(store: &dyn Store, folder_group: &[u8], uid: u64) -> Vec<RecordKey> {
    let mut keys = vec![RecordKey::numbered(Tree::Mail, folder_group, uid)];
    // Behind a damaged part others can't be found.
    if let Ok((parts, _)) = parts(store, folder_group, u32::try_from(uid).unwrap_or(u32::MAX)) {
        keys.extend(parts);
    }
    keys
}

impl MailRecord {
    pub(crate) fn without_content(uid: u32, octets: u64, content: Content) -> Self {
        MailRecord {
            uid,
            octets,
            received: now(),
            from_name: None,
            message_id: None,
            content,
            policy: super::POLICY_VERSION,
            preview: None,
            place: None,
        }
    }
}

impl AccountInner {
    /// Records of an older version: everything that is here stays, and the server is asked for all flags next time.
    pub(crate) fn take_over(&self, folder: Folder) -> Result<(), CoreError> {
        let key = RecordKey::named(Tree::Sync, self.group(), folder.name());
        let Some(old) = self.store()?.read(&key)? else { return Ok(()) };
        let OldState { uid_validity } = decode(&old)?;
        let mut batch = Batch::default();
        for (uid, octets) in self.mail_records(folder)? {
            let OldMail { octets, is_seen } = decode(&octets)?;
            let is_here = octets <= MAX_MAIL_OCTETS;
            let body = if is_here { BodyState::Whole } else { BodyState::None };
            let flags = is_seen.then_some(Flag::Seen).into_iter().collect();
            let synced = SyncedMail { mail: LocalMail { flags, octets, body }, is_judged: is_here };
            batch.put(self.synced_key(folder, uid), encode(&synced)?);
        }
        let state = FolderState { uid_validity, uid_next: 1, highest_modseq: None };
        batch.put(self.state_key(folder), encode(&state)?);
        batch.remove(key);
        Ok(self.store()?.apply(batch)?)
    }

    pub(crate) fn state_key(&self, folder: Folder) -> RecordKey {
        RecordKey::named(Tree::Sync, self.folder_group(folder), "state")
    }

    pub(super) fn synced_key(&self, folder: Folder, uid: u32) -> RecordKey {
        RecordKey::numbered(Tree::Sync, self.folder_group(folder), u64::from(uid))
    }

    pub(crate) fn folder_state(&self, folder: Folder) -> Result<Option<FolderState>, CoreError> {
        let stored = self.store()?.read(&self.state_key(folder))?;
        stored.map(|octets| decode(&octets)).transpose()
    }

    /// What the server says of each mail of a folder.
    pub(crate) fn synced_mails(&self, folder: Folder) -> Result<BTreeMap<u32, SyncedMail>, CoreError> {
        let records = self.store()?.scan(Tree::Sync, &self.folder_group(folder))?;
        numbered(records).map(|(uid, octets)| Ok((uid, decode(&octets)?))).collect()
    }

    /// The records of a folder's mails, undecoded.
    pub(crate) fn mail_records(&self, folder: Folder) -> Result<Vec<(u32, Vec<u8>)>, CoreError> {
        Ok(numbered(self.store()?.scan(Tree::Mail, &self.folder_group(folder))?).collect())
    }
}

fn numbered(records: Vec<(Item, Vec<u8>)>) -> impl Iterator<Item = (u32, Vec<u8>)> {
    records.into_iter().filter_map(|(item, octets)| match item {
        Item::Number(number) => Some((u32::try_from(number).ok()?, octets)),
        Item::Name(_) => None,
    })
}
