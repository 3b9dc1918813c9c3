//! Approvals with real signatures: our own people sign with smime, carol answers with `openssl cms`, the timestamp
//! authority is `openssl ts`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod attacks;
mod replies;
mod story;
mod support;
mod vectors;
