use super::*;
use crate::meeting::message::{Label, Proof, Transcript, tag};

fn secret(code: &Code) -> MeetingSecret {
    let Code::Meet(code) = code else { panic!("a card has no T") };
    code.t.clone()
}

/// A mail that mallory makes: her own anchor, whatever address she likes in certificate and From.
fn forged(from: &str, to: &Phone, message: &Message) -> Mail {
    Mail {
        signed_under: anchor("Mallory"),
        certified: address(from),
        from: address(from),
        to: to.me().address,
        id: SendId("forged".into()),
        payload: message.encode(),
    }
}

/// M1 by `scanner`, from a code that was photographed.
fn first_by(scanner: Party, code: &Code) -> Message {
    let Code::Meet(code) = code else { panic!("a card has no T") };
    let transcript = Box::new(Transcript {
        shower: Party::of(&code.card),
        token: token_of(&code.t),
        scanner,
        nonce: [7; 16],
        minutes: code.minutes,
    });
    let tag = tag(&code.t, Label::One, &transcript.hash(), None);
    Message::One { transcript, tag }
}

fn mallory_as(address_text: &str) -> Party {
    Party { address: address(address_text), anchor: anchor("Mallory"), ek: point("Mallory") }
}

/// Alice and bob up to M2: alice showed, bob scanned, alice scanned back. Returns code, M1 and M2.
fn up_to_second(alice: &mut Phone, bob: &mut Phone) -> (Code, Mail, Mail) {
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING);
    alice.scan(&bob.show(MORNING), MORNING);
    let [m2] = alice.take_sent().try_into().unwrap();
    (code, m1, m2)
}

#[test]
fn bob_scans_an_expired_meeting_code() {
    for (age, fresh) in [(0, true), (15 * 60, true), (15 * 60 + 59, true), (16 * 60, false), (86_400, false)]
    {
        let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
        let code = alice.show(MORNING);
        match bob.scan(&code, MORNING.plus(age)) {
            ScanOutcome::Meeting { .. } => assert!(fresh, "{age}"),
            ScanOutcome::Card { why, .. } => assert_eq!((why, fresh), (CardReason::Expired, false), "{age}"),
            ScanOutcome::Own => panic!(),
        }
        deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(age));
        assert_eq!(fresh, !alice.asked.is_empty());
        assert!(alice.met.is_empty() && bob.met.is_empty());
    }
}

#[test]
fn bob_scans_a_code_from_the_future() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let outcome = bob.scan(&alice.show(MORNING.plus(60)), MORNING.plus(59));
    assert!(matches!(outcome, ScanOutcome::Card { why: CardReason::FromTheFuture, .. }), "{outcome:?}");
    assert!(bob.take_sent().is_empty());
}

#[test]
fn an_expired_code_of_bob_does_not_confirm_him() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let old = bob.show(MORNING);
    let later = MORNING.plus(3_600);
    bob.scan(&alice.show(later), later);
    alice.scan(&old, later);
    deliver_all(&mut [&mut alice, &mut bob], later);
    assert!(alice.met.is_empty() && bob.met.is_empty());
}

#[test]
fn a_forwarded_picture_is_not_met_without_confirmation() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    // Somebody sends bob a picture of alice's screen; alice never saw bob.
    bob.scan(&alice.show(MORNING), MORNING.plus(120));
    deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(130));
    for second in [60, 600, 3_600, 86_400] {
        bob.due(MORNING.plus(120 + second));
        deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(120 + second));
    }
    assert!(alice.met.is_empty() && bob.met.is_empty());
    assert_eq!(alice.stage_with(&bob), [Stage::AwaitingConfirmation]);
    // Alice says no: also the right number is no way back.
    let Action::AskNumber { id, .. } = alice.asked[0] else { panic!() };
    alice.meetings.decline(id);
    assert_eq!(alice.confirm_number(id, MORNING.plus(130)), Err(MeetingError::NotWaiting));
}

#[test]
fn mallory_photographs_the_code_and_answers_first() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    // Her personal root names bob's address, as hers may: nobody stops her from making one.
    let message = first_by(mallory_as("bob@example.org"), &code);
    let mail = forged("bob@example.org", &alice, &message);
    assert!(alice.receive(&mail, MORNING), "alice is asked for the number");
    alice.scan(&bob.show(MORNING), MORNING);
    assert!(alice.met.is_empty(), "alice scanned bob, not mallory");
    bob.scan(&code, MORNING.plus(5));
    deliver_all(&mut [&mut alice, &mut bob], MORNING.plus(10));
    assert!(!alice.warnings.is_empty() && !bob.warnings.is_empty());
    // The other meeting, in which alice scanned bob, is not touched.
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
}

