//! What goes into a meeting and what comes out of it.

use serde::{Deserialize, Serialize};
use smime::EmailAddress;
use smime::signed::SignedData;

use crate::people::Anchor;
use crate::qr::Card;

/// Names one meeting of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MeetingId {
    /// Who showed the code.
    pub role: Role,
    /// T-id: the first 8 octets of SHA-256(T).
    #[serde(with = "crate::qr::octets")]
    pub token: [u8; 8],
}

/// What this device is in a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It showed the code (A).
    Shower,
    /// It scanned the code (B).
    Scanner,
}

/// What is known of the other person in a meeting; shown with the address, never the name alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Address.
    pub address: EmailAddress,
    /// Display name: from the scanned code, else from the mail.
    pub name: Option<String>,
    /// Anchor.
    pub anchor: Anchor,
    /// Public encryption key: compressed P-256 point.
    #[serde(with = "crate::qr::octets")]
    pub ek: [u8; 33],
}

/// A person met: confirmed here, and the answer came from that address and that anchor. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetPerson {
    pub(super) person: Person,
    pub(super) anchor_certificate: Vec<u8>,
}

impl MetPerson {
    /// Who.
    pub fn person(&self) -> &Person {
        &self.person
    }
    /// DER of the anchor: the personal root, or the CA that speaks for exactly this address.
    pub fn anchor_certificate(&self) -> &[u8] {
        &self.anchor_certificate
    }
}

/// A mail to be sent: signed with the mail key (chain and anchor carried), encrypted to `key` alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Same id = same mail. The client keeps the finally sent octets under it and sends those again.
    pub id: SendId,
    /// Recipient.
    pub to: EmailAddress,
    /// Recipient's key, compressed P-256 point; named by SubjectKeyIdentifier.
    pub key: [u8; 33],
    /// Body of the part of type [`CONTENT_TYPE`](super::CONTENT_TYPE).
    pub payload: Vec<u8>,
}

/// Names a mail of a meeting, for example `meet-1-0011223344556677`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SendId(pub String);

/// What the client does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a mail, or send it again when its id was sent before.
    Send(Outgoing),
    /// The person's code was scanned: "scanned, address not yet confirmed". Mail to them may be encrypted.
    Scanned {
        /// The meeting.
        id: MeetingId,
        /// Who.
        person: Person,
    },
    /// Ask: "Bob <bob@x>, 4821: same on his phone?" Yes is [`Meetings::confirm_number`](super::Meetings::confirm_number), no is [`Meetings::decline`](super::Meetings::decline).
    AskNumber {
        /// The meeting.
        id: MeetingId,
        /// Who says so.
        person: Person,
        /// What their phone must show.
        number: Number,
    },
    /// The number isn't enough any more: ask to scan the person's code, or keep them as a card.
    AskScanBack {
        /// The meeting.
        id: MeetingId,
        /// Who.
        person: Person,
    },
    /// Another anchor is known for this address. Nothing changes before [`Meetings::agree`](super::Meetings::agree).
    AskBeforeChange {
        /// The meeting.
        id: MeetingId,
        /// Who, with the new anchor.
        person: Person,
        /// The anchor known so far.
        known: Anchor,
    },
    /// The person is met.
    Met {
        /// The meeting.
        id: MeetingId,
        /// Who.
        met: MetPerson,
    },
    /// Show a warning.
    Warn(Warning),
}

/// What a person is warned of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Two people answered one code of ours: somebody photographed it. Neither is met by it; show a new code.
    SecondAnchor {
        /// Who answered first.
        first: EmailAddress,
        /// Who answered second.
        second: EmailAddress,
    },
    /// The code that we scanned was also answered by somebody else. Scan a new one.
    CodeBurnt {
        /// Whose code it was.
        address: EmailAddress,
    },
}

/// The four digits that both people compare, `0000` to `9999`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(pub(super) u16);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

/// What a scan led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanOutcome {
    /// Only a card: pin it as such (and ask first if another anchor is known). Never "met".
    Card {
        /// Whose.
        card: Card,
        /// Why not a meeting.
        why: CardReason,
    },
    /// A code for the account's own address.
    Own,
    /// A meeting has begun.
    Meeting {
        /// The meeting.
        id: MeetingId,
        /// To show on this device.
        number: Number,
        /// What to do next.
        actions: Vec<Action>,
    },
}

/// Why a scanned code is only a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardReason {
    /// It is one.
    IsCard,
    /// A meeting code older than 15 minutes.
    Expired,
    /// A meeting code from the future: one of the clocks is wrong.
    FromTheFuture,
    /// Its T was scanned before in somebody else's code: one of the two copied it.
    Copied,
}

/// A mail that carries a meeting message, as received and decrypted.
#[derive(Clone, Copy, Debug)]
pub struct SignedMail<'a> {
    /// The SignedData at the root of the (decrypted) mail.
    pub signed: &'a SignedData,
    /// The octets that it covers (encapsulated or detached).
    pub content: &'a [u8],
    /// Decoded body of the one part of type [`CONTENT_TYPE`](super::CONTENT_TYPE) within `content`.
    pub payload: &'a [u8],
    /// The single From address within `content`'s protected headers.
    pub from: &'a EmailAddress,
    /// Display name of that From.
    pub from_name: Option<&'a str>,
}

/// Where a meeting stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The meeting.
    pub id: MeetingId,
    /// Who.
    pub person: Person,
    /// State.
    pub stage: Stage,
    /// To compare; none once it is not needed.
    pub number: Option<Number>,
}

/// State of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// We scanned; the address is not yet confirmed.
    Scanned,
    /// They scanned; our confirmation (scan or number) is missing.
    AwaitingConfirmation,
    /// We confirmed; their last mail is missing.
    AwaitingAnswer,
    /// Another anchor is known; [`Meetings::agree`](super::Meetings::agree) is missing.
    AwaitingAgreement,
    /// Met.
    Met,
    /// Two people answered one code.
    Burnt,
    /// Declined by the user.
    Declined,
}

/// A confirmation or agreement that can't be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeetingError {
    /// No such meeting, or it waits for nothing of the kind.
    #[error("this meeting doesn't wait for that")]
    NotWaiting,
    /// More than 10 minutes after the code was made.
    #[error("the number is too old: scan the other person's code instead")]
    NumberTooOld,
}
