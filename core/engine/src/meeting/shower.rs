//! A code that we showed: our side is A.

use serde::{Deserialize, Serialize};
use smime::UnixTime;

use crate::people::{Anchor, People};
use crate::qr::{Card, MeetCode, MeetingSecret, clean_name, octets};

use super::message::{Label, Message, Party, Proof, Transcript, number_of, same, tag, token_of};
use super::schedule::{MAX_ANSWERS, Sending};
use super::sender::ProvenSender;
use super::{
    Action, MeetingId, MetPerson, NUMBER_SECONDS, Number, Outgoing, Person, ROTATION_SECONDS, Role, SendId,
    Stage, Warning, conflict, minutes_of, token_text,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shown {
    secret: MeetingSecret,
    #[serde(with = "octets")]
    pub(super) token: [u8; 8],
    /// Ourselves, as the code named us.
    me: Party,
    minutes: u32,
    made: UnixTime,
    answer: Answer,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Answer {
    /// Nobody answered yet.
    None,
    /// The first valid M1.
    One(Box<Guest>),
    /// Two anchors: the code is void.
    Two(Box<[Notified; 2]>),
}

/// Who is told that the code is void.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Notified {
    party: Party,
    #[serde(with = "octets")]
    hash: [u8; 32],
    notices: u8,
}

/// Who answered: B.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Guest {
    pub(super) party: Party,
    name: Option<String>,
    /// H.
    #[serde(with = "octets")]
    hash: [u8; 32],
    /// nB.
    #[serde(with = "octets")]
    nonce: [u8; 16],
    anchor_certificate: Vec<u8>,
    /// The anchor known before, which the user agreed to replace.
    agreed: Option<Anchor>,
    phase: GuestPhase,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum GuestPhase {
    /// Our confirmation is missing.
    Waiting,
    /// Confirmed; M2 is out.
    Confirmed {
        #[serde(with = "octets")]
        nonce: [u8; 16],
        sending: Sending,
    },
    /// M3 came, but another anchor is known for B.
    Proven,
    /// M3 came.
    Met,
    /// The user said no.
    Declined,
}

/// What confirms a guest at once: our own scan of their code.
pub(super) struct ByScan<'a> {
    pub(super) name: &'a str,
    pub(super) agreed: Option<Anchor>,
}

impl Shown {
    pub(super) fn new(own: &Card, secret: MeetingSecret, now: UnixTime) -> Self {
        Shown {
            token: token_of(&secret),
            secret,
            me: Party::of(own),
            minutes: minutes_of(now),
            made: now,
            answer: Answer::None,
        }
    }

    /// The code, while it may be shown: not answered, not 10 minutes old, and still about us as we are.
    pub(super) fn code(&self, own: &Card, now: UnixTime) -> Option<MeetCode> {
        let fresh = self.made <= now && now < self.made.plus(ROTATION_SECONDS);
        (matches!(self.answer, Answer::None) && fresh && self.me == Party::of(own)).then(|| MeetCode {
            card: own.clone(),
            t: self.secret.clone(),
            minutes: self.minutes,
        })
    }

    pub(super) fn id(&self) -> MeetingId {
        MeetingId { role: Role::Shower, token: self.token }
    }

    pub(super) fn guest(&self) -> Option<&Guest> {
        match &self.answer {
            Answer::One(guest) => Some(guest),
            _ => None,
        }
    }

    fn guest_mut(&mut self) -> Option<&mut Guest> {
        match &mut self.answer {
            Answer::One(guest) => Some(guest),
            _ => None,
        }
    }

    /// Something still has to come: such records are dropped last.
    pub(super) fn is_pending(&self) -> bool {
        self.guest().is_some_and(|guest| !matches!(guest.phase, GuestPhase::Met | GuestPhase::Declined))
    }

    pub(super) fn status(&self) -> Option<(Person, Stage, Option<Number>)> {
        match &self.answer {
            Answer::None => None,
            Answer::One(guest) => {
                let number = (guest.phase == GuestPhase::Waiting).then(|| number_of(&guest.nonce));
                Some((guest.person(), guest.stage(), number))
            }
            Answer::Two(both) => {
                let [first, _] = &**both;
                let Party { address, anchor, ek } = first.party.clone();
                Some((Person { address, name: None, anchor, ek }, Stage::Burnt, None))
            }
        }
    }

    /// What M1 must show beside its signature; H when it does.
    pub(super) fn fits_first(&self, transcript: &Transcript, given: &[u8; 32]) -> Option<[u8; 32]> {
        let ours = transcript.shower == self.me
            && transcript.token == self.token
            && transcript.minutes == self.minutes
            && transcript.scanner.address != self.me.address;
        let hash = transcript.hash();
        (ours && same(given, &tag(&self.secret, Label::One, &hash, None))).then_some(hash)
    }

