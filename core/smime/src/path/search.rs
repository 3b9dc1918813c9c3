//! Path building: a depth-first search from the leaf towards the anchors, with budgets.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AnchorScope, MAX_CANDIDATES, MAX_NAME_COMPARISONS, MAX_PATH_LENGTH, MAX_SIGNATURE_CHECKS, MAX_STEPS,
    MAX_UNTRUSTED, PathFailure, PathInputs, Trust, TrustAnchor, TrustedPath, check,
};
use crate::certificate::Certificate;
use crate::issued::IssuerSignature;
use crate::revocation::{
    CertificateStatus, Need, StatusReason, Work, missing_issuer, needs_of, statuses_of_path,
};
use crate::verdict::{Reason, Revocation};

/// A certificate of the search: an untrusted one or an anchor.
#[derive(Clone, Copy)]
struct Node<'a> {
    certificate: &'a Certificate,
    anchor: Option<&'a TrustAnchor>,
}

pub(super) struct Search<'a, 'w, 's> {
    inputs: PathInputs<'a>,
    work: &'w mut Work<'s>,
    leaf: &'a Certificate,
    nodes: Vec<Node<'a>>,
    by_subject: BTreeMap<&'a [u8], Vec<usize>>,
    /// Signatures that were checked: child (`None` is the leaf) and issuer.
    signatures: BTreeMap<(Option<usize>, usize), IssuerSignature>,
    steps: usize,
    candidates: usize,
    name_comparisons: usize,
    best: Option<Candidate>,
    /// A valid path on which a status is unknown though something was given: another path may show a revocation.
    doubtful: Option<TrustedPath>,
    /// A limit ended the search before its end.
    is_cut: bool,
    unsupported: bool,
    /// Addresses of issuers that would lead on.
    missing: BTreeSet<Need>,
}

/// A complete path that is not valid.
struct Candidate {
    reasons: Vec<Reason>,
    path: Vec<Certificate>,
    statuses: Vec<CertificateStatus>,
}

