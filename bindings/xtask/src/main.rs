//! `cargo xtask`: one name for what a person and CI run.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a development tool speaks to a person")]

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use xtask::error::{At, Error, Result};
use xtask::world::{Place, World, fetch_greenmail};
use xtask::{android, bench, demo, fuzz, interop, ios, lint, roots, setup, suite};

const HELP: &str = "\
cargo xtask COMMAND

  setup                install what tests and demo need (Debian, Ubuntu; elsewhere: says what is missing)
  test [rust]          setup, then unit, property, interop and end-to-end tests
  interop              what we write is read by OpenSSL, gpgsm, python-cryptography and BouncyCastle, and the other way round: a table
  fuzz [SECONDS] [TARGET]  every parser under libFuzzer, 60 seconds each; needs a nightly compiler
  prove                `test` with the full counts of the property and kill tests
  android test [TEST]  the Android app over the same core, on the JVM, against the real servers
  android apk          the Android app as APKs for two processors, checked, their native library run on this machine
  ios test             the Swift package over the same core, on Linux, against the real servers
  bench smime [--json] single operations against libcrypto (`bench operations`: only these), and files of 25 MB and 1 GiB
                      against `openssl cms`: time and memory as ratios; needs 5 GB in $TMPDIR
  bench mailbox       10,000 mails fetched from Dovecot, against mbsync: time, memory and disk
  lint                 format, clippy, layer rules, repository, wasm32 build, licences and bans
  demo [--keep]        the whole story between real servers, step by step; writes target/demo/index.html
                       --keep leaves the servers up; --break N spoils step N, to see it fail and name itself;
                       --no-phone leaves out the pictures of the phones
  roots CERTDATA       renew the shipped roots for e-mail from a certdata.txt of NSS
  world                start the servers of the demo on loopback and wait for Ctrl-C
  help                 this text
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ Error::Usage(_)) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    let root = workspace()?;
    match words {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["setup"] => setup::system(),
        ["test"] | ["test", "rust"] => {
            setup::system()?;
            fetch_greenmail()?;
            interop::prepare(&root);
            suite::run(&root, false)
        }
        ["fuzz", options @ ..] => {
            let (seconds, only) = fuzz_options(options)?;
            fuzz::run(&root, seconds, only)
        }
        ["interop"] => {
            setup::system()?;
            interop::run(&root)
        }
        ["android", "test", only @ ..] if only.len() <= 1 => {
            setup::system()?;
            android::test(&root, only.first().copied())
        }
        ["android", "apk"] => {
            setup::system()?;
            android::apk::build(&root)
        }
        ["ios", "test"] => {
            setup::system()?;
            ios::test(&root)
        }
        ["prove"] => {
            setup::system()?;
            fetch_greenmail()?;
            interop::prepare(&root);
            suite::run(&root, true)
        }
        ["bench", name, options @ ..] if options.is_empty() || *options == ["--json"] => {
            let as_json = !options.is_empty();
            // Whoever asks for JSON gets nothing else.
            if !as_json {
                setup::system()?;
            }
            bench::run(&root, name, as_json)
        }
        ["lint"] => lint::run(&root),
        ["demo", options @ ..] => demo::run(&root, demo_options(options)?),
        ["roots", certdata] => roots::renew(&root, Path::new(certdata)),
        ["world"] => world(&root),
        other => {
            Err(Error::Usage(format!("there is no command `{}`, or it takes other words", other.join(" "))))
        }
    }
}

/// Seconds and the name of a target, both or neither.
fn fuzz_options<'a>(words: &[&'a str]) -> Result<(u32, Option<&'a str>)> {
    let seconds = |word: &str| {
        word.parse().map_err(|_| Error::Usage(format!("fuzz takes a number of seconds, not `{word}`")))
    };
    match words {
        [] => Ok((fuzz::DEFAULT_SECONDS, None)),
        [word] => Ok((seconds(word)?, None)),
        [word, target] => Ok((seconds(word)?, Some(target))),
        _ => Err(Error::Usage("fuzz takes seconds and a target".to_owned())),
    }
}

fn demo_options(words: &[&str]) -> Result<demo::Options> {
    let mut options = demo::Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--keep" => options.keep = true,
            "--no-phone" => options.no_phone = true,
            "--break" => {
                let step = words.next().and_then(|number| number.parse().ok());
                let step = step.filter(|number| (1..=7).contains(number));
                options.spoil =
                    Some(step.ok_or_else(|| Error::Usage("--break takes a step, 1 to 7".to_owned()))?);
            }
            other => return Err(Error::Usage(format!("unknown option `{other}` of demo"))),
        }
    }
    Ok(options)
}

/// The folder of the workspace, two above this package.
fn workspace() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.join("../..").canonicalize().at(package)
}

fn world(root: &Path) -> Result<()> {
    setup::system()?;
    let world = World::start(Place::under(&root.join("target"), "world")?)?;
    println!("{}", world.describe());
    println!("Ctrl-C, or the end of standard input, stops these servers and nothing else.");
    // Ctrl-C ends this process; the keeper then stops the servers.
    let mut rest = Vec::new();
    std::io::stdin().read_to_end(&mut rest).map(drop).at(Path::new("standard input"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Documents name commands that exist.
    #[test]
    #[allow(clippy::unwrap_used, reason = "a test")]
    fn documents_name_commands_that_exist() {
        let root = workspace().unwrap();
        let mut documents: Vec<PathBuf> =
            ["README.md", "android/README.md", "ios/README.md"].map(|name| root.join(name)).into();
        documents.extend(std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()));
        let commands: Vec<&str> =
            HELP.lines().skip(1).filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
        let mut named = std::collections::BTreeSet::new();
        for document in documents.iter().filter(|path| path.extension().is_some_and(|end| end == "md")) {
            let text = std::fs::read_to_string(document).unwrap();
            for rest in text.split("cargo xtask ").skip(1) {
                let is_word = |c: char| c.is_ascii_lowercase();
                let word = rest.split(|c| !is_word(c)).next().unwrap().to_owned();
                let is_known = word.is_empty() || commands.contains(&word.as_str());
                assert!(is_known, "{}: there is no `cargo xtask {word}`", document.display());
                named.insert(word);
            }
        }
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        for command in commands.iter().filter(|name| !["", "help", "setup"].contains(name)) {
            assert!(readme.contains(&format!("cargo xtask {command}")), "{command}");
        }
        assert!(named.len() > 8, "{named:?}");
    }
}
