//! Cancelling from the other side: neither a Kotlin coroutine nor a Swift task that ends reaches the work in Rust.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use client::Canceller;

/// Cancels the calls that it is handed to. Made by the caller, for one call or for several that end together (a screen's);
/// once cancelled it stays so, and later calls with it fail at once.
///
/// (The design calls it `Task`. In Swift that name would hide the language's own, which the generated code needs.)
#[derive(Debug, Default, uniffi::Object)]
pub struct CancelToken {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_cancelled: bool,
    running: Vec<Canceller>,
    waiting: BTreeMap<u64, Waker>,
    next_number: u64,
}

#[uniffi::export]
impl CancelToken {
    /// A token that cancels nothing yet.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Stops the work of all calls that have this token, at its next await point. What was acknowledged stays.
    pub fn cancel(&self) {
        let (running, waiting) = {
            let mut state = self.lock();
            state.is_cancelled = true;
            (std::mem::take(&mut state.running), std::mem::take(&mut state.waiting))
        };
        // Wakers call into the platform: not under the lock.
        for work in running {
            work.cancel();
        }
        for waker in waiting.into_values() {
            waker.wake();
        }
    }

    /// [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.lock().is_cancelled
    }
}

impl CancelToken {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on [`cancel`](Self::cancel) stops this work; at once when it was called already.
    pub(crate) fn stops(&self, work: Canceller) {
        let mut state = self.lock();
        if state.is_cancelled {
            drop(state);
            work.cancel();
            return;
        }
        // A token that lives as long as a screen must not collect all the work that it ever saw.
        state.running.retain(|other| !other.is_finished());
        state.running.push(work);
    }

    /// For a call that waits without work.
    pub(crate) fn waiter(self: &Arc<Self>) -> Waiter {
        let mut state = self.lock();
        state.next_number += 1;
        Waiter { token: Arc::clone(self), number: state.next_number }
    }
}

/// One place in the queue of those that are woken; given back when the call ends.
pub(crate) struct Waiter {
    token: Arc<CancelToken>,
    number: u64,
}

impl Waiter {
    /// Ready when cancelled; else the caller is woken then.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.token.lock();
        if state.is_cancelled {
            return Poll::Ready(());
        }
        let replaced = state.waiting.insert(self.number, context.waker().clone());
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let removed = self.token.lock().waiting.remove(&self.number);
        // Not under the lock: a waker may be the last that holds a call.
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_forgets_work_that_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let vault = folder.path().join("vault").to_str().unwrap().to_owned();
        let vault = crate::vault::PlatformVault(crate::open_passphrase_vault(vault, String::new()).unwrap());
        let config = client::CoreConfig { home: folder.path().to_owned(), offline: true };
        let core = client::Core::new(config, Arc::new(vault)).unwrap();
        let token = CancelToken::new();
        for _ in 0..100 {
            let work = core.spawn(async { Ok(()) });
            let canceller = work.canceller();
            work.wait().unwrap();
            token.stops(canceller);
        }
        assert_eq!(token.lock().running.len(), 1);
    }

    #[test]
    fn a_token_forgets_calls_that_have_ended() {
        let token = CancelToken::new();
        let context = Context::from_waker(Waker::noop());
        let waiter = token.waiter();
        for _ in 0..100 {
            assert!(waiter.poll(&context).is_pending());
            assert!(token.waiter().poll(&context).is_pending());
        }
        assert_eq!(token.lock().waiting.len(), 1);
        token.cancel();
        assert!(waiter.poll(&context).is_ready());
        drop(waiter);
        assert_eq!(Arc::strong_count(&token), 1);
    }
}
