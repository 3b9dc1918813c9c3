//! Drafts: kept, changed, sent once, thrown away; on the server only as ciphertext. And nothing that anybody writes, receives or
//! looks for lies anywhere in the clear.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Office, as_text, file, mails, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::demo::search::{Form, search};
use xtask::world::address;

const ALICE: &str = "alice@example.test";

/// Drafts of Bob on the server, with what is marked as deleted left out.
fn on_server(office: &Office) -> Vec<(PathBuf, String)> {
    let folder = office.world.maildir("bob").join(".Drafts");
    let read = |sub: &str| fs::read_dir(folder.join(sub)).into_iter().flatten();
    let files = ["new", "cur"].into_iter().flat_map(read).map(|entry| entry.unwrap().path());
    files
        .filter(|file| !file.to_string_lossy().rsplit(":2,").next().unwrap().contains('T'))
        .map(|file| (file.clone(), fs::read_to_string(file).unwrap()))
        .collect()
}

fn drafts(terminal: &Terminal) -> Vec<Value> {
    list(&terminal.json(["--offline", "mail", "draft", "list"]).unwrap(), "drafts").to_vec()
}

/// Command line that keeps a draft for Alice.
fn to_alice<'a>(subject: &'a str, text: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let save = ["--offline", "mail", "draft", "save", "--to", ALICE, "--subject", subject, "--text", text];
    [&save, more].concat()
}

fn kept_changed_sent_and_thrown_away(capabilities: Option<&str>) {
    let mut office = Office::open();
    if let Some(capabilities) = capabilities {
        office.world.announce(capabilities).unwrap();
    }
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let to_carol = address("carol");
    let attached = file(&office, "清单.txt", b"three machines");
    office.world.stop_servers();
    let more = ["--bcc", ALICE, "--attach", as_text(&attached)];
    let saved = bob.json(to_alice("采购", "So far\nonly this", &more)).unwrap();
    assert_eq!(saved["draft"], 1);
    bob.ok(["--offline", "mail", "draft", "save", "--text", "To nobody yet"]).unwrap();
    let shown = bob.json(["--offline", "mail", "draft", "show", "1"]).unwrap();
    assert_eq!((text(&shown, "subject"), text(&shown, "text")), ("采购", "So far\nonly this"));
    assert_eq!((&shown["bcc"][0], &shown["attachments"][0]["name"]), (&ALICE.into(), &"清单.txt".into()));
    office.world.start_servers().unwrap();

    for _ in 0..2 {
        office.sync(&bob);
        let copies = on_server(&office);
        assert_eq!(copies.len(), 2);
        for (path, raw) in &copies {
            assert!(raw.contains("application/pkcs7-mime") && raw.contains("Subject: [...]"), "{raw}");
            assert!(raw.lines().all(|line| !line.to_lowercase().starts_with("bcc:")), "{raw}");
            let marks = path.to_string_lossy().rsplit(":2,").next().unwrap().to_owned();
            assert!(marks.contains('D') && marks.contains('S'), "{marks}");
        }
        let kept: Vec<bool> = drafts(&bob).iter().map(|draft| draft["on_server"] == true).collect();
        assert_eq!(kept, [true, true]);
    }
    let first: Vec<PathBuf> = on_server(&office).into_iter().map(|copy| copy.0).collect();

    // Changed twice between two rounds: one new copy, and the other stays.
    for said in ["Then this", "And in the end this"] {
        bob.ok(to_alice("采购", said, &["--number", "1"])).unwrap();
        assert_eq!(drafts(&bob)[0]["on_server"], false);
    }
    office.sync(&bob);
    let copies: Vec<PathBuf> = on_server(&office).into_iter().map(|copy| copy.0).collect();
    assert_eq!(copies.len(), 2);
    assert_eq!(copies.iter().filter(|copy| first.contains(copy)).count(), 1);

    // Somebody without a certificate: it stays a draft.
    let words_of = |number: &str| words(&["mail", "draft", "send", number]);
    bob.ok(["--offline", "mail", "draft", "save", "--number", "2", "--to", &to_carol, "--text", "Hello"])
        .unwrap();
    refused_both(&bob, &words_of("2"), 2, "wrong_use");
    assert_eq!(drafts(&bob).len(), 2);

    bob.ok(words_of("1")).unwrap();
    refused_both(&bob, &words_of("1"), 2, "not_found");
    bob.ok(["mail", "draft", "discard", "2"]).unwrap();
    for discarded in ["show", "send", "discard"] {
        refused_both(&bob, &words(&["mail", "draft", discarded, "2"]), 2, "not_found");
    }
    assert!(drafts(&bob).is_empty());
    office.sync(&bob);
    assert!(on_server(&office).is_empty());
    office.sync(&alice);
    let got = mails(&alice, "采购");
    assert_eq!(got.len(), 1);
    let read = alice.json(["mail", "read", text(&got[0], "id")]).unwrap();
    assert_eq!((text(&read, "text").trim(), list(&read, "attachments").len()), ("And in the end this", 0));
    // Numbers are not given twice.
    let again = bob.json(["--offline", "mail", "draft", "save", "--text", "x"]).unwrap();
    assert_eq!(again["draft"], 3);
}

