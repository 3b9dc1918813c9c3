//! `countersign mime`: the part tree of a mail, from a file or standard input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use serde_json::{Value, json};
use xtask::run::{Said, call};

const MAIL: &str = "Subject: Minutes\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
    --m\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n\
    --m\r\nContent-Type: application/pdf; name=\"../a\u{202e}fdp.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGk*=\r\n\
    --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nhello\r\n\
    --m\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQpoZWxsbw==\r\n\
    --m--\r\n";

fn mime(arguments: &[&str], stdin: &[u8]) -> Said {
    call(env!("CARGO_BIN_EXE_countersign")).arg("mime").args(arguments).input(stdin).run().unwrap()
}

/// Hashes by `printf … | sha256sum`.
fn expected() -> Value {
    let hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let hi = "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4";
    let greetings = "f83e039796c6453a10f5519e39fd113901572316a1a8ea07cb525d2801dfd074";
    let leaf = |kind: &str, charset: Option<&str>, size: usize, sha256: &str| json!({"type": kind, "charset": charset, "name": null, "size": size, "sha256": sha256, "parts": [], "defects": []});
    let node = |kind: &str, parts: Value, defects: Value| json!({"type": kind, "charset": null, "name": null, "size": 0, "sha256": null, "parts": parts, "defects": defects});
    let mut pdf = leaf("application/pdf", None, 2, hi);
    pdf["name"] = "afdp.exe".into();
    pdf["defects"] = json!(["bad_base64"]);
    let inner = leaf("text/plain", None, 5, hello);
    node(
        "multipart/mixed",
        json!([
            leaf("text/plain", Some("UTF-8"), 7, greetings),
            pdf,
            node("message/rfc822", json!([inner]), json!([])),
            node("message/rfc822", json!([inner]), json!(["encoded_composite"])),
        ]),
        json!([]),
    )
}

#[test]
fn the_tree_is_printed_as_the_design_says() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mail.eml");
    std::fs::write(&file, MAIL).unwrap();
    let from_file = mime(&[file.to_str().unwrap(), "--json"], b"");
    let from_stdin = mime(&["-", "--json"], MAIL.as_bytes());
    for said in [from_file, from_stdin] {
        assert_eq!(said.code, Some(0));
        assert_eq!(serde_json::from_slice::<Value>(&said.stdout).unwrap(), expected());
    }
}

#[test]
fn a_person_reads_a_tree() {
    let said = mime(&["-"], MAIL.as_bytes());
    let text = String::from_utf8(said.stdout).unwrap();
    let short: Vec<String> = text
        .lines()
        .map(|line| line.split_once("  sha256:").map_or(line, |(before, _)| before).to_owned())
        .collect();
    let expected = [
        "multipart/mixed",
        "├─ text/plain  UTF-8  7 bytes",
        "├─ application/pdf  \"afdp.exe\"  2 bytes",
        "│     defects: bad_base64",
        "├─ message/rfc822",
        "│  └─ text/plain  5 bytes",
        "└─ message/rfc822",
        "   │  defects: encoded_composite",
        "   └─ text/plain  5 bytes",
    ];
    assert_eq!(short, expected);
}

#[test]
fn what_can_not_be_read_is_one_sentence_that_names_the_limit() {
    let many = "Content-Type: multipart/mixed; boundary=b\r\n\r\n".to_owned() + &"--b\r\n\r\n".repeat(2001);
    let long = format!("X: {}\r\n\r\n", "y".repeat(300_000));
    for (mail, limit) in [(many, "2000 parts"), (long, "256 KiB in a header section")] {
        let said = mime(&["-", "--json"], mail.as_bytes());
        assert_eq!(said.code, Some(2));
        let error: Value = serde_json::from_slice(&said.stderr).unwrap();
        assert_eq!(error["error"]["code"], "unreadable_input");
        assert!(error["error"]["message"].as_str().unwrap().ends_with(limit), "{error}");
        let said = mime(&["-"], mail.as_bytes());
        assert_eq!(String::from_utf8_lossy(&said.stderr).lines().count(), 1);
    }
    let said = mime(&["no/such/file", "--json"], b"");
    assert_eq!(said.code, Some(2));
    assert!(String::from_utf8_lossy(&said.stderr).contains("unreadable_input"));
    let nothing = mime(&["-", "--json"], b"");
    assert_eq!(nothing.code, Some(0), "an empty mail is a mail");
}
