//! TLS for every protocol: rustls with ring, certificate checking always on.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{CertificateProblem, CoreError, NetworkProblem, ServerProblem};

/// Longest time to connect, and to shake hands.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest time without an octet while talking.
pub(crate) const IO_TIMEOUT: Duration = Duration::from_secs(60);
/// How often [`IO_TIMEOUT`] may begin anew for one answer: a server that sends an octet a minute is left after six hours.
const MAX_WAITS: u32 = 360;

/// A host and port, as shown in errors.
pub(crate) fn place(host: &str, port: u16) -> String {
    format!("{host}:{port}")
}

/// The client side of TLS for mail: the web's anchors, and the private CAs that the account names.
pub(crate) fn connector(private_cas: &[Vec<u8>]) -> TlsConnector {
    TlsConnector::from(Arc::new(config(private_cas)))
}

/// The same for HTTP. The web's anchors come with the program: a phone's own store can't be asked without its runtime.
pub(crate) fn config(private_cas: &[Vec<u8>]) -> ClientConfig {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(private_cas.iter().map(|der| CertificateDer::from(der.clone())));
    // ring is the only provider that is compiled in, so rustls takes it by itself.
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// Connects a TCP stream.
pub(crate) async fn tcp(host: &str, port: u16) -> Result<TcpStream, CoreError> {
    let network = |problem| CoreError::Network { host: place(host, port), problem };
    let addresses: Vec<_> =
        match tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) => return Err(network(NetworkProblem::UnknownHost)),
            Err(_) => return Err(network(NetworkProblem::Timeout)),
        };
    let mut problem = NetworkProblem::UnknownHost;
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).ok();
                return Ok(stream);
            }
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                problem = NetworkProblem::Refused
            }
            Ok(Err(_)) => problem = NetworkProblem::Cut,
            Err(_) => problem = NetworkProblem::Timeout,
        }
    }
    Err(network(problem))
}

/// Shakes hands over a connected stream and checks the server's certificate for `host`.
pub(crate) async fn handshake(
    connector: &TlsConnector,
    stream: TcpStream,
    host: &str,
    port: u16,
) -> Result<TlsStream<TcpStream>, CoreError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| CoreError::Network { host: place(host, port), problem: NetworkProblem::UnknownHost })?;
    match tokio::time::timeout(CONNECT_TIMEOUT, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(io_error(&error, host, port)),
        Err(_) => Err(CoreError::Network { host: place(host, port), problem: NetworkProblem::Timeout }),
    }
}

/// What an I/O error on a TLS stream means.
pub(crate) fn io_error(error: &std::io::Error, host: &str, port: u16) -> CoreError {
    error_at(error, place(host, port))
}

/// The same, with what the server is called.
pub(crate) fn error_at(error: &std::io::Error, host: String) -> CoreError {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let untrusted = |problem| CoreError::CertificateUntrusted { host: host.clone(), problem };
    match tls {
        Some(rustls::Error::InvalidCertificate(cause)) => untrusted(match cause {
            CertificateError::UnknownIssuer => CertificateProblem::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                CertificateProblem::WrongName
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => CertificateProblem::Expired,
            _ => CertificateProblem::Handshake,
        }),
        Some(rustls::Error::InvalidMessage(_)) => CoreError::Server { host, problem: ServerProblem::NoTls },
        Some(_) => untrusted(CertificateProblem::Handshake),
        None => CoreError::Network { host, problem: NetworkProblem::Cut },
    }
}

/// Counts what moves on a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Activity(Arc<AtomicU64>);

/// Nothing moved for [`IO_TIMEOUT`].
#[derive(Debug)]
pub(crate) struct Silent;

impl Activity {
    /// Something moved.
    pub(crate) fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for `work` as long as something moves: a large mail on a slow line takes its time, a silent server doesn't.
    pub(crate) async fn attend<T>(&self, work: impl Future<Output = T>) -> Result<T, Silent> {
        self.attend_for(IO_TIMEOUT, work).await
    }

    async fn attend_for<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Result<T, Silent> {
        let mut work = std::pin::pin!(work);
        let mut seen = self.0.load(Ordering::Relaxed);
        for _ in 0..MAX_WAITS {
            if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
                return Ok(done);
            }
            let moved = self.0.load(Ordering::Relaxed);
            if moved == seen {
                return Err(Silent);
            }
            seen = moved;
        }
        Err(Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(50);

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn a_slow_line_is_waited_for_and_a_silent_one_is_not() {
        let activity = Activity::default();
        let trickle = async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(15)).await;
                activity.note();
            }
            "whole"
        };
        assert_eq!(run(activity.attend_for(SHORT, trickle)).ok(), Some("whole"));
        assert!(run(activity.attend_for(SHORT, std::future::pending::<()>())).is_err());
    }
}
