//! Screen 04: the inbox, with the pinned approvals.

use serde::Serialize;
use smime::UnixTime;

use super::approvals::{Due, due, waits_for_me};
use super::message::subject_label;
use super::{
    ApprovalCase, Arg, Banner, Button, Clock, Does, Empty, Icon, Label, Look, MessageStatus, Said, Spoken,
    StateLine, Text, Tone, When, initials, shown_name,
};
use crate::mailboxes::MailProblem;

/// Most approvals that are pinned.
const MAX_PINNED: usize = 3;

/// The inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InboxScreen {
    /// `tab_inbox`.
    pub title: Text,
    /// In the search field.
    pub search: Text,
    /// Offline, or the server did not answer.
    pub banner: Option<Banner>,
    /// Pinned approvals.
    pub waiting: Option<Waiting>,
    /// Mail, newest day first.
    pub days: Vec<Day>,
    /// Instead of mail.
    pub empty: Option<Empty>,
    /// Grey bars instead of rows, said as `in_loading`.
    pub loading: Option<Text>,
    /// The button that floats.
    pub write: Button,
    /// On the tab of the approvals.
    pub badge: u64,
    /// The tab with its badge.
    pub badge_spoken: Option<Spoken>,
}

/// The approvals that wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// `in_waiting`.
    pub title: Text,
    /// All of them.
    pub count: u64,
    /// The most urgent.
    pub rows: Vec<PinnedRow>,
    /// `sh_all`, when there are more.
    pub all: Option<Text>,
}

/// A pinned approval. There is no button on it: approving passes the sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinnedRow {
    /// Id of the request.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Who asks.
    pub who: String,
    /// `in_step`.
    pub step: Option<Text>,
    /// Until when.
    pub due: Option<Due>,
    /// Something is wrong with the request.
    pub warning: Option<Text>,
}

/// The mail of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// `c_today`, `c_yesterday`, `c_earlier`.
    pub title: Text,
    /// Newest first.
    pub rows: Vec<MailRow>,
}

/// One mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailRow {
    /// Its id.
    pub id: String,
    /// In the circle.
    pub initials: String,
    /// Name of a person who is known, else the address.
    pub name: String,
    /// Subject.
    pub subject: Label,
    /// One line of the text.
    pub preview: Option<String>,
    /// It has attachments.
    pub has_files: bool,
    /// It was not read.
    pub is_unread: bool,
    /// When.
    pub when: Option<When>,
    /// Never hidden.
    pub state: StateLine,
    /// The row as one element.
    pub spoken: Spoken,
}

/// What the row of a mail is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxMail {
    /// Its id.
    pub id: String,
    /// Address of the sender.
    pub from: String,
    /// Name of the stored person with this address.
    pub contact_name: Option<String>,
    /// Subject; none when it is not known.
    pub subject: Option<String>,
    /// Begin of the text.
    pub preview: Option<String>,
    /// It has attachments.
    pub has_files: bool,
    /// Read already.
    pub is_seen: bool,
    /// Date field, else when it came.
    pub date: Option<UnixTime>,
    /// Status; none when the content is not here.
    pub status: Option<MessageStatus>,
    /// Why the content is not here.
    pub problem: Option<MailProblem>,
}

/// How the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Mail is being fetched for the first time.
    Loading,
    /// All is well.
    Online,
    /// No network.
    Offline {
        /// Own decisions that wait to be sent.
        queued: usize,
    },
    /// The server did not answer; the last time that it did.
    Failed {
        /// Never, when none.
        last: Option<UnixTime>,
    },
}

/// Screen 04.
pub fn inbox_screen(
    mails: &[InboxMail],
    cases: &[ApprovalCase],
    connection: Connection,
    clock: Clock,
) -> InboxScreen {
    let waiting = waiting(cases, clock);
    let badge = waiting.as_ref().map_or(0, |waiting| waiting.count);
    let is_loading = connection == Connection::Loading && mails.is_empty();
    let is_empty = mails.is_empty() && waiting.is_none() && !is_loading;
    InboxScreen {
        title: Text::new("tab_inbox"),
        search: Text::new("in_search"),
        banner: banner(connection),
        days: days(mails, clock),
        empty: is_empty.then(|| Empty {
            icon: Icon::Inbox,
            heading: Text::new("in_empty"),
            line: Text::new("in_empty_sub"),
        }),
        loading: is_loading.then(|| Text::new("in_loading")),
        write: Button::new(Text::new("in_write"), Look::Primary, Does::Write(None)).icon(Icon::Write),
        badge,
        badge_spoken: badge_spoken(badge),
        waiting,
    }
}

