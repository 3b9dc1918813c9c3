//! Whole answers (RFC 9051 section 7).

use super::cursor::{Broken, Cursor, Read};
use super::fetched::Fetched;
use super::status::{Status, StatusKind, split};
use crate::sync::UidSet;

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// `+`: go on, with what a mechanism or a person may want to read.
    Continue(Vec<u8>),
    /// The end of the command with this tag.
    Tagged {
        /// The tag.
        tag: String,
        /// How it ended; never BYE or PREAUTH.
        status: Status,
    },
    /// A status that ends nothing.
    Untagged(Status),
    /// CAPABILITY.
    Capability(Vec<String>),
    /// ENABLED (RFC 5161).
    Enabled(Vec<String>),
    /// LIST.
    List {
        /// Attributes with their backslashes.
        attributes: Vec<String>,
        /// What separates the steps of a path; `None` for a flat name.
        delimiter: Option<char>,
        /// The name as it travels.
        name: Vec<u8>,
    },
    /// LSUB: the name alone.
    Subscribed(Vec<u8>),
    /// SEARCH or ESEARCH.
    Found(UidSet),
    /// Number of mails in the open folder.
    Exists(u32),
    /// The mail with this sequence number is gone.
    Expunge(u32),
    /// A mail, or news of one.
    Fetch(Fetched),
    /// VANISHED (RFC 7162 section 3.2.10).
    Vanished {
        /// They are gone since the time that was asked for, not just now.
        earlier: bool,
        /// They.
        uids: UidSet,
    },
    /// STATUS, of whatever folder.
    Status {
        /// UIDVALIDITY.
        uid_validity: Option<u32>,
        /// UIDNEXT.
        uid_next: Option<u32>,
    },
    /// What is of no use here.
    Other,
}

/// An answer that breaks its grammar. It was taken from the stream whole: the connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer is not understood")]
pub struct Malformed {
    /// The mail that it is about, when that could be read.
    pub uid: Option<u32>,
    /// It is a FETCH.
    pub is_fetch: bool,
}

impl Response {
    /// Reads one answer that [`Framer`](super::Framer) found the end of.
    pub fn parse(frame: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::of(frame);
        let mut fetched = None;
        read(&mut cursor, &mut fetched).map_err(|Broken| Malformed {
            uid: fetched.as_ref().and_then(|mail: &Fetched| mail.uid),
            is_fetch: fetched.is_some(),
        })
    }
}

fn read(cursor: &mut Cursor<'_>, fetched: &mut Option<Fetched>) -> Read<Response> {
    if cursor.eat(b'+') {
        cursor.eat(b' ');
        return Ok(Response::Continue(cursor.rest().to_vec()));
    }
    if cursor.peek() != Some(b'*') {
        let tag = cursor.word()?;
        cursor.space()?;
        let kind = StatusKind::of(&cursor.keyword()).ok_or(Broken)?;
        if matches!(kind, StatusKind::Bye | StatusKind::Preauth) {
            return Err(Broken);
        }
        return Ok(Response::Tagged { tag, status: Status::read(kind, cursor) });
    }
    cursor.expect(b'*')?;
    cursor.space()?;
    if cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        return numbered(cursor, fetched);
    }
    let word = cursor.keyword();
    if let Some(kind) = StatusKind::of(&word) {
        return Ok(Response::Untagged(Status::read(kind, cursor)));
    }
    Ok(match word.as_str() {
        "CAPABILITY" => Response::Capability(split(cursor.rest())),
        "ENABLED" => Response::Enabled(split(cursor.rest())),
        "LIST" => list(cursor)?,
        "LSUB" => match list(cursor)? {
            Response::List { name, .. } => Response::Subscribed(name),
            other => other,
        },
        "SEARCH" => search(cursor)?,
        "ESEARCH" => extended_search(cursor)?,
        "STATUS" => status_of_folder(cursor)?,
        "VANISHED" => {
            cursor.space()?;
            let earlier = cursor.peek() == Some(b'(');
            if earlier {
                cursor.skip()?;
                cursor.space()?;
            }
            Response::Vanished { earlier, uids: cursor.set()? }
        }
        _ => Response::Other,
    })
}

