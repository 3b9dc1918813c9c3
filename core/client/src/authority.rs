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
    let content_type = "application/timestamp-query";
    let asking = post(Post { url, content_type, body: request, private_cas: &[], most: MAX_ANSWER });
    let (status, answer) = tokio::time::timeout(PATIENCE, asking).await.map_err(timeout)??;
    if (200..300).contains(&status) {
        Ok(answer)
    } else {
        Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::Refused })
    }
}

/// A POST over HTTP.
pub(crate) struct Post<'a> {
    pub(crate) url: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: Vec<u8>,
    /// DER of CAs in addition to the web's.
    pub(crate) private_cas: &'a [Vec<u8>],
    /// Octets of the answer that are read.
    pub(crate) most: usize,
}

/// Status and body of the answer. Redirects are not followed, and no proxy is asked.
pub(crate) async fn post(post: Post<'_>) -> Result<(u16, Vec<u8>), CoreError> {
    let url = post.url;
    match try_post(post).await {
        Ok(answer) => answer,
        Err(error) => Err(problem(&error, url).await),
    }
}

/// The outer error is one of the connection, the inner one of what was answered.
async fn try_post(post: Post<'_>) -> reqwest::Result<Result<(u16, Vec<u8>), CoreError>> {
    let url = post.url;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("")
        .tls_backend_preconfigured(crate::tls::config(post.private_cas))
        .build()?;
    let mut response =
        client.post(url).header("content-type", post.content_type).body(post.body).send().await?;
    let status = response.status().as_u16();
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        answer.extend_from_slice(&chunk);
        if answer.len() > post.most {
            return Ok(Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::TooMuch }));
        }
    }
    Ok(Ok((status, answer)))
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
