//! Private keys: made, read, written; signing, decrypting and agreeing with them.

use ed25519_dalek::SigningKey as Ed25519Key;
use p256::elliptic_curve::Generate;
use pkcs8::EncodePrivateKey;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use signature::Signer;
use signature::hazmat::PrehashSigner;
use x25519_dalek::StaticSecret;
use zeroize::Zeroizing;

use super::public::{Kind, PublicKey};
use super::{
    AlgorithmIdentifier, KeyAlgorithm, KeyError, MAX_RSA_BITS, MIN_READ_RSA_BITS, MIN_RSA_BITS,
    SignatureAlgorithm, post_quantum,
};
use crate::ber::{self, Reader};
use crate::primitives::Backend;
use crate::{oid, pem};

/// PKCS#8 of a Curve25519 key without the 32 key octets (RFC 8410 section 7); octet 11 tells Ed25519 (0x70) from
/// X25519 (0x6E).
const ED25519_PREFIX: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const X25519_PREFIX: [u8; 16] =
    [0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x6E, 0x04, 0x22, 0x04, 0x20];

/// A private key in memory; wiped when dropped. `Debug` shows the algorithm only.
pub struct PrivateKey {
    secret: Secret,
    /// Written once, so that [`PrivateKey::to_pkcs8_der`] can't fail.
    pkcs8: Zeroizing<Vec<u8>>,
    /// Computed once: for curves it costs a scalar multiplication.
    public: PublicKey,
    spki: Vec<u8>,
}

enum Secret {
    Rsa(Box<rsa::PrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(Box<Ed25519Key>),
    X25519(StaticSecret),
    PostQuantum(Box<post_quantum::PrivateKey>),
}

impl PrivateKey {
    /// A fresh key. RSA of 2048 to 8192 bits.
    pub fn generate(algorithm: KeyAlgorithm, rng: &mut dyn CryptoRng) -> Result<Self, KeyError> {
        let secret = match algorithm {
            KeyAlgorithm::Rsa(bits) => {
                if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return Err(KeyError::WrongAlgorithm);
                }
                let bits = usize::try_from(bits).map_err(|_| KeyError::WrongAlgorithm)?;
                let key = rsa::PrivateKey::new(rng, bits).map_err(|_| KeyError::WrongAlgorithm)?;
                Secret::Rsa(Box::new(key))
            }
            KeyAlgorithm::P256 => Secret::P256(p256::SecretKey::generate_from_rng(rng)),
            KeyAlgorithm::P384 => Secret::P384(p384::SecretKey::generate_from_rng(rng)),
            KeyAlgorithm::P521 => Secret::P521(p521::SecretKey::generate_from_rng(rng)),
            KeyAlgorithm::Ed25519 => Secret::Ed25519(Box::new(Ed25519Key::from_bytes(&random_octets(rng)))),
            KeyAlgorithm::X25519 => Secret::X25519(StaticSecret::from(*random_octets(rng))),
            KeyAlgorithm::MlDsa44
            | KeyAlgorithm::MlDsa65
            | KeyAlgorithm::MlDsa87
            | KeyAlgorithm::MlKem512
            | KeyAlgorithm::MlKem768
            | KeyAlgorithm::MlKem1024 => {
                Secret::PostQuantum(Box::new(post_quantum::PrivateKey::generate(algorithm, rng)?))
            }
        };
        Self::from_secret(secret)
    }

