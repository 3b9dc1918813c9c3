//! Accounts that are removed, whole or with the power cut in the middle.

use std::path::Path;

use testkit::{FakeVault, Refusal};
use zeroize::Zeroizing;

use super::*;
use crate::account::Account;
use crate::credential::Credential;
use crate::error::WrongUse;
use crate::sync::Folder;
use crate::{AccountConfig, CoreConfig, Language, NewMail, Security, Server};

const ALICE: &str = "alice@example.test";
/// Begins as the other one does.
const ALICE_ELSEWHERE: &str = "alice@example.test.example.org";

struct Home {
    folder: tempfile::TempDir,
    vault: Arc<FakeVault>,
    core: Core,
}

fn open(folder: &Path, vault: &Arc<FakeVault>) -> Core {
    let config = CoreConfig { home: folder.to_owned(), offline: true };
    let core = Core::new(config, Arc::clone(vault) as Arc<dyn engine::ports::Vault>).unwrap();
    core.unlock().wait().unwrap();
    core
}

fn install(core: &Core, address: &str) {
    let server = Server { host: "localhost".to_owned(), port: 1, security: Security::Tls };
    let config = AccountConfig {
        address: address.parse().unwrap(),
        name: String::new(),
        login: address.to_owned(),
        imap: server.clone(),
        smtp: server,
        tls_anchors: Vec::new(),
        organisation_anchors: Vec::new(),
        authority: None,
        language: Language::En,
    };
    let inner = Arc::clone(&core.inner);
    let credential = Credential::Password(Zeroizing::new("x".to_owned()));
    core.spawn(async move { AccountInner::install(&inner, &config, &credential).await }).wait().unwrap();
}

fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(FakeVault::new("removal"));
    let core = open(folder.path(), &vault);
    install(&core, ALICE);
    install(&core, ALICE_ELSEWHERE);
    Home { folder, vault, core }
}

fn to_oneself(address: &str) -> NewMail {
    NewMail { to: vec![address.parse().unwrap()], text: "Hello".to_owned(), ..NewMail::default() }
}

impl Home {
    fn account(&self, address: &str) -> Account {
        self.core.account(Some(address)).unwrap()
    }

    /// A record in every tree, and everything that has a body.
    fn fill(&self, address: &str) {
        let account = self.account(address);
        let inner = &account.inner;
        account.composer().send(to_oneself(address)).wait().unwrap();
        account.composer().save_draft(None, to_oneself(address)).wait().unwrap();
        account.qr_exchange().show().unwrap();
        let store = inner.store().unwrap();
        let mail = inner.mail_key(Folder::Inbox, 7);
        let state = inner.state_key(Folder::Inbox);
        let synced = RecordKey::numbered(Tree::Sync, inner.folder_group(Folder::Inbox), 7);
        let part =
            |from: u64| RecordKey::named(Tree::Sync, inner.folder_group(Folder::Inbox), format!("7.{from}"));
        let meeting = outbox::meeting_key(inner.group(), "meet-1");
        store.put_body(&mail, b"Subject: x").unwrap();
        store.put_body(&part(0), b"Sub").unwrap();
        store.put_body(&part(3), b"ject").unwrap();
        store.put_body(&meeting, b"Subject: y").unwrap();
        let event = RecordKey::named(Tree::Approvals, format!("{}\0requests", inner.group()), "a");
        let action = RecordKey::numbered(Tree::Actions, inner.group(), 1);
        let person = RecordKey::named(Tree::People, inner.group(), "bob@example.test");
        let mut batch = Batch::default();
        for key in [mail, state, synced, meeting, event, action, person] {
            batch.put(key, vec![1]);
        }
        store.apply(batch).unwrap();
    }

    fn remove(&self, address: &str, discard_unsent: bool) -> Result<Removal, CoreError> {
        self.core.remove_account(address, discard_unsent).wait()
    }

