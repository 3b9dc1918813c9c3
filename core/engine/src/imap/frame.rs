//! Where an answer ends: lines, and literals whose length is announced (RFC 9051 section 4.3).

/// What one answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one line, without the literals in it.
    pub line: usize,
    /// Octets of one literal.
    pub literal: usize,
    /// Octets of a whole answer.
    pub response: usize,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// An answer of this many octets.
    Complete(usize),
    /// The buffer must hold at least this many octets before it makes sense to look again.
    Needs(usize),
}

/// An answer over a limit; what follows can't be understood any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer is larger than is accepted")]
pub struct Overrun;

/// Finds the end of the answer that a buffer begins with. Reset by [`Framed::Complete`].
#[derive(Clone, Debug, Default)]
pub struct Framer {
    scanned: usize,
    line: usize,
}

impl Framer {
    /// Goes on where the last call stopped; `buffer` begins with the same octets as then.
    pub fn advance(&mut self, buffer: &[u8], limits: Limits) -> Result<Framed, Overrun> {
        loop {
            let fresh = buffer.get(self.scanned..).unwrap_or_default();
            let Some(end) = fresh.iter().position(|o| *o == b'\n') else {
                let line = buffer.len().saturating_sub(self.line);
                if line > limits.line {
                    return Err(Overrun);
                }
                self.scanned = self.scanned.max(buffer.len());
                return Ok(Framed::Needs(self.scanned.saturating_add(1)));
            };
            let after = self.scanned.saturating_add(end).saturating_add(1);
            let line = buffer.get(self.line..after).unwrap_or_default();
            if line.len() > limits.line || after > limits.response {
                return Err(Overrun);
            }
            let Some(announced) = announced(line)?.filter(|_| may_hold_literals(buffer)) else {
                *self = Framer::default();
                return Ok(Framed::Complete(after));
            };
            self.line = after.checked_add(announced).ok_or(Overrun)?;
            if announced > limits.literal || self.line > limits.response {
                return Err(Overrun);
            }
            self.scanned = self.line;
            if buffer.len() <= self.scanned {
                return Ok(Framed::Needs(self.scanned.saturating_add(1)));
            }
        }
    }
}

/// Text for people may end in `{5}` by chance: what carries one (status, continuation) has no literals.
fn may_hold_literals(buffer: &[u8]) -> bool {
    let Some(untagged) = buffer.strip_prefix(b"* ") else { return false };
    let word = untagged.split(|o| !o.is_ascii_alphabetic()).next().unwrap_or_default();
    ![&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status))
}

/// The length that a line announces at its end: `{123}`.
fn announced(line: &[u8]) -> Result<Option<usize>, Overrun> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some(line) = line.strip_suffix(b"}") else { return Ok(None) };
    let digits = line.iter().rev().take_while(|o| o.is_ascii_digit()).count();
    let (before, digits) = line.split_at_checked(line.len().saturating_sub(digits)).unwrap_or((line, &[]));
    if digits.is_empty() || before.last() != Some(&b'{') {
        return Ok(None);
    }
    // A number that no machine word holds is a length over every limit.
    let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.map(Some).ok_or(Overrun)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { line: 100, literal: 1000, response: 1500 };

    fn whole(octets: &[u8]) -> Result<Framed, Overrun> {
        Framer::default().advance(octets, LIMITS)
    }

    #[test]
    fn an_answer_ends_after_its_last_literal() {
        for answer in [
            &b"* OK ready\r\n"[..],
            b"* 1 FETCH (UID 1 BODY[] {5}\r\na\r\nb)\r\n",
            b"* 1 FETCH (BODY[1] {0}\r\n BODY[2] ~{3}\r\n\n\n\n UID 1)\r\n",
            b"* LIST () \"/\" {4}\r\nab\r\n\r\n",
            b"+ \r\n",
            b"+ {5}\r\n",
            b"A1 OK see {5}\r\n",
            b"* NO see {5}\r\n",
            b"* BYE\n",
        ] {
            let both = [answer, b"* 2 EXISTS\r\n"].concat();
            assert_eq!(whole(&both), Ok(Framed::Complete(answer.len())), "{answer:?}");
            // Octet by octet: the same end, and never asked for more than the answer has.
            let mut framer = Framer::default();
            for length in 0..answer.len() {
                let Ok(Framed::Needs(needed)) = framer.advance(&answer[..length], LIMITS) else {
                    panic!("{answer:?} ended after {length}")
                };
                assert!(needed > length && needed <= answer.len(), "{answer:?} {length} {needed}");
            }
            assert_eq!(framer.advance(answer, LIMITS), Ok(Framed::Complete(answer.len())));
        }
    }

    #[test]
    fn endless_lines_and_huge_literals_are_left_at_once() {
        assert_eq!(whole(&[b'a'; 101]), Err(Overrun));
        assert_eq!(whole(&[&b"* "[..], &[b'a'; 200], b"\r\n"].concat()), Err(Overrun));
        for length in
            ["1001", "2147483648", "4294967296", "18446744073709551615", "99999999999999999999999999"]
        {
            let line = format!("* 1 FETCH (BODY[] {{{length}}}\r\n");
            assert_eq!(whole(line.as_bytes()), Err(Overrun), "{length}");
        }
        let twice = format!("* 1 FETCH (BODY[1] {{900}}\r\n{} BODY[2] {{900}}\r\n", "a".repeat(900));
        assert_eq!(whole(twice.as_bytes()), Err(Overrun), "each is small enough, both are not");
    }

    #[test]
    fn braces_that_announce_nothing_are_text() {
        for line in [&b"* X {}\r\n"[..], b"* X {-1}\r\n", b"* X 5}\r\n", b"* X {5+}\r\n", b"* X {5} \r\n"] {
            assert_eq!(whole(line), Ok(Framed::Complete(line.len())), "{line:?}");
        }
    }
}
