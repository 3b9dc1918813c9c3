//! Verdicts on messages that OpenSSL signed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use pki::{ALICE, CA, Pki, TSA, alice_under_a_root, anchor, anchor_for, policy, signer, soon};
use smime::ber::{self, write};
use smime::path::{Trust, TrustAnchor};
use smime::signed::{SignedData, add_timestamp};
use smime::verdict::{Judgement, Policy, Reason, SignatureState, TimestampState, judge};
use smime::{Certificate, EmailAddress, Fingerprint, UnixTime, oid};

const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";

fn address(text: &str) -> EmailAddress {
    text.parse().unwrap()
}

/// One person under one root, and one timestamp authority under another.
struct World {
    pki: Pki,
    root: Certificate,
    alice: Certificate,
    tsa_root: Certificate,
}

impl World {
    fn new() -> Self {
        let (pki, root, alice) = alice_under_a_root("");
        let tsa_root = pki.root("tsa_root", CA);
        pki.issue("tsa_root", "tsa", TSA);
        World { pki, root, alice, tsa_root }
    }

    fn sign(&self, signers: &[&str], options: &str) -> Vec<u8> {
        self.pki.cms_sign(CONTENT, signers, options)
    }

    fn stamp(&self, signed: &[u8], authority: &str) -> Vec<u8> {
        let signature = SignedData::parse(signed).unwrap().signers()[0].signature().to_vec();
        add_timestamp(signed, 0, &self.pki.token(authority, &signature)).unwrap()
    }

    fn judge(&self, signed: &[u8], at: UnixTime) -> Judgement {
        self.judge_with(signed, CONTENT, Some(&[address(ALICE)]), &[anchor(&self.root)], at)
    }

    fn judge_with(
        &self,
        signed: &[u8],
        content: &[u8],
        from: Option<&[EmailAddress]>,
        anchors: &[TrustAnchor],
        at: UnixTime,
    ) -> Judgement {
        let timestamp_anchors = [anchor(&self.tsa_root)];
        let policy = Policy { timestamp_anchors: &timestamp_anchors, ..policy(at, anchors) };
        judge(&SignedData::parse(signed).unwrap(), content, from, &policy)
    }
}

fn invalid(judgement: &Judgement, reasons: &[Reason]) {
    assert_eq!(judgement.signature.state, SignatureState::Invalid);
    assert_eq!(judgement.signature.reasons, reasons);
    assert!(judgement.valid_signers.is_empty(), "no proof of an invalid message");
}

#[test]
fn a_right_signature_is_valid_and_gives_a_proof() {
    let world = World::new();
    let judgement = world.judge(&world.sign(&["alice"], ""), soon(&world.alice));
    assert_eq!(judgement.signature.state, SignatureState::Valid);
    assert!(judgement.signature.reasons.is_empty());
    let [signer] = &judgement.signature.signers[..] else { panic!("one signer") };
    assert_eq!(signer.emails, [address(ALICE)]);
    assert_eq!((signer.subject.as_str(), signer.issuer.as_str()), ("CN=alice", "CN=root"));
    assert_eq!((signer.algorithm.as_str(), signer.trust), ("ecdsa-p256-sha256", Trust::Organisation));
    assert_eq!(signer.chain, [world.alice.fingerprint(), world.root.fingerprint()]);
    assert!(signer.address_matches && signer.signing_time.is_some());
    let [proof] = &judgement.valid_signers[..] else { panic!("one proof") };
    assert_eq!((proof.certificate(), proof.anchor()), (&world.alice, &world.root));
    assert_eq!(proof.content_sha256(), Fingerprint::of(CONTENT));
    assert_eq!((proof.timestamp(), proof.judged_at()), (None, soon(&world.alice)));
    assert_eq!(judgement.timestamp.state, TimestampState::None);
}

#[test]
fn changed_content_and_changed_signature_are_named() {
    let world = World::new();
    let at = soon(&world.alice);
    let signed = world.sign(&["alice"], "");
    let detached = world.pki.openssl.cms_sign("-signer alice.pem -inkey alice.key");
    let anchors = [anchor(&world.root)];
    let from = [address(ALICE)];
    let changed = world.judge_with(&detached, b"Please refuse.", Some(&from), &anchors, at);
    invalid(&changed, &[Reason::DigestMismatch]);
    assert_eq!(changed.signature.signers[0].trust, Trust::None, "a broken signature has no trust");
    let other = world.judge_with(&signed, b"Please refuse.", Some(&from), &anchors, at);
    invalid(&other, &[Reason::DigestMismatch, Reason::ContentAmbiguous]);
    let signature = SignedData::parse(&signed).unwrap().signers()[0].signature().to_vec();
    let mut broken = signed.clone();
    let start = broken.windows(signature.len()).position(|window| window == signature).unwrap();
    broken[start + signature.len() - 1] ^= 1;
    invalid(&world.judge(&broken, at), &[Reason::BadSignature]);
}

