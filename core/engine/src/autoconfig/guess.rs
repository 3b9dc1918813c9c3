//! Names that mail servers usually have.

use smime::EmailAddress;

use super::server::{Security, Server, ascii_host};
use super::{Offer, plain_offer};

/// Label in front of the domain, port and TLS. The strongest TLS first.
type Guess = (&'static str, u16, Security);

const IMAP: [Guess; 4] = [
    ("imap", 993, Security::Tls),
    ("mail", 993, Security::Tls),
    ("imap", 143, Security::StartTls),
    ("mail", 143, Security::StartTls),
];
const SUBMISSION: [Guess; 4] = [
    ("smtp", 465, Security::Tls),
    ("mail", 465, Security::Tls),
    ("smtp", 587, Security::StartTls),
    ("mail", 587, Security::StartTls),
];

/// Servers that may be there (IMAP, submission), in the order of trying. All are inside the domain.
pub fn guesses(address: &EmailAddress) -> (Vec<Offer>, Vec<Offer>) {
    let Some(domain) = ascii_host(address.domain()) else { return (Vec::new(), Vec::new()) };
    let all = |guesses: &[Guess]| {
        let offer = |(label, port, security): &Guess| {
            let host = ascii_host(&format!("{label}.{domain}"))?;
            Some(plain_offer(address, Server { host, port: *port, security: *security }))
        };
        guesses.iter().filter_map(offer).collect()
    };
    (all(&IMAP), all(&SUBMISSION))
}
