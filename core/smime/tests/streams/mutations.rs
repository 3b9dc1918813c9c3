//! Mutated messages: their content or nothing.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use smime::enveloped::decrypt;
use smime::signed::{SignedData, SignedStream};
use smime::verdict::{Reason, judge};

use crate::pieces::in_segments;
use crate::support::OsRandom;
use crate::support::mutations::{changes, mutate};
use crate::{CBC, GCM, World, octets, open};

/// Valid messages of each form, with their content.
struct Seeds {
    world: World,
    content: Vec<u8>,
    encrypted: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let world = World::new();
    let content = octets(150);
    let mut encrypted = Vec::new();
    for cipher in [GCM, CBC] {
        encrypted.push(world.encrypt(&content, cipher, None));
        encrypted.push(world.encrypt(&content, cipher, Some(150)));
        encrypted.push(in_segments(&encrypted[encrypted.len() - 1], 9));
    }
    let mut signed = vec![world.sign(&content)];
    for options in ["", "-stream", "-noattr", "-md sha512 -keyid"] {
        signed.push(world.pki.cms_sign(&content, &["alice"], options));
    }
    signed.push(in_segments(&signed[1], 9));
    Seeds { world, content, encrypted, signed }
});

/// `cargo xtask prove` asks for the full count.
fn cases() -> u32 {
    if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 60_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Both readers agree, and authenticated octets are the encrypted ones or none.
    #[test]
    fn a_mutated_encrypted_message_gives_its_content_or_nothing(which in 0..6usize, changes in changes(2)) {
        let seeds = &*SEEDS;
        let mutated = mutate(&seeds.encrypted[which], &changes);
        let streamed = open(&mutated, &seeds.world.keys);
        let whole = decrypt(&mutated, &seeds.world.keys, &mut OsRandom).map(|decrypted| decrypted.content.to_vec());
        match (&streamed, &whole) {
            (Ok(streamed), Ok(whole)) => prop_assert_eq!(streamed, whole),
            (Err(_), Err(_)) => {}
            other => prop_assert!(false, "{:?}", other),
        }
        if let (Ok(content), true) = (streamed, which < 3) {
            prop_assert_eq!(content, seeds.content.clone());
        }
    }

    /// Both readers come to the same verdict, and what is released is what was signed.
    #[test]
    fn a_mutated_signed_message_releases_its_content_or_nothing(which in 0..6usize, changes in changes(2)) {
        let seeds = &*SEEDS;
        let mutated = mutate(&seeds.signed[which], &changes);
        if let Ok(content) = seeds.world.release(&*mutated) {
            prop_assert_eq!(&content, &seeds.content);
        }
        match (SignedStream::read(&*mutated), SignedData::parse(&mutated)) {
            (Ok(stream), Ok(whole)) => {
                let streamed = seeds.world.judge(|from, policy| stream.judge(from, policy)).signature;
                let content = whole.content().unwrap_or_default().to_vec();
                let whole = seeds.world.judge(|from, policy| judge(&whole, &content, from, policy)).signature;
                // A digest that is not announced is not taken of a stream.
                if streamed.reasons != [Reason::UnsupportedAlgorithm] {
                    prop_assert_eq!(streamed, whole);
                }
            }
            (Err(_), Err(_)) => {}
            (stream, whole) => prop_assert!(false, "{:?} {:?}", stream, whole),
        }
    }

    #[test]
    fn random_octets_are_no_message(octets in vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&octets, &SEEDS.world.keys).is_err());
        prop_assert!(SignedStream::read(&*octets).is_err());
    }
}
