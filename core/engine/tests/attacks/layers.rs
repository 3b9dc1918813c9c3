//! Layers inside layers: what is checked of the outermost must be checked of each.

use engine::secure::{Credit, MAX_BARE_SIGNERS, MAX_SIGNERS, Opened, Opening, Warning, open};
use mail::part::{MAX_PARTS, ReadError};
use mail::protect::{wrap_pkcs7, wrap_signed};
use smime::SignatureAlgorithm;
use smime::enveloped::{ContentCipher, DecryptionKey};
use smime::verdict::{Reason, SignatureState};

use super::efail::{content as inside, elements, tlv};
use crate::support::{NOW, Person, Rng, alice_and_bob, as_bob, mailed, opened, outer, random};

const PAYLOAD: &[u8] = b"Content-Type: text/plain\r\n\r\nPay 1 EUR.\r\n";

fn is_uncredited(mail: &Opened) -> bool {
    mail.verdict.parts.iter().all(|part| part.credit == Credit::None)
}

fn clear(fields: &[(String, String)], content: &[u8], der: &[u8]) -> Vec<u8> {
    wrap_signed(fields, content, der, "sha-256", &mut random)
}

/// A layer inside a wrapped message is as little opened, and as loudly named, as in any other part.
#[test]
fn a_layer_inside_a_wrapped_message_is_named_and_not_credited() {
    let (alice, bob) = alice_and_bob();
    let sealed = String::from_utf8(bob.encrypted_for(PAYLOAD, ContentCipher::Aes256Gcm)).unwrap();
    let signed = String::from_utf8(wrap_pkcs7(&[], "signed-data", &alice.sign(PAYLOAD, false))).unwrap();
    for part in [sealed, signed] {
        let mixed = format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n{part}\r\n--b--\r\n"
        );
        for (is_root, inner) in [(true, part.as_str()), (false, mixed.as_str())] {
            let payload = format!(
                "Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: alice@example.org\r\n\
                 To: bob@example.org\r\n{inner}"
            );
            let der = alice.sign(payload.as_bytes(), false);
            let mail = as_bob(&wrap_pkcs7(&outer("alice@example.org"), "signed-data", &der), (&alice, &bob));
            assert!(mail.verdict.warnings.contains(&Warning::LayerNotAtRoot), "{inner}");
            assert!(!is_root || is_uncredited(&mail), "{inner}");
            assert!(!mail.payload.body_text().unwrap_or_default().contains("Pay"), "{inner}");
        }
    }
}

/// A second content, or garbage, in an outer signature: alone such a mail is invalid, and a right signature inside does
/// not make it right.
#[test]
fn a_fault_of_an_outer_signature_is_not_erased_by_a_right_one_inside() {
    let (alice, bob) = alice_and_bob();
    let inner = clear(&[], PAYLOAD, &alice.sign(PAYLOAD, true));
    let fields = outer("alice@example.org");
    let other = alice.sign(b"something else", true);
    for (name, der, reason) in [
        ("a second content", alice.sign(&inner, false), Reason::ContentAmbiguous),
        ("garbage", b"no DER at all".to_vec(), Reason::Malformed),
        ("the signature of another content", other, Reason::DigestMismatch),
    ] {
        for content in [PAYLOAD, inner.as_slice()] {
            let mail = as_bob(&clear(&fields, content, &der), (&alice, &bob));
            let is_alone = content == PAYLOAD;
            if is_alone && reason == Reason::ContentAmbiguous {
                continue;
            }
            assert_eq!(mail.verdict.signature.state, SignatureState::Invalid, "{name}");
            assert!(mail.verdict.signature.reasons.contains(&reason), "{name}: {:?}", mail.verdict.signature);
            let several = mail.verdict.warnings.contains(&Warning::SeveralSignatureLayers);
            assert_eq!(several, !is_alone, "{name}");
            assert!(is_uncredited(&mail) && mail.valid_signers.is_empty(), "{name}");
        }
    }
}

