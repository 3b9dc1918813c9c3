//! What the tests of whole mails share: people with keys, the corpora, openssl.
#![allow(
    dead_code,
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "each test file uses a part; tests say what they skip"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use engine::secure::{Opened, Opening, open};
use mail::Mailbox;
use mail::compose::Draft;
use mail::protect::{Protected, Protection, protect, wrap_pkcs7, wrap_signed};
use rand_core::{Infallible, TryCryptoRng, TryRng};
use smime::enveloped::{ContentCipher, DecryptionKey, Recipient, RsaTransport, encrypt};
use smime::issue::{LeafPurpose, Subject, leaf, personal_root};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::signed::{SignRequest, prepare};
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, SignatureAlgorithm, UnixTime};

pub const NOW: UnixTime = UnixTime::from_secs(1_764_000_000);

pub struct Rng;

impl TryRng for Rng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random()))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random()))
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        fill(dst);
        Ok(())
    }
}
impl TryCryptoRng for Rng {}

#[allow(clippy::disallowed_methods, reason = "tests may use the system's randomness")]
pub fn fill(dst: &mut [u8]) {
    getrandom::fill(dst).unwrap();
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    fill(&mut octets);
    octets
}

pub struct Person {
    pub address: EmailAddress,
    pub root: Certificate,
    pub key: PrivateKey,
    pub certificate: Certificate,
    pub encryption: Certificate,
    pub encryption_key: PrivateKey,
}

impl Person {
    pub fn new(address: &str) -> Self {
        let address: EmailAddress = address.parse().unwrap();
        let subject = Subject {
            address: address.clone(),
            name: address.local_part().to_owned(),
            not_before: NOW.minus(3600),
            not_after: NOW.plus(86_400 * 365),
        };
        let new_key = || PrivateKey::generate(KeyAlgorithm::P256, &mut Rng).unwrap();
        let (root_key, key, encryption_key) = (new_key(), new_key(), new_key());
        let root = personal_root(&root_key, &subject, &mut Rng).unwrap();
        let issue = |key: &PrivateKey, purpose| {
            leaf(&root, &root_key, &key.public_key_der(), purpose, &subject, &mut Rng).unwrap()
        };
        let certificate = issue(&key, LeafPurpose::Mail);
        let encryption = issue(&encryption_key, LeafPurpose::Encryption);
        Person { address, root, key, certificate, encryption, encryption_key }
    }

    pub fn anchor(&self) -> TrustAnchor {
        TrustAnchor {
            certificate: self.root.clone(),
            trust: Trust::Met,
            scope: AnchorScope::Address(self.address.clone()),
        }
    }

    pub fn sign(&self, content: &[u8], detached: bool) -> Vec<u8> {
        let carried = [self.root.clone(), self.encryption.clone()];
        let prepared = prepare(&SignRequest {
            content,
            detached,
            signer: &self.certificate,
            certificates: &carried,
            algorithm: SignatureAlgorithm::EcdsaP256Sha256,
            signing_time: NOW,
            encryption_certificate: Some(&self.encryption),
            proof_of_approval: false,
        })
        .unwrap();
        let signature = self.key.sign(prepared.algorithm(), prepared.bytes_to_sign(), &mut Rng).unwrap();
        prepared.finish(&signature).unwrap()
    }

    pub fn recipient(&self) -> Recipient {
        Recipient::Certificate { certificate: self.encryption.clone(), rsa: RsaTransport::Pkcs1 }
    }

    pub fn decryption_key(&self) -> DecryptionKey {
        DecryptionKey {
            key: PrivateKey::from_der(&self.encryption_key.to_pkcs8_der()).unwrap(),
            certificates: vec![self.encryption.clone()],
        }
    }

    pub fn draft(&self, to: &Person, subject: &str, text: &str) -> Draft {
        let mailbox = |address: &EmailAddress| Mailbox { name: None, address: address.to_string() };
        Draft {
            from: mailbox(&self.address),
            to: vec![mailbox(&to.address)],
            cc: vec![],
            subject: subject.into(),
            date: i64::try_from(NOW.secs()).unwrap(),
            message_id: "id@example.org".into(),
            in_reply_to: None,
            references: vec![],
            auto_submitted: None,
            text: text.into(),
            html: None,
            attachments: vec![],
        }
    }
}

pub fn cipher_protected(draft: &Draft) -> Protected {
    protect(draft, Protection::Cipher { legacy_display: false }, &mut random).unwrap()
}

