//! Meetings: from two QR codes to two people who hold each other as met (docs/protocols/meeting.md).
//!
//! A pure state machine for one account. The one who shows a code is A, the one who scans it is B; a device is both
//! when two people scan each other. Three mails finish a meeting: M1 B→A, M2 A→B, M3 B→A.

mod message;
mod scanner;
mod schedule;
mod sender;
mod shower;
#[cfg(test)]
mod tests;
mod types;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use smime::{EmailAddress, UnixTime};

use crate::people::{Anchor, People};
use crate::qr::{Card, CardCode, Code, MeetCode, MeetingSecret};

use message::{Message, Party, token_of};
use scanner::{Scan, ScanPhase};
use schedule::Sending;
use sender::ProvenSender;
use shower::{ByScan, FirstAnswer, Shown};

pub use message::MAX_MESSAGE_OCTETS;
pub use sender::{ca_anchor, personal_anchor};
pub use types::{
    Action, CardReason, MeetingError, MeetingId, MetPerson, Number, Outgoing, Person, Role, ScanOutcome,
    SendId, SignedMail, Stage, Status, Warning,
};

/// Type of the body part that carries a meeting message (deterministic CBOR, base64 in the mail).
pub const CONTENT_TYPE: &str = "application/vnd.countersign.meeting+cbor";

/// A code is shown for 10 minutes, then a new T is made.
pub const ROTATION_SECONDS: u64 = 600;
/// The number is enough for 10 minutes after the code was made.
pub const NUMBER_SECONDS: u64 = 600;
/// A scanned code is fresh for 10 minutes ...
pub const FRESH_MINUTES: u32 = 10;
/// ... and 5 more, because clocks differ.
pub const SKEW_MINUTES: u32 = 5;
/// Codes remembered; beyond that the oldest that wait for nothing are dropped.
const MAX_SHOWN: usize = 512;
/// Scans remembered.
const MAX_SCANS: usize = 512;

/// All meetings of one account. Holds secrets: store it sealed, in one batch with what the actions change.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meetings {
    card: Card,
    shown: Vec<Shown>,
    scans: Vec<Scan>,
}

impl Meetings {
    /// No meetings yet; `card` is the account's own.
    pub fn new(card: Card) -> Self {
        Meetings { card, shown: Vec::new(), scans: Vec::new() }
    }

    /// The account's own card.
    pub fn own_card(&self) -> &Card {
        &self.card
    }

    /// Changes name or keys for codes shown from now on.
    pub fn set_own_card(&mut self, card: Card) {
        self.card = card;
    }

    /// The meeting code to show now: the same until it is 10 minutes old or answered, then a new one.
    pub fn show(&mut self, now: UnixTime, rng: &mut dyn CryptoRng) -> MeetCode {
        if let Some(code) = self.shown.last().and_then(|shown| shown.code(&self.card, now)) {
            return code;
        }
        let secret = MeetingSecret::from_bytes(random(rng));
        let code = MeetCode { card: self.card.clone(), t: secret.clone(), minutes: minutes_of(now) };
        make_room(&mut self.shown, MAX_SHOWN, Shown::is_pending);
        self.shown.push(Shown::new(&self.card, secret, now));
        code
    }

    /// The card to print.
    pub fn card(&self, now: UnixTime) -> CardCode {
        CardCode { card: self.card.clone(), minutes: minutes_of(now) }
    }

