//! Little-endian numbers in a file that may be broken.

use crate::error::{Error, Result};

/// The two octets at `at`.
pub fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    take(bytes, at).map(u16::from_le_bytes)
}

/// The four octets at `at`.
pub fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    take(bytes, at).map(u32::from_le_bytes)
}

/// The four octets at `at`, as a place or a length.
pub fn usize_at(bytes: &[u8], at: usize) -> Result<usize> {
    u32_at(bytes, at).and_then(|value| usize::try_from(value).map_err(|_| short(at)))
}

/// `length` octets from `at`.
pub fn slice(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    at.checked_add(length).and_then(|end| bytes.get(at..end)).ok_or_else(|| short(at))
}

fn take<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N]> {
    slice(bytes, at, N).and_then(|octets| octets.try_into().map_err(|_| short(at)))
}

fn short(at: usize) -> Error {
    Error::Check(format!("the file ends before octet {at}"))
}
