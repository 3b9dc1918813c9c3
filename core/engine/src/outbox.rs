//! The durable outbox: what happens to a mail between "send" and "sent", as data.
//!
//! An item moves `Signed → Sealed → Sending → Accepted → Done`; each step is stored before the next one begins. The
//! one step that can't be repeated is handing the mail over: from the moment its data may have reached the server
//! (`Sending`) until the server's answer, a crash or a cut leaves the item *uncertain*, and an uncertain item is never
//! sent again unless its owner says so.

use crate::wait;
use serde::{Deserialize, Serialize};
use smime::enveloped::ContentEncryption;
use smime::{EmailAddress, Fingerprint, UnixTime};

/// Attempts after which an item waits for its owner.
pub const MAX_ATTEMPTS: u32 = 12;

/// How long an ordinary mail waits for a timestamp authority, in seconds; then it goes out visibly without.
pub const ORDINARY_TIMESTAMP_PATIENCE: u64 = 10;

/// The longest time for which a mail may be held back, in seconds.
pub const MAX_HOLD: u64 = 3600;

/// What kind of mail it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Written by a person.
    Ordinary,
    /// An event of an approval.
    Event {
        /// The request.
        request: Fingerprint,
        /// The event.
        event: Fingerprint,
        /// A decision is not sent when the request ended meanwhile (approval rule 16).
        is_decision: bool,
    },
    /// A message of a meeting; no copy goes to Sent.
    Meeting {
        /// Names it for repetition with the same octets.
        send_id: String,
    },
}

/// Whom it is encrypted to, frozen when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealTo {
    /// An encryption certificate.
    Certificate {
        /// DER.
        der: Vec<u8>,
        /// RSAES-OAEP instead of PKCS#1 v1.5, for RSA keys.
        oaep: bool,
    },
    /// A bare public key (QR code).
    Key {
        /// DER SubjectPublicKeyInfo.
        spki: Vec<u8>,
    },
}

/// Where an item stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Signed; waits for its timestamp and for sealing.
    Signed,
    /// The message as it will be sent is stored.
    Sealed,
    /// Its data may have reached the server; the answer is not known yet.
    Sending,
    /// The server took it; the copy for Sent is due.
    Accepted,
    /// Nothing is left to do.
    Done,
    /// Given up.
    Failed(Failure),
    /// The connection was cut, or the program ended, before the server's answer came.
    Uncertain,
}

/// Why an item was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The server refused the mail or a recipient for good (5xx).
    Refused,
    /// The request was decided, withdrawn or superseded meanwhile.
    Superseded,
    /// Too many attempts.
    TooManyAttempts,
    /// A recipient's key can't be encrypted to, or its content is gone.
    Unsealable,
    /// Larger than the server takes (RFC 1870).
    TooLarge,
}

/// One mail in the outbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxItem {
    /// Number within the account, ascending.
    pub number: u64,
    /// What it is.
    pub kind: Kind,
    /// Shown to its owner.
    pub subject: String,
    /// Envelope recipients.
    pub recipients: Vec<EmailAddress>,
    /// Header fields of the outer message.
    pub outer: Vec<(String, String)>,
    /// Message-ID without angle brackets.
    pub message_id: String,
    /// Whom it is encrypted to; empty for a mail that is only signed (then it is stored sealed from the start).
    pub seal_to: Vec<SealTo>,
    /// How the content is encrypted: what every recipient reads.
    #[serde(default)]
    pub encryption: ContentEncryption,
    /// Ask an authority for a timestamp before sealing.
    pub wants_timestamp: bool,
    /// The message as it will be sent is stored.
    pub is_sealed: bool,
    /// A timestamp was added.
    pub has_timestamp: bool,
    /// Put a copy into Sent.
    pub wants_copy: bool,
    /// It was uncertain once: it may have arrived, whatever becomes of it now.
    pub may_have_arrived: bool,
    /// When it was written.
    pub created: UnixTime,
    /// Failed attempts so far.
    pub attempts: u32,
    /// Not before this time.
    pub not_before: UnixTime,
    /// Its owner may think better of it until then: nothing makes it leave earlier. At most [`MAX_HOLD`] after it was
    /// written; none in records of an older version.
    #[serde(default)]
    pub held_until: Option<UnixTime>,
    /// Where it stands.
    pub stage: Stage,
}

/// What to do next with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fetch the timestamp (when wanted), then seal and store.
    Seal,
    /// Mark as sending, then hand over.
    Send,
    /// Append the copy to Sent unless it is there.
    Copy,
    /// Wait until this time.
    Wait(UnixTime),
    /// Nothing, or nothing without its owner.
    Rest,
}

