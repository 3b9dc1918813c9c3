//! What people do to mail, offline and on two devices, on a real server: it is done there, and once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the moment of the kill is measured by the real clock")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use common::{Office, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::world::address;

/// What Dovecot can, and ever less of it.
const ALL: &str =
    "IMAP4rev1 SASL-IR ID ENABLE IDLE LITERAL+ NAMESPACE UIDPLUS UNSELECT MOVE CONDSTORE QRESYNC SPECIAL-USE";
const NO_QRESYNC: &str = "IMAP4rev1 SASL-IR ID ENABLE IDLE NAMESPACE UIDPLUS MOVE CONDSTORE SPECIAL-USE";
const NO_MOVE: &str = "IMAP4rev1 IDLE UIDPLUS SPECIAL-USE";
const NOTHING: &str = "IMAP4rev1";

/// Kills in a normal run, and with `COUNTERSIGN_PROVE`.
const KILLS: [u32; 2] = [6, 60];

/// An office where Alice has written signed mails of these subjects to Bob, who has read none.
fn office_with(subjects: &[&str], capabilities: &str) -> (Office, Terminal) {
    let mut office = Office::open();
    office.world.announce(capabilities).unwrap();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    write(&alice, subjects);
    office.world.settle().unwrap();
    office.sync(&bob);
    (office, bob)
}

fn write(alice: &Terminal, subjects: &[&str]) {
    let to_bob = address("bob");
    for subject in subjects {
        let args =
            ["mail", "send", "--signed-only", "--to", &to_bob, "--subject", subject, "--text", "Text."];
        alice.ok(args).unwrap();
    }
}

fn mails_in(terminal: &Terminal, folder: &str) -> Vec<Value> {
    let listed = terminal.json(["--offline", "mail", "list", "--folder", folder]).unwrap();
    list(&listed, "mails").to_vec()
}

/// Subjects of what is listed in a folder, sorted.
fn subjects_in(terminal: &Terminal, folder: &str) -> Vec<String> {
    let mut subjects: Vec<_> =
        mails_in(terminal, folder).iter().map(|mail| text(mail, "subject").to_owned()).collect();
    subjects.sort();
    subjects
}

fn mail(terminal: &Terminal, folder: &str, subject: &str) -> Value {
    let found = mails_in(terminal, folder).into_iter().find(|mail| text(mail, "subject") == subject);
    found.unwrap_or_else(|| panic!("no {subject} in {folder}"))
}

fn id(terminal: &Terminal, folder: &str, subject: &str) -> String {
    text(&mail(terminal, folder, subject), "id").to_owned()
}

fn act(terminal: &Terminal, args: &[&str], folder: &str, subject: &str) {
    let id = id(terminal, folder, subject);
    terminal.ok([&["--offline", "mail"], args, &[id.as_str()]].concat()).unwrap();
}

/// Files of a folder on the server; the inbox has no name. What is marked as deleted is as good as gone: without UIDPLUS
/// nothing less than everything that anybody marked could be expunged, so it isn't.
fn files(office: &Office, folder: &str) -> Vec<PathBuf> {
    let maildir = office.world.maildir("bob");
    let maildir = if folder.is_empty() { maildir } else { maildir.join(format!(".{folder}")) };
    let read = |sub: &str| fs::read_dir(maildir.join(sub)).into_iter().flatten();
    ["new", "cur"]
        .into_iter()
        .flat_map(read)
        .map(|file| file.unwrap().path())
        .filter(|file| !marks(file).contains('T'))
        .collect()
}

/// The file of a mail in a folder on the server.
fn on_server(office: &Office, folder: &str, subject: &str) -> Option<PathBuf> {
    let line = format!("Subject: {subject}");
    let is_it = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).lines().any(|it| it == line);
    let mut found = files(office, folder).into_iter().filter(|path| is_it(path));
    let first = found.next();
    assert_eq!(found.next(), None, "{subject} lies in {folder} twice");
    first
}

