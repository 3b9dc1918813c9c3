//! Text out of HTML that exceeds the limits of the parser: tags are cut out one after the other, whatever they are. All text
//! is kept, also that of Legacy Display Elements.

use super::text::{HIDDEN, Writer};

/// Makes text, in time that grows with the source only.
pub(super) fn to_text(source: &str) -> String {
    let mut writer = Rough { writer: Writer::default() };
    let mut rest = source;
    while let Some((text, tag)) = rest.split_once('<') {
        writer.text(text);
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, after)| after)
        } else if tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            let (inside, after) = split_tag(tag);
            writer.tag(inside);
            match HIDDEN.iter().find(|name| **name != "head" && is_element(inside, name)) {
                Some(name) => behind_close(after, name),
                None => after,
            }
        } else {
            writer.text("<");
            tag
        };
    }
    writer.text(rest);
    writer.writer.finish()
}

struct Rough {
    writer: Writer,
}

impl Rough {
    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once('&') {
            self.writer.text(before);
            match character_reference(reference) {
                Some((c, after)) => {
                    self.writer.text(c.encode_utf8(&mut [0; 4]));
                    rest = after;
                }
                None => {
                    self.writer.text("&");
                    rest = reference;
                }
            }
        }
        self.writer.text(rest);
    }

    fn tag(&mut self, inside: &str) {
        let (closing, inside) = match inside.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, inside),
        };
        let name = element_name(inside).to_ascii_lowercase();
        if closing { self.writer.close(&name) } else { self.writer.open(&name) }
    }
}

/// The inside of a tag and what follows it; `>` inside a quoted attribute does not end it.
fn split_tag(tag: &str) -> (&str, &str) {
    let mut quote = None;
    for (index, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => {
                let (inside, rest) = tag.split_at_checked(index).unwrap_or((tag, ""));
                return (inside, rest.strip_prefix('>').unwrap_or(rest));
            }
            (None, '"' | '\'') if tag.get(..index).is_some_and(|before| before.trim_end().ends_with('=')) => {
                quote = Some(c)
            }
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    // Not a tag after all, as no end was found: show nothing of it.
    (tag, "")
}

fn element_name(inside: &str) -> &str {
    let end = inside.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(inside.len());
    inside.get(..end.min(16)).unwrap_or_default()
}

fn is_element(inside: &str, name: &str) -> bool {
    element_name(inside).eq_ignore_ascii_case(name)
}

/// What follows `</name …>`; nothing when it is never closed.
fn behind_close<'a>(text: &'a str, name: &str) -> &'a str {
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once("</") {
        if tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return tag.split_once('>').map_or("", |(_, after)| after);
        }
        rest = tag;
    }
    ""
}

/// A character reference behind its `&`.
fn character_reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let (name, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(';')?;
    let c = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => char::from_u32(u32::from_str_radix(hex, 16).ok()?)?,
            None => char::from_u32(number.parse().ok()?)?,
        },
        None => match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => '\u{a0}',
            "copy" => '©',
            "reg" => '®',
            "euro" => '€',
            "ndash" => '–',
            "mdash" => '—',
            "lsquo" => '‘',
            "rsquo" => '’',
            "ldquo" => '“',
            "rdquo" => '”',
            "hellip" => '…',
            "middot" => '·',
            "bull" => '•',
            "auml" => 'ä',
            "ouml" => 'ö',
            "uuml" => 'ü',
            "Auml" => 'Ä',
            "Ouml" => 'Ö',
            "Uuml" => 'Ü',
            "szlig" => 'ß',
            "eacute" => 'é',
            "egrave" => 'è',
            "agrave" => 'à',
            "ccedil" => 'ç',
            _ => return None,
        },
    };
    Some((if c.is_control() { ' ' } else { c }, rest))
}
