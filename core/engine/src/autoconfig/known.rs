//! Common hosts. Beside each stands where its settings were read in November 2026; where that is not the host's own page, it says
//! so, and the host's page should be looked at before the next release.
//!
//! A host belongs here when it serves many people and says nothing usable itself, or wants another password than the usual one.

use serde::Serialize;
use smime::EmailAddress;

use super::server::{Security, Server};
use super::{Authentication, Candidate, Offer, Source};
use crate::oauth::Endpoints;

/// A company that signs in by OAuth 2.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Google.
    Google,
    /// Microsoft.
    Microsoft,
}

/// How a person signs in at a host of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// In the browser; a password for this program alone may do as well.
    OAuth2(Provider),
    /// By a password for this program alone, made at the page named here; the usual one is refused.
    AppPassword(&'static str),
    /// By an authorization code (授权码) from the host's web mail, made at the page named here, where IMAP is also switched on.
    AuthorizationCode(&'static str),
}

/// One host.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Domains of its addresses.
    pub domains: &'static [&'static str],
    /// IMAP.
    pub imap: (&'static str, u16, Security),
    /// Submission.
    pub smtp: (&'static str, u16, Security),
    /// How to sign in.
    pub sign_in: SignIn,
}

const TLS: Security = Security::Tls;
const START_TLS: Security = Security::StartTls;

const TABLE: &[Known] = &[
    // developers.google.com/gmail/imap/imap-smtp
    Known {
        domains: &["gmail.com", "googlemail.com"],
        imap: ("imap.gmail.com", 993, TLS),
        smtp: ("smtp.gmail.com", 465, TLS),
        sign_in: SignIn::OAuth2(Provider::Google),
    },
    // Not the host's page: koishi.chat/plugins/adapter/mail.html, which quotes it.
    Known {
        domains: &["outlook.com", "hotmail.com", "live.com", "msn.com"],
        imap: ("outlook.office365.com", 993, TLS),
        smtp: ("smtp-mail.outlook.com", 587, START_TLS),
        sign_in: SignIn::OAuth2(Provider::Microsoft),
    },
    // Not the host's page: koishi.chat/plugins/adapter/mail.html, which quotes it.
    Known {
        domains: &["qq.com", "foxmail.com", "vip.qq.com"],
        imap: ("imap.qq.com", 993, TLS),
        smtp: ("smtp.qq.com", 465, TLS),
        sign_in: SignIn::AuthorizationCode("https://mail.qq.com/"),
    },
    // Not the host's page: github.com/chatmail/provider-db, _providers/163.md, checked there in November 2024.
    Known {
        domains: &["163.com"],
        imap: ("imap.163.com", 993, TLS),
        smtp: ("smtp.163.com", 465, TLS),
        sign_in: SignIn::AuthorizationCode("https://mail.163.com/"),
    },
    // Not the host's page: skymigrate.com, "iCloud Mail Settings".
    Known {
        domains: &["icloud.com", "me.com", "mac.com"],
        imap: ("imap.mail.me.com", 993, TLS),
        smtp: ("smtp.mail.me.com", 587, START_TLS),
        sign_in: SignIn::AppPassword("https://account.apple.com/"),
    },
    // Not the host's page: github.com/chatmail/provider-db, _providers/yahoo.md, checked there in September 2025.
    Known {
        domains: &["yahoo.com", "ymail.com", "rocketmail.com"],
        imap: ("imap.mail.yahoo.com", 993, TLS),
        smtp: ("smtp.mail.yahoo.com", 465, TLS),
        sign_in: SignIn::AppPassword("https://login.yahoo.com/account/security"),
    },
    // App passwords: fastmail.help/hc/en-us/articles/1500000279921. Not the host's page for the names: xenocept.com, "Fastmail".
    Known {
        domains: &["fastmail.com", "fastmail.fm"],
        imap: ("imap.fastmail.com", 993, TLS),
        smtp: ("smtp.fastmail.com", 465, TLS),
        sign_in: SignIn::AppPassword("https://app.fastmail.com/settings/security"),
    },
];

/// The host of `address`, when it is in the table.
pub fn known(address: &EmailAddress) -> Option<Candidate> {
    let host = TABLE.iter().find(|host| host.domains.contains(&address.domain()))?;
    let ways = match host.sign_in {
        SignIn::OAuth2(_) => vec![Authentication::OAuth2, Authentication::Password],
        SignIn::AppPassword(_) | SignIn::AuthorizationCode(_) => vec![Authentication::Password],
    };
    let offer = |(name, port, security): (&str, u16, Security)| Offer {
        server: Server { host: name.to_owned(), port, security },
        login: address.to_string(),
        authentication: ways.clone(),
    };
    Some(Candidate {
        source: Source::Known,
        imap: offer(host.imap),
        smtp: offer(host.smtp),
        sign_in: Some(host.sign_in),
        foreign: Vec::new(),
    })
}

/// Where tokens for mail are had. The client's own registration (its id) is not part of it.
pub fn provider(provider: Provider) -> Endpoints {
    match provider {
        // developers.google.com/identity/protocols/oauth2/native-app; scope: developers.google.com/gmail/xoauth2_protocol
        Provider::Google => Endpoints::fixed(
            "https://accounts.google.com/o/oauth2/v2/auth",
            "https://oauth2.googleapis.com/token",
            "https://mail.google.com/",
        ),
        // learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow; scopes: learn.microsoft.com/exchange/
        // client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
        Provider::Microsoft => Endpoints::fixed(
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
            "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::autoconfig::ascii_host;

    #[test]
    fn the_table_names_hosts_and_each_domain_once() {
        let mut seen = Vec::new();
        for host in TABLE {
            for name in [host.imap.0, host.smtp.0].iter().chain(host.domains) {
                assert_eq!(ascii_host(name).as_deref(), Some(*name));
            }
            for domain in host.domains {
                assert!(!seen.contains(domain), "{domain}");
                seen.push(domain);
            }
        }
        for company in [Provider::Google, Provider::Microsoft] {
            assert_eq!(provider(company).check(), Ok(()), "{company:?}");
        }
    }
}
