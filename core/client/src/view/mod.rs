//! View records: what a screen shows, made here and tested here, so that the apps hold no rules.
//!
//! Words are keys of `bindings/strings/strings.tsv` with what is filled in; the platforms render them in their language,
//! time zone and locale. Icons and tones are names of the design's tables (DESIGN-UI sections 2 and 3). What belongs to
//! somebody (names, subjects, texts, files) is shown as it is, isolated from the text around it (Unicode TR9, FSI and
//! PDI). A part that is absent in a record is not on the screen.
//!
//! [`states`] lists every state of every screen with samples: the platforms' tests go through it.

mod approval;
mod approvals;
mod codes;
mod compose;
mod confirm;
mod contacts;
mod exchange;
mod faults;
mod held;
mod icon;
mod inbox;
mod message;
mod onboarding;
mod reading;
mod route;
mod samples;
mod scan;
mod states;
#[cfg(test)]
mod tests;

use serde::Serialize;
use smime::UnixTime;
use smime::path::Trust;

pub use approval::{
    ApprovalCase, ApprovalScreen, Deadline, DecisionBar, DocumentRow, Me, Remark, Requester, approval_screen,
};
pub use approvals::{ApprovalGroup, ApprovalRow, ApprovalsScreen, Due, Segment, Tag, approvals_screen};
pub use compose::{Choice, ComposeDraft, ComposeScreen, Footer, Recipient, RecipientField, compose_screen};
pub use confirm::{ConfirmSheet, PersonLine, confirm_result, confirm_sheet};
pub use contacts::{ContactRow, ContactsScreen, contact_row, contacts_screen};
pub(crate) use exchange::own_code;
pub use exchange::{CameraState, ExchangeScreen, OwnCode, exchange_screen};
pub use faults::{fault_text, scan_fault};
pub use held::{HeldMail, held_mail};
pub use icon::Icon;
pub use inbox::{Connection, Day, InboxMail, InboxScreen, MailRow, PinnedRow, Waiting, inbox_screen};
pub use message::{MessageStatus, TrustLine, Warning, message_status};
pub use onboarding::{
    AddressScreen, FoundServer, KeysProgress, KeysScreen, KeysStep, PasswordScreen, address_screen,
    keys_screen, password_screen,
};
pub use reading::{Detail, FileRow, MessageMail, MessageScreen, Sender, message_screen};
pub use route::{Member, Route, Share, Step, StepState};
pub use scan::{KnownOrNew, ScanScreen, ScanStep, meeting_screen, person_screen, scan_screen};
pub use states::{Screen, ScreenState, states};

use crate::people::ContactView;

/// A text of the strings table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Its key.
    pub key: &'static str,
    /// What is filled in, by the name of the placeholder, in the order of the English text.
    pub args: Vec<(&'static str, Arg)>,
    /// Shown instead of the part after the last ` · `: the time of a signature that nobody certified.
    pub instead_of_last: Option<&'static str>,
}

/// Something that is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arg {
    /// A display name or, without one, an address.
    Name(String),
    /// A mail address.
    Address(String),
    /// Several people, joined as the language joins a list.
    Names(Vec<Who>),
    /// A point in time. `{date}` is written as a date, `{time}` as a time of day, with the date when it is not today.
    Time(UnixTime),
    /// A day with its time of day.
    Moment(UnixTime),
    /// A number; it chooses the form of a plural.
    Count(u64),
    /// Octets, written in the units of the locale.
    Size(u64),
    /// Anything else, as it is: a host name, a file, a subject.
    Text(String),
}

/// Somebody in a list or a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The account's owner: `c_you` alone, `c_me` in a list.
    Me,
    /// A name or an address.
    Name(String),
}

/// A text, or something of somebody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// From the table.
    Text(Text),
    /// As it is.
    Plain(String),
    /// A date with the time of day.
    Time(UnixTime),
    /// Several people.
    Names(Vec<Who>),
}

/// What a screen reader says instead of what is seen (keys `a_…`). A part that is `Nothing` is left out together with the
/// separator after it; middle dots are read as commas.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spoken {
    /// Its key.
    pub key: &'static str,
    /// What is filled in, in the order of the English text.
    pub args: Vec<(&'static str, Said)>,
}

