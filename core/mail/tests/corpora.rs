//! Foreign mail, good and broken, against the tables that CPython's parser made of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use mail::part::{Defect, Message, Part, tree};
use sha2::{Digest, Sha256};
use support::{assert_well_formed, corpus};

/// Where we read otherwise than CPython 3.13, and why: file and part of the table in docs/standards.md. A row there that
/// agrees is an error, too.
fn disagreements() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/standards.md");
    let document = std::fs::read_to_string(path).unwrap();
    let (_, table) = document.split_once("| mail | part | why it is read otherwise |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert!(cells[3].len() > 10, "a reason is written: {row}");
        (cells[1].to_owned(), cells[2].to_owned())
    })
    .collect()
}

/// A row of parts.tsv: type, octets, hash, file name (`-` where the table has none), defects.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Row {
    content_type: String,
    octets: String,
    hash: String,
    name: String,
    defects: String,
}

type Rows = BTreeMap<String, Row>;

fn table(folder: &Path) -> BTreeMap<String, Rows> {
    let mut files: BTreeMap<String, Rows> = BTreeMap::new();
    for line in std::fs::read_to_string(folder.join("parts.tsv")).unwrap().lines().skip(1) {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [file, part, content_type, octets, hash, name, defects] = cells.try_into().unwrap();
        files.entry(file).or_default().insert(part, Row { content_type, octets, hash, name, defects });
    }
    files
}

fn rows(message: &Message) -> BTreeMap<String, (Row, Part)> {
    let mut rows = BTreeMap::new();
    walk(message, message.root(), "0", &mut rows);
    rows
}

fn walk(message: &Message, part: &Part, path: &str, rows: &mut BTreeMap<String, (Row, Part)>) {
    let decoded = message.decoded(part);
    let (octets, hash) = if part.children.is_empty() {
        (decoded.len().to_string(), sha256(&decoded))
    } else {
        ("-".into(), "-".into())
    };
    let row = Row {
        content_type: part.content_type.clone(),
        octets,
        hash,
        name: part.name.clone().unwrap_or_else(|| "-".into()),
        defects: String::new(),
    };
    rows.insert(path.into(), (row, part.clone()));
    for (index, child) in part.children.iter().enumerate() {
        let number = index + 1;
        let path = if path == "0" { number.to_string() } else { format!("{path}.{number}") };
        walk(message, child, &path, rows);
    }
}

fn sha256(octets: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(octets)[..8])
}

/// CPython parses every message/* as a message; only message/rfc822, global and news hold one (RFC 2046 section 5.2, RFC 3464,
/// RFC 6532).
fn is_inside_or_is_report(path: &str, expected: &Rows) -> bool {
    let opaque = |row: &Row| row.content_type.starts_with("message/") && row.content_type != "message/rfc822";
    let parent = path.rsplit_once('.').and_then(|(parent, _)| expected.get(parent));
    expected.get(path).is_some_and(opaque) || parent.is_some_and(opaque)
}

/// File names: the last component only (RFC 2183 section 2.3), encoded-words decoded as senders mean them.
fn same_name(own: &str, table: &str) -> bool {
    let encoded = Message::parse(format!("Subject: {table}\r\n\r\n").as_bytes()).unwrap();
    let decoded = encoded.root().headers.subject.clone().unwrap_or_default();
    own == table
        || Some(own) == table.rsplit(['/', '\\']).next()
        || (table.starts_with("=?") && own == decoded)
}

fn same_defects(own: &[Defect], table: &str) -> bool {
    let expected = |name: &str, defect: Defect| !table.contains(name) || own.contains(&defect);
    expected("CloseBoundaryNotFoundDefect", Defect::UnclosedMultipart)
        && expected("StartBoundaryNotFoundDefect", Defect::MissingBoundary)
        && expected("NoBoundaryInMultipartDefect", Defect::MissingBoundary)
        && expected("MultipartInvariantViolationDefect", Defect::MissingBoundary)
        && expected("MissingHeaderBodySeparatorDefect", Defect::BadHeader)
}

