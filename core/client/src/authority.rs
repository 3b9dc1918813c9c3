//! Timestamps over HTTP (RFC 3161 section 3.4). Only a hash leaves the device.

use std::io::{self, ErrorKind};
use std::time::Duration;

use smime::tsp::{self, TimestampRequest};

use crate::config::Authority;
use crate::error::{CertificateProblem, CoreError, NetworkProblem, ServerProblem};
use crate::system::{now, random_array};

/// Longest answer of an authority, in octets.
const MAX_ANSWER: usize = 256 * 1024;
/// How long an authority may take.
const PATIENCE: Duration = Duration::from_secs(engine::outbox::ORDINARY_TIMESTAMP_PATIENCE);

/// A token over `signature`, checked against the authority's anchors before it is used.
pub(crate) async fn fetch(
    authority: &Authority,
    anchors: &[smime::path::TrustAnchor],
    signature: &[u8],
) -> Result<Vec<u8>, CoreError> {
    let request = TimestampRequest::new(signature, random_array());
    let answer = ask(&authority.url, request.der().to_vec()).await?;
    let token = request.accept(&answer).map_err(|_| server(authority, ServerProblem::Refused))?;
    tsp::verify(&token, signature, anchors, now()).map_err(|_| CoreError::CertificateUntrusted {
        host: authority.url.clone(),
        problem: CertificateProblem::UnknownAuthority,
    })?;
    Ok(token)
}

/// The answer of the authority at `url` to a request.
pub(crate) async fn ask(url: &str, request: Vec<u8>) -> Result<Vec<u8>, CoreError> {
    let timeout = |_| CoreError::Network { host: url.to_owned(), problem: NetworkProblem::Timeout };
    tokio::time::timeout(PATIENCE, post(url, request)).await.map_err(timeout)?
}

async fn post(url: &str, body: Vec<u8>) -> Result<Vec<u8>, CoreError> {
    match try_post(url, body).await {
        Ok(answer) => answer,
        Err(error) => Err(problem(&error, url).await),
    }
}

/// The outer error is one of the connection, the inner one of what was answered.
async fn try_post(url: &str, body: Vec<u8>) -> reqwest::Result<Result<Vec<u8>, CoreError>> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("")
        .tls_backend_preconfigured(crate::tls::config(&[]))
        .build()?;
    let mut response =
        client.post(url).header("content-type", "application/timestamp-query").body(body).send().await?;
    if !response.status().is_success() {
        return Ok(Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::Refused }));
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        answer.extend_from_slice(&chunk);
        if answer.len() > MAX_ANSWER {
            return Ok(Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::TooMuch }));
        }
    }
    Ok(Ok(answer))
}

/// What an error of the connection means.
pub(crate) async fn problem(error: &reqwest::Error, url: &str) -> CoreError {
    let network = |problem| CoreError::Network { host: url.to_owned(), problem };
    let Some(cause) = cause(error) else {
        return network(NetworkProblem::Cut);
    };
    // Whoever shook hands, or tried to, is there: no look-up is needed to tell.
    let is_tls = cause.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
    match cause.kind() {
        _ if is_tls => crate::tls::error_at(cause, url.to_owned()),
        ErrorKind::ConnectionRefused => network(NetworkProblem::Refused),
        ErrorKind::TimedOut => network(NetworkProblem::Timeout),
        _ if error.is_connect() && !is_known(url).await => network(NetworkProblem::UnknownHost),
        _ => crate::tls::error_at(cause, url.to_owned()),
    }
}

/// What the operating system or TLS said, which lies deep in the error.
fn cause(error: &reqwest::Error) -> Option<&io::Error> {
    let mut causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let outer = causes.find_map(|cause| cause.downcast_ref::<io::Error>());
    // The TLS layer of HTTP packs one into another.
    std::iter::successors(outer, |error| error.get_ref()?.downcast_ref()).last()
}

/// Whether the name of the host leads somewhere.
async fn is_known(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return false };
    tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await.is_ok()
}

fn server(authority: &Authority, problem: ServerProblem) -> CoreError {
    CoreError::Server { host: authority.url.clone(), problem }
}
