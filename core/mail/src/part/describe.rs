//! What a header section says of its part.

use std::ops::Range;

use super::section::Section;
use super::{Defect, Part, name};
use crate::headers::params::{self, Value};
use crate::headers::{Field, Headers, address};

/// Fields that may stand once (RFC 5322 section 3.6, RFC 2045, RFC 2183), and the defect when they don't.
const UNIQUE: [(&str, Defect); 15] = [
    ("content-type", Defect::DuplicateContentType),
    ("content-transfer-encoding", Defect::DuplicateTransferEncoding),
    ("content-disposition", Defect::DuplicateDisposition),
    ("mime-version", Defect::DuplicateMimeVersion),
    ("from", Defect::DuplicateField),
    ("sender", Defect::DuplicateField),
    ("reply-to", Defect::DuplicateField),
    ("to", Defect::DuplicateField),
    ("cc", Defect::DuplicateField),
    ("bcc", Defect::DuplicateField),
    ("subject", Defect::DuplicateField),
    ("date", Defect::DuplicateField),
    ("message-id", Defect::DuplicateField),
    ("in-reply-to", Defect::DuplicateField),
    ("references", Defect::DuplicateField),
];
/// What no token may have (RFC 2045 section 5.1).
const TSPECIALS: &[u8] = b"()<>@,;:\\\"/[]?=";
/// Parameters of Content-Type that decide what is shown, or whether it counts as protected.
const RULES: [&str; 10] = [
    "protocol",
    "smime-type",
    "hp",
    "hp-legacy-display",
    "protected-headers",
    "forwarded",
    "format",
    "delsp",
    "start",
    "type",
];
const ADDRESS_FIELDS: [&str; 6] = ["from", "sender", "reply-to", "to", "cc", "bcc"];

/// A part without children, from its header section.
pub(super) fn describe(section: Section, entity: Range<usize>, body: Range<usize>, in_digest: bool) -> Part {
    let Section { fields, mut defects, .. } = section;
    let named = |name: &'static str| fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name));
    defects.extend(UNIQUE.iter().filter(|(name, _)| named(name).nth(1).is_some()).map(|(_, defect)| *defect));
    let is_unterminated = |field: &Field| address::parse(&field.value).is_unterminated;
    if ADDRESS_FIELDS.iter().any(|name| named(name).any(is_unterminated)) {
        defects.push(Defect::UnterminatedAddress);
    }
    let first = |name| named(name).next().map(|field| params::parse(&field.value));
    let content = first("content-type");
    let disposition = first("content-disposition");
    let encoding = first("content-transfer-encoding");
    for value in [&content, &disposition, &encoding].into_iter().flatten() {
        value_defects(value, &mut defects);
    }
    if encoding.as_ref().is_some_and(|value| value.has_more) {
        defects.push(Defect::DecoratedValue);
    }
    if content.as_ref().is_some_and(has_doubtful_rule) {
        defects.push(Defect::DuplicateRule);
    }
    if content.as_ref().is_some_and(|value| !value.value.is_empty() && !is_media_type(&value.value)) {
        defects.push(Defect::BadContentType);
    }
    let name = disposition
        .as_ref()
        .and_then(|value| value.shown("filename"))
        .or_else(|| content.as_ref().and_then(|value| value.shown("name")))
        .and_then(|name| name::shown(&name));
    let (content_type, parameters) = content.map(|value| (value.value, value.parameters)).unwrap_or_default();
    let content_type = if is_media_type(&content_type) {
        content_type
    } else if in_digest && content_type.is_empty() {
        "message/rfc822".to_owned()
    } else {
        // RFC 2045 section 5.2.
        "text/plain".to_owned()
    };
    let word = |value: Option<Value>| value.map(|value| value.value).filter(|value| !value.is_empty());
    Part {
        path: String::new(),
        content_type,
        parameters,
        disposition: word(disposition),
        name,
        encoding: word(encoding).unwrap_or_else(|| "7bit".to_owned()),
        entity,
        body,
        children: Vec::new(),
        headers: Headers::read(&fields),
        fields: fields.into_iter().map(|field| (field.name, field.value)).collect(),
        defects,
    }
}

impl Part {
    /// The names, in lower case, of header fields that stand twice and may stand once (RFC 5322 section 3.6); those of MIME have
    /// defects of their own.
    pub fn duplicate_fields(&self) -> Vec<&'static str> {
        let count =
            |name: &str| self.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)).count();
        let of_mail = UNIQUE.iter().filter(|(_, defect)| *defect == Defect::DuplicateField);
        of_mail.map(|(name, _)| *name).filter(|name| count(name) > 1).collect()
    }
}

fn value_defects(value: &Value, defects: &mut Vec<Defect>) {
    if value.is_unterminated {
        defects.push(Defect::UnterminatedParameter);
    }
    if value.has_bad_boundary {
        defects.push(Defect::BadBoundary);
    }
    if value.has_comment {
        defects.push(Defect::DecoratedValue);
    }
    let twice = value.in_two_forms.iter().filter(|name| matches!(name.as_str(), "boundary" | "charset"));
    defects.extend(value.repeated.iter().chain(twice).map(|name| match name.as_str() {
        "boundary" => Defect::DuplicateBoundary,
        "charset" => Defect::DuplicateCharset,
        name if RULES.contains(&name) => Defect::DuplicateRule,
        _ => Defect::DuplicateParameter,
    }));
}

fn is_media_type(value: &str) -> bool {
    let is_token_octet = |octet: u8| octet.is_ascii_graphic() && !TSPECIALS.contains(&octet);
    let token = |text: &str| !text.is_empty() && text.bytes().all(is_token_octet);
    value.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// A rule stands in a form in which few programs find it.
fn has_doubtful_rule(content: &Value) -> bool {
    content.extended.iter().any(|name| RULES.contains(&name.as_str()))
}
