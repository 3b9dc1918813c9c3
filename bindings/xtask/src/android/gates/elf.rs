//! The native libraries of the APK, as Android's dynamic linker reads them (ELF-64, System V ABI chapters 4 and 5).

use std::collections::BTreeMap;

use goblin::elf::dynamic::{DF_TEXTREL, DT_TEXTREL};
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::sym::STB_WEAK;
use goblin::elf::{Elf, Sym};

use crate::android::abi::Abi;
use crate::android::imports::{Imports, OLDEST_API};
use crate::error::{Error, Result};

/// Pages of newer phones (Android 15).
const PAGE: u64 = 16384;
/// What every Android has; nothing else may be needed.
const SYSTEM: [&str; 4] = ["libc.so", "libm.so", "libdl.so", "liblog.so"];
/// What UniFFI exports.
const EXPORTS: [&str; 3] = ["ffi_countersign_ffi_", "uniffi_countersign_ffi_", "UNIFFI_META_"];

/// What the gates look at in one library.
#[derive(Debug, Default)]
pub struct Library {
    /// Its path in the APK.
    pub name: String,
    machine: u16,
    alignments: Vec<u64>,
    needed: Vec<String>,
    text_relocations: Vec<String>,
    /// Name and whether it may be absent.
    imports: BTreeMap<String, bool>,
    exports: Vec<String>,
}

impl Library {
    /// Reads the ELF file that lies at `name`.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let elf =
            Elf::parse(bytes).map_err(|error| Error::Check(format!("{name} is no ELF file: {error}")))?;
        let mut library = Library {
            name: name.to_owned(),
            machine: elf.header.e_machine,
            needed: elf.libraries.iter().map(|&needed| needed.to_owned()).collect(),
            text_relocations: text_relocations(&elf),
            ..Library::default()
        };
        let loads = elf.program_headers.iter().filter(|header| header.p_type == PT_LOAD);
        library.alignments = loads.map(|header| header.p_align).collect();
        for symbol in &elf.dynsyms {
            let Some(name) = elf.dynstrtab.get_at(symbol.st_name).filter(|name| !name.is_empty()) else {
                continue;
            };
            if is_import(&symbol) {
                library.imports.insert(name.to_owned(), symbol.st_bind() == STB_WEAK);
            } else {
                library.exports.push(name.to_owned());
            }
        }
        Ok(library)
    }

    /// Whether it is for another processor, or would not be mapped.
    pub fn loading_faults(&self, abi: Abi) -> Vec<String> {
        let mut faults = Vec::new();
        if self.machine != abi.elf_machine() {
            faults.push(format!("{} is not for {}", self.name, abi.name()));
        }
        if self.alignments.is_empty() {
            faults.push(format!("{} has nothing to load", self.name));
        }
        let small = self.alignments.iter().filter(|&&alignment| alignment < PAGE);
        faults.extend(small.map(|alignment| format!("{} has a LOAD segment on {alignment:#x}", self.name)));
        faults
    }

    /// Libraries that phones do not have.
    pub fn needed_faults(&self) -> Vec<String> {
        let strange = self.needed.iter().filter(|needed| !SYSTEM.contains(&needed.as_str()));
        strange.map(|needed| format!("{} needs {needed}", self.name)).collect()
    }

    /// Code that would have to be written to when it is loaded.
    pub fn text_relocation_faults(&self) -> Vec<String> {
        self.text_relocations.iter().map(|what| format!("{} {what}", self.name)).collect()
    }

    /// Functions that nobody looked up, or that the oldest Android lacks. A weak import may be newer: it is null there.
    pub fn import_faults(&self, known: &Imports) -> Vec<String> {
        let fault = |(name, &is_weak): (&String, &bool)| match known.level(name) {
            None => Some(format!("{} imports {name}, which is not in the list", self.name)),
            Some(level) if level > OLDEST_API && !is_weak => {
                Some(format!("{} imports {name}, which comes with API {level}", self.name))
            }
            Some(_) => None,
        };
        self.imports.iter().filter_map(fault).collect()
    }

    /// What it exports beside UniFFI's functions.
    pub fn export_faults(&self) -> Vec<String> {
        if self.exports.is_empty() {
            return vec![format!("{} exports nothing", self.name)];
        }
        let strange = self.exports.iter().filter(|name| !EXPORTS.iter().any(|own| name.starts_with(own)));
        strange.map(|name| format!("{} exports {name}", self.name)).collect()
    }
}

