//! `strings android RES | ios FOLDER | check [TABLE]`: makes the forms of the platforms from a table, by default the
//! project's own.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use strings::{Entry, TABLE, read, write_android, write_ios};

const USAGE: &str = "usage: strings android RES [TABLE] | ios FOLDER [TABLE] | check [TABLE]";

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let listed = |paths: Vec<std::path::PathBuf>| {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("\n")
    };
    let complaint = |error: std::io::Error| error.to_string();
    match words.as_slice() {
        ["android", folder, rest @ ..] => {
            write_android(&table(rest)?, Path::new(folder)).map(listed).map_err(complaint)
        }
        ["ios", folder, rest @ ..] => {
            write_ios(&table(rest)?, Path::new(folder)).map(listed).map_err(complaint)
        }
        ["check", rest @ ..] => Ok(format!("{} texts, no mistake", table(rest)?.len())),
        _ => Err(USAGE.to_owned()),
    }
}

fn table(path: &[&str]) -> Result<Vec<Entry>, String> {
    let text = match path {
        [] => TABLE.to_owned(),
        [path] => fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
        _ => return Err(USAGE.to_owned()),
    };
    read(&text).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}
