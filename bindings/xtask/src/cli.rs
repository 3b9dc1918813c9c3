//! Calls of the terminal program `countersign` as one person makes them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{At, Error, Result};
use crate::run::{Call, Said, call};

/// A person at a terminal: the program, a home, a passphrase.
#[derive(Debug, Clone)]
pub struct Terminal {
    program: PathBuf,
    /// Folder that `--home` names.
    pub home: PathBuf,
    /// File that `--passphrase-file` names, beside the home.
    pub passphrase_file: PathBuf,
}

impl Terminal {
    /// For `person`, with a home and a passphrase file under `folder`.
    pub fn new(program: &Path, folder: &Path, person: &str) -> Result<Self> {
        let home = folder.join(person);
        let passphrase_file = folder.join(format!("{person}.passphrase"));
        fs::create_dir_all(folder).at(folder)?;
        fs::write(&passphrase_file, format!("{}\n", passphrase(person))).at(&passphrase_file)?;
        fs::set_permissions(&passphrase_file, fs::Permissions::from_mode(0o600)).at(&passphrase_file)?;
        Ok(Self { program: program.to_owned(), home, passphrase_file })
    }

    /// A call with the global options set and `args` after them.
    pub fn call(&self, args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Call {
        call(&self.program)
            .arg("--home")
            .arg(&self.home)
            .arg("--passphrase-file")
            .arg(&self.passphrase_file)
            .args(args)
    }

    /// Runs and expects exit code 0.
    pub fn ok(&self, args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Result<Said> {
        self.call(args).ok()
    }

    /// Runs with `--json` and expects exit code 0 and JSON on standard output.
    pub fn json(&self, args: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Result<Value> {
        let said = self.call(args).arg("--json").ok()?;
        serde_json::from_slice(&said.stdout).map_err(|error| {
            Error::Check(format!("`{}` printed no JSON: {error}\n{}", said.command, said.out()))
        })
    }

    /// The start of a command line for a person to type.
    pub fn prefix(&self) -> String {
        self.call([""; 0]).line()
    }
}

/// Passphrase of `person`: known, so that a search for it in a home means something.
pub fn passphrase(person: &str) -> String {
    format!("{person} und ihr Schiff 2209")
}

/// A member of a JSON object as text; empty when it is absent or no text.
pub fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member of a JSON object as a list; empty when it is absent or no list.
pub fn list<'a>(json: &'a Value, name: &str) -> &'a [Value] {
    json.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
