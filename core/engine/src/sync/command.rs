//! Commands for a server.

use super::{Flags, UidSet};

/// How a folder is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resume {
    /// Without modification sequences.
    Plain,
    /// With them (RFC 7162 section 3.1.8).
    CondStore,
    /// And with what is known, so that the server says what changed (RFC 7162 section 3.2.5).
    QResync {
        /// UIDVALIDITY known.
        uid_validity: u32,
        /// Everything up to here is known.
        modseq: u64,
        /// The UIDs known, when they can be written shortly.
        known: Option<UidSet>,
    },
}

/// One command for the server. Only one is under way at a time; the next comes with the answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// ENABLE QRESYNC
    Enable,
    /// SELECT
    Select {
        /// Which folder.
        folder: String,
        /// How.
        resume: Resume,
    },
    /// UID, flags and size of every mail.
    ListAll,
    /// The same of those that changed after a modification sequence.
    ListChanged {
        /// The modification sequence.
        since: u64,
    },
    /// The same from a UID on.
    ListNew {
        /// The first.
        from: u32,
    },
    /// The same of some.
    ListSome {
        /// Which.
        uids: UidSet,
    },
    /// The UIDs of every mail.
    SearchAll,
    /// Whole mails, without marking them as read.
    FetchBodies {
        /// Which.
        uids: UidSet,
    },
    /// A part of one mail, without marking it as read.
    FetchRange {
        /// Which.
        uid: u32,
        /// First octet, from 0.
        from: u64,
        /// How many octets at most.
        octets: u64,
    },
    /// Sets or clears flags; the server answers with the flags it has then.
    StoreFlags {
        /// Of which mails.
        uids: UidSet,
        /// Sets rather than clears.
        add: bool,
        /// Which flags.
        flags: Flags,
    },
    /// UID COPY
    Copy {
        /// Which.
        uids: UidSet,
        /// Folder.
        to: String,
    },
    /// UID MOVE
    Move {
        /// Which.
        uids: UidSet,
        /// Folder.
        to: String,
    },
    /// UID EXPUNGE: of these only those with `\Deleted`.
    Expunge {
        /// Which.
        uids: UidSet,
    },
    /// Mails of the open folder from a UID on with this Message-ID and this size.
    SearchMessageId {
        /// The first UID.
        from: u32,
        /// Printable ASCII without quotes.
        message_id: String,
        /// RFC822.SIZE.
        octets: u64,
    },
    /// UIDVALIDITY and UIDNEXT of another folder.
    Status {
        /// Which.
        folder: String,
    },
    /// NOOP
    Noop,
    /// IDLE; its answer is [`Event::Done`], after [`Command::EndIdle`] or by the server's own will.
    Idle,
    /// DONE, while [`Command::Idle`] is under way.
    EndIdle,
}

impl Command {
    /// The command as it is written after the tag, without the end of line. `name` writes the name of a folder as the
    /// connection needs it, with quotes (modified UTF-7, or UTF-8 once that is enabled).
    pub fn text(&self, name: impl Fn(&str) -> String) -> String {
        const LISTING: &str = "(UID FLAGS RFC822.SIZE)";
        match self {
            Command::Enable => "ENABLE QRESYNC".to_owned(),
            Command::Select { folder, resume: Resume::Plain } => format!("SELECT {}", name(folder)),
            Command::Select { folder, resume: Resume::CondStore } => {
                format!("SELECT {} (CONDSTORE)", name(folder))
            }
            Command::Select { folder, resume: Resume::QResync { uid_validity, modseq, known } } => {
                let known = known.as_ref().map(|uids| format!(" {uids}")).unwrap_or_default();
                format!("SELECT {} (QRESYNC ({uid_validity} {modseq}{known}))", name(folder))
            }
            Command::ListAll => format!("UID FETCH 1:* {LISTING}"),
            Command::ListChanged { since } => format!("UID FETCH 1:* {LISTING} (CHANGEDSINCE {since})"),
            Command::ListNew { from } => format!("UID FETCH {from}:* {LISTING}"),
            Command::ListSome { uids } => format!("UID FETCH {uids} {LISTING}"),
            Command::SearchAll => "UID SEARCH ALL".to_owned(),
            Command::FetchBodies { uids } => format!("UID FETCH {uids} (UID BODY.PEEK[])"),
            Command::FetchRange { uid, from, octets } => {
                format!("UID FETCH {uid} (UID BODY.PEEK[]<{from}.{octets}>)")
            }
            Command::StoreFlags { uids, add, flags } => {
                format!("UID STORE {uids} {}FLAGS {flags}", if *add { '+' } else { '-' })
            }
            Command::Copy { uids, to } => format!("UID COPY {uids} {}", name(to)),
            Command::Move { uids, to } => format!("UID MOVE {uids} {}", name(to)),
            Command::Expunge { uids } => format!("UID EXPUNGE {uids}"),
            Command::SearchMessageId { from, message_id, octets } => {
                let (more, less) = (octets.saturating_sub(1), octets.saturating_add(1));
                let larger = if *octets == 0 { String::new() } else { format!("LARGER {more} ") };
                format!("UID SEARCH UID {from}:* {larger}SMALLER {less} HEADER Message-ID \"{message_id}\"")
            }
            Command::Status { folder } => format!("STATUS {} (UIDVALIDITY UIDNEXT)", name(folder)),
            Command::Noop => "NOOP".to_owned(),
            Command::Idle => "IDLE".to_owned(),
            Command::EndIdle => "DONE".to_owned(),
        }
    }
}
