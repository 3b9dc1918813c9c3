//! Homes that older versions wrote are opened, and nothing in them is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::path::Path;

use tempfile::TempDir;
use xtask::cli::{Terminal, list, text};
use xtask::run::call;

/// Bob's home number `number`.
fn home(number: u32) -> (TempDir, Terminal) {
    let folder = tempfile::tempdir().unwrap();
    let terminal = Terminal::new(Path::new(env!("CARGO_BIN_EXE_countersign")), folder.path(), "bob").unwrap();
    std::fs::create_dir(&terminal.home).unwrap();
    let archive = format!("{}/../../fixtures/homes/{number}.tar.gz", env!("CARGO_MANIFEST_DIR"));
    call("tar").arg("-xzf").arg(&archive).arg("-C").arg(&terminal.home).ok().unwrap();
    (folder, terminal)
}

#[test]
fn a_home_from_before_the_sync_machine_opens_with_everything_in_it() {
    let (folder, bob) = home(1);
    // The first call takes it over, the second finds it so.
    for _ in 0..2 {
        let listed = bob.json(["--offline", "mail", "list"]).unwrap();
        let mails: Vec<_> = list(&listed, "mails")
            .iter()
            .map(|mail| (text(mail, "subject"), mail["seen"].as_bool().unwrap(), text(mail, "signature")))
            .collect();
        let countersign = ("Countersign", false, "valid");
        let rest =
            [("Unread", false, "valid"), ("Read", true, "valid"), ("New laser cutter", false, "valid")];
        assert_eq!(mails, [[countersign; 2].as_slice(), &rest].concat());
    }
    let read = bob.json(["--offline", "mail", "read", "inbox.3"]).unwrap();
    assert_eq!(text(&read, "text").trim(), "Sealed text.");
    let attachment = folder.path().join("note.txt");
    let signed = bob.json(["--offline", "mail", "read", "inbox.4"]).unwrap();
    let part = text(&list(&signed, "attachments")[0], "part");
    bob.ok(["--offline", "mail", "attachment", "inbox.4", part, "--out", common::as_text(&attachment)])
        .unwrap();
    assert_eq!(std::fs::read(attachment).unwrap(), b"An attachment.");
    let approvals = bob.json(["--offline", "approval", "list"]).unwrap();
    assert_eq!(text(&list(&approvals, "approvals")[0], "subject"), "New laser cutter");
    assert_eq!(list(&approvals, "approvals")[0]["my_turn"], true);
    let outbox = bob.json(["--offline", "mail", "outbox"]).unwrap();
    assert_eq!(text(&list(&outbox, "outbox")[0], "subject"), "Waiting");
    assert_eq!(text(&list(&outbox, "outbox")[0], "state"), "waiting");
    assert_eq!(common::trust(&bob, "alice"), "met");
    let found = bob.json(["--offline", "mail", "search", "sealed text"]).unwrap();
    assert_eq!(text(&list(&found, "mails")[0], "subject"), "Unread");
    // It is a home of this version now: what is done is kept.
    bob.ok(["--offline", "mail", "mark", "--as", "read", "inbox.3"]).unwrap();
    let listed = bob.json(["--offline", "mail", "list"]).unwrap();
    assert_eq!(list(&listed, "mails")[2]["seen"], true);
}
