//! The same people on a server of other people: GreenMail (no CONDSTORE, no QRESYNC, no SPECIAL-USE, no ENABLE, no ID).
//! What is on it is read by curl.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, as_text, file, mails, trust};
use xtask::cli::{Terminal, list, text};
use xtask::world::{GreenMail, address};

struct Elsewhere {
    // Ended before the world whose certificate it shows.
    server: GreenMail,
    office: Office,
}

impl Elsewhere {
    fn open() -> Self {
        let office = Office::open();
        Elsewhere { server: GreenMail::start(&office.world).unwrap(), office }
    }

    fn person(&self, person: &str) -> Terminal {
        let terminal = self.office.terminal(person);
        terminal.ok(self.server.account_args(&self.office.world, person)).unwrap();
        terminal
    }

    /// How the server answers about a folder of Bob.
    fn ask(&self, folder: &str, request: &str) -> String {
        self.server.ask(&self.office.world, "bob", folder, request).unwrap()
    }

    /// How many mails lie in a folder of Bob.
    fn exists(&self, folder: &str) -> usize {
        let said = self.ask("", &format!("STATUS {folder} (MESSAGES)"));
        let count = said.split("MESSAGES ").nth(1).and_then(|rest| rest.split(')').next());
        count.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
    }
}

fn subjects(terminal: &Terminal, folder: &str) -> Vec<String> {
    let listed = terminal.json(["--offline", "mail", "list", "--folder", folder]).unwrap();
    list(&listed, "mails").iter().map(|mail| text(mail, "subject").to_owned()).collect()
}

fn id(terminal: &Terminal, folder: &str, subject: &str) -> String {
    let listed = terminal.json(["--offline", "mail", "list", "--folder", folder]).unwrap();
    let mail = list(&listed, "mails").iter().find(|mail| text(mail, "subject") == subject).cloned();
    text(&mail.unwrap_or_else(|| panic!("no {subject} in {listed}")), "id").to_owned()
}

#[test]
fn people_meet_decide_and_keep_order_there_too() {
    let there = Elsewhere::open();
    let said = there.ask("", "CAPABILITY");
    assert!(
        said.contains("UIDPLUS") && !said.contains("CONDSTORE") && !said.contains("SPECIAL-USE"),
        "{said}"
    );
    let (alice, bob) = (there.person("alice"), there.person("bob"));

    let codes = ["alice.png", "bob.png"].map(|name| there.office.path(name));
    alice.ok(["contact", "meet", "--png", as_text(&codes[0])]).unwrap();
    bob.ok(["contact", "meet", "--png", as_text(&codes[1])]).unwrap();
    alice.ok(["contact", "meet", "--camera", as_text(&codes[1])]).unwrap();
    bob.ok(["contact", "meet", "--camera", as_text(&codes[0])]).unwrap();
    for _ in 0..4 {
        alice.ok(["sync"]).unwrap();
        bob.ok(["sync"]).unwrap();
    }
    assert_eq!((trust(&alice, "bob"), trust(&bob, "alice")), ("met".to_owned(), "met".to_owned()));

    // An approval with a document larger than one part of a fetch.
    let document: Vec<u8> =
        (0..600_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let path = file(&there.office, "offer.pdf", &document);
    let to_bob = address("bob");
    let asked =
        ["approval", "request", "--to", &to_bob, "--subject", "采购 Grüße", "--attach", as_text(&path)];
    alice.ok(asked).unwrap();
    bob.ok(["sync"]).unwrap();
    let waiting = bob.json(["approval", "list"]).unwrap();
    let request = text(&list(&waiting, "approvals")[0], "id").to_owned();
    let out = there.office.path("opened.pdf");
    bob.ok(["approval", "document", &request, "1", "--out", as_text(&out)]).unwrap();
    assert!(std::fs::read(&out).unwrap() == document);
    bob.ok(["approval", "approve", &request]).unwrap();
    for _ in 0..2 {
        alice.ok(["sync"]).unwrap();
        bob.ok(["sync"]).unwrap();
    }
    assert_eq!(text(&alice.json(["approval", "show", &request]).unwrap(), "state"), "approved");
    assert_eq!(text(&bob.json(["approval", "show", &request]).unwrap(), "state"), "approved");

    // What is done to mail is done there, and once.
    for subject in ["one", "two", "three", "four"] {
        alice.ok(["mail", "send", "--to", &to_bob, "--subject", subject, "--text", "Text."]).unwrap();
    }
    bob.ok(["sync"]).unwrap();
    let before = there.exists("INBOX");
    let act = |words: &[&str], subject: &str| {
        let id = id(&bob, "inbox", subject);
        bob.ok([&["--offline", "mail"], words, &[id.as_str()]].concat()).unwrap();
    };
    act(&["mark", "--as", "starred"], "one");
    act(&["move", "--to", "archive"], "two");
    act(&["delete"], "three");
    act(&["move", "--to", "junk"], "four");
    for round in 0..3 {
        let report = bob.json(["sync"]).unwrap();
        assert_eq!(report["new"], 0, "{round}: {report}");
        assert_eq!(there.exists("INBOX"), before - 3, "{round}");
        for (folder, subject, name) in
            [("archive", "two", "Archive"), ("trash", "three", "Trash"), ("junk", "four", "Junk")]
        {
            assert_eq!(subjects(&bob, folder), [subject], "{round}");
            assert_eq!(there.exists(name), 1, "{round}");
        }
    }
    let starred = there.ask("INBOX", "SEARCH FLAGGED");
    assert_eq!(starred.split_whitespace().count(), 3, "one number after * SEARCH: {starred}");

    // Another client moves, marks and removes; nothing is lost or shown twice.
    there.ask("Archive", "STORE 1 +FLAGS (\\Flagged)");
    there.ask("Junk", "STORE 1 +FLAGS (\\Deleted)");
    there.ask("Junk", "EXPUNGE");
    there.ask("Trash", "UID MOVE 1:* INBOX");
    for round in 0..2 {
        bob.ok(["sync"]).unwrap();
        assert_eq!(mails(&bob, "three").len(), 1, "{round}");
        assert!(subjects(&bob, "trash").is_empty() && subjects(&bob, "junk").is_empty(), "{round}");
        let archive = bob.json(["--offline", "mail", "list", "--folder", "archive"]).unwrap();
        assert_eq!(list(&archive, "mails")[0]["flagged"], true, "{round}");
    }

    // A second device of Bob sees the same mail.
    let inbox = subjects(&bob, "inbox").len();
    assert_eq!(there.exists("INBOX"), inbox);
}
