//! Mail of other programs as a whole: layers inside layers, every row of the message tables, one answer for all that
//! fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use std::path::Path;

use rand_core::{TryCryptoRng, TryRng};
use smime::ber::write;
use smime::enveloped::{
    ContentCipher, DecryptError, DecryptionKey, Recipient, RsaTransport, SharedSecret, decrypt,
    decrypt_shared, encrypt,
};
use smime::path::{AnchorScope, Purpose, Trust, TrustAnchor, validate};
use smime::signed::{SignedData, verify_signer};
use smime::{Certificate, PrivateKey, oid, pkcs12};
use support::{Identity, Openssl, OsRandom, P256, RSA2048, corpus, expected};

fn base64(body: &str) -> Vec<u8> {
    let text: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

/// The body of a mail, or of one of its parts.
fn body(mail: &str) -> &str {
    mail.split_once("\n\n").unwrap().1
}

/// A mail with LF line ends, as the corpus has it.
fn mail(folder: &Path, file: &str) -> String {
    std::fs::read_to_string(folder.join(file)).unwrap().replace("\r\n", "\n")
}

/// A signature by Alice over this content, under the CA of the corpus at 2020-01-01.
fn is_by_alice(folder: &Path, signed: &SignedData, content: &[u8]) -> bool {
    let anchor =
        Certificate::read_all(&std::fs::read(folder.join("smime/ca.crt")).unwrap()).unwrap().remove(0);
    let anchors = [TrustAnchor { certificate: anchor, trust: Trust::Organisation, scope: AnchorScope::Any }];
    let verified = verify_signer(signed, 0, content, &[]).unwrap();
    let at = "2020-01-01T00:00:00Z".parse().unwrap();
    let path =
        validate(verified.certificate(), signed.certificates(), &anchors, at, Purpose::EmailSigning).unwrap();
    path.certificates().len() == 2
        && verified.weakness().is_none()
        && verified.certificate().subject().contains("Alice Lovelace")
}

#[test]
fn mails_of_the_notmuch_corpus_open_and_verify() {
    let Some(folder) = corpus("notmuch") else { return };
    let file = std::fs::read_to_string(folder.join("smime/bob.p12")).unwrap();
    let armour = file.split_once("-----BEGIN").unwrap().1;
    let file = base64(armour.split_once("-----\n").unwrap().1.split_once("-----END").unwrap().0);
    let contents = pkcs12::read(&file, Some("")).unwrap();
    let keys: Vec<DecryptionKey> = contents
        .keys
        .into_iter()
        .map(|entry| DecryptionKey { key: entry.key, certificates: entry.certificate.into_iter().collect() })
        .collect();
    let (mut verified, mut opened) = (0, 0);
    for (file, outcome, _) in expected(&folder) {
        match outcome.as_str() {
            "VALID" if file.contains("multipart") => {
                let text = mail(&folder, &file);
                let parts: Vec<&str> = text.split("\n--179").collect();
                // The line break before the boundary belongs to it.
                let content = parts[1].strip_prefix('\n').unwrap().replace('\n', "\r\n");
                let signed = SignedData::parse(&base64(body(parts[2]))).unwrap();
                assert!(signed.content().is_none());
                assert!(is_by_alice(&folder, &signed, content.as_bytes()), "{file}");
                verified += 1;
            }
            "VALID" => {
                let signed = SignedData::parse(&base64(body(&mail(&folder, &file)))).unwrap();
                let content = signed.content().unwrap().to_vec();
                assert!(is_by_alice(&folder, &signed, &content), "{file}");
                verified += 1;
            }
            "DECRYPT+VALID" | "DECRYPT+UNSIGNED" => {
                let message = base64(body(&mail(&folder, &file)));
                let decrypted = decrypt(&message, &keys, &mut OsRandom).unwrap();
                assert!(!decrypted.integrity);
                let inside = String::from_utf8(decrypted.content.to_vec()).unwrap().replace("\r\n", "\n");
                assert_eq!(inside.contains("pkcs7-mime"), outcome == "DECRYPT+VALID", "{file}");
                if outcome == "DECRYPT+VALID" {
                    let signed = SignedData::parse(&base64(body(&inside))).unwrap();
                    let content = signed.content().unwrap().to_vec();
                    assert!(is_by_alice(&folder, &signed, &content), "{file}");
                }
                opened += 1;
            }
            // OpenPGP, whose MIME structure is core/mail's.
            other => assert_eq!(other, "PGP-STRUCTURE"),
        }
    }
    assert_eq!((verified, opened), (3, 3));
}

/// Rows that their tests name one by one must all be named: none is passed over.
#[test]
fn every_row_of_the_message_tables_is_run() {
    let sources = [
        include_str!("corpora.rs"),
        include_str!("foreign_mail.rs"),
        include_str!("pkcs12.rs"),
        include_str!("certificates.rs"),
    ]
    .concat();
    for (name, rows) in [("rustcrypto-cms", 44), ("pyca-pkcs7", 13)] {
        let Some(folder) = corpus(name) else { continue };
        let table = expected(&folder);
        assert_eq!(table.len(), rows, "{name}");
        for (file, outcome, _) in table {
            assert!(outcome == "MATERIAL" || sources.contains(&file), "{name}/{file}");
        }
    }
    let Some(folder) = corpus("rustcrypto-cms") else { return };
    // EncryptedData under a password, which only PKCS#12 has: nobody has a content key for it.
    let message = std::fs::read(folder.join("keyEncryptedData.bin")).unwrap();
    let error = decrypt_shared(&message, &SharedSecret::ContentKey(&[0; 16])).unwrap_err();
    assert_eq!(error, DecryptError::Unsupported);
    let file = std::fs::read(folder.join("example.pfx")).unwrap();
    let contents = pkcs12::read(&file, Some("hunter42")).unwrap();
    assert_eq!((contents.keys.len(), contents.certificates.is_empty()), (1, false));
    assert!(pkcs12::read(&file, Some("hunter2")).is_err());
    for material in ["GoodCACert.crt", "ValidCertificatePathTest1EE.crt", "rsa_cert.der", "ec384-ee-key.der"]
    {
        let octets = std::fs::read(folder.join(material)).unwrap();
        assert_eq!(Certificate::read_all(&octets).unwrap().len(), 1, "{material}");
    }
    let Some(folder) = corpus("pyca-pkcs7") else { return };
    // An ASCII mailbox as SmtpUTF8Mailbox, and a raw non-ASCII rfc822Name: no address is believed from either.
    for file in ["ascii-san.pem", "non-ascii-san.pem"] {
        let octets = std::fs::read(folder.join(file)).unwrap();
        let read = Certificate::read_all(&octets).map(|mut all| all.remove(0));
        assert!(read.map_or(true, |certificate| certificate.emails().is_empty()), "{file}");
    }
}

/// OpenSSL signs, encrypts and signs again, in BER and in DER (RFC 2634 section 1.1); each layer comes off.
#[test]
fn a_triple_wrapped_message_of_openssl_is_unwrapped() {
    let openssl = Openssl::new();
    let content = b"Content-Type: text/plain\r\n\r\nThree times.\r\n";
    openssl.write("content", content);
    let alice = openssl.identity("alice", P256);
    let bob = openssl.identity("bob", RSA2048);
    let keys = [DecryptionKey { key: bob.key, certificates: vec![bob.certificate] }];
    for form in ["", "-stream -indef", "-keyid"] {
        let sign = |input: &str, output: &str| {
            openssl.run(&format!(
                "cms -sign -binary -nodetach -signer alice.crt -inkey alice.key \
                 -in {input} -outform DER -out {output} {form}"
            ));
        };
        sign("content", "inner");
        openssl.run(&format!(
            "cms -encrypt -binary -aes-256-gcm -recip bob.crt -in inner -outform DER -out middle {form}"
        ));
        sign("middle", "outer");
        let layer = |message: &[u8]| {
            let signed = SignedData::parse(message).unwrap();
            let content = signed.content().unwrap().to_vec();
            let verified = verify_signer(&signed, 0, &content, &[]).unwrap();
            assert_eq!(verified.certificate(), &alice.certificate);
            content
        };
        let middle = layer(&openssl.read("outer"));
        let inner = decrypt(&middle, &keys, &mut OsRandom).unwrap().content.to_vec();
        assert_eq!(layer(&inner), content, "{form}");
    }
}

/// The same octets each time, counted.
struct Counted {
    state: u64,
    drawn: usize,
}

impl TryRng for Counted {
    type Error = std::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.drawn += 8;
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.state ^ self.state >> 29)
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets {
            *octet = self.try_next_u64()? as u8;
        }
        Ok(())
    }
}
impl TryCryptoRng for Counted {}

