//! Messages that are read and written piece by piece: against OpenSSL, against the same message in memory, attacked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod pki;
mod support;

use std::io::{self, Cursor, Read, Write};
use std::sync::LazyLock;

use pki::{CA, Pki, anchor, signer, soon};
use proptest::collection::vec;
use proptest::prelude::*;
use smime::ber::{self, Tag, write};
use smime::enveloped::{
    ContentCipher, DecryptError, DecryptionKey, EncryptError, EncryptingWriter, Recipient, RsaTransport,
    decrypt, encrypt, open_signed_stream, open_stream,
};
use smime::key::SignatureAlgorithm;
use smime::revocation::Sources;
use smime::signed::{
    ContentHasher, NotProven, SignError, SignRequest, SignedContent, SignedData, SignedDataError,
    SignedStream, SigningWriter,
};
use smime::stream::{Replay, Seekable, StreamError};
use smime::verdict::{Judgement, Policy, Reason, SignatureState, judge, judge_content};
use smime::{Certificate, EmailAddress, PrivateKey, UnixTime, oid};
use support::{Openssl, OsRandom, P256, RSA2048};

const ALICE: &str = "alice@example.org";
const GCM: ContentCipher = ContentCipher::Aes256Gcm;
const CBC: ContentCipher = ContentCipher::Aes256Cbc;

/// Two people under one root.
struct World {
    pki: Pki,
    root: Certificate,
    alice: Certificate,
    alice_key: PrivateKey,
    bob: Certificate,
    keys: [DecryptionKey; 1],
    at: UnixTime,
}

impl World {
    fn new() -> Self {
        let pki = Pki::new();
        let root = pki.root("root", CA);
        let alice = pki.issue("root", "alice", &signer(ALICE));
        let reader = "keyUsage=critical,keyAgreement\nextendedKeyUsage=emailProtection\n\
                      subjectAltName=email:bob@example.org";
        let bob = pki.issue("root", "bob", reader);
        let key = |name: &str| PrivateKey::from_pem(&pki.openssl.read(&format!("{name}.key"))).unwrap();
        let keys = [DecryptionKey { key: key("bob"), certificates: vec![bob.clone()] }];
        let (alice_key, at) = (key("alice"), soon(&alice));
        World { root, alice, alice_key, bob, keys, at, pki }
    }

    fn recipients(&self) -> [Recipient; 1] {
        [Recipient::Certificate { certificate: self.bob.clone(), rsa: RsaTransport::OaepSha256 }]
    }

    fn encrypt(&self, content: &[u8], cipher: ContentCipher, length: Option<u64>) -> Vec<u8> {
        let mut writer =
            EncryptingWriter::new(Vec::new(), &self.recipients(), cipher, length, &mut OsRandom).unwrap();
        content.chunks(10_007).for_each(|piece| writer.write_all(piece).unwrap());
        writer.finish().unwrap()
    }

    fn request(&self) -> SignRequest<'_> {
        SignRequest {
            content: b"",
            detached: false,
            signer: &self.alice,
            certificates: std::slice::from_ref(&self.root),
            algorithm: SignatureAlgorithm::EcdsaP256Sha256,
            signing_time: self.at,
            encryption_certificate: None,
            proof_of_approval: false,
        }
    }

    fn sign(&self, content: &[u8]) -> Vec<u8> {
        let mut writer = SigningWriter::new(Vec::new(), vec![self.request()]).unwrap();
        content.chunks(10_007).for_each(|piece| writer.write_all(piece).unwrap());
        let writer = writer.prepare().unwrap();
        let [prepared] = writer.signers() else { panic!("one signer") };
        let signature =
            self.alice_key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        writer.finish(&[signature]).unwrap()
    }

    fn judge(&self, judge: impl FnOnce(Option<&[EmailAddress]>, &Policy<'_>) -> Judgement) -> Judgement {
        let anchors = [anchor(&self.root)];
        let policy = Policy {
            at: self.at,
            anchors: &anchors,
            timestamp_anchors: &[],
            untrusted: &[],
            sources: Sources::default(),
        };
        judge(Some(&[ALICE.parse().unwrap()]), &policy)
    }

    /// What a valid signature releases.
    fn release<R: Replay>(&self, message: R) -> Result<Vec<u8>, String> {
        let mut stream = SignedStream::read(message).map_err(|error| error.to_string())?;
        let judgement = self.judge(|from, policy| stream.judge(from, policy));
        let [proof] = &judgement.valid_signers[..] else {
            return Err(format!("{:?}", judgement.signature.reasons));
        };
        let mut content = Vec::new();
        let octets = stream.release(proof, &mut content).map_err(|error| error.to_string())?;
        assert_eq!(octets, content.len() as u64);
        Ok(content)
    }
}

