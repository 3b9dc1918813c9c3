//! Discovery against a scripted world, and its HTTPS against real sockets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use engine::autoconfig::{AutoconfigError, MAX_XML_OCTETS, SrvRecord};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::web::{Web, builder};
use super::*;
use crate::config::Security;
use crate::error::CertificateProblem;

/// A world that knows what it was given, and remembers what it was asked.
#[derive(Default)]
struct Script {
    files: BTreeMap<String, Result<Option<Vec<u8>>, CoreError>>,
    records: BTreeMap<String, Vec<SrvRecord>>,
    servers: BTreeMap<String, Result<(), CoreError>>,
    asked: Mutex<Vec<String>>,
}

impl Script {
    fn file(mut self, url: &str, file: &str) -> Self {
        self.files.insert(url.to_owned(), Ok(Some(file.as_bytes().to_vec())));
        self
    }

    fn record(mut self, name: &str, port: u16, target: &str) -> Self {
        let record = SrvRecord { priority: 0, weight: 0, port, target: target.to_owned() };
        self.records.entry(name.to_owned()).or_default().push(record);
        self
    }

    fn server(mut self, place: &str, answer: Result<(), CoreError>) -> Self {
        self.servers.insert(place.to_owned(), answer);
        self
    }

    fn look(&self, address: &str, ask_database: bool) -> Discovery {
        run(look(&address.parse().unwrap(), ask_database, self))
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Sources for Script {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CoreError>> {
        self.asked.lock().unwrap().push(url.to_owned());
        let answer = self.files.get(url).cloned().unwrap_or(Ok(None));
        Box::pin(async { answer })
    }

    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<SrvRecord>, CoreError>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = self.records.get(name).cloned().ok_or(unknown(name));
        Box::pin(async { answer })
    }

    fn probe<'a>(&'a self, server: &'a Server, is_imap: bool) -> BoxFuture<'a, Result<(), CoreError>> {
        let place = crate::tls::place(&server.host, server.port);
        self.asked.lock().unwrap().push(format!("{place} {}", if is_imap { "imap" } else { "smtp" }));
        let answer = self.servers.get(&place).cloned().unwrap_or(Err(unknown(&place)));
        Box::pin(async { answer })
    }
}

fn unknown(place: &str) -> CoreError {
    CoreError::Network { host: place.to_owned(), problem: NetworkProblem::UnknownHost }
}

fn no_tls(place: &str) -> CoreError {
    CoreError::Server { host: place.to_owned(), problem: ServerProblem::NoTls }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn places(discovery: &Discovery) -> Vec<(Source, String, String)> {
    let place = |offer: &Offer| crate::tls::place(&offer.server.host, offer.server.port);
    discovery.candidates.iter().map(|one| (one.source, place(&one.imap), place(&one.smtp))).collect()
}

const AT_AUTOCONFIG: &str =
    "https://autoconfig.example.org/mail/config-v1.1.xml?emailaddress=alice%2Bx%40example.org";
const WELL_KNOWN: &str =
    "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=alice%2Bx%40example.org";
const AT_DATABASE: &str = "https://autoconfig.thunderbird.net/v1.1/example.org";
const FILE: &str = "<clientConfig><emailProvider id='x'>\
    <incomingServer type='imap'><hostname>in.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer>\
    <outgoingServer type='smtp'><hostname>out.example.org</hostname><port>465</port><socketType>SSL</socketType></outgoingServer>\
    </emailProvider></clientConfig>";
const ALICE: &str = "alice+x@example.org";

#[test]
fn the_domain_is_asked_first_and_then_nobody_else() {
    let script =
        Script::default().file(AT_AUTOCONFIG, FILE).record("_imaps._tcp.example.org.", 993, "x.example.org");
    let found = script.look(ALICE, true);
    assert_eq!(places(&found), [(Source::Domain, "in.example.org:993".into(), "out.example.org:465".into())]);
    assert_eq!(script.asked(), [AT_AUTOCONFIG]);
    let script = Script::default().file(WELL_KNOWN, FILE);
    assert_eq!(script.look(ALICE, true).candidates.len(), 1);
    assert_eq!(script.asked(), [AT_AUTOCONFIG, WELL_KNOWN]);
}

#[test]
fn a_common_host_is_known_without_asking_anybody() {
    let script = Script::default();
    assert_eq!(
        places(&script.look("alice@gmail.com", true)),
        [(Source::Known, "imap.gmail.com:993".into(), "smtp.gmail.com:465".into())]
    );
    assert!(script.asked().is_empty());
}

#[test]
fn the_database_is_asked_only_when_that_is_allowed_and_is_not_told_the_user() {
    let script = Script::default().file(AT_DATABASE, FILE);
    assert_eq!(script.look(ALICE, true).candidates[0].source, Source::Database);
    let shy = Script::default().file(AT_DATABASE, FILE);
    assert_eq!(shy.look(ALICE, false), Discovery::default());
    assert!(!shy.asked().iter().any(|url| url.contains("thunderbird")));
}

#[test]
fn dns_comes_after_the_files_and_names_strangers() {
    let script = Script::default()
        .file(AT_AUTOCONFIG, "<html>parked</html>")
        .record("_imaps._tcp.example.org.", 993, "imap.example.org.")
        .record("_submission._tcp.example.org.", 587, "smtp.elsewhere.example.");
    let found = script.look(ALICE, false);
    assert_eq!(
        places(&found),
        [(Source::Dns, "imap.example.org:993".into(), "smtp.elsewhere.example:587".into())]
    );
    assert_eq!(found.candidates[0].foreign, ["smtp.elsewhere.example"]);
    let place = "https://autoconfig.example.org/mail/config-v1.1.xml".to_owned();
    assert_eq!(found.problems, [DiscoverProblem::File { place, error: AutoconfigError::NotAConfig }]);
}

#[test]
fn guesses_are_tried_one_by_one_and_a_server_without_tls_is_named() {
    let script = Script::default()
        .server("imap.example.org:143", Err(no_tls("imap.example.org:143")))
        .server("mail.example.org:143", Ok(()))
        .server("smtp.example.org:465", Ok(()));
    let found = script.look(ALICE, false);
    assert_eq!(
        places(&found),
        [(Source::Guess, "mail.example.org:143".into(), "smtp.example.org:465".into())]
    );
    let imap: Vec<String> = script.asked().into_iter().filter(|one| one.ends_with(" imap")).collect();
    assert_eq!(
        imap,
        [
            "imap.example.org:993 imap",
            "mail.example.org:993 imap",
            "imap.example.org:143 imap",
            "mail.example.org:143 imap"
        ]
    );
    // Half a pair is none.
    let script = Script::default()
        .server("imap.example.org:143", Err(no_tls("imap.example.org:143")))
        .server("smtp.example.org:465", Ok(()));
    let found = script.look(ALICE, false);
    assert!(found.candidates.is_empty());
    assert_eq!(found.without_tls().collect::<Vec<_>>(), ["imap.example.org:143"]);
}

#[test]
fn a_domain_that_is_no_name_is_not_asked() {
    let script = Script::default();
    for address in ["root@localhost", "alice@127.0.0.1"] {
        assert_eq!(script.look(address, true), Discovery::default());
    }
    assert!(script.asked().is_empty());
}

/// A web server on loopback; `answer` gives the whole answer to a request line.
struct Host {
    address: SocketAddr,
    ca: Vec<u8>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Host {
    async fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Host {
        let names = ["autoconfig.example.test".to_owned(), "example.test".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let ca = certified.cert.der().to_vec();
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(ca.clone())], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = Vec::new();
                let mut piece = [0; 1024];
                while !request.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut piece).await {
                        Ok(octets) if octets > 0 => request.extend_from_slice(&piece[..octets]),
                        _ => break,
                    }
                }
                let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
                seen.lock().unwrap().push(line.clone());
                stream.write_all(&answer(&line)).await.ok();
                stream.shutdown().await.ok();
            }
        });
        Host { address, ca, lines }
    }

    fn web(&self) -> Web {
        let names = ["autoconfig.example.test", "example.test"];
        let builder = names.iter().fold(builder(std::slice::from_ref(&self.ca)), |builder, name| {
            builder.resolve(name, self.address)
        });
        Web::built(builder).unwrap()
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".as_slice(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .into_bytes()
}

