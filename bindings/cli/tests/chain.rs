//! `countersign chain`, and `inspect` with lists, answers and the shipped roots; certificates, lists and answers are
//! made by OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::folder::Folder;
use serde_json::{Value, json};
use xtask::run::Said;

const ALICE: &str = "keyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n\
                     subjectAltName=email:alice@example.org\ncertificatePolicies=1.2.3.4\n\
                     crlDistributionPoints=URI:http://crl.example.org/root.crl\n\
                     authorityInfoAccess=OCSP;URI:http://ocsp.example.org,caIssuers;URI:http://ca.example.org/root.cer\n";
const SERVER: &str = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:www.example.org\n";

/// A root, alice below it, and a server.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        desk.root("root");
        desk.issue("alice", ALICE);
        desk.issue("server", SERVER);
        desk.write("crlnumber", "01\n");
        desk.write(
            "ca.cnf",
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index\ncrlnumber=crlnumber\ndefault_md=sha256\n",
        );
        desk
    }

    /// OpenSSL's index: alice is valid, or was revoked.
    fn index(&self, revoked: bool) {
        let serial = self.openssl_text("x509 -in alice.pem -noout -serial");
        let serial = serial.trim().strip_prefix("serial=").unwrap().to_owned();
        let (state, date) = if revoked { ("R", "260101000000Z,keyCompromise") } else { ("V", "") };
        self.write(
            "index",
            format!("{state}\t491231235959Z\t{date}\t{serial}\tunknown\t/CN=alice\n").as_bytes(),
        );
    }

    fn list(&self, name: &str, revoked: bool) {
        self.index(revoked);
        self.openssl(&format!(
            "ca -config ca.cnf -gencrl -keyfile root.key -cert root.pem -crldays 7 -out {name}"
        ));
    }

    fn answer(&self, name: &str, revoked: bool) {
        self.index(revoked);
        self.openssl(
            "ocsp -index index -CA root.pem -rsigner root.pem -rkey root.key -issuer root.pem -cert alice.pem -reqout request",
        );
        self.openssl(&format!(
            "ocsp -index index -CA root.pem -rsigner root.pem -rkey root.key -reqin request -respout {name} -ndays 7"
        ));
    }

    fn run(&self, words: &str) -> Said {
        self.countersign("", words)
    }

    /// The report of `chain --json`, which ends with this exit code.
    fn chain(&self, code: i32, words: &str) -> Value {
        let said = self.run(&format!("--json chain {words}"));
        assert_eq!(said.code, Some(code), "{words}: {} {}", said.out(), said.err());
        serde_json::from_slice(&said.stdout).unwrap()
    }
}

#[test]
fn a_chain_is_reported_in_the_agreed_form() {
    let desk = Desk::new();
    let (alice, root) = (desk.sha256("alice.pem"), desk.sha256("root.pem"));
    let not_checked = |sha256: &str| json!({"sha256": sha256, "state": "not_checked", "reasons": []});
    let need = |kind: &str, url: &str| json!({"kind": kind, "url": url, "certificate": alice});
    assert_eq!(
        desk.chain(0, "alice.pem --trust root.pem"),
        json!({
            "valid": true, "reasons": [], "path": [alice, root],
            "revocation": [not_checked(&alice), not_checked(&root)],
            "needs": [need("crl", "http://crl.example.org/root.crl"), need("ocsp", "http://ocsp.example.org")],
        })
    );
    assert_eq!(
        desk.chain(1, "alice.pem"),
        json!({
            "valid": false, "reasons": ["no_trusted_path"], "path": [], "revocation": [],
            "needs": [need("issuer", "http://ca.example.org/root.cer")],
        })
    );
    assert_eq!(desk.chain(1, "alice.pem --default-roots")["reasons"], json!(["no_trusted_path"]));
    let text = desk.run("chain alice.pem --trust root.pem");
    assert!(text.out().starts_with("Valid:   yes\n"), "{}", text.out());
    assert!(text.out().contains("crl http://crl.example.org/root.crl"), "{}", text.out());
}

