//! Ways to turn "revoked" into "unknown" or "good": reading mail demands no status, so each of them would make a mail
//! valid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod status;
mod support;

use pki::{ALICE, CA, EC, anchor, lookalikes, policy, signer};
use smime::crl::CertificateList;
use smime::ocsp::OcspResponse;
use smime::path::Purpose;
use smime::revocation::{CertificateStatus, Demand, Sources, StatusReason};
use smime::signed::SignedData;
use smime::verdict::{Policy, Reason, Revocation, judge};
use smime::{Certificate, UnixTime};
use status::{
    Answer, DAY, HOUR, INDIRECT, Line, List, Question, World, delta_of, number, ocsp, reason, scope,
};

const KEY_COMPROMISE: u8 = 1;
const HOLD: u8 = 6;
const REMOVE: u8 = 8;
/// Alice's certificate names `CN=lister` as the issuer of its lists.
const NAMES_LISTER: &str = "crlDistributionPoints=crldp\n[crldp]\nfullname=URI:http://crl.example.org/i.crl\n\
                            CRLissuer=dirName:lister\n[lister]\nCN=lister";

impl World {
    fn new() -> Self {
        Self::with("")
    }

    fn with(extensions: &str) -> Self {
        Self::at_age(10 * 60, extensions)
    }

    fn revoked(&self, code: u8) -> Line {
        Line::of(&self.alice, self.at.minus(3 * HOUR), &[reason(code)])
    }

    /// Since `hours` ago, by the root.
    fn list(&self, hours: u64, lines: &[Line]) -> CertificateList {
        List::new(self.at.minus(hours * HOUR), lines).sign(&self.pki, "root")
    }

    fn weak(&self, list: List) -> CertificateList {
        List { weak: true, ..list }.sign(&self.pki, "root")
    }
}

fn is(status: &CertificateStatus, state: Revocation, reasons: &[StatusReason]) {
    assert_eq!((status.state, &status.reasons[..]), (state, reasons));
}

fn unknown(status: &CertificateStatus, reason: StatusReason) {
    is(status, Revocation::Unknown, &[reason]);
}

fn in_each_order(lists: &[CertificateList], check: impl Fn(&[CertificateList])) {
    check(lists);
    check(&lists.iter().rev().cloned().collect::<Vec<_>>());
}

/// A CA with two keys, both certified by the root, each with lists for its own certificates.
#[test]
fn a_list_of_another_key_of_the_issuer_neither_clears_nor_hides() {
    let world = World::new();
    let pki = &world.pki;
    let [ca0, ca1] = ["ca0", "ca1"].map(|name| {
        pki.root_with(name, "/CN=Issuing CA", CA, EC);
        pki.sign_request("root", name, name, CA, "")
    });
    let bob = pki.issue("ca0", "bob", &signer("bob@example.org"));
    let list =
        |key: &str, hours, lines: &[Line]| List::new(world.at.minus(hours * HOUR), lines).sign(pki, key);
    let line = [Line::of(&bob, world.at.minus(3 * HOUR), &[reason(KEY_COMPROMISE)])];
    let untrusted = [ca0, ca1];
    let question = Question { untrusted: &untrusted, ..Question::new(&bob, &world.anchors, world.at) };
    unknown(&question.status(&[list("ca1", 1, &[])], &[]), StatusReason::CrlIssuer);
    in_each_order(&[list("ca0", 2, &line), list("ca1", 1, &[])], |lists| {
        let status = question.status(lists, &[]);
        is(&status, Revocation::Revoked, &[StatusReason::CrlIssuer, StatusReason::KeyCompromise]);
    });
    // The other key may revoke: who has it could have been asked to.
    is(&question.status(&[list("ca1", 1, &line)], &[]), Revocation::Revoked, &[StatusReason::KeyCompromise]);
    let both = [list("ca0", 1, &[]), list("ca1", 2, &line)];
    is(&question.status(&both, &[]), Revocation::Revoked, &[StatusReason::KeyCompromise]);
    is(&question.status(&[list("ca0", 1, &[])], &[]), Revocation::Good, &[]);
}