/// Every row of a table, of so many mails.
fn compare(corpus_name: &str, mails: usize) {
    let Some(folder) = corpus(corpus_name) else { return };
    let disagreements = disagreements();
    let (mut total, mut explained, mut wrong) = (0, 0, Vec::new());
    let table = table(&folder);
    assert_eq!(table.len(), mails, "{corpus_name}");
    for (file, expected) in table {
        let raw = std::fs::read(folder.join(&file)).unwrap();
        let message = Message::parse(&raw).unwrap();
        let ours = rows(&message);
        let id = format!("{corpus_name}/{file}");
        for (path, row) in &expected {
            total += 1;
            let listed = disagreements.contains(&(id.clone(), path.clone()));
            let agrees = ours.get(path).is_some_and(|(own, part)| {
                own.octets == row.octets
                    && own.hash == row.hash
                    && own.content_type == row.content_type
                    && same_name(&own.name, &row.name)
                    && same_defects(&part.defects, &row.defects)
            });
            if agrees == listed && !is_inside_or_is_report(path, &expected) {
                wrong.push(format!("{id} {path}: table {row:?}, ours {:?}", ours.get(path)));
            }
            explained += usize::from(!agrees);
        }
        let file_listed = disagreements.iter().any(|(name, _)| *name == id);
        for path in ours.keys().filter(|path| !expected.contains_key(*path) && !file_listed) {
            wrong.push(format!("{id} {path}: not in the table"));
        }
    }
    println!("{corpus_name}: {} of {total} rows agree, {explained} have a written reason", total - explained);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mail_parser_corpus() {
    compare("mail-parser", 107);
}

#[test]
fn cpython_corpus() {
    compare("cpython-email", 48);
}

#[test]
fn ruby_mail_corpus() {
    compare("ruby-mail", 104);
}

#[test]
fn nodemailer_corpus() {
    compare("nodemailer-mailparser", 10);
}

/// Ranges are exact: what a part says of itself is found at its place, and parts lie inside their parents.
#[test]
fn every_part_of_every_corpus_lies_where_it_says() {
    for (path, raw) in every_mail() {
        let message = Message::parse(&raw).unwrap();
        assert_well_formed(&message, &path);
        tree(&message, &sha256);
        message.body_text();
        message.attachments();
    }
}

/// Nothing of a broken mail is lost: its text, or an attachment with it, is there.
#[test]
fn broken_mails_keep_their_bodies() {
    // The one mail without text to show has everything inside `<title>`.
    for (path, raw) in every_mail().into_iter().filter(|(path, _)| !path.ends_with("htmllargecallstack.eml"))
    {
        let message = Message::parse(&raw).unwrap();
        let has_body = message
            .parts()
            .iter()
            .any(|part| part.children.is_empty() && !message.decoded(part).trim_ascii().is_empty());
        let shown = message.body_text().is_some_and(|text| !text.trim().is_empty());
        assert!(!has_body || shown || !message.attachments().is_empty(), "{path}");
    }
}

#[test]
fn notmuch_broken_mails_are_readable() {
    let Some(folder) = corpus("notmuch-broken") else { return };
    let read = |name: &str| Message::parse(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let cc = read("broken/broken-cc");
    assert!(cc.root().headers.subject.is_some() && !cc.root().headers.from.is_empty());
    assert!(!read("broken/empty-part").root().children.is_empty());
    for (name, other) in
        [("broken/loop/loop-12", "broken/loop/loop-21"), ("broken/loop/loop-21", "broken/loop/loop-12")]
    {
        let (one, two) = (read(name), read(other));
        let id = two.root().headers.message_id.clone().unwrap();
        assert!(
            one.root().headers.in_reply_to.contains(&id) || one.root().headers.references.contains(&id),
            "{name}"
        );
    }
    let mangled = read("mangling/mixed-up.eml");
    assert_eq!(mangled.root().content_type, "multipart/mixed");
    assert!(mangled.root().children.len() >= 2);
}

/// No From of this corpus leads to one undisputed mailbox, but for those that say plainly who they are.
#[test]
fn spoofed_addresses_are_all_reported() {
    let Some(folder) = corpus("address-spoofing") else { return };
    let listed = std::fs::read_to_string(folder.join("expected.tsv")).unwrap().lines().count() - 1;
    let expected: [(&str, &[&str], usize, bool); 15] = [
        ("a8", &["first@attack.com", "admin@legitimate.com"], 2, false),
        ("a9", &["first@attack.com", "admin@legitimate.com"], 2, true),
        ("a10", &["first@attack.com", "admin@legitimate.com"], 2, true),
        ("a11", &["first@attack.com", "admin@legitimate.com"], 2, true),
        ("a12", &["first@attack.com"], 1, true),
        ("a13", &["first@attack.com"], 1, true),
        ("a14", &["first@attack.com", "admin@legitimate.com"], 1, false),
        ("a15", &["=?utf-8?B?PGFkbWluQGxlZ2l0aW1hdGUuY29tPg==?=", "second@attack.com"], 1, false),
        ("a16", &["admin@legitimate.com"], 1, false),
        ("a17", &["admin@legitimate.com", "second@attack.com"], 1, true),
        ("a18", &["admin@legitimate.com", "second@attack.com"], 1, false),
        ("a19", &["any@attack.com", "admin@legitimate.com"], 1, true),
        ("client-a1", &["attacker@example.com", "admin@example.com"], 2, false),
        ("client-a2", &["attacker@example.com", "admin@example.com"], 1, false),
        // The trick is the Sender, which the caller compares.
        ("client-a3", &["admin@example.com"], 1, false),
    ];
    assert_eq!(listed, expected.len());
    for (file, addresses, from_fields, ambiguous) in expected {
        let message = Message::parse(&std::fs::read(folder.join(format!("{file}.eml"))).unwrap()).unwrap();
        let headers = &message.root().headers;
        let found: Vec<_> = headers.from.iter().map(|mailbox| mailbox.address.as_str()).collect();
        assert_eq!(
            (found.as_slice(), headers.from_fields, headers.from_ambiguous),
            (addresses, from_fields, ambiguous),
            "{file}"
        );
    }
}

fn every_mail() -> Vec<(String, Vec<u8>)> {
    let names = [
        "mail-parser",
        "cpython-email",
        "ruby-mail",
        "nodemailer-mailparser",
        "notmuch",
        "notmuch-broken",
        "address-spoofing",
    ];
    let mut mails = Vec::new();
    let mut folders: Vec<_> = names.iter().filter_map(|name| corpus(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|kind| kind != "tsv") {
                mails.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    mails
}
