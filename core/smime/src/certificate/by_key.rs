//! Certificates, found by their keys.

use std::collections::BTreeMap;

use super::Certificate;
use crate::key::{PrivateKey, PublicKey};

#[cfg(test)]
thread_local! {
    /// How many public keys were read: the work of finding certificates.
    pub(crate) static KEYS_READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Certificates by public key, however point and algorithm are written in them. Each is read once, so that a file of many
/// keys and certificates takes no longer than it is long.
#[derive(Clone, Debug, Default)]
pub struct CertificatesByKey {
    positions: BTreeMap<Vec<u8>, Vec<usize>>,
}

impl CertificatesByKey {
    /// Those that can be found.
    pub fn new<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Self {
        let mut positions: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (position, certificate) in certificates.into_iter().enumerate() {
            positions.entry(certificate.public_key_as_written_here()).or_default().push(position);
        }
        CertificatesByKey { positions }
    }

    /// Those whose public key is that of `key`: where they stood, in their order.
    pub fn of(&self, key: &PrivateKey) -> &[usize] {
        self.positions.get(&key.public_key_der()).map_or(&[], Vec::as_slice)
    }
}

impl Certificate {
    /// Its public key is that of `key`, however point and algorithm are written.
    pub fn certifies(&self, key: &PrivateKey) -> bool {
        self.public_key_as_written_here() == key.public_key_der()
    }

    /// SubjectPublicKeyInfo in the one form that is written here; as it came when the key is not known here.
    fn public_key_as_written_here(&self) -> Vec<u8> {
        #[cfg(test)]
        KEYS_READ.set(KEYS_READ.get() + 1);
        let as_it_came = self.public_key_der();
        PublicKey::from_spki(as_it_came).map_or_else(|_| as_it_came.to_vec(), |key| key.to_spki())
    }
}
