//! The office: people and QR exchange, approvals, outbox, keys, search. Pure: everything that touches the world is a port.

pub mod approval;
pub mod autoconfig;
pub mod evidence;
pub mod imap;
pub mod meeting;
pub mod oauth;
pub mod outbox;
pub mod people;
pub mod ports;
pub mod qr;
pub mod search;
pub mod secure;
pub mod stream;
pub mod sync;
mod wait;
