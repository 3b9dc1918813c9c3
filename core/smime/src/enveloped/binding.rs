//! The content key bound to its cipher (RFC 9709).
//!
//! The cipher's key is derived from the content key and the cipher's AlgorithmIdentifier. Whoever moves the ciphertext
//! under another cipher, AES-CBC instead of AES-GCM for example, gets noise.

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ber::{self, write};
use crate::key::AlgorithmIdentifier;
use crate::oid;

/// The salt (RFC 9709 section 2).
const SALT: &[u8] = b"The Cryptographic Message Syntax";

/// The contentEncryptionAlgorithm for a bound key: the cipher's own one as parameters.
pub(super) fn algorithm(cipher: &[u8]) -> Vec<u8> {
    write::algorithm(&oid::CEK_HKDF_SHA256, cipher)
}

/// The cipher's AlgorithmIdentifier inside; `None` when the key is not bound or the parameters are none.
pub(super) fn bound_cipher<'a>(algorithm: &AlgorithmIdentifier<'a>) -> Option<AlgorithmIdentifier<'a>> {
    if algorithm.oid() != oid::CEK_HKDF_SHA256 {
        return None;
    }
    let parameters = algorithm.parameters().filter(|parameters| parameters.tag() == ber::SEQUENCE)?;
    AlgorithmIdentifier::from_element(&parameters).ok()
}

/// The cipher's key, as long as the content key. `cipher` is the AlgorithmIdentifier as sent. `None` for a content key
/// longer than HKDF can give, 255 digests.
pub(super) fn cipher_key(content_key: &[u8], cipher: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(vec![0; content_key.len()]);
    // A key that was not derived would be all zero, and everybody's.
    Hkdf::<Sha256>::new(Some(SALT), content_key).expand(cipher, &mut key).ok()?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 9709: AES-128-GCM and AES-128-CBC.
    #[test]
    fn keys_are_those_of_the_standard() {
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let content_key = hex("c702e7d0a9e064b09ba55245fb733cf3");
        let gcm = hex("301b0609608648016503040106300e040c5c79058ba2f43447639d29e2");
        assert_eq!(*cipher_key(&content_key, &gcm).unwrap(), hex("2124ffb29fac4e0fbbc7d5d87492bff3"));
        let cbc = hex("301d06096086480165030401020410651f722ffd512c52fe072e507d72b377");
        assert_eq!(*cipher_key(&content_key, &cbc).unwrap(), hex("9cd102c52f1e19ece8729b35bfeceb50"));
        // 255 digests are the most; beyond them there is no key, and never one of zeros.
        assert!(cipher_key(&vec![7; 255 * 32], &gcm).unwrap().iter().any(|octet| *octet != 0));
        assert!(cipher_key(&vec![7; 255 * 32 + 1], &gcm).is_none());
        let outer = algorithm(&gcm);
        let element = ber::single(&outer).unwrap();
        let outer = AlgorithmIdentifier::from_element(&element).unwrap();
        assert_eq!(bound_cipher(&outer).unwrap().raw(), gcm);
        let inner = bound_cipher(&outer).unwrap();
        assert!(bound_cipher(&inner).is_none());
    }
}
