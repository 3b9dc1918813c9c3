//! People.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::streams::path;

#[derive(Debug, Subcommand)]
pub(crate) enum ContactCommand {
    /// List people
    List,
    /// Show a person
    Show {
        /// Address
        address: String,
    },
    /// Meet in person: show your code, and read the other's
    Meet(MeetArgs),
    /// Read a printed card from a picture: first encrypted mail, never "met"
    Scan {
        /// PNG picture
        #[arg(value_parser = path())]
        picture: PathBuf,
    },
    /// Show your card, for print
    Card {
        /// Save the QR picture
        #[arg(value_parser = path(), long, value_name = "PNG")]
        png: Option<PathBuf>,
    },
    /// Forget a person
    Forget {
        /// Address
        address: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MeetArgs {
    /// Save your code as a picture
    #[arg(value_parser = path(), long, value_name = "PNG", conflicts_with_all = ["camera", "same_number", "replace"])]
    pub(crate) png: Option<PathBuf>,
    /// Read the other's code from a picture
    #[arg(value_parser = path(), long, value_name = "PNG")]
    pub(crate) camera: Option<PathBuf>,
    /// You compared the numbers with this person: they are the same
    #[arg(long, value_name = "ADDRESS", conflicts_with = "camera")]
    pub(crate) same_number: Option<String>,
    /// You agree that this person's known key is replaced by the one just met
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["camera", "same_number"])]
    pub(crate) replace: Option<String>,
}
