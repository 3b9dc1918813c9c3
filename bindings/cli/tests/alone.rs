//! Requests that concern nobody but their author.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, as_text, file, refused_both, words};
use xtask::cli::{list, text};
use xtask::world::address;

#[test]
fn a_request_to_oneself_is_sent_decided_and_closed() {
    let office = Office::open();
    let alice = office.person("alice");
    let receipt = file(&office, "receipt.pdf", b"%PDF-1.4 12 EUR");
    let to = address("alice");
    let args = ["approval", "request", "--to", &to, "--subject", "Petty cash", "--attach", as_text(&receipt)];
    alice.ok(args).unwrap();
    office.sync(&alice);
    let id = text(&list(&alice.json(["approval", "list"]).unwrap(), "approvals")[0], "id").to_owned();

    let out = office.path("opened.pdf");
    let document = |number| words(&["approval", "document", &id, number, "--out", as_text(&out)]);
    alice.ok(document("1")).unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), b"%PDF-1.4 12 EUR");
    refused_both(&alice, &document("2"), 2, "not_found");
    refused_both(&alice, &document("0"), 2, "wrong_use");

    alice.ok(["approval", "approve", &id]).unwrap();
    for _ in 0..3 {
        office.sync(&alice);
    }
    assert_eq!(text(&alice.json(["approval", "show", &id]).unwrap(), "state"), "approved");
    let waiting = alice.json(["mail", "outbox"]).unwrap();
    assert!(list(&waiting, "outbox").is_empty(), "{waiting}");
}
