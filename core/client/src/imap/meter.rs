//! A stream that stops after as many octets as were granted: a hostile server can't fill the memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::tls::Activity;

/// Octets that a server may still send.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn of(octets: u64) -> Self {
        Budget(Arc::new(AtomicU64::new(octets)))
    }

    pub(super) fn refill(&self, octets: u64) {
        self.0.store(octets, Ordering::Relaxed);
    }
}

/// Counts what is read, and notes that something moved.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    pub(super) stream: S,
    pub(super) budget: Budget,
    pub(super) activity: Activity,
}

/// The server sent more than was granted.
#[derive(Debug, thiserror::Error)]
#[error("more octets than granted")]
pub(super) struct BudgetExceeded;

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = polled {
            self.activity.note();
            let read = u64::try_from(buffer.filled().len() - before).unwrap_or(u64::MAX);
            let spend = |budget: u64| budget.checked_sub(read);
            if self.budget.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
                return Poll::Ready(Err(std::io::Error::other(BudgetExceeded)));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, octets);
        if polled.is_ready() {
            self.activity.note();
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
