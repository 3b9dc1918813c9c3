//! A scripted provider over real sockets; Dovecot and Postfix ask it whether a token is good.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use engine::ports::{Batch, RecordKey, Tree};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use xtask::world::{Place, World, address};

use super::*;
use crate::account::Account;
use crate::config::AccountConfig;
use crate::core::Core;
use crate::credential::{Credential, put_credential};
use crate::task::Task;
use crate::test_home::{config, eventually, install_with, open_online, server};
use crate::vault::PassphraseVault;

/// What the provider knows.
#[derive(Default)]
struct Provider {
    /// Code, and the challenge that it was given for.
    code: Option<(String, String)>,
    redirect: String,
    refresh: Option<String>,
    good: BTreeSet<String>,
    issued: u32,
    renewed: u32,
    /// Seconds that a token lives.
    life: u64,
    /// Answers wait for a permit of this, when there is one; what they are about is done.
    gate: Option<Arc<Semaphore>>,
}

type Shared = Arc<Mutex<Provider>>;

impl Provider {
    fn tokens(&mut self) -> (u16, String) {
        self.issued += 1;
        let (access, refresh) = (format!("access-{}", self.issued), format!("refresh-{}", self.issued));
        self.good.insert(access.clone());
        // Each refresh token is good for once.
        self.refresh = Some(refresh.clone());
        let life = self.life;
        let answer = format!(
            "{{\"access_token\":\"{access}\",\"token_type\":\"Bearer\",\"expires_in\":{life},\"refresh_token\":\"{refresh}\"}}"
        );
        (200, answer)
    }

    fn token(&mut self, form: &BTreeMap<String, String>) -> (u16, String) {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let invalid = (400, "{\"error\":\"invalid_grant\"}".to_owned());
        if field("client_id") != "our program" {
            return (401, "{\"error\":\"invalid_client\"}".to_owned());
        }
        match field("grant_type") {
            "authorization_code" => {
                let Some((code, challenge)) = self.code.take() else { return invalid };
                let proof = BASE64URL_NOPAD.encode(&Sha256::digest(field("code_verifier")));
                if field("code") != code || proof != challenge || field("redirect_uri") != self.redirect {
                    return invalid;
                }
                self.tokens()
            }
            "refresh_token" if self.refresh.as_deref() == Some(field("refresh_token")) => {
                self.renewed += 1;
                self.tokens()
            }
            _ => invalid,
        }
    }
}

fn fields(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// The first line and the body of a request.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut octets = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_lowercase().strip_prefix("content-length:").map(|length| length.trim().to_owned())
            });
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return (head.lines().next().unwrap_or_default().to_owned(), body.to_owned());
            }
        }
        if stream.read_buf(&mut octets).await.unwrap_or(0) == 0 {
            return (String::new(), String::new());
        }
    }
}

async fn respond(stream: &mut (impl AsyncWrite + Unpin), (status, body): (u16, String)) {
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// The token endpoint over TLS and the introspection endpoint without: their ports, and the CA of the first.
async fn serve(shared: &Shared) -> (u16, u16, Vec<u8>) {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = issued.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (tls, plain) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let ports = (tls.local_addr().unwrap().port(), plain.local_addr().unwrap().port());
    let provider = Arc::clone(shared);
    tokio::spawn(async move {
        while let Ok((stream, _)) = tls.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let (line, body) = request(&mut stream).await;
            assert!(line.starts_with("POST /token "), "{line}");
            let (answer, gate) = {
                let mut provider = provider.lock().unwrap();
                (provider.token(&fields(&body)), provider.gate.clone())
            };
            if let Some(gate) = gate {
                drop(gate.acquire().await);
            }
            respond(&mut stream, answer).await;
        }
    });
    let provider = Arc::clone(shared);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let (line, _) = request(&mut stream).await;
            let query = line.split(['?', ' ']).nth(2).unwrap_or_default();
            let token = fields(query).remove("token").unwrap_or_default();
            let is_good = provider.lock().unwrap().good.contains(&token);
            let who = address("alice");
            respond(&mut stream, (200, format!("{{\"active\":{is_good},\"username\":\"{who}\"}}"))).await;
        }
    });
    (ports.0, ports.1, certificate.to_vec())
}

/// What a browser does: the person agrees at the provider, which sends the browser to the redirect.
fn agree(shared: &Shared, url: &str) -> (u16, String) {
    let asked = fields(url.split_once('?').unwrap().1);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["login_hint"], address("alice"));
    let mut provider = shared.lock().unwrap();
    provider.code = Some(("the-code".to_owned(), asked["code_challenge"].clone()));
    provider.redirect = asked["redirect_uri"].clone();
    let port = provider.redirect.strip_prefix("http://127.0.0.1:").unwrap().parse().unwrap();
    (port, format!("code=the-code&state={}", asked["state"]))
}

