//! DER as certificates need it: the strict form of [`crate::ber`], by identifier octets.
//!
//! The reader keeps the octets as received: signatures are checked over them, never over a re-encoding.
//! `None` means "not DER, or not what was expected here". Tags are whole identifier octets, so that a primitive
//! SEQUENCE or a constructed string never passes.

use std::ops::Range;

use const_oid::ObjectIdentifier;

use crate::ber;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag of `[number]`, primitive (IMPLICIT over a primitive type).
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The tag of `[number]`, constructed (EXPLICIT, or IMPLICIT over a constructed type).
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element: tag, content, and the octets of the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads element after element.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    elements: ber::Reader<'a>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Self {
        Reader { elements: ber::Reader::der(der) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.elements.rest().first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Option<Element<'a>> {
        let element = self.elements.any().ok()?;
        let tag = *element.raw().first().filter(|&&tag| tag & 0x1f != 0x1f)?;
        Some(Element { tag, content: element.content(), whole: element.raw() })
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.take_whole(tag).map(|element| element.content)
    }

    /// The next element, which must have this tag.
    pub(crate) fn take_whole(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.peek() != Some(tag) {
            return None;
        }
        self.element()
    }

    /// A reader over the content of the next element, which must have this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.take(tag).map(Reader::new)
    }

    /// Like [`take`](Self::take); `Some(None)` when the next element has another tag or there is none.
    #[allow(clippy::option_option, reason = "outer: is it DER; inner: is it there")]
    pub(crate) fn take_optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.peek() == Some(tag) { self.take(tag).map(Some) } else { Some(None) }
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// The content of the only element of `der`, which must have this tag.
pub(crate) fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    let mut reader = Reader::new(der);
    let content = reader.take(tag)?;
    reader.end()?;
    Some(content)
}

/// Where `part` stands in `whole`, of which it is a slice; an empty one stands at the beginning.
pub(crate) fn range_of(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    if part.is_empty() {
        return Some(0..0);
    }
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    Some(start..start + part.len())
}

/// An object identifier's content octets.
pub(crate) fn object_identifier(content: &[u8]) -> Option<ObjectIdentifier> {
    ObjectIdentifier::from_bytes(content).ok()
}

/// A BOOLEAN's content octets.
pub(crate) fn boolean(content: &[u8]) -> Option<bool> {
    match content {
        [0x00] => Some(false),
        [0xff] => Some(true),
        _ => None,
    }
}

/// A non-negative INTEGER of at most 32 bits.
pub(crate) fn small_integer(content: &[u8]) -> Option<u32> {
    if !is_minimal_integer(content)
        || content.first().is_some_and(|&first| first & 0x80 != 0)
        || content.len() > 5
    {
        return None;
    }
    let value = content.iter().fold(0u64, |sum, &octet| (sum << 8) | u64::from(octet));
    u32::try_from(value).ok()
}

/// The content octets of an INTEGER are the shortest possible.
pub(crate) fn is_minimal_integer(content: &[u8]) -> bool {
    match content {
        [] => false,
        [0x00, next, ..] => next & 0x80 != 0,
        [0xff, next, ..] => next & 0x80 == 0,
        _ => true,
    }
}

/// The octets of a BIT STRING that has a whole number of octets.
pub(crate) fn bit_string_octets(content: &[u8]) -> Option<&[u8]> {
    match content.split_first() {
        Some((0, octets)) => Some(octets),
        _ => None,
    }
}

/// UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 writes them (seconds, `Z`, no fraction), in seconds
/// since 1970. Earlier times count as 1970.
pub(crate) fn time(element: &Element<'_>) -> Option<u64> {
    let digits = element.content.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    let (year, rest) = match (element.tag, text.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year >= 50 { 1900 + year } else { 2000 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let pair = |index: usize| rest.get(2 * index..2 * index + 2).and_then(|two| two.parse::<i8>().ok());
    let moment =
        jiff::civil::DateTime::new(year, pair(0)?, pair(1)?, pair(2)?, pair(3)?, pair(4)?, 0).ok()?;
    // Not by way of a timestamp: jiff's end a day before 99991231235959Z, "no end" (RFC 5280 section 4.1.2.5).
    let epoch = jiff::civil::date(1970, 1, 1).to_datetime(jiff::civil::Time::midnight());
    let seconds = moment.duration_since(epoch).as_secs();
    Some(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_minimal_and_within_the_input() {
        for bad in [
            &[0x04, 0x81, 0x01, 0xaa][..],         // not minimal
            &[0x04, 0x82, 0x00, 0x80],             // leading zero
            &[0x04, 0x80, 0x00, 0x00],             // indefinite
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff], // 4 GiB announced
            &[0x04, 0x88, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0x1f, 0x81, 0x00, 0x00], // high tag number
            &[0x04, 0x02, 0x00],       // truncated
            &[0x04],
        ] {
            assert!(Reader::new(bad).element().is_none(), "{bad:02x?}");
        }
        let long = ber::write::octet_string(&[7; 300]);
        assert_eq!(long.get(..4), Some(&[0x04, 0x82, 0x01, 0x2c][..]));
        assert_eq!(only(&long, OCTET_STRING), Some(&[7; 300][..]));
    }

    #[test]
    fn times_of_both_forms() {
        let seconds = |tag, text: &str| time(&Element { tag, content: text.as_bytes(), whole: &[] });
        assert_eq!(seconds(UTC_TIME, "700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(seconds(UTC_TIME, "500101000000Z"), Some(0), "1950 counts as 1970");
        assert_eq!(seconds(GENERALIZED_TIME, "20500101000000Z"), Some(2_524_608_000));
        for bad in
            ["20500101000000", "20500101000000.5Z", "20501301000000Z", "20500230000000Z", "2050010100Z"]
        {
            assert_eq!(seconds(GENERALIZED_TIME, bad), None, "{bad}");
        }
    }
}