    /// In how many groups of records it is.
    fn groups(&self, address: &str) -> usize {
        let store = self.core.inner.store().unwrap();
        let groups =
            |tree| store.groups(tree).unwrap().into_iter().filter(|group| is_of(group, address)).count();
        Tree::ALL.into_iter().map(groups).sum()
    }

    fn vault_keys(&self, address: &str) -> usize {
        let keys = self.core.inner.handle.block_on(self.core.inner.vault.list()).unwrap();
        keys.iter().filter(|key| key.account == address).count()
    }

    fn bodies(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("store/bodies")).unwrap().count()
    }

    /// As after a crash, or when the program ended.
    fn opened_again(self) -> Home {
        self.core.close();
        let core = open(self.folder.path(), &self.vault);
        Home { core, ..self }
    }
}

#[test]
fn of_a_removed_account_nothing_is_left_and_others_are_whole() {
    let home = home();
    home.fill(ALICE);
    let before = home.bodies();
    home.fill(ALICE_ELSEWHERE);
    let of_both = (home.bodies(), home.groups(ALICE_ELSEWHERE));
    assert_eq!(of_both.0, 2 * before);
    assert_eq!(home.remove(ALICE, true), Ok(Removal::Removed));
    assert_eq!((home.groups(ALICE), home.vault_keys(ALICE), home.bodies()), (0, 0, before));
    assert_eq!((home.groups(ALICE_ELSEWHERE), home.vault_keys(ALICE_ELSEWHERE)), (of_both.1, 2));
    assert_eq!(home.core.accounts().unwrap(), [ALICE_ELSEWHERE]);
    assert_eq!(home.account(ALICE_ELSEWHERE).composer().outbox().unwrap().len(), 1);
    assert_eq!(home.remove(ALICE, true), Err(CoreError::NotFound(Thing::Account)));
    let again = home.opened_again();
    assert_eq!(again.core.accounts().unwrap(), [ALICE_ELSEWHERE]);
    assert_eq!(again.account(ALICE_ELSEWHERE).composer().drafts().unwrap().len(), 1);
}

#[test]
fn what_is_nowhere_else_is_not_lost_unless_its_owner_says_so() {
    let home = home();
    let composer = home.account(ALICE).composer();
    let number = composer.send(to_oneself(ALICE)).wait().unwrap();
    let unsent = |mails, drafts| Ok(Removal::Unsent(Unsent { mails, drafts }));
    assert_eq!(home.remove(ALICE, false), unsent(1, 0));
    let draft = composer.take_back(number).wait().unwrap();
    assert_eq!(home.remove("Alice@Example.test", false), unsent(0, 1));
    // It goes on as if nobody had asked.
    let number = composer.send_draft(draft).wait().unwrap();
    composer.discard(number).wait().unwrap();
    assert_eq!(home.core.unsent(ALICE), Ok(Unsent::default()));
    assert_eq!(home.remove("Alice@Example.test", false), Ok(Removal::Removed));
    assert_eq!(home.core.accounts().unwrap(), [ALICE_ELSEWHERE]);
}

#[test]
fn objects_of_a_removed_account_write_nothing() {
    let home = home();
    let before = home.account(ALICE);
    // As a change of the account leaves it.
    home.core.inner.forget_opened(ALICE);
    let account = home.account(ALICE);
    let (stores, gone) =
        ([&before, &account].map(|one| one.inner.store().unwrap()), CoreError::NotFound(Thing::Account));
    assert_eq!(home.remove(ALICE, false), Ok(Removal::Removed));
    for store in stores {
        let mut batch = Batch::default();
        batch.put(RecordKey::numbered(Tree::Drafts, ALICE, 1), vec![1]);
        assert!(store.apply(batch).is_err() && store.put_body(&settings_key(ALICE), b"x").is_err());
    }
    for account in [&before, &account] {
        let saved = account.composer().save_draft(None, to_oneself(ALICE)).wait();
        assert_eq!(saved, Err(gone.clone()));
        assert_eq!(account.composer().send(to_oneself(ALICE)).wait(), Err(gone.clone()));
    }
    assert_eq!((home.groups(ALICE), home.bodies()), (0, 0));
    assert_eq!(home.core.account(Some(ALICE)).err(), Some(gone.clone()));

    // One of the same address is another account.
    install(&home.core, ALICE);
    home.account(ALICE).composer().save_draft(None, to_oneself(ALICE)).wait().unwrap();
    assert_eq!(account.composer().drafts(), Err(gone));
}

