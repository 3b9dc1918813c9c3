//! A store with much dead room in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use store::SealedStore;
use zeroize::Zeroizing;

use super::{KEY, SystemRandom, files_below, open};

pub const MIB: u64 = 1024 * 1024;

pub type Expected = BTreeMap<RecordKey, Vec<u8>>;

pub fn open_compacting(folder: &Path) -> Result<SealedStore, StoreError> {
    SealedStore::open_compacting_above(folder, &Zeroizing::new(KEY), Box::new(SystemRandom), MIB)
}

pub fn apply(store: &dyn Store, expected: &mut Expected, changes: Vec<(RecordKey, Option<Vec<u8>>)>) {
    for (key, value) in &changes {
        match value {
            Some(value) => expected.insert(key.clone(), value.clone()),
            None => expected.remove(key),
        };
    }
    store.apply(Batch { changes }).unwrap();
}

/// A record in ten is irreplaceable and has a name.
pub fn key(number: u64) -> RecordKey {
    if (number / 50).is_multiple_of(10) {
        RecordKey::named(Tree::Drafts, format!("account {}", number % 3), number.to_be_bytes())
    } else {
        RecordKey::numbered(Tree::Mail, format!("folder {}", number % 7), number)
    }
}

/// Up to two pieces.
pub fn value(number: u64) -> Vec<u8> {
    vec![number as u8; usize::try_from(number * 977 % 3_500).unwrap()]
}

/// Puts `count` records in `folder` and removes all but every fiftieth.
pub fn removed_from(folder: &Path, count: u64) -> Expected {
    let mut expected = Expected::new();
    let store = open(folder, &KEY).unwrap();
    let numbers: Vec<u64> = (0..count).collect();
    for numbers in numbers.chunks(500) {
        apply(&store, &mut expected, numbers.iter().map(|n| (key(*n), Some(value(*n)))).collect());
    }
    let gone: Vec<u64> = numbers.into_iter().filter(|number| number % 50 > 0).collect();
    for numbers in gone.chunks(500) {
        apply(&store, &mut expected, numbers.iter().map(|n| (key(*n), None)).collect());
    }
    for number in 0..20_u64 {
        let key = RecordKey::named(Tree::Keys, "alice", format!("key {number}"));
        apply(&store, &mut expected, vec![(key, Some(vec![number as u8; 40]))]);
    }
    expected
}

pub fn check(store: &dyn Store, expected: &Expected) {
    let mut found = Expected::new();
    for tree in Tree::ALL {
        for group in store.groups(tree).unwrap() {
            for (item, value) in store.scan(tree, &group).unwrap() {
                found.insert(RecordKey { tree, group: group.clone(), item }, value);
            }
        }
    }
    assert!(found == *expected, "{} records are there, {} were put", found.len(), expected.len());
}

pub fn records(folder: &Path) -> PathBuf {
    folder.join("records")
}

pub fn octets(folder: &Path) -> u64 {
    files_below(folder).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

pub fn has(folder: &Path, name: &str) -> bool {
    folder.join(name).exists()
}

/// Which file it is, to see whether it was replaced.
pub fn identity(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(records(folder).join("db")).unwrap().ino()
}
