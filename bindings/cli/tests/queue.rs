//! Several mails in the outbox: one that is stuck holds nothing else up, and nothing is sent twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list};
use xtask::world::address;

fn outbox(terminal: &Terminal) -> Vec<(u64, String)> {
    let entry =
        |entry: &Value| (entry["number"].as_u64().unwrap(), entry["state"].as_str().unwrap().to_owned());
    list(&terminal.json(["mail", "outbox"]).unwrap(), "outbox").iter().map(entry).collect()
}

fn write(terminal: &Terminal, to: &str, subject: &str) {
    let args =
        ["--offline", "mail", "send", "--signed-only", "--to", to, "--subject", subject, "--text", "Hello"];
    terminal.ok(args).unwrap();
}

#[test]
fn a_refused_mail_holds_up_no_other_and_waits_for_its_owner() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    write(&alice, "nobody.here@example.test", "to nobody");
    write(&alice, &address("bob"), "one");
    write(&alice, &address("bob"), "two");
    assert_eq!(outbox(&alice).iter().map(|one| one.1.as_str()).collect::<Vec<_>>(), ["waiting"; 3]);

    office.sync(&alice);
    let left = outbox(&alice);
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].1, "refused");
    office.sync(&alice);
    assert_eq!(outbox(&alice), left, "tried again without being asked");
    office.sync(&bob);
    assert_eq!((common::mails(&bob, "one").len(), common::mails(&bob, "two").len()), (1, 1));
    assert_eq!(office.delivered("bob"), 2);

    // Its owner tries once more, then gives it up.
    let number = left[0].0.to_string();
    refused_both(&alice, &words(&["mail", "retry", &number]), 3, "refused");
    alice.ok(["mail", "discard", &number]).unwrap();
    assert!(outbox(&alice).is_empty());
    refused_both(&alice, &words(&["mail", "discard", &number]), 2, "not_found");
}
