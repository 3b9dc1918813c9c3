//! Signing, encrypting, decrypting and verifying files.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::shared::{AgainstArgs, SignatureArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum SmimeCommand {
    /// Sign a file
    Sign(SmimeSignArgs),
    /// Encrypt a file, signed first when --signer is given
    Encrypt(SmimeEncryptArgs),
    /// Decrypt a file; nothing is written before the message was checked to its end
    Decrypt(SmimeDecryptArgs),
    /// Verify a signed file; what it signs is written only when everything holds
    Verify(SmimeVerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SmimeSignArgs {
    /// File to sign; `-` is standard input
    #[arg(long, value_name = "F")]
    pub(crate) r#in: PathBuf,
    /// Signed message; `-` is standard output
    #[arg(long, value_name = "F")]
    pub(crate) out: PathBuf,
    /// Signer's key: PKCS#12, or PEM with certificate and private key; behind the colon a file with the password. May be
    /// given several times
    #[arg(long, required = true, value_name = "FILE[:PASSFILE]", alias = "key")]
    pub(crate) signer: Vec<PathBuf>,
    /// Further certificates to carry (PEM or DER)
    #[arg(long, value_name = "PEM")]
    pub(crate) certificate: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signature: SignatureArgs,
    /// Leave the content out; with `--form mime` it stands beside the signature (multipart/signed)
    #[arg(long)]
    pub(crate) detached: bool,
    /// Form of the message
    #[arg(long, value_enum, default_value_t = FormArg::Der)]
    pub(crate) form: FormArg,
}

#[derive(Debug, Args)]
pub(crate) struct SmimeEncryptArgs {
    /// File to encrypt; `-` is standard input
    #[arg(long, value_name = "F")]
    pub(crate) r#in: PathBuf,
    /// Encrypted message; `-` is standard output
    #[arg(long, value_name = "F")]
    pub(crate) out: PathBuf,
    /// Certificates of a recipient (PEM or DER); may be given several times
    #[arg(long, required = true, value_name = "PEM")]
    pub(crate) to: Vec<PathBuf>,
    /// Sign first, with this key: PKCS#12, or PEM with certificate and private key; behind the colon a file with the
    /// password. May be given several times
    #[arg(long, value_name = "FILE[:PASSFILE]", alias = "key")]
    pub(crate) signer: Vec<PathBuf>,
    /// Further certificates to carry in the signature (PEM or DER)
    #[arg(long, value_name = "PEM", requires = "signer")]
    pub(crate) certificate: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) signature: SignatureArgs,
    /// Content cipher; CBC is for old readers and protects nothing against changes
    #[arg(long, value_enum, default_value_t = CipherArg::Aes256Gcm)]
    pub(crate) cipher: CipherArg,
    /// How recipients with RSA keys get the content key
    #[arg(long, value_enum, default_value_t = RsaArg::Oaep)]
    pub(crate) rsa: RsaArg,
    /// Form of the message
    #[arg(long, value_enum, default_value_t = FormArg::Der)]
    pub(crate) form: FormArg,
}

#[derive(Debug, Args)]
pub(crate) struct SmimeDecryptArgs {
    /// Encrypted message (DER, PEM or MIME); `-` is standard input
    #[arg(long, value_name = "F")]
    pub(crate) r#in: PathBuf,
    /// Content; `-` is standard output
    #[arg(long, value_name = "F")]
    pub(crate) out: PathBuf,
    /// Key to decrypt with: PKCS#12, or PEM with certificate(s) and private key; behind the colon a file with the
    /// password. May be given several times
    #[arg(long, required = true, value_name = "FILE[:PASSFILE]")]
    pub(crate) key: Vec<PathBuf>,
    /// The content is a signed message: verify it, and write what it signs. --trust and the other options of judging
    /// are for this
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) against: AgainstArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SmimeVerifyArgs {
    /// Signed message (DER, PEM or MIME); `-` is standard input
    #[arg(long, value_name = "F")]
    pub(crate) r#in: PathBuf,
    /// Where the signed content goes; `-` is standard output
    #[arg(long, value_name = "F", conflicts_with = "content")]
    pub(crate) out: Option<PathBuf>,
    /// Content of a detached signature
    #[arg(long, value_name = "F")]
    pub(crate) content: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) against: AgainstArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormArg {
    /// Binary, like `openssl cms -outform DER`
    Der,
    /// Between BEGIN CMS and END CMS
    Pem,
    /// A mail body in base64
    Mime,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CipherArg {
    /// AES-256-GCM
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
    /// AES-128-GCM
    #[value(name = "aes-128-gcm")]
    Aes128Gcm,
    /// AES-256-CBC
    #[value(name = "aes-256-cbc")]
    Aes256Cbc,
    /// AES-128-CBC
    #[value(name = "aes-128-cbc")]
    Aes128Cbc,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DigestArg {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum RsaArg {
    /// RSAES-OAEP with SHA-256
    Oaep,
    /// RSAES-PKCS1-v1_5, for old readers
    Pkcs1,
}
