//! Doing on the server what the user did.

use super::action::{Plan, Then};
use super::machine::{Phase, Steps};
use super::round::COMMAND_OCTETS;
use super::{
    Action, ActionFailure, Capability, Certainty, Command, Effect, Flag, Flags, FolderSync, Local,
    TargetState, UidSet,
};

/// A command for an action is under way.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) action: Action,
    pub(super) step: Step,
    pub(super) sent: UidSet,
    /// Mail had gone before.
    pub(super) was_gone: bool,
    /// Mails whose flags the server told meanwhile.
    pub(super) answered: Vec<u32>,
    pub(super) baseline: Option<(u32, u32)>,
    pub(super) found: UidSet,
}

#[derive(Debug)]
pub(super) enum Step {
    /// Look for a mail that has a new UID.
    Find {
        key: (String, u64),
    },
    /// Set or clear flags; then of the rest.
    Flags {
        add: bool,
        flags: Flags,
        rest: UidSet,
    },
    Move,
    /// Where the copies will begin.
    Baseline {
        to: String,
    },
    Copy,
    /// Mark the originals.
    Mark,
    Expunge,
}

impl Acting {
    pub(super) fn found(&mut self, found: &UidSet) {
        self.found = self.found.union(found);
    }
}

impl FolderSync {
    /// The next command for an action; when there is none, the bodies.
    pub(super) fn act(&mut self, local: &dyn Local, steps: &mut Steps) {
        let mut waiting: Vec<Action> = Vec::new();
        for action in local.actions() {
            if self.ended.contains(&action.id) {
                continue;
            }
            // What touches the same mail keeps its order.
            if self.postponed.contains(&action.id)
                || !action.is_due(self.now)
                || waiting.iter().any(|before| before.touches(&action))
            {
                waiting.push(action);
                continue;
            }
            self.step(action, local, steps);
            if steps.send.is_some() || steps.finished.is_some() {
                return;
            }
        }
        self.fetch_bodies(local, steps);
    }

    /// The next command for this action, or its end.
    pub(super) fn step(&mut self, mut action: Action, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &self.open else { return };
        if action.uid_validity != open.state.uid_validity {
            action.uid_validity = open.state.uid_validity;
            action.targets.iter_mut().for_each(|target| target.uid = None);
            steps.effects.push(Effect::SaveAction(action.clone()));
        }
        // Another size under the same UID is another mail: a backup came back. It must not be taken for this one.
        for target in &mut action.targets {
            let mail = target.uid.and_then(|uid| local.mail(uid));
            if mail.is_some_and(|mail| mail.octets != target.octets) {
                target.uid = None;
            }
        }
        let Some(plan) = action.kind.plan(&self.folder, &self.policy.special) else {
            action.give_up(ActionFailure::NoSuchFolder);
            return self.end(&action, steps);
        };
        if matches!(action.certainty, Certainty::Copying { .. }) {
            return self.verify(action, local, steps);
        }
        if let Some(target) = action.targets.iter().find(|target| {
            target.uid.is_none() && matches!(target.state, TargetState::Todo | TargetState::Copied)
        }) {
            return match target.key() {
                Some(key) => {
                    let (message_id, octets) = key.clone();
                    let command = Command::SearchMessageId { from: 1, message_id, octets };
                    self.send_for(action, Step::Find { key }, UidSet::new(), command, steps);
                }
                None => {
                    not_found_again(&mut action);
                    self.step(action, local, steps);
                }
            };
        }
        if matches!(action.certainty, Certainty::Moving { .. }) {
            return self.verify(action, local, steps);
        }
        if open.selected.read_only && !matches!(plan.then, Then::Copy(_)) {
            action.give_up(ActionFailure::ReadOnly);
            return self.end(&action, steps);
        }
        if !action.is_flagged {
            let here = action.uids(TargetState::Todo).intersection(&open.known);
            return self.flag(action, &plan, true, here, local, steps);
        }
        self.then(action, &plan, steps);
    }

