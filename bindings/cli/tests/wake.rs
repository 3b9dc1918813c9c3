//! Woken processes beside whoever owns the home: each mail is told once, and is there for the owner, whoever is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the moment of the kill is measured by the real clock")]

mod common;

use std::fs;
use std::process::{Child, Stdio};
use std::time::Instant;

use common::{Office, command, mails, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::world::address;

fn send(from: &Terminal, subject: &str) {
    from.ok(["mail", "send", "--to", &address("bob"), "--subject", subject, "--text", "合同 ready"]).unwrap();
}

fn wake(terminal: &Terminal) -> Value {
    terminal.json(["wake"]).unwrap()
}

fn subjects(report: &Value) -> Vec<String> {
    list(report, "news").iter().map(|mail| text(mail, "subject").to_owned()).collect()
}

fn met() -> (Office, Terminal, Terminal) {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    (office, alice, bob)
}

/// The flags of Bob's mails on the server, in the names of their files.
fn flags(office: &Office) -> Vec<String> {
    let files = office.world.inbox("bob").unwrap();
    files.iter().map(|file| file.to_string_lossy().rsplit(":2,").next().unwrap().to_owned()).collect()
}

#[test]
fn new_mail_is_told_once_and_is_there_without_being_fetched_again() {
    let (mut office, alice, bob) = met();
    office.sync(&bob);
    let before = flags(&office);
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    send(&alice, "First");
    send(&alice, "Second");
    office.world.settle().unwrap();

    let told = wake(&bob);
    assert_eq!(
        (subjects(&told), &told["more"]),
        (vec!["First".to_owned(), "Second".to_owned()], &false.into())
    );
    let first = &list(&told, "news")[0];
    let (from, signature) = (text(first, "from"), text(first, "signature"));
    assert_eq!((from, signature, text(first, "trust")), (address("alice").as_str(), "valid", "met"));
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    send(&alice, "Third");
    office.world.settle().unwrap();
    let said = bob.ok(["wake"]).unwrap().out();
    assert!(
        said.contains("Third") && said.contains("encrypted, signed") && !said.contains("First"),
        "{said}"
    );
    // Nothing was changed on the server.
    assert_eq!(flags(&office)[..before.len()], before);

    // No network: what was told of can be read and found, by the id under which it was told.
    office.world.stop_servers();
    let read = bob.json(["--offline", "mail", "read", text(first, "id")]).unwrap();
    assert_eq!(text(&read, "text").trim_end(), "合同 ready");
    let found = bob.json(["--offline", "mail", "search", "合同"]).unwrap();
    assert_eq!(list(&found, "mails").len(), 3);
    office.world.start_servers().unwrap();
    // Neither merging nor synchronising makes it news again.
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    office.sync(&bob);
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    for subject in ["First", "Second", "Third"] {
        assert_eq!(mails(&bob, subject).len(), 1, "{subject}");
    }
}

#[test]
fn seen_large_and_very_many_mails() {
    let (office, alice, bob) = met();
    office.sync(&bob);
    let large = common::file(&office, "large.bin", &vec![0x5a; 1_200_000]);
    alice
        .ok([
            "mail",
            "send",
            "--to",
            &address("bob"),
            "--subject",
            "Large",
            "--text",
            "x",
            "--attach",
            common::as_text(&large),
        ])
        .unwrap();
    office.world.settle().unwrap();
    let told = wake(&bob);
    assert_eq!(text(&list(&told, "news")[0], "problem"), "too_large");
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    // The owner fetches it as ever.
    office.sync(&bob);
    assert_eq!(mails(&bob, "Large").len(), 1);
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());

    for number in 0..25 {
        let mail = format!(
            "From: Carol <carol@elsewhere.test>\nTo: {}\nSubject: Plain {number}\n\nx\n",
            address("bob")
        );
        let seen = if number == 24 { "S" } else { "" };
        let file = office.world.maildir("bob").join(format!("cur/19000000{number:02}.plain.test:2,{seen}"));
        fs::write(&file, mail).unwrap();
    }
    let told = wake(&bob);
    let expected: Vec<String> = (4..24).map(|number| format!("Plain {number}")).collect();
    assert_eq!((subjects(&told), &told["more"]), (expected, &true.into()));
    office.sync(&bob);
    let listed = bob.json(["--offline", "mail", "list", "--folder", "inbox"]).unwrap();
    let plain = list(&listed, "mails").iter().filter(|mail| text(mail, "subject").starts_with("Plain"));
    assert_eq!(plain.count(), 25);
}

