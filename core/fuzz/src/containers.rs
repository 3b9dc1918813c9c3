//! Key files and certification requests: what people import.

use smime::csr::CertificateRequest;
use smime::pkcs8::{self, MAX_KEYS};
use smime::pkcs12::{self, MAX_BAGS};

/// The password of the seeds.
const PASSWORD: &str = "x";

/// A key has only a certificate of its own public key, and whatever is read has a file that looks like one.
pub fn pkcs12(octets: &[u8]) {
    for password in [None, Some(PASSWORD)] {
        let Ok(contents) = pkcs12::read(octets, password) else { continue };
        assert!(pkcs12::looks_like(octets));
        assert!(contents.keys.len() <= MAX_KEYS && contents.certificates.len() <= MAX_BAGS);
        for entry in &contents.keys {
            let Some(certificate) = &entry.certificate else { continue };
            assert!(certificate.certifies(&entry.key), "another key's certificate");
            assert!(contents.certificates.iter().any(|one| one.certificate == *certificate));
        }
    }
    if let Ok(keys) = pkcs8::read_all(octets, Some(PASSWORD)) {
        assert!((1..=MAX_KEYS).contains(&keys.len()));
    }
}

/// A request is kept as it came, and is the same in PEM.
pub fn csr(octets: &[u8]) {
    let Ok(request) = CertificateRequest::read(octets) else { return };
    for form in [request.der(), request.to_pem().as_bytes()] {
        let again = CertificateRequest::read(form);
        assert!(again.is_ok_and(|again| {
            again.der() == request.der()
                && again.public_key_der() == request.public_key_der()
                && again.emails() == request.emails()
        }));
    }
    assert!(!request.public_key_der().is_empty());
    let _ = (request.subject(), request.extended_key_usages(), request.extensions_der());
}
