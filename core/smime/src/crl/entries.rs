//! The lines of a list (RFC 5280 section 5.3), in a form in which one is found quickly.

use std::collections::BTreeMap;

use super::CrlReason;
use crate::asn1::{self, Reader};
use crate::ber;
use crate::certificate::extensions::for_each_extension;
use crate::certificate::name::{self, GeneralName};
use crate::oid;
use crate::time::UnixTime;

/// The lines, sorted by issuer and serial number: a list of 100 000 lines is read once and searched often.
pub(super) struct Entries {
    sorted: Vec<Entry>,
    /// Comparable names; the first is the list's issuer.
    issuers: BTreeMap<Vec<u8>, u32>,
    /// A line holds something that is not understood: the whole list may not be used (RFC 5280 section 5.3).
    pub(super) unsupported: bool,
    /// A line states its issuer.
    pub(super) has_issuers: bool,
}

/// One line.
pub(crate) struct Entry {
    issuer: u32,
    /// Where the serial number stands in the DER of the list.
    serial_start: u32,
    serial_length: u32,
    pub(crate) revoked_at: UnixTime,
    /// The earlier one of revocationDate and invalidityDate.
    pub(crate) invalid_since: UnixTime,
    pub(crate) reason: Option<CrlReason>,
}

impl Entry {
    pub(super) fn serial<'a>(&self, der: &'a [u8]) -> &'a [u8] {
        let (start, length) = (self.serial_start as usize, self.serial_length as usize);
        der.get(start..start + length).unwrap_or_default()
    }
}

/// What the extensions of one line say.
#[derive(Default)]
struct EntryExtensions {
    reason: Option<CrlReason>,
    invalidity: Option<UnixTime>,
    issuer: Option<Vec<u8>>,
    unsupported: bool,
}

impl Entries {
    /// Reads the content of revokedCertificates, a part of `der`. `None`: not its structure.
    pub(super) fn read(der: &[u8], content: &[u8], list_issuer: &[u8]) -> Option<Self> {
        let mut entries = Entries {
            sorted: Vec::new(),
            issuers: BTreeMap::from([(list_issuer.to_vec(), 0)]),
            unsupported: false,
            has_issuers: false,
        };
        let mut reader = Reader::new(content);
        // Section 5.3.3: a line without certificateIssuer has the issuer of the line before it.
        let mut issuer = 0;
        while !reader.is_empty() {
            let mut line = reader.enter(asn1::SEQUENCE)?;
            let serial = line.take(asn1::INTEGER).filter(|serial| !serial.is_empty())?;
            let revoked_at = UnixTime::from_secs(asn1::time(&line.element()?)?);
            let extensions = match line.take_optional(asn1::SEQUENCE)? {
                Some(content) => EntryExtensions::read(content)?,
                None => EntryExtensions::default(),
            };
            line.end()?;
            entries.unsupported |= extensions.unsupported;
            entries.has_issuers |= extensions.issuer.is_some();
            if let Some(name) = extensions.issuer {
                let next = u32::try_from(entries.issuers.len()).ok()?;
                issuer = *entries.issuers.entry(name).or_insert(next);
            }
            let serial = asn1::range_of(der, serial)?;
            entries.sorted.push(Entry {
                issuer,
                serial_start: u32::try_from(serial.start).ok()?,
                serial_length: u32::try_from(serial.len()).ok()?,
                revoked_at,
                invalid_since: extensions.invalidity.map_or(revoked_at, |since| since.min(revoked_at)),
                reason: extensions.reason,
            });
        }
        entries.sorted.sort_by(|one, other| one.key(der).cmp(&other.key(der)));
        Some(entries)
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.sorted.iter()
    }

    /// All lines about one certificate.
    pub(super) fn find<'a>(
        &'a self,
        der: &'a [u8],
        issuer: &[u8],
        serial: &'a [u8],
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        let wanted = self.issuers.get(issuer).map(|issuer| (*issuer, serial));
        let start = wanted
            .map_or(self.sorted.len(), |wanted| self.sorted.partition_point(|entry| entry.key(der) < wanted));
        let from_here = self.sorted.get(start..).unwrap_or_default();
        from_here.iter().take_while(move |entry| Some(entry.key(der)) == wanted)
    }
}

impl Entry {
    fn key<'a>(&self, der: &'a [u8]) -> (u32, &'a [u8]) {
        (self.issuer, self.serial(der))
    }
}

impl EntryExtensions {
    /// `None`: not the structure of Extensions.
    fn read(content: &[u8]) -> Option<Self> {
        let mut read = EntryExtensions::default();
        for_each_extension(content, |identifier, critical, value| {
            let understood = match identifier {
                Some(oid::CRL_REASON) => {
                    read.reason = asn1::only(value, asn1::ENUMERATED).and_then(CrlReason::read);
                    read.reason.is_some()
                }
                Some(oid::INVALIDITY_DATE) => {
                    // Some issuers write fractions of a second, which DER of certificates doesn't know.
                    read.invalidity = ber::single(value).and_then(|date| date.time()).ok();
                    read.invalidity.is_some()
                }
                Some(oid::CERTIFICATE_ISSUER) => {
                    read.issuer = issuer_name(value);
                    read.issuer.is_some()
                }
                Some(_) => !critical,
                None => false,
            };
            read.unsupported |= !understood;
        })?;
        Some(read)
    }
}

/// The directoryName of a certificateIssuer, comparable.
fn issuer_name(value: &[u8]) -> Option<Vec<u8>> {
    GeneralName::read_all(value)?.into_iter().find_map(|general| match general {
        GeneralName::Directory(der) => name::comparable(der).map(|rdns| rdns.concat()),
        _ => None,
    })
}