    /// M1, proven. `by_scan`: we scanned this person's code before. `None`: not expected in this state.
    pub(super) fn first(
        &mut self,
        answer: FirstAnswer<'_>,
        by_scan: Option<ByScan<'_>>,
        nonce: [u8; 16],
        now: UnixTime,
        people: &People,
    ) -> Option<Vec<Action>> {
        match &mut self.answer {
            Answer::None => {
                let name = answer.from_name.map(clean_name).filter(|name| !name.is_empty());
                self.answer = Answer::One(Box::new(Guest {
                    party: answer.transcript.scanner.clone(),
                    name,
                    hash: answer.hash,
                    nonce: answer.transcript.nonce,
                    anchor_certificate: answer.sender.into_anchor_certificate(),
                    agreed: None,
                    phase: GuestPhase::Waiting,
                }));
                match by_scan {
                    Some(by_scan) => self.confirm(Some(by_scan), nonce, now).map(|action| vec![action]),
                    None => self.question(now, people).map(|action| vec![action]),
                }
            }
            Answer::One(guest) if guest.party.is_same_person(&answer.transcript.scanner) => {
                if guest.hash != answer.hash {
                    return None;
                }
                let again = match &mut guest.phase {
                    GuestPhase::Confirmed { nonce, sending } => sending.may_answer().then_some(*nonce),
                    _ => None,
                };
                Some(again.and_then(|nonce| self.second(nonce)).map(Action::Send).into_iter().collect())
            }
            Answer::One(_) => Some(self.burn(answer.transcript.scanner.clone(), answer.hash)),
            Answer::Two(both) => {
                let known = both.iter_mut().find(|one| {
                    one.party.is_same_person(&answer.transcript.scanner) && one.hash == answer.hash
                })?;
                known.notices = known.notices.saturating_add(1);
                let notice = (known.notices <= MAX_ANSWERS).then(|| known.clone());
                Some(notice.map(|notified| self.notice(&notified)).into_iter().collect())
            }
        }
    }

    /// A second anchor for one T. A meeting that is complete stays; an open one is void on both sides.
    fn burn(&mut self, party: Party, hash: [u8; 32]) -> Vec<Action> {
        let second = Notified { party, hash, notices: 0 };
        let Some(guest) = self.guest() else { return Vec::new() };
        let warning = Action::Warn(Warning::SecondAnchor {
            first: guest.party.address.clone(),
            second: second.party.address.clone(),
        });
        if guest.phase == GuestPhase::Met {
            return vec![warning, self.notice(&second)];
        }
        let first = Notified { party: guest.party.clone(), hash: guest.hash, notices: 0 };
        let actions = vec![warning, self.notice(&first), self.notice(&second)];
        self.answer = Answer::Two(Box::new([first, second]));
        actions
    }

    fn notice(&self, to: &Notified) -> Action {
        let tag = tag(&self.secret, Label::Burnt, &to.hash, None);
        let message = Message::Burnt { token: self.token, hash: to.hash, tag };
        let [a, b, c, d, ..] = to.hash;
        let which = data_encoding::HEXLOWER.encode(&[a, b, c, d]);
        Action::Send(Outgoing {
            id: SendId(format!("meet-0-{}-{which}", token_text(&self.token))),
            to: to.party.address.clone(),
            key: to.party.ek,
            payload: message.encode(),
        })
    }

    /// What to ask the user about a guest who waits.
    pub(super) fn question(&self, now: UnixTime, people: &People) -> Option<Action> {
        let guest = self.guest().filter(|guest| guest.phase == GuestPhase::Waiting)?;
        let (id, person) = (self.id(), guest.person());
        Some(if let Some(known) = conflict(people, &guest.party, guest.agreed) {
            Action::AskBeforeChange { id, person, known }
        } else if self.number_is_enough(now) {
            Action::AskNumber { id, person, number: number_of(&guest.nonce) }
        } else {
            Action::AskScanBack { id, person }
        })
    }

    /// A's own clock only; a clock set back doesn't make an old code new.
    pub(super) fn number_is_enough(&self, now: UnixTime) -> bool {
        self.made <= now && now <= self.made.plus(NUMBER_SECONDS)
    }

    /// A guest waits for our confirmation, by this scan if it is `party`.
    pub(super) fn waits_for(&self, party: &Party) -> bool {
        self.guest()
            .is_some_and(|guest| guest.phase == GuestPhase::Waiting && guest.party.is_same_person(party))
    }

    /// The user confirms the guest: M2 goes out. `None` when no guest waits.
    pub(super) fn confirm(
        &mut self,
        by_scan: Option<ByScan<'_>>,
        nonce: [u8; 16],
        now: UnixTime,
    ) -> Option<Action> {
        let guest = self.guest_mut().filter(|guest| guest.phase == GuestPhase::Waiting)?;
        if let Some(by_scan) = by_scan {
            guest.agreed = by_scan.agreed.or(guest.agreed);
            guest.name = Some(by_scan.name.to_owned()).filter(|name| !name.is_empty()).or(guest.name.take());
        }
        guest.phase = GuestPhase::Confirmed { nonce, sending: Sending::start(now) };
        self.second(nonce).map(Action::Send)
    }

