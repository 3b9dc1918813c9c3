//! What the device keeps of a folder, and how the machine looks at it.

use serde::{Deserialize, Serialize};
use smime::UnixTime;

use super::{Action, Flags, UidSet};

/// Days after which a mail whose body could not be read is asked for again: a newer version may read it.
const RETRY_DAYS: [u64; 3] = [1, 7, 30];

/// How far the device knows a folder; stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderState {
    /// UIDs mean something only under this number (RFC 9051 section 2.3.1.1).
    pub uid_validity: u32,
    /// Every mail below this UID that is on the server has a record.
    pub uid_next: u32,
    /// Every change up to this modification sequence is in the records (RFC 7162).
    pub highest_modseq: Option<u64>,
}

/// How much of a mail's octets is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyState {
    /// Nothing.
    None,
    /// The first so many octets.
    Partial(u64),
    /// All.
    Whole,
    /// The server's answer can't be used: it breaks the reader, or never comes whole.
    Failed {
        /// How often.
        times: u32,
        /// Last time.
        at: UnixTime,
    },
}

impl BodyState {
    /// It failed once more.
    pub(super) fn failed(self, now: UnixTime) -> BodyState {
        let times = if let BodyState::Failed { times, .. } = self { times } else { 0 };
        BodyState::Failed { times: times.saturating_add(1), at: now }
    }

    /// It may be asked for at `now`.
    pub(super) fn is_due(self, now: UnixTime) -> bool {
        match self {
            BodyState::Whole => false,
            BodyState::None | BodyState::Partial(_) => true,
            BodyState::Failed { times, at } => {
                let index = usize::try_from(times.saturating_sub(1)).unwrap_or(usize::MAX);
                let days = RETRY_DAYS.get(index).or(RETRY_DAYS.last()).copied().unwrap_or(30);
                // Before it failed: the clock was ahead then.
                now >= at.plus(days * 86_400) || now < at
            }
        }
    }
}

/// What is known of a mail, as the server said last; what the user did since is in the [`Action`]s.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalMail {
    /// Flags on the server.
    pub flags: Flags,
    /// RFC822.SIZE; some servers are wrong about it.
    pub octets: u64,
    /// How much of it is here.
    pub body: BodyState,
}

/// The records of one folder. Every [`Effect`](super::Effect) that was handed out before is visible here.
pub trait Local {
    /// How far the folder is known; `None` before the first time.
    fn state(&self) -> Option<FolderState>;
    /// UIDs of all mails that have a record.
    fn uids(&self) -> UidSet;
    /// One record.
    fn mail(&self, uid: u32) -> Option<LocalMail>;
    /// UIDs of the mails whose body is not whole. Overridden where an index knows it.
    fn without_body(&self) -> UidSet {
        let lacks = |uid: &u32| self.mail(*uid).is_some_and(|mail| mail.body != BodyState::Whole);
        self.uids().iter().filter(lacks).collect()
    }
    /// The pending actions on mails of this folder, oldest first.
    fn actions(&self) -> Vec<Action>;
}