const URL: &str = "https://autoconfig.example.test/mail/config-v1.1.xml?emailaddress=alice%40example.test";

#[test]
fn a_file_comes_over_https_and_no_file_is_no_error() {
    run(async {
        let host = Host::start(|line| match line.contains("/mail/config") {
            true => ok(FILE.as_bytes()),
            false => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        })
        .await;
        assert_eq!(host.web().get(URL).await, Ok(Some(FILE.as_bytes().to_vec())));
        assert_eq!(host.web().get("https://example.test/other").await, Ok(None));
        let line = host.lines.lock().unwrap()[0].clone();
        assert_eq!(line, "GET /mail/config-v1.1.xml?emailaddress=alice%40example.test HTTP/1.1");
    });
}

#[test]
fn a_certificate_of_a_stranger_or_of_another_name_gives_nothing() {
    run(async {
        let host = Host::start(|_| ok(FILE.as_bytes())).await;
        let web = Web::built(builder(&[]).resolve("autoconfig.example.test", host.address)).unwrap();
        let untrusted = |answer| match answer {
            Err(CoreError::CertificateUntrusted { problem, host }) => (problem, host),
            other => panic!("{other:?}"),
        };
        let (problem, place) = untrusted(web.get(URL).await);
        assert_eq!(problem, CertificateProblem::UnknownAuthority);
        assert!(!place.contains("alice"), "{place}");
        let web = builder(std::slice::from_ref(&host.ca)).resolve("other.example.test", host.address);
        let (problem, _) = untrusted(Web::built(web).unwrap().get("https://other.example.test/").await);
        assert_eq!(problem, CertificateProblem::WrongName);
        assert!(host.lines.lock().unwrap().is_empty());
    });
}

