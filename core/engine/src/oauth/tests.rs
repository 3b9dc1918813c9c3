//! A login in the browser, and everything that can come back.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use smime::UnixTime;

use super::*;

const NOW: u64 = 1_795_000_000;

struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut octets = [0; 4];
        self.try_fill_bytes(&mut octets).map(|()| u32::from_le_bytes(octets))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut octets = [0; 8];
        self.try_fill_bytes(&mut octets).map(|()| u64::from_le_bytes(octets))
    }
    #[allow(clippy::disallowed_methods, reason = "tests may use the system's randomness")]
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        getrandom::fill(dst).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}

fn endpoints() -> Endpoints {
    Endpoints::fixed("https://login.example.org/auth", "https://login.example.org/token", "mail offline")
}

fn registration() -> Registration {
    Registration { id: "countersign & co".to_owned(), secret: None }
}

fn begin() -> Authorization {
    let random = &mut SystemRandom;
    Authorization::begin(endpoints(), registration(), "http://127.0.0.1:4711", "alice@example.org", random)
        .unwrap()
}

/// A field of the URL, by hand: no code of ours but the escapes of these tests.
fn field(url: &str, name: &str) -> String {
    let query = url.split_once('?').unwrap().1;
    let found = query.split('&').find_map(|part| part.strip_prefix(&format!("{name}="))).unwrap();
    found.replace("%3A", ":").replace("%2F", "/").replace("%20", " ").replace("%26", "&").replace("%40", "@")
}

fn now() -> UnixTime {
    UnixTime::from_secs(NOW)
}

fn answer(status: u16, body: &str) -> Result<Tokens, OAuthError> {
    accept(status, body.as_bytes(), None, now())
}

#[test]
fn the_browser_gets_a_challenge_and_the_provider_the_word_behind_it() {
    let mut login = begin();
    let url = login.url();
    assert!(
        url.starts_with(
            "https://login.example.org/auth?response_type=code&client_id=countersign%20%26%20co&"
        ),
        "{url}"
    );
    assert_eq!(field(&url, "redirect_uri"), "http://127.0.0.1:4711");
    assert_eq!(field(&url, "scope"), "mail offline");
    assert_eq!(field(&url, "login_hint"), "alice@example.org");
    assert_eq!(field(&url, "code_challenge_method"), "S256");
    let request = login.redirected(&format!("code=c%2Fo+de&state={}", field(&url, "state"))).unwrap();
    assert_eq!(request.url, "https://login.example.org/token");
    let body = format!("?{}", *request.body);
    assert_eq!(
        (field(&body, "grant_type"), field(&body, "code")),
        ("authorization_code".into(), "c/o de".into())
    );
    assert_eq!(field(&body, "redirect_uri"), "http://127.0.0.1:4711");
    // RFC 7636 section 4: 43 characters, and the challenge is the SHA-256 of them.
    let verifier = field(&body, "code_verifier");
    assert_eq!(verifier.len(), 43);
    assert_eq!(field(&url, "code_challenge"), BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes())));
    assert!(!body.contains("client_secret") && !url.contains(&verifier));
}

