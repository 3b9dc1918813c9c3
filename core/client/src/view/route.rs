//! The route of an approval: a strip of steps, or bars in a list.

use engine::approval::{Rule, StageState};
use serde::Serialize;

use super::{Arg, Icon, Label, Spoken, Text, Tone, Who, count};
use crate::approvals::{ApprovalState, ApprovalView, Decision, PersonDecision, StageLine};

/// From so many steps on, the strip is vertical.
const VERTICAL_FROM: usize = 5;

/// The route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Route {
    /// `ap_route`.
    pub title: Text,
    /// `in_step`, while a step is open.
    pub progress: Option<Text>,
    /// In order.
    pub steps: Vec<Step>,
    /// Too many steps for a row at any size of text.
    pub is_vertical: bool,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Filled with accent, tick.
    Done,
    /// Accent ring and halo, number.
    Now,
    /// Edge ring, number.
    Waiting,
    /// Danger, cross.
    Rejected,
    /// Dashed ring, number.
    NotNeeded,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// From 1.
    pub number: u64,
    /// How it stands.
    pub state: StepState,
    /// Instead of the number.
    pub icon: Option<Icon>,
    /// "2 of 3" in the circle of a group: approved, of so many.
    pub group: Option<Share>,
    /// The person; of a group, how many.
    pub who: Label,
    /// State; of a group, its rule.
    pub caption: Text,
    /// Colour of the caption.
    pub tone: Tone,
    /// Of a group: everybody in it.
    pub members: Vec<Member>,
    /// Said as one element.
    pub spoken: Spoken,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Approved.
    pub approved: u64,
    /// Needed.
    pub of: u64,
}

/// One approver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Who.
    pub who: Who,
    /// Address.
    pub address: String,
    /// How it stands.
    pub state: StepState,
    /// State.
    pub caption: Text,
    /// Colour of the caption.
    pub tone: Tone,
    /// The person's words.
    pub comment: Option<String>,
}

/// The route of a request; `me` is the account's own address.
pub(super) fn route(approval: &ApprovalView, me: &str) -> Route {
    let steps = approval.stages.len();
    let open = approval.stages.iter().position(|stage| stage.state == StageState::Open);
    let is_open = !ended(approval.state) && approval.undecidable.is_none();
    let step = |(index, stage)| step(index, steps, stage, approval.state, me);
    Route {
        title: Text::new("ap_route"),
        progress: open.filter(|_| is_open).map(|open| Text::of("in_step", open.saturating_add(1), steps)),
        steps: approval.stages.iter().enumerate().map(step).collect(),
        is_vertical: steps >= VERTICAL_FROM,
    }
}

/// It was decided.
pub(super) fn ended(state: ApprovalState) -> bool {
    match state {
        ApprovalState::Open | ApprovalState::Incomplete | ApprovalState::Undecidable => false,
        ApprovalState::ApprovedNotClosed
        | ApprovalState::Approved
        | ApprovalState::RejectedNotClosed
        | ApprovalState::Rejected => true,
    }
}

fn step(index: usize, of: usize, stage: &StageLine, request: ApprovalState, me: &str) -> Step {
    let number = index.saturating_add(1);
    let state = stage_state(stage.state, request);
    let members: Vec<Member> = stage.people.iter().map(|person| member(person, stage, state, me)).collect();
    let (who, caption, tone, group) = match members.as_slice() {
        [only] => (only.label(), only.caption.clone(), only.tone, None),
        _ => group(stage, &members),
    };
    let spoken = Spoken::new("a_step")
        .value("n", count(number))
        .value("m", count(of))
        .with("name", who.said())
        .text("state", caption.clone());
    Step {
        number: u64::try_from(number).unwrap_or(u64::MAX),
        state,
        icon: icon(state),
        group,
        who,
        caption,
        tone,
        members: if group.is_some() { members } else { Vec::new() },
        spoken,
    }
}

fn group(stage: &StageLine, members: &[Member]) -> (Label, Text, Tone, Option<Share>) {
    let approved = stage.people.iter().filter(|person| person.decision == Some(Decision::Approved)).count();
    let all = members.len();
    let (rule, needed) = match stage.rule {
        Rule::All => (Text::new("ap_all"), all),
        Rule::Any => (Text::new("ap_any"), all),
        Rule::AtLeast { n } => {
            (Text::new("ap_at_least").with("n", Arg::Count(u64::from(n))), usize::try_from(n).unwrap_or(all))
        }
    };
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let who = Label::Text(Text::counted("ap_people", all));
    (who, rule, Tone::Neutral, Some(Share { approved: number(approved), of: number(needed) }))
}

fn stage_state(stage: StageState, request: ApprovalState) -> StepState {
    match stage {
        StageState::Approved => StepState::Done,
        StageState::Rejected => StepState::Rejected,
        StageState::Open | StageState::Waiting if ended(request) => StepState::NotNeeded,
        StageState::Open if request != ApprovalState::Undecidable => StepState::Now,
        StageState::Open | StageState::Waiting => StepState::Waiting,
    }
}

fn icon(state: StepState) -> Option<Icon> {
    match state {
        StepState::Done => Some(Icon::Tick),
        StepState::Rejected => Some(Icon::Close),
        StepState::Now | StepState::Waiting | StepState::NotNeeded => None,
    }
}

fn member(person: &PersonDecision, stage: &StageLine, step: StepState, me: &str) -> Member {
    let is_me = person.address.eq_ignore_ascii_case(me);
    let timed = |key, untimed| match person.time {
        Some(time) => Text::new(key).with("time", Arg::Time(time)),
        // What the signer claims is no time that anybody certified.
        None => Text::new(untimed),
    };
    let (state, caption, tone) = match (person.decision, stage.state) {
        (Some(Decision::Approved), _) => (StepState::Done, timed("ap_done_at", "ap_done"), Tone::Accent),
        (Some(Decision::Rejected), _) => {
            (StepState::Rejected, timed("ap_rejected", "ap_rejected_undated"), Tone::Danger)
        }
        (None, StageState::Approved | StageState::Rejected) => {
            (StepState::NotNeeded, Text::new("ap_skipped"), Tone::Neutral)
        }
        (None, _) if step == StepState::NotNeeded => (step, Text::new("ap_skipped"), Tone::Neutral),
        (None, StageState::Open) if is_me && step == StepState::Now => {
            (StepState::Now, Text::new("ap_turn"), Tone::Accent)
        }
        (None, StageState::Open | StageState::Waiting) => (step, Text::new("ap_wait"), Tone::Neutral),
    };
    Member {
        who: if is_me { Who::Me } else { Who::Name(person_name(person)) },
        address: person.address.clone(),
        state,
        caption,
        tone,
        comment: person.comment.clone(),
    }
}

/// What the requester calls people is never shown: of whom this account is not sure, the address is.
pub(super) fn person_name(person: &PersonDecision) -> String {
    person.known_as.clone().unwrap_or_else(|| person.address.clone())
}

impl Member {
    fn label(&self) -> Label {
        match &self.who {
            Who::Me => Label::Text(Text::new("c_you")),
            Who::Name(name) => Label::Plain(name.clone()),
        }
    }
}

impl Route {
    /// The states, for the bars of a list row.
    pub(super) fn bars(&self) -> Vec<StepState> {
        self.steps.iter().map(|step| step.state).collect()
    }
}
