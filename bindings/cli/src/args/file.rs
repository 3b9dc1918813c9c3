//! What judges or shows one file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::shared::{StatusArgs, TrustArgs, WhenArgs};

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Mail in a file (as on the server), or the CMS message of one in DER or PEM; `-` is standard input. For signed or
    /// encrypted files that are no mail there is `countersign smime`
    pub(crate) mail: PathBuf,
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Key to decrypt with: PKCS#12, or PEM with certificate(s) and private key; behind the colon a file with the
    /// password. May be given several times
    #[arg(long, value_name = "FILE[:PASSFILE]")]
    pub(crate) key: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) when: WhenArgs,
    /// Exit with 1 unless the mail is so; may be given several times
    #[arg(long, value_enum)]
    pub(crate) require: Vec<Requirement>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Requirement {
    /// It carries a signature, whatever that is worth
    Signed,
    /// It was encrypted, --key opens it, and nobody changed it on the way
    Encrypted,
    /// Its signature is valid
    Valid,
}

#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// Certificate in a file (PEM or DER); of several the first is judged and the others help
    pub(crate) leaf: PathBuf,
    /// Trusted certificates (PEM or DER)
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates that help building paths, or signed the lists
    #[arg(long, value_name = "PEM")]
    pub(crate) untrusted: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) status: StatusArgs,
    #[command(flatten)]
    pub(crate) when: WhenArgs,
    /// What the certificate is for
    #[arg(long, value_enum, default_value_t = PurposeArg::Email)]
    pub(crate) purpose: PurposeArg,
    /// Acceptable certificate policy; may be given several times [default: any]
    #[arg(long, value_name = "OID")]
    pub(crate) policy: Vec<String>,
    /// An acceptable policy must hold for the whole path
    #[arg(long)]
    pub(crate) explicit_policy: bool,
    /// anyPolicy in a certificate does not count
    #[arg(long)]
    pub(crate) inhibit_any: bool,
    /// Policy mappings of CAs do not count
    #[arg(long)]
    pub(crate) inhibit_mapping: bool,
    /// With --crl or --ocsp: an unknown status is shown, and is no fault
    #[arg(long, conflicts_with = "require_status")]
    pub(crate) allow_unknown: bool,
    /// Every certificate of the path must have a known status
    #[arg(long)]
    pub(crate) require_status: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PurposeArg {
    /// Signing or encrypting mail
    Email,
    /// Usages are not looked at
    Any,
}

#[derive(Debug, Args)]
pub(crate) struct MimeArgs {
    /// The mail; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) mail: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CertArgs {
    /// Certificate file: PEM, DER or PKCS#7 (.p7c, .p7b); `-` is standard input
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct P12Args {
    /// PKCS#12 file; `-` is standard input
    pub(crate) file: PathBuf,
    /// File with the password; without it the empty password is tried, then you are asked
    #[arg(long, value_name = "F")]
    pub(crate) password_file: Option<PathBuf>,
}