/// The letters behind `:2,` of a Maildir name: S is seen, F flagged.
fn marks(path: &Path) -> String {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.split_once(":2,").map(|(_, marks)| marks.to_owned()).unwrap_or_default()
}

fn is_marked(office: &Office, folder: &str, subject: &str, letter: char) -> bool {
    marks(&on_server(office, folder, subject).unwrap()).contains(letter)
}

fn what_is_done_offline_is_done_later_once(capabilities: &str) {
    let subjects = ["read", "starred", "archived", "deleted", "spam", "both", "left"];
    let (mut office, bob) = office_with(&subjects, capabilities);
    assert_eq!(files(&office, "").len(), subjects.len());
    office.world.stop_dovecot();

    act(&bob, &["mark", "--as", "read"], "inbox", "read");
    act(&bob, &["mark", "--as", "starred"], "inbox", "starred");
    act(&bob, &["move", "--to", "archive"], "inbox", "archived");
    act(&bob, &["delete"], "inbox", "deleted");
    act(&bob, &["move", "--to", "junk"], "inbox", "spam");
    act(&bob, &["mark", "--as", "starred"], "inbox", "both");
    act(&bob, &["move", "--to", "archive"], "inbox", "both");
    let as_wanted = |when: &str| {
        assert_eq!(subjects_in(&bob, "inbox"), ["left", "read", "starred"], "{when}");
        assert_eq!(subjects_in(&bob, "archive"), ["archived", "both"], "{when}");
        assert_eq!(subjects_in(&bob, "trash"), ["deleted"], "{when}");
        assert_eq!(subjects_in(&bob, "junk"), ["spam"], "{when}");
        let is = |folder, subject, what: &str| mail(&bob, folder, subject)[what].as_bool().unwrap();
        assert!(is("inbox", "read", "seen") && !is("inbox", "left", "seen"), "{when}");
        assert!(is("inbox", "starred", "flagged") && !is("inbox", "left", "flagged"), "{when}");
    };
    as_wanted("offline");
    let counted = bob.json(["--offline", "mail", "folders"]).unwrap();
    let counts = |name: &str| {
        let one = list(&counted, "folders").iter().find(|one| text(one, "folder") == name).cloned().unwrap();
        (one["mails"].as_u64().unwrap(), one["unread"].as_u64().unwrap())
    };
    assert_eq!((counts("inbox"), counts("archive"), counts("sent")), ((3, 2), (2, 2), (0, 0)));

    office.world.start_dovecot().unwrap();
    for when in ["first", "again"] {
        let report = office.sync(&bob);
        as_wanted(when);
        assert_eq!(files(&office, "").len(), 3, "{when}: {report}");
        assert_eq!(report["new"], 0, "what was put away is no news: {report}");
        for (folder, subject) in
            [("Archive", "archived"), ("Archive", "both"), ("Trash", "deleted"), ("Junk", "spam")]
        {
            assert!(on_server(&office, folder, subject).is_some(), "{when}: {subject} in {folder}");
        }
        assert!(is_marked(&office, "", "read", 'S') && !is_marked(&office, "", "left", 'S'), "{when}");
        assert!(is_marked(&office, "", "starred", 'F') && !is_marked(&office, "", "left", 'F'), "{when}");
        assert!(is_marked(&office, "Archive", "both", 'F'), "{when}");
    }
    // And back.
    act(&bob, &["mark", "--as", "unread"], "inbox", "read");
    act(&bob, &["mark", "--as", "unstarred"], "inbox", "starred");
    act(&bob, &["move", "--to", "inbox"], "junk", "spam");
    act(&bob, &["delete"], "trash", "deleted");
    office.sync(&bob);
    assert_eq!(subjects_in(&bob, "inbox"), ["left", "read", "spam", "starred"]);
    assert_eq!(subjects_in(&bob, "trash"), Vec::<String>::new());
    assert!(!is_marked(&office, "", "read", 'S') && !is_marked(&office, "", "starred", 'F'));
    assert!(on_server(&office, "", "spam").is_some());
    let all: usize = ["", "Archive", "Trash", "Junk"].map(|folder| files(&office, folder).len()).iter().sum();
    assert_eq!(all, subjects.len() - 1, "only what was deleted from the trash is gone");
}