pub(super) fn badge_spoken(badge: u64) -> Option<Spoken> {
    let tab = Spoken::new("a_tab").text("tab", Text::new("tab_approvals")).value("n", Arg::Count(badge));
    (badge > 0).then_some(tab)
}

fn banner(connection: Connection) -> Option<Banner> {
    match connection {
        Connection::Loading | Connection::Online => None,
        Connection::Offline { queued } => {
            let second = (queued > 0).then(|| Text::counted("in_queue", queued));
            Some(Banner { second, ..Banner::new(Icon::Offline, Tone::Neutral, Text::new("in_offline")) })
        }
        Connection::Failed { last } => {
            let text = match last {
                Some(last) => Text::new("in_error").with("time", Arg::Time(last)),
                None => Text::new("in_error_first"),
            };
            let button = Some(Button::new(Text::new("c_retry"), Look::Plain, Does::Retry));
            Some(Banner { button, ..Banner::new(Icon::Warn, Tone::Caution, text) })
        }
    }
}

fn waiting(cases: &[ApprovalCase], clock: Clock) -> Option<Waiting> {
    let mine = waits_for_me(cases);
    let row = |case: &&ApprovalCase| PinnedRow {
        id: case.approval.id.clone(),
        subject: case.approval.subject.clone(),
        who: case.requester_name(),
        step: super::route::route(&case.approval, &case.me.address).progress,
        due: case.deadline.map(|at| due(at, clock)),
        warning: case.is_warned().then(|| Text::new("st_unfit")),
    };
    let rows: Vec<PinnedRow> = mine.iter().take(MAX_PINNED).map(row).collect();
    (!rows.is_empty()).then(|| Waiting {
        title: Text::new("in_waiting"),
        count: u64::try_from(mine.len()).unwrap_or(u64::MAX),
        all: (mine.len() > rows.len()).then(|| Text::new("sh_all")),
        rows,
    })
}

fn days(mails: &[InboxMail], clock: Clock) -> Vec<Day> {
    let mut sorted: Vec<&InboxMail> = mails.iter().collect();
    sorted.sort_by_key(|mail| std::cmp::Reverse(mail.date));
    let mut days: Vec<Day> = Vec::new();
    for mail in sorted {
        // A date in the future is what the sender wrote; it does not make a day of its own.
        let title = match mail.date.map(|date| clock.days_to(date)) {
            Some(0..) => "c_today",
            Some(-1) => "c_yesterday",
            Some(_) | None => "c_earlier",
        };
        let row = mail_row(mail, clock);
        match days.last_mut().filter(|day| day.title.key == title) {
            Some(day) => day.rows.push(row),
            None => days.push(Day { title: Text::new(title), rows: vec![row] }),
        }
    }
    days
}

fn mail_row(mail: &InboxMail, clock: Clock) -> MailRow {
    let name = shown_name(mail.contact_name.as_deref()).unwrap_or_else(|| mail.from.clone());
    let is_closed =
        matches!(&mail.status, Some(MessageStatus::Warning(warning)) if warning.state.key == "st_locked");
    let subject = subject_label(mail.subject.as_deref(), is_closed);
    let state = match (&mail.status, mail.problem) {
        (Some(status), _) => status.line(),
        (None, Some(MailProblem::TooLarge)) => {
            StateLine::new(Icon::Info, Tone::Neutral, Text::new("st_too_large"))
        }
        (None, Some(MailProblem::Unreadable) | None) => {
            StateLine::new(Icon::Info, Tone::Neutral, Text::new("st_unreadable"))
        }
    };
    let when = mail.date.map(|date| clock.when(date));
    let part = |is_there: bool, key| if is_there { Said::Text(Text::new(key)) } else { Said::Nothing };
    let spoken = Spoken::new("a_row")
        .with("unread", part(!mail.is_seen, "a_unread"))
        .value("name", Arg::Name(name.clone()))
        .with("subject", subject.said())
        .text("state", state.text.clone())
        .with("time", when.map_or(Said::Nothing, When::said))
        .with("preview", mail.preview.clone().map_or(Said::Nothing, |text| Said::Value(Arg::Text(text))))
        .with("files", part(mail.has_files, "a_files"));
    MailRow {
        id: mail.id.clone(),
        initials: initials(&name),
        name,
        subject,
        preview: mail.preview.clone(),
        has_files: mail.has_files,
        is_unread: !mail.is_seen,
        when,
        state,
        spoken,
    }
}
