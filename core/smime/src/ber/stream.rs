//! BER that is read as it comes: for messages that are longer than memory.
//!
//! The walk goes down to one OCTET STRING and reads its content piece by piece; what stands around it (recipients,
//! certificates, signers) is small and is handed over as octets for [`Reader`](super::Reader). The limits are those
//! of the reader over a buffer.

use std::io::{self, Read};

use super::{BerError, Header, MAX_DEPTH, OCTET_STRING, Tag};

/// Octets that are read at once.
pub(crate) const CHUNK: usize = 64 * 1024;

/// Longest identifier (6 octets) and length (127 octets).
const MAX_HEADER: usize = 133;

/// Why reading stopped.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The input itself.
    Input(io::Error),
    /// Its octets.
    Ber(BerError),
    /// An element is longer than what is held in memory.
    TooLong,
}

impl From<BerError> for Fault {
    fn from(error: BerError) -> Self {
        Fault::Ber(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Input(error)
    }
}

/// An element that was entered.
#[derive(Clone, Copy)]
struct Open {
    indefinite: bool,
    /// Where the innermost definite length around here ends.
    limit: Option<u64>,
}

/// Reads elements one after the other, from an input that need not fit memory.
pub(crate) struct Stream<R> {
    input: R,
    buffer: Vec<u8>,
    /// What was not taken yet lies in `buffer[start..end]`.
    start: usize,
    end: usize,
    at_eof: bool,
    /// Octets taken so far.
    position: u64,
    open: Vec<Open>,
}

impl<R: Read> Stream<R> {
    pub(crate) fn new(input: R) -> Self {
        Stream {
            input,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            at_eof: false,
            position: 0,
            open: Vec::new(),
        }
    }

    /// Steps into the next element, which must have this tag.
    pub(crate) fn enter(&mut self, tag: Tag) -> Result<(), Fault> {
        let header = self.header()?;
        if header.tag != tag || !header.constructed {
            return Err(BerError::Unexpected.into());
        }
        self.step_in(&header)
    }

    /// Leaves the element that was entered last; it must be read to its end.
    pub(crate) fn leave(&mut self) -> Result<(), Fault> {
        if !self.at_end()? {
            return Err(BerError::Trailing.into());
        }
        if let Some(open) = self.open.pop()
            && open.indefinite
        {
            // The end-of-contents octets that at_end saw.
            self.take(2, &mut |_| Ok(()))?;
        }
        Ok(())
    }

    /// The element that was entered last, or the input, was read to its end.
    pub(crate) fn at_end(&mut self) -> Result<bool, Fault> {
        match self.open.last() {
            Some(open) if !open.indefinite => Ok(open.limit.is_some_and(|limit| self.position >= limit)),
            Some(_) => Ok(self.header()?.is_end_of_contents()),
            None => {
                self.fill(1)?;
                Ok(self.start == self.end)
            }
        }
    }

    /// The tag of the next element; `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<Tag>, Fault> {
        if self.at_end()? { Ok(None) } else { Ok(Some(self.header()?.tag)) }
    }

    /// Appends the octets of the next element, which must have this tag, to `out`; `limit` octets at most.
    pub(crate) fn element(&mut self, tag: Tag, limit: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        if self.header()?.tag != tag {
            return Err(BerError::Unexpected.into());
        }
        self.any(limit, out)
    }

