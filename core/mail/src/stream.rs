//! Bodies of any size: base64 and line ends, piece by piece. Strict, unlike the reading of a whole message: what
//! can't be shown to a person with a defect beside it must not be guessed.

use std::io::{self, ErrorKind, Read, Write};

use data_encoding::BASE64;

use crate::part::MAX_HEADER_OCTETS;
use crate::part::delimiter::{Delimiter as Rule, delimiter};

/// Octets that are worked on at once; a multiple of 48 and 57, so that full lines fill it.
const CHUNK: usize = 912 * 64;

/// Octets on a line of base64 in MIME: 76 characters (RFC 2045 section 6.8).
pub const MIME_LINE: usize = 57;
/// Octets on a line of PEM: 64 characters (RFC 7468 section 2).
pub const PEM_LINE: usize = 48;

/// Writes base64 in lines that end with CRLF (MIME) or LF (PEM).
#[derive(Debug)]
pub struct Base64Writer<W> {
    output: W,
    line: usize,
    ending: &'static [u8],
    pending: Vec<u8>,
    encoded: Vec<u8>,
}

impl<W: Write> Base64Writer<W> {
    /// Lines of 76 characters with CRLF.
    pub fn mime(output: W) -> Self {
        Self::new(output, MIME_LINE, b"\r\n")
    }

    /// Lines of 64 characters with LF.
    pub fn pem(output: W) -> Self {
        Self::new(output, PEM_LINE, b"\n")
    }

    fn new(output: W, line: usize, ending: &'static [u8]) -> Self {
        Base64Writer { output, line, ending, pending: Vec::with_capacity(CHUNK), encoded: Vec::new() }
    }

    /// Writes the last line, and gives the output back.
    pub fn finish(mut self) -> io::Result<W> {
        self.encode()?;
        Ok(self.output)
    }

    fn encode(&mut self) -> io::Result<()> {
        self.encoded.clear();
        for line in self.pending.chunks(self.line) {
            let start = self.encoded.len();
            self.encoded.resize(start + BASE64.encode_len(line.len()), 0);
            if let Some(room) = self.encoded.get_mut(start..) {
                BASE64.encode_mut(line, room);
            }
            self.encoded.extend_from_slice(self.ending);
        }
        self.pending.clear();
        self.output.write_all(&self.encoded)
    }
}

impl<W: Write> Write for Base64Writer<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let room = CHUNK - self.pending.len();
        let taken = octets.get(..octets.len().min(room)).unwrap_or_default();
        self.pending.extend_from_slice(taken);
        if self.pending.len() == CHUNK {
            self.encode()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

/// Reads base64. White space is passed over; anything else outside the alphabet, data behind the padding and a last
/// group that is not whole are errors.
#[derive(Debug)]
pub struct Base64Reader<R> {
    input: R,
    /// Ends at a line that begins with `-` (PEM).
    ends_at_dash: bool,
    raw: Vec<u8>,
    /// Characters that fill no group yet.
    group: Vec<u8>,
    decoded: Vec<u8>,
    /// Octets of `decoded` that were given away.
    given: usize,
    state: Base64State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base64State {
    Data,
    /// Padding was read: only white space may follow.
    Padded,
    End,
}

impl<R: Read> Base64Reader<R> {
    /// A body in MIME: to the end of the input.
    pub fn mime(input: R) -> Self {
        Self::new(input, false)
    }

    /// The lines between `-----BEGIN` and `-----END`.
    pub fn pem(input: R) -> Self {
        Self::new(input, true)
    }

    fn new(input: R, ends_at_dash: bool) -> Self {
        Base64Reader {
            input,
            ends_at_dash,
            raw: vec![0; CHUNK],
            group: Vec::with_capacity(CHUNK + 4),
            decoded: Vec::new(),
            given: 0,
            state: Base64State::Data,
        }
    }

    fn advance(&mut self) -> io::Result<()> {
        let count = read_some(&mut self.input, &mut self.raw)?;
        let mut at_end = count == 0;
        for &octet in self.raw.get(..count).unwrap_or_default() {
            match octet {
                b'\r' | b'\n' | b' ' | b'\t' => {}
                b'-' if self.ends_at_dash => {
                    at_end = true;
                    break;
                }
                _ => self.group.push(octet),
            }
        }
        let whole = self.group.len() / 4 * 4;
        self.decoded.clear();
        self.given = 0;
        if whole > 0 {
            if self.state == Base64State::Padded {
                return Err(no_base64());
            }
            let groups = self.group.get(..whole).unwrap_or_default();
            // Padding ends the data; the decoder would go on behind it.
            if groups.get(..whole - 2).unwrap_or_default().contains(&b'=') {
                return Err(no_base64());
            }
            if groups.ends_with(b"=") {
                self.state = Base64State::Padded;
            }
            self.decoded.resize(whole / 4 * 3, 0);
            let octets = BASE64.decode_mut(groups, &mut self.decoded).map_err(|_| no_base64())?;
            self.decoded.truncate(octets);
            self.group.drain(..whole);
        }
        if at_end {
            if !self.group.is_empty() {
                return Err(no_base64());
            }
            self.state = Base64State::End;
        }
        Ok(())
    }
}

impl<R: Read> Read for Base64Reader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.decoded.len() && self.state != Base64State::End {
            self.advance()?;
        }
        let count = copy_some(self.decoded.get(self.given..).unwrap_or_default(), out);
        self.given += count;
        Ok(count)
    }
}

