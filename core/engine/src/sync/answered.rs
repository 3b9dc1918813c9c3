//! What the answers to the commands of an action mean.

use super::act::{Acting, Step, not_found_again};
use super::machine::{Outcome, Phase, Steps};
use super::round::COMMAND_OCTETS;
use super::{
    Action, ActionFailure, Answer, Capability, Certainty, Code, Command, Effect, Flag, Flags, FolderSync,
    Local, Target, TargetState, UidSet,
};

/// Plain NO answers to one action before it counts as refused: a mail that another client just expunged brings them too.
const PATIENCE: u32 = 2;

impl FolderSync {
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
    let hit = |target: &&mut Target| target.uid.is_none() && target.key().as_ref() == Some(key);
    let open = |target: &Target| matches!(target.state, TargetState::Todo | TargetState::Copied);
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
