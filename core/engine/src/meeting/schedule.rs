//! When a mail is sent again.

use serde::{Deserialize, Serialize};
use smime::UnixTime;

/// Seconds from the first sending to each repetition: 1 minute, 10 minutes, 1 hour, 1 day.
pub(super) const REPEAT_AFTER: [u64; 4] = [60, 600, 3_600, 86_400];
/// How often one mail is sent again because the other side repeats its own; a replayed mail can't make us a mail pump.
pub(super) const MAX_ANSWERS: u8 = 8;

/// A mail that was sent and may have been lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sending {
    first: UnixTime,
    repeats: usize,
    answers: u8,
}

impl Sending {
    /// Sent for the first time now.
    pub(super) fn start(now: UnixTime) -> Self {
        Sending { first: now, repeats: 0, answers: 0 }
    }

    /// No timed repetition any more.
    pub(super) fn stop(&mut self) {
        self.repeats = REPEAT_AFTER.len();
    }

    /// Time of the next repetition.
    pub(super) fn next(&self) -> Option<UnixTime> {
        REPEAT_AFTER.get(self.repeats).map(|&after| self.first.plus(after))
    }

    /// Counts the repetitions whose time has come; several missed ones are one mail.
    pub(super) fn is_due(&mut self, now: UnixTime) -> bool {
        let before = self.repeats;
        while self.next().is_some_and(|next| next <= now) {
            self.repeats += 1;
        }
        self.repeats > before
    }

    /// Whether a repeated question is answered once more.
    pub(super) fn may_answer(&mut self) -> bool {
        let may = self.answers < MAX_ANSWERS;
        self.answers = self.answers.saturating_add(1);
        may
    }
}
