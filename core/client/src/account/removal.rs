//! Removing an account from a home.
//!
//! One batch is the step: what makes the account exist and what logs in goes, and a note comes that the rest is to be cleared
//! away. Before it, everything is as it was; after it, there is no such account, whatever else is still there. Clearing away
//! begins anew after a crash, and the note goes last: opening the home looks for notes, and so does whoever adds the same address
//! again. All names of groups begin with that of the account, alone or before a zero octet, and are found by that.

use std::sync::Arc;
use std::time::Duration;

use engine::ports::{Batch, Item, KeyRole, RecordKey, Store, Tree, VaultError};
use serde::Serialize;

use super::settings_key;
use crate::core::{CoreInner, Event};
use crate::error::{CoreError, Thing};
use crate::{drafts, outbox, sync};

/// How long a synchronisation that runs may take to end by itself. One that is cut off leaves octets of mail of which no record
/// tells.
const PATIENCE: Duration = Duration::from_secs(10);
/// Records that go in one batch.
const BATCH_RECORDS: usize = 2_000;

/// What came of removing an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It stays: something is nowhere but here.
    Unsent(Unsent),
}

/// What is lost with an account, because it is nowhere but here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unsent {
    /// Mails in the outbox, also those that were refused, and those whose copy for the sent mail is due.
    pub mails: u64,
    /// Drafts. The copies on the server are encrypted to keys that go with the account.
    pub drafts: u64,
}

impl Unsent {
    /// Nothing is lost.
    pub fn is_nothing(self) -> bool {
        self == Unsent::default()
    }

    /// Of an account that there is.
    pub(crate) fn of(store: &dyn Store, name: &str) -> Result<Self, CoreError> {
        if store.read(&settings_key(name))?.is_none() {
            return Err(CoreError::NotFound(Thing::Account));
        }
        Ok(Unsent { mails: outbox::unsent(store, name)?, drafts: drafts::count(store, name)? })
    }
}

/// See [`Core::remove_account`](crate::Core::remove_account).
pub(crate) async fn remove(
    core: &Arc<CoreInner>,
    name: &str,
    discard_unsent: bool,
) -> Result<Removal, CoreError> {
    let _removing = core.removing.lock().await;
    let store = core.sealed_store()?;
    if store.read(&settings_key(name))?.is_none() {
        if store.read(&note_key(name))?.is_none() {
            return Err(CoreError::NotFound(Thing::Account));
        }
        clear_with_cache(core, name).await?;
        return Ok(Removal::Removed);
    }
    let shared = core.shared(name);
    let _idle = tokio::time::timeout(PATIENCE, shared.busy.lock()).await.ok();
    {
        // Whoever merges what woken processes did goes through all accounts.
        let _attending = core.attending.lock().await;
        // Whoever has stored a body stores its record, too, by which it is found again.
        let _commit = shared.committing();
        let mut unsent = Unsent::default();
        let is_gone = shared.gate.shut_if(|| {
            if !discard_unsent {
                unsent = Unsent::of(store.as_ref(), name)?;
            }
            if unsent.is_nothing() {
                take_away(store.as_ref(), name)?;
            }
            Ok(unsent.is_nothing())
        })?;
        if !is_gone {
            return Ok(Removal::Unsent(unsent));
        }
        shared.people.forget();
        core.forget_removed(name);
    }
    // Whoever waits for news is told; who writes elsewhere than to the store is waited for.
    shared.acted.notify_waiters();
    #[cfg(feature = "search")]
    drop(shared.indexing.lock().await);
    // What logs in stands in there, too.
    core.attend_woken().await;
    clear_with_cache(core, name).await?;
    Ok(Removal::Removed)
}

/// The step that counts.
fn take_away(store: &dyn Store, name: &str) -> Result<(), CoreError> {
    let mut batch = Batch::default();
    for (item, _) in store.scan(Tree::Accounts, name.as_bytes())? {
        batch.remove(RecordKey { tree: Tree::Accounts, group: name.as_bytes().to_vec(), item });
    }
    batch.put(note_key(name), Vec::new());
    Ok(store.apply(batch)?)
}

