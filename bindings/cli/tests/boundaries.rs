//! The connection breaks once at each request of a synchronisation that fetches, marks, moves, sends and files a copy: before
//! the request reaches the server, and after it did. Nothing is lost, nothing is done or sent twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::print_stdout, reason = "how much was tried belongs into the log")]

mod common;

use common::Office;
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::world::{Fault, Proxy, address};

/// Of all boundaries every so manieth in a normal run, and with `COUNTERSIGN_PROVE`.
const STRIDE: [usize; 2] = [9, 1];
/// More requests than a round has.
const MOST: usize = 200;

/// What lies in a folder, by subject.
fn mails_in(terminal: &Terminal, folder: &str, subject: &str) -> Vec<Value> {
    let listed = terminal.json(["--offline", "mail", "list", "--folder", folder]).unwrap();
    list(&listed, "mails").iter().filter(|mail| text(mail, "subject") == subject).cloned().collect()
}

fn write(from: &Terminal, to: &str, subject: &str) {
    let to = address(to);
    let words =
        ["--offline", "mail", "send", "--signed-only", "--to", &to, "--subject", subject, "--text", "Text."];
    from.ok(words).unwrap();
}

fn states(terminal: &Terminal) -> Vec<String> {
    let outbox = terminal.json(["--offline", "mail", "outbox"]).unwrap();
    list(&outbox, "outbox").iter().map(|entry| text(entry, "state").to_owned()).collect()
}

/// Breaks at one request after the other until a round has no more of them.
fn break_everywhere(of_imap: bool, arrives: bool) {
    let office = Office::open();
    let alice = office.person("alice");
    let (bob, imap, smtp) = office.person_behind_proxies("bob");
    let stride = STRIDE[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    // Each of the four kinds begins elsewhere, so that a normal run sees most steps of one kind or another.
    let first = 1 + 2 * usize::from(of_imap) + usize::from(arrives);
    let (mut tried, mut uncertain) = (0, 0);
    for number in (first..MOST).step_by(stride) {
        let [kept, moved, answer] = ["kept", "moved", "answer"].map(|what| format!("{what} {number}"));
        for subject in [&kept, &moved] {
            write(&alice, "bob", subject);
        }
        office.sync(&alice);
        office.sync(&bob);
        let id = |subject: &str| text(&mails_in(&bob, "inbox", subject)[0], "id").to_owned();
        bob.ok(["--offline", "mail", "mark", "--as", "starred", &id(&kept)]).unwrap();
        bob.ok(["--offline", "mail", "move", "--to", "archive", &id(&moved)]).unwrap();
        write(&bob, "alice", &answer);
        let news = format!("news {number}");
        write(&alice, "bob", &news);
        office.sync(&alice);
        let before = office.delivered("alice");

        let proxy: &Proxy = if of_imap { &imap } else { &smtp };
        let fired = proxy.fired();
        proxy.set(Fault::CutRequest { number, arrives });
        // It may go on over a new connection, or end and say so.
        let cut = bob.call(["sync"]).run().unwrap();
        assert!(matches!(cut.code, Some(0 | 3)), "{number}: {}", cut.err());
        proxy.set(Fault::None);
        let has_fired = proxy.fired() > fired;
        for _ in 0..2 {
            office.sync(&bob);
        }
        let delivered = office.delivered("alice") - before;
        let left = states(&bob);
        match left.as_slice() {
            [] => assert_eq!(delivered, 1, "{number}: sent, and once"),
            // Only the answer to the data was lost: its owner decides.
            [state] if state == "uncertain" => {
                assert!(!of_imap && delivered <= 1, "{number}: {delivered}");
                uncertain += 1;
                let outbox = bob.json(["mail", "outbox"]).unwrap();
                bob.ok(["mail", "discard", &list(&outbox, "outbox")[0]["number"].to_string()]).unwrap();
            }
            other => panic!("{number}: {other:?}"),
        }
        assert_eq!(mails_in(&bob, "sent", &answer).len(), usize::from(left.is_empty()), "{number}: one copy");
        assert_eq!(mails_in(&bob, "inbox", &news).len(), 1, "{number}");
        assert_eq!(mails_in(&bob, "inbox", &kept).len(), 1, "{number}");
        assert_eq!(mails_in(&bob, "inbox", &kept)[0]["flagged"], true, "{number}");
        assert_eq!(mails_in(&bob, "inbox", &moved).len(), 0, "{number}");
        assert_eq!(mails_in(&bob, "archive", &moved).len(), 1, "{number}");
        if !has_fired {
            break;
        }
        tried += 1;
    }
    println!("{tried} boundaries, {uncertain} mails uncertain");
    assert!(tried >= if of_imap { 3 } else { 1 }, "{tried}");
}

#[test]
fn imap_requests_that_never_arrive() {
    break_everywhere(true, false);
}

#[test]
fn imap_answers_that_never_arrive() {
    break_everywhere(true, true);
}

#[test]
fn smtp_requests_that_never_arrive() {
    break_everywhere(false, false);
}

#[test]
fn smtp_answers_that_never_arrive() {
    break_everywhere(false, true);
}
