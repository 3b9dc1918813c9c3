//! BER as real mail contains it (X.690): indefinite lengths, constructed strings; bounded reading.
//!
//! [`Reader`] walks over a buffer without copying and hands out [`Element`]s that remember the octets they came
//! in, so that what was signed is hashed as received. Nothing recurses over the input without a depth limit
//! ([`MAX_DEPTH`]); lengths that do not fit are errors; work is linear in the input (times the depth limit for
//! nested indefinite lengths). Writing is in [`write`], always DER. What is too long for memory is walked over by
//! `stream`, under the same limits.

pub(crate) mod stream;
mod time;
pub mod write;

use std::borrow::Cow;

use const_oid::ObjectIdentifier;

use crate::time::UnixTime;

/// Deepest nesting of constructed encodings that is followed.
pub const MAX_DEPTH: u8 = 48;

/// BOOLEAN.
pub const BOOLEAN: Tag = Tag::universal(1);
/// INTEGER.
pub const INTEGER: Tag = Tag::universal(2);
/// BIT STRING.
pub const BIT_STRING: Tag = Tag::universal(3);
/// OCTET STRING.
pub const OCTET_STRING: Tag = Tag::universal(4);
/// NULL.
pub const NULL: Tag = Tag::universal(5);
/// OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: Tag = Tag::universal(6);
/// ENUMERATED.
pub const ENUMERATED: Tag = Tag::universal(10);
/// UTF8String.
pub const UTF8_STRING: Tag = Tag::universal(12);
/// SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: Tag = Tag::universal(16);
/// SET and SET OF.
pub const SET: Tag = Tag::universal(17);
/// UTCTime.
pub const UTC_TIME: Tag = Tag::universal(23);
/// GeneralizedTime.
pub const GENERALIZED_TIME: Tag = Tag::universal(24);

/// Class and number of an identifier octet; whether the encoding is constructed is not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The two class bits, in place (0x00 universal, 0x40 application, 0x80 context, 0xC0 private).
    class: u8,
    number: u32,
}

impl Tag {
    /// A universal tag.
    pub const fn universal(number: u32) -> Self {
        Tag { class: 0x00, number }
    }
    /// A context-specific tag, written `[number]` in ASN.1.
    pub const fn context(number: u32) -> Self {
        Tag { class: 0x80, number }
    }
}

/// Why octets are not BER, or not what was expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BerError {
    /// The input ends inside an element.
    #[error("the encoding is truncated")]
    Truncated,
    /// A tag or length octet that no encoder may write, or (reading DER) that is not the shortest one.
    #[error("the encoding has a malformed tag or length")]
    Malformed,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the encoding is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Another element was expected here.
    #[error("the encoding holds another element than expected")]
    Unexpected,
    /// Octets follow the last expected element.
    #[error("the encoding has trailing octets")]
    Trailing,
    /// The content octets are no value of the type.
    #[error("the encoding holds an impossible value")]
    Value,
}

/// One element: identifier, length and content, borrowed from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    tag: Tag,
    constructed: bool,
    raw: &'a [u8],
    content: &'a [u8],
    depth: u8,
    der: bool,
}

/// Reads elements one after the other.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    depth: u8,
    der: bool,
}

impl<'a> Reader<'a> {
    /// Reads BER.
    pub fn new(input: &'a [u8]) -> Self {
        Reader { rest: input, depth: 0, der: false }
    }

    /// Reads DER: indefinite lengths, lengths that are not minimal and constructed strings are refused.
    pub fn der(input: &'a [u8]) -> Self {
        Reader { rest: input, depth: 0, der: true }
    }

    /// All input was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The octets that were not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The tag of the next element, without reading it.
    pub fn peek(&self) -> Option<Tag> {
        header(self.rest, self.der).ok().map(|(header, _)| header.tag)
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Element<'a>, BerError> {
        let (header, length) = header(self.rest, self.der)?;
        if header.is_end_of_contents() {
            return Err(BerError::Unexpected);
        }
        let body = self.rest.get(header.octets..).ok_or(BerError::Truncated)?;
        let (content, total) = match length {
            Some(length) => {
                let content = body.get(..length).ok_or(BerError::Truncated)?;
                (content, header.octets + length)
            }
            None => {
                let length = indefinite_content(body, self.depth)?;
                // Two octets end-of-contents follow the content.
                (body.get(..length).ok_or(BerError::Truncated)?, header.octets + length + 2)
            }
        };
        let raw = self.rest.get(..total).ok_or(BerError::Truncated)?;
        self.rest = self.rest.get(total..).ok_or(BerError::Truncated)?;
        Ok(Element {
            tag: header.tag,
            constructed: header.constructed,
            raw,
            content,
            depth: self.depth,
            der: self.der,
        })
    }

