//! `smime`: files of any size.

use std::path::{Path, PathBuf};

use client::files::{
    ContentCipher, DigestAlgorithm, EncryptionFiles, Form, Place, RsaTransport, SignatureReport, SignerFiles,
    Verification, decrypt, encrypt, sign, verify, verify_detached,
};

use super::files::{address, certificates};
use super::keyfile::{self, KEY, key_files, signer_files};
use super::material::{signature_material, time};
use super::words::{code, needs, reasons, revocation, trust, why};
use crate::args::{
    AgainstArgs, CipherArg, Cli, DigestArg, FormArg, RsaArg, SignatureArgs, SmimeCommand, SmimeDecryptArgs,
    SmimeEncryptArgs, SmimeSignArgs, SmimeVerifyArgs,
};
use crate::failure::{Failure, SmimeFiles};
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
    let signers = names(&arguments.signer);
    let failed = |error| {
        let files = SmimeFiles { signers, ..files(&arguments.r#in, Some(&arguments.out)) };
        Failure::smime(files, error)
    };
    sign(&input, &output, form(arguments.form), arguments.detached, &signer).map_err(failed)
}

fn encrypt_file(arguments: &SmimeEncryptArgs) -> Result<(), Failure> {
    let (mut recipients, mut named) = (Vec::new(), Vec::new());
    for path in &arguments.to {
        recipients.extend(certificates(std::slice::from_ref(path))?);
        named.resize(recipients.len(), path.display().to_string());
    }
    let encryption = EncryptionFiles {
        recipients,
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
    let failed = |error| {
        let files = SmimeFiles {
            signers: names(&arguments.signer),
            recipients: named,
            ..files(&arguments.r#in, Some(&arguments.out))
        };
        Failure::smime(files, error)
    };
    encrypt(&input, &output, form(arguments.form), &encryption, signer.as_ref()).map_err(failed)
}

fn decrypt_file(cli: &Cli, arguments: &SmimeDecryptArgs) -> Result<(), Failure> {
    let keys = key_files(&arguments.key, KEY)?.into();
    check_verify(arguments)?;
    let verification = if arguments.verify { Some(verification(&arguments.against)?) } else { None };
    let (input, output) = (place(&arguments.r#in), place(&arguments.out));
    let report = decrypt(&input, &output, &keys, verification.as_ref())
        .map_err(|error| Failure::smime(files(&arguments.r#in, Some(&arguments.out)), error))?;
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

/// `--verify` needs somebody to trust; and without it nobody must believe that anything was judged.
fn check_verify(arguments: &SmimeDecryptArgs) -> Result<(), Failure> {
    let AgainstArgs { trust, from, when } = &arguments.against;
    let status = &trust.status;
    let sentence = if arguments.verify {
        let is_hopeless = trust.trust.is_empty() && !status.default_roots;
        is_hopeless.then_some("--verify needs to know whom to trust: give --trust PEM, or --default-roots")
    } else {
        let files = [&trust.trust, &trust.untrusted, &status.crl, &status.ocsp];
        let is_judging = files.iter().any(|files| !files.is_empty())
            || status.default_roots
            || from.is_some()
            || when.at.is_some();
        is_judging.then_some(
            "--trust, --untrusted, --crl, --ocsp, --default-roots, --from and --at are for --verify: add it, or leave \
             them out",
        )
    };
    sentence.map_or(Ok(()), |sentence| Err(Failure::Argument(sentence.to_owned())))
}

fn verify_file(cli: &Cli, arguments: &SmimeVerifyArgs) -> Result<(), Failure> {
    let stdin = Path::new("-");
    if arguments.r#in == stdin && arguments.content.as_deref() == Some(stdin) {
        return Err(Failure::Argument(
            "--in and --content can't both be standard input: name a file".to_owned(),
        ));
    }
    let verification = verification(&arguments.against)?;
    let (input, output) = (place(&arguments.r#in), arguments.out.as_deref().map(place));
    let report = match &arguments.content {
        Some(content) => verify_detached(&input, &place(content), &verification),
        None => verify(&input, output.as_ref(), &verification),
    };
    let report = report.map_err(|error| {
        let content = name(arguments.content.as_deref(), "standard input");
        let files = SmimeFiles { content, ..files(&arguments.r#in, arguments.out.as_deref()) };
        Failure::smime(files, error)
    })?;
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
    let why = why(&report.signature.reasons);
    Err(Failure::DoesNotHold(format!("the file is not validly signed, nothing was written: {why}")))
}

fn files(input: &Path, output: Option<&Path>) -> SmimeFiles {
    SmimeFiles {
        input: name(Some(input), "standard input"),
        output: name(output, "standard output"),
        ..SmimeFiles::default()
    }
}

fn names(keys: &[PathBuf]) -> Vec<String> {
    keys.iter().map(|key| keyfile::name(key)).collect()
}

/// What a file is called in a sentence.
fn name(path: Option<&Path>, standard: &str) -> String {
    match path {
        Some(path) if path.as_os_str() != "-" => path.display().to_string(),
        _ => standard.to_owned(),
    }
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
    let (keys, certificates) = (signer_files(keys)?, self::certificates(certificates)?);
    Ok(SignerFiles { keys, certificates, digest, pss: signature.pss })
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

/// `-` is standard input or output.
pub(super) fn place(path: &Path) -> Place {
    if path.as_os_str() == "-" { Place::Standard } else { Place::File(path.to_owned()) }
}
