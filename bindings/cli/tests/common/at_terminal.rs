//! A program at a pseudo terminal, where it may ask.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::PATIENCE;

pub struct AtTerminal {
    script: Child,
    keyboard: ChildStdin,
}

impl AtTerminal {
    /// Runs this line of a shell. When it never ends, it is ended, and shows no exit code.
    pub fn run(line: &str) -> Self {
        let line = format!("{line}; echo code=$?");
        let seconds = PATIENCE.as_secs().to_string();
        let mut script = Command::new("timeout")
            .args(["--foreground", &seconds, "script", "-qec", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = script.stdin.take().unwrap();
        Self { script, keyboard }
    }

    pub fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// What was shown, and the exit code. The keyboard stays until then: nothing but what was typed ends the input.
    pub fn ends(self) -> (String, Option<i32>) {
        let shown = String::from_utf8(self.script.wait_with_output().unwrap().stdout).unwrap();
        let code = shown.trim_end().rsplit_once("code=").and_then(|(_, code)| code.parse().ok());
        (shown, code)
    }
}
