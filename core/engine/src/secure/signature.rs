//! One signature layer: its content hashed once, however many signers it has.

use std::borrow::Cow;

use mail::part::canonical_crlf;
use smime::Certificate;
use smime::signed::{
    ContentDigests, ContentHasher, SignedContent, SignedData, fitting_signers, right_signers,
};
use smime::verdict::{self, Judgement, Policy, Reason, SignatureState};

use super::{MAX_BARE_SIGNERS, MAX_SIGNERS, SignedPayload};

/// A signature layer at the root.
pub(super) struct SignatureLayer {
    /// What was signed and by whom; `None` when that can't be read.
    pub(super) signed: Option<HashedPayload>,
    /// Content_ambiguous, or the structure can't be read.
    pub(super) fault: Option<Reason>,
}

/// A payload with the digests that its signers need.
pub(super) struct HashedPayload {
    pub(super) payload: SignedPayload,
    digests: ContentDigests,
}

/// What an outer signature layer does to a mail.
pub(super) enum Outer {
    /// It is valid, whoever signed.
    Valid,
    /// Nobody trusted stands for it, or it can't be checked.
    NotValid,
    /// It is wrong, and so is the mail: it is not what was signed.
    Wrong(Vec<Reason>),
}

impl SignatureLayer {
    pub(super) fn malformed() -> Self {
        SignatureLayer { signed: None, fault: Some(Reason::Malformed) }
    }

    pub(super) fn new(payload: SignedPayload, digests: ContentDigests, fault: Option<Reason>) -> Self {
        SignatureLayer { signed: Some(HashedPayload { payload, digests }), fault }
    }

    /// At least one signer's signature is mathematically right over the content.
    pub(super) fn is_authentic(&self, helpers: &[Certificate]) -> bool {
        let is_right =
            |hashed: &HashedPayload| right_signers(&hashed.payload.signed, hashed.content(), helpers) > 0;
        self.fault.is_none() && self.signed.as_ref().is_some_and(is_right)
    }

    /// The verdict on this layer when another signature lies inside it. Its signer may be anybody, a list for example
    /// (RFC 2634 section 1.1), so that no address is compared.
    pub(super) fn as_outer(&self, policy: &Policy<'_>) -> Outer {
        let hashed = match (&self.signed, self.fault) {
            (_, Some(reason)) => return Outer::Wrong(vec![reason]),
            (None, None) => return Outer::Wrong(vec![Reason::Malformed]),
            (Some(hashed), None) => hashed,
        };
        let verdict = hashed.judge(None, policy).signature;
        let is_wrong = |reason: &Reason| {
            matches!(
                reason,
                Reason::DigestMismatch
                    | Reason::BadSignature
                    | Reason::AttributesInvalid
                    | Reason::ContentAmbiguous
                    | Reason::Malformed
            )
        };
        let wrong: Vec<Reason> = verdict.reasons.iter().copied().filter(is_wrong).collect();
        match (verdict.state, wrong.is_empty()) {
            (SignatureState::Valid | SignatureState::None, _) => Outer::Valid,
            (_, true) => Outer::NotValid,
            (_, false) => Outer::Wrong(wrong),
        }
    }
}

impl HashedPayload {
    fn content(&self) -> SignedContent<'_> {
        SignedContent::Hashed { octets: self.payload.content(), digests: &self.digests }
    }

    pub(super) fn judge(&self, from: Option<&[smime::EmailAddress]>, policy: &Policy<'_>) -> Judgement {
        verdict::judge_content(&self.payload.signed, self.content(), from, policy)
    }
}

/// How many signers of a mail are still looked at.
pub(super) struct SignersLeft {
    all: usize,
    /// Without signed attributes: some of their algorithms read the whole content for each.
    bare: usize,
}

impl SignersLeft {
    pub(super) fn new() -> Self {
        SignersLeft { all: MAX_SIGNERS, bare: MAX_BARE_SIGNERS }
    }

    /// Takes the signers of one layer; false when they are too many.
    pub(super) fn take(&mut self, signed: &SignedData) -> bool {
        let signers = signed.signers();
        let bare = signers.iter().filter(|signer| signer.signed_attributes_der().is_none()).count();
        let left = (self.all.checked_sub(signers.len()), self.bare.checked_sub(bare));
        let (Some(all), Some(bare)) = left else { return false };
        *self = SignersLeft { all, bare };
        true
    }
}

/// The digests that the signers of `signed` need, in one pass over `content`.
pub(super) fn digests(signed: &SignedData, content: &[u8]) -> ContentDigests {
    let mut hasher = ContentHasher::for_signers(signed);
    hasher.update(content);
    hasher.finish()
}

/// The octets that a detached signature is about, with their digests. Signers sign canonical line ends (RFC 8551 section
/// 3.1.1), but some sign binary parts as they are: the octets as received count, unless more signatures fit their canonical
/// form. What is shown is read from the same octets.
pub(super) fn signed_octets(
    signed: &SignedData,
    received: Vec<u8>,
    helpers: &[Certificate],
) -> (Vec<u8>, ContentDigests) {
    let fitting = |octets: &[u8], digests: &ContentDigests| {
        fitting_signers(signed, SignedContent::Hashed { octets, digests }, helpers)
    };
    let as_received = digests(signed, &received);
    let Cow::Owned(canonical) = canonical_crlf(&received) else { return (received, as_received) };
    let fit = fitting(&received, &as_received);
    if fit == signed.signers().len() {
        return (received, as_received);
    }
    let in_canonical_form = digests(signed, &canonical);
    if fitting(&canonical, &in_canonical_form) > fit {
        (canonical, in_canonical_form)
    } else {
        (received, as_received)
    }
}
