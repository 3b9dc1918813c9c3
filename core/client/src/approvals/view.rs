//! View records of approvals.

use std::collections::{BTreeMap, BTreeSet};

use engine::approval::{
    DecisionView, Document, Outcome, PersonView, RequestDigest, RequestView, Rule, StageState, Undecidable,
    Word,
};
use engine::people::{Contact, People};
use serde::Serialize;
use smime::path::Trust;
use smime::{EmailAddress, UnixTime};

use crate::config::AccountConfig;
use crate::people::{ContactView, shown_contacts};
use crate::view::{ApprovalCase, Me, Requester, Who, sure_name};

/// A line in the list of approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalSummary {
    /// SHA-256 of the request's JSON, hexadecimal.
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

/// How an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
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

impl ApprovalState {
    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            ApprovalState::Open => "open",
            ApprovalState::ApprovedNotClosed => "approved_not_closed",
            ApprovalState::Approved => "approved",
            ApprovalState::RejectedNotClosed => "rejected_not_closed",
            ApprovalState::Rejected => "rejected",
            ApprovalState::Undecidable => "undecidable",
            ApprovalState::Incomplete => "incomplete",
        }
    }
}

/// One approval, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalView {
    /// SHA-256 of the request's JSON, hexadecimal.
    pub id: String,
    /// What a foreign reply quotes.
    pub code: String,
    /// Subject.
    pub subject: String,
    /// The requester's words.
    pub message: String,
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
    /// Deadline, shown only.
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
    pub alarms: Vec<engine::approval::Alarm>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageLine {
    /// When it passes.
    #[serde(flatten)]
    pub rule: Rule,
    /// How it stands.
    pub state: StageState,
    /// Its approvers.
    pub people: Vec<PersonDecision>,
}

/// One approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonDecision {
    /// Address.
    pub address: String,
    /// Name, as the requester wrote it: show it only with the address.
    pub name: String,
    /// Stored name of a person of whom this account is sure (met, or confirmed by the organisation, under the anchor that
    /// the request names).
    pub known_as: Option<String>,
    /// How this account trusts the anchor that the request names.
    pub trust: Trust,
    /// The decision, if there is one.
    pub decision: Option<Decision>,
    /// Trusted time of the decision.
    pub time: Option<UnixTime>,
    /// Who attests the time.
    pub authority: Option<String>,
    /// The time is that of receipt (replies from other programs).
    pub is_receipt_time: bool,
    /// As the signer claims.
    pub claimed_time: Option<UnixTime>,
    /// The person's words.
    pub comment: Option<String>,
    /// A signed reply from another program.
    pub foreign: bool,
}

/// What an approver decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

impl Decision {
    /// As in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Decision::Approved => "approved",
            Decision::Rejected => "rejected",
        }
    }
}

/// Something that does not count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCountedView {
    /// Id of the event.
    pub event: Option<String>,
    /// Who sent it.
    pub from: Option<String>,
    /// Stable code.
    pub reason: engine::approval::NotCounted,
}

fn state(outcome: &Outcome) -> ApprovalState {
    match outcome {
        Outcome::Open => ApprovalState::Open,
        Outcome::Approved { closed: true } => ApprovalState::Approved,
        Outcome::Approved { closed: false } => ApprovalState::ApprovedNotClosed,
        Outcome::Rejected { closed: true, .. } => ApprovalState::Rejected,
        Outcome::Rejected { closed: false, .. } => ApprovalState::RejectedNotClosed,
        Outcome::Undecidable { .. } => ApprovalState::Undecidable,
        Outcome::Incomplete => ApprovalState::Incomplete,
    }
}

fn requester(view: &RequestView) -> String {
    let person = view.people.iter().find(|person| person.number == view.requester);
    person.map(|person| person.address.to_string()).unwrap_or_default()
}

pub(super) fn summary(view: &RequestView, me: &EmailAddress) -> ApprovalSummary {
    ApprovalSummary {
        id: view.digest.to_string(),
        subject: view.subject.clone(),
        requester: requester(view),
        state: state(&view.outcome),
        my_turn: view.may_decide(me),
    }
}

