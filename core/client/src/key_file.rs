//! Key files: PKCS#12, or PEM with certificates and private keys.

use smime::Certificate;
use smime::certificate::CertificatesByKey;
use smime::enveloped::DecryptionKey;
use smime::pkcs8::{self, KeyFileError};
use smime::pkcs12::{self, Pkcs12Error, Warning};

/// The keys and certificates of one file.
#[derive(Debug)]
pub struct KeyFile {
    keys: Vec<DecryptionKey>,
    certificates: Vec<Certificate>,
    has_no_mac: bool,
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
    /// Reads a file; `password` opens what is encrypted in it. A key gets the certificates of its own public key only:
    /// whose address stands in one is taken for the reader.
    pub fn read(file: &[u8], password: Option<&str>) -> Result<Self, KeyFileProblem> {
        let mut has_no_mac = false;
        let (keys, certificates): (Vec<_>, Vec<_>) = if pkcs12::looks_like(file) {
            let contents = pkcs12::read(file, password)?;
            has_no_mac = contents.warnings.contains(&Warning::NoMac);
            let certificates = contents.certificates.into_iter().map(|entry| entry.certificate);
            (contents.keys.into_iter().map(|entry| entry.key).collect(), certificates.collect())
        } else {
            let keys = pkcs8::read_all(file, password)?;
            (keys, Certificate::read_all(file).map_err(|_| KeyFileProblem::NoCertificate)?)
        };
        if keys.is_empty() {
            return Err(KeyFileError::NoKey.into());
        }
        let by_key = CertificatesByKey::new(&certificates);
        let keys = keys.into_iter().map(|key| {
            let own = by_key.of(&key).iter().filter_map(|position| certificates.get(*position));
            DecryptionKey { certificates: own.cloned().collect(), key }
        });
        Ok(KeyFile { keys: keys.collect(), certificates, has_no_mac })
    }

    /// A PKCS#12 file without a MAC: whoever had it in hand may have changed what is not encrypted in it.
    pub fn has_no_mac(&self) -> bool {
        self.has_no_mac
    }

    /// The key to sign with, and its certificate: the first key whose certificate is for signing mail. A file with one key
    /// only is taken at its word, whatever its certificate says of its use.
    pub(crate) fn signer(&self) -> Option<(&DecryptionKey, &Certificate)> {
        let for_mail = |own: &&Certificate| own.may_sign() && own.is_for_email();
        let signing = |wanted: &dyn Fn(&&Certificate) -> bool| {
            self.keys
                .iter()
                .find_map(|entry| Some((entry, entry.certificates.iter().find(|own| wanted(own))?)))
        };
        let is_only = self.keys.len() == 1;
        signing(&for_mail).or_else(|| signing(&|own| own.may_sign() || is_only))
    }

    /// There is a key in it that signs, with its certificate.
    pub fn can_sign(&self) -> bool {
        self.signer().is_some()
    }

    /// All certificates of the file.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}

/// The keys of several files: any of them may decrypt.
#[derive(Debug, Default)]
pub struct Keys(Vec<DecryptionKey>);

impl From<Vec<KeyFile>> for Keys {
    fn from(files: Vec<KeyFile>) -> Self {
        Keys(files.into_iter().flat_map(|file| file.keys).collect())
    }
}

impl Keys {
    pub(crate) fn all(&self) -> &[DecryptionKey] {
        &self.0
    }
}
