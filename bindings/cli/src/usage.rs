//! A command line that can't be read: one sentence, and where the help is.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::args::Cli;
use crate::failure::Failure;

/// Says what is wrong with the command line, or prints the help or version that it asks for.
pub(crate) fn refused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.print().ok();
        return ExitCode::SUCCESS;
    }
    let failure = |sentence| Failure::Argument(sentence);
    if std::env::args_os().any(|argument| argument == "--json") {
        failure(sentence(&error.to_string())).print(true);
    } else if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // Whoever says nothing gets the help.
        error.print().ok();
    } else {
        let arguments = std::env::args_os().skip(1).filter_map(|argument| argument.into_string().ok());
        failure(format!("{}; see `{} --help`", sentence(&error.to_string()), command(arguments)))
            .print(false);
    }
    ExitCode::from(2)
}

/// What clap says over several lines before the usage.
fn sentence(text: &str) -> String {
    let is_said = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let mut sentence = String::new();
    for line in text.lines().take_while(is_said).map(str::trim).filter(|line| !line.is_empty()) {
        let separator = match sentence.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) if line.starts_with(['<', '-']) => ", ",
            Some(_) => "; ",
        };
        sentence.push_str(separator);
        sentence.push_str(line);
    }
    sentence.strip_prefix("error: ").unwrap_or(&sentence).to_owned()
}

/// The command that these arguments call, as far as it is one.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut command = Cli::command();
    let mut name = command.get_name().to_owned();
    for argument in arguments {
        if let Some(sub) = command.find_subcommand(&argument).cloned() {
            command = sub;
            name = format!("{name} {argument}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_one_sentence() {
        let text = "error: the following required arguments were not provided:\n  --in <F>\n  --out <F>\n\n\
                    Usage: countersign smime sign --in <F> --out <F>\n\nFor more information, try '--help'.\n";
        assert_eq!(sentence(text), "the following required arguments were not provided: --in <F>, --out <F>");
        let text = "error: unrecognized subcommand 'lst'\n\n  tip: a similar subcommand exists: 'list'\n\nUsage: x\n";
        assert_eq!(sentence(text), "unrecognized subcommand 'lst'; tip: a similar subcommand exists: 'list'");
    }

    #[test]
    fn the_command_is_found_between_options() {
        let words = |words: &str| command(words.split(' ').map(str::to_owned));
        assert_eq!(words("--json smime --offline sign --in smime"), "countersign smime sign");
        assert_eq!(words("frobnicate"), "countersign");
    }
}
