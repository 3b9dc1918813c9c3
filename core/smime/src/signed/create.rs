//! SignedData, written.

use std::collections::BTreeSet;

use super::content::{ContentDigests, SignedContent};
use super::read::signed_data_fields;
use super::{MAX_SIGNERS, SignedDataError};
use crate::ber::{self, BerError, Element, Tag, write};
use crate::capabilities::Capabilities;
use crate::certificate::Certificate;
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::oid;
use crate::time::UnixTime;

/// What is signed, by whom, with which attributes.
#[derive(Clone, Debug)]
pub struct SignRequest<'a> {
    /// The octets that are signed (eContent; for mail a MIME entity with CRLF line ends).
    pub content: &'a [u8],
    /// Leave the content out of the SignedData (multipart/signed).
    pub detached: bool,
    /// The signing certificate.
    pub signer: &'a Certificate,
    /// Further certificates to carry: chain, root, encryption certificate. The signer's is always carried, duplicates once.
    pub certificates: &'a [Certificate],
    /// How the key signs.
    pub algorithm: SignatureAlgorithm,
    /// Claimed signing time.
    pub signing_time: UnixTime,
    /// Named in SMIMEEncryptionKeyPreference (RFC 8551 section 2.5.3); carried, whether it is in `certificates` or not.
    pub encryption_certificate: Option<&'a Certificate>,
    /// Add the commitment type proofOfApproval (RFC 5126 section 5.11.1).
    pub proof_of_approval: bool,
}

/// A message by one signer, waiting for the signature over [`bytes_to_sign`](Self::bytes_to_sign).
#[derive(Clone, Debug)]
pub struct PreparedSignature {
    signer: PreparedSigner,
    /// `None`: detached.
    content: Option<Vec<u8>>,
}

/// A message by several signers, waiting for the signature of each of [`signers`](Self::signers).
#[derive(Clone, Debug)]
pub struct PreparedSignatures {
    signers: Vec<PreparedSigner>,
    /// `None`: detached.
    content: Option<Vec<u8>>,
}

/// The signed attributes of one signer, waiting for the signature over [`bytes_to_sign`](Self::bytes_to_sign).
#[derive(Clone, Debug)]
pub struct PreparedSigner {
    to_sign: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signer: Certificate,
    /// DER of the certificates to carry.
    certificates: Vec<Vec<u8>>,
}

/// The SignedData could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The certificate's key does not fit the signature algorithm.
    #[error("the certificate's key does not fit the signature algorithm")]
    WrongAlgorithm,
    /// The signature does not verify under the certificate: another key signed.
    #[error("the signature was not made by the certificate's key")]
    WrongKey,
    /// The input is not SignedData.
    #[error("not a signed message")]
    NotSigned,
    /// No signer, more than [`MAX_SIGNERS`], another number of signatures than of signers, or no signer of this number.
    #[error("the number of signers or signatures is wrong")]
    WrongNumber,
}

/// Signed attributes: content-type, message-digest, signing-time, signing-certificate-v2 (RFC 5035),
/// CMSAlgorithmProtection (RFC 6211), SMIMECapabilities, SMIMEEncryptionKeyPreference, and the commitment type
/// when asked for.
pub fn prepare(request: &SignRequest<'_>) -> Result<PreparedSignature, SignError> {
    let digest = request.algorithm.digest().digest(request.content);
    Ok(PreparedSignature {
        signer: PreparedSigner::new(request, &digest)?,
        content: (!request.detached).then(|| request.content.to_vec()),
    })
}

/// As [`prepare`], for a detached content whose digest (the algorithm's) was taken before; `request.content` and
/// `request.detached` are not looked at.
pub fn prepare_detached(request: &SignRequest<'_>, digest: &[u8]) -> Result<PreparedSignature, SignError> {
    Ok(PreparedSignature { signer: PreparedSigner::new(request, digest)?, content: None })
}

