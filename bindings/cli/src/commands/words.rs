//! Codes of verdicts, and what they mean in words (docs/protocols/verdict.md).

use client::{Need, NeedKind, Reason, Revocation, Trust, Warning};

use crate::output::line;

pub(super) fn code<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

pub(super) fn codes<T: serde::Serialize>(values: &[T]) -> String {
    values.iter().map(code).collect::<Vec<_>>().join(", ")
}

/// Why a signer is trusted. Nothing but `--trust` and `--default-roots` makes anybody trusted here.
pub(super) fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::None => "not trusted",
        Trust::PublicCa => "trusted through --default-roots",
        Trust::Met | Trust::Organisation | Trust::Pinned => "trusted through --trust",
    }
}

/// A revocation status.
pub(super) fn revocation(state: Revocation) -> &'static str {
    match state {
        Revocation::Good => "no",
        Revocation::Revoked => "yes",
        Revocation::Unknown => "unknown",
        Revocation::NotChecked => "not checked",
    }
}

/// Says what would help, where it lies, and how it is given.
pub(super) fn needs(needs: &[Need]) {
    for need in needs {
        let option = match need.kind {
            NeedKind::Issuer => "--untrusted",
            NeedKind::Crl | NeedKind::DeltaCrl => "--crl",
            NeedKind::Ocsp => "--ocsp",
        };
        say!("Needs:      {} {} (give its answer with {option})", code(&need.kind), line(&need.url));
    }
}

/// Prints a line for each reason.
pub(super) fn reasons(reasons: &[Reason]) {
    for reason in reasons {
        say!("  because:  {} ({})", because(*reason), code(reason));
    }
}

/// All reasons in one sentence.
pub(super) fn why(reasons: &[Reason]) -> String {
    let why = reasons.iter().map(|reason| format!("{} ({})", because(*reason), code(reason)));
    why.collect::<Vec<_>>().join("; ")
}

/// Why a signature, a certificate or a timestamp does not hold.
fn because(reason: Reason) -> &'static str {
    match reason {
        Reason::DigestMismatch => "the content is not what was signed: it was changed",
        Reason::BadSignature => "the signature does not verify under the signer's certificate",
        Reason::Expired => "a certificate had expired",
        Reason::NotYetValid => "a certificate was not valid yet",
        Reason::Revoked => "a certificate was revoked",
        Reason::WrongKeyUsage => "a certificate is not for this use of its key",
        Reason::WrongExtendedKeyUsage => "a certificate is not for this purpose",
        Reason::AddressMismatch => "the sender's address is not in the signer's certificate",
        Reason::WeakDigest => "a digest is too weak (MD5 or SHA-1)",
        Reason::WeakKey => "a key is too short",
        Reason::NoSignerCertificate => "the signer's certificate is missing: give it with --untrusted",
        Reason::ContentAmbiguous => "it holds another content than the one it stands beside",
        Reason::StructureAmbiguous => "programs may show another text than the one that was signed",
        Reason::AttributesInvalid => "its signed attributes are missing, double or contradictory",
        Reason::UnsupportedAlgorithm => "its algorithm is not known here",
        Reason::NoTrustedPath => {
            "no trusted certificate vouches for it: give its CA with --trust, those between with --untrusted"
        }
        Reason::NameConstraints => "a CA vouches for a name that it may not vouch for",
        Reason::PathConstraints => "a certificate was issued by one that may not issue it",
        Reason::PolicyConstraints => "no policy of the certificates is acceptable",
        Reason::InvalidCertificate => "a certificate is malformed, or demands something unknown",
        Reason::Malformed => "it can't be read",
        Reason::ImprintMismatch => "it stamps other data",
        Reason::FutureTime => "it is of the future",
        Reason::RevocationUnknown => "whether a certificate was revoked can't be told",
    }
}

/// What a reader of a mail should be told.
pub(super) fn warning(warning: Warning) -> &'static str {
    match warning {
        Warning::FromMultiple => "From names several senders.",
        Warning::FromAmbiguous => "Programs disagree on whom From names.",
        Warning::FromMissing => "Nobody is named in From.",
        Warning::FromMalformed => "From is not an address.",
        Warning::FromNotBelieved => {
            "The protected From has no valid signature of its owner: the one outside is shown."
        }
        Warning::DisplayNameImitatesAddress => "The sender's name holds another address than the sender's.",
        Warning::FromLookAlike => "The sender's address or name looks like another one.",
        Warning::OuterChanged => "A header field outside is not what the sender put there.",
        Warning::SenderDiffers => "Sender is another address than From.",
        Warning::ReplyToDiffers => "Answers go to another address than From.",
        Warning::DuplicateFields => {
            "A header field that may stand once stands twice: programs show different ones."
        }
        Warning::NotAddressedToYou => "The protected To and Cc name others only.",
        Warning::StructureAmbiguous => {
            "Programs may show another text of this mail: nothing of it is credited."
        }
        Warning::NoIntegrity => "What was decrypted may have been changed on the way.",
        Warning::SignedOutsideEncryption => {
            "The signature is around the encryption: its signer need not know the content."
        }
        Warning::SeveralSignatureLayers => {
            "There are several signatures around each other: the innermost was judged."
        }
        Warning::OuterSignatureNotValid => {
            "A signature around the one that was judged is not valid by itself."
        }
        Warning::UnknownSecondSignature => "A second signature of the signer is of an unknown algorithm.",
        Warning::TooManyLayers => "There are more layers of signatures and encryptions than are opened.",
        Warning::UnsupportedLayer => {
            "A layer is of a kind that is not opened (compressed, or certificates only)."
        }
        Warning::LayerNotAtRoot => {
            "A signed or encrypted part lies deeper in the mail: it is an attachment, neither opened nor credited."
        }
    }
}
