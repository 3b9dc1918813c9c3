//! What went wrong, for the platform's log: which call and which kind of failure, never whose mail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most entries that wait for a slow sink; what comes then is left out, and the numbers show it.
const MAX_WAITING: u64 = 256;

/// How much an entry matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Part of ordinary life: cancelled, no network.
    Info,
    /// A call failed.
    Warning,
    /// A defect of this program.
    Error,
}

/// One line for the platform's log.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LogEntry {
    /// Counts from 1. Entries may come out of order; one that is missing was left out.
    pub number: u64,
    /// How much it matters.
    pub level: LogLevel,
    /// Which call, like `account.sync`.
    pub call: String,
    /// What happened, a stable code like `network`.
    pub code: String,
    /// File and line in the source, for defects.
    pub place: Option<String>,
}

/// The sink can't write. The entry is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum LogError {
    /// For whatever reason.
    #[error("the log can't be written")]
    Unavailable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for LogError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        LogError::Unavailable
    }
}

/// The platform's log.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait LogSink: Send + Sync {
    /// Writes one entry.
    async fn write(&self, entry: LogEntry) -> Result<(), LogError>;
}

/// Hands entries over without waiting.
pub(crate) struct Log {
    sink: Option<Arc<dyn LogSink>>,
    number: AtomicU64,
    waiting: Arc<AtomicU64>,
}

impl Log {
    pub(crate) fn new(sink: Option<Arc<dyn LogSink>>) -> Self {
        Log { sink, number: AtomicU64::new(0), waiting: Arc::default() }
    }

    pub(crate) fn write(
        &self,
        core: &client::Core,
        level: LogLevel,
        call: &str,
        code: &str,
        place: Option<String>,
    ) {
        let Some(sink) = self.sink.clone() else { return };
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let waiting = Waiting::new(&self.waiting);
        if waiting.0.load(Ordering::Relaxed) > MAX_WAITING {
            return;
        }
        let entry = LogEntry { number, level, call: call.to_owned(), code: code.to_owned(), place };
        core.spawn(async move {
            let _waiting = waiting;
            // There is nowhere to say that the log can't be written.
            sink.write(entry).await.ok();
            Ok(())
        });
    }
}

/// Counts an entry for as long as it waits, whatever becomes of it.
struct Waiting(Arc<AtomicU64>);

impl Waiting {
    fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Waiting(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
