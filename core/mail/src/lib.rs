//! MIME: read, compose, header protection (RFC 9788). Pure: time and randomness are arguments.
//!
//! Knows nothing of S/MIME: `engine` joins the two.

pub mod compose;
pub mod headers;
pub mod part;
pub mod protect;
pub mod report;
pub mod stream;
pub mod thread;
pub mod ungated;

pub use headers::{Headers, Mailbox};
