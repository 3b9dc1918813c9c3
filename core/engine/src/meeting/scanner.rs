//! A code that we scanned: our side is B.

use serde::{Deserialize, Serialize};
use smime::UnixTime;

use crate::people::{Anchor, People};
use crate::qr::{Card, MeetCode, MeetingSecret, octets};

use super::message::{Label, Message, Party, Proof, Transcript, number_of, same, tag, token_of};
use super::schedule::Sending;
use super::sender::ProvenSender;
use super::{
    Action, MeetingId, MetPerson, Number, Outgoing, Person, Role, SendId, Stage, Warning, conflict,
    token_text,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Scan {
    secret: MeetingSecret,
    #[serde(with = "octets")]
    pub(super) token: [u8; 8],
    /// Ourselves, as this meeting names us.
    me: Party,
    /// Whose code it is: A.
    pub(super) shower: Party,
    pub(super) name: String,
    minutes: u32,
    /// nB.
    #[serde(with = "octets")]
    nonce: [u8; 16],
    /// The anchor known before, which the user agreed to replace.
    pub(super) agreed: Option<Anchor>,
    pub(super) phase: ScanPhase,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ScanPhase {
    /// Another anchor is known for A; nothing was sent.
    Asking,
    /// A had scanned us before: our M2 in that meeting is enough.
    Deferred,
    /// M1 is out.
    Sent(Sending),
    /// M2 came, but another anchor is known for A.
    Proven {
        #[serde(with = "octets")]
        nonce: [u8; 16],
        anchor_certificate: Vec<u8>,
    },
    /// M2 came; M3 is out.
    Met {
        #[serde(with = "octets")]
        nonce: [u8; 16],
        sending: Sending,
    },
    /// A said that somebody else answered the code too.
    Burnt,
    /// The user said no.
    Declined,
}

impl Scan {
    pub(super) fn new(code: &MeetCode, own: &Card, nonce: [u8; 16]) -> Self {
        Scan {
            secret: code.t.clone(),
            token: token_of(&code.t),
            me: Party::of(own),
            shower: Party::of(&code.card),
            name: code.card.name.clone(),
            minutes: code.minutes,
            nonce,
            agreed: None,
            phase: ScanPhase::Asking,
        }
    }

    pub(super) fn is_of(&self, code: &MeetCode) -> bool {
        self.secret == code.t && self.shower == Party::of(&code.card) && self.minutes == code.minutes
    }

    pub(super) fn id(&self) -> MeetingId {
        MeetingId { role: Role::Scanner, token: self.token }
    }

    pub(super) fn number(&self) -> Number {
        number_of(&self.nonce)
    }

    pub(super) fn person(&self) -> Person {
        Person {
            address: self.shower.address.clone(),
            name: Some(self.name.clone()).filter(|name| !name.is_empty()),
            anchor: self.shower.anchor,
            ek: self.shower.ek,
        }
    }

    pub(super) fn stage(&self) -> Stage {
        match self.phase {
            ScanPhase::Asking | ScanPhase::Proven { .. } => Stage::AwaitingAgreement,
            ScanPhase::Deferred | ScanPhase::Sent(_) => Stage::Scanned,
            ScanPhase::Met { .. } => Stage::Met,
            ScanPhase::Burnt => Stage::Burnt,
            ScanPhase::Declined => Stage::Declined,
        }
    }

    /// The scan stands as our confirmation of `party`: made, agreed to, neither declined nor void.
    pub(super) fn confirms(&self, party: &Party) -> bool {
        let stands = match self.phase {
            ScanPhase::Deferred | ScanPhase::Sent(_) | ScanPhase::Proven { .. } | ScanPhase::Met { .. } => {
                true
            }
            ScanPhase::Asking | ScanPhase::Burnt | ScanPhase::Declined => false,
        };
        stands && self.shower.is_same_person(party)
    }

    pub(super) fn sending(&mut self) -> Option<&mut Sending> {
        match &mut self.phase {
            ScanPhase::Sent(sending) => Some(sending),
            _ => None,
        }
    }

    pub(super) fn next_due(&self) -> Option<UnixTime> {
        match &self.phase {
            ScanPhase::Sent(sending) => sending.next(),
            _ => None,
        }
    }

    /// The meeting that made our M1 needless is void: send it after all.
    pub(super) fn send_if_deferred(&mut self, lost: &Party, now: UnixTime) -> Option<Action> {
        (self.phase == ScanPhase::Deferred && self.shower.is_same_person(lost)).then(|| self.send(now))
    }

    /// Sends M1.
    pub(super) fn send(&mut self, now: UnixTime) -> Action {
        self.phase = ScanPhase::Sent(Sending::start(now));
        Action::Send(self.first())
    }

    fn hash(&self) -> [u8; 32] {
        self.transcript().hash()
    }

    fn transcript(&self) -> Transcript {
        Transcript {
            shower: self.shower.clone(),
            token: self.token,
            scanner: self.me.clone(),
            nonce: self.nonce,
            minutes: self.minutes,
        }
    }

    /// M1, the same octets each time.
    pub(super) fn first(&self) -> Outgoing {
        let transcript = Box::new(self.transcript());
        let tag = tag(&self.secret, Label::One, &transcript.hash(), None);
        self.outgoing(1, &Message::One { transcript, tag })
    }

    /// M3, the same octets each time.
    fn third(&self, nonce: [u8; 16]) -> Outgoing {
        let hash = self.hash();
        let tag = tag(&self.secret, Label::Three, &hash, Some(&nonce));
        self.outgoing(3, &Message::Three(Proof { token: self.token, hash, nonce, tag }))
    }

    fn outgoing(&self, number: u8, message: &Message) -> Outgoing {
        Outgoing {
            id: SendId(format!("meet-{number}-{}", token_text(&self.token))),
            to: self.shower.address.clone(),
            key: self.shower.ek,
            payload: message.encode(),
        }
    }

    /// What M2 must show beside its signature.
    pub(super) fn fits_second(&self, proof: &Proof) -> bool {
        same(&proof.hash, &self.hash())
            && same(&proof.tag, &tag(&self.secret, Label::Two, &proof.hash, Some(&proof.nonce)))
    }

    /// M2, proven: A confirmed us. `None`: not expected in this state.
    pub(super) fn second(
        &mut self,
        proof: &Proof,
        sender: ProvenSender,
        now: UnixTime,
        people: &People,
    ) -> Option<Vec<Action>> {
        match &mut self.phase {
            ScanPhase::Sent(_) => {
                let anchor_certificate = sender.into_anchor_certificate();
                if let Some(known) = conflict(people, &self.shower, self.agreed) {
                    self.phase = ScanPhase::Proven { nonce: proof.nonce, anchor_certificate };
                    return Some(vec![Action::AskBeforeChange {
                        id: self.id(),
                        person: self.person(),
                        known,
                    }]);
                }
                Some(self.meet(proof.nonce, anchor_certificate, now))
            }
            ScanPhase::Met { nonce, sending } if *nonce == proof.nonce => {
                let again = sending.may_answer();
                Some(again.then(|| Action::Send(self.third(proof.nonce))).into_iter().collect())
            }
            ScanPhase::Proven { nonce, .. } if *nonce == proof.nonce => Some(Vec::new()),
            _ => None,
        }
    }

    fn meet(&mut self, nonce: [u8; 16], anchor_certificate: Vec<u8>, now: UnixTime) -> Vec<Action> {
        self.phase = ScanPhase::Met { nonce, sending: Sending::start(now) };
        let met = MetPerson { person: self.person(), anchor_certificate };
        vec![Action::Met { id: self.id(), met }, Action::Send(self.third(nonce))]
    }

    /// The user agreed after M2: now they are met. `None` in other states.
    pub(super) fn meet_as_agreed(&mut self, now: UnixTime) -> Option<Vec<Action>> {
        let ScanPhase::Proven { nonce, anchor_certificate } = &self.phase else { return None };
        let (nonce, anchor_certificate) = (*nonce, anchor_certificate.clone());
        Some(self.meet(nonce, anchor_certificate, now))
    }

    /// What the notice that the code is void must show beside its signature.
    pub(super) fn fits_burnt(&self, hash: &[u8; 32], given: &[u8; 32]) -> bool {
        same(hash, &self.hash()) && same(given, &tag(&self.secret, Label::Burnt, hash, None))
    }

    /// The notice, proven. Who is met already stays so: A confirmed us before it saw the second answer.
    pub(super) fn burnt(&mut self) -> Option<Vec<Action>> {
        match self.phase {
            ScanPhase::Sent(_) | ScanPhase::Proven { .. } => self.phase = ScanPhase::Burnt,
            ScanPhase::Met { .. } => {}
            ScanPhase::Burnt => return Some(Vec::new()),
            ScanPhase::Asking | ScanPhase::Deferred | ScanPhase::Declined => return None,
        }
        Some(vec![Action::Warn(Warning::CodeBurnt { address: self.shower.address.clone() })])
    }
}
