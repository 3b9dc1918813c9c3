//! Screens 04 and 05.

use client::view;

use super::{Banner, Button, Due, Empty, Icon, Label, Spoken, StateLine, Text, Tone, record};
use crate::mirror::{Convert, seconds};

/// What stands under the sender of a message.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum MessageStatus {
    /// One of the four states of a message.
    Trust {
        /// Icon.
        icon: Icon,
        /// Fill.
        tone: Tone,
        /// Status.
        state: Text,
        /// How it is known, and when.
        sentence: Text,
        /// Said as one element.
        spoken: Spoken,
    },
    /// Something is wrong; replaces the trust line.
    Warning {
        /// Icon.
        icon: Icon,
        /// Fill.
        tone: Tone,
        /// Label.
        state: Text,
        /// Sentence.
        sentence: Text,
        /// The one button.
        action: Option<Button>,
        /// Links and attachments are off.
        is_held: bool,
        /// Label and sentence, said before the button and the text.
        spoken: Spoken,
    },
}

/// The time of a row.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum When {
    /// Today: the time of day.
    Today {
        /// Seconds since 1970.
        time: i64,
    },
    /// `c_yesterday`.
    Yesterday,
    /// The date.
    Date {
        /// Seconds since 1970.
        time: i64,
    },
}

record! {
    /// The inbox.
    InboxScreen = client::view::InboxScreen {
        /// `tab_inbox`.
        title: Text,
        /// In the search field.
        search: Text,
        /// Offline, or the server did not answer.
        banner: Option<Banner>,
        /// Pinned approvals.
        waiting: Option<Waiting>,
        /// Mail, newest day first.
        days: Vec<Day>,
        /// Instead of mail.
        empty: Option<Empty>,
        /// Grey bars instead of rows, said as `in_loading`.
        loading: Option<Text>,
        /// The button that floats.
        write: Button,
        /// On the tab of the approvals.
        badge: u64,
        /// The tab with its badge.
        badge_spoken: Option<Spoken>,
    }
}

record! {
    /// The approvals that wait.
    Waiting = client::view::Waiting {
        /// `in_waiting`.
        title: Text,
        /// All of them.
        count: u64,
        /// The most urgent.
        rows: Vec<PinnedRow>,
        /// `sh_all`, when there are more.
        all: Option<Text>,
    }
}

record! {
    /// A pinned approval. There is no button on it: approving passes the sheet.
    PinnedRow = client::view::PinnedRow {
        /// Id of the request.
        id: String,
        /// Subject.
        subject: String,
        /// Who asks.
        who: String,
        /// `in_step`.
        step: Option<Text>,
        /// Until when.
        due: Option<Due>,
        /// Something is wrong with the request.
        warning: Option<Text>,
    }
}

record! {
    /// The mail of a day.
    Day = client::view::Day {
        /// `c_today`, `c_yesterday`, `c_earlier`.
        title: Text,
        /// Newest first.
        rows: Vec<MailRow>,
    }
}

record! {
    /// One mail.
    MailRow = client::view::MailRow {
        /// Its id.
        id: String,
        /// In the circle.
        initials: String,
        /// Name of a person who is known, else the address.
        name: String,
        /// Subject.
        subject: Label,
        /// One line of the text.
        preview: Option<String>,
        /// It has attachments.
        has_files: bool,
        /// It was not read.
        is_unread: bool,
        /// When.
        when: Option<When>,
        /// Never hidden.
        state: StateLine,
        /// The row as one element.
        spoken: Spoken,
    }
}

record! {
    /// One message.
    MessageScreen = client::view::MessageScreen {
        /// Its id.
        id: String,
        /// Heading.
        subject: Label,
        /// Who wrote.
        sender: Sender,
        /// `me_to`; without a date, only the people.
        to: Text,
        /// Directly under the sender.
        status: MessageStatus,
        /// `wa_held`, under a warning in danger.
        held: Option<Text>,
        /// Text; links in it work unless it is held.
        text: Option<String>,
        /// `me_attach`.
        files_title: Option<Text>,
        /// Attachments.
        files: Vec<FileRow>,
        /// Opens the approval that it is about.
        approval: Option<String>,
        /// Over the buttons.
        reply_note: Option<StateLine>,
        /// Reply, Reply all, Forward; none of them under a warning.
        buttons: Vec<Button>,
        /// `c_technical`, under a warning; else behind the trust line.
        technical: Option<Button>,
        /// The sheet behind the trust line (05b).
        details: Vec<Detail>,
    }
}

record! {
    /// Who wrote.
    Sender = client::view::Sender {
        /// In the circle.
        initials: String,
        /// Name, else the address.
        name: String,
        /// Beside the name, unless the name belongs to somebody who was met or whom the company confirms.
        address: Option<String>,
    }
}

record! {
    /// One attachment.
    FileRow = client::view::FileRow {
        /// Names it in this mail.
        part: String,
        /// Icon.
        icon: Icon,
        /// File name.
        name: Label,
        /// Octets.
        size: u64,
        /// `me_saved`.
        state: Text,
        /// It can be opened.
        is_enabled: bool,
        /// Said as one element.
        spoken: Spoken,
    }
}

record! {
    /// One line of the details.
    Detail = client::view::Detail {
        /// What.
        key: Text,
        /// Value.
        value: Label,
        /// Below it.
        second: Option<Label>,
    }
}

impl Convert<MessageStatus> for view::MessageStatus {
    fn convert(self) -> MessageStatus {
        match self {
            view::MessageStatus::Trust(line) => MessageStatus::Trust {
                icon: line.icon.into(),
                tone: line.tone.into(),
                state: line.state.convert(),
                sentence: line.sentence.convert(),
                spoken: line.spoken.convert(),
            },
            view::MessageStatus::Warning(warning) => MessageStatus::Warning {
                icon: warning.icon.into(),
                tone: warning.tone.into(),
                state: warning.state.convert(),
                sentence: warning.sentence.convert(),
                action: warning.action.convert(),
                is_held: warning.is_held,
                spoken: warning.spoken.convert(),
            },
        }
    }
}

impl Convert<When> for view::When {
    fn convert(self) -> When {
        match self {
            view::When::Today(time) => When::Today { time: seconds(time) },
            view::When::Yesterday => When::Yesterday,
            view::When::Date(time) => When::Date { time: seconds(time) },
        }
    }
}
