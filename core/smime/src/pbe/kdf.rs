//! Keys from passwords: RFC 7292 appendix B.2, PBKDF2 and HMAC.

use ::hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use zeroize::{Zeroize, Zeroizing};

use crate::key::DigestAlgorithm;

/// What RFC 7292 appendix B.3 derives: the `ID` octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// A key of an HMAC, and its digest.
pub(crate) struct MacKey {
    pub(crate) digest: DigestAlgorithm,
    pub(crate) key: Zeroizing<Vec<u8>>,
}

/// The key of PKCS#12's MacData (RFC 7292 appendix B.4): as long as the digest.
pub(crate) fn pkcs12_mac_key(digest: DigestAlgorithm, bmp: &[u8], salt: &[u8], iterations: u32) -> MacKey {
    MacKey { digest, key: pkcs12(digest, Purpose::Mac, bmp, salt, iterations, digest.octets()) }
}

/// RFC 7292 appendix B.2.
pub(super) fn pkcs12(
    digest: DigestAlgorithm,
    purpose: Purpose,
    bmp: &[u8],
    salt: &[u8],
    iterations: u32,
    octets: usize,
) -> Zeroizing<Vec<u8>> {
    match digest {
        DigestAlgorithm::Sha1 => pkcs12_with::<Sha1>(64, purpose, bmp, salt, iterations, octets),
        DigestAlgorithm::Sha224 => pkcs12_with::<Sha224>(64, purpose, bmp, salt, iterations, octets),
        DigestAlgorithm::Sha256 => pkcs12_with::<Sha256>(64, purpose, bmp, salt, iterations, octets),
        DigestAlgorithm::Sha384 => pkcs12_with::<Sha384>(128, purpose, bmp, salt, iterations, octets),
        DigestAlgorithm::Sha512 => pkcs12_with::<Sha512>(128, purpose, bmp, salt, iterations, octets),
    }
}

/// `v` is the block size of the hash in octets.
fn pkcs12_with<D: Digest>(
    v: usize,
    purpose: Purpose,
    bmp: &[u8],
    salt: &[u8],
    iterations: u32,
    octets: usize,
) -> Zeroizing<Vec<u8>> {
    // Steps 1 to 4: the diversifier, then salt and password, each repeated to whole blocks.
    let diversifier = vec![purpose as u8; v];
    let fill = |part: &[u8]| part.len().div_ceil(v) * v;
    let mut input = Zeroizing::new(Vec::with_capacity(fill(salt) + fill(bmp)));
    input.extend(salt.iter().cycle().take(fill(salt)));
    input.extend(bmp.iter().cycle().take(fill(bmp)));
    // Room for the last block as a whole, so that no octet is left behind by growing.
    let mut derived = Zeroizing::new(Vec::with_capacity(octets + <D as Digest>::output_size()));
    loop {
        // Step 6A.
        let mut hash = D::new().chain_update(&diversifier).chain_update(&*input).finalize();
        for _ in 1..iterations {
            // Into its own place: no copies of it are left behind.
            D::new().chain_update(&hash).finalize_into(&mut hash);
        }
        derived.extend_from_slice(&hash);
        if derived.len() >= octets {
            derived.truncate(octets);
            hash.as_mut_slice().zeroize();
            return derived;
        }
        // Steps 6B and 6C: every block of the input grows by the hash, repeated to a block, and one.
        let addend = Zeroizing::new(hash.iter().copied().cycle().take(v).collect::<Vec<u8>>());
        hash.as_mut_slice().zeroize();
        for block in input.chunks_exact_mut(v) {
            let mut carry = 1u16;
            for (octet, add) in block.iter_mut().zip(addend.iter()).rev() {
                carry += u16::from(*octet) + u16::from(*add);
                // The low octet; the rest is carried on.
                *octet = carry as u8;
                carry >>= 8;
            }
        }
    }
}

/// PBKDF2 (RFC 8018 section 5.2).
pub(super) fn pbkdf2(
    prf: DigestAlgorithm,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    octets: usize,
) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(vec![0; octets]);
    match prf {
        DigestAlgorithm::Sha1 => ::pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut key),
        DigestAlgorithm::Sha224 => ::pbkdf2::pbkdf2_hmac::<Sha224>(password, salt, iterations, &mut key),
        DigestAlgorithm::Sha256 => ::pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut key),
        DigestAlgorithm::Sha384 => ::pbkdf2::pbkdf2_hmac::<Sha384>(password, salt, iterations, &mut key),
        DigestAlgorithm::Sha512 => ::pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, iterations, &mut key),
    }
    key
}

