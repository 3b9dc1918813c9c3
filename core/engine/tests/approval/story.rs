//! What people do, from request to result.

use std::collections::BTreeSet;

use engine::approval::{
    Built, Carried, Due, EventSet, NotCounted, Outcome, RawEvent, RequestView, Route, StageState, Word,
    automatic, build_comment, build_decision, build_relay, build_result, evidence_order,
};
use engine::ports::KeyRole;
use smime::path::{AnchorScope, Trust, TrustAnchor};

use crate::support::{CONTEXT, NOW, World, openssl, view};

impl World {
    /// Bob approves, with a token.
    pub fn bob_approves(&self, set: &EventSet) -> RawEvent {
        let view = view(set);
        let me = self.bob.signer(&view, KeyRole::Approval);
        self.authority.stamp(self.bob.send(&build_decision(&view, me, Word::Approve, "fine").unwrap()))
    }

    /// What alice's app does on its own, until nothing is due; the events that it sent.
    pub fn alice_app(&self, set: &mut EventSet) -> Vec<RawEvent> {
        let mut sent = Vec::new();
        loop {
            let view = view(set);
            let me = self.alice.signer(&view, KeyRole::Mail);
            let Some(due) = automatic(set, &view, &CONTEXT, me.number).into_iter().next() else {
                return sent;
            };
            let built = match due {
                Due::Result => build_result(&view, me),
                Due::RelayReply { event, signature, raw } => {
                    let token = self.authority.token(&signature);
                    let items = [Carried::Event(*raw), Carried::Token { id: event, token }];
                    build_relay(&view, me, &items, &BTreeSet::new())
                }
                Due::Answer { events } => {
                    let items: Vec<Carried> = events.into_iter().map(Carried::Event).collect();
                    build_relay(&view, me, &items, &BTreeSet::new())
                }
                Due::Ask { wants } => build_relay(&view, me, &[], &wants),
            };
            let raw = self.authority.stamp(self.alice.send(&built.unwrap()));
            set.insert(raw.clone());
            sent.push(raw);
            assert!(sent.len() < 10, "the app never rests");
        }
    }
}

fn decided(view: &RequestView, address: &smime::EmailAddress) -> Option<Word> {
    view.person(address).unwrap().decision.as_ref().map(|decision| decision.word)
}

#[test]
fn bob_approves_and_carol_answers_from_another_program() {
    let world = World::new();
    let (request, mut alice) = world.asked();
    let mut bob = alice.clone();

    let asked = view(&bob);
    assert_eq!((&asked.outcome, asked.open_stage), (&Outcome::Open, Some(0)));
    assert!(asked.may_decide(&world.bob.address) && !asked.may_decide(&world.carol.address));
    assert_eq!(asked.subject, "Lease for the warehouse 仓库租约");
    assert_eq!(asked.documents[0].name, "Mietvertrag 租约.pdf");
    assert!(request.text.ends_with(&format!("Code: {}\n", asked.code)));

    let approval = world.bob_approves(&bob);
    assert_eq!(approval.route(), Route::Event(request.digest, engine::approval::Kind::Approve));
    bob.insert(approval.clone());
    alice.insert(approval);
    let halfway = view(&alice);
    assert_eq!(
        halfway.stages.iter().map(|s| s.state).collect::<Vec<_>>(),
        [StageState::Approved, StageState::Open]
    );
    assert_eq!(decided(&halfway, &world.bob.address), Some(Word::Approve));

    // Carol's reply reaches alice only.
    let reply = world.carol.reply("Approve", &request.text);
    assert_eq!(reply.route(), Route::Foreign(vec![request.code.clone()]));
    alice.insert(reply);
    let waiting = view(&alice);
    assert_eq!(waiting.outcome, Outcome::Open);
    assert!(waiting.not_counted.iter().any(|e| e.reason == NotCounted::AwaitingReceipt));

    let sent = world.alice_app(&mut alice);
    assert_eq!(sent.len(), 2, "one relay, one result");
    for raw in sent {
        bob.insert(raw);
    }
    let (at_alice, at_bob) = (view(&alice), view(&bob));
    assert_eq!(at_alice.outcome, Outcome::Approved { closed: true });
    assert_eq!(at_alice, at_bob, "equal sets give equal states");
    let carol = at_bob.person(&world.carol.address).unwrap().decision.clone().unwrap();
    assert!(carol.foreign && carol.claimed.is_some());
    assert!(carol.token.unwrap().receipt, "her time is that of the receipt");
    assert!(at_bob.not_counted.is_empty() && at_bob.missing.is_empty() && at_bob.alarms.is_empty());
}

