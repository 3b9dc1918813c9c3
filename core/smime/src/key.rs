//! Keys and signature algorithms.

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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
}

/// A signature algorithm together with its message digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a 32-octet salt.
    RsaPssSha256,
    /// Ed25519 with SHA-512 as the CMS digest (RFC 8419).
    Ed25519,
}

/// A private key in memory; wiped when dropped. `Debug` shows the algorithm only.
pub struct PrivateKey {
    // H1: replace by an enum of the crates' types
    pkcs8: Zeroizing<Vec<u8>>,
}

/// Why a private key was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not a private key in PKCS#8, SEC1 or PKCS#1 form.
    #[error("the private key is malformed")]
    Malformed,
    /// The key's algorithm or curve is not known here.
    #[error("the private key's algorithm is not supported")]
    Unsupported,
    /// RSA below 2048 bits, or an algorithm that the key can't do.
    #[error("the key can't be used with this algorithm")]
    WrongAlgorithm,
}

impl PrivateKey {
    /// A fresh key.
    pub fn generate(algorithm: KeyAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, KeyError> {
        let _ = (algorithm, rng);
        todo!()
    }
    /// Reads PKCS#8 (RFC 5958), SEC1 or PKCS#1 DER.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let _ = der;
        todo!()
    }
    /// The first unencrypted private key in a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let _ = pem;
        todo!()
    }
    /// PKCS#8 DER (RFC 5958).
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }
    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> Vec<u8> {
        todo!()
    }
    /// What kind of key this is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        todo!()
    }
    /// The algorithm to sign with by default: ECDSA with the curve's digest, RSASSA-PKCS1-v1_5 with SHA-256, Ed25519.
    pub fn default_signature_algorithm(&self) -> Result<SignatureAlgorithm, KeyError> {
        todo!()
    }
    /// Signs `message` (hashed here). ECDSA is deterministic (RFC 6979); its signature is in DER form.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, KeyError> {
        let _ = (algorithm, message, rng);
        todo!()
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}

/// DER SubjectPublicKeyInfo of a compressed or uncompressed P-256 point (SEC1); `None` when it is not on the curve.
pub fn p256_public_key_der(sec1: &[u8]) -> Option<Vec<u8>> {
    let _ = sec1;
    todo!()
}

/// The compressed P-256 point (33 octets) of a DER SubjectPublicKeyInfo; `None` for other keys.
pub fn p256_compressed_point(spki: &[u8]) -> Option<[u8; 33]> {
    let _ = spki;
    todo!()
}

/// SubjectKeyIdentifier that we write: leftmost 160 bits of the SHA-256 of the public key bits (RFC 7093 section 2, method 1).
pub fn key_identifier(spki: &[u8]) -> [u8; 20] {
    let _ = spki;
    todo!()
}