#[test]
fn a_cross_certificate_without_crl_sign_hides_no_revocation() {
    let world = World::new();
    let pki = &world.pki;
    let other = pki.root("other", CA);
    let middle = pki.issue("root", "middle", CA);
    let cross = pki.sign_request("other", "middle", "cross", &CA.replace(",cRLSign", ""), "");
    let bob = pki.issue("middle", "bob", &signer("bob@example.org"));
    let line = Line::of(&bob, world.at.minus(3 * HOUR), &[reason(KEY_COMPROMISE)]);
    let lists = [List::new(world.at.minus(HOUR), &[line]).sign(pki, "middle")];
    let sources = Sources { lists: &lists, ..Sources::default() };
    let both = [anchor(&world.root), anchor(&other)];
    for anchors in [&both[..], &both[1..]] {
        for untrusted in [[middle.clone(), cross.clone()], [cross.clone(), middle.clone()]] {
            let question = Question { untrusted: &untrusted, ..Question::new(&bob, anchors, world.at) };
            let failure = question.validate(sources).unwrap_err();
            assert_eq!(failure.reasons, [Reason::Revoked]);
        }
    }
}

#[test]
fn a_revocation_holds_on_every_path_of_the_search() {
    let world = World::new();
    let pki = &world.pki;
    let other = pki.root("other", CA);
    let middle = pki.issue("root", "middle", CA);
    let cross = pki.sign_request("other", "middle", "cross", CA, "");
    // The issuer of the lists has a path to one of the roots only.
    let lister = pki.issue("root", "lister", CA);
    let bob = pki.issue("middle", "bob", &format!("{}\n{NAMES_LISTER}", signer("bob@example.org")));
    let line =
        Line::of(&bob, world.at.minus(3 * HOUR), &[reason(KEY_COMPROMISE), status::line_issuer(&middle)]);
    let list = List::new(world.at.minus(HOUR), &[line]).with(&[number(1), scope(&[&INDIRECT])]);
    let lists = [list.sign(pki, "lister")];
    let sources = Sources { lists: &lists, ..Sources::default() };
    let anchors = [anchor(&world.root), anchor(&other)];
    for untrusted in
        [[middle.clone(), cross.clone(), lister.clone()], [cross.clone(), middle.clone(), lister.clone()]]
    {
        let question = Question { untrusted: &untrusted, ..Question::new(&bob, &anchors, world.at) };
        assert_eq!(question.validate(sources).unwrap_err().reasons, [Reason::Revoked]);
    }
}

#[test]
fn junk_named_like_the_issuer_of_a_list_hides_no_revocation() {
    let world = World::with(NAMES_LISTER);
    let pki = &world.pki;
    let lister = pki.issue("root", "lister", CA);
    let line = Line::of(
        &world.alice,
        world.at.minus(3 * HOUR),
        &[reason(KEY_COMPROMISE), status::line_issuer(&world.root)],
    );
    let list = List::new(world.at.minus(HOUR), &[line]).with(&[number(1), scope(&[&INDIRECT])]);
    let lists = [list.sign(pki, "lister")];
    let sources = Sources { lists: &lists, ..Sources::default() };
    let with_first = |count| {
        let untrusted = [std::slice::from_ref(&lister), &lookalikes(&lister, count)].concat();
        Question { untrusted: &untrusted, ..world.question() }.validate(sources).unwrap_err().reasons
    };
    assert_eq!(with_first(0), [Reason::Revoked]);
    assert_eq!(with_first(300), [Reason::Revoked]);
    // What was not looked at could revoke, so nothing is valid.
    for count in [9, 300] {
        let untrusted = [&lookalikes(&lister, count)[..], std::slice::from_ref(&lister)].concat();
        let failure = Question { untrusted: &untrusted, ..world.question() }.validate(sources).unwrap_err();
        assert_eq!(failure.reasons, [Reason::RevocationUnknown]);
        let reasons = [StatusReason::CrlSignature, StatusReason::LimitExceeded];
        is(&failure.statuses[0], Revocation::Unknown, &reasons);
    }
}

#[test]
fn junk_does_not_use_up_the_checks_under_the_issuer_itself() {
    let world = World::new();
    let forged = List::new(world.at.minus(HOUR), &[]).sign_as(&world.pki, &world.root, "alice");
    let mut lists = vec![CertificateList::from_der(&forged).unwrap(); 100];
    lists.push(world.list(1, &[world.revoked(KEY_COMPROMISE)]));
    let untrusted = lookalikes(&world.root, 300);
    let status = Question { untrusted: &untrusted, ..world.question() }.status(&lists, &[]);
    assert_eq!(status.state, Revocation::Revoked);
}

