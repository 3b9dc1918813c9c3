//! The errors that the apps see. Every error of the client is mapped in this one place; fields instead of text, and no
//! addresses, subjects or file names: an app may hand all of it to a crash log.

use client::ports::StoreError;

use crate::log::LogLevel;
use crate::mirror::{Convert, mirror};
use crate::view::Text;

/// Why a call failed. Nothing was half done: what was accepted before is in the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum CoreError {
    /// The work was stopped before its end.
    #[error("stopped")]
    Stopped {
        /// By what.
        reason: StopReason,
    },
    /// The caller asked for something that makes no sense.
    #[error("wrong use")]
    WrongUse {
        /// What is wrong.
        problem: Misuse,
    },
    /// What was handed in can't be read as what it should be.
    #[error("unreadable input")]
    Unreadable {
        /// Which input.
        what: UnreadableThing,
    },
    /// There is no such thing.
    #[error("not found")]
    NotFound {
        /// Which kind of thing.
        thing: Thing,
    },
    /// The network or the server's host can't be reached, or the connection was cut.
    #[error("network")]
    Network {
        /// `host:port` as configured, or the URL of the timestamp authority.
        host: String,
        /// What happened.
        problem: NetworkProblem,
    },
    /// TLS failed: the server's certificate is not trusted.
    #[error("certificate untrusted")]
    CertificateUntrusted {
        /// `host:port` as configured.
        host: String,
        /// What is wrong.
        problem: CertificateProblem,
    },
    /// User name or password are wrong.
    #[error("login refused")]
    LoginRefused {
        /// `host:port` as configured.
        host: String,
    },
    /// The server answered, but not what the protocol allows, or NO.
    #[error("server")]
    Server {
        /// `host:port` as configured, or the URL of the timestamp authority.
        host: String,
        /// What happened.
        problem: ServerProblem,
    },
    /// The vault refuses.
    #[error("vault")]
    Vault {
        /// Why.
        problem: VaultProblem,
    },
    /// The store refuses.
    #[error("storage")]
    Storage {
        /// Why.
        problem: StorageProblem,
    },
}

/// What stopped a call.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum StopReason {
    /// A [`CancelToken`](crate::CancelToken).
    Cancelled,
    /// The core was shut down.
    Closed,
    /// A defect of this program. The core goes on working; the call may be tried again.
    Defect {
        /// File and line in the source, when known.
        place: Option<String>,
    },
}

/// Something that does not make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Misuse {
    /// An account with this address exists.
    AccountExists,
    /// More than a mail may hold.
    TooLarge,
    /// No account, or several and none named.
    WhichAccount,
    /// Not unlocked yet.
    Locked,
    /// Certificates of people are not known; `Composer.recipients` says whose.
    NoCertificate {
        /// Of so many.
        people: u64,
    },
    /// A mail needs somebody in To.
    NoRecipient,
    /// A person can't be in two roles.
    NamedTwice,
    /// The approval can't be decided by this account now.
    NotDecidable {
        /// Why.
        why: DecisionProblem,
    },
    /// The own code was scanned.
    OwnCode,
    /// The request can't be made this way.
    Request {
        /// Why.
        why: RequestProblem,
    },
    /// The deadline is not RFC 3339.
    Deadline,
    /// A date in a search can't be read.
    SearchDate,
    /// What came encrypted is not answered in clear.
    AnswerInClear,
    /// The mail is in no state to be sent again or thrown away.
    NothingToRetry,
}

/// Why a request can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum RequestProblem {
    /// A stage without approvers, a person in two stages, or more approvals wanted than there are people.
    Route,
    /// A participant without certificate.
    NoCertificate,
    /// The timestamp authority's URL.
    TimestampAuthority,
    /// A name, subject or file name has line breaks or control characters, or is too long.
    Line,
    /// A text has control characters or the code of a request, or is too long.
    Text,
    /// More people, stages or documents than are allowed.
    Limit,
    /// The request does not allow this now.
    NotNow,
    /// What should be relayed is no event.
    NotAnEvent,
}

/// Why the store refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum StorageProblem {
    /// Sealed with another key.
    WrongKey,
    /// Changed or damaged.
    Damaged,
    /// Another core has the folder.
    InUse,
    /// No space left.
    DiskFull,
    /// Another failure of the file system.
    Io,
    /// Written by a newer version.
    NewerFormat {
        /// Its format.
        format: u32,
    },
}

mirror! {
    both
    /// Why a vault refuses.
    VaultProblem = client::ports::VaultError {
        /// The person cancelled.
        Cancelled,
        /// Locked, or the passphrase is wrong.
        Locked,
        /// The key is gone for good (new biometrics, reset).
        KeyInvalidated,
        /// The device has no finger, face or PIN set up.
        NotEnrolled,
        /// There is no such key.
        NoSuchKey,
        /// What should be unwrapped was changed or sealed by another key.
        Damaged,
        /// The vault can't be reached or written.
        Unavailable,
    }
}

