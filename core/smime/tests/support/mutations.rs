//! Messages with a few octets changed.

use proptest::collection::vec;
use proptest::prelude::*;

/// Where octets are cut out, how many, and what is put in.
pub type Change = (usize, usize, Vec<u8>);

/// Octets that are cut out, replaced and put in.
pub fn mutate(seed: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut octets = seed.to_vec();
    for (position, length, replacement) in changes {
        let start = position % octets.len().max(1);
        let end = (start + length).min(octets.len());
        octets.splice(start..end, replacement.iter().copied());
    }
    octets
}

/// One to `most` changes.
pub fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
    vec((any::<usize>(), 0..4usize, vec(any::<u8>(), 0..4)), 1..=most)
}
