//! Parts of several screens.

use super::{Text, record};
use crate::mirror::{Convert, mirror};

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

mirror! {
    /// How a button looks.
    Look = client::view::Look {
        /// Filled.
        Primary,
        /// Outlined.
        Outline,
        /// Outlined, text in danger.
        Danger,
        /// Text only.
        Plain,
    }
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
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
    Write {
        /// It.
        address: Option<String>,
    },
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

record! {
    /// A button.
    Button = client::view::Button {
        /// On it.
        text: Text,
        /// Before the text.
        icon: Option<Icon>,
        /// How it looks.
        look: Look,
        /// What it does.
        does: Does,
        /// It can be pressed.
        is_enabled: bool,
    }
}

record! {
    /// A short state: icon and words of one colour.
    StateLine = client::view::StateLine {
        /// Icon.
        icon: Icon,
        /// Colour of both.
        tone: Tone,
        /// Words.
        text: Text,
    }
}

record! {
    /// One line that concerns the whole screen; at most one is shown.
    Banner = client::view::Banner {
        /// Icon.
        icon: Icon,
        /// Fill.
        tone: Tone,
        /// Sentence.
        text: Text,
        /// Below it, emphasised.
        second: Option<Text>,
        /// What can be done.
        button: Option<Button>,
    }
}

record! {
    /// What stands on a list without rows.
    Empty = client::view::Empty {
        /// In the circle.
        icon: Icon,
        /// Heading.
        heading: Text,
        /// One line.
        line: Text,
    }
}

record! {
    /// A row of a menu.
    MenuRow = client::view::MenuRow {
        /// Icon.
        icon: Icon,
        /// What.
        text: Text,
        /// What it means.
        second: Option<Text>,
        /// What it does.
        does: Does,
    }
}

impl Convert<Does> for client::view::Does {
    fn convert(self) -> Does {
        use client::view::Does as Client;
        match self {
            Client::Go => Does::Go,
            Client::Leave => Does::Leave,
            Client::Retry => Does::Retry,
            Client::OpenInbox => Does::OpenInbox,
            Client::Write(address) => Does::Write { address },
            Client::Reply => Does::Reply,
            Client::ReplyAll => Does::ReplyAll,
            Client::Forward => Does::Forward,
            Client::Approve => Does::Approve,
            Client::Reject => Does::Reject,
            Client::More => Does::More,
            Client::Evidence => Does::Evidence,
            Client::Sign => Does::Sign,
            Client::Send => Does::Send,
            Client::SendPlain => Does::SendPlain,
            Client::Undo => Does::Undo,
            Client::Exchange => Does::Exchange,
            Client::Picture => Does::Picture,
            Client::FrontCamera => Does::FrontCamera,
            Client::Light => Does::Light,
            Client::AllowCamera => Does::AllowCamera,
            Client::SameNumber => Does::SameNumber,
            Client::TakeNew => Does::TakeNew,
            Client::KeepKnown => Does::KeepKnown,
            Client::Servers => Does::Servers,
            Client::Details => Does::Details,
        }
    }
}
