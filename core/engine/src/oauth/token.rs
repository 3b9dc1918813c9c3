//! Tokens: asked for, read, refreshed.

use serde::{Deserialize, Serialize};
use smime::UnixTime;
use zeroize::{Zeroize, Zeroizing};

use super::{Endpoints, OAuthError, Registration, form};

/// Longest answer of a token endpoint, in octets.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Longest token, in octets.
pub const MAX_TOKEN: usize = 16 * 1024;
/// A token counts as expired so many seconds early: clocks differ, and a login takes its time.
pub const EXPIRY_SKEW: u64 = 60;
/// Life of a token whose answer does not say, in seconds.
const USUAL_LIFE: u64 = 3600;
/// Longest life that is believed, in seconds.
const MAX_LIFE: u64 = 366 * 86_400;

/// A POST of a form. The body is secret.
pub struct TokenRequest {
    /// Where to; https.
    pub url: String,
    /// `application/x-www-form-urlencoded`.
    pub body: Zeroizing<String>,
}

/// What logs in, and what renews it. Stored sealed only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// What the mail servers get.
    pub access: String,
    /// What the token endpoint gets for a new one; without it the user logs in again.
    pub refresh: Option<String>,
    /// When the access token ends.
    pub expires: UnixTime,
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("expires", &self.expires).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Whether the access token can still be used.
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        now.plus(EXPIRY_SKEW) < self.expires
    }

    /// Asks for new ones (RFC 6749 section 6).
    pub fn refresh_request(
        &self,
        endpoints: &Endpoints,
        registration: &Registration,
    ) -> Result<TokenRequest, OAuthError> {
        endpoints.check()?;
        let refresh = self.refresh.as_deref().ok_or(OAuthError::LogInAgain)?;
        let mut body = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", &registration.id),
        ];
        if let Some(secret) = &registration.secret {
            body.push(("client_secret", secret));
        }
        Ok(TokenRequest { url: endpoints.token.clone(), body: form::encode(&body) })
    }
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    /// A number; some write it as a string.
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
    error: Option<String>,
}

/// Reads an answer of the token endpoint (RFC 6749 sections 5.1, 5.2). `old`: the tokens that were refreshed; a provider that
/// rotates gives a new refresh token and the old one is spent, one that doesn't lets the old one stand.
pub fn accept(status: u16, body: &[u8], old: Option<&Tokens>, now: UnixTime) -> Result<Tokens, OAuthError> {
    if body.len() > MAX_ANSWER {
        return Err(OAuthError::TooLarge);
    }
    if status >= 500 || status == 429 {
        return Err(OAuthError::NotNow);
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| OAuthError::Malformed)?;
    if let Some(error) = answer.error {
        return Err(match error.as_str() {
            "invalid_grant" => OAuthError::LogInAgain,
            "invalid_client" | "unauthorized_client" | "invalid_scope" | "unsupported_grant_type" => {
                OAuthError::Registration
            }
            "temporarily_unavailable" | "server_error" => OAuthError::NotNow,
            _ => OAuthError::Malformed,
        });
    }
    if status != 200 {
        return Err(OAuthError::Malformed);
    }
    // A token goes into SASL, where octet 1 separates and CR LF ends: RFC 6750 section 2.1 has no such octets.
    let is_token = |token: &str| {
        !token.is_empty() && token.len() <= MAX_TOKEN && token.bytes().all(|octet| octet.is_ascii_graphic())
    };
    let is_bearer = answer.token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    let access = answer
        .access_token
        .map(Zeroizing::new)
        .filter(|token| is_bearer && is_token(token))
        .ok_or(OAuthError::Malformed)?;
    let refresh = match answer.refresh_token.map(Zeroizing::new) {
        Some(new) if is_token(&new) => Some(new.to_string()),
        Some(_) => return Err(OAuthError::Malformed),
        None => old.and_then(|old| old.refresh.clone()),
    };
    let life = match answer.expires_in {
        None => USUAL_LIFE,
        Some(serde_json::Value::Number(number)) => number.as_u64().ok_or(OAuthError::Malformed)?,
        Some(serde_json::Value::String(text)) => text.parse().map_err(|_| OAuthError::Malformed)?,
        Some(_) => return Err(OAuthError::Malformed),
    };
    Ok(Tokens { access: access.to_string(), refresh, expires: now.plus(life.min(MAX_LIFE)) })
}
