//! What was removed gives its room back when the store is opened; and what is found there that a crash may have left, or not.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use store::{CACHE_DAMAGED, SealedStore};
use support::removed::{
    Expected, MIB, apply, check, has, identity, key, octets, open_compacting, records, removed_from, value,
};
use support::{KEY, Reopening, copy_folder, files_below, open};

const RECORDS_DAMAGED: StoreError = StoreError::Damaged("records");

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files_below(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn the_room_of_20_000_removed_records_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = removed_from(folder.path(), 20_000);
    let live: u64 = expected.values().map(|value| value.len() as u64).sum();
    let before = octets(&records(folder.path()));
    assert!(before > 20 * live && before > 40 * MIB, "{before} octets for {live}");
    let store = open_compacting(folder.path()).unwrap();
    println!("{before} octets became {} for {live}", octets(&records(folder.path())));
    assert!(octets(&records(folder.path())) < 3 * live + 2 * MIB);
    check(&store, &expected);
    assert!(!has(folder.path(), "records.new") && !has(folder.path(), "records.old"));
    apply(&store, &mut expected, (5..900).map(|number| (key(number), Some(value(number + 1)))).collect());
    check(&store, &expected);
    drop(store);
    check(&open(folder.path(), &KEY).unwrap(), &expected);
}

#[test]
fn records_that_need_their_room_stay_where_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Expected::new();
    let store = open(folder.path(), &KEY).unwrap();
    for batch in 0..10 {
        apply(&store, &mut expected, (0..300).map(|n| (key(batch * 300 + n), Some(value(n)))).collect());
    }
    drop(store);
    let file = identity(folder.path());
    check(&open_compacting(folder.path()).unwrap(), &expected);
    assert_eq!(identity(folder.path()), file);
}

/// What is written anew is small enough not to be written anew each time.
#[test]
fn a_store_of_small_records_is_compacted_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Expected::new();
    let store = open(folder.path(), &KEY).unwrap();
    for batch in 0..40_u64 {
        let keys =
            (0..500).map(|n| RecordKey::named(Tree::Actions, format!("{}", n % 2), format!("{batch} {n}")));
        apply(&store, &mut expected, keys.map(|key| (key, Some(vec![7; 10]))).collect());
    }
    for batch in 0..20_u64 {
        let changes = (0..1_000)
            .map(|n| (RecordKey::numbered(Tree::Mail, "INBOX", n), (batch < 19).then(|| vec![1; 2_000])));
        apply(&store, &mut expected, changes.collect());
    }
    drop(store);
    let (file, before) = (identity(folder.path()), octets(&records(folder.path())));
    drop(open_compacting(folder.path()).unwrap());
    let (compacted, after) = (identity(folder.path()), octets(&records(folder.path())));
    println!("{before} octets became {after}");
    assert_ne!(compacted, file);
    check(&open_compacting(folder.path()).unwrap(), &expected);
    assert_eq!(identity(folder.path()), compacted);
}

/// The store before and after it was compacted, and what is in it.
struct Both {
    before: tempfile::TempDir,
    after: tempfile::TempDir,
    expected: Expected,
}

fn both() -> Both {
    let [before, after] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let expected = removed_from(before.path(), 2_000);
    copy_folder(before.path(), after.path());
    drop(open_compacting(after.path()).unwrap());
    assert!(octets(&records(after.path())) < octets(&records(before.path())) / 2);
    Both { before, after, expected }
}

/// What can stand under one of the three names.
#[derive(Clone, Copy, Debug)]
enum Found {
    Nothing,
    Empty,
    Before,
    After,
    HalfOf(bool),
}
use Found::{After, Before, Empty, HalfOf, Nothing};

impl Both {
    /// A store with these under the names `records`, `records.new` and `records.old`.
    fn with(&self, found: [Found; 3]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.before.path(), folder.path());
        fs::remove_dir_all(records(folder.path())).unwrap();
        for (found, name) in found.into_iter().zip(["records", "records.new", "records.old"]) {
            let target = folder.path().join(name);
            match found {
                Nothing => {}
                Empty => fs::create_dir(target).unwrap(),
                Before | HalfOf(false) => copy_folder(&records(self.before.path()), &target),
                After | HalfOf(true) => copy_folder(&records(self.after.path()), &target),
            }
            if let HalfOf(is_copy) = found {
                let db = folder.path().join(name).join("db");
                if is_copy {
                    let file = fs::File::options().write(true).open(db).unwrap();
                    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
                } else {
                    fs::remove_file(db).unwrap();
                }
            }
        }
        folder
    }
}

#[test]
fn what_a_crash_leaves_opens_with_everything() {
    let both = both();
    let states = [
        [Before, Empty, Nothing],
        [Before, HalfOf(true), Nothing],
        [Before, After, Nothing],
        [Nothing, After, Before],
        [Nothing, Nothing, Before],
        [Nothing, HalfOf(true), Before],
        [After, Nothing, Before],
        [After, Nothing, HalfOf(false)],
        [After, Nothing, Empty],
        [After, HalfOf(true), Before],
    ];
    for state in states {
        let folder = both.with(state);
        let store = open_compacting(folder.path()).unwrap_or_else(|error| panic!("{state:?}: {error}"));
        check(&store, &both.expected);
        assert!(!has(folder.path(), "records.new") && !has(folder.path(), "records.old"), "{state:?}");
        drop(store);
        check(&open_compacting(folder.path()).unwrap(), &both.expected);
        assert!(octets(&records(folder.path())) <= octets(&records(both.after.path())) + MIB, "{state:?}");
    }
}

