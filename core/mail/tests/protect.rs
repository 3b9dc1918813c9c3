//! Header protection (RFC 9788): what is written, what is believed, and openssl as the other side.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    missing_docs
)]

mod support;

use std::path::Path;
use std::process::Command;

use mail::Mailbox;
use mail::part::{Html, Message, Remote};
use mail::protect::{
    HeaderView, Protected, Protection, pad_entity, protect, protect_reply, unwrapped, view, wrap_pkcs7,
    wrap_signed,
};
use support::{available, boundaries, corpus, draft};

const CIPHER: Protection = Protection::Cipher { legacy_display: false };

fn parse(octets: &[u8]) -> Message {
    Message::parse(octets).unwrap()
}

#[allow(clippy::disallowed_methods, reason = "what is tested here is the HTML itself")]
fn html_of(message: &Message) -> Option<Html> {
    mail::ungated::html(message, Remote::Blocked)
}

/// As it comes out of an encryption layer.
fn decrypted(octets: &[u8]) -> Message {
    let mut message = parse(octets);
    message.mark_decrypted();
    message
}

fn outer_message(protected: &Protected) -> Message {
    parse(&wrap_pkcs7(&protected.outer, "enveloped-data", b"not really CMS"))
}

fn fields<'a>(message: &'a Message, name: &str) -> Vec<&'a str> {
    message
        .root()
        .fields
        .iter()
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v.as_str())
        .collect()
}

#[test]
fn an_encrypted_mail_shows_servers_no_subject() {
    let mut secret = draft();
    secret.subject = "解雇通知".into();
    secret.in_reply_to = Some("0@example.org".into());
    secret.references = vec!["0@example.org".into()];
    let protected = protect(&secret, CIPHER, &mut boundaries()).unwrap();
    let names: Vec<_> = protected.outer.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"]);
    assert!(protected.outer.contains(&("Subject".into(), "[...]".into())));

    let payload = parse(&protected.payload);
    assert_eq!(payload.root().parameter("hp"), Some("cipher"));
    assert_eq!(payload.root().headers.subject.as_deref(), Some("解雇通知"));
    assert_eq!(
        fields(&payload, "HP-Outer"),
        [
            "From: Alice <alice@example.org>",
            "To: Bob <bob@example.org>",
            "Subject: [...]",
            "Date: Fri, 13 Feb 2009 23:31:30 +0000",
            "Message-ID: <1@example.org>",
            "In-Reply-To: <0@example.org>",
            "References: <0@example.org>",
        ]
    );
    assert!(!protected.payload.windows(11).any(|w| w == b"hp-legacy-d"));

    let shown = view(&outer_message(&protected), &payload, true);
    assert!(shown.protected);
    assert_eq!(shown.headers.subject.as_deref(), Some("解雇通知"));
    assert_eq!(
        (shown.confidential, shown.outer_differs),
        (vec!["subject".to_owned()], vec!["subject".to_owned()])
    );
    assert!(shown.outer_changed.is_empty());
}

#[test]
fn a_signed_mail_has_the_same_fields_outside() {
    let mut source = boundaries();
    let protected = protect(&draft(), Protection::Clear, &mut source).unwrap();
    let message =
        parse(&wrap_signed(&protected.outer, &protected.payload, b"signature", "sha-256", &mut source));
    let payload = parse(message.entity(&message.root().children[0]));
    assert_eq!(payload.raw(), protected.payload, "the signed octets are those that were given");
    assert_eq!(payload.root().parameter("hp"), Some("clear"));
    assert!(fields(&payload, "HP-Outer").is_empty());
    assert_eq!(message.root().parameter("micalg"), Some("sha-256"));
    let shown = view(&message, &payload, false);
    assert!(shown.protected && shown.outer_differs.is_empty() && shown.confidential.is_empty());
    // Encryption that somebody added on the way hides nothing that was clear (RFC 9788 section 4.3.1).
    assert!(view(&message, &payload, true).confidential.is_empty());
}

