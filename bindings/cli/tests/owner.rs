//! `watch` owns a home: it hears of mail at once, and other calls go on through it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]
#![allow(clippy::print_stdout, reason = "what was skipped belongs into the log")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use common::at_terminal::AtTerminal;
use common::{Office, PATIENCE, Running, command, eventually, mails, refused, refused_both, words};
use xtask::cli::{Terminal, list, text};
use xtask::run::call;
use xtask::world::address;

/// Somebody else on this computer.
const NOBODY: u32 = 65_534;

struct Watch {
    child: Running,
    /// Of both outputs.
    lines: Receiver<String>,
}

fn pass_on(output: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
    });
}

impl Watch {
    fn start(terminal: &Terminal, more: &[&str]) -> Self {
        let mut command = command(terminal);
        command.arg("watch").args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Running(command.spawn().unwrap());
        let (sender, lines) = channel();
        pass_on(child.0.stdout.take().unwrap(), sender.clone());
        pass_on(child.0.stderr.take().unwrap(), sender);
        let watch = Watch { child, lines };
        let socket = terminal.home.join("owner.sock");
        eventually("the socket", PATIENCE, || UnixStream::connect(&socket).is_ok());
        watch
    }

    /// The next line with this in it.
    fn says(&self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect(part);
            if line.contains(part) {
                return line;
            }
        }
    }

    fn send(&self, signal: &str) {
        call("kill").args([signal, &self.child.0.id().to_string()]).ok().unwrap();
    }

    /// Its exit code after this.
    fn signal(&mut self, name: &str) -> Option<i32> {
        self.send(name);
        self.child.0.wait().unwrap().code()
    }
}

fn send(from: &Terminal, to: &str, subject: &str) {
    let to = address(to);
    from.ok(["mail", "send", "--signed-only", "--to", &to, "--subject", subject, "--text", "Hello"]).unwrap();
}

#[test]
fn who_watches_hears_at_once_and_others_go_on_through_it() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let mut watch = Watch::start(&bob, &[]);
    watch.says("Watching");
    let socket = bob.home.join("owner.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);

    send(&alice, "bob", "Quick");
    let line = watch.says("Quick");
    assert!(line.starts_with("inbox.1  alice@example.test  "), "{line}");
    assert_eq!(mails(&bob, "Quick").len(), 1);

    // A mark reaches the server without anybody's `sync`.
    bob.ok(["mail", "mark", "--as", "starred", "inbox.1"]).unwrap();
    // The file has no name for a moment when it gets another one.
    let has_star = || {
        let inbox = office.world.inbox("bob").unwrap();
        inbox.first().is_some_and(|mail| mail.to_string_lossy().contains(":2,F"))
    };
    eventually("the star is on the server", PATIENCE, has_star);
    // And so does what was written offline.
    let to_alice = address("alice");
    bob.ok(["--offline", "mail", "reply", "inbox.1", "--signed-only", "--text", "Slow."]).unwrap();
    eventually("the answer is with Alice", PATIENCE, || office.delivered("alice") == 1);
    let is_empty = || list(&bob.json(["mail", "outbox"]).unwrap(), "outbox").is_empty();
    eventually("nothing waits any more", PATIENCE, is_empty);

    // Standard input, a relative path, standard output.
    let folder = office.path("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("attached.txt"), "attached").unwrap();
    let mut sending = command(&bob)
        .args(["mail", "send", "--signed-only", "--to", &to_alice, "--subject", "Piped", "--text", "-"])
        .args(["--attach", "attached.txt"])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    sending.stdin.take().unwrap().write_all(b"From a pipe.").unwrap();
    let sent = sending.wait_with_output().unwrap();
    assert_eq!((sent.status.code(), sent.stdout.as_slice()), (Some(0), b"Sent.\n".as_slice()));
    office.sync(&alice);
    let got = mails(&alice, "Piped");
    let read = alice.json(["mail", "read", text(&got[0], "id")]).unwrap();
    assert_eq!(text(&read, "text").trim(), "From a pipe.");
    assert_eq!(read["attachments"][0]["name"], "attached.txt");
    let exported =
        command(&bob).args(["mail", "export", "inbox.1", "--out", "mail.eml"]).current_dir(&folder).output();
    assert_eq!(exported.unwrap().status.code(), Some(0));
    assert!(std::fs::read_to_string(folder.join("mail.eml")).unwrap().contains("Subject: Quick"));

    // Typed at a terminal, which whoever runs this from the background must not read.
    let mut at_terminal = AtTerminal::run(&bob.call(["mail", "draft", "save", "--text", "-"]).line());
    at_terminal.types("Typed by hand.\n\x04");
    let (said, code) = at_terminal.ends();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Draft 1 is kept"), "{said}");
    let draft = bob.json(["mail", "draft", "show", "1"]).unwrap();
    assert_eq!(text(&draft, "text"), "Typed by hand.\n");

    // The same sentences and exit codes.
    refused_both(&bob, &words(&["mail", "read", "inbox.99"]), 2, "not_found");
    refused_both(&bob, &words(&["--offline", "sync"]), 3, "network");
    let second = refused_both(&bob, &words(&["watch"]), 2, "wrong_use");
    assert!(second.contains("runs already"), "{second}");
    let adding = bob.call(office.world.account_args("bob")).run().unwrap();
    assert!(refused(&adding, 2).contains("end it"), "{}", adding.err());
    // Knowing the socket is not knowing the passphrase.
    let wrong = office.path("wrong");
    std::fs::write(&wrong, "another passphrase\n").unwrap();
    let listed = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("--home")
        .arg(&bob.home)
        .arg("--passphrase-file")
        .arg(&wrong)
        .args(["mail", "list"])
        .output()
        .unwrap();
    assert_eq!((listed.status.code(), listed.stdout.len()), (Some(4), 0));

    // A full disk where the output goes is the caller's matter.
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        assert_eq!(command(&bob).args(["mail", "list"]).stdout(full).status().unwrap().code(), Some(2));
    }

    assert_eq!(watch.signal("-TERM"), Some(0));
    assert!(!socket.exists());
    assert_eq!(mails(&bob, "Quick").len(), 1);
}

