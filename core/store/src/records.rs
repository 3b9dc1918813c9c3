//! Records in sled: opened with a check of everything sled may have lost, changed in atomic and synced batches.

pub(crate) mod compaction;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::ports::{Batch, Item, RecordKey, StoreError, Tree};
use sled::IVec;

use crate::files::{create_folder, io_error, sync_folder};
use crate::layout::{Head, RECORDS};
use crate::record::{
    Group, GroupPlace, META_KEY, Meta, group_token, groups_prefix, open_record, piece_count, piece_key,
    place, record_token, seal_record, split_key,
};
use crate::seal::{Seals, Sum, toggle};

/// Mail or sync state is damaged, and nothing else is: [`SealedStore::clear_cache`](crate::SealedStore::clear_cache) helps.
pub const CACHE_DAMAGED: StoreError = StoreError::Damaged("mail cache");

const RECORDS_DAMAGED: StoreError = StoreError::Damaged("records");

/// sled's own default is 1 GiB.
const PAGE_CACHE_OCTETS: u64 = 32 * 1024 * 1024;
/// Every change is flushed and synced at once; sled's own thread is only needed to reclaim space, and wakes a phone's
/// processor each time.
const HOUSEKEEPING_MILLIS: u64 = 5_000;
/// How long to wait for sled's threads of an earlier handle to let go of the file: they do so a moment after the handle is
/// dropped. Another process can't be meant, because `lock` is ours.
const HANDOVER: (u32, Duration) = (300, Duration::from_millis(10));

/// An open sled database.
pub(crate) struct Records {
    /// `None` only while dropping.
    db: Option<sled::Db>,
    /// sled's file, opened a second time to sync it.
    file: File,
    blobs: PathBuf,
    synced_blobs: BTreeSet<OsString>,
    meta: Meta,
    cache_intact: bool,
    /// Groups whose sum was found right since the database was opened.
    verified: Mutex<BTreeSet<GroupPlace>>,
}

impl Drop for Records {
    fn drop(&mut self) {
        let db = self.db.take();
        // sled may panic when it can't write a last time; all that counts was synced before.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(db)));
    }
}

impl Records {
    /// Opens the database and checks that it holds what `head` promises.
    pub(crate) fn open(store: &Path, seals: &Seals, head: Head) -> Result<Self, StoreError> {
        compaction::restore(store)?;
        let folder = store.join(RECORDS);
        create_folder(&folder).and_then(|()| sync_folder(store)).map_err(|error| io_error(&error))?;
        let records = Records::open_in(&folder, seals, head)?;
        if records.cache_intact {
            compaction::clear_leftovers(store);
        }
        Ok(records)
    }

    fn open_in(folder: &Path, seals: &Seals, head: Head) -> Result<Self, StoreError> {
        guarded(|| {
            remove_half_snapshots(folder).map_err(|error| io_error(&error))?;
            let db = open_sled(folder, Some(HOUSEKEEPING_MILLIS))?;
            let opened = File::options().write(true).open(folder.join("db"));
            let file = opened.and_then(|file| sync_folder(folder).map(|()| file));
            let mut records = Records {
                db: Some(db),
                file: file.map_err(|error| io_error(&error))?,
                blobs: folder.join("blobs"),
                synced_blobs: BTreeSet::new(),
                meta: Meta::default(),
                cache_intact: true,
                verified: Mutex::new(BTreeSet::new()),
            };
            records.check(seals, head)?;
            // What sled's recovery wrote, and what a crash left between writing and syncing.
            records.sync()?;
            Ok(records)
        })
    }

    /// The number of the last change, and the sum over irreplaceable groups.
    pub(crate) fn head(&self) -> Head {
        Head { change: self.meta.change, irreplaceable: self.meta.irreplaceable }
    }

