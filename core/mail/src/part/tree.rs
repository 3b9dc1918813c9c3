//! The part tree as a record (`countersign mime --json`).

use serde::Serialize;

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

/// The tree of a message. `sha256` gives the hash of octets in the form that is to be shown: this crate has no hash function.
pub fn tree(message: &Message, sha256: &dyn Fn(&[u8]) -> String) -> Tree {
    node(message, message.root(), sha256)
}

fn node(message: &Message, part: &Part, sha256: &dyn Fn(&[u8]) -> String) -> Tree {
    let leaf = part.children.is_empty();
    let decoded = if leaf { message.decoded(part) } else { Default::default() };
    Tree {
        content_type: part.content_type.clone(),
        charset: part.parameter("charset").map(str::to_owned),
        name: part.name.clone(),
        size: decoded.len(),
        sha256: leaf.then(|| sha256(&decoded)),
        parts: part.children.iter().map(|child| node(message, child, sha256)).collect(),
        defects: part.defects.clone(),
    }
}
