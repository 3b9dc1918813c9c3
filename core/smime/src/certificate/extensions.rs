//! Certificate extensions (RFC 5280 section 4.2).

use std::collections::BTreeSet;

use const_oid::ObjectIdentifier;

use crate::asn1::{self, Reader, context, context_constructed};
use crate::oid;

const CERTIFICATE_POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
const POLICY_MAPPINGS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.33");
const POLICY_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.36");
const INHIBIT_ANY_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.54");

/// At most this many extensions of one certificate, list, line or answer are read.
const MAX_EXTENSIONS: usize = 128;

/// KeyUsage bits (RFC 5280 section 4.2.1.3), bit 0 as the highest bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUsage(u16);

impl KeyUsage {
    pub(crate) const DIGITAL_SIGNATURE: u16 = 0x8000;
    pub(crate) const NON_REPUDIATION: u16 = 0x4000;
    pub(crate) const KEY_ENCIPHERMENT: u16 = 0x2000;
    pub(crate) const KEY_AGREEMENT: u16 = 0x0800;
    pub(crate) const KEY_CERT_SIGN: u16 = 0x0400;
    pub(crate) const CRL_SIGN: u16 = 0x0200;
    pub(crate) const ENCIPHER_ONLY: u16 = 0x0100;

    /// Any of these bits is set.
    pub(crate) fn any(self, bits: u16) -> bool {
        self.0 & bits != 0
    }

    fn read(der: &[u8]) -> Option<Self> {
        let (&unused, octets) = asn1::only(der, asn1::BIT_STRING)?.split_first()?;
        let high = octets.first().copied().unwrap_or(0);
        let low = octets.get(1).copied().unwrap_or(0);
        (unused < 8 && octets.len() <= 2).then_some(KeyUsage(u16::from_be_bytes([high, low])))
    }
}

/// BasicConstraints (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_length: Option<u32>,
}

impl BasicConstraints {
    fn read(der: &[u8]) -> Option<Self> {
        let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let ca = match sequence.take_optional(asn1::BOOLEAN)? {
            Some(content) => asn1::boolean(content)?,
            None => false,
        };
        let path_length = match sequence.take_optional(asn1::INTEGER)? {
            Some(content) => Some(asn1::small_integer(content)?),
            None => None,
        };
        sequence.end()?;
        Some(BasicConstraints { ca, path_length })
    }
}

/// PolicyConstraints (RFC 5280 section 4.2.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit_policy: Option<u32>,
    pub(crate) inhibit_policy_mapping: Option<u32>,
}

impl PolicyConstraints {
    fn read(der: &[u8]) -> Option<Self> {
        let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let mut skip_certs = |tag| match sequence.take_optional(tag)? {
            Some(content) => asn1::small_integer(content).map(Some),
            None => Some(None),
        };
        let require_explicit_policy = skip_certs(context(0))?;
        let inhibit_policy_mapping = skip_certs(context(1))?;
        sequence.end()?;
        Some(PolicyConstraints { require_explicit_policy, inhibit_policy_mapping })
    }
}

/// What the extensions say. One that is malformed or double sets `malformed`; such a certificate is good for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    /// An extension could not be read, or stands twice (RFC 5280 section 4.2).
    pub(crate) malformed: bool,
    /// A critical extension is not processed here.
    pub(crate) unknown_critical: bool,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) basic_constraints_critical: bool,
    pub(crate) extended_key_usage: Option<Vec<ObjectIdentifier>>,
    pub(crate) extended_key_usage_critical: bool,
    pub(crate) subject_key_identifier: Option<Vec<u8>>,
    pub(crate) subject_key_identifier_critical: bool,
    /// keyIdentifier of AuthorityKeyIdentifier.
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
    pub(crate) authority_key_identifier_present: bool,
    pub(crate) authority_key_identifier_critical: bool,
    /// DER of the GeneralNames.
    pub(crate) subject_alt_name: Option<Vec<u8>>,
    pub(crate) subject_alt_name_critical: bool,
    /// DER of the NameConstraints.
    pub(crate) name_constraints: Option<Vec<u8>>,
    pub(crate) name_constraints_critical: bool,
    pub(crate) policies: Option<Vec<ObjectIdentifier>>,
    pub(crate) policy_mappings: Vec<(ObjectIdentifier, ObjectIdentifier)>,
    pub(crate) policy_constraints: Option<PolicyConstraints>,
    pub(crate) policy_constraints_critical: bool,
    pub(crate) inhibit_any_policy: Option<u32>,
    /// DER of CRLDistributionPoints. Read only when a status is asked for: what is wrong in it makes the status
    /// unknown, not the certificate useless.
    pub(crate) crl_distribution_points: Option<Vec<u8>>,
    /// DER of FreshestCRL, like `crl_distribution_points`.
    pub(crate) freshest_crl: Option<Vec<u8>>,
    /// DER of AuthorityInfoAccess; never critical (RFC 5280 section 4.2.2.1).
    pub(crate) authority_information_access: Option<Vec<u8>>,
    /// id-pkix-ocsp-nocheck (RFC 6960 section 4.2.2.2.1).
    pub(crate) ocsp_no_check: bool,
}

