//! Public keys: read from SubjectPublicKeyInfo, verify, encrypt to.

use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use signature::hazmat::PrehashVerifier;
use zeroize::Zeroizing;

use super::{AlgorithmIdentifier, DigestAlgorithm, KeyAlgorithm, KeyError, SignatureScheme, post_quantum};
use super::{MAX_RSA_BITS, MIN_RSA_BITS};
use crate::ber::{self, write};
use crate::oid;
use crate::primitives::Backend;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    pub(super) kind: Kind,
}

/// The key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa {
        key: rsa::PublicKey,
        /// The key may sign with RSASSA-PSS only (RFC 4055 section 1.2).
        pss_only: bool,
    },
    P256(p256::PublicKey),
    P384(p384::PublicKey),
    P521(p521::PublicKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    X25519([u8; 32]),
    PostQuantum(post_quantum::PublicKey),
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7, RFC 5480, RFC 8410, RFC 9881, RFC 9935).
    ///
    /// RSA keys of 1024 to 8192 bits are read; those below 2048 are weak.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let mut fields = ber::sequence(spki)?;
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let bits = fields.expect(ber::BIT_STRING)?.bits()?;
        fields.finish()?;
        let kind = match algorithm.oid() {
            oid::RSA | oid::RSA_OAEP => Kind::Rsa { key: rsa_key(bits)?, pss_only: false },
            oid::RSA_PSS => Kind::Rsa { key: rsa_key(bits)?, pss_only: true },
            oid::EC_PUBLIC_KEY | oid::EC_DH => {
                let curve = algorithm.parameters().ok_or(KeyError::Malformed)?;
                if curve.tag() != ber::OBJECT_IDENTIFIER {
                    return Err(KeyError::Unsupported);
                }
                return Self::from_point(&curve.oid()?, bits);
            }
            oid::ED25519 => {
                let octets = bits.try_into().map_err(|_| KeyError::Malformed)?;
                let key = ed25519_dalek::VerifyingKey::from_bytes(octets).map_err(|_| KeyError::Malformed)?;
                Kind::Ed25519(key)
            }
            oid::X25519 => Kind::X25519(bits.try_into().map_err(|_| KeyError::Malformed)?),
            other => {
                let kind = KeyAlgorithm::from_post_quantum_oid(&other).ok_or(KeyError::Unsupported)?;
                let key = post_quantum::PublicKey::from_bits(kind, bits)?;
                if algorithm.parameters().is_some() {
                    return Err(KeyError::Malformed);
                }
                Kind::PostQuantum(key)
            }
        };
        Ok(PublicKey { kind })
    }

    /// A point of a named curve, compressed or not (SEC1); it must lie on the curve and not be infinity.
    pub(crate) fn from_point(curve: &ObjectIdentifier, sec1: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let kind = match *curve {
            oid::P256 => Kind::P256(p256::PublicKey::from_sec1_bytes(sec1).map_err(malformed)?),
            oid::P384 => Kind::P384(p384::PublicKey::from_sec1_bytes(sec1).map_err(malformed)?),
            oid::P521 => Kind::P521(p521::PublicKey::from_sec1_bytes(sec1).map_err(malformed)?),
            _ => return Err(KeyError::Unsupported),
        };
        Ok(PublicKey { kind })
    }

    /// A raw X25519 key.
    pub(crate) fn from_x25519(octets: [u8; 32]) -> Self {
        PublicKey { kind: Kind::X25519(octets) }
    }

    /// DER of the SubjectPublicKeyInfo; points uncompressed, RSA always as rsaEncryption.
    pub fn to_spki(&self) -> Vec<u8> {
        use p256::elliptic_curve::sec1::ToSec1Point;
        match &self.kind {
            Kind::Rsa { key, .. } => {
                let bits = write::sequence(&[
                    &write::unsigned(&key.n().to_be_bytes()),
                    &write::unsigned(&key.e().to_be_bytes()),
                ]);
                write::sequence(&[&write::algorithm(&oid::RSA, &write::null()), &write::bit_string(&bits)])
            }
            Kind::P256(key) => ec_spki(&oid::P256, key.to_sec1_point(false).as_bytes()),
            Kind::P384(key) => ec_spki(&oid::P384, key.to_sec1_point(false).as_bytes()),
            Kind::P521(key) => ec_spki(&oid::P521, key.to_sec1_point(false).as_bytes()),
            Kind::Ed25519(key) => {
                write::sequence(&[&write::algorithm(&oid::ED25519, &[]), &write::bit_string(key.as_bytes())])
            }
            Kind::X25519(key) => {
                write::sequence(&[&write::algorithm(&oid::X25519, &[]), &write::bit_string(key)])
            }
            Kind::PostQuantum(key) => {
                let algorithm = key.algorithm().post_quantum_oid();
                let algorithm = algorithm.map(|oid| write::algorithm(&oid, &[])).unwrap_or_default();
                write::sequence(&[&algorithm, &write::bit_string(key.bits())])
            }
        }
    }

    /// What kind of key this is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        match &self.kind {
            Kind::Rsa { key, .. } => KeyAlgorithm::Rsa(key.n().bit_width_vartime()),
            Kind::P256(_) => KeyAlgorithm::P256,
            Kind::P384(_) => KeyAlgorithm::P384,
            Kind::P521(_) => KeyAlgorithm::P521,
            Kind::Ed25519(_) => KeyAlgorithm::Ed25519,
            Kind::X25519(_) => KeyAlgorithm::X25519,
            Kind::PostQuantum(key) => key.algorithm(),
        }
    }

    /// Verifies `signature` over `message` (hashed here).
    ///
    /// SHA-1 and short RSA keys are verified as well: ask [`SignatureScheme::is_weak`] and
    /// [`KeyAlgorithm::is_weak`]. [`KeyError::WrongAlgorithm`] when the scheme needs another kind of key,
    /// [`KeyError::BadSignature`] when the mathematics fail.
    pub fn verify(&self, scheme: &SignatureScheme, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        if let (Kind::PostQuantum(key), SignatureScheme::MlDsa(set)) = (&self.kind, scheme) {
            if key.algorithm() != *set {
                return Err(KeyError::WrongAlgorithm);
            }
            return key.verify(message, signature).ok_or(KeyError::BadSignature);
        }
        let Some(digest) = scheme.digest() else {
            let (Kind::Ed25519(key), SignatureScheme::Ed25519) = (&self.kind, scheme) else {
                return Err(KeyError::WrongAlgorithm);
            };
            let signature =
                ed25519_dalek::Signature::from_slice(signature).map_err(|_| KeyError::BadSignature)?;
            // Strict: keys of small order, under which one signature fits many messages, are refused.
            return key.verify_strict(message, &signature).map_err(|_| KeyError::BadSignature);
        };
        if let (Kind::P256(key), SignatureScheme::Ecdsa(_)) = (&self.kind, scheme) {
            let right = Backend::chosen().p256_verify(key, digest, message, signature);
            return right.then_some(()).ok_or(KeyError::BadSignature);
        }
        self.verify_digest(scheme, &digest.digest(message), signature)
    }

    /// As [`verify`](Self::verify), over a message whose digest (the scheme's) was taken before. Ed25519 and ML-DSA need the
    /// message itself: [`KeyError::Unsupported`].
    pub fn verify_digest(
        &self,
        scheme: &SignatureScheme,
        hash: &[u8],
        signature: &[u8],
    ) -> Result<(), KeyError> {
        match (&self.kind, scheme) {
            (Kind::Rsa { key, pss_only: false }, SignatureScheme::RsaPkcs1(digest)) => {
                let padding = match digest {
                    DigestAlgorithm::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
                    DigestAlgorithm::Sha224 => Pkcs1v15Sign::new::<Sha224>(),
                    DigestAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                    DigestAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
                    DigestAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
                };
                key.verify(padding, hash, signature).map_err(|_| KeyError::BadSignature)
            }
            (Kind::Rsa { key, .. }, SignatureScheme::RsaPss { digest, salt_octets }) => {
                let salt = *salt_octets;
                match digest {
                    DigestAlgorithm::Sha1 => key.verify(Pss::<Sha1>::new_with_salt(salt), hash, signature),
                    DigestAlgorithm::Sha224 => {
                        key.verify(Pss::<Sha224>::new_with_salt(salt), hash, signature)
                    }
                    DigestAlgorithm::Sha256 => {
                        key.verify(Pss::<Sha256>::new_with_salt(salt), hash, signature)
                    }
                    DigestAlgorithm::Sha384 => {
                        key.verify(Pss::<Sha384>::new_with_salt(salt), hash, signature)
                    }
                    DigestAlgorithm::Sha512 => {
                        key.verify(Pss::<Sha512>::new_with_salt(salt), hash, signature)
                    }
                }
                .map_err(|_| KeyError::BadSignature)
            }
            (Kind::P256(key), SignatureScheme::Ecdsa(_)) => {
                let right = Backend::chosen().p256_verify_digest(key, hash, signature);
                right.then_some(()).ok_or(KeyError::BadSignature)
            }
            (Kind::P384(key), SignatureScheme::Ecdsa(_)) => {
                let signature =
                    p384::ecdsa::Signature::from_der(signature).map_err(|_| KeyError::BadSignature)?;
                p384::ecdsa::VerifyingKey::from(key)
                    .verify_prehash(&bits2field(hash, 48), &signature)
                    .map_err(|_| KeyError::BadSignature)
            }
            (Kind::P521(key), SignatureScheme::Ecdsa(_)) => {
                let signature =
                    p521::ecdsa::Signature::from_der(signature).map_err(|_| KeyError::BadSignature)?;
                p521::ecdsa::VerifyingKey::from(key)
                    .verify_prehash(&bits2field(hash, 66), &signature)
                    .map_err(|_| KeyError::BadSignature)
            }
            (Kind::Ed25519(_), SignatureScheme::Ed25519)
            | (Kind::PostQuantum(_), SignatureScheme::MlDsa(_)) => Err(KeyError::Unsupported),
            _ => Err(KeyError::WrongAlgorithm),
        }
    }

    /// The ciphertext of a key encapsulation, and the shared secret. `None` for keys that don't do that.
    pub(crate) fn encapsulate(&self, rng: &mut dyn CryptoRng) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        match &self.kind {
            Kind::PostQuantum(key) => key.encapsulate(rng),
            _ => None,
        }
    }

    pub(crate) fn p256(&self) -> Option<&p256::PublicKey> {
        match &self.kind {
            Kind::P256(key) => Some(key),
            _ => None,
        }
    }

    /// The RSA key when messages may be encrypted to it: at least [`MIN_RSA_BITS`], not restricted to PSS.
    pub(crate) fn rsa_for_encryption(&self) -> Option<&rsa::PublicKey> {
        match &self.kind {
            Kind::Rsa { key, pss_only: false } if key.n().bit_width_vartime() >= MIN_RSA_BITS => Some(key),
            _ => None,
        }
    }
}

