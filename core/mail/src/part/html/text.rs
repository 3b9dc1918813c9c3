//! Text out of HTML.

use super::dom::{Dom, Kind, Visit};
use crate::headers::Headers;
use crate::part::legacy;

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
/// The class of a Legacy Display Element (RFC 9788 section 5.2.3).
const LEGACY_DISPLAY: &str = "header-protection-legacy-display";
/// Elements that may stand in one: they show nothing but their text.
pub(super) const PLAIN: [&str; 8] = ["pre", "p", "div", "br", "b", "strong", "span", "tt"];

fn is_display(visit: &Visit<'_>) -> bool {
    visit
        .attribute("class")
        .is_some_and(|class| class.split_ascii_whitespace().any(|found| found == LEGACY_DISPLAY))
}

/// The text of a document, without Legacy Display Elements that repeat the `displayed` fields.
pub(super) fn of(dom: &Dom, displayed: Option<&Headers>) -> String {
    let mut writer = Writer::default();
    let mut open: Option<Display> = None;
    dom.walk(&mut |visit| match &visit {
        Visit::Enter(Kind::Text(text)) => {
            writer.text(text);
            open.iter_mut().for_each(|display| display.text.text(text));
            true
        }
        Visit::Enter(Kind::Element { name, .. }) => {
            let local = &*name.local;
            let is_left_out = HIDDEN.contains(&local);
            match &mut open {
                Some(display) => display.enter(local, !is_left_out),
                None if displayed.is_some() && local == "div" && is_display(&visit) => {
                    open = Some(Display::begin(&writer));
                }
                None => {}
            }
            if !is_left_out {
                writer.open(local);
            }
            !is_left_out
        }
        Visit::Leave(Kind::Element { name, .. }) => {
            writer.close(&name.local);
            if open.as_mut().is_some_and(|display| display.leave(&name.local)) {
                let display = open.take().zip(displayed);
                if let Some(start) = display.and_then(|(display, fields)| display.start_of_copy(fields)) {
                    writer.rewind(start);
                }
            }
            true
        }
        _ => true,
    });
    writer.finish()
}

/// A Legacy Display Element while it is read.
struct Display {
    /// Where the text was before it.
    start: Mark,
    /// Its own text.
    text: Writer,
    /// Elements that are open in it, and itself.
    depth: usize,
    /// It holds nothing that shows something else than text.
    is_plain: bool,
}

impl Display {
    fn begin(writer: &Writer) -> Self {
        Self { start: writer.mark(), text: Writer::default(), depth: 1, is_plain: true }
    }

    fn enter(&mut self, name: &str, is_followed: bool) {
        self.is_plain &= PLAIN.contains(&name);
        self.depth += usize::from(is_followed);
        self.text.open(name);
    }

    /// Whether that was its own end.
    fn leave(&mut self, name: &str) -> bool {
        self.text.close(name);
        self.depth -= 1;
        self.depth == 0
    }

    /// Where it began, when it is a copy of the fields.
    fn start_of_copy(self, fields: &Headers) -> Option<Mark> {
        let is_copy = self.is_plain && legacy::repeated(fields, &self.text.finish()).is_some();
        is_copy.then_some(self.start)
    }
}

/// A place in a text that is written.
#[derive(Clone, Copy)]
struct Mark {
    octets: usize,
    space: bool,
    pre: usize,
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
    fn mark(&self) -> Mark {
        Mark { octets: self.out.len(), space: self.space, pre: self.pre }
    }

    /// Takes back what was written since.
    fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.octets);
        (self.space, self.pre) = (mark.space, mark.pre);
    }

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
