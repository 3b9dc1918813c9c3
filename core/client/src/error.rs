//! The errors that callers see: few, structured, without personal data and without text to branch on.

use engine::ports::{StoreError, VaultError};

/// Why a call failed. Nothing was half done: what was accepted before is in the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// The caller asked for something that makes no sense.
    #[error("{0}")]
    WrongUse(WrongUse),
    /// A file or picture that was handed in can't be read as what it should be.
    #[error("{0}")]
    Unreadable(Unreadable),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(Thing),
    /// The network or the server's host can't be reached, or the connection was cut.
    #[error(
        "{host} can't be reached: {problem}; check the host name, the port and the connection, then try again"
    )]
    Network {
        /// Host and port as configured.
        host: String,
        /// What happened.
        problem: NetworkProblem,
    },
    /// TLS failed: the server's certificate is not trusted.
    #[error(
        "the certificate of {host} is not trusted: {problem}; if the server uses a private CA, give its certificate with --ca"
    )]
    CertificateUntrusted {
        /// Host and port as configured.
        host: String,
        /// What is wrong.
        problem: CertificateProblem,
    },
    /// User name or password are wrong.
    #[error("{host} refused the user name or password; check the password file")]
    LoginRefused {
        /// Host and port as configured.
        host: String,
    },
    /// The server answered, but not what the protocol allows, or NO.
    #[error("{host} {problem}")]
    Server {
        /// Host and port as configured.
        host: String,
        /// What happened.
        problem: ServerProblem,
    },
    /// The vault refuses.
    #[error("{0}")]
    Vault(VaultError),
    /// The store refuses.
    #[error("{0}")]
    Store(StoreError),
    /// The task was cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// Something that does not make sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongUse {
    /// An account with this address exists.
    #[error("this account exists already")]
    AccountExists,
    /// No account, or several and none named.
    #[error("name the account: there is none, or more than one")]
    WhichAccount,
    /// The core was closed.
    #[error("the core is closed")]
    Closed,
    /// Not unlocked yet.
    #[error("the core is locked: unlock it first")]
    Locked,
    /// These people's certificates are not known.
    #[error("no certificate of {} is known: meet by QR code, scan a card, or ask for a signed mail", .0.join(", "))]
    NoCertificate(Vec<String>),
    /// More than a mail may hold.
    #[error("this is too large for a mail: attach at most about 32 MiB in all")]
    TooLarge,
    /// A mail needs somebody in To.
    #[error("name at least one recipient")]
    NoRecipient,
    /// A person can't be in two roles.
    #[error("{0} is named twice")]
    NamedTwice(String),
    /// An approval can't be decided by this account now.
    #[error("this request can't be decided: {0}")]
    NotDecidable(NotDecidable),
    /// The own address was scanned.
    #[error("this is your own code")]
    OwnCode,
    /// The request can't be made this way.
    #[error("{0}")]
    Approval(engine::approval::BuildError),
    /// Not a time.
    #[error("the deadline is not a time (expected RFC 3339, like 2026-12-01T18:00:00+08:00)")]
    Deadline,
    /// A date in a search can't be read.
    #[error("{}", engine::search::DateProblem)]
    SearchDate,
    /// What came encrypted is not answered in clear.
    #[error("this mail came encrypted, and so must its answer be")]
    AnswerInClear,
    /// The mail is in no state to be sent again, thrown away or taken back.
    #[error("this mail is not waiting for you")]
    NothingToRetry,
}

/// Why a request can't be decided here and now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDecidable {
    /// Not an approver of the open stage.
    #[error("it is not your turn")]
    NotYourTurn,
    /// Its requester is a stranger, or merely first seen (approval rule 14).
    #[error("its requester is not known well enough: meet by QR code first")]
    UnknownRequester,
    /// Ended.
    #[error("it has ended")]
    Ended,
    /// Decided already by this account.
    #[error("you have decided already")]
    Decided,
    /// Another event was made or came while this one was being signed.
    #[error("it changed while you were signing; look at it again")]
    ChangedMeanwhile,
    /// The participants may have been shown different requests, or a stated result is wrong (approval rules 7 and 12).
    #[error("the participants may have been shown different things: ask them before you decide")]
    Doubtful,
    /// Its text and its data differ, or it is malformed.
    #[error("its text does not fit what it asks for")]
    Undecidable,
}

