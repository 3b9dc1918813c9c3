//! What a user did to mails, kept until the server has it.

use crate::wait;
use serde::{Deserialize, Serialize};
use smime::UnixTime;

use super::{Flag, Flags};

/// Attempts after which an action is given up.
pub const MAX_ATTEMPTS: u32 = 16;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// Sets flags.
    AddFlags(Flags),
    /// Clears flags.
    RemoveFlags(Flags),
    /// Moves to a folder.
    Move {
        /// Its name.
        to: String,
    },
    /// Copies to a folder.
    Copy {
        /// Its name.
        to: String,
    },
    /// Moves to the trash; for good when it is there already, or when there is none.
    Delete,
    /// Marks as junk and moves to the junk folder.
    MarkSpam,
    /// Moves to the archive.
    Archive,
}

/// Folders with a purpose (RFC 6154), by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialFolders {
    /// `\Trash`
    pub trash: Option<String>,
    /// `\Junk`
    pub junk: Option<String>,
    /// `\Archive`
    pub archive: Option<String>,
}

/// What to do on the server: flags first, then where the mail goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) add: Flags,
    pub(super) remove: Flags,
    pub(super) then: Then,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Stay,
    Move(String),
    Copy(String),
    Expunge,
}

impl ActionKind {
    /// `None`: there is no folder for it.
    pub(super) fn plan(&self, folder: &str, special: &SpecialFolders) -> Option<Plan> {
        let move_to = |to: &String| if to == folder { Then::Stay } else { Then::Move(to.clone()) };
        let then = |then| Plan { then, ..Plan::default() };
        Some(match self {
            ActionKind::AddFlags(flags) => Plan { add: flags.clone(), ..Plan::default() },
            ActionKind::RemoveFlags(flags) => Plan { remove: flags.clone(), ..Plan::default() },
            ActionKind::Move { to } => then(move_to(to)),
            ActionKind::Copy { to } => then(Then::Copy(to.clone())),
            ActionKind::Delete => match &special.trash {
                Some(trash) if trash != folder => then(Then::Move(trash.clone())),
                _ => then(Then::Expunge),
            },
            ActionKind::MarkSpam => Plan {
                add: Flags::from_iter([Flag::Junk]),
                remove: Flags::from_iter([Flag::NotJunk]),
                then: special.junk.as_ref().map(move_to).unwrap_or_default(),
            },
            ActionKind::Archive => then(move_to(special.archive.as_ref()?)),
        })
    }
}

/// Where one mail of an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// To be done.
    Todo,
    /// The copy is in the other folder; the original is to go.
    Copied,
    /// Nothing is left to do.
    Finished,
    /// Not in its folder any more; perhaps in the other one.
    Missing,
    /// It stays as it is, or was gone before anything could be done.
    Undone,
}

/// One mail of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Under the action's UIDVALIDITY; `None`: to be found again by Message-ID and size.
    pub uid: Option<u32>,
    /// Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// RFC822.SIZE.
    pub octets: u64,
    /// Where it stands.
    pub state: TargetState,
}

impl Target {
    /// A mail that something is to be done to.
    pub fn new(uid: u32, message_id: Option<String>, octets: u64) -> Self {
        Target { uid: Some(uid), message_id, octets, state: TargetState::Todo }
    }

    /// What it can be searched by: nothing that could leave the quotes of a command, and nothing that is in every
    /// mail.
    pub(super) fn key(&self) -> Option<(String, u64)> {
        let is_plain = |octet: u8| octet.is_ascii_graphic() && !b"\"\\".contains(&octet);
        let id = self.message_id.as_ref()?;
        (id.len() >= 3 && id.len() <= 900 && id.bytes().all(is_plain)).then(|| (id.clone(), self.octets))
    }
}

/// Whether it is known what the server did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Everything that was sent was answered.
    Certain,
    /// A MOVE was sent. It moves a mail or leaves it (RFC 6851 section 3.3): what is still here was not moved.
    Moving {
        /// Folder.
        to: String,
    },
    /// A COPY was sent. The copies, if any, have UIDs from `uid_next` on.
    Copying {
        /// Folder.
        to: String,
        /// UIDVALIDITY of the other folder before.
        uid_validity: u32,
        /// Its UIDNEXT before.
        uid_next: u32,
    },
}

