//! `cargo xtask test` and `cargo xtask prove`: the test runner, its closing lines, and what it skipped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// Runs all tests of the workspace; with `prove` the full counts of the property tests, and a table.
pub fn run(root: &Path, prove: bool) -> Result<()> {
    let mut command = Command::new("cargo");
    // --show-output, because a test that passes by skipping says so on its standard output.
    command.args(["test", "--workspace", "--locked", "--no-fail-fast", "--", "--show-output"]);
    command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped());
    if prove {
        command.env("COUNTERSIGN_PROVE", "1");
    }
    let start = |source| Error::Start { program: "cargo".to_owned(), source };
    // Cargo names the binary on standard error, the binary its results on standard output: one stream keeps order.
    command.stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(start)?;
    let mut report = Report::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let Ok(line) = line else { break };
            if let Some(shown) = report.take(&String::from_utf8_lossy(&line)) {
                println!("{shown}");
            }
        }
    }
    let status = child.wait().map_err(start)?;
    report.print(prove);
    if status.success() {
        Ok(())
    } else {
        Err(Error::Check(format!("{} tests failed", report.total(|result| result.failed))))
    }
}

/// Numbers of one test binary.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
    seconds: String,
}

#[derive(Debug, Default)]
struct Report {
    quiet: bool,
    results: Vec<Counts>,
    skipped: Vec<String>,
}

impl Report {
    /// Notes what a line says; returns it when it is worth showing: all but the output of tests that passed.
    fn take<'a>(&mut self, line: &'a str) -> Option<&'a str> {
        if line.starts_with("SKIPPED") {
            self.skipped.push(line.to_owned());
            return None;
        }
        if line == "successes:" {
            self.quiet = true;
        }
        if line.starts_with("test result: ") || line == "failures:" {
            self.quiet = false;
            self.results.extend(counts(line));
        }
        (!self.quiet && !line.is_empty()).then_some(line)
    }

    fn total(&self, field: impl Fn(&Counts) -> usize) -> usize {
        self.results.iter().map(field).sum()
    }

    fn print(&mut self, table: bool) {
        if table {
            println!("\n  passed  failed  ignored  seconds");
            for result in self.results.iter().filter(|result| result.passed + result.failed > 0) {
                println!(
                    "  {:>6}  {:>6}  {:>7}  {:>7}",
                    result.passed, result.failed, result.ignored, result.seconds
                );
            }
        }
        self.skipped.sort();
        self.skipped.dedup();
        println!();
        for line in &self.skipped {
            println!("{line}");
        }
        println!(
            "{} passed, {} failed, {} skipped",
            self.total(|result| result.passed),
            self.total(|result| result.failed),
            self.total(|result| result.ignored) + self.skipped.len()
        );
    }
}

/// Reads `test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 3.30s`.
fn counts(line: &str) -> Option<Counts> {
    let number = |word: &str| {
        let (before, _) = line.split_once(word)?;
        before.split_whitespace().next_back()?.parse().ok()
    };
    Some(Counts {
        passed: number(" passed;")?,
        failed: number(" failed;")?,
        ignored: number(" ignored;")?,
        seconds: line.split_once("finished in ")?.1.trim_end_matches('s').to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted_and_skips_are_heard() {
        let mut report = Report::default();
        let text = "running 2 tests\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\nchatter\nSKIPPED: x is absent\n\n\
                    successes:\n    a\n\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; \
                    finished in 0.01s\n\ntest result: FAILED. 3 passed; 4 failed; 0 ignored; 0 measured; \
                    0 filtered out; finished in 1.50s";
        let shown: Vec<&str> = text.lines().filter_map(|line| report.take(line)).collect();
        assert_eq!(shown.len(), 4, "{shown:?}");
        assert!(!shown.contains(&"chatter"));
        assert_eq!(report.skipped, ["SKIPPED: x is absent"]);
        assert_eq!(report.total(|result| result.passed), 5);
        assert_eq!(report.total(|result| result.failed), 4);
        assert_eq!(report.results[1].seconds, "1.50");
    }
}