#[test]
fn a_killed_owner_leaves_nothing_in_the_way() {
    let office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let mut watch = Watch::start(&bob, &["--json"]);
    send(&alice, "bob", "First");
    watch.says("inbox.1");
    assert_eq!(watch.signal("-KILL"), None);
    assert!(bob.home.join("owner.sock").exists());
    assert_eq!(mails(&bob, "First").len(), 1);
    let again = Watch::start(&bob, &["--json"]);
    send(&alice, "bob", "Second");
    again.says("inbox.2");
    assert_eq!(mails(&bob, "Second").len(), 1);
}

#[test]
fn many_calls_at_once_and_nonsense_at_the_socket_disturb_nobody() {
    let office = Office::open();
    let bob = office.person("bob");
    let mut watch = Watch::start(&bob, &[]);
    let socket = bob.home.join("owner.sock");
    let huge = u32::MAX.to_be_bytes();
    for nonsense in [&b""[..], b"\0", b"\0\0\0\x02{}", &huge, b"GET / HTTP/1.1\r\n\r\n", &[b'x'; 100_000]] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(nonsense).ok();
        drop(stream);
    }
    // One that says nothing is there all the time.
    let _silent = UnixStream::connect(&socket).unwrap();
    let mail_list = || command(&bob).args(["mail", "list", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let calls: Vec<_> = (0..8).map(|_| mail_list()).collect();
    for call in calls {
        let said = call.wait_with_output().unwrap();
        assert_eq!(said.status.code(), Some(0));
        let listed: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(listed["mails"], serde_json::json!([]));
    }
    assert_eq!(watch.child.0.try_wait().unwrap(), None, "it watches on");
}

#[test]
fn a_home_with_a_long_path_can_be_watched() {
    let office = Office::open();
    let deep = office.path(&"long/".repeat(30));
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign"));
    let bob = Terminal::new(program, &deep, "bob").unwrap();
    bob.ok(office.world.account_args("bob")).unwrap();
    assert!(bob.home.as_os_str().len() > 150);
    let mut watch = common::watch(&bob);
    let socket = bob.home.join("owner.sock");
    let answers = || socket.exists() && bob.ok(["mail", "list"]).is_ok();
    eventually("an owner answers", PATIENCE, answers);
    let second = refused_both(&bob, &words(&["watch"]), 2, "wrong_use");
    assert!(second.contains("runs already"), "{second}");
    assert_eq!(bob.json(["mail", "list"]).unwrap()["mails"], serde_json::json!([]));
    assert_eq!(watch.0.try_wait().unwrap(), None, "it watches on");
}

#[test]
fn a_watch_outlives_its_servers_and_ends_at_a_refused_password() {
    let mut office = Office::open();
    let (alice, bob) = (office.person("alice"), office.person("bob"));
    let mut watch = Watch::start(&bob, &[]);
    send(&alice, "bob", "Before");
    watch.says("Before");
    office.world.stop_servers();
    let listed = bob.json(["mail", "list"]).unwrap();
    assert_eq!(list(&listed, "mails").len(), 1);
    office.world.start_servers().unwrap();
    send(&alice, "bob", "After");
    watch.says("After");

    office.world.change_password("bob", "another").unwrap();
    send(&alice, "bob", "Locked out");
    assert_eq!(watch.child.0.wait().unwrap().code(), Some(3));
    assert!(!bob.home.join("owner.sock").exists());
}

#[test]
fn a_second_signal_ends_a_watch_in_the_middle_of_a_round() {
    let mut office = Office::open();
    let bob = office.person("bob");
    office.world.stop_servers();
    // In its place one that takes connections and says nothing: the first round hangs there.
    let mut silent = None;
    eventually("the port is free", PATIENCE, || {
        silent = TcpListener::bind(("127.0.0.1", office.world.ports().imaps)).ok();
        silent.is_some()
    });
    let mut watch = Watch::start(&bob, &[]);
    let _hanging = silent.as_ref().unwrap().accept().unwrap();
    watch.send("-TERM");
    watch.says("a second Ctrl-C ends at once");
    assert_eq!(watch.child.0.try_wait().unwrap(), None);
    // A terminal that closes says so twice; that is no second wish.
    watch.send("-HUP");
    assert_eq!(watch.signal("-TERM"), Some(128 + 15));

    let mut again = Watch::start(&bob, &[]);
    let _hanging = silent.as_ref().unwrap().accept().unwrap();
    again.send("-INT");
    again.says("a second Ctrl-C ends at once");
    assert_eq!(again.signal("-INT"), Some(128 + 2));
}

/// Exit code that no command has: an owner that is none answers it.
const ANSWER: u8 = 77;

/// Listens like an owner. For each connection what was sent there, and nothing when it was closed before.
fn pretend(home: &Path) -> Receiver<Option<String>> {
    let listener = UnixListener::bind(home.join("owner.sock")).unwrap();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                sender.send(None).ok();
                continue;
            }
            let mut record = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut record).unwrap();
            sender.send(Some(String::from_utf8(record).unwrap())).ok();
            stream.write_all(&[ANSWER]).ok();
        }
    });
    requests
}

