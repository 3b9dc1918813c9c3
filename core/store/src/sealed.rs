//! [`SealedStore`]: records, bodies and their guards behind the port.

#[cfg(feature = "search")]
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use engine::ports::{Batch, Item, RecordKey, Store, StoreError, Tree};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::bodies::Bodies;
use crate::files::{create_folder, io_error};
use crate::layout::{Head, HeadFile, lock, open_format};
use crate::record::body_name;
use crate::records::Records;
use crate::records::compaction::{compacted, has_copy, remove_copy};
use crate::seal::Seals;
#[cfg(feature = "search")]
use crate::search::SealedIndex;
use crate::wake::{TakenJournal, WakeFiles};

/// Up to that size of its file, sled's dead room is not worth a copy.
const COMPACTION_OCTETS: u64 = 64 * 1024 * 1024;

/// The store in a folder of its own. One process at a time.
///
/// Calls block: on files, and on each other while a batch is written.
pub struct SealedStore {
    folder: PathBuf,
    seals: Arc<Seals>,
    bodies: Bodies,
    wake: WakeFiles,
    /// One body at a time is written.
    writing_body: Mutex<()>,
    state: RwLock<State>,
    /// Of the accounts that were asked for.
    #[cfg(feature = "search")]
    indexes: Mutex<BTreeMap<Vec<u8>, Arc<SealedIndex>>>,
    /// Dropped last.
    #[cfg_attr(not(feature = "search"), expect(dead_code, reason = "held, never read"))]
    lock: Arc<File>,
}

struct State {
    head_file: HeadFile,
    /// What was acknowledged last.
    head: Head,
    /// `None` after a failed write, until it opens again.
    records: Option<Records>,
}

impl std::fmt::Debug for SealedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SealedStore {
    /// Opens the store in `folder`, or makes one in a folder that has none. `rng` gives nonces.
    ///
    /// # Errors
    /// [`InUse`](StoreError::InUse) when another process, or another handle of this one, has it;
    /// [`WrongKey`](StoreError::WrongKey); [`NewerFormat`](StoreError::NewerFormat); [`Damaged`](StoreError::Damaged) when
    /// records that can't be fetched again were lost or changed. A damaged cache opens: see [`clear_cache`](Self::clear_cache).
    /// Nothing is deleted in any of these cases; sled's own recovery, though, cuts its log where it is damaged.
    pub fn open(
        folder: &Path,
        key: &Zeroizing<[u8; 32]>,
        rng: Box<dyn CryptoRng + Send>,
    ) -> Result<Self, StoreError> {
        Self::open_compacting_above(folder, key, rng, COMPACTION_OCTETS)
    }

    /// Opens the store as [`open`](Self::open) does, which takes 64 MiB for `octets`. Where the file with the records is larger,
    /// and more than twice as large as it would be in a new store, they are written anew first, which takes as long as reading
    /// and writing what is left of them a few times.
    /// After a crash while that was done it is left out once: a system that ends programs which start slowly can't keep
    /// this one from ever starting.
    ///
    /// # Errors
    /// As [`open`](Self::open); that there is no space to write the records anew is none.
    pub fn open_compacting_above(
        folder: &Path,
        key: &Zeroizing<[u8; 32]>,
        rng: Box<dyn CryptoRng + Send>,
        octets: u64,
    ) -> Result<Self, StoreError> {
        create_folder(folder).map_err(|error| io_error(&error))?;
        let lock = lock(folder)?;
        let seals = open_format(folder, key, rng, true)?;
        let bodies = Bodies::open(folder)?;
        let fresh = Head { change: 0, irreplaceable: [0; 32] };
        let (head_file, head) = HeadFile::open(folder, &seals, fresh)?;
        let was_cut_short = has_copy(folder);
        let opened = match Records::open(folder, &seals, head) {
            // What a crash left may be what fills the disk.
            Err(StoreError::DiskFull) if was_cut_short && remove_copy(folder).is_ok() => {
                Records::open(folder, &seals, head)
            }
            opened => opened,
        };
        let mut records = opened?;
        if !was_cut_short {
            records = compacted(records, folder, &seals, head, octets)?;
        }
        let records = Some(records);
        let state = RwLock::new(State { head_file, head, records });
        let seals = Arc::new(seals);
        Ok(SealedStore {
            folder: folder.to_owned(),
            wake: WakeFiles::new(folder, Arc::clone(&seals)),
            seals,
            bodies,
            writing_body: Mutex::new(()),
            state,
            #[cfg(feature = "search")]
            indexes: Mutex::default(),
            lock: Arc::new(lock),
        })
    }

