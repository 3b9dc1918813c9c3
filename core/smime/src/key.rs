//! Keys and signature algorithms.

mod algorithm;
mod digest;
#[cfg(feature = "pq")]
mod expanded;
#[cfg(feature = "pq")]
mod post_quantum;
#[cfg(not(feature = "pq"))]
#[path = "key/no_post_quantum.rs"]
mod post_quantum;
mod private;
mod public;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use algorithm::hash_and_mgf;
pub use algorithm::{AlgorithmIdentifier, SignatureScheme};
pub use digest::{DigestAlgorithm, Hasher};
pub use private::PrivateKey;
pub use public::PublicKey;

use crate::ber::{self, write};
use crate::oid;

/// RSA keys below this many bits are weak: read, never written with.
pub const MIN_RSA_BITS: u32 = 2048;

/// RSA keys below this many bits are refused: they protect nothing. Old mail is encrypted to some that are longer.
pub const MIN_READ_RSA_BITS: u32 = 1024;

/// RSA keys above this many bits are refused: they would only cost time.
pub const MAX_RSA_BITS: u32 = 8192;

/// What kind of key a SubjectPublicKeyInfo or a private key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// RSA with this modulus length in bits.
    Rsa(u32),
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519 (RFC 8410).
    Ed25519,
    /// X25519 (RFC 8410).
    X25519,
    /// ML-DSA-44 (FIPS 204). These six can be used with the cargo feature `pq` only.
    #[serde(rename = "ml-dsa-44")]
    MlDsa44,
    /// ML-DSA-65.
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
    /// ML-DSA-87.
    #[serde(rename = "ml-dsa-87")]
    MlDsa87,
    /// ML-KEM-512 (FIPS 203).
    #[serde(rename = "ml-kem-512")]
    MlKem512,
    /// ML-KEM-768.
    #[serde(rename = "ml-kem-768")]
    MlKem768,
    /// ML-KEM-1024.
    #[serde(rename = "ml-kem-1024")]
    MlKem1024,
}

/// The post-quantum algorithms, by the identifier that names key and signature, with the octets of a public key
/// (FIPS 204 table 2, FIPS 203 table 3).
const POST_QUANTUM: [(KeyAlgorithm, ObjectIdentifier, usize); 6] = [
    (KeyAlgorithm::MlDsa44, oid::ML_DSA_44, 1312),
    (KeyAlgorithm::MlDsa65, oid::ML_DSA_65, 1952),
    (KeyAlgorithm::MlDsa87, oid::ML_DSA_87, 2592),
    (KeyAlgorithm::MlKem512, oid::ML_KEM_512, 800),
    (KeyAlgorithm::MlKem768, oid::ML_KEM_768, 1184),
    (KeyAlgorithm::MlKem1024, oid::ML_KEM_1024, 1568),
];

impl KeyAlgorithm {
    /// RSA below [`MIN_RSA_BITS`].
    pub fn is_weak(self) -> bool {
        matches!(self, KeyAlgorithm::Rsa(bits) if bits < MIN_RSA_BITS)
    }

    /// A key encapsulation (ML-KEM).
    pub fn is_kem(self) -> bool {
        matches!(self, KeyAlgorithm::MlKem512 | KeyAlgorithm::MlKem768 | KeyAlgorithm::MlKem1024)
    }

    /// The post-quantum algorithm of this identifier.
    pub(crate) fn from_post_quantum_oid(oid: &ObjectIdentifier) -> Option<Self> {
        POST_QUANTUM.iter().find(|(_, known, _)| known == oid).map(|(algorithm, ..)| *algorithm)
    }

    /// The identifier of a post-quantum algorithm.
    pub(crate) fn post_quantum_oid(self) -> Option<ObjectIdentifier> {
        POST_QUANTUM.iter().find(|(known, ..)| *known == self).map(|(_, oid, _)| *oid)
    }

    /// Octets of a post-quantum public key.
    pub(crate) fn post_quantum_octets(self) -> Option<usize> {
        POST_QUANTUM.iter().find(|(known, ..)| *known == self).map(|(.., octets)| *octets)
    }
}

