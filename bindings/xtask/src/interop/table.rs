//! What came out, as a table in Markdown.

use std::collections::BTreeMap;
use std::fmt;

/// The end of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written, read, the content is the same, a change was refused.
    Pass,
    /// A side can't do this, for the stated reason, and the try failed.
    Lacks(&'static str),
    /// What the try needs is not on this machine.
    Skipped(String),
    /// It failed.
    Fail(String),
}

/// One peer and one case.
#[derive(Clone, Debug)]
pub struct Row {
    /// Name and version.
    pub peer: String,
    /// Name of the case.
    pub case: &'static str,
    /// We write, the peer reads.
    pub to_peer: Outcome,
    /// The peer writes, we read.
    pub from_peer: Outcome,
}

/// All rows, by peer.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// Every failed cell, in words.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.cells().filter_map(|(peer, case, direction, outcome)| match outcome {
            Outcome::Fail(why) => Some(format!("{peer}, {direction}, {case}: {why}")),
            _ => None,
        })
    }

    /// How many cells passed.
    pub fn passed(&self) -> usize {
        self.cells().filter(|(.., outcome)| **outcome == Outcome::Pass).count()
    }

    /// Where a document says something else, in words: a peer of that very version, or a case that is missing. The document
    /// holds the table as it is printed.
    pub fn contradictions(&self, document: &str) -> Vec<String> {
        let lines: Vec<Vec<&str>> =
            document.lines().filter(|line| line.starts_with('|')).map(|line| cells_of(line)).collect();
        let header = lines.first().cloned().unwrap_or_default();
        let mut found = Vec::new();
        for row in &self.rows {
            let Some(line) = lines.iter().find(|line| line.first() == Some(&row.case)) else {
                found.push(format!("it has no row {}", row.case));
                continue;
            };
            for (column, outcome) in [
                (format!("ours → {}", row.peer), &row.to_peer),
                (format!("{} → ours", row.peer), &row.from_peer),
            ] {
                let said = header.iter().position(|name| **name == column).and_then(|at| line.get(at));
                let passes = match outcome {
                    Outcome::Pass => true,
                    Outcome::Lacks(_) => false,
                    Outcome::Skipped(_) | Outcome::Fail(_) => continue,
                };
                if said.is_some_and(|said| (*said == "pass") != passes) {
                    found.push(format!("{}, {column}: it says {}", row.case, said.unwrap_or(&"")));
                }
            }
        }
        found
    }

    fn cells(&self) -> impl Iterator<Item = (&str, &str, &'static str, &Outcome)> {
        self.rows.iter().flat_map(|row| {
            [("ours to peer", &row.to_peer), ("peer to ours", &row.from_peer)]
                .map(|(direction, outcome)| (row.peer.as_str(), row.case, direction, outcome))
        })
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut peers, mut cases): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for row in &self.rows {
            if !peers.contains(&row.peer.as_str()) {
                peers.push(&row.peer);
            }
            if !cases.contains(&row.case) {
                cases.push(row.case);
            }
        }
        let mut notes: Vec<&str> = Vec::new();
        let mut lines: BTreeMap<usize, String> = BTreeMap::new();
        for (number, case) in cases.iter().enumerate() {
            let mut line = format!("| {case} |");
            for peer in &peers {
                let row = self.rows.iter().find(|row| row.peer == *peer && row.case == *case);
                for outcome in row.iter().flat_map(|row| [&row.to_peer, &row.from_peer]) {
                    line.push_str(&format!(" {} |", cell(outcome, &mut notes)));
                }
            }
            lines.insert(number, line);
        }
        write!(f, "| |")?;
        for peer in &peers {
            write!(f, " ours → {peer} | {peer} → ours |")?;
        }
        writeln!(f, "\n|---|{}", "---|---|".repeat(peers.len()))?;
        for line in lines.values() {
            writeln!(f, "{line}")?;
        }
        writeln!(f)?;
        for (number, note) in notes.iter().enumerate() {
            writeln!(f, "{}. {note}", number + 1)?;
        }
        for failure in self.failures() {
            writeln!(f, "FAIL {failure}")?;
        }
        for (peer, case, direction, outcome) in self.cells() {
            if let Outcome::Skipped(why) = outcome {
                writeln!(f, "SKIPPED: {peer}, {direction}, {case}: {why}")?;
            }
        }
        writeln!(f, "{} of {} cells pass", self.passed(), self.rows.len() * 2)
    }
}

/// The cells of a line of a table.
fn cells_of(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

fn cell<'a>(outcome: &'a Outcome, notes: &mut Vec<&'a str>) -> String {
    match outcome {
        Outcome::Pass => "pass".to_owned(),
        Outcome::Fail(_) => "FAIL".to_owned(),
        Outcome::Skipped(_) => "skipped".to_owned(),
        Outcome::Lacks(reason) => {
            let number = notes.iter().position(|note| note == reason).unwrap_or_else(|| {
                notes.push(reason);
                notes.len() - 1
            });
            format!("– ({})", number + 1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_numbered_and_failures_named() {
        let row = |case, to_peer, from_peer| Row { peer: "peer 1".to_owned(), case, to_peer, from_peer };
        let table = Table {
            rows: vec![
                row("a", Outcome::Pass, Outcome::Lacks("no b")),
                row("b", Outcome::Lacks("no b"), Outcome::Fail("broken".to_owned())),
            ],
        };
        let text = table.to_string();
        assert!(
            text.contains("| a | pass | – (1) |\n| b | – (1) | FAIL |\n\n1. no b\nFAIL peer 1"),
            "{text}"
        );
        assert!(text.ends_with("1 of 4 cells pass\n"), "{text}");
        assert!(table.contradictions(&text).is_empty());
        let other = text.replace("| a | pass |", "| a | – (1) |").replace("| b |", "| c |");
        assert_eq!(table.contradictions(&other), ["a, ours → peer 1: it says – (1)", "it has no row b"]);
    }
}
