//! The primitives that most time goes into: P-256, RSA, AES-GCM. (SHA-2 needs no second implementation:
//! [`DigestAlgorithm`](crate::key::DigestAlgorithm) is its door.)
//!
//! Two backends. The pure one is always there. The accelerated one (cargo feature `accelerated`, `graviola`) is taken
//! when the processor has what it needs, and only for what it does better; what it can't do, the pure one does. Both
//! give the same octets: ECDSA is deterministic (RFC 6979) in both. Neither asks the operating system for randomness.
//! docs/adr/0005-primitives.md says why it is so.

#[cfg(all(feature = "accelerated", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod accelerated;
#[cfg(not(all(feature = "accelerated", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "primitives/absent.rs"]
mod accelerated;
pub(crate) mod aes_gcm;
mod pure;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::key::{DigestAlgorithm, SignatureAlgorithm};

/// An implementation of the primitives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// RustCrypto: portable, always there.
    Pure,
    /// Assembler of s2n-bignum and vector instructions, through `graviola`.
    Accelerated,
}

/// The pure backend was asked for, see [`Backend::choose`].
static PURE_ONLY: AtomicBool = AtomicBool::new(false);

impl Backend {
    /// It was compiled in, and this processor can run it.
    pub fn is_available(self) -> bool {
        match self {
            Backend::Pure => true,
            Backend::Accelerated => accelerated::is_available(),
        }
    }

    /// The one in use: the accelerated one where it is available, unless the pure one was chosen.
    pub fn chosen() -> Self {
        let accelerated = !PURE_ONLY.load(Ordering::Relaxed) && Backend::Accelerated.is_available();
        if accelerated { Backend::Accelerated } else { Backend::Pure }
    }

    /// Takes this one from now on, in the whole process. Results are the same, so that nothing depends on it but
    /// time. False when it isn't available.
    pub fn choose(self) -> bool {
        let available = self.is_available();
        if available {
            PURE_ONLY.store(self == Backend::Pure, Ordering::Relaxed);
        }
        available
    }

    /// `pure` or `accelerated`.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Pure => "pure",
            Backend::Accelerated => "accelerated",
        }
    }

    /// The backend of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Backend::Pure, Backend::Accelerated].into_iter().find(|backend| backend.name() == name)
    }

    fn is_accelerated(self) -> bool {
        self == Backend::Accelerated && self.is_available()
    }

    /// Encrypts `content` in place with AES-GCM of the key's length (16, 24 or 32 octets) and gives the tag.
    /// `None` for a wrong key length, and beyond the longest content.
    pub fn aes_gcm_seal(
        self,
        key: &[u8],
        nonce: &[u8; aes_gcm::NONCE],
        associated: &[u8],
        content: &mut [u8],
    ) -> Option<[u8; aes_gcm::TAG]> {
        let mut taken = None;
        if self.is_accelerated() {
            taken = accelerated::aes_gcm_seal(key, nonce, associated, content);
        }
        taken.or_else(|| pure::aes_gcm_seal(key, nonce, associated, content))
    }

    /// Decrypts `content` in place. `None` for a wrong tag, which has 12 to 16 octets, and a wrong key length; what is
    /// in `content` then is nobody's to read.
    pub fn aes_gcm_open(
        self,
        key: &[u8],
        nonce: &[u8; aes_gcm::NONCE],
        associated: &[u8],
        content: &mut [u8],
        tag: &[u8],
    ) -> Option<()> {
        if self.is_accelerated()
            && let Some(right) = accelerated::aes_gcm_open(key, nonce, associated, content, tag)
        {
            return right.then_some(());
        }
        pure::aes_gcm_open(key, nonce, associated, content, tag)
    }

    /// The public key of a private key.
    pub(crate) fn p256_public_key(self, key: &p256::SecretKey) -> p256::PublicKey {
        let taken = if self.is_accelerated() { accelerated::p256_public_key(key) } else { None };
        taken.unwrap_or_else(|| key.public_key())
    }

    /// ECDSA over a digest of 32 octets, with the nonce of RFC 6979 with SHA-256; the signature in DER form.
    pub(crate) fn p256_sign(self, key: &p256::SecretKey, hash: &[u8; 32]) -> Option<Vec<u8>> {
        let taken = if self.is_accelerated() { accelerated::p256_sign(key, hash) } else { None };
        let signature = taken.or_else(|| pure::p256_sign(key, hash))?;
        Some(signature.to_der().as_bytes().to_vec())
    }

    /// Verifies ECDSA over a message; the signature in DER form.
    pub(crate) fn p256_verify(
        self,
        key: &p256::PublicKey,
        digest: DigestAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        // DER is read by one reader, so that both refuse the same.
        let Ok(signature) = p256::ecdsa::Signature::from_der(signature) else { return false };
        let taken = if self.is_accelerated() {
            accelerated::p256_verify(key, digest, message, &signature)
        } else {
            None
        };
        taken.unwrap_or_else(|| pure::p256_verify(key, &digest.digest(message), &signature))
    }

    /// As [`p256_verify`](Self::p256_verify), over a digest of any length that was taken before. Pure in both backends.
    pub(crate) fn p256_verify_digest(self, key: &p256::PublicKey, hash: &[u8], signature: &[u8]) -> bool {
        p256::ecdsa::Signature::from_der(signature)
            .is_ok_and(|signature| pure::p256_verify(key, hash, &signature))
    }

    /// The x coordinate of ECDH (SEC1 section 3.3.1).
    pub(crate) fn p256_agree(self, key: &p256::SecretKey, peer: &p256::PublicKey) -> Zeroizing<Vec<u8>> {
        let taken = if self.is_accelerated() { accelerated::p256_agree(key, peer) } else { None };
        taken.unwrap_or_else(|| Zeroizing::new(key.diffie_hellman(peer).raw_secret_bytes().to_vec()))
    }

    /// RSASSA-PKCS1-v1_5 or RSASSA-PSS over `message`; `pkcs8` holds the same key. `None` for other algorithms.
    pub(crate) fn rsa_sign(
        self,
        key: &rsa::PrivateKey,
        pkcs8: &[u8],
        algorithm: SignatureAlgorithm,
        message: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Option<Vec<u8>> {
        let taken =
            if self.is_accelerated() { accelerated::rsa_sign(pkcs8, algorithm, message) } else { None };
        taken.or_else(|| pure::rsa_sign(key, algorithm, message, rng))
    }
}
