//! AES-GCM (SP 800-38D) from AES, CTR and GHASH, so that a content may come piece by piece.

use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use ctr::CtrCore;
use ctr::cipher::StreamCipherCoreWrapper;
use ctr::flavors::Ctr32BE;
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// Length of the nonce that is read and written: 12 octets (RFC 5084 section 3.2 recommends it).
pub(crate) const NONCE: usize = 12;
/// Length of the whole tag.
pub(crate) const TAG: usize = 16;

/// Longest content under one nonce: 2^39 - 256 bits (SP 800-38D section 5.2.1.1).
pub(crate) const MAX_OCTETS: u64 = (1 << 36) - 32;

/// Encryption or decryption under one key and nonce.
pub(crate) struct Gcm {
    keystream: Box<dyn Keystream>,
    /// Over the ciphertext alone; associated data is worked in at the end, where CMS has it.
    hash: GHash,
    /// The hash key.
    key: Zeroizing<Block>,
    /// What masks the hash: the first block of the keystream.
    mask: Zeroizing<Block>,
    /// Ciphertext that fills no block yet.
    partial: Block,
    /// Octets of ciphertext so far.
    octets: u64,
}

type Block = [u8; TAG];

/// The keystream of one AES variant.
trait Keystream: Send {
    fn apply(&mut self, octets: &mut [u8]) -> Option<()>;
}

impl<C> Keystream for StreamCipherCoreWrapper<CtrCore<C, Ctr32BE>>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = ctr::cipher::consts::U16> + Send,
{
    fn apply(&mut self, octets: &mut [u8]) -> Option<()> {
        self.try_apply_keystream(octets).ok()
    }
}

impl Gcm {
    /// `None` for a wrong key or nonce length; nonces have 12 octets.
    pub(crate) fn new(key: &[u8], nonce: &[u8]) -> Option<Self> {
        match key.len() {
            16 => Self::with(Aes128::new_from_slice(key).ok()?, nonce),
            24 => Self::with(Aes192::new_from_slice(key).ok()?, nonce),
            32 => Self::with(Aes256::new_from_slice(key).ok()?, nonce),
            _ => None,
        }
    }

    fn with<C>(aes: C, nonce: &[u8]) -> Option<Self>
    where
        C: BlockCipherEncrypt
            + BlockSizeUser<BlockSize = ctr::cipher::consts::U16>
            + ZeroizeOnDrop
            + Send
            + 'static,
    {
        let mut key = Zeroizing::new([0; TAG]);
        aes.encrypt_block((&mut *key).into());
        let mut first = [0; TAG];
        first.get_mut(..NONCE)?.copy_from_slice(<&[u8; NONCE]>::try_from(nonce).ok()?);
        *first.last_mut()? = 1;
        let mut keystream: Box<dyn Keystream> =
            Box::new(StreamCipherCoreWrapper::from_core(CtrCore::<C, Ctr32BE>::inner_iv_init(
                aes,
                &first.into(),
            )));
        let mut mask = Zeroizing::new([0; TAG]);
        keystream.apply(&mut *mask)?;
        Some(Gcm { keystream, hash: GHash::new(&(*key).into()), key, mask, partial: [0; TAG], octets: 0 })
    }

    /// Encrypts the next piece in place. `None` beyond the longest content.
    pub(crate) fn encrypt(&mut self, octets: &mut [u8]) -> Option<()> {
        self.count(octets)?;
        self.keystream.apply(octets)?;
        self.absorb(octets);
        Some(())
    }

    /// Decrypts the next piece in place.
    pub(crate) fn decrypt(&mut self, octets: &mut [u8]) -> Option<()> {
        self.hash(octets)?;
        self.keystream.apply(octets)
    }

    /// Hashes the next piece of ciphertext without decrypting it.
    pub(crate) fn hash(&mut self, octets: &[u8]) -> Option<()> {
        self.count(octets)?;
        self.absorb(octets);
        Some(())
    }

    fn count(&self, octets: &[u8]) -> Option<()> {
        (octets.len() as u64 <= MAX_OCTETS - self.octets).then_some(())
    }

    fn absorb(&mut self, octets: &[u8]) {
        // Below 16, so the cast keeps the value.
        let filled = (self.octets % TAG as u64) as usize;
        self.octets += octets.len() as u64;
        let mut rest = octets;
        if filled > 0 {
            let (now, later) = rest.split_at(rest.len().min(TAG - filled));
            self.fill(filled, now);
            if filled + now.len() < TAG {
                return;
            }
            self.hash.update(&[self.partial.into()]);
            rest = later;
        }
        let (blocks, tail) = ghash::Block::slice_as_chunks(rest);
        self.hash.update(blocks);
        self.fill(0, tail);
    }

