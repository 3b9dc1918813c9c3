//! Content ciphers: AES-GCM, AES-CBC, 3DES-CBC.

use aes::cipher::array::ArraySize;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::consts::{U12, U13, U14, U15, U16};
use aes::cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, BlockSizeUser, KeyInit,
    KeyIvInit,
};
use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{AesGcm, Nonce, Tag, TagSize};
use const_oid::ObjectIdentifier;
use des::TdesEde3;
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};
use zeroize::Zeroizing;

use super::ContentCipher;
use crate::ber::{self, BerError, write};
use crate::key::AlgorithmIdentifier;
use crate::oid;

/// Length of the GCM nonce (RFC 5084 section 3.2 recommends 12 octets; nothing else is written).
pub(super) const GCM_NONCE: usize = 12;
/// Length of the GCM tag that we write.
pub(super) const GCM_TAG: usize = 16;

/// Cipher and key length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
    TdesCbc,
}

/// Ciphers by identifier, with name and key length in octets.
const CIPHERS: [(Cipher, ObjectIdentifier, &str, usize); 7] = [
    (Cipher::Aes128Gcm, oid::AES128_GCM, "aes-128-gcm", 16),
    (Cipher::Aes192Gcm, oid::AES192_GCM, "aes-192-gcm", 24),
    (Cipher::Aes256Gcm, oid::AES256_GCM, "aes-256-gcm", 32),
    (Cipher::Aes128Cbc, oid::AES128_CBC, "aes-128-cbc", 16),
    (Cipher::Aes192Cbc, oid::AES192_CBC, "aes-192-cbc", 24),
    (Cipher::Aes256Cbc, oid::AES256_CBC, "aes-256-cbc", 32),
    (Cipher::TdesCbc, oid::TDES_CBC, "3des-cbc", 24),
];

impl From<ContentCipher> for Cipher {
    fn from(cipher: ContentCipher) -> Self {
        match cipher {
            ContentCipher::Aes256Gcm => Cipher::Aes256Gcm,
            ContentCipher::Aes128Gcm => Cipher::Aes128Gcm,
            ContentCipher::Aes256Cbc => Cipher::Aes256Cbc,
            ContentCipher::Aes128Cbc => Cipher::Aes128Cbc,
        }
    }
}

impl Cipher {
    /// The cipher of a contentEncryptionAlgorithm.
    pub(super) fn from_oid(algorithm: &ObjectIdentifier) -> Option<Self> {
        CIPHERS.iter().find(|(_, oid, ..)| oid == algorithm).map(|(cipher, ..)| *cipher)
    }

    fn row(self) -> (ObjectIdentifier, &'static str, usize) {
        let found = CIPHERS.iter().find(|(cipher, ..)| *cipher == self);
        found.map_or((oid::AES256_CBC, "", 32), |(_, oid, name, octets)| (*oid, name, *octets))
    }

    /// Name like `aes-256-gcm`.
    pub(super) fn name(self) -> &'static str {
        self.row().1
    }

    /// Key length in octets.
    pub(super) fn key_octets(self) -> usize {
        self.row().2
    }

    /// Authenticated.
    pub(super) fn is_aead(self) -> bool {
        matches!(self, Cipher::Aes128Gcm | Cipher::Aes192Gcm | Cipher::Aes256Gcm)
    }

    /// AlgorithmIdentifier with this nonce or initialisation vector.
    pub(super) fn algorithm_identifier_der(self, iv: &[u8]) -> Vec<u8> {
        let iv = write::octet_string(iv);
        if self.is_aead() {
            // GCMParameters (RFC 5084 section 3.2): the default tag length is 12.
            let parameters = write::sequence(&[&iv, &write::small(16)]);
            write::algorithm(&self.row().0, &parameters)
        } else {
            write::algorithm(&self.row().0, &iv)
        }
    }
}

/// Nonce or initialisation vector, and the length of the tag (GCM only).
pub(super) struct Parameters {
    pub(super) iv: Vec<u8>,
    pub(super) tag_octets: usize,
}

impl Parameters {
    /// Of a contentEncryptionAlgorithm.
    pub(super) fn read(cipher: Cipher, algorithm: &AlgorithmIdentifier<'_>) -> Result<Self, BerError> {
        let parameters = algorithm.parameters().ok_or(BerError::Truncated)?;
        if !cipher.is_aead() {
            if parameters.tag() != ber::OCTET_STRING {
                return Err(BerError::Unexpected);
            }
            return Ok(Parameters { iv: parameters.octets()?.into_owned(), tag_octets: 0 });
        }
        if parameters.tag() != ber::SEQUENCE {
            return Err(BerError::Unexpected);
        }
        let mut fields = parameters.reader()?;
        let iv = fields.expect(ber::OCTET_STRING)?.octets()?.into_owned();
        let tag_octets = match fields.optional(ber::INTEGER)? {
            Some(length) => usize::try_from(length.small()?).map_err(|_| BerError::Value)?,
            None => 12,
        };
        fields.finish()?;
        Ok(Parameters { iv, tag_octets })
    }
}

