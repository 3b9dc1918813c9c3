//! Every defect, each by the smallest mail that has it; and which of them leave open what a mail says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use mail::part::{Defect, Message};

fn parse(octets: impl AsRef<[u8]>) -> Message {
    Message::parse(octets.as_ref()).unwrap()
}

fn defects(octets: &[u8]) -> BTreeSet<Defect> {
    parse(octets).parts().into_iter().flat_map(|part| part.defects.clone()).collect()
}

fn code(defect: Defect) -> String {
    serde_json::to_value(defect).unwrap().as_str().unwrap().to_owned()
}

/// One test for each code: the mail has this defect and no other, wherever in the tree.
macro_rules! defects {
    ($($name:ident, $defect:ident: $($mail:expr),+;)*) => {
        $(
            #[test]
            fn $name() {
                for mail in [$(AsRef::<[u8]>::as_ref($mail)),+] {
                    assert_eq!(
                        defects(mail),
                        BTreeSet::from([Defect::$defect]),
                        "{:?}",
                        String::from_utf8_lossy(&mail[..mail.len().min(300)])
                    );
                }
                assert_eq!(code(Defect::$defect), stringify!($name));
            }
        )*
        const ALL: &[Defect] = &[$(Defect::$defect),*];
    };
}

const NESTED: usize = mail::part::MAX_DEPTH + 1;

