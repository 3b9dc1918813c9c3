//! `openssl cms`.

use super::Peer;
use super::cases::{Algorithm, Case, Cipher, Encryption, Form, KeyMethod, Signature};
use super::desk::{DETACHED, Desk};
use crate::error::Result;
use crate::run::call;

pub(super) struct Openssl {
    version: String,
}

impl Openssl {
    pub(super) fn new() -> Result<Self> {
        let said = call("openssl").arg("version").ok()?.out();
        Ok(Openssl { version: said.split_whitespace().nth(1).unwrap_or_default().to_owned() })
    }
}

fn framing(form: Form) -> &'static str {
    if matches!(form, Form::Clear | Form::Mime) { "SMIME" } else { "DER" }
}

impl Peer for Openssl {
    fn name(&self) -> String {
        format!("openssl {}", self.version)
    }

    fn sign(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let mut call = desk.openssl("cms -sign -binary -crlfeol -out signed -in").arg(case.content());
        call = call.args(["-outform", framing(case.form)]);
        if !matches!(case.form, Form::Detached | Form::Clear) {
            call = call.arg("-nodetach");
        }
        if case.form == Form::Streamed {
            call = call.arg("-stream");
        }
        for (name, algorithm) in case.signers {
            call = call.args(["-signer", &format!("{name}.crt"), "-inkey", &format!("{name}.key")]);
            if *algorithm == Algorithm::RsaPssSha256 {
                call = call.words("-keyopt rsa_padding_mode:pss");
            }
            let digest = match algorithm {
                Algorithm::RsaPkcs1Sha512 | Algorithm::EcdsaSha512 => "sha512",
                Algorithm::EcdsaSha384 => "sha384",
                _ => "sha256",
            };
            call = call.args(["-md", digest]);
        }
        call.ok().map(drop)
    }

    fn verify(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        let mut trusted = Vec::new();
        for (name, _) in case.signers {
            trusted.extend(desk.read(&format!("{name}.crt"))?);
        }
        desk.write("trusted.pem", &trusted)?;
        let mut call = desk.openssl("cms -verify -purpose any -CAfile trusted.pem -out opened -in signed");
        call = call.args(["-inform", framing(case.form)]);
        if case.form != Form::Clear {
            call = call.arg("-binary");
        }
        if case.form == Form::Detached {
            call = call.args(["-content", DETACHED]);
        }
        call.ok().map(drop)
    }

    fn encrypt(&mut self, desk: &Desk, case: &Encryption) -> Result<()> {
        let cipher = if case.cipher == Cipher::TripleDes { "des3" } else { case.cipher.name() };
        let mut call = desk.openssl("cms -encrypt -binary -out encrypted -in").arg(case.content());
        call = call.arg(format!("-{cipher}")).args(["-outform", framing(case.form)]);
        if case.form == Form::Streamed {
            call = call.arg("-stream");
        }
        for (name, method) in case.recipients {
            call = call.args(["-recip", &format!("{name}.crt")]);
            match method {
                KeyMethod::RsaOaep => {
                    call = call.words("-keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256");
                }
                KeyMethod::Ecdh => call = call.words("-keyopt ecdh_kdf_md:sha256"),
                KeyMethod::RsaPkcs1 | KeyMethod::X25519 | KeyMethod::MlKem => {}
            }
        }
        call.ok().map(drop)
    }

    fn decrypt(&mut self, desk: &Desk, case: &Encryption, reader: &str) -> Result<()> {
        desk.openssl("cms -decrypt -binary -in encrypted -out opened")
            .args(["-inform", framing(case.form)])
            .args(["-recip", &format!("{reader}.crt"), "-inkey", &format!("{reader}.key")])
            .ok()
            .map(drop)
    }

    fn is_known(&self) -> bool {
        self.version.starts_with("3.0.")
    }

    fn cannot_write(&self, case: &Case) -> Option<&'static str> {
        self.cannot_read(case)
    }

    fn cannot_read(&self, case: &Case) -> Option<&'static str> {
        if case.signs_with(Algorithm::Ed25519) {
            return Some("OpenSSL 3.0 has no Ed25519 in CMS");
        }
        if case.signs_with(Algorithm::MlDsa65) || case.sends_key_by(KeyMethod::MlKem) {
            return Some("OpenSSL 3.0 has no ML-DSA and no ML-KEM");
        }
        if case.sends_key_by(KeyMethod::X25519) {
            return Some("OpenSSL 3.0 has no X25519 in CMS");
        }
        if case.cipher() == Some(Cipher::Aes256GcmHkdf) {
            return Some("OpenSSL 3.0 does not know RFC 9709");
        }
        None
    }
}