/// What could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A file can't be opened.
    #[error("a file can't be read")]
    File,
    /// Not an e-mail address.
    #[error("this is not an e-mail address")]
    Address,
    /// Not a certificate file.
    #[error("this file holds no certificate")]
    Certificate,
    /// Not a private key file.
    #[error("this file holds no private key that can be used")]
    PrivateKey,
    /// Not a picture, or no QR code in it.
    #[error("no QR code can be read in this picture")]
    NoQrCode,
    /// A QR code of something else.
    #[error("this QR code is not a Countersign code")]
    ForeignQrCode,
    /// A Countersign code that is damaged or of a newer version.
    #[error("this Countersign code is damaged or of a newer version")]
    DamagedQrCode,
    /// A mail over a limit.
    #[error("this mail exceeds a limit of the MIME reader")]
    Mail,
    /// A header value holds control characters.
    #[error("a name, subject or file name holds characters that are not allowed")]
    HeaderValue,
}

/// Things that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Thing {
    /// An account.
    #[error("account; `countersign account add` adds one")]
    Account,
    /// A mail.
    #[error("mail; `countersign mail list` shows them")]
    Mail,
    /// The content of a mail that was too large to be fetched.
    #[error("content of this mail here: it is larger than the 64 MiB that are fetched")]
    Content,
    /// A part of a mail.
    #[error("part in this mail")]
    Part,
    /// An approval.
    #[error("approval; `countersign approval list` shows them")]
    Approval,
    /// A contact.
    #[error("contact; `countersign contact list` shows them")]
    Contact,
}

/// What happened on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkProblem {
    /// Name look-up failed.
    #[error("its name is not known")]
    UnknownHost,
    /// Nobody listens.
    #[error("it refuses the connection")]
    Refused,
    /// Cut.
    #[error("the connection was cut")]
    Cut,
    /// No answer in time.
    #[error("it does not answer")]
    Timeout,
    /// The home is used offline.
    #[error("working offline")]
    Offline,
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateProblem {
    /// No trusted CA signed it.
    #[error("it is signed by an unknown authority")]
    UnknownAuthority,
    /// For another host.
    #[error("it is for another host name")]
    WrongName,
    /// Ended or not begun.
    #[error("it is expired or not valid yet")]
    Expired,
    /// Anything else, or no TLS at all on this port.
    #[error("the encrypted connection can't be set up")]
    Handshake,
}

/// What a server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerProblem {
    /// NO, BAD, 5xx.
    #[error("refused the request")]
    Refused,
    /// 4xx.
    #[error("can't do it now; it will be tried again")]
    NotNow,
    /// Nonsense.
    #[error("answered something that is not understood")]
    Protocol,
    /// It does not offer TLS.
    #[error("does not offer an encrypted connection; nothing was sent")]
    NoTls,
    /// Over a limit.
    #[error("sent more than is accepted")]
    TooMuch,
    /// The mailbox is full (RFC 9208).
    #[error("has no room left in this mailbox; delete mail there, or ask for more room")]
    OverQuota,
    /// Too many connections or commands in a short time.
    #[error("asks for a pause: too much was asked of it in a short time; try again in some minutes")]
    Throttled,
    /// No way to log in that is known here and safe.
    #[error("offers no way to log in that can be used here")]
    NoLogin,
    /// It asked for a proof of the password and gave none of its own.
    #[error("could not prove that it knows your password; the log-in was broken off")]
    NotProven,
}

impl From<VaultError> for CoreError {
    fn from(error: VaultError) -> Self {
        CoreError::Vault(error)
    }
}

impl From<StoreError> for CoreError {
    fn from(error: StoreError) -> Self {
        CoreError::Store(error)
    }
}

impl CoreError {
    /// A stable code for scripts (`--json`).
    pub fn code(&self) -> &'static str {
        match self {
            CoreError::WrongUse(_) => "wrong_use",
            CoreError::Unreadable(_) => "unreadable_input",
            CoreError::NotFound(_) => "not_found",
            CoreError::Network { .. } => "network",
            CoreError::CertificateUntrusted { .. } => "certificate_untrusted",
            CoreError::LoginRefused { .. } => "login_refused",
            CoreError::Server { .. } => "server",
            CoreError::Vault(VaultError::Locked) => "locked",
            CoreError::Vault(_) => "vault",
            CoreError::Store(_) => "storage",
            CoreError::Cancelled => "cancelled",
        }
    }

    /// The exit code of the terminal program: 2 wrong use or unreadable input, 3 network or server, 4 key locked or missing.
    pub fn exit_code(&self) -> u8 {
        match self {
            CoreError::WrongUse(_)
            | CoreError::Unreadable(_)
            | CoreError::NotFound(_)
            | CoreError::Cancelled => 2,
            CoreError::Network { .. }
            | CoreError::CertificateUntrusted { .. }
            | CoreError::LoginRefused { .. }
            | CoreError::Server { .. } => 3,
            CoreError::Vault(_) | CoreError::Store(StoreError::WrongKey) => 4,
            CoreError::Store(_) => 2,
        }
    }
}
