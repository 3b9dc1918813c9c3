//! Answers in, octets out.

use std::io;

use engine::imap::{Framed, Framer, Limits, Malformed, Response};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How much is read at once, in octets.
const CHUNK: usize = 64 * 1024;
/// Longest line in octets: SEARCH and VANISHED answers list UIDs, a million of them in eight megabytes.
const MAX_LINE: usize = 8 * 1024 * 1024;

/// Why nothing can be read any more.
#[derive(Debug)]
pub(super) enum WireError {
    Io(io::Error),
    Overrun,
    Ended,
}

/// A stream of answers.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    buffer: Vec<u8>,
    /// Octets at the beginning of the buffer that are done with.
    start: usize,
    framer: Framer,
    limits: Limits,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(super) fn new(stream: S) -> Self {
        let limits = Limits { line: MAX_LINE, literal: 0, response: 0 };
        let mut wire = Wire { stream, buffer: Vec::new(), start: 0, framer: Framer::default(), limits };
        wire.allow(0);
        wire
    }

    /// Lets literals have up to `literal` octets, besides the short ones of names and the like.
    pub(super) fn allow(&mut self, literal: usize) {
        self.limits.literal = literal.max(CHUNK);
        self.limits.response = self.limits.literal.saturating_add(MAX_LINE);
    }

    /// The next answer. Nothing is lost when the future is dropped.
    pub(super) async fn response(&mut self) -> Result<Result<Response, Malformed>, WireError> {
        loop {
            let pending = self.buffer.get(self.start..).unwrap_or_default();
            let framed = self.framer.advance(pending, self.limits).map_err(|_| WireError::Overrun)?;
            if let Framed::Complete(length) = framed {
                let response = Response::parse(pending.get(..length).unwrap_or_default());
                self.start = self.start.saturating_add(length);
                return Ok(response);
            }
            // Move what is left to the front only when that is less than what is done with: each octet moves at most once.
            if self.start >= pending.len() {
                self.buffer.drain(..self.start);
                self.start = 0;
            }
            if self.buffer.is_empty() && self.buffer.capacity() > 16 * CHUNK {
                self.buffer = Vec::new();
            }
            self.buffer.reserve(CHUNK);
            if self.stream.read_buf(&mut self.buffer).await.map_err(WireError::Io)? == 0 {
                return Err(WireError::Ended);
            }
        }
    }

    pub(super) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().await
    }

    /// The stream, for the handshake of TLS; `None` when the server has said more than was read.
    pub(super) fn into_stream(self) -> Option<S> {
        (self.start == self.buffer.len()).then_some(self.stream)
    }
}
