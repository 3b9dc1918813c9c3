//! What RFC 5280 section 4 asks of conforming CAs, for [`PathOptions::strict_profile`](super::PathOptions).

use std::collections::BTreeSet;

use super::names::is_host_name;
use crate::certificate::Certificate;
use crate::certificate::extensions::KeyUsage;
use crate::certificate::name::GeneralName;
use crate::verdict::Reason;

/// Adds `InvalidCertificate` when the certificate breaks the profile.
pub(super) fn check(
    certificate: &Certificate,
    is_leaf: bool,
    is_anchor: bool,
    reasons: &mut BTreeSet<Reason>,
) {
    let conforms = key_identifiers(certificate, is_leaf, is_anchor)
        && constraints(certificate, is_leaf)
        && names(certificate);
    if !conforms {
        reasons.insert(Reason::InvalidCertificate);
    }
}

/// Sections 4.2.1.1 and 4.2.1.2: never critical; in CA certificates the subject's identifier is needed, and the
/// authority's in all but anchors.
fn key_identifiers(certificate: &Certificate, is_leaf: bool, is_anchor: bool) -> bool {
    let extensions = certificate.extensions();
    !extensions.authority_key_identifier_critical
        && !extensions.subject_key_identifier_critical
        && (is_leaf || extensions.subject_key_identifier.is_some())
        && (is_anchor || extensions.authority_key_identifier.is_some())
}

/// Sections 4.2.1.3, 4.2.1.9, 4.2.1.10 and 4.2.1.11.
fn constraints(certificate: &Certificate, is_leaf: bool) -> bool {
    let extensions = certificate.extensions();
    let signs_certificates = extensions.key_usage.is_some_and(|usage| usage.any(KeyUsage::KEY_CERT_SIGN));
    let has_path_length =
        extensions.basic_constraints.is_some_and(|constraints| constraints.path_length.is_some());
    let is_ca = certificate.is_ca();
    (is_leaf || !is_ca || extensions.basic_constraints_critical)
        && (is_ca || !signs_certificates)
        && (is_leaf || !has_path_length || signs_certificates)
        && (extensions.name_constraints.is_none() || (is_ca && extensions.name_constraints_critical))
        && (extensions.policy_constraints.is_none() || extensions.policy_constraints_critical)
}

/// Sections 4.1.2.4, 4.1.2.6 and 4.2.1.6.
fn names(certificate: &Certificate) -> bool {
    let extensions = certificate.extensions();
    let anonymous = certificate.subject_comparable().is_empty();
    let dns_name = |octets: &[u8]| {
        let text = std::str::from_utf8(octets).unwrap_or_default();
        let host = text.strip_prefix("*.").unwrap_or(text);
        let is_ip = host.parse::<std::net::IpAddr>().is_ok();
        is_host_name(host) && !host.contains('_') && !is_ip
    };
    let well_formed = extensions.subject_alt_name.as_ref().is_none_or(|der| {
        GeneralName::read_all(der).is_some_and(|names| {
            names.iter().all(|name| match name {
                GeneralName::Dns(octets) => dns_name(octets),
                GeneralName::Ip(octets) => matches!(octets.len(), 4 | 16),
                _ => true,
            })
        })
    });
    let identified = !anonymous
        || (!certificate.is_ca()
            && extensions.subject_alt_name.is_some()
            && extensions.subject_alt_name_critical);
    well_formed && identified && !certificate.issuer_comparable().is_empty()
}
