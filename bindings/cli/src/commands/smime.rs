//! `smime`: files of any size.

use std::path::{Path, PathBuf};

use client::files::{
    ContentCipher, DigestAlgorithm, EncryptionFiles, Form, Place, RsaTransport, SignatureReport, SignerFiles,
    Verification, decrypt, encrypt, sign, verify, verify_detached,
};

use super::files::{address, read};
use super::keyfile::key_files;
use super::material::{signature_material, time};
use super::words::{code, codes, needs, reasons, revocation, trust};
use crate::args::{
    AgainstArgs, CipherArg, Cli, DigestArg, FormArg, RsaArg, SignatureArgs, SmimeCommand, SmimeDecryptArgs,
    SmimeEncryptArgs, SmimeSignArgs, SmimeVerifyArgs,
};
use crate::failure::Failure;
use crate::output::{json, line};

pub(crate) fn run(cli: &Cli, command: &SmimeCommand) -> Result<(), Failure> {
    match command {
        SmimeCommand::Sign(arguments) => sign_file(arguments),
        SmimeCommand::Encrypt(arguments) => encrypt_file(arguments),
        SmimeCommand::Decrypt(arguments) => decrypt_file(cli, arguments),
        SmimeCommand::Verify(arguments) => verify_file(cli, arguments),
    }
}

fn sign_file(arguments: &SmimeSignArgs) -> Result<(), Failure> {
    let signer = signers(&arguments.signer, &arguments.certificate, &arguments.signature)?;
    let (input, output) = (place(&arguments.r#in), place(&arguments.out));
    Ok(sign(&input, &output, form(arguments.form), arguments.detached, &signer)?)
}

fn encrypt_file(arguments: &SmimeEncryptArgs) -> Result<(), Failure> {
    let encryption = EncryptionFiles {
        recipients: files(&arguments.to)?,
        cipher: match arguments.cipher {
            CipherArg::Aes256Gcm => ContentCipher::Aes256Gcm,
            CipherArg::Aes128Gcm => ContentCipher::Aes128Gcm,
            CipherArg::Aes256Cbc => ContentCipher::Aes256Cbc,
            CipherArg::Aes128Cbc => ContentCipher::Aes128Cbc,
        },
        rsa: match arguments.rsa {
            RsaArg::Oaep => RsaTransport::OaepSha256,
            RsaArg::Pkcs1 => RsaTransport::Pkcs1,
        },
    };
    let signer = signers(&arguments.signer, &arguments.certificate, &arguments.signature)?;
    let signer = Some(signer).filter(|signer| !signer.keys.is_empty());
    let (input, output) = (place(&arguments.r#in), place(&arguments.out));
    Ok(encrypt(&input, &output, form(arguments.form), &encryption, signer.as_ref())?)
}

fn decrypt_file(cli: &Cli, arguments: &SmimeDecryptArgs) -> Result<(), Failure> {
    let keys = key_files(&arguments.key)?.into();
    if arguments.verify
        && arguments.against.trust.trust.is_empty()
        && !arguments.against.trust.status.default_roots
    {
        return Err(Failure::Argument(
            "--verify needs to know whom to trust: give --trust PEM, or --default-roots".to_owned(),
        ));
    }
    let verification = if arguments.verify { Some(verification(&arguments.against)?) } else { None };
    let (input, output) = (place(&arguments.r#in), place(&arguments.out));
    let report = decrypt(&input, &output, &keys, verification.as_ref())?;
    let is_shown = output != Place::Standard;
    if cli.json && is_shown {
        json(&report)?;
    } else if is_shown {
        let weak = if report.weak { ", an old cipher" } else { "" };
        say!("Encryption: {}{weak}, key by {}", report.content, report.key);
        if let Some(inside) = &report.inside {
            show(inside);
        }
    }
    if !report.integrity && report.inside.is_none() {
        eprintln!(
            "Careful: {} does not tell whether the content was changed on the way, and no signature was verified.",
            report.content
        );
    }
    match &report.inside {
        Some(inside) => holds(inside),
        None => Ok(()),
    }
}

fn verify_file(cli: &Cli, arguments: &SmimeVerifyArgs) -> Result<(), Failure> {
    let verification = verification(&arguments.against)?;
    let (input, output) = (place(&arguments.r#in), arguments.out.as_deref().map(place));
    let report = match &arguments.content {
        Some(content) => verify_detached(&input, &place(content), &verification)?,
        None => verify(&input, output.as_ref(), &verification)?,
    };
    let is_shown = output != Some(Place::Standard);
    if cli.json && is_shown {
        json(&report)?;
    } else if is_shown {
        show(&report);
    }
    holds(&report)
}

fn show(report: &SignatureReport) {
    say!("Signature:  {}", code(&report.signature.state));
    for signer in &report.signature.signers {
        say!("  signer:   {} ({}, {})", line(&signer.subject), signer.algorithm, trust(signer.trust));
        say!("  revoked:  {}", revocation(signer.revocation));
    }
    reasons(&report.signature.reasons);
    say!("Timestamp:  {}", code(&report.timestamp.state));
    reasons(&report.timestamp.reasons);
    needs(&report.needs);
}

fn holds(report: &SignatureReport) -> Result<(), Failure> {
    if report.is_valid() {
        return Ok(());
    }
    let codes = codes(&report.signature.reasons);
    Err(Failure::DoesNotHold(format!("the file is not validly signed ({codes}); nothing was written")))
}

fn signers(
    keys: &[PathBuf],
    certificates: &[PathBuf],
    signature: &SignatureArgs,
) -> Result<SignerFiles, Failure> {
    let digest = signature.digest.map(|digest| match digest {
        DigestArg::Sha256 => DigestAlgorithm::Sha256,
        DigestArg::Sha384 => DigestAlgorithm::Sha384,
        DigestArg::Sha512 => DigestAlgorithm::Sha512,
    });
    Ok(SignerFiles { keys: key_files(keys)?, certificates: files(certificates)?, digest, pss: signature.pss })
}

fn verification(arguments: &AgainstArgs) -> Result<Verification, Failure> {
    Ok(Verification {
        material: signature_material(&arguments.trust)?,
        from: arguments.from.as_deref().map(address).transpose()?,
        at: time(&arguments.when)?,
    })
}

fn form(form: FormArg) -> Form {
    match form {
        FormArg::Der => Form::Der,
        FormArg::Pem => Form::Pem,
        FormArg::Mime => Form::Mime,
    }
}

fn files(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, Failure> {
    paths.iter().map(|path| read(path)).collect()
}

/// `-` is standard input or output.
pub(super) fn place(path: &Path) -> Place {
    if path.as_os_str() == "-" { Place::Standard } else { Place::File(path.to_owned()) }
}
