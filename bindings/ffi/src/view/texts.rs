//! What is said in words.

use client::view::{self, Arg, Who};

use crate::mirror::{Convert, seconds};

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
    /// A day with its time of day.
    Moment {
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

/// What a screen reader says instead of what is seen (keys `a_…`). A part that is `Nothing` is left out together with the
/// separator after it; middle dots are read as commas.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Spoken {
    /// Its key.
    pub key: String,
    /// What is filled in.
    pub args: Vec<SpokenArg>,
}

/// Something that is filled into what is spoken.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SpokenArg {
    /// Name of the placeholder.
    pub name: String,
    /// What stands for it.
    pub said: Said,
}

/// What is said in the place of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Said {
    /// Another text.
    Words {
        /// It.
        text: Text,
    },
    /// As in a text.
    Value {
        /// It.
        value: TextValue,
    },
    /// Not this time.
    Nothing,
}

/// A text, or something of somebody's.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Label {
    /// From the table.
    Words {
        /// It.
        text: Text,
    },
    /// As it is.
    Plain {
        /// It.
        plain: String,
    },
    /// A date with the time of day.
    Time {
        /// Seconds since 1970.
        time: i64,
    },
    /// Several people.
    Names {
        /// Name or address of each; none stands for the account's owner (`c_me`).
        names: Vec<Option<String>>,
    },
}

impl Convert<Text> for view::Text {
    fn convert(self) -> Text {
        let arg =
            |(name, value): (&'static str, Arg)| TextArg { name: name.to_owned(), value: value.convert() };
        Text {
            key: self.key.to_owned(),
            args: self.args.into_iter().map(arg).collect(),
            instead_of_last: self.instead_of_last.map(str::to_owned),
        }
    }
}

impl Convert<TextValue> for Arg {
    fn convert(self) -> TextValue {
        match self {
            Arg::Name(name) => TextValue::Name { name },
            Arg::Address(address) => TextValue::Address { address },
            Arg::Names(names) => TextValue::Names { names: names.convert() },
            Arg::Time(time) => TextValue::Time { time: seconds(time) },
            Arg::Moment(time) => TextValue::Moment { time: seconds(time) },
            Arg::Count(count) => TextValue::Count { count },
            Arg::Size(octets) => TextValue::Size { octets },
            Arg::Text(text) => TextValue::Text { text },
        }
    }
}

/// Nobody stands for the account's owner.
impl Convert<Option<String>> for Who {
    fn convert(self) -> Option<String> {
        match self {
            Who::Me => None,
            Who::Name(name) => Some(name),
        }
    }
}

impl Convert<Spoken> for view::Spoken {
    fn convert(self) -> Spoken {
        let arg = |(name, said): (&'static str, view::Said)| SpokenArg {
            name: name.to_owned(),
            said: said.convert(),
        };
        Spoken { key: self.key.to_owned(), args: self.args.into_iter().map(arg).collect() }
    }
}

impl Convert<Said> for view::Said {
    fn convert(self) -> Said {
        match self {
            view::Said::Text(text) => Said::Words { text: text.convert() },
            view::Said::Value(value) => Said::Value { value: value.convert() },
            view::Said::Nothing => Said::Nothing,
        }
    }
}

impl Convert<Label> for view::Label {
    fn convert(self) -> Label {
        match self {
            view::Label::Text(text) => Label::Words { text: text.convert() },
            view::Label::Plain(plain) => Label::Plain { plain },
            view::Label::Time(time) => Label::Time { time: seconds(time) },
            view::Label::Names(names) => Label::Names { names: names.convert() },
        }
    }
}
