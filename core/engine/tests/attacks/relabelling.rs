//! AEAD ciphertext relabelled as CBC (the reason for RFC 9709): the content key is right, the integrity is gone.

use engine::secure::{Credit, EncryptionState, Warning};
use mail::protect::wrap_pkcs7;
use smime::enveloped::{ContentCipher, encrypt};

use super::efail::{content, elements, tlv};
use crate::support::{Rng, alice_and_bob, as_bob, outer};

/// AuthEnvelopedData with AES-GCM as EnvelopedData with AES-CBC: same recipients, same content key.
fn relabelled(der: &[u8], cipher_arc: u8, ciphertext: &[u8]) -> Vec<u8> {
    let info = elements(&content(der));
    let fields = elements(&content(&content(&info[1])));
    let (version, recipients) = (&fields[0], &fields[1]);
    let encrypted = elements(&content(&fields[2]));
    // aes*-CBC of 2.16.840.1.101.3.4.1 with an IV of the attacker's choice.
    let oid = [&[0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1], [cipher_arc].as_slice()].concat();
    let algorithm = tlv(0x30, &[oid, tlv(0x04, &[0; 16])].concat());
    let encrypted = tlv(0x30, &[encrypted[0].clone(), algorithm, tlv(0x80, ciphertext)].concat());
    let enveloped = tlv(0x30, &[version.clone(), recipients.clone(), encrypted].concat());
    let enveloped_data = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 3];
    tlv(0x30, &[enveloped_data.to_vec(), tlv(0xa0, &enveloped)].concat())
}

#[test]
fn a_relabelled_ciphertext_is_no_text_with_integrity() {
    let (alice, bob) = alice_and_bob();
    let text = b"Content-Type: text/html\r\n\r\n<p>The secret plan: we meet at noon.</p>\r\n";
    for (cipher, arc) in [(ContentCipher::Aes256Gcm, 0x2a), (ContentCipher::Aes128Gcm, 0x02)] {
        let der = encrypt(text, &[bob.recipient()], cipher, &mut Rng).unwrap();
        let good =
            as_bob(&wrap_pkcs7(&outer("alice@example.org"), "authEnveloped-data", &der), (&alice, &bob));
        assert!(good.verdict.encryption.integrity);
        let mut decrypted = 0;
        // Blocks that the attacker chooses. The first is added to what the second decrypts to: of all values of its last octet
        // one gives a right padding.
        for last in 0..=255 {
            let mut ciphertext = [0x41; 32];
            ciphertext[15] = last;
            let raw =
                wrap_pkcs7(&outer("eve@example.org"), "enveloped-data", &relabelled(&der, arc, &ciphertext));
            let mail = as_bob(&raw, (&alice, &bob));
            decrypted += usize::from(mail.verdict.encryption.state == EncryptionState::Decrypted);
            assert!(matches!(
                mail.verdict.encryption.state,
                EncryptionState::Decrypted | EncryptionState::Failed
            ));
            assert!(!mail.verdict.encryption.integrity);
            assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None));
            assert_eq!(mail.quotable_text(), None, "an answer is no decryption oracle");
            let is_said = mail.verdict.warnings.contains(&Warning::NoIntegrity);
            assert_eq!(is_said, mail.verdict.encryption.state == EncryptionState::Decrypted);
        }
        // Without the binding of RFC 9709 the key does decrypt: the test reaches what it is about.
        assert!(decrypted > 0);
    }
}
