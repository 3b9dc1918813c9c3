//! The BER reader.

use smime::ber::{Element, Reader, write};

use crate::lies_in;

/// Every element lies in the input; what DER accepts is written again as it was.
pub fn ber(octets: &[u8]) {
    let mut reader = Reader::new(octets);
    while let Ok(element) = reader.any() {
        walk(&element, octets);
    }
    assert!(lies_in(reader.rest(), octets));
    let mut reader = Reader::der(octets);
    while let Ok(element) = reader.any() {
        if let Some(again) = rewritten(&element) {
            assert_eq!(again, element.raw(), "DER is not stable");
        }
    }
}

fn walk(element: &Element<'_>, input: &[u8]) {
    assert!(lies_in(element.raw(), input) && lies_in(element.content(), element.raw()));
    // Values are read as whatever they may be.
    let octets = element.octets();
    assert!(octets.is_ok_and(|octets| octets.len() <= element.content().len()) || element.octets().is_err());
    let _ =
        (element.bits().is_ok(), element.oid().is_ok(), element.small().is_ok(), element.boolean().is_ok());
    if let Ok(number) = element.integer() {
        assert!(lies_in(number, element.content()));
    }
    if let Ok(time) = element.time() {
        // RFC 3339 text of a time is read as the same time.
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    if let Ok(mut reader) = element.reader() {
        while let Ok(inner) = reader.any() {
            walk(&inner, input);
        }
    }
}

/// The element out of its parts; `None` when it has a tag of several octets or content that is no DER.
fn rewritten(element: &Element<'_>) -> Option<Vec<u8>> {
    let identifier = element.raw().first().copied().filter(|octet| octet & 0x1f != 0x1f)?;
    if !element.is_constructed() {
        return Some(write::tlv(identifier, element.content()));
    }
    let mut content = Vec::new();
    let mut reader = element.reader().ok()?;
    while !reader.is_empty() {
        content.extend(rewritten(&reader.any().ok()?)?);
    }
    Some(write::tlv(identifier, &content))
}
