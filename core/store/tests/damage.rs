//! Damage to any file: a clear error or the right data; never a panic, a wrong value or a silent loss.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::ports::{Batch, Item, RecordKey, Store, StoreError, Tree};
use store::{CACHE_DAMAGED, SealedStore};
use support::{KEY, copy_folder, files_below, open, rounds};
use testkit::SeededRng;

/// What was written, kept beside the store.
#[derive(Default)]
struct Expected {
    records: BTreeMap<RecordKey, Vec<u8>>,
    bodies: BTreeMap<RecordKey, Vec<u8>>,
}

impl Expected {
    fn put(&mut self, store: &SealedStore, changes: impl IntoIterator<Item = (RecordKey, Option<Vec<u8>>)>) {
        let batch = Batch { changes: changes.into_iter().collect() };
        for (key, value) in &batch.changes {
            match value {
                Some(value) => self.records.insert(key.clone(), value.clone()),
                None => self.records.remove(key),
            };
        }
        store.apply(batch).unwrap();
    }

    /// Everything readable is right; returns how many reads were refused as damaged.
    fn check(&self, store: &SealedStore) -> usize {
        let mut refused = 0;
        let mut judge = |right: Result<bool, StoreError>, what: String| match right {
            Ok(right) => assert!(right, "wrong data without an error: {what}"),
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(error) => panic!("{what}: {error}"),
        };
        for (key, value) in &self.records {
            judge(store.read(key).map(|found| found.as_ref() == Some(value)), format!("{key:?}"));
        }
        for (key, body) in &self.bodies {
            judge(store.body(key).map(|found| found.as_ref() == Some(body)), format!("body {key:?}"));
        }
        for tree in Tree::ALL {
            let mut groups: Vec<_> =
                self.records.keys().filter(|key| key.tree == tree).map(|key| key.group.clone()).collect();
            groups.dedup();
            judge(store.groups(tree).map(|found| found == groups), format!("groups of {tree:?}"));
            for group in groups {
                let of_group = self.records.iter().filter(|(key, _)| key.tree == tree && key.group == group);
                let records: Vec<(Item, Vec<u8>)> =
                    of_group.map(|(key, value)| (key.item.clone(), value.clone())).collect();
                judge(store.scan(tree, &group).map(|found| found == records), format!("{tree:?} {group:?}"));
            }
        }
        refused
    }
}

/// A store that was opened several times (so that sled has a snapshot), with replaced, removed and long values.
fn fixture(folder: &Path) -> Expected {
    let mut expected = Expected::default();
    for session in 0..4_u64 {
        let store = open(folder, &KEY).unwrap();
        for round in 0..25_u64 {
            let number = session * 25 + round;
            let value = |octets: u64| Some(vec![number as u8; usize::try_from(octets).unwrap()]);
            let mut changes = vec![
                (RecordKey::numbered(Tree::Mail, format!("folder {}", number % 3), number), value(700)),
                (RecordKey::named(Tree::Sync, "state", format!("{}", number % 7)), value(30)),
                (
                    RecordKey::named(
                        Tree::Approvals,
                        format!("request {}", number % 4),
                        number.to_be_bytes(),
                    ),
                    value(number * 90),
                ),
                (RecordKey::named(Tree::People, "people", format!("person {}", number % 11)), value(300)),
            ];
            if number % 4 == 3 {
                changes.push((
                    RecordKey::numbered(Tree::Mail, format!("folder {}", (number - 3) % 3), number - 3),
                    None,
                ));
            }
            expected.put(&store, changes);
        }
        for (number, octets) in (session * 4..).zip([0, 100, 65_536, 150_000]) {
            let (key, body) =
                (RecordKey::numbered(Tree::Mail, "folder 0", number), vec![number as u8; octets]);
            store.put_body(&key, &body).unwrap();
            expected.bodies.insert(key, body);
        }
    }
    expected
}