fn no_base64() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "this is no base64")
}

/// Line ends in canonical form, as [`canonical_crlf`](crate::part::canonical_crlf) makes them.
#[derive(Debug)]
pub struct CrlfReader<R> {
    input: R,
    raw: Vec<u8>,
    canonical: Vec<u8>,
    given: usize,
    /// The last octet was a CR whose LF may come.
    after_cr: bool,
    at_end: bool,
}

impl<R: Read> CrlfReader<R> {
    /// Over these octets.
    pub fn new(input: R) -> Self {
        CrlfReader {
            input,
            raw: vec![0; CHUNK],
            canonical: Vec::with_capacity(2 * CHUNK),
            given: 0,
            after_cr: false,
            at_end: false,
        }
    }

    fn advance(&mut self) -> io::Result<()> {
        let count = read_some(&mut self.input, &mut self.raw)?;
        self.at_end = count == 0;
        self.canonical.clear();
        self.given = 0;
        for &octet in self.raw.get(..count).unwrap_or_default() {
            match octet {
                // The second half of a line end that was written already.
                b'\n' if self.after_cr => {}
                b'\r' | b'\n' => self.canonical.extend_from_slice(b"\r\n"),
                _ => self.canonical.push(octet),
            }
            self.after_cr = octet == b'\r';
        }
        Ok(())
    }
}

impl<R: Read> Read for CrlfReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.canonical.len() && !self.at_end {
            self.advance()?;
        }
        let count = copy_some(self.canonical.get(self.given..).unwrap_or_default(), out);
        self.given += count;
        Ok(count)
    }
}

/// The header section at the beginning of `octets`, with the empty line behind it; `None` when there is none within
/// [`MAX_HEADER_OCTETS`].
pub fn header_section(octets: &[u8]) -> Option<&[u8]> {
    let mut start = 0;
    for line in octets.split_inclusive(|&octet| octet == b'\n') {
        start += line.len();
        if start > MAX_HEADER_OCTETS || !line.ends_with(b"\n") {
            return None;
        }
        if matches!(line, b"\n" | b"\r\n") {
            return octets.get(..start);
        }
    }
    None
}

/// Where a delimiter line of a multipart stands, or a line that only some programs take for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiter {
    /// Offset of the line end before it, which belongs to it (RFC 2046 section 5.1.1).
    pub start: u64,
    /// Offset behind its own line end.
    pub end: u64,
    /// It closes the multipart.
    pub is_closing: bool,
}

