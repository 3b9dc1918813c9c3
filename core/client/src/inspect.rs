//! Judging one mail from a file: no network, no home.

use engine::secure::{self, Opening, Verdict};
use smime::path::TrustAnchor;
use smime::revocation::Demand;
use smime::{Certificate, EmailAddress, UnixTime};

use crate::error::{CoreError, Unreadable};
use crate::key_file::Keys;
use crate::material::{Material, organisation};
use crate::system::{OsRandom, now};

/// Against what a mail is judged.
#[derive(Debug, Default)]
pub struct Inspection {
    /// Certificate files (PEM or DER) whose certificates are trusted, for signers and for timestamp authorities.
    pub trust: Vec<Vec<u8>>,
    /// Certificate files that help building paths.
    pub untrusted: Vec<Vec<u8>>,
    /// Further anchors, helping certificates, revocation lists and OCSP answers.
    pub material: Material,
    /// The keys that may decrypt it.
    pub keys: Keys,
    /// The time of judging; now when none.
    pub at: Option<UnixTime>,
}

/// The verdict on a mail (docs/protocols/verdict.md).
pub fn inspect(mail: &[u8], inspection: &Inspection) -> Result<Verdict, CoreError> {
    let mut anchors: Vec<TrustAnchor> =
        certificates(&inspection.trust)?.into_iter().map(organisation).collect();
    anchors.extend_from_slice(inspection.material.anchors());
    let mut untrusted = certificates(&inspection.untrusted)?;
    untrusted.extend_from_slice(inspection.material.untrusted());
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
        anchors: &anchors,
        timestamp_anchors: &anchors,
        untrusted: &untrusted,
        own: &own,
        sources: inspection.material.sources(Demand::Nowhere),
    };
    let opened =
        secure::open(mail, &opening, &mut OsRandom).map_err(|_| CoreError::Unreadable(Unreadable::Mail))?;
    Ok(opened.verdict)
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