/// Spoils the file somehow and says how.
fn spoil(rng: &mut SeededRng, file: &Path) -> String {
    let mut bytes = fs::read(file).unwrap();
    let position = rng.below(bytes.len().max(1));
    let how = match rng.below(8) {
        0..=3 => {
            let bit = 1 << rng.below(8);
            bytes.iter_mut().skip(position).take(1).for_each(|octet| *octet ^= bit);
            format!("bit flipped at {position}")
        }
        4 => {
            let sector = position / 512 * 512;
            bytes.iter_mut().skip(sector).take(512).for_each(|octet| *octet = 0);
            format!("sector at {sector} zeroed")
        }
        5 => {
            bytes.truncate(position);
            format!("cut at {position}")
        }
        6 => {
            let source = rng.below(bytes.len().max(1)) / 512 * 512;
            let sector: Vec<u8> = bytes.iter().skip(source).take(512).copied().collect();
            bytes.iter_mut().skip(position / 512 * 512).zip(sector).for_each(|(octet, other)| *octet = other);
            format!("sector {source} copied over {}", position / 512 * 512)
        }
        _ => {
            bytes.extend_from_slice(&[0xa5; 777]);
            "octets appended".to_owned()
        }
    };
    fs::write(file, bytes).unwrap();
    format!("{}: {how}", file.display())
}

/// Clears the cache of a damaged store. Where that succeeds, mail can be stored again and the rest is as it was.
fn clear_cache(expected: &Expected, store: &SealedStore) -> bool {
    match store.clear_cache() {
        Err(StoreError::Damaged(_)) => return false,
        cleared => cleared.unwrap(),
    }
    let rest = expected.records.iter().filter(|(key, _)| !key.tree.is_cache());
    let mut rest = Expected {
        records: rest.map(|(key, value)| (key.clone(), value.clone())).collect(),
        ..Expected::default()
    };
    rest.check(store);
    let mail = RecordKey::numbered(Tree::Mail, "folder 0", 1);
    rest.put(store, [(mail, Some(b"fetched again".to_vec()))]);
    rest.check(store);
    assert_eq!(store.scan(Tree::Mail, b"folder 0"), Ok(vec![(Item::Number(1), b"fetched again".to_vec())]));
    true
}

#[test]
fn damage_is_an_error_or_harmless() {
    let original = tempfile::tempdir().unwrap();
    let expected = fixture(original.path());
    assert_eq!(expected.check(&open(original.path(), &KEY).unwrap()), 0);
    let mut rng = SeededRng::new("damage");
    let (mut refused_whole, mut refused_parts, mut harmless, mut cleared) = (0, 0, 0, 0);
    for round in 0..rounds(60, 1_500) {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(original.path(), copy.path());
        let files: Vec<PathBuf> =
            files_below(copy.path()).into_iter().filter(|file| !file.ends_with("lock")).collect();
        // Half of the damage goes to sled's log, which is one file among many.
        let file = if rng.below(2) == 0 {
            copy.path().join("records/db")
        } else {
            files.get(rng.below(files.len())).unwrap().clone()
        };
        let how = spoil(&mut rng, &file);
        println!("round {round}: {how}");
        match open(copy.path(), &KEY) {
            Err(StoreError::Damaged(_)) => refused_whole += 1,
            Err(error) => panic!("{how}: {error}"),
            Ok(store) if expected.check(&store) == 0 => harmless += 1,
            Ok(store) => {
                refused_parts += 1;
                cleared += usize::from(clear_cache(&expected, &store));
            }
        }
    }
    println!(
        "{refused_whole} refused whole, {refused_parts} in part ({cleared} caches cleared), {harmless} harmless"
    );
    assert!(refused_whole > 0 && refused_parts > 0 && cleared > 0, "the damage was real");
}

#[test]
fn every_octet_of_a_body_is_protected() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let key = RecordKey::numbered(Tree::Mail, "INBOX", 1);
    store.put_body(&key, b"a short body").unwrap();
    let file = files_below(&folder.path().join("bodies")).pop().unwrap();
    let good = fs::read(&file).unwrap();
    for position in 0..good.len() {
        let mut changed = good.clone();
        *changed.get_mut(position).unwrap() ^= 1;
        fs::write(&file, &changed).unwrap();
        assert_eq!(store.body(&key), Err(StoreError::Damaged("a mail body")), "octet {position}");
        fs::write(&file, good.get(..position).unwrap()).unwrap();
        assert_eq!(store.body(&key), Err(StoreError::Damaged("a mail body")), "cut at {position}");
    }
    fs::write(&file, &good).unwrap();
    assert_eq!(store.body(&key), Ok(Some(b"a short body".to_vec())));
}

