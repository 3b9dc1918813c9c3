//! What a person does wrong with files and options of the commands that need no account: one sentence, which names the
//! file or the option that it is about, and no output left over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::folder::{Folder, P256, Words};
use common::refused;
use serde_json::Value;

/// A folder with alice, who signs by P-256, and bob; files that are empty, junk and folders.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        desk.identity("alice", P256);
        desk.identity("bob", P256);
        desk.write("plan", "the plan");
        desk.write("empty", "");
        desk.write("junk", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
        fs::create_dir(desk.path("folder")).unwrap();
        desk
    }

    /// The one sentence on stderr of a call that must end so and leave no file `out`.
    #[track_caller]
    fn sentence(&self, code: i32, words: &(impl Words + ?Sized)) -> String {
        let sentence = refused(&self.countersign("", words), code);
        assert!(!self.path("out").exists(), "{:?} left an output", words.words());
        assert!(sentence.starts_with("countersign: "), "{sentence}");
        sentence
    }

    #[track_caller]
    fn names(&self, code: i32, words: &str, parts: &[&str]) {
        let sentence = self.sentence(code, words);
        for part in parts {
            assert!(sentence.contains(part), "{words}: {part:?} is not in {sentence:?}");
        }
    }
}

#[test]
fn every_file_that_is_of_no_use_is_named() {
    let desk = Desk::new();
    desk.openssl("cms -sign -in plan -signer alice.pem -outform DER -binary -out detached");
    for file in ["none", "empty", "junk", "folder", "alice.key"] {
        let named = format!("countersign: {file}: ");
        for words in [
            format!("smime encrypt --in plan --out out --to bob.crt --to {file}"),
            format!("smime encrypt --in plan --out out --to bob.crt --signer alice.pem --certificate {file}"),
            format!("smime sign --in plan --out out --signer alice.pem --certificate {file}"),
            format!("smime verify --in detached --content plan --trust alice.crt --trust {file}"),
            format!("timestamp verify --token detached --in plan --trust {file}"),
            format!("timestamp verify --token detached --in plan --untrusted {file}"),
        ] {
            let sentence = desk.sentence(2, &words);
            assert!(sentence.starts_with(&named), "{words}: {sentence}");
        }
    }
    for file in ["none", "empty", "junk", "folder"] {
        let named = format!("countersign: {file}: ");
        for words in [
            format!("smime verify --in {file} --out out --trust alice.crt"),
            format!("smime decrypt --in {file} --out out --key bob.pem"),
            format!("smime decrypt --in {file} --out out --key bob.pem --verify --trust alice.crt"),
        ] {
            let sentence = desk.sentence(2, &words);
            assert!(sentence.starts_with(&named), "{words}: {sentence}");
        }
    }
    for file in ["none", "folder"] {
        let named = format!("countersign: {file}: ");
        for words in [
            format!("smime sign --in {file} --out out --signer alice.pem"),
            format!("smime encrypt --in {file} --out out --to bob.crt"),
            format!("smime verify --in detached --content {file} --trust alice.crt"),
        ] {
            let sentence = desk.sentence(2, &words);
            assert!(sentence.starts_with(&named), "{words}: {sentence}");
        }
    }
}

/// The sentence is about the output, and says that the folder is missing where it is.
#[test]
fn an_output_that_can_not_be_made_is_named() {
    let desk = Desk::new();
    desk.openssl("cms -sign -in plan -signer alice.pem -outform DER -binary -nodetach -out signed");
    desk.openssl("cms -encrypt -in plan -outform DER -binary -aes256 -out closed bob.crt");
    for (output, part) in [("no/out", "no such folder"), ("folder", "a folder"), ("plan/out", "not a folder")]
    {
        let named = format!("countersign: {output}: ");
        for words in [
            format!("smime sign --in plan --out {output} --signer alice.pem"),
            format!("smime encrypt --in plan --out {output} --to bob.crt"),
            format!("smime decrypt --in closed --out {output} --key bob.pem"),
            format!("smime verify --in signed --out {output} --trust alice.crt"),
        ] {
            let sentence = desk.sentence(2, &words);
            assert!(sentence.starts_with(&named) && sentence.contains(part), "{words}: {sentence}");
        }
    }
    assert_eq!(desk.read("plan"), b"the plan");
}