/// What streams out of an encrypted message.
fn open(message: &[u8], keys: &[DecryptionKey]) -> Result<Vec<u8>, DecryptError> {
    let mut opened = match open_stream(message, keys, &mut OsRandom) {
        Ok(opened) => opened,
        Err(StreamError::Refused(error)) => return Err(error),
        Err(other) => panic!("{other}"),
    };
    let mut content = Vec::new();
    opened.replay().unwrap().read_to_end(&mut content).unwrap();
    Ok(content)
}

/// Octets that look random and are the same each time.
fn octets(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut octets = Vec::with_capacity(count + 8);
    while octets.len() < count {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        octets.extend_from_slice(&state.to_le_bytes());
    }
    octets.truncate(count);
    octets
}

/// Lengths around blocks and segments.
const LENGTHS: [usize; 9] = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537, 300_000];

#[test]
fn openssl_decrypts_what_streams_out() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    for cipher in [GCM, CBC] {
        for length in LENGTHS {
            let content = octets(length);
            for announced in [None, Some(length as u64)] {
                let output =
                    openssl.cms_decrypt(&world.encrypt(&content, cipher, announced), "bob.pem", "bob.key");
                assert!(output == content, "{cipher:?} {length} {announced:?}");
            }
        }
    }
}

#[test]
fn a_known_length_gives_der() {
    let world = World::new();
    for cipher in [GCM, CBC] {
        for length in LENGTHS {
            let message = world.encrypt(&octets(length), cipher, Some(length as u64));
            // Every length down to the content, read under the rules of DER.
            let mut content_info = ber::Reader::der(&message).sequence().unwrap();
            content_info.oid().unwrap();
            let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
            content_info.finish().unwrap();
            fields.expect(ber::INTEGER).unwrap();
            fields.expect(ber::SET).unwrap();
            let mut encrypted = fields.sequence().unwrap();
            encrypted.oid().unwrap();
            encrypted.expect(ber::SEQUENCE).unwrap();
            let ciphertext = encrypted.any().unwrap();
            encrypted.finish().unwrap();
            if cipher == GCM {
                assert_eq!(fields.expect(ber::OCTET_STRING).unwrap().content().len(), 16);
            }
            fields.finish().unwrap();
            let padded = if cipher == CBC { length / 16 * 16 + 16 } else { length };
            assert_eq!((ciphertext.is_constructed(), ciphertext.content().len()), (false, padded));
        }
    }
}

#[test]
fn what_openssl_encrypts_streams_in() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    let rsa = openssl.identity("rsa", RSA2048);
    let rsa = [DecryptionKey { key: rsa.key, certificates: vec![rsa.certificate] }];
    for cipher in ["-aes-256-gcm", "-aes-192-gcm", "-aes-128-gcm", "-aes-256-cbc", "-aes-128-cbc", "-des3"] {
        for (certificate, keys) in [("bob.pem", &world.keys), ("rsa.crt", &rsa)] {
            for length in LENGTHS {
                let content = octets(length);
                openssl.write("content", &content);
                for form in [&[][..], &["-stream"]] {
                    if length == 0 && form == ["-stream"] {
                        // OpenSSL 3.0 can't write this.
                        continue;
                    }
                    let arguments = [
                        "cms",
                        "-encrypt",
                        "-binary",
                        "-in",
                        "content",
                        "-outform",
                        "DER",
                        "-out",
                        "encrypted",
                        cipher,
                        "-recip",
                        certificate,
                    ];
                    openssl.run(&[&arguments[..], form].concat());
                    let message = openssl.read("encrypted");
                    assert!(open(&message, keys) == Ok(content.clone()), "{cipher} {length} {form:?}");
                }
            }
        }
    }
}