#[test]
fn a_second_anchor_for_one_code_burns_both() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING);
    let Action::AskNumber { id, .. } = alice.asked[0] else { panic!() };
    let second = forged("mallory@example.org", &alice, &first_by(mallory_as("mallory@example.org"), &code));
    assert!(alice.receive(&second, MORNING));
    let warned = Warning::SecondAnchor { first: bob.me().address, second: address("mallory@example.org") };
    assert_eq!(alice.warnings, [warned]);
    assert_eq!(alice.confirm_number(id, MORNING), Err(MeetingError::NotWaiting));
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert_eq!(bob.warnings, [Warning::CodeBurnt { address: alice.me().address }]);
    assert_eq!((bob.stage_with(&alice), alice.stage_with(&bob)), (vec![Stage::Burnt], vec![Stage::Burnt]));
    assert!(alice.met.is_empty() && bob.met.is_empty());
}

#[test]
fn a_confirmed_but_unfinished_meeting_burns_too_and_a_late_second_mail_saves_nothing() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING);
    let Action::AskNumber { id, .. } = alice.asked[0] else { panic!() };
    alice.confirm_number(id, MORNING).unwrap();
    let [m2] = alice.take_sent().try_into().unwrap();
    alice.receive(
        &forged("mallory@example.org", &alice, &first_by(mallory_as("mallory@example.org"), &code)),
        MORNING,
    );
    // The network delivers the notice before the older M2.
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert!(!bob.receive(&m2, MORNING));
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert!(alice.met.is_empty() && bob.met.is_empty());
}

#[test]
fn a_photograph_does_not_undo_a_finished_meeting() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (code, _, m2) = up_to_second(&mut alice, &mut bob);
    bob.receive(&m2, MORNING);
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    alice.receive(
        &forged("mallory@example.org", &alice, &first_by(mallory_as("mallory@example.org"), &code)),
        MORNING,
    );
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    assert_eq!(alice.warnings.len(), 1);
    assert!(alice.holds_as_met(&bob) && bob.holds_as_met(&alice));
    assert_eq!(alice.met.len(), 1, "mallory is not met");
}

#[test]
fn mallory_can_not_make_alice_a_mail_pump() {
    let mut alice = Phone::of("Alice");
    let code = alice.show(MORNING);
    for victim in 0..100 {
        let victim = format!("victim{victim}@example.net");
        for _ in 0..20 {
            alice.receive(&forged(&victim, &alice, &first_by(mallory_as(&victim), &code)), MORNING);
        }
    }
    let sent = alice.take_sent();
    assert!(sent.len() <= 2 + 16, "{}", sent.len());
    assert!(
        sent.iter().all(|mail| ["victim0@example.net", "victim1@example.net"].contains(&mail.to.as_str()))
    );
}

#[test]
fn a_replayed_first_mail_is_only_a_repetition() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (_, m1, m2) = up_to_second(&mut alice, &mut bob);
    bob.receive(&m2, MORNING);
    deliver_all(&mut [&mut alice, &mut bob], MORNING);
    let before = serde_json::to_string(&alice.meetings).unwrap();
    for days in 1..20 {
        assert!(alice.receive(&m1, MORNING.plus(days * 86_400)));
    }
    assert_eq!(serde_json::to_string(&alice.meetings).unwrap(), before, "no state");
    assert!(alice.take_sent().is_empty(), "no answer");
    // To another code, or at another phone, it is nothing at all.
    let mut carol = Phone::of("Carol");
    carol.show(MORNING);
    assert!(!carol.receive(&m1, MORNING));
}

#[test]
fn the_labels_exclude_reflection() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (code, m1, m2) = up_to_second(&mut alice, &mut bob);
    let Ok(Message::Two(proof)) = Message::decode(&m2.payload) else { panic!() };
    // Alice's M2 comes back to her as M3, even signed by bob's anchor.
    let reflected = Mail { payload: Message::Three(proof.clone()).encode(), ..m1.clone() };
    assert!(!alice.receive(&reflected, MORNING));
    assert!(alice.met.is_empty());
    // Bob's M1 tag as M2's, and a tag of the right label over the wrong nonce.
    let Ok(Message::One { tag: first, .. }) = Message::decode(&m1.payload) else { panic!() };
    for tag in [
        first,
        tag(&secret(&code), Label::Two, &proof.hash, None),
        tag(&secret(&code), Label::Three, &proof.hash, Some(&proof.nonce)),
    ] {
        let mail = Mail { payload: Message::Two(Proof { tag, ..proof.clone() }).encode(), ..m2.clone() };
        assert!(!bob.receive(&mail, MORNING));
    }
    assert!(bob.met.is_empty());
}

