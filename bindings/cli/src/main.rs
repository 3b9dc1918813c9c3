//! `countersign`: the terminal program. It uses exactly the interface that the phones call.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the terminal program is the one that speaks")]

#[macro_use]
mod say;

mod args;
mod commands;
mod failure;
mod output;
mod passphrase;
mod session;
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
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(json);
            ExitCode::from(failure.exit_code())
        }
    }
}
