//! People, doubles of the ports, a virtual clock and fault injection: for tests only.

mod clock;
pub mod imap_script;
pub mod people;
mod rng;
mod stores;
mod vault;

pub use clock::VirtualClock;
pub use people::{Identity, Person, alice, bob, carol, dave};
pub use rng::SeededRng;
pub use stores::{FaultyStore, MemoryStore};
pub use vault::{FakeVault, Refusal};
