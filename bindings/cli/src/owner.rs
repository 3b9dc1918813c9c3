//! One process owns a home. `countersign watch` does so for long: it listens at a socket in the home, and other calls hand
//! their command line over to it, with their standard streams.
//!
//! The socket can be opened by its owner alone (0600). Whoever hands over proves to know the passphrase all the same: it
//! goes along, and the vault is opened with it before anything is done. It goes to the same user only, whoever made the
//! home. A call and its owner are the same version.
//!
//! One message each way: four octets of length (big endian) and a JSON record, with the three streams as descriptors
//! (`SCM_RIGHTS`) on the first octet; back comes one octet, the exit code.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, IoSlice, IoSliceMut, IsTerminal, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Parser;
use client::Core;
use client::vault::{PassphraseVault, VAULT_FILE};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use rustix::process::{Uid, geteuid};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::args::{AccountCommand, Cli, Command};
use crate::failure::Failure;
use crate::streams::{Lent, give_back, lend};
use crate::{commands, passphrase, session};

const SOCKET: &str = "owner.sock";
/// Octets of a handed-over command line.
const MAX_REQUEST: usize = 1024 * 1024;
/// For a message that is on its way; a command may take as long as it takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Command lines that run at once.
const MAX_CALLS: usize = 16;
/// Answered instead of an exit code: the versions differ.
const OTHER_VERSION: u8 = 255;
/// Answered instead of an exit code: too many are there already.
const BUSY: u8 = 254;
/// How long an owner that ends waits for the command lines that it runs: so many times a moment.
const FAREWELL: (u32, Duration) = (1_000, Duration::from_millis(10));

/// A command line on its way.
#[derive(Serialize, Deserialize)]
struct Request {
    version: String,
    /// The arguments as the system gave them, the program's name first.
    arguments: Vec<Vec<u8>>,
    /// Where relative paths count from.
    folder: Vec<u8>,
    passphrase: String,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.passphrase.zeroize();
    }
}

/// The socket, by a name that is short enough: its address holds about a hundred octets, the home's path any number.
struct SocketName {
    path: PathBuf,
    /// What the short name goes through.
    _home: Option<File>,
}

fn socket(home: &Path) -> io::Result<SocketName> {
    const LONGEST: usize = 100;
    let path = home.join(SOCKET);
    if path.as_os_str().len() <= LONGEST || !cfg!(target_os = "linux") {
        return Ok(SocketName { path, _home: None });
    }
    let home = File::open(home)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", home.as_raw_fd()));
    Ok(SocketName { path, _home: Some(home) })
}

/// Has the process that owns the home run this command line; `None` when nobody listens there. The exit code.
pub(crate) fn hand_over(cli: &Cli) -> Result<Option<u8>, Failure> {
    let (is_possible, is_watch) = match &cli.command {
        Command::Watch => (false, true),
        // It works beside the owner.
        Command::Wake => return Ok(None),
        Command::Account(command) => (matches!(command, AccountCommand::List), false),
        Command::Sync { .. }
        | Command::Mail(_)
        | Command::Keys(_)
        | Command::Contact(_)
        | Command::Approval(_)
        | Command::Evidence(_) => (true, false),
        _ => return Ok(None),
    };
    let home = session::home(cli)?;
    let Some(stream) = connect(&home) else { return Ok(None) };
    if is_watch {
        return Err(Failure::Argument("`countersign watch` runs already for this home".to_owned()));
    }
    if !is_possible {
        return Err(Failure::Argument(
            "`countersign watch` uses this home: end it, change the account, and start it again".to_owned(),
        ));
    }
    let (mut stream, passphrase) = with_passphrase(stream, &home, cli.passphrase_file.as_deref())?;
    let folder = std::env::current_dir().map_err(|error| Failure::file(Path::new("."), &error))?;
    let request = Request {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: std::env::args_os().map(OsStringExt::into_vec).collect(),
        folder: folder.into_os_string().into_vec(),
        passphrase: passphrase.to_string(),
    };
    let is_sent = send(&stream, &request).is_ok();
    drop((request, passphrase));
    if !is_sent {
        // Nothing runs, then: an owner wants the whole of it. One that has no place has said so, and closed without reading.
        stream.shutdown(Shutdown::Write).ok();
    }
    let mut code = [0];
    let answered = stream.read_exact(&mut code);
    answered.map_err(|_| if is_sent { Failure::OwnerLost } else { Failure::NotHandedOver })?;
    match code {
        [OTHER_VERSION] => Err(Failure::Argument(
            "another version of `countersign watch` uses this home: start it again".to_owned(),
        )),
        [BUSY] => Err(Failure::Argument(format!(
            "{MAX_CALLS} commands run in this home already; nothing was done, try again in a moment"
        ))),
        [code] => Ok(Some(code)),
    }
}

