//! Opened chunks that were used last.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

/// An opened chunk.
pub(super) type Chunk = Arc<Zeroizing<Vec<u8>>>;

/// A file that was opened, and the number of a chunk in it.
pub(super) type Place = (u64, usize);

/// A bounded number of chunks.
pub(super) struct Cache {
    limit: usize,
    clock: u64,
    chunks: BTreeMap<Place, (Chunk, u64)>,
    used: BTreeMap<u64, Place>,
}

impl Cache {
    pub(super) fn new(limit: usize) -> Self {
        Cache { limit, clock: 0, chunks: BTreeMap::new(), used: BTreeMap::new() }
    }

    pub(super) fn chunk(&mut self, place: Place) -> Option<Chunk> {
        let (chunk, used) = self.chunks.get_mut(&place)?;
        self.used.remove(used);
        self.clock += 1;
        *used = self.clock;
        self.used.insert(self.clock, place);
        Some(Arc::clone(chunk))
    }

    pub(super) fn put(&mut self, place: Place, chunk: Chunk) {
        self.clock += 1;
        if let Some((_, used)) = self.chunks.insert(place, (chunk, self.clock)) {
            self.used.remove(&used);
        }
        self.used.insert(self.clock, place);
        while self.chunks.len() > self.limit
            && let Some((_, oldest)) = self.used.pop_first()
        {
            self.chunks.remove(&oldest);
        }
    }

    /// A file that is not open any more.
    pub(super) fn forget(&mut self, file: u64) {
        while let Some((place, (_, used))) = self.chunks.range((file, 0)..=(file, usize::MAX)).next() {
            let (place, used) = (*place, *used);
            self.chunks.remove(&place);
            self.used.remove(&used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays() {
        let mut cache = Cache::new(2);
        let chunk = |octet| Chunk::new(Zeroizing::new(vec![octet]));
        cache.put((1, 0), chunk(10));
        cache.put((1, 1), chunk(11));
        assert_eq!(cache.chunk((1, 0)), Some(chunk(10)));
        cache.put((2, 0), chunk(20));
        assert_eq!(cache.chunk((1, 1)), None);
        assert_eq!(cache.chunk((1, 0)), Some(chunk(10)));
        cache.put((2, 0), chunk(21));
        assert_eq!((cache.chunks.len(), cache.used.len()), (2, 2));
        cache.forget(2);
        assert_eq!((cache.chunk((2, 0)), cache.chunk((1, 0))), (None, Some(chunk(10))));
        assert_eq!((cache.chunks.len(), cache.used.len()), (1, 1));
    }
}
