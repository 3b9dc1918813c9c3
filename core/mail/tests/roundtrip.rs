//! Hostile drafts, written by us and read by us and by CPython; mutated mails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::process::Command;

use mail::Mailbox;
use mail::compose::{Attachment, Draft, message};
use mail::part::{Message, canonical_crlf, tree};
use mail::protect::{Protection, pad_entity, protect, view, wrap_pkcs7, wrap_signed};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};
use support::{assert_well_formed, available, boundaries, corpus, draft};

fn config() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(9788), failure_persistence: None, ..ProptestConfig::default() }
}

/// Text of any script with what breaks header fields. Control characters are refused elsewhere; a byte order mark at the
/// start of a text is not part of it.
fn hostile(longest: usize) -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "=?utf-8?B?5L2g?=",
        "\"",
        "\\",
        "<a@b>",
        ",",
        ";",
        ":",
        "  ",
        " ",
        "@",
        "(",
        ")",
        "?=",
        "=",
        "%41",
        "''",
        "*",
        "审批",
        "é",
        "🖋️",
        "\u{202e}",
        "From ",
        ".",
        "--",
        "a",
        "word ",
        "verylongwordwithoutanyspacethatcannotbefoldedatallbecauseitislong",
    ]);
    let any = any::<char>()
        .prop_filter("not allowed", |c| !c.is_control() && *c != '\u{feff}')
        .prop_map(String::from);
    let piece = prop_oneof![3 => nasty.prop_map(str::to_owned), 2 => any, 1 => "[ -~]{1,12}"];
    prop::collection::vec(piece, 0..longest).prop_map(|pieces| pieces.concat())
}

fn body_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => hostile(12),
        2 => Just("\n".to_owned()),
        1 => Just("\r\n".to_owned()),
        1 => any::<char>().prop_filter("byte order mark", |c| *c != '\u{feff}').prop_map(String::from),
        1 => prop::sample::select(vec!["\n.\n", "\nFrom ", " \n", "\t\n", "--=_01", "=\n", "\n\n\n"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        r"[a-z0-9][a-z0-9+_-]{0,20}(\.[a-z0-9]{1,9}){0,2}@[a-z0-9]{1,20}\.example",
        Just("\"a b,c\"@x.example".to_owned())
    ]
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    (prop::option::of(hostile(8)), address()).prop_map(|(name, address)| Mailbox { name, address })
}

fn file_name() -> impl Strategy<Value = String> {
    let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '/' | '\\');
    hostile(30).prop_map(move |name| {
        let name: String = name.chars().filter(|c| !bidi(*c)).take(200).collect();
        format!("x{}.pdf", name.trim())
    })
}

fn drafts() -> impl Strategy<Value = Draft> {
    let attachment =
        (prop::option::of(file_name()), any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)).prop_map(
            |(name, inline, bytes)| Attachment {
                name,
                content_type: "application/x-thing".into(),
                inline,
                bytes,
            },
        );
    let people = || prop::collection::vec(mailbox(), 0..5);
    (
        mailbox(),
        people(),
        people(),
        hostile(20),
        body_text(),
        prop::option::of(body_text()),
        prop::collection::vec(attachment, 0..3),
        0_i64..4_000_000_000,
    )
        .prop_map(|(from, to, cc, subject, text, html, attachments, date)| Draft {
            from,
            to,
            cc,
            subject,
            text,
            html,
            attachments,
            date,
            references: vec!["a@x".into(), "b@y".into()],
            in_reply_to: Some("b@y".into()),
            ..draft()
        })
}

fn lf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn shown(text: &str) -> String {
    text.trim_matches(' ').to_owned()
}

fn people(list: &[Mailbox]) -> Vec<(Option<String>, String)> {
    let name = |m: &Mailbox| m.name.as_deref().filter(|name| !name.trim().is_empty()).map(shown);
    list.iter().map(|m| (name(m), m.address.clone())).collect()
}

fn read_people(list: &[Mailbox]) -> Vec<(Option<String>, String)> {
    list.iter().map(|m| (m.name.clone(), m.address.clone())).collect()
}

