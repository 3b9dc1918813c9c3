//! Doing on the server what the user did.

use super::action::{Plan, Then};
use super::machine::{Outcome, Phase, Steps};
use super::round::COMMAND_OCTETS;
use super::{
    Action, ActionFailure, Answer, Capability, Certainty, Code, Command, Effect, Flag, Flags, FolderSync,
    Local, TargetState, UidSet,
};

/// Plain NO answers to one action before it counts as refused: a mail that another client just expunged brings them too.
const PATIENCE: u32 = 2;

/// A command for an action is under way.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) action: Action,
    step: Step,
    sent: UidSet,
    /// Mail had gone before.
    was_gone: bool,
    /// Mails whose flags the server told meanwhile.
    pub(super) answered: Vec<u32>,
    pub(super) baseline: Option<(u32, u32)>,
    found: UidSet,
}

#[derive(Debug)]
enum Step {
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
                || action.not_before > self.now
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

    fn flag(
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

    fn send_for(&mut self, action: Action, step: Step, sent: UidSet, command: Command, steps: &mut Steps) {
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

    fn end(&mut self, action: &Action, steps: &mut Steps) {
        self.ended.push(action.id);
        steps.effects.push(match action.failure {
            Some(failure) => Effect::ActionFailed(action.id, failure),
            None => Effect::ActionDone(action.id),
        });
    }

    /// The answer to a command of an action.
    pub(super) fn acted(
        &mut self,
        acting: Acting,
        answer: Answer,
        code: Option<Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        let Some(open) = &mut self.open else { return };
        let Acting { mut action, step, sent, was_gone, answered, baseline, found } = acting;
        if answer != Answer::Ok {
            return self.refused(action, answer, code.as_ref(), local, steps);
        }
        action.attempts = 0;
        let pairs = if let Some(Code::CopyUid(pairs)) = code { Some(pairs) } else { None };
        let copied = pairs.map(|pairs| pairs.into_iter().map(|(uid, _)| uid).collect::<UidSet>());
        match step {
            Step::Find { key } => assign(&mut action, &key, &found),
            Step::Flags { add, flags, rest } => {
                predict(&sent, &answered, add, &flags, local, steps);
                let plan = action.kind.plan(&self.folder, &self.policy.special).unwrap_or_default();
                let is_next = add && rest.is_empty();
                let all = action.uids(TargetState::Todo).intersection(&open.known);
                self.flag(action, &plan, add && !is_next, if is_next { all } else { rest }, local, steps);
                return self.act_on(local, steps);
            }
            Step::Move => {
                let moved = copied.as_ref().unwrap_or(&sent);
                action.mark(|uid| moved.contains(uid), TargetState::Todo, TargetState::Finished);
                if let Some(moved) = &copied {
                    action.lost(|target| target.uid.is_some_and(|uid| sent.contains(uid)));
                    // All of them and nothing else went: no need to look.
                    open.gone &= was_gone || open.expunges != moved.len();
                    open.forget(moved, &mut steps.effects);
                } else {
                    open.gone |= !open.known.intersection(&sent).is_empty();
                }
                action.certainty = Certainty::Certain;
            }
            Step::Baseline { to } => {
                let Some((uid_validity, uid_next)) = baseline else {
                    return self.refused(action, Answer::Bad, None, local, steps);
                };
                let (uids, _) = action.uids(TargetState::Todo).split_newest(COMMAND_OCTETS);
                action.certainty = Certainty::Copying { to: to.clone(), uid_validity, uid_next };
                steps.effects.push(Effect::SaveAction(action.clone()));
                let command = Command::Copy { uids: uids.clone(), to };
                return self.send_for(action, Step::Copy, uids, command, steps);
            }
            Step::Copy => {
                let there = copied.as_ref().unwrap_or(&sent);
                action.mark(|uid| there.contains(uid), TargetState::Todo, TargetState::Copied);
                action.lost(|target| target.uid.is_some_and(|uid| sent.contains(uid)));
                action.certainty = Certainty::Certain;
            }
            Step::Mark => {
                predict(&sent, &answered, true, &Flags::from_iter([Flag::Deleted]), local, steps);
                if self.capabilities.has(Capability::UidPlus) {
                    let command = Command::Expunge { uids: sent.clone() };
                    return self.send_for(action, Step::Expunge, sent, command, steps);
                }
                action.mark(|uid| sent.contains(uid), TargetState::Copied, TargetState::Finished);
            }
            Step::Expunge => {
                action.mark(|uid| sent.contains(uid), TargetState::Copied, TargetState::Finished);
                open.gone |= !open.known.intersection(&sent).is_empty();
            }
        }
        let is_gone = open.gone;
        if action.is_over() && !is_gone {
            self.end(&action, steps);
            return self.act_on(local, steps);
        }
        steps.effects.push(Effect::SaveAction(action.clone()));
        if is_gone {
            // The action hides its mails until their records are gone.
            return self.send(Command::Noop, Phase::Nooping, steps);
        }
        self.step(action, local, steps);
        self.act_on(local, steps);
    }

    /// Nothing is under way: the next action, as the records are now.
    pub(super) fn act_on(&mut self, local: &dyn Local, steps: &mut Steps) {
        if steps.send.is_none() && steps.finished.is_none() {
            self.settle(local, steps);
        }
    }

    fn refused(
        &mut self,
        mut action: Action,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        if matches!(action.certainty, Certainty::Copying { .. }) {
            // A COPY that is answered with NO copied nothing (RFC 9051 section 6.4.7).
            action.certainty = Certainty::Certain;
        }
        let failure = match code {
            Some(Code::TryCreate | Code::NonExistent) => Some(ActionFailure::NoSuchFolder),
            Some(Code::OverQuota) => Some(ActionFailure::OverQuota),
            Some(Code::NoPerm) => Some(ActionFailure::ReadOnly),
            Some(Code::Busy | Code::ExpungeIssued) => None,
            _ if answer == Answer::No && action.attempts < PATIENCE => None,
            _ => Some(ActionFailure::Refused),
        };
        match failure {
            Some(failure) => {
                action.give_up(failure);
                self.end(&action, steps);
            }
            None => {
                self.postpone(action, steps);
            }
        }
        if let Some(open) = &mut self.open {
            open.gone = true;
        }
        if code == Some(&Code::Busy) {
            return self.finish(Outcome::Busy, steps);
        }
        self.settle(local, steps);
    }
}

/// Mails with this key have these UIDs now, if there are as many as there should be.
fn assign(action: &mut Action, key: &(String, u64), found: &UidSet) {
    let is_moving = matches!(action.certainty, Certainty::Moving { .. });
    let hit = |target: &&mut super::Target| target.uid.is_none() && target.key().as_ref() == Some(key);
    let open = |target: &super::Target| matches!(target.state, TargetState::Todo | TargetState::Copied);
    let wanted = action.targets.iter_mut().filter(hit).filter(|target| open(target)).count();
    if found.is_empty() {
        for target in action.targets.iter_mut().filter(hit) {
            match (target.state, is_moving) {
                (TargetState::Todo, true) => target.state = TargetState::Missing,
                (TargetState::Copied, _) => target.state = TargetState::Finished,
                _ => {}
            }
        }
        action.lost(|target| {
            target.state == TargetState::Todo && target.uid.is_none() && target.key().as_ref() == Some(key)
        });
    } else if found.len() == u64::try_from(wanted).unwrap_or(u64::MAX) {
        let targets = action.targets.iter_mut().filter(hit).filter(|target| open(target));
        targets.zip(found.iter()).for_each(|(target, uid)| target.uid = Some(uid));
    } else {
        not_found_again(action);
    }
}

/// What has no UID any more can't be told from other mail.
fn not_found_again(action: &mut Action) {
    action.failure.get_or_insert(ActionFailure::NotFoundAgain);
    for target in action.targets.iter_mut().filter(|target| target.uid.is_none()) {
        if matches!(target.state, TargetState::Todo | TargetState::Copied) {
            target.state = TargetState::Undone;
        }
    }
}

/// The flags of mails that the server did not tell by itself.
fn predict(sent: &UidSet, answered: &[u32], add: bool, flags: &Flags, local: &dyn Local, steps: &mut Steps) {
    let answered: UidSet = answered.iter().copied().collect();
    for uid in sent.difference(&answered).iter() {
        let Some(mail) = local.mail(uid) else { continue };
        let mut now = mail.flags.clone();
        if add {
            now.add(flags)
        } else {
            now.remove(flags)
        }
        if now != mail.flags {
            steps.effects.push(Effect::PutMail { uid, flags: now, octets: mail.octets });
        }
    }
}
