//! UTF-7 (RFC 2152), read.

/// Decodes; octets that UTF-7 can't contain become replacement characters, and the flag is set.
pub(super) fn decode(octets: &[u8]) -> (String, bool) {
    let mut out = String::with_capacity(octets.len());
    let mut is_bad = false;
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            b'+' => {
                let length = rest.iter().position(|&next| sextet(next).is_none()).unwrap_or(rest.len());
                let (shifted, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                if shifted.is_empty() && behind.first() == Some(&b'-') {
                    out.push('+');
                } else {
                    // `+` alone is nothing that a writer makes, but for a text that was cut.
                    is_bad |= (shifted.is_empty() && !behind.is_empty()) || !unshift(&mut out, shifted);
                }
                // The hyphen that ends a run is no text.
                rest = behind.strip_prefix(b"-").unwrap_or(behind);
            }
            0x80.. => {
                out.push(char::REPLACEMENT_CHARACTER);
                is_bad = true;
            }
            _ => out.push(char::from(octet)),
        }
    }
    (out, is_bad)
}

/// Base64 without padding, of UTF-16 in big-endian order. Bits that fill no unit are zero, and fewer than six.
fn unshift(out: &mut String, shifted: &[u8]) -> bool {
    let mut units = Vec::with_capacity(shifted.len() * 6 / 16);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for value in shifted.iter().filter_map(|&octet| sextet(octet)) {
        bits = (bits << 6 | u32::from(value)) & 0x3f_ffff;
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push((bits >> count & 0xffff) as u16);
        }
    }
    let mut is_good = count < 6 && bits & ((1 << count) - 1) == 0;
    for unit in char::decode_utf16(units) {
        is_good &= unit.is_ok();
        out.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    is_good
}

fn sextet(octet: u8) -> Option<u8> {
    crate::part::transfer::sextet(octet)
}
