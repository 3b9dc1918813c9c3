//! OCSP answers (RFC 6960), and the request that asks for one.
//!
//! Reading says what stands in an answer. Whether its responder may say it is decided in
//! [`revocation`](crate::revocation).

mod request;

use std::sync::Arc;

use sha1::{Digest, Sha1};

use crate::asn1::{self, Reader, context, context_constructed};
use crate::certificate::extensions::for_each_extension;
use crate::certificate::{Certificate, name};
use crate::crl::CrlReason;
use crate::issued::{Issued, IssuerSignature, Parts};
use crate::key::DigestAlgorithm;
use crate::oid;
use crate::time::UnixTime;
pub use request::{OcspRequest, RequestedCertificate};

/// The largest answer that is read, in octets.
pub const MAX_OCSP_OCTETS: usize = 1 << 20;
/// At most this many certificates of one answer are looked at.
pub const MAX_RESPONDER_CERTIFICATES: usize = 16;

/// A successful answer with a BasicOCSPResponse: the received DER and what was read from it. Cheap to clone.
#[derive(Clone)]
pub struct OcspResponse {
    fields: Arc<Fields>,
}

struct Fields {
    issued: Issued,
    responder: Responder,
    produced_at: UnixTime,
    responses: Vec<SingleResponse>,
    certificates: Vec<Certificate>,
    /// Another version, or a critical extension that is not known here.
    unsupported: bool,
}

/// Who answers.
enum Responder {
    /// Comparable.
    Name(Vec<u8>),
    /// SHA-1 of the key's BIT STRING content.
    KeyHash(Vec<u8>),
}

/// What is said of one certificate (RFC 6960 section 4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleResponse {
    certificate: RequestedCertificate,
    /// The status.
    pub status: OcspStatus,
    /// thisUpdate.
    pub this_update: UnixTime,
    /// nextUpdate.
    pub next_update: Option<UnixTime>,
    /// Statuses of certificates that ended before this time are not kept (archive cutoff).
    pub(crate) archive_cutoff: Option<UnixTime>,
    pub(crate) unsupported: bool,
}

/// CertStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// Not revoked.
    Good,
    /// Revoked, or on hold.
    Revoked {
        /// revocationTime.
        at: UnixTime,
        /// revocationReason.
        reason: Option<CrlReason>,
    },
    /// The responder does not know this certificate.
    Unknown,
}

/// Why octets are no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// Not DER, not the structure of RFC 6960 section 4.2.1, or an answer of an unknown kind.
    #[error("the OCSP answer is malformed")]
    Malformed,
    /// The responder gives no status (OCSPResponseStatus: 1 malformedRequest, 2 internalError, 3 tryLater, 5 sigRequired,
    /// 6 unauthorized).
    #[error("the OCSP responder refused to answer (status {0})")]
    Unsuccessful(u8),
    /// Larger than [`MAX_OCSP_OCTETS`].
    #[error("the OCSP answer exceeds the limit of 1 MiB")]
    Limit,
}

impl OcspResponse {
    /// Reads one DER answer; nothing may follow.
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_OCSP_OCTETS {
            return Err(OcspError::Limit);
        }
        let basic = basic_response(der)?;
        let fields = Fields::read(der, basic).ok_or(OcspError::Malformed)?;
        Ok(OcspResponse { fields: Arc::new(fields) })
    }

    /// The octets as received.
    pub fn der(&self) -> &[u8] {
        self.fields.issued.der()
    }

    /// producedAt.
    pub fn produced_at(&self) -> UnixTime {
        self.fields.produced_at
    }

    /// What is said of each certificate.
    pub fn responses(&self) -> &[SingleResponse] {
        &self.fields.responses
    }

    /// Certificates that help finding the responder; any may stand here.
    pub fn certificates(&self) -> &[Certificate] {
        &self.fields.certificates
    }

    /// Everything in it is understood: version 1, no unknown critical extension.
    pub fn is_usable(&self) -> bool {
        !self.fields.unsupported
    }

    /// The answer's signature verifies under this key (nothing else is checked).
    pub fn is_signed_by(&self, responder: &Certificate) -> bool {
        self.responder_signature(responder) == IssuerSignature::Right
    }

    pub(crate) fn responder_signature(&self, responder: &Certificate) -> IssuerSignature {
        self.fields.issued.signature_under(responder)
    }

    /// It is signed with SHA-1.
    pub(crate) fn has_weak_signature_digest(&self) -> bool {
        self.fields.issued.has_weak_digest()
    }

    /// ResponderID names this certificate.
    pub(crate) fn names_responder(&self, certificate: &Certificate) -> bool {
        match &self.fields.responder {
            Responder::Name(comparable) => certificate.subject_comparable() == comparable.as_slice(),
            Responder::KeyHash(hash) => {
                key_octets(certificate).is_some_and(|key| Sha1::digest(key).as_slice() == hash.as_slice())
            }
        }
    }
}