#[test]
fn what_is_gone_or_renumbered_meanwhile_is_not_brought_back() {
    let (mut office, alice, bob) = met();
    office.sync(&bob);
    send(&alice, "Short-lived");
    office.world.settle().unwrap();
    let told = wake(&bob);
    assert_eq!(subjects(&told), ["Short-lived"]);
    // Another device deletes it before this one is opened.
    let desk = office.terminal("desk");
    desk.ok(office.world.account_args("bob")).unwrap();
    office.sync(&desk);
    desk.ok(["mail", "delete", text(&list(&told, "news")[0], "id")]).unwrap();
    office.sync(&desk);
    office.sync(&bob);
    assert_eq!(mails(&bob, "Short-lived").len(), 0);

    send(&alice, "Renumbered");
    office.world.settle().unwrap();
    assert_eq!(subjects(&wake(&bob)), ["Renumbered"]);
    office.world.renumber("bob").unwrap();
    let told = wake(&bob);
    assert_eq!((subjects(&told), &told["more"]), (Vec::new(), &true.into()));
    office.sync(&bob);
    assert_eq!(mails(&bob, "Renumbered").len(), 1);
}

#[test]
fn without_a_synchronised_home_there_is_nothing_to_wake() {
    let office = Office::open();
    let bob = office.terminal("bob");
    refused_both(&bob, &words(&["wake"]), 2, "not_found");
    assert!(!bob.home.exists(), "nothing is made");
    let bob = office.person("bob");
    let told = wake(&bob);
    assert_eq!((subjects(&told), &told["more"]), (Vec::new(), &true.into()));
    refused_both(&bob, &words(&["--offline", "wake"]), 3, "network");
}

fn start(terminal: &Terminal, name: &str) -> Child {
    let mut call = command(terminal);
    call.args(["--json", name]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    call.spawn().unwrap()
}

#[test]
fn beside_a_watching_owner_nothing_is_lost_and_nothing_is_doubled() {
    let (office, alice, bob) = met();
    office.sync(&bob);
    // Told before anybody owns the home; who is the first to see what comes after it, is chance.
    send(&alice, "Round 0");
    office.world.settle().unwrap();
    assert_eq!(subjects(&wake(&bob)), ["Round 0"]);
    let mut watch = common::watch(&bob);
    let mut told = Vec::new();
    for round in 1..8 {
        send(&alice, &format!("Round {round}"));
        // Two at once, while the owner hears of the mail, too.
        let woken: Vec<Child> = (0..2).map(|_| start(&bob, "wake")).collect();
        for child in woken {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{output:?}");
            told.extend(subjects(&serde_json::from_slice(&output.stdout).unwrap()));
        }
    }
    office.world.settle().unwrap();
    assert_eq!(watch.0.try_wait().unwrap(), None, "somebody owned the home all the time");
    drop(watch);
    println!("woken processes were the first to see {told:?}");
    assert!(!told.contains(&"Round 0".to_owned()), "{told:?}");
    office.sync(&bob);
    for round in 0..8 {
        assert_eq!(mails(&bob, &format!("Round {round}")).len(), 1, "{round}");
    }
    assert_eq!(list(&bob.json(["--offline", "mail", "search", "Round"]).unwrap(), "mails").len(), 8);
}

/// Kills on each side in a normal run, and with `COUNTERSIGN_PROVE`.
const KILLS: [u32; 2] = [6, 60];

#[test]
fn a_killed_process_on_either_side_loses_and_doubles_nothing() {
    let (office, alice, bob) = met();
    office.sync(&bob);
    let whole = ["wake", "sync"].map(|command| {
        send(&alice, "Whole");
        office.world.settle().unwrap();
        let started = Instant::now();
        assert!(start(&bob, command).wait().unwrap().success());
        started.elapsed()
    });
    let mut cut_short = 0;
    let kills = KILLS[usize::from(std::env::var_os("COUNTERSIGN_PROVE").is_some())];
    for kill in 0..kills {
        send(&alice, &format!("Killed {kill}"));
        office.world.settle().unwrap();
        for (command, whole) in ["wake", "sync"].into_iter().zip(whole) {
            // The first half unlocks the keys (Argon2id); what matters comes after it.
            let moment = whole.mul_f64(0.45 + 0.6 * (f64::from(kill) + 0.5) / f64::from(kills));
            let mut child = start(&bob, command);
            std::thread::sleep(moment);
            cut_short += u32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if kill % 3 == 2 {
            wake(&bob);
        }
    }
    println!("{cut_short} of {} processes were killed before their end", 2 * kills);
    office.world.settle().unwrap();
    office.sync(&bob);
    assert_eq!(mails(&bob, "Whole").len(), 2);
    for kill in 0..kills {
        let subject = format!("Killed {kill}");
        assert_eq!(mails(&bob, &subject).len(), 1, "{subject}");
    }
    assert_eq!(subjects(&wake(&bob)), Vec::<String>::new());
    let found = bob.json(["--offline", "mail", "search", "--limit", "1000", "Killed"]).unwrap();
    assert_eq!(list(&found, "mails").len(), kills as usize);
}
