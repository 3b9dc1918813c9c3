//! Other programs: run, feed, read what they say.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::error::{At, Error, Result};

/// What a finished program said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Command line, for messages.
    pub command: String,
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Said {
    /// Standard output as text; other bytes than UTF-8 are replaced.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; other bytes than UTF-8 are replaced.
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Turns an exit code other than 0 into an error.
    pub fn ok(self) -> Result<Self> {
        if self.code == Some(0) {
            return Ok(self);
        }
        let status = self.code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
        let mut output = self.err();
        if output.trim().is_empty() {
            output = self.out();
        }
        Err(Error::Failed { command: self.command, status, output: tail(&output, 30) })
    }
}

/// The last `lines` lines of `text`.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    all.iter().skip(all.len().saturating_sub(lines)).copied().collect::<Vec<_>>().join("\n")
}

/// Starts to describe a call of `program`.
pub fn call(program: impl AsRef<OsStr>) -> Call {
    Call { command: Command::new(program), input: Vec::new() }
}

/// A program about to be run; made by [`call`].
#[derive(Debug)]
pub struct Call {
    command: Command,
    input: Vec<u8>,
}

impl Call {
    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Adds the words of `words`, split at white space.
    pub fn words(mut self, words: &str) -> Self {
        self.command.args(words.split_whitespace());
        self
    }

    /// Adds several arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets the folder to run in.
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Leaves out what `cargo run` tells about this very package: build scripts of others would see a change and run
    /// again, and all that hangs on them.
    pub fn without_package(mut self) -> Self {
        let is_ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_ours) {
                self.command.env_remove(name);
            }
        }
        self
    }

    /// Sets the bytes of standard input; empty unless called.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// The command line as one would type it.
    pub fn line(&self) -> String {
        line(&self.command)
    }

    /// Runs to the end and collects the output, whatever the exit code.
    pub fn run(mut self) -> Result<Said> {
        let command = line(&self.command);
        let program = self.command.get_program().to_string_lossy().into_owned();
        let start = |source| Error::Start { program: program.clone(), source };
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(start)?;
        let input = std::mem::take(&mut self.input);
        // A thread writes, so that a program which talks before it has read all cannot block us.
        let writer = child.stdin.take().map(|mut pipe| thread::spawn(move || pipe.write_all(&input)));
        let Output { status, stdout, stderr } = child.wait_with_output().map_err(start)?;
        if let Some(writer) = writer {
            // A program may close its input early (wrong arguments): its exit code tells.
            let _ = writer.join();
        }
        Ok(Said { command, code: status.code(), stdout, stderr })
    }

    /// Runs to the end; an exit code other than 0 is an error.
    pub fn ok(self) -> Result<Said> {
        self.run()?.ok()
    }

    /// Runs a program that leaves a daemon behind: its output goes to `log`, because the daemon keeps it open.
    pub fn daemon(mut self, log: &Path) -> Result<()> {
        let command = line(&self.command);
        let program = self.command.get_program().to_string_lossy().into_owned();
        let file = File::create(log).at(log)?;
        let second = file.try_clone().at(log)?;
        let status = self
            .command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(second)
            .status()
            .map_err(|source| Error::Start { program, source })?;
        if status.success() {
            return Ok(());
        }
        let output = fs::read_to_string(log).unwrap_or_default();
        Err(Error::Failed { command, status: status.to_string(), output: tail(&output, 30) })
    }

    /// Runs with our terminal as its own; an exit code other than 0 is an error.
    pub fn shown(mut self) -> Result<()> {
        let command = line(&self.command);
        let program = self.command.get_program().to_string_lossy().into_owned();
        let status =
            self.command.stdin(Stdio::null()).status().map_err(|source| Error::Start { program, source })?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Failed { command, status: status.to_string(), output: "see above".to_owned() })
    }
}

fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| quote(&word.to_string_lossy()))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Quotes `word` for a POSIX shell where needed.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    // The owner of /proc/self is the effective user; std has no geteuid without unsafe.
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

/// `program` with sudo in front when not root; sudo must not ask (`-n`) when no terminal is there.
pub fn as_root(program: &str) -> Call {
    if is_root() { call(program) } else { call("sudo").arg(program) }
}

/// Whether `program` lies in one of the usual folders for programs.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].iter().map(Into::into))
        .any(|folder| folder.join(program).is_file())
}