/// As [`prepare`], by several signers over one content. The content of the requests and whether they are detached is
/// not looked at: `content` is signed by all, and left out with `detached`.
pub fn prepare_all(
    requests: &[SignRequest<'_>],
    content: &[u8],
    detached: bool,
) -> Result<PreparedSignatures, SignError> {
    let signers = prepare_signers(requests, SignedContent::Octets(content))?;
    Ok(PreparedSignatures { signers, content: (!detached).then(|| content.to_vec()) })
}

/// As [`prepare_all`], for a detached content that went by. [`SignError::WrongAlgorithm`] when the digest of a signer
/// was not taken.
pub fn prepare_all_detached(
    requests: &[SignRequest<'_>],
    content: &ContentDigests,
) -> Result<PreparedSignatures, SignError> {
    let signers = prepare_signers(requests, SignedContent::Digests(content))?;
    Ok(PreparedSignatures { signers, content: None })
}

/// The attributes of each signer over one content.
pub(super) fn prepare_signers(
    requests: &[SignRequest<'_>],
    content: SignedContent<'_>,
) -> Result<Vec<PreparedSigner>, SignError> {
    if requests.is_empty() || requests.len() > MAX_SIGNERS {
        return Err(SignError::WrongNumber);
    }
    requests
        .iter()
        .map(|request| {
            let digest = content.digest(request.algorithm.digest()).ok_or(SignError::WrongAlgorithm)?;
            PreparedSigner::new(request, &digest)
        })
        .collect()
}

impl PreparedSignature {
    /// DER of the signed attributes as SET OF; the signer hashes and signs exactly this.
    pub fn bytes_to_sign(&self) -> &[u8] {
        self.signer.bytes_to_sign()
    }
    /// The algorithm to sign with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.signer.algorithm
    }
    /// DER of the ContentInfo with the SignedData. The signature is verified first.
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let signatures = PreparedSignatures { signers: vec![self.signer], content: self.content };
        signatures.finish(&[signature])
    }
}

impl PreparedSignatures {
    /// The signers, in the order of the requests.
    pub fn signers(&self) -> &[PreparedSigner] {
        &self.signers
    }
    /// DER of the ContentInfo with the SignedData. `signatures` stand in the order of the signers; each is verified
    /// first.
    pub fn finish<S: AsRef<[u8]>>(self, signatures: &[S]) -> Result<Vec<u8>, SignError> {
        let digest_algorithms = digest_algorithms(self.signers.iter().map(|signer| signer.algorithm));
        let tail = finish_signers(self.signers, signatures)?;
        let content = match &self.content {
            Some(content) => write::context(0, &[&write::octet_string(content)]),
            None => Vec::new(),
        };
        let signed_data = write::sequence(&[
            &write::small(1),
            &digest_algorithms,
            &write::sequence(&[&write::oid(&oid::DATA), &content]),
            &tail,
        ]);
        Ok(write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]))
    }
}

/// The digestAlgorithms of a message: each once.
pub(super) fn digest_algorithms(algorithms: impl Iterator<Item = SignatureAlgorithm>) -> Vec<u8> {
    let digests: BTreeSet<_> =
        algorithms.map(|algorithm| algorithm.digest().algorithm_identifier_der()).collect();
    write::set_of(digests.into_iter().collect())
}

/// What follows the content: certificates, each once, and the SET OF SignerInfo. Each signature is verified first.
pub(super) fn finish_signers<S: AsRef<[u8]>>(
    signers: Vec<PreparedSigner>,
    signatures: &[S],
) -> Result<Vec<u8>, SignError> {
    if signers.len() != signatures.len() {
        return Err(SignError::WrongNumber);
    }
    let (mut certificates, mut infos) = (BTreeSet::new(), Vec::with_capacity(signers.len()));
    for (signer, signature) in signers.into_iter().zip(signatures) {
        certificates.extend(signer.certificates.iter().cloned());
        infos.push(signer.signer_info(signature.as_ref())?);
    }
    let certificates: Vec<Vec<u8>> = certificates.into_iter().collect();
    Ok([write::tlv(0xA0, &certificates.concat()), write::set_of(infos)].concat())
}

/// The request can be signed with this certificate.
pub(super) fn check_algorithm(request: &SignRequest<'_>) -> Result<(), SignError> {
    let key = PublicKey::from_spki(request.signer.public_key_der()).map_err(|_| SignError::WrongAlgorithm)?;
    if request.algorithm.fits(key.algorithm()) { Ok(()) } else { Err(SignError::WrongAlgorithm) }
}

impl PreparedSigner {
    /// For a content with this digest; `request.content` is not looked at.
    fn new(request: &SignRequest<'_>, digest: &[u8]) -> Result<Self, SignError> {
        check_algorithm(request)?;
        let certificates = std::iter::once(request.signer)
            .chain(request.certificates)
            .chain(request.encryption_certificate)
            .map(|certificate| certificate.der().to_vec())
            .collect();
        Ok(PreparedSigner {
            to_sign: write::set_of(signed_attributes(request, digest)),
            algorithm: request.algorithm,
            signer: request.signer.clone(),
            certificates,
        })
    }

    /// DER of the signed attributes as SET OF; the signer hashes and signs exactly this.
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.to_sign
    }

    /// The algorithm to sign with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The certificate of the key that signs.
    pub fn certificate(&self) -> &Certificate {
        &self.signer
    }

    /// The SignerInfo. The signature is verified first.
    fn signer_info(self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        PublicKey::from_spki(self.signer.public_key_der())
            .and_then(|key| key.verify(&self.algorithm.scheme(), &self.to_sign, signature))
            .map_err(|_| SignError::WrongKey)?;
        // The same octets under [0] instead of SET OF.
        let mut signed_attributes = self.to_sign;
        if let Some(tag) = signed_attributes.first_mut() {
            *tag = 0xA0;
        }
        Ok(write::sequence(&[
            &write::small(1),
            &issuer_and_serial(&self.signer),
            &self.algorithm.digest().algorithm_identifier_der(),
            &signed_attributes,
            &self.algorithm.algorithm_identifier_der(),
            &write::octet_string(signature),
        ]))
    }
}

