//! Randomness that is the same in every run.

use rand_core::{Infallible, TryCryptoRng, TryRng};
use sha2::{Digest, Sha256};

/// SHA-256 over seed and counter. It says it is a `CryptoRng`, and its output is known to everybody: for tests only.
#[derive(Clone)]
pub struct SeededRng {
    seed: [u8; 32],
    counter: u64,
    rest: Vec<u8>,
}

impl SeededRng {
    /// The same `seed` gives the same octets.
    pub fn new(seed: impl AsRef<[u8]>) -> Self {
        SeededRng { seed: Sha256::digest(seed.as_ref()).into(), counter: 0, rest: Vec::new() }
    }

    /// A number below `bound`, not quite evenly distributed; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = rand_core::Rng::next_u64(self);
        usize::try_from(number.checked_rem(bound as u64).unwrap_or(0)).unwrap_or(0)
    }

    fn octet(&mut self) -> u8 {
        if self.rest.is_empty() {
            let block =
                Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
            self.counter += 1;
            self.rest = block.to_vec();
        }
        self.rest.pop().unwrap_or(0)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        octets.fill_with(|| self.octet());
        octets
    }
}

impl TryRng for SeededRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.array()))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        dst.fill_with(|| self.octet());
        Ok(())
    }
}

impl TryCryptoRng for SeededRng {}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    #[test]
    fn a_seed_fixes_the_octets() {
        let octets = |seed: &str| {
            let mut octets = [0; 100];
            SeededRng::new(seed).fill_bytes(&mut octets);
            octets
        };
        assert_eq!(octets("a"), octets("a"));
        assert_ne!(octets("a"), octets("b"));
    }
}
