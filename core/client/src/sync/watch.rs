//! Synchronising again and again, as soon as there is something to do.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::sync::Backoff;
use tokio::sync::watch;
use tokio::time::Instant;

use super::SyncReport;
use crate::account::{Account, AccountInner};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::system::random_array;
use crate::task::Task;

/// How long a mail that waits in the outbox waits at most before it is tried again.
const OUTBOX_PATIENCE: Duration = Duration::from_secs(60);
/// A mail that was held back leaves a little later than it might, and never a moment too early: that would look like news that
/// are none.
const HOLD_MARGIN: Duration = Duration::from_secs(2);
/// Without any news all folders are looked at so often; the inbox is listened to meanwhile.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// How a watch bears with a server.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// News that come sooner after a round which found nothing are suspicious; on a slow line, sooner than the round took.
    quiet: Duration,
    /// How long a round goes on after the end was asked for.
    grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { quiet: Duration::from_secs(1), grace: Duration::from_secs(30) }
    }
}

/// Ends a [`watch`](Account::watch) between two rounds: what is being sent is sent, and what is known of it is stored.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Stop(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks for the end. Waiting ends at once; a round that runs has half a minute to finish.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    async fn stopped_for(&self, grace: Duration) {
        self.stopped().await;
        tokio::time::sleep(grace).await;
    }

    async fn stopped(&self) {
        // The sender is held here: it does not go away.
        self.0.subscribe().wait_for(|stopped| *stopped).await.ok();
    }
}

impl Account {
    /// Synchronises, and again as soon as the server has something new or something was done here, until it is stopped.
    /// Each round is told. A server that can't be reached is tried again, after pauses that grow to a quarter of an hour.
    ///
    /// # Errors
    /// What no later round would mend: a refused password, a certificate that is not trusted, a store or vault that fails. It
    /// is told as the last round, too.
    pub fn watch(
        &self,
        stop: &Stop,
        on_round: impl Fn(&Result<SyncReport, CoreError>) + Send + Sync + 'static,
    ) -> Task<()> {
        let (inner, stop) = (Arc::clone(&self.inner), stop.clone());
        Task::spawn(
            &self.inner.core.handle,
            async move { inner.watch(&stop, &on_round, Pace::default()).await },
        )
    }
}

impl AccountInner {
    async fn watch(
        &self,
        stop: &Stop,
        on_round: &(impl Fn(&Result<SyncReport, CoreError>) + Send + Sync),
        pace: Pace,
    ) -> Result<(), CoreError> {
        let mut backoff = Backoff::default();
        let mut is_first = true;
        while !stop.is_stopped() {
            // What is done here during the round is noticed, too.
            let has_acted = AtomicBool::new(false);
            let notified = self.acted.notified();
            let acted = async {
                notified.await;
                has_acted.store(true, Ordering::Relaxed);
            };
            let began = Instant::now();
            let round = tokio::select! {
                round = self.sync(is_first) => round,
                // A mail that was being handed over becomes uncertain; everything else is done again.
                () = stop.stopped_for(pace.grace) => return Ok(()),
            };
            is_first = false;
            let took = began.elapsed();
            on_round(&round);
            let pause = match round {
                Ok(report) => {
                    let patience = if report.waiting > 0 { OUTBOX_PATIENCE } else { PATIENCE };
                    // A mail that its owner may still take back leaves in time. What can't be read is told by the next round.
                    let held = self.hold_ends_in().unwrap_or_default();
                    let patience =
                        held.map_or(patience, |held| held.saturating_add(HOLD_MARGIN).min(patience));
                    let quiet = tokio::time::sleep(pace.quiet.max(took).min(patience));
                    let mut quiet = pin!(quiet);
                    let waiting = async {
                        let mut heard = pin!(self.wait_for_news(patience, acted));
                        tokio::select! {
                            heard = &mut heard => (heard, false),
                            () = &mut quiet => (heard.await, true),
                        }
                    };
                    let (heard, was_quiet) = tokio::select! {
                        heard = waiting => heard,
                        () = stop.stopped() => return Ok(()),
                    };
                    let is_idle = report
                        == SyncReport {
                            waiting: report.waiting,
                            stuck: report.stuck,
                            ..SyncReport::default()
                        };
                    match heard {
                        Err(error) => Some(pause(&error, &mut backoff)?),
                        // News that are none, again and again: a server that is wrong about itself is not asked without a pause.
                        Ok(()) if is_idle && !was_quiet && !has_acted.load(Ordering::Relaxed) => {
                            Some(backoff.failed(u32::from_le_bytes(random_array())))
                        }
                        Ok(()) => {
                            backoff.worked();
                            None
                        }
                    }
                }
                Err(error) => Some(pause(&error, &mut backoff)?),
            };
            if let Some(pause) = pause {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.stopped() => {}
                }
            }
        }
        Ok(())
    }
}

impl CoreError {
    /// Trying again later may help, without anybody doing anything.
    pub fn may_pass(&self) -> bool {
        match self {
            CoreError::Network { problem, .. } => *problem != NetworkProblem::Offline,
            CoreError::Server { problem, .. } => matches!(
                problem,
                ServerProblem::Throttled
                    | ServerProblem::NotNow
                    | ServerProblem::Refused
                    | ServerProblem::Protocol
                    | ServerProblem::OverQuota
            ),
            _ => false,
        }
    }
}

/// How long to wait after a failure; the failure itself when waiting is no use.
fn pause(error: &CoreError, backoff: &mut Backoff) -> Result<Duration, CoreError> {
    let jitter = u32::from_le_bytes(random_array());
    match error {
        CoreError::Server { problem: ServerProblem::Throttled, .. } => Ok(backoff.asked_to_rest(jitter)),
        error if error.may_pass() => Ok(backoff.failed(jitter)),
        error => Err(error.clone()),
    }
}

#[cfg(test)]
mod tests;
