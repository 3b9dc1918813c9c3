//! What is stored is nowhere to be read in the folder: not its content, not its names.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::fs;

use engine::ports::{Batch, RecordKey, Store, Tree};
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
