//! Accounts that are removed, whole or with the power cut in the middle.

use std::path::Path;

use engine::outbox::Kind;
use testkit::{FakeVault, Refusal};

use super::*;
use crate::core::Core;
use crate::error::WrongUse;
use crate::sync::Folder;
use crate::test_home::{ALICE, Home, install, mail_to};
use crate::{CoreConfig, NewMail};

/// Begins as the other one does.
const ALICE_ELSEWHERE: &str = "alice@example.test.example.org";

fn home() -> Home {
    Home::new("removal", &[ALICE, ALICE_ELSEWHERE])
}

fn to_oneself(address: &str) -> NewMail {
    mail_to(address, "Hello")
}

impl Home {
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

    /// The last change of stored mail is lost, and with it what else there is of it.
    fn with_a_damaged_cache(self) -> Home {
        let (records, before) = (self.folder.path().join("store/records"), tempfile::tempdir().unwrap());
        self.core.close();
        copy_folder(&records, before.path());
        let home = self.opened_again();
        let mut batch = Batch::default();
        batch.put(home.alice().mail_key(Folder::Inbox, 8), vec![1]);
        home.core.inner.sealed_store().unwrap().apply(batch).unwrap();
        home.core.close();
        std::fs::remove_dir_all(&records).unwrap();
        copy_folder(before.path(), &records);
        let home = home.opened_again();
        assert_eq!(home.core.inner.sealed_store().unwrap().groups(Tree::Mail), Err(store::CACHE_DAMAGED));
        home
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(path, target).unwrap();
        }
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

/// One that asked again, and one that would add the same address.
#[test]
fn what_a_damaged_cache_interrupted_is_finished_by_the_next_one() {
    for asks_again in [true, false] {
        let home = home();
        home.fill(ALICE);
        let home = home.with_a_damaged_cache();
        take_away(home.core.inner.sealed_store().unwrap().as_ref(), ALICE).unwrap();
        let mut listener = home.core.listen();
        if asks_again {
            assert_eq!(home.remove(ALICE, false), Ok(Removal::Removed));
        } else {
            let inner = Arc::clone(&home.core.inner);
            home.core.spawn(async move { clear_away(&inner, ALICE).await }).wait().unwrap();
        }
        let heard = listener.heard();
        assert_eq!(heard.iter().filter(|event| **event == Event::CacheRebuilt).count(), 1, "{heard:?}");
        assert_eq!((home.groups(ALICE), home.vault_keys(ALICE)), (0, 0));
        assert_eq!(home.remove(ALICE, false), Err(CoreError::NotFound(Thing::Account)));
        assert_eq!(home.core.accounts().unwrap(), [ALICE_ELSEWHERE]);
        assert_eq!(home.vault_keys(ALICE_ELSEWHERE), 2);
    }
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

#[test]
fn an_address_of_other_letters_is_another_account() {
    let home = home();
    let (large, small) = ("É@example.test", "é@example.test");
    for address in [large, small] {
        install(&home.core, address);
    }
    assert_eq!(home.remove("É@EXAMPLE.test", true), Ok(Removal::Removed));
    let left = home.core.accounts().unwrap();
    assert!(left.iter().any(|name| name == small) && !left.iter().any(|name| name == large), "{left:?}");
    assert_eq!((home.groups(large), home.vault_keys(large)), (0, 0));
    assert_eq!(home.vault_keys(small), 2);
    assert_eq!(home.account(small).inner.group(), small);
    assert_eq!(home.remove(large, true), Err(CoreError::NotFound(Thing::Account)));
    assert_eq!(home.core.unsent(large), Err(CoreError::NotFound(Thing::Account)));
}

#[test]
fn a_body_that_a_crash_left_of_an_older_draft_goes_with_the_account() {
    let home = home();
    let (composer, store) = (home.composer(), home.alice().store().unwrap());
    let number = composer.save_draft(None, to_oneself(ALICE)).wait().unwrap();
    let record = store.read(&RecordKey::numbered(Tree::Drafts, ALICE, number)).unwrap().unwrap();
    let [old] = <[RecordKey; 1]>::try_from(drafts::bodies(ALICE, &record)).unwrap();
    let content = store.body(&old).unwrap().unwrap();
    composer.save_draft(Some(number), to_oneself(ALICE)).wait().unwrap();
    assert_eq!((store.body(&old).unwrap(), home.bodies()), (None, 1));
    // As it is between the record of the new content and the end of the old one.
    store.put_body(&old, &content).unwrap();
    assert_eq!(home.bodies(), 2);
    assert_eq!(home.remove(ALICE, true), Ok(Removal::Removed));
    assert_eq!(home.bodies(), 0);
}

#[test]
fn a_body_that_a_crash_left_of_a_meeting_mail_goes_with_the_account() {
    let home = home();
    let (account, store) = (home.alice(), home.alice().store().unwrap());
    home.composer().send(to_oneself(ALICE)).wait().unwrap();
    let mut item = account.outbox_items().unwrap().remove(0);
    item.kind = Kind::Meeting { send_id: "meet-1".to_owned() };
    let mut batch = Batch::default();
    account.put_item(&mut batch, &item).unwrap();
    store.apply(batch).unwrap();
    let before = home.bodies();
    // As it is before the record that says that they are there.
    let octets = outbox::meeting_key(ALICE, "meet-1");
    store.put_body(&octets, b"Subject: y").unwrap();
    assert_eq!((store.read(&octets).unwrap(), home.bodies()), (None, before + 1));
    assert_eq!(home.remove(ALICE, true), Ok(Removal::Removed));
    assert_eq!(home.bodies(), 0);
}
