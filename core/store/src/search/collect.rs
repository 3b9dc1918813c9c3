//! The newest mails of those that match.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use engine::search::{Cursor, MAX_COUNTED, Page};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::ColumnValues;
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};

use super::schema::{DATE, Period, TIE};

/// Collects a page.
pub(super) struct Newest {
    pub(super) page: Page,
    pub(super) period: Period,
}

/// A page of places in the index.
pub(super) struct Top {
    pub(super) places: Vec<DocAddress>,
    pub(super) total: u64,
    pub(super) next: Option<Cursor>,
}

type Oldest = Reverse<(Cursor, DocAddress)>;

pub(super) struct NewestOfSegment {
    segment: SegmentOrdinal,
    date: Arc<dyn ColumnValues<u64>>,
    tie: Arc<dyn ColumnValues<u64>>,
    page: Page,
    period: Period,
    /// One more than the page holds tells whether there is a next one.
    top: BinaryHeap<Oldest>,
    total: u64,
}

impl Collector for Newest {
    type Fruit = Top;
    type Child = NewestOfSegment;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<NewestOfSegment> {
        let column = |name| tantivy::Result::Ok(reader.fast_fields().u64(name)?.first_or_default_col(0));
        Ok(NewestOfSegment {
            segment,
            date: column(DATE)?,
            tie: column(TIE)?,
            page: self.page,
            period: self.period,
            top: BinaryHeap::new(),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<(BinaryHeap<Oldest>, u64)>) -> tantivy::Result<Top> {
        let total = segments.iter().map(|(_, total)| total).sum::<u64>().min(MAX_COUNTED);
        let mut all: Vec<_> =
            segments.into_iter().flat_map(|(top, _)| top).map(|Reverse(mail)| mail).collect();
        all.sort_by_key(|mail| Reverse(*mail));
        let has_more = all.len() > self.page.limit;
        all.truncate(self.page.limit);
        let next = all.last().filter(|_| has_more).map(|(cursor, _)| *cursor);
        Ok(Top { places: all.into_iter().map(|(_, place)| place).collect(), total, next })
    }
}

impl SegmentCollector for NewestOfSegment {
    type Fruit = (BinaryHeap<Oldest>, u64);

    fn collect(&mut self, doc: DocId, _: Score) {
        let date = self.date.get_val(doc);
        if date < self.period.from || date >= self.period.until {
            return;
        }
        self.total += 1;
        let is_full = self.top.len() > self.page.limit;
        // Most are older than the oldest of a full page.
        if is_full && self.top.peek().is_some_and(|Reverse((oldest, _))| date < oldest.date) {
            return;
        }
        let cursor = Cursor { date, tie: self.tie.get_val(doc) };
        if self.page.after.is_some_and(|after| cursor >= after) {
            return;
        }
        self.top.push(Reverse((cursor, DocAddress::new(self.segment, doc))));
        if is_full {
            self.top.pop();
        }
    }

    fn harvest(self) -> Self::Fruit {
        (self.top, self.total)
    }
}
