//! Status answers and their codes (RFC 9051 section 7.1; RFC 4315, RFC 5530, RFC 7162).

use super::cursor::{Broken, Cursor, Read};
use crate::sync::UidSet;

/// What kind of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusKind {
    /// Done.
    Ok,
    /// Not done: refused.
    No,
    /// Not done: not understood.
    Bad,
    /// The server closes the connection.
    Bye,
    /// A greeting that needs no log-in.
    Preauth,
}

/// One status answer, tagged or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its kind.
    pub kind: StatusKind,
    /// The code in brackets.
    pub code: Option<Code>,
    /// Text for people; not to be branched on.
    pub text: String,
}

/// A code in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// CAPABILITY.
    Capability(Vec<String>),
    /// PERMANENTFLAGS.
    PermanentFlags(Vec<String>),
    /// READ-ONLY.
    ReadOnly,
    /// READ-WRITE.
    ReadWrite,
    /// UIDNEXT.
    UidNext(u32),
    /// UIDVALIDITY.
    UidValidity(u32),
    /// HIGHESTMODSEQ (RFC 7162).
    HighestModSeq(u64),
    /// NOMODSEQ (RFC 7162).
    NoModSeq,
    /// APPENDUID (RFC 4315): UIDVALIDITY and UID.
    AppendUid(u32, u32),
    /// COPYUID (RFC 4315). The order of both sets says which became which, see [`copied_pairs`].
    CopyUid {
        /// UIDVALIDITY of the destination.
        validity: u32,
        /// UIDs in the source, as they are written.
        from: String,
        /// UIDs in the destination, as they are written.
        to: String,
    },
    /// MODIFIED (RFC 7162): UIDs that a conditional STORE left alone.
    Modified(UidSet),
    /// Any other, its first word in upper case; also a known one that breaks its grammar.
    Other(String),
}

impl Status {
    /// Is the code this word (in upper case) of those without an argument of use?
    pub fn says(&self, word: &str) -> bool {
        matches!(&self.code, Some(Code::Other(code)) if code == word)
    }

    /// After the keyword of the status.
    pub(super) fn read(kind: StatusKind, cursor: &mut Cursor<'_>) -> Status {
        cursor.spaces();
        let before = *cursor;
        let code = if cursor.eat(b'[') { code(cursor).ok() } else { None };
        if code.is_none() {
            *cursor = before;
        }
        cursor.spaces();
        Status { kind, code, text: String::from_utf8_lossy(cursor.rest()).into_owned() }
    }
}

impl StatusKind {
    pub(super) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "OK" => StatusKind::Ok,
            "NO" => StatusKind::No,
            "BAD" => StatusKind::Bad,
            "BYE" => StatusKind::Bye,
            "PREAUTH" => StatusKind::Preauth,
            _ => return None,
        })
    }
}

/// After the opening bracket; the closing one is taken.
fn code(cursor: &mut Cursor<'_>) -> Read<Code> {
    let mut word = cursor.keyword();
    if word.is_empty() {
        return Err(Broken);
    }
    let after_word = *cursor;
    let read = known(&word, cursor).and_then(|code| cursor.expect(b']').map(|()| code));
    if let Ok(code) = read {
        return Ok(code);
    }
    *cursor = after_word;
    cursor.take_while(|o| o != b']');
    cursor.expect(b']')?;
    word.shrink_to_fit();
    Ok(Code::Other(word))
}

fn known(word: &str, cursor: &mut Cursor<'_>) -> Read<Code> {
    let mut argument = || cursor.space();
    Ok(match word {
        "CAPABILITY" => {
            argument()?;
            let words = cursor.take_while(|o| o != b']');
            Code::Capability(split(words))
        }
        "PERMANENTFLAGS" => {
            argument()?;
            Code::PermanentFlags(cursor.words()?)
        }
        "READ-ONLY" => Code::ReadOnly,
        "READ-WRITE" => Code::ReadWrite,
        "NOMODSEQ" => Code::NoModSeq,
        "UIDNEXT" => {
            argument()?;
            Code::UidNext(cursor.nonzero()?)
        }
        "UIDVALIDITY" => {
            argument()?;
            Code::UidValidity(cursor.nonzero()?)
        }
        "HIGHESTMODSEQ" => {
            argument()?;
            Code::HighestModSeq(cursor.number()?)
        }
        "APPENDUID" => {
            argument()?;
            let validity = cursor.nonzero()?;
            cursor.space()?;
            Code::AppendUid(validity, cursor.nonzero()?)
        }
        "COPYUID" => {
            argument()?;
            let validity = cursor.nonzero()?;
            cursor.space()?;
            let from = cursor.set_text()?.to_owned();
            cursor.space()?;
            Code::CopyUid { validity, from, to: cursor.set_text()?.to_owned() }
        }
        "MODIFIED" => {
            argument()?;
            Code::Modified(cursor.set()?)
        }
        _ => return Err(Broken),
    })
}

