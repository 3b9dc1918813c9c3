//! CMS and X.509 for mail: sign, verify, encrypt, decrypt, timestamps, path validation, verdict.
//!
//! Pure: time, randomness, keys and bytes are arguments. What real mail contains is read (BER, old
//! algorithms); only what is modern is written. A verdict is data; an `Err` means "could not be run".

pub mod address;
mod asn1;
pub mod ber;
pub mod bundle;
pub mod capabilities;
pub mod certificate;
pub mod contents;
pub mod crl;
pub mod csr;
pub mod enveloped;
pub mod fingerprint;
pub mod issue;
mod issued;
pub mod key;
pub mod ocsp;
pub mod oid;
pub mod path;
mod pbe;
mod pem;
pub mod pkcs12;
pub mod pkcs8;
pub mod primitives;
mod rc2;
pub mod revocation;
pub mod signed;
pub mod stream;
pub mod time;
pub mod tsp;
#[cfg(test)]
mod vectors;
pub mod verdict;

pub use address::EmailAddress;
pub use certificate::Certificate;
pub use fingerprint::Fingerprint;
pub use key::{KeyAlgorithm, PrivateKey, SignatureAlgorithm};
pub use time::UnixTime;
