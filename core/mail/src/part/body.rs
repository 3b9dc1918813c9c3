//! What of a message is shown as its text, and what is attached.

use super::{Message, Part, html};

impl Message {
    /// The first text/plain body part to be shown (not an attachment); of an HTML-only mail, text made from the HTML.
    /// In a payload that says `hp="cipher"`, a Legacy Display Element (RFC 9788 section 4.5.3) is stripped from a part that says
    /// `hp-legacy-display=1`. Elsewhere the parameter means nothing: it would hide what other programs show.
    pub fn body_text(&self) -> Option<String> {
        let shown = self.body_parts();
        let plain = shown.iter().find(|part| part.content_type != "text/html");
        if let Some(part) = plain {
            let text = self.text(part);
            return Some(if self.has_legacy_display(part) {
                without_leading_block(&text).to_owned()
            } else {
                text
            });
        }
        let part = shown.first()?;
        Some(html::to_text(&self.text(part), self.has_legacy_display(part)))
    }
    /// The main body parts (RFC 9787 section 7.1): one text, or the alternatives of one text. Never parts of an attached
    /// message.
    pub fn body_parts(&self) -> Vec<&Part> {
        let mut shown = Vec::new();
        main_body(&self.root, &mut shown);
        if shown.is_empty() {
            let skip = |part: &&&Part| part.is_text() && !part.is_attachment();
            shown.extend(self.own_leaves().iter().find(skip).copied());
        }
        shown
    }
    /// Parts that are attachments: every leaf with a file name, disposition attachment, or a type that is not shown,
    /// and attached messages as a whole. The signature of a multipart/signed is none.
    pub fn attachments(&self) -> Vec<&Part> {
        let shown = self.body_parts();
        let is_shown = |part: &Part| shown.iter().any(|other| std::ptr::eq(*other, part));
        let mut leaves = self.own_leaves();
        leaves.retain(|part| part.name.is_some() || part.is_attachment() || !is_shown(part));
        leaves
    }

    /// Leaves in order; a message/rfc822 counts as a leaf. Without signatures and draft-era legacy display parts.
    pub(super) fn own_leaves(&self) -> Vec<&Part> {
        let mut leaves = Vec::new();
        collect_leaves(&self.root, &mut leaves);
        leaves
    }

    pub(super) fn has_legacy_display(&self, part: &Part) -> bool {
        self.root.parameter("hp").is_some_and(|hp| hp.eq_ignore_ascii_case("cipher"))
            && part.parameter("hp-legacy-display") == Some("1")
    }
}

impl Part {
    fn is_attachment(&self) -> bool {
        self.disposition.as_deref() == Some("attachment")
    }

    /// Shown as text; also a multipart that turned out to have no parts.
    fn is_text(&self) -> bool {
        self.children.is_empty()
            && (matches!(self.content_type.as_str(), "text/plain" | "text/html")
                || self.content_type.starts_with("multipart/"))
    }

    /// A part that holds only a copy of header fields for old programs (draft-autocrypt-lamps-protected-headers).
    fn is_draft_legacy_display(&self, parent: &Part) -> bool {
        let marked = |part: &Part| part.parameter("protected-headers").is_some_and(|v| v.starts_with("v1"));
        parent.content_type == "multipart/mixed"
            && marked(parent)
            && marked(self)
            && matches!(self.content_type.as_str(), "text/plain" | "text/rfc822-headers")
    }

    fn is_signature_of(&self, parent: &Part) -> bool {
        parent.content_type == "multipart/signed"
            && matches!(
                self.content_type.as_str(),
                "application/pkcs7-signature" | "application/x-pkcs7-signature" | "application/pgp-signature"
            )
    }
}

fn collect_leaves<'a>(part: &'a Part, leaves: &mut Vec<&'a Part>) {
    if part.children.is_empty() || part.is_message() {
        leaves.push(part);
        return;
    }
    for child in &part.children {
        if !child.is_signature_of(part) && !child.is_draft_legacy_display(part) {
            collect_leaves(child, leaves);
        }
    }
}

/// Descends into the first child, or into every child of an alternative.
fn main_body<'a>(part: &'a Part, shown: &mut Vec<&'a Part>) {
    if part.is_attachment() || part.is_message() {
        return;
    }
    if part.children.is_empty() {
        if part.is_text() {
            shown.push(part);
        }
    } else if part.content_type == "multipart/alternative" {
        part.children.iter().for_each(|child| main_body(child, shown));
    } else {
        let first = part.children.iter().find(|child| !child.is_draft_legacy_display(part));
        first.into_iter().for_each(|child| main_body(child, shown));
    }
}

/// The text behind the first entirely blank line (RFC 9788 section 4.5.3.2).
fn without_leading_block(text: &str) -> &str {
    match text.strip_prefix('\n') {
        Some(rest) => rest,
        None => text.split_once("\n\n").map_or("", |(_, rest)| rest),
    }
}
