//! The contract of the port, against the sealed store (left open, and opened again before reading) and the double in memory.
#![allow(clippy::unwrap_used)]

mod support;

use engine::ports::Store;
use store::SealedStore;
use store::contract::Subject;
use support::{KEY, open};
use testkit::MemoryStore;

struct InMemory(MemoryStore);

impl Subject for InMemory {
    fn store(&self) -> &dyn Store {
        &self.0
    }
}

struct Sealed {
    folder: tempfile::TempDir,
    store: Option<SealedStore>,
    reopens: bool,
}

impl Sealed {
    fn new(reopens: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Some(open(folder.path(), &KEY).unwrap());
        Sealed { folder, store, reopens }
    }
}

impl Subject for Sealed {
    fn store(&self) -> &dyn Store {
        self.store.as_ref().unwrap()
    }

    fn between(&mut self) {
        if self.reopens {
            self.store = None;
            self.store = Some(open(self.folder.path(), &KEY).unwrap());
        }
    }
}

store::store_contract_tests!(memory, || InMemory(MemoryStore::new()));
store::store_contract_tests!(sealed, || Sealed::new(false));
store::store_contract_tests!(sealed_after_reopen, || Sealed::new(true));
