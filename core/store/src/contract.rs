//! The contract of [`Store`](engine::ports::Store), as tests that every implementation runs:
//! `store::store_contract_tests!(module_name, open)`, where `open` returns a [`Subject`].
#![allow(clippy::unwrap_used, clippy::panic, reason = "this module is test code for other crates' tests")]
#![allow(clippy::missing_panics_doc, reason = "a test panics when it fails")]

use engine::ports::{Batch, Item, RecordKey, Store, Tree};

/// A store under test.
pub trait Subject {
    /// The store.
    fn store(&self) -> &dyn Store;
    /// Called between writing and reading: closes and opens the store again, or does nothing.
    fn between(&mut self) {}
}

/// Makes a module with one test for each clause of the contract.
#[macro_export]
macro_rules! store_contract_tests {
    ($module:ident, $open:expr) => {
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $crate::store_contract_tests!(@cases $open;
                what_is_put_is_read, what_is_removed_is_gone, the_last_change_of_a_batch_wins,
                keys_differ_in_every_component, numbers_come_in_order_then_names_in_order, groups_are_listed_in_order,
                values_of_any_size_and_content, names_of_any_size_and_content, a_shorter_value_replaces_a_longer_one,
                a_batch_spans_trees_and_groups, a_large_batch_is_applied, bodies_are_kept_apart_from_records,
                bodies_of_any_size, bodies_come_and_go_together, an_empty_batch_changes_nothing, the_store_can_be_shared_by_threads,
            );
        }
    };
    (@cases $open:expr; $($case:ident),+ $(,)?) => {
        $(#[test] fn $case() { let mut subject = $open(); $crate::contract::$case(&mut subject); })+
    };
}

fn named(name: &str) -> RecordKey {
    RecordKey::named(Tree::People, "alice@example.org", name)
}

fn put(subject: &impl Subject, key: RecordKey, value: &[u8]) {
    let mut batch = Batch::default();
    batch.put(key, value.to_vec());
    subject.store().apply(batch).unwrap();
}

fn remove(subject: &impl Subject, key: RecordKey) {
    let mut batch = Batch::default();
    batch.remove(key);
    subject.store().apply(batch).unwrap();
}

/// `read` returns what `apply` put.
pub fn what_is_put_is_read(subject: &mut impl Subject) {
    assert_eq!(subject.store().read(&named("bob")).unwrap(), None);
    put(subject, named("bob"), b"first");
    put(subject, named("bob"), b"second");
    subject.between();
    assert_eq!(subject.store().read(&named("bob")).unwrap(), Some(b"second".to_vec()));
    assert_eq!(subject.store().read(&named("carol")).unwrap(), None);
}

/// A removed record is in neither `read`, `scan` nor `groups`; removing nothing is no error.
pub fn what_is_removed_is_gone(subject: &mut impl Subject) {
    put(subject, named("bob"), b"x");
    subject.between();
    remove(subject, named("bob"));
    remove(subject, named("bob"));
    subject.between();
    assert_eq!(subject.store().read(&named("bob")).unwrap(), None);
    assert_eq!(subject.store().scan(Tree::People, b"alice@example.org").unwrap(), vec![]);
    assert_eq!(subject.store().groups(Tree::People).unwrap(), Vec::<Vec<u8>>::new());
}

/// Changes of one batch are in order.
pub fn the_last_change_of_a_batch_wins(subject: &mut impl Subject) {
    put(subject, named("carol"), b"old");
    let mut batch = Batch::default();
    batch.put(named("bob"), b"1".to_vec()).remove(named("bob")).put(named("bob"), b"2".to_vec());
    batch.put(named("carol"), b"1".to_vec()).remove(named("carol"));
    subject.store().apply(batch).unwrap();
    subject.between();
    assert_eq!(subject.store().read(&named("bob")).unwrap(), Some(b"2".to_vec()));
    assert_eq!(subject.store().read(&named("carol")).unwrap(), None);
}

