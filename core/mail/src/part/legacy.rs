//! Legacy Display Elements: copies of protected fields for programs that do not know header protection (RFC 9788 section
//! 4.5.3, and draft-autocrypt-lamps-protected-headers before it). They are left out where the fields are shown.
//!
//! A reader who leaves out what a signer wrote hides it from one reader and shows it to another. So only a copy is left out:
//! a block that says nothing but what the protected fields say, as they are shown.

use std::collections::BTreeMap;

use super::{Message, Part};
use crate::headers::{Headers, Mailbox, address};

/// The fields that a reader is shown: a copy of any other would hide what it says.
const SHOWN: [&str; 7] = ["subject", "from", "sender", "reply-to", "to", "cc", "date"];

/// Longest element that is looked at, in octets.
pub(super) const MAX_OCTETS: usize = 16 * 1024;

/// The names, in lower case, of the protected fields that a block repeats, when it is a copy of them and nothing else:
/// `Name: value`, one a line, a long one folded.
pub(super) fn repeated(headers: &Headers, block: &str) -> Option<Vec<&'static str>> {
    if block.len() > MAX_OCTETS {
        return None;
    }
    let mut fields: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut last = None;
    for line in block.lines().filter(|line| !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            let value = last.and_then(|name| fields.get_mut(name))?;
            value.push(' ');
            value.push_str(line);
            continue;
        }
        let (name, value) = line.split_once(':')?;
        let name = SHOWN.into_iter().find(|shown| name.trim().eq_ignore_ascii_case(shown))?;
        if fields.insert(name, value.to_owned()).is_some() {
            return None;
        }
        last = Some(name);
    }
    let is_copy = !fields.is_empty() && fields.iter().all(|(name, value)| is_shown(headers, name, value));
    is_copy.then(|| fields.into_keys().collect())
}

/// The value is what a reader is shown of the field.
fn is_shown(headers: &Headers, name: &str, value: &str) -> bool {
    match name {
        "subject" => normal(value) == normal(headers.subject.as_deref().unwrap_or_default()),
        "from" => is_list(&headers.from, value),
        "sender" => headers.sender.as_ref().is_some_and(|one| is_list(std::slice::from_ref(one), value)),
        "reply-to" => is_list(&headers.reply_to, value),
        "to" => is_list(&headers.to, value),
        "cc" => is_list(&headers.cc, value),
        "date" => headers.date.is_some_and(|date| is_date(date, value)),
        _ => false,
    }
}

/// The list and nothing beside it: a comment or the name of a group would not be shown.
fn is_list(shown: &[Mailbox], value: &str) -> bool {
    let read = address::parse(value).mailboxes;
    let is_same = |(one, other): (&Mailbox, &Mailbox)| {
        one.address == other.address
            && normal(one.name.as_deref().unwrap_or_default())
                == normal(other.name.as_deref().unwrap_or_default())
    };
    let plain = |text: &str| normal(&text.replace(['"', '\\'], ""));
    let written: Vec<String> = read
        .iter()
        .map(|mailbox| match &mailbox.name {
            Some(name) => format!("{name} <{}>", mailbox.address),
            None => mailbox.address.clone(),
        })
        .collect();
    let bare = |text: String| text.replace(['<', '>', ' '], "");
    read.len() == shown.len()
        && read.iter().zip(shown).all(is_same)
        && bare(plain(&written.join(","))) == bare(plain(value))
}

/// The date, as the standard writes it, and no comment behind it.
fn is_date(shown: i64, value: &str) -> bool {
    let Some(date) = mail_parser::DateTime::parse_rfc822(value) else { return false };
    let value = normal(value);
    let (day, rest) = value.split_once(", ").unwrap_or(("", &value));
    let written = date.to_rfc822();
    let (_, written) = written.split_once(", ").unwrap_or_default();
    let is_day = day.len() <= 3 && day.chars().all(|c| c.is_ascii_alphabetic());
    date.to_timestamp() == shown && is_day && rest.trim_start_matches('0') == written
}

/// As it is shown: no control characters, single spaces.
fn normal(value: &str) -> String {
    let shown: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shown.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

impl Message {
    /// Says that the message came out of an encryption layer, which nothing in it can tell. Only there a Legacy Display
    /// Element may stand (RFC 9788 section 4.5.3): elsewhere it is text.
    pub fn mark_decrypted(&mut self) {
        self.is_decrypted = true;
    }

    /// The names, in lower case, of the fields whose copy [`body_text`](Self::body_text) leaves out at the beginning of a
    /// text part. Empty where nothing is left out.
    pub fn legacy_display(&self, part: &Part) -> Vec<&'static str> {
        let text = self.text(part);
        self.split_display(part, &text).map(|(names, _)| names).unwrap_or_default()
    }

    /// The text without its Legacy Display Element, which ends at the first entirely blank line (RFC 9788 section 4.5.3.2).
    pub(super) fn without_display(&self, part: &Part, text: String) -> String {
        match self.split_display(part, &text) {
            Some((_, rest)) => rest.to_owned(),
            None => text,
        }
    }

    fn split_display<'a>(&self, part: &Part, text: &'a str) -> Option<(Vec<&'static str>, &'a str)> {
        let headers = self.displayed(part).filter(|_| part.content_type != "text/html")?;
        let (block, rest) = text.split_once("\n\n")?;
        Some((repeated(headers, block)?, rest))
    }

    /// The protected fields, a copy of which is left out of a part that says it has one.
    pub(super) fn displayed(&self, part: &Part) -> Option<&Headers> {
        let is_cipher = self.root.parameter("hp").is_some_and(|hp| hp.eq_ignore_ascii_case("cipher"));
        let has_display = part.parameter("hp-legacy-display") == Some("1");
        (self.is_decrypted && is_cipher && has_display).then_some(&self.root.headers)
    }

    /// A part that is nothing but a copy of header fields, as the draft had it: beside the body, at the root of the payload.
    pub(super) fn is_display_part(&self, part: &Part, parent: &Part) -> bool {
        let is_marked = |part: &Part| {
            part.parameter("protected-headers").is_some_and(|version| version.starts_with("v1"))
        };
        std::ptr::eq(parent, &self.root)
            && parent.content_type == "multipart/mixed"
            && is_marked(parent)
            && is_marked(part)
            && matches!(part.content_type.as_str(), "text/plain" | "text/rfc822-headers")
            && repeated(&self.root.headers, &self.text(part)).is_some()
    }
}