#[test]
fn the_option_that_would_help_is_the_one_that_was_used() {
    let desk = Desk::new();
    desk.write("password", "Stand by");
    desk.openssl("pkcs12 -export -inkey alice.key -in alice.crt -passout file:password -out alice.p12");
    desk.names(
        4,
        "smime sign --in plan --out out --signer alice.p12",
        &["alice.p12: ", "--signer FILE:PASSFILE"],
    );
    desk.names(
        4,
        "smime decrypt --in plan --out out --key alice.p12",
        &["alice.p12: ", "--key FILE:PASSFILE"],
    );
    desk.names(2, "smime sign --in plan --out out --signer alice.pem --pss", &["--digest", "--pss"]);
    // PKCS#12 where a certificate is wanted.
    for words in [
        "chain alice.p12",
        "chain alice.crt --trust alice.p12",
        "inspect plan --untrusted alice.p12",
        "smime encrypt --in plan --out out --to alice.p12",
        "timestamp verify --token plan --in plan --trust alice.p12",
    ] {
        desk.names(2, words, &["alice.p12: ", "PKCS#12"]);
    }
}

/// Of several signers and recipients the one is named that can't.
#[test]
fn a_key_that_can_not_do_it_is_named() {
    let desk = Desk::new();
    desk.identity("weak", "rsa:1024");
    desk.identity("ed", "ed25519");
    desk.write("mixed.pem", &[desk.read("alice.crt"), desk.read("bob.key")].concat());
    desk.names(
        2,
        "smime sign --in plan --out out --signer alice.pem --signer mixed.pem",
        &["countersign: mixed.pem: ", "certificate"],
    );
    desk.names(2, "smime sign --in plan --out out --signer weak.pem", &["weak.pem: ", "2048 bits"]);
    for file in ["ed.crt", "weak.crt"] {
        desk.names(
            2,
            &format!("smime encrypt --in plan --out out --to bob.crt --to {file}"),
            &[file, "encrypt"],
        );
    }
    desk.names(
        2,
        "smime sign --in plan --out out --signer alice.pem:",
        &["alice.pem:: there is no such file"],
    );
    desk.names(
        2,
        "smime verify --in - --content - --trust alice.crt",
        &["--in", "--content", "standard input"],
    );
}

/// Without `--verify` nothing is judged: whoever says against what must not believe that it was.
#[test]
fn trust_without_verify_is_refused_and_not_ignored() {
    let desk = Desk::new();
    desk.openssl("cms -encrypt -in plan -outform DER -binary -aes256 -out closed bob.crt");
    for option in [
        "--trust alice.crt",
        "--untrusted alice.crt",
        "--crl junk",
        "--ocsp junk",
        "--default-roots",
        "--from alice@example.org",
        "--at 2026-01-01T00:00:00Z",
    ] {
        desk.names(2, &format!("smime decrypt --in closed --out out --key bob.pem {option}"), &["--verify"]);
    }
}

/// A message of the wrong kind comes with the command that reads it.
#[test]
fn a_message_of_another_kind_says_which_command_reads_it() {
    let desk = Desk::new();
    desk.openssl("cms -sign -in plan -signer alice.pem -outform DER -binary -nodetach -out signed");
    desk.openssl("cms -encrypt -in plan -outform DER -binary -aes256 -out closed bob.crt");
    desk.names(2, "smime decrypt --in signed --out out --key bob.pem", &["signed: ", "smime verify"]);
    desk.names(2, "smime verify --in closed --out out --trust alice.crt", &["closed: ", "smime decrypt"]);
}

