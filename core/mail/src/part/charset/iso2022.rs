//! Seven-bit charsets that switch between sets by escape sequences: turned into their eight-bit forms, which encoding_rs
//! knows.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GBK};

fn finish(octets: &[u8], encoding: &'static Encoding, is_bad: bool) -> (String, bool) {
    let (text, has_errors) = encoding.decode_without_bom_handling(octets);
    (text.into_owned(), is_bad || has_errors)
}

/// HZ (RFC 1843): `~{` and `~}` around GB 2312, `~~` for `~`, `~` at the end of a line joins it with the next.
pub(super) fn hz(octets: &[u8]) -> (String, bool) {
    let mut out = Vec::with_capacity(octets.len());
    let (mut shifted, mut is_bad) = (false, false);
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after.first()) {
            (b'~', Some(b'{')) if !shifted => (shifted, rest) = (true, skip(after)),
            (b'~', Some(b'}')) if shifted => (shifted, rest) = (false, skip(after)),
            (b'~', Some(b'~')) if !shifted => {
                out.push(b'~');
                rest = skip(after);
            }
            (b'~', Some(b'\n')) if !shifted => rest = skip(after),
            (b'~', _) if !shifted => {
                out.push(octet);
                is_bad = true;
            }
            // A line always begins in ASCII.
            (b'\n', _) => {
                shifted = false;
                out.push(octet);
            }
            _ => push(&mut out, octet, shifted, &mut is_bad),
        }
    }
    finish(&out, GBK, is_bad)
}

/// ISO-2022-KR (RFC 1557): SO and SI around KS X 1001; the designation stands once, at the beginning.
pub(super) fn korean(octets: &[u8]) -> (String, bool) {
    let mut out = Vec::with_capacity(octets.len());
    let (mut shifted, mut is_bad) = (false, false);
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match octet {
            0x1b if after.starts_with(b"$)C") => rest = after.get(3..).unwrap_or_default(),
            0x0e => shifted = true,
            0x0f => shifted = false,
            b'\n' => {
                shifted = false;
                out.push(octet);
            }
            _ => push(&mut out, octet, shifted, &mut is_bad),
        }
    }
    finish(&out, EUC_KR, is_bad)
}

/// The sets of ISO-2022-JP (RFC 1468) and its extensions ISO-2022-JP-1 (RFC 2237) and CP50221.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    /// JIS X 0201: ASCII but for two characters.
    Roman,
    Katakana,
    X0208,
    X0212,
}

const ESCAPES: [(&[u8], Set); 7] = [
    (b"(B", Set::Ascii),
    (b"(J", Set::Roman),
    (b"(I", Set::Katakana),
    (b"$@", Set::X0208),
    (b"$B", Set::X0208),
    (b"$(B", Set::X0208),
    (b"$(D", Set::X0212),
];

/// ISO-2022-JP with JIS X 0212 and half-width katakana. Unlike the decoder of browsers, it takes two escape sequences in a
/// row for what they are: words of a field that are joined have them, each word ends in ASCII.
pub(super) fn japanese(octets: &[u8]) -> (String, bool) {
    let mut out = String::with_capacity(octets.len());
    let mut pending = Vec::new();
    let (mut set, mut is_bad) = (Set::Ascii, false);
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet == 0x1b {
            match ESCAPES.iter().find_map(|(escape, set)| Some((after.strip_prefix(*escape)?, *set))) {
                Some((behind, chosen)) => (rest, set) = (behind, chosen),
                None => is_bad = true,
            }
            continue;
        }
        let is_graphic = |octet: &u8| (0x21..=0x7e).contains(octet);
        match set {
            Set::Roman if matches!(octet, b'\\' | b'~') => {
                is_bad |= flush(&mut out, &mut pending);
                out.push(if octet == b'~' { '\u{203e}' } else { '\u{a5}' });
            }
            Set::Katakana if is_graphic(&octet) => pending.extend([0x8e, octet | 0x80]),
            Set::X0208 | Set::X0212 if is_graphic(&octet) => {
                if set == Set::X0212 {
                    pending.push(0x8f);
                }
                pending.push(octet | 0x80);
                if let Some(&second) = after.first().filter(|next| is_graphic(next)) {
                    pending.push(second | 0x80);
                    rest = skip(after);
                }
            }
            _ => push(&mut pending, octet, false, &mut is_bad),
        }
        if octet == b'\n' {
            set = Set::Ascii;
        }
    }
    is_bad |= flush(&mut out, &mut pending);
    (out, is_bad)
}

fn flush(out: &mut String, pending: &mut Vec<u8>) -> bool {
    let (text, is_bad) = finish(pending, EUC_JP, false);
    out.push_str(&text);
    pending.clear();
    is_bad
}

fn push(out: &mut Vec<u8>, octet: u8, shifted: bool, is_bad: &mut bool) {
    *is_bad |= octet >= 0x80;
    let is_graphic = (0x21..=0x7e).contains(&octet);
    out.push(if shifted && is_graphic { octet | 0x80 } else { octet });
}

fn skip(octets: &[u8]) -> &[u8] {
    octets.get(1..).unwrap_or_default()
}