#[test]
fn a_legacy_display_element_is_written_and_never_shown() {
    let mut secret = draft();
    secret.subject = "Budget <draft> & more".into();
    let legacy = Protection::Cipher { legacy_display: true };
    let protected = protect(&secret, legacy, &mut boundaries()).unwrap();
    let payload = decrypted(&protected.payload);
    let alternative = &payload.root().children[0];
    let (plain, html) = (&alternative.children[0], &alternative.children[1]);
    assert_eq!(payload.text(plain), "Subject: Budget <draft> & more\n\nHello Bob,\nsee you.\n");
    assert_eq!(
        payload.text(html),
        "<html><body><div class=\"header-protection-legacy-display\"><pre>Subject: Budget &lt;draft&gt; &amp; more</pre></div>\
         <p>Hello Bob,</p></body></html>"
    );
    assert_eq!(
        (plain.parameter("hp-legacy-display"), html.parameter("hp-legacy-display")),
        (Some("1"), Some("1"))
    );
    assert_eq!(payload.root().parameter("hp-legacy-display"), None);
    assert_eq!(payload.body_text().unwrap(), "Hello Bob,\nsee you.\n");
    // The attachment is not a main body part (section 5.2.4).
    assert_eq!(payload.attachments()[0].parameter("hp-legacy-display"), None);
}

/// RFC 9788 appendices E.1 and E.2: the bodies are the RFC's.
#[test]
fn the_rfcs_own_legacy_display_examples_are_stripped() {
    let head = "Subject: Dinner plans\r\nMIME-Version: 1.0\r\nContent-Type: text/";
    let plain = format!(
        "{head}plain; charset=\"us-ascii\"; hp-legacy-display=\"1\";\r\n hp=\"cipher\"\r\nHP-Outer: Subject: [...]\r\n\r\n\
         Subject: Dinner plans\r\n\r\nLet's meet at Rama's Roti Shop at 8pm and go to the park\r\nfrom there.\r\n"
    );
    let text = "Let's meet at Rama's Roti Shop at 8pm and go to the park\nfrom there.\n";
    assert_eq!(decrypted(plain.as_bytes()).body_text().unwrap(), text);
    let html = format!(
        "{head}html; charset=\"us-ascii\"; hp-legacy-display=\"1\";\r\n hp=\"cipher\"\r\n\r\n\
         <html><head><title></title></head><body>\r\n<div class=\"header-protection-legacy-display\">\r\n\
         <pre>Subject: Dinner plans</pre>\r\n</div>\r\n<p>\r\nLet's meet at Rama's Roti Shop at 8pm and go to the park\r\n\
         from there.\r\n</p>\r\n</body>\r\n</html>\r\n"
    );
    assert_eq!(decrypted(html.as_bytes()).body_text().unwrap(), text.trim().replace('\n', " "));
}

#[test]
fn mallory_cannot_hide_text_with_the_legacy_parameter_outside_an_encrypted_payload() {
    for hp in ["", "; hp=clear", "; hp=cipher", "; hp=\"cipher\""] {
        for block in ["Reject", "The price is 1000 EUR, not 10 EUR.", "Subject: x", "Subject: Reject"] {
            let body = format!("{block}\r\n\r\nApprove\r\n");
            let shown = format!("{block}\n\nApprove\n");
            let head = "Subject: x\r\nContent-Type: text/";
            let mail = format!("{head}plain; hp-legacy-display=1{hp}\r\n\r\n{body}");
            assert_eq!(parse(mail.as_bytes()).body_text().unwrap(), shown);
            let div = format!("<div class=\"header-protection-legacy-display\">{block}</div><p>Approve");
            let mail = format!("{head}html; hp-legacy-display=1{hp}\r\n\r\n{div}");
            let mail = parse(mail.as_bytes());
            assert_eq!(mail.body_text().unwrap(), shown.replace("\n\n", "\n").trim());
            assert!(html_of(&mail).unwrap().source.contains(block));
        }
    }
}

/// Fields of the payloads below, all of which are shown.
const SHOWN: &str = "Subject: Offer\r\nFrom: Alice <alice@example.org>\r\nTo: bob@example.org, \"Carol\" <carol@example.org>\r\n\
                     Date: Fri, 13 Feb 2009 23:31:30 +0000\r\nX-Price: 1000 EUR\r\nComments: Not 10 EUR\r\n";

