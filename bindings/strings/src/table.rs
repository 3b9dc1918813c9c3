//! Reading the table, and its form for Rust.
//!
//! A line is `key<TAB>en<TAB>zh`. `{name}` is filled in; ` // ` parts the singular from the plural, which Chinese has not.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

/// The first line.
const HEAD: &str = "key\ten\tzh";
/// Parts the forms of a plural.
const FORMS: &str = " // ";
/// What a plural counts.
const COUNT: &str = "n";

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub key: String,
    /// English: one form, or singular and plural.
    pub en: Vec<String>,
    /// Simplified Chinese.
    pub zh: String,
    /// What is filled in, in the order of the English text. This is the order of the numbers on the platforms, too.
    pub placeholders: Vec<String>,
}

/// Something wrong in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Number of the line, from 1.
    pub line: usize,
    /// Its first column.
    pub key: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The first line is not `key`, `en`, `zh`.
    Head,
    /// Not three columns.
    Columns,
    /// Android and Rust take lower-case letters, digits and `_`, and no digit first.
    Key,
    /// The key occurs before.
    Twice,
    /// A language is empty.
    Missing,
    /// The languages or the forms of a plural fill in different things.
    Placeholders,
    /// A brace without its partner, or nothing but letters, digits and `_` between them.
    Braces,
    /// Not two forms, no `{n}`, or forms in Chinese.
    Plural,
    /// White space at an end, or a control character.
    Space,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.fault {
            Fault::Head => "the first line is not key, en, zh",
            Fault::Columns => "expected key, en and zh with a tab between them",
            Fault::Key => "a key has lower-case letters, digits and _ only, and begins with a letter",
            Fault::Twice => "the key occurs twice",
            Fault::Missing => "a translation is missing",
            Fault::Placeholders => "the placeholders differ between the languages or forms",
            Fault::Braces => "a brace stands alone, or is no placeholder",
            Fault::Plural => "a plural has two forms in English, one in Chinese, and counts {n}",
            Fault::Space => "white space at an end, or a control character",
        };
        write!(f, "line {}: {}: {what}", self.line, self.key)
    }
}

/// Reads the table.
///
/// # Errors
/// Every mistake in it, not only the first.
pub fn read(table: &str) -> Result<Vec<Entry>, Vec<Mistake>> {
    let mut entries = Vec::new();
    let mut mistakes = Vec::new();
    let mut seen = BTreeSet::new();
    for (line, text) in (1..).zip(table.lines()) {
        let key = text.split('\t').next().unwrap_or_default();
        let mut note = |fault| mistakes.push(Mistake { line, key: key.to_owned(), fault });
        match text.split('\t').collect::<Vec<_>>().as_slice() {
            _ if line == 1 => {
                if text != HEAD {
                    note(Fault::Head);
                }
            }
            [_, en, zh] => {
                if !is_key(key) {
                    note(Fault::Key);
                }
                if !seen.insert(key) {
                    note(Fault::Twice);
                }
                entries.push(entry(key, en, zh, &mut note));
            }
            _ => note(Fault::Columns),
        }
    }
    if table.is_empty() {
        mistakes.push(Mistake { line: 1, key: String::new(), fault: Fault::Head });
    }
    if mistakes.is_empty() { Ok(entries) } else { Err(mistakes) }
}

fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn entry(key: &str, en: &str, zh: &str, note: &mut dyn FnMut(Fault)) -> Entry {
    let forms: Vec<String> = en.split(FORMS).map(str::to_owned).collect();
    if forms.iter().any(|form| form.trim().is_empty()) || zh.trim().is_empty() {
        note(Fault::Missing);
    }
    let texts = || forms.iter().map(String::as_str).chain([zh]);
    if texts().any(|text| text != text.trim() || text.chars().any(char::is_control)) {
        note(Fault::Space);
    }
    let found: Option<Vec<Vec<&str>>> = texts().map(placeholders).collect();
    let found = found.unwrap_or_else(|| {
        note(Fault::Braces);
        Vec::new()
    });
    let sets: BTreeSet<BTreeSet<&str>> = found.iter().map(|names| names.iter().copied().collect()).collect();
    if sets.len() > 1 {
        note(Fault::Placeholders);
    }
    let counts = found.first().is_some_and(|names| names.contains(&COUNT));
    if forms.len() > 2 || (forms.len() == 2 && !counts) || zh.contains(FORMS) {
        note(Fault::Plural);
    }
    let placeholders = found.first().into_iter().flatten().map(|name| (*name).to_owned()).collect();
    Entry { key: key.to_owned(), en: forms, zh: zh.to_owned(), placeholders }
}

/// Names in braces, in order, each once; `None` when the braces don't pair up.
fn placeholders(text: &str) -> Option<Vec<&str>> {
    let mut found = Vec::new();
    let mut parts = text.split('{');
    if parts.next().is_some_and(|head| head.contains('}')) {
        return None;
    }
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        if rest.contains('}') || !is_key(name) {
            return None;
        }
        if !found.contains(&name) {
            found.push(name);
        }
    }
    Some(found)
}

/// The Rust form: the initialiser of a slice of `Words`, sorted by key.
pub fn rust(entries: &[Entry]) -> String {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| &entry.key);
    let mut source = String::from("&[\n");
    for Entry { key, en, zh, placeholders } in sorted {
        let _ = writeln!(
            source,
            "    Words {{ key: {key:?}, en: &{en:?}, zh: {zh:?}, placeholders: &{placeholders:?} }},"
        );
    }
    source.push_str("]\n");
    source
}
