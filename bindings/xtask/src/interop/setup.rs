//! Where the peers come from: the system, a Python environment and a folder of Java classes in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Peer;
use super::gpgsm::Gpgsm;
use super::openssl::Openssl;
use super::talker::{Library, Talker};
use crate::error::{At, Error, Result};
use crate::run::{call, installed};
use crate::setup::{self, cache};

/// Release of the Python package `cryptography`.
const PYTHON_CRYPTOGRAPHY: &str = "50.0.2";
/// Written when a folder in the cache is complete.
const READY: &str = "ready";

/// Builds the terminal program, as `cargo xtask test` does.
pub fn program(root: &Path) -> Result<PathBuf> {
    call("cargo")
        .words("build --quiet --locked --package countersign")
        .within(root)
        .without_package()
        .shown()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug/countersign"))
}

/// Fetches what the peers need; says what can't be had.
pub fn prepare(root: &Path) {
    for (name, result) in
        [("python-cryptography", fetch_python()), ("BouncyCastle", fetch_bouncy_castle(root))]
    {
        if let Err(error) = result {
            println!("setup: {name} can't be had, its part of the interop table will be skipped: {error}");
        }
    }
}

/// The peers that are there, without fetching any; says which are not. `root` is the workspace.
pub fn peers(root: &Path) -> Result<Vec<Box<dyn Peer>>> {
    let mut peers: Vec<Box<dyn Peer>> = vec![Box::new(Openssl::new()?)];
    if installed("gpgsm") {
        peers.push(Box::new(Gpgsm::new()?));
    } else {
        skipped("gpgsm");
    }
    let python = python_folder()?;
    if python.join(READY).is_file() {
        let mut command = Command::new(python.join("bin/python"));
        peers
            .push(Box::new(Talker::start(Library::Python, command.arg(root.join(SOURCES).join("peer.py")))?));
    } else {
        skipped("python-cryptography");
    }
    match bouncy_castle(root)? {
        Some(class_path) => {
            let mut command = Command::new("java");
            // One short run: compiling to machine code in stages costs more than it gives.
            command.args(["-XX:TieredStopAtLevel=1", "-cp", &class_path, "Peer"]);
            peers.push(Box::new(Talker::start(Library::BouncyCastle, &mut command)?));
        }
        None => skipped("BouncyCastle"),
    }
    Ok(peers)
}

fn skipped(name: &str) {
    println!("SKIPPED: the peer {name} is absent; `cargo xtask interop` fetches it");
}

/// Sources of the peers, below the workspace.
const SOURCES: &str = "bindings/xtask/peers";

fn python_folder() -> Result<PathBuf> {
    Ok(cache()?.join(format!("interop-python-cryptography-{PYTHON_CRYPTOGRAPHY}")))
}

fn fetch_python() -> Result<()> {
    let folder = python_folder()?;
    if folder.join(READY).is_file() {
        return Ok(());
    }
    let has_venv = call("python3").arg("-c").arg("import ensurepip, venv").ok().is_ok();
    let missing: &[&str] = if has_venv { &[] } else { &["python3-venv"] };
    setup::packages(missing, "install Python 3 with venv by hand")?;
    println!("setup: installing python-cryptography {PYTHON_CRYPTOGRAPHY} into {} (once)", folder.display());
    call("python3").words("-m venv --clear").arg(&folder).ok()?;
    call(folder.join("bin/pip"))
        .words("install --quiet --only-binary :all:")
        .arg(format!("cryptography=={PYTHON_CRYPTOGRAPHY}"))
        .ok()?;
    fs::write(folder.join(READY), "").at(&folder)
}

/// Of the classes and what they were made of.
fn bouncy_castle_folder() -> Result<PathBuf> {
    Ok(cache()?.join("interop-bouncycastle"))
}

/// What was compiled: the peer's source and its dependencies.
fn sources(root: &Path) -> Result<String> {
    let read = |name: &str| {
        let path = root.join(SOURCES).join(name);
        fs::read_to_string(&path).at(&path)
    };
    Ok(read("pom.xml")? + &read("Peer.java")?)
}

/// The class path, when the classes are those of the sources as they stand and all archives are there.
fn bouncy_castle(root: &Path) -> Result<Option<String>> {
    let folder = bouncy_castle_folder()?;
    if !installed("java") || fs::read_to_string(folder.join(READY)).ok() != Some(sources(root)?) {
        return Ok(None);
    }
    let archives = fs::read_to_string(folder.join("class-path")).at(&folder)?;
    let are_there = archives.trim().split(':').all(|archive| Path::new(archive).is_file());
    Ok(are_there.then(|| format!("{}:{}", folder.join("classes").display(), archives.trim())))
}

fn fetch_bouncy_castle(root: &Path) -> Result<()> {
    let missing: Vec<&str> = [("javac", "openjdk-17-jdk-headless"), ("mvn", "maven")]
        .into_iter()
        .filter(|(program, _)| !installed(program))
        .map(|(_, package)| package)
        .collect();
    setup::packages(&missing, "install a JDK 17 or newer and Maven by hand")?;
    if bouncy_castle(root)?.is_some() {
        return Ok(());
    }
    let folder = bouncy_castle_folder()?;
    println!("setup: compiling the BouncyCastle peer into {} (once)", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).at(&folder)?;
    }
    let classes = folder.join("classes");
    fs::create_dir_all(&classes).at(&classes)?;
    let class_path = folder.join("class-path");
    call("mvn")
        .words("--quiet --batch-mode dependency:build-classpath --file")
        .arg(root.join(SOURCES).join("pom.xml"))
        .arg(format!("-Dmdep.outputFile={}", class_path.display()))
        .ok()?;
    let archives = fs::read_to_string(&class_path).at(&class_path)?;
    call("javac")
        .words("-Xlint:all -Werror -cp")
        .arg(archives.trim())
        .arg("-d")
        .arg(&classes)
        .arg(root.join(SOURCES).join("Peer.java"))
        .ok()?;
    fs::write(folder.join(READY), sources(root)?).at(&folder)?;
    match bouncy_castle(root)? {
        Some(_) => Ok(()),
        None => Err(Error::Check(format!("{} is not complete", folder.display()))),
    }
}
