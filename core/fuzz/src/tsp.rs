//! Timestamps (RFC 3161).

use smime::tsp::{TimestampRequest, TokenInfo, claimed_time, token_of, verify};

use crate::cms::{anchors, now};

/// What the authority is asked for.
const ASKED: &[u8] = b"another data";

/// SHA-256 of it, by `sha256sum`.
const IMPRINT: [u8; 32] = [
    0xf3, 0xcf, 0xa0, 0xc4, 0x06, 0x47, 0x55, 0x10, 0x1f, 0xfb, 0xcd, 0xc8, 0xa8, 0xd1, 0xb9, 0xdc, 0xcc,
    0x46, 0xd4, 0x5b, 0x3a, 0x82, 0xf8, 0x00, 0xa6, 0xea, 0xab, 0x42, 0xe6, 0x5f, 0x14, 0xc9,
];

/// No token is believed: the authority of the seeds is nobody's anchor here.
pub fn tsp(octets: &[u8]) {
    let token = token_of(octets);
    let token = token.as_deref().unwrap_or(octets);
    let info = TokenInfo::read(token);
    assert_eq!(info.map(|info| info.time), claimed_time(token));
    assert!(verify(token, b"data", &anchors(), now()).is_err(), "a token of an authority that nobody trusts");
    // Imprint and nonce are no secrets, and a fuzzer finds both: an answer may be forged, but never believed.
    let request = TimestampRequest::new(ASKED, [1; 8]);
    if let Ok(token) = request.accept(octets) {
        let info = TokenInfo::read(&token);
        let answers =
            info.is_some_and(|info| info.imprint == IMPRINT && info.nonce.as_deref() == Some(&[1; 8]));
        assert!(answers, "an answer to another question");
        assert!(
            verify(&token, ASKED, &anchors(), now()).is_err(),
            "a token of an authority that nobody trusts"
        );
    }
}