    fn fill(&mut self, start: usize, octets: &[u8]) {
        self.partial.iter_mut().skip(start).zip(octets).for_each(|(to, from)| *to = *from);
    }

    /// The tag over associated data and ciphertext.
    ///
    /// GHASH begins with the associated data, which CMS sends last. It is a polynomial in the hash key, so they are
    /// hashed apart and moved to their place by the power of the key for the blocks behind them.
    pub(crate) fn tag(mut self, associated: &[u8]) -> [u8; TAG] {
        let filled = (self.octets % TAG as u64) as usize;
        if filled > 0 {
            let mut last = self.partial;
            last.iter_mut().skip(filled).for_each(|octet| *octet = 0);
            self.hash.update(&[last.into()]);
        }
        let mut front = GHash::new(&(*self.key).into());
        front.update_padded(associated);
        let front = times_power(front.finalize().into(), &self.key, self.octets.div_ceil(TAG as u64));
        let mut sum: Block = self.hash.finalize().into();
        xor(&mut sum, &front);
        let lengths = (u128::from(associated.len() as u64) << 67) | u128::from(self.octets) << 3;
        xor(&mut sum, &lengths.to_be_bytes());
        let mut tag = product(&sum, &self.key);
        xor(&mut tag, &self.mask);
        tag
    }
}

fn xor(to: &mut Block, with: &Block) {
    to.iter_mut().zip(with).for_each(|(to, with)| *to ^= with);
}

/// Product in the field of GHASH.
fn product(a: &Block, b: &Block) -> Block {
    let mut hash = GHash::new(&(*b).into());
    hash.update(&[(*a).into()]);
    hash.finalize().into()
}

/// `value` times `key` to the power of `exponent`: square and multiply. The exponent is a length, nothing secret.
fn times_power(value: Block, key: &Block, mut exponent: u64) -> Block {
    let (mut value, mut square) = (value, Zeroizing::new(*key));
    while exponent > 0 {
        if exponent & 1 == 1 {
            value = product(&value, &square);
        }
        *square = product(&square, &square);
        exponent >>= 1;
    }
    value
}

#[cfg(test)]
mod tests {
    use aes_gcm::aead::{Aead, KeyInit, Payload};

    use super::*;

    /// Content and associated data of all lengths around the block size, in pieces of all sizes, against another
    /// implementation that works on the whole.
    #[test]
    fn pieces_give_the_tag_of_the_whole() {
        let octets: Vec<u8> = (0..200u8).collect();
        let (key, nonce) = ([7; 32], [9; 12]);
        let peer = aes_gcm::Aes256Gcm::new(&key.into());
        for length in [0, 1, 15, 16, 17, 31, 32, 33, 64, 127, 200] {
            for associated in [0, 1, 16, 40, 200] {
                let payload = Payload { msg: &octets[..length], aad: &octets[..associated] };
                let expected = peer.encrypt(&nonce.into(), payload).unwrap();
                let (ciphertext, tag) = expected.split_at(length);
                for piece in [1, 3, 16, 21, 200] {
                    let mut sealing = Gcm::new(&key, &nonce).unwrap();
                    let mut opening = Gcm::new(&key, &nonce).unwrap();
                    let mut hashing = Gcm::new(&key, &nonce).unwrap();
                    let mut sealed = octets[..length].to_vec();
                    sealed.chunks_mut(piece).for_each(|piece| sealing.encrypt(piece).unwrap());
                    assert_eq!(sealed, ciphertext);
                    sealed.chunks(piece).for_each(|piece| hashing.hash(piece).unwrap());
                    sealed.chunks_mut(piece).for_each(|piece| opening.decrypt(piece).unwrap());
                    assert_eq!(sealed, &octets[..length]);
                    for gcm in [sealing, opening, hashing] {
                        assert_eq!(gcm.tag(&octets[..associated]), tag);
                    }
                }
            }
        }
    }

    #[test]
    fn the_longest_content_is_64_gib() {
        let mut gcm = Gcm::new(&[1; 16], &[2; 12]).unwrap();
        gcm.octets = MAX_OCTETS - 16;
        assert!(gcm.hash(&[0; 17]).is_none());
        assert!(gcm.hash(&[0; 16]).is_some());
        assert!(gcm.hash(&[0; 1]).is_none());
    }
}
