//! When something that failed for now is tried again. The clock of a device may be wrong, and be set right meanwhile.

use smime::UnixTime;

/// The longest wait, in seconds.
const LONGEST: u64 = 4 * 3600;

/// When to try again: `first` seconds from now, doubled so many times, at most four hours.
pub(crate) fn next(first: u64, doublings: u32, now: UnixTime) -> UnixTime {
    now.plus(first.saturating_mul(1 << doublings.min(16)).min(LONGEST))
}

/// What was to wait until `not_before` is tried now. A time farther away than any wait comes from a clock that was ahead
/// then: it must not keep anything waiting for years.
pub(crate) fn is_due(not_before: UnixTime, now: UnixTime) -> bool {
    now >= not_before || not_before > now.plus(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    #[test]
    fn waits_double_up_to_four_hours() {
        let waits: Vec<u64> = [0, 1, 7, 8, 60, u32::MAX]
            .iter()
            .map(|count| next(60, *count, NOW).secs() - NOW.secs())
            .collect();
        assert_eq!(waits, [60, 120, 7_680, 14_400, 14_400, 14_400]);
    }

    #[test]
    fn a_clock_that_was_years_ahead_delays_nothing() {
        let set = next(60, 20, NOW);
        assert!(!is_due(set, NOW) && is_due(set, set));
        let back = UnixTime::from_secs(NOW.secs() - 1);
        assert!(is_due(set, back), "one second more than any wait");
        assert!(is_due(set, UnixTime::from_secs(0)));
    }
}
