//! Approvals and their evidence.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::streams::path;

#[derive(Debug, Subcommand)]
pub(crate) enum ApprovalCommand {
    /// Ask for an approval: To decides (in order), Cc is informed
    Request(RequestArgs),
    /// List approvals
    List,
    /// Show an approval: who decided what and when
    Show {
        /// Id, its beginning, or code
        id: String,
    },
    /// Write a document of a request to a file
    Document {
        /// Id, its beginning, or code
        id: String,
        /// Number from `approval show`
        number: usize,
        /// Where to; `-` is standard output
        #[arg(value_parser = path(), long, value_name = "F")]
        out: PathBuf,
    },
    /// Approve
    Approve(DecideArgs),
    /// Reject
    Reject(DecideArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RequestArgs {
    /// Who decides; may be given several times, they decide in this order
    #[arg(long, required = true, value_name = "ADDRESS")]
    pub(crate) to: Vec<String>,
    /// Who is informed
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) cc: Vec<String>,
    /// One line
    #[arg(long)]
    pub(crate) subject: String,
    /// Your words; `-` reads them from standard input
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) text: String,
    /// Document; may be given several times
    #[arg(value_parser = path(), long, value_name = "FILE")]
    pub(crate) attach: Vec<PathBuf>,
    /// All of To decide, in any order
    #[arg(long, conflicts_with_all = ["any", "at_least"])]
    pub(crate) all: bool,
    /// The first decision of anybody in To decides
    #[arg(long, conflicts_with = "at_least")]
    pub(crate) any: bool,
    /// So many of To must approve
    #[arg(long, value_name = "N")]
    pub(crate) at_least: Option<u32>,
    /// Shown to everybody (RFC 3339); decides nothing
    #[arg(long, value_name = "TIME")]
    pub(crate) deadline: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DecideArgs {
    /// Id, its beginning, or code
    pub(crate) id: String,
    /// Your words
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) comment: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Write a folder that a third party checks with OpenSSL alone
    Export {
        /// Id of the approval, its beginning, or code
        id: String,
        /// New folder
        #[arg(value_parser = path(), long, value_name = "DIR")]
        out: PathBuf,
    },
}
