//! Signature wrapping and mixing: a right signature is put beside, around or into what it does not sign.

use engine::secure::{Credit, Opened, Warning};
use mail::protect::wrap_signed;
use smime::verdict::{Reason, SignatureState};

use super::efail::{content, elements, tlv};
use crate::support::{Person, alice_and_bob, as_bob, mailed, opened, outer, random};

const PAYLOAD: &[u8] = b"Content-Type: text/plain\r\n\r\nPay 1 EUR.\r\n";

fn assert_uncredited(mail: &Opened, name: &str) {
    assert_ne!(mail.verdict.signature.state, SignatureState::Valid, "{name}");
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{name}");
    assert!(mail.valid_signers.is_empty() && mail.believed_from().is_none(), "{name}");
}

/// The parts of a multipart/signed: content and signature entity.
fn signature_part(der: &[u8]) -> String {
    format!(
        "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        data_encoding::BASE64_MIME.encode(der)
    )
}

#[test]
fn the_signature_of_another_mail_fits_no_other_content() {
    let (alice, bob) = alice_and_bob();
    let other = alice.sign(PAYLOAD, true);
    let raw = wrap_signed(
        &outer("alice@example.org"),
        b"Content-Type: text/plain\r\n\r\nPay 1000 EUR.\r\n",
        &other,
        "sha-256",
        &mut random,
    );
    let mail = as_bob(&raw, (&alice, &bob));
    assert_eq!(mail.verdict.signature.reasons, [Reason::DigestMismatch]);
    assert_uncredited(&mail, "another content");
}

#[test]
fn a_signed_part_that_was_moved_earns_nothing() {
    let (alice, bob) = alice_and_bob();
    let content = String::from_utf8(PAYLOAD.to_vec()).unwrap();
    let signature = signature_part(&alice.sign(PAYLOAD, true));
    let signed = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s\r\n\r\n\
         --s\r\n{content}\r\n--s\r\n{signature}\r\n--s--\r\n"
    );
    let good = mailed("alice@example.org", signed.as_bytes());
    assert_eq!(as_bob(&good, (&alice, &bob)).verdict.signature.state, SignatureState::Valid);
    let lie = "Pay 1000 EUR to Eve.";
    for (name, entity) in [
        (
            "text before",
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{lie}\r\n--b\r\n{signed}\r\n--b--\r\n"
            ),
        ),
        (
            "text behind",
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{signed}\r\n--b\r\n\r\n{lie}\r\n--b--\r\n"
            ),
        ),
        (
            "beside",
            format!(
                "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n{signed}\r\n--b\r\nContent-Type: text/html\r\n\r\n{lie}\r\n--b--\r\n"
            ),
        ),
        (
            "two signed parts",
            format!(
                "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n{signed}\r\n--b\r\n{signed}\r\n--b--\r\n"
            ),
        ),
        ("attached", format!("Content-Type: message/rfc822\r\n\r\nFrom: alice@example.org\r\n{signed}")),
    ] {
        let mail = as_bob(&mailed("alice@example.org", entity.as_bytes()), (&alice, &bob));
        assert_eq!(mail.verdict.signature.state, SignatureState::None, "{name}");
        assert_uncredited(&mail, name);
    }
}

#[test]
fn more_or_other_parts_in_a_multipart_signed_earn_nothing() {
    let (alice, bob) = alice_and_bob();
    let content = String::from_utf8(PAYLOAD.to_vec()).unwrap();
    let signature = signature_part(&alice.sign(PAYLOAD, true));
    let lie = "\r\nPay 1000 EUR to Eve.";
    let bodies = [
        ("three parts", format!("--s\r\n{lie}\r\n--s\r\n{content}\r\n--s\r\n{signature}\r\n--s--\r\n")),
        ("a part behind", format!("--s\r\n{content}\r\n--s\r\n{signature}\r\n--s\r\n{lie}\r\n--s--\r\n")),
        ("the signature first", format!("--s\r\n{signature}\r\n--s\r\n{content}\r\n--s--\r\n")),
        ("no signature", format!("--s\r\n{content}\r\n--s--\r\n")),
        (
            "two signatures",
            format!("--s\r\n{content}\r\n--s\r\n{signature}\r\n--s\r\n{signature}\r\n--s--\r\n"),
        ),
    ];
    for (name, body) in bodies {
        let entity = format!(
            "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s\r\n\r\n{body}"
        );
        assert_uncredited(&as_bob(&mailed("alice@example.org", entity.as_bytes()), (&alice, &bob)), name);
    }
    // Text in front of the first part and behind the last is shown by nobody who knows MIME, and is not shown here.
    let entity = format!(
        "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s\r\n\r\n{lie}\r\n\
         --s\r\n{content}\r\n--s\r\n{signature}\r\n--s--\r\n{lie}\r\n"
    );
    let mail = as_bob(&mailed("alice@example.org", entity.as_bytes()), (&alice, &bob));
    assert!(!mail.payload.body_text().unwrap().contains("1000"));
}

