//! Structured values with parameters: Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231).

use std::collections::BTreeMap;

use super::words::{self, hex_pair};
use crate::part::charset;

/// Most sections of one RFC 2231 parameter that are joined.
const MAX_SECTIONS: u32 = 1000;

/// `value; name=value; …`
pub(crate) struct Value {
    /// What stands before the first semicolon, lower case, without comments.
    pub value: String,
    /// Names in lower case; the first of a name counts.
    pub parameters: Vec<(String, String)>,
    /// How many of them, from the start, are in the extended form: these hold no encoded-words.
    extended: usize,
}

impl Value {
    /// A parameter for display. RFC 2047 section 5 allows no encoded-words here, but many programs write them.
    pub(crate) fn shown(&self, name: &str) -> Option<String> {
        let index = self.parameters.iter().position(|(key, _)| key == name)?;
        let (_, value) = self.parameters.get(index)?;
        Some(if index < self.extended { value.clone() } else { words::decode(value) })
    }
}

/// Never fails; text that fits nowhere is dropped.
pub(crate) fn parse(text: &str) -> Value {
    let mut segments = split(text).into_iter();
    let value = without_comment(&segments.next().unwrap_or_default()).trim().to_ascii_lowercase();
    let mut collected = Collected::default();
    for segment in segments {
        if let Some((name, value)) = segment.split_once('=') {
            collected.add(name.trim().to_ascii_lowercase(), &unquote(value.trim()));
        }
    }
    let (parameters, extended) = collected.finish();
    Value { value, parameters, extended }
}

/// Splits at semicolons that are not inside a quoted-string.
fn split(text: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut current = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                segments.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    segments.push(current);
    segments
}

/// A quoted-string's content, else the text without a comment behind it. Only `\"` and `\\` are unescaped: a single
/// backslash in a file name is a Windows path.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return without_comment(value).trim().to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next_if(|next| matches!(next, '"' | '\\')) {
                Some(next) => out.push(next),
                None => out.push('\\'),
            },
            _ => out.push(c),
        }
    }
    out
}

/// Cuts a comment that stands behind white space: `us-ascii (Plain text)`; `file(1).pdf` stays.
fn without_comment(value: &str) -> &str {
    match value.find(" (").or_else(|| value.find("\t(")) {
        Some(at) => value.split_at_checked(at).map_or(value, |(before, _)| before),
        None => value,
    }
}

#[derive(Default)]
struct Section {
    text: String,
    encoded: bool,
}

/// Parameters while they are read: plain ones, and the sections of extended ones.
#[derive(Default)]
struct Collected {
    plain: Vec<(String, String)>,
    extended: BTreeMap<String, BTreeMap<u32, Section>>,
}

impl Collected {
    fn add(&mut self, name: String, value: &str) {
        let Some((base, suffix)) = name.split_once('*') else {
            self.plain.push((name, value.to_owned()));
            return;
        };
        let (number, encoded) = match suffix.strip_suffix('*') {
            Some(number) => (number, true),
            None if suffix.is_empty() => ("0", true),
            None => (suffix, false),
        };
        let Some(number) = number.parse().ok().filter(|&number| number < MAX_SECTIONS) else {
            self.plain.push((name, value.to_owned()));
            return;
        };
        let sections = self.extended.entry(base.to_owned()).or_default();
        sections.entry(number).or_insert_with(|| Section { text: value.to_owned(), encoded });
    }

    /// An extended parameter replaces a plain one of the same name (RFC 2231 is the better informed of the two).
    /// Extended ones come first; the second value is their number.
    fn finish(self) -> (Vec<(String, String)>, usize) {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, sections) in &self.extended {
            if sections.contains_key(&0) {
                parameters.push((name.clone(), join(sections)));
            }
        }
        let extended = parameters.len();
        for (name, value) in self.plain {
            if !parameters.iter().any(|(known, _)| *known == name) {
                parameters.push((name, value));
            }
        }
        (parameters, extended)
    }
}

/// Joins the sections up to the first gap, then decodes (RFC 2231 section 4.1).
fn join(sections: &BTreeMap<u32, Section>) -> String {
    let mut label = None;
    let mut octets = Vec::new();
    for (expected, (number, section)) in (0..).zip(sections) {
        if *number != expected {
            break;
        }
        let mut text = section.text.as_str();
        if section.encoded && expected == 0 {
            let mut pieces = text.splitn(3, '\'');
            if let (Some(charset), Some(_language), Some(rest)) =
                (pieces.next(), pieces.next(), pieces.next())
            {
                label = Some(charset);
                text = rest;
            }
        }
        if section.encoded {
            percent_decode(&mut octets, text);
        } else {
            octets.extend_from_slice(text.as_bytes());
        }
    }
    charset::decode(&octets, label.filter(|label| !label.is_empty())).0
}

fn percent_decode(out: &mut Vec<u8>, text: &str) {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let ahead = bytes.clone();
        match (byte == b'%').then(|| hex_pair(bytes.next(), bytes.next())) {
            Some(Some(value)) => out.push(value),
            Some(None) => {
                out.push(byte);
                bytes = ahead;
            }
            None => out.push(byte),
        }
    }
}
