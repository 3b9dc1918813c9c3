//! DER, written (X.690 sections 10 and 11).
//!
//! Each function returns the whole encoding of one element, so that structures are written as they are read
//! in ASN.1, from the inside out.

use const_oid::ObjectIdentifier;

use crate::time::UnixTime;

/// First second of 2050: from then on GeneralizedTime (RFC 5280 section 4.1.2.5).
const YEAR_2050: u64 = 2_524_608_000;

/// An element with this identifier octet. Tag numbers are below 31.
pub fn tlv(identifier: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 10);
    header(identifier, content.len(), &mut out);
    out.extend_from_slice(content);
    out
}

/// Appends identifier and length octets.
pub fn header(identifier: u8, length: usize, out: &mut Vec<u8>) {
    // A length in memory fits 64 bits.
    long_header(identifier, length as u64, out);
}

/// As [`header`], for what is longer than memory.
pub(crate) fn long_header(identifier: u8, length: u64, out: &mut Vec<u8>) {
    out.push(identifier);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let significant = octets.iter().skip_while(|octet| **octet == 0);
            let count = significant.clone().count();
            // At most 8, so the cast keeps the value.
            out.push(0x80 | count as u8);
            out.extend(significant);
        }
    }
}

fn concat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// SEQUENCE of these encodings.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &concat(parts))
}

/// SET OF these encodings, sorted (X.690 section 11.6).
pub fn set_of(parts: Vec<Vec<u8>>) -> Vec<u8> {
    tlv(0x31, &set_of_content(parts))
}

/// The content octets of a SET OF, for implicit tags.
pub fn set_of_content(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    // The shorter one is padded with zero octets for the comparison; two encodings of which one is a prefix of
    // the other are impossible, so the plain order is the same.
    parts.sort();
    parts.concat()
}

/// Constructed `[number]` around these encodings: explicit tags, and implicit ones of SEQUENCE and SET.
pub fn context(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    tlv(0xA0 | number, &concat(parts))
}

/// Primitive `[number]`: implicit tags of strings and integers.
pub fn context_primitive(number: u8, content: &[u8]) -> Vec<u8> {
    tlv(0x80 | number, content)
}

/// OBJECT IDENTIFIER.
pub fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, oid.as_bytes())
}

/// OCTET STRING.
pub fn octet_string(content: &[u8]) -> Vec<u8> {
    tlv(0x04, content)
}

/// BIT STRING without unused bits.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    tlv(0x03, &concat(&[&[0], content]))
}

/// NULL.
pub fn null() -> Vec<u8> {
    vec![0x05, 0x00]
}

/// INTEGER of an unsigned number, big-endian.
pub fn unsigned(number: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = number.iter().copied().skip_while(|octet| *octet == 0).collect();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    tlv(0x02, &content)
}

/// INTEGER of a small number.
pub fn small(number: u32) -> Vec<u8> {
    unsigned(&number.to_be_bytes())
}

/// INTEGER with these content octets (as read from another INTEGER).
pub fn integer(content: &[u8]) -> Vec<u8> {
    tlv(0x02, content)
}

/// BOOLEAN.
pub fn boolean(value: bool) -> Vec<u8> {
    tlv(0x01, &[if value { 0xFF } else { 0x00 }])
}

/// UTF8String.
pub fn utf8_string(text: &str) -> Vec<u8> {
    tlv(0x0C, text.as_bytes())
}

/// UTCTime before 2050, GeneralizedTime from then on.
pub fn time(time: UnixTime) -> Vec<u8> {
    // RFC 3339 in UTC: 2026-11-25T08:00:00Z
    let digits: String = time.to_string().chars().filter(char::is_ascii_digit).collect();
    let text = format!("{digits}Z");
    if time.secs() < YEAR_2050 {
        tlv(0x17, text.as_bytes().get(2..).unwrap_or_default())
    } else {
        tlv(0x18, text.as_bytes())
    }
}

/// AlgorithmIdentifier with these encoded parameters (none: absent).
pub fn algorithm(algorithm: &ObjectIdentifier, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(algorithm), parameters])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal() {
        assert_eq!(tlv(4, &[7; 127]).get(..2), Some(&[4, 127][..]));
        assert_eq!(tlv(4, &[7; 128]).get(..3), Some(&[4, 0x81, 128][..]));
        assert_eq!(tlv(4, &[7; 256]).get(..4), Some(&[4, 0x82, 1, 0][..]));
    }

    #[test]
    fn integers_are_minimal_and_positive() {
        assert_eq!(small(0), [2, 1, 0]);
        assert_eq!(small(127), [2, 1, 127]);
        assert_eq!(small(128), [2, 2, 0, 128]);
        assert_eq!(unsigned(&[0, 0, 1]), [2, 1, 1]);
    }

    #[test]
    fn sets_are_sorted() {
        assert_eq!(set_of(vec![small(2), small(1), octet_string(b"")]), [0x31, 8, 2, 1, 1, 2, 1, 2, 4, 0]);
    }

    #[test]
    fn times_change_type_in_2050() {
        assert_eq!(time("2049-12-31T23:59:59Z".parse().unwrap()), b"\x17\x0d491231235959Z");
        assert_eq!(time("2050-01-01T00:00:00Z".parse().unwrap()), b"\x18\x0f20500101000000Z");
    }
}
