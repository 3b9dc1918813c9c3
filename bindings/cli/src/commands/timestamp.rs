//! `timestamp`.

use client::timestamps::{Stamped, TimestampTrust, stamp, verify_timestamp};
use client::{CoreError, NetworkProblem, TimestampState, UnixTime};
use serde::Serialize;

use super::files::{certificates, check_output, read, write};
use super::material::time;
use super::smime::place;
use super::words::{code, reasons, why};
use crate::args::{Cli, StampArgs, TimestampCommand, VerifyTimestampArgs};
use crate::failure::Failure;
use crate::output::{json, line};

/// What `timestamp stamp --json` prints.
#[derive(Serialize)]
struct Stamping<'a> {
    time: UnixTime,
    policy: &'a str,
    serial: &'a str,
    /// Always `false`: time and policy are what somebody says, until `timestamp verify`.
    signature_checked: bool,
}

pub(crate) fn run(cli: &Cli, command: &TimestampCommand) -> Result<(), Failure> {
    match command {
        TimestampCommand::Stamp(arguments) => stamp_file(cli, arguments),
        TimestampCommand::Verify(arguments) => verify_file(cli, arguments),
    }
}

fn stamp_file(cli: &Cli, arguments: &StampArgs) -> Result<(), Failure> {
    if cli.offline {
        let problem = NetworkProblem::Offline;
        return Err(CoreError::Network { host: arguments.url.clone(), problem }.into());
    }
    // An authority is not asked for what can't be kept.
    check_output(&arguments.r#in, &arguments.out)?;
    let stamped = stamp(&place(&arguments.r#in), &arguments.url, arguments.policy.as_deref())
        .map_err(|error| Failure::Timestamp { name: arguments.r#in.display().to_string(), error })?;
    write(&arguments.out, &stamped.token)?;
    if arguments.out.as_os_str() == "-" {
        return Ok(());
    }
    if cli.json {
        return json(&Stamping {
            time: stamped.time,
            policy: &stamped.policy,
            serial: &stamped.serial,
            signature_checked: false,
        });
    }
    say!("Stamped at {} under policy {}, says the authority.", stamped.time, stamped.policy);
    say!("`countersign timestamp verify --trust` with its root certificate checks that.");
    Ok(())
}

fn verify_file(cli: &Cli, arguments: &VerifyTimestampArgs) -> Result<(), Failure> {
    let trust = TimestampTrust {
        trust: certificates(&arguments.trust)?,
        untrusted: certificates(&arguments.untrusted)?,
        at: time(&arguments.when)?,
    };
    let stamped = match (&arguments.r#in, &arguments.digest) {
        (_, Some(digest)) => Stamped::Digest(hex(digest)?),
        (Some(file), None) => Stamped::File(place(file)),
        (None, None) => return Err(Failure::Argument("give the file with --in, or its digest".to_owned())),
    };
    let report = verify_timestamp(&read(&arguments.token)?, &stamped, &trust).map_err(|error| {
        use client::timestamps::TimestampFailure;
        let name = match (&error, &arguments.r#in) {
            (TimestampFailure::Input(_), Some(file)) => file,
            _ => &arguments.token,
        };
        Failure::Timestamp { name: name.display().to_string(), error }
    })?;
    if cli.json {
        json(&report)?;
    } else {
        say!("Timestamp:  {}", code(&report.state));
        reasons(&report.reasons);
        if let (Some(time), Some(authority)) = (report.time, &report.authority) {
            say!("Time:       {time}");
            say!("Authority:  {}", line(authority));
        }
    }
    if report.state == TimestampState::Valid {
        return Ok(());
    }
    Err(Failure::DoesNotHold(format!("the timestamp is not valid: {}", why(&report.reasons))))
}

/// Octets of a hexadecimal digest; colons between them are allowed, as OpenSSL prints them.
fn hex(text: &str) -> Result<Vec<u8>, Failure> {
    let digits: Vec<char> = text.chars().filter(|c| *c != ':').collect();
    let octets = digits.chunks(2).map(|pair| match pair {
        [high, low] => {
            let (high, low) = (high.to_digit(16)?, low.to_digit(16)?);
            u8::try_from(16 * high + low).ok()
        }
        _ => None,
    });
    let octets: Option<Vec<u8>> = octets.collect();
    octets
        .filter(|octets| !octets.is_empty())
        .ok_or_else(|| Failure::Argument(format!("--digest: {text:?} is not a digest in hexadecimal")))
}