#[test]
fn lists_and_answers_decide() {
    let desk = Desk::new();
    desk.list("good.crl", false);
    desk.list("revoked.crl", true);
    desk.answer("good.ocsp", false);
    desk.answer("revoked.ocsp", true);
    let leaf = |code, words: &str| {
        let report = desk.chain(code, &format!("alice.pem --trust root.pem {words}"));
        (
            report["reasons"].clone(),
            report["revocation"][0]["state"].clone(),
            report["revocation"][0]["reasons"].clone(),
        )
    };
    let good = (json!([]), json!("good"), json!([]));
    let revoked = (json!(["revoked"]), json!("revoked"), json!(["key_compromise"]));
    assert_eq!(leaf(0, "--crl good.crl"), good);
    assert_eq!(leaf(0, "--ocsp good.ocsp"), good);
    assert_eq!(leaf(0, "--crl good.crl --ocsp good.ocsp --require-status"), good);
    assert_eq!(leaf(1, "--crl revoked.crl"), revoked);
    assert_eq!(leaf(1, "--ocsp revoked.ocsp"), revoked);
    assert_eq!(leaf(1, "--crl good.crl --ocsp revoked.ocsp"), revoked);
    assert_eq!(leaf(1, "--crl revoked.crl --allow-unknown"), revoked);
    // A year later both have ended.
    let later = "2028-01-01T00:00:00Z";
    let stale = json!(["crl_expired", "ocsp_expired"]);
    let words = format!("--crl good.crl --ocsp good.ocsp --at {later}");
    assert_eq!(leaf(1, &words), (json!(["revocation_unknown"]), json!("unknown"), stale.clone()));
    assert_eq!(leaf(0, &format!("{words} --allow-unknown")), (json!([]), json!("unknown"), stale));
    assert_eq!(leaf(1, "--require-status").0, json!(["revocation_unknown"]));
}

#[test]
fn purposes_and_policies_are_asked_for() {
    let desk = Desk::new();
    let reasons =
        |code, words: &str| desk.chain(code, &format!("{words} --trust root.pem"))["reasons"].clone();
    assert_eq!(reasons(1, "server.pem"), json!(["wrong_extended_key_usage"]));
    assert_eq!(reasons(1, "server.pem --purpose email"), json!(["wrong_extended_key_usage"]));
    assert_eq!(reasons(0, "server.pem --purpose any"), json!([]));
    assert_eq!(reasons(0, "alice.pem --explicit-policy"), json!([]));
    assert_eq!(reasons(1, "server.pem --purpose any --explicit-policy"), json!(["policy_constraints"]));
    let policy = "alice.pem --explicit-policy --inhibit-any --inhibit-mapping --policy";
    assert_eq!(reasons(0, &format!("{policy} 1.2.3.4")), json!([]));
    assert_eq!(reasons(0, &format!("{policy} 1.2.3.5 --policy 1.2.3.4")), json!([]));
    assert_eq!(reasons(1, &format!("{policy} 1.2.3.5")), json!(["policy_constraints"]));
}

#[test]
fn what_can_t_be_read_is_named_in_one_sentence() {
    let desk = Desk::new();
    desk.list("good.crl", false);
    desk.write("garbage", b"hello");
    desk.write("refusal", &[0x30, 3, 0x0a, 1, 3]);
    for (words, file) in [
        ("garbage --trust root.pem", "garbage"),
        ("missing.pem --trust root.pem", "missing.pem"),
        ("alice.pem --trust garbage", "garbage"),
        ("alice.pem --trust root.pem --untrusted garbage", "garbage"),
        ("alice.pem --trust root.pem --crl garbage", "garbage"),
        ("alice.pem --trust root.pem --crl alice.pem", "alice.pem"),
        ("alice.pem --trust root.pem --ocsp good.crl", "good.crl"),
        ("alice.pem --trust root.pem --at yesterday", "--at: not a time (expected RFC 3339"),
        ("alice.pem --trust root.pem --policy name", "name"),
        ("alice.pem --trust root.pem --purpose web", "web"),
    ] {
        let said = desk.run(&format!("chain {words}"));
        assert_eq!(said.code, Some(2), "{words}: {}", said.err());
        assert!(said.err().contains(file) && said.out().is_empty(), "{words}: {}", said.err());
        let said = desk.run(&format!("--json chain {words}"));
        let error: Value =
            serde_json::from_str(&said.err()).unwrap_or_else(|_| panic!("{words}: {}", said.err()));
        assert!(error["error"]["message"].as_str().unwrap().contains(file), "{words}: {error}");
    }
    // A refusal is no error: it is an answer without a status, and is named.
    let report = desk.chain(1, "alice.pem --trust root.pem --ocsp refusal");
    assert_eq!(report["revocation"][0]["reasons"], json!(["ocsp_unsuccessful"]));
}

/// Whoever has the program need not have its documents.
#[test]
fn reasons_are_said_in_words() {
    let desk = Desk::new();
    desk.list("revoked.crl", true);
    for (words, reason) in [
        ("alice.pem --trust root.pem --crl revoked.crl", "a certificate was revoked (revoked)"),
        ("alice.pem", "no trusted certificate vouches for it: give its CA with --trust"),
        ("server.pem --trust root.pem", "a certificate is not for this purpose (wrong_extended_key_usage)"),
    ] {
        let said = desk.run(&format!("chain {words}"));
        assert_eq!(said.code, Some(1), "{words}");
        assert!(said.out().contains(&format!("  because:  {reason}")), "{words}: {}", said.out());
        assert!(said.err().contains(&format!("is not valid: {reason}")), "{words}: {}", said.err());
    }
}

