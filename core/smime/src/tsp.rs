//! Time-stamp protocol (RFC 3161, RFC 5816).

use crate::certificate::Certificate;
use crate::path::TrustAnchor;
use crate::time::UnixTime;
use crate::verdict::Reason;

/// A request for a token over `SHA-256(data)`.
#[derive(Clone, Debug)]
pub struct TimestampRequest {
    der: Vec<u8>,
    imprint: [u8; 32],
    nonce: [u8; 8],
}

/// The authority gave no usable token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The answer is not a TimeStampResp.
    #[error("the timestamp authority's answer is malformed")]
    Malformed,
    /// The authority refused (PKIStatus, RFC 3161 section 2.4.2).
    #[error("the timestamp authority refused the request (status {status})")]
    Refused {
        /// PKIStatus.
        status: u32,
    },
    /// The token is for another request: imprint or nonce differ.
    #[error("the timestamp answers another request")]
    Mismatch,
}

impl TimestampRequest {
    /// Asks for the signer's certificate; `nonce` is random.
    pub fn new(data: &[u8], nonce: [u8; 8]) -> Self {
        let _ = (data, nonce);
        todo!()
    }
    /// DER of the TimeStampReq, to be posted as application/timestamp-query.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
    /// The token (DER or BER of its ContentInfo, as received) from a TimeStampResp; imprint and nonce are compared.
    pub fn accept(&self, response: &[u8]) -> Result<Vec<u8>, TimestampError> {
        let _ = (response, self.imprint, self.nonce);
        todo!()
    }
}

/// A token whose imprint, signature, purpose and path were checked; only [`verify`] makes one.
#[derive(Clone, Debug)]
pub struct VerifiedTimestamp {
    time: UnixTime,
    authority: Certificate,
    path: Vec<Certificate>,
}

impl VerifiedTimestamp {
    /// genTime.
    pub fn time(&self) -> UnixTime {
        self.time
    }
    /// The authority's signing certificate.
    pub fn authority(&self) -> &Certificate {
        &self.authority
    }
    /// Leaf first, anchor last.
    pub fn path(&self) -> &[Certificate] {
        &self.path
    }
}

/// Checks `token` over `data` (for signatures: the signature octets). The chain is judged at genTime; a genTime
/// more than 5 minutes after `now` is refused.
pub fn verify(
    token: &[u8],
    data: &[u8],
    anchors: &[TrustAnchor],
    now: UnixTime,
) -> Result<VerifiedTimestamp, Vec<Reason>> {
    let _ = (token, data, anchors, now);
    todo!()
}

/// genTime of a token that was *not* checked.
pub fn claimed_time(token: &[u8]) -> Option<UnixTime> {
    let _ = token;
    todo!()
}
