//! SRV records of mail (RFC 2782, RFC 6186, RFC 8314 section 5.1).

use smime::EmailAddress;

use super::server::{Security, Server, ascii_host, is_within};
use super::{Candidate, Offer, Source, pairs, plain_offer};

/// Most records of one service that are looked at.
pub const MAX_RECORDS: usize = 16;

/// The services that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// IMAP, TLS from the start.
    Imaps,
    /// IMAP with STARTTLS.
    Imap,
    /// Submission, TLS from the start (RFC 8314).
    Submissions,
    /// Submission with STARTTLS.
    Submission,
}

impl Service {
    /// The name to ask for, below the domain.
    pub fn name(self) -> &'static str {
        match self {
            Service::Imaps => "_imaps._tcp",
            Service::Imap => "_imap._tcp",
            Service::Submissions => "_submissions._tcp",
            Service::Submission => "_submission._tcp",
        }
    }

    fn security(self) -> Security {
        match self {
            Service::Imaps | Service::Submissions => Security::Tls,
            Service::Imap | Service::Submission => Security::StartTls,
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SrvRecord {
    /// Lower first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
    /// Port; 0 is no port.
    pub port: u16,
    /// Host; `.` says that the service is not offered.
    pub target: String,
}

/// What DNS said, by service.
#[derive(Clone, Debug, Default)]
pub struct SrvAnswers {
    /// `_imaps`.
    pub imaps: Vec<SrvRecord>,
    /// `_imap`.
    pub imap: Vec<SrvRecord>,
    /// `_submissions`.
    pub submissions: Vec<SrvRecord>,
    /// `_submission`.
    pub submission: Vec<SrvRecord>,
}

/// The candidates in DNS. `pick(n)` gives a random number up to and including `n`: equals are chosen by weight.
///
/// DNS is not signed, so hosts outside of the domain are named in [`Candidate::foreign`] (RFC 6186 section 6).
pub fn from_srv(
    address: &EmailAddress,
    answers: &SrvAnswers,
    pick: &mut dyn FnMut(u32) -> u32,
) -> Vec<Candidate> {
    let mut offers = |records: &[SrvRecord], service: Service| -> Vec<Offer> {
        ordered(records, pick)
            .into_iter()
            .filter(|record| record.port != 0)
            .filter_map(|record| {
                let host = ascii_host(&record.target)?;
                let server = Server { host, port: record.port, security: service.security() };
                Some(plain_offer(address, server))
            })
            .collect()
    };
    let mut imap = offers(&answers.imaps, Service::Imaps);
    imap.extend(offers(&answers.imap, Service::Imap));
    let mut smtp = offers(&answers.submissions, Service::Submissions);
    smtp.extend(offers(&answers.submission, Service::Submission));
    let domain = ascii_host(address.domain()).unwrap_or_default();
    let mut candidates = pairs(Source::Dns, imap, &smtp);
    for candidate in &mut candidates {
        for host in [&candidate.imap.server.host, &candidate.smtp.server.host] {
            if !is_within(host, &domain) && !candidate.foreign.contains(host) {
                candidate.foreign.push(host.clone());
            }
        }
    }
    candidates
}

/// By priority, and among equals by weight as RFC 2782 says: a record without weight comes first only when the draw is 0.
fn ordered(records: &[SrvRecord], pick: &mut dyn FnMut(u32) -> u32) -> Vec<SrvRecord> {
    let mut left: Vec<SrvRecord> = records.iter().take(MAX_RECORDS).cloned().collect();
    left.sort_by_key(|record| (record.priority, record.weight));
    let mut sorted = Vec::new();
    while let Some(priority) = left.first().map(|record| record.priority) {
        let equals = left.iter().take_while(|record| record.priority == priority);
        let sum: u32 = equals.map(|record| u32::from(record.weight)).sum();
        let drawn = pick(sum).min(sum);
        let mut running = 0;
        let chosen = left.iter().position(|record| {
            running += u32::from(record.weight);
            running >= drawn
        });
        sorted.push(left.remove(chosen.unwrap_or(0)));
    }
    sorted
}