/// Finds the delimiter lines of `boundary` in a body, also behind the closing one; stops when there are more than `limit`.
/// Doubtful ones count, by the rule of the whole reader: a line that begins as a delimiter and goes on, or in which one
/// follows a lone CR. Who expects a certain number of delimiters then sees that programs could disagree on them.
pub fn delimiters(input: &mut dyn Read, boundary: &str, limit: usize) -> io::Result<Vec<Delimiter>> {
    let mut behind_cr = BehindCr::new(boundary);
    let mut found: Vec<Delimiter> = Vec::new();
    let mut raw = vec![0; CHUNK];
    // The line that is read: as much of it as tells whether it is a delimiter.
    let (mut line, mut line_start, mut before) = (Vec::new(), 0u64, 0u64);
    let longest = boundary.len() + 80;
    let mut offset = 0u64;
    loop {
        let count = read_some(input, &mut raw)?;
        let mut rest = raw.get(..count).unwrap_or_default();
        while !rest.is_empty() {
            let end = rest.iter().position(|&octet| octet == b'\n').map_or(rest.len(), |at| at + 1);
            let (piece, later) = rest.split_at(end);
            let room = longest.saturating_sub(line.len()).min(piece.len());
            line.extend_from_slice(piece.get(..room).unwrap_or_default());
            behind_cr.read(piece);
            offset += piece.len() as u64;
            rest = later;
            if !piece.ends_with(b"\n") {
                continue;
            }
            let is_cut = offset - line_start > line.len() as u64;
            found.extend(found_in(&line, boundary, is_cut, &mut behind_cr, (before, offset)));
            if found.len() > limit {
                return Ok(found);
            }
            // How long the line end of this line is: the delimiter behind it owns it.
            let ending =
                if piece.ends_with(b"\r\n") || (piece == b"\n" && line.ends_with(b"\r\n")) { 2 } else { 1 };
            before = offset - ending.min(offset - line_start);
            line_start = offset;
            line.clear();
        }
        if count == 0 {
            let is_cut = offset - line_start > line.len() as u64;
            found.extend(found_in(&line, boundary, is_cut, &mut behind_cr, (before, offset)));
            return Ok(found);
        }
    }
}

/// What a line is of which only the beginning was kept when it is cut.
fn found_in(
    line: &[u8],
    boundary: &str,
    is_cut: bool,
    behind_cr: &mut BehindCr,
    (start, end): (u64, u64),
) -> Option<Delimiter> {
    let is_behind_cr = std::mem::take(&mut behind_cr.is_found);
    let is_closing = match delimiter(line, boundary.as_bytes()) {
        Rule::None if !is_behind_cr => return None,
        Rule::Close => !is_cut,
        Rule::None | Rule::Open | Rule::Doubtful => false,
    };
    Some(Delimiter { start, end, is_closing })
}

/// Looks for the beginning of a delimiter behind a CR that ends no line, over lines of any length.
struct BehindCr {
    mark: Vec<u8>,
    /// How many octets of it were read since the last CR.
    matched: Option<usize>,
    is_found: bool,
}

impl BehindCr {
    fn new(boundary: &str) -> Self {
        Self { mark: format!("--{boundary}").into_bytes(), matched: None, is_found: false }
    }

    fn read(&mut self, piece: &[u8]) {
        for &octet in piece {
            self.matched = match self.matched {
                _ if octet == b'\r' => Some(0),
                Some(count) if self.mark.get(count) == Some(&octet) => Some(count + 1),
                _ => None,
            };
            if self.matched == Some(self.mark.len()) {
                self.is_found = true;
                self.matched = None;
            }
        }
    }
}