#[test]
fn lists_beyond_the_limit_are_not_silently_left_out() {
    let world = World::new();
    let mut lists = vec![world.list(1, &[]); smime::revocation::MAX_SOURCES];
    is(&world.status(&lists), Revocation::Good, &[]);
    lists.push(world.list(2, &[]));
    unknown(&world.status(&lists), StatusReason::LimitExceeded);
    let sources = Sources { lists: &lists, ..Sources::default() };
    assert_eq!(world.question().validate(sources).unwrap_err().reasons, [Reason::RevocationUnknown]);
    // Lists of others do not count.
    world.pki.root("stranger", CA);
    let strange = List::new(world.at.minus(HOUR), &[]).sign(&world.pki, "stranger");
    let mut lists = vec![strange; smime::revocation::MAX_SOURCES];
    lists.push(world.list(1, &[world.revoked(KEY_COMPROMISE)]));
    is(&world.status(&lists), Revocation::Revoked, &[StatusReason::KeyCompromise]);
}

#[test]
fn a_newer_list_that_clears_nobody_hides_no_older_revocation() {
    let world = World::new();
    let old = world.list(2, &[world.revoked(KEY_COMPROMISE)]);
    let newer_weak = world.weak(List::new(world.at.minus(HOUR), &[]));
    in_each_order(&[old.clone(), newer_weak], |lists| {
        let status = world.status(lists);
        is(&status, Revocation::Revoked, &[StatusReason::CrlWeak, StatusReason::KeyCompromise]);
    });
    // A complete list has nothing that it could take a line out of.
    let removing = world.list(1, &[world.revoked(REMOVE)]);
    unknown(&world.status(std::slice::from_ref(&removing)), StatusReason::CrlUnsupported);
    let status = world.status(&[old, removing]);
    is(&status, Revocation::Revoked, &[StatusReason::CrlUnsupported, StatusReason::KeyCompromise]);
    // What a weak list revokes, a newer strong one clears, and not the other way round.
    let weak = world.weak(List::new(world.at.minus(2 * HOUR), &[world.revoked(HOLD)]));
    is(&world.status(&[weak, world.list(1, &[])]), Revocation::Good, &[]);
    let weak = world.weak(List::new(world.at.minus(HOUR), &[world.revoked(HOLD)]));
    let status = world.status(&[weak, world.list(2, &[])]);
    is(&status, Revocation::Revoked, &[StatusReason::CertificateHold]);
}

#[test]
fn a_list_from_after_the_end_of_a_certificate_hides_no_older_revocation() {
    let world = World::new();
    let later = world.alice.not_after().plus(DAY);
    let lists =
        [world.list(1, &[world.revoked(KEY_COMPROMISE)]), List::new(later, &[]).sign(&world.pki, "root")];
    let question = Question { now: later.plus(HOUR), ..world.question() };
    let status = question.status(&lists, &[]);
    is(&status, Revocation::Revoked, &[StatusReason::CrlAfterExpiry, StatusReason::KeyCompromise]);
}

#[test]
fn a_weak_delta_list_adds_a_revocation_and_lifts_none() {
    let world = World::new();
    let delta = |lines: &[Line]| List::new(world.at.minus(HOUR), lines).with(&[number(2), delta_of(1)]);
    let held = world.list(2, &[world.revoked(HOLD)]);
    let lifting = delta(&[world.revoked(REMOVE)]);
    is(&world.status(&[held.clone(), lifting.sign(&world.pki, "root")]), Revocation::Good, &[]);
    let status = world.status(&[held, world.weak(lifting)]);
    is(&status, Revocation::Revoked, &[StatusReason::CrlWeak, StatusReason::CertificateHold]);
    let adding = world.weak(delta(&[world.revoked(KEY_COMPROMISE)]));
    let status = world.status(&[world.list(2, &[]), adding]);
    is(&status, Revocation::Revoked, &[StatusReason::KeyCompromise]);
}

/// What OpenSSL answers about Alice in a later second than `after`.
fn answer(world: &World, revoked: Option<&str>, knows: bool, options: &str, after: UnixTime) -> OcspResponse {
    let index = [(if knows { &world.alice } else { &world.root }, revoked)];
    let answer = Answer { issuer: "root", responder: "root", index: &index, options };
    loop {
        let answer = ocsp(&world.pki, &world.alice, &answer);
        if answer.responses()[0].this_update > after {
            return answer;
        }
    }
}

