//! Timestamps of files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::WhenArgs;

#[derive(Debug, Subcommand)]
pub(crate) enum TimestampCommand {
    /// Ask an authority for a timestamp of a file; only the file's hash is sent
    Stamp(StampArgs),
    /// Verify a timestamp of a file; no network
    Verify(VerifyTimestampArgs),
}

#[derive(Debug, Args)]
pub(crate) struct StampArgs {
    /// File to be time-stamped; `-` is standard input
    #[arg(long, value_name = "F")]
    pub(crate) r#in: PathBuf,
    /// Timestamp authority (RFC 3161), http or https
    #[arg(long)]
    pub(crate) url: String,
    /// Where the token goes, `-` is standard output; `openssl ts -verify -token_in` reads it
    #[arg(long, value_name = "T")]
    pub(crate) out: PathBuf,
    /// Policy of the authority to stamp under [default: what the authority chooses]
    #[arg(long, value_name = "OID")]
    pub(crate) policy: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyTimestampArgs {
    /// Token, or an authority's answer with one (DER or PEM)
    #[arg(long, value_name = "T")]
    pub(crate) token: PathBuf,
    /// File that was time-stamped; `-` is standard input
    #[arg(long, value_name = "F", required_unless_present = "digest")]
    pub(crate) r#in: Option<PathBuf>,
    /// Digest of the file in hexadecimal instead, by the algorithm that the token uses
    #[arg(long, value_name = "HEX", conflicts_with = "in")]
    pub(crate) digest: Option<String>,
    /// Certificates that the authority's lead to (PEM or DER); may be given several times
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates that help building paths
    #[arg(long, value_name = "PEM")]
    pub(crate) untrusted: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) when: WhenArgs,
}
