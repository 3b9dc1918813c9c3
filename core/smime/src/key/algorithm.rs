//! AlgorithmIdentifier of signatures, read.

use const_oid::ObjectIdentifier;

use super::{DigestAlgorithm, KeyAlgorithm, KeyError};
use crate::ber::{self, BerError, Element, Reader};
use crate::oid;

/// An AlgorithmIdentifier (RFC 5280 section 4.1.1.2), borrowed.
#[derive(Clone, Copy, Debug)]
pub struct AlgorithmIdentifier<'a> {
    oid: ObjectIdentifier,
    parameters: Option<Element<'a>>,
    raw: &'a [u8],
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the next element of `reader`.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, BerError> {
        Self::from_element(&reader.expect(ber::SEQUENCE)?)
    }

    /// Reads the fields of `element`, whatever its (implicit) tag.
    pub fn from_element(element: &Element<'a>) -> Result<Self, BerError> {
        let mut fields = element.reader()?;
        let oid = fields.oid()?;
        let parameters = if fields.is_empty() { None } else { Some(fields.any()?) };
        fields.finish()?;
        Ok(AlgorithmIdentifier { oid, parameters, raw: element.raw() })
    }

    /// The algorithm.
    pub fn oid(&self) -> ObjectIdentifier {
        self.oid
    }

    /// Its parameters, when present; NULL counts as present.
    pub fn parameters(&self) -> Option<Element<'a>> {
        self.parameters
    }

    /// The octets as received.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Parameters are absent or NULL.
    pub fn has_no_parameters(&self) -> bool {
        self.parameters.is_none_or(|parameters| parameters.raw() == [0x05, 0x00])
    }

    /// The same algorithm, where absent and NULL parameters are the same (RFC 5754 section 2).
    pub fn is_same(&self, other: &AlgorithmIdentifier<'_>) -> bool {
        let parameters = |algorithm: &AlgorithmIdentifier<'_>| {
            algorithm.parameters.filter(|_| !algorithm.has_no_parameters()).map(|p| p.raw().to_vec())
        };
        self.oid == other.oid && parameters(self) == parameters(other)
    }
}

/// Longest RSASSA-PSS salt: no key that is read has room for more.
const MAX_SALT_OCTETS: usize = (super::MAX_RSA_BITS / 8) as usize;

/// How a signature is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS whose MGF1 uses the same digest.
    RsaPss {
        /// Digest of the message and of MGF1.
        digest: DigestAlgorithm,
        /// Length of the salt.
        salt_octets: usize,
    },
    /// ECDSA, signature in DER form.
    Ecdsa(DigestAlgorithm),
    /// Ed25519 without context or prehashing.
    Ed25519,
    /// ML-DSA in pure mode with an empty context; the parameter set is the key's.
    MlDsa(KeyAlgorithm),
}

impl SignatureScheme {
    /// From a DER AlgorithmIdentifier, as certificates, CRLs and OCSP answers hold it.
    pub fn from_der(algorithm: &[u8]) -> Result<Self, KeyError> {
        Self::from_algorithm(&AlgorithmIdentifier::from_element(&ber::single(algorithm)?)?)
    }