/// The passphrase, and a connection on which it can go at once. Whoever types it, or a program that gives it through a pipe,
/// takes longer than an owner waits, and holds none of its places meanwhile.
fn with_passphrase(
    stream: UnixStream,
    home: &Path,
    file: Option<&Path>,
) -> Result<(UnixStream, Zeroizing<String>), Failure> {
    if file.is_some_and(Path::is_file) {
        return Ok((stream, passphrase::known(file)?));
    }
    drop(stream);
    let passphrase = passphrase::known(file)?;
    // It is not asked for again: a pipe gives it once.
    let stream = connect(home).ok_or(Failure::NotHandedOver)?;
    Ok((stream, passphrase))
}

/// What another user made, put there or answers gets no passphrase.
fn connect(home: &Path) -> Option<UnixStream> {
    let name = socket(home).ok()?;
    let user = geteuid();
    let is_own = |metadata: &fs::Metadata| metadata.uid() == user.as_raw();
    if !is_own(&fs::metadata(home).ok()?) || !is_own(&fs::symlink_metadata(&name.path).ok()?) {
        return None;
    }
    let stream = UnixStream::connect(&name.path).ok()?;
    is_heard_by(user, &stream).then_some(stream)
}

/// Whether the process that listens at the other end is this user's (`SO_PEERCRED`: as it was when it began to listen).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_heard_by(user: Uid, stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| peer.uid == user)
}

/// No safe call tells it here: that home and socket are this user's has to do.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_heard_by(_: Uid, _: &UnixStream) -> bool {
    true
}

fn send(stream: &UnixStream, request: &Request) -> io::Result<()> {
    let mut record = Zeroizing::new(serde_json::to_vec(request)?);
    let length = u32::try_from(record.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut message = Zeroizing::new(length.to_be_bytes().to_vec());
    message.append(&mut record);
    let (output, errors) = (io::stdout(), io::stderr());
    let input = input()?;
    let streams = [input.as_fd(), output.as_fd(), errors.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&streams));
    let sent = sendmsg(stream, &[IoSlice::new(&message)], &mut ancillary, SendFlags::NOSIGNAL)?;
    let mut stream = stream;
    stream.write_all(message.get(sent..).unwrap_or_default())
}

/// Standard input, as another process can read it. A terminal stops whoever reads it from the background: what is typed goes
/// through a pipe, and is left alone when this command does not want it.
fn input() -> io::Result<OwnedFd> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned();
    }
    if std::env::args_os().all(|argument| argument != "-") {
        return Ok(File::open("/dev/null")?.into());
    }
    let (reader, mut writer) = io::pipe()?;
    // Ends with this process, at the latest.
    std::thread::spawn(move || io::copy(&mut io::stdin().lock(), &mut writer));
    Ok(reader.into())
}