#[test]
fn redirects_are_few_and_never_leave_https() {
    run(async {
        let host = Host::start(|line| match line.split(' ').nth(1).unwrap() {
            "/plain" => redirect("http://autoconfig.example.test/steal"),
            "/loop" => redirect("https://example.test/loop"),
            "/1" => redirect("https://example.test/2"),
            "/2" => redirect("https://example.test/3"),
            "/3" => redirect("/4"),
            _ => ok(FILE.as_bytes()),
        })
        .await;
        let web = host.web();
        let refused = |path: &str| CoreError::Server {
            host: format!("https://example.test{path}"),
            problem: ServerProblem::Refused,
        };
        assert_eq!(web.get("https://example.test/plain").await, Err(refused("/plain")));
        assert_eq!(web.get("https://example.test/loop").await, Err(refused("/loop")));
        assert_eq!(web.get("https://example.test/1").await, Ok(Some(FILE.as_bytes().to_vec())));
        assert_eq!(host.lines.lock().unwrap().iter().filter(|line| line.contains("/loop")).count(), 4);
        assert!(web.get("http://example.test/").await.is_err());
    });
}

#[test]
fn endless_and_failing_answers_are_left() {
    run(async {
        let host = Host::start(|line| match line.contains("/huge") {
            true => ok(&vec![b' '; MAX_XML_OCTETS + 1]),
            false => b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        })
        .await;
        for (path, problem) in [("/huge", ServerProblem::TooMuch), ("/fails", ServerProblem::Refused)] {
            let url = format!("https://example.test{path}");
            let error = CoreError::Server { host: url.clone(), problem };
            assert_eq!(host.web().get(&url).await, Err(error));
        }
    });
}

/// Real servers, and ones that greet and offer nothing, or say a wrong thing.
#[test]
fn a_probe_wants_tls_and_a_certificate_that_holds() {
    use xtask::world::{Place, World};
    let world = World::start(Place::temporary().unwrap()).unwrap();
    let pem = std::fs::read(&world.pki().server_ca).unwrap();
    let read = smime::certificate::Certificate::read_all(&pem).unwrap();
    let cas: Vec<Vec<u8>> = read.iter().map(|ca| ca.der().to_vec()).collect();
    let ports = world.ports();
    let server = |port, security| Server { host: "localhost".to_owned(), port, security };
    let all = [
        (ports.imaps, Security::Tls, true),
        (ports.imap_starttls, Security::StartTls, true),
        (ports.submissions, Security::Tls, false),
        (ports.submission_starttls, Security::StartTls, false),
    ];
    run(async {
        for (port, security, is_imap) in all {
            let server = server(port, security);
            assert_eq!(probe::probe(&server, is_imap, &cas).await, Ok(()), "{server:?}");
            let stranger = probe::probe(&server, is_imap, &[]).await;
            assert!(matches!(stranger, Err(CoreError::CertificateUntrusted { .. })), "{stranger:?}");
        }
        for (greeting, is_imap) in [
            ("* OK hello\r\nTAG BAD no\r\n", true),
            ("* PREAUTH in\r\n", true),
            ("220 hi\r\n502 no\r\n", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let server = server(listener.local_addr().unwrap().port(), Security::StartTls);
            let heard = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut heard = Vec::new();
                for line in greeting.split_inclusive("\r\n") {
                    let tag =
                        String::from_utf8_lossy(&heard).split(' ').next().unwrap_or_default().to_owned();
                    stream.write_all(line.replace("TAG", &tag).as_bytes()).await.ok();
                    let mut piece = [0; 256];
                    let octets = stream.read(&mut piece).await.unwrap_or(0);
                    heard.extend_from_slice(&piece[..octets]);
                }
                heard
            });
            let place = crate::tls::place(&server.host, server.port);
            let found = probe::probe(&server, is_imap, &cas).await;
            assert!(
                matches!(&found, Err(CoreError::Server { host, problem: ServerProblem::NoTls }) if *host == place),
                "{greeting:?}: {found:?}"
            );
            let heard = String::from_utf8(heard.await.unwrap()).unwrap();
            assert!(!heard.contains("LOGIN") && !heard.contains("AUTH"), "{heard}");
        }
    });
}
