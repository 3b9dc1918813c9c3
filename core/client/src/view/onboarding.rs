//! Screens 01 to 03: address, password, keys.

use serde::Serialize;

use super::exchange::own_code;
use super::{Banner, Button, Does, Icon, Look, OwnCode, StateLine, Text, Tone, fault_text};
use crate::core::ProgressStep;
use crate::error::{CoreError, ServerProblem};
use crate::exchange::CodeView;

/// Screen 01. A certificate from a file is not taken in this version: no button for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressScreen {
    /// `ob_title`.
    pub title: Text,
    /// `ob_lead`.
    pub lead: Text,
    /// `ob_label`.
    pub label: Text,
    /// What was typed.
    pub address: String,
    /// `ob_privacy`.
    pub promise: StateLine,
    /// Under the field, while the server is looked for.
    pub progress: Option<Text>,
    /// Under the field; announced.
    pub error: Option<StateLine>,
    /// Goes on.
    pub go: Button,
}

/// Screen 02. There is no way on over a connection that is not secure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordScreen {
    /// `pw_title`.
    pub title: Text,
    /// The address.
    pub address: String,
    /// The server.
    pub found: Option<FoundServer>,
    /// `pw_label`.
    pub label: Text,
    /// `pw_help`.
    pub help: Text,
    /// Under the field; announced. What was typed stays.
    pub error: Option<StateLine>,
    /// Signs in.
    pub go: Button,
    /// `pw_manual`.
    pub servers: Button,
}

/// A server that answered over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FoundServer {
    /// `pw_found`.
    pub text: Text,
    /// `pw_secure`.
    pub second: Text,
}

/// How far the keys are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysProgress {
    /// From 1, of 3.
    pub number: u64,
    /// What is being done.
    pub text: Text,
}

/// Screen 03.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeysScreen {
    /// In the circle.
    pub icon: Icon,
    /// While working.
    pub step: Option<KeysProgress>,
    /// `kr_title`, once they are there.
    pub title: Option<Text>,
    /// `kr_lead`.
    pub lead: Option<Text>,
    /// The organisation's certificate is pending; the own code works.
    pub wait: Option<Text>,
    /// The own code.
    pub code: Option<OwnCode>,
    /// `kr_scan`.
    pub scan: Option<Text>,
    /// `kr_backup_why`. A backup is not made in this version: no button for it.
    pub backup: Option<Text>,
    /// What went wrong; one can try again.
    pub error: Option<Banner>,
    /// Opens the inbox.
    pub go: Option<Button>,
}

/// How far the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeysStep<'a> {
    /// Being made, or waiting for a step.
    Working(ProgressStep),
    /// Ready.
    Ready,
    /// Ready, the organisation's certificate is pending.
    Pending,
    /// It went wrong.
    Failed(&'a CoreError),
}

/// Screen 01.
pub fn address_screen(address: &str, is_searching: bool, error: Option<&CoreError>) -> AddressScreen {
    AddressScreen {
        title: Text::new("ob_title"),
        lead: Text::new("ob_lead"),
        label: Text::new("ob_label"),
        address: address.to_owned(),
        promise: StateLine::new(Icon::Key, Tone::Neutral, Text::new("ob_privacy")),
        progress: is_searching.then(|| Text::new("ob_searching")),
        error: error.filter(|_| !is_searching).and_then(|error| fault(error, address)),
        go: Button::new(Text::new("c_continue"), Look::Primary, Does::Go)
            .enabled(!is_searching && !address.trim().is_empty()),
    }
}

/// Screen 02. `server` is the host that answered over TLS.
pub fn password_screen(
    address: &str,
    server: Option<&str>,
    is_working: bool,
    error: Option<&CoreError>,
) -> PasswordScreen {
    let secure = |server: &str| {
        let host = super::Arg::Text(server.to_owned());
        FoundServer { text: Text::new("pw_found"), second: Text::new("pw_secure").with("server", host) }
    };
    PasswordScreen {
        title: Text::new("pw_title"),
        address: address.to_owned(),
        // A connection that turned out not to be secure is not praised over its own error.
        found: server.filter(|_| !error.is_some_and(is_insecure)).map(secure),
        label: Text::new("pw_label"),
        help: Text::new("pw_help"),
        error: error.filter(|_| !is_working).and_then(|error| fault(error, address)),
        go: Button::new(Text::new("pw_title"), Look::Primary, Does::Go).enabled(!is_working),
        servers: Button::new(Text::new("pw_manual"), Look::Plain, Does::Servers),
    }
}

/// Screen 03. `own` is the account's code with its name and address.
pub fn keys_screen(step: KeysStep<'_>, own: Option<(&CodeView, &str, &str)>) -> KeysScreen {
    let is_there = matches!(step, KeysStep::Ready | KeysStep::Pending);
    let shown = |key| is_there.then(|| Text::new(key));
    let is_pending = step == KeysStep::Pending;
    KeysScreen {
        icon: Icon::Lock,
        step: working(step),
        title: shown("kr_title").filter(|_| !is_pending),
        lead: shown("kr_lead").filter(|_| !is_pending),
        wait: is_pending.then(|| Text::new("kr_wait")),
        code: own.filter(|_| is_there).map(|(code, name, address)| own_code(code, name, address)),
        scan: shown("kr_scan"),
        backup: shown("kr_backup_why"),
        error: failed(step),
        go: is_there.then(|| Button::new(Text::new("kr_open"), Look::Primary, Does::OpenInbox)),
    }
}

fn working(step: KeysStep<'_>) -> Option<KeysProgress> {
    let KeysStep::Working(step) = step else { return None };
    let (number, text) = match step {
        ProgressStep::Connecting | ProgressStep::MakingKeys => (1, Text::new("kr_step1")),
        ProgressStep::Timestamping | ProgressStep::Fetching => (2, Text::new("kr_step2")),
        ProgressStep::Sending => (3, Text::new("kr_step3")),
    };
    Some(KeysProgress { number, text })
}

fn failed(step: KeysStep<'_>) -> Option<Banner> {
    let KeysStep::Failed(error) = step else { return None };
    let text = fault_text(error)?;
    let button = Some(Button::new(Text::new("c_retry"), Look::Plain, Does::Retry));
    Some(Banner { button, ..Banner::new(Icon::Warn, Tone::Danger, text) })
}

fn is_insecure(error: &CoreError) -> bool {
    matches!(
        error,
        CoreError::CertificateUntrusted { .. } | CoreError::Server { problem: ServerProblem::NoTls, .. }
    )
}

/// Under a field, in danger. An unknown host is, for the person, an address without a mail server.
fn fault(error: &CoreError, address: &str) -> Option<StateLine> {
    use crate::error::NetworkProblem;
    let text = match error {
        CoreError::Network { problem: NetworkProblem::UnknownHost, .. } => {
            let domain = address.rsplit('@').next().unwrap_or(address).to_owned();
            Text::new("ob_none").with("domain", super::Arg::Text(domain))
        }
        CoreError::Network { problem: NetworkProblem::Offline, .. } => Text::new("ob_offline"),
        error => fault_text(error)?,
    };
    Some(StateLine::new(Icon::Warn, Tone::Danger, text))
}
