//! Folders that are not opened, and why: each case is told apart, and nothing is deleted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use sha2::{Digest, Sha256};
use support::{KEY, files_below, open};

fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    let mut batch = Batch::default();
    batch.put(RecordKey::named(Tree::Keys, "alice", "root"), b"key".to_vec());
    store.apply(batch).unwrap();
    store.put_body(&RecordKey::numbered(Tree::Mail, "INBOX", 1), b"mail").unwrap();
    folder
}

fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files_below(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_wrong_key_is_named_and_changes_nothing() {
    let folder = filled();
    let before = content(folder.path());
    for position in 0..32 {
        let mut wrong = KEY;
        wrong[position] ^= 0x80;
        assert_eq!(open(folder.path(), &wrong).unwrap_err(), StoreError::WrongKey);
    }
    assert_eq!(content(folder.path()), before);
    let store = open(folder.path(), &KEY).unwrap();
    assert_eq!(store.read(&RecordKey::named(Tree::Keys, "alice", "root")).unwrap(), Some(b"key".to_vec()));
}

#[test]
fn a_folder_in_use_is_left_alone() {
    let folder = filled();
    let store = open(folder.path(), &KEY).unwrap();
    assert_eq!(open(folder.path(), &KEY).unwrap_err(), StoreError::InUse);
    drop(store);
    open(folder.path(), &KEY).unwrap();
}

#[test]
fn a_newer_format_is_not_touched() {
    let folder = filled();
    let path = folder.path().join("format");
    let mut format = fs::read(&path).unwrap();
    assert_eq!(format[..12], *b"CSSTORE\0\0\0\0\x02");
    format[11] = 9;
    let covered = format.len() - 32;
    let digest = Sha256::digest(&format[..covered]);
    format[covered..].copy_from_slice(&digest);
    fs::write(&path, &format).unwrap();
    let before = content(folder.path());
    assert_eq!(open(folder.path(), &KEY).unwrap_err(), StoreError::NewerFormat(9));
    assert_eq!(content(folder.path()), before);
}

#[test]
fn a_damaged_format_file_is_not_called_a_wrong_key() {
    let folder = filled();
    let path = folder.path().join("format");
    let good = fs::read(&path).unwrap();
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 4;
        fs::write(&path, &changed).unwrap();
        assert_eq!(
            open(folder.path(), &KEY).unwrap_err(),
            StoreError::Damaged("format file"),
            "octet {position}"
        );
        fs::write(&path, &good[..position]).unwrap();
        assert_eq!(
            open(folder.path(), &KEY).unwrap_err(),
            StoreError::Damaged("format file"),
            "cut at {position}"
        );
    }
}

#[test]
fn a_missing_file_does_not_make_a_new_store_over_an_old_one() {
    for missing in ["format", "head"] {
        let folder = filled();
        fs::remove_file(folder.path().join(missing)).unwrap();
        assert!(matches!(open(folder.path(), &KEY).unwrap_err(), StoreError::Damaged(_)), "{missing}");
    }
    let folder = filled();
    fs::remove_dir_all(folder.path().join("records")).unwrap();
    assert_eq!(open(folder.path(), &KEY).unwrap_err(), StoreError::Damaged("records"));
}

#[test]
fn a_crash_while_the_store_is_made_does_not_spoil_it() {
    // The order of creation is format, bodies, head, records: each prefix of it opens.
    for existing in [&["format"][..], &["format", "head"]] {
        let made = tempfile::tempdir().unwrap();
        drop(open(made.path(), &KEY).unwrap());
        let folder = tempfile::tempdir().unwrap();
        for name in existing {
            fs::copy(made.path().join(name), folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("format.new"), b"half").unwrap();
        fs::write(folder.path().join("head.new"), b"half").unwrap();
        let store = open(folder.path(), &KEY).unwrap();
        assert_eq!(store.groups(Tree::Keys).unwrap(), Vec::<Vec<u8>>::new());
    }
}

#[test]
fn a_body_half_written_at_a_crash_is_cleared_away() {
    let folder = filled();
    fs::write(folder.path().join("incoming/0123"), b"half").unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    assert!(!folder.path().join("incoming/0123").exists());
    assert_eq!(store.body(&RecordKey::numbered(Tree::Mail, "INBOX", 1)).unwrap(), Some(b"mail".to_vec()));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_enter() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    drop(open(&folder, &KEY).unwrap());
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for name in ["format", "head", "lock"] {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}
