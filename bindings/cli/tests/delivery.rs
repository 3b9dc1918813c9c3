//! A mail that comes back is seen with the mail that was sent; what anybody else claims is not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

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

/// A report, as a server would write it, laid into Alice's inbox.
fn lay(office: &Office, number: u32, message_id: &str, recipient: &str, action: &str) {
    let file = office.world.maildir("alice").join(format!("new/{}.report.{number}", 1_700_000_000 + number));
    let report = format!(
        "From: <>\nTo: alice@example.test\nSubject: report {number}\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: 4.2.2\n\n--b\n\
         Content-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n--b--\n"
    );
    std::fs::write(file, report).unwrap();
}

#[test]
fn mail_that_comes_back_is_seen_where_it_was_sent() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let [to_bob, to_gone] = ["bob", GONE].map(address);
    let send = |subject: &str, people: &[&String]| {
        let mut words = vec!["mail", "send", "--signed-only", "--subject", subject, "--text", "Text."];
        people.iter().for_each(|to| words.extend(["--to", to.as_str()]));
        alice.ok(words).unwrap();
        office.world.settle().unwrap();
    };
    send("to both", &[&to_bob, &to_gone]);
    send("to bob", &[&to_bob]);
    for _ in 0..2 {
        office.sync(&alice);
    }
    office.sync(&bob);
    let both = sent(&alice, "to both");
    assert_eq!(undelivered(&both), [(to_gone.clone(), false, "5.1.1".to_owned())]);
    let read = alice.ok(["mail", "read", text(&both, "id")]).unwrap().out();
    let line = format!("Delivery:  NOT delivered to {to_gone} (5.1.1), says a mail server");
    assert!(read.contains(&line), "{read}");
    assert!(alice.ok(["mail", "list", "--folder", "sent"]).unwrap().out().contains("NOT DELIVERED"));
    assert!(undelivered(&sent(&alice, "to bob")).is_empty());

    // Reports on a mail that Bob has, by whoever knows its Message-ID.
    let raw = std::fs::read_to_string(office.world.inbox("bob").unwrap().pop().unwrap()).unwrap();
    let field = raw.lines().find_map(|line| line.strip_prefix("Message-ID: "));
    let message_id = field.unwrap().trim().to_owned();
    lay(&office, 1, &message_id, &address("carol"), "failed");
    lay(&office, 2, "<unknown@example.test>", &to_bob, "failed");
    lay(&office, 3, &message_id, &to_bob.to_uppercase(), "delayed");
    office.sync(&alice);
    assert_eq!(undelivered(&sent(&alice, "to bob")), [(to_bob.clone(), true, "4.2.2".to_owned())]);
    assert!(alice.ok(["mail", "list", "--folder", "sent"]).unwrap().out().contains("signed, delayed"));
    // It arrived after all; "delayed" after "failed" would be older news, but "delivered" does not undo a failure.
    lay(&office, 4, &message_id, &to_bob, "delivered");
    office.sync(&alice);
    assert!(undelivered(&sent(&alice, "to bob")).is_empty());
    // Bob, who got the same mail, is told nothing: he did not send it.
    let got = mails(&bob, "to bob");
    assert!(undelivered(&got[0]).is_empty());
    // After everything was fetched again the same is seen.
    alice.ok(["sync", "--full"]).unwrap();
    assert_eq!(undelivered(&sent(&alice, "to both")).len(), 1);
}