#[test]
fn the_evidence_verifies_with_openssl() {
    let world = World::new();
    let (request, mut set) = world.asked();
    set.insert(world.bob_approves(&set));
    set.insert(world.carol.reply("Approved.", &request.text));
    world.alice_app(&mut set);
    let items = evidence_order(&set, &view(&set), &CONTEXT);
    let numbers: Vec<u32> = items.iter().map(|item| item.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    let names: Vec<&str> = items.iter().map(|item| item.kind.name()).collect();
    // The decisions have seen nothing of each other and may have been stamped in the same second.
    assert!(
        ["request", "approve", "reply", "relay", "result"] == names[..]
            || ["request", "reply", "approve", "relay", "result"] == names[..],
        "{names:?}"
    );
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| std::fs::write(dir.path().join(name), octets).unwrap();
    write("tsa.pem", world.authority.anchor.to_pem().as_bytes());
    let roots = [&world.alice.root, &world.bob.root, &world.carol.ca];
    write("roots.pem", roots.map(|root| root.to_pem()).concat().as_bytes());
    for item in items {
        write("event.p7m", &item.raw.signed);
        write("event.sig", &item.signature);
        write("event.tst", &item.token.expect("every event of this story is stamped"));
        let cms = [
            "cms",
            "-verify",
            "-inform",
            "DER",
            "-in",
            "event.p7m",
            "-CAfile",
            "roots.pem",
            "-purpose",
            "any",
        ];
        let content = openssl(dir.path(), &cms);
        assert_eq!(smime::Fingerprint::of(&content), item.id.0, "{}", item.kind.name());
        let ts =
            ["ts", "-verify", "-token_in", "-in", "event.tst", "-data", "event.sig", "-CAfile", "tsa.pem"];
        openssl(dir.path(), &ts);
    }
}

#[test]
fn rule_12_a_rejection_is_stated_and_closes() {
    let world = World::new();
    let (_, mut set) = world.asked();
    let asked = view(&set);
    let me = world.bob.signer(&asked, KeyRole::Approval);
    let no = build_decision(&asked, me, Word::Reject, "clause 4 is missing").unwrap();
    assert!(!no.proof_of_approval);
    set.insert(world.authority.stamp(world.bob.send(&no)));
    world.alice_app(&mut set);
    let ended = view(&set);
    assert_eq!(ended.outcome, Outcome::Rejected { by: me.number, closed: true });
    assert_eq!(
        ended.person(&world.bob.address).unwrap().decision.as_ref().unwrap().comment,
        "clause 4 is missing"
    );
    assert!(build_decision(&ended, me, Word::Approve, "").is_err(), "nothing is left to decide");
}

#[test]
fn rule_4_only_tokens_of_listed_authorities_give_a_time() {
    let world = World::new();
    let (_, mut set) = world.asked();
    let other = crate::support::Authority::new();
    let asked = view(&set);
    let me = world.bob.signer(&asked, KeyRole::Approval);
    let unstamped = world.bob.send(&build_decision(&asked, me, Word::Approve, "").unwrap());
    set.insert(other.stamp(unstamped.clone()));
    let decision = view(&set).person(&world.bob.address).unwrap().decision.clone().unwrap();
    assert_eq!(decision.token, None, "counts, visibly without a trusted time");
    assert_eq!(decision.claimed, Some(NOW.minus(60)));

    // The same event with a good token joins the set: an event, not two.
    set.insert(world.authority.stamp(unstamped));
    let decided = view(&set);
    assert_eq!(decided.events.len(), 2);
    let token = decided.person(&world.bob.address).unwrap().decision.clone().unwrap().token.unwrap();
    assert!(!token.trusted && !token.receipt);
    let anchor = TrustAnchor {
        certificate: world.authority.anchor.clone(),
        trust: Trust::Organisation,
        scope: AnchorScope::Any,
    };
    let anchors = [anchor];
    let context = engine::approval::Context { timestamp_anchors: &anchors, ..CONTEXT };
    let coloured = engine::approval::evaluate(&set, &context);
    assert_eq!(coloured.outcome, decided.outcome, "local trust only colours");
    assert!(coloured.person(&world.bob.address).unwrap().decision.clone().unwrap().token.unwrap().trusted);
}

#[test]
fn rule_6_what_is_missing_is_asked_for_and_relayed() {
    let world = World::new();
    let (_, mut alice) = world.asked();
    let mut bob = alice.clone();
    // Alice's comment never reaches bob, but her next one names it.
    let comment = |set: &mut EventSet, text: &str| -> RawEvent {
        let view = view(set);
        let me = world.alice.signer(&view, KeyRole::Mail);
        let raw = world.alice.send(&build_comment(&view, me, text, Vec::new()).unwrap());
        set.insert(raw.clone());
        raw
    };
    let lost = comment(&mut alice, "one");
    bob.insert(comment(&mut alice, "two"));
    let incomplete = view(&bob);
    assert_eq!((&incomplete.outcome, &incomplete.so_far), (&Outcome::Incomplete, &Outcome::Open));
    assert_eq!(incomplete.missing[0].id, lost.id().unwrap().0);
    assert!(incomplete.may_decide(&world.bob.address));

    let me = world.bob.signer(&incomplete, KeyRole::Mail);
    let due = automatic(&bob, &incomplete, &CONTEXT, me.number);
    let [Due::Ask { wants }] = due.as_slice() else { panic!("{due:?}") };
    let ask = world.bob.send(&build_relay(&incomplete, me, &[], wants).unwrap());
    bob.insert(ask.clone());
    let later = engine::approval::Context { at: NOW.plus(23 * 3600), ..CONTEXT };
    assert!(
        automatic(&bob, &engine::approval::evaluate(&bob, &later), &later, me.number).is_empty(),
        "asked lately"
    );
    let next_day = engine::approval::Context { at: NOW.plus(25 * 3600), ..CONTEXT };
    let again = automatic(&bob, &engine::approval::evaluate(&bob, &next_day), &next_day, me.number);
    assert!(matches!(again.as_slice(), [Due::Ask { .. }]), "once, then daily");

    alice.insert(ask);
    for answer in world.alice_app(&mut alice) {
        bob.insert(answer);
    }
    assert_eq!(view(&bob).outcome, Outcome::Open);
    assert!(view(&bob).missing.is_empty());
    assert_eq!(view(&alice).events.len(), view(&bob).events.len());
}

#[test]
fn rule_14_a_lost_request_comes_back_by_relay() {
    let world = World::new();
    let (request, mut alice) = world.asked();
    let asked = view(&alice);
    let me = world.alice.signer(&asked, KeyRole::Mail);
    let original = alice.events().next().unwrap().clone();
    let relay = build_relay(&asked, me, &[Carried::Event(original)], &BTreeSet::new()).unwrap();
    let raw = world.alice.send(&relay);
    alice.insert(raw.clone());
    let mut bob = EventSet::new(request.digest);
    assert_eq!(view(&bob).outcome, Outcome::Incomplete);
    bob.insert(raw);
    assert_eq!(view(&bob), view(&alice));
}

#[test]
fn rule_8_a_key_on_two_phones_forks_and_bob_is_asked_again() {
    let world = World::new();
    let (_, set) = world.asked();
    let asked = view(&set);
    // Restored from a backup, the second phone has the same key.
    let me = world.bob.signer(&asked, KeyRole::Approval);
    let decide = |word, view: &RequestView, me| world.bob.send(&build_decision(view, me, word, "").unwrap());
    let yes = decide(Word::Approve, &asked, me);
    let no = decide(Word::Reject, &asked, me);
    let mut both = set.clone();
    both.insert(yes);
    both.insert(no);
    let torn = view(&both);
    assert_eq!(torn.outcome, Outcome::Open);
    assert_eq!(torn.forks.len(), 1, "one key, one predecessor");
    assert!(torn.may_decide(&world.bob.address), "bob is asked again");
    both.insert(decide(Word::Reject, &torn, me));
    assert_eq!(view(&both).outcome, Outcome::Rejected { by: me.number, closed: false });
}

#[test]
fn states_do_not_depend_on_order_or_repetition() {
    let world = World::new();
    let (request, mut set) = world.asked();
    set.insert(world.bob_approves(&set));
    set.insert(world.carol.reply("Approve", &request.text));
    world.alice_app(&mut set);
    let events: Vec<RawEvent> = set.events().cloned().collect();
    let expected = view(&set);
    for turn in 0..events.len() {
        let mut other = EventSet::new(request.digest);
        for step in 0..events.len() * 2 {
            other.insert(events[(turn + step * 2) % events.len()].clone());
            other.insert(events[(turn + step) % events.len()].clone());
        }
        assert_eq!(view(&other), expected);
    }
    // Any subset: the same result, or none.
    for mask in 0..1u32 << events.len() {
        let mut part = EventSet::new(request.digest);
        for (_, event) in events.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1) {
            part.insert(event.clone());
        }
        let seen = view(&part);
        if seen.result.is_some() {
            assert_eq!((&seen.outcome, &seen.counted), (&expected.outcome, &expected.counted), "{mask:b}");
        } else {
            assert!(
                !matches!(seen.outcome, Outcome::Rejected { .. } | Outcome::Undecidable { .. }),
                "{mask:b}"
            );
        }
    }
}