fn read_some(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

fn copy_some(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    if let (Some(to), Some(from)) = (to.get_mut(..count), from.get(..count)) {
        to.copy_from_slice(from);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::canonical_crlf;

    /// Gives `step` octets at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = copy_some(&self.0[..self.1.min(self.0.len())], out);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn all(mut reader: impl Read) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        reader.read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn base64_goes_out_in_lines_and_comes_back() {
        let octets: Vec<u8> = (0..200_000u32).map(|number| (number * 7 % 251) as u8).collect();
        for length in [0, 1, 2, 3, 47, 48, 49, 56, 57, 58, 114, CHUNK - 1, CHUNK, CHUNK + 1, 200_000] {
            let octets = &octets[..length];
            let mut writer = Base64Writer::mime(Vec::new());
            octets.chunks(1009).for_each(|piece| writer.write_all(piece).unwrap());
            let mime = writer.finish().unwrap();
            let expected: String = octets.chunks(57).map(|line| BASE64.encode(line) + "\r\n").collect();
            assert!(mime == expected.as_bytes());
            let mut writer = Base64Writer::pem(Vec::new());
            writer.write_all(octets).unwrap();
            let pem = [&writer.finish().unwrap()[..], b"-----END CMS-----\nmore"].concat();
            for step in [1, 5, 4096] {
                assert!(all(Base64Reader::mime(Drip(&mime, step))).unwrap() == octets);
                assert!(all(Base64Reader::pem(Drip(&pem, step))).unwrap() == octets);
            }
        }
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for bad in
            ["A", "AA", "AAA", "AAAA=", "AA==AAAA", "AA=A", "A===", "AAA*", "AAAA\0AAAA", "AAAA-", "QQ==QQ=="]
        {
            for step in [1, 3, 100] {
                assert!(all(Base64Reader::mime(Drip(bad.as_bytes(), step))).is_err(), "{bad}");
            }
        }
        assert_eq!(all(Base64Reader::mime(&b" QU\r\nJD \t\n"[..])).unwrap(), b"ABC");
    }

    #[test]
    fn line_ends_are_those_of_the_whole() {
        for text in ["", "a", "\r", "\n", "a\r\nb\nc\rd\r\r\n\n", "\r\n\r\n", "x\r\r\n\ny\n\r"] {
            for step in [1, 2, 3, 100] {
                let streamed = all(CrlfReader::new(Drip(text.as_bytes(), step))).unwrap();
                assert_eq!(streamed, canonical_crlf(text.as_bytes()).as_ref(), "{text:?}");
            }
        }
    }

    #[test]
    fn delimiters_are_whole_lines() {
        let body = "pre\r\n--b\r\ncontent\n-- b\r\n --b\r\n--b \t\r\nsecond\r\n--b--\r\n";
        for step in [1, 2, 7, 100] {
            let found = delimiters(&mut Drip(body.as_bytes(), step), "b", 10).unwrap();
            let texts: Vec<&[u8]> =
                found.iter().map(|one| &body.as_bytes()[one.start as usize..one.end as usize]).collect();
            assert_eq!(texts, [&b"\r\n--b\r\n"[..], b"\r\n--b \t\r\n", b"\r\n--b--\r\n"], "{step}");
            assert!(found[2].is_closing && !found[1].is_closing);
        }
        let found = delimiters(&mut &b"--b\nx\n--b--"[..], "b", 10).unwrap();
        assert_eq!(found.iter().map(|one| (one.start, one.end)).collect::<Vec<_>>(), [(0, 4), (5, 11)]);
        assert_eq!(delimiters(&mut &b"--b\n--b\n--b\n--b\n"[..], "b", 2).unwrap().len(), 3);
    }

    /// One rule for a mail that is read as a whole and one that is streamed.
    #[test]
    fn a_doubtful_delimiter_in_a_long_line_counts_and_closes_nothing() {
        let far = " ".repeat(2 * CHUNK);
        for line in
            [format!("{far}\r--b"), format!("--b{far}x"), format!("--b--{far}x"), format!("\r\r--b{far}")]
        {
            let body = format!("--b\nx\n{line}\n--b--\n");
            let found = delimiters(&mut body.as_bytes(), "b", 9).unwrap();
            assert_eq!(found.iter().map(|one| one.is_closing).collect::<Vec<_>>(), [false, false, true]);
            let mail = format!("Content-Type: multipart/mixed; boundary=b\n\n{body}");
            let mail = crate::part::Message::parse(mail.as_bytes()).unwrap();
            assert!(mail.root().defects.contains(&crate::part::Defect::DoubtfulDelimiter));
        }
    }

    /// A clear-signed mail has three delimiters; these have more, so that nobody reads them as one.
    #[test]
    fn lines_that_some_programs_take_for_delimiters_count() {
        for body in [
            "--b\nx\n--b\ny\n--b--\n--b\nz\n--b--\n",
            "--b\nx\n--bc\nx\n--b\ny\n--b--\n",
            "--b\nx\n--b-- x\n--b\ny\n--b--\n",
            "--b\nx\r--b\rx\n--b\ny\n--b--\n",
            "--b\nx\n--b\r--b\ny\n--b\ny\n--b--\n",
        ] {
            for step in [1, 5, 100] {
                let found = delimiters(&mut Drip(body.as_bytes(), step), "b", 3).unwrap();
                assert_eq!(found.len(), 4, "{body:?}");
            }
        }
    }

    #[test]
    fn a_header_section_ends_with_an_empty_line() {
        assert_eq!(header_section(b"A: b\r\n\r\nbody"), Some(&b"A: b\r\n\r\n"[..]));
        assert_eq!(header_section(b"A: b\n\nbody"), Some(&b"A: b\n\n"[..]));
        assert_eq!(header_section(b"A: b\nbody"), None);
        assert_eq!(header_section(&vec![b'a'; MAX_HEADER_OCTETS + 10]), None);
    }
}
