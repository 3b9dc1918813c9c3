//! Accounts and their keys.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::streams::path;

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// Add a mail account; keys and certificates are made at once
    Add(Box<AddArgs>),
    /// List accounts
    List,
    /// Remove an account from this home, with its mail, people, approvals and keys; nothing on the server is touched, but what
    /// lies encrypted there can't be read any more
    ///
    /// Sent mail and copies of drafts stay on the server, too. Nobody is told; people have to meet you again. End
    /// `countersign watch` before.
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Mail address
    pub(crate) address: String,
    /// Your name, as others see it
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) name: String,
    /// IMAP server: HOST[:PORT], TLS from the start; starttls://HOST:PORT or port 143 for STARTTLS [default: looked for]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) imap: Option<String>,
    /// SMTP submission server: HOST[:PORT], TLS from the start; starttls://HOST:PORT or port 587 for STARTTLS [default: looked for]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) smtp: Option<String>,
    /// Use the servers that are found without asking
    #[arg(long)]
    pub(crate) yes: bool,
    /// When looking for servers, ask Thunderbird's database, too; its owner learns the domain of the address
    #[arg(long)]
    pub(crate) ask_database: bool,
    /// User name at the servers [default: as found, else the address]
    #[arg(long, value_name = "NAME")]
    pub(crate) login: Option<String>,
    /// File with the password of the mail account; without it you are asked
    #[arg(value_parser = path(), long, value_name = "F")]
    pub(crate) password_file: Option<PathBuf>,
    /// Log in by your browser (OAuth 2.0) instead of a password: the client id under which your organisation, or you, registered this
    /// program at the provider
    #[arg(long, value_name = "ID", conflicts_with = "password_file")]
    pub(crate) oauth_client: Option<String>,
    /// File with what the provider calls the client secret, if it wants one
    #[arg(value_parser = path(), long, value_name = "F", requires = "oauth_client")]
    pub(crate) oauth_secret_file: Option<PathBuf>,
    /// Where the provider asks you (https) [default: known for Google and Microsoft]
    #[arg(long, value_name = "URL", requires_all = ["oauth_client", "oauth_token", "oauth_scope"])]
    pub(crate) oauth_authorize: Option<String>,
    /// Where the provider gives tokens (https)
    #[arg(long, value_name = "URL", requires = "oauth_authorize")]
    pub(crate) oauth_token: Option<String>,
    /// What the provider is asked for, by spaces
    #[arg(long, value_name = "SCOPE", requires = "oauth_authorize")]
    pub(crate) oauth_scope: Option<String>,
    /// Certificate of a private CA that the servers use (PEM)
    #[arg(value_parser = path(), long, value_name = "PEM")]
    pub(crate) ca: Vec<PathBuf>,
    /// Certificate of your organisation's CA for people (PEM); never learnt from mail
    #[arg(value_parser = path(), long, value_name = "PEM")]
    pub(crate) organisation_ca: Vec<PathBuf>,
    /// Timestamp authority (RFC 3161)
    #[arg(long, value_name = "URL", requires = "timestamp_ca")]
    pub(crate) timestamp_url: Option<String>,
    /// Certificate that the authority's certificates lead to (PEM)
    #[arg(value_parser = path(), long, value_name = "PEM", requires = "timestamp_url")]
    pub(crate) timestamp_ca: Vec<PathBuf>,
    /// Change servers, password, name or authorities of an account that exists; its keys stay
    #[arg(long)]
    pub(crate) replace: bool,
    /// Language of the texts that others read
    #[arg(long, value_enum, default_value_t = LanguageArg::En)]
    pub(crate) language: LanguageArg,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Mail address of the account
    pub(crate) address: String,
    /// Without asking; needed with --json, and where there is no terminal
    #[arg(long)]
    pub(crate) yes: bool,
    /// Also where mail waits in the outbox or drafts are kept: they are lost
    #[arg(long)]
    pub(crate) discard_unsent: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LanguageArg {
    /// English
    En,
    /// Chinese
    Zh,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// List your keys
    List,
    /// Save the certificate of your personal root, for `openssl … -CAfile` or to import elsewhere
    Export {
        /// Where to (PEM)
        #[arg(value_parser = path(), long, value_name = "PEM")]
        root: PathBuf,
    },
}
