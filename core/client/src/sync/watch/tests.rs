//! Watching before servers that tell of news that are none, trickle, or never come to an end, and changing an account before one
//! that is slow.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, channel};

use engine::ports::{Batch, StoreError};
use engine::sync::{Action, ActionKind, Flag, Flags, Target};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use testkit::FakeVault;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::account::Removal;
use crate::composer::NewMail;
use crate::config::AccountConfig;
use crate::core::{Core, Event};
use crate::outbox::Flushed;
use crate::record::encode;
use crate::sync::UndoneReason;
use crate::system::now;
use crate::test_home::{
    ALICE, PATIENCE, config, eventually, install_with, mail_to, open_online, password, server,
};

/// How long a fetch has for itself, instead of half a minute.
const SOON: Duration = Duration::from_millis(50);

const CAPABILITIES: &str =
    "CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR IDLE CONDSTORE SPECIAL-USE LIST-EXTENDED LITERAL+";

/// What is wrong with an IMAP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Nothing.
    Honest,
    /// EXAMINE names another HIGHESTMODSEQ each time.
    CountsOn,
    /// EXAMINE names a mail that SELECT does not know.
    NamesMail,
    /// IDLE ends at once.
    EndsIdle,
    /// IDLE is answered with a mail that SELECT does not know.
    TellsInIdle,
    /// SELECT is answered with a line a second, for ever.
    Trickles,
    /// SELECT is answered when the gate is open.
    Waits,
    /// Whoever logs in is answered when the gate is open.
    WaitsAtTheDoor,
}

impl Manner {
    fn listens(self) -> bool {
        !matches!(self, Manner::CountsOn | Manner::NamesMail)
    }
}

/// An IMAP and an SMTP server.
struct Servers {
    manner: Manner,
    /// Attributes and names, besides those that everybody has.
    folders: &'static [(&'static str, &'static str)],
    modseq: AtomicU64,
    gate: watch::Sender<bool>,
    /// SMTP takes no mail for now.
    is_busy: AtomicBool,
    /// Commands without their tags.
    heard: Mutex<Vec<(Instant, String)>>,
}

impl Servers {
    fn note(&self, command: &str) {
        self.heard.lock().unwrap().push((Instant::now(), command.to_owned()));
    }

    /// When they heard what begins with this.
    fn heard(&self, words: &str) -> Vec<Instant> {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|(_, command)| command.starts_with(words)).map(|(at, _)| *at).collect()
    }

    fn log_ins(&self) -> Vec<Instant> {
        self.heard("AUTHENTICATE ")
    }

    async fn imap(self: Arc<Self>, mut end: End) -> io::Result<()> {
        end.say(&format!("* OK [{CAPABILITIES}] ready")).await?;
        loop {
            let mut line = end.line().await?;
            let literal = line.strip_suffix("+}").and_then(|line| line.rsplit_once('{'));
            if let Some(octets) = literal.and_then(|(_, octets)| octets.parse::<usize>().ok()) {
                end.skip(octets).await?;
                line.push_str(&end.line().await?);
            }
            let (tag, command) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            self.note(command);
            match command.split(' ').next().unwrap_or_default() {
                "CAPABILITY" => end.say(&format!("* {CAPABILITIES}")).await?,
                "LIST" => {
                    for (attributes, name) in [("", "INBOX"), ("\\Sent", "Sent")].iter().chain(self.folders) {
                        end.say(&format!("* LIST ({attributes}) \"/\" \"{name}\"")).await?;
                    }
                }
                "AUTHENTICATE" if self.manner == Manner::WaitsAtTheDoor => self.opened().await,
                "SELECT" => self.select(&mut end).await?,
                "EXAMINE" => self.examine(&mut end).await?,
                "IDLE" => self.idle(&mut end).await?,
                "LOGOUT" => end.say("* BYE").await?,
                _ => {}
            }
            end.say(&format!("{tag} OK done")).await?;
        }
    }

    async fn opened(&self) {
        self.gate.subscribe().wait_for(|is_open| *is_open).await.ok();
    }

    async fn select(&self, end: &mut End) -> io::Result<()> {
        if self.manner == Manner::Trickles {
            loop {
                end.say("* OK still looking").await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        if self.manner == Manner::Waits {
            self.opened().await;
        }
        end.open(0, self.modseq.load(Ordering::SeqCst)).await
    }

    async fn examine(&self, end: &mut End) -> io::Result<()> {
        if self.manner == Manner::CountsOn {
            self.modseq.fetch_add(1, Ordering::SeqCst);
        }
        let exists = u32::from(self.manner == Manner::NamesMail);
        end.open(exists, self.modseq.load(Ordering::SeqCst)).await
    }

    async fn idle(&self, end: &mut End) -> io::Result<()> {
        end.say("+ idling").await?;
        if self.manner == Manner::TellsInIdle {
            end.say("* 1 EXISTS").await?;
        }
        if self.manner != Manner::EndsIdle {
            let done = end.line().await?;
            self.note(&done);
        }
        Ok(())
    }

    async fn smtp(self: Arc<Self>, mut end: End) -> io::Result<()> {
        end.say("220 localhost").await?;
        loop {
            let command = end.line().await?;
            self.note(&command);
            match command.split(' ').next().unwrap_or_default() {
                "EHLO" => end.say("250-localhost\r\n250 AUTH PLAIN").await?,
                "AUTH" => end.say("235 in").await?,
                "MAIL" if self.is_busy.load(Ordering::SeqCst) => end.say("451 not now").await?,
                "DATA" => {
                    end.say("354 go on").await?;
                    while end.line().await? != "." {}
                    self.note("taken");
                    end.say("250 taken").await?;
                }
                "QUIT" => return end.say("221 bye").await,
                _ => end.say("250 ok").await?,
            }
        }
    }
}

/// The server's end of a connection.
struct End(BufReader<TlsStream<TcpStream>>);

impl End {
    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.0.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.0.flush().await
    }

    /// What SELECT and EXAMINE are answered with.
    async fn open(&mut self, exists: u32, modseq: u64) -> io::Result<()> {
        self.say(&format!("* {exists} EXISTS")).await?;
        for code in ["UIDVALIDITY 1".to_owned(), "UIDNEXT 1".to_owned(), format!("HIGHESTMODSEQ {modseq}")] {
            self.say(&format!("* OK [{code}] so it is")).await?;
        }
        Ok(())
    }

    /// An error when the client has gone.
    async fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        if self.0.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn skip(&mut self, octets: usize) -> io::Result<()> {
        self.0.read_exact(&mut vec![0; octets]).await.map(drop)
    }
}