/// What stands above the text of a decrypted payload, and whether it may go: only when the reader sees it elsewhere.
const BLOCKS: &[(&str, bool)] = &[
    ("Subject: Offer", true),
    ("subject:  Offer", true),
    ("Subject: Offer\nFrom: Alice <alice@example.org>", true),
    ("From: \"Alice\" <alice@example.org>\nSubject:\n Offer", true),
    ("To: bob@example.org,\n Carol <carol@example.org>\nDate: Fri, 13 Feb 2009 23:31:30 +0000", true),
    ("The price is 1000 EUR, not 10 EUR.", false),
    ("", false),
    ("Subject: Another", false),
    ("Subject: Offer\nSubject: Offer", false),
    ("Subject: Offer\nThe price is 1000 EUR.", false),
    (" The price is 1000 EUR.\nSubject: Offer", false),
    ("Subject: Offer\n of 1000 EUR", false),
    // Protected, and shown nowhere.
    ("X-Price: 1000 EUR", false),
    ("Comments: Not 10 EUR", false),
    ("Content-Type: text/plain", false),
    ("Cc: dave@example.org", false),
    ("From: Alice (1000 EUR) <alice@example.org>", false),
    ("From: alice@example.org", false),
    ("From: 1000 EUR: Alice <alice@example.org>;", false),
    ("From: Alice <alice@example.org> 1000 EUR", false),
    ("To: bob@example.org", false),
    ("Date: Fri, 13 Feb 2009 23:31:30 +0000 (1000 EUR)", false),
    ("Date: Fri, 13 Feb 2009 23:31:30 +0000 1000 EUR", false),
    ("Date: Fri, 13 Feb 2009 23:31:31 +0000", false),
];

#[test]
fn mallory_cannot_hide_text_in_an_element_that_repeats_no_shown_field() {
    for (block, may_go) in BLOCKS {
        let plain = format!(
            "{SHOWN}Content-Type: text/plain; hp=cipher; hp-legacy-display=1\r\n\r\n{}\r\n\r\n10 EUR.",
            block.replace('\n', "\r\n")
        );
        let all = format!("{block}\n\n10 EUR.");
        let shown = if *may_go { "10 EUR." } else { all.as_str() };
        assert_eq!(decrypted(plain.as_bytes()).body_text().unwrap(), shown);
        if block.is_empty() {
            continue;
        }
        let escaped = block.replace('<', "&lt;").replace('>', "&gt;");
        let html = format!(
            "{SHOWN}Content-Type: text/html; hp=cipher; hp-legacy-display=1\r\n\r\n\
             <p>Hi<div class=\"header-protection-legacy-display\"><pre>{escaped}</pre></div><p>10 EUR."
        );
        let html = decrypted(html.as_bytes());
        let text = html.body_text().unwrap();
        assert_eq!(text == "Hi\n10 EUR.", *may_go, "{block}: {text}");
        assert_eq!(text.contains(block.trim()), !may_go, "{block}: {text}");
        let source = html_of(&html).unwrap().source;
        assert_eq!(source.contains(&escaped), !may_go, "{block}: {source}");
        assert!(source.contains("10 EUR."));
    }
    // What is no text is no copy either.
    for hiding in [
        "<img alt=\"1000 EUR\">",
        "<input value=\"1000 EUR\">",
        "<table><tr><td>1000 EUR</table>",
        "<style>x</style>",
    ] {
        let html = format!(
            "{SHOWN}Content-Type: text/html; hp=cipher; hp-legacy-display=1\r\n\r\n\
             <div class=\"header-protection-legacy-display\"><pre>Subject: Offer</pre>{hiding}</div>10 EUR."
        );
        assert!(decrypted(html.as_bytes()).body_text().unwrap().contains("Subject: Offer"), "{hiding}");
    }
}

