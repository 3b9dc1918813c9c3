//! Search in encrypted mail, offline; the index is nothing but a cache.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the moment of the kill is measured by the real clock")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use common::{Office, as_text, file, mails, refused_both, words};
use xtask::cli::{Terminal, list, text};
use xtask::demo::search::search;
use xtask::world::address;

/// Subjects of what is found, newest first.
fn found(terminal: &Terminal, query: &str) -> Vec<String> {
    let found = terminal.json(["--offline", "mail", "search", query]).unwrap();
    let mails = list(&found, "mails");
    assert_eq!(found["total"].as_u64(), Some(mails.len() as u64), "{query}: {found}");
    mails.iter().map(|mail| text(mail, "subject").to_owned()).collect()
}

fn index_files(terminal: &Terminal) -> Vec<PathBuf> {
    let folders = fs::read_dir(terminal.home.join("store/search")).unwrap();
    let mut files: Vec<PathBuf> = folders
        .flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn bob_searches_encrypted_mail_offline() {
    let mut office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));

    let contract = file(&office, "2026年采购合同.txt", "第一条：货款于交货后三十日内支付。".as_bytes());
    let to_bob = address("bob");
    let send = |subject: &str, body: &str, more: &[&str]| {
        let args = ["mail", "send", "--to", &to_bob, "--subject", subject, "--text", body];
        alice.ok(args.iter().chain(more)).unwrap();
    };
    send(
        "Rüdesheim 预算",
        "请在周五前确认季度报告。 Zanzibarcanary reports.",
        &["--attach", as_text(&contract)],
    );
    send("Second", "The quarterly report for Łódź.", &[]);
    send("Third", "Nothing of interest.", &["--signed-only"]);
    office.world.settle().unwrap();
    office.sync(&bob);
    office.sync(&alice);
    office.world.stop_servers();

    let budget = "Rüdesheim 预算".to_owned();
    let [budget, second, third] = [vec![budget], vec!["Second".to_owned()], vec!["Third".to_owned()]];
    let nothing = Vec::<String>::new();
    // In an encrypted text, in a name of an attachment, in a text attachment, in the subject.
    assert_eq!(found(&bob, "季度报告"), budget);
    assert_eq!(found(&bob, "采购合同"), budget);
    assert_eq!(found(&bob, "货款 交货"), budget);
    assert_eq!(found(&bob, "ruedesheim"), nothing);
    assert_eq!(found(&bob, "rudesheim has:attachment"), budget);
    assert_eq!(found(&bob, "lodz \"quarterly report\""), second);
    assert_eq!(found(&bob, "\"report quarterly\""), nothing);
    assert_eq!(found(&bob, "inter"), third);
    assert_eq!(found(&bob, &format!("from:{} subject:thi", address("alice"))), third);
    assert_eq!(found(&bob, "report before:2020"), nothing);
    assert_eq!(found(&bob, "lodz after:2020 in:inbox"), second);
    assert_eq!(found(&bob, "lodz in:sent"), nothing);
    // Her own copies.
    assert_eq!(found(&alice, "货款 in:sent"), budget);

    let page = bob.ok(["--offline", "mail", "search", "from:alice", "--limit", "1"]).unwrap().out();
    assert_eq!(page.lines().count(), 2, "{page}");
    assert!(page.lines().nth(1).unwrap().starts_with("These are the newest 1 of "), "{page}");
    for query in ["before:someday", "after:2026-13-01"] {
        let sentence = refused_both(&bob, &words(&["--offline", "mail", "search", query]), 2, "wrong_use");
        assert!(sentence.contains("2026-01-31"), "{sentence}");
    }

    let canaries = ["Zanzibarcanary", "zanzibarcanary", "季度报告", "采购合同", "货款", "rudesheim"];
    let looked_at = search(&[bob.home.clone(), alice.home.clone()], &canaries).unwrap();
    assert!(looked_at.files > 20 && looked_at.found.is_empty(), "{:?}", looked_at.found);
}

