//! SignedData, written.

use super::SignedDataError;
use super::read::signed_data_fields;
use crate::ber::{self, BerError, Element, Tag, write};
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

/// Signed attributes, waiting for the signature over [`bytes_to_sign`](Self::bytes_to_sign).
#[derive(Clone, Debug)]
pub struct PreparedSignature {
    attributes: PreparedAttributes,
    /// `None`: detached.
    content: Option<Vec<u8>>,
}

/// The same without the content, which came as a stream.
#[derive(Clone, Debug)]
pub(super) struct PreparedAttributes {
    to_sign: Vec<u8>,
    algorithm: SignatureAlgorithm,
    signer: Certificate,
    /// Sorted encodings.
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
}

/// Signed attributes: content-type, message-digest, signing-time, signing-certificate-v2 (RFC 5035),
/// CMSAlgorithmProtection (RFC 6211), SMIMECapabilities, SMIMEEncryptionKeyPreference, and the commitment type
/// when asked for.
pub fn prepare(request: &SignRequest<'_>) -> Result<PreparedSignature, SignError> {
    let digest = request.algorithm.digest().digest(request.content);
    Ok(PreparedSignature {
        attributes: PreparedAttributes::new(request, &digest)?,
        content: (!request.detached).then(|| request.content.to_vec()),
    })
}

/// As [`prepare`], for a detached content whose digest (the algorithm's) was taken before; `request.content` and
/// `request.detached` are not looked at.
pub fn prepare_detached(request: &SignRequest<'_>, digest: &[u8]) -> Result<PreparedSignature, SignError> {
    Ok(PreparedSignature { attributes: PreparedAttributes::new(request, digest)?, content: None })
}

impl PreparedSignature {
    /// DER of the signed attributes as SET OF; the signer hashes and signs exactly this.
    pub fn bytes_to_sign(&self) -> &[u8] {
        self.attributes.bytes_to_sign()
    }
    /// The algorithm to sign with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.attributes.algorithm
    }
    /// DER of the ContentInfo with the SignedData. The signature is verified first.
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest_algorithm = self.attributes.algorithm.digest().algorithm_identifier_der();
        let (certificates, signer_infos) = self.attributes.finish(signature)?;
        let content = match &self.content {
            Some(content) => write::context(0, &[&write::octet_string(content)]),
            None => Vec::new(),
        };
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![digest_algorithm]),
            &write::sequence(&[&write::oid(&oid::DATA), &content]),
            &certificates,
            &signer_infos,
        ]);
        Ok(write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]))
    }
}

/// The request can be signed with this certificate.
pub(super) fn check_algorithm(request: &SignRequest<'_>) -> Result<(), SignError> {
    let key = PublicKey::from_spki(request.signer.public_key_der()).map_err(|_| SignError::WrongAlgorithm)?;
    if request.algorithm.fits(key.algorithm()) { Ok(()) } else { Err(SignError::WrongAlgorithm) }
}

impl PreparedAttributes {
    /// For a content with this digest; `request.content` is not looked at.
    pub(super) fn new(request: &SignRequest<'_>, digest: &[u8]) -> Result<Self, SignError> {
        check_algorithm(request)?;
        let mut certificates: Vec<Vec<u8>> = std::iter::once(request.signer)
            .chain(request.certificates)
            .chain(request.encryption_certificate)
            .map(|certificate| certificate.der().to_vec())
            .collect();
        certificates.sort();
        certificates.dedup();
        Ok(PreparedAttributes {
            to_sign: write::set_of(signed_attributes(request, digest)),
            algorithm: request.algorithm,
            signer: request.signer.clone(),
            certificates,
        })
    }

    pub(super) fn bytes_to_sign(&self) -> &[u8] {
        &self.to_sign
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// What follows the content: certificates and the SET OF SignerInfo. The signature is verified first.
    pub(super) fn finish(self, signature: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SignError> {
        PublicKey::from_spki(self.signer.public_key_der())
            .and_then(|key| key.verify(&self.algorithm.scheme(), &self.to_sign, signature))
            .map_err(|_| SignError::WrongKey)?;
        // The same octets under [0] instead of SET OF.
        let mut signed_attributes = self.to_sign;
        if let Some(tag) = signed_attributes.first_mut() {
            *tag = 0xA0;
        }
        let signer_info = write::sequence(&[
            &write::small(1),
            &issuer_and_serial(&self.signer),
            &self.algorithm.digest().algorithm_identifier_der(),
            &signed_attributes,
            &self.algorithm.algorithm_identifier_der(),
            &write::octet_string(signature),
        ]);
        Ok((write::tlv(0xA0, &self.certificates.concat()), write::set_of(vec![signer_info])))
    }
}

/// Adds a time-stamp token (RFC 3161 appendix A) as unsigned attribute to the first SignerInfo.
///
/// Everything else stays octet for octet; only the lengths around the new attribute are written anew.
pub fn add_timestamp(signed: &[u8], token: &[u8]) -> Result<Vec<u8>, SignError> {
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
    let signer_infos = with_attribute(signer_infos, &attribute).map_err(not_signed)?;
    let mut content = Vec::with_capacity(signed.len() + attribute.len());
    before.iter().for_each(|field| content.extend_from_slice(field.raw()));
    content.extend_from_slice(&signer_infos);
    let signed_data = write::tlv(0x30, &content);
    Ok(write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])]))
}

/// The SET OF SignerInfo, with `attribute` added to the unsigned attributes of the first one.
fn with_attribute(signer_infos: &Element<'_>, attribute: &[u8]) -> Result<Vec<u8>, BerError> {
    if signer_infos.tag() != ber::SET {
        return Err(BerError::Unexpected);
    }
    let mut infos = signer_infos.reader()?;
    let first = infos.expect(ber::SEQUENCE)?;
    let (mut fields, mut kept, mut unsigned) = (first.reader()?, Vec::new(), Vec::new());
    while !fields.is_empty() {
        let field = fields.any()?;
        if field.tag() == Tag::context(1) {
            unsigned.extend_from_slice(field.content());
        } else {
            kept.extend_from_slice(field.raw());
        }
    }
    unsigned.extend_from_slice(attribute);
    let first = write::sequence(&[&kept, &write::tlv(0xA1, &unsigned)]);
    Ok(write::tlv(0x31, &[&first, infos.rest()].concat()))
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
        attribute(&oid::SMIME_CAPABILITIES, capabilities()),
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

/// What we decrypt, best first (RFC 8551 section 2.5.2): content ciphers, RSAES-OAEP with SHA-256 (RFC 3560
/// section 5), ephemeral-static ECDH with AES-256 key wrap (RFC 5753 section 7.1).
fn capabilities() -> Vec<u8> {
    let sha256 = write::algorithm(&oid::SHA256, &write::null());
    let oaep = write::sequence(&[
        &write::context(0, &[&sha256]),
        &write::context(1, &[&write::algorithm(&oid::MGF1, &sha256)]),
    ]);
    write::sequence(&[
        &write::algorithm(&oid::AES256_GCM, &[]),
        &write::algorithm(&oid::AES128_GCM, &[]),
        &write::algorithm(&oid::AES256_CBC, &[]),
        &write::algorithm(&oid::AES128_CBC, &[]),
        &write::algorithm(&oid::RSA_OAEP, &oaep),
        &write::algorithm(&oid::ECDH_SHA256KDF, &write::algorithm(&oid::AES256_WRAP, &[])),
    ])
}
