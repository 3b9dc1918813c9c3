//! The personal root and the certificates under it.
//!
//! A personal root is a P-256 CA with pathlen 0 and a critical name constraint to its own address, so that
//! pinning it gives nobody power over other addresses. OpenSSL and NSS honour the constraint; GnuPG's gpgsm knows no
//! name constraints and needs `ignore-cert-extension 2.5.29.30` in its configuration.

use const_oid::ObjectIdentifier;
use rand_core::CryptoRng;

use crate::address::EmailAddress;
use crate::ber::write;
use crate::certificate::Certificate;
use crate::key::{KeyAlgorithm, PrivateKey, PublicKey, key_identifier};
use crate::oid;
use crate::time::UnixTime;

/// Longest common name, in characters (RFC 5280 appendix A, ub-common-name); a longer one is cut.
pub const MAX_COMMON_NAME: usize = 64;

const ORGANIZATIONAL_UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const USER_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1");

/// What a certificate under a personal root is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafPurpose {
    /// digitalSignature + nonRepudiation; emailProtection + documentSigning (RFC 9336).
    Approval,
    /// digitalSignature; emailProtection.
    Mail,
    /// keyAgreement or keyEncipherment; emailProtection.
    Encryption,
}

/// Who and how long.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Becomes the rfc822Name (SmtpUTF8Mailbox when the local part is not ASCII).
    pub address: EmailAddress,
    /// Common name; the address when empty.
    pub name: String,
    /// Start of validity.
    pub not_before: UnixTime,
    /// End of validity.
    pub not_after: UnixTime,
}

/// The certificate could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The key cannot sign certificates, is not the root's, or cannot be certified for this purpose.
    #[error("this key can't be used for this certificate")]
    WrongKey,
    /// The root is for another address, or is not a CA.
    #[error("this root can't certify this address")]
    WrongRoot,
    /// A field does not fit into a certificate: a domain that is not ASCII (A-labels are needed), or a validity
    /// that ends before it begins. A long name is cut instead.
    #[error("the address or validity does not fit into a certificate")]
    Unencodable,
}

/// A self-signed personal root for `subject`; `key` is a P-256 key. Serial numbers have 126 random bits.
///
/// Its subject holds the address as UID beside the name, so that roots of people with the same name differ. For an
/// address whose local part is not ASCII the name constraint is the domain (RFC 9598 section 6 binds
/// SmtpUTF8Mailbox by host only); [`AnchorScope::Address`](crate::path::AnchorScope) still holds it to the address.
pub fn personal_root(
    key: &PrivateKey,
    subject: &Subject,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    if key.algorithm() != KeyAlgorithm::P256 {
        return Err(IssueError::WrongKey);
    }
    let alternative_name = alternative_name(&subject.address)?;
    let constraint = if subject.address.local_part().is_ascii() {
        subject.address.as_str()
    } else {
        subject.address.domain()
    };
    let subtree = write::sequence(&[&write::context_primitive(1, constraint.as_bytes())]);
    let public_key = key.public_key_der();
    let name = write::sequence(&[
        &rdn(&USER_ID, subject.address.as_str()),
        &rdn(&ORGANIZATIONAL_UNIT, "Personal root"),
        &rdn(&oid::COMMON_NAME, &common_name(subject)),
    ]);
    let extensions = [
        critical(&oid::BASIC_CONSTRAINTS, &write::sequence(&[&write::boolean(true), &write::small(0)])),
        critical(&oid::KEY_USAGE, &KEY_CERT_SIGN_AND_CRL_SIGN),
        critical(&oid::NAME_CONSTRAINTS, &write::sequence(&[&write::context(0, &[&subtree])])),
        extension(&oid::SUBJECT_KEY_IDENTIFIER, &write::octet_string(&key_identifier(&public_key))),
        extension(&oid::SUBJECT_ALT_NAME, &alternative_name),
    ];
    let body =
        Body { issuer: &name, subject: &name, public_key: &public_key, extensions: &extensions.concat() };
    sign(&body, subject, key, rng)
}

/// A certificate for `public_key` (DER SubjectPublicKeyInfo) under `root`.
///
/// Its subject is the common name only: it must differ from the root's, or it would count as self-issued.
pub fn leaf(
    root: &Certificate,
    root_key: &PrivateKey,
    public_key: &[u8],
    purpose: LeafPurpose,
    subject: &Subject,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    if root_key.public_key_der() != root.public_key_der() {
        return Err(IssueError::WrongKey);
    }
    // The name constraint compares the local part with its case: the root's spelling is used.
    let address = match root.emails() {
        [] => &subject.address,
        addresses => {
            addresses.iter().find(|address| **address == subject.address).ok_or(IssueError::WrongRoot)?
        }
    };
    let authority = root.subject_key_identifier().filter(|_| root.is_ca()).ok_or(IssueError::WrongRoot)?;
    let algorithm = PublicKey::from_spki(public_key).map_err(|_| IssueError::WrongKey)?.algorithm();
    let usage = key_usage(purpose, algorithm)?;
    let extensions = [
        critical(&oid::KEY_USAGE, usage),
        extension(&oid::EXTENDED_KEY_USAGE, &extended_key_usage(purpose)),
        extension(&oid::SUBJECT_ALT_NAME, &alternative_name(address)?),
        extension(&oid::SUBJECT_KEY_IDENTIFIER, &write::octet_string(&key_identifier(public_key))),
        extension(
            &oid::AUTHORITY_KEY_IDENTIFIER,
            &write::sequence(&[&write::context_primitive(0, authority)]),
        ),
    ];
    let body = Body {
        issuer: root.subject_der(),
        subject: &write::sequence(&[&rdn(&oid::COMMON_NAME, &common_name(subject))]),
        public_key,
        extensions: &extensions.concat(),
    };
    sign(&body, subject, root_key, rng)
}

