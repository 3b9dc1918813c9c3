//! Header fields as a reader needs them.

pub(crate) mod address;
pub(crate) mod params;
pub(crate) mod words;

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
    /// Every mailbox of every From field, also of fields that only some programs take for From.
    pub from: Vec<Mailbox>,
    /// How many From fields there were.
    pub from_fields: usize,
    /// A From field is written so that programs disagree on it: a space before the colon, a folded name, a leading
    /// space, a group, text outside the addr-spec that is an address itself, control characters.
    pub from_ambiguous: bool,
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

/// One field of a header section.
pub(crate) struct Field {
    /// The name as written.
    pub name: String,
    /// The unfolded value; white space around it is gone.
    pub value: String,
    /// Written in a form that only some programs read as this field.
    pub odd: bool,
}

impl Headers {
    /// Decodes the fields of one header section. Of a field that may stand once, the first counts, as most programs do;
    /// address fields are joined, so that no address stays unseen.
    pub(crate) fn read(fields: &[Field]) -> Self {
        let mut headers = Self::default();
        for field in fields {
            headers.add(field);
        }
        headers
    }

    /// How many mailboxes its fields name.
    pub(crate) fn addresses(&self) -> usize {
        self.from.len() + self.reply_to.len() + self.to.len() + self.cc.len()
    }

    fn add(&mut self, field: &Field) {
        let value = field.value.as_str();
        match field.name.to_ascii_lowercase().as_str() {
            "subject" => {
                self.subject.get_or_insert_with(|| words::decode(value));
            }
            "from" => {
                let list = address::parse(value);
                self.from_fields += 1;
                self.from_ambiguous |= field.odd || list.ambiguous;
                self.from.extend(list.mailboxes);
            }
            "sender" if self.sender.is_none() => {
                self.sender = address::parse(value).mailboxes.into_iter().next()
            }
            "reply-to" => self.reply_to.extend(address::parse(value).mailboxes),
            "to" => self.to.extend(address::parse(value).mailboxes),
            "cc" => self.cc.extend(address::parse(value).mailboxes),
            "date" if self.date.is_none() => self.date = date(value),
            "message-id" if self.message_id.is_none() => self.message_id = ids(value).into_iter().next(),
            "in-reply-to" if self.in_reply_to.is_empty() => self.in_reply_to = ids(value),
            "references" if self.references.is_empty() => self.references = ids(value),
            "auto-submitted" if self.auto_submitted.is_none() => {
                let keyword = value.split([';', '(']).next().unwrap_or_default();
                self.auto_submitted = Some(keyword.trim().to_ascii_lowercase());
            }
            "list-id" | "list-unsubscribe" => self.from_list = true,
            "precedence" => {
                let word = value.trim().to_ascii_lowercase();
                self.from_list |= matches!(word.as_str(), "list" | "bulk" | "junk");
            }
            _ => {}
        }
    }
}

/// RFC 5322 section 3.3, obsolete zones included.
fn date(value: &str) -> Option<i64> {
    // A leap second is read as the second before it.
    let date = mail_parser::DateTime::parse_rfc822(value)?;
    let date = mail_parser::DateTime { second: date.second.min(59), ..date };
    date.is_valid().then(|| date.to_timestamp())
}

/// The ids in angle brackets; where there are none, the words that look like ids.
fn ids(value: &str) -> Vec<String> {
    let mut found = Vec::new();
    for piece in value.split('<').skip(1) {
        if let Some((id, _)) = piece.split_once('>') {
            found.push(id.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>());
        }
    }
    if found.is_empty() {
        found = value.split_ascii_whitespace().filter(|word| word.contains('@')).map(str::to_owned).collect();
    }
    found.retain(|id| !id.is_empty());
    found
}
