//! The root object: a home folder, a vault, a runtime, accounts, events.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::ports::{KeyInfo, KeyRole, Store, StoreError, Tree, Vault, VaultError};
use serde::{Deserialize, Serialize};
use smime::KeyAlgorithm;
use store::{SealedStore, WakeStore};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::account::{Account, AccountInner, Removal, Shared, Unsent, clear_away_removed, folded, remove};
use crate::config::{AccountConfig, CoreConfig};
use crate::credential::Credential;
use crate::error::{CoreError, Thing, WrongUse};
use crate::sync::UndoneReason;
use crate::system::{OsRandom, random_array};
use crate::task::Task;

/// The store's key, sealed by the vault.
const STORE_KEY_FILE: &str = "store.key";
/// Bound to the store key when it is sealed.
const STORE_KEY_CONTEXT: &[u8] = b"countersign store key 1";
/// How long closing waits for work that can't be interrupted (a write to the disk).
const CLOSING_PATIENCE: Duration = Duration::from_secs(10);

/// Something that happened; pulled by [`Core::next_event`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A slow step goes on.
    Progress {
        /// What is being done.
        step: ProgressStep,
        /// Done so far.
        done: u64,
        /// Of so many, when known.
        total: Option<u64>,
    },
    /// A mail came in.
    Mail {
        /// Its id, like `inbox.12`.
        id: String,
    },
    /// The state of an approval changed.
    Approval {
        /// Digest of the request, hexadecimal.
        id: String,
    },
    /// Something that was done to mail could not be done on the server; it is shown again as the server has it.
    Undone {
        /// Ids of the mails; none where their folder is gone.
        ids: Vec<String>,
        /// Why.
        why: UndoneReason,
    },
    /// The stored mail was damaged and is fetched again; nothing else was touched.
    CacheRebuilt,
    /// The search index was damaged or lost, and is made again from stored mail.
    SearchRebuilt,
    /// An own decision was not sent: its request has ended meanwhile.
    Superseded {
        /// Digest of the request, hexadecimal.
        id: String,
    },
    /// A person is met.
    Met {
        /// Who.
        address: String,
    },
    /// Another anchor than the known one was seen for a person; nothing was changed.
    ChangedAnchor {
        /// Who.
        address: String,
    },
    /// A code of ours was answered by two people, or the scanned code was burnt: scan a new one.
    MeetingWarning {
        /// Who.
        address: String,
    },
    /// Our confirmation of a meeting is missing.
    MeetingQuestion {
        /// Who.
        address: String,
        /// Number that both phones must show, when a number is enough.
        number: Option<String>,
        /// Another anchor is known: agreeing replaces it.
        replaces: bool,
    },
    /// A mail in the outbox can't go on without its owner.
    OutboxStuck {
        /// Its number.
        number: u64,
    },
    /// A mail was sent, but the server takes no copy into Sent.
    NoCopy {
        /// Its number.
        number: u64,
    },
    /// The timestamp authority did not answer; the mail goes without, or waits.
    NoTimestamp {
        /// Its number.
        number: u64,
    },
}

/// Slow steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressStep {
    /// Checking the servers.
    Connecting,
    /// Making keys and certificates.
    MakingKeys,
    /// Fetching mail.
    Fetching,
    /// Fetching a timestamp.
    Timestamping,
    /// Sending mail.
    Sending,
}

/// The root object. One home has one core at a time.
pub struct Core {
    pub(crate) inner: Arc<CoreInner>,
    runtime: Mutex<Option<Runtime>>,
}

pub(crate) struct CoreInner {
    pub(crate) config: CoreConfig,
    pub(crate) vault: Arc<dyn Vault>,
    state: Mutex<State>,
    /// One unlocking at a time: two would make two store keys.
    unlocking: tokio::sync::Mutex<()>,
    /// One merging of what woken processes did at a time.
    pub(crate) attending: tokio::sync::Mutex<()>,
    /// One clearing away of a removed account at a time. Taken before `attending` where both are.
    pub(crate) removing: tokio::sync::Mutex<()>,
    receiver: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    pub(crate) handle: Handle,
}

/// What closing takes away. Locked only to look at it or change it.
struct State {
    store: Option<Arc<SealedStore>>,
    /// In the place of `store` in a process that was woken.
    woken: Option<Arc<WakeStore>>,
    /// Each holds the core, too: closing breaks the circle.
    accounts: BTreeMap<String, Arc<AccountInner>>,
    shared: BTreeMap<String, Arc<Shared>>,
    /// `None` when closed.
    sender: Option<mpsc::UnboundedSender<Event>>,
    /// Others who want to know.
    listeners: Vec<mpsc::UnboundedSender<Event>>,
}

