//! AlgorithmIdentifiers of password-based encryption, read and written.

use zeroize::Zeroizing;

use super::cipher::BlockCipher;
use super::kdf::{self, Purpose};
use super::{MAX_ITERATIONS, MAX_SCRYPT_OCTETS, MAX_SCRYPT_WORK, Password, PbeError, Work, hmac_oid};
use crate::ber::{self, Element, Reader, write};
use crate::key::{AlgorithmIdentifier, DigestAlgorithm};
use crate::{oid, rc2};

/// Longest key that PBKDF2 is asked for, in octets: that of HMAC-SHA-512.
const MAX_KEY_OCTETS: usize = 128;

/// How a password becomes a key, and which cipher the key is for.
pub(crate) struct Scheme {
    derivation: Derivation,
    cipher: BlockCipher,
    key_octets: usize,
    iv: Vec<u8>,
}

enum Derivation {
    /// RFC 7292 appendix C, always with SHA-1; the initialisation vector is derived as well.
    Pkcs12 {
        salt: Vec<u8>,
        iterations: u32,
    },
    Pbkdf2(Pbkdf2),
    Scrypt {
        salt: Vec<u8>,
        log_n: u8,
        block: u32,
        parallel: u32,
    },
}

/// PBKDF2-params (RFC 8018 appendix A.2).
pub(crate) struct Pbkdf2 {
    salt: Vec<u8>,
    iterations: u32,
    key_octets: Option<usize>,
    prf: DigestAlgorithm,
}

/// Key and initialisation vector.
pub(super) struct Derived {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) iv: Zeroizing<Vec<u8>>,
}

impl Scheme {
    pub(super) fn read(algorithm: &AlgorithmIdentifier<'_>) -> Result<Self, PbeError> {
        let cipher = match algorithm.oid() {
            oid::PBES2 => return Self::read_pbes2(parameters(algorithm)?),
            oid::PBE_SHA1_3DES => BlockCipher::Tdes3,
            oid::PBE_SHA1_2DES => BlockCipher::Tdes2,
            oid::PBE_SHA1_RC2_128 => BlockCipher::Rc2(128),
            oid::PBE_SHA1_RC2_40 => BlockCipher::Rc2(40),
            other => return Err(PbeError::Unsupported(other)),
        };
        let mut fields = parameters(algorithm)?;
        let salt = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        let iterations = iterations(&fields.expect(ber::INTEGER)?)?;
        fields.finish()?;
        let key_octets = cipher.key_octets();
        Ok(Scheme { derivation: Derivation::Pkcs12 { salt, iterations }, cipher, key_octets, iv: Vec::new() })
    }

    /// PBES2-params (RFC 8018 appendix A.4).
    fn read_pbes2(mut fields: Reader<'_>) -> Result<Self, PbeError> {
        let derivation = AlgorithmIdentifier::read(&mut fields)?;
        let encryption = AlgorithmIdentifier::read(&mut fields)?;
        fields.finish()?;
        let (cipher, iv) = cipher(&encryption)?;
        let (derivation, announced) = match derivation.oid() {
            oid::PBKDF2 => {
                let pbkdf2 = Pbkdf2::read(parameters(&derivation)?)?;
                let announced = pbkdf2.key_octets;
                (Derivation::Pbkdf2(pbkdf2), announced)
            }
            oid::SCRYPT => scrypt(parameters(&derivation)?)?,
            other => return Err(PbeError::Unsupported(other)),
        };
        let key_octets = announced.unwrap_or(cipher.key_octets());
        let fits = key_octets == cipher.key_octets() || matches!(cipher, BlockCipher::Rc2(_));
        if !fits || iv.len() != cipher.block_octets() {
            return Err(PbeError::Malformed);
        }
        Ok(Scheme { derivation, cipher, key_octets, iv })
    }

    /// What is written: PBKDF2-HMAC-SHA-256 and AES-256-CBC.
    pub(super) fn pbes2(salt: &[u8], iv: &[u8], iterations: u32) -> Self {
        let pbkdf2 =
            Pbkdf2 { salt: salt.to_vec(), iterations, key_octets: None, prf: DigestAlgorithm::Sha256 };
        let cipher = BlockCipher::Aes256;
        let key_octets = cipher.key_octets();
        Scheme { derivation: Derivation::Pbkdf2(pbkdf2), cipher, key_octets, iv: iv.to_vec() }
    }

    /// What is written for old importers.
    pub(super) fn pkcs12_tdes(salt: &[u8], iterations: u32) -> Self {
        let cipher = BlockCipher::Tdes3;
        let derivation = Derivation::Pkcs12 { salt: salt.to_vec(), iterations };
        Scheme { derivation, cipher, key_octets: cipher.key_octets(), iv: Vec::new() }
    }

