//! `cargo xtask ios test`: the Swift package over the same bindings, compiled and tested on Linux, its story against the real
//! servers.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::error::{At, Error, Result};
use crate::run::call;
use crate::swift::Toolchain;
use crate::world::{self, Place, World};

/// Name of the Swift module that UniFFI generates.
const MODULE: &str = "CountersignCore";
/// The library that it calls.
const LIBRARY: &str = "countersign_ffi";

/// Builds the library and its bindings, starts the servers, runs `swift test`.
pub fn test(root: &Path) -> Result<()> {
    if !Toolchain::is_possible() {
        println!(
            "SKIPPED: ios test: this machine allows no mount namespaces, so Swift can't be run beside it"
        );
        return Ok(());
    }
    let toolchain = Toolchain::ready()?;
    let package = prepare(root)?;
    let world = World::start(Place::under(&root.join("target"), "ios")?)?;
    let described = package.join("world.json");
    fs::write(&described, describe(&world)?).at(&described)?;
    let built = root.join(format!("target/debug/lib{LIBRARY}.so"));
    let fingerprint =
        call(root.join("target/debug/bindgen")).arg("fingerprint").arg(&built).ok()?.out().trim().to_owned();
    let variables = [
        ("COUNTERSIGN_WORLD", described.to_string_lossy().into_owned()),
        ("COUNTERSIGN_FINGERPRINT", fingerprint),
    ];
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // 6.0's libswiftObservation.so lacks a symbol that nothing here uses.
    toolchain.call(root, &package, &variables).words("swift test -Xlinker --allow-shlib-undefined").shown()
}

/// The package with what is generated, under target/: the sources stay clean.
fn prepare(root: &Path) -> Result<PathBuf> {
    println!("ios: building the core and its bindings");
    call("cargo").words("build --quiet --locked -p countersign-ffi -p bindgen").within(root).shown()?;
    let package = root.join("target/ios/CoreBridge");
    let bindings = root.join("target/ios/bindings");
    fs::create_dir_all(&bindings).at(&bindings)?;
    call(root.join("target/debug/bindgen"))
        .words("generate --language swift --no-format --library")
        .arg(root.join(format!("target/debug/lib{LIBRARY}.so")))
        .arg("--out-dir")
        .arg(&bindings)
        .within(root)
        .ok()?;
    for folder in ["Sources", "Tests"] {
        // A file that was deleted in the sources must not live on in the copy.
        let copy = package.join(folder);
        if copy.exists() {
            fs::remove_dir_all(&copy).at(&copy)?;
        }
    }
    copy_tree(&root.join("ios/Packages/CoreBridge"), &package)?;
    let generated = package.join("Generated");
    let header = generated.join(format!("{MODULE}FFI"));
    put(&bindings.join(format!("{MODULE}.swift")), &generated.join(MODULE).join(format!("{MODULE}.swift")))?;
    put(&bindings.join(format!("{MODULE}FFI.h")), &header.join(format!("{MODULE}FFI.h")))?;
    put(&bindings.join(format!("{MODULE}FFI.modulemap")), &header.join("module.modulemap"))?;
    // The archive alone: if the .so lay beside it, the linker would take that.
    let archive = format!("lib{LIBRARY}.a");
    put(&root.join("target/debug").join(&archive), &generated.join("lib").join(&archive))?;
    forget_linked(&package)?;
    Ok(package)
}

/// SwiftPM does not link again when only a library given by -l changed, and would test old Rust.
fn forget_linked(package: &Path) -> Result<()> {
    let build = package.join(".build");
    let Ok(entries) = fs::read_dir(&build) else { return Ok(()) };
    for entry in entries.flatten() {
        let Ok(inner) = fs::read_dir(entry.path()) else { continue };
        for file in inner.flatten().map(|file| file.path()) {
            if file.extension().is_some_and(|extension| extension == "xctest") {
                let gone = if file.is_dir() { fs::remove_dir_all(&file) } else { fs::remove_file(&file) };
                gone.at(&file)?;
            }
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).at(to)?;
    for entry in fs::read_dir(from).at(from)? {
        let entry = entry.at(from)?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy_tree(&entry.path(), &target)? } else { put(&entry.path(), &target)? }
    }
    Ok(())
}

/// Copies what changed, so that SwiftPM does not compile for nothing.
fn put(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).at(folder)?;
    }
    let octets = fs::read(from).at(from)?;
    if fs::read(to).is_ok_and(|old| old == octets) {
        return Ok(());
    }
    fs::write(to, octets).at(to)
}

fn describe(world: &World) -> Result<Vec<u8>> {
    let passwords: serde_json::Map<String, serde_json::Value> = ["alice", "bob", "carol", "dave"]
        .into_iter()
        .map(|person| (person.to_owned(), json!(world::password(person))))
        .collect();
    let pki = world.pki();
    // Inside the toolchain only the workspace is seen, so the files are named by their paths in it.
    let record = json!({
        "imap": world.ports().imaps,
        "smtp": world.ports().submissions,
        "authority": world.authority().url(),
        "serverCa": pki.server_ca,
        "organisationCa": pki.organisation_ca,
        "authorityCa": pki.tsa_ca,
        "passwords": passwords,
    });
    serde_json::to_vec(&record).map_err(|error| Error::Check(error.to_string()))
}
