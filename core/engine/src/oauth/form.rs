//! `application/x-www-form-urlencoded`, as RFC 6749 appendix B uses it.

use zeroize::Zeroizing;

/// Most fields of a form that is read.
const MAX_FIELDS: usize = 64;

/// Names and values joined; everything but unreserved characters (RFC 3986 section 2.3) is escaped.
pub(super) fn encode(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        escape(name, &mut text);
        text.push('=');
        escape(value, &mut text);
    }
    text
}

fn escape(value: &str, text: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or('0');
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(octet));
        } else {
            text.push('%');
            text.push(digit(octet >> 4));
            text.push(digit(octet & 15));
        }
    }
}

/// Names and values; `None` for what is not such a form.
pub(super) fn decode(text: &str) -> Option<Vec<(String, Zeroizing<String>)>> {
    let parts: Vec<&str> = text.split('&').filter(|part| !part.is_empty()).collect();
    if parts.len() > MAX_FIELDS {
        return None;
    }
    let field = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((unescape(name)?, Zeroizing::new(unescape(value)?)))
    };
    parts.into_iter().map(field).collect()
}

/// The value of a name that stands there exactly once (RFC 6749 section 3.1).
pub(super) fn only<'a>(fields: &'a [(String, Zeroizing<String>)], name: &str) -> Option<&'a str> {
    let mut values = fields.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn unescape(text: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(octets).ok()
}
