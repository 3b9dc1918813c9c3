//! A full disk: a clear error, nothing half done, nothing lost, and work goes on when there is space again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use engine::ports::{Batch, RecordKey, Store, StoreError, Tree};
use store::SealedStore;
use support::{KEY, child_arguments, open};

const FOLDER: &str = "COUNTERSIGN_DISK_FULL_FOLDER";
const DONE: &str = "survived the full disk";

fn key(number: u64) -> RecordKey {
    RecordKey::numbered(Tree::Outbox, "queue", number)
}

fn value(number: u64) -> Vec<u8> {
    vec![number as u8; 50_000]
}

fn put(store: &dyn Store, number: u64) -> Result<(), StoreError> {
    let mut batch = Batch::default();
    batch.put(key(number), value(number));
    batch.put(RecordKey::named(Tree::Sync, "counter", "last"), number.to_be_bytes().to_vec());
    store.apply(batch)
}

/// Records 0 to `count` and nothing else, each whole.
fn check_records(store: &dyn Store, count: u64) {
    let records = store.scan(Tree::Outbox, b"queue").unwrap();
    assert_eq!(records.len() as u64, count);
    for number in 0..count {
        assert_eq!(store.read(&key(number)).unwrap(), Some(value(number)), "record {number} of {count}");
    }
    let last = store.read(&RecordKey::named(Tree::Sync, "counter", "last")).unwrap();
    assert_eq!(last, count.checked_sub(1).map(|last| last.to_be_bytes().to_vec()));
}

/// Fills the disk (the folder's, or what the limit on file sizes leaves of it) and returns how many records were
/// acknowledged. After a refusal sled may find room by cleaning up, so that a later batch fits: each answer must be true.
fn fill(folder: &Path) -> (SealedStore, u64) {
    let store = open(folder, &KEY).unwrap();
    let mut count = 0;
    for _refusal in 0..5 {
        while put(&store, count)
            .map_err(|error| assert_eq!(error, StoreError::DiskFull, "after {count} records"))
            .is_ok()
        {
            count += 1;
            assert!(count < 10_000, "the disk never filled");
        }
    }
    assert!(count > 0);
    (store, count)
}

#[test]
fn child_fills_a_small_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let mount = PathBuf::from(folder);
    let folder = mount.join("data");
    let ballast = mount.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let (store, count) = fill(&folder);
    let large = RecordKey::named(Tree::Mail, "INBOX", "body");
    assert_eq!(store.put_body(&large, &vec![7; 8 << 20]), Err(StoreError::DiskFull));
    assert_eq!(store.body(&large), Ok(None));
    // Somebody makes room; the same handle goes on, and so does a new one.
    std::fs::remove_file(&ballast).unwrap();
    check_records(&store, count);
    put(&store, count).unwrap();
    check_records(&store, count + 1);
    drop(store);
    let store = open(&folder, &KEY).unwrap();
    check_records(&store, count + 1);
    put(&store, count + 1).unwrap();
    println!("\n{DONE}");
}

#[test]
fn child_meets_the_limit_on_file_sizes() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let (_store, count) = fill(Path::new(&folder));
    println!("\n{DONE} with {count}");
}

fn run(script: &str, folder: &Path, test: &str) -> Output {
    Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments(test))
        .env(FOLDER, folder)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A tmpfs of 8 MiB in a mount namespace of its own: it is gone with the child.
#[test]
fn a_full_disk_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"unshare -rm sh -c 'mount -t tmpfs -o size=8m tmpfs "$COUNTERSIGN_DISK_FULL_FOLDER" || exit 77; exec "$@"' sh "$@""#;
    let possible =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    let output = run(script, folder.path(), "child_fills_a_small_disk");
    if !possible || output.status.code() == Some(77) {
        println!("SKIPPED: no tmpfs can be mounted here, so a really full disk was not tried");
        return;
    }
    assert!(output.status.success() && text(&output).contains(DONE), "{}", text(&output));
}

/// `ulimit -f` needs no rights. With SIGXFSZ ignored a write beyond the limit fails with EFBIG, in the middle of sled's log.
#[test]
fn a_write_that_the_system_refuses_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"trap "" XFSZ; ulimit -f 4096; exec "$@""#;
    let output = run(script, folder.path(), "child_meets_the_limit_on_file_sizes");
    let text = text(&output);
    assert!(output.status.success() && text.contains(DONE), "{text}");
    let count = text.split(&format!("{DONE} with ")).nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    let store = open(folder.path(), &KEY).unwrap();
    check_records(&store, count);
    put(&store, count).unwrap();
    check_records(&store, count + 1);
}
