//! OCSP answers: what they decide, and what they must not. OpenSSL answers our own requests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod status;
mod support;

use pki::{CA, EC, signer};
use smime::UnixTime;
use smime::ocsp::{OcspError, OcspResponse, OcspStatus};
use smime::revocation::{CertificateStatus, Demand, Sources, StatusReason};
use smime::verdict::{Reason, Revocation};
use status::{Answer, DAY, HOUR, Line, List, Question, World, ocsp, ocsp_der, reason};

const RESPONDER: &str = "keyUsage=critical,digitalSignature\nextendedKeyUsage=OCSPSigning";

impl World {
    /// OpenSSL answers now, so the time of judging is soon.
    fn new() -> Self {
        Self::at_age(10 * 60, "")
    }

    fn answered(&self, responses: &[OcspResponse]) -> CertificateStatus {
        self.question().status(&[], responses)
    }

    /// What OpenSSL answers about Alice in the name of `responder`.
    fn answer(&self, responder: &str, revoked: Option<&str>, options: &str) -> OcspResponse {
        let index = [(&self.alice, revoked)];
        ocsp(&self.pki, &self.alice, &Answer { issuer: "root", responder, index: &index, options })
    }
}

const YESTERDAY: &str = "260101010000Z,keyCompromise";

fn is(status: &CertificateStatus, state: Revocation, reasons: &[StatusReason]) {
    assert_eq!((status.state, &status.reasons[..]), (state, reasons));
}

fn unknown(status: &CertificateStatus, reason: StatusReason) {
    is(status, Revocation::Unknown, &[reason]);
}

#[test]
fn openssl_answers_our_request_and_its_answer_decides() {
    let world = World::new();
    world.pki.issue("root", "responder", RESPONDER);
    for responder in ["root", "responder"] {
        for options in ["", "-resp_key_id"] {
            let good = world.answer(responder, None, options);
            assert_eq!(good.responses()[0].status, OcspStatus::Good);
            is(&world.answered(&[good]), Revocation::Good, &[]);
            let status = world.answered(&[world.answer(responder, Some(YESTERDAY), options)]);
            is(&status, Revocation::Revoked, &[StatusReason::KeyCompromise]);
            assert_eq!(status.revoked_at, Some("2026-01-01T01:00:00Z".parse().unwrap()));
        }
    }
    // The index does not know the certificate.
    let index = [(&world.root, None)];
    let answer = Answer { issuer: "root", responder: "root", index: &index, options: "" };
    unknown(&world.answered(&[ocsp(&world.pki, &world.alice, &answer)]), StatusReason::OcspUnknown);
}

#[test]
fn an_answer_about_somebody_else_says_nothing_of_alice() {
    let world = World::new();
    let bob = world.pki.issue("root", "bob", &signer("bob@example.org"));
    let index = [(&bob, None), (&world.alice, Some(YESTERDAY))];
    let about_bob = Answer { issuer: "root", responder: "root", index: &index, options: "" };
    let about_bob = ocsp(&world.pki, &bob, &about_bob);
    assert_eq!(about_bob.responses()[0].serial(), bob.serial());
    unknown(&world.answered(std::slice::from_ref(&about_bob)), StatusReason::StatusMissing);
    is(&Question::new(&bob, &world.anchors, world.at).status(&[], &[about_bob]), Revocation::Good, &[]);
}

#[test]
fn who_may_not_answer_is_not_believed() {
    let world = World::new();
    let pki = &world.pki;
    pki.issue("root", "leaf", &signer("eve@example.org"));
    pki.issue("root", "wrong_usage", "keyUsage=critical,keyAgreement\nextendedKeyUsage=OCSPSigning");
    pki.issue("root", "any_usage", "extendedKeyUsage=anyExtendedKeyUsage");
    pki.root("other_root", CA);
    pki.issue("other_root", "foreign", RESPONDER);
    pki.issue("root", "middle", CA);
    pki.issue("middle", "below", RESPONDER);
    for responder in ["leaf", "wrong_usage", "any_usage", "foreign", "below"] {
        let status = world.answered(&[world.answer(responder, None, "")]);
        assert_eq!(
            (state(&status), responder),
            ((Revocation::Unknown, vec![StatusReason::OcspResponder]), responder)
        );
    }
    // Mallory has a key under the issuer's name.
    pki.root_with("imposter", "/CN=root", CA, EC);
    unknown(&world.answered(&[world.answer("imposter", None, "")]), StatusReason::OcspSignature);
}

