//! Timestamps over files (RFC 3161): made by an authority on the network, verified without one. No home.

use std::io::{self, Read};

use const_oid::ObjectIdentifier;
use serde::Serialize;
use smime::UnixTime;
use smime::key::{DigestAlgorithm, Hasher};
use smime::path::{AnchorScope, Trust, TrustAnchor};
use smime::tsp::{self, TimestampError, TimestampRequest, TokenInfo};
use smime::verdict::{Reason, TimestampState};

use crate::authority;
use crate::error::CoreError;
use crate::files::{Place, open_once};
use crate::inspect::certificates;
use crate::system::{now, random_array};

/// Octets that are hashed at a time.
const PIECE: usize = 64 * 1024;

/// A token that an authority gave. Its signature was not checked: that needs somebody to trust.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// DER or BER of the token, as received.
    pub token: Vec<u8>,
    /// When, as the authority says.
    pub time: UnixTime,
    /// The authority's policy.
    pub policy: String,
    /// Serial number of the token in lower-case hexadecimal.
    pub serial: String,
}

/// Over what a token is verified.
#[derive(Debug)]
pub enum Stamped {
    /// A file.
    File(Place),
    /// Its digest, by the algorithm that the token names.
    Digest(Vec<u8>),
}

/// Against what a token is verified.
#[derive(Debug, Default)]
pub struct TimestampTrust {
    /// Certificate files whose certificates are trusted.
    pub trust: Vec<Vec<u8>>,
    /// Certificate files that help building paths.
    pub untrusted: Vec<Vec<u8>>,
    /// The time of judging; now when `None`. The authority's chain is judged at the token's time.
    pub at: Option<UnixTime>,
}

/// What the check of a token says.
#[derive(Clone, Debug, Serialize)]
pub struct TimestampReport {
    /// `valid` or `invalid`.
    pub state: TimestampState,
    /// When; only of a valid token.
    pub time: Option<UnixTime>,
    /// Subject of the authority's certificate; only of a valid token.
    pub authority: Option<String>,
    /// The authority's policy; only of a valid token.
    pub policy: Option<String>,
    /// Serial number of the token in lower-case hexadecimal; only of a valid token.
    pub serial: Option<String>,
    /// Why not valid.
    pub reasons: Vec<Reason>,
}

/// Why nothing was stamped or verified.
#[derive(Debug, thiserror::Error)]
pub enum TimestampFailure {
    /// The file can't be read.
    #[error("{0}")]
    Input(io::Error),
    /// The address is not http or https.
    #[error("{0:?} is no web address; give one like http://tsa.example.org/")]
    Address(String),
    /// Not an object identifier.
    #[error("{0:?} is no policy; give an object identifier like 1.2.3.4")]
    Policy(String),
    /// The network or the authority's server.
    #[error("{0}")]
    Network(CoreError),
    /// The authority's answer.
    #[error("{0}")]
    Answer(TimestampError),
    /// The file is no token.
    #[error("this is no timestamp token, and no answer of an authority with one")]
    NoToken,
    /// The file is an authority's answer that refuses to stamp.
    #[error("there is no timestamp in this answer: the authority refused to give one (status {status})")]
    Refused {
        /// PKIStatus.
        status: u32,
    },
    /// A certificate file.
    #[error("{0}")]
    Material(CoreError),
}

/// Asks the authority at `url` for a token over a file. Only its SHA-256 leaves this computer. Imprint, nonce and policy of the
/// answer are checked, its signature is not.
pub fn stamp(input: &Place, url: &str, policy: Option<&str>) -> Result<Stamp, TimestampFailure> {
    let address = reqwest::Url::parse(url).ok().filter(|address| {
        matches!(address.scheme(), "http" | "https")
            && address.host_str().is_some_and(|host| !host.is_empty())
    });
    if address.is_none() {
        return Err(TimestampFailure::Address(url.to_owned()));
    }
    let policy = policy
        .map(|text| text.parse::<ObjectIdentifier>().map_err(|_| TimestampFailure::Policy(text.to_owned())));
    let policy = policy.transpose()?;
    let digest = digest_of(input, DigestAlgorithm::Sha256)?;
    let imprint: [u8; 32] = digest.try_into().map_err(|_| TimestampFailure::NoToken)?;
    let request = TimestampRequest::of_digest(imprint, random_array(), policy);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(TimestampFailure::Input)?;
    let answer =
        runtime.block_on(authority::ask(url, request.der().to_vec())).map_err(TimestampFailure::Network)?;
    let token = request.accept(&answer).map_err(TimestampFailure::Answer)?;
    let info = TokenInfo::read(&token).ok_or(TimestampFailure::NoToken)?;
    Ok(Stamp { token, time: info.time, policy: info.policy.to_string(), serial: hex(&info.serial) })
}

/// Verifies a token, or the token in an authority's answer.
pub fn verify_timestamp(
    file: &[u8],
    stamped: &Stamped,
    trust: &TimestampTrust,
) -> Result<TimestampReport, TimestampFailure> {
    let token = tsp::token_in(file).map_err(|error| match error {
        TimestampError::Malformed => TimestampFailure::NoToken,
        TimestampError::Refused { status } => TimestampFailure::Refused { status },
        other => TimestampFailure::Answer(other),
    })?;
    let info = TokenInfo::read(&token).ok_or(TimestampFailure::NoToken)?;
    let digest = match (stamped, info.digest) {
        (Stamped::Digest(digest), _) => digest.clone(),
        (Stamped::File(place), Some(algorithm)) => digest_of(place, algorithm)?,
        // Then the report says that the algorithm is not supported.
        (Stamped::File(_), None) => Vec::new(),
    };
    let anchors: Vec<TrustAnchor> = certificates(&trust.trust)
        .map_err(TimestampFailure::Material)?
        .into_iter()
        .map(|certificate| TrustAnchor { certificate, trust: Trust::Organisation, scope: AnchorScope::Any })
        .collect();
    let untrusted = certificates(&trust.untrusted).map_err(TimestampFailure::Material)?;
    let at = trust.at.unwrap_or_else(now);
    Ok(match tsp::verify_digest(&token, &digest, &untrusted, &anchors, at) {
        Ok(verified) => TimestampReport {
            state: TimestampState::Valid,
            time: Some(verified.time()),
            authority: Some(verified.authority().subject()),
            policy: Some(info.policy.to_string()),
            serial: Some(hex(&info.serial)),
            reasons: Vec::new(),
        },
        Err(reasons) => TimestampReport {
            state: TimestampState::Invalid,
            time: None,
            authority: None,
            policy: None,
            serial: None,
            reasons,
        },
    })
}

fn digest_of(input: &Place, algorithm: DigestAlgorithm) -> Result<Vec<u8>, TimestampFailure> {
    let mut source = open_once(input).map_err(TimestampFailure::Input)?;
    let mut hasher: Hasher = algorithm.hasher();
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(octets) => hasher.update(piece.get(..octets).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(TimestampFailure::Input(error)),
        }
    }
}

/// An INTEGER without its sign octet.
fn hex(integer: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(match integer {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => integer,
    })
}
