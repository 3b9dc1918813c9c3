//! What the end-to-end tests share: people at terminals before real servers.
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod at_terminal;
pub mod folder;
pub mod full;
pub mod stripped;

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use xtask::cli::{Terminal, list, text};
use xtask::run::Said;
use xtask::world::{Place, Proxy, World, address};

pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Longer than anything takes here on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Servers of its own, and a folder for homes.
pub struct Office {
    pub world: World,
    pub folder: TempDir,
}

impl Office {
    pub fn open() -> Self {
        let world = World::start(Place::temporary().unwrap()).unwrap();
        Self { world, folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A terminal without an account.
    pub fn terminal(&self, person: &str) -> Terminal {
        Terminal::new(Path::new(env!("CARGO_BIN_EXE_countersign")), self.folder.path(), person).unwrap()
    }

    /// A terminal with an account.
    pub fn person(&self, person: &str) -> Terminal {
        let terminal = self.terminal(person);
        terminal.ok(self.world.account_args(person)).unwrap();
        terminal
    }

    /// A terminal whose account goes through proxies (IMAP, SMTP).
    pub fn person_behind_proxies(&self, person: &str) -> (Terminal, Proxy, Proxy) {
        let ports = self.world.ports();
        let imap = Proxy::start(LOOPBACK, ports.imaps).unwrap();
        let smtp = Proxy::start(LOOPBACK, ports.submissions).unwrap();
        let terminal = self.terminal(person);
        terminal.ok(self.world.account_args_at(person, imap.port(), smtp.port())).unwrap();
        (terminal, imap, smtp)
    }

    pub fn sync(&self, terminal: &Terminal) -> Value {
        let report = terminal.json(["sync"]).unwrap();
        self.world.settle().unwrap();
        report
    }

    /// Both scan each other's code, and the mails run.
    pub fn meet(&self, one: (&str, &Terminal), other: (&str, &Terminal)) {
        let (code_of_one, code_of_other) = (self.path("one.png"), self.path("other.png"));
        one.1.ok(["contact", "meet", "--png", as_text(&code_of_one)]).unwrap();
        other.1.ok(["contact", "meet", "--png", as_text(&code_of_other)]).unwrap();
        one.1.ok(["contact", "meet", "--camera", as_text(&code_of_other)]).unwrap();
        other.1.ok(["contact", "meet", "--camera", as_text(&code_of_one)]).unwrap();
        for _ in 0..4 {
            self.sync(one.1);
            self.sync(other.1);
        }
        assert_eq!(trust(one.1, other.0), "met");
        assert_eq!(trust(other.1, one.0), "met");
    }

    /// How many mails in the mailbox of `person` on the server hold `word` in their header or raw body.
    pub fn delivered(&self, person: &str) -> usize {
        self.world.settle().unwrap();
        self.world.inbox(person).unwrap().len()
    }
}

/// A process that ends with the test.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A call that goes on beside the test.
pub fn command(terminal: &Terminal) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.arg("--home").arg(&terminal.home).arg("--passphrase-file").arg(&terminal.passphrase_file);
    command
}

/// Begins to watch; nobody reads what it says.
pub fn watch(terminal: &Terminal) -> Running {
    let watching = command(terminal).arg("watch").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Running(watching.unwrap())
}

/// Waits until it is so, and no longer than this.
#[track_caller]
#[allow(clippy::disallowed_methods, reason = "how long a test waits is measured by the real clock")]
pub fn eventually(what: &str, patience: Duration, mut is_so: impl FnMut() -> bool) {
    const PAUSE: Duration = Duration::from_millis(50);
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < patience, "{what}");
        std::thread::sleep(PAUSE);
    }
}

pub fn as_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// How `terminal` trusts `other`.
pub fn trust(terminal: &Terminal, other: &str) -> String {
    let contacts = terminal.json(["contact", "list"]).unwrap();
    let contact =
        list(&contacts, "contacts").iter().find(|contact| text(contact, "address") == address(other));
    contact.map(|contact| text(contact, "trust").to_owned()).unwrap_or_default()
}

/// Mails in the list of `terminal` whose subject is `subject`.
pub fn mails(terminal: &Terminal, subject: &str) -> Vec<Value> {
    let listed = terminal.json(["--offline", "mail", "list"]).unwrap();
    list(&listed, "mails").iter().filter(|mail| text(mail, "subject") == subject).cloned().collect()
}

/// Asserts an exit code and one sentence on standard error; returns the sentence.
#[track_caller]
pub fn refused(said: &Said, exit_code: i32) -> String {
    let sentence = said.err().trim().to_owned();
    assert_eq!(said.code, Some(exit_code), "`{}`: {sentence}", said.command);
    assert_eq!(sentence.lines().count(), 1, "one sentence: {sentence}");
    assert!(sentence.split_whitespace().count() >= 3, "a sentence: {sentence}");
    for word in ["panicked", "RUST_BACKTRACE", "Err(", "Error {", "os error"] {
        assert!(!sentence.contains(word), "plain words: {sentence}");
    }
    sentence
}

/// As [`refused`] without `--json`, and with `--json` the same exit code and this code in the record.
#[track_caller]
pub fn refused_both(terminal: &Terminal, args: &[String], exit_code: i32, code: &str) -> String {
    let sentence = refused(&terminal.call(args).run().unwrap(), exit_code);
    let said = terminal.call(args).arg("--json").run().unwrap();
    assert_eq!(said.code, Some(exit_code), "{}", said.err());
    let streams = [&said.stdout, &said.stderr];
    let record: Value = streams
        .iter()
        .find_map(|stream| serde_json::from_slice(stream).ok())
        .unwrap_or_else(|| panic!("no JSON: {} {}", said.out(), said.err()));
    assert_eq!(record["error"]["code"], code, "{record}");
    assert!(record["error"]["message"].as_str().unwrap().split_whitespace().count() >= 3, "{record}");
    sentence
}

pub fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A file with these bytes in the office's folder.
pub fn file(office: &Office, name: &str, bytes: &[u8]) -> PathBuf {
    let path = office.path(name);
    fs::write(&path, bytes).unwrap();
    path
}
