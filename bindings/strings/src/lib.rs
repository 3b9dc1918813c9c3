//! The words of the apps: one table, `strings.tsv`, from which the forms of each platform are made. None of them is
//! committed; a mistake in the table fails the build of this crate.

mod android;
mod ios;
mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use android::android;
pub use ios::ios;
pub use table::{Entry, Fault, Mistake, read, rust};

/// The table as it was when this was built.
pub const TABLE: &str = include_str!("../strings.tsv");

/// All texts, sorted by key.
pub const WORDS: &[Words] = include!(concat!(env!("OUT_DIR"), "/table.rs"));

impl Entry {
    /// It counts, and has a form for one.
    pub fn is_plural(&self) -> bool {
        self.en.len() == 2
    }
}

/// A language of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, the default.
    En,
    /// Simplified Chinese.
    Zh,
}

/// One text in both languages, for Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// Its name.
    pub key: &'static str,
    /// English: one form, or singular and plural.
    pub en: &'static [&'static str],
    /// Simplified Chinese.
    pub zh: &'static str,
    /// What is filled in, in the order of the English text.
    pub placeholders: &'static [&'static str],
}

impl Words {
    /// The text with this key.
    pub fn of(key: &str) -> Option<&'static Words> {
        WORDS.binary_search_by(|words| words.key.cmp(key)).ok().and_then(|at| WORDS.get(at))
    }
}

/// Writes `values/strings.xml` and `values-zh-rCN/strings.xml` into a resource folder (`res`); their paths.
pub fn write_android(entries: &[Entry], resources: &Path) -> io::Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for (folder, language) in [("values", Language::En), ("values-zh-rCN", Language::Zh)] {
        let path = resources.join(folder).join("strings.xml");
        put(&path, &android(entries, language))?;
        written.push(path);
    }
    Ok(written)
}

/// Writes `Localizable.xcstrings` into a folder; its path.
pub fn write_ios(entries: &[Entry], folder: &Path) -> io::Result<Vec<PathBuf>> {
    let path = folder.join("Localizable.xcstrings");
    put(&path, &ios(entries))?;
    Ok(vec![path])
}

/// Leaves a file alone that is right already, so that nothing is built again because of it.
fn put(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
