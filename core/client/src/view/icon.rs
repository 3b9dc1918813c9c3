//! Icons of the design.

use serde::Serialize;

/// Icons of the design, by the names of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Icon {
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
