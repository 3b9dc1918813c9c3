//! What of a message is shown as its text, and what is attached.

use super::{Message, Part, html};

impl Message {
    /// The first text/plain body part to be shown (not an attachment); of an HTML-only mail, text made from the HTML. Without
    /// Legacy Display Elements (RFC 9788 section 4.5.3), which repeat protected fields; see
    /// [`mark_decrypted`](Self::mark_decrypted).
    pub fn body_text(&self) -> Option<String> {
        let shown = self.body_parts();
        let plain = shown.iter().find(|part| part.content_type != "text/html");
        if let Some(part) = plain {
            return Some(self.without_display(part, self.text(part)));
        }
        let part = shown.first()?;
        Some(html::to_text(&self.text(part), self.displayed(part)))
    }
    /// The main body parts (RFC 9787 section 7.1): one text, or the alternatives of one text. Never parts of an attached
    /// message.
    pub fn body_parts(&self) -> Vec<&Part> {
        let mut shown = Vec::new();
        self.main_body(&self.root, &mut shown);
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
        self.collect_leaves(&self.root, &mut leaves);
        leaves
    }

    fn collect_leaves<'a>(&'a self, part: &'a Part, leaves: &mut Vec<&'a Part>) {
        if part.children.is_empty() || part.is_message() {
            leaves.push(part);
            return;
        }
        for child in &part.children {
            if !child.is_signature_of(part) && !self.is_display_part(child, part) {
                self.collect_leaves(child, leaves);
            }
        }
    }

    /// Descends into the first child, or into every child of an alternative.
    fn main_body<'a>(&'a self, part: &'a Part, shown: &mut Vec<&'a Part>) {
        if part.is_attachment() || part.is_message() {
            return;
        }
        if part.children.is_empty() {
            if part.is_text() {
                shown.push(part);
            }
        } else if part.content_type == "multipart/alternative" {
            part.children.iter().for_each(|child| self.main_body(child, shown));
        } else {
            let first = part.children.iter().find(|child| !self.is_display_part(child, part));
            first.into_iter().for_each(|child| self.main_body(child, shown));
        }
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

    fn is_signature_of(&self, parent: &Part) -> bool {
        parent.content_type == "multipart/signed"
            && (self.is_smime_signature() || self.content_type == "application/pgp-signature")
    }
}
