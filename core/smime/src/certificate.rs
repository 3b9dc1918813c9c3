//! Certificates (RFC 5280), kept with the octets they came in.

pub(crate) mod by_key;
pub(crate) mod extensions;
pub(crate) mod name;
mod usability;

use std::ops::Range;
use std::sync::Arc;

use const_oid::ObjectIdentifier;

use crate::address::EmailAddress;
use crate::asn1::{self, Reader, context, context_constructed};
use crate::bundle::{self, Bundle};
use crate::fingerprint::Fingerprint;
use crate::issued::{Issued, IssuerSignature, Parts};
use crate::key::KeyAlgorithm;
use crate::oid;
use crate::pem;
use crate::time::UnixTime;
pub use by_key::CertificatesByKey;
use extensions::{Extensions, KeyUsage};
use name::GeneralName;
pub use usability::{Problem, Use};

/// The largest certificate that is read, in octets of DER.
pub const MAX_CERTIFICATE_OCTETS: usize = 1 << 20;
/// The largest number of certificates that is read from one file; the public e-mail roots are about 150.
pub const MAX_CERTIFICATES_IN_FILE: usize = 4096;
/// The largest number of addresses that is read from one certificate.
pub const MAX_ADDRESSES: usize = 1024;

/// An X.509 certificate: the received DER and what was read from it. Cheap to clone; two are equal when their
/// octets are.
#[derive(Clone)]
pub struct Certificate {
    fields: Arc<Fields>,
}

/// Where the parts stand in the DER, and what they say.
struct Fields {
    issued: Issued,
    version: u32,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    public_key: Range<usize>,
    /// The algorithm identifiers inside and outside of the signed part are the same (RFC 5280 section 4.1.1.2).
    algorithms_agree: bool,
    /// The names in the form in which names are compared.
    subject_comparable: Box<[u8]>,
    issuer_comparable: Box<[u8]>,
    not_before: UnixTime,
    not_after: UnixTime,
    extensions: Extensions,
    emails: Vec<EmailAddress>,
    key: Option<KeyAlgorithm>,
}

/// Why bytes are not a usable certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not DER, or not the structure of RFC 5280 section 4.1.
    #[error("the certificate is malformed")]
    Malformed,
    /// The file holds no certificate.
    #[error("no certificate found")]
    Missing,
    /// Larger than [`MAX_CERTIFICATE_OCTETS`], or more than [`MAX_CERTIFICATES_IN_FILE`].
    #[error("the certificate file exceeds the limit of {0}")]
    Limit(&'static str),
}

impl From<pem::FileError> for CertificateError {
    fn from(error: pem::FileError) -> Self {
        match error {
            pem::FileError::Missing => CertificateError::Missing,
            pem::FileError::Malformed => CertificateError::Malformed,
            pem::FileError::TooMany => CertificateError::Limit("4096 certificates in one file"),
        }
    }
}

