//! In place of the accelerated backend where it was not compiled in.

use zeroize::Zeroizing;

use super::aes_gcm::{NONCE, TAG};
use crate::key::{DigestAlgorithm, SignatureAlgorithm};

pub(super) fn is_available() -> bool {
    false
}

pub(super) fn aes_gcm_seal(_: &[u8], _: &[u8; NONCE], _: &[u8], _: &mut [u8]) -> Option<[u8; TAG]> {
    None
}

pub(super) fn aes_gcm_open(_: &[u8], _: &[u8; NONCE], _: &[u8], _: &mut [u8], _: &[u8]) -> Option<bool> {
    None
}

pub(super) fn p256_public_key(_: &p256::SecretKey) -> Option<p256::PublicKey> {
    None
}

pub(super) fn p256_sign(_: &p256::SecretKey, _: &[u8; 32]) -> Option<p256::ecdsa::Signature> {
    None
}

pub(super) fn p256_verify(
    _: &p256::PublicKey,
    _: DigestAlgorithm,
    _: &[u8],
    _: &p256::ecdsa::Signature,
) -> Option<bool> {
    None
}

pub(super) fn p256_agree(_: &p256::SecretKey, _: &p256::PublicKey) -> Option<Zeroizing<Vec<u8>>> {
    None
}

pub(super) fn rsa_sign(_: &[u8], _: SignatureAlgorithm, _: &[u8]) -> Option<Vec<u8>> {
    None
}