fn numbered(cursor: &mut Cursor<'_>, fetched: &mut Option<Fetched>) -> Read<Response> {
    let number = cursor.number32()?;
    cursor.space()?;
    Ok(match cursor.keyword().as_str() {
        "EXISTS" => Response::Exists(number),
        "EXPUNGE" if number > 0 => Response::Expunge(number),
        "FETCH" if number > 0 => {
            let mail = fetched.insert(Fetched { sequence: number, ..Fetched::default() });
            mail.read(cursor)?;
            Response::Fetch(std::mem::take(mail))
        }
        "EXPUNGE" | "FETCH" => return Err(Broken),
        _ => Response::Other,
    })
}

fn list(cursor: &mut Cursor<'_>) -> Read<Response> {
    cursor.space()?;
    let attributes = cursor.words()?;
    cursor.space()?;
    let delimiter = cursor.nstring()?.and_then(|octets| std::str::from_utf8(&octets).ok()?.chars().next());
    cursor.space()?;
    // What RFC 5258 adds behind the name is of no use here.
    Ok(Response::List { attributes, delimiter, name: cursor.astring()?.into_owned() })
}

fn search(cursor: &mut Cursor<'_>) -> Read<Response> {
    let mut found = Vec::new();
    cursor.spaces();
    while cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        found.push(cursor.nonzero()?);
        cursor.spaces();
    }
    // (MODSEQ n) of RFC 7162.
    if cursor.peek() == Some(b'(') {
        cursor.skip()?;
        cursor.spaces();
    }
    if !cursor.is_empty() {
        return Err(Broken);
    }
    Ok(Response::Found(found.into_iter().collect()))
}

/// `ESEARCH (TAG "A1") UID ALL 4:19,21` (RFC 4731).
fn extended_search(cursor: &mut Cursor<'_>) -> Read<Response> {
    let mut found = UidSet::new();
    cursor.spaces();
    if cursor.peek() == Some(b'(') {
        cursor.skip()?;
    }
    cursor.spaces();
    while !cursor.is_empty() {
        let name = cursor.keyword();
        cursor.spaces();
        match name.as_str() {
            "UID" => {}
            "ALL" => found = cursor.set()?,
            "" => return Err(Broken),
            _ => cursor.skip()?,
        }
        cursor.spaces();
    }
    Ok(Response::Found(found))
}