/// Why an action could not be done, or not to all its mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionFailure {
    /// The server refused.
    Refused,
    /// There is no such folder.
    NoSuchFolder,
    /// No space left on the server.
    OverQuota,
    /// The folder may only be read.
    ReadOnly,
    /// The server does not keep such flags.
    FlagsNotKept,
    /// The mail was deleted or moved by somebody else before.
    Gone,
    /// The server numbered anew and the mail can't be told from others.
    NotFoundAgain,
    /// A copy may have been made; the server numbered anew before that could be seen, or the mail has no Message-ID to
    /// look for. Nothing was deleted.
    Unknown,
    /// The server was busy too often.
    TooManyAttempts,
}

/// One thing that a user did; stored before the user sees it done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Number within the account, ascending.
    pub id: u64,
    /// The folder of the mails.
    pub folder: String,
    /// Under which the UIDs are meant.
    pub uid_validity: u32,
    /// The mails.
    pub targets: Vec<Target>,
    /// What was done.
    pub kind: ActionKind,
    /// Its flags are on the server.
    pub is_flagged: bool,
    /// Whether it is known what the server did.
    pub certainty: Certainty,
    /// The first thing that went wrong.
    pub failure: Option<ActionFailure>,
    /// Failed attempts since something went well.
    pub attempts: u32,
    /// Not before this time.
    pub not_before: UnixTime,
}

impl Action {
    /// A new action on mails of `folder`.
    pub fn new(id: u64, folder: &str, uid_validity: u32, targets: Vec<Target>, kind: ActionKind) -> Self {
        Action {
            id,
            folder: folder.to_owned(),
            uid_validity,
            targets,
            kind,
            is_flagged: false,
            certainty: Certainty::Certain,
            failure: None,
            attempts: 0,
            not_before: UnixTime::from_secs(0),
        }
    }

    /// The targets at the UIDs that `wanted` takes get another state.
    pub(super) fn mark(&mut self, wanted: impl Fn(u32) -> bool, from: TargetState, to: TargetState) {
        let hit = |target: &&mut Target| target.state == from && target.uid.is_some_and(&wanted);
        self.targets.iter_mut().filter(hit).for_each(|target| target.state = to);
    }

    /// Everything in this state gets another.
    pub(super) fn mark_all(&mut self, from: TargetState, to: TargetState) {
        let hit = |target: &&mut Target| target.state == from;
        self.targets.iter_mut().filter(hit).for_each(|target| target.state = to);
    }

    /// UIDs in this state.
    pub(super) fn uids(&self, state: TargetState) -> super::UidSet {
        self.targets.iter().filter(|target| target.state == state).filter_map(|target| target.uid).collect()
    }

    /// Nothing is left to do with any mail.
    pub(super) fn is_over(&self) -> bool {
        self.targets.iter().all(|target| matches!(target.state, TargetState::Finished | TargetState::Undone))
    }

    /// Shares a mail with another: they are done in order.
    pub(super) fn touches(&self, other: &Action) -> bool {
        self.targets.iter().any(|target| {
            other.targets.iter().any(|theirs| match (target.uid, theirs.uid) {
                (Some(a), Some(b)) => a == b,
                _ => target.message_id == theirs.message_id,
            })
        })
    }

    /// It may be tried at `now`.
    pub fn is_due(&self, now: UnixTime) -> bool {
        wait::is_due(self.not_before, now)
    }

    /// Not now: wait longer each time (5 s, 10, 20, … at most 4 hours).
    pub(super) fn postpone(&mut self, now: UnixTime) {
        self.not_before = wait::next(5, self.attempts, now);
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts >= MAX_ATTEMPTS {
            self.give_up(match self.certainty {
                Certainty::Copying { .. } => ActionFailure::Unknown,
                _ => ActionFailure::TooManyAttempts,
            });
        }
    }

    /// What is not done stays undone. A copy whose original is still to go keeps both.
    pub(super) fn give_up(&mut self, failure: ActionFailure) {
        self.failure.get_or_insert(failure);
        self.certainty = Certainty::Certain;
        self.mark_all(TargetState::Todo, TargetState::Undone);
        self.mark_all(TargetState::Copied, TargetState::Undone);
        self.mark_all(TargetState::Missing, TargetState::Undone);
    }

    /// Mails that were to be moved or copied are gone. Whoever wanted them deleted has what they wanted.
    pub(super) fn lost(&mut self, wanted: impl Fn(&Target) -> bool) {
        let hit = |target: &&mut Target| {
            matches!(target.state, TargetState::Todo | TargetState::Missing) && wanted(target)
        };
        let mut any = false;
        for target in self.targets.iter_mut().filter(hit) {
            target.state = TargetState::Undone;
            any = true;
        }
        if any && self.kind != ActionKind::Delete {
            self.failure.get_or_insert(ActionFailure::Gone);
        }
    }
}
