//! What every caller may rely on: errors arrive, cancelling cancels, closing ends everything, panics harm one call only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod common;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};

use common::{KeptLog, Mood, PlatformVault, core_in, on_a_thread, unlocked_core_in, until};
use countersign_ffi::{
    AccountConfig, CancelToken, Core, CoreConfig, CoreError, Event, Language, LogEntry, LogError, LogLevel,
    LogSink, Misuse, NetworkProblem, ProgressStep, Security, Server, StopReason, StorageProblem, Thing,
    UnreadableThing, Vault, VaultError, VaultProblem, open_passphrase_vault,
};
use futures::executor::block_on;
use futures::future::join_all;

const CANCELLED: CoreError = CoreError::Stopped { reason: StopReason::Cancelled };
const CLOSED: CoreError = CoreError::Stopped { reason: StopReason::Closed };
const LOCKED: CoreError = CoreError::WrongUse { problem: Misuse::Locked };

fn config(port: u16) -> AccountConfig {
    let server = Server { host: Ipv4Addr::LOCALHOST.to_string(), port, security: Security::Tls };
    AccountConfig {
        address: "alice@example.org".to_owned(),
        name: "Alice".to_owned(),
        login: None,
        imap: server.clone(),
        smtp: server,
        tls_anchors: Vec::new(),
        organisation_anchors: Vec::new(),
        authority: None,
        language: Language::En,
    }
}

/// A port where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

async fn add(core: Arc<Core>, port: u16, cancel: Option<Arc<CancelToken>>) -> Result<(), CoreError> {
    core.add_account(config(port), "secret".to_owned(), cancel).await.map(|_| ())
}

#[test]
fn a_home_is_made_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    assert_eq!(block_on(core.accounts(None)), Err(LOCKED));
    block_on(core.unlock(None)).unwrap();
    block_on(core.unlock(None)).unwrap();
    assert_eq!(block_on(core.accounts(None)), Ok(Vec::new()));

    let second = core_in(folder.path(), &vault, None);
    let in_use = CoreError::Storage { problem: StorageProblem::InUse };
    assert_eq!(block_on(second.unlock(None)), Err(in_use));

    core.shutdown();
    block_on(second.unlock(None)).expect("shut down, the first core has let go of the home");
}

#[test]
fn another_vault_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    unlocked_core_in(folder.path(), &PlatformVault::in_folder(folder.path())).shutdown();
    let elsewhere = tempfile::tempdir().unwrap();
    let core = core_in(folder.path(), &PlatformVault::in_folder(elsewhere.path()), None);
    assert_eq!(block_on(core.unlock(None)), Err(CoreError::Vault { problem: VaultProblem::Damaged }));
}

#[test]
fn the_passphrase_vault_refuses_with_a_cause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vault").to_str().unwrap().to_owned();
    let refusal = |path: &str, passphrase: &str| {
        open_passphrase_vault(path.to_owned(), passphrase.to_owned()).map(|_| ()).unwrap_err()
    };
    open_passphrase_vault(path.clone(), "right".to_owned()).unwrap();
    assert_eq!(refusal(&path, "wrong"), VaultError::Refused { problem: VaultProblem::Locked });
    std::fs::write(&path, b"something else").unwrap();
    assert_eq!(refusal(&path, "right"), VaultError::Refused { problem: VaultProblem::Damaged });
    let nowhere = folder.path().join("absent").join("vault").to_str().unwrap().to_owned();
    assert_eq!(refusal(&nowhere, "right"), VaultError::Refused { problem: VaultProblem::Unavailable });
}

#[test]
fn every_refusal_of_the_vault_reaches_the_caller() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    for problem in [
        VaultProblem::Cancelled,
        VaultProblem::Locked,
        VaultProblem::KeyInvalidated,
        VaultProblem::NotEnrolled,
        VaultProblem::NoSuchKey,
        VaultProblem::Damaged,
        VaultProblem::Unavailable,
    ] {
        vault.becomes(Mood::Refuses(problem));
        assert_eq!(block_on(core.unlock(None)), Err(CoreError::Vault { problem }));
    }
    vault.becomes(Mood::Willing);
    block_on(core.unlock(None)).unwrap();
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let core = unlocked_core_in(folder.path(), &PlatformVault::in_folder(folder.path()));
    let account = |address: Option<&str>| {
        block_on(core.account(address.map(str::to_owned), None)).map(|_| ()).unwrap_err()
    };
    assert_eq!(account(None), CoreError::WrongUse { problem: Misuse::WhichAccount });
    assert_eq!(account(Some("bob@example.org")), CoreError::NotFound { thing: Thing::Account });

    let wrong = AccountConfig { address: "not an address".to_owned(), ..config(1) };
    let refused = |config| block_on(core.add_account(config, String::new(), None)).map(|_| ()).unwrap_err();
    assert_eq!(refused(wrong), CoreError::Unreadable { what: UnreadableThing::Address });
    let wrong = AccountConfig { tls_anchors: vec![b"no certificate".to_vec()], ..config(1) };
    assert_eq!(refused(wrong), CoreError::Unreadable { what: UnreadableThing::Certificate });
    let port = closed_port();
    let host = format!("127.0.0.1:{port}");
    assert_eq!(refused(config(port)), CoreError::Network { host, problem: NetworkProblem::Refused });
}

