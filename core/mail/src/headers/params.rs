//! Structured values with parameters: Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2231).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::words::{self, hex_pair};
use crate::part::charset;

/// Most sections of one RFC 2231 parameter that are joined.
const MAX_SECTIONS: u32 = 1000;
/// Longest boundary (RFC 2046 section 5.1.1).
const MAX_BOUNDARY_OCTETS: usize = 70;

/// `value; name=value; …`
pub(crate) struct Value {
    /// What stands before the first semicolon, lower case, without comments.
    pub value: String,
    /// A comment stood there, which programs that compare the text do not take for one.
    pub has_comment: bool,
    /// There was a semicolon.
    pub has_more: bool,
    /// Names in lower case; the first of a name counts.
    pub parameters: Vec<(String, String)>,
    /// A quoted-string or comment never ends.
    pub is_unterminated: bool,
    /// Parameters that occur twice in one form.
    pub repeated: BTreeSet<String>,
    /// Parameters that occur both plain and in the form of RFC 2231, as is usual for file names.
    pub in_two_forms: BTreeSet<String>,
    /// Parameters in the form of RFC 2231.
    pub extended: BTreeSet<String>,
    /// The boundary is written so that programs read it differently.
    pub has_bad_boundary: bool,
    /// Names of parameters that were percent-encoded: these hold no encoded-words.
    encoded: BTreeSet<String>,
}

impl Value {
    /// A parameter for display. RFC 2047 section 5 allows no encoded-words here, but many programs write them.
    pub(crate) fn shown(&self, name: &str) -> Option<String> {
        let (_, value) = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(if self.encoded.contains(name) { value.clone() } else { words::decode(value) })
    }
}

/// Never fails; text that fits nowhere is dropped.
pub(crate) fn parse(text: &str) -> Value {
    let (segments, is_unterminated) = split(text);
    let mut segments = segments.into_iter();
    let (value, has_comment) = without_comments(&segments.next().unwrap_or_default());
    let value = value.trim().to_ascii_lowercase();
    let has_more = segments.len() > 0;
    let mut collected = Collected::default();
    for segment in segments {
        if let Some((name, value)) = segment.split_once('=') {
            let name = without_leading_comment(name.trim()).to_ascii_lowercase();
            collected.add(name, value.trim());
        }
    }
    let mut value = Value { is_unterminated, has_comment, has_more, ..collected.finish(value) };
    value.has_bad_boundary |=
        value.parameters.iter().any(|(name, value)| name == "boundary" && is_bad_boundary(value));
    value
}

/// Splits at semicolons that are in no quoted-string and no comment; the second value tells that one never ends.
fn split(text: &str) -> (Vec<String>, bool) {
    let mut segments = Vec::new();
    let mut current = String::new();
    let (mut quoted, mut escaped, mut comment) = (false, false, 0_usize);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || comment > 0 => escaped = true,
            '"' if comment == 0 => quoted = !quoted,
            // A parenthesis inside the word of a parameter starts no comment: `file(1).pdf`.
            '(' if comment > 0
                || (!quoted
                    && (segments.is_empty()
                        || current.is_empty()
                        || current.ends_with([' ', '\t', '=']))) =>
            {
                comment += 1
            }
            ')' => comment = comment.saturating_sub(1),
            ';' if !quoted && comment == 0 => {
                segments.push(std::mem::take(&mut current));
                continue;
            }
            _ => {}
        }
        current.push(c);
    }
    segments.push(current);
    (segments, quoted || comment > 0)
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

/// Cuts a comment that ends the text: `us-ascii (Plain text)`; `file(1).pdf` and `file (1).pdf` stay.
fn without_comment(value: &str) -> &str {
    let value = value.trim_end();
    if !value.ends_with(')') {
        return value;
    }
    match value.find(" (").or_else(|| value.find("\t(")) {
        Some(at) => value.split_at_checked(at).map_or(value, |(before, _)| before),
        None => value,
    }
}

