//! What is shown of a message with header protection.

use std::collections::BTreeSet;

use crate::headers::{Field, Headers, Mailbox};
use crate::part::{Message, Part};

/// What a reader shows as header fields.
#[derive(Clone, Debug)]
pub struct HeaderView {
    /// The fields to show: protected ones where there is header protection, else the outer ones.
    pub headers: Headers,
    /// The payload carried header protection (`hp=` at the cryptographic payload's root).
    pub protected: bool,
    /// Names (lower case) of fields that were shown but differ outside, in a way HP-Outer does not announce, plus
    /// those hidden outside (`subject`).
    pub outer_differs: Vec<String>,
    /// Names of those whose outer value is not the one that the sender put there: somebody changed it on the way.
    pub outer_changed: Vec<String>,
    /// Names of fields that were kept from the servers (confidential): replies must hide them too.
    pub confidential: Vec<String>,
}

/// Fields that a reader shows or acts on, and that are compared.
const SHOWN: [&str; 10] =
    ["subject", "from", "sender", "reply-to", "to", "cc", "date", "message-id", "in-reply-to", "references"];

/// Joins the outer message's fields with those of the cryptographic payload (RFC 9788 section 4). `encrypted`: the
/// payload came out of an encryption layer. `hp="clear"` inside an encrypted mail hides nothing. The caller decides
/// whether the inner From may be believed.
///
/// Only `hp` at the root of `payload` counts; the caller passes the cryptographic payload, never a part inside it. Whether
/// a list distributed the mail is read outside too: lists add their fields on the way (RFC 9788 section 7.1).
pub fn view(outer: &Message, payload: &Message, encrypted: bool) -> HeaderView {
    let seen = &outer.root().headers;
    let root = payload.root();
    let Some(hp) =
        root.parameter("hp").map(str::to_ascii_lowercase).filter(|hp| hp == "clear" || hp == "cipher")
    else {
        return HeaderView {
            headers: seen.clone(),
            protected: false,
            outer_differs: Vec::new(),
            outer_changed: Vec::new(),
            confidential: Vec::new(),
        };
    };
    let confidential = if encrypted && hp == "cipher" { confidential(root) } else { Vec::new() };
    let mut outer_differs = differences(&root.headers, seen);
    outer_differs.extend(confidential.iter().filter(|name| SHOWN.contains(&name.as_str())).cloned());
    outer_differs.sort_unstable();
    outer_differs.dedup();
    let outer_changed = match hp.as_str() {
        "cipher" => differences(&announced(root), seen),
        _ => differences(&root.headers, seen),
    };
    let headers = Headers { from_list: root.headers.from_list || seen.from_list, ..root.headers.clone() };
    HeaderView { headers, protected: true, outer_differs, outer_changed, confidential }
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
