//! The office: people and QR exchange, approvals, outbox, keys. Pure: everything that touches the world is a port.

pub mod approval;
pub mod evidence;
pub mod meeting;
pub mod outbox;
pub mod people;
pub mod ports;
pub mod qr;
pub mod secure;
pub mod stream;