#[test]
fn a_mail_that_is_signed_while_its_account_is_removed_leaves_nothing() {
    let home = home();
    let composer = home.account(ALICE).composer();
    let inner = Arc::clone(&home.core.inner);
    let (sender, removed) = std::sync::mpsc::channel();
    home.vault.during_signature(move || {
        let removing = std::thread::spawn(move || {
            let handle = inner.handle.clone();
            handle.block_on(async move { remove(&inner, ALICE, false).await })
        });
        sender.send(removing.join().unwrap()).unwrap();
    });
    assert!(composer.send(to_oneself(ALICE)).wait().is_err());
    assert_eq!(removed.recv().unwrap(), Ok(Removal::Removed));
    assert_eq!((home.groups(ALICE), home.bodies(), home.vault_keys(ALICE)), (0, 0, 0));
}

#[test]
fn a_crash_behind_the_step_is_finished_when_the_home_is_opened() {
    let home = home();
    home.fill(ALICE);
    take_away(home.core.inner.sealed_store().unwrap().as_ref(), ALICE).unwrap();
    assert!(home.groups(ALICE) > 5 && home.bodies() > 5);
    let again = home.opened_again();
    assert_eq!((again.groups(ALICE), again.bodies(), again.vault_keys(ALICE)), (0, 0, 0));
    assert_eq!(
        (again.core.accounts().unwrap(), again.vault_keys(ALICE_ELSEWHERE)),
        (vec![ALICE_ELSEWHERE.to_owned()], 2)
    );
}

#[test]
fn what_a_vault_refused_is_finished_by_the_second_call() {
    let home = home();
    home.fill(ALICE);
    home.vault.refuse(Some(Refusal::Everything(VaultError::Unavailable)));
    assert_eq!(home.remove(ALICE, true), Err(CoreError::Vault(VaultError::Unavailable)));
    assert_eq!(home.core.accounts().unwrap(), [ALICE_ELSEWHERE]);
    home.vault.refuse(None);
    assert_eq!(home.vault_keys(ALICE), 2);
    assert_eq!(home.remove(ALICE, false), Ok(Removal::Removed));
    assert_eq!((home.groups(ALICE), home.bodies(), home.vault_keys(ALICE)), (0, 0, 0));
}

#[test]
fn an_account_is_not_added_over_the_rest_of_another() {
    let home = home();
    home.fill(ALICE);
    take_away(home.core.inner.sealed_store().unwrap().as_ref(), ALICE).unwrap();
    home.core.inner.forget_removed(ALICE);
    let inner = Arc::clone(&home.core.inner);
    home.core.spawn(async move { clear_away(&inner, ALICE).await }).wait().unwrap();
    install(&home.core, ALICE);
    let composer = home.account(ALICE).composer();
    assert!(composer.outbox().unwrap().is_empty() && composer.drafts().unwrap().is_empty());
    // Nothing says any more that it is to be cleared away.
    let again = home.opened_again();
    assert_eq!((again.core.accounts().unwrap().len(), again.vault_keys(ALICE)), (2, 2));
}

#[test]
fn a_locked_core_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let vault = Arc::new(FakeVault::new("locked"));
    let config = CoreConfig { home: folder.path().to_owned(), offline: true };
    let core = Core::new(config, vault as Arc<dyn engine::ports::Vault>).unwrap();
    let removed = core.remove_account(ALICE, true).wait();
    assert_eq!(removed, Err(CoreError::WrongUse(WrongUse::Locked)));
}
