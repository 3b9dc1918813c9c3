//! Approvals: asking, deciding, showing, and what the app does on its own.

pub use receive::answer_subject;
use std::sync::Arc;

use engine::approval::{self, Context, Word};
use engine::evidence::{self, PackFile};
use serde::Serialize;
use smime::path::TrustAnchor;
use smime::{Certificate, EmailAddress};

use crate::account::AccountInner;
use crate::composer::FileToSend;
use crate::config::Language;
use crate::error::{CoreError, Thing};
use crate::system::now;
use crate::task::Task;
use crate::view::{
    ApprovalScreen, ApprovalsScreen, Banner, Clock, ConfirmSheet, approval_screen, approvals_screen,
    confirm_result, confirm_sheet,
};

pub use self::view::{
    ApprovalState, ApprovalSummary, ApprovalView, Decision, NotCountedView, PersonDecision, StageLine,
};

mod kept;
mod receive;
mod send;
mod view;

/// Approvals of one account.
#[derive(Clone)]
pub struct Approvals {
    pub(crate) inner: Arc<AccountInner>,
}

/// How the people in To decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deciding {
    /// One after the other, in the order of To.
    #[default]
    InOrder,
    /// All of them, in any order.
    All,
    /// Any one of them.
    Any,
    /// At least so many.
    AtLeast(u32),
}

/// A request as its writer gives it.
#[derive(Clone, Debug, Default)]
pub struct NewApproval {
    /// Who decides.
    pub to: Vec<EmailAddress>,
    /// Who is informed.
    pub cc: Vec<EmailAddress>,
    /// One line.
    pub subject: String,
    /// The requester's words.
    pub text: String,
    /// Documents.
    pub files: Vec<FileToSend>,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// RFC 3339, shown only.
    pub deadline: Option<String>,
}

/// Names a new request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestRef {
    /// SHA-256 of the request's JSON, hexadecimal.
    pub id: String,
    /// What a foreign reply quotes.
    pub code: String,
    /// Number of the mail in the outbox.
    pub outbox: u64,
}

impl Approvals {
    /// Signs a request and puts it into the outbox.
    pub fn request(&self, new: NewApproval) -> Task<RequestRef> {
        let inner = Arc::clone(&self.inner);
        Task::spawn(&self.inner.core.handle, async move { inner.request_approval(new).await })
    }

    /// All requests whose requester is known, newest mail last.
    pub fn list(&self) -> Result<Vec<ApprovalSummary>, CoreError> {
        let people = self.inner.people()?;
        let mut list = Vec::new();
        for known in self.inner.known_requests()? {
            let view = self.inner.view(known.digest)?;
            if view.request.is_some() && self.inner.is_listed(&view, &people)? {
                list.push(view::summary(&view, &self.inner.settings.address));
            }
        }
        Ok(list)
    }

    /// One request, by id (or its beginning) or code.
    pub fn show(&self, id: &str) -> Result<ApprovalView, CoreError> {
        Ok(self.inner.case(self.inner.find_request(id)?)?.approval)
    }

    /// Screen 08.
    pub fn screen(&self, clock: Clock) -> Result<ApprovalsScreen, CoreError> {
        Ok(approvals_screen(&self.inner.cases()?, clock))
    }

    /// Screen 06. `opened` names the documents that were opened on this device: SHA-256, hexadecimal.
    pub fn show_screen(
        &self,
        id: &str,
        opened: &[String],
        clock: Clock,
    ) -> Result<ApprovalScreen, CoreError> {
        let digest = self.inner.find_request(id)?;
        let mut case = self.inner.case(digest)?;
        case.mail = self.inner.mail_with_one_of(&self.inner.known_request(digest)?.message_ids)?;
        Ok(approval_screen(&case, opened, clock))
    }

    /// Screen 07, with the check words in the language of the screen. Computing them takes memory and a moment.
    pub fn confirm_screen(
        &self,
        id: &str,
        word: Word,
        language: Language,
        opened: Vec<String>,
    ) -> Task<ConfirmSheet> {
        let inner = Arc::clone(&self.inner);
        let id = id.to_owned();
        Task::spawn(&self.inner.core.handle, async move {
            let digest = inner.find_request(&id)?;
            inner.decidable(&inner.view(digest)?)?;
            let case = inner.case(digest)?;
            let words =
                tokio::task::spawn_blocking(move || approval::check_words(&digest, in_engine(language)));
            let words = words.await.ok().flatten().map(|words| words.map(str::to_owned).to_vec());
            Ok(confirm_sheet(&case, word, words.unwrap_or_default(), &opened))
        })
    }

    /// What is said after a decision.
    pub fn decided_banner(&self, id: &str, word: Word) -> Result<Option<Banner>, CoreError> {
        Ok(confirm_result(Ok(&self.inner.case(self.inner.find_request(id)?)?), word))
    }

    /// Signs the decision with the approval key and puts it into the outbox.
    pub fn decide(&self, id: &str, word: Word, comment: &str) -> Task<RequestRef> {
        let inner = Arc::clone(&self.inner);
        let (id, comment) = (id.to_owned(), comment.to_owned());
        Task::spawn(&self.inner.core.handle, async move {
            let digest = inner.find_request(&id)?;
            inner.decide(digest, word, &comment).await
        })
    }

    /// The octets of a document of the request, `index` from 0.
    pub fn document(&self, id: &str, index: usize) -> Result<Vec<u8>, CoreError> {
        let set = self.inner.event_set(self.inner.find_request(id)?)?;
        let grounds = self.inner.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        approval::request_document(&set, &view, &context, index).ok_or(CoreError::NotFound(Thing::Part))
    }

    /// The files of the evidence pack: path within the pack, octets.
    pub fn evidence(&self, id: &str) -> Result<Vec<PackFile>, CoreError> {
        let digest = self.inner.find_request(id)?;
        let set = self.inner.event_set(digest)?;
        let grounds = self.inner.grounds()?;
        let context = grounds.context();
        let view = approval::evaluate(&set, &context);
        if view.request.is_none() {
            return Err(CoreError::NotFound(Thing::Approval));
        }
        let items = approval::evidence_order(&set, &view, &context);
        let authorities: Vec<Certificate> =
            grounds.anchors.iter().map(|anchor| anchor.certificate.clone()).collect();
        Ok(evidence::pack(&view, &items, &authorities, now()))
    }
}

/// What requests are judged against.
pub(crate) struct Grounds {
    anchors: Vec<TrustAnchor>,
}

impl Grounds {
    pub(crate) fn context(&self) -> Context<'_> {
        Context { at: now(), timestamp_anchors: &self.anchors, untrusted: &[] }
    }
}

fn in_engine(language: Language) -> approval::Language {
    match language {
        Language::En => approval::Language::English,
        Language::Zh => approval::Language::Chinese,
    }
}