fn receive(stream: &UnixStream) -> io::Result<(Request, [OwnedFd; 3])> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut first = [0_u8; 1];
    let received =
        recvmsg(stream, &mut [IoSliceMut::new(&mut first)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut streams = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            streams.extend(rights);
        }
    }
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let streams: [OwnedFd; 3] = streams.try_into().map_err(|_| wrong())?;
    let mut stream = stream;
    let mut rest = [0; 3];
    stream.read_exact(&mut rest)?;
    let ([a], [b, c, d]) = (first, rest);
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).map_err(|_| wrong())?;
    if received.bytes != 1 || length > MAX_REQUEST {
        return Err(wrong());
    }
    let mut record = Zeroizing::new(vec![0; length]);
    stream.read_exact(&mut record)?;
    Ok((serde_json::from_slice(&record)?, streams))
}

/// The socket of a home that this process owns; gone when it is dropped.
pub(crate) struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        fs::remove_file(self.shared.home.join(SOCKET)).ok();
        for _ in 0..FAREWELL.0 {
            if self.shared.calls.load(Ordering::SeqCst) == 0 {
                break;
            }
            std::thread::sleep(FAREWELL.1);
        }
    }
}

impl Owner {
    /// Takes command lines for the home from now on, each on a thread of its own. The store must be open: only its one
    /// owner may put the socket there, and take away what a killed one left.
    pub(crate) fn listen(home: &Path, core: &Arc<Core>) -> Result<Owner, Failure> {
        let failed = |error: io::Error| Failure::output(&home.join(SOCKET), &error);
        let name = socket(home).map_err(failed)?;
        fs::remove_file(&name.path).ok();
        let listener = UnixListener::bind(&name.path).map_err(failed)?;
        fs::set_permissions(&name.path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let shared = Arc::new(Shared {
            home: home.to_owned(),
            core: Arc::downgrade(core),
            checking: Mutex::new(()),
            calls: AtomicUsize::new(0),
        });
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else {
                    // Out of descriptors, perhaps: they come back.
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                };
                let shared = Arc::clone(&accepting);
                if shared.calls.fetch_add(1, Ordering::SeqCst) >= MAX_CALLS {
                    shared.calls.fetch_sub(1, Ordering::SeqCst);
                    stream.write_all(&[BUSY]).ok();
                    continue;
                }
                std::thread::spawn(move || {
                    let _place = Place(&shared.calls);
                    // Whoever breaks off is told nothing.
                    shared.serve(&stream).ok();
                });
            }
        });
        Ok(Owner { shared })
    }
}

struct Shared {
    home: PathBuf,
    /// Not kept alive: a home that is given up must close.
    core: std::sync::Weak<Core>,
    /// One passphrase at a time: each takes 64 MiB.
    checking: Mutex<()>,
    calls: AtomicUsize,
}

/// One of the calls that may run at once.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    fn serve(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let (request, [input, output, errors]) = receive(stream)?;
        let mut answer = stream;
        if request.version != env!("CARGO_PKG_VERSION") {
            return answer.write_all(&[OTHER_VERSION]);
        }
        let Some(core) = self.core.upgrade() else { return Ok(()) };
        lend(Lent {
            input: input.into(),
            output: output.into(),
            errors: errors.into(),
            folder: PathBuf::from(std::ffi::OsStr::from_bytes(&request.folder)),
            core,
            has_failed: Cell::new(false),
        });
        let code = self.run(&request);
        // What was lent goes back before its owner hears that all is done.
        let was_written = give_back();
        answer.write_all(&[if was_written || code != 0 { code } else { 2 }])
    }

    fn run(&self, request: &Request) -> u8 {
        let arguments = request.arguments.iter().map(|argument| std::ffi::OsStr::from_bytes(argument));
        // The caller has read them already, by the same rules.
        let Ok(cli) = Cli::try_parse_from(arguments) else { return 2 };
        let json = cli.json;
        let checked = {
            let _one = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
            PassphraseVault::open(&self.home.join(VAULT_FILE), request.passphrase.as_bytes())
        };
        let done = checked.map_err(|error| Failure::Core(error.into())).and_then(|_| commands::run(cli));
        match done {
            Ok(()) => 0,
            Err(failure) => {
                failure.print(json);
                failure.exit_code()
            }
        }
    }
}
