//! A small shell that outlives us by a moment: it waits for the end of a pipe that only we hold, then stops the
//! servers. So they end with us however we end: return, panic, Ctrl-C, kill -9, or a test binary whose static
//! world is never dropped.

use std::io::Write;
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
    /// Starts the shell; the scripts in `stop` run in order, each whatever became of the one before, then `clear`
    /// unless [`Keeper::dismiss`] was called.
    pub(super) fn start(stop: &[String], clear: &str) -> Result<Self> {
        let script = format!(
            "cleared=; while read -r word; do cleared=$word; done\n{}\nif [ -z \"$cleared\" ]; then :; {clear}\nfi\n",
            stop.join("\n")
        );
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

    /// Has it stop the servers now and leave the folder, which another try goes on with.
    pub(super) fn dismiss(mut self) {
        if let Some(pipe) = &mut self.child.stdin {
            // A shell that is gone already clears nothing either.
            let _ = pipe.write_all(b"leave\n");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
