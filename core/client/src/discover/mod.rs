//! Finding the servers of a mail address. What the sources mean is decided in [`engine::autoconfig`]; here they are asked, in
//! this order, until one knows something:
//!
//! 1. the table of common hosts;
//! 2. a file at the domain itself, over HTTPS: `autoconfig.DOMAIN`, then `DOMAIN/.well-known/autoconfig`;
//! 3. the database that Thunderbird uses, over HTTPS, when the user allows that its owner learns the domain;
//! 4. SRV records in DNS;
//! 5. usual names, each tried by a TLS handshake that checks the certificate.
//!
//! No password is sent to anybody, and nothing is asked in clear but DNS.

mod dns;
mod probe;
#[cfg(test)]
mod tests;
mod web;

use engine::autoconfig::{self, Candidate, Offer, Service, Source, SrvAnswers};
use engine::ports::BoxFuture;
use smime::EmailAddress;

use crate::config::Server;
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::system::random_array;

/// Where Thunderbird's database is; the domain follows.
const DATABASE: &str = "https://autoconfig.thunderbird.net/v1.1/";

/// How to look.
#[derive(Clone, Debug, Default)]
pub struct DiscoverOptions {
    /// Ask the database of a third party, which learns the domain.
    pub ask_database: bool,
    /// DER of private CAs for TLS, in addition to the web's.
    pub tls_anchors: Vec<Vec<u8>>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// All from one source, best first; empty when nobody knows.
    pub candidates: Vec<Candidate>,
    /// What was asked in vain, and said more than "nothing here".
    pub problems: Vec<DiscoverProblem>,
}

/// A source that is there but of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiscoverProblem {
    /// A file that gives no servers.
    File {
        /// Its address, without what it says of the user.
        place: String,
        /// Why.
        error: autoconfig::AutoconfigError,
    },
    /// A source, or a guessed server that answers, can't be used.
    Place {
        /// Web address, or host and port.
        place: String,
        /// Why.
        error: CoreError,
    },
}

/// Whom discovery asks.
pub(crate) trait Sources: Send + Sync {
    /// The file at an https address; `None` when there is none.
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CoreError>>;
    /// SRV records; none when there are none.
    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<autoconfig::SrvRecord>, CoreError>>;
    /// A TLS handshake; nothing is said inside.
    fn probe<'a>(&'a self, server: &'a Server, is_imap: bool) -> BoxFuture<'a, Result<(), CoreError>>;
}

/// Looks for the servers of an address. Runs on the core's runtime ([`Core::spawn`](crate::Core::spawn)) or any other of tokio.
pub async fn discover(address: EmailAddress, options: DiscoverOptions) -> Result<Discovery, CoreError> {
    let network = Network { web: web::Web::new(&options.tls_anchors)?, anchors: options.tls_anchors };
    Ok(look(&address, options.ask_database, &network).await)
}

/// The same for programs without a runtime.
pub fn discover_and_wait(address: EmailAddress, options: DiscoverOptions) -> Result<Discovery, CoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CoreError::Store(engine::ports::StoreError::Io(error.kind())))?;
    runtime.block_on(discover(address, options))
}

/// The real world.
struct Network {
    web: web::Web,
    anchors: Vec<Vec<u8>>,
}

impl Sources for Network {
    fn get<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CoreError>> {
        Box::pin(self.web.get(url))
    }

    fn srv<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<autoconfig::SrvRecord>, CoreError>> {
        Box::pin(dns::srv(name))
    }

    fn probe<'a>(&'a self, server: &'a Server, is_imap: bool) -> BoxFuture<'a, Result<(), CoreError>> {
        Box::pin(probe::probe(server, is_imap, &self.anchors))
    }
}