/// Takes all comments out of a text in which nothing else has parentheses; tells whether there was one. One that never ends
/// stays.
fn without_comments(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let (mut depth, mut escaped, mut has_comment) = (0_usize, false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if depth > 0 => escaped = true,
            '(' => {
                depth += 1;
                has_comment = true;
            }
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    if depth > 0 { (text.to_owned(), has_comment) } else { (out, has_comment) }
}

fn without_leading_comment(name: &str) -> &str {
    match name.strip_prefix('(').and_then(|rest| rest.rsplit_once(')')) {
        Some((_, name)) => name.trim_start(),
        None => name,
    }
}

/// What the boundary of RFC 2046 section 5.1.1 may not have and programs treat differently. Other characters that it
/// may not have either (`*`, `@`) are in real mail, and every program takes them as they are.
fn is_bad_boundary(value: &str) -> bool {
    value.len() > MAX_BOUNDARY_OCTETS
        || value.ends_with(' ')
        || value.chars().any(|c| !(c.is_ascii_graphic() || c == ' ') || matches!(c, '"' | '\\'))
        || (value.contains("=?") && value.contains("?="))
}

/// The text of a boundary parameter, as it stands, is read differently: by RFC 2045 it would end earlier.
fn is_oddly_written(raw: &str) -> bool {
    match raw.strip_prefix('"') {
        Some(inner) => {
            inner.contains('\\') || inner.split_once('"').is_some_and(|(_, behind)| !behind.trim().is_empty())
        }
        None => raw.contains(['(', ')', '"', '\\', '<', '>', ' ', '\t', ',']),
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
    plain_names: BTreeSet<String>,
    extended: BTreeMap<String, BTreeMap<u32, Section>>,
    repeated: BTreeSet<String>,
    has_bad_boundary: bool,
}

impl Collected {
    fn add(&mut self, name: String, raw: &str) {
        let value = unquote(raw);
        self.has_bad_boundary |= name == "boundary" && is_oddly_written(raw);
        let Some((base, suffix)) = name.split_once('*') else { return self.add_plain(name, value) };
        let (number, encoded) = match suffix.strip_suffix('*') {
            Some(number) => (number, true),
            None if suffix.is_empty() => ("0", true),
            None => (suffix, false),
        };
        let Some(number) = number.parse().ok().filter(|&number| number < MAX_SECTIONS) else {
            return self.add_plain(name, value);
        };
        self.has_bad_boundary |= base == "boundary";
        let sections = self.extended.entry(base.to_owned()).or_default();
        match sections.entry(number) {
            Entry::Vacant(place) => drop(place.insert(Section { text: value, encoded })),
            Entry::Occupied(_) => drop(self.repeated.insert(base.to_owned())),
        }
    }

    /// The first of a name counts.
    fn add_plain(&mut self, name: String, value: String) {
        if self.plain_names.insert(name.clone()) {
            self.plain.push((name, value));
        } else {
            self.repeated.insert(name);
        }
    }

    /// An extended parameter replaces a plain one of the same name (RFC 2231 is the better informed of the two).
    fn finish(self, value: String) -> Value {
        let mut parameters: Vec<(String, String)> = Vec::new();
        let (mut encoded, mut in_two_forms) = (BTreeSet::new(), BTreeSet::new());
        for (name, sections) in &self.extended {
            let Some(joined) = join(sections) else { continue };
            if sections.values().any(|section| section.encoded) {
                encoded.insert(name.clone());
            }
            if self.plain_names.contains(name) {
                in_two_forms.insert(name.clone());
            }
            parameters.push((name.clone(), joined));
        }
        parameters.extend(self.plain.into_iter().filter(|(name, _)| !in_two_forms.contains(name)));
        Value {
            value,
            has_comment: false,
            has_more: false,
            parameters,
            is_unterminated: false,
            extended: self.extended.into_keys().collect(),
            repeated: self.repeated,
            in_two_forms,
            has_bad_boundary: self.has_bad_boundary,
            encoded,
        }
    }
}

/// Joins the sections up to the first gap, then decodes (RFC 2231 section 4.1). Some programs count from 1.
fn join(sections: &BTreeMap<u32, Section>) -> Option<String> {
    let first = *sections.keys().next().filter(|&&first| first <= 1)?;
    let mut label = None;
    let mut octets = Vec::new();
    for (expected, (number, section)) in (first..).zip(sections) {
        if *number != expected {
            break;
        }
        let mut text = section.text.as_str();
        if section.encoded && expected == first {
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
    Some(charset::decode(&octets, label.filter(|label| !label.is_empty())).text)
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
