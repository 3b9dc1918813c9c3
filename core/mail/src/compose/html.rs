//! The Legacy Display Element in HTML.

/// Puts the lines as first child of `<body>` (RFC 9788 section 5.2.3); without a body tag, where the body would begin.
pub(super) fn with_legacy_display(source: &str, lines: &str) -> String {
    let escaped =
        lines.trim_end_matches('\n').replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let element = format!("<div class=\"header-protection-legacy-display\"><pre>{escaped}</pre></div>");
    let (before, after) = source.split_at_checked(body_start(source)).unwrap_or(("", source));
    format!("{before}{element}{after}")
}

/// The offset just behind the start tag of body; else behind `</head>`, `<html …>` or the document type; else 0.
fn body_start(source: &str) -> usize {
    let mut best = 0;
    let mut position = 0;
    while let Some(rest) = source.get(position..)
        && let Some(found) = rest.find('<')
    {
        let start = position + found;
        let Some(tag) = source.get(start..) else { break };
        if tag.starts_with("<!--") {
            position = start + tag.find("-->").map_or(tag.len(), |end| end + 3);
            continue;
        }
        let end = start + tag_length(tag);
        match tag_name(tag).as_str() {
            "body" => return end,
            "/head" | "html" | "!doctype" => best = end,
            "head" | "title" | "/title" | "meta" | "link" | "base" => {}
            name @ ("style" | "script") => {
                position = start + raw_text_end(tag, name);
                continue;
            }
            // Content has begun: a later `<body` is not where the reader starts.
            _ => return best,
        }
        position = end;
    }
    best
}

fn tag_name(tag: &str) -> String {
    let name = tag.strip_prefix('<').unwrap_or(tag);
    let end = name.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(name.len());
    name.get(..end.min(16)).unwrap_or_default().to_ascii_lowercase()
}

/// Length of a tag; a `>` inside a quoted attribute does not end it.
fn tag_length(tag: &str) -> usize {
    let mut quote = None;
    for (index, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return index + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    tag.len()
}

fn raw_text_end(tag: &str, name: &str) -> usize {
    let close = format!("</{name}");
    tag.as_bytes()
        .windows(close.len())
        .position(|window| window.eq_ignore_ascii_case(close.as_bytes()))
        .unwrap_or(tag.len())
}
