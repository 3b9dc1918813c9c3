//! The table of `cargo xtask interop`, with the program that this test was built with and the peers that are there.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::Path;

use xtask::interop::{fill, peers};

#[test]
fn other_programs_read_what_we_write_and_the_other_way_round() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let peers = peers(&root).unwrap();
    let table = fill(Path::new(env!("CARGO_BIN_EXE_countersign")), peers).unwrap();
    println!("{table}");
    let failures: Vec<String> = table.failures().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let document = std::fs::read_to_string(root.join("docs/interop.md")).unwrap();
    let contradictions = table.contradictions(&document);
    assert!(contradictions.is_empty(), "docs/interop.md: {}", contradictions.join("\n"));
    // OpenSSL alone passes that many: the table did not run empty.
    assert!(table.passed() > 50, "{} cells passed", table.passed());
}