    /// From an AlgorithmIdentifier that names the digest. [`KeyError::Unsupported`] for unknown ones.
    pub fn from_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> Result<Self, KeyError> {
        use DigestAlgorithm::{Sha1, Sha224, Sha256, Sha384, Sha512};
        match algorithm.oid {
            oid::RSA_SHA1 | oid::RSA_SHA1_OIW => Ok(Self::RsaPkcs1(Sha1)),
            oid::RSA_SHA224 => Ok(Self::RsaPkcs1(Sha224)),
            oid::RSA_SHA256 => Ok(Self::RsaPkcs1(Sha256)),
            oid::RSA_SHA384 => Ok(Self::RsaPkcs1(Sha384)),
            oid::RSA_SHA512 => Ok(Self::RsaPkcs1(Sha512)),
            oid::RSA_PSS => pss(algorithm.parameters),
            oid::ECDSA_SHA1 => Ok(Self::Ecdsa(Sha1)),
            oid::ECDSA_SHA224 => Ok(Self::Ecdsa(Sha224)),
            oid::ECDSA_SHA256 => Ok(Self::Ecdsa(Sha256)),
            oid::ECDSA_SHA384 => Ok(Self::Ecdsa(Sha384)),
            oid::ECDSA_SHA512 => Ok(Self::Ecdsa(Sha512)),
            oid::ED25519 => Ok(Self::Ed25519),
            oid::ML_DSA_44 | oid::ML_DSA_65 | oid::ML_DSA_87 if !cfg!(feature = "pq") => {
                Err(KeyError::Unsupported)
            }
            oid::ML_DSA_44 | oid::ML_DSA_65 | oid::ML_DSA_87 if algorithm.parameters.is_some() => {
                Err(KeyError::Malformed)
            }
            oid::ML_DSA_44 => Ok(Self::MlDsa(KeyAlgorithm::MlDsa44)),
            oid::ML_DSA_65 => Ok(Self::MlDsa(KeyAlgorithm::MlDsa65)),
            oid::ML_DSA_87 => Ok(Self::MlDsa(KeyAlgorithm::MlDsa87)),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// From the signatureAlgorithm of a SignerInfo, which may name the key only and leave the digest to
    /// digestAlgorithm (RFC 3370 section 3.2, and old ECDSA writers).
    pub fn from_signer(
        algorithm: &AlgorithmIdentifier<'_>,
        digest: DigestAlgorithm,
    ) -> Result<Self, KeyError> {
        match algorithm.oid {
            oid::RSA => Ok(Self::RsaPkcs1(digest)),
            oid::EC_PUBLIC_KEY => Ok(Self::Ecdsa(digest)),
            _ => Self::from_algorithm(algorithm),
        }
    }

    /// The digest that the scheme names; Ed25519 and ML-DSA name none.
    pub fn digest(&self) -> Option<DigestAlgorithm> {
        match self {
            Self::RsaPkcs1(digest) | Self::RsaPss { digest, .. } | Self::Ecdsa(digest) => Some(*digest),
            Self::Ed25519 | Self::MlDsa(_) => None,
        }
    }

    /// A CMS digest of this strength may stand beside the scheme (RFC 9882 section 3.3, table 1).
    pub fn suits(&self, digest: DigestAlgorithm) -> bool {
        match self {
            Self::MlDsa(KeyAlgorithm::MlDsa44) => digest.octets() >= 32,
            Self::MlDsa(KeyAlgorithm::MlDsa65) => digest.octets() >= 48,
            Self::MlDsa(_) => digest.octets() >= 64,
            _ => true,
        }
    }

    /// It uses SHA-1.
    pub fn is_weak(&self) -> bool {
        self.digest().is_some_and(DigestAlgorithm::is_weak)
    }

    /// Name like `ecdsa-p256-sha256`, `rsa-pkcs1-sha256`, `rsa-pss-sha256`, `ed25519`, `ml-dsa-65` for a signature by `key`.
    pub fn name(&self, key: KeyAlgorithm) -> String {
        match self {
            Self::RsaPkcs1(digest) => format!("rsa-pkcs1-{}", digest.name()),
            Self::RsaPss { digest, .. } => format!("rsa-pss-{}", digest.name()),
            Self::Ecdsa(digest) => {
                let curve = match key {
                    KeyAlgorithm::P384 => "p384",
                    KeyAlgorithm::P521 => "p521",
                    _ => "p256",
                };
                format!("ecdsa-{curve}-{}", digest.name())
            }
            Self::Ed25519 => "ed25519".to_owned(),
            Self::MlDsa(KeyAlgorithm::MlDsa44) => "ml-dsa-44".to_owned(),
            Self::MlDsa(KeyAlgorithm::MlDsa65) => "ml-dsa-65".to_owned(),
            Self::MlDsa(_) => "ml-dsa-87".to_owned(),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1).
fn pss(parameters: Option<Element<'_>>) -> Result<SignatureScheme, KeyError> {
    let (digest, mgf_digest, mut fields) = hash_and_mgf(parameters)?;
    let salt_octets = match fields.optional(ber::Tag::context(2))? {
        Some(salt) => usize::try_from(salt.explicit()?.small()?).map_err(|_| KeyError::Malformed)?,
        None => 20,
    };
    if salt_octets > MAX_SALT_OCTETS {
        return Err(KeyError::Unsupported);
    }
    if let Some(trailer) = fields.optional(ber::Tag::context(3))?
        && trailer.explicit()?.small()? != 1
    {
        return Err(KeyError::Unsupported);
    }
    fields.finish()?;
    // Distinct digests are allowed by the syntax and written by nobody.
    if digest != mgf_digest {
        return Err(KeyError::Unsupported);
    }
    Ok(SignatureScheme::RsaPss { digest, salt_octets })
}

/// `[0] hashAlgorithm` and `[1] maskGenAlgorithm` with their defaults, which PSS and OAEP parameters begin with
/// (RFC 4055 sections 3.1 and 4.1); the reader stands behind them.
pub(crate) fn hash_and_mgf(
    parameters: Option<Element<'_>>,
) -> Result<(DigestAlgorithm, DigestAlgorithm, Reader<'_>), KeyError> {
    let digest_of = |algorithm: AlgorithmIdentifier<'_>| {
        if !algorithm.has_no_parameters() {
            return Err(KeyError::Malformed);
        }
        DigestAlgorithm::from_oid(&algorithm.oid).ok_or(KeyError::Unsupported)
    };
    let mut fields = match parameters {
        Some(parameters) if parameters.tag() == ber::SEQUENCE => parameters.reader()?,
        Some(_) => return Err(KeyError::Malformed),
        None => Reader::new(&[]),
    };
    let digest = match fields.optional(ber::Tag::context(0))? {
        Some(hash) => digest_of(algorithm_in(hash)?)?,
        None => DigestAlgorithm::Sha1,
    };
    let mgf_digest = match fields.optional(ber::Tag::context(1))? {
        Some(mgf) => {
            let mgf = algorithm_in(mgf)?;
            if mgf.oid != oid::MGF1 {
                return Err(KeyError::Unsupported);
            }
            let digest = mgf.parameters.filter(|digest| digest.tag() == ber::SEQUENCE);
            digest_of(AlgorithmIdentifier::from_element(&digest.ok_or(KeyError::Malformed)?)?)?
        }
        None => DigestAlgorithm::Sha1,
    };
    Ok((digest, mgf_digest, fields))
}

/// The AlgorithmIdentifier inside an explicit tag.
fn algorithm_in<'a>(explicit: Element<'a>) -> Result<AlgorithmIdentifier<'a>, BerError> {
    let mut inside = explicit.reader()?;
    let algorithm = AlgorithmIdentifier::read(&mut inside)?;
    inside.finish()?;
    Ok(algorithm)
}
