//! OAuth 2.0 for mail: the code grant (RFC 6749 section 4.1) with PKCE (RFC 7636, S256) in the user's own browser
//! (RFC 8252), and refreshing. Pure: the browser, HTTP, the clock and randomness are the caller's.
//!
//! ```text
//! Authorization::begin -> url()  --browser-->  redirected(query) -> TokenRequest  --HTTPS-->  accept(answer) -> Tokens
//! Tokens::refresh_request -> TokenRequest  --HTTPS-->  accept(answer, Some(old)) -> Tokens, stored before they are used
//! ```

mod form;
mod token;

use data_encoding::BASE64URL_NOPAD;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

pub use token::{EXPIRY_SKEW, MAX_ANSWER, MAX_TOKEN, TokenRequest, Tokens, accept};

/// Longest query of a redirect, in octets.
pub const MAX_REDIRECT: usize = 8 * 1024;
/// Random octets in a state and in a verifier (RFC 7636 section 7.1 asks for 32).
const RANDOM: usize = 32;

/// Where a provider gives codes and tokens, and for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Authorization endpoint; https.
    pub authorize: String,
    /// Token endpoint; https.
    pub token: String,
    /// What is asked for, by spaces.
    pub scope: String,
}

/// Why there is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// An endpoint is not https, or no web address.
    #[error("the provider's addresses are not https")]
    NotHttps,
    /// The redirect does not belong to this login, or is damaged. Somebody else may have made it.
    #[error("the browser came back with something that does not belong to this login")]
    Foreign,
    /// The login was finished already.
    #[error("this login is finished already")]
    Used,
    /// The user, or the provider, said no.
    #[error("the login was refused in the browser")]
    Denied,
    /// `invalid_grant`: the code or refresh token is spent, expired or revoked (RFC 6749 section 5.2).
    #[error("the login has expired or was withdrawn: log in again")]
    LogInAgain,
    /// The provider does not know this program, or gives it nothing (`invalid_client`, `unauthorized_client`, `invalid_scope`).
    #[error("the provider does not accept this program's registration")]
    Registration,
    /// 5xx, 429 or `temporarily_unavailable`: later.
    #[error("the provider can't answer now; try again later")]
    NotNow,
    /// Not what RFC 6749 section 5 allows.
    #[error("the provider answered something that is not understood")]
    Malformed,
    /// Over a limit.
    #[error("the provider answered more than is read")]
    TooLarge,
}

impl Endpoints {
    /// Endpoints that are part of the program.
    pub(crate) fn fixed(authorize: &str, token: &str, scope: &str) -> Self {
        Endpoints { authorize: authorize.to_owned(), token: token.to_owned(), scope: scope.to_owned() }
    }

    /// Both over HTTPS: what is sent there is as good as a password (RFC 6749 sections 3.1, 3.2).
    pub fn check(&self) -> Result<(), OAuthError> {
        let is_https = |url: &str| {
            url.strip_prefix("https://").is_some_and(|rest| {
                !rest.is_empty()
                    && !rest.starts_with(['/', '?', '#', '@'])
                    && !rest.contains(|c: char| {
                        c.is_control() || c.is_whitespace() || matches!(c, '#' | '"' | '\\')
                    })
            })
        };
        if is_https(&self.authorize) && is_https(&self.token) { Ok(()) } else { Err(OAuthError::NotHttps) }
    }
}

/// How a program is registered at a provider. A program that people install has no secret worth the name (RFC 8252
/// section 8.5), yet some providers ask for one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Client id.
    pub id: String,
    /// What the provider calls the secret.
    pub secret: Option<String>,
}

/// One login that waits for the browser.
pub struct Authorization {
    endpoints: Endpoints,
    registration: Registration,
    redirect: String,
    login_hint: String,
    state: Zeroizing<String>,
    verifier: Zeroizing<String>,
    is_used: bool,
}

impl Authorization {
    /// A login whose answer the browser brings to `redirect` (for a terminal `http://127.0.0.1:PORT`, RFC 8252 section 7.3).
    pub fn begin(
        endpoints: Endpoints,
        registration: Registration,
        redirect: &str,
        login_hint: &str,
        random: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, OAuthError> {
        endpoints.check()?;
        let mut word = || {
            let mut octets = Zeroizing::new([0u8; RANDOM]);
            random.fill_bytes(octets.as_mut_slice());
            Zeroizing::new(BASE64URL_NOPAD.encode(octets.as_slice()))
        };
        Ok(Authorization {
            endpoints,
            registration,
            redirect: redirect.to_owned(),
            login_hint: login_hint.to_owned(),
            state: word(),
            verifier: word(),
            is_used: false,
        })
    }

    /// What the browser opens.
    pub fn url(&self) -> String {
        let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(self.verifier.as_bytes()));
        let query = form::encode(&[
            ("response_type", "code"),
            ("client_id", &self.registration.id),
            ("redirect_uri", &self.redirect),
            ("scope", &self.endpoints.scope),
            ("state", &self.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", &self.login_hint),
            // Without it Google gives a refresh token at the first login only, and none at all without the second.
            ("prompt", "consent"),
            ("access_type", "offline"),
        ]);
        let separator = if self.endpoints.authorize.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.endpoints.authorize, *query)
    }

    /// What the browser brought back: the query of the redirect, without `?`. A redirect with another state changes nothing, so
    /// that a page that guesses the port can't end the login; the right one can be used once.
    pub fn redirected(&mut self, query: &str) -> Result<TokenRequest, OAuthError> {
        if query.len() > MAX_REDIRECT {
            return Err(OAuthError::TooLarge);
        }
        let fields = form::decode(query).ok_or(OAuthError::Foreign)?;
        let state = form::only(&fields, "state").ok_or(OAuthError::Foreign)?;
        if !bool::from(state.as_bytes().ct_eq(self.state.as_bytes())) {
            return Err(OAuthError::Foreign);
        }
        if std::mem::replace(&mut self.is_used, true) {
            return Err(OAuthError::Used);
        }
        if fields.iter().any(|(name, _)| name == "error") {
            return Err(match form::only(&fields, "error") {
                Some("temporarily_unavailable" | "server_error") => OAuthError::NotNow,
                Some(
                    "unauthorized_client" | "invalid_scope" | "invalid_request" | "unsupported_response_type",
                ) => OAuthError::Registration,
                _ => OAuthError::Denied,
            });
        }
        let code =
            form::only(&fields, "code").filter(|code| !code.is_empty()).ok_or(OAuthError::Malformed)?;
        let mut body = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect),
            ("client_id", &self.registration.id),
            ("code_verifier", &self.verifier),
        ];
        if let Some(secret) = &self.registration.secret {
            body.push(("client_secret", secret));
        }
        Ok(TokenRequest { url: self.endpoints.token.clone(), body: form::encode(&body) })
    }
}

#[cfg(test)]
mod tests;
