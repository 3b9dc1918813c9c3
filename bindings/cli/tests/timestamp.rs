//! `countersign timestamp`, against an authority made of `openssl ts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use common::folder::Folder;
use common::refused;
use serde_json::{Value, json};
use xtask::run::{Said, call};

/// A folder with a root, an authority under it, and a document.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        desk.root("root");
        desk.root("stranger");
        desk.issue("tsa", "keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping");
        desk.issue("mail", "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection");
        desk.write("document", "Stand by");
        desk
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.countersign("timestamp", arguments)
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{arguments:?}: {}", said.err()))
    }

    /// The answer of `openssl ts` by the authority tsa to the request in `query`.
    fn answer(&self, query: &str, answer: &str) {
        answer_in(self.here(), query, answer);
    }

    /// An answer about the document, requested by OpenSSL.
    fn openssl_stamps(&self, options: &[&str], answer: &str) {
        let query = ["ts", "-query", "-data", "document", "-cert", "-out", "q.tsq"];
        self.openssl(&[&query[..], options].concat());
        self.answer("q.tsq", answer);
    }
}

fn answer_in(folder: &Path, query: &str, answer: &str) {
    let config = "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\ncerts=tsa.pem\n\
                  signer_digest=sha256\ndefault_policy=1.2.3.4\nother_policies=1.2.3.5\ndigests=sha256,sha384,sha512\n\
                  ess_cert_id_chain=no\ness_cert_id_alg=sha256\n";
    fs::write(folder.join("ts.cnf"), config).unwrap();
    let reply = ["ts", "-reply", "-config", "ts.cnf", "-section", "t", "-queryfile", query, "-out", answer];
    call("openssl").args(reply).within(folder).ok().unwrap();
}

/// An authority on the loopback that answers one request, with what `reply` makes of it.
fn authority(reply: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/tsa", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = reply(&body);
        let front = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            answer.len()
        );
        // The other side may have had enough.
        let _ = stream.write_all(front.as_bytes()).and_then(|()| stream.write_all(&answer));
        head
    });
    (url, thread)
}

/// An authority that answers as `openssl ts` does.
fn right_authority(desk: &Desk) -> (String, JoinHandle<String>) {
    let folder = desk.here().to_owned();
    authority(move |request| {
        fs::write(folder.join("posted.tsq"), request).unwrap();
        answer_in(&folder, "posted.tsq", "answer.tsr");
        fs::read(folder.join("answer.tsr")).unwrap()
    })
}

const STAMP: &[&str] = &["stamp", "--in", "document", "--out", "token", "--url"];
const VERIFY: &[&str] = &["verify", "--in", "document", "--trust", "root.pem", "--token"];

#[test]
fn openssl_verifies_what_is_stamped_here() {
    let desk = Desk::new();
    let (url, server) = right_authority(&desk);
    let stamped = desk.json(&[STAMP, &[&url]].concat());
    assert_eq!(stamped["policy"], "1.2.3.4");
    assert_eq!(stamped["signature_checked"], false, "{stamped}");
    let head = server.join().unwrap().to_lowercase();
    assert!(head.contains("content-type: application/timestamp-query"), "{head}");
    assert!(!head.contains("user-agent: c"), "{head}");
    let verify = ["ts", "-verify", "-token_in", "-in", "token", "-data", "document", "-CAfile", "root.pem"];
    desk.openssl(&verify);
    let report = desk.json(&[VERIFY, &["token"]].concat());
    assert_eq!((&report["state"], &report["reasons"]), (&json!("valid"), &json!([])));
    assert_eq!((&report["time"], &report["policy"]), (&stamped["time"], &json!("1.2.3.4")));
    assert_eq!((&report["authority"], &report["serial"]), (&json!("CN=tsa"), &stamped["serial"]));
    // A policy that was asked for.
    let (url, server) = right_authority(&desk);
    let stamped = desk.json(&[STAMP, &[&url, "--policy", "1.2.3.5"]].concat());
    assert_eq!(stamped["policy"], "1.2.3.5");
    server.join().unwrap();
    // Into a pipe: the token and nothing else.
    let (url, server) = right_authority(&desk);
    let piped = desk.run(&["stamp", "--in", "document", "--out", "-", "--url", &url]).ok().unwrap();
    server.join().unwrap();
    desk.write("piped", &piped.stdout);
    desk.openssl(&["ts", "-verify", "-token_in", "-in", "piped", "-data", "document", "-CAfile", "root.pem"]);
    assert!(!desk.path("home").exists() && !desk.path("-").exists());
}

