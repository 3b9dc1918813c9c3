//! What happens while a draft is on its way.

use super::*;
use crate::composer::MAX_PAYLOAD_OCTETS;
use crate::test_home::{ALICE, Home, mail_to};

fn home() -> Home {
    Home::new("drafts", &[ALICE])
}

fn to_oneself(text: &str) -> NewMail {
    mail_to(ALICE, text)
}

impl Home {
    fn save(&self, number: Option<u64>, text: &str) -> u64 {
        self.alice().put_draft(number, &to_oneself(text), None, None).unwrap()
    }

    fn queued(&self) -> usize {
        self.alice().outbox_items().unwrap().len()
    }

    fn send_waiting(&self) {
        let account = self.alice();
        self.core.spawn(async move { account.send_waiting_drafts().await }).wait().unwrap();
    }

    /// Text of the only mail in the outbox, which is signed for oneself and not sealed yet.
    fn queued_text(&self) -> String {
        let account = self.alice();
        let item = &account.outbox_items().unwrap()[0];
        let key = crate::outbox::body_key(account.group(), item.number, crate::outbox::Body::Signed);
        let signed = account.store().unwrap().body(&key).unwrap().unwrap();
        String::from_utf8_lossy(&signed).into_owned()
    }
}

#[test]
fn a_draft_that_is_discarded_while_it_is_signed_is_not_sent() {
    let home = home();
    let number = home.save(None, "Never");
    let composer = home.composer();
    home.vault.during_signature(move || composer.discard_draft(number).unwrap());
    let sent = home.composer().send_draft(number).wait();
    assert_eq!(sent.unwrap_err(), CoreError::NotFound(Thing::Mail));
    assert_eq!(home.queued(), 0);
    // Nor is anything of it left behind.
    assert_eq!(home.bodies(), 0);
}

#[test]
fn a_draft_that_is_changed_while_it_is_signed_is_sent_as_it_is_then() {
    let home = home();
    let number = home.save(None, "Before");
    let account = home.alice();
    home.vault.during_signature(move || {
        account.put_draft(Some(number), &to_oneself("Afterwards"), None, None).unwrap();
    });
    home.composer().send_draft(number).wait().unwrap();
    assert_eq!(home.queued(), 1);
    let text = home.queued_text();
    assert!(text.contains("Afterwards") && !text.contains("Before"), "{text}");
    assert!(home.composer().drafts().unwrap().is_empty());
}

#[test]
fn a_waiting_draft_that_is_changed_waits_no_more() {
    let home = home();
    let (first, second) = (home.save(None, "First"), home.save(None, "Second"));
    for number in [first, second] {
        home.composer().send_draft_when_known(number).unwrap();
    }
    // The second one while the first is on its way.
    let account = home.alice();
    home.vault.during_signature(move || {
        account.put_draft(Some(second), &to_oneself("Not yet"), None, None).unwrap();
    });
    home.send_waiting();
    assert_eq!(home.queued(), 1);
    let left = home.composer().drafts().unwrap();
    assert_eq!((left.len(), left[0].number, left[0].waits), (1, second, false));

    // The same one while it is signed.
    home.composer().send_draft_when_known(second).unwrap();
    let account = home.alice();
    home.vault.during_signature(move || {
        account.put_draft(Some(second), &to_oneself("Still not"), None, None).unwrap();
    });
    home.send_waiting();
    assert_eq!((home.queued(), home.composer().drafts().unwrap().len()), (1, 1));
}

#[test]
fn a_waiting_draft_that_cannot_be_sent_wakes_nobody() {
    let home = home();
    let number = home.save(None, &"x".repeat(MAX_PAYLOAD_OCTETS));
    home.composer().send_draft_when_known(number).unwrap();
    let account = home.alice();
    let acted = account.acted.notified();
    home.send_waiting();
    let patience = std::time::Duration::from_millis(50);
    let woken = home.core.inner.handle.block_on(async { tokio::time::timeout(patience, acted).await });
    assert!(woken.is_err());
    assert!(home.composer().drafts().unwrap()[0].waits);
}

#[test]
fn an_answer_that_must_be_encrypted_stays_so_whatever_claims_to_be_the_mail() {
    let home = home();
    let mail = NewMail { signed_only: true, ..to_oneself("Quoting a secret") };
    let thread = Thread::of_encrypted("<a@example.test>");
    // The mail that it answers is gone.
    let answers = Some("<a@example.test>".to_owned());
    let number = home.alice().put_draft(None, &mail, answers, Some(thread)).unwrap();
    let sent = home.composer().send_draft(number).wait();
    assert_eq!(sent.unwrap_err(), CoreError::WrongUse(crate::error::WrongUse::AnswerInClear));
    assert_eq!((home.queued(), home.composer().drafts().unwrap().len()), (0, 1));
}

#[test]
fn a_draft_that_is_saved_again_stays_the_answer_that_it_was() {
    let home = home();
    let mail = NewMail { signed_only: true, ..to_oneself("Quoting a secret") };
    let secret = Thread::of_encrypted("<a@example.test>");
    let answers = Some("<a@example.test>".to_owned());
    let number = home.alice().put_draft(None, &mail, answers.clone(), Some(secret)).unwrap();
    let refused = || {
        let sent = home.composer().send_draft(number).wait();
        assert_eq!(sent.unwrap_err(), CoreError::WrongUse(crate::error::WrongUse::AnswerInClear));
    };
    // The mail is gone, and nothing is said of it.
    home.alice().put_draft(Some(number), &mail, None, None).unwrap();
    refused();
    // Another one, which came in the clear, claims to be it.
    home.alice().put_draft(Some(number), &mail, answers, Some(Thread::in_clear())).unwrap();
    refused();
}

#[test]
fn a_blind_copy_to_oneself_can_be_sealed() {
    let home = home();
    let mut bob = home.save(None, "x");
    let mail = NewMail { bcc: to_oneself("").to, cc: vec![], ..to_oneself("x") };
    bob = home.alice().put_draft(Some(bob), &mail, None, None).unwrap();
    home.composer().send_draft(bob).wait().unwrap();
    for item in home.alice().outbox_items().unwrap() {
        assert!(!item.seal_to.is_empty());
    }
}
