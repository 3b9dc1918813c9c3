//! The sealed offline store: sled for records, sealed files for bodies, tantivy over sealed files for search.
//!
//! ```text
//! format        version, salt, and a check of the key
//! lock          locked by the one process that has the folder
//! head          number of the last acknowledged change
//! records/      sled; every value sealed, every name a keyed hash
//! records.new/  a copy of them being made, to give room back (see `records::compaction`)
//! records.old/  what they were until the copy took their name; gone a moment later
//! bodies/       a sealed file for a body, named by a keyed hash
//! packs/        sealed files with many small bodies (see `packs`)
//! incoming/     bodies and packs being written
//! wake/         what processes work with that do not own the folder (see `wake`)
//! search/       a folder for each account; in it the sealed files of its index, named by keyed hashes
//! ```
//!
//! What is on the disk shows: the number, sizes and kinds of records, item numbers (UIDs), and how many groups there are.
//! It does not show names, addresses, or content. Nothing is ever deleted because it does not open.
//!
//! # What damage and rollback can do
//!
//! sled 0.34 takes a damaged message in its log for a write that a crash tore, and goes on without it: changes would vanish
//! silently. So each group carries a keyed sum over its records, two roots (cache, irreplaceable) carry sums over the groups,
//! and `head` tells which change must be there. Whatever sled lost, brought back or mixed is found when the store is opened
//! or the group is first read, as [`StoreError::Damaged`](engine::ports::StoreError).
//!
//! What is left open: sled's recovery overwrites its log from the first damaged message on, before we can look, so that a
//! damaged folder should be copied before it is tried again. A body that is replaced by an older version of itself, and a
//! folder that is put back whole, are not noticed.

mod bodies;
mod chunks;
pub mod contract;
mod files;
mod layout;
mod packs;
mod record;
mod records;
mod seal;
mod sealed;
#[cfg(feature = "search")]
mod search;
mod wake;

pub use records::CACHE_DAMAGED;
pub use sealed::SealedStore;
#[cfg(feature = "search")]
pub use search::{INDEX_DAMAGED, SealedIndex};
pub use wake::{TakenJournal, WakeEntry, WakeStore};
