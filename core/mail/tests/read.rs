//! What is read: charsets, transfer encodings, parameters, addresses, limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use mail::Mailbox;
use mail::part::{Defect, MAX_DEPTH, MAX_PARTS, Message, ReadError, canonical_crlf, tree};

fn parse(octets: impl AsRef<[u8]>) -> Message {
    Message::parse(octets.as_ref()).unwrap()
}

fn text_of(head: &str, body: &[u8]) -> (String, Vec<Defect>) {
    let message = parse([head.as_bytes(), b"\r\n\r\n", body].concat());
    (message.text(message.root()), message.root().defects.clone())
}

fn from(value: &str) -> (Vec<(Option<String>, String)>, bool) {
    let headers = parse(format!("From: {value}\r\n\r\n")).root().headers.clone();
    (headers.from.into_iter().map(|m| (m.name, m.address)).collect(), headers.from_ambiguous)
}

#[test]
fn charsets_of_real_mail_are_decoded() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("iso-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        ("GB2312", b"\xc9\xea\xc7\xeb", "申请"),
        ("gb18030", b"\x95\x32\x82\x36", "𠀀"),
        ("big5", b"\xa4\xa4\xa4\xe5", "中文"),
        ("iso-2022-jp", b"\x1b$B$3$s\x1b(B", "こん"),
        ("euc-kr", b"\xc7\xd1", "한"),
        ("koi8-r", b"\xf0\xd2", "Пр"),
        ("utf-7", b"+ZeVnLIqe-", "日本語"),
        ("utf-16", b"\xfe\xff\x4e\x2d", "中"),
        ("us-ascii", "ü".as_bytes(), "ü"),
    ];
    for (charset, octets, expected) in cases {
        let (text, _) = text_of(&format!("Content-Type: text/plain; charset={charset}"), octets);
        assert_eq!(text, expected, "{charset}");
    }
}

#[test]
fn a_byte_order_mark_does_not_override_the_charset_that_was_signed() {
    let (text, _) = text_of("Content-Type: text/plain; charset=iso-8859-1", b"\xff\xfea\0");
    assert_eq!(text, "ÿþa\0");
}

#[test]
fn quoted_printable_of_the_rfc_and_of_broken_senders() {
    let cases: [(&[u8], &str); 6] = [
        (
            b"Now's the time =\r\nfor all folk to come=\r\n to the aid",
            "Now's the time for all folk to come to the aid",
        ),
        (b"a=3D=e4=BD=a0", "a=你"),
        (b"soft =   \r\nbreak", "soft break"),
        (b"trailing  \t\r\nspace", "trailing\nspace"),
        (b"a=", "a"),
        (b"1=2", "1=2"),
    ];
    for (octets, expected) in cases {
        let head = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable";
        assert_eq!(text_of(head, octets).0, expected);
    }
}

/// POSIX example: `cat` is `#8V%T`.
#[test]
fn uuencoded_files_are_decoded() {
    let message =
        parse("Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 cat.txt\r\n#8V%T\r\n`\r\nend\r\n");
    assert_eq!(&*message.decoded(message.root()), b"cat");
}

/// RFC 3676 section 4.2 and 4.5.
#[test]
fn flowed_text_is_joined() {
    let flowed = "Content-Type: text/plain; format=flowed";
    let cases = [
        (flowed, "one \r\ntwo\r\nthree\r\n", "one two\nthree\n"),
        (flowed, ">> a \r\n>> b\r\n> c\r\nd\r\n", ">> a b\n> c\nd\n"),
        (flowed, "> a \r\nb\r\n", "> a \nb\n"),
        (flowed, " From x\r\n  two\r\n", "From x\n two\n"),
        (flowed, "bye \r\n-- \r\nme\r\n", "bye \n-- \nme\n"),
        ("Content-Type: text/plain; format=flowed; delsp=yes", "中 \r\n文\r\n", "中文\n"),
        ("Content-Type: text/html; format=flowed", "a \r\nb\r\n", "a \nb\n"),
    ];
    for (head, body, expected) in cases {
        assert_eq!(text_of(head, body.as_bytes()).0, expected, "{body:?}");
    }
}

