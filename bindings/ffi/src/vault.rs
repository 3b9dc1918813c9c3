//! The vault that the platform implements, and the passphrase vault of the desktop.

use std::path::Path;
use std::sync::Arc;

use client::ports::{self, BoxFuture};
use client::vault::PassphraseVault;
use zeroize::Zeroizing;

use crate::error::VaultProblem;
use crate::mirror::mirror;

mirror! {
    both
    /// What a vault key is for.
    KeyRole = client::ports::KeyRole {
        /// Signs decisions; the person confirms each use.
        Approval,
        /// Signs ordinary mail and meetings; no prompt.
        Mail,
        /// Seals other secrets; usable in the background after the first unlock.
        Sealing,
    }
}

mirror! {
    both
    /// A signature algorithm together with its message digest.
    SignatureAlgorithm = client::SignatureAlgorithm {
        /// ECDSA on P-256 with SHA-256; the signature is DER (RFC 3279 section 2.2.3).
        EcdsaP256Sha256,
        /// ECDSA on P-384 with SHA-384; DER.
        EcdsaP384Sha384,
        /// ECDSA on P-521 with SHA-512; DER.
        EcdsaP521Sha512,
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        RsaPkcs1Sha256,
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RsaPkcs1Sha384,
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RsaPkcs1Sha512,
        /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a 32-octet salt.
        RsaPssSha256,
        /// RSASSA-PSS with SHA-384, MGF1-SHA-384 and a 48-octet salt.
        RsaPssSha384,
        /// RSASSA-PSS with SHA-512, MGF1-SHA-512 and a 64-octet salt.
        RsaPssSha512,
        /// Ed25519.
        Ed25519,
        /// ML-DSA-44 (FIPS 204).
        MlDsa44,
        /// ML-DSA-65.
        MlDsa65,
        /// ML-DSA-87.
        MlDsa87,
    }
}

/// Kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KeyAlgorithm {
    /// RSA.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// X25519.
    X25519,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// ML-KEM-512 (FIPS 203).
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

/// A key as the vault lists it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KeyInfo {
    /// Its name; the vault chooses it.
    pub id: String,
    /// Account address it belongs to; empty for the device's own sealing key.
    pub account: String,
    /// Its role.
    pub role: KeyRole,
    /// Nothing for sealing keys.
    pub algorithm: Option<KeyAlgorithm>,
    /// DER SubjectPublicKeyInfo; empty for sealing keys.
    pub public_key: Vec<u8>,
}

/// What the person is asked to confirm when a key is used.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
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

/// What a vault throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VaultError {
    /// It refuses.
    #[error("the vault refuses")]
    Refused {
        /// Why.
        problem: VaultProblem,
    },
}

/// The platform threw something else.
impl From<uniffi::UnexpectedUniFFICallbackError> for VaultError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        VaultError::Refused { problem: VaultProblem::Unavailable }
    }
}

