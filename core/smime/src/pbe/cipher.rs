//! CBC with PKCS#7 padding (RFC 8018 section 6.1.1), in memory.

use aes::cipher::array::{Array, ArraySize};
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use des::{TdesEde2, TdesEde3};
use zeroize::Zeroizing;

use super::PbeError;
use crate::{oid, rc2};

/// A block cipher in CBC mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockCipher {
    Aes128,
    Aes192,
    Aes256,
    /// 3DES with two keys.
    Tdes2,
    /// 3DES with three keys.
    Tdes3,
    /// RC2 with so many effective bits.
    Rc2(usize),
}

impl BlockCipher {
    /// Octets of the key; RC2's is as long as its effective bits unless the parameters say otherwise.
    pub(super) fn key_octets(self) -> usize {
        match self {
            BlockCipher::Aes128 | BlockCipher::Tdes2 => 16,
            BlockCipher::Aes192 | BlockCipher::Tdes3 => 24,
            BlockCipher::Aes256 => 32,
            BlockCipher::Rc2(bits) => bits.div_ceil(8),
        }
    }

    /// Octets of a block and of the initialisation vector.
    pub(super) fn block_octets(self) -> usize {
        match self {
            BlockCipher::Aes128 | BlockCipher::Aes192 | BlockCipher::Aes256 => 16,
            BlockCipher::Tdes2 | BlockCipher::Tdes3 | BlockCipher::Rc2(_) => 8,
        }
    }
}

/// Decrypts and takes the padding off. Wrong padding means a wrong key: the password. Nobody learns from the answer
/// but the person who typed it, so it need not hide where the padding was wrong.
pub(super) fn decrypt(
    cipher: BlockCipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, PbeError> {
    let block = cipher.block_octets();
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(block) {
        return Err(PbeError::Malformed);
    }
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    let done = match cipher {
        BlockCipher::Aes128 => unblock::<cbc::Decryptor<Aes128>>(key, iv, &mut plaintext),
        BlockCipher::Aes192 => unblock::<cbc::Decryptor<Aes192>>(key, iv, &mut plaintext),
        BlockCipher::Aes256 => unblock::<cbc::Decryptor<Aes256>>(key, iv, &mut plaintext),
        BlockCipher::Tdes2 => unblock::<cbc::Decryptor<TdesEde2>>(key, iv, &mut plaintext),
        BlockCipher::Tdes3 => unblock::<cbc::Decryptor<TdesEde3>>(key, iv, &mut plaintext),
        BlockCipher::Rc2(bits) => rc2::cbc_decryptor(key, bits, iv).map(|mut mode| {
            mode.decrypt_blocks(whole_blocks(&mut plaintext));
        }),
    };
    done.ok_or(PbeError::Malformed)?;
    let padding = usize::from(plaintext.last().copied().unwrap_or_default());
    let length = plaintext.len().checked_sub(padding).filter(|_| (1..=block).contains(&padding));
    let (content, tail) =
        length.and_then(|length| plaintext.split_at_checked(length)).ok_or(PbeError::WrongPassword)?;
    if tail.iter().any(|octet| usize::from(*octet) != padding) {
        return Err(PbeError::WrongPassword);
    }
    let length = content.len();
    plaintext.truncate(length);
    Ok(plaintext)
}

/// Pads and encrypts; with AES-256 and 3DES only.
pub(super) fn encrypt(
    cipher: BlockCipher,
    key: &[u8],
    iv: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, PbeError> {
    let block = cipher.block_octets();
    let padding = block - plaintext.len() % block;
    // Encrypted in place, in room that never grows: no copy of the plaintext stays behind.
    let mut octets = Vec::with_capacity(plaintext.len() + padding);
    octets.extend_from_slice(plaintext);
    // At most 16, so the cast keeps the value.
    octets.resize(plaintext.len() + padding, padding as u8);
    let done = match cipher {
        BlockCipher::Aes256 => block_up::<cbc::Encryptor<Aes256>>(key, iv, &mut octets),
        BlockCipher::Tdes3 => block_up::<cbc::Encryptor<TdesEde3>>(key, iv, &mut octets),
        _ => return Err(PbeError::Unsupported(oid::RC2_CBC)),
    };
    done.ok_or(PbeError::Malformed)?;
    Ok(octets)
}

fn unblock<M: BlockModeDecrypt + KeyIvInit>(key: &[u8], iv: &[u8], octets: &mut [u8]) -> Option<()> {
    M::new_from_slices(key, iv).ok()?.decrypt_blocks(whole_blocks(octets));
    Some(())
}

fn block_up<M: BlockModeEncrypt + KeyIvInit>(key: &[u8], iv: &[u8], octets: &mut [u8]) -> Option<()> {
    M::new_from_slices(key, iv).ok()?.encrypt_blocks(whole_blocks(octets));
    Some(())
}

fn whole_blocks<N: ArraySize>(octets: &mut [u8]) -> &mut [Array<u8, N>] {
    Array::slice_as_chunks_mut(octets).0
}
