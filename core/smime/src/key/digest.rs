//! Message digests of CMS.

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::ber::write;
use crate::oid;

/// A message digest that is computed here. MD5 is not: what depends on it is never checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestAlgorithm {
    /// SHA-1: read, never trusted.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// The digest with this object identifier.
    pub fn from_oid(digest: &ObjectIdentifier) -> Option<Self> {
        [Self::Sha1, Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|candidate| candidate.oid() == *digest)
    }

    /// Its object identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => oid::SHA1,
            Self::Sha224 => oid::SHA224,
            Self::Sha256 => oid::SHA256,
            Self::Sha384 => oid::SHA384,
            Self::Sha512 => oid::SHA512,
        }
    }

    /// The digest of `message`.
    pub fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(message).to_vec(),
            Self::Sha224 => Sha224::digest(message).to_vec(),
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    /// A digest over octets that come piece by piece.
    pub fn hasher(self) -> Hasher {
        match self {
            Self::Sha1 => Hasher(State::Sha1(Sha1::new())),
            Self::Sha224 => Hasher(State::Sha224(Sha224::new())),
            Self::Sha256 => Hasher(State::Sha256(Sha256::new())),
            Self::Sha384 => Hasher(State::Sha384(Sha384::new())),
            Self::Sha512 => Hasher(State::Sha512(Sha512::new())),
        }
    }

    /// Length of the digest in octets.
    pub fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Collisions are practical: SHA-1.
    pub fn is_weak(self) -> bool {
        self == Self::Sha1
    }

    /// Name like `sha256`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// DER of the AlgorithmIdentifier, parameters absent (RFC 5754 section 2).
    pub fn algorithm_identifier_der(self) -> Vec<u8> {
        write::algorithm(&self.oid(), &[])
    }
}

/// A digest in the making.
#[derive(Clone)]
pub struct Hasher(State);

#[derive(Clone)]
enum State {
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    /// Takes the next octets.
    pub fn update(&mut self, octets: &[u8]) {
        match &mut self.0 {
            State::Sha1(state) => state.update(octets),
            State::Sha224(state) => state.update(octets),
            State::Sha256(state) => state.update(octets),
            State::Sha384(state) => state.update(octets),
            State::Sha512(state) => state.update(octets),
        }
    }

    /// The digest of all octets.
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            State::Sha1(state) => state.finalize().to_vec(),
            State::Sha224(state) => state.finalize().to_vec(),
            State::Sha256(state) => state.finalize().to_vec(),
            State::Sha384(state) => state.finalize().to_vec(),
            State::Sha512(state) => state.finalize().to_vec(),
        }
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}
