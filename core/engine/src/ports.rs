//! What the engine needs from the world: a store and a vault.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use smime::{KeyAlgorithm, SignatureAlgorithm};
use zeroize::Zeroizing;

/// A future behind a port.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of record. The first group can be fetched again from the server; the second is irreplaceable and never
/// dropped by repairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tree {
    /// Mail of a folder: envelope, verdict, flags.
    Mail,
    /// Sync state of folders (UIDVALIDITY, highest UID, …).
    Sync,
    /// Accounts and settings.
    Accounts,
    /// Sealed keys and certificates.
    Keys,
    /// People and pins.
    People,
    /// Meetings in progress.
    Meetings,
    /// Approval events as received.
    Approvals,
    /// Mail to be sent.
    Outbox,
    /// What a user did to mail and the server does not have yet.
    Actions,
    /// Mail that is being written.
    Drafts,
}

impl Tree {
    /// Every tree.
    pub const ALL: [Tree; 10] = [
        Tree::Mail,
        Tree::Sync,
        Tree::Accounts,
        Tree::Keys,
        Tree::People,
        Tree::Meetings,
        Tree::Approvals,
        Tree::Outbox,
        Tree::Actions,
        Tree::Drafts,
    ];

    /// It can be rebuilt from the server.
    pub fn is_cache(self) -> bool {
        matches!(self, Tree::Mail | Tree::Sync)
    }
}

/// The last component of a record's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Item {
    /// Kept in clear and in order (UIDs, sequence numbers).
    Number(u64),
    /// Kept as a keyed hash.
    Name(Vec<u8>),
}

/// The key of a record: tree, group (an account, a folder, a request; kept as a keyed hash) and item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordKey {
    /// Kind.
    pub tree: Tree,
    /// Group.
    pub group: Vec<u8>,
    /// Item within the group.
    pub item: Item,
}

impl RecordKey {
    /// A key with a named item.
    pub fn named(tree: Tree, group: impl Into<Vec<u8>>, name: impl Into<Vec<u8>>) -> Self {
        RecordKey { tree, group: group.into(), item: Item::Name(name.into()) }
    }
    /// A key with a numbered item.
    pub fn numbered(tree: Tree, group: impl Into<Vec<u8>>, number: u64) -> Self {
        RecordKey { tree, group: group.into(), item: Item::Number(number) }
    }
}

/// A change that is applied whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// In order; `None` removes.
    pub changes: Vec<(RecordKey, Option<Vec<u8>>)>,
}

impl Batch {
    /// Adds or replaces a record.
    pub fn put(&mut self, key: RecordKey, value: Vec<u8>) -> &mut Self {
        self.changes.push((key, Some(value)));
        self
    }
    /// Removes a record.
    pub fn remove(&mut self, key: RecordKey) -> &mut Self {
        self.changes.push((key, None));
        self
    }
}

/// The store can't do it. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Sealed with another key.
    #[error("the data folder was sealed with another key")]
    WrongKey,
    /// A record or file does not open: changed or damaged.
    #[error("the data folder is damaged ({0})")]
    Damaged(&'static str),
    /// Another process has it.
    #[error("the data folder is in use by another countersign process")]
    InUse,
    /// No space left.
    #[error("the disk is full")]
    DiskFull,
    /// Another failure of the file system.
    #[error("the data folder can't be read or written ({0})")]
    Io(std::io::ErrorKind),
    /// Written by a newer version.
    #[error("the data folder was written by a newer version (format {0})")]
    NewerFormat(u32),
}

/// Durable, sealed records and bodies. When a call that writes returns `Ok`, the change is on the disk.
pub trait Store: Send + Sync {
    /// One record.
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError>;
    /// All records of a group, numbered items first in ascending order, then named ones in the order of their names.
    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError>;
    /// All groups of a tree, in order.
    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError>;
    /// Applies a batch atomically and durably.
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;
    /// Stores a large body (a received mail) under a key; replaces an older one.
    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError>;
    /// Stores several bodies, durably when it returns; of two under one key the last. After an error some of them may be stored.
    fn put_bodies(&self, bodies: &[(RecordKey, Vec<u8>)]) -> Result<(), StoreError> {
        bodies.iter().try_for_each(|(key, body)| self.put_body(key, body))
    }
    /// Reads a body.
    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError>;
    /// Removes a body; no error when there is none.
    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError>;
    /// Removes several bodies. After an error some of them may be gone.
    fn remove_bodies(&self, keys: &[RecordKey]) -> Result<(), StoreError> {
        keys.iter().try_for_each(|key| self.remove_body(key))
    }
}

/// What a vault key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRole {
    /// Signs decisions; the person confirms each use.
    Approval,
    /// Signs ordinary mail and meetings; no prompt.
    Mail,
    /// Seals other secrets (encryption keys, personal root, store key).
    Sealing,
}

/// Names a key in a vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(pub String);

/// A key as the vault lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// Its name.
    pub id: KeyId,
    /// Account address it belongs to; empty for the device's own sealing key.
    pub account: String,
    /// Its role.
    pub role: KeyRole,
    /// `None` for sealing keys.
    pub algorithm: Option<KeyAlgorithm>,
    /// DER SubjectPublicKeyInfo; empty for sealing keys.
    pub public_key: Vec<u8>,
}

/// What the person is asked to confirm when a key is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignPurpose {
    /// An ordinary mail.
    Mail,
    /// A decision: the vault may show what is signed.
    Approval {
        /// One line, as on the confirm sheet.
        summary: String,
    },
    /// A certificate request or certificate.
    Certificate,
}

/// Why a vault refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The person cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Locked, or the passphrase is wrong.
    #[error("the keys are locked: the passphrase is missing or wrong")]
    Locked,
    /// The key is gone for good (new biometrics, reset).
    #[error("the key is no longer valid")]
    KeyInvalidated,
    /// The device has no finger, face or PIN set up.
    #[error("no screen lock is set up")]
    NotEnrolled,
    /// There is no such key.
    #[error("there is no such key")]
    NoSuchKey,
    /// What should be unwrapped was changed or sealed by another key.
    #[error("a sealed secret does not open")]
    Damaged,
    /// The vault can't be reached or written.
    #[error("the key store is not available")]
    Unavailable,
}

/// Keeps private keys. Never called while a lock is held.
pub trait Vault: Send + Sync {
    /// Makes a key. Signing keys are P-256 (ECDSA) unless `algorithm` says otherwise.
    fn create(
        &self,
        account: &str,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> BoxFuture<'_, Result<KeyInfo, VaultError>>;
    /// All keys.
    fn list(&self) -> BoxFuture<'_, Result<Vec<KeyInfo>, VaultError>>;
    /// Destroys a key.
    fn delete(&self, key: &KeyId) -> BoxFuture<'_, Result<(), VaultError>>;
    /// Signs `message` (hashed by the vault; for CMS the DER of the signed attributes).
    fn sign(
        &self,
        key: &KeyId,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        purpose: &SignPurpose,
    ) -> BoxFuture<'_, Result<Vec<u8>, VaultError>>;
    /// Seals a secret with a sealing key; `context` is bound to it.
    fn wrap(&self, key: &KeyId, context: &[u8], secret: &[u8]) -> BoxFuture<'_, Result<Vec<u8>, VaultError>>;
    /// Opens what [`wrap`](Self::wrap) sealed with the same context.
    fn unwrap(
        &self,
        key: &KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, VaultError>>;
}