#[test]
fn a_newer_answer_that_clears_nobody_hides_no_older_revocation() {
    let world = World::new();
    let revoked = Some("260101010000Z,keyCompromise");
    let old = answer(&world, revoked, true, "", world.at.minus(DAY));
    let since = old.responses()[0].this_update;
    let compromise = StatusReason::KeyCompromise;
    let removed = Some("260101010000Z,removeFromCRL");
    let weak = "-rmd sha1";
    for (newer, note) in [
        (answer(&world, None, false, "", since), StatusReason::OcspUnknown),
        (answer(&world, None, true, weak, since), StatusReason::OcspWeak),
        (answer(&world, removed, true, "", since), StatusReason::OcspUnsupported),
    ] {
        unknown(&world.question().status(&[], std::slice::from_ref(&newer)), note);
        for answers in [[old.clone(), newer.clone()], [newer, old.clone()]] {
            let status = world.question().status(&[], &answers);
            assert_eq!(status.state, Revocation::Revoked);
            assert!(status.reasons.contains(&compromise) && status.reasons.contains(&note), "{status:?}");
        }
    }
    let good = answer(&world, None, true, "", since);
    is(&world.question().status(&[], &[old, good]), Revocation::Good, &[]);
}

/// A stolen key of an authority makes tokens of the time of any old list.
#[test]
fn a_stale_list_or_answer_clears_no_timestamp_authority() {
    let world = World::new();
    let at = |purpose, now, lists: &[CertificateList], answers: &[OcspResponse]| {
        Question { now, purpose, ..world.question() }.status(lists, answers)
    };
    let now = world.at.plus(20 * DAY);
    let clear = [world.list(1, &[])];
    is(&at(Purpose::EmailSigning, now, &clear, &[]), Revocation::Good, &[]);
    is(&at(Purpose::Any, now, &clear, &[]), Revocation::Good, &[]);
    let tokens = |now, lists: &[CertificateList], answers: &[OcspResponse]| {
        let alice = world.pki.sign_request("root", "alice", "stamper", pki::TSA, "");
        let question = Question::new(&alice, &world.anchors, world.at);
        Question { now, purpose: Purpose::TimeStamping, ..question }.status(lists, answers)
    };
    is(&tokens(world.at, &clear, &[]), Revocation::Good, &[]);
    unknown(&tokens(now, &clear, &[]), StatusReason::CrlExpired);
    let stamper = world.pki.certificate("stamper");
    let line = Line::of(&stamper, world.at.minus(3 * HOUR), &[reason(KEY_COMPROMISE)]);
    let issued_anew = |lists: &[CertificateList], answers: &[OcspResponse]| {
        let question = Question::new(&stamper, &world.anchors, world.at);
        Question { now, purpose: Purpose::TimeStamping, ..question }.status(lists, answers)
    };
    is(&issued_anew(&[world.list(1, &[line])], &[]), Revocation::Revoked, &[StatusReason::KeyCompromise]);
    let index = [(&stamper, None)];
    let answer = Answer { issuer: "root", responder: "root", index: &index, options: "" };
    let answer = ocsp(&world.pki, &stamper, &answer);
    unknown(&issued_anew(&[], &[answer]), StatusReason::OcspExpired);
}

/// A key of the issuer's name counts when the issuer certified it, or who certified the issuer: nobody above.
#[test]
fn a_key_of_the_issuers_name_certified_farther_above_is_not_heard() {
    let world = World::new();
    let pki = &world.pki;
    let upper = pki.issue("root", "upper", CA);
    let lower = pki.issue("upper", "lower", CA);
    let bob = pki.issue("lower", "bob", &signer("bob@example.org"));
    pki.root_with("namesake", "/CN=lower", CA, EC);
    let line = Line::of(&bob, world.at.minus(3 * HOUR), &[reason(KEY_COMPROMISE)]);
    for (certifier, is_heard) in [("lower", true), ("upper", true), ("root", false)] {
        let namesake = pki.sign_request(certifier, "namesake", "namesake", CA, "");
        let untrusted = [upper.clone(), lower.clone(), namesake];
        let question = Question { untrusted: &untrusted, ..Question::new(&bob, &world.anchors, world.at) };
        let list = List::new(world.at.minus(HOUR), std::slice::from_ref(&line)).sign(pki, "namesake");
        let status = question.status(&[list], &[]);
        if is_heard {
            is(&status, Revocation::Revoked, &[StatusReason::KeyCompromise]);
        } else {
            unknown(&status, StatusReason::CrlIssuer);
        }
    }
}

