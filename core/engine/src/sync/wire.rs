//! What the machine says to a server and hears from it.

use smime::UnixTime;

use super::{Action, ActionFailure, BodyState, Flag, Flags, FolderState, UidSet};

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

/// One change on the device. Effects are carried out in order, each whole or not at all; all that were handed out are
/// on the disk before the [`Command`] that comes after them is sent, and in [`Local`](super::Local) at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Keep how far the folder is known.
    SaveState(FolderState),
    /// Make or change a record; its body stays as it is.
    PutMail {
        /// Which.
        uid: u32,
        /// Flags on the server.
        flags: Flags,
        /// RFC822.SIZE.
        octets: u64,
    },
    /// Keep the octets of the [`Event::Body`] that was just given, after the first `from` octets that are here.
    PutBody {
        /// Which.
        uid: u32,
        /// Octets kept before.
        from: u64,
        /// How much is here then.
        state: BodyState,
    },
    /// The body can't be had; what is here of it goes.
    FailBody {
        /// Which.
        uid: u32,
        /// To be stored.
        state: BodyState,
    },
    /// Remove records and bodies.
    RemoveMails(UidSet),
    /// Remove all records and bodies of the folder: the server numbered anew. Actions stay.
    ResetFolder,
    /// Keep how far an action is.
    SaveAction(Action),
    /// Forget an action: it is done.
    ActionDone(u64),
    /// Forget an action and tell its owner.
    ActionFailed(u64, ActionFailure),
}

/// What SELECT said, when it was answered with OK.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT; some servers leave it out.
    pub uid_next: Option<u32>,
    /// How many mails.
    pub exists: u64,
    /// HIGHESTMODSEQ; `None` also for NOMODSEQ.
    pub highest_modseq: Option<u64>,
    /// PERMANENTFLAGS that can be stored; `None`: not said, so all (RFC 9051 section 7.1).
    pub permanent_flags: Option<Flags>,
    /// PERMANENTFLAGS has `\*`: new keywords can be made.
    pub new_keywords: bool,
    /// READ-ONLY.
    pub read_only: bool,
}

/// A response code that matters here (RFC 9051 section 7.1, RFC 5530).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Pairs of UIDs: here, and of the copy.
    CopyUid(Vec<(u32, u32)>),
    /// The folder could be made.
    TryCreate,
    /// There is no such folder.
    NonExistent,
    /// OVERQUOTA
    OverQuota,
    /// NOPERM
    NoPerm,
    /// UNAVAILABLE, INUSE, LIMIT, SERVERBUG: later.
    Busy,
    /// EXPUNGEISSUED: some mails are gone.
    ExpungeIssued,
}

impl Selected {
    /// A flag set here stays set.
    pub(super) fn keeps(&self, flag: &Flag) -> bool {
        let is_keyword = matches!(flag, Flag::Forwarded | Flag::Junk | Flag::NotJunk | Flag::Keyword(_));
        self.permanent_flags.as_ref().is_none_or(|kept| kept.has(flag)) || (self.new_keywords && is_keyword)
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// OK
    Ok,
    /// NO
    No,
    /// BAD
    Bad,
}

/// What happened. Untagged answers are given in order as they come, then [`Event::Done`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `* OK [CLOSED]`: what comes next belongs to the folder that is being opened.
    Closed,
    /// SELECT was answered with OK: everything it said; instead of [`Event::Done`].
    Selected(Selected),
    /// `* ENABLED QRESYNC`
    Enabled,
    /// `* n EXISTS` after the folder is open.
    Exists(u64),
    /// `* n EXPUNGE`
    Expunged,
    /// `* VANISHED`, with or without `(EARLIER)`.
    Vanished {
        /// These are not new: the count of mails does not change.
        earlier: bool,
        /// Which.
        uids: UidSet,
    },
    /// `* n FETCH` with flags.
    Fetched {
        /// `None`: the server did not say which.
        uid: Option<u32>,
        /// Flags.
        flags: Flags,
        /// RFC822.SIZE.
        octets: Option<u64>,
    },
    /// `* SEARCH` or `* ESEARCH`.
    Found(UidSet),
    /// `* STATUS`
    Status {
        /// UIDVALIDITY of the other folder.
        uid_validity: u32,
        /// Its UIDNEXT.
        uid_next: u32,
    },
    /// Octets of a mail are here, as [`Command::FetchBodies`] or [`Command::FetchRange`] asked for them.
    Body {
        /// Which.
        uid: u32,
        /// How many octets came.
        octets: u64,
    },
    /// The tagged answer.
    Done(Answer, Option<Code>),
    /// Answers were dropped on the way: nothing that was said since the folder was opened can be counted on.
    Dropped,
    /// The answer can't be read; the connection is of no use any more.
    Unreadable,
    /// The connection is gone.
    Disconnected,
    /// The time, at least once a minute while a folder is watched.
    Tick(UnixTime),
    /// There is a new action.
    Acted,
    /// The user wants to read this mail now, whatever its age.
    Wanted(u32),
}
