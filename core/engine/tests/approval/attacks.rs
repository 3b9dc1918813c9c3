//! What a dishonest requester, participant or stranger tries.

use std::collections::BTreeSet;

use engine::approval::{
    Alarm, Built, Carried, EventSet, NotCounted, Outcome, RawEvent, RequestDigest, Undecidable, Word,
    build_comment, build_decision, build_relay, build_request,
};
use engine::ports::KeyRole;
use serde_json::{Value, json};
use smime::Fingerprint;

use crate::support::{Person, World, view};

fn approval_of(world: &World, set: &EventSet) -> Built {
    let view = view(set);
    build_decision(&view, world.bob.signer(&view, KeyRole::Approval), Word::Approve, "").unwrap()
}

/// Inserts an event; the reason why it does not count.
fn reason(set: &EventSet, raw: RawEvent) -> NotCounted {
    let mut set = set.clone();
    let id = raw.id();
    set.insert(raw);
    let view = view(&set);
    assert!(matches!(view.outcome, Outcome::Open | Outcome::Incomplete), "{:?}", view.outcome);
    view.not_counted.iter().find(|event| event.id == id).expect("it is shown").reason
}

fn edited(built: &Built, edit: impl FnOnce(&mut Value)) -> Built {
    let mut json: Value = serde_json::from_slice(&built.json).unwrap();
    edit(&mut json);
    Built { json: json.to_string().into_bytes(), ..built.clone() }
}

fn undecidable(world: &World, built: &Built, payload: impl FnOnce(&Person) -> Vec<u8>) -> Outcome {
    let mut set = EventSet::new(RequestDigest::of(&built.json));
    set.insert(world.alice.sign(&payload(&world.alice), KeyRole::Mail, false));
    let view = view(&set);
    assert!(!view.may_decide(&world.bob.address));
    view.outcome
}

#[test]
fn rule_3_a_signature_under_another_anchor_does_not_count() {
    let world = World::new();
    let (_, set) = world.asked();
    let built = approval_of(&world, &set);
    let impostor = Person::with_seed("Bob", "somebody else's keys");
    assert_eq!(reason(&set, impostor.send(&built)), NotCounted::NotVerified);
    // Alice signs bob's decision with her own approval key: her anchor, but not named for him.
    assert_eq!(reason(&set, world.alice.send(&built)), NotCounted::NotVerified);
}

#[test]
fn rule_3_a_request_must_lead_to_the_anchor_that_it_names_for_its_author() {
    let world = World::new();
    let built = build_request(&world.new_request()).unwrap();
    let impostor = Person::with_seed("Alice", "somebody else's keys");
    let mut set = EventSet::new(built.digest);
    set.insert(impostor.send(&built));
    assert_eq!(view(&set).outcome, Outcome::Undecidable { reason: Undecidable::NotVerified });
}

#[test]
fn rule_15_decisions_count_under_the_approval_key_only() {
    let world = World::new();
    let (_, set) = world.asked();
    let built = approval_of(&world, &set);
    assert_eq!(reason(&set, world.bob.send_with(&built, KeyRole::Mail, true)), NotCounted::WrongKey);
    let shown = view(&set);
    let comment = build_comment(&shown, world.bob.signer(&shown, KeyRole::Mail), "hi", Vec::new()).unwrap();
    assert_eq!(reason(&set, world.bob.send_with(&comment, KeyRole::Approval, false)), NotCounted::WrongKey);
}

#[test]
fn rule_15_approve_commits_and_reject_does_not() {
    let world = World::new();
    let (_, set) = world.asked();
    let built = approval_of(&world, &set);
    assert_eq!(
        reason(&set, world.bob.send_with(&built, KeyRole::Approval, false)),
        NotCounted::WrongCommitment
    );
    let shown = view(&set);
    let no = build_decision(&shown, world.bob.signer(&shown, KeyRole::Approval), Word::Reject, "").unwrap();
    assert_eq!(reason(&set, world.bob.send_with(&no, KeyRole::Approval, true)), NotCounted::WrongCommitment);
}

