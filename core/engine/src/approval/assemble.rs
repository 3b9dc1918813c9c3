//! From what was verified and folded to what is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::analysis::{Analysis, Case, analyse};
use super::event::{Body, Document, Kind};
use super::fold::{self, Standing, State};
use super::ids::{EventId, KeyName, RequestDigest};
use super::raw::EventSet;
use super::text::{self, Language};
use super::verify::{Fact, ValidToken, VerifiedEvent, What};
use super::view::{
    Alarm, Context, DecisionView, EventView, Missing, NotCounted, NotCountedEvent, Outcome, PersonView,
    RequestView, StageState, StageView, TokenView,
};

pub(super) fn view(set: &EventSet, context: &Context<'_>) -> RequestView {
    let analysis = analyse(set, context);
    match &analysis.case {
        Some(case) => {
            Assembly { digest: set.request(), analysis: &analysis, case, state: state(&analysis, case) }
                .view()
        }
        None => empty(set.request(), &analysis),
    }
}

/// The folded state of an analysed set.
pub(super) fn state(analysis: &Analysis, case: &Case) -> State {
    fold::fold(&fold::Case {
        requester: case.common.author,
        route: &case.request.route,
        events: &analysis.events,
        present: &analysis.present,
    })
}

fn empty(digest: RequestDigest, analysis: &Analysis) -> RequestView {
    let outcome = match analysis.undecidable {
        Some(reason) => Outcome::Undecidable { reason },
        None => Outcome::Incomplete,
    };
    RequestView {
        digest,
        code: digest.code(),
        request: None,
        rev: 0,
        subject: String::new(),
        message: String::new(),
        text: String::new(),
        language: Language::default(),
        deadline: None,
        requester: 0,
        people: Vec::new(),
        stages: Vec::new(),
        open_stage: None,
        documents: Vec::new(),
        timestamp_urls: Vec::new(),
        so_far: outcome.clone(),
        outcome,
        result: None,
        events: Vec::new(),
        counted: BTreeSet::new(),
        not_counted: analysis.refused.clone(),
        missing: Vec::new(),
        forks: Vec::new(),
        alarms: Vec::new(),
        heads: BTreeSet::new(),
        last_of_key: BTreeMap::new(),
    }
}

struct Assembly<'a> {
    digest: RequestDigest,
    analysis: &'a Analysis,
    case: &'a Case,
    state: State,
}

