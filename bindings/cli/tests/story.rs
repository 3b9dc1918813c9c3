//! The user promise end to end: an approval between Countersign and a foreign S/MIME program, on real servers,
//! provable by OpenSSL alone. `cargo xtask demo` tells the same story to a person; the steps are the same code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::Path;

use xtask::demo;
use xtask::world::Place;

fn tell(spoil: Option<usize>) -> (Result<(), String>, String) {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let outcome = demo::tell(program, Place::temporary().unwrap(), folder.path(), spoil, &[]);
    let page = std::fs::read_to_string(folder.path().join("index.html")).unwrap();
    (outcome.map(drop).map_err(|error| error.to_string()), page)
}

#[test]
fn alice_asks_bob_and_carol_and_openssl_confirms_everything() {
    let (outcome, page) = tell(None);
    assert_eq!(outcome, Ok(()));
    for step in 1..=7 {
        assert!(page.contains(&format!("id=\"step{step}\"")), "step {step} is on the page");
    }
    assert!(page.contains("All 7 steps confirmed"));
}

#[test]
fn a_changed_byte_of_the_evidence_fails_in_step_6_and_says_so() {
    let (outcome, page) = tell(Some(6));
    let sentence = outcome.unwrap_err();
    assert!(sentence.starts_with("Step 6 ("), "{sentence}");
    assert!(sentence.contains("openssl cms -verify"), "{sentence}");
    assert!(page.contains("Step 6 (") && !page.contains("id=\"step7\""));
}
