//! Header fields as a reader needs them.

use serde::{Deserialize, Serialize};

/// A mailbox (RFC 5322 section 3.4): display name, decoded, and addr-spec as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Display name, decoded (RFC 2047).
    pub name: Option<String>,
    /// addr-spec; may be anything a hostile sender writes.
    pub address: String,
}

/// The fields that are shown and compared, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    /// Subject.
    pub subject: Option<String>,
    /// Every mailbox of every From field.
    pub from: Vec<Mailbox>,
    /// How many From fields there were.
    pub from_fields: usize,
    /// Sender.
    pub sender: Option<Mailbox>,
    /// Reply-To.
    pub reply_to: Vec<Mailbox>,
    /// To.
    pub to: Vec<Mailbox>,
    /// Cc.
    pub cc: Vec<Mailbox>,
    /// Date in seconds since 1970 (UTC).
    pub date: Option<i64>,
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// In-Reply-To without angle brackets.
    pub in_reply_to: Vec<String>,
    /// References without angle brackets, oldest first.
    pub references: Vec<String>,
    /// Auto-Submitted, lower case, without parameters.
    pub auto_submitted: Option<String>,
    /// A List-Id or List-Unsubscribe or Precedence: list/bulk/junk field is present.
    pub from_list: bool,
}
