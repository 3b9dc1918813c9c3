//! The named people are who openssl thinks they are, and the same in every run.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;

use smime::key::p256_compressed_point;
use testkit::{Person, alice, bob, carol, dave};

fn openssl(arguments: &[&str], folder: &Path) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

fn people() -> [&'static Person; 4] {
    [alice(), bob(), carol(), dave()]
}

#[test]
fn openssl_accepts_every_leaf_under_its_root_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    for person in people() {
        let root = format!("{}.pem", person.name);
        fs::write(folder.path().join(&root), person.root.certificate.to_pem()).unwrap();
        for leaf in [&person.approval, &person.mail, &person.encryption] {
            fs::write(folder.path().join("leaf.pem"), leaf.certificate.to_pem()).unwrap();
            // openssl 3.0's smimeencrypt wants keyEncipherment, which an elliptic curve key doesn't do.
            let purpose = if std::ptr::eq(leaf, &person.encryption) { "any" } else { "smimesign" };
            let verify = |root: &str| {
                let at = ["-attime", "1795593600"];
                let arguments = [
                    &["verify", "-x509_strict", "-purpose", purpose, "-CAfile", root],
                    &at[..],
                    &["leaf.pem"],
                ];
                openssl(&arguments.concat(), folder.path())
            };
            let (accepted, text) = verify(&root);
            assert!(accepted, "{}: {text}", person.name);
            if person.name != "Alice" {
                assert!(!verify("Alice.pem").0, "{} under Alice's root", person.name);
            }
        }
    }
}

#[test]
fn openssl_reads_the_addresses() {
    let folder = tempfile::tempdir().unwrap();
    for (person, address) in people().into_iter().zip([
        "alice@example.org",
        "bob@example.org",
        "carol@example.com",
        "dave@example.net",
    ]) {
        fs::write(folder.path().join("leaf.pem"), person.mail.certificate.to_pem()).unwrap();
        let (_, text) = openssl(&["x509", "-in", "leaf.pem", "-noout", "-email"], folder.path());
        assert_eq!(text.trim(), address);
    }
}

#[test]
fn the_keys_are_the_same_in_every_run() {
    // Frozen: fixtures of other crates hold mail for these keys.
    let frozen = [
        ("Alice", "alice@example.org", "0308baa501afd68854c6806b8b44e2edcb363402fe7f93b4a8fe8f697c009feec1"),
        ("Bob", "bob@example.org", "03ff243233937190d814238bb4d698bfebee9b9f3c2fe90696f4bd14829f204298"),
        ("Carol", "carol@example.com", "02dabadf41bceb19926f947a7d799276cd1e8e119a815894a3e059eb115e4adce7"),
        ("Dave", "dave@example.net", "02bb1ca82bf93e56096acf35f807b08d3f9e13a178d0f62086d0ec423dc1824777"),
    ];
    for (person, (name, address, root)) in people().into_iter().zip(frozen) {
        let point = p256_compressed_point(&person.root.key.public_key_der()).unwrap();
        let again = Person::new(name, address.parse().unwrap()).unwrap();
        assert_eq!(again.root.certificate.der(), person.root.certificate.der());
        assert_eq!(again.encryption.key.to_pkcs8_der(), person.encryption.key.to_pkcs8_der());
        assert_eq!(data_encoding::HEXLOWER.encode(&point), root, "{name}");
    }
}

#[test]
fn nobody_shares_a_key() {
    let mut keys: Vec<Vec<u8>> = people()
        .iter()
        .flat_map(|person| [&person.root, &person.approval, &person.mail, &person.encryption])
        .map(|identity| identity.key.public_key_der())
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 16);
}
