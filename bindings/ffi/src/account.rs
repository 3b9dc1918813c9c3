//! One account: adding it, showing it, its objects.

use std::sync::Arc;

use crate::approvals::Approvals;
use crate::calls::{Calls, Cancel};
use crate::composer::Composer;
use crate::error::{CoreError, address};
use crate::exchange::QrExchange;
use crate::mailboxes::Mailboxes;
use crate::mirror::{all, mirror, seconds};
use crate::people::People;
use crate::vault::KeyAlgorithm;

mirror! {
    both
    /// How TLS begins.
    Security = client::Security {
        /// TLS from the first octet (ports 993, 465).
        Tls,
        /// STARTTLS; without it nothing is sent.
        StartTls,
    }
}

mirror! {
    both
    /// Language of the texts that others read.
    Language = client::Language {
        /// English.
        En,
        /// Simplified Chinese.
        Zh,
    }
}

mirror! {
    /// What an own key is for.
    OwnKeyRole = client::OwnKeyRole {
        /// Issues the others.
        Root,
        /// Signs decisions.
        Approval,
        /// Signs mail.
        Mail,
        /// Decrypts mail.
        Encryption,
    }
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How TLS begins.
    pub security: Security,
}

/// A timestamp authority (RFC 3161 over HTTP).
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Authority {
    /// http or https.
    pub url: String,
    /// Certificate files (PEM or DER) of the CAs that its chain may end in.
    pub anchors: Vec<Vec<u8>>,
}

/// An account to be added. The password is handed over apart.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountConfig {
    /// The address.
    pub address: String,
    /// Display name.
    pub name: String,
    /// User name at the servers; the address when none.
    #[uniffi(default = None)]
    pub login: Option<String>,
    /// IMAP.
    pub imap: Server,
    /// SMTP submission.
    pub smtp: Server,
    /// Certificate files (PEM or DER) of private CAs for TLS, in addition to the web's.
    #[uniffi(default = [])]
    pub tls_anchors: Vec<Vec<u8>>,
    /// Certificate files (PEM or DER) of the organisation's CAs.
    #[uniffi(default = [])]
    pub organisation_anchors: Vec<Vec<u8>>,
    /// Where timestamps come from.
    #[uniffi(default = None)]
    pub authority: Option<Authority>,
    /// Language of texts that others read.
    pub language: Language,
}

/// What everybody who shows an account needs.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AccountSummary {
    /// The address.
    pub address: String,
    /// Display name.
    pub name: String,
    /// `host:port`.
    pub imap: String,
    /// `host:port`.
    pub smtp: String,
    /// URL of the timestamp authority.
    pub timestamps: Option<String>,
    /// SHA-256 of the personal root, hexadecimal.
    pub anchor: String,
}

/// One own key.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct OwnKey {
    /// What it is for.
    pub role: OwnKeyRole,
    /// Kind of key, when known here.
    pub algorithm: Option<KeyAlgorithm>,
    /// SHA-256 of the certificate, hexadecimal.
    pub sha256: String,
    /// End of validity.
    pub not_after: i64,
    /// PEM of the certificate.
    pub certificate: String,
}

/// What a synchronisation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct SyncReport {
    /// New mails.
    pub fresh: u64,
    /// Mails that are gone from the server.
    pub removed: u64,
    /// Mails that were sent.
    pub sent: u64,
    /// Mails that wait in the outbox.
    pub waiting: u64,
    /// Mails in the outbox that need their owner.
    pub stuck: u64,
}

/// One account.
#[derive(uniffi::Object)]
pub struct Account {
    calls: Arc<Calls>,
    account: client::Account,
}

#[uniffi::export]
impl Account {
    /// What everybody who shows it needs.
    #[uniffi::method(default(cancel = None))]
    pub async fn summary(&self, cancel: Cancel) -> Result<AccountSummary, CoreError> {
        let account = self.account.clone();
        self.calls.read("account.summary", cancel, move || account.summary()).await.map(Into::into)
    }

    /// Its own keys with their certificates.
    #[uniffi::method(default(cancel = None))]
    pub async fn keys(&self, cancel: Cancel) -> Result<Vec<OwnKey>, CoreError> {
        let account = self.account.clone();
        self.calls.read("account.keys", cancel, move || account.keys()).await.map(all)
    }

