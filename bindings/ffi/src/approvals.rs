//! Approvals.

use std::sync::Arc;

use crate::account::Language;
use crate::calls::{Calls, Cancel};
use crate::composer::FileToSend;
use crate::error::{CoreError, addresses};
use crate::mirror::{Convert, all, mirror, optional_seconds};
use crate::people::Trust;
use crate::view::{ApprovalScreen, ApprovalsScreen, Banner, Clock, ConfirmSheet};

mirror! {
    both
    /// What a person decides.
    Word = client::Word {
        /// Yes.
        Approve,
        /// No.
        Reject,
    }
}

mirror! {
    /// What an approver decided.
    Decision = client::Decision {
        /// Yes.
        Approved,
        /// No.
        Rejected,
    }
}

mirror! {
    /// How an approval stands.
    ApprovalState = client::ApprovalState {
        /// Waits for decisions.
        Open,
        /// Every stage passed; the requester's app has not closed it yet.
        ApprovedNotClosed,
        /// Approved and closed.
        Approved,
        /// A stage ended it; the requester's app has not closed it yet.
        RejectedNotClosed,
        /// Rejected and closed.
        Rejected,
        /// Nobody can decide it.
        Undecidable,
        /// Events are named that are absent.
        Incomplete,
    }
}

mirror! {
    /// How a stage stands.
    StageState = client::StageState {
        /// An earlier stage is open, or ended the request.
        Waiting,
        /// Its approvers are asked.
        Open,
        /// Passed.
        Approved,
        /// Ended the request.
        Rejected,
    }
}

mirror! {
    /// Why nobody can decide a request.
    Undecidable = client::Undecidable {
        /// Its machine-readable part is malformed, needs a newer program, or exceeds a limit.
        Malformed,
        /// The request's signature does not lead to the anchor that it names for its author.
        NotVerified,
        /// The human text differs from the fields.
        TextDiffers,
        /// The attached parts differ from the listed documents.
        DocumentsDiffer,
        /// The protected subject differs from the field.
        SubjectDiffers,
        /// It is a revision of another request; revisions are not supported yet.
        UnsupportedRevision,
    }
}

mirror! {
    /// Why an event does not count.
    NotCountedReason = client::NotCounted {
        /// Not a signed message, or its content is missing.
        Unreadable,
        /// The machine-readable part is malformed.
        Malformed,
        /// It names a field twice.
        DuplicateKey,
        /// Of another version.
        UnknownVersion,
        /// It needs a newer program.
        UnknownCritical,
        /// Of an unknown kind.
        UnknownKind,
        /// Of a known kind that this version does not handle.
        UnsupportedHere,
        /// Beyond the limits of rule 18.
        OverLimit,
        /// The author's number is not in the request, or a foreign signer is nobody of it.
        UnknownAuthor,
        /// The signature is not valid under the anchors that the request names for the author.
        NotVerified,
        /// The signer's certificate was revoked.
        Revoked,
        /// Signed by a key that may not sign this kind (rule 15).
        WrongKey,
        /// The signed commitment does not fit the decision (rule 15).
        WrongCommitment,
        /// `prev` names an event of another key.
        WrongPrevious,
        /// The human text differs from the fields.
        TextDiffers,
        /// The attached parts differ from the listed documents.
        DocumentsDiffer,
        /// It is about a request that is not this one.
        OtherRequest,
        /// It names the wrong stage, or the author decides nothing in this request.
        NotOnRoute,
        /// Its stage is not open yet.
        WaitsForStage,
        /// The same person decided before.
        AlreadyDecided,
        /// The same decision of the same person stands already.
        Repeated,
        /// The person's decisions contradict each other, or his key forked.
        Contradicting,
        /// The stage was decided without it.
        NotNeeded,
        /// The request had ended.
        AfterTheEnd,
        /// A result that is not right.
        WrongResult,
        /// Only the requester's app may do this.
        NotRequester,
        /// A reply without the request's code.
        CodeAbsent,
        /// A reply that quotes the codes of several requests.
        CodeAmbiguous,
        /// The first line of the reply is not an agreed word.
        NoAgreedWord,
        /// A program answered by itself.
        AutoSubmitted,
        /// A foreign reply that the requester's app has not relayed yet.
        AwaitingReceipt,
        /// The program of this participant answers by events, not by plain replies.
        NotForeign,
        /// The request can't be decided.
        RequestUndecidable,
    }
}

