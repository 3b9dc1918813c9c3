//! `cert`.

use client::{CertificateError, CertificateReport, UnixTime};

use super::files::read_or_stdin;
use super::inspect::codes;
use crate::args::{CertArgs, Cli};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, arguments: &CertArgs) -> Result<(), Failure> {
    let file = read_or_stdin(&arguments.file)?;
    let reports = client::describe_certificates(&file, now()).map_err(|error| {
        let name = arguments.file.display().to_string();
        match error {
            CertificateError::Limit(_) => Failure::Argument(format!("{name}: {error}")),
            _ if client::is_pkcs12(&file) => Failure::Argument(format!(
                "{name}: this is a PKCS#12 file; `countersign p12 {name}` shows what it holds"
            )),
            _ => Failure::Unreadable { name, what: "no certificate that can be read".to_owned() },
        }
    })?;
    if cli.json {
        // One certificate is an object, as it is documented; several are a list.
        return match reports.as_slice() {
            [only] => json(only),
            several => json(&several),
        };
    }
    for (index, report) in reports.iter().enumerate() {
        if index > 0 {
            say!();
        }
        show(report);
    }
    Ok(())
}

pub(super) fn now() -> UnixTime {
    client::system::now()
}

pub(super) fn show(report: &CertificateReport) {
    let or = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    say!("Subject:    {}", line(&report.subject));
    say!("Issuer:     {}", line(&report.issuer));
    say!("Serial:     {}", report.serial);
    say!("SHA-256:    {}", report.sha256);
    say!("Addresses:  {}", or(line(&report.emails.join(", ")), "none"));
    say!("Key:        {}", report.key);
    say!("Signature:  {}", report.signature);
    say!("Validity:   {} to {}", report.not_before, report.not_after);
    say!("Usable for: {}", or(codes(&report.usable_for), "nothing"));
    if !report.problems.is_empty() {
        say!("Problems:   {}", codes(&report.problems));
    }
}
