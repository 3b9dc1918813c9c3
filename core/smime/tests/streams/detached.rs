//! Signatures over a content that goes by elsewhere.

use smime::signed::{ContentHasher, SignedContent, SignedStream};
use smime::verdict::{Reason, SignatureState, judge_content};

use crate::{World, octets};

#[test]
fn a_detached_signature_is_judged_over_what_went_by() {
    let world = World::new();
    let content = octets(100_000);
    world.pki.openssl.write("content", &content);
    let signature = world.pki.openssl.cms_sign("-signer alice.pem -inkey alice.key -md sha384");
    let stream = SignedStream::read(&*signature).unwrap();
    assert_eq!(stream.content_octets(), None);
    let judged = |octets: &[u8]| {
        let mut hasher = ContentHasher::for_signers(stream.signed());
        octets.chunks(999).for_each(|piece| hasher.update(piece));
        let digests = hasher.finish();
        let content = SignedContent::Digests(&digests);
        world.judge(|from, policy| judge_content(stream.signed(), content, from, policy)).signature
    };
    assert_eq!(judged(&content).state, SignatureState::Valid);
    assert_eq!(judged(&content[1..]).reasons, [Reason::DigestMismatch]);
    // Without any content nothing was signed here.
    let alone = world.judge(|from, policy| stream.judge(from, policy));
    assert_eq!(alone.signature.reasons, [Reason::DigestMismatch]);
}

#[test]
fn a_content_inside_a_detached_signature_is_ambiguous() {
    let world = World::new();
    let message = world.sign(b"inside");
    let stream = SignedStream::read(&*message).unwrap();
    let mut hasher = ContentHasher::for_signers(stream.signed());
    hasher.update(b"beside");
    let digests = hasher.finish();
    let judgement = world
        .judge(|from, policy| judge_content(stream.signed(), SignedContent::Digests(&digests), from, policy));
    assert_eq!(judgement.signature.state, SignatureState::Invalid);
    assert!(judgement.signature.reasons.contains(&Reason::ContentAmbiguous));
}