impl Certificate {
    /// Reads one DER certificate; nothing may follow.
    ///
    /// Extensions that can't be read don't make this fail, so that the certificate can be shown; but
    /// [`may_sign`](Self::may_sign), [`may_encrypt`](Self::may_encrypt) and path validation refuse it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_OCTETS {
            return Err(CertificateError::Limit("1 MiB for one certificate"));
        }
        let fields = Fields::read(der).ok_or(CertificateError::Malformed)?;
        Ok(Certificate { fields: Arc::new(fields) })
    }

    /// Every certificate of a PEM file (RFC 7468; other blocks are skipped), the one of a DER file, or those of a certs-only
    /// SignedData ([`Bundle`](crate::bundle::Bundle)). At least one.
    pub fn read_all(file: &[u8]) -> Result<Vec<Self>, CertificateError> {
        const LABELS: [&str; 2] = ["CERTIFICATE", "X509 CERTIFICATE"];
        if bundle::looks_like(file) {
            let certificates = Bundle::read(file)?.certificates;
            return if certificates.is_empty() { Err(CertificateError::Missing) } else { Ok(certificates) };
        }
        pem::read_all(file, &LABELS, MAX_CERTIFICATES_IN_FILE, Self::from_der)
    }

    /// The octets as received.
    pub fn der(&self) -> &[u8] {
        self.fields.issued.der()
    }

    /// PEM text (RFC 7468), lines end with LF.
    pub fn to_pem(&self) -> String {
        pem::text("CERTIFICATE", self.der()).to_string()
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.der())
    }

    /// Subject as RFC 4514 text; control characters and direction marks are escaped. For people, not for comparison.
    pub fn subject(&self) -> String {
        name::to_rfc4514(self.subject_der())
    }

    /// Issuer as RFC 4514 text, like [`subject`](Self::subject).
    pub fn issuer(&self) -> String {
        name::to_rfc4514(self.issuer_der())
    }

    /// The first common name of the subject.
    pub fn common_name(&self) -> Option<String> {
        let rdns = name::rdns(self.subject_der())?;
        rdns.iter().flatten().find(|attribute| attribute.is_common_name())?.text()
    }

    /// DER of the subject Name.
    pub fn subject_der(&self) -> &[u8] {
        self.part(&self.fields.subject)
    }

    /// DER of the issuer Name (for IssuerAndSerialNumber).
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.fields.issuer)
    }

    /// Content octets of the serial number INTEGER, as received (two's complement, big-endian).
    pub fn serial(&self) -> &[u8] {
        self.part(&self.fields.serial)
    }

    /// The serial number in lower-case hexadecimal, without the sign octet `00`.
    pub fn serial_hex(&self) -> String {
        let serial = self.serial();
        data_encoding::HEXLOWER.encode(match serial {
            [0, rest @ ..] if !rest.is_empty() => rest,
            _ => serial,
        })
    }

    /// The SubjectKeyIdentifier extension (RFC 5280 section 4.2.1.2).
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        self.fields.extensions.subject_key_identifier.as_deref()
    }

    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        self.part(&self.fields.public_key)
    }

    /// What kind of key it certifies; `None` when unknown here.
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        self.fields.key
    }

    /// Start of validity. A time before 1970 counts as 1970.
    pub fn not_before(&self) -> UnixTime {
        self.fields.not_before
    }

    /// End of validity: the last second at which it is valid.
    pub fn not_after(&self) -> UnixTime {
        self.fields.not_after
    }

    /// The addresses it speaks for, each once, in order:
    ///
    /// - rfc822Name entries of the subjectAltName (RFC 5280 section 4.2.1.6; ASCII only);
    /// - SmtpUTF8Mailbox entries (RFC 9598 section 3): only with a local part that is not ASCII, a domain in
    ///   ASCII (A-labels), and no byte order mark; others could slip through rfc822Name constraints;
    /// - if there is no subjectAltName extension at all, emailAddress attributes of the subject
    ///   (RFC 8550 section 3).
    ///
    /// Values that are not addresses (see [`EmailAddress`]) are left out. Of a malformed subjectAltName nothing is
    /// believed. At most [`MAX_ADDRESSES`] are read.
    pub fn emails(&self) -> &[EmailAddress] {
        &self.fields.emails
    }

    /// basicConstraints cA.
    pub fn is_ca(&self) -> bool {
        self.fields.extensions.basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// Key usage allows signing mail: absent, or digitalSignature or nonRepudiation (RFC 8550 section 4.4.2).
    /// Never for keys that can't sign (X25519, ML-KEM), and never when an extension is malformed.
    pub fn may_sign(&self) -> bool {
        let wanted = KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION;
        !self.fields.extensions.malformed
            && !self.key_algorithm().is_some_and(|key| key == KeyAlgorithm::X25519 || key.is_kem())
            && self.fields.extensions.key_usage.is_none_or(|usage| usage.any(wanted))
    }

    /// Key usage allows encrypting to it: absent, or keyEncipherment (RSA; RFC 8550 section 4.4.2), or keyAgreement
    /// without encipherOnly (EC, RFC 5753; X25519, RFC 8418). Never for keys that can only sign (Ed25519, ML-DSA,
    /// RSASSA-PSS), and never when an extension is malformed.
    pub fn may_encrypt(&self) -> bool {
        let allows = |wanted: u16, forbidden: u16| {
            self.fields.extensions.key_usage.is_none_or(|usage| usage.any(wanted) && !usage.any(forbidden))
        };
        !self.fields.extensions.malformed
            && match self.key_algorithm() {
                Some(KeyAlgorithm::Rsa(_)) => {
                    allows(KeyUsage::KEY_ENCIPHERMENT, 0)
                        && public_key_algorithm(self.public_key_der()) == Some(oid::RSA)
                }
                Some(KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 | KeyAlgorithm::X25519) => {
                    allows(KeyUsage::KEY_AGREEMENT, KeyUsage::ENCIPHER_ONLY)
                }
                // RFC 9935 section 5.
                Some(key) if key.is_kem() => allows(KeyUsage::KEY_ENCIPHERMENT, 0),
                Some(_) | None => false,
            }
    }

    /// Extended key usage is absent, or holds emailProtection or anyExtendedKeyUsage (RFC 8550 section 4.4.4).
    pub fn is_for_email(&self) -> bool {
        self.fields.extensions.allows_any_of(&[oid::EMAIL_PROTECTION, oid::ANY_EXTENDED_KEY_USAGE])
    }

    /// Extended key usage holds documentSigning (RFC 9336): the mark of an approval key.
    pub fn is_for_approvals(&self) -> bool {
        let usages = self.fields.extensions.extended_key_usage.as_deref().unwrap_or_default();
        usages.contains(&oid::DOCUMENT_SIGNING)
    }

    /// The certificate's signature verifies under `issuer`'s key (nothing else is checked).
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        self.issuer_signature(issuer) == IssuerSignature::Right
    }

    pub(crate) fn issuer_signature(&self, issuer: &Certificate) -> IssuerSignature {
        self.fields.issued.signature_under(issuer)
    }

    /// The issuer signed with SHA-1.
    pub(crate) fn has_weak_signature_digest(&self) -> bool {
        self.fields.issued.has_weak_digest()
    }

    pub(crate) fn extensions(&self) -> &Extensions {
        &self.fields.extensions
    }

    /// 0 for X.509 version 1, 2 for version 3.
    pub(crate) fn version(&self) -> u32 {
        self.fields.version
    }

    pub(crate) fn algorithms_agree(&self) -> bool {
        self.fields.algorithms_agree
    }

    /// DER of the signature's AlgorithmIdentifier.
    pub(crate) fn signature_algorithm(&self) -> &[u8] {
        self.fields.issued.algorithm()
    }

    /// Subject and issuer are the same name (RFC 5280 section 6.1: "self-issued").
    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject_comparable() == self.issuer_comparable()
    }

    /// The subject as octets that are equal when the names are (RFC 5280 section 7.1).
    pub(crate) fn subject_comparable(&self) -> &[u8] {
        &self.fields.subject_comparable
    }

    /// The issuer, like [`subject_comparable`](Self::subject_comparable).
    pub(crate) fn issuer_comparable(&self) -> &[u8] {
        &self.fields.issuer_comparable
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.fields.issued.part(range)
    }
}

