//! SignedData (RFC 5652 section 5), written and read.
//!
//! Signing takes two steps, because the key may live in hardware that hashes itself and asks for a finger:
//! [`prepare`] → [`PreparedSignature::bytes_to_sign`] → [`PreparedSignature::finish`], and likewise with
//! [`prepare_all`] for several signers of one content. A content that streams goes through [`SigningWriter`] and [`SignedStream`], with the same attributes and the same checks.

mod attributes;
mod content;
mod create;
mod read;
mod stream;
mod verify;

use const_oid::ObjectIdentifier;

pub use content::{ContentDigests, ContentHasher, SignedContent};
pub(crate) use create::issuer_and_serial;
pub use create::{
    PreparedSignature, PreparedSignatures, PreparedSigner, SignError, SignRequest, add_timestamp, prepare,
    prepare_all, prepare_all_detached, prepare_detached,
};
pub use stream::{NotProven, SignedStream, SigningWriter, StreamedSignature};
pub(crate) use verify::verify_content;
pub use verify::{VerifiedSigner, fitting_signers, right_signers, verify_signer};

use crate::ber;
use crate::capabilities::Capabilities;
use crate::certificate::Certificate;
use crate::key::{self, AlgorithmIdentifier};
use crate::oid;
use crate::time::UnixTime;
use attributes::Attributes;

/// Limit of SignerInfos in one message.
pub const MAX_SIGNERS: usize = 32;
/// Limit of certificates in one message.
pub const MAX_CERTIFICATES: usize = 256;
/// Limit of CRLs and OCSP answers in one message.
pub const MAX_REVOCATIONS: usize = 64;
/// Limit of attributes of one signer, signed and unsigned ones counted separately.
pub const MAX_ATTRIBUTES: usize = 64;

/// Limit of certificates that are tried for one signer: several may have the same issuer and serial number, or key
/// identifier, when somebody means harm.
pub const MAX_CANDIDATES: usize = 8;

/// A SignedData as received, BER or DER.
#[derive(Clone, Debug)]
pub struct SignedData {
    content: Encapsulated,
    content_type: ObjectIdentifier,
    certificates: Vec<Certificate>,
    revocations: Box<Revocations>,
    signers: Vec<SignerInfo>,
}

/// RevocationInfoChoices as received (RFC 5652 section 10.2.1, RFC 5940).
#[derive(Clone, Debug, Default)]
struct Revocations {
    crls: Vec<Vec<u8>>,
    ocsp_responses: Vec<Vec<u8>>,
}

/// The eContent.
#[derive(Clone, Debug)]
enum Encapsulated {
    /// Detached.
    None,
    Octets(Vec<u8>),
    /// It was read as a stream and is not kept.
    Streamed(ContentDigests),
}

/// The bytes could not be read as SignedData.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedDataError {
    /// Not BER, not ContentInfo, or the structure is broken.
    #[error("the signed message is malformed")]
    Malformed,
    /// ContentInfo of another type.
    #[error("not a signed message")]
    NotSignedData,
    /// More signers, certificates or attributes than the limits of this module.
    #[error("the signed message exceeds the limit of {0}")]
    Limit(&'static str),
}

impl SignedData {
    /// Reads a ContentInfo (DER, BER or the `-stream` output of OpenSSL). Nothing may follow it.
    pub fn parse(ber: &[u8]) -> Result<Self, SignedDataError> {
        read::parse(ber)
    }
    /// The encapsulated content with constructed strings joined; `None` when detached.
    ///
    /// Content of PKCS#7 that is no OCTET STRING is given without its tag and length: what is digested
    /// (RFC 5652 section 5.2.1). `None` as well when it was read as a stream.
    pub fn content(&self) -> Option<&[u8]> {
        match &self.content {
            Encapsulated::Octets(content) => Some(content),
            Encapsulated::None | Encapsulated::Streamed(_) => None,
        }
    }
    /// What is known of the encapsulated content; `None` when detached.
    pub fn encapsulated(&self) -> Option<SignedContent<'_>> {
        match &self.content {
            Encapsulated::None => None,
            Encapsulated::Octets(content) => Some(SignedContent::Octets(content)),
            Encapsulated::Streamed(digests) => Some(SignedContent::Digests(digests)),
        }
    }
    /// eContentType.
    pub fn content_type(&self) -> ObjectIdentifier {
        self.content_type
    }
    /// The certificates that could be read, in order; unreadable ones are left out.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
    /// The CRLs, in order, each a CertificateList as received. Nothing in them was checked.
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.revocations.crls
    }
    /// The OCSP answers (RFC 5940), in order, each an OCSPResponse as received. Nothing in them was checked.
    pub fn ocsp_responses(&self) -> &[Vec<u8>] {
        &self.revocations.ocsp_responses
    }
    /// The signers, in order.
    pub fn signers(&self) -> &[SignerInfo] {
        &self.signers
    }
}

/// One SignerInfo; the raw signed attributes are kept as received.
#[derive(Clone, Debug)]
pub struct SignerInfo {
    identifier: SignerIdentifier,
    /// DER or BER of the AlgorithmIdentifier.
    digest_algorithm: Vec<u8>,
    /// DER or BER of the AlgorithmIdentifier.
    signature_algorithm: Vec<u8>,
    signed: Option<Attributes>,
    unsigned: Option<Attributes>,
    signature: Vec<u8>,
}