fn is_import(symbol: &Sym) -> bool {
    symbol.st_shndx == 0
}

/// Declared ones, and relocations outside of what may be written to, whatever is declared.
fn text_relocations(elf: &Elf<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(dynamic) = &elf.dynamic {
        let is_declared = dynamic.info.flags & DF_TEXTREL != 0
            || dynamic.dyns.iter().any(|entry| entry.d_tag == DT_TEXTREL);
        found.extend(is_declared.then(|| "declares text relocations".to_owned()));
    }
    let writable: Vec<_> = elf
        .program_headers
        .iter()
        .filter(|header| header.p_type == PT_LOAD && header.is_write())
        .map(goblin::elf::ProgramHeader::vm_range)
        .collect();
    let all = elf.dynrelas.iter().chain(elf.dynrels.iter()).chain(elf.pltrelocs.iter());
    let places = all.filter_map(|relocation| usize::try_from(relocation.r_offset).ok());
    let outside = places.filter(|place| !writable.iter().any(|range| range.contains(place))).count();
    if outside > 0 {
        found.push(format!("has {outside} relocations in what is not writable"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A library small enough to write by hand: one LOAD segment that holds everything, and what the dynamic linker reads.
    struct Small {
        machine: u16,
        alignment: u64,
        /// PF_R, PF_W, PF_X.
        flags: u32,
        needed: &'static str,
        /// A name, its binding (1 global, 2 weak) and whether it is defined here.
        symbol: (&'static str, u8, bool),
        textrel: bool,
    }

    const GOOD: Small = Small {
        machine: 62,
        alignment: 0x4000,
        flags: 6,
        needed: "libc.so",
        symbol: ("malloc", 1, false),
        textrel: false,
    };

    impl Small {
        fn read(&self) -> Library {
            Library::read("lib/x86_64/liba.so", &self.octets()).unwrap()
        }

        fn octets(&self) -> Vec<u8> {
            let names = format!("\0{}\0{}\0", self.needed, self.symbol.0);
            let (symbols, strings) = (64 + 2 * 56, 64 + 2 * 56 + 48);
            let hash = (strings + names.len() as u64).next_multiple_of(8);
            let (relocation, dynamic) = (hash + 24, hash + 48);
            let mut tags =
                vec![(1, 1), (4, hash), (5, strings), (6, symbols), (7, relocation), (8, 24), (9, 24)];
            tags.extend([(10, names.len() as u64), (11, 24)]);
            tags.extend(self.textrel.then_some((22, 0)));
            tags.push((0, 0));
            let end = dynamic + 16 * tags.len() as u64;

            let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
            elf.resize(16, 0);
            put(&mut elf, &[(3, 2), (self.machine.into(), 2), (1, 4), (0, 8), (64, 8), (0, 8), (0, 4)]);
            put(&mut elf, &[(64, 2), (56, 2), (2, 2), (64, 2), (0, 2), (0, 2)]);
            put(&mut elf, &[(1, 4), (self.flags.into(), 4), (0, 8), (0, 8), (0, 8), (end, 8), (end, 8)]);
            put(&mut elf, &[(self.alignment, 8)]);
            let size = end - dynamic;
            put(
                &mut elf,
                &[(2, 4), (6, 4), (dynamic, 8), (dynamic, 8), (dynamic, 8), (size, 8), (size, 8), (8, 8)],
            );
            let (_, binding, is_here) = self.symbol;
            elf.resize(elf.len() + 24, 0);
            put(&mut elf, &[(2 + self.needed.len() as u64, 4), (u64::from(binding) << 4 | 2, 1), (0, 1)]);
            put(&mut elf, &[(is_here.into(), 2), (0, 16)]);
            elf.extend(names.as_bytes());
            elf.resize(usize::try_from(hash).unwrap(), 0);
            // One bucket, two symbols; then a relative relocation of the file's first octet.
            put(&mut elf, &[(1, 4), (2, 4), (1, 4), (0, 4), (0, 8)]);
            put(&mut elf, &[(0, 8), (8, 8), (0, 8)]);
            for (tag, value) in tags {
                put(&mut elf, &[(tag, 8), (value, 8)]);
            }
            elf
        }
    }

    /// Appends numbers of the given sizes.
    fn put(elf: &mut Vec<u8>, fields: &[(u64, usize)]) {
        for &(value, size) in fields {
            elf.extend(value.to_le_bytes().into_iter().chain([0; 8]).take(size));
        }
    }

    fn known() -> Imports {
        Imports::parse("malloc libc.so 21\nmemfd_create libc.so 30\n").unwrap()
    }

    fn defines(name: &'static str) -> Library {
        Small { symbol: (name, 1, true), ..GOOD }.read()
    }

    fn imports(name: &'static str, binding: u8) -> Library {
        Small { symbol: (name, binding, false), ..GOOD }.read()
    }

    #[test]
    fn a_good_library_passes() {
        let library = GOOD.read();
        assert!(library.imports.contains_key("malloc"));
        assert_eq!(library.loading_faults(Abi::X86_64), Vec::<String>::new());
        assert_eq!(library.needed_faults(), Vec::<String>::new());
        assert_eq!(library.text_relocation_faults(), Vec::<String>::new());
        assert_eq!(library.import_faults(&known()), Vec::<String>::new());
        assert_eq!(defines("ffi_countersign_ffi_rustbuffer_free").export_faults(), Vec::<String>::new());
    }

    #[test]
    fn pages_of_4_kib_are_refused() {
        let library = Small { alignment: 0x1000, ..GOOD }.read();
        assert_eq!(library.loading_faults(Abi::X86_64), ["lib/x86_64/liba.so has a LOAD segment on 0x1000"]);
    }

    #[test]
    fn another_processor_is_refused() {
        assert_eq!(GOOD.read().loading_faults(Abi::Arm64), ["lib/x86_64/liba.so is not for arm64-v8a"]);
    }

    #[test]
    fn a_library_of_a_desktop_is_refused() {
        let library = Small { needed: "libgcc_s.so.1", ..GOOD }.read();
        assert_eq!(library.needed_faults(), ["lib/x86_64/liba.so needs libgcc_s.so.1"]);
    }

    #[test]
    fn declared_and_undeclared_text_relocations_are_refused() {
        let declared = Small { textrel: true, ..GOOD }.read();
        assert_eq!(declared.text_relocation_faults(), ["lib/x86_64/liba.so declares text relocations"]);
        let undeclared = Small { flags: 5, ..GOOD }.read();
        assert_eq!(
            undeclared.text_relocation_faults(),
            ["lib/x86_64/liba.so has 1 relocations in what is not writable"]
        );
    }

    #[test]
    fn an_import_that_nobody_looked_up_is_refused() {
        let faults = imports("gnu_get_libc_version", 1).import_faults(&known());
        assert_eq!(faults, ["lib/x86_64/liba.so imports gnu_get_libc_version, which is not in the list"]);
        assert_eq!(imports("gnu_get_libc_version", 2).import_faults(&known()).len(), 1, "weak or not");
    }

    #[test]
    fn an_import_of_a_newer_android_is_refused_unless_weak() {
        let faults = imports("memfd_create", 1).import_faults(&known());
        assert_eq!(faults, ["lib/x86_64/liba.so imports memfd_create, which comes with API 30"]);
        assert_eq!(imports("memfd_create", 2).import_faults(&known()), Vec::<String>::new());
    }

    #[test]
    fn an_export_of_another_library_is_refused() {
        assert_eq!(defines("malloc").export_faults(), ["lib/x86_64/liba.so exports malloc"]);
        assert_eq!(imports("malloc", 1).export_faults(), ["lib/x86_64/liba.so exports nothing"]);
    }

    #[test]
    fn no_elf_file_is_an_error() {
        assert!(Library::read("lib/x86_64/liba.so", b"#!/bin/sh").is_err());
    }
}