    /// The camera read `code`. A fresh meeting code is the person's confirmation of its owner.
    pub fn scan(
        &mut self,
        code: &Code,
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> ScanOutcome {
        let only_card = |why| ScanOutcome::Card { card: code.card().clone(), why };
        if code.card().address == self.card.address {
            return ScanOutcome::Own;
        }
        let code = match code {
            Code::Card(_) => return only_card(CardReason::IsCard),
            Code::Meet(code) => code,
        };
        match minutes_of(now).checked_sub(code.minutes) {
            None => return only_card(CardReason::FromTheFuture),
            Some(age) if age > FRESH_MINUTES + SKEW_MINUTES => return only_card(CardReason::Expired),
            Some(_) => {}
        }
        let token = token_of(&code.t);
        match self.scans.iter().position(|scan| scan.token == token) {
            Some(at) => {
                let known = self.scans.get(at).filter(|scan| scan.is_of(code));
                // One T with two owners: the second one copied it.
                let Some(scan) = known else { return only_card(CardReason::Copied) };
                if !matches!(scan.phase, ScanPhase::Asking | ScanPhase::Declined) {
                    return ScanOutcome::Meeting {
                        id: scan.id(),
                        number: scan.number(),
                        actions: Vec::new(),
                    };
                }
            }
            None => {
                make_room(&mut self.scans, MAX_SCANS, |scan| scan.stage() == Stage::Scanned);
                self.scans.push(Scan::new(code, &self.card, random(rng)));
            }
        }
        self.begin(token, now, people, rng).unwrap_or_else(|| only_card(CardReason::Copied))
    }

    /// A scan is taken as confirmation, unless another anchor is known.
    fn begin(
        &mut self,
        token: [u8; 8],
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> Option<ScanOutcome> {
        let scan = self.scans.iter_mut().find(|scan| scan.token == token)?;
        let (id, number, person) = (scan.id(), scan.number(), scan.person());
        if let Some(known) = conflict(people, &scan.shower, scan.agreed) {
            scan.phase = ScanPhase::Asking;
            let actions = vec![Action::AskBeforeChange { id, person, known }];
            return Some(ScanOutcome::Meeting { id, number, actions });
        }
        let mut actions = vec![Action::Scanned { id, person }];
        for shown in self.shown.iter_mut().filter(|shown| shown.waits_for(&scan.shower)) {
            let by_scan = ByScan { name: &scan.name, agreed: scan.agreed };
            actions.extend(shown.confirm(Some(by_scan), random(rng), now));
        }
        // Who scanned us before gets our M2, and needs no M1 of us.
        if actions.len() > 1 {
            scan.phase = ScanPhase::Deferred;
        } else {
            actions.push(scan.send(now));
        }
        Some(ScanOutcome::Meeting { id, number, actions })
    }

    /// A mail with a meeting message came. `None`: it belongs to no meeting, treat it as an ordinary mail.
    pub fn receive(
        &mut self,
        mail: &SignedMail<'_>,
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<Action>> {
        let envelope = Envelope { payload: mail.payload, from: mail.from, from_name: mail.from_name };
        let prove = |party: &Party| sender::prove(mail, party.anchor, &party.address, now);
        self.receive_proven(&envelope, &prove, now, people, rng)
    }

    /// [`receive`](Self::receive) with the proof of the sender as an argument; tags are checked before signatures.
    fn receive_proven(
        &mut self,
        mail: &Envelope<'_>,
        prove: &dyn Fn(&Party) -> Option<ProvenSender>,
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<Action>> {
        let prove = |party: &Party| if *mail.from == party.address { prove(party) } else { None };
        match Message::decode(mail.payload).ok()? {
            Message::One { transcript, tag } => {
                let shown = self.shown.iter_mut().find(|shown| shown.token == transcript.token)?;
                let hash = shown.fits_first(&transcript, &tag)?;
                let sender = prove(&transcript.scanner)?;
                let answer = FirstAnswer { transcript: &transcript, hash, sender, from_name: mail.from_name };
                let scan = self.scans.iter().find(|scan| scan.confirms(&transcript.scanner));
                let by_scan = scan.map(|scan| ByScan { name: &scan.name, agreed: scan.agreed });
                let before = shown.guest().map(|guest| guest.party.clone());
                let mut actions = shown.first(answer, by_scan, random(rng), now, people)?;
                if let (Some(lost), None) = (before, shown.guest()) {
                    actions
                        .extend(self.scans.iter_mut().filter_map(|scan| scan.send_if_deferred(&lost, now)));
                }
                Some(actions)
            }
            Message::Two(proof) => {
                let scan = self.scans.iter_mut().find(|scan| scan.token == proof.token)?;
                let sender = if scan.fits_second(&proof) { prove(&scan.shower)? } else { return None };
                scan.second(&proof, sender, now, people)
            }
            Message::Three(proof) => {
                let shown = self.shown.iter_mut().find(|shown| shown.token == proof.token)?;
                let party = shown.fits_third(&proof)?.clone();
                prove(&party)?;
                let actions = shown.third(people)?;
                // M3 says that the other side is done as well: nothing of ours needs repeating.
                for scan in self.scans.iter_mut().filter(|scan| scan.shower.is_same_person(&party)) {
                    scan.sending().into_iter().for_each(Sending::stop);
                }
                Some(actions)
            }
            Message::Burnt { token, hash, tag } => {
                let scan = self.scans.iter_mut().find(|scan| scan.token == token)?;
                if !scan.fits_burnt(&hash, &tag) {
                    return None;
                }
                prove(&scan.shower)?;
                scan.burnt()
            }
        }
    }

    /// The user compared the numbers: the same. If another anchor is known, the answer is
    /// [`Action::AskBeforeChange`] and nothing is confirmed yet.
    ///
    /// # Errors
    /// [`MeetingError`]; nothing changed.
    pub fn confirm_number(
        &mut self,
        id: MeetingId,
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Action>, MeetingError> {
        let shown = self.shown.iter_mut().find(|shown| shown.id() == id).ok_or(MeetingError::NotWaiting)?;
        match shown.question(now, people) {
            Some(Action::AskNumber { .. }) => Ok(shown.confirm(None, random(rng), now).into_iter().collect()),
            Some(Action::AskScanBack { .. }) => Err(MeetingError::NumberTooOld),
            Some(ask) => Ok(vec![ask]),
            None => Err(MeetingError::NotWaiting),
        }
    }

    /// The user agrees to replace the anchor known so far (as in `people` now) by the one of this meeting.
    ///
    /// # Errors
    /// [`MeetingError::NotWaiting`]; nothing changed.
    pub fn agree(
        &mut self,
        id: MeetingId,
        now: UnixTime,
        people: &People,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Action>, MeetingError> {
        let known = |party: &Party| people.get(party.address.folded()).and_then(|contact| contact.anchor);
        let not_waiting = MeetingError::NotWaiting;
        if id.role == Role::Shower {
            let shown = self.shown.iter_mut().find(|shown| shown.token == id.token).ok_or(not_waiting)?;
            let known = shown.guest().and_then(|guest| known(&guest.party));
            return shown.agree(known, now, people).ok_or(not_waiting);
        }
        let scan = self.scans.iter_mut().find(|scan| scan.token == id.token).ok_or(not_waiting)?;
        if scan.stage() != Stage::AwaitingAgreement {
            return Err(not_waiting);
        }
        scan.agreed = known(&scan.shower);
        if let Some(actions) = scan.meet_as_agreed(now) {
            return Ok(actions);
        }
        match self.begin(id.token, now, people, rng) {
            Some(ScanOutcome::Meeting { actions, .. }) => Ok(actions),
            _ => Err(not_waiting),
        }
    }

    /// The user says no: this meeting ends without "met". A finished one stays.
    pub fn decline(&mut self, id: MeetingId) {
        if id.role == Role::Shower {
            self.shown.iter_mut().filter(|shown| shown.token == id.token).for_each(Shown::decline);
            return;
        }
        for scan in self.scans.iter_mut().filter(|scan| scan.token == id.token && scan.stage() != Stage::Met)
        {
            scan.phase = ScanPhase::Declined;
        }
    }

    /// The user forgets a person: their scans confirm nothing any more, and their answers wait for nothing.
    pub fn forget(&mut self, address: &EmailAddress) {
        self.scans.retain(|scan| scan.shower.address != *address);
        let theirs = |shown: &&mut Shown| shown.guest().is_some_and(|guest| guest.party.address == *address);
        self.shown.iter_mut().filter(theirs).for_each(Shown::decline);
    }

    /// Mails to be repeated now: 1 minute, 10 minutes, 1 hour and 1 day after the first time.
    pub fn due(&mut self, now: UnixTime) -> Vec<Action> {
        let mut mails: Vec<Outgoing> = self.shown.iter_mut().filter_map(|shown| shown.due(now)).collect();
        let due =
            |scan: &mut Scan| scan.sending().is_some_and(|sending| sending.is_due(now)).then(|| scan.first());
        mails.extend(self.scans.iter_mut().filter_map(due));
        mails.into_iter().map(Action::Send).collect()
    }

    /// When [`due`](Self::due) has something next.
    pub fn next_due(&self) -> Option<UnixTime> {
        let scans = self.scans.iter().filter_map(Scan::next_due);
        self.shown.iter().filter_map(Shown::next_due).chain(scans).min()
    }

    /// All meetings: first those where somebody answered our code, then those that we scanned, oldest first.
    pub fn status(&self) -> Vec<Status> {
        let shown = self.shown.iter().filter_map(|shown| {
            let (person, stage, number) = shown.status()?;
            Some(Status { id: shown.id(), person, stage, number })
        });
        let met = |party: &Party| {
            let guests = self.shown.iter().filter_map(Shown::guest);
            guests.filter(|guest| guest.is_met()).any(|guest| guest.party.is_same_person(party))
        };
        let scans = self.scans.iter().map(|scan| {
            let stage = match scan.stage() {
                Stage::Scanned if met(&scan.shower) => Stage::Met,
                stage => stage,
            };
            let number = (stage == Stage::Scanned).then(|| scan.number());
            Status { id: scan.id(), person: scan.person(), stage, number }
        });
        shown.chain(scans).collect()
    }
}

/// What the state machine needs of a mail.
struct Envelope<'a> {
    payload: &'a [u8],
    from: &'a EmailAddress,
    from_name: Option<&'a str>,
}

fn random<const N: usize>(rng: &mut dyn CryptoRng) -> [u8; N] {
    let mut octets = [0; N];
    rng.fill_bytes(&mut octets);
    octets
}

/// Whole minutes since 1970.
fn minutes_of(time: UnixTime) -> u32 {
    u32::try_from(time.secs() / 60).unwrap_or(u32::MAX)
}

fn token_text(token: &[u8; 8]) -> String {
    data_encoding::HEXLOWER.encode(token)
}

/// The anchor known for a person, when it is another one and the user has not agreed to replace it.
fn conflict(people: &People, party: &Party, agreed: Option<Anchor>) -> Option<Anchor> {
    let known = people.get(party.address.folded())?.anchor?;
    (known != party.anchor && Some(known) != agreed).then_some(known)
}

/// Drops the oldest record that waits for nothing, else the oldest one.
fn make_room<T>(records: &mut Vec<T>, limit: usize, is_pending: impl Fn(&T) -> bool) {
    while records.len() >= limit {
        let at = records.iter().position(|record| !is_pending(record)).unwrap_or(0);
        records.remove(at);
    }
}
