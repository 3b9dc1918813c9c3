//! Address lists (RFC 5322 section 3.4 and 4.4), read so that a hostile list hides nothing: whatever some program
//! might take for a mailbox is reported as one.

use std::iter::Peekable;
use std::str::Chars;

use super::{Mailbox, words};

/// A list that was read.
#[derive(Default)]
pub(crate) struct List {
    pub mailboxes: Vec<Mailbox>,
    /// Programs may disagree on who is named.
    pub ambiguous: bool,
    /// A quoted-string, comment or angle bracket never ends.
    pub is_unterminated: bool,
}

/// One element of the list while it is read.
#[derive(Default)]
struct Item {
    /// Text before the first angle bracket, quoted-strings with their quotes.
    text: String,
    /// What stands in angle brackets.
    angles: Vec<String>,
    /// Text behind the first of them.
    trailing: String,
    comment: String,
}

impl Item {
    fn text(&mut self) -> &mut String {
        if self.angles.is_empty() { &mut self.text } else { &mut self.trailing }
    }
}

/// Reads an address list. Never fails.
pub(crate) fn parse(value: &str) -> List {
    let mut list = List { ambiguous: value.chars().any(|c| c.is_control() && c != '\t'), ..List::default() };
    let mut item = Item::default();
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => list.is_unterminated |= !quoted(&mut chars, item.text()),
            '(' => list.is_unterminated |= !comment(&mut chars, &mut item.comment),
            '<' => {
                let mut inside = String::new();
                list.is_unterminated |= !angle(&mut chars, &mut inside);
                item.angles.push(inside);
            }
            '[' => list.is_unterminated |= !literal(&mut chars, item.text()),
            ',' => list.finish(std::mem::take(&mut item)),
            ';' => {
                list.ambiguous = true;
                list.finish(std::mem::take(&mut item));
            }
            ':' if item.angles.is_empty() => {
                // The name of a group; an address there is somebody's trick.
                list.ambiguous = true;
                if item.text.contains('@') {
                    list.finish(std::mem::take(&mut item));
                }
                item = Item::default();
            }
            '\\' => {
                item.text().push(c);
                item.text().extend(chars.next());
            }
            _ => item.text().push(c),
        }
    }
    list.finish(item);
    list.ambiguous |= list.is_unterminated;
    list
}

impl List {
    fn finish(&mut self, item: Item) {
        let text = item.text.trim();
        let mut angles = item.angles.into_iter();
        let Some(first) = angles.next() else {
            if !text.is_empty() {
                let name = Some(words::decode(&item.comment)).filter(|name| !name.is_empty());
                self.push(name, text);
            }
            return;
        };
        let name =
            [display_name(text), words::decode(&item.comment)].into_iter().find(|name| !name.is_empty());
        self.push(name, without_route(&first));
        for other in angles {
            self.ambiguous = true;
            self.push(None, without_route(&other));
        }
        let trailing = item.trailing.trim();
        self.ambiguous |= !trailing.is_empty();
        if trailing.contains('@') {
            self.push(None, trailing);
        }
    }

    fn push(&mut self, name: Option<String>, address: &str) {
        let (address, gap) = compact(address);
        self.ambiguous |= gap;
        self.mailboxes.push(Mailbox { name, address });
    }
}

/// Copies a quoted-string, its opening quote read, with both quotes. As with the others, the answer tells that it ends.
fn quoted(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    out.push('"');
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '"' => return true,
            '\\' => out.extend(chars.next()),
            _ => {}
        }
    }
    false
}

fn literal(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    out.push('[');
    for c in chars.by_ref() {
        out.push(c);
        if c == ']' {
            return true;
        }
    }
    false
}

/// Reads a comment, its opening parenthesis read; nested ones are part of it.
fn comment(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    let mut depth = 1_usize;
    while let Some(c) = chars.next() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => {
                out.extend(chars.next());
                continue;
            }
            _ => {}
        }
        if depth == 0 {
            return true;
        }
        out.push(c);
    }
    false
}

/// Reads up to the closing angle bracket, without comments.
fn angle(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> bool {
    while let Some(c) = chars.next() {
        let ends = match c {
            '>' => return true,
            '"' => quoted(chars, out),
            '[' => literal(chars, out),
            '(' => comment(chars, &mut String::new()),
            _ => {
                out.push(c);
                true
            }
        };
        if !ends {
            return false;
        }
    }
    false
}

/// The inside of angle brackets without an obsolete route (RFC 5322 section 4.4).
fn without_route(inside: &str) -> &str {
    let inside = inside.trim();
    inside
        .strip_prefix('@')
        .and_then(|route| route.split_once(':'))
        .map_or(inside, |(_, address)| address.trim())
}

/// Takes white space away where the grammar allows it (around `@` and `.`); other runs become one space, so that what
/// is no addr-spec never turns into one; the flag tells that there were such. Quoted-strings stay as they are.
fn compact(text: &str) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    let (mut quoted, mut escaped, mut space) = (false, false, false);
    for c in text.chars() {
        if !quoted && c.is_whitespace() {
            space = true;
            continue;
        }
        if space && !matches!(c, '@' | '.') && !out.ends_with(['@', '.']) && !out.is_empty() {
            out.push(' ');
            gap = true;
        }
        space = false;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        out.push(c);
    }
    (out, gap)
}

/// A phrase without its quotes, encoded-words decoded (also inside quotes, where many programs put them).
fn display_name(phrase: &str) -> String {
    let mut plain = String::with_capacity(phrase.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in phrase.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => {
                escaped = true;
                continue;
            }
            '"' => {
                quoted = !quoted;
                continue;
            }
            _ => {}
        }
        plain.push(if !quoted && c.is_whitespace() { ' ' } else { c });
    }
    words::decode(&plain)
}
