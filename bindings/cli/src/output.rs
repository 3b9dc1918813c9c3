//! What is printed.

use std::fmt::Write;
use std::time::Duration;

use client::{Event, ProgressStep};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

/// Prints a record as JSON.
pub(crate) fn json<T: Serialize>(record: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(record)
        .map_err(|_| Failure::Argument("this can't be written as JSON".to_owned()))?;
    say!("{text}");
    Ok(())
}

/// Text from a mail, made safe for a terminal: no control characters (escape sequences, carriage returns, bidi overrides).
pub(crate) fn safe(text: &str) -> String {
    let is_bidi =
        |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars().filter(|c| (!c.is_control() || matches!(c, '\n' | '\t')) && !is_bidi(*c)).collect()
}

/// As [`safe`], on one line.
pub(crate) fn line(text: &str) -> String {
    safe(text).replace(['\n', '\t'], " ")
}

/// Columns padded to the widest cell of each; the last one is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
            .min(48)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            if column + 1 == row.len() {
                let _ = writeln!(text, "{cell}");
            } else {
                let width = widths.get(column).copied().unwrap_or(0);
                let _ = write!(text, "{cell:width$}  ");
            }
        }
    }
    text
}

/// A progress bar on a terminal; nothing in a pipe.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new() -> Self {
        // indicatif draws on stderr, and only when that is a terminal.
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress { bar }
    }

    pub(crate) fn show(&mut self, event: &Event) {
        let Event::Progress { step, done, total } = event else { return };
        let words = match step {
            ProgressStep::Connecting => "checking the servers",
            ProgressStep::MakingKeys => "making keys and certificates",
            ProgressStep::Fetching => "fetching mail",
            ProgressStep::Timestamping => "fetching a timestamp",
            ProgressStep::Sending => "sending",
        };
        if let Some(total) = total.filter(|total| *total > 1) {
            self.bar.set_length(total);
            self.bar.set_position(*done);
            if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
                self.bar.set_style(style);
            }
        }
        self.bar.set_message(words);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_can_not_drive_the_terminal() {
        assert_eq!(safe("a\u{1b}[31mred\u{7}\r\nb"), "a[31mred\nb");
        assert_eq!(safe("exe.\u{202e}fdp"), "exe.fdp");
        assert_eq!(line("one\ntwo\tthree"), "one two three");
    }

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [vec!["a".to_owned(), "b".to_owned()], vec!["采购".to_owned(), "c".to_owned()]];
        assert_eq!(table(&rows), "a   b\n采购  c\n");
    }
}