#[test]
fn openssl_verifies_what_was_signed_as_it_streamed() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    for length in LENGTHS {
        let content = octets(length);
        let message = world.sign(&content);
        openssl.write("signed", &message);
        let output = openssl.run(&[
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signed", "-CAfile", "root.pem",
            "-purpose", "any",
        ]);
        assert!(output == content, "{length}");
        // In memory, and as a stream again.
        let signed = SignedData::parse(&message).unwrap();
        let judgement = world.judge(|from, policy| judge(&signed, &content, from, policy));
        assert_eq!(judgement.signature.state, SignatureState::Valid);
        assert!(world.release(&*message) == Ok(content), "{length}");
    }
}

#[test]
fn what_openssl_signs_streams_in() {
    let world = World::new();
    for length in LENGTHS {
        let content = octets(length);
        for options in [
            &[][..],
            &["-stream"],
            &["-md", "sha512"],
            &["-noattr"],
            &["-keyid"],
            &["-md", "sha384", "-noattr"],
        ] {
            if length == 0 && options == ["-stream"] {
                // OpenSSL 3.0 can't write this.
                continue;
            }
            let message = world.pki.cms_sign(&content, &["alice"], options);
            assert!(world.release(&*message) == Ok(content.clone()), "{length} {options:?}");
        }
    }
}

#[test]
fn signed_and_encrypted_in_one_pass_and_read_by_openssl() {
    let world = World::new();
    let openssl = &world.pki.openssl;
    let content = octets(1_000_000);
    for cipher in [GCM, CBC] {
        let encrypting =
            EncryptingWriter::new(Vec::new(), &world.recipients(), cipher, None, &mut OsRandom).unwrap();
        let mut signing = SigningWriter::new(encrypting, vec![world.request()]).unwrap();
        signing.write_all(&content).unwrap();
        let signing = signing.prepare().unwrap();
        let [prepared] = signing.signers() else { panic!("one signer") };
        let signature =
            world.alice_key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
        let message = signing.finish(&[signature]).unwrap().finish().unwrap();
        openssl.write("encrypted", &message);
        openssl.run(&[
            "cms",
            "-decrypt",
            "-binary",
            "-inform",
            "DER",
            "-in",
            "encrypted",
            "-recip",
            "bob.pem",
            "-inkey",
            "bob.key",
            "-out",
            "inner",
        ]);
        let output = openssl.run(&[
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "inner", "-CAfile", "root.pem", "-purpose",
            "any",
        ]);
        assert!(output == content);
        // Layer in layer, from a file.
        let file = std::fs::File::open(openssl.path("encrypted")).unwrap();
        let opened = open_stream(Seekable(file), &world.keys, &mut OsRandom).unwrap();
        assert_eq!(
            (opened.cipher(), opened.has_integrity()),
            match cipher {
                GCM => ("aes-256-gcm", true),
                _ => ("aes-256-cbc", false),
            }
        );
        assert_eq!((opened.key_method(), opened.content_type()), ("ecdh-p256", oid::DATA));
        assert!(world.release(opened) == Ok(content.clone()));
    }
}

