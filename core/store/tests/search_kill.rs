//! SIGKILL at random moments of indexing: what was acknowledged is there, updates are whole, nothing is damaged.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use engine::search::{Changes, Document, MailId, Page, Query, SearchIndex};
use support::mails::{id, mail, mark};
use support::{KEY, child_arguments, files_below, open, rounds};
use testkit::SeededRng;

const FOLDER: &str = "COUNTERSIGN_SEARCH_KILL_TEST_FOLDER";
const ACCOUNT: &[u8] = b"alice@example.com";

/// Update `number` adds ten mails and removes three that are older.
fn changes(number: u64) -> Changes {
    let first = u32::try_from(number * 10).unwrap();
    let added: Vec<Document> = (first..first + 10)
        .map(|uid| mail("inbox", uid, "same", &format!("u{number} m{uid} {}", "filler ".repeat(200))))
        .collect();
    let removed =
        first.checked_sub(50).map_or(Vec::new(), |old| (old..old + 3).map(|uid| id("inbox", uid)).collect());
    Changes { removed, added }
}

/// The UIDs that are there after the updates 1 to `last`, newest first.
fn expected(last: u64) -> Vec<u32> {
    let end = u32::try_from(last * 10 + 10).unwrap();
    let is_there = |uid: &u32| *uid + 50 >= end || uid % 10 > 2;
    (10..end).filter(is_there).rev().collect()
}

#[test]
fn child_indexes_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = open(Path::new(&folder), &KEY).unwrap();
    let index = store.search_index(ACCOUNT);
    let mut out = std::io::stdout();
    for number in index.mark().unwrap().map_or(0, |mark| mark.number) + 1.. {
        index.update(changes(number), mark(number)).unwrap();
        writeln!(out, "\nack {number}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_leaves_a_whole_index() {
    let mut rng = SeededRng::new("search kill -9");
    for _folder in 0..rounds(1, 10) {
        let folder = tempfile::tempdir().unwrap();
        let mut acknowledged = 0;
        for round in 0..20 {
            acknowledged = kill_once(&mut rng, folder.path(), acknowledged);
            check(folder.path(), acknowledged, round);
        }
        assert!(acknowledged > 0, "something was acknowledged");
    }
}

fn kill_once(rng: &mut SeededRng, folder: &Path, mut acknowledged: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(child_arguments("child_indexes_until_it_is_killed"))
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acks = rng.below(5);
    while acks > 0 {
        if let Some(number) = lines.next().unwrap().unwrap().strip_prefix("ack ") {
            acknowledged = number.parse().unwrap();
            acks -= 1;
        }
    }
    // The moment itself is random; nothing waits for anything.
    std::thread::sleep(Duration::from_micros(rng.below(40_000) as u64));
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        if let Some(number) = line.unwrap().strip_prefix("ack ") {
            acknowledged = number.parse().unwrap();
        }
    }
    acknowledged
}

fn check(folder: &Path, acknowledged: u64, round: usize) {
    let store = open(folder, &KEY).unwrap();
    let index = store.search_index(ACCOUNT);
    let last =
        index.mark().unwrap_or_else(|error| panic!("round {round}: {error}")).map_or(0, |mark| mark.number);
    assert!(
        last == acknowledged || last == acknowledged + 1,
        "round {round}: {acknowledged} acknowledged, {last} there"
    );
    let find = |typed: &str| {
        let page = Page { limit: 1000, after: None };
        let found = index.find(&Query::parse(typed).unwrap(), page).unwrap();
        found.mails.into_iter().map(|MailId { uid, .. }| uid).collect::<Vec<_>>()
    };
    let (expected, seen) = (expected(last), find("same "));
    assert_eq!(seen, expected.get(..expected.len().min(1000)).unwrap(), "round {round}, update {last}");
    if last > 0 {
        assert_eq!(find(&format!("u{last} ")).len(), 10);
    }
    // A next update cleans up what the killed one left.
    let files = files_below(&folder.join("search"));
    assert!(files.iter().all(|file| file.extension().is_none()), "half written files are gone");
    assert!(files.len() < 200, "round {round}: {} files", files.len());
}
