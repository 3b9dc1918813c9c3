//! One interleaving: everybody acts in a random order, then peace, then everything must be the same on both sides.

use std::collections::VecDeque;

use engine::sync::{
    Answer, Backoff, Capabilities, Code, Command, Effect, Event, FolderSync, Outcome, Policy, SpecialFolders,
    Steps,
};
use smime::UnixTime;

use super::Dice;
use super::check::{Acknowledged, check};
use super::device::Disk;
use super::server::{FOLDERS, Features, Origin, Server, Who};
use super::session::{Said, Session};

/// The program: gone after a crash.
pub(super) struct Program {
    machine: FolderSync,
    pub(super) folder: String,
    session: Option<Session>,
    outstanding: Option<Command>,
    said: VecDeque<Said>,
}

pub struct World {
    pub server: Server,
    pub disk: Disk,
    pub acknowledged: Vec<Acknowledged>,
    pub(super) dice: Dice,
    now: u64,
    pub(super) policy: Policy,
    pub(super) program: Option<Program>,
    is_calm: bool,
    outcome: Option<Outcome>,
    /// Every event and what came of it is printed.
    pub is_traced: bool,
    pub crashes: u32,
    pub cuts: u32,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let qresync = dice.once_in(3);
        let features = Features {
            qresync,
            condstore: qresync || dice.once_in(2),
            moves: dice.once_in(2),
            uidplus: !dice.once_in(3),
            idle: dice.once_in(2),
            no_uid_next: dice.once_in(6),
        };
        let folder = |name: &str| Some(name.to_owned());
        let special = SpecialFolders {
            trash: folder("Trash").filter(|_| !dice.once_in(3)),
            junk: folder("Junk"),
            archive: folder("Archive"),
        };
        let policy = Policy {
            special,
            range_octets: 256,
            batch_octets: 150,
            watch: dice.once_in(2),
            ..Policy::default()
        };
        let mut server = Server::new(features);
        for _ in 0..dice.below(12) {
            server.deliver("INBOX", Who::Other);
        }
        World {
            server,
            disk: Disk::default(),
            acknowledged: Vec::new(),
            dice,
            now: 1_795_593_600,
            policy,
            program: None,
            is_calm: false,
            outcome: None,
            is_traced: false,
            crashes: 0,
            cuts: 0,
        }
    }

    /// All of it; panics when something does not hold.
    pub fn run(&mut self) {
        for _ in 0..150 + self.dice.below(250) {
            match self.dice.below(100) {
                0..20 => self.server.somebody_acts(&mut self.dice),
                20..30 => self.user_acts(),
                30..31 => self.crash(),
                31..32 => self.upheaval(),
                32..35 => self.now += [1, 30, 2_000, 20_000][self.dice.below(4)],
                _ => self.proceed(),
            }
        }
        self.is_calm = true;
        self.server.is_calm = true;
        self.crash();
        self.settle();
        check(self);
    }

    fn capabilities(&self) -> Capabilities {
        let Features { qresync, condstore, moves, uidplus, idle, .. } = self.server.features;
        let words = [
            (true, "IMAP4rev1"),
            (qresync, "QRESYNC"),
            (condstore, "CONDSTORE"),
            (moves, "MOVE"),
            (uidplus, "UIDPLUS"),
            (idle, "IDLE"),
        ];
        Capabilities::parse(words.into_iter().filter(|(has, _)| *has).map(|(_, word)| word))
    }

    fn upheaval(&mut self) {
        let name = FOLDERS[self.dice.below(FOLDERS.len())];
        match self.dice.below(4) {
            0 => {
                self.trace(|| format!("{name} is renumbered"));
                self.server.renumber(name, &mut self.dice);
                self.cut();
            }
            1 => {
                self.trace(|| format!("{name} is restored"));
                self.server.restore(name, &mut self.dice);
                self.cut();
            }
            _ => self.server.back_up(name),
        }
    }

    fn crash(&mut self) {
        self.trace(|| "crash".to_owned());
        self.crashes += u32::from(self.program.is_some() && !self.is_calm);
        self.program = None;
    }

    fn cut(&mut self) {
        let Some(program) = &mut self.program else { return };
        if program.session.take().is_some() {
            self.cuts += 1;
            program.outstanding = None;
            program.said.clear();
            self.give((Event::Disconnected, None));
            self.now += Backoff::default().failed(0).as_secs();
        }
    }

    /// One thing happens between program and server.
    fn proceed(&mut self) {
        if self.program.is_none() {
            let folder = FOLDERS[self.dice.below(FOLDERS.len())].to_owned();
            self.open(folder, None);
        }
        let Some(program) = &mut self.program else { return };
        if program.session.is_none() {
            // The same program connects again.
            let Some(Program { machine, folder, .. }) = self.program.take() else { return };
            return self.open(folder, Some(machine));
        }
        if let Some(said) = program.said.pop_front() {
            // The machine must not depend on how much time passes between two answers.
            return self.give(said);
        }
        let Some(command) = program.outstanding.take() else {
            self.now += [20, 400][self.dice.below(2)];
            return self.give((Event::Tick(UnixTime::from_secs(self.now)), None));
        };
        if command == Command::Idle && !self.idle_ends() {
            return;
        }
        let fault = if self.is_calm { 99 } else { self.dice.below(60) };
        let (Some(program), dice) = (&mut self.program, &mut self.dice) else { return };
        let Some(session) = &mut program.session else { return };
        match fault {
            // Before the command arrives.
            0 => return self.cut(),
            // Refused for now, or with no reason.
            1 if command != Command::EndIdle => {
                let code = dice.pick(&[None, Some(Code::Busy)]).unwrap();
                program.said.push_back((Event::Done(Answer::No, code), None));
                return;
            }
            _ => {}
        }
        let mut said = session.execute(&command, &mut self.server, dice);
        match fault {
            // After it was carried out, anywhere in the answer.
            2..5 => {
                said.truncate(dice.below(said.len()));
                said.push((Event::Disconnected, None));
            }
            // An answer that stops in the middle with NO.
            5 if matches!(command, Command::ListAll | Command::ListNew { .. } | Command::SearchAll) => {
                said.truncate(dice.below(said.len()));
                said.push((Event::Done(Answer::No, None), None));
            }
            _ => {}
        }
        program.said.extend(said);
    }

    /// The server speaks by itself while it idles; now and then it ends that.
    fn idle_ends(&mut self) -> bool {
        let (Some(program), dice) = (&mut self.program, &mut self.dice) else { return false };
        let Some(session) = &mut program.session else { return false };
        if dice.once_in(12) {
            return true;
        }
        let mut said = Vec::new();
        session.tell(&mut self.server, dice, &mut said);
        program.said.extend(said);
        program.outstanding = Some(Command::Idle);
        self.now += 600;
        self.give((Event::Tick(UnixTime::from_secs(self.now)), None));
        false
    }

    fn open(&mut self, folder: String, machine: Option<FolderSync>) {
        let machine = machine.unwrap_or_else(|| FolderSync::new(&folder, self.policy.clone()));
        self.start(folder, machine, Session::default());
    }

    fn start(&mut self, folder: String, mut machine: FolderSync, session: Session) {
        let now = UnixTime::from_secs(self.now);
        let steps = machine.start(&self.capabilities(), session.qresync, now, &self.disk.of(&folder));
        let said = VecDeque::new();
        self.program = Some(Program { machine, folder, session: Some(session), outstanding: None, said });
        self.take(steps, None);
    }

    pub(super) fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            println!("{} {}", self.program.as_ref().map_or("", |program| &program.folder), what());
        }
    }

    pub(super) fn give(&mut self, (event, origin): Said) {
        self.trace(|| format!("{event:?}"));
        let Some(program) = &mut self.program else { return };
        let octets = if let Event::Body { octets, .. } = &event { *octets } else { 0 };
        let is_opened = matches!(event, Event::Selected(_))
            && program
                .session
                .as_ref()
                .is_some_and(|session| session.folder.as_ref() == Some(&program.folder));
        let is_cut = matches!(event, Event::Disconnected | Event::Unreadable);
        let steps = program.machine.on(event, &self.disk.of(&program.folder));
        if is_cut {
            program.session = None;
            program.outstanding = None;
            program.said.clear();
        }
        self.take(steps, origin.map(|origin| (origin, octets)));
        if let Some(program) = self.program.as_ref().filter(|_| is_opened) {
            self.server.folder(&program.folder).is_restored = false;
        }
    }

    /// Effects in order; a crash leaves the first of them.
    fn take(&mut self, steps: Steps, body: Option<(Origin, u64)>) {
        self.trace(|| format!("    {steps:?}"));
        for effect in steps.effects {
            if !self.is_calm && self.dice.once_in(150) {
                return self.crash();
            }
            let Some(program) = &self.program else { return };
            if let Effect::RemoveMails(uids) = &effect {
                self.is_gone(&program.folder, uids);
            }
            self.disk.apply(&program.folder, effect, body);
        }
        if !self.is_calm && self.dice.once_in(200) {
            return self.crash();
        }
        let Some(program) = &mut self.program else { return };
        if let Some(command) = steps.send {
            let _ = command.text(|name| name.to_owned());
            program.outstanding = Some(command);
        }
        if let Some(outcome) = steps.finished {
            self.outcome = Some(outcome);
            if !self.is_calm && self.dice.once_in(2) {
                self.change_folder();
            }
        }
    }

    /// One connection serves several folders, one after the other.
    fn change_folder(&mut self) {
        let folder = FOLDERS[self.dice.below(FOLDERS.len())].to_owned();
        let Some(program) = &mut self.program else { return };
        if program.outstanding.is_none()
            && program.said.is_empty()
            && let Some(session) = program.session.take()
        {
            self.start(folder.clone(), FolderSync::new(&folder, self.policy.clone()), session);
        }
    }

    /// Nobody disturbs: a few rounds over months, because what failed is tried again after up to 30 days.
    fn settle(&mut self) {
        self.policy.watch = false;
        for pass in 0..6 {
            for name in FOLDERS {
                self.open(name.to_owned(), None);
                self.outcome = None;
                let mut turns = 0;
                while self.outcome.is_none() {
                    self.proceed();
                    turns += 1;
                    assert!(
                        turns < 5_000,
                        "{name} never ends: {:?}",
                        self.program.as_ref().map(|p| &p.machine)
                    );
                }
                // A folder that comes from a backup takes nothing before it was opened once.
                assert!(self.outcome == Some(Outcome::UpToDate) || pass == 0, "{name}: {:?}", self.outcome);
                self.program = None;
            }
            self.now += 40 * 86_400;
        }
    }
}
