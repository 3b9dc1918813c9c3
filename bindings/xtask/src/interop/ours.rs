//! The terminal program: the whole way through the product.

use std::path::{Path, PathBuf};

use super::Peer;
use super::cases::{Algorithm, Case, Cipher, Encryption, Form, KeyMethod, Signature};
use super::desk::{DETACHED, Desk, address};
use serde_json::Value;

use crate::cli::{list, text};
use crate::error::{Error, Result, check};
use crate::run::{Call, Said, call};

pub(super) struct Ours {
    program: PathBuf,
}

impl Ours {
    pub(super) fn new(program: &Path) -> Self {
        Ours { program: program.to_owned() }
    }

    fn smime(&self, desk: &Desk, words: &str) -> Call {
        call(&self.program).arg("smime").words(words).within(desk.folder())
    }
}

impl Peer for Ours {
    fn name(&self) -> String {
        "countersign".to_owned()
    }

    fn sign(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let mut call = self.smime(desk, "sign --out signed --in").arg(case.content());
        for (name, _) in case.signers {
            call = call.args(["--signer", &format!("{name}.pem")]);
        }
        if let [(_, algorithm)] = case.signers {
            call = match algorithm {
                Algorithm::RsaPssSha256 => call.arg("--pss"),
                Algorithm::RsaPkcs1Sha512 => call.words("--digest sha512"),
                _ => call,
            };
        }
        if matches!(case.form, Form::Detached | Form::Clear) {
            call = call.arg("--detached");
        }
        if matches!(case.form, Form::Clear | Form::Mime) {
            call = call.words("--form mime");
        }
        call.ok().map(drop)
    }

    fn verify(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let mut call = self.smime(desk, "verify --in signed");
        for (name, _) in case.signers {
            call = call.args(["--trust", &format!("{name}.crt")]);
        }
        if let [(name, _)] = case.signers {
            call = call.args(["--from", &address(name)]);
        }
        if case.form == Form::Detached {
            call.words("--content").arg(DETACHED).ok()?;
            // It says whether the content is the signed one, and writes nothing.
            return desk.write("opened", &desk.read(DETACHED)?);
        }
        let said = call.words("--out opened --json").ok()?;
        let report = report(&said)?;
        let signers = list(report.get("signature").unwrap_or(&Value::Null), "signers");
        let mut found: Vec<&str> = signers.iter().map(|signer| text(signer, "algorithm")).collect();
        let mut expected: Vec<&str> =
            case.signers.iter().map(|(_, algorithm)| signed_by(*algorithm)).collect();
        found.sort_unstable();
        expected.sort_unstable();
        check(found == expected, || format!("signed with {found:?}"))
    }

    fn encrypt(&mut self, desk: &Desk, case: &Encryption) -> Result<()> {
        let mut call = self.smime(desk, "encrypt --out encrypted --in").arg(case.content());
        for (name, _) in case.recipients {
            call = call.args(["--to", &format!("{name}.crt")]);
        }
        if case.recipients.iter().any(|(_, method)| *method == KeyMethod::RsaPkcs1) {
            call = call.words("--rsa pkcs1");
        }
        if case.form == Form::Mime {
            call = call.words("--form mime");
        }
        call.args(["--cipher", case.cipher.name()]).ok().map(drop)
    }

    fn decrypt(&mut self, desk: &Desk, case: &Encryption, reader: &str) -> Result<()> {
        let call = self.smime(desk, "decrypt --in encrypted --out opened --json --key");
        let report = report(&call.arg(format!("{reader}.pem")).ok()?)?;
        let method = case.recipients.iter().find(|(name, _)| *name == reader).map(|(_, method)| *method);
        let expected = method.map(|method| reached_by(reader, method)).unwrap_or_default();
        let (cipher, key) = (text(&report, "content"), text(&report, "key"));
        check(cipher == case.cipher.base() && key == expected, || format!("{cipher}, key by {key}"))
    }

    fn cannot_write(&self, case: &Case) -> Option<&'static str> {
        match case.cipher() {
            Some(Cipher::TripleDes) => Some("by design we write no 3DES"),
            Some(Cipher::Aes256GcmHkdf) => {
                Some("RFC 9709 is written to those who advertise it, which a certificate in a file does not")
            }
            _ => None,
        }
    }

    fn cannot_read(&self, _case: &Case) -> Option<&'static str> {
        None
    }
}

fn report(said: &Said) -> Result<Value> {
    serde_json::from_slice(&said.stdout)
        .map_err(|error| Error::Check(format!("`{}` printed no JSON: {error}", said.command)))
}

/// What our verdict calls a signature.
fn signed_by(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => "rsa-pkcs1-sha256",
        Algorithm::RsaPkcs1Sha512 => "rsa-pkcs1-sha512",
        Algorithm::RsaPssSha256 => "rsa-pss-sha256",
        Algorithm::EcdsaSha256 => "ecdsa-p256-sha256",
        Algorithm::EcdsaSha384 => "ecdsa-p384-sha384",
        Algorithm::EcdsaSha512 => "ecdsa-p521-sha512",
        Algorithm::Ed25519 => "ed25519",
        Algorithm::MlDsa65 => "ml-dsa-65",
    }
}

/// What our report calls the way to the content key.
fn reached_by(name: &str, method: KeyMethod) -> &'static str {
    match (method, name) {
        (KeyMethod::RsaPkcs1, _) => "rsa-pkcs1",
        (KeyMethod::RsaOaep, _) => "rsa-oaep",
        (KeyMethod::Ecdh, "p384") => "ecdh-p384",
        (KeyMethod::Ecdh, "p521") => "ecdh-p521",
        (KeyMethod::Ecdh, _) => "ecdh-p256",
        (KeyMethod::X25519, _) => "x25519",
        (KeyMethod::MlKem, _) => "ml-kem-768",
    }
}
