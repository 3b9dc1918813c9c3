//! What a header section says of its part.

use std::ops::Range;

use super::section::Section;
use super::{Defect, Part, name};
use crate::headers::params::{self, Value};
use crate::headers::{Field, Headers, address};

/// Fields that may stand once (RFC 5322 section 3.6, RFC 2045, RFC 2183), and the defect when they don't.
const UNIQUE: [(&str, Defect); 13] = [
    ("content-type", Defect::DuplicateContentType),
    ("content-transfer-encoding", Defect::DuplicateTransferEncoding),
    ("content-disposition", Defect::DuplicateDisposition),
    ("mime-version", Defect::DuplicateMimeVersion),
    ("from", Defect::DuplicateField),
    ("sender", Defect::DuplicateField),
    ("reply-to", Defect::DuplicateField),
    ("to", Defect::DuplicateField),
    ("cc", Defect::DuplicateField),
    ("subject", Defect::DuplicateField),
    ("date", Defect::DuplicateField),
    ("message-id", Defect::DuplicateField),
    ("references", Defect::DuplicateField),
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

fn value_defects(value: &Value, defects: &mut Vec<Defect>) {
    if value.is_unterminated {
        defects.push(Defect::UnterminatedParameter);
    }
    if value.has_bad_boundary {
        defects.push(Defect::BadBoundary);
    }
    let twice = value.in_two_forms.iter().filter(|name| matches!(name.as_str(), "boundary" | "charset"));
    defects.extend(value.repeated.iter().chain(twice).map(|name| match name.as_str() {
        "boundary" => Defect::DuplicateBoundary,
        "charset" => Defect::DuplicateCharset,
        _ => Defect::DuplicateParameter,
    }));
}

fn is_media_type(value: &str) -> bool {
    let token = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
    value.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}
