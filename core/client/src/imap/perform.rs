//! The commands of the sync machine, and what comes of them as its events.

use std::cell::Cell;
use std::collections::VecDeque;

use engine::imap::{Code as WireCode, Command, MailboxName, Response, Status, StatusKind, copied_pairs};
use engine::sync::{self, Answer, Code, Event, Flags};
use tokio::io::{AsyncRead, AsyncWrite};

use super::connection::{Connection, Step};
use super::news::News;
use super::select::Selected;
use crate::error::{CoreError, ServerProblem};

/// An event, and the octets that belong to [`Event::Body`].
pub(crate) type Happening = (Event, Vec<u8>);

/// A command under way. Dropped before its end, the rest is read before the next command.
#[derive(Debug)]
pub(crate) struct Performance<'a, S> {
    line: &'a mut Connection<S>,
    kind: Kind,
    waiting: VecDeque<Happening>,
    /// COPYUID of a MOVE comes before its end (RFC 6851 section 4.3).
    code: Option<WireCode>,
    is_over: bool,
}

#[derive(Debug)]
enum Kind {
    Select(Selected),
    /// The first octet that was asked for; `None` for whole mails.
    Bodies(Option<u64>),
    /// So many UIDs at most are copied.
    Copy(usize),
    /// True until it was told to end.
    Idle(bool),
    Other,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Sends a command. `octets`: how much whole mails may take, all together.
    pub(crate) async fn perform(
        &mut self,
        command: &sync::Command,
        octets: u64,
    ) -> Result<Performance<'_, S>, CoreError> {
        let mut waiting: VecDeque<Happening> = VecDeque::new();
        let kind = match command {
            sync::Command::Select { .. } => Kind::Select(Selected::default()),
            sync::Command::FetchBodies { .. } => Kind::Bodies(None),
            sync::Command::FetchRange { from, .. } => Kind::Bodies(Some(*from)),
            sync::Command::Copy { uids, .. } | sync::Command::Move { uids, .. } => {
                Kind::Copy(usize::try_from(uids.len()).unwrap_or(usize::MAX))
            }
            sync::Command::Idle => Kind::Idle(true),
            _ => Kind::Other,
        };
        // It is enabled with the log-in, and a second time would be answered with nothing.
        let is_over = *command == sync::Command::Enable && self.has_qresync;
        if is_over {
            waiting.extend([(Event::Enabled, Vec::new()), (Event::Done(Answer::Ok, None), Vec::new())]);
        } else {
            let octets = match command {
                sync::Command::FetchRange { octets, .. } => *octets,
                _ => octets,
            };
            let is_named = Cell::new(true);
            let text = command.text(|folder| {
                self.quoted(folder).unwrap_or_else(|| {
                    is_named.set(false);
                    String::new()
                })
            });
            if !is_named.get() {
                return Err(self.place.server(ServerProblem::Protocol));
            }
            self.begin(&Command::line(&text), octets, octets).await?;
            if matches!(kind, Kind::Idle(_)) {
                self.is_idle = self.may_go_on().await?;
            }
        }
        let news = self.take_news();
        // What was said of the folder before is of no use for the next.
        if !matches!(kind, Kind::Select(_)) {
            news.into_iter().rev().for_each(|news| waiting.push_front(of_news(news)));
        }
        Ok(Performance { line: self, kind, waiting, code: None, is_over })
    }

    /// The name of a folder as this server writes it, in quotes.
    fn quoted(&self, shown: &str) -> Option<String> {
        let odd = self.odd_names.iter().find(|name| name.shown() == shown).cloned();
        let name = odd.or_else(|| MailboxName::from_text(shown, self.is_utf8))?;
        let wire = std::str::from_utf8(name.wire()).ok()?;
        Some(format!("\"{}\"", wire.replace('\\', "\\\\").replace('"', "\\\"")))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Performance<'_, S> {
    /// What happens next; `None` after [`Event::Done`], [`Event::Selected`] and [`Event::Unreadable`]. During IDLE it waits for ever,
    /// and nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Result<Option<Happening>, CoreError> {
        loop {
            if let Some(happening) = self.waiting.pop_front() {
                return Ok(Some(happening));
            }
            if self.is_over {
                return Ok(None);
            }
            let step = match self.kind {
                Kind::Idle(true) if self.line.is_idle => self.line.read().await?,
                _ => self.line.next().await?,
            };
            match step {
                Step::Data(response) => self.take(response),
                Step::Garbled(malformed) if malformed.is_fetch && matches!(self.kind, Kind::Bodies(_)) => {
                    self.is_over = true;
                    self.happen(Event::Unreadable);
                }
                Step::Garbled(_) => self.happen(Event::Dropped),
                Step::End(status) => self.end(status),
            }
        }
    }

    /// DONE: the end of IDLE comes as an event.
    pub(crate) async fn end_idle(&mut self) -> Result<(), CoreError> {
        if self.line.is_idle {
            self.kind = Kind::Idle(false);
            self.line.is_idle = false;
            self.line.line(b"DONE").await?;
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) {
        self.waiting.push_back((event, Vec::new()));
    }

    fn take(&mut self, response: Response) {
        if let Kind::Select(selected) = &mut self.kind {
            let is_told = matches!(response, Response::Vanished { .. } | Response::Fetch(_));
            let is_closed = matches!(&response, Response::Untagged(status) if status.says("CLOSED"));
            if !is_told {
                selected.take(response);
                if is_closed {
                    self.happen(Event::Closed);
                }
                return;
            }
        }
        match response {
            Response::Fetch(mut fetched) => {
                let bodies = std::mem::take(&mut fetched.bodies);
                if fetched.flags.is_some() {
                    self.waiting.push_back(of_news(News::Changed(fetched.clone())));
                }
                let Kind::Bodies(from) = self.kind else { return };
                for body in bodies {
                    let is_asked = body.section.0.is_empty() && body.origin.unwrap_or(0) == from.unwrap_or(0);
                    if let (true, Some(uid), Some(octets)) = (is_asked, fetched.uid, body.octets) {
                        let count = u64::try_from(octets.len()).unwrap_or(u64::MAX);
                        self.waiting.push_back((Event::Body { uid, octets: count }, octets));
                    }
                }
            }
            Response::Found(uids) => self.happen(Event::Found(uids)),
            Response::Status { uid_validity: Some(uid_validity), uid_next: Some(uid_next) } => {
                self.happen(Event::Status { uid_validity, uid_next });
            }
            Response::Enabled(words) if words.iter().any(|word| word.eq_ignore_ascii_case("QRESYNC")) => {
                self.line.has_qresync = true;
                self.happen(Event::Enabled);
            }
            Response::Untagged(Status { code: Some(code @ WireCode::CopyUid { .. }), .. }) => {
                self.code = Some(code);
            }
            other => self.waiting.extend(News::of(other).map(of_news)),
        }
    }

    fn end(&mut self, status: Status) {
        self.is_over = true;
        if let (Kind::Select(selected), StatusKind::Ok) = (&mut self.kind, status.kind) {
            if let Some(code) = status.code {
                selected.read(code);
            }
            let selected = std::mem::take(selected);
            self.line.exists = selected.exists;
            // Without UIDVALIDITY no UID means anything.
            return self.happen(match selected.uid_validity {
                0 => Event::Unreadable,
                _ => Event::Selected(selected.into()),
            });
        }
        let answer = match status.kind {
            StatusKind::Ok => Answer::Ok,
            StatusKind::No => Answer::No,
            _ => Answer::Bad,
        };
        let code = self.code.take().or_else(|| status.code.clone());
        let limit = if let Kind::Copy(limit) = self.kind { limit } else { 0 };
        self.happen(Event::Done(answer, code.and_then(|code| of_code(&code, limit))));
    }
}

