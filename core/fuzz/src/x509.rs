//! Certificates, and paths over what an attacker brings along.

use smime::Certificate;
use smime::path::{AnchorScope, Purpose, Trust, TrustAnchor, validate};
use testkit::alice;

use crate::cms::now;

/// A certificate is kept as it came; nobody else's certificate leads to Alice's root.
pub fn x509(octets: &[u8]) {
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