/// How the people in To decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Deciding {
    /// One after the other, in the order of To.
    InOrder,
    /// All of them, in any order.
    All,
    /// Any one of them.
    Any,
    /// At least so many.
    AtLeast {
        /// How many.
        count: u32,
    },
}

/// When a stage passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Rule {
    /// Everybody approves; one reject ends the request.
    All,
    /// The first decision decides.
    Any,
    /// So many approve; ends when that is out of reach.
    AtLeast {
        /// How many.
        count: u32,
    },
}

/// What a person must be told at once.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Alarm {
    /// A participant decided on a request that is not this one: the requester may have sent different requests.
    TwoFacedRequester {
        /// Number of the participant.
        author: u32,
        /// Id of the other request.
        request: String,
    },
    /// The requester's app stated a result that the events do not give.
    WrongResult {
        /// Id of the event.
        event: String,
    },
}

/// A request as its writer gives it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NewApproval {
    /// Who decides.
    pub to: Vec<String>,
    /// Who is informed.
    #[uniffi(default = [])]
    pub cc: Vec<String>,
    /// One line.
    pub subject: String,
    /// The requester's words.
    pub text: String,
    /// Documents.
    #[uniffi(default = [])]
    pub files: Vec<FileToSend>,
    /// How the people in To decide.
    pub deciding: Deciding,
    /// RFC 3339, shown only.
    #[uniffi(default = None)]
    pub deadline: Option<String>,
}

/// Names a new request or an own decision.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RequestRef {
    /// The approval's id.
    pub id: String,
    /// What a foreign reply quotes.
    pub code: String,
    /// Number of the mail in the outbox.
    pub outbox: u64,
}

/// A line in the list of approvals.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ApprovalSummary {
    /// Its id.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Who asks.
    pub requester: String,
    /// How it stands.
    pub state: ApprovalState,
    /// This account may decide now.
    pub my_turn: bool,
}

/// One approval, whole.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ApprovalView {
    /// Its id.
    pub id: String,
    /// What a foreign reply quotes.
    pub code: String,
    /// Subject.
    pub subject: String,
    /// The requester's words.
    pub text: String,
    /// Who asks.
    pub requester: String,
    /// How it stands.
    pub state: ApprovalState,
    /// Why nobody can decide.
    pub undecidable: Option<Undecidable>,
    /// This account may decide now.
    pub my_turn: bool,
    /// A decision of this account is not sent yet.
    pub decision_waiting: bool,
    /// Deadline, RFC 3339, shown only.
    pub deadline: Option<String>,
    /// The route.
    pub stages: Vec<StageLine>,
    /// Who is informed.
    pub informed: Vec<String>,
    /// Documents of the request.
    pub documents: Vec<Document>,
    /// What does not count, with the reason.
    pub not_counted: Vec<NotCountedView>,
    /// Ids that are named but absent.
    pub missing: Vec<String>,
    /// Forked keys: numbers of people.
    pub forks: Vec<u32>,
    /// What must be told at once.
    pub alarms: Vec<Alarm>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StageLine {
    /// When it passes.
    pub rule: Rule,
    /// How it stands.
    pub state: StageState,
    /// Its approvers.
    pub people: Vec<PersonDecision>,
}

/// One approver.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PersonDecision {
    /// Address.
    pub address: String,
    /// Name, as the requester wrote it.
    pub name: String,
    /// How this account trusts the anchor that the request names.
    pub trust: Trust,
    /// The decision, if there is one.
    pub decision: Option<Decision>,
    /// Trusted time of the decision.
    pub time: Option<i64>,
    /// Who attests the time.
    pub authority: Option<String>,
    /// The time is that of receipt (replies from other programs).
    pub is_receipt_time: bool,
    /// As the signer claims.
    pub claimed_time: Option<i64>,
    /// The person's words.
    pub comment: Option<String>,
    /// A signed reply from another program.
    pub foreign: bool,
}

/// A document of a request.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Document {
    /// File name: one line, without `/` and `\`.
    pub name: String,
    /// `type/subtype`, lower case.
    pub content_type: String,
    /// Octets.
    pub octets: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Something that does not count.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NotCountedView {
    /// Id of the event.
    pub event: Option<String>,
    /// Who sent it.
    pub from: Option<String>,
    /// Why.
    pub reason: NotCountedReason,
}

