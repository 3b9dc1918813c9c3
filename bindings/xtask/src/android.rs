//! `cargo xtask android test`: the Kotlin side over the same bindings, on the JVM, against the real servers.
//! `cargo xtask android apk`, see [`apk`]: the app's package, checked.

pub mod abi;
pub mod apk;
pub mod gates;
mod host;
pub mod imports;
mod library;
mod package;
mod toolchain;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{call, installed};
use crate::setup;
use crate::world::{self, Place, World};

/// The library that the bindings call.
const LIBRARY: &str = "countersign_ffi";

/// Builds the library and its bindings, starts the servers, runs Maven; with `only` some tests, as Maven's `-Dtest` names them.
pub fn test(root: &Path, only: Option<&str>) -> Result<()> {
    system()?;
    let out = root.join("target/android");
    prepare(root, &out)?;
    // What an earlier run reported is not this one's.
    let reports = reports(&out);
    if reports.exists() {
        fs::remove_dir_all(&reports).at(&reports)?;
    }
    let world = World::start(Place::under(&root.join("target"), "android")?)?;
    let library = root.join(format!("target/debug/lib{LIBRARY}.so"));
    let fingerprint = call(root.join("target/debug/bindgen")).arg("fingerprint").arg(&library).ok()?.out();
    let pki = world.pki();
    let mut maven = call("mvn")
        .words("--quiet --batch-mode --file")
        .arg(root.join("android/pom.xml"))
        .arg(format!("-Dout={}", out.display()))
        .arg(format!("-Dscreens={}", root.join("target/screens").display()))
        .args(only.map(|tests| format!("-Dtest={tests}")))
        .arg("test")
        .within(root)
        .env("COUNTERSIGN_IMAP", world.ports().imaps.to_string())
        .env("COUNTERSIGN_SMTP", world.ports().submissions.to_string())
        .env("COUNTERSIGN_TSA_URL", world.authority().url())
        .env("COUNTERSIGN_SERVER_CA", &pki.server_ca)
        .env("COUNTERSIGN_ORGANISATION_CA", &pki.organisation_ca)
        .env("COUNTERSIGN_TSA_CA", &pki.tsa_ca)
        .env("COUNTERSIGN_FINGERPRINT", fingerprint.trim());
    for person in ["alice", "bob", "carol", "dave"] {
        maven =
            maven.env(&format!("COUNTERSIGN_PASSWORD_{}", person.to_uppercase()), world::password(person));
    }
    maven.shown()?;
    report(&out)
}

/// JDK and Maven.
fn system() -> Result<()> {
    let missing: Vec<&str> = [("javac", "openjdk-17-jdk-headless"), ("mvn", "maven")]
        .into_iter()
        .filter(|(program, _)| !installed(program))
        .map(|(_, package)| package)
        .collect();
    setup::packages(&missing, "install a JDK 17 or newer and Maven by hand")
}

fn prepare(root: &Path, out: &Path) -> Result<()> {
    println!("android: building the core and its bindings");
    build_here(root)?;
    let library = root.join(format!("target/debug/lib{LIBRARY}.so"));
    let native = out.join("native");
    fs::create_dir_all(&native).at(&native)?;
    let copy = native.join(format!("lib{LIBRARY}.so"));
    fs::copy(&library, &copy).at(&copy)?;
    bindings(root, &library, "kotlin", &out.join("bindings"))?;
    words(out)
}

/// The library for this machine and the generator of the bindings, in `target/debug`.
fn build_here(root: &Path) -> Result<()> {
    call("cargo").words("build --quiet --locked -p countersign-ffi -p bindgen").within(root).shown()
}

/// Generates the bindings of `library`, which must have its symbols.
fn bindings(root: &Path, library: &Path, language: &str, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).at(folder)?;
    call(root.join("target/debug/bindgen"))
        .args(["generate", "--language", language, "--no-format", "--library"])
        .arg(library)
        .arg("--out-dir")
        .arg(folder)
        .within(root)
        .ok()
        .map(drop)
}

/// The words of the apps as Android's resources, and what names them for the code.
fn words(out: &Path) -> Result<()> {
    let entries = strings::read(strings::TABLE).map_err(|mistakes| {
        let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Error::Check(all.join("\n"))
    })?;
    let resources = out.join("res");
    strings::write_android(&entries, &resources).at(&resources)?;
    let names = out.join("words/org/countersign/words/Words.kt");
    if let Some(folder) = names.parent() {
        fs::create_dir_all(folder).at(folder)?;
    }
    fs::write(&names, kotlin(&entries)).at(&names)
}

/// The resource of each key that the core may name, with its placeholders in the order in which Android fills them in.
fn kotlin(entries: &[strings::Entry]) -> String {
    let mut text = String::from(
        "package org.countersign.words\n\nimport org.countersign.R\n\n\
         class Word(val id: Int, val placeholders: List<String>, val isPlural: Boolean)\n\n\
         val WORDS: Map<String, Word> = HashMap<String, Word>().apply {\n",
    );
    for entry in entries {
        let quoted: Vec<String> = entry.placeholders.iter().map(|name| format!("\"{name}\"")).collect();
        let (key, kind) = (&entry.key, if entry.is_plural() { "plurals" } else { "string" });
        let names = quoted.join(", ");
        let _ =
            writeln!(text, "  put(\"{key}\", Word(R.{kind}.{key}, listOf({names}), {}))", entry.is_plural());
    }
    text.push_str("}\n");
    text
}

/// Where Maven's test runner writes.
fn reports(out: &Path) -> PathBuf {
    out.join("maven/surefire-reports")
}

/// Maven's closing lines, from the reports that its test runner wrote.
fn report(out: &Path) -> Result<()> {
    let folder = reports(out);
    let mut lines = Vec::new();
    for entry in fs::read_dir(&folder).at(&folder)? {
        let path = entry.at(&folder)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = fs::read_to_string(&path).at(&path)?;
            lines.extend(text.lines().filter(|line| line.starts_with("Tests run:")).map(str::to_owned));
        }
    }
    lines.sort();
    for line in &lines {
        println!("{line}");
    }
    if lines.is_empty() {
        return Err(Error::Check("Maven ran no tests".to_owned()));
    }
    Ok(())
}
