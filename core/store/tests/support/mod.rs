//! Shared by the store's tests.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::Path;

use engine::ports::StoreError;
use rand_core::{Infallible, TryCryptoRng, TryRng};
use store::SealedStore;
use zeroize::Zeroizing;

/// The key of every store here.
pub const KEY: [u8; 32] = [0x5a; 32];

/// Opens a store with the system's randomness, like the client does.
pub fn open(folder: &Path, key: &[u8; 32]) -> Result<SealedStore, StoreError> {
    SealedStore::open(folder, &Zeroizing::new(*key), Box::new(SystemRandom))
}

/// Real randomness: a test that reused nonces would prove nothing.
pub struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(getrandom::u32().unwrap())
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(getrandom::u64().unwrap())
    }
    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        #[allow(clippy::disallowed_methods, reason = "the test stands in for the client")]
        getrandom::fill(dst).unwrap();
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}
