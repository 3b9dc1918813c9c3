//! Judging one certificate from a file: no network, no home.

use serde::Serialize;
use smime::path::{PathInputs, PathOptions, Purpose, validate_inputs};
use smime::revocation::{CertificateStatus, Demand, Need, StatusReason};
use smime::verdict::{Reason, Revocation};
use smime::{Certificate, Fingerprint, UnixTime};

use crate::material::Material;
use crate::system::now;

/// What the certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainPurpose {
    /// Signing or encrypting mail.
    Email,
    /// Key usage and extended key usage are not looked at.
    Any,
}

/// How a certificate is judged.
#[derive(Clone, Debug)]
pub struct ChainQuestion {
    /// What it is for.
    pub purpose: ChainPurpose,
    /// The time of judging; now when none.
    pub at: Option<UnixTime>,
    /// Acceptable certificate policies, dotted; none stands for any.
    pub policies: Vec<String>,
    /// One of the policies must hold (initial-explicit-policy).
    pub explicit_policy: bool,
    /// anyPolicy does not count (initial-any-policy-inhibit).
    pub inhibit_any: bool,
    /// Policy mappings do not count (initial-policy-mapping-inhibit).
    pub inhibit_mapping: bool,
    /// When an unknown revocation status is a fault.
    pub demand: Demand,
}

/// The policy is no object identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an object identifier (expected like 2.16.840.1.101.3.2.1.48.1)")]
pub struct NotAPolicy(pub String);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// A path to a trusted certificate holds.
    pub valid: bool,
    /// Why not.
    pub reasons: Vec<Reason>,
    /// SHA-256 of each certificate, leaf first, anchor last. When it is not valid, the best candidate; empty when no
    /// trusted certificate was reached.
    pub path: Vec<Fingerprint>,
    /// The revocation status of each certificate of `path`.
    pub revocation: Vec<ChainStatus>,
    /// What could be fetched to know more.
    pub needs: Vec<Need>,
}

/// The revocation status of one certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainStatus {
    /// SHA-256 of the certificate.
    pub sha256: Fingerprint,
    /// Its status.
    pub state: Revocation,
    /// Why it was revoked, or what was given and can't be used.
    pub reasons: Vec<StatusReason>,
}

impl From<&CertificateStatus> for ChainStatus {
    fn from(status: &CertificateStatus) -> Self {
        ChainStatus { sha256: status.sha256, state: status.state, reasons: status.reasons.clone() }
    }
}

/// Seeks a path from `leaf` to a trusted certificate of `material`.
pub fn chain(
    leaf: &Certificate,
    material: &Material,
    question: &ChainQuestion,
) -> Result<ChainReport, NotAPolicy> {
    let policies = question
        .policies
        .iter()
        .map(|text| text.parse().map_err(|_| NotAPolicy(text.clone())))
        .collect::<Result<Vec<_>, _>>()?;
    let options = PathOptions {
        policies,
        require_explicit_policy: question.explicit_policy,
        inhibit_any_policy: question.inhibit_any,
        inhibit_policy_mapping: question.inhibit_mapping,
        ..PathOptions::default()
    };
    let at = question.at.unwrap_or_else(now);
    let inputs = PathInputs {
        untrusted: material.untrusted(),
        anchors: material.anchors(),
        at,
        now: at,
        purpose: match question.purpose {
            ChainPurpose::Email => Purpose::Email,
            ChainPurpose::Any => Purpose::Any,
        },
        options: &options,
        sources: material.sources(question.demand),
    };
    Ok(match validate_inputs(leaf, &inputs) {
        Ok(path) => report(Vec::new(), path.certificates(), path.statuses(), path.needs()),
        Err(failure) => report(failure.reasons, &failure.path, &failure.statuses, &failure.needs),
    })
}

fn report(
    reasons: Vec<Reason>,
    path: &[Certificate],
    statuses: &[CertificateStatus],
    needs: &[Need],
) -> ChainReport {
    ChainReport {
        valid: reasons.is_empty(),
        reasons,
        path: path.iter().map(Certificate::fingerprint).collect(),
        revocation: statuses.iter().map(ChainStatus::from).collect(),
        needs: needs.to_vec(),
    }
}