fn state(status: &CertificateStatus) -> (Revocation, Vec<StatusReason>) {
    (status.state, status.reasons.clone())
}

#[test]
fn a_responder_that_has_ended_or_was_revoked_is_not_believed() {
    let world = World::new();
    let pki = &world.pki;
    let responder = pki.issue_with("root", "ending", RESPONDER, EC, "-days 2");
    let answer = world.answer("ending", None, "");
    is(&world.answered(std::slice::from_ref(&answer)), Revocation::Good, &[]);
    let later = Question {
        at: responder.not_after().plus(1),
        now: responder.not_after().plus(1),
        ..world.question()
    };
    unknown(&later.status(&[], std::slice::from_ref(&answer)), StatusReason::OcspResponder);
    // A list of the issuer revokes it, unless its certificate says that nobody need ask.
    let revoked = Line::of(&responder, world.at.minus(HOUR), &[reason(1)]);
    let list = List::new(world.at.minus(HOUR), std::slice::from_ref(&revoked)).sign(pki, "root");
    let status = world.question().status(&[list], std::slice::from_ref(&answer));
    is(&status, Revocation::Good, &[StatusReason::OcspResponder]);
    let unchecked = pki.issue("root", "unchecked", &format!("{RESPONDER}\nnoCheck=ignored"));
    let lines = [Line::of(&unchecked, world.at.minus(HOUR), &[]), revoked];
    let old = List { next_update: Some(world.at.minus(1)), ..List::new(world.at.minus(HOUR), &lines) };
    let answers = [world.answer("unchecked", None, "")];
    let status = world.question().status(&[old.sign(pki, "root")], &answers);
    is(&status, Revocation::Good, &[StatusReason::CrlExpired]);
    // Who asks for everything does not trust a responder whose own status nobody knows.
    let all = |responses: &[OcspResponse]| {
        let sources = Sources { responses, demand: Demand::Everywhere, ..Sources::default() };
        world.question().validate(sources).map(drop).map_err(|failure| failure.reasons)
    };
    assert_eq!(all(&[answer]), Err(vec![Reason::RevocationUnknown]));
    assert_eq!(all(&answers), Ok(()));
}

#[test]
fn stale_answers_and_answers_of_tomorrow_say_nothing() {
    let world = World::new();
    let good = world.answer("root", None, "");
    let at =
        |at: UnixTime| Question { at, now: at, ..world.question() }.status(&[], std::slice::from_ref(&good));
    let single = &good.responses()[0];
    is(&at(single.next_update.unwrap()), Revocation::Good, &[]);
    unknown(&at(single.next_update.unwrap().plus(1)), StatusReason::OcspExpired);
    unknown(&at(single.this_update.minus(6 * 60)), StatusReason::OcspNotYetValid);
}

#[test]
fn a_replayed_older_answer_does_not_bring_a_revoked_certificate_back() {
    let world = World::new();
    let old = world.answer("root", None, "");
    // OpenSSL writes the present second: wait for the next one.
    let first = old.responses()[0].this_update;
    let new = loop {
        let new = world.answer("root", Some(YESTERDAY), "");
        if new.responses()[0].this_update > first {
            break new;
        }
    };
    for answers in [[old.clone(), new.clone()], [new, old]] {
        is(&world.answered(&answers), Revocation::Revoked, &[StatusReason::KeyCompromise]);
    }
}

#[test]
fn a_list_that_revokes_stands_against_an_answer_that_clears() {
    let world = World::new();
    let answers = [world.answer("root", None, "")];
    let line = Line::of(&world.alice, world.at.minus(DAY), &[reason(4)]);
    let lists = [List::new(world.at.minus(HOUR), &[line]).sign(&world.pki, "root")];
    is(&world.question().status(&lists, &answers), Revocation::Revoked, &[StatusReason::Superseded]);
    // And the other way round.
    let lists = [List::new(world.at.minus(HOUR), &[]).sign(&world.pki, "root")];
    let answers = [world.answer("root", Some(YESTERDAY), "")];
    is(&world.question().status(&lists, &answers), Revocation::Revoked, &[StatusReason::KeyCompromise]);
}

