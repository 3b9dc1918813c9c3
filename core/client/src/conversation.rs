//! Conversations: mails that answer each other, in inbox, sent mail and archive. Works without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mail::thread::{Placed, conversations};
use serde::Serialize;
use smime::{EmailAddress, UnixTime};

use crate::account::AccountInner;
use crate::approvals::answer_subject;
use crate::composer::{Composer, NewMail};
use crate::error::{CoreError, Thing};
use crate::mailboxes::{MailSummary, MailView, Mailboxes, summary};
use crate::sync::{Folder, Place, ShownMail, parse_id};
use crate::task::Task;

/// Mails of a conversation that are opened at once: the newest, those that somebody vouches for before all others.
const MAX_OPENED: usize = 100;

/// One line of a list of conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationSummary {
    /// Id of its newest mail.
    pub id: String,
    /// Subject of its first mail that is here and vouched for; of its first mail where there is none.
    pub subject: String,
    /// Who wrote in it, in the order in which they first did.
    pub people: Vec<String>,
    /// How many mails it has.
    pub mails: usize,
    /// How many of them were not read.
    pub unread: usize,
    /// One of them has a star.
    pub flagged: bool,
    /// The latest time at which one of them was written, as it says, and never later than it was fetched.
    pub date: UnixTime,
}

/// A mail in its conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationMail {
    /// The mail.
    #[serde(flatten)]
    pub mail: MailView,
    /// When it was written, as it says, and at the latest when it was fetched. Of a mail that is not vouched for that is
    /// anybody's claim.
    pub written: UnixTime,
    /// A signer who was met or is certified says that it belongs here. Without that, whoever could send it could also put
    /// it here.
    pub vouched: bool,
}

/// A conversation, opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConversationView {
    /// Oldest first, by when they were written.
    pub mails: Vec<ConversationMail>,
    /// Mails that are not opened, because there are very many: those not vouched for before any other, the oldest of them
    /// first.
    pub older: usize,
}

impl Mailboxes {
    /// The conversations with a mail in the inbox, the newest first.
    pub fn conversations(&self) -> Result<Vec<ConversationSummary>, CoreError> {
        let mut list = Vec::new();
        for members in self.inner.conversations()? {
            if members.iter().any(|member| member.mail.folder == Folder::Inbox) {
                list.extend(line(&members));
            }
        }
        list.sort_by(|a, b| (b.date, &b.id).cmp(&(a.date, &a.id)));
        Ok(list)
    }

    /// The conversation that a mail belongs to, opened.
    pub fn conversation(&self, id: &str) -> Task<ConversationView> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move { inner.conversation(&id).await })
    }
}

impl Composer {
    /// An answer to a mail, to who wrote it or, with `to_all`, also to everybody whom it named. Text and files are the
    /// writer's; what is in To, Cc and Subject may be changed.
    pub fn reply(&self, id: &str, to_all: bool) -> Task<NewMail> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move {
            let mail = inner.read_mail(&id).await?;
            Ok(reply(&mail, &inner.settings.address, to_all))
        })
    }
}

/// A mail with its place and time.
struct Member {
    mail: ShownMail,
    place: Place,
    written: UnixTime,
}

impl Member {
    /// Dates have seconds only. Within one, an answer names more than what it answers.
    fn order(&self) -> (UnixTime, usize, Folder, u32) {
        (self.written, self.place.references.len(), self.mail.folder, self.mail.record.uid)
    }
}

impl AccountInner {
    /// All conversations, each with its mails, the oldest first.
    fn conversations(&self) -> Result<Vec<Vec<Member>>, CoreError> {
        let mut members = Vec::new();
        for folder in Folder::ALL.into_iter().filter(|folder| folder.is_kept()) {
            members.extend(self.shown_mails(folder)?.into_iter().map(member));
        }
        // Which mail may claim an id is no matter of what it says of its time.
        members
            .sort_by_key(|member| (member.mail.record.received, member.mail.folder, member.mail.record.uid));
        let placed: Vec<Placed<'_>> = members.iter().map(placed).collect();
        let firsts = conversations(&placed);
        let mut grouped: BTreeMap<usize, Vec<Member>> = BTreeMap::new();
        for (first, member) in firsts.into_iter().zip(members) {
            grouped.entry(first).or_default().push(member);
        }
        let mut all: Vec<Vec<Member>> = grouped.into_values().collect();
        for members in &mut all {
            // What phones write to each other holds conversations together, and is not shown.
            members.retain(|member| !member.mail.is_of_machines());
            members.sort_by_key(Member::order);
        }
        Ok(all)
    }

