//! The sync engine: sets of UIDs, the machine against scripted answers, and against a model of a server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::print_stdout)] // one run can be followed

mod actions;
mod interleavings;
mod model;
mod phone;
mod scripts;
mod uid_sets;