#[test]
fn with_all_that_dovecot_can() {
    kept_changed_sent_and_thrown_away(None);
}

#[test]
fn without_any_extension() {
    kept_changed_sent_and_thrown_away(Some("IMAP4rev1"));
}

#[test]
fn an_answer_that_was_a_draft_finds_its_mail_where_it_was_moved() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    alice.ok(["mail", "send", "--to", &address("bob"), "--subject", "Asked", "--text", "?"]).unwrap();
    office.world.settle().unwrap();
    office.sync(&bob);
    let asked = text(&mails(&bob, "Asked")[0], "id").to_owned();
    bob.ok(["--offline", "mail", "draft", "save", "--answer", &asked, "--text", "!"]).unwrap();
    bob.ok(["--offline", "mail", "move", "--to", "archive", &asked]).unwrap();
    office.sync(&bob);
    let shown = bob.json(["mail", "draft", "show", "1"]).unwrap();
    assert!(text(&shown, "answers").starts_with("archive."), "{shown}");
    assert_eq!(text(&shown, "subject"), "Re: Asked");
    bob.ok(["mail", "draft", "send", "1"]).unwrap();
    office.world.settle().unwrap();
    office.sync(&alice);
    office.sync(&alice);
    let answer = text(&mails(&alice, "Re: Asked")[0], "id").to_owned();
    let whole = alice.json(["mail", "conversation", &answer]).unwrap();
    assert_eq!(list(&whole, "mails").len(), 2, "{whole}");
}

#[test]
fn a_draft_waits_until_its_recipient_is_known() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    bob.ok(to_alice("For you alone", "x", &[])).unwrap();
    let waits = bob.json(["mail", "draft", "send", "1", "--when-known"]).unwrap();
    assert_eq!(waits["waits_for"][0], ALICE);
    assert_eq!(drafts(&bob)[0]["waits"], true);
    // A certificate that came with some mail could be anybody's.
    alice
        .ok(["mail", "send", "--signed-only", "--to", &address("bob"), "--subject", "Hello", "--text", "x"])
        .unwrap();
    office.world.settle().unwrap();
    for _ in 0..2 {
        office.sync(&bob);
    }
    assert_eq!(common::trust(&bob, "alice"), "pinned");
    assert_eq!((drafts(&bob).len(), office.delivered("alice")), (1, 0));
    // Met, it goes; once.
    office.meet(("alice", &alice), ("bob", &bob));
    for _ in 0..2 {
        office.sync(&bob);
        office.sync(&alice);
    }
    let got = mails(&alice, "For you alone");
    assert_eq!((got.len(), text(&got[0], "encryption")), (1, "decrypted"));
    assert!(drafts(&bob).is_empty());

    // Changing it takes the word back.
    let to_carol = address("carol");
    bob.ok(["--offline", "mail", "draft", "save", "--to", &to_carol, "--text", "x"]).unwrap();
    bob.ok(["mail", "draft", "send", "2", "--when-known"]).unwrap();
    bob.ok(["--offline", "mail", "draft", "save", "--number", "2", "--to", &to_carol, "--text", "y"])
        .unwrap();
    assert_eq!(drafts(&bob)[0]["waits"], false);
}

