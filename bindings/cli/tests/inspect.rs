//! `countersign inspect` with mails and CMS messages made by OpenSSL: what is judged, what is refused, what `--require`
//! and the words for people say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::folder::{Folder, P256};
use serde_json::{Value, json};
use xtask::run::{Said, call};

const ENTITY: &[u8] = b"Content-Type: text/plain\r\n\r\nHello\r\n";

/// Alice, who signs, and bob, who reads; each under a certificate of their own.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        for person in ["alice", "bob"] {
            desk.identity(
                person,
                &format!("{P256} -addext authorityInfoAccess=OCSP;URI:http://ocsp.example.org"),
            );
        }
        desk.write("entity", ENTITY);
        desk
    }

    /// A mail from `from` to bob around an S/MIME entity.
    fn mail(&self, name: &str, from: &str, entity: &[u8]) {
        let head = format!("From: {from}\nTo: bob@example.org\nSubject: Offer\n");
        self.write(name, &[head.as_bytes(), entity].concat());
    }

    fn run(&self, words: &str) -> Said {
        self.countersign("inspect", words)
    }

    fn json(&self, words: &str) -> Value {
        let said = self.run(&format!("--json {words}"));
        assert_eq!(said.code, Some(0), "{words}: {}", said.err());
        serde_json::from_slice(&said.stdout).unwrap()
    }

    /// Exit code 2, and one sentence with `part` in it, also as JSON.
    fn refused(&self, words: &str, part: &str) {
        let said = self.run(words);
        let sentence = said.err();
        assert_eq!((said.code, said.out().as_str()), (Some(2), ""), "{words}: {sentence}");
        assert!(sentence.contains(part) && sentence.trim_end().lines().count() == 1, "{words}: {sentence}");
        let said = self.run(&format!("--json {words}"));
        let error: Value =
            serde_json::from_str(&said.err()).unwrap_or_else(|_| panic!("{words}: {}", said.err()));
        assert!(error["error"]["message"].as_str().unwrap().contains(part), "{words}: {error}");
    }
}

#[test]
fn a_bare_cms_message_is_judged_and_nobody_is_its_sender() {
    let desk = Desk::new();
    let signer = "-signer alice.crt -inkey alice.key";
    desk.openssl(&format!("cms -sign -binary -nodetach -in entity -outform DER -out signed.der {signer}"));
    desk.openssl(&format!("cms -sign -binary -nodetach -in entity -outform PEM -out signed.pem {signer}"));
    desk.openssl(&format!("smime -sign -binary -nodetach -in entity -outform PEM -out signed.p7 {signer}"));
    desk.openssl(&format!("cms -sign -stream -nodetach -in entity -outform DER -out stream.der {signer}"));
    assert!(desk.read("signed.p7").starts_with(b"-----BEGIN PKCS7-----"));
    for file in ["signed.der", "signed.pem", "signed.p7", "stream.der"] {
        let verdict = desk.json(&format!("{file} --trust alice.crt"));
        assert_eq!(verdict["summary"], "signed", "{file}: {verdict}");
        assert_eq!(verdict["headers"]["from"], json!([]), "{file}");
        // Everything holds but the address: nobody claims one.
        assert_eq!(verdict["signature"]["state"], "invalid", "{file}");
        assert_eq!(verdict["signature"]["reasons"], json!(["address_mismatch"]), "{file}");
        assert_eq!(verdict["signature"]["signers"][0]["emails"], json!(["alice@example.org"]), "{file}");
        assert_eq!(verdict["signature"]["signers"][0]["address_matches"], false, "{file}");
        assert!(verdict["warnings"].as_array().unwrap().contains(&json!("from_missing")), "{file}");
        assert_eq!(verdict["parts"][0]["credit"], "none", "{file}");
        assert_eq!(desk.run(&format!("{file} --trust alice.crt --require valid")).code, Some(1), "{file}");
    }
    for (form, file) in [("DER", "encrypted.der"), ("PEM", "encrypted.pem")] {
        desk.openssl(&format!(
            "cms -encrypt -aes-256-gcm -in signed.der -binary -outform {form} -out {file} bob.crt"
        ));
        let closed = desk.json(file);
        assert_eq!(closed["encryption"]["state"], "no_key", "{file}: {closed}");
        assert_eq!(closed["parts"][0]["credit"], "none", "{file}");
        let open = desk.json(&format!("{file} --key bob.pem"));
        assert_eq!(open["encryption"]["state"], "decrypted", "{file}: {open}");
        assert_eq!(open["encryption"]["content"], "aes-256-gcm", "{file}");
        assert_eq!(open["signature"]["state"], "none", "DER inside is no mail: {file}");
    }
    // Standard input.
    let said = call(env!("CARGO_BIN_EXE_countersign")).args(["inspect", "-", "--json"]);
    let said = said.input(desk.read("signed.der")).ok().unwrap();
    let verdict: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(verdict["signature"]["reasons"], json!(["no_trusted_path", "address_mismatch"]));
}

