//! The seeds of the fuzz targets, without a fuzzer: each as it is, cut, and with octets changed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use fuzz::TARGETS;

/// Seeds that lie elsewhere in the fixtures.
const SHARED: &[(&str, &str)] = &[
    ("signed", "approval/story"),
    ("ber", "approval/story"),
    ("x509", "approval/certificates"),
    ("ber", "approval/certificates"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let shared = SHARED.iter().filter(|(name, _)| *name == target).map(|(_, folder)| fixtures().join(folder));
    let folders = std::iter::once(fixtures().join("fuzz").join(target)).chain(shared);
    let mut seeds: Vec<(String, Vec<u8>)> = folders
        .flat_map(|folder| std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")))
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    seeds
}

#[test]
fn every_target_has_seeds_and_holds_on_them() {
    for (name, target) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 3, "{name} has {} seeds", seeds.len());
        for (file, seed) in seeds {
            println!("{file}");
            target(&seed);
        }
    }
}

#[test]
fn every_target_holds_on_damaged_seeds() {
    for (name, target) in TARGETS {
        for (file, seed) in seeds(name) {
            println!("{file}");
            // Some 40 places in each seed, the same in every run.
            let step = seed.len() / 40 + 1;
            for at in (0..seed.len()).step_by(step) {
                target(&seed[..at]);
                for change in [0x01, 0x80] {
                    let mut damaged = seed.clone();
                    damaged[at] ^= change;
                    target(&damaged);
                }
            }
        }
    }
}

#[test]
fn no_seed_lies_around_without_a_target() {
    for entry in std::fs::read_dir(fixtures().join("fuzz")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            assert!(TARGETS.iter().any(|(target, _)| *target == name), "{name} is no target");
        }
    }
}
