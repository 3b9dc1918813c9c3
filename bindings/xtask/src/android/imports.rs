//! What the native library may import from Android: `android/native/imports.txt`, with the API level that brought each name.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{At, Error, Result, check};

/// The oldest Android that the app runs on; `minSdk` of the manifest.
pub const OLDEST_API: u32 = 28;

/// One name of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Which of Android's libraries has it.
    pub library: String,
    /// The API level that brought it; 21 is the first with 64-bit processors.
    pub level: u32,
    /// Not a function.
    pub is_object: bool,
}

/// The list, read.
#[derive(Debug, Clone, Default)]
pub struct Imports(BTreeMap<String, Import>);

impl Imports {
    /// Reads the list of the checkout at `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let file = root.join("android/native/imports.txt");
        Self::parse(&fs::read_to_string(&file).at(&file)?)
    }

    /// Reads lines of `name library level`, with the word `object` behind what is no function; `#` begins a comment.
    pub fn parse(text: &str) -> Result<Self> {
        let mut imports = BTreeMap::new();
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (name, library, level, is_object) = match words.as_slice() {
                [] => continue,
                [name, library, level] => (name, library, level, false),
                [name, library, level, "object"] => (name, library, level, true),
                _ => return Err(Error::Check(format!("imports.txt: not understood: {line}"))),
            };
            let level =
                level.parse().map_err(|_| Error::Check(format!("imports.txt: no API level: {line}")))?;
            let import = Import { library: (*library).to_owned(), level, is_object };
            let earlier = imports.insert((*name).to_owned(), import);
            check(earlier.is_none(), || format!("imports.txt names {name} twice"))?;
        }
        Ok(Imports(imports))
    }

    /// The API level that brought `name`.
    pub fn level(&self, name: &str) -> Option<u32> {
        self.0.get(name).map(|import| import.level)
    }

    /// Assembler source of a library that has the names of `library` and nothing behind them: enough to link against.
    pub fn stub(&self, library: &str) -> String {
        let mut text = ".section .note.GNU-stack,\"\",%progbits\n.text\n".to_owned();
        for (name, import) in self.0.iter().filter(|(_, import)| import.library == library) {
            text += &format!(".globl {name}\n");
            text += &if import.is_object {
                format!(".type {name},%object\n.size {name},8\n")
            } else {
                format!(".type {name},%function\n")
            };
            text += &format!("{name}:\n");
        }
        text + ".byte 0\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_checkout_knows_levels() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let imports = Imports::read(&root).unwrap();
        assert_eq!(imports.level("getrandom"), Some(28));
        assert_eq!(imports.level("malloc"), Some(21));
        assert_eq!(imports.level("strlcpy_of_nobody"), None);
    }

    #[test]
    fn a_stub_holds_the_names_of_its_library() {
        let imports =
            Imports::parse("# of all\nlog libm.so 21\nstderr libc.so 23 object # a variable\n").unwrap();
        assert_eq!(
            imports.stub("libc.so"),
            ".section .note.GNU-stack,\"\",%progbits\n.text\n\
             .globl stderr\n.type stderr,%object\n.size stderr,8\nstderr:\n.byte 0\n"
        );
        assert!(imports.stub("libm.so").contains("log:"));
    }

    #[test]
    fn mistakes_in_the_list_are_errors() {
        for text in
            ["log libm.so", "log libm.so new", "log libm.so 21\nlog libm.so 21", "log libm.so 21 variable"]
        {
            assert!(Imports::parse(text).is_err(), "{text}");
        }
    }
}
