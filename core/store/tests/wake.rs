//! Woken processes beside the owner of a store: what they write reaches it, whoever is killed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use store::{SealedStore, WakeEntry, WakeStore};
use support::{KEY, Reopening, SystemRandom, open};
use zeroize::Zeroizing;

fn wake(folder: &Path) -> WakeStore {
    try_wake(folder, KEY).unwrap().unwrap()
}

fn try_wake(folder: &Path, key: [u8; 32]) -> Result<Option<WakeStore>, StoreError> {
    WakeStore::open(folder, &Zeroizing::new(key), Box::new(SystemRandom))
}

fn record(number: u64) -> RecordKey {
    RecordKey::numbered(Tree::Sync, "inbox", number)
}

fn value(number: u64) -> Vec<u8> {
    format!("canary of {number}, {}", "x".repeat(usize::try_from(number % 50).unwrap())).into_bytes()
}

fn put(store: &dyn Store, number: u64) {
    let mut batch = Batch::default();
    batch.put(record(number), value(number));
    store.apply(batch).unwrap();
}

/// The folder of a store whose owner has written a snapshot with these records.
fn prepared(records: &[u64]) -> (tempfile::TempDir, SealedStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let records: Vec<_> = records.iter().map(|number| (record(*number), value(*number))).collect();
    store.put_wake_snapshot(&records, &mut None).unwrap();
    (folder, store)
}

fn reopening(reopen: fn(&Path, WakeStore) -> WakeStore) -> Reopening<WakeStore> {
    let (folder, _) = prepared(&[]);
    let store = wake(folder.path());
    Reopening::new(folder, store, reopen)
}

store::store_contract_tests!(woken, || reopening(|_, store| store));
// While the former one is there.
store::store_contract_tests!(woken_again, || reopening(|folder, _former| wake(folder)));

#[test]
fn what_a_woken_process_wrote_reaches_the_owner_once() {
    let (folder, owner) = prepared(&[1]);
    assert!(owner.take_wake_journal().unwrap().is_none());
    let woken = wake(folder.path());
    assert_eq!(woken.read(&record(1)).unwrap(), Some(value(1)));
    put(&woken, 2);
    woken.put_body(&record(2), b"body").unwrap();
    // The owner's store knows nothing of it yet.
    assert_eq!(owner.read(&record(2)).unwrap(), None);

    let taken = owner.take_wake_journal().unwrap().unwrap();
    let expected =
        [WakeEntry::Record(record(2), Some(value(2))), WakeEntry::Body(record(2), Some(b"body".to_vec()))];
    assert_eq!(taken.entries, expected);
    // Written between taking and merging: kept for the next time.
    put(&woken, 3);
    owner.put_wake_snapshot(&[(record(2), value(2))], &mut Some(taken)).unwrap();
    let again = wake(folder.path());
    assert_eq!(again.read(&record(1)).unwrap(), None);
    assert_eq!(again.read(&record(2)).unwrap(), Some(value(2)));
    assert_eq!(again.read(&record(3)).unwrap(), Some(value(3)));
    let taken = owner.take_wake_journal().unwrap().unwrap();
    assert_eq!(taken.entries, [WakeEntry::Record(record(3), Some(value(3)))]);
    owner.put_wake_snapshot(&[], &mut Some(taken)).unwrap();
    assert!(owner.take_wake_journal().unwrap().is_none());
}

#[test]
fn a_journal_that_was_taken_and_not_merged_is_taken_again() {
    let (folder, owner) = prepared(&[]);
    put(&wake(folder.path()), 1);
    let first = owner.take_wake_journal().unwrap().unwrap();
    drop(owner);
    // The owner was killed here. Woken processes still see what was written.
    let woken = wake(folder.path());
    assert_eq!(woken.read(&record(1)).unwrap(), Some(value(1)));
    put(&woken, 2);
    let owner = open(folder.path(), &KEY).unwrap();
    let again = owner.take_wake_journal().unwrap().unwrap();
    assert_eq!(again.entries, first.entries);
    owner.put_wake_snapshot(&[], &mut Some(again)).unwrap();
    let rest = owner.take_wake_journal().unwrap().unwrap();
    assert_eq!(rest.entries, [WakeEntry::Record(record(2), Some(value(2)))]);
}

#[test]
fn woken_processes_see_what_others_wrote_when_they_write() {
    let (folder, _owner) = prepared(&[]);
    let (first, second) = (wake(folder.path()), wake(folder.path()));
    put(&first, 1);
    put(&second, 2);
    assert_eq!(second.read(&record(1)).unwrap(), Some(value(1)));
    put(&first, 3);
    assert_eq!(first.scan(Tree::Sync, b"inbox").unwrap().len(), 3);
    assert_eq!(wake(folder.path()).scan(Tree::Sync, b"inbox").unwrap().len(), 3);
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("wake/journal")
}

