//! What goes wrong: one sentence on stderr and an exit code.

use std::path::Path;

use crate::streams::write_error;
use client::files::{
    DecryptError, EncryptError, FileError, OpenError, SealError, SignError, SignedDataError, VerifyError,
};
use client::timestamps::TimestampFailure;
use client::{CoreError, InspectError, KeyFileProblem, NetworkProblem, OAuthError, Thing, WrongUse};

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The core says so.
    Core(CoreError),
    /// A file of the command line can't be read.
    File { name: String, problem: std::io::ErrorKind },
    /// A file can't be written.
    Output { name: String, problem: std::io::ErrorKind },
    /// A file is not what it should be.
    Unreadable { name: String, what: String },
    /// A mail can't be read.
    Mail { name: String, error: InspectError },
    /// A key file is of no use, and how to give its password.
    KeyFile { name: String, error: KeyFileProblem, remedy: &'static str },
    /// A key file can't sign.
    NoSigner(String),
    /// Nothing was stamped or verified.
    Timestamp { name: String, error: TimestampFailure },
    /// An argument makes no sense.
    Argument(String),
    /// The keys can't be unlocked without a passphrase.
    NoPassphrase,
    /// What was checked does not hold; what, and why.
    DoesNotHold(String),
    /// A file was not signed, encrypted, decrypted or verified.
    Smime { files: Box<SmimeFiles>, error: FileError },
    /// The servers of an address were not found; why, and what to do.
    NoServers(String),
    /// There is no such thing; what, and where to look.
    NotFound(&'static str),
    /// A mail is safe in the outbox, but was not sent.
    NotSent { number: u64, cause: Option<CoreError> },
    /// A mail may or may not have been delivered.
    Uncertain { number: u64 },
    /// The server refused a mail for good.
    Refused { number: u64 },
    /// The server takes no mail as large as this.
    TooLarge { number: u64 },
    /// There is no network, as asked, and nothing to do without one.
    Offline,
    /// The browser or the provider refused a login.
    Login(OAuthError),
    /// The process that owned the home ended while it ran this command line.
    OwnerLost,
    /// The process that owns the home did not take this command line: nothing was done.
    NotHandedOver,
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        Failure::Core(error)
    }
}

/// Which files a call of `smime` is about.
#[derive(Debug, Default)]
pub(crate) struct SmimeFiles {
    pub(crate) input: String,
    pub(crate) output: String,
    /// What a detached signature signs.
    pub(crate) content: String,
    /// Key files of those who sign.
    pub(crate) signers: Vec<String>,
    /// For each recipient the file with his certificate.
    pub(crate) recipients: Vec<String>,
}

impl Failure {
    pub(crate) fn smime(files: SmimeFiles, error: FileError) -> Self {
        Failure::Smime { files: Box::new(files), error }
    }