fn assert_same(read: &Message, sent: &Draft) {
    let headers = &read.root().headers;
    assert_eq!(headers.subject.as_deref(), Some(shown(&sent.subject).as_str()));
    assert_eq!(read_people(&headers.from), people(std::slice::from_ref(&sent.from)));
    assert_eq!((headers.from_fields, headers.from_ambiguous), (1, false));
    assert_eq!(read_people(&headers.to), people(&sent.to));
    assert_eq!(read_people(&headers.cc), people(&sent.cc));
    assert_eq!((headers.date, headers.message_id.as_deref()), (Some(sent.date), Some("1@example.org")));
    assert_eq!(read.body_text(), Some(lf(&sent.text)));
    let files: Vec<_> =
        read.parts().into_iter().filter(|part| part.content_type == "application/x-thing").collect();
    assert_eq!(files.len(), sent.attachments.len());
    for (part, attached) in files.iter().zip(&sent.attachments) {
        assert_eq!(
            (part.name.clone(), &*read.decoded(part)),
            (attached.name.clone(), attached.bytes.as_slice())
        );
    }
    assert!(read.parts().iter().all(|part| part.defects.is_empty()), "{:?}", read.root());
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_composed_is_read_back(sent in drafts()) {
        let written = message(&sent, &mut boundaries()).unwrap();
        prop_assert!(written.is_ascii());
        prop_assert!(written.split(|&b| b == b'\n').all(|line| line.len() <= 998));
        assert_same(&Message::parse(&written).unwrap(), &sent);
    }

    #[test]
    fn what_is_protected_is_read_back(sent in drafts(), legacy_display: bool, step in 0_usize..9000) {
        let mut source = boundaries();
        let sealed = protect(&sent, Protection::Cipher { legacy_display }, &mut source).unwrap();
        let mut payload = Message::parse(&sealed.payload).unwrap();
        payload.mark_decrypted();
        assert_same(&payload, &sent);
        let outer = Message::parse(&pad_entity(wrap_pkcs7(&sealed.outer, "enveloped-data", b"x"), step)).unwrap();
        prop_assert_eq!(outer.root().headers.subject.as_deref(), Some("[...]"));
        let seen = view(&outer, &payload, true);
        prop_assert!(seen.outer_changed.is_empty());
        prop_assert!(sent.subject == "[...]" || seen.confidential == ["subject"], "{:?}", seen);

        let signed = protect(&sent, Protection::Clear, &mut source).unwrap();
        let mail = Message::parse(&wrap_signed(&signed.outer, &signed.payload, b"s", "sha-256", &mut source)).unwrap();
        prop_assert_eq!(mail.entity(&mail.root().children[0]), signed.payload.as_slice());
        prop_assert_eq!(&*canonical_crlf(&signed.payload), signed.payload.as_slice());
        let payload = Message::parse(&signed.payload).unwrap();
        let seen = view(&mail, &payload, false);
        prop_assert!(seen.protected && seen.outer_differs.is_empty() && seen.confidential.is_empty(), "{:?}", seen);
    }

    #[test]
    fn mutated_mails_are_read_without_panic(
        which: prop::sample::Index,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..6, any::<u8>()), 1..12),
    ) {
        let seeds = seeds();
        let mut octets = which.get(&seeds).clone();
        for (at, other, kind, byte) in edits {
            mutate(&mut octets, at, other, kind, byte);
        }
        exercise(&octets);
    }

    /// Octets that are mostly what a reader looks for.
    #[test]
    fn grammar_without_sense_is_read_without_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..60)) {
        exercise(&pieces.concat());
    }

    #[test]
    fn arbitrary_octets_are_read_without_panic(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        exercise(&octets);
    }
}

const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b" ",
    b"\t",
    b"\0",
    b"\xff",
    b";",
    b":",
    b"=",
    b"\"",
    b"(",
    b")",
    b"\\",
    b"<",
    b">",
    b"--",
    b"--b",
    b"\r\n--b\r\n",
    b"\r\n--b--\r\n",
    b"--c\r\n",
    b"Content-Type: ",
    b"multipart/mixed; boundary=b",
    b"multipart/digest; boundary=c\r\n\r\n",
    b"message/rfc822\r\n\r\n",
    b"text/plain; charset=",
    b"utf-7",
    b"hz-gb-2312",
    b"iso-2022-jp-1",
    b"iso-2022-kr",
    b"cp437",
    b"text/html",
    b"Content-Transfer-Encoding: ",
    b"base64",
    b"quoted-printable",
    b"x-uuencode",
    b"begin 644 a\n",
    b"end\n",
    b"=?utf-8?Q?",
    b"?=",
    b"=?x?b?",
    b"From: ",
    b"Content-Disposition: attachment; filename",
    b"*0*=",
    b"*1=",
    b"*=utf-8''%",
    b"=41",
    b"=\r\n",
    b"QQ==",
    b"+AAA-",
    b"~{",
    b"\x1b$B",
    b"; format=flowed",
    b"> ",
    b"-- ",
    b"a@b",
    b",",
];

