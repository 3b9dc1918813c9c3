//! Header values and transfer encodings as they are written.

use std::fmt::Write as _;

use super::{ComposeError, MAX_TOKEN_OCTETS, MAX_VALUE_OCTETS};
use crate::headers::Mailbox;

/// Lines are folded to this many octets, not counting CRLF.
const LINE: usize = 76;
/// Octets of UTF-8 in one encoded-word: `=?utf-8?B?` + 52 + `?=` are 64, which fits after the usual field names.
const WORD_OCTETS: usize = 39;
/// A word longer than this is not left as it is: it could not be folded.
const LONGEST_WORD: usize = 60;
/// Nor is a longer run of spaces.
const LONGEST_GAP: &str = "        ";

/// Writes one field, folded before white space only, so that unfolding (RFC 5322 section 2.2.3) gives the value back.
pub(crate) fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let mut column = name.len() + 1;
    for segment in segments(value) {
        let first = column == name.len() + 1 && !segment.starts_with(' ');
        let length = segment.len() + usize::from(first);
        let fits_alone = length <= LINE;
        if column + length > LINE && (!first || fits_alone) {
            out.extend_from_slice(b"\r\n");
            column = 0;
        }
        if first {
            out.push(b' ');
        }
        out.extend_from_slice(segment.as_bytes());
        column += length;
    }
    out.extend_from_slice(b"\r\n");
}

/// The value cut before each run of spaces, so that no piece is white space only.
fn segments(value: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let word_end = rest.bytes().skip(spaces).position(|b| b == b' ').map_or(rest.len(), |n| n + spaces);
        let (piece, tail) = rest.split_at_checked(word_end).unwrap_or((rest, ""));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Unstructured text (subjects): as it is when that is safe, else RFC 2047 encoded-words.
pub(crate) fn unstructured(text: &str) -> Result<String, ComposeError> {
    check_value(text)?;
    let plain = text.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !text.contains("=?")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains(LONGEST_GAP)
        && text.split(' ').all(|word| word.len() <= LONGEST_WORD);
    Ok(if plain { text.to_owned() } else { encoded_words(text) })
}

/// RFC 2047 section 2, `B` encoding, cut between characters.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut chunk = String::new();
    for c in text.chars() {
        if chunk.len() + c.len_utf8() > WORD_OCTETS {
            words.push(encoded_word(&chunk));
            chunk.clear();
        }
        chunk.push(c);
    }
    if !chunk.is_empty() {
        words.push(encoded_word(&chunk));
    }
    words.join(" ")
}

fn encoded_word(chunk: &str) -> String {
    format!("=?utf-8?B?{}?=", data_encoding::BASE64.encode(chunk.as_bytes()))
}

/// `name <address>`, or the bare address.
pub(crate) fn mailbox(mailbox: &Mailbox) -> Result<String, ComposeError> {
    check_address(&mailbox.address)?;
    match mailbox.name.as_deref().filter(|name| !name.trim().is_empty()) {
        None => Ok(mailbox.address.clone()),
        Some(name) => Ok(format!("{} <{}>", phrase(name)?, mailbox.address)),
    }
}

pub(crate) fn mailboxes(list: &[Mailbox]) -> Result<String, ComposeError> {
    let written: Result<Vec<_>, _> = list.iter().map(mailbox).collect();
    Ok(written?.join(", "))
}

/// A display name: atoms, a quoted-string, or encoded-words (which may not stand inside a quoted-string).
fn phrase(name: &str) -> Result<String, ComposeError> {
    check_value(name)?;
    if name.bytes().all(|b| is_atext(b) || b == b' ')
        && !name.contains("=?")
        && name.split(' ').all(|word| !word.is_empty() && word.len() <= LONGEST_WORD)
    {
        return Ok(name.to_owned());
    }
    let quotable = name.bytes().all(|b| (0x20..0x7f).contains(&b))
        && !name.contains("=?")
        && name.trim() == name
        && !name.contains(LONGEST_GAP)
        && name.split(' ').all(|word| word.len() <= LONGEST_WORD);
    Ok(if quotable { quoted(name) } else { encoded_words(name) })
}

fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// `<id>`.
pub(crate) fn message_id(id: &str) -> Result<String, ComposeError> {
    check_length(id, MAX_TOKEN_OCTETS)?;
    let safe =
        !id.is_empty() && !id.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'));
    if safe { Ok(format!("<{id}>")) } else { Err(ComposeError::UnsafeHeader) }
}

/// A single token (RFC 2045 section 5.1).
pub(crate) fn token(value: &str) -> Result<String, ComposeError> {
    check_length(value, MAX_TOKEN_OCTETS)?;
    if !value.is_empty() && value.bytes().all(is_token) {
        Ok(value.to_owned())
    } else {
        Err(ComposeError::UnsafeHeader)
    }
}

/// `type/subtype`, in lower case.
pub(crate) fn media_type(value: &str) -> Result<String, ComposeError> {
    let (kind, subtype) = value.split_once('/').ok_or(ComposeError::UnsafeHeader)?;
    Ok(format!("{}/{}", token(kind)?, token(subtype)?).to_ascii_lowercase())
}

