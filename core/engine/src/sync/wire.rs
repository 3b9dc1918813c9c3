//! What the machine changes on the device and hears from a server.

use smime::UnixTime;

#[cfg(doc)]
use super::Command;
use super::{Action, ActionFailure, BodyState, Flag, Flags, FolderState, UidSet};

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