#[test]
fn a_command_line_that_can_not_be_read_is_one_sentence() {
    let desk = Desk::new();
    let long: &[(&str, &[&str])] = &[
        ("chain", &["<LEAF>", "--help"]),
        ("smime sign --in plan", &["--out <F>", "--signer", "countersign smime sign --help"]),
        ("inspect plan --require nothing", &["--require", "signed, encrypted, valid"]),
        ("mail lst", &["'lst'", "'list'", "countersign mail --help"]),
        ("chain plan --require-status --allow-unknown", &["--require-status", "--allow-unknown"]),
    ];
    for (words, parts) in long {
        desk.names(2, words, parts);
        let said = desk.countersign(words, "--json");
        let record: Value = serde_json::from_slice(&said.stderr).unwrap();
        assert_eq!((said.code, &record["error"]["code"]), (Some(2), &Value::from("wrong_use")));
        let message = record["error"]["message"].as_str().unwrap();
        assert!(message.contains(parts[0]), "{message}");
    }
    // Whoever says nothing, or asks for help, gets help.
    assert!(desk.countersign("", "").err().contains("Usage: "));
    assert_eq!(desk.countersign("chain", "--help").code, Some(0));
}

/// What was asked to be stamped or attached is never overwritten by the answer.
#[test]
fn a_timestamp_does_not_overwrite_what_it_stamps() {
    let desk = Desk::new();
    let same = "timestamp stamp --in plan --out ./plan --url http://127.0.0.1:1/";
    desk.names(2, same, &["./plan: ", "same file"]);
    assert_eq!(desk.read("plan"), b"the plan");
    desk.names(
        2,
        "timestamp stamp --in plan --out no/out --url http://127.0.0.1:1/",
        &["no/out: ", "no such folder"],
    );
    for url in ["http://", "https://:80/", "tsa.example.org", "file:///etc/passwd"] {
        desk.names(2, &format!("timestamp stamp --in plan --out out --url {url}"), &["web address"]);
    }
}

/// What a script learns does not depend on how much of the output it reads.
#[test]
fn nobody_who_reads_does_not_make_it_hold() {
    let desk = Desk::new();
    let unread = |words: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = Command::new(env!("CARGO_BIN_EXE_countersign"));
        program.args(words.split_whitespace()).current_dir(desk.here()).stdout(writer).stderr(Stdio::null());
        program.status().unwrap().code()
    };
    assert_eq!(unread("chain alice.crt"), Some(1));
    assert_eq!(unread("chain alice.crt --json"), Some(1));
    assert_eq!(unread("chain alice.crt --trust alice.crt"), Some(0));
    let mut full = Command::new(env!("CARGO_BIN_EXE_countersign"));
    full.args(["cert", "alice.crt"]).current_dir(desk.here());
    let said = full.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).output().unwrap();
    assert_eq!(said.status.code(), Some(2));
    let sentence = String::from_utf8(said.stderr).unwrap();
    assert!(sentence.contains("standard output: the disk is full"), "{sentence}");
}

/// An account without `--imap` and `--smtp`: nothing is asked of anybody that the user did not allow, nothing is left behind.
#[test]
fn servers_that_were_found_are_shown_and_not_used_without_a_word() {
    let desk = Desk::new();
    let add =
        |rest: &str| format!("account add {rest} --password-file plan --passphrase-file plan --home out");
    desk.names(
        2,
        &add("alice@gmail.com"),
        &["--yes", "--imap tls://imap.gmail.com:993 --smtp tls://smtp.gmail.com:465"],
    );
    desk.names(
        2,
        &add("1@qq.com --imap imap.qq.com"),
        &["--imap tls://imap.qq.com:993 --smtp tls://smtp.qq.com:465"],
    );
    desk.names(3, &add("alice@example.org --offline"), &["working offline"]);
    desk.names(3, &add("root@localhost --yes"), &["no mail servers of localhost", "--imap", "--smtp"]);
    desk.names(2, &add("alice@gmail.com --imap a/b"), &["a/b"]);
    let shown = desk.countersign("", &add("1@qq.com"));
    for word in ["imap.qq.com:993 (TLS)", "授权码", "https://mail.qq.com/"] {
        assert!(shown.out().contains(word), "{}", shown.out());
    }
}
