//! Cancelling from the other side: neither a Kotlin coroutine nor a Swift task that ends reaches the work in Rust.

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
    waiting: Vec<Waker>,
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
        for waker in waiting {
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

    /// Ready when cancelled; else the caller is woken then.
    pub(crate) fn poll_cancelled(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.is_cancelled {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
impl CancelToken {
    pub(crate) fn remembered(&self) -> usize {
        self.lock().running.len()
    }
}
