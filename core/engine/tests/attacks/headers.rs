//! Outer fields of an attacker, shown as if they were protected or used to silence a warning.

use engine::secure::{Opened, Warning};
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::enveloped::ContentCipher;
use smime::verdict::SignatureState;

use crate::support::{Person, alice_and_bob, opened, random};

const WRITTEN: &str = "From: alice@example.org\r\nTo: bob@example.org\r\nSubject: Figures\r\n";

/// The two older schemes, with these fields inside.
fn old_payloads(fields: &str) -> [(&'static str, String); 2] {
    [
        (
            "protected-headers",
            format!("{fields}Content-Type: text/plain; protected-headers=\"v1\"\r\n\r\nText.\r\n"),
        ),
        (
            "message in a message",
            format!(
                "Content-Type: message/rfc822; forwarded=no\r\n\r\n{fields}Content-Type: text/plain\r\n\r\nText.\r\n"
            ),
        ),
    ]
}

/// The payload signed by Alice, as clear signature and inside an encryption for the reader, under Eve's outer fields.
fn under(outer: &str, payload: &str, alice: &Person, reader: &Person) -> [Opened; 2] {
    let fields: Vec<(String, String)> = outer
        .split_terminator("\r\n")
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let payload = payload.as_bytes();
    let clear = wrap_signed(&fields, payload, &alice.sign(payload, true), "sha-256", &mut random);
    let signed = wrap_pkcs7(&[], "signed-data", &alice.sign(payload, false));
    let sealed = reader.encrypted_for(&signed, ContentCipher::Aes256Gcm);
    let sealed = [outer.as_bytes(), b"MIME-Version: 1.0\r\n", &sealed].concat();
    [clear, sealed].map(|raw| opened(&raw, reader, &[alice]))
}

#[test]
fn fields_that_are_missing_inside_are_never_taken_for_the_senders() {
    let (alice, bob) = alice_and_bob();
    for (scheme, payload) in old_payloads(WRITTEN) {
        for mail in under(WRITTEN, &payload, &alice, &bob) {
            assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{scheme}");
            assert!(mail.verdict.headers.protected, "{scheme}");
            assert_eq!(mail.verdict.warnings, [], "{scheme}");
        }
        for (name, field) in [
            ("cc", "Cc: eve@example.net"),
            ("reply-to", "Reply-To: eve@example.net"),
            ("date", "Date: Fri, 13 Feb 2009 23:31:30 +0000"),
            ("message-id", "Message-ID: <eve@example.net>"),
            ("sender", "Sender: eve@example.net"),
            ("in-reply-to", "In-Reply-To: <eve@example.net>"),
            ("references", "References: <eve@example.net>"),
        ] {
            for mail in under(&format!("{WRITTEN}{field}\r\n"), &payload, &alice, &bob) {
                assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{scheme}: {name}");
                assert_eq!(mail.verdict.warnings, [Warning::OuterChanged], "{scheme}: {name}");
                assert_eq!(mail.headers.outer_changed, [name], "{scheme}");
                assert_eq!(mail.verdict.headers.outer_differs, [name], "{scheme}");
                assert!(mail.verdict.headers.cc.is_empty(), "{scheme}: an answer to all would go to Eve");
                assert!(mail.headers.headers.reply_to.is_empty(), "{scheme}: an answer would go to Eve");
                assert_eq!(mail.headers.headers.sender, None, "{scheme}");
            }
        }
    }
}

#[test]
fn recipients_from_outside_silence_no_warning() {
    let (alice, bob) = alice_and_bob();
    for (scheme, payload) in old_payloads("From: alice@example.org\r\nSubject: Figures\r\n") {
        let outer = "From: alice@example.org\r\nTo: bob@example.org, eve@example.net\r\nSubject: Figures\r\n";
        for mail in under(outer, &payload, &alice, &bob) {
            assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{scheme}");
            assert_eq!(
                mail.verdict.warnings,
                [Warning::OuterChanged, Warning::NotAddressedToYou],
                "{scheme}"
            );
            assert!(mail.verdict.headers.to.is_empty(), "{scheme}: an answer to all would go to Eve");
        }
    }
}

/// What says that a list distributed a mail stands outside the signature: whoever sends the mail on writes it too.
#[test]
fn a_field_of_a_list_silences_no_warning() {
    let (alice, bob) = alice_and_bob();
    let carol = Person::new("carol@example.org");
    let raw = alice.clear_signed(&alice.draft(&bob, "I resign", "For Bob.\n"));
    for field in [
        "Precedence: bulk",
        "Precedence: list",
        "List-Id: <office.example.org>",
        "List-Unsubscribe: <mailto:leave@example.org>",
        "List-Post: <mailto:bob@example.org>",
    ] {
        let listed = [format!("{field}\r\n").as_bytes(), &raw].concat();
        let mail = opened(&listed, &carol, &[&alice]);
        assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{field}");
        assert_eq!(mail.verdict.warnings, [Warning::NotAddressedToYou], "{field}");
    }
}
