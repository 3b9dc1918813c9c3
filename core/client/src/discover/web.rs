//! One file over HTTPS, within limits.

use std::time::Duration;

use engine::autoconfig::MAX_XML_OCTETS;

use crate::authority::problem;
use crate::error::{CoreError, NetworkProblem, ServerProblem};

/// Most redirects that are followed; each must be https.
const MAX_REDIRECTS: usize = 3;
/// How long a file may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Web {
    client: reqwest::Client,
}

impl Web {
    pub(super) fn new(private_cas: &[Vec<u8>]) -> Result<Self, CoreError> {
        Self::built(builder(private_cas))
    }

    pub(super) fn built(builder: reqwest::ClientBuilder) -> Result<Self, CoreError> {
        let failed = |_| CoreError::Network { host: "HTTPS".to_owned(), problem: NetworkProblem::Cut };
        Ok(Web { client: builder.build().map_err(failed)? })
    }

    /// `None`: there is no such file.
    pub(super) async fn get(&self, url: &str) -> Result<Option<Vec<u8>>, CoreError> {
        // What is added about the user is not for errors and logs.
        let place = url.split('?').next().unwrap_or_default();
        let timeout = |_| CoreError::Network { host: place.to_owned(), problem: NetworkProblem::Timeout };
        match tokio::time::timeout(PATIENCE, self.try_get(url, place)).await.map_err(timeout)? {
            Ok(answer) => answer,
            Err(error) if error.is_redirect() => Err(server(place, ServerProblem::Refused)),
            Err(error) => Err(problem(&error, place).await),
        }
    }

    async fn try_get(&self, url: &str, place: &str) -> reqwest::Result<Result<Option<Vec<u8>>, CoreError>> {
        let mut response = self.client.get(url).send().await?;
        match response.status().as_u16() {
            200 => {}
            400..=499 => return Ok(Ok(None)),
            _ => return Ok(Err(server(place, ServerProblem::Refused))),
        }
        let mut file = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if file.len() + chunk.len() > MAX_XML_OCTETS {
                return Ok(Err(server(place, ServerProblem::TooMuch)));
            }
            file.extend_from_slice(&chunk);
        }
        Ok(Ok(Some(file)))
    }
}

/// HTTPS only, also after a redirect; no cookies, no proxy, no word about this program.
pub(super) fn builder(private_cas: &[Vec<u8>]) -> reqwest::ClientBuilder {
    let redirects = reqwest::redirect::Policy::custom(|attempt| {
        // `previous` holds the first address, too.
        if attempt.url().scheme() != "https" || attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("not followed")
        } else {
            attempt.follow()
        }
    });
    reqwest::Client::builder()
        .https_only(true)
        .redirect(redirects)
        .referer(false)
        .no_proxy()
        .user_agent("")
        .connect_timeout(PATIENCE)
        .tls_backend_preconfigured(crate::tls::config(private_cas))
}

fn server(place: &str, problem: ServerProblem) -> CoreError {
    CoreError::Server { host: place.to_owned(), problem }
}
