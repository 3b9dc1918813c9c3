//! Files of the folder that are not records or bodies: `format`, `lock` and `head`.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use engine::ports::StoreError;
use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::files::{io_error, private, read_small, replace};
use crate::seal::{NONCE_OCTETS, SALT_OCTETS, Seals, Sum, TAG_OCTETS};

const MAGIC: &[u8; 8] = b"CSSTORE\0";
/// The format written by this version, and the newest that is read. 2 has packs; nothing else was different in 1.
pub(crate) const FORMAT: u32 = 2;
const FORMAT_FILE: &str = "format";
const FORMAT_OCTETS: usize = MAGIC.len() + 4 + SALT_OCTETS + 32 + 32;

/// Takes the folder for this process until the file is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = private()
        .read(true)
        .write(true)
        .create(true)
        .open(folder.join("lock"))
        .map_err(|error| io_error(&error))?;
    take(&file)?;
    Ok(file)
}

#[cfg(not(target_os = "android"))]
pub(crate) fn take(file: &File) -> Result<(), StoreError> {
    use std::fs::TryLockError;
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => StoreError::InUse,
        TryLockError::Error(error) => io_error(&error),
    })
}

/// Rust's standard library answers `Unsupported` there, though the system has flock(2).
#[cfg(target_os = "android")]
pub(crate) fn take(file: &File) -> Result<(), StoreError> {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => StoreError::InUse,
        error => io_error(&error.into()),
    })
}

/// The folder with the records: whole wherever it exists. The other two are for the moments in which they are written anew.
pub(crate) const RECORDS: &str = "records";
pub(crate) const RECORDS_COPY: &str = "records.new";
pub(crate) const RECORDS_FORMER: &str = "records.old";

/// Whether there are records, under any of their names.
fn has_records(folder: &Path) -> bool {
    [RECORDS, RECORDS_COPY, RECORDS_FORMER].iter().any(|name| folder.join(name).exists())
}

/// Whether there is a store in the folder.
pub(crate) fn has_format(folder: &Path) -> bool {
    folder.join(FORMAT_FILE).exists()
}

/// Reads the format file, or makes it in a folder that has no store yet. Who has the folder's lock brings an older one up to date.
///
/// Magic, version, salt, HMAC of these under the key, SHA-256 of all that: a wrong key and damage are told apart.
pub(crate) fn open_format(
    folder: &Path,
    key: &Zeroizing<[u8; 32]>,
    mut rng: Box<dyn CryptoRng + Send>,
    is_owner: bool,
) -> Result<Seals, StoreError> {
    let damaged = StoreError::Damaged("format file");
    let path = folder.join(FORMAT_FILE);
    let derive = |salt: &[u8; SALT_OCTETS], rng| Seals::derive(key, salt, rng).ok_or(StoreError::WrongKey);
    let Some(file) = read_small(&path, FORMAT_OCTETS as u64, "format file")? else {
        if folder.join(HEAD_FILE).exists() || has_records(folder) {
            return Err(damaged);
        }
        let mut salt = [0; SALT_OCTETS];
        rand_core::Rng::fill_bytes(&mut *rng, &mut salt);
        let seals = derive(&salt, rng)?;
        write_format(folder, &seals, &salt)?;
        return Ok(seals);
    };
    let (magic, rest) = file.split_first_chunk::<8>().ok_or(damaged.clone())?;
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(damaged.clone())?;
    let version = u32::from_be_bytes(*version);
    let (covered, digest) = file.split_last_chunk::<32>().ok_or(damaged.clone())?;
    if magic != MAGIC || Sha256::digest(covered).as_slice() != digest {
        return Err(damaged);
    }
    if version > FORMAT {
        return Err(StoreError::NewerFormat(version));
    }
    let (salt, _) = rest.split_first_chunk::<SALT_OCTETS>().ok_or(damaged.clone())?;
    let seals = derive(salt, rng)?;
    let (header, check) = covered.split_last_chunk::<32>().ok_or(damaged)?;
    // Not a secret comparison: whoever can time it has the file, and the key is not guessable.
    if seals.key_check(header) != *check {
        return Err(StoreError::WrongKey);
    }
    // Before anything is written that an older program would not find.
    if is_owner && version < FORMAT {
        match write_format(folder, &seals, salt) {
            // A home that can't be opened could not be made smaller, either.
            Err(StoreError::DiskFull) => {}
            written => written?,
        }
    }
    Ok(seals)
}

