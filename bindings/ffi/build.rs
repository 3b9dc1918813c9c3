//! Computes the fingerprint: SHA-256 over the sources that the library is made of, see `fingerprint` in src/lib.rs.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use sha2::{Digest, Sha256};

/// What the library is made of, below the workspace's root.
const SOURCES: [&str; 8] = [
    "Cargo.lock",
    "bindings/ffi/src",
    "bindings/ffi/uniffi.toml",
    "core/client/src",
    "core/engine/src",
    "core/mail/src",
    "core/smime/src",
    "core/store/src",
];

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../..");
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", root.join(source).display());
        collect(&root, Path::new(source), &mut files)?;
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        let octets = fs::read(root.join(&file))?;
        // Names with `/` on every system; lengths keep two files from being read as one.
        let name =
            file.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((octets.len() as u64).to_be_bytes());
        hash.update(octets);
    }
    let hex: String = hash.finalize().iter().map(|octet| format!("{octet:02x}")).collect();
    println!("cargo::rustc-env=COUNTERSIGN_FINGERPRINT={hex}");
    Ok(())
}

fn collect(root: &Path, name: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if root.join(name).is_dir() {
        for entry in fs::read_dir(root.join(name))? {
            collect(root, &name.join(entry?.file_name()), files)?;
        }
    } else {
        files.push(name.to_owned());
    }
    Ok(())
}