#[test]
fn encoded_words_are_decoded_as_rfc_2047_section_8_shows() {
    let cases = [
        ("=?ISO-8859-1?Q?a?=", "a"),
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=  \r\n  =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a_b?=", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        ("=?utf-8?B?5Lg=?= =?utf-8?B?rQ==?=", "中"),
        ("=?utf-8*en?q?=E4=BD=A0?=!", "你!"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?B?abc", "=?utf-8?B?abc"),
        ("=?utf-8?Q?=0D=0ABcc:_eve?=", "Bcc: eve"),
        ("Grüße", "Grüße"),
    ];
    for (value, expected) in cases {
        let message = parse(format!("Subject: {value}\r\n\r\n"));
        assert_eq!(message.root().headers.subject.as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn encoded_words_of_real_programs_are_decoded() {
    let cases = [
        // Cut inside a character, in both encodings; white space that belongs to nobody between them.
        ("=?utf-8?Q?=E4=B8?= =?utf-8?Q?=AD=E6?=\t=?UTF-8?q?=96=87?=", "中文"),
        ("=?gb2312?B?yeo=?==?gb2312?B?x+s=?=", "申请"),
        // Spaces and question marks inside.
        ("=?utf-8?Q?a b =C3=BC?=", "a b ü"),
        ("=?utf-8?Q?why??= =?utf-8?Q?_so?=", "why? so"),
        ("=?utf-8?Q?who?what?=", "who?what"),
        // One that never ends does not swallow the next.
        ("=?utf-8?Q?open =?utf-8?Q?=C3=BC?=", "=?utf-8?Q?open ü"),
        // Base64 without its padding, or with white space in it.
        ("=?utf-8?B?w7w?=", "ü"),
        ("=?utf-8?B?w 7 w=?=", "ü"),
        // Inside a word, and beside text.
        ("Re:=?utf-8?Q?=C3=BC?=!", "Re:ü!"),
        ("=?us-ascii*en?Q?a?=", "a"),
        ("=?utf-8?Q??=", ""),
        ("=?klingon?Q?a?=", "a"),
        ("=?iso-2022-jp?B?GyRCJDMbKEI=?= =?iso-2022-jp?B?GyRCJHMbKEI=?=", "こん"),
        ("=?unicode-1-1-utf-7?Q?+ZeVnLIqe-?=", "日本語"),
        ("=?utf-7?Q?+ZeU?= =?utf-7?Q?+Zyw?=", "日本"),
    ];
    for (value, expected) in cases {
        let message = parse(format!("Subject: {value}\r\n\r\n"));
        assert_eq!(message.root().headers.subject.as_deref(), Some(expected), "{value}");
    }
    // In display names: in quotes, beside atoms, as a comment.
    let name = |field: &str| from(field).0[0].0.clone().unwrap();
    assert_eq!(name("\"=?utf-8?Q?M=C3=BCller,_Eva?=\" <e@x.example>"), "Müller, Eva");
    assert_eq!(name("Dr. =?utf-8?Q?M=C3=BCller?= <e@x.example>"), "Dr. Müller");
    assert_eq!(name("e@x.example (=?utf-8?Q?M=C3=BCller?=)"), "Müller");
    assert_eq!(
        from("=?utf-8?Q?a=40b.example=2C?= <e@x.example>").0.len(),
        1,
        "no separator comes out of a word"
    );
}

#[test]
fn parameters_of_rfc_2231_are_joined_and_decoded() {
    let cases = [
        ("filename*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "This is ***fun***"),
        (
            "filename*0*=us-ascii'en'This%20is%20even%20more%20;\r\n filename*1*=%2A%2A%2Afun%2A%2A%2A%20;\r\n filename*2=\"isn't it!\"",
            "This is even more ***fun*** isn't it!",
        ),
        ("filename*1=b; filename*0=a", "ab"),
        ("filename*0=a; filename*2=c", "a"),
        ("filename=x; filename*=utf-8''%E4%BD%A0", "你"),
        ("filename=\"a\\\"b\"", "a\"b"),
        ("filename=\"C:\\TEMP\\a.png\"", "a.png"),
        ("filename=../../etc/passwd", "passwd"),
        ("filename=\"a\u{202e}fdp.exe\"", "afdp.exe"),
        ("filename=\"=?utf-8?B?5L2g?=\"", "你"),
        ("filename*=utf-8''%3D%3Futf-8%3FB%3F5L2g%3F%3D", "=?utf-8?B?5L2g?="),
        ("filename=my file.pdf", "my file.pdf"),
        ("filename=my file (1).pdf", "my file (1).pdf"),
        ("filename=a.pdf (Adobe; new)", "a.pdf"),
        ("FileName=a.pdf", "a.pdf"),
        ("filename = \"a.pdf\" ", "a.pdf"),
        ("filename=\"a;b.pdf\"", "a;b.pdf"),
        ("filename*0*=utf-8''%E4%BD; filename*1*=%A0; filename*2=.txt", "你.txt"),
        ("filename*2=c; filename*0*=iso-8859-1'de'%fc; filename*1=b", "übc"),
        ("filename*1=a; filename*2=b", "ab"),
        ("filename*=%E4%BD%A0", "你"),
        ("filename*=''a%20b", "a b"),
        ("filename*=klingon''a%20b", "a b"),
        ("filename*=utf-8''100%25%zz", "100%%zz"),
        ("filename*0=\"=?utf-8?B?5L2g?=\"; filename*1=\".txt\"", "你.txt"),
        ("filename=\"=?utf-8?Q?=E4=BD?= =?utf-8?Q?=A0?=\"", "你"),
        ("filename=\"a.pdf", "a.pdf"),
        ("x=\"; filename=evil\"; filename=good", "good"),
        ("filename*99999999999=x; filename=y", "y"),
    ];
    for (parameter, expected) in cases {
        let message = parse(format!("Content-Disposition: attachment; {parameter}\r\n\r\n"));
        assert_eq!(message.root().name.as_deref(), Some(expected), "{parameter}");
    }
    for nothing in ["filename=..", "filename=\"\"", "filename=\"a/\"", "filename"] {
        assert_eq!(
            parse(format!("Content-Disposition: attachment; {nothing}\r\n\r\n")).root().name,
            None,
            "{nothing}"
        );
    }
}

#[test]
fn addresses_are_read_with_names_comments_groups_and_routes() {
    let one =
        |name: Option<&str>, address: &str| (vec![(name.map(str::to_owned), address.to_owned())], false);
    assert_eq!(from("alice@example.org"), one(None, "alice@example.org"));
    assert_eq!(from("Alice <alice@example.org>"), one(Some("Alice"), "alice@example.org"));
    assert_eq!(from("\"Doe, \\\"J\\\"\" <j@example.org>"), one(Some("Doe, \"J\""), "j@example.org"));
    assert_eq!(from("=?utf-8?B?546L?= <w@example.org>"), one(Some("王"), "w@example.org"));
    assert_eq!(from("j@example.org (John (the) Doe)"), one(Some("John (the) Doe"), "j@example.org"));
    assert_eq!(
        from("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
        one(Some("Pete"), "pete@silly.test")
    );
    assert_eq!(from("<@a.test,@b.test:c@d.test>"), one(None, "c@d.test"));
    assert_eq!(from("\"a b\"@example.org"), one(None, "\"a b\"@example.org"));
    assert_eq!(from("\"a@b\"@example.org"), one(None, "\"a@b\"@example.org"));
    assert_eq!(from("用户 <用户@例子.广告>"), one(Some("用户"), "用户@例子.广告"));
    assert_eq!(from("a@[IPv6:2001:db8::1]"), one(None, "a@[IPv6:2001:db8::1]"));
    assert_eq!(from("john . doe @ example . org"), one(None, "john.doe@example.org"));
}

#[test]
fn hostile_from_fields_report_everyone_and_are_called_ambiguous() {
    let cases: [(&str, &[&str]); 9] = [
        ("Team: a@x, b@y;", &["a@x", "b@y"]),
        ("a@x: b@y;", &["a@x", "b@y"]),
        ("<a@x><b@y>", &["a@x", "b@y"]),
        ("<a@x> b@y", &["a@x", "b@y"]),
        ("John a@x", &["John a@x"]),
        ("a@x; b@y", &["a@x", "b@y"]),
        ("<a@x\0>", &["a@x\0"]),
        ("", &[]),
        ("a b", &["a b"]),
    ];
    for (value, expected) in cases {
        let (found, ambiguous) = from(value);
        assert_eq!(
            found.iter().map(|(_, address)| address.as_str()).collect::<Vec<_>>(),
            expected,
            "{value}"
        );
        assert!(ambiguous || expected.is_empty(), "{value}");
    }
    // A display name that looks like an address stays a name: the caller compares.
    let (found, _) = from("\"ceo@bank.example\" <eve@evil.example>");
    assert_eq!(found, [(Some("ceo@bank.example".into()), "eve@evil.example".into())]);
    let twice = parse("From: a@x\r\nFROM: b@y\r\n\r\n");
    assert_eq!((twice.root().headers.from_fields, twice.root().headers.from.len()), (2, 2));
    assert!(twice.root().defects.contains(&Defect::DuplicateField));
}

#[test]
fn dates_ids_and_marks_of_automatic_mail() {
    let headers = parse(
        "Date: Fri, 21 Nov 1997 09:55:06 -0600 (CST)\r\nMessage-ID: <a@b>\r\nIn-Reply-To: Your mail <c@d> <e@f>\r\n\
         References: <1@x>\r\n\t<2@x>\r\nAuto-Submitted: Auto-Replied (vacation)\r\nList-Id: <l.example>\r\n\
         Sender: s@x\r\nReply-To: r@x\r\nTo: a@x\r\nTo: b@x\r\nCc: undisclosed-recipients:;\r\n\r\n",
    );
    let headers = &headers.root().headers;
    assert_eq!(headers.date, Some(880_127_706));
    assert_eq!(headers.message_id.as_deref(), Some("a@b"));
    assert_eq!(headers.in_reply_to, ["c@d", "e@f"]);
    assert_eq!(headers.references, ["1@x", "2@x"]);
    assert_eq!(headers.auto_submitted.as_deref(), Some("auto-replied"));
    assert!(headers.from_list && headers.cc.is_empty());
    assert_eq!(headers.sender, Some(Mailbox { name: None, address: "s@x".into() }));
    assert_eq!((headers.to.len(), headers.reply_to.len()), (2, 1));
    for broken in
        ["32 Foo 2020", "Fri, 99 Nov 1997 99:99:99 +9999", "", "1", "Fri, 21 Nov 99999999999 09:55:06 +0000"]
    {
        assert_eq!(parse(format!("Date: {broken}\r\n\r\n")).root().headers.date, None, "{broken}");
    }
}

#[test]
fn body_and_attachments_are_told_apart() {
    let message = parse(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\n\r\nplain\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>html\r\n--a--\r\n\
         --m\r\nContent-Type: text/plain\r\n\r\nfooter\r\n--m\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n\
         --m\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nforwarded\r\n--m--\r\n",
    );
    assert_eq!(message.body_text().as_deref(), Some("plain"));
    let attached: Vec<_> =
        message.attachments().iter().map(|part| (part.path.as_str(), part.content_type.as_str())).collect();
    assert_eq!(attached, [("2", "text/plain"), ("3", "application/pdf"), ("4", "message/rfc822")]);
    let paths: Vec<_> = message.parts().iter().map(|part| part.path.as_str()).collect();
    assert_eq!(paths, ["", "1", "1.1", "1.2", "2", "3", "4", "4.1"]);
}

/// RFC 2046 sections 5.1.5, 5.2; RFC 6532 section 3.5; RFC 5537 for news.
#[test]
fn composite_types_hold_what_the_standards_say() {
    let shape = |mail: &str| -> Vec<(String, String)> {
        parse(mail).parts().iter().map(|part| (part.path.clone(), part.content_type.clone())).collect()
    };
    let digest = "Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: a\r\n\r\nx\r\n\
        --d\r\nContent-Type: text/plain\r\n\r\ny\r\n--d--\r\n";
    let expected =
        [("", "multipart/digest"), ("1", "message/rfc822"), ("1.1", "text/plain"), ("2", "text/plain")];
    assert_eq!(shape(digest), expected.map(|(path, kind)| (path.to_owned(), kind.to_owned())));
    assert_eq!(parse(digest).parts()[2].headers.subject.as_deref(), Some("a"));
    for kind in ["rfc822", "global", "news"] {
        assert_eq!(
            shape(&format!("Content-Type: message/{kind}\r\n\r\nSubject: a\r\n\r\nx")).len(),
            2,
            "{kind}"
        );
    }
    for kind in [
        "partial; id=a; number=1",
        "external-body; access-type=url",
        "delivery-status",
        "disposition-notification",
    ] {
        assert_eq!(
            shape(&format!("Content-Type: message/{kind}\r\n\r\nContent-Type: text/html\r\n\r\nx")).len(),
            1,
            "{kind}"
        );
    }
}

/// Illegal but real; and the one that is legal (RFC 6532 section 3.5). Its octets are no part of the mail as received.
#[test]
fn a_message_in_base64_is_an_attachment_that_is_looked_into() {
    for (kind, defects) in [("rfc822", &[Defect::EncodedComposite][..]), ("global", &[])] {
        let mail = format!(
            "Content-Type: message/{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            data_encoding::BASE64.encode(b"Subject: inner\r\n\r\nhello")
        );
        let message = parse(&mail);
        assert_eq!((message.parts().len(), message.root().defects.as_slice()), (1, defects));
        assert_eq!(&*message.decoded(message.root()), b"Subject: inner\r\n\r\nhello");
        let tree = tree(&message, &|octets| String::from_utf8_lossy(octets).into_owned());
        assert_eq!((tree.size, tree.sha256, tree.parts.len()), (0, None, 1));
        assert_eq!(tree.parts[0].sha256.as_deref(), Some("hello"));
    }
    // Inside each other without end: looked into a few times only.
    let mut mail = b"Subject: inner\r\n\r\nhello".to_vec();
    for _ in 0..20 {
        let encoded = data_encoding::BASE64.encode(&mail);
        mail = format!("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}")
            .into_bytes();
    }
    let (mut node, mut levels) = (&tree(&parse(&mail), &|_| String::new()), 0);
    while let Some(inner) = node.parts.first() {
        (node, levels) = (inner, levels + 1);
    }
    assert_eq!(levels, 8);
}

/// What was signed is what is shown: no program agrees with another on where such a file begins.
#[test]
fn a_uuencoded_file_inside_a_text_stays_text() {
    let text = "hello\n\nbegin 644 cat.txt\n#8V%T\n`\nend\n";
    let message = parse(format!("Subject: a\n\n{text}"));
    assert_eq!(message.body_text().as_deref(), Some(text));
    assert!(message.attachments().is_empty());
}

/// TNEF of Outlook is an attachment, by type or by name.
#[test]
fn winmail_dat_is_listed_as_an_attachment() {
    for kind in [
        "application/ms-tnef",
        "application/ms-tnef; name=winmail.dat",
        "application/octet-stream; name=\"winmail.dat\"",
    ] {
        let message = parse(format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: {kind}\r\n\r\nx\u{9f}\x3e\x22\r\n--b--\r\n"
        ));
        assert_eq!(message.body_text().as_deref(), Some("hello"));
        assert_eq!(
            message.attachments().iter().map(|part| part.path.as_str()).collect::<Vec<_>>(),
            ["2"],
            "{kind}"
        );
    }
}

#[test]
fn html_only_mail_becomes_text() {
    let html = "<html><head><title>no</title><style>p{}</style></head><body><script>no()</script><!-- no --><p>Hello&nbsp;&lt;b&gt; \
        &#x4f60;</p>one<br>two<div title=\"a>b\">three</div>1 < 2 & 3</body></html>";
    let message = parse(format!("Content-Type: text/html\r\n\r\n{html}"));
    assert_eq!(message.body_text().as_deref(), Some("Hello <b> 你\none\ntwo\nthree\n1 < 2 & 3"));
}

#[test]
fn the_tree_is_the_record_of_the_mime_command() {
    let message = parse(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=UTF-8; name=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=\r\n",
    );
    let json = serde_json::to_value(tree(&message, &|octets| {
        format!("hash of {}", String::from_utf8_lossy(octets))
    }))
    .unwrap();
    let expected = serde_json::json!({
        "type": "multipart/mixed", "charset": null, "name": null, "size": 0, "sha256": null, "defects": ["unclosed_multipart"],
        "parts": [{"type": "text/plain", "charset": "UTF-8", "name": "a.txt", "size": 2, "sha256": "hash of hi", "parts": [], "defects": []}],
    });
    assert_eq!(json, expected);
}

#[test]
fn canonical_line_ends() {
    for (octets, expected) in
        [("a\nb", "a\r\nb"), ("a\rb", "a\r\nb"), ("a\r\nb", "a\r\nb"), ("\n\r\r\n", "\r\n\r\n\r\n"), ("", "")]
    {
        assert_eq!(canonical_crlf(octets.as_bytes()), expected.as_bytes());
    }
    assert!(matches!(canonical_crlf(b"a\r\n"), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn nested_beyond_the_limit_is_a_leaf_with_a_defect() {
    let mut mail = String::new();
    for level in 0..200 {
        mail.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"));
    }
    let message = parse(&mail);
    assert_eq!(message.parts().len(), MAX_DEPTH + 1);
    assert!(message.parts().last().unwrap().defects.contains(&Defect::TooDeep));
    let wrapped = parse("Content-Type: message/rfc822\r\n\r\n".repeat(200));
    assert_eq!(wrapped.parts().len(), MAX_DEPTH + 1);
}

#[test]
fn too_many_parts_or_header_octets_are_refused_by_name() {
    let mut many = String::from("Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    many.push_str(&"--b\r\n\r\n".repeat(MAX_PARTS + 1));
    assert_eq!(Message::parse(many.as_bytes()).unwrap_err(), ReadError::Limit("2000 parts"));
    for long in [
        format!("X: {}\r\n\r\n", "y".repeat(300_000)),
        "X: y\r\n".repeat(60_000),
        format!("X: y\r\n{}", " z\r\n".repeat(90_000)),
    ] {
        assert_eq!(
            Message::parse(long.as_bytes()).unwrap_err(),
            ReadError::Limit("256 KiB in a header section")
        );
    }
    assert!(Message::parse("y".repeat(300_000).as_bytes()).is_ok(), "a long text without header is a body");
}

/// Each of these is slow for a reader that looks back or ahead without bound; quadratic ones would not end today.
#[test]
fn inputs_made_to_be_slow_are_read_in_linear_time() {
    let big = 100_000;
    let headers = [
        "=?a?b?".repeat(big / 6),
        "<".repeat(big),
        "(".repeat(big),
        "\"".repeat(big),
        "\\".repeat(big),
        ",".repeat(big),
        ";a*1=b".repeat(big / 6),
        "a@b,".repeat(big / 4),
        "=?utf-8?Q??= ".repeat(big / 13),
        " <".repeat(big / 2),
        ": ".repeat(big / 2),
    ];
    for value in &headers {
        for name in ["Subject", "From", "Content-Type", "Content-Disposition", "References", "Date"] {
            if let Ok(message) = Message::parse(format!("{name}: {value}\r\n\r\n").as_bytes()) {
                message.body_text();
            }
        }
    }
    let lines = 300_000;
    let bodies = [
        "\r\n",
        "--b",
        "--\r\n",
        "\n--a\n",
        "<",
        "<!--",
        "<div ",
        "</",
        "&",
        "<p \"",
        "> \r\n",
        "=\r\n",
        "=",
        "<pre>\n",
        "<script>",
        "begin 1\n",
    ];
    for piece in bodies {
        for head in [
            "Content-Type: text/html; hp=cipher; hp-legacy-display=1",
            "Content-Type: multipart/mixed; boundary=b",
            "Content-Type: text/plain; format=flowed",
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable",
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode",
        ] {
            let message = parse(format!("{head}\r\n\r\n{}", piece.repeat(lines / piece.len())));
            message.body_text();
        }
    }
}
