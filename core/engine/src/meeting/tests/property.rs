//! The invariant of docs/protocols/meeting.md under an attacker who reads every mail, drops, delays, replays and
//! injects, photographs codes, and answers with anchors of her own for any address:
//!
//! X holds Y as met ⇒ X confirmed Y (scan of a fresh code, or number), Y's anchor signed H, and Y echoed X's nonce
//! from Y's address.
//!
//! The check reads only what people did and what was mailed, and recomputes H with other code (`ciborium`).

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::*;
use crate::meeting::message::{Label, Proof, Transcript, tag};

/// What somebody does; numbers pick among what there is, modulo its count.
#[derive(Clone, Debug)]
enum Step {
    /// `who` scans what the other honest person's screen shows now.
    Scan { who: usize },
    /// `who` scans an earlier code again: a screenshot, a printed picture.
    ScanOld { who: usize, code: usize },
    /// `who` meets mallory: her code names any address, her anchor, and a T of her own or a photographed one.
    ScanMallory { who: usize, named: usize, copied: Option<usize> },
    /// `who` says that the numbers are the same.
    Confirm { who: usize, asked: usize },
    /// `who` agrees to a changed anchor.
    Agree { who: usize, asked: usize },
    /// `who` says no.
    Decline { who: usize, asked: usize },
    /// A mail arrives, now, late, again, or at the wrong phone; perhaps with another From.
    Deliver { mail: usize, who: Option<usize>, from: Option<usize> },
    /// All mail that has not been delivered arrives, latest first or first first.
    DeliverNew { backwards: bool },
    /// Mallory makes an M1 for a photographed code.
    ForgeFirst { code: usize, from: usize, scanner: usize },
    /// Mallory makes an M2, M3 or void notice with H and nonces that she saw.
    ForgeProof { code: usize, kind: u8, from: usize, seen: usize, nonce: usize },
    /// Mallory sends the payload of a mail that she saw, signed by her own anchor.
    Resign { mail: usize, from: usize },
    /// Time passes; phones repeat mails.
    Wait { minutes: u64 },
    /// `who` forgets a person.
    Forget { who: usize, named: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..2usize;
    let some = || 0..64usize;
    let one = prop_oneof![
        5 => who().prop_map(|who| Step::Scan { who }),
        1 => (who(), some()).prop_map(|(who, code)| Step::ScanOld { who, code }),
        2 => (who(), some(), proptest::option::of(some()))
            .prop_map(|(who, named, copied)| Step::ScanMallory { who, named, copied }),
        3 => (who(), some()).prop_map(|(who, asked)| Step::Confirm { who, asked }),
        2 => (who(), some()).prop_map(|(who, asked)| Step::Agree { who, asked }),
        1 => (who(), some()).prop_map(|(who, asked)| Step::Decline { who, asked }),
        6 => (some(), proptest::option::weighted(0.2, who()), proptest::option::weighted(0.2, some()))
            .prop_map(|(mail, who, from)| Step::Deliver { mail, who, from }),
        5 => any::<bool>().prop_map(|backwards| Step::DeliverNew { backwards }),
        4 => (some(), some(), some()).prop_map(|(code, from, scanner)| Step::ForgeFirst { code, from, scanner }),
        4 => (some(), 0..3u8, some(), some(), some())
            .prop_map(|(code, kind, from, seen, nonce)| Step::ForgeProof { code, kind, from, seen, nonce }),
        2 => (some(), some()).prop_map(|(mail, from)| Step::Resign { mail, from }),
        3 => prop_oneof![Just(1), Just(3), Just(11), Just(61), Just(1441)].prop_map(|minutes| Step::Wait { minutes }),
        1 => (who(), some()).prop_map(|(who, named)| Step::Forget { who, named }),
    ];
    proptest::collection::vec(one, 1..50)
}

/// Everything that happens, and what an observer notes.
struct World {
    phones: [Phone; 2],
    now: UnixTime,
    /// Every code that a screen showed, with its time: mallory photographs all.
    codes: Vec<(Code, UnixTime)>,
    mallorys: Vec<MeetCode>,
    /// Every mail ever sent, also mallory's.
    mails: Vec<Mail>,
    delivered: usize,
    /// (who, address, anchor) that a person confirmed by scanning a fresh code or by the number.
    confirmed: BTreeSet<(usize, EmailAddress, Anchor)>,
    met_checked: [usize; 2],
}

fn pick<T>(items: &[T], number: usize) -> Option<&T> {
    items.get(number.checked_rem(items.len())?)
}

fn names() -> [EmailAddress; 3] {
    [address("alice@example.org"), address("bob@example.org"), address("mallory@example.org")]
}

impl World {
    fn new() -> Self {
        World {
            phones: [Phone::of("Alice"), Phone::of("Bob")],
            now: MORNING,
            codes: Vec::new(),
            mallorys: Vec::new(),
            mails: Vec::new(),
            delivered: 0,
            confirmed: BTreeSet::new(),
            met_checked: [0, 0],
        }
    }

