//! Opening a folder, and what is heard while it is open.

use super::machine::{Outcome, Phase, Selecting, Steps};
use super::round::COMMAND_OCTETS;
use super::{
    Action, ActionFailure, Answer, Code, Command, Effect, Event, Flags, FolderState, FolderSync, Local,
    Resume, Selected, UidSet,
};

/// The open folder.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) selected: Selected,
    /// As stored, or as it will be when the effects of this call are.
    pub(super) state: FolderState,
    /// How many mails the server says there are.
    pub(super) exists: u64,
    /// UIDs that have a record.
    pub(super) known: UidSet,
    /// And these, which are not in `known` yet.
    pub(super) added: Vec<u32>,
    /// UIDs that the server named and that have no record.
    pub(super) missing: UidSet,
    /// And these, which are not in `missing` yet.
    pub(super) named: Vec<u32>,
    /// Every mail below was listed.
    pub(super) next: u32,
    pub(super) new: bool,
    pub(super) changed: bool,
    pub(super) gone: bool,
    pub(super) must_list_all: bool,
    /// No mail came or went since the command was sent.
    pub(super) is_quiet: bool,
    /// EXPUNGE answers since the last command that removes mail.
    pub(super) expunges: u64,
    pub(super) looks: u32,
    pub(super) turns: u32,
}

impl Open {
    pub(super) fn is_dirty(&self) -> bool {
        self.new
            || self.changed
            || self.gone
            || self.must_list_all
            || !self.missing.is_empty()
            || !self.named.is_empty()
    }

    /// Records that are removed with the effects of this call.
    pub(super) fn forget(&mut self, uids: &UidSet, effects: &mut Vec<Effect>) {
        self.merge();
        let gone = self.known.intersection(uids);
        if !gone.is_empty() {
            self.known = self.known.difference(&gone);
            effects.push(Effect::RemoveMails(gone));
        }
    }

    pub(super) fn merge(&mut self) {
        if !self.added.is_empty() {
            self.known = self.known.union(&self.added.drain(..).collect());
        }
        self.missing = self.missing.union(&self.named.drain(..).collect()).difference(&self.known);
    }

    fn fetched(
        &mut self,
        uid: u32,
        flags: Flags,
        octets: Option<u64>,
        local: &dyn Local,
        effects: &mut Vec<Effect>,
    ) {
        match (local.mail(uid), octets) {
            // Another mail under the same UID: the server was restored from a backup.
            (Some(mail), Some(octets)) if octets != mail.octets => {
                effects.push(Effect::RemoveMails(UidSet::range(uid, uid)));
                effects.push(Effect::PutMail { uid, flags, octets });
            }
            (Some(mail), _) if mail.flags != flags => {
                effects.push(Effect::PutMail { uid, flags, octets: mail.octets });
            }
            (Some(_), _) => {}
            (None, Some(octets)) => {
                self.added.push(uid);
                effects.push(Effect::PutMail { uid, flags, octets });
            }
            (None, None) => self.named.push(uid),
        }
    }

    /// Up to where changes are known, when the server counts them.
    pub(super) fn state_modseq(&self) -> Option<u64> {
        self.state.highest_modseq.filter(|old| self.selected.highest_modseq.is_some_and(|new| new >= *old))
    }
}

impl FolderSync {
    pub(super) fn select(&mut self, local: &dyn Local, steps: &mut Steps) {
        self.open = None;
        let known = local.state().and_then(|state| Some((state, state.highest_modseq?)));
        let resume = match known {
            Some((state, modseq)) if self.qresync => {
                let uids = Some(local.uids());
                let known = uids.filter(|uids| !uids.is_empty() && uids.to_string().len() <= COMMAND_OCTETS);
                Resume::QResync { uid_validity: state.uid_validity, modseq, known }
            }
            _ if self.condstore => Resume::CondStore,
            _ => Resume::Plain,
        };
        let modseq = if let Resume::QResync { modseq, .. } = resume { Some(modseq) } else { None };
        let phase = Phase::Selecting(Selecting { modseq, ..Selecting::default() });
        self.send(Command::Select { folder: self.folder.clone(), resume }, phase, steps);
    }

    pub(super) fn not_selected(
        &mut self,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        // Servers that announce an extension and don't take it.
        if answer == Answer::Bad && self.condstore {
            self.condstore = self.qresync;
            self.qresync = false;
            return self.select(local, steps);
        }
        let outcome = match code {
            Some(Code::Busy) => Outcome::Busy,
            Some(Code::NonExistent) => Outcome::NoFolder,
            _ => Outcome::Refused,
        };
        if outcome == Outcome::NoFolder {
            let failed = |action: Action| Effect::ActionFailed(action.id, ActionFailure::NoSuchFolder);
            steps.effects.extend(local.actions().into_iter().map(failed));
        }
        self.finish(outcome, steps);
    }