/// The same message with the content in nested segments of `size` octets and lengths as its author likes them.
fn in_segments(message: &[u8], size: usize) -> Vec<u8> {
    let indefinite = |tag: u8, parts: &[&[u8]]| [&[tag, 0x80][..], &parts.concat(), &[0, 0]].concat();
    let segments = |octets: &[u8]| {
        let mut out = Vec::new();
        for (index, piece) in octets.chunks(size).enumerate() {
            let segment = write::octet_string(piece);
            out.extend(match index % 4 {
                0 => segment,
                1 => indefinite(0x24, &[&segment]),
                2 => write::tlv(0x24, &indefinite(0x24, &[&write::octet_string(b""), &segment])),
                // A length in more octets than needed.
                _ => [&[0x04, 0x84, 0, 0, 0, piece.len() as u8][..], piece].concat(),
            });
        }
        out
    };
    let mut content_info = ber::sequence(message).unwrap();
    let kind = content_info.any().unwrap().raw();
    let mut fields = content_info.any().unwrap().explicit().unwrap().reader().unwrap();
    let mut inside = Vec::new();
    let mut content = Vec::new();
    while !fields.is_empty() {
        let field = fields.any().unwrap();
        let mut members = match field.reader() {
            Ok(members) if field.tag() == ber::SEQUENCE => members,
            _ => {
                inside.extend_from_slice(field.raw());
                continue;
            }
        };
        while !members.is_empty() {
            let member = members.any().unwrap();
            if member.tag() != Tag::context(0) {
                content.extend_from_slice(member.raw());
            } else if member.is_constructed() {
                let octets = member.explicit().unwrap().octets().unwrap().into_owned();
                content.extend(indefinite(0xA0, &[&indefinite(0x24, &[&segments(&octets)])]));
            } else {
                content.extend(indefinite(0xA0, &[&segments(&member.octets().unwrap())]));
            }
        }
        inside.extend(indefinite(0x30, &[&content]));
    }
    indefinite(0x30, &[kind, &indefinite(0xA0, &[&indefinite(0x30, &[&inside])])])
}

#[test]
fn tiny_and_nested_segments_are_one_content() {
    let world = World::new();
    let content = octets(70_003);
    for size in [1, 2, 15, 127] {
        for cipher in [GCM, CBC] {
            let message =
                in_segments(&encrypt(&content, &world.recipients(), cipher, &mut OsRandom).unwrap(), size);
            assert!(open(&message, &world.keys) == Ok(content.clone()), "{cipher:?} {size}");
        }
        let message = in_segments(&world.pki.cms_sign(&content, &["alice"], &[]), size);
        assert!(world.release(&*message) == Ok(content.clone()), "{size}");
    }
}

/// Input that comes in odd pieces, with interruptions.
struct Dripping<'a>(&'a [u8]);

struct Drip<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Replay for Dripping<'_> {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Drip { rest: self.0, step: 0 }))
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.step += 1;
        if self.step.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let count = (self.step * 7 % 61 + 1).min(out.len()).min(self.rest.len());
        out[..count].copy_from_slice(&self.rest[..count]);
        self.rest = &self.rest[count..];
        Ok(count)
    }
}

#[test]
fn pieces_of_the_input_make_no_difference() {
    let world = World::new();
    let content = octets(100_000);
    for cipher in [GCM, CBC] {
        let message = world.encrypt(&content, cipher, None);
        let mut opened = open_stream(Dripping(&message), &world.keys, &mut OsRandom).unwrap();
        let mut plaintext = Vec::new();
        opened.replay().unwrap().read_to_end(&mut plaintext).unwrap();
        assert!(plaintext == content);
    }
    assert!(world.release(Dripping(&world.sign(&content))) == Ok(content));
}

#[test]
fn truncation_at_every_octet_and_trailing_octets_are_errors() {
    let world = World::new();
    for cipher in [GCM, CBC] {
        for announced in [None, Some(40)] {
            let message = world.encrypt(&octets(40), cipher, announced);
            for length in 0..message.len() {
                open(&message[..length], &world.keys).unwrap_err();
            }
            for more in [&[0][..], &[0, 0], b"\n", &message] {
                let longer = [&message, more].concat();
                assert_eq!(open(&longer, &world.keys), Err(DecryptError::Failed));
            }
        }
    }
    let message = world.sign(&octets(40));
    for length in 0..message.len() {
        world.release(&message[..length]).unwrap_err();
    }
    world.release(&*[&message, &[0][..]].concat()).unwrap_err();
}

