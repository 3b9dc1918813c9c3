//! Certificate revocation lists (RFC 5280 section 5): complete, delta and indirect ones.
//!
//! Reading says what stands in a list. Whether its issuer may say it, and of whom, is decided in
//! [`revocation`](crate::revocation).

mod entries;
pub(crate) mod scope;

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::asn1::{self, Reader, context_constructed};
use crate::certificate::extensions::{for_each_extension, read_authority_key_identifier};
use crate::certificate::{Certificate, name};
use crate::issued::{Issued, IssuerSignature, Parts};
use crate::oid;
use crate::pem;
use crate::time::UnixTime;
use entries::Entries;
pub(crate) use entries::Entry;
use scope::Scope;

/// The largest list that is read, in octets of DER. Lists of national authorities have tens of mebibytes.
pub const MAX_CRL_OCTETS: usize = 64 << 20;
/// The largest number of lists that is read from one file.
pub const MAX_CRLS_IN_FILE: usize = 1024;

/// A certificate revocation list: the received DER and what was read from it. Cheap to clone.
#[derive(Clone)]
pub struct CertificateList {
    fields: Arc<Fields>,
}

struct Fields {
    issued: Issued,
    issuer: Range<usize>,
    issuer_comparable: Box<[u8]>,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    extensions: ListExtensions,
    entries: Entries,
}

/// What the extensions of a list say (RFC 5280 section 5.2).
#[derive(Default)]
struct ListExtensions {
    /// A critical extension is unknown, or one is malformed or double: the list may not be used.
    unsupported: bool,
    number: Option<Vec<u8>>,
    number_critical: bool,
    base_number: Option<Vec<u8>>,
    authority_key_identifier: Option<Vec<u8>>,
    scope: Scope,
}

/// Why bytes are not a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Not DER, or not the structure of RFC 5280 section 5.1.
    #[error("the certificate revocation list is malformed")]
    Malformed,
    /// The file holds no list.
    #[error("no certificate revocation list found")]
    Missing,
    /// Larger than [`MAX_CRL_OCTETS`], or more than [`MAX_CRLS_IN_FILE`].
    #[error("the file of revocation lists exceeds the limit of {0}")]
    Limit(&'static str),
}

impl From<pem::FileError> for CrlError {
    fn from(error: pem::FileError) -> Self {
        match error {
            pem::FileError::Missing => CrlError::Missing,
            pem::FileError::Malformed => CrlError::Malformed,
            pem::FileError::TooMany => CrlError::Limit("1024 lists in one file"),
        }
    }
}

/// Why a certificate was revoked (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrlReason {
    /// unspecified (0).
    Unspecified,
    /// keyCompromise (1).
    KeyCompromise,
    /// cACompromise (2).
    CaCompromise,
    /// affiliationChanged (3).
    AffiliationChanged,
    /// superseded (4).
    Superseded,
    /// cessationOfOperation (5).
    CessationOfOperation,
    /// certificateHold (6).
    CertificateHold,
    /// removeFromCRL (8), in delta lists.
    RemoveFromCrl,
    /// privilegeWithdrawn (9).
    PrivilegeWithdrawn,
    /// aACompromise (10).
    AaCompromise,
}

impl CrlReason {
    /// The reason of an ENUMERATED's content octets.
    pub(crate) fn read(content: &[u8]) -> Option<Self> {
        Some(match content {
            [0] => Self::Unspecified,
            [1] => Self::KeyCompromise,
            [2] => Self::CaCompromise,
            [3] => Self::AffiliationChanged,
            [4] => Self::Superseded,
            [5] => Self::CessationOfOperation,
            [6] => Self::CertificateHold,
            [8] => Self::RemoveFromCrl,
            [9] => Self::PrivilegeWithdrawn,
            [10] => Self::AaCompromise,
            _ => return None,
        })
    }
}

/// One line of a list, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Content octets of the serial number INTEGER.
    pub serial: Vec<u8>,
    /// revocationDate.
    pub revoked_at: UnixTime,
    /// reasonCode.
    pub reason: Option<CrlReason>,
}

