//! One signature, checked mathematically.

use super::attributes::{Attributes, NotSingle};
use super::{IssuerAndSerial, MAX_CANDIDATES, SignedContent, SignedData, SignerInfo};
use crate::ber::{self, BerError, Reader, Tag};
use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::key::{AlgorithmIdentifier, DigestAlgorithm, KeyError, PublicKey, SignatureScheme};
use crate::oid;
use crate::verdict::Reason;

/// A signature that was checked mathematically over exactly this content; only [`verify_signer`] makes one.
/// Says nothing about trust.
#[derive(Clone, Debug)]
pub struct VerifiedSigner {
    certificate: Certificate,
    algorithm: String,
    content_sha256: Fingerprint,
    weak: Option<Reason>,
}

impl VerifiedSigner {
    /// The signing certificate, matched by SignerIdentifier and, where present, signing-certificate-v2.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }
    /// Name of the algorithm, like `ecdsa-p256-sha256`, `rsa-pkcs1-sha256`, `rsa-pss-sha256`, `ed25519`.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }
    /// SHA-256 of the content that the signature covers.
    pub fn content_sha256(&self) -> Fingerprint {
        self.content_sha256
    }
    /// `WeakDigest` or `WeakKey`: mathematically right, but never valid.
    pub fn weakness(&self) -> Option<Reason> {
        self.weak
    }
}

/// Checks signer `index` of `signed` over `content` (the encapsulated or the detached one).
///
/// Extra certificates may be given in `certificates`. Errors are the reasons of the verdict: `no_signer_certificate`,
/// `digest_mismatch`, `bad_signature`, `attributes_invalid`, `unsupported_algorithm`, `weak_digest` (MD5, which is
/// not even computed), `malformed` (there is no such signer).
pub fn verify_signer(
    signed: &SignedData,
    index: usize,
    content: &[u8],
    certificates: &[Certificate],
) -> Result<VerifiedSigner, Reason> {
    verify_content(signed, index, SignedContent::Octets(content), certificates)
}

/// How many signatures of `signed` may be about `content`: neither the digest nor the signature speaks against it. Where one
/// text can be read as different octets (its line ends), this tells which were signed.
pub fn fitting_signers(
    signed: &SignedData,
    content: SignedContent<'_>,
    certificates: &[Certificate],
) -> usize {
    let fits = |index: &usize| match verify_content(signed, *index, content, certificates) {
        Ok(_) => true,
        Err(reason) => !matches!(reason, Reason::DigestMismatch | Reason::BadSignature),
    };
    (0..signed.signers.len()).filter(fits).count()
}

/// How many signatures of `signed` are right over `content`, and not weak.
pub fn right_signers(signed: &SignedData, content: SignedContent<'_>, certificates: &[Certificate]) -> usize {
    let is_right = |index: &usize| {
        verify_content(signed, *index, content, certificates).is_ok_and(|signer| signer.weakness().is_none())
    };
    (0..signed.signers.len()).filter(is_right).count()
}

/// As [`verify_signer`]. Of a content that went by, a digest that was not announced before it was not taken, and
/// Ed25519 without signed attributes wants the octets: `unsupported_algorithm`.
pub(crate) fn verify_content(
    signed: &SignedData,
    index: usize,
    content: SignedContent<'_>,
    certificates: &[Certificate],
) -> Result<VerifiedSigner, Reason> {
    let signer = signed.signers.get(index).ok_or(Reason::Malformed)?;
    let digest_algorithm = ber::single(&signer.digest_algorithm)
        .and_then(|element| AlgorithmIdentifier::from_element(&element))
        .map_err(|_| Reason::Malformed)?;
    let signature_algorithm = ber::single(&signer.signature_algorithm)
        .and_then(|element| AlgorithmIdentifier::from_element(&element))
        .map_err(|_| Reason::Malformed)?;
    if digest_algorithm.oid() == oid::MD5 || signature_algorithm.oid() == oid::RSA_MD5 {
        return Err(Reason::WeakDigest);
    }
    let (scheme, digest) = algorithms(signer, &signature_algorithm, &digest_algorithm)?;
    // The digest over the content and the one inside the signature are the same (RFC 8933 section 3.1).
    if scheme.digest().is_some_and(|inside| inside != digest) {
        return Err(Reason::AttributesInvalid);
    }
    if let Some(attributes) = &signer.signed {
        let content_digest = content.digest(digest).ok_or(Reason::UnsupportedAlgorithm)?;
        check_content(attributes, signed, &content_digest)?;
        check_algorithm_protection(attributes, &digest_algorithm, &signature_algorithm)?;
    } else if signed.content_type != oid::DATA || content.looks_like_attributes() {
        // RFC 5652 section 5.3: attributes must be there when the content type is not id-data.
        return Err(Reason::AttributesInvalid);
    }
    let mut candidates: Vec<&Certificate> = Vec::new();
    for certificate in signer.named_certificates(signed.certificates.iter().chain(certificates)) {
        if candidates.len() < MAX_CANDIDATES && !candidates.contains(&certificate) {
            candidates.push(certificate);
        }
    }
    let mut failure = Reason::NoSignerCertificate;
    for certificate in candidates {
        match check_signature(signer, certificate, &scheme, content) {
            Ok(key) => {
                return Ok(VerifiedSigner {
                    certificate: certificate.clone(),
                    algorithm: scheme.name(key.algorithm()),
                    content_sha256: content.sha256(),
                    weak: weakness(&scheme, digest, &key),
                });
            }
            Err(reason) => failure = reason,
        }
    }
    Err(failure)
}