#[test]
fn wrong_key_wrong_tag_and_wrong_padding_give_one_error() {
    let world = World::new();
    let carol = world.pki.openssl.identity("carol", P256);
    let mallory = [DecryptionKey { key: carol.key, certificates: vec![world.bob.clone()] }];
    let stranger = [DecryptionKey {
        key: PrivateKey::from_pem(&world.pki.openssl.read("carol.key")).unwrap(),
        certificates: vec![carol.certificate],
    }];
    for length in [0, 100, 200_000] {
        let message = world.encrypt(&octets(length), GCM, None);
        // The tag stands before the six octets that end the structure.
        let mut flipped = message.clone();
        let tag = flipped.len() - 7;
        flipped[tag] ^= 1;
        assert_eq!(open(&flipped, &world.keys), Err(DecryptError::Failed));
        assert_eq!(open(&message, &mallory), Err(DecryptError::Failed));
        assert_eq!(open(&message, &stranger), Err(DecryptError::NoKey));
        assert_eq!(open(&message, &[]), Err(DecryptError::NoKey));

        let message = world.encrypt(&octets(length), CBC, Some(length as u64));
        assert_eq!(open(&message[..message.len() - 16], &world.keys), Err(DecryptError::Failed));
        assert_eq!(open(&message, &stranger), Err(DecryptError::NoKey));
        // A wrong key leaves a right padding once in 256 times or so; what comes out then is noise.
        assert_ne!(open(&message, &mallory), Ok(octets(length)));
    }
}

/// A content that is released only against a proof: its padding is looked at by whoever reads to the end.
#[test]
fn a_padding_is_no_question_of_its_own_before_a_signature() {
    let world = World::new();
    let signed = world.sign(&octets(100_000));
    let message = world.encrypt(&signed, CBC, Some(signed.len() as u64));
    assert!(
        world.release(open_signed_stream(&*message, &world.keys, &mut OsRandom).unwrap())
            == Ok(octets(100_000))
    );
    let mut wrong = message.clone();
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    for wrong in [&wrong[..], &message[..last]] {
        let opened = open_signed_stream(wrong, &world.keys, &mut OsRandom).unwrap();
        assert!(matches!(SignedStream::read(opened), Err(StreamError::Input(_))));
        assert_eq!(open(wrong, &world.keys), Err(DecryptError::Failed));
    }
    // A tag is looked at first.
    let mut message = world.encrypt(&signed, GCM, None);
    let tag = message.len() - 7;
    message[tag] ^= 1;
    let refused = open_signed_stream(&*message, &world.keys, &mut OsRandom).unwrap_err();
    assert!(matches!(refused, StreamError::Refused(DecryptError::Failed)));
}

#[test]
fn a_content_of_another_length_than_announced_is_refused() {
    let world = World::new();
    let writer =
        || EncryptingWriter::new(Vec::new(), &world.recipients(), GCM, Some(10), &mut OsRandom).unwrap();
    let mut short = writer();
    short.take(&[0; 9]).unwrap();
    let refused = |error| match error {
        StreamError::Refused(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refused(short.finish().unwrap_err()), EncryptError::WrongLength);
    assert_eq!(refused(writer().take(&[0; 11]).unwrap_err()), EncryptError::ContentTooLong);
    let nobody = EncryptingWriter::new(Vec::new(), &[], GCM, None, &mut OsRandom).unwrap_err();
    assert_eq!(refused(nobody), EncryptError::NoRecipient);
    let huge = EncryptingWriter::new(io::sink(), &world.recipients(), GCM, Some(u64::MAX), &mut OsRandom);
    assert_eq!(refused(huge.unwrap_err()), EncryptError::ContentTooLong);
}

#[test]
fn a_foreign_signature_is_not_finished() {
    let world = World::new();
    let mallory = PrivateKey::from_pem(&world.pki.openssl.read("bob.key")).unwrap();
    let signing = SigningWriter::new(Vec::new(), vec![world.request()]).unwrap().prepare().unwrap();
    let [prepared] = signing.signers() else { panic!("one signer") };
    let signature = mallory.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut OsRandom).unwrap();
    assert!(matches!(signing.finish(&[signature]), Err(StreamError::Refused(SignError::WrongKey))));
}

