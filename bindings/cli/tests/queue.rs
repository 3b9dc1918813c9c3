//! Several mails in the outbox: one that is stuck holds nothing else up, nothing is sent twice, and what is held back can be
//! taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use common::{Office, PATIENCE, as_text, eventually, file, mails, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::run::call;
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
    assert_eq!((mails(&bob, "one").len(), mails(&bob, "two").len()), (1, 1));
    assert_eq!(office.delivered("bob"), 2);

    // Its owner tries once more, then gives it up.
    let number = left[0].0.to_string();
    refused_both(&alice, &words(&["mail", "retry", &number]), 3, "refused");
    alice.ok(["mail", "discard", &number]).unwrap();
    assert!(outbox(&alice).is_empty());
    refused_both(&alice, &words(&["mail", "discard", &number]), 2, "not_found");
}

#[test]
fn a_mail_larger_than_the_server_takes_never_leaves() {
    let mut office = Office::open();
    office.world.take_at_most(200_000).unwrap();
    let alice = office.person("alice");
    let attachment = file(&office, "large.bin", &[b'x'; 200_000]);
    let to_bob = address("bob");
    let args = [
        "mail",
        "send",
        "--signed-only",
        "--to",
        &to_bob,
        "--text",
        "Look.",
        "--attach",
        as_text(&attachment),
    ];
    let said = alice.call(args).run().unwrap();
    let sentence = common::refused(&said, 3);
    assert!(sentence.contains("larger than the server takes"), "{sentence}");
    assert_eq!(outbox(&alice), [(1, "too_large".to_owned())]);
    write(&alice, &to_bob, "small");
    office.sync(&alice);
    assert_eq!(office.delivered("bob"), 1, "it holds no other up");
    assert_eq!(outbox(&alice), [(1, "too_large".to_owned())], "and is not tried again by itself");
    let log = std::fs::read_to_string(office.world.root().join("log/postfix.log")).unwrap();
    // As its limit is answered to MAIL FROM and to DATA; 552 alone may be part of any port or process id.
    assert!(!log.contains("552 5.3.4"), "the server was not even asked");

    // Another day the server takes more.
    office.world.take_at_most(10_000_000).unwrap();
    alice.ok(["mail", "retry", "1"]).unwrap();
    assert_eq!((office.delivered("bob"), outbox(&alice).len()), (2, 0));
}

/// How many people OpenSSL finds it encrypted to.
fn recipients(mail: &Path) -> usize {
    let printed = call("openssl").words("cms -cmsout -print -inform SMIME -in").arg(mail).ok().unwrap();
    printed.out().matches("d.kari:").count()
}

#[test]
fn of_a_blind_copy_nobody_else_learns() {
    let office = Office::open();
    let (alice, bob, carol) = (office.person("alice"), office.person("bob"), office.person("carol"));
    office.meet(("alice", &alice), ("bob", &bob));
    office.meet(("alice", &alice), ("carol", &carol));
    let before = (office.delivered("bob"), office.delivered("carol"));
    let (to_bob, to_carol) = (address("bob"), address("carol"));
    for how in [None, Some("--signed-only")] {
        let subject = how.map_or("sealed", |_| "signed");
        let args =
            ["mail", "send", "--to", &to_bob, "--bcc", &to_carol, "--bcc", &to_carol, "--subject", subject];
        alice.ok(args.into_iter().chain(["--text", "Between us."]).chain(how)).unwrap();
    }
    office.world.settle().unwrap();
    assert_eq!(
        (office.delivered("bob"), office.delivered("carol")),
        (before.0 + 2, before.1 + 2),
        "once each"
    );
    office.sync(&alice);
    for subject in ["sealed", "signed"] {
        for terminal in [&bob, &carol] {
            office.sync(terminal);
            let got = mails(terminal, subject);
            assert_eq!(got.len(), 1, "{subject}");
            assert_eq!(text(&got[0], "signature"), "valid");
            assert_eq!(got[0]["to"], serde_json::json!([to_bob]));
        }
        assert_eq!(mails(&alice, subject).len(), 1, "one copy in Sent");
    }
    let newest = |person: &str| office.world.inbox(person).unwrap().into_iter().rev().take(2);
    for mail in newest("bob") {
        let raw = std::fs::read_to_string(&mail).unwrap();
        let told: Vec<&str> =
            raw.lines().filter(|line| line.contains("carol") || line.starts_with("Bcc")).collect();
        assert!(told.is_empty(), "{told:?}");
    }
    // Bob's is for him and its writer, Carol's for her alone.
    let sealed = |mail: &std::path::PathBuf| {
        std::fs::read_to_string(mail).unwrap().contains("smime-type=authEnveloped-data")
    };
    assert_eq!(newest("bob").find(sealed).map(|mail| recipients(&mail)), Some(2));
    assert_eq!(newest("carol").find(sealed).map(|mail| recipients(&mail)), Some(1));
    assert!(outbox(&alice).is_empty());
}

