//! `countersign smime` with files, against `openssl cms`; nothing is written before it was checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};

use common::folder::{Folder, P256};
use xtask::run::{Said, call};

/// A folder with alice, who signs, and bob and carol, who read; everybody under their own certificate.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        for person in ["alice", "bob", "carol"] {
            desk.identity(person, P256);
        }
        desk
    }

    /// Runs `countersign smime`.
    fn smime(&self, arguments: &[&str]) -> Said {
        self.countersign("smime", arguments)
    }

    fn ok(&self, arguments: &[&str]) -> Said {
        self.smime(arguments).ok().unwrap()
    }

    /// Must end with this exit code and leave no output.
    fn refused(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.smime(arguments);
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.err());
        assert!(!self.path("out").exists(), "{arguments:?} left an output");
        said
    }
}

const DECRYPT: &[&str] = &["decrypt", "--out", "out", "--key", "bob.pem", "--in"];
const VERIFY: &[&str] = &["verify", "--out", "out", "--trust", "alice.crt", "--in"];
const OPEN: &[&str] =
    &["decrypt", "--out", "out", "--key", "bob.pem", "--verify", "--trust", "alice.crt", "--in"];

fn with<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

fn content() -> Vec<u8> {
    (0..200_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

const FORMS: [(&str, &str); 3] = [("der", "DER"), ("pem", "PEM"), ("mime", "SMIME")];

#[test]
fn openssl_reads_every_form() {
    let desk = Desk::new();
    desk.write("content", &content());
    for (form, theirs) in FORMS {
        for cipher in ["aes-256-gcm", "aes-128-gcm", "aes-256-cbc", "aes-128-cbc"] {
            let encrypt =
                ["encrypt", "--in", "content", "--out", "message", "--to", "bob.crt", "--to", "carol.crt"];
            desk.ok(&with(&encrypt, &["--form", form, "--cipher", cipher]));
            for reader in ["bob", "carol"] {
                let (certificate, key) = (format!("{reader}.crt"), format!("{reader}.key"));
                let decrypt = ["cms", "-decrypt", "-binary", "-in", "message", "-inform", theirs];
                let output = desk.openssl(&with(&decrypt, &["-recip", &certificate, "-inkey", &key]));
                assert!(output == content(), "{form} {cipher} {reader}");
            }
        }
        desk.ok(&["sign", "--in", "content", "--out", "signed", "--signer", "alice.pem", "--form", form]);
        let verify =
            ["cms", "-verify", "-binary", "-in", "signed", "-inform", theirs, "-CAfile", "alice.crt"];
        assert!(desk.openssl(&verify) == content(), "{form}");
        // Lines end as they like on the disk; in MIME they are canonical.
        desk.write("text", b"one\ntwo\r\n");
        let sign = ["sign", "--in", "text", "--out", "signature", "--signer", "alice.pem", "--detached"];
        desk.ok(&with(&sign, &["--form", form]));
        let verify =
            ["cms", "-verify", "-binary", "-in", "signature", "-inform", theirs, "-CAfile", "alice.crt"];
        if form == "mime" {
            // With -binary OpenSSL hashes the lines as its own reader of MIME left them.
            let verify: Vec<&str> = verify.into_iter().filter(|word| *word != "-binary").collect();
            assert_eq!(desk.openssl(&verify), b"one\r\ntwo\r\n");
            desk.ok(&with(VERIFY, &["signature"]));
            assert_eq!(desk.read("out"), b"one\r\ntwo\r\n");
        } else {
            assert_eq!(desk.openssl(&with(&verify, &["-content", "text"])), b"one\ntwo\r\n");
            desk.ok(&["verify", "--in", "signature", "--content", "text", "--trust", "alice.crt"]);
            let other = ["verify", "--in", "signature", "--content", "alice.crt", "--trust", "alice.crt"];
            assert_eq!(desk.smime(&other).code, Some(1));
        }
        // Signed and encrypted in one call, opened in one call.
        let encrypt =
            ["encrypt", "--in", "content", "--out", "message", "--to", "bob.crt", "--signer", "alice.pem"];
        desk.ok(&with(&encrypt, &["--form", form]));
        let decrypt =
            ["cms", "-decrypt", "-binary", "-in", "message", "-inform", theirs, "-recip", "bob.crt"];
        desk.openssl(&with(&decrypt, &["-inkey", "bob.key", "-out", "inner"]));
        let inner = if form == "mime" { "SMIME" } else { "DER" };
        let verify = ["cms", "-verify", "-binary", "-in", "inner", "-inform", inner, "-CAfile", "alice.crt"];
        assert!(desk.openssl(&verify) == content(), "{form}");
        desk.ok(&with(OPEN, &["message"]));
        assert!(desk.read("out") == content(), "{form}");
    }
}

#[test]
fn every_form_of_openssl_is_read() {
    let desk = Desk::new();
    desk.identity("bob_rsa", "rsa:2048");
    desk.write("content", &content());
    for (_, theirs) in FORMS {
        for stream in [&[][..], &["-stream"]] {
            for (reader, cipher) in [
                ("bob", "-aes-256-gcm"),
                ("bob", "-aes-256-cbc"),
                ("bob_rsa", "-aes-128-gcm"),
                ("bob_rsa", "-des3"),
            ] {
                let (certificate, key) = (format!("{reader}.crt"), format!("{reader}.pem"));
                let encrypt =
                    ["cms", "-encrypt", "-binary", "-in", "content", "-out", "message", "-outform", theirs];
                desk.openssl(&with(&with(&encrypt, stream), &[cipher, &certificate]));
                let said = desk.ok(&["decrypt", "--in", "message", "--out", "out", "--key", &key, "--json"]);
                assert!(desk.read("out") == content(), "{theirs} {stream:?} {cipher}");
                let report: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
                assert_eq!(report["integrity"], cipher.ends_with("gcm"));
                assert_eq!(report["weak"], cipher == "-des3");
                assert_eq!(report["octets"], content().len());
                assert_eq!(said.err().contains("does not tell whether"), !cipher.ends_with("gcm"));
            }
            let sign = [
                "cms",
                "-sign",
                "-binary",
                "-nodetach",
                "-in",
                "content",
                "-out",
                "signed",
                "-outform",
                theirs,
            ];
            desk.openssl(&with(&with(&sign, stream), &["-signer", "alice.crt", "-inkey", "alice.key"]));
            desk.ok(&with(VERIFY, &["signed", "--from", "alice@example.org"]));
            assert!(desk.read("out") == content(), "{theirs} {stream:?}");
        }
    }
    // A text in multipart/signed, lines with LF on the disk.
    desk.write("text", b"one\ntwo\n");
    let sign = [
        "cms",
        "-sign",
        "-text",
        "-in",
        "text",
        "-out",
        "signed",
        "-signer",
        "alice.crt",
        "-inkey",
        "alice.key",
    ];
    desk.openssl(&sign);
    desk.ok(&with(VERIFY, &["signed"]));
    assert_eq!(desk.read("out"), b"Content-Type: text/plain\r\n\r\none\r\ntwo\r\n");
    fs::remove_file(desk.path("out")).unwrap();
    let forged = String::from_utf8(desk.read("signed")).unwrap().replace("two", "six");
    desk.write("forged", forged.as_bytes());
    desk.refused(1, &with(VERIFY, &["forged"]));
}

/// RFC 8551 section 3.1.1 wants CRLF in what is signed; with -binary OpenSSL signs the lines as they are.
#[test]
fn lines_that_were_signed_as_they_are_verify_as_they_are() {
    let desk = Desk::new();
    let entity = b"Content-Type: text/plain\n\none\ntwo\n";
    desk.write("text", entity);
    desk.openssl(&with(
        &["smime", "-sign", "-binary", "-in", "text", "-out", "signed"],
        &["-signer", "alice.crt", "-inkey", "alice.key"],
    ));
    let signed = desk.read("signed");
    assert!(!signed.contains(&b'\r'), "it comes with LF");
    desk.ok(&with(VERIFY, &["signed"]));
    assert_eq!(desk.read("out"), entity);
    fs::remove_file(desk.path("out")).unwrap();
    // The same mail after a relay: what was signed is not there any more.
    let relayed = String::from_utf8(signed.clone()).unwrap().replace('\n', "\r\n");
    desk.write("relayed", relayed.as_bytes());
    let said = desk.refused(1, &with(VERIFY, &["relayed"]));
    assert!(said.err().contains("digest_mismatch"), "{}", said.err());
    let forged = String::from_utf8(signed.clone()).unwrap().replace("two", "six");
    desk.write("forged", forged.as_bytes());
    desk.refused(1, &with(VERIFY, &["forged"]));
    // And the canonical form, which came with LF too.
    desk.openssl(&with(
        &["smime", "-sign", "-in", "text", "-out", "canonical"],
        &["-signer", "alice.crt", "-inkey", "alice.key"],
    ));
    desk.ok(&with(VERIFY, &["canonical"]));
    assert_eq!(desk.read("out"), b"Content-Type: text/plain\r\n\r\none\r\ntwo\r\n");
    // Encrypted, and opened in one call.
    fs::remove_file(desk.path("out")).unwrap();
    desk.openssl(&[
        "cms",
        "-encrypt",
        "-binary",
        "-aes-256-cbc",
        "-in",
        "signed",
        "-out",
        "message",
        "bob.crt",
    ]);
    desk.ok(&with(OPEN, &["message"]));
    assert_eq!(desk.read("out"), entity);
    // A mail is judged the same way.
    desk.write("mail", &[b"From: alice@example.org\n".as_slice(), &signed].concat());
    let said = call(env!("CARGO_BIN_EXE_countersign"))
        .args(["inspect", "mail", "--trust", "alice.crt", "--require", "valid"])
        .within(desk.here())
        .run()
        .unwrap();
    assert_eq!(said.code, Some(0), "{}", said.err());
}

/// Copies a message with one octet changed, `from_end` octets before its end.
fn flipped(desk: &Desk, message: &str, from_end: i64) {
    fs::copy(desk.path(message), desk.path("flipped")).unwrap();
    let mut file = OpenOptions::new().read(true).write(true).open(desk.path("flipped")).unwrap();
    let mut octet = [0];
    file.seek(SeekFrom::End(-from_end)).unwrap();
    file.read_exact(&mut octet).unwrap();
    file.seek(SeekFrom::End(-from_end)).unwrap();
    file.write_all(&[octet[0] ^ 1]).unwrap();
}

fn truncated(desk: &Desk, message: &str, missing: u64) {
    fs::copy(desk.path(message), desk.path("truncated")).unwrap();
    let file = OpenOptions::new().write(true).open(desk.path("truncated")).unwrap();
    file.set_len(file.metadata().unwrap().len() - missing).unwrap();
}

/// The promise of the design: 100 MB, and not one octet comes out before the check.
#[test]
fn a_truncated_or_changed_message_of_100_mb_leaves_no_output() {
    let desk = Desk::new();
    let piece = content();
    let mut file = fs::File::create(desk.path("content")).unwrap();
    for _ in 0..500 {
        file.write_all(&piece).unwrap();
    }
    drop(file);
    desk.ok(&["encrypt", "--in", "content", "--out", "gcm", "--to", "bob.crt"]);
    for damage in [1, 17, 50_000_000] {
        // The tag is the last 16 octets.
        flipped(&desk, "gcm", damage);
        desk.refused(1, &with(DECRYPT, &["flipped"]));
        truncated(&desk, "gcm", u64::try_from(damage).unwrap());
        desk.refused(1, &with(DECRYPT, &["truncated"]));
    }
    // In CBC the signature inside is what tells.
    let encrypt = ["encrypt", "--in", "content", "--out", "cbc", "--to", "bob.crt", "--signer", "alice.pem"];
    desk.ok(&with(&encrypt, &["--cipher", "aes-256-cbc"]));
    let mut answers = Vec::new();
    // The answers differ in nothing but the name of the file.
    let answer = |name: &str| desk.refused(1, &with(OPEN, &[name])).err().replace(&format!("{name}: "), "");
    // In the last block of the padding, in the block before it, in the middle.
    for damage in [12, 28, 50_000_000] {
        flipped(&desk, "cbc", damage);
        answers.push(answer("flipped"));
        truncated(&desk, "cbc", u64::try_from(damage).unwrap());
        answers.push(answer("truncated"));
    }
    // Only the change in the middle leaves a signed message, whose signature is wrong; all else has one answer.
    let signature = answers.remove(4);
    assert!(signature.contains("digest_mismatch"), "{signature}");
    assert!(answers.iter().all(|answer| answer.contains("can't be decrypted") && *answer == answers[0]));
    // An output that is there already stays as it is.
    desk.write("kept", b"what was there");
    flipped(&desk, "gcm", 1);
    desk.smime(&["decrypt", "--out", "kept", "--key", "bob.pem", "--in", "flipped"]);
    assert!(desk.read("kept") == b"what was there");
    // And the message as it was.
    desk.ok(&with(DECRYPT, &["gcm"]));
    assert_eq!(fs::metadata(desk.path("out")).unwrap().len(), 100_000_000);
}

#[test]
fn what_does_not_hold_is_named_and_writes_nothing() {
    let desk = Desk::new();
    desk.write("content", b"hello");
    desk.ok(&["encrypt", "--in", "content", "--out", "message", "--to", "bob.crt"]);
    desk.ok(&["sign", "--in", "content", "--out", "signed", "--signer", "alice.pem"]);
    let said = desk.refused(4, &["decrypt", "--in", "message", "--out", "out", "--key", "carol.pem"]);
    assert!(said.err().contains("other keys"));
    // Another's key beside bob's certificate is not made bob's by it.
    desk.write("mallory.pem", &[desk.read("bob.crt"), desk.read("carol.key")].concat());
    desk.refused(4, &["decrypt", "--in", "message", "--out", "out", "--key", "mallory.pem"]);
    desk.refused(2, &with(DECRYPT, &["signed"]));
    desk.refused(2, &with(DECRYPT, &["content"]));
    desk.refused(2, &with(VERIFY, &["message"]));
    desk.refused(2, &with(VERIFY, &["no_such_file"]));
    // The encrypted content is no signed message.
    desk.refused(2, &with(OPEN, &["message"]));
    // Nobody is trusted, another one is, or another address is asked for.
    desk.refused(1, &["verify", "--in", "signed", "--out", "out"]);
    let said = desk.refused(1, &["verify", "--in", "signed", "--out", "out", "--trust", "bob.crt", "--json"]);
    assert!(said.err().contains("no_trusted_path"), "{}", said.err());
    desk.refused(1, &with(VERIFY, &["signed", "--from", "bob@example.org"]));
    desk.refused(1, &with(VERIFY, &["signed", "--at", "2001-01-01T00:00:00Z"]));
    // Without an output the verdict alone is asked for.
    desk.ok(&["verify", "--in", "signed", "--trust", "alice.crt"]);
    assert!(!desk.path("out").exists());
    // Input as output would be lost.
    desk.refused(2, &["decrypt", "--in", "message", "--out", "message", "--key", "bob.pem"]);
    desk.ok(&with(DECRYPT, &["message"]));
    assert_eq!(desk.read("out"), b"hello");
    desk.write("bare.pem", &desk.read("alice.key"));
    let said = desk.smime(&["sign", "--in", "content", "--out", "none", "--signer", "bare.pem"]);
    assert_eq!((said.code, desk.path("none").exists()), (Some(2), false), "{}", said.err());
}

#[test]
fn standard_input_and_output_work_in_pipes() {
    let desk = Desk::new();
    let program = || call(env!("CARGO_BIN_EXE_countersign")).arg("smime").within(desk.here());
    let encrypt = ["encrypt", "--in", "-", "--out", "-", "--to", "bob.crt", "--signer", "alice.pem"];
    let message = program().args(encrypt).input(content()).ok().unwrap().stdout;
    let open = ["decrypt", "--in", "-", "--out", "-", "--key", "bob.pem", "--verify", "--trust", "alice.crt"];
    let said = program().args(open).input(message.clone()).ok().unwrap();
    assert!(said.stdout == content());
    let mut broken = message;
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    let said = program().args(open).input(broken).run().unwrap();
    assert_eq!((said.code, said.stdout.len()), (Some(1), 0));
}

#[test]
fn several_signers_sign_one_file() {
    let desk = Desk::new();
    desk.identity("dave", "rsa:2048");
    desk.identity("erin", "ec -pkeyopt ec_paramgen_curve:P-521");
    desk.write("content", &content());
    let anchors = ["alice.crt", "dave.crt", "erin.crt"].map(|name| desk.read(name)).concat();
    desk.write("anchors", &anchors);
    let signers =
        ["--signer", "alice.pem", "--signer", "dave.pem", "--signer", "erin.pem", "--digest", "sha512"];
    let trust = ["--trust", "alice.crt", "--trust", "dave.crt", "--trust", "erin.crt"];
    for (form, theirs) in FORMS {
        for pss in [&[][..], &["--pss"]] {
            let sign = ["sign", "--in", "content", "--out", "signed", "--form", form];
            desk.ok(&[&sign[..], &signers, pss].concat());
            let verify =
                ["cms", "-verify", "-binary", "-in", "signed", "-inform", theirs, "-CAfile", "anchors"];
            assert!(desk.openssl(&verify) == content(), "{form} {pss:?}");
            let said = desk.ok(&[&["verify", "--in", "signed", "--out", "out"][..], &trust].concat());
            let algorithm = if pss.is_empty() { "rsa-pkcs1-sha512" } else { "rsa-pss-sha512" };
            for name in ["ecdsa-p256-sha256", "ecdsa-p521-sha512", algorithm] {
                assert!(said.out().contains(name), "{name} in {}", said.out());
            }
            assert!(desk.read("out") == content());
        }
    }
    // Beside the content, with all digests named.
    desk.write("text", b"one\r\ntwo\r\n");
    let sign = ["sign", "--in", "text", "--out", "signed", "--form", "mime", "--detached"];
    desk.ok(&[&sign[..], &signers].concat());
    let head = String::from_utf8(desk.read("signed")).unwrap();
    assert!(head.contains("micalg=\"sha-256,sha-512\""), "{head}");
    assert_eq!(
        desk.openssl(&["cms", "-verify", "-in", "signed", "-inform", "SMIME", "-CAfile", "anchors"]),
        b"one\r\ntwo\r\n"
    );
    desk.ok(&[&["verify", "--in", "signed"][..], &trust].concat());
    // One signer without trust, or one forged content: nothing comes out.
    fs::remove_file(desk.path("out")).unwrap();
    desk.refused(1, &[&["verify", "--in", "signed", "--out", "out"][..], &trust[..4]].concat());
    // What OpenSSL signs with several keys is read as well.
    let theirs =
        ["cms", "-sign", "-binary", "-nodetach", "-in", "content", "-outform", "DER", "-out", "theirs"];
    desk.openssl(&[&theirs[..], &["-signer", "alice.pem", "-signer", "dave.pem"]].concat());
    desk.ok(&[&["verify", "--in", "theirs", "--out", "out"][..], &trust].concat());
    assert!(desk.read("out") == content());
    fs::remove_file(desk.path("out")).unwrap();
    // A digest that no key goes with.
    let sign = ["sign", "--in", "content", "--out", "out", "--signer", "alice.pem"];
    for wrong in [&["--digest", "sha512"][..], &["--pss"]] {
        desk.refused(2, &with(&sign, wrong));
    }
    desk.refused(2, &sign[..5]);
}

#[test]
fn a_file_goes_to_recipients_of_every_kind_at_once() {
    let desk = Desk::new();
    desk.identity("dave", "rsa:2048");
    desk.identity("erin", "ec -pkeyopt ec_paramgen_curve:P-384");
    desk.identity("frank", "ec -pkeyopt ec_paramgen_curve:P-521");
    desk.write("content", &content());
    let to = ["bob", "dave", "erin", "frank"].map(|name| ["--to".to_owned(), format!("{name}.crt")]).concat();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    for (form, theirs) in FORMS {
        for options in [&[][..], &["--rsa", "pkcs1", "--cipher", "aes-256-cbc"]] {
            let encrypt = ["encrypt", "--in", "content", "--out", "message", "--form", form];
            desk.ok(&[&encrypt[..], &to, options].concat());
            for reader in ["bob", "dave", "erin", "frank"] {
                let (certificate, key) = (format!("{reader}.crt"), format!("{reader}.key"));
                let decrypt = ["cms", "-decrypt", "-binary", "-in", "message", "-inform", theirs];
                let output = desk.openssl(&with(&decrypt, &["-recip", &certificate, "-inkey", &key]));
                assert!(output == content(), "{form} {reader}");
                let key = format!("{reader}.pem");
                desk.ok(&["decrypt", "--in", "message", "--out", "out", "--key", &key]);
                assert!(desk.read("out") == content());
            }
        }
    }
    // Everybody is encrypted to, or nobody.
    fs::remove_file(desk.path("out")).unwrap();
    desk.identity("mallory", "rsa:1024");
    desk.refused(
        2,
        &[&["encrypt", "--in", "content", "--out", "out", "--to", "mallory.crt"][..], &to].concat(),
    );
}