    pub(super) fn selected(&mut self, selected: Selected, local: &dyn Local, steps: &mut Steps) {
        let selecting = match std::mem::replace(&mut self.phase, Phase::Off) {
            Phase::Selecting(selecting) => selecting,
            Phase::Verifying(verifying) => return self.other_selected(verifying, &selected, local, steps),
            other => {
                self.phase = other;
                return;
            }
        };
        let mut known = local.uids();
        let before = local.state().filter(|state| state.uid_validity == selected.uid_validity);
        let mut state = before.unwrap_or(FolderState {
            uid_validity: selected.uid_validity,
            uid_next: 1,
            highest_modseq: None,
        });
        if before.is_none() {
            steps.effects.extend([Effect::ResetFolder, Effect::SaveState(state)]);
            known = UidSet::new();
            self.bodies = Default::default();
        }
        if let Some(next) = selected.uid_next.filter(|next| *next < state.uid_next) {
            // Restored from a backup: these UIDs will be given to other mail.
            let same = |action: &Action| action.uid_validity == selected.uid_validity;
            for mut action in local.actions().into_iter().filter(same) {
                action
                    .targets
                    .iter_mut()
                    .for_each(|target| target.uid = target.uid.filter(|uid| *uid < next));
                steps.effects.push(Effect::SaveAction(action));
            }
            let doubtful = known.from(next);
            known = known.difference(&doubtful);
            state = FolderState { uid_next: next, highest_modseq: None, ..state };
            steps.effects.extend([Effect::RemoveMails(doubtful), Effect::SaveState(state)]);
        }
        if selected.highest_modseq < state.highest_modseq {
            // It went back, or away: it says nothing about changes. That must not be forgotten when this is not finished.
            state.highest_modseq = None;
            steps.effects.push(Effect::SaveState(state));
        }
        let open = self.open.insert(Open {
            state,
            exists: selected.exists,
            known,
            added: Vec::new(),
            missing: UidSet::new(),
            named: Vec::new(),
            next: state.uid_next,
            new: false,
            changed: false,
            gone: false,
            must_list_all: false,
            is_quiet: true,
            expunges: 0,
            looks: 0,
            turns: 0,
            selected,
        });
        let has_new = open.selected.uid_next != Some(state.uid_next);
        match state.highest_modseq.zip(open.selected.highest_modseq) {
            Some((old, _)) if selecting.modseq == Some(old) => {
                open.forget(&selecting.vanished, &mut steps.effects);
                open.changed = selecting.has_unnamed;
                for (uid, (flags, octets)) in selecting.fetched {
                    if !selecting.vanished.contains(uid) {
                        open.fetched(uid, flags, octets, local, &mut steps.effects);
                    }
                }
                open.new = has_new;
            }
            Some((old, new)) => {
                open.changed = old != new;
                open.new = has_new && !open.changed;
            }
            None => open.must_list_all = true,
        }
        self.settle(local, steps);
    }

    pub(super) fn untagged(&mut self, event: Event, local: &dyn Local, steps: &mut Steps) {
        match (&mut self.phase, event) {
            (_, Event::Enabled) => self.qresync = true,
            (Phase::Selecting(selecting), event) => {
                if selecting.modseq.is_some() {
                    selecting.hear(event);
                }
            }
            (Phase::Verifying(verifying), Event::Found(found)) => verifying.found(&found),
            (Phase::Verifying(_) | Phase::Off | Phase::Enabling, _) => {}
            (Phase::Searching(all), Event::Found(found)) => *all = all.union(&found),
            (Phase::Acting(acting), Event::Found(found)) => acting.found(&found),
            (Phase::Acting(acting), Event::Status { uid_validity, uid_next }) => {
                acting.baseline = Some((uid_validity, uid_next));
            }
            (Phase::Fetching(_), Event::Body { uid, octets }) => self.body(uid, octets, local, steps),
            (_, event) => self.unasked(event, local, steps),
        }
    }

    /// Changes of the open folder, whether asked for or not.
    fn unasked(&mut self, event: Event, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &mut self.open else { return };
        match event {
            Event::Exists(exists) => {
                open.is_quiet &= exists == open.exists;
                open.new |= exists > open.exists;
                open.gone |= exists < open.exists;
                open.exists = exists;
            }
            Event::Expunged => {
                open.is_quiet = false;
                open.gone = true;
                open.expunges += 1;
                open.exists = open.exists.saturating_sub(1);
            }
            Event::Vanished { earlier, uids } => {
                if !earlier {
                    open.is_quiet = false;
                    open.exists = open.exists.saturating_sub(uids.len());
                }
                open.forget(&uids, &mut steps.effects);
            }
            Event::Fetched { uid: None, .. } => open.changed = true,
            Event::Fetched { uid: Some(uid), flags, octets } => {
                match &mut self.phase {
                    Phase::Listing(listing) => listing.seen.push(uid),
                    Phase::Acting(acting) => acting.answered.push(uid),
                    _ => {}
                }
                open.fetched(uid, flags, octets, local, &mut steps.effects);
            }
            Event::Dropped => {
                open.is_quiet = false;
                open.must_list_all = true;
            }
            _ => {}
        }
    }
}

impl Selecting {
    fn hear(&mut self, event: Event) {
        match event {
            // What came before belongs to the folder that was open.
            Event::Closed => *self = Selecting { modseq: self.modseq, ..Selecting::default() },
            Event::Vanished { earlier: true, uids } => self.vanished = self.vanished.union(&uids),
            Event::Fetched { uid: Some(uid), flags, octets } => {
                self.fetched.insert(uid, (flags, octets));
            }
            Event::Fetched { uid: None, .. } | Event::Dropped => self.has_unnamed = true,
            _ => {}
        }
    }
}
