//! Listings and bodies one at a time, for tests of the connection; the product asks through [`super::perform`].

use engine::imap::{Command, Fetched, Response};
use engine::sync::{Flag, Flags, UidSet};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, Step};
use super::{MAX_MAIL_OCTETS, RANGE_OCTETS};
use crate::error::{CoreError, ServerProblem};

/// One mail as listed.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) uid: u32,
    pub(crate) octets: u64,
    pub(crate) is_seen: bool,
}

/// What came of a body, or of a range of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// Its octets. Fewer than were asked for: that was the end.
    Octets(Vec<u8>),
    /// The mail is gone.
    Gone,
    /// The answer is not understood; the connection goes on.
    Unreadable,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Every mail of the open folder, ascending by UID. An incomplete answer is an error: mail that is merely not
    /// listed must never be taken for deleted.
    pub(crate) async fn list(&mut self, exists: u32) -> Result<Vec<Listed>, CoreError> {
        if exists == 0 {
            return Ok(Vec::new());
        }
        let mut listed = Vec::new();
        let command = Command::new("UID FETCH 1:* (UID FLAGS RFC822.SIZE)");
        let outcome = self
            .run_ok(&command, |response| match response {
                // A FETCH without size is an unsolicited flag update of a concurrent client.
                Response::Fetch(Fetched { uid: Some(uid), octets: Some(octets), flags, .. }) => {
                    let flags = flags.unwrap_or_default();
                    let flags = Flags::parse(flags.iter().map(String::as_str));
                    listed.push(Listed { uid, octets, is_seen: flags.has(&Flag::Seen) });
                    None
                }
                other => Some(other),
            })
            .await?;
        // Last told, first kept: a mail that is listed twice has the flags that came last.
        listed.reverse();
        listed.sort_by_key(|mail| mail.uid);
        listed.dedup_by_key(|mail| mail.uid);
        if outcome.is_garbled || listed.len() < usize::try_from(exists).unwrap_or(usize::MAX) {
            return Err(self.place.server(ServerProblem::Protocol));
        }
        Ok(listed)
    }

    /// One mail, whole and as received; `None` when it is gone. Asked for in ranges, so that no answer is large.
    pub(crate) async fn fetch(&mut self, uid: u32) -> Result<Option<Vec<u8>>, CoreError> {
        let mut whole = Vec::new();
        loop {
            let from = u64::try_from(whole.len()).unwrap_or(u64::MAX);
            if from > MAX_MAIL_OCTETS {
                return Err(self.place.server(ServerProblem::TooMuch));
            }
            match self.fetch_range(uid, from, RANGE_OCTETS).await? {
                Body::Octets(octets) => {
                    let is_last = u64::try_from(octets.len()).unwrap_or(u64::MAX) < RANGE_OCTETS;
                    whole.extend_from_slice(&octets);
                    if is_last {
                        return Ok(Some(whole));
                    }
                }
                Body::Gone => return Ok(None),
                Body::Unreadable => return Err(self.place.server(ServerProblem::Protocol)),
            }
        }
    }

    /// At most `octets` octets of one mail, from octet `from` on.
    pub(crate) async fn fetch_range(&mut self, uid: u32, from: u64, octets: u64) -> Result<Body, CoreError> {
        let command = Command::new("UID FETCH")
            .set(&UidSet::range(uid, uid))
            .formatted(&format!("(UID BODY.PEEK[]<{from}.{octets}>)"));
        self.begin(&command, octets, octets).await?;
        let mut body = Body::Gone;
        loop {
            match self.next().await? {
                Step::Data(Response::Fetch(mut fetched)) if fetched.uid == Some(uid) => {
                    let range = fetched.bodies.iter_mut().find(|body| {
                        // Some servers name no origin for the first range.
                        body.section.0.is_empty() && body.origin.unwrap_or(0) == from
                    });
                    match range.map(|range| range.octets.take().unwrap_or_default()) {
                        Some(part) if u64::try_from(part.len()).is_ok_and(|length| length <= octets) => {
                            body = Body::Octets(part);
                        }
                        Some(_) => body = Body::Unreadable,
                        None => {}
                    }
                    self.note(Response::Fetch(fetched));
                }
                Step::Data(response) => self.note(response),
                Step::Garbled(malformed) if malformed.is_fetch => body = Body::Unreadable,
                Step::Garbled(_) => {}
                Step::End(status) => return self.must_be_ok(&status).map(|()| body),
            }
        }
    }
}
