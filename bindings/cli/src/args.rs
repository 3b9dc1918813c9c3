//! The command line: what all commands share here, each family of commands in a module of its own.

mod account;
mod approval;
mod contact;
mod file;
mod mail;
mod shared;
mod smime;
mod timestamp;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use self::account::{AccountCommand, AddArgs, KeysCommand, LanguageArg, RemoveArgs};
pub(crate) use self::approval::{ApprovalCommand, DecideArgs, EvidenceCommand, RequestArgs};
pub(crate) use self::contact::{ContactCommand, MeetArgs};
pub(crate) use self::file::{CertArgs, ChainArgs, InspectArgs, MimeArgs, P12Args, PurposeArg, Requirement};
pub(crate) use self::mail::{
    ContentArgs, DraftArgs, DraftCommand, FolderArg, MailCommand, MarkArg, PlaceArg, ReplyArgs, SendArgs,
};
pub(crate) use self::shared::{AgainstArgs, SignatureArgs, StatusArgs, TrustArgs, WhenArgs};
pub(crate) use self::smime::{
    CipherArg, DigestArg, FormArg, RsaArg, SmimeCommand, SmimeDecryptArgs, SmimeEncryptArgs, SmimeSignArgs,
    SmimeVerifyArgs,
};
pub(crate) use self::timestamp::{StampArgs, TimestampCommand, VerifyTimestampArgs};

/// Heading of the options that every command has.
const GLOBAL: &str = "Options of every command";

/// Approvals by end-to-end encrypted, signed, time-stamped mail, over the mailbox you have.
///
/// Exit codes: 0 done; 1 the thing checked does not hold; 2 wrong use or unreadable input; 3 network or server; 4 key
/// locked or missing; 128 and its number when a second signal ends `watch`.
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
    /// Add, list and remove accounts
    #[command(subcommand)]
    Account(AccountCommand),
    /// Fetch mail, go on with meetings and approvals, send what waits and is not held back
    Sync {
        /// Forget stored mail first, and fetch and judge all of it again
        #[arg(long)]
        full: bool,
    },
    /// Do what `sync` does again and again, as soon as there is something to do; other calls go on meanwhile
    ///
    /// Ctrl-C ends it when the running round is finished, after half a minute at most; a second one at once. `account add` and
    /// `account remove` want it ended before.
    Watch,
    /// Look for new mail in the inbox beside whoever uses the home, and tell of each once: what a phone has to do when it is woken
    ///
    /// It tells of the 20 newest mails that nobody has read, and of one over 1 MiB only that it is there. It sends nothing, goes
    /// on with no meeting and no approval, and changes nothing on the server: `sync` and `watch` do.
    Wake,
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
