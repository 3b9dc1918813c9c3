//! Certificates (RFC 5280), kept with the octets they came in.

use crate::address::EmailAddress;
use crate::fingerprint::Fingerprint;
use crate::key::KeyAlgorithm;
use crate::time::UnixTime;

/// An X.509 certificate: the received DER and what was read from it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate {
    der: std::sync::Arc<[u8]>,
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
}

impl Certificate {
    /// Reads one DER certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let _ = der;
        todo!()
    }
    /// Every certificate of a PEM file, or the one of a DER file. At least one.
    pub fn read_all(file: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let _ = file;
        todo!()
    }
    /// The octets as received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// PEM text (RFC 7468).
    pub fn to_pem(&self) -> String {
        todo!()
    }
    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }
    /// Subject as RFC 4514 text.
    pub fn subject(&self) -> String {
        todo!()
    }
    /// Issuer as RFC 4514 text.
    pub fn issuer(&self) -> String {
        todo!()
    }
    /// The first common name of the subject.
    pub fn common_name(&self) -> Option<String> {
        todo!()
    }
    /// DER of the subject Name.
    pub fn subject_der(&self) -> &[u8] {
        todo!()
    }
    /// DER of the issuer Name (for IssuerAndSerialNumber).
    pub fn issuer_der(&self) -> &[u8] {
        todo!()
    }
    /// Content octets of the serial number INTEGER.
    pub fn serial(&self) -> &[u8] {
        todo!()
    }
    /// The serial number in hexadecimal.
    pub fn serial_hex(&self) -> String {
        todo!()
    }
    /// The SubjectKeyIdentifier extension.
    pub fn subject_key_identifier(&self) -> Option<&[u8]> {
        todo!()
    }
    /// DER of the SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        todo!()
    }
    /// What kind of key it certifies; `None` when unknown here.
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        todo!()
    }
    /// Start of validity.
    pub fn not_before(&self) -> UnixTime {
        todo!()
    }
    /// End of validity.
    pub fn not_after(&self) -> UnixTime {
        todo!()
    }
    /// rfc822Name and SmtpUTF8Mailbox entries of the subjectAltName; if there is no subjectAltName, emailAddress
    /// attributes of the subject (RFC 8550 section 3). Values that are not addresses are left out.
    pub fn emails(&self) -> &[EmailAddress] {
        todo!()
    }
    /// basicConstraints cA.
    pub fn is_ca(&self) -> bool {
        todo!()
    }
    /// Key usage allows signing mail: absent, or digitalSignature or nonRepudiation (RFC 8550 section 4.4.2).
    pub fn may_sign(&self) -> bool {
        todo!()
    }
    /// Key usage allows encrypting to it: absent, or keyEncipherment (RSA), keyAgreement (EC, X25519).
    pub fn may_encrypt(&self) -> bool {
        todo!()
    }
    /// Extended key usage is absent, or holds emailProtection or anyExtendedKeyUsage.
    pub fn is_for_email(&self) -> bool {
        todo!()
    }
    /// Extended key usage holds documentSigning (RFC 9336): the mark of an approval key.
    pub fn is_for_approvals(&self) -> bool {
        todo!()
    }
    /// The certificate's signature verifies under `issuer`'s key (nothing else is checked).
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let _ = issuer;
        todo!()
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}
