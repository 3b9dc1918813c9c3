//! Mail of an account.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// List mail, folder by folder, oldest first
    List {
        /// Only this folder
        #[arg(long, value_enum)]
        folder: Option<FolderArg>,
    },
    /// Show a mail with its verdict
    Read {
        /// Id from `mail list`, like inbox.12
        id: String,
    },
    /// Send an encrypted, signed mail
    Send(SendArgs),
    /// Save an attachment
    Attachment {
        /// Id from `mail list`
        id: String,
        /// Part number from `mail read`
        part: String,
        /// Where to; `-` is standard output
        #[arg(long, value_name = "F")]
        out: PathBuf,
    },
    /// Save a mail as received, still encrypted
    Export {
        /// Id from `mail list`
        id: String,
        /// Where to; `-` is standard output
        #[arg(long, value_name = "F")]
        out: PathBuf,
    },
    /// Show mail that is not sent yet
    Outbox,
    /// Throw a mail away that is not sent
    Discard {
        /// Number from `mail outbox`
        number: u64,
    },
    /// Send a mail again that is uncertain or was refused
    Retry {
        /// Number from `mail outbox`
        number: u64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FolderArg {
    /// Received mail
    Inbox,
    /// Sent mail
    Sent,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Recipient; may be given several times
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// Recipient of a copy; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) cc: Vec<String>,
    /// Subject (encrypted with the rest)
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) subject: String,
    /// Text; `-` reads it from standard input
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) text: String,
    /// File to attach; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// Sign but do not encrypt: for people without a certificate
    #[arg(long)]
    pub(crate) signed_only: bool,
}
