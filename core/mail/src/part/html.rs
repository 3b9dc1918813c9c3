//! Text out of HTML, for mail that has no plain text. Not a sanitiser: the result is text, never HTML.

/// Elements whose content is not text.
const HIDDEN: [&str; 5] = ["script", "style", "title", "template", "noscript"];
/// Elements that start a new line.
const BLOCKS: [&str; 21] = [
    "br",
    "p",
    "div",
    "tr",
    "li",
    "ul",
    "ol",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "pre",
    "hr",
    "section",
    "article",
    "header",
    "footer",
];
const LEGACY_DISPLAY: &str = "header-protection-legacy-display";

struct Writer {
    out: String,
    space: bool,
    /// Depth of `<pre>`.
    pre: usize,
    /// Depth of `<div>` inside a Legacy Display Element that is left out.
    hidden_divs: usize,
}

/// Makes text: tags go, blocks become lines, character references are decoded. With `strip_display`, elements
/// `<div class="header-protection-legacy-display">` are left out (RFC 9788 section 4.5.3.3).
pub(super) fn to_text(source: &str, strip_display: bool) -> String {
    let mut writer =
        Writer { out: String::with_capacity(source.len() / 2), space: false, pre: 0, hidden_divs: 0 };
    let mut rest = source;
    while let Some((text, tag)) = rest.split_once('<') {
        writer.text(text);
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->").map_or("", |(_, after)| after)
        } else if tag.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            let (inside, after) = split_tag(tag);
            writer.tag(inside, strip_display);
            match HIDDEN.iter().find(|name| is_element(inside, name)) {
                Some(name) => behind_close(after, name),
                None => after,
            }
        } else {
            writer.text("<");
            tag
        };
    }
    writer.text(rest);
    writer.out.trim().to_owned()
}

impl Writer {
    fn text(&mut self, text: &str) {
        if self.hidden_divs > 0 {
            return;
        }
        let mut rest = text;
        while let Some((before, reference)) = rest.split_once('&') {
            before.chars().for_each(|c| self.char(c));
            match character_reference(reference) {
                Some((c, after)) => {
                    self.literal(c);
                    rest = after;
                }
                None => {
                    self.literal('&');
                    rest = reference;
                }
            }
        }
        rest.chars().for_each(|c| self.char(c));
    }

    fn char(&mut self, c: char) {
        if self.pre > 0 && c == '\n' {
            self.newline();
        } else if self.pre == 0 && c.is_whitespace() && c != '\u{a0}' {
            self.space = true;
        } else {
            self.literal(c);
        }
    }

    fn literal(&mut self, c: char) {
        if self.space && !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push(' ');
        }
        self.space = false;
        self.out.push(if c == '\u{a0}' { ' ' } else { c });
    }

    /// At most one empty line in a row.
    fn newline(&mut self) {
        self.space = false;
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn tag(&mut self, inside: &str, strip_display: bool) {
        let (closing, inside) = match inside.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, inside),
        };
        if is_element(inside, "div") {
            let starts = strip_display && !closing && has_class(inside, LEGACY_DISPLAY);
            if self.hidden_divs > 0 || starts {
                self.hidden_divs = if closing { self.hidden_divs - 1 } else { self.hidden_divs + 1 };
                return;
            }
        }
        if self.hidden_divs > 0 {
            return;
        }
        if is_element(inside, "pre") {
            self.pre = if closing { self.pre.saturating_sub(1) } else { self.pre + 1 };
        }
        let is_break = is_element(inside, "br");
        if is_break || (BLOCKS.iter().any(|name| is_element(inside, name)) && !self.out.ends_with('\n')) {
            self.newline();
        } else if is_element(inside, "td") || is_element(inside, "th") {
            self.space = true;
        }
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

fn is_element(inside: &str, name: &str) -> bool {
    let end = inside.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(inside.len());
    inside.get(..end).is_some_and(|found| found.eq_ignore_ascii_case(name))
}

fn has_class(inside: &str, class: &str) -> bool {
    inside.split_once("class").is_some_and(|(_, value)| {
        let value = value.trim_start().strip_prefix('=').unwrap_or_default().trim_start();
        let classes = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value.split(quote).nth(1).unwrap_or_default(),
            _ => value.split([' ', '>']).next().unwrap_or_default(),
        };
        classes.split_ascii_whitespace().any(|found| found == class)
    })
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
