//! Bodies: sealed files in chunks.
//!
//! ```text
//! "CSBODY1\0"   8 octets
//! prefix        19 random octets
//! chunk 0…n     each 64 KiB (the last 0 … 64 KiB) and a tag of 16 octets
//! ```
//! The nonce of a chunk is prefix, counter (u32, big-endian) and a final octet that is 1 for the last chunk only (the STREAM
//! construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a chunk that is missing, doubled, moved or cut off does not
//! open. The file's name is the associated data, so that files can't be exchanged.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, AeadInPlace, Payload};
use engine::ports::StoreError;

use crate::files::{create_folder, io_error, replace, sync_folder};
use crate::seal::{NONCE_OCTETS, Seals, TAG_OCTETS};

const MAGIC: &[u8; 8] = b"CSBODY1\0";
const PREFIX_OCTETS: usize = NONCE_OCTETS - 5;
const CHUNK_OCTETS: usize = 64 * 1024;

/// The folders with body files.
pub(crate) struct Bodies {
    folder: PathBuf,
    incoming: PathBuf,
}

impl Bodies {
    /// Makes the folders where they are missing, and clears away bodies that a crash left half written.
    pub(crate) fn open(store: &Path) -> Result<Self, StoreError> {
        let bodies = Bodies { folder: store.join("bodies"), incoming: store.join("incoming") };
        let prepared =
            create_folder(&bodies.folder).and_then(|()| create_folder(&bodies.incoming)).and_then(|()| {
                fs::read_dir(&bodies.incoming)?.try_for_each(|entry| fs::remove_file(entry?.path()))
            });
        prepared.map_err(|error| io_error(&error))?;
        Ok(bodies)
    }

    /// Writes a body; the older one stays until the new one is on the disk.
    pub(crate) fn put(&self, seals: &Seals, name: &[u8; 32], body: &[u8]) -> Result<(), StoreError> {
        let (path, beside) = (self.path(&self.folder, name), self.path(&self.incoming, name));
        replace(&path, &beside, |file| write_sealed(file, seals, name, body))
            .map_err(|error| io_error(&error))
    }

    /// Reads a body; `None` when there is none.
    pub(crate) fn read(&self, seals: &Seals, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.path(&self.folder, name)) {
            Ok(file) => open_sealed(&file, seals, name).map(Some).ok_or(StoreError::Damaged("a mail body")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&error)),
        }
    }

    /// Removes a body, if there is one.
    pub(crate) fn remove(&self, name: &[u8; 32]) -> Result<(), StoreError> {
        match fs::remove_file(self.path(&self.folder, name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| sync_folder(&self.folder)).map_err(|error| io_error(&error)),
        }
    }

    fn path(&self, folder: &Path, name: &[u8; 32]) -> PathBuf {
        folder.join(name.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
    }
}

fn write_sealed(file: &mut File, seals: &Seals, name: &[u8; 32], body: &[u8]) -> io::Result<()> {
    let cipher = seals.body_cipher();
    let mut prefix = [0; PREFIX_OCTETS];
    seals.random(&mut prefix);
    file.write_all(MAGIC)?;
    file.write_all(&prefix)?;
    // An empty body is one empty chunk.
    let empty: &[u8] = &[];
    let mut chunks = body.chunks(CHUNK_OCTETS).chain(body.is_empty().then_some(empty)).enumerate().peekable();
    while let Some((position, chunk)) = chunks.next() {
        let nonce =
            chunk_nonce(&prefix, position, chunks.peek().is_none()).ok_or(io::ErrorKind::FileTooLarge)?;
        let payload = Payload { msg: chunk, aad: name };
        let sealed =
            cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| io::ErrorKind::FileTooLarge)?;
        file.write_all(&sealed)?;
    }
    Ok(())
}

fn open_sealed(file: &[u8], seals: &Seals, name: &[u8; 32]) -> Option<Vec<u8>> {
    let (prefix, sealed) = file.strip_prefix(MAGIC)?.split_first_chunk::<PREFIX_OCTETS>()?;
    let cipher = seals.body_cipher();
    let mut body = Vec::with_capacity(sealed.len());
    let mut chunks = sealed.chunks(CHUNK_OCTETS + TAG_OCTETS).enumerate().peekable();
    while let Some((position, chunk)) = chunks.next() {
        let nonce = chunk_nonce(prefix, position, chunks.peek().is_none())?;
        let (ciphertext, tag) = chunk.split_last_chunk::<TAG_OCTETS>()?;
        let start = body.len();
        body.extend_from_slice(ciphertext);
        cipher
            .decrypt_in_place_detached(XNonce::from_slice(&nonce), name, body.get_mut(start..)?, tag.into())
            .ok()?;
    }
    // There is always a last chunk.
    (!sealed.is_empty()).then_some(body)
}

fn chunk_nonce(prefix: &[u8; PREFIX_OCTETS], position: usize, last: bool) -> Option<Vec<u8>> {
    let counter = u32::try_from(position).ok()?;
    Some([prefix.as_slice(), &counter.to_be_bytes(), &[u8::from(last)]].concat())
}