    fn scan(&mut self, who: usize, code: &Code) {
        let outcome = self.phones[who].scan(code, self.now);
        // A fresh meeting code is a confirmation, except while the person is still asked about a change.
        if let ScanOutcome::Meeting { actions, .. } = outcome {
            let Code::Meet(meet) = code else { panic!("a card began a meeting") };
            let age = (self.now.secs() / 60).checked_sub(u64::from(meet.minutes));
            assert!(age.is_some_and(|age| age <= 15), "a stale code began a meeting");
            if !matches!(actions[..], [Action::AskBeforeChange { .. }]) {
                self.confirmed.insert((who, meet.card.address.clone(), meet.card.anchor));
            }
        }
    }

    fn asked(&self, who: usize, number: usize) -> Option<(MeetingId, Person, bool)> {
        pick(&self.phones[who].asked, number).map(|action| match action {
            Action::AskNumber { id, person, .. } => (*id, person.clone(), false),
            Action::AskScanBack { id, person } => (*id, person.clone(), false),
            Action::AskBeforeChange { id, person, .. } => (*id, person.clone(), true),
            _ => unreachable!(),
        })
    }

    fn forge(&mut self, from: usize, message: &Message, to: EmailAddress) {
        let from = names()[from % 3].clone();
        self.mails.push(Mail {
            signed_under: anchor("Mallory"),
            certified: from.clone(),
            from,
            to,
            id: SendId("forged".into()),
            payload: message.encode(),
        });
    }

    /// Every code that mallory knows T of, with its owner.
    fn known_codes(&self) -> Vec<MeetCode> {
        let shown = self.codes.iter().filter_map(|(code, _)| match code {
            Code::Meet(code) => Some(code.clone()),
            Code::Card(_) => None,
        });
        shown.chain(self.mallorys.iter().cloned()).collect()
    }

