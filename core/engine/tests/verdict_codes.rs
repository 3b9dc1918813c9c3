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
        assert!(body.contains(&format!("Warning::{variant}")), "{name} does not speak of {variant}");
    }
}

#[test]
fn every_reason_is_documented() {
    let document = read("docs/protocols/verdict.md");
    let documented: BTreeSet<String> =
        rows(&document, "Reason codes").iter().map(|row| code(row[0])).collect();
    assert_eq!(documented, codes(&read("core/smime/src/verdict.rs"), "Reason"));
}
