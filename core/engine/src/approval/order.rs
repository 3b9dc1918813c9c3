//! The order of events (rule 5) and what each has seen.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use smime::UnixTime;

use super::ids::EventId;

/// What the order needs to know of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    pub prev: Option<EventId>,
    pub seen: &'a BTreeSet<EventId>,
    pub time: Option<UnixTime>,
    /// The request: before everything else.
    pub first: bool,
}

impl Node<'_> {
    fn links(&self) -> impl Iterator<Item = EventId> + '_ {
        self.prev.into_iter().chain(self.seen.iter().copied())
    }
}

/// Place in the queue of free events: requests, then by time (none last), then by id.
type Rank = (bool, bool, Option<UnixTime>, EventId);

fn rank(id: EventId, node: &Node<'_>) -> Reverse<Rank> {
    Reverse((!node.first, node.time.is_none(), node.time, id))
}

/// Topological by `prev` and `seen`; among free events by (time, none last; id). Links to absent events bind nothing.
/// Events that would have to come before themselves are left out, as is everything that has seen them.
pub(super) fn order(nodes: &BTreeMap<EventId, Node<'_>>) -> Vec<EventId> {
    let mut waiting: BTreeMap<EventId, usize> = BTreeMap::new();
    let mut followers: BTreeMap<EventId, Vec<EventId>> = BTreeMap::new();
    let mut free = BinaryHeap::new();
    for (id, node) in nodes {
        let before: BTreeSet<EventId> = node.links().filter(|link| nodes.contains_key(link)).collect();
        for link in &before {
            followers.entry(*link).or_default().push(*id);
        }
        if before.is_empty() {
            free.push(rank(*id, node));
        }
        waiting.insert(*id, before.len());
    }
    let mut ordered = Vec::with_capacity(nodes.len());
    while let Some(Reverse((.., id))) = free.pop() {
        ordered.push(id);
        for follower in followers.get(&id).map(Vec::as_slice).unwrap_or_default() {
            let Some(left) = waiting.get_mut(follower) else { continue };
            *left = left.saturating_sub(1);
            if let (0, Some(node)) = (*left, nodes.get(follower)) {
                free.push(rank(*follower, node));
            }
        }
    }
    ordered
}

/// For each event the events before it by `prev` and `seen`, directly or through others.
#[derive(Clone, Debug, Default)]
pub(super) struct Ancestry {
    place: BTreeMap<EventId, usize>,
    rows: Vec<Vec<u64>>,
}

impl Ancestry {
    /// `ordered` comes from [`order`] over the same nodes.
    pub fn new(ordered: &[EventId], nodes: &BTreeMap<EventId, Node<'_>>) -> Self {
        let words = ordered.len().div_ceil(64);
        let mut ancestry = Ancestry { place: BTreeMap::new(), rows: Vec::with_capacity(ordered.len()) };
        for (place, id) in ordered.iter().enumerate() {
            let mut row = vec![0u64; words];
            let links = nodes.get(id).into_iter().flat_map(Node::links);
            for link in links.filter_map(|link| ancestry.place.get(&link).copied()) {
                if let Some(word) = row.get_mut(link / 64) {
                    *word |= 1 << (link % 64);
                }
                for (word, inherited) in row.iter_mut().zip(ancestry.rows.get(link).into_iter().flatten()) {
                    *word |= inherited;
                }
            }
            ancestry.rows.push(row);
            ancestry.place.insert(*id, place);
        }
        ancestry
    }

    /// `later` has seen `earlier`.
    pub fn has_seen(&self, later: EventId, earlier: EventId) -> bool {
        let (Some(later), Some(earlier)) = (self.place.get(&later), self.place.get(&earlier)) else {
            return false;
        };
        self.rows
            .get(*later)
            .and_then(|row| row.get(earlier / 64))
            .is_some_and(|word| word >> (earlier % 64) & 1 == 1)
    }

    /// The event is in the order.
    pub fn contains(&self, id: EventId) -> bool {
        self.place.contains_key(&id)
    }

    /// Everything that `id` has seen.
    pub fn of(&self, id: EventId) -> BTreeSet<EventId> {
        self.place.keys().copied().filter(|other| self.has_seen(id, *other)).collect()
    }
}
