//! Drives the sync machine of each folder over a connection (see [`engine::sync`] for what it promises and wants).

use std::collections::{BTreeSet, VecDeque};

use engine::sync::{self, Command, FolderSync, Outcome, Policy, Steps};

use super::judge::Counter;
use super::local::LocalFolder;
use super::{Folder, SyncReport};
use crate::account::AccountInner;
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::imap::{Imap, MAX_MAIL_OCTETS, RANGE_OCTETS};
use crate::search::Unindexed;
use crate::system::now;

/// Connections that one synchronisation of a folder takes at most, where mail breaks them.
const MAX_CONNECTIONS: u32 = 20;
/// Connections in a row that may break before anything new is here.
///
/// More than the machine needs to find the one mail that breaks them and to leave it out.
const MAX_BREAKS: u32 = 6;

/// How a connection was used.
enum Round {
    Ended(Outcome),
    /// It is of no use any more; another one goes on.
    Broken(CoreError),
}

impl AccountInner {
    pub(super) async fn fetch_all(
        &self,
        imap: &mut Imap,
        report: &mut SyncReport,
        unindexed: &mut Unindexed,
    ) -> Result<(), CoreError> {
        let mut needed = self.targets_of_actions(None)?;
        needed.push(Folder::Sent);
        let names = self.find_folders(imap, &needed).await?;
        let mut failed = None;
        let mut queue: VecDeque<Folder> =
            Folder::ALL.into_iter().filter(|folder| names.has(*folder)).collect();
        let mut repeated = BTreeSet::new();
        while let Some(folder) = queue.pop_front() {
            // What is moved to a folder that was looked at before would be nowhere until the next time.
            for target in self.targets_of_actions(Some(folder))? {
                if target != folder
                    && names.has(target)
                    && !queue.contains(&target)
                    && repeated.insert(target)
                {
                    queue.push_back(target);
                }
            }
            let policy = Policy {
                special: names.special(),
                newest: folder.newest(),
                max_octets: MAX_MAIL_OCTETS,
                range_octets: RANGE_OCTETS,
                ..Policy::default()
            };
            let mut machine = FolderSync::new(names.of(folder), policy);
            let mut local = LocalFolder::open(self, folder, names.of(folder))?;
            let mut counter = Counter::default();
            let done = self.sync_folder(imap, &mut machine, &mut local, unindexed, &mut counter).await;
            if Folder::USUAL.contains(&folder) {
                report.new += counter.new;
            }
            report.removed += local.removed;
            match done {
                Ok(None) => {}
                // A folder that can't be opened, or a mail on which the connection breaks, keeps nothing from the others.
                Ok(Some(error)) => failed = failed.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        self.sync_drafts(imap).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Everything that can be had. What could not, and why, is the value; an error ends the others, too.
    async fn sync_folder(
        &self,
        imap: &mut Imap,
        machine: &mut FolderSync,
        local: &mut LocalFolder<'_>,
        unindexed: &mut Unindexed,
        counter: &mut Counter,
    ) -> Result<Option<CoreError>, CoreError> {
        let (mut connections, mut breaks) = (0, 0);
        let mut cut = None;
        loop {
            let before = (counter.new, local.lacking());
            match self.round(imap, machine, local, unindexed, counter).await? {
                Round::Ended(outcome) => {
                    return match outcome {
                        Outcome::UpToDate => Ok(None),
                        Outcome::Cut => Ok(cut),
                        Outcome::NoFolder | Outcome::Refused => Ok(Some(imap.fault(ServerProblem::Refused))),
                        Outcome::Incomplete => Err(imap.fault(ServerProblem::Protocol)),
                        Outcome::Busy => Err(imap.fault(ServerProblem::NotNow)),
                    };
                }
                Round::Broken(error) => {
                    connections += 1;
                    breaks = if before == (counter.new, local.lacking()) { breaks + 1 } else { 0 };
                    let may_go_on = matches!(
                        error,
                        CoreError::Network { problem: NetworkProblem::Cut, .. }
                            | CoreError::Server {
                                problem: ServerProblem::Protocol | ServerProblem::TooMuch,
                                ..
                            }
                    );
                    if !may_go_on || breaks >= MAX_BREAKS || connections >= MAX_CONNECTIONS {
                        return Err(error);
                    }
                    cut = Some(error);
                    *imap = self.imap().await?;
                    imap.folders().await?;
                }
            }
        }
    }

    /// Until the folder is up to date, or the connection broken.
    async fn round(
        &self,
        imap: &mut Imap,
        machine: &mut FolderSync,
        local: &mut LocalFolder<'_>,
        unindexed: &mut Unindexed,
        counter: &mut Counter,
    ) -> Result<Round, CoreError> {
        local.look_for_actions()?;
        let mut steps = machine.start(imap.capabilities(), imap.has_qresync(), now(), local);
        loop {
            let Steps { effects, send, finished } = steps;
            for effect in effects {
                local.carry_out(effect, &mut Vec::new())?;
            }
            local.flush()?;
            counter.expected = counter.expected.max(counter.new + local.lacking());
            self.judge(local, unindexed, counter).await?;
            if unindexed.is_full() {
                self.index_meanwhile(unindexed).await?;
            }
            let Some(command) = send else {
                return Ok(Round::Ended(finished.unwrap_or(Outcome::Incomplete)));
            };
            steps = match self.perform(imap, &command, machine, local).await? {
                Ok(steps) => steps,
                Err(error) => {
                    local.flush()?;
                    self.judge(local, unindexed, counter).await?;
                    return Ok(Round::Broken(error));
                }
            };
        }
    }

    /// One command and all its answers. The inner error is one of the connection.
    async fn perform(
        &self,
        imap: &mut Imap,
        command: &Command,
        machine: &mut FolderSync,
        local: &mut LocalFolder<'_>,
    ) -> Result<Result<Steps, CoreError>, CoreError> {
        // Servers are wrong about sizes, but not by that much.
        let octets = Policy::default().batch_octets.saturating_mul(2);
        let unreadable = imap.fault(ServerProblem::Protocol);
        let mut performance = match imap.perform(command, octets).await {
            Ok(performance) => performance,
            Err(error) => return self.cut(error, machine, local),
        };
        let mut last = Steps::default();
        loop {
            match performance.next().await {
                Ok(None) => return Ok(Ok(last)),
                Ok(Some((event, mut body))) => {
                    let is_unreadable = event == sync::Event::Unreadable;
                    if matches!(event, sync::Event::Done(..) | sync::Event::Selected(_)) {
                        local.look_for_actions()?;
                    }
                    let steps = machine.on(event, local);
                    if is_unreadable {
                        drop(performance);
                        return self.give_up(unreadable, steps, local);
                    }
                    let Steps { effects, send, finished } = steps;
                    for effect in effects {
                        local.carry_out(effect, &mut body)?;
                    }
                    if send.is_some() || finished.is_some() {
                        last = Steps { effects: Vec::new(), send, finished };
                    }
                }
                Err(error) => return self.cut(error, machine, local),
            }
        }
    }

    fn cut(
        &self,
        error: CoreError,
        machine: &mut FolderSync,
        local: &mut LocalFolder<'_>,
    ) -> Result<Result<Steps, CoreError>, CoreError> {
        local.look_for_actions()?;
        let steps = machine.on(sync::Event::Disconnected, local);
        self.give_up(error, steps, local)
    }

    fn give_up(
        &self,
        error: CoreError,
        steps: Steps,
        local: &mut LocalFolder<'_>,
    ) -> Result<Result<Steps, CoreError>, CoreError> {
        for effect in steps.effects {
            local.carry_out(effect, &mut Vec::new())?;
        }
        Ok(Err(error))
    }
}
