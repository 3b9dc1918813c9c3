//! From a mail address to its servers: what the address's domain, its DNS records, or a table of common hosts say.
//!
//! Nothing is fetched here. The client fetches in the order of [`Source`], hands the octets in, and tries the candidates.
//! Nothing without TLS is ever a candidate, and nothing that was found is used before its owner agreed.

mod guess;
mod known;
mod server;
mod srv;
mod xml;

use serde::Serialize;
use smime::EmailAddress;

pub use guess::guesses;
pub use known::{Known, Provider, SignIn, known, provider};
pub use server::{Security, Server, ascii_host, is_within};
pub use srv::{MAX_RECORDS, Service, SrvAnswers, SrvRecord, from_srv};
pub use xml::{AutoconfigError, MAX_XML_NODES, MAX_XML_OCTETS, from_xml};

/// Most candidates from one source.
pub const MAX_CANDIDATES: usize = 8;

/// Where a candidate comes from, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The table of common hosts in this program.
    Known,
    /// A file at the domain itself, over HTTPS.
    Domain,
    /// The database that Thunderbird uses, over HTTPS. Its owner learns the domain.
    Database,
    /// SRV records of the domain (RFC 6186, RFC 8314). Anybody between us and the DNS may have written them.
    Dns,
    /// Usual names that answered with TLS.
    Guess,
}

/// How a server lets its users in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A password, in clear inside TLS.
    Password,
    /// A password that does not travel (SCRAM and its like).
    EncryptedPassword,
    /// OAuth 2.0 (RFC 6749).
    OAuth2,
}

/// One server as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    /// Where.
    pub server: Server,
    /// User name.
    pub login: String,
    /// Ways in, as the source prefers them; empty when it says none.
    pub authentication: Vec<Authentication>,
}

/// A pair of servers that may be those of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Who says so.
    pub source: Source,
    /// Reading.
    pub imap: Offer,
    /// Sending.
    pub smtp: Offer,
    /// How to sign in at a host of the table.
    pub sign_in: Option<SignIn>,
    /// Hosts outside of the address's domain that nothing vouches for: only the user can (RFC 6186 section 6).
    pub foreign: Vec<String>,
}

/// Every IMAP server with every submission server, the strongest TLS first, the order of the source otherwise.
fn pairs(source: Source, imap: Vec<Offer>, smtp: &[Offer]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for imap in imap {
        for smtp in smtp {
            candidates.push(Candidate {
                source,
                imap: imap.clone(),
                smtp: smtp.clone(),
                sign_in: None,
                foreign: Vec::new(),
            });
        }
    }
    let weak = |offer: &Offer| usize::from(offer.server.security == Security::StartTls);
    candidates.sort_by_key(|candidate| weak(&candidate.imap) + weak(&candidate.smtp));
    candidates.truncate(MAX_CANDIDATES);
    candidates
}

/// A server of `address` that takes the address as the user name.
fn plain_offer(address: &EmailAddress, server: Server) -> Offer {
    Offer { server, login: address.to_string(), authentication: Vec::new() }
}

#[cfg(test)]
mod tests;
