//! Flags of a mail (RFC 9051 section 2.3.2).

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `\Seen`
    Seen,
    /// `\Answered`
    Answered,
    /// `\Flagged`
    Flagged,
    /// `\Deleted`
    Deleted,
    /// `\Draft`
    Draft,
    /// `$Forwarded` (RFC 5788)
    Forwarded,
    /// `$Junk` (RFC 9051)
    Junk,
    /// `$NotJunk` (RFC 9051)
    NotJunk,
    /// Another keyword.
    Keyword(Keyword),
}

const KNOWN: [(Flag, &str); 8] = [
    (Flag::Seen, "\\Seen"),
    (Flag::Answered, "\\Answered"),
    (Flag::Flagged, "\\Flagged"),
    (Flag::Deleted, "\\Deleted"),
    (Flag::Draft, "\\Draft"),
    (Flag::Forwarded, "$Forwarded"),
    (Flag::Junk, "$Junk"),
    (Flag::NotJunk, "$NotJunk"),
];

impl Flag {
    /// As servers write it, in any case. `None` for `\Recent`, which belongs to a connection and not to a mail, for
    /// other flags with a backslash, and for what is no atom.
    pub fn parse(word: &str) -> Option<Flag> {
        match KNOWN.iter().find(|(_, name)| name.eq_ignore_ascii_case(word)) {
            Some((flag, _)) => Some(flag.clone()),
            None => Keyword::parse(word).map(Flag::Keyword),
        }
    }
}

impl fmt::Display for Flag {
    /// As in a STORE command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, KNOWN.iter().find(|(flag, _)| flag == self)) {
            (Flag::Keyword(keyword), _) => f.write_str(&keyword.0),
            (_, Some((_, name))) => f.write_str(name),
            (_, None) => Ok(()),
        }
    }
}

/// A keyword: an atom; `Work` and `work` are the same one.
#[derive(Clone, Debug)]
pub struct Keyword(String);

impl Keyword {
    /// An atom (RFC 9051 section 9, `flag-keyword`).
    pub fn parse(word: &str) -> Option<Keyword> {
        let is_atom = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
        (!word.is_empty() && word.bytes().all(is_atom)).then(|| Keyword(word.to_owned()))
    }
}

impl Ord for Keyword {
    fn cmp(&self, other: &Self) -> Ordering {
        let folded = |keyword: &Keyword| keyword.0.to_ascii_lowercase();
        folded(self).cmp(&folded(other))
    }
}

impl PartialOrd for Keyword {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

/// A set of flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", from = "Vec<String>")]
pub struct Flags(BTreeSet<Flag>);

impl Flags {
    /// From the words of a FLAGS answer; what [`Flag::parse`] refuses is left out.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Flags {
        words.into_iter().filter_map(Flag::parse).collect()
    }

    /// It is set.
    pub fn has(&self, flag: &Flag) -> bool {
        self.0.contains(flag)
    }

    /// None is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets all of `flags`.
    pub fn add(&mut self, flags: &Flags) {
        self.0.extend(flags.0.iter().cloned());
    }

    /// Clears all of `flags`.
    pub fn remove(&mut self, flags: &Flags) {
        self.0.retain(|flag| !flags.0.contains(flag));
    }

    /// Each, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &Flag> {
        self.0.iter()
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        // Of two spellings the first stays.
        let mut set = BTreeSet::new();
        flags.into_iter().for_each(|flag| {
            set.insert(flag);
        });
        Flags(set)
    }
}

impl fmt::Display for Flags {
    /// In parentheses, as in a STORE command.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(Flag::to_string).collect();
        write!(f, "({})", words.join(" "))
    }
}

impl From<Flags> for Vec<String> {
    fn from(flags: Flags) -> Self {
        flags.0.iter().map(Flag::to_string).collect()
    }
}

impl From<Vec<String>> for Flags {
    fn from(words: Vec<String>) -> Self {
        Flags::parse(words.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_flags_are_read_in_any_case_and_written_as_the_rfc_does() {
        let flags = Flags::parse(["\\SEEN", "\\recent", "$junk", "\\Whatever", "Work", "WORK", "a b", ""]);
        assert_eq!(flags.to_string(), "(\\Seen $Junk Work)");
        assert!(flags.has(&Flag::Seen) && flags.has(&Flag::Junk) && !flags.has(&Flag::NotJunk));
    }

    #[test]
    fn no_word_of_a_server_becomes_a_command() {
        for word in ["x) NOOP", "a\r\nb", "\"x\"", "{5}", "(", "é", "\\", "a]b"] {
            assert_eq!(Flag::parse(word), None, "{word:?}");
        }
    }

    #[test]
    fn flags_are_stored_as_words() {
        let flags = Flags::parse(["$Forwarded", "\\Answered", "Later"]);
        let text = serde_json::to_string(&flags).unwrap();
        assert_eq!(text, r#"["\\Answered","$Forwarded","Later"]"#);
        assert_eq!(serde_json::from_str::<Flags>(&text).unwrap(), flags);
    }
}
