//! Distinguished names and general names (RFC 5280 sections 4.1.2.4 and 4.2.1.6).

use const_oid::ObjectIdentifier;

use crate::asn1::{self, Reader, context, context_constructed};
use crate::ber::write;
use crate::oid;

/// At most this many attributes of one name are read.
pub(crate) const MAX_NAME_ATTRIBUTES: usize = 256;

const COMMON_NAME: &str = "2.5.4.3";
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// Attribute types with a name: those of RFC 4514 section 3, and descriptors from the LDAP registry of IANA.
const TYPE_NAMES: &[(&str, &str)] = &[
    (COMMON_NAME, "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.44", "generationQualifier"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.65", "pseudonym"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    (EMAIL_ADDRESS, "emailAddress"),
];

/// One AttributeTypeAndValue with its string tag; borrowed from the certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) oid: &'a [u8],
    pub(crate) tag: u8,
    pub(crate) value: &'a [u8],
    pub(crate) value_der: &'a [u8],
}

/// The RDNs of a DER Name, in order of encoding; `None` when it is not a Name.
pub(crate) fn rdns(name: &[u8]) -> Option<Vec<Vec<Attribute<'_>>>> {
    let mut sequence = Reader::new(asn1::only(name, asn1::SEQUENCE)?);
    let mut rdns = Vec::new();
    let mut count = 0;
    while !sequence.is_empty() {
        let mut set = sequence.enter(asn1::SET)?;
        let mut rdn = Vec::new();
        while !set.is_empty() {
            let mut pair = set.enter(asn1::SEQUENCE)?;
            let oid = pair.take(asn1::OBJECT_IDENTIFIER)?;
            let value = pair.element()?;
            pair.end()?;
            count += 1;
            if count > MAX_NAME_ATTRIBUTES {
                return None;
            }
            rdn.push(Attribute { oid, tag: value.tag, value: value.content, value_der: value.whole });
        }
        if rdn.is_empty() {
            return None;
        }
        rdns.push(rdn);
    }
    Some(rdns)
}

impl Attribute<'_> {
    fn is(&self, dotted: &str) -> bool {
        asn1::object_identifier(self.oid) == ObjectIdentifier::new(dotted).ok()
    }

    pub(crate) fn is_common_name(&self) -> bool {
        self.is(COMMON_NAME)
    }

    pub(crate) fn is_email_address(&self) -> bool {
        self.is(EMAIL_ADDRESS)
    }

    /// The value as text, if it is one of the string types (X.680 section 41).
    pub(crate) fn text(&self) -> Option<String> {
        string(self.tag, self.value)
    }

    /// The value for comparison (RFC 5280 section 7.1: case is ignored, white space inside collapses; the
    /// string types are equal by their text). Values that are not text compare by their octets.
    fn comparable(&self) -> Vec<u8> {
        match self.text() {
            Some(text) => {
                let folded = text.to_lowercase();
                let words: Vec<&str> = folded.split_whitespace().collect();
                words.join(" ").into_bytes()
            }
            None => self.value_der.to_vec(),
        }
    }
}

/// The RDNs of a DER Name, each as octets that are equal when the RDNs are; attributes within one RDN have no order.
pub(crate) fn comparable(name: &[u8]) -> Option<Vec<Vec<u8>>> {
    let encode = |rdn: Vec<Attribute<'_>>| {
        let attributes = rdn
            .iter()
            .map(|attribute| {
                write::sequence(&[
                    &write::tlv(asn1::OBJECT_IDENTIFIER, attribute.oid),
                    &write::octet_string(&attribute.comparable()),
                ])
            })
            .collect();
        write::set_of(attributes)
    };
    Some(rdns(name)?.into_iter().map(encode).collect())
}

/// A DER Name as RFC 4514 text: last RDN first. A Name that can't be read is shown as its octets (`#3000…`).
pub(crate) fn to_rfc4514(name: &[u8]) -> String {
    let Some(rdns) = rdns(name) else {
        return format!("#{}", data_encoding::HEXUPPER.encode(name));
    };
    let texts: Vec<String> =
        rdns.iter().rev().map(|rdn| rdn.iter().map(attribute_text).collect::<Vec<_>>().join("+")).collect();
    texts.join(",")
}

fn attribute_text(attribute: &Attribute<'_>) -> String {
    let oid = asn1::object_identifier(attribute.oid).map(|oid| oid.to_string());
    let known = TYPE_NAMES.iter().find(|(dotted, _)| Some(*dotted) == oid.as_deref()).map(|(_, name)| *name);
    match (known, attribute.text()) {
        (Some(name), Some(text)) => format!("{name}={}", escape(&text)),
        (name, _) => {
            let name = name.map(str::to_owned).or(oid).unwrap_or_else(|| "?".to_owned());
            format!("{name}=#{}", data_encoding::HEXUPPER.encode(attribute.value_der))
        }
    }
}

