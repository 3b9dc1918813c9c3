//! Text out of HTML.

use super::dom::{Dom, Kind, Visit};

/// Elements whose content is not text.
pub(super) const HIDDEN: [&str; 9] =
    ["script", "style", "title", "template", "noscript", "head", "iframe", "noembed", "noframes"];
/// Elements that start a new line.
const BLOCKS: [&str; 23] = [
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
    "dl",
    "dt",
    "dd",
];
const LEGACY_DISPLAY: &str = "header-protection-legacy-display";

/// Whether a class attribute marks a Legacy Display Element.
pub(super) fn is_legacy_display(class: &str) -> bool {
    class.split_ascii_whitespace().any(|found| found == LEGACY_DISPLAY)
}

/// The text of a document.
pub(super) fn of(dom: &Dom, strip_display: bool) -> String {
    let mut writer = Writer::default();
    dom.walk(&mut |visit| match visit {
        Visit::Enter(Kind::Text(text)) => {
            writer.text(text);
            true
        }
        Visit::Enter(Kind::Element { name, .. }) => {
            let local = &*name.local;
            let is_left_out = HIDDEN.contains(&local)
                || strip_display && local == "div" && visit.attribute("class").is_some_and(is_legacy_display);
            if !is_left_out {
                writer.open(local);
            }
            !is_left_out
        }
        Visit::Leave(Kind::Element { name, .. }) => {
            writer.close(&name.local);
            true
        }
        _ => true,
    });
    writer.finish()
}

/// Lays text out in lines.
#[derive(Default)]
pub(super) struct Writer {
    out: String,
    space: bool,
    /// Depth of `<pre>`.
    pre: usize,
}

impl Writer {
    pub(super) fn finish(self) -> String {
        self.out.trim().to_owned()
    }

    /// Text whose character references are decoded.
    pub(super) fn text(&mut self, text: &str) {
        text.chars().for_each(|c| self.char(c));
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
        self.out.push(match c {
            '\u{a0}' => ' ',
            c if c.is_control() && c != '\t' => ' ',
            c => c,
        });
    }

    /// At most one empty line in a row.
    fn newline(&mut self) {
        self.space = false;
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn open(&mut self, name: &str) {
        if name == "pre" {
            self.pre += 1;
        }
        self.edge(name);
    }

    pub(super) fn close(&mut self, name: &str) {
        if name == "pre" {
            self.pre = self.pre.saturating_sub(1);
        }
        if name != "br" {
            self.edge(name);
        }
    }

    fn edge(&mut self, name: &str) {
        if name == "br" || (BLOCKS.contains(&name) && !self.out.ends_with('\n')) {
            self.newline();
        } else if matches!(name, "td" | "th") {
            self.space = true;
        }
    }
}
