//! What is written: exact octets, hostile values, and foreign readers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    missing_docs
)]

mod support;

use mail::Mailbox;
use mail::compose::{Attachment, ComposeError, Draft, message, random_message_id};
use mail::part::Message;
use support::{boundaries, draft};

#[test]
fn a_plain_mail_has_exactly_these_octets() {
    let mut plain = draft();
    plain.attachments.clear();
    plain.html = None;
    plain.text = "Hello Bob,\nsee you.\n".into();
    let expected = "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: Lunch\r\n\
        Date: Fri, 13 Feb 2009 23:31:30 +0000\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello Bob,\r\nsee you.\r\n";
    assert_eq!(String::from_utf8(message(&plain, &mut boundaries()).unwrap()).unwrap(), expected);
}

#[test]
fn the_same_boundaries_give_the_same_octets() {
    let once = message(&draft(), &mut boundaries()).unwrap();
    assert_eq!(once, message(&draft(), &mut boundaries()).unwrap());
}

#[test]
fn output_is_seven_bit_with_short_crlf_lines() {
    let mut long = draft();
    long.subject = "预算审批：请在周五之前同意这份非常长的申请，谢谢".repeat(5);
    long.from.name = Some("王\"小明\\ (财务部)".into());
    long.text = format!("{}\nFrom here\n.\ntrailing \n", "long line ".repeat(40));
    long.attachments[0].name = Some(format!("{}.pdf", "年度预算报告".repeat(20)));
    let written = message(&long, &mut boundaries()).unwrap();
    assert!(written.is_ascii());
    assert!(!written.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n')), "a bare CR or LF");
    let text = String::from_utf8(written).unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() <= 78, "{} octets: {line}", line.len());
        assert!(!line.starts_with("From ") && line != ".", "a relay would change: {line}");
    }
}

#[test]
fn a_header_injection_is_refused_wherever_it_stands() {
    for evil in ["x\r\nBcc: eve@evil.example", "x\ny", "x\ry", "x\0y", "x\u{1b}[2Jy", "x\u{85}y"] {
        let inject = |change: &dyn Fn(&mut Draft)| {
            let mut evil_draft = draft();
            change(&mut evil_draft);
            assert_eq!(
                message(&evil_draft, &mut boundaries()).unwrap_err(),
                ComposeError::UnsafeHeader,
                "{evil:?}"
            );
        };
        inject(&|d| d.subject = evil.into());
        inject(&|d| d.from.name = Some(evil.into()));
        inject(&|d| d.to[0].name = Some(evil.into()));
        inject(&|d| d.from.address = format!("{evil}@example.org"));
        inject(&|d| d.cc = vec![Mailbox { name: None, address: format!("a@{evil}") }]);
        inject(&|d| d.message_id = evil.into());
        inject(&|d| d.in_reply_to = Some(evil.into()));
        inject(&|d| d.references = vec!["ok@x".into(), evil.into()]);
        inject(&|d| d.auto_submitted = Some(evil.into()));
        inject(&|d| d.attachments[0].content_type = format!("application/{evil}"));
        inject(&|d| d.attachments[0].name = Some(evil.into()));
    }
}

#[test]
fn an_address_that_could_be_two_is_refused() {
    for evil in [
        "",
        "alice",
        "a@b, c@d",
        "a@b>",
        "<a@b",
        "a b@c",
        "a@b c",
        "\"a@b",
        "a@",
        "@b",
        "a@b(c)",
        "a\"@b",
        "a@[1\r\n]",
        "g:a@b;",
    ] {
        let mut evil_draft = draft();
        evil_draft.to[0].address = evil.into();
        assert_eq!(
            message(&evil_draft, &mut boundaries()).unwrap_err(),
            ComposeError::UnsafeHeader,
            "{evil:?}"
        );
    }
    for good in [
        "\"john doe\"@example.org",
        "a+b@example.org",
        "a@[192.0.2.1]",
        "用户@例子.广告",
        "a@[IPv6:2001:db8::1]",
    ] {
        let mut good_draft = draft();
        good_draft.to[0].address = good.into();
        let written = message(&good_draft, &mut boundaries()).unwrap();
        assert_eq!(Message::parse(&written).unwrap().root().headers.to[0].address, good);
    }
}

#[test]
fn too_long_values_and_impossible_dates_are_refused() {
    let mut long = draft();
    long.subject = "x".repeat(5000);
    assert_eq!(message(&long, &mut boundaries()).unwrap_err(), ComposeError::TooLong);
    let mut many = draft();
    many.to = (0..20_000).map(|n| Mailbox { name: None, address: format!("user{n}@example.org") }).collect();
    assert_eq!(message(&many, &mut boundaries()).unwrap_err(), ComposeError::TooLong);
    for date in [i64::MIN, i64::MAX, -2_208_988_801, 253_402_300_800] {
        let mut never = draft();
        never.date = date;
        assert_eq!(message(&never, &mut boundaries()).unwrap_err(), ComposeError::DateOutOfRange, "{date}");
    }
}

#[test]
fn message_ids_are_hex_at_the_senders_domain() {
    assert_eq!(random_message_id(&[0xab; 16], "example.org"), format!("{}@example.org", "ab".repeat(16)));
}

#[test]
fn an_attached_message_is_literal_or_opaque_but_never_encoded_as_a_message() {
    let mut forward = draft();
    forward.attachments = vec![
        Attachment {
            name: None,
            content_type: "message/rfc822".into(),
            inline: false,
            bytes: b"Subject: a\r\n\r\nb\r\n".to_vec(),
        },
        Attachment {
            name: None,
            content_type: "message/rfc822".into(),
            inline: false,
            bytes: b"Subject: a\n\nb\xff".to_vec(),
        },
        Attachment {
            name: None,
            content_type: "multipart/mixed".into(),
            inline: false,
            bytes: b"x".to_vec(),
        },
    ];
    let written = message(&forward, &mut boundaries()).unwrap();
    let read = Message::parse(&written).unwrap();
    let types: Vec<_> = read
        .root()
        .children
        .iter()
        .map(|part| (part.content_type.as_str(), part.encoding.as_str()))
        .collect();
    assert_eq!(
        types[1..],
        [
            ("message/rfc822", "7bit"),
            ("application/octet-stream", "base64"),
            ("application/octet-stream", "base64")
        ]
    );
    assert_eq!(read.root().children[1].children[0].headers.subject.as_deref(), Some("a"));
    assert_eq!(&*read.decoded(&read.root().children[2]), b"Subject: a\n\nb\xff");
}
