use super::*;

#[test]
fn alice_shows_bob_scans_alice_scans_back_and_three_mails_finish_it() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    assert_eq!(bob.stage_with(&alice), [Stage::Scanned]);
    let [m1] = bob.take_sent().try_into().unwrap();
    assert!(alice.receive(&m1, MORNING));
    assert_eq!(alice.stage_with(&bob), [Stage::AwaitingConfirmation]);
    assert!(alice.take_sent().is_empty(), "nothing goes out before alice confirms");

    alice.scan(&bob.show(MORNING), MORNING.plus(20));
    assert_eq!(deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(25)), 2, "M2 and M3 only");
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
    assert_eq!(alice.met[0].name.as_deref(), Some("Bob"), "the name in bob's code, not the one in From");
}

#[test]
fn both_scan_offline_and_the_mails_cross_days_later() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (hers, his) = (alice.show(MORNING), bob.show(MORNING));
    alice.scan(&his, MORNING.plus(5));
    bob.scan(&hers, MORNING.plus(9));
    let online = MORNING.plus(9 * 86_400);
    deliver_all(&mut [&mut alice, &mut bob], online);
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
    // Nothing is left to be repeated.
    alice.due(online.plus(86_400));
    bob.due(online.plus(86_400));
    assert_eq!((alice.take_sent().len(), bob.take_sent().len()), (0, 0));
}

#[test]
fn the_number_on_both_phones_confirms_within_ten_minutes() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let ScanOutcome::Meeting { number, .. } = bob.scan(&alice.show(MORNING), MORNING) else { panic!() };
    for m1 in bob.take_sent() {
        alice.receive(&m1, MORNING.plus(60));
    }
    let [Action::AskNumber { id, person, number: shown }] = &alice.asked[..] else {
        panic!("{:?}", alice.asked)
    };
    assert_eq!((person.address.as_str(), *shown), ("bob@example.org", number));
    assert_eq!(number.to_string().len(), 4);
    let id = *id;
    alice.confirm_number(id, MORNING.plus(600)).unwrap();
    deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(601));
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
}

#[test]
fn after_ten_minutes_only_a_scan_back_confirms() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let late = MORNING.plus(601);
    for m1 in bob.take_sent() {
        alice.receive(&m1, late);
    }
    let [Action::AskScanBack { id, .. }] = alice.asked[..] else { panic!("{:?}", alice.asked) };
    assert_eq!(alice.confirm_number(id, late), Err(MeetingError::NumberTooOld));
    deliver_all(&mut [&mut alice, &mut bob], late);
    assert!(!alice.holds_as_met(&bob) && !bob.holds_as_met(&alice));
    alice.scan(&bob.show(late), late);
    deliver_all(&mut [&mut alice, &mut bob], late);
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
}

#[test]
fn a_code_lasts_ten_minutes_or_one_answer() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let first = alice.show(MORNING);
    assert_eq!(alice.show(MORNING.plus(599)), first);
    let second = alice.show(MORNING.plus(600));
    assert_ne!(second, first);
    bob.scan(&second, MORNING.plus(610));
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING.plus(620));
    assert_ne!(alice.show(MORNING.plus(621)), second, "an answered code is not shown again");
}

#[test]
fn lost_mails_are_repeated_with_the_same_octets_four_times() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let [first] = bob.take_sent().try_into().unwrap();
    let mut times = Vec::new();
    for second in (0..=90_000).step_by(30) {
        bob.due(MORNING.plus(second));
        for again in bob.take_sent() {
            assert_eq!((&again.id, &again.payload), (&first.id, &first.payload));
            times.push(second);
        }
    }
    assert_eq!(times, [60, 600, 3_600, 86_400]);
    assert_eq!(bob.meetings.next_due(), None);
}

#[test]
fn a_repeated_first_mail_gets_the_same_answer_but_not_for_ever() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING);
    alice.scan(&bob.show(MORNING), MORNING);
    let [m2] = alice.take_sent().try_into().unwrap();
    let mut answers = 0;
    for _ in 0..50 {
        assert!(alice.receive(&m1, MORNING));
        for again in alice.take_sent() {
            assert_eq!((&again.id, &again.payload), (&m2.id, &m2.payload));
            answers += 1;
        }
    }
    assert_eq!(answers, 8);
}