    fn seen(&self) -> (Vec<[u8; 32]>, Vec<[u8; 16]>) {
        let (mut hashes, mut nonces) = (Vec::new(), vec![[9; 16]]);
        for mail in &self.mails {
            if let Some(first) = observed_first(&mail.payload) {
                hashes.extend(<[u8; 32]>::try_from(first.hash));
                nonces.extend(<[u8; 16]>::try_from(first.nonce));
            }
            let proof = observed_proof(&mail.payload);
            nonces.extend(proof.and_then(|proof| <[u8; 16]>::try_from(proof.nonce).ok()));
        }
        (hashes, nonces)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Scan { who } => {
                let code = self.phones[1 - who].show(self.now);
                self.codes.push((code.clone(), self.now));
                self.scan(who, &code);
            }
            Step::ScanOld { who, code } => {
                if let Some((code, _)) = pick(&self.codes, code).cloned() {
                    self.scan(who, &code);
                }
            }
            Step::ScanMallory { who, named, copied } => {
                let mut owner = card("Mallory", "Mallory");
                owner.address = names()[named % 3].clone();
                let copied = copied.and_then(|at| pick(&self.codes, at)).map(|(code, _)| code.clone());
                let t = match copied {
                    Some(Code::Meet(code)) => code.t.clone(),
                    _ => MeetingSecret::from_bytes(random(&mut Seeded::new(&format!(
                        "{}",
                        self.mallorys.len()
                    )))),
                };
                let code = MeetCode { card: owner, t, minutes: minutes_of(self.now) };
                self.mallorys.push(code.clone());
                self.scan(who, &Code::Meet(code));
            }
            Step::Confirm { who, asked } => {
                if let Some((id, person, _)) = self.asked(who, asked)
                    && self.phones[who].confirm_number(id, self.now).is_ok()
                {
                    self.confirmed.insert((who, person.address, person.anchor));
                }
            }
            Step::Agree { who, asked } => {
                if let Some((id, person, true)) = self.asked(who, asked)
                    && self.phones[who].agree(id, self.now).is_ok()
                    && id.role == Role::Scanner
                {
                    self.confirmed.insert((who, person.address, person.anchor));
                }
            }
            Step::Decline { who, asked } => {
                if let Some((id, ..)) = self.asked(who, asked) {
                    self.phones[who].meetings.decline(id);
                }
            }
            Step::Deliver { mail, who, from } => {
                if let Some(mut mail) = pick(&self.mails, mail).cloned() {
                    if let Some(from) = from {
                        mail.from = names()[from % 3].clone();
                    }
                    self.deliver(&mail, who);
                }
            }
            Step::DeliverNew { backwards } => {
                let mut new = self.mails.split_off(self.delivered);
                self.mails.extend(new.iter().cloned());
                self.delivered = self.mails.len();
                if backwards {
                    new.reverse();
                }
                for mail in new {
                    self.deliver(&mail, None);
                }
            }
            Step::ForgeFirst { code, from, scanner } => {
                if let Some(code) = pick(&self.known_codes(), code).cloned() {
                    // Her own identity under any address, or bob's and alice's own one with her key.
                    let honest = self.phones[scanner % 2].me();
                    let scanner = match scanner % 3 {
                        0 => Party { ek: point("Mallory"), ..honest },
                        _ => Party {
                            address: names()[from % 3].clone(),
                            anchor: anchor("Mallory"),
                            ek: point("Mallory"),
                        },
                    };
                    let transcript = Box::new(Transcript {
                        shower: Party::of(&code.card),
                        token: token_of(&code.t),
                        scanner,
                        nonce: [5; 16],
                        minutes: code.minutes,
                    });
                    let tag = tag(&code.t, Label::One, &transcript.hash(), None);
                    let (token, hash) = (transcript.token, transcript.hash());
                    self.forge(from, &Message::One { transcript, tag }, code.card.address.clone());
                    // And at once the M3 of somebody who does not wait for M2.
                    let nonce = self.seen().1.pop().unwrap_or([9; 16]);
                    let tag = message::tag(&code.t, Label::Three, &hash, Some(&nonce));
                    self.forge(from, &Message::Three(Proof { token, hash, nonce, tag }), code.card.address);
                }
            }
            Step::ForgeProof { code, kind, from, seen, nonce } => {
                let (hashes, nonces) = self.seen();
                let codes = self.known_codes();
                let picked = (pick(&codes, code), pick(&hashes, seen), pick(&nonces, nonce));
                let (Some(code), Some(&hash), Some(&nonce)) = picked else { return };
                let (token, to) = (token_of(&code.t), names()[seen % 2].clone());
                let proof =
                    |label| Proof { token, hash, nonce, tag: tag(&code.t, label, &hash, Some(&nonce)) };
                let message = match kind {
                    0 => Message::Two(proof(Label::Two)),
                    1 => Message::Three(proof(Label::Three)),
                    _ => Message::Burnt { token, hash, tag: tag(&code.t, Label::Burnt, &hash, None) },
                };
                self.forge(from, &message, to);
            }
            Step::Resign { mail, from } => {
                if let Some(mail) = pick(&self.mails, mail).cloned() {
                    let from = names()[from % 3].clone();
                    let signed_under = anchor("Mallory");
                    self.mails.push(Mail { signed_under, certified: from.clone(), from, ..mail });
                }
            }
            Step::Wait { minutes } => {
                self.now = self.now.plus(minutes * 60);
                self.phones.iter_mut().for_each(|phone| phone.due(self.now));
            }
            Step::Forget { who, named } => {
                let named = &names()[named % 3];
                self.phones[who].meetings.forget(named);
                self.phones[who].people.remove(named.folded());
                self.confirmed.retain(|(by, address, _)| *by != who || address != named);
            }
        }
    }

