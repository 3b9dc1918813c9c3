//! Key files: PKCS#12, or PEM with certificates and private keys.

use smime::enveloped::DecryptionKey;
use smime::pkcs12::{self, Pkcs12Error};
use smime::pkcs8::{self, KeyFileError};
use smime::{Certificate, SignatureAlgorithm};

/// The keys and certificates of one file.
#[derive(Debug)]
pub struct KeyFile {
    keys: Vec<DecryptionKey>,
    certificates: Vec<Certificate>,
}

/// Why a key file is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileProblem {
    /// A PKCS#12 file.
    #[error("{0}")]
    Pkcs12(#[from] Pkcs12Error),
    /// A PEM or DER file.
    #[error("{0}")]
    Key(#[from] KeyFileError),
    /// There is a private key, but no certificate.
    #[error("there is no certificate in the file; put that of the key into it (PEM)")]
    NoCertificate,
}

impl KeyFileProblem {
    /// A password is needed, or another one.
    pub fn is_locked(self) -> bool {
        self.needs_password()
            || matches!(
                self,
                KeyFileProblem::Pkcs12(Pkcs12Error::WrongPassword)
                    | KeyFileProblem::Key(KeyFileError::WrongPassword)
            )
    }

    /// None was given.
    pub fn needs_password(self) -> bool {
        matches!(
            self,
            KeyFileProblem::Pkcs12(Pkcs12Error::PasswordNeeded)
                | KeyFileProblem::Key(KeyFileError::PasswordNeeded)
        )
    }
}

impl KeyFile {
    /// Reads a file; `password` opens what is encrypted in it.
    pub fn read(file: &[u8], password: Option<&str>) -> Result<Self, KeyFileProblem> {
        let (keys, certificates): (Vec<_>, Vec<_>) = if pkcs12::looks_like(file) {
            let contents = pkcs12::read(file, password)?;
            let certificates = contents.certificates.into_iter().map(|entry| entry.certificate);
            (contents.keys.into_iter().map(|entry| entry.key).collect(), certificates.collect())
        } else {
            let keys = pkcs8::read_all(file, password)?;
            (keys, Certificate::read_all(file).map_err(|_| KeyFileProblem::NoCertificate)?)
        };
        if keys.is_empty() {
            return Err(KeyFileError::NoKey.into());
        }
        let keys = keys.into_iter().map(|key| {
            let own = certificates.iter().filter(|certificate| certificate.certifies(&key));
            let own = own.cloned().collect();
            DecryptionKey { key, certificates: own }
        });
        Ok(KeyFile { keys: keys.collect(), certificates })
    }

    /// All keys, each with its own certificates: any of them may decrypt.
    pub(crate) fn into_keys(self) -> Vec<DecryptionKey> {
        self.keys
    }

    /// The key to sign with, its certificate, and all certificates of the file: the first key whose certificate is for
    /// signing mail. A file with one key only is taken at its word, whatever its certificate says.
    pub(crate) fn into_signer(self) -> Option<Signer> {
        let certificate_of = |entry: &DecryptionKey| {
            let for_mail = entry.certificates.iter().find(|own| own.may_sign() && own.is_for_email());
            for_mail.or(entry.certificates.iter().find(|own| own.may_sign())).cloned()
        };
        let chosen = self.keys.iter().enumerate().find_map(|(index, entry)| {
            let algorithm = entry.key.default_signature_algorithm().ok()?;
            Some((index, certificate_of(entry)?, algorithm))
        });
        let chosen = chosen.or_else(|| match self.keys.as_slice() {
            [only] => {
                Some((0, only.certificates.first()?.clone(), only.key.default_signature_algorithm().ok()?))
            }
            _ => None,
        });
        let (index, certificate, algorithm) = chosen?;
        let key = self.keys.into_iter().nth(index)?;
        Some(Signer { key, certificate, algorithm, carried: self.certificates })
    }
}

/// A key with its certificate, ready to sign.
pub(crate) struct Signer {
    pub(crate) key: DecryptionKey,
    pub(crate) certificate: Certificate,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) carried: Vec<Certificate>,
}
