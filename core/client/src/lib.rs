//! Sockets, TLS, HTTP, the clock and the OS random source; drives the engine.
