//! The contract of the port, against the sealed store (left open, and opened again before reading) and the double in memory.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use engine::ports::Store;
use store::SealedStore;
use store::contract::Subject;
use support::{KEY, Reopening, open};
use testkit::MemoryStore;

struct InMemory(MemoryStore);

impl Subject for InMemory {
    fn store(&self) -> &dyn Store {
        &self.0
    }
}

/// Its lock is free again only when it is closed.
fn opened_again(folder: &Path, store: SealedStore) -> SealedStore {
    drop(store);
    open(folder, &KEY).unwrap()
}

store::store_contract_tests!(memory, || InMemory(MemoryStore::new()));
store::store_contract_tests!(sealed, || Reopening::sealed(|_, store| store));
store::store_contract_tests!(sealed_after_reopen, || Reopening::sealed(opened_again));
