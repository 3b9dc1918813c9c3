//! The part tree of a received message, with exact octet ranges.

pub(crate) mod charset;
mod flowed;
mod html;
mod scan;
mod section;
pub(crate) mod transfer;
mod tree;

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;

use crate::headers::Headers;

pub use html::{Html, Link, Remote};
pub use tree::{Tree, tree};

/// Deepest nesting of multiparts and messages that is followed.
pub const MAX_DEPTH: usize = 32;
/// Most parts that are read of one message.
pub const MAX_PARTS: usize = 2000;
/// Longest header section of one part, in octets.
pub const MAX_HEADER_OCTETS: usize = 256 * 1024;

/// A message or MIME entity that was read. Borrows nothing: owns the received octets.
#[derive(Clone, Debug)]
pub struct Message {
    raw: Vec<u8>,
    root: Part,
}

/// A limit was exceeded; everything else reads as something, with defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More than the named limit.
    #[error("the message exceeds the limit of {0}")]
    Limit(&'static str),
}

/// What is wrong with a part. Stable codes (`countersign mime --json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// multipart without boundary parameter, or whose boundary never occurs.
    MissingBoundary,
    /// The closing boundary is missing.
    UnclosedMultipart,
    /// Content-Type, Content-Transfer-Encoding or another unique field occurs twice.
    DuplicateField,
    /// Unknown transfer encoding, or octets that it can't contain.
    BadEncoding,
    /// Unknown charset, or octets that are not in it.
    BadCharset,
    /// A header line that is no field.
    BadHeader,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
}

/// One node of the tree.
#[derive(Clone, Debug)]
pub struct Part {
    /// IMAP section number: `1`, `1.2`; the root of a multipart is empty, that of an attached multipart message `2.TEXT`.
    pub path: String,
    /// `type/subtype`, lower case; `text/plain` by default.
    pub content_type: String,
    /// Parameters of Content-Type, names in lower case, values decoded (RFC 2231).
    pub parameters: Vec<(String, String)>,
    /// Content-Disposition, lower case.
    pub disposition: Option<String>,
    /// File name: disposition's filename, else Content-Type's name; decoded, without path or control characters.
    pub name: Option<String>,
    /// Content-Transfer-Encoding, lower case; `7bit` by default.
    pub encoding: String,
    /// The whole entity: header section, empty line, body. For a part of a multipart: without the CRLF before the boundary.
    pub entity: Range<usize>,
    /// The body as received.
    pub body: Range<usize>,
    /// Children of a multipart, or the one message in a message/rfc822.
    pub children: Vec<Part>,
    /// Decoded fields of this part's header section.
    pub headers: Headers,
    /// All fields, in order: name as written, unfolded raw value.
    pub fields: Vec<(String, String)>,
    /// What is wrong with it.
    pub defects: Vec<Defect>,
}

impl Message {
    /// Reads a message. Never fails for being odd; only for exceeding a limit.
    pub fn parse(raw: &[u8]) -> Result<Self, ReadError> {
        Ok(Self { raw: raw.to_vec(), root: scan::root(raw)? })
    }
    /// Adds a parameter that no mail can have to the root's.
    pub(crate) fn mark(&mut self, name: &str) {
        self.root.parameters.push((name.to_owned(), String::new()));
    }
    /// The received octets.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
    /// The root part; its headers are the message's.
    pub fn root(&self) -> &Part {
        &self.root
    }
    /// All parts, depth first.
    pub fn parts(&self) -> Vec<&Part> {
        let mut parts = Vec::new();
        collect(&self.root, &mut parts);
        parts
    }
    /// The octets of a part's whole entity, as received.
    pub fn entity(&self, part: &Part) -> &[u8] {
        self.raw.get(part.entity.clone()).unwrap_or_default()
    }
    /// The body octets after transfer decoding.
    pub fn decoded<'a>(&'a self, part: &Part) -> Cow<'a, [u8]> {
        decode(self.raw.get(part.body.clone()).unwrap_or_default(), &part.encoding).0
    }
    /// The body as text: transfer decoding, charset, format=flowed undone, CRLF turned into LF. May hold control characters.
    pub fn text(&self, part: &Part) -> String {
        let (text, _) = charset::decode(&self.decoded(part), part.parameter("charset"));
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let is =
            |name: &str, value: &str| part.parameter(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
        if part.content_type == "text/plain" && is("format", "flowed") {
            flowed::unwrap(&text, is("delsp", "yes"))
        } else {
            text
        }
    }
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
    fn own_leaves(&self) -> Vec<&Part> {
        let mut leaves = Vec::new();
        collect_leaves(&self.root, &mut leaves);
        leaves
    }

    fn has_legacy_display(&self, part: &Part) -> bool {
        self.root.parameter("hp").is_some_and(|hp| hp.eq_ignore_ascii_case("cipher"))
            && part.parameter("hp-legacy-display") == Some("1")
    }
}

impl Part {
    /// A Content-Type parameter, by lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn is_attachment(&self) -> bool {
        self.disposition.as_deref() == Some("attachment")
    }

    fn is_message(&self) -> bool {
        matches!(self.content_type.as_str(), "message/rfc822" | "message/global" | "message/news")
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

fn collect<'a>(part: &'a Part, parts: &mut Vec<&'a Part>) {
    parts.push(part);
    for child in &part.children {
        collect(child, parts);
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

/// Undoes a transfer encoding. The flag tells that the octets did not fit it.
fn decode<'a>(body: &'a [u8], encoding: &str) -> (Cow<'a, [u8]>, bool) {
    let (decoded, bad) = match encoding {
        "base64" => transfer::base64(body),
        "quoted-printable" => transfer::quoted_printable(body),
        "x-uuencode" | "uuencode" | "x-uue" | "uue" => match transfer::uudecode(body) {
            Some(file) => file,
            None => return (Cow::Borrowed(body), true),
        },
        "7bit" => return (Cow::Borrowed(body), !body.is_ascii()),
        "8bit" | "binary" => return (Cow::Borrowed(body), false),
        _ => return (Cow::Borrowed(body), true),
    };
    (Cow::Owned(decoded), bad)
}

/// The text behind the first entirely blank line (RFC 9788 section 4.5.3.2).
fn without_leading_block(text: &str) -> &str {
    match text.strip_prefix('\n') {
        Some(rest) => rest,
        None => text.split_once("\n\n").map_or("", |(_, rest)| rest),
    }
}

/// Line ends in canonical form: every lone CR or LF becomes CRLF (RFC 8551 section 3.1.1).
pub fn canonical_crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    let mut pairs = octets.iter().zip(octets.iter().skip(1).map(Some).chain([None]));
    let mut previous = None;
    let lone = pairs.any(|(&byte, next)| {
        let lone = match byte {
            b'\r' => next != Some(&b'\n'),
            b'\n' => previous != Some(b'\r'),
            _ => false,
        };
        previous = Some(byte);
        lone
    });
    if !lone {
        return Cow::Borrowed(octets);
    }
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut bytes = octets.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' => {
                bytes.next_if_eq(&b'\n');
                out.extend_from_slice(b"\r\n");
            }
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(byte),
        }
    }
    Cow::Owned(out)
}
