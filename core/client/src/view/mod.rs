//! View records: what a screen shows, made here and tested here, so that the apps hold no rules.
//!
//! Words are keys of `bindings/strings/strings.tsv` with what is filled in; the platforms render them in their language,
//! time zone and locale. Icons and tones are names of the design's tables (DESIGN-UI sections 2 and 3).

mod message;

use serde::Serialize;
use smime::UnixTime;

pub use message::{MessageStatus, TrustLine, Warning, message_status};

/// A text of the strings table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Its key.
    pub key: &'static str,
    /// What is filled in, by the name of the placeholder.
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
    /// A point in time; the platform writes date or time of day as the placeholder is named.
    Time(UnixTime),
}

/// Icons of the design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Icon {
    /// Met in person.
    Seal,
    /// Certificate from a card, a mail or the company.
    Card,
    /// Encrypted only.
    Lock,
    /// Neither, or no certificate.
    LockOpen,
    /// Something needs attention.
    Warn,
}

/// Roles of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
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

impl Text {
    pub(crate) fn new(key: &'static str) -> Self {
        Text { key, args: Vec::new(), instead_of_last: None }
    }

    pub(crate) fn with(mut self, name: &'static str, arg: Arg) -> Self {
        self.args.push((name, arg));
        self
    }
}
