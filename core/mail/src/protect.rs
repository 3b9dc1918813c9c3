//! Header protection (RFC 9788): written and read.

mod pad;
mod view;

use crate::compose::{self, BoundarySource, ComposeError, Draft, base64_lines, write_field};

pub use pad::{MAX_PADDING_STEP, pad_entity};
pub use view::{HeaderView, unwrapped, view};

/// The outer subject of encrypted mail (hcp_baseline, RFC 9788 section 3.2.1).
pub const HIDDEN_SUBJECT: &str = "[...]";

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
pub fn protect(
    draft: &Draft,
    protection: Protection,
    boundaries: BoundarySource<'_>,
) -> Result<Protected, ComposeError> {
    protect_reply(draft, protection, &[], boundaries)
}

/// As [`protect`], for an answer to a message whose fields named in `confidential` (see [`HeaderView::confidential`])
/// were kept from the servers: they stay hidden in the answer (RFC 9788 section 6.1).
///
/// A hidden Message-ID, In-Reply-To or References takes both threading fields out of the outer header section. Hidden
/// From, To, Cc or Reply-To takes the display names out of the outer address fields: the registered policies hide no more
/// than that, and the addresses are in the SMTP envelope. The subject is always hidden.
pub fn protect_reply(
    draft: &Draft,
    protection: Protection,
    confidential: &[String],
    boundaries: BoundarySource<'_>,
) -> Result<Protected, ComposeError> {
    let inner = compose::fields(draft)?;
    let (outer, hp, display) = match protection {
        Protection::Clear => (inner.clone(), "clear", None),
        Protection::Cipher { legacy_display } => {
            let hidden = draft.subject != HIDDEN_SUBJECT;
            let display = (legacy_display && hidden).then(|| format!("Subject: {}\n", draft.subject));
            (outer_fields(draft, &inner, confidential)?, "cipher", display)
        }
    };
    let mut entity = compose::body(draft, display.as_deref(), boundaries)?;
    entity.content_type.push_str(&format!("; hp=\"{hp}\""));

    let mut payload = Vec::new();
    write_field(&mut payload, "MIME-Version", "1.0");
    for (name, value) in &inner {
        write_field(&mut payload, name, value);
    }
    if hp == "cipher" {
        for (name, value) in &outer {
            write_field(&mut payload, "HP-Outer", &format!("{name}: {value}"));
        }
    }
    compose::check_section(payload.len())?;
    entity.write(&mut payload);
    let outer = outer.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Protected { payload, outer })
}

/// hcp_baseline, then what the message answered to kept hidden.
fn outer_fields(
    draft: &Draft,
    inner: &[(&'static str, String)],
    confidential: &[String],
) -> Result<Vec<(&'static str, String)>, ComposeError> {
    let hides = |names: &[&str]| confidential.iter().any(|field| names.contains(&field.as_str()));
    let thread = hides(&["message-id", "in-reply-to", "references"]);
    let names = hides(&["from", "to", "cc", "reply-to", "sender"]);
    let mut outer = Vec::with_capacity(inner.len());
    for (name, value) in inner {
        let value = match *name {
            "Subject" => HIDDEN_SUBJECT.to_owned(),
            "In-Reply-To" | "References" if thread => continue,
            "From" if names => compose::bare_addresses(std::slice::from_ref(&draft.from))?,
            "To" if names => compose::bare_addresses(&draft.to)?,
            "Cc" if names => compose::bare_addresses(&draft.cc)?,
            _ => value.clone(),
        };
        outer.push((*name, value));
    }
    Ok(outer)
}

/// The message around an opaque CMS object: `application/pkcs7-mime; smime-type=…; name="smime.p7m"`, base64.
/// `smime_type`: `enveloped-data`, `authEnveloped-data` (RFC 8551 section 3.2.2) or `signed-data`.
/// With `outer` empty this is a bare MIME entity.
pub fn wrap_pkcs7(outer: &[(String, String)], smime_type: &str, der: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(der.len() / 57 * 78 + 1024);
    write_outer(&mut out, outer);
    write_field(
        &mut out,
        "Content-Type",
        &format!("application/pkcs7-mime; smime-type={smime_type}; name=\"smime.p7m\""),
    );
    write_field(&mut out, "Content-Transfer-Encoding", "base64");
    write_field(&mut out, "Content-Disposition", "attachment; filename=\"smime.p7m\"");
    out.extend_from_slice(b"\r\n");
    base64_lines(&mut out, der);
    out
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
    let boundary = compose::boundary(boundaries);
    let mut out = Vec::with_capacity(payload.len() + signature_der.len() * 2 + 1024);
    write_outer(&mut out, outer);
    let content_type = format!(
        "multipart/signed; protocol=\"application/pkcs7-signature\"; micalg={micalg}; boundary=\"{boundary}\""
    );
    write_field(&mut out, "Content-Type", &content_type);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
    write_field(&mut out, "Content-Type", "application/pkcs7-signature; name=\"smime.p7s\"");
    write_field(&mut out, "Content-Transfer-Encoding", "base64");
    write_field(&mut out, "Content-Disposition", "attachment; filename=\"smime.p7s\"");
    out.extend_from_slice(b"\r\n");
    base64_lines(&mut out, signature_der);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

fn write_outer(out: &mut Vec<u8>, outer: &[(String, String)]) {
    for (name, value) in outer {
        write_field(out, name, value);
    }
    if !outer.is_empty() {
        write_field(out, "MIME-Version", "1.0");
    }
}
