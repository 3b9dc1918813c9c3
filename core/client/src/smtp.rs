//! One SMTP submission, step by step.
//!
//! lettre is used rather than mail-send because its connection lets each command be sent on its own over our own TLS
//! stream: only so is it known whether the final dot was written when a connection is cut, and thus whether a mail
//! may be sent again.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use engine::imap::Secret;
use engine::outbox::Delivery;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Ehlo, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use smime::EmailAddress;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Security, Server};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::tls::{self, Activity};

/// Longest answer line before TLS, in octets.
const MAX_PLAIN_LINE: usize = 4096;
/// Most answer lines before TLS.
const MAX_PLAIN_LINES: usize = 64;

/// A logged-in connection.
pub(crate) struct Smtp {
    connection: AsyncSmtpConnection,
    /// Most octets of a mail (SIZE, RFC 1870); none when the server names no limit.
    limit: Option<usize>,
    /// The server takes the SIZE parameter.
    has_size: bool,
    /// The final dot was written.
    dot: Arc<AtomicBool>,
    activity: Activity,
    host: String,
    port: u16,
}

impl Smtp {
    /// Connects, checks the certificate, logs in. The secret leaves only over TLS.
    pub(crate) async fn connect(
        server: &Server,
        connector: &TlsConnector,
        login: &str,
        secret: Secret<'_>,
    ) -> Result<Self, CoreError> {
        let (host, port) = (server.host.as_str(), server.port);
        let mut stream = tls::tcp(host, port).await?;
        let mut prefix: &'static [u8] = b"";
        if server.security == Security::StartTls {
            let negotiated = tokio::time::timeout(tls::CONNECT_TIMEOUT, starttls(stream)).await;
            stream = match negotiated {
                Ok(Ok(Some(stream))) => stream,
                Ok(Ok(None)) => {
                    return Err(CoreError::Server {
                        host: tls::place(host, port),
                        problem: ServerProblem::NoTls,
                    });
                }
                Ok(Err(error)) => return Err(tls::io_error(&error, host, port)),
                Err(_) => {
                    return Err(CoreError::Network {
                        host: tls::place(host, port),
                        problem: NetworkProblem::Timeout,
                    });
                }
            };
            // After STARTTLS the server sends no second greeting; lettre waits for one.
            prefix = b"220 ready\r\n";
        }
        let stream = tls::handshake(connector, stream, host, port).await?;
        let dot = Arc::new(AtomicBool::new(false));
        let activity = Activity::default();
        let (dot_seen, moves) = (Arc::clone(&dot), activity.clone());
        let stream = Submission { stream, prefix, tail: [0; 5], dot: dot_seen, activity: moves };
        // An address literal tells the servers nothing about this device (RFC 5321 section 4.1.4).
        let hello = ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);
        let connecting = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &hello);
        let mut connection = match tokio::time::timeout(tls::IO_TIMEOUT, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(failure(&error, host, port)),
            Err(_) => {
                return Err(CoreError::Network {
                    host: tls::place(host, port),
                    problem: NetworkProblem::Timeout,
                });
            }
        };
        let (secret, mechanisms) = match secret {
            Secret::Password(password) => (password, [Mechanism::Plain, Mechanism::Login].as_slice()),
            Secret::Token(token) => (token, [Mechanism::Xoauth2].as_slice()),
        };
        let credentials = Credentials::new(login.to_owned(), secret.to_owned());
        let login = connection.auth(mechanisms, &credentials);
        match tokio::time::timeout(tls::IO_TIMEOUT, login).await {
            Ok(Ok(_)) => {
                let host = host.to_owned();
                let mut smtp = Smtp { connection, limit: None, has_size: false, dot, activity, host, port };
                smtp.ask_for_limit(hello).await?;
                Ok(smtp)
            }
            Ok(Err(error)) if error.is_permanent() => {
                Err(CoreError::LoginRefused { host: tls::place(host, port) })
            }
            Ok(Err(error)) => Err(failure(&error, host, port)),
            Err(_) => {
                Err(CoreError::Network { host: tls::place(host, port), problem: NetworkProblem::Timeout })
            }
        }
    }

    /// What a server takes may depend on who logged in (RFC 4954 section 4), and lettre keeps nothing of SIZE.
    async fn ask_for_limit(&mut self, hello: ClientId) -> Result<(), CoreError> {
        let asked = tokio::time::timeout(tls::IO_TIMEOUT, self.connection.command(Ehlo::new(hello))).await;
        match asked {
            Ok(Ok(answer)) => {
                let size = answer.message().find_map(size);
                self.has_size = size.is_some();
                self.limit = size.flatten();
                Ok(())
            }
            // Whoever wants to be greeted only once names no limit.
            Ok(Err(error)) if error.is_permanent() => Ok(()),
            Ok(Err(error)) => Err(failure(&error, &self.host, self.port)),
            Err(_) => Err(self.timeout()),
        }
    }

    /// MAIL, RCPT for every recipient, DATA. `Ok(None)`: the server is ready for the message, of which it has nothing yet.
    pub(crate) async fn begin(
        &mut self,
        from: &EmailAddress,
        recipients: &[EmailAddress],
        octets: usize,
    ) -> Result<Option<Delivery>, CoreError> {
        if self.limit.is_some_and(|limit| octets > limit) {
            return Ok(Some(Delivery::TooLarge));
        }
        let mut commands = Vec::new();
        let international =
            std::iter::once(from).chain(recipients).any(|address| !address.as_str().is_ascii());
        let mut parameters = Vec::new();
        if self.has_size {
            parameters.push(MailParameter::Size(octets));
        }
        if international {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let Some(sender) = envelope(from) else { return Ok(Some(Delivery::Refused)) };
        commands.push(Mail::new(Some(sender), parameters).to_string());
        for recipient in recipients {
            let Some(address) = envelope(recipient) else { return Ok(Some(Delivery::Refused)) };
            commands.push(Rcpt::new(address, Vec::new()).to_string());
        }
        commands.push(Data.to_string());
        for (index, command) in commands.into_iter().enumerate() {
            match tokio::time::timeout(tls::IO_TIMEOUT, self.connection.command(command)).await {
                Ok(Ok(_)) => {}
                // To MAIL it speaks of the size that was named; later, of a full mailbox.
                Ok(Err(error)) if index == 0 && error.status().is_some_and(|code| u16::from(code) == 552) => {
                    return Ok(Some(Delivery::TooLarge));
                }
                Ok(Err(error)) if error.is_permanent() => return Ok(Some(Delivery::Refused)),
                Ok(Err(error)) if error.is_transient() => return Ok(Some(Delivery::NotNow)),
                Ok(Err(error)) => return Err(failure(&error, &self.host, self.port)),
                Err(_) => return Err(self.timeout()),
            }
        }
        Ok(None)
    }

    /// Sends the message after [`begin`](Self::begin). The caller has stored before that it may have arrived.
    pub(crate) async fn hand_over(&mut self, message: &[u8]) -> Delivery {
        self.dot.store(false, Ordering::SeqCst);
        let activity = self.activity.clone();
        let sent = activity.attend(self.connection.message(message)).await;
        match sent {
            Ok(Ok(_)) => Delivery::Accepted,
            Ok(Err(error)) if error.is_permanent() => Delivery::Refused,
            Ok(Err(error)) if error.is_transient() => Delivery::NotNow,
            // A server takes no message whose end it has not seen (RFC 5321 section 4.1.1.4).
            _ if !self.dot.load(Ordering::SeqCst) => Delivery::NotNow,
            _ => Delivery::Unknown,
        }
    }

    /// Says goodbye; a server that does not answer is left.
    pub(crate) async fn quit(mut self) {
        tokio::time::timeout(std::time::Duration::from_secs(2), self.connection.quit()).await.ok();
    }

    fn timeout(&self) -> CoreError {
        CoreError::Network { host: tls::place(&self.host, self.port), problem: NetworkProblem::Timeout }
    }
}