/// RFC 4514 section 2.4. Control characters, which could fake a line or a direction in a display, become `\XX`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            '#' if index == 0 => out.push_str("\\#"),
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let mut utf8 = [0; 4];
                for octet in c.encode_utf8(&mut utf8).bytes() {
                    out.push_str(&format!("\\{octet:02X}"));
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// The text of an ASN.1 string type. TeletexString is read as ISO 8859-1, as everyone does.
fn string(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        asn1::UTF8_STRING => std::str::from_utf8(value).ok().map(str::to_owned),
        // NumericString, PrintableString, IA5String, VisibleString
        0x12 | 0x13 | asn1::IA5_STRING | 0x1a => {
            value.is_ascii().then(|| value.iter().map(|&octet| char::from(octet)).collect())
        }
        0x14 => Some(value.iter().map(|&octet| char::from(octet)).collect()),
        0x1e => {
            let (pairs, odd) = value.as_chunks::<2>();
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            odd.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok())?
        }
        0x1c => {
            let (quads, odd) = value.as_chunks::<4>();
            odd.is_empty()
                .then(|| quads.iter().map(|quad| char::from_u32(u32::from_be_bytes(*quad))).collect())?
        }
        _ => None,
    }
}

/// A GeneralName, as far as names are compared with anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName<'a> {
    /// rfc822Name: the octets, which may not be an address (in constraints they may be a domain).
    Rfc822(&'a [u8]),
    /// SmtpUTF8Mailbox: the UTF8String's octets.
    SmtpUtf8(&'a [u8]),
    /// dNSName.
    Dns(&'a [u8]),
    /// uniformResourceIdentifier.
    Uri(&'a [u8]),
    /// iPAddress.
    Ip(&'a [u8]),
    /// directoryName: DER of the Name.
    Directory(&'a [u8]),
    /// Another form, by its tag.
    Other(u8),
}

impl<'a> GeneralName<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let element = reader.element()?;
        Some(match element.tag {
            tag if tag == context(1) => GeneralName::Rfc822(ia5(element.content)?),
            tag if tag == context(2) => GeneralName::Dns(ia5(element.content)?),
            tag if tag == context(6) => GeneralName::Uri(ia5(element.content)?),
            tag if tag == context(7) => GeneralName::Ip(element.content),
            tag if tag == context_constructed(4) => {
                asn1::only(element.content, asn1::SEQUENCE)?;
                GeneralName::Directory(element.content)
            }
            tag if tag == context_constructed(0) => {
                let mut other = Reader::new(element.content);
                let form = other.take(asn1::OBJECT_IDENTIFIER)?;
                let value = other.take(context_constructed(0))?;
                other.end()?;
                if form == oid::SMTP_UTF8_MAILBOX.as_bytes() {
                    GeneralName::SmtpUtf8(asn1::only(value, asn1::UTF8_STRING)?)
                } else {
                    GeneralName::Other(tag)
                }
            }
            // x400Address, ediPartyName, registeredID
            tag if tag == context_constructed(3) || tag == context_constructed(5) || tag == context(8) => {
                GeneralName::Other(tag)
            }
            _ => return None,
        })
    }

    /// Octets that are equal when two names are the same; `None` for forms that are not compared.
    pub(crate) fn comparable(&self) -> Option<Vec<u8>> {
        let (tag, octets) = match self {
            GeneralName::Directory(der) => {
                return comparable(der).map(|rdns| directory_comparable(&rdns.concat()));
            }
            GeneralName::Rfc822(octets) => (context(1), octets),
            GeneralName::Dns(octets) => (context(2), octets),
            GeneralName::Uri(octets) => (context(6), octets),
            GeneralName::Ip(octets) => (context(7), octets),
            GeneralName::SmtpUtf8(_) | GeneralName::Other(_) => return None,
        };
        Some([&[tag], *octets].concat())
    }

    /// All names of a GeneralNames (SEQUENCE OF, at least one).
    pub(crate) fn read_all(der: &'a [u8]) -> Option<Vec<Self>> {
        Self::read_list(asn1::only(der, asn1::SEQUENCE)?)
    }

    /// As [`read_all`](Self::read_all), from the content octets.
    pub(crate) fn read_list(content: &'a [u8]) -> Option<Vec<Self>> {
        let mut reader = Reader::new(content);
        let mut names = Vec::new();
        while !reader.is_empty() {
            names.push(GeneralName::read(&mut reader)?);
        }
        (!names.is_empty()).then_some(names)
    }
}

/// [`GeneralName::comparable`] of a directoryName whose comparable RDNs are joined.
pub(crate) fn directory_comparable(rdns: &[u8]) -> Vec<u8> {
    [&[context_constructed(4)], rdns].concat()
}

fn ia5(octets: &[u8]) -> Option<&[u8]> {
    octets.is_ascii().then_some(octets)
}
