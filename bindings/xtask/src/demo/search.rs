//! Looks for words in everything that lies in a folder: as they are, base64-decoded, quoted-printable-decoded.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Result};

/// How the word was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it is, UTF-8.
    Raw,
    /// In base64 (standard or URL alphabet), with or without line ends.
    Base64,
    /// In quoted-printable, or percent-encoded as in RFC 2231 parameters.
    QuotedPrintable,
}

/// One word found in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// The word.
    pub word: String,
    /// How it was written there.
    pub form: Form,
}

/// What a search looked at.
#[derive(Debug, Default)]
pub struct Search {
    /// Number of files read.
    pub files: usize,
    /// Their bytes.
    pub bytes: usize,
    /// What was found.
    pub found: Vec<Found>,
}

/// Searches every file under `folders` for every word, file names included.
pub fn search(folders: &[PathBuf], words: &[&str]) -> Result<Search> {
    let mut search = Search::default();
    for folder in folders {
        walk(folder, words, &mut search)?;
    }
    Ok(search)
}

fn walk(path: &Path, words: &[&str], search: &mut Search) -> Result<()> {
    let meta = fs::symlink_metadata(path).at(path)?;
    let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
    look(path, &name, words, search);
    if meta.is_dir() {
        for entry in fs::read_dir(path).at(path)? {
            walk(&entry.at(path)?.path(), words, search)?;
        }
    } else if meta.is_file() {
        let bytes = fs::read(path).at(path)?;
        search.files += 1;
        search.bytes += bytes.len();
        look(path, &bytes, words, search);
    }
    Ok(())
}

fn look(file: &Path, bytes: &[u8], words: &[&str], search: &mut Search) {
    let quoted = unquote(bytes);
    let decoded = base64_runs(bytes);
    for word in words {
        let has = |hay: &[u8]| hay.windows(word.len()).any(|window| window == word.as_bytes());
        let mut add =
            |form| search.found.push(Found { file: file.to_owned(), word: (*word).to_owned(), form });
        if has(bytes) {
            add(Form::Raw);
        } else if has(&quoted) {
            add(Form::QuotedPrintable);
        } else if decoded.iter().any(|run| has(run)) {
            add(Form::Base64);
        }
    }
}

/// Undoes `=XX`, `%XX` and soft line ends, leniently.
fn unquote(bytes: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        if *first == b'=' || *first == b'%' {
            if let (Some(high), Some(low)) = (hex(tail.first()), hex(tail.get(1))) {
                out.extend(u8::try_from(high * 16 + low));
                rest = tail.get(2..).unwrap_or_default();
                continue;
            }
            if let Some(after) = tail.strip_prefix(b"\r\n").or_else(|| tail.strip_prefix(b"\n")) {
                rest = after;
                continue;
            }
        }
        out.push(*first);
    }
    out
}

/// Decodes every run of base64 characters, at each of the four places where a group may begin.
fn base64_runs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    joined
        .split(|byte| sextet(*byte).is_none())
        .filter(|run| run.len() >= 8)
        .flat_map(|run| (0..4).map(move |skip| decode(run.get(skip..).unwrap_or_default())))
        .collect()
}

fn decode(run: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(run.len());
    let (mut bits, mut count) = (0_u32, 0);
    for value in run.iter().filter_map(|byte| sextet(*byte)) {
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.extend(u8::try_from((bits >> count) & 0xff));
        }
        bits &= 0xffff;
    }
    out
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let words = ["laser cutter 激光", "angebot-4711.pdf"];
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("raw", "Subject: laser cutter 激光 now");
        // By `printf 'x laser cutter 激光' | base64 -w 12`, so that the word begins inside a group.
        write("base64", "eCBsYXNlciBj\ndXR0ZXIg5r+A\n5YWJ\n");
        write("quoted", "laser cutt=\r\ner =E6=BF=80=E5=85=89");
        write("percent", "filename*=utf-8''angebot%2D4711.pdf");
        write("innocent", "laser cutlery, angebot-4712.pdf, bGFzZXI=");
        let search = search(&[folder.path().to_owned()], &words).unwrap();
        assert_eq!(search.files, 5);
        let mut found: Vec<_> = search
            .found
            .iter()
            .map(|found| (found.file.file_name().unwrap().to_str().unwrap(), found.form))
            .collect();
        found.sort_by_key(|(name, _)| *name);
        assert_eq!(
            found,
            [
                ("base64", Form::Base64),
                ("percent", Form::QuotedPrintable),
                ("quoted", Form::QuotedPrintable),
                ("raw", Form::Raw)
            ]
        );
    }

    #[test]
    fn a_telling_file_name_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("angebot-4711.pdf"), "").unwrap();
        let search = search(&[folder.path().to_owned()], &["angebot-4711.pdf"]).unwrap();
        assert_eq!(search.found.len(), 1);
    }
}
