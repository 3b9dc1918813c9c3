//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// Approvals by end-to-end encrypted, signed, time-stamped mail, over the mailbox you have.
///
/// Exit codes: 0 done; 1 the thing checked does not hold; 2 wrong use or unreadable input; 3 network or server; 4 key
/// locked or missing.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Folder of accounts, keys and mail [default: $COUNTERSIGN_HOME, else ~/.local/share/countersign]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub(crate) home: Option<PathBuf>,
    /// File with the passphrase of the keys; without it you are asked
    #[arg(
        long,
        global = true,
        value_name = "F",
        env = "COUNTERSIGN_PASSPHRASE_FILE",
        hide_env_values = true,
        help_heading = GLOBAL
    )]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Which account, when there are several
    #[arg(long, global = true, value_name = "ADDRESS", help_heading = GLOBAL)]
    pub(crate) account: Option<String>,
    /// Print JSON
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Use no network: what is to be sent waits
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) offline: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add and list accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Fetch mail, go on with meetings and approvals, send what waits
    Sync,
    /// Read and send mail
    #[command(subcommand)]
    Mail(MailCommand),
    /// Your own keys and certificates
    #[command(subcommand)]
    Keys(KeysCommand),
    /// People: meet by QR code, scan cards, see whom you trust and why
    #[command(subcommand)]
    Contact(ContactCommand),
    /// Ask for approvals and give them
    #[command(subcommand)]
    Approval(ApprovalCommand),
    /// Export what proves an approval to others
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Judge one mail in a file: signature, encryption, timestamp; no network, no home
    Inspect(InspectArgs),
    /// Judge one certificate in a file: its path to a trusted one, and its revocation; no network, no home
    Chain(ChainArgs),
    /// Show the parts of one mail in a file, and what is wrong with it; no network, no home
    Mime(MimeArgs),
    /// Sign, encrypt, decrypt and verify files of any size; no network, no home
    #[command(subcommand)]
    Smime(SmimeCommand),
    /// Show certificates: addresses, key, validity, what they may be used for; no network, no home
    Cert(CertArgs),
    /// Show what a PKCS#12 file (.p12, .pfx) holds; no network, no home
    P12(P12Args),
    /// Have files time-stamped (RFC 3161), and verify timestamps; no home
    #[command(subcommand)]
    Timestamp(TimestampCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Add a mail account; keys and certificates are made at once
    Add(Box<AddArgs>),
    /// List accounts
    List,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Mail address
    pub(crate) address: String,
    /// Your name, as others see it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) name: String,
    /// IMAP server: HOST[:PORT], TLS from the start; starttls://HOST:PORT or port 143 for STARTTLS
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) imap: String,
    /// SMTP submission server: HOST[:PORT], TLS from the start; starttls://HOST:PORT or port 587 for STARTTLS
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) smtp: String,
    /// User name at the servers [default: the address]
    #[arg(long, value_name = "NAME")]
    pub(crate) login: Option<String>,
    /// File with the password of the mail account; without it you are asked
    #[arg(long, value_name = "F")]
    pub(crate) password_file: Option<PathBuf>,
    /// Certificate of a private CA that the servers use (PEM)
    #[arg(long, value_name = "PEM")]
    pub(crate) ca: Vec<PathBuf>,
    /// Certificate of your organisation's CA for people (PEM); never learnt from mail
    #[arg(long, value_name = "PEM")]
    pub(crate) organisation_ca: Vec<PathBuf>,
    /// Timestamp authority (RFC 3161)
    #[arg(long, value_name = "URL", requires = "timestamp_ca")]
    pub(crate) timestamp_url: Option<String>,
    /// Certificate that the authority's certificates lead to (PEM)
    #[arg(long, value_name = "PEM", requires = "timestamp_url")]
    pub(crate) timestamp_ca: Vec<PathBuf>,
    /// Change servers, password, name or authorities of an account that exists; its keys stay
    #[arg(long)]
    pub(crate) replace: bool,
    /// Language of the texts that others read
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LanguageArg {
    /// English
    En,
    /// Chinese
    Zh,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// List mail, oldest first
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
        /// Where to
        #[arg(long, value_name = "F")]
        out: PathBuf,
    },
    /// Save a mail as received, still encrypted
    Export {
        /// Id from `mail list`
        id: String,
        /// Where to
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

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List your keys
    List,
    /// Save the certificate of your personal root, for `openssl … -CAfile` or to import elsewhere
    Export {
        /// Where to (PEM)
        #[arg(long, value_name = "PEM")]
        root: PathBuf,
    },
}

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
        picture: PathBuf,
    },
    /// Show your card, for print
    Card {
        /// Save the QR picture
        #[arg(long, value_name = "PNG")]
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
    #[arg(long, value_name = "PNG", conflicts_with_all = ["camera", "same_number", "replace"])]
    pub(crate) png: Option<PathBuf>,
    /// Read the other's code from a picture
    #[arg(long, value_name = "PNG")]
    pub(crate) camera: Option<PathBuf>,
    /// You compared the numbers with this person: they are the same
    #[arg(long, value_name = "ADDRESS", conflicts_with = "camera")]
    pub(crate) same_number: Option<String>,
    /// You agree that this person's known key is replaced by the one just met
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["camera", "same_number"])]
    pub(crate) replace: Option<String>,
}

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
        /// Where to
        #[arg(long, value_name = "F")]
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
    #[arg(long, value_name = "FILE")]
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
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
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
    /// Where the token goes; `openssl ts -verify -token_in` reads it
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
    /// Judge at this time instead of now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Mail in a file (as on the server)
    pub(crate) mail: PathBuf,
    /// Trusted certificates (PEM or DER), for signers and timestamp authorities
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates that help building paths
    #[arg(long, value_name = "PEM")]
    pub(crate) untrusted: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) status: StatusArgs,
    /// Key to decrypt with: PKCS#12, or PEM with certificate(s) and private key; behind the colon a file with the
    /// password. May be given several times
    #[arg(long, value_name = "FILE[:PASSFILE]")]
    pub(crate) key: Vec<PathBuf>,
    /// Judge at this time instead of now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Exit with 1 unless the mail is so; may be given several times
    #[arg(long, value_enum)]
    pub(crate) require: Vec<Requirement>,
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
    /// Judge at this time instead of now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Requirement {
    /// It has a signature
    Signed,
    /// It was encrypted, and could be decrypted with integrity
    Encrypted,
    /// Its signature is valid
    Valid,
}

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
    /// Digest of signatures by RSA keys, sha256 by default; curves have their own
    #[arg(long, value_enum)]
    pub(crate) digest: Option<DigestArg>,
    /// Sign with RSASSA-PSS where the key is RSA
    #[arg(long)]
    pub(crate) pss: bool,
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
    /// Digest of signatures by RSA keys, sha256 by default; curves have their own
    #[arg(long, value_enum, requires = "signer")]
    pub(crate) digest: Option<DigestArg>,
    /// Sign with RSASSA-PSS where the key is RSA
    #[arg(long, requires = "signer")]
    pub(crate) pss: bool,
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
    /// The content is a signed message: verify it, and write what it signs
    #[arg(long, requires = "trust")]
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