/// An input that is another one when it is read again.
struct Changing {
    first: Option<Vec<u8>>,
    later: Vec<u8>,
}

impl Replay for Changing {
    fn replay(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(Cursor::new(self.first.take().unwrap_or_else(|| self.later.clone()))))
    }
}

#[test]
fn an_input_that_changes_between_the_passes_ends_in_an_error() {
    let world = World::new();
    let content = octets(200_000);
    let message = world.encrypt(&content, GCM, None);
    for position in [message.len() / 2, message.len() - 7] {
        let mut later = message.clone();
        later[position] ^= 1;
        for later in [later, message[..position].to_vec()] {
            let input = Changing { first: Some(message.clone()), later };
            let mut opened = open_stream(input, &world.keys, &mut OsRandom).unwrap();
            opened.replay().unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        }
    }
    let message = world.sign(&content);
    let mut later = message.clone();
    later[message.len() / 2] ^= 1;
    for later in [later, message[..1000].to_vec(), world.sign(b"another"), b"no BER".to_vec()] {
        world.release(Changing { first: Some(message.clone()), later }).unwrap_err();
    }
}

#[test]
fn nothing_is_released_for_the_proof_of_another_content() {
    let world = World::new();
    let (mine, other) = (world.sign(b"mine"), world.sign(b"other"));
    let other = SignedStream::read(&*other).unwrap();
    let judgement = world.judge(|from, policy| other.judge(from, policy));
    let mut out = Vec::new();
    let outcome = SignedStream::read(&*mine).unwrap().release(&judgement.valid_signers[0], &mut out);
    assert!(matches!(outcome, Err(StreamError::Refused(NotProven))));
    assert!(out.is_empty());
}

#[test]
fn a_detached_signature_is_judged_over_what_went_by() {
    let world = World::new();
    let content = octets(100_000);
    world.pki.openssl.write("content", &content);
    world.pki.openssl.run(&[
        "cms",
        "-sign",
        "-binary",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "signature",
        "-signer",
        "alice.pem",
        "-inkey",
        "alice.key",
        "-md",
        "sha384",
    ]);
    let signature = world.pki.openssl.read("signature");
    let stream = SignedStream::read(&*signature).unwrap();
    assert_eq!(stream.content_octets(), None);
    let judged = |octets: &[u8]| {
        let mut hasher = ContentHasher::for_signers(stream.signed());
        octets.chunks(999).for_each(|piece| hasher.update(piece));
        let digests = hasher.finish();
        let content = SignedContent::Digests(&digests);
        world.judge(|from, policy| judge_content(stream.signed(), content, from, policy)).signature
    };
    assert_eq!(judged(&content).state, SignatureState::Valid);
    assert_eq!(judged(&content[1..]).reasons, [Reason::DigestMismatch]);
    // Without any content nothing was signed here.
    let alone = world.judge(|from, policy| stream.judge(from, policy));
    assert_eq!(alone.signature.reasons, [Reason::DigestMismatch]);
}

#[test]
fn a_content_inside_a_detached_signature_is_ambiguous() {
    let world = World::new();
    let message = world.sign(b"inside");
    let stream = SignedStream::read(&*message).unwrap();
    let mut hasher = ContentHasher::for_signers(stream.signed());
    hasher.update(b"beside");
    let digests = hasher.finish();
    let judgement = world
        .judge(|from, policy| judge_content(stream.signed(), SignedContent::Digests(&digests), from, policy));
    assert_eq!(judgement.signature.state, SignatureState::Invalid);
    assert!(judgement.signature.reasons.contains(&Reason::ContentAmbiguous));
}