/// Words between spaces.
pub(super) fn split(words: &[u8]) -> Vec<String> {
    let words = words.split(|o| *o == b' ').filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// Which UID became which: the sets of COPYUID, matched in their order. `None` when they are no sets, have not the same number of
/// UIDs, or more than `limit`.
pub fn copied_pairs(from: &str, to: &str, limit: usize) -> Option<Vec<(u32, u32)>> {
    let from = UidSet::parse_in_order(from, limit).ok()?;
    let to = UidSet::parse_in_order(to, limit).ok()?;
    (from.len() == to.len()).then(|| from.into_iter().zip(to).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> Status {
        Status::read(StatusKind::Ok, &mut Cursor::of(text.as_bytes()))
    }

    #[test]
    fn codes_of_the_rfcs() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (text, code) in [
            (" [CAPABILITY IMAP4rev1 IDLE] hi", Code::Capability(words(&["IMAP4rev1", "IDLE"]))),
            (" [PERMANENTFLAGS (\\Seen \\*)] Limited", Code::PermanentFlags(words(&["\\Seen", "\\*"]))),
            (" [PERMANENTFLAGS ()] None", Code::PermanentFlags(vec![])),
            (" [READ-ONLY] x", Code::ReadOnly),
            (" [uidnext 4392] x", Code::UidNext(4392)),
            (" [UIDVALIDITY 3857529045] x", Code::UidValidity(3_857_529_045)),
            (" [HIGHESTMODSEQ 715194045007] x", Code::HighestModSeq(715_194_045_007)),
            (" [NOMODSEQ] x", Code::NoModSeq),
            (" [APPENDUID 38505 3955] x", Code::AppendUid(38505, 3955)),
            (
                " [COPYUID 38505 304,319:320 3956:3958] x",
                Code::CopyUid { validity: 38505, from: "304,319:320".to_owned(), to: "3956:3958".to_owned() },
            ),
            (" [MODIFIED 7,9] x", Code::Modified([7, 9].into_iter().collect())),
            (" [OVERQUOTA] x", Code::Other("OVERQUOTA".to_owned())),
            (" [BADCHARSET (UTF-8)] x", Code::Other("BADCHARSET".to_owned())),
            // Known words that break their grammar.
            (" [UIDNEXT 0] x", Code::Other("UIDNEXT".to_owned())),
            (" [UIDNEXT 4294967296] x", Code::Other("UIDNEXT".to_owned())),
            (" [COPYUID 1 2] x", Code::Other("COPYUID".to_owned())),
        ] {
            assert_eq!(status(text).code, Some(code), "{text}");
        }
        assert_eq!(status(" [OVERQUOTA] Full").text, "Full");
        assert!(status(" [OVERQUOTA] Full").says("OVERQUOTA"));
    }

    #[test]
    fn text_that_only_looks_like_a_code_is_text() {
        for text in ["[unclosed", "[] empty", "plain", "[ x] space"] {
            let status = status(&format!(" {text}"));
            assert_eq!((status.code, status.text.as_str()), (None, text));
        }
    }

    #[test]
    fn copies_are_matched_in_the_order_of_the_server() {
        let pairs = copied_pairs("319:320,304", "3956:3958", 3);
        assert_eq!(pairs, Some(vec![(319, 3956), (320, 3957), (304, 3958)]));
        assert_eq!(copied_pairs("1:2", "5", 10), None, "a lie");
        assert_eq!(copied_pairs("1:4294967295", "1:4294967295", 10), None, "more than was asked for");
        assert_eq!(copied_pairs("1:*", "1", 10), None);
    }
}
