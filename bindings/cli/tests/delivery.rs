//! A mail that comes back is seen with the mail that was sent; what anybody else claims is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::slice::from_ref;

use common::{Office, mails};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::world::{GONE, address};

fn sent(terminal: &Terminal, subject: &str) -> Value {
    let found = mails(terminal, subject).into_iter().find(|mail| text(mail, "id").starts_with("sent."));
    found.unwrap_or_else(|| panic!("{subject} is not among sent mail"))
}

fn undelivered(mail: &Value) -> Vec<(String, bool, String)> {
    let one = |report: &Value| {
        let delayed = report["delayed"].as_bool().unwrap();
        (text(report, "address").to_owned(), delayed, text(report, "status").to_owned())
    };
    list(mail, "undelivered").iter().map(one).collect()
}

/// Alice signs a mail to these: options with their addresses.
fn send(office: &Office, alice: &Terminal, subject: &str, people: &[&str]) {
    let words = ["mail", "send", "--signed-only", "--subject", subject, "--text", "Text."];
    alice.ok([&words[..], people].concat()).unwrap();
    office.world.settle().unwrap();
}

/// A report, as a server would write it, laid into Alice's inbox.
fn lay(office: &Office, number: u32, message_id: &str, recipients: &[String], action: &str) {
    let file = office.world.maildir("alice").join(format!("new/{}.report.{number}", 1_700_000_000 + number));
    let group = |recipient: &String| {
        format!("Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: 4.2.2\n\n")
    };
    let groups: String = recipients.iter().map(group).collect();
    let report = format!(
        "From: <>\nTo: alice@example.test\nSubject: report {number}\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{groups}--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n--b--\n"
    );
    fs::write(file, report).unwrap();
}

/// Message-ID of the newest mail that Bob got: he knows it.
fn known_to_bob(office: &Office) -> String {
    let raw = fs::read_to_string(office.world.inbox("bob").unwrap().pop().unwrap()).unwrap();
    raw.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().trim().to_owned()
}

#[test]
fn mail_that_comes_back_is_seen_where_it_was_sent() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let [to_bob, to_gone] = ["bob", GONE].map(address);
    send(&office, &alice, "to both", &["--to", &to_bob, "--to", &to_gone]);
    let of_both = known_to_bob(&office);
    send(&office, &alice, "to bob", &["--to", &to_bob]);
    for _ in 0..2 {
        office.sync(&alice);
    }
    office.sync(&bob);
    let both = sent(&alice, "to both");
    let has_failed = [(to_gone.clone(), false, "5.1.1".to_owned())];
    assert_eq!(undelivered(&both), has_failed);
    let read = alice.ok(["mail", "read", text(&both, "id")]).unwrap().out();
    let line = format!("Delivery:  NOT delivered to {to_gone} (5.1.1), says a mail server");
    assert!(read.contains(&line), "{read}");
    assert!(alice.ok(["mail", "list", "--folder", "sent"]).unwrap().out().contains("NOT DELIVERED"));
    assert!(undelivered(&sent(&alice, "to bob")).is_empty());

    // Reports on a mail that Bob has, by whoever knows its Message-ID.
    let message_id = known_to_bob(&office);
    lay(&office, 1, &message_id, &[address("carol")], "failed");
    lay(&office, 2, "<unknown@example.test>", from_ref(&to_bob), "failed");
    lay(&office, 3, &message_id, &[to_bob.to_uppercase()], "delayed");
    office.sync(&alice);
    assert_eq!(undelivered(&sent(&alice, "to bob")), [(to_bob.clone(), true, "4.2.2".to_owned())]);
    assert!(alice.ok(["mail", "list", "--folder", "sent"]).unwrap().out().contains("signed, delayed"));
    // It arrived after all. "delayed" after "failed" is older news, and "delivered" does not undo a failure.
    lay(&office, 4, &message_id, from_ref(&to_bob), "delivered");
    lay(&office, 5, &of_both, from_ref(&to_gone), "delayed");
    lay(&office, 6, &of_both, from_ref(&to_gone), "delivered");
    office.sync(&alice);
    assert!(undelivered(&sent(&alice, "to bob")).is_empty());
    assert_eq!(undelivered(&sent(&alice, "to both")), has_failed);
    // Bob, who got the same mail, is told nothing: he did not send it.
    let got = mails(&bob, "to bob");
    assert!(undelivered(&got[0]).is_empty());
    // After everything was fetched again the same is seen.
    alice.ok(["sync", "--full"]).unwrap();
    assert_eq!(undelivered(&sent(&alice, "to both")), has_failed);
    assert!(undelivered(&sent(&alice, "to bob")).is_empty());
}

#[test]
fn forged_reports_that_come_first_do_not_crowd_out_the_true_one() {
    let office = Office::open();
    let alice = office.person("alice");
    let [to_bob, to_gone] = ["bob", GONE].map(address);
    send(&office, &alice, "to both", &["--to", &to_bob, "--to", &to_gone]);

    // What the server wrote comes after what Bob wrote.
    let came = office.world.inbox("alice").unwrap();
    let [file] = came.as_slice() else { panic!("{came:?}") };
    let report = fs::read(file).unwrap();
    fs::remove_file(file).unwrap();
    let message_id = known_to_bob(&office);
    for number in 0..2 {
        let invented: Vec<String> = (0..100).map(|one| address(&format!("nobody{number}-{one}"))).collect();
        lay(&office, number, &message_id, &invented, "failed");
    }
    for _ in 0..2 {
        office.sync(&alice);
    }
    assert_eq!(mails(&alice, "report 0").len() + mails(&alice, "report 1").len(), 2);
    assert!(undelivered(&sent(&alice, "to both")).is_empty());
    fs::write(office.world.maildir("alice").join("new/1800000000.true.1"), report).unwrap();
    office.sync(&alice);
    assert_eq!(undelivered(&sent(&alice, "to both")), [(to_gone, false, "5.1.1".to_owned())]);
}

#[test]
fn a_blind_copy_that_comes_back_is_seen_where_it_was_sent() {
    let office = Office::open();
    let alice = office.person("alice");
    let [to_bob, to_gone] = ["bob", GONE].map(address);
    send(&office, &alice, "blind", &["--to", &to_bob, "--bcc", &to_gone]);
    lay(&office, 1, &known_to_bob(&office), &[address("carol")], "failed");
    for _ in 0..2 {
        office.sync(&alice);
    }
    let expected = [(to_gone, false, "5.1.1".to_owned())];
    assert_eq!(undelivered(&sent(&alice, "blind")), expected);
    alice.ok(["sync", "--full"]).unwrap();
    assert_eq!(undelivered(&sent(&alice, "blind")), expected);
}
