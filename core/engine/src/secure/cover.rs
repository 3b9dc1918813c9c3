//! Whether a layer is all that an entity holds. What CBC decrypts to has integrity only where a signature covers all of it:
//! text beside the signature is what somebody may have moved there (EFAIL; Poddebniak et al. 2018).

use mail::part::{Message, Part};

/// Texts that programs put in front of the first part: OpenSSL, Thunderbird, Outlook. Whoever moves stolen text can't make
/// it one of these.
const PREAMBLES: [&[u8]; 3] = [
    b"This is an S/MIME signed message",
    b"This is a cryptographically signed message in MIME format.",
    b"This is a multi-part message in MIME format.",
];

/// A name that [`mail::protect::pad_entity`] gives, and what it fills.
const PADDING: (&str, char) = ("x-padding", 'x');

/// Nothing stands in the entity but an application/pkcs7-mime.
pub(super) fn is_only_opaque(message: &Message) -> bool {
    let root = message.root();
    has_only_mime_fields(root) && is_only_object(message, root)
}

/// Nothing stands in the entity but the two parts of a multipart/signed.
pub(super) fn is_only_clear(message: &Message, content: &Part, signature: &Part) -> bool {
    let (root, raw) = (message.root(), message.raw());
    let Some(boundary) = root.parameter("boundary") else { return false };
    let between = |start: usize, end: usize| raw.get(start..end).map(<[u8]>::trim_ascii);
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let closing = [delimiter.as_slice(), b"--"].concat();
    let front = between(root.body.start, content.entity.start);
    let is_front = |front: &[u8]| {
        let preamble = front.strip_suffix(delimiter.as_slice()).map(<[u8]>::trim_ascii);
        preamble.is_some_and(|text| text.is_empty() || PREAMBLES.contains(&text))
    };
    has_only_mime_fields(root)
        && has_only_mime_fields(signature)
        && is_only_object(message, signature)
        && front.is_some_and(is_front)
        && between(content.entity.end, signature.entity.start) == Some(delimiter.as_slice())
        && between(signature.entity.end, raw.len()) == Some(closing.as_slice())
}

/// The fields of RFC 2045 section 9, and padding.
fn has_only_mime_fields(part: &Part) -> bool {
    part.fields.iter().all(|(name, value)| {
        let name = name.to_ascii_lowercase();
        let is_padding = name == PADDING.0 && value.trim().chars().all(|c| c == PADDING.1);
        name == "mime-version" || name.starts_with("content-") || is_padding
    })
}

/// The body is one CMS object: the readers of CMS allow nothing behind it, and base64 nothing around it.
fn is_only_object(message: &Message, part: &Part) -> bool {
    let body = message.raw().get(part.body.clone()).unwrap_or_default();
    match part.encoding.as_str() {
        "binary" | "8bit" | "7bit" => true,
        "base64" => is_only_base64(body),
        _ => false,
    }
}

fn is_only_base64(body: &[u8]) -> bool {
    let mut octets = body.iter().filter(|octet| !octet.is_ascii_whitespace());
    let is_digit = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let end = octets.find(|octet| !is_digit(octet));
    end.is_none_or(|octet| *octet == b'=') && octets.all(|octet| *octet == b'=')
}
