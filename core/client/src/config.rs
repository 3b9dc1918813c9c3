//! Records that callers hand in.

use std::path::PathBuf;

pub use engine::autoconfig::{Security, Server};
use serde::{Deserialize, Serialize};
use smime::EmailAddress;

/// Where a core lives.
#[derive(Clone, Debug)]
pub struct CoreConfig {
    /// The folder of everything that is stored; made when missing.
    pub home: PathBuf,
    /// No network at all.
    pub offline: bool,
}

/// A timestamp authority (RFC 3161 over HTTP).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// http or https.
    pub url: String,
    /// DER of the certificates that its chain may end in.
    pub anchors: Vec<Vec<u8>>,
}

/// Language of the texts that others read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// An account to be added. The password is handed over apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountConfig {
    /// The address; also the user name unless `login` says otherwise.
    pub address: EmailAddress,
    /// Display name.
    pub name: String,
    /// User name at the servers.
    pub login: String,
    /// IMAP.
    pub imap: Server,
    /// SMTP submission.
    pub smtp: Server,
    /// DER of private CAs for TLS, in addition to the web's.
    pub tls_anchors: Vec<Vec<u8>>,
    /// DER of the organisation's CAs.
    pub organisation_anchors: Vec<Vec<u8>>,
    /// Where timestamps come from.
    pub authority: Option<Authority>,
    /// Language of texts that others read.
    pub language: Language,
}