/// An AuthEnvelopedData with whatever stands for the encrypted content key.
fn message(bob: &Identity, algorithm: &[u8], encrypted: &[u8], tag: &[u8]) -> Vec<u8> {
    let issuer_and_serial =
        write::sequence(&[bob.certificate.issuer_der(), &write::integer(bob.certificate.serial())]);
    let recipient =
        write::sequence(&[&write::small(0), &issuer_and_serial, algorithm, &write::octet_string(encrypted)]);
    let parameters = write::sequence(&[&write::octet_string(&[3; 12]), &write::small(16)]);
    let content = write::sequence(&[
        &write::oid(&oid::DATA),
        &write::algorithm(&oid::AES256_GCM, &parameters),
        &write::context_primitive(0, &[0x55; 100]),
    ]);
    let fields = [&write::small(0)[..], &write::set_of(vec![recipient]), &content, &write::octet_string(tag)];
    let structure = write::sequence(&fields);
    write::sequence(&[&write::oid(&oid::AUTH_ENVELOPED_DATA), &write::context(0, &[&structure])])
}

/// Wrong padding, wrong version of it, a key of another length, a wrong key, a wrong tag: the private key works once,
/// with the same blinding, and the answer is the same. Nothing is drawn, tried or said in only some of the cases.
#[test]
fn everything_that_fails_does_so_after_the_same_work() {
    use rsa::pkcs8::DecodePublicKey;
    let openssl = Openssl::new();
    let bob = openssl.identity("bob", RSA2048);
    let public = rsa::PublicKey::from_public_key_der(&bob.key.public_key_der()).unwrap();
    let keys = [DecryptionKey {
        key: PrivateKey::from_der(&bob.key.to_pkcs8_der()).unwrap(),
        certificates: vec![bob.certificate.clone()],
    }];
    let pkcs1 = write::algorithm(&oid::RSA, &write::null());
    let oaep = write::algorithm(&oid::RSA_OAEP, &write::sequence(&[]));
    let by_pkcs1 = |key: &[u8]| public.encrypt(&mut OsRandom, rsa::Pkcs1v15Encrypt, key).unwrap();
    let by_oaep = |key: &[u8]| public.encrypt(&mut OsRandom, rsa::Oaep::<sha1::Sha1>::new(), key).unwrap();
    let small = [vec![0; 255], vec![2]].concat();
    for algorithm in [&pkcs1, &oaep] {
        let mut work = Vec::new();
        for encrypted in [
            by_pkcs1(&[1; 32]),
            by_pkcs1(&[1; 16]),
            by_pkcs1(&[]),
            by_oaep(&[1; 32]),
            by_oaep(&[1; 5]),
            small.clone(),
        ] {
            for tag in [[0; 16], [0xFF; 16]] {
                let mut rng = Counted { state: 1, drawn: 0 };
                let error =
                    decrypt(&message(&bob, algorithm, &encrypted, &tag), &keys, &mut rng).unwrap_err();
                work.push((error, rng.drawn));
            }
        }
        assert!(work[0].1 > 0);
        assert_eq!(work, vec![(DecryptError::Failed, work[0].1); 12]);
    }
    // A right message takes the same work.
    let recipients =
        [Recipient::Certificate { certificate: bob.certificate.clone(), rsa: RsaTransport::Pkcs1 }];
    let right = encrypt(&[7; 100], &recipients, ContentCipher::Aes256Gcm, &mut OsRandom).unwrap();
    let (mut of_right, mut of_wrong) = (Counted { state: 1, drawn: 0 }, Counted { state: 1, drawn: 0 });
    assert!(decrypt(&right, &keys, &mut of_right).is_ok());
    assert!(decrypt(&message(&bob, &pkcs1, &small, &[0; 16]), &keys, &mut of_wrong).is_err());
    assert_eq!(of_right.drawn, of_wrong.drawn);
}