/// Keeps private keys; implemented by the platform over its hardware. Called from the core's own threads, several calls at a
/// time, never while the core holds a lock; a call may wait for a person.
///
/// Secrets that cross this border ([`wrap`](Vault::wrap), [`unwrap`](Vault::unwrap)) exist as copies that can't be wiped.
#[uniffi::export(with_foreign)]
#[async_trait::async_trait]
pub trait Vault: Send + Sync {
    /// Makes a key. Signing keys are P-256 (ECDSA) unless `algorithm` says otherwise; it means nothing for sealing keys.
    async fn create(
        &self,
        account: String,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> Result<KeyInfo, VaultError>;

    /// All keys.
    async fn list(&self) -> Result<Vec<KeyInfo>, VaultError>;

    /// Destroys a key.
    async fn delete(&self, key: String) -> Result<(), VaultError>;

    /// Signs `message`, which the vault hashes itself.
    async fn sign(
        &self,
        key: String,
        algorithm: SignatureAlgorithm,
        message: Vec<u8>,
        purpose: SignPurpose,
    ) -> Result<Vec<u8>, VaultError>;

    /// Seals a secret with a sealing key; `context` is bound to it (as associated data).
    async fn wrap(&self, key: String, context: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, VaultError>;

    /// Opens what `wrap` sealed with the same context; `Damaged` for anything else.
    async fn unwrap(&self, key: String, context: Vec<u8>, sealed: Vec<u8>) -> Result<Vec<u8>, VaultError>;
}

/// Opens the vault file at `path`, or makes it when there is none: keys sealed under a passphrase (Argon2id). For desktops
/// and tests; a phone implements [`Vault`] over its hardware. Takes about a second.
#[uniffi::export]
pub fn open_passphrase_vault(path: String, passphrase: String) -> Result<Arc<dyn Vault>, VaultError> {
    let (path, passphrase) = (Path::new(&path), Zeroizing::new(passphrase));
    let vault = if path.exists() {
        PassphraseVault::open(path, passphrase.as_bytes())
    } else {
        PassphraseVault::create(path, passphrase.as_bytes())
    };
    Ok(Arc::new(Passphrase(vault.map_err(refused)?)))
}

/// The platform's vault, as the engine wants it.
pub(crate) struct PlatformVault(pub(crate) Arc<dyn Vault>);

impl ports::Vault for PlatformVault {
    fn create(
        &self,
        account: &str,
        role: ports::KeyRole,
        algorithm: client::KeyAlgorithm,
    ) -> BoxFuture<'_, Result<ports::KeyInfo, ports::VaultError>> {
        let made = self.0.create(account.to_owned(), role.into(), algorithm.into());
        Box::pin(async move { made.await.map(Into::into).map_err(Into::into) })
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<ports::KeyInfo>, ports::VaultError>> {
        let listed = self.0.list();
        Box::pin(async move {
            let keys = listed.await?;
            Ok(keys.into_iter().map(Into::into).collect())
        })
    }

    fn delete(&self, key: &ports::KeyId) -> BoxFuture<'_, Result<(), ports::VaultError>> {
        let deleted = self.0.delete(key.0.clone());
        Box::pin(async move { deleted.await.map_err(Into::into) })
    }

    fn sign(
        &self,
        key: &ports::KeyId,
        algorithm: client::SignatureAlgorithm,
        message: &[u8],
        purpose: &ports::SignPurpose,
    ) -> BoxFuture<'_, Result<Vec<u8>, ports::VaultError>> {
        let signed = self.0.sign(key.0.clone(), algorithm.into(), message.to_vec(), purpose.clone().into());
        Box::pin(async move { signed.await.map_err(Into::into) })
    }

    fn wrap(
        &self,
        key: &ports::KeyId,
        context: &[u8],
        secret: &[u8],
    ) -> BoxFuture<'_, Result<Vec<u8>, ports::VaultError>> {
        let sealed = self.0.wrap(key.0.clone(), context.to_vec(), secret.to_vec());
        Box::pin(async move { sealed.await.map_err(Into::into) })
    }

    fn unwrap(
        &self,
        key: &ports::KeyId,
        context: &[u8],
        sealed: &[u8],
    ) -> BoxFuture<'_, Result<Zeroizing<Vec<u8>>, ports::VaultError>> {
        let opened = self.0.unwrap(key.0.clone(), context.to_vec(), sealed.to_vec());
        Box::pin(async move { opened.await.map(Zeroizing::new).map_err(Into::into) })
    }
}

/// The passphrase vault, as the platform sees it.
struct Passphrase(PassphraseVault);

#[async_trait::async_trait]
impl Vault for Passphrase {
    async fn create(
        &self,
        account: String,
        role: KeyRole,
        algorithm: KeyAlgorithm,
    ) -> Result<KeyInfo, VaultError> {
        let made = ports::Vault::create(&self.0, &account, role.into(), algorithm.into()).await;
        made.map(Into::into).map_err(refused)
    }

    async fn list(&self) -> Result<Vec<KeyInfo>, VaultError> {
        let keys = ports::Vault::list(&self.0).await.map_err(refused)?;
        Ok(keys.into_iter().map(Into::into).collect())
    }

    async fn delete(&self, key: String) -> Result<(), VaultError> {
        ports::Vault::delete(&self.0, &ports::KeyId(key)).await.map_err(refused)
    }

    async fn sign(
        &self,
        key: String,
        algorithm: SignatureAlgorithm,
        message: Vec<u8>,
        purpose: SignPurpose,
    ) -> Result<Vec<u8>, VaultError> {
        let (key, purpose) = (ports::KeyId(key), purpose.into());
        ports::Vault::sign(&self.0, &key, algorithm.into(), &message, &purpose).await.map_err(refused)
    }

    async fn wrap(&self, key: String, context: Vec<u8>, secret: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let secret = Zeroizing::new(secret);
        ports::Vault::wrap(&self.0, &ports::KeyId(key), &context, &secret).await.map_err(refused)
    }

