//! Errors in words: one sentence each, without what only a developer needs.

use engine::ports::{StoreError, VaultError};

use super::{Arg, Text, Who};
use crate::error::{CoreError, NetworkProblem, ServerProblem, Unreadable, WrongUse};

/// What a person is told of an error; nothing of one that is the person's own wish, or the app's fault.
pub fn fault_text(error: &CoreError) -> Option<Text> {
    Some(match error {
        CoreError::Network { problem: NetworkProblem::Offline, .. } => Text::new("er_offline"),
        CoreError::Network { host, .. } => at("er_silent", host),
        CoreError::CertificateUntrusted { host, .. }
        | CoreError::Server { host, problem: ServerProblem::NoTls | ServerProblem::NotProven } => {
            at("er_insecure", host)
        }
        CoreError::Server { host, problem: ServerProblem::NotNow | ServerProblem::Throttled } => {
            at("er_silent", host)
        }
        CoreError::Server { host, problem: ServerProblem::OverQuota } => at("er_quota", host),
        CoreError::Server { host, problem: ServerProblem::NoLogin } => at("er_no_login", host),
        CoreError::Server { host, .. } => at("er_refused", host),
        CoreError::LoginRefused { .. } => Text::new("pw_wrong"),
        CoreError::Unreadable(unreadable) => unreadable_text(*unreadable),
        CoreError::WrongUse(wrong) => wrong_use(wrong)?,
        CoreError::NotFound(_) => Text::new("er_gone"),
        CoreError::Vault(VaultError::Cancelled) | CoreError::Cancelled => return None,
        CoreError::Vault(VaultError::NotEnrolled) => Text::new("er_no_lock"),
        CoreError::Vault(VaultError::Locked) => Text::new("er_locked"),
        CoreError::Vault(_) => Text::new("er_keys"),
        CoreError::Store(StoreError::DiskFull) => Text::new("er_full"),
        CoreError::Store(_) => Text::new("er_store"),
    })
}

/// What is told of a code that the camera saw; nothing of a frame without one.
pub fn scan_fault(error: &CoreError) -> Option<Text> {
    fault_text(error)
}

/// The host without its port, which tells a person nothing.
fn at(key: &'static str, place: &str) -> Text {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    Text::new(key).with("server", Arg::Text(host.to_owned()))
}

fn unreadable_text(what: Unreadable) -> Text {
    Text::new(match what {
        Unreadable::Address => "ob_bad",
        Unreadable::NoQrCode => "qr_none",
        Unreadable::ForeignQrCode => "qr_foreign",
        Unreadable::DamagedQrCode => "qr_damaged",
        Unreadable::HeaderValue => "er_characters",
        Unreadable::File | Unreadable::Certificate | Unreadable::PrivateKey | Unreadable::Mail => "er_file",
    })
}

fn wrong_use(wrong: &WrongUse) -> Option<Text> {
    Some(match wrong {
        WrongUse::AccountExists => Text::new("ob_exists"),
        WrongUse::NoCertificate(addresses) => {
            let who = addresses.iter().cloned().map(Who::Name).collect();
            Text::new("er_no_certificate").with("names", Arg::Names(who))
        }
        WrongUse::NamedTwice(address) => Text::named("er_twice", address),
        WrongUse::OwnCode => Text::new("qr_own"),
        WrongUse::NotDecidable(_) => Text::new("cf_changed"),
        WrongUse::Approval(_) => Text::new("er_characters"),
        WrongUse::Locked => Text::new("er_locked"),
        WrongUse::NoRecipient => Text::new("er_no_recipient"),
        WrongUse::TooLarge => Text::new("er_too_large"),
        WrongUse::AnswerInClear => Text::new("me_reply_enc"),
        // What an app does wrong, a person can't mend.
        WrongUse::WhichAccount
        | WrongUse::Closed
        | WrongUse::Deadline
        | WrongUse::SearchDate
        | WrongUse::NothingToRetry => {
            return None;
        }
    })
}