/// How handing over went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server answered 250 to the data.
    Accepted,
    /// Nothing that could be a whole mail reached the server, or it answered 4xx: try again.
    NotNow,
    /// 5xx.
    Refused,
    /// Larger than the server takes; none of it left.
    TooLarge,
    /// Cut after the data was sent, before the answer.
    Unknown,
}

impl OutboxItem {
    /// The next step at `now`.
    pub fn next(&self, now: UnixTime) -> Step {
        let step = match self.stage {
            Stage::Signed => Step::Seal,
            Stage::Sealed => Step::Send,
            Stage::Accepted if self.wants_copy => Step::Copy,
            Stage::Accepted | Stage::Sending | Stage::Done | Stage::Failed(_) | Stage::Uncertain => {
                return Step::Rest;
            }
        };
        match self.held(now) {
            Some(until) => Step::Wait(until.max(self.not_before)),
            None if wait::is_due(self.not_before, now) => step,
            None => Step::Wait(self.not_before),
        }
    }

    /// Until when it is held back at `now`; `None` when it is not, or not any more.
    pub fn held(&self, now: UnixTime) -> Option<UnixTime> {
        let waits = matches!(self.stage, Stage::Signed | Stage::Sealed);
        // A time farther away than that comes from a clock that was ahead then; one that was set right by a little holds on.
        let is_ahead = |until: UnixTime| until > now && until <= now.plus(2 * MAX_HOLD);
        self.held_until.filter(|until| waits && is_ahead(*until))
    }

    /// After a restart: an item caught between data and answer is uncertain.
    pub fn recover(&mut self) -> bool {
        let was_sending = self.stage == Stage::Sending;
        if was_sending {
            self.stage = Stage::Uncertain;
        }
        was_sending
    }

    /// The message is sealed and stored.
    pub fn sealed(&mut self, has_timestamp: bool) {
        if self.stage == Stage::Signed {
            self.has_timestamp = has_timestamp;
            self.is_sealed = true;
            self.stage = Stage::Sealed;
        }
    }

    /// Its data is about to be sent.
    pub fn sending(&mut self) {
        if self.stage == Stage::Sealed {
            self.stage = Stage::Sending;
        }
    }

    /// The answer, or what is known instead of one.
    pub fn delivered(&mut self, delivery: Delivery, now: UnixTime) {
        if !matches!(self.stage, Stage::Sealed | Stage::Sending) {
            return;
        }
        match delivery {
            Delivery::Accepted => self.stage = if self.wants_copy { Stage::Accepted } else { Stage::Done },
            Delivery::NotNow => {
                self.stage = Stage::Sealed;
                self.postpone(now);
            }
            Delivery::Refused => self.stage = Stage::Failed(Failure::Refused),
            Delivery::TooLarge => self.stage = Stage::Failed(Failure::TooLarge),
            Delivery::Unknown => self.stage = Stage::Uncertain,
        }
    }

    /// It can't be sealed, now or later.
    pub fn unsealable(&mut self) {
        if matches!(self.stage, Stage::Signed | Stage::Sealed) {
            self.stage = Stage::Failed(Failure::Unsealable);
        }
    }

    /// The copy is in Sent.
    pub fn copied(&mut self) {
        if self.stage == Stage::Accepted {
            self.stage = Stage::Done;
        }
    }

    /// Something that was tried failed for now: wait longer each time (1 min, 2, 4, … at most 4 hours).
    pub fn postpone(&mut self, now: UnixTime) {
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts >= MAX_ATTEMPTS && matches!(self.stage, Stage::Signed | Stage::Sealed) {
            self.stage = Stage::Failed(Failure::TooManyAttempts);
        }
        self.not_before = wait::next(60, self.attempts.saturating_sub(1), now);
    }

    /// Its owner wants an uncertain or failed mail to be sent (again).
    pub fn retry(&mut self, now: UnixTime) -> bool {
        let may = matches!(
            self.stage,
            Stage::Uncertain | Stage::Failed(Failure::Refused | Failure::TooManyAttempts | Failure::TooLarge)
        );
        if may {
            self.may_have_arrived |= self.stage == Stage::Uncertain;
            self.stage = if self.is_sealed { Stage::Sealed } else { Stage::Signed };
            self.attempts = 0;
            self.not_before = now;
            self.held_until = None;
        }
        may
    }