    pub(super) fn flag(
        &mut self,
        mut action: Action,
        plan: &Plan,
        add: bool,
        here: UidSet,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        let Some(open) = &self.open else { return };
        let wanted = if add { &plan.add } else { &plan.remove };
        let flags: Flags = wanted.iter().filter(|flag| open.selected.keeps(flag)).cloned().collect();
        if add && flags.is_empty() && !wanted.is_empty() && plan.then == Then::Stay {
            action.failure.get_or_insert(ActionFailure::FlagsNotKept);
        }
        if !flags.is_empty() && !here.is_empty() {
            let (uids, rest) = here.split_newest(COMMAND_OCTETS);
            let command = Command::StoreFlags { uids: uids.clone(), add, flags: flags.clone() };
            return self.send_for(action, Step::Flags { add, flags, rest }, uids, command, steps);
        }
        if add {
            let here = action.uids(TargetState::Todo).intersection(&open.known);
            return self.flag(action, plan, false, here, local, steps);
        }
        action.is_flagged = true;
        if !wanted.is_empty() || !plan.add.is_empty() {
            steps.effects.push(Effect::SaveAction(action.clone()));
        }
        self.step(action, local, steps);
    }

    /// Where the mail goes.
    fn then(&mut self, mut action: Action, plan: &Plan, steps: &mut Steps) {
        let Some(open) = &self.open else { return };
        match &plan.then {
            Then::Stay => action.mark_all(TargetState::Todo, TargetState::Finished),
            Then::Expunge => action.mark_all(TargetState::Todo, TargetState::Copied),
            Then::Move(to) | Then::Copy(to) => {
                action.lost(|target| target.uid.is_none_or(|uid| !open.known.contains(uid)));
                let here = action.uids(TargetState::Todo);
                if !here.is_empty() {
                    let moves = matches!(plan.then, Then::Move(_)) && self.capabilities.has(Capability::Move);
                    return if moves {
                        let (uids, _) = here.split_newest(COMMAND_OCTETS);
                        action.certainty = Certainty::Moving { to: to.clone() };
                        steps.effects.push(Effect::SaveAction(action.clone()));
                        let command = Command::Move { uids: uids.clone(), to: to.clone() };
                        self.send_for(action, Step::Move, uids, command, steps);
                    } else {
                        let command = Command::Status { folder: to.clone() };
                        let step = Step::Baseline { to: to.clone() };
                        self.send_for(action, step, UidSet::new(), command, steps);
                    };
                }
                if matches!(plan.then, Then::Copy(_)) {
                    action.mark_all(TargetState::Copied, TargetState::Finished);
                }
            }
        }
        action.mark(|uid| !open.known.contains(uid), TargetState::Copied, TargetState::Finished);
        let originals = action.uids(TargetState::Copied);
        if originals.is_empty() {
            return self.end(&action, steps);
        }
        let (uids, _) = originals.split_newest(COMMAND_OCTETS);
        let flags = Flags::from_iter([Flag::Deleted]);
        let command = Command::StoreFlags { uids: uids.clone(), add: true, flags };
        self.send_for(action, Step::Mark, uids, command, steps);
    }

    pub(super) fn send_for(
        &mut self,
        action: Action,
        step: Step,
        sent: UidSet,
        command: Command,
        steps: &mut Steps,
    ) {
        let Some(open) = &mut self.open else { return };
        open.expunges = 0;
        let acting = Acting {
            was_gone: open.gone,
            action,
            step,
            sent,
            answered: Vec::new(),
            baseline: None,
            found: UidSet::new(),
        };
        self.send(command, Phase::Acting(acting), steps);
    }

    pub(super) fn end(&mut self, action: &Action, steps: &mut Steps) {
        self.ended.push(action.id);
        steps.effects.push(match action.failure {
            Some(failure) => Effect::ActionFailed(action.id, failure),
            None => Effect::ActionDone(action.id),
        });
    }
}

/// What has no UID any more can't be told from other mail.
pub(super) fn not_found_again(action: &mut Action) {
    action.failure.get_or_insert(ActionFailure::NotFoundAgain);
    for target in action.targets.iter_mut().filter(|target| target.uid.is_none()) {
        if matches!(target.state, TargetState::Todo | TargetState::Copied) {
            target.state = TargetState::Undone;
        }
    }
}
