//! CBC mode with PKCS#7 padding (RFC 5652 section 6.3), piece by piece.

use aes::cipher::array::{Array, ArraySize};
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit,
};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

use super::Cipher;
use crate::rc2;

/// The block mode of one cipher; works on whole blocks in place.
trait Mode: Send {
    fn blocks(&mut self, octets: &mut [u8]);
}

struct Encrypt<C: BlockCipherEncrypt>(cbc::Encryptor<C>);
struct Decrypt<C: BlockCipherDecrypt>(cbc::Decryptor<C>);

impl<C: BlockCipherEncrypt + Send> Mode for Encrypt<C> {
    fn blocks(&mut self, octets: &mut [u8]) {
        self.0.encrypt_blocks(whole_blocks(octets));
    }
}

impl<C: BlockCipherDecrypt + Send> Mode for Decrypt<C> {
    fn blocks(&mut self, octets: &mut [u8]) {
        self.0.decrypt_blocks(whole_blocks(octets));
    }
}

fn whole_blocks<N: ArraySize>(octets: &mut [u8]) -> &mut [Array<u8, N>] {
    Array::slice_as_chunks_mut(octets).0
}

fn encrypting<C>(key: &[u8], iv: &[u8]) -> Option<Box<dyn Mode>>
where
    C: BlockCipherEncrypt + KeyInit + Send + 'static,
    cbc::Encryptor<C>: KeyIvInit,
{
    Some(Box::new(Encrypt::<C>(cbc::Encryptor::new_from_slices(key, iv).ok()?)))
}

fn decrypting<C>(key: &[u8], iv: &[u8]) -> Option<(Box<dyn Mode>, usize)>
where
    C: BlockCipherDecrypt + KeyInit + Send + 'static,
    cbc::Decryptor<C>: KeyIvInit,
{
    Some((Box::new(Decrypt::<C>(cbc::Decryptor::new_from_slices(key, iv).ok()?)), C::block_size()))
}

/// Encrypts with AES.
pub(in super::super) struct CbcEncryptor {
    mode: Box<dyn Mode>,
    /// Content that fills no block yet.
    partial: Zeroizing<Vec<u8>>,
}

impl CbcEncryptor {
    /// `None` for a wrong key or IV length; 3DES is not written.
    pub(in super::super) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        let mode = match cipher {
            Cipher::Aes128Cbc => encrypting::<Aes128>(key, iv)?,
            Cipher::Aes256Cbc => encrypting::<Aes256>(key, iv)?,
            _ => return None,
        };
        Some(CbcEncryptor { mode, partial: Zeroizing::new(Vec::with_capacity(16)) })
    }

    /// Appends the ciphertext of whole blocks.
    pub(in super::super) fn update(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        append_blocks(&mut self.partial, piece, 16, 0, self.mode.as_mut(), out);
    }

    /// Appends the padded last block.
    pub(in super::super) fn finish(mut self, out: &mut Vec<u8>) {
        let padding = 16 - self.partial.len() % 16;
        // 1 to 16, so the cast keeps the value.
        let padding = vec![padding as u8; padding];
        self.update(&padding, out);
    }
}

/// Decrypts AES, 3DES and RC2.
pub(in super::super) struct CbcDecryptor {
    mode: Box<dyn Mode>,
    block: usize,
    /// Ciphertext that may be the last block: its padding is looked at when nothing more comes.
    partial: Zeroizing<Vec<u8>>,
}

impl CbcDecryptor {
    /// `None` for a wrong key or IV length.
    pub(in super::super) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Option<Self> {
        let (mode, block) = match cipher {
            Cipher::Aes128Cbc => decrypting::<Aes128>(key, iv),
            Cipher::Aes192Cbc => decrypting::<Aes192>(key, iv),
            Cipher::Aes256Cbc => decrypting::<Aes256>(key, iv),
            Cipher::TdesCbc => decrypting::<TdesEde3>(key, iv),
            Cipher::Rc2Cbc(bits) => {
                let mode = rc2::cbc_decryptor(key, bits, iv)?;
                Some((Box::new(Decrypt(mode)) as Box<dyn Mode>, rc2::BLOCK))
            }
            _ => None,
        }?;
        Some(CbcDecryptor { mode, block, partial: Zeroizing::new(Vec::with_capacity(2 * block)) })
    }

