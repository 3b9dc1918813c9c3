//! docs/standards.md names tests that exist.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::path::Path;

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
fn every_test_in_the_table_of_standards_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut code = String::new();
    for folder in ["core", "bindings"] {
        sources(&root.join(folder), &mut code);
    }
    let tests: BTreeSet<&str> = code
        .split("#[test]")
        .skip(1)
        .filter_map(|rest| rest.split_once("fn ")?.1.split('(').next())
        .collect();
    let table = std::fs::read_to_string(root.join("docs/standards.md")).unwrap();
    let (table, _corpora) = table.split_once("\n## Corpora").unwrap();
    // Without the head of the table and the line under it.
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut named = 0;
    for row in rows {
        let proofs = row.rsplit('|').nth(1).unwrap();
        let names: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test in this row: {row}");
        for name in names {
            assert!(tests.contains(name), "docs/standards.md names a test that does not exist: {name}");
            named += 1;
        }
    }
    assert!(named > 30, "only {named} tests are named");
}
