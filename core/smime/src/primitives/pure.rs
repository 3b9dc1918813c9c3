//! The pure backend: RustCrypto.

use rand_core::CryptoRng;
use rsa::{Pkcs1v15Sign, Pss};
use sha2::{Sha256, Sha384, Sha512};
use signature::hazmat::{PrehashSigner, PrehashVerifier};
use subtle::ConstantTimeEq;

use super::aes_gcm::{Gcm, NONCE, TAG};
use crate::key::SignatureAlgorithm;

pub(super) fn p256_sign(key: &p256::SecretKey, hash: &[u8; 32]) -> Option<p256::ecdsa::Signature> {
    p256::ecdsa::SigningKey::from(key).sign_prehash(hash).ok()
}

pub(super) fn p256_verify(key: &p256::PublicKey, hash: &[u8], signature: &p256::ecdsa::Signature) -> bool {
    p256::ecdsa::VerifyingKey::from(key).verify_prehash(&leftmost_bits(hash), signature).is_ok()
}

/// The leftmost 256 bits of a digest, with zero bits in front when it is shorter: the same number (FIPS 186-5 section
/// 6.4.1), but the ecdsa crate refuses digests below half the field.
fn leftmost_bits(hash: &[u8]) -> [u8; 32] {
    let mut octets = [0; 32];
    let missing = octets.len().saturating_sub(hash.len());
    octets.iter_mut().skip(missing).zip(hash).for_each(|(to, from)| *to = *from);
    octets
}

pub(super) fn rsa_sign(
    key: &rsa::PrivateKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Vec<u8>> {
    let hash = algorithm.digest().digest(message);
    let padding = match algorithm {
        SignatureAlgorithm::RsaPssSha256 => {
            return key.sign_with_rng(rng, Pss::<Sha256>::new(), &hash).ok();
        }
        SignatureAlgorithm::RsaPssSha384 => {
            return key.sign_with_rng(rng, Pss::<Sha384>::new(), &hash).ok();
        }
        SignatureAlgorithm::RsaPssSha512 => {
            return key.sign_with_rng(rng, Pss::<Sha512>::new(), &hash).ok();
        }
        SignatureAlgorithm::RsaPkcs1Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        SignatureAlgorithm::RsaPkcs1Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        SignatureAlgorithm::RsaPkcs1Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        _ => return None,
    };
    key.sign_with_rng(rng, padding, &hash).ok()
}

pub(super) fn aes_gcm_seal(
    key: &[u8],
    nonce: &[u8; NONCE],
    associated: &[u8],
    content: &mut [u8],
) -> Option<[u8; TAG]> {
    let mut gcm = Gcm::new(key, nonce)?;
    gcm.encrypt(content)?;
    Some(gcm.tag(associated))
}

pub(super) fn aes_gcm_open(
    key: &[u8],
    nonce: &[u8; NONCE],
    associated: &[u8],
    content: &mut [u8],
    tag: &[u8],
) -> Option<()> {
    let mut gcm = Gcm::new(key, nonce)?;
    gcm.decrypt(content)?;
    let computed = gcm.tag(associated);
    let same = computed.get(..tag.len())?.ct_eq(tag);
    ((12..=TAG).contains(&tag.len()) && bool::from(same)).then_some(())
}
