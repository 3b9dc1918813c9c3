//! Peers that answer one line per request: BouncyCastle (`peers/Peer.java`) and python-cryptography (`peers/peer.py`).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::Peer;
use super::cases::{Algorithm, Case, Cipher, Encryption, Form, KeyMethod, Signature};
use super::desk::{DETACHED, Desk};
use crate::error::{Error, Result};

/// Which library it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Library {
    BouncyCastle,
    Python,
}

/// A child that lives as long as this.
pub(super) struct Talker {
    library: Library,
    version: String,
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Talker {
    pub(super) fn start(library: Library, command: &mut Command) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start { program: program.clone(), source })?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Check(format!("{program} has no pipes")));
        };
        let answers = BufReader::new(answers);
        let mut talker = Talker { library, version: String::new(), child, requests: Some(requests), answers };
        talker.version = talker.ask(&["version"])?;
        Ok(talker)
    }

    fn ask(&mut self, words: &[&str]) -> Result<String> {
        let lost = |what: String| Error::Check(format!("{:?} {what}", self.library));
        if let Some(requests) = &mut self.requests {
            writeln!(requests, "{}", words.join("\t")).map_err(|error| lost(error.to_string()))?;
        }
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|error| lost(error.to_string()))?;
        match answer.trim_end().split_once(' ').unwrap_or((answer.trim_end(), "")) {
            ("ok", rest) => Ok(rest.to_owned()),
            ("error", rest) => Err(Error::Check(rest.to_owned())),
            _ => Err(lost(format!("answered {answer:?}"))),
        }
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.requests.take();
        let _ = self.child.wait();
    }
}

impl Peer for Talker {
    fn name(&self) -> String {
        match self.library {
            Library::BouncyCastle => format!("BouncyCastle {}", self.version),
            Library::Python => format!("python-cryptography {}", self.version),
        }
    }

    fn certify(&mut self, desk: &Desk, name: &str, algorithm: &str) -> Result<bool> {
        if self.library != Library::BouncyCastle {
            return Ok(false);
        }
        let (key, certificate) = (desk.text(&format!("{name}.key")), desk.text(&format!("{name}.crt")));
        self.ask(&["certify", algorithm, name, &key, &certificate])?;
        Ok(true)
    }

