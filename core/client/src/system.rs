//! The clock and the random source of the operating system: the only place that touches either.

use std::time::{SystemTime, UNIX_EPOCH};

use rand_core::{Infallible, TryCryptoRng, TryRng};
use smime::UnixTime;

/// The system's wall clock, in whole seconds. A clock set before 1970 reads as 1970.
#[allow(clippy::disallowed_methods, reason = "the one clock; everything else gets the time as an argument")]
pub fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// The operating system's random source (getrandom(2) and its like).
///
/// # Panics
/// Reading panics when the system refuses to give randomness. A running system on which this happens (a seccomp filter
/// without getrandom, no `/dev/urandom`) must not make keys or nonces, and no caller could do anything but stop.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl TryRng for OsRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random_array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random_array()))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        fill(dst);
        Ok(())
    }
}

impl TryCryptoRng for OsRandom {}

/// `N` random octets. Panics like [`OsRandom`].
pub fn random_array<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one random source; everything else gets randomness as an argument"
)]
#[allow(clippy::panic, reason = "going on without randomness would make guessable keys")]
fn fill(dst: &mut [u8]) {
    if let Err(error) = getrandom::fill(dst) {
        panic!("the operating system gives no random numbers: {error}");
    }
}

/// What asks the program to end: Ctrl-C, SIGTERM, a closed terminal. Once listened to, none of them ends it any more.
#[cfg(unix)]
#[derive(Debug)]
pub struct EndSignals(Vec<(i32, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl EndSignals {
    /// Number of SIGHUP: the terminal is closed.
    pub const HANGUP: i32 = 1;

    /// Listens from now on.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let signals = kinds.into_iter().filter_map(|kind| Some((kind.as_raw_value(), signal(kind).ok()?)));
        EndSignals(signals.collect())
    }

    /// Waits for one; its number.
    pub async fn received(&mut self) -> i32 {
        std::future::poll_fn(|context| {
            let mut signals = self.0.iter_mut();
            let came =
                signals.find_map(|(number, signal)| signal.poll_recv(context).is_ready().then_some(*number));
            came.map_or(std::task::Poll::Pending, std::task::Poll::Ready)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn the_clock_runs_after_this_code_was_written() {
        assert!(now() > "2026-01-01T00:00:00Z".parse().unwrap());
    }

    #[test]
    fn random_octets_do_not_repeat() {
        assert_ne!(random_array::<32>(), random_array::<32>());
        let mut a = [0; 64];
        let mut b = [0; 64];
        OsRandom.fill_bytes(&mut a);
        OsRandom.fill_bytes(&mut b);
        assert_ne!(a, b);
        assert!(a.iter().any(|octet| *octet != 0));
    }
}
