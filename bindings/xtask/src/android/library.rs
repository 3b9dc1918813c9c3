//! The native library for one processor.

use std::fs;
use std::path::{Path, PathBuf};

use super::LIBRARY;
use super::abi::Abi;
use super::imports::Imports;
use super::toolchain::Toolchain;
use crate::error::{At, Result};
use crate::run::call;

/// A library, built.
#[derive(Debug)]
pub struct Built {
    /// For what.
    pub abi: Abi,
    /// With the names that the generator of the bindings reads.
    pub whole: PathBuf,
    /// As it goes into the APK.
    pub stripped: PathBuf,
}

/// Builds it with the profile `phone`; the stripped one goes to `out/lib`.
pub fn build(root: &Path, out: &Path, toolchain: &Toolchain, imports: &Imports, abi: Abi) -> Result<Built> {
    println!("android: building the core for {}", abi.name());
    let against = out.join("native").join(abi.name());
    toolchain.link_against(abi, imports, &against)?;
    // Flags of this one crate, not RUSTFLAGS: what it is made of stays built when they change.
    let cargo = call("cargo")
        .words("rustc --quiet --locked --profile phone -p countersign-ffi --lib --crate-type cdylib --target")
        .arg(abi.target())
        .arg("--")
        .arg("-Clinker-flavor=ld.lld")
        .arg(format!("-L{}", against.display()))
        .args(LINK.iter().map(|option| format!("-Clink-arg={option}")))
        .within(root);
    toolchain.within(abi, cargo).shown()?;
    let folder = out.join("lib").join(abi.name());
    fs::create_dir_all(&folder).at(&folder)?;
    let name = format!("lib{LIBRARY}.so");
    let whole = root.join("target").join(abi.target()).join("phone").join(&name);
    let stripped = folder.join(&name);
    toolchain.strip(&whole, &stripped)?;
    Ok(Built { abi, whole, stripped })
}

/// Every import must be in a stub; pages of 16 KiB; one copy of equal functions.
const LINK: [&str; 5] =
    ["-zdefs", "-zmax-page-size=16384", "-zcommon-page-size=16384", "--hash-style=both", "--icf=all"];