/// Right mathematics by somebody who is not trusted, around a valid mail: the mail is Alice's still, and the stranger is
/// named.
#[test]
fn an_outer_signature_that_is_not_valid_by_itself_is_named() {
    let (alice, bob) = alice_and_bob();
    let eve = Person::new("eve@example.org");
    let inner = alice.clear_signed(&alice.draft(&bob, "Idea", "Alice's idea.\n"));
    let around = clear(&outer("eve@example.org"), &inner, &eve.sign(&inner, true));
    let mail = opened(&around, &bob, &[&alice]);
    assert_eq!(mail.verdict.signature.state, SignatureState::Valid);
    assert!(mail.verdict.warnings.contains(&Warning::OuterSignatureNotValid));
    let mail = opened(&around, &bob, &[&alice, &eve]);
    assert!(!mail.verdict.warnings.contains(&Warning::OuterSignatureNotValid));
}

/// More parts than are read, inside a layer: the limit is named, as it is outside of one.
#[test]
fn a_limit_that_is_hit_inside_a_layer_is_named() {
    let (alice, bob) = alice_and_bob();
    let parts = "--b\r\n\r\nx\r\n".repeat(MAX_PARTS + 100);
    let entity = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n");
    let limit = mail::part::Message::parse(entity.as_bytes()).unwrap_err();
    let keys: [DecryptionKey; 1] = [bob.decryption_key()];
    let opening = Opening {
        keys: &keys,
        at: NOW,
        anchors: &[],
        timestamp_anchors: &[],
        untrusted: &[],
        own: &[],
        known: &[],
        sources: Default::default(),
    };
    let sealed = bob.encrypted_for(entity.as_bytes(), ContentCipher::Aes256Gcm);
    let signed = wrap_pkcs7(&[], "signed-data", &alice.sign(entity.as_bytes(), false));
    let around = bob.encrypted_for(&signed, ContentCipher::Aes256Cbc);
    for entity in [sealed, signed, around] {
        let found = open(&mailed("alice@example.org", &entity), &opening, &mut Rng).map(drop);
        assert_eq!(found, Err(limit));
        assert!(matches!(found, Err(ReadError::Limit(_))));
    }
}

/// What could not be opened is not what somebody signed or encrypted for reading.
#[test]
fn a_layer_that_stays_closed_is_not_credited() {
    let (alice, bob) = alice_and_bob();
    let eve = Person::new("eve@example.org");
    // For Eve only, inside Alice's signature and inside an encryption for Bob.
    let closed = eve.encrypted_for(PAYLOAD, ContentCipher::Aes256Gcm);
    let signed = wrap_pkcs7(&outer("alice@example.org"), "signed-data", &alice.sign(&closed, false));
    let sealed = mailed("alice@example.org", &bob.encrypted_for(&closed, ContentCipher::Aes256Gcm));
    let mut deep = PAYLOAD.to_vec();
    for _ in 0..engine::secure::MAX_LAYERS + 1 {
        deep = wrap_pkcs7(&[], "signed-data", &alice.sign(&deep, false));
    }
    for raw in [signed, sealed, mailed("alice@example.org", &deep)] {
        let mail = as_bob(&raw, (&alice, &bob));
        assert!(is_uncredited(&mail), "{:?}", mail.verdict);
        assert!(mail.payload.body_text().is_none_or(|text| !text.contains("Pay")));
    }
}

/// A SignedData with its one signer `count` times, each as `change` makes it.
fn repeated(der: &[u8], count: usize, change: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let info = elements(&inside(der));
    let mut fields = elements(&inside(&inside(&info[1])));
    let signers = change(&inside(&fields.pop().unwrap())).repeat(count);
    fields.push(tlv(0x31, &signers));
    tlv(0x30, &[info[0].clone(), tlv(0xa0, &tlv(0x30, &fields.concat()))].concat())
}

