//! SIGKILL at random moments: no acknowledged change is lost, and batches are whole.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use engine::ports::{Batch, RecordKey, Store, Tree};
use support::{KEY, child_arguments, open, rounds};
use testkit::SeededRng;

const FOLDER: &str = "COUNTERSIGN_KILL_TEST_FOLDER";

fn counter() -> RecordKey {
    RecordKey::named(Tree::Sync, "counter", "batch")
}

fn value(number: u64, part: u64) -> Vec<u8> {
    // From nothing to several pieces.
    let octets = usize::try_from(number * 977 + part * 4_000).unwrap() % 9_000;
    let mut value = number.to_be_bytes().to_vec();
    value.resize(8 + octets, part as u8);
    value
}

fn body(number: u64) -> Vec<u8> {
    let mut body = number.to_be_bytes().to_vec();
    body.resize(usize::try_from(number * 7_919 % 200_000).unwrap() + 8, 0x55);
    body
}

/// What batch `number` changes.
fn batch(number: u64) -> Batch {
    let mut batch = Batch::default();
    batch.put(counter(), number.to_be_bytes().to_vec());
    for part in 0..4 {
        batch.put(RecordKey::numbered(Tree::Mail, "INBOX", number * 4 + part), value(number, part));
    }
    batch.put(
        RecordKey::named(Tree::Approvals, format!("request {}", number % 5), number.to_be_bytes()),
        value(number, 9),
    );
    batch.put(RecordKey::named(Tree::Outbox, "queue", "state"), value(number, 3));
    if let Some(old) = number.checked_sub(10) {
        batch.remove(RecordKey::numbered(Tree::Mail, "INBOX", old * 4));
        batch.remove(RecordKey::named(Tree::Approvals, format!("request {}", old % 5), old.to_be_bytes()));
    }
    batch
}

const SLOTS: u64 = 40;

fn slot(number: u64) -> RecordKey {
    RecordKey::numbered(Tree::Mail, "packed", number)
}

fn packed(slot: u64, number: u64) -> Vec<u8> {
    format!("slot {slot} of batch {number} ").repeat(1 + usize::try_from(number % 50).unwrap()).into_bytes()
}

/// The slots that are filled together before batch `number`, and those that are then emptied.
fn slots(number: u64) -> (Vec<u64>, Vec<u64>) {
    let put = (0..8 + number % 9).map(|step| (number * 7 + step) % SLOTS).collect();
    (put, (0..number % 13).map(|step| (number * 3 + step * 5) % SLOTS).collect())
}

/// What the slots hold after that, computed without the store.
fn expected_slots(last: u64) -> BTreeMap<u64, Vec<u8>> {
    let mut bodies = BTreeMap::new();
    for number in 1..=last {
        let (put, removed) = slots(number);
        bodies.extend(put.iter().map(|slot| (*slot, packed(*slot, number))));
        removed.iter().for_each(|slot| drop(bodies.remove(slot)));
    }
    bodies
}

/// What must be there after the batches 1 to `last`, computed without the store.
fn expected(last: u64) -> BTreeMap<RecordKey, Vec<u8>> {
    let mut records = BTreeMap::new();
    for number in 1..=last {
        for (key, value) in batch(number).changes {
            match value {
                Some(value) => records.insert(key, value),
                None => records.remove(&key),
            };
        }
    }
    records
}

fn read_counter(store: &dyn Store) -> u64 {
    store.read(&counter()).unwrap().map_or(0, |octets| u64::from_be_bytes(octets.try_into().unwrap()))
}

/// The writer, in a process of its own: acknowledges each batch on standard output once the store has.
#[test]
fn child_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(Path::new(&folder), &KEY).unwrap();
    let mut out = std::io::stdout();
    for number in read_counter(&store) + 1.. {
        if number % 3 == 0 {
            store.put_body(&RecordKey::numbered(Tree::Mail, "INBOX", number), &body(number)).unwrap();
        }
        let (put, removed) = slots(number);
        let put: Vec<_> = put.iter().map(|place| (slot(*place), packed(*place, number))).collect();
        store.put_bodies(&put).unwrap();
        store.remove_bodies(&removed.into_iter().map(slot).collect::<Vec<_>>()).unwrap();
        store.apply(batch(number)).unwrap();
        writeln!(out, "\nack {number}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_loses_no_acknowledged_change() {
    let mut rng = SeededRng::new("kill -9");
    // A folder goes through many kills; a new one now and then keeps the checks short.
    for _folder in 0..rounds(1, 20) {
        kill_repeatedly(&mut rng, 15);
    }
}

fn kill_repeatedly(rng: &mut SeededRng, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    let mut total = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(child_arguments("child_writes_until_it_is_killed"))
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut note = |line: String| {
            if let Some(number) = line.strip_prefix("ack ") {
                acknowledged = number.parse().unwrap();
                total += 1;
            }
            line.starts_with("ack ")
        };
        // Some rounds are killed while the store still recovers from the last one.
        let mut acks = rng.below(8);
        while acks > 0 {
            acks -= usize::from(note(lines.next().unwrap().unwrap()));
        }
        // The moment itself is random; nothing waits for anything.
        std::thread::sleep(Duration::from_micros(rng.below(12_000) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(|line| {
            note(line.unwrap());
        });

        let store = open(folder.path(), &KEY).unwrap_or_else(|error| panic!("round {round}: {error}"));
        let last = read_counter(&store);
        assert!(
            last == acknowledged || last == acknowledged + 1,
            "round {round}: {acknowledged} acknowledged, {last} there"
        );
        check(&store, last);
    }
    assert!(total > 0, "something was acknowledged");
}

fn check(store: &dyn Store, last: u64) {
    let mut found = BTreeMap::new();
    for tree in Tree::ALL {
        for group in store.groups(tree).unwrap() {
            for (item, value) in store.scan(tree, &group).unwrap() {
                found.insert(RecordKey { tree, group: group.clone(), item }, value);
            }
        }
    }
    assert!(found == expected(last), "the records are not those after batch {last}");
    for number in (3..=last).step_by(3) {
        let key = RecordKey::numbered(Tree::Mail, "INBOX", number);
        assert!(store.body(&key).unwrap() == Some(body(number)), "body {number}");
    }
    // The bodies of a batch are there before it; so what comes next may be there in part.
    let (before, after) = (expected_slots(last), expected_slots(last + 1));
    let (coming, _) = slots(last + 1);
    for place in 0..SLOTS {
        let found = store.body(&slot(place)).unwrap();
        let filled = coming.contains(&place).then(|| packed(place, last + 1));
        assert!(
            found == before.get(&place).cloned() || found == after.get(&place).cloned() || found == filled,
            "slot {place} after batch {last}: {found:?}"
        );
    }
}
