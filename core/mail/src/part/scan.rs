//! The part tree, found by scanning lines for boundaries (RFC 2046 section 5.1).

use std::ops::Range;

use super::delimiter::{Delimiter, delimiter};
use super::describe::describe;
use super::lines::{LineCheck, line, without_ending};
use super::transfer::Encoding;
use super::{
    Defect, MAX_ADDRESSES, MAX_ALL_HEADER_OCTETS, MAX_DEPTH, MAX_PARTS, Part, ReadError, charset, section,
};

/// Reads the root of a message.
pub(super) fn root(raw: &[u8]) -> Result<Part, ReadError> {
    let place = Place { leaf: "1".to_owned(), multipart: String::new(), prefix: String::new() };
    Scanner { raw, parts: 0, header_octets: 0, addresses: 0 }.entity(
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
    header_octets: usize,
    addresses: usize,
}

impl Scanner<'_> {
    fn entity(&mut self, range: Range<usize>, place: Place, context: Context) -> Result<Part, ReadError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            return Err(ReadError::Limit("2000 parts"));
        }
        let section = section::read(self.raw, range.clone(), context.is_message)?;
        let body = section.body_start.min(range.end)..range.end;
        self.header_octets += body.start.saturating_sub(range.start);
        if self.header_octets > MAX_ALL_HEADER_OCTETS {
            return Err(ReadError::Limit("4 MiB of header sections"));
        }
        let mut part = describe(section, range, body, context.in_digest);
        self.addresses += part.headers.addresses();
        if self.addresses > MAX_ADDRESSES {
            return Err(ReadError::Limit("20000 addresses"));
        }
        let is_identity = Encoding::named(&part.encoding).is_identity();
        if part.content_type.starts_with("multipart/") {
            part.path = place.multipart;
            self.multipart(&mut part, &place.prefix, context.depth)?;
        } else {
            part.path = place.leaf;
            // RFC 2046 section 5.2.1: a message is never encoded; one that is has no octets of its own here.
            if part.is_message() && is_identity {
                self.message(&mut part, context.depth)?;
            }
        }
        // RFC 6532 section 3.5 allows a message/global to be encoded.
        let is_composite = part.content_type.starts_with("multipart/") || part.is_message();
        if !is_identity && is_composite && part.content_type != "message/global" {
            part.defects.push(Defect::EncodedComposite);
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
        let split = self.split(part.body.clone(), boundary.as_bytes())?;
        if split.ranges.is_empty() {
            part.defects.push(Defect::MissingBoundary);
        } else if !split.is_closed {
            part.defects.push(Defect::UnclosedMultipart);
        }
        part.defects.extend(split.is_doubtful.then_some(Defect::DoubtfulDelimiter));
        part.defects.extend(split.goes_on.then_some(Defect::DelimiterAfterEnd));
        let in_digest = part.content_type == "multipart/digest";
        for (index, range) in split.ranges.into_iter().enumerate() {
            let context = Context { depth: depth + 1, is_message: false, in_digest };
            part.children.push(self.entity(range, Place::child(prefix, index + 1), context)?);
        }
        part.defects.extend(has_other_start(part).then_some(Defect::StartNotFirst));
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

    /// Splits at the delimiter lines of a boundary.
    fn split(&self, body: Range<usize>, boundary: &[u8]) -> Result<Split, ReadError> {
        let mut split = Split::default();
        let mut start = None;
        let mut at = body.start;
        while at < body.end {
            let line = line(self.raw, at, body.end);
            let next = at + line.len();
            match delimiter(line, boundary) {
                Delimiter::None => {}
                Delimiter::Doubtful => split.is_doubtful = true,
                Delimiter::Open | Delimiter::Close if split.is_closed => split.goes_on = true,
                found @ (Delimiter::Open | Delimiter::Close) => {
                    // Two delimiter lines in a row: the line break can't belong to both, there is no part between them.
                    if let Some(start) = start.take().filter(|&start| start < at) {
                        split.ranges.push(start..self.before_line(start, at));
                    }
                    split.is_closed = found == Delimiter::Close;
                    start = (!split.is_closed).then_some(next);
                    if split.ranges.len() > MAX_PARTS {
                        return Err(ReadError::Limit("2000 parts"));
                    }
                }
            }
            at = next;
        }
        if let Some(start) = start {
            // At the end of the mail the last line break is taken for that of the missing delimiter.
            let at_end = body.end == self.raw.len();
            let end = if at_end { self.before_line(start, body.end) } else { body.end };
            split.ranges.push(start..end);
        }
        Ok(split)
    }

    /// The end of what comes before the line at `at`: its line break belongs to the delimiter.
    fn before_line(&self, start: usize, at: usize) -> usize {
        let before = self.raw.get(start..at).unwrap_or_default();
        start + without_ending(before).len()
    }

    fn check_body(&self, part: &mut Part) {
        let raw = self.raw.get(part.body.clone()).unwrap_or_default();
        let is_text = part.content_type.starts_with("text/");
        let encoding = Encoding::named(&part.encoding);
        if is_text {
            self.check_text(part, raw, encoding);
        } else if encoding != Encoding::Identity {
            // Only whether it fits is asked.
            part.defects.extend(encoding.decode(raw, &mut std::io::sink()).ok().flatten());
        }
        if part.encoding != "binary" {
            let lines = LineCheck::of(raw);
            part.defects.extend(lines.is_overlong.then_some(Defect::OverlongLine));
            part.defects.extend((is_text && lines.has_bare_cr).then_some(Defect::BareCr));
            part.defects.extend((is_text && lines.is_mixed()).then_some(Defect::MixedLineEnds));
            let is_plain = is_text && encoding.is_identity() && !part.is_wide_text();
            part.defects.extend((is_plain && lines.has_nul).then_some(Defect::NulInBody));
        }
        match part.content_type.as_str() {
            "message/partial" => part.defects.push(Defect::PartialMessage),
            "message/external-body" => part.defects.push(Defect::ExternalBody),
            _ => {}
        }
    }

    fn check_text(&self, part: &mut Part, raw: &[u8], encoding: Encoding) {
        let mut octets = Vec::new();
        part.defects.extend(encoding.decode(raw, &mut octets).ok().flatten());
        part.defects.extend(charset::decode(&octets, part.parameter("charset")).defect);
    }
}

/// What lies between the delimiter lines of a multipart.
#[derive(Default)]
struct Split {
    /// The parts, each without the line break before its delimiter.
    ranges: Vec<Range<usize>>,
    /// The closing delimiter was there.
    is_closed: bool,
    /// A line that only some programs take for a delimiter.
    is_doubtful: bool,
    /// More delimiters follow the closing one.
    goes_on: bool,
}

/// RFC 2387 section 3.2: the part to begin with is the one that `start` names. Many programs take the first all the same.
fn has_other_start(related: &Part) -> bool {
    let Some(start) = related.parameter("start").filter(|_| related.content_type == "multipart/related")
    else {
        return false;
    };
    let start = start.trim().trim_start_matches('<').trim_end_matches('>');
    related.children.first().and_then(Part::content_id) != Some(start)
}