#[test]
fn the_index_follows_the_mailbox_and_is_made_again() {
    let mut office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let to_bob = address("bob");
    for subject in ["one", "two", "three"] {
        let args =
            ["mail", "send", "--signed-only", "--to", &to_bob, "--subject", subject, "--text", "same words"];
        alice.ok(args).unwrap();
    }
    office.world.settle().unwrap();
    office.sync(&bob);
    let sorted = |query: &str| {
        let mut subjects = found(&bob, query);
        subjects.sort();
        subjects
    };
    assert_eq!(sorted("\"same words\""), ["one", "three", "two"]);

    // Another program removes one on the server.
    let raw = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let inbox = office.world.inbox("bob").unwrap();
    let removed = inbox.iter().find(|path| raw(path).contains("Subject: two")).unwrap();
    fs::remove_file(removed).unwrap();
    office.sync(&bob);
    assert_eq!(mails(&bob, "two").len(), 0);
    assert_eq!(sorted("\"same words\""), ["one", "three"]);
    office.world.stop_servers();

    // Whatever happens to a file of the index, the search finds what it should.
    // Names change when the index is made again: each turn takes the files that are there then. The store's own tests spoil
    // every one of them.
    for number in (0..index_files(&bob).len()).step_by(3) {
        let Some(file) = index_files(&bob).into_iter().nth(number) else { break };
        let mut octets = fs::read(&file).unwrap();
        let middle = octets.len() / 2;
        octets[middle] ^= 1;
        fs::write(&file, &octets).unwrap();
        assert_eq!(sorted("\"same words\""), ["one", "three"], "{number}");
    }
    assert!(index_files(&bob).len() >= 5);
    for spoil in [
        (|file: &PathBuf| fs::write(file, b"").unwrap()) as fn(&PathBuf),
        |file| fs::remove_file(file).unwrap(),
        |file| fs::write(file, vec![0xa5; 5000]).unwrap(),
    ] {
        index_files(&bob).iter().for_each(spoil);
        let said = bob.ok(["--offline", "mail", "search", "same"]).unwrap();
        assert!(said.err().contains("search index"), "{}", said.err());
        assert_eq!(sorted("\"same words\""), ["one", "three"]);
    }
    // An older index in the place of the newer one.
    let folder = bob.home.join("store/search");
    let kept = office.path("kept");
    copy(&folder, &kept);
    office.world.start_servers().unwrap();
    alice
        .ok(["mail", "send", "--signed-only", "--to", &to_bob, "--subject", "four", "--text", "same"])
        .unwrap();
    office.world.settle().unwrap();
    office.sync(&bob);
    assert_eq!(sorted("same"), ["four", "one", "three"]);
    fs::remove_dir_all(&folder).unwrap();
    copy(&kept, &folder);
    assert_eq!(sorted("same"), ["four", "one", "three"]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(sorted("same"), ["four", "one", "three"]);
}

/// Kills in a normal run, and with `COUNTERSIGN_PROVE`.
const KILLS: [u32; 2] = [5, 60];

#[test]
fn killed_at_any_moment_of_a_sync_the_search_finds_what_the_list_shows() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let to_bob = address("bob");
    let send = |subject: &str| {
        let args = ["mail", "send", "--signed-only", "--to", &to_bob, "--subject", subject, "--text", "same"];
        alice.ok(args).unwrap();
        office.world.settle().unwrap();
    };
    let sync = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--home").arg(&bob.home).arg("--passphrase-file").arg(&bob.passphrase_file).arg("sync");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    send("first");
    let started = Instant::now();
    assert!(sync().status().unwrap().success());
    let whole = started.elapsed();

    let kills = KILLS[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    for kill in 0..kills {
        send(&format!("mail {kill}"));
        // The first half of a call unlocks the keys (Argon2id); what matters comes after it.
        let moment = whole.mul_f64(0.45 + 0.6 * (f64::from(kill) + 0.5) / f64::from(kills));
        let mut child = sync().spawn().unwrap();
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        let listed = bob.json(["--offline", "mail", "list"]).unwrap();
        let mut listed: Vec<_> =
            list(&listed, "mails").iter().map(|mail| text(mail, "subject").to_owned()).collect();
        let mut found = found(&bob, "same");
        listed.sort();
        found.sort();
        assert_eq!(found, listed, "kill {kill}");
    }
    office.sync(&bob);
    assert_eq!(found(&bob, "same").len(), usize::try_from(kills).unwrap() + 1);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
