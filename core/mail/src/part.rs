//! The part tree of a received message, with exact octet ranges.

mod body;
pub(crate) mod charset;
mod defect;
pub(crate) mod delimiter;
mod describe;
mod flowed;
pub(crate) mod html;
mod legacy;
mod lines;
mod name;
mod scan;
mod section;
pub(crate) mod transfer;
mod tree;

use std::borrow::Cow;
use std::io::{self, Write};
use std::ops::Range;

use self::transfer::Encoding;
use crate::headers::Headers;

pub use defect::{Ambiguity, Defect};
pub use html::{Html, Link, Remote};
pub use name::safe_file_name;
pub use tree::{Tree, tree};

/// Deepest nesting of multiparts and messages that is followed.
pub const MAX_DEPTH: usize = 32;
/// Most parts that are read of one message.
pub const MAX_PARTS: usize = 2000;
/// Longest header section of one part, in octets.
pub const MAX_HEADER_OCTETS: usize = 256 * 1024;

/// Longest header sections of all parts together, in octets.
pub const MAX_ALL_HEADER_OCTETS: usize = 4 * 1024 * 1024;
/// Most addresses in the fields of all parts together.
pub const MAX_ADDRESSES: usize = 20_000;

/// A message or MIME entity that was read. Borrows nothing: owns the received octets.
#[derive(Clone, Debug)]
pub struct Message {
    raw: Vec<u8>,
    root: Part,
    /// It came out of an encryption layer.
    is_decrypted: bool,
    /// It was taken out of a message that wrapped it (RFC 8551 section 3.1).
    is_unwrapped: bool,
}

/// A limit was exceeded; everything else reads as something, with defects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// More than the named limit.
    #[error("the message exceeds the limit of {0}")]
    Limit(&'static str),
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
        Self::try_from(raw.to_vec())
    }

    /// Says that the message was taken out of one that wrapped it, which nothing in it can tell.
    pub(crate) fn mark_unwrapped(&mut self) {
        self.is_unwrapped = true;
    }

    /// See [`mark_unwrapped`](Self::mark_unwrapped).
    pub(crate) fn is_unwrapped(&self) -> bool {
        self.is_unwrapped
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

    /// The body octets after transfer decoding. Octets of an unknown encoding are given as they are.
    pub fn decoded<'a>(&'a self, part: &Part) -> Cow<'a, [u8]> {
        let body = self.body(part);
        let encoding = Encoding::named(&part.encoding);
        if encoding.is_identity() || encoding == Encoding::Unknown {
            return Cow::Borrowed(body);
        }
        let mut out = Vec::with_capacity(body.len() / 4 * 3 + 3);
        // A Vec takes everything.
        let _ = encoding.decode(body, &mut out);
        Cow::Owned(out)
    }

    /// Writes what [`decoded`](Self::decoded) gives, in pieces.
    pub fn write_decoded(&self, part: &Part, out: &mut dyn Write) -> io::Result<()> {
        Encoding::named(&part.encoding).decode(self.body(part), out).map(drop)
    }

    /// The body as text: transfer decoding, charset, format=flowed undone, CRLF turned into LF. May hold control characters.
    pub fn text(&self, part: &Part) -> String {
        let text = charset::decode(&self.decoded(part), part.parameter("charset")).text;
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let is =
            |name: &str, value: &str| part.parameter(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
        if part.content_type == "text/plain" && is("format", "flowed") {
            flowed::unwrap(&text, is("delsp", "yes"))
        } else {
            text
        }
    }

    fn body(&self, part: &Part) -> &[u8] {
        self.raw.get(part.body.clone()).unwrap_or_default()
    }
}

/// As [`Message::parse`], without a copy of the octets.
impl TryFrom<Vec<u8>> for Message {
    type Error = ReadError;

    fn try_from(raw: Vec<u8>) -> Result<Self, ReadError> {
        let root = scan::root(&raw)?;
        Ok(Self { raw, root, is_decrypted: false, is_unwrapped: false })
    }
}

impl Part {
    /// A Content-Type parameter, by lower-case name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A message in a message.
    pub fn is_message(&self) -> bool {
        matches!(self.content_type.as_str(), "message/rfc822" | "message/global" | "message/news")
    }

    /// Content-ID without its angle brackets.
    pub(crate) fn content_id(&self) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-id"))?;
        value.trim().strip_prefix('<')?.strip_suffix('>').filter(|id| !id.is_empty())
    }

    /// A detached S/MIME signature, also under its old name (RFC 8551 section 3.5.3.1).
    pub fn is_smime_signature(&self) -> bool {
        is_smime_signature(&self.content_type)
    }

    /// Its text has units wider than an octet, where NUL is no character.
    fn is_wide_text(&self) -> bool {
        let charset = self.parameter("charset").unwrap_or_default().to_ascii_lowercase();
        ["utf-16", "utf16", "ucs-2", "iso-10646", "utf-32"].iter().any(|name| charset.contains(name))
    }
}

/// Whether a media type, in lower case, is that of a detached S/MIME signature.
pub fn is_smime_signature(media_type: &str) -> bool {
    matches!(media_type, "application/pkcs7-signature" | "application/x-pkcs7-signature")
}

fn collect<'a>(part: &'a Part, parts: &mut Vec<&'a Part>) {
    parts.push(part);
    for child in &part.children {
        collect(child, parts);
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
