//! Certification requests (PKCS#10, RFC 2986), read and written.
//!
//! Signing takes two steps, because the key may live in hardware: [`prepare`] → [`PreparedRequest::bytes_to_sign`] →
//! [`PreparedRequest::finish`].

use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;

use crate::address::EmailAddress;
use crate::ber::{self, Reader, Tag, write};
use crate::certificate::extensions::Extensions;
use crate::certificate::{name, read_emails};
use crate::issue::{
    IssueError, LeafPurpose, Subject, alternative_name, common_name, critical, extended_key_usage, extension,
    key_usage, rdn,
};
use crate::key::{KeyError, PrivateKey, PublicKey, SignatureAlgorithm, SignatureScheme};
use crate::{oid, pem};

/// The largest request that is read, in octets.
pub const MAX_REQUEST_OCTETS: usize = 1 << 20;

const LABEL: &str = "CERTIFICATE REQUEST";
const LABELS: [&str; 2] = [LABEL, "NEW CERTIFICATE REQUEST"];

/// A request whose signature was checked: its sender has the private key.
#[derive(Clone, Debug)]
pub struct CertificateRequest {
    der: Vec<u8>,
    subject: Vec<u8>,
    public_key: Vec<u8>,
    emails: Vec<EmailAddress>,
    extensions: Option<Vec<u8>>,
    usages: Vec<ObjectIdentifier>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not DER, or not the structure of RFC 2986 section 4.
    #[error("this is no certification request, or it is damaged")]
    Malformed,
    /// The key or the signature is of a kind that is not known here.
    #[error("the request's algorithm is not supported")]
    Unsupported,
    /// The signature does not verify: the sender may not have the key, or somebody changed the request.
    #[error("the request's signature does not verify")]
    BadSignature,
    /// Larger than [`MAX_REQUEST_OCTETS`].
    #[error("the request exceeds the limit of 1 MiB")]
    Limit,
}

impl From<ber::BerError> for RequestError {
    fn from(_: ber::BerError) -> Self {
        RequestError::Malformed
    }
}

impl From<KeyError> for RequestError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Malformed => RequestError::Malformed,
            KeyError::Unsupported | KeyError::TooShort => RequestError::Unsupported,
            KeyError::WrongAlgorithm | KeyError::BadSignature => RequestError::BadSignature,
        }
    }
}

impl CertificateRequest {
    /// Reads a request in DER or PEM, and checks its signature.
    pub fn read(file: &[u8]) -> Result<Self, RequestError> {
        if file.len() > MAX_REQUEST_OCTETS {
            return Err(RequestError::Limit);
        }
        match pem::blocks(file).into_iter().find(|block| LABELS.contains(&block.label)) {
            Some(block) => Self::parse(&block.der().ok_or(RequestError::Malformed)?),
            None => Self::parse(file),
        }
    }

    fn parse(der: &[u8]) -> Result<Self, RequestError> {
        let mut whole = Reader::der(der);
        let mut outer = whole.sequence()?;
        whole.finish()?;
        let info = outer.expect(ber::SEQUENCE)?;
        let algorithm = outer.expect(ber::SEQUENCE)?.raw();
        let signature = outer.expect(ber::BIT_STRING)?.bits()?;
        outer.finish()?;
        let mut fields = info.reader()?;
        if fields.expect(ber::INTEGER)?.small()? != 0 {
            return Err(RequestError::Malformed);
        }
        let subject = fields.expect(ber::SEQUENCE)?.raw();
        let public_key = fields.expect(ber::SEQUENCE)?.raw();
        // Attributes are mandatory; some writers leave the empty set out.
        let attributes = fields.optional(Tag::context(0))?;
        fields.finish()?;
        let extensions = match attributes {
            Some(attributes) => requested_extensions(attributes.reader()?)?,
            None => None,
        };
        let scheme = SignatureScheme::from_der(algorithm)?;
        PublicKey::from_spki(public_key)?.verify(&scheme, info.raw(), signature)?;
        let read = extensions.as_deref().map(Extensions::read).unwrap_or_default();
        if read.malformed {
            return Err(RequestError::Malformed);
        }
        Ok(CertificateRequest {
            der: der.to_vec(),
            emails: read_emails(&read, subject),
            usages: read.extended_key_usage.unwrap_or_default(),
            subject: subject.to_vec(),
            public_key: public_key.to_vec(),
            extensions,
        })
    }

