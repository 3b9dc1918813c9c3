//! `watch`.

use std::io::{self, Write};

use client::system::EndSignals;
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
    let accounts = session.accounts()?;
    let signals = session.core.spawn(async { Ok(EndSignals::listen()) }).wait()?;
    let _owner = Owner::listen(&home(cli)?, &session.core)?;
    let stop = Stop::default();
    let json = session.json;
    // Listens on while what runs is finished, and until the core closes.
    let _ending = session.core.spawn(end_when_asked(signals, stop.clone(), json));
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
    Ok(session.core.wait(all, |event| tell(&event, only, json))?)
}

/// The first signal is a request; the second ends the process as if it had never been caught.
async fn end_when_asked(mut signals: EndSignals, stop: Stop, json: bool) -> Result<(), CoreError> {
    signals.received().await;
    stop.stop();
    if !json {
        // The terminal may be stopped, or gone: nothing waits for it, and `eprintln!` would panic.
        std::thread::spawn(|| {
            writeln!(io::stderr(), "The running round is finished first; a second Ctrl-C ends at once.").ok()
        });
    }
    loop {
        match signals.received().await {
            // A terminal that closes says so twice: by its shell, and by itself.
            EndSignals::HANGUP => {}
            number => std::process::exit(128 + number),
        }
    }
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
