//! Sockets, TLS, HTTP, the clock and the OS random source; drives the engine.
//!
//! This is the interface that the terminal program and the phones call: a [`Core`] over a home folder and a vault, an
//! [`Account`] with its objects, events that are pulled ([`Core::next_event`]) and [`Task`]s that can be cancelled.

mod account;
mod approvals;
mod authority;
mod certificates;
mod chain;
mod composer;
mod config;
mod conversation;
mod core;
mod credential;
#[cfg(feature = "discover")]
mod discover;
mod drafts;
mod error;
mod exchange;
pub mod files;
mod imap;
mod inspect;
mod key_file;
mod mailboxes;
mod material;
mod mime;
mod oauth;
mod outbox;
mod people;
mod record;
mod reports;
#[cfg(feature = "search")]
mod search;
#[cfg(not(feature = "search"))]
#[path = "no_search.rs"]
mod search;
mod smtp;
mod sync;
pub mod system;
mod task;
#[cfg(test)]
mod test_home;
pub mod timestamps;
mod tls;
pub mod vault;
pub mod view;
mod wake;
mod written;

pub use account::{Account, AccountSummary, OwnKey, OwnKeyRole, Removal, Unsent};
pub use approvals::{
    ApprovalState, ApprovalSummary, ApprovalView, Approvals, Deciding, Decision, NewApproval, NotCountedView,
    PersonDecision, RequestRef, StageLine, answer_subject,
};
pub use certificates::{
    CertificateReport, Pkcs12Certificate, Pkcs12Key, Pkcs12Report, describe_certificates, describe_pkcs12,
    is_pkcs12,
};
pub use chain::{ChainPurpose, ChainQuestion, ChainReport, ChainStatus, NotAPolicy, chain};
pub use composer::{Composer, FileToSend, NewMail, RecipientView, WrittenMail};
pub use config::{AccountConfig, Authority, CoreConfig, Language, Security, Server};
pub use conversation::{ConversationMail, ConversationSummary, ConversationView};
pub use core::{Core, Event, Listener, ProgressStep};
pub use credential::Credential;
#[cfg(feature = "discover")]
pub use discover::{DiscoverOptions, DiscoverProblem, Discovery, discover, discover_and_wait};
pub use drafts::DraftSummary;
pub use error::{
    CertificateProblem, CoreError, NetworkProblem, NotDecidable, ServerProblem, Thing, Unreadable, WrongUse,
};
pub use exchange::{CameraFrame, CodeView, QrExchange, ScanView};
pub use inspect::{InspectError, Inspected, Inspection, MAX_MAIL_OCTETS, inspect, read_certificates};
pub use key_file::{KeyFile, KeyFileProblem, Keys};
pub use mailboxes::{AttachmentView, FolderSummary, MailProblem, MailSummary, MailView, Mailboxes};
pub use material::{Material, MaterialError};
pub use mime::mime_tree;
pub use oauth::{BrowserLogin, Endpoints, OAuthFailure, OAuthLogin, Registration, log_in_and_wait};
pub use outbox::{Flushed, OutboxEntry, OutboxState};
pub use people::{ContactView, PeopleList};
pub use reports::Undelivered;
#[cfg(feature = "search")]
pub use search::SearchResults;
pub use sync::{Folder, MailAction, Stop, SyncReport, UndoneReason};
pub use task::{Canceller, Task};
pub use wake::WakeReport;

// What callers need of the layers below.
pub use engine::approval::{
    Alarm, BuildError, Document, NotCounted, RequestDigest, Rule, StageState, Undecidable, Word,
};
pub use engine::autoconfig::provider;
pub use engine::autoconfig::{Authentication, AutoconfigError, Candidate, Offer, Provider, SignIn, Source};
pub use engine::meeting::{Stage as MeetingStage, Status as MeetingStatus};
pub use engine::oauth::OAuthError;
pub use engine::ports::Vault;
pub use engine::search::Cursor as SearchCursor;
pub use engine::secure::{
    Credit, EncryptionState, EncryptionVerdict, HeadersRecord, PartRecord, Summary, Verdict, Warning,
};
pub use mail::part::{Defect as MimeDefect, Html, Link, ReadError as MimeError, Tree as MimeTree};
pub use smime::certificate::CertificateError;
pub use smime::path::Trust;
pub use smime::pkcs12::Pkcs12Error;
pub use smime::revocation::{Demand, Need, NeedKind, StatusReason};
pub use smime::verdict::{
    Reason, Revocation, SignatureState, SignatureVerdict, SignerVerdict, TimestampState, TimestampVerdict,
};
pub use smime::{EmailAddress, KeyAlgorithm, SignatureAlgorithm, UnixTime};

/// What a platform implements, and why the store or the vault may refuse.
pub mod ports {
    pub use engine::ports::{BoxFuture, KeyId, KeyInfo, KeyRole, SignPurpose, StoreError, Vault, VaultError};
}