#[test]
fn an_offline_core_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let vault: Arc<dyn Vault> = PlatformVault::in_folder(folder.path());
    let home = folder.path().join("home").to_str().unwrap().to_owned();
    let core = Core::new(CoreConfig { home, offline: true }, vault, None).unwrap();
    block_on(core.unlock(None)).unwrap();
    let host = "127.0.0.1:993".to_owned();
    let offline = CoreError::Network { host, problem: NetworkProblem::Offline };
    assert_eq!(block_on(add(core, 993, None)), Err(offline));
}

#[test]
fn a_cancelled_call_ends_and_lets_go_of_the_vault() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    vault.becomes(Mood::Hangs);
    let token = CancelToken::new();
    let (one, other) = (token.clone(), core.clone());
    let call = on_a_thread(async move { other.unlock(Some(one)).await });
    until("the vault is asked", || vault.hanging() == 1);
    assert!(!token.is_cancelled());
    token.cancel();
    assert_eq!(call.join().unwrap(), Err(CANCELLED));
    until("the vault's future is dropped", || vault.hanging() == 0);
    assert!(token.is_cancelled());

    // A cancelled token stays so; the core goes on.
    vault.becomes(Mood::Willing);
    assert_eq!(block_on(core.unlock(Some(token))), Err(CANCELLED));
    block_on(core.unlock(None)).unwrap();
}

#[test]
fn one_token_cancels_all_its_calls_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    vault.becomes(Mood::Hangs);
    let (token, spared) = (CancelToken::new(), CancelToken::new());
    let start = |token: &Arc<CancelToken>| {
        let (core, token) = (core.clone(), token.clone());
        on_a_thread(async move { core.unlock(Some(token)).await })
    };
    let cancelled: Vec<_> = (0..20).map(|_| start(&token)).collect();
    until("the first of them waits for the vault", || vault.hanging() == 1);
    let going_on = start(&spared);
    token.cancel();
    for call in cancelled {
        assert_eq!(call.join().unwrap(), Err(CANCELLED));
    }
    until("the other call's turn has come", || vault.hanging() == 1);
    assert!(!going_on.is_finished());
    spared.cancel();
    assert_eq!(going_on.join().unwrap(), Err(CANCELLED));
}

#[test]
fn letting_go_of_a_call_does_not_stop_its_work() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_in(folder.path(), &PlatformVault::in_folder(folder.path()), None);
    {
        let mut call = std::pin::pin!(core.unlock(None));
        assert!(call.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    }
    until("it is unlocked nevertheless", || block_on(core.accounts(None)).is_ok());
}

#[test]
fn a_server_that_never_answers_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let core = unlocked_core_in(folder.path(), &PlatformVault::in_folder(folder.path()));
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let token = CancelToken::new();
    let call = on_a_thread(add(core.clone(), silent.local_addr().unwrap().port(), Some(token.clone())));
    let (_connection, _) = silent.accept().unwrap();
    token.cancel();
    assert_eq!(call.join().unwrap(), Err(CANCELLED));
    assert_eq!(block_on(core.accounts(None)), Ok(Vec::new()));
}

#[test]
fn events_are_pulled_and_a_cancelled_pull_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let core = unlocked_core_in(folder.path(), &PlatformVault::in_folder(folder.path()));
    let token = CancelToken::new();
    {
        let mut pull = std::pin::pin!(core.next_event(Some(token.clone())));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(pull.as_mut().poll(&mut context).is_pending());
        block_on(add(core.clone(), closed_port(), None)).unwrap_err();
        token.cancel();
        assert_eq!(pull.as_mut().poll(&mut context), Poll::Ready(Err(CANCELLED)));
    }
    let connecting = Event::Progress { step: ProgressStep::Connecting, done: 0, total: None };
    assert_eq!(block_on(core.next_event(None)), Ok(Some(connecting)));
}

