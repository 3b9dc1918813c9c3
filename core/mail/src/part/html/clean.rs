//! HTML that can be shown: the allow-list, over ammonia.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ammonia::{Builder, UrlRelative};

use super::text::PLAIN;
use super::{Remote, to_text};
use crate::headers::Headers;
use crate::part::legacy;

/// Elements that stay: text, its structure, tables, pictures, links.
const ELEMENTS: [&str; 60] = [
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];
/// Further ones.
const MORE_ELEMENTS: [&str; 5] = ["u", "tt", "var", "strike", "wbr"];
/// Elements that go with everything inside them.
const WITH_CONTENT: [&str; 20] = [
    "script",
    "style",
    "title",
    "template",
    "noscript",
    "noembed",
    "noframes",
    "iframe",
    "object",
    "applet",
    "svg",
    "math",
    "textarea",
    "select",
    "xmp",
    "plaintext",
    "audio",
    "video",
    "canvas",
    "frameset",
];
/// Attributes that every element may have. No style, class or id: what a mail looks like must not depend on who reads it.
const ATTRIBUTES: [&str; 8] = ["align", "valign", "dir", "lang", "title", "width", "height", "bgcolor"];
/// Attributes of one element.
const OF_ELEMENT: [(&str, &[&str]); 9] = [
    ("a", &["href"]),
    ("img", &["src", "alt"]),
    ("table", &["border", "cellpadding", "cellspacing"]),
    ("td", &["colspan", "rowspan"]),
    ("th", &["colspan", "rowspan", "scope"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("ol", &["start", "type"]),
    ("font", &["color", "size", "face"]),
];
const LEGACY_DISPLAY: &str = "<div class=\"header-protection-legacy-display\">";

/// The safe form, and how many pictures from elsewhere were left out.
pub(super) fn clean(
    source: &str,
    pictures: BTreeSet<String>,
    remote: Remote,
    displayed: Option<&Headers>,
) -> (String, usize) {
    let blocked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&blocked);
    let mut builder = Builder::empty();
    builder
        .tags(ELEMENTS.into_iter().chain(MORE_ELEMENTS).collect())
        .clean_content_tags(HashSet::from(WITH_CONTENT))
        .generic_attributes(HashSet::from(ATTRIBUTES))
        .tag_attributes(
            OF_ELEMENT
                .iter()
                .map(|(element, names)| (*element, names.iter().copied().collect()))
                .collect::<HashMap<&str, HashSet<&str>>>(),
        )
        .url_schemes(HashSet::from(["http", "https", "mailto", "cid"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") => picture(value, &pictures, remote, &count).map(Cow::Borrowed),
            (_, "href") => leads_out(value).then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    if displayed.is_some() {
        builder
            .allowed_classes(HashMap::from([("div", HashSet::from(["header-protection-legacy-display"]))]));
    }
    let clean = builder.clean(source).to_string();
    let clean = match displayed {
        Some(fields) => without_display(&clean, fields),
        None => clean,
    };
    (clean, blocked.load(Ordering::Relaxed))
}

/// A picture's address that may stay.
fn picture<'a>(
    address: &'a str,
    own: &BTreeSet<String>,
    remote: Remote,
    blocked: &AtomicUsize,
) -> Option<&'a str> {
    let scheme = scheme(address)?;
    match (scheme.as_str(), remote) {
        ("cid", _) => address.get(4..).filter(|id| own.contains(&percent_decoded(id))).map(|_| address),
        ("http" | "https", Remote::Allowed) => Some(address),
        ("http" | "https", Remote::Blocked) => {
            blocked.fetch_add(1, Ordering::Relaxed);
            None
        }
        _ => None,
    }
}

/// A link leads out of the mail or writes one, never to a part of the mail.
fn leads_out(address: &str) -> bool {
    matches!(scheme(address).as_deref(), Some("http" | "https" | "mailto"))
}

fn scheme(address: &str) -> Option<String> {
    address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase())
}

/// RFC 2392: a Content-ID is percent-encoded in its URL.
fn percent_decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        let ahead = rest.clone();
        let digits = (octet == b'%').then(|| (rest.next(), rest.next()));
        match digits.and_then(|(high, low)| crate::headers::words::hex_pair(high, low)) {
            Some(decoded) => octets.push(decoded),
            None => {
                rest = ahead;
                octets.push(octet);
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Leaves out Legacy Display Elements (RFC 9788 section 4.5.3.3) that are copies of the fields, in the output of the
/// sanitiser, in which every `<` begins a tag and every element is closed.
fn without_display(clean: &str, fields: &Headers) -> String {
    let mut out = String::with_capacity(clean.len());
    let mut rest = clean;
    while let Some((before, element)) = rest.split_once(LEGACY_DISPLAY) {
        out.push_str(before);
        rest = behind_div(element);
        let inside = element.strip_suffix(rest).unwrap_or(element);
        let content = inside.strip_suffix("</div>").unwrap_or(inside);
        if !is_copy(content, fields) {
            out.push_str("<div>");
            out.push_str(inside);
        }
    }
    out.push_str(rest);
    out.replace(LEGACY_DISPLAY, "<div>").replace("<div class=\"\">", "<div>")
}

fn is_copy(content: &str, fields: &Headers) -> bool {
    let is_plain = |tag: &str| {
        let name = tag.split_once('>').map_or(tag, |(name, _)| name);
        PLAIN.contains(&name.trim_start_matches('/'))
    };
    content.len() <= legacy::MAX_OCTETS
        && content.split('<').skip(1).all(is_plain)
        && legacy::repeated(fields, &to_text(content, None)).is_some()
}

/// What follows the end of a div whose start was read.
fn behind_div(inside: &str) -> &str {
    let mut depth = 1_usize;
    let mut rest = inside;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = tag;
        if let Some(after) = tag.strip_prefix("/div>") {
            depth -= 1;
            rest = after;
        } else if tag.starts_with("div>") || tag.starts_with("div ") {
            depth += 1;
        }
        if depth == 0 {
            return rest;
        }
    }
    ""
}
