//! How the verdict on the signers comes about.

use std::collections::BTreeMap;

use super::{
    Judgement, Need, Policy, Reason, Revocation, SignatureState, SignatureVerdict, SignerVerdict,
    TimestampState, TimestampVerdict, ValidSigner,
};
use crate::address::EmailAddress;
use crate::certificate::Certificate;
use crate::fingerprint::Fingerprint;
use crate::oid;
use crate::path::{self, PathFailure, PathInputs, PathOptions, Purpose, Trust, TrustedPath};
use crate::revocation::{self, Work};
use crate::signed::{SignedContent, SignedData, SignerInfo, VerifiedSigner, verify_content};
use crate::time::UnixTime;
use crate::tsp;

/// One SignerInfo, judged.
struct Judged {
    /// Its place among the SignerInfos.
    index: usize,
    reasons: Vec<Reason>,
    /// The certificate that the SignerInfo names; when the signature is right, the one it verifies under.
    certificate: Option<Certificate>,
    verified: Option<VerifiedSigner>,
    path: Option<TrustedPath>,
    /// Of the path, or of the best candidate.
    revocation: Revocation,
    needs: Vec<Need>,
    timestamp: TimestampVerdict,
    judged_at: UnixTime,
    signing_time: Option<UnixTime>,
}

/// The paths of the signers of one message and of their timestamp authorities: each signer's is sought once, whatever the
/// number of signatures, and all share the limits of one search.
struct Paths<'a> {
    helpers: &'a [Certificate],
    policy: &'a Policy<'a>,
    work: Work<'a>,
    /// The limits for the authorities of all tokens: what a token carries must not fall on the signers.
    token_work: Work<'a>,
    known: BTreeMap<(Fingerprint, UnixTime), Result<TrustedPath, PathFailure>>,
}

impl Paths<'_> {
    fn of(&mut self, signer: &Certificate, at: UnixTime) -> Result<TrustedPath, PathFailure> {
        let key = (signer.fingerprint(), at);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let inputs = PathInputs {
            untrusted: self.helpers,
            anchors: self.policy.anchors,
            at,
            now: self.policy.at,
            purpose: Purpose::EmailSigning,
            options: &PathOptions::default(),
            sources: self.policy.sources,
        };
        let found = path::validate_sharing(signer, &inputs, &mut self.work);
        self.known.insert(key, found.clone());
        found
    }
}

pub(super) fn judge(
    signed: &SignedData,
    content: SignedContent<'_>,
    from: Option<&[EmailAddress]>,
    policy: &Policy<'_>,
) -> Judgement {
    // What the receiver has comes first: limits must not fall on it because of what a sender adds.
    let helpers: Vec<Certificate> = policy.untrusted.iter().chain(signed.certificates()).cloned().collect();
    let work = || Work::new(policy.sources, policy.at);
    let mut paths =
        Paths { helpers: &helpers, policy, work: work(), token_work: work(), known: BTreeMap::new() };
    let mut all: Vec<Judged> = signed
        .signers()
        .iter()
        .enumerate()
        .map(|(index, signer)| judge_one(signed, index, signer, content, from, &mut paths))
        .collect();
    if signed.encapsulated().is_some_and(|inside| !inside.is_same(&content)) {
        for judged in &mut all {
            judged.reasons.push(Reason::ContentAmbiguous);
        }
    }
    let counted = all.len();
    let mut needs: Vec<Need> = all.iter().flat_map(|judged| judged.needs.iter().cloned()).collect();
    needs.sort();
    needs.dedup();
    let (beside, all): (Vec<Judged>, Vec<Judged>) = {
        let dual: Vec<bool> = all.iter().map(|judged| is_unknown_beside_right(judged, &all)).collect();
        let mut dual = dual.into_iter();
        all.into_iter().partition(|_| dual.next() == Some(true))
    };
    // Only of those that count: whoever likes adds a SignerInfo that does not, with a token over whatever stands in it.
    let timestamp = TimestampVerdict::weakest(all.iter().map(|judged| &judged.timestamp));
    let mut reasons: Vec<Reason> = Vec::new();
    for reason in all.iter().flat_map(|judged| &judged.reasons) {
        if !reasons.contains(reason) {
            reasons.push(*reason);
        }
    }
    let state = if counted == 0 { SignatureState::None } else { state_of(&all) };
    let valid_signers = match state {
        SignatureState::Valid => all.iter().filter_map(Judged::proof).collect(),
        _ => Vec::new(),
    };
    Judgement {
        signature: SignatureVerdict {
            state,
            reasons,
            signers: all.iter().filter_map(|judged| judged.record(from)).collect(),
        },
        timestamp,
        valid_signers,
        needs,
        has_unknown_second_signature: !beside.is_empty(),
    }
}

/// The worst state of the signers: a wrong one makes the mail invalid.
fn state_of(all: &[Judged]) -> SignatureState {
    let states: Vec<SignatureState> = all.iter().map(Judged::state).collect();
    [SignatureState::Invalid, SignatureState::Unverifiable, SignatureState::Untrusted]
        .into_iter()
        .find(|worst| states.contains(worst))
        .unwrap_or(SignatureState::Valid)
}

/// Two signatures of one signer, one for readers that know a newer algorithm: the unknown one does no harm beside a
/// right one by a certificate of the same address.
fn is_unknown_beside_right(judged: &Judged, all: &[Judged]) -> bool {
    let Some(certificate) =
        judged.certificate.as_ref().filter(|_| judged.reasons == [Reason::UnsupportedAlgorithm])
    else {
        return false;
    };
    judged.verified.is_none()
        && all.iter().filter_map(|other| other.verified.as_ref()).any(|right| {
            let same_address = !certificate.emails().is_empty()
                && certificate.emails().iter().all(|email| right.certificate().emails().contains(email));
            right.certificate() == certificate || same_address
        })
}

