//! Whatever interrupts the writing anew of records loses nothing: a kill, a power cut, a full disk.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::ports::StoreError;
use support::removed::{
    apply, check, has, identity, key, octets, open_compacting, records, removed_from, value,
};
use support::{KEY, child_arguments, copy_folder, open, rounds};
use testkit::SeededRng;

const FOLDER: &str = "COUNTERSIGN_COMPACTION_TEST_FOLDER";
const DONE: &str = "went on after the full disk";

/// A process that one test starts holds, until it has become another program, the locks of stores that others have open.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn child_opens_and_compacts() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    drop(open_compacting(Path::new(&folder)).unwrap());
}

#[test]
fn kill_9_while_records_are_written_anew_loses_nothing() {
    let _alone = alone();
    let original = tempfile::tempdir().unwrap();
    let expected = removed_from(original.path(), 2_000);
    let child = |folder: &Path| {
        let arguments = child_arguments("child_opens_and_compacts");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(arguments).env(FOLDER, folder).stdout(Stdio::null()).spawn().unwrap()
    };
    let copy = || {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(original.path(), folder.path());
        folder
    };
    let whole = copy();
    assert!(child(whole.path()).wait().unwrap().success());
    assert!(octets(&records(whole.path())) < octets(&records(original.path())) / 2);

    let mut rng = SeededRng::new("kill -9 while compacting");
    let (mut copies, mut compacted) = (0, 0);
    for round in 0..rounds(25, 600) {
        let folder = copy();
        let mut running = child(folder.path());
        let mut within = 150_000;
        if round % 2 == 0 {
            while !has(folder.path(), "records.new") && running.try_wait().unwrap().is_none() {
                std::thread::yield_now();
            }
            within = 60_000;
        }
        // The moment itself is random; nothing waits for anything.
        std::thread::sleep(Duration::from_micros(rng.below(within) as u64));
        running.kill().unwrap();
        running.wait().unwrap();
        copies += usize::from(has(folder.path(), "records.new"));
        let store = open(folder.path(), &KEY).unwrap_or_else(|error| panic!("round {round}: {error}"));
        check(&store, &expected);
        assert!(!has(folder.path(), "records.new") && !has(folder.path(), "records.old"), "round {round}");
        drop(store);
        check(&open_compacting(folder.path()).unwrap(), &expected);
        compacted += usize::from(octets(&records(folder.path())) < octets(&records(original.path())) / 2);
    }
    println!("{copies} copies were cut short, {compacted} stores were compacted in the end");
    assert!(copies > 0 && compacted > 0);
}

fn strace(arguments: &[&str], folder: &Path) -> Option<std::process::ExitStatus> {
    let output = Command::new("strace")
        .args(["-f", "-qq"])
        .args(arguments)
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments("child_opens_and_compacts"))
        .args(["--test-threads", "1"])
        .env(FOLDER, folder)
        .output();
    output.ok().map(|output| output.status)
}

