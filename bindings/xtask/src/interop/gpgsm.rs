//! GnuPG's `gpgsm`.

use super::Peer;
use super::cases::{Algorithm, Case, Cipher, Encryption, Form, KeyMethod, Signature};
use super::desk::{DETACHED, Desk, address};
use crate::error::{At, Error, Result, check};
use crate::run::{Call, call};

/// Passphrase of the keys in its home.
const PASSPHRASE: &str = "x";
/// Whose keys it can take: gpgsm 2.2 imports no keys on curves.
const WITH_KEY: [&str; 2] = ["rsa", "rsa3072"];

pub(super) struct Gpgsm {
    version: String,
    home: tempfile::TempDir,
    is_ready: bool,
}

impl Gpgsm {
    pub(super) fn new() -> Result<Self> {
        let said = call("gpgsm").arg("--version").ok()?.out();
        let version = said.lines().next().and_then(|line| line.split_whitespace().last()).unwrap_or_default();
        let base = std::env::temp_dir();
        let home = tempfile::Builder::new().prefix("gpgsm-").tempdir().at(&base)?;
        Ok(Gpgsm { version: version.to_owned(), home, is_ready: false })
    }

    fn gpgsm(&self, desk: &Desk) -> Call {
        call("gpgsm")
            .within(desk.folder())
            .env("GNUPGHOME", self.home.path())
            .words("--batch --yes --pinentry-mode loopback --passphrase-fd 0")
            .input(format!("{PASSPHRASE}\n"))
    }