/// A key beside other people's certificates does not make their addresses the reader's.
#[test]
fn a_key_makes_only_the_addresses_of_its_own_certificate_the_readers() {
    let desk = Desk::new();
    let entity = "Content-Type: text/plain\r\nFrom: alice@example.org\r\nTo: carol@example.org\r\nSubject: Offer\r\n\r\nHello\r\n";
    desk.write("entity", entity.replacen("text/plain", "text/plain; hp=\"cipher\"", 1).as_bytes());
    desk.openssl("cms -encrypt -aes-256-cbc -in entity -outform SMIME -out sealed bob.crt");
    let head = b"From: alice@example.org\nTo: bob@example.org\nSubject: [...]\n";
    desk.write("mail.eml", &[head.as_slice(), &desk.read("sealed")].concat());
    desk.openssl(
        "req -x509 -nodes -days 3650 -subj /CN=carol -addext subjectAltName=email:carol@example.org -newkey ec -pkeyopt \
         ec_paramgen_curve:P-256 -keyout carol.key -out carol.crt",
    );
    desk.write("mixed.pem", &[desk.read("carol.crt"), desk.read("bob.crt"), desk.read("bob.key")].concat());
    for keys in ["--key bob.pem", "--key mixed.pem"] {
        let verdict = desk.json(&format!("mail.eml {keys}"));
        assert_eq!(verdict["encryption"]["state"], "decrypted", "{keys}: {verdict}");
        let warnings = verdict["warnings"].as_array().unwrap();
        assert!(warnings.contains(&json!("not_addressed_to_you")), "{keys}: {verdict}");
    }
    // Only carol's certificate beside bob's key: neither hers nor a reader of his.
    desk.write("foreign.pem", &[desk.read("carol.crt"), desk.read("bob.key")].concat());
    let verdict = desk.json("mail.eml --key bob.pem --key foreign.pem");
    let warnings = verdict["warnings"].as_array().unwrap();
    assert!(warnings.contains(&json!("not_addressed_to_you")), "{verdict}");
}

#[test]
fn a_key_file_without_a_mac_is_named() {
    let desk = Desk::new();
    desk.mail("mail.eml", "alice@example.org", &[b"Content-Type: text/plain\n\n", ENTITY].concat());
    let export = "pkcs12 -export -in bob.crt -inkey bob.key -passout pass:";
    desk.openssl(&format!("{export} -out with.p12"));
    desk.openssl(&format!("{export} -nomac -out without.p12"));
    for options in ["", "--json"] {
        let said = desk.run(&format!("mail.eml --key with.p12 {options}"));
        assert_eq!((said.code, said.err().as_str()), (Some(0), ""));
        let said = desk.run(&format!("mail.eml --key without.p12 {options}"));
        assert_eq!(said.code, Some(0), "{}", said.err());
        assert!(said.err().contains("without.p12 has no MAC"), "{}", said.err());
    }
}

