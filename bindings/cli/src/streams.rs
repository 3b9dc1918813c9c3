//! Standard input, output and error of whoever called, and the folder from which relative paths count. That is this
//! process, or another one that handed its command line over (`owner`): then they belong to the thread that runs it.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::fmt::Arguments;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use clap::builder::{OsStringValueParser, TypedValueParser};
use client::Core;

/// What a command line that was handed over brought along, and what it runs on.
pub(crate) struct Lent {
    pub(crate) input: File,
    pub(crate) output: File,
    pub(crate) errors: File,
    pub(crate) folder: PathBuf,
    pub(crate) core: Arc<Core>,
    /// Its output could not be written.
    pub(crate) has_failed: Cell<bool>,
}

thread_local! {
    static LENT: RefCell<Option<Rc<Lent>>> = const { RefCell::new(None) };
}

fn lent() -> Option<Rc<Lent>> {
    LENT.with_borrow(Clone::clone)
}

/// From now on this thread works for another process.
pub(crate) fn lend(lent: Lent) {
    LENT.set(Some(Rc::new(lent)));
}

/// It works for nobody else any more. Whether all output could be written.
pub(crate) fn give_back() -> bool {
    LENT.take().is_none_or(|lent| !lent.has_failed.get())
}

/// The core of the process that owns the home, when this thread works for another one.
pub(crate) fn lent_core() -> Option<Arc<Core>> {
    lent().map(|lent| Arc::clone(&lent.core))
}

/// Writes to standard output.
pub(crate) fn write_output(text: Arguments<'_>) -> io::Result<()> {
    match lent() {
        // In one piece, as a line-buffered output would.
        Some(lent) => (&lent.output).write_all(text.to_string().as_bytes()),
        None => io::stdout().write_fmt(text),
    }
}

/// Writes octets to standard output.
pub(crate) fn write_octets(octets: &[u8]) -> io::Result<()> {
    match lent() {
        Some(lent) => (&lent.output).write_all(octets),
        None => {
            let mut output = io::stdout().lock();
            output.write_all(octets).and_then(|()| output.flush())
        }
    }
}

/// The command goes on without its output, and is told to have failed.
pub(crate) fn output_failed() {
    if let Some(lent) = lent() {
        lent.has_failed.set(true);
    }
}

/// A line on standard error; nobody can be told when that fails.
pub(crate) fn write_error(text: &str) {
    match lent() {
        Some(lent) => drop((&lent.errors).write_all(format!("{text}\n").as_bytes())),
        None => eprintln!("{text}"),
    }
}

/// Reads at most `limit` octets of standard input.
pub(crate) fn read_input(limit: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    match lent() {
        Some(lent) => (&lent.input).take(limit).read_to_end(&mut octets)?,
        None => io::stdin().lock().take(limit).read_to_end(&mut octets)?,
    };
    Ok(octets)
}

/// A path of the command line.
fn resolve(path: OsString) -> PathBuf {
    match lent() {
        Some(lent) if path != "-" => lent.folder.join(path),
        _ => path.into(),
    }
}

/// Reads a path of a command line that may be handed over.
pub(crate) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(resolve)
}
