//! Servers that go away in the middle: nothing is lost, nothing is sent twice, and the person is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, as_text, file, mails, refused, refused_both, words};
use xtask::cli::{list, text};
use xtask::world::{Fault, address};

/// More than a TLS handshake or any command, less than the smallest mail here.
const LONG_TURN: usize = 20_000;

/// Bytes that no encoding makes small.
fn noise() -> Vec<u8> {
    noise_of(60_000)
}

fn noise_of(octets: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..octets)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn send(subject: &str, attachment: &std::path::Path) -> Vec<String> {
    words(&[
        "mail",
        "send",
        "--to",
        &address("bob"),
        "--subject",
        subject,
        "--text",
        "See attachment.",
        "--attach",
        as_text(attachment),
    ])
}

#[test]
fn imap_is_cut_in_the_middle_of_a_fetch() {
    let office = Office::open();
    let bob = office.person("bob");
    let (alice, imap, _) = office.person_behind_proxies("alice");
    office.meet(("alice", &alice), ("bob", &bob));
    let attachment = file(&office, "noise.bin", &noise());
    let mut args = send("cut in FETCH", &attachment);
    args[3] = address("alice");
    bob.ok(&args).unwrap();
    office.sync(&bob);

    imap.set(Fault::CutDownload(LONG_TURN));
    let before = imap.fired();
    refused_both(&alice, &words(&["sync"]), 3, "network");
    assert!(imap.fired() > before, "the fault was met");
    assert!(mails(&alice, "cut in FETCH").is_empty(), "half a mail is no mail");

    imap.set(Fault::None);
    office.sync(&alice);
    office.sync(&alice);
    let got = mails(&alice, "cut in FETCH");
    assert_eq!(got.len(), 1);
    assert_eq!(text(&got[0], "signature"), "valid");
    let id = text(&got[0], "id");
    let read = alice.json(["mail", "read", id]).unwrap();
    let part = text(&list(&read, "attachments")[0], "part").to_owned();
    let out = office.path("noise.out");
    alice.ok(["mail", "attachment", id, &part, "--out", as_text(&out)]).unwrap();
    assert_eq!(std::fs::read(out).unwrap(), noise());
}

#[test]
fn smtp_is_cut_in_the_middle_of_data() {
    let office = Office::open();
    let bob = office.person("bob");
    let (alice, _, smtp) = office.person_behind_proxies("alice");
    office.meet(("alice", &alice), ("bob", &bob));
    // More than the sockets on the way can hold: so the client can't have written the final dot when it is cut. (A mail
    // that fits into them may be cut with the dot on its way; then nobody knows, and it is uncertain.)
    let attachment = file(&office, "noise.bin", &noise_of(5_000_000));
    let before = office.delivered("bob");

    smtp.set(Fault::CutUpload(LONG_TURN));
    // Whether `mail send` itself fails or leaves it to the outbox, the mail is kept.
    let sent = alice.call(send("cut in DATA", &attachment)).run().unwrap();
    assert!(matches!(sent.code, Some(0 | 3)), "{:?} {}", sent.code, sent.err());
    alice.call(["sync"]).run().unwrap();
    assert!(smtp.fired() >= 1, "the fault was met");
    assert_eq!(office.delivered("bob"), before, "no final dot, no mail");

    smtp.set(Fault::None);
    for _ in 0..3 {
        office.sync(&alice);
    }
    assert_eq!(office.delivered("bob"), before + 1, "sent, and once");
    office.sync(&bob);
    assert_eq!(mails(&bob, "cut in DATA").len(), 1);
}

#[test]
fn smtp_is_cut_between_the_final_dot_and_the_answer() {
    let office = Office::open();
    let bob = office.person("bob");
    let (alice, _, smtp) = office.person_behind_proxies("alice");
    office.meet(("alice", &alice), ("bob", &bob));
    let attachment = file(&office, "noise.bin", &noise());
    let before = office.delivered("bob");

    smtp.set(Fault::DropReply(LONG_TURN));
    let sent = alice.call(send("cut after DATA", &attachment)).run().unwrap();
    alice.call(["sync"]).run().unwrap();
    assert_eq!(smtp.fired(), 1, "one upload reached its end, none after it: {}", sent.err());
    assert_eq!(office.delivered("bob"), before + 1);

    smtp.set(Fault::None);
    for _ in 0..3 {
        let report = office.sync(&alice);
        assert_eq!(report["stuck"], 1, "the owner is told that its fate is uncertain: {report}");
    }
    assert_eq!(office.delivered("bob"), before + 1, "never sent twice by itself");
    office.sync(&bob);
    assert_eq!(mails(&bob, "cut after DATA").len(), 1);
}

#[test]
fn servers_that_are_down_are_named_and_the_mail_waits() {
    let mut office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let before = office.delivered("bob");
    office.world.stop_servers();
    let sentence = refused_both(&alice, &words(&["sync"]), 3, "network");
    assert!(sentence.contains(&format!("localhost:{}", office.world.ports().imaps)), "{sentence}");
    let note = file(&office, "note.txt", b"Written offline.");
    let written = alice.call(["--offline"]).args(send("waits", &note)).run().unwrap();
    assert_eq!(written.code, Some(0), "{}", written.err());

    office.world.start_servers().unwrap();
    office.sync(&alice);
    office.sync(&alice);
    assert_eq!(office.delivered("bob"), before + 1);
    office.sync(&bob);
    assert_eq!(mails(&bob, "waits").len(), 1);
}

#[test]
fn a_silent_timestamp_authority_delays_a_mail_but_loses_nothing() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    office.world.authority().set_silent(true);
    let note = file(&office, "note.txt", b"No token.");
    let sent = alice.call(send("without a token", &note)).run().unwrap();
    assert!(matches!(sent.code, Some(0 | 3)), "{:?} {}", sent.code, sent.err());
    office.world.authority().set_silent(false);
    office.sync(&alice);
    office.sync(&bob);
    assert_eq!(mails(&bob, "without a token").len(), 1);
}

#[test]
fn a_full_disk_is_said_and_what_was_stored_stays() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let attachment = file(&office, "noise.bin", &noise().repeat(20));
    let mut args = send("does not fit", &attachment);
    args[3] = address("alice");
    bob.ok(&args).unwrap();
    office.sync(&bob);

    let Some(said) = common::full::run_on_a_full_disk(&office, &alice) else {
        println!("SKIPPED: this machine lets us neither mount a small disk nor limit file sizes");
        return;
    };
    let sentence = refused(&said, 2);
    assert!(
        sentence.contains("disk") || sentence.contains("space") || sentence.contains("full"),
        "{sentence}"
    );
    assert!(mails(&alice, "does not fit").is_empty());
    office.sync(&alice);
    assert_eq!(mails(&alice, "does not fit").len(), 1, "with room again it comes, once");
}