#[test]
fn a_pending_pull_is_woken_by_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let core = core_in(folder.path(), &PlatformVault::in_folder(folder.path()), None);
    let token = CancelToken::new();
    let (one, other) = (token.clone(), core.clone());
    let pull = on_a_thread(async move { other.next_event(Some(one)).await });
    until("the pull has the token", || Arc::strong_count(&token) == 2);
    token.cancel();
    assert_eq!(pull.join().unwrap(), Err(CANCELLED));
}

#[test]
fn shutting_down_ends_what_runs_and_refuses_what_comes() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    vault.becomes(Mood::Hangs);
    let busy: Vec<_> = (0..50)
        .map(|_| {
            let core = core.clone();
            on_a_thread(async move { core.unlock(None).await })
        })
        .collect();
    let other = core.clone();
    let pull = on_a_thread(async move { other.next_event(None).await });
    until("the first of them waits for the vault", || vault.hanging() == 1);
    core.shutdown();
    assert_eq!(vault.hanging(), 0, "nothing runs when shutdown returns");
    for call in busy {
        assert_eq!(call.join().unwrap(), Err(CLOSED));
    }
    assert_eq!(pull.join().unwrap(), Ok(None));

    assert_eq!(block_on(core.unlock(None)), Err(CLOSED));
    assert_eq!(block_on(core.accounts(None)), Err(CLOSED));
    assert_eq!(block_on(core.account(None, None)).map(|_| ()), Err(CLOSED));
    assert_eq!(block_on(add(core.clone(), 1, None)), Err(CLOSED));
    assert_eq!(block_on(core.next_event(None)), Ok(None));
    core.shutdown();
}

#[test]
fn two_hundred_calls_at_once_are_all_answered() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let core = core_in(folder.path(), &vault, None);
    let unlocked = block_on(join_all((0..200).map(|_| core.unlock(None))));
    assert_eq!(unlocked, vec![Ok(()); 200]);
    let sealing_keys = block_on(vault.list()).unwrap();
    assert_eq!(sealing_keys.len(), 1, "the home is made once: {sealing_keys:?}");

    let threads: Vec<_> = (0..8)
        .map(|_| {
            let core = core.clone();
            std::thread::spawn(move || {
                let accounts = join_all((0..25).map(|_| core.accounts(None)));
                let missing = join_all((0..25).map(|_| core.account(Some("x@example.org".into()), None)));
                block_on(futures::future::join(accounts, missing))
            })
        })
        .collect();
    for thread in threads {
        let (accounts, missing) = thread.join().unwrap();
        assert_eq!(accounts, vec![Ok(Vec::new()); 25]);
        assert_eq!(missing.len(), 25);
        for result in missing {
            assert_eq!(result.map(|_| ()), Err(CoreError::NotFound { thing: Thing::Account }));
        }
    }
}

#[test]
fn a_panic_is_the_error_of_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let vault = PlatformVault::in_folder(folder.path());
    let log = Arc::new(KeptLog::default());
    let core = core_in(folder.path(), &vault, Some(log.clone()));
    vault.becomes(Mood::Panics);
    for _ in 0..3 {
        let Err(CoreError::Stopped { reason: StopReason::Defect { .. } }) = block_on(core.unlock(None))
        else {
            panic!("a panic of the vault is no defect?");
        };
    }
    let Err(CoreError::Stopped { reason: StopReason::Defect { .. } }) = block_on(core.panic_for_test())
    else {
        panic!("a panic of the core is no defect?");
    };
    vault.becomes(Mood::Willing);
    block_on(core.unlock(None)).unwrap();

    until("all is logged", || log.entries().len() == 4);
    for entry in log.entries() {
        assert_eq!((entry.level, entry.code.as_str()), (LogLevel::Error, "defect"));
        let text = format!("{entry:?}");
        assert!(
            !text.contains("alice") && !text.contains("asked for"),
            "what a panic says stays out: {text}"
        );
    }
}

/// A sink that never finishes an entry.
#[derive(Default)]
struct StuckLog(AtomicUsize);

#[async_trait::async_trait]
impl LogSink for StuckLog {
    async fn write(&self, _: LogEntry) -> Result<(), LogError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

#[test]
fn a_stuck_log_holds_nothing_up_and_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let stuck = Arc::new(StuckLog::default());
    let core = core_in(folder.path(), &PlatformVault::in_folder(folder.path()), Some(stuck.clone()));
    for _ in 0..400 {
        assert_eq!(block_on(core.accounts(None)), Err(LOCKED));
    }
    until("what may wait has come", || stuck.0.load(Ordering::SeqCst) == 256);
    core.shutdown();
    drop(core);
    until("the entries are let go", || Arc::strong_count(&stuck) == 1);
    assert_eq!(stuck.0.load(Ordering::SeqCst), 256);
}