/// Signed attributes taken for the content of a message without attributes: the old signature would be right.
#[test]
fn signed_attributes_are_no_content() {
    let world = World::new();
    let signed = SignedData::parse(&world.sign(b"pay 1")).unwrap();
    let attributes = signed.signers()[0].signed_attributes_der().unwrap();
    let signer_info = write::sequence(&[
        &write::small(1),
        &write::sequence(&[world.alice.issuer_der(), &write::integer(world.alice.serial())]),
        &write::algorithm(&oid::SHA256, &[]),
        &write::algorithm(&oid::ECDSA_SHA256, &[]),
        &write::octet_string(signed.signers()[0].signature()),
    ]);
    let forged = write::sequence(&[
        &write::small(1),
        &write::set_of(vec![write::algorithm(&oid::SHA256, &[])]),
        &write::sequence(&[&write::oid(&oid::DATA), &write::context(0, &[&write::octet_string(attributes)])]),
        &write::context(0, &[world.alice.der()]),
        &write::set_of(vec![signer_info]),
    ]);
    let forged = write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&forged])]);
    let stream = SignedStream::read(&*forged).unwrap();
    let judgement = world.judge(|from, policy| stream.judge(from, policy));
    assert_eq!(judgement.signature.reasons, [Reason::AttributesInvalid]);
}

#[test]
fn what_stands_around_the_content_is_bounded() {
    let world = World::new();
    let around = |certificates: &[u8]| {
        let signed = write::sequence(&[
            &write::small(1),
            &write::set_of(vec![]),
            &write::sequence(&[&write::oid(&oid::DATA)]),
            certificates,
            &write::set_of(vec![]),
        ]);
        write::sequence(&[&write::oid(&oid::SIGNED_DATA), &write::context(0, &[&signed])])
    };
    let huge = write::octet_string(&vec![0; 5 << 20]);
    let read = |message: &[u8]| SignedStream::read(message).map(|_| ());
    let refused = read(&around(&write::context(0, &[&huge])));
    assert!(matches!(refused, Err(StreamError::Refused(SignedDataError::Limit(_)))), "{refused:?}");
    // CRLs are as long as they are.
    read(&around(&write::context(1, &[&huge]))).unwrap();
    // An encrypted message with a recipient of 5 MiB.
    let enveloped = write::sequence(&[&write::small(0), &write::set_of(vec![huge])]);
    let enveloped = write::sequence(&[&write::oid(&oid::ENVELOPED_DATA), &write::context(0, &[&enveloped])]);
    assert_eq!(open(&enveloped, &world.keys), Err(DecryptError::Malformed));
    // Nesting without end, in the content and in front of it.
    let nested =
        [&[0x30, 0x80, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2][..], &[0xA0, 0x80].repeat(100_000)];
    assert!(read(&nested.concat()).is_err());
    let signed = world.sign(b"x");
    let position = signed.windows(2).position(|two| two == [0x24, 0x80]).unwrap();
    let nested = [&signed[..position], &[0x24, 0x80].repeat(100_000)].concat();
    assert!(matches!(read(&nested), Err(StreamError::Refused(SignedDataError::Limit(_)))));
}

/// Valid messages of each form, with their content.
struct Seeds {
    world: World,
    content: Vec<u8>,
    encrypted: Vec<Vec<u8>>,
    signed: Vec<Vec<u8>>,
}