    /// Compares the groups that are there with the roots, and the number of the last change with `head`.
    fn check(&mut self, seals: &Seals, head: Head) -> Result<(), StoreError> {
        let meta = match self.db()?.get(META_KEY).map_err(sled_error)? {
            Some(sealed) => Meta::open(seals, &sealed).ok_or(RECORDS_DAMAGED)?,
            None => Meta::default(),
        };
        let mut found = Meta { change: meta.change.max(head.change), ..Meta::default() };
        for tree in Tree::ALL {
            for entry in self.db()?.scan_prefix(groups_prefix(tree)) {
                let (key, sealed) = entry.map_err(sled_error)?;
                toggle(found.root_mut(tree), &group_token(seals, &key, &sealed));
            }
        }
        let lost_changes = meta.change < head.change;
        if found.irreplaceable != meta.irreplaceable
            || (lost_changes && found.irreplaceable != head.irreplaceable)
        {
            return Err(RECORDS_DAMAGED);
        }
        self.cache_intact = found.cache == meta.cache && !lost_changes;
        self.meta = found;
        Ok(())
    }

    /// One record.
    pub(crate) fn read(&self, seals: &Seals, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        guarded(|| {
            let group = GroupPlace::new(seals, key.tree, &key.group);
            self.verify(seals, &group)?;
            let place = place(seals, &group, &key.item);
            let Some(first) = self.get(&piece_key(&place, 0))? else { return Ok(None) };
            let mut pieces = vec![first.clone()];
            for piece in 1..piece_count(&first).unwrap_or(0) {
                pieces.push(self.get(&piece_key(&place, piece))?.ok_or(damaged(key.tree))?);
            }
            let (_, value) = open_record(seals, &place, &pieces).ok_or(damaged(key.tree))?;
            Ok(Some(value))
        })
    }

