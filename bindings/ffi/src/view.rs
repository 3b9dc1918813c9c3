//! View records: what a screen shows. Words are keys of the strings table with what is filled in.

use crate::mirror::{all, mirror, seconds};

mirror! {
    /// Icons of the design.
    Icon = client::view::Icon {
        /// Inbox tab.
        Inbox,
        /// Opens details.
        Next,
        /// Add.
        Plus,
        /// Approvals tab, approval mail.
        Stamp,
        /// Close, rejected.
        Close,
        /// Hand over.
        Hand,
        /// Contacts tab, person.
        Person,
        /// More actions.
        More,
        /// Add an approver.
        PersonPlus,
        /// Settings tab.
        Sliders,
        /// Search.
        Search,
        /// Return with a comment.
        Return,
        /// Encrypted.
        Lock,
        /// Write mail.
        Write,
        /// Ask a question.
        Ask,
        /// Not encrypted, no certificate.
        LockOpen,
        /// Reply.
        Reply,
        /// Remind, notifications.
        Bell,
        /// Signed.
        Pen,
        /// Reply to all.
        ReplyAll,
        /// Offline.
        Offline,
        /// Met in person, verified.
        Seal,
        /// Forward.
        Forward,
        /// Saved for offline reading.
        Saved,
        /// Certificate from card or mail.
        Card,
        /// Archive.
        Archive,
        /// Second device.
        Phone,
        /// Deadline, certified time.
        Clock,
        /// Mail.
        Mail,
        /// Language.
        Globe,
        /// Caution.
        Warn,
        /// Own QR code.
        Qr,
        /// Evidence pack.
        Pack,
        /// Tampered, danger.
        Stop,
        /// Scan a code.
        Scan,
        /// Share.
        Share,
        /// Key, keys and backup.
        Key,
        /// Picture.
        Image,
        /// Show password.
        Eye,
        /// Document.
        Doc,
        /// Torch.
        Light,
        /// Move in the route.
        Drag,
        /// Attachment.
        Clip,
        /// Fingerprint.
        Finger,
        /// About.
        Info,
        /// Back.
        Back,
        /// Done, approved.
        Tick,
        /// Sign-in is safe, keys ready.
        Shield,
    }
}

mirror! {
    /// Roles of colours.
    Tone = client::view::Tone {
        /// accent-soft.
        Accent,
        /// info-soft.
        Info,
        /// sunken.
        Neutral,
        /// caution-soft.
        Caution,
        /// danger-soft.
        Danger,
    }
}

/// A text of the strings table.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Text {
    /// Its key.
    pub key: String,
    /// What is filled in, in no particular order.
    pub args: Vec<TextArg>,
    /// Key of the text that stands instead of the part after the last ` · `.
    pub instead_of_last: Option<String>,
}

/// Something that is filled in.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TextArg {
    /// Name of the placeholder.
    pub name: String,
    /// What stands for it.
    pub value: TextValue,
}

/// What stands for a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TextValue {
    /// A display name or, without one, an address.
    Name {
        /// It.
        name: String,
    },
    /// A mail address.
    Address {
        /// It.
        address: String,
    },
    /// Several people, joined as the language joins a list.
    Names {
        /// Name or address of each; none stands for the account's owner (`c_me`).
        names: Vec<Option<String>>,
    },
    /// A point in time; written as date or time of day as the placeholder is named.
    Time {
        /// Seconds since 1970.
        time: i64,
    },
    /// A number; it chooses the form of a plural.
    Count {
        /// It.
        count: u64,
    },
    /// Octets, written in the units of the locale.
    Size {
        /// How many.
        octets: u64,
    },
    /// Anything else, as it is.
    Text {
        /// It.
        text: String,
    },
}

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
    },
    /// Something is wrong; replaces the trust line.
    Warning {
        /// Fill.
        tone: Tone,
        /// Label.
        state: Text,
        /// Sentence.
        sentence: Text,
        /// The one button.
        action: Option<Text>,
        /// Links and attachments are off.
        is_held: bool,
    },
}

impl From<client::view::Text> for Text {
    fn from(text: client::view::Text) -> Self {
        Text {
            key: text.key.to_owned(),
            args: all(text.args),
            instead_of_last: text.instead_of_last.map(str::to_owned),
        }
    }
}

impl From<(&'static str, client::view::Arg)> for TextArg {
    fn from((name, value): (&'static str, client::view::Arg)) -> Self {
        let value = match value {
            client::view::Arg::Name(name) => TextValue::Name { name },
            client::view::Arg::Address(address) => TextValue::Address { address },
            client::view::Arg::Names(names) => {
                let name = |who| match who {
                    client::view::Who::Me => None,
                    client::view::Who::Name(name) => Some(name),
                };
                TextValue::Names { names: names.into_iter().map(name).collect() }
            }
            client::view::Arg::Time(time) => TextValue::Time { time: seconds(time) },
            client::view::Arg::Count(count) => TextValue::Count { count },
            client::view::Arg::Size(octets) => TextValue::Size { octets },
            client::view::Arg::Text(text) => TextValue::Text { text },
        };
        TextArg { name: name.to_owned(), value }
    }
}

impl From<client::view::MessageStatus> for MessageStatus {
    fn from(status: client::view::MessageStatus) -> Self {
        match status {
            client::view::MessageStatus::Trust(line) => MessageStatus::Trust {
                icon: line.icon.into(),
                tone: line.tone.into(),
                state: line.state.into(),
                sentence: line.sentence.into(),
            },
            client::view::MessageStatus::Warning(warning) => MessageStatus::Warning {
                tone: warning.tone.into(),
                state: warning.state.into(),
                sentence: warning.sentence.into(),
                action: warning.action.map(|button| button.text.into()),
                is_held: warning.is_held,
            },
        }
    }
}
