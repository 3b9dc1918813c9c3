//! Damage to any file of an index: an error or the right results, never a panic; and it can be filled anew.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::fs;
use std::path::Path;

use engine::ports::StoreError;
use engine::search::{Changes, Document, MailId, Page, Query, SearchIndex};
use store::{INDEX_DAMAGED, SealedIndex};
use support::mails::{add, id, mail, mark};
use support::{KEY, copy_folder, files_below, open, rounds};
use testkit::SeededRng;

const ACCOUNT: &[u8] = b"alice@example.com";

/// More than one chunk in some files, several segments, removed mail.
fn fill(index: &SealedIndex) {
    for round in 0..3_u32 {
        let text = |uid: u32| (0..60).map(|word| format!("word{} ", uid * 60 + word)).collect::<String>();
        let mails: Vec<Document> =
            (round * 40..round * 40 + 40).map(|uid| mail("inbox", uid, "report 报告", &text(uid))).collect();
        add(index, mails, u64::from(round));
    }
    let removed = vec![id("inbox", 3), id("inbox", 50)];
    index.update(Changes { removed, added: Vec::new() }, mark(9)).unwrap();
}

/// Queries with the number of mails that they find, and the newest one.
const EXPECTED: [(&str, u64, &str); 7] = [
    ("report ", 118, "inbox.119"),
    ("\"report 报告\" ", 118, "inbox.119"),
    ("word7199 ", 1, "inbox.119"),
    ("\"word180 word181\" ", 0, ""),
    // Words 12, 120 to 129 and 1200 to 1299, of 60 to a mail: mails 0, 2, 20 and 21.
    ("word12*", 4, "inbox.21"),
    ("from:bob before:2026-01-03 ", 2, "inbox.1"),
    ("告 in:inbox after:2026-04-30 ", 1, "inbox.119"),
];

/// Every query is answered rightly or refused; how many were refused.
fn check(index: &SealedIndex, what: &str) -> usize {
    let mut refused = 0;
    match index.mark() {
        Ok(found) => assert!(found.is_none() || found == Some(mark(9)), "{what}"),
        Err(error) => {
            assert_eq!(error, INDEX_DAMAGED, "{what}");
            refused += 1;
        }
    }
    // Without its first file an index is a new one, which its mark says.
    let is_new = index.mark() == Ok(None);
    for (typed, total, newest) in EXPECTED {
        match index.find(&Query::parse(typed).unwrap(), Page { limit: 5, after: None }) {
            Ok(found) => {
                let first = found.mails.first().map(MailId::to_string).unwrap_or_default();
                let expected = if is_new { (0, "") } else { (total, newest) };
                assert_eq!((found.total, first.as_str()), expected, "{what}: {typed}");
            }
            Err(error) => {
                assert_eq!(error, INDEX_DAMAGED, "{what}: {typed}");
                refused += 1;
            }
        }
    }
    refused + usize::from(is_new)
}

fn heal(index: &SealedIndex, what: &str) {
    index.clear().unwrap();
    assert_eq!(index.mark(), Ok(None), "{what}");
    fill(index);
    assert_eq!(check(index, what), 0, "{what}");
}

#[test]
fn every_damaged_file_is_noticed_and_healed() {
    let original = tempfile::tempdir().unwrap();
    {
        let store = open(original.path(), &KEY).unwrap();
        let index = store.search_index(ACCOUNT);
        fill(&index);
        assert_eq!(check(&index, "whole"), 0);
    }
    let files = files_below(&original.path().join("search"));
    assert!(files.len() >= 7, "{} files", files.len());
    let mut rng = SeededRng::new("search damage");
    let mut noticed = 0;
    let mut tried = 0;
    for file in &files {
        let octets = fs::read(file).unwrap();
        let mut spoiled: Vec<(String, Option<Vec<u8>>)> = vec![
            ("removed".into(), None),
            ("empty".into(), Some(Vec::new())),
            ("cut by one".into(), octets.get(..octets.len() - 1).map(<[u8]>::to_vec)),
            ("doubled".into(), Some([octets.clone(), octets.clone()].concat())),
            ("longer".into(), Some([octets.as_slice(), &[0xa5; 100]].concat())),
        ];
        // Where chunks end, a shorter file looks whole.
        let ends = (27..octets.len()).step_by(16 * 1024 + 16).take(rounds(2, 1000));
        spoiled.extend(ends.map(|end| (format!("cut at {end}"), octets.get(..end).map(<[u8]>::to_vec))));
        for position in [0, 8, 27, octets.len() - 1] {
            spoiled.push((format!("flipped at {position}"), Some(flipped(&octets, position, 1))));
        }
        for _ in 0..rounds(3, 200) {
            let (position, bit) = (rng.below(octets.len()), 1 << rng.below(8));
            spoiled.push((format!("flipped at {position}"), Some(flipped(&octets, position, bit))));
        }
        for other in files.iter().filter(|other| *other != file).take(rounds(1, 100)) {
            spoiled.push(("another file".into(), Some(fs::read(other).unwrap())));
        }
        for (how, content) in spoiled {
            let name = file.strip_prefix(original.path()).unwrap();
            let what = format!("{} {how}", name.display());
            let copy = tempfile::tempdir().unwrap();
            copy_folder(original.path(), copy.path());
            put(&copy.path().join(name), content);
            let store = open(copy.path(), &KEY).unwrap();
            let index = store.search_index(ACCOUNT);
            noticed += usize::from(check(&index, &what) > 0);
            tried += 1;
            if tried % 40 == 0 {
                heal(&index, &what);
            }
        }
    }
    println!("{noticed} of {tried} damages were noticed by these queries, the others harmless");
    assert!(noticed * 2 > tried);
}

fn put(path: &Path, content: Option<Vec<u8>>) {
    match content {
        Some(octets) => fs::write(path, octets).unwrap(),
        None => fs::remove_file(path).unwrap(),
    }
}

fn flipped(octets: &[u8], position: usize, bit: u8) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets.iter_mut().skip(position).take(1).for_each(|octet| *octet ^= bit);
    octets
}

/// The folder is whole, and another program's file in it does no harm.
#[test]
fn damage_while_it_is_open_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let index = store.search_index(ACCOUNT);
    fill(&index);
    for file in files_below(&folder.path().join("search")) {
        fs::write(file, b"gone").unwrap();
    }
    let failed =
        index.update(Changes { added: vec![mail("inbox", 500, "late", "")], removed: Vec::new() }, mark(10));
    assert_eq!(failed, Err(INDEX_DAMAGED));
    assert_eq!(index.mark(), Err(INDEX_DAMAGED));
    heal(&index, "all files overwritten");
}

#[test]
fn a_folder_that_cannot_be_written_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    // A file where the folder should be.
    fs::write(folder.path().join("search"), b"").unwrap();
    let index = store.search_index(ACCOUNT);
    assert!(matches!(index.mark(), Err(StoreError::Io(_))), "{:?}", index.mark());
    fs::remove_file(folder.path().join("search")).unwrap();
    assert_eq!(index.mark(), Ok(None));
}