impl CertificateList {
    /// Reads one DER list; nothing may follow.
    ///
    /// Extensions that are unknown and critical, or malformed, don't make this fail: such a list is
    /// [not usable](Self::is_usable), and whoever asks for a status hears so.
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL_OCTETS {
            return Err(CrlError::Limit("64 MiB for one list"));
        }
        let fields = Fields::read(der).ok_or(CrlError::Malformed)?;
        Ok(CertificateList { fields: Arc::new(fields) })
    }

    /// Every list of a PEM file (`X509 CRL`; other blocks are skipped), or the one of a DER file. At least one.
    pub fn read_all(file: &[u8]) -> Result<Vec<Self>, CrlError> {
        pem::read_all(file, &["X509 CRL"], MAX_CRLS_IN_FILE, Self::from_der)
    }

    /// The octets as received.
    pub fn der(&self) -> &[u8] {
        self.fields.issued.der()
    }

    /// Issuer as RFC 4514 text, for people.
    pub fn issuer(&self) -> String {
        name::to_rfc4514(self.fields.issued.part(&self.fields.issuer))
    }

    /// thisUpdate.
    pub fn this_update(&self) -> UnixTime {
        self.fields.this_update
    }

    /// nextUpdate.
    pub fn next_update(&self) -> Option<UnixTime> {
        self.fields.next_update
    }

    /// It changes a complete list (deltaCRLIndicator) and says nothing alone.
    pub fn is_delta(&self) -> bool {
        self.fields.extensions.base_number.is_some()
    }

    /// Everything in it is understood: no unknown critical extension, nothing malformed or double.
    pub fn is_usable(&self) -> bool {
        !self.fields.extensions.unsupported && !self.fields.entries.unsupported
    }

    /// Lines state issuers, and the list does not say that it is indirect: nobody knows whom it means.
    pub(crate) fn is_contradictory(&self) -> bool {
        self.fields.entries.has_issuers && !self.scope().indirect
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.fields.entries.len()
    }

    /// There is no line.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines, sorted by issuer and serial number.
    pub fn revoked(&self) -> impl Iterator<Item = RevokedCertificate> + '_ {
        self.fields.entries.iter().map(|entry| RevokedCertificate {
            serial: entry.serial(self.der()).to_vec(),
            revoked_at: entry.revoked_at,
            reason: entry.reason,
        })
    }

    /// The list's signature verifies under `issuer`'s key (nothing else is checked).
    pub fn is_signed_by(&self, issuer: &Certificate) -> bool {
        self.issuer_signature(issuer) == IssuerSignature::Right
    }

    pub(crate) fn issuer_signature(&self, issuer: &Certificate) -> IssuerSignature {
        self.fields.issued.signature_under(issuer)
    }

    /// It is signed with SHA-1.
    pub(crate) fn has_weak_signature_digest(&self) -> bool {
        self.fields.issued.has_weak_digest()
    }

    /// The issuer as octets that are equal when the names are.
    pub(crate) fn issuer_comparable(&self) -> &[u8] {
        &self.fields.issuer_comparable
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.fields.extensions.scope
    }

    pub(crate) fn authority_key_identifier(&self) -> Option<&[u8]> {
        self.fields.extensions.authority_key_identifier.as_deref()
    }

    /// cRLNumber is there and not critical, as RFC 5280 section 5.2.3 asks of issuers.
    pub(crate) fn has_conforming_number(&self) -> bool {
        self.fields.extensions.number.is_some() && !self.fields.extensions.number_critical
    }

    /// Newer lists of one scope are greater.
    pub(crate) fn age(&self) -> (UnixTime, usize, &[u8]) {
        let number = self.fields.extensions.number.as_deref().unwrap_or_default();
        (self.this_update(), number.len(), number)
    }

    /// This delta may be applied to `base` (RFC 5280 section 5.2.4).
    pub(crate) fn updates(&self, base: &CertificateList) -> bool {
        let (delta, base_extensions) = (&self.fields.extensions, &base.fields.extensions);
        let order = |number: &[u8]| (number.len(), number.to_vec());
        let (Some(from), Some(number), Some(have)) =
            (&delta.base_number, &delta.number, &base_extensions.number)
        else {
            return false;
        };
        self.issuer_comparable() == base.issuer_comparable()
            && delta.scope.is_same(&base_extensions.scope)
            && delta.authority_key_identifier == base_extensions.authority_key_identifier
            && order(from) <= order(have)
            && order(have) < order(number)
    }

    /// The lines about this certificate: the issuer as comparable octets, the serial number's content octets.
    pub(crate) fn find<'a>(
        &'a self,
        issuer: &[u8],
        serial: &'a [u8],
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        self.fields.entries.find(self.der(), issuer, serial)
    }
}