impl Extensions {
    /// Reads the content of the Extensions SEQUENCE. Never fails: what is wrong is recorded.
    pub(crate) fn read(content: &[u8]) -> Self {
        let mut extensions = Extensions::default();
        if extensions.read_each(content).is_none() {
            extensions.malformed = true;
        }
        extensions
    }

    fn read_each(&mut self, content: &[u8]) -> Option<()> {
        (!content.is_empty()).then_some(())?;
        walk(content, |Extension { identifier, is_one_too_many, critical, value }| {
            if is_one_too_many {
                return None;
            }
            match identifier.and_then(|known| self.read_one(known, critical, value)) {
                Some(Ok(())) => {}
                Some(Err(Undecodable)) => self.malformed = true,
                None => self.unknown_critical |= critical,
            }
            Some(())
        })
    }

    /// `None`: not an extension that is processed here.
    fn read_one(
        &mut self,
        extension: ObjectIdentifier,
        critical: bool,
        value: &[u8],
    ) -> Option<Result<(), Undecodable>> {
        let done = match extension {
            oid::KEY_USAGE => keep(&mut self.key_usage, KeyUsage::read(value)),
            oid::BASIC_CONSTRAINTS => {
                self.basic_constraints_critical = critical;
                keep(&mut self.basic_constraints, BasicConstraints::read(value))
            }
            oid::EXTENDED_KEY_USAGE => {
                self.extended_key_usage_critical = critical;
                keep(&mut self.extended_key_usage, read_oids(value))
            }
            oid::SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_identifier_critical = critical;
                keep(
                    &mut self.subject_key_identifier,
                    asn1::only(value, asn1::OCTET_STRING).map(<[u8]>::to_vec),
                )
            }
            oid::AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_identifier_critical = critical;
                self.authority_key_identifier_present = true;
                self.read_authority_key_identifier(value).ok_or(Undecodable)
            }
            oid::SUBJECT_ALT_NAME => {
                self.subject_alt_name_critical = critical;
                self.subject_alt_name = Some(value.to_vec());
                super::name::GeneralName::read_all(value).map(drop).ok_or(Undecodable)
            }
            oid::NAME_CONSTRAINTS => {
                self.name_constraints_critical = critical;
                keep(&mut self.name_constraints, asn1::only(value, asn1::SEQUENCE).map(|_| value.to_vec()))
            }
            CERTIFICATE_POLICIES => keep(&mut self.policies, read_policies(value)),
            POLICY_MAPPINGS => {
                read_mappings(value).map(|pairs| self.policy_mappings = pairs).ok_or(Undecodable)
            }
            POLICY_CONSTRAINTS => {
                self.policy_constraints_critical = critical;
                keep(&mut self.policy_constraints, PolicyConstraints::read(value))
            }
            INHIBIT_ANY_POLICY => {
                let skip_certs = asn1::only(value, asn1::INTEGER).and_then(asn1::small_integer);
                keep(&mut self.inhibit_any_policy, skip_certs)
            }
            oid::CRL_DISTRIBUTION_POINTS => {
                self.crl_distribution_points = Some(value.to_vec());
                Ok(())
            }
            oid::FRESHEST_CRL => {
                self.freshest_crl = Some(value.to_vec());
                Ok(())
            }
            oid::AUTHORITY_INFORMATION_ACCESS if !critical => {
                self.authority_information_access = Some(value.to_vec());
                Ok(())
            }
            oid::OCSP_NO_CHECK => {
                self.ocsp_no_check = true;
                Ok(())
            }
            _ => return None,
        };
        Some(done)
    }

    fn read_authority_key_identifier(&mut self, value: &[u8]) -> Option<()> {
        self.authority_key_identifier = read_authority_key_identifier(value)?.map(<[u8]>::to_vec);
        Some(())
    }

    /// Extended key usage is absent or holds one of these.
    pub(crate) fn allows_any_of(&self, wanted: &[ObjectIdentifier]) -> bool {
        self.extended_key_usage
            .as_ref()
            .is_none_or(|usages| usages.iter().any(|usage| wanted.contains(usage)))
    }
}

