//! The root object and its events.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::account::{Account, AccountConfig};
use crate::calls::{Calls, Cancel};
use crate::error::CoreError;
use crate::log::{Log, LogSink};
use crate::mailboxes::UndoneReason;
use crate::mirror::mirror;
use crate::panics;
use crate::vault::{PlatformVault, Vault};

/// Where a core lives.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct CoreConfig {
    /// The folder of everything that is stored; made when missing. One core at a time has it.
    pub home: String,
    /// No network at all.
    #[uniffi(default = false)]
    pub offline: bool,
}

/// Something that happened; pulled by [`Core::next_event`]. What it tells is in the store: an event may be missed.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
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
        /// Its id.
        id: String,
    },
    /// The state of an approval changed.
    Approval {
        /// Its id.
        id: String,
    },
    /// Something that was done to mail could not be done on the server; it is shown again as the server has it.
    Undone {
        /// Ids of the mails.
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
        /// The approval's id.
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

mirror! {
    both
    /// Slow steps.
    ProgressStep = client::ProgressStep {
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
}

/// The root object. One home has one core at a time.
#[derive(uniffi::Object)]
pub struct Core {
    calls: Arc<Calls>,
}

#[uniffi::export]
impl Core {
    /// Starts the core's threads; nothing is read yet. See [`unlock`](Self::unlock).
    #[uniffi::constructor(default(log = None))]
    pub fn new(
        config: CoreConfig,
        vault: Arc<dyn Vault>,
        log: Option<Arc<dyn LogSink>>,
    ) -> Result<Arc<Self>, CoreError> {
        panics::watch();
        let config = client::CoreConfig { home: config.home.into(), offline: config.offline };
        let core = client::Core::new(config, Arc::new(PlatformVault(vault)))?;
        Ok(Arc::new(Core { calls: Arc::new(Calls::new(core, Log::new(log))) }))
    }

    /// Opens the home with the vault's sealing key; makes both at the first time.
    #[uniffi::method(default(cancel = None))]
    pub async fn unlock(&self, cancel: Cancel) -> Result<(), CoreError> {
        self.calls.run("core.unlock", cancel, || self.calls.core().unlock()).await
    }

    /// Addresses of all accounts.
    #[uniffi::method(default(cancel = None))]
    pub async fn accounts(&self, cancel: Cancel) -> Result<Vec<String>, CoreError> {
        let calls = Arc::clone(&self.calls);
        self.calls.read("core.accounts", cancel, move || calls.core().accounts()).await
    }

    /// One account; without an address the only one there is.
    #[uniffi::method(default(address = None, cancel = None))]
    pub async fn account(&self, address: Option<String>, cancel: Cancel) -> Result<Arc<Account>, CoreError> {
        let calls = Arc::clone(&self.calls);
        let account =
            self.calls.read("core.account", cancel, move || calls.core().account(address.as_deref())).await?;
        Ok(Account::new(&self.calls, account))
    }

    /// Checks the servers, makes keys and certificates, stores all of it at once. Nothing is kept when a step fails.
    #[uniffi::method(default(cancel = None))]
    pub async fn add_account(
        &self,
        config: AccountConfig,
        password: String,
        cancel: Cancel,
    ) -> Result<Arc<Account>, CoreError> {
        let password = Zeroizing::new(password);
        let account = self
            .calls
            .run_with("core.add_account", cancel, config.try_into(), |config| {
                self.calls.core().add_account(config, password)
            })
            .await?;
        Ok(Account::new(&self.calls, account))
    }

    /// The next event, as soon as there is one; nothing when the core is shut down. One caller at a time gets them all.
    #[uniffi::method(default(cancel = None))]
    pub async fn next_event(&self, cancel: Cancel) -> Result<Option<Event>, CoreError> {
        self.calls.next_event(cancel).await
    }

    /// Ends everything: running calls and later ones fail with [`StopReason::Closed`](crate::StopReason::Closed), a pending
    /// [`next_event`](Self::next_event) gives nothing, the home may be opened again. Blocks until running work has stopped
    /// (10 s at most). Not called `close`, which in Kotlin only lets go of an object.
    pub fn shutdown(&self) {
        self.calls.shutdown();
    }
}

/// For the contract tests of the bindings. Not in builds without debug assertions.
#[cfg(debug_assertions)]
#[uniffi::export]
impl Core {
    /// Fails by a panic inside the core.
    #[allow(clippy::panic, reason = "this is what it is for")]
    pub async fn panic_for_test(&self) -> Result<(), CoreError> {
        self.calls.read("core.panic_for_test", None, || panic!("asked for by a test")).await
    }
}

impl From<client::Event> for Event {
    fn from(event: client::Event) -> Self {
        use client::Event as Client;
        match event {
            Client::Progress { step, done, total } => Event::Progress { step: step.into(), done, total },
            Client::Mail { id } => Event::Mail { id },
            Client::Approval { id } => Event::Approval { id },
            Client::Undone { ids, why } => Event::Undone { ids, why: why.into() },
            Client::CacheRebuilt => Event::CacheRebuilt,
            Client::SearchRebuilt => Event::SearchRebuilt,
            Client::Superseded { id } => Event::Superseded { id },
            Client::Met { address } => Event::Met { address },
            Client::ChangedAnchor { address } => Event::ChangedAnchor { address },
            Client::MeetingWarning { address } => Event::MeetingWarning { address },
            Client::MeetingQuestion { address, number, replaces } => {
                Event::MeetingQuestion { address, number, replaces }
            }
            Client::OutboxStuck { number } => Event::OutboxStuck { number },
            Client::NoCopy { number } => Event::NoCopy { number },
            Client::NoTimestamp { number } => Event::NoTimestamp { number },
        }
    }
}
