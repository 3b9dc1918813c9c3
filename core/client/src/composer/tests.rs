//! Mail that is taken back.

use super::*;
use crate::outbox::OutboxState;
use crate::test_home::{ALICE, Home};

fn home() -> Home {
    Home::new("composer", &[ALICE])
}

fn to_many() -> NewMail {
    let address = |name: &str| format!("{name}@example.test").parse().unwrap();
    NewMail {
        to: vec![address("bob")],
        bcc: vec![address("bob"), address("carol"), address("dave"), address("dave")],
        subject: "Prices".to_owned(),
        text: "Four.".to_owned(),
        files: vec![FileToSend {
            name: "a.bin".to_owned(),
            content_type: "x/y".to_owned(),
            bytes: vec![7; 9],
        }],
        signed_only: true,
        ..NewMail::default()
    }
}

impl Home {
    fn change(&self, number: u64, change: impl FnOnce(&mut OutboxItem)) {
        let account = self.alice();
        let mut item =
            account.outbox_items().unwrap().into_iter().find(|item| item.number == number).unwrap();
        change(&mut item);
        let mut batch = Batch::default();
        account.put_item(&mut batch, &item).unwrap();
        account.store().unwrap().apply(batch).unwrap();
    }
}

const TOO_LATE: CoreError = CoreError::WrongUse(WrongUse::NothingToRetry);

#[test]
fn what_is_taken_back_is_a_draft_as_it_was_written_and_nothing_waits_any_more() {
    let home = home();
    let composer = home.composer();
    let number = composer.send(to_many()).wait().unwrap();
    assert_eq!(composer.outbox().unwrap().len(), 3);
    let draft = composer.take_back(number).wait().unwrap();
    assert!(composer.outbox().unwrap().is_empty());
    // The content of the draft.
    assert_eq!(home.bodies(), 1);
    let (back, written) = (composer.draft(draft).unwrap(), to_many());
    assert_eq!((back.to, back.bcc, back.cc), (written.to, written.bcc, written.cc));
    assert_eq!((back.subject, back.text, back.files), (written.subject, written.text, written.files));
    assert!(back.signed_only);
    assert_eq!(composer.take_back(number).wait(), Err(CoreError::NotFound(Thing::Mail)));
    // And goes out again under another number.
    let again = composer.send_draft(draft).wait().unwrap();
    assert!(again > number && composer.drafts().unwrap().is_empty());
    assert_eq!(composer.take_back(again + 1).wait(), Ok(draft + 1), "any of its mails names it");
    // Held back, this time.
    let clock = Clock { now: now(), utc_offset: 0 };
    assert_eq!(composer.held(clock), Ok(None));
    let last = composer.send_draft_after(draft + 1, Duration::from_secs(60)).wait().unwrap();
    assert!(composer.drafts().unwrap().is_empty());
    let held = composer.held(clock).unwrap().unwrap();
    assert!((last..last + 3).contains(&held.number), "{}", held.number);
    assert_eq!(composer.take_back(held.number).wait(), Ok(draft + 2));
}

#[test]
fn a_mail_that_somebody_has_is_not_taken_back() {
    let home = home();
    let composer = home.composer();
    let number = composer.send(to_many()).wait().unwrap();
    // A blind copy is on its way.
    home.change(number + 1, |copy| copy.stage = Stage::Uncertain);
    for of in [number, number + 1, number + 2] {
        assert_eq!(composer.take_back(of).wait(), Err(TOO_LATE));
    }
    // It has arrived, and its record is gone.
    composer.discard(number + 1).wait().unwrap();
    assert_eq!(composer.take_back(number).wait(), Err(TOO_LATE));
    assert_eq!((composer.outbox().unwrap().len(), composer.drafts().unwrap().len()), (2, 0));
}

#[test]
fn a_mail_that_a_flush_has_in_hand_is_not_taken_back() {
    let home = home();
    let composer = home.composer();
    let number = composer.send(to_many()).wait().unwrap();
    *home.alice().in_hand() = Some(number + 1);
    assert_eq!(composer.take_back(number).wait(), Err(TOO_LATE));
    *home.alice().in_hand() = None;
    assert_eq!(composer.take_back(number).wait(), Ok(1));
}

#[test]
fn a_refused_mail_is_taken_back_and_one_of_an_older_version_is_not() {
    let home = home();
    let composer = home.composer();
    let mail = || NewMail { bcc: Vec::new(), ..to_many() };
    let number = composer.send(mail()).wait().unwrap();
    home.change(number, |item| item.stage = Stage::Failed(engine::outbox::Failure::Refused));
    assert_eq!(composer.take_back(number).wait(), Ok(1));
    let number = composer.send(mail()).wait().unwrap();
    let written = body_key(home.alice().group(), number, Body::Written);
    home.alice().store().unwrap().remove_body(&written).unwrap();
    assert_eq!(composer.take_back(number).wait(), Err(TOO_LATE));
    assert_eq!(composer.outbox().unwrap()[0].state, OutboxState::Waiting);
}

#[test]
fn a_mail_is_held_at_least_as_long_as_was_asked_for() {
    let home = home();
    let composer = home.composer();
    let before = now();
    let number = composer.send_after(to_many(), Duration::from_millis(1_500)).wait().unwrap();
    let after = now();
    for entry in composer.outbox().unwrap() {
        let until = entry.held_until.unwrap();
        assert!(until >= before.plus(3) && until <= after.plus(3), "{until}");
    }
    let ends = home.alice().hold_ends_in().unwrap().unwrap();
    assert!(ends <= Duration::from_secs(3), "{ends:?}");
    composer.take_back(number).wait().unwrap();
    assert_eq!(home.alice().hold_ends_in(), Ok(None));
    composer.send_after(to_many(), Duration::MAX).wait().unwrap();
    let longest = home.alice().hold_ends_in().unwrap().unwrap();
    assert!(longest <= Duration::from_secs(MAX_HOLD), "{longest:?}");
    let other = home.composer().send(to_many()).wait().unwrap();
    let entries = composer.outbox().unwrap();
    assert!(entries.iter().all(|entry| (entry.number < other) == entry.held_until.is_some()));
}