#[test]
fn a_chinese_request_is_answered_in_chinese() {
    let world = World::new();
    let mut new = world.new_request();
    new.language = engine::approval::Language::Chinese;
    let built: Built = engine::approval::build_request(&new).unwrap();
    assert!(built.text.contains("审批人：\n1. Bob <bob@example.org>\n2. Carol <carol@example.com>\n"));
    let mut set = EventSet::new(built.digest);
    set.insert(world.alice.send(&built));
    set.insert(world.bob_approves(&set));
    set.insert(world.carol.reply("同意。", &built.text));
    world.alice_app(&mut set);
    assert_eq!(view(&set).outcome, Outcome::Approved { closed: true });
}

#[test]
fn requests_that_nobody_could_decide_are_not_built() {
    use engine::approval::{BuildError, Rule, build_request};
    let world = World::new();
    let base = world.new_request();
    let refused = |change: &dyn Fn(&mut engine::approval::NewRequest)| {
        let mut new = base.clone();
        change(&mut new);
        build_request(&new).unwrap_err()
    };
    let bob = || world.bob.participant();
    assert_eq!(refused(&|r| r.route.clear()), BuildError::Route);
    assert_eq!(refused(&|r| r.route[0].1.clear()), BuildError::Route);
    assert_eq!(refused(&|r| r.route.push((Rule::Any, vec![bob()]))), BuildError::Route, "bob in two stages");
    assert_eq!(refused(&|r| r.route[0].0 = Rule::AtLeast { n: 2 }), BuildError::Route);
    assert_eq!(refused(&|r| r.route[0].1[0].anchors.clear()), BuildError::NoCertificate(2));
    assert_eq!(refused(&|r| r.subject = "two\nlines".to_owned()), BuildError::Line);
    assert_eq!(refused(&|r| r.documents[0].name = "../../x".to_owned()), BuildError::Line);
    assert_eq!(refused(&|r| r.message = "CS-4OYMIQUY7QOBJGX36TEJS35ZEQ".to_owned()), BuildError::Text);
    assert_eq!(refused(&|r| r.timestamps[0].url = "file:///x".to_owned()), BuildError::TimestampAuthority);
    let crowd = |r: &mut engine::approval::NewRequest| {
        for n in 0..64 {
            let mut person = bob();
            person.address = format!("p{n}@example.org").parse().unwrap();
            r.informed.push(person);
        }
    };
    assert_eq!(refused(&crowd), BuildError::Limit("participants"));
    let (_, set) = world.asked();
    let stranger = engine::approval::Signer { number: 9, ..world.bob.signer(&view(&set), KeyRole::Mail) };
    assert_eq!(build_comment(&view(&set), stranger, "hello", Vec::new()), Err(BuildError::NotNow));
}