async fn get(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn endpoints(port: u16) -> Endpoints {
    Endpoints {
        authorize: format!("https://localhost:{port}/authorize"),
        token: format!("https://localhost:{port}/token"),
        scope: "mail".to_owned(),
    }
}

fn registration(id: &str) -> Registration {
    Registration { id: id.to_owned(), secret: None }
}

async fn log_in(shared: &Shared, port: u16, ca: &[u8]) -> OAuthLogin {
    let cas = [ca.to_vec()];
    let login =
        BrowserLogin::begin(endpoints(port), registration("our program"), &address("alice"), &cas).await;
    let login = login.unwrap();
    let (redirect, query) = agree(shared, &login.url());
    let waiting = tokio::spawn(login.finish());
    // A browser that connects before it knows why, a page that guesses the port, and a picture that browsers look for.
    let _silent = TcpStream::connect(("127.0.0.1", redirect)).await.unwrap();
    for foreign in ["/?code=theirs&state=guessed", "/favicon.ico", "/?", "/%"] {
        assert!(get(redirect, foreign).await.starts_with("HTTP/1.1 400 "), "{foreign}");
    }
    let page = get(redirect, &format!("/?{query}")).await;
    assert!(page.starts_with("HTTP/1.1 200 ") && page.contains("You are logged in"), "{page}");
    assert!(!page.contains("the-code"));
    waiting.await.unwrap().unwrap()
}

fn provider() -> Shared {
    Arc::new(Mutex::new(Provider { life: 3600, ..Provider::default() }))
}

#[tokio::test]
async fn a_login_by_the_browser_is_finished_by_its_own_redirect_alone() {
    let shared = provider();
    let (port, _, ca) = serve(&shared).await;
    let login = log_in(&shared, port, &ca).await;
    assert!(login.is_fresh());
    assert!(!format!("{login:?}").contains("access-1"));
    let renewed = login.renewed(std::slice::from_ref(&ca)).await.unwrap();
    assert!(!renewed.is_same(&login));
    // The first refresh token is spent.
    let host = format!("https://localhost:{port}/token");
    assert_eq!(login.renewed(std::slice::from_ref(&ca)).await.unwrap_err(), CoreError::LoginRefused { host });
    // Nothing leaves without TLS, or to somebody whose certificate is not known.
    let strange = log_in_fails(&shared, endpoints(port), "our program", &[]).await;
    assert!(matches!(strange, OAuthFailure::Network(CoreError::CertificateUntrusted { .. })), "{strange:?}");
    let plain = Endpoints { token: "http://localhost/token".to_owned(), ..endpoints(port) };
    let begun = BrowserLogin::begin(plain, registration("our program"), "x", &[]).await;
    assert_eq!(begun.err(), Some(OAuthFailure::Provider(OAuthError::NotHttps)));
    let unknown = log_in_fails(&shared, endpoints(port), "another program", &[ca]).await;
    assert_eq!(unknown, OAuthFailure::Provider(OAuthError::Registration));
}

async fn log_in_fails(shared: &Shared, at: Endpoints, id: &str, cas: &[Vec<u8>]) -> OAuthFailure {
    let login = BrowserLogin::begin(at, registration(id), &address("alice"), cas).await.unwrap();
    let (redirect, query) = agree(shared, &login.url());
    let waiting = tokio::spawn(login.finish());
    get(redirect, &format!("/?{query}")).await;
    waiting.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn a_login_that_is_refused_in_the_browser_ends() {
    let shared = provider();
    let (port, _, ca) = serve(&shared).await;
    let login =
        BrowserLogin::begin(endpoints(port), registration("our program"), &address("alice"), &[ca]).await;
    let login = login.unwrap();
    let (redirect, query) = agree(&shared, &login.url());
    let state = query.split_once("state=").unwrap().1;
    let waiting = tokio::spawn(login.finish());
    let page = get(redirect, &format!("/?error=access_denied&state={state}")).await;
    assert!(page.contains("refused"), "{page}");
    assert_eq!(waiting.await.unwrap().err(), Some(OAuthFailure::Provider(OAuthError::Denied)));
}

/// An account whose token is over, and whose provider has spent the old refresh token and not answered yet.
struct Renewing {
    asking: Task<()>,
    account: Account,
    core: Core,
    shared: Shared,
    gate: Arc<Semaphore>,
    _home: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

fn open_home() -> (tempfile::TempDir, Core) {
    let home = tempfile::tempdir().unwrap();
    let vault = PassphraseVault::create(&home.path().join("vault"), b"a passphrase").unwrap();
    let core = open_online(home.path(), Arc::new(vault));
    (home, core)
}

fn renewing() -> Renewing {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shared = provider();
    let (port, _, ca) = runtime.block_on(serve(&shared));
    shared.lock().unwrap().life = 30;
    let login = runtime.block_on(log_in(&shared, port, &ca));
    shared.lock().unwrap().life = 3600;
    let (home, core) = open_home();
    // Nobody listens at its ports: what logs in comes before.
    let config = AccountConfig { tls_anchors: vec![ca], ..config(&address("alice")) };
    install_with(&core, config, Credential::OAuth(Box::new(login)));
    let account = core.account(None).unwrap();

    let gate = Arc::new(Semaphore::new(0));
    shared.lock().unwrap().gate = Some(Arc::clone(&gate));
    let asking = account.wait_for_news(Duration::from_millis(10));
    eventually("the provider is asked", || shared.lock().unwrap().renewed > 0);
    Renewing { asking, account, core, shared, gate, _home: home, _runtime: runtime }
}

impl Renewing {
    /// Whoever asks next is told that no server is there: he had something to log in with.
    fn finds_no_server(&self) {
        let asked = self.account.wait_for_news(Duration::from_millis(10)).wait().unwrap_err();
        assert!(matches!(asked, CoreError::Network { .. }), "{asked:?}");
    }
}

#[test]
fn tokens_are_kept_when_whoever_asked_for_them_is_cancelled() {
    let renewing = renewing();
    renewing.asking.cancel();
    renewing.gate.add_permits(1);
    for _ in 0..2 {
        renewing.finds_no_server();
    }
    assert_eq!(renewing.shared.lock().unwrap().renewed, 1);
    renewing.core.close();
}

#[test]
fn nobody_renews_while_a_renewal_goes_on_that_nobody_waits_for() {
    let renewing = renewing();
    renewing.asking.cancel();
    let others: Vec<_> = (0..4).map(|_| renewing.account.wait_for_news(Duration::from_millis(10))).collect();
    others.iter().for_each(Task::cancel);
    let last = renewing.account.wait_for_news(Duration::from_millis(10));
    renewing.gate.add_permits(1);
    let asked = last.wait().unwrap_err();
    assert!(matches!(asked, CoreError::Network { .. }), "{asked:?}");
    assert_eq!(renewing.shared.lock().unwrap().renewed, 1);
    renewing.core.close();
}

#[test]
fn a_login_that_was_changed_during_a_renewal_stays() {
    let renewing = renewing();
    let name = renewing.account.inner.group();
    let store = renewing.account.inner.store().unwrap();
    let mut batch = Batch::default();
    put_credential(&mut batch, name, &Credential::Password(Zeroizing::new("mine".to_owned()))).unwrap();
    store.apply(batch).unwrap();
    renewing.gate.add_permits(1);
    let asked = renewing.asking.wait().unwrap_err();
    assert!(matches!(asked, CoreError::Network { .. }), "{asked:?}");
    let stored = |record: &str| store.read(&RecordKey::named(Tree::Accounts, name, record)).unwrap();
    assert_eq!((stored("oauth"), stored("password")), (None, Some(b"mine".to_vec())));
}

/// Dovecot and Postfix know the tokens; the account renews them when their time is over, when they are withdrawn, and once each.
#[test]
fn mail_is_fetched_and_sent_by_tokens_that_are_renewed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shared = provider();
    let (port, introspection, ca) = runtime.block_on(serve(&shared));
    let mut world = World::start(Place::temporary().unwrap()).unwrap();
    let asked_at = format!("http://127.0.0.1:{introspection}/introspect?token=");
    if !world.accept_tokens(&asked_at).unwrap() {
        println!("SKIPPED: this Dovecot is not 2.3");
        return;
    }
    let server_ca = std::fs::read(&world.pki().server_ca).unwrap();
    let server_ca = crate::read_certificates(&server_ca).unwrap()[0].der().to_vec();
    let login = runtime.block_on(log_in(&shared, port, &ca));
    let config = AccountConfig {
        imap: server(world.ports().imaps),
        smtp: server(world.ports().submissions),
        tls_anchors: vec![server_ca, ca],
        ..config(&address("alice"))
    };
    let (_home, core) = open_home();
    let account = core.add_account_with(config, Credential::OAuth(Box::new(login))).wait().unwrap();
    let renewed = || shared.lock().unwrap().renewed;
    account.sync().wait().unwrap();
    assert_eq!(renewed(), 0);

    // Withdrawn before its time: renewed once, and both servers take the new one.
    shared.lock().unwrap().good.clear();
    let mail = crate::NewMail {
        to: vec![address("bob").parse().unwrap()],
        subject: "By a token".to_owned(),
        signed_only: true,
        ..crate::NewMail::default()
    };
    account.composer().send(mail).wait().unwrap();
    let report = account.sync().wait().unwrap();
    assert_eq!((report.sent, renewed()), (1, 1));
    world.settle().unwrap();
    assert_eq!(world.inbox("bob").unwrap().len(), 1);

    // Its time is over: several at once renew it once.
    shared.lock().unwrap().life = 30;
    shared.lock().unwrap().good.clear();
    account.sync().wait().unwrap();
    let before = renewed();
    shared.lock().unwrap().life = 3600;
    let news: Vec<_> = (0..4).map(|_| account.wait_for_news(Duration::from_millis(10))).collect();
    news.into_iter().for_each(|news| news.wait().unwrap());
    assert_eq!(renewed(), before + 1);

    // The provider has withdrawn all: said once, and nothing is tried for ever.
    shared.lock().unwrap().good.clear();
    shared.lock().unwrap().refresh = None;
    let host = format!("https://localhost:{port}/token");
    assert_eq!(account.sync().wait().unwrap_err(), CoreError::LoginRefused { host });
    core.close();
}
