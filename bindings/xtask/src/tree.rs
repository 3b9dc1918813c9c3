//! What must not lie in the repository: large files, paths of one machine, hosts of package registries.

use std::fs;
use std::path::Path;

use crate::error::{At, Result};
use crate::run::call;

/// Largest file in the repository, in bytes: larger ones belong into shared corpora or a registry.
const MAX_FILE: u64 = 500_000;

/// Words that no committed file may contain. In two pieces each, so that this file does not either.
const FORBIDDEN: [(&str, &str); 11] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("/home/us", "er/"),
    ("index.cra", "tes.io"),
    ("static.cra", "tes.io"),
    ("pypi.o", "rg/"),
    ("files.python", "hosted"),
    ("registry.npm", "js.org"),
    ("proxy.go", "lang.org"),
    ("repo1.ma", "ven.org"),
    ("deb.deb", "ian.org"),
];

/// Everything in the committed files of `root` that must not be there, in words.
pub fn faults(root: &Path) -> Result<Vec<String>> {
    let listing = call("git").words("ls-files -z").within(root).ok()?.out();
    let mut faults = Vec::new();
    for name in listing.split('\0').filter(|name| !name.is_empty()) {
        let file = root.join(name);
        let Ok(meta) = fs::symlink_metadata(&file) else { continue };
        if !meta.is_file() {
            continue;
        }
        if meta.len() > MAX_FILE {
            faults.push(format!("{name} has {} bytes, more than {MAX_FILE}", meta.len()));
            continue;
        }
        let bytes = fs::read(&file).at(&file)?;
        faults.extend(forbidden_words(&bytes).map(|word| format!("{name} contains {word}")));
    }
    Ok(faults)
}

fn forbidden_words(bytes: &[u8]) -> impl Iterator<Item = String> {
    FORBIDDEN
        .iter()
        .map(|(head, tail)| format!("{head}{tail}"))
        .filter(move |word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_host_and_a_machine_path_are_found() {
        let text = ["see https://pypi.o", "rg/simple and /wo", "rk/x"].concat();
        assert_eq!(forbidden_words(text.as_bytes()).count(), 2);
        assert_eq!(forbidden_words(b"a harmless / work / text").count(), 0);
    }
}