/// The draft's own part, marked as it marks them, that says something else.
#[test]
fn mallory_cannot_hide_a_part_with_the_mark_of_the_draft() {
    for kind in ["plain", "rfc822-headers"] {
        for (block, may_go) in BLOCKS.iter().filter(|(block, _)| !block.is_empty()) {
            let mail = format!(
                "{SHOWN}Content-Type: multipart/mixed; boundary=b; protected-headers=v1\r\n\r\n--b\r\n\
                 Content-Type: text/{kind}; protected-headers=\"v1\"\r\n\r\n{}\r\n\
                 --b\r\nContent-Type: text/plain\r\n\r\n10 EUR.\r\n--b--\r\n",
                block.replace('\n', "\r\n")
            );
            let mail = parse(mail.as_bytes());
            let attached = mail.attachments().len();
            let text = mail.body_text().unwrap();
            let is_seen = text == *block || attached == 1 && mail.text(mail.attachments()[0]) == *block;
            assert_eq!(is_seen, !may_go, "{kind} {block}: {text}");
            assert_eq!(
                (text == "10 EUR.", attached),
                (*may_go || kind != "plain", usize::from(!may_go)),
                "{kind} {block}"
            );
        }
    }
    // Not at the root, whose fields are others.
    let mail = "Subject: Offer\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\
                Subject: The price is 1000 EUR\r\nContent-Type: multipart/mixed; boundary=b; protected-headers=v1\r\n\r\n\
                --b\r\nContent-Type: text/plain; protected-headers=v1\r\n\r\nSubject: The price is 1000 EUR\r\n\
                --b\r\n\r\n10 EUR.\r\n--b--\r\n--a--\r\n";
    assert_eq!(parse(mail.as_bytes()).body_text().unwrap(), "Subject: The price is 1000 EUR");
}

#[test]
fn a_header_protected_anywhere_but_at_the_payload_root_is_not_honoured() {
    let outer = parse(b"From: alice@example.org\r\nSubject: outer\r\nContent-Type: application/pkcs7-mime; hp=cipher\r\n\r\n");
    let nested = parse(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nSubject: phony\r\nContent-Type: text/plain; hp=\"cipher\"\r\n\r\nx\r\n--b--\r\n",
    );
    let wrapped = parse(b"Content-Type: message/rfc822; x=1\r\n\r\nSubject: phony\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nx\r\n");
    let odd = parse(b"Subject: phony\r\nContent-Type: text/plain; hp=\"yes\"\r\n\r\nx\r\n");
    for payload in [&nested, &wrapped, &odd] {
        let shown = view(&outer, payload, true);
        assert!(!shown.protected);
        assert_eq!(shown.headers.subject.as_deref(), Some("outer"));
        assert!(shown.confidential.is_empty());
    }
}

#[test]
fn a_server_that_rewrites_outer_fields_is_named_and_not_believed() {
    let protected = protect(&draft(), CIPHER, &mut boundaries()).unwrap();
    let payload = parse(&protected.payload);
    let mut tampered = protected.outer.clone();
    for (name, value) in &mut tampered {
        match name.as_str() {
            "Subject" => *value = "Please pay".into(),
            "To" => *value = "Bob <bob@example.org>, Mallory <mallory@evil.example>".into(),
            _ => {}
        }
    }
    tampered.push(("Reply-To".into(), "mallory@evil.example".into()));
    let outer = parse(&wrap_pkcs7(&tampered, "enveloped-data", b""));
    let shown = view(&outer, &payload, true);
    assert_eq!(shown.headers.subject.as_deref(), Some("Lunch"));
    assert_eq!(shown.headers.to.len(), 1);
    assert!(shown.headers.reply_to.is_empty());
    assert_eq!(shown.outer_differs, ["reply-to", "subject", "to"]);
    assert_eq!(shown.outer_changed, ["reply-to", "subject", "to"]);
    assert_eq!(shown.confidential, ["subject"]);
}

#[test]
fn an_answer_keeps_hidden_what_was_hidden() {
    let mut answer = draft();
    answer.in_reply_to = Some("secret@example.org".into());
    answer.references = vec!["secret@example.org".into()];
    answer.cc = vec![Mailbox { name: Some("Carol".into()), address: "carol@example.org".into() }];
    let hidden = ["message-id".to_owned(), "to".to_owned()];
    let protected = protect_reply(&answer, CIPHER, &hidden, &mut boundaries()).unwrap();
    let outer = outer_message(&protected);
    assert!(outer.root().headers.in_reply_to.is_empty() && outer.root().headers.references.is_empty());
    assert!(outer.raw().windows(5).all(|w| w != b"Carol"));
    let payload = parse(&protected.payload);
    assert_eq!(payload.root().headers.in_reply_to, ["secret@example.org"]);
    let shown = view(&outer, &payload, true);
    assert_eq!(shown.confidential, ["cc", "from", "in-reply-to", "references", "subject", "to"]);
    assert!(shown.outer_changed.is_empty());
}