/// One extension, as it stands there.
struct Extension<'a> {
    /// `None` when it is longer than any that is known here.
    identifier: Option<ObjectIdentifier>,
    /// It stands twice, or behind [`MAX_EXTENSIONS`] others.
    is_one_too_many: bool,
    critical: bool,
    value: &'a [u8],
}

/// Calls `each` with every extension until it gives `None`. `None` also for what is not the structure of Extensions.
fn walk(content: &[u8], mut each: impl FnMut(Extension<'_>) -> Option<()>) -> Option<()> {
    let mut reader = Reader::new(content);
    let mut seen = BTreeSet::new();
    while !reader.is_empty() {
        let mut extension = reader.enter(asn1::SEQUENCE)?;
        let identifier = extension.take(asn1::OBJECT_IDENTIFIER)?;
        let critical = match extension.take_optional(asn1::BOOLEAN)? {
            Some(value) => asn1::boolean(value)?,
            None => false,
        };
        let value = extension.take(asn1::OCTET_STRING)?;
        extension.end()?;
        let is_one_too_many = seen.len() == MAX_EXTENSIONS || !seen.insert(identifier);
        each(Extension {
            identifier: asn1::object_identifier(identifier),
            is_one_too_many,
            critical,
            value,
        })?;
    }
    Some(())
}

/// Calls `each` with identifier, critical and value of every extension of a list, a line, a request or an answer; the
/// identifier is `None` when it can't be read, stands twice, or is one too many. `None`: not the structure of Extensions.
pub(crate) fn for_each_extension(
    content: &[u8],
    mut each: impl FnMut(Option<ObjectIdentifier>, bool, &[u8]),
) -> Option<()> {
    walk(content, |Extension { identifier, is_one_too_many, critical, value }| {
        // An identifier longer than any that is known here counts only when it is critical or stands twice.
        if identifier.is_some() || critical || is_one_too_many {
            each(identifier.filter(|_| !is_one_too_many), critical, value);
        }
        Some(())
    })
}

/// The keyIdentifier of an AuthorityKeyIdentifier (RFC 5280 section 4.2.1.1).
#[allow(clippy::option_option, reason = "outer: is it DER; inner: is it there")]
pub(crate) fn read_authority_key_identifier(value: &[u8]) -> Option<Option<&[u8]>> {
    let mut sequence = Reader::new(asn1::only(value, asn1::SEQUENCE)?);
    let identifier = sequence.take_optional(context(0))?;
    sequence.take_optional(context_constructed(1))?;
    sequence.take_optional(context(2))?;
    sequence.end()?;
    Some(identifier)
}

/// An extension that is processed here, but can't be read.
struct Undecodable;

fn keep<T>(place: &mut Option<T>, value: Option<T>) -> Result<(), Undecodable> {
    *place = value;
    if place.is_some() { Ok(()) } else { Err(Undecodable) }
}

/// A SEQUENCE OF OBJECT IDENTIFIER with at least one. Identifiers longer than any registered one are skipped.
fn read_oids(der: &[u8]) -> Option<Vec<ObjectIdentifier>> {
    let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
    sequence.peek()?;
    let mut oids = Vec::new();
    while !sequence.is_empty() {
        oids.extend(asn1::object_identifier(sequence.take(asn1::OBJECT_IDENTIFIER)?));
    }
    Some(oids)
}

/// The policies of CertificatePolicies, each once (RFC 5280 section 4.2.1.4); qualifiers are not processed.
fn read_policies(der: &[u8]) -> Option<Vec<ObjectIdentifier>> {
    let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
    sequence.peek()?;
    let mut policies = Vec::new();
    let mut seen = BTreeSet::new();
    while !sequence.is_empty() {
        let mut information = sequence.enter(asn1::SEQUENCE)?;
        let policy = asn1::object_identifier(information.take(asn1::OBJECT_IDENTIFIER)?)?;
        information.take_optional(asn1::SEQUENCE)?;
        information.end()?;
        if !seen.insert(policy) {
            return None;
        }
        policies.push(policy);
    }
    Some(policies)
}

fn read_mappings(der: &[u8]) -> Option<Vec<(ObjectIdentifier, ObjectIdentifier)>> {
    let mut sequence = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
    sequence.peek()?;
    let mut pairs = Vec::new();
    while !sequence.is_empty() {
        let mut pair = sequence.enter(asn1::SEQUENCE)?;
        let issuer_domain = asn1::object_identifier(pair.take(asn1::OBJECT_IDENTIFIER)?)?;
        let subject_domain = asn1::object_identifier(pair.take(asn1::OBJECT_IDENTIFIER)?)?;
        pair.end()?;
        pairs.push((issuer_domain, subject_domain));
    }
    Some(pairs)
}
