//! A whole mail, layer by layer.

use engine::secure::{self, Credit, Opened, Opening};
use smime::Fingerprint;
use smime::verdict::SignatureState;
use testkit::SeededRng;

use crate::cms::{anchors, keys, now};

/// Text of the seeds' one part, decoded.
const TEXT: &[u8] = b"Please approve.\r\n";

/// A part is credited with a signature only if it is the part that Alice signed, under her address.
pub fn open(octets: &[u8]) {
    let anchors = anchors();
    let opening = Opening {
        keys: keys(),
        at: now(),
        anchors: &anchors,
        timestamp_anchors: &[],
        untrusted: &[],
        own: &[],
        known: &[],
        sources: Default::default(),
    };
    let Ok(opened) = secure::open(octets, &opening, &mut SeededRng::new("open")) else { return };
    check(&opened);
}

fn check(opened: &Opened) {
    let verdict = &opened.verdict;
    let is_valid = verdict.signature.state == SignatureState::Valid;
    assert_eq!(opened.valid_signer().is_some(), is_valid && opened.is_signature_inside);
    let is_credited = |credit| matches!(credit, Credit::Signed | Credit::SignedAndEncrypted);
    for part in &verdict.parts {
        if is_credited(part.credit) {
            assert!(is_valid);
            assert_eq!(part.sha256, Fingerprint::of(TEXT), "a part is credited that nobody signed");
        }
    }
    if let Some(from) = opened.believed_from() {
        assert_eq!(from.as_str(), "alice@example.org");
    }
}
