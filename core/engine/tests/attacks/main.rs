//! Attacks on whole mails, one file for each class (../shared/corpora/MANIFEST.md, "Described only").
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod confusion;
mod covert;
mod efail;
mod headers;
mod hidden;
mod layers;
mod look_alikes;
mod relabelling;
mod structure;
#[path = "../support/mod.rs"]
mod support;
mod whole;
mod wrapping;
