//! The passphrase vault against wrong passphrases, damage and crashes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use client::vault::{PassphraseVault, VAULT_FILE};
use engine::ports::{KeyId, KeyRole, SignPurpose, Vault, VaultError};
use smime::{KeyAlgorithm, SignatureAlgorithm};

const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// The vault's futures are ready at once: no runtime is needed.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the vault waited"),
    }
}

fn home() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(VAULT_FILE);
    (home, path)
}

#[test]
fn a_sealing_key_opens_its_secrets_after_reopening() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    assert_eq!(key.algorithm, None);
    assert!(key.public_key.is_empty());
    let sealed = now(vault.wrap(&key.id, b"store key", b"the secret")).unwrap();
    assert!(!sealed.windows(10).any(|window| window == b"the secret"));
    drop(vault);

    let vault = PassphraseVault::open(&path, PASSPHRASE).unwrap();
    assert_eq!(now(vault.list()).unwrap(), vec![key.clone()]);
    assert_eq!(now(vault.unwrap(&key.id, b"store key", &sealed)).unwrap().as_slice(), b"the secret");
}

#[test]
fn a_sealed_secret_is_bound_to_its_context_key_and_octets() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap().id;
    let other = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap().id;
    let sealed = now(vault.wrap(&key, b"root of alice", b"secret")).unwrap();
    assert_eq!(now(vault.unwrap(&key, b"root of bob", &sealed)).unwrap_err(), VaultError::Damaged);
    assert_eq!(now(vault.unwrap(&other, b"root of alice", &sealed)).unwrap_err(), VaultError::Damaged);
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert_eq!(now(vault.unwrap(&key, b"root of alice", &changed)).unwrap_err(), VaultError::Damaged);
        assert_eq!(
            now(vault.unwrap(&key, b"root of alice", &sealed[..position])).unwrap_err(),
            VaultError::Damaged
        );
    }
    assert_ne!(
        now(vault.wrap(&key, b"root of alice", b"secret")).unwrap(),
        sealed,
        "each wrap has its own nonce"
    );
}