#[test]
fn wrong_from_is_an_ordinary_mail() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    let elsewhere = address("carol@example.org");
    assert!(!alice.receive(&Mail { from: elsewhere.clone(), ..m1.clone() }, MORNING));
    assert!(!alice.receive(&Mail { certified: elsewhere.clone(), ..m1.clone() }, MORNING));
    assert!(
        !alice
            .receive(&Mail { certified: elsewhere.clone(), from: elsewhere.clone(), ..m1.clone() }, MORNING)
    );
    assert!(!alice.receive(&Mail { signed_under: anchor("Mallory"), ..m1.clone() }, MORNING));
    assert!(alice.asked.is_empty() && alice.meetings.status().is_empty(), "no state");
    assert!(alice.receive(&m1, MORNING));
    alice.scan(&bob.show(MORNING), MORNING);
    let [m2] = alice.take_sent().try_into().unwrap();
    assert!(!bob.receive(&Mail { from: elsewhere.clone(), ..m2.clone() }, MORNING));
    assert!(!bob.receive(&Mail { signed_under: anchor("Mallory"), ..m2.clone() }, MORNING));
    bob.receive(&m2, MORNING);
    let [m3] = bob.take_sent().try_into().unwrap();
    assert!(!alice.receive(&Mail { from: elsewhere, ..m3.clone() }, MORNING));
    assert!(!alice.receive(&Mail { signed_under: anchor("Mallory"), ..m3 }, MORNING));
    assert!(alice.met.is_empty());
}

#[test]
fn a_second_mail_without_having_scanned_is_nothing() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (_, _, m2) = up_to_second(&mut alice, &mut bob);
    let mut fresh_bob = Phone::of("Bob");
    assert!(!fresh_bob.receive(&m2, MORNING));
    assert!(fresh_bob.met.is_empty() && fresh_bob.take_sent().is_empty());
}

#[test]
fn a_third_mail_with_a_changed_tag_nonce_or_hash_is_nothing() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (_, _, m2) = up_to_second(&mut alice, &mut bob);
    bob.receive(&m2, MORNING);
    let [m3] = bob.take_sent().try_into().unwrap();
    for at in 0..m3.payload.len() {
        let mut changed = m3.clone();
        changed.payload[at] ^= 1;
        assert!(!alice.receive(&changed, MORNING), "octet {at}");
    }
    assert!(alice.met.is_empty());
    assert!(alice.receive(&m3, MORNING));
    assert!(alice.holds_as_met(&bob));
}

#[test]
fn a_third_mail_for_another_nonce_is_nothing_whoever_signed_it() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (code, m1, m2) = up_to_second(&mut alice, &mut bob);
    let Ok(Message::Two(Proof { token, hash, .. })) = Message::decode(&m2.payload) else { panic!() };
    let nonce = [1; 16];
    let tag = tag(&secret(&code), Label::Three, &hash, Some(&nonce));
    let stale = Mail { payload: Message::Three(Proof { token, hash, nonce, tag }).encode(), ..m1 };
    assert!(!alice.receive(&stale, MORNING));
    assert!(alice.met.is_empty());
}

#[test]
fn mallory_answers_a_photographed_code_and_does_not_wait_to_be_confirmed() {
    let mut alice = Phone::of("Alice");
    let code = alice.show(MORNING);
    let first = first_by(mallory_as("mallory@example.org"), &code);
    assert!(alice.receive(&forged("mallory@example.org", &alice, &first), MORNING));
    let Message::One { transcript, .. } = first else { panic!() };
    let (token, hash, nonce) = (transcript.token, transcript.hash(), [0; 16]);
    let tag = tag(&secret(&code), Label::Three, &hash, Some(&nonce));
    let third = forged("mallory@example.org", &alice, &Message::Three(Proof { token, hash, nonce, tag }));
    assert!(!alice.receive(&third, MORNING));
    let Action::AskNumber { id, .. } = alice.asked[0] else { panic!() };
    alice.meetings.decline(id);
    assert!(!alice.receive(&third, MORNING));
    assert!(alice.met.is_empty());
}

