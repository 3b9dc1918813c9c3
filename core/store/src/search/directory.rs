//! The files of an index: sealed, named by keyed hashes, kept by the store's lock.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use engine::ports::StoreError;
use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback,
    WatchHandle, WritePtr,
};
use zeroize::Zeroizing;

use super::INDEX_DAMAGED;
use super::cache::{Cache, Chunk};
use crate::chunks::{Chunks, Format, HEADER_OCTETS, Sealer};
use crate::files::{hexadecimal, io_error, private, replace, sync_folder};
use crate::seal::Seals;

const FORMAT: Format = Format { magic: b"CSINDEX1", chunk_octets: 16 * 1024 };
/// 4 MiB.
const CACHED_CHUNKS: usize = 256;

#[derive(Clone)]
pub(super) struct SealedDirectory {
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    account: Vec<u8>,
    seals: Arc<Seals>,
    cache: Mutex<Cache>,
    opened_files: AtomicU64,
    failures: Failures,
    held_locks: Mutex<BTreeSet<PathBuf>>,
    lock_released: Condvar,
}

/// What went wrong with files, whoever asked for them: tantivy's own errors don't tell damage from a full disk, and some of
/// its threads keep theirs.
#[derive(Default)]
pub(super) struct Failures {
    first: Mutex<Option<StoreError>>,
}

impl Failures {
    /// The first since the last [`take`](Self::take); damage before others.
    pub(super) fn first(&self) -> Option<StoreError> {
        self.slot().clone()
    }

    pub(super) fn take(&self) -> Option<StoreError> {
        self.slot().take()
    }

    fn add(&self, failure: StoreError) {
        let mut first = self.slot();
        if first.is_none() || failure == INDEX_DAMAGED {
            *first = Some(failure);
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SealedDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedDirectory").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

impl SealedDirectory {
    pub(super) fn new(folder: PathBuf, account: &[u8], seals: Arc<Seals>) -> Self {
        let shared = Shared {
            folder,
            account: account.to_vec(),
            seals,
            cache: Mutex::new(Cache::new(CACHED_CHUNKS)),
            opened_files: AtomicU64::new(0),
            failures: Failures::default(),
            held_locks: Mutex::default(),
            lock_released: Condvar::new(),
        };
        SealedDirectory { shared: Arc::new(shared) }
    }

    pub(super) fn failures(&self) -> &Failures {
        &self.shared.failures
    }

    fn open_file(&self, path: &Path) -> Result<SealedFile, OpenReadError> {
        let (name, place) = self.shared.place(path);
        let file = match File::open(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenReadError::FileDoesNotExist(path.to_owned()));
            }
            opened => opened,
        };
        let opened = file.and_then(|file| SealedFile::open(file, &name, &self.shared));
        opened.map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))
    }
}

impl Shared {
    /// The keyed hash of a file's name, and where the file lies.
    fn place(&self, path: &Path) -> ([u8; 32], PathBuf) {
        let name = self.seals.name(&[b"search", &self.account, path.as_os_str().as_encoded_bytes()]);
        (name, self.folder.join(hexadecimal(&name)))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn damaged(&self) -> io::Error {
        self.failures.add(INDEX_DAMAGED);
        io::ErrorKind::InvalidData.into()
    }

    /// Notes why a system call failed.
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.failures.add(io_error(error)))
    }
}

impl Directory for SealedDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.open_file(path)?))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        match fs::remove_file(self.shared.place(path).1) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(DeleteError::FileDoesNotExist(path.to_owned()))
            }
            removed => removed.map_err(|error| DeleteError::IoError {
                io_error: Arc::new(error),
                filepath: path.to_owned(),
            }),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.shared
            .noted(self.shared.place(path).1.try_exists())
            .map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let (name, place) = self.shared.place(path);
        let file = match private().write(true).create_new(true).open(place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(OpenWriteError::FileAlreadyExists(path.to_owned()));
            }
            opened => opened,
        };
        let seals = &self.shared.seals;
        let sealer = file.and_then(|file| Sealer::new(FORMAT, seals.search_cipher(), seals, &name, file));
        let sealer = self
            .shared
            .noted(sealer)
            .map_err(|error| OpenWriteError::wrap_io_error(error, path.to_owned()))?;
        let writer = Writer { sealer: Some(sealer), shared: Arc::clone(&self.shared) };
        Ok(BufWriter::new(Box::new(writer)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let file = self.open_file(path)?;
        let octets = file.read_bytes(0..file.len());
        Ok(octets.map_err(|error| OpenReadError::wrap_io_error(error, path.to_owned()))?.to_vec())
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let (name, place) = self.shared.place(path);
        let seals = &self.shared.seals;
        self.shared.noted(replace(&place, &place.with_extension("new"), |file| {
            let mut sealer = Sealer::new(FORMAT, seals.search_cipher(), seals, &name, file)?;
            sealer.write_all(data)?;
            sealer.finish().map(drop)
        }))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.shared.noted(sync_folder(&self.shared.folder))
    }

    /// The store's own lock keeps other processes out; this is between the threads of one.
    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let mut held = self.shared.held_locks.lock().unwrap_or_else(PoisonError::into_inner);
        while held.contains(&lock.filepath) {
            if !lock.is_blocking {
                return Err(LockError::LockBusy);
            }
            held = self.shared.lock_released.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.insert(lock.filepath.clone());
        let held = HeldLock { path: lock.filepath.clone(), shared: Arc::clone(&self.shared) };
        Ok(DirectoryLock::from(Box::new(held)))
    }

    /// Nobody waits for changes: the reader is told.
    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

struct HeldLock {
    path: PathBuf,
    shared: Arc<Shared>,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        self.shared.held_locks.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.path);
        self.shared.lock_released.notify_all();
    }
}