    async fn unwrap(&self, key: String, context: Vec<u8>, sealed: Vec<u8>) -> Result<Vec<u8>, VaultError> {
        let opened = ports::Vault::unwrap(&self.0, &ports::KeyId(key), &context, &sealed).await;
        opened.map(|secret| secret.to_vec()).map_err(refused)
    }
}

fn refused(error: ports::VaultError) -> VaultError {
    VaultError::Refused { problem: error.into() }
}

impl From<VaultError> for ports::VaultError {
    fn from(error: VaultError) -> Self {
        let VaultError::Refused { problem } = error;
        problem.into()
    }
}

impl From<client::KeyAlgorithm> for KeyAlgorithm {
    fn from(algorithm: client::KeyAlgorithm) -> Self {
        match algorithm {
            client::KeyAlgorithm::Rsa(bits) => KeyAlgorithm::Rsa { bits },
            client::KeyAlgorithm::P256 => KeyAlgorithm::P256,
            client::KeyAlgorithm::P384 => KeyAlgorithm::P384,
            client::KeyAlgorithm::P521 => KeyAlgorithm::P521,
            client::KeyAlgorithm::Ed25519 => KeyAlgorithm::Ed25519,
            client::KeyAlgorithm::X25519 => KeyAlgorithm::X25519,
            client::KeyAlgorithm::MlDsa44 => KeyAlgorithm::MlDsa44,
            client::KeyAlgorithm::MlDsa65 => KeyAlgorithm::MlDsa65,
            client::KeyAlgorithm::MlDsa87 => KeyAlgorithm::MlDsa87,
            client::KeyAlgorithm::MlKem512 => KeyAlgorithm::MlKem512,
            client::KeyAlgorithm::MlKem768 => KeyAlgorithm::MlKem768,
            client::KeyAlgorithm::MlKem1024 => KeyAlgorithm::MlKem1024,
        }
    }
}

impl From<KeyAlgorithm> for client::KeyAlgorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Rsa { bits } => client::KeyAlgorithm::Rsa(bits),
            KeyAlgorithm::P256 => client::KeyAlgorithm::P256,
            KeyAlgorithm::P384 => client::KeyAlgorithm::P384,
            KeyAlgorithm::P521 => client::KeyAlgorithm::P521,
            KeyAlgorithm::Ed25519 => client::KeyAlgorithm::Ed25519,
            KeyAlgorithm::X25519 => client::KeyAlgorithm::X25519,
            KeyAlgorithm::MlDsa44 => client::KeyAlgorithm::MlDsa44,
            KeyAlgorithm::MlDsa65 => client::KeyAlgorithm::MlDsa65,
            KeyAlgorithm::MlDsa87 => client::KeyAlgorithm::MlDsa87,
            KeyAlgorithm::MlKem512 => client::KeyAlgorithm::MlKem512,
            KeyAlgorithm::MlKem768 => client::KeyAlgorithm::MlKem768,
            KeyAlgorithm::MlKem1024 => client::KeyAlgorithm::MlKem1024,
        }
    }
}

impl From<ports::KeyInfo> for KeyInfo {
    fn from(key: ports::KeyInfo) -> Self {
        KeyInfo {
            id: key.id.0,
            account: key.account,
            role: key.role.into(),
            algorithm: key.algorithm.map(Into::into),
            public_key: key.public_key,
        }
    }
}

impl From<KeyInfo> for ports::KeyInfo {
    fn from(key: KeyInfo) -> Self {
        ports::KeyInfo {
            id: ports::KeyId(key.id),
            account: key.account,
            role: key.role.into(),
            algorithm: key.algorithm.map(Into::into),
            public_key: key.public_key,
        }
    }
}

impl From<ports::SignPurpose> for SignPurpose {
    fn from(purpose: ports::SignPurpose) -> Self {
        match purpose {
            ports::SignPurpose::Mail => SignPurpose::Mail,
            ports::SignPurpose::Approval { summary } => SignPurpose::Approval { summary },
            ports::SignPurpose::Certificate => SignPurpose::Certificate,
        }
    }
}

impl From<SignPurpose> for ports::SignPurpose {
    fn from(purpose: SignPurpose) -> Self {
        match purpose {
            SignPurpose::Mail => ports::SignPurpose::Mail,
            SignPurpose::Approval { summary } => ports::SignPurpose::Approval { summary },
            SignPurpose::Certificate => ports::SignPurpose::Certificate,
        }
    }
}
