//! Signed text that one reader sees and another does not.

use mail::part::Remote;
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::enveloped::ContentCipher;
use smime::verdict::SignatureState;

use crate::support::{alice_and_bob, as_bob, mailed, outer, random};

const PRICE: &str = "The price is 1000 EUR, not 10 EUR.";

/// Whatever a payload says of itself, what was signed is what is shown.
#[test]
fn a_signed_sentence_is_never_left_out() {
    let (alice, bob) = alice_and_bob();
    let fields = "From: alice@example.org\r\nTo: bob@example.org\r\nSubject: Offer\r\n";
    let legacy = "hp=\"cipher\"; hp-legacy-display=1";
    let payloads = [
        format!("{fields}Content-Type: text/plain; {legacy}\r\n\r\n{PRICE}\r\n\r\nThe price is 10 EUR.\r\n"),
        format!(
            "{fields}Content-Type: text/html; {legacy}\r\n\r\n\
             <div class=\"header-protection-legacy-display\">{PRICE}</div><p>The price is 10 EUR.</p>\r\n"
        ),
        format!(
            "{fields}Content-Type: multipart/mixed; boundary=b; protected-headers=v1\r\n\r\n--b\r\n\
             Content-Type: text/plain; protected-headers=v1\r\n\r\n{PRICE}\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nThe price is 10 EUR.\r\n--b--\r\n"
        ),
    ];
    for (number, payload) in payloads.iter().enumerate() {
        let payload = payload.as_bytes();
        let opaque = wrap_pkcs7(&[], "signed-data", &alice.sign(payload, false));
        let clear = wrap_signed(
            &outer("alice@example.org"),
            payload,
            &alice.sign(payload, true),
            "sha-256",
            &mut random,
        );
        let sealed = bob.encrypted_for(&opaque, ContentCipher::Aes256Gcm);
        let mails = [clear, mailed("alice@example.org", &opaque), mailed("alice@example.org", &sealed)];
        for (layers, raw) in mails.iter().enumerate() {
            let mail = as_bob(raw, (&alice, &bob));
            assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{number}.{layers}");
            assert!(mail.quotable_text().unwrap().contains(PRICE), "{number}.{layers}");
            if let Some(html) = mail.html(Remote::Blocked) {
                assert!(html.source.contains(PRICE), "{number}.{layers}");
            }
        }
    }
}