async fn look(address: &EmailAddress, ask_database: bool, sources: &dyn Sources) -> Discovery {
    let mut discovery = Discovery::default();
    if let Some(known) = autoconfig::known(address) {
        discovery.candidates = vec![known];
        return discovery;
    }
    let Some(domain) = autoconfig::ascii_host(address.domain()) else { return discovery };
    for (source, place, query) in files(address, &domain, ask_database) {
        match sources.get(&format!("{place}{query}")).await {
            Ok(None) => continue,
            Ok(Some(file)) => match autoconfig::from_xml(source, &file, address) {
                Ok(candidates) => {
                    discovery.candidates = candidates;
                    return discovery;
                }
                Err(error) => discovery.problems.push(DiscoverProblem::File { place, error }),
            },
            Err(error) => discovery.note(place, error),
        }
    }
    discovery.candidates = by_dns(address, &domain, sources).await;
    if discovery.candidates.is_empty() {
        let (imap, smtp) = autoconfig::guesses(address);
        let (imap, smtp) = tokio::join!(first(imap, true, sources), first(smtp, false, sources));
        for (place, error) in imap.1.into_iter().chain(smtp.1) {
            discovery.note(place, error);
        }
        if let (Some(imap), Some(smtp)) = (imap.0, smtp.0) {
            discovery.candidates =
                vec![Candidate { source: Source::Guess, imap, smtp, sign_in: None, foreign: Vec::new() }];
        }
    }
    discovery
}

impl Discovery {
    /// Keeps what a person can do something about: that nobody is there is the usual case.
    fn note(&mut self, place: String, error: CoreError) {
        let is_usual = matches!(
            error,
            CoreError::Network {
                problem: NetworkProblem::UnknownHost | NetworkProblem::Refused | NetworkProblem::Timeout,
                ..
            }
        );
        if !is_usual {
            self.problems.push(DiscoverProblem::Place { place, error });
        }
    }

    /// Servers that answered, but offer no TLS.
    pub fn without_tls(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().filter_map(|problem| match problem {
            DiscoverProblem::Place {
                place,
                error: CoreError::Server { problem: ServerProblem::NoTls, .. },
            } => Some(place.as_str()),
            _ => None,
        })
    }
}

/// Source, web address, and what is added for the host to tell users apart. The database is not told the user.
fn files(address: &EmailAddress, domain: &str, ask_database: bool) -> Vec<(Source, String, String)> {
    let user = format!("?emailaddress={}", escaped(address.as_str()));
    let mut files = vec![
        (Source::Domain, format!("https://autoconfig.{domain}/mail/config-v1.1.xml"), user.clone()),
        (Source::Domain, format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"), user),
    ];
    if ask_database {
        files.push((Source::Database, format!("{DATABASE}{domain}"), String::new()));
    }
    files
}

/// For a query (RFC 3986 section 2.1): everything but unreserved characters.
fn escaped(text: &str) -> String {
    let escape = |octet: u8| match octet {
        b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
        _ if octet.is_ascii_alphanumeric() => char::from(octet).to_string(),
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(escape).collect()
}

async fn by_dns(address: &EmailAddress, domain: &str, sources: &dyn Sources) -> Vec<Candidate> {
    // No DNS, no answer: then the names are guessed.
    let ask = async |service: Service| {
        sources.srv(&format!("{}.{domain}.", service.name())).await.unwrap_or_default()
    };
    let (imaps, imap, submissions, submission) = tokio::join!(
        ask(Service::Imaps),
        ask(Service::Imap),
        ask(Service::Submissions),
        ask(Service::Submission)
    );
    let answers = SrvAnswers { imaps, imap, submissions, submission };
    let mut pick = |most: u32| {
        let drawn = u64::from(u32::from_le_bytes(random_array()));
        u32::try_from(drawn % (u64::from(most) + 1)).unwrap_or(0)
    };
    autoconfig::from_srv(address, &answers, &mut pick)
}

/// The first that answers with TLS, and what the ones before said.
async fn first(
    offers: Vec<Offer>,
    is_imap: bool,
    sources: &dyn Sources,
) -> (Option<Offer>, Vec<(String, CoreError)>) {
    let mut problems = Vec::new();
    for offer in offers {
        match sources.probe(&offer.server, is_imap).await {
            Ok(()) => return (Some(offer), problems),
            Err(error) => {
                problems.push((crate::tls::place(&offer.server.host, offer.server.port), error));
            }
        }
    }
    (None, problems)
}
