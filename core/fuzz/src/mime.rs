//! The MIME tree and header protection.

use std::ops::Range;

use mail::part::{Message, Part, canonical_crlf};
use mail::protect::view;

/// Ranges lie in the message and in each other; reading takes no octet twice and invents none.
pub fn mime(octets: &[u8]) {
    let Ok(message) = Message::parse(octets) else { return };
    if let Some(report) = mail::report::delivery_report(&message) {
        assert!(!report.message_id.is_empty() && !report.recipients.is_empty());
        assert!(report.recipients.len() <= mail::report::MAX_RECIPIENTS);
    }
    assert_eq!(message.raw(), octets);
    walk(message.root(), 0..octets.len());
    for part in message.parts() {
        let decoded = message.decoded(part);
        assert!(decoded.len() <= part.body.len(), "a part grew when it was decoded");
        let mut written = Vec::new();
        assert!(message.write_decoded(part, &mut written).is_ok());
        assert_eq!(written, *decoded, "{}: written otherwise than decoded", part.encoding);
        let _ = message.text(part);
        if let Some(name) = &part.name {
            assert!(!name.contains(['/', '\\', '\0', '\n']), "a name that leaves its folder: {name:?}");
        }
    }
    let _ = (message.body_text(), message.body_parts().len(), message.attachments().len());
    let again = Message::parse(octets).map(|again| format!("{:?}", again.root()));
    assert_eq!(again.ok(), Some(format!("{:?}", message.root())), "read twice, read otherwise");
    let canonical = canonical_crlf(octets);
    assert_eq!(canonical_crlf(&canonical), canonical, "canonical lines are canonical");
}

fn walk(part: &Part, bounds: Range<usize>) {
    let is_inside = |inner: &Range<usize>, outer: &Range<usize>| {
        inner.start <= inner.end && outer.start <= inner.start && inner.end <= outer.end
    };
    assert!(is_inside(&part.entity, &bounds), "{:?} outside of {bounds:?}", part.entity);
    assert!(is_inside(&part.body, &part.entity), "{:?} outside of {:?}", part.body, part.entity);
    let mut end = part.body.start;
    for child in &part.children {
        assert!(end <= child.entity.start, "parts overlap");
        end = child.entity.end;
        walk(child, part.body.clone());
    }
}

/// Outer fields never replace protected ones; what is hidden is named. Input: payload, a zero octet, outer message.
pub fn protect(octets: &[u8]) {
    let at = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let (payload, outer) = octets.split_at(at);
    let (Ok(payload), Ok(outer)) =
        (Message::parse(payload), Message::parse(outer.get(1..).unwrap_or_default()))
    else {
        return;
    };
    for encrypted in [false, true] {
        let view = view(&outer, &payload, encrypted);
        let inner = &payload.root().headers;
        if view.protected {
            assert_eq!(view.headers.subject, inner.subject, "an outer subject over a protected one");
            assert_eq!(view.headers.from, inner.from, "an outer From over a protected one");
        } else {
            assert_eq!(view.headers.subject, outer.root().headers.subject);
            assert!(view.confidential.is_empty());
        }
        assert!(encrypted || view.confidential.is_empty(), "nothing is hidden without encryption");
    }
}