    /// Fetches and sends what there is: mail, meetings, approvals, outbox.
    #[uniffi::method(default(cancel = None))]
    pub async fn sync(&self, cancel: Cancel) -> Result<SyncReport, CoreError> {
        self.calls.run("account.sync", cancel, || self.account.sync()).await.map(Into::into)
    }

    /// Stored mail.
    pub fn mailboxes(&self) -> Arc<Mailboxes> {
        Mailboxes::new(&self.calls, self.account.mailboxes())
    }

    /// Writing mail.
    pub fn composer(&self) -> Arc<Composer> {
        Composer::new(&self.calls, self.account.composer())
    }

    /// Approvals.
    pub fn approvals(&self) -> Arc<Approvals> {
        Approvals::new(&self.calls, self.account.approvals())
    }

    /// People.
    pub fn people(&self) -> Arc<People> {
        People::new(&self.calls, self.account.people())
    }

    /// QR codes and meetings.
    pub fn qr_exchange(&self) -> Arc<QrExchange> {
        QrExchange::new(&self.calls, self.account.qr_exchange())
    }
}

impl Account {
    pub(crate) fn new(calls: &Arc<Calls>, account: client::Account) -> Arc<Self> {
        Arc::new(Account { calls: Arc::clone(calls), account })
    }
}

/// A server as people write it: `host`, `host:port`, with `tls://` or `starttls://` in front.
#[uniffi::export]
pub fn parse_server(text: String, default_port: u16) -> Option<Server> {
    client::Server::parse(&text, default_port).map(Into::into)
}

/// `text` is a mail address that this program takes.
#[uniffi::export]
pub fn is_address(text: String) -> bool {
    address(&text).is_ok()
}

impl From<client::Server> for Server {
    fn from(server: client::Server) -> Self {
        Server { host: server.host, port: server.port, security: server.security.into() }
    }
}

impl From<Server> for client::Server {
    fn from(server: Server) -> Self {
        client::Server { host: server.host, port: server.port, security: server.security.into() }
    }
}

impl TryFrom<AccountConfig> for client::AccountConfig {
    type Error = CoreError;

    fn try_from(config: AccountConfig) -> Result<Self, CoreError> {
        let authority = config.authority.map(|authority| {
            Ok::<_, CoreError>(client::Authority { url: authority.url, anchors: ders(&authority.anchors)? })
        });
        let address = address(&config.address)?;
        Ok(client::AccountConfig {
            login: config.login.unwrap_or_else(|| address.to_string()),
            address,
            name: config.name,
            imap: config.imap.into(),
            smtp: config.smtp.into(),
            tls_anchors: ders(&config.tls_anchors)?,
            organisation_anchors: ders(&config.organisation_anchors)?,
            authority: authority.transpose()?,
            language: config.language.into(),
        })
    }
}

/// DER of every certificate in these files.
fn ders(files: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, CoreError> {
    let mut ders = Vec::new();
    for file in files {
        ders.extend(client::read_certificates(file)?.iter().map(|certificate| certificate.der().to_vec()));
    }
    Ok(ders)
}

impl From<client::AccountSummary> for AccountSummary {
    fn from(summary: client::AccountSummary) -> Self {
        AccountSummary {
            address: summary.address.to_string(),
            name: summary.name,
            imap: summary.imap,
            smtp: summary.smtp,
            timestamps: summary.timestamps,
            anchor: summary.anchor,
        }
    }
}

impl From<client::OwnKey> for OwnKey {
    fn from(key: client::OwnKey) -> Self {
        OwnKey {
            role: key.role.into(),
            algorithm: key.algorithm.map(Into::into),
            sha256: key.sha256,
            not_after: seconds(key.not_after),
            certificate: key.certificate,
        }
    }
}

impl From<client::SyncReport> for SyncReport {
    fn from(report: client::SyncReport) -> Self {
        SyncReport {
            fresh: report.new,
            removed: report.removed,
            sent: report.sent,
            waiting: report.waiting,
            stuck: report.stuck,
        }
    }
}
