//! When to try again, and how long to listen.

use std::time::Duration;

/// IDLE is renewed at least every 29 minutes (RFC 2177 section 3).
pub const IDLE_RENEWAL_SECONDS: u64 = 29 * 60;

/// First wait before connecting again, in milliseconds.
const FIRST_MS: u64 = 2_000;
/// Longest wait, in milliseconds.
const LONGEST_MS: u64 = 15 * 60 * 1_000;
/// Shortest wait when the server asked for rest, in milliseconds.
const REST_MS: u64 = 60 * 1_000;

/// Waits between attempts to connect: doubled each time, up to 15 minutes, each scattered over its upper half so that
/// many clients of a server that comes back don't return in the same second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// An attempt failed: how long to wait. `jitter` is a random number.
    pub fn failed(&mut self, jitter: u32) -> Duration {
        let whole = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        scattered(whole, jitter)
    }

    /// The server said that it is busy or limits us (`UNAVAILABLE`, `INUSE`, `LIMIT`; RFC 5530): at least half a minute.
    pub fn asked_to_rest(&mut self, jitter: u32) -> Duration {
        self.failed(jitter).max(scattered(REST_MS, jitter))
    }

    /// A command was answered. A mere connection is not enough: servers at their limit accept and close.
    pub fn worked(&mut self) {
        self.failures = 0;
    }
}

fn scattered(whole: u64, jitter: u32) -> Duration {
    let half = whole / 2;
    Duration::from_millis(half + half.saturating_mul(u64::from(jitter)) / u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour_and_start_again() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..12).map(|_| backoff.failed(u32::MAX).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        backoff.worked();
        assert_eq!(backoff.failed(0), Duration::from_secs(1));
        let mut tired = Backoff { failures: u32::MAX };
        assert_eq!(tired.failed(u32::MAX), Duration::from_secs(900));
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for (jitter, ms) in [(0, 1_000), (u32::MAX / 2, 1_499), (u32::MAX, 2_000)] {
            assert_eq!(Backoff::default().failed(jitter), Duration::from_millis(ms));
        }
    }

    #[test]
    fn a_server_that_asks_for_rest_gets_it() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.asked_to_rest(0), Duration::from_secs(30));
        assert_eq!(backoff.asked_to_rest(u32::MAX), Duration::from_secs(60));
        assert_eq!(Backoff { failures: 9 }.asked_to_rest(u32::MAX), Duration::from_secs(900));
    }
}