#[test]
fn nothing_lies_anywhere_in_the_clear() {
    const SUBJECT: &str = "Zinnober-Betreff 采购绝密";
    const TEXT: &str = "Zinnober-Inhalt 只给你看";
    const FILE: &str = "Zinnober-Anlage.txt";
    const FILE_TEXT: &str = "Zinnober-Anhang 附件内容绝密";
    const DRAFT: &str = "Zinnober-Entwurf 草稿绝密";
    const DRAFT_TEXT: &str = "Zinnober-Vorhaben 尚未发送";
    let words = [
        "Zinnober",
        "采购绝密",
        "只给你看",
        "附件内容绝密",
        "草稿绝密",
        "尚未发送",
        "Alice Ahlborn",
        "alice@example.test",
    ];
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let attached = file(&office, FILE, FILE_TEXT.as_bytes());
    let to_bob = address("bob");
    let sent = [
        "mail",
        "send",
        "--to",
        &to_bob,
        "--subject",
        SUBJECT,
        "--text",
        TEXT,
        "--attach",
        as_text(&attached),
    ];
    alice.ok(sent).unwrap();
    office.world.settle().unwrap();

    // Every call from here on has a folder for temporary files of its own.
    let temporary = office.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let ok = |args: &[&str]| bob.call(args).env("TMPDIR", as_text(&temporary)).ok().unwrap().out();
    ok(&["sync"]);
    let id = text(&mails(&bob, SUBJECT)[0], "id").to_owned();
    assert!(ok(&["--offline", "mail", "read", &id]).contains(TEXT));
    for query in
        ["Zinnober", "附件内容绝密", "from:alice@example.test Zinnober*", "subject:采购绝密", "尚未发送"]
    {
        ok(&["--offline", "mail", "search", query]);
    }
    ok(&to_alice(DRAFT, DRAFT_TEXT, &["--attach", as_text(&attached)]));
    ok(&["--offline", "mail", "reply", &id, "--text", TEXT]);
    ok(&["--offline", "mail", "mark", "--as", "starred", &id]);
    ok(&["sync"]);
    ok(&to_alice(DRAFT, DRAFT_TEXT, &["--number", "1"]));
    ok(&["mail", "draft", "send", "1"]);
    ok(&["sync"]);

    // The search can find: the same words in three writings.
    let planted = office.path("planted");
    fs::create_dir(&planted).unwrap();
    for (name, octets) in [
        ("raw", SUBJECT.to_owned()),
        ("base64", "WmlubmFiZXIgWmlubm9iZXI=".to_owned()),
        ("qp", "Zinn=6Fber".to_owned()),
    ] {
        fs::write(planted.join(name), octets).unwrap();
    }
    let control = search(std::slice::from_ref(&planted), &words).unwrap();
    for form in [Form::Raw, Form::Base64, Form::QuotedPrintable] {
        assert!(control.found.iter().any(|found| found.form == form), "{form:?}");
    }
    let here = search(&[bob.home.clone(), temporary], &words).unwrap();
    assert!(here.found.is_empty() && here.files > 10, "{here:?}");
    // Addresses must stand on the servers; what was said must not.
    let mut folders = office.world.logs().unwrap();
    folders.push(office.world.mail());
    let there = search(&folders, &words[..6]).unwrap();
    assert!(there.found.is_empty() && there.files > 10, "{there:?}");
}
