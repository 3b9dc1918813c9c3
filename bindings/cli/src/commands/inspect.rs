//! `inspect`.

use client::{
    Credit, EncryptionState, EncryptionVerdict, Inspected, Inspection, MAX_MAIL_OCTETS, Reason,
    SignatureState, SignatureVerdict, SignerVerdict, TimestampState, Verdict,
};

use super::files::read_at_most;
use super::keyfile::{KEY, key_files};
use super::material::{signature_material, time};
use super::words::{code, needs, reasons, revocation, trust, warning, why};
use crate::args::{Cli, InspectArgs, Requirement};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, arguments: &InspectArgs) -> Result<(), Failure> {
    let inspection = Inspection {
        material: signature_material(&arguments.trust)?,
        keys: key_files(&arguments.key, KEY)?.into(),
        at: time(&arguments.when)?,
    };
    // One octet more than is allowed tells that it is too large.
    let mail = read_at_most(&arguments.mail, MAX_MAIL_OCTETS + 1)?;
    let inspected = client::inspect(&mail, &inspection)
        .map_err(|error| Failure::Mail { name: arguments.mail.display().to_string(), error })?;
    if cli.json {
        json(&inspected)?;
    } else {
        print(&inspected);
    }
    let missing = arguments.require.iter().find_map(|requirement| missing(*requirement, &inspected.verdict));
    missing.map_or(Ok(()), |sentence| Err(Failure::DoesNotHold(sentence)))
}

fn print(inspected: &Inspected) {
    let verdict = &inspected.verdict;
    say!("{}; {}.", signature_summary(verdict), encryption_summary(&verdict.encryption));
    let headers = &verdict.headers;
    say!("Subject:    {}", line(headers.subject.as_deref().unwrap_or_default()));
    for (name, addresses) in [("From:", &headers.from), ("To:", &headers.to), ("Cc:", &headers.cc)] {
        if !addresses.is_empty() {
            say!("{name:<11} {}", line(&addresses.join(", ")));
        }
    }
    if let Some(date) = headers.date {
        say!("Date:       {date}");
    }
    say!("Signature:  {}", code(&verdict.signature.state));
    for signer in &verdict.signature.signers {
        say!("  signer:   {} ({}, {})", line(&signer.subject), signer.algorithm, trust(signer.trust));
        say!("  revoked:  {}", revocation(signer.revocation));
    }
    reasons(&verdict.signature.reasons);
    say!("Encryption: {}", encryption(&verdict.encryption));
    match (verdict.timestamp.state, verdict.timestamp.time) {
        (TimestampState::Valid, Some(time)) => {
            say!(
                "Timestamp:  {time} by {}",
                line(verdict.timestamp.authority.as_deref().unwrap_or_default())
            );
        }
        (state, _) => say!("Timestamp:  {}", code(&state)),
    }
    reasons(&verdict.timestamp.reasons);
    for one in &verdict.warnings {
        say!("Warning:    {} ({})", warning(*one), code(one));
    }
    for part in &verdict.parts {
        let name = part.name.as_deref().map(|name| format!(" {}", line(name))).unwrap_or_default();
        let (path, kind, credit) = (line(&part.path), line(&part.content_type), code(&part.credit));
        say!("Part {path:<6} {kind}{name} ({} bytes, {})", part.bytes, credit.replace('_', " "));
    }
    needs(&inspected.needs);
}

fn signature_summary(verdict: &Verdict) -> String {
    let signature = &verdict.signature;
    match signature.state {
        SignatureState::None if is_closed(&verdict.encryption) => {
            "Not signed as far as can be seen".to_owned()
        }
        SignatureState::None => "Not signed".to_owned(),
        SignatureState::Valid => format!("Validly signed by {}", signers(signature)),
        SignatureState::Untrusted => format!("Signed by {}, who is not trusted", signers(signature)),
        SignatureState::Unverifiable => "Signed, but the signature can't be checked".to_owned(),
        SignatureState::Invalid if is_wrong(signature) => "Signed, and the signature is WRONG".to_owned(),
        SignatureState::Invalid => "Signed, but the signature is not valid".to_owned(),
    }
}

