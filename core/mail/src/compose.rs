//! Composing MIME entities. Output has CRLF line ends, 7-bit octets only, no line over 78 octets where it can be avoided.

use crate::headers::Mailbox;

/// A message to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The one author.
    pub from: Mailbox,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Subject, any script.
    pub subject: String,
    /// Seconds since 1970; written as UTC (`+0000`): a zone would tell where the writer is.
    pub date: i64,
    /// Without angle brackets; random, see [`random_message_id`].
    pub message_id: String,
    /// In-Reply-To, without angle brackets.
    pub in_reply_to: Option<String>,
    /// References, oldest first.
    pub references: Vec<String>,
    /// Value of Auto-Submitted (RFC 3834), when the mail is not written by a person.
    pub auto_submitted: Option<String>,
    /// Plain text (LF line ends); always present.
    pub text: String,
    /// HTML alternative.
    pub html: Option<String>,
    /// Attachments, in order.
    pub attachments: Vec<Attachment>,
}

/// An attached file, or an inline data part.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// File name, any script and length; `None` for a part without name.
    pub name: Option<String>,
    /// `type/subtype`.
    pub content_type: String,
    /// `attachment`, or `inline` for machine-readable parts.
    pub inline: bool,
    /// The octets.
    pub bytes: Vec<u8>,
}

/// The draft can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// An address, id or type holds control characters or other octets that could start a new field.
    #[error("a header value holds characters that are not allowed")]
    UnsafeHeader,
}

/// A random Message-ID (16 octets in hex `@` domain of the sender).
pub fn random_message_id(random: &[u8; 16], domain: &str) -> String {
    let _ = (random, domain);
    todo!()
}

/// Where boundaries come from: 16 random octets a call.
pub type BoundarySource<'a> = &'a mut dyn FnMut() -> [u8; 16];

/// The whole message, unprotected: header section and body.
pub fn message(draft: &Draft, boundaries: BoundarySource<'_>) -> Result<Vec<u8>, ComposeError> {
    let _ = (draft, boundaries);
    todo!()
}
