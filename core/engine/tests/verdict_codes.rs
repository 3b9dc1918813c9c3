//! docs/protocols/verdict.md knows every code, and names for each warning a test that produces it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Codes of the variants of an enum, as its serialisation writes them.
fn codes(source: &str, name: &str) -> BTreeSet<String> {
    let body = source.split_once(&format!("pub enum {name} {{")).unwrap().1.split_once("\n}").unwrap().0;
    let variants = body.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    variants.map(|line| snake_case(line.trim_end_matches(','))).collect()
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

fn camel_case(code: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    code.split('_').map(capital).collect()
}

/// The rows of the table under a heading.
fn rows<'a>(document: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let section = document.split_once(&format!("\n## {heading}\n")).unwrap().1.split("\n## ").next().unwrap();
    let table = section.lines().filter(|line| line.starts_with("| `"));
    table.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn code(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

fn sources(folder: &Path, found: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// The statement asserts that the warning is given: `assert!(….contains(&Warning::X))`, `assert!(f(…, Warning::X))` or a list
/// of expected ones in `assert_eq!`; not one that it is absent.
fn asserts(statement: &str, variant: &str) -> bool {
    let Some((_, claim)) = statement.split_once("assert") else { return false };
    let claim: String = claim.split_whitespace().collect();
    let names = |text: &str| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
        text.split("Warning::").skip(1).any(|after| after.strip_prefix(variant).is_some_and(ends))
    };
    match (claim.strip_prefix("!("), claim.strip_prefix("_eq!(")) {
        (Some(condition), _) => !condition.starts_with('!') && names(condition),
        (_, Some(values)) => {
            // In the list that is expected, not in what is asked for: `contains(…)` may be equal to false.
            values.split_once(",[").and_then(|(_, list)| list.split(']').next()).is_some_and(names)
        }
        _ => false,
    }
}

#[test]
fn only_a_statement_that_claims_a_warning_counts() {
    for statement in [
        "assert!(mail.warnings.contains(&Warning::NoIntegrity), \"x\")",
        "assert!(\n    warned(from, Warning::NoIntegrity)\n)",
        "assert_eq!(mail.warnings, [Warning::OuterChanged, Warning::NoIntegrity])",
    ] {
        assert!(asserts(statement, "NoIntegrity"), "{statement}");
    }
    for statement in [
        "assert!(!mail.warnings.contains(&Warning::NoIntegrity))",
        "assert_ne!(mail.warnings, [Warning::NoIntegrity])",
        "assert_eq!(mail.warnings.contains(&Warning::NoIntegrity), false)",
        "assert!(mail.warnings.contains(&Warning::NoIntegrityAtAll))",
        "let wanted = Warning::NoIntegrity",
    ] {
        assert!(!asserts(statement, "NoIntegrity"), "{statement}");
    }
}

#[test]
fn every_warning_is_documented_with_a_test_that_produces_it() {
    let document = read("docs/protocols/verdict.md");
    let rows = rows(&document, "Warnings");
    let documented: BTreeSet<String> = rows.iter().map(|row| code(row[0])).collect();
    assert_eq!(documented, codes(&read("core/engine/src/secure/record.rs"), "Warning"));
    let mut tests = String::new();
    sources(&root().join("core/engine/tests"), &mut tests);
    for row in rows {
        let name = code(row[2]);
        let variant = camel_case(&code(row[0]));
        let test =
            tests.split(&format!("fn {name}()")).nth(1).unwrap_or_else(|| panic!("there is no test {name}"));
        let body = test.split("\n}").next().unwrap();
        assert!(
            body.split(';').any(|statement| asserts(statement, &variant)),
            "{name} does not assert {variant}"
        );
    }
}

#[test]
fn every_reason_is_documented() {
    let document = read("docs/protocols/verdict.md");
    let documented: BTreeSet<String> =
        rows(&document, "Reason codes").iter().map(|row| code(row[0])).collect();
    assert_eq!(documented, codes(&read("core/smime/src/verdict.rs"), "Reason"));
}