#[test]
fn the_one_from_address_must_be_the_certificate_s() {
    let world = World::new();
    let signed = world.sign(&["alice"], "");
    let (at, anchors) = (soon(&world.alice), [anchor(&world.root)]);
    let with = |from: Option<&[EmailAddress]>| world.judge_with(&signed, CONTENT, from, &anchors, at);
    assert_eq!(with(Some(&[address("ALICE@Example.Org")])).signature.state, SignatureState::Valid);
    for from in [&[address("bob@example.org")][..], &[], &[address(ALICE), address("bob@example.org")]] {
        let judgement = with(Some(from));
        invalid(&judgement, &[Reason::AddressMismatch]);
        assert!(!judgement.signature.signers[0].address_matches);
    }
    let left_out = with(None);
    assert_eq!(left_out.signature.state, SignatureState::Valid);
    assert!(!left_out.signature.signers[0].address_matches, "nothing was compared");
}

#[test]
fn without_an_anchor_a_right_signature_is_untrusted() {
    let world = World::new();
    let signed = world.sign(&["alice"], "");
    let (at, from) = (soon(&world.alice), [address(ALICE)]);
    let judgement = world.judge_with(&signed, CONTENT, Some(&from), &[], at);
    assert_eq!(judgement.signature.state, SignatureState::Untrusted);
    assert_eq!(judgement.signature.reasons, [Reason::NoTrustedPath]);
    assert!(judgement.valid_signers.is_empty());
    let bobs = [anchor_for(&world.root, Trust::Met, "bob@example.org")];
    assert_eq!(
        world.judge_with(&signed, CONTENT, Some(&from), &bobs, at).signature.state,
        SignatureState::Untrusted
    );
    let mismatch = world.judge_with(&signed, CONTENT, Some(&[address("bob@example.org")]), &[], at);
    invalid(&mismatch, &[Reason::NoTrustedPath, Reason::AddressMismatch]);
}

#[test]
fn a_timestamp_moves_the_time_of_judging_and_a_claimed_time_does_not() {
    let world = World::new();
    let plain = world.sign(&["alice"], "");
    let later = world.alice.not_after().plus(86_400);
    // The signing-time attribute lies within the certificate's validity, and does not help.
    invalid(&world.judge(&plain, later), &[Reason::Expired]);
    let stamped = world.stamp(&plain, "tsa");
    let judgement = world.judge(&stamped, later);
    assert_eq!(judgement.signature.state, SignatureState::Valid);
    assert_eq!(judgement.timestamp.state, TimestampState::Valid);
    assert_eq!(judgement.timestamp.authority.as_deref(), Some("CN=tsa"));
    let proof = &judgement.valid_signers[0];
    assert_eq!(
        (proof.timestamp(), proof.judged_at()),
        (judgement.timestamp.time, judgement.timestamp.time.unwrap())
    );
    invalid(&world.judge(&plain, world.root.not_before().minus(1)), &[Reason::NotYetValid]);
}

#[test]
fn a_timestamp_that_does_not_hold_rescues_nothing() {
    let world = World::new();
    let plain = world.sign(&["alice"], "");
    let later = world.alice.not_after().plus(86_400);
    world.pki.root("strange_root", CA);
    world.pki.issue("strange_root", "strange", TSA);
    let judgement = world.judge(&world.stamp(&plain, "strange"), later);
    invalid(&judgement, &[Reason::Expired]);
    assert_eq!(judgement.timestamp.state, TimestampState::Invalid);
    assert_eq!(judgement.timestamp.reasons, [Reason::NoTrustedPath]);
    assert_eq!(judgement.timestamp.time, None);
    // A token of another signature, moved here.
    let other = SignedData::parse(&world.sign(&["alice"], "")).unwrap().signers()[0].signature().to_vec();
    let moved = add_timestamp(&plain, 0, &world.pki.token("tsa", &other)).unwrap();
    let judgement = world.judge(&moved, later);
    invalid(&judgement, &[Reason::Expired]);
    assert_eq!(judgement.timestamp.reasons, [Reason::ImprintMismatch]);
    // While the certificate is valid, a wrong timestamp is shown and does not spoil the signature.
    let now = world.judge(&moved, soon(&world.alice));
    assert_eq!((now.signature.state, now.timestamp.state), (SignatureState::Valid, TimestampState::Invalid));
}

