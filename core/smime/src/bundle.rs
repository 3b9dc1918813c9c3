//! Certificates in a SignedData without signers (RFC 8551 section 3.8): `.p7c`, `.p7b`, the body of a certs-only mail.

use const_oid::ObjectIdentifier;

use crate::ber::{self, Reader, Tag, write};
use crate::certificate::{Certificate, CertificateError, MAX_CERTIFICATES_IN_FILE};
use crate::{oid, pem};

/// The largest file that is read, in octets.
pub const MAX_BUNDLE_OCTETS: usize = 64 << 20;
/// The largest number of revocation lists that is read from one file.
pub const MAX_LISTS: usize = 256;

const LABELS: [&str; 3] = ["PKCS7", "CMS", "PKCS #7 SIGNED DATA"];

/// What a SignedData carries besides content and signers.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// The certificates, in order. Those that can't be read are left out.
    pub certificates: Vec<Certificate>,
    /// The revocation lists (RFC 5280 section 5.1) as received, in order; not read here.
    pub lists: Vec<Vec<u8>>,
    /// How many certificates were left out.
    pub unreadable: usize,
}

/// Why a file is no bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not BER, or not the structure of RFC 5652 section 5.1.
    #[error("this is no PKCS#7 file, or it is damaged")]
    Malformed,
    /// A ContentInfo of another type: encrypted, for example.
    #[error("this is a CMS file of another kind ({0}): it holds no certificates")]
    OtherContent(ObjectIdentifier),
    /// Larger than [`MAX_BUNDLE_OCTETS`], or more than [`MAX_CERTIFICATES_IN_FILE`] or [`MAX_LISTS`].
    #[error("the file exceeds the limit of {0}")]
    Limit(&'static str),
}

impl From<ber::BerError> for BundleError {
    fn from(_: ber::BerError) -> Self {
        BundleError::Malformed
    }
}

impl Bundle {
    /// Reads a file in DER, BER or PEM. Signatures in it, if any, are not looked at.
    pub fn read(file: &[u8]) -> Result<Self, BundleError> {
        if file.len() > MAX_BUNDLE_OCTETS {
            return Err(BundleError::Limit("64 MiB"));
        }
        match pem::blocks(file).into_iter().find(|block| LABELS.contains(&block.label)) {
            Some(block) => Self::parse(&block.der().ok_or(BundleError::Malformed)?),
            None => Self::parse(file),
        }
    }

    fn parse(octets: &[u8]) -> Result<Self, BundleError> {
        let mut info = ber::sequence(octets)?;
        let content_type = info.oid()?;
        if content_type != oid::SIGNED_DATA {
            return Err(BundleError::OtherContent(content_type));
        }
        let mut inside = info.expect(Tag::context(0))?.reader()?;
        info.finish()?;
        let mut fields = inside.sequence()?;
        inside.finish()?;
        fields.expect(ber::INTEGER)?;
        fields.expect(ber::SET)?;
        fields.expect(ber::SEQUENCE)?;
        let mut bundle = Bundle::default();
        if let Some(set) = fields.optional(Tag::context(0))? {
            bundle.take_certificates(set.reader()?)?;
        }
        if let Some(set) = fields.optional(Tag::context(1))? {
            bundle.take_lists(set.reader()?)?;
        }
        fields.expect(ber::SET)?;
        fields.finish()?;
        Ok(bundle)
    }

    fn take_certificates(&mut self, mut set: Reader<'_>) -> Result<(), BundleError> {
        while !set.is_empty() {
            let choice = set.any()?;
            if self.certificates.len() + self.unreadable == MAX_CERTIFICATES_IN_FILE {
                return Err(BundleError::Limit("4096 certificates"));
            }
            match Certificate::from_der(choice.raw()) {
                Ok(certificate) => self.certificates.push(certificate),
                Err(_) => self.unreadable += 1,
            }
        }
        Ok(())
    }

    fn take_lists(&mut self, mut set: Reader<'_>) -> Result<(), BundleError> {
        while !set.is_empty() {
            let choice = set.any()?;
            if self.lists.len() == MAX_LISTS {
                return Err(BundleError::Limit("256 revocation lists"));
            }
            // Other formats, OCSP answers among them, carry a context tag (RFC 5652 section 10.2.1).
            if choice.tag() == ber::SEQUENCE {
                self.lists.push(choice.raw().to_vec());
            }
        }
        Ok(())
    }

    /// DER: version 1, no content, no signers; certificates and lists in the order of a DER SET.
    pub fn to_der(&self) -> Vec<u8> {
        let set = |number: u8, parts: Vec<Vec<u8>>| match parts.is_empty() {
            true => Vec::new(),
            false => write::context(number, &[&write::set_of_content(parts)]),
        };
        let certificates = self.certificates.iter().map(|certificate| certificate.der().to_vec()).collect();
        let signed_data = write::sequence(&[
            &write::small(1),
            &write::set_of(Vec::new()),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            &set(0, certificates),
            &set(1, self.lists.clone()),
            &write::set_of(Vec::new()),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed_data])])
    }

    /// PEM with the label that OpenSSL reads and writes.
    pub fn to_pem(&self) -> String {
        pem::text("PKCS7", &self.to_der()).to_string()
    }
}

/// The file looks like one: a ContentInfo, or a PEM block with its label.
pub(crate) fn looks_like(file: &[u8]) -> bool {
    ber::sequence(file).is_ok_and(|fields| fields.peek() == Some(ber::OBJECT_IDENTIFIER))
        || pem::blocks(file).iter().any(|block| LABELS.contains(&block.label))
}

impl From<BundleError> for CertificateError {
    fn from(error: BundleError) -> Self {
        match error {
            BundleError::Malformed => CertificateError::Malformed,
            BundleError::OtherContent(_) => CertificateError::Missing,
            BundleError::Limit(limit) => CertificateError::Limit(limit),
        }
    }
}
