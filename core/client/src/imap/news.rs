//! What a server says that nobody asked for: kept in order until somebody takes it.

use engine::imap::{Fetched, Response};
use engine::sync::UidSet;

/// Most pieces that are kept; of a flood of more only [`News::Dropped`] is left.
const MAX_NEWS: usize = 1000;

/// One piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// So many mails are in the open folder.
    Exists(u32),
    /// One mail is gone.
    Expunged,
    /// These are gone.
    Vanished {
        /// Since the time that was asked for: the number of mails does not change.
        earlier: bool,
        /// Which.
        uids: UidSet,
    },
    /// Flags changed.
    Changed(Fetched),
    /// What was said about another folder ends.
    Closed,
    /// More came than is kept, or something that is not understood: what is known of the folder may be out of date.
    Dropped,
}

impl News {
    /// From an answer; `None` for what changes nothing.
    pub(super) fn of(response: Response) -> Option<Self> {
        Some(match response {
            Response::Exists(count) => News::Exists(count),
            Response::Expunge(_) => News::Expunged,
            Response::Vanished { earlier, uids } => News::Vanished { earlier, uids },
            Response::Fetch(fetched) if fetched.flags.is_some() => News::Changed(fetched),
            Response::Untagged(status) if status.says("CLOSED") => News::Closed,
            _ => return None,
        })
    }
}

/// All that is kept.
#[derive(Debug, Default)]
pub(super) struct Newsbox(Vec<News>);

impl Newsbox {
    pub(super) fn keep(&mut self, news: News) {
        // Of numbers the last one counts, of floods one is enough.
        match (self.0.last_mut(), news) {
            (Some(News::Exists(last)), News::Exists(count)) => *last = count,
            (Some(News::Dropped), News::Dropped) => {}
            (_, news) => {
                if self.0.len() >= MAX_NEWS {
                    self.0.clear();
                    self.0.push(News::Dropped);
                }
                self.0.push(news);
            }
        }
    }

    pub(super) fn take(&mut self) -> Vec<News> {
        std::mem::take(&mut self.0)
    }
}