mirror! {
    both
    /// What could not be read.
    UnreadableThing = client::Unreadable {
        /// A file.
        File,
        /// A mail address.
        Address,
        /// A certificate file.
        Certificate,
        /// A private key file.
        PrivateKey,
        /// A picture or frame: damaged, or no QR code in it.
        NoQrCode,
        /// A QR code of something else.
        ForeignQrCode,
        /// A Countersign code that is damaged or of a newer version.
        DamagedQrCode,
        /// A mail over a limit.
        Mail,
        /// A name, subject or file name with control characters.
        HeaderValue,
    }
}

mirror! {
    both
    /// Things that may be missing.
    Thing = client::Thing {
        /// An account.
        Account,
        /// A mail.
        Mail,
        /// The content of a mail that was too large to be fetched.
        Content,
        /// A part of a mail.
        Part,
        /// An approval.
        Approval,
        /// A contact.
        Contact,
    }
}

mirror! {
    both
    /// Why a request can't be decided here and now.
    DecisionProblem = client::NotDecidable {
        /// Not an approver of the open stage.
        NotYourTurn,
        /// Its requester is a stranger, or merely first seen.
        UnknownRequester,
        /// Ended.
        Ended,
        /// Decided already by this account.
        Decided,
        /// Another event was made or came while this one was being signed.
        ChangedMeanwhile,
        /// The participants may have been shown different requests, or a stated result is wrong.
        Doubtful,
        /// Its text and its data differ, or it is malformed.
        Undecidable,
    }
}

mirror! {
    both
    /// What happened on the network.
    NetworkProblem = client::NetworkProblem {
        /// Name look-up failed.
        UnknownHost,
        /// Nobody listens.
        Refused,
        /// Cut.
        Cut,
        /// No answer in time.
        Timeout,
        /// The core works offline.
        Offline,
    }
}

mirror! {
    both
    /// What is wrong with a server's certificate.
    CertificateProblem = client::CertificateProblem {
        /// No trusted CA signed it.
        UnknownAuthority,
        /// For another host.
        WrongName,
        /// Ended or not begun.
        Expired,
        /// Anything else, or no TLS at all on this port.
        Handshake,
    }
}

mirror! {
    both
    /// What a server did.
    ServerProblem = client::ServerProblem {
        /// NO, BAD, 5xx.
        Refused,
        /// 4xx.
        NotNow,
        /// Nonsense.
        Protocol,
        /// It does not offer TLS.
        NoTls,
        /// Over a limit.
        TooMuch,
        /// The mailbox is full.
        OverQuota,
        /// Too many connections or commands in a short time.
        Throttled,
        /// No way to log in that is known and safe.
        NoLogin,
        /// It did not prove that it knows the password.
        NotProven,
    }
}

impl From<client::CoreError> for CoreError {
    fn from(error: client::CoreError) -> Self {
        use client::CoreError as Client;
        match error {
            Client::Cancelled => CoreError::Stopped { reason: StopReason::Cancelled },
            Client::WrongUse(problem) => from_wrong_use(problem),
            Client::Unreadable(what) => CoreError::Unreadable { what: what.into() },
            Client::NotFound(thing) => CoreError::NotFound { thing: thing.into() },
            Client::Network { host, problem } => CoreError::Network { host, problem: problem.into() },
            Client::CertificateUntrusted { host, problem } => {
                CoreError::CertificateUntrusted { host, problem: problem.into() }
            }
            Client::LoginRefused { host } => CoreError::LoginRefused { host },
            Client::Server { host, problem } => CoreError::Server { host, problem: problem.into() },
            Client::Vault(problem) => CoreError::Vault { problem: problem.into() },
            Client::Store(problem) => CoreError::Storage { problem: problem.into() },
        }
    }
}

fn from_wrong_use(problem: client::WrongUse) -> CoreError {
    use client::WrongUse as Client;
    let problem = match problem {
        Client::Closed => return CoreError::Stopped { reason: StopReason::Closed },
        Client::AccountExists => Misuse::AccountExists,
        Client::TooLarge => Misuse::TooLarge,
        Client::WhichAccount => Misuse::WhichAccount,
        Client::Locked => Misuse::Locked,
        Client::NoCertificate(people) => {
            Misuse::NoCertificate { people: crate::mirror::octets(people.len()) }
        }
        Client::NoRecipient => Misuse::NoRecipient,
        Client::NamedTwice(_) => Misuse::NamedTwice,
        Client::NotDecidable(why) => Misuse::NotDecidable { why: why.into() },
        Client::OwnCode => Misuse::OwnCode,
        Client::Approval(why) => Misuse::Request { why: why.into() },
        Client::Deadline => Misuse::Deadline,
        Client::SearchDate => Misuse::SearchDate,
        Client::AnswerInClear => Misuse::AnswerInClear,
        Client::NothingToRetry => Misuse::NothingToRetry,
    };
    CoreError::WrongUse { problem }
}

