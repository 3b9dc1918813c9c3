//! Full-text search of the mail that is on the device: what is indexed, what a person types, and the port of an index.
//!
//! An index is a cache: it holds nothing that stored mail does not, and is thrown away when it is damaged or made by other
//! [`RULES`]. What of a mail is indexed is what a reader is shown of it, as [`Opened`] says.

mod query;
mod tokens;

use std::fmt;
use std::str::FromStr;

use mail::Mailbox;
use mail::part::Part;
pub use smime::UnixTime;

use crate::ports::StoreError;
use crate::secure::Opened;
use crate::{approval, meeting};

pub use query::{Clause, DateProblem, Field, Query, Words};
pub use tokens::{Kind, Token, tokens};

/// The rules by which text becomes terms; an index made by other ones is of no use. Whoever changes what [`tokens`] gives,
/// or the fields of an index, raises it.
pub const RULES: u32 = 1;

/// Longest query that is looked at, in octets of UTF-8; the rest is left out.
pub const MAX_QUERY_OCTETS: usize = 4096;
/// Most terms of a query; further ones are left out.
pub const MAX_QUERY_TERMS: usize = 64;
/// Longest term, in characters: of a longer word its begin is indexed and searched.
pub const MAX_TERM_CHARS: usize = 64;
/// Longest address that is a term as a whole, in characters; of a longer one only the parts are.
pub const MAX_ADDRESS_CHARS: usize = 128;
/// Text of one mail that is indexed, with the text of its attachments, in octets of UTF-8.
pub const MAX_TEXT_OCTETS: usize = 256 * 1024;
/// Each other field of a mail (all names and addresses of one kind together), in octets of UTF-8.
pub const MAX_FIELD_OCTETS: usize = 16 * 1024;
/// Most mails of one page of results.
pub const MAX_PAGE: usize = 1000;
/// How far results are counted.
pub const MAX_COUNTED: u64 = 10_000;

/// Names a mail in an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId {
    /// Short name of its folder, like `inbox`.
    pub folder: String,
    /// Its UID there.
    pub uid: u32,
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.folder, self.uid)
    }
}

impl FromStr for MailId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (folder, uid) = text.rsplit_once('.').ok_or(())?;
        Ok(MailId { folder: folder.to_owned(), uid: uid.parse().map_err(drop)? })
    }
}

/// What is indexed of a mail. Flags are not: they change too often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Which mail.
    pub id: MailId,
    /// By what results are ordered.
    pub date: UnixTime,
    /// Names and addresses of From.
    pub from: Vec<String>,
    /// Names and addresses of To and Cc.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// The body's text.
    pub text: String,
    /// Names of attachments.
    pub file_names: Vec<String>,
    /// Text of attachments that are text.
    pub file_texts: Vec<String>,
    /// It has attachments, named or not.
    pub has_attachment: bool,
}

impl Document {
    /// What is indexed of an opened mail that came in at `received`.
    pub fn of(id: MailId, received: UnixTime, opened: &Opened) -> Self {
        let headers = &opened.headers.headers;
        let shown = &opened.verdict.headers;
        let people = |addresses: &[&[String]], names: &[&[Mailbox]]| {
            let names = names.iter().copied().flatten().filter_map(|mailbox| mailbox.name.clone());
            names.chain(addresses.iter().copied().flatten().cloned()).collect()
        };
        let files = opened.shown_attachments();
        let is_text = |part: &&&Part| part.content_type.starts_with("text/");
        // Events and meetings are what phones say to each other.
        let is_file = |part: &&Part| {
            ![approval::CONTENT_TYPE, meeting::CONTENT_TYPE].contains(&part.content_type.as_str())
        };
        Document {
            id,
            date: shown.date.unwrap_or(received),
            from: people(&[&shown.from], &[&shown.from_mailboxes]),
            to: people(&[&shown.to, &shown.cc], &[&headers.to, &headers.cc]),
            subject: shown.subject.clone().unwrap_or_default(),
            text: opened.shown_text().unwrap_or_default(),
            file_names: files.iter().filter_map(|part| part.name.clone()).collect(),
            file_texts: files.iter().filter(is_text).map(|part| opened.payload.text(part)).collect(),
            has_attachment: files.iter().any(is_file),
        }
        .within_limits()
    }

    /// Cut to what is indexed: [`MAX_TEXT_OCTETS`], [`MAX_FIELD_OCTETS`].
    pub fn within_limits(mut self) -> Self {
        cut_all(&mut self.from, MAX_FIELD_OCTETS);
        cut_all(&mut self.to, MAX_FIELD_OCTETS);
        cut_all(&mut self.file_names, MAX_FIELD_OCTETS);
        self.subject.truncate(self.subject.floor_char_boundary(MAX_FIELD_OCTETS));
        self.text.truncate(self.text.floor_char_boundary(MAX_TEXT_OCTETS));
        let left = MAX_TEXT_OCTETS.saturating_sub(self.text.len());
        cut_all(&mut self.file_texts, left);
        self
    }

