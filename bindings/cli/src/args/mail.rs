//! Mail of an account.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::streams::path;

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// List mail, folder by folder, oldest first
    List {
        /// Only this folder
        #[arg(long, value_enum)]
        folder: Option<FolderArg>,
        /// A line for each conversation with mail in the inbox, newest first
        #[arg(long, conflicts_with = "folder")]
        conversations: bool,
    },
    /// List the folders, with how many mails lie in each and how many are unread
    Folders,
    /// Find mail, newest first; works offline
    Search {
        /// Words, "a phrase", a begin*, from: to: subject: has:attachment in:sent before:2026-01-31 after:2026
        query: String,
        /// At most so many mails
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show a mail with its verdict
    Read {
        /// Id from `mail list`, like inbox.12
        id: String,
    },
    /// Show a whole conversation, oldest mail first; of more than 100 mails those not vouched for are left out first, then the
    /// oldest
    Conversation {
        /// Id of one of its mails, like inbox.12
        id: String,
    },
    /// Mark mails; the server hears of it with the next `sync`
    Mark {
        /// How
        #[arg(long = "as", value_enum, value_name = "MARK")]
        mark: MarkArg,
        /// Ids from `mail list`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Move mails to another folder; the server hears of it with the next `sync`
    Move {
        /// Where to
        #[arg(long, value_enum, value_name = "FOLDER")]
        to: PlaceArg,
        /// Ids from `mail list`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Move mails to the trash; what lies there is removed for good
    Delete {
        /// Ids from `mail list`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Send an encrypted, signed mail
    Send(SendArgs),
    /// Answer a mail, in its conversation; encrypted if the mail was
    Reply(ReplyArgs),
    /// Mail that is being written: kept sealed here, and encrypted to yourself on the server
    #[command(subcommand)]
    Draft(DraftCommand),
    /// Save an attachment
    Attachment {
        /// Id from `mail list`
        id: String,
        /// Part number from `mail read`
        part: String,
        /// Where to; `-` is standard output
        #[arg(value_parser = path(), long, value_name = "F")]
        out: PathBuf,
    },
    /// Save a mail as received, still encrypted
    Export {
        /// Id from `mail list`
        id: String,
        /// Where to; `-` is standard output
        #[arg(value_parser = path(), long, value_name = "F")]
        out: PathBuf,
    },
    /// Show mail that is not sent yet
    Outbox,
    /// Take a mail back that no server took, held back or not, with its blind copies: it is a draft again
    Undo {
        /// Number from `mail outbox`
        number: u64,
    },
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
    /// Mail that is done with
    Archive,
    /// Spam
    Junk,
    /// Deleted mail
    Trash,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MarkArg {
    /// Read
    Read,
    /// Not read
    Unread,
    /// With a star
    Starred,
    /// Without a star
    Unstarred,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PlaceArg {
    /// Where new mail is
    Inbox,
    /// Mail that is done with
    Archive,
    /// Spam
    Junk,
}

/// What every mail that is written may have.
#[derive(Debug, Args)]
pub(crate) struct ContentArgs {
    /// Recipient of a copy; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) cc: Vec<String>,
    /// Recipient of whom the others see nothing; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) bcc: Vec<String>,
    /// Text; `-` reads it from standard input
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) text: String,
    /// File to attach; may be given several times
    #[arg(value_parser = path(), long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// Sign but do not encrypt: for people without a certificate; never as an answer to encrypted mail
    #[arg(long)]
    pub(crate) signed_only: bool,
}

/// How long a mail can be taken back.
#[derive(Debug, Args)]
pub(crate) struct HoldArgs {
    /// Hold the mail back for 1 to 3600 seconds, so that `mail undo` can take it back; `watch` or the next `sync` sends it then
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub(crate) hold: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// Recipient; may be given several times
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// Subject (encrypted with the rest)
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SUBJECT")]
    pub(crate) subject: String,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) hold: HoldArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReplyArgs {
    /// Id of the mail, from `mail list`
    pub(crate) id: String,
    /// To everybody whom the mail names, not only to who wrote it
    #[arg(long)]
    pub(crate) all: bool,
    /// To these instead; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// Another subject than that of the mail
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
    #[command(flatten)]
    pub(crate) hold: HoldArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DraftCommand {
    /// Keep a new draft, or put it in the place of another
    Save(DraftArgs),
    /// List drafts
    List,
    /// Show a draft
    Show {
        /// Number from `mail draft list`
        number: u64,
    },
    /// Send a draft
    Send {
        /// Number from `mail draft list`
        number: u64,
        /// If somebody's certificate is missing: as soon as all are met, or certified by the organisation or a public CA
        #[arg(long)]
        when_known: bool,
    },
    /// Throw a draft away
    Discard {
        /// Number from `mail draft list`
        number: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DraftArgs {
    /// In the place of this draft: its number from `mail draft list`
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<u64>,
    /// It answers this mail: an id from `mail list`; recipient and subject come from there when none are given. With --number
    /// and without this it stays the answer that it was
    #[arg(long, value_name = "ID")]
    pub(crate) answer: Option<String>,
    /// Recipient; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// Subject
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,
    #[command(flatten)]
    pub(crate) content: ContentArgs,
}
