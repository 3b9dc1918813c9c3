//! Files that are on the disk when a call returns, and what their errors mean.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use engine::ports::StoreError;

/// What a failed system call means for the person.
pub(crate) fn io_error(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::DiskFull
        }
        kind => StoreError::Io(kind),
    }
}

/// A hash as the name of a file.
pub(crate) fn hexadecimal(hash: &[u8]) -> String {
    hash.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Makes a folder that only the owner can enter.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes names created, renamed or removed in `folder` durable. Where folders can't be synced (Windows) the file system's
/// journal has to do.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Options for a file that only the owner can read.
pub(crate) fn private() -> OpenOptions {
    #[allow(unused_mut, reason = "changed on unix only")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a private file and syncs its content, not yet its name. After an error nothing is left of it.
pub(crate) fn write_synced(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let written = private().write(true).create(true).truncate(true).open(path).and_then(|mut file| {
        write(&mut file)?;
        file.flush()?;
        file.sync_all()
    });
    // The first error is the one to report; a rest of the file is overwritten by the next write.
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

/// Writes to `beside`, syncs it, gives it the name `path` and syncs that. `path` is the old or the new file at any moment. After
/// an error nothing is left of `beside`.
pub(crate) fn replace(
    path: &Path,
    beside: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    write_synced(beside, write)?;
    fs::rename(beside, path).inspect_err(|_| drop(fs::remove_file(beside)))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// The content of a file of at most `limit` octets; `None` when there is none.
pub(crate) fn read_small(path: &Path, limit: u64, what: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| io_error(&error))?,
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > limit { Err(StoreError::Damaged(what)) } else { Ok(Some(bytes)) }
}