/// Tree, group, and the kind and value of the item tell records apart.
pub fn keys_differ_in_every_component(subject: &mut impl Subject) {
    let mut keys = Vec::new();
    for tree in Tree::ALL {
        for group in ["", "a", "ab"] {
            keys.push(RecordKey::numbered(tree, group, 0));
            keys.push(RecordKey::numbered(tree, group, 98));
            keys.extend(["", "b", "\0\0\0\0\0\0\0\0", "bc"].map(|name| RecordKey::named(tree, group, name)));
        }
    }
    let mut batch = Batch::default();
    for key in &keys {
        batch.put(key.clone(), format!("{key:?}").into_bytes());
    }
    subject.store().apply(batch).unwrap();
    subject.between();
    for key in &keys {
        assert_eq!(subject.store().read(key).unwrap(), Some(format!("{key:?}").into_bytes()));
    }
}

/// `scan` returns numbers in ascending order, then names in theirs.
pub fn numbers_come_in_order_then_names_in_order(subject: &mut impl Subject) {
    let numbers = [0, 1, 9, 10, 255, 256, 65_536, u64::from(u32::MAX), u64::MAX];
    let names: [&[u8]; 7] = [b"", b"\0", b"a", b"a\0", b"aa", b"b", b"\xff"];
    let mut batch = Batch::default();
    for name in names.iter().rev() {
        batch.put(RecordKey::named(Tree::Mail, "inbox", *name), name.to_vec());
    }
    for number in numbers.iter().rev() {
        batch.put(RecordKey::numbered(Tree::Mail, "inbox", *number), number.to_string().into_bytes());
    }
    batch.put(RecordKey::numbered(Tree::Mail, "inbox2", 5), b"another folder".to_vec());
    batch.put(RecordKey::numbered(Tree::Sync, "inbox", 5), b"another tree".to_vec());
    subject.store().apply(batch).unwrap();
    subject.between();
    let mut expected: Vec<(Item, Vec<u8>)> =
        numbers.iter().map(|number| (Item::Number(*number), number.to_string().into_bytes())).collect();
    expected.extend(names.iter().map(|name| (Item::Name(name.to_vec()), name.to_vec())));
    assert_eq!(subject.store().scan(Tree::Mail, b"inbox").unwrap(), expected);
    assert_eq!(subject.store().scan(Tree::Mail, b"nothing").unwrap(), vec![]);
}

/// `groups` returns each group with a record once, in order.
pub fn groups_are_listed_in_order(subject: &mut impl Subject) {
    let groups: [&[u8]; 6] = [b"", b"INBOX", b"INBOX/a", b"Sent", b"\xe7\x94\xa8", b"\xff"];
    for group in groups.iter().rev() {
        put(subject, RecordKey::numbered(Tree::Mail, *group, 7), b"x");
        put(subject, RecordKey::named(Tree::Mail, *group, "y"), b"y");
    }
    put(subject, RecordKey::numbered(Tree::Sync, "only in sync", 7), b"x");
    subject.between();
    assert_eq!(subject.store().groups(Tree::Mail).unwrap(), groups.map(<[u8]>::to_vec).to_vec());
    remove(subject, RecordKey::numbered(Tree::Mail, "Sent", 7));
    assert_eq!(subject.store().groups(Tree::Mail).unwrap().len(), 6, "the named record is still there");
    remove(subject, RecordKey::named(Tree::Mail, "Sent", "y"));
    subject.between();
    assert_eq!(subject.store().groups(Tree::Mail).unwrap().len(), 5);
}

fn filler(octets: usize) -> Vec<u8> {
    (0..octets).map(|position| (position * 131 + position / 251) as u8).collect()
}

/// Values have any length.
pub fn values_of_any_size_and_content(subject: &mut impl Subject) {
    let sizes = [0, 1, 3_030, 3_031, 3_032, 3_072, 6_104, 65_535, 65_536, 300_000];
    for (number, octets) in (0..).zip(sizes) {
        put(subject, RecordKey::numbered(Tree::Outbox, "queue", number), &filler(octets));
        put(subject, RecordKey::named(Tree::Outbox, "queue", octets.to_string()), &filler(octets));
    }
    subject.between();
    for (number, octets) in (0..).zip(sizes) {
        let numbered = subject.store().read(&RecordKey::numbered(Tree::Outbox, "queue", number)).unwrap();
        assert_eq!(numbered, Some(filler(octets)), "{octets} octets");
    }
    let scanned = subject.store().scan(Tree::Outbox, b"queue").unwrap();
    assert_eq!(scanned.len(), 2 * sizes.len());
    for (item, value) in scanned {
        let octets = match item {
            Item::Number(number) => sizes.get(usize::try_from(number).unwrap()).copied().unwrap(),
            Item::Name(name) => String::from_utf8(name).unwrap().parse().unwrap(),
        };
        assert_eq!(value, filler(octets));
    }
}

