//! What the screens are made from, and those that need no account.

use client::view::{self, KeysStep};

use super::{AddressScreen, Banner, KeysScreen, PasswordScreen};
use crate::approvals::{Deciding, Word};
use crate::core::ProgressStep;
use crate::error::{CoreError, addresses};
use crate::mirror::{Convert, mirror};

/// When, as the user's day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Clock {
    /// Now: seconds since 1970.
    pub now: i64,
    /// Seconds that the local time is ahead of UTC.
    pub utc_offset: i32,
}

/// How the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Connection {
    /// Mail is being fetched for the first time.
    Loading,
    /// All is well.
    Online,
    /// No network.
    Offline,
    /// The server does not answer.
    Failed {
        /// Last successful sync: seconds since 1970.
        last: Option<i64>,
    },
}

mirror! {
    both
    /// What the camera may do.
    CameraState = client::view::CameraState {
        /// It runs.
        Ready,
        /// It is not allowed; the own code still works.
        Denied,
    }
}

/// What is being written, as far as its screen depends on it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct WrittenMail {
    /// It asks for an approval.
    pub asks_approval: bool,
    /// To, or the route in order.
    pub to: Vec<String>,
    /// Cc, or who is informed.
    pub cc: Vec<String>,
    /// Subject.
    pub subject: String,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// Deadline: seconds since 1970.
    pub deadline: Option<i64>,
    /// Sending without encryption is allowed here.
    pub allows_plain: bool,
}

/// Screen 01. `error` is why the address was of no use.
#[uniffi::export]
pub fn address_screen(address: String, is_searching: bool, error: Option<CoreError>) -> AddressScreen {
    view::address_screen(&address, is_searching, error.and_then(|error| error.as_client()).as_ref()).convert()
}

/// Screen 02. `server` is the host that answered over TLS.
#[uniffi::export]
pub fn password_screen(
    address: String,
    server: Option<String>,
    is_working: bool,
    error: Option<CoreError>,
) -> PasswordScreen {
    let error = error.and_then(|error| error.as_client());
    view::password_screen(&address, server.as_deref(), is_working, error.as_ref()).convert()
}

/// Screen 03 while the keys are made. Once they are there: [`QrExchange::keys_screen`](crate::QrExchange::keys_screen).
#[uniffi::export]
pub fn keys_progress_screen(step: ProgressStep) -> KeysScreen {
    view::keys_screen(KeysStep::Working(step.into()), None).convert()
}

/// Screen 03 when they could not be made; nothing for an error that is nobody's but the app's.
#[uniffi::export]
pub fn keys_failed_screen(error: CoreError) -> Option<KeysScreen> {
    let error = error.as_client()?;
    Some(view::keys_screen(KeysStep::Failed(&error), None).convert())
}

/// What is said when a decision could not be signed; nothing when the person cancelled.
#[uniffi::export]
pub fn undecided_banner(error: CoreError, word: Word) -> Option<Banner> {
    view::confirm_result(Err(&error.as_client()?), word.into()).convert()
}

fn time(seconds: i64) -> client::UnixTime {
    client::UnixTime::from_secs(u64::try_from(seconds).unwrap_or(0))
}

impl From<Clock> for view::Clock {
    fn from(clock: Clock) -> Self {
        view::Clock { now: time(clock.now), utc_offset: clock.utc_offset }
    }
}

impl From<Connection> for view::Connection {
    fn from(connection: Connection) -> Self {
        match connection {
            Connection::Loading => view::Connection::Loading,
            Connection::Online => view::Connection::Online,
            // How many decisions wait is known below.
            Connection::Offline => view::Connection::Offline { queued: 0 },
            Connection::Failed { last } => view::Connection::Failed { last: last.map(time) },
        }
    }
}

impl TryFrom<WrittenMail> for client::WrittenMail {
    type Error = CoreError;

    fn try_from(mail: WrittenMail) -> Result<Self, CoreError> {
        Ok(client::WrittenMail {
            asks_approval: mail.asks_approval,
            to: addresses(&mail.to)?,
            cc: addresses(&mail.cc)?,
            subject: mail.subject,
            deciding: mail.deciding.into(),
            deadline: mail.deadline.map(time),
            allows_plain: mail.allows_plain,
        })
    }
}
