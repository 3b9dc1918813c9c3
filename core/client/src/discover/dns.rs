//! SRV records by the system's resolvers. Where their addresses can't be read (Android) there are none.

use std::time::Duration;

use engine::autoconfig::SrvRecord;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

use crate::error::{CoreError, NetworkProblem};

/// How long DNS may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The records under a whole name (with its last dot, so that no search domain is tried).
pub(super) async fn srv(name: &str) -> Result<Vec<SrvRecord>, CoreError> {
    let network = |problem| CoreError::Network { host: name.to_owned(), problem };
    let resolver = TokioResolver::builder_tokio()
        .and_then(|builder| builder.build())
        .map_err(|_| network(NetworkProblem::UnknownHost))?;
    let asked = tokio::time::timeout(PATIENCE, resolver.srv_lookup(name)).await;
    let answer = asked
        .map_err(|_| network(NetworkProblem::Timeout))?
        .map_err(|_| network(NetworkProblem::UnknownHost))?;
    let record = |data: &RData| match data {
        RData::SRV(srv) => Some(SrvRecord {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_ascii(),
        }),
        _ => None,
    };
    Ok(answer.answers().iter().filter_map(|answer| record(&answer.data)).collect())
}