/// Appends a parameter as RFC 2231 has it: quoted when it is short ASCII, else in percent-encoded sections.
pub(crate) fn parameter(out: &mut String, name: &str, value: &str) -> Result<(), ComposeError> {
    check_value(value)?;
    if is_simple(value) {
        let _ = write!(out, "; {name}={}", quoted(value));
        return Ok(());
    }
    // `; name*NN*=` and a following `;` stay within the line.
    let budget = LINE.saturating_sub(name.len() + 8);
    let mut sections = vec![String::from("utf-8''")];
    for c in value.chars() {
        let mut buffer = [0; 4];
        let mut piece = String::new();
        for byte in c.encode_utf8(&mut buffer).bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
                piece.push(char::from(byte));
            } else {
                let _ = write!(piece, "%{byte:02X}");
            }
        }
        match sections.last_mut() {
            Some(last) if last.len() + piece.len() <= budget => last.push_str(&piece),
            _ => sections.push(piece),
        }
    }
    if let [only] = sections.as_slice() {
        let _ = write!(out, "; {name}*={only}");
        return Ok(());
    }
    for (number, section) in sections.iter().enumerate() {
        let _ = write!(out, "; {name}*{number}*={section}");
    }
    Ok(())
}

/// The same parameter for readers that know only RFC 2047, which does not allow it there but is what they expect.
pub(crate) fn parameter_fallback(out: &mut String, name: &str, value: &str) -> Result<(), ComposeError> {
    check_value(value)?;
    let _ = match is_simple(value) {
        true => write!(out, "; {name}={}", quoted(value)),
        false => write!(out, "; {name}=\"{}\"", encoded_words(value)),
    };
    Ok(())
}

fn is_simple(value: &str) -> bool {
    value.len() <= LONGEST_WORD && value.bytes().all(|b| (0x20..0x7f).contains(&b)) && !value.contains("=?")
}

/// addr-spec (RFC 5322 section 3.4.1, RFC 6531 section 3.3) without comments: nothing that ends it or starts another.
fn check_address(address: &str) -> Result<(), ComposeError> {
    check_length(address, MAX_TOKEN_OCTETS)?;
    let (local, domain) = address.rsplit_once('@').ok_or(ComposeError::UnsafeHeader)?;
    let atom = |text: &str| !text.is_empty() && text.chars().all(is_address_char);
    let inside = |text: &str, open: char, close: char| {
        text.strip_prefix(open).and_then(|t| t.strip_suffix(close)).map(str::to_owned)
    };
    let quoted_local = || inside(local, '"', '"').is_some_and(|text| is_quoted_content(&text));
    let literal = || {
        inside(domain, '[', ']')
            .is_some_and(|text| text.bytes().all(|b| b.is_ascii_alphanumeric() || b".:-".contains(&b)))
    };
    if (atom(local) || quoted_local()) && (atom(domain) || literal()) {
        Ok(())
    } else {
        Err(ComposeError::UnsafeHeader)
    }
}

fn is_address_char(c: char) -> bool {
    if c.is_ascii() {
        u8::try_from(c).is_ok_and(|b| is_atext(b) || b == b'.')
    } else {
        !c.is_control() && !c.is_whitespace()
    }
}

/// The inside of a quoted-string without spaces to fold at; every `"` and `\` is escaped.
fn is_quoted_content(text: &str) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        if c.is_control() || (c.is_whitespace() && c != ' ') {
            return false;
        }
        match (escaped, c) {
            (true, _) => escaped = false,
            (false, '\\') => escaped = true,
            (false, '"') => return false,
            _ => {}
        }
    }
    !escaped
}

fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

fn is_token(b: u8) -> bool {
    b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b)
}

fn check_length(value: &str, limit: usize) -> Result<(), ComposeError> {
    if value.len() > limit { Err(ComposeError::TooLong) } else { Ok(()) }
}

/// Text that will be encoded may hold anything but control characters; a tab is harmless inside an encoded-word.
fn check_value(text: &str) -> Result<(), ComposeError> {
    check_length(text, MAX_VALUE_OCTETS)?;
    if text.chars().any(|c| c.is_control() && c != '\t') { Err(ComposeError::UnsafeHeader) } else { Ok(()) }
}

/// Base64 in lines of 76 characters (RFC 2045 section 6.8).
pub(crate) fn base64_lines(out: &mut Vec<u8>, octets: &[u8]) {
    for chunk in octets.chunks(57) {
        out.extend_from_slice(data_encoding::BASE64.encode(chunk).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Quoted-printable of canonical text (RFC 2045 section 6.7). Also hides what relays touch: trailing white space, lines
/// that start with `From ` or a dot, and characters that are not in every EBCDIC are left alone.
pub(crate) fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    let mut lines = text.split("\r\n").peekable();
    while let Some(line) = lines.next() {
        quoted_printable_line(&mut out, line.as_bytes());
        if lines.peek().is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

fn quoted_printable_line(out: &mut Vec<u8>, line: &[u8]) {
    let mut column = 0;
    for (index, &byte) in line.iter().enumerate() {
        let at_start = index == 0 && (byte == b'.' || line.starts_with(b"From "));
        let at_end = index + 1 == line.len();
        let literal = match byte {
            b' ' | b'\t' => !at_end,
            b'=' => false,
            _ => byte.is_ascii_graphic() && !at_start,
        };
        let width = if literal { 1 } else { 3 };
        // One column is kept for the `=` of a soft line break.
        if column + width > LINE - 1 {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if literal {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("={byte:02X}").as_bytes());
        }
        column += width;
    }
}