/// The signer without signed attributes: the signature is over the content itself (RFC 5652 section 5.4).
fn bare(signer: &Person, content: &[u8], info: &[u8]) -> Vec<u8> {
    let mut fields = elements(&inside(info));
    assert_eq!(fields.remove(3)[0], 0xa0, "the signed attributes");
    let signature = signer.key.sign(SignatureAlgorithm::EcdsaP256Sha256, content, &mut Rng).unwrap();
    fields[4] = tlv(0x04, &signature);
    tlv(0x30, &fields.concat())
}

/// One layer around what was there.
#[derive(Clone, Copy, Debug)]
enum Around {
    /// An opaque signature of so many signers.
    Opaque(usize),
    /// A multipart/signed of so many signers.
    Clear(usize),
    /// An opaque signature of so many signers without signed attributes.
    Bare(usize),
    /// A multipart/signed of so many signers without signed attributes.
    ClearBare(usize),
    /// An encryption for Bob.
    Sealed,
}

/// State and reasons of a mail with these layers, innermost first.
fn layered((alice, bob): (&Person, &Person), layers: &[Around]) -> (SignatureState, Vec<Reason>) {
    let mut entity = PAYLOAD.to_vec();
    for layer in layers {
        let signed = |is_detached, count, is_bare| {
            repeated(&alice.sign(&entity, is_detached), count, |info| match is_bare {
                true => bare(alice, &entity, info),
                false => info.to_vec(),
            })
        };
        entity = match *layer {
            Around::Opaque(count) => wrap_pkcs7(&[], "signed-data", &signed(false, count, false)),
            Around::Bare(count) => wrap_pkcs7(&[], "signed-data", &signed(false, count, true)),
            Around::Clear(count) => clear(&[], &entity, &signed(true, count, false)),
            Around::ClearBare(count) => clear(&[], &entity, &signed(true, count, true)),
            Around::Sealed => bob.encrypted_for(&entity, ContentCipher::Aes256Gcm),
        };
    }
    let verdict = as_bob(&mailed("alice@example.org", &entity), (alice, bob)).verdict;
    (verdict.signature.state, verdict.signature.reasons)
}

/// Signers beyond a limit, spread over the layers: none is looked at, and the mail is not valid. An encryption between the
/// layers gives no new ones.
#[test]
fn signers_of_all_layers_together_are_limited() {
    use Around::{Bare, Clear, ClearBare, Opaque, Sealed};
    assert_eq!((MAX_SIGNERS, MAX_BARE_SIGNERS), (32, 2), "the cases below are made for these");
    let (alice, bob) = alice_and_bob();
    let allowed: [&[Around]; 9] = [
        &[Opaque(32)],
        &[Opaque(16), Opaque(16)],
        &[Clear(16), Sealed, Opaque(16)],
        &[Bare(2)],
        &[ClearBare(2)],
        &[Bare(1), Bare(1)],
        &[ClearBare(1), Sealed, Bare(1)],
        &[Opaque(15), Bare(2), Clear(15)],
        &[Bare(1), Opaque(30), ClearBare(1)],
    ];
    for layers in allowed {
        assert_eq!(layered((&alice, &bob), layers), (SignatureState::Valid, Vec::new()), "{layers:?}");
    }
    let refused: [&[Around]; 12] = [
        &[Opaque(33)],
        &[Clear(33)],
        &[Opaque(17), Opaque(16)],
        &[Opaque(1), Clear(16), Opaque(16)],
        &[Opaque(17), Sealed, Clear(16)],
        &[Bare(3)],
        &[ClearBare(3)],
        &[Bare(2), Bare(1)],
        &[Bare(1), ClearBare(2)],
        &[Bare(1), Sealed, Bare(2)],
        &[ClearBare(1), Bare(1), Sealed, Bare(1)],
        &[Opaque(31), Bare(2)],
    ];
    for layers in refused {
        let (state, reasons) = layered((&alice, &bob), layers);
        assert_eq!(state, SignatureState::Invalid, "{layers:?}");
        assert!(reasons.contains(&Reason::Malformed), "{layers:?}: {reasons:?}");
    }
}