    /// By way of PKCS #12. For 2 or 3 salts of 100 gpgsm 2.2 derives a wrong key (a leading zero
    /// octet gets lost): then another salt is tried.
    fn import_key(&self, desk: &Desk, name: &str) -> Result<()> {
        let mut result = Ok(());
        for _ in 0..8 {
            desk.openssl("pkcs12 -export -legacy -passout pass:x -out gpgsm.p12")
                .args(["-inkey", &format!("{name}.key"), "-in", &format!("{name}.crt")])
                .ok()?;
            result = self.gpgsm(desk).words("--import gpgsm.p12").ok().map(drop);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Every certificate trusted, the RSA keys imported.
    fn ready(&mut self, desk: &Desk) -> Result<()> {
        if self.is_ready {
            return Ok(());
        }
        let file = |name: &str, text: &str| {
            let path = self.home.path().join(name);
            std::fs::write(&path, text).at(&path)
        };
        file("gpgsm.conf", "disable-crl-checks\ndisable-policy-checks\n")?;
        file("gpg-agent.conf", "allow-loopback-pinentry\n")?;
        let mut trusted = String::new();
        for name in ["rsa", "rsa3072", "p256", "p384"] {
            let said =
                desk.openssl("x509 -noout -fingerprint -sha1 -in").arg(format!("{name}.crt")).ok()?.out();
            let fingerprint = said.trim().rsplit('=').next().unwrap_or_default().to_owned();
            trusted.push_str(&format!("{fingerprint} S relax\n"));
        }
        file("trustlist.txt", &trusted)?;
        for name in WITH_KEY {
            self.import_key(desk, name)?;
        }
        for name in ["p256", "p384"] {
            self.gpgsm(desk).arg("--import").arg(format!("{name}.crt")).ok()?;
        }
        self.is_ready = true;
        Ok(())
    }
}

impl Drop for Gpgsm {
    fn drop(&mut self) {
        // Ends the agent of this home only.
        let _ = call("gpgconf").env("GNUPGHOME", self.home.path()).words("--kill all").run();
    }
}

impl Peer for Gpgsm {
    fn name(&self) -> String {
        format!("gpgsm {}", self.version)
    }

    fn sign(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        self.ready(desk)?;
        only_binary(case.form)?;
        let mut call = self.gpgsm(desk).words("--include-certs -1 --output signed");
        for (name, algorithm) in case.signers {
            let digest = match algorithm {
                Algorithm::RsaPkcs1Sha512 => "SHA512",
                Algorithm::RsaPkcs1Sha256 => "SHA256",
                _ => return Err(Error::Check("gpgsm signs RSA with PKCS #1 v1.5".to_owned())),
            };
            call = call.args(["--local-user", &address(name), "--digest-algo", digest]);
        }
        call.arg(if case.form == Form::Detached { "--detach-sign" } else { "--sign" })
            .arg(case.content())
            .ok()
            .map(drop)
    }

    fn verify(&mut self, desk: &Desk, case: &Signature) -> Result<()> {
        self.ready(desk)?;
        only_binary(case.form)?;
        let call = self.gpgsm(desk).words("--status-fd 1");
        let said = if case.form == Form::Detached {
            let said = call.words("--verify signed").arg(DETACHED).ok()?;
            desk.write("opened", &desk.read(DETACHED)?)?;
            said
        } else {
            call.words("--output opened --verify signed").ok()?
        };
        let good = said.out().matches("GOODSIG").count();
        check(good == case.signers.len(), || format!("gpgsm found {good} good signatures: {}", said.out()))
    }

    fn encrypt(&mut self, desk: &Desk, case: &Encryption) -> Result<()> {
        self.ready(desk)?;
        only_binary(case.form)?;
        let cipher = match case.cipher {
            Cipher::Aes256Cbc => "AES256",
            Cipher::Aes128Cbc => "AES128",
            Cipher::TripleDes => "3DES",
            _ => return Err(Error::Check("gpgsm writes CBC only".to_owned())),
        };
        let mut call = self.gpgsm(desk).words("--output encrypted --cipher-algo").arg(cipher);
        for (name, method) in case.recipients {
            check(*method != KeyMethod::RsaOaep, || "gpgsm writes PKCS #1 v1.5 only".to_owned())?;
            call = call.args(["--recipient", &address(name)]);
        }
        call.arg("--encrypt").arg(case.content()).ok().map(drop)
    }

    fn decrypt(&mut self, desk: &Desk, case: &Encryption, _reader: &str) -> Result<()> {
        self.ready(desk)?;
        only_binary(case.form)?;
        self.gpgsm(desk).words("--output opened --decrypt encrypted").ok().map(drop)
    }

    fn is_known(&self) -> bool {
        self.version.starts_with("2.2.")
    }

    fn cannot_write(&self, case: &Case) -> Option<&'static str> {
        if case.signs_with(Algorithm::EcdsaSha256) || case.signs_with(Algorithm::EcdsaSha384) {
            return Some("gpgsm 2.2 imports no private keys on curves");
        }
        if case.signs_with(Algorithm::RsaPssSha256) {
            return Some("gpgsm 2.2 signs RSA with PKCS #1 v1.5 only");
        }
        self.cannot_read(case)
    }

    fn cannot_read(&self, case: &Case) -> Option<&'static str> {
        if matches!(case.form(), Form::Clear | Form::Mime) {
            return Some("gpgsm reads and writes no MIME");
        }
        if case.sends_key_by(KeyMethod::Ecdh) || case.sends_key_by(KeyMethod::X25519) {
            return Some("gpgsm 2.2 imports no private keys on curves");
        }
        if case.sends_key_by(KeyMethod::RsaOaep) {
            return Some("gpgsm 2.2 has no RSAES-OAEP");
        }
        if case.signs_with(Algorithm::EcdsaSha512) {
            return Some("gpgsm 2.2 verifies no signature with P-521");
        }
        if case.signs_with(Algorithm::Ed25519) || case.signs_with(Algorithm::MlDsa65) {
            return Some("gpgsm 2.2 has no Ed25519, no ML-DSA and no ML-KEM");
        }
        if case.sends_key_by(KeyMethod::MlKem) {
            return Some("gpgsm 2.2 has no Ed25519, no ML-DSA and no ML-KEM");
        }
        case.cipher().filter(|cipher| cipher.is_gcm()).map(|_| "gpgsm 2.2 has no AuthEnvelopedData")
    }
}

fn only_binary(form: Form) -> Result<()> {
    check(!matches!(form, Form::Clear | Form::Mime), || "no MIME".to_owned())
}
