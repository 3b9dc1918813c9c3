//! Logging in to mail servers by the user's own browser: the redirect to a port of this device (RFC 8252 section 7.3), tokens
//! over HTTPS, and renewing them. The rules are in `engine::oauth`.

#[cfg(test)]
mod tests;

use std::net::Ipv4Addr;
use std::time::Duration;

use engine::imap::Secret;
use engine::oauth::{Authorization, MAX_ANSWER, MAX_REDIRECT, OAuthError, TokenRequest, Tokens, accept};
pub use engine::oauth::{Endpoints, Registration};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use crate::authority::{self, Post};
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::system::{OsRandom, now};

/// How long a person may take in the browser.
const LOGIN_PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long a browser may take to say what it wants. Browsers connect before they know.
const REQUEST_PATIENCE: Duration = Duration::from_secs(30);
/// How long a provider may take.
const TOKEN_PATIENCE: Duration = Duration::from_secs(30);
/// Connections of a browser, or of somebody else on this device, at once.
const MAX_CONNECTIONS: usize = 16;

/// A login by the browser that can be used, and renewed without the browser. Stored sealed only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OAuthLogin {
    endpoints: Endpoints,
    registration: Registration,
    tokens: Tokens,
}

/// Why there is no login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthFailure {
    /// The browser or the provider says so.
    #[error("{0}")]
    Provider(OAuthError),
    /// The network.
    #[error("{0}")]
    Network(CoreError),
}

impl From<OAuthError> for OAuthFailure {
    fn from(error: OAuthError) -> Self {
        OAuthFailure::Provider(error)
    }
}

/// A login that waits for the browser.
pub struct BrowserLogin {
    authorization: Authorization,
    listener: TcpListener,
    endpoints: Endpoints,
    registration: Registration,
    private_cas: Vec<Vec<u8>>,
}

impl BrowserLogin {
    /// Listens on a loopback port, which the browser is sent to in the end. `private_cas`: DER of CAs that the provider may use in
    /// addition to the web's.
    pub async fn begin(
        endpoints: Endpoints,
        registration: Registration,
        login_hint: &str,
        private_cas: &[Vec<u8>],
    ) -> Result<Self, OAuthFailure> {
        let local = |error: std::io::Error| {
            OAuthFailure::Network(crate::tls::error_at(&error, "127.0.0.1".to_owned()))
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(local)?;
        let redirect = format!("http://127.0.0.1:{}", listener.local_addr().map_err(local)?.port());
        let authorization = Authorization::begin(
            endpoints.clone(),
            registration.clone(),
            &redirect,
            login_hint,
            &mut OsRandom,
        )?;
        let private_cas = private_cas.to_vec();
        Ok(BrowserLogin { authorization, listener, endpoints, registration, private_cas })
    }

    /// What the browser is to open.
    pub fn url(&self) -> String {
        self.authorization.url()
    }

    /// Waits for the browser, a quarter of an hour at most, and fetches the tokens.
    pub async fn finish(mut self) -> Result<OAuthLogin, OAuthFailure> {
        let timeout = |_| {
            let host = "the browser".to_owned();
            OAuthFailure::Network(CoreError::Network { host, problem: NetworkProblem::Timeout })
        };
        let redirected = tokio::time::timeout(LOGIN_PATIENCE, self.redirected()).await;
        let request = redirected.map_err(timeout)??;
        let tokens = fetch(&request, None, &self.private_cas).await?;
        Ok(OAuthLogin { endpoints: self.endpoints, registration: self.registration, tokens })
    }

    /// The redirect that belongs to this login. Whatever else comes to the port changes nothing.
    async fn redirected(&mut self) -> Result<TokenRequest, OAuthFailure> {
        let mut asking: JoinSet<Option<(TcpStream, String)>> = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if asking.len() < MAX_CONNECTIONS => {
                    if let Ok((stream, _)) = accepted {
                        asking.spawn(async move {
                            tokio::time::timeout(REQUEST_PATIENCE, query(stream)).await.ok().flatten()
                        });
                    }
                }
                Some(asked) = asking.join_next() => {
                    let Ok(Some((mut stream, query))) = asked else { continue };
                    match self.authorization.redirected(&query) {
                        Err(OAuthError::Foreign | OAuthError::TooLarge) => {
                            answer(&mut stream, "400 Bad Request", "This does not belong to a login.").await;
                        }
                        Ok(request) => {
                            answer(&mut stream, "200 OK", "You are logged in. This page can be closed.").await;
                            return Ok(request);
                        }
                        Err(error) => {
                            answer(&mut stream, "200 OK", "The login was refused. This page can be closed.").await;
                            return Err(error.into());
                        }
                    }
                }
            }
        }
    }
}

