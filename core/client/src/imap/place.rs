//! Names the server in errors, and says what its refusals mean.

use std::future::Future;

use engine::imap::{Status, StatusKind};

use super::meter::BudgetExceeded;
use super::wire::WireError;
use crate::error::{CoreError, NetworkProblem, ServerProblem};
use crate::tls::{self, Activity};

/// Host, port and liveliness of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) activity: Activity,
}

impl Place {
    pub(crate) fn new(host: &str, port: u16) -> Self {
        Place { host: host.to_owned(), port, activity: Activity::default() }
    }

    pub(super) fn name(&self) -> String {
        tls::place(&self.host, self.port)
    }

    pub(super) fn network(&self, problem: NetworkProblem) -> CoreError {
        CoreError::Network { host: self.name(), problem }
    }

    pub(super) fn server(&self, problem: ServerProblem) -> CoreError {
        CoreError::Server { host: self.name(), problem }
    }

    /// Nobody waits for a silent server for ever.
    pub(super) async fn bounded<T>(&self, work: impl Future<Output = T>) -> Result<T, CoreError> {
        self.activity.attend(work).await.map_err(|_| self.network(NetworkProblem::Timeout))
    }

    pub(super) fn io(&self, error: &std::io::Error) -> CoreError {
        if error.get_ref().is_some_and(|inner| inner.is::<BudgetExceeded>()) {
            return self.server(ServerProblem::TooMuch);
        }
        tls::io_error(error, &self.host, self.port)
    }

    pub(super) fn wire(&self, error: &WireError) -> CoreError {
        match error {
            WireError::Io(error) => self.io(error),
            WireError::Overrun => self.server(ServerProblem::TooMuch),
            WireError::Ended => self.network(NetworkProblem::Cut),
        }
    }

    /// What a NO, BAD or BYE means.
    pub(super) fn refused(&self, status: &Status) -> CoreError {
        self.server(problem(status))
    }
}

/// Codes of RFC 5530 and of large providers. Text is looked at only where a provider gives no code.
pub(super) fn problem(status: &Status) -> ServerProblem {
    let says = |words: &[&str]| words.iter().any(|word| status.says(word));
    if says(&["THROTTLED", "LIMIT"]) || status.text.to_ascii_lowercase().contains("throttl") {
        ServerProblem::Throttled
    } else if says(&["OVERQUOTA"]) {
        // RFC 9208 uses it for space; some providers for bandwidth too, and then close the connection.
        if status.kind == StatusKind::Bye { ServerProblem::Throttled } else { ServerProblem::OverQuota }
    } else if says(&["UNAVAILABLE", "INUSE", "SERVERBUG"]) || status.kind == StatusKind::Bye {
        ServerProblem::NotNow
    } else {
        ServerProblem::Refused
    }
}
