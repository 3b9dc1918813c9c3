//! Signed replies from other programs (rule 13), and what must not pass for one.

use engine::approval::{EventSet, NotCounted, Outcome, RawEvent, Word, build_request};
use engine::ports::KeyRole;

use crate::support::{World, reply_entity, view};

/// A request whose open stage is carol's.
fn for_carol(world: &World) -> (engine::approval::Built, EventSet) {
    let mut new = world.new_request();
    new.route.remove(0);
    new.informed.push(world.bob.participant());
    let built = build_request(&new).unwrap();
    let mut set = EventSet::new(built.digest);
    set.insert(world.alice.send(&built));
    (built, set)
}

/// What becomes of a reply: carol's decision, or why it does not count (before and after alice's app has acted).
fn outcome(world: &World, set: &EventSet, reply: RawEvent) -> Result<Word, NotCounted> {
    let mut set = set.clone();
    let id = reply.id();
    set.insert(reply);
    world.alice_app(&mut set);
    let view = view(&set);
    if let Some(decision) = &view.person(&world.carol.address).unwrap().decision {
        return Ok(decision.word);
    }
    assert_eq!(view.outcome, Outcome::Open);
    Err(view.not_counted.iter().find(|event| event.id == id).expect("it is shown").reason)
}

#[test]
fn rule_13_agreed_words_above_the_quoted_code_count() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    for (word, meaning) in [
        ("Approve", Word::Approve),
        ("  approved. ", Word::Approve),
        ("\n\n同意", Word::Approve),
        ("Reject!", Word::Reject),
        ("不同意", Word::Reject),
    ] {
        assert_eq!(outcome(&world, &set, world.carol.reply(word, &request.text)), Ok(meaning), "{word:?}");
    }
}

#[test]
fn rule_13_other_first_lines_do_not_count() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    for word in [
        "I approve",
        "Approve?",
        "Not approved",
        "> Approve",
        "Approve this and that",
        "",
        "Dear Alice,\nApprove",
    ] {
        let found = outcome(&world, &set, world.carol.reply(word, &request.text));
        assert_eq!(found, Err(NotCounted::NoAgreedWord), "{word:?}");
    }
}

#[test]
fn rule_13_the_code_must_be_in_the_signed_octets() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    let without = world.carol.reply("Approve", "On Monday we talked.");
    assert_eq!(outcome(&world, &set, without), Err(NotCounted::CodeAbsent));

    // Signed for another request, put under this one.
    let mut other = world.new_request();
    other.nonce = [2; 16];
    let other = build_request(&other).unwrap();
    let replayed = world.carol.reply("Approve", &other.text);
    assert_eq!(outcome(&world, &set, replayed), Err(NotCounted::CodeAbsent));

    let both = world.carol.reply("Approve", &format!("{}\n{}", request.text, other.text));
    assert_eq!(outcome(&world, &set, both), Err(NotCounted::CodeAmbiguous));

    let mut cut = request.code.to_string();
    cut.pop();
    let cut = world.carol.reply("Approve", &cut);
    assert_eq!(outcome(&world, &set, cut), Err(NotCounted::CodeAbsent));
}

#[test]
fn rule_13_automatic_answers_do_not_count() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    let mut outside = world.carol.reply("Approve", &request.text);
    outside.auto_submitted = true;
    assert_eq!(outcome(&world, &set, outside), Err(NotCounted::AutoSubmitted));
    let entity = format!("Auto-Submitted: auto-replied\n{}", reply_entity("Approve", &request.text));
    assert_eq!(outcome(&world, &set, world.carol.sign(&entity)), Err(NotCounted::AutoSubmitted));
}