/// The header fields of the newest mail of a person on the server, unfolded.
fn newest_header(office: &Office, person: &str) -> String {
    let mail = office.world.inbox(person).unwrap().pop().unwrap();
    let raw = std::fs::read_to_string(mail).unwrap();
    let (header, _) = raw.split_once("\n\n").unwrap();
    header.replace("\n ", " ").replace("\n\t", " ")
}

fn field<'a>(header: &'a str, name: &str) -> &'a str {
    header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap_or_default()
}

#[test]
fn an_answer_joins_the_conversation_and_stays_encrypted() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let id = |terminal: &Terminal, subject: &str| {
        office.sync(terminal);
        let inbox = terminal.json(["--offline", "mail", "list", "--folder", "inbox"]).unwrap();
        let mail = list(&inbox, "mails").iter().rev().find(|mail| text(mail, "subject") == subject).cloned();
        text(&mail.unwrap(), "id").to_owned()
    };
    alice
        .ok(["mail", "send", "--to", &address("bob"), "--subject", "采购", "--text", "Four or five?"])
        .unwrap();
    office.world.settle().unwrap();
    let first = field(&newest_header(&office, "bob"), "Message-ID").to_owned();
    assert!(first.starts_with('<') && first.ends_with('>'), "{first}");

    let asked = id(&bob, "采购");
    // Not in clear, and nothing to nobody.
    let clear = words(&["mail", "reply", &asked, "--signed-only", "--text", "Five."]);
    let sentence = refused_both(&bob, &clear, 2, "wrong_use");
    assert!(sentence.contains("came encrypted"), "{sentence}");
    refused_both(&bob, &words(&["mail", "reply", "inbox.999", "--text", "Five."]), 2, "not_found");
    assert!(outbox(&bob).is_empty());

    bob.ok(["--offline", "mail", "reply", &asked, "--text", "Five."]).unwrap();
    office.sync(&bob);
    let answered = id(&alice, "Re: 采购");
    let header = newest_header(&office, "alice");
    let second = field(&header, "Message-ID").to_owned();
    assert_eq!(
        (field(&header, "In-Reply-To"), field(&header, "References")),
        (first.as_str(), first.as_str())
    );
    let read = alice.json(["--offline", "mail", "read", &answered]).unwrap();
    assert_eq!(text(&read["verdict"]["encryption"], "state"), "decrypted");

    alice.ok(["mail", "reply", &answered, "--text", "So be it."]).unwrap();
    id(&bob, "Re: 采购");
    let header = newest_header(&office, "bob");
    assert_eq!(field(&header, "In-Reply-To"), second);
    assert_eq!(field(&header, "References"), format!("{first} {second}"));
}