#[test]
fn what_is_no_mail_is_refused_in_one_sentence() {
    let desk = Desk::new();
    let sign = "cms -sign -binary -in entity -signer alice.crt -inkey alice.key -outform";
    desk.openssl(&format!("{sign} DER -out detached.der"));
    desk.openssl(&format!("{sign} PEM -out detached.pem"));
    desk.openssl("cms -sign -binary -nodetach -in entity -signer alice.crt -inkey alice.key -outform DER -out signed.der");
    desk.openssl("x509 -in alice.crt -outform DER -out alice.der");
    let whole = desk.read("signed.der");
    desk.write("cut.der", &whole[..whole.len() / 2]);
    desk.write("empty", b"");
    desk.write("blank", b"\r\n\r\n");
    desk.write("text", b"no mail at all\n");
    desk.write("record", b"{\"a\": 1,\n \"b\": 2}\n");
    desk.write(
        "binary",
        &(0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    );
    desk.write("noise.pem", b"-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n");
    desk.write("nothing.pem", b"-----BEGIN CMS-----\n-----END CMS-----\n");
    fs::create_dir(desk.path("folder")).unwrap();
    // Not one octet of it is on the disk.
    fs::File::create(desk.path("large")).unwrap().set_len(128 * 1024 * 1024 + 1).unwrap();
    let no_mail = "neither a mail";
    for (file, part) in [
        ("empty", no_mail),
        ("blank", no_mail),
        ("text", no_mail),
        ("binary", no_mail),
        ("record", no_mail),
        ("cut.der", no_mail),
        ("noise.pem", no_mail),
        ("nothing.pem", no_mail),
        ("alice.der", no_mail),
        ("alice.crt", no_mail),
        ("alice.key", no_mail),
        ("detached.der", "smime verify --content"),
        ("detached.pem", "smime verify --content"),
        ("folder", "folder"),
        ("large", "128 MiB"),
        ("missing", "no such file"),
    ] {
        desk.refused(file, part);
        desk.refused(file, &format!("{file}: "));
    }
    desk.mail("mail", "alice@example.org", ENTITY);
    for (options, part) in [
        ("--at yesterday", "--at: not a time (expected RFC 3339"),
        ("--at 2026-13-01T00:00:00Z", "RFC 3339"),
        ("--trust text", "text: there is no certificate"),
        ("--trust missing", "missing: there is no such file"),
        ("--trust folder", "folder: this is a folder"),
        ("--trust alice.key", "alice.key: there is no certificate"),
        ("--untrusted binary", "binary: there is no certificate"),
        ("--crl alice.crt", "alice.crt: there is no certificate revocation list"),
        ("--ocsp alice.der", "alice.der: there is no OCSP answer"),
        ("--key alice.crt", "alice.crt: "),
    ] {
        desk.refused(&format!("mail {options}"), part);
    }
}

#[test]
fn require_says_what_does_not_hold_and_why() {
    let desk = Desk::new();
    let sign = "cms -sign -in entity -signer alice.crt -inkey alice.key";
    let signed = desk.openssl(sign);
    desk.mail("signed", "alice@example.org", &signed);
    desk.mail("borrowed", "mallory@example.org", &signed);
    let changed = String::from_utf8(signed.clone()).unwrap().replace("Hello", "Holla");
    desk.mail("changed", "alice@example.org", changed.as_bytes());
    desk.mail("plain", "alice@example.org", ENTITY);
    desk.write("inner", &signed);
    for (cipher, file) in [("aes-256-gcm", "gcm"), ("aes-256-cbc", "cbc")] {
        let entity = desk.openssl(&format!("cms -encrypt -{cipher} -in entity bob.crt"));
        desk.mail(file, "alice@example.org", &entity);
    }
    desk.mail("both", "alice@example.org", &desk.openssl("cms -encrypt -aes-256-cbc -in inner bob.crt"));
    // Anybody can put a signature of their own around somebody else's ciphertext.
    desk.write("sealed", &desk.openssl("cms -encrypt -aes-256-gcm -in entity bob.crt"));
    let around = desk.openssl("cms -sign -nodetach -in sealed -signer alice.crt -inkey alice.key");
    desk.mail("around", "alice@example.org", &around);
    let (trust, key) = ("--trust alice.crt", "--key bob.pem");
    for (words, required, why) in [
        ("around --trust alice.crt --key bob.pem", "encrypted", ""),
        ("around --trust alice.crt --key bob.pem", "valid", "its signature is around the encryption"),
        ("signed", "signed", ""),
        ("signed", "valid", "not validly signed: no trusted certificate vouches for it"),
        ("signed --trust alice.crt", "valid", ""),
        ("signed --trust bob.crt", "valid", "no_trusted_path"),
        ("signed --trust alice.crt", "encrypted", "not encrypted for the given key: it came in clear"),
        ("signed --trust alice.crt --at 2001-01-01T00:00:00Z", "valid", "not_yet_valid"),
        ("borrowed --trust alice.crt", "signed", ""),
        ("borrowed --trust alice.crt", "valid", "the sender's address is not in the signer's certificate"),
        ("changed --trust alice.crt", "valid", "the content is not what was signed"),
        ("plain", "signed", "not signed: there is no signature"),
        ("plain", "valid", "not validly signed: there is no signature"),
        ("gcm", "encrypted", "it is for other keys; give the right one with --key"),
        ("gcm", "signed", "what is inside the encryption can't be seen; give the right key"),
        ("gcm --key alice.pem", "encrypted", "it is for other keys"),
        ("gcm --key bob.pem", "encrypted", ""),
        ("gcm --key bob.pem", "signed", "there is no signature"),
        ("cbc --key bob.pem", "encrypted", "may have been changed on the way"),
        ("both --key bob.pem", "encrypted", ""),
        ("both --key bob.pem --trust alice.crt", "valid", ""),
    ] {
        let words = format!("{words} --require {required}");
        let said = desk.run(&words);
        assert_eq!(said.code, Some(i32::from(!why.is_empty())), "{words}: {}", said.err());
        assert!(
            said.err().contains(why) && said.err().trim_end().lines().count() <= 1,
            "{words}: {}",
            said.err()
        );
        let said = desk.run(&format!("--json {words}"));
        let verdict: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert!(verdict["summary"].is_string(), "the verdict is printed all the same: {verdict}");
        if !why.is_empty() {
            let error: Value = serde_json::from_str(&said.err()).unwrap();
            assert_eq!(error["error"]["code"], "does_not_hold", "{words}");
        }
    }
    // Several requirements: all must hold.
    let all = "--require signed --require encrypted --require valid";
    assert_eq!(desk.run(&format!("both {trust} {key} {all}")).code, Some(0));
    assert_eq!(desk.run(&format!("signed {trust} {key} {all}")).code, Some(1));
}

#[test]
fn the_record_keeps_its_fields_and_names_what_would_help() {
    let desk = Desk::new();
    // An issuer above alice, so that her status is asked for.
    desk.write("ext", b"subjectAltName=email:carol@example.org\ncrlDistributionPoints=URI:http://crl.example.org/a.crl\n\
                        authorityInfoAccess=OCSP;URI:http://ocsp.example.org,caIssuers;URI:http://ca.example.org/a.cer\n");
    desk.openssl("req -x509 -nodes -days 3650 -subj /CN=root -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout root.key -out root.crt");
    desk.openssl("req -new -nodes -subj /CN=carol -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout carol.key -out carol.csr");
    desk.openssl("x509 -req -in carol.csr -CA root.crt -CAkey root.key -CAcreateserial -days 99 -extfile ext -out carol.crt");
    desk.mail(
        "mail",
        "carol@example.org",
        &desk.openssl("cms -sign -in entity -signer carol.crt -inkey carol.key"),
    );
    let kinds = |verdict: &Value| -> Vec<(String, String)> {
        let need = |need: &Value| {
            (need["kind"].as_str().unwrap().to_owned(), need["url"].as_str().unwrap().to_owned())
        };
        verdict["needs"].as_array().unwrap().iter().map(need).collect()
    };
    let need = |kind: &str, url: &str| (kind.to_owned(), url.to_owned());
    let trusted = desk.json("mail --trust root.crt");
    assert_eq!(trusted["signature"]["state"], "valid");
    assert_eq!(
        kinds(&trusted),
        [need("crl", "http://crl.example.org/a.crl"), need("ocsp", "http://ocsp.example.org")]
    );
    assert_eq!(kinds(&desk.json("mail")), [need("issuer", "http://ca.example.org/a.cer")]);
    assert_eq!(desk.json("entity")["needs"], json!([]));
    // The record of the design, and beside it what would help.
    let mut keys: Vec<&str> = trusted.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let record = [
        "approval",
        "encryption",
        "headers",
        "needs",
        "parts",
        "signature",
        "summary",
        "timestamp",
        "warnings",
    ];
    assert_eq!(keys, record);
}

#[test]
fn people_read_a_summary_first() {
    let desk = Desk::new();
    let signed = desk.openssl("cms -sign -in entity -signer alice.crt -inkey alice.key");
    desk.write("inner", &signed);
    desk.mail("both", "alice@example.org", &desk.openssl("cms -encrypt -aes-256-gcm -in inner bob.crt"));
    desk.mail("signed", "\u{1b}[2Jalice@example.org", &signed);
    let out = desk.run("both --key bob.pem --trust alice.crt").out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "Validly signed by alice@example.org; encrypted.", "{out}");
    for line in [
        "Subject:    Offer",
        "From:       alice@example.org",
        "To:         bob@example.org",
        "Signature:  valid",
        "  signer:   CN=alice (ecdsa-p256-sha256, trusted through --trust)",
        "  revoked:  not checked",
        "Encryption: decrypted aes-256-gcm, key by ecdh-p256",
        "Timestamp:  none",
        "Part 1      text/plain (7 bytes, signed and encrypted)",
    ] {
        assert!(lines.contains(&line), "{line}: {out}");
    }
    let first = |words: &str| desk.run(words).out().lines().next().unwrap_or_default().to_owned();
    assert_eq!(first("both"), "Not signed as far as can be seen; encrypted for other keys.");
    assert_eq!(first("both --key bob.pem"), "Signed by alice@example.org, who is not trusted; encrypted.");
    assert_eq!(first("entity"), "Not signed; not encrypted.");
    let out = desk.run("signed").out();
    assert!(!out.contains('\u{1b}'), "{out}");
    let out = desk.run("inner --trust alice.crt").out();
    assert!(out.contains("Warning:    Nobody is named in From. (from_missing)"), "{out}");
    assert!(
        out.contains(
            "  because:  the sender's address is not in the signer's certificate (address_mismatch)"
        ),
        "{out}"
    );
}
