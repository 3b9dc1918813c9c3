//! Wrong keys, broken octets, inputs that change, confusions, limits.

use std::io::{self, Cursor, Read};

use smime::ber::write;
use smime::enveloped::{
    DecryptError, DecryptionKey, EncryptError, EncryptingWriter, open_signed_stream, open_stream,
};
use smime::signed::{NotProven, SignError, SignedData, SignedDataError, SignedStream, SigningWriter};
use smime::stream::{Replay, StreamError};
use smime::verdict::Reason;
use smime::{PrivateKey, oid};

use crate::support::{OsRandom, P256};
use crate::{CBC, GCM, World, octets, open};

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