#[test]
fn with_all_that_dovecot_can() {
    what_is_done_offline_is_done_later_once(ALL);
}

#[test]
fn without_qresync() {
    what_is_done_offline_is_done_later_once(NO_QRESYNC);
}

#[test]
fn without_condstore_and_move() {
    what_is_done_offline_is_done_later_once(NO_MOVE);
}

#[test]
fn without_any_extension() {
    what_is_done_offline_is_done_later_once(NOTHING);
}

#[test]
fn another_client_acts_meanwhile() {
    for capabilities in [ALL, NO_QRESYNC, NOTHING] {
        let (office, bob) = office_with(&["read", "moved", "gone", "kept"], capabilities);
        // What Bob does offline to a mail that is gone, he is told of.
        act(&bob, &["mark", "--as", "starred"], "inbox", "gone");
        act(&bob, &["move", "--to", "archive"], "inbox", "moved");
        act(&bob, &["mark", "--as", "starred"], "inbox", "kept");
        let other = |subject: &str| on_server(&office, "", subject).unwrap();
        let read = other("read");
        let name = read.file_name().unwrap().to_str().unwrap().split(":2,").next().unwrap().to_owned();
        fs::rename(&read, read.parent().unwrap().parent().unwrap().join("cur").join(format!("{name}:2,S")))
            .unwrap();
        fs::remove_file(other("gone")).unwrap();
        let trash = office.world.maildir("bob").join(".Trash/cur");
        let moved = other("moved");
        fs::rename(&moved, trash.join(moved.file_name().unwrap())).unwrap();

        let said = bob.call(["sync"]).run().unwrap();
        assert_eq!(said.code, Some(0), "{}", said.err());
        let told = said.err();
        assert!(
            told.contains("could not be done on the server: the mail was moved or deleted elsewhere"),
            "{told}"
        );
        office.sync(&bob);
        assert_eq!(subjects_in(&bob, "inbox"), ["kept", "read"], "{capabilities}");
        assert_eq!(subjects_in(&bob, "trash"), ["moved"], "the other was faster");
        assert_eq!(subjects_in(&bob, "archive"), Vec::<String>::new());
        assert_eq!(mail(&bob, "inbox", "read")["seen"], true);
        assert!(is_marked(&office, "", "kept", 'F'), "one refusal holds up no other");
        assert!(on_server(&office, "", "gone").is_none());
    }
}

#[test]
fn new_uids_double_nothing_and_what_waits_finds_its_mail_again() {
    for capabilities in [ALL, NOTHING] {
        let (mut office, bob) = office_with(&["one", "two", "three"], capabilities);
        act(&bob, &["mark", "--as", "starred"], "inbox", "one");
        act(&bob, &["move", "--to", "archive"], "inbox", "two");
        // As after a restore from a backup: other UIDs, another UIDVALIDITY.
        office.world.renumber("bob").unwrap();
        office.sync(&bob);
        office.sync(&bob);
        assert_eq!(subjects_in(&bob, "inbox"), ["one", "three"], "{capabilities}");
        assert_eq!(subjects_in(&bob, "archive"), ["two"], "{capabilities}");
        assert!(is_marked(&office, "", "one", 'F') && !is_marked(&office, "", "three", 'F'));
        assert!(on_server(&office, "Archive", "two").is_some());
        let read = bob.json(["--offline", "mail", "read", &id(&bob, "inbox", "one")]).unwrap();
        assert_eq!(text(&read["verdict"]["headers"], "subject"), "one");
    }
}

