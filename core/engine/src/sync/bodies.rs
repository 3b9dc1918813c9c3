//! The octets of mails: newest first, small ones together, large ones in parts that resume.

use std::collections::BTreeMap;

use super::machine::{Outcome, Phase, Steps};
use super::open::Open;
use super::round::COMMAND_OCTETS;
use super::{Answer, BodyState, Code, Command, Effect, FolderSync, Local, UidSet};

/// Connections that may break on one mail, without an octet of it, before this round goes on without it.
const MAX_CUTS: u32 = 2;

/// What is to be fetched. Nothing of it must survive.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    /// Asked for by the user, or in the middle.
    wanted: UidSet,
    /// Fetched alone: one of them broke an answer.
    suspects: UidSet,
    cuts: BTreeMap<u32, u32>,
    /// Left out of this round. Who broke the connection, the mail or the way to it, is not known: the next one asks again.
    left_out: UidSet,
    queue: Option<UidSet>,
}

/// Bodies are on their way.
#[derive(Debug)]
pub(super) struct Fetching {
    asked: UidSet,
    got: UidSet,
    /// First octet and how many, of the one mail that is asked for.
    range: Option<(u64, u64)>,
}

impl Bodies {
    pub(super) fn begin_connection(&mut self) {
        self.queue = None;
    }

    pub(super) fn want(&mut self, uid: u32) {
        self.wanted.insert(uid);
    }
}

impl FolderSync {
    /// Asks for the next bodies; when there are none, the round ends.
    pub(super) fn fetch_bodies(&mut self, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &self.open else { return };
        let policy = &self.policy;
        let bodies = &mut self.bodies;
        let queue = bodies
            .queue
            .get_or_insert_with(|| local.without_body().intersection(&open.known.newest(policy.newest)));
        let (mut batch, mut octets) = (Vec::new(), 0u64);
        let command = loop {
            let (uid, is_wanted) = match bodies.wanted.pop_newest() {
                Some(uid) => (uid, true),
                None => match queue.pop_newest() {
                    Some(uid) => (uid, false),
                    None => break None,
                },
            };
            let Some(mail) = local.mail(uid).filter(|_| open.known.contains(uid)) else { continue };
            let is_due = mail.body.is_due(self.now) || (is_wanted && mail.body != BodyState::Whole);
            if !is_due || mail.octets > policy.max_octets || bodies.left_out.contains(uid) {
                continue;
            }
            let is_large = mail.octets > policy.range_octets || matches!(mail.body, BodyState::Partial(_));
            let is_alone = is_large || bodies.suspects.contains(uid);
            let has_room = octets.saturating_add(mail.octets) <= policy.batch_octets
                && u64::try_from(batch.len()).unwrap_or(u64::MAX) < policy.batch_mails;
            if !batch.is_empty() && (is_alone || !has_room) {
                if is_wanted { &mut bodies.wanted } else { &mut *queue }.insert(uid);
                break None;
            }
            if is_large {
                let from = if let BodyState::Partial(from) = mail.body { from } else { 0 };
                break Some(Command::FetchRange { uid, from, octets: policy.range_octets });
            }
            batch.push(uid);
            octets = octets.saturating_add(mail.octets);
            if is_alone {
                break None;
            }
        };
        let fetching = |asked, range| Phase::Fetching(Fetching { asked, got: UidSet::new(), range });
        match command {
            Some(Command::FetchRange { uid, from, octets }) => {
                let phase = fetching(UidSet::range(uid, uid), Some((from, octets)));
                self.send(Command::FetchRange { uid, from, octets }, phase, steps);
            }
            _ if batch.is_empty() => {
                bodies.queue = None;
                let is_whole = std::mem::take(&mut bodies.left_out).is_empty();
                self.finish(if is_whole { Outcome::UpToDate } else { Outcome::Cut }, steps);
            }
            _ => {
                let (uids, rest) = batch.into_iter().collect::<UidSet>().split_newest(COMMAND_OCTETS);
                *queue = queue.union(&rest);
                self.send(Command::FetchBodies { uids: uids.clone() }, fetching(uids, None), steps);
            }
        }
    }

    /// Octets came.
    pub(super) fn body(&mut self, uid: u32, octets: u64, local: &dyn Local, steps: &mut Steps) {
        let Phase::Fetching(fetching) = &mut self.phase else { return };
        if !fetching.asked.contains(uid) || fetching.got.contains(uid) {
            return;
        }
        let Some(mail) = local.mail(uid) else { return };
        fetching.got.insert(uid);
        self.bodies.cuts.remove(&uid);
        let Some((from, asked)) = fetching.range else {
            self.bodies.suspects = self.bodies.suspects.difference(&UidSet::range(uid, uid));
            steps.effects.push(Effect::PutBody { uid, from: 0, state: BodyState::Whole });
            return;
        };
        let total = from.saturating_add(octets);
        if octets > asked || total > self.policy.max_octets {
            steps.effects.push(Effect::FailBody { uid, state: mail.body.failed(self.now) });
            return;
        }
        // Servers are wrong about sizes, in both directions: the end is where less comes than was asked for, or nothing.
        let is_last = octets == 0 || (octets < asked && total >= mail.octets);
        let state = if is_last { BodyState::Whole } else { BodyState::Partial(total) };
        if !is_last {
            self.bodies.wanted.insert(uid);
        }
        steps.effects.push(Effect::PutBody { uid, from, state });
    }

    /// The answer to a fetch ended.
    pub(super) fn fetched(
        &mut self,
        fetching: Fetching,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        if answer != Answer::Ok && code == Some(&Code::Busy) {
            self.bodies.queue = None;
            return self.finish(Outcome::Busy, steps);
        }
        if self.fail(&fetching, local, steps) {
            self.bodies.queue = None;
            return self.send(Command::Noop, Phase::Nooping, steps);
        }
        if self.open.as_ref().is_some_and(Open::is_dirty) {
            self.bodies.queue = None;
            return self.settle(local, steps);
        }
        self.fetch_bodies(local, steps);
    }

    /// The connection broke while bodies were on their way.
    pub(super) fn bodies_cut(
        &mut self,
        fetching: &Fetching,
        unreadable: bool,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        let missing = fetching.asked.difference(&fetching.got);
        let Some(next) = missing.first().filter(|_| !unreadable) else {
            self.fail(fetching, local, steps);
            return;
        };
        let cuts = self.bodies.cuts.entry(next).or_default();
        *cuts += 1;
        if *cuts >= MAX_CUTS {
            self.bodies.cuts.remove(&next);
            if fetching.asked.len() > 1 {
                self.bodies.suspects = self.bodies.suspects.union(&missing);
            } else {
                self.bodies.left_out.insert(next);
            }
        }
    }

    /// What was asked for and did not come: of several, each is asked for alone; one alone is left for later.
    fn fail(&mut self, fetching: &Fetching, local: &dyn Local, steps: &mut Steps) -> bool {
        let missing = fetching.asked.difference(&fetching.got);
        if fetching.asked.len() > 1 {
            self.bodies.suspects = self.bodies.suspects.union(&missing);
        } else if let Some((uid, mail)) = missing.first().and_then(|uid| Some((uid, local.mail(uid)?))) {
            self.bodies.suspects = self.bodies.suspects.difference(&missing);
            steps.effects.push(Effect::FailBody { uid, state: mail.body.failed(self.now) });
        }
        !missing.is_empty()
    }
}