/// Each connection is served on its own, until its client goes.
async fn listen<S>(acceptor: TlsAcceptor, serve: impl Fn(End) -> S + Send + 'static) -> u16
where
    S: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(serve(End(BufReader::new(stream))));
            }
        }
    });
    port
}

/// Alice's account before such servers.
struct Home {
    servers: Arc<Servers>,
    account: Account,
    core: Core,
    _folder: tempfile::TempDir,
}

type Rounds = Receiver<Result<SyncReport, CoreError>>;

impl Home {
    fn before(manner: Manner) -> Home {
        Home::with_folders(manner, &[])
    }

    fn with_folders(manner: Manner, folders: &'static [(&'static str, &'static str)]) -> Home {
        let folder = tempfile::tempdir().unwrap();
        let core = open_online(folder.path(), Arc::new(FakeVault::new("watch")));
        let servers = Arc::new(Servers {
            manner,
            folders,
            modseq: AtomicU64::new(1),
            gate: watch::Sender::new(false),
            is_busy: AtomicBool::new(false),
            heard: Mutex::default(),
        });
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = issued.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
        let tls = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let (for_imap, for_smtp) = (Arc::clone(&servers), Arc::clone(&servers));
        let listening = core.spawn(async move {
            let imap = listen(acceptor.clone(), move |end| Arc::clone(&for_imap).imap(end)).await;
            let smtp = listen(acceptor, move |end| Arc::clone(&for_smtp).smtp(end)).await;
            Ok([imap, smtp])
        });
        let [imap, smtp] = listening.wait().unwrap().map(server);
        let config = AccountConfig { imap, smtp, tls_anchors: vec![certificate.to_vec()], ..config(ALICE) };
        install_with(&core, config, password());
        let account = core.account(None).unwrap();
        Home { servers, account, core, _folder: folder }
    }

    fn watch(&self, stop: &Stop, pace: Pace) -> (Task<()>, Rounds) {
        let (sender, rounds) = channel();
        let on_round = move |round: &Result<SyncReport, CoreError>| {
            sender.send(round.clone()).ok();
        };
        let (inner, stop) = (Arc::clone(&self.account.inner), stop.clone());
        let watch = self.core.spawn(async move { inner.watch(&stop, &on_round, pace).await });
        (watch, rounds)
    }

    /// One round alone, in which the fetch has so long for itself.
    fn round(&self, head_start: Duration) -> (Task<()>, Rounds) {
        let (sender, rounds) = channel();
        let inner = Arc::clone(&self.account.inner);
        let round = self.core.spawn(async move {
            let round = inner.sync_with(true, head_start).await;
            sender.send(round).ok();
            Ok(())
        });
        (round, rounds)
    }

