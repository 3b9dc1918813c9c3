//! A signature inside CBC gives integrity only to what it covers: text that stands beside it in the same plaintext is
//! what an attacker moved there (the shapes of EFAIL).

use std::path::{Path, PathBuf};

use engine::secure::{Credit, EncryptionState, Opened, Warning};
use mail::part::Remote;
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::enveloped::{ContentCipher, encrypt};

use crate::support::{Person, Rng, alice_and_bob, as_bob, mailed, random};

const HTML: &str = "Content-Type: text/html\r\n\r\n<p>Hello</p>\r\n";
const STOLEN: &str = "stolen text";

fn assert_whole(mail: &Opened, is_whole: bool, what: &str) {
    assert_eq!(mail.verdict.encryption.integrity, is_whole, "{what}");
    assert_eq!(mail.verdict.warnings.contains(&Warning::NoIntegrity), !is_whole, "{what}");
    assert_eq!(mail.html(Remote::Blocked).is_some(), is_whole, "{what}");
    assert_eq!(mail.quotable_text().is_some(), is_whole, "{what}");
    let is_credited = mail.verdict.parts.iter().any(|part| part.credit != Credit::None);
    assert_eq!(is_credited, is_whole, "{what}");
}

#[test]
fn a_signature_inside_cbc_covers_all_that_was_decrypted_or_gives_no_integrity() {
    let (alice, bob) = alice_and_bob();
    let clear = wrap_signed(&[], HTML.as_bytes(), &alice.sign(HTML.as_bytes(), true), "sha-256", &mut random);
    let clear = String::from_utf8(clear).unwrap();
    let opaque = wrap_pkcs7(&[], "signed-data", &alice.sign(HTML.as_bytes(), false));
    let opaque = String::from_utf8(opaque).unwrap();
    let twice = wrap_pkcs7(&[], "signed-data", &alice.sign(opaque.as_bytes(), false));
    let preamble = |text: &str| clear.replacen("\r\n\r\n--", &format!("\r\n\r\n{text}\r\n--"), 1);
    let mut cases = vec![
        ("clear", true, clear.clone()),
        ("opaque", true, opaque.clone()),
        ("opaque twice", true, String::from_utf8(twice).unwrap()),
        // Texts that everybody knows carry nothing that was stolen.
        ("OpenSSL's preamble", true, preamble("This is an S/MIME signed message\r\n")),
        (
            "Thunderbird's preamble",
            true,
            preamble("This is a cryptographically signed message in MIME format.\r\n"),
        ),
        ("a preamble", false, preamble(STOLEN)),
        ("more than a known preamble", false, preamble("This is an S/MIME signed message stolen")),
        ("an epilogue", false, format!("{clear}{STOLEN}\r\n")),
    ];
    for entity in [&clear, &opaque] {
        cases.push(("a field in front", false, format!("X-Text: {STOLEN}\r\n{entity}")));
        cases.push(("a subject", false, format!("Subject: {STOLEN}\r\n{entity}")));
    }
    cases.push(("padding", true, format!("X-Padding: xxxx\r\n{opaque}")));
    cases.push(("padding that is none", false, format!("X-Padding: {STOLEN}\r\n{opaque}")));
    let signature = "Content-Type: application/pkcs7-signature";
    cases.push((
        "a field of the signature",
        false,
        clear.replacen(signature, &format!("X-Text: {STOLEN}\r\n{signature}"), 1),
    ));
    for behind in [STOLEN, "AAAA", "!!"] {
        cases.push(("behind the object", false, format!("{opaque}{behind}\r\n")));
    }
    for (name, is_whole, entity) in &cases {
        let cbc = bob.encrypted_for(entity.as_bytes(), ContentCipher::Aes256Cbc);
        let mail = as_bob(&mailed("alice@example.org", &cbc), (&alice, &bob));
        assert_whole(&mail, *is_whole, name);
    }
}

