//! Composing MIME entities. Output has CRLF line ends, 7-bit octets only (except for addresses that are not ASCII,
//! RFC 6532), no line over 78 octets where it can be avoided.

mod encode;
mod entity;
mod html;

use crate::headers::Mailbox;
use crate::part::MAX_HEADER_OCTETS;

pub(crate) use encode::{base64_lines, write_field};
pub(crate) use entity::{body, boundary};

/// Longest subject, display name or file name that is written, in octets of UTF-8.
pub const MAX_VALUE_OCTETS: usize = 4096;
/// Longest address, Message-ID or media type that is written, in octets: such values can't be folded, and a line
/// has at most 998 octets (RFC 5322 section 2.1.1).
pub const MAX_TOKEN_OCTETS: usize = 900;

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
    /// Plain text (LF line ends); always present. Read back exactly as given.
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
    /// `type/subtype`. A `multipart/*` or `message/*` type is kept only where RFC 2046 allows it for these octets, else
    /// the part is labelled `application/octet-stream`.
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
    /// A value exceeds [`MAX_VALUE_OCTETS`] or [`MAX_TOKEN_OCTETS`], or all fields together [`MAX_HEADER_OCTETS`].
    #[error("a header value or the whole header section is too long")]
    TooLong,
    /// The date is before 1900 or after 9999, which RFC 5322 section 3.3 can't express.
    #[error("the date is outside the years 1900 to 9999")]
    DateOutOfRange,
}

/// A random Message-ID (16 octets in hex `@` domain of the sender).
pub fn random_message_id(random: &[u8; 16], domain: &str) -> String {
    format!("{}@{domain}", data_encoding::HEXLOWER.encode(random))
}

/// Where boundaries come from: 16 random octets a call.
pub type BoundarySource<'a> = &'a mut dyn FnMut() -> [u8; 16];

/// The whole message, unprotected: header section and body.
pub fn message(draft: &Draft, boundaries: BoundarySource<'_>) -> Result<Vec<u8>, ComposeError> {
    let entity = body(draft, None, boundaries)?;
    let mut out = Vec::new();
    for (name, value) in fields(draft)? {
        write_field(&mut out, name, &value);
    }
    write_field(&mut out, "MIME-Version", "1.0");
    check_section(out.len())?;
    entity.write(&mut out);
    Ok(out)
}

/// The non-structural fields, values encoded and not yet folded.
pub(crate) fn fields(draft: &Draft) -> Result<Vec<(&'static str, String)>, ComposeError> {
    let mut fields = vec![("From", encode::mailbox(&draft.from)?)];
    if !draft.to.is_empty() {
        fields.push(("To", encode::mailboxes(&draft.to)?));
    }
    if !draft.cc.is_empty() {
        fields.push(("Cc", encode::mailboxes(&draft.cc)?));
    }
    fields.push(("Subject", encode::unstructured(&draft.subject)?));
    fields.push(("Date", date(draft.date)?));
    fields.push(("Message-ID", encode::message_id(&draft.message_id)?));
    if let Some(id) = &draft.in_reply_to {
        fields.push(("In-Reply-To", encode::message_id(id)?));
    }
    if !draft.references.is_empty() {
        let ids: Result<Vec<_>, _> = draft.references.iter().map(|id| encode::message_id(id)).collect();
        fields.push(("References", ids?.join(" ")));
    }
    if let Some(value) = &draft.auto_submitted {
        fields.push(("Auto-Submitted", encode::token(value)?));
    }
    Ok(fields)
}

/// A mailbox list without display names.
pub(crate) fn bare_addresses(list: &[Mailbox]) -> Result<String, ComposeError> {
    let bare: Vec<_> = list.iter().map(|m| Mailbox { name: None, address: m.address.clone() }).collect();
    encode::mailboxes(&bare)
}

/// A header section that we could not read back ourselves is not written.
pub(crate) fn check_section(octets: usize) -> Result<(), ComposeError> {
    // Room for the structural fields, which are written after this check.
    if octets > MAX_HEADER_OCTETS - 64 * 1024 { Err(ComposeError::TooLong) } else { Ok(()) }
}

fn date(seconds: i64) -> Result<String, ComposeError> {
    let time = jiff::Timestamp::from_second(seconds).map_err(|_| ComposeError::DateOutOfRange)?;
    let civil = jiff::tz::Offset::UTC.to_datetime(time);
    if civil.year() < 1900 {
        return Err(ComposeError::DateOutOfRange);
    }
    Ok(civil.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
}