defects! {
    missing_boundary, MissingBoundary:
        "Content-Type: multipart/mixed\r\n\r\ntext",
        "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\ntext",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\ntext",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
        // Indented, it is no delimiter.
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n --b\r\n\r\nx\r\n --b--\r\n";
    unclosed_multipart, UnclosedMultipart:
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n",
        // The delimiter of the outer one ends the inner one.
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o--\r\n";
    duplicate_boundary, DuplicateBoundary:
        "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
        "Content-Type: multipart/mixed; BOUNDARY=a; boundary=\"a\"\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n";
    bad_boundary, BadBoundary:
        "Content-Type: multipart/mixed; boundary*=us-ascii''b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\n",
        "Content-Type: multipart/mixed; boundary=\"=?us-ascii?q?b?=\"\r\n\r\n--=?us-ascii?q?b?=\r\n\r\nx\r\n--=?us-ascii?q?b?=--\r\n",
        "Content-Type: multipart/mixed; boundary=b (c)\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=b(c)\r\n\r\n--b(c)\r\n\r\nx\r\n--b(c)--\r\n",
        "Content-Type: multipart/mixed; boundary=a b\r\n\r\n--a b\r\n\r\nx\r\n--a b--\r\n",
        "Content-Type: multipart/mixed; boundary=\"a\"b\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
        "Content-Type: multipart/mixed; boundary=\"a\\\"b\"\r\n\r\n--a\"b\r\n\r\nx\r\n--a\"b--\r\n",
        "Content-Type: multipart/mixed; boundary=\"b \"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=ü\r\n\r\n--ü\r\n\r\nx\r\n--ü--\r\n",
        &["Content-Type: multipart/mixed; boundary=", B71, "\r\n\r\n--", B71, "\r\n\r\nx\r\n--", B71, "--\r\n"].concat();
    doubtful_delimiter, DoubtfulDelimiter:
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--bc\r\n\r\ny\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b-- z\r\n--b--\r\n",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r--b\r\n--b\r\n\r\nx\r\n--b--\r\n";
    delimiter_after_end, DelimiterAfterEnd:
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--\r\n";
    duplicate_content_type, DuplicateContentType:
        "Content-Type: text/plain\r\ncontent-type: text/html\r\n\r\nx",
        "Content-Type: text/plain\r\nContent-Type: text/plain\r\n\r\nx";
    duplicate_transfer_encoding, DuplicateTransferEncoding:
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\neHg=";
    duplicate_disposition, DuplicateDisposition:
        "Content-Disposition: inline\r\nContent-Disposition: attachment\r\n\r\nx";
    duplicate_mime_version, DuplicateMimeVersion:
        "MIME-Version: 1.0\r\nMime-Version: 1.0\r\n\r\nx";
    duplicate_field, DuplicateField:
        "Subject: a\r\nSUBJECT: b\r\n\r\nx",
        "From: a@x\r\nFrom: b@x\r\n\r\nx",
        "Message-ID: <a@x>\r\nMessage-ID: <b@x>\r\n\r\nx";
    duplicate_charset, DuplicateCharset:
        "Content-Type: text/plain; charset=utf-8; charset=utf-7\r\n\r\nx",
        "Content-Type: text/plain; charset=utf-8; charset*=us-ascii''utf-7\r\n\r\nx";
    duplicate_rule, DuplicateRule:
        "Content-Type: text/plain; format=fixed; format=flowed\r\n\r\nx",
        "Content-Type: text/plain; hp=clear; HP=cipher\r\n\r\nx",
        "Content-Type: text/plain; hp*=us-ascii''cipher\r\n\r\nx",
        "Content-Type: text/plain; hp*0=cip; hp*1=her\r\n\r\nx",
        "Content-Type: text/plain; protected-headers=v1; protected-headers=v2\r\n\r\nx",
        "Content-Type: text/plain; delsp=no; delsp=yes\r\n\r\nx",
        "Content-Type: message/rfc822; forwarded=no; forwarded=yes\r\n\r\nSubject: a\r\n\r\nx",
        "Content-Type: multipart/signed; protocol=\"a/b\"; protocol=\"c/d\"; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: multipart/related; type=\"a/b\"; type=\"c/d\"; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: multipart/related; start=\"<a>\"; start=\"<b>\"; boundary=b\r\n\r\n--b\r\nContent-ID: <a>\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: application/pkcs7-mime; smime-type=signed-data; smime-type=enveloped-data\r\n\r\nx";
    decorated_value, DecoratedValue:
        "Content-Type: text/html(x)\r\n\r\nx",
        "Content-Type: text(x)/html\r\n\r\nx",
        "Content-Type: (x)text/html (y (z) \\) ; a=b)\r\n\r\nx",
        "Content-Type: application/pkcs7-mime(x)\r\n\r\nx",
        "Content-Type: multipart/mixed (two; parts); boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
        "Content-Disposition: attachment(x)\r\n\r\nx",
        "Content-Transfer-Encoding: base64 (x)\r\n\r\neHh4",
        "Content-Transfer-Encoding: base64;\r\n\r\neHh4",
        "Content-Transfer-Encoding: base64; x=y\r\n\r\neHh4";
    start_not_first, StartNotFirst:
        "Content-Type: multipart/related; start=\"<b>\"; boundary=r\r\n\r\n--r\r\nContent-ID: <a>\r\n\r\n10 EUR\r\n--r\r\nContent-ID: <b>\r\n\r\n1000 EUR\r\n--r--",
        "Content-Type: multipart/related; start=\"<b>\"; boundary=r\r\n\r\n--r\r\n\r\n10 EUR\r\n--r--";
    duplicate_parameter, DuplicateParameter:
        "Content-Disposition: attachment; filename=a.txt; filename=b.exe\r\n\r\nx",
        "Content-Disposition: attachment; filename*0=a; filename*0=b\r\n\r\nx";
    bad_content_type, BadContentType:
        "Content-Type: text\r\n\r\nx",
        "Content-Type: text/plain/html\r\n\r\nx",
        "Content-Type: text /plain\r\n\r\nx",
        "Content-Type: text/html\"\"\r\n\r\nx",
        "Content-Type: text/html)\r\n\r\nx",
        "Content-Type: text/html,\r\n\r\nx",
        "Content-Type: text/<html>\r\n\r\nx",
        "Content-Type: text/html=\r\n\r\nx",
        "Content-Type: =?us-ascii?q?text/html?= x\r\n\r\nx";
    unterminated_parameter, UnterminatedParameter:
        "Content-Type: text/plain; name=\"a\r\n\r\nx",
        "Content-Type: text/plain; (comment charset=utf-8\r\n\r\nx",
        "Content-Disposition: attachment; filename=\"a\\\"\r\n\r\nx";
    unterminated_address, UnterminatedAddress:
        "From: \"Alice <a@x>\r\n\r\nx",
        "To: a@x (Alice\r\n\r\nx",
        "Cc: Alice <a@x\r\n\r\nx";
    bad_header, BadHeader:
        "Subject: a\r\nthis is no field\r\nTo: a@x\r\n\r\nx",
        "Subject: a\r\nthis is no field either\r\n\r\nx",
        "no header at all",
        " continuation of nothing\r\nSubject: a\r\n\r\nx";
    white_space_line, WhiteSpaceLine:
        "Subject: a\r\n \t\r\n b\r\n\r\nx";
    odd_content_field, OddContentField:
        "Content-Type : text/plain\r\n\r\nx",
        "Content-Type\r\n : text/plain\r\n\r\nx",
        " Content-Type: text/plain\r\n\r\nx",
        "MIME-Version : 1.0\r\n\r\nx";
    odd_field, OddField:
        "X-Spam : no\r\n\r\nx",
        "From\r\n : a@x\r\n\r\nx";
    nul_in_header, NulInHeader:
        "Subject: a\0b\r\n\r\nx";
    bare_cr_in_header, BareCrInHeader:
        "Subject: a\rContent-Type: text/html\r\n\r\nx";
    eight_bit_header, EightBitHeader:
        b"Subject: Gr\xfc\xdfe\r\n\r\nx";
    overlong_header_line, OverlongHeaderLine:
        &["Subject: ", &"a".repeat(990), "\r\n\r\nx"].concat();
    unknown_encoding, UnknownEncoding:
        "Content-Transfer-Encoding: rot13\r\n\r\nx",
        "Content-Transfer-Encoding: base64 7bit\r\n\r\neHg=";
    encoded_composite, EncodedComposite:
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4\r\n";
    bad_base64, BadBase64:
        "Content-Transfer-Encoding: base64\r\n\r\nAAA*",
        "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--\r\n",
        "Content-Transfer-Encoding: base64\r\n\r\nAA==AAAA",
        "Content-Transfer-Encoding: base64\r\n\r\nAAAA=",
        "Content-Transfer-Encoding: base64\r\n\r\nAAA",
        "Content-Transfer-Encoding: base64\r\n\r\nA",
        "Content-Transfer-Encoding: base64\r\n\r\n=AAAA";
    bad_quoted_printable, BadQuotedPrintable:
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ",
        "Content-Transfer-Encoding: quoted-printable\r\n\r\na=b",
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nü";
    bad_uuencode, BadUuencode:
        "Content-Transfer-Encoding: x-uuencode\r\n\r\nnothing",
        "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#8V%T\r\n";
    eight_bit_body, EightBitBody:
        "Content-Type: text/plain; charset=utf-8\r\n\r\nGrüße",
        b"Content-Type: application/x-thing\r\n\r\n\xff";
    nul_in_body, NulInBody:
        "Content-Type: text/plain\r\n\r\na\0b",
        "Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n\r\na\0b";
    bare_cr, BareCr:
        "Content-Type: text/plain\r\n\r\na\rb\r\n";
    mixed_line_ends, MixedLineEnds:
        "Subject: a\nTo: b@x\r\n\r\nx",
        "Content-Type: text/plain\r\n\r\na\r\nb\n";
    overlong_line, OverlongLine:
        &["Content-Type: text/plain\r\n\r\n", &"a".repeat(999)].concat(),
        &["Content-Type: application/x-thing\r\nContent-Transfer-Encoding: base64\r\n\r\n", &"AAAA".repeat(300)].concat();
    unknown_charset, UnknownCharset:
        "Content-Type: text/plain; charset=klingon\r\n\r\nx";
    bad_charset, BadCharset:
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xff",
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 8bit\r\n\r\nü",
        "Content-Type: text/plain; charset=utf-7\r\n\r\n+AAAAA",
        b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$";
    guessed_charset, GuessedCharset:
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xa4 10",
        b"Content-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xa4 10",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xa4 10";
    contradictory_charset, ContradictoryCharset:
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xef\xbb\xbfx",
        b"Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: binary\r\n\r\n\xff\xfea\0";
    partial_message, PartialMessage:
        "Content-Type: message/partial; id=\"a@x\"; number=1; total=2\r\n\r\nSubject: a\r\n\r\nx";
    external_body, ExternalBody:
        "Content-Type: message/external-body; access-type=url; url=\"http://x.example/\"\r\n\r\nContent-Type: text/plain\r\n\r\n";
    too_deep, TooDeep:
        "Content-Type: message/rfc822\r\n\r\n".repeat(NESTED).as_str();
}