    /// Removes all mail and sync state, so that it can be fetched again: the answer to
    /// [`CACHE_DAMAGED`](crate::CACHE_DAMAGED). Bodies stay; they are replaced when they are fetched.
    pub fn clear_cache(&self) -> Result<(), StoreError> {
        self.change(|records, seals| records.clear_cache(seals))
    }

    /// What woken processes did since the last call; `None` when there was nothing. Merge it, then write a snapshot over it.
    pub fn take_wake_journal(&self) -> Result<Option<TakenJournal>, StoreError> {
        self.wake.take_journal()
    }

    /// What woken processes find from now on. `merged` is contained in `records`, and is let go; after an error it is left.
    ///
    /// # Errors
    /// [`DiskFull`](StoreError::DiskFull) also where it is larger than such a process can hold.
    pub fn put_wake_snapshot(
        &self,
        records: &[(RecordKey, Vec<u8>)],
        merged: &mut Option<TakenJournal>,
    ) -> Result<(), StoreError> {
        self.wake.put_snapshot(records, merged)
    }

    /// The search index of an account; nothing is read yet. All callers get the same one.
    #[cfg(feature = "search")]
    pub fn search_index(&self, account: &[u8]) -> Arc<SealedIndex> {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let index = indexes.entry(account.to_vec()).or_insert_with(|| {
            Arc::new(SealedIndex::new(&self.folder, account, Arc::clone(&self.seals), Arc::clone(&self.lock)))
        });
        Arc::clone(index)
    }

    /// Runs a change; after a failure, finds out from the disk what has become of it.
    fn change(
        &self,
        run: impl FnOnce(&mut Records, &Seals) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut state = self.writable()?;
        let Some(records) = state.records.as_mut() else { return Err(StoreError::Damaged("records")) };
        let before = records.head();
        if let Err(error) = run(records, &self.seals) {
            state.records = None;
            self.reopen(&mut state)?;
            let after = state.records.as_ref().map_or(before, Records::head);
            if after == before {
                return Err(error);
            }
            // The change had reached the disk whole, and has been synced by opening.
        }
        if let Some(head) = state.records.as_ref().map(Records::head) {
            state.head = head;
            // The change itself is durable. Without this the next opening notices a loss of one change less.
            let _ = state.head_file.write(&self.seals, head);
        }
        Ok(())
    }

    fn reopen(&self, state: &mut State) -> Result<(), StoreError> {
        if state.records.is_none() {
            state.records = Some(Records::open(&self.folder, &self.seals, state.head)?);
        }
        Ok(())
    }

    fn writable(&self) -> Result<RwLockWriteGuard<'_, State>, StoreError> {
        // A panic can't have left the state half changed: it changes by assignment.
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        self.reopen(&mut state)?;
        Ok(state)
    }

    fn readable(&self) -> Result<RwLockReadGuard<'_, State>, StoreError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if state.records.is_some() {
            return Ok(state);
        }
        drop(state);
        drop(self.writable()?);
        Ok(self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn with_records<T>(
        &self,
        read: impl FnOnce(&Records, &Seals) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let state = self.readable()?;
        read(state.records.as_ref().ok_or(StoreError::Damaged("records"))?, &self.seals)
    }
}

impl Store for SealedStore {
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.with_records(|records, seals| records.read(seals, key))
    }

    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        self.with_records(|records, seals| records.scan(seals, tree, group))
    }

    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        self.with_records(|records, seals| records.groups(seals, tree))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.changes.is_empty() {
            return Ok(());
        }
        self.change(|records, seals| records.apply(seals, batch))
    }

    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError> {
        let _writing = self.writing_body.lock().unwrap_or_else(PoisonError::into_inner);
        self.bodies.put(&self.seals, &body_name(&self.seals, key), body)
    }

    fn put_bodies(&self, bodies: &[(RecordKey, Vec<u8>)]) -> Result<(), StoreError> {
        let _writing = self.writing_body.lock().unwrap_or_else(PoisonError::into_inner);
        let named = bodies.iter().map(|(key, body)| (body_name(&self.seals, key), body.as_slice())).collect();
        self.bodies.put_all(&self.seals, &named)
    }

    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.bodies.read(&self.seals, &body_name(&self.seals, key))
    }

    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError> {
        let _writing = self.writing_body.lock().unwrap_or_else(PoisonError::into_inner);
        self.bodies.remove_all(&[body_name(&self.seals, key)])
    }

    fn remove_bodies(&self, keys: &[RecordKey]) -> Result<(), StoreError> {
        let _writing = self.writing_body.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<[u8; 32]> = keys.iter().map(|key| body_name(&self.seals, key)).collect();
        self.bodies.remove_all(&names)
    }
}
