//! SignedData, read.

use const_oid::ObjectIdentifier;

use super::attributes::Attributes;
use super::{
    Encapsulated, IssuerAndSerial, MAX_CERTIFICATES, MAX_REVOCATIONS, MAX_SIGNERS, Revocations, SignedData,
    SignedDataError, SignerIdentifier, SignerInfo,
};
use crate::ber::{self, BerError, Reader, Tag};
use crate::certificate::Certificate;
use crate::key::AlgorithmIdentifier;
use crate::oid;

impl From<BerError> for SignedDataError {
    fn from(error: BerError) -> Self {
        match error {
            BerError::TooDeep => SignedDataError::Limit("48 levels of nesting"),
            _ => SignedDataError::Malformed,
        }
    }
}

/// ContentInfo with SignedData (RFC 5652 sections 3 and 5.1).
pub(super) fn parse(ber: &[u8]) -> Result<SignedData, SignedDataError> {
    let mut fields = signed_data_fields(ber)?;
    fields.expect(ber::INTEGER)?;
    fields.expect(ber::SET)?;
    let mut encapsulated = fields.sequence()?;
    let content_type = encapsulated.oid()?;
    let content = match encapsulated.optional(Tag::context(0))? {
        Some(explicit) => {
            let inner = explicit.explicit()?;
            Some(if inner.tag() == ber::OCTET_STRING {
                inner.octets()?.into_owned()
            } else {
                inner.content().to_vec()
            })
        }
        None => None,
    };
    encapsulated.finish()?;
    let content = content.map_or(Encapsulated::None, Encapsulated::Octets);
    read_tail(fields, content_type, content)
}

/// What follows the content, to the end: certificates, CRLs, signers.
pub(super) fn read_tail(
    mut fields: Reader<'_>,
    content_type: ObjectIdentifier,
    content: Encapsulated,
) -> Result<SignedData, SignedDataError> {
    let certificates = match fields.optional(Tag::context(0))? {
        Some(set) => read_certificates(set.reader()?)?,
        None => Vec::new(),
    };
    let revocations = match fields.optional(Tag::context(1))? {
        Some(set) => read_revocations(set.reader()?)?,
        None => Revocations::default(),
    };
    let revocations = Box::new(revocations);
    let mut infos = fields.set()?;
    fields.finish()?;
    let mut signers = Vec::new();
    while !infos.is_empty() {
        if signers.len() == MAX_SIGNERS {
            return Err(SignedDataError::Limit("32 signers"));
        }
        signers.push(read_signer(infos.sequence()?)?);
    }
    Ok(SignedData { content, content_type, certificates, revocations, signers })
}

/// The fields of the SignedData in a ContentInfo.
pub(super) fn signed_data_fields(ber: &[u8]) -> Result<Reader<'_>, SignedDataError> {
    let mut content_info = ber::sequence(ber)?;
    if content_info.oid()? != oid::SIGNED_DATA {
        return Err(SignedDataError::NotSignedData);
    }
    let explicit = content_info.expect(Tag::context(0))?;
    content_info.finish()?;
    let mut inside = explicit.reader()?;
    let signed_data = inside.sequence()?;
    inside.finish()?;
    Ok(signed_data)
}

/// Certificates that can't be read must not spoil the rest: they are left out, like the other CertificateChoices.
fn read_certificates(mut set: Reader<'_>) -> Result<Vec<Certificate>, SignedDataError> {
    let mut certificates = Vec::new();
    let mut count = 0;
    while !set.is_empty() {
        count += 1;
        if count > MAX_CERTIFICATES {
            return Err(SignedDataError::Limit("256 certificates"));
        }
        let choice = set.any()?;
        if choice.tag() == ber::SEQUENCE
            && let Ok(certificate) = Certificate::from_der(choice.raw())
        {
            certificates.push(certificate);
        }
    }
    Ok(certificates)
}

/// CRLs and OCSP answers as they are: whoever judges the path reads them. Other forms are left out.
fn read_revocations(mut set: Reader<'_>) -> Result<Revocations, SignedDataError> {
    let mut revocations = Revocations::default();
    let mut count = 0;
    while !set.is_empty() {
        count += 1;
        if count > MAX_REVOCATIONS {
            return Err(SignedDataError::Limit("64 CRLs and OCSP answers"));
        }
        let choice = set.any()?;
        if choice.tag() == ber::SEQUENCE {
            revocations.crls.push(choice.raw().to_vec());
        } else if choice.tag() == Tag::context(1) {
            // OtherRevocationInfoFormat.
            let mut fields = choice.reader()?;
            let format = fields.expect(ber::OBJECT_IDENTIFIER)?;
            if format.content() == oid::OCSP_RESPONSE_INFO.as_bytes() {
                revocations.ocsp_responses.push(fields.any()?.raw().to_vec());
            }
        }
    }
    Ok(revocations)
}

/// SignerInfo (RFC 5652 section 5.3).
fn read_signer(mut fields: Reader<'_>) -> Result<SignerInfo, SignedDataError> {
    fields.expect(ber::INTEGER)?;
    let identifier = match fields.optional(Tag::context(0))? {
        Some(identifier) => SignerIdentifier::KeyIdentifier(identifier.octets()?.into_owned()),
        None => SignerIdentifier::IssuerAndSerial(IssuerAndSerial::read(fields.sequence()?)?),
    };
    let digest_algorithm = AlgorithmIdentifier::read(&mut fields)?.raw().to_vec();
    let signed = match fields.optional(Tag::context(0))? {
        Some(set) => Some(Attributes::read(&set)?),
        None => None,
    };
    let signature_algorithm = AlgorithmIdentifier::read(&mut fields)?.raw().to_vec();
    let signature = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
    let unsigned = match fields.optional(Tag::context(1))? {
        Some(set) => Some(Attributes::read(&set)?),
        None => None,
    };
    fields.finish()?;
    Ok(SignerInfo { identifier, digest_algorithm, signature_algorithm, signed, unsigned, signature })
}