#[test]
fn a_replayed_third_mail_makes_nobody_met_again() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (_, _, m2) = up_to_second(&mut alice, &mut bob);
    bob.receive(&m2, MORNING);
    let [m3] = bob.take_sent().try_into().unwrap();
    alice.receive(&m3, MORNING);
    alice.people.clear();
    alice.receive(&m3, MORNING);
    assert_eq!((alice.met.len(), alice.people.len()), (1, 0));
}

#[test]
fn every_changed_octet_of_the_first_and_second_mail_is_noticed() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    for at in 0..m1.payload.len() {
        let mut changed = m1.clone();
        changed.payload[at] ^= 1;
        assert!(!alice.receive(&changed, MORNING), "M1, octet {at}");
    }
    alice.receive(&m1, MORNING);
    alice.scan(&bob.show(MORNING), MORNING);
    let [m2] = alice.take_sent().try_into().unwrap();
    for at in 0..m2.payload.len() {
        let mut changed = m2.clone();
        changed.payload[at] ^= 1;
        assert!(!bob.receive(&changed, MORNING), "M2, octet {at}");
    }
    assert!(alice.met.is_empty() && bob.met.is_empty());
}

#[test]
fn truncated_padded_and_huge_messages_are_nothing() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    for len in 0..m1.payload.len() {
        assert!(!alice.receive(&Mail { payload: m1.payload[..len].to_vec(), ..m1.clone() }, MORNING));
    }
    for extra in [1, 100_000] {
        let payload = [m1.payload.clone(), vec![0; extra]].concat();
        assert!(!alice.receive(&Mail { payload, ..m1.clone() }, MORNING));
    }
}

#[test]
fn mallory_copies_the_secret_of_alices_code_into_her_own() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    let Code::Meet(hers) = &code else { panic!() };
    let copy = Code::Meet(MeetCode { card: card("Mallory", "Mallory"), ..hers.clone() });
    bob.scan(&code, MORNING);
    let outcome = bob.scan(&copy, MORNING);
    assert!(matches!(outcome, ScanOutcome::Card { why: CardReason::Copied, .. }), "{outcome:?}");
}

#[test]
fn mallory_in_the_middle_swaps_bobs_encryption_key() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let code = alice.show(MORNING);
    bob.scan(&code, MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    // She photographed T, so she can make a right tag; bob's signature she can't make.
    let swapped = first_by(Party { ek: point("Mallory"), ..bob.me() }, &code);
    let mail = Mail { payload: swapped.encode(), signed_under: anchor("Mallory"), ..m1.clone() };
    assert!(!alice.receive(&mail, MORNING));
    assert!(alice.receive(&m1, MORNING));
}

#[test]
fn the_secret_is_in_no_mail() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    let (code, m1, m2) = up_to_second(&mut alice, &mut bob);
    bob.receive(&m2, MORNING);
    let [m3] = bob.take_sent().try_into().unwrap();
    let secret = secret(&code);
    for mail in [m1, m2, m3] {
        assert!(!mail.payload.windows(16).any(|window| window == secret.as_bytes()));
    }
    assert!(!format!("{:?} {:?}", alice.meetings, code).contains("MeetingSecret(["));
}

#[test]
fn a_clock_set_back_does_not_make_an_old_number_good() {
    let (mut alice, mut bob) = (Phone::of("Alice"), Phone::of("Bob"));
    bob.scan(&alice.show(MORNING), MORNING);
    let [m1] = bob.take_sent().try_into().unwrap();
    alice.receive(&m1, MORNING.minus(86_400));
    assert!(matches!(alice.asked[..], [Action::AskScanBack { .. }]), "{:?}", alice.asked);
}

#[test]
fn a_flood_of_answers_and_codes_keeps_the_records_bounded() {
    let mut alice = Phone::of("Alice");
    for minute in 0..600 {
        alice.meetings.show(MORNING.plus(minute * 600), &mut alice.rng);
    }
    assert_eq!(alice.meetings.shown.len(), MAX_SHOWN);
    for number in 0..600 {
        let name = format!("P{number}");
        let code = Phone::of(&name).show(MORNING);
        alice.meetings.scan(&code, MORNING, &People::new(), &mut alice.rng);
    }
    assert_eq!(alice.meetings.scans.len(), MAX_SCANS);
}