/// Hears every event from its making on, besides whoever pulls [`Core::next_event`].
#[derive(Debug)]
pub struct Listener(mpsc::UnboundedReceiver<Event>);

impl Listener {
    /// What happened since the last call.
    pub fn heard(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}

impl Core {
    /// Starts the runtime; nothing is read yet. See [`unlock`](Self::unlock).
    pub fn new(config: CoreConfig, vault: Arc<dyn Vault>) -> Result<Self, CoreError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("countersign")
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| CoreError::Store(StoreError::Io(error.kind())))?;
        let (sender, receiver) = mpsc::unbounded_channel();
        let inner = CoreInner {
            config,
            vault,
            state: Mutex::new(State {
                store: None,
                woken: None,
                accounts: BTreeMap::new(),
                shared: BTreeMap::new(),
                sender: Some(sender),
                listeners: Vec::new(),
            }),
            unlocking: tokio::sync::Mutex::new(()),
            attending: tokio::sync::Mutex::new(()),
            removing: tokio::sync::Mutex::new(()),
            receiver: tokio::sync::Mutex::new(receiver),
            handle: runtime.handle().clone(),
        };
        Ok(Core { inner: Arc::new(inner), runtime: Mutex::new(Some(runtime)) })
    }

    /// Opens the home with the vault's sealing key; makes both at the first time. Mail that was caught between data and
    /// answer is marked uncertain.
    pub fn unlock(&self) -> Task<()> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.handle, async move {
            inner.unlock().await?;
            // What can't be cleared away now is tried the next time, and in nobody's way.
            clear_away_removed(&inner).await.ok();
            inner.attend_woken().await;
            Ok(())
        })
    }

    /// Opens what a process may use that was woken while another one may own the home: accounts can be asked by
    /// [`Account::wake`], and nothing else of them works. Nothing is made: where no owner has synchronised yet there are no accounts.
    pub fn unlock_woken(&self) -> Task<()> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.handle, async move { inner.unlock_woken().await })
    }

    /// Addresses of all accounts.
    pub fn accounts(&self) -> Result<Vec<String>, CoreError> {
        let groups = self.inner.store()?.groups(Tree::Accounts)?;
        Ok(groups.into_iter().map(|group| String::from_utf8_lossy(&group).into_owned()).collect())
    }

    /// One account; without an address the only one there is.
    pub fn account(&self, address: Option<&str>) -> Result<Account, CoreError> {
        let known = self.accounts()?;
        let wanted = address.map(folded);
        let name = match (wanted, known.as_slice()) {
            (Some(wanted), _) => known
                .iter()
                .find(|name| **name == wanted)
                .cloned()
                .ok_or(CoreError::NotFound(Thing::Account))?,
            (None, [only]) => only.clone(),
            (None, _) => return Err(CoreError::WrongUse(WrongUse::WhichAccount)),
        };
        Ok(Account { inner: self.inner.open_account(&name)? })
    }

    /// Checks the servers, makes keys and certificates, stores all of it at once. Nothing is kept when a step fails.
    pub fn add_account(&self, config: AccountConfig, password: Zeroizing<String>) -> Task<Account> {
        self.add_account_with(config, Credential::Password(password))
    }

    /// As [`add_account`](Self::add_account), by any credential.
    pub fn add_account_with(&self, config: AccountConfig, credential: Credential) -> Task<Account> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.handle, async move {
            let name = config.address.folded().to_owned();
            AccountInner::add(&inner, config, credential).await?;
            inner.attend_woken().await;
            Ok(Account { inner: inner.open_account(&name)? })
        })
    }

    /// Other servers, password, name or authorities for an account that exists, checked like those of a new one. Its keys
    /// stay. Objects of the account that are held go on with the old ones.
    pub fn change_account(&self, config: AccountConfig, password: Zeroizing<String>) -> Task<Account> {
        self.change_account_with(config, Credential::Password(password))
    }

    /// As [`change_account`](Self::change_account), by any credential.
    pub fn change_account_with(&self, config: AccountConfig, credential: Credential) -> Task<Account> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.handle, async move {
            let name = config.address.folded().to_owned();
            AccountInner::change(&inner, config, credential).await?;
            inner.attend_woken().await;
            Ok(Account { inner: inner.open_account(&name)? })
        })
    }

    /// What would be lost if the account were removed now.
    pub fn unsent(&self, address: &str) -> Result<Unsent, CoreError> {
        Unsent::of(self.inner.sealed_store()?.as_ref(), &folded(address))
    }

    /// Removes an account from this home: its mail, people, approvals, drafts, what logs in, and its keys, for good. Nothing on the
    /// server is touched; what lies encrypted there can't be read without the keys. Objects of the account that are held write
    /// nothing any more, and say that there is no such account. Unless `discard_unsent`, an account stays that has mail which
    /// is nowhere but here.
    ///
    /// The account is gone in one step. What a crash or an error leaves behind it is cleared away when the home is opened the
    /// next time, when this is called again, and before an account of the same address is added.
    ///
    /// # Errors
    /// [`CoreError::NotFound`] when there is no such account, nor anything left of one. After any error but this one, ask
    /// [`accounts`](Self::accounts) whether it is gone.
    pub fn remove_account(&self, address: &str, discard_unsent: bool) -> Task<Removal> {
        let (inner, name) = (Arc::clone(&self.inner), folded(address));
        Task::spawn(&self.inner.handle, async move { remove(&inner, &name, discard_unsent).await })
    }

    /// The next event, as soon as there is one; `None` when the core is closed. Runs on any executor; a call that is
    /// dropped loses no event.
    pub fn next_event(&self) -> impl Future<Output = Option<Event>> + Send + use<> {
        let inner = Arc::clone(&self.inner);
        async move { inner.receiver.lock().await.recv().await }
    }

    /// Hears every event from now on.
    pub fn listen(&self) -> Listener {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inner.state().listeners.push(sender);
        Listener(receiver)
    }

    /// Runs a caller's own work on the core's runtime.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CoreError>> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&self.inner.handle, work)
    }

    /// Runs work that reads the store without awaiting, apart from the work that does.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, CoreError> + Send + 'static,
    ) -> Task<T> {
        Task::spawn_blocking(&self.inner.handle, work)
    }

    /// Ends everything: running tasks are cancelled, pending events end, the store is released and its folder may be
    /// opened again. Later calls fail with [`WrongUse::Closed`] or [`CoreError::Cancelled`]. Blocks until running work has
    /// stopped (10 s at most); must not be called on the core's own runtime.
    pub fn close(&self) {
        self.end(true);
    }

    fn end(&self, may_block: bool) {
        self.inner.state().sender = None;
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        match runtime {
            Some(runtime) if may_block => runtime.shutdown_timeout(CLOSING_PATIENCE),
            Some(runtime) => runtime.shutdown_background(),
            None => {}
        }
        let (store, woken, accounts) = {
            let mut state = self.inner.state();
            (state.store.take(), state.woken.take(), std::mem::take(&mut state.accounts))
        };
        // Outside the lock: closing the store writes.
        drop((store, woken, accounts));
    }

    /// Blocks until the work is done, handing events over as they come; for programs without an event loop.
    pub fn wait<T: Send + 'static>(
        &self,
        task: Task<T>,
        mut on_event: impl FnMut(Event),
    ) -> Result<T, CoreError> {
        let result = self.inner.handle.block_on(async {
            let mut events = self.inner.receiver.lock().await;
            let mut task = std::pin::pin!(task);
            loop {
                tokio::select! {
                    biased;
                    Some(event) = events.recv() => on_event(event),
                    result = &mut task => return result,
                }
            }
        });
        while let Some(event) = self.pending_event() {
            on_event(event);
        }
        result
    }

    /// An event that has happened already.
    pub fn pending_event(&self) -> Option<Event> {
        self.inner.receiver.try_lock().ok()?.try_recv().ok()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // A runtime can't wait for itself.
        self.end(Handle::try_current().is_err());
    }
}

