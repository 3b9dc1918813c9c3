//! After an answer that never came: did the server copy, did it move?

use super::machine::{Phase, Steps};
use super::{
    Action, ActionFailure, Answer, Certainty, Code, Command, Effect, FolderSync, Local, Resume, Selected,
    TargetState, UidSet,
};

/// The other folder is looked into.
#[derive(Debug)]
pub(super) struct Verifying {
    pub(super) action: Action,
    from: u32,
    keys: Vec<(String, u64)>,
    /// Searched now; `None`: the folder is being opened.
    asked: Option<(String, u64)>,
    found: UidSet,
}

impl Verifying {
    pub(super) fn found(&mut self, found: &UidSet) {
        self.found = self.found.union(&found.from(self.from));
    }

    /// The mails that may be in the other folder, and what they are when they are.
    fn suspects(&mut self) -> (impl Iterator<Item = &mut super::Target>, TargetState) {
        let is_copy = matches!(self.action.certainty, Certainty::Copying { .. });
        let (from, to) = if is_copy {
            (TargetState::Todo, TargetState::Copied)
        } else {
            (TargetState::Missing, TargetState::Finished)
        };
        (self.action.targets.iter_mut().filter(move |target| target.state == from), to)
    }

    /// As many as were found are there.
    fn note(&mut self) {
        let Some(key) = self.asked.take() else { return };
        let count = usize::try_from(self.found.len()).unwrap_or(usize::MAX);
        let (suspects, state) = self.suspects();
        let hits = suspects.filter(|target| target.key().as_ref() == Some(&key)).take(count);
        hits.for_each(|target| target.state = state);
        self.found = UidSet::new();
    }
}

impl FolderSync {
    /// Looks into the other folder, when anything is unknown; then goes on with the action.
    pub(super) fn verify(&mut self, mut action: Action, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &self.open else { return };
        let (to, from) = match &action.certainty {
            Certainty::Certain => return self.step(action, local, steps),
            Certainty::Moving { to } => (to.clone(), 1),
            Certainty::Copying { to, uid_next, .. } => (to.clone(), *uid_next),
        };
        if matches!(action.certainty, Certainty::Moving { .. }) {
            let is_gone = |uid: u32| !open.known.contains(uid);
            action.mark(is_gone, TargetState::Todo, TargetState::Missing);
            action.lost(|target| target.state == TargetState::Missing && target.key().is_none());
        } else {
            // Nothing to look for: whether there is a copy stays unknown, and both are kept.
            for target in action.targets.iter_mut().filter(|target| target.key().is_none()) {
                if target.state == TargetState::Todo {
                    target.state = TargetState::Undone;
                    action.failure.get_or_insert(ActionFailure::Unknown);
                }
            }
        }
        let mut verifying = Verifying { action, from, keys: Vec::new(), asked: None, found: UidSet::new() };
        let (suspects, _) = verifying.suspects();
        let mut keys: Vec<_> = suspects.filter_map(|target| target.key()).collect();
        keys.sort();
        keys.dedup();
        if keys.is_empty() {
            let mut action = verifying.action;
            action.certainty = Certainty::Certain;
            steps.effects.push(Effect::SaveAction(action.clone()));
            return self.step(action, local, steps);
        }
        verifying.keys = keys;
        self.open = None;
        let command = Command::Select { folder: to, resume: Resume::Plain };
        self.send(command, Phase::Verifying(verifying), steps);
    }

    pub(super) fn other_selected(
        &mut self,
        mut verifying: Verifying,
        selected: &Selected,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        if let Certainty::Copying { uid_validity, uid_next, .. } = verifying.action.certainty {
            let next = selected.uid_next;
            if selected.uid_validity != uid_validity || next.is_some_and(|next| next < uid_next) {
                verifying.action.give_up(ActionFailure::Unknown);
                return self.back(verifying.action, local, steps);
            }
            if next == Some(uid_next) {
                verifying.keys.clear();
            }
        }
        self.next_key(verifying, local, steps);
    }

    fn next_key(&mut self, mut verifying: Verifying, local: &dyn Local, steps: &mut Steps) {
        match verifying.keys.pop() {
            Some((message_id, octets)) => {
                verifying.asked = Some((message_id.clone(), octets));
                let command = Command::SearchMessageId { from: verifying.from, message_id, octets };
                self.send(command, Phase::Verifying(verifying), steps);
            }
            None => {
                let mut action = verifying.action;
                action.lost(|target| target.state == TargetState::Missing);
                action.certainty = Certainty::Certain;
                self.back(action, local, steps);
            }
        }
    }

    pub(super) fn verified(
        &mut self,
        mut verifying: Verifying,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        let is_opening = verifying.asked.is_none();
        match (answer, code) {
            (Answer::Ok, _) if !is_opening => {
                verifying.note();
                self.next_key(verifying, local, steps);
            }
            (_, Some(Code::NonExistent)) if is_opening => {
                verifying.keys.clear();
                self.next_key(verifying, local, steps);
            }
            _ => {
                self.postpone(verifying.action, steps);
                self.select(local, steps);
            }
        }
    }

    /// Back to the folder of the action.
    fn back(&mut self, action: Action, local: &dyn Local, steps: &mut Steps) {
        steps.effects.push(Effect::SaveAction(action));
        self.select(local, steps);
    }
}