/// What was signed is not what came, or somebody else signed it.
fn is_wrong(signature: &SignatureVerdict) -> bool {
    signature.reasons.iter().any(|reason| matches!(reason, Reason::DigestMismatch | Reason::BadSignature))
}

fn signers(signature: &SignatureVerdict) -> String {
    let name = |signer: &SignerVerdict| match signer.emails.first() {
        Some(address) => line(address.as_str()),
        None => line(&signer.subject),
    };
    signature.signers.iter().map(name).collect::<Vec<_>>().join(" and ")
}

fn encryption_summary(encryption: &EncryptionVerdict) -> &'static str {
    match encryption.state {
        EncryptionState::None => "not encrypted",
        EncryptionState::Decrypted if encryption.integrity => "encrypted",
        EncryptionState::Decrypted => "encrypted, but perhaps changed on the way",
        EncryptionState::NoKey => "encrypted for other keys",
        EncryptionState::Failed => "encrypted, and can't be decrypted",
    }
}

fn encryption(encryption: &EncryptionVerdict) -> String {
    let Some(content) = encryption.content.as_deref() else { return code(&encryption.state) };
    let weak = if encryption.weak { ", an old cipher" } else { "" };
    format!("{} {content}{weak}, key by {}", code(&encryption.state), line(&encryption.keys.join(", ")))
}

fn is_closed(encryption: &EncryptionVerdict) -> bool {
    matches!(encryption.state, EncryptionState::NoKey | EncryptionState::Failed)
}

/// What of `--require` does not hold, and why.
fn missing(requirement: Requirement, verdict: &Verdict) -> Option<String> {
    let (signature, encryption) = (&verdict.signature, &verdict.encryption);
    let (holds, what) = match requirement {
        Requirement::Signed => (signature.state != SignatureState::None, "signed"),
        Requirement::Valid => {
            (signature.state == SignatureState::Valid && signs_content(verdict), "validly signed")
        }
        Requirement::Encrypted => (
            encryption.state == EncryptionState::Decrypted && encryption.integrity,
            "encrypted for the given key",
        ),
    };
    if holds {
        return None;
    }
    let why = match requirement {
        Requirement::Encrypted => why_not_encrypted(encryption).to_owned(),
        Requirement::Signed | Requirement::Valid => why_not_valid(verdict),
    };
    Some(format!("the mail is not {what}: {why}"))
}

/// A signature around a ciphertext, which anybody can put there, says nothing of who wrote what is inside.
fn signs_content(verdict: &Verdict) -> bool {
    verdict.parts.iter().any(|part| matches!(part.credit, Credit::Signed | Credit::SignedAndEncrypted))
}

fn why_not_encrypted(encryption: &EncryptionVerdict) -> &'static str {
    match encryption.state {
        EncryptionState::None => "it came in clear",
        EncryptionState::NoKey => "it is for other keys; give the right one with --key",
        EncryptionState::Failed => "it is damaged or was made for another key",
        EncryptionState::Decrypted => "it was decrypted, but may have been changed on the way",
    }
}

fn why_not_valid(verdict: &Verdict) -> String {
    if verdict.signature.state == SignatureState::None {
        let why = match verdict.encryption.state {
            EncryptionState::NoKey => {
                "what is inside the encryption can't be seen; give the right key with --key"
            }
            EncryptionState::Failed => "what is inside the encryption can't be seen",
            EncryptionState::None | EncryptionState::Decrypted => "there is no signature",
        };
        return why.to_owned();
    }
    if verdict.signature.state == SignatureState::Valid {
        return "its signature is around the encryption, which anybody can put there".to_owned();
    }
    why(&verdict.signature.reasons)
}