    /// Appends the content of whole blocks but the last.
    pub(in super::super) fn update(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        append_blocks(&mut self.partial, piece, self.block, 1, self.mode.as_mut(), out);
    }

    /// Appends the content of the last block without padding. `None` when the padding or the length is wrong.
    pub(in super::super) fn finish(mut self, out: &mut Vec<u8>) -> Option<()> {
        if self.partial.len() != self.block {
            return None;
        }
        self.mode.blocks(&mut self.partial);
        let length = unpadded_length(&self.partial, self.block)?;
        out.extend_from_slice(self.partial.get(..length)?);
        Some(())
    }
}

/// Works on the blocks that `partial` and `piece` fill, and appends them to `out`; at least `held` octets stay in
/// `partial`.
fn append_blocks(
    partial: &mut Vec<u8>,
    piece: &[u8],
    block: usize,
    held: usize,
    mode: &mut dyn Mode,
    out: &mut Vec<u8>,
) {
    let octets = partial.len() + piece.len();
    let ready = octets.saturating_sub(held) / block * block;
    if ready == 0 {
        partial.extend_from_slice(piece);
        return;
    }
    // What is held is never more than a block, so the old part goes as a whole.
    let (now, later) = piece.split_at_checked(ready.saturating_sub(partial.len())).unwrap_or((piece, &[]));
    let start = out.len();
    out.extend_from_slice(partial);
    out.extend_from_slice(now);
    if let Some(blocks) = out.get_mut(start..) {
        mode.blocks(blocks);
    }
    partial.clear();
    partial.extend_from_slice(later);
}

/// Decrypts whole blocks in place; the block length. `None` for lengths that don't fit.
pub(in super::super) fn decrypt_blocks<C>(key: &[u8], iv: &[u8], content: &mut [u8]) -> Option<usize>
where
    C: BlockCipherDecrypt + KeyInit,
    cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt,
{
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded::<NoPadding>(content).ok()?;
    Some(C::block_size())
}

/// As [`decrypt_blocks`], with a cipher that is known at run time.
pub(in super::super) fn decrypt_with(
    cipher: Cipher,
    key: &[u8],
    iv: &[u8],
    content: &mut [u8],
) -> Option<usize> {
    match cipher {
        Cipher::Aes128Cbc => decrypt_blocks::<Aes128>(key, iv, content),
        Cipher::Aes192Cbc => decrypt_blocks::<Aes192>(key, iv, content),
        Cipher::Aes256Cbc => decrypt_blocks::<Aes256>(key, iv, content),
        Cipher::TdesCbc => decrypt_blocks::<TdesEde3>(key, iv, content),
        _ => None,
    }
}

/// The length without padding. Every octet of the last block is looked at, whatever the padding is.
fn unpadded_length(content: &[u8], block: usize) -> Option<usize> {
    let last = content.last_chunk::<1>()?[0];
    let tail = content.get(content.len().checked_sub(block)?..)?;
    let block = u8::try_from(block).ok()?;
    let mut right = !last.ct_eq(&0) & !block.ct_lt(&last);
    for (distance, octet) in (1..=block).rev().zip(tail) {
        let inside = !last.ct_lt(&distance);
        right &= octet.ct_eq(&last) | !inside;
    }
    let right: Choice = right;
    if bool::from(right) { content.len().checked_sub(usize::from(last)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_checked_as_a_whole() {
        let block = |end: &[u8]| {
            let mut block = vec![0xAA; 16];
            block[16 - end.len()..].copy_from_slice(end);
            unpadded_length(&block, 16)
        };
        assert_eq!(block(&[1]), Some(15));
        assert_eq!(block(&[3, 3, 3]), Some(13));
        assert_eq!(block(&[16; 16]), Some(0));
        assert_eq!(block(&[2, 3, 3]), None);
        assert_eq!(block(&[0]), None);
        assert_eq!(block(&[17]), None);
        assert_eq!(block(&[255]), None);
        assert_eq!(unpadded_length(&[], 16), None);
    }
}
