//! `cargo xtask lint`: everything that can be said about the code without running it.

use std::fs;
use std::path::Path;

use crate::error::{At, Error, Result};
use crate::layers::Graph;
use crate::run::{call, installed};
use crate::{setup, tree};

type Step = (&'static str, fn(&Path) -> Result<String>);

const STEPS: [Step; 7] = [
    ("format", format),
    ("clippy", clippy),
    ("layers", layers),
    ("layer picture", picture),
    ("repository", repository),
    ("wasm32 build of smime and mail", wasm),
    ("licences, bans, sources", deny),
];

/// Runs every step, also after one that failed, and fails if one did.
pub fn run(root: &Path) -> Result<()> {
    let mut failed = Vec::new();
    let mut table = Vec::new();
    for (name, step) in STEPS {
        println!("── lint: {name}");
        match step(root) {
            Ok(note) => table.push(format!("  ok      {name}{note}")),
            Err(error) => {
                println!("{error}");
                table.push(format!("  FAILED  {name}"));
                failed.push(name);
            }
        }
    }
    println!("── lint\n{}", table.join("\n"));
    if failed.is_empty() { Ok(()) } else { Err(Error::Check(format!("lint: {} failed", failed.join(", ")))) }
}

fn format(root: &Path) -> Result<String> {
    call("cargo").words("fmt --all --check").within(root).shown().map(|()| String::new())
}

/// The workspace turns on every feature, the phones none; the bench against libcrypto is in no other build.
fn clippy(root: &Path) -> Result<String> {
    for what in [
        "--workspace --all-targets",
        "--package smime --all-targets",
        "--package countersign-ffi --lib",
        "--package bench --features libcrypto --all-targets",
    ] {
        call("cargo")
            .words(&format!("clippy --quiet {what} --locked -- -D warnings"))
            .within(root)
            .shown()?;
    }
    Ok(String::new())
}

fn layers(root: &Path) -> Result<String> {
    none(Graph::of(root)?.broken_rules())
}

fn picture(root: &Path) -> Result<String> {
    let file = root.join("docs/ARCHITECTURE.md");
    let document = fs::read_to_string(&file).at(&file)?;
    let differences = Graph::of(root)?.differences(&document);
    none(differences.into_iter().map(|text| format!("docs/ARCHITECTURE.md: {text}")).collect())
}

fn repository(root: &Path) -> Result<String> {
    none(tree::faults(root)?)
}

/// Without an operating system there is no clock, random source or socket: what builds there has none.
fn wasm(root: &Path) -> Result<String> {
    let target = "wasm32-unknown-unknown";
    let has = || {
        call("rustup").words("target list --installed").run().is_ok_and(|said| said.out().contains(target))
    };
    if !installed("rustup") {
        println!("SKIPPED: rustup is absent, so the {target} standard library cannot be had");
        return Ok(" (SKIPPED: no rustup)".to_owned());
    }
    if !has() && call("rustup").args(["target", "add", target]).ok().is_err() {
        println!("SKIPPED: the {target} standard library could not be downloaded");
        return Ok(" (SKIPPED: target not available)".to_owned());
    }
    call("cargo")
        .words("build --quiet --locked -p smime -p mail --target")
        .arg(target)
        .env("RUSTFLAGS", "--cfg getrandom_backend=\"unsupported\"")
        .within(root)
        .shown()
        .map(|()| String::new())
}

/// Advisories need a database that CI cannot fetch: .deny.toml holds the dated review by hand.
fn deny(root: &Path) -> Result<String> {
    let program = setup::cargo_deny()?;
    call(program)
        .words("--log-level error --all-features --locked --config .deny.toml check licenses bans sources")
        .within(root)
        .shown()
        .map(|()| String::new())
}

fn none(faults: Vec<String>) -> Result<String> {
    if faults.is_empty() { Ok(String::new()) } else { Err(Error::Check(faults.join("\n"))) }
}