#[test]
fn whatever_a_mail_names_its_answer_can_be_sent() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    // Dovecot makes the mailbox with the first mail.
    write(&alice, &address("bob"), "first");
    office.sync(&alice);
    let long = "x".repeat(400);
    let many: String = (0..500).map(|number| format!(" <{number}@example.org>\n")).collect();
    let hostile = [
        format!(
            "Message-ID: <first@example.org>\nReferences: <{long}@example.org> <中@example.org> <ok@example.org>\n"
        ),
        format!("Message-ID: <second@example.org>\nReferences:\n{many}"),
        "Message-ID: a>b@example.org\nIn-Reply-To: >><@example.org\nReferences: x>y@example.org <>\n"
            .to_owned(),
        "References: <own@example.org> <own@example.org>\n".to_owned(),
        String::new(),
    ];
    for (number, fields) in hostile.iter().enumerate() {
        let file =
            office.world.maildir("bob").join(format!("new/{}.hostile.{number}", 1_700_000_000 + number));
        let text = format!(
            "From: alice@example.test\nTo: bob@example.test\nSubject: number {number}\n{fields}\nText.\n"
        );
        std::fs::write(file, text).unwrap();
    }
    office.sync(&bob);
    for number in 0..hostile.len() {
        let id = text(&mails(&bob, &format!("number {number}"))[0], "id").to_owned();
        bob.ok(["mail", "reply", &id, "--signed-only", "--text", "Yes."]).unwrap();
        office.world.settle().unwrap();
        let header = newest_header(&office, "alice");
        assert_eq!(field(&header, "Subject"), format!("Re: number {number}"));
        let references = field(&header, "References");
        let expected = match number {
            0 => "<ok@example.org> <first@example.org>".to_owned(),
            1 => {
                let newest = (482..500).map(|number| format!("<{number}@example.org> "));
                format!("<0@example.org> {}<second@example.org>", newest.collect::<String>())
            }
            3 => "<own@example.org>".to_owned(),
            _ => String::new(),
        };
        assert_eq!(references, expected, "{number}");
        let answered = ["<first@example.org>", "<second@example.org>", "", "", ""];
        assert_eq!(field(&header, "In-Reply-To"), answered[number]);
    }
    office.sync(&alice);
}

/// Command line that holds a mail back.
fn hold<'a>(to: &'a str, subject: &'a str, seconds: &'a str) -> Vec<&'a str> {
    let send = ["mail", "send", "--signed-only", "--to", to, "--subject", subject, "--text", "Hello"];
    [&send[..], &["--hold", seconds]].concat()
}

#[test]
fn a_mail_that_is_held_back_leaves_with_no_other_and_can_be_taken_back() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let (to_bob, to_carol) = (address("bob"), address("carol"));
    let attached = file(&office, "清单.txt", b"three machines");
    let more = ["--bcc", &to_carol, "--attach", as_text(&attached)];
    let in_an_hour = || {
        let date = call("date").args(["-u", "-d", "+3600 seconds", "+%Y-%m-%dT%H:%M:%SZ"]).ok().unwrap();
        date.out().trim().to_owned()
    };
    let before = in_an_hour();
    let held = alice.json([&hold(&to_bob, "held", "3600")[..], &more].concat()).unwrap();
    assert_eq!((&held["outbox"], &held["sent"]), (&1.into(), &false.into()));
    let after = in_an_hour();
    assert!((before.as_str()..=after.as_str()).contains(&text(&held, "held_until")), "{held}");

    // Others pass it: by a synchronisation, and by the flush of their own sending.
    write(&alice, &to_bob, "offline");
    office.sync(&alice);
    let args = ["mail", "send", "--signed-only", "--to", &to_bob, "--subject", "at once", "--text", "Hello"];
    alice.ok(args).unwrap();
    assert_eq!(office.delivered("bob"), 2);
    assert_eq!(outbox(&alice), [(1, "waiting".to_owned()), (2, "waiting".to_owned())]);
    let shown = alice.ok(["mail", "outbox"]).unwrap().out();
    assert_eq!(shown.matches("held until 2").count(), 2, "{shown}");

    let undone = alice.json(["mail", "undo", "1"]).unwrap();
    assert_eq!(undone["draft"], 1);
    assert!(outbox(&alice).is_empty());
    let draft = alice.json(["mail", "draft", "show", "1"]).unwrap();
    assert_eq!((&draft["to"][0], &draft["bcc"][0]), (&to_bob.clone().into(), &to_carol.into()));
    assert_eq!((text(&draft, "subject"), text(&draft, "text").trim()), ("held", "Hello"));
    assert_eq!(draft["attachments"][0]["name"], "清单.txt");
    let sentence = refused_both(&alice, &words(&["mail", "undo", "1"]), 2, "not_found");
    assert!(sentence.contains("countersign mail outbox"), "{sentence}");

    // Better now.
    alice.ok(["mail", "draft", "send", "1"]).unwrap();
    assert_eq!((office.delivered("bob"), office.delivered("carol")), (3, 1));
    office.sync(&bob);
    assert_eq!((mails(&bob, "held").len(), outbox(&alice).len()), (1, 0));
    for seconds in ["0", "3601", "soon"] {
        refused_both(&alice, &words(&hold(&to_bob, "never", seconds)), 2, "wrong_use");
    }
}

