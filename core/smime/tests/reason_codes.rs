//! docs/protocols/verdict.md lists every code, each with a test that produces it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use smime::revocation::StatusReason;
use smime::verdict::Reason;

/// All variants; a new one does not compile until it stands here, and then needs its row.
macro_rules! every {
    ($name:ident: $($variant:ident),* $(,)?) => {{
        let count = |one: $name| match one { $($name::$variant => ()),* };
        [$($name::$variant),*].map(|one| { count(one); serde_json::to_value(one).unwrap().as_str().unwrap().to_owned() })
    }};
}

fn reasons() -> impl IntoIterator<Item = String> {
    every!(Reason: DigestMismatch, BadSignature, Expired, NotYetValid, Revoked, WrongKeyUsage, WrongExtendedKeyUsage,
        AddressMismatch, WeakDigest, WeakKey, NoSignerCertificate, ContentAmbiguous, StructureAmbiguous, AttributesInvalid,
        UnsupportedAlgorithm, NoTrustedPath, NameConstraints, PathConstraints, PolicyConstraints, InvalidCertificate,
        Malformed, ImprintMismatch, FutureTime, RevocationUnknown)
}

fn status_reasons() -> impl IntoIterator<Item = String> {
    every!(StatusReason: StatusMissing, CrlExpired, CrlNotYetValid, CrlSignature, CrlIssuer, CrlScope,
        CrlReasonsIncomplete, CrlUnsupported, CrlWeak, CrlBaseMissing, CrlAfterExpiry, OcspExpired, OcspNotYetValid,
        OcspSignature, OcspResponder, OcspUnknown, OcspUnsuccessful, OcspUnsupported, OcspWeak, OcspAfterExpiry,
        LimitExceeded, Unspecified, KeyCompromise, CaCompromise, AffiliationChanged, Superseded, CessationOfOperation,
        CertificateHold, PrivilegeWithdrawn, AaCompromise)
}

/// The rows of the table under a heading: the first cell's code, and the names in backquotes of the last cell.
fn table(document: &str, heading: &str) -> BTreeMap<String, Vec<String>> {
    let (_, section) = document.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            (quoted(cells[0])[0].clone(), quoted(cells[cells.len() - 1]))
        })
        .collect()
}

/// The names of all test functions of the core crates.
fn tests(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for (_, after) in text.match_indices("#[test]").map(|(at, _)| text.split_at(at)) {
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split('(').next());
                names.insert(name.unwrap().to_owned());
            }
        }
    }
}

#[test]
fn every_code_is_documented_with_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = std::fs::read_to_string(root.join("docs/protocols/verdict.md")).unwrap();
    let mut names = BTreeSet::new();
    tests(&root.join("core"), &mut names);
    for (heading, codes) in [
        ("Reason codes", reasons().into_iter().collect::<BTreeSet<_>>()),
        ("Codes of a revocation status", status_reasons().into_iter().collect()),
    ] {
        let rows = table(&document, heading);
        assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), codes, "the table of {heading}");
        for (code, named) in rows {
            assert!(!named.is_empty(), "{code} names no test");
            for name in named {
                assert!(names.contains(&name), "{code} names a test that does not exist: {name}");
            }
        }
    }
}
