//! Sealed files in chunks: bodies, and the files of the search index.
//!
//! ```text
//! magic         8 octets
//! prefix        19 random octets
//! chunk 0…n     each of the same size (the last 0 … that size) and a tag of 16 octets
//! ```
//! The nonce of a chunk is prefix, counter (u32, big-endian) and a final octet that is 1 for the last chunk only (the STREAM
//! construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a chunk that is missing, doubled, moved or cut off does not
//! open. The file's name is the associated data, so that files can't be exchanged. Whoever reads only some chunks opens the
//! last one, too: it stands for the length.

use std::io::{self, Write};
use std::ops::Range;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::seal::{NONCE_OCTETS, Seals, TAG_OCTETS};

pub(crate) const PREFIX_OCTETS: usize = NONCE_OCTETS - 5;
pub(crate) const HEADER_OCTETS: usize = 8 + PREFIX_OCTETS;

/// A kind of chunked file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) magic: &'static [u8; 8],
    /// Plain octets of a chunk.
    pub(crate) chunk_octets: usize,
}

/// Seals what is written to it, and hands chunks on.
pub(crate) struct Sealer<W> {
    format: Format,
    cipher: XChaCha20Poly1305,
    name: [u8; 32],
    prefix: [u8; PREFIX_OCTETS],
    position: usize,
    /// The chunk that is being filled. A full one waits, for it may be the last.
    chunk: Zeroizing<Vec<u8>>,
    out: W,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn new(
        format: Format,
        cipher: XChaCha20Poly1305,
        seals: &Seals,
        name: &[u8; 32],
        out: W,
    ) -> io::Result<Self> {
        Self::of_at_most(format.chunk_octets, format, cipher, seals, name, out)
    }

    /// As [`new`](Self::new), with room for no more than `octets` at first: a whole chunk is much for a small body.
    pub(crate) fn of_at_most(
        octets: usize,
        format: Format,
        cipher: XChaCha20Poly1305,
        seals: &Seals,
        name: &[u8; 32],
        mut out: W,
    ) -> io::Result<Self> {
        let mut prefix = [0; PREFIX_OCTETS];
        seals.random(&mut prefix);
        out.write_all(format.magic)?;
        out.write_all(&prefix)?;
        let chunk = Zeroizing::new(Vec::with_capacity(format.chunk_octets.min(octets) + TAG_OCTETS));
        Ok(Sealer { format, cipher, name: *name, prefix, position: 0, chunk, out })
    }

    /// Writes the last chunk. An empty file is one empty chunk.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let too_large = io::ErrorKind::FileTooLarge;
        let nonce = nonce(&self.prefix, self.position, is_last).ok_or(too_large)?;
        let tag = self
            .cipher
            .encrypt_in_place_detached(XNonce::from_slice(&nonce), &self.name, self.chunk.as_mut_slice())
            .map_err(|_| too_large)?;
        self.chunk.extend_from_slice(&tag);
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        self.position += 1;
        Ok(())
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == self.format.chunk_octets && !octets.is_empty() {
            self.seal(false)?;
        }
        let room = self.format.chunk_octets - self.chunk.len();
        let (taken, _) = octets.split_at(room.min(octets.len()));
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// What is in a chunk that is not full stays there until the end.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where the chunks of a file lie, and how they open.
pub(crate) struct Chunks {
    format: Format,
    cipher: XChaCha20Poly1305,
    name: [u8; 32],
    prefix: [u8; PREFIX_OCTETS],
    /// Octets behind the header.
    sealed_octets: usize,
}

impl Chunks {
    /// `None` when a file of this size with this header can't be one.
    pub(crate) fn new(
        format: Format,
        cipher: XChaCha20Poly1305,
        name: &[u8; 32],
        header: &[u8],
        file_octets: usize,
    ) -> Option<Self> {
        let prefix = header.strip_prefix(format.magic)?.try_into().ok()?;
        let sealed_octets = file_octets.checked_sub(HEADER_OCTETS)?;
        let last = sealed_octets % (format.chunk_octets + TAG_OCTETS);
        // There is always a last chunk.
        let is_possible = sealed_octets > 0 && (last == 0 || last >= TAG_OCTETS);
        is_possible.then_some(Chunks { format, cipher, name: *name, prefix, sealed_octets })
    }

    pub(crate) fn count(&self) -> usize {
        self.sealed_octets.div_ceil(self.format.chunk_octets + TAG_OCTETS)
    }

    /// Plain octets of the whole file.
    #[cfg(feature = "search")]
    pub(crate) fn plain_octets(&self) -> usize {
        self.sealed_octets - self.count() * TAG_OCTETS
    }

    /// Where a sealed chunk lies in the file.
    pub(crate) fn range(&self, position: usize) -> Range<usize> {
        let stride = self.format.chunk_octets + TAG_OCTETS;
        let end = self.sealed_octets.min((position + 1).saturating_mul(stride));
        HEADER_OCTETS + end.min(position.saturating_mul(stride))..HEADER_OCTETS + end
    }

    /// Opens a chunk and appends it to `plain`.
    pub(crate) fn open(&self, position: usize, sealed: &[u8], plain: &mut Vec<u8>) -> Option<()> {
        let nonce = nonce(&self.prefix, position, position + 1 == self.count())?;
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_OCTETS>()?;
        let start = plain.len();
        plain.extend_from_slice(ciphertext);
        let chunk = plain.get_mut(start..)?;
        let tag = Tag::from_slice(tag);
        self.cipher.decrypt_in_place_detached(XNonce::from_slice(&nonce), &self.name, chunk, tag).ok()
    }

    /// Opens a whole file.
    pub(crate) fn open_all(&self, file: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(self.sealed_octets);
        for position in 0..self.count() {
            self.open(position, file.get(self.range(position))?, &mut plain)?;
        }
        Some(plain)
    }
}

fn nonce(prefix: &[u8; PREFIX_OCTETS], position: usize, is_last: bool) -> Option<Vec<u8>> {
    let counter = u32::try_from(position).ok()?;
    Some([prefix.as_slice(), &counter.to_be_bytes(), &[u8::from(is_last)]].concat())
}
