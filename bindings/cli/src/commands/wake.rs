//! `wake`.

use client::WakeReport;

use super::mail::row;
use crate::args::Cli;
use crate::failure::Failure;
use crate::output::{json, table};
use crate::session::Session;

/// All accounts; the first failure is returned after all were tried.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    if cli.offline {
        return Err(Failure::Offline);
    }
    let session = Session::open_woken(cli)?;
    let mut all = WakeReport::default();
    let mut failed = Ok(());
    for account in session.accounts()? {
        match session.run(account.wake()) {
            Ok(report) => {
                all.news.extend(report.news);
                all.more |= report.more;
            }
            Err(error) => failed = failed.and(Err(error)),
        }
    }
    if session.json {
        json(&all)?;
    } else {
        let rows: Vec<Vec<String>> = all.news.iter().map(row).collect();
        say_part!("{}", table(&rows));
        if all.more {
            say!("There is more: `countersign sync` fetches it.");
        }
    }
    failed
}