#[test]
fn what_openssl_stamps_is_verified() {
    let desk = Desk::new();
    for digest in ["sha256", "sha384", "sha512"] {
        desk.openssl_stamps(&[&format!("-{digest}")], "answer.tsr");
        let answer = desk.run(&[VERIFY, &["answer.tsr"]].concat());
        assert_eq!(answer.code, Some(0), "{digest}: {}", answer.err());
        desk.openssl(&["ts", "-reply", "-in", "answer.tsr", "-token_out", "-out", "token"]);
        assert_eq!(desk.json(&[VERIFY, &["token"]].concat())["authority"], "CN=tsa");
        let shown =
            String::from_utf8(desk.openssl(&["dgst", &format!("-{digest}"), "-c", "document"])).unwrap();
        let hex = shown.trim().rsplit_once(' ').unwrap().1;
        let by_digest = ["verify", "--digest", hex, "--trust", "root.pem", "--token", "token"];
        assert_eq!(desk.run(&by_digest).code, Some(0), "{digest}");
    }
    // A file larger than any buffer.
    desk.write("document", &vec![7; 5 << 20]);
    desk.openssl_stamps(&["-sha512"], "answer.tsr");
    assert_eq!(desk.run(&[VERIFY, &["answer.tsr"]].concat()).code, Some(0));
}

#[test]
fn a_timestamp_that_does_not_hold_is_no_error_but_a_verdict() {
    let desk = Desk::new();
    desk.openssl_stamps(&["-sha256"], "answer.tsr");
    desk.write("other", b"Stand bye");
    let reasons = |arguments: &[&str]| {
        let said = desk.run(&[arguments, &["--token", "answer.tsr"]].concat());
        let sentence = refused(&said, 1);
        let report = desk.json(&[arguments, &["--token", "answer.tsr"]].concat());
        let code = report["reasons"][0].as_str().unwrap();
        assert!(sentence.contains(&format!("({code})")), "{sentence}");
        assert!(said.out().contains("  because:  ") && !said.out().contains(" \n"), "{}", said.out());
        assert_eq!((&report["state"], &report["time"]), (&json!("invalid"), &Value::Null));
        report["reasons"].clone()
    };
    assert_eq!(reasons(&["verify", "--in", "other", "--trust", "root.pem"]), json!(["imprint_mismatch"]));
    assert_eq!(reasons(&["verify", "--digest", "00ff", "--trust", "root.pem"]), json!(["imprint_mismatch"]));
    assert_eq!(
        reasons(&["verify", "--in", "document", "--trust", "stranger.pem"]),
        json!(["no_trusted_path"])
    );
    assert_eq!(reasons(&["verify", "--in", "document"]), json!(["no_trusted_path"]));
    let early = ["verify", "--in", "document", "--trust", "root.pem", "--at", "2020-01-01T00:00:00Z"];
    assert_eq!(reasons(&early), json!(["future_time"]));
    // A certificate for mail makes no timestamps: OpenSSL refuses to, so its token is made by the attribute-wise
    // same SignedData.
    let cms =
        ["cms", "-sign", "-binary", "-nodetach", "-econtent_type", "id-smime-ct-TSTInfo", "-outform", "DER"];
    desk.openssl(&["ts", "-reply", "-in", "answer.tsr", "-token_out", "-out", "token"]);
    desk.openssl(&["cms", "-verify", "-noverify", "-inform", "DER", "-in", "token", "-out", "info"]);
    let signer = ["-signer", "mail.pem", "-inkey", "mail.key", "-cades", "-in", "info", "-out", "answer.tsr"];
    desk.openssl(&[&cms[..], &signer].concat());
    assert_eq!(
        reasons(&["verify", "--in", "document", "--trust", "root.pem"]),
        json!(["wrong_extended_key_usage"])
    );
}

