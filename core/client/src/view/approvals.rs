//! Screen 08: the lists of approvals.

use engine::approval::StageState;
use serde::Serialize;
use smime::UnixTime;

use super::approval::deadline;
use super::inbox::badge_spoken;
use super::route::{ended, person_name, route};
use super::{ApprovalCase, Arg, Clock, Empty, Icon, Spoken, StepState, Text, Tone, When};
use crate::approvals::{ApprovalState, Decision};

/// The lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalsScreen {
    /// `tab_approvals`.
    pub title: Text,
    /// Waiting for me, I asked, Done.
    pub segments: Vec<Segment>,
    /// The tab with its badge.
    pub badge_spoken: Option<Spoken>,
}

/// One list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// Its name.
    pub title: Text,
    /// Badge.
    pub count: Option<u64>,
    /// Groups in order; none is empty.
    pub groups: Vec<ApprovalGroup>,
    /// Instead of groups.
    pub empty: Option<Empty>,
}

/// Rows under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalGroup {
    /// Heading.
    pub title: Text,
    /// Rows.
    pub rows: Vec<ApprovalRow>,
}

/// One approval. There is no button on it that decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApprovalRow {
    /// Id of the request.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Who asks; absent in one's own.
    pub who: Option<String>,
    /// `ap_ndocs`, or for whom it waits.
    pub second: Option<Text>,
    /// `ap_any`, … when the open step is a group.
    pub rule: Option<Text>,
    /// Bars of the route.
    pub bars: Vec<StepState>,
    /// The same in words: `in_step` or `as_progress`.
    pub progress: Text,
    /// Until when.
    pub due: Option<Due>,
    /// How it ended.
    pub tag: Option<Tag>,
    /// Nothing but the icon of a warned request.
    pub warning: Option<Text>,
}

/// Until when an answer is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Due {
    /// Icon.
    pub icon: Icon,
    /// The deadline.
    pub when: When,
    /// Neutral, caution on the day, danger after it.
    pub tone: Tone,
    /// `ap_overdue`, when it is.
    pub overdue: Option<Text>,
}

/// A small word on a fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Word.
    pub text: Text,
    /// Fill and colour.
    pub tone: Tone,
    /// Before the word.
    pub icon: Option<Icon>,
}

/// Screen 08.
pub fn approvals_screen(cases: &[ApprovalCase], clock: Clock) -> ApprovalsScreen {
    let mine = waits_for_me(cases);
    let badge = u64::try_from(mine.len()).unwrap_or(u64::MAX);
    let (due_now, later): (Vec<_>, Vec<_>) =
        mine.into_iter().partition(|case| case.deadline.is_some_and(|at| clock.days_to(at) <= 0));
    let asked =
        |wanted: bool| newest(cases, move |case| case.is_own() && ended(case.approval.state) == wanted);
    let done = newest(cases, |case| {
        let is_over = ended(case.approval.state) || case.approval.undecidable.is_some();
        !case.is_own() && (is_over || case.decided())
    });
    let groups = |groups: Vec<(&'static str, Vec<&ApprovalCase>)>| {
        let group = |(title, cases): (&'static str, Vec<&ApprovalCase>)| ApprovalGroup {
            title: Text::new(title),
            rows: cases.into_iter().map(|case| row(case, clock)).collect(),
        };
        groups.into_iter().filter(|(_, cases)| !cases.is_empty()).map(group).collect::<Vec<_>>()
    };
    let segment = |title, count: Option<u64>, groups: Vec<ApprovalGroup>, heading, line| Segment {
        title: Text::new(title),
        count: count.filter(|count| *count > 0),
        empty: groups.is_empty().then(|| Empty {
            icon: Icon::Stamp,
            heading: Text::new(heading),
            line: Text::new(line),
        }),
        groups,
    };
    ApprovalsScreen {
        title: Text::new("tab_approvals"),
        segments: vec![
            segment(
                "as_mine",
                Some(badge),
                groups(vec![("as_due_today", due_now), ("as_later", later)]),
                "as_empty",
                "as_empty_sub",
            ),
            segment(
                "as_asked",
                None,
                groups(vec![("ap_wait", asked(false)), ("c_earlier", asked(true))]),
                "as_empty_asked",
                "as_empty_asked_sub",
            ),
            segment("as_done", None, groups(vec![("c_earlier", done)]), "as_empty_done", "as_empty_done_sub"),
        ],
        badge_spoken: badge_spoken(badge),
    }
}

