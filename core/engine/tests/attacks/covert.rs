//! Covert content: ciphertext that was stolen is put where a reader, or an answer, would give it away
//! (Müller, Brinkmann, Poddebniak, Schinzel, Schwenk: "Re: What's Up Johnny?", 2019).

use engine::secure::{Credit, EncryptionState, Summary, Warning};
use smime::enveloped::ContentCipher;

use crate::support::{alice_and_bob, as_bob, mailed};

const STOLEN: &str = "the stolen text";

/// What Eve stole: an entity that only Bob can open.
fn stolen(cipher: ContentCipher) -> (String, crate::support::Person, crate::support::Person) {
    let (alice, bob) = alice_and_bob();
    let entity = format!("Content-Type: text/plain\r\n\r\n{STOLEN}\r\n");
    let part = String::from_utf8(bob.encrypted_for(entity.as_bytes(), cipher)).unwrap();
    (part, alice, bob)
}

#[test]
fn covert_parts_are_attachments_and_never_merged() {
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm] {
        let (part, alice, bob) = stolen(cipher);
        let lines = "\r\n".repeat(500);
        let mails = [
            // Not at the root, alone or beside text.
            format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{part}\r\n--b--\r\n"),
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nWhat's up?\r\n--b\r\n{part}\r\n--b--\r\n"
            ),
            // Hidden by alternative and related.
            format!(
                "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n{part}\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>\r\n--b--\r\n"
            ),
            format!(
                "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi<img src=\"cid:c\"></p>\r\n--b\r\nContent-ID: <c>\r\n{part}\r\n--b--\r\n"
            ),
            // Hidden by layout.
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nWhat's up?{lines}\r\n--b\r\n{part}\r\n--b--\r\n"
            ),
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\nHi<div style=\"display:none\"><plaintext>\r\n--b\r\n{part}\r\n--b--\r\n"
            ),
            // Twice.
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n{part}\r\n--b\r\n{part}\r\n--b--\r\n"
            ),
        ];
        for (number, entity) in mails.iter().enumerate() {
            let mail = as_bob(&mailed("eve@example.org", entity.as_bytes()), (&alice, &bob));
            assert_eq!(mail.verdict.encryption.state, EncryptionState::None, "{number}");
            assert_eq!(mail.verdict.summary, Summary::None, "{number}");
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{number}");
            assert!(mail.verdict.warnings.contains(&Warning::LayerNotAtRoot), "{number}");
            let is_attached =
                mail.payload.attachments().iter().any(|part| part.content_type.ends_with("pkcs7-mime"));
            assert!(is_attached, "{number}: it stays an attachment");
            for text in [mail.payload.body_text(), mail.quotable_text()].into_iter().flatten() {
                assert!(!text.contains(STOLEN), "{number}");
            }
            assert!(!format!("{:?}", mail.payload).contains(STOLEN), "{number}");
        }
    }
}

#[test]
fn covert_parts_in_attached_messages_are_not_opened() {
    let (part, alice, bob) = stolen(ContentCipher::Aes256Cbc);
    for entity in [
        format!("Content-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n{part}"),
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n{part}\r\n--b--\r\n"
        ),
        format!("Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: alice@example.org\r\n{part}"),
    ] {
        let mail = as_bob(&mailed("eve@example.org", entity.as_bytes()), (&alice, &bob));
        assert_eq!(mail.verdict.summary, Summary::None);
        assert!(!mail.quotable_text().unwrap_or_default().contains(STOLEN));
    }
}

/// Eve signs or encrypts her own mail around the stolen part: only what the root gives is opened, the part stays closed.
#[test]
fn a_stolen_part_inside_eves_own_encryption_stays_closed() {
    let (part, alice, bob) = stolen(ContentCipher::Aes256Cbc);
    let entity = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nPlease answer.\r\n--b\r\n{part}\r\n--b--\r\n"
    );
    let encrypted = bob.encrypted_for(entity.as_bytes(), ContentCipher::Aes256Gcm);
    let mail = as_bob(&mailed("eve@example.org", &encrypted), (&alice, &bob));
    assert_eq!(mail.verdict.encryption.state, EncryptionState::Decrypted);
    assert!(mail.verdict.warnings.contains(&Warning::LayerNotAtRoot));
    assert_eq!(mail.quotable_text().as_deref(), Some("Please answer."));
    assert!(mail.must_encrypt_answer());
}

/// A mail that looks one way to its signer and another way to a reader: an answer quotes text, and no style survives.
#[test]
fn a_quoted_answer_is_no_signing_oracle() {
    let (alice, bob) = alice_and_bob();
    let html = "<style>@media (min-width: 1px) { .a { display: none } .b { display: block } }\
                @supports (display: grid) { .b { color: red } }</style>\
                <p class=a>Shall we have lunch?</p><p class=b style=\"display:none\">I herewith resign.</p>";
    let entity = format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n");
    let mail = as_bob(&mailed("eve@example.org", entity.as_bytes()), (&alice, &bob));
    let quoted = mail.quotable_text().unwrap();
    // Both sentences are seen by the one who answers: what will be signed is what is shown.
    assert_eq!(
        quoted.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>(),
        ["Shall we have lunch?", "I herewith resign."]
    );
    assert!(!quoted.contains("display") && !quoted.contains('<'));
}