/// Something that is filled into what is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Another text.
    Text(Text),
    /// As in a text.
    Value(Arg),
    /// Not this time.
    Nothing,
}

/// Roles of colours: of a fill its `-soft` form, of text and icons the colour itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// accent-soft; accent.
    Accent,
    /// info-soft; info.
    Info,
    /// sunken; text2.
    Neutral,
    /// caution-soft; caution.
    Caution,
    /// danger-soft; danger.
    Danger,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Look {
    /// Filled.
    Primary,
    /// Outlined.
    Outline,
    /// Outlined, text in danger.
    Danger,
    /// Text only.
    Plain,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Goes on: the one thing that the screen is for.
    Go,
    /// Goes back, changes nothing.
    Leave,
    /// Tries what failed once more.
    Retry,
    /// Opens the inbox.
    OpenInbox,
    /// Writes a new mail; to this address, when there is one.
    Write(Option<String>),
    /// Replies to the mail.
    Reply,
    /// Replies to everybody.
    ReplyAll,
    /// Forwards the mail.
    Forward,
    /// Opens the sheet that approves.
    Approve,
    /// Opens the sheet that rejects.
    Reject,
    /// Opens the menu of further actions.
    More,
    /// Opens the evidence pack.
    Evidence,
    /// Signs, after the system asked the person.
    Sign,
    /// Sends.
    Send,
    /// Sends without encryption, after asking once.
    SendPlain,
    /// Takes back what was sent, to go on writing.
    Undo,
    /// Opens the exchange of certificates.
    Exchange,
    /// Reads a code from a stored picture.
    Picture,
    /// Uses the front camera.
    FrontCamera,
    /// Turns the light on or off.
    Light,
    /// Opens the system's settings for the camera.
    AllowCamera,
    /// The number on the other phone is the same.
    SameNumber,
    /// The known certificate gives way to the new one.
    TakeNew,
    /// The known certificate stays.
    KeepKnown,
    /// Asks for the servers.
    Servers,
    /// Shows the details, with the technical ones.
    Details,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Button {
    /// On it.
    pub text: Text,
    /// Before the text.
    pub icon: Option<Icon>,
    /// How it looks.
    pub look: Look,
    /// What it does.
    pub does: Does,
    /// It can be pressed.
    pub is_enabled: bool,
}

/// A short state: icon and words of one colour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateLine {
    /// Icon.
    pub icon: Icon,
    /// Colour of both.
    pub tone: Tone,
    /// Words.
    pub text: Text,
}

/// One line that concerns the whole screen; at most one is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Banner {
    /// Icon.
    pub icon: Icon,
    /// Fill.
    pub tone: Tone,
    /// Sentence.
    pub text: Text,
    /// Below it, emphasised.
    pub second: Option<Text>,
    /// What can be done.
    pub button: Option<Button>,
}

/// What stands on a list without rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Empty {
    /// In the circle.
    pub icon: Icon,
    /// Heading.
    pub heading: Text,
    /// One line.
    pub line: Text,
}

/// A row of a menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MenuRow {
    /// Icon.
    pub icon: Icon,
    /// What.
    pub text: Text,
    /// What it means.
    pub second: Option<Text>,
    /// What it does.
    pub does: Does,
}

/// When, as the user's day is. The offset of now is taken for the days before, too: around a change to summer time an hour
/// of another day may count as the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Now.
    pub now: UnixTime,
    /// Seconds that the local time is ahead of UTC.
    pub utc_offset: i32,
}

/// The time of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Today: the time of day.
    Today(UnixTime),
    /// `c_yesterday`.
    Yesterday,
    /// The date.
    Date(UnixTime),
}

const DAY: i64 = 86_400;

impl Clock {
    fn day(self, time: UnixTime) -> i64 {
        i64::try_from(time.secs())
            .unwrap_or(i64::MAX)
            .saturating_add(i64::from(self.utc_offset))
            .div_euclid(DAY)
    }

    /// Days from today to `time`; negative in the past.
    pub(crate) fn days_to(self, time: UnixTime) -> i64 {
        self.day(time).saturating_sub(self.day(self.now))
    }