fn wrong_use(problem: Misuse) -> Option<client::WrongUse> {
    use client::WrongUse as Client;
    Some(match problem {
        Misuse::AccountExists => Client::AccountExists,
        Misuse::TooLarge => Client::TooLarge,
        Misuse::Locked => Client::Locked,
        Misuse::NoRecipient => Client::NoRecipient,
        Misuse::NotDecidable { why } => Client::NotDecidable(why.into()),
        Misuse::OwnCode => Client::OwnCode,
        Misuse::AnswerInClear => Client::AnswerInClear,
        Misuse::Request { why: RequestProblem::Line | RequestProblem::Text } => {
            Client::Approval(client::BuildError::Text)
        }
        Misuse::WhichAccount
        | Misuse::NoCertificate { .. }
        | Misuse::NamedTwice
        | Misuse::Request { .. }
        | Misuse::Deadline
        | Misuse::SearchDate
        | Misuse::NothingToRetry => return None,
    })
}

impl From<client::BuildError> for RequestProblem {
    fn from(error: client::BuildError) -> Self {
        use client::BuildError as Client;
        match error {
            Client::Route => RequestProblem::Route,
            Client::NoCertificate(_) => RequestProblem::NoCertificate,
            Client::TimestampAuthority => RequestProblem::TimestampAuthority,
            Client::Line => RequestProblem::Line,
            Client::Text => RequestProblem::Text,
            Client::Limit(_) => RequestProblem::Limit,
            Client::NotNow => RequestProblem::NotNow,
            Client::NotAnEvent => RequestProblem::NotAnEvent,
        }
    }
}

impl From<StoreError> for StorageProblem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::WrongKey => StorageProblem::WrongKey,
            StoreError::Damaged(_) => StorageProblem::Damaged,
            StoreError::InUse => StorageProblem::InUse,
            StoreError::DiskFull => StorageProblem::DiskFull,
            StoreError::Io(_) => StorageProblem::Io,
            StoreError::NewerFormat(format) => StorageProblem::NewerFormat { format },
        }
    }
}

/// What a person is told of an error; nothing of one that is the person's own wish, or the app's fault.
#[uniffi::export]
pub fn fault_text(error: CoreError) -> Option<Text> {
    client::view::fault_text(&error.as_client()?).convert()
}

impl CoreError {
    /// The client's error, as far as its words depend on it; nothing for what only says that the app has a fault, or names
    /// people, whom errors of this interface do not know.
    pub(crate) fn as_client(&self) -> Option<client::CoreError> {
        use client::CoreError as Client;
        Some(match self.clone() {
            CoreError::Stopped { reason: StopReason::Cancelled } => Client::Cancelled,
            CoreError::Stopped { .. } => return None,
            CoreError::WrongUse { problem } => Client::WrongUse(wrong_use(problem)?),
            CoreError::Unreadable { what } => Client::Unreadable(what.into()),
            CoreError::NotFound { thing } => Client::NotFound(thing.into()),
            CoreError::Network { host, problem } => Client::Network { host, problem: problem.into() },
            CoreError::CertificateUntrusted { host, problem } => {
                Client::CertificateUntrusted { host, problem: problem.into() }
            }
            CoreError::LoginRefused { host } => Client::LoginRefused { host },
            CoreError::Server { host, problem } => Client::Server { host, problem: problem.into() },
            CoreError::Vault { problem } => Client::Vault(problem.into()),
            CoreError::Storage { problem: StorageProblem::DiskFull } => Client::Store(StoreError::DiskFull),
            // Every other failure of the store has the same words.
            CoreError::Storage { .. } => Client::Store(StoreError::WrongKey),
        })
    }

    pub(crate) fn defect(place: Option<String>) -> Self {
        CoreError::Stopped { reason: StopReason::Defect { place } }
    }

    /// For the log.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            CoreError::Stopped { reason: StopReason::Cancelled } => "cancelled",
            CoreError::Stopped { reason: StopReason::Closed } => "closed",
            CoreError::Stopped { reason: StopReason::Defect { .. } } => "defect",
            CoreError::WrongUse { .. } => "wrong_use",
            CoreError::Unreadable { .. } => "unreadable_input",
            CoreError::NotFound { .. } => "not_found",
            CoreError::Network { .. } => "network",
            CoreError::CertificateUntrusted { .. } => "certificate_untrusted",
            CoreError::LoginRefused { .. } => "login_refused",
            CoreError::Server { .. } => "server",
            CoreError::Vault { .. } => "vault",
            CoreError::Storage { .. } => "storage",
        }
    }

    pub(crate) fn level(&self) -> LogLevel {
        match self {
            CoreError::Stopped { reason: StopReason::Defect { .. } } => LogLevel::Error,
            CoreError::Stopped { .. } | CoreError::Network { .. } => LogLevel::Info,
            CoreError::Vault { problem: VaultProblem::Cancelled } => LogLevel::Info,
            _ => LogLevel::Warning,
        }
    }
}

/// An address as a caller wrote it.
pub(crate) fn address(text: &str) -> Result<client::EmailAddress, CoreError> {
    text.trim().parse().map_err(|_| CoreError::Unreadable { what: UnreadableThing::Address })
}

pub(crate) fn addresses(texts: &[String]) -> Result<Vec<client::EmailAddress>, CoreError> {
    texts.iter().map(|text| address(text)).collect()
}

#[cfg(test)]
mod tests;