/// BIT STRINGs of KeyUsage (RFC 5280 section 4.2.1.3), without trailing zero bits.
const KEY_CERT_SIGN_AND_CRL_SIGN: [u8; 4] = [0x03, 0x02, 0x01, 0x06];
const DIGITAL_SIGNATURE_AND_NON_REPUDIATION: [u8; 4] = [0x03, 0x02, 0x06, 0xc0];
const DIGITAL_SIGNATURE: [u8; 4] = [0x03, 0x02, 0x07, 0x80];
const KEY_ENCIPHERMENT: [u8; 4] = [0x03, 0x02, 0x05, 0x20];
const KEY_AGREEMENT: [u8; 4] = [0x03, 0x02, 0x03, 0x08];

pub(crate) fn key_usage(purpose: LeafPurpose, key: KeyAlgorithm) -> Result<&'static [u8; 4], IssueError> {
    use KeyAlgorithm::{Ed25519, MlDsa44, MlDsa65, MlDsa87, P256, P384, P521, Rsa};
    match (purpose, key) {
        (_, weak) if weak.is_weak() => Err(IssueError::WrongKey),
        (LeafPurpose::Encryption, Rsa(_)) => Ok(&KEY_ENCIPHERMENT),
        (LeafPurpose::Encryption, P256 | P384 | P521 | KeyAlgorithm::X25519) => Ok(&KEY_AGREEMENT),
        (LeafPurpose::Encryption, kem) if kem.is_kem() => Ok(&KEY_ENCIPHERMENT),
        (LeafPurpose::Approval, Rsa(_) | P256 | P384 | P521 | Ed25519 | MlDsa44 | MlDsa65 | MlDsa87) => {
            Ok(&DIGITAL_SIGNATURE_AND_NON_REPUDIATION)
        }
        (LeafPurpose::Mail, Rsa(_) | P256 | P384 | P521 | Ed25519 | MlDsa44 | MlDsa65 | MlDsa87) => {
            Ok(&DIGITAL_SIGNATURE)
        }
        _ => Err(IssueError::WrongKey),
    }
}

/// ExtKeyUsageSyntax (RFC 5280 section 4.2.1.12).
pub(crate) fn extended_key_usage(purpose: LeafPurpose) -> Vec<u8> {
    let mut usages = write::oid(&oid::EMAIL_PROTECTION);
    if purpose == LeafPurpose::Approval {
        usages.extend(write::oid(&oid::DOCUMENT_SIGNING));
    }
    write::sequence(&[&usages])
}

/// What differs between a root and a leaf; all are encoded.
struct Body<'a> {
    issuer: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    extensions: &'a [u8],
}

/// TBSCertificate and Certificate (RFC 5280 section 4.1).
fn sign(
    body: &Body<'_>,
    subject: &Subject,
    key: &PrivateKey,
    rng: &mut dyn CryptoRng,
) -> Result<Certificate, IssueError> {
    if subject.not_before > subject.not_after {
        return Err(IssueError::Unencodable);
    }
    let scheme = key.default_signature_algorithm().map_err(|_| IssueError::WrongKey)?;
    let algorithm = scheme.algorithm_identifier_der();
    let tbs = write::sequence(&[
        &write::context(0, &[&write::small(2)]),
        &write::unsigned(&serial_number(rng)),
        &algorithm,
        body.issuer,
        &write::sequence(&[&write::time(subject.not_before), &write::time(subject.not_after)]),
        body.subject,
        body.public_key,
        &write::context(3, &[&write::sequence(&[body.extensions])]),
    ]);
    let signature = key.sign(scheme, &tbs, rng).map_err(|_| IssueError::WrongKey)?;
    let der = write::sequence(&[&tbs, &algorithm, &write::bit_string(&signature)]);
    Certificate::from_der(&der).map_err(|_| IssueError::Unencodable)
}

/// 16 octets, always positive and never with a leading zero: `01` and 126 random bits.
fn serial_number(rng: &mut dyn CryptoRng) -> [u8; 16] {
    let mut serial = [0; 16];
    rng.fill_bytes(&mut serial);
    let [first, ..] = &mut serial;
    *first = (*first & 0x3f) | 0x40;
    serial
}

pub(crate) fn common_name(subject: &Subject) -> String {
    let name = subject.name.trim();
    let name = if name.is_empty() { subject.address.as_str() } else { name };
    name.chars().take(MAX_COMMON_NAME).collect()
}

pub(crate) fn rdn(attribute: &ObjectIdentifier, value: &str) -> Vec<u8> {
    write::set_of(vec![write::sequence(&[&write::oid(attribute), &write::utf8_string(value)])])
}

/// GeneralNames with the address (RFC 5280 section 4.2.1.6, RFC 9598 section 3).
pub(crate) fn alternative_name(address: &EmailAddress) -> Result<Vec<u8>, IssueError> {
    if !address.domain().is_ascii() {
        return Err(IssueError::Unencodable);
    }
    let name = if address.local_part().is_ascii() {
        write::context_primitive(1, address.as_str().as_bytes())
    } else {
        let mailbox = write::context(0, &[&write::utf8_string(address.as_str())]);
        write::context(0, &[&write::oid(&oid::SMTP_UTF8_MAILBOX), &mailbox])
    };
    Ok(write::sequence(&[&name]))
}

pub(crate) fn extension(identifier: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(identifier), &write::octet_string(value)])
}

pub(crate) fn critical(identifier: &ObjectIdentifier, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(identifier), &write::boolean(true), &write::octet_string(value)])
}
