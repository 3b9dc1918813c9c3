//! `countersign cert`, `countersign p12` and `--key FILE[:PASSFILE]`, with files of OpenSSL.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::folder::{Folder, Words};
use common::refused;
use serde_json::{Value, json};
use xtask::run::Said;

/// A folder with alice, who has one certificate to sign and one to be written to, in all kinds of files.
struct Desk(Folder);

in_a_folder!(Desk);

impl Desk {
    fn new() -> Self {
        let desk = Desk(Folder::new());
        desk.write("password", "Stand by 密码\n");
        desk.write("wrong", "Stand bye\n");
        // Written out by hand: one begins with a small octet, the other needs a sign octet in DER.
        for (name, usage, serial) in
            [("sign", "digitalSignature", "0x085059bf"), ("encrypt", "keyAgreement", "0x885059bf")]
        {
            desk.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key"));
            desk.openssl(&format!(
                "req -x509 -new -days 3650 -set_serial {serial} -subj /CN=Alice -key {name}.key -out {name}.crt -addext \
                 subjectAltName=email:alice@example.org -addext extendedKeyUsage=emailProtection -addext \
                 basicConstraints=CA:FALSE -addext keyUsage=critical,{usage}"
            ));
        }
        desk.write("both.pem", &[desk.read("encrypt.crt"), desk.read("sign.crt")].concat());
        desk.write(
            "keys.pem",
            &[desk.read("encrypt.key"), desk.read("sign.key"), desk.read("both.pem")].concat(),
        );
        desk
    }

    /// `name.p12` with the key and certificate `name`, under the password in `password`.
    fn export(&self, name: &str, options: &[&str]) {
        let export =
            format!("pkcs12 -export -inkey {name}.key -in {name}.crt -passout file:password -out {name}.p12");
        self.openssl(&[&export.words(), options].concat());
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.countersign("", arguments)
    }

    fn ok(&self, arguments: &[&str]) -> String {
        self.run(arguments).ok().unwrap().out().to_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap()
    }
}

#[test]
fn certificates_are_described_in_every_form_of_file() {
    let desk = Desk::new();
    let shown = desk.json(&["cert", "sign.crt"]);
    assert_eq!(shown["serial"], "085059bf");
    assert_eq!(desk.json(&["cert", "encrypt.crt"])["serial"], "885059bf");
    assert_eq!(shown["sha256"], desk.sha256("sign.crt"));
    assert_eq!((&shown["subject"], &shown["issuer"]), (&json!("CN=Alice"), &json!("CN=Alice")));
    assert_eq!((&shown["key"], &shown["signature"]), (&json!("p256"), &json!("ecdsa-sha256")));
    assert_eq!((&shown["emails"], &shown["usable_for"]), (&json!(["alice@example.org"]), &json!(["sign"])));
    assert_eq!(shown["problems"], json!([]));
    assert_eq!(shown.as_object().unwrap().len(), 11, "{shown}");
    desk.openssl(&["x509", "-in", "sign.crt", "-outform", "DER", "-out", "sign.der"]);
    assert_eq!(desk.json(&["cert", "sign.der"]), shown);

    // Several in one file: a list.
    let both = desk.json(&["cert", "both.pem"]);
    assert_eq!((&both[0]["usable_for"], &both[1]), (&json!(["encrypt"]), &shown));
    for form in ["PEM", "DER"] {
        desk.openssl(&["crl2pkcs7", "-nocrl", "-certfile", "both.pem", "-outform", form, "-out", "both.p7c"]);
        let bundle = desk.json(&["cert", "both.p7c"]);
        assert_eq!(bundle.as_array().unwrap().len(), 2);
        assert!(bundle.as_array().unwrap().contains(&shown));
    }
    let text = desk.ok(&["cert", "both.pem"]);
    assert!(text.contains("Usable for: encrypt") && text.contains("Usable for: sign"), "{text}");

    desk.openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-sha1",
        "-days",
        "1",
        "-subj",
        "/CN=Old",
        "-keyout",
        "old.key",
        "-out",
        "old.crt",
        "-addext",
        "basicConstraints=CA:FALSE",
        "-addext",
        "extendedKeyUsage=serverAuth",
    ]);
    let old = desk.json(&["cert", "old.crt"]);
    assert_eq!(old["key"], "rsa-1024");
    assert_eq!(
        (&old["usable_for"], &old["problems"]),
        (&json!([]), &json!(["weak_key", "wrong_extended_key_usage", "no_address"]))
    );
}

#[test]
fn pkcs12_files_are_described() {
    let desk = Desk::new();
    for options in [&["-name", "My key"][..], &["-name", "My key", "-legacy"]] {
        desk.export("sign", &[options, &["-certfile", "encrypt.crt"]].concat());
        let shown = desk.json(&["p12", "sign.p12", "--password-file", "password"]);
        assert_eq!(
            shown["keys"],
            json!([{"key": "p256", "certificate": desk.sha256("sign.crt"), "name": "My key"}])
        );
        let certificates = shown["certificates"].as_array().unwrap();
        assert_eq!(certificates.len(), 2);
        assert_eq!(
            (&certificates[0]["sha256"], &certificates[0]["name"]),
            (&json!(desk.sha256("sign.crt")), &json!("My key"))
        );
        let weak = options.contains(&"-legacy");
        assert_eq!(shown["warnings"], if weak { json!(["weak_encryption"]) } else { json!([]) });
    }
    assert!(desk.ok(&["p12", "sign.p12", "--password-file", "password"]).contains("\"My key\""));
    let sentence = refused(&desk.run(&["p12", "sign.p12", "--password-file", "wrong"]), 4);
    assert!(sentence.contains("password is wrong"), "{sentence}");
    let sentence = refused(&desk.run(&["p12", "sign.p12"]), 4);
    assert!(sentence.contains("--password-file"), "{sentence}");
    assert!(
        refused(&desk.run(&["p12", "sign.p12", "--password-file", "none"]), 2)
            .starts_with("countersign: none:")
    );
}