#[test]
fn inspect_knows_lists_answers_and_the_shipped_roots() {
    let desk = Desk::new();
    desk.list("good.crl", false);
    desk.list("revoked.crl", true);
    desk.write("body", b"Content-Type: text/plain\r\n\r\nHello\r\n");
    let signed = desk.openssl("cms -sign -in body -signer alice.pem -inkey alice.key");
    desk.write(
        "mail",
        &[&b"From: alice@example.org\nTo: bob@example.org\nSubject: Hello\n"[..], &signed].concat(),
    );
    let signature = |words: &str| {
        let said = desk.run(&format!("--json inspect mail {words}")).ok().unwrap();
        let verdict: Value = serde_json::from_slice(&said.stdout).unwrap();
        let signature = &verdict["signature"];
        (
            signature["state"].clone(),
            signature["reasons"].clone(),
            signature["signers"][0]["revocation"].clone(),
        )
    };
    let trust = "--trust root.pem";
    assert_eq!(signature(trust), (json!("valid"), json!([]), json!("not_checked")));
    assert_eq!(signature(&format!("{trust} --crl good.crl")), (json!("valid"), json!([]), json!("good")));
    assert_eq!(
        signature(&format!("{trust} --crl revoked.crl")),
        (json!("invalid"), json!(["revoked"]), json!("revoked"))
    );
    assert_eq!(
        signature("--default-roots"),
        (json!("untrusted"), json!(["no_trusted_path"]), json!("not_checked"))
    );
}

#[test]
fn smime_verify_and_decrypt_know_lists_answers_and_the_shipped_roots() {
    let desk = Desk::new();
    desk.list("good.crl", false);
    desk.list("revoked.crl", true);
    desk.answer("good.ocsp", false);
    desk.answer("revoked.ocsp", true);
    desk.write("content", b"hello");
    desk.write("garbage", b"hello");
    desk.openssl(
        "cms -sign -binary -nodetach -in content -signer alice.pem -inkey alice.key -outform DER -out signed",
    );
    desk.openssl("req -x509 -nodes -subj /CN=bob -newkey rsa:2048 -keyout bob.key -out bob.crt");
    let both = [fs::read(desk.path("bob.crt")).unwrap(), fs::read(desk.path("bob.key")).unwrap()].concat();
    desk.write("bob.pem", &both);
    desk.openssl("cms -encrypt -binary -aes-256-cbc -in signed -outform DER -out encrypted bob.crt");
    for command in ["verify --in signed", "decrypt --in encrypted --key bob.pem --verify"] {
        let call = |code: i32, words: &str| {
            let said = desk.run(&format!("--json smime {command} --out out {words}"));
            assert_eq!(said.code, Some(code), "{command} {words}: {}", said.err());
            assert_eq!(desk.path("out").exists(), code == 0, "{command} {words}");
            let _ = fs::remove_file(desk.path("out"));
            let report: Value = serde_json::from_slice(&said.stdout).unwrap_or_default();
            (report, said.err())
        };
        let (report, _) = call(0, "--trust root.pem");
        assert_eq!(report["signature"]["signers"][0]["revocation"], "not_checked");
        assert_eq!(report["needs"][0]["url"], "http://crl.example.org/root.crl", "{report}");
        for good in ["--crl good.crl", "--ocsp good.ocsp", "--crl good.crl --ocsp good.ocsp"] {
            let (report, _) = call(0, &format!("--trust root.pem {good}"));
            assert_eq!(report["signature"]["signers"][0]["revocation"], "good", "{command} {good}");
            assert_eq!(report["needs"], json!([]), "{command} {good}");
        }
        for bad in ["--crl revoked.crl", "--ocsp revoked.ocsp", "--crl good.crl --ocsp revoked.ocsp"] {
            let (report, error) = call(1, &format!("--trust root.pem {bad}"));
            assert_eq!(report["signature"]["reasons"], json!(["revoked"]), "{command} {bad}");
            assert!(error.contains("revoked") && error.contains("nothing was written"), "{error}");
        }
        let (report, _) = call(1, "--default-roots");
        assert_eq!(report["signature"]["reasons"], json!(["no_trusted_path"]), "{command}");
        for (words, part) in [
            ("--trust root.pem --crl garbage", "garbage: there is no certificate revocation list"),
            ("--trust root.pem --ocsp garbage", "garbage: there is no OCSP answer"),
            ("--trust garbage", "garbage: there is no certificate"),
            ("--trust root.pem --at yesterday", "--at: not a time (expected RFC 3339"),
        ] {
            let (_, error) = call(2, words);
            assert!(error.contains(part), "{command} {words}: {error}");
        }
    }
    // Nobody is trusted: then there is nothing to verify.
    let said = desk.run("smime decrypt --in encrypted --key bob.pem --verify --out out");
    assert_eq!((said.code, desk.path("out").exists()), (Some(2), false), "{}", said.err());
    assert!(said.err().contains("--trust"), "{}", said.err());
}
