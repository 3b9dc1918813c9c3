//! What the user does, and what must hold at each step.

use engine::sync::{
    Action, ActionKind, BodyState, Event, Flag, Flags, LocalMail, Seen, Target, UidSet, shown,
};

use super::check::Acknowledged;
use super::run::World;
use super::server::{FOLDERS, Origin};

impl World {
    /// The user acts on mail that is on the screen and readable.
    pub fn user_acts(&mut self) {
        let name = FOLDERS[self.dice.below(FOLDERS.len())];
        let Some(folder) = self.disk.folders.get(name) else { return };
        let Some(state) = folder.state else { return };
        let actions: Vec<Action> =
            self.disk.actions.iter().filter(|action| action.folder == name).cloned().collect();
        let on_screen = |uid: u32, origin: Origin, kept: &LocalMail| {
            let message_id = origin.message_id();
            let mail = Seen {
                folder: name,
                uid_validity: state.uid_validity,
                uid,
                message_id: message_id.as_deref(),
                octets: kept.octets,
                flags: &kept.flags,
            };
            !shown(&mail, &actions, &self.policy.special).is_leaving
        };
        let mut choice: Vec<(u32, Origin, u64)> = Vec::new();
        for (uid, kept) in &folder.mails {
            if let Some((origin, _)) = kept.body
                && kept.mail.body == BodyState::Whole
                && on_screen(*uid, origin, &kept.mail)
            {
                choice.push((*uid, origin, kept.mail.octets));
            }
        }
        let mut picked = Vec::new();
        for _ in 0..1 + self.dice.below(3) {
            if !choice.is_empty() {
                picked.push(choice.remove(self.dice.below(choice.len())));
            }
        }
        if picked.is_empty() {
            return;
        }
        let other = FOLDERS[self.dice.below(FOLDERS.len())].to_owned();
        let flags = Flags::from_iter(self.dice.pick(&[Flag::Seen, Flag::Flagged, Flag::Answered]));
        let kind = match self.dice.below(9) {
            0 | 1 => ActionKind::AddFlags(flags),
            2 => ActionKind::RemoveFlags(flags),
            3 | 4 => ActionKind::Move { to: other },
            5 => ActionKind::Copy { to: other },
            6 => ActionKind::Delete,
            7 => ActionKind::MarkSpam,
            _ => ActionKind::Archive,
        };
        let targets =
            picked.iter().map(|(uid, origin, octets)| Target::new(*uid, origin.message_id(), *octets));
        let id = self.acknowledged.len() as u64;
        let action = Action::new(id, name, state.uid_validity, targets.collect(), kind.clone());
        let find = |uid: &u32, origin: &Origin| {
            let known = self.server.instances.get(&(name.to_owned(), state.uid_validity, *uid));
            known.filter(|(_, known)| known == origin).map(|(instance, _)| *instance)
        };
        self.trace(|| format!("USER {action:?}"));
        self.acknowledged.push(Acknowledged {
            folder: name.to_owned(),
            kind,
            mails: picked.iter().map(|(uid, origin, _)| (find(uid, origin), *origin)).collect(),
            log: self.server.log.len(),
            special: self.policy.special.clone(),
        });
        self.disk.actions.push(action);
        if self.dice.once_in(2) && self.program.as_ref().is_some_and(|program| program.folder == name) {
            self.give((Event::Acted, None));
        }
    }

    /// No record is removed of a mail that is there.
    pub fn is_gone(&self, name: &str, uids: &UidSet) {
        let (server, disk) = (&self.server.folders[name], &self.disk.folders[name]);
        if server.is_restored || disk.state.map(|state| state.uid_validity) != Some(server.uid_validity) {
            return;
        }
        for uid in uids.iter() {
            let there = server.mails.get(&uid).map(|mail| mail.origin.claimed());
            let here = disk.mails.get(&uid).map(|kept| kept.mail.octets);
            assert!(there.is_none() || there != here, "{name} {uid} is there and was removed");
        }
    }
}