#[test]
fn killed_at_any_moment_everything_is_done_once() {
    let subjects = ["one", "two", "three", "four", "five", "six"];
    let (office, bob) = office_with(&subjects, NO_MOVE);
    let sync = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.arg("--home").arg(&bob.home).arg("--passphrase-file").arg(&bob.passphrase_file).arg("sync");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let started = Instant::now();
    assert!(sync().status().unwrap().success());
    let whole = started.elapsed();
    let kills = KILLS[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    for kill in 0..kills {
        // All from one folder to the other, and a star set or taken away.
        let (from, to) = if kill % 2 == 0 { ("inbox", "archive") } else { ("archive", "inbox") };
        let mark = if kill % 2 == 0 { "starred" } else { "unstarred" };
        for subject in subjects {
            act(&bob, &["mark", "--as", mark], from, subject);
            act(&bob, &["move", "--to", to], from, subject);
        }
        let mut child = sync().spawn().unwrap();
        std::thread::sleep(whole.mul_f64(0.45 + 0.9 * (f64::from(kill) + 0.5) / f64::from(kills)));
        child.kill().unwrap();
        child.wait().unwrap();

        office.sync(&bob);
        office.sync(&bob);
        let mut sorted = subjects;
        sorted.sort_unstable();
        assert_eq!(subjects_in(&bob, to), sorted, "kill {kill}");
        assert_eq!(subjects_in(&bob, from), Vec::<String>::new(), "kill {kill}");
        let (there, left) = if to == "archive" { ("Archive", "") } else { ("", "Archive") };
        assert_eq!(
            (files(&office, there).len(), files(&office, left).len()),
            (subjects.len(), 0),
            "kill {kill}"
        );
        for subject in subjects {
            assert_eq!(is_marked(&office, there, subject, 'F'), mark == "starred", "kill {kill}: {subject}");
        }
    }
}

#[test]
fn what_can_not_be_done_is_said_and_does_nothing() {
    let (_office, bob) = office_with(&["one"], ALL);
    let one = id(&bob, "inbox", "one");
    for wrong in ["inbox.4000", "sent.1", "nonsense", "inbox.", "../inbox.1"] {
        let args = words(&["--offline", "mail", "delete", &one, wrong]);
        refused_both(&bob, &args, 2, "not_found");
    }
    assert_eq!(subjects_in(&bob, "inbox"), ["one"], "all or none");
    refused_both(&bob, &words(&["--offline", "mail", "move", "--to", "moon", &one]), 2, "wrong_use");
    refused_both(&bob, &words(&["--offline", "mail", "mark", "--as", "read"]), 2, "wrong_use");
}

#[test]
fn two_devices_that_act_offline_on_the_same_mail_end_up_alike() {
    let subjects =
        ["star or archive", "archive or delete", "delete both", "read or junk", "opposite marks", "left"];
    let (office, phone) = office_with(&subjects, ALL);
    let desk = office.terminal("desk");
    desk.ok(office.world.account_args("bob")).unwrap();
    office.sync(&desk);
    for (terminal, folder) in [(&phone, "inbox"), (&desk, "inbox")] {
        assert_eq!(mails_in(terminal, folder).len(), subjects.len());
    }
    act(&phone, &["mark", "--as", "starred"], "inbox", "star or archive");
    act(&desk, &["move", "--to", "archive"], "inbox", "star or archive");
    act(&phone, &["move", "--to", "archive"], "inbox", "archive or delete");
    act(&desk, &["delete"], "inbox", "archive or delete");
    for terminal in [&phone, &desk] {
        act(terminal, &["delete"], "inbox", "delete both");
    }
    act(&phone, &["mark", "--as", "read"], "inbox", "read or junk");
    act(&desk, &["move", "--to", "junk"], "inbox", "read or junk");
    act(&phone, &["mark", "--as", "starred"], "inbox", "opposite marks");
    act(&desk, &["mark", "--as", "starred"], "inbox", "opposite marks");
    act(&desk, &["mark", "--as", "unstarred"], "inbox", "opposite marks");
    // Both at once, then one after the other until nothing changes.
    let (one, other) = (phone.call(["sync"]), desk.call(["sync"]));
    std::thread::scope(|scope| {
        let at_once = scope.spawn(|| one.run().unwrap());
        assert_eq!(other.run().unwrap().code, Some(0));
        assert_eq!(at_once.join().unwrap().code, Some(0));
    });
    for _ in 0..2 {
        office.sync(&phone);
        office.sync(&desk);
    }
    let mut all = Vec::new();
    for folder in ["inbox", "archive", "junk", "trash"] {
        let of = |terminal: &Terminal| -> Vec<(String, String)> {
            let line = |mail: &Value| {
                let marks = format!("{} {}", mail["seen"], mail["flagged"]);
                (text(mail, "subject").to_owned(), marks)
            };
            let mut lines: Vec<_> = mails_in(terminal, folder).iter().map(line).collect();
            lines.sort();
            lines
        };
        assert_eq!(of(&phone), of(&desk), "{folder}");
        all.extend(of(&phone).into_iter().map(|line| line.0));
    }
    all.sort();
    let on_server: usize =
        ["", "Archive", "Junk", "Trash"].map(|folder| files(&office, folder).len()).iter().sum();
    assert_eq!(on_server, all.len());
    // RFC 6851 says nothing of two who move the same mail at the same moment: Dovecot copies for both before it removes, now and
    // then, and nobody is told. Then it is in both places, on both devices.
    let both_moved = ["archive or delete", "delete both"];
    let mut found = BTreeMap::new();
    all.iter().for_each(|subject| *found.entry(subject.as_str()).or_insert(0) += 1);
    assert_eq!(found.keys().copied().collect::<BTreeSet<_>>(), BTreeSet::from(subjects));
    for (subject, times) in found {
        assert!(times == 1 || (times == 2 && both_moved.contains(&subject)), "{subject}: {times} times");
    }
}

#[test]
fn a_full_sync_fetches_everything_again_and_loses_nothing() {
    let (mut office, bob) = office_with(&["one", "two", "three"], ALL);
    act(&bob, &["mark", "--as", "starred"], "inbox", "one");
    office.sync(&bob);
    act(&bob, &["move", "--to", "archive"], "inbox", "two");
    bob.ok(["--offline", "mail", "draft", "save", "--text", "A draft"]).unwrap();
    write_offline(&bob, "waits");
    office.world.stop_servers();
    let cut = bob.call(["sync", "--full"]).run().unwrap();
    assert_eq!(cut.code, Some(3), "{}", cut.err());
    assert_eq!(subjects_in(&bob, "inbox"), ["one", "three"], "nothing is forgotten without a server");
    office.world.start_servers().unwrap();
    for round in 0..2 {
        let report = bob.json(["sync", "--full"]).unwrap();
        // Sent mail counts, too, once it is there.
        assert!(report["new"].as_u64().unwrap() >= 2, "{round}: {report}");
        office.world.settle().unwrap();
        assert_eq!(subjects_in(&bob, "inbox"), ["one", "three"], "{round}");
        assert_eq!(subjects_in(&bob, "archive"), ["two"], "{round}");
        assert_eq!(mail(&bob, "inbox", "one")["flagged"], true, "{round}");
        let found = bob.json(["--offline", "mail", "search", "three"]).unwrap();
        assert_eq!(list(&found, "mails").len(), 1, "{round}");
        let drafts = bob.json(["--offline", "mail", "draft", "list"]).unwrap();
        assert_eq!(list(&drafts, "drafts").len(), 1, "{round}");
    }
    assert_eq!(office.delivered("alice"), 1, "what waited was sent, and once");
}

fn write_offline(bob: &Terminal, subject: &str) {
    let to = address("alice");
    let words =
        ["--offline", "mail", "send", "--signed-only", "--to", &to, "--subject", subject, "--text", "Text."];
    bob.ok(words).unwrap();
}
