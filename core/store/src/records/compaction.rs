//! Records written anew, so that the disk gets back the room of what was removed: sled keeps it for itself.
//!
//! ```text
//! records/       what is stored, whole, wherever it exists
//! records.new/   a copy being made; never opened as the store
//! records.old/   what `records` was until the copy took its name
//! ```
//! 1. The copy is made, synced, read back from a new handle and compared, and only then
//! 2. `records` becomes `records.old`, synced,
//! 3. `records.new` becomes `records`, synced,
//! 4. `records` is opened and checked against `head`, and
//! 5. `records.old` is removed.
//!
//! A crash before 2 or after 3 leaves `records`, whole. One between leaves `records.old`, whole and unchanged, which the next
//! opening names `records` again. Leftovers are removed when `records` has passed its check, never before.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use engine::ports::StoreError;

use super::{HANDOVER, RECORDS_DAMAGED, Records, guarded, open_sled, sled_error};
use crate::files::{create_folder, io_error, sync_folder};
use crate::layout::{Head, RECORDS, RECORDS_COPY, RECORDS_FORMER};
use crate::record::GroupPlace;
use crate::seal::Seals;

/// How many times as large as the entries the file must be, so that it is worth a copy. sled takes up to two and a half times
/// of them even in a new file (leaves are half full, segments are cleaned up when half of them is dead): a copy is half as
/// large at most, and is not copied again.
const FACTOR: u64 = 5;
/// What an entry needs besides key and value, in octets.
const ENTRY_OCTETS: u64 = 32;
/// How many entries are copied together. Single ones, or many more, leave more dead room behind.
const TOGETHER: usize = 100;

/// Whether a copy was cut short by a crash.
pub(crate) fn has_copy(store: &Path) -> bool {
    store.join(RECORDS_COPY).exists()
}

/// Gives back the room of a copy that was cut short. Nothing was ever promised from it.
pub(crate) fn remove_copy(store: &Path) -> io::Result<()> {
    remove(&store.join(RECORDS_COPY)).and_then(|()| sync_folder(store))
}

/// Gives `records` its name again, where a crash came before the copy took it.
pub(super) fn restore(store: &Path) -> Result<(), StoreError> {
    if store.join(RECORDS).exists() {
        return Ok(());
    }
    if store.join(RECORDS_FORMER).exists() {
        return rename(store, RECORDS_FORMER, RECORDS).map_err(|error| io_error(&error));
    }
    // No crash leaves that: somebody took the rest away. An empty store is not the answer.
    if has_copy(store) { Err(RECORDS_DAMAGED) } else { Ok(()) }
}

/// Removes what a crash left, now that `records` is known to be whole. What can't be removed stays for the next time.
pub(super) fn clear_leftovers(store: &Path) {
    let leftovers = [RECORDS_COPY, RECORDS_FORMER].map(|name| store.join(name));
    if leftovers.iter().any(|folder| folder.exists()) {
        let removed = leftovers.iter().try_for_each(|folder| remove(folder));
        let _ = removed.and_then(|()| sync_folder(store));
    }
}

/// The records, written anew where their file is larger than `above` octets and [`FACTOR`] times its entries. Where that does
/// not succeed, for want of space or because something is damaged, they are as they were.
pub(crate) fn compacted(
    records: Records,
    store: &Path,
    seals: &Seals,
    head: Head,
    above: u64,
) -> Result<Records, StoreError> {
    if store.join(RECORDS_FORMER).exists() || !guarded(|| is_worth_it(&records, above)).unwrap_or(false) {
        return Ok(records);
    }
    if guarded(|| copy(&records, store, seals, head)).is_err() {
        let _ = remove_copy(store);
        return Ok(records);
    }
    drop(records);
    if rename(store, RECORDS, RECORDS_FORMER).and_then(|()| rename(store, RECORDS_COPY, RECORDS)).is_ok() {
        let opened = Records::open(store, seals, head);
        let is_whole = opened.as_ref().is_ok_and(|records| records.cache_intact);
        if is_whole || !store.join(RECORDS_FORMER).exists() {
            return opened;
        }
        // The disk did not keep what it was given; what it was copied from is still there.
        drop(opened);
        rename(store, RECORDS, RECORDS_COPY).map_err(|error| io_error(&error))?;
    }
    Records::open(store, seals, head)
}

