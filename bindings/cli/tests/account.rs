//! Adding an account that cannot be reached or trusted: one sentence, the right exit code, nothing left behind. And removing one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::net::Ipv4Addr;
use std::sync::OnceLock;

use common::at_terminal::AtTerminal;
use common::{Office, as_text, file, mails, refused, refused_both, words};
use xtask::cli::{Terminal, list, text};
use xtask::demo::search::search;
use xtask::world::{Proxy, address, password};

fn office() -> &'static Office {
    static OFFICE: OnceLock<Office> = OnceLock::new();
    OFFICE.get_or_init(Office::open)
}

/// The arguments of `account add` with one option's value replaced (`None` removes option and value).
fn changed(person: &str, option: &str, value: Option<&str>) -> Vec<String> {
    let mut args = office().world.account_args(person);
    let place = args.iter().position(|arg| arg == option).unwrap();
    match value {
        Some(value) => args[place + 1] = value.to_owned(),
        None => drop(args.drain(place..=place + 1)),
    }
    args
}

fn has_no_account(terminal: &Terminal) {
    let accounts = terminal.json(["account", "list"]).unwrap();
    assert!(list(&accounts, "accounts").is_empty(), "{accounts}");
}

#[test]
fn a_wrong_password_is_refused_by_the_server() {
    let terminal = office().terminal("alice-with-a-wrong-password");
    let wrong = file(office(), "wrong-password", b"not-the-password-5150\n");
    let args = changed("alice", "--password-file", Some(as_text(&wrong)));
    let sentence = refused_both(&terminal, &args, 3, "login_refused");
    assert!(sentence.contains("password"), "{sentence}");
    has_no_account(&terminal);
    let found = search(std::slice::from_ref(&terminal.home), &["not-the-password-5150"]).unwrap().found;
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_unknown_host_is_named() {
    let terminal = office().terminal("alice-at-an-unknown-host");
    // RFC 6761: names under `invalid` never resolve.
    let args = changed("alice", "--imap", Some("imap.nowhere.invalid:993"));
    let sentence = refused_both(&terminal, &args, 3, "network");
    assert!(sentence.contains("imap.nowhere.invalid"), "{sentence}");
    has_no_account(&terminal);
}

#[test]
fn a_port_where_nobody_listens_is_named() {
    let terminal = office().terminal("alice-at-a-closed-port");
    // Bound and closed again: nobody listens there now.
    let port = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let place = format!("localhost:{port}");
    let sentence = refused_both(&terminal, &changed("alice", "--smtp", Some(&place)), 3, "network");
    assert!(sentence.contains(&place), "{sentence}");
    has_no_account(&terminal);
}

#[test]
fn a_server_certificate_of_an_unknown_ca_is_refused() {
    let terminal = office().terminal("alice-without-the-ca");
    let sentence = refused_both(&terminal, &changed("alice", "--ca", None), 3, "certificate_untrusted");
    assert!(sentence.contains("certificate"), "{sentence}");
    let other = office().world.pki().stranger_ca().unwrap();
    refused_both(&terminal, &changed("alice", "--ca", Some(as_text(&other))), 3, "certificate_untrusted");
    has_no_account(&terminal);
}

#[test]
fn a_server_certificate_for_another_host_is_refused() {
    let terminal = office().terminal("alice-at-another-name");
    // 127.0.0.2 is loopback too, but not a name in the certificate.
    let proxy = Proxy::start(Ipv4Addr::new(127, 0, 0, 2).into(), office().world.ports().imaps).unwrap();
    let args = changed("alice", "--imap", Some(&format!("127.0.0.2:{}", proxy.port())));
    refused_both(&terminal, &args, 3, "certificate_untrusted");
    has_no_account(&terminal);
}

#[test]
fn a_server_that_offers_no_tls_never_hears_the_password() {
    let terminal = office().terminal("alice-and-a-stripped-server");
    let server = common::stripped::Server::start();
    let args = changed("alice", "--imap", Some(&format!("starttls://localhost:{}", server.port())));
    refused_both(&terminal, &args, 3, "server");
    let heard = server.heard();
    assert!(!heard.is_empty(), "the client has spoken to the server");
    for word in [password("alice"), "LOGIN".to_owned(), "AUTHENTICATE".to_owned()] {
        assert!(!heard.to_uppercase().contains(&word.to_uppercase()), "{heard}");
    }
    has_no_account(&terminal);
}

#[test]
fn both_kinds_of_tls_work() {
    let ports = office().world.ports();
    let terminal = office().terminal("carol-by-starttls");
    let mut args = changed("carol", "--imap", Some(&format!("starttls://localhost:{}", ports.imap_starttls)));
    let place = args.iter().position(|arg| arg == "--smtp").unwrap();
    args[place + 1] = format!("starttls://localhost:{}", ports.submission_starttls);
    terminal.ok(args).unwrap();
    terminal.ok(["sync"]).unwrap();
}

#[test]
fn a_second_account_of_the_same_address_is_wrong_use() {
    let terminal = office().person("dave");
    let sentence = refused_both(&terminal, &office().world.account_args("dave"), 2, "wrong_use");
    assert!(sentence.contains("--replace"), "{sentence}");
    assert_eq!(list(&terminal.json(["account", "list"]).unwrap(), "accounts").len(), 1);
}

#[test]
fn the_wrong_passphrase_opens_nothing_and_destroys_nothing() {
    let terminal = office().person("bob");
    let wrong = file(office(), "wrong-passphrase", b"open sesame\n");
    let mut stranger = terminal.clone();
    stranger.passphrase_file = wrong;
    refused_both(&stranger, &words(&["mail", "list"]), 4, "locked");
    assert_eq!(list(&terminal.json(["account", "list"]).unwrap(), "accounts").len(), 1);
}

#[test]
fn wrong_arguments_and_absent_files_are_wrong_use() {
    let terminal = office().terminal("nobody-yet");
    let absent = changed("alice", "--password-file", Some("/nonexistent/password"));
    refused(&terminal.call(&absent).run().unwrap(), 2);
    let garbage = file(office(), "garbage.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n");
    let garbage = changed("alice", "--ca", Some(as_text(&garbage)));
    let sentence = refused(&terminal.call(&garbage).run().unwrap(), 2);
    assert!(sentence.contains("certificate"), "{sentence}");
    let said = terminal.call(["account", "frobnicate", "--json"]).run().unwrap();
    let record: serde_json::Value = serde_json::from_slice(&said.stderr).unwrap();
    assert_eq!((said.code, &record["error"]["code"]), (Some(2), &"wrong_use".into()));
    assert_eq!(record["error"]["message"], "unrecognized subcommand 'frobnicate'");
}

/// The authority's certificate is another option than that of the servers.
#[test]
fn timestamps_that_lead_elsewhere_name_the_option() {
    let terminal = office().terminal("alice-with-a-strange-authority");
    let args = office().world.account_args("alice");
    let servers = args[args.iter().position(|arg| arg == "--ca").unwrap() + 1].clone();
    let sentence = refused_both(
        &terminal,
        &changed("alice", "--timestamp-ca", Some(&servers)),
        3,
        "certificate_untrusted",
    );
    assert!(sentence.contains("--timestamp-ca") && !sentence.contains(" --ca"), "{sentence}");
    has_no_account(&terminal);
}

#[test]
fn what_is_not_there_says_where_to_look() {
    let nobody = office().terminal("nobody-at-all");
    let sentence = refused_both(&nobody, &words(&["mail", "list"]), 2, "not_found");
    assert!(sentence.contains("countersign account add"), "{sentence}");
    let terminal = office().person("carol");
    let ask = ["approval", "request", "--to", "carol@example.test", "--subject", "Chair"];
    let asked = terminal.json([&ask[..], &["--offline"]].concat()).unwrap();
    let id = asked["id"].as_str().unwrap();
    for (args, part) in [
        (&["mail", "discard", "99"][..], "countersign mail outbox"),
        (&["mail", "retry", "99"], "countersign mail outbox"),
        (&["mail", "read", "inbox.99"], "countersign mail list"),
        (&["approval", "document", id, "1", "--out", "none"], "countersign approval show"),
        (&["approval", "show", "0000"], "countersign approval list"),
    ] {
        let sentence = refused_both(&terminal, &words(args), 2, "not_found");
        assert!(sentence.contains(part), "{sentence}");
    }
    let more = words(&[&ask[..], &["--at-least", "2"]].concat());
    let sentence = refused_both(&terminal, &more, 2, "wrong_use");
    assert!(sentence.contains("--at-least 2") && sentence.contains("--to"), "{sentence}");
}

/// How many files lie in a folder of the store.
fn stored(terminal: &Terminal, folder: &str) -> usize {
    std::fs::read_dir(terminal.home.join("store").join(folder)).unwrap().count()
}

#[test]
fn a_removed_account_is_gone_from_the_home_and_whole_on_the_server() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let (to_alice, to_bob) = (address("alice"), address("bob"));
    let send = ["mail", "send", "--signed-only", "--text", "Hello"];
    alice.ok([&send[..], &["--to", &to_bob, "--subject", "Kept"]].concat()).unwrap();
    office.world.settle().unwrap();
    office.sync(&bob);
    assert_eq!(mails(&bob, "Kept").len(), 1);
    let keys = bob.json(["keys", "list"]).unwrap();
    let on_server = office.world.inbox("bob").unwrap();
    assert!(stored(&bob, "bodies") > 0 && stored(&bob, "search") > 0);

    // Nobody is asked: neither a yes nor an address was given.
    let remove = |more: &[&str]| words(&[&["account", "remove", &to_bob][..], more].concat());
    let sentence = refused_both(&bob, &remove(&[]), 2, "wrong_use");
    assert!(sentence.contains("--yes"), "{sentence}");
    let stranger = words(&["account", "remove", &to_alice, "--yes"]);
    let sentence = refused_both(&bob, &stranger, 2, "not_found");
    assert!(sentence.contains("countersign account list"), "{sentence}");
    refused_both(&bob, &words(&["account", "remove", "bob", "--yes"]), 2, "wrong_use");

    // What nobody else has is not lost by the way.
    bob.ok([&["--offline"][..], &send[..], &["--to", &to_alice, "--subject", "Not sent"]].concat()).unwrap();
    bob.ok(["--offline", "mail", "draft", "save", "--text", "Half a thought"]).unwrap();
    let sentence = refused_both(&bob, &remove(&["--yes"]), 2, "wrong_use");
    for part in ["1 mail in the outbox and 1 draft", "--discard-unsent", "mail outbox", "mail draft list"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert_eq!(
        (mails(&bob, "Kept").len(), list(&bob.json(["mail", "outbox"]).unwrap(), "outbox").len()),
        (1, 1)
    );

    // Another account in this home stays.
    bob.ok(office.world.account_args("carol")).unwrap();
    let removed = bob.json(remove(&["--yes", "--discard-unsent"])).unwrap();
    assert_eq!(text(&removed, "removed"), to_bob);
    let accounts = bob.json(["account", "list"]).unwrap();
    let left: Vec<&str> = list(&accounts, "accounts").iter().map(|one| text(one, "address")).collect();
    assert_eq!(left, [address("carol")]);
    assert!(mails(&bob, "Kept").is_empty());
    assert_eq!((stored(&bob, "bodies"), stored(&bob, "search")), (0, 0));
    assert_eq!(office.world.inbox("bob").unwrap(), on_server);
    assert_eq!(office.delivered("alice"), 0);
    refused_both(&bob, &remove(&["--yes"]), 2, "not_found");

    // It can be added again, under other keys.
    bob.ok(office.world.account_args("bob")).unwrap();
    bob.ok(["--account", &to_bob, "sync"]).unwrap();
    let listed = bob.json(["--account", &to_bob, "mail", "list"]).unwrap();
    assert_eq!(list(&listed, "mails").iter().filter(|mail| text(mail, "subject") == "Kept").count(), 1);
    assert!(list(&bob.json(["--account", &to_bob, "mail", "outbox"]).unwrap(), "outbox").is_empty());
    assert_ne!(bob.json(["--account", &to_bob, "keys", "list"]).unwrap(), keys);
    bob.ok(["--account", &address("carol"), "sync"]).unwrap();
}

#[test]
fn at_a_terminal_the_address_is_asked_for_and_a_yes_is_not_enough() {
    let office = Office::open();
    let bob = office.person("bob");
    let to_bob = address("bob");
    let remove = bob.call(["account", "remove", &to_bob]).line();
    let typed = |keys: &str| {
        let mut at_terminal = AtTerminal::run(&remove);
        at_terminal.types(keys);
        at_terminal.ends()
    };
    let (said, code) = typed("y\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("Type the address") && said.contains("stays as it is"), "{said}");
    assert_eq!(list(&bob.json(["account", "list"]).unwrap(), "accounts").len(), 1);
    let (said, code) = typed(&format!("{to_bob}\n"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("is removed"), "{said}");
    assert_eq!(bob.json(["account", "list"]).unwrap()["accounts"], serde_json::json!([]));
}