    /// M2, the same octets each time.
    fn second(&self, nonce: [u8; 16]) -> Option<Outgoing> {
        let guest = self.guest()?;
        let tag = tag(&self.secret, Label::Two, &guest.hash, Some(&nonce));
        let message = Message::Two(Proof { token: self.token, hash: guest.hash, nonce, tag });
        Some(Outgoing {
            id: SendId(format!("meet-2-{}", token_text(&self.token))),
            to: guest.party.address.clone(),
            key: guest.party.ek,
            payload: message.encode(),
        })
    }

    /// M2 again when its time has come.
    pub(super) fn due(&mut self, now: UnixTime) -> Option<Outgoing> {
        let GuestPhase::Confirmed { nonce, sending } = &mut self.guest_mut()?.phase else { return None };
        let nonce = *nonce;
        sending.is_due(now).then(|| self.second(nonce)).flatten()
    }

    pub(super) fn next_due(&self) -> Option<UnixTime> {
        match &self.guest()?.phase {
            GuestPhase::Confirmed { sending, .. } => sending.next(),
            _ => None,
        }
    }

    /// What M3 must show beside its signature: H and nA of a meeting that we confirmed.
    pub(super) fn fits_third(&self, proof: &Proof) -> Option<&Party> {
        let guest = self.guest()?;
        let ours = match &guest.phase {
            GuestPhase::Confirmed { nonce, .. } => *nonce == proof.nonce,
            // A repetition; it proves nothing new.
            GuestPhase::Proven | GuestPhase::Met => true,
            GuestPhase::Waiting | GuestPhase::Declined => false,
        };
        let fits = ours
            && same(&proof.hash, &guest.hash)
            && same(&proof.tag, &tag(&self.secret, Label::Three, &guest.hash, Some(&proof.nonce)));
        fits.then_some(&guest.party)
    }

    /// M3, proven: B is met, unless another anchor is known.
    pub(super) fn third(&mut self, people: &People) -> Option<Vec<Action>> {
        let id = self.id();
        let guest = self.guest_mut()?;
        if !matches!(guest.phase, GuestPhase::Confirmed { .. }) {
            return Some(Vec::new());
        }
        if let Some(known) = conflict(people, &guest.party, guest.agreed) {
            guest.phase = GuestPhase::Proven;
            return Some(vec![Action::AskBeforeChange { id, person: guest.person(), known }]);
        }
        Some(vec![guest.meet(id)])
    }

    /// The user agrees to replace the anchor known so far.
    pub(super) fn agree(
        &mut self,
        known: Option<Anchor>,
        now: UnixTime,
        people: &People,
    ) -> Option<Vec<Action>> {
        let id = self.id();
        let guest = self.guest_mut()?;
        match guest.phase {
            GuestPhase::Waiting => {
                // Nothing to agree to where nothing else is known.
                conflict(people, &guest.party, None)?;
                guest.agreed = known;
                self.question(now, people).map(|action| vec![action])
            }
            GuestPhase::Proven => {
                guest.agreed = known;
                Some(vec![guest.meet(id)])
            }
            _ => None,
        }
    }

    /// The user says no. A finished meeting stays.
    pub(super) fn decline(&mut self) {
        if let Some(guest) = self.guest_mut().filter(|guest| guest.phase != GuestPhase::Met) {
            guest.phase = GuestPhase::Declined;
        }
    }
}

/// A valid M1.
pub(super) struct FirstAnswer<'a> {
    pub(super) transcript: &'a Transcript,
    pub(super) hash: [u8; 32],
    pub(super) sender: ProvenSender,
    pub(super) from_name: Option<&'a str>,
}

impl Guest {
    fn person(&self) -> Person {
        let Party { address, anchor, ek } = self.party.clone();
        Person { address, name: self.name.clone(), anchor, ek }
    }

    pub(super) fn is_met(&self) -> bool {
        self.phase == GuestPhase::Met
    }

    fn stage(&self) -> Stage {
        match self.phase {
            GuestPhase::Waiting => Stage::AwaitingConfirmation,
            GuestPhase::Confirmed { .. } => Stage::AwaitingAnswer,
            GuestPhase::Proven => Stage::AwaitingAgreement,
            GuestPhase::Met => Stage::Met,
            GuestPhase::Declined => Stage::Declined,
        }
    }

    fn meet(&mut self, id: MeetingId) -> Action {
        self.phase = GuestPhase::Met;
        let met = MetPerson { person: self.person(), anchor_certificate: self.anchor_certificate.clone() };
        Action::Met { id, met }
    }
}
