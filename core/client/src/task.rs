//! Handles on work that runs on our own runtime: callers may await, block or cancel.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

use crate::error::CoreError;

/// Running work. Dropping the handle lets it go on; only [`cancel`](Task::cancel) stops it.
///
/// Work stops at its next await point. What was acknowledged stays; a mail that was being handed over becomes *uncertain*.
#[derive(Debug)]
pub struct Task<T> {
    join: JoinHandle<Result<T, CoreError>>,
    runtime: Handle,
}

impl<T: Send + 'static> Task<T> {
    pub(crate) fn spawn(
        runtime: &Handle,
        work: impl Future<Output = Result<T, CoreError>> + Send + 'static,
    ) -> Self {
        Task { join: runtime.spawn(work), runtime: runtime.clone() }
    }

    pub(crate) fn spawn_blocking(
        runtime: &Handle,
        work: impl FnOnce() -> Result<T, CoreError> + Send + 'static,
    ) -> Self {
        Task { join: runtime.spawn_blocking(work), runtime: runtime.clone() }
    }

    /// What can [`cancel`](Self::cancel) this work while somebody else awaits it.
    pub fn canceller(&self) -> Canceller {
        Canceller(self.join.abort_handle())
    }

    /// Stops the work; awaiting it then gives [`CoreError::Cancelled`].
    pub fn cancel(&self) {
        self.join.abort();
    }

    /// Blocks the calling thread until the work is done. Must not be called on the core's own runtime.
    pub fn wait(self) -> Result<T, CoreError> {
        let runtime = self.runtime.clone();
        runtime.block_on(self)
    }
}

/// Stops a [`Task`] that is awaited elsewhere.
#[derive(Clone, Debug)]
pub struct Canceller(AbortHandle);

impl Canceller {
    /// As [`Task::cancel`].
    pub fn cancel(&self) {
        self.0.abort();
    }

    /// There is nothing to cancel any more.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, CoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.join).poll(context).map(|joined| match joined {
            Ok(result) => result,
            Err(failure) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
            Err(_) => Err(CoreError::Cancelled),
        })
    }
}
