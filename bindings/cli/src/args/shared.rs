//! Options that several commands have.

use std::path::PathBuf;

use clap::Args;

use super::smime::DigestArg;

/// Against which certificates signatures are judged.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trusted certificates (PEM or DER), for signers and timestamp authorities
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates that help building paths
    #[arg(long, value_name = "PEM")]
    pub(crate) untrusted: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) status: StatusArgs,
}

/// Where the revocation status of certificates comes from, and the shipped roots.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Certificate revocation lists (PEM or DER), of all kinds
    #[arg(long, value_name = "F")]
    pub(crate) crl: Vec<PathBuf>,
    /// OCSP answer (DER)
    #[arg(long, value_name = "F")]
    pub(crate) ocsp: Vec<PathBuf>,
    /// Also trust the public CAs that Mozilla trusts for e-mail
    #[arg(long)]
    pub(crate) default_roots: bool,
}

/// Against what signatures are judged.
#[derive(Debug, Args)]
pub(crate) struct AgainstArgs {
    #[command(flatten)]
    pub(crate) trust: TrustArgs,
    /// Address that the signer's certificate must hold
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) when: WhenArgs,
}

/// When things are judged.
#[derive(Debug, Args)]
pub(crate) struct WhenArgs {
    /// Judge at this time instead of now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

/// How RSA keys sign.
#[derive(Debug, Args)]
pub(crate) struct SignatureArgs {
    /// Digest of signatures by RSA keys, sha256 by default; curves have their own
    #[arg(long, value_enum, requires = "signer")]
    pub(crate) digest: Option<DigestArg>,
    /// Sign with RSASSA-PSS where the key is RSA
    #[arg(long, requires = "signer")]
    pub(crate) pss: bool,
}