fn of_code(code: &WireCode, limit: usize) -> Option<Code> {
    let word = match code {
        WireCode::CopyUid { from, to, .. } => return copied_pairs(from, to, limit).map(Code::CopyUid),
        WireCode::Other(word) => word.as_str(),
        _ => return None,
    };
    Some(match word {
        "TRYCREATE" => Code::TryCreate,
        "NONEXISTENT" => Code::NonExistent,
        "OVERQUOTA" => Code::OverQuota,
        "NOPERM" => Code::NoPerm,
        "UNAVAILABLE" | "INUSE" | "LIMIT" | "SERVERBUG" | "THROTTLED" => Code::Busy,
        "EXPUNGEISSUED" => Code::ExpungeIssued,
        _ => return None,
    })
}

fn of_news(news: News) -> Happening {
    let event = match news {
        News::Exists(count) => Event::Exists(u64::from(count)),
        News::Expunged => Event::Expunged,
        News::Vanished { earlier, uids } => Event::Vanished { earlier, uids },
        News::Changed(fetched) => Event::Fetched {
            uid: fetched.uid,
            flags: Flags::parse(fetched.flags.unwrap_or_default().iter().map(String::as_str)),
            octets: fetched.octets,
        },
        News::Closed => Event::Closed,
        News::Dropped => Event::Dropped,
    };
    (event, Vec::new())
}

impl From<Selected> for sync::Selected {
    fn from(selected: Selected) -> Self {
        sync::Selected {
            uid_validity: selected.uid_validity,
            uid_next: selected.uid_next,
            exists: u64::from(selected.exists),
            highest_modseq: selected.highest_modseq,
            permanent_flags: selected.permanent_flags,
            new_keywords: selected.new_keywords,
            read_only: selected.is_read_only,
        }
    }
}
