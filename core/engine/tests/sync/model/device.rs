//! The device: what is on its disk survives a crash, nothing else does.

use std::collections::BTreeMap;

use engine::sync::{Action, ActionFailure, BodyState, Effect, FolderState, Local, LocalMail, UidSet};

use super::server::Origin;

#[derive(Clone, Debug)]
pub struct Kept {
    pub mail: LocalMail,
    /// Whose octets, and how many.
    pub body: Option<(Origin, u64)>,
}

#[derive(Default, Debug)]
pub struct DiskFolder {
    pub state: Option<FolderState>,
    pub mails: BTreeMap<u32, Kept>,
}

#[derive(Default, Debug)]
pub struct Disk {
    pub folders: BTreeMap<String, DiskFolder>,
    pub actions: Vec<Action>,
    /// Every end of an action that was told.
    pub ended: Vec<(u64, Option<ActionFailure>)>,
}

impl Disk {
    pub fn apply(&mut self, name: &str, effect: Effect, body: Option<(Origin, u64)>) {
        let folder = self.folders.entry(name.to_owned()).or_default();
        match effect {
            Effect::SaveState(state) => folder.state = Some(state),
            Effect::PutMail { uid, flags, octets } => {
                let new = LocalMail { flags: flags.clone(), octets, body: BodyState::None };
                let kept = folder.mails.entry(uid).or_insert(Kept { mail: new, body: None });
                (kept.mail.flags, kept.mail.octets) = (flags, octets);
            }
            Effect::PutBody { uid, from, state } => {
                let kept = folder.mails.get_mut(&uid).expect("a body without a record");
                let (origin, octets) = body.expect("a body that nobody gave");
                if from == 0 {
                    kept.body = Some((origin, octets));
                } else {
                    let before = kept.body.expect("the beginning of a body");
                    assert_eq!(before, (origin, from), "parts that don't fit");
                    kept.body = Some((origin, from + octets));
                }
                kept.mail.body = state;
            }
            Effect::FailBody { uid, state } => {
                if let Some(kept) = folder.mails.get_mut(&uid) {
                    kept.mail.body = state;
                    kept.body = None;
                }
            }
            Effect::RemoveMails(uids) => folder.mails.retain(|uid, _| !uids.contains(*uid)),
            Effect::ResetFolder => folder.mails.clear(),
            Effect::SaveAction(action) => {
                let slot = self.actions.iter_mut().find(|old| old.id == action.id);
                *slot.expect("an action that ended came back") = action;
            }
            Effect::ActionDone(id) => self.end(id, None),
            Effect::ActionFailed(id, failure) => self.end(id, Some(failure)),
        }
    }

    fn end(&mut self, id: u64, failure: Option<ActionFailure>) {
        self.actions.retain(|action| action.id != id);
        self.ended.push((id, failure));
    }

    pub fn of<'a>(&'a self, name: &'a str) -> View<'a> {
        View { disk: self, name }
    }
}

/// One folder of the disk.
pub struct View<'a> {
    disk: &'a Disk,
    name: &'a str,
}

impl Local for View<'_> {
    fn state(&self) -> Option<FolderState> {
        self.disk.folders.get(self.name)?.state
    }
    fn uids(&self) -> UidSet {
        self.disk.folders.get(self.name).into_iter().flat_map(|folder| folder.mails.keys().copied()).collect()
    }
    fn mail(&self, uid: u32) -> Option<LocalMail> {
        self.disk.folders.get(self.name)?.mails.get(&uid).map(|kept| kept.mail.clone())
    }
    fn actions(&self) -> Vec<Action> {
        self.disk.actions.iter().filter(|action| action.folder == self.name).cloned().collect()
    }
}
