//! EFAIL gadgets (Poddebniak et al. 2018), made mechanically from messages of others and of ours: whatever is done to a
//! CBC ciphertext, the outcome is one failure, or a text without integrity that earns nothing and is never HTML.

use engine::secure::{Credit, EncryptionState, Opened, Opening, Warning, open};
use mail::protect::wrap_pkcs7;
use smime::enveloped::{ContentCipher, DecryptionKey, encrypt};
use smime::verdict::SignatureState;
use smime::{Certificate, PrivateKey};

use crate::support::{Rng, alice_and_bob, corpus, expected, outer, pkcs12_keys};

/// A message, and the keys that open it.
struct Target {
    name: String,
    der: Vec<u8>,
    keys: Vec<DecryptionKey>,
}

fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    if let Some(folder) = corpus("nss-interop") {
        for (name, ..) in expected(&folder).into_iter().filter(|(name, ..)| name.ends_with(".env")) {
            let p12 = if name.starts_with("fran-ec") { "Fran-ec.p12" } else { "Fran.p12" };
            let Some(keys) = pkcs12_keys(&folder.join(p12), "nss") else { break };
            targets.push(Target { der: std::fs::read(folder.join(&name)).unwrap(), name, keys });
        }
    }
    let body = |path: &std::path::Path| {
        let message = mail::part::Message::parse(&std::fs::read(path).unwrap()).unwrap();
        message.decoded(message.root()).into_owned()
    };
    if let Some(folder) = corpus("bc-cbc") {
        let certificates = Certificate::read_all(&std::fs::read(folder.join("cert.pem")).unwrap()).unwrap();
        let key = PrivateKey::from_pem(&std::fs::read(folder.join("key.pem")).unwrap()).unwrap();
        let keys = vec![DecryptionKey { key, certificates }];
        targets.push(Target { name: "test192".to_owned(), der: body(&folder.join("test192.message")), keys });
    }
    if let Some(folder) = corpus("notmuch")
        && let Some(keys) = pkcs12_keys(&folder.join("smime/bob.p12"), "")
    {
        let der = body(&folder.join("protected-headers/smime-enc+legacy-disp.eml"));
        targets.push(Target { name: "smime-enc+legacy-disp".to_owned(), der, keys });
    }
    let (_, bob) = alice_and_bob();
    let html = b"Content-Type: text/html\r\n\r\n<p>The secret plan: we meet at noon.</p>\r\n";
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes128Cbc] {
        let der = encrypt(html, &[bob.recipient()], cipher, &mut Rng).unwrap();
        targets.push(Target { name: format!("{cipher:?}"), der, keys: vec![bob.decryption_key()] });
    }
    targets
}

fn opened(der: &[u8], keys: &[DecryptionKey]) -> Opened {
    let raw = wrap_pkcs7(&outer("eve@example.org"), "enveloped-data", der);
    let at = crate::support::NOW;
    let opening = Opening {
        keys,
        at,
        anchors: &[],
        timestamp_anchors: &[],
        untrusted: &[],
        own: &[],
        known: &[],
        sources: Default::default(),
    };
    open(&raw, &opening, &mut Rng).unwrap()
}

/// One failure without a cause, or a text without integrity.
fn assert_harmless(mail: &Opened, what: &str) {
    let encryption = &mail.verdict.encryption;
    match encryption.state {
        EncryptionState::Decrypted => {
            assert!(!encryption.integrity, "{what}");
            assert!(mail.verdict.warnings.contains(&Warning::NoIntegrity), "{what}");
        }
        // A flip may hit the name of a recipient, or the type of the whole object.
        EncryptionState::Failed | EncryptionState::NoKey | EncryptionState::None => {}
    }
    assert_ne!(mail.verdict.signature.state, SignatureState::Valid, "{what}");
    assert!(mail.verdict.parts.iter().all(|part| part.credit == Credit::None), "{what}");
    assert_eq!(mail.quotable_text().filter(|_| encryption.state != EncryptionState::None), None, "{what}");
    assert!(
        mail.html(mail::part::Remote::Allowed).is_none() || encryption.state == EncryptionState::None,
        "{what}"
    );
}

#[test]
fn flips_and_swaps_in_foreign_messages_give_no_integrity() {
    for Target { name, der, keys } in targets() {
        let good = opened(&der, &keys);
        assert_eq!(good.verdict.encryption.state, EncryptionState::Decrypted, "{name}");
        assert_harmless(&good, &name);
        // The IV and the ciphertext are the last octets of the object.
        let start = der.len().saturating_sub(160);
        for at in (start..der.len()).step_by(5) {
            let mut bad = der.clone();
            bad[at] ^= 0x20;
            assert_harmless(&opened(&bad, &keys), &format!("{name}: flip at {at}"));
        }
        for block in [8, 16] {
            for back in 1..4 {
                let mut bad = der.clone();
                let end = bad.len();
                let (a, b) = (end - block * (back + 1), end - block * back);
                for offset in 0..block {
                    bad.swap(a + offset, b + offset);
                }
                assert_harmless(
                    &opened(&bad, &keys),
                    &format!("{name}: blocks of {block}, {back} from the end"),
                );
            }
        }
        for cut in [1, 7, 8, 16, 40] {
            let mail = opened(&der[..der.len() - cut], &keys);
            assert_ne!(mail.verdict.encryption.state, EncryptionState::Decrypted, "{name}: cut by {cut}");
        }
    }
}

