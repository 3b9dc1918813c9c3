//! Bodies: sealed files in chunks of 64 KiB (see [`crate::chunks`]).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use engine::ports::StoreError;

use crate::chunks::{Chunks, Format, HEADER_OCTETS, Sealer};
use crate::files::{create_folder, hexadecimal, io_error, replace, sync_folder};
use crate::seal::Seals;

const FORMAT: Format = Format { magic: b"CSBODY1\0", chunk_octets: 64 * 1024 };

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
