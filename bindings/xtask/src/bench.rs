//! `cargo xtask bench`: figures as ratios to a peer that runs at the same time on the same files.

mod cost;
mod mailbox;
mod operations;
mod smime;

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Error, Result};

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// Ours, in `unit`.
    pub ours: f64,
    /// The peer's, or an absolute limit.
    pub peer: f64,
    /// `s`, `µs` or `MiB`.
    pub unit: &'static str,
    /// The ratio that ours must not exceed; shown only when `None`.
    pub goal: Option<f64>,
}

impl Row {
    /// Ours by the peer's.
    pub fn ratio(&self) -> f64 {
        self.ours / self.peer
    }

    /// The goal, where there is one, is met.
    pub fn holds(&self) -> bool {
        self.goal.is_none_or(|goal| self.ratio() <= goal)
    }
}

/// Runs the benchmark `name`; an error when a goal is missed.
pub fn run(root: &Path, name: &str, as_json: bool) -> Result<()> {
    let rows = match name {
        "smime" => {
            let mut rows = operations::measure(root, as_json)?;
            rows.extend(smime::measure(root)?);
            rows
        }
        // The first part alone.
        "operations" => operations::measure(root, as_json)?,
        "mailbox" => mailbox::measure(root, as_json)?,
        other => return Err(Error::Usage(format!("unknown benchmark `{other}`"))),
    };
    println!("{}", if as_json { in_json(&rows).to_string() } else { table(&rows) });
    match rows.iter().find(|row| !row.holds()) {
        None => Ok(()),
        Some(row) => Err(Error::Check(format!("{}: ratio {:.2} misses the goal", row.name, row.ratio()))),
    }
}

fn in_json(rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "ours": row.ours, "peer": row.peer, "unit": row.unit, "ratio": row.ratio(),
                "goal": row.goal,
            })
        })
        .collect();
    json!({ "rows": rows })
}

/// A table in Markdown, as docs/benchmarks.md holds it.
fn table(rows: &[Row]) -> String {
    let mut text = String::from("| what | ours | peer | ratio | goal |\n|---|---:|---:|---:|---:|\n");
    for row in rows {
        let goal = match row.goal {
            Some(goal) if row.holds() => format!("≤ {goal:.1}"),
            Some(goal) => format!("≤ {goal:.1} **missed**"),
            None => "–".to_owned(),
        };
        let unit = row.unit;
        let _ = writeln!(
            text,
            "| {} | {:.3} {unit} | {:.3} {unit} | {:.2} | {goal} |",
            row.name,
            row.ours,
            row.peer,
            row.ratio()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_seen() {
        let row = |ours, goal| Row { name: "x".to_owned(), ours, peer: 2.0, unit: "s", goal };
        assert!(row(2.0, Some(1.0)).holds() && row(9.0, None).holds() && !row(2.1, Some(1.0)).holds());
        let rows = [row(1.0, Some(1.0)), row(3.0, Some(1.0)), row(3.0, None)];
        let text = table(&rows);
        assert!(text.contains("| x | 1.000 s | 2.000 s | 0.50 | ≤ 1.0 |"), "{text}");
        assert!(text.contains("| 1.50 | ≤ 1.0 **missed** |") && text.ends_with("| 1.50 | – |\n"), "{text}");
        assert_eq!(in_json(&rows)["rows"][0]["ratio"], 0.5);
        assert!(in_json(&rows)["rows"][2]["goal"].is_null());
    }
}