/// A signature algorithm together with its message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// ECDSA on P-521 with SHA-512.
    EcdsaP521Sha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a 32-octet salt.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384, MGF1-SHA-384 and a 48-octet salt.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512, MGF1-SHA-512 and a 64-octet salt.
    RsaPssSha512,
    /// Ed25519 with SHA-512 as the CMS digest (RFC 8419).
    Ed25519,
    /// ML-DSA-44 in pure mode with SHA-512 as the CMS digest (RFC 9882).
    #[serde(rename = "ml-dsa-44")]
    MlDsa44,
    /// ML-DSA-65, likewise.
    #[serde(rename = "ml-dsa-65")]
    MlDsa65,
    /// ML-DSA-87, likewise.
    #[serde(rename = "ml-dsa-87")]
    MlDsa87,
}

impl SignatureAlgorithm {
    /// The digest over the message, also the CMS digestAlgorithm.
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::EcdsaP256Sha256
            | SignatureAlgorithm::RsaPkcs1Sha256
            | SignatureAlgorithm::RsaPssSha256 => DigestAlgorithm::Sha256,
            SignatureAlgorithm::EcdsaP384Sha384
            | SignatureAlgorithm::RsaPkcs1Sha384
            | SignatureAlgorithm::RsaPssSha384 => DigestAlgorithm::Sha384,
            SignatureAlgorithm::EcdsaP521Sha512
            | SignatureAlgorithm::RsaPkcs1Sha512
            | SignatureAlgorithm::RsaPssSha512
            | SignatureAlgorithm::Ed25519
            | SignatureAlgorithm::MlDsa44
            | SignatureAlgorithm::MlDsa65
            | SignatureAlgorithm::MlDsa87 => DigestAlgorithm::Sha512,
        }
    }

    /// How a signature made with it is verified.
    pub fn scheme(self) -> SignatureScheme {
        let digest = self.digest();
        match self {
            SignatureAlgorithm::EcdsaP256Sha256
            | SignatureAlgorithm::EcdsaP384Sha384
            | SignatureAlgorithm::EcdsaP521Sha512 => SignatureScheme::Ecdsa(digest),
            SignatureAlgorithm::RsaPkcs1Sha256
            | SignatureAlgorithm::RsaPkcs1Sha384
            | SignatureAlgorithm::RsaPkcs1Sha512 => SignatureScheme::RsaPkcs1(digest),
            SignatureAlgorithm::RsaPssSha256
            | SignatureAlgorithm::RsaPssSha384
            | SignatureAlgorithm::RsaPssSha512 => {
                SignatureScheme::RsaPss { digest, salt_octets: digest.octets() }
            }
            SignatureAlgorithm::Ed25519 => SignatureScheme::Ed25519,
            SignatureAlgorithm::MlDsa44 => SignatureScheme::MlDsa(KeyAlgorithm::MlDsa44),
            SignatureAlgorithm::MlDsa65 => SignatureScheme::MlDsa(KeyAlgorithm::MlDsa65),
            SignatureAlgorithm::MlDsa87 => SignatureScheme::MlDsa(KeyAlgorithm::MlDsa87),
        }
    }

    /// A key of this kind can make such signatures; RSA needs [`MIN_RSA_BITS`].
    pub fn fits(self, key: KeyAlgorithm) -> bool {
        match self {
            SignatureAlgorithm::EcdsaP256Sha256 => key == KeyAlgorithm::P256,
            SignatureAlgorithm::EcdsaP384Sha384 => key == KeyAlgorithm::P384,
            SignatureAlgorithm::EcdsaP521Sha512 => key == KeyAlgorithm::P521,
            SignatureAlgorithm::Ed25519 => key == KeyAlgorithm::Ed25519,
            SignatureAlgorithm::MlDsa44 => key == KeyAlgorithm::MlDsa44,
            SignatureAlgorithm::MlDsa65 => key == KeyAlgorithm::MlDsa65,
            SignatureAlgorithm::MlDsa87 => key == KeyAlgorithm::MlDsa87,
            SignatureAlgorithm::RsaPkcs1Sha256
            | SignatureAlgorithm::RsaPkcs1Sha384
            | SignatureAlgorithm::RsaPkcs1Sha512
            | SignatureAlgorithm::RsaPssSha256
            | SignatureAlgorithm::RsaPssSha384
            | SignatureAlgorithm::RsaPssSha512 => {
                matches!(key, KeyAlgorithm::Rsa(bits) if (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits))
            }
        }
    }

    /// DER of the AlgorithmIdentifier for certificates and SignerInfo (RFC 4055, RFC 5758, RFC 8410).
    pub fn algorithm_identifier_der(self) -> Vec<u8> {
        let rsa = |algorithm| write::algorithm(algorithm, &write::null());
        match self {
            SignatureAlgorithm::EcdsaP256Sha256 => write::algorithm(&oid::ECDSA_SHA256, &[]),
            SignatureAlgorithm::EcdsaP384Sha384 => write::algorithm(&oid::ECDSA_SHA384, &[]),
            SignatureAlgorithm::EcdsaP521Sha512 => write::algorithm(&oid::ECDSA_SHA512, &[]),
            SignatureAlgorithm::RsaPkcs1Sha256 => rsa(&oid::RSA_SHA256),
            SignatureAlgorithm::RsaPkcs1Sha384 => rsa(&oid::RSA_SHA384),
            SignatureAlgorithm::RsaPkcs1Sha512 => rsa(&oid::RSA_SHA512),
            SignatureAlgorithm::Ed25519 => write::algorithm(&oid::ED25519, &[]),
            SignatureAlgorithm::MlDsa44 => write::algorithm(&oid::ML_DSA_44, &[]),
            SignatureAlgorithm::MlDsa65 => write::algorithm(&oid::ML_DSA_65, &[]),
            SignatureAlgorithm::MlDsa87 => write::algorithm(&oid::ML_DSA_87, &[]),
            SignatureAlgorithm::RsaPssSha256 => pss_identifier(&oid::SHA256, 32),
            SignatureAlgorithm::RsaPssSha384 => pss_identifier(&oid::SHA384, 48),
            SignatureAlgorithm::RsaPssSha512 => pss_identifier(&oid::SHA512, 64),
        }
    }

    /// What a key of this kind signs with: the curve's own digest, for RSA `digest` (SHA-256 when `None`) with
    /// RSASSA-PKCS1-v1_5 or, with `pss`, RSASSA-PSS.
    ///
    /// [`KeyError::WrongAlgorithm`] for keys that don't sign (X25519, ML-KEM, short RSA), for a digest that the key's kind
    /// doesn't go with, and for `pss` with a curve; [`KeyError::Unsupported`] for SHA-1 and SHA-224.
    pub fn choose(key: KeyAlgorithm, digest: Option<DigestAlgorithm>, pss: bool) -> Result<Self, KeyError> {
        let found = match (key, pss, digest) {
            (_, _, Some(DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224)) => {
                return Err(KeyError::Unsupported);
            }
            (KeyAlgorithm::Rsa(_), false, Some(DigestAlgorithm::Sha384)) => Self::RsaPkcs1Sha384,
            (KeyAlgorithm::Rsa(_), false, Some(DigestAlgorithm::Sha512)) => Self::RsaPkcs1Sha512,
            (KeyAlgorithm::Rsa(_), false, _) => Self::RsaPkcs1Sha256,
            (KeyAlgorithm::Rsa(_), true, Some(DigestAlgorithm::Sha384)) => Self::RsaPssSha384,
            (KeyAlgorithm::Rsa(_), true, Some(DigestAlgorithm::Sha512)) => Self::RsaPssSha512,
            (KeyAlgorithm::Rsa(_), true, _) => Self::RsaPssSha256,
            (KeyAlgorithm::P256, false, _) => Self::EcdsaP256Sha256,
            (KeyAlgorithm::P384, false, _) => Self::EcdsaP384Sha384,
            (KeyAlgorithm::P521, false, _) => Self::EcdsaP521Sha512,
            (KeyAlgorithm::Ed25519, false, _) => Self::Ed25519,
            (KeyAlgorithm::MlDsa44, false, _) => Self::MlDsa44,
            (KeyAlgorithm::MlDsa65, false, _) => Self::MlDsa65,
            (KeyAlgorithm::MlDsa87, false, _) => Self::MlDsa87,
            _ => return Err(KeyError::WrongAlgorithm),
        };
        if found.fits(key) && digest.is_none_or(|digest| digest == found.digest()) {
            Ok(found)
        } else {
            Err(KeyError::WrongAlgorithm)
        }
    }
}

