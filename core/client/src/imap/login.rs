//! From the greeting to a connection that is logged in. docs/adr/0006-imap.md says why it is done in this order.

use std::time::Duration;

use engine::imap::{
    Command, Mechanism, Response, Scram, ScramError, Secret, Status, StatusKind, initial_response, mechanisms,
};
use engine::sync::Capability;
use tokio::io::{AsyncRead, AsyncWrite};
use zeroize::Zeroizing;

use super::connection::{Connection, Step};
use super::place::problem;
use crate::error::{CoreError, ServerProblem};
use crate::system::random_array;

/// Longest challenge of a mechanism in octets, in base64.
const MAX_CHALLENGE: usize = 16 * 1024;

/// Who logs in, and with what.
#[derive(Clone, Copy)]
pub(crate) struct Login<'a> {
    /// User name.
    pub(crate) user: &'a str,
    /// Password or token.
    pub(crate) secret: Secret<'a>,
    /// The account once logged in by SCRAM: this server never gets the password in clear again, whatever it offers.
    pub(crate) only_scram: bool,
}

/// The greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    Ok,
    /// No log-in is needed.
    Preauth,
}

/// How an attempt ended that is no success.
enum Attempt {
    Done(Mechanism),
    /// Refused before the server said anything that only the right one can know.
    NotBegun(Status),
    Failed(CoreError),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) async fn greeting(&mut self) -> Result<Greeting, CoreError> {
        match self.next().await? {
            Step::Data(Response::Untagged(status)) if status.kind == StatusKind::Ok => Ok(Greeting::Ok),
            Step::Data(Response::Untagged(status)) if status.kind == StatusKind::Preauth => {
                Ok(Greeting::Preauth)
            }
            _ => Err(self.place.server(ServerProblem::Protocol)),
        }
    }

    /// Before TLS: greeting and STARTTLS, and nothing else. Gives the stream for the handshake; what the server announced so far
    /// is forgotten with this connection (RFC 9051 section 6.2.1), and a server that says more than its OK before the handshake is
    /// left: somebody writes into the stream (CVE-2011-0411 class).
    pub(super) async fn start_tls(mut self) -> Result<S, CoreError> {
        let place = self.place.clone();
        let no_tls = || place.server(ServerProblem::NoTls);
        // PREAUTH skips STARTTLS (RFC 9051 section 7.1.4): whoever wrote it wants the mail in clear.
        if self.greeting().await? != Greeting::Ok {
            return Err(no_tls());
        }
        self.run_ok(&Command::new("STARTTLS"), |_| None).await.map_err(|error| match error {
            CoreError::Server { problem: ServerProblem::Refused, .. } => no_tls(),
            other => other,
        })?;
        self.into_stream().ok_or_else(no_tls)
    }

    /// Logs in. Only ever called over TLS.
    pub(super) async fn log_in(&mut self, login: &Login<'_>) -> Result<Mechanism, CoreError> {
        if !self.is_told {
            self.run_ok(&Command::new("CAPABILITY"), Some).await?;
        }
        let offered = mechanisms(login.secret, |word| match word.strip_prefix("AUTH=") {
            Some(mechanism) => self.capabilities.has_mechanism(mechanism),
            None => self.capabilities.has(Capability::LoginDisabled),
        });
        let mut failure = self.place.server(ServerProblem::NoLogin);
        for mechanism in offered {
            if login.only_scram && !matches!(mechanism, Mechanism::Scram(_)) {
                continue;
            }
            self.is_told = false;
            match self.attempt(mechanism, login).await? {
                Attempt::Done(mechanism) => return self.after_log_in().await.map(|()| mechanism),
                Attempt::Failed(error) => return Err(error),
                Attempt::NotBegun(status) => failure = self.login_refused(&status),
            }
        }
        Err(failure)
    }

    async fn attempt(&mut self, mechanism: Mechanism, login: &Login<'_>) -> Result<Attempt, CoreError> {
        match (mechanism, login.secret) {
            (Mechanism::Scram(hash), Secret::Password(password)) => {
                match Scram::new(hash, login.user, password, &random_array()) {
                    Ok(scram) => self.scram(mechanism, scram).await,
                    Err(_) => Ok(Attempt::Failed(self.bad_secret())),
                }
            }
            (Mechanism::Login, Secret::Password(password)) => {
                if [login.user, password].iter().any(|text| text.contains('\0')) {
                    return Ok(Attempt::Failed(self.bad_secret()));
                }
                let command = Command::new("LOGIN").string(login.user.as_bytes()).string(password.as_bytes());
                let outcome = self.run(&command, Some).await?;
                Ok(self.ended(mechanism, &outcome.status))
            }
            _ => self.one_message(mechanism, login).await,
        }
    }

    /// PLAIN, OAUTHBEARER, XOAUTH2.
    async fn one_message(&mut self, mechanism: Mechanism, login: &Login<'_>) -> Result<Attempt, CoreError> {
        let (host, port) = (self.place.host.clone(), self.place.port);
        let Some(message) = initial_response(mechanism, login.user, login.secret, &host, port) else {
            return Ok(Attempt::Failed(self.bad_secret()));
        };
        let mut is_sent = self.authenticate(mechanism, &message).await?;
        loop {
            match self.next().await? {
                Step::Data(Response::Continue(_)) if !is_sent => {
                    self.reply(&message).await?;
                    is_sent = true;
                }
                // OAuth errors are told in a challenge, which wants an empty answer (RFC 7628 section 3.2.3).
                Step::Data(Response::Continue(_)) => match mechanism {
                    Mechanism::OauthBearer => self.reply(b"\x01").await?,
                    Mechanism::Xoauth2 => self.line(b"").await?,
                    _ => self.line(b"*").await?,
                },
                Step::Data(response) => self.note(response),
                Step::Garbled(_) => return Err(self.place.server(ServerProblem::Protocol)),
                Step::End(status) => return Ok(self.ended(mechanism, &status)),
            }
        }
    }

    async fn scram(&mut self, mechanism: Mechanism, scram: Scram) -> Result<Attempt, CoreError> {
        let first = scram.first();
        if !self.authenticate(mechanism, first.as_bytes()).await? {
            match self.challenge().await? {
                Ok(_) => self.reply(first.as_bytes()).await?,
                Err(status) => return Ok(Attempt::NotBegun(status)),
            }
        }
        let challenge = match self.challenge().await? {
            Ok(challenge) => challenge,
            // It may not know a derived key of this person.
            Err(status) if status.kind != StatusKind::Ok && problem(&status) == ServerProblem::Refused => {
                return Ok(Attempt::NotBegun(status));
            }
            Err(status) if status.kind != StatusKind::Ok => return Ok(self.ended(mechanism, &status)),
            Err(_) => return Ok(Attempt::Failed(self.place.server(ServerProblem::NotProven))),
        };
        // Up to a second of computing: not on a thread that other connections wait for.
        let answered = tokio::task::spawn_blocking(move || scram.respond(&challenge)).await;
        let Ok(Ok((answer, proof))) = answered else {
            self.line(b"*").await?;
            return Ok(Attempt::Failed(self.place.server(ServerProblem::Protocol)));
        };
        self.reply(answer.as_bytes()).await?;
        let last = match self.challenge().await? {
            Ok(last) => last,
            Err(status) if status.kind != StatusKind::Ok => return Ok(self.ended(mechanism, &status)),
            Err(_) => return Ok(Attempt::Failed(self.place.server(ServerProblem::NotProven))),
        };
        match proof.check(&last) {
            Ok(()) => {}
            Err(ScramError::WrongProof | ScramError::Protocol | ScramError::Unsendable) => {
                self.line(b"*").await?;
                return Ok(Attempt::Failed(self.place.server(ServerProblem::NotProven)));
            }
        }
        self.line(b"").await?;
        match self.challenge().await? {
            Err(status) => Ok(self.ended(mechanism, &status)),
            Ok(_) => Err(self.place.server(ServerProblem::Protocol)),
        }
    }

    /// Begins; with SASL-IR the first message goes along, and true is returned.
    async fn authenticate(&mut self, mechanism: Mechanism, first: &[u8]) -> Result<bool, CoreError> {
        let command = Command::new("AUTHENTICATE").words(mechanism.name().unwrap_or_default());
        let at_once = self.capabilities.has(Capability::SaslIr);
        let command = if at_once { command.base64(first) } else { command };
        self.begin(&command, 0, 0).await?;
        Ok(at_once)
    }

    /// The next challenge, or how the command ended instead.
    async fn challenge(&mut self) -> Result<Result<Vec<u8>, Status>, CoreError> {
        loop {
            match self.next().await? {
                Step::Data(Response::Continue(base64)) => {
                    let decoded = data_encoding::BASE64.decode(&base64).ok();
                    let decoded = decoded.filter(|_| base64.len() <= MAX_CHALLENGE);
                    return decoded.map(Ok).ok_or_else(|| self.place.server(ServerProblem::Protocol));
                }
                Step::Data(response) => self.note(response),
                Step::Garbled(_) => return Err(self.place.server(ServerProblem::Protocol)),
                Step::End(status) => return Ok(Err(status)),
            }
        }
    }

    async fn reply(&mut self, message: &[u8]) -> Result<(), CoreError> {
        let base64 = Zeroizing::new(data_encoding::BASE64.encode(message));
        self.line(base64.as_bytes()).await
    }

    /// BAD: the server announces what it does not know, and another mechanism may do. NO is its word on the secret.
    fn ended(&self, mechanism: Mechanism, status: &Status) -> Attempt {
        match status.kind {
            StatusKind::Ok => Attempt::Done(mechanism),
            StatusKind::Bad if problem(status) == ServerProblem::Refused => Attempt::NotBegun(status.clone()),
            _ => Attempt::Failed(self.login_refused(status)),
        }
    }

    fn login_refused(&self, status: &Status) -> CoreError {
        match problem(status) {
            ServerProblem::Refused if status.kind == StatusKind::No => self.bad_secret(),
            problem => self.place.server(problem),
        }
    }

    fn bad_secret(&self) -> CoreError {
        CoreError::LoginRefused { host: self.place.name() }
    }

    /// Capabilities change with the log-in; some servers want to know the program before they open a folder (RFC 2971).
    pub(super) async fn after_log_in(&mut self) -> Result<(), CoreError> {
        if !self.is_told {
            self.run_ok(&Command::new("CAPABILITY"), Some).await?;
        }
        if self.capabilities.has(Capability::Id) {
            // A refusal changes nothing.
            self.run(&Command::new("ID (\"name\" \"Countersign\")"), Some).await?;
        }
        let words =
            match (self.capabilities.has(Capability::QResync), self.capabilities.has(Capability::Utf8Accept))
            {
                (true, true) => "ENABLE QRESYNC UTF8=ACCEPT",
                (true, false) => "ENABLE QRESYNC",
                (false, true) => "ENABLE UTF8=ACCEPT",
                (false, false) => return Ok(()),
            };
        if !self.capabilities.has(Capability::Enable) {
            return Ok(());
        }
        let (mut is_utf8, mut has_qresync) = (false, false);
        self.run(&Command::new(words), |response| match response {
            Response::Enabled(words) => {
                is_utf8 |= words.iter().any(|word| word.eq_ignore_ascii_case("UTF8=ACCEPT"));
                has_qresync |= words.iter().any(|word| word.eq_ignore_ascii_case("QRESYNC"));
                None
            }
            other => Some(other),
        })
        .await?;
        self.is_utf8 = is_utf8;
        self.has_qresync = has_qresync;
        Ok(())
    }

    /// Says goodbye; a server that does not answer is left.
    pub(crate) async fn logout(mut self) {
        let command = Command::new("LOGOUT");
        // The BYE before its OK ends the wait.
        tokio::time::timeout(Duration::from_secs(2), self.run(&command, |_| None)).await.ok();
    }
}