/// The limit in a line of an EHLO answer that is about SIZE; zero or nothing is no limit that is known (RFC 1870 section 4).
fn size(line: &str) -> Option<Option<usize>> {
    let mut words = line.split_ascii_whitespace();
    words.next().filter(|word| word.eq_ignore_ascii_case("SIZE"))?;
    Some(words.next().and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0))
}

fn envelope(address: &EmailAddress) -> Option<lettre::Address> {
    lettre::Address::new(address.local_part(), address.domain()).ok()
}

fn failure(error: &lettre::transport::smtp::Error, host: &str, port: u16) -> CoreError {
    let place = tls::place(host, port);
    if error.is_transient() {
        CoreError::Server { host: place, problem: ServerProblem::NotNow }
    } else if error.is_permanent() {
        CoreError::Server { host: place, problem: ServerProblem::Refused }
    } else if error.is_client() {
        CoreError::Server { host: place, problem: ServerProblem::Protocol }
    } else {
        CoreError::Network { host: place, problem: NetworkProblem::Cut }
    }
}

/// Greeting, EHLO, STARTTLS in clear; nothing else is ever said in clear. `None`: not offered or refused.
pub(crate) async fn starttls(stream: TcpStream) -> std::io::Result<Option<TcpStream>> {
    let mut reader = BufReader::new(stream);
    if plain_answer(&mut reader).await? != Some(220) {
        return Ok(None);
    }
    for command in ["EHLO [127.0.0.1]\r\n", "STARTTLS\r\n"] {
        reader.get_mut().write_all(command.as_bytes()).await?;
        if !matches!(plain_answer(&mut reader).await?, Some(250 | 220)) {
            return Ok(None);
        }
    }
    // Whatever was sent before the handshake is dropped with the buffer (CVE-2011-0411 class).
    Ok(Some(reader.into_inner()))
}

