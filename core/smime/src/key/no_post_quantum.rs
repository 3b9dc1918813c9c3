//! In place of the post-quantum keys where they were not compiled in: there are none.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::public::Kind;
use super::{KeyAlgorithm, KeyError};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::key) enum PublicKey {}

pub(in crate::key) enum PrivateKey {}

impl PublicKey {
    pub(in crate::key) fn from_bits(_: KeyAlgorithm, _: &[u8]) -> Result<Self, KeyError> {
        Err(KeyError::Unsupported)
    }

    pub(in crate::key) fn algorithm(&self) -> KeyAlgorithm {
        match *self {}
    }

    pub(in crate::key) fn bits(&self) -> &[u8] {
        match *self {}
    }

    pub(in crate::key) fn verify(&self, _: &[u8], _: &[u8]) -> Option<()> {
        match *self {}
    }

    pub(in crate::key) fn encapsulate(&self, _: &mut dyn CryptoRng) -> Option<(Vec<u8>, Zeroizing<Vec<u8>>)> {
        match *self {}
    }
}

impl PrivateKey {
    pub(in crate::key) fn generate(_: KeyAlgorithm, _: &mut dyn CryptoRng) -> Result<Self, KeyError> {
        Err(KeyError::Unsupported)
    }

    pub(in crate::key) fn from_octets(_: KeyAlgorithm, _: &[u8]) -> Result<Self, KeyError> {
        Err(KeyError::Unsupported)
    }

    pub(in crate::key) fn public(&self) -> Kind {
        match *self {}
    }

    pub(in crate::key) fn to_pkcs8(&self) -> Option<Zeroizing<Vec<u8>>> {
        match *self {}
    }

    pub(in crate::key) fn sign(&self, _: &[u8], _: &mut dyn CryptoRng) -> Option<Vec<u8>> {
        match *self {}
    }

    pub(in crate::key) fn decapsulate(&self, _: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match *self {}
    }
}
