//! CertID and OCSPRequest (RFC 6960 section 4.1).

use super::{MAX_OCSP_OCTETS, OcspError, digest_of, key_octets};
use crate::asn1::{self, Reader, context_constructed};
use crate::ber::write;
use crate::certificate::Certificate;
use crate::certificate::extensions::for_each_extension;
use crate::key::DigestAlgorithm;
use crate::oid;

/// CertID: a certificate by its issuer's name and key, hashed, and its serial number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedCertificate {
    /// `None` when the digest is not computed here.
    pub digest: Option<DigestAlgorithm>,
    name_hash: Vec<u8>,
    key_hash: Vec<u8>,
    /// Content octets of the INTEGER.
    pub serial: Vec<u8>,
}

impl RequestedCertificate {
    pub(super) fn read(mut fields: Reader<'_>) -> Option<Self> {
        let digest = digest_of(fields.take(asn1::SEQUENCE)?);
        let name_hash = fields.take(asn1::OCTET_STRING)?.to_vec();
        let key_hash = fields.take(asn1::OCTET_STRING)?.to_vec();
        let serial = fields.take(asn1::INTEGER).filter(|serial| !serial.is_empty())?.to_vec();
        fields.end()?;
        Some(RequestedCertificate { digest, name_hash, key_hash, serial })
    }

    /// It names `certificate`, which `issuer` issued.
    pub(super) fn is(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let (Some(digest), Some(key)) = (self.digest, key_octets(issuer)) else { return false };
        self.serial == certificate.serial()
            && self.name_hash == digest.digest(certificate.issuer_der())
            && self.key_hash == digest.digest(key)
    }
}

/// A request, as a responder reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspRequest {
    /// The certificates that are asked for.
    pub certificates: Vec<RequestedCertificate>,
    /// The nonce (RFC 9654), without its OCTET STRING.
    pub nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// DER of a request for the status of one certificate, CertID with SHA-1: the digest that every responder knows
    /// (RFC 5019 section 2.1.1); nothing is secured by it. No nonce: responders that answer in advance have none.
    /// `None` when the issuer's key can't be read.
    pub fn for_certificate(certificate: &Certificate, issuer: &Certificate) -> Option<Vec<u8>> {
        let digest = DigestAlgorithm::Sha1;
        let id = write::sequence(&[
            &write::algorithm(&digest.oid(), &write::null()),
            &write::octet_string(&digest.digest(certificate.issuer_der())),
            &write::octet_string(&digest.digest(key_octets(issuer)?)),
            &write::integer(certificate.serial()),
        ]);
        let list = write::sequence(&[&write::sequence(&[&id])]);
        Some(write::sequence(&[&write::sequence(&[&list])]))
    }

    /// Reads one DER request; a signature on it is not checked, and the version means nothing here. A double extension
    /// is [`OcspError::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_OCSP_OCTETS {
            return Err(OcspError::Limit);
        }
        Self::read(der).ok_or(OcspError::Malformed)
    }

    fn read(der: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let mut fields = outer.enter(asn1::SEQUENCE)?;
        outer.take_optional(context_constructed(0))?;
        outer.end()?;
        if let Some(version) = fields.take_optional(context_constructed(0))? {
            asn1::only(version, asn1::INTEGER)?;
        }
        fields.take_optional(context_constructed(1))?;
        let mut list = fields.enter(asn1::SEQUENCE)?;
        let mut certificates = Vec::new();
        while !list.is_empty() {
            let mut one = list.enter(asn1::SEQUENCE)?;
            certificates.push(RequestedCertificate::read(one.enter(asn1::SEQUENCE)?)?);
            one.take_optional(context_constructed(0))?;
            one.end()?;
        }
        let (mut nonce, mut doubled) = (None, false);
        if let Some(extensions) = fields.take_optional(context_constructed(2))? {
            for_each_extension(asn1::only(extensions, asn1::SEQUENCE)?, |identifier, _, value| {
                match identifier {
                    Some(oid::OCSP_NONCE) => {
                        // Older programs write the nonce without an OCTET STRING of its own.
                        nonce = Some(asn1::only(value, asn1::OCTET_STRING).unwrap_or(value).to_vec());
                    }
                    Some(_) => {}
                    None => doubled = true,
                }
            })?;
        }
        fields.end()?;
        (!doubled).then_some(OcspRequest { certificates, nonce })
    }
}
