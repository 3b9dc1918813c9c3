//! Every call of the interface is made by the tests of both platforms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn texts(folder: &Path, extension: &str, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, extension, into);
        } else if path.extension().is_some_and(|found| found == extension) {
            into.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

/// Names of what `#[uniffi::export]` stands over, each with how often: functions, and the methods of an `impl`.
fn exported(source: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    let (mut is_next, mut in_impl) = (false, false);
    for line in source.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if text.starts_with("#[uniffi::export") {
            is_next = true;
        } else if is_next && text.starts_with("impl ") {
            (is_next, in_impl) = (false, true);
        } else if line == "}" {
            in_impl = false;
        }
        let Some(rest) = text.strip_prefix("pub async fn ").or_else(|| text.strip_prefix("pub fn ")) else {
            continue;
        };
        let name = rest.split(['(', '<']).next().unwrap().to_owned();
        if (is_next && indent == 0) || (in_impl && indent == 4) {
            *names.entry(name).or_default() += 1;
        }
        is_next = false;
    }
    names
}

/// As both languages spell it; constructors are called by the name of their type.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_owned();
    words.fold(first, |text, word| text + &word[..1].to_uppercase() + &word[1..])
}

#[test]
fn both_platforms_call_everything() {
    let mut source = String::new();
    texts(&root().join("bindings/ffi/src"), "rs", &mut source);
    let names = exported(&source);
    assert!(names.len() > 50 && names["screen"] == 5 && names["fault_text"] == 1, "{names:?}");
    for (folder, extension) in [("android/app/src", "kt"), ("ios/Packages/CoreBridge", "swift")] {
        let mut tests = String::new();
        texts(&root().join(folder), extension, &mut tests);
        let is_called =
            |name: &str, times: usize| tests.matches(&format!("{}(", camel(name))).count() >= times;
        let never: Vec<&String> = names
            .iter()
            .filter(|(name, times)| *name != "new" && !is_called(name, **times))
            .map(|(name, _)| name)
            .collect();
        assert!(never.is_empty(), "no {extension} file calls {never:?}");
    }
}

#[test]
fn the_reader_of_names_reads_functions_and_methods_only() {
    let source = "#[uniffi::export]\n/// Doc.\npub fn one() {}\npub fn two() {}\n#[uniffi::export]\nimpl A {\n    pub async fn \
                  three(&self) {}\n    fn four() {}\n}\nimpl A {\n    pub fn five() {}\n}\n";
    assert_eq!(exported(source), BTreeMap::from([("one".to_owned(), 1), ("three".to_owned(), 1)]));
    assert_eq!(camel("meet_frame"), "meetFrame");
}