impl Fields {
    fn read(der: &[u8]) -> Option<Fields> {
        let mut outer = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let parts = Parts::read(&mut outer)?;
        outer.end()?;
        asn1::object_identifier(
            Reader::new(asn1::only(parts.algorithm, asn1::SEQUENCE)?).take(asn1::OBJECT_IDENTIFIER)?,
        )?;

        let mut inner = Reader::new(parts.tbs.content);
        let version = match inner.take_optional(context_constructed(0))? {
            Some(version) => asn1::small_integer(asn1::only(version, asn1::INTEGER)?)?,
            None => 0,
        };
        let serial = inner.take(asn1::INTEGER)?;
        let inner_algorithm = inner.take_whole(asn1::SEQUENCE)?.whole;
        let issuer = inner.take_whole(asn1::SEQUENCE)?.whole;
        let mut validity = inner.enter(asn1::SEQUENCE)?;
        let not_before = asn1::time(&validity.element()?)?;
        let not_after = asn1::time(&validity.element()?)?;
        validity.end()?;
        let subject = inner.take_whole(asn1::SEQUENCE)?.whole;
        let public_key = inner.take_whole(asn1::SEQUENCE)?.whole;
        inner.take_optional(context(1))?;
        inner.take_optional(context(2))?;
        let extensions = match inner.take_optional(context_constructed(3))? {
            Some(extensions) => Some(asn1::only(extensions, asn1::SEQUENCE)?),
            None => None,
        };
        inner.end()?;
        // Versions are v1(0), v2(1), v3(2); extensions need v3, an empty serial number is not an INTEGER.
        if version > 2 || (extensions.is_some() && version != 2) || serial.is_empty() {
            return None;
        }

        let extensions = extensions.map(Extensions::read).unwrap_or_default();
        let range = |part: &[u8]| asn1::range_of(der, part);
        Some(Fields {
            version,
            serial: range(serial)?,
            issuer: range(issuer)?,
            subject: range(subject)?,
            public_key: range(public_key)?,
            algorithms_agree: inner_algorithm == parts.algorithm,
            subject_comparable: name::comparable(subject)?.concat().into(),
            issuer_comparable: name::comparable(issuer)?.concat().into(),
            not_before: UnixTime::from_secs(not_before),
            not_after: UnixTime::from_secs(not_after),
            emails: read_emails(&extensions, subject),
            key: read_key_algorithm(public_key),
            extensions,
            issued: parts.keep(der)?,
        })
    }
}