/// RFC 7636 appendix B.
#[test]
fn the_challenge_of_the_rfc() {
    let mut login = begin();
    login.verifier = Zeroizing::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    assert_eq!(field(&login.url(), "code_challenge"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn no_two_logins_share_a_word() {
    let (one, other) = (begin().url(), begin().url());
    for name in ["state", "code_challenge"] {
        assert_ne!(field(&one, name), field(&other, name), "{name}");
    }
}

#[test]
fn a_redirect_of_somebody_else_changes_nothing_and_the_right_one_counts_once() {
    let mut login = begin();
    let state = field(&login.url(), "state");
    for forged in [
        "code=evil".to_owned(),
        "code=evil&state=".to_owned(),
        format!("code=evil&state={}", field(&begin().url(), "state")),
        format!("code=evil&state={state}&state={state}"),
        format!("code=evil&state={}", state.get(..42).unwrap()),
        format!("code=evil&state={state}%zz"),
        "error=access_denied".to_owned(),
        String::new(),
    ] {
        assert_eq!(login.redirected(&forged).err(), Some(OAuthError::Foreign), "{forged}");
    }
    let huge = format!("state={state}&code={}", "a".repeat(MAX_REDIRECT));
    assert_eq!(login.redirected(&huge).err(), Some(OAuthError::TooLarge));
    let many = format!("state={state}&code=x{}", "&a=b".repeat(100));
    assert_eq!(login.redirected(&many).err(), Some(OAuthError::Foreign));
    let right = format!("code=good&state={state}");
    assert!(login.redirected(&right).is_ok());
    assert_eq!(login.redirected(&right).err(), Some(OAuthError::Used));
}

#[test]
fn refusals_in_the_browser_are_told_apart() {
    for (query, error) in [
        ("error=access_denied", OAuthError::Denied),
        ("error=server_error", OAuthError::NotNow),
        ("error=unauthorized_client", OAuthError::Registration),
        ("error=access_denied&error=x", OAuthError::Denied),
        ("error=access_denied&code=good", OAuthError::Denied),
        ("code=one&code=two", OAuthError::Malformed),
        ("code=", OAuthError::Malformed),
        ("x=y", OAuthError::Malformed),
    ] {
        let mut login = begin();
        let state = field(&login.url(), "state");
        assert_eq!(login.redirected(&format!("{query}&state={state}")).err(), Some(error), "{query}");
    }
}

#[test]
fn only_https_gets_codes_and_tokens() {
    for bad in [
        "http://login.example.org/token",
        "https://",
        "https:///token",
        "ftp://x",
        "https://a b",
        "https://a/\r\nb",
        "https://a#b",
        "",
    ] {
        let mut wrong = endpoints();
        wrong.token = bad.to_owned();
        let random = &mut SystemRandom;
        let login = Authorization::begin(wrong.clone(), registration(), "http://127.0.0.1:1", "", random);
        assert_eq!(login.err(), Some(OAuthError::NotHttps), "{bad}");
        let tokens = Tokens { access: "a".into(), refresh: Some("r".into()), expires: now() };
        assert_eq!(
            tokens.refresh_request(&wrong, &registration()).err(),
            Some(OAuthError::NotHttps),
            "{bad}"
        );
    }
}

#[test]
fn answers_of_the_token_endpoint() {
    let good = answer(200, r#"{"access_token":"at","token_type":"Bearer","expires_in":3600,"refresh_token":"rt","scope":"mail"}"#).unwrap();
    assert_eq!((good.access.as_str(), good.refresh.as_deref()), ("at", Some("rt")));
    assert_eq!(good.expires, UnixTime::from_secs(NOW + 3600));
    let words = answer(200, r#"{"access_token":"at","token_type":"bearer","expires_in":"120"}"#).unwrap();
    assert_eq!((words.refresh.as_deref(), words.expires), (None, UnixTime::from_secs(NOW + 120)));
    assert!(!format!("{good:?}").contains("rt") && !format!("{good:?}").contains("at\""));
    for (status, body, error) in [
        (400, r#"{"error":"invalid_grant","error_description":"spent"}"#, OAuthError::LogInAgain),
        (200, r#"{"error":"invalid_grant"}"#, OAuthError::LogInAgain),
        (401, r#"{"error":"invalid_client"}"#, OAuthError::Registration),
        (400, r#"{"error":"surprise"}"#, OAuthError::Malformed),
        (500, "oops", OAuthError::NotNow),
        (503, r#"{"error":"invalid_grant"}"#, OAuthError::NotNow),
        (429, "", OAuthError::NotNow),
        (404, "<html>", OAuthError::Malformed),
        (302, r#"{"access_token":"at","token_type":"bearer"}"#, OAuthError::Malformed),
        (200, r#"{"token_type":"bearer"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"","token_type":"bearer"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at","token_type":"mac"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"a\r\nb","token_type":"bearer"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"a\u0001b","token_type":"bearer"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at","token_type":"bearer","refresh_token":"a b"}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at","token_type":"bearer","expires_in":-1}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at","token_type":"bearer","expires_in":[]}"#, OAuthError::Malformed),
        (200, r#"{"access_token":"at","access_token":"b","token_type":"bearer"}"#, OAuthError::Malformed),
        (200, "{\"access_token\":", OAuthError::Malformed),
    ] {
        assert_eq!(answer(status, body).err(), Some(error), "{status} {body}");
    }
    assert_eq!(answer(200, &" ".repeat(MAX_ANSWER + 1)).err(), Some(OAuthError::TooLarge));
    let long = format!(r#"{{"access_token":"{}","token_type":"bearer"}}"#, "a".repeat(MAX_TOKEN + 1));
    assert_eq!(answer(200, &long).err(), Some(OAuthError::Malformed));
    assert_eq!(answer(200, &"[".repeat(MAX_ANSWER)).err(), Some(OAuthError::Malformed));
    // A life of five hundred million years is not believed.
    let forever =
        answer(200, &format!(r#"{{"access_token":"at","token_type":"bearer","expires_in":{}}}"#, u64::MAX))
            .unwrap();
    assert_eq!(forever.expires, UnixTime::from_secs(NOW + 366 * 86_400));
}

#[test]
fn a_token_is_renewed_before_it_ends_and_rotation_is_followed() {
    let old = Tokens {
        access: "old".into(),
        refresh: Some("first".into()),
        expires: UnixTime::from_secs(NOW + 61),
    };
    assert!(old.is_fresh(now()));
    assert!(!old.is_fresh(UnixTime::from_secs(NOW + 1)) && !old.is_fresh(UnixTime::from_secs(NOW + 600)));
    let secret = Registration { id: "id".into(), secret: Some("s".into()) };
    let body = format!("?{}", *old.refresh_request(&endpoints(), &secret).unwrap().body);
    assert_eq!(body, "?grant_type=refresh_token&refresh_token=first&client_id=id&client_secret=s");
    let kept = accept(200, br#"{"access_token":"new","token_type":"bearer"}"#, Some(&old), now()).unwrap();
    assert_eq!((kept.access.as_str(), kept.refresh.as_deref()), ("new", Some("first")));
    let rotated = accept(
        200,
        br#"{"access_token":"new","token_type":"bearer","refresh_token":"second"}"#,
        Some(&old),
        now(),
    )
    .unwrap();
    assert_eq!(rotated.refresh.as_deref(), Some("second"));
    let none = Tokens { access: "a".into(), refresh: None, expires: now() };
    assert_eq!(none.refresh_request(&endpoints(), &registration()).err(), Some(OAuthError::LogInAgain));
}
