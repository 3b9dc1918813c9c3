//! target/demo/index.html: the story of one run on one page that needs nothing else.

use std::fmt::Write;

use data_encoding::BASE64;

/// The page in the making.
#[derive(Debug, Default)]
pub struct Page {
    body: String,
    index: String,
    open: bool,
}

impl Page {
    /// Begins the section of step `number`.
    pub fn step(&mut self, number: usize, title: &str, what: &str) {
        self.close();
        self.open = true;
        let title = escape(title);
        // A write to a String does not fail.
        let _ = write!(self.index, "<li><a href=\"#step{number}\">{title}</a></li>");
        let _ = write!(
            self.body,
            "<section id=\"step{number}\"><h2><span>{number}</span>{title}</h2><p>{}</p>",
            escape(what)
        );
    }

    /// Begins a section that is no step.
    pub fn part(&mut self, title: &str) {
        self.close();
        self.open = true;
        let title = escape(title);
        // A write to a String does not fail.
        let _ = write!(self.index, "<li><a href=\"#phone\">{title}</a></li>");
        let _ = write!(self.body, "<section id=\"phone\"><h2>{title}</h2>");
    }

    /// A check that holds, or the one that does not.
    pub fn check(&mut self, holds: bool, text: &str) {
        let (class, mark) = if holds { ("ok", "✓") } else { ("bad", "✗") };
        let _ = write!(self.body, "<p class=\"{class}\"><b>{mark}</b>{}</p>", escape(text));
    }

    /// What a program said, folded up unless `shown`.
    pub fn output(&mut self, title: &str, text: &str, shown: bool) {
        let open = if shown { " open" } else { "" };
        let _ = write!(
            self.body,
            "<details{open}><summary>{}</summary><pre>{}</pre></details>",
            escape(title),
            escape(text.trim_end())
        );
    }

    /// PNG pictures side by side, each with its caption.
    pub fn pictures(&mut self, pictures: &[(&str, &[u8])]) {
        self.body.push_str("<div class=\"pictures\">");
        for (caption, png) in pictures {
            let caption = escape(caption);
            let _ = write!(
                self.body,
                "<figure><img alt=\"{caption}\" src=\"data:image/png;base64,{}\"><figcaption>{caption}</figcaption></figure>",
                BASE64.encode(png)
            );
        }
        self.body.push_str("</div>");
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.body.push_str("</section>");
        }
    }

    /// The whole page; `result` is its first sentence.
    pub fn finish(mut self, result: &str, holds: bool) -> String {
        self.close();
        let class = if holds { "ok" } else { "bad" };
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>Countersign: an approval, end to end</title><style>{STYLE}</style></head>\n\
             <body><header><h1>An approval, end to end</h1>\
             <p>Alice asks Bob and Carol to approve a purchase by encrypted, signed and time-stamped mail. The mail \
             servers are Dovecot and Postfix, the timestamps come from <code>openssl ts</code>, and Carol has no \
             Countersign: only <code>openssl cms</code> and <code>curl</code>. Everything below was said by these \
             programs in one run.</p><p class=\"{class} result\">{}</p><ol>{}</ol></header>\n\
             <main>{}</main></body></html>\n",
            escape(result),
            self.index,
            self.body
        )
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fbfaf7; --card: #fff; --ink: #1d2129; --soft: #5d6673; --line: #e1ded6;
  --accent: #1f5f8b; --good: #1c7a4a; --bad: #b3261e; --code: #f3f1ec; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171c; --card: #1b1f26; --ink: #e6e8eb; --soft: #98a2b0;
  --line: #2c323c; --accent: #7cb8e4; --good: #63c795; --bad: #ff8a80; --code: #12151a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.6 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif; }
header, main { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .75rem; letter-spacing: -.02em; }
header p { color: var(--soft); max-width: 44rem; }
header ol { columns: 2 16rem; padding-left: 1.25rem; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem 1.5rem;
  margin: 1.25rem 0; }
h2 { font-size: 1.2rem; margin: 0 0 .5rem; display: flex; gap: .75rem; align-items: center; }
h2 span { flex: none; width: 1.9rem; height: 1.9rem; border-radius: 50%; background: var(--accent);
  color: var(--card); display: grid; place-items: center; font-size: .95rem; }
section > p { margin: .35rem 0; }
.ok, .bad { padding-left: 1.6rem; text-indent: -1.6rem; }
.ok b { color: var(--good); } .bad b, .bad { color: var(--bad); }
.ok b, .bad b { display: inline-block; width: 1.6rem; text-indent: 0; }
.result { font-weight: 600; padding: 0; text-indent: 0; } header p.ok { color: var(--good); }
header p.bad { color: var(--bad); }
details { margin: .6rem 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
summary { cursor: pointer; padding: .45rem .8rem; color: var(--soft); font-size: .92rem; }
pre { margin: 0; padding: .8rem; background: var(--code); border-top: 1px solid var(--line); overflow: auto;
  max-height: 30rem; font: 12.5px/1.45 ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', monospace; }
code { font: .9em ui-monospace, 'DejaVu Sans Mono', monospace; background: var(--code); padding: .1em .3em;
  border-radius: 4px; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: .8rem 0; }
figure { margin: 0; flex: 1 1 14rem; max-width: 18rem; text-align: center; }
img { width: 100%; background: #fff; padding: .6rem; border-radius: 8px; border: 1px solid var(--line);
  image-rendering: pixelated; }
#phone img { padding: 0; image-rendering: auto; }
figcaption { color: var(--soft); font-size: .9rem; margin-top: .3rem; }
@media print { section { break-inside: avoid; } }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_say_is_escaped_and_nothing_is_loaded_from_elsewhere() {
        let mut page = Page::default();
        page.step(1, "First <step>", "What & why");
        page.check(true, "a < b");
        page.output("openssl", "<script src=\"x\">", true);
        page.pictures(&[("code", b"\x89PNG")]);
        page.part("On <phones>");
        let html = page.finish("Step 1 failed", false);
        assert!(html.contains("First &lt;step&gt;") && html.contains("&lt;script src=&quot;x&quot;&gt;"));
        assert!(!html.contains("http") && !html.contains("<script") && !html.contains("@import"));
        assert!(html.contains("src=\"data:image/png;base64,iVBORw==\""));
        assert_eq!(html.matches("<section").count(), html.matches("</section>").count());
    }
}
