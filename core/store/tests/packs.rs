//! Many small bodies in one file: found, replaced, removed, and what a crash or damage leaves.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use engine::ports::{RecordKey, Store, StoreError, Tree};
use store::SealedStore;
use support::{KEY, files_below, open};

const DIRECTORY: usize = 12;
const ENTRY: usize = 36;

type Damage = (&'static str, fn(&mut Vec<u8>));

fn key(number: u64) -> RecordKey {
    RecordKey::numbered(Tree::Mail, "INBOX", number)
}

fn body(number: u64, version: u8) -> Vec<u8> {
    format!("mail {number} version {version} ").repeat(20).into_bytes()
}

fn put(store: &SealedStore, numbers: impl Iterator<Item = u64>, version: u8) {
    let bodies: Vec<_> = numbers.map(|number| (key(number), body(number, version))).collect();
    store.put_bodies(&bodies).unwrap();
}

fn remove(store: &SealedStore, numbers: impl Iterator<Item = u64>) {
    store.remove_bodies(&numbers.map(key).collect::<Vec<_>>()).unwrap();
}

fn packs(folder: &Path) -> Vec<PathBuf> {
    let folder = folder.join("packs");
    let mut packs = if folder.exists() { files_below(&folder) } else { Vec::new() };
    packs.sort();
    packs
}

fn octets(folder: &Path) -> u64 {
    packs(folder).iter().map(|pack| fs::metadata(pack).unwrap().len()).sum()
}

#[track_caller]
fn check(store: &SealedStore, expected: impl Fn(u64) -> Option<Vec<u8>>) {
    for number in 0..100 {
        assert_eq!(store.body(&key(number)).unwrap(), expected(number), "{number}");
    }
}

fn filled(folder: &Path) -> SealedStore {
    let store = open(folder, &KEY).unwrap();
    put(&store, 0..100, 1);
    store
}

#[test]
fn small_bodies_share_a_file_and_large_ones_have_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let mut bodies: Vec<_> = (0..100).map(|number| (key(number), body(number, 1))).collect();
    let large = [vec![5; 64 * 1024], vec![6; 64 * 1024 + 1], vec![7; 200_000]];
    bodies.extend((200..).zip(&large).map(|(number, body)| (key(number), body.clone())));
    store.put_bodies(&bodies).unwrap();
    assert_eq!((packs(folder.path()).len(), files_below(&folder.path().join("bodies")).len()), (1, 2));
    drop(store);
    let store = open(folder.path(), &KEY).unwrap();
    check(&store, |number| Some(body(number, 1)));
    for (number, body) in (200..).zip(large) {
        assert_eq!(store.body(&key(number)).unwrap(), Some(body));
    }
    assert_eq!(store.body(&key(100)).unwrap(), None);
}

#[test]
fn a_few_bodies_have_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    put(&store, 0..7, 1);
    assert_eq!((packs(folder.path()).len(), files_below(&folder.path().join("bodies")).len()), (0, 7));
}

#[test]
fn the_newest_body_counts_wherever_it_lies() {
    for reopens in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = filled(folder.path());
        put(&store, 10..50, 2);
        put(&store, 20..23, 3);
        store.put_body(&key(30), &body(30, 4)).unwrap();
        put(&store, 22..32, 5);
        if reopens {
            drop(store);
            store = open(folder.path(), &KEY).unwrap();
        }
        let version = |number| match number {
            22..32 => 5,
            20..22 => 3,
            10..50 => 2,
            _ => 1,
        };
        check(&store, |number| Some(body(number, version(number))));
        remove(&store, 15..25);
        check(&store, |number| (!(15..25).contains(&number)).then(|| body(number, version(number))));
    }
}

#[test]
fn what_was_removed_is_gone_from_the_disk_and_gives_its_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let pack = packs(folder.path()).remove(0);
    let before = fs::read(&pack).unwrap();
    remove(&store, 40..41);
    let after = fs::read(&pack).unwrap();
    assert_eq!(after.len(), before.len());
    let zeros = |file: &[u8]| file.iter().filter(|octet| **octet == 0).count();
    let sealed = body(40, 1).len() + 27 + 16;
    // Some of the octets were zeros before.
    assert!(zeros(&after) > zeros(&before) + 32 + sealed * 9 / 10, "{} {}", zeros(&after), zeros(&before));

    remove(&store, 41..80);
    assert!(packs(folder.path()).contains(&pack), "half of it lives");
    remove(&store, 0..12);
    assert!(!packs(folder.path()).contains(&pack) && octets(folder.path()) < before.len() as u64 / 2);
    check(&store, |number| ((12..40).contains(&number) || number >= 80).then(|| body(number, 1)));
    remove(&store, 0..100);
    assert_eq!(packs(folder.path()), Vec::<PathBuf>::new());
    check(&store, |_| None);
    put(&store, 0..100, 2);
    drop(store);
    check(&open(folder.path(), &KEY).unwrap(), |number| Some(body(number, 2)));
}

#[test]
fn mail_that_is_fetched_again_takes_no_room_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let once = octets(folder.path());
    for version in 2..5 {
        put(&store, 0..100, version);
    }
    assert_eq!(octets(folder.path()), once);
    check(&store, |number| Some(body(number, 4)));
}

