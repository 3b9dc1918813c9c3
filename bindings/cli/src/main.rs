//! `countersign`: the terminal program. It uses exactly the interface that the phones call.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the terminal program is the one that speaks")]

#[macro_use]
mod say;

mod args;
mod commands;
mod failure;
mod output;
mod owner;
mod passphrase;
mod session;
mod streams;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::refused(&error),
    };
    let json = cli.json;
    let done = match owner::hand_over(&cli) {
        Ok(Some(code)) => return ExitCode::from(code),
        Ok(None) => commands::run(cli),
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            ExitCode::from(failure.exit_code())
        }
    }
}