impl Assembly<'_> {
    fn view(mut self) -> RequestView {
        if self.analysis.undecidable.is_some() {
            self.void();
        }
        let Case { common, request } = self.case;
        let body = Body::Request(Box::new(request.clone()));
        let (outcome, so_far) = self.outcome();
        RequestView {
            digest: self.digest,
            code: self.digest.code(),
            request: self.ordered().find(|e| matches!(e.fact, Fact::Request)).map(|e| e.id),
            rev: common.rev,
            subject: request.subject.clone(),
            message: request.message.clone(),
            text: text::of_event(common, &body, request),
            language: common.language,
            deadline: request.deadline.clone(),
            requester: common.author,
            people: self.people(),
            stages: self.stages(),
            open_stage: self.state.open_stage,
            documents: common.documents.clone(),
            timestamp_urls: request.timestamps.iter().map(|t| t.url.clone()).collect(),
            outcome,
            so_far,
            result: self.state.result,
            events: self.ordered().map(|event| self.event(event)).collect(),
            counted: self.state.counted.clone(),
            not_counted: self.not_counted(),
            missing: self.missing(),
            forks: self.state.forks.clone(),
            alarms: self.alarms(),
            heads: self.state.heads.clone(),
            last_of_key: self.last_of_key(),
        }
    }

    /// Nothing counts for a request that nobody can decide.
    fn void(&mut self) {
        let decides =
            |e: &&VerifiedEvent| !matches!(e.fact, Fact::Request | Fact::Relay { .. } | Fact::Other);
        let ids: Vec<EventId> = self.analysis.events.values().filter(decides).map(|e| e.id).collect();
        for id in ids {
            self.state.reasons.entry(id).or_insert(NotCounted::RequestUndecidable);
        }
        self.state.counted.clear();
        self.state.decisions.clear();
        self.state.result = None;
        self.state.open_stage = None;
        self.state.stages = vec![StageState::Waiting; self.case.request.route.len()];
    }

    fn ordered(&self) -> impl Iterator<Item = &VerifiedEvent> {
        self.state.order.iter().filter_map(|id| self.analysis.events.get(id))
    }

    fn outcome(&self) -> (Outcome, Outcome) {
        if let Some(reason) = self.analysis.undecidable {
            let outcome = Outcome::Undecidable { reason };
            return (outcome.clone(), outcome);
        }
        let closed = self.state.result.is_some();
        let so_far = match self.state.standing {
            Standing::Open => Outcome::Open,
            Standing::Approved => Outcome::Approved { closed },
            Standing::Rejected { by } => Outcome::Rejected { by, closed },
        };
        let incomplete = !closed && !self.state.missing.is_empty();
        (if incomplete { Outcome::Incomplete } else { so_far.clone() }, so_far)
    }

    fn people(&self) -> Vec<PersonView> {
        let request = &self.case.request;
        request
            .participants
            .iter()
            .map(|p| PersonView {
                number: p.number,
                address: p.address.clone(),
                name: p.name.clone(),
                program: p.program,
                anchors: p.anchors.iter().map(smime::Certificate::fingerprint).collect(),
                anchor_certificates: p.anchors.clone(),
                encryption: p.encryption.clone(),
                stage: request.stage_of(p.number),
                informed: request.informed.contains(&p.number),
                decision: self.decision(p.number),
            })
            .collect()
    }

    /// Only a decision that counts, or that waits for its stage.
    fn decision(&self, person: u32) -> Option<DecisionView> {
        let id = *self.state.decisions.get(&person)?;
        if self.state.reasons.get(&id).is_some_and(|reason| *reason != NotCounted::WaitsForStage) {
            return None;
        }
        let event = self.analysis.events.get(&id)?;
        let (word, foreign) = match &event.fact {
            Fact::Decision { word, .. } => (*word, false),
            Fact::Reply { word, .. } => ((*word)?, true),
            Fact::Request | Fact::Relay { .. } | Fact::Result(_) | Fact::Other => return None,
        };
        let copy = self.analysis.copies.get(&id)?;
        Some(DecisionView {
            event: id,
            word,
            token: self.token(id),
            claimed: copy.claimed_time(),
            comment: self.comment(id),
            foreign,
        })
    }

    fn token(&self, id: EventId) -> Option<TokenView> {
        let ValidToken { id, time, authority, trusted, receipt } = self.state.times.get(&id)?.clone();
        Some(TokenView { id, time, authority, trusted, receipt })
    }

    fn comment(&self, id: EventId) -> String {
        match self.analysis.copies.get(&id).map(|copy| &copy.what) {
            Some(What::Event { event: Ok(event), .. }) => match &event.body {
                Body::Decision { comment, .. } | Body::Comment { comment } => comment.clone(),
                Body::Request(_) | Body::Relay(_) | Body::Result(_) | Body::Unsupported => String::new(),
            },
            Some(What::Reply(reply)) => reply.comment.clone(),
            Some(What::Event { event: Err(_), .. } | What::Misplaced) | None => String::new(),
        }
    }

    fn stages(&self) -> Vec<StageView> {
        let route = self.case.request.route.iter().zip(&self.state.stages);
        route
            .map(|(stage, state)| StageView {
                rule: stage.rule,
                approvers: stage.approvers.clone(),
                state: *state,
            })
            .collect()
    }

    fn event(&self, event: &VerifiedEvent) -> EventView {
        let json = self.analysis.event(event.id);
        let kind: Option<Kind> = json.map(|json| json.common.kind.clone());
        let documents: Vec<Document> = json.map(|json| json.common.documents.clone()).unwrap_or_default();
        EventView {
            id: event.id,
            kind,
            author: event.author,
            token: self.token(event.id),
            claimed: self.analysis.copies.get(&event.id).and_then(super::verify::Opened::claimed_time),
            comment: self.comment(event.id),
            documents,
            counted: self.state.counted.contains(&event.id),
            after_the_end: self.state.after_the_end.contains(&event.id),
        }
    }

    fn not_counted(&self) -> Vec<NotCountedEvent> {
        let sender = |id: &EventId| {
            let author = self.analysis.events.get(id)?.author;
            self.case.request.participant(author).map(|p| p.address.clone())
        };
        let mut list: Vec<NotCountedEvent> = self
            .state
            .reasons
            .iter()
            .map(|(id, reason)| NotCountedEvent {
                id: Some(*id),
                sender: sender(id),
                reason: *reason,
                signature: Vec::new(),
            })
            .collect();
        list.extend(self.analysis.refused.iter().cloned());
        list
    }

    fn missing(&self) -> Vec<Missing> {
        let missing = self.state.missing.iter();
        missing.map(|(id, named_by)| Missing { id: *id, named_by: named_by.clone() }).collect()
    }

    fn alarms(&self) -> Vec<Alarm> {
        let wrong = self.state.wrong_results.iter().map(|event| Alarm::WrongResult { event: *event });
        self.analysis.alarms.iter().cloned().chain(wrong).collect()
    }

    fn last_of_key(&self) -> BTreeMap<KeyName, EventId> {
        let chained = self.ordered().filter(|e| !matches!(e.fact, Fact::Reply { .. }));
        chained.map(|event| (event.key, event.id)).collect()
    }
}
