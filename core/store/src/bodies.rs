//! Bodies: sealed files in chunks of 64 KiB (see [`crate::chunks`]).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;

use engine::ports::StoreError;

use crate::chunks::{Chunks, Format, HEADER_OCTETS, Sealer};
use crate::files::{create_folder, hexadecimal, io_error, replace, sync_folder, write_synced};
use crate::seal::Seals;

const FORMAT: Format = Format { magic: b"CSBODY1\0", chunk_octets: 64 * 1024 };

/// Threads that write bodies which come together.
const WRITERS: usize = 8;

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

    /// Writes several bodies, as [`put`](Self::put) does each. Waiting for the disk is most of it, and the disk takes what comes
    /// together together: so there are threads, and the names are made durable once.
    pub(crate) fn put_all(
        &self,
        seals: &Seals,
        bodies: &BTreeMap<[u8; 32], &[u8]>,
    ) -> Result<(), StoreError> {
        let all: Vec<_> = bodies.iter().collect();
        let write = |(name, body): &(&[u8; 32], &&[u8])| {
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
        match fs::read(self.path(&self.folder, name)) {
            Ok(file) => open_sealed(&file, seals, name).map(Some).ok_or(StoreError::Damaged("a mail body")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&error)),
        }
    }

    /// Removes bodies, those that there are.
    pub(crate) fn remove_all(&self, names: &[[u8; 32]]) -> Result<(), StoreError> {
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

fn write_sealed(file: &mut File, seals: &Seals, name: &[u8; 32], body: &[u8]) -> io::Result<()> {
    let mut sealer = Sealer::new(FORMAT, seals.body_cipher(), seals, name, file)?;
    sealer.write_all(body)?;
    sealer.finish().map(drop)
}

fn open_sealed(file: &[u8], seals: &Seals, name: &[u8; 32]) -> Option<Vec<u8>> {
    let header = file.get(..HEADER_OCTETS)?;
    Chunks::new(FORMAT, seals.body_cipher(), name, header, file.len())?.open_all(file)
}