/// The scheme, and the digest over the content. ML-DSA without signed attributes has no use for a digest, and what
/// digestAlgorithm says is ignored (RFC 9882 section 3.3): SHA-512 then.
fn algorithms(
    signer: &SignerInfo,
    signature: &AlgorithmIdentifier<'_>,
    digest: &AlgorithmIdentifier<'_>,
) -> Result<(SignatureScheme, DigestAlgorithm), Reason> {
    if signer.signed.is_none()
        && let Ok(scheme @ SignatureScheme::MlDsa(_)) = SignatureScheme::from_algorithm(signature)
    {
        return Ok((scheme, DigestAlgorithm::Sha512));
    }
    let digest = DigestAlgorithm::from_oid(&digest.oid()).ok_or(Reason::UnsupportedAlgorithm)?;
    Ok((SignatureScheme::from_signer(signature, digest).map_err(reason)?, digest))
}

fn weakness(scheme: &SignatureScheme, digest: DigestAlgorithm, key: &PublicKey) -> Option<Reason> {
    if scheme.is_weak() || digest.is_weak() || !scheme.suits(digest) {
        Some(Reason::WeakDigest)
    } else if key.algorithm().is_weak() {
        Some(Reason::WeakKey)
    } else {
        None
    }
}

fn reason(error: KeyError) -> Reason {
    match error {
        KeyError::Unsupported => Reason::UnsupportedAlgorithm,
        KeyError::TooShort => Reason::WeakKey,
        KeyError::Malformed | KeyError::WrongAlgorithm | KeyError::BadSignature => Reason::BadSignature,
    }
}

impl From<NotSingle> for Reason {
    fn from(_: NotSingle) -> Self {
        Reason::AttributesInvalid
    }
}

/// content-type and message-digest: mandatory, once, and right (RFC 5652 sections 11.1 and 11.2); signing-time at
/// most once (section 11.3).
fn check_content(attributes: &Attributes, signed: &SignedData, digest: &[u8]) -> Result<(), Reason> {
    let content_type = attributes.single(&oid::CONTENT_TYPE)?.ok_or(Reason::AttributesInvalid)?;
    let content_type = ber::single(content_type).and_then(|value| value.oid());
    if content_type != Ok(signed.content_type) {
        return Err(Reason::AttributesInvalid);
    }
    let message_digest = attributes.single(&oid::MESSAGE_DIGEST)?.ok_or(Reason::AttributesInvalid)?;
    let message_digest = ber::single(message_digest).map_err(|_| Reason::AttributesInvalid)?;
    if message_digest.tag() != ber::OCTET_STRING {
        return Err(Reason::AttributesInvalid);
    }
    attributes.single(&oid::SIGNING_TIME)?;
    if message_digest.octets().map_err(|_| Reason::AttributesInvalid)?.as_ref() != digest {
        return Err(Reason::DigestMismatch);
    }
    Ok(())
}