struct Writer {
    /// `None` when it was ended.
    sealer: Option<Sealer<File>>,
    shared: Arc<Shared>,
}

impl Writer {
    fn with_sealer<T>(&mut self, call: impl FnOnce(&mut Sealer<File>) -> io::Result<T>) -> io::Result<T> {
        let sealer = self.sealer.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        self.shared.noted(call(sealer))
    }
}

impl Write for Writer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.with_sealer(|sealer| sealer.write(octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with_sealer(Write::flush)
    }
}

impl TerminatingWrite for Writer {
    /// The file is whole and on the disk.
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let sealer = self.sealer.take().ok_or(io::ErrorKind::BrokenPipe)?;
        self.shared.noted(sealer.finish().and_then(|file| file.sync_all()))
    }
}

/// A file that is open for reading; it stays readable when it is deleted.
struct SealedFile {
    file: Mutex<File>,
    chunks: Chunks,
    number: u64,
    shared: Arc<Shared>,
}

impl SealedFile {
    fn open(mut file: File, name: &[u8; 32], shared: &Arc<Shared>) -> io::Result<Self> {
        let mut header = Vec::with_capacity(HEADER_OCTETS);
        let read = file.metadata().and_then(|about| {
            (&mut file).take(HEADER_OCTETS as u64).read_to_end(&mut header)?;
            usize::try_from(about.len()).map_err(|_| io::ErrorKind::FileTooLarge.into())
        });
        let octets = shared.noted(read)?;
        let chunks = Chunks::new(FORMAT, shared.seals.search_cipher(), name, &header, octets)
            .ok_or_else(|| shared.damaged())?;
        let number = shared.opened_files.fetch_add(1, Ordering::Relaxed);
        let file = SealedFile { file: Mutex::new(file), chunks, number, shared: Arc::clone(shared) };
        // It proves the length.
        file.chunk(file.chunks.count().saturating_sub(1))?;
        Ok(file)
    }

    fn chunk(&self, position: usize) -> io::Result<Chunk> {
        if let Some(chunk) = self.shared.cache().chunk((self.number, position)) {
            return Ok(chunk);
        }
        let range = self.chunks.range(position);
        let mut sealed = vec![0; range.len()];
        let read = {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(range.start as u64)).and_then(|_| file.read_exact(&mut sealed))
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(self.shared.damaged()),
            read => self.shared.noted(read)?,
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
        self.chunks.open(position, &sealed, &mut plain).ok_or_else(|| self.shared.damaged())?;
        let chunk = Arc::new(plain);
        self.shared.cache().put((self.number, position), Arc::clone(&chunk));
        Ok(chunk)
    }
}

impl Drop for SealedFile {
    fn drop(&mut self) {
        self.shared.cache().forget(self.number);
    }
}

impl fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedFile").field("octets", &self.chunks.plain_octets()).finish_non_exhaustive()
    }
}

impl HasLen for SealedFile {
    fn len(&self) -> usize {
        self.chunks.plain_octets()
    }
}

impl FileHandle for SealedFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.start > range.end || range.end > self.len() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut octets = Vec::with_capacity(range.len());
        let mut at = range.start;
        while at < range.end {
            let (position, start) = (at / FORMAT.chunk_octets, at % FORMAT.chunk_octets);
            let chunk = self.chunk(position)?;
            let end = chunk.len().min(start + range.end - at);
            octets.extend_from_slice(chunk.get(start..end).unwrap_or_default());
            at = (position + 1) * FORMAT.chunk_octets;
        }
        Ok(OwnedBytes::new(octets))
    }
}