#[test]
fn a_torn_entry_is_left_out_and_written_over() {
    let (folder, owner) = prepared(&[]);
    let woken = wake(folder.path());
    put(&woken, 1);
    let one = fs::read(journal(folder.path())).unwrap();
    put(&woken, 2);
    let two = fs::read(journal(folder.path())).unwrap();
    drop(woken);
    for octets in 0..two.len() {
        fs::write(journal(folder.path()), &two[..octets]).unwrap();
        let woken = wake(folder.path());
        let there = woken.scan(Tree::Sync, b"inbox").unwrap().len();
        assert_eq!(there, usize::from(octets >= one.len()), "{octets} octets");
        put(&woken, 7);
        assert_eq!(
            wake(folder.path()).scan(Tree::Sync, b"inbox").unwrap().len(),
            there + 1,
            "{octets} octets"
        );
    }
    // The blocks of a file that a power cut left without their content.
    let mut zeros = one.clone();
    zeros.resize(two.len() + 4096, 0);
    fs::write(journal(folder.path()), zeros).unwrap();
    let taken = owner.take_wake_journal().unwrap().unwrap();
    assert_eq!(taken.entries, [WakeEntry::Record(record(1), Some(value(1)))]);
}

#[test]
fn changed_moved_and_foreign_entries_do_not_count() {
    let (folder, owner) = prepared(&[]);
    let woken = wake(folder.path());
    let mut ends = Vec::new();
    for number in 1..=3 {
        put(&woken, number);
        ends.push(fs::read(journal(folder.path())).unwrap().len());
    }
    let whole = fs::read(journal(folder.path())).unwrap();
    let snapshot = fs::read(folder.path().join("wake/snapshot")).unwrap();
    let taken = |file: &[u8]| -> Vec<WakeEntry> {
        fs::write(journal(folder.path()), file).unwrap();
        let entries = owner.take_wake_journal().unwrap().map_or(Vec::new(), |taken| {
            let entries = taken.entries.clone();
            owner.put_wake_snapshot(&[], &mut Some(taken)).unwrap();
            entries
        });
        fs::write(folder.path().join("wake/snapshot"), &snapshot).unwrap();
        entries
    };
    let all: Vec<WakeEntry> =
        (1..=3).map(|number| WakeEntry::Record(record(number), Some(value(number)))).collect();
    assert_eq!(taken(&whole), all);
    for position in 0..whole.len() {
        let mut changed = whole.clone();
        changed[position] ^= 0x40;
        let entries = taken(&changed);
        let before = ends.iter().filter(|end| **end <= position).count();
        assert_eq!(entries, all[..before], "octet {position}");
    }
    // Set aside, not deleted.
    assert!(folder.path().join("wake/damaged").exists());
    // Left out, exchanged, doubled.
    let (header, first, second, third) =
        (&whole[..24], &whole[24..ends[0]], &whole[ends[0]..ends[1]], &whole[ends[1]..]);
    assert_eq!(taken(&[header, second, third].concat()), []);
    assert_eq!(taken(&[header, first, third].concat()), all[..1]);
    assert_eq!(taken(&[header, second, first, third].concat()), []);
    assert_eq!(taken(&[header, first, first, second].concat()), all[..1]);
    // Of another journal.
    fs::remove_file(journal(folder.path())).ok();
    put(&wake(folder.path()), 9);
    let other = fs::read(journal(folder.path())).unwrap();
    assert_eq!(taken(&[&other[..24], first, second].concat()), []);
}

#[test]
fn a_damaged_journal_takes_no_more_and_is_put_aside_by_the_owner() {
    let (folder, owner) = prepared(&[]);
    let woken = wake(folder.path());
    (1..=3).for_each(|number| put(&woken, number));
    let mut file = fs::read(journal(folder.path())).unwrap();
    file[40] ^= 1;
    fs::write(journal(folder.path()), &file).unwrap();
    let woken = wake(folder.path());
    let mut batch = Batch::default();
    batch.put(record(4), value(4));
    assert_eq!(woken.apply(batch), Err(StoreError::Damaged("wake files")));
    // Nothing was cut off.
    assert_eq!(fs::read(journal(folder.path())).unwrap(), file);
    let taken = owner.take_wake_journal().unwrap().unwrap();
    assert!(taken.entries.is_empty());
    // Until it is merged it stays where it is.
    assert!(!folder.path().join("wake/damaged").exists());
    owner.put_wake_snapshot(&[], &mut Some(taken)).unwrap();
    assert_eq!(fs::read(folder.path().join("wake/damaged")).unwrap(), file);
    put(&wake(folder.path()), 5);
    // One that is larger than any can be.
    fs::write(journal(folder.path()), vec![0; 9 * 1024 * 1024]).unwrap();
    let taken = owner.take_wake_journal().unwrap().unwrap();
    owner.put_wake_snapshot(&[], &mut Some(taken)).unwrap();
    put(&wake(folder.path()), 6);
}