    /// The next element, which must have this tag.
    pub fn expect(&mut self, tag: Tag) -> Result<Element<'a>, BerError> {
        if self.rest.is_empty() {
            return Err(BerError::Truncated);
        }
        let mut ahead = self.clone();
        let element = ahead.any()?;
        if element.tag != tag {
            return Err(BerError::Unexpected);
        }
        *self = ahead;
        Ok(element)
    }

    /// The next element if it has this tag; `None` leaves it unread.
    pub fn optional(&mut self, tag: Tag) -> Result<Option<Element<'a>>, BerError> {
        if self.peek() == Some(tag) { self.any().map(Some) } else { Ok(None) }
    }

    /// Steps into the next element, a SEQUENCE.
    pub fn sequence(&mut self) -> Result<Reader<'a>, BerError> {
        self.expect(SEQUENCE)?.reader()
    }

    /// Steps into the next element, a SET.
    pub fn set(&mut self) -> Result<Reader<'a>, BerError> {
        self.expect(SET)?.reader()
    }

    /// The next element as object identifier.
    pub fn oid(&mut self) -> Result<ObjectIdentifier, BerError> {
        self.any()?.oid()
    }

    /// Everything was read, or [`BerError::Trailing`].
    pub fn finish(&self) -> Result<(), BerError> {
        if self.rest.is_empty() { Ok(()) } else { Err(BerError::Trailing) }
    }
}

/// The one element that `input` consists of.
pub fn single(input: &[u8]) -> Result<Element<'_>, BerError> {
    let mut reader = Reader::new(input);
    let element = reader.any()?;
    reader.finish()?;
    Ok(element)
}

/// Steps into the one SEQUENCE that `input` consists of.
pub fn sequence(input: &[u8]) -> Result<Reader<'_>, BerError> {
    let element = single(input)?;
    if element.tag != SEQUENCE {
        return Err(BerError::Unexpected);
    }
    element.reader()
}

impl<'a> Element<'a> {
    /// Class and number.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The encoding is constructed.
    pub fn is_constructed(&self) -> bool {
        self.constructed
    }