    /// Its owner may take it back and write it anew: nothing of it was ever taken by a server.
    pub fn may_take_back(&self) -> bool {
        let is_here = match self.stage {
            Stage::Signed | Stage::Sealed => true,
            Stage::Failed(failure) => failure != Failure::Superseded,
            Stage::Sending | Stage::Accepted | Stage::Done | Stage::Uncertain => false,
        };
        is_here && !self.may_have_arrived && self.kind == Kind::Ordinary
    }

    /// Somebody wrote it, and it may be nowhere but here.
    pub fn is_unsent(&self) -> bool {
        let is_written = !matches!(self.kind, Kind::Meeting { .. });
        is_written && !matches!(self.stage, Stage::Done | Stage::Failed(Failure::Superseded))
    }

    /// Its owner may throw it away: nothing of it is on its way, or its owner gave up on knowing.
    pub fn may_discard(&self) -> bool {
        matches!(self.stage, Stage::Signed | Stage::Sealed | Stage::Uncertain | Stage::Failed(_))
    }

    /// The request of this decision ended: don't send. Only before anything was handed over.
    pub fn supersede(&mut self) -> bool {
        let may = matches!(self.stage, Stage::Signed | Stage::Sealed) && !self.may_have_arrived;
        if may {
            self.stage = Stage::Failed(Failure::Superseded);
        }
        may
    }

    /// Nothing is left to do and its bodies can go.
    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> OutboxItem {
        OutboxItem {
            number: 1,
            kind: Kind::Ordinary,
            subject: "Lunch".into(),
            recipients: vec!["bob@example.org".parse().unwrap()],
            outer: vec![],
            message_id: "1@example.org".into(),
            seal_to: vec![SealTo::Key { spki: vec![] }],
            encryption: ContentEncryption::default(),
            wants_timestamp: true,
            is_sealed: false,
            has_timestamp: false,
            wants_copy: true,
            may_have_arrived: false,
            created: UnixTime::from_secs(1000),
            attempts: 0,
            not_before: UnixTime::from_secs(1000),
            held_until: None,
            stage: Stage::Signed,
        }
    }

    const NOW: UnixTime = UnixTime::from_secs(2000);

    #[test]
    fn a_mail_goes_through_every_stage_once() {
        let mut mail = item();
        assert_eq!(mail.next(NOW), Step::Seal);
        mail.sealed(true);
        assert_eq!(mail.next(NOW), Step::Send);
        mail.sending();
        assert_eq!(mail.next(NOW), Step::Rest);
        mail.delivered(Delivery::Accepted, NOW);
        assert_eq!(mail.next(NOW), Step::Copy);
        mail.copied();
        assert!(mail.is_done());
        assert_eq!(mail.next(NOW), Step::Rest);
    }

    #[test]
    fn a_crash_while_sending_is_never_resent_by_itself() {
        let mut mail = item();
        mail.sealed(false);
        mail.sending();
        assert!(mail.recover());
        assert_eq!(mail.stage, Stage::Uncertain);
        assert_eq!(mail.next(NOW.plus(1_000_000)), Step::Rest);
        mail.delivered(Delivery::NotNow, NOW);
        assert_eq!(mail.stage, Stage::Uncertain, "a late answer changes nothing");
        assert!(mail.retry(NOW));
        assert_eq!(mail.next(NOW), Step::Send);
    }

    #[test]
    fn what_may_have_arrived_is_never_taken_back() {
        let mut mail = item();
        mail.sealed(true);
        mail.sending();
        mail.delivered(Delivery::Unknown, NOW);
        assert!(mail.retry(NOW));
        assert!(!mail.supersede());
        assert_eq!(mail.next(NOW), Step::Send);
    }

    #[test]
    fn a_crash_before_sending_goes_on() {
        let mut mail = item();
        assert!(!mail.recover());
        assert_eq!(mail.next(NOW), Step::Seal);
        mail.sealed(true);
        assert!(!mail.recover());
        assert_eq!(mail.next(NOW), Step::Send);
    }

