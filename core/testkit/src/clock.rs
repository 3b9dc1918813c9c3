//! Time that moves when the test says so.

use std::sync::atomic::{AtomicU64, Ordering};

use smime::UnixTime;

/// A clock that stands still until it is set or advanced.
#[derive(Debug)]
pub struct VirtualClock(AtomicU64);

impl VirtualClock {
    /// A clock that shows `now`.
    pub fn at(now: UnixTime) -> Self {
        VirtualClock(AtomicU64::new(now.secs()))
    }

    /// What it shows.
    pub fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }

    /// Moves it by `secs` seconds and returns the new time.
    pub fn advance(&self, secs: u64) -> UnixTime {
        UnixTime::from_secs(self.0.fetch_add(secs, Ordering::SeqCst).saturating_add(secs))
    }

    /// Sets it, also backwards.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.secs(), Ordering::SeqCst);
    }
}

impl Default for VirtualClock {
    /// 2026-11-25T08:00:00Z, within the validity of every fixture.
    fn default() -> Self {
        VirtualClock::at(UnixTime::from_secs(1_795_593_600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told() {
        let clock = VirtualClock::default();
        assert_eq!(clock.now().to_string(), "2026-11-25T08:00:00Z");
        assert_eq!(clock.advance(3600).to_string(), "2026-11-25T09:00:00Z");
        clock.set("2026-11-24T00:00:00Z".parse().unwrap());
        assert_eq!(clock.now().to_string(), "2026-11-24T00:00:00Z");
    }
}
