//! HTML of a mail: as text, and as HTML that can be shown.
//!
//! Both are read by the parser of browsers (html5ever), so that what is shown here is what others see. Its time grows with
//! the nesting and with what misplaced elements move, which a sender chooses: what exceeds [`MAX_DEPTH`] or [`MAX_NODES`]
//! is never shown as HTML, and turned into text by a simpler reader.

mod clean;
mod dom;
mod links;
mod rough;
mod text;

use serde::Serialize;

use super::{Message, Part};
use crate::headers::Headers;
use dom::Dom;

/// Deepest nesting of elements that is shown as HTML.
pub const MAX_DEPTH: usize = 128;
/// Most elements, and most pieces of text, of a mail that is shown as HTML.
pub const MAX_NODES: usize = 30_000;

/// Whether what a mail loads from elsewhere may be loaded. It tells the sender that, when and where the mail is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remote {
    /// Left out.
    Blocked,
    /// Pictures from http and https addresses stay: somebody asked for them.
    Allowed,
}

/// HTML that can be shown: an allow-list of elements and attributes, no scripts, styles, forms, frames or addresses of other
/// kinds than http, https, mailto and, for pictures of the same mail, cid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Html {
    /// The body's content.
    pub source: String,
    /// How many pictures were left out because they are loaded from elsewhere.
    pub blocked: usize,
    /// Links that name another place than the one they lead to.
    pub deceptive: Vec<Link>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The place that its text names.
    pub shown: String,
    /// Where it leads.
    pub target: String,
}

/// The shown HTML part, made safe; `None` when there is none, or when it exceeds the limits. The caller decides whether HTML
/// may be shown at all.
pub fn html(message: &Message, remote: Remote) -> Option<Html> {
    let shown = message.body_parts();
    let part = shown.iter().rev().find(|part| part.content_type == "text/html")?;
    let source = message.text(part);
    let dom = Dom::parse(&source).filter(|dom| dom.pieces <= MAX_NODES)?;
    let pictures = message
        .own_leaves()
        .into_iter()
        .filter(|part| is_picture(part))
        .filter_map(Part::content_id)
        .map(str::to_owned);
    let (source, blocked) = clean::clean(&source, pictures.collect(), remote, message.displayed(part));
    Some(Html { source, blocked, deceptive: links::deceptive(&dom) })
}

/// The picture of this message that `cid:` names: never one of an attached message, never a kind that can hold scripts. The
/// caller decides whether HTML may be shown at all.
pub fn inline_picture<'a>(message: &'a Message, content_id: &str) -> Option<&'a Part> {
    let is_it = |part: &&Part| is_picture(part) && part.content_id() == Some(content_id);
    message.own_leaves().into_iter().find(is_it)
}

/// Pictures without scripts: not SVG.
fn is_picture(part: &Part) -> bool {
    matches!(
        part.content_type.as_str(),
        "image/png" | "image/jpeg" | "image/jpg" | "image/gif" | "image/webp" | "image/bmp"
    )
}

/// Makes text: elements go, blocks become lines, what is not text (scripts, styles) is left out. Not a sanitiser: the result
/// is text, never HTML. With `displayed`, elements `<div class="header-protection-legacy-display">` that repeat these fields
/// are left out (RFC 9788 section 4.5.3.3). What styles hide is text: an answer quotes what was seen, and nothing is signed
/// unseen.
pub(super) fn to_text(source: &str, displayed: Option<&Headers>) -> String {
    match Dom::parse(source) {
        Some(dom) => text::of(&dom, displayed),
        None => rough::to_text(source),
    }
}