    async fn conversation(&self, id: &str) -> Result<ConversationView, CoreError> {
        parse_id(id)?;
        let members = self.conversations()?.into_iter();
        let found = members.into_iter().find(|members| members.iter().any(|member| member.mail.id() == id));
        // What lies in junk or trash, or is on its way there, belongs to no conversation; it can be read.
        let Some(members) = found else {
            let mail = self.read_mail(id).await?;
            let now = crate::system::now();
            let written = mail.verdict.headers.date.map_or(now, |date| date.min(now));
            return Ok(ConversationView {
                mails: vec![ConversationMail { mail, written, vouched: false }],
                older: 0,
            });
        };
        let all = members.len();
        let members = opened(members);
        let older = all.saturating_sub(members.len());
        let mut view = ConversationView { mails: Vec::new(), older };
        for member in members {
            match self.read_mail(&member.mail.id()).await {
                Ok(mail) => view.mails.push(ConversationMail {
                    mail,
                    written: member.written,
                    vouched: member.place.is_protected,
                }),
                // Its content is not here.
                Err(CoreError::NotFound(Thing::Content) | CoreError::Unreadable(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(view)
    }
}

fn member(mail: ShownMail) -> Member {
    let record = &mail.record;
    let place = record.place.clone().unwrap_or(Place {
        message_id: record.message_id.clone(),
        references: Vec::new(),
        is_protected: false,
    });
    let written = summary(&mail).date.map_or(record.received, |date| date.min(record.received));
    Member { place, written, mail }
}

fn placed(member: &Member) -> Placed<'_> {
    Placed {
        message_id: member.place.message_id.as_deref(),
        references: &member.place.references,
        is_protected: member.place.is_protected,
    }
}

/// Those that are opened, in their order: however many mails a stranger puts in, no vouched one makes room for them.
fn opened(members: Vec<Member>) -> Vec<Member> {
    let (mut kept, mut others): (Vec<Member>, Vec<Member>) =
        members.into_iter().partition(|member| member.place.is_protected);
    kept.drain(..kept.len().saturating_sub(MAX_OPENED));
    let room = MAX_OPENED.saturating_sub(kept.len());
    kept.extend(others.split_off(others.len().saturating_sub(room)));
    kept.sort_by_key(Member::order);
    kept
}

fn line(members: &[Member]) -> Option<ConversationSummary> {
    let newest = members.last()?;
    let mails: Vec<MailSummary> = members.iter().map(|member| summary(&member.mail)).collect();
    // A stranger's mail must not name what others write to each other.
    let vouched = members.iter().position(|member| member.place.is_protected);
    let mut seen = BTreeSet::new();
    let writers = mails.iter().map(|mail| mail.from.clone());
    Some(ConversationSummary {
        id: newest.mail.id(),
        subject: mails.get(vouched.unwrap_or(0)).map(|mail| mail.subject.clone()).unwrap_or_default(),
        people: writers.filter(|from| seen.insert(from.to_lowercase())).collect(),
        mails: mails.len(),
        unread: mails.iter().filter(|mail| !mail.seen).count(),
        flagged: mails.iter().any(|mail| mail.flagged),
        // A newest mail that claims to be old must not hide a conversation, either.
        date: members.iter().map(|member| member.written).max()?,
    })
}

fn reply(mail: &MailView, own: &EmailAddress, to_all: bool) -> NewMail {
    let headers = &mail.verdict.headers;
    let read = |addresses: &[String]| -> Vec<EmailAddress> {
        addresses.iter().filter_map(|address| address.parse().ok()).collect()
    };
    let (from, to) = (read(&headers.from), read(&headers.to));
    // An answer to what one wrote goes on to the same people.
    let is_mine = from.contains(own);
    let mut named: Vec<EmailAddress> = vec![own.clone()];
    let mut fresh = |addresses: Vec<EmailAddress>| {
        let mut kept = Vec::new();
        for address in addresses {
            if !named.contains(&address) {
                named.push(address.clone());
                kept.push(address);
            }
        }
        kept
    };
    let direct = fresh(if is_mine { to.clone() } else { from });
    let others = if to_all { fresh([to, read(&headers.cc)].concat()) } else { Vec::new() };
    NewMail {
        // A note to oneself is answered to oneself.
        to: if direct.is_empty() && is_mine { vec![own.clone()] } else { direct },
        cc: others,
        subject: answer_subject(headers.subject.as_deref().unwrap_or_default()),
        answers: Some(mail.id.clone()),
        ..NewMail::default()
    }
}

#[cfg(test)]
mod tests {
    use engine::sync::Flags;

    use super::*;
    use crate::sync::{Content, MailRecord};

    fn member(folder: Folder, uid: u32, written: u64, answers: &[&str]) -> Member {
        let record = MailRecord::without_content(uid, 1, Content::Unreadable);
        let references = answers.iter().map(|id| (*id).to_owned()).collect();
        let place = Place { message_id: None, references, is_protected: true };
        Member {
            mail: ShownMail { folder, record, flags: Flags::default() },
            place,
            written: UnixTime::from_secs(written),
        }
    }

    #[test]
    fn within_a_second_an_answer_comes_after_what_it_answers() {
        // One's own mail lies in another folder, and among sent mail there are other numbers.
        let mut members = [
            member(Folder::Inbox, 1, 20, &["a", "b", "c"]),
            member(Folder::Inbox, 7, 10, &["a", "b"]),
            member(Folder::Sent, 2, 10, &["a"]),
            member(Folder::Inbox, 6, 10, &[]),
            member(Folder::Inbox, 5, 9, &["a", "b"]),
        ];
        members.sort_by_key(Member::order);
        let uids: Vec<u32> = members.iter().map(|member| member.mail.record.uid).collect();
        assert_eq!(uids, [5, 6, 2, 7, 1]);
    }
}
