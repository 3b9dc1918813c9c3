//! The servers of the demo, driven by curl and openssl alone: what the end-to-end tests rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::path::Path;
use std::sync::OnceLock;

use xtask::foreign::{Foreigner, Reply, header};
use xtask::run::{Call, call};
use xtask::world::{Fault, Place, Proxy, World, address, password};

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| World::start(Place::temporary().unwrap()).unwrap())
}

fn imap(world: &World, port: u16, user: &str, password: &str) -> Call {
    call("curl")
        .words("-sS --max-time 20 --cacert")
        .arg(&world.pki().server_ca)
        .arg("--user")
        .arg(format!("{user}:{password}"))
        .arg(format!("imaps://localhost:{port}/INBOX"))
        .args(["--request", "NOOP"])
}

#[test]
fn carol_sends_a_signed_mail_that_dave_fetches_and_openssl_verifies() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let carol = Foreigner::new(world, "carol", folder.path()).unwrap();
    for mail in [
        carol.signed(&["dave"], "opaque", "Grüße, 你好").unwrap(),
        carol.clear_signed(&["dave"], "clear", "Grüße, 你好").unwrap(),
    ] {
        carol.send(&["dave"], &mail).unwrap();
    }
    let dave = Foreigner::new(world, "dave", folder.path()).unwrap();
    let mails = dave.fetch().unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(world.inbox("dave").unwrap().len(), 2);
    for mail in mails {
        let said = dave.verify(&mail, &world.pki().organisation_ca).unwrap();
        assert!(said.out().contains("Grüße, 你好"), "{}", said.out());
        assert!(dave.verify(&mail, &world.pki().server_ca).is_err(), "another CA must not do");
    }
}

#[test]
fn carol_answers_dave_by_a_signed_and_encrypted_reply() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let carol = Foreigner::new(world, "carol", &folder.path().join("carol")).unwrap();
    let dave = Foreigner::new(world, "dave", &folder.path().join("dave")).unwrap();
    let mail = dave.signed(&["carol"], "question", "CS-TEST").unwrap();
    let certificate = carol.encryption_certificate(&mail, "dave").unwrap();
    assert!(carol.encryption_certificate(&mail, "alice").is_err(), "a certificate of another person");
    let reply = Reply { to: "dave", subject: "Re: [...]", text: "Approve\n\n> CS-TEST" };
    let reply = carol.reply(&reply, "<1@example.test>", &certificate).unwrap();
    assert_eq!(header(&reply, "Subject"), "Re: [...]");
    assert!(!String::from_utf8_lossy(&reply).contains("Approve"));
    let entity = dave.decrypt(&reply).unwrap().stdout;
    let said = dave.verify(&entity, &world.pki().organisation_ca).unwrap();
    assert!(said.out().contains("Approve\r\n\r\n> CS-TEST"), "{}", said.out());
    assert!(carol.decrypt(&reply).is_err(), "only dave can read it");
}

#[test]
fn a_wrong_password_is_refused_at_once() {
    let world = world();
    let port = world.ports().imaps;
    imap(world, port, &address("alice"), &password("alice")).ok().unwrap();
    let refused = imap(world, port, &address("alice"), "wrong").run().unwrap();
    assert_eq!(refused.code, Some(67), "curl: login denied; {}", refused.err());
}

#[test]
fn without_the_demo_ca_and_under_another_name_tls_is_refused() {
    let world = world();
    let port = world.ports().imaps;
    let connect = |host: &str, ca: &Path, name: &str| {
        call("openssl")
            .args(["s_client", "-brief", "-verify_return_error", "-verify_hostname", name])
            .args(["-connect", &format!("{host}:{port}"), "-CAfile"])
            .arg(ca)
            .run()
            .unwrap()
            .code
    };
    let ca = &world.pki().server_ca;
    assert_eq!(connect("127.0.0.1", ca, "localhost"), Some(0));
    assert_ne!(connect("127.0.0.1", ca, "mail.elsewhere.test"), Some(0));
    assert_ne!(connect("127.0.0.1", &world.pki().organisation_ca, "localhost"), Some(0));
}

#[test]
fn the_starttls_ports_offer_tls() {
    let world = world();
    let ports = world.ports();
    for url in [
        format!("imap://localhost:{}/", ports.imap_starttls),
        format!("smtp://localhost:{}", ports.submission_starttls),
    ] {
        call("curl")
            .words("-sS --max-time 20 --ssl-reqd --request NOOP --cacert")
            .arg(&world.pki().server_ca)
            .arg("--user")
            .arg(format!("{}:{}", address("alice"), password("alice")))
            .arg(url)
            .ok()
            .unwrap();
    }
    let mut smtp = TcpStream::connect((Ipv4Addr::LOCALHOST, ports.submission_starttls)).unwrap();
    let mut lines = BufReader::new(smtp.try_clone().unwrap());
    let mut said = String::new();
    lines.read_line(&mut said).unwrap();
    // Without STARTTLS the log-in is refused, whatever EHLO would offer.
    for command in ["HELO test", "AUTH PLAIN AGFsaWNlAHB3"] {
        smtp.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        lines.read_line(&mut said).unwrap();
    }
    assert!(said.contains("530 5.7.0 Must issue a STARTTLS command first"), "{said}");
}

