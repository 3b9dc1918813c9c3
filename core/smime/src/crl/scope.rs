//! For which certificates a list speaks: IssuingDistributionPoint of the list (RFC 5280 section 5.2.5) and
//! CRLDistributionPoints of the certificate (section 4.2.1.13).

use crate::asn1::{self, Reader, context, context_constructed};
use crate::ber::write;
use crate::certificate::name::{self, GeneralName};

/// At most this many distribution points of one certificate are looked at.
const MAX_DISTRIBUTION_POINTS: usize = 64;

/// ReasonFlags; bit 0 (unused) is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReasonFlags(u16);

impl ReasonFlags {
    /// keyCompromise (1) to aACompromise (8).
    pub(crate) const ALL: Self = ReasonFlags(0x7f80);
    pub(crate) const NONE: Self = ReasonFlags(0);

    pub(crate) fn and(self, other: Self) -> Self {
        ReasonFlags(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        ReasonFlags(self.0 | other.0)
    }

    /// The content octets of a BIT STRING.
    fn read(content: &[u8]) -> Option<Self> {
        let (&unused, octets) = content.split_first()?;
        let high = octets.first().copied().unwrap_or(0);
        let low = octets.get(1).copied().unwrap_or(0);
        let flags = u16::from_be_bytes([high, low]) & Self::ALL.0;
        (unused < 8 && octets.len() <= 2).then_some(ReasonFlags(flags))
    }
}

/// IssuingDistributionPoint; without one a list speaks for all certificates of its issuer, and all reasons.
#[derive(Clone, Default)]
pub(crate) struct Scope {
    der: Vec<u8>,
    /// Comparable general names.
    pub(crate) names: Option<Vec<Vec<u8>>>,
    pub(crate) only_user_certificates: bool,
    pub(crate) only_ca_certificates: bool,
    pub(crate) only_attribute_certificates: bool,
    pub(crate) indirect: bool,
    reasons: Option<ReasonFlags>,
}

impl Scope {
    pub(super) fn read(value: &[u8], issuer: &[u8]) -> Option<Self> {
        let mut sequence = Reader::new(asn1::only(value, asn1::SEQUENCE)?);
        let names = match sequence.take_optional(context_constructed(0))? {
            Some(point) => Some(point_names(point, Some(issuer))?),
            None => None,
        };
        let mut flag = |tag| match sequence.take_optional(context(tag))? {
            Some(content) => asn1::boolean(content),
            None => Some(false),
        };
        let (only_user_certificates, only_ca_certificates) = (flag(1)?, flag(2)?);
        let reasons = match sequence.take_optional(context(3))? {
            Some(content) => Some(ReasonFlags::read(content)?),
            None => None,
        };
        let mut flag = |tag| match sequence.take_optional(context(tag))? {
            Some(content) => asn1::boolean(content),
            None => Some(false),
        };
        let (indirect, only_attribute_certificates) = (flag(4)?, flag(5)?);
        sequence.end()?;
        Some(Scope {
            der: value.to_vec(),
            names,
            only_user_certificates,
            only_ca_certificates,
            only_attribute_certificates,
            indirect,
            reasons,
        })
    }

    pub(crate) fn is_same(&self, other: &Scope) -> bool {
        self.der == other.der
    }

    /// As it stands in the list; empty when there is none.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn reasons(&self) -> ReasonFlags {
        self.reasons.unwrap_or(ReasonFlags::ALL)
    }
}

/// A DistributionPoint of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct DistributionPoint {
    /// Comparable general names; `None` when there is no name.
    pub(crate) names: Option<Vec<Vec<u8>>>,
    reasons: Option<ReasonFlags>,
    /// Comparable general names; `None` stands for the certificate's issuer.
    pub(crate) crl_issuers: Option<Vec<Vec<u8>>>,
    /// uniformResourceIdentifiers.
    pub(crate) uris: Vec<String>,
}

impl DistributionPoint {
    /// RFC 5280 section 6.3.3, end: what stands for lists of the issuer that no distribution point names.
    pub(crate) fn of_issuer(issuer_comparable: &[u8]) -> Self {
        DistributionPoint {
            names: Some(vec![name::directory_comparable(issuer_comparable)]),
            reasons: None,
            crl_issuers: None,
            uris: Vec::new(),
        }
    }

    /// All of a CRLDistributionPoints or FreshestCRL. `issuer` is the DER of the certificate's issuer.
    pub(crate) fn read_all(value: &[u8], issuer: &[u8]) -> Option<Vec<Self>> {
        let mut sequence = Reader::new(asn1::only(value, asn1::SEQUENCE)?);
        let mut points = Vec::new();
        while !sequence.is_empty() && points.len() < MAX_DISTRIBUTION_POINTS {
            points.push(Self::read(sequence.enter(asn1::SEQUENCE)?, issuer)?);
        }
        Some(points)
    }

    fn read(mut fields: Reader<'_>, issuer: &[u8]) -> Option<Self> {
        let point = fields.take_optional(context_constructed(0))?;
        let reasons = match fields.take_optional(context(1))? {
            Some(content) => Some(ReasonFlags::read(content)?),
            None => None,
        };
        let issuers = match fields.take_optional(context_constructed(2))? {
            Some(content) => GeneralName::read_list(content)?,
            None => Vec::new(),
        };
        fields.end()?;
        // A relative name stands under the one name of cRLIssuer, or else under the certificate's issuer.
        let directories: Vec<&[u8]> = issuers
            .iter()
            .filter_map(|general| match general {
                GeneralName::Directory(der) => Some(*der),
                _ => None,
            })
            .collect();
        let base = match (issuers.is_empty(), directories.as_slice()) {
            (true, _) => Some(issuer),
            (false, [one]) => Some(*one),
            (false, _) => None,
        };
        let names = match point {
            Some(point) => Some(point_names(point, base)?),
            None => None,
        };
        let uris = point.map(point_uris).unwrap_or_default();
        let crl_issuers =
            (!issuers.is_empty()).then(|| issuers.iter().filter_map(GeneralName::comparable).collect());
        Some(DistributionPoint { names, reasons, crl_issuers, uris })
    }

    pub(crate) fn reasons(&self) -> ReasonFlags {
        self.reasons.unwrap_or(ReasonFlags::ALL)
    }
}

/// The names of a DistributionPointName, comparable.
fn point_names(point: &[u8], base: Option<&[u8]>) -> Option<Vec<Vec<u8>>> {
    let mut reader = Reader::new(point);
    let name = reader.element()?;
    reader.end()?;
    if name.tag == context_constructed(0) {
        return Some(
            GeneralName::read_list(name.content)?.iter().filter_map(GeneralName::comparable).collect(),
        );
    }
    if name.tag != context_constructed(1) {
        return None;
    }
    let relative = write::sequence(&[&write::tlv(asn1::SET, name.content)]);
    let relative = name::comparable(&relative)?.concat();
    let Some(base) = base else { return Some(Vec::new()) };
    Some(vec![name::directory_comparable(&[name::comparable(base)?.concat(), relative].concat())])
}

fn point_uris(point: &[u8]) -> Vec<String> {
    let Some(names) = Reader::new(point).take(context_constructed(0)) else { return Vec::new() };
    let text = |general| match general {
        GeneralName::Uri(octets) => std::str::from_utf8(octets).ok().map(str::to_owned),
        _ => None,
    };
    GeneralName::read_list(names).unwrap_or_default().into_iter().filter_map(text).collect()
}
