//! The part tree of a received message, with exact octet ranges.

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;

use crate::headers::Headers;

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
    /// IMAP section number: `1`, `1.2`; the root of a multipart is empty.
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
        let _ = raw;
        todo!()
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
        todo!()
    }
    /// The octets of a part's whole entity, as received.
    pub fn entity(&self, part: &Part) -> &[u8] {
        self.raw.get(part.entity.clone()).unwrap_or_default()
    }
    /// The body octets after transfer decoding.
    pub fn decoded<'a>(&'a self, part: &Part) -> Cow<'a, [u8]> {
        let _ = part;
        todo!()
    }
    /// The body as text: transfer decoding, charset, format=flowed undone, CRLF turned into LF.
    pub fn text(&self, part: &Part) -> String {
        let _ = part;
        todo!()
    }
    /// The first text/plain body part to be shown (not an attachment); of an HTML-only mail, text made from the HTML.
    /// A Legacy Display part's content (RFC 9788 section 4.10) is stripped when the part says `hp-legacy-display=1`.
    pub fn body_text(&self) -> Option<String> {
        todo!()
    }
    /// Parts that are attachments: every leaf with a file name, disposition attachment, or a type that is not shown.
    pub fn attachments(&self) -> Vec<&Part> {
        todo!()
    }
}

impl Part {
    /// A Content-Type parameter, by lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Line ends in canonical form: every lone CR or LF becomes CRLF (RFC 8551 section 3.1.1).
pub fn canonical_crlf(octets: &[u8]) -> Cow<'_, [u8]> {
    let _ = octets;
    todo!()
}