    /// Octets of all its text.
    pub fn octets(&self) -> usize {
        let lists = [&self.from, &self.to, &self.file_names, &self.file_texts];
        let listed: usize = lists.into_iter().flatten().map(String::len).sum();
        listed + self.subject.len() + self.text.len()
    }
}

fn cut_all(texts: &mut Vec<String>, limit: usize) {
    let mut left = limit;
    texts.retain_mut(|text| {
        text.truncate(text.floor_char_boundary(left));
        left -= text.len();
        !text.is_empty()
    });
}

/// How far an index is: which changes of the mail it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Random; another one for each index that was begun.
    pub generation: [u8; 16],
    /// Counts the updates.
    pub number: u64,
    /// The rules it was made by: of this module, and of the caller.
    pub rules: [u32; 2],
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [own, callers] = self.rules;
        write!(f, "{:032x}.{}.{own}.{callers}", u128::from_be_bytes(self.generation), self.number)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut part = || parts.next().ok_or(());
        let generation = u128::from_str_radix(part()?, 16).map_err(drop)?.to_be_bytes();
        let number = part()?.parse().map_err(drop)?;
        let rules = [part()?.parse().map_err(drop)?, part()?.parse().map_err(drop)?];
        Ok(Mark { generation, number, rules })
    }
}

/// What an update does.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// These go; no error when they are not there.
    pub removed: Vec<MailId>,
    /// These come, in the place of older ones with the same id.
    pub added: Vec<Document>,
}

/// Which part of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most so many, up to [`MAX_PAGE`].
    pub limit: usize,
    /// Those behind this one.
    pub after: Option<Cursor>,
}

/// A place in the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Date of the mail, in seconds since 1970.
    pub date: u64,
    /// Orders mails of one date.
    pub tie: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}.{:x}", self.date, self.tie)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (date, tie) = text.split_once('.').ok_or(())?;
        let number = |digits| u64::from_str_radix(digits, 16).map_err(drop);
        Ok(Cursor { date: number(date)?, tie: number(tie)? })
    }
}

/// A page of results.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Newest first.
    pub mails: Vec<MailId>,
    /// How many there are on all pages; [`MAX_COUNTED`] may mean more.
    pub total: u64,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// An index of one account's mail. Errors: [`StoreError::Damaged`] means that it must be [cleared](Self::clear) and filled
/// anew.
pub trait SearchIndex: Send + Sync {
    /// How far it is; `None` when it is new.
    fn mark(&self) -> Result<Option<Mark>, StoreError>;
    /// Changes it, durably and as a whole.
    fn update(&self, changes: Changes, mark: Mark) -> Result<(), StoreError>;
    /// Finds mail. A query that asks for nothing finds nothing.
    fn find(&self, query: &Query, page: Page) -> Result<Found, StoreError>;
    /// Throws everything away, damaged or not.
    fn clear(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document {
            id: MailId { folder: "inbox".into(), uid: 7 },
            date: UnixTime::from_secs(1),
            from: vec!["Bob <bob@example.org>".into()],
            to: Vec::new(),
            subject: "s".into(),
            text: "t".into(),
            file_names: Vec::new(),
            file_texts: Vec::new(),
            has_attachment: false,
        }
    }

    #[test]
    fn a_document_is_cut_between_characters() {
        let small = document();
        assert_eq!(small.clone().within_limits(), small);
        let huge = Document {
            subject: "\u{8bc1}".repeat(MAX_FIELD_OCTETS),
            text: "x".repeat(MAX_TEXT_OCTETS - 4),
            file_texts: vec!["ab\u{8bc1}".into(), "never".into()],
            file_names: vec!["n".repeat(MAX_FIELD_OCTETS), "more".into()],
            ..document()
        };
        let cut = huge.within_limits();
        assert_eq!(cut.subject.chars().count(), MAX_FIELD_OCTETS / 3);
        assert_eq!(cut.file_texts, ["ab", "ne"]);
        assert_eq!(cut.file_names.len(), 1);
    }

    #[test]
    fn marks_cursors_and_ids_are_read_as_written() {
        let mark = Mark {
            generation: [0, 0xab, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            number: 12,
            rules: [1, 2],
        };
        assert_eq!(mark.to_string(), "00ab02030405060708090a0b0c0d0e0f.12.1.2");
        assert_eq!(mark.to_string().parse(), Ok(mark));
        assert!("".parse::<Mark>().is_err() && "00.1.2".parse::<Mark>().is_err());
        let cursor = Cursor { date: 0x6553, tie: u64::MAX };
        assert_eq!(cursor.to_string(), "6553.ffffffffffffffff");
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert!("6553".parse::<Cursor>().is_err());
        assert_eq!("in.box.12".parse(), Ok(MailId { folder: "in.box".into(), uid: 12 }));
        assert!("inbox".parse::<MailId>().is_err() && "inbox.-1".parse::<MailId>().is_err());
    }
}