#[test]
fn rule_13_multipart_signed_and_html_only_replies_are_read() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    let detached = world.carol.sign_detached(&reply_entity("Approve", &request.text));
    assert_eq!(outcome(&world, &set, detached), Ok(Word::Approve));
    let html = format!(
        "Content-Type: text/html; charset=utf-8\n\n<html><body><p>Approve</p><blockquote>Code: {}</blockquote></body></html>",
        request.code
    );
    assert_eq!(outcome(&world, &set, world.carol.sign(&html)), Ok(Word::Approve));
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nReject\n\n> Code: {0}\n\
         --b\nContent-Type: text/html\n\n<p>Reject</p><blockquote>Code: {0}</blockquote>\n--b--\n",
        request.code
    );
    assert_eq!(outcome(&world, &set, world.carol.sign(&alternative)), Ok(Word::Reject));
}

#[test]
fn rule_13_unsigned_and_broken_replies_never_count() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    let entity = reply_entity("Approve", &request.text);
    let unsigned = crate::support::received(entity.clone().into_bytes(), &world.carol.address);
    let mut with = set.clone();
    with.insert(unsigned);
    assert_eq!(view(&with).not_counted[0].reason, NotCounted::Unreadable);

    let mut changed = world.carol.sign_detached(&entity.replace("Approve", "Reject "));
    changed.detached_content = Some(entity.replace('\n', "\r\n").into_bytes());
    assert_eq!(outcome(&world, &set, changed), Err(NotCounted::NotVerified));

    // Content inside and outside: which one was signed for the reader?
    let mut ambiguous = world.carol.sign(&entity);
    ambiguous.detached_content = Some(b"\r\nApprove".to_vec());
    let mut with = set.clone();
    with.insert(ambiguous);
    assert_eq!(view(&with).not_counted[0].reason, NotCounted::Unreadable);
}

#[test]
fn rule_15_a_countersign_person_does_not_decide_by_plain_reply() {
    let world = World::new();
    // A requester who says that bob has another program does not lower the bar to bob's mail key.
    for program in [engine::approval::Program::Countersign, engine::approval::Program::Other] {
        let mut new = world.new_request();
        new.route[0].1[0].program = program;
        let request = build_request(&new).unwrap();
        let mut set = EventSet::new(request.digest);
        set.insert(world.alice.send(&request));
        let entity = reply_entity("Approve", &request.text).replace('\n', "\r\n");
        set.insert(world.bob.sign(entity.as_bytes(), KeyRole::Mail, false));
        world.alice_app(&mut set);
        let view = view(&set);
        assert_eq!(view.outcome, Outcome::Open);
        assert_eq!(view.not_counted[0].reason, NotCounted::NotForeign);
    }
}

#[test]
fn a_strangers_reply_is_nobodys_decision() {
    let world = World::new();
    let (request, set) = for_carol(&world);
    // Another CA certifies carol's address.
    let imitation = crate::support::Foreign::new("Carol");
    assert_eq!(
        outcome(&world, &set, imitation.reply("Approve", &request.text)),
        Err(NotCounted::NotVerified)
    );
    let mallory = crate::support::Foreign::new("Mallory");
    assert_eq!(
        outcome(&world, &set, mallory.reply("Approve", &request.text)),
        Err(NotCounted::UnknownAuthor)
    );
}

#[test]
fn a_reply_signed_again_by_another_approver_does_not_take_its_place() {
    let world = World::new();
    let dave = crate::support::Foreign::new("Dave");
    let mut new = world.new_request();
    new.route = vec![(engine::approval::Rule::All, vec![dave.participant(), world.carol.participant()])];
    let request = build_request(&new).unwrap();
    let mut set = EventSet::new(request.digest);
    set.insert(world.alice.send(&request));
    let entity = reply_entity("Approve", &request.text);
    set.insert(world.carol.sign(&entity));
    world.alice_app(&mut set);
    set.insert(dave.sign(&entity));
    world.alice_app(&mut set);
    let view = view(&set);
    assert!(view.person(&world.carol.address).unwrap().decision.is_some());
    assert!(view.person(&dave.address).unwrap().decision.is_none());
}