impl<'a, 'w, 's> Search<'a, 'w, 's> {
    pub(super) fn new(leaf: &'a Certificate, inputs: PathInputs<'a>, work: &'w mut Work<'s>) -> Self {
        let PathInputs { untrusted, anchors, .. } = inputs;
        let mut nodes: Vec<Node<'a>> = anchors
            .iter()
            .map(|anchor| Node { certificate: &anchor.certificate, anchor: Some(anchor) })
            .collect();
        let mut seen: BTreeSet<&[u8]> = anchors.iter().map(|anchor| anchor.certificate.der()).collect();
        seen.insert(leaf.der());
        for certificate in untrusted.iter().take(MAX_UNTRUSTED) {
            if seen.insert(certificate.der()) {
                nodes.push(Node { certificate, anchor: None });
            }
        }
        let mut by_subject: BTreeMap<&[u8], Vec<usize>> = BTreeMap::new();
        for (index, node) in nodes.iter().enumerate() {
            by_subject.entry(node.certificate.subject_comparable()).or_default().push(index);
        }
        Search {
            inputs,
            work,
            leaf,
            nodes,
            by_subject,
            signatures: BTreeMap::new(),
            steps: 0,
            candidates: 0,
            name_comparisons: MAX_NAME_COMPARISONS,
            best: None,
            doubtful: None,
            is_cut: false,
            unsupported: false,
            missing: BTreeSet::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<TrustedPath, PathFailure> {
        let levels: BTreeSet<Trust> =
            self.nodes.iter().filter_map(|node| node.anchor.map(|anchor| anchor.trust)).collect();
        if levels.is_empty() {
            // No anchor can be reached; the walk finds where the next issuer could be asked for.
            (self.steps, self.candidates) = (MAX_STEPS, MAX_CANDIDATES);
            self.extend(&mut Vec::new(), Trust::Pinned);
        }
        for level in levels.into_iter().filter(|level| *level != Trust::None) {
            self.steps = MAX_STEPS;
            self.candidates = MAX_CANDIDATES;
            let is_weaker = self.doubtful.is_some();
            let found = self.try_leaf_as_anchor(level).or_else(|| self.extend(&mut Vec::new(), level));
            match found {
                Some(path) if !is_weaker => return Ok(path),
                Some(_) => break,
                None => {}
            }
        }
        if let Some(path) = self.doubtful.take() {
            return self.uphold(path);
        }
        if let Some(Candidate { reasons, path, statuses }) = self.best {
            let needs = needs_of(&path, &statuses);
            return Err(PathFailure { reasons, path, statuses, needs });
        }
        let reason = if self.unsupported { Reason::UnsupportedAlgorithm } else { Reason::NoTrustedPath };
        let needs = self.missing.into_iter().collect();
        Err(PathFailure { reasons: vec![reason], path: Vec::new(), statuses: Vec::new(), needs })
    }

    fn try_leaf_as_anchor(&mut self, level: Trust) -> Option<TrustedPath> {
        let itself = |node: &&Node<'a>| node.certificate == self.leaf;
        let anchors: Vec<&'a TrustAnchor> =
            self.nodes.iter().filter(itself).filter_map(|node| node.anchor).collect();
        let usable =
            anchors.into_iter().find(|anchor| anchor.trust == level && speaks_for(anchor, self.leaf))?;
        self.judge(&[], usable)
    }

    /// Goes on from the last certificate of `path` (indices of nodes; empty stands for the leaf).
    fn extend(&mut self, path: &mut Vec<usize>, level: Trust) -> Option<TrustedPath> {
        let child =
            path.last().and_then(|&index| self.nodes.get(index)).map_or(self.leaf, |node| node.certificate);
        let mut leads_on = false;
        for issuer in self.issuers(child) {
            let Some(&Node { certificate, anchor }) = self.nodes.get(issuer) else { continue };
            if anchor.is_some_and(|anchor| anchor.trust != level || !speaks_for(anchor, self.leaf)) {
                continue;
            }
            if self.steps == 0 || self.candidates == 0 {
                self.cut();
                return None;
            }
            self.steps -= 1;
            // Leaf, path, this issuer; a path through an intermediate needs one more place for the anchor.
            let length = path.len() + 2;
            if length + usize::from(anchor.is_none()) > MAX_PATH_LENGTH || self.is_loop(path, certificate) {
                continue;
            }
            if !self.is_signed(path.last().copied(), child, issuer, certificate) {
                continue;
            }
            leads_on = true;
            let found = match anchor {
                Some(anchor) => self.judge(path, anchor),
                None => {
                    path.push(issuer);
                    let found = self.extend(path, level);
                    path.pop();
                    found
                }
            };
            if found.is_some() {
                return found;
            }
        }
        if !leads_on {
            missing_issuer(child, &mut self.missing);
        }
        None
    }

    /// Certificates with the issuer's name, the likeliest first: anchors, then those that fit the authority key
    /// identifier, then those that are valid now.
    fn issuers(&self, child: &Certificate) -> Vec<usize> {
        let mut found = self.by_subject.get(child.issuer_comparable()).cloned().unwrap_or_default();
        let wanted = child.extensions().authority_key_identifier.as_deref();
        let at = self.inputs.at;
        found.sort_by_key(|&index| {
            self.nodes.get(index).map(|node| {
                let identifier = node.certificate.subject_key_identifier();
                let other_key = wanted.is_some() && identifier.is_some() && wanted != identifier;
                let valid = node.certificate.not_before() <= at && at <= node.certificate.not_after();
                (other_key, node.anchor.is_none(), !valid)
            })
        });
        found
    }

    /// The same name with the same key already stands on the path (X.509 section 10: a path holds no loop).
    fn is_loop(&self, path: &[usize], certificate: &Certificate) -> bool {
        let same = |other: &Certificate| {
            other.subject_comparable() == certificate.subject_comparable()
                && other.public_key_der() == certificate.public_key_der()
        };
        path.iter().filter_map(|&index| self.nodes.get(index)).any(|node| same(node.certificate))
    }

    fn is_signed(
        &mut self,
        child_index: Option<usize>,
        child: &Certificate,
        issuer: usize,
        by: &Certificate,
    ) -> bool {
        let known = self.signatures.get(&(child_index, issuer)).copied();
        let outcome = match known {
            Some(outcome) => outcome,
            None if self.signatures.len() == MAX_SIGNATURE_CHECKS || !self.work.may_check_certificate() => {
                self.cut();
                return false;
            }
            None => {
                let outcome = child.issuer_signature(by);
                self.signatures.insert((child_index, issuer), outcome);
                outcome
            }
        };
        self.unsupported |= outcome == IssuerSignature::Unsupported;
        outcome == IssuerSignature::Right
    }

    fn cut(&mut self) {
        self.is_cut = true;
        self.work.note_cut();
    }

    /// A doubtful path holds when all others were seen and none shows a revocation of its certificates.
    fn uphold(&self, path: TrustedPath) -> Result<TrustedPath, PathFailure> {
        let mut statuses = path.statuses.clone();
        let mut is_revoked = false;
        let issuers = path.certificates.iter().skip(1);
        for ((certificate, issuer), status) in path.certificates.iter().zip(issuers).zip(&mut statuses) {
            if let Some(revoked) = self.work.known_revocation(certificate, issuer, path.at) {
                status.revoke(revoked);
                is_revoked = true;
            } else if self.is_cut && is_doubtful(status) {
                status.add(StatusReason::LimitExceeded);
            }
        }
        let reason = match (is_revoked, self.is_cut) {
            (true, _) => Reason::Revoked,
            (false, true) => Reason::RevocationUnknown,
            (false, false) => return Ok(path),
        };
        Err(PathFailure { reasons: vec![reason], path: path.certificates, statuses, needs: path.needs })
    }

    fn judge(&mut self, intermediates: &[usize], anchor: &'a TrustAnchor) -> Option<TrustedPath> {
        self.candidates = self.candidates.saturating_sub(1);
        let mut path = vec![self.leaf];
        path.extend(
            intermediates.iter().filter_map(|&index| self.nodes.get(index)).map(|node| node.certificate),
        );
        if self.leaf != &anchor.certificate {
            path.push(&anchor.certificate);
        }
        let PathInputs { at, purpose, options, .. } = self.inputs;
        let mut reasons = check::check(&path, at, purpose, options, &mut self.name_comparisons);
        let statuses = statuses_of_path(&path, anchor, &self.inputs, self.work);
        let below_anchor = statuses.split_last().map(|(_, below)| below).unwrap_or_default();
        for (index, status) in below_anchor.iter().enumerate() {
            if status.state == Revocation::Revoked {
                reasons.insert(Reason::Revoked);
            } else if self.inputs.sources.forbids(status, index == 0) {
                reasons.insert(Reason::RevocationUnknown);
            }
        }
        let certificates: Vec<Certificate> = path.into_iter().cloned().collect();
        if reasons.is_empty() {
            let needs = needs_of(&certificates, &statuses);
            let is_doubtful = !self.work.is_for_signer() && statuses.iter().any(is_doubtful);
            let path = TrustedPath { certificates, anchor: anchor.clone(), at, statuses, needs };
            if !is_doubtful {
                return Some(path);
            }
            self.doubtful.get_or_insert(path);
            return None;
        }
        if self.best.as_ref().is_none_or(|best| reasons.len() < best.reasons.len()) {
            let reasons = reasons.into_iter().collect();
            self.best = Some(Candidate { reasons, path: certificates, statuses });
        }
        None
    }
}

/// Something was given about it, and does not count.
fn is_doubtful(status: &CertificateStatus) -> bool {
    status.state == Revocation::Unknown && status.reasons != [StatusReason::StatusMissing]
}

/// The anchor may be used for this leaf.
fn speaks_for(anchor: &TrustAnchor, leaf: &Certificate) -> bool {
    match &anchor.scope {
        AnchorScope::Any => true,
        AnchorScope::Address(address) => leaf.emails() == std::slice::from_ref(address),
    }
}
