//! Servers, and what a host name is.

use serde::{Deserialize, Serialize};

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// TLS from the first octet (ports 993, 465).
    Tls,
    /// STARTTLS (RFC 3207, RFC 9051); without it nothing is sent.
    StartTls,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How TLS begins.
    pub security: Security,
}

/// Longest host name in octets, without the last dot (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;
/// Longest label of a host name in octets.
const MAX_LABEL: usize = 63;

impl Server {
    /// `host:port`, with `starttls://` or `tls://` in front to say how TLS begins; ports 143 and 587 mean STARTTLS.
    pub fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (security, rest) = match text.split_once("://") {
            Some(("tls", rest)) => (Some(Security::Tls), rest),
            Some(("starttls", rest)) => (Some(Security::StartTls), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':').map(str::parse).transpose().ok()?),
            None => match rest.rsplit_once(':') {
                Some((host, port)) => (host, Some(port.parse().ok()?)),
                None => (rest, None),
            },
        };
        let port = port.unwrap_or(default_port);
        let usual = if matches!(port, 143 | 587) { Security::StartTls } else { Security::Tls };
        let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
        is_host.then(|| Server { host: host.to_owned(), port, security: security.unwrap_or(usual) })
    }
}

/// A host name from the network as it stands in DNS: A-labels, lower case, no last dot. At least two labels, and no
/// address: what a stranger names must not lead into the own network.
pub fn ascii_host(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > MAX_HOST {
        return None;
    }
    let host = idna::domain_to_ascii_strict(text).ok()?;
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    // A number at the end makes an address of it (0x7f.1 and the like: WHATWG URL, "ends in a number").
    let is_number =
        |label: &&str| label.starts_with("0x") || label.bytes().all(|octet| octet.is_ascii_digit());
    let is_name = labels.len() >= 2 && labels.iter().all(|label| is_label(label));
    (host.len() <= MAX_HOST && is_name && !labels.last().is_some_and(is_number)).then_some(host)
}

/// Whether `host` is `domain` or below it. Both as [`ascii_host`] gives them.
pub fn is_within(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}
