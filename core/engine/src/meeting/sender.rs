//! Anchors of people, and the proof that a mail came from one.

use smime::{Certificate, EmailAddress, Fingerprint};

use crate::people::Anchor;

/// The anchor of a person with a personal root: SHA-256 of its DER.
pub fn personal_anchor(root: &Certificate) -> Anchor {
    Anchor(root.fingerprint())
}

/// The anchor of a person whose keys a CA certifies: SHA-256 of the CA certificate's DER followed by the address in
/// lower case (ASCII letters). DER tells its own length, so the two can't be confused.
pub fn ca_anchor(ca: &Certificate, address: &EmailAddress) -> Anchor {
    Anchor(Fingerprint::of(&[ca.der(), address.folded().as_bytes()].concat()))
}