#[test]
fn a_lock_that_is_held_for_long_is_in_use_and_the_owner_is_seen() {
    let (folder, owner) = prepared(&[]);
    let woken = wake(folder.path());
    assert!(woken.has_owner());
    let frozen = fs::File::options().write(true).open(folder.path().join("wake/lock")).unwrap();
    frozen.lock().unwrap();
    assert_eq!(owner.put_wake_snapshot(&[], &mut None), Err(StoreError::InUse));
    assert!(matches!(owner.take_wake_journal(), Err(StoreError::InUse)));
    let mut batch = Batch::default();
    batch.put(record(1), value(1));
    assert_eq!(woken.apply(batch), Err(StoreError::InUse));
    drop(frozen);
    put(&woken, 1);
    drop(owner);
    assert!(!woken.has_owner());
}

#[test]
fn a_snapshot_opens_whole_or_not_at_all() {
    let (folder, owner) = prepared(&[1, 2, 3]);
    let path = folder.path().join("wake/snapshot");
    let file = fs::read(&path).unwrap();
    let opened = || try_wake(folder.path(), KEY).map(|store| store.is_some());
    for position in 0..file.len() {
        let mut changed = file.clone();
        changed[position] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_eq!(opened(), Err(StoreError::Damaged("wake files")), "octet {position}");
        fs::write(&path, &file[..position]).unwrap();
        assert_eq!(opened(), Err(StoreError::Damaged("wake files")), "{position} octets");
    }
    // The owner makes it anew.
    owner.put_wake_snapshot(&[(record(1), value(1))], &mut None).unwrap();
    assert_eq!(opened(), Ok(true));
}

#[test]
fn another_key_or_no_store_opens_nothing_and_makes_nothing() {
    let (folder, _owner) = prepared(&[1]);
    let other = try_wake(folder.path(), [1; 32]);
    assert_eq!(other.map(|_| ()), Err(StoreError::WrongKey));
    let empty = tempfile::tempdir().unwrap();
    assert!(try_wake(empty.path(), KEY).unwrap().is_none());
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
    // A store whose owner never wrote a snapshot.
    drop(open(empty.path(), &KEY).unwrap());
    assert!(try_wake(empty.path(), KEY).unwrap().is_none());
}

#[test]
fn nothing_lies_in_the_clear_and_a_full_journal_says_so() {
    let (folder, owner) = prepared(&[1, 2, 3]);
    let woken = wake(folder.path());
    put(&woken, 4);
    woken.put_body(&record(4), b"canary of a body").unwrap();
    for entry in fs::read_dir(folder.path().join("wake")).unwrap() {
        let file = fs::read(entry.unwrap().path()).unwrap();
        assert!(!file.windows(9).any(|window| window == b"canary of"));
    }
    let large = vec![7; 3 * 1024 * 1024];
    woken.put_body(&record(5), &large).unwrap();
    woken.put_body(&record(6), &large).unwrap();
    assert_eq!(woken.put_body(&record(7), &large), Err(StoreError::DiskFull));
    // Nor what would leave no room for notes.
    assert_eq!(woken.put_body(&record(7), &large[..1_500_000]), Err(StoreError::DiskFull));
    assert_eq!(woken.body(&record(7)).unwrap(), None);
    put(&woken, 8);
    assert_eq!(owner.take_wake_journal().unwrap().unwrap().entries.len(), 5);
    let too_much = [(record(1), vec![0; 5 * 1024 * 1024])];
    assert_eq!(owner.put_wake_snapshot(&too_much, &mut None), Err(StoreError::DiskFull));
}

#[cfg(unix)]
mod killed {
    use std::io::{BufRead, BufReader, Lines, Write};
    use std::process::{Child, ChildStdout, Command, Stdio};
    use std::time::Duration;

    use support::{child_arguments, rounds};
    use testkit::SeededRng;

    use super::*;

    const FOLDER: &str = "COUNTERSIGN_WAKE_TEST_FOLDER";
    const FROM: &str = "COUNTERSIGN_WAKE_TEST_FROM";