    /// What comes of a task that must not take for ever.
    #[track_caller]
    fn within<T: Send + 'static>(&self, task: Task<T>) -> Result<T, CoreError> {
        let handle = &self.core.inner.handle;
        handle.block_on(async { tokio::time::timeout(PATIENCE, task).await }).expect("it ends")
    }

    /// Puts a mail into the outbox; nobody sends it yet.
    fn write(&self) {
        let mail = NewMail {
            subject: "Waiting".to_owned(),
            signed_only: true,
            ..mail_to("bob@example.test", "Text.")
        };
        self.within(self.account.composer().send(mail)).unwrap();
    }

    fn is_selecting(&self) -> bool {
        !self.servers.heard("SELECT ").is_empty()
    }

    fn taken(&self) -> usize {
        self.servers.heard("taken").len()
    }
}

#[test]
fn only_what_may_pass_is_waited_for() {
    let host = || "imap.example.org:993".to_owned();
    let mut backoff = Backoff::default();
    let cut = CoreError::Network { host: host(), problem: NetworkProblem::Refused };
    let first = pause(&cut, &mut backoff).unwrap();
    assert!(pause(&cut, &mut backoff).unwrap() >= first);
    let busy = CoreError::Server { host: host(), problem: ServerProblem::Throttled };
    assert!(pause(&busy, &mut backoff).unwrap() >= Duration::from_secs(30));
    for lasting in [
        CoreError::LoginRefused { host: host() },
        CoreError::Server { host: host(), problem: ServerProblem::NoTls },
        CoreError::Network { host: host(), problem: NetworkProblem::Offline },
        CoreError::Store(StoreError::DiskFull),
    ] {
        assert_eq!(pause(&lasting, &mut backoff), Err(lasting));
    }
}

#[tokio::test]
async fn a_stop_is_heard_before_and_after() {
    let stop = Stop::default();
    let waiting = {
        let stop = stop.clone();
        tokio::spawn(async move { stop.stopped().await })
    };
    assert!(!stop.is_stopped());
    stop.stop();
    waiting.await.unwrap();
    stop.stopped().await;
    assert!(stop.is_stopped());
}

/// Only the least of each pause is asserted: a slow machine makes them longer.
#[test]
fn a_server_that_tells_of_news_that_are_none_is_asked_less_and_less() {
    let manners = [Manner::CountsOn, Manner::NamesMail, Manner::EndsIdle, Manner::TellsInIdle];
    let homes = manners.map(Home::before);
    let stop = Stop::default();
    // However slow the machine is, all news come too soon.
    let pace = Pace { quiet: PATIENCE, ..Pace::default() };
    let watches: Vec<_> = homes.iter().map(|home| home.watch(&stop, pace)).collect();
    for home in &homes {
        let manner = home.servers.manner;
        // A round, and listening after it, each over a connection of its own; then a pause.
        eventually("three pauses", || home.servers.log_ins().len() >= 7);
        let log_ins = home.servers.log_ins();
        for (number, least) in [1, 2, 4].into_iter().enumerate() {
            let paused = log_ins[2 * number + 2].duration_since(log_ins[2 * number + 1]);
            assert!(paused >= Duration::from_secs(least), "{manner:?}: pause {number} took {paused:?}");
        }
        let listened = home.servers.heard("IDLE").len();
        assert_eq!(listened >= 3, manner.listens(), "{manner:?}: {listened}");
    }
    stop.stop();
    for (home, (watch, rounds)) in homes.iter().zip(watches) {
        assert_eq!(home.within(watch), Ok(()));
        // Nothing was found, and nothing wrong.
        assert!(rounds.try_iter().all(|round| round == Ok(SyncReport::default())));
    }
}

/// Somebody renamed the archive with another program, before the server heard of what was done in it.
#[test]
fn what_was_to_be_done_in_a_folder_that_was_renamed_is_ended_and_told() {
    // It is the archive under its new name, too; or there is none any more.
    const RENAMED: [&[(&str, &str)]; 2] = [&[("\\Archive", "Old")], &[("", "Old")]];
    for folders in RENAMED {
        let home = Home::with_folders(Manner::Honest, folders);
        let inner = &home.account.inner;
        let target = Target::new(7, Some("a@example.test".to_owned()), 100);
        let seen = ActionKind::AddFlags(Flags::from_iter([Flag::Seen]));
        let action = Action::new(1, "Archive", 1, vec![target], seen);
        let mut batch = Batch::default();
        batch.put(inner.action_key(1), encode(&action).unwrap());
        inner.store().unwrap().apply(batch).unwrap();
        let mut listener = home.core.listen();
        let stop = Stop::default();
        let (watch, rounds) = home.watch(&stop, Pace::default());
        // As long as something is to be done, nobody listens.
        eventually("it listens", || !home.servers.heard("IDLE").is_empty());
        assert_eq!(home.servers.log_ins().len(), 2, "{folders:?}: one round, and listening");
        assert_eq!(rounds.try_iter().collect::<Vec<_>>(), [Ok(SyncReport::default())], "{folders:?}");
        assert!(inner.actions().unwrap().is_empty(), "{folders:?}");
        let heard = listener.heard();
        let is_undone =
            |event: &&Event| matches!(event, Event::Undone { why: UndoneReason::NoSuchFolder, .. });
        assert_eq!(heard.iter().filter(is_undone).count(), 1, "{folders:?}: {heard:?}");
        stop.stop();
        assert_eq!(home.within(watch), Ok(()));
    }
}

