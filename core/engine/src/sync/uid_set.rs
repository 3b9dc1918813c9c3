//! Sets of UIDs, and how IMAP writes them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A set of UIDs as ranges: ascending, apart from each other, never 0. Memory follows the ranges, not the UIDs: a
/// hostile `1:4294967295` is one range.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

/// The text is no sequence set (RFC 9051 section 9, `sequence-set`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UidSetError {
    /// Not numbers, colons and commas; or 0.
    #[error("not a set of UIDs")]
    Syntax,
    /// `*` where no largest UID is known.
    #[error("a set of UIDs with * where no largest UID is known")]
    Star,
    /// More UIDs than the caller takes.
    #[error("a set of more UIDs than are taken")]
    TooMany,
}

impl UidSet {
    /// No UIDs.
    pub const fn new() -> Self {
        UidSet { ranges: Vec::new() }
    }

    /// All from one UID to another, in either order; 0 is left out.
    pub fn range(a: u32, b: u32) -> Self {
        Self::from_ranges(vec![(a, b)])
    }

    /// Reads a sequence set. `*` is `largest`, the largest UID of the folder; `n:*` includes it even when it is below
    /// `n`.
    ///
    /// # Errors
    /// [`UidSetError::Syntax`]; [`UidSetError::Star`] when there is a `*` and `largest` is `None`.
    pub fn parse(text: &str, largest: Option<u32>) -> Result<Self, UidSetError> {
        let ranges: Result<Vec<_>, _> = text.split(',').map(|item| read_range(item, largest)).collect();
        Ok(Self::from_ranges(ranges?))
    }

    /// Reads a set in the order in which it is written, as COPYUID needs (RFC 4315 section 3): each range ascending.
    ///
    /// # Errors
    /// [`UidSetError::Syntax`], also for `*`; [`UidSetError::TooMany`] beyond `limit` UIDs.
    pub fn parse_in_order(text: &str, limit: usize) -> Result<Vec<u32>, UidSetError> {
        let mut uids = Vec::new();
        for item in text.split(',') {
            let (a, b) = read_range(item, None).map_err(|_| UidSetError::Syntax)?;
            let (first, last) = (a.min(b), a.max(b));
            let count = usize::try_from(last - first).unwrap_or(usize::MAX);
            if count >= limit.saturating_sub(uids.len()) {
                return Err(UidSetError::TooMany);
            }
            uids.extend(first..=last);
        }
        Ok(uids)
    }

    fn from_ranges(mut ranges: Vec<(u32, u32)>) -> Self {
        for range in &mut ranges {
            *range = (range.0.min(range.1).max(1), range.0.max(range.1));
        }
        ranges.retain(|range| range.1 > 0);
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        UidSet { ranges: merged }
    }

    /// How many UIDs.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// None.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The smallest.
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.0)
    }

    /// The largest: the newest mail.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.1)
    }

    /// One of them is `uid`.
    pub fn contains(&self, uid: u32) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < uid);
        self.ranges.get(at).is_some_and(|range| range.0 <= uid)
    }

    /// Adds one; 0 is left out. Cheap at the end; many in any order are better collected.
    pub fn insert(&mut self, uid: u32) {
        if uid == 0 || self.contains(uid) {
            return;
        }
        match self.ranges.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(uid) => last.1 = uid,
            Some(last) if last.1 > uid => *self = self.union(&UidSet::range(uid, uid)),
            _ => self.ranges.push((uid, uid)),
        }
    }

    /// Those in either.
    pub fn union(&self, other: &UidSet) -> UidSet {
        Self::from_ranges(self.ranges.iter().chain(&other.ranges).copied().collect())
    }

    /// Those in both.
    pub fn intersection(&self, other: &UidSet) -> UidSet {
        let mut both = Vec::new();
        let (mut ours, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                both.push((first, last));
            }
            if a.1 < b.1 {
                ours.next()
            } else {
                theirs.next()
            };
        }
        UidSet { ranges: both }
    }

    /// Those that are not in `other`.
    pub fn difference(&self, other: &UidSet) -> UidSet {
        let mut gaps = Vec::new();
        let mut next = Some(1);
        for (first, last) in &other.ranges {
            if let Some(start) = next.filter(|start| start < first) {
                gaps.push((start, first - 1));
            }
            next = last.checked_add(1);
        }
        gaps.extend(next.map(|start| (start, u32::MAX)));
        self.intersection(&UidSet { ranges: gaps })
    }

    /// Those from `uid` on.
    pub fn from(&self, uid: u32) -> UidSet {
        self.intersection(&UidSet::range(uid, u32::MAX))
    }

    /// The `count` largest.
    pub fn newest(&self, count: u64) -> UidSet {
        let mut left = count;
        let mut ranges = Vec::new();
        for (first, last) in self.ranges.iter().rev() {
            let Ok(less) = u32::try_from(left.min(u64::from(last - first) + 1).saturating_sub(1)) else {
                break;
            };
            if left == 0 {
                break;
            }
            left -= u64::from(less) + 1;
            ranges.push((last - less, *last));
        }
        ranges.reverse();
        UidSet { ranges }
    }

    /// Each of them, ascending; from the back: newest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Takes the largest out.
    pub fn pop_newest(&mut self) -> Option<u32> {
        let last = self.ranges.last_mut()?;
        let uid = last.1;
        if last.0 == uid {
            self.ranges.pop();
        } else {
            last.1 = uid - 1;
        }
        Some(uid)
    }

    /// As many from the newest end as can be written in `octets` octets, and the rest. At least one range is taken.
    pub fn split_newest(&self, octets: usize) -> (UidSet, UidSet) {
        let mut room = octets;
        let taken = |range: &&(u32, u32)| {
            let length = RangeText(**range).to_string().len() + 1;
            let fits = length <= room.saturating_add(1);
            room = room.saturating_sub(length);
            fits
        };
        let count = self.ranges.iter().rev().take_while(taken).count().max(1);
        let (rest, part) = self.ranges.split_at(self.ranges.len().saturating_sub(count));
        (UidSet { ranges: part.to_vec() }, UidSet { ranges: rest.to_vec() })
    }
}

fn read_range(item: &str, largest: Option<u32>) -> Result<(u32, u32), UidSetError> {
    let number = |text: &str| match text {
        "*" => largest.ok_or(UidSetError::Star),
        _ if text.bytes().all(|octet| octet.is_ascii_digit()) => match text.parse() {
            Ok(0) | Err(_) => Err(UidSetError::Syntax),
            Ok(number) => Ok(number),
        },
        _ => Err(UidSetError::Syntax),
    };
    match item.split_once(':') {
        Some((a, b)) => Ok((number(a)?, number(b)?)),
        None => number(item).map(|uid| (uid, uid)),
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        Self::from_ranges(uids.into_iter().map(|uid| (uid, uid)).collect())
    }
}

struct RangeText((u32, u32));

impl fmt::Display for RangeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.0;
        if first == last { write!(f, "{first}") } else { write!(f, "{first}:{last}") }
    }
}

impl fmt::Display for UidSet {
    /// As IMAP writes it; empty when there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.ranges.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}", RangeText(*range))?;
        }
        Ok(())
    }
}

impl fmt::Debug for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl From<UidSet> for String {
    fn from(set: UidSet) -> String {
        set.to_string()
    }
}

impl TryFrom<String> for UidSet {
    type Error = UidSetError;
    fn try_from(text: String) -> Result<Self, UidSetError> {
        if text.is_empty() { Ok(UidSet::new()) } else { UidSet::parse(&text, None) }
    }
}
