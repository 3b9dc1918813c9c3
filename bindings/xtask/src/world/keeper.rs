//! A small shell that outlives us by a moment: it waits for the end of a pipe that only we hold, then stops the
//! servers. So they end with us however we end: return, panic, Ctrl-C, kill -9, or a test binary whose static
//! world is never dropped.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use crate::error::{Error, Result};

/// Shell commands that wait (5 s at most) until the process `$pid` is gone; one that nobody has reaped yet has an
/// empty command line.
pub(super) const UNTIL_GONE: &str = "n=0; while [ -n \"$(tr -d '\\0' </proc/$pid/cmdline)\" ] && [ $n -lt 250 ]; \
    do sleep 0.02; n=$((n+1)); done";

/// Dropped (or the process ended), it runs the scripts it was given.
#[derive(Debug)]
pub(super) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Starts the shell; `scripts` run in order, each whatever became of the one before.
    pub(super) fn start(scripts: &[String]) -> Result<Self> {
        let script = format!("while read -r _; do :; done\n{}\n", scripts.join("\n"));
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own process group: Ctrl-C on the terminal must not end it before it has stopped the servers.
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Start { program: "/bin/sh".to_owned(), source })?;
        Ok(Self { child })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