    /// Reads PKCS#8 (RFC 5958), SEC1 (RFC 5915) or PKCS#1 (RFC 8017 appendix A.1.2) DER.
    ///
    /// A public key inside must belong to the private key. RSA keys from 1024 bits are read, to decrypt old mail;
    /// they don't sign.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let mut fields = ber::sequence(der)?;
        fields.expect(ber::INTEGER)?;
        match fields.peek() {
            Some(ber::SEQUENCE) => {}
            Some(ber::INTEGER) => return Self::from_secret(rsa_secret(der)?),
            Some(ber::OCTET_STRING) => return ec_key(der, None),
            _ => return Err(KeyError::Malformed),
        }
        let algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let octets = fields.expect(ber::OCTET_STRING)?;
        if octets.is_constructed() {
            return Err(KeyError::Malformed);
        }
        let key = match algorithm.oid() {
            oid::RSA | oid::RSA_PSS | oid::RSA_OAEP => Self::from_secret(rsa_secret(octets.content())?)?,
            oid::EC_PUBLIC_KEY | oid::EC_DH => {
                let curve = algorithm.parameters().and_then(|curve| curve.oid().ok());
                ec_key(octets.content(), curve)?
            }
            oid::ED25519 => {
                let seed = inner_octets(octets.content())?;
                Self::from_secret(Secret::Ed25519(Box::new(Ed25519Key::from_bytes(&seed))))?
            }
            oid::X25519 => {
                let scalar = inner_octets(octets.content())?;
                Self::from_secret(Secret::X25519(StaticSecret::from(*scalar)))?
            }
            other => {
                let kind = KeyAlgorithm::from_post_quantum_oid(&other).ok_or(KeyError::Unsupported)?;
                let key = post_quantum::PrivateKey::from_octets(kind, octets.content())?;
                if algorithm.parameters().is_some() {
                    return Err(KeyError::Malformed);
                }
                Self::from_secret(Secret::PostQuantum(Box::new(key)))?
            }
        };
        fields.optional(ber::Tag::context(0))?;
        if let Some(public) = fields.optional(ber::Tag::context(1))?
            && Some(public.bits()?) != super::public_key_bits(&key.spki)
        {
            return Err(KeyError::Malformed);
        }
        fields.finish()?;
        Ok(key)
    }

    /// The first unencrypted private key in a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let blocks = pem::blocks(pem).into_iter();
        let mut plain = blocks.filter(|block| crate::pkcs8::PLAIN_LABELS.contains(&block.label));
        Self::from_der(&plain.find_map(|block| block.der()).ok_or(KeyError::Malformed)?)
    }

    fn from_secret(secret: Secret) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let pkcs8 = match &secret {
            Secret::Rsa(key) => key.to_pkcs8_der().map_err(malformed)?.to_bytes(),
            Secret::P256(key) => key.to_pkcs8_der().map_err(malformed)?.to_bytes(),
            Secret::P384(key) => key.to_pkcs8_der().map_err(malformed)?.to_bytes(),
            Secret::P521(key) => key.to_pkcs8_der().map_err(malformed)?.to_bytes(),
            Secret::Ed25519(key) => curve25519_pkcs8(&ED25519_PREFIX, key.as_bytes()),
            Secret::X25519(key) => curve25519_pkcs8(&X25519_PREFIX, key.as_bytes()),
            Secret::PostQuantum(key) => key.to_pkcs8().ok_or(KeyError::Unsupported)?,
        };
        let public = PublicKey {
            kind: match &secret {
                Secret::Rsa(key) => Kind::Rsa { key: key.to_public_key(), pss_only: false },
                Secret::P256(key) => Kind::P256(Backend::chosen().p256_public_key(key)),
                Secret::P384(key) => Kind::P384(key.public_key()),
                Secret::P521(key) => Kind::P521(key.public_key()),
                Secret::Ed25519(key) => Kind::Ed25519(key.verifying_key()),
                Secret::X25519(key) => Kind::X25519(x25519_dalek::PublicKey::from(key).to_bytes()),
                Secret::PostQuantum(key) => key.public(),
            },
        };
        Ok(PrivateKey { secret, pkcs8, spki: public.to_spki(), public })
    }

    /// PKCS#8 DER (RFC 5958).
    pub fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.pkcs8.clone()
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> Vec<u8> {
        self.spki.clone()
    }

    /// What kind of key this is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.public.algorithm()
    }

    /// The algorithm to sign with by default: that of the curve, RSASSA-PKCS1-v1_5 with SHA-256, Ed25519,
    /// ML-DSA. X25519, ML-KEM and short RSA keys don't sign: [`KeyError::WrongAlgorithm`].
    pub fn default_signature_algorithm(&self) -> Result<SignatureAlgorithm, KeyError> {
        SignatureAlgorithm::choose(self.algorithm(), None, false)
    }

    /// Signs `message` (hashed here). ECDSA is deterministic (RFC 6979); its signature is in DER form.
    /// ML-DSA signs in pure mode with an empty context.
    pub fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, KeyError> {
        if !algorithm.fits(self.algorithm()) {
            return Err(KeyError::WrongAlgorithm);
        }
        let backend = Backend::chosen();
        let failed = |_| KeyError::WrongAlgorithm;
        match (&self.secret, algorithm) {
            (Secret::Rsa(key), _) => {
                backend.rsa_sign(key, &self.pkcs8, algorithm, message, rng).ok_or(KeyError::WrongAlgorithm)
            }
            (Secret::P256(key), _) => {
                let hash = Sha256::digest(message).into();
                backend.p256_sign(key, &hash).ok_or(KeyError::WrongAlgorithm)
            }
            (Secret::P384(key), _) => {
                let signature: p384::ecdsa::Signature = p384::ecdsa::SigningKey::from(key)
                    .sign_prehash(&algorithm.digest().digest(message))
                    .map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (Secret::P521(key), _) => {
                let signature: p521::ecdsa::Signature = p521::ecdsa::SigningKey::from(key)
                    .sign_prehash(&algorithm.digest().digest(message))
                    .map_err(failed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            (Secret::Ed25519(key), _) => Ok(key.try_sign(message).map_err(failed)?.to_bytes().to_vec()),
            (Secret::PostQuantum(key), _) => key.sign(message, rng).ok_or(KeyError::WrongAlgorithm),
            (Secret::X25519(_), _) => Err(KeyError::WrongAlgorithm),
        }
    }

    /// The RSA key, for decryption.
    pub(crate) fn rsa(&self) -> Option<&rsa::PrivateKey> {
        match &self.secret {
            Secret::Rsa(key) => Some(key),
            _ => None,
        }
    }

    /// The shared secret that a ciphertext of a key encapsulation holds; another one, the same each time, for a wrong
    /// ciphertext. `None` for keys that don't do that and for a wrong length.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match &self.secret {
            Secret::PostQuantum(key) => key.decapsulate(ciphertext),
            _ => None,
        }
    }

    /// The shared secret of a key agreement: the x coordinate, or X25519's output (RFC 7748 section 6.1).
    /// `None` for keys that don't fit together and for X25519 keys of small order.
    pub fn agree(&self, peer: &PublicKey) -> Option<Zeroizing<Vec<u8>>> {
        let secret = match (&self.secret, &peer.kind) {
            (Secret::P256(key), Kind::P256(peer)) => return Some(Backend::chosen().p256_agree(key, peer)),
            (Secret::P384(key), Kind::P384(peer)) => key.diffie_hellman(peer).raw_secret_bytes().to_vec(),
            (Secret::P521(key), Kind::P521(peer)) => key.diffie_hellman(peer).raw_secret_bytes().to_vec(),
            (Secret::X25519(key), Kind::X25519(peer)) => {
                let shared = key.diffie_hellman(&x25519_dalek::PublicKey::from(*peer));
                if !shared.was_contributory() {
                    return None;
                }
                shared.as_bytes().to_vec()
            }
            _ => return None,
        };
        Some(Zeroizing::new(secret))
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

fn random_octets(rng: &mut dyn CryptoRng) -> Zeroizing<[u8; 32]> {
    let mut octets = Zeroizing::new([0; 32]);
    rng.fill_bytes(octets.as_mut());
    octets
}

fn curve25519_pkcs8(prefix: &[u8; 16], key: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut pkcs8 = Zeroizing::new(Vec::with_capacity(prefix.len() + key.len()));
    pkcs8.extend_from_slice(prefix);
    pkcs8.extend_from_slice(key);
    pkcs8
}

/// CurvePrivateKey: an OCTET STRING of 32 octets (RFC 8410 section 7).
fn inner_octets(der: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let element = ber::single(der)?;
    if element.tag() != ber::OCTET_STRING || element.is_constructed() {
        return Err(KeyError::Malformed);
    }
    element.content().try_into().map(Zeroizing::new).map_err(|_| KeyError::Malformed)
}

fn rsa_secret(der: &[u8]) -> Result<Secret, KeyError> {
    use rsa::pkcs1::DecodeRsaPrivateKey;
    // The size is checked before the primes are: checking those of a huge modulus would take minutes.
    let mut fields = Reader::new(der).sequence()?;
    fields.expect(ber::INTEGER)?;
    let modulus = fields.expect(ber::INTEGER)?.integer()?;
    let bits = bits(modulus);
    if bits > MAX_RSA_BITS as usize {
        return Err(KeyError::Unsupported);
    }
    if bits < MIN_READ_RSA_BITS as usize {
        return Err(KeyError::TooShort);
    }
    let key = rsa::PrivateKey::from_pkcs1_der(der).map_err(|_| KeyError::Malformed)?;
    Ok(Secret::Rsa(Box::new(key)))
}

/// Length of an INTEGER that is not negative, in bits.
fn bits(integer: &[u8]) -> usize {
    let zeros = integer.iter().take_while(|octet| **octet == 0).count();
    let unset = integer.get(zeros).map_or(0, |octet| octet.leading_zeros() as usize);
    8 * (integer.len() - zeros) - unset
}

/// ECPrivateKey (RFC 5915); the curve stands in PKCS#8's algorithm or in `[0]`.
fn ec_key(der: &[u8], curve: Option<const_oid::ObjectIdentifier>) -> Result<PrivateKey, KeyError> {
    let mut fields = ber::sequence(der)?;
    if fields.expect(ber::INTEGER)?.small()? != 1 {
        return Err(KeyError::Malformed);
    }
    let scalar = fields.expect(ber::OCTET_STRING)?.content();
    let named = match fields.optional(ber::Tag::context(0))? {
        Some(parameters) => Some(parameters.explicit()?.oid()?),
        None => None,
    };
    let curve = match (curve, named) {
        (Some(outer), Some(inner)) if outer != inner => return Err(KeyError::Malformed),
        (Some(curve), _) | (None, Some(curve)) => curve,
        (None, None) => return Err(KeyError::Malformed),
    };
    let malformed = |_| KeyError::Malformed;
    let secret = match curve {
        oid::P256 => {
            Secret::P256(p256::SecretKey::from_slice(&scalar_octets(scalar, 32)?).map_err(malformed)?)
        }
        oid::P384 => {
            Secret::P384(p384::SecretKey::from_slice(&scalar_octets(scalar, 48)?).map_err(malformed)?)
        }
        oid::P521 => {
            Secret::P521(p521::SecretKey::from_slice(&scalar_octets(scalar, 66)?).map_err(malformed)?)
        }
        _ => return Err(KeyError::Unsupported),
    };
    let key = PrivateKey::from_secret(secret)?;
    if let Some(public) = fields.optional(ber::Tag::context(1))?
        && PublicKey::from_point(&curve, public.explicit()?.bits()?)? != key.public
    {
        return Err(KeyError::Malformed);
    }
    // An unknown field may be a damaged public key, the only part that tells whether the scalar is damaged.
    fields.finish()?;
    Ok(key)
}

/// The scalar in field length: some writers leave out leading zero octets, some add one.
fn scalar_octets(scalar: &[u8], octets: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let extra = scalar.len().saturating_sub(octets);
    let (leading, significant) = scalar.split_at_checked(extra).ok_or(KeyError::Malformed)?;
    if leading.iter().any(|octet| *octet != 0) {
        return Err(KeyError::Malformed);
    }
    let mut padded = Zeroizing::new(vec![0; octets - significant.len()]);
    padded.reserve_exact(significant.len());
    padded.extend_from_slice(significant);
    Ok(padded)
}
