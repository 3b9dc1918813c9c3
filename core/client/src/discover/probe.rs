//! Whether a server is there and offers TLS.

use std::time::Duration;

use crate::config::{Security, Server};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::{imap, smtp, tls};

/// How long a guess may take.
const PATIENCE: Duration = Duration::from_secs(8);

pub(super) async fn probe(server: &Server, is_imap: bool, anchors: &[Vec<u8>]) -> Result<(), CoreError> {
    let place = tls::place(&server.host, server.port);
    let timeout = |_| CoreError::Network { host: place, problem: NetworkProblem::Timeout };
    tokio::time::timeout(PATIENCE, connect(server, is_imap, anchors)).await.map_err(timeout)?
}

async fn connect(server: &Server, is_imap: bool, anchors: &[Vec<u8>]) -> Result<(), CoreError> {
    let (host, port) = (server.host.as_str(), server.port);
    let mut stream = tls::tcp(host, port).await?;
    if server.security == Security::StartTls {
        stream = if is_imap {
            imap::start_tls(stream, imap::Place::new(host, port)).await?
        } else {
            let ready = smtp::starttls(stream).await.map_err(|error| tls::io_error(&error, host, port))?;
            let no_tls = CoreError::Server { host: tls::place(host, port), problem: ServerProblem::NoTls };
            ready.ok_or(no_tls)?
        };
    }
    tls::handshake(&tls::connector(anchors), stream, host, port).await.map(drop)
}
