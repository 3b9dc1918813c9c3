//! One IMAP connection: TLS, login, folders, fetch, append.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use async_imap::types::{Fetch, Flag, NameAttribute};
use async_imap::{Client, Session};
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Security, Server};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::tls::{self, Activity};

/// Largest mail that is fetched, in octets.
pub(crate) const MAX_MAIL_OCTETS: u64 = 64 * 1024 * 1024;
/// Octets that a server may send for one command besides a mail.
const RESPONSE_OCTETS: u64 = 32 * 1024 * 1024;

/// What SELECT said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selected {
    pub(crate) uid_validity: u32,
    pub(crate) exists: u32,
}

/// One mail as listed.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) uid: u32,
    pub(crate) octets: u64,
    pub(crate) is_seen: bool,
}

/// A logged-in connection.
pub(crate) struct Imap {
    session: Session<Metered<TlsStream<TcpStream>>>,
    budget: Arc<AtomicU64>,
    activity: Activity,
    host: String,
    port: u16,
}

impl Imap {
    /// Connects, checks the certificate, logs in. The password leaves only over TLS.
    pub(crate) async fn connect(
        server: &Server,
        connector: &TlsConnector,
        login: &str,
        password: &str,
    ) -> Result<Self, CoreError> {
        let (host, port) = (server.host.as_str(), server.port);
        let stream = tls::tcp(host, port).await?;
        let budget = Arc::new(AtomicU64::new(RESPONSE_OCTETS));
        let activity = Activity::default();
        let at = Place { host, port, activity: &activity };
        let metered = |stream| Metered { stream, budget: Arc::clone(&budget), activity: activity.clone() };
        let client = match server.security {
            Security::Tls => {
                let stream = tls::handshake(connector, stream, host, port).await?;
                let mut client = Client::new(metered(stream));
                at.greeting(client.read_response()).await?;
                client
            }
            Security::StartTls => {
                let plain = Metered { stream, budget: Arc::clone(&budget), activity: activity.clone() };
                let mut plain = Client::new(plain);
                at.greeting(plain.read_response()).await?;
                if at.bounded(plain.run_command_and_check_ok("STARTTLS", None)).await?.is_err() {
                    return Err(at.server(ServerProblem::NoTls));
                }
                // What the server sent before the handshake is dropped with the plain client's buffer: nothing that
                // was injected in front of TLS is ever read (CVE-2011-0411 class).
                let stream = tls::handshake(connector, plain.into_inner().stream, host, port).await?;
                Client::new(metered(stream))
            }
        };
        let session = match at.bounded(client.login(login, password)).await? {
            Ok(session) => session,
            Err((async_imap::error::Error::No(text), _)) if !text.contains("[UNAVAILABLE]") => {
                return Err(CoreError::LoginRefused { host: tls::place(host, port) });
            }
            Err((error, _)) => return Err(at.imap(error)),
        };
        Ok(Imap { session, budget, activity, host: host.to_owned(), port })
    }

    fn at(&self) -> Place<'_> {
        Place { host: &self.host, port: self.port, activity: &self.activity }
    }

    fn refill(&self, octets: u64) {
        self.budget.store(octets.saturating_add(RESPONSE_OCTETS), Ordering::Relaxed);
    }

    /// The folder of sent mail: SPECIAL-USE \Sent (RFC 6154), else one with a usual name, else a new one.
    pub(crate) async fn sent_folder(&mut self) -> Result<String, CoreError> {
        self.refill(0);
        let place = OwnedPlace::of(self);
        let mut names = Vec::new();
        let mut special = None;
        {
            let mut list = place
                .at()
                .bounded(self.session.list(Some(""), Some("*")))
                .await?
                .map_err(|e| place.at().imap(e))?;
            while let Some(name) = place.at().bounded(list.next()).await? {
                let name = name.map_err(|error| place.at().imap(error))?;
                if special.is_none() && name.attributes().contains(&NameAttribute::Sent) {
                    special = Some(name.name().to_owned());
                }
                names.push(name.name().to_owned());
            }
        }
        if let Some(name) = special {
            return Ok(name);
        }
        const USUAL: [&str; 5] = ["Sent", "INBOX.Sent", "Sent Items", "Sent Messages", "Gesendet"];
        if let Some(name) = USUAL.iter().find(|usual| names.iter().any(|name| name == *usual)) {
            return Ok((*name).to_owned());
        }
        place.at().bounded(self.session.create("Sent")).await?.map_err(|error| place.at().imap(error))?;
        Ok("Sent".to_owned())
    }

    /// Opens a folder read-only (EXAMINE): nothing is marked as read or recent by looking.
    pub(crate) async fn examine(&mut self, folder: &str) -> Result<Selected, CoreError> {
        self.refill(0);
        let place = OwnedPlace::of(self);
        let mailbox = place
            .at()
            .bounded(self.session.examine(folder))
            .await?
            .map_err(|error| place.at().imap(error))?;
        let uid_validity = mailbox.uid_validity.ok_or_else(|| place.at().server(ServerProblem::Protocol))?;
        Ok(Selected { uid_validity, exists: mailbox.exists })
    }

    /// Every mail of the open folder, ascending by UID. An incomplete answer is an error: mail that is merely not
    /// listed must never be taken for deleted.
    pub(crate) async fn list(&mut self, selected: Selected) -> Result<Vec<Listed>, CoreError> {
        if selected.exists == 0 {
            return Ok(Vec::new());
        }
        self.refill(0);
        let place = OwnedPlace::of(self);
        let mut listed = Vec::new();
        {
            let mut stream = place
                .at()
                .bounded(self.session.uid_fetch("1:*", "(UID FLAGS RFC822.SIZE)"))
                .await?
                .map_err(|error| place.at().imap(error))?;
            while let Some(fetch) = place.at().bounded(stream.next()).await? {
                let fetch = fetch.map_err(|error| place.at().imap(error))?;
                // A FETCH without UID is an unsolicited flag update of a concurrent client.
                if let (Some(uid), Some(size)) = (fetch.uid, fetch.size) {
                    listed.push(Listed { uid, octets: u64::from(size), is_seen: is_seen(&fetch) });
                }
            }
        }
        listed.sort_by_key(|mail| mail.uid);
        listed.dedup_by_key(|mail| mail.uid);
        if listed.len() < usize::try_from(selected.exists).unwrap_or(usize::MAX) {
            return Err(place.at().server(ServerProblem::Protocol));
        }
        Ok(listed)
    }

    /// One mail, whole and as received; `None` when it is gone.
    pub(crate) async fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, CoreError> {
        self.refill(MAX_MAIL_OCTETS);
        let place = OwnedPlace::of(self);
        let mut body = None;
        let mut stream = place
            .at()
            .bounded(self.session.uid_fetch(uid.to_string(), "(UID BODY.PEEK[])"))
            .await?
            .map_err(|error| place.at().imap(error))?;
        while let Some(fetch) = place.at().bounded(stream.next()).await? {
            let fetch = fetch.map_err(|error| place.at().imap(error))?;
            if fetch.uid == Some(uid)
                && let Some(octets) = fetch.body()
            {
                body = Some(octets.to_vec());
            }
        }
        Ok(body)
    }

    /// Does the open folder hold a mail with this Message-ID?
    pub(crate) async fn holds(&mut self, message_id: &str) -> Result<bool, CoreError> {
        self.refill(0);
        let place = OwnedPlace::of(self);
        let id: String =
            message_id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
        let query = format!("HEADER Message-ID \"{id}\"");
        let found = place
            .at()
            .bounded(self.session.uid_search(query))
            .await?
            .map_err(|error| place.at().imap(error))?;
        Ok(!found.is_empty())
    }

    /// Adds a mail to a folder, marked as read.
    pub(crate) async fn append(&mut self, folder: &str, message: &[u8]) -> Result<(), CoreError> {
        self.refill(0);
        let place = OwnedPlace::of(self);
        place
            .at()
            .bounded(self.session.append(folder, Some("(\\Seen)"), None, message))
            .await?
            .map_err(|error| place.at().imap(error))
    }

    /// Says goodbye; a server that does not answer is left.
    pub(crate) async fn logout(mut self) {
        tokio::time::timeout(std::time::Duration::from_secs(2), self.session.logout()).await.ok();
    }
}