    /// Appends the elements up to the end of the one that was entered last; `limit` octets at most. Elements under
    /// `dispensable` are left out when they have more than half of it.
    pub(crate) fn rest(&mut self, limit: usize, dispensable: Option<Tag>) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        while let Some(tag) = self.peek()? {
            if Some(tag) == dispensable {
                let start = out.len();
                let mut is_kept = true;
                self.walk(&mut |octets| {
                    is_kept &= octets.len() <= (limit / 2).saturating_sub(out.len() - start);
                    if is_kept {
                        out.extend_from_slice(octets);
                    } else {
                        out.truncate(start);
                    }
                    Ok(())
                })?;
            } else {
                self.any(limit, &mut out)?;
            }
        }
        Ok(out)
    }

    /// What was not read, as octets.
    pub(crate) fn into_rest(self) -> impl Read {
        let Stream { input, mut buffer, start, end, .. } = self;
        buffer.truncate(end);
        buffer.drain(..start.min(end));
        io::Cursor::new(buffer).chain(input)
    }

    fn any(&mut self, limit: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.walk(&mut |octets| {
            if octets.len() > limit.saturating_sub(out.len()) {
                return Err(Fault::TooLong);
            }
            out.extend_from_slice(octets);
            Ok(())
        })
    }

    /// Passes the next element, whatever it is, to `sink` as received.
    fn walk(&mut self, sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut open = 0u8;
        loop {
            let header = self.header()?;
            if header.is_end_of_contents() {
                // Before the first element there is none to end.
                open = open.checked_sub(1).ok_or(BerError::Unexpected)?;
                self.take(2, sink)?;
            } else {
                self.take(header.octets as u64, sink)?;
                match header.length {
                    Some(length) => self.take(length, sink)?,
                    None => {
                        open += 1;
                        if usize::from(open) + self.open.len() > usize::from(MAX_DEPTH) {
                            return Err(BerError::TooDeep.into());
                        }
                    }
                }
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    /// Takes the header of an element that is entered.
    fn step_in(&mut self, header: &Header) -> Result<(), Fault> {
        if self.open.len() >= usize::from(MAX_DEPTH) {
            return Err(BerError::TooDeep.into());
        }
        self.take(header.octets as u64, &mut |_| Ok(()))?;
        let around = self.open.last().and_then(|open| open.limit);
        let limit = match header.length {
            Some(length) => Some(self.position.checked_add(length).ok_or(BerError::Truncated)?),
            None => around,
        };
        self.open.push(Open { indefinite: header.length.is_none(), limit });
        Ok(())
    }

    /// The next header, not taken. It and its content lie within what is open.
    fn header(&mut self) -> Result<Header, Fault> {
        self.fill(MAX_HEADER)?;
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let header = Header::read(ahead.iter().copied(), false)?;
        if let Some(limit) = self.open.last().and_then(|open| open.limit) {
            let octets = (header.octets as u64).checked_add(header.length.unwrap_or(0));
            let end = octets.and_then(|octets| self.position.checked_add(octets));
            if end.is_none_or(|end| end > limit) {
                return Err(BerError::Truncated.into());
            }
        }
        Ok(header)
    }

    /// Passes the next `octets` to `sink`.
    fn take(
        &mut self,
        mut octets: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        while octets > 0 {
            self.fill(1)?;
            let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
            let count = usize::try_from(octets).unwrap_or(usize::MAX).min(ahead.len());
            if count == 0 {
                return Err(BerError::Truncated.into());
            }
            sink(ahead.get(..count).unwrap_or_default())?;
            self.consume(count);
            octets -= count as u64;
        }
        Ok(())
    }

    /// Takes up to `out.len()` octets, no more than `most`.
    fn copy(&mut self, most: u64, out: &mut [u8]) -> Result<usize, Fault> {
        let wanted = usize::try_from(most).unwrap_or(usize::MAX).min(out.len());
        if self.start == self.end && wanted >= CHUNK && !self.at_eof {
            // Straight into the caller's buffer.
            let count = self.read_into(|input| input.read(out.get_mut(..wanted).unwrap_or_default()))?;
            self.position += count as u64;
            return if count == 0 { Err(BerError::Truncated.into()) } else { Ok(count) };
        }
        self.fill(1)?;
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let count = wanted.min(ahead.len());
        if count == 0 {
            return Err(BerError::Truncated.into());
        }
        if let (Some(to), Some(from)) = (out.get_mut(..count), ahead.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }

    fn consume(&mut self, count: usize) {
        self.start += count;
        self.position += count as u64;
    }

    /// Reads ahead until `wanted` octets are there or the input ends.
    fn fill(&mut self, wanted: usize) -> Result<(), Fault> {
        while self.end - self.start < wanted && !self.at_eof {
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            } else if self.buffer.len() - self.start < wanted {
                self.buffer.copy_within(self.start..self.end, 0);
                (self.start, self.end) = (0, self.end - self.start);
            }
            let mut buffer = std::mem::take(&mut self.buffer);
            let end = self.end;
            let outcome = self.read_into(|input| input.read(buffer.get_mut(end..).unwrap_or_default()));
            self.buffer = buffer;
            self.end += outcome?;
        }
        Ok(())
    }

    fn read_into(&mut self, mut read: impl FnMut(&mut R) -> io::Result<usize>) -> Result<usize, Fault> {
        loop {
            match read(&mut self.input) {
                Ok(count) => {
                    self.at_eof |= count == 0;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The content of an OCTET STRING as it comes: primitive, or in segments at any depth (X.690 section 8.7).
pub(crate) struct Octets {
    /// Elements that are open around it.
    around: usize,
    /// Octets to come of the primitive encoding that is being read.
    left: u64,
    /// Octets to come that are held already.
    held: io::Cursor<Vec<u8>>,
}

impl Octets {
    /// Begins with the next element, which must have this tag.
    pub(crate) fn begin<R: Read>(stream: &mut Stream<R>, tag: Tag) -> Result<Self, Fault> {
        let header = stream.header()?;
        if header.tag != tag {
            return Err(BerError::Unexpected.into());
        }
        let mut octets = Self::none(stream);
        octets.open(stream, &header)?;
        Ok(octets)
    }

    /// As [`begin`](Self::begin) with an OCTET STRING; of another element the content as received, without tag and
    /// length. Without a definite length, `limit` octets of it are read at most.
    pub(crate) fn begin_any<R: Read>(stream: &mut Stream<R>, limit: usize) -> Result<Self, Fault> {
        let header = stream.header()?;
        if header.tag == OCTET_STRING {
            return Self::begin(stream, OCTET_STRING);
        }
        let mut octets = Self::none(stream);
        match header.length {
            _ if header.is_end_of_contents() => return Err(BerError::Unexpected.into()),
            Some(length) => {
                stream.take(header.octets as u64, &mut |_| Ok(()))?;
                octets.left = length;
            }
            None => {
                let mut element = Vec::new();
                stream.any(limit, &mut element)?;
                element.truncate(element.len().saturating_sub(2));
                octets.held = io::Cursor::new(element);
                octets.held.set_position(header.octets as u64);
            }
        }
        Ok(octets)
    }

    fn none<R>(stream: &Stream<R>) -> Self {
        Octets { around: stream.open.len(), left: 0, held: io::Cursor::default() }
    }

    /// The next octets; 0 at the end.
    pub(crate) fn read<R: Read>(&mut self, stream: &mut Stream<R>, out: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if self.left > 0 {
                let count = stream.copy(self.left, out)?;
                self.left -= count as u64;
                return Ok(count);
            }
            if stream.open.len() <= self.around {
                return Ok(self.held.read(out)?);
            }
            if stream.at_end()? {
                stream.leave()?;
                continue;
            }
            let header = stream.header()?;
            if header.tag != OCTET_STRING {
                return Err(BerError::Unexpected.into());
            }
            self.open(stream, &header)?;
        }
    }

    fn open<R: Read>(&mut self, stream: &mut Stream<R>, header: &Header) -> Result<(), Fault> {
        match header.length {
            Some(length) if !header.constructed => {
                stream.take(header.octets as u64, &mut |_| Ok(()))?;
                self.left = length;
                Ok(())
            }
            _ => stream.step_in(header),
        }
    }
}
