//! Against what certificates are judged: anchors, helping certificates, revocation lists, OCSP answers.

use smime::Certificate;
use smime::certificate::CertificateError;
use smime::crl::{CertificateList, CrlError};
use smime::ocsp::{OcspError, OcspResponse};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::revocation::{Demand, Sources};

/// Mozilla's roots for e-mail; where they come from and how they are renewed stands beside them in `roots/README.md`.
const EMAIL_ROOTS: &[u8] = include_bytes!("../roots/email-roots.pem");

/// What was read from files. Nothing is fetched.
#[derive(Clone, Debug, Default)]
pub struct Material {
    anchors: Vec<TrustAnchor>,
    timestamp_anchors: Vec<TrustAnchor>,
    untrusted: Vec<Certificate>,
    lists: Vec<CertificateList>,
    responses: Vec<OcspResponse>,
    refused: bool,
}

/// A file is not what it was given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaterialError {
    /// Not one certificate, PEM or DER.
    #[error("no certificate")]
    NoCertificate,
    /// Not one revocation list, PEM or DER.
    #[error("no certificate revocation list")]
    NoRevocationList,
    /// Not an OCSP answer in DER.
    #[error("no OCSP answer")]
    NoOcspAnswer,
    /// A limit of the readers.
    #[error("more than the limit of {0}")]
    Limit(&'static str),
}

impl Material {
    /// Certificates that are trusted, of a PEM or DER file.
    pub fn add_trusted(&mut self, file: &[u8]) -> Result<(), MaterialError> {
        let named: Vec<TrustAnchor> = certificates(file)?.into_iter().map(organisation).collect();
        self.timestamp_anchors.extend_from_slice(&named);
        self.anchors.extend(named);
        Ok(())
    }

    /// Certificates that help building paths, of a PEM or DER file.
    pub fn add_untrusted(&mut self, file: &[u8]) -> Result<(), MaterialError> {
        self.untrusted.extend(certificates(file)?);
        Ok(())
    }

    /// Revocation lists of a PEM or DER file.
    pub fn add_lists(&mut self, file: &[u8]) -> Result<(), MaterialError> {
        let lists = CertificateList::read_all(file).map_err(|error| match error {
            CrlError::Malformed | CrlError::Missing => MaterialError::NoRevocationList,
            CrlError::Limit(limit) => MaterialError::Limit(limit),
        })?;
        self.lists.extend(lists);
        Ok(())
    }

    /// An OCSP answer in DER. One that refuses is kept as the fact that there is no answer.
    pub fn add_ocsp(&mut self, file: &[u8]) -> Result<(), MaterialError> {
        match OcspResponse::from_der(file) {
            Ok(response) => self.responses.push(response),
            Err(OcspError::Unsuccessful(_)) => self.refused = true,
            Err(OcspError::Malformed) => return Err(MaterialError::NoOcspAnswer),
            Err(OcspError::Limit) => return Err(MaterialError::Limit("1 MiB for an OCSP answer")),
        }
        Ok(())
    }

    /// Mozilla's roots for e-mail, as public CAs.
    pub fn add_default_roots(&mut self) {
        // The file is part of the program; a test reads it.
        let roots = Certificate::read_all(EMAIL_ROOTS).unwrap_or_default();
        self.anchors.extend(roots.into_iter().map(|certificate| TrustAnchor {
            certificate,
            trust: Trust::PublicCa,
            scope: AnchorScope::Any,
        }));
    }

    /// Certificates that may end the path of a signer of mail.
    pub fn anchors(&self) -> &[TrustAnchor] {
        &self.anchors
    }

    /// Certificates that may end the path of a timestamp authority: those that the caller named. The default roots are
    /// trusted for mail alone, and a time from below one would move the time at which signatures are judged.
    pub fn timestamp_anchors(&self) -> &[TrustAnchor] {
        &self.timestamp_anchors
    }

    /// Certificates that help building paths.
    pub fn untrusted(&self) -> &[Certificate] {
        &self.untrusted
    }

    /// Lists and answers.
    pub fn sources(&self, demand: Demand) -> Sources<'_> {
        Sources { lists: &self.lists, responses: &self.responses, refused: self.refused, demand }
    }

    /// What to demand when the caller says nothing else: who gives lists or answers wants to know.
    pub fn demand(&self) -> Demand {
        if self.has_status() { Demand::WhereGiven } else { Demand::Nowhere }
    }

    /// A list or an answer was given.
    fn has_status(&self) -> bool {
        !self.lists.is_empty() || !self.responses.is_empty() || self.refused
    }
}

fn certificates(file: &[u8]) -> Result<Vec<Certificate>, MaterialError> {
    Certificate::read_all(file).map_err(|error| match error {
        CertificateError::Malformed | CertificateError::Missing => MaterialError::NoCertificate,
        CertificateError::Limit(limit) => MaterialError::Limit(limit),
    })
}

/// An anchor that the caller names.
pub(crate) fn organisation(certificate: Certificate) -> TrustAnchor {
    TrustAnchor { certificate, trust: Trust::Organisation, scope: AnchorScope::Any }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_roots_are_certificate_authorities() {
        let mut material = Material::default();
        material.add_default_roots();
        let pem = String::from_utf8_lossy(EMAIL_ROOTS);
        assert_eq!(material.anchors().len(), pem.matches("BEGIN CERTIFICATE").count());
        assert!(material.anchors().len() > 50);
        assert!(material.timestamp_anchors().is_empty(), "they vouch for mail, not for time");
        for anchor in material.anchors() {
            let root = &anchor.certificate;
            assert!(root.is_ca() && root.is_signed_by(root), "{}", root.subject());
            assert_eq!(anchor.trust, Trust::PublicCa);
        }
    }
}
