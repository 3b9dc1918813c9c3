//! What anybody may say of the servers of a mail address.

use engine::autoconfig::{Source, from_xml};
use smime::EmailAddress;

/// What is offered is encrypted, a host and a port that can be written and read again, and not without bounds.
pub fn autoconfig(octets: &[u8]) {
    let Ok(address) = "alice@example.org".parse::<EmailAddress>() else { return };
    let Ok(candidates) = from_xml(Source::Domain, octets, &address) else { return };
    assert!(!candidates.is_empty(), "nothing is an error");
    assert!(candidates.len() <= 16, "{} candidates", candidates.len());
    for candidate in &candidates {
        for offer in [&candidate.imap, &candidate.smtp] {
            let host = &offer.server.host;
            assert!(offer.server.port > 0 && !host.is_empty() && host.len() <= 253, "{host:?}");
            let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
            assert!(host.chars().all(is_host), "{host:?}");
            assert!(
                !offer.login.is_empty() && !offer.login.chars().any(char::is_control),
                "{:?}",
                offer.login
            );
        }
    }
}