/// Groups and names have any length and content.
pub fn names_of_any_size_and_content(subject: &mut impl Subject) {
    let names = [filler(0), filler(1), filler(255), filler(70_000), vec![0; 16], vec![0xff; 300]];
    let mut batch = Batch::default();
    for name in &names {
        batch.put(RecordKey::named(Tree::Keys, name.clone(), name.clone()), name.clone());
    }
    subject.store().apply(batch).unwrap();
    subject.between();
    for name in &names {
        assert_eq!(
            subject.store().scan(Tree::Keys, name).unwrap(),
            vec![(Item::Name(name.clone()), name.clone())]
        );
    }
    assert_eq!(subject.store().groups(Tree::Keys).unwrap().len(), names.len());
}

/// Nothing of an older value is left.
pub fn a_shorter_value_replaces_a_longer_one(subject: &mut impl Subject) {
    for octets in [100_000, 10, 20_000, 0, 5_000] {
        put(subject, named("bob"), &filler(octets));
        subject.between();
        assert_eq!(subject.store().read(&named("bob")).unwrap(), Some(filler(octets)));
        assert_eq!(subject.store().scan(Tree::People, b"alice@example.org").unwrap().len(), 1);
    }
    remove(subject, named("bob"));
    assert_eq!(subject.store().scan(Tree::People, b"alice@example.org").unwrap(), vec![]);
}

/// One batch may change everything.
pub fn a_batch_spans_trees_and_groups(subject: &mut impl Subject) {
    put(subject, RecordKey::numbered(Tree::Outbox, "alice", 1), b"to send");
    let mut batch = Batch::default();
    batch.remove(RecordKey::numbered(Tree::Outbox, "alice", 1));
    batch.put(RecordKey::numbered(Tree::Mail, "Sent", 1), b"sent".to_vec());
    batch.put(RecordKey::named(Tree::Approvals, "request", "event"), b"event".to_vec());
    subject.store().apply(batch).unwrap();
    subject.between();
    assert_eq!(subject.store().read(&RecordKey::numbered(Tree::Outbox, "alice", 1)).unwrap(), None);
    assert_eq!(
        subject.store().read(&RecordKey::numbered(Tree::Mail, "Sent", 1)).unwrap(),
        Some(b"sent".to_vec())
    );
    let event = subject.store().read(&RecordKey::named(Tree::Approvals, "request", "event")).unwrap();
    assert_eq!(event, Some(b"event".to_vec()));
}

/// A batch of thousands of records and megabytes.
pub fn a_large_batch_is_applied(subject: &mut impl Subject) {
    let mut batch = Batch::default();
    for uid in 0..3_000 {
        batch.put(RecordKey::numbered(Tree::Mail, "INBOX", uid), filler(900));
    }
    batch.put(RecordKey::named(Tree::Outbox, "", "attachment"), filler(4_000_000));
    subject.store().apply(batch).unwrap();
    subject.between();
    let mail = subject.store().scan(Tree::Mail, b"INBOX").unwrap();
    assert_eq!(mail.len(), 3_000);
    assert!(
        mail.iter().zip(0..).all(|((item, value), uid)| *item == Item::Number(uid) && *value == filler(900))
    );
    let attachment = subject.store().read(&RecordKey::named(Tree::Outbox, "", "attachment")).unwrap();
    assert_eq!(attachment, Some(filler(4_000_000)));
}

