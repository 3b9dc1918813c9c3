//! Password-based encryption and authentication: PBES2 and PBMAC1 (RFC 8018, RFC 9579), and the older schemes of
//! PKCS#12 (RFC 7292 appendices B and C).

mod cipher;
mod kdf;
mod scheme;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::ber::BerError;
use crate::key::{AlgorithmIdentifier, DigestAlgorithm};
use const_oid::ObjectIdentifier;

pub(crate) use kdf::{MacKey, hmac, pkcs12_mac_key};
pub(crate) use scheme::{Pbkdf2, Scheme, digest_of_hmac, iterations};

/// Most iterations of one derivation. Firefox writes 600 000; a few seconds of work are the most that a file may ask
/// for.
pub const MAX_ITERATIONS: u32 = 5_000_000;
/// Most iterations of all derivations of one file, a derivation counted once for each
/// block of its hash, and twice for HMAC.
pub(crate) const MAX_FILE_ITERATIONS: u64 = 20_000_000;
/// Most memory that scrypt may take, in octets.
pub const MAX_SCRYPT_OCTETS: u64 = 64 << 20;
/// Most work of scrypt: the octets it fills, times its parallelism.
pub(crate) const MAX_SCRYPT_WORK: u64 = 4 * MAX_SCRYPT_OCTETS;

/// Why something can't be decrypted with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PbeError {
    /// The parameters are malformed, or the ciphertext is not of whole blocks.
    #[error("the encryption parameters are malformed")]
    Malformed,
    /// The scheme, its key derivation or its cipher is not known here.
    #[error("the encryption algorithm {0} is not supported")]
    Unsupported(ObjectIdentifier),
    /// Deriving the key would take more than [`MAX_ITERATIONS`] or [`MAX_SCRYPT_OCTETS`], or the file as a whole asks for
    /// too much.
    #[error(
        "deriving keys from the password would take too long: more than {MAX_ITERATIONS} iterations or 64 MiB"
    )]
    TooCostly,
    /// The padding is wrong.
    #[error("the password is wrong")]
    WrongPassword,
}

impl From<BerError> for PbeError {
    fn from(_: BerError) -> Self {
        PbeError::Malformed
    }
}

/// A password in the two forms in which schemes hash it; wiped when dropped.
pub(crate) struct Password {
    utf8: Zeroizing<Vec<u8>>,
    /// BMPString with two zero octets at the end (RFC 7292 appendix B.1); characters beyond it as surrogates, as
    /// OpenSSL, NSS and Windows write them. Without a single octet when there is no password at all.
    bmp: Zeroizing<Vec<u8>>,
}

impl Password {
    pub(crate) fn new(text: &str) -> Self {
        let mut bmp = Zeroizing::new(Vec::with_capacity(2 * text.len() + 2));
        for unit in text.encode_utf16() {
            bmp.extend_from_slice(&unit.to_be_bytes());
        }
        bmp.extend_from_slice(&[0, 0]);
        Password { utf8: Zeroizing::new(text.as_bytes().to_vec()), bmp }
    }

    /// No password, which some writers tell from an empty one.
    pub(crate) fn absent() -> Self {
        Password { utf8: Zeroizing::default(), bmp: Zeroizing::default() }
    }

    pub(crate) fn utf8(&self) -> &[u8] {
        &self.utf8
    }

    pub(crate) fn bmp(&self) -> &[u8] {
        &self.bmp
    }
}

/// What derivations may still cost.
pub(crate) struct Work {
    left: u64,
}

impl Work {
    pub(crate) fn new() -> Self {
        Work { left: MAX_FILE_ITERATIONS }
    }

    /// Takes `iterations` for each of `blocks` blocks.
    pub(crate) fn spend(&mut self, iterations: u32, blocks: usize) -> Result<(), PbeError> {
        let cost = u64::from(iterations).saturating_mul(blocks as u64);
        self.left = self.left.checked_sub(cost).ok_or(PbeError::TooCostly)?;
        Ok(())
    }
}

/// Decrypts `ciphertext` as `algorithm` says.
pub(crate) fn decrypt(
    algorithm: &AlgorithmIdentifier<'_>,
    ciphertext: &[u8],
    password: &Password,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, PbeError> {
    let scheme = Scheme::read(algorithm)?;
    let key = scheme.derive(password, work)?;
    cipher::decrypt(scheme.cipher(), &key.key, &key.iv, ciphertext)
}

/// How a password encrypts what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC.
    Pbes2,
    /// pbeWithSHAAnd3-KeyTripleDES-CBC.
    Pkcs12Tdes,
}

/// Encrypts `plaintext`; returns the DER of the AlgorithmIdentifier, and the ciphertext.
pub(crate) fn encrypt(
    writing: Writing,
    plaintext: &[u8],
    password: &Password,
    iterations: u32,
    rng: &mut dyn CryptoRng,
) -> Result<(Vec<u8>, Vec<u8>), PbeError> {
    if !(1..=MAX_ITERATIONS).contains(&iterations) {
        return Err(PbeError::TooCostly);
    }
    let mut random = [0; 32];
    rng.fill_bytes(&mut random);
    let (salt, iv) = random.split_at(16);
    let scheme = match writing {
        Writing::Pbes2 => Scheme::pbes2(salt, iv, iterations),
        Writing::Pkcs12Tdes => Scheme::pkcs12_tdes(salt, iterations),
    };
    let key = scheme.derive(password, &mut Work::new())?;
    let ciphertext = cipher::encrypt(scheme.cipher(), &key.key, &key.iv, plaintext)?;
    Ok((scheme.to_der(), ciphertext))
}

/// HMAC with one of the digests that are known here.
pub(crate) fn mac_is(key: &MacKey, octets: &[u8], expected: &[u8]) -> bool {
    use subtle::ConstantTimeEq;
    hmac(key, octets).ct_eq(expected).into()
}

/// AlgorithmIdentifier of an HMAC (RFC 8018 appendix B.1.2).
pub(crate) fn hmac_oid(digest: DigestAlgorithm) -> ObjectIdentifier {
    use crate::oid;
    match digest {
        DigestAlgorithm::Sha1 => oid::HMAC_SHA1,
        DigestAlgorithm::Sha224 => oid::HMAC_SHA224,
        DigestAlgorithm::Sha256 => oid::HMAC_SHA256,
        DigestAlgorithm::Sha384 => oid::HMAC_SHA384,
        DigestAlgorithm::Sha512 => oid::HMAC_SHA512,
    }
}
