//! What a personal root issues is accepted by OpenSSL under its strict rules, and bound to the root's address.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod support;

use smime::issue::{IssueError, LeafPurpose, Subject, leaf, personal_root};
use smime::path::{AnchorScope, Purpose, Trust, TrustAnchor, validate};
use smime::verdict::Reason;
use smime::{Certificate, KeyAlgorithm, PrivateKey, UnixTime};
use support::{Openssl, OsRandom};

const NOW: &str = "2026-11-25T08:00:00Z";

fn now() -> UnixTime {
    NOW.parse().unwrap()
}

fn subject(address: &str, name: &str) -> Subject {
    Subject {
        address: address.parse().unwrap(),
        name: name.to_owned(),
        not_before: now().minus(3600),
        not_after: now().plus(30 * 365 * 86_400),
    }
}

fn generate(algorithm: KeyAlgorithm) -> PrivateKey {
    PrivateKey::generate(algorithm, &mut OsRandom).unwrap()
}

struct Person {
    root: Certificate,
    root_key: PrivateKey,
    subject: Subject,
}

impl Person {
    fn new(address: &str, name: &str) -> Self {
        let (subject, root_key) = (subject(address, name), generate(KeyAlgorithm::P256));
        let root = personal_root(&root_key, &subject, &mut OsRandom).unwrap();
        Person { root, root_key, subject }
    }

    fn issue(&self, algorithm: KeyAlgorithm, purpose: LeafPurpose) -> Result<Certificate, IssueError> {
        let key = generate(algorithm);
        leaf(&self.root, &self.root_key, &key.public_key_der(), purpose, &self.subject, &mut OsRandom)
    }

    fn anchor(&self, address: &str) -> TrustAnchor {
        TrustAnchor {
            certificate: self.root.clone(),
            trust: Trust::Met,
            scope: AnchorScope::Address(address.parse().unwrap()),
        }
    }
}

fn openssl_verify(root: &Certificate, leaf: &Certificate, purpose: &str) -> std::process::Output {
    let openssl = Openssl::new();
    openssl.write("root.pem", root.to_pem().as_bytes());
    openssl.write("leaf.pem", leaf.to_pem().as_bytes());
    let at = now().secs();
    openssl.try_run(&format!(
        "verify -x509_strict -check_ss_sig -purpose {purpose} -attime {at} -CAfile root.pem leaf.pem"
    ))
}

#[test]
fn openssl_accepts_every_leaf_for_its_purpose_only() {
    let alice = Person::new("alice@example.org", "Alice Example");
    let rows = [
        (KeyAlgorithm::P256, LeafPurpose::Approval, "smimesign", "smimeencrypt"),
        (KeyAlgorithm::P256, LeafPurpose::Mail, "smimesign", "smimeencrypt"),
        (KeyAlgorithm::P384, LeafPurpose::Mail, "smimesign", "smimeencrypt"),
        (KeyAlgorithm::Ed25519, LeafPurpose::Approval, "smimesign", "smimeencrypt"),
        (KeyAlgorithm::Rsa(2048), LeafPurpose::Mail, "smimesign", "smimeencrypt"),
        (KeyAlgorithm::Rsa(2048), LeafPurpose::Encryption, "smimeencrypt", "smimesign"),
    ];
    for (algorithm, purpose, right, wrong) in rows {
        let leaf = alice.issue(algorithm, purpose).unwrap();
        let output = openssl_verify(&alice.root, &leaf, right);
        assert!(
            output.status.success(),
            "{algorithm:?} {purpose:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!openssl_verify(&alice.root, &leaf, wrong).status.success(), "{algorithm:?} {purpose:?}");
    }
    // OpenSSL knows keyEncipherment only for smimeencrypt; keyAgreement passes its check of the chain.
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::X25519] {
        let leaf = alice.issue(algorithm, LeafPurpose::Encryption).unwrap();
        assert!(openssl_verify(&alice.root, &leaf, "any").status.success());
        assert!(!openssl_verify(&alice.root, &leaf, "smimesign").status.success());
        assert!(leaf.may_encrypt() && !leaf.may_sign());
    }
}

#[test]
fn openssl_reads_the_extensions_that_the_design_names() {
    let alice = Person::new("alice@example.org", "Alice Example");
    let approval = alice.issue(KeyAlgorithm::P256, LeafPurpose::Approval).unwrap();
    let encryption = alice.issue(KeyAlgorithm::P256, LeafPurpose::Encryption).unwrap();
    let text = |certificate: &Certificate| {
        let openssl = Openssl::new();
        openssl.write("c.pem", certificate.to_pem().as_bytes());
        openssl.text("x509 -in c.pem -noout -text")
    };
    let root = text(&alice.root);
    for part in [
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0\n",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n",
        "X509v3 Name Constraints: critical\n                Permitted:\n                  email:alice@example.org\n",
        "X509v3 Subject Key Identifier",
        "UID = alice@example.org, OU = Personal root, CN = Alice Example",
    ] {
        assert!(root.contains(part), "{part}\n{root}");
    }
    assert!(!root.contains("Excluded"));
    let leaf = text(&approval);
    for part in [
        "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
        "X509v3 Extended Key Usage: \n                E-mail Protection, 1.3.6.1.5.5.7.3.36\n",
        "email:alice@example.org",
        "X509v3 Authority Key Identifier",
        "Subject: CN = Alice Example\n",
    ] {
        assert!(leaf.contains(part), "{part}\n{leaf}");
    }
    assert!(text(&encryption).contains("X509v3 Key Usage: critical\n                Key Agreement\n"));
}