    /// All records of a group.
    pub(crate) fn scan(
        &self,
        seals: &Seals,
        tree: Tree,
        group: &[u8],
    ) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        guarded(|| {
            let group = GroupPlace::new(seals, tree, group);
            self.verify(seals, &group)?;
            let mut records = Vec::new();
            let mut current: (Vec<u8>, Vec<IVec>) = Default::default();
            for entry in self.db()?.scan_prefix(group.records_prefix()) {
                let (key, value) = entry.map_err(sled_error)?;
                let (place, _) = split_key(&key).ok_or(damaged(tree))?;
                if place != current.0 {
                    let (done, pieces) = std::mem::replace(&mut current, (place.to_vec(), Vec::new()));
                    push_record(seals, tree, &done, &pieces, &mut records)?;
                }
                current.1.push(value);
            }
            push_record(seals, tree, &current.0, &current.1, &mut records)?;
            // Numbers are in order already; names are in the order of their hashes.
            records.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(records)
        })
    }

    /// The names of all groups of a tree, in order.
    pub(crate) fn groups(&self, seals: &Seals, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        guarded(|| {
            self.refuse_damaged_cache(tree)?;
            let mut names = Vec::new();
            for entry in self.db()?.scan_prefix(groups_prefix(tree)) {
                let (key, sealed) = entry.map_err(sled_error)?;
                names.push(Group::open(seals, &key, &sealed).ok_or(damaged(tree))?.name);
            }
            names.sort();
            Ok(names)
        })
    }

    /// Applies a batch and syncs it. After an error the database must be dropped: sled may hold half of the batch in memory.
    pub(crate) fn apply(&mut self, seals: &Seals, batch: Batch) -> Result<(), StoreError> {
        guarded(|| {
            let (writes, meta) = self.plan(seals, batch)?;
            self.commit(writes)?;
            self.meta = meta;
            Ok(())
        })
    }

    /// Removes every record of mail and sync state, damaged or not.
    pub(crate) fn clear_cache(&mut self, seals: &Seals) -> Result<(), StoreError> {
        guarded(|| {
            let mut writes = sled::Batch::default();
            for tree in Tree::ALL.into_iter().filter(|tree| tree.is_cache()) {
                let [group, octet] = groups_prefix(tree);
                for prefix in [[group, octet], [b'r', octet]] {
                    for key in self.db()?.scan_prefix(prefix).keys() {
                        writes.remove(key.map_err(sled_error)?);
                    }
                }
            }
            let meta = Meta { change: self.meta.change + 1, cache: Sum::default(), ..self.meta };
            writes.insert(META_KEY, meta.seal(seals)?);
            self.commit(writes)?;
            self.meta = meta;
            self.cache_intact = true;
            self.verified
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|group| !group.tree.is_cache());
            Ok(())
        })
    }

    /// The writes to sled that a batch means, with the sums that follow from it.
    fn plan(&self, seals: &Seals, batch: Batch) -> Result<(sled::Batch, Meta), StoreError> {
        // The last change of a record wins.
        let mut changes: BTreeMap<RecordKey, Option<Vec<u8>>> = BTreeMap::new();
        changes.extend(batch.changes);
        let mut writes = sled::Batch::default();
        let mut groups: BTreeMap<GroupPlace, (Group, Option<Sum>)> = BTreeMap::new();
        for (key, value) in changes {
            let place_of_group = GroupPlace::new(seals, key.tree, &key.group);
            let (group, _) = match groups.entry(place_of_group) {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(unknown) => {
                    self.verify(seals, &place_of_group)?;
                    unknown.insert(self.group(seals, &place_of_group, &key.group)?)
                }
            };
            self.plan_record(seals, &place_of_group, group, &key.item, value, &mut writes)?;
        }
        let mut meta = Meta { change: self.meta.change + 1, ..self.meta };
        for (place_of_group, (group, old_token)) in groups {
            let key = place_of_group.key();
            if let Some(token) = old_token {
                toggle(meta.root_mut(place_of_group.tree), &token);
            }
            if group.records == 0 {
                writes.remove(key);
            } else {
                let sealed = group.seal(seals, &key)?;
                toggle(meta.root_mut(place_of_group.tree), &group_token(seals, &key, &sealed));
                writes.insert(key, sealed);
            }
        }
        writes.insert(META_KEY, meta.seal(seals)?);
        Ok((writes, meta))
    }

    fn plan_record(
        &self,
        seals: &Seals,
        place_of_group: &GroupPlace,
        group: &mut Group,
        item: &Item,
        value: Option<Vec<u8>>,
        writes: &mut sled::Batch,
    ) -> Result<(), StoreError> {
        let place = place(seals, place_of_group, item);
        let mut old_pieces = 0;
        if let Some(first) = self.get(&piece_key(&place, 0))? {
            old_pieces = piece_count(&first).ok_or(damaged(place_of_group.tree))?;
            toggle(&mut group.sum, &record_token(seals, &place, &first));
            group.records = group.records.saturating_sub(1);
        }
        let pieces = match value {
            Some(value) => seal_record(seals, &place, item, &value)?,
            None => Vec::new(),
        };
        if let Some(first) = pieces.first() {
            toggle(&mut group.sum, &record_token(seals, &place, first));
            group.records += 1;
        }
        let mut number = 0;
        for piece in pieces {
            writes.insert(piece_key(&place, number), piece);
            number += 1;
        }
        // A later insert of the same key would win over a removal, so only what is left over is removed.
        (number..old_pieces).for_each(|piece| writes.remove(piece_key(&place, piece)));
        Ok(())
    }

    /// Writes to sled and makes it durable.
    fn commit(&mut self, writes: sled::Batch) -> Result<(), StoreError> {
        self.db()?.apply_batch(writes).map_err(sled_error)?;
        self.sync()
    }

    /// sled's `flush` hands its buffers to the kernel and, on Linux, only starts their write-back (`sync_file_range`, which
    /// neither flushes the disk's cache nor writes the file's length). So the file itself is synced afterwards. Values that
    /// sled moves to files of their own are never synced by it at all; there should be none, see
    /// [`PIECE_OCTETS`](crate::record::PIECE_OCTETS).
    fn sync(&mut self) -> Result<(), StoreError> {
        self.db()?.flush().map_err(sled_error)?;
        self.sync_blobs().and_then(|()| self.file.sync_all()).map_err(|error| io_error(&error))
    }

    fn sync_blobs(&mut self) -> io::Result<()> {
        let names = fs::read_dir(&self.blobs)?
            .map(|entry| Ok(entry?.file_name()))
            .collect::<io::Result<BTreeSet<_>>>()?;
        let mut fresh = false;
        for name in names.difference(&self.synced_blobs) {
            match File::open(self.blobs.join(name)) {
                // sled's housekeeping has just removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => opened?.sync_all()?,
            }
            fresh = true;
        }
        if fresh {
            sync_folder(&self.blobs)?;
        }
        self.synced_blobs = names;
        Ok(())
    }

    /// Checks the sum of a group, once after opening.
    fn verify(&self, seals: &Seals, place: &GroupPlace) -> Result<(), StoreError> {
        self.refuse_damaged_cache(place.tree)?;
        if self.verified.lock().unwrap_or_else(PoisonError::into_inner).contains(place) {
            return Ok(());
        }
        let (expected, _) = self.group(seals, place, &[])?;
        let mut found = Group::empty(&expected.name);
        for entry in self.db()?.scan_prefix(place.records_prefix()) {
            let (key, value) = entry.map_err(sled_error)?;
            let (record, piece) = split_key(&key).ok_or(damaged(place.tree))?;
            if piece == 0 {
                toggle(&mut found.sum, &record_token(seals, record, &value));
                found.records += 1;
            }
        }
        if found != expected {
            return Err(damaged(place.tree));
        }
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).insert(*place);
        Ok(())
    }

    fn refuse_damaged_cache(&self, tree: Tree) -> Result<(), StoreError> {
        if tree.is_cache() && !self.cache_intact { Err(CACHE_DAMAGED) } else { Ok(()) }
    }

    /// A group's record and its token, or an empty one named `name`.
    fn group(
        &self,
        seals: &Seals,
        place: &GroupPlace,
        name: &[u8],
    ) -> Result<(Group, Option<Sum>), StoreError> {
        let key = place.key();
        let Some(sealed) = self.get(&key)? else { return Ok((Group::empty(name), None)) };
        let group = Group::open(seals, &key, &sealed).ok_or(damaged(place.tree))?;
        Ok((group, Some(group_token(seals, &key, &sealed))))
    }

    fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.db()?.get(key).map_err(sled_error)
    }

    fn db(&self) -> Result<&sled::Db, StoreError> {
        self.db.as_ref().ok_or(RECORDS_DAMAGED)
    }
}

