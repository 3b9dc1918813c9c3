//! Timestamps (RFC 3161).

use smime::tsp::{TimestampRequest, TokenInfo, claimed_time, token_of, verify};

use crate::cms::{anchors, now};

/// No token is believed: the authority of the seeds is nobody's anchor here.
pub fn tsp(octets: &[u8]) {
    let token = token_of(octets);
    let token = token.as_deref().unwrap_or(octets);
    let info = TokenInfo::read(token);
    assert_eq!(info.map(|info| info.time), claimed_time(token));
    assert!(verify(token, b"data", &anchors(), now()).is_err(), "a token of an authority that nobody trusts");
    let request = TimestampRequest::new(b"another data", [1; 8]);
    assert!(request.accept(octets).is_err(), "an answer to another question");
}