    fn child(test: &str, folder: &Path, from: u64) -> (Child, Lines<BufReader<ChildStdout>>) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(child_arguments(test))
            .env(FOLDER, folder)
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        (child, lines)
    }

    fn told(number: u64) {
        let mut out = std::io::stdout();
        writeln!(out, "\nack {number}").unwrap();
        out.flush().unwrap();
    }

    /// Numbers that a child acknowledged.
    fn acknowledged(lines: impl Iterator<Item = std::io::Result<String>>) -> Vec<u64> {
        lines
            .filter_map(|line| line.unwrap().strip_prefix("ack ").map(|number| number.parse().unwrap()))
            .collect()
    }

    #[test]
    fn child_is_woken() {
        let Ok(folder) = std::env::var(FOLDER) else { return };
        let from: u64 = std::env::var(FROM).unwrap().parse().unwrap();
        let woken = wake(Path::new(&folder));
        for number in from.. {
            put(&woken, number);
            told(number);
        }
    }

    /// Merges for ever: into its own records, then into the snapshot.
    #[test]
    fn child_owns() {
        let Ok(folder) = std::env::var(FOLDER) else { return };
        let owner = open(Path::new(&folder), &KEY).unwrap();
        for round in 0.. {
            merge(&owner);
            told(round);
        }
    }

    fn merge(owner: &SealedStore) {
        // The owner does without rather than wait for long; here it asks again.
        let taken = loop {
            match owner.take_wake_journal() {
                Err(StoreError::InUse) => {}
                taken => break taken.unwrap(),
            }
        };
        let Some(taken) = taken else { return };
        let mut batch = Batch::default();
        for entry in &taken.entries {
            let WakeEntry::Record(key, Some(value)) = entry else { panic!("{entry:?}") };
            batch.put(key.clone(), value.clone());
        }
        owner.apply(batch).unwrap();
        let mut merged = Some(taken);
        while owner.put_wake_snapshot(&[], &mut merged) == Err(StoreError::InUse) {}
        assert!(merged.is_none());
    }

    fn stored(owner: &SealedStore) -> BTreeMap<RecordKey, Vec<u8>> {
        let records = owner.scan(Tree::Sync, b"inbox").unwrap();
        let key = |item| RecordKey { tree: Tree::Sync, group: b"inbox".to_vec(), item };
        records.into_iter().map(|(item, value)| (key(item), value)).collect()
    }

    fn all(numbers: &[u64]) -> BTreeMap<RecordKey, Vec<u8>> {
        numbers.iter().map(|number| (record(*number), value(*number))).collect()
    }

    #[test]
    fn a_woken_process_that_is_killed_loses_nothing_that_it_wrote() {
        let mut rng = SeededRng::new("woken and killed");
        let (folder, owner) = prepared(&[]);
        let mut wrote = Vec::new();
        for round in 0..rounds(12, 150) {
            let from = u64::try_from(round).unwrap() * 1_000_000;
            let (mut process, mut lines) = child("killed::child_is_woken", folder.path(), from);
            let first = lines.find(|line| line.as_ref().unwrap().starts_with("ack ")).unwrap();
            // The owner merges meanwhile.
            for _ in 0..rng.below(4) {
                merge(&owner);
            }
            std::thread::sleep(Duration::from_micros(rng.below(8_000) as u64));
            process.kill().unwrap();
            process.wait().unwrap();
            wrote.extend(acknowledged(std::iter::once(first).chain(lines)));
            // A journal that was taken and one that was begun behind it.
            merge(&owner);
            merge(&owner);
            let there = stored(&owner);
            for (key, value) in all(&wrote) {
                assert_eq!(there.get(&key), Some(&value), "round {round}: {key:?}");
            }
            // At most the one that was being written.
            assert!(there.len() <= wrote.len() + round + 1, "round {round}");
        }
    }

    #[test]
    fn an_owner_that_is_killed_loses_nothing_that_a_woken_process_wrote() {
        let mut rng = SeededRng::new("owner killed");
        let (folder, owner) = prepared(&[]);
        drop(owner);
        let mut wrote = Vec::new();
        for round in 0..rounds(12, 150) {
            let (mut process, mut lines) = child("killed::child_owns", folder.path(), 0);
            lines.find(|line| line.as_ref().unwrap().starts_with("ack ")).unwrap().unwrap();
            let woken = wake(folder.path());
            for _ in 0..=rng.below(12) {
                let number = wrote.len() as u64;
                put(&woken, number);
                wrote.push(number);
            }
            std::thread::sleep(Duration::from_micros(rng.below(6_000) as u64));
            process.kill().unwrap();
            process.wait().unwrap();
            drop(lines);
            let owner = open(folder.path(), &KEY).unwrap();
            merge(&owner);
            merge(&owner);
            assert!(stored(&owner) == all(&wrote), "round {round}");
        }
    }
}