#[test]
fn documents_of_any_name_and_type_arrive_as_listed() {
    let world = World::new();
    let mut new = world.new_request();
    let long = format!("{}.pdf", "很长的名字".repeat(40));
    for (name, content_type, bytes) in [
        ("notes.txt", "text/plain", &b"no line end, tab\tand\nbare LF\r\nand CRLF  "[..]),
        ("page.html", "text/html", b"<p>not the mail's text</p>"),
        ("\"quoted\"; name*=x.pdf", "application/pdf", b""),
        (".hidden", "application/octet-stream", b"\x00\xff"),
        ("😀 emoji مرحبا.PDF", "Application/PDF", b"--=_01010101010101010101010101010101--"),
        (long.as_str(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK"),
        ("mail.eml", "message/rfc822", b"Subject: hi\r\n\r\nApprove"),
        ("signed.p7m", "application/pkcs7-mime", b"0\x80"),
        ("approval.json", "application/json", b"{}"),
    ] {
        new.documents.push(engine::approval::Attached {
            name: name.to_owned(),
            content_type: content_type.to_owned(),
            bytes: bytes.to_vec(),
        });
    }
    let built = engine::approval::build_request(&new).unwrap();
    let mut set = EventSet::new(built.digest);
    set.insert(world.alice.send(&built));
    let shown = view(&set);
    assert_eq!(shown.outcome, Outcome::Open);
    assert_eq!(shown.documents.len(), 10);
    assert_eq!(
        shown.documents[7].content_type, "application/octet-stream",
        "a message travels as plain octets"
    );
}

#[test]
fn rule_16_an_unsent_decision_leaves_no_trace() {
    let world = World::new();
    let (_, mut set) = world.asked();
    let before = view(&set);
    let queued = world.bob_approves(&set);
    set.insert(queued.clone());
    assert!(!view(&set).may_decide(&world.bob.address));
    assert!(set.remove(queued.id().unwrap()) && !set.remove(queued.id().unwrap()));
    assert_eq!(view(&set), before);
}