#[test]
fn every_level_between_decryption_and_signature_is_covered() {
    let (alice, bob) = alice_and_bob();
    let signed = wrap_pkcs7(&[], "signed-data", &alice.sign(HTML.as_bytes(), false));
    let gcm = bob.encrypted_for(&signed, ContentCipher::Aes256Gcm);
    let cbc = bob.encrypted_for(&signed, ContentCipher::Aes256Cbc);
    let field = format!("X-Text: {STOLEN}\r\n");
    for (name, is_whole, entity) in [
        ("GCM in CBC", true, gcm.clone()),
        ("a field around GCM in CBC", false, [field.as_bytes(), &gcm].concat()),
        ("CBC in CBC", true, cbc.clone()),
        ("a field around CBC in CBC", false, [field.as_bytes(), &cbc].concat()),
    ] {
        let raw = mailed("alice@example.org", &bob.encrypted_for(&entity, ContentCipher::Aes256Cbc));
        assert_whole(&as_bob(&raw, (&alice, &bob)), is_whole, name);
    }
    // A signature around a CBC ciphertext says nothing about what is inside: whoever changed it can sign it.
    let inner = bob.encrypted_for(HTML.as_bytes(), ContentCipher::Aes256Cbc);
    let around = wrap_pkcs7(&[], "signed-data", &alice.sign(&inner, false));
    let raw = mailed("alice@example.org", &bob.encrypted_for(&around, ContentCipher::Aes256Cbc));
    assert_whole(&as_bob(&raw, (&alice, &bob)), false, "a signature between two encryptions");
}

/// A picture is loaded where HTML is, and nowhere else.
#[test]
fn a_picture_of_a_mail_without_integrity_is_not_shown() {
    let (alice, bob) = alice_and_bob();
    let entity = "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n\
                  <img src=\"cid:p@x\">\r\n--r\r\nContent-Type: image/png\r\nContent-ID: <p@x>\r\n\
                  Content-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--r--\r\n";
    for (cipher, is_whole) in [(ContentCipher::Aes256Gcm, true), (ContentCipher::Aes256Cbc, false)] {
        let raw = mailed("alice@example.org", &bob.encrypted_for(entity.as_bytes(), cipher));
        let mail = as_bob(&raw, (&alice, &bob));
        let is_there = mail.payload.parts().iter().any(|part| part.content_type == "image/png");
        assert!(is_there, "{cipher:?}");
        assert_eq!(mail.inline_picture("p@x").is_some(), is_whole, "{cipher:?}");
    }
}

/// Without its key a mail has no text, though its outside is a message with a body.
#[test]
fn a_mail_that_stays_closed_has_no_text() {
    let (alice, bob) = alice_and_bob();
    let eve = Person::new("eve@example.org");
    let sealed = eve.encrypted_for(HTML.as_bytes(), ContentCipher::Aes256Gcm);
    let mut tagged =
        encrypt(HTML.as_bytes(), &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    *tagged.last_mut().unwrap() ^= 1;
    let broken = wrap_pkcs7(&[], "authEnveloped-data", &tagged);
    for (name, entity, state) in
        [("for Eve", sealed, EncryptionState::NoKey), ("broken", broken, EncryptionState::Failed)]
    {
        let mail = as_bob(&mailed("carol@example.org", &entity), (&alice, &bob));
        assert_eq!(mail.verdict.encryption.state, state, "{name}");
        assert_eq!((mail.shown_text(), mail.quotable_text()), (None, None), "{name}");
        assert_eq!(mail.html(Remote::Allowed), None, "{name}");
    }
    // Without integrity it may be read, and nothing more.
    let cbc = bob.encrypted_for(HTML.as_bytes(), ContentCipher::Aes256Cbc);
    for (entity, is_whole) in [(HTML.as_bytes(), true), (cbc.as_slice(), false)] {
        let mail = as_bob(&mailed("carol@example.org", entity), (&alice, &bob));
        assert_eq!(mail.shown_text().unwrap().trim(), "Hello");
        assert_eq!(mail.html(Remote::Allowed).is_some(), is_whole);
        assert_eq!(mail.quotable_text().is_some(), is_whole);
    }
}

/// HTML passes the gate: no other source names the way around it.
#[test]
fn nothing_but_the_gate_reaches_html() {
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for group in ["core", "bindings"] {
        for member in std::fs::read_dir(root.join(group)).unwrap().map(|entry| entry.unwrap().path()) {
            if member.join("src").is_dir() {
                sources(&member.join("src"), &mut found);
            }
        }
    }
    let names = |path: &PathBuf| std::fs::read_to_string(path).unwrap().contains("ungated");
    let mut naming: Vec<String> = found
        .iter()
        .filter(|path| names(path))
        .map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"))
        .collect();
    naming.sort_unstable();
    assert!(found.len() > 250, "{}", found.len());
    assert_eq!(naming, ["core/engine/src/secure.rs", "core/mail/src/lib.rs"]);
}