/// RSASSA-PSS with MGF1 over the same digest (RFC 4055 section 3.1).
fn pss_identifier(digest: &const_oid::ObjectIdentifier, salt_octets: u32) -> Vec<u8> {
    let hash = write::algorithm(digest, &write::null());
    let parameters = write::sequence(&[
        &write::context(0, &[&hash]),
        &write::context(1, &[&write::algorithm(&oid::MGF1, &hash)]),
        &write::context(2, &[&write::small(salt_octets)]),
    ]);
    write::algorithm(&oid::RSA_PSS, &parameters)
}

/// Why a key was refused, or could not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not a private key in PKCS#8, SEC1 or PKCS#1 form, or not a SubjectPublicKeyInfo.
    #[error("the key is malformed")]
    Malformed,
    /// The key's algorithm, curve or size is not known here.
    #[error("the key's algorithm is not supported")]
    Unsupported,
    /// An RSA key of fewer than [`MIN_READ_RSA_BITS`].
    #[error("the RSA key has fewer than {MIN_READ_RSA_BITS} bits: it protects nothing")]
    TooShort,
    /// RSA below 2048 bits, or an algorithm that the key can't do.
    #[error("the key can't be used with this algorithm")]
    WrongAlgorithm,
    /// The signature does not verify under the key.
    #[error("the signature does not verify")]
    BadSignature,
}

