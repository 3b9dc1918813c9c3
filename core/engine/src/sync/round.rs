//! Bringing the records up to the server: open, list, count.

use super::machine::{Outcome, Phase, Steps};
use super::open::Open;
use super::{Answer, Code, Command, Effect, FolderState, FolderSync, Local, UidSet};

/// Octets of a set of UIDs in one command (RFC 2683 section 3.2.1.5).
pub(super) const COMMAND_OCTETS: usize = 1_000;
/// Enumerations that don't fit the count before the server is left alone.
const MAX_LOOKS: u32 = 5;
/// Commands of one round before the server is left alone.
const MAX_TURNS: u32 = 10_000;

/// A listing under way.
#[derive(Debug)]
pub(super) struct Listing {
    kind: Kind,
    pub(super) seen: Vec<u32>,
}

#[derive(Debug)]
enum Kind {
    All,
    Changed,
    New,
    Some,
}

impl FolderSync {
    /// The next step until the records are what the server has; then the actions.
    pub(super) fn settle(&mut self, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &mut self.open else { return self.finish(Outcome::Refused, steps) };
        open.merge();
        open.turns += 1;
        if open.turns > MAX_TURNS || open.looks > MAX_LOOKS {
            (open.turns, open.looks) = (0, 0);
            return self.finish(Outcome::Incomplete, steps);
        }
        if open.exists == 0 && (open.must_list_all || open.changed || open.new) {
            // Some servers refuse `1:*` where there is nothing.
            (open.must_list_all, open.changed, open.new) = (false, false, false);
            open.next = open.next.max(open.selected.uid_next.unwrap_or(1));
            let all = open.known.clone();
            open.forget(&all, &mut steps.effects);
        }
        let listing = |kind| Phase::Listing(Listing { kind, seen: Vec::new() });
        if open.must_list_all || (open.changed && open.state_modseq().is_none()) {
            (open.must_list_all, open.changed, open.new) = (false, false, false);
            open.missing = UidSet::new();
            return self.send(Command::ListAll, listing(Kind::All), steps);
        }
        if let (true, Some(since)) = (open.changed, open.state_modseq()) {
            (open.changed, open.new) = (false, false);
            return self.send(Command::ListChanged { since }, listing(Kind::Changed), steps);
        }
        if open.new {
            open.new = false;
            let from = open.next;
            return self.send(Command::ListNew { from }, listing(Kind::New), steps);
        }
        if !open.missing.is_empty() {
            let (uids, rest) = open.missing.split_newest(COMMAND_OCTETS);
            open.missing = rest;
            return self.send(Command::ListSome { uids }, listing(Kind::Some), steps);
        }
        if open.gone || open.known.len() != open.exists {
            open.looks += 1;
            open.gone = false;
            return self.send(Command::SearchAll, Phase::Searching(UidSet::new()), steps);
        }
        open.looks = 0;
        let state =
            FolderState { uid_next: open.next, highest_modseq: open.selected.highest_modseq, ..open.state };
        if state != open.state {
            open.state = state;
            steps.effects.push(Effect::SaveState(state));
        }
        self.act(local, steps);
    }

    pub(super) fn listed(
        &mut self,
        listing: Listing,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        let Some(open) = &mut self.open else { return };
        open.merge();
        match (answer, code, &listing.kind) {
            (Answer::Ok, ..) => {}
            (Answer::Bad, _, Kind::Changed) => {
                open.must_list_all = true;
                self.condstore = false;
                return self.settle(local, steps);
            }
            (_, Some(Code::ExpungeIssued), _) => {
                open.looks += 1;
                open.must_list_all = true;
                return self.send(Command::Noop, Phase::Nooping, steps);
            }
            (_, Some(Code::Busy), _) => return self.leave(Outcome::Busy, steps),
            _ => return self.leave(Outcome::Refused, steps),
        }
        let seen: UidSet = listing.seen.into_iter().collect();
        if !matches!(listing.kind, Kind::Some) {
            let after_last = seen.last().map(|uid| uid.saturating_add(1));
            open.next = open.next.max(open.selected.uid_next.unwrap_or(1)).max(after_last.unwrap_or(1));
        }
        match listing.kind {
            Kind::All => self.enumerated(&seen, local, steps),
            _ => self.settle(local, steps),
        }
    }

    pub(super) fn searched(
        &mut self,
        found: &UidSet,
        answer: Answer,
        code: Option<&Code>,
        local: &dyn Local,
        steps: &mut Steps,
    ) {
        match (answer, code) {
            (Answer::Ok, _) => self.enumerated(found, local, steps),
            (_, Some(Code::Busy)) => self.leave(Outcome::Busy, steps),
            _ => self.leave(Outcome::Refused, steps),
        }
    }

    /// All mails of the folder, if the count says so and nothing moved meanwhile.
    fn enumerated(&mut self, all: &UidSet, local: &dyn Local, steps: &mut Steps) {
        let Some(open) = &mut self.open else { return };
        if !open.is_quiet || all.len() != open.exists {
            open.looks += 1;
            open.gone = true;
            return self.send(Command::Noop, Phase::Nooping, steps);
        }
        open.gone = false;
        let gone = open.known.difference(all);
        open.forget(&gone, &mut steps.effects);
        open.missing = all.difference(&open.known);
        self.settle(local, steps);
    }

    /// Something may have changed while nothing was asked for: with modification sequences, opening again is cheapest.
    pub(super) fn refresh(&mut self, local: &dyn Local, steps: &mut Steps) {
        let reopens = |open: &Open| {
            open.is_dirty() && open.looks == 0 && open.selected.highest_modseq.is_some() && self.condstore
        };
        if self.open.as_ref().is_some_and(reopens) {
            self.select(local, steps)
        } else {
            self.settle(local, steps)
        }
    }

    /// Ends the round; what is open now is not to be relied on.
    pub(super) fn leave(&mut self, outcome: Outcome, steps: &mut Steps) {
        self.open = None;
        self.finish(outcome, steps);
    }
}