/// A request with what its screens need besides.
pub(super) fn case(
    view: &RequestView,
    own: &AccountConfig,
    people: &People,
    held: &BTreeSet<RequestDigest>,
    decision_waiting: bool,
    is_encrypted: bool,
) -> ApprovalCase {
    let me = &own.address;
    let requester = view.people.iter().find(|person| person.number == view.requester);
    let contact = requester.and_then(|person| pinned_contact(person, people));
    let all = shown_contacts(people);
    let shown = contact.and_then(|contact| all.get(contact.address.folded())).cloned();
    let token = view
        .events
        .iter()
        .find(|event| Some(event.id) == view.request)
        .and_then(|event| event.token.as_ref());
    let informed =
        view.people.iter().filter(|person| person.informed).map(|person| match person.address == *me {
            true => Who::Me,
            false => Who::Name(known_as(person, people, &all).unwrap_or_else(|| person.address.to_string())),
        });
    ApprovalCase {
        approval: full(view, me, (people, &all), held, decision_waiting),
        me: Me { name: own.name.clone(), address: me.to_string() },
        requester: Requester { trust: contact.map_or(Trust::None, |contact| contact.trust), contact: shown },
        // The request names its own authorities: only those that are trusted here as well certify anything on a screen.
        certified: token.filter(|token| token.trusted).map(|token| token.time),
        is_encrypted,
        deadline: view.deadline.as_ref().and_then(|deadline| deadline.instant()),
        informed: informed.collect(),
        mail: None,
    }
}

/// The stored person whose pinned anchor is the one that the request names.
fn pinned_contact<'a>(person: &PersonView, people: &'a People) -> Option<&'a Contact> {
    people.get(person.address.folded()).filter(|contact| {
        let is_pinned = |anchor: &smime::Certificate| {
            contact.anchor == Some(engine::people::anchor_of(anchor, &person.address))
        };
        person.anchor_certificates.iter().any(is_pinned)
    })
}

fn known_as(person: &PersonView, people: &People, all: &Shown) -> Option<String> {
    let contact = pinned_contact(person, people)?;
    sure_name(all.get(contact.address.folded()))
}

/// Everybody as screens show them.
type Shown = BTreeMap<String, ContactView>;

fn full(
    view: &RequestView,
    me: &EmailAddress,
    people: (&People, &Shown),
    held: &BTreeSet<RequestDigest>,
    decision_waiting: bool,
) -> ApprovalView {
    let stages = view.stages.iter().map(|stage| StageLine {
        rule: stage.rule,
        state: stage.state,
        people: stage.approvers.iter().filter_map(|number| decision(view, *number, people)).collect(),
    });
    let undecidable = match &view.outcome {
        Outcome::Undecidable { reason } => Some(*reason),
        _ => None,
    };
    ApprovalView {
        id: view.digest.to_string(),
        code: view.code.to_string(),
        subject: view.subject.clone(),
        message: view.message.clone(),
        requester: requester(view),
        state: state(&view.outcome),
        undecidable,
        my_turn: view.may_decide(me),
        decision_waiting,
        deadline: view.deadline.as_ref().map(|deadline| deadline.as_str().to_owned()),
        stages: stages.collect(),
        informed: view
            .people
            .iter()
            .filter(|person| person.informed)
            .map(|person| person.address.to_string())
            .collect(),
        documents: view.documents.clone(),
        not_counted: view
            .not_counted
            .iter()
            .map(|event| NotCountedView {
                event: event.id.map(|id| id.to_string()),
                from: event.sender.as_ref().map(ToString::to_string),
                reason: event.reason,
            })
            .collect(),
        missing: view.missing.iter().map(|missing| missing.id.to_hex()).collect(),
        forks: view.forks.iter().map(|fork| fork.author).collect(),
        alarms: view.alarms_without(held),
    }
}

fn decision(view: &RequestView, number: u32, (people, all): (&People, &Shown)) -> Option<PersonDecision> {
    let person = view.people.iter().find(|person| person.number == number)?;
    let contact = pinned_contact(person, people);
    let decision: Option<&DecisionView> = person.decision.as_ref();
    let token = decision.and_then(|decision| decision.token.as_ref());
    Some(PersonDecision {
        address: person.address.to_string(),
        name: person.name.clone(),
        known_as: known_as(person, people, all),
        trust: contact.map_or(Trust::None, |contact| contact.trust),
        decision: decision.map(|decision| match decision.word {
            Word::Approve => Decision::Approved,
            Word::Reject => Decision::Rejected,
        }),
        time: token.map(|token| token.time),
        authority: token.map(|token| token.authority.clone()),
        is_receipt_time: token.is_some_and(|token| token.receipt),
        claimed_time: decision.and_then(|decision| decision.claimed),
        comment: decision.map(|decision| decision.comment.clone()).filter(|comment| !comment.is_empty()),
        foreign: decision.is_some_and(|decision| decision.foreign),
    })
}