fn push_record(
    seals: &Seals,
    tree: Tree,
    place: &[u8],
    pieces: &[IVec],
    records: &mut Vec<(Item, Vec<u8>)>,
) -> Result<(), StoreError> {
    if !pieces.is_empty() {
        records.push(open_record(seals, place, pieces).ok_or(damaged(tree))?);
    }
    Ok(())
}

/// sled writes a snapshot when it opens. One that a crash left half written it takes for the newest of all the next time, and
/// refuses to open ever after. Its log, and the snapshot before, still have everything.
fn remove_half_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_half =
            name.to_str().is_some_and(|name| name.starts_with("snap.") && name.ends_with(".generating"));
        if is_half {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn open_sled(folder: &Path, housekeeping_millis: Option<u64>) -> Result<sled::Db, StoreError> {
    let (tries, pause) = HANDOVER;
    let mut tried = 0;
    loop {
        let config = sled::Config::new()
            .path(folder)
            .cache_capacity(PAGE_CACHE_OCTETS)
            .flush_every_ms(housekeeping_millis)
            .mode(sled::Mode::LowSpace);
        match config.open() {
            // sled's word for "the file is locked".
            Err(sled::Error::Io(error)) if error.kind() == io::ErrorKind::Other && tried < tries => {
                tried += 1;
                std::thread::sleep(pause);
            }
            Err(sled::Error::Io(error)) if error.kind() == io::ErrorKind::Other => {
                return Err(StoreError::InUse);
            }
            opened => return opened.map_err(sled_error),
        }
    }
}

fn damaged(tree: Tree) -> StoreError {
    if tree.is_cache() { CACHE_DAMAGED } else { RECORDS_DAMAGED }
}

fn sled_error(error: sled::Error) -> StoreError {
    match error {
        // sled reads past the end, or misses a file, only where its own pointers are wrong.
        sled::Error::Io(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound | io::ErrorKind::InvalidData
            ) =>
        {
            RECORDS_DAMAGED
        }
        sled::Error::Io(error) => io_error(&error),
        _ => RECORDS_DAMAGED,
    }
}

/// sled 0.34 panics on some damage that it did not foresee.
fn guarded<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(RECORDS_DAMAGED))
}
