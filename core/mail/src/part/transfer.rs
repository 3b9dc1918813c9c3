//! Content-Transfer-Encoding, read (RFC 2045 section 6). Lenient, and says when it had to be.

use crate::headers::words::hex_pair;

/// Decodes base64; characters outside the alphabet are skipped, as RFC 2045 section 6.8 says. The flag tells that octets were
/// there that base64 can't contain, or data behind the padding.
pub(crate) fn base64(encoded: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3 + 3);
    let (mut group, mut digits) = (0_u32, 0_u8);
    let (mut padded, mut bad) = (false, false);
    for &byte in encoded {
        let Some(value) = sextet(byte) else {
            padded |= byte == b'=' && digits >= 2;
            bad |= byte != b'=' && !byte.is_ascii_whitespace();
            continue;
        };
        if padded {
            bad = true;
            break;
        }
        group = group << 6 | u32::from(value);
        digits += 1;
        if digits == 4 {
            let [_, a, b, c] = group.to_be_bytes();
            out.extend_from_slice(&[a, b, c]);
            (group, digits) = (0, 0);
        }
    }
    let [_, a, b, _] = (group << (6 * (4 - u32::from(digits)))).to_be_bytes();
    match digits {
        1 => bad = true,
        2 => out.push(a),
        3 => out.extend_from_slice(&[a, b]),
        _ => {}
    }
    (out, bad)
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// Decodes quoted-printable (RFC 2045 section 6.7); a `=` that encodes nothing stays.
pub(crate) fn quoted_printable(encoded: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bad = false;
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
        bad |= quoted_printable_line(&mut out, text);
        if !soft {
            out.extend_from_slice(ending);
        }
    }
    (out, bad)
}

fn quoted_printable_line(out: &mut Vec<u8>, text: &[u8]) -> bool {
    let mut bad = false;
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'=' {
            bad |= !byte.is_ascii();
            out.push(byte);
            continue;
        }
        let ahead = bytes.clone();
        match hex_pair(bytes.next(), bytes.next()) {
            Some(value) => out.push(value),
            None => {
                bad = true;
                out.push(byte);
                bytes = ahead;
            }
        }
    }
    bad
}

/// Decodes the first uuencoded file of a body (POSIX; `x-uuencode`). `None` when there is no `begin` line.
pub(crate) fn uudecode(encoded: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut lines = encoded.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.find(|line| line.starts_with(b"begin "))?;
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3);
    let mut ended = false;
    for line in lines {
        if line == b"end" {
            ended = true;
            break;
        }
        let Some((&first, data)) = line.split_first() else { continue };
        let length = usize::from(first.wrapping_sub(b' ') & 0x3f);
        let mut decoded = Vec::with_capacity(length + 3);
        for quad in data.chunks(4) {
            let mut group = 0_u32;
            for index in 0..4 {
                let value = quad.get(index).map_or(0, |byte| byte.wrapping_sub(b' ') & 0x3f);
                group = group << 6 | u32::from(value);
            }
            let [_, a, b, c] = group.to_be_bytes();
            decoded.extend_from_slice(&[a, b, c]);
        }
        decoded.truncate(length);
        out.extend(decoded);
    }
    Some((out, !ended))
}
