//! Key agreement: from a shared secret to a key-encryption key, and the key wraps.

use aes::{Aes128, Aes192, Aes256};
use aes_kw::{AesKw, KeyInit};
use const_oid::ObjectIdentifier;
use des::TdesEde3;
use hkdf::Hkdf;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::content::decrypt_blocks;
use crate::ber::write;
use crate::key::DigestAlgorithm;
use crate::oid;

/// How the shared secret becomes a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kdf {
    /// X9.63 (RFC 5753 section 7.1.1, SEC1 section 3.6.1).
    X963(DigestAlgorithm),
    /// HKDF (RFC 8418 section 2.2).
    Hkdf(DigestAlgorithm),
}

impl Kdf {
    /// Of the keyEncryptionAlgorithm, a single-pass Diffie-Hellman scheme, standard or with cofactor: the curves here
    /// have the cofactor 1, so that both are the same.
    pub(super) fn from_oid(scheme: &ObjectIdentifier) -> Option<Self> {
        use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        Some(match *scheme {
            oid::ECDH_SHA1KDF | oid::ECDH_COFACTOR_SHA1KDF => Kdf::X963(Sha1),
            oid::ECDH_SHA224KDF | oid::ECDH_COFACTOR_SHA224KDF => Kdf::X963(Sha224),
            oid::ECDH_SHA256KDF | oid::ECDH_COFACTOR_SHA256KDF => Kdf::X963(Sha256),
            oid::ECDH_SHA384KDF | oid::ECDH_COFACTOR_SHA384KDF => Kdf::X963(Sha384),
            oid::ECDH_SHA512KDF | oid::ECDH_COFACTOR_SHA512KDF => Kdf::X963(Sha512),
            oid::ECDH_HKDF_SHA256 => Kdf::Hkdf(Sha256),
            oid::ECDH_HKDF_SHA384 => Kdf::Hkdf(Sha384),
            oid::ECDH_HKDF_SHA512 => Kdf::Hkdf(Sha512),
            _ => return None,
        })
    }

    /// `octets` of key material from the shared secret. `None` for HKDF with a digest it isn't defined for.
    pub(super) fn derive(
        self,
        secret: &[u8],
        shared_info: &[u8],
        octets: usize,
    ) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Kdf::X963(digest) => {
                let mut key = Zeroizing::new(Vec::with_capacity(octets + digest.octets()));
                let mut counter = 1u32;
                while key.len() < octets {
                    let mut input = Zeroizing::new(Vec::with_capacity(secret.len() + 4 + shared_info.len()));
                    input.extend_from_slice(secret);
                    input.extend_from_slice(&counter.to_be_bytes());
                    input.extend_from_slice(shared_info);
                    key.extend_from_slice(&Zeroizing::new(digest.digest(&input)));
                    counter += 1;
                }
                key.truncate(octets);
                Some(key)
            }
            Kdf::Hkdf(digest) => {
                let mut key = Zeroizing::new(vec![0; octets]);
                match digest {
                    DigestAlgorithm::Sha256 => {
                        Hkdf::<Sha256>::new(None, secret).expand(shared_info, &mut key)
                    }
                    DigestAlgorithm::Sha384 => {
                        Hkdf::<Sha384>::new(None, secret).expand(shared_info, &mut key)
                    }
                    DigestAlgorithm::Sha512 => {
                        Hkdf::<Sha512>::new(None, secret).expand(shared_info, &mut key)
                    }
                    _ => return None,
                }
                .ok()?;
                Some(key)
            }
        }
    }
}

/// A key wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrap {
    Aes128,
    Aes192,
    Aes256,
    /// RFC 3217, read only.
    Tdes,
}

impl Wrap {
    /// Of the parameters of the keyEncryptionAlgorithm.
    pub(super) fn from_oid(wrap: &ObjectIdentifier) -> Option<Self> {
        Some(match *wrap {
            oid::AES128_WRAP => Wrap::Aes128,
            oid::AES192_WRAP => Wrap::Aes192,
            oid::AES256_WRAP => Wrap::Aes256,
            oid::TDES_WRAP => Wrap::Tdes,
            _ => return None,
        })
    }

    /// Length of the key-encryption key.
    pub(super) fn key_octets(self) -> u8 {
        match self {
            Wrap::Aes128 => 16,
            Wrap::Aes192 | Wrap::Tdes => 24,
            Wrap::Aes256 => 32,
        }
    }

    /// The key-encryption key. `wrap_algorithm` is the wrap's AlgorithmIdentifier as sent, `ukm` the user keying
    /// material.
    pub(super) fn derive_key(
        self,
        kdf: Kdf,
        secret: &[u8],
        wrap_algorithm: &[u8],
        ukm: Option<&[u8]>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        // ECC-CMS-SharedInfo (RFC 5753 section 7.2).
        let bits = u32::from(self.key_octets()) * 8;
        let ukm = ukm.map(|ukm| write::context(0, &[&write::octet_string(ukm)])).unwrap_or_default();
        let shared_info = write::sequence(&[
            wrap_algorithm,
            &ukm,
            &write::context(2, &[&write::octet_string(&bits.to_be_bytes())]),
        ]);
        kdf.derive(secret, &shared_info, usize::from(self.key_octets()))
    }

    /// The wrapped key; `None` when its integrity check fails.
    pub(super) fn unwrap(self, kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        if self == Wrap::Tdes {
            return unwrap_tdes(kek, wrapped);
        }
        let mut key = Zeroizing::new(vec![0; wrapped.len().checked_sub(8)?]);
        match self {
            Wrap::Aes128 => AesKw::<Aes128>::new_from_slice(kek).ok()?.unwrap_key(wrapped, &mut key),
            Wrap::Aes192 => AesKw::<Aes192>::new_from_slice(kek).ok()?.unwrap_key(wrapped, &mut key),
            _ => AesKw::<Aes256>::new_from_slice(kek).ok()?.unwrap_key(wrapped, &mut key),
        }
        .ok()?;
        Some(key)
    }
}

/// Wraps a content key with AES-256 (RFC 3394).
pub(super) fn wrap_aes256(kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let mut wrapped = vec![0; key.len() + 8];
    AesKw::<Aes256>::new_from_slice(kek).ok()?.wrap_key(key, &mut wrapped).ok()?;
    Some(wrapped)
}

/// Octets of a wrapped key: eight each for initialisation vector and check, and a key of 16 to 32 octets. RFC 3217 has
/// keys of 3DES only; OpenSSL wraps those of AES in the same way.
const TDES_WRAPPED: std::ops::RangeInclusive<usize> = 32..=48;

/// Triple-DES key unwrap (RFC 3217 section 3.2).
fn unwrap_tdes(kek: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const IV: [u8; 8] = [0x4A, 0xDD, 0xA2, 0x2C, 0x79, 0xE8, 0x21, 0x05];
    if !wrapped.len().is_multiple_of(8) || !TDES_WRAPPED.contains(&wrapped.len()) {
        return None;
    }
    let mut octets = Zeroizing::new(wrapped.to_vec());
    decrypt_blocks::<TdesEde3>(kek, &IV, &mut octets)?;
    octets.reverse();
    let (iv, rest) = octets.split_at_mut_checked(8)?;
    decrypt_blocks::<TdesEde3>(kek, iv, rest)?;
    let (key, check) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
    let sum = Sha1::digest(key);
    let right = sum.get(..8)?.ct_eq(check);
    if bool::from(right) { Some(Zeroizing::new(key.to_vec())) } else { None }
}
