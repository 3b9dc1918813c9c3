//! What a user sees: the server's last word, and on top of it what the user did since.

use super::action::{Action, SpecialFolders, Target, TargetState, Then};
use super::{Flag, Flags};

/// A mail as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Flags. Those that a pending action names are as the action says, the last one wins; the others are the
    /// server's.
    pub flags: Flags,
    /// It is on its way to another folder, or deleted: not shown here.
    pub is_leaving: bool,
}

/// A mail of a folder, as it is known here.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The folder.
    pub folder: &'a str,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The mail.
    pub uid: u32,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<&'a str>,
    /// RFC822.SIZE.
    pub octets: u64,
    /// Flags on the server.
    pub flags: &'a Flags,
}

impl Seen<'_> {
    /// Also when the server numbered anew and the action has not found its mail again yet.
    fn is(&self, action: &Action, target: &Target) -> bool {
        match target.uid.filter(|_| action.uid_validity == self.uid_validity) {
            Some(uid) => uid == self.uid,
            None => target.octets == self.octets && target.message_id.as_deref() == self.message_id,
        }
    }
}

/// How a mail is shown. `actions` are the pending ones of its folder, oldest first.
pub fn shown(mail: &Seen<'_>, actions: &[Action], special: &SpecialFolders) -> Shown {
    let mut flags = mail.flags.clone();
    let mut is_leaving = false;
    for action in actions {
        let Some(plan) = action.kind.plan(mail.folder, special) else { continue };
        let is_it = |target: &&Target| mail.is(action, target) && target.state != TargetState::Undone;
        if action.targets.iter().any(|target| is_it(&target)) {
            flags.add(&plan.add);
            flags.remove(&plan.remove);
            is_leaving |= matches!(plan.then, Then::Move(_) | Then::Expunge);
        }
    }
    is_leaving |= flags.has(&Flag::Deleted);
    Shown { flags, is_leaving }
}

/// Mails on their way to `folder`: (folder, UID there) of each, shown here before the server has them here.
pub fn arriving<'a>(
    folder: &'a str,
    actions: &'a [Action],
    special: &'a SpecialFolders,
) -> impl Iterator<Item = (&'a str, u32)> {
    let pending = actions.iter().filter(move |action| {
        let plan = action.kind.plan(&action.folder, special).unwrap_or_default();
        let goes_here = match &plan.then {
            Then::Move(to) | Then::Copy(to) => to == folder,
            Then::Stay | Then::Expunge => false,
        };
        goes_here && action.failure.is_none()
    });
    pending.flat_map(|action| {
        let todo = action.targets.iter().filter(|target| target.state == TargetState::Todo);
        todo.filter_map(move |target| Some((action.folder.as_str(), target.uid?)))
    })
}
