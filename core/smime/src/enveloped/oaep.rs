//! RSAES-OAEP decryption (RFC 8017 section 7.1.2).
//!
//! Not the one of the `rsa` crate (0.10.0): that doesn't look at the first octet, which must be zero, and has the
//! digests as types. The private-key operation with blinding and fault check is the crate's.

use rand_core::CryptoRng;
use rsa::BoxedUint;
use rsa::traits::PublicKeyParts;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use crate::key::DigestAlgorithm;

/// The message; `None` for every kind of wrong ciphertext.
pub(super) fn decrypt(
    key: &rsa::PrivateKey,
    digest: DigestAlgorithm,
    mgf_digest: DigestAlgorithm,
    label: &[u8],
    ciphertext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Option<Zeroizing<Vec<u8>>> {
    if ciphertext.len() != key.size() {
        return None;
    }
    let ciphertext = BoxedUint::from_be_slice(ciphertext, key.n_bits_precision()).ok()?;
    let mut message = rsa::hazmat::rsa_decrypt_and_check(key, Some(rng), &ciphertext).ok()?;
    let padded = Zeroizing::new(message.to_be_bytes().into_vec());
    message.zeroize();
    let mut encoded = Zeroizing::new(padded.get(padded.len().checked_sub(key.size())?..)?.to_vec());
    decode(&mut encoded, digest, mgf_digest, label)
}

/// Step 3: EME-OAEP decoding. All octets are looked at before the one decision at the end, so that no time tells
/// which of the checks failed (Manger, CRYPTO 2001).
fn decode(
    encoded: &mut [u8],
    digest: DigestAlgorithm,
    mgf_digest: DigestAlgorithm,
    label: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    if encoded.len() < 2 * digest.octets() + 2 {
        return None;
    }
    let (first, rest) = encoded.split_first_mut()?;
    let (seed, block) = rest.split_at_mut_checked(digest.octets())?;
    mask(seed, block, mgf_digest);
    mask(block, seed, mgf_digest);
    let (label_hash, rest) = block.split_at_checked(digest.octets())?;
    let mut right = first.ct_eq(&0) & label_hash.ct_eq(&digest.digest(label));
    // Zero octets, an octet 1, the message.
    let mut before = Choice::from(1);
    let mut start = 0u32;
    for (index, octet) in (1u32..).zip(rest) {
        let one = octet.ct_eq(&1);
        start.conditional_assign(&index, before & one);
        right &= !before | one | octet.ct_eq(&0);
        before &= !one;
    }
    right &= !before;
    if !bool::from(right) {
        return None;
    }
    rest.get(usize::try_from(start).ok()?..).map(|message| Zeroizing::new(message.to_vec()))
}

/// Masks `target` with MGF1 of `seed` (RFC 8017 appendix B.2.1).
fn mask(target: &mut [u8], seed: &[u8], digest: DigestAlgorithm) {
    for (counter, block) in (0u32..).zip(target.chunks_mut(digest.octets())) {
        let input = Zeroizing::new([seed, &counter.to_be_bytes()].concat());
        let hash = Zeroizing::new(digest.digest(&input));
        block.iter_mut().zip(hash.iter()).for_each(|(octet, mask)| *octet ^= mask);
    }
}