/// A crash between the new pack and the end of the old one leaves both.
#[test]
fn an_older_pack_that_a_crash_left_is_shadowed_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let old = packs(folder.path()).remove(0);
    let left = fs::read(&old).unwrap();
    put(&store, 0..100, 2);
    drop(store);
    fs::write(&old, left).unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    check(&store, |number| Some(body(number, 2)));
    assert!(!old.exists());
    remove(&store, 0..100);
    drop(store);
    check(&open(folder.path(), &KEY).unwrap(), |_| None);
}

#[test]
fn a_shadowed_part_of_a_pack_does_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path());
    let old = packs(folder.path()).remove(0);
    let left = fs::read(&old).unwrap();
    put(&store, 0..20, 2);
    drop(store);
    fs::write(&old, left).unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    remove(&store, 0..20);
    drop(store);
    check(&open(folder.path(), &KEY).unwrap(), |number| (number >= 20).then(|| body(number, 1)));
}

#[test]
fn half_a_pack_that_a_crash_left_in_incoming_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let half = folder.path().join("incoming/0000000000000002");
    fs::write(&half, b"CSPACK1\0\0\0").unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    assert!(!half.exists());
    check(&store, |number| Some(body(number, 1)));
}

#[test]
fn a_damaged_pack_keeps_nothing_else_away_and_is_not_thrown_away() {
    let pristine = tempfile::tempdir().unwrap();
    drop(filled(pristine.path()));
    let pack = packs(pristine.path()).remove(0);
    let good = fs::read(&pack).unwrap();
    let damage: [Damage; 6] = [
        ("empty", |pack| pack.clear()),
        ("cut in its directory", |pack| pack.truncate(DIRECTORY + 5 * ENTRY + 7)),
        ("cut in its bodies", |pack| pack.truncate(pack.len() - 1)),
        ("longer", |pack| pack.push(0)),
        ("another magic", |pack| pack[3] ^= 1),
        ("a count beyond the file", |pack| pack[8] = 0xff),
    ];
    for (what, damage) in damage {
        let mut bad = good.clone();
        damage(&mut bad);
        fs::write(&pack, &bad).unwrap();
        let store = open(pristine.path(), &KEY).unwrap();
        assert_eq!(store.body(&key(1)), Ok(None), "{what}");
        store.put_body(&key(500), b"another").unwrap();
        assert_eq!(store.body(&key(500)), Ok(Some(b"another".to_vec())), "{what}");
        // It can be fetched again, and lies where it is read from then on.
        put(&store, 0..100, 2);
        check(&store, |number| Some(body(number, 2)));
        remove(&store, 0..100);
        drop(store);
        assert_eq!(fs::read(&pack).unwrap(), bad, "{what}");
    }
}

#[test]
fn bodies_of_a_pack_can_not_be_exchanged_or_changed() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let pack = packs(folder.path()).remove(0);
    let good = fs::read(&pack).unwrap();

    // Two names change places.
    let mut bad = good.clone();
    let (one, other) = (DIRECTORY, DIRECTORY + ENTRY);
    let name = bad[one..one + 32].to_vec();
    bad.copy_within(other..other + 32, one);
    bad[other..other + 32].copy_from_slice(&name);
    fs::write(&pack, &bad).unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let results: Vec<_> = (0..100).map(|number| (number, store.body(&key(number)))).collect();
    let damaged = results.iter().filter(|(_, read)| *read == Err(StoreError::Damaged("a mail body"))).count();
    let right = results.iter().filter(|(number, read)| *read == Ok(Some(body(*number, 1)))).count();
    assert_eq!((damaged, right), (2, 98));
    drop(store);

    // A bit of the last body.
    let mut bad = good;
    let last = bad.len() - 1;
    bad[last] ^= 1;
    fs::write(&pack, &bad).unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let read: Vec<_> = (0..100).map(|number| store.body(&key(number))).collect();
    assert_eq!(read.iter().filter(|read| **read == Err(StoreError::Damaged("a mail body"))).count(), 1);
}

#[test]
fn files_that_are_no_packs_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    for name in ["README", "2", "000000000000000G", "+000000000000001"] {
        fs::write(folder.path().join("packs").join(name), b"not ours").unwrap();
    }
    let store = open(folder.path(), &KEY).unwrap();
    check(&store, |number| Some(body(number, 1)));
    assert_eq!(store.body(&key(100)).unwrap(), None);
    remove(&store, 0..100);
    assert_eq!(packs(folder.path()).len(), 4);
}

/// Programs of the format before know no packs.
#[test]
fn a_store_of_the_format_before_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sealed/store");
    support::copy_folder(&fixture, folder.path());
    let version = || fs::read(folder.path().join("format")).unwrap()[8..12].to_vec();
    assert_eq!(version(), [0, 0, 0, 1]);
    assert_eq!(open(folder.path(), &[1; 32]).unwrap_err(), StoreError::WrongKey);
    assert_eq!(version(), [0, 0, 0, 1]);
    for _ in 0..2 {
        let store = open(folder.path(), &KEY).unwrap();
        assert_eq!(version(), [0, 0, 0, 2]);
        let mail = store.body(&RecordKey::numbered(Tree::Mail, "alice@example.org/INBOX", 4711)).unwrap();
        assert_eq!(mail, Some(b"From: bob@example.org\r\n\r\nFrozen.\r\n".to_vec()));
    }
    assert_eq!(open(folder.path(), &[1; 32]).unwrap_err(), StoreError::WrongKey);
}