/// The OpenPGP mails of the notmuch corpus have no layer that is opened here: their fields are those outside, whatever
/// their parts say of themselves.
#[test]
fn notmuch_protected_headers_are_never_taken_from_a_part() {
    let Some(folder) = corpus("notmuch") else { return };
    let mut phony = 0;
    for entry in std::fs::read_dir(folder.join("protected-headers")).unwrap() {
        let path = entry.unwrap().path();
        let message = parse(&std::fs::read(&path).unwrap());
        let outer_subject = message.root().headers.subject.clone();
        let shown = HeaderView::unprotected(&message);
        assert!(!shown.protected && shown.headers.subject == outer_subject, "{}", path.display());
        // As a payload, only the root speaks.
        let shown = view(&message, &message, true);
        assert!(!shown.protected && shown.headers.subject == outer_subject, "{}", path.display());
        let marked = |part: &&&mail::part::Part| part.parameter("protected-headers").is_some();
        phony += message.parts().iter().filter(marked).count();
    }
    assert!(phony > 1, "the corpus has such parts");
}

#[test]
fn the_draft_scheme_protects_the_fields_at_the_root_of_the_payload() {
    let outer = parse(b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: ...\r\nDate: Fri, 13 Feb 2009 23:31:30 +0000\r\n\r\n");
    let payload = parse(
        b"Content-Type: text/plain; protected-headers=\"v1\"\r\nFrom: alice@example.org\r\nSubject: Dismissal\r\n\r\nx\r\n",
    );
    let shown = view(&outer, &payload, true);
    assert!(shown.protected);
    assert_eq!(shown.headers.subject.as_deref(), Some("Dismissal"));
    assert_eq!(shown.headers.date, Some(1_234_567_890), "what it does not repeat is read outside");
    assert!(shown.headers.to.is_empty(), "an answer to all would go to whoever wrote them there");
    assert_eq!(shown.confidential, ["subject"]);
    assert_eq!(shown.outer_differs, ["date", "subject", "to"]);
    // A placeholder is no change; a field that only stands outside may be anybody's.
    assert_eq!(shown.outer_changed, ["date", "to"]);
    // Signed only, another subject outside is somebody's change.
    let outer = parse(b"From: alice@example.org\r\nTo: bob@example.org\r\nSubject: Pay now\r\n\r\n");
    let shown = view(&outer, &payload, false);
    assert_eq!(shown.headers.subject.as_deref(), Some("Dismissal"));
    assert_eq!(shown.outer_changed, ["subject", "to"]);
    assert!(shown.confidential.is_empty());
}

#[test]
fn a_payload_of_the_draft_scheme_without_a_subject_gets_none_from_outside() {
    let outer = parse(b"From: alice@example.org\r\nSubject: from outside\r\n\r\n");
    let payload =
        parse(b"Content-Type: text/plain; protected-headers=\"v1\"\r\nFrom: alice@example.org\r\n\r\nx\r\n");
    let shown = view(&outer, &payload, true);
    assert!(shown.protected);
    assert_eq!(shown.headers.subject, None);
}

#[test]
fn a_wrapped_message_is_taken_out_of_its_wrapping_and_a_forwarded_one_is_not() {
    let outer = parse(b"From: alice@example.org\r\nSubject: [...]\r\nMessage-ID: <1@example.org>\r\n\r\n");
    let inner = "From: alice@example.org\r\nSubject: Dismissal\r\nMessage-ID: <1@example.org>\r\n\
                 Content-Type: text/plain; hp=cipher\r\nHP-Outer: Subject: [...]\r\n\r\nThe text.\r\n";
    for (wrapping, is_taken_out) in [
        ("message/rfc822; forwarded=no", true),
        ("message/rfc822; forwarded=\"NO\"", true),
        ("message/global; forwarded=no", true),
        ("message/rfc822", false),
        ("message/rfc822; forwarded=yes", false),
        ("multipart/mixed; boundary=b; forwarded=no", false),
    ] {
        let body = if wrapping.starts_with("multipart") {
            format!("--b\r\n{inner}\r\n--b--\r\n")
        } else {
            inner.to_owned()
        };
        let payload = unwrapped(parse(format!("Content-Type: {wrapping}\r\n\r\n{body}").as_bytes()));
        let shown = view(&outer, &payload, true);
        assert_eq!(shown.protected, is_taken_out, "{wrapping}");
        let subject = if is_taken_out { "Dismissal" } else { "[...]" };
        assert_eq!(shown.headers.subject.as_deref(), Some(subject), "{wrapping}");
        if is_taken_out {
            assert_eq!(payload.body_text().as_deref(), Some("The text.\n"));
            assert_eq!(shown.confidential, ["subject"], "not by its HP-Outer: it is not the root");
        }
    }
}

/// That it was wrapped is known of a message, and stands nowhere in it: nothing that a sender writes looks like it.
#[test]
fn no_parameter_says_that_a_message_was_wrapped() {
    let outer = parse(b"From: alice@example.org\r\nSubject: [...]\r\n\r\n");
    let inner = "From: alice@example.org\r\nSubject: Dismissal\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nText.\r\n";
    let wrapped = parse(format!("Content-Type: message/rfc822; forwarded=no\r\n\r\n{inner}").as_bytes());
    let payload = unwrapped(wrapped);
    assert!(view(&outer, &payload, true).protected);
    assert_eq!(payload.root().parameters, [("charset".to_owned(), "utf-8".to_owned())]);
    for name in ["\0unwrapped", "\0unwrapped*", "\0unwrapped*0", "\"\0unwrapped\"", "unwrapped", "*unwrapped"]
    {
        for value in ["", "\"\"", "1"] {
            let inner = inner.replace("charset=utf-8", &format!("{name}={value}"));
            let shown = view(&outer, &parse(inner.as_bytes()), true);
            assert!(!shown.protected, "{name}={value}");
            assert_eq!(shown.headers.subject.as_deref(), Some("[...]"), "{name}={value}");
        }
    }
}

#[test]
fn a_draft_era_legacy_display_part_is_not_body_text() {
    let mail = "Subject: x\r\nContent-Type: multipart/mixed; boundary=b; protected-headers=\"v1\"\r\n\r\n\
        --b\r\nContent-Type: text/plain; protected-headers=\"v1\"\r\nContent-Disposition: inline\r\n\r\nSubject: x\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nThe body.\r\n--b--\r\n";
    assert_eq!(parse(mail.as_bytes()).body_text().unwrap(), "The body.");
}

fn run(folder: &Path, command: &str) -> Vec<u8> {
    let output = Command::new("sh").arg("-c").arg(command).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn make_identity(folder: &Path) {
    run(
        folder,
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 3650 -subj /CN=alice \
         -addext subjectAltName=email:alice@example.org -addext extendedKeyUsage=emailProtection 2>&1",
    );
}

#[test]
fn openssl_verifies_our_multipart_signed() {
    if !available("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    make_identity(path);
    let mut signed = draft();
    signed.text = "Grüße, trailing \nFrom me\n.\n".into();
    signed.subject = "签名".into();
    let mut source = boundaries();
    let protected = protect(&signed, Protection::Clear, &mut source).unwrap();
    std::fs::write(path.join("payload"), &protected.payload).unwrap();
    run(
        path,
        "openssl cms -sign -binary -signer cert.pem -inkey key.pem -outform DER -in payload -out sig.der",
    );
    let der = std::fs::read(path.join("sig.der")).unwrap();
    let mail = wrap_signed(&protected.outer, &protected.payload, &der, "sha-256", &mut source);
    std::fs::write(path.join("mail.eml"), &mail).unwrap();
    for tool in ["cms", "smime"] {
        let out = run(path, &format!("openssl {tool} -verify -in mail.eml -CAfile cert.pem -purpose any"));
        assert_eq!(out, protected.payload, "openssl {tool} sees other octets");
    }
    // A byte that a relay changes is noticed.
    let text = String::from_utf8(mail).unwrap().replace("menu.pdf", "Menu.pdf");
    std::fs::write(path.join("mail.eml"), text).unwrap();
    let refused = Command::new("openssl")
        .args(["cms", "-verify", "-in", "mail.eml", "-CAfile", "cert.pem", "-purpose", "any", "-out", "void"])
        .current_dir(path)
        .output()
        .unwrap();
    assert!(!refused.status.success());
}

/// Cuts a multipart/signed into the signed octets (RFC 8551 section 3.1.1: canonical line ends) and the signature.
fn cut_signed(folder: &Path, mail: &[u8]) {
    let message = parse(mail);
    assert_eq!(message.root().content_type, "multipart/signed");
    let [content, signature] = message.root().children.as_slice() else { panic!("not two parts") };
    std::fs::write(folder.join("content"), mail::part::canonical_crlf(message.entity(content))).unwrap();
    std::fs::write(folder.join("sig.der"), message.decoded(signature)).unwrap();
}

#[test]
fn octets_cut_out_of_foreign_multipart_signed_verify() {
    if !available("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    make_identity(path);
    let verify = "openssl cms -verify -binary -inform DER -in sig.der -content content -purpose any -CAfile";
    let texts = [
        "one line",
        "ends with a line\n",
        "\n\nblank lines\n\n",
        "--looks like a boundary\n",
        "trailing \n.\n",
    ];
    for text in texts {
        for option in ["", "-crlfeol"] {
            std::fs::write(path.join("text"), text).unwrap();
            let made = run(
                path,
                &format!("openssl cms -sign -text {option} -signer cert.pem -inkey key.pem -in text"),
            );
            cut_signed(path, &made);
            run(path, &format!("{verify} cert.pem"));
        }
    }
    let Some(corpus) = corpus("notmuch") else { return };
    let mail = std::fs::read(corpus.join("protected-headers/smime-multipart-signed.eml")).unwrap();
    cut_signed(path, &mail);
    // 2020-01-01, the fixed time of the corpus.
    run(path, &format!("{verify} {} -attime 1577836800", corpus.join("smime/ca.crt").display()));
}

#[test]
fn openssl_decrypts_then_verifies_a_padded_mail() {
    if !available("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    make_identity(path);
    let protected =
        protect(&draft(), Protection::Cipher { legacy_display: true }, &mut boundaries()).unwrap();
    std::fs::write(path.join("payload"), &protected.payload).unwrap();
    run(
        path,
        "openssl cms -sign -nodetach -binary -signer cert.pem -inkey key.pem -outform DER -in payload -out signed.der",
    );
    let signed = wrap_pkcs7(&[], "signed-data", &std::fs::read(path.join("signed.der")).unwrap());
    for step in [0, 16, 1000, 8192, 65_536] {
        let padded = pad_entity(signed.clone(), step);
        assert!(step == 0 || padded.len().is_multiple_of(step), "{step}: {}", padded.len());
        std::fs::write(path.join("entity"), &padded).unwrap();
        run(
            path,
            "openssl cms -encrypt -binary -aes-256-cbc -outform DER -in entity -out enveloped.der cert.pem",
        );
        let der = std::fs::read(path.join("enveloped.der")).unwrap();
        std::fs::write(path.join("mail.eml"), wrap_pkcs7(&protected.outer, "enveloped-data", &der)).unwrap();
        let out = run(
            path,
            "openssl cms -decrypt -in mail.eml -recip cert.pem -inkey key.pem | openssl cms -verify -CAfile cert.pem -purpose any",
        );
        assert_eq!(out, protected.payload, "step {step}");
        // Our own reader sees the same object behind the padding.
        let entity = parse(&padded);
        assert_eq!(entity.root().content_type, "application/pkcs7-mime");
        assert_eq!(*entity.decoded(entity.root()), std::fs::read(path.join("signed.der")).unwrap());
    }
}

#[test]
fn every_length_pads_to_the_step() {
    let entity = |length: usize| [b"A: b\r\n\r\n".as_slice(), &vec![b'y'; length]].concat();
    for length in 0..300 {
        for step in [1, 7, 64, 100, 256] {
            let padded = pad_entity(entity(length), step);
            assert_eq!(padded.len() % step, 0);
            assert!(padded.ends_with(&entity(length)[6..]) && padded.starts_with(b"A: b\r\n"));
            let head = padded.len() - length - 2;
            assert!(
                padded[..head].split(|&b| b == b'\n').all(|line| line.len() <= 78 && !line.starts_with(b" "))
            );
        }
    }
    assert_eq!(pad_entity(b"no empty line".to_vec(), 64), b"no empty line");
}
