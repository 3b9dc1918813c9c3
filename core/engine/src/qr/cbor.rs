//! The part of deterministic CBOR (RFC 8949 section 4.2.1) that codes and meeting messages use: unsigned integers,
//! byte strings, text strings and arrays, all of definite length and in shortest form.
//!
//! Reading is strict: any other encoding of the same value is refused, so that one value has one form.

/// Writes items one after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

const UNSIGNED: u8 = 0;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;

impl Writer {
    /// Starts an array of `len` items.
    pub(crate) fn array(len: u64) -> Self {
        let mut writer = Writer::default();
        writer.head(ARRAY, len);
        writer
    }

    pub(crate) fn unsigned(mut self, value: u64) -> Self {
        self.head(UNSIGNED, value);
        self
    }

    pub(crate) fn bytes(mut self, value: &[u8]) -> Self {
        self.head(BYTES, value.len() as u64);
        self.out.extend_from_slice(value);
        self
    }

    pub(crate) fn text(mut self, value: &str) -> Self {
        self.head(TEXT, value.len() as u64);
        self.out.extend_from_slice(value.as_bytes());
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }

    fn head(&mut self, major: u8, value: u64) {
        let major = major << 5;
        let bytes = value.to_be_bytes();
        let (info, skip) = match value {
            0..=23 => {
                self.out.push(major | bytes[7]);
                return;
            }
            24..=0xff => (24, 7),
            0x100..=0xffff => (25, 6),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 0),
        };
        self.out.push(major | info);
        self.out.extend(bytes.iter().skip(skip));
    }
}

/// The octets are not the one canonical form of what is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotCanonical;

/// Reads items one after the other; every method fails on another type, another form or missing octets.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Reader { rest: octets }
    }

    /// The number of items of the array that starts here.
    pub(crate) fn array(&mut self) -> Result<u64, NotCanonical> {
        self.head(ARRAY)
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, NotCanonical> {
        self.head(UNSIGNED)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], NotCanonical> {
        let len = self.head(BYTES)?;
        self.take(len)
    }

    /// A byte string of exactly `N` octets.
    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], NotCanonical> {
        self.bytes()?.try_into().map_err(|_| NotCanonical)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, NotCanonical> {
        let len = self.head(TEXT)?;
        std::str::from_utf8(self.take(len)?).map_err(|_| NotCanonical)
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), NotCanonical> {
        if self.rest.is_empty() { Ok(()) } else { Err(NotCanonical) }
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8], NotCanonical> {
        let len = usize::try_from(len).map_err(|_| NotCanonical)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(NotCanonical)?;
        self.rest = rest;
        Ok(taken)
    }

    fn head(&mut self, expected: u8) -> Result<u64, NotCanonical> {
        let (&first, rest) = self.rest.split_first().ok_or(NotCanonical)?;
        self.rest = rest;
        if first >> 5 != expected {
            return Err(NotCanonical);
        }
        let (octets, smallest) = match first & 0x1f {
            small @ 0..=23 => return Ok(u64::from(small)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return Err(NotCanonical),
        };
        let value = self.take(octets)?.iter().fold(0, |value, &octet| value << 8 | u64::from(octet));
        if value < smallest { Err(NotCanonical) } else { Ok(value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8949 appendix A.
    #[test]
    fn integers_are_those_of_the_rfc() {
        for (value, hex) in [
            (0u64, "00"),
            (23, "17"),
            (24, "1818"),
            (100, "1864"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (u64::MAX, "1bffffffffffffffff"),
        ] {
            let octets = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
            assert_eq!(Writer::default().unsigned(value).finish(), octets);
            assert_eq!(Reader::new(&octets).unsigned(), Ok(value));
        }
    }

    #[test]
    fn a_longer_form_of_the_same_value_is_refused() {
        for hex in ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1f", "18", "20", "f6"] {
            let octets = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
            assert_eq!(Reader::new(&octets).unsigned(), Err(NotCanonical), "{hex}");
        }
    }

    #[test]
    fn strings_are_bounded_by_the_input() {
        for hex in ["5bffffffffffffffff", "5a7fffffff00", "4200", "5f4100ff", "7f6161ff", "62c328"] {
            let octets = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
            assert!(Reader::new(&octets).bytes().is_err(), "{hex}");
            assert!(Reader::new(&octets).text().is_err(), "{hex}");
        }
    }
}