/// Reads only when the file is large, and then no more than a fifth of it.
fn is_worth_it(records: &Records, above: u64) -> Result<bool, StoreError> {
    let octets = records.file.metadata().map_err(|error| io_error(&error))?.len();
    // sled removes files of values by their path, perhaps after the copy has taken it.
    if octets <= above || !records.cache_intact || !is_empty(&records.blobs)? {
        return Ok(false);
    }
    let mut needed: u64 = 0;
    for entry in records.db()?.iter() {
        let (key, value) = entry.map_err(sled_error)?;
        needed += (key.len() + value.len()) as u64 + ENTRY_OCTETS;
        if needed.saturating_mul(FACTOR) >= octets {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes `records.new`, on the disk when this returns. What is sealed is bound to its key, not to the file, and is copied as
/// it is.
fn copy(records: &Records, store: &Path, seals: &Seals, head: Head) -> Result<(), StoreError> {
    verify_all(records, seals)?;
    let folder = store.join(RECORDS_COPY);
    create_folder(&folder).map_err(|error| io_error(&error))?;
    let db = open_sled(&folder, None)?;
    let mut entries = records.db()?.iter();
    loop {
        let mut batch = sled::Batch::default();
        let mut count = 0;
        for entry in entries.by_ref().take(TOGETHER) {
            let (key, value) = entry.map_err(sled_error)?;
            batch.insert(key, value);
            count += 1;
        }
        if count == 0 {
            break;
        }
        db.apply_batch(batch).map_err(sled_error)?;
    }
    db.flush().map_err(sled_error)?;
    drop(db);

    let copy = Records::open_in(&folder, seals, head)?;
    compare(records, &copy)?;
    let octets = |records: &Records| Ok(records.file.metadata().map_err(|error| io_error(&error))?.len());
    if octets(&copy)? > octets(records)? || !is_empty(&copy.blobs)? {
        return Err(StoreError::DiskFull);
    }
    drop(copy);
    sync_all(&folder).and_then(|()| sync_folder(store)).map_err(|error| io_error(&error))
}

/// Checks the sums of all groups, also of such as have records and no sum.
fn verify_all(records: &Records, seals: &Seals) -> Result<(), StoreError> {
    let mut last = None;
    for key in records.db()?.iter().keys() {
        let key = key.map_err(sled_error)?;
        if key == super::META_KEY {
            continue;
        }
        let group = GroupPlace::of_key(&key).ok_or(RECORDS_DAMAGED)?;
        if last.replace(group) != Some(group) {
            records.verify(seals, &group)?;
        }
    }
    Ok(())
}

fn compare(records: &Records, copy: &Records) -> Result<(), StoreError> {
    let mut copied = copy.db()?.iter();
    for entry in records.db()?.iter() {
        let copy = copied.next().transpose().map_err(sled_error)?;
        if copy.ok_or(RECORDS_DAMAGED)? != entry.map_err(sled_error)? {
            return Err(RECORDS_DAMAGED);
        }
    }
    let is_same = copied.next().is_none() && copy.meta == records.meta && copy.cache_intact;
    if is_same { Ok(()) } else { Err(RECORDS_DAMAGED) }
}

/// Syncs a folder and everything in it.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_all(&path)?;
        } else {
            File::options().write(true).open(path)?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Renames a folder of the store, durably.
fn rename(store: &Path, from: &str, to: &str) -> io::Result<()> {
    let (mut tries, pause) = HANDOVER;
    loop {
        match fs::rename(store.join(from), store.join(to)) {
            // Windows does not rename a folder while sled's threads still have its file open.
            Err(error) if cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied && tries > 0 => {
                tries -= 1;
                std::thread::sleep(pause);
            }
            renamed => return renamed.and_then(|()| sync_folder(store)),
        }
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn is_empty(folder: &Path) -> Result<bool, StoreError> {
    Ok(fs::read_dir(folder).map_err(|error| io_error(&error))?.next().is_none())
}
