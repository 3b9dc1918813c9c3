//! What keeps the objects of a removed account from writing.

use std::io::ErrorKind;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use engine::ports::{Batch, Item, RecordKey, Store, StoreError, Tree};

use super::Shared;
use crate::error::CoreError;

/// Open until its account is removed.
#[derive(Debug, Default)]
pub(super) struct Gate {
    is_shut: RwLock<bool>,
}

impl Gate {
    fn shut_or_not(&self) -> RwLockReadGuard<'_, bool> {
        self.is_shut.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_shut(&self) -> bool {
        *self.shut_or_not()
    }

    /// Shuts for good if `work` says so. Nobody writes meanwhile: what it sees stays so. It uses the store itself, not through here.
    pub(super) fn shut_if(&self, work: impl FnOnce() -> Result<bool, CoreError>) -> Result<bool, CoreError> {
        let mut is_shut = self.is_shut.write().unwrap_or_else(PoisonError::into_inner);
        let shuts = work()?;
        *is_shut |= shuts;
        Ok(shuts)
    }
}

/// The store behind a gate. A write that has begun ends before the gate shuts; none begins afterwards, whoever still holds this.
pub(super) struct GatedStore {
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
}

impl GatedStore {
    pub(super) fn new(store: Arc<dyn Store>, shared: Arc<Shared>) -> Self {
        GatedStore { store, shared }
    }

    /// To be held while something is written.
    fn pass(&self) -> Result<RwLockReadGuard<'_, bool>, StoreError> {
        let is_shut = self.shared.gate.shut_or_not();
        if *is_shut { Err(StoreError::Io(ErrorKind::NotFound)) } else { Ok(is_shut) }
    }
}

impl Store for GatedStore {
    fn read(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.read(key)
    }

    fn scan(&self, tree: Tree, group: &[u8]) -> Result<Vec<(Item, Vec<u8>)>, StoreError> {
        self.store.scan(tree, group)
    }

    fn groups(&self, tree: Tree) -> Result<Vec<Vec<u8>>, StoreError> {
        self.store.groups(tree)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let _passing = self.pass()?;
        let concerns_people = batch.changes.iter().any(|(key, _)| key.tree == Tree::People);
        let applied = self.store.apply(batch);
        // Also after an error: not every one says that nothing changed.
        if concerns_people {
            self.shared.people.forget();
        }
        applied
    }

    fn put_body(&self, key: &RecordKey, body: &[u8]) -> Result<(), StoreError> {
        let _passing = self.pass()?;
        self.store.put_body(key, body)
    }

    fn put_bodies(&self, bodies: &[(RecordKey, Vec<u8>)]) -> Result<(), StoreError> {
        let _passing = self.pass()?;
        self.store.put_bodies(bodies)
    }

    fn body(&self, key: &RecordKey) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.body(key)
    }

    fn remove_body(&self, key: &RecordKey) -> Result<(), StoreError> {
        let _passing = self.pass()?;
        self.store.remove_body(key)
    }

    fn remove_bodies(&self, keys: &[RecordKey]) -> Result<(), StoreError> {
        let _passing = self.pass()?;
        self.store.remove_bodies(keys)
    }
}

#[cfg(test)]
mod tests {
    use testkit::MemoryStore;

    use super::*;

    #[test]
    fn nothing_passes_a_shut_gate_but_reading() {
        let (store, shared) = (Arc::new(MemoryStore::new()), Arc::new(Shared::default()));
        let gated = GatedStore::new(Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&shared));
        let gate = &shared.gate;
        let key = RecordKey::named(Tree::Drafts, "a", "b");
        let batch = || {
            let mut batch = Batch::default();
            batch.put(key.clone(), vec![1]);
            batch
        };
        gated.apply(batch()).unwrap();
        gated.put_body(&key, b"body").unwrap();
        assert!(!gate.shut_if(|| Ok(false)).unwrap() && !gate.is_shut());
        assert!(gate.shut_if(|| Ok(true)).unwrap() && gate.is_shut());
        let gone = Err(StoreError::Io(ErrorKind::NotFound));
        assert_eq!(gated.apply(Batch::default()), gone);
        assert_eq!(gated.put_body(&key, b"other"), gone);
        assert_eq!(gated.put_bodies(&[(key.clone(), vec![])]), gone);
        assert_eq!(gated.remove_body(&key), gone);
        assert_eq!(gated.remove_bodies(std::slice::from_ref(&key)), gone);
        assert_eq!((gated.read(&key), gated.body(&key)), (Ok(Some(vec![1])), Ok(Some(b"body".to_vec()))));
    }
}