    fn sign(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let form = match case.form {
            Form::Inside => "der",
            Form::Detached => "detached",
            Form::Streamed => "ber",
            Form::Clear => "smime",
            Form::Mime => return Err(Error::Check("no MIME".to_owned())),
        };
        if self.library == Library::BouncyCastle && case.form == Form::Clear {
            return Err(Error::Check("no MIME".to_owned()));
        }
        let mut words =
            vec!["sign".to_owned(), desk.text(case.content()), desk.text("signed"), form.to_owned()];
        for (name, algorithm) in case.signers {
            let algorithm = match self.library {
                Library::BouncyCastle => java_name(*algorithm),
                Library::Python => python_name(*algorithm),
            };
            words.extend([
                algorithm.to_owned(),
                desk.text(&format!("{name}.key")),
                desk.text(&format!("{name}.crt")),
            ]);
        }
        self.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    fn verify(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let content = if case.form == Form::Detached { desk.text(DETACHED) } else { "-".to_owned() };
        let mut words = vec!["verify".to_owned(), desk.text("signed"), content, desk.text("opened")];
        words.extend(case.signers.iter().map(|(name, _)| desk.text(&format!("{name}.crt"))));
        self.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    fn encrypt(&mut self, desk: &Desk, case: &Encryption) -> Result<()> {
        let form = match case.form {
            Form::Streamed => "ber",
            Form::Mime => return Err(Error::Check("no MIME".to_owned())),
            _ => "der",
        };
        let mut words = vec!["encrypt".to_owned(), desk.text(case.content()), desk.text("encrypted")];
        words.extend([case.cipher.name().to_owned(), form.to_owned()]);
        for (name, method) in case.recipients {
            let method = match method {
                KeyMethod::RsaPkcs1 => "rsa-pkcs1",
                KeyMethod::RsaOaep => "rsa-oaep",
                KeyMethod::Ecdh => "ecdh",
                KeyMethod::X25519 => "x25519",
                KeyMethod::MlKem => "ml-kem",
            };
            words.extend([method.to_owned(), desk.text(&format!("{name}.crt"))]);
        }
        self.ask(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    fn decrypt(&mut self, desk: &Desk, case: &Encryption, reader: &str) -> Result<()> {
        if case.form == Form::Mime {
            return Err(Error::Check("no MIME".to_owned()));
        }
        let (key, certificate) = (desk.text(&format!("{reader}.key")), desk.text(&format!("{reader}.crt")));
        self.ask(&["decrypt", &desk.text("encrypted"), &desk.text("opened"), &key, &certificate]).map(drop)
    }

    fn cannot_write(&self, case: &Case) -> Option<&'static str> {
        match self.library {
            Library::BouncyCastle => bouncy_castle_lacks(case),
            Library::Python => python_writes_not(case),
        }
    }

    fn cannot_read(&self, case: &Case) -> Option<&'static str> {
        match (self.library, case) {
            (Library::BouncyCastle, _) => bouncy_castle_lacks(case),
            (Library::Python, Case::Signature(_)) => Some("python-cryptography verifies no CMS signatures"),
            (Library::Python, Case::Encryption(_)) => python_encryption_lacks(case),
        }
    }
}

fn bouncy_castle_lacks(case: &Case) -> Option<&'static str> {
    matches!(case.form(), Form::Clear | Form::Mime)
        .then_some("BouncyCastle's MIME is in a package of its own (bcmail); here its CMS is asked")
}

fn python_writes_not(case: &Case) -> Option<&'static str> {
    match case {
        Case::Signature(_) if case.form() == Form::Mime => {
            Some("python-cryptography writes multipart/signed only")
        }
        Case::Signature(_) if case.form() == Form::Streamed => {
            Some("python-cryptography writes definite lengths only")
        }
        Case::Signature(_) if case.signs_with(Algorithm::Ed25519) || case.signs_with(Algorithm::MlDsa65) => {
            Some("python-cryptography signs PKCS #7 with RSA and ECDSA only")
        }
        Case::Signature(_) => None,
        Case::Encryption(_) if case.form() == Form::Streamed => {
            Some("python-cryptography writes definite lengths only")
        }
        Case::Encryption(_) => python_encryption_lacks(case),
    }
}

fn python_encryption_lacks(case: &Case) -> Option<&'static str> {
    let Case::Encryption(encryption) = case else { return None };
    if encryption.recipients.iter().any(|(_, method)| *method != KeyMethod::RsaPkcs1) {
        return Some("python-cryptography has RSA PKCS #1 v1.5 as its one key method");
    }
    if !matches!(encryption.cipher, Cipher::Aes128Cbc | Cipher::Aes256Cbc) {
        return Some("python-cryptography has AES-CBC as its one content cipher");
    }
    (encryption.form == Form::Mime)
        .then_some("python-cryptography's encrypted MIME is left out: it is asked for DER")
}

fn java_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => "SHA256withRSA",
        Algorithm::RsaPkcs1Sha512 => "SHA512withRSA",
        Algorithm::RsaPssSha256 => "SHA256withRSAandMGF1",
        Algorithm::EcdsaSha256 => "SHA256withECDSA",
        Algorithm::EcdsaSha384 => "SHA384withECDSA",
        Algorithm::EcdsaSha512 => "SHA512withECDSA",
        Algorithm::Ed25519 => "Ed25519",
        Algorithm::MlDsa65 => "ML-DSA-65",
    }
}

fn python_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::RsaPkcs1Sha256 => "rsa-sha256",
        Algorithm::RsaPkcs1Sha512 => "rsa-sha512",
        Algorithm::RsaPssSha256 => "rsa-pss-sha256",
        Algorithm::EcdsaSha256 => "ecdsa-sha256",
        Algorithm::EcdsaSha384 => "ecdsa-sha384",
        Algorithm::EcdsaSha512 => "ecdsa-sha512",
        Algorithm::Ed25519 => "ed25519",
        Algorithm::MlDsa65 => "ml-dsa-65",
    }
}
