//! Bodies: sealed in chunks of 64 KiB (see [`crate::chunks`]), each in a file of its own, or many small ones in a pack.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use engine::ports::StoreError;

use crate::chunks::{Chunks, Format, HEADER_OCTETS, Sealer};
use crate::files::{create_folder, hexadecimal, io_error, replace, sync_folder, write_synced};
use crate::packs::Packs;
use crate::seal::{Seals, TAG_OCTETS};

const FORMAT: Format = Format { magic: b"CSBODY1\0", chunk_octets: 64 * 1024 };

/// Threads that write bodies which come together.
const WRITERS: usize = 8;

/// Bodies of more octets have files of their own.
const PACKED_OCTETS: usize = 64 * 1024;
/// Fewer bodies are not worth a pack.
const PACKED: usize = 8;

/// The folders with body files. Where a crash left a body in a file and in a pack, the file counts.
pub(crate) struct Bodies {
    folder: PathBuf,
    incoming: PathBuf,
    packs: Packs,
}

impl Bodies {
    /// Makes the folders where they are missing, and clears away bodies that a crash left half written.
    pub(crate) fn open(store: &Path) -> Result<Self, StoreError> {
        let (folder, incoming) = (store.join("bodies"), store.join("incoming"));
        let prepared = create_folder(&folder).and_then(|()| create_folder(&incoming)).and_then(|()| {
            fs::read_dir(&incoming)?.try_for_each(|entry| fs::remove_file(entry?.path()))?;
            Ok(())
        });
        prepared.map_err(|error| io_error(&error))?;
        Ok(Bodies { folder, incoming, packs: Packs::new(store) })
    }

    /// Writes a body; the older one stays until the new one is on the disk.
    pub(crate) fn put(&self, seals: &Seals, name: &[u8; 32], body: &[u8]) -> Result<(), StoreError> {
        let (path, beside) = (self.path(&self.folder, name), self.path(&self.incoming, name));
        replace(&path, &beside, |file| write_sealed(file, seals, name, body))
            .map_err(|error| io_error(&error))?;
        self.packs.remove_all(&[*name])
    }

    /// Writes several bodies, as [`put`](Self::put) does each.
    pub(crate) fn put_all(
        &self,
        seals: &Seals,
        bodies: &BTreeMap<[u8; 32], &[u8]>,
    ) -> Result<(), StoreError> {
        let (small, mut alone): (Vec<_>, Vec<_>) = bodies
            .iter()
            .map(|(name, body)| (*name, *body))
            .partition(|(_, body)| body.len() <= PACKED_OCTETS);
        if small.len() < PACKED {
            alone.extend(small);
            self.put_files(seals, &alone)?;
            return self.packs.remove_all(&names(&alone));
        }
        self.put_files(seals, &alone)?;
        self.packs.remove_all(&names(&alone))?;
        let sealed = small.iter().map(|(name, body)| Ok((*name, sealed(seals, name, body)?)));
        self.packs.put_all(sealed)?;
        self.remove_files(&names(&small))
    }

    /// Waiting for the disk is most of it, and the disk takes what comes together together: so there are threads, and the names
    /// are made durable once.
    fn put_files(&self, seals: &Seals, all: &[([u8; 32], &[u8])]) -> Result<(), StoreError> {
        if all.is_empty() {
            return Ok(());
        }
        let write = |(name, body): &([u8; 32], &[u8])| {
            write_synced(&self.path(&self.incoming, name), |file| write_sealed(file, seals, name, body))
        };
        let written = thread::scope(|scope| {
            let shares = all.chunks(all.len().div_ceil(WRITERS).max(1));
            let writers: Vec<_> =
                shares.map(|share| scope.spawn(move || share.iter().try_for_each(write))).collect();
            // All are waited for before the first error counts: nobody writes any more when this returns.
            let written: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            written.into_iter().try_for_each(|written| {
                written.unwrap_or_else(|_| Err(io::Error::other("a writing thread ended")))
            })
        });
        let named = written.and_then(|()| {
            all.iter().try_for_each(|(name, _)| {
                fs::rename(self.path(&self.incoming, name), self.path(&self.folder, name))
            })
        });
        if let Err(error) = named {
            for (name, _) in all {
                // Most are named already, or were never made.
                let _ = fs::remove_file(self.path(&self.incoming, name));
            }
            return Err(io_error(&error));
        }
        sync_folder(&self.folder).map_err(|error| io_error(&error))
    }

    /// Reads a body; `None` when there is none.
    pub(crate) fn read(&self, seals: &Seals, name: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let alone = || match fs::read(self.path(&self.folder, name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&error)),
        };
        let file = match alone()? {
            Some(file) => Some(file),
            None => match self.packs.read(name)? {
                Some(file) => Some(file),
                // It may have left its pack for a file of its own a moment ago.
                None => alone()?,
            },
        };
        let open = |file: Vec<u8>| open_sealed(&file, seals, name).ok_or(StoreError::Damaged("a mail body"));
        file.map(open).transpose()
    }

    /// Removes bodies, those that there are.
    pub(crate) fn remove_all(&self, names: &[[u8; 32]]) -> Result<(), StoreError> {
        self.remove_files(names)?;
        self.packs.remove_all(names)
    }

    fn remove_files(&self, names: &[[u8; 32]]) -> Result<(), StoreError> {
        let mut is_changed = false;
        for name in names {
            match fs::remove_file(self.path(&self.folder, name)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => {
                    removed.map_err(|error| io_error(&error))?;
                    is_changed = true;
                }
            }
        }
        if is_changed { sync_folder(&self.folder).map_err(|error| io_error(&error)) } else { Ok(()) }
    }

    fn path(&self, folder: &Path, name: &[u8; 32]) -> PathBuf {
        folder.join(hexadecimal(name))
    }
}

fn names(bodies: &[([u8; 32], &[u8])]) -> Vec<[u8; 32]> {
    bodies.iter().map(|(name, _)| *name).collect()
}

fn sealed(seals: &Seals, name: &[u8; 32], body: &[u8]) -> io::Result<Vec<u8>> {
    let mut sealed = Vec::with_capacity(HEADER_OCTETS + body.len() + TAG_OCTETS);
    write_sealed(&mut sealed, seals, name, body)?;
    Ok(sealed)
}

fn write_sealed(out: impl Write, seals: &Seals, name: &[u8; 32], body: &[u8]) -> io::Result<()> {
    let mut sealer = Sealer::of_at_most(body.len(), FORMAT, seals.body_cipher(), seals, name, out)?;
    sealer.write_all(body)?;
    sealer.finish().map(drop)
}

fn open_sealed(file: &[u8], seals: &Seals, name: &[u8; 32]) -> Option<Vec<u8>> {
    let header = file.get(..HEADER_OCTETS)?;
    Chunks::new(FORMAT, seals.body_cipher(), name, header, file.len())?.open_all(file)
}
