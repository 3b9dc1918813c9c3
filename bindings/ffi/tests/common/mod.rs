//! What the tests of the binding share: vaults that a platform might have, written in Rust.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_ffi::{
    Core, CoreConfig, CoreError, KeyAlgorithm, KeyInfo, KeyRole, LogEntry, LogError, LogSink, SignPurpose,
    SignatureAlgorithm, Vault, VaultError, VaultProblem, open_passphrase_vault,
};
use futures::executor::block_on;

/// How long something may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a [`PlatformVault`] does when it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// What is asked.
    Willing,
    /// Refuses.
    Refuses(VaultProblem),
    /// Never answers, like a person who went away.
    Hangs,
    /// Fails by a panic.
    Panics,
}

/// A passphrase vault behind the trait that platforms implement.
pub struct PlatformVault {
    inner: Arc<dyn Vault>,
    mood: Mutex<Mood>,
    /// Calls that hang.
    hanging: Arc<AtomicUsize>,
    /// What the person was asked to confirm.
    pub asked: Mutex<Vec<SignPurpose>>,
}

impl PlatformVault {
    pub fn in_folder(folder: &Path) -> Arc<Self> {
        let path = folder.join("vault").to_str().unwrap().to_owned();
        let inner = open_passphrase_vault(path, "a passphrase of a test".to_owned()).unwrap();
        Arc::new(PlatformVault {
            inner,
            mood: Mutex::new(Mood::Willing),
            hanging: Arc::default(),
            asked: Mutex::default(),
        })
    }

    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn hanging(&self) -> usize {
        self.hanging.load(Ordering::SeqCst)
    }

    async fn answer(&self) -> Result<(), VaultError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Willing => Ok(()),
            Mood::Refuses(problem) => Err(VaultError::Refused { problem }),
            Mood::Panics => panic!("alice@example.org must not get into a log"),
            Mood::Hangs => {
                let _hanging = Counted::new(&self.hanging);
                std::future::pending().await
            }
        }
    }
}

/// One more, for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Vault for PlatformVault {
    async fn create(
        &self,
        account: String,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> Result<KeyInfo, VaultError> {
        self.answer().await?;
        self.inner.create(account, role, algorithm).await
    }

    async fn list(&self) -> Result<Vec<KeyInfo>, VaultError> {
        self.answer().await?;
        self.inner.list().await
    }

    async fn delete(&self, key: String) -> Result<(), VaultError> {
        self.answer().await?;
        self.inner.delete(key).await
    }

    async fn sign(
        &self,
        key: String,
        algorithm: SignatureAlgorithm,
        message: Vec<u8>,
        purpose: SignPurpose,
    ) -> Result<Vec<u8>, VaultError> {
        self.asked.lock().unwrap().push(purpose.clone());
        self.answer().await?;
        self.inner.sign(key, algorithm, message, purpose).await
    }

    async fn wrap(&self, key: String, context: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.answer().await?;
        self.inner.wrap(key, context, secret).await
    }

    async fn unwrap(&self, key: String, context: Vec<u8>, sealed: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.answer().await?;
        self.inner.unwrap(key, context, sealed).await
    }
}

/// A log that keeps what it gets.
#[derive(Default)]
pub struct KeptLog(pub Mutex<Vec<LogEntry>>);

impl KeptLog {
    pub fn entries(&self) -> Vec<LogEntry> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl LogSink for KeptLog {
    async fn write(&self, entry: LogEntry) -> Result<(), LogError> {
        self.0.lock().unwrap().push(entry);
        Ok(())
    }
}

/// A core over `folder/home`.
pub fn core_in(folder: &Path, vault: &Arc<PlatformVault>, log: Option<Arc<dyn LogSink>>) -> Arc<Core> {
    let home = folder.join("home").to_str().unwrap().to_owned();
    let vault: Arc<dyn Vault> = vault.clone();
    Core::new(CoreConfig { home, offline: false }, vault, log).unwrap()
}

/// The same, unlocked.
pub fn unlocked_core_in(folder: &Path, vault: &Arc<PlatformVault>) -> Arc<Core> {
    let core = core_in(folder, vault, None);
    block_on(core.unlock(None)).unwrap();
    core
}

/// Runs `call` on a thread of its own, as a platform does.
pub fn on_a_thread<T: Send + 'static>(
    call: impl Future<Output = Result<T, CoreError>> + Send + 'static,
) -> std::thread::JoinHandle<Result<T, CoreError>> {
    std::thread::spawn(move || block_on(call))
}

/// Waits until `condition` holds.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "a deadline of a test")]
pub fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::yield_now();
    }
}
