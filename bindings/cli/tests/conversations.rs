//! Conversations as their reader sees them: who answers whom, by whose word, and who gets the answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use common::{Office, mails, refused_both, words};
use serde_json::Value;
use xtask::cli::{Terminal, list, text};
use xtask::run::call;
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
    let mail = format!("From: mallory@example.net\nTo: {person}@example.test\n{fields}\n\nText.\n");
    lay_octets(office, person, number, mail.as_bytes());
}

fn lay_octets(office: &Office, person: &str, number: u32, mail: &[u8]) {
    let file = office.world.maildir(person).join(format!("new/{}.plain.{number}", 1_700_000_000 + number));
    std::fs::write(file, mail).unwrap();
}

/// A mail with protected fields, signed under a certificate that Mallory made for himself.
fn signed_by_mallory(office: &Office, fields: &str) -> Vec<u8> {
    let openssl = || call("openssl").within(office.folder.path());
    openssl()
        .words("req -x509 -new -nodes -sha256 -days 30 -newkey ec -pkeyopt ec_paramgen_curve:P-256")
        .words("-subj /CN=Mallory -keyout mallory.key -out mallory.pem")
        .words("-addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature")
        .words("-addext extendedKeyUsage=emailProtection -addext subjectAltName=email:mallory@example.net")
        .ok()
        .unwrap();
    let outer = format!("From: mallory@example.net\r\nTo: bob@example.test\r\n{fields}\r\n");
    let inner = format!("{outer}Content-Type: text/plain; charset=utf-8; hp=\"clear\"\r\n\r\nText.\r\n");
    let signed = openssl()
        .words("cms -sign -binary -crlfeol -nodetach -md sha256 -outform SMIME")
        .words("-signer mallory.pem -inkey mallory.key")
        .input(inner)
        .ok()
        .unwrap();
    [outer.as_bytes(), &signed.stdout].concat()
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
    let of_both = of_both.map(|(subject, vouched)| (subject.to_owned(), vouched));
    assert_eq!(purchase, of_both);
    let lunch = conversation(&bob, &id(&bob, "Lunch"));
    assert_eq!(lunch, [("Lunch".to_owned(), true), ("bridge".to_owned(), false)]);
    assert_eq!(conversation(&bob, &id(&bob, "Re: Lunch")), [("Re: Lunch".to_owned(), false)]);

    office.sync(&alice);
    // Alice sees the same from her side: her own two are in sent mail.
    assert_eq!(conversation(&alice, &id(&alice, "Re: 采购")), of_both);

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

/// What stands before a mail that is not vouched for.
const MARK: &str = "Not vouched for: anybody may have put it into this conversation.";

#[test]
fn a_plain_mail_of_any_date_takes_over_no_conversation() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    alice
        .ok(["mail", "send", "--to", &address("bob"), "--subject", "Lunch", "--text", "Four or five?"])
        .unwrap();
    office.world.settle().unwrap();
    let named = outer(&office, "bob", "Message-ID");
    office.sync(&bob);
    // One wants to be the first mail, which names the conversation, the other the newest for ever.
    for (number, subject, year) in [(1, "before all", 1970), (2, "after all", 2099)] {
        let date = format!("Date: Thu, 1 Jan {year} 00:00:00 +0000");
        lay(&office, "bob", number, &format!("Subject: {subject}\n{date}\nIn-Reply-To: {named}"));
        office.sync(&bob);
    }
    bob.ok(["mail", "reply", &id(&bob, "Lunch"), "--text", "Five."]).unwrap();
    office.world.settle().unwrap();
    // Twice: his own answer comes back from sent mail.
    office.sync(&bob);
    office.sync(&bob);

    let whole = conversation(&bob, &id(&bob, "Lunch"));
    let expected = [("before all", false), ("Lunch", true), ("after all", false), ("Re: Lunch", true)];
    assert_eq!(whole, expected.map(|(subject, vouched)| (subject.to_owned(), vouched)));
    let all = bob.json(["--offline", "mail", "list", "--conversations"]).unwrap();
    let line = list(&all, "conversations").iter().find(|one| one["mails"] == 4).cloned().unwrap();
    assert_eq!(text(&line, "subject"), "Lunch");
    assert!(text(&line, "id").starts_with("sent."), "the newest is his own: {line}");
    assert!(("2020".."2099").contains(&text(&line, "date")), "{line}");

    let printed = bob.ok(["--offline", "mail", "conversation", &id(&bob, "Lunch")]).unwrap().out();
    let mails: Vec<&str> = printed.split(&"-".repeat(72)).collect();
    let marked: Vec<bool> = mails.iter().map(|mail| mail.trim_start().starts_with(MARK)).collect();
    assert_eq!(marked, [true, false, true, false], "{printed}");
    assert_eq!(printed.matches(MARK).count(), 2, "{printed}");

    // However many there are, they push out none that is vouched for.
    for number in 3..103 {
        let date = "Date: Thu, 1 Jan 2099 00:00:00 +0000";
        lay(&office, "bob", number, &format!("Subject: flood\n{date}\nIn-Reply-To: {named}"));
    }
    office.sync(&bob);
    let flooded = bob.json(["--offline", "mail", "conversation", &id(&bob, "Lunch")]).unwrap();
    assert_eq!((list(&flooded, "mails").len(), flooded["older"].as_u64()), (100, Some(4)));
    let vouched: Vec<&str> = list(&flooded, "mails")
        .iter()
        .filter(|mail| mail["vouched"] == true)
        .map(|mail| text(&mail["verdict"]["headers"], "subject"))
        .collect();
    assert_eq!(vouched, ["Lunch", "Re: Lunch"]);
}

#[test]
fn a_certificate_that_a_stranger_made_himself_merges_nothing() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    office.meet(("alice", &alice), ("bob", &bob));
    let mut ids = Vec::new();
    for subject in ["采购", "Lunch"] {
        alice
            .ok(["mail", "send", "--to", &address("bob"), "--subject", subject, "--text", "Four or five?"])
            .unwrap();
        office.world.settle().unwrap();
        ids.push(outer(&office, "bob", "Message-ID"));
        office.sync(&bob);
    }
    let fields =
        format!("Subject: bridge\r\nMessage-ID: <bridge@example.net>\r\nReferences: {} {}", ids[0], ids[1]);
    lay_octets(&office, "bob", 1, &signed_by_mallory(&office, &fields));
    office.sync(&bob);

    // His signature is right, and he was pinned by it; more is not known of him.
    let bridge = mails(&bob, "bridge");
    assert_eq!((text(&bridge[0], "signature"), text(&bridge[0], "trust")), ("valid", "pinned"));
    let read = bob.json(["--offline", "mail", "read", text(&bridge[0], "id")]).unwrap();
    assert_eq!(read["verdict"]["headers"]["protected"], true, "{read}");
    assert_eq!(conversation(&bob, &id(&bob, "采购")), [("采购".to_owned(), true)]);
    let lunch = conversation(&bob, &id(&bob, "Lunch"));
    assert_eq!(lunch, [("Lunch".to_owned(), true), ("bridge".to_owned(), false)]);
    let printed = bob.ok(["--offline", "mail", "conversation", text(&bridge[0], "id")]).unwrap().out();
    assert_eq!(printed.matches(MARK).count(), 1, "{printed}");
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
    assert_eq!(addresses(&outer(&office, "alice", "To")), [to_alice.as_str()]);
}