/// Where it can't run, what is left out is said.
fn can_strace(what: &str) -> bool {
    let tried = Command::new("strace").args(["-f", "true"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        println!("SKIPPED: strace can't run here, so {what}");
    }
    can
}

/// The moments between two renames are too short for chance: here the system kills at each one in turn.
#[test]
#[cfg(target_os = "linux")]
fn a_kill_at_each_rename_and_removal_loses_nothing() {
    let _alone = alone();
    if !can_strace("no kill was timed to a system call") {
        return;
    }
    let original = tempfile::tempdir().unwrap();
    let expected = removed_from(original.path(), 2_000);
    let calls = if rounds(0, 1) == 0 { "/^rename" } else { "/^(rename|unlink|mkdir|rmdir|fsync|openat)" };
    let mut states = BTreeMap::new();
    for (calls, last) in [(calls, 400), ("/^(unlink|rmdir)", 400)] {
        for number in 1..last {
            let folder = tempfile::tempdir().unwrap();
            copy_folder(original.path(), folder.path());
            let inject = format!("inject={calls}:signal=KILL:when={number}");
            let status = strace(&["-e", &inject, "-o", "/dev/null"], folder.path()).unwrap();
            let state = ["records", "records.new", "records.old"].map(|name| has(folder.path(), name));
            *states.entry(state).or_insert(0) += 1;
            let store = open(folder.path(), &KEY).unwrap_or_else(|error| panic!("{inject}: {error}"));
            check(&store, &expected);
            assert!(!has(folder.path(), "records.new") && !has(folder.path(), "records.old"), "{inject}");
            if status.success() {
                break;
            }
            assert!(number < last - 1, "never came to an end");
        }
    }
    println!("what was there after the kill (records, new, old), and how often: {states:?}");
    for state in [[true, true, false], [false, true, true], [true, false, true], [true, false, false]] {
        assert!(states.contains_key(&state), "{state:?} in {states:?}");
    }
}

/// What a power cut would show, and a kill does not: the copy is on the disk before it takes the name, and has it before the
/// former records go.
#[test]
#[cfg(target_os = "linux")]
fn each_step_is_on_the_disk_before_the_next() {
    let _alone = alone();
    if !can_strace("the order of renaming and syncing was not seen") {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("data");
    removed_from(&folder, 2_000);
    let trace = scratch.path().join("trace");
    let arguments = ["-y", "-e", "trace=/^(rename|unlink|fsync|pwrite)", "-o", trace.to_str().unwrap()];
    assert!(strace(&arguments, &folder).unwrap().success());
    let trace = fs::read_to_string(&trace).unwrap().replace(folder.to_str().unwrap(), "");
    let calls: Vec<&str> = trace.lines().collect();
    let position = |what: &str, part: &str| {
        calls
            .iter()
            .position(|call| call.contains(what) && call.contains(part))
            .unwrap_or_else(|| panic!("{what} {part}"))
    };
    let is_between = |from: usize, to: usize, what: &str| {
        calls.iter().take(to).skip(from).any(|call| call.contains("fsync(") && call.contains(what))
    };
    let written =
        calls.iter().rposition(|call| call.contains("pwrite") && call.contains("</records.new/db>")).unwrap();
    let former = position("rename", "\"/records\", \"/records.old\"");
    let renamed = position("rename", "\"/records.new\", \"/records\"");
    let removed = calls.iter().rposition(|call| call.contains("unlink") && call.contains("\"db\"")).unwrap();
    assert!(written < former && former < renamed && renamed < removed, "{calls:#?}");
    for what in ["</records.new/db>", "</records.new/conf>", "</records.new/blobs>", "</records.new>", "<>"] {
        assert!(is_between(written, former, what), "{what}: {calls:#?}");
    }
    assert!(is_between(former, renamed, "<>") && is_between(renamed, removed, "<>"), "{calls:#?}");
}

#[test]
fn child_compacts_on_a_small_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let mount = PathBuf::from(folder);
    // How much sled needs for itself differs from run to run; what does not fit a copy is to be met, wherever it lies.
    let mut refused = 0;
    for round in 0..20 {
        refused += fill_and_compact(&mount.join(format!("data {round}")), &mount.join("ballast"));
        if refused > 10 {
            break;
        }
    }
    assert!(refused > 10, "{refused} copies did not fit");
    println!("\n{DONE}, {refused} copies did not fit");
}

/// How many copies did not fit before one did.
fn fill_and_compact(data: &Path, ballast: &Path) -> u32 {
    let mut expected = removed_from(data, 4_000);
    let file = identity(data);
    let mut refused = 0;
    for free in (0..).map(|step| step * 30_000) {
        let _ = fs::remove_file(ballast);
        drop(open(data, &KEY).unwrap());
        // All there is, and then some of it back.
        let mut octets = 64 << 20;
        while octets > 4_096 {
            let mut file = fs::File::options().append(true).create(true).open(ballast).unwrap();
            if std::io::Write::write_all(&mut file, &vec![1; octets]).is_err() {
                octets /= 2;
            }
        }
        let filled = fs::metadata(ballast).unwrap().len();
        fs::File::options()
            .write(true)
            .open(ballast)
            .unwrap()
            .set_len(filled.saturating_sub(free + 50_000))
            .unwrap();
        // sled gives the end of its file back on a thread of its own, and wants what was free in it again when it opens.
        match open(data, &KEY) {
            Err(StoreError::DiskFull) => continue,
            opened => drop(opened.unwrap()),
        }
        let store = open_compacting(data).unwrap_or_else(|error| panic!("{free} octets free: {error}"));
        check(&store, &expected);
        assert!(!has(data, "records.new") && !has(data, "records.old"), "{free} octets free");
        if identity(data) != file {
            break;
        }
        refused += 1;
    }
    fs::remove_file(ballast).unwrap();
    let store = open(data, &KEY).unwrap();
    apply(&store, &mut expected, vec![(key(7), Some(value(7)))]);
    check(&store, &expected);
    drop(store);
    fs::remove_dir_all(data).unwrap();
    refused
}

/// A tmpfs in a mount namespace of its own: it is gone with the child.
#[test]
fn a_full_disk_leaves_the_records_as_they_were() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let script = r#"unshare -rm sh -c 'mount -t tmpfs -o size=48m tmpfs "$COUNTERSIGN_COMPACTION_TEST_FOLDER" || exit 77; exec "$@"' sh "$@""#;
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(child_arguments("child_compacts_on_a_small_disk"))
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let possible =
        Command::new("unshare").args(["-rm", "true"]).status().is_ok_and(|status| status.success());
    if !possible || output.status.code() == Some(77) {
        println!("SKIPPED: no tmpfs can be mounted here, so a really full disk was not tried");
        return;
    }
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{text}");
    assert!(output.status.success() && text.contains(DONE), "{text}");
}