#[test]
fn a_mail_that_nobody_took_back_leaves_and_is_not_taken_back_any_more() {
    let office = Office::open();
    let alice = office.person("alice");
    alice.ok(hold(&address("bob"), "soon", "2")).unwrap();
    eventually("its time is over", PATIENCE, || {
        office.sync(&alice);
        outbox(&alice).is_empty()
    });
    assert_eq!(office.delivered("bob"), 1);
    refused_both(&alice, &words(&["mail", "undo", "1"]), 2, "not_found");

    // Refused by the server: nobody has it.
    let to_nobody = ["mail", "send", "--signed-only", "--to", "nobody.here@example.test", "--text", "Hello"];
    assert_eq!(alice.call(to_nobody).run().unwrap().code, Some(3));
    assert_eq!(outbox(&alice), [(2, "refused".to_owned())]);
    let said = alice.ok(["mail", "undo", "2"]).unwrap().out();
    assert!(said.contains("mail draft show 1"), "{said}");
    assert!(outbox(&alice).is_empty());

    // No person wrote a decision or a request: it is thrown away whole, or not at all.
    let ask = ["--offline", "approval", "request", "--to", "alice@example.test", "--subject", "Chair"];
    let asked = alice.json(ask).unwrap();
    let number = outbox(&alice)[0].0.to_string();
    let sentence = refused_both(&alice, &words(&["mail", "undo", &number]), 2, "wrong_use");
    assert!(sentence.contains("can't be taken back"), "{sentence} {asked}");
}

#[test]
fn who_watches_sends_a_held_mail_when_its_time_is_over() {
    let office = Office::open();
    let alice = office.person("alice");
    let _watch = common::watch(&alice);
    let socket = alice.home.join("owner.sock");
    eventually("the socket", PATIENCE, || UnixStream::connect(&socket).is_ok());
    // One that is taken back through the owner, and one that is not.
    let to_bob = address("bob");
    alice.ok(hold(&to_bob, "never", "3600")).unwrap();
    let undone = alice.json(["mail", "undo", "1"]).unwrap();
    assert_eq!(undone["draft"], 1);
    alice.ok(hold(&to_bob, "soon", "4")).unwrap();
    // A minute after the round that passed it, whatever waits is tried again; nobody waits so long for this one.
    eventually("it leaves in time", Duration::from_secs(50), || office.delivered("bob") == 1);
    eventually("nothing waits any more", PATIENCE, || outbox(&alice).is_empty());
    assert_eq!(office.delivered("bob"), 1);
}
