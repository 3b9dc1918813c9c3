//! What whole processes cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::error::{At, Result, check};
use crate::run::call;

/// The most of what a command line took, of all its processes.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) seconds: f64,
    /// Of the largest process, in MiB.
    pub(super) memory: f64,
}

/// Our program, built for release.
pub(super) fn program(root: &Path) -> Result<PathBuf> {
    eprintln!("bench: building countersign (release)");
    let build = ["build", "--release", "--locked", "--quiet", "--package", "countersign"];
    call("cargo").args(build).within(root).without_package().shown()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(root.join(target).join("release/countersign"))
}

/// Runs a command line of the shell in `folder`; `$T` stands before each program whose memory counts.
pub(super) fn run(folder: &Path, line: &str) -> Result<Cost> {
    let memory = folder.join("memory");
    fs::write(&memory, "").at(&memory)?;
    let script = format!("set -e; T='/usr/bin/time -a -o memory -f %M'; {line}");
    let start = Instant::now();
    call("sh").args(["-c", &script]).within(folder).ok()?;
    let seconds = start.elapsed().as_secs_f64();
    let kib = fs::read_to_string(&memory).at(&memory)?;
    let largest = kib.lines().filter_map(|line| line.trim().parse::<f64>().ok()).fold(0.0, f64::max);
    check(largest > 0.0, || format!("GNU time told no memory: {kib}"))?;
    Ok(Cost { seconds, memory: largest / 1024.0 })
}

/// The median time, the most memory.
pub(super) fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let memory = costs.iter().map(|cost| cost.memory).fold(0.0, f64::max);
    let seconds = costs.get(costs.len() / 2).map_or(0.0, |cost| cost.seconds);
    Cost { seconds, memory }
}