/// The query of a request for `/`; nothing of any other.
async fn query(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > 2 * MAX_REDIRECT || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.split(|octet| *octet == b'\r').next()?;
    let target = std::str::from_utf8(line).ok()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    let query = target.strip_prefix("/?").unwrap_or_default().to_owned();
    Some((stream, query))
}

/// Fixed words: nothing of what came is said again.
async fn answer(stream: &mut TcpStream, status: &str, words: &str) {
    let page = format!("<!doctype html><meta charset=utf-8><title>Countersign</title><p>{words}\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // A browser that is gone has got its work done.
    let _ = stream.write_all(format!("{head}{page}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Asks the token endpoint.
async fn fetch(
    request: &TokenRequest,
    old: Option<&Tokens>,
    private_cas: &[Vec<u8>],
) -> Result<Tokens, OAuthFailure> {
    let post = Post {
        url: &request.url,
        content_type: "application/x-www-form-urlencoded",
        body: request.body.as_bytes().to_vec(),
        private_cas,
        most: MAX_ANSWER,
    };
    let network = |problem| CoreError::Network { host: request.url.clone(), problem };
    let (status, body) = tokio::time::timeout(TOKEN_PATIENCE, authority::post(post))
        .await
        .map_err(|_| OAuthFailure::Network(network(NetworkProblem::Timeout)))?
        .map_err(OAuthFailure::Network)?;
    Ok(accept(status, &Zeroizing::new(body), old, now())?)
}

impl OAuthLogin {
    /// What the mail servers get can be used now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.tokens.is_fresh(now())
    }

    /// It has the same access token.
    pub(crate) fn is_same(&self, other: &OAuthLogin) -> bool {
        self.tokens.access == other.tokens.access
    }

    /// The same login, with tokens that last longer.
    pub(crate) fn is_newer_than(&self, other: &OAuthLogin) -> bool {
        (&self.endpoints, &self.registration) == (&other.endpoints, &other.registration)
            && self.tokens.expires > other.tokens.expires
    }

    pub(crate) fn access(&self) -> Secret<'_> {
        Secret::Token(&self.tokens.access)
    }

    /// The same login with new tokens. They must be stored before they are used: the old ones may be spent.
    pub(crate) async fn renewed(&self, private_cas: &[Vec<u8>]) -> Result<Self, CoreError> {
        let host = || self.endpoints.token.clone();
        let server = |problem| CoreError::Server { host: host(), problem };
        let told = |failure| match failure {
            OAuthFailure::Network(error) => error,
            OAuthFailure::Provider(OAuthError::LogInAgain | OAuthError::Denied) => {
                CoreError::LoginRefused { host: host() }
            }
            OAuthFailure::Provider(OAuthError::NotNow) => server(ServerProblem::NotNow),
            OAuthFailure::Provider(OAuthError::Registration) => server(ServerProblem::NoLogin),
            OAuthFailure::Provider(_) => server(ServerProblem::Protocol),
        };
        let request = self
            .tokens
            .refresh_request(&self.endpoints, &self.registration)
            .map_err(|error| told(error.into()))?;
        let tokens = fetch(&request, Some(&self.tokens), private_cas).await.map_err(told)?;
        Ok(OAuthLogin { tokens, ..self.clone() })
    }
}

/// Logs in by the browser, for programs without a runtime of their own: `show` is told what the browser is to open.
pub fn log_in_and_wait(
    endpoints: Endpoints,
    registration: Registration,
    login_hint: &str,
    private_cas: &[Vec<u8>],
    show: impl FnOnce(&str),
) -> Result<OAuthLogin, OAuthFailure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        OAuthFailure::Network(CoreError::Store(engine::ports::StoreError::Io(error.kind())))
    })?;
    runtime.block_on(async {
        let login = BrowserLogin::begin(endpoints, registration, login_hint, private_cas).await?;
        show(&login.url());
        login.finish().await
    })
}