/// Clears away what is left of an account, if it was removed.
pub(super) async fn clear_away(core: &CoreInner, name: &str) -> Result<(), CoreError> {
    let _removing = core.removing.lock().await;
    if core.sealed_store()?.read(&note_key(name))?.is_none() {
        return Ok(());
    }
    clear_with_cache(core, name).await
}

/// Clears away what is left of all accounts that were removed.
pub(crate) async fn clear_away_removed(core: &CoreInner) -> Result<(), CoreError> {
    for group in core.sealed_store()?.groups(Tree::Keys)? {
        let name = group.strip_suffix(NOTE).and_then(|name| std::str::from_utf8(name).ok());
        if let Some(name) = name {
            clear_away(core, name).await?;
        }
    }
    Ok(())
}

/// As [`clear`], where the stored mail may be damaged: then it is not known whose it is, and all of it is fetched again.
async fn clear_with_cache(core: &CoreInner, name: &str) -> Result<(), CoreError> {
    match clear(core, name).await {
        Err(CoreError::Store(error)) if error == store::CACHE_DAMAGED => {
            core.sealed_store()?.clear_cache()?;
            core.emit(Event::CacheRebuilt);
            clear(core, name).await
        }
        done => done,
    }
}

async fn clear(core: &CoreInner, name: &str) -> Result<(), CoreError> {
    let store = core.sealed_store()?;
    let note = note_key(name);
    for tree in Tree::ALL {
        for group in store.groups(tree)? {
            if is_of(&group, name) && group != note.group {
                clear_group(store.as_ref(), name, tree, &group)?;
            }
        }
    }
    #[cfg(feature = "search")]
    engine::search::SearchIndex::clear(core.sealed_store()?.search_index(name.as_bytes()).as_ref())?;
    for key in core.vault.list().await? {
        if key.account == name && key.role != KeyRole::Sealing {
            match core.vault.delete(&key.id).await {
                Ok(()) | Err(VaultError::NoSuchKey) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let mut batch = Batch::default();
    batch.remove(note);
    Ok(store.apply(batch)?)
}

/// What the records say of bodies goes before the records.
fn clear_group(store: &dyn Store, name: &str, tree: Tree, group: &[u8]) -> Result<(), CoreError> {
    for records in store.scan(tree, group)?.chunks(BATCH_RECORDS) {
        let (mut bodies, mut batch) = (Vec::new(), Batch::default());
        for (item, octets) in records {
            match (tree, item) {
                (Tree::Outbox, Item::Name(of)) => bodies.extend(outbox::bodies_before(name, of, octets)),
                (Tree::Outbox, Item::Number(_)) => bodies.extend(outbox::body_of_meeting(name, octets)),
                (Tree::Drafts, Item::Number(_)) => bodies.extend(drafts::bodies(name, octets)),
                // A mail may be here in parts, or not looked into yet.
                (Tree::Sync, Item::Number(uid)) => bodies.extend(sync::bodies(store, group, *uid)),
                _ => {}
            }
            let key = RecordKey { tree, group: group.to_vec(), item: item.clone() };
            bodies.push(key.clone());
            batch.remove(key);
        }
        store.remove_bodies(&bodies)?;
        store.apply(batch)?;
    }
    Ok(())
}

fn is_of(group: &[u8], name: &str) -> bool {
    group.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.first().is_none_or(|octet| *octet == 0))
}

/// What the group of a note is called behind the name of the account.
const NOTE: &[u8] = b"\0removed";

/// The note that an account is removed, and not all of it is cleared away.
fn note_key(name: &str) -> RecordKey {
    RecordKey::named(Tree::Keys, [name.as_bytes(), NOTE].concat(), "removed")
}

#[cfg(test)]
mod tests;
