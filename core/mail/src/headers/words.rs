//! RFC 2047 encoded-words, read.

use crate::part::charset;

/// Most question marks that one encoded-word holds in its text.
const MAX_QUESTION_MARKS: usize = 64;

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
            Some((charset, octets)) if can_join(charset, word.charset) => octets.extend(word.octets),
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

/// In UTF-7 the end of a word ends what was shifted, and nothing else may.
fn can_join(charset: &str, next: &str) -> bool {
    charset.eq_ignore_ascii_case(next) && !charset.to_ascii_lowercase().contains("utf-7")
}

fn flush(out: &mut String, pending: &mut Option<(&str, Vec<u8>)>) {
    if let Some((label, octets)) = pending.take() {
        out.push_str(&charset::decode(&octets, Some(label)).text);
    }
}

/// `charset?encoding?text?=`
fn parse(candidate: &str) -> Option<Word<'_>> {
    let (label, tail) = candidate.split_once('?')?;
    let (encoding, tail) = tail.split_once('?')?;
    if label.is_empty() || label.contains(char::is_whitespace) {
        return None;
    }
    // RFC 2231 section 5: a language may follow the charset.
    let charset = label.split('*').next().unwrap_or(label).trim_matches(['"', '\'']);
    let (encoded, rest) = encoded_text(tail)?;
    let octets = match encoding {
        "B" | "b" => crate::part::transfer::base64(encoded.as_bytes()),
        "Q" | "q" => q_decode(encoded),
        _ => return None,
    };
    Some(Word { charset, octets, rest })
}

/// The text up to `?=`, and what is behind. It may hold no question mark, but some programs leave them in; where the next
/// word begins, this one has no end. Bounded, so that many words without an end take no quadratic time.
fn encoded_text(tail: &str) -> Option<(&str, &str)> {
    for (at, _) in tail.match_indices('?').take(MAX_QUESTION_MARKS) {
        let (encoded, behind) = tail.split_at_checked(at)?;
        if let Some(rest) = behind.strip_prefix("?=") {
            return Some((encoded, rest));
        }
        if encoded.ends_with('=') {
            return None;
        }
    }
    None
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
