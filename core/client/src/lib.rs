//! Sockets, TLS, HTTP, the clock and the OS random source; drives the engine.

pub mod system;
pub mod vault;
