//! Alice, Bob, Carol and Dave: always the same keys and certificates.

use std::sync::LazyLock;

use smime::enveloped::DecryptionKey;
use smime::issue::{IssueError, LeafPurpose, Subject, leaf, personal_root};
use smime::key::KeyError;
use smime::{Certificate, EmailAddress, KeyAlgorithm, PrivateKey, UnixTime};

use engine::ports::KeyRole;

use crate::rng::SeededRng;
use crate::vault::FakeVault;

/// 2026-01-01T00:00:00Z: start of all certificates.
pub const NOT_BEFORE: UnixTime = UnixTime::from_secs(1_767_225_600);
/// 2036-01-01T00:00:00Z: end of all certificates.
pub const NOT_AFTER: UnixTime = UnixTime::from_secs(2_082_758_400);

/// A key with its certificate.
#[derive(Debug)]
pub struct Identity {
    /// The private key (P-256).
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Certificate,
}

/// A person with a personal root and the three certificates under it.
#[derive(Debug)]
pub struct Person {
    /// Display name, also the common name of the certificates.
    pub name: &'static str,
    /// The address.
    pub address: EmailAddress,
    /// The personal root.
    pub root: Identity,
    /// Signs decisions.
    pub approval: Identity,
    /// Signs ordinary mail and meetings.
    pub mail: Identity,
    /// Decrypts.
    pub encryption: Identity,
}

/// Alice, who asks: alice@example.org.
pub fn alice() -> &'static Person {
    static ALICE: LazyLock<Person> = LazyLock::new(|| named("Alice", "alice@example.org"));
    &ALICE
}

/// Bob, who decides: bob@example.org.
pub fn bob() -> &'static Person {
    static BOB: LazyLock<Person> = LazyLock::new(|| named("Bob", "bob@example.org"));
    &BOB
}

/// Carol, of another organisation: carol@example.com.
pub fn carol() -> &'static Person {
    static CAROL: LazyLock<Person> = LazyLock::new(|| named("Carol", "carol@example.com"));
    &CAROL
}

/// Dave, whom nobody has met: dave@example.net.
pub fn dave() -> &'static Person {
    static DAVE: LazyLock<Person> = LazyLock::new(|| named("Dave", "dave@example.net"));
    &DAVE
}

impl Person {
    /// A further person; the address fixes the keys.
    ///
    /// # Errors
    /// The address does not fit into a certificate.
    pub fn new(name: &'static str, address: EmailAddress) -> Result<Self, IssueError> {
        let mut rng = SeededRng::new(format!("testkit person {}", address.folded()));
        let subject = Subject {
            address: address.clone(),
            name: name.to_owned(),
            not_before: NOT_BEFORE,
            not_after: NOT_AFTER,
        };
        let root_key = p256(&mut rng)?;
        let certificate = personal_root(&root_key, &subject, &mut rng)?;
        let root = Identity { key: root_key, certificate };
        let mut under_root = |purpose| {
            let key = p256(&mut rng)?;
            let public_key = key.public_key_der();
            let certificate = leaf(&root.certificate, &root.key, &public_key, purpose, &subject, &mut rng)?;
            Ok::<_, IssueError>(Identity { key, certificate })
        };
        let approval = under_root(LeafPurpose::Approval)?;
        let mail = under_root(LeafPurpose::Mail)?;
        let encryption = under_root(LeafPurpose::Encryption)?;
        Ok(Person { name, address, root, approval, mail, encryption })
    }

    /// Root and leaves, as an outgoing mail carries them.
    pub fn certificates(&self) -> Vec<Certificate> {
        [&self.root, &self.approval, &self.mail, &self.encryption]
            .map(|identity| identity.certificate.clone())
            .to_vec()
    }

    /// What decrypts mail to this person.
    ///
    /// # Errors
    /// Never: the key was made here.
    pub fn decryption_key(&self) -> Result<DecryptionKey, KeyError> {
        let key = PrivateKey::from_der(&self.encryption.key.to_pkcs8_der())?;
        Ok(DecryptionKey { key, certificates: vec![self.encryption.certificate.clone()] })
    }

    /// A vault with this person's approval and mail keys, in this order.
    pub fn vault(&self) -> FakeVault {
        let vault = FakeVault::new(self.address.folded());
        vault.insert(self.address.as_str(), KeyRole::Approval, &self.approval.key);
        vault.insert(self.address.as_str(), KeyRole::Mail, &self.mail.key);
        vault
    }
}

fn p256(rng: &mut SeededRng) -> Result<PrivateKey, IssueError> {
    PrivateKey::generate(KeyAlgorithm::P256, rng).map_err(|_| IssueError::WrongKey)
}

#[allow(clippy::panic, reason = "a person that can't be made fails every test at once")]
fn named(name: &'static str, address: &str) -> Person {
    let made = address.parse().ok().map(|address| Person::new(name, address));
    match made {
        Some(Ok(person)) => person,
        Some(Err(error)) => panic!("{name} can't be certified: {error}"),
        None => panic!("{address} is no address"),
    }
}
