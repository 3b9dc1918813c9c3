//! `cargo xtask fuzz`: every target of `core/fuzz` under LLVM's libFuzzer with AddressSanitizer, for some seconds each.
//!
//! Seeds are those of `fixtures/fuzz`; what is found on the way is kept in `target/fuzz/corpus` for the next run. What
//! crashes lies in `target/fuzz/found`: it becomes a seed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result, check};
use crate::run::{Said, call, installed, tail};

/// Seconds for each target, unless the caller says otherwise.
pub const DEFAULT_SECONDS: u32 = 60;

/// Most memory of a target, in MiB; AddressSanitizer takes a part of it.
const MEMORY_LIMIT: u32 = 1024;
/// Most seconds for one input, under a sanitizer that makes all slower.
const TIME_LIMIT: u32 = 10;
/// Longest input that is made, in octets.
const LONGEST: u32 = 16_384;

/// What `cargo fuzz` would set: coverage for the fuzzer, and the sanitizer. One code unit, or edges count twice.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Zsanitizer=address -Ccodegen-units=1";

/// Runs every target, or the one named `only`, for `seconds` each.
pub fn run(root: &Path, seconds: u32, only: Option<&str>) -> Result<()> {
    let names = targets(root)?;
    check(only.is_none_or(|only| names.iter().any(|name| name == only)), || {
        format!("there is no such target; there are {}", names.join(", "))
    })?;
    let program = build(root)?;
    println!("{:<10} {:>12} {:>10} {:>9}", "target", "executions", "coverage", "features");
    let mut crashed = Vec::new();
    for name in names.iter().filter(|name| only.is_none_or(|only| *name == only)) {
        let said = drive(root, &program, name, seconds)?;
        let report = Report::read(&said.err());
        println!("{name:<10} {:>12} {:>10} {:>9}", report.executions, report.coverage, report.features);
        if said.code != Some(0) {
            println!("{}", tail(&said.err(), 40));
            crashed.push(name.clone());
        }
    }
    check(crashed.is_empty(), || {
        let found = root.join("target/fuzz/found");
        format!("a crash in {}; the inputs lie in {}", crashed.join(", "), found.display())
    })
}

/// A target has a folder of seeds; a test compares them with the list in `core/fuzz`.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fixtures/fuzz");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).at(&folder)? {
        let entry = entry.at(&folder)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn build(root: &Path) -> Result<PathBuf> {
    let is_there =
        || call("rustup").words("run nightly rustc --version").run().is_ok_and(|said| said.code == Some(0));
    if !installed("rustup") || (!is_there() && install().is_err()) {
        return Err(Error::Missing {
            what: "a nightly compiler".to_owned(),
            remedy: "libFuzzer's counters are in no other: rustup toolchain install nightly".to_owned(),
        });
    }
    let version = call("rustup").words("run nightly rustc -vV").ok()?.out();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let out = root.join("target/fuzz");
    println!("fuzz: building the targets into {} (some minutes, once)", out.display());
    let package = root.join("core/fuzz/libfuzzer");
    // The versions that the workspace has; Cargo adds the fuzzer's own.
    fs::copy(root.join("Cargo.lock"), package.join("Cargo.lock")).at(&package)?;
    call("rustup")
        .words("run nightly cargo build --quiet --release --manifest-path")
        .arg(package.join("Cargo.toml"))
        .args(["--target", &host])
        // The flags are not for build scripts, so a target is named even though it is this machine's.
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &out)
        .without_package()
        .within(root)
        .shown()?;
    Ok(out.join(host).join("release/any"))
}

fn install() -> Result<()> {
    println!("setup: installing a nightly compiler");
    call("rustup").words("toolchain install nightly --profile minimal").shown()
}

fn drive(root: &Path, program: &Path, name: &str, seconds: u32) -> Result<Said> {
    let (corpus, found) = (root.join("target/fuzz/corpus").join(name), root.join("target/fuzz/found"));
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).at(folder)?;
    }
    call(program)
        .env("COUNTERSIGN_FUZZ_TARGET", name)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={MEMORY_LIMIT}"))
        .arg(format!("-timeout={TIME_LIMIT}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={}/{name}-", found.display()))
        .words("-print_final_stats=1 -detect_leaks=0")
        .arg(&corpus)
        .arg(root.join("fixtures/fuzz").join(name))
        .run()
}

/// What libFuzzer said at the end.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    executions: u64,
    coverage: u64,
    features: u64,
}

impl Report {
    /// Reads lines like `#524288 pulse  cov: 1405 ft: 2900 corp: …` and `stat::number_of_executed_units: 600000`.
    fn read(text: &str) -> Self {
        let mut report = Report::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                let field = match word {
                    "cov:" => &mut report.coverage,
                    "ft:" => &mut report.features,
                    "stat::number_of_executed_units:" => &mut report.executions,
                    _ => continue,
                };
                *field = words.next().and_then(|number| number.parse().ok()).unwrap_or(*field);
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_numbers_count() {
        let text = "INFO: seed corpus: files: 3\n#4\tINITED cov: 100 ft: 120 corp: 3/9b\n#9\tDONE   cov: 140 ft: 190 corp: 5/9b\n\
                    stat::number_of_executed_units: 9\nstat::peak_rss_mb:              60\n";
        assert_eq!(Report::read(text), Report { executions: 9, coverage: 140, features: 190 });
    }
}