    /// The octets as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM text.
    pub fn to_pem(&self) -> String {
        pem::text(LABEL, &self.der).to_string()
    }

    /// Subject as RFC 4514 text, for people.
    pub fn subject(&self) -> String {
        name::to_rfc4514(&self.subject)
    }

    /// DER of the subject Name.
    pub fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key
    }

    /// The addresses that it asks for, by the rules of [`Certificate::emails`](crate::Certificate::emails). A claim: whoever
    /// issues must find out whether it is true.
    pub fn emails(&self) -> &[EmailAddress] {
        &self.emails
    }

    /// The requested extended key usages.
    pub fn extended_key_usages(&self) -> &[ObjectIdentifier] {
        &self.usages
    }

    /// Content octets of the requested Extensions; `None` when nothing is requested.
    pub fn extensions_der(&self) -> Option<&[u8]> {
        self.extensions.as_deref()
    }
}

/// The content of the Extensions in the extensionRequest attribute (RFC 2985 section 5.4.2), which stands at most once.
fn requested_extensions(mut attributes: Reader<'_>) -> Result<Option<Vec<u8>>, RequestError> {
    let mut found = None;
    while !attributes.is_empty() {
        let mut attribute = attributes.sequence()?;
        let kind = attribute.oid()?;
        let mut values = attribute.set()?;
        attribute.finish()?;
        if kind != oid::EXTENSION_REQUEST {
            continue;
        }
        let extensions = values.expect(ber::SEQUENCE)?.content();
        values.finish()?;
        if found.replace(extensions.to_vec()).is_some() {
            return Err(RequestError::Malformed);
        }
    }
    Ok(found)
}

/// A request that waits for its signature.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    info: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// Prepares a request for `public_key` (DER SubjectPublicKeyInfo): a common name, the address as subjectAltName
/// (SmtpUTF8Mailbox when it must), key usage and extended key usage for `purpose`. The validity in `subject` is not part of a
/// request.
///
/// [`IssueError::WrongKey`] when the key can't be used for the purpose, or not with `algorithm`. Keys that can't sign (X25519)
/// can't request anything.
pub fn prepare(
    public_key: &[u8],
    algorithm: SignatureAlgorithm,
    purpose: LeafPurpose,
    subject: &Subject,
) -> Result<PreparedRequest, IssueError> {
    let kind = PublicKey::from_spki(public_key).map_err(|_| IssueError::WrongKey)?.algorithm();
    if !algorithm.fits(kind) {
        return Err(IssueError::WrongKey);
    }
    let extensions = write::sequence(&[
        &critical(&oid::KEY_USAGE, key_usage(purpose, kind)?),
        &extension(&oid::EXTENDED_KEY_USAGE, &extended_key_usage(purpose)),
        &extension(&oid::SUBJECT_ALT_NAME, &alternative_name(&subject.address)?),
    ]);
    let attribute =
        write::sequence(&[&write::oid(&oid::EXTENSION_REQUEST), &write::set_of(vec![extensions])]);
    let info = write::sequence(&[
        &write::small(0),
        &write::sequence(&[&rdn(&oid::COMMON_NAME, &common_name(subject))]),
        public_key,
        &write::context(0, &[&attribute]),
    ]);
    Ok(PreparedRequest { info, algorithm })
}

impl PreparedRequest {
    /// What the key signs: the DER of CertificationRequestInfo.
    pub fn bytes_to_sign(&self) -> &[u8] {
        &self.info
    }

    /// The algorithm to sign with.
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The request with its signature (ECDSA in DER form), which is verified.
    pub fn finish(&self, signature: &[u8]) -> Result<CertificateRequest, RequestError> {
        let algorithm = self.algorithm.algorithm_identifier_der();
        CertificateRequest::read(&write::sequence(&[&self.info, &algorithm, &write::bit_string(signature)]))
    }

    /// The request, signed with a key in memory.
    pub fn sign(
        &self,
        key: &PrivateKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<CertificateRequest, RequestError> {
        self.finish(&key.sign(self.algorithm, &self.info, rng)?)
    }
}