#[test]
fn submission_refuses_strangers_other_senders_unknown_mailboxes_and_the_outside() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail");
    std::fs::write(&file, "Subject: x\r\n\r\nx\r\n").unwrap();
    let send = |login: bool, from: &str, to: &str| {
        let curl = call("curl").words("-sS --max-time 20 --cacert").arg(&world.pki().server_ca);
        let curl = if login {
            curl.arg("--user").arg(format!("{}:{}", address("alice"), password("alice")))
        } else {
            curl
        };
        curl.arg(format!("smtps://localhost:{}", world.ports().submissions))
            .args(["--mail-from", from, "--mail-rcpt", to, "--upload-file"])
            .arg(&file)
            .run()
            .unwrap()
            .code
    };
    let (alice, bob) = (address("alice"), address("bob"));
    assert_eq!(send(true, &alice, &bob), Some(0));
    assert_ne!(send(false, &alice, &bob), Some(0), "no log-in");
    assert_ne!(send(true, &bob, &bob), Some(0), "bob's address under alice's log-in");
    assert_ne!(send(true, &alice, &address("nobody-here")), Some(0), "unknown mailbox");
    assert_ne!(send(true, &alice, "x@example.org"), Some(0), "mail never leaves");
}

#[test]
fn the_authority_stamps_what_openssl_asks_and_openssl_verifies() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("data"), "signature octets").unwrap();
    std::fs::write(at("other"), "other octets").unwrap();
    let openssl = || call("openssl").within(folder.path());
    openssl().words("ts -query -data data -sha256 -cert -out q.tsq").ok().unwrap();
    let before = world.authority().answered();
    call("curl")
        .words("-sS --fail -H Content-Type:application/timestamp-query --data-binary @q.tsq -o r.tsr")
        .within(folder.path())
        .arg(world.authority().url())
        .ok()
        .unwrap();
    assert!(world.authority().answered() > before);
    let verify = |data: &str| {
        openssl()
            .words("ts -verify -in r.tsr -data")
            .arg(data)
            .arg("-CAfile")
            .arg(&world.pki().tsa_ca)
            .run()
            .unwrap()
            .code
    };
    assert_eq!(verify("data"), Some(0));
    assert_ne!(verify("other"), Some(0));
}

#[test]
fn the_proxy_cuts_where_it_is_told() {
    let world = world();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail");
    std::fs::write(&file, format!("Subject: long\r\n\r\n{}", "0123456789\r\n".repeat(4000))).unwrap();
    let proxy = Proxy::start(IpAddr::V4(Ipv4Addr::LOCALHOST), world.ports().submissions).unwrap();
    let send = || {
        call("curl")
            .words("-sS --max-time 20 --cacert")
            .arg(&world.pki().server_ca)
            .arg("--user")
            .arg(format!("{}:{}", address("bob"), password("bob")))
            .arg(format!("smtps://localhost:{}", proxy.port()))
            .args(["--mail-from", &address("bob"), "--mail-rcpt", &address("carol"), "--upload-file"])
            .arg(&file)
            .run()
            .unwrap()
            .code
    };
    let delivered = || {
        world.settle().unwrap();
        let long = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path).is_ok_and(|mail| mail.contains("Subject: long"))
        };
        world.inbox("carol").unwrap().iter().filter(|path| long(path)).count()
    };
    assert_eq!(send(), Some(0));
    assert_eq!(delivered(), 1);
    proxy.set(Fault::CutUpload(8192));
    assert_ne!(send(), Some(0));
    assert_eq!(delivered(), 1, "cut in the middle of DATA: nothing arrives");
    proxy.set(Fault::DropReply(8192));
    assert_ne!(send(), Some(0));
    assert_eq!(delivered(), 2, "cut after the final dot: it arrived, and the sender was not told");
    assert_eq!(proxy.fired(), 2);

    let proxy = Proxy::start(IpAddr::V4(Ipv4Addr::LOCALHOST), world.ports().imaps).unwrap();
    let fetch = || {
        call("curl")
            .words("-sS --max-time 20 --cacert")
            .arg(&world.pki().server_ca)
            .arg("--user")
            .arg(format!("{}:{}", address("carol"), password("carol")))
            .arg(format!("imaps://localhost:{}/INBOX/;UID=1", proxy.port()))
            .run()
            .unwrap()
            .code
    };
    assert_eq!(fetch(), Some(0));
    proxy.set(Fault::CutDownload(8192));
    assert_ne!(fetch(), Some(0));
}
