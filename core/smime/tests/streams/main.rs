//! Messages that are read and written piece by piece: against OpenSSL, against the same message in memory, attacked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod attacks;
mod detached;
mod mutations;
mod openssl;
mod pieces;
#[path = "../pki/mod.rs"]
mod pki;
#[path = "../support/mod.rs"]
mod support;

use std::io::Write;

use pki::{ALICE, Pki, alice_under_a_root, anchor, policy, soon};
use smime::enveloped::{
    ContentCipher, DecryptError, DecryptionKey, EncryptingWriter, Recipient, RsaTransport, open_stream,
};
use smime::key::SignatureAlgorithm;
use smime::signed::{SignRequest, SignedStream, SigningWriter};
use smime::stream::{Replay, StreamError};
use smime::verdict::{Judgement, Policy};
use smime::{Certificate, EmailAddress, PrivateKey, UnixTime};
use support::OsRandom;

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
        let (pki, root, alice) = alice_under_a_root("");
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
        judge(Some(&[ALICE.parse().unwrap()]), &policy(self.at, &anchors))
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
