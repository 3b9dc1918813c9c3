//! IMAP: one connection, from TLS to commands. What is written and read is in `engine::imap`; docs/adr/0006-imap.md says why.

mod append;
mod connection;
#[cfg(test)]
mod fetch;
mod folders;
mod idle;
mod login;
mod meter;
mod news;
mod perform;
mod place;
mod select;
mod send;
#[cfg(test)]
mod tests;
mod wire;

use engine::imap::{Mechanism, Secret};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::{Security, Server};
use crate::error::CoreError;
use crate::tls;
pub(crate) use connection::Connection;
use login::Greeting;
pub(crate) use login::Login;
pub(crate) use place::Place;

/// Largest mail that is fetched, in octets.
pub(crate) const MAX_MAIL_OCTETS: u64 = 64 * 1024 * 1024;
/// Octets of a mail that are asked for at once.
pub(crate) const RANGE_OCTETS: u64 = 256 * 1024;
/// Octets that a server may send for one command besides mail.
const RESPONSE_OCTETS: u64 = 32 * 1024 * 1024;

/// A connection that is logged in, over TLS.
pub(crate) type Imap = Connection<TlsStream<TcpStream>>;

/// Greeting and STARTTLS; gives the stream for the handshake.
pub(crate) async fn start_tls(stream: TcpStream, place: Place) -> Result<TcpStream, CoreError> {
    Connection::new(stream, place).start_tls().await
}

/// Connects, checks the certificate, logs in. The secret leaves only over TLS.
pub(crate) async fn connect(
    server: &Server,
    connector: &TlsConnector,
    login: &str,
    secret: Secret<'_>,
) -> Result<Imap, CoreError> {
    let login = Login { user: login, secret, only_scram: false };
    open(server, connector, &login).await.map(|(imap, _)| imap)
}

/// The same with any secret. The mechanism says how it went: after SCRAM, later log-ins should allow nothing else
/// ([`Login::only_scram`]). `None`: the server asked for no log-in.
pub(crate) async fn open(
    server: &Server,
    connector: &TlsConnector,
    login: &Login<'_>,
) -> Result<(Imap, Option<Mechanism>), CoreError> {
    let (host, port) = (server.host.as_str(), server.port);
    let place = Place::new(host, port);
    let stream = tls::tcp(host, port).await?;
    let (mut imap, greeting) = match server.security {
        Security::Tls => {
            let stream = tls::handshake(connector, stream, host, port).await?;
            let mut imap = Connection::new(stream, place);
            let greeting = imap.greeting().await?;
            (imap, greeting)
        }
        Security::StartTls => {
            let stream = start_tls(stream, place.clone()).await?;
            let stream = tls::handshake(connector, stream, host, port).await?;
            (Connection::new(stream, place), Greeting::Ok)
        }
    };
    if greeting == Greeting::Preauth {
        imap.after_log_in().await?;
        return Ok((imap, None));
    }
    let mechanism = imap.log_in(login).await?;
    Ok((imap, Some(mechanism)))
}