/// A body and a record of the same key do not know each other.
pub fn bodies_are_kept_apart_from_records(subject: &mut impl Subject) {
    let key = RecordKey::numbered(Tree::Mail, "INBOX", 1);
    subject.store().remove_body(&key).unwrap();
    assert_eq!(subject.store().body(&key).unwrap(), None);
    subject.store().put_body(&key, b"body").unwrap();
    assert_eq!(subject.store().read(&key).unwrap(), None);
    assert_eq!(subject.store().groups(Tree::Mail).unwrap(), Vec::<Vec<u8>>::new());
    put(subject, key.clone(), b"record");
    subject.between();
    assert_eq!(subject.store().body(&key).unwrap(), Some(b"body".to_vec()));
    remove(subject, key.clone());
    assert_eq!(subject.store().body(&key).unwrap(), Some(b"body".to_vec()));
    subject.store().put_body(&key, b"another").unwrap();
    subject.between();
    assert_eq!(subject.store().body(&key).unwrap(), Some(b"another".to_vec()));
    subject.store().remove_body(&key).unwrap();
    subject.between();
    assert_eq!(subject.store().body(&key).unwrap(), None);
    assert_eq!(
        subject.store().body(&RecordKey::named(Tree::Mail, "INBOX", 1_u64.to_be_bytes())).unwrap(),
        None
    );
}

/// Bodies have any length, also around multiples of a chunk.
pub fn bodies_of_any_size(subject: &mut impl Subject) {
    let sizes = [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_000];
    for octets in sizes {
        subject.store().put_body(&named(&octets.to_string()), &filler(octets)).unwrap();
    }
    subject.between();
    for octets in sizes {
        assert_eq!(
            subject.store().body(&named(&octets.to_string())).unwrap(),
            Some(filler(octets)),
            "{octets} octets"
        );
    }
}

/// Bodies that are put or removed together are as if each was put or removed, in order.
pub fn bodies_come_and_go_together(subject: &mut impl Subject) {
    let key = |number: u64| RecordKey::numbered(Tree::Mail, "INBOX", number);
    subject.store().put_body(&key(3), b"older").unwrap();
    let mut bodies: Vec<_> =
        (0..100).map(|number| (key(number), format!("body {number}").into_bytes())).collect();
    bodies.push((key(5), b"twice".to_vec()));
    subject.store().put_bodies(&bodies).unwrap();
    subject.store().put_bodies(&[]).unwrap();
    subject.between();
    for number in 0..100 {
        let expected = if number == 5 { b"twice".to_vec() } else { format!("body {number}").into_bytes() };
        assert_eq!(subject.store().body(&key(number)).unwrap(), Some(expected), "{number}");
    }
    let keys: Vec<_> = (50..200).map(key).collect();
    subject.store().remove_bodies(&keys).unwrap();
    subject.store().remove_bodies(&keys).unwrap();
    subject.store().remove_bodies(&[]).unwrap();
    subject.between();
    for number in 0..120 {
        assert_eq!(subject.store().body(&key(number)).unwrap().is_some(), number < 50, "{number}");
    }
}

/// No change is no error.
pub fn an_empty_batch_changes_nothing(subject: &mut impl Subject) {
    put(subject, named("bob"), b"x");
    subject.store().apply(Batch::default()).unwrap();
    subject.between();
    assert_eq!(subject.store().scan(Tree::People, b"alice@example.org").unwrap().len(), 1);
}

/// Readers see whole batches while others write.
pub fn the_store_can_be_shared_by_threads(subject: &mut impl Subject) {
    let store = subject.store();
    std::thread::scope(|scope| {
        for writer in 0..3_u64 {
            scope.spawn(move || {
                for round in 0..10_u64 {
                    let mut batch = Batch::default();
                    for item in 0..3 {
                        batch.put(
                            RecordKey::numbered(Tree::Meetings, writer.to_be_bytes(), item),
                            round.to_be_bytes().to_vec(),
                        );
                    }
                    store.apply(batch).unwrap();
                    let own = store.scan(Tree::Meetings, &writer.to_be_bytes()).unwrap();
                    assert!(
                        own.iter().all(|(_, value)| *value == round.to_be_bytes()),
                        "own writes are seen whole"
                    );
                    for other in 0..3_u64 {
                        let seen = store.scan(Tree::Meetings, &other.to_be_bytes()).unwrap();
                        let rounds: std::collections::BTreeSet<_> =
                            seen.iter().map(|(_, value)| value).collect();
                        assert!(rounds.len() <= 1, "half a batch was seen");
                    }
                }
            });
        }
    });
    subject.between();
    for writer in 0..3_u64 {
        assert_eq!(subject.store().scan(Tree::Meetings, &writer.to_be_bytes()).unwrap().len(), 3);
    }
}