#[test]
fn who_stands_beside_the_path_needs_a_key_usage_that_says_crl_sign() {
    let world = World::new();
    let pki = &world.pki;
    pki.root_with("rolled", "/CN=root", CA, EC);
    let list = List::new(world.at.minus(HOUR), &[]).sign(pki, "rolled");
    for (extensions, state) in [
        (CA, Revocation::Good),
        ("basicConstraints=critical,CA:TRUE", Revocation::Unknown),
        ("keyUsage=critical,keyCertSign", Revocation::Unknown),
    ] {
        let untrusted = [pki.sign_request("root", "rolled", "rolled", extensions, "")];
        let question = Question { untrusted: &untrusted, ..world.question() };
        assert_eq!(question.status(std::slice::from_ref(&list), &[]).state, state, "{extensions}");
    }
}

#[test]
fn whoever_gives_lists_asks_for_a_status() {
    let lists = [World::new().list(1, &[])];
    let given = Sources { lists: &lists, ..Sources::default() };
    assert_eq!(given.demanding_where_given().demand, Demand::WhereGiven);
    assert_eq!(
        Sources { refused: true, ..Sources::default() }.demanding_where_given().demand,
        Demand::WhereGiven
    );
    assert_eq!(Sources::default().demanding_where_given().demand, Demand::Nowhere);
    let all = Sources { demand: Demand::Everywhere, ..given };
    assert_eq!(all.demanding_where_given().demand, Demand::Everywhere);
}

/// 250 wrong issuers for each signer: four signers are within the limit of a message, the fifth is not.
#[test]
fn the_signers_of_one_message_share_the_limits_of_a_search() {
    let world = World::new();
    let pki = &world.pki;
    let middle = pki.issue("root", "middle", CA);
    let names = ["a", "b", "c", "d", "e"];
    let signers = names.map(|name| pki.issue("middle", name, &signer(ALICE)));
    let untrusted = [&lookalikes(&middle, 250)[..], std::slice::from_ref(&middle), &signers].concat();
    let valid = |signers: &[&str]| {
        let content = b"content";
        let policy = Policy { untrusted: &untrusted, ..policy(world.at, &world.anchors) };
        let signed = pki.cms_sign(content, signers, "-nocerts");
        judge(&SignedData::parse(&signed).unwrap(), content, None, &policy).valid_signers.len()
    };
    assert_eq!(valid(&names[..4]), 4);
    assert_eq!(valid(&names), 0);
    assert_eq!(valid(&["a"; 6]), 6, "one certificate is judged once");
}

/// The message's certificates stand behind those of the receiver.
#[test]
fn junk_in_a_message_does_not_hide_who_revoked_its_signer() {
    let world = World::with(NAMES_LISTER);
    let pki = &world.pki;
    let lister = pki.issue("root", "lister", CA);
    let extensions = [reason(KEY_COMPROMISE), status::line_issuer(&world.root)];
    let line = Line::of(&world.alice, world.at.minus(3 * HOUR), &extensions);
    let list = List::new(world.at.minus(HOUR), &[line]).with(&[number(1), scope(&[&INDIRECT])]);
    let lists = [list.sign(pki, "lister")];
    let pem: String = lookalikes(&lister, 250).iter().map(Certificate::to_pem).collect();
    pki.openssl.write("junk.pem", pem.as_bytes());
    let signed = pki.cms_sign(b"content", &["alice"], "-certfile junk.pem");
    let reasons = |untrusted: &[Certificate]| {
        let policy = Policy {
            untrusted,
            sources: Sources { lists: &lists, ..Sources::default() },
            ..policy(world.at, &world.anchors)
        };
        let signed = SignedData::parse(&signed).unwrap();
        assert!(signed.certificates().len() > 250);
        judge(&signed, b"content", None, &policy).signature.reasons
    };
    assert_eq!(reasons(&[lister]), [Reason::Revoked]);
    assert_eq!(reasons(&[]), [Reason::RevocationUnknown]);
}