/// SubjectPublicKeyInfo of a named curve (RFC 5480 section 2).
pub(super) fn ec_spki(curve: &ObjectIdentifier, point: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::algorithm(&oid::EC_PUBLIC_KEY, &write::oid(curve)), &write::bit_string(point)])
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_key(bits: &[u8]) -> Result<rsa::PublicKey, KeyError> {
    let mut fields = ber::sequence(bits)?;
    let mut number = || -> Result<rsa::BoxedUint, KeyError> {
        let octets = fields.expect(ber::INTEGER)?.integer()?;
        let significant: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
        if octets.first().is_some_and(|first| *first >= 0x80) || significant.is_empty() {
            return Err(KeyError::Malformed);
        }
        let width = u32::try_from(significant.len()).unwrap_or(u32::MAX).saturating_mul(8);
        if width > MAX_RSA_BITS {
            return Err(KeyError::Unsupported);
        }
        rsa::BoxedUint::from_be_slice(&significant, width).map_err(|_| KeyError::Malformed)
    };
    let (n, e) = (number()?, number()?);
    fields.finish()?;
    // Checks an odd modulus of 1024 bits at least and an exponent of 33 bits at most.
    rsa::PublicKey::new(n, e).map_err(|_| KeyError::Unsupported)
}

/// The digest, with zero octets in front when it is shorter than the field: the same number, but the ecdsa crate
/// refuses digests below half the field (SHA-1 and SHA-256 with P-521).
fn bits2field(hash: &[u8], field_octets: usize) -> Vec<u8> {
    let mut padded = vec![0; field_octets.saturating_sub(hash.len())];
    padded.extend_from_slice(hash);
    padded
}
