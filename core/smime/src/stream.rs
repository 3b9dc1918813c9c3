//! Messages of any size: read and written piece by piece, in bounded memory.
//!
//! **No early release.** What is decrypted or taken out of a signature can be read only from a value that exists when
//! the check was made: [`OpenedStream`](crate::enveloped::OpenedStream) after the tag or padding,
//! [`SignedStream::release`](crate::signed::SignedStream::release) against the proof of a valid signer. Checking
//! needs one pass over the input and reading another one, so the input is a [`Replay`]: something that can be read
//! again from its beginning. Every later pass checks again, because a file may change in between, and ends with an
//! error when it did; whoever takes the octets commits them only after the end.

use std::io::{self, Read, Seek};

use crate::ber::stream::CHUNK;

/// Content that can be read from its beginning as often as needed.
pub trait Replay {
    /// Begins again.
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>>;
}

impl Replay for &[u8] {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(*self))
    }
}

impl<R: Replay + ?Sized> Replay for &mut R {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        (**self).replay()
    }
}

impl<R: Replay + ?Sized> Replay for Box<R> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        (**self).replay()
    }
}

/// A file, or what else can seek.
#[derive(Debug)]
pub struct Seekable<R>(pub R);

impl<R: Read + Seek> Replay for Seekable<R> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.0.rewind()?;
        Ok(Box::new(&mut self.0))
    }
}

/// Why a stream was not worked through.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E> {
    /// The input can't be read, or gave something else when it was read again.
    #[error("the input can't be read: {0}")]
    Input(#[source] io::Error),
    /// The output can't be written.
    #[error("the output can't be written: {0}")]
    Output(#[source] io::Error),
    /// The message.
    #[error(transparent)]
    Refused(E),
}

/// Copies `input` to `output`; the number of octets.
pub fn copy<E>(
    input: &mut dyn Read,
    mut output: impl FnMut(&[u8]) -> Result<(), StreamError<E>>,
) -> Result<u64, StreamError<E>> {
    let mut buffer = zeroize::Zeroizing::new(vec![0; CHUNK]);
    let mut octets = 0;
    loop {
        let count = match input.read(&mut buffer) {
            Ok(0) => return Ok(octets),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StreamError::Input(error)),
        };
        output(buffer.get(..count).unwrap_or_default())?;
        octets += count as u64;
    }
}

/// The input was not the same when it was read again.
pub(crate) fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the input changed while it was read")
}