/// CMSAlgorithmProtection, when present, repeats the algorithms of the SignerInfo (RFC 6211 section 2).
fn check_algorithm_protection(
    attributes: &Attributes,
    digest: &AlgorithmIdentifier<'_>,
    signature: &AlgorithmIdentifier<'_>,
) -> Result<(), Reason> {
    let Some(protection) = attributes.single(&oid::ALGORITHM_PROTECTION)? else { return Ok(()) };
    let agrees = || -> Result<bool, BerError> {
        let mut fields = ber::sequence(protection)?;
        let protected_digest = AlgorithmIdentifier::read(&mut fields)?;
        let protected_signature = AlgorithmIdentifier::from_element(&fields.expect(Tag::context(1))?)?;
        fields.finish()?;
        Ok(protected_digest.is_same(digest) && protected_signature.is_same(signature))
    };
    if agrees() == Ok(true) { Ok(()) } else { Err(Reason::AttributesInvalid) }
}

/// The signature under one certificate; its key when it is right.
fn check_signature(
    signer: &SignerInfo,
    certificate: &Certificate,
    scheme: &SignatureScheme,
    content: SignedContent<'_>,
) -> Result<PublicKey, Reason> {
    let key = PublicKey::from_spki(certificate.public_key_der()).map_err(reason)?;
    let Some(attributes) = &signer.signed else {
        match (content.octets(), scheme.digest()) {
            // Each signer and each certificate that is tried would hash the octets anew.
            (_, Some(digest)) if content.is_hashed() => {
                let hash = content.digest(digest).ok_or(Reason::UnsupportedAlgorithm)?;
                key.verify_digest(scheme, &hash, &signer.signature).map_err(reason)?;
            }
            (Some(octets), _) => key.verify(scheme, octets, &signer.signature).map_err(reason)?,
            (None, _) => return Err(Reason::UnsupportedAlgorithm),
        }
        return Ok(key);
    };
    check_signing_certificate(attributes, certificate)?;
    // RFC 5652 section 5.4 wants the DER encoding signed, whatever was sent; signers that don't sort sign what
    // they send.
    let verified = key.verify(scheme, attributes.set(), &signer.signature).or_else(|error| match attributes
        .sorted_set()
    {
        Some(sorted) => key.verify(scheme, &sorted, &signer.signature),
        None => Err(error),
    });
    verified.map_err(reason)?;
    Ok(key)
}

/// signing-certificate (RFC 2634 section 5.4) and signing-certificate-v2 (RFC 5035 section 3), when present, name
/// this certificate first.
fn check_signing_certificate(attributes: &Attributes, certificate: &Certificate) -> Result<(), Reason> {
    for (kind, default) in [
        (oid::SIGNING_CERTIFICATE, DigestAlgorithm::Sha1),
        (oid::SIGNING_CERTIFICATE_V2, DigestAlgorithm::Sha256),
    ] {
        if let Some(value) = attributes.single(&kind)? {
            let with_algorithm = kind == oid::SIGNING_CERTIFICATE_V2;
            match names_certificate(value, certificate, default, with_algorithm) {
                Ok(true) => {}
                Ok(false) | Err(_) => return Err(Reason::AttributesInvalid),
            }
        }
    }
    Ok(())
}

/// The first ESSCertID or ESSCertIDv2 is the one of `certificate`.
fn names_certificate(
    value: &[u8],
    certificate: &Certificate,
    default: DigestAlgorithm,
    with_algorithm: bool,
) -> Result<bool, BerError> {
    let mut fields = ber::sequence(value)?;
    let mut identifiers = fields.sequence()?;
    let mut identifier = identifiers.sequence()?;
    let digest = if with_algorithm && identifier.peek() == Some(ber::SEQUENCE) {
        let algorithm = AlgorithmIdentifier::read(&mut identifier)?;
        DigestAlgorithm::from_oid(&algorithm.oid()).ok_or(BerError::Value)?
    } else {
        default
    };
    let hash = identifier.expect(ber::OCTET_STRING)?.octets()?;
    let issuer_serial = match identifier.optional(ber::SEQUENCE)? {
        Some(issuer_serial) => Some(read_issuer_serial(issuer_serial.reader()?)?),
        None => None,
    };
    identifier.finish()?;
    Ok(hash.as_ref() == digest.digest(certificate.der())
        && issuer_serial.is_none_or(|issuer_serial| issuer_serial.names(certificate)))
}

/// IssuerSerial (RFC 5035 section 5): the issuer as GeneralNames with one directoryName.
fn read_issuer_serial(mut fields: Reader<'_>) -> Result<IssuerAndSerial, BerError> {
    let mut names = fields.sequence()?;
    let issuer = names.expect(Tag::context(4))?.explicit()?.raw().to_vec();
    names.finish()?;
    let serial = fields.expect(ber::INTEGER)?.integer()?.to_vec();
    Ok(IssuerAndSerial { issuer, serial })
}
