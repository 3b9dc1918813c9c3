//! What is shown of a message with header protection.

use std::collections::BTreeSet;

use crate::headers::{Field, Headers, Mailbox};
use crate::part::{Message, Part};

/// What a reader shows as header fields.
#[derive(Clone, Debug)]
pub struct HeaderView {
    /// The fields to show: protected ones where there is header protection, else the outer ones. Under the two older schemes
    /// From, Date and Message-ID that are missing inside are those outside, which nothing protects: then they are among
    /// `outer_differs`.
    pub headers: Headers,
    /// The payload carried header protection (`hp=` at the cryptographic payload's root).
    pub protected: bool,
    /// Names (lower case) of fields that were shown but differ outside, in a way HP-Outer does not announce, plus
    /// those hidden outside (`subject`).
    pub outer_differs: Vec<String>,
    /// Names of those whose outer value is not the one that the sender put there: somebody changed it on the way. Under the
    /// older schemes, which do not say what the sender put there, any that differs or is missing inside.
    pub outer_changed: Vec<String>,
    /// Names of fields that were kept from the servers (confidential): replies must hide them too.
    pub confidential: Vec<String>,
}

/// Fields that a reader shows or acts on, and that are compared.
const SHOWN: [&str; 10] =
    ["subject", "from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "references"];

/// How the fields of a payload are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    /// `hp="clear"`, or an older scheme, none of which says what stands outside.
    Clear,
    /// `hp="cipher"`: HP-Outer says what stands outside.
    Cipher,
}

impl HeaderView {
    /// Of a message without a signature or encryption that counts: whatever its parts say of themselves, nothing protects
    /// its fields.
    pub fn unprotected(outer: &Message) -> Self {
        HeaderView {
            headers: outer.root().headers.clone(),
            protected: false,
            outer_differs: Vec::new(),
            outer_changed: Vec::new(),
            confidential: Vec::new(),
        }
    }
}

/// Joins the outer message's fields with those of the cryptographic payload (RFC 9788 section 4). `encrypted`: the
/// payload came out of an encryption layer. `hp="clear"` inside an encrypted mail hides nothing. The caller decides
/// whether the inner From may be believed.
///
/// Only the root of `payload` counts; the caller passes the cryptographic payload, never a part inside it. Two older
/// schemes are read: `protected-headers="v1"` (draft-autocrypt-lamps-protected-headers) and, through [`unwrapped`], a
/// message in a message (RFC 8551 section 3.1). They say nothing of what stood outside: every difference is taken for
/// somebody's change, but for a hidden subject, which is recognised by what programs put in its place.
///
/// Whether a list distributed the mail is read outside too: lists add their fields on the way (RFC 9788 section 7.1).
pub fn view(outer: &Message, payload: &Message, encrypted: bool) -> HeaderView {
    let seen = &outer.root().headers;
    let root = payload.root();
    let Some((scheme, is_old)) = scheme(payload) else { return HeaderView::unprotected(outer) };
    let inner = &root.headers;
    let confidential = match (encrypted, scheme, is_old) {
        (true, Scheme::Cipher, _) => confidential(root),
        (true, Scheme::Clear, true) if is_hidden(seen, inner) => vec!["subject".to_owned()],
        _ => Vec::new(),
    };
    let mut outer_differs = differences(inner, seen);
    outer_differs.extend(confidential.iter().filter(|name| SHOWN.contains(&name.as_str())).cloned());
    outer_differs.sort_unstable();
    outer_differs.dedup();
    let mut outer_changed = match scheme {
        Scheme::Cipher => differences(&announced(root), seen),
        Scheme::Clear => differences(inner, seen),
    };
    if is_old {
        outer_changed.retain(|name| !confidential.contains(name));
    }
    let mut headers = inner.clone();
    if is_old {
        fill_missing(&mut headers, seen);
    }
    headers.from_list |= seen.from_list;
    HeaderView { headers, protected: true, outer_differs, outer_changed, confidential }
}

/// The scheme that the root of a payload names; whether it is an older one.
fn scheme(payload: &Message) -> Option<(Scheme, bool)> {
    if payload.is_unwrapped() {
        // Whatever it says of itself, it is not the root.
        return Some((Scheme::Clear, true));
    }
    let root = payload.root();
    if let Some(hp) = root.parameter("hp") {
        return match hp.to_ascii_lowercase().as_str() {
            "cipher" => Some((Scheme::Cipher, false)),
            "clear" => Some((Scheme::Clear, false)),
            _ => None,
        };
    }
    let is_draft = root.parameter("protected-headers").is_some_and(|version| version.starts_with("v1"));
    is_draft.then_some((Scheme::Clear, true))
}

