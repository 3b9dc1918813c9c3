//! Sockets, TLS, HTTP, the clock and the OS random source; drives the engine.
//!
//! This is the interface that the terminal program and the phones call: a [`Core`] over a home folder and a vault, an
//! [`Account`] with its objects, events that are pulled ([`Core::next_event`]) and [`Task`]s that can be cancelled.

mod account;
mod approvals;
mod authority;
mod composer;
mod config;
mod core;
mod error;
mod exchange;
mod imap;
mod inspect;
mod mailboxes;
mod outbox;
mod people;
mod record;
mod smtp;
mod sync;
pub mod system;
mod task;
mod tls;
pub mod vault;

pub use account::{Account, AccountSummary, OwnKey};
pub use approvals::{
    ApprovalSummary, ApprovalView, Approvals, Deciding, NewApproval, NotCountedView, PersonDecision,
    RequestRef, StageLine,
};
pub use composer::{Composer, FileToSend, NewMail};
pub use config::{AccountConfig, Authority, CoreConfig, Language, Security, Server};
pub use core::{Core, Event, ProgressStep};
pub use error::{
    CertificateProblem, CoreError, NetworkProblem, NotDecidable, ServerProblem, Thing, Unreadable, WrongUse,
};
pub use exchange::{CodeView, QrExchange, ScanView};
pub use inspect::{Inspection, inspect, read_certificates};
pub use mailboxes::{AttachmentView, MailSummary, MailView, Mailboxes};
pub use outbox::{Flushed, OutboxEntry};
pub use people::{ContactView, PeopleList};
pub use sync::{Folder, SyncReport};
pub use task::Task;

// What callers need of the layers below.
pub use engine::approval::Word;
pub use engine::ports::Vault;
pub use engine::secure::{EncryptionState, Summary, Verdict};
pub use smime::path::Trust;
pub use smime::verdict::{SignatureState, TimestampState};
pub use smime::{EmailAddress, UnixTime};