impl From<ber::BerError> for KeyError {
    fn from(_: ber::BerError) -> Self {
        KeyError::Malformed
    }
}

/// DER SubjectPublicKeyInfo of a compressed or uncompressed P-256 point (SEC1); `None` when it is not on the curve.
pub fn p256_public_key_der(sec1: &[u8]) -> Option<Vec<u8>> {
    p256::PublicKey::from_sec1_bytes(sec1).ok().map(|key| public::ec_spki(&oid::P256, &uncompressed(&key)))
}

/// The compressed P-256 point (33 octets) of a DER SubjectPublicKeyInfo; `None` for other keys.
pub fn p256_compressed_point(spki: &[u8]) -> Option<[u8; 33]> {
    use p256::elliptic_curve::sec1::ToSec1Point;
    let key = PublicKey::from_spki(spki).ok()?;
    key.p256()?.to_sec1_point(true).as_bytes().try_into().ok()
}

/// SubjectKeyIdentifier that we write: leftmost 160 bits of the SHA-256 of the public key bits (RFC 7093 section 2,
/// method 1). Octets that are no SubjectPublicKeyInfo are hashed as they are.
pub fn key_identifier(spki: &[u8]) -> [u8; 20] {
    let digest = Sha256::digest(public_key_bits(spki).unwrap_or(spki));
    let mut identifier = [0; 20];
    identifier.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    identifier
}

/// The subjectPublicKey bits of a SubjectPublicKeyInfo.
pub(crate) fn public_key_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut fields = ber::sequence(spki).ok()?;
    fields.expect(ber::SEQUENCE).ok()?;
    fields.expect(ber::BIT_STRING).ok()?.bits().ok()
}

fn uncompressed(key: &p256::PublicKey) -> Vec<u8> {
    use p256::elliptic_curve::sec1::ToSec1Point;
    key.to_sec1_point(false).as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The generator of P-256 (SEC 2 section 2.4.2).
    const GENERATOR: &str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

    #[test]
    fn p256_points_go_to_public_keys_and_back() {
        let point = data_encoding::HEXLOWER.decode(GENERATOR.as_bytes()).unwrap();
        let spki = p256_public_key_der(&point).unwrap();
        assert_eq!(spki.len(), 91);
        assert_eq!(p256_compressed_point(&spki).unwrap().as_slice(), point);
        // x = 0 with an odd y that does not fit, infinity, and nonsense.
        assert_eq!(p256_public_key_der(&[0]), None);
        assert_eq!(p256_public_key_der(&[0xFF; 33]), None);
        assert_eq!(p256_public_key_der(&[]), None);
        assert_eq!(p256_compressed_point(b""), None);
    }
}
