//! Private key files: PKCS#8 (RFC 5958) plain and encrypted (RFC 8018), in DER and PEM.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::ber;
use crate::key::{AlgorithmIdentifier, KeyError, PrivateKey};
use crate::pbe::{self, Password, Work};
use crate::pem;

pub use crate::pbe::{MAX_ITERATIONS, PbeError};

/// Iterations of PBKDF2-HMAC-SHA-256 that are written when nobody asks for another number (OWASP, 2023).
pub const ITERATIONS: u32 = 600_000;

const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// Plain keys, PKCS#8 and OpenSSL's traditional forms.
pub(crate) const PLAIN_LABELS: [&str; 3] = [PLAIN, "EC PRIVATE KEY", "RSA PRIVATE KEY"];

/// The largest number of private keys that is read from one file.
pub const MAX_KEYS: usize = 64;

/// Why a private key was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// There is no private key in the file.
    #[error("there is no private key in the file")]
    NoKey,
    /// The key is encrypted, and no password was given.
    #[error("the private key is encrypted: its password is needed")]
    PasswordNeeded,
    /// The password is wrong, or the file is damaged: an encrypted key can't tell which.
    #[error("the password is wrong, or the key is damaged")]
    WrongPassword,
    /// A form that OpenSSL wrote before PKCS#8 (RFC 1421 headers): its key derivation is one round of MD5.
    #[error("the key is encrypted in OpenSSL's old form; convert it with `openssl pkcs8 -topk8`")]
    TraditionalEncryption,
    /// How it is encrypted is malformed, unknown, or too costly.
    #[error("{0}")]
    Encryption(PbeError),
    /// More than [`MAX_KEYS`].
    #[error("the file holds more than {MAX_KEYS} private keys")]
    TooManyKeys,
    /// The key itself.
    #[error("{0}")]
    Key(KeyError),
}

impl From<KeyError> for KeyFileError {
    fn from(error: KeyError) -> Self {
        KeyFileError::Key(error)
    }
}

impl From<PbeError> for KeyFileError {
    fn from(error: PbeError) -> Self {
        match error {
            PbeError::WrongPassword => KeyFileError::WrongPassword,
            other => KeyFileError::Encryption(other),
        }
    }
}

/// Every private key of a file: PEM blocks (other blocks are skipped), or one key in DER, encrypted or not.
///
/// `password` opens the encrypted ones and is ignored by the others. All keys of a file together may cost what one file
/// may ([`PbeError::TooCostly`]).
pub fn read_all(file: &[u8], password: Option<&str>) -> Result<Vec<PrivateKey>, KeyFileError> {
    let password = password.map(Password::new);
    let mut work = Work::new();
    let mut decrypt = |der: &[u8]| {
        let password = password.as_ref().ok_or(KeyFileError::PasswordNeeded)?;
        decrypt_info(der, password, &mut work)
    };
    let blocks = pem::blocks(file);
    if blocks.is_empty() {
        return match file.first() {
            Some(0x30) if is_encrypted(file) => Ok(vec![decrypt(file)?]),
            Some(0x30) => Ok(vec![PrivateKey::from_der(file)?]),
            _ => Err(KeyFileError::NoKey),
        };
    }
    let mut keys = Vec::new();
    for block in &blocks {
        let is_plain = PLAIN_LABELS.contains(&block.label);
        if !is_plain && block.label != ENCRYPTED {
            continue;
        }
        if block.has_headers() {
            return Err(KeyFileError::TraditionalEncryption);
        }
        if keys.len() >= MAX_KEYS {
            return Err(KeyFileError::TooManyKeys);
        }
        let der = block.der().ok_or(KeyError::Malformed)?;
        keys.push(if is_plain { PrivateKey::from_der(&der)? } else { decrypt(&der)? });
    }
    if keys.is_empty() { Err(KeyFileError::NoKey) } else { Ok(keys) }
}

/// EncryptedPrivateKeyInfo begins with an algorithm, PrivateKeyInfo and the traditional forms with a version.
fn is_encrypted(der: &[u8]) -> bool {
    ber::sequence(der).is_ok_and(|fields| fields.peek() == Some(ber::SEQUENCE))
}

/// Reads an EncryptedPrivateKeyInfo (RFC 5958 section 3).
pub fn decrypt(der: &[u8], password: &str) -> Result<PrivateKey, KeyFileError> {
    decrypt_info(der, &Password::new(password), &mut Work::new())
}

pub(crate) fn decrypt_info(
    der: &[u8],
    password: &Password,
    work: &mut Work,
) -> Result<PrivateKey, KeyFileError> {
    let malformed = |_| KeyFileError::Encryption(PbeError::Malformed);
    let mut fields = ber::sequence(der).map_err(malformed)?;
    let algorithm = AlgorithmIdentifier::read(&mut fields).map_err(malformed)?;
    let ciphertext =
        fields.expect(ber::OCTET_STRING).and_then(|element| element.octets()).map_err(malformed)?;
    fields.finish().map_err(malformed)?;
    let key = pbe::decrypt(&algorithm, &ciphertext, password, work)?;
    // One wrong password in 256 leaves right padding; then what it padded is no SEQUENCE to its end.
    if ber::sequence(&key).is_err() {
        return Err(KeyFileError::WrongPassword);
    }
    Ok(PrivateKey::from_der(&key)?)
}

/// DER of an EncryptedPrivateKeyInfo: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC. [`PbeError::TooCostly`] for
/// more than [`MAX_ITERATIONS`], or none.
pub fn encrypt(
    key: &PrivateKey,
    password: &str,
    iterations: u32,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, PbeError> {
    encrypt_info(key, pbe::Writing::Pbes2, &Password::new(password), iterations, rng)
}

pub(crate) fn encrypt_info(
    key: &PrivateKey,
    writing: pbe::Writing,
    password: &Password,
    iterations: u32,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, PbeError> {
    let (algorithm, ciphertext) = pbe::encrypt(writing, &key.to_pkcs8_der(), password, iterations, rng)?;
    Ok(ber::write::sequence(&[&algorithm, &ber::write::octet_string(&ciphertext)]))
}

/// PEM of the unencrypted key.
pub fn to_pem(key: &PrivateKey) -> Zeroizing<String> {
    pem::text(PLAIN, &key.to_pkcs8_der())
}

/// PEM of what [`encrypt`] made.
pub fn encrypted_to_pem(encrypted: &[u8]) -> String {
    pem::text(ENCRYPTED, encrypted).to_string()
}
