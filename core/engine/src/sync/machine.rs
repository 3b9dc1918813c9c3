//! The machine of one folder: where it stands, and which part of it an event is for.

use smime::UnixTime;

use super::act::Acting;
use super::bodies::{Bodies, Fetching};
use super::open::Open;
use super::round::Listing;
use super::verify::Verifying;
use super::{
    Action, Answer, Capabilities, Capability, Code, Command, Effect, Event, Flags, IDLE_RENEWAL_SECONDS,
    Local, SpecialFolders, UidSet,
};

/// What is wanted of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Folders with a purpose.
    pub special: SpecialFolders,
    /// Bodies of so many of the newest mails are fetched without being asked for.
    pub newest: u64,
    /// Larger mails are not fetched, in octets.
    pub max_octets: u64,
    /// Larger mails are fetched in parts of this size, in octets.
    pub range_octets: u64,
    /// Octets of whole mails in one command.
    pub batch_octets: u64,
    /// Whole mails in one command.
    pub batch_mails: u64,
    /// Go on listening when everything is done.
    pub watch: bool,
    /// Ask so often where the server can't report by itself, in seconds.
    pub poll_seconds: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            special: SpecialFolders::default(),
            newest: 10_000,
            max_octets: 64 * 1024 * 1024,
            range_octets: 256 * 1024,
            batch_octets: 4 * 1024 * 1024,
            batch_mails: 256,
            watch: false,
            poll_seconds: 300,
        }
    }
}

/// How a round of synchronising ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Records, actions and bodies are as the server has them; actions that wait for their time may be left.
    UpToDate,
    /// Up to date but for mails on which the connection broke again and again; the next round asks for them again.
    Cut,
    /// The server's answers contradict each other. Nothing was removed for it.
    Incomplete,
    /// The server asks for rest.
    Busy,
    /// There is no such folder.
    NoFolder,
    /// The server refused.
    Refused,
}

/// What to do now: effects, then the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// Changes on the device, in order.
    pub effects: Vec<Effect>,
    /// For the server, when all effects are on the disk.
    pub send: Option<Command>,
    /// A round ended. A watched folder goes on.
    pub finished: Option<Outcome>,
}

/// What is under way.
#[derive(Debug)]
pub(super) enum Phase {
    Off,
    Enabling,
    Selecting(Selecting),
    Listing(Listing),
    Searching(UidSet),
    Nooping,
    Acting(Acting),
    Verifying(Verifying),
    Fetching(Fetching),
    Idling { since: UnixTime, is_ending: bool },
    Resting { since: UnixTime },
}

/// What SELECT with QRESYNC said before the folder was open.
#[derive(Debug, Default)]
pub(super) struct Selecting {
    pub(super) modseq: Option<u64>,
    pub(super) vanished: UidSet,
    pub(super) fetched: std::collections::BTreeMap<u32, (Flags, Option<u64>)>,
    pub(super) has_unnamed: bool,
}

/// Synchronises one folder over one connection after the other. Holds nothing that must survive.
#[derive(Debug)]
pub struct FolderSync {
    pub(super) folder: String,
    pub(super) policy: Policy,
    pub(super) capabilities: Capabilities,
    pub(super) qresync: bool,
    pub(super) condstore: bool,
    pub(super) can_idle: bool,
    pub(super) now: UnixTime,
    pub(super) phase: Phase,
    pub(super) open: Option<Open>,
    pub(super) bodies: Bodies,
    /// Actions that ended in this call: the records don't show it yet.
    pub(super) ended: Vec<u64>,
    /// Actions that were postponed in this call.
    pub(super) postponed: Vec<u64>,
}

impl FolderSync {
    /// A machine for a folder.
    pub fn new(folder: &str, policy: Policy) -> Self {
        FolderSync {
            folder: folder.to_owned(),
            policy,
            capabilities: Capabilities::default(),
            qresync: false,
            condstore: false,
            can_idle: false,
            now: UnixTime::from_secs(0),
            phase: Phase::Off,
            open: None,
            bodies: Bodies::default(),
            ended: Vec::new(),
            postponed: Vec::new(),
        }
    }

    /// A logged-in connection is there, without a folder of ours open. `qresync_enabled`: ENABLE QRESYNC was done on it.
    pub fn start(
        &mut self,
        capabilities: &Capabilities,
        qresync_enabled: bool,
        now: UnixTime,
        local: &dyn Local,
    ) -> Steps {
        let mut steps = Steps::default();
        self.ended.clear();
        self.postponed.clear();
        self.now = now;
        self.capabilities = capabilities.clone();
        self.qresync = qresync_enabled;
        self.condstore = capabilities.has(Capability::CondStore);
        self.can_idle = capabilities.has(Capability::Idle);
        self.open = None;
        self.bodies.begin_connection();
        if capabilities.has(Capability::QResync) && !qresync_enabled {
            self.send(Command::Enable, Phase::Enabling, &mut steps);
        } else {
            self.select(local, &mut steps);
        }
        steps
    }