#[test]
fn wrong_purposes_and_weak_digests_are_never_valid() {
    let world = World::new();
    let san = format!("subjectAltName=email:{ALICE}");
    world.pki.issue("root", "usage", &format!("keyUsage=keyAgreement\n{san}"));
    world.pki.issue("root", "extended", &format!("extendedKeyUsage=codeSigning\n{san}"));
    let at = soon(&world.pki.certificate("extended"));
    invalid(&world.judge(&world.sign(&["usage"], ""), at), &[Reason::WrongKeyUsage]);
    invalid(&world.judge(&world.sign(&["extended"], ""), at), &[Reason::WrongExtendedKeyUsage]);
    invalid(&world.judge(&world.sign(&["alice"], "-md sha1"), at), &[Reason::WeakDigest]);
    world.pki.issue_with("root", "short", &signer(ALICE), "rsa:1024", "");
    invalid(&world.judge(&world.sign(&["short"], ""), at.plus(60)), &[Reason::WeakKey]);
}

#[test]
fn a_signature_over_another_content_type_is_none_of_a_mail() {
    let world = World::new();
    let receipt = world.sign(&["alice"], "-econtent_type 1.2.840.113549.1.9.16.1.1");
    invalid(&world.judge(&receipt, soon(&world.alice)), &[Reason::AttributesInvalid]);
}

#[test]
fn without_signer_infos_there_is_no_signature() {
    let world = World::new();
    world.pki.openssl.run("crl2pkcs7 -nocrl -certfile alice.pem -outform DER -out certs");
    let judgement = world.judge(&world.pki.openssl.read("certs"), soon(&world.alice));
    assert_eq!(judgement.signature.state, SignatureState::None);
    assert!(judgement.signature.signers.is_empty() && judgement.valid_signers.is_empty());
}

#[test]
fn a_missing_certificate_is_unverifiable_until_it_is_given() {
    let world = World::new();
    let signed = world.sign(&["alice"], "-nocerts");
    let at = soon(&world.alice);
    let judgement = world.judge(&signed, at);
    assert_eq!(judgement.signature.state, SignatureState::Unverifiable);
    assert_eq!(judgement.signature.reasons, [Reason::NoSignerCertificate]);
    let (anchors, untrusted) = ([anchor(&world.root)], [world.alice.clone()]);
    let policy = Policy { untrusted: &untrusted, ..policy(at, &anchors) };
    let judgement = judge(&SignedData::parse(&signed).unwrap(), CONTENT, Some(&[address(ALICE)]), &policy);
    assert_eq!(judgement.signature.state, SignatureState::Valid);
}

#[test]
fn each_of_several_signers_must_hold() {
    let world = World::new();
    world.pki.issue("root", "alice2", &signer(ALICE));
    let bob = world.pki.issue("root", "bob", &signer("bob@example.org"));
    let at = soon(&bob);
    let both = world.judge(&world.sign(&["alice", "alice2"], ""), at);
    assert_eq!((both.signature.state, both.valid_signers.len()), (SignatureState::Valid, 2));
    invalid(&world.judge(&world.sign(&["alice", "bob"], ""), at), &[Reason::AddressMismatch]);
    // One of two signatures is broken.
    let signed = world.sign(&["alice", "alice2"], "");
    let second = SignedData::parse(&signed).unwrap().signers()[1].signature().to_vec();
    let mut broken = signed.clone();
    let start = broken.windows(second.len()).position(|window| window == second).unwrap();
    broken[start + second.len() - 1] ^= 1;
    invalid(&world.judge(&broken, at), &[Reason::BadSignature]);
}

#[test]
fn a_second_signature_of_unknown_algorithm_is_only_noted() {
    let world = World::new();
    let curve = "ec -pkeyopt ec_paramgen_curve:brainpoolP256r1";
    world.pki.issue_with("root", "new", &signer(ALICE), curve, "");
    let mallory = world.pki.issue_with("root", "mallory", &signer("mallory@example.org"), curve, "");
    let at = soon(&mallory);
    let dual = world.judge(&world.sign(&["alice", "new"], ""), at);
    assert_eq!(dual.signature.state, SignatureState::Valid);
    assert!(dual.has_unknown_second_signature);
    assert_eq!(dual.valid_signers.len(), 1);
    assert_eq!(dual.signature.signers.len(), 1);
    let alone = world.judge(&world.sign(&["new"], ""), at);
    assert_eq!(alone.signature.state, SignatureState::Unverifiable);
    assert_eq!(alone.signature.reasons, [Reason::UnsupportedAlgorithm]);
    let stranger = world.judge(&world.sign(&["alice", "mallory"], ""), at);
    assert_eq!(stranger.signature.state, SignatureState::Unverifiable, "not the same signer");
    assert!(stranger.valid_signers.is_empty());
}