fn judge_one(
    signed: &SignedData,
    index: usize,
    signer: &SignerInfo,
    content: SignedContent<'_>,
    from: Option<&[EmailAddress]>,
    paths: &mut Paths<'_>,
) -> Judged {
    let (helpers, policy) = (paths.helpers, paths.policy);
    let mut judged = Judged {
        index,
        reasons: Vec::new(),
        certificate: None,
        verified: None,
        path: None,
        revocation: Revocation::NotChecked,
        needs: Vec::new(),
        timestamp: TimestampVerdict::none(),
        judged_at: policy.at,
        signing_time: signer.signing_time(),
    };
    let verified = match verify_content(signed, index, content, policy.untrusted) {
        Ok(verified) => verified,
        Err(reason) => {
            judged.reasons.push(reason);
            judged.certificate = signer.named_certificates(helpers.iter()).next().cloned();
            // A token over octets that are no signature of anybody says nothing about this message.
            return judged;
        }
    };
    judged.timestamp = judge_timestamp(signer, paths);
    judged.judged_at = judged.timestamp.time.unwrap_or(policy.at);
    // A time-stamp token or a receipt is signed too, and is no signature of a mail (RFC 8551 section 2.4.2).
    if signed.content_type() != oid::DATA {
        judged.reasons.push(Reason::AttributesInvalid);
    }
    judged.reasons.extend(verified.weakness());
    match paths.of(verified.certificate(), judged.judged_at) {
        Ok(path) => {
            judged.revocation = revocation::worst(path.statuses());
            judged.needs = path.needs().to_vec();
            judged.path = Some(path);
        }
        Err(failure) => {
            judged.revocation = revocation::worst(&failure.statuses);
            judged.needs = failure.needs;
            judged.reasons.extend(failure.reasons);
        }
    }
    if from.is_some() && !address_matches(verified.certificate(), from) {
        judged.reasons.push(Reason::AddressMismatch);
    }
    judged.certificate = Some(verified.certificate().clone());
    judged.verified = Some(verified);
    judged
}

/// Exactly one address, and the certificate holds it.
fn address_matches(certificate: &Certificate, from: Option<&[EmailAddress]>) -> bool {
    matches!(from, Some([address]) if certificate.emails().contains(address))
}

/// The verdict on the token of a signer whose signature is right.
fn judge_timestamp(signer: &SignerInfo, paths: &mut Paths<'_>) -> TimestampVerdict {
    let Some(token) = signer.timestamp_token() else { return TimestampVerdict::none() };
    let Paths { helpers, policy, token_work, .. } = paths;
    let anchors = policy.timestamp_anchors;
    match tsp::verify_sharing(token, signer.signature(), helpers, anchors, policy.at, token_work) {
        Ok(verified) => TimestampVerdict {
            state: TimestampState::Valid,
            time: Some(verified.time()),
            authority: Some(verified.authority().subject()),
            reasons: Vec::new(),
        },
        // The time of a token that does not hold is nobody's statement: it is not shown.
        Err(reasons) => {
            TimestampVerdict { state: TimestampState::Invalid, time: None, authority: None, reasons }
        }
    }
}

impl TimestampVerdict {
    fn none() -> Self {
        TimestampVerdict { state: TimestampState::None, time: None, authority: None, reasons: Vec::new() }
    }

    /// What holds for all signers: a wrong token before a missing one, of right ones the latest.
    fn weakest<'a>(all: impl Iterator<Item = &'a TimestampVerdict>) -> Self {
        let rank = |verdict: &&TimestampVerdict| match verdict.state {
            TimestampState::Invalid => (2, None),
            TimestampState::None => (1, None),
            TimestampState::Valid => (0, verdict.time),
        };
        all.max_by_key(rank).cloned().unwrap_or_else(TimestampVerdict::none)
    }
}

impl Judged {
    fn state(&self) -> SignatureState {
        match (self.reasons.as_slice(), &self.verified) {
            ([], Some(_)) => SignatureState::Valid,
            ([Reason::NoTrustedPath], Some(_)) => SignatureState::Untrusted,
            ([Reason::UnsupportedAlgorithm | Reason::NoSignerCertificate | Reason::RevocationUnknown], _) => {
                SignatureState::Unverifiable
            }
            _ => SignatureState::Invalid,
        }
    }

    fn proof(&self) -> Option<ValidSigner> {
        let verified = self.verified.as_ref().filter(|_| self.reasons.is_empty())?;
        let path = self.path.as_ref()?;
        Some(ValidSigner {
            index: self.index,
            certificate: verified.certificate().clone(),
            chain: path.certificates().to_vec(),
            trust: path.anchor().trust,
            content_sha256: verified.content_sha256(),
            timestamp: self.timestamp.time,
            judged_at: self.judged_at,
        })
    }

    fn record(&self, from: Option<&[EmailAddress]>) -> Option<SignerVerdict> {
        let certificate = self.certificate.as_ref()?;
        let algorithm = self.verified.as_ref().map_or("unknown", VerifiedSigner::algorithm);
        let chain = self.path.as_ref().map(TrustedPath::certificates).unwrap_or_default();
        Some(SignerVerdict {
            emails: certificate.emails().to_vec(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            serial: certificate.serial_hex(),
            sha256: certificate.fingerprint(),
            algorithm: algorithm.to_owned(),
            not_after: certificate.not_after(),
            signing_time: self.signing_time,
            address_matches: address_matches(certificate, from),
            chain: chain.iter().map(Certificate::fingerprint).collect(),
            trust: self.path.as_ref().map_or(Trust::None, |path| path.anchor().trust),
            revocation: self.revocation,
        })
    }
}
