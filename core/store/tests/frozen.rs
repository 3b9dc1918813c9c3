//! The format against another implementation: `fixtures/sealed` was written by libsodium and Python, once.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use engine::ports::{RecordKey, Store, Tree};
use support::{KEY, copy_folder, open};

#[test]
fn bodies_sealed_by_libsodium_open() {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sealed/store"), folder.path());
    let store = open(folder.path(), &KEY).unwrap();
    let mail = store.body(&RecordKey::numbered(Tree::Mail, "alice@example.org/INBOX", 4711)).unwrap();
    assert_eq!(mail, Some(b"From: bob@example.org\r\n\r\nFrozen.\r\n".to_vec()));
    let draft: Vec<u8> = (0..70_000_u32).map(|position| (position * 7 % 256) as u8).collect();
    assert_eq!(store.body(&RecordKey::named(Tree::Outbox, "queue", "draft")).unwrap(), Some(draft));
}
