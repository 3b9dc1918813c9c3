//! Passphrases and passwords: from a file, or asked on a terminal.

use std::io::IsTerminal;
use std::path::Path;

use client::vault::PassphraseVault;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Opens the vault in `home`, or makes it at the first time.
pub(crate) fn vault(home: &Path, file: Option<&Path>) -> Result<PassphraseVault, Failure> {
    let path = home.join(client::vault::VAULT_FILE);
    let exists = path.exists();
    let passphrase = match file {
        _ if exists || file.is_some() || !std::io::stdin().is_terminal() => known(file)?,
        _ => {
            let first = ask("New passphrase for the keys on this computer: ")?;
            if *first != *ask("Once more: ")? {
                return Err(Failure::Argument("the two passphrases differ; nothing was made".to_owned()));
            }
            first
        }
    };
    if passphrase.is_empty() {
        return Err(Failure::Argument("the passphrase is empty".to_owned()));
    }
    if !exists && passphrase.chars().count() < MIN_PASSPHRASE {
        return Err(Failure::Argument(format!(
            "the passphrase is too short: it guards keys and mail, use at least {MIN_PASSPHRASE} characters"
        )));
    }
    let opened = if exists {
        PassphraseVault::open(&path, passphrase.as_bytes())
    } else {
        make_home(home)?;
        PassphraseVault::create(&path, passphrase.as_bytes())
    };
    opened.map_err(|error| Failure::Core(error.into()))
}

/// The passphrase of keys that exist, not checked yet.
pub(crate) fn known(file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    match file {
        Some(file) => secret(file),
        None if !std::io::stdin().is_terminal() => Err(Failure::NoPassphrase),
        None => ask("Passphrase of the keys: "),
    }
}

/// Fewest characters of a new passphrase.
const MIN_PASSPHRASE: usize = 8;

/// The first line of a file.
pub(crate) fn secret(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let octets = Zeroizing::new(std::fs::read(file).map_err(|error| Failure::file(file, &error))?);
    let text = std::str::from_utf8(&octets)
        .map_err(|_| Failure::Argument(format!("{}: not a text file in UTF-8", file.display())))?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|_| Failure::NoPassphrase)
}

fn make_home(home: &Path) -> Result<(), Failure> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(home).map_err(|error| Failure::file(home, &error))
}
