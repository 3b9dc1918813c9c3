//! One header section, split into fields.

use std::ops::Range;

use encoding_rs::WINDOWS_1252;

use super::lines::{self, LineCheck, line, without_ending};
use super::{Defect, MAX_HEADER_OCTETS, ReadError};
use crate::headers::Field;

/// The fields, and where the body begins.
pub(super) struct Section {
    pub fields: Vec<Field>,
    pub body_start: usize,
    pub defects: Vec<Defect>,
}

impl Section {
    fn check_lines(&mut self, octets: &[u8]) {
        let check = LineCheck::of(octets);
        let found = [
            (check.has_nul, Defect::NulInHeader),
            (check.has_bare_cr, Defect::BareCrInHeader),
            (check.is_mixed(), Defect::MixedLineEnds),
            (check.is_overlong, Defect::OverlongHeaderLine),
        ];
        self.defects.extend(found.into_iter().filter_map(|(is, defect)| is.then_some(defect)));
    }
}

/// What a line of a header section is.
enum Line<'a> {
    Blank,
    Continuation,
    Field { name: &'a [u8], value: &'a [u8], odd: bool },
    Other,
}

/// Reads the header section at the start of `range`. A line that is no field is skipped when more fields follow, else it is
/// the first line of the body; so is a line that looks like a delimiter (RFC 5322 knows neither; no text may be lost).
pub(super) fn read(raw: &[u8], range: Range<usize>, is_message: bool) -> Result<Section, ReadError> {
    let mut reader = Reader {
        section: Section { fields: Vec::new(), body_start: range.end, defects: Vec::new() },
        open: Vec::new(),
    };
    let mut at = range.start;
    let mut skipping = false;
    while at < range.end {
        let line = line(raw, at, range.end);
        let next = at + line.len();
        let content = without_ending(line);
        let class = classify(content);
        // A long first line that is no field is body, not header.
        if next - range.start > MAX_HEADER_OCTETS && !matches!(class, Line::Blank | Line::Other) {
            return Err(ReadError::Limit("256 KiB in a header section"));
        }
        match class {
            Line::Blank => {
                reader.section.body_start = next;
                break;
            }
            Line::Field { name, value, odd } => {
                skipping = false;
                reader.start(name, value, odd);
            }
            Line::Continuation if skipping => {}
            Line::Continuation => reader.continue_field(content),
            Line::Other if is_message && at == range.start && is_envelope(content) => skipping = true,
            Line::Other => {
                let following = lines::line(raw, next, range.end);
                if let Some((name, value)) = folded_name(content, following) {
                    reader.start(name, value, true);
                    at = next + following.len();
                    continue;
                }
                reader.section.defects.push(Defect::BadHeader);
                if content.starts_with(b"--") || !is_field(following) {
                    reader.section.body_start = at;
                    break;
                }
                skipping = true;
            }
        }
        at = next;
    }
    let mut section = reader.finish();
    section.check_lines(raw.get(range.start..section.body_start).unwrap_or_default());
    Ok(section)
}

fn classify(content: &[u8]) -> Line<'_> {
    if content.is_empty() {
        return Line::Blank;
    }
    if content.starts_with(b" ") || content.starts_with(b"\t") {
        return Line::Continuation;
    }
    match field(content) {
        Some((name, value, odd)) => Line::Field { name, value, odd },
        None => Line::Other,
    }
}

/// `name:value`; obsolete syntax allows white space before the colon (RFC 5322 section 4.5).
fn field(content: &[u8]) -> Option<(&[u8], &[u8], bool)> {
    let colon = content.iter().position(|&byte| byte == b':')?;
    let (before, after) = content.split_at_checked(colon)?;
    let name = before.trim_ascii_end();
    let valid = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    valid.then(|| (name, after.get(1..).unwrap_or_default(), name.len() < before.len()))
}

fn is_field(line: &[u8]) -> bool {
    matches!(classify(without_ending(line)), Line::Field { .. })
}

/// A name on one line, the colon on the next: some programs unfold first.
fn folded_name<'a>(content: &'a [u8], following: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let name = content.trim_ascii_end();
    let folded = following.starts_with(b" ") || following.starts_with(b"\t");
    let value = without_ending(following).trim_ascii_start().strip_prefix(b":")?;
    (folded && !name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some((name, value))
}

/// The separator line of an mbox file.
fn is_envelope(content: &[u8]) -> bool {
    content.starts_with(b"From ") || content.starts_with(b">From ")
}

struct Reader {
    section: Section,
    /// The value of the last field, still growing.
    open: Vec<u8>,
}

impl Reader {
    fn start(&mut self, name: &[u8], value: &[u8], odd: bool) {
        self.close();
        self.open.extend_from_slice(value);
        let name = String::from_utf8_lossy(name).into_owned();
        self.section.fields.push(Field { name, value: String::new(), odd });
        if odd {
            self.odd_field();
        }
    }

    fn odd_field(&mut self) {
        let name =
            self.section.fields.last().map(|field| field.name.to_ascii_lowercase()).unwrap_or_default();
        let is_content = name.starts_with("content-") || name == "mime-version";
        self.section.defects.push(if is_content { Defect::OddContentField } else { Defect::OddField });
    }

    fn continue_field(&mut self, content: &[u8]) {
        if content.trim_ascii().is_empty() {
            self.section.defects.push(Defect::WhiteSpaceLine);
        }
        if !self.section.fields.is_empty() {
            self.open.extend_from_slice(content);
            return;
        }
        // A section can't start with white space; some programs take the line for a field all the same.
        match field(content.trim_ascii_start()) {
            Some((name, value, _)) => self.start(name, value, true),
            None => self.section.defects.push(Defect::BadHeader),
        }
    }

    fn close(&mut self) {
        let octets = std::mem::take(&mut self.open);
        if let Some(last) = self.section.fields.last_mut() {
            // RFC 6532 allows UTF-8; what is none is shown as the most common legacy charset.
            let text = match String::from_utf8(octets) {
                Ok(text) => text,
                Err(error) => {
                    self.section.defects.push(Defect::EightBitHeader);
                    WINDOWS_1252.decode_without_bom_handling(error.as_bytes()).0.into_owned()
                }
            };
            last.value = text.trim_matches([' ', '\t', '\r']).to_owned();
        }
    }

    fn finish(mut self) -> Section {
        self.close();
        self.section
    }
}