#[test]
fn what_no_crash_leaves_is_refused_and_nothing_whole_is_deleted() {
    let both = both();
    let states = [
        [Nothing, After, Nothing],
        [Nothing, HalfOf(true), Nothing],
        [Nothing, Empty, Nothing],
        // An earlier version opened what a crash had left.
        [Empty, After, Before],
        [Empty, Nothing, Before],
        [HalfOf(false), After, Before],
        [Empty, After, Nothing],
    ];
    for state in states {
        let folder = both.with(state);
        let beside = |folder: &Path| {
            let mut content = content(folder);
            content.retain(|path, _| !path.starts_with(records(folder)));
            content
        };
        let before = beside(folder.path());
        for _ in 0..2 {
            assert_eq!(open_compacting(folder.path()).unwrap_err(), RECORDS_DAMAGED, "{state:?}");
            assert!(beside(folder.path()) == before, "{state:?}");
        }
    }
    for (missing, what) in [("format", "format file"), ("head", "head file")] {
        for state in [[Nothing, Nothing, Before], [Nothing, After, Nothing]] {
            let folder = both.with(state);
            fs::remove_file(folder.path().join(missing)).unwrap();
            let before = content(folder.path()).len();
            assert_eq!(open_compacting(folder.path()).unwrap_err(), StoreError::Damaged(what), "{state:?}");
            assert_eq!(content(folder.path()).len(), before);
        }
    }
}

/// A crash while sled opens leaves that.
#[test]
fn a_snapshot_of_sled_that_is_half_written_does_not_spoil_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let expected = removed_from(folder.path(), 500);
    for octets in [0, 5, 12, 1_000] {
        for name in ["snap.0000000000000001.generating", "snap.7FFFFFFFFFFFFFFF.generating"] {
            fs::write(records(folder.path()).join(name), vec![0xa5; octets]).unwrap();
            check(&open(folder.path(), &KEY).unwrap(), &expected);
        }
    }
}

#[test]
fn after_a_crash_compaction_is_left_out_once() {
    let both = both();
    let folder = both.with([Before, HalfOf(true), Nothing]);
    let file = identity(folder.path());
    check(&open_compacting(folder.path()).unwrap(), &both.expected);
    assert_eq!(identity(folder.path()), file);
    check(&open_compacting(folder.path()).unwrap(), &both.expected);
    assert_ne!(identity(folder.path()), file);
}

/// Removes a record from sled, past the store and its sums.
fn lose_a_record(folder: &Path, tree: u8) {
    // A closed sled lets go of its lock a moment later, on a thread of its own.
    let mut tries = 0..1_000;
    let db = loop {
        match sled::open(records(folder)) {
            Err(sled::Error::Io(_)) if tries.next().is_some() => sleep(Duration::from_millis(10)),
            opened => break opened.unwrap(),
        }
    };
    let key = db.scan_prefix([b'r', tree]).keys().next().unwrap().unwrap();
    db.remove(key).unwrap().unwrap();
    db.flush().unwrap();
}

#[test]
fn damaged_records_are_not_written_anew() {
    const MAIL: u8 = 1;
    const KEYS: u8 = 4;
    for (tree, error) in [(MAIL, CACHE_DAMAGED), (KEYS, RECORDS_DAMAGED)] {
        let folder = tempfile::tempdir().unwrap();
        removed_from(folder.path(), 2_000);
        lose_a_record(folder.path(), tree);
        let file = identity(folder.path());
        let store = open_compacting(folder.path()).unwrap();
        let refused = Tree::ALL.iter().flat_map(|tree| {
            let groups = store.groups(*tree).unwrap();
            groups.into_iter().filter_map(|group| store.scan(*tree, &group).err()).collect::<Vec<_>>()
        });
        assert_eq!(refused.collect::<Vec<_>>(), [error]);
        assert_eq!(identity(folder.path()), file);
        assert!(!has(folder.path(), "records.new") && !has(folder.path(), "records.old"));
    }
}

#[test]
fn a_lost_cache_is_not_written_anew_and_keeps_what_lies_beside_it() {
    let both = both();
    let folder = both.with([Before, Nothing, Nothing]);
    let store = open(folder.path(), &KEY).unwrap();
    apply(&store, &mut Expected::new(), vec![(key(51), Some(b"the last change".to_vec()))]);
    drop(store);
    fs::remove_dir_all(records(folder.path())).unwrap();
    copy_folder(&records(both.before.path()), &records(folder.path()));
    copy_folder(&records(both.after.path()), &folder.path().join("records.old"));
    let file = identity(folder.path());
    let store = open_compacting(folder.path()).unwrap();
    assert_eq!(store.groups(Tree::Mail), Err(CACHE_DAMAGED));
    assert!(identity(folder.path()) == file && has(folder.path(), "records.old"));
    store.clear_cache().unwrap();
    drop(store);
    drop(open_compacting(folder.path()).unwrap());
    assert!(!has(folder.path(), "records.old"));
}

/// Written anew when it is opened again.
fn compacted(folder: &Path, store: SealedStore) -> SealedStore {
    let filler = RecordKey::numbered(Tree::Meetings, "filler", 0);
    for round in 0..12 {
        let value = (round < 11).then(|| vec![round; 1 << 20]);
        store.apply(Batch { changes: vec![(filler.clone(), value)] }).unwrap();
    }
    drop(store);
    let file = identity(folder);
    let store = open_compacting(folder).unwrap();
    let is_large = octets(&records(folder)) > 4 * MIB;
    assert!(identity(folder) != file || is_large, "it was written anew, or holds that much");
    store
}

store::store_contract_tests!(sealed_compacted, || Reopening::sealed(compacted));
