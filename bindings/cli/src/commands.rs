//! What each command does.

mod account;
mod approval;
mod cert;
mod chain;
mod contact;
mod draft;
mod evidence;
mod files;
mod inspect;
mod keyfile;
mod keys;
mod mail;
mod material;
mod mime;
mod p12;
mod servers;
mod smime;
mod timestamp;
mod wake;
mod watch;
mod words;

use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output::json;
use crate::session::Session;

/// Runs the command line.
pub(crate) fn run(mut cli: Cli) -> Result<(), Failure> {
    // The command is taken out, so that the rest can be lent.
    let command = std::mem::replace(&mut cli.command, Command::Watch);
    match command {
        Command::Account(command) => account::run(&cli, command),
        Command::Sync { full } => sync(&cli, full),
        Command::Wake => wake::run(&cli),
        Command::Watch => watch::run(&cli),
        Command::Mail(command) => mail::run(&cli, command),
        Command::Keys(command) => keys::run(&cli, command),
        Command::Contact(command) => contact::run(&cli, command),
        Command::Approval(command) => approval::run(&cli, command),
        Command::Evidence(command) => evidence::run(&cli, command),
        Command::Inspect(arguments) => inspect::run(&cli, &arguments),
        Command::Chain(arguments) => chain::run(&cli, &arguments),
        Command::Mime(arguments) => mime::run(&cli, &arguments),
        Command::Smime(command) => smime::run(&cli, &command),
        Command::Cert(arguments) => cert::run(&cli, &arguments),
        Command::P12(arguments) => p12::run(&cli, &arguments),
        Command::Timestamp(command) => timestamp::run(&cli, &command),
    }
}

fn sync(cli: &Cli, full: bool) -> Result<(), Failure> {
    let session = Session::open(cli, false)?;
    let account = session.account()?;
    if session.offline {
        return Err(Failure::Offline);
    }
    let report = session.run(if full { account.sync_full() } else { account.sync() })?;
    if session.json {
        return json(&report);
    }
    say!("{} new, {} sent", report.new, report.sent);
    if report.waiting > 0 {
        say!("{} waiting to be sent", report.waiting);
    }
    match account.approvals().list()?.iter().filter(|one| one.my_turn).count() {
        0 => {}
        1 => say!("1 request waits for your decision; see `countersign approval list`"),
        more => say!("{more} requests wait for your decision; see `countersign approval list`"),
    }
    Ok(())
}