    fn deliver(&mut self, mail: &Mail, who: Option<usize>) {
        let addressed = self.phones.iter().position(|phone| phone.me().address == mail.to);
        if let Some(who) = who.or(addressed) {
            self.phones[who].receive(mail, self.now);
        }
    }

    /// Mails out of the phones into the network, then the invariant. A "met" of this step rests on mails that were on
    /// the network before it, so it is checked before the new mails join.
    fn observe(&mut self) -> Result<usize, TestCaseError> {
        let mut found = 0;
        for who in 0..2 {
            let met: Vec<Person> = self.phones[who].met[self.met_checked[who]..].to_vec();
            self.met_checked[who] += met.len();
            for person in met {
                found += 1;
                self.check(who, &person)?;
            }
        }
        for who in 0..2 {
            let sent = self.phones[who].take_sent();
            self.mails.extend(sent);
        }
        Ok(found)
    }

    fn check(&self, who: usize, met: &Person) -> Result<(), TestCaseError> {
        let me = self.phones[who].me();
        let confirmed = self.confirmed.contains(&(who, met.address.clone(), met.anchor));
        prop_assert!(confirmed, "{} holds {} as met without confirmation", me.address, met.address);

        // What the network carried, signed under the other person's anchor, certified for and sent from their address.
        let theirs = |mail: &&Mail| mail.signed_under == met.anchor && mail.certified == met.address;
        let theirs: Vec<Proven> =
            self.mails.iter().filter(theirs).filter_map(|mail| observed_proof(&mail.payload)).collect();
        let mine = |mail: &&Mail| mail.signed_under == me.anchor;
        let my_firsts: Vec<&[u8]> = self.mails.iter().filter(mine).map(|mail| &mail.payload[..]).collect();
        let my_proofs: Vec<Proven> =
            self.mails.iter().filter(mine).filter_map(|mail| observed_proof(&mail.payload)).collect();
        let is_me =
            |party: &(String, Vec<u8>)| party.0 == me.address.as_str() && party.1 == me.anchor.0.as_bytes();
        let is_them =
            |party: &(String, Vec<u8>)| party.0 == met.address.as_str() && party.1 == met.anchor.0.as_bytes();
        let proven = self.mails.iter().any(|mail| {
            let Some(first) = observed_first(&mail.payload) else { return false };
            // I scanned and sent this M1 with my nB; they signed H, which holds nB, in an M2.
            let scanned = is_them(&first.a)
                && is_me(&first.b)
                && my_firsts.contains(&&mail.payload[..])
                && theirs.iter().any(|proof| proof.kind == "m2" && proof.hash == first.hash);
            // I showed and sent an M2 with my nA; they signed H and nA in an M3.
            let showed = is_me(&first.a)
                && is_them(&first.b)
                && my_proofs.iter().any(|my| {
                    my.kind == "m2"
                        && my.hash == first.hash
                        && theirs.iter().any(|proof| {
                            proof.kind == "m3" && proof.hash == my.hash && proof.nonce == my.nonce
                        })
                });
            scanned || showed
        });
        prop_assert!(proven, "{} holds {} as met, but nobody echoed a nonce", me.address, met.address);

        // An honest person at the other end confirmed too: no meeting is one-sided.
        if let Some(other) = (0..2).find(|&other| {
            let them = self.phones[other].me();
            them.address == met.address && them.anchor == met.anchor
        }) {
            let meant = self
                .mails
                .iter()
                .any(|mail| mail.signed_under == self.phones[other].me().anchor && mail.to == me.address);
            prop_assert!(meant, "{} never wrote to {}", met.address, me.address);
        }
        Ok(())
    }
}

/// An M2 or M3 as an observer reads it.
struct Proven {
    kind: String,
    hash: Vec<u8>,
    nonce: Vec<u8>,
}

fn observed_proof(payload: &[u8]) -> Option<Proven> {
    use ciborium::Value;
    let Ok(Value::Array(items)) = ciborium::from_reader::<Value, _>(payload) else { return None };
    let [_, kind, _, hash, nonce, _] = &items[..] else { return None };
    Some(Proven {
        kind: kind.as_text()?.to_owned(),
        hash: hash.as_bytes()?.clone(),
        nonce: nonce.as_bytes()?.clone(),
    })
}

