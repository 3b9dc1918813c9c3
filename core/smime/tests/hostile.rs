//! Certificates, tokens and paths under mutation: an answer, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use std::sync::LazyLock;

use pki::{CA, Pki, TSA, anchor, signer};
use proptest::collection::vec;
use proptest::prelude::*;
use smime::path::{PathOptions, Purpose, validate_with};
use smime::tsp::{TimestampRequest, TokenInfo, verify};
use smime::{Certificate, UnixTime};
use support::mutations::{changes, mutate};

struct Seeds {
    root: Certificate,
    certificates: Vec<Certificate>,
    response: Vec<u8>,
    at: UnixTime,
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let pki = Pki::new();
    let root = pki.root("root", CA);
    let constrained = "nameConstraints=critical,permitted;email:example.org,excluded;DNS:evil.net\n\
                       certificatePolicies=1.2.3.4,2.5.29.32.0\npolicyConstraints=critical,requireExplicitPolicy:3\n\
                       inhibitAnyPolicy=critical,2";
    let middle = pki.issue("root", "middle", &format!("{CA}\n{constrained}"));
    let names = "DNS:mail.example.org,URI:https://example.org/,IP:192.0.2.1,dirName:dn\n[dn]\nCN=x";
    let alice = pki.issue("middle", "alice", &format!("{},{names}", signer("alice@example.org")));
    pki.issue("root", "tsa", TSA);
    let response = pki.answer("tsa", TimestampRequest::new(b"data", [7; 8]).der());
    let at = pki::soon(&alice);
    Seeds { root: root.clone(), certificates: vec![root, middle, alice], response, at }
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_certificates_are_read_or_refused(which in 0..3usize, changes in changes(3)) {
        let seeds = &*SEEDS;
        let mutated = mutate(seeds.certificates[which].der(), &changes);
        let Ok(read) = Certificate::from_der(&mutated) else { return Ok(()) };
        prop_assert_eq!(read.der(), &mutated[..]);
        let _ = (read.subject(), read.issuer(), read.common_name(), read.serial_hex(), read.to_pem());
        let _ = (read.may_sign(), read.may_encrypt(), read.is_for_email(), read.key_algorithm());
        let mut pool = seeds.certificates.clone();
        pool[which] = read;
        let options = PathOptions { strict_profile: true, require_explicit_policy: true, ..PathOptions::default() };
        let outcome = validate_with(&pool[2], &pool, &[anchor(&pool[0])], seeds.at, Purpose::Any, &options);
        if let Ok(path) = outcome {
            // Only an anchor's own octets are trusted as they are.
            prop_assert!(which == 0 || path.certificates().iter().all(|c| seeds.certificates.contains(c)));
        }
    }

    #[test]
    fn mutated_responses_are_read_or_refused(changes in changes(3)) {
        let seeds = &*SEEDS;
        let mutated = mutate(&seeds.response, &changes);
        if let Ok(token) = TimestampRequest::new(b"data", [7; 8]).accept(&mutated) {
            let _ = TokenInfo::read(&token).unwrap();
            let _ = verify(&token, b"data", &[anchor(&seeds.root)], seeds.at.plus(86_400));
        }
    }

    #[test]
    fn random_octets_are_no_certificate(octets in vec(any::<u8>(), 0..200)) {
        prop_assert!(Certificate::from_der(&octets).is_err());
        prop_assert!(TokenInfo::read(&octets).is_none());
        let _ = Certificate::read_all(&octets);
    }
}
