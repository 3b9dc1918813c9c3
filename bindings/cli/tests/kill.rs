//! The program is killed at any moment while it sends: nothing that it acknowledged is lost, nothing is sent twice by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the moment of the kill is measured by the real clock")]

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Office, mails};
use xtask::cli::{Terminal, list, text};
use xtask::world::address;

/// Kills in a normal run, and with `COUNTERSIGN_PROVE`.
const KILLS: [u32; 2] = [8, 80];

fn command(terminal: &Terminal, subject: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--home").arg(&terminal.home).arg("--passphrase-file").arg(&terminal.passphrase_file);
    command.args([
        "mail",
        "send",
        "--to",
        &address("bob"),
        "--subject",
        subject,
        "--text",
        "Killed?",
        "--json",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// State of the mail with this subject in the outbox.
fn waiting(terminal: &Terminal, subject: &str) -> Option<String> {
    let outbox = terminal.json(["--offline", "mail", "outbox"]).unwrap();
    let entry = list(&outbox, "outbox").iter().find(|entry| text(entry, "subject") == subject);
    entry.map(|entry| text(entry, "state").to_owned())
}

#[test]
fn killed_at_any_moment_a_mail_is_sent_once_or_known_to_be_uncertain() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));

    let started = Instant::now();
    assert!(command(&alice, "whole").status().unwrap().success());
    let whole = started.elapsed();

    let kills = KILLS[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    let mut outcomes = std::collections::BTreeMap::<&str, u32>::new();
    for kill in 0..kills {
        let subject = format!("killed {kill}");
        // The first half of a call unlocks the keys (Argon2id); what matters comes after it.
        let moment = whole.mul_f64(0.45 + 0.6 * (f64::from(kill) + 0.5) / f64::from(kills));
        let mut child = command(&alice, &subject).spawn().unwrap();
        std::thread::sleep(moment.max(Duration::from_millis(1)));
        child.kill().unwrap();
        let said = child.wait_with_output().unwrap();
        // What was printed was promised: the mail is at least in the outbox.
        let acknowledged = !said.stdout.is_empty();

        office.sync(&alice);
        office.sync(&alice);
        office.sync(&bob);
        let delivered = mails(&bob, &subject).len();
        let state = waiting(&alice, &subject);
        assert!(delivered <= 1, "{subject}: delivered {delivered} times");
        let outcome = match (delivered, state.as_deref()) {
            (1, None) => "sent",
            (1, Some("uncertain")) => "arrived, uncertain",
            (0, Some("uncertain")) => "lost or late, uncertain",
            (0, None) => {
                assert!(!acknowledged, "{subject}: acknowledged and lost");
                "never accepted"
            }
            other => panic!("{subject}: {other:?}"),
        };
        if outcome == "sent" {
            let copies = mails(&alice, &subject);
            assert_eq!(copies.len(), 1, "{subject}: one copy in Sent");
        }
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!("{kills} kills: {outcomes:?}");
    assert!(outcomes.contains_key("sent") || outcomes.contains_key("arrived, uncertain"), "{outcomes:?}");
}
