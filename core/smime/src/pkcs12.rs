//! PKCS#12 (RFC 7292, RFC 9579): keys with their certificates in one file, read and written.
//!
//! Read are the old form (RC2 and 3DES, HMAC-SHA-1) and the new one (PBES2, HMAC-SHA-2 or PBMAC1), DER and BER, with
//! or without PEM armour. Where there is a MAC it is checked before anything is decrypted; a file without one is read, and
//! [`Warning::NoMac`] says so. Files protected by signatures and public
//! keys instead of a password are [`Pkcs12Error::Unsupported`].

mod mac;
mod pairing;
mod read;
mod write;

use const_oid::ObjectIdentifier;
use serde::Serialize;

use crate::ber::{self, BerError};
use crate::certificate::Certificate;
use crate::key::{KeyError, PrivateKey};
use crate::pbe::{MAX_ITERATIONS, PbeError};
use crate::pem;
use crate::pkcs8::{KeyFileError, MAX_KEYS};

pub use read::read;
pub use write::{Entry, Form, write};

/// The largest file that is read, in octets.
pub const MAX_PKCS12_OCTETS: usize = 16 << 20;
/// The largest number of bags in one file.
pub const MAX_BAGS: usize = 4096;
/// Deepest nesting of SafeContents bags.
pub const MAX_NESTING: u8 = 8;

/// The limit of [`MAX_KEYS`], for people.
const KEYS: &str = "64 keys";
const _: () = assert!(MAX_KEYS == 64);

/// What a file holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// The private keys, in the order of the file.
    pub keys: Vec<KeyEntry>,
    /// All certificates, in the order of the file; those of the keys are among them.
    pub certificates: Vec<CertificateEntry>,
    /// What is dubious, each once, in a fixed order.
    pub warnings: Vec<Warning>,
}

/// A private key.
#[derive(Debug)]
pub struct KeyEntry {
    /// The key.
    pub key: PrivateKey,
    /// friendlyName.
    pub name: Option<String>,
    /// The certificate of the key. Its public key is always the key's; of several, the one with the same localKeyId.
    pub certificate: Option<Certificate>,
}

/// A certificate.
#[derive(Clone, Debug)]
pub struct CertificateEntry {
    /// The certificate.
    pub certificate: Certificate,
    /// friendlyName.
    pub name: Option<String>,
}

/// What a reader should be told about a file that could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// There is no MAC: anybody may have changed what is not encrypted, and a wrong password is noticed late.
    NoMac,
    /// Something is encrypted with RC2.
    WeakEncryption,
    /// A private key is not encrypted.
    KeyNotEncrypted,
    /// RSA below 2048 bits.
    WeakKey,
    /// A private key of a kind that is not known here was left out.
    UnsupportedKey,
    /// A certificate that can't be read was left out.
    UnreadableCertificate,
    /// Secrets, revocation lists or unknown bags were left out.
    UnsupportedBag,
    /// A certificate that claims to belong to a key has another public key.
    CertificateMismatch,
    /// A key has no certificate here.
    NoCertificate,
}

/// Why a file was not read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// Not BER, or not the structure of RFC 7292.
    #[error("this is no PKCS#12 file, or it is damaged")]
    Malformed,
    /// The file has a password, and none was given.
    #[error("the file is protected by a password, which is needed")]
    PasswordNeeded,
    /// The password is wrong, or somebody changed the file: the MAC can't tell which.
    #[error("the password is wrong, or the file is damaged")]
    WrongPassword,
    /// A content type, MAC or encryption that is not known here.
    #[error("the file uses the algorithm {0}, which is not supported")]
    Unsupported(ObjectIdentifier),
    /// Deriving the keys would take too long.
    #[error("the file asks for more than {MAX_ITERATIONS} iterations to derive a key: it is refused")]
    TooCostly,
    /// A private key is malformed, or does not match its own public key.
    #[error("a private key in the file is refused: {0}")]
    Key(KeyError),
    /// The key of a PBMAC1 is so short that it can be guessed without the password.
    #[error("the key of the file's MAC is too short: anybody may have changed the file")]
    ShortMacKey,
    /// Larger than [`MAX_PKCS12_OCTETS`], more than [`MAX_BAGS`] or [`MAX_KEYS`], deeper than [`MAX_NESTING`].
    #[error("the file exceeds the limit of {0}")]
    Limit(&'static str),
}

impl From<BerError> for Pkcs12Error {
    fn from(_: BerError) -> Self {
        Pkcs12Error::Malformed
    }
}

impl From<PbeError> for Pkcs12Error {
    fn from(error: PbeError) -> Self {
        match error {
            PbeError::Malformed => Pkcs12Error::Malformed,
            PbeError::Unsupported(algorithm) => Pkcs12Error::Unsupported(algorithm),
            PbeError::TooCostly => Pkcs12Error::TooCostly,
            PbeError::WrongPassword => Pkcs12Error::WrongPassword,
        }
    }
}

impl From<KeyFileError> for Pkcs12Error {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Encryption(error) => error.into(),
            KeyFileError::Key(error) => Pkcs12Error::Key(error),
            KeyFileError::WrongPassword | KeyFileError::PasswordNeeded => Pkcs12Error::WrongPassword,
            KeyFileError::TooManyKeys => Pkcs12Error::Limit(KEYS),
            KeyFileError::NoKey | KeyFileError::TraditionalEncryption => Pkcs12Error::Malformed,
        }
    }
}

/// The file begins like a PFX, or holds a PEM block with its label.
pub fn looks_like(file: &[u8]) -> bool {
    let begins = || -> Result<bool, BerError> {
        let mut fields = ber::sequence(file)?;
        Ok(fields.expect(ber::INTEGER)?.small()? == read::VERSION && fields.peek() == Some(ber::SEQUENCE))
    };
    begins().unwrap_or(false) || pem::blocks(file).iter().any(|block| read::LABELS.contains(&block.label))
}