impl SingleResponse {
    /// Content octets of the serial number INTEGER.
    pub fn serial(&self) -> &[u8] {
        &self.certificate.serial
    }

    /// The digest that names the certificate; `None` when it is not computed here.
    pub fn digest(&self) -> Option<DigestAlgorithm> {
        self.certificate.digest
    }

    /// It is about `certificate`, which `issuer` issued.
    pub fn is_about(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        self.certificate.is(certificate, issuer)
    }
}

/// The octets of the subjectPublicKey, which key hashes are taken over.
fn key_octets(certificate: &Certificate) -> Option<&[u8]> {
    let mut fields = Reader::new(asn1::only(certificate.public_key_der(), asn1::SEQUENCE)?);
    fields.take(asn1::SEQUENCE)?;
    asn1::bit_string_octets(fields.take(asn1::BIT_STRING)?)
}

/// The DER of the BasicOCSPResponse in a successful answer.
fn basic_response(der: &[u8]) -> Result<&[u8], OcspError> {
    let read = || {
        let mut outer = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let status = match outer.take(asn1::ENUMERATED)? {
            [status @ (0..=3 | 5 | 6)] => *status,
            _ => return None,
        };
        let bytes = outer.take_optional(context_constructed(0))?;
        outer.end()?;
        Some((status, bytes))
    };
    let (status, bytes) = read().ok_or(OcspError::Malformed)?;
    if status != 0 {
        return Err(OcspError::Unsuccessful(status));
    }
    let basic = bytes.and_then(|bytes| {
        let mut fields = Reader::new(asn1::only(bytes, asn1::SEQUENCE)?);
        let kind = asn1::object_identifier(fields.take(asn1::OBJECT_IDENTIFIER)?)?;
        let basic = fields.take(asn1::OCTET_STRING)?;
        fields.end()?;
        (kind == oid::OCSP_BASIC).then_some(basic)
    });
    basic.ok_or(OcspError::Malformed)
}

impl Fields {
    fn read(der: &[u8], basic: &[u8]) -> Option<Fields> {
        let mut outer = Reader::new(asn1::only(basic, asn1::SEQUENCE)?);
        let parts = Parts::read(&mut outer)?;
        let certificates = match outer.take_optional(context_constructed(0))? {
            Some(list) => read_certificates(asn1::only(list, asn1::SEQUENCE)?)?,
            None => Vec::new(),
        };
        outer.end()?;

        let mut inner = Reader::new(parts.tbs.content);
        let mut unsupported = match inner.take_optional(context_constructed(0))? {
            Some(version) => asn1::small_integer(asn1::only(version, asn1::INTEGER)?)? != 0,
            None => false,
        };
        let responder = read_responder(&inner.element()?)?;
        let produced_at = UnixTime::from_secs(asn1::time(&inner.element()?)?);
        let mut list = inner.enter(asn1::SEQUENCE)?;
        let mut responses = Vec::new();
        while !list.is_empty() {
            responses.push(SingleResponse::read(list.enter(asn1::SEQUENCE)?)?);
        }
        if let Some(extensions) = inner.take_optional(context_constructed(1))? {
            for_each_extension(asn1::only(extensions, asn1::SEQUENCE)?, |identifier, critical, _| {
                let known = matches!(identifier, Some(oid::OCSP_NONCE));
                unsupported |= identifier.is_none() || (critical && !known);
            })?;
        }
        inner.end()?;
        Some(Fields {
            issued: parts.keep(der)?,
            responder,
            produced_at,
            responses,
            certificates,
            unsupported,
        })
    }
}