const B71: &str = "12345678901234567890123456789012345678901234567890123456789012345678901";

/// docs/protocols/mime.md lists exactly these codes, with what is ambiguous.
#[test]
fn the_document_lists_every_code() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocols/mime.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, table) = document.split_once("| code | ambiguous |").unwrap();
    let listed: BTreeSet<(String, bool)> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()? == "yes"))
        })
        .collect();
    let codes: BTreeSet<_> = ALL.iter().map(|defect| (code(*defect), defect.is_ambiguous())).collect();
    assert_eq!(listed, codes);
}

#[test]
fn ordinary_mail_has_no_defect() {
    let mails = [
        "Subject: a\r\n\r\nx\r\n",
        "Subject: a\n\nx\n",
        "From alice Mon Jan  1 00:00:00 2024\nSubject: a\n\nx\n",
        "Subject: Grüße\r\n\r\n",
        "Content-Type: multipart/mixed; boundary=\"b c\" ; x=y\r\n\r\npreamble\r\n--b c \t\r\n\r\nx\r\n--b c--\r\nepilogue\r\n",
        "Content-Type: multipart/related; start=\"<a>\"; boundary=b\r\n\r\n--b\r\nContent-ID: <a>\r\n\r\nx\r\n--b--\r\n",
        "Content-Type: text/plain; charset=us-ascii (Plain text)\r\n\r\nx\r\n",
        "Content-Type: text/plain;\r\n\r\nx\r\n",
        "Content-Type: text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u{fc}\u{df}e",
        "Content-Type: multipart/mixed; boundary=----=_Next?Part/1\r\n\r\n------=_Next?Part/1\r\n\r\nx\r\n------=_Next?Part/1--",
        "Content-Disposition: attachment; filename=a.txt; filename*=utf-8''%c3%a4.txt\r\n\r\n",
        "Content-Disposition: attachment; filename=a (1).txt\r\n\r\n",
        "Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\n//5hAA==\r\n",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ1iAA==\r\n",
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\u{feff}x",
        "To: undisclosed-recipients:;\r\nFrom: \"a (\\\" b\" <a@x> (c (d) \\) e)\r\n\r\n",
    ];
    for mail in mails {
        assert!(defects(mail.as_bytes()).is_empty(), "{mail:?}: {:?}", defects(mail.as_bytes()));
    }
}