/// One file of an evidence pack.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceFile {
    /// Path within the pack, with `/`.
    pub path: String,
    /// Octets.
    pub bytes: Vec<u8>,
}

/// Approvals of one account.
#[derive(uniffi::Object)]
pub struct Approvals {
    calls: Arc<Calls>,
    approvals: client::Approvals,
}

#[uniffi::export]
impl Approvals {
    /// Signs a request and puts it into the outbox.
    #[uniffi::method(default(cancel = None))]
    pub async fn request(&self, request: NewApproval, cancel: Cancel) -> Result<RequestRef, CoreError> {
        let start = |request| self.approvals.request(request);
        self.calls.run_with("approvals.request", cancel, request.try_into(), start).await.map(Into::into)
    }

    /// All requests whose requester is known, newest mail last.
    #[uniffi::method(default(cancel = None))]
    pub async fn list(&self, cancel: Cancel) -> Result<Vec<ApprovalSummary>, CoreError> {
        let approvals = self.approvals.clone();
        self.calls.read("approvals.list", cancel, move || approvals.list()).await.map(all)
    }

    /// One request, by id (or its beginning) or code.
    #[uniffi::method(default(cancel = None))]
    pub async fn show(&self, id: String, cancel: Cancel) -> Result<ApprovalView, CoreError> {
        let approvals = self.approvals.clone();
        self.calls.read("approvals.show", cancel, move || approvals.show(&id)).await.map(Into::into)
    }

    /// Screen 08.
    #[uniffi::method(default(cancel = None))]
    pub async fn screen(&self, clock: Clock, cancel: Cancel) -> Result<ApprovalsScreen, CoreError> {
        let approvals = self.approvals.clone();
        let work = move || approvals.screen(clock.into());
        self.calls.read("approvals.screen", cancel, work).await.map(Convert::convert)
    }

    /// Screen 06. `opened` names the documents that were opened on this device: SHA-256, hexadecimal.
    #[uniffi::method(default(cancel = None))]
    pub async fn show_screen(
        &self,
        id: String,
        opened: Vec<String>,
        clock: Clock,
        cancel: Cancel,
    ) -> Result<ApprovalScreen, CoreError> {
        let approvals = self.approvals.clone();
        let work = move || approvals.show_screen(&id, &opened, clock.into());
        self.calls.read("approvals.show_screen", cancel, work).await.map(Convert::convert)
    }

    /// Screen 07, with the check words in the language of the screen. Computing them takes memory and a moment.
    #[uniffi::method(default(cancel = None))]
    pub async fn confirm_screen(
        &self,
        id: String,
        word: Word,
        language: Language,
        opened: Vec<String>,
        cancel: Cancel,
    ) -> Result<ConfirmSheet, CoreError> {
        let start = || self.approvals.confirm_screen(&id, word.into(), language.into(), opened);
        self.calls.run("approvals.confirm_screen", cancel, start).await.map(Convert::convert)
    }

    /// What is said after a decision; [`undecided_banner`](crate::undecided_banner) when it failed.
    #[uniffi::method(default(cancel = None))]
    pub async fn decided_banner(
        &self,
        id: String,
        word: Word,
        cancel: Cancel,
    ) -> Result<Option<Banner>, CoreError> {
        let approvals = self.approvals.clone();
        let work = move || approvals.decided_banner(&id, word.into());
        self.calls.read("approvals.decided_banner", cancel, work).await.map(Convert::convert)
    }

    /// Signs the decision with the approval key and puts it into the outbox.
    #[uniffi::method(default(comment = "", cancel = None))]
    pub async fn decide(
        &self,
        id: String,
        word: Word,
        comment: String,
        cancel: Cancel,
    ) -> Result<RequestRef, CoreError> {
        let start = || self.approvals.decide(&id, word.into(), &comment);
        self.calls.run("approvals.decide", cancel, start).await.map(Into::into)
    }

    /// The octets of a document of the request, `index` from 0.
    #[uniffi::method(default(cancel = None))]
    pub async fn document(&self, id: String, index: u64, cancel: Cancel) -> Result<Vec<u8>, CoreError> {
        let approvals = self.approvals.clone();
        let work = move || approvals.document(&id, usize::try_from(index).unwrap_or(usize::MAX));
        self.calls.read("approvals.document", cancel, work).await
    }

