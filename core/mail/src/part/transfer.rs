//! Content-Transfer-Encoding, read (RFC 2045 section 6). Lenient, and says when it had to be. Decoded octets go out in
//! pieces, so that an attachment of any size needs no second copy in memory.

use std::io::{self, Write};

use super::Defect;
use crate::headers::words::hex_pair;

/// Octets that are decoded before they go out.
const CHUNK: usize = 64 * 1024;

/// A Content-Transfer-Encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    SevenBit,
    /// 8bit or binary: the octets themselves.
    Identity,
    Base64,
    QuotedPrintable,
    Uuencode,
    Unknown,
}

impl Encoding {
    /// By its lower-case name.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "7bit" => Self::SevenBit,
            "8bit" | "binary" => Self::Identity,
            "base64" => Self::Base64,
            "quoted-printable" => Self::QuotedPrintable,
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => Self::Uuencode,
            _ => Self::Unknown,
        }
    }

    /// The octets are what they say: not encoded, in no unknown way.
    pub(super) fn is_identity(self) -> bool {
        matches!(self, Self::SevenBit | Self::Identity)
    }

    /// Writes the decoded body; tells what did not fit. `None` of octets is undecoded.
    pub(super) fn decode(self, body: &[u8], out: &mut dyn Write) -> io::Result<Option<Defect>> {
        match self {
            Self::SevenBit => {
                out.write_all(body)?;
                Ok((!body.is_ascii()).then_some(Defect::EightBitBody))
            }
            Self::Identity => out.write_all(body).map(|()| None),
            Self::Unknown => out.write_all(body).map(|()| Some(Defect::UnknownEncoding)),
            Self::Base64 => Ok(write_base64(body, out)?.then_some(Defect::BadBase64)),
            Self::QuotedPrintable => {
                Ok(write_quoted_printable(body, out)?.then_some(Defect::BadQuotedPrintable))
            }
            Self::Uuencode => Ok(write_uudecoded(body, out)?.then_some(Defect::BadUuencode)),
        }
    }
}

/// Decodes base64; characters outside the alphabet are skipped, as RFC 2045 section 6.8 says.
pub(crate) fn base64(encoded: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    // A Vec takes everything.
    let _ = write_base64(encoded, &mut out);
    out
}

/// The flag tells that octets were there that base64 can't contain, data behind the padding, or an incomplete group.
fn write_base64(encoded: &[u8], out: &mut dyn Write) -> io::Result<bool> {
    let mut decoded = Vec::with_capacity(CHUNK + 3);
    let (mut group, mut digits) = (0_u32, 0_u8);
    let (mut pads, mut is_bad) = (0_u8, false);
    for &byte in encoded {
        let Some(value) = sextet(byte) else {
            match byte {
                b'=' => pads = pads.saturating_add(1),
                _ => is_bad |= !byte.is_ascii_whitespace(),
            }
            continue;
        };
        if pads > 0 && digits >= 2 {
            is_bad = true;
            break;
        }
        // Padding where none can be: nothing.
        is_bad |= pads > 0;
        pads = 0;
        group = group << 6 | u32::from(value);
        digits += 1;
        if digits == 4 {
            let [_, a, b, c] = group.to_be_bytes();
            decoded.extend_from_slice(&[a, b, c]);
            (group, digits) = (0, 0);
            if decoded.len() >= CHUNK {
                out.write_all(&decoded)?;
                decoded.clear();
            }
        }
    }
    let [_, a, b, _] = (group << (6 * (4 - u32::from(digits)))).to_be_bytes();
    match digits {
        2 => decoded.push(a),
        3 => decoded.extend_from_slice(&[a, b]),
        _ => {}
    }
    let expected_pads = if digits == 0 { 0 } else { 4 - digits };
    is_bad |= digits == 1 || pads != expected_pads;
    out.write_all(&decoded)?;
    Ok(is_bad)
}

pub(super) fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes quoted-printable (RFC 2045 section 6.7); a `=` that encodes nothing stays, and the flag is set.
fn write_quoted_printable(encoded: &[u8], out: &mut dyn Write) -> io::Result<bool> {
    let mut decoded = Vec::new();
    let mut is_bad = false;
    for line in encoded.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let ending = line.get(text.len()..).unwrap_or_default();
        // Rule 3: white space at the end of a line was added on the way.
        let text = text.trim_ascii_end();
        let (text, soft) = match text.strip_suffix(b"=") {
            Some(before) => (before, true),
            None => (text, false),
        };
        is_bad |= quoted_printable_line(&mut decoded, text);
        if !soft {
            decoded.extend_from_slice(ending);
        }
        if decoded.len() >= CHUNK {
            out.write_all(&decoded)?;
            decoded.clear();
        }
    }
    out.write_all(&decoded)?;
    Ok(is_bad)
}

fn quoted_printable_line(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let mut is_bad = false;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'=' {
            is_bad |= !byte.is_ascii();
            out.push(byte);
            continue;
        }
        let ahead = bytes.clone();
        match hex_pair(bytes.next(), bytes.next()) {
            Some(value) => out.push(value),
            None => {
                is_bad = true;
                out.push(byte);
                bytes = ahead;
            }
        }
    }
    is_bad
}

/// Decodes the first uuencoded file of a body (POSIX; `x-uuencode`). The flag tells that there is none, which leaves the
/// octets as they are, or that it never ends.
fn write_uudecoded(encoded: &[u8], out: &mut dyn Write) -> io::Result<bool> {
    let mut lines = encoded.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    if !lines.any(|line| line.starts_with(b"begin ")) {
        return out.write_all(encoded).map(|()| true);
    }
    let mut decoded = Vec::new();
    for line in lines {
        if line == b"end" {
            return out.write_all(&decoded).map(|()| false);
        }
        let Some((&first, data)) = line.split_first() else { continue };
        let end = decoded.len() + usize::from(first.wrapping_sub(b' ') & 0x3f);
        for quad in data.chunks(4) {
            let mut group = 0_u32;
            for index in 0..4 {
                let value = quad.get(index).map_or(0, |byte| byte.wrapping_sub(b' ') & 0x3f);
                group = group << 6 | u32::from(value);
            }
            let [_, a, b, c] = group.to_be_bytes();
            decoded.extend_from_slice(&[a, b, c]);
        }
        decoded.truncate(end);
        if decoded.len() >= CHUNK {
            out.write_all(&decoded)?;
            decoded.clear();
        }
    }
    out.write_all(&decoded).map(|()| true)
}