fn write_format(folder: &Path, seals: &Seals, salt: &[u8; SALT_OCTETS]) -> Result<(), StoreError> {
    let mut file = [MAGIC.as_slice(), &FORMAT.to_be_bytes(), salt].concat();
    file.extend_from_slice(&seals.key_check(&file));
    file.extend_from_slice(&Sha256::digest(&file));
    replace(&folder.join(FORMAT_FILE), &folder.join("format.new"), |out| out.write_all(&file))
        .map_err(|error| io_error(&error))
}

const HEAD_FILE: &str = "head";
const HEAD_PLACE: [&[u8]; 2] = [b"head 0", b"head 1"];
/// One slot a disk sector, so that a torn write spoils one slot only.
const SLOT_STRIDE: u64 = 4096;
const SLOT_OCTETS: usize = NONCE_OCTETS + 8 + 32 + TAG_OCTETS;

/// What must be in the records: a lower bound, outside of sled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Number of the last acknowledged change.
    pub(crate) change: u64,
    /// Sum over the irreplaceable groups after that change.
    pub(crate) irreplaceable: Sum,
}

/// The file `head`: two slots written in turn.
///
/// A slot is written after the change was synced and before it is acknowledged, but is not synced itself: after a power cut
/// it may be a few seconds behind, which weakens the detection of a rollback by as much, and is never wrong.
pub(crate) struct HeadFile {
    file: File,
}

impl HeadFile {
    /// The file and the newer of its slots. `fresh` is written where there is no file and no records yet.
    pub(crate) fn open(folder: &Path, seals: &Seals, fresh: Head) -> Result<(Self, Head), StoreError> {
        let path = folder.join(HEAD_FILE);
        if read_small(&path, 2 * SLOT_STRIDE, "head file")?.is_none() {
            if has_records(folder) {
                return Err(StoreError::Damaged("head file"));
            }
            let mut bytes = Vec::new();
            for place in HEAD_PLACE {
                bytes.extend_from_slice(&seal_slot(seals, place, fresh)?);
                // Not zeros: the slots keep their disk blocks, so that a full disk can't stop the head.
                bytes.resize(bytes.len().next_multiple_of(4096), 0xff);
            }
            replace(&path, &folder.join("head.new"), |out| out.write_all(&bytes))
                .map_err(|error| io_error(&error))?;
        }
        let bytes = read_small(&path, 2 * SLOT_STRIDE, "head file")?.unwrap_or_default();
        let newest = bytes
            .chunks(4096)
            .zip(HEAD_PLACE)
            .filter_map(|(slot, place)| open_slot(seals, place, slot.get(..SLOT_OCTETS)?))
            .max_by_key(|head| head.change)
            .ok_or(StoreError::Damaged("head file"))?;
        let file = private().write(true).open(&path).map_err(|error| io_error(&error))?;
        Ok((HeadFile { file }, newest))
    }

    /// Writes the slot whose turn it is.
    pub(crate) fn write(&mut self, seals: &Seals, head: Head) -> Result<(), StoreError> {
        let slot = head.change % 2;
        let [even, odd] = HEAD_PLACE;
        let sealed = seal_slot(seals, if slot == 0 { even } else { odd }, head)?;
        let written =
            self.file.seek(SeekFrom::Start(slot * SLOT_STRIDE)).and_then(|_| self.file.write_all(&sealed));
        written.map_err(|error| io_error(&error))
    }
}

fn seal_slot(seals: &Seals, place: &[u8], head: Head) -> Result<Vec<u8>, StoreError> {
    seals.seal(place, &[head.change.to_be_bytes().as_slice(), &head.irreplaceable].concat())
}

fn open_slot(seals: &Seals, place: &[u8], sealed: &[u8]) -> Option<Head> {
    let plain = seals.open(place, sealed)?;
    let (change, rest) = plain.split_first_chunk::<8>()?;
    Some(Head { change: u64::from_be_bytes(*change), irreplaceable: rest.try_into().ok()? })
}
