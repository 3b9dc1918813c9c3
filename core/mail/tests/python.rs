//! Random messages, written by CPython's email package and read by both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::process::Command;

use mail::part::{Message, Part};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::available;

/// Writes mails into a folder, and prints one JSON line for each: what went into it, and the tree that CPython's parser
/// reads out of it.
const WRITER: &str = r##"
import email, hashlib, json, random, sys
from email.header import Header
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP, compat32, default
folder, count = sys.argv[1], int(sys.argv[2])
random.seed(5322)
SCRIPTS = {'utf-8': 'aé审批한 🖋=?_"\\;,\n.-', 'iso-8859-1': 'aü= ?_\n;ß"', 'gb2312': 'a申请审批 \n', 'big5': 'a中文郵件\n ', 'iso-2022-jp': 'a日本語\n',
           'koi8-r': 'aПривет \n', 'euc-kr': 'a한국어\n', 'us-ascii': 'abc =?_.\n-,"'}
def text(charset, n): return ''.join(random.choices(SCRIPTS[charset], k=random.randrange(n)))
def line(charset, n): return 'x' + ' '.join(text(charset, n).split()) + 'y'
def name(): return line(random.choice(['utf-8', 'us-ascii', 'us-ascii']), 30).replace('\\', '') + random.choice(['.pdf', '.txt', ''])
def leaf():
    if random.random() < 0.6:
        charset = random.choice(list(SCRIPTS))
        part = MIMEText(text(charset, 200), random.choice(['plain', 'html', 'csv']), charset)
    else:
        part = MIMEApplication(random.randbytes(random.randrange(300)), random.choice(['pdf', 'octet-stream', 'x-thing']))
    if random.random() < 0.5:
        file = name()
        value = file if file.isascii() else ('utf-8', random.choice(['', 'zh']), file)
        part.add_header('Content-Disposition', random.choice(['attachment', 'inline']), filename=value)
    return part
def tree(depth):
    kind = random.random()
    if depth == 0 or kind < 0.4: return leaf()
    if kind < 0.55:
        inner = tree(depth - 1)
        inner['Subject'] = 'inner'
        return MIMEMessage(inner)
    part = MIMEMultipart(random.choice(['mixed', 'alternative', 'related', 'report']))
    if random.random() < 0.2: part.preamble = 'This is a message in MIME format.\n'
    if random.random() < 0.2: part.epilogue = 'behind it\n'
    for _ in range(random.randrange(1, 4)): part.attach(tree(depth - 1))
    return part
def modern():
    part = EmailMessage(policy=default)
    part.set_content(text('utf-8', 300), cte=random.choice(['base64', 'quoted-printable', '8bit']))
    if random.random() < 0.5: part.add_alternative('<p>' + line('utf-8', 80), subtype='html')
    for _ in range(random.randrange(3)):
        part.add_attachment(random.randbytes(100), 'application', 'x-thing', filename=name())
    return part
def seen(part):
    if part.is_multipart(): return {'type': part.get_content_type(), 'parts': [seen(one) for one in part.get_payload()]}
    octets = part.get_payload(decode=True)
    return {'type': part.get_content_type(), 'size': len(octets), 'sha256': hashlib.sha256(octets).hexdigest(), 'name': part.get_filename()}
for number in range(count):
    charset = random.choice(list(SCRIPTS))
    subject, person = line(charset, 120), line('utf-8', 20).replace('"', '').replace('=?', '')
    if random.random() < 0.5:
        mail = tree(4)
        mail['Subject'] = Header(subject, charset)
    else:
        mail = modern()
        mail['Subject'] = subject
        mail['From'] = email.headerregistry.Address(person, 'a', 'x.example')
    octets = mail.as_bytes(policy=mail.policy.clone(linesep=random.choice(['\n', '\r\n'])))
    with open(f'{folder}/{number}.eml', 'wb') as file: file.write(octets)
    read = email.message_from_bytes(octets, policy=default)
    print(json.dumps({'subject': subject, 'person': person if mail['From'] else None, 'tree': seen(read)}))
"##;

fn seen(message: &Message, part: &Part) -> Value {
    if !part.children.is_empty() {
        let parts: Vec<Value> = part.children.iter().map(|child| seen(message, child)).collect();
        return json!({"type": part.content_type, "parts": parts});
    }
    let octets = message.decoded(part);
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(&octets));
    json!({"type": part.content_type, "size": octets.len(), "sha256": hash, "name": part.name})
}

#[test]
fn what_cpython_writes_is_read_as_cpython_reads_it() {
    if !available("python3") {
        return;
    }
    const COUNT: usize = 400;
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("python3")
        .args(["-c", WRITER])
        .arg(folder.path())
        .arg(COUNT.to_string())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.lines().count(), COUNT);
    for (number, line) in lines.lines().enumerate() {
        let expected: Value = serde_json::from_str(line).unwrap();
        let raw = std::fs::read(folder.path().join(format!("{number}.eml"))).unwrap();
        let message = Message::parse(&raw).unwrap();
        let mail = String::from_utf8_lossy(&raw);
        assert_eq!(seen(&message, message.root()), expected["tree"], "{mail}");
        // CPython writes spaces between encoded-words, where they are nothing (RFC 2047 section 6.2): compared without.
        let plain = |text: Option<&str>| text.map(|text| text.replace(' ', ""));
        let headers = &message.root().headers;
        assert_eq!(plain(headers.subject.as_deref()), plain(expected["subject"].as_str()), "{mail}");
        let name = headers.from.first().map(|person| person.name.as_deref().unwrap_or_default());
        assert_eq!(plain(name), plain(expected["person"].as_str()), "{mail}");
        assert!(message.ambiguity_on_path().is_none(), "{:?} {mail}", message.ambiguity_on_path());
    }
}
