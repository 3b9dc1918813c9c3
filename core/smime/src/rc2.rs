//! RC2 (RFC 2268), to read old mail and old PKCS#12 files; nothing is written with it.

use cbc::cipher::{InnerIvInit, KeyInit};

pub(crate) use ::rc2::Rc2;

/// RC2-CBC decryption, block by block; the padding stays.
pub(crate) type CbcDecryptor = cbc::Decryptor<Rc2>;

/// Octets of a block, and of an initialisation vector.
pub(crate) const BLOCK: usize = 8;

/// Longest key and longest effective key, in octets and bits (RFC 2268 section 2).
const MAX_KEY_OCTETS: usize = 128;
const MAX_EFFECTIVE_BITS: usize = 1024;

/// The effective key bits that rc2ParameterVersion stands for (RFC 2268 section 6, RFC 3370 section 5.2): three
/// values below 256 are names, 256 and above are the number of bits itself. Absent means 32 bits; `None` for values
/// that nobody writes.
pub(crate) fn effective_bits(version: Option<u32>) -> Option<usize> {
    match version {
        None => Some(32),
        Some(160) => Some(40),
        Some(120) => Some(64),
        Some(58) => Some(128),
        Some(bits @ 256..=1024) => usize::try_from(bits).ok(),
        Some(_) => None,
    }
}

/// `None` for keys that are empty or longer than 128 octets, for an impossible number of effective bits, and for an
/// `iv` that is not of 8 octets.
pub(crate) fn cbc_decryptor(key: &[u8], effective_bits: usize, iv: &[u8]) -> Option<CbcDecryptor> {
    let iv: [u8; BLOCK] = iv.try_into().ok()?;
    Some(CbcDecryptor::inner_iv_init(cipher(key, effective_bits)?, &iv.into()))
}

fn cipher(key: &[u8], effective_bits: usize) -> Option<Rc2> {
    if key.is_empty() || key.len() > MAX_KEY_OCTETS || !(1..=MAX_EFFECTIVE_BITS).contains(&effective_bits) {
        return None;
    }
    if effective_bits == key.len() * 8 {
        return Rc2::new_from_slice(key).ok();
    }
    Some(Rc2::new_with_eff_key_len(key, effective_bits))
}

#[cfg(test)]
mod tests {
    use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt};
    use data_encoding::HEXLOWER;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        HEXLOWER.decode(text.replace(' ', "").as_bytes()).unwrap()
    }

    /// RFC 2268 section 5: effective bits, key, plaintext, ciphertext.
    const VECTORS: [(usize, &str, &str, &str); 8] = [
        (63, "0000000000000000", "0000000000000000", "ebb773f993278eff"),
        (64, "ffffffffffffffff", "ffffffffffffffff", "278b27e42e2f0d49"),
        (64, "3000000000000000", "1000000000000001", "30649edf9be7d2c2"),
        (64, "88", "0000000000000000", "61a8a244adacccf0"),
        (64, "88bca90e90875a", "0000000000000000", "6ccf4308974c267f"),
        (64, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "1a807d272bbe5db1"),
        (128, "88bca90e90875a7f0f79c384627bafb2", "0000000000000000", "2269552ab0f85ca6"),
        (
            129,
            "88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e",
            "0000000000000000",
            "5b78d3a43dfff1f1",
        ),
    ];

    #[test]
    fn vectors_of_rfc_2268() {
        for (bits, key, plain, encrypted) in VECTORS {
            let mut block: [u8; BLOCK] = hex(encrypted).try_into().unwrap();
            cipher(&hex(key), bits).unwrap().decrypt_block((&mut block).into());
            assert_eq!(block.as_slice(), hex(plain), "{bits} bits of {key}");
        }
    }

    /// `openssl enc -rc2-40-cbc -K 0102030405 -iv 0a0b0c0d0e0f1011 -provider legacy -provider default`.
    #[test]
    fn blocks_are_chained() {
        let mut octets = hex("2c9fc602efb82159cfffa9faad386b0978037880e0adceb8");
        let mut decryptor = cbc_decryptor(&[1, 2, 3, 4, 5], 40, &hex("0a0b0c0d0e0f1011")).unwrap();
        for block in octets.chunks_exact_mut(BLOCK) {
            decryptor.decrypt_block(block.try_into().unwrap());
        }
        assert_eq!(octets, b"Stand by for 40-bit RC2\x01");
    }

    #[test]
    fn impossible_keys_are_refused() {
        for (key, bits, iv) in [
            (&[][..], 40, &[0; 8][..]),
            (&[1; 129], 40, &[0; 8]),
            (&[1; 5], 0, &[0; 8]),
            (&[1; 5], 1025, &[0; 8]),
        ] {
            assert!(cbc_decryptor(key, bits, iv).is_none());
        }
        assert!(cbc_decryptor(&[1; 5], 40, &[0; 7]).is_none());
        assert_eq!(effective_bits(Some(160)), Some(40));
        assert_eq!(effective_bits(Some(58)), Some(128));
        assert_eq!(effective_bits(Some(256)), Some(256));
        assert_eq!(
            (effective_bits(Some(0)), effective_bits(Some(1025)), effective_bits(None)),
            (None, None, Some(32))
        );
    }
}