    /// All octets as received: identifier, length, content, end-of-contents.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The content octets as received, without end-of-contents.
    pub fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Steps into a constructed element.
    pub fn reader(&self) -> Result<Reader<'a>, BerError> {
        if !self.constructed {
            return Err(BerError::Unexpected);
        }
        if self.depth >= MAX_DEPTH {
            return Err(BerError::TooDeep);
        }
        Ok(Reader { rest: self.content, depth: self.depth + 1, der: self.der })
    }

    /// The one element inside an explicit tag.
    pub fn explicit(&self) -> Result<Element<'a>, BerError> {
        let mut inner = self.reader()?;
        let element = inner.any()?;
        inner.finish()?;
        Ok(element)
    }

    /// The content of an OCTET STRING, also under an implicit tag; constructed segments are joined (X.690 section 8.7).
    pub fn octets(&self) -> Result<Cow<'a, [u8]>, BerError> {
        if !self.constructed {
            return Ok(Cow::Borrowed(self.content));
        }
        if self.der {
            return Err(BerError::Malformed);
        }
        let mut joined = Vec::new();
        self.join_octets(&mut joined)?;
        Ok(Cow::Owned(joined))
    }

    /// Recursion ends at [`MAX_DEPTH`], which [`Element::reader`] enforces.
    fn join_octets(&self, joined: &mut Vec<u8>) -> Result<(), BerError> {
        let mut segments = self.reader()?;
        while !segments.is_empty() {
            let segment = segments.expect(OCTET_STRING)?;
            if segment.constructed {
                segment.join_octets(joined)?;
            } else {
                joined.extend_from_slice(segment.content);
            }
        }
        Ok(())
    }

    /// The octets of a BIT STRING that has no unused bits, also under an implicit tag.
    pub fn bits(&self) -> Result<&'a [u8], BerError> {
        if self.constructed {
            return Err(BerError::Unexpected);
        }
        match self.content.split_first() {
            Some((0, octets)) => Ok(octets),
            _ => Err(BerError::Value),
        }
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&self) -> Result<ObjectIdentifier, BerError> {
        if self.tag != OBJECT_IDENTIFIER || self.constructed {
            return Err(BerError::Unexpected);
        }
        ObjectIdentifier::from_bytes(self.content).map_err(|_| BerError::Value)
    }

    /// The content octets of an INTEGER (two's complement, at least one octet).
    pub fn integer(&self) -> Result<&'a [u8], BerError> {
        if self.tag != INTEGER || self.constructed {
            return Err(BerError::Unexpected);
        }
        match self.content {
            [] => Err(BerError::Value),
            [0x00, next, ..] if self.der && *next < 0x80 => Err(BerError::Malformed),
            [0xFF, next, ..] if self.der && *next >= 0x80 => Err(BerError::Malformed),
            octets => Ok(octets),
        }
    }

    /// A small INTEGER or ENUMERATED that is not negative.
    pub fn small(&self) -> Result<u32, BerError> {
        if (self.tag != INTEGER && self.tag != ENUMERATED) || self.constructed {
            return Err(BerError::Unexpected);
        }
        if self.content.first().is_none_or(|first| *first >= 0x80) {
            return Err(BerError::Value);
        }
        self.content.iter().try_fold(0u32, |value, octet| {
            if value > u32::MAX >> 8 { Err(BerError::Value) } else { Ok(value << 8 | u32::from(*octet)) }
        })
    }

    /// A BOOLEAN.
    pub fn boolean(&self) -> Result<bool, BerError> {
        match self.content {
            [octet] if self.tag == BOOLEAN && !self.constructed => Ok(*octet != 0),
            _ => Err(BerError::Value),
        }
    }

    /// UTCTime or GeneralizedTime; fractions of seconds are cut off (RFC 5280 section 4.1.2.5, X.680 section 46).
    pub fn time(&self) -> Result<UnixTime, BerError> {
        time::read(self)
    }
}

/// An element of this tag and definite length, whose first octets are `front`, has `octets` octets as a whole.
pub(crate) fn spans(front: &[u8], tag: Tag, octets: u64) -> bool {
    Header::read(front.iter().copied(), false).is_ok_and(|header| {
        let end = header.length.and_then(|length| length.checked_add(header.octets as u64));
        header.tag == tag && end == Some(octets)
    })
}

/// Identifier and length octets.
struct Header {
    tag: Tag,
    constructed: bool,
    /// `None`: indefinite.
    length: Option<u64>,
    /// Octets of identifier and length.
    octets: usize,
}

impl Header {
    /// Reads identifier and length octets (X.690 sections 8.1.2 and 8.1.3).
    fn read(mut octets: impl Iterator<Item = u8>, der: bool) -> Result<Self, BerError> {
        let first = octets.next().ok_or(BerError::Truncated)?;
        let mut used = 1usize;
        let mut number = u32::from(first & 0x1F);
        if number == 0x1F {
            number = 0;
            loop {
                let octet = octets.next().ok_or(BerError::Truncated)?;
                used += 1;
                if number > u32::MAX >> 7 || (number == 0 && octet == 0x80) {
                    return Err(BerError::Malformed);
                }
                number = number << 7 | u32::from(octet & 0x7F);
                if octet & 0x80 == 0 {
                    break;
                }
            }
            if number < 0x1F {
                return Err(BerError::Malformed);
            }
        }
        let constructed = first & 0x20 != 0;
        let tag = Tag { class: first & 0xC0, number };
        let length_octet = octets.next().ok_or(BerError::Truncated)?;
        used += 1;
        let length = match length_octet {
            0x00..=0x7F => Some(u64::from(length_octet)),
            0x80 if constructed && !der => None,
            0x80 | 0xFF => return Err(BerError::Malformed),
            _ => {
                let mut length = 0u64;
                for _ in 0..length_octet & 0x7F {
                    let octet = octets.next().ok_or(BerError::Truncated)?;
                    used += 1;
                    if length > u64::MAX >> 8 || (der && length == 0 && octet == 0) {
                        return Err(BerError::Malformed);
                    }
                    length = length << 8 | u64::from(octet);
                }
                if der && length < 0x80 {
                    return Err(BerError::Malformed);
                }
                Some(length)
            }
        };
        // End-of-contents is two octets and nothing else (X.690 section 8.1.5).
        if tag == Tag::universal(0) && (constructed || length != Some(0) || used != 2) {
            return Err(BerError::Malformed);
        }
        Ok(Header { tag, constructed, length, octets: used })
    }

