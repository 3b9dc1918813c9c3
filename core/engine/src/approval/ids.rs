//! Digests that name things, and the code that a foreign reply quotes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smime::{Certificate, Fingerprint};

/// SHA-256 of the approval JSON of a request, octet for octet: what a decision names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestDigest(pub Fingerprint);

/// SHA-256 of the eContent octets as received: the name of one event. Unsigned attributes (tokens) are outside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(pub Fingerprint);

/// SHA-256 of a time-stamp token, octet for octet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Fingerprint);

/// SHA-256 of a DER SubjectPublicKeyInfo: names a signing key across renewed certificates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyName(pub Fingerprint);

impl RequestDigest {
    /// The digest of a request's JSON.
    pub fn of(json: &[u8]) -> Self {
        RequestDigest(Fingerprint::of(json))
    }

    /// The code that stands in the request's text.
    pub fn code(&self) -> Code {
        // 130 bits are 26 base32 digits: 17 octets hold 136 bits, of which the last 6 are cut with the digits.
        let mut digits = data_encoding::BASE32_NOPAD.encode(self.0.as_bytes());
        digits.truncate(CODE_DIGITS);
        Code(digits)
    }
}

impl EventId {
    /// The id of an event with this eContent.
    pub fn of(content: &[u8]) -> Self {
        EventId(Fingerprint::of(content))
    }
}

impl TokenId {
    /// The id of a token.
    pub fn of(token: &[u8]) -> Self {
        TokenId(Fingerprint::of(token))
    }
}

impl KeyName {
    /// The name of the key that a certificate certifies.
    pub fn of(certificate: &Certificate) -> Self {
        KeyName(Fingerprint::of(certificate.public_key_der()))
    }
}

macro_rules! hexadecimal {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = smime::fingerprint::NotAFingerprint;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    )*};
}
hexadecimal!(RequestDigest EventId TokenId KeyName);

/// How many base32 digits (RFC 4648 section 6) a code has.
const CODE_DIGITS: usize = 26;
const CODE_PREFIX: &str = "CS-";

/// `CS-` and 26 base32 digits: the first 130 bits of the request's digest (rule 13).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

/// The text is not `CS-` and 26 base32 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a request's code (expected CS- and 26 letters or digits)")]
pub struct NotACode;

impl Code {
    /// Every different code in a text, in any case, in the order of first occurrence; at most `limit`.
    ///
    /// A code ends where the base32 digits end: a longer run of them is none.
    pub fn all_in(text: &str, limit: usize) -> Vec<Code> {
        let mut found = Vec::new();
        let upper = text.to_ascii_uppercase();
        let mut before = None;
        let mut rest = upper.as_str();
        while let Some((head, tail)) = rest.split_once(CODE_PREFIX) {
            let previous = head.chars().next_back().or(before);
            let digits: String = tail.chars().take_while(|c| is_digit(*c)).take(CODE_DIGITS + 1).collect();
            let stands_alone = !previous.is_some_and(|c| c.is_ascii_alphanumeric());
            let ends = !tail.chars().nth(CODE_DIGITS).is_some_and(|c| c.is_ascii_alphanumeric());
            if digits.len() == CODE_DIGITS && stands_alone && ends {
                let code = Code(digits);
                if !found.contains(&code) {
                    found.push(code);
                }
                if found.len() >= limit {
                    break;
                }
            }
            before = CODE_PREFIX.chars().next_back();
            rest = tail;
        }
        found
    }
}

fn is_digit(c: char) -> bool {
    matches!(c, 'A'..='Z' | '2'..='7')
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CODE_PREFIX}{}", self.0)
    }
}

impl FromStr for Code {
    type Err = NotACode;
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let digits = text.trim().to_ascii_uppercase();
        let digits = digits.strip_prefix(CODE_PREFIX).ok_or(NotACode)?;
        let right = digits.len() == CODE_DIGITS && digits.chars().all(is_digit);
        if right { Ok(Code(digits.to_owned())) } else { Err(NotACode) }
    }
}

impl TryFrom<String> for Code {
    type Error = NotACode;
    fn try_from(text: String) -> Result<Self, NotACode> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> String {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // First 130 bits of SHA-256("") = e3b0c442 98fc1c14 9afbf4c8 996fb924 27..., base32 computed with coreutils' base32.
    const EMPTY: &str = "CS-4OYMIQUY7QOBJGX36TEJS35ZEQ";

    #[test]
    fn code_is_the_first_130_bits_in_base32() {
        assert_eq!(RequestDigest::of(b"").code().to_string(), EMPTY);
    }

    #[test]
    fn codes_are_found_in_quotes_and_in_any_case() {
        let text = format!("Approve\n> > Code: {}\n", EMPTY.to_lowercase());
        assert_eq!(Code::all_in(&text, 8), vec![EMPTY.parse().unwrap()]);
        assert!(Code::all_in(&format!("{EMPTY}A"), 8).is_empty(), "longer run");
        assert!(Code::all_in(&format!("X{EMPTY}"), 8).is_empty(), "glued to a word");
        assert!(Code::all_in("CS-", 8).is_empty());
        assert_eq!(Code::all_in(&format!("CS-CS-{EMPTY}"), 8).len(), 1);
    }
}
