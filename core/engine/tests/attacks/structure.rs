//! Structure on which programs disagree, under a right signature.

use engine::secure::{Credit, Warning};
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::enveloped::ContentCipher;
use smime::verdict::{Reason, SignatureState};

use crate::support::{alice_and_bob, as_bob, mailed, outer, random};

/// Payloads in which programs see different texts.
const AMBIGUOUS: &[(&str, &str)] = &[
    ("two types", "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nA<b>B</b>\r\n"),
    (
        "two encodings",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\n\r\nUGF5\r\n",
    ),
    (
        "two boundaries",
        "Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\nA\r\n--b\r\n\r\nB\r\n--b--\r\n--a--\r\n",
    ),
    ("no boundary", "Content-Type: multipart/mixed\r\n\r\n--a\r\n\r\nA\r\n--a--\r\n"),
    ("an open multipart", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nA\r\n"),
    (
        "inside",
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\nA\r\n--a--\r\n",
    ),
    ("a type with a comment", "Content-Type: text/html(x)\r\n\r\n<!--Pay 1000 EUR.--><p>Pay 1 EUR.\r\n"),
    (
        "a multipart with a comment",
        "Content-Type: multipart(x)/mixed; boundary=a\r\n\r\n--a\r\n\r\nA\r\n--a--\r\n",
    ),
    ("a type in quotes", "Content-Type: text/html\"\"\r\n\r\n<!--A-->B\r\n"),
    (
        "an encoding with a parameter",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64; x=y\r\n\r\nUGF5\r\n",
    ),
    (
        "another start",
        "Content-Type: multipart/related; boundary=a; start=\"<b>\"\r\n\r\n--a\r\n\r\nA\r\n--a\r\nContent-ID: <b>\r\n\r\nB\r\n--a--\r\n",
    ),
    ("two formats", "Content-Type: text/plain; format=fixed; format=flowed\r\n\r\nA \r\nB\r\n"),
    ("two protections", "Content-Type: text/plain; protected-headers=v1; protected-headers=v2\r\n\r\nA\r\n"),
    ("an unknown charset", "Content-Type: text/plain; charset=ebcdic-xx\r\n\r\nA\r\n"),
    ("a lone CR", "Content-Type: text/plain\r\n\r\nPay 1000 EUR.\rPay 1 EUR.   \r\n"),
    (
        "a text that is perhaps attached",
        "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Disposition: attachment(x)\r\n\r\nA\r\n--a\r\n\r\nB\r\n--a--\r\n",
    ),
];

#[test]
fn a_comment_hides_no_layer() {
    let (alice, bob) = alice_and_bob();
    let stolen = bob.encrypted_for(b"Content-Type: text/plain\r\n\r\nstolen\r\n", ContentCipher::Aes256Gcm);
    let stolen = String::from_utf8(stolen).unwrap();
    let commented = stolen.replace("application/pkcs7-mime", "application/pkcs7-mime(x)");
    assert_ne!(commented, stolen);
    let entity = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n{commented}\r\n--b--\r\n"
    );
    let mail = as_bob(&mailed("alice@example.org", entity.as_bytes()), (&alice, &bob));
    assert!(mail.verdict.warnings.contains(&Warning::LayerNotAtRoot));
    // At the root it is opened, and not believed.
    let signed = wrap_pkcs7(&outer("alice@example.org"), "signed-data", &alice.sign(b"\r\nHi\r\n", false));
    let signed = String::from_utf8(signed).unwrap().replace("pkcs7-mime;", "pkcs7-mime(x);");
    let mail = as_bob(signed.as_bytes(), (&alice, &bob));
    assert_eq!(mail.verdict.signature.reasons, [Reason::StructureAmbiguous]);
}

#[test]
fn ambiguous_structure_is_never_valid() {
    let (alice, bob) = alice_and_bob();
    // As it is, and in the message of a message that is taken out of its wrapping.
    let wrapped = |payload: &str| {
        format!("Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: alice@example.org\r\n{payload}")
    };
    let payloads = AMBIGUOUS.iter().flat_map(|(name, payload)| {
        [((*name).to_owned(), (*payload).to_owned()), (format!("{name}, wrapped"), wrapped(payload))]
    });
    let twice = "Content-Type: message/rfc822; forwarded=no\r\nContent-Type: text/plain\r\n\r\nFrom: alice@example.org\r\n\r\nHi\r\n";
    for (name, payload) in payloads.chain([("an ambiguous wrapper".to_owned(), twice.to_owned())]) {
        let payload = payload.as_bytes();
        let opaque = wrap_pkcs7(&outer("alice@example.org"), "signed-data", &alice.sign(payload, false));
        let clear = wrap_signed(
            &outer("alice@example.org"),
            payload,
            &alice.sign(payload, true),
            "sha-256",
            &mut random,
        );
        let inside = bob.encrypted_for(
            &wrap_pkcs7(&[], "signed-data", &alice.sign(payload, false)),
            ContentCipher::Aes256Gcm,
        );
        for raw in [opaque, clear, mailed("alice@example.org", &inside)] {
            let mail = as_bob(&raw, (&alice, &bob));
            assert_eq!(mail.verdict.signature.state, SignatureState::Invalid, "{name}");
            assert_eq!(mail.verdict.signature.reasons, [Reason::StructureAmbiguous], "{name}");
            assert!(mail.verdict.warnings.contains(&Warning::StructureAmbiguous), "{name}");
            assert!(mail.valid_signers.is_empty(), "{name}");
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
            assert_eq!(mail.quotable_text(), None, "{name}");
        }
        // Encrypted only, with integrity: nothing is credited either.
        let encrypted = bob.encrypted_for(payload, ContentCipher::Aes256Gcm);
        let mail = as_bob(&mailed("alice@example.org", &encrypted), (&alice, &bob));
        assert!(mail.verdict.warnings.contains(&Warning::StructureAmbiguous), "{name}");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
    }
}

#[test]
fn an_ambiguous_envelope_is_never_valid() {
    let (alice, bob) = alice_and_bob();
    let payload = b"Content-Type: text/plain\r\n\r\nPay 1 EUR.\r\n";
    let good = wrap_signed(&[], payload, &alice.sign(payload, true), "sha-256", &mut random);
    assert_eq!(
        as_bob(&mailed("alice@example.org", &good), (&alice, &bob)).verdict.signature.state,
        SignatureState::Valid
    );
    // A second type in front of or behind the right one: some program reads this mail as unsigned text.
    let text = String::from_utf8(good).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    for head in [format!("Content-Type: text/plain\r\n{head}"), format!("{head}\r\nContent-Type: text/html")]
    {
        let mail =
            as_bob(&mailed("alice@example.org", format!("{head}\r\n\r\n{body}").as_bytes()), (&alice, &bob));
        assert_ne!(mail.verdict.signature.state, SignatureState::Valid);
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));
    }
}

/// Attachments, and messages that are attached, may be as odd as they like.
#[test]
fn an_odd_attachment_spoils_nothing() {
    let (alice, bob) = alice_and_bob();
    for &(name, odd) in AMBIGUOUS {
        let payload = format!(
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n\
             --x\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: forwarded\r\n{odd}\r\n--x--\r\n"
        );
        let raw =
            wrap_pkcs7(&outer("alice@example.org"), "signed-data", &alice.sign(payload.as_bytes(), false));
        let mail = as_bob(&raw, (&alice, &bob));
        assert_eq!(
            mail.verdict.signature.state,
            SignatureState::Valid,
            "{name}: {:?}",
            mail.verdict.signature
        );
        assert_eq!(mail.payload.body_text().as_deref(), Some("Hello"), "{name}");
    }
}