#[test]
fn what_is_no_token_is_said_so() {
    let desk = Desk::new();
    desk.write("empty", b"");
    desk.write("refusal", &[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02]);
    fs::create_dir(desk.path("folder")).unwrap();
    for file in ["empty", "document", "root.pem", "folder", "none", "refusal"] {
        let sentence = refused(&desk.run(&[VERIFY, &[file]].concat()), 2);
        assert!(sentence.contains(file), "{sentence}");
    }
    desk.openssl_stamps(&["-sha256"], "answer.tsr");
    for digest in ["xyz", "abc", ""] {
        let said = desk.run(&["verify", "--digest", digest, "--token", "answer.tsr"]);
        assert!(refused(&said, 2).contains("hexadecimal"));
    }
    let missing = desk.run(&["verify", "--in", "none", "--trust", "root.pem", "--token", "answer.tsr"]);
    assert!(refused(&missing, 2).contains("none"));
}

/// The token is signed by itself, so whoever has no certificate of the Web's CAs is asked without TLS.
#[test]
fn an_authority_behind_a_strange_certificate_is_not_asked() {
    let desk = Desk::new();
    let mut server = Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            "127.0.0.1:0",
            "-naccept",
            "1",
            "-cert",
            "root.pem",
            "-key",
            "root.key",
        ])
        .current_dir(desk.here())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let place = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned)).unwrap();
    let sentence = refused(&desk.run(&[STAMP, &[&format!("https://{place}/")]].concat()), 3);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(sentence.contains("is not trusted") && sentence.contains("http://"), "{sentence}");
    assert!(!sentence.contains("--ca") && !desk.path("token").exists(), "{sentence}");
}

#[test]
fn an_authority_that_cheats_or_fails_gives_no_token() {
    let desk = Desk::new();
    desk.openssl_stamps(&["-sha256"], "replayed.tsr");
    let replayed = desk.read("replayed.tsr");
    let answers: [(Vec<u8>, &str); 4] = [
        (replayed, "another request"),
        (b"<html>".to_vec(), "malformed"),
        (vec![0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02], "refused"),
        (vec![0; 300 * 1024], "more than is accepted"),
    ];
    for (answer, part) in answers {
        let (url, server) = authority(move |_| answer);
        let sentence = refused(&desk.run(&[STAMP, &[&url]].concat()), 3);
        assert!(sentence.contains(part), "{sentence}");
        server.join().unwrap();
        assert!(!desk.path("token").exists());
    }
    // Nobody listens.
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    refused(&desk.run(&[STAMP, &[&format!("http://{closed}/")]].concat()), 3);
    let unknown = refused(&desk.run(&[STAMP, &["http://tsa.invalid/"]].concat()), 3);
    assert!(unknown.contains("its name is not known"), "{unknown}");
    assert!(refused(&desk.run(&[STAMP, &["ftp://localhost/"]].concat()), 2).contains("http"));
    let said = desk.run(&[STAMP, &["http://localhost/", "--policy", "mine"]].concat());
    assert!(refused(&said, 2).contains("1.2.3.4"));
    refused(&desk.run(&[STAMP, &["http://localhost/", "--offline"]].concat()), 3);
    refused(&desk.run(&["stamp", "--in", "none", "--out", "token", "--url", "http://localhost/"]), 2);
}