fn on_path(mail: &str) -> Option<(String, Defect)> {
    parse(mail).ambiguity_on_path().map(|found| (found.part.path.clone(), found.defect))
}

/// Multipart/mixed of a text and one more part.
fn with_second(text: &str, second: &str) -> String {
    format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{text}\r\n--b\r\n{second}\r\n--b--\r\n")
}

#[test]
fn an_ambiguous_part_counts_on_the_way_to_the_body() {
    let junk = "Content-Transfer-Encoding: base64\r\n\r\nAAA*";
    let attached = format!("Content-Type: application/pdf\r\n{junk}");
    let forwarded = format!("Content-Type: message/rfc822\r\n\r\n{junk}");
    let text = "\r\nhello";
    assert_eq!(on_path(&with_second(junk, &attached)), Some(("1".into(), Defect::BadBase64)));
    assert_eq!(on_path(&with_second(text, &attached)), None, "an attachment is off the way");
    assert_eq!(on_path(&with_second(text, &forwarded)), None, "so is what is inside an attached message");
    assert_eq!(on_path(&forwarded), None, "and a message that is all there is");
    let alternative = |html: &str| {
        format!(
            "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nplain\r\n--a\r\nContent-Type: text/html\r\n{html}\r\n--a--"
        )
    };
    let found = on_path(&with_second(&alternative(junk), text));
    assert_eq!(found, Some(("1.2".into(), Defect::BadBase64)), "some programs show the other alternative");
    assert_eq!(on_path(&with_second(&alternative("\r\n<p>"), text)), None);
    let twice = "Content-Type: text/html\r\n".to_owned() + &alternative("\r\n<p>");
    assert_eq!(on_path(&with_second(&twice, text)), Some(("1".into(), Defect::DuplicateContentType)));
    assert_eq!(on_path(&("X-Odd : a\r\nSubject: a\r\nSubject: b\r\n".to_owned() + text)), None);
}

