//! Commands. Words come from the program; what comes from servers or people is written as a string that can't break out of it.

use std::fmt::Display;

use zeroize::Zeroizing;

use crate::sync::{Flags, UidSet};

/// A part of a command.
#[derive(Debug)]
pub enum Piece {
    /// A part of a line.
    Text(Zeroizing<Vec<u8>>),
    /// A literal; its length is announced behind the text before it.
    Literal(Zeroizing<Vec<u8>>),
}

/// A command without its tag. What it holds is wiped when it is dropped: it may be a password.
#[derive(Debug)]
pub struct Command {
    pieces: Vec<Piece>,
}

impl Command {
    /// A command of these words.
    pub fn new(words: &'static str) -> Self {
        let mut command = Command { pieces: Vec::new() };
        command.raw(words.as_bytes());
        command
    }

    /// Words of the program, behind a space.
    pub fn words(mut self, words: &'static str) -> Self {
        self.raw(b" ");
        self.raw(words.as_bytes());
        self
    }

    /// A number, a set of UIDs or flags, behind a space.
    fn display(mut self, value: &dyn Display) -> Self {
        self.raw(format!(" {value}").as_bytes());
        self
    }

    /// UIDs.
    pub fn set(self, uids: &UidSet) -> Self {
        self.display(uids)
    }

    /// A number.
    pub fn number(self, number: u64) -> Self {
        self.display(&number)
    }

    /// Flags in parentheses.
    pub fn flags(self, flags: &Flags) -> Self {
        self.display(flags)
    }

    /// A whole line of words, numbers, sets and quoted strings. Control characters are left out.
    pub fn line(text: &str) -> Self {
        let mut command = Command { pieces: Vec::new() };
        command.raw(text.replace(|c: char| c.is_control(), "").as_bytes());
        command
    }

    /// Words made from numbers and sets alone, behind a space. Control characters are left out.
    pub fn formatted(mut self, words: &str) -> Self {
        self.raw(b" ");
        self.raw(words.replace(|c: char| c.is_control(), "").as_bytes());
        self
    }

    /// A string: quoted when it is printable ASCII, else a literal. With NUL it is refused by every server.
    pub fn string(mut self, octets: &[u8]) -> Self {
        self.raw(b" ");
        if octets.len() > 1000 || octets.iter().any(|o| !matches!(o, b' '..=b'~')) {
            self.pieces.push(Piece::Literal(Zeroizing::new(octets.to_vec())));
            return self;
        }
        self.raw(b"\"");
        for octet in octets {
            if matches!(octet, b'"' | b'\\') {
                self.raw(b"\\");
            }
            self.raw(&[*octet]);
        }
        self.raw(b"\"");
        self
    }

    /// A literal.
    pub fn literal(mut self, octets: &[u8]) -> Self {
        self.raw(b" ");
        self.pieces.push(Piece::Literal(Zeroizing::new(octets.to_vec())));
        self
    }

    /// Base64 of octets, behind a space; `=` for none (RFC 4959).
    pub fn base64(mut self, octets: &[u8]) -> Self {
        let encoded = Zeroizing::new(data_encoding::BASE64.encode(octets));
        self.raw(b" ");
        self.raw(if encoded.is_empty() { b"=" } else { encoded.as_bytes() });
        self
    }

    /// Its parts in order; text and literals alternate, text first.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    fn raw(&mut self, octets: &[u8]) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => {
                // Growing in place would leave a copy of what was there.
                if text.capacity().saturating_sub(text.len()) < octets.len() {
                    let mut larger = Zeroizing::new(Vec::with_capacity(
                        text.len().saturating_add(octets.len()).saturating_mul(2),
                    ));
                    larger.extend_from_slice(text);
                    *text = larger;
                }
                text.extend_from_slice(octets);
            }
            _ => self.pieces.push(Piece::Text(Zeroizing::new(octets.to_vec()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(command: &Command) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            Piece::Literal(octets) => format!("{{{}}}{}", octets.len(), String::from_utf8_lossy(octets)),
        };
        command.pieces().iter().map(piece).collect()
    }

    #[test]
    fn commands_as_the_rfc_writes_them() {
        let uids: UidSet = [3, 4, 5, 9].into_iter().collect();
        let store =
            Command::new("UID STORE").set(&uids).words("+FLAGS.SILENT").flags(&Flags::parse(["\\Seen"]));
        assert_eq!(written(&store), "UID STORE 3:5,9 +FLAGS.SILENT (\\Seen)");
        assert_eq!(written(&Command::new("LOGIN").string(b"a").string(b"b c")), "LOGIN \"a\" \"b c\"");
        assert_eq!(written(&Command::new("AUTHENTICATE PLAIN").base64(b"")), "AUTHENTICATE PLAIN =");
        assert_eq!(
            written(&Command::new("AUTHENTICATE PLAIN").base64(b"\0a\0b")),
            "AUTHENTICATE PLAIN AGEAYg=="
        );
    }

    #[test]
    fn no_string_breaks_out_of_its_command() {
        assert_eq!(written(&Command::new("SELECT").string(b"a\" X \\")), "SELECT \"a\\\" X \\\\\"");
        assert_eq!(
            written(&Command::new("SELECT").string(b"a\r\nX LOGOUT").words("b")),
            "SELECT {11}a\r\nX LOGOUT b"
        );
        assert_eq!(written(&Command::new("LOGIN").string("ü".as_bytes()).string(b"")), "LOGIN {2}ü \"\"");
        assert_eq!(written(&Command::new("X").formatted("1\r\n2")), "X 12");
    }
}