#[test]
fn the_log_names_call_and_kind_in_numbered_entries() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(KeptLog::default());
    let core = core_in(folder.path(), &PlatformVault::in_folder(folder.path()), Some(log.clone()));
    block_on(core.accounts(None)).unwrap_err();
    block_on(core.unlock(None)).unwrap();
    block_on(core.account(Some("bob@example.org".to_owned()), None)).map(|_| ()).unwrap_err();
    until("both are written", || log.entries().len() == 2);
    let mut entries = log.entries();
    entries.sort_by_key(|entry| entry.number);
    let entry = |number, call: &str, code: &str| LogEntry {
        number,
        level: LogLevel::Warning,
        call: call.to_owned(),
        code: code.to_owned(),
        place: None,
    };
    let expected = [entry(1, "core.accounts", "wrong_use"), entry(2, "core.account", "not_found")];
    assert_eq!(entries, expected);
}

#[test]
fn nothing_is_left_of_a_core() {
    for shuts_down in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let vault = PlatformVault::in_folder(folder.path());
        let log = Arc::new(KeptLog::default());
        let token = CancelToken::new();
        let core = core_in(folder.path(), &vault, Some(log.clone()));
        block_on(core.unlock(Some(token.clone()))).unwrap();
        block_on(core.account(None, Some(token.clone()))).map(|_| ()).unwrap_err();
        if shuts_down {
            core.shutdown();
        }
        let core = {
            let weak = Arc::downgrade(&core);
            drop(core);
            weak
        };
        assert_eq!(core.strong_count(), 0);
        until("vault, log and token are let go", || {
            Arc::strong_count(&vault) == 1 && Arc::strong_count(&log) == 1 && Arc::strong_count(&token) == 1
        });
        block_on(core_in(folder.path(), &vault, None).unlock(None)).expect("the home is free again");
    }
}

/// A vault that holds the last reference to its core and lets go of it when it is asked.
struct LastHolder {
    core: Mutex<Option<Arc<Core>>>,
    was_asked: AtomicUsize,
    inner: Arc<PlatformVault>,
}

#[async_trait::async_trait]
impl Vault for LastHolder {
    async fn create(
        &self,
        account: String,
        role: countersign_ffi::KeyRole,
        algorithm: countersign_ffi::KeyAlgorithm,
    ) -> Result<countersign_ffi::KeyInfo, VaultError> {
        self.inner.create(account, role, algorithm).await
    }

    async fn list(&self) -> Result<Vec<countersign_ffi::KeyInfo>, VaultError> {
        self.was_asked.fetch_add(1, Ordering::SeqCst);
        // Waits for the caller to let go.
        until("the core is handed over", || self.core.lock().unwrap().is_some());
        let core = self.core.lock().unwrap().take();
        drop(core);
        self.inner.list().await
    }

    async fn delete(&self, key: String) -> Result<(), VaultError> {
        self.inner.delete(key).await
    }

    async fn sign(
        &self,
        key: String,
        algorithm: countersign_ffi::SignatureAlgorithm,
        message: Vec<u8>,
        purpose: countersign_ffi::SignPurpose,
    ) -> Result<Vec<u8>, VaultError> {
        self.inner.sign(key, algorithm, message, purpose).await
    }

    async fn wrap(&self, key: String, context: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.inner.wrap(key, context, secret).await
    }

    async fn unwrap(&self, key: String, context: Vec<u8>, sealed: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        self.inner.unwrap(key, context, sealed).await
    }
}

#[test]
fn the_last_reference_may_end_on_the_cores_own_thread() {
    let folder = tempfile::tempdir().unwrap();
    let holder = Arc::new(LastHolder {
        core: Mutex::new(None),
        was_asked: AtomicUsize::new(0),
        inner: PlatformVault::in_folder(folder.path()),
    });
    let home = folder.path().join("home").to_str().unwrap().to_owned();
    let core = Core::new(CoreConfig { home, offline: true }, holder.clone(), None).unwrap();
    {
        let mut call = std::pin::pin!(core.unlock(None));
        assert!(call.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
    }
    until("the vault is asked", || holder.was_asked.load(Ordering::SeqCst) == 1);
    let weak: Weak<Core> = Arc::downgrade(&core);
    *holder.core.lock().unwrap() = Some(core);
    until("the core is gone", || weak.strong_count() == 0);
    until("and the vault is let go", || Arc::strong_count(&holder) == 1);
}
