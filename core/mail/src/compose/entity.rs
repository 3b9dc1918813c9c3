//! The MIME tree of a draft.

use super::encode::{base64_lines, media_type, parameter, parameter_fallback, quoted_printable, write_field};
use super::{Attachment, BoundarySource, ComposeError, Draft, html};

/// An entity that is ready but for the parameters and fields of its header section.
pub(crate) struct Entity {
    /// Value of Content-Type; parameters may be appended.
    pub content_type: String,
    /// The other Content-* fields.
    pub fields: Vec<(&'static str, String)>,
    /// The encoded body.
    pub body: Vec<u8>,
}

impl Entity {
    /// Ends a header section with the structural fields, and writes the body.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_field(out, "Content-Type", &self.content_type);
        for (name, value) in &self.fields {
            write_field(out, name, value);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
    }
}

/// The body of a draft: text, its HTML alternative, attachments. `display` is the Legacy Display Element, lines that
/// each end with LF (RFC 9788 section 5.2.2).
pub(crate) fn body(
    draft: &Draft,
    display: Option<&str>,
    boundaries: BoundarySource<'_>,
) -> Result<Entity, ComposeError> {
    let plain = match display {
        Some(lines) => text("plain", &format!("{lines}\n{}", draft.text), true),
        None => text("plain", &draft.text, false),
    };
    let main = match (&draft.html, display) {
        (None, _) => plain,
        (Some(source), None) => {
            multipart("alternative", vec![plain, text("html", source, false)], boundaries)
        }
        (Some(source), Some(lines)) => {
            let shown = text("html", &html::with_legacy_display(source, lines), true);
            multipart("alternative", vec![plain, shown], boundaries)
        }
    };
    if draft.attachments.is_empty() {
        return Ok(main);
    }
    let mut children = vec![main];
    for attached in &draft.attachments {
        children.push(attachment(attached)?);
    }
    Ok(multipart("mixed", children, boundaries))
}

fn text(subtype: &str, content: &str, legacy_display: bool) -> Entity {
    let canonical = canonical_text(content);
    let mut content_type = format!("text/{subtype}; charset=utf-8");
    if legacy_display {
        content_type.push_str("; hp-legacy-display=\"1\"");
    }
    let (encoding, body) = encode_text(&canonical);
    Entity { content_type, fields: vec![("Content-Transfer-Encoding", encoding.to_owned())], body }
}

/// CRLF for every CRLF, LF and CR (RFC 2046 section 4.1.1).
fn canonical_text(content: &str) -> String {
    content.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// 7bit when no relay could touch it, else the shorter of quoted-printable and base64.
fn encode_text(canonical: &str) -> (&'static str, Vec<u8>) {
    let clean = canonical.split("\r\n").all(|line| {
        line.len() <= 76
            && line.bytes().all(|b| b == b'\t' || (0x20..0x7f).contains(&b))
            && !line.ends_with([' ', '\t'])
            && !line.starts_with("From ")
            && !line.starts_with('.')
    });
    if clean {
        return ("7bit", canonical.as_bytes().to_vec());
    }
    let printable = quoted_printable(canonical);
    if printable.len() <= canonical.len().div_ceil(57) * 78 {
        return ("quoted-printable", printable);
    }
    let mut base64 = Vec::new();
    base64_lines(&mut base64, canonical.as_bytes());
    ("base64", base64)
}

fn attachment(attached: &Attachment) -> Result<Entity, ComposeError> {
    let requested = media_type(&attached.content_type)?;
    // RFC 2046 sections 5.1 and 5.2.1: composite types are never base64.
    let composite = requested.starts_with("multipart/") || requested.starts_with("message/");
    let literal = requested == "message/rfc822" && is_seven_bit(&attached.bytes);
    let mut content_type =
        if composite && !literal { String::from("application/octet-stream") } else { requested };
    let mut disposition = String::from(if attached.inline { "inline" } else { "attachment" });
    if let Some(name) = &attached.name {
        parameter_fallback(&mut content_type, "name", name)?;
        parameter(&mut disposition, "filename", name)?;
    }
    let encoding = if literal { "7bit" } else { "base64" };
    let mut body = Vec::new();
    if literal {
        body.extend_from_slice(&attached.bytes);
    } else {
        base64_lines(&mut body, &attached.bytes);
    }
    let fields =
        vec![("Content-Transfer-Encoding", encoding.to_owned()), ("Content-Disposition", disposition)];
    Ok(Entity { content_type, fields, body })
}

/// CRLF line ends only, no NUL, no 8-bit octets, lines of at most 998 octets (RFC 2045 section 2.7).
fn is_seven_bit(octets: &[u8]) -> bool {
    let mut column = 0;
    let mut previous = 0;
    for &byte in octets {
        let bare = (previous == b'\r') != (byte == b'\n');
        if bare || byte == 0 || !byte.is_ascii() || column > 998 {
            return false;
        }
        column = if byte == b'\n' { 0 } else { column + 1 };
        previous = byte;
    }
    previous != b'\r'
}

/// A multipart whose boundary can occur in no base64 or quoted-printable body (`=_`, RFC 2045 section 6.7).
fn multipart(subtype: &str, children: Vec<Entity>, boundaries: BoundarySource<'_>) -> Entity {
    let boundary = boundary(boundaries);
    let mut body = Vec::new();
    for child in &children {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        child.write(&mut body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Entity { content_type: format!("multipart/{subtype}; boundary=\"{boundary}\""), fields: Vec::new(), body }
}

pub(crate) fn boundary(boundaries: BoundarySource<'_>) -> String {
    format!("=_{}", data_encoding::HEXLOWER.encode(&boundaries()))
}
