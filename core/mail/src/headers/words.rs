//! RFC 2047 encoded-words, read.

use crate::part::charset;

/// Decodes unstructured text for display. White space between encoded-words goes, control characters become spaces.
pub(crate) fn decode(text: &str) -> String {
    let shown: String = decode_words(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shown.trim_matches(' ').to_owned()
}

struct Word<'a> {
    charset: &'a str,
    octets: Vec<u8>,
    /// What follows it.
    rest: &'a str,
}

/// Adjacent words of one charset are decoded together: many programs cut in the middle of a character.
fn decode_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending: Option<(&str, Vec<u8>)> = None;
    let mut rest = text;
    while let Some((before, candidate)) = rest.split_once("=?") {
        let Some(word) = parse(candidate) else {
            flush(&mut out, &mut pending);
            out.push_str(before);
            out.push_str("=?");
            rest = candidate;
            continue;
        };
        let joined = pending.is_some() && before.chars().all(char::is_whitespace);
        if !joined {
            flush(&mut out, &mut pending);
            out.push_str(before);
        }
        match &mut pending {
            Some((charset, octets)) if charset.eq_ignore_ascii_case(word.charset) => {
                octets.extend(word.octets)
            }
            _ => {
                flush(&mut out, &mut pending);
                pending = Some((word.charset, word.octets));
            }
        }
        rest = word.rest;
    }
    flush(&mut out, &mut pending);
    out.push_str(rest);
    out
}

fn flush(out: &mut String, pending: &mut Option<(&str, Vec<u8>)>) {
    if let Some((label, octets)) = pending.take() {
        out.push_str(&charset::decode(&octets, Some(label)).text);
    }
}

/// `charset?encoding?text?=`; the text holds no question mark, which keeps this linear.
fn parse(candidate: &str) -> Option<Word<'_>> {
    let (label, tail) = candidate.split_once('?')?;
    let (encoding, tail) = tail.split_once('?')?;
    let (encoded, tail) = tail.split_once('?')?;
    let rest = tail.strip_prefix('=')?;
    if label.is_empty() || label.contains(char::is_whitespace) {
        return None;
    }
    // RFC 2231 section 5: a language may follow the charset.
    let charset = label.split('*').next().unwrap_or(label);
    let octets = match encoding {
        "B" | "b" => crate::part::transfer::base64(encoded.as_bytes()),
        "Q" | "q" => q_decode(encoded),
        _ => return None,
    };
    Some(Word { charset, octets, rest })
}

/// The `Q` encoding (RFC 2047 section 4.2).
fn q_decode(encoded: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(encoded.len());
    let mut bytes = encoded.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'_' => out.push(b' '),
            b'=' => {
                let ahead = bytes.clone();
                match hex_pair(bytes.next(), bytes.next()) {
                    Some(value) => out.push(value),
                    None => {
                        out.push(b'=');
                        bytes = ahead;
                    }
                }
            }
            _ => out.push(byte),
        }
    }
    out
}

/// Two hexadecimal digits.
pub(crate) fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}
