//! Header protection (RFC 9788): written and read.

use crate::compose::{BoundarySource, ComposeError, Draft};
use crate::headers::Headers;
use crate::part::Message;

/// A draft ready for signing and encrypting.
#[derive(Clone, Debug)]
pub struct Protected {
    /// The MIME entity with the protected header fields and `hp=`; this is signed (and encrypted).
    pub payload: Vec<u8>,
    /// Header fields of the outer message (name, encoded value), without MIME fields; subject `[...]` when encrypted.
    pub outer: Vec<(String, String)>,
}

/// How the message will be protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Signed only: `hp="clear"`, no HP-Outer, the outer fields equal the inner ones.
    Clear,
    /// Encrypted: `hp="cipher"`, HP-Outer for each outer field, outer subject `[...]` (hcp_baseline, RFC 9788 section 3.2.1).
    Cipher {
        /// Add Legacy Display elements (RFC 9788 section 5.2.2): some recipient isn't known to do RFC 9788.
        legacy_display: bool,
    },
}

/// Composes the protected payload and the outer fields.
pub fn protect(draft: &Draft, protection: Protection, boundaries: BoundarySource<'_>) -> Result<Protected, ComposeError> {
    let _ = (draft, protection, boundaries);
    todo!()
}

/// The message around an opaque CMS object: `application/pkcs7-mime; smime-type=…; name="smime.p7m"`, base64.
/// `smime_type`: `enveloped-data`, `authEnveloped-data` (RFC 8551 section 3.2.2) or `signed-data`.
/// With `outer` empty this is a bare MIME entity.
pub fn wrap_pkcs7(outer: &[(String, String)], smime_type: &str, der: &[u8]) -> Vec<u8> {
    let _ = (outer, smime_type, der);
    todo!()
}

/// The message around a clear signature: multipart/signed with `payload` octet for octet as first part.
/// `micalg`: `sha-256`, `sha-384`, `sha-512`.
pub fn wrap_signed(
    outer: &[(String, String)],
    payload: &[u8],
    signature_der: &[u8],
    micalg: &str,
    boundaries: BoundarySource<'_>,
) -> Vec<u8> {
    let _ = (outer, payload, signature_der, micalg, boundaries);
    todo!()
}

/// What a reader shows as header fields.
#[derive(Clone, Debug)]
pub struct HeaderView {
    /// The fields to show: protected ones where there is header protection, else the outer ones.
    pub headers: Headers,
    /// The payload carried header protection (`hp=` at the cryptographic payload's root).
    pub protected: bool,
    /// Names (lower case) of fields that were shown but differ outside, in a way HP-Outer does not announce, plus
    /// those hidden outside (`subject`).
    pub outer_differs: Vec<String>,
    /// Names of fields that were kept from the servers (confidential): replies must hide them too.
    pub confidential: Vec<String>,
}

/// Joins the outer message's fields with those of the cryptographic payload (RFC 9788 section 4). `encrypted`: the
/// payload came out of an encryption layer. `hp="clear"` inside an encrypted mail hides nothing. The caller decides
/// whether the inner From may be believed.
pub fn view(outer: &Message, payload: &Message, encrypted: bool) -> HeaderView {
    let _ = (outer, payload, encrypted);
    todo!()
}