#[test]
fn rule_1_duplicate_keys_unknown_kinds_and_critical_fields_are_shown_not_counted() {
    let world = World::new();
    let (_, set) = world.asked();
    let built = approval_of(&world, &set);
    let text = String::from_utf8(built.json.clone()).unwrap();
    let twice = Built { json: text.replacen('{', r#"{"author":1,"#, 1).into_bytes(), ..built.clone() };
    let twice = world.bob.send(&twice);
    assert!(matches!(twice.route(), engine::approval::Route::Event(digest, _) if digest == built.digest));
    assert_eq!(reason(&set, twice), NotCounted::DuplicateKey);
    let critical = edited(&built, |json| json["critical"] = json!(["witness"]));
    assert_eq!(reason(&set, world.bob.send(&critical)), NotCounted::UnknownCritical);
    let unknown = edited(&built, |json| json["kind"] = json!("bless"));
    assert_eq!(reason(&set, world.bob.send(&unknown)), NotCounted::UnknownKind);
    let later = edited(&built, |json| json["kind"] = json!("withdraw"));
    assert_eq!(reason(&set, world.bob.send(&later)), NotCounted::UnsupportedHere);
    let version = edited(&built, |json| json["v"] = json!(2));
    assert_eq!(reason(&set, world.bob.send(&version)), NotCounted::UnknownVersion);
    let nobody = edited(&built, |json| json["author"] = json!(64));
    assert_eq!(reason(&set, world.bob.send(&nobody)), NotCounted::UnknownAuthor);
}

#[test]
fn the_text_of_a_decision_must_say_what_its_fields_say() {
    let world = World::new();
    let (_, set) = world.asked();
    let built = approval_of(&world, &set);
    let lie = Built { text: built.text.replace("Approved", "Rejected"), ..built.clone() };
    assert_eq!(reason(&set, world.bob.send(&lie)), NotCounted::TextDiffers);
    let hidden = Built {
        attachments: vec![engine::approval::Attached {
            name: "terms.txt".to_owned(),
            content_type: "application/octet-stream".to_owned(),
            bytes: b"only if the price is halved".to_vec(),
        }],
        ..built
    };
    assert_eq!(reason(&set, world.bob.send(&hidden)), NotCounted::DocumentsDiffer);
}

#[test]
fn a_request_whose_mail_differs_from_its_fields_is_undecidable() {
    let world = World::new();
    let built = build_request(&world.new_request()).unwrap();
    let cases: Vec<(Built, Undecidable)> = vec![
        (
            Built { text: built.text.replace("clause 4", "clause 5"), ..built.clone() },
            Undecidable::TextDiffers,
        ),
        (Built { text: format!("{}\nPS: and more", built.text), ..built.clone() }, Undecidable::TextDiffers),
        (Built { subject: "Something harmless".to_owned(), ..built.clone() }, Undecidable::SubjectDiffers),
        (Built { attachments: Vec::new(), ..built.clone() }, Undecidable::DocumentsDiffer),
        (
            {
                let mut tampered = built.clone();
                tampered.attachments[0].bytes[0] ^= 1;
                tampered
            },
            Undecidable::DocumentsDiffer,
        ),
        (
            {
                let mut doubled = built.clone();
                doubled.attachments.push(doubled.attachments[0].clone());
                doubled
            },
            Undecidable::DocumentsDiffer,
        ),
    ];
    for (sent, reason) in cases {
        assert_eq!(
            undecidable(&world, &built, |alice| alice.payload(&sent)),
            Outcome::Undecidable { reason }
        );
    }
    // An HTML alternative that other programs would show instead.
    let with_html = |alice: &Person| {
        let mut draft = alice.draft(&built);
        draft.html = Some("<p>quite another text</p>".to_owned());
        let mut count = 0u8;
        let mut boundaries = || {
            count += 1;
            [count; 16]
        };
        let protection = mail::protect::Protection::Cipher { legacy_display: false };
        mail::protect::protect(&draft, protection, &mut boundaries).unwrap().payload
    };
    assert_eq!(
        undecidable(&world, &built, with_html),
        Outcome::Undecidable { reason: Undecidable::TextDiffers }
    );
}

#[test]
fn forged_requests_are_undecidable() {
    let world = World::new();
    let built = build_request(&world.new_request()).unwrap();
    let forged: Vec<(&str, Built)> = vec![
        (
            "65 participants",
            edited(&built, |json| {
                let person = json["participants"][1].clone();
                let list = json["participants"].as_array_mut().unwrap();
                for n in 4..=66 {
                    let mut copy = person.clone();
                    copy["number"] = json!(n);
                    copy["address"] = json!(format!("p{n}@example.org"));
                    list.push(copy);
                }
            }),
        ),
        (
            "17 stages",
            edited(&built, |json| json["route"] = json!(vec![json!({"rule": "any", "approvers": [2]}); 17])),
        ),
        ("one person in two stages", edited(&built, |json| json["route"][1]["approvers"] = json!([2]))),
        (
            "one address, two numbers",
            edited(&built, |json| json["participants"][2]["address"] = json!("BOB@example.org")),
        ),
        (
            "at least none",
            edited(&built, |json| json["route"][0] = json!({"rule": "at_least", "n": 0, "approvers": [2]})),
        ),
        (
            "unknown anchor",
            edited(&built, |json| json["participants"][1]["anchors"] = json!(["00".repeat(32)])),
        ),
        ("no anchor", edited(&built, |json| json["participants"][1]["anchors"] = json!([]))),
        ("hidden name", edited(&built, |json| json["participants"][1]["name"] = json!("Bob\u{202E}"))),
        ("supersedes nothing known", edited(&built, |json| json["supersedes"] = json!("00".repeat(32)))),
        ("huge count", edited(&built, |json| json["author"] = json!(u64::MAX))),
        ("sees the future", edited(&built, |json| json["seen"] = json!(["00".repeat(32)]))),
    ];
    // The same JSON written anew has another digest, so another code than the text: it is not malformed.
    let control = edited(&built, |_| ());
    let outcome = undecidable(&world, &control, |alice| alice.payload(&control));
    assert_eq!(outcome, Outcome::Undecidable { reason: Undecidable::TextDiffers });
    for (attack, sent) in forged {
        let outcome = undecidable(&world, &sent, |alice| alice.payload(&sent));
        assert_eq!(outcome, Outcome::Undecidable { reason: Undecidable::Malformed }, "{attack}");
    }
}

#[test]
fn rule_7_a_decision_on_another_request_does_not_count_and_alarms() {
    let world = World::new();
    let (_, for_carol) = world.asked();
    // The two-faced requester asks bob for something else.
    let mut other = world.new_request();
    other.message = "Please look at clause 5.".to_owned();
    let other = build_request(&other).unwrap();
    let mut for_bob = EventSet::new(other.digest);
    for_bob.insert(world.alice.send(&other));
    let decision = world.bob.send(&approval_of(&world, &for_bob));
    assert_eq!(reason(&for_carol, decision.clone()), NotCounted::OtherRequest);
    let mut at_carol = for_carol.clone();
    at_carol.insert(decision);
    let view = view(&at_carol);
    let bob = view.person(&world.bob.address).unwrap().number;
    let alarm = Alarm::TwoFacedRequester { author: bob, digest: other.digest };
    assert_eq!(view.alarms_without(&BTreeSet::new()), [alarm]);
    assert!(
        view.alarms_without(&BTreeSet::from([other.digest])).is_empty(),
        "a replay between requests that are held"
    );
}

#[test]
fn a_relay_must_carry_what_it_names() {
    let world = World::new();
    let (request, mut set) = world.asked();
    let reply = world.carol.reply("Approve", "no code at all");
    let shown = view(&set);
    let me = world.alice.signer(&shown, KeyRole::Mail);
    let relay = build_relay(&shown, me, &[Carried::Event(reply)], &BTreeSet::new()).unwrap();
    let good = world.carol.reply("Approve", &request.text);
    let swapped = edited(&relay, |json| json["items"][0]["id"] = json!(good.id().unwrap().to_string()));
    assert_eq!(reason(&set, world.alice.send(&swapped)), NotCounted::DocumentsDiffer);
    set.insert(good);
    set.insert(world.alice.send(&swapped));
    let view = view(&set);
    assert!(view.person(&world.carol.address).unwrap().decision.is_none(), "no receipt without the reply");
}

#[test]
fn rule_12_a_dishonest_result_is_void_and_raises_an_alarm() {
    let world = World::new();
    let (request, mut set) = world.asked();
    set.insert(world.bob_approves(&set));
    set.insert(world.carol.reply("Approve", &request.text));
    let mut honest = set.clone();
    world.alice_app(&mut honest);
    // Alice states a rejection over the same events.
    let mut before = set.clone();
    let mut sent = world.alice_app(&mut before);
    sent.pop();
    for raw in sent {
        set.insert(raw);
    }
    let shown = view(&set);
    let me = world.alice.signer(&shown, KeyRole::Mail);
    let right = engine::approval::build_result(&shown, me).unwrap();
    let wrong = edited(&right, |json| json["outcome"] = json!("reject"));
    // A text that fits the lie, so that only the recomputation can find it.
    let text = right.text.replace("\n\nApproved\n", "\n\nRejected\n");
    let body = text.rsplit_once("\n\nCode: ").unwrap().0;
    let wrong = edited(&wrong, |json| json["text"] = json!(Fingerprint::of(body.as_bytes()).to_hex()));
    let raw = world.alice.send(&Built { text, ..wrong });
    set.insert(raw.clone());
    let after = view(&set);
    assert_eq!(after.outcome, Outcome::Approved { closed: false });
    assert_eq!(after.alarms, [Alarm::WrongResult { event: raw.id().unwrap() }]);
}

#[test]
fn a_bad_copy_does_not_hide_the_good_one() {
    let world = World::new();
    let (_, mut set) = world.asked();
    let good = world.bob_approves(&set);
    // The same content under somebody else's signature: the same id, but nobody's event.
    let impostor = Person::with_seed("Bob", "somebody else's keys");
    let bad = impostor.sign(&good.content().unwrap(), KeyRole::Approval, true);
    assert_eq!(bad.id(), good.id());
    set.insert(bad.clone());
    assert!(view(&set).person(&world.bob.address).unwrap().decision.is_none());
    set.insert(good);
    let both = view(&set);
    assert!(both.person(&world.bob.address).unwrap().decision.is_some());
    assert!(both.not_counted.is_empty());
    // An id of which only the bad copy is here counts as absent.
    let mut without = EventSet::new(both.digest);
    for raw in set.events().filter(|raw| raw.id() != bad.id()) {
        without.insert(raw.clone());
    }
    without.insert(bad.clone());
    let me = world.alice.signer(&both, KeyRole::Mail);
    without.insert(world.alice.send(&build_comment(&both, me, "thanks", Vec::new()).unwrap()));
    let view = view(&without);
    assert_eq!(view.outcome, Outcome::Incomplete);
    assert_eq!(view.missing[0].id, bad.id().unwrap().0);
}

#[test]
fn every_flipped_octet_of_an_event_stops_it_from_counting() {
    let world = World::new();
    let (_, set) = world.asked();
    let good = world.bob.send(&approval_of(&world, &set));
    let content = good.content().unwrap();
    let start = good.signed.windows(content.len()).position(|window| window == content).unwrap();
    for at in (start..start + content.len()).step_by(97) {
        let mut bad = good.clone();
        bad.signed[at] ^= 0x01;
        let mut with = set.clone();
        with.insert(bad);
        assert!(view(&with).person(&world.bob.address).unwrap().decision.is_none(), "octet {at}");
    }
}
