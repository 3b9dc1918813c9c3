//! Structure on which mail programs disagree: what one reads as signed text, another reads as something else.

use mail::part::{Message, Part, is_smime_signature};

use super::layers::is_opaque;

/// Whether programs may find another layer or another signature at the root of `message`, or show another text of it.
/// Attachments are off the way, and may be as odd as they like.
pub(super) fn is_ambiguous(message: &Message) -> bool {
    let root = message.root();
    // RFC 1847 section 2.1: the protocol is that of the signature part; a program may go by either.
    let is_other_protocol = root.content_type == "multipart/signed"
        && root
            .parameter("protocol")
            .is_some_and(|protocol| !is_smime_signature(&protocol.to_ascii_lowercase()));
    is_other_protocol || message.ambiguity_on_path().is_some()
}

/// A signed or encrypted part that is not at the root of `message`: an attachment that is neither opened nor credited.
/// Not looked for inside attached messages.
pub(super) fn has_layer_inside(message: &Message) -> bool {
    let root = message.root();
    root.children.iter().any(|part| is_layer(part, root))
}

fn is_layer(part: &Part, parent: &Part) -> bool {
    if parent.is_message() {
        return false;
    }
    is_opaque(part)
        || part.content_type == "multipart/signed"
        || part.content_type == "multipart/encrypted"
        || part.children.iter().any(|child| is_layer(child, part))
}
