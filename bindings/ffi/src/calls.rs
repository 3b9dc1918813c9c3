//! How every call goes: refused when the core is closed, cancelled by its token, panics and errors translated and logged.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::cancel::CancelToken;
use crate::core::Event;
use crate::error::{CoreError, StopReason};
use crate::log::Log;
use crate::panics;

/// The client's core with what the calls of all objects share.
pub(crate) struct Calls {
    core: client::Core,
    log: Log,
    is_closed: AtomicBool,
}

/// A token, or none: last argument of every call.
pub(crate) type Cancel = Option<Arc<CancelToken>>;

impl Calls {
    pub(crate) fn new(core: client::Core, log: Log) -> Self {
        Calls { core, log, is_closed: AtomicBool::new(false) }
    }

    pub(crate) fn core(&self) -> &client::Core {
        &self.core
    }

    /// Awaits work of the client.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        call: &'static str,
        cancel: Cancel,
        start: impl FnOnce() -> client::Task<T> + Send,
    ) -> Result<T, CoreError> {
        let result = match self.stopped(cancel.as_deref()) {
            Some(reason) => Err(CoreError::Stopped { reason }),
            None => {
                let task = start();
                if let Some(token) = &cancel {
                    token.stops(task.canceller());
                }
                Outcome { task }.await
            }
        };
        result.map_err(|error| self.failed(call, error))
    }

    /// Awaits work that only reads or writes the store.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        call: &'static str,
        cancel: Cancel,
        work: impl FnOnce() -> Result<T, client::CoreError> + Send + 'static,
    ) -> Result<T, CoreError> {
        self.run(call, cancel, || self.core.spawn_blocking(work)).await
    }

    /// As [`run`](Self::run), when what the caller gave must be read first.
    pub(crate) async fn run_with<A: Send, T: Send + 'static>(
        &self,
        call: &'static str,
        cancel: Cancel,
        argument: Result<A, CoreError>,
        start: impl FnOnce(A) -> client::Task<T> + Send,
    ) -> Result<T, CoreError> {
        match argument {
            Ok(argument) => self.run(call, cancel, || start(argument)).await,
            Err(error) => Err(self.failed(call, error)),
        }
    }

    /// The next event; nothing when the core is closed.
    pub(crate) async fn next_event(&self, cancel: Cancel) -> Result<Option<Event>, CoreError> {
        let mut event = std::pin::pin!(self.core.next_event());
        std::future::poll_fn(|context| {
            // Cancelled first: an event that was taken out must not be lost.
            if let Some(token) = &cancel
                && token.poll_cancelled(context).is_ready()
            {
                return Poll::Ready(Err(CoreError::Stopped { reason: StopReason::Cancelled }));
            }
            event.as_mut().poll(context).map(|event| Ok(event.map(Event::from)))
        })
        .await
    }

    pub(crate) fn shutdown(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.core.close();
    }

    fn stopped(&self, cancel: Option<&CancelToken>) -> Option<StopReason> {
        if self.is_closed.load(Ordering::SeqCst) {
            return Some(StopReason::Closed);
        }
        cancel.is_some_and(CancelToken::is_cancelled).then_some(StopReason::Cancelled)
    }

    /// The error as the caller sees it; it is logged.
    fn failed(&self, call: &str, error: CoreError) -> CoreError {
        let is_closed = self.is_closed.load(Ordering::SeqCst);
        let error = match error {
            CoreError::Stopped { reason: StopReason::Cancelled } if is_closed => {
                CoreError::Stopped { reason: StopReason::Closed }
            }
            other => other,
        };
        let place = match &error {
            CoreError::Stopped { reason: StopReason::Defect { place } } => place.clone(),
            _ => None,
        };
        self.log.write(&self.core, error.level(), call, error.code(), place);
        error
    }
}

/// A task of the client whose panic is an error.
struct Outcome<T> {
    task: client::Task<T>,
}

impl<T: Send + 'static> Future for Outcome<T> {
    type Output = Result<T, CoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The task has ended when this unwinds; nothing of it is looked at again.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.task).poll(context)));
        match polled {
            Ok(polled) => polled.map(|result| result.map_err(CoreError::from)),
            Err(_) => Poll::Ready(Err(CoreError::defect(panics::take()))),
        }
    }
}
