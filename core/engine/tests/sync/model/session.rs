//! One connection to the server: what it has announced, and its answers.

use std::collections::{BTreeMap, BTreeSet};

use engine::sync::{Answer, Code, Command, Event, Resume, Selected, UidSet};

use super::Dice;
use super::server::{Origin, Server, Who};

/// An answer; octets of a mail say whose they are.
pub type Said = (Event, Option<Origin>);

#[derive(Default)]
pub struct Session {
    pub folder: Option<String>,
    pub qresync: bool,
    /// Mails announced, and the change of each that was told last.
    view: BTreeMap<u32, u64>,
}

impl Session {
    pub fn execute(&mut self, command: &Command, server: &mut Server, dice: &mut Dice) -> Vec<Said> {
        let mut said = Vec::new();
        let done = self.run(command, server, dice, &mut said);
        let may_tell = !matches!(command, Command::Select { .. } | Command::Enable) && self.folder.is_some();
        let must_tell = matches!(command, Command::Noop | Command::EndIdle);
        if may_tell && (must_tell || dice.once_in(2)) {
            self.tell(server, dice, &mut said);
        }
        said.push((done, None));
        said
    }

    /// Changes that were not announced yet.
    pub fn tell(&mut self, server: &mut Server, dice: &mut Dice, said: &mut Vec<Said>) {
        let Some(folder) = self.folder.as_ref().map(|name| server.folder(name)) else { return };
        let gone: UidSet = self.view.keys().filter(|uid| !folder.mails.contains_key(uid)).copied().collect();
        self.view.retain(|uid, _| folder.mails.contains_key(uid));
        if self.qresync && !gone.is_empty() {
            said.push((Event::Vanished { earlier: false, uids: gone }, None));
        } else {
            said.extend(gone.iter().map(|_| (Event::Expunged, None)));
        }
        let before = self.view.len();
        let mut rows = Vec::new();
        for (uid, mail) in &folder.mails {
            let told = self.view.insert(*uid, mail.modseq);
            if told.is_some_and(|told| told != mail.modseq) {
                let named = self.qresync || dice.once_in(2);
                let uid = named.then_some(*uid);
                rows.push((Event::Fetched { uid, flags: mail.flags.clone(), octets: None }, None));
            }
        }
        if self.view.len() != before {
            said.push((Event::Exists(self.view.len() as u64), None));
        }
        said.append(&mut rows);
    }

    fn rows(
        &mut self,
        server: &mut Server,
        dice: &mut Dice,
        wanted: impl Fn(u32, u64) -> bool,
        said: &mut Vec<Said>,
    ) {
        let name = self.folder.clone().unwrap();
        for (uid, told) in &mut self.view {
            if !server.is_calm && dice.once_in(25) {
                server.somebody_acts(dice);
            }
            let Some(mail) = server.folder(&name).mails.get(uid).filter(|mail| wanted(*uid, mail.modseq))
            else {
                continue;
            };
            *told = mail.modseq;
            let (flags, octets) = (mail.flags.clone(), Some(mail.origin.claimed()));
            said.push((Event::Fetched { uid: Some(*uid), flags, octets }, None));
        }
        if !server.is_calm && dice.once_in(60) && !said.is_empty() {
            said.truncate(dice.below(said.len()));
            said.push((Event::Dropped, None));
        }
    }

