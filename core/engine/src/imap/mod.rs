//! The grammar of IMAP (RFC 9051, RFC 3501 and extensions): octets in, values out, and back. No sockets: the connection in the
//! client reads and writes what is made and understood here.
//!
//! Everything that a server sends is hostile input. [`Framer`] finds where an answer ends without looking at any octet twice, so
//! that an answer which is not understood costs itself only, never the connection; [`Response::parse`] reads a whole one without
//! recursion.

mod command;
mod cursor;
mod fetched;
mod folders;
mod frame;
mod names;
mod response;
mod sasl;
mod saslprep;
mod scram;
mod status;

pub use command::{Command, Piece};
pub use fetched::{BodyData, Fetched, Section};
pub use folders::{FolderEntry, Role, assign_roles};
pub use frame::{Framed, Framer, Limits, Overrun};
pub use names::{MailboxName, decode_utf7, encode_utf7};
pub use response::{Malformed, Response};
pub use sasl::{Mechanism, Secret, initial_response, mechanisms};
pub use scram::{Scram, ScramError, ScramHash, ScramProof};
pub use status::{Code, Status, StatusKind, copied_pairs};
