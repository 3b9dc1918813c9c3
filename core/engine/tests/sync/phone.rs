//! A device whose server is a script.

use engine::sync::{
    Action, ActionKind, Answer, Capabilities, Code, Command, Event, Flags, FolderSync, Outcome, Policy,
    Selected, SpecialFolders, Target,
};
use smime::UnixTime;

use crate::model::device::Disk;
use crate::model::server::Origin;

pub const MORNING: UnixTime = UnixTime::from_secs(1_795_593_600);

pub struct Phone {
    pub disk: Disk,
    pub machine: FolderSync,
    pub finished: Option<Outcome>,
    capabilities: Capabilities,
}

impl Phone {
    pub fn new(capabilities: &str, policy: Policy) -> Self {
        Phone {
            disk: Disk::default(),
            machine: FolderSync::new("INBOX", policy),
            finished: None,
            capabilities: Capabilities::parse(capabilities.split(' ')),
        }
    }

    pub fn connect(&mut self, now: UnixTime) -> String {
        let steps = self.machine.start(&self.capabilities, false, now, &self.disk.of("INBOX"));
        self.take(steps)
    }

    /// An answer; the next command, empty when there is none.
    pub fn hears(&mut self, event: Event) -> String {
        let steps = self.machine.on(event, &self.disk.of("INBOX"));
        self.take(steps)
    }

    fn take(&mut self, steps: engine::sync::Steps) -> String {
        for effect in steps.effects {
            self.disk.apply("INBOX", effect, Some((Origin(1), 1)));
        }
        self.finished = steps.finished;
        steps.send.map(|command: Command| command.text(|name| format!("\"{name}\""))).unwrap_or_default()
    }

    pub fn ok(&mut self) -> String {
        self.hears(Event::Done(Answer::Ok, None))
    }

    pub fn no(&mut self, code: Option<Code>) -> String {
        self.hears(Event::Done(Answer::No, code))
    }

    /// Nothing comes of these answers but what is stored.
    pub fn lists(&mut self, mails: &[(u32, &str, u64)]) {
        for (uid, flags, octets) in mails {
            let flags = Flags::parse(flags.split(' '));
            assert_eq!(self.hears(Event::Fetched { uid: Some(*uid), flags, octets: Some(*octets) }), "");
        }
    }

    pub fn bodies(&mut self, uids: &[(u32, u64)]) {
        for (uid, octets) in uids {
            assert_eq!(self.hears(Event::Body { uid: *uid, octets: *octets }), "");
        }
    }

    /// The user does something to one mail of 100 octets.
    pub fn acts(&mut self, id: u64, uid: u32, kind: ActionKind) {
        let target = Target::new(uid, Some(format!("{uid}@example.org")), 100);
        self.disk.actions.push(Action::new(id, "INBOX", 7, vec![target], kind));
    }

    pub fn uids(&self) -> Vec<u32> {
        self.disk.folders.get("INBOX").into_iter().flat_map(|folder| folder.mails.keys().copied()).collect()
    }

    pub fn flags(&self, uid: u32) -> String {
        self.disk.folders["INBOX"].mails[&uid].mail.flags.to_string()
    }
}

pub fn policy() -> Policy {
    let special = SpecialFolders { trash: Some("Trash".into()), junk: Some("Junk".into()), archive: None };
    Policy { special, ..Policy::default() }
}

pub fn selected(exists: u64, uid_next: u32, modseq: Option<u64>) -> Event {
    Event::Selected(Selected {
        uid_validity: 7,
        uid_next: Some(uid_next),
        exists,
        highest_modseq: modseq,
        new_keywords: true,
        ..Selected::default()
    })
}

/// A phone that knows mails 1 to 3 of 100 octets, with bodies, up to modification sequence 50 where there is one.
pub fn with_three(capabilities: &str) -> Phone {
    with_three_under(capabilities, policy())
}

pub fn with_three_under(capabilities: &str, policy: Policy) -> Phone {
    let mut phone = Phone::new(capabilities, policy);
    if phone.connect(MORNING) == "ENABLE QRESYNC" {
        phone.hears(Event::Enabled);
        phone.ok();
    }
    let modseq = capabilities.contains("CONDSTORE").then_some(50);
    assert_eq!(phone.hears(selected(3, 4, modseq)), "UID FETCH 1:* (UID FLAGS RFC822.SIZE)");
    phone.lists(&[(1, "", 100), (2, "\\Seen", 100), (3, "", 100)]);
    assert_eq!(phone.ok(), "UID FETCH 1:3 (UID BODY.PEEK[])");
    phone.bodies(&[(1, 100), (2, 100), (3, 100)]);
    phone.ok();
    assert_eq!(phone.finished, Some(Outcome::UpToDate));
    phone
}