/// A comment hides no type: what is in it is left out, and the answer says that others may not do so.
#[test]
fn a_type_with_a_comment_is_that_type() {
    for (written, read) in [
        ("application/pkcs7-mime(x)", "application/pkcs7-mime"),
        ("multipart(x)/signed (y)", "multipart/signed"),
        ("(x (y) \\) ) text/HTML", "text/html"),
        ("text/html(x; charset=y)", "text/html"),
        // No type at all.
        ("text/html(x", "text/plain"),
        ("text/html\"x\"", "text/plain"),
    ] {
        let mail = parse(format!("Content-Type: {written}\r\n\r\nx"));
        assert_eq!(mail.root().content_type, read, "{written}");
        assert!(mail.ambiguity_on_path().is_some(), "{written}");
    }
}

/// Whether a part is text or an attachment decides which one is the body.
#[test]
fn a_part_of_doubtful_kind_counts_where_it_could_be_the_body() {
    let text = "\r\n10 EUR";
    let rival = "Content-Disposition: attachment(x)\r\n\r\n1000 EUR";
    assert_eq!(on_path(&with_second(rival, text)), Some(("1".into(), Defect::DecoratedValue)));
    assert_eq!(on_path(&with_second(text, rival)), None, "behind the body it is an attachment to everybody");
    let alternative = with_second(text, rival).replacen("mixed", "alternative", 1);
    assert_eq!(on_path(&alternative), Some(("2".into(), Defect::DecoratedValue)));
    let related =
        with_second(text, "Content-ID: <b>\r\n\r\n1000 EUR").replacen("mixed", "related; start=\"<b>\"", 1);
    assert_eq!(on_path(&related), Some(("".into(), Defect::StartNotFirst)));
}

#[test]
fn an_ambiguous_part_counts_on_the_way_to_the_signature() {
    let signed = |content: &str, signature: &str| {
        format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s\r\n\r\n--s\r\n{content}\r\n--s\r\n\
             Content-Type: application/pkcs7-signature\r\n{signature}\r\n--s--\r\n"
        )
    };
    let good = "Content-Transfer-Encoding: base64\r\n\r\nAAAA";
    let bad = "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n*AAA";
    assert_eq!(on_path(&signed("\r\nhello", good)), None);
    assert_eq!(on_path(&signed("\r\nhello", bad)), Some(("2".into(), Defect::BadBase64)));
    let wrapped = "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA";
    assert_eq!(on_path(&signed(wrapped, good)), Some(("1".into(), Defect::EncodedComposite)));
    let opaque = format!("Content-Type: application/pkcs7-mime\r\n{bad}");
    assert_eq!(on_path(&opaque), Some(("1".into(), Defect::BadBase64)));
}
