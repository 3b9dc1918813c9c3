//! The part tree, found by scanning lines for boundaries (RFC 2046 section 5.1).

use std::ops::Range;

use super::section::{self, Section, line, without_ending};
use super::{Defect, MAX_DEPTH, MAX_PARTS, Part, ReadError, charset, decode};
use crate::headers::{Field, Headers, params};

/// Longest file name that is kept, in characters.
const MAX_NAME_CHARS: usize = 255;

/// Reads the root of a message.
pub(super) fn root(raw: &[u8]) -> Result<Part, ReadError> {
    let place = Place { leaf: "1".to_owned(), multipart: String::new(), prefix: String::new() };
    Scanner { raw, parts: 0 }.entity(
        0..raw.len(),
        place,
        Context { depth: 0, is_message: true, in_digest: false },
    )
}

/// IMAP section numbers of an entity, which depend on what it turns out to be (RFC 9051 section 6.4.5.1).
struct Place {
    leaf: String,
    multipart: String,
    /// Stands before the numbers of its children.
    prefix: String,
}

impl Place {
    fn child(prefix: &str, number: usize) -> Self {
        let own = if prefix.is_empty() { number.to_string() } else { format!("{prefix}.{number}") };
        Self { leaf: own.clone(), multipart: own.clone(), prefix: own }
    }

    fn message_in(own: &str) -> Self {
        Self { leaf: format!("{own}.1"), multipart: format!("{own}.TEXT"), prefix: own.to_owned() }
    }
}

#[derive(Clone, Copy)]
struct Context {
    depth: usize,
    is_message: bool,
    /// Parts of a multipart/digest are messages by default (RFC 2046 section 5.1.5).
    in_digest: bool,
}

struct Scanner<'a> {
    raw: &'a [u8],
    parts: usize,
}

impl Scanner<'_> {
    fn entity(&mut self, range: Range<usize>, place: Place, context: Context) -> Result<Part, ReadError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(ReadError::Limit("2000 parts"));
        }
        let section = section::read(self.raw, range.clone(), context.is_message)?;
        let body = section.body_start.min(range.end)..range.end;
        let mut part = describe(section, range, body, context.in_digest);
        if part.content_type.starts_with("multipart/") {
            part.path = place.multipart;
            self.multipart(&mut part, &place.prefix, context.depth)?;
        } else {
            part.path = place.leaf;
            // RFC 2046 section 5.2.1: a message is never encoded; one that is has no octets of its own here.
            if part.is_message() && matches!(part.encoding.as_str(), "7bit" | "8bit" | "binary") {
                self.message(&mut part, context.depth)?;
            }
        }
        if part.children.is_empty() {
            self.check_body(&mut part);
        }
        part.defects.sort_unstable();
        part.defects.dedup();
        Ok(part)
    }

    fn multipart(&mut self, part: &mut Part, prefix: &str, depth: usize) -> Result<(), ReadError> {
        let boundary =
            part.parameter("boundary").map(|value| value.trim_end().to_owned()).unwrap_or_default();
        if boundary.is_empty() {
            part.defects.push(Defect::MissingBoundary);
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            part.defects.push(Defect::TooDeep);
            return Ok(());
        }
        let (ranges, closed) = self.split(part.body.clone(), boundary.as_bytes())?;
        if ranges.is_empty() {
            part.defects.push(Defect::MissingBoundary);
        } else if !closed {
            part.defects.push(Defect::UnclosedMultipart);
        }
        let in_digest = part.content_type == "multipart/digest";
        for (index, range) in ranges.into_iter().enumerate() {
            let context = Context { depth: depth + 1, is_message: false, in_digest };
            part.children.push(self.entity(range, Place::child(prefix, index + 1), context)?);
        }
        Ok(())
    }

    fn message(&mut self, part: &mut Part, depth: usize) -> Result<(), ReadError> {
        if depth >= MAX_DEPTH {
            part.defects.push(Defect::TooDeep);
            return Ok(());
        }
        let context = Context { depth: depth + 1, is_message: true, in_digest: false };
        part.children.push(self.entity(part.body.clone(), Place::message_in(&part.path), context)?);
        Ok(())
    }

    /// The ranges between delimiter lines, without the line break before each; and whether the closing one was there.
    fn split(&self, body: Range<usize>, boundary: &[u8]) -> Result<(Vec<Range<usize>>, bool), ReadError> {
        let mut ranges = Vec::new();
        let mut start = None;
        let mut at = body.start;
        while at < body.end {
            let line = line(self.raw, at, body.end);
            let next = at + line.len();
            if let Some(closing) = delimiter(line, boundary) {
                // Two delimiter lines in a row: the line break can't belong to both, there is no part between them.
                if let Some(start) = start.take().filter(|&start| start < at) {
                    ranges.push(start..self.before_line(start, at));
                }
                if closing {
                    return Ok((ranges, true));
                }
                start = Some(next);
                if ranges.len() > MAX_PARTS {
                    return Err(ReadError::Limit("2000 parts"));
                }
            }
            at = next;
        }
        ranges.extend(start.map(|start| start..body.end));
        Ok((ranges, false))
    }

    /// The end of what comes before the line at `at`: its line break belongs to the delimiter.
    fn before_line(&self, start: usize, at: usize) -> usize {
        let before = self.raw.get(start..at).unwrap_or_default();
        start + without_ending(before).len()
    }

    fn check_body(&self, part: &mut Part) {
        let (octets, bad) = decode(self.raw.get(part.body.clone()).unwrap_or_default(), &part.encoding);
        if bad {
            part.defects.push(Defect::BadEncoding);
        }
        if part.content_type.starts_with("text/") && charset::decode(&octets, part.parameter("charset")).1 {
            part.defects.push(Defect::BadCharset);
        }
    }
}

