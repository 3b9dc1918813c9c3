//! Shared by the store's tests.
#![allow(dead_code, clippy::unwrap_used)]

pub mod mails;
#[cfg(unix)]
pub mod removed;

use std::path::Path;

use engine::ports::{Store, StoreError};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use store::SealedStore;
use store::contract::Subject;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// The key of every store here.
pub const KEY: [u8; 32] = [0x5a; 32];

/// Opens a store with the system's randomness, like the client does.
pub fn open(folder: &Path, key: &[u8; 32]) -> Result<SealedStore, StoreError> {
    SealedStore::open(folder, &Zeroizing::new(*key), Box::new(SystemRandom))
}

/// A store that is left as it is, or opened again, before a test of the contract reads.
pub struct Reopening<S> {
    folder: TempDir,
    store: Option<S>,
    reopen: fn(&Path, S) -> S,
}

impl<S> Reopening<S> {
    pub fn new(folder: TempDir, store: S, reopen: fn(&Path, S) -> S) -> Self {
        Self { folder, store: Some(store), reopen }
    }
}

impl Reopening<SealedStore> {
    /// An empty one.
    pub fn sealed(reopen: fn(&Path, SealedStore) -> SealedStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path(), &KEY).unwrap();
        Self::new(folder, store, reopen)
    }
}

impl<S: Store> Subject for Reopening<S> {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    fn between(&mut self) {
        let store = self.store.take().unwrap();
        self.store = Some((self.reopen)(self.folder.path(), store));
    }
}

/// Real randomness: a test that reused nonces would prove nothing.
pub struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(getrandom::u32().unwrap())
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(getrandom::u64().unwrap())
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        #[allow(clippy::disallowed_methods, reason = "the test stands in for the client")]
        getrandom::fill(dst).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}

/// Copies a folder with everything in it.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder, in order.
pub fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

/// `small` in ordinary runs, `full` when COUNTERSIGN_PROVE=1.
pub fn rounds(small: usize, full: usize) -> usize {
    if std::env::var("COUNTERSIGN_PROVE").is_ok_and(|prove| prove == "1") { full } else { small }
}

/// This test program again, to run the one test `name` with `folder` in the environment variable `variable`.
pub fn child_arguments(name: &str) -> [String; 4] {
    [name.to_owned(), "--exact".to_owned(), "--nocapture".to_owned(), "--quiet".to_owned()]
}
