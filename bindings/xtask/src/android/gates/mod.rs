//! What an APK must be before anybody gets it. Every gate looks at the finished file; android/README.md says how each was seen red.

mod dex;
mod elf;
mod manifest;
mod octets;
pub mod zip;

use std::fs;
use std::path::Path;

use super::LIBRARY;
use super::abi::Abi;
use super::imports::Imports;
use super::package::App;
use crate::error::{At, Error, Result};
use elf::Library;
use zip::Archive;

/// Largest APK for one processor, in octets: what a person downloads is less, because the store compresses it.
const MAX_APK: usize = 12_000_000;

struct Gate {
    name: &'static str,
    /// What would happen on a phone.
    why: &'static str,
    faults: fn(&Apk<'_>) -> Result<Vec<String>>,
}

const GATES: [Gate; 10] = [
    Gate {
        name: "zip",
        why: "a library that is compressed or beside a 16 KiB page can't be mapped out of the APK, and the app does not start",
        faults: |apk| Ok(zip::faults(&apk.archive)),
    },
    Gate {
        name: "segments",
        why: "phones with 16 KiB pages refuse a library whose segments are aligned to less, all phones one for another processor",
        faults: |apk| Ok(apk.libraries.iter().flat_map(|library| library.loading_faults(apk.abi)).collect()),
    },
    Gate {
        name: "imports",
        why: "one function that Android 9 lacks, and the library is not loaded there",
        faults: |apk| Ok(apk.own()?.import_faults(apk.imports)),
    },
    Gate {
        name: "needed",
        why: "a library that no phone has, and ours is not loaded",
        faults: |apk| Ok(apk.libraries.iter().flat_map(Library::needed_faults).collect()),
    },
    Gate {
        name: "text relocations",
        why: "Android refuses code that must be written to when it is loaded",
        faults: |apk| Ok(apk.libraries.iter().flat_map(Library::text_relocation_faults).collect()),
    },
    Gate {
        name: "exports",
        why: "a name like malloc or SSL_new in our library could take the place of another library's in the same process",
        faults: |apk| Ok(apk.own()?.export_faults()),
    },
    Gate {
        name: "dex",
        why: "invoke-custom asks for Java's LambdaMetafactory, which Android has not: a crash when the line is reached",
        faults: dex_faults,
    },
    Gate {
        name: "manifest",
        why: "a debuggable app can be read by any computer on its cable; a wrong SDK level or processor is not installed",
        faults: |apk| Ok(manifest::faults(&apk.app.badging(apk.file)?, apk.abi)),
    },
    Gate {
        name: "signature",
        why: "v2 and v3 cover the whole file; without them a changed APK could pass",
        faults: signature_faults,
    },
    Gate {
        name: "size",
        why: "people install it over mobile data",
        faults: |apk| Ok(size_faults(apk.archive.bytes.len())),
    },
];

/// An APK for one processor, opened.
struct Apk<'a> {
    file: &'a Path,
    abi: Abi,
    archive: Archive,
    libraries: Vec<Library>,
    imports: &'a Imports,
    app: &'a App,
}

/// Runs every gate on `file`, also after one that is red, and fails if one was.
pub fn check(file: &Path, abi: Abi, imports: &Imports, app: &App) -> Result<()> {
    let apk = Apk::open(file, abi, imports, app)?;
    let mut red = Vec::new();
    for gate in &GATES {
        let faults = (gate.faults)(&apk)?;
        if faults.is_empty() {
            println!("  ok      {}", gate.name);
            continue;
        }
        println!("  RED     {}: {}", gate.name, gate.why);
        for fault in faults {
            println!("            {fault}");
        }
        red.push(gate.name);
    }
    println!("{}", apk.sizes());
    if red.is_empty() {
        Ok(())
    } else {
        Err(Error::Check(format!("{}: {} red", file.display(), red.join(", "))))
    }
}

impl<'a> Apk<'a> {
    fn open(file: &'a Path, abi: Abi, imports: &'a Imports, app: &'a App) -> Result<Self> {
        let archive = Archive::read(fs::read(file).at(file)?)?;
        let mut libraries = Vec::new();
        for entry in archive.entries.iter().filter(|entry| entry.name.ends_with(".so")) {
            libraries.push(Library::read(&entry.name, &archive.content(entry)?)?);
        }
        Ok(Apk { file, abi, archive, libraries, imports, app })
    }

    /// Our own library. JNA's comes built: its imports and exports are its makers' matter.
    fn own(&self) -> Result<&Library> {
        let name = own_name(self.abi);
        let own = self.libraries.iter().find(|library| library.name == name);
        own.ok_or_else(|| Error::Check(format!("{} does not hold {name}", self.file.display())))
    }

    /// Octets of the APK and its largest parts.
    fn sizes(&self) -> String {
        let mut parts: Vec<_> =
            self.archive.entries.iter().map(|entry| (entry.packed, &entry.name)).collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.0));
        let parts: Vec<String> =
            parts.into_iter().take(4).map(|(octets, name)| format!("{octets} {name}")).collect();
        format!("  {} octets: {}", self.archive.bytes.len(), parts.join(", "))
    }
}

fn dex_faults(apk: &Apk<'_>) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut count = 0;
    for entry in apk.archive.entries.iter().filter(|entry| entry.name.ends_with(".dex")) {
        faults.extend(dex::faults(&entry.name, &apk.archive.content(entry)?)?);
        count += 1;
    }
    if count == 0 {
        faults.push("there is no code".to_owned());
    }
    Ok(faults)
}

/// Where our library lies in an APK.
pub fn own_name(abi: Abi) -> String {
    format!("lib/{}/lib{LIBRARY}.so", abi.name())
}

/// The verifier must accept the APK, and refuse it with one octet changed.
fn signature_faults(apk: &Apk<'_>) -> Result<Vec<String>> {
    let (holds, said) = apk.app.verify(apk.file)?;
    let mut faults = Vec::new();
    if !holds {
        faults.push(said.trim().to_owned());
    }
    let mut changed = apk.archive.bytes.clone();
    let own = own_name(apk.abi);
    for entry in apk.archive.entries.iter().filter(|entry| entry.name == own) {
        if let Some(octet) = changed.get_mut(entry.offset + entry.packed / 2) {
            *octet ^= 1;
        }
    }
    let folder = tempfile::tempdir().at(apk.file)?;
    let copy = folder.path().join("changed.apk");
    fs::write(&copy, changed).at(&copy)?;
    if apk.app.verify(&copy)?.0 {
        faults.push("it verifies with a changed octet in the library".to_owned());
    }
    Ok(faults)
}

fn size_faults(octets: usize) -> Vec<String> {
    if octets <= MAX_APK { Vec::new() } else { vec![format!("{octets} octets, more than {MAX_APK}")] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_octet_too_many_is_refused() {
        assert_eq!(size_faults(12_000_000), Vec::<String>::new());
        assert_eq!(size_faults(12_000_001), ["12000001 octets, more than 12000000"]);
    }
}