#[test]
fn a_card_begins_no_meeting() {
    let (alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let card = Code::Card(alice.meetings.card(MORNING));
    let outcome = bob.scan(&card, MORNING);
    assert!(matches!(outcome, ScanOutcome::Card { why: CardReason::IsCard, .. }), "{outcome:?}");
    assert!(bob.take_sent().is_empty() && bob.meetings.status().is_empty());
}

#[test]
fn an_own_code_is_recognised() {
    let mut alice = Phone::of("Alice");
    let code = alice.show(MORNING);
    assert_eq!(alice.scan(&code, MORNING), ScanOutcome::Own);
}

#[test]
fn scanning_the_same_code_twice_is_one_meeting() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    let ScanOutcome::Meeting { id, number, .. } = bob.scan(&code, MORNING) else { panic!() };
    let ScanOutcome::Meeting { id: same, number: same_number, actions } = bob.scan(&code, MORNING.plus(9))
    else {
        panic!()
    };
    assert_eq!((id, number), (same, same_number));
    assert!(actions.is_empty());
}

#[test]
fn a_known_person_with_another_anchor_is_asked_about_before_anything_changes() {
    let (mut alice, mut bob) = (Phone::with_root("Alice", "Alice's new phone"), Phone::of("Bob"));
    let old = Party { anchor: anchor("Alice"), ..alice.me() };
    bob.people.insert("alice@example.org".into(), contact(&old, Trust::Met));
    bob.scan(&alice.show(MORNING), MORNING);
    let [Action::AskBeforeChange { id, known, .. }] = bob.asked[..] else { panic!("{:?}", bob.asked) };
    assert_eq!(known, old.anchor);
    assert!(bob.take_sent().is_empty());
    assert_eq!(bob.people["alice@example.org"].anchor, Some(old.anchor));
    alice.scan(&bob.show(MORNING), MORNING);
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert!(bob.met.is_empty(), "alice's mails change nothing either");
    assert!(alice.met.is_empty(), "bob's phone answers nothing before he agrees");

    bob.agree(id, MORNING.plus(30)).unwrap();
    deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(30));
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
}

#[test]
fn a_pin_that_changed_while_the_mails_travelled_is_asked_about() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    alice.scan(&bob.show(MORNING), MORNING);
    let other = |party: Party| Party { anchor: anchor("another"), ..party };
    alice.people.insert("bob@example.org".into(), contact(&other(bob.me()), Trust::Met));
    bob.people.insert("alice@example.org".into(), contact(&other(alice.me()), Trust::Met));
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert!(alice.met.is_empty() && bob.met.is_empty());
    for phone in [&mut alice, &mut bob] {
        let Some(Action::AskBeforeChange { id, .. }) = phone.asked.pop() else { panic!("{:?}", phone.asked) };
        phone.agree(id, MORNING.plus(1)).unwrap();
    }
    deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(1));
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
}

#[test]
fn three_colleagues_scan_one_screen_and_all_are_told_to_scan_a_new_code() {
    let (mut alice, mut bob, mut carol) = (Phone::of("Alice"), Phone::of("Bob"), Phone::of("Carol"));
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    carol.scan(&code, MORNING);
    deliver_all(&mut [&mut alice, &mut bob, &mut carol], MORNING);
    assert_eq!(alice.warnings.len(), 1);
    for phone in [&mut bob, &mut carol] {
        assert_eq!(phone.warnings, [Warning::CodeBurnt { address: address("alice@example.org") }]);
        phone.scan(&alice.show(MORNING.plus(60)), MORNING.plus(60));
        alice.scan(&phone.show(MORNING.plus(60)), MORNING.plus(60));
        deliver_all(&mut [&mut alice, phone], MORNING.plus(61));
        assert!(alice.holds_as_met(phone) && phone.holds_as_met(&alice));
    }
}

#[test]
fn a_forgotten_person_must_be_scanned_again() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    alice.scan(&bob.show(MORNING), MORNING);
    alice.meetings.forget(&bob.me().address);
    alice.take_sent();
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert!(alice.met.is_empty() && bob.met.is_empty());
    assert!(matches!(alice.asked[..], [Action::AskNumber { .. }]), "as if never scanned: {:?}", alice.asked);
}
