//! The accelerated backend: `graviola`, as far as its interface takes all randomness from us. `None`: the pure backend
//! must do it.

use graviola::aead::AesGcm;
use graviola::hashing::{Sha256, Sha384, Sha512};
use graviola::key_agreement::p256 as agreement;
use graviola::signing::{ecdsa, rsa};
use p256::elliptic_curve::Curve;
use p256::elliptic_curve::bigint::U256;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{NistP256, NonZeroScalar, Scalar};
use rfc6979::KGenerator;
use zeroize::Zeroizing;

use super::aes_gcm::{MAX_OCTETS, NONCE, TAG};
use crate::key::{DigestAlgorithm, SignatureAlgorithm};

/// The processor has what `graviola` would end the process without. The standard library asks it once.
pub(super) fn is_available() -> bool {
    graviola::util::is_cpu_supported()
}

/// AES-192 is not there.
fn aes_gcm(key: &[u8]) -> Option<AesGcm> {
    matches!(key.len(), 16 | 32).then(|| AesGcm::new(key))
}

pub(super) fn aes_gcm_seal(
    key: &[u8],
    nonce: &[u8; NONCE],
    associated: &[u8],
    content: &mut [u8],
) -> Option<[u8; TAG]> {
    let gcm = aes_gcm(key).filter(|_| content.len() as u64 <= MAX_OCTETS)?;
    let mut tag = [0; TAG];
    gcm.encrypt(nonce, associated, content, &mut tag);
    Some(tag)
}

/// Whether the tag is right. Short tags are not there.
pub(super) fn aes_gcm_open(
    key: &[u8],
    nonce: &[u8; NONCE],
    associated: &[u8],
    content: &mut [u8],
    tag: &[u8],
) -> Option<bool> {
    let gcm = aes_gcm(key).filter(|_| tag.len() == TAG && content.len() as u64 <= MAX_OCTETS)?;
    Some(gcm.decrypt(nonce, associated, content, tag).is_ok())
}

/// Octets of an uncompressed point.
const UNCOMPRESSED: usize = 65;

/// The scalar times the generator.
fn times_generator(scalar: &[u8]) -> Option<[u8; UNCOMPRESSED]> {
    Some(agreement::StaticPrivateKey::from_bytes(scalar).ok()?.public_key_uncompressed())
}

pub(super) fn p256_public_key(key: &p256::SecretKey) -> Option<p256::PublicKey> {
    p256::PublicKey::from_sec1_bytes(&times_generator(&Zeroizing::new(key.to_bytes()))?).ok()
}

/// `graviola` signs with a nonce from the operating system; so only the expensive step is its own, the nonce times the
/// generator. Nonce (RFC 6979) and the arithmetic modulo the order are the pure backend's, and the signature is the same.
pub(super) fn p256_sign(key: &p256::SecretKey, hash: &[u8; 32]) -> Option<p256::ecdsa::Signature> {
    let secret = Zeroizing::new(key.to_bytes());
    let order = *NistP256::ORDER;
    let mut nonces = KGenerator::<sha2::Sha256, U256>::new(&secret, hash, &[], &order);
    let mut octets = Zeroizing::new(p256::FieldBytes::default());
    nonces.fill_next_k(&mut octets);
    let nonce = Zeroizing::new(Option::<NonZeroScalar>::from(NonZeroScalar::from_repr(*octets))?);
    let point = times_generator(&octets)?;
    let x: &[u8; 32] = point.get(1..33)?.try_into().ok()?;
    let r = reduced(x);
    let secret = Zeroizing::new(*key.to_nonzero_scalar());
    let s = *nonce.invert() * (reduced(hash) + r * *secret);
    // None for the r or s of zero that nobody will ever see.
    p256::ecdsa::Signature::from_scalars(r, s).ok()
}

/// Octets as a number modulo the order.
fn reduced(octets: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce(&U256::from_be_slice(octets))
}

/// `graviola` takes the message, and hashes with SHA-256, SHA-384 and SHA-512.
pub(super) fn p256_verify(
    key: &p256::PublicKey,
    digest: DigestAlgorithm,
    message: &[u8],
    signature: &p256::ecdsa::Signature,
) -> Option<bool> {
    let point = key.to_sec1_point(false);
    let key = ecdsa::VerifyingKey::<ecdsa::P256>::from_x962_uncompressed(point.as_bytes()).ok()?;
    let signature = signature.to_bytes();
    let verified = match digest {
        DigestAlgorithm::Sha256 => key.verify::<Sha256>(&[message], &signature),
        DigestAlgorithm::Sha384 => key.verify::<Sha384>(&[message], &signature),
        DigestAlgorithm::Sha512 => key.verify::<Sha512>(&[message], &signature),
        DigestAlgorithm::Sha1 | DigestAlgorithm::Sha224 => return None,
    };
    Some(verified.is_ok())
}

pub(super) fn p256_agree(key: &p256::SecretKey, peer: &p256::PublicKey) -> Option<Zeroizing<Vec<u8>>> {
    let point = peer.to_sec1_point(false);
    let peer = agreement::PublicKey::from_x962_uncompressed(point.as_bytes()).ok()?;
    let key = agreement::StaticPrivateKey::from_bytes(&Zeroizing::new(key.to_bytes())).ok()?;
    Some(Zeroizing::new(key.diffie_hellman(&peer).ok()?.0.to_vec()))
}

/// The salt of RSASSA-PSS would come from the operating system: the pure backend signs with it.
pub(super) fn rsa_sign(pkcs8: &[u8], algorithm: SignatureAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    let sign = match algorithm {
        SignatureAlgorithm::RsaPkcs1Sha256 => rsa::SigningKey::sign_pkcs1_sha256,
        SignatureAlgorithm::RsaPkcs1Sha384 => rsa::SigningKey::sign_pkcs1_sha384,
        SignatureAlgorithm::RsaPkcs1Sha512 => rsa::SigningKey::sign_pkcs1_sha512,
        _ => return None,
    };
    let key = rsa::SigningKey::from_pkcs8_der(pkcs8).ok()?;
    let mut signature = vec![0; key.modulus_len_bytes()];
    sign(&key, &mut signature, message).ok()?;
    Some(signature)
}