    /// The files of the evidence pack.
    #[uniffi::method(default(cancel = None))]
    pub async fn evidence(&self, id: String, cancel: Cancel) -> Result<Vec<EvidenceFile>, CoreError> {
        let approvals = self.approvals.clone();
        let files = self.calls.read("approvals.evidence", cancel, move || approvals.evidence(&id)).await?;
        Ok(files.into_iter().map(|(path, bytes)| EvidenceFile { path, bytes }).collect())
    }
}

impl Approvals {
    pub(crate) fn new(calls: &Arc<Calls>, approvals: client::Approvals) -> Arc<Self> {
        Arc::new(Approvals { calls: Arc::clone(calls), approvals })
    }
}

impl From<Deciding> for client::Deciding {
    fn from(deciding: Deciding) -> Self {
        match deciding {
            Deciding::InOrder => client::Deciding::InOrder,
            Deciding::All => client::Deciding::All,
            Deciding::Any => client::Deciding::Any,
            Deciding::AtLeast { count } => client::Deciding::AtLeast(count),
        }
    }
}

impl From<client::Rule> for Rule {
    fn from(rule: client::Rule) -> Self {
        match rule {
            client::Rule::All => Rule::All,
            client::Rule::Any => Rule::Any,
            client::Rule::AtLeast { n } => Rule::AtLeast { count: n },
        }
    }
}

impl From<client::Alarm> for Alarm {
    fn from(alarm: client::Alarm) -> Self {
        match alarm {
            client::Alarm::TwoFacedRequester { author, digest } => {
                Alarm::TwoFacedRequester { author, request: digest.to_string() }
            }
            client::Alarm::WrongResult { event } => Alarm::WrongResult { event: event.to_string() },
        }
    }
}

impl TryFrom<NewApproval> for client::NewApproval {
    type Error = CoreError;

    fn try_from(request: NewApproval) -> Result<Self, CoreError> {
        Ok(client::NewApproval {
            to: addresses(&request.to)?,
            cc: addresses(&request.cc)?,
            subject: request.subject,
            text: request.text,
            files: all(request.files),
            deciding: request.deciding.into(),
            deadline: request.deadline,
        })
    }
}

impl From<client::RequestRef> for RequestRef {
    fn from(named: client::RequestRef) -> Self {
        RequestRef { id: named.id, code: named.code, outbox: named.outbox }
    }
}

impl From<client::ApprovalSummary> for ApprovalSummary {
    fn from(summary: client::ApprovalSummary) -> Self {
        ApprovalSummary {
            id: summary.id,
            subject: summary.subject,
            requester: summary.requester,
            state: summary.state.into(),
            my_turn: summary.my_turn,
        }
    }
}

impl From<client::ApprovalView> for ApprovalView {
    fn from(view: client::ApprovalView) -> Self {
        ApprovalView {
            id: view.id,
            code: view.code,
            subject: view.subject,
            text: view.message,
            requester: view.requester,
            state: view.state.into(),
            undecidable: view.undecidable.map(Into::into),
            my_turn: view.my_turn,
            decision_waiting: view.decision_waiting,
            deadline: view.deadline,
            stages: all(view.stages),
            informed: view.informed,
            documents: all(view.documents),
            not_counted: all(view.not_counted),
            missing: view.missing,
            forks: view.forks,
            alarms: all(view.alarms),
        }
    }
}

impl From<client::StageLine> for StageLine {
    fn from(stage: client::StageLine) -> Self {
        StageLine { rule: stage.rule.into(), state: stage.state.into(), people: all(stage.people) }
    }
}

impl From<client::PersonDecision> for PersonDecision {
    fn from(person: client::PersonDecision) -> Self {
        PersonDecision {
            address: person.address,
            name: person.name,
            trust: person.trust.into(),
            decision: person.decision.map(Into::into),
            time: optional_seconds(person.time),
            authority: person.authority,
            is_receipt_time: person.is_receipt_time,
            claimed_time: optional_seconds(person.claimed_time),
            comment: person.comment,
            foreign: person.foreign,
        }
    }
}

impl From<client::Document> for Document {
    fn from(document: client::Document) -> Self {
        Document {
            name: document.name,
            content_type: document.content_type,
            octets: document.size,
            sha256: document.sha256.to_hex(),
        }
    }
}

impl From<client::NotCountedView> for NotCountedView {
    fn from(event: client::NotCountedView) -> Self {
        NotCountedView { event: event.event, from: event.from, reason: event.reason.into() }
    }
}
