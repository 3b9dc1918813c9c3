//! `--key FILE[:PASSFILE]`: key files of the command line.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use client::KeyFile;
use zeroize::Zeroizing;

use super::files::read;
use crate::failure::Failure;
use crate::passphrase;

/// How the password of a file behind `--key` is given.
pub(crate) const KEY: &str = "--key FILE:PASSFILE";

/// Reads every file. `remedy` says how a password that is missing is given.
pub(crate) fn key_files(arguments: &[PathBuf], remedy: &'static str) -> Result<Vec<KeyFile>, Failure> {
    arguments.iter().map(|argument| key_file(argument, remedy)).collect()
}

/// Reads the files of those who sign.
pub(crate) fn signer_files(arguments: &[PathBuf]) -> Result<Vec<KeyFile>, Failure> {
    let files = key_files(arguments, "--signer FILE:PASSFILE")?;
    let useless = files.iter().zip(arguments).find(|(file, _)| !file.can_sign());
    useless.map_or(Ok(()), |(_, argument)| Err(Failure::NoSigner(name(argument))))?;
    Ok(files)
}

/// What the file is called in a sentence.
pub(crate) fn name(argument: &Path) -> String {
    parted(argument).0.display().to_string()
}

fn key_file(argument: &Path, remedy: &'static str) -> Result<KeyFile, Failure> {
    let (path, password_file) = parted(argument);
    let octets = Zeroizing::new(read(&path)?);
    let failed = |error| Failure::KeyFile { name: path.display().to_string(), error, remedy };
    let password = password_file.map(|file| passphrase::secret(&file)).transpose()?;
    let file = match KeyFile::read(&octets, password.as_ref().map(|password| password.as_str())) {
        Err(error) if error.needs_password() && std::io::stdin().is_terminal() => {
            let password = passphrase::ask(&format!("Password of {}: ", path.display()))?;
            KeyFile::read(&octets, Some(&password)).map_err(failed)
        }
        outcome => outcome.map_err(failed),
    }?;
    if file.has_no_mac() {
        eprintln!("Careful: {} has no MAC: anybody may have changed what is in it.", path.display());
    }
    Ok(file)
}

/// File and password file. A file whose own name holds a colon comes first; else the last colon counts before which
/// there is a file.
fn parted(argument: &Path) -> (PathBuf, Option<PathBuf>) {
    let whole = || (argument.to_owned(), None);
    if argument.exists() {
        return whole();
    }
    let Some(text) = argument.to_str() else { return whole() };
    let parts = || text.rmatch_indices(':').filter_map(|(colon, _)| text.split_at_checked(colon));
    let existing = parts().find(|(path, _)| Path::new(path).is_file()).or_else(|| parts().next());
    match existing {
        Some((path, password_file)) if !path.is_empty() && password_file != ":" => {
            (path.into(), Some(password_file.trim_start_matches(':').into()))
        }
        _ => whole(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_may_stand_in_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a.p12", "b:c.p12"] {
            std::fs::write(path(name), b"").unwrap();
        }
        assert_eq!(parted(&path("a.p12")), (path("a.p12"), None));
        assert_eq!(parted(&path("a.p12:pass")), (path("a.p12"), Some("pass".into())));
        assert_eq!(parted(&path("b:c.p12")), (path("b:c.p12"), None));
        assert_eq!(parted(&path("b:c.p12:x:y")), (path("b:c.p12"), Some("x:y".into())));
        assert_eq!(parted(&path("a.p12:")), (path("a.p12:"), None));
        assert_eq!(parted(&path("none.p12")), (path("none.p12"), None));
        assert_eq!(parted(&path("none.p12:pass")), (path("none.p12"), Some("pass".into())));
    }
}