/// What was sent to who pretends, up to now. One connection is taken after the other: before ours, all that came before.
fn sent_so_far(home: &Path, requests: &Receiver<Option<String>>) -> Vec<Option<String>> {
    const OURS: &str = "ours";
    let mut stream = UnixStream::connect(home.join("owner.sock")).unwrap();
    stream.write_all(&[&4_u32.to_be_bytes()[..], OURS.as_bytes()].concat()).unwrap();
    std::iter::repeat_with(|| requests.recv_timeout(PATIENCE).unwrap())
        .take_while(|request| request.as_deref() != Some(OURS))
        .collect()
}

/// An empty home, and a file with its passphrase.
fn empty_home(folder: &Path) -> Terminal {
    let bob = Terminal::new(Path::new(env!("CARGO_BIN_EXE_countersign")), folder, "bob").unwrap();
    std::fs::create_dir(&bob.home).unwrap();
    bob
}

#[test]
fn who_types_the_passphrase_slowly_holds_no_place_at_the_owner() {
    let folder = tempfile::tempdir().unwrap();
    let bob = empty_home(folder.path());
    let requests = pretend(&bob.home);
    let mail_list = call(env!("CARGO_BIN_EXE_countersign")).arg("--home").arg(&bob.home).words("mail list");
    let mut at_terminal = AtTerminal::run(&mail_list.line());
    // Nothing is typed before the connection is given up by which the owner was found.
    assert_eq!(requests.recv_timeout(PATIENCE).expect("the owner is left alone"), None);
    at_terminal.types("typed at leisure\n");
    let request = requests.recv_timeout(PATIENCE).unwrap().expect("it comes again");
    assert!(request.contains("\"passphrase\":\"typed at leisure\""), "{request}");
    let (said, code) = at_terminal.ends();
    assert_eq!(code, Some(i32::from(ANSWER)), "{said}");
}

