//! Timestamps over HTTP (RFC 3161 section 3.4). Only a hash leaves the device.

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
    let failed = |error: reqwest::Error| {
        let problem = if error.is_connect() { NetworkProblem::Refused } else { NetworkProblem::Cut };
        CoreError::Network { host: url.to_owned(), problem }
    };
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent("")
        .tls_backend_preconfigured(crate::tls::config(&[]))
        .build()
        .map_err(failed)?;
    let mut response = client
        .post(url)
        .header("content-type", "application/timestamp-query")
        .body(body)
        .send()
        .await
        .map_err(failed)?;
    if !response.status().is_success() {
        return Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::Refused });
    }
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        answer.extend_from_slice(&chunk);
        if answer.len() > MAX_ANSWER {
            return Err(CoreError::Server { host: url.to_owned(), problem: ServerProblem::TooMuch });
        }
    }
    Ok(answer)
}

fn server(authority: &Authority, problem: ServerProblem) -> CoreError {
    CoreError::Server { host: authority.url.clone(), problem }
}