/// Encrypts with AES-GCM; the tag has 16 octets. `None` only for a wrong key or nonce length.
pub(super) fn seal(
    cipher: Cipher,
    key: &[u8],
    nonce: &[u8],
    mut content: Vec<u8>,
) -> Option<(Vec<u8>, Vec<u8>)> {
    fn seal_with<C>(key: &[u8], nonce: &[u8], content: &mut [u8]) -> Option<Vec<u8>>
    where
        C: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
        AesGcm<C, U12, U16>: KeyInit + AeadInOut<NonceSize = U12, TagSize = U16>,
    {
        let cipher = AesGcm::<C, U12, U16>::new_from_slice(key).ok()?;
        let nonce = Nonce::<U12>::try_from(nonce).ok()?;
        let tag = cipher.encrypt_inout_detached(&nonce, b"", content.into()).ok()?;
        Some(tag.to_vec())
    }
    let tag = match cipher {
        Cipher::Aes128Gcm => seal_with::<Aes128>(key, nonce, &mut content)?,
        Cipher::Aes256Gcm => seal_with::<Aes256>(key, nonce, &mut content)?,
        _ => return None,
    };
    Some((content, tag))
}

/// Encrypts with AES-CBC and PKCS#7 padding. `None` only for a wrong key or IV length.
pub(super) fn encrypt_cbc(cipher: Cipher, key: &[u8], iv: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    fn encrypt_with<C>(key: &[u8], iv: &[u8], padded: &mut [u8]) -> Option<()>
    where
        C: BlockCipherEncrypt + KeyInit,
        cbc::Encryptor<C>: KeyIvInit + BlockModeEncrypt,
    {
        let length = padded.len();
        let encryptor = cbc::Encryptor::<C>::new_from_slices(key, iv).ok()?;
        encryptor.encrypt_padded::<NoPadding>(padded, length).ok().map(|_| ())
    }
    let padding = 16 - content.len() % 16;
    let mut padded = Vec::with_capacity(content.len() + padding);
    padded.extend_from_slice(content);
    // 1 to 16, so the cast keeps the value.
    padded.extend(std::iter::repeat_n(padding as u8, padding));
    match cipher {
        Cipher::Aes128Cbc => encrypt_with::<Aes128>(key, iv, &mut padded)?,
        Cipher::Aes256Cbc => encrypt_with::<Aes256>(key, iv, &mut padded)?,
        _ => return None,
    }
    Some(padded)
}

/// Decrypts AES-GCM after checking the tag; tags of 12 to 16 octets.
pub(super) fn open(
    cipher: Cipher,
    key: &[u8],
    nonce: &[u8],
    associated: &[u8],
    ciphertext: &[u8],
    tag: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    fn open_with<C>(key: &[u8], nonce: &[u8], associated: &[u8], content: &mut [u8], tag: &[u8]) -> Option<()>
    where
        C: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        match tag.len() {
            12 => open_tag::<C, U12>(key, nonce, associated, content, tag),
            13 => open_tag::<C, U13>(key, nonce, associated, content, tag),
            14 => open_tag::<C, U14>(key, nonce, associated, content, tag),
            15 => open_tag::<C, U15>(key, nonce, associated, content, tag),
            16 => open_tag::<C, U16>(key, nonce, associated, content, tag),
            _ => None,
        }
    }
    fn open_tag<C, T>(
        key: &[u8],
        nonce: &[u8],
        associated: &[u8],
        content: &mut [u8],
        tag: &[u8],
    ) -> Option<()>
    where
        C: KeyInit + BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
        T: TagSize + ArraySize,
    {
        let cipher = AesGcm::<C, U12, T>::new_from_slice(key).ok()?;
        let nonce = Nonce::<U12>::try_from(nonce).ok()?;
        let tag = Tag::<T>::try_from(tag).ok()?;
        cipher.decrypt_inout_detached(&nonce, associated, content.into(), &tag).ok()
    }
    let mut content = Zeroizing::new(ciphertext.to_vec());
    match cipher {
        Cipher::Aes128Gcm => open_with::<Aes128>(key, nonce, associated, &mut content, tag)?,
        Cipher::Aes192Gcm => open_with::<Aes192>(key, nonce, associated, &mut content, tag)?,
        Cipher::Aes256Gcm => open_with::<Aes256>(key, nonce, associated, &mut content, tag)?,
        _ => return None,
    }
    Some(content)
}

/// Decrypts CBC and takes off PKCS#7 padding (RFC 5652 section 6.3).
pub(super) fn decrypt_cbc(
    cipher: Cipher,
    key: &[u8],
    iv: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let mut content = Zeroizing::new(ciphertext.to_vec());
    let block = match cipher {
        Cipher::Aes128Cbc => decrypt_blocks::<Aes128>(key, iv, &mut content),
        Cipher::Aes192Cbc => decrypt_blocks::<Aes192>(key, iv, &mut content),
        Cipher::Aes256Cbc => decrypt_blocks::<Aes256>(key, iv, &mut content),
        Cipher::TdesCbc => decrypt_blocks::<TdesEde3>(key, iv, &mut content),
        _ => None,
    }?;
    let length = unpadded_length(&content, block)?;
    content.truncate(length);
    Some(content)
}

/// Decrypts whole blocks in place; the block length. `None` for lengths that don't fit.
pub(super) fn decrypt_blocks<C>(key: &[u8], iv: &[u8], content: &mut [u8]) -> Option<usize>
where
    C: BlockCipherDecrypt + KeyInit,
    cbc::Decryptor<C>: KeyIvInit + BlockModeDecrypt,
{
    let decryptor = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded::<NoPadding>(content).ok()?;
    Some(C::block_size())
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