/// How a SignerInfo names its certificate (RFC 5652 section 5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
enum SignerIdentifier {
    IssuerAndSerial(IssuerAndSerial),
    KeyIdentifier(Vec<u8>),
}

/// IssuerAndSerialNumber: the issuer's Name and the content octets of the serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuerAndSerial {
    pub(crate) issuer: Vec<u8>,
    pub(crate) serial: Vec<u8>,
}

impl IssuerAndSerial {
    /// Reads the two fields.
    pub(crate) fn read(mut fields: ber::Reader<'_>) -> Result<Self, ber::BerError> {
        let issuer = fields.expect(ber::SEQUENCE)?.raw().to_vec();
        let serial = fields.expect(ber::INTEGER)?.integer()?.to_vec();
        fields.finish()?;
        Ok(IssuerAndSerial { issuer, serial })
    }

    /// It names this certificate.
    pub(crate) fn names(&self, certificate: &Certificate) -> bool {
        certificate.issuer_der() == self.issuer && certificate.serial() == self.serial
    }
}

/// `identifier` is the certificate's SubjectKeyIdentifier, or, when it has none, one computed from its key.
pub(crate) fn key_identifier_names(identifier: &[u8], certificate: &Certificate) -> bool {
    match certificate.subject_key_identifier() {
        Some(own) => own == identifier,
        None => key_identifier_fits(identifier, certificate.public_key_der()),
    }
}

/// `identifier` is computed from this SubjectPublicKeyInfo by RFC 5280 method 1 (SHA-1) or RFC 7093 method 1.
pub(crate) fn key_identifier_fits(identifier: &[u8], spki: &[u8]) -> bool {
    identifier == key::key_identifier(spki)
        || key::public_key_bits(spki)
            .is_some_and(|bits| key::DigestAlgorithm::Sha1.digest(bits) == identifier)
}

impl SignerInfo {
    /// The signature octets: what a time-stamp token stamps.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
    /// The signed attributes as SET OF, in the order received: what was signed.
    pub fn signed_attributes_der(&self) -> Option<&[u8]> {
        self.signed.as_ref().map(Attributes::set)
    }
    /// The digest over the content; `None` for unknown ones.
    pub fn digest_algorithm(&self) -> Option<key::DigestAlgorithm> {
        let element = ber::single(&self.digest_algorithm).ok()?;
        key::DigestAlgorithm::from_oid(&AlgorithmIdentifier::from_element(&element).ok()?.oid())
    }
    /// The certificates among `certificates` that the SignerIdentifier names.
    pub fn named_certificates<'a>(
        &'a self,
        certificates: impl Iterator<Item = &'a Certificate> + 'a,
    ) -> impl Iterator<Item = &'a Certificate> + 'a {
        certificates.filter(|certificate| match &self.identifier {
            SignerIdentifier::IssuerAndSerial(name) => name.names(certificate),
            SignerIdentifier::KeyIdentifier(identifier) => key_identifier_names(identifier, certificate),
        })
    }
    /// The value of a signed attribute that is there once, with one value.
    pub fn signed_attribute(&self, attribute: &ObjectIdentifier) -> Option<&[u8]> {
        self.signed.as_ref()?.single(attribute).ok()?
    }
    /// The claimed signing time.
    pub fn signing_time(&self) -> Option<UnixTime> {
        ber::single(self.signed_attribute(&oid::SIGNING_TIME)?).ok()?.time().ok()
    }
    /// The time-stamp token in the unsigned attributes (first one).
    pub fn timestamp_token(&self) -> Option<&[u8]> {
        self.unsigned.as_ref()?.values(&oid::TIME_STAMP_TOKEN).next()
    }
    /// The commitment type proofOfApproval is signed.
    pub fn is_proof_of_approval(&self) -> bool {
        let commitment = |value: &[u8]| ber::sequence(value)?.oid();
        self.signed
            .iter()
            .flat_map(|signed| signed.values(&oid::COMMITMENT_TYPE))
            .any(|value| commitment(value).is_ok_and(|commitment| commitment == oid::PROOF_OF_APPROVAL))
    }
    /// The signed SMIMECapabilities (RFC 8551 section 2.5.2); `None` when absent, double or malformed.
    pub fn capabilities(&self) -> Option<Capabilities> {
        Capabilities::read(self.signed_attribute(&oid::SMIME_CAPABILITIES)?).ok()
    }
    /// The certificate named in SMIMEEncryptionKeyPreference (RFC 8551 section 2.5.3), found among `certificates`.
    pub fn encryption_certificate<'a>(&self, certificates: &'a [Certificate]) -> Option<&'a Certificate> {
        let preference = ber::single(self.signed_attribute(&oid::ENCRYPTION_KEY_PREFERENCE)?).ok()?;
        if preference.tag() == ber::Tag::context(0) {
            let name = IssuerAndSerial::read(preference.reader().ok()?).ok()?;
            return certificates.iter().find(|certificate| name.names(certificate));
        }
        let identifier = if preference.tag() == ber::Tag::context(1) {
            preference.reader().ok()?.expect(ber::OCTET_STRING).ok()?.octets().ok()?
        } else if preference.tag() == ber::Tag::context(2) {
            preference.octets().ok()?
        } else {
            return None;
        };
        certificates.iter().find(|certificate| key_identifier_names(&identifier, certificate))
    }
}
