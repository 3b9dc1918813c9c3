//! `p12`.

use std::io::IsTerminal;

use client::{Pkcs12Error, Pkcs12Report};
use zeroize::Zeroizing;

use super::cert::{now, show};
use super::files::read_or_stdin;
use super::inspect::codes;
use crate::args::{Cli, P12Args};
use crate::failure::Failure;
use crate::output::{json, line};
use crate::passphrase;

pub(crate) fn run(cli: &Cli, arguments: &P12Args) -> Result<(), Failure> {
    let file = Zeroizing::new(read_or_stdin(&arguments.file)?);
    let password = arguments.password_file.as_deref().map(passphrase::secret).transpose()?;
    let describe = |password: Option<&str>| client::describe_pkcs12(&file, password, now());
    let mut outcome = describe(password.as_ref().map(|password| password.as_str()));
    if outcome.as_ref().is_err_and(|error| *error == Pkcs12Error::PasswordNeeded)
        && arguments.file.as_os_str() != "-"
        && std::io::stdin().is_terminal()
    {
        outcome = describe(Some(&passphrase::ask("Password of the file: ")?));
    }
    let report = outcome.map_err(|error| Failure::KeyFile {
        name: arguments.file.display().to_string(),
        error: error.into(),
        remedy: "--password-file F",
    })?;
    if cli.json {
        return json(&report);
    }
    print(&report);
    Ok(())
}

fn print(report: &Pkcs12Report) {
    let named =
        |name: &Option<String>| name.as_deref().map(|name| format!(" {:?}", line(name))).unwrap_or_default();
    for key in &report.keys {
        let certificate = key.certificate.as_deref().unwrap_or("none in this file");
        say!("Private key {}{}, certificate {certificate}", key.key, named(&key.name));
    }
    for entry in &report.certificates {
        say!("\nCertificate{}", named(&entry.name));
        show(&entry.certificate);
    }
    if report.keys.is_empty() && report.certificates.is_empty() {
        say!("The file is empty.");
    }
    if !report.warnings.is_empty() {
        say!("\nWarnings:   {}", codes(&report.warnings));
    }
}