#[test]
fn another_call_sends_while_a_round_never_ends() {
    let home = Home::before(Manner::Trickles);
    let (_watch, rounds) = home.watch(&Stop::default(), Pace::default());
    eventually("the round hangs", || home.is_selecting());
    home.write();
    let sent = Flushed { sent: 1, ..Flushed::default() };
    assert_eq!(home.within(home.account.composer().flush()), Ok(sent));
    assert_eq!(home.taken(), 1);
    assert_eq!(home.servers.heard("APPEND ").len(), 1, "and its copy is filed");
    assert_eq!(home.account.composer().outbox(), Ok(Vec::new()));
    assert!(rounds.try_recv().is_err(), "the round goes on");
}

#[test]
fn a_round_sends_beside_a_fetch_that_never_ends() {
    let home = Home::before(Manner::Trickles);
    home.write();
    let (_round, rounds) = home.round(SOON);
    // Which of the two is first does not matter: the fetch never ends.
    eventually("the round hangs", || home.is_selecting());
    eventually("it is sent", || home.taken() == 1);
    assert!(rounds.try_recv().is_err(), "the round goes on");
}

/// Only the first turn is the one that somebody asked for.
#[test]
fn mail_that_a_server_put_off_is_not_tried_by_every_turn_beside_a_fetch() {
    let home = Home::before(Manner::Trickles);
    home.servers.is_busy.store(true, Ordering::SeqCst);
    let inner = &home.account.inner;
    let tried = || inner.outbox_items().unwrap().iter().filter(|item| item.attempts > 0).count();
    home.write();
    let (_round, rounds) = home.round(SOON);
    eventually("it is tried", || tried() == 1);
    for count in 2..=3 {
        // A turn takes up what was there when it began, the oldest first: this mail comes with a later one than the mail before.
        home.write();
        eventually("another turn comes", || tried() == count);
    }
    let items = inner.outbox_items().unwrap();
    assert!(items[0].attempts <= 2, "{:?}", items[0]);
    assert!(items.iter().all(|item| item.not_before > now()), "{items:?}");
    assert_eq!(home.taken(), 0);
    assert!(rounds.try_recv().is_err(), "the round goes on");
}

#[test]
fn a_round_that_never_ends_is_left_some_time_after_the_stop() {
    let home = Home::before(Manner::Trickles);
    let stop = Stop::default();
    let (watch, rounds) = home.watch(&stop, Pace { grace: Duration::from_millis(200), ..Pace::default() });
    eventually("the round hangs", || home.is_selecting());
    stop.stop();
    assert_eq!(home.within(watch), Ok(()));
    assert!(rounds.try_recv().is_err(), "it is told as nothing that it was not");
}

#[test]
fn a_round_that_ends_soon_after_the_stop_is_finished_and_told() {
    let home = Home::before(Manner::Waits);
    let stop = Stop::default();
    let (watch, rounds) = home.watch(&stop, Pace { grace: 2 * PATIENCE, ..Pace::default() });
    eventually("the round waits", || home.is_selecting());
    stop.stop();
    home.servers.gate.send_replace(true);
    assert_eq!(home.within(watch), Ok(()));
    assert_eq!(rounds.try_iter().collect::<Vec<_>>(), [Ok(SyncReport::default())]);
}

#[test]
fn an_account_that_is_removed_while_it_is_changed_does_not_come_back() {
    let home = Home::before(Manner::WaitsAtTheDoor);
    let changing = home.core.change_account_with(home.account.inner.settings.clone(), password());
    eventually("the servers are asked", || !home.servers.log_ins().is_empty());
    assert_eq!(home.within(home.core.remove_account(ALICE, true)), Ok(Removal::Removed));
    home.servers.gate.send_replace(true);
    assert!(home.within(changing).is_err());
    assert_eq!(home.servers.heard("AUTH ").len(), 1, "both servers were asked to the end");
    assert_eq!(home.core.accounts(), Ok(Vec::new()));
}
