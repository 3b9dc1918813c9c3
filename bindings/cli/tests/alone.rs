//! Requests that concern nobody but their author.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::Office;
use xtask::cli::{list, text};
use xtask::world::address;

#[test]
fn a_request_to_oneself_is_sent_decided_and_closed() {
    let office = Office::open();
    let alice = office.person("alice");
    let args = ["approval", "request", "--to", &address("alice"), "--subject", "Petty cash", "--text", "12 EUR"];
    alice.ok(args).unwrap();
    office.sync(&alice);
    let id = text(&list(&alice.json(["approval", "list"]).unwrap(), "approvals")[0], "id").to_owned();
    alice.ok(["approval", "approve", &id]).unwrap();
    for _ in 0..3 {
        office.sync(&alice);
    }
    assert_eq!(text(&alice.json(["approval", "show", &id]).unwrap(), "state"), "approved");
    let waiting = alice.json(["mail", "outbox"]).unwrap();
    assert!(list(&waiting, "outbox").is_empty(), "{waiting}");
}