impl CoreInner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn emit(&self, event: Event) {
        // A core that is going down loses its last events, never data.
        let mut state = self.state();
        if state.sender.is_some() {
            state.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        }
        if let Some(sender) = &state.sender {
            sender.send(event).ok();
        }
    }

    pub(crate) fn store(&self) -> Result<Arc<dyn Store>, CoreError> {
        match self.woken_store() {
            Some(woken) => Ok(woken),
            None => Ok(self.sealed_store()?),
        }
    }

    pub(crate) fn woken_store(&self) -> Option<Arc<WakeStore>> {
        self.state().woken.clone()
    }

    /// The store as it is, for what the port does not offer.
    pub(crate) fn sealed_store(&self) -> Result<Arc<SealedStore>, CoreError> {
        let state = self.state();
        if state.sender.is_none() {
            return Err(CoreError::WrongUse(WrongUse::Closed));
        }
        state.store.clone().ok_or(CoreError::WrongUse(WrongUse::Locked))
    }

    /// The key of this device that seals others; made at the first time.
    pub(crate) async fn sealing_key(&self) -> Result<KeyInfo, CoreError> {
        let keys = self.vault.list().await?;
        match keys.into_iter().find(|key| key.role == KeyRole::Sealing) {
            Some(key) => Ok(key),
            None => Ok(self.vault.create("", KeyRole::Sealing, KeyAlgorithm::P256).await?),
        }
    }

    /// The next caller opens the account afresh.
    pub(crate) fn forget_opened(&self, name: &str) {
        self.state().accounts.remove(name);
    }

    /// What all objects of an account share.
    pub(crate) fn shared(&self, name: &str) -> Arc<Shared> {
        Arc::clone(self.state().shared.entry(name.to_owned()).or_default())
    }

    /// It is removed: one of the same address is another account.
    pub(crate) fn forget_removed(&self, name: &str) {
        let mut state = self.state();
        state.shared.remove(name);
        state.accounts.remove(name);
    }

    /// The key of the store; `None` where there is none yet.
    async fn store_key(&self) -> Result<Option<Zeroizing<[u8; 32]>>, CoreError> {
        let sealed = match std::fs::read(self.config.home.join(STORE_KEY_FILE)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| CoreError::Store(StoreError::Io(error.kind())))?,
        };
        let sealing = self.sealing_key().await?;
        let key = self.vault.unwrap(&sealing.id, STORE_KEY_CONTEXT, &sealed).await?;
        let key = key.as_slice().try_into().map_err(|_| CoreError::Vault(VaultError::Damaged))?;
        Ok(Some(Zeroizing::new(key)))
    }

    async fn unlock_woken(&self) -> Result<(), CoreError> {
        let _unlocking = self.unlocking.lock().await;
        if self.state().store.is_some() || self.state().woken.is_some() {
            return Err(CoreError::WrongUse(WrongUse::Closed));
        }
        let missing = CoreError::NotFound(Thing::Account);
        let key = self.store_key().await?.ok_or(missing.clone())?;
        let woken = WakeStore::open(&self.config.home.join("store"), &key, Box::new(OsRandom))?;
        self.state().woken = Some(Arc::new(woken.ok_or(missing)?));
        Ok(())
    }

    async fn unlock(&self) -> Result<(), CoreError> {
        let _unlocking = self.unlocking.lock().await;
        if self.state().store.is_some() {
            return Ok(());
        }
        if self.state().woken.is_some() {
            return Err(CoreError::WrongUse(WrongUse::Closed));
        }
        let data = self.config.home.join("store");
        let key = match self.store_key().await? {
            Some(key) => key,
            // A store without its key must not be taken for a new one.
            None if data.exists() => return Err(CoreError::Vault(VaultError::NoSuchKey)),
            None => {
                let sealing = self.sealing_key().await?;
                let key = Zeroizing::new(random_array::<32>());
                let sealed = self.vault.wrap(&sealing.id, STORE_KEY_CONTEXT, key.as_slice()).await?;
                write_durably(&self.config.home.join(STORE_KEY_FILE), &sealed)?;
                key
            }
        };
        let store = Arc::new(SealedStore::open(&data, &key, Box::new(OsRandom))?);
        for account in store.groups(Tree::Accounts)? {
            for number in crate::outbox::recover(store.as_ref(), &account)? {
                self.emit(Event::OutboxStuck { number });
            }
        }
        let mut state = self.state();
        if state.sender.is_none() {
            return Err(CoreError::WrongUse(WrongUse::Closed));
        }
        state.store = Some(store);
        Ok(())
    }

    pub(crate) fn open_account(self: &Arc<Self>, name: &str) -> Result<Arc<AccountInner>, CoreError> {
        if let Some(account) = self.state().accounts.get(name) {
            return Ok(Arc::clone(account));
        }
        let opened = Arc::new(AccountInner::open(self, name, self.shared(name))?);
        let mut state = self.state();
        if state.sender.is_none() {
            return Err(CoreError::WrongUse(WrongUse::Closed));
        }
        // Between reading and here.
        if opened.is_removed() {
            return Err(CoreError::NotFound(Thing::Account));
        }
        // Two callers at once get the same account: its locks must be the same, too.
        Ok(Arc::clone(state.accounts.entry(name.to_owned()).or_insert(opened)))
    }
}

/// Writes a small file so that it is there whole after a crash, or not at all; readable by its owner only.
pub(crate) fn write_durably(path: &Path, octets: &[u8]) -> Result<(), CoreError> {
    use std::io::Write;
    let failed = |error: std::io::Error| {
        CoreError::Store(match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::DiskFull,
            kind => StoreError::Io(kind),
        })
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let temporary = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).map_err(failed)?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