#[test]
fn a_wrong_passphrase_is_locked_and_changes_nothing() {
    let (home, path) = home();
    drop(PassphraseVault::create(&path, PASSPHRASE).unwrap());
    let before = fs::read(&path).unwrap();
    for wrong in [b"".as_slice(), b"correct horse battery stapl", b"correct horse battery staple\n"] {
        assert_eq!(PassphraseVault::open(&path, wrong).unwrap_err(), VaultError::Locked);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left beside the vault");
}

#[test]
fn a_damaged_vault_is_called_damaged_and_is_kept() {
    let (_home, path) = home();
    drop(PassphraseVault::create(&path, PASSPHRASE).unwrap());
    let good = fs::read(&path).unwrap();
    for position in 0..good.len() {
        let mut changed = good.clone();
        changed[position] ^= 0x40;
        fs::write(&path, &changed).unwrap();
        assert_eq!(
            PassphraseVault::open(&path, PASSPHRASE).unwrap_err(),
            VaultError::Damaged,
            "octet {position}"
        );
        assert_eq!(fs::read(&path).unwrap(), changed);
        fs::write(&path, &good[..position]).unwrap();
        assert_eq!(
            PassphraseVault::open(&path, PASSPHRASE).unwrap_err(),
            VaultError::Damaged,
            "cut at {position}"
        );
    }
    let huge = fs::File::create(&path).unwrap();
    huge.set_len(10 << 30).unwrap();
    assert_eq!(PassphraseVault::open(&path, PASSPHRASE).unwrap_err(), VaultError::Damaged);
}

#[test]
fn costs_out_of_bounds_are_refused_before_they_are_paid() {
    use sha2::{Digest, Sha256};
    let (_home, path) = home();
    drop(PassphraseVault::create(&path, PASSPHRASE).unwrap());
    let good = fs::read(&path).unwrap();
    assert_eq!(good[8..20], [0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1], "64 MiB, 3 passes, 1 lane");
    let weak_memory = (8, 8_u32);
    let terabytes = (8, u32::MAX);
    let for_ever = (12, u32::MAX);
    let no_pass = (12, 0);
    let many_lanes = (16, 0x00ff_ffff);
    for (offset, value) in [weak_memory, terabytes, for_ever, no_pass, many_lanes] {
        let mut file = good[..good.len() - 32].to_vec();
        file[offset..offset + 4].copy_from_slice(&value.to_be_bytes());
        let digest = Sha256::digest(&file);
        file.extend_from_slice(&digest);
        fs::write(&path, &file).unwrap();
        assert_eq!(PassphraseVault::open(&path, PASSPHRASE).unwrap_err(), VaultError::Damaged);
    }
}

#[test]
fn an_existing_vault_is_never_replaced_by_a_new_one() {
    let (_home, path) = home();
    fs::write(&path, b"something").unwrap();
    assert_eq!(PassphraseVault::create(&path, PASSPHRASE).unwrap_err(), VaultError::Unavailable);
    assert_eq!(fs::read(&path).unwrap(), b"something");
}

#[test]
fn a_half_written_file_of_a_crash_does_not_disturb() {
    let (home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    fs::write(home.path().join("vault.new"), b"half").unwrap();
    let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    drop(vault);
    let vault = PassphraseVault::open(&path, PASSPHRASE).unwrap();
    assert_eq!(now(vault.list()).unwrap(), vec![key]);
    assert!(!home.path().join("vault.new").exists());
}

#[test]
fn keys_of_another_process_are_not_overwritten() {
    let (_home, path) = home();
    let first = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let second = PassphraseVault::open(&path, PASSPHRASE).unwrap();
    let key = now(first.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    assert_eq!(
        now(second.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap_err(),
        VaultError::Unavailable
    );
    assert_eq!(now(PassphraseVault::open(&path, PASSPHRASE).unwrap().list()).unwrap(), vec![key]);
}

#[test]
fn a_deleted_key_is_gone_after_reopening() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    now(vault.delete(&key.id)).unwrap();
    assert_eq!(now(vault.delete(&key.id)).unwrap_err(), VaultError::NoSuchKey);
    assert_eq!(now(vault.wrap(&key.id, b"", b"")).unwrap_err(), VaultError::NoSuchKey);
    drop(vault);
    assert!(now(PassphraseVault::open(&path, PASSPHRASE).unwrap().list()).unwrap().is_empty());
}

#[test]
fn a_sealing_key_does_not_sign() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    let unknown = KeyId("unknown".to_owned());
    for id in [&key.id, &unknown] {
        let signed = now(vault.sign(id, SignatureAlgorithm::EcdsaP256Sha256, b"message", &SignPurpose::Mail));
        assert_eq!(signed.unwrap_err(), VaultError::NoSuchKey);
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    now(vault.create("", KeyRole::Sealing, KeyAlgorithm::P256)).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// What openssl says about a signature under a DER SubjectPublicKeyInfo.
fn openssl_verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("key.der", public_key), ("message", message), ("signature", signature)] {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let arguments =
        ["dgst", "-sha256", "-verify", "key.der", "-keyform", "DER", "-signature", "signature", "message"];
    let output =
        std::process::Command::new("openssl").args(arguments).current_dir(folder.path()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).contains("Verified OK")
}

#[test]
fn openssl_verifies_signatures_made_before_and_after_reopening() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let approval = now(vault.create("alice@example.org", KeyRole::Approval, KeyAlgorithm::P256)).unwrap();
    let mail = now(vault.create("alice@example.org", KeyRole::Mail, KeyAlgorithm::P256)).unwrap();
    assert_eq!((approval.role, mail.role), (KeyRole::Approval, KeyRole::Mail));
    assert_ne!(approval.public_key, mail.public_key);
    let sign = |vault: &PassphraseVault, key: &KeyId| {
        let purpose = SignPurpose::Approval { summary: "Approve the budget".to_owned() };
        now(vault.sign(key, SignatureAlgorithm::EcdsaP256Sha256, b"signed attributes", &purpose)).unwrap()
    };
    let before = sign(&vault, &approval.id);
    assert!(openssl_verifies(&approval.public_key, b"signed attributes", &before));
    assert!(!openssl_verifies(&mail.public_key, b"signed attributes", &before), "the other key did not sign");
    assert!(!openssl_verifies(&approval.public_key, b"other attributes", &before));
    drop(vault);
    let vault = PassphraseVault::open(&path, PASSPHRASE).unwrap();
    assert_eq!(now(vault.list()).unwrap(), vec![approval.clone(), mail.clone()]);
    assert!(openssl_verifies(&mail.public_key, b"signed attributes", &sign(&vault, &mail.id)));
}

#[test]
fn a_signing_key_neither_wraps_nor_signs_with_another_algorithm() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("alice@example.org", KeyRole::Mail, KeyAlgorithm::P256)).unwrap();
    assert_eq!(now(vault.wrap(&key.id, b"", b"secret")).unwrap_err(), VaultError::NoSuchKey);
    for algorithm in [SignatureAlgorithm::RsaPkcs1Sha256, SignatureAlgorithm::Ed25519] {
        assert_eq!(
            now(vault.sign(&key.id, algorithm, b"", &SignPurpose::Mail)).unwrap_err(),
            VaultError::NoSuchKey
        );
    }
}

#[test]
fn private_keys_are_not_readable_in_the_file() {
    let (_home, path) = home();
    let vault = PassphraseVault::create(&path, PASSPHRASE).unwrap();
    let key = now(vault.create("alice@example.org", KeyRole::Mail, KeyAlgorithm::P256)).unwrap();
    let file = fs::read(&path).unwrap();
    let contains = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(!contains(b"alice") && !contains(key.id.0.as_bytes()) && !contains(&key.public_key[27..]));
    // The AlgorithmIdentifier (RFC 5480) in every P-256 PKCS#8 file.
    assert!(!contains(&[0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]));
}

/// `fixtures/sealed` was written by libsodium and Python, once: the format is what its description says, and stays so.
#[test]
fn a_vault_made_by_libsodium_opens() {
    let fixtures = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/sealed");
    let vault = PassphraseVault::open(&fixtures.join("vault"), PASSPHRASE).unwrap();
    let keys = now(vault.list()).unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!((keys[0].id.0.as_str(), keys[0].role), ("frozen-sealing-key", KeyRole::Sealing));
    let wrapped = fs::read(fixtures.join("wrapped")).unwrap();
    assert_eq!(
        now(vault.unwrap(&keys[0].id, b"store key of alice", &wrapped)).unwrap().as_slice(),
        b"the store's key"
    );
}