/// What waits for the account's owner: by deadline, those without one last.
pub(super) fn waits_for_me(cases: &[ApprovalCase]) -> Vec<&ApprovalCase> {
    let is_mine = |case: &&ApprovalCase| case.approval.my_turn && !case.approval.decision_waiting;
    let mut mine: Vec<&ApprovalCase> = cases.iter().filter(is_mine).collect();
    mine.sort_by_key(|case| (case.deadline.is_none(), case.deadline));
    mine
}

fn newest(cases: &[ApprovalCase], wanted: impl Fn(&ApprovalCase) -> bool) -> Vec<&ApprovalCase> {
    let mut found: Vec<&ApprovalCase> = cases.iter().filter(|case| wanted(case)).collect();
    found.sort_by_key(|case| std::cmp::Reverse(case.certified));
    found
}

impl ApprovalCase {
    /// The account's owner decided, or his decision waits to be sent.
    pub(super) fn decided(&self) -> bool {
        let mut people = self.approval.stages.iter().flat_map(|stage| &stage.people);
        self.approval.decision_waiting
            || people.any(|person| {
                person.address.eq_ignore_ascii_case(&self.me.address) && person.decision.is_some()
            })
    }
}

pub(super) fn due(at: UnixTime, clock: Clock) -> Due {
    let line = deadline(at, clock);
    let overdue = (line.left.key == "ap_overdue").then_some(line.left);
    Due { icon: Icon::Clock, when: clock.when(at), tone: line.tone, overdue }
}

fn row(case: &ApprovalCase, clock: Clock) -> ApprovalRow {
    let approval = &case.approval;
    let route = route(approval, &case.me.address);
    let is_over = ended(approval.state) || approval.undecidable.is_some();
    let people = || approval.stages.iter().flat_map(|stage| &stage.people);
    let approved = people().filter(|person| person.decision == Some(Decision::Approved)).count();
    let open = approval.stages.iter().position(|stage| stage.state == StageState::Open).filter(|_| !is_over);
    let progress = match route.progress.clone() {
        Some(step) if !case.is_own() => step,
        _ => Text::of("as_progress", approved, people().count()),
    };
    let group = open.and_then(|open| route.steps.get(open)).filter(|step| step.group.is_some());
    ApprovalRow {
        id: approval.id.clone(),
        subject: approval.subject.clone(),
        who: (!case.is_own()).then(|| case.requester_name()),
        second: second(case, open),
        rule: group.filter(|_| case.is_own()).map(|step| step.caption.clone()),
        bars: route.bars(),
        progress,
        due: case.deadline.filter(|_| !is_over && !case.is_own()).map(|at| due(at, clock)),
        tag: tag(approval.state),
        warning: case.is_warned().then(|| Text::new("st_unfit")),
    }
}

/// Of one's own: for whom it waits, since when. Of others: how many documents.
fn second(case: &ApprovalCase, open: Option<usize>) -> Option<Text> {
    if !case.is_own() {
        let documents = case.approval.documents.len();
        return (documents > 0).then(|| Text::counted("ap_ndocs", documents));
    }
    let open = open?;
    let waiting = case.approval.stages.get(open)?.people.iter().find(|person| person.decision.is_none())?;
    let before = open.checked_sub(1).and_then(|before| case.approval.stages.get(before));
    let decided = before.into_iter().flat_map(|stage| &stage.people).filter_map(|person| person.time).max();
    let name = person_name(waiting);
    Some(match decided.or(case.certified) {
        Some(since) => Text::named("as_waits", &name).with("date", Arg::Time(since)),
        None => Text::named("as_waits_undated", &name),
    })
}

fn tag(state: ApprovalState) -> Option<Tag> {
    let tag = |key, tone| Some(Tag { text: Text::new(key), tone, icon: None });
    match state {
        ApprovalState::Approved | ApprovalState::ApprovedNotClosed => tag("c_done", Tone::Accent),
        ApprovalState::Rejected | ApprovalState::RejectedNotClosed => {
            tag("ap_rejected_undated", Tone::Danger)
        }
        ApprovalState::Undecidable => tag("st_unfit", Tone::Caution),
        ApprovalState::Open | ApprovalState::Incomplete => None,
    }
}