/// Certificates that can't be read don't spoil the answer.
fn read_certificates(content: &[u8]) -> Option<Vec<Certificate>> {
    let mut reader = Reader::new(content);
    let mut certificates = Vec::new();
    while !reader.is_empty() {
        let der = reader.element()?.whole;
        if certificates.len() < MAX_RESPONDER_CERTIFICATES {
            certificates.extend(Certificate::from_der(der));
        }
    }
    Some(certificates)
}

fn read_responder(element: &asn1::Element<'_>) -> Option<Responder> {
    if element.tag == context_constructed(1) {
        return name::comparable(element.content).map(|rdns| Responder::Name(rdns.concat()));
    }
    if element.tag == context_constructed(2) {
        let hash = asn1::only(element.content, asn1::OCTET_STRING)?;
        return Some(Responder::KeyHash(hash.to_vec()));
    }
    None
}

impl SingleResponse {
    fn read(mut fields: Reader<'_>) -> Option<Self> {
        let certificate = RequestedCertificate::read(fields.enter(asn1::SEQUENCE)?)?;
        let status = read_status(&fields.element()?)?;
        let this_update = UnixTime::from_secs(asn1::time(&fields.element()?)?);
        let next_update = match fields.take_optional(context_constructed(0))? {
            Some(time) => Some(UnixTime::from_secs(asn1::time(&Reader::new(time).element()?)?)),
            None => None,
        };
        let (mut archive_cutoff, mut unsupported) = (None, false);
        if let Some(extensions) = fields.take_optional(context_constructed(1))? {
            for_each_extension(asn1::only(extensions, asn1::SEQUENCE)?, |identifier, critical, value| {
                match identifier {
                    Some(oid::OCSP_ARCHIVE_CUTOFF) => {
                        let time = Reader::new(value).element().and_then(|time| asn1::time(&time));
                        archive_cutoff = time.map(UnixTime::from_secs);
                        unsupported |= archive_cutoff.is_none();
                    }
                    // Where the list lies that the answer was made from: nothing follows from it.
                    Some(oid::OCSP_CRL) => {}
                    Some(_) => unsupported |= critical,
                    None => unsupported = true,
                }
            })?;
        }
        fields.end()?;
        Some(SingleResponse { certificate, status, this_update, next_update, archive_cutoff, unsupported })
    }
}

fn read_status(element: &asn1::Element<'_>) -> Option<OcspStatus> {
    if element.tag == context(0) {
        return element.content.is_empty().then_some(OcspStatus::Good);
    }
    if element.tag == context(2) {
        return element.content.is_empty().then_some(OcspStatus::Unknown);
    }
    if element.tag != context_constructed(1) {
        return None;
    }
    let mut fields = Reader::new(element.content);
    let at = UnixTime::from_secs(asn1::time(&fields.element()?)?);
    let reason = match fields.take_optional(context_constructed(0))? {
        Some(reason) => Some(CrlReason::read(asn1::only(reason, asn1::ENUMERATED)?)?),
        None => None,
    };
    fields.end()?;
    Some(OcspStatus::Revoked { at, reason })
}

/// The digest of a CertID's AlgorithmIdentifier.
fn digest_of(algorithm: &[u8]) -> Option<DigestAlgorithm> {
    let identifier = Reader::new(algorithm).take(asn1::OBJECT_IDENTIFIER)?;
    DigestAlgorithm::from_oid(&asn1::object_identifier(identifier)?)
}

impl PartialEq for OcspResponse {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for OcspResponse {}

impl std::fmt::Debug for OcspResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OcspResponse")
            .field("produced_at", &self.produced_at())
            .field("responses", &self.responses())
            .finish_non_exhaustive()
    }
}
