//! Path validation against the corpora: RFC 9216, NIST PKITS, x509-limbo.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use const_oid::ObjectIdentifier;
use smime::path::{AnchorScope, PathOptions, Purpose, Trust, TrustAnchor, validate, validate_with};
use smime::{Certificate, UnixTime};
use support::{corpus, expected};

fn read(path: &Path) -> Certificate {
    Certificate::read_all(&std::fs::read(path).unwrap())
        .unwrap_or_else(|error| panic!("{path:?}: {error}"))
        .remove(0)
}

fn anchor(certificate: Certificate) -> TrustAnchor {
    TrustAnchor { certificate, trust: Trust::PublicCa, scope: AnchorScope::Any }
}

#[test]
fn rfc9216_chains_directly_and_through_the_cross_certificates() {
    let Some(folder) = corpus("rfc9216") else { return };
    let at: UnixTime = "2021-06-01T00:00:00Z".parse().unwrap();
    let mut chains = 0;
    for (file, expected, detail) in expected(&folder) {
        if expected != "CHAIN-OK" {
            continue;
        }
        let leaf = read(&folder.join(&file));
        let purpose = if file.contains("sign") { Purpose::EmailSigning } else { Purpose::EmailEncryption };
        // trust ca-rsa.crt; and trust ca-ed25519.crt with untrusted ca-rsa-cross-by-ed25519.crt
        let (direct, cross) = detail.split_once("; and ").unwrap();
        let (cross, untrusted) = cross.split_once(" with untrusted ").unwrap();
        let root = |text: &str| anchor(read(&folder.join(text.strip_prefix("trust ").unwrap())));
        let path =
            validate(&leaf, &[], &[root(direct)], at, purpose).unwrap_or_else(|f| panic!("{file}: {f:?}"));
        assert_eq!(path.certificates().len(), 2, "{file}");
        let untrusted = read(&folder.join(untrusted));
        let path = validate(&leaf, std::slice::from_ref(&untrusted), &[root(cross)], at, purpose)
            .unwrap_or_else(|failure| panic!("{file}: {failure:?}"));
        assert_eq!(path.certificates(), [leaf.clone(), untrusted, root(cross).certificate], "{file}");
        let without = validate(&leaf, &[], &[root(cross)], at, purpose).unwrap_err();
        assert_eq!(without.reasons, [smime::verdict::Reason::NoTrustedPath], "{file}");
        chains += 2;
    }
    assert_eq!(chains, 16);
}

fn pkits_options(inputs: &str) -> PathOptions {
    let mut options = PathOptions::default();
    for input in inputs.split(',').filter(|input| *input != "-") {
        match input.split_once('=').unwrap() {
            ("initial-policy-set", set) => {
                let arc = |name: &str| {
                    let number = name.strip_prefix("NIST-test-policy-").unwrap();
                    ObjectIdentifier::new(&format!("2.16.840.1.101.3.2.1.48.{number}")).unwrap()
                };
                options.policies = set.split('+').map(arc).collect();
            }
            ("initial-explicit-policy", "1") => options.require_explicit_policy = true,
            ("initial-policy-mapping-inhibit", "1") => options.inhibit_policy_mapping = true,
            ("initial-any-policy-inhibit", "1") => options.inhibit_any_policy = true,
            other => panic!("unknown input {other:?}"),
        }
    }
    options
}

/// Sections that are about CRLs, which path validation here does not read, with their number of rows.
const PKITS_CRL_SECTIONS: [(&str, usize); 3] = [("4.4", 21), ("4.14", 35), ("4.15", 10)];

/// Rows of other sections whose outcome depends on a CRL.
const PKITS_CRL_ROWS: [&str; 5] = ["4.5.2", "4.5.5", "4.5.7", "4.7.4", "4.7.5"];

