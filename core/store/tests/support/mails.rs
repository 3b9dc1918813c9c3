//! Mail to be indexed, and how it is found.

use engine::search::{Changes, Document, Found, MailId, Mark, Page, Query, SearchIndex, UnixTime};

/// 2026-01-01T00:00:00Z, by date(1).
pub const NEW_YEAR: u64 = 1_767_225_600;
pub const DAY: u64 = 86_400;

pub fn id(folder: &str, uid: u32) -> MailId {
    MailId { folder: folder.to_owned(), uid }
}

/// A mail from bob to alice, received on day `uid` of 2026.
pub fn mail(folder: &str, uid: u32, subject: &str, text: &str) -> Document {
    Document {
        id: id(folder, uid),
        date: UnixTime::from_secs(NEW_YEAR + u64::from(uid) * DAY),
        from: vec!["Bob Müller <bob@example.org>".to_owned()],
        to: vec!["Alice <alice@example.com>".to_owned()],
        subject: subject.to_owned(),
        text: text.to_owned(),
        file_names: Vec::new(),
        file_texts: Vec::new(),
        has_attachment: false,
    }
}

pub fn mark(number: u64) -> Mark {
    Mark { generation: [7; 16], number, rules: [1, 1] }
}

pub fn add(index: &dyn SearchIndex, added: Vec<Document>, number: u64) {
    index.update(Changes { added, removed: Vec::new() }, mark(number)).unwrap();
}

pub fn page(index: &dyn SearchIndex, typed: &str, page: Page) -> Found {
    index.find(&Query::parse(typed).unwrap(), page).unwrap()
}

/// The ids of what is found, newest first.
pub fn found(index: &dyn SearchIndex, typed: &str) -> Vec<String> {
    let found = page(index, typed, Page { limit: 100, after: None });
    assert_eq!(found.mails.len() as u64, found.total, "{typed}");
    assert_eq!(found.next, None, "{typed}");
    found.mails.iter().map(MailId::to_string).collect()
}