/// Against what signatures are judged.
#[derive(Debug, Args)]
pub(crate) struct AgainstArgs {
    /// Trusted certificates (PEM or DER), for signers and timestamp authorities
    #[arg(long, value_name = "PEM")]
    pub(crate) trust: Vec<PathBuf>,
    /// Further certificates that help building paths
    #[arg(long, value_name = "PEM")]
    pub(crate) untrusted: Vec<PathBuf>,
    /// Address that the signer's certificate must hold
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,
    /// Judge at this time instead of now (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
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

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    /// The help of every command: a change of it is seen in review.
    #[test]
    fn help_texts() {
        fn collect(command: &mut clap::Command, text: &mut String) {
            let help = command.render_long_help();
            let name = command.get_bin_name().unwrap_or_default();
            text.push_str(&format!("$ {name} --help\n{help}\n"));
            for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
                collect(sub, text);
            }
        }
        let mut command = Cli::command().term_width(100);
        command.build();
        let mut text = String::new();
        collect(&mut command, &mut text);
        insta::assert_snapshot!(text);
    }

    /// Every command that README shows is one that this program understands.
    #[test]
    fn readme_shows_commands_that_exist() {
        let readme = include_str!("../../../README.md");
        let shell = readme.split("```sh").skip(1).filter_map(|block| block.split("```").next());
        let mut checked = 0;
        for line in shell.flat_map(str::lines).filter(|line| line.starts_with("countersign ")) {
            let line = line.split(" #").next().unwrap_or(line);
            let line = line.split(" < ").next().unwrap_or(line);
            let words: Vec<String> = line
                .split('"')
                .enumerate()
                .flat_map(|(index, part)| match index % 2 {
                    1 => vec![part.to_owned()],
                    _ => part.split_whitespace().map(str::to_owned).collect(),
                })
                .collect();
            let parsed = Cli::try_parse_from(&words);
            assert!(
                parsed.is_ok(),
                "{line}: {}",
                parsed.err().map(|error| error.to_string()).unwrap_or_default()
            );
            checked += 1;
        }
        assert!(checked >= 12, "README shows {checked} commands");
    }
}