/// An M1 as an observer reads it, with H computed by other code.
struct Observed {
    a: (String, Vec<u8>),
    b: (String, Vec<u8>),
    nonce: Vec<u8>,
    hash: Vec<u8>,
}

fn observed_first(payload: &[u8]) -> Option<Observed> {
    use ciborium::Value;
    let Ok(Value::Array(items)) = ciborium::from_reader::<Value, _>(payload) else { return None };
    if items.len() != 12 {
        return None;
    }
    let party = |at: usize| Some((items[at].as_text()?.to_owned(), items[at + 1].as_bytes()?.clone()));
    let nonce = items[9].as_bytes()?.clone();
    let mut transcript = vec![Value::Text("countersign meet 1".into())];
    transcript.extend_from_slice(&items[2..11]);
    let mut octets = Vec::new();
    ciborium::into_writer(&Value::Array(transcript), &mut octets).unwrap();
    Some(Observed { a: party(2)?, b: party(6)?, nonce, hash: Sha256::digest(octets).to_vec() })
}

fn cases(ordinary: u32, prove: u32) -> Config {
    let wanted = if std::env::var_os("COUNTERSIGN_PROVE").is_some() { prove } else { ordinary };
    Config { cases: wanted, failure_persistence: None, ..Config::default() }
}

/// The same schedules each time.
fn runner(config: Config) -> TestRunner {
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn met_means_confirmed_and_proven_whatever_the_attacker_does() {
    let config = cases(400, 20_000);
    let expected = config.cases as usize / 10;
    let met = Cell::new(0);
    runner(config)
        .run(&steps(), |steps| {
            let mut world = World::new();
            for step in steps {
                world.take(step);
                met.set(met.get() + world.observe()?);
            }
            Ok(())
        })
        .unwrap();
    assert!(
        met.get() > expected,
        "the schedules hardly ever finish a meeting ({}): they prove nothing",
        met.get()
    );
}

#[test]
fn two_people_who_scan_each_other_always_end_as_met_over_a_bad_network() {
    let strategy = (
        any::<bool>(),
        0..900u64,
        proptest::collection::vec((0..64usize, any::<bool>()), 0..12),
        proptest::collection::vec(any::<bool>(), 64),
    );
    runner(cases(200, 4_000))
        .run(&strategy, |(alice_first, gap, early, lost)| {
            let mut phones = [Phone::of("Alice"), Phone::of("Bob")];
            let codes = [phones[0].show(MORNING), phones[1].show(MORNING)];
            let order = if alice_first { [0, 1] } else { [1, 0] };
            let mut network: Vec<Mail> = Vec::new();
            let mut now = MORNING;
            for (turn, who) in order.into_iter().enumerate() {
                now = MORNING.plus(turn as u64 * gap);
                phones[who].scan(&codes[1 - who], now);
                for &(at, keep) in early.iter().skip(turn * 6).take(6) {
                    network.extend(phones.iter_mut().flat_map(Phone::take_sent));
                    let Some(mail) = pick(&network, at).cloned() else { continue };
                    if !keep {
                        network.retain(|other| other.id != mail.id || other.from != mail.from);
                    }
                    let to = usize::from(mail.to == phones[1].me().address);
                    phones[to].receive(&mail, now);
                }
            }
            // Half a day of losses, then the network works.
            let mut lost = lost.into_iter();
            while let Some(next) = phones.iter().filter_map(|phone| phone.meetings.next_due()).min() {
                network.extend(phones.iter_mut().flat_map(Phone::take_sent));
                while let Some(mail) = network.pop() {
                    if now < MORNING.plus(43_200) && lost.next().unwrap_or(false) {
                        continue;
                    }
                    let to = usize::from(mail.to == phones[1].me().address);
                    phones[to].receive(&mail, now);
                    network.extend(phones.iter_mut().flat_map(Phone::take_sent));
                }
                now = now.max(next);
                phones.iter_mut().for_each(|phone| phone.due(now));
            }
            deliver_all(&mut phones.each_mut(), now);
            let [alice, bob] = &phones;
            prop_assert!(alice.holds_as_met(bob) && bob.holds_as_met(alice));
            Ok(())
        })
        .unwrap();
}