    #[test]
    fn a_busy_server_is_asked_again_later_each_time() {
        let mut mail = item();
        mail.sealed(true);
        mail.sending();
        mail.delivered(Delivery::NotNow, NOW);
        assert_eq!(mail.next(NOW), Step::Wait(NOW.plus(60)));
        mail.sending();
        mail.delivered(Delivery::NotNow, NOW);
        assert_eq!(mail.next(NOW), Step::Wait(NOW.plus(120)));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_mail_waiting() {
        let mut mail = item();
        mail.sealed(true);
        mail.sending();
        let in_future = NOW.plus(400 * 86_400);
        mail.delivered(Delivery::NotNow, in_future);
        assert_eq!(mail.next(in_future), Step::Wait(in_future.plus(60)));
        assert_eq!(mail.next(NOW), Step::Send);
    }

    #[test]
    fn a_held_mail_leaves_when_its_time_is_over_and_not_before() {
        let until = NOW.plus(10);
        let mut mail = OutboxItem { held_until: Some(until), ..item() };
        for stage in [Stage::Signed, Stage::Sealed] {
            mail.stage = stage;
            assert_eq!(mail.next(NOW), Step::Wait(until));
            assert_eq!(mail.next(NOW.plus(9)), Step::Wait(until), "somebody sends another one meanwhile");
            assert_eq!(mail.held(NOW.plus(9)), Some(until));
            assert_eq!(mail.held(until), None);
        }
        assert_eq!(mail.next(until), Step::Send);
        mail.sending();
        mail.delivered(Delivery::NotNow, until);
        assert_eq!(mail.next(until), Step::Wait(until.plus(60)), "then it waits as any other does");
        // What a hold is for is over as soon as the mail has left once.
        mail.stage = Stage::Accepted;
        assert_eq!((mail.held(NOW), mail.next(until.plus(60))), (None, Step::Copy));
    }

    #[test]
    fn no_clock_holds_a_mail_for_years() {
        let in_future = NOW.plus(400 * 86_400);
        let mail = OutboxItem { held_until: Some(in_future.plus(10)), ..item() };
        assert_eq!(mail.next(NOW), Step::Seal);
        let longest = OutboxItem { held_until: Some(NOW.plus(MAX_HOLD)), ..item() };
        assert_eq!(longest.next(NOW), Step::Wait(NOW.plus(MAX_HOLD)));
    }

    #[test]
    fn only_what_no_server_ever_took_is_taken_back() {
        let mut mail = item();
        assert!(mail.may_take_back());
        mail.sealed(false);
        assert!(mail.may_take_back());
        mail.sending();
        assert!(!mail.may_take_back(), "it is on its way");
        mail.delivered(Delivery::NotNow, NOW);
        assert!(mail.may_take_back(), "the server did not want it");
        mail.sending();
        mail.delivered(Delivery::Unknown, NOW);
        assert!(!mail.may_take_back());
        assert!(mail.retry(NOW));
        mail.sending();
        mail.delivered(Delivery::Refused, NOW);
        assert!(!mail.may_take_back(), "it may have arrived the first time");
        let refused = OutboxItem { stage: Stage::Failed(Failure::Refused), ..item() };
        assert!(refused.may_take_back());
        for stage in [Stage::Accepted, Stage::Done, Stage::Failed(Failure::Superseded)] {
            assert!(!OutboxItem { stage, ..item() }.may_take_back());
        }
        let event = Kind::Event {
            request: Fingerprint::of(b"request"),
            event: Fingerprint::of(b"event"),
            is_decision: true,
        };
        assert!(
            !OutboxItem { kind: event, ..item() }.may_take_back(),
            "what was decided is thrown away whole"
        );
    }

    #[test]
    fn what_waits_for_a_server_or_for_its_owner_is_unsent() {
        assert!(item().is_unsent());
        for stage in [Stage::Sealed, Stage::Sending, Stage::Uncertain, Stage::Accepted] {
            assert!(OutboxItem { stage, ..item() }.is_unsent());
        }
        assert!(OutboxItem { stage: Stage::Failed(Failure::Refused), ..item() }.is_unsent());
        assert!(!OutboxItem { stage: Stage::Done, ..item() }.is_unsent());
        assert!(!OutboxItem { stage: Stage::Failed(Failure::Superseded), ..item() }.is_unsent());
        let meeting = Kind::Meeting { send_id: "meet-1".into() };
        assert!(!OutboxItem { kind: meeting, ..item() }.is_unsent(), "nobody wrote it");
    }

    #[test]
    fn a_record_of_an_older_version_is_not_held() {
        let mut old = serde_json::to_value(item()).unwrap();
        old.as_object_mut().unwrap().remove("held_until").unwrap();
        assert_eq!(serde_json::from_value::<OutboxItem>(old).unwrap(), item());
    }

    #[test]
    fn a_sent_decision_can_not_be_superseded() {
        let mut mail = item();
        mail.sealed(true);
        mail.sending();
        mail.delivered(Delivery::Accepted, NOW);
        assert!(!mail.supersede());
        assert!(!mail.retry(NOW), "what the server took is not sent twice");
    }
}