/// The older schemes protect only the fields that they repeat inside: who wrote and when is read outside where it is missing,
/// and named in `outer_differs` and `outer_changed`. Nothing else is: a subject that somebody put outside would be shown as if
/// it were protected, and recipients or Reply-To would get the answer.
fn fill_missing(headers: &mut Headers, seen: &Headers) {
    if headers.from_fields == 0 {
        headers.from = seen.from.clone();
        headers.from_fields = seen.from_fields;
        headers.from_ambiguous |= seen.from_ambiguous;
    }
    headers.date = headers.date.or(seen.date);
    if headers.message_id.is_none() {
        headers.message_id.clone_from(&seen.message_id);
    }
}

/// The outer subject is one that programs put in the place of a hidden one.
fn is_hidden(seen: &Headers, protected: &Headers) -> bool {
    const PLACEHOLDERS: [&str; 4] = ["...", "[...]", "Encrypted Message", "Encrypted message"];
    let outside = seen.subject.as_deref().map(str::trim).unwrap_or_default();
    protected.subject.as_deref().map(normal) != seen.subject.as_deref().map(normal)
        && (outside.is_empty() || PLACEHOLDERS.contains(&outside))
}

/// The message inside a payload that is nothing but a message, wrapped to protect its fields (RFC 8551 section 3.1); any
/// other payload as it is.
///
/// Only `forwarded=no` tells such a wrapping from a message that somebody forwards: without it (and it must stand inside
/// the signature) a wrapped message is an attachment. Comparing its fields with the outer ones would let whoever writes
/// the outer ones choose.
pub fn unwrapped(payload: Message) -> Message {
    let root = payload.root();
    let is_wrapping = root.parameter("forwarded").is_some_and(|value| value.eq_ignore_ascii_case("no"));
    let [inner] = root.children.as_slice() else { return payload };
    if !root.is_message() || !is_wrapping {
        return payload;
    }
    match Message::parse(payload.entity(inner)) {
        Ok(mut message) => {
            message.mark_unwrapped();
            message
        }
        Err(_) => payload,
    }
}

/// HeaderFieldProtection (RFC 9788 section 4.3.1) for every protected field: confidential is what HP-Outer does not name
/// with the same value.
fn confidential(root: &Part) -> Vec<String> {
    let outer: BTreeSet<(String, String)> = hp_outer(root).collect();
    let mut names = BTreeSet::new();
    for (name, value) in &root.fields {
        let name = name.to_ascii_lowercase();
        let structural = name.starts_with("content-") || name == "mime-version" || name == "hp-outer";
        let field = (name, normal(value));
        if !structural && !outer.contains(&field) {
            names.insert(field.0);
        }
    }
    names.into_iter().collect()
}

/// The fields that the sender says it put outside: names in lower case, values without folding.
fn hp_outer(root: &Part) -> impl Iterator<Item = (String, String)> {
    root.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("hp-outer")).filter_map(|(_, record)| {
        let (name, value) = record.split_once(':')?;
        Some((name.trim().to_ascii_lowercase(), normal(value)))
    })
}

/// The outer fields as the sender announced them.
fn announced(root: &Part) -> Headers {
    let fields: Vec<Field> = hp_outer(root).map(|(name, value)| Field { name, value, odd: false }).collect();
    Headers::read(&fields)
}

/// Names of the shown fields in which two header sections differ, after decoding.
fn differences(inner: &Headers, outer: &Headers) -> Vec<String> {
    let sender = |headers: &Headers| headers.sender.iter().cloned().collect::<Vec<_>>();
    let equal = [
        inner.subject.as_deref().map(normal) == outer.subject.as_deref().map(normal),
        inner.from_fields == outer.from_fields && same_mailboxes(&inner.from, &outer.from),
        same_mailboxes(&sender(inner), &sender(outer)),
        same_mailboxes(&inner.reply_to, &outer.reply_to),
        same_mailboxes(&inner.to, &outer.to),
        same_mailboxes(&inner.cc, &outer.cc),
        inner.date == outer.date,
        inner.message_id == outer.message_id,
        inner.in_reply_to == outer.in_reply_to,
        inner.references == outer.references,
    ];
    let mut names: Vec<String> =
        SHOWN.iter().zip(equal).filter(|(_, equal)| !equal).map(|(name, _)| (*name).to_owned()).collect();
    names.sort_unstable();
    names
}

fn same_mailboxes(a: &[Mailbox], b: &[Mailbox]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| same_name(a, b) && same_address(&a.address, &b.address))
}

fn same_name(a: &Mailbox, b: &Mailbox) -> bool {
    a.name.as_deref().map(normal) == b.name.as_deref().map(normal)
}

/// Domains are compared without case, local parts exactly: this only tells whether a field was changed.
fn same_address(a: &str, b: &str) -> bool {
    match (a.rsplit_once('@'), b.rsplit_once('@')) {
        (Some((local_a, domain_a)), Some((local_b, domain_b))) => {
            local_a == local_b && domain_a.eq_ignore_ascii_case(domain_b)
        }
        _ => a == b,
    }
}

/// Runs of white space become one space: relays fold anew.
fn normal(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}
