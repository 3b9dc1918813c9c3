//! Stories and attacks, without real signatures: a mail here says whose anchor signed it, for which address. What a
//! real signature proves is tested in `tests/meeting_smime.rs`.

mod attacks;
mod property;
mod stories;
mod vectors;

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};
use smime::path::Trust;
use smime::{EmailAddress, Fingerprint, UnixTime};

use super::*;
use crate::people::{Capabilities, Contact};

/// 2026-11-25T08:00:00Z.
pub(super) const MORNING: UnixTime = UnixTime::from_secs(1_795_593_600);

/// Repeatable octets: SHA-256 over a seed and a counter.
pub(super) struct Seeded {
    seed: String,
    counter: u64,
}

impl Seeded {
    pub(super) fn new(seed: &str) -> Self {
        Seeded { seed: seed.to_owned(), counter: 0 }
    }
}

impl TryRng for Seeded {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets)?;
        Ok(u32::from_be_bytes(octets))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets)?;
        Ok(u64::from_be_bytes(octets))
    }
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            self.counter += 1;
            let digest = Sha256::digest(format!("{}/{}", self.seed, self.counter));
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Seeded {}

/// A mail between phones: who signed it (anchor and address of the certificate) and what its From says.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) signed_under: Anchor,
    pub(super) certified: EmailAddress,
    pub(super) from: EmailAddress,
    pub(super) to: EmailAddress,
    pub(super) id: SendId,
    pub(super) payload: Vec<u8>,
}

/// A person with a phone; its client does what the actions say.
pub(super) struct Phone {
    pub(super) meetings: Meetings,
    pub(super) people: People,
    pub(super) sent: Vec<Mail>,
    pub(super) met: Vec<Person>,
    pub(super) warnings: Vec<Warning>,
    pub(super) asked: Vec<Action>,
    rng: Seeded,
}

pub(super) fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

pub(super) fn anchor(name: &str) -> Anchor {
    Anchor(Fingerprint::of(format!("root of {name}").as_bytes()))
}

/// Some point on P-256 for a text.
pub(super) fn point(of: &str) -> [u8; 33] {
    let candidate = |number: u32| {
        let mut ek = [2; 33];
        ek[1..].copy_from_slice(Fingerprint::of(format!("key of {of}, {number}").as_bytes()).as_bytes());
        ek
    };
    (0..).map(candidate).find(|ek| smime::key::p256_public_key_der(ek).is_some()).unwrap()
}

pub(super) fn card(name: &str, root: &str) -> Card {
    Card::new(address(&format!("{}@example.org", name.to_lowercase())), name, anchor(root), point(root))
}

pub(super) fn contact(of: &Party, trust: Trust) -> Contact {
    Contact {
        address: of.address.clone(),
        name: None,
        anchor: Some(of.anchor),
        anchor_certificate: None,
        trust,
        encryption_certificates: Vec::new(),
        encryption_key: None,
        capabilities: Capabilities::default(),
        certificates_as_of: None,
        since: MORNING,
        changed_anchor: None,
    }
}

impl Phone {
    pub(super) fn of(name: &str) -> Self {
        Phone::with_root(name, name)
    }

    pub(super) fn with_root(name: &str, root: &str) -> Self {
        Phone {
            meetings: Meetings::new(card(name, root)),
            people: People::new(),
            sent: Vec::new(),
            met: Vec::new(),
            warnings: Vec::new(),
            asked: Vec::new(),
            rng: Seeded::new(root),
        }
    }

    pub(super) fn me(&self) -> Party {
        Party::of(&self.meetings.card)
    }

    pub(super) fn show(&mut self, now: UnixTime) -> Code {
        self.restart();
        Code::Meet(self.meetings.show(now, &mut self.rng))
    }

    pub(super) fn scan(&mut self, code: &Code, now: UnixTime) -> ScanOutcome {
        self.restart();
        let outcome = self.meetings.scan(code, now, &self.people, &mut self.rng);
        if let ScanOutcome::Meeting { actions, .. } = &outcome {
            self.act(actions.clone());
        }
        outcome
    }