async fn plain_answer(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<u16>> {
    for _ in 0..MAX_PLAIN_LINES {
        let mut line = Vec::new();
        loop {
            let available = reader.fill_buf().await?;
            if available.is_empty() || line.len() > MAX_PLAIN_LINE {
                return Ok(None);
            }
            let end = available.iter().position(|octet| *octet == b'\n').map(|at| at + 1);
            let taken = end.unwrap_or(available.len());
            line.extend(available.iter().take(taken));
            reader.consume(taken);
            if end.is_some() {
                break;
            }
        }
        if line.get(3) != Some(&b'-') {
            let code = line
                .get(..3)
                .and_then(|digits| std::str::from_utf8(digits).ok())
                .and_then(|text| text.parse().ok());
            return Ok(code);
        }
    }
    Ok(None)
}

/// The TLS stream under lettre; notices when the end of a message was written.
#[derive(Debug)]
struct Submission {
    stream: TlsStream<TcpStream>,
    prefix: &'static [u8],
    tail: [u8; 5],
    dot: Arc<AtomicBool>,
    activity: Activity,
}

impl AsyncTokioStream for Submission {
    fn peer_addr(&self) -> std::io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Submission {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if !self.prefix.is_empty() {
            let (now, later) = self.prefix.split_at(self.prefix.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.prefix = later;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Submission {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        // Raised before the octets leave: a cut in between must count as "may have arrived".
        let mut tail = self.tail.to_vec();
        tail.extend(octets.iter().skip(octets.len().saturating_sub(5)));
        if tail.ends_with(b"\r\n.\r\n") {
            self.dot.store(true, Ordering::SeqCst);
        }
        let polled = Pin::new(&mut self.stream).poll_write(context, octets);
        if let Poll::Ready(Ok(written)) = polled {
            self.activity.note();
            let mut tail = self.tail.to_vec();
            tail.extend(octets.iter().take(written).skip(written.saturating_sub(5)));
            let last = tail.split_off(tail.len().saturating_sub(5));
            self.tail = last.try_into().unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_limit_is_read_as_rfc_1870_says() {
        assert_eq!(size("SIZE 10240000"), Some(Some(10_240_000)));
        assert_eq!(size("size 1"), Some(Some(1)));
        for no_limit in ["SIZE", "SIZE 0", "SIZE x", "SIZE -1", "SIZE 99999999999999999999999"] {
            assert_eq!(size(no_limit), Some(None), "{no_limit}");
        }
        for other in ["", "SIZES 5", "8BITMIME", "example.org SIZE 5"] {
            assert_eq!(size(other), None, "{other}");
        }
    }
}