/// `STATUS name (UIDNEXT 44292 MESSAGES 231)`
fn status_of_folder(cursor: &mut Cursor<'_>) -> Read<Response> {
    let (mut uid_validity, mut uid_next) = (None, None);
    cursor.space()?;
    cursor.astring()?;
    cursor.space()?;
    cursor.expect(b'(')?;
    cursor.spaces();
    while !cursor.eat(b')') {
        let name = cursor.keyword();
        cursor.space()?;
        match name.as_str() {
            "UIDVALIDITY" => uid_validity = Some(cursor.nonzero()?),
            "UIDNEXT" => uid_next = Some(cursor.nonzero()?),
            "" => return Err(Broken),
            _ => cursor.skip()?,
        }
        cursor.spaces();
    }
    Ok(Response::Status { uid_validity, uid_next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Response {
        Response::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn set(text: &str) -> UidSet {
        UidSet::parse(text, None).unwrap()
    }

    #[test]
    fn examples_of_the_rfcs() {
        for (text, expected) in [
            ("+ idling\r\n", Response::Continue(b"idling".to_vec())),
            ("+\r\n", Response::Continue(vec![])),
            (
                "* CAPABILITY IMAP4rev1  AUTH=PLAIN\r\n",
                Response::Capability(words(&["IMAP4rev1", "AUTH=PLAIN"])),
            ),
            ("* ENABLED QRESYNC\r\n", Response::Enabled(words(&["QRESYNC"]))),
            ("* ENABLED\r\n", Response::Enabled(vec![])),
            ("* 23 EXISTS\r\n", Response::Exists(23)),
            ("* 0 exists\r\n", Response::Exists(0)),
            ("* 44 EXPUNGE\r\n", Response::Expunge(44)),
            ("* 5 RECENT\r\n", Response::Other),
            ("* SEARCH\r\n", Response::Found(UidSet::new())),
            ("* SEARCH 2 84 882\r\n", Response::Found(set("2,84,882"))),
            ("* SEARCH 2 5 (MODSEQ 917162500)\r\n", Response::Found(set("2,5"))),
            ("* ESEARCH (TAG \"A285\") UID MIN 7 ALL 4:18,21\r\n", Response::Found(set("4:18,21"))),
            ("* ESEARCH (TAG \"A285\")\r\n", Response::Found(UidSet::new())),
            (
                "* VANISHED (EARLIER) 300:310,405,411\r\n",
                Response::Vanished { earlier: true, uids: set("300:310,405,411") },
            ),
            ("* VANISHED 9:7\r\n", Response::Vanished { earlier: false, uids: set("7:9") }),
            (
                "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent Items\"\r\n",
                Response::List {
                    attributes: words(&["\\HasNoChildren", "\\Sent"]),
                    delimiter: Some('/'),
                    name: b"Sent Items".to_vec(),
                },
            ),
            (
                "* LIST () NIL {3}\r\na\"b\r\n",
                Response::List { attributes: vec![], delimiter: None, name: b"a\"b".to_vec() },
            ),
            (
                "* LIST ( \\Noselect ) \"\\\\\" [Gmail] (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n",
                Response::List {
                    attributes: words(&["\\Noselect"]),
                    delimiter: Some('\\'),
                    name: b"[Gmail]".to_vec(),
                },
            ),
            ("* LSUB () \".\" INBOX.a\r\n", Response::Subscribed(b"INBOX.a".to_vec())),
            ("* ID (\"name\" \"x\")\r\n", Response::Other),
            ("* FLAGS (\\Seen)\r\n", Response::Other),
            ("* STATUS x ()\r\n", Response::Status { uid_validity: None, uid_next: None }),
            (
                "* STATUS \"a (b\" (MESSAGES 231 UIDNEXT 44292 SIZE 5000000000 UIDVALIDITY 7)\r\n",
                Response::Status { uid_validity: Some(7), uid_next: Some(44292) },
            ),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
        let Response::Tagged { tag, status } = parsed("A7 NO [LIMIT] Too many\r\n") else { panic!() };
        assert_eq!((tag.as_str(), status.kind, status.says("LIMIT")), ("A7", StatusKind::No, true));
        let Response::Untagged(status) = parsed("* bye\r\n") else { panic!() };
        assert_eq!((status.kind, status.text.as_str()), (StatusKind::Bye, ""));
    }

    #[test]
    fn what_breaks_the_grammar_is_said_and_names_its_mail() {
        for text in [
            "\r\n",
            "*\r\n",
            "A1\r\n",
            "A1 BYE x\r\n",
            "A1 PREAUTH x\r\n",
            "A1 FETCH x\r\n",
            "* 0 EXPUNGE\r\n",
            "* 4294967296 EXISTS\r\n",
            "* VANISHED 0:7\r\n",
            "* VANISHED 1:*\r\n",
            "* VANISHED\r\n",
            "* SEARCH 0\r\n",
            "* SEARCH 1 x)\r\n",
            "* LIST (\\A \"/\" x\r\n",
            "* LIST () x y\r\n",
            "* STATUS x (UIDNEXT 0)\r\n",
            "* STATUS x (UIDNEXT 1\r\n",
        ] {
            let malformed = Response::parse(text.as_bytes());
            assert_eq!(malformed, Err(Malformed { uid: None, is_fetch: false }), "{text}");
        }
        for (text, uid) in [("* 1 FETCH (UID 4 FLAGS x)", Some(4)), ("* 1 FETCH (FLAGS x)", None)] {
            assert_eq!(Response::parse(text.as_bytes()), Err(Malformed { uid, is_fetch: true }), "{text}");
        }
        // It panics in a parser that many use.
        let Response::Fetch(mail) = parsed("* 1 FETCH (INTERNALDATE NIL)\r\n") else { panic!() };
        assert_eq!(mail.received, None);
    }

    proptest::proptest! {
        #[test]
        fn reading_is_total(text in proptest::collection::vec(proptest::sample::select(
            &b"* 1 FETCH(UID BODY[]<>{3}\r\nNIL\"\\~OK[]+VANISHED:,9LIST/"[..]), 0..60)) {
            let _ = Response::parse(&text);
        }
    }
}