impl Fields {
    fn read(der: &[u8]) -> Option<Fields> {
        let mut outer = Reader::new(asn1::only(der, asn1::SEQUENCE)?);
        let parts = Parts::read(&mut outer)?;
        outer.end()?;

        let mut inner = Reader::new(parts.tbs.content);
        // Version 2 is written as 1; without it the list is of version 1 and has no extensions.
        let is_v2 = match inner.take_optional(asn1::INTEGER)? {
            Some(version) => (version == [1]).then_some(true)?,
            None => false,
        };
        let inner_algorithm = inner.take_whole(asn1::SEQUENCE)?.whole;
        let issuer = inner.take_whole(asn1::SEQUENCE)?.whole;
        let issuer_comparable = name::comparable(issuer)?.concat();
        let this_update = UnixTime::from_secs(asn1::time(&inner.element()?)?);
        let next_update = match inner.peek() {
            Some(asn1::UTC_TIME | asn1::GENERALIZED_TIME) => {
                Some(UnixTime::from_secs(asn1::time(&inner.element()?)?))
            }
            _ => None,
        };
        let revoked = inner.take_optional(asn1::SEQUENCE)?.unwrap_or_default();
        let extensions = match inner.take_optional(context_constructed(0))? {
            Some(extensions) if is_v2 => {
                ListExtensions::read(asn1::only(extensions, asn1::SEQUENCE)?, issuer)?
            }
            Some(_) => return None,
            None => ListExtensions::default(),
        };
        inner.end()?;
        // RFC 5280 section 5.1.1.2.
        (inner_algorithm == parts.algorithm).then_some(())?;

        Some(Fields {
            issuer: asn1::range_of(der, issuer)?,
            entries: Entries::read(der, revoked, &issuer_comparable)?,
            issuer_comparable: issuer_comparable.into(),
            this_update,
            next_update,
            extensions,
            issued: parts.keep(der)?,
        })
    }
}

impl ListExtensions {
    /// `None`: not the structure of Extensions.
    fn read(content: &[u8], issuer: &[u8]) -> Option<Self> {
        let mut read = ListExtensions::default();
        for_each_extension(content, |identifier, critical, value| {
            let Some(identifier) = identifier else {
                read.unsupported = true;
                return;
            };
            if read.read_one(&identifier, critical, value, issuer).is_none() {
                read.unsupported = true;
            }
        })?;
        Some(read)
    }

    /// `None`: malformed, or critical and unknown.
    fn read_one(
        &mut self,
        identifier: &const_oid::ObjectIdentifier,
        critical: bool,
        value: &[u8],
        issuer: &[u8],
    ) -> Option<()> {
        let number = || {
            let content =
                asn1::only(value, asn1::INTEGER).filter(|content| asn1::is_minimal_integer(content))?;
            // Not negative, and without the sign octet, so that a longer one is greater.
            match content {
                [0, rest @ ..] => Some(rest.to_vec()),
                [first, ..] if first & 0x80 == 0 => Some(content.to_vec()),
                _ => None,
            }
        };
        match *identifier {
            oid::CRL_NUMBER => {
                self.number_critical = critical;
                self.number = Some(number()?);
            }
            oid::DELTA_CRL_INDICATOR => {
                // An unreadable one still makes the list a delta: it never stands alone.
                self.base_number = Some(Vec::new());
                self.base_number = Some(number()?);
            }
            oid::AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_identifier = read_authority_key_identifier(value)?.map(<[u8]>::to_vec);
            }
            oid::ISSUING_DISTRIBUTION_POINT => self.scope = Scope::read(value, issuer)?,
            oid::ISSUER_ALT_NAME | oid::FRESHEST_CRL | oid::AUTHORITY_INFORMATION_ACCESS => {}
            _ if critical => return None,
            _ => {}
        }
        Some(())
    }
}

impl PartialEq for CertificateList {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for CertificateList {}

impl std::fmt::Debug for CertificateList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateList")
            .field("issuer", &self.issuer())
            .field("this_update", &self.this_update())
            .field("entries", &self.len())
            .finish_non_exhaustive()
    }
}