    /// What the core does not find, in words that fit better than its own.
    pub(crate) fn instead(error: CoreError, thing: Thing, sentence: &'static str) -> Self {
        if error == CoreError::NotFound(thing) { Failure::NotFound(sentence) } else { error.into() }
    }

    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Failure::File { name: path.display().to_string(), problem: error.kind() }
    }

    pub(crate) fn output(path: &Path, error: &std::io::Error) -> Self {
        Failure::Output { name: path.display().to_string(), problem: error.kind() }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Core(error) => error.exit_code(),
            Failure::File { .. }
            | Failure::Output { .. }
            | Failure::Unreadable { .. }
            | Failure::Mail { .. }
            | Failure::NoSigner(_)
            | Failure::NotFound(_)
            | Failure::Argument(_) => 2,
            Failure::KeyFile { error, .. } => {
                if error.is_locked() {
                    4
                } else {
                    2
                }
            }
            Failure::Timestamp { error: TimestampFailure::Network(error), .. } => error.exit_code(),
            Failure::Timestamp { error: TimestampFailure::Answer(_), .. } | Failure::NoServers(_) => 3,
            Failure::Timestamp { .. } => 2,
            Failure::NoPassphrase => 4,
            Failure::DoesNotHold(_) => 1,
            Failure::Smime { error, .. } => match error {
                FileError::Open(OpenError::Decrypt(DecryptError::Failed)) => 1,
                FileError::Open(OpenError::Decrypt(DecryptError::NoKey)) => 4,
                _ => 2,
            },
            Failure::NotSent { .. }
            | Failure::Uncertain { .. }
            | Failure::Refused { .. }
            | Failure::TooLarge { .. }
            | Failure::Offline
            | Failure::Login(_)
            | Failure::OwnerLost
            | Failure::NotHandedOver => 3,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Failure::Core(error) => error.code(),
            Failure::File { .. }
            | Failure::Output { .. }
            | Failure::Unreadable { .. }
            | Failure::Mail { .. } => "unreadable_input",
            Failure::NotFound(_) | Failure::NoServers(_) => "not_found",
            Failure::Argument(_) | Failure::NoSigner(_) => "wrong_use",
            Failure::KeyFile { error, .. } => {
                if error.is_locked() {
                    "locked"
                } else {
                    "unreadable_input"
                }
            }
            Failure::Timestamp { error, .. } => match error {
                TimestampFailure::Network(error) => error.code(),
                TimestampFailure::Answer(_) => "server",
                TimestampFailure::Address(_) | TimestampFailure::Policy(_) => "wrong_use",
                _ => "unreadable_input",
            },
            Failure::NoPassphrase => "locked",
            Failure::DoesNotHold(_) => "does_not_hold",
            Failure::Smime { error, .. } => match error {
                FileError::Open(OpenError::Decrypt(DecryptError::Failed)) => "does_not_hold",
                FileError::Open(OpenError::Decrypt(DecryptError::NoKey)) => "no_key",
                FileError::Seal(_)
                | FileError::SameFile
                | FileError::NoOwnCertificate
                | FileError::NoRsaKey => "wrong_use",
                _ => "unreadable_input",
            },
            Failure::NotSent { .. } => "not_sent",
            Failure::Uncertain { .. } => "uncertain",
            Failure::Refused { .. } => "refused",
            Failure::TooLarge { .. } => "too_large",
            Failure::OwnerLost => "owner_lost",
            Failure::NotHandedOver => "not_handed_over",
            Failure::Offline => "network",
            Failure::Login(_) => "login_refused",
        }
    }

    /// Code and sentence.
    pub(crate) fn record(&self) -> serde_json::Value {
        serde_json::json!({ "code": self.code(), "message": self.message() })
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Core(CoreError::WrongUse(WrongUse::WhichAccount)) => {
                "there is no account, or more than one: add one, or name one with --account ADDRESS (see `countersign account \
                 list`)"
                    .to_owned()
            }
            Failure::Core(CoreError::WrongUse(WrongUse::AccountExists)) => {
                "this account exists already; --replace changes it and keeps its keys".to_owned()
            }
            Failure::Core(CoreError::NotFound(Thing::Approval)) => {
                "there is no such approval, or its id is cut so short that several begin so: see `countersign \
                 approval list`"
                    .to_owned()
            }
            Failure::Offline | Failure::Core(CoreError::Network { problem: NetworkProblem::Offline, .. }) => {
                "working offline, as asked: nothing was sent or fetched".to_owned()
            }
            Failure::Core(CoreError::NotFound(Thing::Part)) => {
                "there is no such part in this mail: see `countersign mail read`".to_owned()
            }
            Failure::Login(error) => error.to_string(),
            // An address of the web is that of a provider.
            Failure::Core(CoreError::LoginRefused { host }) if host.contains("://") => format!(
                "{host} says that the login has expired or was withdrawn: log in again with `countersign account add … --replace`"
            ),
            // An address of the web is that of a timestamp authority.
            Failure::Core(CoreError::CertificateUntrusted { host, problem }) if host.contains("://") => format!(
                "the timestamps or the connection of {host} are not trusted: {problem}; --timestamp-ca takes the \
                 certificate that its timestamps lead to, and https needs a public CA"
            ),
            Failure::Core(error) => error.to_string(),
            Failure::File { name, problem } => format!("{name}: {}", remedy(*problem)),
            Failure::Output { name, problem } => format!("{name}: {}", remedy_of_output(*problem)),
            Failure::Unreadable { name, what } => format!("{name}: there is {what} in this file"),
            Failure::Mail { name, error } => format!("{name}: {error}"),
            Failure::KeyFile { name, error, remedy } if error.needs_password() => {
                format!("{name}: {error}; give a file with it: {remedy}")
            }
            Failure::KeyFile { name, error, .. } => format!("{name}: {error}"),
            Failure::Timestamp { name, error } => match error {
                TimestampFailure::Input(error) => format!("{name}: {}", remedy(error.kind())),
                TimestampFailure::Network(CoreError::Network { problem: NetworkProblem::Offline, .. }) => {
                    "working offline, as asked: nothing was sent or fetched".to_owned()
                }
                TimestampFailure::NoToken | TimestampFailure::Refused { .. } => format!("{name}: {error}"),
                TimestampFailure::Network(CoreError::CertificateUntrusted { host, problem }) => format!(
                    "the certificate of {host} is not trusted: {problem}; an address with http:// does as well, for a \
                     timestamp is signed by itself"
                ),
                other => other.to_string(),
            },
            Failure::NoPassphrase => {
                "the keys are locked: give --passphrase-file, or run this on a terminal to be asked"
                    .to_owned()
            }
            Failure::NoSigner(name) => format!("{name}: {}", FileError::NoOwnCertificate),
            Failure::NotFound(sentence) => (*sentence).to_owned(),
            Failure::Argument(sentence) | Failure::DoesNotHold(sentence) | Failure::NoServers(sentence) => {
                sentence.clone()
            }
            Failure::Smime { files, error } => smime_message(files, error),
            Failure::NotSent { number, cause } => {
                let why = cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
                format!(
                    "saved as mail {number} in the outbox but not sent yet{why}; `countersign sync` tries again"
                )
            }
            Failure::Uncertain { number } => format!(
                "the connection was cut after mail {number} was handed over: it may have arrived and is not sent again by \
                 itself; `countersign mail retry {number}` does"
            ),
            Failure::Refused { number } => format!(
                "the server refused mail {number} or one of its recipients; `countersign mail retry {number}` tries again"
            ),
            Failure::OwnerLost => {
                "`countersign watch`, which runs the commands of this home, ended meanwhile: look what was done before you try again"
                    .to_owned()
            }
            Failure::NotHandedOver => {
                "`countersign watch`, which runs the commands of this home, did not take this one: nothing was done, try again"
                    .to_owned()
            }
            Failure::TooLarge { number } => format!(
                "mail {number} is larger than the server takes; throw it away with `countersign mail discard {number}` and send less at once"
            ),
        }
    }

    pub(crate) fn print(&self, json: bool) {
        if json {
            write_error(&serde_json::json!({ "error": self.record() }).to_string());
        } else {
            write_error(&format!("countersign: {}", self.message()));
        }
    }
}