    /// ENABLE QRESYNC was done on this connection.
    pub fn qresync_enabled(&self) -> bool {
        self.qresync
    }

    /// What happened, and what to do now.
    pub fn on(&mut self, event: Event, local: &dyn Local) -> Steps {
        let mut steps = Steps::default();
        self.ended.clear();
        self.postponed.clear();
        match event {
            Event::Tick(now) => self.tick(now, local, &mut steps),
            Event::Acted => self.wake(local, &mut steps),
            Event::Wanted(uid) => {
                self.bodies.want(uid);
                self.wake(local, &mut steps);
            }
            Event::Disconnected => self.cut(false, local, &mut steps),
            Event::Unreadable => self.cut(true, local, &mut steps),
            Event::Done(answer, code) => self.done(answer, code, local, &mut steps),
            Event::Selected(selected) => self.selected(selected, local, &mut steps),
            untagged => {
                self.untagged(untagged, local, &mut steps);
                if let Phase::Idling { is_ending: false, .. } = self.phase
                    && self.open.as_ref().is_some_and(Open::is_dirty)
                {
                    self.end_idle(&mut steps);
                }
            }
        }
        steps
    }

    fn done(&mut self, answer: Answer, code: Option<Code>, local: &dyn Local, steps: &mut Steps) {
        match std::mem::replace(&mut self.phase, Phase::Off) {
            Phase::Off => {}
            Phase::Enabling => self.select(local, steps),
            Phase::Selecting(_) => self.not_selected(answer, code.as_ref(), local, steps),
            Phase::Listing(listing) => self.listed(listing, answer, code.as_ref(), local, steps),
            Phase::Searching(found) => self.searched(&found, answer, code.as_ref(), local, steps),
            Phase::Nooping => self.refresh(local, steps),
            Phase::Acting(acting) => self.acted(acting, answer, code, local, steps),
            Phase::Verifying(verifying) => self.verified(verifying, answer, code.as_ref(), local, steps),
            Phase::Fetching(fetching) => self.fetched(fetching, answer, code.as_ref(), local, steps),
            Phase::Idling { .. } => {
                self.can_idle &= answer == Answer::Ok;
                self.refresh(local, steps);
            }
            resting @ Phase::Resting { .. } => self.phase = resting,
        }
    }

    fn tick(&mut self, now: UnixTime, local: &dyn Local, steps: &mut Steps) {
        self.now = now;
        // A clock that was set back must not keep a connection waiting for years.
        let is_over = |since: UnixTime, seconds: u64| now >= since.plus(seconds) || now < since;
        let is_due = self.open.is_some()
            && local.actions().iter().any(|action| action.attempts > 0 && action.is_due(now));
        match self.phase {
            Phase::Idling { since, is_ending: false } if is_due || is_over(since, IDLE_RENEWAL_SECONDS) => {
                self.end_idle(steps);
            }
            Phase::Resting { since } if is_over(since, self.policy.poll_seconds) => {
                self.send(Command::Noop, Phase::Nooping, steps);
            }
            Phase::Resting { .. } if is_due => self.settle(local, steps),
            _ => {}
        }
    }

    fn wake(&mut self, local: &dyn Local, steps: &mut Steps) {
        match self.phase {
            Phase::Idling { is_ending: false, .. } => self.end_idle(steps),
            Phase::Resting { .. } => self.settle(local, steps),
            _ => {}
        }
    }

    fn end_idle(&mut self, steps: &mut Steps) {
        self.send(Command::EndIdle, Phase::Idling { since: self.now, is_ending: true }, steps);
    }

    /// The connection is gone; what was under way may have happened.
    fn cut(&mut self, unreadable: bool, local: &dyn Local, steps: &mut Steps) {
        self.open = None;
        match std::mem::replace(&mut self.phase, Phase::Off) {
            Phase::Acting(acting) => self.postpone(acting.action, steps),
            Phase::Verifying(verifying) => self.postpone(verifying.action, steps),
            Phase::Fetching(fetching) => self.bodies_cut(&fetching, unreadable, local, steps),
            _ => {}
        }
    }

    pub(super) fn postpone(&mut self, mut action: Action, steps: &mut Steps) {
        action.postpone(self.now);
        self.postponed.push(action.id);
        steps.effects.push(Effect::SaveAction(action));
    }

    pub(super) fn send(&mut self, command: Command, phase: Phase, steps: &mut Steps) {
        if let Some(open) = &mut self.open {
            open.is_quiet = true;
        }
        self.phase = phase;
        steps.send = Some(command);
    }

    pub(super) fn finish(&mut self, outcome: Outcome, steps: &mut Steps) {
        steps.finished = Some(outcome);
        if let Some(open) = &mut self.open {
            open.turns = 0;
        }
        let since = self.now;
        if self.open.is_none() {
            self.phase = Phase::Off;
        } else if self.policy.watch && self.can_idle && outcome == Outcome::UpToDate {
            self.send(Command::Idle, Phase::Idling { since, is_ending: false }, steps);
        } else {
            self.phase = Phase::Resting { since };
        }
    }
}
