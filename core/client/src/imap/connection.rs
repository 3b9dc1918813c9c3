//! One connection: commands with their tags, answers in their order, and news that nobody asked for.

use engine::imap::{Code, Command, MailboxName, Malformed, Response, Status, StatusKind};
use engine::sync::Capabilities;
use tokio::io::{AsyncRead, AsyncWrite};

use super::RESPONSE_OCTETS;
use super::meter::{Budget, Metered};
use super::news::{News, Newsbox};
use super::place::Place;
use super::wire::Wire;
use crate::error::{CoreError, NetworkProblem, ServerProblem};

/// What [`Connection::next`] gives.
#[derive(Debug)]
pub(super) enum Step {
    /// Something before the end.
    Data(Response),
    /// Something that is not understood.
    Garbled(Malformed),
    /// The end of the command.
    End(Status),
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) status: Status,
    /// Something on the way was not understood.
    pub(super) is_garbled: bool,
}

/// A connection over any stream.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(super) wire: Wire<Metered<S>>,
    pub(super) budget: Budget,
    pub(super) place: Place,
    pub(super) last_tag: u32,
    /// The command under way.
    pub(super) running: Option<String>,
    /// Its end, when it came before all of it was sent.
    pub(super) ended: Option<Status>,
    /// IDLE is under way.
    pub(super) is_idle: bool,
    /// A command was left half written, or the server broke the protocol: nothing can follow.
    pub(super) is_broken: bool,
    pub(super) capabilities: Capabilities,
    /// Capabilities came since this was last set to false.
    pub(super) is_told: bool,
    /// Names travel in UTF-8.
    pub(super) is_utf8: bool,
    /// Folders whose names break the encoding.
    pub(super) odd_names: Vec<MailboxName>,
    /// QRESYNC is enabled.
    pub(super) has_qresync: bool,
    pub(super) exists: u32,
    pub(super) news: Newsbox,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S, place: Place) -> Self {
        let budget = Budget::of(RESPONSE_OCTETS);
        let activity = place.activity.clone();
        Connection {
            wire: Wire::new(Metered { stream, budget: budget.clone(), activity }),
            budget,
            place,
            last_tag: 0,
            running: None,
            ended: None,
            is_idle: false,
            is_broken: false,
            capabilities: Capabilities::default(),
            is_told: false,
            is_utf8: false,
            odd_names: Vec::new(),
            has_qresync: false,
            exists: 0,
            news: Newsbox::default(),
        }
    }

    /// The stream below, when nothing was read ahead of it.
    pub(super) fn into_stream(self) -> Option<S> {
        self.wire.into_stream().map(|metered| metered.stream)
    }

    /// An error of this server.
    pub(crate) fn fault(&self, problem: ServerProblem) -> CoreError {
        self.place.server(problem)
    }

    /// QRESYNC is enabled.
    pub(crate) fn has_qresync(&self) -> bool {
        self.has_qresync
    }

    /// What was announced last.
    pub(crate) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// News since the last call, in order.
    pub(crate) fn take_news(&mut self) -> Vec<News> {
        self.news.take()
    }

    /// The next answer to the command under way. Its end comes once.
    pub(super) async fn next(&mut self) -> Result<Step, CoreError> {
        if let Some(status) = self.ended.take() {
            return Ok(Step::End(status));
        }
        let place = self.place.clone();
        match place.bounded(self.read()).await {
            Ok(step) => step,
            Err(error) => {
                self.is_broken = true;
                Err(error)
            }
        }
    }

    /// The same without a limit of time. Nothing is lost when the future is dropped.
    pub(super) async fn read(&mut self) -> Result<Step, CoreError> {
        let response = match self.wire.response().await {
            Ok(Ok(response)) => response,
            Ok(Err(malformed)) => return Ok(Step::Garbled(malformed)),
            Err(error) => {
                self.is_broken = true;
                return Err(self.place.wire(&error));
            }
        };
        match response {
            Response::Tagged { tag, status } if self.running.as_ref() == Some(&tag) => {
                self.running = None;
                self.is_idle = false;
                self.learn(&status);
                Ok(Step::End(status))
            }
            // An answer to a command that was never sent.
            Response::Tagged { .. } => {
                self.is_broken = true;
                Err(self.place.server(ServerProblem::Protocol))
            }
            Response::Untagged(status) if status.kind == StatusKind::Bye => {
                self.is_broken = true;
                Err(self.place.refused(&status))
            }
            Response::Untagged(status) => {
                self.learn(&status);
                Ok(Step::Data(Response::Untagged(status)))
            }
            Response::Capability(words) => {
                self.announced(&words);
                Ok(Step::Data(Response::Other))
            }
            Response::Exists(count) => {
                self.exists = count;
                Ok(Step::Data(Response::Exists(count)))
            }
            Response::Expunge(sequence) => {
                self.exists = self.exists.saturating_sub(1);
                Ok(Step::Data(Response::Expunge(sequence)))
            }
            Response::Vanished { earlier: false, uids } => {
                self.exists = self.exists.saturating_sub(u32::try_from(uids.len()).unwrap_or(u32::MAX));
                Ok(Step::Data(Response::Vanished { earlier: false, uids }))
            }
            other => Ok(Step::Data(other)),
        }
    }

    fn learn(&mut self, status: &Status) {
        if let Some(Code::Capability(words)) = &status.code {
            self.announced(words);
        }
    }

    fn announced(&mut self, words: &[String]) {
        self.capabilities = Capabilities::parse(words.iter().map(String::as_str));
        self.is_told = true;
    }

    /// Keeps what no command asked for.
    pub(super) fn note(&mut self, response: Response) {
        if let Some(news) = News::of(response) {
            self.news.keep(news);
        }
    }

    /// Reads the rest of a command whose caller went away.
    pub(super) async fn settle(&mut self) -> Result<(), CoreError> {
        if self.is_broken {
            return Err(self.place.network(NetworkProblem::Cut));
        }
        if self.is_idle {
            self.is_idle = false;
            self.line(b"DONE").await?;
        }
        while self.running.is_some() || self.ended.is_some() {
            match self.next().await? {
                Step::Data(response) => self.note(response),
                Step::Garbled(_) => self.news.keep(News::Dropped),
                Step::End(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// A whole command; `take` gives back what it has no use for. Small answers only.
    pub(super) async fn run(
        &mut self,
        command: &Command,
        mut take: impl FnMut(Response) -> Option<Response>,
    ) -> Result<Outcome, CoreError> {
        self.begin(command, 0, 0).await?;
        let mut is_garbled = false;
        loop {
            match self.next().await? {
                Step::Data(response) => {
                    if let Some(response) = take(response) {
                        self.note(response);
                    }
                }
                Step::Garbled(_) => is_garbled = true,
                Step::End(status) => return Ok(Outcome { status, is_garbled }),
            }
        }
    }

    /// [`Connection::run`] for a command that must be answered with OK.
    pub(super) async fn run_ok(
        &mut self,
        command: &Command,
        take: impl FnMut(Response) -> Option<Response>,
    ) -> Result<Outcome, CoreError> {
        let outcome = self.run(command, take).await?;
        self.must_be_ok(&outcome.status).map(|()| outcome)
    }

    pub(super) fn must_be_ok(&self, status: &Status) -> Result<(), CoreError> {
        if status.kind == StatusKind::Ok { Ok(()) } else { Err(self.place.refused(status)) }
    }
}
