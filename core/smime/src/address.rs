//! Mail addresses as certificates carry them (RFC 5280 section 4.2.1.6, RFC 9598).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest address accepted, in octets (RFC 5321 section 4.5.3.1: 64 local part, `@`, 255 domain).
pub const MAX_ADDRESS_OCTETS: usize = 320;

/// An addr-spec (RFC 5322 section 3.4.1) without comments, quoting or white space.
///
/// The domain is kept in lower case. The local part keeps its spelling, but two addresses that differ
/// only in the case of ASCII letters are equal: no mail system in use tells them apart, and a second
/// identity that differs by case would be an imitation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    spelling: String,
    folded: String,
}

/// Why a text is not a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address (expected name@domain)")]
pub struct NotAnAddress;

impl EmailAddress {
    /// The address as it is written in mail: local part as given, domain in lower case.
    pub fn as_str(&self) -> &str {
        &self.spelling
    }

    /// The form for comparison and for keys: all ASCII letters in lower case.
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The domain, in lower case.
    pub fn domain(&self) -> &str {
        self.spelling.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The part before the last `@`.
    pub fn local_part(&self) -> &str {
        self.spelling.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let plain = |c: char| {
            !c.is_control()
                && !c.is_whitespace()
                && !matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '\\' | '"' | '[' | ']' | '@')
        };
        let dots = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.contains("..")
        };
        if text.len() > MAX_ADDRESS_OCTETS
            || local.len() > 64
            || !dots(local)
            || !dots(domain)
            || !local.chars().all(plain)
            || !domain.chars().all(plain)
            || text.chars().any(is_invisible)
        {
            return Err(NotAnAddress);
        }
        let spelling = format!("{local}@{}", domain.to_lowercase());
        let folded = spelling.to_ascii_lowercase();
        Ok(EmailAddress { spelling, folded })
    }
}

/// Characters that show nothing or change the direction of what is shown (Unicode default ignorables and bidi controls):
/// an address with one would look like another address.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

impl TryFrom<String> for EmailAddress {
    type Error = NotAnAddress;
    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> String {
        address.spelling
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelling)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}
impl Eq for EmailAddress {}
impl PartialOrd for EmailAddress {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for EmailAddress {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}
impl std::hash::Hash for EmailAddress {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_plain_and_international_addresses() {
        for text in ["a@x", "alice.b+c@Example.ORG", "用户@例子.中国"] {
            assert!(text.parse::<EmailAddress>().is_ok(), "{text}");
        }
        let alice: EmailAddress = "Alice@Example.ORG".parse().unwrap();
        assert_eq!(alice.as_str(), "Alice@example.org");
        assert_eq!(alice, "alice@example.org".parse().unwrap());
    }

    #[test]
    fn refuses_what_would_look_like_another_address() {
        for c in ['\u{200b}', '\u{202e}', '\u{2060}', '\u{feff}', '\u{61c}', '\u{ad}'] {
            assert!(format!("bo{c}b@example.org").parse::<EmailAddress>().is_err(), "{c:?}");
            assert!(format!("bob@exam{c}ple.org").parse::<EmailAddress>().is_err(), "{c:?}");
        }
    }

    #[test]
    fn refuses_what_could_hide_a_second_address() {
        for text in
            ["", "a", "@x", "a@", "a@x>, <b@y", "a b@x", "a@x\r\nBcc: c@z", "\"a@y\"@x", "a..b@x", "a@x@y"]
        {
            assert!(text.parse::<EmailAddress>().is_err(), "{text:?}");
        }
    }
}