    pub(super) fn cipher(&self) -> BlockCipher {
        self.cipher
    }

    /// DER of the AlgorithmIdentifier; of the two schemes that are written.
    pub(super) fn to_der(&self) -> Vec<u8> {
        match &self.derivation {
            Derivation::Pbkdf2(pbkdf2) => {
                let encryption = write::algorithm(&oid::AES256_CBC, &write::octet_string(&self.iv));
                write::algorithm(&oid::PBES2, &write::sequence(&[&pbkdf2.to_der(), &encryption]))
            }
            Derivation::Pkcs12 { salt, iterations } => {
                let parameters = write::sequence(&[&write::octet_string(salt), &write::small(*iterations)]);
                write::algorithm(&oid::PBE_SHA1_3DES, &parameters)
            }
            Derivation::Scrypt { .. } => Vec::new(),
        }
    }

    pub(super) fn derive(&self, password: &Password, work: &mut Work) -> Result<Derived, PbeError> {
        let iv = || Zeroizing::new(self.iv.clone());
        match &self.derivation {
            Derivation::Pkcs12 { salt, iterations } => {
                let sha1 = DigestAlgorithm::Sha1;
                work.spend(*iterations, self.key_octets.div_ceil(sha1.octets()) + 1)?;
                let derive =
                    |purpose, octets| kdf::pkcs12(sha1, purpose, password.bmp(), salt, *iterations, octets);
                Ok(Derived {
                    key: derive(Purpose::Key, self.key_octets),
                    iv: derive(Purpose::Iv, self.cipher.block_octets()),
                })
            }
            Derivation::Pbkdf2(pbkdf2) => {
                Ok(Derived { key: pbkdf2.derive(password, self.key_octets, work)?, iv: iv() })
            }
            Derivation::Scrypt { salt, log_n, block, parallel } => {
                // The parameters bound one derivation; a file has many keys, each of which counts as the most it may.
                work.spend(MAX_ITERATIONS, 1)?;
                let parameters =
                    ::scrypt::Params::new(*log_n, *block, *parallel).map_err(|_| PbeError::Malformed)?;
                let mut key = Zeroizing::new(vec![0; self.key_octets]);
                ::scrypt::scrypt(password.utf8(), salt, &parameters, &mut key)
                    .map_err(|_| PbeError::Malformed)?;
                Ok(Derived { key, iv: iv() })
            }
        }
    }
}

impl Pbkdf2 {
    pub(crate) fn read(mut fields: Reader<'_>) -> Result<Self, PbeError> {
        let salt = fields.any()?;
        if salt.tag() != ber::OCTET_STRING {
            // otherSource, which nobody has defined.
            return Err(PbeError::Unsupported(oid::PBKDF2));
        }
        let salt = salt.octets()?.into_owned();
        let iterations = iterations(&fields.expect(ber::INTEGER)?)?;
        let key_octets = match fields.optional(ber::INTEGER)? {
            Some(length) => Some(key_octets(length.small()?)?),
            None => None,
        };
        let prf = if fields.is_empty() {
            DigestAlgorithm::Sha1
        } else {
            digest_of_hmac(&AlgorithmIdentifier::read(&mut fields)?)?
        };
        fields.finish()?;
        Ok(Pbkdf2 { salt, iterations, key_octets, prf })
    }

    /// With HMAC-SHA-256, for a PBMAC1 key as long as its digest (RFC 9579 section 4: keyLength is written there).
    pub(crate) fn for_mac(salt: &[u8], iterations: u32) -> Self {
        let prf = DigestAlgorithm::Sha256;
        Pbkdf2 { salt: salt.to_vec(), iterations, key_octets: Some(prf.octets()), prf }
    }

    /// The announced length of the key.
    pub(crate) fn key_octets(&self) -> Option<usize> {
        self.key_octets
    }

    pub(crate) fn derive(
        &self,
        password: &Password,
        octets: usize,
        work: &mut Work,
    ) -> Result<Zeroizing<Vec<u8>>, PbeError> {
        // An iteration of HMAC is two of its hash.
        work.spend(self.iterations, 2 * octets.div_ceil(self.prf.octets()))?;
        Ok(kdf::pbkdf2(self.prf, password.utf8(), &self.salt, self.iterations, octets))
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let key_octets = self.key_octets.and_then(|octets| u32::try_from(octets).ok()).map(write::small);
        let parameters = write::sequence(&[
            &write::octet_string(&self.salt),
            &write::small(self.iterations),
            &key_octets.unwrap_or_default(),
            &write::algorithm(&hmac_oid(self.prf), &write::null()),
        ]);
        write::algorithm(&oid::PBKDF2, &parameters)
    }
}