    fn is_end_of_contents(&self) -> bool {
        self.tag == Tag::universal(0)
    }
}

/// The header at the beginning of `input`, and its length; one that is longer than the input is truncated, so that
/// no sum with it can overflow.
fn header(input: &[u8], der: bool) -> Result<(Header, Option<usize>), BerError> {
    let header = Header::read(input.iter().copied(), der)?;
    let length = match header.length {
        Some(length) => {
            let length = usize::try_from(length).ok().filter(|length| *length <= input.len());
            Some(length.ok_or(BerError::Truncated)?)
        }
        None => None,
    };
    Ok((header, length))
}

/// Length of the content before the end-of-contents octets that close an indefinite length.
///
/// Elements of definite length are skipped as a whole, so a counter of open indefinite lengths is enough.
fn indefinite_content(body: &[u8], depth: u8) -> Result<usize, BerError> {
    let mut position = 0usize;
    let mut open = 1u8;
    loop {
        let rest = body.get(position..).ok_or(BerError::Truncated)?;
        let (header, length) = header(rest, false)?;
        match length {
            _ if header.is_end_of_contents() => {
                open -= 1;
                if open == 0 {
                    return Ok(position);
                }
                position += header.octets;
            }
            Some(length) => position += header.octets + length,
            None => {
                open += 1;
                if open > MAX_DEPTH.saturating_sub(depth) {
                    return Err(BerError::TooDeep);
                }
                position += header.octets;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_constructed_strings_of_indefinite_length() {
        // 24 80 04 02 6162 24 80 04 01 63 00 00 00 00
        let input = [0x24, 0x80, 4, 2, b'a', b'b', 0x24, 0x80, 4, 1, b'c', 0, 0, 0, 0];
        let element = single(&input).unwrap();
        assert_eq!(element.octets().unwrap().as_ref(), b"abc");
        assert_eq!(element.raw(), input);
        assert_eq!(Reader::der(&input).any().unwrap_err(), BerError::Malformed);
    }

    #[test]
    fn refuses_lengths_that_overflow_or_exceed_the_input() {
        for input in [
            &[0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF][..],
            &[0x30, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x04, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0],
            &[0x04, 0x05, 0, 0],
            &[0x04],
            &[0x04, 0x80, 0, 0],
            &[0x04, 0xFF],
            &[0x30, 0x80],
            &[0x1F, 0x80, 0x81, 0],
            &[0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0],
        ] {
            assert!(single(input).is_err(), "{input:02x?}");
        }
    }

    #[test]
    fn refuses_deep_nesting_without_recursion() {
        let indefinite = [0x30, 0x80].repeat(1_000_000);
        assert_eq!(single(&indefinite).unwrap_err(), BerError::TooDeep);
        let mut definite = Vec::new();
        for _ in 0..200 {
            definite = write::tlv(0x24, &definite);
        }
        assert_eq!(single(&definite).unwrap().octets().unwrap_err(), BerError::TooDeep);
    }

    #[test]
    fn small_numbers_are_bounded() {
        let small = |octets: &[u8]| single(octets).unwrap().small();
        assert_eq!(small(&[2, 5, 0, 255, 255, 255, 255]), Ok(u32::MAX));
        assert_eq!(small(&[2, 5, 1, 0, 0, 0, 0]), Err(BerError::Value));
        assert_eq!(small(&[2, 1, 0xFF]), Err(BerError::Value));
        assert_eq!(small(&[2, 0]), Err(BerError::Value));
    }
}
