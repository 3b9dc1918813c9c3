//! `inspect`.

use std::path::PathBuf;

use client::{EncryptionState, Inspection, Revocation, SignatureState, Trust, UnixTime};

use super::files::read;
use super::keyfile::key_files;
use super::material::material;
use crate::args::{Cli, InspectArgs, Requirement};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, arguments: &InspectArgs) -> Result<(), Failure> {
    let files = |paths: &[PathBuf]| paths.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>();
    let at = arguments.at.as_deref().map(str::parse::<UnixTime>).transpose();
    let inspection = Inspection {
        trust: files(&arguments.trust)?,
        untrusted: files(&arguments.untrusted)?,
        material: material(&[], &[], &arguments.status)?,
        keys: key_files(&arguments.key)?.into(),
        at: at.map_err(|error| Failure::Argument(error.to_string()))?,
    };
    let verdict = client::inspect(&read(&arguments.mail)?, &inspection)?;
    if cli.json {
        json(&verdict)?;
    } else {
        say!("Subject:    {}", line(verdict.headers.subject.as_deref().unwrap_or_default()));
        say!("From:       {}", line(&verdict.headers.from.join(", ")));
        say!("Summary:    {}", code(&verdict.summary));
        say!("Encryption: {}", code(&verdict.encryption.state));
        say!("Signature:  {} {}", code(&verdict.signature.state), codes(&verdict.signature.reasons));
        for signer in &verdict.signature.signers {
            say!("  signer:   {} ({}, {})", line(&signer.subject), signer.algorithm, trust(signer.trust));
            say!("  revoked:  {}", revocation(signer.revocation));
        }
        say!("Timestamp:  {} {}", code(&verdict.timestamp.state), codes(&verdict.timestamp.reasons));
        for part in &verdict.parts {
            let name = part.name.as_deref().map(line).unwrap_or_default();
            say!(
                "Part {:<6} {} {name} ({} bytes, {})",
                part.path,
                part.content_type,
                part.bytes,
                code(&part.credit)
            );
        }
        if !verdict.warnings.is_empty() {
            say!("Warnings:   {}", codes(&verdict.warnings));
        }
    }
    for requirement in &arguments.require {
        let (holds, what) = match requirement {
            Requirement::Signed => (verdict.signature.state != SignatureState::None, "signed"),
            Requirement::Encrypted => {
                let encryption = &verdict.encryption;
                (
                    encryption.state == EncryptionState::Decrypted && encryption.integrity,
                    "encrypted for the given key",
                )
            }
            Requirement::Valid => (verdict.signature.state == SignatureState::Valid, "validly signed"),
        };
        if !holds {
            return Err(Failure::DoesNotHold(what));
        }
    }
    Ok(())
}

/// Why a signer is trusted. Nothing but `--trust` and `--default-roots` makes anybody trusted here.
pub(super) fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::None => "not trusted",
        Trust::PublicCa => "trusted through --default-roots",
        Trust::Met | Trust::Organisation | Trust::Pinned => "trusted through --trust",
    }
}

/// A revocation status for people.
pub(super) fn revocation(state: Revocation) -> &'static str {
    match state {
        Revocation::Good => "no",
        Revocation::Revoked => "yes",
        Revocation::Unknown => "unknown",
        Revocation::NotChecked => "not checked",
    }
}

pub(super) fn code<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn codes<T: serde::Serialize>(values: &[T]) -> String {
    values.iter().map(code).collect::<Vec<_>>().join(", ")
}
