//! SignedData and EnvelopedData, in memory and as streams.

use std::io::Read;
use std::sync::LazyLock;

use smime::UnixTime;
use smime::enveloped::{self, DecryptionKey};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::signed::{SignedData, SignedStream, verify_signer};
use smime::stream::Replay;
use smime::verdict::{Policy, SignatureState, judge};
use testkit::{Person, SeededRng, VirtualClock, alice, bob, carol};

/// What Alice signs in the seeds. Nothing else is hers.
pub(crate) const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease approve.\r\n";

/// When everything is judged.
pub(crate) fn now() -> UnixTime {
    VirtualClock::default().now()
}

/// Alice's and Carol's roots, for their addresses.
pub(crate) fn anchors() -> Vec<TrustAnchor> {
    let anchor = |person: &Person| TrustAnchor {
        certificate: person.root.certificate.clone(),
        trust: Trust::Met,
        scope: AnchorScope::Address(person.address.clone()),
    };
    vec![anchor(alice()), anchor(carol())]
}

/// Bob's keys.
pub(crate) fn keys() -> &'static [DecryptionKey] {
    static KEYS: LazyLock<Vec<DecryptionKey>> =
        LazyLock::new(|| bob().decryption_key().into_iter().collect());
    &KEYS
}

/// A signature that is judged valid is over Alice's content; the stream reads the same as the memory.
pub fn signed(octets: &[u8]) {
    let parsed = SignedData::parse(octets);
    let streamed = SignedStream::read(octets);
    let Ok(signed) = parsed else {
        return;
    };
    let content = signed.content().unwrap_or(CONTENT).to_vec();
    for index in 0..signed.signers().len() {
        if let Ok(verified) = verify_signer(&signed, index, &content, &[]) {
            assert_eq!(verified.content_sha256(), smime::Fingerprint::of(&content));
        }
    }
    let anchors = anchors();
    let policy = Policy {
        at: now(),
        anchors: &anchors,
        timestamp_anchors: &anchors,
        untrusted: &[],
        sources: Default::default(),
    };
    let from = [alice().address.clone()];
    let judgement = judge(&signed, &content, Some(&from), &policy);
    if judgement.signature.state == SignatureState::Valid {
        assert_eq!(content, CONTENT, "a valid signature over something that Alice never signed");
    }
    let Ok(mut streamed) = streamed else { return };
    assert_eq!(streamed.content_octets(), signed.content().map(|content| content.len() as u64));
    let again = streamed.judge(Some(&from), &policy);
    if let Some(proof) = again.valid_signers.first() {
        let mut released = Vec::new();
        if streamed.release(proof, &mut released).is_ok() {
            assert_eq!(released, CONTENT, "released without a signature of Alice");
        }
    }
}

/// What is decrypted with integrity is the content of the seeds; memory and stream agree.
pub fn decrypt(octets: &[u8]) {
    let in_memory = enveloped::decrypt(octets, keys(), &mut SeededRng::new("decrypt"));
    if let Ok(decrypted) = &in_memory
        && decrypted.integrity
    {
        assert_eq!(decrypted.content.as_slice(), CONTENT, "a tag over something that was never encrypted");
    }
    let streamed = enveloped::open_stream(octets, keys(), &mut SeededRng::new("decrypt"));
    if let (Ok(decrypted), Ok(mut opened)) = (in_memory, streamed) {
        let mut content = Vec::new();
        let is_read = opened.replay().is_ok_and(|mut stream| stream.read_to_end(&mut content).is_ok());
        assert!(is_read && content == *decrypted.content, "memory and stream disagree");
    }
}