/// What is wrong with an S/MIME file, and what to do.
fn smime_message(files: &SmimeFiles, error: &FileError) -> String {
    let input = &files.input;
    match error {
        FileError::Input(error) => format!("{input}: {}", remedy(error.kind())),
        FileError::Content(error) => format!("{}: {}", files.content, remedy(error.kind())),
        FileError::Output(error) => format!("{}: {}", files.output, remedy_of_output(error.kind())),
        FileError::SameFile => format!("{}: {error}", files.output),
        FileError::Open(OpenError::Decrypt(DecryptError::Failed)) => format!(
            "{input}: the message can't be decrypted: it is damaged or was made for another key; nothing was written"
        ),
        FileError::Open(OpenError::Decrypt(DecryptError::NoKey)) => {
            format!("{input}: the message is encrypted for other keys; give the right one with --key")
        }
        FileError::Open(OpenError::Decrypt(DecryptError::NotEncrypted)) => {
            format!("{input}: not an encrypted message; `countersign smime verify` reads signed ones")
        }
        FileError::Verify(VerifyError::Signed(SignedDataError::NotSignedData)) => {
            format!(
                "{input}: not a signed message; `countersign smime decrypt --verify` reads encrypted ones"
            )
        }
        FileError::Verify(VerifyError::Detached) => {
            format!("{input}: the signature is detached; give the file that it signs with --content")
        }
        FileError::Open(_) | FileError::Verify(_) => format!("{input}: {error}"),
        FileError::NoRsaKey => format!("{error}: leave out --digest and --pss"),
        FileError::Seal(SealError::Encrypt(EncryptError::UnusableKey(index))) => format!(
            "{}: the key of this certificate is for signing only, too short, or of an unknown kind: nobody can encrypt to it",
            files.recipients.get(*index).map_or("a recipient", String::as_str)
        ),
        FileError::Seal(SealError::Sign(SignError::WrongAlgorithm)) => format!(
            "{}: a key is too short for signing (RSA needs 2048 bits), or of a kind that does not sign",
            files.signers.join(", ")
        ),
        FileError::Material(_) | FileError::NoOwnCertificate | FileError::Seal(_) => error.to_string(),
    }
}

/// What is wrong with a file, and what to do.
fn remedy(problem: std::io::ErrorKind) -> String {
    use std::io::ErrorKind;
    match problem {
        ErrorKind::NotFound => "there is no such file; check the path".to_owned(),
        ErrorKind::PermissionDenied => "you may not read or write this; check its permissions".to_owned(),
        ErrorKind::IsADirectory => "this is a folder; name a file".to_owned(),
        ErrorKind::NotADirectory => "a part of this path is a file, not a folder; check the path".to_owned(),
        ErrorKind::StorageFull => "the disk is full; make room and try again".to_owned(),
        other => format!("it can't be read or written ({other})"),
    }
}

/// The same for a file that is to be written.
fn remedy_of_output(problem: std::io::ErrorKind) -> String {
    match problem {
        std::io::ErrorKind::NotFound => {
            "there is no such folder to write to; make it, or name another".to_owned()
        }
        other => remedy(other),
    }
}