#[test]
fn chunks_of_a_body_can_t_be_cut_moved_doubled_or_exchanged() {
    const HEADER: usize = 8 + 19;
    const CHUNK: usize = 65_536 + 16;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let [one, other] = [1, 2].map(|number| RecordKey::numbered(Tree::Mail, "INBOX", number));
    store.put_body(&one, &[7; 3 * 65_536]).unwrap();
    let path = files_below(&folder.path().join("bodies")).pop().unwrap();
    store.put_body(&other, &[7; 3 * 65_536]).unwrap();
    let other_path =
        files_below(&folder.path().join("bodies")).into_iter().find(|file| *file != path).unwrap();
    let good = fs::read(&path).unwrap();
    assert_eq!(good.len(), HEADER + 3 * CHUNK);
    let header = good.get(..HEADER).unwrap();
    let chunks: Vec<&[u8]> = good.get(HEADER..).unwrap().chunks(CHUNK).collect();
    let [first, second, third] = chunks.as_slice() else { panic!("three chunks") };
    let attacks: [(&str, Vec<&[u8]>); 6] = [
        ("the last chunk is cut off", vec![first, second]),
        ("nothing but the header is left", vec![]),
        ("chunks change places", vec![second, first, third]),
        ("a chunk is doubled", vec![first, second, second, third]),
        ("a chunk is left out", vec![first, third]),
        ("the last chunk comes twice", vec![first, second, third, third]),
    ];
    for (attack, chunks) in attacks {
        fs::write(&path, [header, &chunks.concat()].concat()).unwrap();
        assert_eq!(store.body(&one), Err(StoreError::Damaged("a mail body")), "{attack}");
    }
    fs::copy(&other_path, &path).unwrap();
    assert_eq!(store.body(&one), Err(StoreError::Damaged("a mail body")), "another body takes its place");
}

#[test]
fn an_older_copy_of_the_records_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let revocation = RecordKey::named(Tree::People, "mallory", "trust");
    let put = |value: &[u8]| {
        let store = open(folder.path(), &KEY).unwrap();
        store.apply(Batch { changes: vec![(revocation.clone(), Some(value.to_vec()))] }).unwrap();
    };
    put(b"trusted");
    copy_folder(&folder.path().join("records"), old.path());
    put(b"forgotten");
    fs::remove_dir_all(folder.path().join("records")).unwrap();
    copy_folder(old.path(), &folder.path().join("records"));
    assert_eq!(open(folder.path(), &KEY).unwrap_err(), StoreError::Damaged("records"));
}

#[test]
fn a_lost_cache_is_rebuilt_and_nothing_else_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    let key = RecordKey::named(Tree::Keys, "alice", "root");
    let mail = |number| RecordKey::numbered(Tree::Mail, "INBOX", number);
    {
        let store = open(folder.path(), &KEY).unwrap();
        store
            .apply(Batch {
                changes: vec![(key.clone(), Some(b"root".to_vec())), (mail(1), Some(b"1".to_vec()))],
            })
            .unwrap();
    }
    copy_folder(&folder.path().join("records"), old.path());
    {
        let store = open(folder.path(), &KEY).unwrap();
        store.apply(Batch { changes: vec![(mail(2), Some(b"2".to_vec()))] }).unwrap();
    }
    // The last change, one of mail only, is lost.
    fs::remove_dir_all(folder.path().join("records")).unwrap();
    copy_folder(old.path(), &folder.path().join("records"));
    let store = open(folder.path(), &KEY).unwrap();
    assert_eq!(store.scan(Tree::Mail, b"INBOX"), Err(CACHE_DAMAGED));
    assert_eq!(store.groups(Tree::Sync), Err(CACHE_DAMAGED));
    let put_mail = |number| store.apply(Batch { changes: vec![(mail(number), Some(b"again".to_vec()))] });
    assert_eq!(put_mail(1), Err(CACHE_DAMAGED));
    assert_eq!(store.read(&key), Ok(Some(b"root".to_vec())));
    store.apply(Batch { changes: vec![(key.clone(), Some(b"new root".to_vec()))] }).unwrap();

    store.clear_cache().unwrap();
    assert_eq!(store.groups(Tree::Mail), Ok(vec![]));
    put_mail(1).unwrap();
    drop(store);
    let store = open(folder.path(), &KEY).unwrap();
    assert_eq!(store.scan(Tree::Mail, b"INBOX"), Ok(vec![(Item::Number(1), b"again".to_vec())]));
    assert_eq!(store.read(&key), Ok(Some(b"new root".to_vec())));
}
