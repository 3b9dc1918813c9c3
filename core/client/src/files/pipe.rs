//! A pipe between two threads of this process: one signs while the other encrypts.

use std::io::{self, ErrorKind, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use zeroize::Zeroizing;

/// Octets that go over at once.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait.
const WAITING: usize = 8;

enum Piece {
    Octets(Zeroizing<Vec<u8>>),
    /// Everything was written. Without it the writer failed, and what it wrote is no message.
    End,
}

/// The end that is written to.
pub(super) struct PipeWriter {
    pieces: SyncSender<Piece>,
    pending: Zeroizing<Vec<u8>>,
}

/// The end that is read from.
pub(super) struct PipeReader(Receiver<Piece>);

/// A new pipe.
pub(super) fn pipe() -> (PipeWriter, PipeReader) {
    let (sender, receiver) = sync_channel(WAITING);
    (PipeWriter { pieces: sender, pending: empty() }, PipeReader(receiver))
}

fn empty() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(Vec::with_capacity(PIECE))
}

impl PipeWriter {
    /// Lets the reader see the end.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.send()?;
        self.pieces.send(Piece::End).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn send(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.pending, empty());
        self.pieces.send(Piece::Octets(piece)).map_err(|_| ErrorKind::BrokenPipe.into())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let room = PIECE - self.pending.len();
        let taken = octets.get(..octets.len().min(room)).unwrap_or_default();
        self.pending.extend_from_slice(taken);
        if self.pending.len() == PIECE {
            self.send()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PipeReader {
    /// The next piece; `None` at the end. An error when the writer went away before it.
    pub(super) fn next(&self) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        match self.0.recv() {
            Ok(Piece::Octets(piece)) => Ok(Some(piece)),
            Ok(Piece::End) => Ok(None),
            Err(_) => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_go_over_in_order_and_the_end_is_seen() {
        let octets: Vec<u8> = (0..2_000_003u32).map(|number| (number % 251) as u8).collect();
        let (mut writer, reader) = pipe();
        let received = std::thread::scope(|scope| {
            scope.spawn(|| {
                octets.chunks(70_001).for_each(|piece| writer.write_all(piece).unwrap());
                writer.finish().unwrap();
            });
            let mut received = Vec::new();
            while let Some(piece) = reader.next().unwrap() {
                received.extend_from_slice(&piece);
            }
            received
        });
        assert!(received == octets);
    }

    #[test]
    fn a_writer_that_gives_up_is_no_end() {
        let (mut writer, reader) = pipe();
        writer.write_all(&[1; PIECE + 1]).unwrap();
        drop(writer);
        assert_eq!(reader.next().unwrap().unwrap().len(), PIECE);
        assert_eq!(reader.next().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (mut writer, reader) = pipe();
        drop(reader);
        assert_eq!(writer.write_all(&[1; PIECE]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