    fn run(
        &mut self,
        command: &Command,
        server: &mut Server,
        dice: &mut Dice,
        said: &mut Vec<Said>,
    ) -> Event {
        let ok = Event::Done(Answer::Ok, None);
        if let Command::Select { folder, resume } = command {
            return self.select(folder, resume, server, dice, said);
        }
        let name = self.folder.clone().unwrap_or_default();
        let visible: UidSet = self.view.keys().copied().collect();
        let here = |server: &mut Server, uids: &UidSet| -> Vec<u32> {
            let wanted = visible.intersection(uids);
            wanted.iter().filter(|uid| server.folder(&name).mails.contains_key(uid)).collect()
        };
        match command {
            Command::Enable => {
                self.qresync = true;
                said.push((Event::Enabled, None));
            }
            Command::ListAll => self.rows(server, dice, |_, _| true, said),
            Command::ListChanged { since } => self.rows(server, dice, |_, modseq| modseq > *since, said),
            Command::ListNew { from } => {
                // `n:*` is never empty: it has the last mail (RFC 9051 section 9, seq-range).
                let last = visible.last().unwrap_or(0);
                self.rows(server, dice, |uid, _| uid >= *from || uid == last, said);
            }
            Command::ListSome { uids } => self.rows(server, dice, |uid, _| uids.contains(uid), said),
            Command::SearchAll => {
                // Some servers still name what is gone and not announced as gone.
                let all = if dice.once_in(2) {
                    visible.clone()
                } else {
                    here(server, &visible).into_iter().collect()
                };
                said.push((Event::Found(all), None));
            }
            Command::SearchMessageId { from, message_id, octets } => {
                let all = here(server, &UidSet::range(*from, u32::MAX));
                let mails = &server.folder(&name).mails;
                let hit = |uid: &u32| {
                    let origin = mails[uid].origin;
                    origin.message_id().as_ref() == Some(message_id) && origin.claimed() == *octets
                };
                said.push((Event::Found(all.into_iter().filter(hit).collect()), None));
            }
            Command::Status { folder } => {
                let folder = server.folder(folder);
                let (uid_validity, uid_next) = (folder.uid_validity, folder.uid_next);
                said.push((Event::Status { uid_validity, uid_next }, None));
            }
            Command::FetchBodies { uids } => {
                for uid in here(server, uids) {
                    let origin = server.folder(&name).mails[&uid].origin;
                    if origin.is_poison() {
                        return Event::Unreadable;
                    }
                    said.push((Event::Body { uid, octets: origin.octets() }, Some(origin)));
                }
            }
            Command::FetchRange { uid, from, octets } => {
                for uid in here(server, &UidSet::range(*uid, *uid)) {
                    let origin = server.folder(&name).mails[&uid].origin;
                    if origin.is_poison() {
                        return Event::Unreadable;
                    }
                    let octets = origin.octets().saturating_sub(*from).min(*octets);
                    said.push((Event::Body { uid, octets }, Some(origin)));
                }
            }
            Command::StoreFlags { uids, add, flags } => {
                for uid in here(server, uids) {
                    server.flag(&name, uid, flags, *add, Who::Us);
                    let mail = server.folder(&name).mails[&uid].clone();
                    if dice.once_in(2) {
                        self.view.insert(uid, mail.modseq);
                        said.push((Event::Fetched { uid: Some(uid), flags: mail.flags, octets: None }, None));
                    }
                }
            }
            Command::Copy { uids, to } | Command::Move { uids, to } => {
                let moves = matches!(command, Command::Move { .. });
                if server.folder(to).is_restored {
                    return Event::Done(Answer::No, Some(Code::Busy));
                }
                let mut pairs = Vec::new();
                for uid in here(server, uids) {
                    if moves && !server.is_calm && dice.once_in(40) {
                        // MOVE may stop in the middle of a set (RFC 6851 section 3.3).
                        return Event::Done(Answer::No, dice.pick(&[None, Some(Code::Busy)]).unwrap());
                    }
                    pairs.extend(server.copy(&name, uid, to, Who::Us).map(|copy| (uid, copy)));
                    if moves {
                        server.remove(&name, uid, Who::Us);
                    }
                }
                if moves && !dice.once_in(4) {
                    self.tell(server, dice, said);
                }
                if server.features.uidplus && !pairs.is_empty() {
                    return Event::Done(Answer::Ok, Some(Code::CopyUid(pairs)));
                }
            }
            Command::Expunge { uids } => {
                for uid in here(server, uids) {
                    if server.folder(&name).mails[&uid].flags.has(&engine::sync::Flag::Deleted) {
                        server.remove(&name, uid, Who::Us);
                    }
                }
            }
            Command::Noop | Command::EndIdle | Command::Idle => {}
            Command::Select { .. } => unreachable!(),
        }
        ok
    }

    fn select(
        &mut self,
        name: &str,
        resume: &Resume,
        server: &mut Server,
        dice: &mut Dice,
        said: &mut Vec<Said>,
    ) -> Event {
        if self.folder.is_some() {
            // What is still due of the folder that was open.
            self.tell(server, dice, said);
            if self.qresync {
                said.push((Event::Closed, None));
            }
        }
        self.folder = Some(name.to_owned());
        let features = server.features;
        let folder = server.folder(name);
        self.view = folder.mails.iter().map(|(uid, mail)| (*uid, mail.modseq)).collect();
        if let Resume::QResync { uid_validity, modseq, known } = resume
            && *uid_validity == folder.uid_validity
        {
            let is_known = |uid: u32| known.as_ref().is_none_or(|known| known.contains(uid));
            let gone: BTreeSet<u32> = folder
                .vanished
                .iter()
                .filter(|(uid, at)| *at > modseq && is_known(**uid))
                .map(|(uid, _)| *uid)
                .collect();
            said.push((Event::Vanished { earlier: true, uids: gone.into_iter().collect() }, None));
            for (uid, mail) in folder.mails.iter().filter(|(_, mail)| mail.modseq > *modseq) {
                said.push((
                    Event::Fetched { uid: Some(*uid), flags: mail.flags.clone(), octets: None },
                    None,
                ));
            }
        }
        Event::Selected(Selected {
            uid_validity: folder.uid_validity,
            uid_next: (!features.no_uid_next).then_some(folder.uid_next),
            exists: folder.mails.len() as u64,
            highest_modseq: (features.condstore && !matches!(resume, Resume::Plain)).then_some(folder.modseq),
            permanent_flags: None,
            new_keywords: true,
            read_only: false,
        })
    }
}
