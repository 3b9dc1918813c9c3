//! What `cargo xtask` is made of: set-up of the machine, the real servers of the demo and of the end-to-end
//! tests, the demo itself, and the checks that CI runs.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a development tool: it speaks to a person and waits by the real clock"
)]

pub mod android;
pub mod bench;
pub mod cli;
pub mod demo;
pub mod error;
pub mod foreign;
pub mod fuzz;
pub mod interop;
pub mod ios;
pub mod layers;
pub mod lint;
pub mod roots;
pub mod run;
pub mod setup;
pub mod suite;
pub mod swift;
pub mod tree;
pub mod world;
