//! `cert`.

use client::{CertificateError, CertificateReport, UnixTime};

use super::files::{read_or_stdin, unreadable};
use super::words::codes;
use crate::args::{CertArgs, Cli};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, arguments: &CertArgs) -> Result<(), Failure> {
    let file = read_or_stdin(&arguments.file)?;
    let reports = client::describe_certificates(&file, now()).map_err(|error| match error {
        CertificateError::Limit(_) => Failure::Argument(format!("{}: {error}", arguments.file.display())),
        _ => unreadable(&arguments.file, &file, "no certificate that can be read"),
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
