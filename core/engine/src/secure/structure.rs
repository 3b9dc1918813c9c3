//! Structure on which mail programs disagree: what one reads as signed text, another reads as something else.

use mail::part::{Defect, Message, Part};

use super::layers::{is_opaque, is_signature_part, is_signature_type};

/// Whether programs may find another layer at the root of `message`, or another signature in it.
pub(super) fn is_layer_ambiguous(message: &Message) -> bool {
    let root = message.root();
    // RFC 1847 section 2.1: the protocol is that of the signature part; a program may go by either.
    let is_other_protocol = root.content_type == "multipart/signed"
        && root
            .parameter("protocol")
            .is_some_and(|protocol| !is_signature_type(&protocol.to_ascii_lowercase()));
    is_other_protocol
        || is_ambiguous(root)
        || root.children.iter().filter(|part| is_signature_part(part)).any(is_ambiguous)
}

/// Whether programs may show another text: a defect between the root and one of the parts that are shown.
pub(super) fn is_body_ambiguous(message: &Message) -> bool {
    let shown = message.body_parts();
    leads_to_ambiguous(message.root(), &shown)
}

/// A part that is not shown, and leads to none that is, spoils nothing: an attachment may be as odd as it likes.
fn leads_to_ambiguous(part: &Part, shown: &[&Part]) -> bool {
    contains(part, shown)
        && (is_ambiguous(part) || part.children.iter().any(|child| leads_to_ambiguous(child, shown)))
}

fn contains(part: &Part, shown: &[&Part]) -> bool {
    shown.iter().any(|other| part.entity.start <= other.entity.start && other.entity.end <= part.entity.end)
}

fn is_ambiguous(part: &Part) -> bool {
    let count = |name: &str| part.fields.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)).count();
    let is_doubled = ["content-type", "content-transfer-encoding", "content-disposition", "mime-version"]
        .iter()
        .any(|name| count(name) > 1);
    let boundaries = part.parameters.iter().filter(|(name, _)| name == "boundary").count();
    let has_defect = part.defects.iter().any(|defect| {
        matches!(
            defect,
            Defect::MissingBoundary | Defect::UnclosedMultipart | Defect::BadHeader | Defect::TooDeep
        )
    });
    is_doubled || boundaries > 1 || has_defect
}

/// A signed or encrypted part that is not at the root of `message`: an attachment that is neither opened nor credited.
/// Not looked for inside attached messages.
pub(super) fn has_layer_inside(message: &Message) -> bool {
    let root = message.root();
    root.children.iter().any(|part| is_layer(part, root))
}

fn is_layer(part: &Part, parent: &Part) -> bool {
    if matches!(parent.content_type.as_str(), "message/rfc822" | "message/global") {
        return false;
    }
    is_opaque(part)
        || part.content_type == "multipart/signed"
        || part.content_type == "multipart/encrypted"
        || part.children.iter().any(|child| is_layer(child, part))
}
