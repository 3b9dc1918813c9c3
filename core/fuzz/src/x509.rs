//! Certificates, and paths over what an attacker brings along.

use smime::Certificate;
use smime::crl::CertificateList;
use smime::ocsp::{OcspRequest, OcspResponse};
use smime::path::{AnchorScope, Purpose, Trust, TrustAnchor, validate};
use testkit::alice;

use crate::cms::now;

/// A certificate is kept as it came; nobody else's certificate leads to Alice's root.
pub fn x509(octets: &[u8]) {
    revocation(octets);
    let Ok(certificates) = Certificate::read_all(octets) else { return };
    let anchor = TrustAnchor {
        certificate: alice().root.certificate.clone(),
        trust: Trust::Met,
        scope: AnchorScope::Address(alice().address.clone()),
    };
    for certificate in &certificates {
        let again = Certificate::from_der(certificate.der());
        assert!(again.is_ok_and(|again| again.fingerprint() == certificate.fingerprint()));
        let _ = (
            certificate.subject(),
            certificate.issuer(),
            certificate.common_name(),
            certificate.serial_hex(),
        );
        let _ = (
            certificate.is_ca(),
            certificate.may_sign(),
            certificate.may_encrypt(),
            certificate.key_algorithm(),
        );
        assert!(certificate.emails().iter().all(|address| address.as_str().contains('@')));
        let path =
            validate(certificate, &certificates, std::slice::from_ref(&anchor), now(), Purpose::EmailSigning);
        if path.is_ok() {
            let hers = alice().certificates();
            assert!(
                hers.contains(certificate),
                "a path to Alice's root for a certificate that she never issued"
            );
        }
    }
}

/// Lists and OCSP answers are kept as they came, and nobody else's is signed by Alice's root.
fn revocation(octets: &[u8]) {
    let root = &alice().root.certificate;
    for list in CertificateList::read_all(octets).unwrap_or_default() {
        assert!(CertificateList::from_der(list.der()).is_ok_and(|again| again == list));
        assert_eq!(list.revoked().count(), list.len());
        assert!(!list.is_signed_by(root), "a list that Alice's root never signed");
    }
    if let Ok(answer) = OcspResponse::from_der(octets) {
        assert!(!answer.is_signed_by(root), "an answer that Alice's root never signed");
    }
    let _ = OcspRequest::from_der(octets);
}
