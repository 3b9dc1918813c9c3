//! What is acknowledged was synced before: the system calls of a writing process, as strace sees them.
//!
//! A kill does not show a missing fsync, because the kernel still has the data; only the order of the calls does.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::Command;

use engine::ports::{Batch, RecordKey, Store, Tree};
use support::{KEY, child_arguments, open};

const FOLDER: &str = "COUNTERSIGN_SYNC_TEST_FOLDER";

#[test]
fn child_writes_a_few_batches_and_bodies() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(Path::new(&folder), &KEY).unwrap();
    let mut out = std::io::stdout();
    for number in 0..5_u64 {
        let key = RecordKey::numbered(Tree::Outbox, "queue", number);
        let mut batch = Batch::default();
        batch.put(key.clone(), vec![7; 20_000]);
        store.apply(batch).unwrap();
        out.write_all(format!("ack record {number}\n").as_bytes()).unwrap();
        store.put_body(&key, &vec![7; 200_000]).unwrap();
        out.write_all(format!("ack body {number}\n").as_bytes()).unwrap();
        store.remove_body(&key).unwrap();
        out.write_all(format!("ack removal {number}\n").as_bytes()).unwrap();
    }
}

/// The part of each line that matters: the call and, by `-y`, the path of its file.
fn calls(trace: &str, folder: &str) -> Vec<String> {
    let interesting = |line: &&str| line.contains("ack ") || line.contains(folder);
    trace.lines().filter(interesting).map(|line| line.replace(folder, "")).collect()
}

#[test]
fn nothing_is_acknowledged_before_it_is_synced() {
    let scratch = tempfile::tempdir().unwrap();
    let (folder, trace) = (scratch.path().join("data"), scratch.path().join("trace"));
    let possible = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    let traced = Command::new("strace")
        .args(["-f", "-y", "-s", "16", "-e", "trace=write,pwrite64,fsync,fdatasync,rename,unlink", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments("child_writes_a_few_batches_and_bodies"))
        .env(FOLDER, &folder)
        .output();
    if !possible || !traced.as_ref().is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: strace can't run here, so the order of writing and syncing was not seen");
        return;
    }
    let trace = std::fs::read_to_string(&trace).unwrap();
    let calls = calls(&trace, &folder.to_string_lossy());
    let (mut records, mut bodies, mut removals) = (0, 0, 0);
    let mut since = Vec::new();
    for call in &calls {
        let last = |what: &str, file: &str| {
            since.iter().rposition(|call: &&String| call.contains(what) && call.contains(file))
        };
        if call.contains("ack record") {
            let (written, synced) = (last("pwrite64(", "/records/db"), last("fsync(", "/records/db"));
            assert!(written.is_some() && synced > written, "{since:#?}");
            records += 1;
        } else if call.contains("ack body") {
            let (written, synced) = (last("write(", "/incoming/"), last("fsync(", "/incoming/"));
            let (renamed, folder_synced) = (last("rename(", "/bodies/"), last("fsync(", "/bodies>"));
            assert!(
                written.is_some() && synced > written && renamed > synced && folder_synced > renamed,
                "{since:#?}"
            );
            bodies += 1;
        } else if call.contains("ack removal") {
            let (removed, folder_synced) = (last("unlink(", "/bodies/"), last("fsync(", "/bodies>"));
            assert!(removed.is_some() && folder_synced > removed, "{since:#?}");
            removals += 1;
        } else {
            since.push(call);
            continue;
        }
        since.clear();
    }
    assert_eq!((records, bodies, removals), (5, 5, 5));
}
