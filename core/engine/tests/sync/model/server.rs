//! Folders of the server, and who did what to them.

use std::collections::BTreeMap;

use engine::sync::{Flag, Flags};

use super::Dice;

pub const FOLDERS: [&str; 4] = ["INBOX", "Archive", "Trash", "Junk"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Us,
    Other,
    Admin,
}

/// What is in a mail: copies have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin(pub u64);

impl Origin {
    /// One in ten has none.
    pub fn message_id(self) -> Option<String> {
        (self.0 % 10 != 7).then(|| format!("mail-{}@example.org", self.0))
    }

    pub fn octets(self) -> u64 {
        if self.0 % 5 == 3 { 700 + self.0 } else { 10 + self.0 % 30 }
    }

    /// The size that the server claims: one in seven is wrong.
    pub fn claimed(self) -> u64 {
        match self.0 % 14 {
            3 => self.octets() + 90,
            10 => self.octets() - 9,
            _ => self.octets(),
        }
    }

    /// Its octets break the reader of the answer.
    pub fn is_poison(self) -> bool {
        self.0 % 23 == 11
    }
}

#[derive(Clone, Debug)]
pub struct Mail {
    /// The same through renumbering; another for each copy.
    pub instance: u64,
    pub origin: Origin,
    pub flags: Flags,
    pub modseq: u64,
}

#[derive(Clone, Debug)]
pub struct Folder {
    pub uid_validity: u32,
    pub uid_next: u32,
    pub modseq: u64,
    pub mails: BTreeMap<u32, Mail>,
    /// UID and modification sequence of what was expunged.
    pub vanished: BTreeMap<u32, u64>,
    /// Went back in time, and the device has not taken notice: until then nothing changes here, or nobody could tell.
    pub is_restored: bool,
    /// Once under one UIDVALIDITY: a second time, modification sequences that begin again are not seen to go back.
    was_restored: bool,
    backup: Option<Box<Folder>>,
}

#[derive(Clone, Debug)]
pub enum Entry {
    Created { folder: String, origin: Origin, who: Who },
    Removed { folder: String, origin: Origin, instance: u64, who: Who },
    Flagged { origin: Origin, flag: Flag, set: bool, who: Who },
}