fn mutate(octets: &mut Vec<u8>, at: prop::sample::Index, other: prop::sample::Index, kind: u8, byte: u8) {
    if octets.is_empty() {
        return;
    }
    let (a, b) = (at.index(octets.len()), other.index(octets.len()));
    let (low, high) = (a.min(b), a.max(b));
    let piece = || octets[low..high.min(low + 200)].to_vec();
    match kind {
        0 => octets[a] = byte,
        1 => octets.truncate(a),
        2 => drop(octets.drain(low..high.min(low + 50))),
        3 => octets.insert(a, b"\r\n\0:;\"=<>?"[usize::from(byte) % 10]),
        4 => octets.splice(a..a, piece()).for_each(drop),
        _ => octets.swap(a, b),
    }
}

fn exercise(octets: &[u8]) {
    let Ok(read) = Message::parse(octets) else { return };
    assert_well_formed(&read, "mutated");
    read.ambiguity_on_path();
    read.body_text();
    read.attachments();
    tree(&read, &|_| String::new());
    for part in read.parts() {
        read.text(part);
        canonical_crlf(read.entity(part));
    }
    view(&read, &read, true);
}

/// Mails to mutate: our own, and foreign ones when they are there.
fn seeds() -> Vec<Vec<u8>> {
    let sealed = protect(&draft(), Protection::Cipher { legacy_display: true }, &mut boundaries()).unwrap();
    let mut seeds = vec![message(&draft(), &mut boundaries()).unwrap(), sealed.payload];
    for (name, folder) in [("mail-parser", "malformed"), ("mail-parser", "rfc"), ("address-spoofing", ".")] {
        let Some(corpus) = corpus(name) else { continue };
        let mut paths: Vec<_> =
            std::fs::read_dir(corpus.join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        seeds.extend(paths.iter().filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()));
    }
    seeds
}

/// Reads each mail with CPython's newest policy and prints one JSON line of what it saw. Names are compared without spaces:
/// CPython before 3.13 puts one between adjacent encoded-words of a name, against RFC 2047 section 6.2.
const READER: &str = r#"
import email, email.policy, json, sys
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    people = lambda name: [[a.display_name.replace(' ', ''), a.addr_spec] for f in mail.get_all(name, []) for a in f.addresses]
    body = mail.get_body(('plain',))
    print(json.dumps({
        'subject': mail['subject'], 'from': people('from'), 'to': people('to'), 'cc': people('cc'),
        'date': int(mail['date'].datetime.timestamp()), 'message_id': mail['message-id'],
        'text': body.get_payload(decode=True).decode('utf-8').replace('\r\n', '\n'),
        'files': [[p.get_filename(), p.get_payload(decode=True).hex()] for p in mail.walk()
                  if p.get_content_type() == 'application/x-thing'],
        'defects': [type(d).__name__ for p in mail.walk() for d in p.defects]}))
"#;

#[test]
fn cpython_reads_what_we_write() {
    if !available("python3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(config());
    let sent: Vec<Draft> = (0..150).map(|_| drafts().new_tree(&mut runner).unwrap().current()).collect();
    let mut command = Command::new("python3");
    command.arg("-c").arg(READER);
    for (number, draft) in sent.iter().enumerate() {
        let path = folder.path().join(format!("{number:03}.eml"));
        std::fs::write(&path, message(draft, &mut boundaries()).unwrap()).unwrap();
        command.arg(path);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), sent.len());
    for (line, draft) in lines.lines().zip(&sent) {
        let seen: serde_json::Value = serde_json::from_str(line).unwrap();
        let names = |list: &[Mailbox]| {
            people(list)
                .into_iter()
                .map(|(name, a)| vec![name.unwrap_or_default().replace(' ', ""), a])
                .collect::<Vec<_>>()
        };
        let files: Vec<_> = draft
            .attachments
            .iter()
            .map(|a| (a.name.clone(), data_encoding::HEXLOWER.encode(&a.bytes)))
            .collect();
        let expected = serde_json::json!({
            "subject": draft.subject, "from": names(std::slice::from_ref(&draft.from)), "to": names(&draft.to), "cc": names(&draft.cc),
            "date": draft.date, "message_id": "<1@example.org>", "text": lf(&draft.text),
            "files": files, "defects": [],
        });
        assert_eq!(seen, expected);
    }
}
