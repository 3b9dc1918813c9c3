//! What judging a path may still cost, and what was found on the way.

use std::collections::BTreeMap;

use super::{
    Findings, MAX_PATH_STATUS_SIGNATURES, MAX_SIGNER_SEARCHES, MAX_STATUS_SIGNATURES, Revoked, Sources,
    Target,
};
use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::issued::IssuerSignature;
use crate::path::MAX_MESSAGE_CHECKS;
use crate::time::UnixTime;

/// What all judgements of one leaf, or of all leaves of one message, share: the inputs, what was found, and what is left
/// of the limits.
pub(crate) struct Work<'a> {
    pub(crate) sources: Sources<'a>,
    /// The time of judging; never before the judged time.
    pub(crate) now: UnixTime,
    /// Signatures of lists that were checked: index of the list, SHA-256 of the signer's key.
    pub(super) list_signatures: BTreeMap<(usize, Fingerprint), IssuerSignature>,
    signatures_left: usize,
    path_signatures_left: usize,
    certificates_left: usize,
    pub(super) searches_left: usize,
    /// Since the status of the last certificate of a leaf's path.
    pub(super) limit_reached: bool,
    /// What was revoked on any path: SHA-256 of the certificate and of its issuer's key, the judged time.
    revoked: BTreeMap<(Fingerprint, Fingerprint, UnixTime), Revoked>,
    /// Lists with their signers whose paths are being validated: a list may speak of its own signer.
    pub(super) in_progress: Vec<(usize, Fingerprint)>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(sources: Sources<'a>, now: UnixTime) -> Self {
        Work {
            sources,
            now,
            list_signatures: BTreeMap::new(),
            signatures_left: MAX_STATUS_SIGNATURES,
            path_signatures_left: MAX_PATH_STATUS_SIGNATURES,
            certificates_left: MAX_MESSAGE_CHECKS,
            searches_left: MAX_SIGNER_SEARCHES,
            limit_reached: false,
            revoked: BTreeMap::new(),
            in_progress: Vec::new(),
        }
    }

    /// The paths of signers share one limit; those of leaves have their own.
    pub(crate) fn may_check_certificate(&mut self) -> bool {
        if self.is_for_signer() { self.take_signature(false) } else { take(&mut self.certificates_left) }
    }

    /// The search is for the path of a signer of a list.
    pub(crate) fn is_for_signer(&self) -> bool {
        !self.in_progress.is_empty()
    }

    /// A limit cut the search for a signer.
    pub(crate) fn note_cut(&mut self) {
        self.limit_reached |= self.is_for_signer();
    }

    pub(super) fn take_signature(&mut self, is_on_path: bool) -> bool {
        let left = if is_on_path { &mut self.path_signatures_left } else { &mut self.signatures_left };
        let is_left = take(left);
        self.limit_reached |= !is_left;
        is_left
    }

    /// The revocation of a certificate by its issuer's key on another path of this search.
    pub(crate) fn known_revocation(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
        at: UnixTime,
    ) -> Option<Revoked> {
        self.revoked.get(&revocation_key(certificate, issuer, at)).copied()
    }

    /// Who revoked it there has no path here, perhaps, and was authorised all the same.
    pub(super) fn share_revocation(&mut self, target: &Target<'_, '_>, findings: &mut Findings) {
        let Some(issuer) = target.issuers.first().filter(|_| !self.is_for_signer()) else { return };
        let key = revocation_key(target.certificate, issuer, target.at);
        if let Some(known) = self.revoked.get(&key) {
            findings.revoke(*known);
        }
        if let Some(revoked) = findings.revoked {
            self.revoked.insert(key, revoked);
        }
    }
}

fn take(left: &mut usize) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

fn revocation_key(
    certificate: &Certificate,
    issuer: &Certificate,
    at: UnixTime,
) -> (Fingerprint, Fingerprint, UnixTime) {
    (certificate.fingerprint(), Fingerprint::of(issuer.public_key_der()), at)
}