#[test]
fn a_passphrase_that_comes_through_a_pipe_is_read_once_and_holds_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let bob = empty_home(folder.path());
    let requests = pretend(&bob.home);
    let pipe = folder.path().join("pipe");
    call("mkfifo").arg(&pipe).ok().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("--home")
        .arg(&bob.home)
        .arg("--passphrase-file")
        .arg(&pipe)
        .args(["mail", "list"])
        .spawn();
    let mut child = child.unwrap();
    assert_eq!(requests.recv_timeout(PATIENCE).expect("the owner is left alone"), None);
    std::fs::write(&pipe, "from another program\n").unwrap();
    let request = requests.recv_timeout(PATIENCE).unwrap().expect("it comes again");
    assert!(request.contains("\"passphrase\":\"from another program\""), "{request}");
    assert_eq!(child.wait().unwrap().code(), Some(i32::from(ANSWER)));
}

#[test]
fn an_owner_without_a_place_is_heard_although_it_closes_at_once() {
    /// What an owner answers that has no place.
    const BUSY: u8 = 254;
    let folder = tempfile::tempdir().unwrap();
    let bob = empty_home(folder.path());
    let listener = UnixListener::bind(bob.home.join("owner.sock")).unwrap();
    // More than a socket holds: sending it can't end before the other side closes.
    let text = "long ".repeat(25_000);
    let to = address("alice");
    let sending = ["mail", "send", "--signed-only", "--to", &to, "--subject", "Busy", "--text", &text];
    for answer in [Some(BUSY), None] {
        let child = command(&bob).args(sending).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        // It has begun to send.
        stream.read_exact(&mut [0]).unwrap();
        if let Some(answer) = answer {
            stream.write_all(&[answer]).unwrap();
        }
        drop(stream);
        let said = child.wait_with_output().unwrap();
        let sentence = String::from_utf8(said.stderr).unwrap();
        let (code, part) =
            if answer.is_some() { (2, "run in this home already") } else { (3, "did not take") };
        assert_eq!(said.status.code(), Some(code), "{sentence}");
        assert!(sentence.contains(part) && sentence.contains("nothing was done"), "{sentence}");
    }
}

#[test]
fn nothing_is_handed_over_in_a_home_of_another_user() {
    let folder = tempfile::tempdir().unwrap();
    let bob = empty_home(folder.path());
    let requests = pretend(&bob.home);
    // As it should be, for comparison.
    assert_eq!(command(&bob).args(["mail", "list"]).status().unwrap().code(), Some(i32::from(ANSWER)));
    assert!(sent_so_far(&bob.home, &requests).iter().any(Option::is_some));
    let socket = bob.home.join("owner.sock");
    let give = |path: &Path| chown(path, Some(NOBODY), None).is_ok();
    if !give(&bob.home) || !give(&socket) {
        println!("SKIPPED: only root can give a home away");
        return;
    }
    // Mallory made the home and the socket, Bob is led there.
    let said = bob.call(["mail", "list"]).run().unwrap();
    assert!(refused(&said, 2).contains("no account here"), "{}", said.err());
    assert!(sent_so_far(&bob.home, &requests).is_empty());

    // The home alone is Mallory's; then the socket alone.
    for (of_home, of_socket) in [(NOBODY, 0), (0, NOBODY)] {
        chown(&bob.home, Some(of_home), None).unwrap();
        chown(&socket, Some(of_socket), None).unwrap();
        assert_eq!(bob.call(["mail", "list"]).run().unwrap().code, Some(2));
        assert!(sent_so_far(&bob.home, &requests).is_empty());
    }
}

/// Mallory may put a socket of Bob's to use that he got hold of: who listens there is what counts.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_handed_over_to_a_process_of_another_user() {
    let folder = tempfile::tempdir().unwrap();
    let bob = empty_home(folder.path());
    // Root listens here; the home, its socket and the call are Bob's.
    let requests = pretend(&bob.home);
    let program = folder.path().join("countersign");
    // Copied by another process: a file that is open for writing in this one can't be run.
    call("cp").arg(env!("CARGO_BIN_EXE_countersign")).arg(&program).ok().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for path in [&bob.home, &bob.home.join("owner.sock"), &bob.passphrase_file] {
        if chown(path, Some(NOBODY), None).is_err() {
            println!("SKIPPED: only root can be another user");
            return;
        }
    }
    let mut mail_list = Command::new(&program);
    mail_list.arg("--home").arg(&bob.home).arg("--passphrase-file").arg(&bob.passphrase_file);
    mail_list.args(["mail", "list"]).current_dir("/");
    let ended = match std::os::unix::process::CommandExt::uid(&mut mail_list, NOBODY).status() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            println!("SKIPPED: another user may not run what lies in the folder for temporary files");
            return;
        }
        ended => ended.unwrap(),
    };
    assert_eq!(ended.code(), Some(2));
    // He came as far as that, and left without a word.
    assert_eq!(sent_so_far(&bob.home, &requests), [None::<String>]);
}