/// A SignerInfo by whoever has no key: the sid and the signed attributes of the message's first one, a signature algorithm
/// that nobody knows, and whatever signature; with a token over that.
fn injected(signed: &[u8], signature: &[u8], token: &[u8]) -> Vec<u8> {
    let infos = signer_infos(signed);
    let mut fields = ber::sequence(&infos[0]).unwrap();
    let copied: Vec<u8> = (0..4).flat_map(|_| fields.any().unwrap().raw().to_vec()).collect();
    let unknown = write::sequence(&[&[0x06, 0x06, 0x2b, 0x06, 0x01, 0x02, 0x03, 0x04]]);
    let attribute =
        write::sequence(&[&write::oid(&oid::TIME_STAMP_TOKEN), &write::set_of(vec![token.to_vec()])]);
    write::sequence(&[&copied, &unknown, &write::octet_string(signature), &write::tlv(0xA1, &attribute)])
}

/// The octets of the SignerInfos.
fn signer_infos(signed: &[u8]) -> Vec<Vec<u8>> {
    let mut set = ber::single(&fields_of(signed).pop().unwrap()).unwrap().raw().to_vec();
    set[0] = 0x30;
    let mut reader = ber::sequence(&set).unwrap();
    let mut infos = Vec::new();
    while !reader.is_empty() {
        infos.push(reader.any().unwrap().raw().to_vec());
    }
    infos
}

/// The octets of the fields of the SignedData; the last is the SET of SignerInfos.
fn fields_of(signed: &[u8]) -> Vec<Vec<u8>> {
    let mut content_info = ber::sequence(signed).unwrap();
    content_info.any().unwrap();
    let mut reader = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    let mut fields = Vec::new();
    while !reader.is_empty() {
        fields.push(reader.any().unwrap().raw().to_vec());
    }
    fields
}

fn with_infos(signed: &[u8], infos: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = fields_of(signed);
    *fields.last_mut().unwrap() = write::tlv(0x31, &infos.concat());
    let structure = write::sequence(&[&fields.concat()]);
    write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&structure])])
}

#[test]
fn an_unknown_signature_in_front_brings_no_timestamp() {
    let world = World::new();
    let plain = world.sign(&["alice"], "");
    let at = soon(&world.alice);
    let garbage = [0x5a; 70];
    let fake = injected(&plain, &garbage, &world.pki.token("tsa", &garbage));
    let own = signer_infos(&plain).pop().unwrap();
    for infos in [[fake.clone(), own.clone()], [own, fake]] {
        let judgement = world.judge(&with_infos(&plain, &infos), at);
        assert_eq!(judgement.signature.state, SignatureState::Valid);
        assert!(judgement.has_unknown_second_signature);
        assert_eq!(judgement.timestamp.state, TimestampState::None, "nobody stamped Alice's signature");
        assert_eq!((judgement.timestamp.time, judgement.timestamp.authority), (None, None));
        let [proof] = &judgement.valid_signers[..] else { panic!("one proof") };
        assert_eq!((proof.timestamp(), proof.judged_at()), (None, at));
        assert_eq!(SignedData::parse(&with_infos(&plain, &infos)).unwrap().signers().len(), 2);
    }
}

#[test]
fn the_token_of_a_wrong_signature_is_not_judged() {
    let world = World::new();
    let plain = world.sign(&["alice"], "");
    let signature = SignedData::parse(&plain).unwrap().signers()[0].signature().to_vec();
    let start = plain.windows(signature.len()).position(|window| window == signature).unwrap();
    let mut broken = plain.clone();
    broken[start + signature.len() - 1] ^= 1;
    let judgement = world.judge(&world.stamp(&broken, "tsa"), soon(&world.alice));
    invalid(&judgement, &[Reason::BadSignature]);
    assert_eq!((judgement.timestamp.state, judgement.timestamp.time), (TimestampState::None, None));
    // Over other content it is no more than that either.
    let stamped = world.stamp(&plain, "tsa");
    let anchors = [anchor(&world.root)];
    let other = world.judge_with(
        &stamped,
        b"Content-Type: text/plain\r\n\r\nRefuse.\r\n",
        Some(&[address(ALICE)]),
        &anchors,
        soon(&world.alice),
    );
    assert_eq!(other.timestamp.state, TimestampState::None);
}

