//! Words for the codes of a verdict (docs/protocols/verdict.md): every one has its own.

use engine::secure::Warning;
use smime::verdict::Reason;

use super::Text;

/// Why a signature or a timestamp does not hold.
pub(super) fn reason_text(reason: Reason) -> Text {
    Text::new(match reason {
        Reason::DigestMismatch => "vr_digest_mismatch",
        Reason::BadSignature => "vr_bad_signature",
        Reason::Expired => "vr_expired",
        Reason::NotYetValid => "vr_not_yet_valid",
        Reason::Revoked => "vr_revoked",
        Reason::WrongKeyUsage => "vr_wrong_key_usage",
        Reason::WrongExtendedKeyUsage => "vr_wrong_extended_key_usage",
        Reason::AddressMismatch => "vr_address_mismatch",
        Reason::WeakDigest => "vr_weak_digest",
        Reason::WeakKey => "vr_weak_key",
        Reason::NoSignerCertificate => "vr_no_signer_certificate",
        Reason::ContentAmbiguous => "vr_content_ambiguous",
        Reason::StructureAmbiguous => "vr_structure_ambiguous",
        Reason::AttributesInvalid => "vr_attributes_invalid",
        Reason::UnsupportedAlgorithm => "vr_unsupported_algorithm",
        Reason::NoTrustedPath => "vr_no_trusted_path",
        Reason::NameConstraints => "vr_name_constraints",
        Reason::PathConstraints => "vr_path_constraints",
        Reason::PolicyConstraints => "vr_policy_constraints",
        Reason::InvalidCertificate => "vr_invalid_certificate",
        Reason::Malformed => "vr_malformed",
        Reason::ImprintMismatch => "vr_imprint_mismatch",
        Reason::FutureTime => "vr_future_time",
        Reason::RevocationUnknown => "vr_revocation_unknown",
    })
}

/// What a reader should be told.
pub(super) fn warning_text(warning: Warning) -> Text {
    Text::new(match warning {
        Warning::FromMultiple => "vw_from_multiple",
        Warning::FromAmbiguous => "vw_from_ambiguous",
        Warning::FromMissing => "vw_from_missing",
        Warning::FromMalformed => "vw_from_malformed",
        Warning::FromNotBelieved => "vw_from_not_believed",
        Warning::DisplayNameImitatesAddress => "vw_display_name_imitates_address",
        Warning::FromLookAlike => "vw_from_look_alike",
        Warning::OuterChanged => "vw_outer_changed",
        Warning::SenderDiffers => "vw_sender_differs",
        Warning::ReplyToDiffers => "vw_reply_to_differs",
        Warning::DuplicateFields => "vw_duplicate_fields",
        Warning::NotAddressedToYou => "vw_not_addressed_to_you",
        Warning::StructureAmbiguous => "vw_structure_ambiguous",
        Warning::NoIntegrity => "vw_no_integrity",
        Warning::SignedOutsideEncryption => "vw_signed_outside_encryption",
        Warning::SeveralSignatureLayers => "vw_several_signature_layers",
        Warning::OuterSignatureNotValid => "vw_outer_signature_not_valid",
        Warning::UnknownSecondSignature => "vw_unknown_second_signature",
        Warning::TooManyLayers => "vw_too_many_layers",
        Warning::UnsupportedLayer => "vw_unsupported_layer",
        Warning::LayerNotAtRoot => "vw_layer_not_at_root",
    })
}
