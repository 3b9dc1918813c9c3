//! Reading the parts of one whole answer.

use std::borrow::Cow;

use crate::sync::UidSet;

/// What could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

pub(super) type Read<T> = Result<T, Broken>;

/// The octets of an answer that are not read yet, without the end of its last line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn of(frame: &'a [u8]) -> Self {
        let line = frame.strip_suffix(b"\n").unwrap_or(frame);
        Cursor { rest: line.strip_suffix(b"\r").unwrap_or(line) }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Takes `octet` when it is next.
    pub(super) fn eat(&mut self, octet: u8) -> bool {
        let taken = self.rest.split_first().filter(|(first, _)| **first == octet);
        if let Some((_, rest)) = taken {
            self.rest = rest;
        }
        taken.is_some()
    }

    pub(super) fn expect(&mut self, octet: u8) -> Read<()> {
        if self.eat(octet) { Ok(()) } else { Err(Broken) }
    }

    /// One space or several: some servers write two.
    pub(super) fn space(&mut self) -> Read<()> {
        self.expect(b' ')?;
        self.spaces();
        Ok(())
    }

    pub(super) fn spaces(&mut self) {
        while self.eat(b' ') {}
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|o| !keep(*o)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Broken)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A word of visible characters that needs no quotes. Wider than the atom of RFC 9051: flags and sections are such words too.
    pub(super) fn atom(&mut self) -> Read<&'a [u8]> {
        let word = self.take_while(|o| o > b' ' && o != 0x7f && !matches!(o, b'(' | b')' | b'{' | b'"'));
        if word.is_empty() { Err(Broken) } else { Ok(word) }
    }

    /// As [`Cursor::atom`], as text; octets that are none are replaced.
    pub(super) fn word(&mut self) -> Read<String> {
        self.atom().map(|word| String::from_utf8_lossy(word).into_owned())
    }

    /// Letters of a keyword, in upper case.
    pub(super) fn keyword(&mut self) -> String {
        let letters = self.take_while(|o| o.is_ascii_alphanumeric() || matches!(o, b'.' | b'-' | b'_'));
        String::from_utf8_lossy(letters).to_ascii_uppercase()
    }

    pub(super) fn number(&mut self) -> Read<u64> {
        let digits = self.take_while(|o| o.is_ascii_digit());
        std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(Broken)
    }

    pub(super) fn number32(&mut self) -> Read<u32> {
        u32::try_from(self.number()?).map_err(|_| Broken)
    }

    /// A number that is never 0: UIDs, UIDVALIDITY, sequence numbers.
    pub(super) fn nonzero(&mut self) -> Read<u32> {
        self.number32().and_then(|number| if number == 0 { Err(Broken) } else { Ok(number) })
    }

    /// A quoted string or a literal.
    pub(super) fn string(&mut self) -> Read<Cow<'a, [u8]>> {
        if self.eat(b'"') {
            return self.quoted();
        }
        self.eat(b'~');
        self.expect(b'{')?;
        let length = usize::try_from(self.number()?).map_err(|_| Broken)?;
        self.expect(b'}')?;
        self.eat(b'\r');
        self.expect(b'\n')?;
        self.take(length).map(Cow::Borrowed)
    }

    fn quoted(&mut self) -> Read<Cow<'a, [u8]>> {
        let plain = self.take_while(|o| !matches!(o, b'"' | b'\\' | b'\r' | b'\n'));
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut unescaped = plain.to_vec();
        loop {
            if self.eat(b'"') {
                return Ok(Cow::Owned(unescaped));
            }
            self.eat(b'\\');
            let (octet, rest) = self.rest.split_first().ok_or(Broken)?;
            if matches!(octet, b'\r' | b'\n') {
                return Err(Broken);
            }
            unescaped.push(*octet);
            self.rest = rest;
            unescaped.extend_from_slice(self.take_while(|o| !matches!(o, b'"' | b'\\' | b'\r' | b'\n')));
        }
    }

    /// A string, or `None` for NIL.
    pub(super) fn nstring(&mut self) -> Read<Option<Cow<'a, [u8]>>> {
        if matches!(self.peek(), Some(b'n' | b'N')) {
            return if self.atom()?.eq_ignore_ascii_case(b"NIL") { Ok(None) } else { Err(Broken) };
        }
        self.string().map(Some)
    }

    /// A string or a word.
    pub(super) fn astring(&mut self) -> Read<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string(),
            _ => self.atom().map(Cow::Borrowed),
        }
    }

    /// Words between parentheses.
    pub(super) fn words(&mut self) -> Read<Vec<String>> {
        let mut words = Vec::new();
        self.expect(b'(')?;
        self.spaces();
        while !self.eat(b')') {
            words.push(self.word()?);
            self.spaces();
        }
        Ok(words)
    }

    /// Steps over a value of any form, however deep its parentheses.
    pub(super) fn skip(&mut self) -> Read<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(Broken)? {
                b'(' => {
                    self.eat(b'(');
                    depth = depth.saturating_add(1);
                }
                b')' => {
                    depth = depth.checked_sub(1).ok_or(Broken)?;
                    self.eat(b')');
                }
                b'"' | b'{' => {
                    self.string()?;
                }
                _ => {
                    self.atom()?;
                }
            }
            if depth == 0 {
                return Ok(());
            }
            self.spaces();
        }
    }

    /// UIDs and ranges of them as they are written; never `*`.
    pub(super) fn set_text(&mut self) -> Read<&'a str> {
        let text = self.take_while(|o| o.is_ascii_digit() || matches!(o, b':' | b','));
        std::str::from_utf8(text).map_err(|_| Broken)
    }

    pub(super) fn set(&mut self) -> Read<UidSet> {
        UidSet::parse(self.set_text()?, None).map_err(|_| Broken)
    }
}