#[test]
fn pkits_cases_that_need_no_crl() {
    let Some(folder) = corpus("pkits") else { return };
    let at: UnixTime = "2014-05-13T16:53:20Z".parse().unwrap();
    let table = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let everything: Vec<Certificate> =
        std::fs::read_dir(folder.join("certs")).unwrap().map(|entry| read(&entry.unwrap().path())).collect();
    let mut left_out: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut checked, mut wrong) = (0, Vec::new());
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [file, expected, detail, test, inputs, chain, ..] = columns[..] else { panic!("{row}") };
        let section = test.rsplit_once('.').unwrap().0;
        if let Some((section, _)) = PKITS_CRL_SECTIONS.iter().find(|(name, _)| *name == section) {
            *left_out.entry(section).or_default() += 1;
            continue;
        }
        if PKITS_CRL_ROWS.contains(&test) {
            *left_out.entry("rows").or_default() += 1;
            continue;
        }
        let leaf = read(&folder.join(file));
        let path: Vec<Certificate> =
            chain.split(" > ").map(|name| read(&folder.join("certs").join(name))).collect();
        let root = anchor(path[0].clone());
        let options = pkits_options(inputs);
        let outcome =
            validate_with(&leaf, &path[1..], std::slice::from_ref(&root), at, Purpose::Any, &options);
        // DSA is not implemented: such a path is refused as unsupported, as the table allows.
        let right = match expected {
            "ACCEPT" if detail.contains("DSA") => outcome.is_err(),
            "ACCEPT" => {
                outcome.is_ok()
                    && validate_with(&leaf, &everything, &[root], at, Purpose::Any, &options).is_ok()
            }
            _ => outcome.is_err(),
        };
        checked += 1;
        if !right {
            let reasons = outcome.err().map(|failure| failure.reasons);
            wrong.push(format!(
                "{test} {file}: expected {expected} ({detail}) with {inputs}, got {reasons:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} wrong:\n{}", wrong.len(), wrong.join("\n"));
    for (section, rows) in PKITS_CRL_SECTIONS {
        assert_eq!(left_out[section], rows, "section {section}");
    }
    assert_eq!(checked + 66 + PKITS_CRL_ROWS.len(), 248);
}

/// Rows that are about something that path validation here does not do.
const LIMBO_OTHER: [(&str, &str); 6] = [
    ("crl::revoked-certificate-with-crl", "revocation"),
    ("crl::crlnumber-missing", "revocation"),
    ("crl::crlnumber-critical", "revocation"),
    ("crl::issuer-missing-crlsign", "revocation"),
    ("rfc5280::eku::ee-wrong-eku", "the check of extended key usage, which is off in this run"),
    ("rfc5280::ca-as-leaf-wrong-san", "the name of the TLS server"),
];

/// Rows that break what RFC 5280 section 4 asks of CAs, and not what section 6 asks of readers: accepted in mail.
const LIMBO_PROFILE: [&str; 16] = [
    "rfc5280::aki::critical-aki",
    "rfc5280::aki::leaf-missing-aki",
    "rfc5280::aki::intermediate-missing-aki",
    "rfc5280::nc::permitted-dns-match-noncritical",
    "rfc5280::nc::not-allowed-in-ee-noncritical",
    "rfc5280::nc::not-allowed-in-ee-critical",
    "rfc5280::pc::ica-noncritical-pc",
    "rfc5280::san::noncritical-with-empty-subject",
    "rfc5280::san::underscore-dns",
    "rfc5280::san::ip-in-dns",
    "rfc5280::ski::critical-ski",
    "rfc5280::ski::root-missing-ski",
    "rfc5280::ski::intermediate-missing-ski",
    "rfc5280::ca-empty-subject",
    "rfc5280::root-non-critical-basic-constraints",
    "rfc5280::leaf-ku-keycertsign",
];

#[test]
fn limbo_cases_with_extended_key_usage_off() {
    let Some(folder) = corpus("x509-limbo") else { return };
    let limbo: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("limbo.json")).unwrap()).unwrap();
    let cases: BTreeMap<&str, &serde_json::Value> = limbo["testcases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| (case["id"].as_str().unwrap(), case))
        .collect();
    let certificate =
        |pem: &serde_json::Value| Certificate::read_all(pem.as_str().unwrap().as_bytes()).ok()?.pop();
    let list = |pems: &serde_json::Value| {
        pems.as_array().unwrap().iter().filter_map(certificate).collect::<Vec<_>>()
    };
    let (mut rows, mut wrong, mut lenient) = (0, Vec::new(), Vec::<String>::new());
    for (id, expected, detail) in expected(&folder) {
        if !detail.starts_with("RUN") || LIMBO_OTHER.iter().any(|(other, _)| *other == id) {
            continue;
        }
        rows += 1;
        let case = cases[id.as_str()];
        let anchors: Vec<TrustAnchor> = list(&case["trusted_certs"]).into_iter().map(anchor).collect();
        let untrusted = list(&case["untrusted_intermediates"]);
        let at = match case["validation_time"].as_str() {
            Some(time) => time.parse().unwrap(),
            None => "2024-01-01T00:00:00Z".parse().unwrap(),
        };
        let depth = case["max_chain_depth"].as_u64().map(|depth| u32::try_from(depth).unwrap());
        let strict = PathOptions { strict_profile: true, max_intermediates: depth, ..PathOptions::default() };
        let mail = PathOptions { strict_profile: false, ..strict.clone() };
        let leaf = certificate(&case["peer_certificate"]);
        let run = |options| {
            leaf.as_ref().map(|leaf| validate_with(leaf, &untrusted, &anchors, at, Purpose::Any, options))
        };
        let outcome = run(&strict);
        let accepted = matches!(outcome, Some(Ok(_)));
        if matches!(run(&mail), Some(Ok(_))) != accepted {
            lenient.push(id.clone());
        }
        if accepted != (expected == "SUCCESS") {
            let reasons = outcome.map(|outcome| outcome.err().map(|failure| failure.reasons));
            wrong.push(format!("{id}: expected {expected}, got {reasons:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {rows} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(rows + LIMBO_OTHER.len(), 134);
    assert_eq!(lenient, LIMBO_PROFILE);
}
