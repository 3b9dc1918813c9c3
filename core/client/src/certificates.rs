//! What stands in a certificate or PKCS#12 file: no network, no home.

use serde::Serialize;
use smime::certificate::{CertificateError, Problem, Use};
use smime::pkcs12::{self, Pkcs12Error, Warning};
use smime::{Certificate, KeyAlgorithm, UnixTime};

/// A certificate, described.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateReport {
    /// Subject (RFC 4514 text).
    pub subject: String,
    /// Issuer (RFC 4514 text).
    pub issuer: String,
    /// Serial number in lower-case hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER in lower-case hexadecimal.
    pub sha256: String,
    /// The mail addresses that it names.
    pub emails: Vec<String>,
    /// Kind of key, like `rsa-2048` or `p256`; `unknown` when it is not known here.
    pub key: String,
    /// How the issuer signed it, like `ecdsa-sha256`; an object identifier when it is not known here.
    pub signature: String,
    /// Start of validity.
    pub not_before: UnixTime,
    /// End of validity.
    pub not_after: UnixTime,
    /// What it may be used for by key, key usage and extended key usage, whatever the time.
    pub usable_for: Vec<Use>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// What a PKCS#12 file holds.
#[derive(Clone, Debug, Serialize)]
pub struct Pkcs12Report {
    /// The private keys.
    pub keys: Vec<Pkcs12Key>,
    /// All certificates.
    pub certificates: Vec<Pkcs12Certificate>,
    /// What is dubious.
    pub warnings: Vec<Warning>,
}

/// A private key in a PKCS#12 file.
#[derive(Clone, Debug, Serialize)]
pub struct Pkcs12Key {
    /// Kind of key, like `rsa-2048`.
    pub key: String,
    /// SHA-256 of its certificate in lower-case hexadecimal.
    pub certificate: Option<String>,
    /// Its name in the file.
    pub name: Option<String>,
}

/// A certificate in a PKCS#12 file.
#[derive(Clone, Debug, Serialize)]
pub struct Pkcs12Certificate {
    /// The certificate.
    #[serde(flatten)]
    pub certificate: CertificateReport,
    /// Its name in the file.
    pub name: Option<String>,
}

/// Describes every certificate of a PEM, DER or PKCS#7 file at the time `at`.
pub fn describe_certificates(file: &[u8], at: UnixTime) -> Result<Vec<CertificateReport>, CertificateError> {
    Ok(Certificate::read_all(file)?.iter().map(|certificate| report(certificate, at)).collect())
}

/// Describes what a PKCS#12 file holds at the time `at`.
pub fn describe_pkcs12(
    file: &[u8],
    password: Option<&str>,
    at: UnixTime,
) -> Result<Pkcs12Report, Pkcs12Error> {
    let contents = pkcs12::read(file, password)?;
    let keys = contents.keys.into_iter().map(|entry| Pkcs12Key {
        key: key_name(entry.key.algorithm()),
        certificate: entry.certificate.map(|certificate| certificate.fingerprint().to_hex()),
        name: entry.name,
    });
    let certificates = contents
        .certificates
        .into_iter()
        .map(|entry| Pkcs12Certificate { certificate: report(&entry.certificate, at), name: entry.name });
    Ok(Pkcs12Report {
        keys: keys.collect(),
        certificates: certificates.collect(),
        warnings: contents.warnings,
    })
}

/// The file is a PKCS#12 file, or claims to be one.
pub fn is_pkcs12(file: &[u8]) -> bool {
    pkcs12::looks_like(file)
}

fn report(certificate: &Certificate, at: UnixTime) -> CertificateReport {
    CertificateReport {
        subject: certificate.subject(),
        issuer: certificate.issuer(),
        serial: certificate.serial_hex(),
        sha256: certificate.fingerprint().to_hex(),
        emails: certificate.emails().iter().map(|address| address.as_str().to_owned()).collect(),
        key: certificate.key_algorithm().map_or_else(|| "unknown".to_owned(), key_name),
        signature: certificate.signature_name(),
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        usable_for: certificate.uses(),
        problems: certificate.problems(at),
    }
}

fn key_name(key: KeyAlgorithm) -> String {
    match key {
        KeyAlgorithm::Rsa(bits) => format!("rsa-{bits}"),
        // A word in its serialised form.
        other => {
            let word = serde_json::to_value(other).ok();
            word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
        }
    }
}