#[test]
fn of_several_signers_the_weakest_timestamp_counts() {
    let world = World::new();
    let alice2 = world.pki.issue("root", "alice2", &signer(ALICE));
    let at = soon(&alice2);
    let plain = world.sign(&["alice", "alice2"], "");
    let token = |signer: usize| {
        let signature = SignedData::parse(&plain).unwrap().signers()[signer].signature().to_vec();
        world.pki.token("tsa", &signature)
    };
    let tokens = [token(0), token(1)];
    let judged = |signed: &[u8]| {
        let judgement = world.judge(signed, at);
        assert_eq!((judgement.signature.state, judgement.valid_signers.len()), (SignatureState::Valid, 2));
        judgement
    };
    assert_eq!(judged(&plain).timestamp.state, TimestampState::None);
    for signer in [0, 1] {
        let one = add_timestamp(&plain, signer, &tokens[signer]).unwrap();
        let judgement = judged(&one);
        assert_eq!((judgement.timestamp.state, judgement.timestamp.time), (TimestampState::None, None));
        // Each proof says for itself.
        let stamped: Vec<bool> =
            judgement.valid_signers.iter().map(|proof| proof.timestamp().is_some()).collect();
        assert_eq!(stamped, [signer == 0, signer == 1]);
        assert_eq!(judgement.valid_signers[signer].signer_index(), signer);
        // The other's token holds for the other only.
        let wrong = judged(&add_timestamp(&one, 1 - signer, &tokens[signer]).unwrap()).timestamp;
        assert_eq!((wrong.state, wrong.time), (TimestampState::Invalid, None));
        assert_eq!(wrong.reasons, [Reason::ImprintMismatch]);
    }
    let both = add_timestamp(&add_timestamp(&plain, 0, &tokens[0]).unwrap(), 1, &tokens[1]).unwrap();
    let judgement = judged(&both);
    assert_eq!(judgement.timestamp.state, TimestampState::Valid);
    let latest = judgement.valid_signers.iter().filter_map(|proof| proof.timestamp()).max();
    assert_eq!(judgement.timestamp.time, latest, "that which holds for all");
    assert_eq!(judgement.timestamp.authority.as_deref(), Some("CN=tsa"));
}

#[test]
fn records_are_written_with_stable_codes() {
    let world = World::new();
    let judgement = world.judge(&world.sign(&["alice"], "-md sha1"), soon(&world.alice));
    let json = serde_json::to_value(&judgement.signature).unwrap();
    assert_eq!(json["state"], "invalid");
    assert_eq!(json["reasons"], serde_json::json!(["weak_digest"]));
    assert_eq!(json["signers"][0]["trust"], "organisation");
    assert_eq!(json["signers"][0]["revocation"], "not_checked");
    assert_eq!(json["signers"][0]["sha256"], world.alice.fingerprint().to_hex());
    assert_eq!(serde_json::to_value(&judgement.timestamp).unwrap()["state"], "none");
}

/// 250 wrong issuers for each token's authority: four tokens are within the limit of a message, the fifth is not.
#[test]
fn the_tokens_of_one_message_share_the_limits_of_a_search() {
    let world = World::new();
    let middle = world.pki.issue("tsa_root", "tsa_middle", CA);
    world.pki.issue("tsa_middle", "tsa", TSA);
    let mut untrusted = pki::lookalikes(&middle, 250);
    untrusted.extend([middle, world.alice.clone()]);
    let (anchors, timestamp_anchors) = ([anchor(&world.root)], [anchor(&world.tsa_root)]);
    let policy = Policy {
        timestamp_anchors: &timestamp_anchors,
        untrusted: &untrusted,
        ..policy(soon(&world.alice), &anchors)
    };
    let outcome = |count: usize| {
        let mut signed = world.sign(&vec!["alice"; count], "-nocerts");
        for index in 0..count {
            let signature = SignedData::parse(&signed).unwrap().signers()[index].signature().to_vec();
            signed = add_timestamp(&signed, index, &world.pki.token("tsa", &signature)).unwrap();
        }
        let judgement = judge(&SignedData::parse(&signed).unwrap(), CONTENT, None, &policy);
        // What tokens use up is not missing for the signers.
        assert_eq!(judgement.valid_signers.len(), count);
        judgement.timestamp
    };
    assert_eq!(outcome(4).state, TimestampState::Valid);
    let five = outcome(5);
    assert_eq!((five.state, &five.reasons[..]), (TimestampState::Invalid, &[Reason::NoTrustedPath][..]));
}
