//! The signed content: octets, or what is kept of octets that went by.

use std::borrow::Cow;

use super::SignedData;
use super::attributes::Attributes;
use crate::ber::{self, Reader};
use crate::fingerprint::Fingerprint;
use crate::key::{DigestAlgorithm, Hasher};
use crate::oid;

/// First octets of a streamed content that are kept.
const MAX_FRONT: usize = 16 * 1024;

/// What a signature is checked over.
#[derive(Clone, Copy, Debug)]
pub enum SignedContent<'a> {
    /// The content itself.
    Octets(&'a [u8]),
    /// A content that went by.
    Digests(&'a ContentDigests),
    /// The content, and the digests that were taken of it once for all its signers.
    Hashed {
        /// The content itself.
        octets: &'a [u8],
        /// Of these octets: [`ContentHasher::for_signers`].
        digests: &'a ContentDigests,
    },
}

/// What is kept of a content that was read as a stream.
#[derive(Clone, Debug)]
pub struct ContentDigests {
    sha256: Fingerprint,
    /// Besides SHA-256.
    others: Vec<(DigestAlgorithm, Vec<u8>)>,
    octets: u64,
    front: Vec<u8>,
}

impl ContentDigests {
    /// SHA-256 of the content.
    pub fn sha256(&self) -> Fingerprint {
        self.sha256
    }
    /// Its length.
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// One that was taken.
    fn get(&self, algorithm: DigestAlgorithm) -> Option<&[u8]> {
        if algorithm == DigestAlgorithm::Sha256 {
            return Some(self.sha256.as_bytes());
        }
        let found = self.others.iter().find(|(other, _)| *other == algorithm);
        found.map(|(_, digest)| digest.as_slice())
    }
}

impl<'a> SignedContent<'a> {
    /// The digest of the content; `None` when it was not taken while the content went by.
    pub(super) fn digest(&self, algorithm: DigestAlgorithm) -> Option<Cow<'a, [u8]>> {
        match *self {
            SignedContent::Octets(octets) => Some(Cow::Owned(algorithm.digest(octets))),
            SignedContent::Digests(digests) => digests.get(algorithm).map(Cow::Borrowed),
            SignedContent::Hashed { octets, digests } => Some(
                digests.get(algorithm).map_or_else(|| Cow::Owned(algorithm.digest(octets)), Cow::Borrowed),
            ),
        }
    }

    /// SHA-256 of the content.
    pub(super) fn sha256(&self) -> Fingerprint {
        match *self {
            SignedContent::Octets(octets) => Fingerprint::of(octets),
            SignedContent::Digests(digests) | SignedContent::Hashed { digests, .. } => digests.sha256,
        }
    }

    /// The octets, when they are at hand.
    pub(super) fn octets(&self) -> Option<&'a [u8]> {
        match *self {
            SignedContent::Octets(octets) | SignedContent::Hashed { octets, .. } => Some(octets),
            SignedContent::Digests(_) => None,
        }
    }

    /// Its digests were taken already.
    pub(super) fn is_hashed(&self) -> bool {
        !matches!(self, SignedContent::Octets(_))
    }

    /// The same octets.
    pub(crate) fn is_same(&self, other: &SignedContent<'_>) -> bool {
        match (self.octets(), other.octets()) {
            (Some(one), Some(other)) => one == other,
            _ => self.sha256() == other.sha256(),
        }
    }

    /// The content is a set of signed attributes. Whoever has a message with signed attributes could take them for
    /// the content of one without, and the signature would be right.
    ///
    /// Of a long streamed content only the front is there: one SET over its whole length is enough then.
    pub(super) fn looks_like_attributes(&self) -> bool {
        let (front, octets) = match *self {
            SignedContent::Octets(octets) | SignedContent::Hashed { octets, .. } => {
                (octets, octets.len() as u64)
            }
            SignedContent::Digests(digests) => (digests.front.as_slice(), digests.octets),
        };
        if octets > front.len() as u64 {
            return ber::spans(front, ber::SET, octets);
        }
        let attributes = ber::single(front).ok().filter(|set| set.tag() == ber::SET);
        attributes
            .and_then(|set| Attributes::read(&set).ok())
            .is_some_and(|attributes| attributes.values(&oid::MESSAGE_DIGEST).next().is_some())
    }
}

/// Takes the digests of a content that goes by.
#[derive(Debug)]
pub struct ContentHasher {
    sha256: Hasher,
    others: Vec<(DigestAlgorithm, Hasher)>,
    octets: u64,
    front: Vec<u8>,
}

impl ContentHasher {
    /// SHA-256, and these.
    pub fn new(algorithms: impl IntoIterator<Item = DigestAlgorithm>) -> Self {
        let mut others: Vec<(DigestAlgorithm, Hasher)> = Vec::new();
        for algorithm in algorithms {
            let is_there = others.iter().any(|(other, _)| *other == algorithm);
            if algorithm != DigestAlgorithm::Sha256 && !is_there {
                others.push((algorithm, algorithm.hasher()));
            }
        }
        ContentHasher { sha256: DigestAlgorithm::Sha256.hasher(), others, octets: 0, front: Vec::new() }
    }

    /// What the signers of a detached signature need.
    pub fn for_signers(signed: &SignedData) -> Self {
        Self::new(signed.signers().iter().filter_map(super::SignerInfo::digest_algorithm))
    }

    /// Of the digestAlgorithms of a SignedData, which stand before the content: a SET OF AlgorithmIdentifier. What
    /// can't be read announces nothing: the signers say what they need.
    pub(super) fn announced(set: &[u8]) -> Self {
        let mut members = Reader::new(set).set().unwrap_or_else(|_| Reader::new(&[]));
        let algorithms = std::iter::from_fn(|| crate::key::AlgorithmIdentifier::read(&mut members).ok());
        Self::new(algorithms.filter_map(|algorithm| DigestAlgorithm::from_oid(&algorithm.oid())))
    }

    /// Takes the next octets.
    pub fn update(&mut self, octets: &[u8]) {
        let room = MAX_FRONT.saturating_sub(self.front.len()).min(octets.len());
        self.front.extend_from_slice(octets.get(..room).unwrap_or_default());
        self.octets += octets.len() as u64;
        self.sha256.update(octets);
        self.others.iter_mut().for_each(|(_, hasher)| hasher.update(octets));
    }

    /// What is kept of the content.
    pub fn finish(self) -> ContentDigests {
        let sha256 = <[u8; 32]>::try_from(self.sha256.finish()).unwrap_or_default();
        ContentDigests {
            sha256: Fingerprint::from_bytes(sha256),
            others: self.others.into_iter().map(|(algorithm, hasher)| (algorithm, hasher.finish())).collect(),
            octets: self.octets,
            front: self.front,
        }
    }
}
