//! Conversations as their reader sees them: who answers whom, by whose word, and who gets the answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, mails, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::world::address;

/// Subject, vouched, of each mail of the conversation, oldest first.
fn conversation(terminal: &Terminal, id: &str) -> Vec<(String, bool)> {
    let view = terminal.json(["--offline", "mail", "conversation", id]).unwrap();
    assert_eq!(view["older"], 0);
    let line = |mail: &Value| {
        (text(&mail["verdict"]["headers"], "subject").to_owned(), mail["vouched"].as_bool().unwrap())
    };
    list(&view, "mails").iter().map(line).collect()
}

fn id(terminal: &Terminal, subject: &str) -> String {
    text(&mails(terminal, subject)[0], "id").to_owned()
}

/// Lays a plain mail into somebody's inbox, as the server would.
fn lay(office: &Office, person: &str, number: u32, fields: &str) {
    let file = office.world.maildir(person).join(format!("new/{}.plain.{number}", 1_700_000_000 + number));
    std::fs::write(
        file,
        format!("From: mallory@example.net\nTo: {person}@example.test\n{fields}\n\nText.\n"),
    )
    .unwrap();
}

fn outer(office: &Office, person: &str, name: &str) -> String {
    let newest = office.world.inbox(person).unwrap().pop().unwrap();
    let raw = std::fs::read_to_string(newest).unwrap();
    let field = raw.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    field.unwrap().trim().to_owned()
}

/// The addresses in an address field.
fn addresses(field: &str) -> Vec<&str> {
    field.split(',').map(|one| one.rsplit('<').next().unwrap().trim().trim_end_matches('>')).collect()
}

#[test]
fn a_conversation_is_read_whole_and_strangers_merge_nothing() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let to_bob = address("bob");
    let mut ids = Vec::new();
    for subject in ["采购", "Lunch"] {
        alice.ok(["mail", "send", "--to", &to_bob, "--subject", subject, "--text", "Four or five?"]).unwrap();
        office.world.settle().unwrap();
        ids.push(outer(&office, "bob", "Message-ID"));
        office.sync(&bob);
    }
    bob.ok(["mail", "reply", &id(&bob, "采购"), "--text", "Five."]).unwrap();
    office.world.settle().unwrap();
    office.sync(&alice);
    alice.ok(["mail", "reply", &id(&alice, "Re: 采购"), "--text", "So be it."]).unwrap();
    office.world.settle().unwrap();

    // A stranger names both conversations, takes over an id, and has the right subject.
    lay(&office, "bob", 1, &format!("Subject: bridge\nReferences: {} {}", ids[0], ids[1]));
    lay(&office, "bob", 2, &format!("Subject: imitation\nMessage-ID: {}\nReferences: {}", ids[0], ids[1]));
    lay(&office, "bob", 3, "Subject: Re: Lunch");
    office.sync(&bob);
    office.sync(&bob);

    let mut purchase = conversation(&bob, &id(&bob, "采购"));
    // By date; those of the stranger have none and stand where they were fetched.
    let stranger = purchase.iter().position(|(subject, _)| subject == "imitation").unwrap();
    assert_eq!(purchase.remove(stranger), ("imitation".to_owned(), false));
    let of_both = [("采购", true), ("Re: 采购", true), ("Re: 采购", true)];
    assert_eq!(purchase, of_both.map(|(subject, vouched)| (subject.to_owned(), vouched)));
    let lunch = conversation(&bob, &id(&bob, "Lunch"));
    assert_eq!(lunch, [("Lunch".to_owned(), true), ("bridge".to_owned(), false)]);
    assert_eq!(conversation(&bob, &id(&bob, "Re: Lunch")), [("Re: Lunch".to_owned(), false)]);

    office.sync(&alice);
    // Alice sees the same from her side: her own two are in sent mail.
    let hers = conversation(&alice, &id(&alice, "Re: 采购"));
    assert_eq!(hers.len(), 3, "{hers:?}");

    let all = bob.json(["--offline", "mail", "list", "--conversations"]).unwrap();
    let line =
        list(&all, "conversations").iter().find(|one| text(one, "subject") == "采购").cloned().unwrap();
    assert_eq!((line["mails"].as_u64(), line["people"][0].as_str()), (Some(4), Some("alice@example.test")));
    let printed = bob.ok(["--offline", "mail", "conversation", &id(&bob, "采购")]).unwrap().out();
    let places = ["Four or five?", "Five.", "So be it."].map(|said| printed.find(said).unwrap());
    assert!(places.is_sorted(), "{printed}");

    // What was thrown away is in no conversation.
    bob.ok(["--offline", "mail", "delete", &id(&bob, "bridge")]).unwrap();
    assert_eq!(conversation(&bob, &id(&bob, "Lunch")), [("Lunch".to_owned(), true)]);
    refused_both(&bob, &words(&["mail", "conversation", "inbox.999"]), 2, "not_found");
    refused_both(&bob, &words(&["mail", "conversation", "nonsense"]), 2, "not_found");
}

#[test]
fn an_answer_to_all_goes_to_everybody_but_oneself_once() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let [to_alice, to_bob, to_carol] = ["alice", "bob", "carol"].map(address);
    let asked = ["mail", "send", "--signed-only", "--to", &to_bob, "--to", &to_alice, "--cc", &to_carol];
    alice
        .ok([&asked[..], &["--cc", &to_bob.to_uppercase(), "--subject", "Minutes", "--text", "Here."]]
            .concat())
        .unwrap();
    office.world.settle().unwrap();
    office.sync(&bob);
    let id_of = id(&bob, "Minutes");

    bob.ok(["mail", "reply", &id_of, "--signed-only", "--text", "Only you."]).unwrap();
    office.world.settle().unwrap();
    assert_eq!(addresses(&outer(&office, "alice", "To")), [to_alice.as_str()]);
    let before = office.delivered("carol");
    bob.ok(["mail", "reply", &id_of, "--all", "--signed-only", "--text", "All of you."]).unwrap();
    office.world.settle().unwrap();
    assert_eq!(addresses(&outer(&office, "alice", "To")), [to_alice.as_str()]);
    assert_eq!(addresses(&outer(&office, "alice", "Cc")), [to_carol.as_str()]);
    assert_eq!(office.delivered("carol"), before + 1);

    // Going on with one's own mail means going on with the same people.
    office.sync(&bob);
    let own = mails(&bob, "Re: Minutes");
    let own = own.iter().map(|mail| text(mail, "id")).filter(|id| id.starts_with("sent.")).max().unwrap();
    bob.ok(["mail", "reply", own, "--signed-only", "--subject", "Else", "--text", "One thing more."])
        .unwrap();
    office.world.settle().unwrap();
    assert_eq!(outer(&office, "alice", "Subject"), "Else");
    assert_eq!(addresses(&outer(&office, "alice", "To")), [to_alice.as_str(), &to_bob][..1]);
}
