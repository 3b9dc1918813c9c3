//! The parts of one mail from a file: no network, no home.

use mail::part::{self, Message, ReadError, Tree};
use sha2::{Digest, Sha256};

/// The part tree of a mail with its defects (docs/protocols/mime.md). Hashes are SHA-256 in lower-case hexadecimal. Fails
/// only for a mail beyond a limit, which the error names.
pub fn mime_tree(mail: Vec<u8>) -> Result<Tree, ReadError> {
    let message = Message::try_from(mail)?;
    Ok(part::tree(&message, &|octets| data_encoding::HEXLOWER.encode(&Sha256::digest(octets))))
}