pub(crate) fn read_emails(extensions: &Extensions, subject: &[u8]) -> Vec<EmailAddress> {
    let mut emails: Vec<EmailAddress> = Vec::new();
    let mut add = |text: Option<&str>| {
        let address = text.and_then(|text| text.parse::<EmailAddress>().ok());
        emails.extend(address.filter(|address| emails.len() < MAX_ADDRESSES && !emails.contains(address)));
    };
    match &extensions.subject_alt_name {
        Some(names) => {
            for name in GeneralName::read_all(names).unwrap_or_default() {
                match name {
                    GeneralName::Rfc822(octets) => add(std::str::from_utf8(octets).ok()),
                    GeneralName::SmtpUtf8(octets) => add(smtp_utf8_mailbox(octets)),
                    _ => {}
                }
            }
        }
        None => {
            let rdns = name::rdns(subject).unwrap_or_default();
            for attribute in rdns.iter().flatten().filter(|attribute| attribute.is_email_address()) {
                add(attribute.text().filter(|text| text.is_ascii()).as_deref());
            }
        }
    }
    emails
}

/// The rules of RFC 9598 section 3.
fn smtp_utf8_mailbox(octets: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(octets).ok()?;
    let (local, domain) = text.rsplit_once('@')?;
    (!local.is_ascii() && domain.is_ascii() && !text.starts_with('\u{feff}')).then_some(text)
}

/// The algorithm identifier of a SubjectPublicKeyInfo.
fn public_key_algorithm(spki: &[u8]) -> Option<ObjectIdentifier> {
    let mut sequence = Reader::new(asn1::only(spki, asn1::SEQUENCE)?);
    asn1::object_identifier(sequence.enter(asn1::SEQUENCE)?.take(asn1::OBJECT_IDENTIFIER)?)
}

fn read_key_algorithm(spki: &[u8]) -> Option<KeyAlgorithm> {
    let mut sequence = Reader::new(asn1::only(spki, asn1::SEQUENCE)?);
    let mut algorithm = sequence.enter(asn1::SEQUENCE)?;
    let key = asn1::bit_string_octets(sequence.take(asn1::BIT_STRING)?)?;
    sequence.end()?;
    match asn1::object_identifier(algorithm.take(asn1::OBJECT_IDENTIFIER)?)? {
        oid::RSA | oid::RSA_PSS => {
            let modulus = Reader::new(asn1::only(key, asn1::SEQUENCE)?).take(asn1::INTEGER)?;
            let zeros = modulus.iter().take_while(|&&octet| octet == 0).count();
            let significant = modulus.get(zeros..)?;
            let bits = (significant.len() * 8).checked_sub(significant.first()?.leading_zeros() as usize)?;
            Some(KeyAlgorithm::Rsa(u32::try_from(bits).ok()?))
        }
        oid::EC_PUBLIC_KEY => match asn1::object_identifier(algorithm.take(asn1::OBJECT_IDENTIFIER)?)? {
            oid::P256 => Some(KeyAlgorithm::P256),
            oid::P384 => Some(KeyAlgorithm::P384),
            oid::P521 => Some(KeyAlgorithm::P521),
            _ => None,
        },
        oid::ED25519 => (key.len() == 32).then_some(KeyAlgorithm::Ed25519),
        oid::X25519 => (key.len() == 32).then_some(KeyAlgorithm::X25519),
        other => KeyAlgorithm::from_post_quantum_oid(&other)
            .filter(|known| known.post_quantum_octets() == Some(key.len())),
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}