#[test]
fn a_root_has_no_power_over_another_address() {
    let alice = Person::new("alice@example.org", "Alice");
    // Mallory holds alice's root key and builds a leaf for bob by means of another issuer's bytes: a root of the
    // same name and key without constraint.
    let mut wide = subject("bob@example.org", "Alice");
    wide.address = "bob@example.org".parse().unwrap();
    let same_key_root = personal_root(&alice.root_key, &wide, &mut OsRandom).unwrap();
    let key = generate(KeyAlgorithm::P256);
    let forged =
        leaf(&same_key_root, &alice.root_key, &key.public_key_der(), LeafPurpose::Mail, &wide, &mut OsRandom)
            .unwrap();
    let failure =
        validate(&forged, &[same_key_root], &[alice.anchor("bob@example.org")], now(), Purpose::EmailSigning)
            .unwrap_err();
    assert_eq!(failure.reasons, [Reason::NoTrustedPath], "the names of the roots differ");
    assert_eq!(
        leaf(&alice.root, &alice.root_key, &key.public_key_der(), LeafPurpose::Mail, &wide, &mut OsRandom),
        Err(IssueError::WrongRoot)
    );
}

#[test]
fn leaves_validate_under_their_root_for_their_address_and_purpose() {
    let alice = Person::new("Alice@example.org", "");
    let anchors = [alice.anchor("alice@example.org")];
    let mail = alice.issue(KeyAlgorithm::P256, LeafPurpose::Mail).unwrap();
    let path = validate(&mail, &[], &anchors, now(), Purpose::EmailSigning).unwrap();
    assert_eq!(path.certificates(), [mail.clone(), alice.root.clone()]);
    assert_eq!(path.anchor().trust, Trust::Met);
    assert_eq!(mail.common_name().as_deref(), Some("Alice@example.org"));
    let failure = validate(&mail, &[], &anchors, now(), Purpose::EmailEncryption).unwrap_err();
    assert_eq!(failure.reasons, [Reason::WrongKeyUsage]);
    let failure =
        validate(&mail, &[], &[alice.anchor("bob@example.org")], now(), Purpose::EmailSigning).unwrap_err();
    assert_eq!(failure.reasons, [Reason::NoTrustedPath], "an anchor for bob says nothing about alice");
    let failure = validate(&alice.root, &[], &anchors, now(), Purpose::EmailSigning).unwrap_err();
    assert_eq!(failure.reasons, [Reason::WrongKeyUsage], "the root signs certificates, not mail");
}

#[test]
fn international_addresses_are_certified_as_smtp_utf8_mailbox() {
    let li = Person::new("李伟@example.org", "李伟");
    let mail = li.issue(KeyAlgorithm::P256, LeafPurpose::Mail).unwrap();
    assert_eq!(mail.emails(), ["李伟@example.org".parse().unwrap()]);
    let output = openssl_verify(&li.root, &mail, "smimesign");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    validate(&mail, &[], &[li.anchor("李伟@example.org")], now(), Purpose::EmailSigning).unwrap();
    let unicode_domain = subject("a@例子.中国", "a");
    let refused = personal_root(&generate(KeyAlgorithm::P256), &unicode_domain, &mut OsRandom);
    assert_eq!(refused, Err(IssueError::Unencodable));
}

#[test]
fn what_cannot_be_certified_is_refused() {
    let alice = Person::new("alice@example.org", &"长".repeat(100));
    assert_eq!(alice.root.common_name(), Some("长".repeat(64)));
    assert_eq!(alice.issue(KeyAlgorithm::X25519, LeafPurpose::Mail), Err(IssueError::WrongKey));
    assert_eq!(alice.issue(KeyAlgorithm::Ed25519, LeafPurpose::Encryption), Err(IssueError::WrongKey));
    let other_key = generate(KeyAlgorithm::P256);
    let public_key = other_key.public_key_der();
    let with = |key: &PrivateKey, public_key: &[u8], subject: &Subject| {
        leaf(&alice.root, key, public_key, LeafPurpose::Mail, subject, &mut OsRandom)
    };
    assert_eq!(
        with(&other_key, &public_key, &alice.subject),
        Err(IssueError::WrongKey),
        "another root's key"
    );
    assert_eq!(with(&alice.root_key, b"no key", &alice.subject), Err(IssueError::WrongKey));
    let mut backwards = alice.subject.clone();
    backwards.not_after = backwards.not_before.minus(1);
    assert_eq!(with(&alice.root_key, &public_key, &backwards), Err(IssueError::Unencodable));
    assert_eq!(
        personal_root(&generate(KeyAlgorithm::Ed25519), &alice.subject, &mut OsRandom),
        Err(IssueError::WrongKey),
        "a personal root is a P-256 CA"
    );
}

#[test]
fn serial_numbers_are_random_positive_and_sixteen_octets() {
    let alice = Person::new("alice@example.org", "Alice");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let key = generate(KeyAlgorithm::P256);
        let leaf = leaf(
            &alice.root,
            &alice.root_key,
            &key.public_key_der(),
            LeafPurpose::Mail,
            &alice.subject,
            &mut OsRandom,
        )
        .unwrap();
        assert_eq!(leaf.serial().len(), 16);
        assert_eq!(leaf.serial()[0] & 0xc0, 0x40);
        assert!(seen.insert(leaf.serial_hex()));
    }
}
