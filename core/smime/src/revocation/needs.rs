//! What is missing, as addresses: nothing is fetched here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{CertificateStatus, Fingerprint};
use crate::asn1::{self, Reader};
use crate::certificate::Certificate;
use crate::certificate::name::GeneralName;
use crate::crl::scope::DistributionPoint;
use crate::oid;
use crate::verdict::Revocation;

/// At most this many addresses are named for one leaf.
pub const MAX_NEEDS: usize = 64;
/// A longer address is left out, in octets.
const MAX_URL_OCTETS: usize = 2048;

/// What lies at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// The issuer's certificate (caIssuers).
    Issuer,
    /// A revocation list.
    Crl,
    /// A delta list.
    DeltaCrl,
    /// An OCSP responder.
    Ocsp,
}

/// Something that a certificate says lies at an address, and that was not given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Need {
    /// What it is.
    pub kind: NeedKind,
    /// `http` or `https`; printable ASCII.
    pub url: String,
    /// SHA-256 of the certificate that names the address.
    pub certificate: Fingerprint,
}

/// Where the status of the certificates of a path that is not known could be asked for.
pub(crate) fn needs_of(path: &[Certificate], statuses: &[CertificateStatus]) -> Vec<Need> {
    let below_anchor = path.split_last().map(|(_, below)| below).unwrap_or_default();
    let mut needs = BTreeSet::new();
    for (certificate, status) in below_anchor.iter().zip(statuses) {
        if matches!(status.state, Revocation::Good | Revocation::Revoked) {
            continue;
        }
        let extensions = certificate.extensions();
        let mut add = |kind, url: String| insert(&mut needs, kind, url, certificate);
        for (kind, value) in [
            (NeedKind::Crl, &extensions.crl_distribution_points),
            (NeedKind::DeltaCrl, &extensions.freshest_crl),
        ] {
            let points = value
                .as_deref()
                .and_then(|value| DistributionPoint::read_all(value, certificate.issuer_der()))
                .unwrap_or_default();
            points.into_iter().flat_map(|point| point.uris).for_each(|url| add(kind, url));
        }
        for url in access_locations(certificate, &oid::OCSP) {
            add(NeedKind::Ocsp, url);
        }
    }
    needs.into_iter().collect()
}

/// Where the issuer of a certificate could be asked for.
pub(crate) fn missing_issuer(certificate: &Certificate, needs: &mut BTreeSet<Need>) {
    for url in access_locations(certificate, &oid::CA_ISSUERS) {
        insert(needs, NeedKind::Issuer, url, certificate);
    }
}

fn insert(needs: &mut BTreeSet<Need>, kind: NeedKind, url: String, certificate: &Certificate) {
    let is_http = ["http://", "https://"].iter().any(|scheme| {
        url.split_at_checked(scheme.len())
            .is_some_and(|(start, rest)| start.eq_ignore_ascii_case(scheme) && !rest.is_empty())
    });
    let is_plain = url.len() <= MAX_URL_OCTETS && url.bytes().all(|octet| octet.is_ascii_graphic());
    if is_http && is_plain && needs.len() < MAX_NEEDS {
        needs.insert(Need { kind, url, certificate: certificate.fingerprint() });
    }
}

/// The URIs of AuthorityInfoAccess with this method (RFC 5280 section 4.2.2.1); of a malformed one none.
fn access_locations(certificate: &Certificate, method: &const_oid::ObjectIdentifier) -> Vec<String> {
    let read = |value: &[u8]| {
        let mut sequence = Reader::new(asn1::only(value, asn1::SEQUENCE)?);
        let mut urls = Vec::new();
        while !sequence.is_empty() && urls.len() < MAX_NEEDS {
            let mut description = sequence.enter(asn1::SEQUENCE)?;
            let found = asn1::object_identifier(description.take(asn1::OBJECT_IDENTIFIER)?);
            let location = GeneralName::read(&mut description)?;
            description.end()?;
            if let (true, GeneralName::Uri(octets)) = (found == Some(*method), location) {
                urls.extend(std::str::from_utf8(octets).map(str::to_owned));
            }
        }
        Some(urls)
    };
    certificate.extensions().authority_information_access.as_deref().and_then(read).unwrap_or_default()
}