    /// Whether the mail was one of a meeting.
    pub(super) fn receive(&mut self, mail: &Mail, now: UnixTime) -> bool {
        self.restart();
        let envelope = Envelope { payload: &mail.payload, from: &mail.from, from_name: Some("From Name") };
        let prove = |party: &Party| {
            (party.anchor == mail.signed_under && party.address == mail.certified)
                .then(|| ProvenSender::assumed(party.anchor.0.as_bytes().to_vec()))
        };
        let actions = self.meetings.receive_proven(&envelope, &prove, now, &self.people, &mut self.rng);
        let handled = actions.is_some();
        self.act(actions.unwrap_or_default());
        handled
    }

    pub(super) fn confirm_number(&mut self, id: MeetingId, now: UnixTime) -> Result<(), MeetingError> {
        self.restart();
        let actions = self.meetings.confirm_number(id, now, &self.people, &mut self.rng)?;
        self.act(actions);
        Ok(())
    }

    pub(super) fn agree(&mut self, id: MeetingId, now: UnixTime) -> Result<(), MeetingError> {
        self.restart();
        let actions = self.meetings.agree(id, now, &self.people, &mut self.rng)?;
        self.act(actions);
        Ok(())
    }

    pub(super) fn due(&mut self, now: UnixTime) {
        self.restart();
        let actions = self.meetings.due(now);
        self.act(actions);
    }

    pub(super) fn take_sent(&mut self) -> Vec<Mail> {
        std::mem::take(&mut self.sent)
    }

    pub(super) fn holds_as_met(&self, other: &Phone) -> bool {
        let them = other.me();
        let contact = self.people.get(them.address.folded());
        contact.is_some_and(|contact| contact.trust == Trust::Met && contact.anchor == Some(them.anchor))
    }

    pub(super) fn stage_with(&self, other: &Phone) -> Vec<Stage> {
        let of = other.me();
        let status = self.meetings.status();
        status
            .into_iter()
            .filter(|status| status.person.address == of.address)
            .map(|status| status.stage)
            .collect()
    }

    /// The phone is switched off and on: all that is known is what was stored.
    fn restart(&mut self) {
        let stored = serde_json::to_string(&self.meetings).unwrap();
        self.meetings = serde_json::from_str(&stored).unwrap();
        assert_eq!(serde_json::to_string(&self.meetings).unwrap(), stored);
    }

    fn act(&mut self, actions: Vec<Action>) {
        let me = self.me();
        for action in actions {
            match action {
                Action::Send(Outgoing { id, to, payload, .. }) => self.sent.push(Mail {
                    signed_under: me.anchor,
                    certified: me.address.clone(),
                    from: me.address.clone(),
                    to,
                    id,
                    payload,
                }),
                Action::Scanned { person, .. } => {
                    let party = Party { address: person.address, anchor: person.anchor, ek: person.ek };
                    let entry = self.people.entry(party.address.folded().to_owned());
                    entry.or_insert_with(|| contact(&party, Trust::Pinned));
                }
                Action::Met { met, .. } => {
                    let person = met.person().clone();
                    assert_eq!(met.anchor_certificate(), person.anchor.0.as_bytes());
                    let party =
                        Party { address: person.address.clone(), anchor: person.anchor, ek: person.ek };
                    self.people.insert(person.address.folded().to_owned(), contact(&party, Trust::Met));
                    self.met.push(person);
                }
                Action::Warn(warning) => self.warnings.push(warning),
                ask @ (Action::AskNumber { .. }
                | Action::AskScanBack { .. }
                | Action::AskBeforeChange { .. }) => self.asked.push(ask),
            }
        }
    }
}

/// Delivers all mail until nobody sends any more; returns the number of mails.
pub(super) fn deliver_all(phones: &mut [&mut Phone], now: UnixTime) -> usize {
    let mut count = 0;
    loop {
        let mails: Vec<Mail> = phones.iter_mut().flat_map(|phone| phone.take_sent()).collect();
        if mails.is_empty() {
            return count;
        }
        for mail in mails {
            count += 1;
            for phone in phones.iter_mut().filter(|phone| phone.me().address == mail.to) {
                phone.receive(&mail, now);
            }
        }
    }
}
