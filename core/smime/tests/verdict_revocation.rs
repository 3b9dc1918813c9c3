//! What revocation makes of the verdict on a signed message and on its timestamp.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod status;
mod support;

use pki::{ALICE, CA, Pki, TSA, alice_under_a_root, anchor, policy, signer, soon};
use smime::crl::CertificateList;
use smime::path::{PathInputs, PathOptions, Purpose, validate_inputs};
use smime::revocation::{Demand, NeedKind, Sources};
use smime::signed::{SignedData, add_timestamp};
use smime::verdict::{Judgement, Policy, Reason, Revocation, SignatureState, TimestampState, judge};
use smime::{Certificate, EmailAddress, UnixTime};
use status::{DAY, HOUR, Line, List, invalid_since, reason};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";

struct World {
    pki: Pki,
    root: Certificate,
    alice: Certificate,
    tsa_root: Certificate,
    tsa: Certificate,
    at: UnixTime,
}

impl World {
    fn new() -> Self {
        let (pki, root, alice) = alice_under_a_root("crlDistributionPoints=URI:http://crl.example.org/a.crl");
        let tsa_root = pki.root("tsa_root", CA);
        let tsa = pki.issue("tsa_root", "tsa", TSA);
        let at = soon(&tsa).plus(HOUR);
        World { pki, root, alice, tsa_root, tsa, at }
    }

    fn signed(&self) -> Vec<u8> {
        self.pki.cms_sign(CONTENT, &["alice"], "")
    }

    fn stamped(&self) -> Vec<u8> {
        let signed = self.signed();
        let signature = SignedData::parse(&signed).unwrap().signers()[0].signature().to_vec();
        add_timestamp(&signed, 0, &self.pki.token("tsa", &signature)).unwrap()
    }

    fn judge(&self, signed: &[u8], at: UnixTime, lists: &[CertificateList], demand: Demand) -> Judgement {
        let (anchors, timestamp_anchors) = ([anchor(&self.root)], [anchor(&self.tsa_root)]);
        let policy = Policy {
            timestamp_anchors: &timestamp_anchors,
            sources: Sources { lists, demand, ..Sources::default() },
            ..policy(at, &anchors)
        };
        let from: EmailAddress = ALICE.parse().unwrap();
        judge(&SignedData::parse(signed).unwrap(), CONTENT, Some(&[from]), &policy)
    }
}

fn signer_of(judgement: &Judgement) -> Revocation {
    judgement.signature.signers[0].revocation
}

#[test]
fn a_revoked_signer_makes_the_signature_invalid() {
    let world = World::new();
    let signed = world.signed();
    let list = |lines: &[Line]| [List::new(world.at.minus(HOUR), lines).sign(&world.pki, "root")];
    let good = world.judge(&signed, world.at, &list(&[]), Demand::Nowhere);
    assert_eq!((good.signature.state, signer_of(&good)), (SignatureState::Valid, Revocation::Good));
    assert!(good.needs.is_empty());
    let lines = [Line::of(&world.alice, world.at.minus(DAY), &[reason(1)])];
    let revoked = world.judge(&signed, world.at, &list(&lines), Demand::Nowhere);
    assert_eq!(revoked.signature.state, SignatureState::Invalid);
    assert_eq!(revoked.signature.reasons, [Reason::Revoked]);
    assert_eq!(signer_of(&revoked), Revocation::Revoked);
    assert!(revoked.valid_signers.is_empty());
    assert_eq!(serde_json::to_value(&revoked.signature.reasons).unwrap(), serde_json::json!(["revoked"]));
}