static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let world = World::new();
    let content = octets(150);
    let mut encrypted = Vec::new();
    for cipher in [GCM, CBC] {
        encrypted.push(world.encrypt(&content, cipher, None));
        encrypted.push(world.encrypt(&content, cipher, Some(150)));
        encrypted.push(in_segments(&encrypted[encrypted.len() - 1], 9));
    }
    let mut signed = vec![world.sign(&content)];
    for options in [&[][..], &["-stream"], &["-noattr"], &["-md", "sha512", "-keyid"]] {
        signed.push(world.pki.cms_sign(&content, &["alice"], options));
    }
    signed.push(in_segments(&signed[1], 9));
    Seeds { world, content, encrypted, signed }
});

/// Octets that are cut out, replaced and put in.
fn mutate(seed: &[u8], changes: &[(usize, usize, Vec<u8>)]) -> Vec<u8> {
    let mut octets = seed.to_vec();
    for (position, length, replacement) in changes {
        let start = position % octets.len().max(1);
        let end = (start + length).min(octets.len());
        octets.splice(start..end, replacement.iter().copied());
    }
    octets
}

fn changes() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    vec((any::<usize>(), 0..4usize, vec(any::<u8>(), 0..4)), 1..3)
}

/// `cargo xtask prove` asks for the full count.
fn cases() -> u32 {
    if std::env::var_os("COUNTERSIGN_PROVE").is_some() { 60_000 } else { 1_000 }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Both readers agree, and authenticated octets are the encrypted ones or none.
    #[test]
    fn a_mutated_encrypted_message_gives_its_content_or_nothing(which in 0..6usize, changes in changes()) {
        let seeds = &*SEEDS;
        let mutated = mutate(&seeds.encrypted[which], &changes);
        let streamed = open(&mutated, &seeds.world.keys);
        let whole = decrypt(&mutated, &seeds.world.keys, &mut OsRandom).map(|decrypted| decrypted.content.to_vec());
        match (&streamed, &whole) {
            (Ok(streamed), Ok(whole)) => prop_assert_eq!(streamed, whole),
            (Err(_), Err(_)) => {}
            other => prop_assert!(false, "{:?}", other),
        }
        if let (Ok(content), true) = (streamed, which < 3) {
            prop_assert_eq!(content, seeds.content.clone());
        }
    }

    /// Both readers come to the same verdict, and what is released is what was signed.
    #[test]
    fn a_mutated_signed_message_releases_its_content_or_nothing(which in 0..6usize, changes in changes()) {
        let seeds = &*SEEDS;
        let mutated = mutate(&seeds.signed[which], &changes);
        if let Ok(content) = seeds.world.release(&*mutated) {
            prop_assert_eq!(&content, &seeds.content);
        }
        match (SignedStream::read(&*mutated), SignedData::parse(&mutated)) {
            (Ok(stream), Ok(whole)) => {
                let streamed = seeds.world.judge(|from, policy| stream.judge(from, policy)).signature;
                let content = whole.content().unwrap_or_default().to_vec();
                let whole = seeds.world.judge(|from, policy| judge(&whole, &content, from, policy)).signature;
                // A digest that is not announced is not taken of a stream.
                if streamed.reasons != [Reason::UnsupportedAlgorithm] {
                    prop_assert_eq!(streamed, whole);
                }
            }
            (Err(_), Err(_)) => {}
            (stream, whole) => prop_assert!(false, "{:?} {:?}", stream, whole),
        }
    }

    #[test]
    fn random_octets_are_no_message(octets in vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&octets, &SEEDS.world.keys).is_err());
        prop_assert!(SignedStream::read(&*octets).is_err());
    }
}

#[test]
fn openssl_is_the_one_that_wrote_indefinite_lengths() {
    // What the tests above call `-stream` really is BER.
    let openssl = Openssl::new();
    openssl.identity("alice", P256);
    openssl.write("content", &octets(10));
    openssl.run(&[
        "cms",
        "-sign",
        "-binary",
        "-nodetach",
        "-stream",
        "-in",
        "content",
        "-outform",
        "DER",
        "-out",
        "signed",
        "-signer",
        "alice.crt",
        "-inkey",
        "alice.key",
    ]);
    assert_eq!(openssl.read("signed")[..2], [0x30, 0x80]);
}
