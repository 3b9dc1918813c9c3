//! `watch`.

use client::system::asked_to_end;
use client::{Account, CoreError, Event, Stop, SyncReport, Task};

use crate::args::Cli;
use crate::failure::Failure;
use crate::output::line;
use crate::owner::Owner;
use crate::session::{Session, home, note};
use crate::streams::write_error;

/// Until somebody ends it; exits with the first failure that no waiting mends.
pub(crate) fn run(cli: &Cli) -> Result<(), Failure> {
    if cli.offline {
        return Err(Failure::Offline);
    }
    let session = Session::open(cli, false)?;
    let accounts = match &cli.account {
        Some(_) => vec![session.account()?],
        None => {
            let names = session.core.accounts()?;
            names.iter().map(|name| session.core.account(Some(name))).collect::<Result<_, _>>()?
        }
    };
    if accounts.is_empty() {
        session.account()?;
    }
    let _owner = Owner::listen(&home(cli)?, &session.core)?;
    let stop = Stop::default();
    let ending = {
        let stop = stop.clone();
        session.core.spawn(async move {
            asked_to_end().await;
            stop.stop();
            Ok(())
        })
    };
    let json = session.json;
    let is_only = accounts.len() == 1;
    let mut watches: Vec<Task<()>> = Vec::new();
    for account in &accounts {
        let name = account.summary()?.address.to_string();
        watches.push(account.watch(&stop, move |round| tell_round(&name, is_only, round, json)));
    }
    if !json {
        say!("Watching {} (Ctrl-C ends it).", if is_only { "the mailbox" } else { "all mailboxes" });
    }
    let all = session.core.spawn(async move {
        let mut first = Ok(());
        for watch in watches {
            first = first.and(watch.await);
        }
        first
    });
    let only = accounts.first().filter(|_| is_only);
    let ended = session.core.wait(all, |event| tell(&event, only, json));
    ending.cancel();
    Ok(ended?)
}

/// A round that changed nothing is not worth a line.
fn tell_round(account: &str, is_only: bool, round: &Result<SyncReport, CoreError>, json: bool) {
    match round {
        Ok(report) if json => {
            say!("{}", serde_json::json!({ "event": "round", "account": account, "report": report }));
        }
        Ok(report) if (report.new, report.sent) != (0, 0) => {
            say!("{account}: {} new, {} sent", report.new, report.sent);
        }
        Ok(_) => {}
        // The last word is the program's.
        Err(error) if !error.may_pass() && is_only && !json => {}
        Err(error) => {
            let failure = Failure::Core(error.clone());
            if json {
                say!(
                    "{}",
                    serde_json::json!({ "event": "failed", "account": account, "error": failure.record() })
                );
            } else {
                write_error(&format!("{account}: {}", failure.message()));
            }
        }
    }
}

fn tell(event: &Event, only: Option<&Account>, json: bool) {
    match event {
        Event::Progress { .. } => {}
        event if json => {
            if let Ok(record) = serde_json::to_string(event) {
                say!("{record}");
            }
        }
        Event::Mail { id } => {
            let mail = only.and_then(|account| account.mailboxes().summary(id).ok());
            if let Some(mail) = mail {
                say!("{id}  {}  {}", line(&mail.from), line(&mail.subject));
            }
        }
        event => note(event).iter().for_each(|note| write_error(note)),
    }
}