/// Whether the line is `--boundary` (false) or `--boundary--` (true), white space behind it allowed.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let rest = without_ending(rest);
    let (rest, closing) = match rest.strip_prefix(b"--") {
        Some(after) => (after, true),
        None => (rest, false),
    };
    rest.iter().all(|&byte| byte == b' ' || byte == b'\t').then_some(closing)
}

/// A part without children, from its header section.
fn describe(section: Section, entity: Range<usize>, body: Range<usize>, in_digest: bool) -> Part {
    let Section { fields, mut defects, .. } = section;
    if has_duplicates(&fields) {
        defects.push(Defect::DuplicateField);
    }
    let first =
        |name: &str| fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str());
    let content = params::parse(first("content-type").unwrap_or_default());
    let disposition = first("content-disposition").map(params::parse);
    let name = disposition
        .as_ref()
        .and_then(|value| value.shown("filename"))
        .or_else(|| content.shown("name"))
        .and_then(|name| file_name(&name));
    let content_type = if is_media_type(&content.value) {
        content.value
    } else if in_digest && content.value.is_empty() {
        "message/rfc822".to_owned()
    } else {
        // RFC 2045 section 5.2.
        "text/plain".to_owned()
    };
    let encoding =
        first("content-transfer-encoding").map(|value| params::parse(value).value).filter(|v| !v.is_empty());
    Part {
        path: String::new(),
        content_type,
        parameters: content.parameters,
        disposition: disposition.map(|value| value.value).filter(|value| !value.is_empty()),
        name,
        encoding: encoding.unwrap_or_else(|| "7bit".to_owned()),
        entity,
        body,
        children: Vec::new(),
        headers: Headers::read(&fields),
        fields: fields.into_iter().map(|field| (field.name, field.value)).collect(),
        defects,
    }
}

fn is_media_type(value: &str) -> bool {
    let token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    value.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// Fields that may stand once (RFC 5322 section 3.6, RFC 2045).
fn has_duplicates(fields: &[Field]) -> bool {
    const UNIQUE: [&str; 13] = [
        "content-type",
        "content-transfer-encoding",
        "content-disposition",
        "mime-version",
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "references",
    ];
    UNIQUE.iter().any(|name| fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).count() > 1)
}

/// A name that can be shown and saved: no folders, no control characters, no characters that turn the direction of writing
/// (`exe.pdf`).
fn file_name(raw: &str) -> Option<String> {
    let base = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = base
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .take(MAX_NAME_CHARS)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty() && clean != "." && clean != "..").then(|| clean.to_owned())
}