/// Adds a time-stamp token (RFC 3161 appendix A) over the signature of `signer` as unsigned attribute to its SignerInfo.
/// `signer` counts as [`SignedData::signers`](super::SignedData::signers) does: the SET OF has an order of its own, which is
/// not that in which the signers were prepared. [`SignError::WrongNumber`] when there is no such signer.
///
/// Everything else stays octet for octet and in its place; only the lengths around the new attribute are written anew.
pub fn add_timestamp(signed: &[u8], signer: usize, token: &[u8]) -> Result<Vec<u8>, SignError> {
    let not_signed = |_| SignError::NotSigned;
    ber::single(token).map_err(not_signed)?;
    let attribute =
        write::sequence(&[&write::oid(&oid::TIME_STAMP_TOKEN), &write::set_of(vec![token.to_vec()])]);
    let mut rest = signed_data_fields(signed).map_err(|_: SignedDataError| SignError::NotSigned)?;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        fields.push(rest.any().map_err(not_signed)?);
    }
    let Some((signer_infos, before)) = fields.split_last() else { return Err(SignError::NotSigned) };
    let signer_infos = with_attribute(signer_infos, signer, &attribute)
        .map_err(not_signed)?
        .ok_or(SignError::WrongNumber)?;
    let mut content = Vec::with_capacity(signed.len() + attribute.len());
    before.iter().for_each(|field| content.extend_from_slice(field.raw()));
    content.extend_from_slice(&signer_infos);
    let signed_data = write::tlv(0x30, &content);
    Ok(write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]))
}

/// The SET OF SignerInfo, with `attribute` added to the unsigned attributes of one; `None` when it is not there.
fn with_attribute(
    signer_infos: &Element<'_>,
    signer: usize,
    attribute: &[u8],
) -> Result<Option<Vec<u8>>, BerError> {
    if signer_infos.tag() != ber::SET {
        return Err(BerError::Unexpected);
    }
    let mut infos = signer_infos.reader()?;
    let mut before = Vec::new();
    for _ in 0..signer {
        if infos.is_empty() {
            return Ok(None);
        }
        before.extend_from_slice(infos.expect(ber::SEQUENCE)?.raw());
    }
    if infos.is_empty() {
        return Ok(None);
    }
    let stamped = infos.expect(ber::SEQUENCE)?;
    let (mut fields, mut kept, mut unsigned) = (stamped.reader()?, Vec::new(), Vec::new());
    while !fields.is_empty() {
        let field = fields.any()?;
        if field.tag() == Tag::context(1) {
            unsigned.extend_from_slice(field.content());
        } else {
            kept.extend_from_slice(field.raw());
        }
    }
    unsigned.extend_from_slice(attribute);
    let stamped = write::sequence(&[&kept, &write::tlv(0xA1, &unsigned)]);
    Ok(Some(write::tlv(0x31, &[&before, &stamped, infos.rest()].concat())))
}

/// IssuerAndSerialNumber of a certificate.
pub(crate) fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    write::sequence(&[certificate.issuer_der(), &write::integer(certificate.serial())])
}

fn signed_attributes(request: &SignRequest<'_>, digest_of_content: &[u8]) -> Vec<Vec<u8>> {
    let attribute = |kind, value: Vec<u8>| write::sequence(&[&write::oid(kind), &write::set_of(vec![value])]);
    let digest = request.algorithm.digest();
    // ESSCertIDv2 with the default hash algorithm SHA-256 and no issuerSerial (RFC 5035 section 4).
    let certificate_id = write::sequence(&[&write::octet_string(request.signer.fingerprint().as_bytes())]);
    let signature_algorithm = request.algorithm.algorithm_identifier_der();
    let mut attributes = vec![
        attribute(&oid::CONTENT_TYPE, write::oid(&oid::DATA)),
        attribute(&oid::MESSAGE_DIGEST, write::octet_string(digest_of_content)),
        attribute(&oid::SIGNING_TIME, write::time(request.signing_time)),
        attribute(&oid::SIGNING_CERTIFICATE_V2, write::sequence(&[&write::sequence(&[&certificate_id])])),
        attribute(
            &oid::ALGORITHM_PROTECTION,
            write::sequence(&[&digest.algorithm_identifier_der(), &implicit(1, &signature_algorithm)]),
        ),
        attribute(&oid::SMIME_CAPABILITIES, Capabilities::ours().to_der()),
    ];
    if let Some(certificate) = request.encryption_certificate {
        let preference = implicit(0, &issuer_and_serial(certificate));
        attributes.push(attribute(&oid::ENCRYPTION_KEY_PREFERENCE, preference));
    }
    if request.proof_of_approval {
        let commitment = write::sequence(&[&write::oid(&oid::PROOF_OF_APPROVAL)]);
        attributes.push(attribute(&oid::COMMITMENT_TYPE, commitment));
    }
    attributes
}

/// A SEQUENCE under `[number] IMPLICIT`.
fn implicit(number: u8, sequence: &[u8]) -> Vec<u8> {
    let mut tagged = sequence.to_vec();
    if let Some(tag) = tagged.first_mut() {
        *tag = 0xA0 | number;
    }
    tagged
}
