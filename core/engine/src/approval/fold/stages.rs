//! Stages one after the other (rules 7 and 9).

use std::collections::{BTreeMap, BTreeSet};

use super::{Part, Standing};
use crate::approval::event::{Rule, Stage, Word};
use crate::approval::ids::EventId;
use crate::approval::verify::{Fact, VerifiedEvent};
use crate::approval::view::{NotCounted, StageState};

/// What the decisions made of the route.
pub(super) struct Passed {
    pub standing: Standing,
    pub stages: Vec<StageState>,
    pub open_stage: Option<usize>,
    pub counted: BTreeSet<EventId>,
}

/// Applies the standing decisions in order; those for a later stage wait for it.
pub(super) fn pass(
    part: &Part<'_>,
    decisions: &BTreeMap<u32, EventId>,
    reasons: &mut BTreeMap<EventId, NotCounted>,
) -> Passed {
    let mut stages = Vec::new();
    let mut counted = BTreeSet::new();
    let mut standing = Standing::Approved;
    for (index, stage) in part.case.route.iter().enumerate() {
        let ballots: Vec<&VerifiedEvent> = part
            .events()
            .filter(|e| {
                decisions.get(&e.author) == Some(&e.id) && part.case.stage_of(e.author) == Some(index)
            })
            .collect();
        if standing != Standing::Approved {
            let unused =
                if standing == Standing::Open { NotCounted::WaitsForStage } else { NotCounted::NotNeeded };
            reasons.extend(ballots.iter().map(|e| (e.id, unused)));
            stages.push(StageState::Waiting);
            continue;
        }
        let (state, used) = tally(stage, &ballots);
        counted.extend(ballots.iter().take(used).map(|e| e.id));
        reasons.extend(ballots.iter().skip(used).map(|e| (e.id, NotCounted::NotNeeded)));
        stages.push(match state {
            Standing::Open => StageState::Open,
            Standing::Approved => StageState::Approved,
            Standing::Rejected { .. } => StageState::Rejected,
        });
        standing = state;
    }
    let open_stage = stages.iter().position(|state| *state == StageState::Open);
    Passed { standing, stages, open_stage, counted }
}

/// How a stage stands, and how many of the ballots made it so.
fn tally(stage: &Stage, ballots: &[&VerifiedEvent]) -> (Standing, usize) {
    let people = stage.approvers.len();
    let (needed, rejects_allowed) = match stage.rule {
        Rule::All => (people, 0),
        Rule::Any => (1, 0),
        Rule::AtLeast { n } => {
            let needed = usize::try_from(n).unwrap_or(usize::MAX);
            (needed, people.saturating_sub(needed))
        }
    };
    let (mut approvals, mut rejects) = (0usize, 0usize);
    for (index, ballot) in ballots.iter().enumerate() {
        let used = index.saturating_add(1);
        let word = match &ballot.fact {
            Fact::Decision { word, .. } => Some(*word),
            Fact::Reply { word, .. } => *word,
            Fact::Request | Fact::Relay { .. } | Fact::Result(_) | Fact::Other => None,
        };
        match word {
            Some(Word::Approve) => approvals = approvals.saturating_add(1),
            Some(Word::Reject) => rejects = rejects.saturating_add(1),
            None => {}
        }
        if rejects > rejects_allowed {
            return (Standing::Rejected { by: ballot.author }, used);
        }
        if approvals >= needed {
            return (Standing::Approved, used);
        }
    }
    (Standing::Open, ballots.len())
}
