//! What is stored is nowhere to be read in the folder: not its content, not its names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::fs;

use engine::ports::{Batch, RecordKey, Store, Tree};
use engine::search::{Changes, Document, Page, SearchIndex};
use support::mails::{add, id, mail, mark, page};
use support::{KEY, files_below, open};

const CANARY: &str = "canary-7f3a-用户-salary-of-alice";

/// Base64 (RFC 4648 section 4) of `bytes` without the first and last characters, which depend on the neighbours.
fn base64_core(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> =
        bytes.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1)).collect();
    let sextets = bits
        .chunks_exact(6)
        .map(|bits| bits.iter().fold(0_usize, |value, bit| value << 1 | usize::from(*bit)));
    sextets.map(|value| char::from(*ALPHABET.get(value).unwrap())).collect()
}

/// The canary and its traces: raw, hexadecimal, base64 at each alignment, UTF-16.
fn traces() -> Vec<Vec<u8>> {
    let raw = CANARY.as_bytes();
    let hex: String = raw.iter().map(|octet| format!("{octet:02x}")).collect();
    let mut traces = vec![raw.to_vec(), hex.clone().into_bytes(), hex.to_uppercase().into_bytes()];
    traces.extend((0..3).map(|skipped| base64_core(raw.get(skipped..).unwrap()).into_bytes()));
    traces.push(CANARY.encode_utf16().flat_map(u16::to_le_bytes).collect());
    // A part is enough to give the secret away.
    traces.push(b"salary-of".to_vec());
    traces
}

fn found(haystack: &[u8]) -> bool {
    traces().iter().any(|trace| haystack.windows(trace.len()).any(|window| window == trace.as_slice()))
}

#[test]
fn the_search_finds_what_it_should() {
    assert!(found(format!("x{CANARY}y").as_bytes()));
    assert!(found(b"Y2FuYXJ5LTdmM2Et55So5oi3LXNhbGFyeS1vZi1hbGljZQ=="), "base64 by openssl");
    assert!(found(b"salary-of-bob"));
    assert!(!found(b"nothing of that kind"));
}

#[test]
fn a_canary_is_nowhere_in_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let body = format!("Subject: {CANARY}\r\n\r\n{}", CANARY.repeat(10_000));
    for tree in Tree::ALL {
        for number in 0..20 {
            let mut batch = Batch::default();
            batch.put(RecordKey::numbered(tree, CANARY, number), CANARY.into());
            batch.put(
                RecordKey::named(tree, format!("{CANARY}{number}"), CANARY),
                CANARY.repeat(200).into_bytes(),
            );
            batch.put(RecordKey::named(tree, CANARY, format!("{number}{CANARY}")), Vec::new());
            store.apply(batch).unwrap();
        }
        store.put_body(&RecordKey::named(tree, CANARY, CANARY), body.as_bytes()).unwrap();
        store.put_body(&RecordKey::numbered(tree, CANARY, 1), CANARY.as_bytes()).unwrap();
    }
    let search = || {
        let files = files_below(folder.path());
        assert!(files.len() > 20, "records, bodies and what belongs to them are there");
        for file in files {
            assert!(!found(file.to_string_lossy().as_bytes()), "in the name of {}", file.display());
            assert!(!found(&fs::read(&file).unwrap()), "in {}", file.display());
        }
    };
    search();
    drop(store);
    search();
    let store = open(folder.path(), &KEY).unwrap();
    assert_eq!(store.scan(Tree::People, CANARY.as_bytes()).unwrap().len(), 40, "it was really stored");
    drop(store);
    search();
}

/// What the index makes of the canary, and a word that only it holds.
fn index_traces() -> Vec<Vec<u8>> {
    let words = ["zanzibarcanary", "zanzibar", "canary-7f3a", "salary-of", "用户zanz"];
    let utf16 = |word: &str| word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let octets = words.iter().map(|word| word.as_bytes().to_vec());
    traces().into_iter().chain(octets).chain(words.iter().map(|word| utf16(word))).collect()
}

#[test]
fn a_canary_is_nowhere_in_the_search_index() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let index = store.search_index(format!("zanzibarcanary@{CANARY}").as_bytes());
    let canary = format!("Zanzibarcanary {CANARY} 用户zanzibarcanary");
    for round in 0..3 {
        let mails = (round * 100..round * 100 + 100).map(|uid| {
            let mail = mail(&canary, uid, &canary, &canary.repeat(50));
            let names = vec![canary.clone()];
            Document {
                from: names.clone(),
                file_names: names.clone(),
                file_texts: names.clone(),
                to: names,
                ..mail
            }
        });
        add(&*index, mails.collect(), u64::from(round));
    }
    let removed = Changes { removed: vec![id(&canary, 7)], added: Vec::new() };
    index.update(removed, mark(3)).unwrap();
    for typed in ["zanzibarcanary", "用户zanzibar", CANARY, "from:zanzibarcanary "] {
        let found = page(&*index, typed, Page { limit: 10, after: None });
        assert_eq!(found.total, 299, "it was really indexed: {typed}");
    }
    let search = || {
        let files = files_below(folder.path());
        assert!(files.len() > 8);
        for file in files {
            let (name, octets) = (file.to_string_lossy().into_owned(), fs::read(&file).unwrap());
            for trace in index_traces() {
                let is_in = |octets: &[u8]| octets.windows(trace.len()).any(|window| window == trace);
                assert!(
                    !is_in(name.as_bytes()) && !is_in(&octets),
                    "{} in {name}",
                    String::from_utf8_lossy(&trace)
                );
            }
        }
    };
    search();
    drop((index, store));
    search();
}

#[test]
fn equal_values_look_different() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let keys = [1, 2].map(|number| RecordKey::numbered(Tree::Mail, "INBOX", number));
    for key in &keys {
        store.put_body(key, &[0; 100_000]).unwrap();
    }
    let bodies = files_below(&folder.path().join("bodies"));
    let [one, other] = [0, 1].map(|position| fs::read(bodies.get(position).unwrap()).unwrap());
    assert_eq!(one.len(), other.len());
    let same = one.iter().zip(&other).skip(8).filter(|(a, b)| a == b).count();
    assert!(same < one.len() / 100, "{same} octets of {} are the same", one.len());
    for key in &keys {
        store.put_body(key, &[0; 100_000]).unwrap();
    }
    // The files are in the order of their hashes, so which is which is not known.
    let again = [0, 1].map(|position| fs::read(&bodies[position]).unwrap());
    assert!(again[0] != one && again[1] != other, "a new nonce for the same body under the same key");
}
