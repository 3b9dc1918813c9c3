//! Thunderbird's `clientConfig` (draft-ietf-mailmaint-autoconfig).

use roxmltree::{Document, Node, ParsingOptions};
use smime::EmailAddress;

use super::server::{Security, Server, ascii_host};
use super::{Authentication, Candidate, Offer, Source, pairs};

/// Largest file that is read, in octets.
pub const MAX_XML_OCTETS: usize = 1024 * 1024;
/// Most elements, texts and comments in a file.
pub const MAX_XML_NODES: u32 = 10_000;
/// Deepest nesting of elements.
pub const MAX_XML_DEPTH: usize = 32;
/// Longest text of an element that is used, in octets.
const MAX_TEXT: usize = 512;
/// Most servers of one kind that are looked at.
const MAX_SERVERS: usize = 16;

/// Why a file gives no servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AutoconfigError {
    /// Over [`MAX_XML_OCTETS`], [`MAX_XML_NODES`] or [`MAX_XML_DEPTH`].
    #[error("the file is larger than is read")]
    TooLarge,
    /// Not XML in UTF-8, or XML with a document type: nothing of ours needs entities, and they are how XML bites.
    #[error("the file is not plain XML")]
    NotXml,
    /// XML of something else.
    #[error("the file is not a mail configuration")]
    NotAConfig,
    /// Servers, but none that offers IMAP and submission with TLS.
    #[error("the file names no servers with an encrypted connection")]
    NoTls,
    /// No usable IMAP and submission server.
    #[error("the file names no IMAP and submission servers")]
    NoServers,
}

/// The candidates in a file that `source` gave for `address`. What OAuth endpoints it names is left alone: a stranger's file
/// must not say where a person types the password of another company.
pub fn from_xml(
    source: Source,
    octets: &[u8],
    address: &EmailAddress,
) -> Result<Vec<Candidate>, AutoconfigError> {
    if octets.len() > MAX_XML_OCTETS {
        return Err(AutoconfigError::TooLarge);
    }
    let text = std::str::from_utf8(octets).map_err(|_| AutoconfigError::NotXml)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_depth(text)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_XML_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => AutoconfigError::TooLarge,
        _ => AutoconfigError::NotXml,
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "clientConfig" {
        return Err(AutoconfigError::NotAConfig);
    }
    let provider = child(root, "emailProvider").ok_or(AutoconfigError::NotAConfig)?;
    let mut refused_plain = false;
    let mut servers = |element: &str, kind: &str| -> Vec<Offer> {
        children(provider, element)
            .filter(|server| server.attribute("type").is_some_and(|it| it.eq_ignore_ascii_case(kind)))
            .take(MAX_SERVERS)
            .filter_map(|server| offer(server, address, &mut refused_plain))
            .collect()
    };
    let imap = servers("incomingServer", "imap");
    let smtp = servers("outgoingServer", "smtp");
    match pairs(source, imap, &smtp) {
        empty if empty.is_empty() && refused_plain => Err(AutoconfigError::NoTls),
        empty if empty.is_empty() => Err(AutoconfigError::NoServers),
        candidates => Ok(candidates),
    }
}

/// Refuses what is nested deeper than [`MAX_XML_DEPTH`] before it is parsed: a bound that does not rest on how the parser is
/// made. Counts tags only; comments and CDATA can make it count too much, never too little in a file that parses.
fn check_depth(text: &str) -> Result<(), AutoconfigError> {
    let octets = text.as_bytes();
    let mut depth = 0usize;
    for (at, octet) in octets.iter().enumerate() {
        let next = octets.get(at + 1);
        match (octet, next) {
            (b'<', Some(b'/')) => depth = depth.saturating_sub(1),
            (b'<', Some(name))
                if name.is_ascii_alphabetic() || *name == b'_' || *name == b':' || *name >= 0x80 =>
            {
                depth += 1;
            }
            (b'/', Some(b'>')) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_XML_DEPTH {
            return Err(AutoconfigError::TooLarge);
        }
    }
    Ok(())
}

fn children<'a>(node: Node<'a, 'a>, name: &str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.children().filter(move |child| child.is_element() && child.tag_name().name() == name)
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    children(node, name).next()
}

fn text<'a>(node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
    child(node, name)?.text().map(str::trim).filter(|text| !text.is_empty() && text.len() <= MAX_TEXT)
}

/// A server that can be used; `None` for any that can't.
fn offer(server: Node<'_, '_>, address: &EmailAddress, refused_plain: &mut bool) -> Option<Offer> {
    let security = match text(server, "socketType")? {
        kind if kind.eq_ignore_ascii_case("SSL") => Security::Tls,
        kind if kind.eq_ignore_ascii_case("STARTTLS") => Security::StartTls,
        _ => {
            *refused_plain = true;
            return None;
        }
    };
    let host = ascii_host(&filled(text(server, "hostname")?, address))?;
    let port = text(server, "port")?.parse().ok().filter(|port| *port != 0)?;
    let login = filled(text(server, "username").unwrap_or("%EMAILADDRESS%"), address);
    if login.len() > MAX_TEXT || login.chars().any(char::is_control) {
        return None;
    }
    let named: Vec<&str> =
        children(server, "authentication").filter_map(|node| node.text()).map(str::trim).collect();
    let mut authentication = Vec::new();
    for way in named.iter().filter_map(|name| way(name)) {
        if !authentication.contains(&way) {
            authentication.push(way);
        }
    }
    // Only ways that we don't have (Kerberos, client certificates, the sender's IP address).
    if authentication.is_empty() && !named.is_empty() {
        return None;
    }
    Some(Offer { server: Server { host, port, security }, login, authentication })
}

fn way(name: &str) -> Option<Authentication> {
    match name.to_ascii_lowercase().as_str() {
        // The second names are the deprecated ones.
        "password-cleartext" | "plain" => Some(Authentication::Password),
        "password-encrypted" | "secure" => Some(Authentication::EncryptedPassword),
        "oauth2" | "xoauth2" => Some(Authentication::OAuth2),
        _ => None,
    }
}

/// With the placeholders replaced, in one pass: what comes from the address is not looked through again.
fn filled(template: &str, address: &EmailAddress) -> String {
    let places = [
        ("%EMAILADDRESS%", address.as_str()),
        ("%EMAILLOCALPART%", address.local_part()),
        ("%EMAILDOMAIN%", address.domain()),
    ];
    let mut text = String::new();
    let mut rest = template;
    while let Some(c) = rest.chars().next() {
        match places.iter().find_map(|(name, value)| Some((rest.strip_prefix(name)?, value))) {
            Some((after, value)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push(c);
                rest = rest.strip_prefix(c).unwrap_or_default();
            }
        }
    }
    text
}