fn is_seen(fetch: &Fetch) -> bool {
    fetch.flags().any(|flag| flag == Flag::Seen)
}

/// Names the server in errors.
#[derive(Clone, Copy)]
struct Place<'a> {
    host: &'a str,
    port: u16,
    activity: &'a Activity,
}

struct OwnedPlace {
    host: String,
    port: u16,
    activity: Activity,
}

impl OwnedPlace {
    fn of(imap: &Imap) -> Self {
        let at = imap.at();
        OwnedPlace { host: at.host.to_owned(), port: at.port, activity: at.activity.clone() }
    }

    fn at(&self) -> Place<'_> {
        Place { host: &self.host, port: self.port, activity: &self.activity }
    }
}

impl Place<'_> {
    fn network(self, problem: NetworkProblem) -> CoreError {
        CoreError::Network { host: tls::place(self.host, self.port), problem }
    }

    fn server(self, problem: ServerProblem) -> CoreError {
        CoreError::Server { host: tls::place(self.host, self.port), problem }
    }

    /// Nobody waits for a silent server for ever.
    async fn bounded<T>(self, work: impl Future<Output = T>) -> Result<T, CoreError> {
        self.activity.attend(work).await.map_err(|_| self.network(NetworkProblem::Timeout))
    }

    async fn greeting<R>(
        self,
        work: impl Future<Output = std::io::Result<Option<R>>>,
    ) -> Result<(), CoreError> {
        match self.bounded(work).await? {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(self.network(NetworkProblem::Cut)),
            Err(error) => Err(self.io(&error)),
        }
    }

    fn io(self, error: &std::io::Error) -> CoreError {
        if error.get_ref().is_some_and(|inner| inner.is::<BudgetExceeded>()) {
            return self.server(ServerProblem::TooMuch);
        }
        // async-imap reports unparseable answers as I/O errors of this kind.
        if error.kind() == std::io::ErrorKind::Other && error.get_ref().is_some() {
            return match tls::io_error(error, self.host, self.port) {
                CoreError::Network { .. } => self.server(ServerProblem::Protocol),
                other => other,
            };
        }
        tls::io_error(error, self.host, self.port)
    }

    fn imap(self, error: async_imap::error::Error) -> CoreError {
        use async_imap::error::Error;
        match error {
            Error::Io(error) => self.io(&error),
            Error::ConnectionLost => self.network(NetworkProblem::Cut),
            Error::No(_) | Error::Bad(_) | Error::Append => self.server(ServerProblem::Refused),
            _ => self.server(ServerProblem::Protocol),
        }
    }
}

/// A stream that stops after as many octets as were granted: a hostile server can't fill the memory.
#[derive(Debug)]
struct Metered<S> {
    stream: S,
    budget: Arc<AtomicU64>,
    activity: Activity,
}

/// The server sent more than was granted.
#[derive(Debug, thiserror::Error)]
#[error("more octets than granted")]
struct BudgetExceeded;

impl<S: AsyncRead + Unpin + Debug> AsyncRead for Metered<S> {
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
            if self.budget.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
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