/// The digest of an HMAC AlgorithmIdentifier.
pub(crate) fn digest_of_hmac(algorithm: &AlgorithmIdentifier<'_>) -> Result<DigestAlgorithm, PbeError> {
    if !algorithm.has_no_parameters() {
        return Err(PbeError::Malformed);
    }
    match algorithm.oid() {
        oid::HMAC_SHA1 => Ok(DigestAlgorithm::Sha1),
        oid::HMAC_SHA224 => Ok(DigestAlgorithm::Sha224),
        oid::HMAC_SHA256 => Ok(DigestAlgorithm::Sha256),
        oid::HMAC_SHA384 => Ok(DigestAlgorithm::Sha384),
        oid::HMAC_SHA512 => Ok(DigestAlgorithm::Sha512),
        other => Err(PbeError::Unsupported(other)),
    }
}

/// An iteration count of 1 to [`MAX_ITERATIONS`].
pub(crate) fn iterations(integer: &Element<'_>) -> Result<u32, PbeError> {
    let octets = integer.integer()?;
    if octets.first().is_some_and(|first| *first >= 0x80) || octets.iter().all(|octet| *octet == 0) {
        return Err(PbeError::Malformed);
    }
    // What does not fit 32 bits is too much as well.
    let count = integer.small().unwrap_or(u32::MAX);
    if count > MAX_ITERATIONS { Err(PbeError::TooCostly) } else { Ok(count) }
}

/// scrypt-params (RFC 7914 section 7), and the key length they announce.
fn scrypt(mut fields: Reader<'_>) -> Result<(Derivation, Option<usize>), PbeError> {
    let salt = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    let mut number = || fields.expect(ber::INTEGER)?.small();
    let (cost, block, parallel) = (number()?, number()?, number()?);
    let key_octets = match fields.optional(ber::INTEGER)? {
        Some(length) => Some(key_octets(length.small()?)?),
        None => None,
    };
    fields.finish()?;
    if !cost.is_power_of_two() || cost < 2 || block == 0 || parallel == 0 {
        return Err(PbeError::Malformed);
    }
    let octets = |blocks: u64| blocks.saturating_mul(u64::from(block)).saturating_mul(128);
    // The lanes stand in memory all at once, beside the table that one of them fills.
    let memory = octets(u64::from(cost) + u64::from(parallel));
    let work = octets(u64::from(cost)).saturating_mul(u64::from(parallel));
    if memory > MAX_SCRYPT_OCTETS || work > MAX_SCRYPT_WORK {
        return Err(PbeError::TooCostly);
    }
    // A power of two below 2^32: its logarithm fits an octet.
    let log_n = cost.trailing_zeros() as u8;
    Ok((Derivation::Scrypt { salt, log_n, block, parallel }, key_octets))
}

fn key_octets(length: u32) -> Result<usize, PbeError> {
    let octets = usize::try_from(length).ok().filter(|octets| (1..=MAX_KEY_OCTETS).contains(octets));
    octets.ok_or(PbeError::Malformed)
}

/// Cipher and initialisation vector of an encryptionScheme.
fn cipher(algorithm: &AlgorithmIdentifier<'_>) -> Result<(BlockCipher, Vec<u8>), PbeError> {
    let cipher = match algorithm.oid() {
        oid::AES128_CBC => BlockCipher::Aes128,
        oid::AES192_CBC => BlockCipher::Aes192,
        oid::AES256_CBC => BlockCipher::Aes256,
        oid::TDES_CBC => BlockCipher::Tdes3,
        oid::RC2_CBC => return rc2_cipher(parameters(algorithm)?),
        other => return Err(PbeError::Unsupported(other)),
    };
    let iv = algorithm.parameters().filter(|iv| iv.tag() == ber::OCTET_STRING).ok_or(PbeError::Malformed)?;
    Ok((cipher, iv.octets()?.into_owned()))
}

/// RC2-CBC-Parameter (RFC 8018 appendix B.2.3).
fn rc2_cipher(mut fields: Reader<'_>) -> Result<(BlockCipher, Vec<u8>), PbeError> {
    let version = match fields.optional(ber::INTEGER)? {
        Some(version) => Some(version.small()?),
        None => None,
    };
    let iv = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    fields.finish()?;
    let bits = rc2::effective_bits(version).ok_or(PbeError::Malformed)?;
    Ok((BlockCipher::Rc2(bits), iv))
}

/// The parameters, a SEQUENCE.
fn parameters<'a>(algorithm: &AlgorithmIdentifier<'a>) -> Result<Reader<'a>, PbeError> {
    let parameters = algorithm.parameters().filter(|parameters| parameters.tag() == ber::SEQUENCE);
    Ok(parameters.ok_or(PbeError::Malformed)?.reader()?)
}