#[test]
fn an_unknown_status_is_shown_and_fails_only_on_demand() {
    let world = World::new();
    let signed = world.signed();
    let stale = [List::new(world.at.minus(9 * DAY), &[]).sign(&world.pki, "root")];
    let shown = world.judge(&signed, world.at, &stale, Demand::Nowhere);
    assert_eq!((shown.signature.state, signer_of(&shown)), (SignatureState::Valid, Revocation::Unknown));
    let [need] = &shown.needs[..] else { panic!("{:?}", shown.needs) };
    assert_eq!((need.kind, need.url.as_str()), (NeedKind::Crl, "http://crl.example.org/a.crl"));
    let nothing = world.judge(&signed, world.at, &[], Demand::Nowhere);
    assert_eq!(
        (nothing.signature.state, signer_of(&nothing)),
        (SignatureState::Valid, Revocation::NotChecked)
    );
    let demanded = world.judge(&signed, world.at, &stale, Demand::WhereGiven);
    assert_eq!(demanded.signature.state, SignatureState::Unverifiable);
    assert_eq!(demanded.signature.reasons, [Reason::RevocationUnknown]);
    assert!(demanded.valid_signers.is_empty());
}

#[test]
fn a_timestamp_from_before_the_revocation_saves_the_signature() {
    let world = World::new();
    let (signed, stamped) = (world.signed(), world.stamped());
    let now = world.at.plus(5 * DAY);
    let list = |lines: &[Line]| [List::new(now.minus(HOUR), lines).sign(&world.pki, "root")];
    let later = world.at.plus(2 * DAY);
    let revoked = list(&[Line::of(&world.alice, later, &[reason(4)])]);
    let state = |signed: &[u8], lists: &[CertificateList]| {
        let judgement = world.judge(signed, now, lists, Demand::Nowhere);
        (judgement.signature.state, judgement.signature.reasons.clone(), signer_of(&judgement))
    };
    let fallen = (SignatureState::Invalid, vec![Reason::Revoked], Revocation::Revoked);
    assert_eq!(state(&stamped, &revoked), (SignatureState::Valid, vec![], Revocation::Good));
    assert_eq!(state(&signed, &revoked), fallen, "a claimed time saves nothing");
    let stolen = [reason(1), invalid_since(world.at.minus(30 * DAY))];
    assert_eq!(state(&stamped, &list(&[Line::of(&world.alice, later, &stolen)])), fallen);
}

#[test]
fn a_timestamp_of_a_revoked_authority_does_not_hold() {
    let world = World::new();
    let stamped = world.stamped();
    let now = world.at.plus(5 * DAY);
    let judged = |extensions: &[Vec<u8>]| {
        let lines = [Line::of(&world.tsa, world.at.plus(DAY), extensions)];
        let lists = [List::new(now.minus(HOUR), &lines).sign(&world.pki, "tsa_root")];
        world.judge(&stamped, now, &lists, Demand::Nowhere).timestamp
    };
    assert_eq!(judged(&[reason(5)]).state, TimestampState::Valid, "it ceased later");
    for stolen in [&[][..], &[reason(1)]] {
        let timestamp = judged(stolen);
        assert_eq!(
            (timestamp.state, &timestamp.reasons[..]),
            (TimestampState::Invalid, &[Reason::Revoked][..])
        );
        assert_eq!(timestamp.time, None);
    }
}

#[test]
fn a_policy_that_nobody_states_is_not_acceptable() {
    let world = World::new();
    let anchors = [anchor(&world.root)];
    let options = PathOptions { require_explicit_policy: true, ..PathOptions::default() };
    let inputs = PathInputs {
        untrusted: &[],
        anchors: &anchors,
        at: world.at,
        now: world.at,
        purpose: Purpose::EmailSigning,
        options: &options,
        sources: Sources::default(),
    };
    let failure = validate_inputs(&world.alice, &inputs).unwrap_err();
    assert_eq!(failure.reasons, [Reason::PolicyConstraints]);
    let stated =
        world.pki.issue("root", "stated", &format!("{}\ncertificatePolicies=1.2.3.4", signer(ALICE)));
    assert!(validate_inputs(&stated, &inputs).is_ok());
    let other = PathOptions { policies: vec!["1.2.3.5".parse().unwrap()], ..options.clone() };
    let failure = validate_inputs(&stated, &PathInputs { options: &other, ..inputs }).unwrap_err();
    assert_eq!(failure.reasons, [Reason::PolicyConstraints]);
}