/// HMAC of `octets`.
pub(crate) fn hmac(key: &MacKey, octets: &[u8]) -> Vec<u8> {
    fn with<M: Mac + KeyInit>(key: &[u8], octets: &[u8]) -> Vec<u8> {
        // HMAC takes keys of every length; an empty answer would equal no expected one.
        let mac = <M as KeyInit>::new_from_slice(key);
        mac.map(|mac| mac.chain_update(octets).finalize().into_bytes().to_vec()).unwrap_or_default()
    }
    match key.digest {
        DigestAlgorithm::Sha1 => with::<Hmac<Sha1>>(&key.key, octets),
        DigestAlgorithm::Sha224 => with::<Hmac<Sha224>>(&key.key, octets),
        DigestAlgorithm::Sha256 => with::<Hmac<Sha256>>(&key.key, octets),
        DigestAlgorithm::Sha384 => with::<Hmac<Sha384>>(&key.key, octets),
        DigestAlgorithm::Sha512 => with::<Hmac<Sha512>>(&key.key, octets),
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::pbe::Password;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// The values that OpenSSL 3.0's `EVP_KDF` "PKCS12KDF" gives (`openssl kdf`), for a key of two blocks and more.
    #[test]
    fn openssl_derives_the_same_pkcs12_keys() {
        let password = Password::new("smeg");
        for (digest, purpose, salt, iterations, expected) in PKCS12_VALUES {
            let expected = hex(expected);
            let derived = pkcs12(*digest, *purpose, password.bmp(), &hex(salt), *iterations, expected.len());
            assert_eq!(derived.as_slice(), expected, "{digest:?} {purpose:?}");
        }
    }

    const PKCS12_VALUES: &[(DigestAlgorithm, Purpose, &str, u32, &str)] = &[
        (
            DigestAlgorithm::Sha1,
            Purpose::Key,
            "0a58cf64530d823f",
            1,
            "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3",
        ),
        (DigestAlgorithm::Sha1, Purpose::Iv, "0a58cf64530d823f", 1000, "b39bf194ae8e43eb"),
        (
            DigestAlgorithm::Sha1,
            Purpose::Mac,
            "3d83c0e4546ac140",
            1000,
            "227dda4a1e842282272f6547c8d77e30a4bb6abc",
        ),
        (
            DigestAlgorithm::Sha256,
            Purpose::Key,
            "0102030405060708090a0b0c0d0e0f10",
            2048,
            "ffe44b8151f596b0f4c634c82a22253d88ce877fa00fcb9d97626fc827597433c1155511d28a2d8fe90e816a04222db68afe41e7b70c9315bdab49d6623a40bed6bf9b675669b6b6",
        ),
        (
            DigestAlgorithm::Sha384,
            Purpose::Mac,
            "0102030405060708",
            5,
            "df7c1d1c7049b6e1a354ffd46c65ccb9162ff2e18b5628f796585bb4138cfc0ebd9c03bce723ac85c00be6571cf16260",
        ),
        (
            DigestAlgorithm::Sha512,
            Purpose::Key,
            "0102030405060708",
            3,
            "ac244dbe9a5a5cb9db28b71216355b2c192f70f61838467d2a217b548259f0e0837e9eeefd823f85f46d1114380822b56fee059846b5c8680565f856fa6c7d5b758bc9cd05c26a5b4488308120c026ebed07ee70baa7e46799e6036022ec7fbe065ac6bfdb85d021b153b382ea84882a35c7e45428c7632b883a03ba63da353a5d3e3ae1a94ebaf19828df35d6d1cd6b5571a74d2013",
        ),
        (
            DigestAlgorithm::Sha224,
            Purpose::Mac,
            "0102030405060708",
            1,
            "f9c49fd2599bfce6eefaf93ce4f5bf855d66546fad39c9e705f82584",
        ),
    ];

    /// RFC 6070 (SHA-1) and RFC 7914 section 11 (SHA-256).
    #[test]
    fn pbkdf2_vectors() {
        let sha1 = pbkdf2(DigestAlgorithm::Sha1, b"password", b"salt", 4096, 20);
        assert_eq!(sha1.as_slice(), hex("4b007901b765489abead49d926f721d065a429c1"));
        let sha256 = pbkdf2(DigestAlgorithm::Sha256, b"passwd", b"salt", 1, 64);
        let expected = "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1\
                        e30bd509112041d3a19783";
        assert_eq!(sha256.as_slice(), hex(expected));
    }
}