impl Entry {
    pub fn origin(&self) -> Origin {
        match self {
            Entry::Created { origin, .. } | Entry::Removed { origin, .. } | Entry::Flagged { origin, .. } => {
                *origin
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Features {
    pub qresync: bool,
    pub condstore: bool,
    pub moves: bool,
    pub uidplus: bool,
    pub idle: bool,
    /// Leaves UIDNEXT out of SELECT.
    pub no_uid_next: bool,
}

pub struct Server {
    pub features: Features,
    pub folders: BTreeMap<String, Folder>,
    pub log: Vec<Entry>,
    pub instances: BTreeMap<(String, u32, u32), (u64, Origin)>,
    next: u64,
    /// Numbers were given anew, or a backup came back.
    pub upheavals: u32,
    /// Nobody else acts, nothing fails.
    pub is_calm: bool,
}

impl Server {
    pub fn new(features: Features) -> Self {
        let folder = || Folder {
            uid_validity: 1,
            uid_next: 1,
            modseq: 2,
            mails: BTreeMap::new(),
            vanished: BTreeMap::new(),
            is_restored: false,
            was_restored: false,
            backup: None,
        };
        let folders = FOLDERS.iter().map(|name| ((*name).to_owned(), folder())).collect();
        Server {
            features,
            folders,
            log: Vec::new(),
            instances: BTreeMap::new(),
            next: 0,
            upheavals: 0,
            is_calm: false,
        }
    }

    pub fn folder(&mut self, name: &str) -> &mut Folder {
        self.folders.get_mut(name).unwrap()
    }

    pub fn deliver(&mut self, folder: &str, who: Who) {
        self.next += 1;
        self.put(folder, Origin(self.next), Flags::default(), who, None);
    }

    /// A new mail; its UID.
    fn put(&mut self, name: &str, origin: Origin, flags: Flags, who: Who, instance: Option<u64>) -> u32 {
        self.next += 1;
        let instance = instance.unwrap_or(self.next);
        let folder = self.folder(name);
        folder.modseq += 1;
        let (uid, validity) = (folder.uid_next, folder.uid_validity);
        folder.uid_next += 1;
        folder.mails.insert(uid, Mail { instance, origin, flags, modseq: folder.modseq });
        self.instances.insert((name.to_owned(), validity, uid), (instance, origin));
        self.log.push(Entry::Created { folder: name.to_owned(), origin, who });
        uid
    }

    pub fn copy(&mut self, from: &str, uid: u32, to: &str, who: Who) -> Option<u32> {
        let mail = self.folder(from).mails.get(&uid)?.clone();
        Some(self.put(to, mail.origin, mail.flags, who, None))
    }

    pub fn remove(&mut self, name: &str, uid: u32, who: Who) {
        let folder = self.folder(name);
        let Some(mail) = folder.mails.remove(&uid) else { return };
        folder.modseq += 1;
        folder.vanished.insert(uid, folder.modseq);
        let (folder, origin, instance) = (name.to_owned(), mail.origin, mail.instance);
        self.log.push(Entry::Removed { folder, origin, instance, who });
    }

    pub fn flag(&mut self, name: &str, uid: u32, flags: &Flags, add: bool, who: Who) {
        let folder = self.folders.get_mut(name).unwrap();
        let Some(mail) = folder.mails.get_mut(&uid) else { return };
        let before = mail.flags.clone();
        if add {
            mail.flags.add(flags)
        } else {
            mail.flags.remove(flags)
        }
        if mail.flags != before {
            folder.modseq += 1;
            mail.modseq = folder.modseq;
        }
        for flag in flags.iter() {
            self.log.push(Entry::Flagged { origin: mail.origin, flag: flag.clone(), set: add, who });
        }
    }

    /// Another client, or a delivery.
    pub fn somebody_acts(&mut self, dice: &mut Dice) {
        let name = FOLDERS[dice.below(FOLDERS.len())];
        let to = FOLDERS[dice.below(FOLDERS.len())];
        if [name, to, "INBOX"].iter().any(|folder| self.folders[*folder].is_restored) {
            return;
        }
        let uids: Vec<u32> = self.folders[name].mails.keys().copied().collect();
        let Some(uid) = dice.pick(&uids).filter(|_| !dice.once_in(3)) else {
            return self.deliver(if dice.once_in(3) { name } else { "INBOX" }, Who::Other);
        };
        match dice.below(8) {
            0 => self.remove(name, uid, Who::Other),
            1 if name != to => {
                self.copy(name, uid, to, Who::Other);
                self.remove(name, uid, Who::Other);
            }
            2 => {
                self.copy(name, uid, to, Who::Other);
            }
            _ => {
                let flag = dice.pick(&[Flag::Seen, Flag::Flagged, Flag::Answered, Flag::Junk]).unwrap();
                self.flag(name, uid, &Flags::from_iter([flag]), dice.once_in(2), Who::Other);
            }
        }
    }

    /// UIDVALIDITY changes; mails keep their order, or not.
    pub fn renumber(&mut self, name: &str, dice: &mut Dice) {
        self.upheavals += 1;
        let folder = self.folder(name);
        let mut mails: Vec<Mail> = std::mem::take(&mut folder.mails).into_values().collect();
        if dice.once_in(2) {
            mails.reverse();
        }
        folder.uid_validity += 1;
        folder.uid_next = 1 + dice.below(3) as u32;
        folder.modseq = 2;
        folder.vanished.clear();
        folder.backup = None;
        folder.is_restored = false;
        folder.was_restored = false;
        let validity = folder.uid_validity;
        for mut mail in mails {
            let folder = self.folders.get_mut(name).unwrap();
            mail.modseq = folder.modseq;
            let key = (name.to_owned(), validity, folder.uid_next);
            self.instances.insert(key, (mail.instance, mail.origin));
            folder.mails.insert(folder.uid_next, mail);
            folder.uid_next += 1;
        }
    }

    pub fn back_up(&mut self, name: &str) {
        let folder = self.folder(name);
        folder.backup = None;
        folder.backup = (!folder.was_restored).then(|| Box::new(folder.clone()));
    }

    /// The folder is as it was; UIDNEXT too, or not.
    pub fn restore(&mut self, name: &str, dice: &mut Dice) {
        let now = self.folder(name).clone();
        let Some(backup) = now.backup else { return };
        self.upheavals += 1;
        for mail in now.mails.values() {
            let (folder, origin, instance) = (name.to_owned(), mail.origin, mail.instance);
            self.log.push(Entry::Removed { folder, origin, instance, who: Who::Admin });
        }
        for mail in backup.mails.values() {
            let origin = mail.origin;
            self.log.push(Entry::Created { folder: name.to_owned(), origin, who: Who::Admin });
        }
        // Where UIDNEXT is not told, nobody could see that UIDs are given twice.
        let keeps_next = self.features.no_uid_next || dice.once_in(2);
        let folder = self.folder(name);
        *folder = *backup;
        folder.is_restored = true;
        folder.was_restored = true;
        // Modification sequences are no part of a backup: they begin again.
        folder.modseq = 1;
        folder.vanished.clear();
        folder.mails.values_mut().for_each(|mail| mail.modseq = 1);
        if keeps_next {
            folder.uid_next = now.uid_next;
        }
    }
}