    pub(crate) fn when(self, time: UnixTime) -> When {
        match self.days_to(time) {
            0 => When::Today(time),
            -1 => When::Yesterday,
            _ => When::Date(time),
        }
    }
}

impl When {
    fn said(self) -> Said {
        match self {
            When::Today(time) | When::Date(time) => Said::Value(Arg::Time(time)),
            When::Yesterday => Said::Text(Text::new("c_yesterday")),
        }
    }
}

impl Text {
    pub(crate) fn new(key: &'static str) -> Self {
        Text { key, args: Vec::new(), instead_of_last: None }
    }

    pub(crate) fn with(mut self, name: &'static str, arg: Arg) -> Self {
        self.args.push((name, arg));
        self
    }

    pub(crate) fn named(key: &'static str, name: &str) -> Self {
        Text::new(key).with("name", Arg::Name(name.to_owned()))
    }

    pub(crate) fn counted(key: &'static str, n: usize) -> Self {
        Text::new(key).with("n", count(n))
    }

    pub(crate) fn of(key: &'static str, n: usize, m: usize) -> Self {
        Text::new(key).with("n", count(n)).with("m", count(m))
    }
}

impl Spoken {
    pub(crate) fn new(key: &'static str) -> Self {
        Spoken { key, args: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, said: Said) -> Self {
        self.args.push((name, said));
        self
    }

    pub(crate) fn value(self, name: &'static str, arg: Arg) -> Self {
        self.with(name, Said::Value(arg))
    }

    pub(crate) fn text(self, name: &'static str, text: Text) -> Self {
        self.with(name, Said::Text(text))
    }
}

impl Label {
    fn said(&self) -> Said {
        match self {
            Label::Text(text) => Said::Text(text.clone()),
            Label::Plain(text) => Said::Value(Arg::Text(text.clone())),
            Label::Time(time) => Said::Value(Arg::Time(*time)),
            Label::Names(names) => Said::Value(Arg::Names(names.clone())),
        }
    }
}

impl Button {
    pub(crate) fn new(text: Text, look: Look, does: Does) -> Self {
        Button { text, icon: None, look, does, is_enabled: true }
    }

    pub(crate) fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    pub(crate) fn enabled(mut self, is_enabled: bool) -> Self {
        self.is_enabled = is_enabled;
        self
    }
}

impl StateLine {
    pub(crate) fn new(icon: Icon, tone: Tone, text: Text) -> Self {
        StateLine { icon, tone, text }
    }
}

impl Banner {
    pub(crate) fn new(icon: Icon, tone: Tone, text: Text) -> Self {
        Banner { icon, tone, text, second: None, button: None }
    }
}

fn count(n: usize) -> Arg {
    Arg::Count(u64::try_from(n).unwrap_or(u64::MAX))
}

/// Most letters of a name that are shown.
const MAX_NAME: usize = 64;

/// A display name that may stand for an address: one line, without control characters and without characters that change
/// the direction of what follows; none when nothing is left or when it looks like an address itself.
pub(crate) fn shown_name(name: Option<&str>) -> Option<String> {
    let is_shown = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            && !matches!(c, '\u{61c}' | '\u{feff}' | '\u{ad}')
    };
    let shown: String = name?.chars().filter(is_shown).take(MAX_NAME).collect();
    let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    (!shown.is_empty() && !shown.contains(['@', '\u{ff20}', '\u{fe6b}'])).then_some(shown)
}

/// A stored name that may stand without its address: of somebody who was met, or whom the organisation confirms. Anybody
/// else chose it himself.
pub(crate) fn sure_name(contact: Option<&ContactView>) -> Option<String> {
    let contact = contact.filter(|contact| contact.trust <= Trust::Organisation)?;
    shown_name(contact.name.as_deref())
}

/// What stands for somebody in a circle: two first letters, of a Chinese name its last character.
pub(crate) fn initials(name: &str) -> String {
    let is_han = |c: char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}');
    if let Some(last) = name.chars().last().filter(|last| is_han(*last)) {
        return last.to_string();
    }
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric());
    let letters: Vec<char> = name.split_whitespace().filter_map(first).collect();
    let ends = match letters.as_slice() {
        [first, .., last] => vec![*first, *last],
        few => few.to_vec(),
    };
    ends.into_iter().flat_map(char::to_uppercase).collect()
}