#[test]
fn truncated_and_changed_answers_are_refused() {
    let world = World::new();
    let index = [(&world.alice, None)];
    let answer = Answer { issuer: "root", responder: "root", index: &index, options: "" };
    let der = ocsp_der(&world.pki, &world.alice, &answer);
    for length in 0..der.len() {
        assert_eq!(OcspResponse::from_der(&der[..length]), Err(OcspError::Malformed), "{length} octets");
    }
    assert_eq!(OcspResponse::from_der(&[&der[..], &[0]].concat()), Err(OcspError::Malformed));
    assert_eq!(OcspResponse::from_der(&vec![0x30; (1 << 20) + 1]), Err(OcspError::Limit));
    let signed_ends = der.len() - world.root.der().len();
    for position in 0..signed_ends {
        let mut changed = der.clone();
        changed[position] ^= 0x01;
        if let Ok(changed) = OcspResponse::from_der(&changed) {
            assert!(!changed.is_signed_by(&world.root), "octet {position} is not signed");
            assert_eq!(world.answered(&[changed]).state, Revocation::Unknown, "octet {position}");
        }
    }
}

#[test]
fn an_answer_with_an_unknown_algorithm_is_not_believed() {
    let world = World::new();
    let der = world.answer("root", None, "").der().to_vec();
    // ecdsa-with-SHA256, here as an algorithm that nobody knows.
    let known = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let at = der.windows(known.len()).position(|window| window == known).unwrap();
    let mut changed = der;
    changed[at + known.len() - 1] = 0x7f;
    let changed = OcspResponse::from_der(&changed).unwrap();
    unknown(&world.answered(&[changed]), StatusReason::OcspUnsupported);
}

#[test]
fn a_refusal_is_no_answer_and_is_named() {
    let world = World::new();
    for status in [1, 2, 3, 5, 6] {
        let refusal = [0x30, 3, 0x0a, 1, status];
        assert_eq!(OcspResponse::from_der(&refusal), Err(OcspError::Unsuccessful(status)));
    }
    for unknown in [4, 7, 0xff] {
        assert_eq!(OcspResponse::from_der(&[0x30, 3, 0x0a, 1, unknown]), Err(OcspError::Malformed));
    }
    let path = world.question().validate(Sources { refused: true, ..Sources::default() }).unwrap();
    unknown(&path.statuses()[0], StatusReason::OcspUnsuccessful);
}

#[test]
fn a_weak_answer_can_revoke_and_clears_nobody() {
    let world = World::new();
    unknown(&world.answered(&[world.answer("root", None, "-rmd sha1")]), StatusReason::OcspWeak);
    let revoked = world.answered(&[world.answer("root", Some(YESTERDAY), "-rmd sha1")]);
    is(&revoked, Revocation::Revoked, &[StatusReason::KeyCompromise]);
}

#[test]
fn an_answer_from_after_the_end_of_a_certificate_does_not_clear_it() {
    let world = World::new();
    let not_before = "20200101000000Z";
    // `openssl x509 -req` of version 3.0 can't set dates; `ca` can.
    world.pki.openssl.write("db2.txt", b"");
    world.pki.openssl.write("serial2", b"77\n");
    world.pki.openssl.write(
        "ca2.cnf",
        b"[ca]\ndefault_ca=c\n[c]\ndatabase=db2.txt\nserial=serial2\ndefault_md=sha256\npolicy=p\nnew_certs_dir=.\n\
          unique_subject=no\n[p]\ncommonName=supplied\n",
    );
    world.pki.openssl.run(&format!(
        "ca -batch -config ca2.cnf -keyfile root.key -cert root.pem -in alice.csr \
         -startdate {not_before} -enddate 20210101000000Z -notext -out ended.pem"
    ));
    let ended = world.pki.certificate("ended");
    let at: UnixTime = "2020-06-01T00:00:00Z".parse().unwrap();
    let answer = |revoked| {
        let index = [(&ended, revoked)];
        ocsp(&world.pki, &ended, &Answer { issuer: "root", responder: "root", index: &index, options: "" })
    };
    let question = Question { at, now: world.at, ..Question::new(&ended, &world.anchors, at) };
    let status = question.status(&[], &[answer(None)]);
    unknown(&status, StatusReason::OcspAfterExpiry);
    let before = question.status(&[], &[answer(Some("200301000000Z,superseded"))]);
    is(&before, Revocation::Revoked, &[StatusReason::Superseded]);
}
