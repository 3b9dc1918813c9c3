//! Keys of the store: all derived from one, each for one purpose.

use std::sync::{Mutex, PoisonError};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use engine::ports::StoreError;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

pub(crate) const NONCE_OCTETS: usize = 24;
pub(crate) const TAG_OCTETS: usize = 16;
/// Salt of the key derivation; each store has its own.
pub(crate) const SALT_OCTETS: usize = 32;

/// A keyed sum over a set: the XOR of the members' [`Seals::token`]s. Whoever lacks the key can't find a set of old and new
/// members with the same sum.
pub(crate) type Sum = [u8; 32];

/// Adds a member to a sum, or takes it away.
pub(crate) fn toggle(sum: &mut Sum, token: &Sum) {
    sum.iter_mut().zip(token).for_each(|(octet, other)| *octet ^= other);
}

type Key = Zeroizing<[u8; 32]>;

/// Seals values and hashes names.
pub(crate) struct Seals {
    records: Key,
    bodies: Key,
    #[cfg(feature = "search")]
    search: Key,
    wake: Key,
    names: Hmac<Sha256>,
    sums: Hmac<Sha256>,
    check: Hmac<Sha256>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
}

impl Seals {
    /// HKDF-SHA256 (RFC 5869) of the store's key; the label of each purpose is the `info`.
    pub(crate) fn derive(
        key: &Key,
        salt: &[u8; SALT_OCTETS],
        rng: Box<dyn CryptoRng + Send>,
    ) -> Option<Self> {
        let hkdf = Hkdf::<Sha256>::new(Some(salt), key.as_slice());
        let subkey = |label: &[u8]| {
            let mut subkey = Zeroizing::new([0; 32]);
            hkdf.expand(label, &mut *subkey).ok()?;
            Some(subkey)
        };
        let mac =
            |label: &[u8]| <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(subkey(label)?.as_slice()).ok();
        Some(Seals {
            records: subkey(b"countersign store 1 records")?,
            bodies: subkey(b"countersign store 1 bodies")?,
            #[cfg(feature = "search")]
            search: subkey(b"countersign store 1 search")?,
            wake: subkey(b"countersign store 1 wake")?,
            names: mac(b"countersign store 1 names")?,
            sums: mac(b"countersign store 1 sums")?,
            check: mac(b"countersign store 1 check")?,
            rng: Mutex::new(rng),
        })
    }

    /// Fills `dst` with random octets.
    pub(crate) fn random(&self, dst: &mut [u8]) {
        rand_core::Rng::fill_bytes(&mut **self.rng.lock().unwrap_or_else(PoisonError::into_inner), dst);
    }

    /// Nonce, ciphertext and tag of a record. `place` is bound to it as associated data.
    pub(crate) fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_OCTETS];
        self.random(&mut nonce);
        let sealed = cipher(&self.records)
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: place })
            .map_err(|_| StoreError::Io(std::io::ErrorKind::FileTooLarge))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens what [`seal`](Self::seal) made for the same place.
    pub(crate) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_OCTETS)?;
        cipher(&self.records).decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: place }).ok()
    }

    /// The cipher for chunks of bodies.
    pub(crate) fn body_cipher(&self) -> XChaCha20Poly1305 {
        cipher(&self.bodies)
    }

    /// The cipher for chunks of the search index's files.
    #[cfg(feature = "search")]
    pub(crate) fn search_cipher(&self) -> XChaCha20Poly1305 {
        cipher(&self.search)
    }

    /// The cipher for what woken processes read and write.
    pub(crate) fn wake_cipher(&self) -> XChaCha20Poly1305 {
        cipher(&self.wake)
    }

    /// The keyed hash of a name. `parts` are length-prefixed, so that no two lists of parts give the same input.
    pub(crate) fn name(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(&self.names, parts)
    }

    /// The contribution of one member to a [`Sum`].
    pub(crate) fn token(&self, parts: &[&[u8]]) -> Sum {
        mac(&self.sums, parts)
    }

    /// Proves knowledge of the key, for the format file.
    pub(crate) fn key_check(&self, header: &[u8]) -> [u8; 32] {
        mac(&self.check, &[header])
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new((&**key).into())
}

fn mac(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
