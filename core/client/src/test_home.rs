//! Home folders with accounts in them, for the tests of this crate: installed without asking any server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::ports::Vault;
use testkit::FakeVault;
use zeroize::Zeroizing;

use crate::account::{Account, AccountInner};
use crate::composer::{Composer, NewMail};
use crate::config::{AccountConfig, CoreConfig, Language, Security, Server};
use crate::core::Core;
use crate::credential::Credential;

pub(crate) const ALICE: &str = "alice@example.test";

/// Longer than anything takes on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A home without any network.
pub(crate) struct Home {
    pub(crate) core: Core,
    pub(crate) vault: Arc<FakeVault>,
    pub(crate) folder: tempfile::TempDir,
}

impl Home {
    /// The same seed gives the same keys in the vault.
    pub(crate) fn new(seed: &str, addresses: &[&str]) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let vault = Arc::new(FakeVault::new(seed));
        let core = open(folder.path(), Arc::clone(&vault) as Arc<dyn Vault>, true);
        addresses.iter().for_each(|address| install(&core, address));
        Home { core, vault, folder }
    }

    /// As after a crash, or when the program ended.
    pub(crate) fn opened_again(self) -> Home {
        self.core.close();
        let core = open(self.folder.path(), Arc::clone(&self.vault) as Arc<dyn Vault>, true);
        Home { core, ..self }
    }

    #[track_caller]
    pub(crate) fn account(&self, address: &str) -> Account {
        self.core.account(Some(address)).unwrap()
    }

    /// The inside of Alice's account; always the same one.
    pub(crate) fn alice(&self) -> Arc<AccountInner> {
        self.account(ALICE).inner
    }

    /// Alice's.
    pub(crate) fn composer(&self) -> Composer {
        self.account(ALICE).composer()
    }

    /// How many bodies are stored, of all accounts.
    pub(crate) fn bodies(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("store/bodies")).unwrap().count()
    }
}

fn open(folder: &Path, vault: Arc<dyn Vault>, offline: bool) -> Core {
    let core = Core::new(CoreConfig { home: folder.to_owned(), offline }, vault).unwrap();
    core.unlock().wait().unwrap();
    core
}

/// For tests that bring servers of their own.
pub(crate) fn open_online(folder: &Path, vault: Arc<dyn Vault>) -> Core {
    open(folder, vault, false)
}

/// Nobody listens at its ports; tests with servers name theirs, and whom to trust, in their place.
pub(crate) fn config(address: &str) -> AccountConfig {
    AccountConfig {
        address: address.parse().unwrap(),
        name: String::new(),
        login: address.to_owned(),
        imap: server(1),
        smtp: server(1),
        tls_anchors: Vec::new(),
        organisation_anchors: Vec::new(),
        authority: None,
        language: Language::En,
    }
}

pub(crate) fn server(port: u16) -> Server {
    Server { host: "localhost".to_owned(), port, security: Security::Tls }
}

pub(crate) fn password() -> Credential {
    Credential::Password(Zeroizing::new("x".to_owned()))
}

/// An account as [`config`] makes it.
pub(crate) fn install(core: &Core, address: &str) {
    install_with(core, config(address), password());
}

pub(crate) fn install_with(core: &Core, config: AccountConfig, credential: Credential) {
    let inner = Arc::clone(&core.inner);
    core.spawn(async move { AccountInner::install(&inner, &config, &credential).await }).wait().unwrap();
}

pub(crate) fn mail_to(address: &str, text: &str) -> NewMail {
    NewMail { to: vec![address.parse().unwrap()], text: text.to_owned(), ..NewMail::default() }
}

/// Waits until it is so.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    while !is_so() {
        assert!(waited < PATIENCE, "{what}");
        std::thread::sleep(PAUSE);
        waited += PAUSE;
    }
}
