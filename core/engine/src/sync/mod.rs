//! Keeping the device and an IMAP server the same.
//!
//! A pure state machine: [`FolderSync`] takes what a server said and what a user did ([`Event`]) and answers with
//! changes on the device ([`Effect`]) and at most one [`Command`] for the server. Whoever drives it carries out the
//! effects in order, makes them durable, sends the command, and hands in each untagged answer as it comes and then the
//! tagged one. A crash between any two of these loses nothing:
//!
//! - A record is removed only for a VANISHED, for a move that the server confirmed, or after an enumeration of the whole
//!   folder that was answered with OK, counts as many mails as the folder has, and saw no mail come or go meanwhile.
//! - How far a folder is known ([`FolderState`]) is saved after everything up to there is in the records.
//! - An [`Action`] is stored before the user sees it done, and forgotten when the server has it. What can't be repeated
//!   without harm (COPY, MOVE) is stored as begun before it is sent; a begun one whose answer never came is looked for
//!   in the other folder before anything is sent again.
//!
//! QRESYNC is used when there, else CONDSTORE, else full listings; MOVE and UIDPLUS when there. Without UIDPLUS nothing
//! is expunged, because EXPUNGE would take what other clients marked: the mail keeps `\Deleted` and is not shown.

mod act;
mod action;
mod answered;
mod backoff;
mod bodies;
mod capabilities;
mod command;
mod flags;
mod machine;
mod open;
mod record;
mod round;
mod uid_set;
mod verify;
mod view;
mod wire;

pub use action::{
    Action, ActionFailure, ActionKind, Certainty, MAX_ATTEMPTS, SpecialFolders, Target, TargetState,
};
pub use backoff::{Backoff, IDLE_RENEWAL_SECONDS};
pub use capabilities::{Capabilities, Capability};
pub use command::{Command, Resume};
pub use flags::{Flag, Flags, Keyword};
pub use machine::{FolderSync, Outcome, Policy, Steps};
pub use record::{BodyState, FolderState, Local, LocalMail};
pub use uid_set::{UidSet, UidSetError};
pub use view::{Seen, Shown, arriving, shown};
pub use wire::{Answer, Code, Effect, Event, Selected};
