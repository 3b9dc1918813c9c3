//! How many finder patterns a picture holds, before rqrr looks for codes in it.
//!
//! rqrr compares every pair of finder patterns with every third one and copies the picture for each try, so a picture
//! tiled with finder patterns would keep it busy for hours. Counting them by the same rules takes linear time.

use std::collections::BTreeSet;

/// Finder patterns that are looked at: six codes side by side.
const MAX_FINDERS: usize = 18;
/// Work allowed per pixel when rqrr fills a region again that its cache of 251 regions forgot.
const MAX_FILLS_PER_PIXEL: usize = 64;
/// Regions that rqrr remembers.
const REMEMBERED: usize = 251;

/// A black-and-white picture.
pub(super) struct Bitmap {
    pub(super) width: usize,
    pub(super) black: Vec<bool>,
}

/// rqrr's work on this picture is bounded by a multiple of its pixels.
pub(super) fn is_harmless(bitmap: &Bitmap) -> bool {
    let regions = Regions::of(bitmap);
    let mut rings = BTreeSet::new();
    let mut hits = 0usize;
    for (y, row) in bitmap.black.chunks(bitmap.width.max(1)).enumerate() {
        for candidate in candidates(row) {
            hits += 1;
            let region = |x: usize| regions.at(y * bitmap.width + x);
            let (ring, stone) = (region(candidate.right), region(candidate.stone));
            let ratio = regions.size(stone) * 100 / regions.size(ring).max(1);
            if ring == region(candidate.left) && ring != stone && (10..=70).contains(&ratio) {
                rings.insert(ring);
            }
        }
    }
    // Each candidate asks for two regions; a forgotten one is filled twice.
    let fills = hits.saturating_mul(4) / REMEMBERED;
    let work = fills.saturating_mul(regions.largest());
    rings.len() <= MAX_FINDERS && work <= bitmap.black.len().saturating_mul(MAX_FILLS_PER_PIXEL)
}

struct Candidate {
    left: usize,
    stone: usize,
    right: usize,
}

/// Black, white, black, white, black in about 1:1:3:1:1.
fn candidates(row: &[bool]) -> Vec<Candidate> {
    let mut found = Vec::new();
    // Starts of the last five runs, the newest last.
    let mut starts = [0usize; 6];
    let mut runs = 0;
    for x in 1..=row.len() {
        let before = row.get(x - 1).copied().unwrap_or(false);
        let here = row.get(x).copied().unwrap_or(false);
        if before == here && x < row.len() {
            continue;
        }
        starts.rotate_left(1);
        if let Some(last) = starts.last_mut() {
            *last = x;
        }
        runs += 1;
        let [a, b, c, d, e, end] = starts;
        if runs >= 5 && before && has_finder_ratio([b - a, c - b, d - c, e - d, end - e]) {
            found.push(Candidate { left: a, stone: c, right: e });
        }
    }
    found
}

fn has_finder_ratio(runs: [usize; 5]) -> bool {
    let [a, b, _, d, e] = runs;
    let unit = (a + b + d + e) / 4;
    let error = unit * 3 / 4;
    let wanted = [unit, unit, 3 * unit, unit, unit];
    runs.iter().zip(wanted).all(|(&run, wanted)| run + error >= wanted && run <= wanted + error)
}

/// Connected black areas (four neighbours), numbered from 1; white is 0.
struct Regions {
    label: Vec<u32>,
    sizes: Vec<usize>,
}

impl Regions {
    fn of(bitmap: &Bitmap) -> Self {
        let mut regions = Regions { label: vec![0; bitmap.black.len()], sizes: vec![0] };
        let mut todo = Vec::new();
        for start in 0..bitmap.black.len() {
            if !regions.claim(bitmap, start, regions.next()) {
                continue;
            }
            let number = regions.next();
            let mut size = 1;
            todo.push(start);
            while let Some(at) = todo.pop() {
                let column = at % bitmap.width;
                let left = (column > 0).then(|| at - 1);
                let right = (column + 1 < bitmap.width).then_some(at + 1);
                for next in
                    [left, right, at.checked_sub(bitmap.width), Some(at + bitmap.width)].into_iter().flatten()
                {
                    if regions.claim(bitmap, next, number) {
                        size += 1;
                        todo.push(next);
                    }
                }
            }
            regions.sizes.push(size);
        }
        regions
    }

    /// The number of the region that is found next.
    fn next(&self) -> u32 {
        u32::try_from(self.sizes.len()).unwrap_or(u32::MAX)
    }

    /// Gives a black pixel without a number its number.
    fn claim(&mut self, bitmap: &Bitmap, at: usize, number: u32) -> bool {
        match (bitmap.black.get(at), self.label.get_mut(at)) {
            (Some(true), Some(label)) if *label == 0 => {
                *label = number;
                true
            }
            _ => false,
        }
    }

    fn at(&self, at: usize) -> u32 {
        self.label.get(at).copied().unwrap_or(0)
    }

    fn size(&self, number: u32) -> usize {
        usize::try_from(number).ok().and_then(|number| self.sizes.get(number)).copied().unwrap_or(0)
    }

    fn largest(&self) -> usize {
        self.sizes.iter().copied().max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `columns` × `rows` finder patterns, one pixel a module, one white pixel between.
    fn tiled(columns: usize, rows: usize) -> Bitmap {
        let width = columns * 8 + 1;
        let black = (0..width * (rows * 8 + 1))
            .map(|at| {
                let (x, y) = ((at % width) % 8, (at / width) % 8);
                let ring = x.min(y) == 1 || x.max(y) == 7;
                x > 0 && y > 0 && (ring || ((3..=5).contains(&x) && (3..=5).contains(&y)))
            })
            .collect();
        Bitmap { width, black }
    }

    #[test]
    fn finder_patterns_are_counted() {
        assert!(is_harmless(&tiled(3, 1)));
        assert!(is_harmless(&tiled(6, 3)));
        assert!(!is_harmless(&tiled(19, 1)));
        assert!(!is_harmless(&tiled(100, 100)));
    }

    #[test]
    fn a_candidate_at_the_end_of_a_row_counts() {
        let row = [true, false, true, true, true, false, true];
        assert!(matches!(candidates(&row)[..], [Candidate { left: 0, stone: 2, right: 6 }]));
        assert!(candidates(&[]).is_empty() && candidates(&[true]).is_empty());
    }
}