/// What an attacker makes of a ciphertext.
type Change<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
type BoxedChange = Box<dyn Fn(&[u8]) -> Vec<u8>>;

/// Splits one DER element: its tag, its content, what follows.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, head) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let count = usize::from(long & 0x7f);
            (der[2..2 + count].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 2 + count)
        }
    };
    (der[0], &der[head..head + length], &der[head + length..])
}

pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], length.as_slice(), content].concat()
}

/// The elements inside a constructed one.
pub fn elements(mut content: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while !content.is_empty() {
        let rest = element(content).2;
        all.push(content[..content.len() - rest.len()].to_vec());
        content = rest;
    }
    all
}

pub fn content(der: &[u8]) -> Vec<u8> {
    element(der).1.to_vec()
}

/// The message with another ciphertext, all lengths in order: the ciphertext is the last element of the last of the last.
fn with_ciphertext(der: &[u8], change: Change<'_>) -> Vec<u8> {
    let (tag, inside, _) = element(der);
    if tag == 0x80 {
        return tlv(tag, &change(inside));
    }
    let mut parts = elements(inside);
    let last = parts.pop().unwrap();
    parts.push(with_ciphertext(&last, change));
    tlv(tag, &parts.concat())
}

/// Truncation, insertion and replay of whole blocks, in a message whose lengths are right.
#[test]
fn blocks_that_are_cut_inserted_or_repeated_give_no_integrity() {
    let (_, bob) = alice_and_bob();
    let keys = [bob.decryption_key()];
    let text = format!(
        "Content-Type: text/html\r\n\r\n{}\r\n",
        "<p>The secret plan: we meet at noon.</p>\r\n".repeat(10)
    );
    let der = encrypt(text.as_bytes(), &[bob.recipient()], ContentCipher::Aes256Cbc, &mut Rng).unwrap();
    assert_eq!(opened(&with_ciphertext(&der, &|ct| ct.to_vec()), &keys).payload.raw(), text.as_bytes());
    let blocks = |ct: &[u8]| ct.chunks(16).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let mut changes: Vec<(String, BoxedChange)> = vec![
        ("nothing is left".to_owned(), Box::new(|_| Vec::new())),
        ("half a block".to_owned(), Box::new(|ct| ct[..ct.len() - 8].to_vec())),
        ("not a whole block more".to_owned(), Box::new(|ct| [ct, &[0; 5]].concat())),
    ];
    for count in [1, 2, 5, 12] {
        changes.push((format!("cut to {count} blocks"), Box::new(move |ct| ct[..16 * count].to_vec())));
        changes.push((format!("without the first {count}"), Box::new(move |ct| ct[16 * count..].to_vec())));
        changes.push((
            format!("{count} repeated"),
            Box::new(move |ct| {
                let mut all = blocks(ct);
                let again: Vec<_> = all.iter().take(count).cloned().collect();
                all.splice(2..2, again);
                all.concat()
            }),
        ));
        changes.push((
            format!("{count} inserted"),
            Box::new(move |ct| [&ct[..32], &vec![0x41; 16 * count], &ct[32..]].concat()),
        ));
    }
    for (name, change) in &changes {
        let mail = opened(&with_ciphertext(&der, change), &keys);
        assert!(
            matches!(mail.verdict.encryption.state, EncryptionState::Decrypted | EncryptionState::Failed),
            "{name}"
        );
        assert_harmless(&mail, name);
    }
}

/// Wrong padding, a wrong content key, an empty ciphertext and garbage are one answer.
#[test]
fn every_way_to_fail_is_the_same_answer() {
    let (_, bob) = alice_and_bob();
    let keys = [bob.decryption_key()];
    let der = encrypt(
        b"Content-Type: text/plain\r\n\r\nx\r\n",
        &[bob.recipient()],
        ContentCipher::Aes256Cbc,
        &mut Rng,
    )
    .unwrap();
    let changes: [Change<'_>; 4] = [
        &|_| Vec::new(),
        &|ct| ct[..ct.len() - 1].to_vec(),
        // The last block decides about the padding; 16 octets of zero are very unlikely to give a right one.
        &|ct| [&ct[..ct.len() - 16], [0; 16].as_slice()].concat(),
        &|ct| vec![0x55; ct.len()],
    ];
    let mut verdicts = Vec::new();
    for change in changes {
        let mail = opened(&with_ciphertext(&der, change), &keys);
        if mail.verdict.encryption.state == EncryptionState::Failed {
            let mut verdict = mail.verdict;
            verdict.parts.clear();
            verdicts.push(verdict);
        }
    }
    assert!(verdicts.len() >= 2, "those with a wrong length fail for sure");
    assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]));
}
