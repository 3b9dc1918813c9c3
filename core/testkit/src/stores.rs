//! Stores in memory, and stores that fail.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::ports::{Batch, Item, RecordKey, Store, StoreError, Tree};

/// A store in memory that keeps the contract of the port. Clones have nothing in common.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    records: BTreeMap<RecordKey, Vec<u8>>,
    bodies: BTreeMap<RecordKey, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        MemoryStore::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        MemoryStore { state: Mutex::new(self.state().clone()) }
    }
}

impl Store for MemoryStore {
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().records.get(key).cloned())
    }

    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        let first = RecordKey::numbered(tree, group, 0);
        let state = self.state();
        let of_group =
            state.records.range(first..).take_while(|(key, _)| key.tree == tree && key.group == group);
        Ok(of_group.map(|(key, value)| (key.item.clone(), value.clone())).collect())
    }

    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        let state = self.state();
        let mut groups: Vec<_> =
            state.records.keys().filter(|key| key.tree == tree).map(|key| key.group.clone()).collect();
        groups.dedup();
        Ok(groups)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        for (key, value) in batch.changes {
            match value {
                Some(value) => state.records.insert(key, value),
                None => state.records.remove(&key),
            };
        }
        Ok(())
    }

    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError> {
        self.state().bodies.insert(key.clone(), body.to_vec());
        Ok(())
    }

    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().bodies.get(key).cloned())
    }

    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError> {
        self.state().bodies.remove(key);
        Ok(())
    }
}

/// Another store whose writes fail from the n-th on, as on a full disk. Reads go through.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    writes_left: AtomicUsize,
}

impl<S: Store> FaultyStore<S> {
    /// The first `writes` calls that write succeed, the others return [`StoreError::DiskFull`] and change nothing.
    pub fn failing_after(inner: S, writes: usize) -> Self {
        FaultyStore { inner, writes_left: AtomicUsize::new(writes) }
    }

    /// The disk has space again, for `writes` writes.
    pub fn allow(&self, writes: usize) {
        self.writes_left.store(writes, Ordering::SeqCst);
    }

    /// The store behind it.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn spend(&self) -> Result<(), StoreError> {
        self.writes_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .map(|_| ())
            .map_err(|_| StoreError::DiskFull)
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read(key)
    }

    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        self.inner.scan(tree, group)
    }

    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.groups(tree)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.spend()?;
        self.inner.apply(batch)
    }

    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError> {
        self.spend()?;
        self.inner.put_body(key, body)
    }

    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.body(key)
    }

    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError> {
        self.spend()?;
        self.inner.remove_body(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_faulty_store_fails_at_the_nth_write_and_keeps_what_it_has() {
        let store = FaultyStore::failing_after(MemoryStore::new(), 2);
        let key = |number| RecordKey::numbered(Tree::Outbox, "", number);
        let put = |number| {
            let mut batch = Batch::default();
            batch.put(key(number), vec![1]);
            store.apply(batch)
        };
        assert_eq!(put(1), Ok(()));
        assert_eq!(store.put_body(&key(1), b"body"), Ok(()));
        assert_eq!(put(2), Err(StoreError::DiskFull));
        assert_eq!(store.remove_body(&key(1)), Err(StoreError::DiskFull));
        assert_eq!(store.read(&key(2)), Ok(None));
        assert_eq!(store.body(&key(1)), Ok(Some(b"body".to_vec())));
        store.allow(1);
        assert_eq!(put(2), Ok(()));
        assert_eq!(put(3), Err(StoreError::DiskFull));
        assert_eq!(store.scan(Tree::Outbox, b"").map(|records| records.len()), Ok(2));
    }
}