/// Eve signs around what Alice signed: Alice's words are hers still, and Eve is not shown as their author.
#[test]
fn a_signature_around_a_signed_mail_changes_no_author() {
    let (alice, bob) = alice_and_bob();
    let eve = Person::new("eve@example.org");
    let inner = alice.clear_signed(&alice.draft(&bob, "Idea", "Alice's idea.\n"));
    let around =
        wrap_signed(&outer("eve@example.org"), &inner, &eve.sign(&inner, true), "sha-256", &mut random);
    let mail = opened(&around, &bob, &[&alice, &eve]);
    assert!(mail.verdict.warnings.contains(&Warning::SeveralSignatureLayers));
    assert_eq!(mail.verdict.headers.from, ["alice@example.org"]);
    assert_eq!(mail.believed_from(), Some(alice.address.clone()));
    // Without protected fields the outer From is compared: Eve's, which Alice's certificate does not hold.
    let signature = alice.sign(PAYLOAD, true);
    let inner = wrap_signed(&[], PAYLOAD, &signature, "sha-256", &mut random);
    let around =
        wrap_signed(&outer("eve@example.org"), &inner, &eve.sign(&inner, true), "sha-256", &mut random);
    let mail = opened(&around, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.signature.reasons, [Reason::AddressMismatch]);
    assert_uncredited(&mail, "around");
}

/// Eve strips Alice's signature and signs the same words herself.
#[test]
fn a_replaced_signature_is_the_other_persons() {
    let (alice, bob) = alice_and_bob();
    let eve = Person::new("eve@example.org");
    let protected = mail::protect::protect(
        &alice.draft(&bob, "Idea", "Alice's idea.\n"),
        mail::protect::Protection::Clear,
        &mut random,
    )
    .unwrap();
    let signature = eve.sign(&protected.payload, true);
    let raw = wrap_signed(&outer("eve@example.org"), &protected.payload, &signature, "sha-256", &mut random);
    let mail = opened(&raw, &bob, &[&alice, &eve]);
    assert_eq!(mail.verdict.signature.reasons, [Reason::AddressMismatch]);
    assert_uncredited(&mail, "replaced");
}

/// People sign twice while a new algorithm spreads; a stranger who adds a signature nobody can check does no harm either.
#[test]
fn a_second_signature_of_an_unknown_algorithm_is_named() {
    let (alice, bob) = alice_and_bob();
    let der = alice.sign(PAYLOAD, false);
    let info = elements(&content(&der));
    let mut fields = elements(&content(&content(&info[1])));
    let signers = elements(&content(&fields.pop().unwrap()));
    let mut other = elements(&content(&signers[0]));
    // signatureAlgorithm of SignerInfo: an algorithm of the future.
    let at = other.len() - 2;
    other[at] = tlv(0x30, &[0x06, 3, 0x2a, 3, 4]);
    let signers = [signers[0].clone(), tlv(0x30, &other.concat())].concat();
    fields.push(tlv(0x31, &signers));
    let twice = tlv(0x30, &[info[0].clone(), tlv(0xa0, &tlv(0x30, &fields.concat()))].concat());
    let mail = as_bob(
        &mail::protect::wrap_pkcs7(&outer("alice@example.org"), "signed-data", &twice),
        (&alice, &bob),
    );
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid, "{:?}", mail.verdict.signature);
    assert_eq!(mail.verdict.warnings, [Warning::UnknownSecondSignature]);
}