#[test]
fn what_is_no_container_is_said_so() {
    let desk = Desk::new();
    desk.write("empty", b"");
    desk.write("junk", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]);
    fs::create_dir(desk.path("folder")).unwrap();
    for command in ["cert", "p12"] {
        for file in ["empty", "junk", "folder", "none", "sign.key"] {
            let sentence = refused(&desk.run(&[command, file]), 2);
            assert!(sentence.contains(file), "{sentence}");
        }
    }
    desk.export("sign", &[]);
    let sentence = refused(&desk.run(&["cert", "sign.p12"]), 2);
    assert!(sentence.contains("countersign p12"), "{sentence}");
}

/// Keys in PKCS#12, encrypted PEM and plain PEM, several in one file: the right one signs and the right one decrypts.
#[test]
fn the_right_key_of_a_file_signs_and_decrypts() {
    let desk = Desk::new();
    desk.write("document", b"Stand by");
    desk.openssl(&[
        "pkcs12",
        "-export",
        "-in",
        "keys.pem",
        "-inkey",
        "encrypt.key",
        "-passout",
        "file:password",
        "-out",
        "e.p12",
    ]);
    desk.export("sign", &[]);
    desk.export("encrypt", &["-legacy"]);
    for (name, options) in [("sign", ["-v2", "aes256"]), ("encrypt", ["-v1", "PBE-SHA1-3DES"])] {
        let (key, out) = (format!("{name}.key"), format!("{name}.enc"));
        desk.openssl(
            &[&["pkcs8", "-topk8", "-in", &key, "-passout", "file:password", "-out", &out], &options[..]]
                .concat(),
        );
        let certificate = desk.read(&format!("{name}.crt"));
        desk.write(&format!("{name}.pem"), &[desk.read(&out), certificate].concat());
    }
    for signer in ["keys.pem", "sign.p12:password", "sign.pem:password"] {
        desk.ok(&["smime", "sign", "--in", "document", "--out", "signed", "--signer", signer]);
        let verified = desk.openssl(&[
            "cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "sign.crt", "-purpose", "any",
        ]);
        assert_eq!(verified, b"Stand by");
        let report = desk.json(&["smime", "verify", "--in", "signed", "--trust", "sign.crt"]);
        assert_eq!(report["signature"]["signers"][0]["sha256"], desk.sha256("sign.crt"), "{signer}");
    }
    desk.ok(&["smime", "encrypt", "--in", "document", "--out", "encrypted", "--to", "encrypt.crt"]);
    for key in ["keys.pem", "encrypt.p12:password", "encrypt.pem:password"] {
        desk.ok(&["smime", "decrypt", "--in", "encrypted", "--out", "decrypted", "--key", key]);
        assert_eq!(desk.read("decrypted"), b"Stand by", "{key}");
    }
    // The file exists with the colon in its name.
    desk.write("odd:name.pem", &desk.read("keys.pem"));
    desk.write("odd:name.p12", &desk.read("encrypt.p12"));
    for key in ["odd:name.pem", "odd:name.p12:password"] {
        desk.ok(&["smime", "decrypt", "--in", "encrypted", "--out", "decrypted", "--key", key]);
    }
    // inspect takes the same.
    desk.ok(&[
        "smime",
        "encrypt",
        "--in",
        "document",
        "--out",
        "mail",
        "--to",
        "encrypt.crt",
        "--form",
        "mime",
    ]);
    let verdict = desk.json(&["inspect", "mail", "--key", "encrypt.p12:password"]);
    assert_eq!(verdict["encryption"]["state"], "decrypted");

    let decrypt =
        |key: &str| desk.run(&["smime", "decrypt", "--in", "encrypted", "--out", "out", "--key", key]);
    for (key, code, part) in [
        ("encrypt.p12:wrong", 4, "password is wrong"),
        ("encrypt.pem:wrong", 4, "password is wrong"),
        ("encrypt.p12", 4, "--key FILE:PASSFILE"),
        ("encrypt.pem", 4, "--key FILE:PASSFILE"),
        ("encrypt.p12:none", 2, "none: there is no such file"),
        ("none.p12:password", 2, "none.p12: there is no such file"),
        ("encrypt.crt", 2, "no private key"),
        ("encrypt.key", 2, "no certificate"),
        ("sign.p12:password", 4, "other keys"),
    ] {
        let sentence = refused(&decrypt(key), code);
        assert!(sentence.contains(part), "{key}: {sentence}");
        assert!(!desk.path("out").exists());
    }
    let unable = desk.run(&["smime", "sign", "--in", "document", "--out", "out", "--signer", "both.pem"]);
    assert!(refused(&unable, 2).contains("no private key"));
}
