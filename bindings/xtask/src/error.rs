//! What can go wrong while driving other programs.

use std::io;
use std::path::{Path, PathBuf};

/// Result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure, with what a person needs to go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read, written or made.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A program could not be started at all.
    #[error("`{program}` could not be started: {source}; `cargo xtask setup` installs what is needed")]
    Start {
        /// Name of the program.
        program: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A program ended with another exit code than 0.
    #[error("`{command}` ended with {status}:\n{output}")]
    Failed {
        /// Command line.
        command: String,
        /// Exit status in words.
        status: String,
        /// Its last output.
        output: String,
    },
    /// A server did not answer before the deadline.
    #[error("{what} did not answer within {seconds} s; see {}", log.display())]
    NotReady {
        /// Which server.
        what: &'static str,
        /// The deadline, in seconds.
        seconds: u64,
        /// Its log file.
        log: PathBuf,
    },
    /// Something that was checked does not hold.
    #[error("{0}")]
    Check(String),
    /// A package, tool or right is absent.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is absent.
        what: String,
        /// What to do about it.
        remedy: String,
    },
    /// The command line is wrong.
    #[error("{0}; `cargo xtask help` lists the commands")]
    Usage(String),
}

/// Adds the path to an I/O error.
pub trait At<T> {
    /// Names the file that the error is about.
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| Error::File { path: path.to_owned(), source })
    }
}

/// Fails with `message` unless `holds`.
pub fn check(holds: bool, message: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Check(message())) }
}
