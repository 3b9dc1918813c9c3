//! The part tree as a record (`countersign mime --json`).

use serde::Serialize;

use super::transfer::Encoding;
use super::{Defect, Message, Part};

/// One node of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tree {
    /// `type/subtype`, lower case.
    #[serde(rename = "type")]
    pub content_type: String,
    /// Content-Type's charset as written.
    pub charset: Option<String>,
    /// File name.
    pub name: Option<String>,
    /// Octets of the decoded body; 0 for a node with parts.
    pub size: usize,
    /// SHA-256 of the decoded body, as the caller's hash function writes it; none for a node with parts.
    pub sha256: Option<String>,
    /// Parts of a multipart, or the one message in a message/rfc822.
    pub parts: Vec<Tree>,
    /// What is wrong.
    pub defects: Vec<Defect>,
}

/// Messages in base64 or quoted-printable inside each other that are looked into.
const MAX_ENCODED_MESSAGES: usize = 8;

/// The tree of a message. `sha256` gives the hash of octets in the form that is to be shown: this crate has no hash function.
/// A message in base64 or quoted-printable, which only message/global may be (RFC 6532 section 3.5), is looked into.
pub fn tree(message: &Message, sha256: &dyn Fn(&[u8]) -> String) -> Tree {
    node(message, message.root(), sha256, MAX_ENCODED_MESSAGES)
}

fn node(message: &Message, part: &Part, sha256: &dyn Fn(&[u8]) -> String, encoded_left: usize) -> Tree {
    let mut tree = Tree {
        content_type: part.content_type.clone(),
        charset: part.parameter("charset").map(str::to_owned),
        name: part.name.clone(),
        size: 0,
        sha256: None,
        parts: part.children.iter().map(|child| node(message, child, sha256, encoded_left)).collect(),
        defects: part.defects.clone(),
    };
    if !tree.parts.is_empty() {
        return tree;
    }
    let decoded = message.decoded(part);
    let is_encoded = part.is_message() && !Encoding::named(&part.encoding).is_identity();
    let inner = match encoded_left.checked_sub(1).filter(|_| is_encoded) {
        Some(left) => Message::parse(&decoded).ok().map(|inner| node(&inner, inner.root(), sha256, left)),
        None => None,
    };
    match inner {
        Some(inner) => tree.parts.push(inner),
        None => (tree.size, tree.sha256) = (decoded.len(), Some(sha256(&decoded))),
    }
    tree
}
