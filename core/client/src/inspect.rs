//! Judging one mail from a file: no network, no home.

use std::borrow::Cow;

use engine::secure::{self, Opening, Verdict};
use mail::part::{Message, ReadError};
use mail::protect::wrap_pkcs7;
use serde::Serialize;
use smime::revocation::Need;
use smime::signed::{SignedData, SignedDataError};
use smime::{Certificate, EmailAddress, UnixTime};

use crate::error::{CoreError, Unreadable};
use crate::key_file::Keys;
use crate::material::Material;
use crate::system::{OsRandom, now};

/// Largest mail that is judged, in octets: it is held in memory.
pub const MAX_MAIL_OCTETS: u64 = 128 * 1024 * 1024;

/// Against what a mail is judged.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Anchors, for signers and timestamp authorities, helping certificates, revocation lists and OCSP answers.
    pub material: Material,
    /// The keys that may decrypt it.
    pub keys: Keys,
    /// The time of judging; now when none.
    pub at: Option<UnixTime>,
}

/// The verdict on a mail (docs/protocols/verdict.md).
#[derive(Clone, Debug, Serialize)]
pub struct Inspected {
    /// The record.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What would help to judge the signers, and where it lies: nothing is fetched.
    pub needs: Vec<Need>,
}

/// Why there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// Neither header fields nor a CMS object.
    #[error("this is neither a mail (it begins with no header field) nor a CMS message that can be read")]
    NoMail,
    /// A signature alone.
    #[error(
        "this is a signature without the file that it signs; check both with `countersign smime verify --content`"
    )]
    Detached,
    /// More than [`MAX_MAIL_OCTETS`].
    #[error("this is larger than the 128 MiB of a mail; `countersign smime` takes files of any size")]
    TooLarge,
    /// A limit of the MIME reader.
    #[error(transparent)]
    Limit(#[from] ReadError),
}

/// Judges a mail, or a CMS object in DER or PEM.
pub fn inspect(file: &[u8], inspection: &Inspection) -> Result<Inspected, InspectError> {
    if u64::try_from(file.len()).is_ok_and(|octets| octets > MAX_MAIL_OCTETS) {
        return Err(InspectError::TooLarge);
    }
    // Whoever can open a mail may read what it says of its readers.
    let own: Vec<EmailAddress> = inspection
        .keys
        .all()
        .iter()
        .flat_map(|key| &key.certificates)
        .flat_map(|one| one.emails().to_vec())
        .collect();
    let opening = Opening {
        keys: inspection.keys.all(),
        at: inspection.at.unwrap_or_else(now),
        anchors: inspection.material.anchors(),
        timestamp_anchors: inspection.material.timestamp_anchors(),
        untrusted: inspection.material.untrusted(),
        own: &own,
        known: &[],
        sources: inspection.material.sources(inspection.material.demand()),
    };
    let opened = secure::open(&as_mail(file)?, &opening, &mut OsRandom)?;
    Ok(Inspected { verdict: opened.verdict, needs: opened.needs })
}

/// A CMS object without a mail around it is judged as the content of a mail that has no header fields: nobody is named in
/// From. What has no header field is no mail.
fn as_mail(file: &[u8]) -> Result<Cow<'_, [u8]>, InspectError> {
    if file.first() == Some(&0x30) && is_cms(file)? {
        return Ok(Cow::Owned(wrap_pkcs7(&[], "signed-data", file)));
    }
    if let Some(lines) = pem(file) {
        let head = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n";
        let mail = [head.as_slice(), lines, b"\r\n"].concat();
        let message = Message::parse(&mail)?;
        return if is_cms(&message.decoded(message.root()))? {
            Ok(Cow::Owned(mail))
        } else {
            Err(InspectError::NoMail)
        };
    }
    let message = Message::parse(file)?;
    if message.root().fields.iter().any(|(name, _)| is_field_name(name)) {
        Ok(Cow::Borrowed(file))
    } else {
        Err(InspectError::NoMail)
    }
}

/// RFC 5322 section 3.6.8 allows nearly every character; fields in use are words, and lines of JSON or of programs are not.
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
}

/// The lines of a CMS object in PEM (RFC 7468 section 9); `PKCS7` is the older label.
fn pem(file: &[u8]) -> Option<&[u8]> {
    ["CMS", "PKCS7"].into_iter().find_map(|label| {
        let begun = file.trim_ascii().strip_prefix(format!("-----BEGIN {label}-----").as_bytes())?;
        begun.strip_suffix(format!("-----END {label}-----").as_bytes()).map(<[u8]>::trim_ascii)
    })
}

/// A ContentInfo. What its content is worth, the verdict says.
fn is_cms(octets: &[u8]) -> Result<bool, InspectError> {
    match SignedData::parse(octets) {
        Ok(signed) if signed.content().is_none() && !signed.signers().is_empty() => {
            Err(InspectError::Detached)
        }
        Ok(_) | Err(SignedDataError::NotSignedData | SignedDataError::Limit(_)) => Ok(true),
        Err(SignedDataError::Malformed) => Ok(false),
    }
}

pub(crate) fn certificates(files: &[Vec<u8>]) -> Result<Vec<Certificate>, CoreError> {
    let mut all = Vec::new();
    for file in files {
        all.extend(read_certificates(file)?);
    }
    Ok(all)
}

/// Every certificate of a PEM, DER or PKCS#7 file.
pub fn read_certificates(file: &[u8]) -> Result<Vec<Certificate>, CoreError> {
    Certificate::read_all(file).map_err(|_| CoreError::Unreadable(Unreadable::Certificate))
}