pub fn opened(raw: &[u8], reader: &Person, trusted: &[&Person]) -> Opened {
    opened_knowing(raw, reader, trusted, &[])
}

/// As read by somebody who knows these addresses.
pub fn opened_knowing(raw: &[u8], reader: &Person, trusted: &[&Person], known: &[EmailAddress]) -> Opened {
    let anchors: Vec<TrustAnchor> = trusted.iter().map(|person| person.anchor()).collect();
    let keys = [reader.decryption_key()];
    let own = std::slice::from_ref(&reader.address);
    let opening = Opening {
        keys: &keys,
        at: NOW,
        anchors: &anchors,
        timestamp_anchors: &[],
        untrusted: &[],
        own,
        known,
        sources: Default::default(),
    };
    open(raw, &opening, &mut Rng).unwrap()
}

pub fn outer(from: &str) -> Vec<(String, String)> {
    [("From", from), ("To", "bob@example.org"), ("Subject", "[...]"), ("Message-ID", "<o@example.org>")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Alice, who writes, and Bob, who reads.
pub fn alice_and_bob() -> (Person, Person) {
    (Person::new("alice@example.org"), Person::new("bob@example.org"))
}

/// As Bob opens it, who knows Alice.
pub fn as_bob(raw: &[u8], (alice, bob): (&Person, &Person)) -> Opened {
    opened(raw, bob, &[alice])
}

impl Person {
    /// A multipart/signed with protected header fields.
    pub fn clear_signed(&self, draft: &Draft) -> Vec<u8> {
        let protected = protect(draft, Protection::Clear, &mut random).unwrap();
        let signature = self.sign(&protected.payload, true);
        wrap_signed(&protected.outer, &protected.payload, &signature, "sha-256", &mut random)
    }

    /// An entity encrypted for this person, as an entity without further header fields.
    pub fn encrypted_for(&self, entity: &[u8], cipher: ContentCipher) -> Vec<u8> {
        let der = encrypt(entity, &[self.recipient()], cipher, &mut Rng).unwrap();
        let kind = match cipher {
            ContentCipher::Aes256Gcm | ContentCipher::Aes128Gcm => "authEnveloped-data",
            ContentCipher::Aes256Cbc | ContentCipher::Aes128Cbc => "enveloped-data",
        };
        wrap_pkcs7(&[], kind, &der)
    }
}

/// An entity as a mail with an outer header section.
pub fn mailed(from: &str, entity: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: {from}\r\nTo: bob@example.org\r\nSubject: outside\r\nMessage-ID: <o@example.org>\r\nMIME-Version: 1.0\r\n"
    );
    [head.as_bytes(), entity].concat()
}

/// A folder of the shared corpora; `None` after saying so when it is absent.
pub fn corpus(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("COUNTERSIGN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("corpora").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("SKIPPED: ../shared/corpora/{name} is absent");
    None
}

/// The rows of `expected.tsv`: file, expected, detail.
pub fn expected(folder: &Path) -> Vec<(String, String, String)> {
    let table = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let mut columns = line.split('\t').map(str::to_owned);
        (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap_or_default())
    });
    rows.collect()
}

/// The keys of a PKCS#12 file, DER or in PEM armour, as openssl reads it; `None` after saying so when it is absent.
pub fn pkcs12_keys(path: &Path, password: &str) -> Option<Vec<DecryptionKey>> {
    let folder = tempfile::tempdir().unwrap();
    let octets = std::fs::read(path).unwrap();
    let der = match octets.starts_with(b"-----") {
        true => {
            let lines = String::from_utf8(octets).unwrap();
            let base64: String = lines.lines().filter(|line| !line.starts_with("-----")).collect();
            data_encoding::BASE64.decode(base64.as_bytes()).unwrap()
        }
        false => octets,
    };
    std::fs::write(folder.path().join("p12"), der).unwrap();
    let pem = openssl(
        folder.path(),
        &["pkcs12", "-legacy", "-in", "p12", "-nodes", "-passin", &format!("pass:{password}")],
    )?;
    let key = PrivateKey::from_pem(&pem).unwrap();
    Some(vec![DecryptionKey { key, certificates: Certificate::read_all(&pem).unwrap() }])
}

/// What openssl prints; `None` after saying so when it is absent.
pub fn openssl(folder: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let Ok(output) = Command::new("openssl").args(arguments).current_dir(folder).output() else {
        println!("SKIPPED: openssl is absent");
        return None;
    };
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}
