//! Listening to the open folder (RFC 2177).

use std::future::Future;
use std::time::Duration;

use engine::sync::{self, Answer, Capability, Event};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::Connection;
use super::perform::Happening;
use crate::error::{CoreError, ServerProblem};

/// How often a server without IDLE is asked.
const POLL: Duration = Duration::from_secs(120);

/// Why listening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Something happened.
    News,
    /// Nothing happened for as long as one may listen.
    Renew,
    /// The caller wanted it.
    Stopped,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Listens until something happens, `stop` is done or `renewal` is over (at most 29 minutes, RFC 2177 section 3). A server
    /// without IDLE is asked every two minutes.
    pub(crate) async fn idle(
        &mut self,
        renewal: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<(Ended, Vec<Happening>), CoreError> {
        let mut stop = std::pin::pin!(stop);
        let mut happened = Vec::new();
        if !self.capabilities.has(Capability::Idle) {
            let ended = match tokio::time::timeout(renewal.min(POLL), &mut stop).await {
                Ok(()) => Ended::Stopped,
                Err(_) => Ended::Renew,
            };
            let mut asked = self.perform(&sync::Command::Noop, 0).await?;
            while let Some(happening) = asked.next().await? {
                happened.push(happening);
            }
            return Ok(listened(ended, happened));
        }
        let mut timer = std::pin::pin!(tokio::time::sleep(renewal));
        let mut listening = self.perform(&sync::Command::Idle, 0).await?;
        let ended = tokio::select! {
            biased;
            () = &mut stop => Ended::Stopped,
            happening = listening.next() => {
                happened.extend(happening?);
                Ended::News
            }
            () = &mut timer => Ended::Renew,
        };
        listening.end_idle().await?;
        while let Some(happening) = listening.next().await? {
            happened.push(happening);
        }
        let is_refused = |(event, _): &Happening| matches!(event, Event::Done(Answer::No | Answer::Bad, _));
        if happened.iter().any(is_refused) {
            return Err(self.place.server(ServerProblem::Refused));
        }
        // It may end by the server's own will.
        let ended = if ended == Ended::News { Ended::Renew } else { ended };
        Ok(listened(ended, happened))
    }
}

/// Something may come with the end of listening, too. The end itself is no news.
fn listened(ended: Ended, mut happened: Vec<Happening>) -> (Ended, Vec<Happening>) {
    happened.retain(|(event, _)| !matches!(event, Event::Done(..)));
    (if happened.is_empty() { ended } else { Ended::News }, happened)
}
