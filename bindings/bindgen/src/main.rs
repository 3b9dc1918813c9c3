//! Makes the bindings of the phone apps (bindings/ffi/README.md):
//!
//! - `bindgen generate --library LIBRARY --language kotlin|swift --out-dir FOLDER --no-format` is uniffi-bindgen;
//! - `bindgen fingerprint LIBRARY` prints what `fingerprint()` of that library returns, whatever processor it is for.

use std::path::Path;
use std::process::ExitCode;

/// How the text begins that is looked for.
const PREFIX: &[u8] = b"countersign-ffi/";
/// Hexadecimal digits at its end.
const DIGITS: usize = 64;
/// Longest version in it.
const MAX_VERSION: usize = 32;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|command| command != "fingerprint") {
        uniffi::uniffi_bindgen_main();
        return ExitCode::SUCCESS;
    }
    let (Some(library), None) = (arguments.next(), arguments.next()) else {
        return fail("usage: bindgen fingerprint LIBRARY");
    };
    match std::fs::read(Path::new(&library)).map(|octets| fingerprint(&octets)) {
        Ok(Some(fingerprint)) => say(&fingerprint),
        Ok(None) => fail("this file holds no fingerprint, or several"),
        Err(error) => fail(&error.to_string()),
    }
}

/// `countersign-ffi/VERSION/SHA-256`, when exactly one such text stands in the library.
fn fingerprint(library: &[u8]) -> Option<String> {
    let mut found: Vec<String> = library
        .windows(PREFIX.len())
        .enumerate()
        .filter(|(_, window)| *window == PREFIX)
        .filter_map(|(at, _)| read(library.get(at..)?))
        .collect();
    found.dedup();
    <[String; 1]>::try_from(found).ok().map(|[only]| only)
}

fn read(octets: &[u8]) -> Option<String> {
    let rest = octets.get(PREFIX.len()..)?;
    let slash = rest.iter().take(MAX_VERSION).position(|octet| *octet == b'/')?;
    let end = slash + 1 + DIGITS;
    let is_hexadecimal = |octet: &u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    rest.get(slash + 1..end)?.iter().all(is_hexadecimal).then_some(())?;
    String::from_utf8(octets.get(..PREFIX.len() + end)?.to_vec()).ok()
}

#[allow(clippy::print_stdout, reason = "a program of the terminal")]
fn say(text: &str) -> ExitCode {
    println!("{text}");
    ExitCode::SUCCESS
}

#[allow(clippy::print_stderr, reason = "a program of the terminal")]
fn fail(text: &str) -> ExitCode {
    eprintln!("bindgen: {text}");
    ExitCode::FAILURE
}
